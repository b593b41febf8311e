//! `hansard export S --tracks wav|flac [--rate N] [--bits B] [--denoise]`: every track on the session's time,
//! a file each.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use clap::builder::{PossibleValue, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};

use crate::base::filesystem::private_folder;
use crate::base::text;
use crate::base::units::{SampleFormat, SampleRate};
use crate::cli::named::one_of;
use crate::cli::signals::Signals;
use crate::cli::{say, wrong_use};
use crate::export::save::Target;
use crate::export::sound::file::Container;
use crate::export::sound::timeline::TrackPlan;
use crate::export::sound::{FOLDER, OnProgress, SoundError, SoundRequest, Tracks};
use crate::export::turns::Selection;
use crate::session::disk::SystemDisk;
use crate::session::read::inside;
use crate::session::reading::Session;

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sound")]
pub(super) struct Sound {
    /// Write every track on the session's time, drift corrected, into the folder "aligned" of the session (or
    /// --output): all begin at session second 0 and are of one length. No minutes then, unless --format asks
    /// for them
    #[arg(long, value_parser = containers(), value_name = "KIND")]
    pub(super) tracks: Option<Container>,
    /// Frames a second of those files
    #[arg(long, value_name = "HZ", requires = "tracks", default_value_t = 48_000,
          value_parser = clap::value_parser!(u32).range(8_000..=192_000))]
    rate: u32,
    /// Bits of a sample: 16, 24 or 32f (floats; not in FLAC) [default: as each track was recorded]
    #[arg(long, value_enum, value_name = "B", requires = "tracks")]
    bits: Option<Bits>,
    /// Mono, with noise taken away, for listening: files NAME.denoised.wav
    #[arg(long, requires = "tracks")]
    denoise: bool,
}

fn containers() -> impl TypedValueParser<Value = Container> {
    let named = |kind: Container| (PossibleValue::new(kind.extension()).help(kind.about()), kind);
    one_of(Container::ALL.map(named).into())
}

/// Depths of a sample.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Bits {
    /// Whole numbers, with dither where they were computed
    #[value(name = "16")]
    B16,
    /// Whole numbers
    #[value(name = "24")]
    B24,
    /// Floats
    #[value(name = "32f")]
    B32f,
}

impl From<Bits> for SampleFormat {
    fn from(bits: Bits) -> Self {
        match bits {
            Bits::B16 => Self::S16,
            Bits::B24 => Self::S24,
            Bits::B32f => Self::F32,
        }
    }
}

/// Where the files go, and over what.
pub(super) struct OutputPlace<'a> {
    /// The user's folder.
    pub(super) output: Option<&'a Path>,
    /// Knows the exports outside of sessions.
    pub(super) recordings: &'a Path,
    /// Over what was changed by hand, too.
    pub(super) force: bool,
}

impl Sound {
    /// Writes the tracks of the selected speakers, from and to the selected time, if tracks are asked for.
    pub(super) fn run(
        &self,
        session: &Session,
        place: &OutputPlace<'_>,
        selection: &Selection,
    ) -> anyhow::Result<()> {
        let Some(container) = self.tracks else { return Ok(()) };
        let wanted = |track: &TrackPlan| {
            selection.speakers.is_empty() || selection.speakers.contains(&text::name(&track.name))
        };
        if !session.manifest.sources.iter().any(|source| {
            selection.speakers.is_empty() || selection.speakers.contains(&text::name(&source.name))
        }) {
            let (who, names) = (selection.speakers.join(", "), session.manifest.sources.iter());
            let names = names.map(|source| text::name(&source.name)).collect::<Vec<_>>().join(", ");
            return Err(wrong_use(format!(
                "{who} has no track alone: sound is exported by track, and the tracks are those of {names}"
            )));
        }
        let request = SoundRequest {
            container,
            rate: SampleRate(self.rate),
            depth: self.bits.map(Into::into),
            denoise: self.denoise,
            span: (selection.from, selection.to),
        };
        let tracks = Tracks::plan(session, request, wanted).map_err(exit)?;
        let targets = targets(&tracks.names(), session, place)?;
        if !place.force {
            for target in &targets {
                target.check_unmade().map_err(|error| exit(error.into()))?;
            }
        }
        for path in watched(tracks.seconds(), move |watch| tracks.write(&SystemDisk, &targets, watch))? {
            writeln!(io::stdout(), "{}", path.display())?;
        }
        Ok(())
    }
}

/// A target for each name, in the session's own folder or the user's, which is made if it isn't there.
fn targets(names: &[String], session: &Session, place: &OutputPlace<'_>) -> anyhow::Result<Vec<Target>> {
    let Some(output) = place.output else {
        make_folder(&inside(&session.dir, FOLDER).map_err(|error| exit(error.into()))?)?;
        let name = |name: &String| format!("{FOLDER}/{name}");
        return Ok(names.iter().map(|n| Target::in_session(&session.dir, &name(n))).collect());
    };
    if output == Path::new("-") || (output.exists() && !output.is_dir()) {
        let output = output.display();
        return Err(wrong_use(format!("--tracks writes a file for each track; {output} is not a folder")));
    }
    make_folder(output)?;
    let at = |name: &String| Target::at(&output.join(name), place.recordings, session);
    names.iter().map(|name| at(name).map_err(|error| exit(error.into()))).collect()
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let made = private_folder().recursive(true).create(folder);
    made.with_context(|| format!("can't make the folder {}", folder.display()))
}

/// Makes `seconds` of sound on other threads, shows how far it is, and listens to signals.
pub(super) fn watched<T: Send + 'static>(
    seconds: f64,
    work: impl FnOnce(OnProgress<'_>) -> Result<T, SoundError> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // They have a runtime of their own, which can't end within another one.
    let mut signals = Signals::new().context("can't take signals over")?;
    runtime.block_on(listening(seconds, work, &mut signals))
}

async fn listening<T: Send + 'static>(
    seconds: f64,
    work: impl FnOnce(OnProgress<'_>) -> Result<T, SoundError> + Send + 'static,
    signals: &mut Signals,
) -> anyhow::Result<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let bar = bar(seconds);
    let mut work = tokio::task::spawn_blocking({
        let (stop, bar) = (stop.clone(), bar.clone());
        move || {
            let watch = |seconds: f64| {
                bar.inc((seconds * 1e3) as u64);
                if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            work(&watch)
        }
    });
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            signal = signals.next() => {
                bar.suspend(|| say(format_args!("{signal}: ending")));
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    bar.finish_and_clear();
    done.context("the export's thread failed")?.map_err(exit)
}

/// In milliseconds of sound.
fn bar(seconds: f64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // A template that doesn't parse would be a mistake here, and no reason to fail an export.
    let style = ProgressStyle::with_template("{wide_bar} {percent} %, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new((seconds * 1e3) as u64).with_style(style)
}

/// Wrong input is 1, a failing machine 3.
pub(super) fn exit(error: SoundError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}
