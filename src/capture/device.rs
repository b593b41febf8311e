//! Real devices through cpal: what there is, and one of them as a source.
//!
//! One `Host` is shared by all sources of a recording: each dropped PulseAudio host leaves a thread and two
//! file descriptors behind, so another one is made only after the old one failed.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, FromSample, SizedSample, StreamConfig};
use serde::Serialize;

use super::drain::Timeline;
use super::pulse::seat::{Seat, Turn};
use super::pulse::server;
use super::pulse::watch::Watch;
use super::rt::{self, CaptureSink, SinkMeter};
use super::source::{Failure, Look, Opened, Plug, Presence, Source, SourceError};
use crate::base::cause::Condition;
use crate::base::format::DeviceFormat;
use crate::base::units::{SampleFormat, SampleRate};
use crate::clock::{Clock as _, MonoNs, SessionClock, SystemClock};
use crate::session::manifest::SourceKind;

mod found;

use found::{Found, stored_as};

/// How long building a stream may take. Starting it has no limit: a suspended source blocks until it
/// delivers.
const BUILD_TIMEOUT: Duration = Duration::from_secs(10);

/// A list of devices answers every look for so long, in seconds: with 32 devices open, 5 lists a second
/// instead of 80.
const LISTING_S: f64 = 0.2;

/// ALSA's device for tests: it has no clock and makes silence as fast as it is asked, some million frames a
/// second.
const NOTHING: &str = "alsa:null";

/// A device that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// Stable: `host:name`.
    pub id: String,
    /// For people.
    pub name: String,
    /// Microphone (any input) or loopback.
    pub kind: SourceKind,
    /// Frames a second.
    pub rate: SampleRate,
    /// Channels.
    pub channels: u16,
    /// How its tracks are stored by default.
    pub format: SampleFormat,
    /// Whether it is the system's default of its kind.
    pub default: bool,
}

/// The sound system, opened when it is first needed and again after it failed.
#[derive(Clone)]
pub struct Backend {
    name: String,
    /// What `auto` came to: when that server is down, another system's devices are not the ones that were
    /// recorded.
    chosen: Arc<OnceLock<cpal::HostId>>,
    host: Arc<Mutex<Option<Arc<cpal::Host>>>>,
    /// The latest list of devices, for all who look within [`LISTING_S`].
    listing: Arc<Mutex<Option<Listing>>>,
    /// Asks the server where our streams are.
    watch: Watch,
}

impl Backend {
    /// A backend by cpal's name of the host (`pulseaudio`, `alsa`, …), or `auto`.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            chosen: Arc::default(),
            host: Arc::default(),
            listing: Arc::default(),
            watch: Watch::default(),
        }
    }

    pub(super) fn host(&self) -> Result<Arc<cpal::Host>, SourceError> {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = &*host {
            return Ok(Arc::clone(host));
        }
        let opened = Arc::new(self.open_host()?);
        *host = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn open_host(&self) -> Result<cpal::Host, SourceError> {
        self.check_server()?;
        if let Some(id) = self.chosen.get() {
            return Self::open_by_id(*id);
        }
        if self.name == "auto" {
            let host = cpal::default_host();
            self.chosen.get_or_init(|| host.id());
            return Ok(host);
        }
        let names: Vec<String> = cpal::ALL_HOSTS.iter().map(|id| id.to_string().to_lowercase()).collect();
        let id: cpal::HostId = self.name.parse().map_err(|_| {
            SourceError(format!(
                "audio.host = {:?} is not a sound system of this build: use auto or one of {}",
                self.name,
                names.join(", ")
            ))
        })?;
        self.chosen.get_or_init(|| id);
        Self::open_by_id(id)
    }

    /// A server that is named and can't be had is told: what else there is are other devices.
    fn check_server(&self) -> Result<(), SourceError> {
        let is = |name: &str, of: &str| name.eq_ignore_ascii_case(of);
        let chosen = self.chosen.get().map_or_else(|| self.name.clone(), ToString::to_string);
        let pipewire = || cpal::available_hosts().iter().any(|id| is(&id.to_string(), "pipewire"));
        if is(&chosen, "pulseaudio") || (chosen == "auto" && !pipewire()) {
            server::check(chosen != "auto").map_err(|error| SourceError(error.to_string()))?;
        }
        Ok(())
    }

    fn open_by_id(id: cpal::HostId) -> Result<cpal::Host, SourceError> {
        cpal::host_from_id(id)
            .map_err(|error| SourceError(format!("the sound system {id} does not answer: {error}")))
    }

    /// The host failed: the next one to need it makes another.
    fn forget(&self, failed: &Arc<cpal::Host>) {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        if host.as_ref().is_some_and(|host| Arc::ptr_eq(host, failed)) {
            *host = None;
        }
    }

    /// All devices that can be recorded, defaults first.
    pub fn devices(&self) -> Result<Vec<DeviceInfo>, SourceError> {
        let host = self.host()?;
        let mut infos: Vec<DeviceInfo> =
            self.found(&host)?.into_iter().filter_map(|found| found.info()).collect();
        infos.sort_by_key(|info| (!info.default, info.kind as u8));
        Ok(infos)
    }

    fn found(&self, host: &Arc<cpal::Host>) -> Result<Vec<Found>, SourceError> {
        let devices = host.devices().map_err(|error| {
            self.forget(host);
            SourceError(format!("the sound system does not list its devices: {error}"))
        })?;
        let id_of = |device: Option<cpal::Device>| device.and_then(|d| d.id().ok()).map(|id| id.to_string());
        let input = id_of(host.default_input_device());
        let output = id_of(host.default_output_device());
        let has_monitors = host.id().to_string().eq_ignore_ascii_case("pulseaudio");
        let mut found = Vec::new();
        for device in devices {
            let Ok(id) = device.id().map(|id| id.to_string()) else { continue };
            if id == NOTHING {
                continue;
            }
            let monitor = id.strip_suffix(".monitor");
            // Where the system has no monitor sources, what an output plays is recorded from the output
            // itself.
            let kind = if monitor.is_some() || (!has_monitors && !device.supports_input()) {
                SourceKind::Loopback
            } else {
                SourceKind::Mic
            };
            if has_monitors && !device.supports_input() {
                continue;
            }
            let default = match kind {
                SourceKind::Loopback => output.as_deref() == Some(monitor.unwrap_or(&id)),
                _ => input.as_deref() == Some(id.as_str()),
            };
            found.push(Found { device, id, kind, default });
        }
        Ok(found)
    }

    /// The device of `kind` that is wanted; without a wish, the default one.
    fn find(&self, kind: SourceKind, wanted: Option<&str>) -> Result<(Arc<cpal::Host>, Found), SourceError> {
        let mut host = self.host()?;
        let mut found = self.found(&host);
        if found.is_err() {
            // It was given up; what broke its connection may be over.
            host = self.host()?;
            found = self.found(&host);
        }
        Ok((host, found::choose(found?, kind, wanted)?))
    }

    /// What has become of the device of `kind` with this id and incarnation; with `follow`, whether it is
    /// still the default one.
    fn presence(&self, kind: SourceKind, follow: bool, id: &str, opened: Option<u32>) -> Look {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.now();
        if listing.as_ref().is_none_or(|list| now.seconds_since(list.taken_at) > LISTING_S) {
            *listing = self.list(now);
        }
        // A server that does not answer is another matter: the stream's own error tells of that.
        let Some(list) = &*listing else { return Look::of_now(Presence::Unknown) };
        let age = Duration::from_nanos(now.0.saturating_sub(list.taken_at.0));
        Look { presence: list.presence(kind, follow, id, opened), age }
    }

    /// A device was opened that an older list may not know of.
    fn forget_listing(&self) {
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Lists the devices, for all who want to look.
    fn list(&self, now: MonoNs) -> Option<Listing> {
        let host = self.host().ok()?;
        let Ok(devices) = host.devices() else {
            self.forget(&host);
            return None;
        };
        let id_of = |device: cpal::Device| device.id().ok().map(|id| id.to_string());
        Some(Listing {
            taken_at: now,
            devices: devices.filter_map(|d| Some((d.id().ok()?.to_string(), incarnation(&d)))).collect(),
            input: host.default_input_device().and_then(id_of),
            output: host.default_output_device().and_then(id_of),
        })
    }
}

/// The devices that there were at a moment.
struct Listing {
    /// Before they were asked for.
    taken_at: MonoNs,
    /// Ids and incarnations.
    devices: Vec<(String, Option<u32>)>,
    /// Ids of the default ones.
    input: Option<String>,
    output: Option<String>,
}

impl Listing {
    fn presence(&self, kind: SourceKind, follow: bool, id: &str, opened: Option<u32>) -> Presence {
        let Some((_, found)) = self.devices.iter().find(|(found, _)| found == id) else {
            return Presence::Gone;
        };
        if *found != opened {
            // It went and came back between two looks; the stream was moved meanwhile and stays where it is.
            return Presence::Gone;
        }
        let (default, own) = match kind {
            SourceKind::Loopback => (&self.output, id.strip_suffix(".monitor").unwrap_or(id)),
            _ => (&self.input, id),
        };
        // With no microphone left, a monitor can be the default input: that is not a microphone to go over
        // to.
        let other = default.as_deref().filter(|default| *default != own && !default.ends_with(".monitor"));
        if follow && other.is_some() { Presence::Superseded } else { Presence::There }
    }
}

/// PulseAudio's number of a source, which a device that is plugged in again gets anew. It is only found in
/// what cpal prints of it; where it is not, a device that comes back within one look goes unnoticed.
fn incarnation(device: &cpal::Device) -> Option<u32> {
    let printed = format!("{device:?}");
    let (_, after) = printed.split_once("SourceInfo { index: ")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// One device as a source.
pub struct CpalSource {
    backend: Backend,
    kind: SourceKind,
    wanted: Option<String>,
    buffer_ms: u64,
    opened: Mutex<LastOpened>,
}

/// What was opened last.
#[derive(Debug, Default)]
struct LastOpened {
    id: Option<String>,
    /// Which incarnation of the device.
    incarnation: Option<u32>,
    /// Its stream's place at the server, where there is one.
    seat: Option<Arc<Seat>>,
}

impl CpalSource {
    /// A device by id, or the system's default of its kind.
    pub fn new(backend: Backend, kind: SourceKind, wanted: Option<String>, buffer_ms: u64) -> Self {
        Self { backend, kind, wanted, buffer_ms, opened: Mutex::default() }
    }

    /// What it is at the moment; an error that lists near names where it is not there.
    pub fn info(&self) -> Result<DeviceInfo, SourceError> {
        let (_, found) = self.backend.find(self.kind, self.wanted.as_deref())?;
        found.info().ok_or_else(|| SourceError(format!("{} can't be recorded", found.id)))
    }
}

impl CpalSource {
    fn opened(&self) -> MutexGuard<'_, LastOpened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to open. Where the default has become none of its kind (a monitor for a microphone), who follows
    /// it stays with the one that it was.
    fn find(&self) -> Result<(Arc<cpal::Host>, Found), SourceError> {
        let found = self.backend.find(self.kind, self.wanted.as_deref());
        let last = self.opened().id.clone().filter(|_| self.wanted.is_none());
        match (found, last) {
            (Err(error), Some(last)) => self.backend.find(self.kind, Some(&last)).map_err(|_| error),
            (found, _) => found,
        }
    }

    fn open_stream(&self, found: &Found, plug: &Plug) -> Result<(cpal::Stream, Arc<SinkMeter>), String> {
        let turn = found.server_name().map(|name| (name, Turn::begin()));
        let (stream, meter) = make_stream(found, self.buffer_ms, plug)?;
        match turn {
            Some((name, Ok(turn))) => {
                let seat = Arc::new(turn.seat(name)?);
                self.backend.watch.add(&seat).map_err(|error| format!("can't start a thread: {error}"))?;
                self.opened().seat = Some(seat);
            }
            Some((name, Err(error))) => {
                tracing::warn!(name, %error, "whether the server moves its stream can't be told at once");
            }
            None => {}
        }
        stream.play().map_err(|error| error.to_string())?;
        Ok((stream, meter))
    }
}

impl Source for CpalSource {
    fn label(&self) -> String {
        let kind = if self.kind == SourceKind::Loopback { "loopback" } else { "mic" };
        match &self.wanted {
            Some(id) => format!("{kind}:{id}"),
            None => kind.into(),
        }
    }

    fn timeline(&self) -> Timeline {
        Timeline::Clocked
    }

    fn buffer_ms(&self) -> u64 {
        self.buffer_ms
    }

    fn presence(&self, id: &str) -> Look {
        let follow = self.wanted.is_none();
        let opened = self.opened();
        let Some(seat) = &opened.seat else {
            let incarnation = opened.incarnation;
            drop(opened);
            return self.backend.presence(self.kind, follow, id, incarnation);
        };
        let look = seat.look();
        let monitor = self.kind == SourceKind::Loopback;
        let is_default = |name: &str| self.backend.watch.is_default(monitor, name);
        let presence = match look.presence {
            Presence::There if follow && is_default(seat.name()) == Some(false) => Presence::Superseded,
            Presence::Moved { to } if follow && is_default(&to) == Some(true) => {
                Presence::Moved { to: format!("{to}, which is the default now") }
            }
            presence => presence,
        };
        Look { presence, ..look }
    }

    fn condition(&self) -> Option<Condition> {
        self.opened().seat.as_ref()?.condition()
    }

    fn open(&self, plug: &Plug) -> Result<Opened, SourceError> {
        let (host, found) = self.find()?;
        let id = Some(found.id.clone());
        *self.opened() = LastOpened { id, incarnation: incarnation(&found.device), seat: None };
        self.backend.forget_listing();
        let result = self.open_stream(&found, plug);
        if result.is_err() {
            // Whether it was the device or the host can't be told: a new host costs little once.
            self.backend.forget(&host);
        }
        let (stream, meter) = result.map_err(|error| SourceError(format!("{}: {error}", found.id)))?;
        let name = found.name();
        Ok(Opened {
            stream: Box::new(stream),
            device: Some(found.id),
            name: Some(name),
            meter,
            failure: Failure::default(),
        })
    }
}

/// Makes a stream that is not started yet.
fn make_stream(found: &Found, buffer_ms: u64, plug: &Plug) -> Result<(cpal::Stream, Arc<SinkMeter>), String> {
    let supported = found.config().map_err(|error| error.to_string())?;
    let rate = supported.sample_rate();
    let format = DeviceFormat {
        rate: SampleRate(rate),
        channels: supported.channels(),
        format: stored_as(supported.sample_format()),
    };
    let mut config: StreamConfig = supported.config();
    if found.id.starts_with("pulseaudio:") {
        // The server drops what does not fit into this without a word, so it is deep.
        config.buffer_size = BufferSize::Fixed((u64::from(rate) * buffer_ms / 1000) as u32);
    }
    let sink = plug.sink(format, Timeline::Clocked).map_err(|error| error.0)?;
    let meter = Arc::clone(sink.meter());
    let clock = plug.clock.clone();
    let device = &found.device;
    use cpal::SampleFormat as F;
    let stream = match supported.sample_format() {
        F::I8 => build::<i8>(device, config, sink, clock),
        F::U8 => build::<u8>(device, config, sink, clock),
        F::I16 => build::<i16>(device, config, sink, clock),
        F::U16 => build::<u16>(device, config, sink, clock),
        F::I24 => build::<cpal::I24>(device, config, sink, clock),
        F::I32 => build::<i32>(device, config, sink, clock),
        F::F32 => build::<f32>(device, config, sink, clock),
        F::F64 => build::<f64>(device, config, sink, clock),
        other => return Err(format!("its sample format {other} is not supported")),
    }
    .map_err(|error| error.to_string())?;
    Ok((stream, meter))
}

fn build<T>(
    device: &cpal::Device,
    config: StreamConfig,
    sink: CaptureSink,
    clock: SessionClock,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + 'static,
    f32: FromSample<T>,
{
    let on_error = rt::on_error(Arc::clone(sink.meter()));
    device.build_input_stream(config, rt::on_data::<T>(sink, clock), on_error, Some(BUILD_TIMEOUT))
}
