//! Exports that lie in a session are brought up to date when it was corrected: each as it was made, by
//! what is remembered of the command. What a person changed, and what nobody can make the same way again,
//! is named.

use std::path::Path;

use clap::Parser as _;

use super::{asked, beside, exit, files, options, selection};
use crate::cli::{Cli, Verb, say};
use crate::config::Config;
use crate::export::html::Sound;
use crate::export::save::Target;
use crate::export::turns::Meeting;
use crate::export::{self, ExportError, Format, Made, Options};
use crate::session::disk::SystemDisk;
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
        let is_sound = made.path.extension().is_some_and(|end| SOUND.iter().any(|sound| end == *sound));
        if is_sound {
            stale.extend(sound.then(|| format!("{name} (its sound is as it was)")));
            continue;
        }
        match (made.untouched, &made.how) {
            (false, _) => stale.push(format!("{name} (changed by hand)")),
            (true, None) => stale.push(name),
            (true, Some(how)) => {
                if let Err(error) = one(dir, config, made, how) {
                    stale.push(format!("{name} ({error})"));
                }
            }
        }
    }
    if !stale.is_empty() {
        let session = crate::cli::text::quoted(dir);
        say(format_args!(
            "not brought up to date: {}; hansard export {session} makes an export anew",
            stale.join(", ")
        ));
    }
}

/// One export, as the command made it.
fn one(dir: &Path, config: &Config, made: &Made, how: &[String]) -> anyhow::Result<()> {
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
    // The sound beside a page is the session's, whatever is corrected.
    let beside = made.path.with_extension("flac");
    let beside = beside.file_name().and_then(|name| name.to_str()).filter(|_| beside.is_file());
    let beside = beside.filter(|_| !args.no_sound && !selection.is_part());
    let sound = beside.zip(beside::seconds(&session)).map(|(name, seconds)| Sound::Beside { name, seconds });
    let options = Options { sound, ..options };
    let bytes = format.render(&meeting, &options).map_err(exit)?;
    let name = made.path.file_name().and_then(|name| name.to_str()).ok_or_else(unknown)?;
    let target = Target::in_session(dir, name);
    target.check(&bytes)?;
    target.write_as(&SystemDisk, &bytes, how.to_vec()).map(drop).map_err(|error: ExportError| error.into())
}
