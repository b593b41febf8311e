//! `hansard rm S…`: sessions go to the trash, or for good; `rm --expired`: what is due by `[retention]`; and
//! what lies in the trash, for `list --trash` and `recover --trash`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::text::quoted;
use super::{Exit, say, show, wrong_use};
use crate::base::text::{clean, count, name};
use crate::care::trash::{self, TrashError, Trashed};
use crate::config::Config;
use crate::engine::retention::{self, Due, What};
use crate::export;
use crate::library;
use crate::session::amend;
use crate::session::disk::SystemDisk;
use crate::session::read::{read_manifest, resolve};
use crate::speakers::enrolled::{Enrolled, Person};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The sessions: a part of a name, a number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S", required_unless_present_any = ["expired", "trash"])]
    sessions: Vec<String>,
    /// Erase for good, at once, instead of moving to the trash; asks first
    #[arg(long, conflicts_with = "expired")]
    now: bool,
    /// Erase what lies in the trash for good: all of it, or those that are named; asks first
    #[arg(long, conflicts_with_all = ["now", "expired"])]
    trash: bool,
    /// Don't ask
    #[arg(long, conflicts_with = "expired")]
    yes: bool,
    /// Erase what is due by `[retention]` in your settings, as `record` does when it starts
    #[arg(long, conflicts_with = "sessions")]
    expired: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// As JSON: an object per removal, one a line
    #[arg(long)]
    json: bool,
}

/// A removal, as JSON.
#[derive(Serialize)]
struct Removed<'a> {
    session: &'a Path,
    title: String,
    bytes: u64,
    /// Where it lies now; `None` means that it is gone for good.
    trash: Option<&'a Path>,
    dry_run: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    if args.expired {
        return expired(args, config);
    }
    // All of them are found before the first one goes: numbers and `last` mean what they meant.
    let recordings = &config.paths.recordings;
    let mut dirs: Vec<PathBuf> = Vec::new();
    for session in &args.sessions {
        let dir = match args.trash {
            true => found(recordings, session)?.dir,
            false => resolve(recordings, session).map_err(show::exit)?,
        };
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    if args.trash && args.sessions.is_empty() {
        dirs = trash::list(recordings).map_err(exit)?.into_iter().map(|gone| gone.dir).collect();
        if dirs.is_empty() {
            say(format_args!("the trash of {} is empty", recordings.display()));
            return Ok(Exit::Well);
        }
    }
    let for_good = args.now || args.trash;
    if for_good && !args.dry_run && !args.yes && !agreed(&dirs)? {
        say("nothing was removed");
        return Ok(Exit::WrongUse);
    }
    for dir in &dirs {
        remove(dir, args, config)?;
    }
    Ok(Exit::Well)
}

fn remove(dir: &Path, args: &Args, config: &Config) -> anyhow::Result<()> {
    let (title, bytes) = (title(dir), retention::bytes_below(dir));
    let enrolled = enrolled_from(dir, config);
    let id = read_manifest(dir).map(|manifest| manifest.id).unwrap_or_default();
    let elsewhere = export::elsewhere(&config.paths.recordings, &id).there;
    let what = format!("{} ({}, {})", name(&title), dir.display(), size(bytes));
    let gone: Option<Trashed> = match (args.dry_run, args.now || args.trash) {
        (true, _) => None,
        (false, true) => trash::erase(dir, Timestamp::now()).map(|()| None).map_err(exit)?,
        (false, false) => trash::remove(dir, Timestamp::now()).map(Some).map_err(exit)?,
    };
    if !args.dry_run {
        forget_in_index(config, &[dir.to_owned()]);
        if gone.is_none() {
            export::forget_elsewhere(&SystemDisk, &config.paths.recordings, &id);
        }
        for name in enrolled {
            let name = clean(&name);
            say(format_args!(
                "the voice of {name}, taken from it, stays known until hansard voices forget {name:?}"
            ));
        }
    }
    if args.json {
        let trash = gone.as_ref().map(|gone| gone.dir.as_path());
        let removed = Removed { session: dir, title, bytes, trash, dry_run: args.dry_run };
        return Ok(print(&serde_json::to_string(&removed)?)?);
    }
    print(&match (&gone, args.dry_run) {
        (_, true) if args.now || args.trash => format!("would erase {what}"),
        (_, true) => format!("would move {what} to the trash"),
        (Some(gone), _) => {
            let id = gone.dir.file_name().map(Path::new).unwrap_or(&gone.dir);
            let back = if gone.dir.parent() == Some(&config.paths.recordings.join(trash::TRASH)) {
                format!("hansard recover --trash {}", quoted(Path::new(&gone.name)))
            } else {
                format!("hansard recover --trash {}", quoted(&gone.dir))
            };
            let kept = match config.retention.trash {
                0 => "until hansard rm --trash".to_owned(),
                days => format!("until {} (retention.trash)", until(gone.removed, days)),
            };
            format!("{what} is in the trash as {}, {kept}; {back} brings it back", id.display())
        }
        (None, _) => format!("erased {what}"),
    })?;
    if !elsewhere.is_empty() && !args.dry_run {
        let paths: Vec<String> = elsewhere.iter().map(|made| made.path.display().to_string()).collect();
        say(format_args!("exported from it, and left where it is: {}", paths.join(", ")));
    }
    Ok(())
}

/// Who is known by a voice that was taken from the session in `dir`.
fn enrolled_from(dir: &Path, config: &Config) -> Vec<String> {
    let Ok(manifest) = read_manifest(dir) else { return Vec::new() };
    let people = Enrolled::read(&config.paths.voices).map(|enrolled| enrolled.people).unwrap_or_default();
    let behind = format!(" of {}", manifest.id);
    let is_from = |person: &Person| person.recordings.iter().any(|from| from.source.ends_with(&behind));
    people.into_iter().filter(is_from).map(|person| person.name).collect()
}

/// Asks the person at the terminal whether all of it may go.
fn agreed(dirs: &[PathBuf]) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Err(wrong_use("this erases for good: say so with --yes, or move to the trash without --now"));
    }
    for dir in dirs {
        say(format_args!("{} ({}, {})", name(&title(dir)), dir.display(), size(retention::bytes_below(dir))));
    }
    eprint!("Erase this for good? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes"))
}

/// `rm --expired`.
fn expired(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    let due = retention::due(config, now).map_err(anyhow::Error::from)?;
    let mut failed = false;
    for due in &due {
        if !args.dry_run
            && let Err(error) = retention::carry_out(due, now)
        {
            say(format_args!("{}: {error}", due.path.display()));
            failed |= !error.is_in_use();
            continue;
        }
        if args.json {
            let mut row = serde_json::to_value(due)?;
            row["dry_run"] = args.dry_run.into();
            print(&row.to_string())?;
        } else {
            print(&told(due, args.dry_run))?;
        }
        due.left.iter().for_each(|file| say(left(file)));
    }
    if !args.dry_run {
        forget_texts(config, &due);
    }
    if due.is_empty() {
        say("nothing is due; hansard config show names the settings of retention");
    }
    Ok(if failed { Exit::Failed } else { Exit::Well })
}

/// What `record` does when it has begun: a line for each thing that is erased. Ends early once `stop` is set.
pub(super) fn apply_retention(config: &Config, stop: &AtomicBool) {
    let now = Timestamp::now();
    let due = match retention::due(config, now) {
        Ok(due) => due,
        Err(error) => return tracing::info!(%error, "what is due can't be looked for"),
    };
    for due in due.iter().take_while(|_| !stop.load(Ordering::Acquire)) {
        match retention::carry_out(due, now) {
            Ok(()) => {
                say(told(due, false));
                due.left.iter().for_each(|file| say(left(file)));
            }
            Err(error) if error.is_in_use() => {}
            Err(error) => say(format_args!("{}: {error}", due.path.display())),
        }
    }
    forget_texts(config, &due);
}

/// The sessions among these whose text was to go are forgotten by the search.
fn forget_texts(config: &Config, due: &[Due]) {
    let texts = due.iter().filter(|due| due.what == What::Text).map(|due| due.path.clone());
    let texts: Vec<PathBuf> = texts.collect();
    if !texts.is_empty() {
        forget_in_index(config, &texts);
    }
}

/// `erased the sound of Weekly (2026-…): 3 files, 345 MB (retention.sound = 30)`
fn told(due: &Due, dry_run: bool) -> String {
    let verb = if dry_run { "would erase" } else { "erased" };
    let what = match due.what {
        What::Index => "the index of the search".to_owned(),
        What::Trash => format!("{} in the trash ({})", name(&due.title), due.path.display()),
        part => format!("the {} of {} ({})", part.name(), name(&due.title), due.path.display()),
    };
    let files = count(due.files.len() as u64, if due.what == What::Trash { "session" } else { "file" });
    let text = if due.is_untexted { "; its text was never made to its end" } else { "" };
    let (bytes, key) = (size(due.bytes), due.what.name());
    format!("{verb} {what}: {files}, {bytes} (retention.{key} = {}){text}", due.days)
}

fn left(file: &Path) -> String {
    format!("{} was changed by hand and stays", file.display())
}

/// `list --trash`.
pub(super) fn list_trash(recordings: &Path, days: u32, json: bool) -> anyhow::Result<Exit> {
    let all = trash::list(recordings).map_err(exit)?;
    if json {
        let rows: Vec<serde_json::Value> = all.iter().map(row).collect();
        print(&serde_json::to_string_pretty(&rows)?)?;
        return Ok(Exit::Well);
    }
    if all.is_empty() {
        say(format_args!("the trash of {} is empty", recordings.display()));
    }
    for gone in &all {
        let removed = gone.removed.to_zoned(TimeZone::system());
        let kept =
            if days > 0 { format!(", kept until {}", until(gone.removed, days)) } else { String::new() };
        print(&format!("removed {}{kept}  {}", removed.strftime("%Y-%m-%d %H:%M"), name(&gone.title)))?;
        print(&format!("    {}", clean(&gone.name)))?;
    }
    Ok(Exit::Well)
}

/// `recover --trash [S]`.
pub(super) fn bring_back(
    recordings: &Path,
    session: Option<&str>,
    days: u32,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<Exit> {
    let Some(session) = session else { return list_trash(recordings, days, json) };
    let trashed = found(recordings, session)?;
    let home = trashed.dir.parent().and_then(Path::parent).unwrap_or(recordings);
    let dir =
        if dry_run { home.join(&trashed.name) } else { trash::bring_back(&trashed, home).map_err(exit)? };
    if json {
        let row = serde_json::json!({ "session": dir, "title": trashed.title, "dry_run": dry_run });
        print(&row.to_string())?;
    } else {
        let would = if dry_run { "would be" } else { "is" };
        print(&format!("{} {would} back: {}", name(&trashed.title), dir.display()))?;
    }
    Ok(Exit::Well)
}

/// The session in the trash that is meant by a path, `last` (removed last), its name, or a part of that or
/// of its title.
fn found(recordings: &Path, asked: &str) -> anyhow::Result<Trashed> {
    let path = Path::new(asked);
    let (folder, asked) = match path.parent().filter(|_| asked.contains('/')) {
        Some(folder) if folder.file_name().is_some_and(|name| name == trash::TRASH) => {
            let recordings = folder.parent().unwrap_or(recordings);
            (recordings, path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
        _ => (recordings, asked.to_owned()),
    };
    let all = trash::list(folder).map_err(exit)?;
    if asked == "last"
        && let Some(last) = all.last()
    {
        return Ok(last.clone());
    }
    let part = asked.to_lowercase();
    let folder_of = |gone: &Trashed| gone.dir.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_named = |gone: &&Trashed| gone.name == asked || folder_of(gone).as_deref() == Some(&*asked);
    let has = |gone: &&Trashed| {
        folder_of(gone).is_some_and(|name| name.to_lowercase().contains(&part))
            || gone.title.to_lowercase().contains(&part)
    };
    let named: Vec<&Trashed> = all.iter().filter(is_named).collect();
    let meant = if named.is_empty() { all.iter().filter(has).collect() } else { named };
    match meant[..] {
        [one] => Ok(one.clone()),
        [] => Err(wrong_use(format!(
            "there is no session {asked:?} in the trash of {}; `hansard list --trash` shows what there is",
            folder.display()
        ))),
        _ => {
            let names: Vec<String> = meant.into_iter().filter_map(folder_of).collect();
            Err(wrong_use(format!("several are meant by {asked:?}: {}; give more of one", names.join(", "))))
        }
    }
}

fn row(gone: &Trashed) -> serde_json::Value {
    serde_json::json!({
        "name": gone.name, "title": gone.title, "removed": gone.removed, "path": gone.dir,
        "bytes": retention::bytes_below(&gone.dir),
    })
}

/// The day until which something is kept.
fn until(since: Timestamp, days: u32) -> String {
    let until = since.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(since);
    until.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string()
}

/// The title that counts.
fn title(dir: &Path) -> String {
    amend::title(dir).or_else(|| Some(read_manifest(dir).ok()?.title)).unwrap_or_default()
}

/// `345 MB`, `12 kB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", (bytes + 500_000) / 1_000_000),
    }
}

/// The search's index holds what was said: what was of these sessions goes. A search notices it by itself,
/// too.
pub(super) fn forget_in_index(config: &Config, sessions: &[PathBuf]) {
    if let Err(error) = library::forget(&config.paths.recordings, config.cache(), sessions) {
        say(error);
    }
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Wrong input is 1, a failing machine 3.
fn exit(error: TrashError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}
