//! The sound of an HTML page: all tracks in one, on the session's time, in a file beside it that is named
//! like it, or inside the page.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;

use super::goes::Goes;
use super::tracks;
use crate::base::units::SampleRate;
use crate::cli::say;
use crate::export::html::{self, Sound};
use crate::export::save::Target;
use crate::export::sound::{Mix, OnProgress, SoundError, opus};
use crate::export::turns::Selection;
use crate::session::disk::SystemDisk;
use crate::session::reading::Session;

/// All of speech is below 8 kHz, and an hour stays small enough to be mailed.
const RATE: SampleRate = SampleRate::HZ_16000;
/// Between the encoder and the file.
const BUFFER_BYTES: usize = 256 << 10;

/// Where a page has its sound.
pub(super) enum PageSound {
    Beside(Beside),
    Inside(Mix),
}

/// A sound file to be written.
pub(super) struct Beside {
    /// As the page names it.
    name: String,
    target: Target,
    mix: Mix,
}

impl PageSound {
    /// Checks all that can be wrong with a file beside the page. `None` where there can't be any: the page
    /// goes to no file of its own, there is no sound, or only a part of the session is selected.
    pub(super) fn beside(goes: &Goes<'_>, stem: &str, selection: &Selection) -> anyhow::Result<Option<Self>> {
        let Some(mix) = mix(goes.session, RATE, selection)? else { return Ok(None) };
        let mix = mix.of_its_own_length(&goes.session.manifest.id);
        let beside = goes.sound(stem)?;
        Ok(beside.map(|(name, target)| Self::Beside(Beside { name, target, mix })))
    }

    /// The sound inside the page.
    pub(super) fn inside(session: &Session, selection: &Selection) -> anyhow::Result<Option<Self>> {
        Ok(mix(session, opus::RATE, selection)?.map(Self::Inside))
    }

    /// As the page is told.
    pub(super) fn told(&self) -> Sound<'_> {
        match self {
            Self::Beside(Beside { name, mix, .. }) => Sound::Beside { name, seconds: mix.seconds() },
            Self::Inside(_) => Sound::Inside,
        }
    }
}

/// How long the sound is that lies beside a session's page; `None` where there can't be any.
pub(super) fn seconds(session: &Session) -> Option<f64> {
    let mix = Mix::plan(session, RATE).ok()?.of_its_own_length(&session.manifest.id);
    Some(mix.seconds())
}

/// The sound of all tracks. `None` where there is none, or where it would tell what the page leaves out.
fn mix(session: &Session, rate: SampleRate, selection: &Selection) -> anyhow::Result<Option<Mix>> {
    if selection.is_part() {
        say(
            "the page is without sound, as it tells a part of the session, and the sound would tell the rest",
        );
        return Ok(None);
    }
    match Mix::plan(session, rate) {
        Ok(mix) => Ok(Some(mix)),
        Err(SoundError::Silent) => Ok(None),
        Err(error @ SoundError::Missing { .. }) => {
            say(format_args!("the page is without sound: {error}"));
            Ok(None)
        }
        Err(error) => Err(tracks::exit(error)),
    }
}

impl Beside {
    /// Makes it, and gives its path.
    pub(super) fn write(self) -> anyhow::Result<PathBuf> {
        let Self { target, mix, .. } = self;
        tracks::watched(mix.seconds(), move |watch| mix.save(&SystemDisk, &target, watch))
    }
}

/// Writes a page with its sound inside to `target`, which has been checked, bit by bit; `how` says how it is
/// made. Gives the path.
pub(super) fn write_single(
    page: Vec<u8>,
    mix: Mix,
    target: Target,
    how: Vec<String>,
) -> anyhow::Result<PathBuf> {
    let note = target.note();
    let path = tracks::watched(mix.seconds(), move |watch| {
        let failed = |error| SoundError::Export(target.failed(error));
        let draft = BufWriter::with_capacity(BUFFER_BYTES, target.draft(&SystemDisk)?);
        let draft = fill(&page, &mix, draft, watch, failed)?;
        Ok(draft.into_inner().map_err(|error| failed(error.into_error()))?.keep()?)
    })?;
    note.how(&SystemDisk, how);
    Ok(path)
}

/// Writes such a page to stdout.
pub(super) fn print(page: Vec<u8>, mix: Mix) -> anyhow::Result<()> {
    tracks::watched(mix.seconds(), move |watch| {
        let to = BufWriter::with_capacity(BUFFER_BYTES, io::stdout());
        fill(&page, &mix, to, watch, SoundError::Stdout)?.flush().map_err(SoundError::Stdout)
    })
}

/// Writes the page, and the sound at its place in it.
fn fill<W: Write>(
    page: &[u8],
    mix: &Mix,
    mut to: W,
    watch: OnProgress<'_>,
    failed: impl Fn(io::Error) -> SoundError,
) -> Result<W, SoundError> {
    let parts = str::from_utf8(page).ok().and_then(html::halves);
    let (before, after) = parts.ok_or_else(|| failed(io::Error::other("the page has no place for sound")))?;
    to.write_all(before.as_bytes()).map_err(&failed)?;
    let base64 = EncoderWriter::new(to, &STANDARD);
    let mut to = mix.write_opus(base64, watch, &failed)?.finish().map_err(&failed)?;
    to.write_all(after.as_bytes()).map_err(&failed)?;
    Ok(to)
}
