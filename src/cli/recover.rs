//! `hansard recover [S]`: mends sessions whose recorder died; and the same beside a recording.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde::Serialize;

use super::{Exit, rm, say, show, wrong_use};
use crate::base::text::{clean, length};
use crate::care::recover::{RecoverError, Recovered, is_dirty, recover};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::export::account;
use crate::session::disk::SystemDisk;
use crate::session::lock::{LockError, SessionLock};
use crate::session::read::{ReadError, resolve};

/// How much nicer than the recorder the mending beside it is (0 to 19): it gets what nobody else wants.
#[cfg(target_os = "linux")]
const NICE: i32 = 19;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path [default: all
    /// unfinished ones that are not in use]
    #[arg(value_name = "S")]
    session: Option<String>,
    /// Bring a session back from the trash; without S list what lies there
    #[arg(long)]
    trash: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// As JSON: an object per session, one a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    recovered: &'a Recovered,
    dry_run: bool,
    exit: u8,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let recordings = &config.paths.recordings;
    if args.trash {
        let (session, days) = (args.session.as_deref(), config.retention.trash);
        return rm::bring_back(recordings, session, days, args.dry_run, args.json);
    }
    if let Some(session) = &args.session {
        let dir = resolve(recordings, session).map_err(show::exit)?;
        return mend(&dir, args).map_err(exit);
    }
    let (dirty, in_use) = dirty_sessions(recordings).map_err(show::exit)?;
    for dir in in_use {
        say(format_args!("{} is in use and left alone", dir.display()));
    }
    if dirty.is_empty() {
        say(format_args!("nothing to mend in {}", recordings.display()));
    }
    let (mut worst, mut failed) = (Exit::Well, false);
    for dir in dirty {
        match mend(&dir, args) {
            Ok(exit) => worst = worse(worst, exit),
            // The process that took it meanwhile looks after it.
            Err(RecoverError::Lock(LockError::InUse(name))) => {
                say(format_args!("{name} is in use and left alone"))
            }
            Err(error) => {
                say(&error);
                failed = true;
            }
        }
    }
    Ok(if failed { Exit::Failed } else { worst })
}

fn worse(a: Exit, b: Exit) -> Exit {
    if a as u8 >= b as u8 { a } else { b }
}

/// Wrong input is 1, a failing machine 3.
fn exit(error: RecoverError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

fn mend(dir: &Path, args: &Args) -> Result<Exit, RecoverError> {
    let recovered = recover(&SystemDisk, &SystemClock, dir, args.dry_run)?;
    let exit = match (&recovered.damage, recovered.has_losses()) {
        (Some(_), _) => Exit::Failed,
        (None, true) => Exit::Losses,
        (None, false) => Exit::Well,
    };
    let told = if args.json {
        let json = Json { recovered: &recovered, dry_run: args.dry_run, exit: exit as u8 };
        serde_json::to_string(&json).map_err(io::Error::from)
    } else {
        Ok(text(&recovered, args.dry_run))
    };
    // The session is mended by now; that nobody reads about it is not a failure.
    if let Err(error) = told.and_then(|text| writeln!(io::stdout(), "{}", text.trim_end())) {
        tracing::debug!(%error, "what was mended can't be told");
    }
    Ok(exit)
}

/// What was mended, for people.
fn text(recovered: &Recovered, dry_run: bool) -> String {
    let dir = recovered.session.display();
    let mut lines = vec![match (recovered.changed, dry_run, &recovered.damage) {
        (_, _, Some(_)) => format!("{dir}: could not be mended"),
        (false, ..) => format!("{dir}: nothing to mend"),
        (true, true, None) => format!("{dir}: would be mended"),
        (true, false, None) => format!("{dir}: mended"),
    }];
    let rates = recovered.manifest.as_ref().map(|manifest| manifest.takes.as_slice()).unwrap_or_default();
    for take in &recovered.takes {
        let Some(entry) = rates.iter().find(|entry| entry.track == take.track && entry.take == take.take)
        else {
            continue;
        };
        let seconds = |frames: crate::base::units::Frames| length(frames.seconds(entry.rate));
        lines.push(format!(
            "  {}: {} in all, {} of them found after the last commit",
            clean(&entry.file),
            seconds(take.committed + take.found),
            seconds(take.found)
        ));
    }
    let accounts = recovered.manifest.as_ref().map(account::lines).unwrap_or_default();
    for line in accounts {
        for clause in line.losses.iter().chain(&line.absences) {
            lines.push(format!("  {}: {clause}", line.name));
        }
    }
    let clauses = recovered.losses.iter().chain(&recovered.damage).chain(&recovered.notes);
    lines.extend(clauses.map(|clause| format!("  {}", clean(clause))));
    if !recovered.takes.is_empty() {
        lines.push("  What the recorder had in hand when it died is missing: up to 0.2 s at the end.".into());
    }
    lines.join("\n")
}

/// Sessions in a folder that were not finished in order: those that nobody has, and those that are in use.
fn dirty_sessions(recordings: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), ReadError> {
    let entries = match std::fs::read_dir(recordings) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        Err(source) => return Err(ReadError::Io { path: recordings.into(), source }),
    };
    let mut dirs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    dirs.retain(|dir| dir.is_dir() && !dir.is_symlink() && is_dirty(dir));
    dirs.sort();
    Ok(dirs.into_iter().partition(|dir| !SessionLock::is_held(dir)))
}

/// The mending beside a recording. Dropped, it ends after the session that it is at; what it leaves, the next
/// one does.
pub(super) struct Mending {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Mending {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that mends panicked");
        }
    }
}

/// Mends what is dirty and not in use, beside a recording that has begun: on a thread of its own that gets
/// only the time that nobody else wants. Then erases what is due by the user's settings. Says a line for
/// each.
pub(super) fn mend_beside(config: &Config) -> Mending {
    let (config, stop) = (config.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new().name("mend".into()).spawn(move || {
        give_way();
        let sessions = match dirty_sessions(&config.paths.recordings) {
            Ok((dirty, _)) => dirty,
            Err(error) => {
                tracing::info!(%error, "sessions to mend can't be looked for");
                return;
            }
        };
        for dir in sessions.iter().take_while(|_| !stopped.load(Ordering::Acquire)) {
            match recover(&SystemDisk, &SystemClock, dir, false) {
                Ok(recovered) => say(outcome(&recovered)),
                Err(RecoverError::Lock(LockError::InUse(_))) => {}
                Err(error) => say(error),
            }
        }
        rm::apply_retention(&config, &stopped);
    });
    // Without the thread nothing is mended this time: no reason not to record.
    let thread =
        thread.inspect_err(|error| tracing::info!(%error, "nothing is mended beside this recording"));
    Mending { stop, thread: thread.ok() }
}

/// One line about a session that was mended in passing.
fn outcome(recovered: &Recovered) -> String {
    let dir = recovered.session.display();
    match (&recovered.damage, recovered.has_losses()) {
        (Some(damage), _) => format!("{dir} can't be mended: {damage}"),
        (None, true) => format!("mended {dir}, whose recorder had died; hansard verify names its losses"),
        (None, false) => format!("mended {dir}, whose recorder had died"),
    }
}

/// This thread comes after everybody else.
fn give_way() {
    // On Linux this is the calling thread's own.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        // Without it the mending is merely less polite.
        tracing::debug!(%error, "the thread that mends has no lower priority");
    }
}
