//! The text work of a session: which segment is next, what becomes of the recogniser's answer, what is shown and when. What is known of the
//! work stands in an [`Analysis`] outside, so that another one can go on. It knows no time and no threads of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::analysis::{Analysis, Job};
use super::board::Board;
use super::listen::{self, Recognised};
use super::recognizer::{Hypothesis, RecognizerError};
use super::transcript::Utterance;
use super::{foreign, gates};
use crate::actors::SessionView;
use crate::session::journal::Event;
use crate::session::levels::TrackLevels;

/// The work.
pub struct Work {
    session: SessionView,
    analysis: Arc<Mutex<Analysis>>,
    /// The recogniser can't be used at all, or a track can't be heard.
    unusable: Option<String>,
    board: Board,
    levels: TrackLevels,
}

impl Work {
    /// Work that goes on where `analysis` says.
    pub fn new(session: SessionView, analysis: Arc<Mutex<Analysis>>) -> Self {
        let levels = TrackLevels::new(session.dir.clone(), session.tracks.clone());
        Self { session, analysis, unusable: None, board: Board::default(), levels }
    }

    /// What is known of the work.
    pub fn analysis(&self) -> MutexGuard<'_, Analysis> {
        self.analysis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why no more can be recognised.
    pub fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    /// No more can be recognised.
    pub fn give_up(&mut self, reason: String) {
        self.unusable = Some(reason);
    }

    /// A line for the journal, and for whoever listens.
    pub fn note(&self, event: Event) {
        self.session.listener.notice(&event);
        self.session.sink.note(event);
    }

    /// Whatever was in work is begun again, or given up.
    pub fn put_back(&mut self, reason: &str) {
        let given_up = self.analysis().put_back();
        if let Some(job) = given_up {
            self.failed(&job, reason, true);
        }
    }

    fn failed(&self, job: &Job, reason: &str, skipped: bool) {
        let shared = &self.session.tracks[job.track];
        self.note(Event::SegmentFailed {
            track: shared.track.clone(),
            take: shared.takes().get(job.take).map_or(0, |take| take.entry.take),
            from: job.segment.from,
            to: job.segment.to,
            reason: reason.into(),
            skipped,
        });
    }

    /// The next segment that is worth recognising; the others are done with.
    pub fn next_job(&self) -> Option<Job> {
        let mut analysis = self.analysis();
        loop {
            let job = analysis.begin_next()?;
            if gates::unheard(&job.segment).is_none()
                && let Some(job) = self.own_part(job)
            {
                return Some(job);
            }
            analysis.finished();
        }
    }

    /// What of a segment is the device's own sound.
    fn own_part(&self, job: Job) -> Option<Job> {
        let take = self.session.tracks[job.track].takes().get(job.take).cloned()?;
        let segment = foreign::own_part(&job.segment, &take.foreign(), take.entry.rate)?;
        let end = if segment.to == job.segment.to { job.end } else { take.clock().time_of(segment.to) };
        Some(Job { segment, end, ..job })
    }

    /// The recogniser has answered; `now` is any clock that goes forward.
    pub fn take_answer(
        &mut self,
        job: &Job,
        result: Result<Recognised, RecognizerError>,
        model: &str,
        now: Duration,
    ) {
        match result {
            Ok(_) if self.own_part(job.clone()).map(|job| job.segment) != Some(job.segment) => {
                // It was found out meanwhile that some of it is another device's sound.
                self.analysis().again();
            }
            Ok(recognised) => {
                self.analysis().finished();
                self.take_text(job, recognised, model, now);
            }
            Err(error) if error.is_permanent() => {
                // It is no fault of the segment.
                self.put_back(&error.to_string());
                self.unusable = Some(error.to_string());
                self.note(Event::TextPending { reason: error.to_string() });
            }
            Err(error) => {
                let given_up = self.analysis().put_back();
                self.failed(job, &error.to_string(), given_up.is_some());
            }
        }
    }

    fn take_text(&mut self, job: &Job, recognised: Recognised, model: &str, now: Duration) {
        let withheld = gates::verdict(&recognised.hypothesis, &job.segment);
        if !has_text(&recognised.hypothesis) {
            return;
        }
        let utterance = listen::utterance(&self.session, job, recognised, model.to_owned(), withheld);
        let Some(utterance) = utterance else { return };
        self.session.sink.write_utterance(utterance.clone());
        if utterance.withheld.is_none() {
            self.board.put(utterance, now);
        }
    }

    /// Takes back what was made of sound that has turned out to be another device's.
    fn leave_out_foreign(&mut self) {
        let tracks = &self.session.tracks;
        if tracks.iter().all(|track| track.takes().iter().all(|take| take.foreign().is_empty())) {
            return;
        }
        let spans = |utterance: &Utterance| -> Vec<(f64, f64)> {
            let takes = tracks.iter().find(|t| t.track == utterance.track).map(|t| t.takes());
            let take = takes.and_then(|takes| takes.into_iter().find(|t| t.entry.take == utterance.take));
            take.map_or_else(Vec::new, |take| {
                let clock = take.clock();
                take.foreign().iter().map(|(from, to)| (clock.time_of(*from), clock.time_of(*to))).collect()
            })
        };
        for revised in self.board.revise(|utterance| foreign::without(utterance, &spans(utterance))) {
            self.session.sink.write_utterance(revised);
        }
    }

    /// Decides on what the other tracks have had their say about; shows it.
    pub fn settle(&mut self, all: bool, now: Duration) {
        self.leave_out_foreign();
        let tracks = &self.session.tracks;
        let analysis = self.analysis.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = |track: &str, from: f64, to: f64| {
            let index = tracks.iter().position(|t| t.track == track);
            index.is_some_and(|index| analysis.is_open_elsewhere(index, from, to))
        };
        let settled = self.board.settle(now, all, is_open, &self.levels);
        drop(analysis);
        for settled in settled {
            if settled.revised {
                self.session.sink.write_utterance(settled.utterance.clone());
            }
            if settled.fresh && settled.utterance.is_shown() {
                self.session.listener.line(&settled.utterance);
            }
        }
    }
}

fn has_text(hypothesis: &Hypothesis) -> bool {
    hypothesis.text.chars().any(char::is_alphanumeric)
}
