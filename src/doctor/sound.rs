//! Listens to devices for some seconds, through the very path that a recording takes: lane, callback, rings,
//! drain, and what the drain decides is missing. Only the writer is lacking: what was heard is measured and
//! thrown away.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rtrb::Consumer;
use serde::Serialize;

use super::voices::{Kept, VoicesReport};
use super::{Finding, Severity, dbfs};
use crate::base::cause::{Alarm, Condition};
use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleFormat, SampleRate};
use crate::capture::drain::Item;
use crate::capture::lane::{Lane, XRUN};
use crate::clock::envelope::median;
use crate::clock::glance::{Glance, glance};
use crate::clock::trouble::{rate_trouble, uneven_trouble};
use crate::clock::{MonoNs, SessionClock, SystemClock};
use crate::recording::DeviceSpec;
use crate::session::journal::Event;
use crate::session::manifest::{GapCause, SourceEntry, SourceKind};
use crate::writer::alarms::{Change, TrackAlarms, WITHHELD, is_withheld};

/// [`Listening::step`] is to be called this often.
pub const STEP_EVERY: Duration = Duration::from_millis(20);
/// A microphone that has not begun to deliver is waited for so much longer, in seconds.
const PATIENCE_S: f64 = 5.0;
/// Devices have so long to close before they are given up, in seconds.
const CLOSE_S: f64 = 5.0;
/// Largest uncertainty, in parts per million, at which a rate is worth reporting.
const UNCERTAIN_MAX: f64 = 500.0;
/// Seconds of exact zeros after which a source is not just a quiet room.
const ZEROS_S: f64 = 1.0;
/// A microphone of which nothing louder is heard (in dBFS) may be turned down.
const QUIET_DBFS: f64 = -60.0;

/// What was heard of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceReport {
    /// Name, kind and device, as a recording would have them.
    #[serde(flatten)]
    pub source: SourceEntry,
    /// Whether it delivered anything.
    pub delivers: bool,
    /// Seconds of sound that were heard.
    pub seconds: f64,
    /// Frames a second, as the device states it.
    pub rate: Option<SampleRate>,
    /// Channels of the device.
    pub channels: Option<u16>,
    /// How its track would be stored.
    pub stored_as: Option<SampleFormat>,
    /// Highest sample, in dBFS; `None` if all were zero or there were none.
    pub peak_dbfs: Option<f64>,
    /// Root of the mean square, in dBFS; a full square wave is 0.
    pub rms_dbfs: Option<f64>,
    /// It delivered nothing but exact zeros.
    pub only_zeros: bool,
    /// Its rate as measured; `None` if the time was too short to tell.
    pub clock: Option<Glance>,
    /// How far its deliveries lie from an even rate, in milliseconds (median of the earliest of each second);
    /// `None` if there were too few.
    pub residual_ms: Option<f64>,
    /// How old a sample is when it arrives, as the sound system has it, in milliseconds; `None` if it does
    /// not say.
    pub latency_ms: Option<f64>,
    /// Between two deliveries, on average, in milliseconds.
    pub period_ms: Option<f64>,
    /// The longest time between two, in milliseconds.
    pub longest_pause_ms: Option<f64>,
    /// Overruns that the sound system reports.
    pub xruns: u64,
    /// Frames that found no room on our side.
    pub overrun_frames: u64,
    /// Seconds that are missing, by cause.
    pub missing: Vec<Missing>,
    /// It is muted or at volume 0 in the system's sound settings.
    pub silenced: bool,
    /// Programs that played to it, where what is played is recorded.
    pub players: Vec<String>,
    /// Why it is not open, or was not.
    pub trouble: Option<String>,
    /// What the sound system said meanwhile.
    pub notices: Vec<String>,
    /// Whether several people share it.
    #[serde(flatten)]
    pub people: VoicesReport,
}

/// Missing sound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Missing {
    pub cause: GapCause,
    pub seconds: f64,
}

/// Devices that are being listened to.
pub struct Listening {
    clock: SessionClock,
    seconds: f64,
    devices: Vec<Device>,
    stopped_at: Option<MonoNs>,
}

impl Listening {
    /// Opens the devices when it is stepped, and listens to each for that many seconds from when it is open.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(devices: Vec<DeviceSpec>, seconds: f64) -> io::Result<Self> {
        let clock = SessionClock::start_now(Arc::new(SystemClock));
        let devices = devices.into_iter().map(|device| Device::start(device, &clock));
        Ok(Self { devices: devices.collect::<io::Result<_>>()?, clock, seconds, stopped_at: None })
    }

    /// Looks after the devices and takes what they gave; false once all are closed.
    pub fn step(&mut self) -> bool {
        let now = self.clock.mono();
        let second = self.clock.seconds_of(now);
        for device in &mut self.devices {
            device.step(now, second);
        }
        let seconds = self.seconds;
        if self.stopped_at.is_none() && self.devices.iter().all(|device| device.is_done(second, seconds)) {
            self.stop();
        }
        let Some(stopped_at) = self.stopped_at else { return true };
        // All of them are asked: each lane joins its own thread.
        let open = self.devices.iter_mut().filter_map(|device| (!device.is_over()).then_some(())).count();
        open > 0 && now.seconds_since(stopped_at) < CLOSE_S
    }

    /// Closes the devices before their time.
    pub fn stop(&mut self) {
        self.stopped_at.get_or_insert_with(|| self.clock.mono());
        self.devices.iter().for_each(|device| device.lane.stop());
    }

    /// Whether anything delivers at this moment.
    pub fn is_open(&self) -> bool {
        self.devices.iter().any(|device| device.opened_s.is_some())
    }

    /// What was heard, source by source, with its sound, and what is wrong with it.
    pub fn heard(self) -> (Vec<(SourceReport, Kept)>, Vec<Finding>) {
        let mut all = Vec::new();
        let mut findings = Vec::new();
        for device in self.devices {
            for (heard, ear) in device.heard() {
                judge(&heard, ear.clipping, &mut findings);
                all.push((heard, ear.kept));
            }
        }
        (all, findings)
    }
}

/// One device, and what was heard of it.
struct Device {
    lane: Arc<Lane>,
    queue: Consumer<Item>,
    ears: Vec<SourceProbe>,
    stored_as: Option<SampleFormat>,
    format: Option<DeviceFormat>,
    /// Session second at which it was opened.
    opened_s: Option<f64>,
    /// Frames of the take so far, and up to where its clock starts anew.
    frames: Frames,
    anew: Frames,
    sound: Frames,
    observed: Vec<(Frames, f64)>,
    trouble: Option<String>,
    latencies: Vec<f64>,
    callbacks: u64,
    delivered: u64,
    longest_pause_s: f64,
    xruns: u64,
    notices: Vec<String>,
    missing: Vec<Missing>,
    over: bool,
    condition: Condition,
}

impl Device {
    fn start(device: DeviceSpec, clock: &SessionClock) -> io::Result<Self> {
        let (lane, queue) = Lane::start(device.source, clock.clone())?;
        Ok(Self {
            lane,
            queue,
            ears: device.tracks.into_iter().map(SourceProbe::new).collect(),
            stored_as: device.format,
            format: None,
            opened_s: None,
            frames: Frames(0),
            anew: Frames(0),
            sound: Frames(0),
            observed: Vec::new(),
            trouble: None,
            latencies: Vec::new(),
            callbacks: 0,
            delivered: 0,
            longest_pause_s: 0.0,
            xruns: 0,
            notices: Vec::new(),
            missing: Vec::new(),
            over: false,
            condition: Condition::default(),
        })
    }

    fn kind(&self) -> SourceKind {
        self.ears[0].source.kind
    }

    fn step(&mut self, now: MonoNs, second: f64) {
        for event in self.lane.step(now) {
            self.note(event, second);
        }
        if let Some(condition) = self.lane.condition() {
            self.condition = condition;
        }
        if let Some(meter) = self.lane.meter() {
            self.latencies.extend(Some(meter.latency()).filter(|latency| *latency > 0.0));
            (self.callbacks, self.delivered) = (meter.callbacks(), meter.frames());
            self.longest_pause_s = meter.longest_pause();
        }
        while let Ok(item) = self.queue.pop() {
            self.take(item);
        }
    }

    fn note(&mut self, event: Event, second: f64) {
        match event {
            Event::DeviceOpened { .. } => {
                self.trouble = None;
                self.opened_s.get_or_insert(second);
            }
            Event::DeviceLost { reason, .. } | Event::SourceBroken { reason, .. } => {
                self.trouble = Some(reason);
            }
            Event::DeviceNotice { notice, .. } => {
                self.xruns += u64::from(notice == XRUN);
                if !self.notices.contains(&notice) {
                    self.notices.push(notice);
                }
            }
            Event::ThreadAbandoned { doing, .. } => {
                self.notices.push(format!("the sound system hangs while {doing}"));
            }
            _ => {}
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::TakeStart { format, .. } => {
                self.format = Some(format);
                (self.frames, self.anew) = (Frames(0), Frames(0));
                self.observed.clear();
            }
            Item::Sound(samples) => self.hear(&samples),
            Item::Silence { frames, cause } => {
                self.frames += frames;
                self.anew = self.frames;
                if let Some(format) = self.format {
                    self.miss(cause, frames.seconds(format.rate));
                }
            }
            Item::Absent { seconds, cause, .. } => self.miss(cause, seconds),
            Item::Foreign { frames, .. } => {
                if let Some(format) = self.format {
                    self.miss(GapCause::Foreign, frames.seconds(format.rate));
                }
            }
            Item::Observed(more) => self.observed.extend(more),
            Item::TakeEnd { slips, .. } => {
                if let Some(format) = self.format {
                    slips.iter().for_each(|slip| self.miss(GapCause::Slip, slip.frames.seconds(format.rate)));
                }
            }
            Item::Rate(_) | Item::Clock(_) => {}
        }
    }

    fn hear(&mut self, samples: &[f32]) {
        let Some(format) = self.format else { return };
        let frames = Frames((samples.len() / usize::from(format.channels.max(1))) as u64);
        let span = (self.frames.seconds(format.rate), (self.frames + frames).seconds(format.rate));
        for ear in &mut self.ears {
            ear.hear(samples, usize::from(format.channels.max(1)), span);
            ear.kept.hear(samples, &format, ear.source.channel);
        }
        self.frames += frames;
        self.sound += frames;
    }

    fn miss(&mut self, cause: GapCause, seconds: f64) {
        match self.missing.iter_mut().find(|missing| missing.cause == cause) {
            Some(missing) => missing.seconds += seconds,
            None => self.missing.push(Missing { cause, seconds }),
        }
    }

    /// Whether it has been listened to for `seconds`, or there is no more to wait for.
    fn is_done(&self, second: f64, seconds: f64) -> bool {
        let patience = if self.kind() == SourceKind::Loopback { 0.0 } else { PATIENCE_S };
        let until = self.opened_s.map_or(seconds + patience, |opened| opened + seconds);
        self.lane.is_ended() || second >= until
    }

    fn is_over(&mut self) -> bool {
        self.over = self.over || self.lane.is_drained();
        self.over && self.queue.is_empty()
    }

    /// What was heard of each of its sources.
    fn heard(self) -> Vec<(SourceReport, SourceProbe)> {
        let rate = self.format.map(|format| format.rate);
        let seconds = rate.map_or(0.0, |rate| self.sound.seconds(rate));
        let observed: Vec<_> = self.observed.iter().copied().filter(|(at, _)| *at > self.anew).collect();
        let seen = rate.and_then(|rate| glance(&observed, rate));
        let clock = seen.filter(|clock| clock.uncertain_ppm <= UNCERTAIN_MAX);
        let ms = |seconds: f64| Some(seconds * 1e3).filter(|ms| *ms > 0.0);
        let period_s =
            rate.map_or(0.0, |rate| Frames(self.delivered).seconds(rate) / (self.callbacks.max(1)) as f64);
        let device = |ear: &SourceProbe| SourceReport {
            source: ear.source.clone(),
            delivers: self.sound.0 > 0,
            seconds,
            rate,
            channels: self.format.map(|format| format.channels),
            stored_as: self.stored_as.or(self.format.map(|format| format.format)),
            peak_dbfs: dbfs(f64::from(ear.peak)),
            rms_dbfs: dbfs((ear.energy / ear.samples.max(1) as f64).sqrt()),
            only_zeros: ear.peak == 0.0 && seconds >= ZEROS_S,
            clock,
            residual_ms: seen.map(|clock| clock.residual_ms),
            latency_ms: ms(median(self.latencies.clone())),
            period_ms: ms(period_s),
            longest_pause_ms: ms(self.longest_pause_s),
            xruns: self.xruns,
            overrun_frames: self.lane.look().overrun,
            missing: self.missing.clone(),
            silenced: self.condition.silenced,
            players: self.condition.players.clone(),
            trouble: self.trouble.clone(),
            notices: self.notices.clone(),
            people: VoicesReport::default(),
        };
        let reports: Vec<SourceReport> = self.ears.iter().map(device).collect();
        reports.into_iter().zip(self.ears).collect()
    }
}

/// What one source hears of its device.
struct SourceProbe {
    source: SourceEntry,
    alarms: TrackAlarms,
    clipping: Option<String>,
    peak: f32,
    energy: f64,
    samples: u64,
    kept: Kept,
}

impl SourceProbe {
    fn new(source: SourceEntry) -> Self {
        let alarms = TrackAlarms::new(source.kind);
        let kept = Kept::default();
        Self { source, alarms, clipping: None, peak: 0.0, energy: 0.0, samples: 0, kept }
    }

    /// Interleaved samples; `span` is in seconds of the take.
    fn hear(&mut self, samples: &[f32], channels: usize, span: (f64, f64)) {
        let first = self.source.channel.map_or(0, |n| usize::from(n) - 1);
        let every = if self.source.channel.is_some() { channels } else { 1 };
        let own = || samples.iter().copied().skip(first).step_by(every);
        for sample in own() {
            self.peak = self.peak.max(sample.abs());
            self.energy += f64::from(sample * sample);
            self.samples += 1;
        }
        self.alarms.hear(own(), if every == 1 { channels } else { 1 }, span, span.1);
        let clipping = |change: &Change| change.on && change.alarm == Alarm::Clipping;
        self.clipping =
            self.alarms.take_changes().into_iter().find(clipping).map(|c| c.text).or(self.clipping.take());
    }
}

/// What is wrong with a source.
fn judge(heard: &SourceReport, clipping: Option<String>, findings: &mut Vec<Finding>) {
    let name = &heard.source.name;
    let mut find = |severity, text: String, advice: &str| {
        findings.push(Finding::new(severity, name, text, advice));
    };
    let loopback = heard.source.kind == SourceKind::Loopback;
    if heard.silenced && (!heard.delivers || heard.only_zeros) {
        return judge_silenced(heard, find);
    }
    if !heard.delivers {
        let reason = heard.trouble.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        if loopback && heard.trouble.is_none() {
            return find(
                Severity::Hint,
                "delivers nothing: nothing is being played".into(),
                "play something (a call's test sound will do) and run hansard doctor again, to see its level",
            );
        }
        return find(
            Severity::Loss,
            format!("delivers nothing{reason}"),
            "see that it is plugged in, switched on and not suspended or held by another program; hansard devices lists what there is",
        );
    }
    if heard.only_zeros && !loopback {
        find(
            Severity::Loss,
            format!("delivers nothing but digital silence: every sample of {:.0} s is zero", heard.seconds),
            if cfg!(target_os = "macos") && is_withheld(heard.source.kind, false) {
                WITHHELD
            } else {
                "unmute it (also at the device itself) and see that it is the right one; hansard devices lists what there is"
            },
        );
    } else if heard.peak_dbfs.is_none_or(|peak| peak < QUIET_DBFS) && !loopback {
        find(
            Severity::Hint,
            format!("is very quiet: nothing above {QUIET_DBFS:.0} dBFS was heard"),
            "say something meanwhile; if it stays so quiet, turn its level up in the system's sound settings",
        );
    }
    if let Some(text) = clipping {
        find(
            Severity::Loss,
            text,
            "turn its level down in the system's sound settings, or its gain at the device",
        );
    }
    let lost = |missing: &&Missing| missing.cause.is_loss(heard.source.kind, missing.seconds);
    let lost: Vec<String> = heard.missing.iter().filter(lost).map(Missing::told).collect();
    if !lost.is_empty() || heard.xruns > 0 {
        let xruns = (heard.xruns > 0).then(|| "the sound system reports overruns".to_owned());
        let all: Vec<String> = lost.into_iter().chain(xruns).collect();
        find(
            Severity::Loss,
            format!("lost sound while it was listened to: {}", all.join(", ")),
            "close what keeps the computer busy, use another USB port without a hub, or raise audio.buffer_ms (hansard config show)",
        );
    }
    if let Some(trouble) = heard.clock_trouble() {
        let advice = "choose the device's own rate in the system's sound settings, or another port; the recording is corrected for it";
        find(Severity::Hint, trouble, advice);
    }
}

/// It is muted or at volume 0, and nothing was heard of it.
fn judge_silenced(heard: &SourceReport, mut find: impl FnMut(Severity, String, &str)) {
    if heard.source.kind != SourceKind::Loopback {
        return find(
            Severity::Loss,
            "is muted or at volume 0 in the system's sound settings, and delivers nothing but digital silence".into(),
            "unmute it there",
        );
    }
    let advice = "unmute it in the system's sound settings, and turn the loudspeaker itself down if need be";
    if heard.players.is_empty() {
        let text = "the loudspeaker is muted or at volume 0: what is played may be recorded as silence";
        return find(Severity::Hint, text.into(), advice);
    }
    let text = format!(
        "the loudspeaker is muted or at volume 0, and what {} plays arrives as digital silence",
        heard.players.join(" and ")
    );
    find(Severity::Loss, text, advice);
}

impl Missing {
    /// `0.30 s (overrun)`
    fn told(&self) -> String {
        format!("{:.2} s ({})", self.seconds, self.cause.name())
    }
}

impl SourceReport {
    /// What is wrong with its clock, by the bounds that `record` alarms by.
    fn clock_trouble(&self) -> Option<String> {
        let known = self.clock.zip(self.rate);
        known
            .and_then(|(clock, rate)| rate_trouble(clock.ppm, clock.uncertain_ppm, f64::from(rate.0)))
            .or_else(|| self.residual_ms.and_then(uneven_trouble))
    }
}
