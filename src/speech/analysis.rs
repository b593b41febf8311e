//! What is known of the text work of a session, apart from any actor: how far each track has been heard,
//! which segments wait, which one is being recognised. It outlives the actors that work on it, so their death
//! costs no text. Pure.

use std::collections::VecDeque;

use crate::audio::segment::{Growing, Segment};
use crate::base::units::Frames;
use crate::base::utterance::Utterance;
use crate::session::manifest::ClockFit;
use crate::speech::overheard::Leak;

/// A segment in whose work the recogniser died this often is passed over.
pub const ATTEMPTS_MAX: u32 = 2;

/// A segment that waits for the recogniser.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentJob {
    /// Index of the track.
    pub track: usize,
    /// Index of the take in the track.
    pub take: usize,
    /// Where it lies in the take.
    pub segment: Segment,
    /// Session seconds of its first frame.
    pub start: f64,
    /// Session seconds of its end.
    pub end: f64,
    /// How often it was begun and not finished.
    pub attempts: u32,
    /// The segments that it is made of, if it is a stretch of several.
    pub parts: Vec<Segment>,
    /// It is not to be made part of a stretch.
    pub alone: bool,
}

impl SegmentJob {
    fn new(track: usize, take: usize, clock: &ClockFit, segment: Segment) -> Self {
        let (start, end) = (clock.time_of(segment.from), clock.time_of(segment.to));
        Self { track, take, segment, start, end, attempts: 0, parts: Vec::new(), alone: false }
    }

    /// Whether nothing is to be added to it.
    fn is_whole(&self) -> bool {
        self.alone || self.attempts > 0 || !self.parts.is_empty()
    }

    /// Several that follow one another as one.
    fn stretch(jobs: &[Self]) -> Option<Self> {
        let (first, last) = (jobs.first()?, jobs.last()?);
        if jobs.len() == 1 {
            return Some(first.clone());
        }
        let heard = |job: &Self| (job.segment.offset.saturating_sub(job.segment.onset).0 as f32).max(1.0);
        let speech = jobs.iter().map(|job| job.segment.speech * heard(job)).sum::<f32>();
        let segment = Segment {
            to: last.segment.to,
            offset: last.segment.offset,
            speech: speech / jobs.iter().map(heard).sum::<f32>(),
            raised: jobs.iter().any(|job| job.segment.raised),
            faint: jobs.iter().all(|job| job.segment.faint),
            ..first.segment
        };
        let parts = jobs.iter().map(|job| job.segment).collect();
        Some(Self { segment, end: last.end, parts, ..first.clone() })
    }

    /// Whether it is about the same sound as another one.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.track, self.take, self.segment) == (other.track, other.take, other.segment)
    }
}

/// A segment that somebody is still speaking, as far as it has been heard.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSegment {
    /// What it would be if it ended here: the job that will be given then.
    pub job: SegmentJob,
    /// Should no more speech come, it will be exactly this one.
    pub settled: bool,
    /// The track has been heard up to here.
    pub heard: Frames,
    /// The same in session seconds.
    pub heard_s: f64,
}

/// How far a track has been heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TrackProgress {
    /// Index of the take that is being heard.
    pub take: usize,
    /// All before this frame of it is in segments that were given, or silence.
    pub decided: Frames,
    /// The same in session seconds.
    pub decided_s: f64,
    /// Everything has been heard, and nothing more will come.
    pub done: bool,
}

/// The state of a session's text work.
#[derive(Debug, Default)]
pub struct Analysis {
    tracks: Vec<TrackProgress>,
    waiting: VecDeque<SegmentJob>,
    in_work: Option<SegmentJob>,
    /// Per track: what is being spoken.
    open: Vec<Option<OpenSegment>>,
    /// Lines that a person corrected and of which the text work does not know yet.
    corrected: Vec<Utterance>,
    /// Per track: how it overhears each of the others, as far as is known.
    leaks: Vec<Vec<Option<Leak>>>,
}

impl Analysis {
    /// Nothing has been heard of `tracks` tracks.
    pub fn new(tracks: usize) -> Self {
        Self {
            tracks: vec![TrackProgress::default(); tracks],
            open: vec![None; tracks],
            leaks: vec![Vec::new(); tracks],
            ..Self::default()
        }
    }

    /// A person corrected a line.
    pub fn correct(&mut self, line: Utterance) {
        self.corrected.push(line);
    }

    /// The lines that people corrected since this was asked last.
    pub fn corrected(&mut self) -> Vec<Utterance> {
        std::mem::take(&mut self.corrected)
    }

    /// A track is heard from this frame of its take on; what came before it is text already.
    pub fn begin_at(&mut self, track: usize, take: usize, decided: Frames) {
        self.tracks[track] = TrackProgress { take, decided, ..TrackProgress::default() };
    }

    /// Segments were found; all before frame `decided` of the take is decided on.
    pub fn found(
        &mut self,
        track: usize,
        take: usize,
        clock: &ClockFit,
        segments: &[Segment],
        decided: Frames,
    ) {
        self.waiting.extend(segments.iter().map(|segment| SegmentJob::new(track, take, clock, *segment)));
        self.tracks[track] = TrackProgress { take, decided, decided_s: clock.time_of(decided), done: false };
    }

    /// What is being spoken on a track that has been heard up to frame `heard` of a take; `None` if nothing.
    pub fn growing(
        &mut self,
        track: usize,
        take: usize,
        clock: &ClockFit,
        growing: Option<Growing>,
        heard: Frames,
    ) {
        self.open[track] = growing.map(|growing| OpenSegment {
            job: SegmentJob::new(track, take, clock, growing.segment),
            settled: growing.settled,
            heard,
            heard_s: clock.time_of(heard),
        });
    }

    /// How a track overhears each of the others, by their indices; of itself it says nothing.
    pub fn overhears(&mut self, track: usize, mut leaks: Vec<Option<Leak>>) {
        leaks.insert(track.min(leaks.len()), None);
        self.leaks[track] = leaks;
    }

    /// How a track overhears another one, once that is known.
    pub fn leak(&self, track: usize, other: usize) -> Option<Leak> {
        self.leaks.get(track)?.get(other).copied().flatten()
    }

    /// What is being spoken, on all tracks.
    pub fn open(&self) -> impl Iterator<Item = &OpenSegment> {
        self.open.iter().flatten()
    }

    /// Seconds from the end of the segment that has waited longest for the recogniser to what was heard last;
    /// 0 if none waits.
    pub fn behind_s(&self) -> f64 {
        let heard = self.tracks.iter().map(|heard| heard.decided_s);
        let heard = heard.chain(self.open().map(|open| open.heard_s)).fold(0.0, f64::max);
        let waits = self.jobs().map(|job| job.end).fold(f64::INFINITY, f64::min);
        (heard - waits).max(0.0)
    }

    /// A take has been heard to its end; the next one, if there will be one, is listened to from its start.
    pub fn next_take(&mut self, track: usize) {
        let heard = &mut self.tracks[track];
        heard.take += 1;
        heard.decided = Frames(0);
    }

    /// The track has been heard to its end.
    pub fn track_done(&mut self, track: usize) {
        self.tracks[track].done = true;
        self.open[track] = None;
    }

    /// How far a track has been heard.
    pub fn heard(&self, track: usize) -> TrackProgress {
        self.tracks[track]
    }

    /// The segments that wait, the one that ended first before all others.
    pub fn waiting(&self) -> impl Iterator<Item = &SegmentJob> {
        let mut waiting: Vec<&SegmentJob> = self.waiting.iter().collect();
        waiting.sort_by(|a, b| a.end.total_cmp(&b.end));
        waiting.into_iter()
    }

    /// The segment to recognise next: the one that ended first. It stays "in work" until it is
    /// [finished](Self::finished).
    pub fn begin_next(&mut self) -> Option<SegmentJob> {
        if self.in_work.is_some() {
            return None;
        }
        let first =
            (0..self.waiting.len()).min_by(|&a, &b| self.waiting[a].end.total_cmp(&self.waiting[b].end))?;
        let mut job = self.waiting.remove(first)?;
        job.attempts += 1;
        self.in_work = Some(job.clone());
        Some(job)
    }

    /// The next stretch to recognise: segments of one track that follow one another, together at most
    /// `longest_s` from the first one's start to the last one's end and no more than `pause_s` apart. It is
    /// given once nothing can be added to it any more, so that it does not depend on how fast the track is
    /// heard.
    pub fn begin_stretch(&mut self, longest_s: f64, pause_s: f64) -> Option<SegmentJob> {
        if self.in_work.is_some() {
            return None;
        }
        let stretches = (0..self.tracks.len()).filter_map(|track| self.stretch(track, longest_s, pause_s));
        let members = stretches.min_by(|a, b| a[0].end.total_cmp(&b[0].end))?;
        let mut job = SegmentJob::stretch(&members)?;
        self.waiting.retain(|waiting| !members.contains(waiting));
        job.attempts += 1;
        self.in_work = Some(job.clone());
        Some(job)
    }

    /// What of a track is ready to be one stretch.
    fn stretch(&self, track: usize, longest_s: f64, pause_s: f64) -> Option<Vec<SegmentJob>> {
        let mut waiting: Vec<&SegmentJob> = self.waiting.iter().filter(|job| job.track == track).collect();
        waiting.sort_by_key(|job| (job.take, job.segment.from));
        let mut members: Vec<SegmentJob> = Vec::new();
        let mut complete = false;
        for job in waiting {
            let fits = members.first().zip(members.last()).is_none_or(|(first, last)| {
                let one = [first, last, job].iter().all(|job| !job.is_whole());
                let near = job.end - first.start <= longest_s && job.start - last.end <= pause_s;
                one && first.take == job.take && near
            });
            if !fits {
                complete = true;
                break;
            }
            members.push(job.clone());
        }
        let (first, last, heard) = (members.first()?, members.last()?, self.tracks[track]);
        let over = heard.done || heard.take > first.take;
        let far = heard.decided_s > first.start + longest_s || heard.decided_s > last.end + pause_s;
        (complete || over || far || first.is_whole()).then_some(members)
    }

    /// The parts of the stretch in work that `again` names are to be recognised each for itself; the rest is
    /// done.
    pub fn split(&mut self, again: impl Fn(&Segment) -> bool, time_of: impl Fn(Frames) -> f64) {
        let Some(job) = self.in_work.take() else { return };
        for part in job.parts.iter().rev().filter(|part| again(part)) {
            let (start, end) = (time_of(part.from), time_of(part.to));
            let (attempts, parts) = (0, Vec::new());
            self.waiting.push_front(SegmentJob {
                segment: *part,
                start,
                end,
                attempts,
                parts,
                alone: true,
                ..job
            });
        }
    }

    /// The segment in work is done with, well or not.
    pub fn finished(&mut self) {
        self.in_work = None;
    }

    /// The segment in work was tried once before, while it was still being spoken, and failed.
    pub fn failed_early(&mut self) {
        if let Some(job) = &mut self.in_work {
            job.attempts += 1;
        }
    }

    /// The segment in work is to be done again, by no fault of its own.
    pub fn again(&mut self) {
        if let Some(mut job) = self.in_work.take() {
            job.attempts = job.attempts.saturating_sub(1);
            self.waiting.push_front(job);
        }
    }

    /// The segment in work was not finished: once more, unless it has had its tries; then it is returned.
    pub fn put_back(&mut self) -> Option<SegmentJob> {
        let job = self.in_work.take()?;
        if job.attempts >= ATTEMPTS_MAX {
            return Some(job);
        }
        self.waiting.push_front(job);
        None
    }

    /// How many segments wait or are in work.
    pub fn backlog(&self) -> usize {
        self.waiting.len() + usize::from(self.in_work.is_some())
    }

    /// Whether everything has been heard and recognised.
    pub fn is_done(&self) -> bool {
        self.tracks.iter().all(|track| track.done) && self.backlog() == 0
    }

    /// Session second up to which a track's text is there.
    pub fn text_until(&self, track: usize) -> f64 {
        let heard = if self.tracks[track].done { f64::INFINITY } else { self.tracks[track].decided_s };
        self.jobs().filter(|job| job.track == track).map(|job| job.start).fold(heard, f64::min)
    }

    /// The other tracks that may still say something between `from` and `to` session seconds.
    pub fn open_elsewhere(&self, track: usize, from: f64, to: f64) -> Vec<usize> {
        let is_open = |other: usize| {
            let heard = &self.tracks[other];
            let waits = |job: &SegmentJob| job.track == other && job.start < to && job.end > from;
            (!heard.done && heard.decided_s < to) || self.jobs().any(waits)
        };
        (0..self.tracks.len()).filter(|other| *other != track && is_open(*other)).collect()
    }

    /// Segments that wait or are in work.
    pub fn jobs(&self) -> impl Iterator<Item = &SegmentJob> {
        self.waiting.iter().chain(&self.in_work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::SampleRate;

    fn segment(from: u64, to: u64) -> Segment {
        let (from, to) = (Frames(from * 48_000), Frames(to * 48_000));
        Segment { from, to, onset: from, offset: to, speech: 0.9, raised: false, faint: false }
    }

    fn clock() -> ClockFit {
        ClockFit::nominal(0.0, SampleRate::HZ_48000)
    }

    #[test]
    fn what_ended_first_is_next_and_one_at_a_time() {
        let mut analysis = Analysis::new(2);
        analysis.found(0, 0, &clock(), &[segment(1, 9)], Frames(9 * 48_000));
        analysis.found(1, 0, &clock(), &[segment(2, 4)], Frames(5 * 48_000));
        assert_eq!(analysis.begin_next().map(|job| job.track), Some(1));
        assert_eq!(analysis.begin_next(), None, "one is in work");
        assert_eq!((analysis.text_until(0), analysis.text_until(1)), (1.0, 2.0));
        analysis.finished();
        assert_eq!(analysis.begin_next().map(|job| job.track), Some(0));
        assert_eq!(analysis.text_until(1), 5.0);
        analysis.finished();
        assert!(!analysis.is_done());
        (0..2).for_each(|track| analysis.track_done(track));
        assert!(analysis.is_done());
    }

    #[test]
    fn a_segment_in_which_the_recogniser_dies_twice_is_passed_over() {
        let mut analysis = Analysis::new(1);
        analysis.found(0, 0, &clock(), &[segment(1, 2), segment(3, 4)], Frames(4 * 48_000));
        assert_eq!(analysis.begin_next().map(|job| (job.start, job.attempts)), Some((1.0, 1)));
        assert_eq!(analysis.put_back(), None);
        assert_eq!(analysis.begin_next().map(|job| (job.start, job.attempts)), Some((1.0, 2)));
        assert_eq!(analysis.put_back().map(|job| job.start), Some(1.0));
        assert_eq!(analysis.begin_next().map(|job| job.start), Some(3.0), "the next one has its turn");
    }

    #[test]
    fn a_moment_is_open_while_another_track_may_still_speak_there() {
        let mut analysis = Analysis::new(2);
        analysis.found(0, 0, &clock(), &[], Frames(10 * 48_000));
        assert_eq!(analysis.open_elsewhere(0, 3.0, 4.0), [1], "track 1 has not been heard");
        analysis.found(1, 0, &clock(), &[segment(3, 5)], Frames(6 * 48_000));
        assert_eq!(analysis.open_elsewhere(0, 3.0, 4.0), [1], "its segment is waiting");
        assert!(analysis.open_elsewhere(0, 1.0, 2.5).is_empty(), "nothing of it lies there");
        assert!(analysis.open_elsewhere(1, 3.0, 5.0).is_empty(), "its own segment is not another track's");
        analysis.begin_next();
        analysis.finished();
        assert!(analysis.open_elsewhere(0, 3.0, 4.0).is_empty());
    }

    #[test]
    fn a_stretch_is_given_when_nothing_can_be_added_to_it() {
        let mut analysis = Analysis::new(1);
        let hear = |analysis: &mut Analysis, segments: &[Segment], until: u64| {
            analysis.found(0, 0, &clock(), segments, Frames(until * 48_000));
        };
        hear(&mut analysis, &[segment(1, 5), segment(6, 10)], 11);
        assert_eq!(analysis.begin_stretch(28.0, 3.0), None, "more may come");
        hear(&mut analysis, &[segment(12, 20), segment(21, 30)], 31);
        let job = analysis.begin_stretch(28.0, 3.0).unwrap();
        assert_eq!((job.start, job.end, job.parts.len()), (1.0, 20.0, 3), "the fourth does not fit");
        // One of the parts must be done again, for itself.
        analysis.split(|part| part.from.0 == 6 * 48_000, |frame| frame.0 as f64 / 48e3);
        let again = analysis.begin_stretch(28.0, 3.0).unwrap();
        assert_eq!((again.start, again.end, again.parts.len()), (6.0, 10.0, 0));
        analysis.finished();
        assert_eq!(analysis.begin_stretch(28.0, 3.0), None);
        hear(&mut analysis, &[], 34);
        assert_eq!(
            analysis.begin_stretch(28.0, 3.0).map(|job| job.start),
            Some(21.0),
            "a long pause follows"
        );
    }
}
