//! `hansard edit S` without a verb: the text in an editor, a line an utterance; what is saved becomes
//! revisions.
//!
//! Promises: whatever goes wrong, what was typed is not lost: the file that was edited stays, and its name is
//! told. It lies in the session's folder, for the user alone.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::carry::correct;
use crate::base::text::count;
use crate::care::offline::Past;
use crate::care::sheet::{self, AsOf, Complaint, Wish, WishKind};
use crate::care::wishes::{self, Tally};
use crate::cli::console::print_result;
use crate::cli::text::quoted;
use crate::cli::{Exit, say, show, wrong_use};
use crate::session::reading::Session;

/// A day of talk has some 10 MB.
const PAGE_BYTES_MAX: u64 = 64 << 20;
/// Files that were left by editors that failed.
const FILES_MAX: u32 = 1_000;
/// What is taken where nobody named an editor.
const EDITORS: [&str; 3] = ["editor", "nano", "vi"];

/// How it is to be done.
pub(super) struct How<'a> {
    /// A page that was edited before, instead of an editor.
    pub(super) file: Option<&'a Path>,
    /// Only say what would be done.
    pub(super) dry_run: bool,
    pub(super) json: bool,
}

/// Lets the text of the session in `dir` be edited, and takes over what was.
pub(super) fn edit(dir: &Path, how: &How) -> anyhow::Result<(Exit, bool)> {
    let (page, path, base) = match how.file {
        Some(path) => {
            let page = read(path)?;
            let AsOf { lines, journal } = sheet::as_of(&page).ok_or_else(|| {
                wrong_use(format!(
                    "{} has lost the line that begins with \"# hansard edit\": hansard can't tell what you changed",
                    path.display()
                ))
            })?;
            (page, path.to_owned(), Session::open_as_of(dir, lines, journal).map_err(show::exit)?)
        }
        None => {
            let Some(edited) = in_editor(dir)? else {
                say("nothing was changed");
                return Ok((Exit::Well, false));
            };
            edited
        }
    };
    let now = Session::open(dir).map_err(show::exit)?;
    let read = sheet::read(&page, &base, &now);
    if read.wishes.is_empty() && read.complaints.is_empty() {
        let is_empty = page.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        say(if is_empty { "the page is empty: nothing was changed" } else { "nothing was changed" });
        clear(&path, how);
        return Ok((Exit::Well, false));
    }
    let planned = correct(dir, how.dry_run, |session, edited| {
        // Once more, now that the session is ours: somebody may have been quicker.
        let mut read = sheet::read(&page, &base, session);
        let planned = wishes::plan(session, &read.wishes, edited);
        read.complaints.extend(planned.complaints);
        Ok((planned.changes, (planned.tally, read.complaints, read.wishes)))
    });
    let kept = |_: &anyhow::Error| say(format_args!("what you wrote is kept in {}", path.display()));
    let (changes, (tally, complaints, wishes)) = planned.inspect_err(kept)?;
    tell(how, &tally, &complaints, &wishes, &now)?;
    let exit = if complaints.is_empty() { Exit::Well } else { Exit::Losses };
    if !complaints.is_empty() || how.dry_run {
        let (file, dir) = (quoted(&path), quoted(dir));
        say(format_args!(
            "what you wrote is kept in {file}; hansard edit {dir} --text {file} takes it up again"
        ));
    } else {
        clear(&path, how);
    }
    Ok((exit, !changes.is_empty() && !how.dry_run))
}

/// Says what was done, and what was not.
fn tell(
    how: &How,
    tally: &Tally,
    complaints: &[Complaint],
    wishes: &[Wish],
    before: &Session,
) -> anyhow::Result<()> {
    if how.json {
        let row = serde_json::json!({ "corrected": tally, "not": complaints, "dry_run": how.dry_run });
        print_result(serde_json::to_string(&row)?);
    } else {
        if how.dry_run {
            wishes.iter().flat_map(|wish| shown(wish, before)).for_each(print_result);
        }
        print_result(summary(tally, how.dry_run));
    }
    for Complaint { number, why } in complaints {
        match number {
            0 => say(format_args!("not done: {why}")),
            number => say(format_args!("line {number}: {why}")),
        }
    }
    Ok(())
}

/// `12 lines changed, 1 said by somebody else, 2 withheld`
pub(super) fn summary(tally: &Tally, dry_run: bool) -> String {
    let Tally { text, speakers, withheld, split, joined, others } = *tally;
    let parts = [
        (text, "with other words"),
        (speakers, "said by somebody else"),
        (withheld, "taken out (restore brings it back)"),
        (split, "made several"),
        (joined, "made of two"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let mut told: Vec<String> =
        parts.map(|(n, what)| format!("{} {what}", count(n as u64, "line"))).collect();
    if others > 0 {
        told.push(format!("{} (names, marks, title and the like)", count(others as u64, "other place")));
    }
    let would = if dry_run { "would be corrected: " } else { "" };
    if told.is_empty() { "nothing was changed".to_owned() } else { format!("{would}{}", told.join(", ")) }
}

/// A wish as a difference, for people.
fn shown(wish: &Wish, before: &Session) -> Vec<String> {
    let Some(line) = before.utterances.iter().find(|line| line.id == wish.id) else { return Vec::new() };
    let was =
        format!("- {}: {}", crate::base::text::name(&line.speaker), crate::base::text::clean(&line.text));
    let now = |speaker: &Option<String>, text: &str| {
        let name = crate::base::text::name(speaker.as_ref().unwrap_or(&line.speaker));
        format!("+ {name}: {text}")
    };
    let new: Vec<String> = match &wish.kind {
        WishKind::Withhold => Vec::new(),
        WishKind::Parts(parts) => parts.iter().map(|part| now(&part.speaker, &part.text)).collect(),
        WishKind::Join { speaker, text, .. } => vec![now(speaker, text)],
    };
    [vec![was], new].concat()
}

/// The page, and where it lies, once the editor was left; `None` where it is as it was. With what it was
/// written from.
fn in_editor(dir: &Path) -> anyhow::Result<Option<(String, PathBuf, Session)>> {
    let editor = editor()?;
    // First how long the journal is: the session has at least that.
    let journal = Past::read(dir).map_err(anyhow::Error::from)?.lines();
    let base = Session::open_as_of(dir, usize::MAX, journal).map_err(show::exit)?;
    if base.utterances.iter().all(|line| !line.is_shown()) {
        return Err(wrong_use("this session has no text to edit; hansard show tells why"));
    }
    let before = sheet::write(&base, AsOf { lines: base.history.len(), journal });
    let path = make(dir, &before)?;
    let kept = || format!("what is there is kept in {}", path.display());
    let status = run(&editor, &path).with_context(|| format!("can't start the editor {editor:?}"));
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            // Nobody has written anything.
            drop(fs::remove_file(&path));
            return Err(error);
        }
    };
    let after = read(&path)?;
    if !status.success() {
        if after == before {
            drop(fs::remove_file(&path));
            return Err(wrong_use(format!("the editor failed ({status}): nothing was changed")));
        }
        return Err(wrong_use(format!("the editor failed ({status}): nothing was changed; {}", kept())));
    }
    if after == before {
        drop(fs::remove_file(&path));
        return Ok(None);
    }
    Ok(Some((after, path, base)))
}

/// The user's editor, as a shell takes it.
fn editor() -> anyhow::Result<String> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    if let Some(editor) = named.into_iter().find(|editor| !editor.trim().is_empty()) {
        return Ok(editor);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let found = EDITORS.iter().find(|name| io::stdin().is_terminal() && is_there(name));
    found.map(|name| (*name).to_owned()).ok_or_else(|| {
        wrong_use("no editor is known: set VISUAL or EDITOR to one, or name a verb (hansard edit --help)")
    })
}

#[cfg(unix)]
fn run(editor: &str, path: &Path) -> io::Result<std::process::ExitStatus> {
    // As git does: what the variable says may have flags and quotes.
    Command::new("sh").arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(path).status()
}

#[cfg(not(unix))]
fn run(editor: &str, path: &Path) -> io::Result<std::process::ExitStatus> {
    let mut words = editor.split_whitespace();
    Command::new(words.next().unwrap_or_default()).args(words).arg(path).status()
}

/// Writes a page into the session's folder, under a name that nothing has.
fn make(dir: &Path, page: &str) -> anyhow::Result<PathBuf> {
    for n in 1..=FILES_MAX {
        let path = dir.join(if n == 1 { "edit.txt".to_owned() } else { format!("edit-{n}.txt") });
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(page.as_bytes()).with_context(|| format!("can't write {}", path.display()))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("can't write {}", path.display())),
        }
    }
    Err(wrong_use(format!("{} is full of pages that were edited: remove edit*.txt there", dir.display())))
}

fn read(path: &Path) -> anyhow::Result<String> {
    let unread = || format!("can't read {}", path.display());
    let mut bytes = Vec::new();
    fs::File::open(path)
        .with_context(unread)?
        .take(PAGE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .with_context(unread)?;
    String::from_utf8(bytes).map_err(|_| {
        wrong_use(format!("{} is not UTF-8: save it as that; it stays as it is", path.display()))
    })
}

/// The page is done with, if we made it.
fn clear(path: &Path, how: &How) {
    if how.file.is_none()
        && let Err(error) = fs::remove_file(path)
    {
        tracing::warn!(%error, path = %path.display(), "a page that was edited stays");
    }
}
