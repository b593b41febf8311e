//! Exports that lie in a session are brought up to date when it was corrected: each as it was made, by
//! what is remembered of the command. What a person changed, and what nobody can make the same way again,
//! is named; so is what was exported to other places, which is written again only where that is asked for.

use std::path::Path;

use clap::Parser as _;

use super::beside::PageSound;
use super::{asked, beside, exit, files, options, selection};
use crate::cli::console::print_result;
use crate::cli::{Cli, Exit, Verb, say};
use crate::config::Config;
use crate::export::html::Sound;
use crate::export::save::Target;
use crate::export::turns::Meeting;
use crate::export::{self, Elsewhere, ExportError, Format, Made, Options};
use crate::session::disk::SystemDisk;
use crate::session::read::read_manifest;
use crate::session::reading::Session;

/// How the names of sound files end.
const SOUND: [&str; 4] = ["flac", "wav", "opus", "ogg"];

/// Brings all exports in the session's folder up to date; `sound` says that what is to be heard has changed,
/// too. Says what was not.
pub(in crate::cli) fn renew(dir: &Path, config: &Config, sound: bool) {
    let mut stale: Vec<String> = Vec::new();
    let minutes = Format::Md.file_name();
    let made = export::made_how(dir);
    let has_minutes_of_its_own = made.iter().any(|made| made.how.is_some() && made.path.ends_with(minutes));
    if dir.join(minutes).exists() && !has_minutes_of_its_own {
        let (pause, language) = (config.minutes.paragraph_pause_s, config.export.language_in_force());
        if let Err(error) = export::write_minutes(&SystemDisk, dir, pause, language) {
            say(format_args!("the minutes were not written again: {error}"));
        }
    }
    for made in made.iter().filter(|made| has_minutes_of_its_own || !made.path.ends_with(minutes)) {
        let name = made.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_sound(&made.path) {
            stale.extend(sound.then(|| format!("{name} (its sound is as it was)")));
            continue;
        }
        match (made.untouched, &made.how) {
            (false, _) => stale.push(format!("{name} (changed by hand)")),
            (true, None) => stale.push(name),
            // That takes as long as it took to make it: somebody must want it.
            (true, Some(how)) if has_sound_inside(how) => stale.push(format!("{name} (its sound is inside)")),
            (true, Some(how)) => {
                let at = name_in(dir, &made.path);
                if let Err(error) = at.and_then(|target| one(dir, config, (made, target), how, false)) {
                    stale.push(format!("{name} ({error})"));
                }
            }
        }
    }
    let session = crate::cli::text::quoted(dir);
    if !stale.is_empty() {
        say(format_args!(
            "not brought up to date: {}; hansard export {session} makes an export anew",
            stale.join(", ")
        ));
    }
    tell_elsewhere(dir, config, sound);
}

/// Names what was exported to other places before the correction. It is never written over unasked: it may
/// have been sent, signed, or be somebody else's by now.
fn tell_elsewhere(dir: &Path, config: &Config, sound: bool) {
    let Ok(manifest) = read_manifest(dir) else { return };
    let recordings = &config.paths.recordings;
    let Elsewhere { there, gone } = export::elsewhere(recordings, &manifest.id);
    let stale = there.iter().filter(|made| sound || !is_sound(&made.path)).map(|made| {
        let by_hand = if made.untouched { "" } else { " (changed by hand since)" };
        format!("{}{by_hand}", made.path.display())
    });
    let stale: Vec<String> = stale.collect();
    if !stale.is_empty() {
        let session = crate::cli::text::quoted(dir);
        say(format_args!(
            "written before this correction: {}; hansard export {session} --renew writes them again",
            stale.join(", ")
        ));
    }
    if !gone.is_empty() {
        let gone = gone.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        say(format_args!(
            "not there any more: {gone}; wherever copies are, they are as before this correction"
        ));
        export::forget_gone(&SystemDisk, recordings, &manifest.id);
    }
}

/// `hansard export S --renew`: all exports of the session, wherever they lie, are written again as they were
/// made. What was not is named, and the exit code says so.
pub(super) fn renew_all(dir: &Path, config: &Config, force: bool) -> anyhow::Result<Exit> {
    let session = Session::open(dir)?;
    let recordings = &config.paths.recordings;
    let Elsewhere { there, gone } = export::elsewhere(recordings, &session.manifest.id);
    let mut left: Vec<String> = Vec::new();
    let mut count = 0;
    let own = export::made_how(dir).into_iter().map(|made| (name_in(dir, &made.path), made));
    let others =
        there.into_iter().map(|made| (Target::at(&made.path, recordings, &session).map_err(exit), made));
    for (target, made) in own.chain(others) {
        count += 1;
        let path = made.path.display();
        match (made.untouched || force, &made.how) {
            (false, _) => left.push(format!("{path}: changed by hand; --force replaces it")),
            (true, None) if made.path == dir.join(Format::Md.file_name()) => {
                let (pause, language) = (config.minutes.paragraph_pause_s, config.export.language_in_force());
                let written = export::write_minutes(&SystemDisk, dir, pause, language).map_err(exit)?;
                print_result(written.display());
            }
            (true, None) => left.push(format!("{path}: how it was made is not known; export it again")),
            (true, Some(how)) => {
                match target.and_then(|target| one(dir, config, (&made, target), how, force)) {
                    Ok(()) => print_result(path),
                    Err(error) => left.push(format!("{path}: {error}")),
                }
            }
        }
    }
    left.extend(gone.iter().map(|path| format!("{}: not there any more", path.display())));
    export::forget_gone(&SystemDisk, recordings, &session.manifest.id);
    if count == 0 && left.is_empty() {
        say("nothing was exported of this session yet");
    }
    left.iter().for_each(say);
    Ok(if left.is_empty() { Exit::Well } else { Exit::WrongUse })
}

fn is_sound(file: &Path) -> bool {
    file.extension().is_some_and(|end| SOUND.iter().any(|sound| end == *sound))
}

/// Whether a command made a page with its sound inside.
fn has_sound_inside(how: &[String]) -> bool {
    how.first().is_some_and(|format| format == Format::Html.name())
        && how.iter().any(|word| word == "--single-file")
}

/// The target of a file in the session's folder.
fn name_in(dir: &Path, path: &Path) -> anyhow::Result<Target> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(|name| Target::in_session(dir, name)).ok_or_else(|| anyhow::anyhow!("its name is not UTF-8"))
}

/// One export, as the command made it; with `force` also over what was changed by hand.
fn one(
    dir: &Path,
    config: &Config,
    (made, target): (&Made, Target),
    how: &[String],
    force: bool,
) -> anyhow::Result<()> {
    let unknown = || anyhow::anyhow!("how it was made is not known any more");
    let (format, command) = how.split_first().ok_or_else(unknown)?;
    let format = Format::ALL.into_iter().find(|known| known.name() == format).ok_or_else(unknown)?;
    let Ok(Cli { verb: Some(Verb::Export(args)), .. }) = Cli::try_parse_from(command) else {
        return Err(unknown());
    };
    let mut config = config.clone();
    if let Some(language) = &args.document_language {
        config.set("export.language", language, "--document-language")?;
    }
    let options = options(&args, &asked(&args.format))?;
    let session = Session::open(dir)?;
    let selection = selection(&args, &session)?;
    let mut meeting = Meeting::select(&session, config.minutes.paragraph_pause_s, &selection)
        .in_language(config.export.language_in_force());
    if format.tells_files(&options) {
        meeting = meeting.with_files(files(&session));
    }
    if args.single_file && format == Format::Html {
        let inside = PageSound::inside(&session, &selection)?;
        let options = Options { sound: inside.as_ref().map(PageSound::told), ..options };
        let page = format.render(&meeting, &options).map_err(exit)?;
        let checked = if force { target.check_place() } else { target.check_unmade() };
        checked.map_err(exit)?;
        return match inside {
            Some(PageSound::Inside(mix)) => beside::write_single(page, mix, target, how.to_vec()).map(drop),
            _ => Ok(target.write_as(&SystemDisk, &page, how.to_vec()).map(drop)?),
        };
    }
    // The sound beside a page is the session's, whatever is corrected.
    let beside = made.path.with_extension("flac");
    let beside = beside.file_name().and_then(|name| name.to_str()).filter(|_| beside.is_file());
    let beside = beside.filter(|_| !args.no_sound && !selection.is_part());
    let sound = beside.zip(beside::seconds(&session)).map(|(name, seconds)| Sound::Beside { name, seconds });
    let options = Options { sound, ..options };
    let bytes = format.render(&meeting, &options).map_err(exit)?;
    let checked = if force { target.check_place() } else { target.check(&bytes) };
    checked.map_err(exit)?;
    target.write_as(&SystemDisk, &bytes, how.to_vec()).map(drop).map_err(|error: ExportError| error.into())
}
