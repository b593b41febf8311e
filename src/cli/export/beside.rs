//! The sound that lies beside an HTML page: all tracks in one file, on the session's time, named like the
//! page.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::tracks::{self, OutputPlace};
use crate::base::units::SampleRate;
use crate::cli::say;
use crate::export::Format;
use crate::export::save::Target;
use crate::export::sound::{Mix, SoundError};
use crate::export::turns::Selection;
use crate::session::disk::SystemDisk;
use crate::session::reading::Session;

/// All of speech is below 8 kHz, and an hour stays small enough to be mailed.
const RATE: SampleRate = SampleRate(16_000);
/// The end of the sound file's name.
const EXTENSION: &str = "flac";

/// A sound file to be written.
pub(super) struct Beside {
    /// As the page names it.
    pub(super) name: String,
    target: Target,
    mix: Mix,
}

impl Beside {
    /// Checks all that can be wrong with it. `None` where there can't be any: the page goes to no file of its
    /// own, there is no sound, or only a part of the session is selected, and the sound would tell the rest.
    pub(super) fn plan(
        session: &Session,
        place: &OutputPlace<'_>,
        selection: &Selection,
        alone: bool,
    ) -> anyhow::Result<Option<Self>> {
        if selection.is_part() {
            say(
                "the page is without sound, as it tells a part of the session, and the sound would tell the rest",
            );
            return Ok(None);
        }
        let page = match place.output {
            Some(output) if alone && !output.is_dir() => output.to_owned(),
            Some(output) => output.join(Format::Html.file_name()),
            None => PathBuf::from(Format::Html.file_name()),
        };
        let path = page.with_extension(EXTENSION);
        // Nothing goes beside what is not a plain file, or beside a name that a page can't write down.
        let special = path == page || (place.output.is_some() && page.exists() && !page.is_file());
        let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|_| !special) else {
            return Ok(None);
        };
        let mix = match Mix::plan(session, RATE) {
            Ok(mix) => mix,
            Err(SoundError::Silent) => return Ok(None),
            Err(error @ SoundError::Missing { .. }) => {
                say(format_args!("the page is without sound: {error}"));
                return Ok(None);
            }
            Err(error) => return Err(tracks::exit(error)),
        };
        let target = match place.output {
            None => Target::in_session(&session.dir, name),
            Some(_) => Target::at(&path, place.recordings, &session.dir).map_err(super::exit)?,
        };
        let checked = if place.force { target.check_place() } else { target.check_unmade() };
        checked.map_err(super::exit)?;
        Ok(Some(Self { name: name.to_owned(), target, mix }))
    }

    /// Makes it, and gives its path.
    pub(super) fn write(self) -> anyhow::Result<PathBuf> {
        let Self { target, mix, .. } = self;
        tracks::watched(mix.seconds(), move |watch| mix.save(&SystemDisk, &target, watch))
    }
}
