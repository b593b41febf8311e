//! The sound of a session on session time: every track from session second 0, all of one length and rate,
//! without the drift of their devices; or all of them mixed into one.
//!
//! Promises: the tracks that were recorded are only read. Memory does not grow with the length. A file stands
//! under its name when it is whole, and not before; what somebody else put there stays. What was not recorded
//! is exact silence, and so is another device's sound.
//!
//! [`timeline`] says what sounds when, [`render`] makes it, [`mod@file`] writes it, [`mix`] adds the tracks
//! up.

use std::io::{self, Seek, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use file::{Container, FLAC_CHANNELS_MAX, FLAC_FRAMES_MAX, SoundFile, WAV_BYTES_MAX};
use render::{CLEAN_RATE, CleanSound, TrackSound};
use timeline::{Timeline, TrackPlan};

use super::ExportError;
use super::draft::Draft;
use super::save::Target;
use crate::audio::align::AlignError;
use crate::audio::resample::ResampleError;
use crate::base::units::{SampleFormat, SampleRate};
use crate::session::disk::Disk;
use crate::session::manifest::TakeEntry;
use crate::session::read::ReadError;
use crate::session::reading::Session;
use crate::session::wav::{HEADER_MAX, Layout};

pub mod file;
pub mod mix;
pub mod opus;
pub mod render;
pub mod sample;
pub mod timeline;

pub use mix::{Mix, write_mix};

/// Folder in the session for aligned tracks, unless the user names another one.
pub const FOLDER: &str = "aligned";
/// Frames that are made and written at once.
const BLOCK: usize = 4096;

/// Told of each block: how many seconds of one track were made since the last time. A break ends the work,
/// and nothing stays of it.
pub type OnProgress<'a> = &'a (dyn Fn(f64) -> ControlFlow<()> + Sync);

/// Why sound was not exported, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file can't be put there.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A track's file is gone.
    #[error("{} is missing; `hansard verify` tells what else is, and --speaker exports the other tracks", path.display())]
    Missing { path: PathBuf },
    /// The manifest holds what no recorder writes.
    #[error("session.json is damaged: {file} has {channels} channel(s) at {rate}")]
    Layout {
        /// The take's file.
        file: String,
        channels: u16,
        rate: SampleRate,
    },
    /// A clock that no device has.
    #[error(
        "session.json is damaged: {file} ran at {rate:.1} frames a second instead of {}; `hansard recover` measures it anew",
        nominal.0
    )]
    Clock {
        /// The take's file.
        file: String,
        /// The nominal rate.
        nominal: SampleRate,
        /// The one in the manifest.
        rate: f64,
    },
    /// The sound of a take can't be had.
    #[error("{file}: {error}")]
    Take {
        /// The take's file.
        file: String,
        error: AlignError,
    },
    /// The resampler behind the denoiser.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// More than a WAV file holds.
    #[error(
        "{name}.wav would have {:.1} GB, and a WAV file ends at 4 GiB (here after {:.1} hours): use --tracks flac, fewer --bits or a lower --rate",
        *bytes as f64 / 1e9, hours
    )]
    WavTooLong {
        name: String,
        /// What it would have.
        bytes: u64,
        /// What there is room for.
        hours: f64,
    },
    /// More than a FLAC file holds.
    #[error(
        "{name} is too long for a FLAC file, which ends after {:.0} hours at this rate: use a lower --rate",
        hours
    )]
    FlacTooLong {
        name: String,
        /// What there is room for.
        hours: f64,
    },
    /// More channels than FLAC has.
    #[error("{name} has {channels} channels, and a FLAC file has eight at most: use --tracks wav")]
    FlacChannels { name: String, channels: u16 },
    /// Floats in FLAC.
    #[error("a FLAC file holds whole numbers: use --bits 24, or --tracks wav for floats")]
    FlacFloats,
    #[error("there is no sound in this session, or not at that time")]
    Silent,
    /// Nobody takes it.
    #[error("can't write to stdout: {0}")]
    Stdout(io::Error),
    /// The user ended it.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

impl SoundError {
    fn of_take(take: &TakeEntry, error: AlignError) -> Self {
        Self::Take { file: take.file.clone(), error }
    }

    /// Whether the machine failed rather than the request being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Export(error) => error.is_failure(),
            Self::Take { .. } | Self::Resample(_) | Self::Interrupted | Self::Stdout(_) => true,
            _ => false,
        }
    }
}

/// What is wanted of the tracks.
#[derive(Debug, Clone)]
pub struct SoundRequest {
    /// Kind of file.
    pub container: Container,
    /// Rate of all.
    pub rate: SampleRate,
    /// Depth of all; `None` means each as it was recorded (in FLAC 24 bits at most).
    pub depth: Option<SampleFormat>,
    /// Mono and without noise.
    pub denoise: bool,
    /// From which session second to which; an end beyond the session's counts as that.
    pub span: (f64, f64),
}

/// Tracks to be written.
#[derive(Debug)]
pub struct Tracks {
    request: SoundRequest,
    timeline: Timeline,
    /// The same at the rate of the denoiser, if it is wanted.
    clean: Option<Timeline>,
    /// Those that are wanted, by number.
    chosen: Vec<usize>,
}

impl Tracks {
    /// Looks at all that can be wrong with it. `wanted` says which tracks; their length is the session's all
    /// the same, so that what is exported later lies beside it.
    pub fn plan(
        session: &Session,
        request: SoundRequest,
        wanted: impl Fn(&TrackPlan) -> bool,
    ) -> Result<Self, SoundError> {
        let part =
            |rate| Ok::<_, SoundError>(Timeline::new(session, rate)?.part(request.span.0, request.span.1));
        let timeline = part(request.rate)?;
        let clean = if request.denoise { Some(part(CLEAN_RATE)?) } else { None };
        let chosen = (0..timeline.tracks.len()).filter(|n| wanted(&timeline.tracks[*n])).collect();
        let tracks = Self { request, timeline, clean, chosen };
        if tracks.timeline.frames == 0 {
            return Err(SoundError::Silent);
        }
        for track in tracks.chosen() {
            let layout = tracks.layout(track)?;
            check(&track.track, tracks.request.container, layout, tracks.timeline.frames)?;
        }
        Ok(tracks)
    }

    fn chosen(&self) -> impl Iterator<Item = &TrackPlan> {
        self.chosen.iter().map(|n| &self.timeline.tracks[*n])
    }

    /// The files' names, in the tracks' order.
    pub fn names(&self) -> Vec<String> {
        let end = if self.request.denoise { ".denoised" } else { "" };
        let kind = self.request.container.extension();
        self.chosen().map(|track| format!("{}{end}.{kind}", track.track)).collect()
    }

    /// Seconds of sound to be made in all.
    pub fn seconds(&self) -> f64 {
        self.timeline.seconds() * self.chosen.len() as f64
    }

    fn layout(&self, track: &TrackPlan) -> Result<Layout, SoundError> {
        let format = match (self.request.depth, self.request.container) {
            (Some(SampleFormat::F32), Container::Flac) => return Err(SoundError::FlacFloats),
            (Some(depth), _) => depth,
            (None, Container::Flac) if track.format == SampleFormat::F32 => SampleFormat::S24,
            (None, _) => track.format,
        };
        let channels = if self.request.denoise { 1 } else { track.channels };
        Ok(Layout { rate: self.request.rate, channels, format })
    }

    /// Writes all, each to the target of its place in [`Self::names`], on as many threads as there are
    /// processors: all of them or none. Gives the paths.
    pub fn write(
        &self,
        disk: &dyn Disk,
        targets: &[Target],
        watch: OnProgress<'_>,
    ) -> Result<Vec<PathBuf>, SoundError> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let watch = |seconds: f64| match failed.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => watch(seconds),
        };
        let work = || {
            let mut done = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some((target, track)) = targets.get(n).zip(self.chosen.get(n)) else { return done };
                let result =
                    self.write_track(*track, target.draft(disk), &watch, |error| target.failed(error));
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((n, result));
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        // What stopped the others comes before that they were stopped.
        done.sort_by_key(|(n, result)| (matches!(result, Err(SoundError::Interrupted)), *n));
        let drafts = done.into_iter().map(|(_, result)| result).collect::<Result<Vec<Draft>, _>>()?;
        Ok(drafts.into_iter().map(Draft::keep).collect::<Result<_, _>>()?)
    }

    fn write_track<'a>(
        &self,
        n: usize,
        to: Result<Draft<'a>, ExportError>,
        watch: OnProgress<'_>,
        failed: impl Fn(io::Error) -> ExportError,
    ) -> Result<Draft<'a>, SoundError> {
        let to = to?;
        let failed = |error| SoundError::Export(failed(error));
        let track = &self.timeline.tracks[n];
        let layout = self.layout(track)?;
        let length = Length { frames: self.timeline.frames, rate: self.timeline.rate };
        let file = SoundFile::begin(self.request.container, layout, length.frames, to).map_err(failed)?;
        match &self.clean {
            None => {
                let mut sound = TrackSound::new(&self.timeline, track);
                length.pump(file, watch, |n, out| sound.read(n, out), failed)
            }
            Some(clean) => {
                let mut sound = CleanSound::new(clean, &clean.tracks[n], &self.timeline, track)?;
                length.pump(file, watch, |n, out| sound.read(n, out), failed)
            }
        }
    }
}

/// How much is to be written.
#[derive(Debug, Clone, Copy)]
struct Length {
    frames: u64,
    rate: SampleRate,
}

impl Length {
    /// Writes a file of sound, block by block.
    fn pump<W: Write + Seek>(
        self,
        mut file: SoundFile<W>,
        watch: OnProgress<'_>,
        read: impl FnMut(usize, &mut Vec<f32>) -> Result<(), SoundError>,
        failed: impl Fn(io::Error) -> SoundError,
    ) -> Result<W, SoundError> {
        self.each_block(watch, read, |block| file.write(block).map_err(&failed))?;
        file.finish().map_err(failed)
    }

    /// Makes the sound, block by block.
    fn each_block(
        self,
        watch: OnProgress<'_>,
        mut read: impl FnMut(usize, &mut Vec<f32>) -> Result<(), SoundError>,
        mut put: impl FnMut(&[f32]) -> Result<(), SoundError>,
    ) -> Result<(), SoundError> {
        let mut block = Vec::new();
        let mut left = self.frames;
        while left > 0 {
            let frames = left.min(BLOCK as u64);
            block.clear();
            read(frames as usize, &mut block)?;
            put(&block)?;
            left -= frames;
            if watch(frames as f64 / f64::from(self.rate.0)).is_break() {
                return Err(SoundError::Interrupted);
            }
        }
        Ok(())
    }
}

/// Whether such a file can hold so much.
fn check(name: &str, container: Container, layout: Layout, frames: u64) -> Result<(), SoundError> {
    let name = name.to_owned();
    let hours = |frames: u64| frames as f64 / f64::from(layout.rate.0) / 3600.0;
    match container {
        Container::Wav => {
            let room = WAV_BYTES_MAX - HEADER_MAX as u64;
            let bytes = frames.saturating_mul(layout.frame_bytes());
            if bytes > room {
                return Err(SoundError::WavTooLong {
                    name,
                    bytes,
                    hours: hours(room / layout.frame_bytes()),
                });
            }
        }
        Container::Flac if layout.channels > FLAC_CHANNELS_MAX => {
            return Err(SoundError::FlacChannels { name, channels: layout.channels });
        }
        Container::Flac if frames > FLAC_FRAMES_MAX => {
            return Err(SoundError::FlacTooLong { name, hours: hours(FLAC_FRAMES_MAX) });
        }
        Container::Flac => {}
    }
    Ok(())
}
