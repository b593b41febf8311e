//! From what the user asked for to what will be recorded: sources are looked up, devices shared, names made
//! unique, the session's folder made. Everything that can be wrong with the input is found here, before
//! anything starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Zoned;

use super::EngineError;
use super::lack::Lack;
use super::spec::{SourceSpec, SpecKind};
use super::text::{self, Choice};
use crate::base::filesystem::private_folder;
use crate::base::units::{Frames, SampleFormat};
use crate::capture::device::{Backend, CpalSource};
use crate::capture::feed::Pace;
use crate::capture::replay::Replay;
use crate::capture::source::Source;
use crate::capture::synth::Synth;
use crate::config::{Config, TrackFormat};
use crate::recognisers::engine::Engine;
use crate::recording::DeviceSpec;
use crate::session::details::Details;
use crate::session::disk::{Disk as _, SystemDisk};
use crate::session::manifest::{FORMAT, Manifest, SourceEntry, SourceKind, Start, State, TrackAccount};
use crate::session::names;
use crate::speech::work::Pass;

/// Why nothing can be recorded, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A source is not there or can't be used.
    #[error("{name}: {reason}")]
    Source {
        /// The source's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A channel that the source does not have.
    #[error("{name}: {spec} has {channels} channel(s), there is no channel {wanted}")]
    Channel {
        /// The source's name.
        name: String,
        spec: String,
        /// Channels that there are.
        channels: u16,
        /// Channel that was asked for.
        wanted: u16,
    },
    /// A source of the settings makes no sense, or the sound system can't be asked.
    #[error("{0}")]
    Setting(String),
    /// No source was named, and there is none by default.
    #[error(
        "there is neither a default microphone nor a default loopback; hansard devices lists what there is, \
         --source names what to record"
    )]
    NoDefaults,
    /// Two sources of one name.
    #[error(transparent)]
    SameName(#[from] names::SameName),
    /// The folder can't be made.
    #[error("can't make a session in {}: {error}; choose another folder with --out or HANSARD_RECORDINGS", dir.display())]
    Folder {
        /// The recordings' folder.
        dir: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

/// What somebody wants to record.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Title of the meeting. `None` means "meeting".
    pub title: Option<String>,
    /// What else is known of it beforehand; its title stands above.
    pub details: Details,
    /// What those who are there are to be told.
    pub announce: Option<String>,
    /// What to record; names differ ([`settle_names`](crate::engine::spec::settle_names)).
    pub sources: Vec<SourceSpec>,
    /// How files and scripts are delivered.
    pub pace: Pace,
    /// End after this long.
    pub limit: Option<Duration>,
    /// Text is wanted while it is recorded.
    pub text: bool,
    /// Somebody looks at lines while they are being spoken.
    pub partials: bool,
    /// What is not recorded although everybody would expect it to be.
    pub lacks: Vec<Lack>,
    /// When it began, where that is not now: of files that were recorded before.
    pub begun: Option<Begun>,
}

/// When a recording began that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The instant, in the zone of the meeting.
    pub at: Zoned,
    /// Whether the time of day is known, and not only the day.
    pub clock_known: bool,
}

impl Begun {
    /// At this moment.
    pub fn now() -> Self {
        Self { at: Zoned::now(), clock_known: true }
    }
}

impl Wish {
    /// To record these sources, with text, until somebody ends it.
    pub fn new(sources: Vec<SourceSpec>) -> Self {
        Self {
            title: None,
            details: Details::default(),
            announce: None,
            sources,
            pace: Pace::Real,
            limit: None,
            text: true,
            partials: false,
            lacks: Vec::new(),
            begun: None,
        }
    }

    /// Whether all sources are files and scripts that wait for us: they count their own frames, and end by
    /// themselves after the time that was asked for.
    fn is_counted(&self) -> bool {
        let counted = |spec: &SourceSpec| matches!(spec.kind, SpecKind::File(_) | SpecKind::Synth(_));
        matches!(self.pace, Pace::Max { .. }) && self.sources.iter().all(counted)
    }
}

/// What becomes of the text.
#[derive(Debug, Clone)]
pub enum TextPlan {
    /// It is made with this engine.
    With(Arc<dyn Engine>),
    /// Nobody wants it.
    Unwanted,
    /// It can't be made now, for this reason.
    Later(String),
}

/// How sources are opened.
#[derive(Clone)]
pub struct SourceOptions {
    /// The sound system.
    pub backend: Backend,
    /// Buffer to ask it for, in milliseconds.
    pub buffer_ms: u64,
    /// How files and scripts are delivered.
    pub pace: Pace,
    /// How tracks are stored; `None` means as deep as the source.
    pub format: Option<SampleFormat>,
}

impl SourceOptions {
    /// As the settings say.
    pub fn new(config: &Config, pace: Pace) -> Self {
        Self {
            backend: Backend::new(&config.audio.host),
            buffer_ms: u64::from(config.audio.buffer_ms),
            pace,
            format: match config.tracks.format {
                TrackFormat::Auto => None,
                TrackFormat::S16 => Some(SampleFormat::S16),
                TrackFormat::S24 => Some(SampleFormat::S24),
                TrackFormat::F32 => Some(SampleFormat::F32),
            },
        }
    }
}

/// What will be recorded.
pub struct Plan {
    /// Title of the meeting. `None` means "meeting".
    pub title: Option<String>,
    /// What else is known of it beforehand; its title stands above.
    pub details: Details,
    /// What those who are there are to be told.
    pub announce: Option<String>,
    /// The sound system that plays the chime which goes with that, if any does.
    pub chime: Option<Backend>,
    /// One per device, with its tracks.
    pub devices: Vec<DeviceSpec>,
    /// One per track, in the user's order.
    pub sources: Vec<SourceEntry>,
    /// What becomes of the text.
    pub text: TextPlan,
    /// End after this long.
    pub limit: Option<Duration>,
    /// All sources count their own frames: what is missed can be had again, and nobody waits for a line.
    pub counted: bool,
    /// How the text work is done.
    pub pass: Pass,
    /// Somebody looks at lines while they are being spoken.
    pub partials: bool,
    /// What is not recorded although everybody would expect it to be.
    pub lacks: Vec<Lack>,
    /// When it began, where that is not now.
    pub begun: Option<Begun>,
}

impl Plan {
    /// Looks up what is wished for.
    ///
    /// # Errors
    /// A source is not there, or the model that the settings name can't be used.
    pub fn new(wish: &Wish, config: &Config) -> Result<Self, EngineError> {
        let pace = match wish.pace {
            Pace::Max { .. } => Pace::Max { limit: wish.limit },
            Pace::Real => Pace::Real,
        };
        let options = SourceOptions::new(config, pace);
        let (devices, sources) = look_up(&wish.sources, &options)?;
        let languages = wish.sources.iter().map(|spec| spec.language.as_deref());
        let counted = wish.is_counted();
        let is_chimed = wish.announce.is_some() && config.record.chime && !counted;
        let pass = text::pass(counted);
        let text = match wish.text.then(|| text::choose_engine(config, pass, languages)).transpose()? {
            None => TextPlan::Unwanted,
            Some(Choice::Use(engine)) => TextPlan::With(engine),
            Some(Choice::Later(reason)) => TextPlan::Later(reason),
        };
        Ok(Self {
            title: wish.title.clone(),
            details: wish.details.clone(),
            announce: wish.announce.clone(),
            chime: is_chimed.then_some(options.backend),
            devices,
            sources,
            text,
            limit: wish.limit,
            counted,
            pass,
            partials: wish.partials,
            lacks: wish.lacks.clone(),
            begun: wish.begun.clone(),
        })
    }
}

/// A source that has been looked up.
struct Resolved {
    source: Arc<dyn Source>,
    kind: SourceKind,
    channels: u16,
    device: Option<String>,
    device_name: Option<String>,
    /// Sources with the same key share their device.
    key: String,
}

/// Looks up all sources. Several that name one device share it; channels of it become tracks of their own.
///
/// # Errors
/// One of them is not there, or can't be used.
pub fn look_up(
    specs: &[SourceSpec],
    options: &SourceOptions,
) -> Result<(Vec<DeviceSpec>, Vec<SourceEntry>), PlanError> {
    let slugs = names::track_slugs(specs.iter().map(|spec| spec.name.as_str()))?;
    let mut devices: Vec<(String, DeviceSpec)> = Vec::new();
    let mut sources = Vec::new();
    for (spec, track) in specs.iter().zip(slugs) {
        let resolved =
            resolve(spec, options).map_err(|reason| PlanError::Source { name: spec.name.clone(), reason })?;
        if let Some(wanted) = spec.channel.filter(|n| *n > resolved.channels) {
            let (name, spec, channels) = (spec.name.clone(), spec.text.clone(), resolved.channels);
            return Err(PlanError::Channel { name, spec, channels, wanted });
        }
        let entry = SourceEntry {
            track,
            name: spec.name.clone(),
            kind: resolved.kind,
            spec: spec.text.clone(),
            device: resolved.device,
            device_name: resolved.device_name,
            channel: spec.channel,
            language: spec.language.clone(),
            speakers: spec.speakers,
        };
        sources.push(entry.clone());
        match devices.iter_mut().find(|(key, _)| *key == resolved.key) {
            Some((_, device)) => device.tracks.push(entry),
            None => {
                devices.push((
                    resolved.key,
                    DeviceSpec { source: resolved.source, tracks: vec![entry], format: options.format },
                ));
            }
        }
    }
    Ok((devices.into_iter().map(|(_, device)| device).collect(), sources))
}

fn resolve(spec: &SourceSpec, options: &SourceOptions) -> Result<Resolved, String> {
    match &spec.kind {
        SpecKind::Mic(id) => resolve_device(SourceKind::Mic, id.clone(), options),
        SpecKind::Loopback(id) => resolve_device(SourceKind::Loopback, id.clone(), options),
        SpecKind::File(path) => {
            let source = Replay::new(path.clone(), spec.sound_track, options.pace)
                .map_err(|error| error.to_string())?;
            let channels = source.channels();
            Ok(Resolved {
                key: source.label(),
                source: Arc::new(source),
                kind: SourceKind::File,
                channels,
                device: None,
                device_name: None,
            })
        }
        SpecKind::Synth(script) => {
            let source = Synth::new(script, options.pace).map_err(|error| error.to_string())?;
            let channels = source.channels();
            Ok(Resolved {
                key: source.label(),
                source: Arc::new(source),
                kind: SourceKind::Synth,
                channels,
                device: None,
                device_name: None,
            })
        }
    }
}

fn resolve_device(kind: SourceKind, id: Option<String>, options: &SourceOptions) -> Result<Resolved, String> {
    let probe = CpalSource::new(options.backend.clone(), kind, id.clone(), options.buffer_ms);
    let info = probe.info().map_err(|error| error.to_string())?;
    // A device that was named is pinned: its full id, whatever short form the user wrote. An unnamed one
    // follows the default.
    let pinned = id.as_ref().map(|_| info.id.clone());
    let source = CpalSource::new(options.backend.clone(), kind, pinned, options.buffer_ms);
    Ok(Resolved {
        key: format!("{} {}", if id.is_some() { "pinned" } else { "default" }, info.id),
        source: Arc::new(source),
        // What it is, not what it was called: the silence of a speaker that was named as a microphone is no
        // loss.
        kind: info.kind,
        channels: info.channels,
        device: Some(info.id),
        device_name: Some(info.name),
    })
}

/// A new session's folder with its `tracks`, and the manifest to begin with. `begun` is the session's start,
/// where that is not now.
pub fn new_session(
    recordings: &Path,
    title: Option<&str>,
    sources: Vec<SourceEntry>,
    begun: Option<Begun>,
) -> Result<(PathBuf, Manifest), PlanError> {
    let made = begun.is_some().then(jiff::Timestamp::now);
    let begun = begun.unwrap_or_else(Begun::now);
    let now = &begun.at;
    let failed = |error| PlanError::Folder { dir: recordings.into(), error };
    let title = title.map(str::trim).filter(|title| !title.is_empty()).unwrap_or("meeting");
    if recordings.exists() && !recordings.is_dir() {
        return Err(failed(std::io::ErrorKind::NotADirectory.into()));
    }
    let dir = names::create_session_dir(recordings, &names::session_dir_name(now.datetime(), title))
        .map_err(failed)?;
    private_folder().create(dir.join("tracks")).map_err(failed)?;
    // The folder itself must survive a power cut, or nothing in it does.
    for folder in [Some(recordings), recordings.parent()].into_iter().flatten() {
        if let Err(error) = SystemDisk.sync_dir(folder) {
            tracing::debug!(folder = %folder.display(), %error, "can't be synced");
        }
    }
    let id = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let account = sources.iter().map(|source| empty_account(&source.track)).collect();
    let manifest = Manifest {
        format: FORMAT,
        id,
        title: title.into(),
        start: Start {
            utc: now.timestamp(),
            zone: now.time_zone().iana_name().map(str::to_owned),
            offset: now.strftime("%:z").to_string(),
            clock_known: begun.clock_known,
            made,
        },
        state: State::Recording,
        duration: 0.0,
        sources,
        takes: Vec::new(),
        account,
    };
    Ok((dir, manifest))
}

fn empty_account(track: &str) -> TrackAccount {
    TrackAccount {
        track: track.into(),
        expected: Frames(0),
        written: Frames(0),
        gaps: Vec::new(),
        lost: Frames(0),
        unexplained: 0,
    }
}
