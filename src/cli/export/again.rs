//! Exports that lie in a session are brought up to date when it was corrected: each as it was made, by
//! what is remembered of the command. What a person changed, and what nobody can make the same way again,
//! is named; so is what was exported to other places, which is written again only where that is asked for.
//! The page and the API go by the same rule: see [`Renewer`].

use std::path::{Path, PathBuf};

use clap::Parser as _;

use super::beside::PageSound;
use super::{asked, beside, exit, files, options, selection};
use crate::cli::console::print_result;
use crate::cli::{Cli, Exit, Verb, say};
use crate::config::Config;
use crate::export::behind::{Exports, Why, has_sound_inside, told};
use crate::export::evidence::track_files;
use crate::export::html::Sound;
use crate::export::save::Target;
use crate::export::turns::Meeting;
use crate::export::{self, Elsewhere, ExportError, Format, Made, Options};
use crate::serve::Renew;
use crate::session::disk::SystemDisk;
use crate::session::read::read_manifest;
use crate::session::reading::Session;

/// Brings all exports in the session's folder up to date; `sound` says that what is to be heard has changed,
/// too. Says what was not.
pub(in crate::cli) fn renew(dir: &Path, config: &Config, sound: bool) {
    let Ok(manifest) = read_manifest(dir) else { return };
    let exports = Exports { dir, recordings: &config.paths.recordings, id: &manifest.id };
    exports.corrected(&SystemDisk, sound);
    if let Some(why) = minutes(&exports, config, Manner::AFTER_A_COMMAND) {
        say(why);
    }
    let gone = others(&exports, config, Manner::AFTER_A_COMMAND);
    let minutes = dir.join(Format::Md.file_name());
    let behind: Vec<_> = exports.behind().into_iter().filter(|one| one.path != minutes).collect();
    told(&behind, &crate::cli::text::quoted(dir)).iter().for_each(say);
    if !gone.is_empty() {
        let gone = gone.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        say(format_args!(
            "not there any more: {gone}; wherever copies are, they are as before this correction"
        ));
        export::forget_gone(&SystemDisk, exports.recordings, exports.id);
    }
}

/// Brings exports up to date for the page and the API.
pub(in crate::cli) struct Renewer(pub(in crate::cli) Config);

impl Renew for Renewer {
    fn recordings(&self) -> &Path {
        &self.0.paths.recordings
    }

    fn minutes(&self, exports: &Exports<'_>) -> Option<String> {
        minutes(exports, &self.0, Manner::IN_THE_BACKGROUND)
    }

    fn others(&self, exports: &Exports<'_>) {
        others(exports, &self.0, Manner::IN_THE_BACKGROUND);
    }
}

/// How it is done.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Also over what was changed by hand.
    force: bool,
    /// Nobody waits for it who is to be told what takes long.
    quiet: bool,
}

impl Manner {
    const AFTER_A_COMMAND: Self = Self { force: false, quiet: false };
    const IN_THE_BACKGROUND: Self = Self { force: false, quiet: true };
}

/// Brings the minutes in the session's folder up to date; says why not. Those for which all sound has to be
/// read come with the other exports.
fn minutes(exports: &Exports<'_>, config: &Config, manner: Manner) -> Option<String> {
    let path = exports.dir.join(Format::Md.file_name());
    if !path.exists() {
        return None;
    }
    let own = exports.due(|file| file == Format::Md.file_name()).into_iter().find(|made| made.how.is_some());
    let written = match &own {
        Some(Made { how: Some(how), .. }) if how.iter().any(|word| word == "--evidence") => return None,
        Some(made) => again(exports, config, made, manner).err(),
        None => {
            let (pause, language) = (config.minutes.paragraph_pause_s, config.export.language_in_force());
            let written = export::write_minutes(&SystemDisk, exports.dir, pause, language);
            written.err().map(|error| match error {
                ExportError::Edited { .. } => (Why::ByHand, error.to_string()),
                error => (Why::Failed(error.to_string()), error.to_string()),
            })
        }
    };
    let (why, told) = written?;
    exports.stays(&SystemDisk, &path, false, why);
    Some(format!("the minutes were not written again: {told}"))
}

/// Writes again what is due in the session's folder, and notes what was not, and why. Gives where exports lay
/// that are not there any more.
fn others(exports: &Exports<'_>, config: &Config, manner: Manner) -> Vec<PathBuf> {
    let minutes = exports.dir.join(Format::Md.file_name());
    // Minutes that nobody knows the making of are those that every session has.
    for made in exports.due(|_| true).iter().filter(|made| made.how.is_some() || made.path != minutes) {
        if let Err((why, _)) = again(exports, config, made, manner) {
            exports.stays(&SystemDisk, &made.path, false, why);
        }
    }
    let Elsewhere { there, gone } = exports.older();
    for made in there {
        let why = if made.untouched { Why::Elsewhere } else { Why::ByHand };
        exports.stays(&SystemDisk, &made.path, true, why);
    }
    gone
}

/// One export in the session's folder; why it stays behind, and that in a sentence.
fn again(exports: &Exports<'_>, config: &Config, made: &Made, manner: Manner) -> Result<(), (Why, String)> {
    let stays = |why: Why| (why.clone(), why.to_string());
    match (made.untouched, &made.how) {
        (false, _) => Err(stays(Why::ByHand)),
        (true, None) => Err(stays(Why::Unknown)),
        // That takes as long as it took to make it: somebody must want it.
        (true, Some(how)) if has_sound_inside(how) => Err(stays(Why::SoundInside)),
        (true, Some(how)) => {
            let written = name_in(exports.dir, &made.path)
                .and_then(|target| one(exports.dir, config, (made, target), how, manner));
            written.map_err(|error| stays(Why::Failed(error.to_string())))
        }
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
                let manner = Manner { force, quiet: false };
                match target.and_then(|target| one(dir, config, (&made, target), how, manner)) {
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

/// The target of a file in the session's folder.
fn name_in(dir: &Path, path: &Path) -> anyhow::Result<Target> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(|name| Target::in_session(dir, name)).ok_or_else(|| anyhow::anyhow!("its name is not UTF-8"))
}

/// One export, as the command made it.
fn one(
    dir: &Path,
    config: &Config,
    (made, target): (&Made, Target),
    how: &[String],
    Manner { force, quiet }: Manner,
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
        meeting = meeting.with_files(if quiet { track_files(&session, u64::MAX) } else { files(&session) });
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
