//! What a Recorder answers to those who steer it: another command through the socket, a key in its own
//! terminal.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tokio::sync::oneshot;

use super::{LEVELS_A_SECOND, News, Phase, State, TICKS_A_SECOND};
use crate::audio::level::WINDOWS_PER_S;
use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::capture::drain::Timeline;
use crate::control::{Request, Response};
use crate::live::{
    Device, Doing, LOUDNESS_S, Levels, STATUS_A_SECOND, Status, TrackLevel, TrackStatus, Trouble,
};
use crate::recording::reminders::Heard;
use crate::session::journal::Event;
use crate::session::mark::{self, Mark, MarkKind};
use crate::session::shared::TrackShared;
use crate::session::voices;

impl State {
    /// Carries out what was asked and answers; who asked may be gone.
    pub(super) fn asked(&mut self, request: Request, reply: oneshot::Sender<Response>) {
        let response = match request {
            Request::Stop if !matches!(self.phase, Phase::Transcribing { .. } | Phase::Over) => {
                self.ask_to_end(Some("hansard stop".into()));
                // Answered when the recording is safe.
                self.stop_waiters.push(reply);
                return;
            }
            Request::Stop => Response::Stopped { closed: self.is_safe },
            Request::Status => Response::Status(Box::new(self.status())),
            Request::Mark { text, kind, at } => self.mark(&text, kind, at),
            Request::Remark(mark) => self.remark(mark),
            Request::Name { events } => self.name(events),
            Request::Edit { events, lines, seen } => match self.edit(events, lines, seen) {
                Some(response) => response,
                None => {
                    let edited_at = Arc::clone(&self.edited_at);
                    // Answered when it stands in the files: who corrects next reads them.
                    self.recording.when_written(move |seen| {
                        edited_at.store(seen, Ordering::Release);
                        drop(reply.send(Response::Edited { seen }));
                    });
                    return;
                }
            },
            Request::Pause => self.pause(),
            Request::Resume => self.resume(),
            Request::Mute { name } => self.mute(&name),
            Request::Unmute { name } => self.unmute(&name),
            // A stream, which the socket's server gives from the news.
            Request::Follow(_) => refused("news can only be followed through the recorder's socket"),
        };
        if reply.send(response).is_err() {
            tracing::debug!("nobody waits for the answer");
        }
    }

    fn mark(&self, text: &str, kind: Option<MarkKind>, at: Option<f64>) -> Response {
        let now = self.recording.clock.now().seconds();
        if at.is_some_and(|at| !at.is_finite() || at < 0.0 || at > now) {
            return refused("that moment has not been recorded yet: --at counts from the session's start");
        }
        match mark::parse(text, kind) {
            Ok((kind, text)) => Response::Marked(self.recording.mark(at, kind, text)),
            Err(error) => refused(error),
        }
    }

    fn remark(&self, mark: Mark) -> Response {
        let is_ours = (1..=self.recording.marks()).any(|n| mark::id(n) == mark.id);
        let now = self.recording.clock.now().seconds();
        if !is_ours {
            return refused(format_args!("this recording has no {}", clean(&mark.id)));
        }
        if !mark.at.is_finite() || mark.at < 0.0 || mark.at > now {
            return refused("that moment has not been recorded yet");
        }
        match mark::parse(&mark.text, Some(mark.kind)) {
            Ok((kind, text)) => Response::Marked(self.recording.remark(Mark { kind, text, ..mark })),
            Err(error) => refused(error),
        }
    }

    fn name(&self, events: Vec<Event>) -> Response {
        if events.is_empty() || !events.iter().all(is_naming) {
            return refused("that says of nobody what they are called");
        }
        events.into_iter().for_each(|event| self.recording.note(event));
        Response::Named
    }

    /// Corrects what was recorded; an answer is why it does not.
    fn edit(&self, events: Vec<Event>, lines: Vec<Utterance>, seen: u64) -> Option<Response> {
        let is_a_persons = |event: &Event| {
            let is_other =
                matches!(event, Event::Hidden { .. } | Event::Described { .. } | Event::Mark { .. });
            is_other || is_naming(event)
        };
        let is_known = |line: &Utterance| self.recording.tracks.iter().any(|track| track.track == line.track);
        if !events.iter().all(is_a_persons)
            || !lines.iter().all(|line| line.edited.is_some() && is_known(line))
        {
            return Some(refused("that is no correction"));
        }
        if matches!(self.phase, Phase::Over) {
            return Some(refused("the recording has just ended; correct it again"));
        }
        // Only this actor begins one, so nothing comes between the two.
        if seen < self.edited_at.load(Ordering::Acquire) {
            return Some(Response::Stale);
        }
        self.edited_at.store(u64::MAX, Ordering::Release);
        events.into_iter().for_each(|event| self.recording.note(event));
        for line in lines {
            if let Some(transcribe) = &self.transcribe {
                let analysis = &transcribe.analysis;
                analysis.lock().unwrap_or_else(PoisonError::into_inner).correct(line.clone());
            }
            self.recording.write_edited(line);
        }
        None
    }

    fn pause(&self) -> Response {
        match self.recording.pause() {
            Ok((at, already)) => Response::Paused { at, already },
            Err(error) => refused(error),
        }
    }

    fn resume(&self) -> Response {
        match self.recording.resume() {
            Ok((at, since)) => Response::Resumed { at, since },
            Err(error) => refused(error),
        }
    }

    fn mute(&self, name: &str) -> Response {
        match self.recording.mute(name) {
            Ok((track, at, already)) => {
                let name = self.recording.called(&track);
                Response::Muted { track: track.track.clone(), name, at, already }
            }
            Err(error) => refused(error),
        }
    }

    fn unmute(&self, name: &str) -> Response {
        match self.recording.unmute(name) {
            Ok((track, at, since)) => {
                let name = self.recording.called(&track);
                Response::Unmuted { track: track.track.clone(), name, at, since }
            }
            Err(error) => refused(error),
        }
    }

    /// Publishes levels and status, when it is time and somebody listens.
    pub(super) fn publish(&mut self) {
        self.ticks = self.ticks.wrapping_add(1);
        let news = &self.recording.news;
        if !news.is_heard() {
            return;
        }
        if self.ticks.is_multiple_of(TICKS_A_SECOND / LEVELS_A_SECOND) {
            news.publish(News::Levels(Arc::new(self.levels())));
        }
        if self.ticks.is_multiple_of(TICKS_A_SECOND / STATUS_A_SECOND) {
            news.publish(News::Status(Arc::new(self.status())));
        }
    }

    /// Says what people may have forgotten; to be called once a second.
    pub(super) fn remind(&mut self) {
        let recording = &self.recording;
        if recording.lanes.iter().any(|lane| lane.timeline() == Timeline::Counted) {
            return;
        }
        let mut heard = Vec::new();
        for (lane, device) in recording.lanes.iter().enumerate() {
            let peak = device.look().level;
            // What is muted is heard nowhere.
            let of = |track: &Arc<TrackShared>| {
                let peak = if track.muted_since().is_some() { 0.0 } else { peak };
                (Arc::clone(track), recording.called(track), peak)
            };
            heard.extend(recording.tracks_of(lane).map(|(_, track)| of(track)));
        }
        let heard: Vec<Heard> = heard
            .iter()
            .map(|(track, name, peak)| Heard {
                track: &track.track,
                name,
                peak: *peak,
                muted_since: track.muted_since(),
            })
            .collect();
        let now = recording.clock.now().seconds();
        for event in self.reminders.step(now, recording.paused_since(), &heard) {
            recording.note(event);
        }
    }

    fn levels(&self) -> Levels {
        let recording = &self.recording;
        let mut tracks = Vec::new();
        for (lane, device) in recording.lanes.iter().enumerate() {
            let peak = device.look().level;
            let peak_dbfs = (peak > 0.0).then(|| f64::from(20.0 * peak.log10()));
            let level = |track: &TrackShared| TrackLevel {
                track: track.track.clone(),
                peak_dbfs: peak_dbfs.filter(|_| track.muted_since().is_none()),
                rms_dbfs: peak_dbfs.filter(|_| track.muted_since().is_none()).and_then(|_| loudness(track)),
            };
            tracks.extend(recording.tracks_of(lane).map(|(index, track)| (index, level(track))));
        }
        tracks.sort_by_key(|(index, _)| *index);
        let tracks = tracks.into_iter().map(|(_, level)| level).collect();
        Levels { at: recording.clock.now().seconds(), tracks }
    }

    /// How it goes. Looks at what others keep; waits for nothing.
    fn status(&self) -> Status {
        let recording = &self.recording;
        let now = recording.clock.now().seconds();
        let paused_since = recording.paused_since();
        let doing = match &self.phase {
            Phase::Recording if paused_since.is_some() => Doing::Paused,
            Phase::Recording => Doing::Recording,
            Phase::Draining { .. } | Phase::Closing { .. } => Doing::Ending,
            Phase::Transcribing { .. } | Phase::Over => Doing::Finishing,
        };
        let alarms = recording.news.alarms();
        let of = |track: Option<&str>| -> Vec<Trouble> {
            let own = alarms.iter().filter(|alarm| alarm.track.as_deref() == track);
            own.map(|own| Trouble { alarm: own.alarm, text: own.text.clone() }).collect()
        };
        Status {
            session: recording.name.0.clone(),
            path: recording
                .dir
                .canonicalize()
                .unwrap_or_else(|_| recording.folder.path())
                .display()
                .to_string(),
            title: recording.name.1.clone(),
            pid: std::process::id(),
            doing,
            elapsed: recording.stopped_at().unwrap_or(now),
            paused_since: paused_since.filter(|_| doing == Doing::Paused),
            paused_for: paused_since.filter(|_| doing == Doing::Paused).map(|since| (now - since).max(0.0)),
            disk_seconds: recording.room_s(),
            sent_to: self.transcribe.as_ref().and_then(|transcribe| transcribe.sends_to.clone()),
            marks: recording.marks(),
            alarms: of(None),
            tracks: self.track_statuses(now, |track| of(Some(track))),
        }
    }

    fn track_statuses(&self, now: f64, alarms: impl Fn(&str) -> Vec<Trouble>) -> Vec<TrackStatus> {
        let mut tracks = Vec::new();
        for (lane, device) in self.recording.lanes.iter().enumerate() {
            let view = device.look();
            for (index, track) in self.recording.tracks_of(lane) {
                let (gaps, lost) = track.missing();
                let takes = track.takes();
                let seconds =
                    |frames: fn(&crate::session::shared::TakeShared) -> crate::base::units::Frames| {
                        takes.iter().map(|take| frames(take).seconds(take.entry.rate)).sum::<f64>()
                    };
                let muted_since = track.muted_since().filter(|_| self.recording.stopped_at().is_none());
                let audible = view.open && view.level > 0.0 && muted_since.is_none();
                let status = TrackStatus {
                    track: track.track.clone(),
                    name: self.recording.called(track),
                    people: self.recording.people(track),
                    source: view.label.clone(),
                    device: match (view.ended, view.open) {
                        (true, _) => Device::Ended,
                        (_, true) => Device::Open,
                        _ => Device::Opening,
                    },
                    trouble: view.trouble.clone(),
                    muted_since,
                    level_dbfs: audible.then(|| f64::from(20.0 * view.level.log10())),
                    written: seconds(|take| take.written()),
                    durable: seconds(|take| take.durable()),
                    gaps,
                    lost,
                    text_lag: self.text_lag(index, now),
                    alarms: alarms(&track.track),
                };
                tracks.push((index, status));
            }
        }
        tracks.sort_by_key(|(index, _)| *index);
        tracks.into_iter().map(|(_, status)| status).collect()
    }

    fn text_lag(&self, track: usize, now: f64) -> Option<f64> {
        let analysis = &self.transcribe.as_ref()?.analysis;
        let until = analysis.lock().unwrap_or_else(PoisonError::into_inner).text_until(track);
        Some((self.recording.stopped_at().unwrap_or(now) - until).max(0.0))
    }
}

/// Whether a line of the journal says what somebody is called.
fn is_naming(event: &Event) -> bool {
    let is_name = |name: &str| !clean(name).is_empty();
    let is_voice = |id: &str| voices::parts(id).is_some();
    match event {
        Event::Renamed { from, to } => is_name(from) && is_name(to),
        Event::VoiceNamed { voice, name } => is_voice(voice) && is_name(name),
        Event::VoiceMerged { from, into } => is_voice(from) && is_voice(into),
        _ => false,
    }
}

/// How loud what was written last of a track is, in dBFS.
fn loudness(track: &TrackShared) -> Option<f64> {
    let windows = track.envelope().last((LOUDNESS_S * WINDOWS_PER_S as f64) as usize);
    let power: f64 = windows.iter().map(|window| f64::from(window.rms()).powi(2)).sum();
    (power > 0.0).then(|| 10.0 * (power / windows.len() as f64).log10())
}

fn refused(error: impl std::fmt::Display) -> Response {
    Response::Refused { error: error.to_string() }
}
