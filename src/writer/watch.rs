//! The writer's vigil: it sees all sound and knows the disk, so it is the one to say what is wrong with
//! either.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Writer;
use crate::base::cause::Alarm;
use crate::clock::{MonoNs, pauses};
use crate::session::journal::Event;
use crate::session::manifest::State;
use crate::writer::alarms::{
    Change, Space, SpaceVigil, TEXT_BYTES_PER_S, TrackVigil, look_around, space_left_s,
};

/// A commit that the disk has not answered for so long is told, in seconds.
const SLOW_S: f64 = 10.0;

/// What the vigil needs beside the tracks.
#[derive(Debug, Default)]
pub(super) struct Watch {
    space: SpaceVigil,
    /// What recording took of the disk when it last had files, in bytes a second.
    bytes_per_s: u64,
    ending: bool,
    /// The disk keeps a commit waiting.
    slow: bool,
    room: Arc<Room>,
}

/// For how long the disk has room, as far as the writer knows.
#[derive(Debug, Default)]
pub struct Room {
    /// Milliseconds and one; 0: not known.
    ms: AtomicU64,
}

impl Room {
    fn set(&self, seconds: f64) {
        self.ms.store((seconds * 1e3) as u64 + 1, Ordering::Relaxed);
    }

    /// For so many seconds of recording; none: not known yet.
    pub fn seconds(&self) -> Option<f64> {
        self.ms.load(Ordering::Relaxed).checked_sub(1).map(|ms| ms as f64 / 1e3)
    }
}

impl Writer {
    /// What it knows of the room on the disk, for others.
    pub fn room(&self) -> Arc<Room> {
        Arc::clone(&self.watch.room)
    }

    /// Looks at all tracks and at the disk; what began or ended is journalled.
    pub(super) fn watch(&mut self, now: MonoNs) {
        if self.manifest.state == State::Closed {
            return;
        }
        let now_s = self.clock.seconds_of(now);
        let mut outs: Vec<_> = self.devices.iter_mut().flat_map(|device| &mut device.tracks).collect();
        let (paused, _) = pauses::at(now_s, &self.clock.pauses().spans());
        for out in &mut outs {
            if paused {
                out.vigil.rest(now_s);
            }
            out.vigil.look(now_s, out.plan.shared.is_ended());
            out.judge_clock();
        }
        let mut vigils: Vec<&mut TrackVigil> = outs.iter_mut().map(|out| &mut out.vigil).collect();
        look_around(&mut vigils);
        self.tell_changes();
        self.look_at_commit(now);
        self.look_at_space();
    }

    /// Journals what began or ended on any track.
    pub(super) fn tell_changes(&mut self) {
        let mut changes = Vec::new();
        for out in self.devices.iter_mut().flat_map(|device| &mut device.tracks) {
            let track = &out.plan.shared;
            changes.extend(out.vigil.take_changes().into_iter().map(|change| (track.clone(), change)));
        }
        for (track, Change { alarm, on, text }) in changes {
            self.alarm(alarm, Some(track.track.clone()), on, format!("{} {text}", track.name));
        }
    }

    /// A disk that hangs costs no sound, but nobody can promise what a power cut would leave.
    fn look_at_commit(&mut self, now: MonoNs) {
        let waits_s = self.commit.as_ref().map_or(0.0, |commit| now.seconds_since(commit.since));
        let slow = waits_s >= SLOW_S;
        if std::mem::replace(&mut self.watch.slow, slow) == slow {
            return;
        }
        let text = if slow {
            format!(
                "the disk has not answered for {SLOW_S} s: recording goes on, but a power cut would cost what came since"
            )
        } else {
            "the disk answers again".to_owned()
        };
        self.alarm(Alarm::DiskSlow, None, slow, text);
    }

    fn look_at_space(&mut self) {
        let available = match self.disk.available(&self.dir) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // What is written from here on goes nowhere.
                self.refused("the session's folder, which is gone", &error);
                self.end("the session's folder is gone");
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "the disk does not tell how much room it has");
                return;
            }
        };
        let tracks = self.tracks().filter_map(|out| out.bytes_per_s());
        let bytes_per_s: u64 = tracks.map(|bytes| bytes + TEXT_BYTES_PER_S).sum();
        if bytes_per_s > 0 {
            self.watch.bytes_per_s = bytes_per_s;
        }
        if self.watch.bytes_per_s == 0 {
            return;
        }
        self.watch.room.set(space_left_s(available, self.watch.bytes_per_s));
        match self.watch.space.look(available, self.watch.bytes_per_s) {
            Space::Same => {}
            Space::Changed(Change { alarm, on, text }) => self.alarm(alarm, None, on, text),
            Space::Full => {
                let reason = "the disk is full".to_owned();
                self.remember(format!("{reason}: the recording was ended"));
                self.alarm(Alarm::DiskSpace, None, true, "the disk is full: the recording ends here".into());
                self.end(&reason);
            }
        }
    }

    /// Asks for the recording's end, once.
    fn end(&mut self, reason: &str) {
        if !std::mem::replace(&mut self.watch.ending, true) {
            self.note(Event::Ending { reason: reason.into() });
        }
    }

    fn alarm(&mut self, alarm: Alarm, track: Option<String>, on: bool, text: String) {
        self.note(Event::Alarm { alarm, track, on, text });
    }
}
