//! What makes things durable: the group commit, the end of all tracks, the transcript's lines.

use std::io;
use std::sync::Arc;

use super::{Closed, Writer};
use crate::audio::units::Frames;
use crate::capture::drain::QUEUE_ITEMS;
use crate::session::journal::Event;
use crate::session::lines::LineFile;
use crate::session::manifest::{GapCause, State};
use crate::speech::transcript::Utterance;

/// A commit that takes longer looks after the queues this often, in seconds: often against the seconds that they hold.
const LOOK_EVERY_S: f64 = 0.05;

impl Writer {
    /// Writes all, syncs all, then one line for all. Sound is taken over between two files: a disk that needs a second for each of
    /// 32 of them must not make the rings overflow.
    pub(super) fn commit(&mut self) {
        self.publish_missing();
        let mut looked_at = self.clock.mono();
        for device in 0..self.devices.len() {
            for track in 0..self.devices[device].tracks.len() {
                self.save(device, track);
                let now = self.clock.mono();
                if now.seconds_since(looked_at) >= LOOK_EVERY_S {
                    for device in 0..self.devices.len() {
                        self.take_items(device, now, QUEUE_ITEMS);
                    }
                    looked_at = now;
                }
            }
        }
        if let Some(Err(error)) = self.transcript.as_mut().map(LineFile::sync) {
            self.refused("transcript.jsonl", &error);
        }
        self.note_saved();
        self.sync_journal();
    }

    /// Makes what one file holds durable; the journal is told of it with the others'.
    fn save(&mut self, device: usize, track: usize) {
        let Some(file) = &mut self.devices[device].tracks[track].file else { return };
        let saved = file.flush().and_then(|()| if file.has_news() { file.sync() } else { Ok(()) });
        match saved {
            Ok(()) => self.saved.extend(file.commit().map(|span| (Arc::clone(file.shared()), span))),
            Err(error) => self.give_up(device, track, &error, GapCause::WriteError),
        }
    }

    /// Tells the journal what was saved; before anything else is said of those takes.
    pub(super) fn note_saved(&mut self) {
        if self.saved.is_empty() {
            return;
        }
        let saved = std::mem::take(&mut self.saved);
        self.vouched.extend(saved.iter().map(|(take, span)| (Arc::clone(take), span.to)));
        self.note(Event::Commit { spans: saved.into_iter().map(|(_, span)| span).collect() });
    }

    /// With the journal's lines on the disk, what they vouch for is durable.
    pub(super) fn sync_journal(&mut self) {
        match self.journal.sync() {
            Ok(()) => self.vouched.drain(..).for_each(|(take, to)| take.set_durable(to)),
            Err(error) => self.refused("events.jsonl", &error),
        }
    }

    /// For the status line.
    pub(super) fn publish_missing(&self) {
        for out in self.tracks() {
            let account = out.account();
            let missing: Frames = account.gaps.iter().fold(Frames(0), |sum, gap| sum + gap.frames);
            let rate = out.ledger.rate();
            out.plan.shared.set_missing(missing.seconds(rate), account.lost.seconds(rate));
        }
    }

    pub(super) fn close_tracks(&mut self) -> Closed {
        let now = self.clock.mono();
        for device in 0..self.devices.len() {
            // What the drains had handed over when this was asked; a drain that goes on is not waited for.
            self.take_items(device, now, QUEUE_ITEMS);
            for track in 0..self.devices[device].tracks.len() {
                self.close_file(device, track);
                self.settle_unwritten(device, track);
                self.devices[device].tracks[track].plan.shared.set_finished();
            }
        }
        let account = self.account();
        let duration = self.duration();
        // Who is in a hurry (a second Ctrl-C) asks again: what was closed already is not news.
        if self.manifest.state != State::Closed {
            self.note(Event::Closed { duration, account: account.clone() });
            self.sync_journal();
            self.manifest.state = State::Closed;
            self.save_manifest();
        }
        Closed { account, duration, errors: self.errors.clone() }
    }

    pub(super) fn append_utterance(&mut self, utterance: &Utterance) -> io::Result<()> {
        let line = serde_json::to_vec(utterance)?;
        if self.transcript.is_none() {
            self.transcript = Some(LineFile::new(self.disk.append(&self.dir.join("transcript.jsonl"))?)?);
        }
        if let Some(transcript) = &mut self.transcript {
            transcript.keep(&line)?;
            transcript.write_out()?;
        }
        Ok(())
    }
}
