//! What the view knows. Pure: it is told news, keys and the time, and says what is asked for.

use std::collections::{BTreeMap, VecDeque};

use super::Options;
use super::alarms::Alarms;
use super::meter::Meter;
use super::mode::Mode;
use super::told::Told;
use super::transcript::{Entry, Growing, Transcript, What};
use crate::base::cause::GapCause;
use crate::base::text::{clean, length, timer};
use crate::base::units::SampleRate;
use crate::base::utterance::Utterance;
use crate::base::window_title::{self, State};
use crate::control::Response;
use crate::live::{Device, Doing, News, Notice, Stage, Status, TrackStatus, Urgency};
use crate::session::hiding::Hiding;
use crate::session::journal::Event;
use crate::session::manifest::SourceKind;
use crate::session::mark::Mark;

/// News come ten times a second; after so many seconds without any the recorder is held to be silent.
pub(super) const SILENT_S: f64 = 3.0;
/// Seconds for which a message stands.
const MESSAGE_S: f64 = 8.0;
/// Seconds for which what others wrote to stderr is shown by itself, and lines that are kept for a longer
/// look.
const STRAY_S: f64 = 30.0;
const STRAYS_MAX: usize = 100;
/// Statuses by which it is found up to where the disk has the sound: a minute and a half.
const WRITTEN_MAX: usize = 180;

/// What a person sees of a recording.
#[derive(Debug)]
pub struct View {
    pub(super) options: Options,
    /// Seconds on the view's own clock.
    pub(super) now: f64,
    /// When it was told anything last.
    heard: f64,
    /// Columns and rows.
    pub(super) size: (u16, u16),
    pub(super) status: Option<Box<Status>>,
    /// The session's clock, as far as it was told.
    pub(super) at: f64,
    pub(super) battery: Option<u8>,
    pub(super) meters: BTreeMap<String, Meter>,
    /// What devices are called, by their SPEC.
    pub(super) devices: BTreeMap<String, String>,
    pub(super) transcript: Transcript,
    pub(super) alarms: Alarms,
    pub(super) mode: Mode,
    /// Until when it stands, what it says, and whether it says that something was refused.
    message: Option<(f64, String, bool)>,
    strays: VecDeque<(f64, String)>,
    /// They are shown for as long as somebody wants to.
    pub(super) strays_wanted: bool,
    /// The mark that was set or changed last.
    pub(super) mark: Option<Mark>,
    kinds: BTreeMap<String, (String, SourceKind)>,
    rates: BTreeMap<String, SampleRate>,
    /// What must not be seen any more.
    hiding: Hiding,
    paused_at: Option<f64>,
    /// By track, session second and seconds that were written by then.
    written: BTreeMap<String, VecDeque<(f64, f64)>>,
    /// There is no more to be told.
    pub(super) over: bool,
}

impl View {
    /// One that knows nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            now: 0.0,
            heard: 0.0,
            size: (80, 24),
            status: None,
            at: 0.0,
            battery: None,
            meters: BTreeMap::new(),
            devices: BTreeMap::new(),
            transcript: Transcript::default(),
            alarms: Alarms::default(),
            mode: Mode::Normal,
            message: None,
            strays: VecDeque::new(),
            strays_wanted: false,
            mark: None,
            kinds: BTreeMap::new(),
            rates: BTreeMap::new(),
            hiding: Hiding::default(),
            paused_at: None,
            written: BTreeMap::new(),
            over: false,
        }
    }

    /// It is so many seconds since the view began.
    pub fn tick(&mut self, now: f64) {
        self.now = now;
        if self.message.as_ref().is_some_and(|(until, ..)| now >= *until) {
            self.message = None;
        }
        self.tire();
    }

    /// The terminal has so many columns and rows.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.size = (columns, rows);
    }

    /// The fullest battery's charge; `None` where there is no battery.
    pub fn charged(&mut self, percent: Option<u8>) {
        self.battery = percent;
    }

    /// Something is new.
    pub fn tell(&mut self, told: Told) {
        self.heard = self.now;
        match told {
            Told::Line(line, name) => self.line(&line, &name),
            Told::Growing(line, name) => {
                let (id, name, mut text) = (line.id.clone(), clean(&name), clean(&line.text));
                if self.hiding.touches(line.start, line.end) || self.hiding.hides(line.start) {
                    text.clear();
                }
                let growing = Growing { id, at: line.start, until: line.end.max(line.start), name, text };
                self.transcript.grow(&line.track, growing);
            }
            Told::Voice { voice, name } => {
                self.transcript.rename(&name, |of, _| of == Some(voice.as_str()));
            }
            // What could not be written down has no moment.
            Told::Event(at, event) => self.event(if at < f64::MAX { at } else { self.at }, &event),
            Told::Levels(levels) => {
                self.at = self.at.max(levels.at);
                for level in &levels.tracks {
                    self.meters.entry(level.track.clone()).or_default().hear(level, self.at);
                }
            }
            Told::Status(status) => self.status(status),
            Told::Stage(stage) => self.stage(&stage),
            Told::Lagged(missed) => {
                self.say(format!("{missed} news came too fast for this view; what lasts of them follows"));
            }
            Told::Over => self.over = true,
        }
    }

    /// What was asked for has been answered.
    pub fn answered(&mut self, response: &Response) {
        match response {
            Response::Marked(mark) => {
                self.say(format!("{} {}: {}", timer(mark.at), mark.kind.title(), clean(&mark.text)));
            }
            Response::Refused { error } => self.refuse(error),
            _ => {}
        }
    }

    /// Somebody wrote this to stderr.
    pub fn stray(&mut self, line: &str) {
        if self.strays.len() == STRAYS_MAX {
            self.strays.pop_front();
        }
        self.strays.push_back((self.now, clean(line)));
    }

    /// Says something for a while.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.message = Some((self.now + MESSAGE_S, text.into(), false));
    }

    pub(super) fn refuse(&mut self, why: &str) {
        self.message = Some((self.now + 2.0 * MESSAGE_S, clean(why), true));
    }

    /// What it says at the moment, and whether that is a refusal.
    pub(super) fn message(&self) -> Option<(&str, bool)> {
        self.message.as_ref().map(|(_, text, refused)| (text.as_str(), *refused))
    }

    /// What others wrote to stderr, as far as it is to be seen now.
    pub(super) fn strays(&self, room: usize) -> Vec<&str> {
        let is_new = |at: f64| self.now - at < STRAY_S;
        let seen = self.strays.iter().rev().filter(|(at, _)| self.strays_wanted || is_new(*at));
        let mut lines: Vec<&str> = seen.take(room).map(|(_, line)| line.as_str()).collect();
        lines.reverse();
        lines
    }

    /// For so many seconds nothing has been told, which is too long.
    pub(super) fn silent_for(&self) -> Option<f64> {
        Some(self.now - self.heard).filter(|silent| *silent >= SILENT_S && !self.over)
    }

    /// What makes the window's title say how it goes; nothing, as long as that is not known.
    pub(super) fn window_title(&self) -> String {
        let Some(status) = &self.status else { return String::new() };
        let state = match (self.silent_for(), status.doing) {
            (Some(_), _) => State::Unknown,
            (None, Doing::Recording | Doing::Ending) => State::Recording,
            (None, Doing::Paused) => State::Paused,
            (None, Doing::Finishing) => State::Safe,
        };
        window_title::set(state, &status.title)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.doing == Doing::Paused)
    }

    /// What a source is called now.
    pub(super) fn called(&self, track: &TrackStatus) -> String {
        clean(&track.name)
    }

    /// All text so far, as lines for a terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |entry: &Entry| match &entry.what {
            What::Said { name, text, .. } => format!("[{}] {name}: {text}", timer(entry.at)),
            What::Mark { kind, text } => format!("[{}] {}: {text}", timer(entry.at), kind.title()),
            What::Missing { text, .. } | What::Happened { text, .. } => {
                format!("[{}] {text}", timer(entry.at))
            }
        };
        self.transcript.entries().iter().map(line).collect()
    }

    /// Session second up to which a power cut would take nothing: the disk has said so.
    pub(super) fn safe_to(&self) -> Option<f64> {
        let status = self.status.as_ref()?;
        let of_track = |track: &TrackStatus| {
            let written = self.written.get(&track.track)?;
            let held = written.iter().rev().find(|(_, written)| *written <= track.durable + 1e-3);
            held.or(written.front()).map(|(at, _)| *at)
        };
        let open = status.tracks.iter().filter(|track| track.device == Device::Open);
        open.filter_map(of_track).reduce(f64::min)
    }

    fn line(&mut self, line: &Utterance, name: &str) {
        if let Some(voice) = line.voice.as_deref().filter(|_| !line.named && line.is_shown()) {
            // What is known of a voice now holds for what it said before.
            self.transcript.rename(name, |of, _| of == Some(voice));
        }
        if !line.is_shown() {
            return self.transcript.remove(&line.id);
        }
        let what = What::Said { line: Box::new(line.clone()), name: clean(name), text: String::new() };
        self.put(Entry { id: line.id.clone(), at: line.start, what });
    }

    /// Puts what was said or marked where it belongs, as far as it is not hidden.
    fn put(&mut self, mut entry: Entry) {
        let is_seen = match &mut entry.what {
            What::Said { line, text, .. } => match self.hiding.left_of(line) {
                Some(left) => {
                    *text = clean(&left.text);
                    true
                }
                None => false,
            },
            What::Mark { .. } => !self.hiding.hides(entry.at),
            What::Missing { .. } | What::Happened { .. } => true,
        };
        if is_seen {
            self.transcript.put(entry);
        } else {
            self.transcript.put_aside(entry);
        }
    }

    /// A passage is hidden from now on, or shown again: what was said and marked there goes, or comes back.
    fn hide(&mut self, event: &Event) {
        let Event::Hidden { id, from, to, shown } = event else { return };
        if !self.hiding.hear(event) {
            return;
        }
        let marker = format!("hidden {id}");
        if *shown {
            self.transcript.remove(&marker);
        } else {
            let text = format!("hidden up to {}: not for publication ({})", timer(*to), clean(id));
            let what = What::Missing { text, lost: false };
            self.transcript.put(Entry { id: marker, at: *from, what });
        }
        let lies_there = |entry: &&Entry| match &entry.what {
            What::Said { line, .. } => line.start < *to && line.end >= *from,
            What::Mark { .. } => (*from..=*to).contains(&entry.at),
            What::Missing { .. } | What::Happened { .. } => false,
        };
        let entries: Vec<Entry> = self.transcript.all().filter(lies_there).cloned().collect();
        entries.into_iter().for_each(|entry| self.put(entry));
        self.transcript.retract(|line| line.at < *to && line.until >= *from);
        self.mark = self.mark.take().filter(|mark| !self.hiding.hides(mark.at));
    }

    fn status(&mut self, status: Box<Status>) {
        self.at = self.at.max(status.elapsed);
        self.alarms.hear(&status);
        for track in &status.tracks {
            let written = self.written.entry(track.track.clone()).or_default();
            if written.len() == WRITTEN_MAX {
                written.pop_front();
            }
            written.push_back((status.elapsed, track.written));
        }
        self.status = Some(status);
    }

    fn stage(&mut self, stage: &Stage) {
        if let Some(notice) = Notice::of(&News::Stage(stage.clone())) {
            self.say(clean(&notice.text));
        }
    }

    fn event(&mut self, at: f64, event: &Event) {
        match event {
            Event::Started { sources, .. } => {
                for source in sources {
                    self.kinds.insert(source.track.clone(), (clean(&source.name), source.kind));
                }
            }
            Event::TakeStarted(take) => {
                self.rates.insert(take.track.clone(), take.rate);
            }
            Event::Mark { id, at, mark: kind, text, withdrawn } => {
                let mark = Mark { id: id.clone(), at: *at, kind: *kind, text: clean(text) };
                let of_mark = format!("mark {id}");
                if *withdrawn {
                    self.transcript.remove(&of_mark);
                    self.mark = self.mark.take().filter(|last| last.id != *id);
                } else {
                    let what = What::Mark { kind: *kind, text: mark.text.clone() };
                    self.put(Entry { id: of_mark, at: *at, what });
                    self.mark = Some(mark).filter(|mark| !self.hiding.hides(mark.at));
                }
            }
            Event::Renamed { from, to } => {
                let from = clean(from);
                self.transcript.rename(to, |_, name| name == from);
                // The next status says it, too.
                let tracks = self.status.iter_mut().flat_map(|status| &mut status.tracks);
                tracks.filter(|track| clean(&track.name) == from).for_each(|track| track.name.clone_from(to));
            }
            Event::VoiceNamed { voice, name } => {
                self.transcript.rename(name, |of, _| of == Some(voice.as_str()));
            }
            Event::VoiceMerged { from, into } => self.transcript.merge(from, into),
            Event::Paused { at } => {
                self.paused_at = Some(*at);
                self.missing(*at, "paused", "paused: nothing is recorded from here on", false);
            }
            Event::Resumed { at } => {
                if let Some(from) = self.paused_at.take() {
                    let text = format!("not recorded up to {}: paused for {}", timer(*at), length(at - from));
                    self.missing(from, "paused", &text, false);
                }
            }
            Event::Hidden { .. } => self.hide(event),
            Event::Gap { track, at, frames, cause, .. } => self.gap(track, *at, frames.0, *cause),
            event => self.happened(at, event),
        }
    }

    fn gap(&mut self, track: &str, at: f64, frames: u64, cause: GapCause) {
        let Some(rate) = self.rates.get(track).filter(|rate| rate.0 > 0) else { return };
        let seconds = frames as f64 / f64::from(rate.0);
        let Some((name, kind)) = self.kinds.get(track) else { return };
        let why = cause.name().replace('_', " ");
        let text = if cause.is_loss(*kind, seconds) {
            format!("{name}: {} LOST ({why})", length(seconds))
        } else if matches!(cause, GapCause::Muted | GapCause::Suspend) {
            format!("{name}: {} not recorded ({why})", length(seconds))
        } else {
            return;
        };
        self.missing(at, track, &text, cause.is_loss(*kind, seconds));
    }

    fn missing(&mut self, at: f64, of: &str, text: &str, lost: bool) {
        let what = What::Missing { text: text.to_owned(), lost };
        self.transcript.put(Entry { id: format!("missing {of} {at}"), at, what });
    }

    fn happened(&mut self, at: f64, event: &Event) {
        if let Event::DeviceOpened { source, name: Some(name), .. } = event {
            self.devices.insert(source.clone(), clean(name));
        }
        let Some(notice) = Notice::of_event(event) else { return };
        let (alarm, text) = (notice.urgency == Urgency::Alarm, clean(&notice.text));
        // Those that stand are in the status; the others happen once.
        if alarm && !matches!(event, Event::Alarm { .. }) {
            self.alarms.strike(at, &text);
        }
        let id = format!("event {at} {text}");
        self.transcript.put(Entry { id, at, what: What::Happened { text, alarm } });
    }
}
