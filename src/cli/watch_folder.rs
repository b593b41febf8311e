//! `hansard watch-folder DIR`: makes minutes of each sound file that arrives in a folder, once.
//!
//! A file is taken when it has stopped changing. What was done is remembered by name and content (`state`),
//! so restarts and kills cost nothing but the file that was being worked on: its text is gone on with, and a
//! session whose sound was not read in to its end is made anew. A file that fails stops no other; it is tried
//! again when it changes. Nothing in the folder is moved, changed or removed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::console::say;
use super::signals::Signals;
use super::transcribe::each::{Account, tell};
use super::transcribe::{Labels, Made, Stage, TextArgs, Wanted, go_on, is_wrong_use, transcribe_files};
use super::{Exit, wrong_use};
use crate::audio::decode::{DecodeError, SoundFile};
use crate::config::Config;
use crate::engine::spec::SourceSpec;
use crate::session::lock::SessionLock;
use crate::session::manifest::State as SessionState;
use crate::session::read::read_manifest;

mod arrivals;
mod state;

use arrivals::{Arrivals, Found};
use state::{State, What};

/// Ends of the names of files that people take for sound: that such a one can't be read is a failure, while
/// any other file that is no sound is none of our business.
const SOUND: [&str; 28] = [
    "wav", "wave", "w64", "rf64", "bwf", "flac", "mp3", "mp2", "ogg", "oga", "opus", "m4a", "m4b", "mp4",
    "aac", "webm", "mkv", "mka", "mov", "aiff", "aif", "caf", "amr", "wma", "3gp", "avi", "spx", "alac",
];

/// Arguments of `watch-folder`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder in which sound files arrive; folders in it are not looked at
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Do what is there, and end: for scripts, timers and systemd path units
    #[arg(long)]
    once: bool,
    /// Seconds between two looks; a file that has not changed from one to the next has arrived
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    every: f64,
    /// Folder of the recordings
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    text: TextArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=3_600.0).contains(&number) { Ok(number) } else { Err("not within 0.1 and 3600".into()) }
}

pub(super) fn run(args: &Args, config: Config) -> anyhow::Result<Exit> {
    // What is remembered holds from any working folder.
    let out =
        args.out.as_deref().map(std::path::absolute).transpose().context("the working folder is gone")?;
    let wanted = args.text.read_for_each(config)?.within(out.as_deref());
    let folder = checked(&args.folder, &wanted.config.paths.recordings)?;
    let state = State::open(&wanted.config.paths.recordings, &folder)?;
    let stop = Signals::new().context("can't take signals over")?;
    let mut watch =
        Watch { folder, wanted, state, stop, stopped: None, account: Account::default(), tried: Vec::new() };
    say(format_args!(
        "watching {}{}",
        watch.folder.display(),
        if args.once { ", once" } else { "; Ctrl-C ends it" }
    ));
    watch.watch(args.once, Duration::from_secs_f64(args.every))?;
    let is_cut_short = args.once && watch.stopped.is_some();
    let exit = watch.end();
    Ok(if is_cut_short { Exit::Failed } else { exit })
}

/// The folder's real path; not one in which our own sessions lie.
fn checked(folder: &Path, recordings: &Path) -> anyhow::Result<PathBuf> {
    let real = folder.canonicalize().map_err(|error| wrong_use(format!("{}: {error}", folder.display())))?;
    if !real.is_dir() {
        return Err(wrong_use(format!("{} is not a folder", folder.display())));
    }
    let inside = recordings.canonicalize().is_ok_and(|recordings| real.starts_with(recordings));
    if inside {
        return Err(wrong_use(format!(
            "{} is where the recordings lie: watch another folder, or name another one for them with --out",
            folder.display()
        )));
    }
    Ok(real)
}

struct Watch {
    folder: PathBuf,
    wanted: Wanted,
    state: State,
    stop: Signals,
    /// The signal that ends it.
    stopped: Option<String>,
    account: Account,
    /// Files at which the machine failed: within this run they are not tried again.
    tried: Vec<Found>,
}

impl Watch {
    fn watch(&mut self, once: bool, every: Duration) -> anyhow::Result<()> {
        let (mut arrivals, mut looks, mut unseen) = (Arrivals::default(), 0, false);
        loop {
            match arrivals.look(&self.folder) {
                Ok(look) => {
                    unseen = false;
                    looks += 1;
                    for found in look.arrived {
                        self.take(&found)?;
                        if self.has_stopped() {
                            return Ok(());
                        }
                    }
                    // Looked at twice, a file that still grows is not waited for.
                    if once && (look.growing.is_empty() || looks > 1) {
                        for found in look.growing {
                            say(format_args!("{} still grows, or is empty: not done yet", found.name()));
                        }
                        return Ok(());
                    }
                }
                Err(error) if once => {
                    return Err(error).with_context(|| format!("can't look into {}", self.folder.display()));
                }
                // A network folder comes back.
                Err(error) if !unseen => {
                    unseen = true;
                    say(format_args!("can't look into {}: {error}; trying on", self.folder.display()));
                }
                Err(_) => {}
            }
            if let Some(signal) = self.stop.wait(every) {
                self.stopped = Some(signal.to_owned());
                return Ok(());
            }
        }
    }

    fn has_stopped(&mut self) -> bool {
        if self.stopped.is_none() {
            self.stopped = self.stop.seen().map(str::to_owned);
        }
        self.stopped.is_some()
    }

    /// Does what there is to do with a file that has arrived. An error is one of our own books.
    fn take(&mut self, found: &Found) -> anyhow::Result<()> {
        let over = |what: &What| matches!(what, What::Done { .. } | What::Failed { .. } | What::PassedOver);
        if self.tried.contains(found) || self.state.known(found).is_some_and(|line| over(&line.what)) {
            return Ok(());
        }
        let Self { stop, stopped, .. } = self;
        let ended = || {
            *stopped = stop.seen().map(str::to_owned);
            stopped.is_some()
        };
        let sha256 = match state::sha256(&found.path, ended) {
            Ok(Some(sha256)) => sha256,
            Ok(None) => return Ok(()),
            // It is gone again, or nobody may read it: the next look tells.
            Err(error) => {
                tracing::warn!(path = %found.path.display(), %error, "can't be read");
                return Ok(());
            }
        };
        // Touched, but not changed.
        let last = self.state.of_content(found, &sha256).map(|line| line.what.clone());
        if let Some(what) = last.clone().filter(over) {
            return self.state.write(found, &sha256, what);
        }
        if let Some((name, session)) = self.state.done_as(&sha256).cloned() {
            let own = found.name();
            say(format_args!("{own} holds the same as {name}: its minutes are in {}", session.display()));
            return self.state.write(found, &sha256, What::Done { session });
        }
        if is_no_sound(&found.path) {
            say(format_args!("{} is no sound file: passed over", found.name()));
            return self.state.write(found, &sha256, What::PassedOver);
        }
        self.make(found, &sha256, last)
    }

    /// Makes the minutes, or goes on with them.
    fn make(&mut self, found: &Found, sha256: &str, last: Option<What>) -> anyhow::Result<()> {
        say(found.path.display());
        let made = match last {
            Some(What::ReadIn { session }) if read_manifest(&session).is_ok() => {
                say(format_args!("going on with {}", session.display()));
                go_on(&session, &self.wanted)
            }
            Some(What::Begun { session }) => {
                remove_half_made(&session, &self.wanted.config.paths.recordings);
                self.read_in(found, sha256)?
            }
            _ => self.read_in(found, sha256)?,
        };
        tell(&found.path, &made, self.wanted.json());
        let stopped = self.has_stopped();
        match &made {
            // Interrupted: the next start goes on with it.
            Ok(made) if stopped && made.exit == Exit::Failed => return Ok(()),
            Ok(made) if made.exit != Exit::Failed => {
                let what = What::Done { session: made.dir.clone() };
                let changed = Found::at(&found.path).is_ok_and(|now| now != *found);
                if changed {
                    // It is another file now: the next look finds it, and nothing is known of it.
                    say(format_args!("{} has changed meanwhile: it will be done again", found.name()));
                }
                self.state.write(found, sha256, what)?;
            }
            // The file's own fault, and not that of the folder of the recordings, or of the settings.
            Err(error) if is_wrong_use(error) && SoundFile::open(&found.path).is_err() => {
                let error = format!("{error:#}");
                self.state.write(found, sha256, What::Failed { error })?;
            }
            // The machine failed, not the file: the next start tries it again, and goes on where it can.
            Ok(_) | Err(_) => self.tried.push(found.clone()),
        }
        self.account.add(&found.path, &made);
        Ok(())
    }

    /// Makes a session of a file. The outer error is one of our own books.
    fn read_in(&mut self, found: &Found, sha256: &str) -> anyhow::Result<anyhow::Result<Made>> {
        let (state, mut kept) = (&mut self.state, Ok(()));
        let mut told = |stage: Stage<'_>| {
            let what = match stage {
                Stage::Begun(dir) => What::Begun { session: dir.into() },
                Stage::ReadIn(dir) => What::ReadIn { session: dir.into() },
            };
            if kept.is_ok() {
                kept = state.write(found, sha256, what);
            }
        };
        let spec = SourceSpec::of_file(&found.path);
        let made = transcribe_files(vec![spec], &Labels::default(), &self.wanted, &mut told);
        kept.map(|()| made)
    }

    fn end(self) -> Exit {
        if let Some(signal) = &self.stopped {
            say(format_args!("{signal}: no longer watching {}", self.folder.display()));
        }
        let before: Vec<_> = self.state.failed().filter(|(name, _)| !self.account.has_failed(name)).collect();
        for (name, error) in before {
            say(format_args!("failed before, and has not changed since: {name}: {error}"));
        }
        self.account.end(self.wanted.json())
    }
}

/// Whether it neither is called like sound nor is any.
fn is_no_sound(path: &Path) -> bool {
    let end = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    !SOUND.contains(&end.as_str()) && matches!(SoundFile::open(path), Err(DecodeError::Unknown { .. }))
}

/// Removes a session that was being made of a file when its maker died: the file is there, and is read anew.
/// One that somebody works on, that is more than half made, or that lies elsewhere, stays.
fn remove_half_made(session: &Path, recordings: &Path) {
    let parent = session.parent().and_then(|parent| parent.canonicalize().ok());
    if parent.is_none() || parent != recordings.canonicalize().ok() {
        return;
    }
    let half_made = read_manifest(session).is_ok_and(|manifest| manifest.state == SessionState::Recording);
    if !half_made || SessionLock::is_held(session) {
        return;
    }
    match std::fs::remove_dir_all(session) {
        Ok(()) => say(format_args!("{} was half made, and is made anew", session.display())),
        Err(error) => say(format_args!("{} is half made, and can't be removed: {error}", session.display())),
    }
}
