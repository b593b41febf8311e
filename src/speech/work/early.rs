//! Segments that are recognised before their turn: those that are about to end, and those that wait while
//! others are being recognised. Each becomes text when it is its turn, as it would have done otherwise.

use super::{Asked, Pass, Work};
use crate::recognisers::recognizer::{Hypothesis, RecognizerError};
use crate::speech::analysis::SegmentJob;
use crate::speech::gates;

/// A segment that was given to a recogniser before its turn.
pub(super) struct Early {
    job: SegmentJob,
    answer: EarlyAnswer,
    /// It was still being spoken.
    open: bool,
}

pub(super) enum EarlyAnswer {
    /// It is being recognised.
    Awaited,
    /// That was one of its tries.
    Failed,
    /// By this model.
    Understood(Hypothesis, String),
}

impl Work {
    /// Has segments that wait recognised before their turn, too, where somebody waits for each line. Only for
    /// recognisers that are not slower for working at the same time.
    pub fn work_ahead(&mut self) {
        self.ahead = true;
    }

    /// A segment that is about to end.
    pub(super) fn next_early(&mut self) -> Option<SegmentJob> {
        if self.pass != Pass::Live || self.behind {
            return None;
        }
        let settled: Vec<SegmentJob> =
            self.analysis().open().filter(|open| open.settled).map(|open| open.job.clone()).collect();
        let job = settled.into_iter().find(|job| self.known(job).is_none() && self.is_whole(job))?;
        self.early.push(Early { job: job.clone(), answer: EarlyAnswer::Awaited, open: true });
        Some(job)
    }

    /// A segment that waits, to be recognised before its turn, so that a recogniser has something to do while
    /// another one is at work. None in stretches, nor where somebody waits for each line and two at once
    /// would each be slower.
    pub fn next_ahead(&mut self) -> Option<Asked> {
        let wanted = match self.pass {
            Pass::Plain => true,
            Pass::Live => self.ahead,
            Pass::Long => false,
        };
        if !wanted || self.unusable.is_some() {
            return None;
        }
        let job =
            self.analysis().waiting().find(|job| self.known(job).is_none() && self.is_whole(job)).cloned()?;
        self.early.push(Early { job: job.clone(), answer: EarlyAnswer::Awaited, open: false });
        Some(Asked { job, early: true })
    }

    /// Whether all of a segment is worth recognising.
    fn is_whole(&self, job: &SegmentJob) -> bool {
        gates::unheard(&job.segment).is_none()
            && self.own_part(job.clone()).is_some_and(|own| own.is_same(job))
    }

    fn known(&self, job: &SegmentJob) -> Option<&Early> {
        self.early.iter().find(|early| early.job.is_same(job))
    }

    pub(super) fn take_known(&mut self, job: &SegmentJob) -> Option<EarlyAnswer> {
        let at = self.early.iter().position(|early| early.job.is_same(job))?;
        Some(self.early.swap_remove(at).answer)
    }

    /// Whether another recogniser is at work on the segment whose turn it is.
    pub(super) fn is_next_awaited(&self) -> bool {
        let known = self.analysis().waiting().next().and_then(|job| self.known(job));
        known.is_some_and(|early| matches!(early.answer, EarlyAnswer::Awaited))
    }

    /// The recogniser has answered on what was asked early.
    pub fn take_early(&mut self, job: &SegmentJob, result: Result<Hypothesis, RecognizerError>, model: &str) {
        if let Err(error) = &result
            && error.is_permanent()
        {
            return self.can_not(error);
        }
        if let Err(error) = &result {
            self.failed(job, &error.to_string(), false);
        }
        let open = self.known(job).is_some_and(|early| early.open);
        // Of what is still being spoken on a track only the last answer can still be right.
        let outdated = |early: &Early| {
            open && early.open
                && early.job.track == job.track
                && !matches!(early.answer, EarlyAnswer::Awaited)
        };
        self.early.retain(|early| !(early.job.is_same(job) || outdated(early)));
        let answer = result
            .map_or(EarlyAnswer::Failed, |recognised| EarlyAnswer::Understood(recognised, model.to_owned()));
        self.early.push(Early { job: job.clone(), answer, open });
    }
}
