//! The text work of a session: which segment is next, what becomes of the recogniser's answer, what is shown
//! and when. What is known of the work stands in an [`Analysis`] outside, so that another one can go on. It
//! knows no time and no threads of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::analysis::{Analysis, SegmentJob};
use super::bleed::{self, Levels};
use super::echo_window::EchoWindow;
use super::language::LanguageTracker;
use super::listen;
use super::overheard::Leak;
use super::partial::Partials;
use super::{foreign, gates};
use crate::audio::segment::Segment;
use crate::base::utterance::Utterance;
use crate::live::SessionView;
use crate::recognisers::recognizer::{Certainty, Hypothesis, RecognizerError};
use crate::revise::Proposal;
use crate::session::journal::Event;
use crate::session::shared::TrackShared;
use crate::speech::levels::TrackLevels;

/// The oldest segment that waits may lie this far behind what was heard last, in seconds; then whatever is
/// done for the sake of speed alone gives way to it …
const BEHIND_S: f64 = 8.0;
/// … until it is this little.
const CAUGHT_UP_S: f64 = 2.0;

/// A stretch of several segments lasts up to this many seconds …
const STRETCH_S_MAX: f64 = 28.0;
/// … and is so much shorter than the longest request of the recogniser …
const STRETCH_ROOM_S: f64 = 2.0;
/// … and holds no longer pause than this.
const STRETCH_PAUSE_S: f64 = 3.0;
/// A part of a stretch with so much evidence of speech and of this length holds words: where none were found,
/// it is asked for itself.
const PART_SPEECH: f32 = 0.5;
/// See [`PART_SPEECH`], in seconds.
const PART_S: f64 = 0.7;

mod early;
mod growing;
mod reached;
mod voices;

use early::{Early, EarlyAnswer};

/// How the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Somebody waits for each line while it is spoken: segments are recognised before they have ended, if
    /// there is nothing else to do.
    Live,
    /// Segment by segment.
    Plain,
    /// In stretches of many segments, from which more is understood; each segment still is an utterance.
    Long,
}

/// Something to recognise.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub job: SegmentJob,
    /// It is not its turn yet. Either it is still being spoken, and will be exactly this if no more speech
    /// comes; or it waits, and others are being recognised. The answer is kept until it is its turn.
    pub early: bool,
}

/// The work.
pub struct Work {
    session: SessionView,
    analysis: Arc<Mutex<Analysis>>,
    /// The recogniser can't be used at all, or a track can't be heard.
    unusable: Option<String>,
    window: EchoWindow,
    levels: TrackLevels,
    /// What was recognised before its turn; of what is still being spoken, the last one of each track.
    early: Vec<Early>,
    /// Which language is spoken, on the tracks where nobody said so.
    spoken: BTreeMap<usize, LanguageTracker>,
    /// What is shown of what is being spoken, and per track the line that stands there.
    partials: Partials,
    growing: BTreeMap<usize, Utterance>,
    pass: Pass,
    /// Several recognisers have something to do at once while somebody waits for each line.
    ahead: bool,
    /// Longest stretch, in seconds.
    stretch_s: f64,
    /// It has fallen behind and has not caught up.
    behind: bool,
    /// How far the text was when that was journalled last, and when it was.
    reached: reached::Reached,
    /// Lines that were handed to the transcript, and the numbers of those that are not judged yet, by id.
    written: u64,
    unjudged: BTreeMap<String, u64>,
}

impl Work {
    /// Work that goes on where `analysis` says, for a recogniser that takes `longest_s` seconds at once.
    pub fn new(session: SessionView, analysis: Arc<Mutex<Analysis>>, pass: Pass, longest_s: f64) -> Self {
        let levels = TrackLevels::new(session.dir.clone(), session.tracks.clone());
        Self {
            session,
            analysis,
            unusable: None,
            window: EchoWindow::default(),
            levels,
            early: Vec::new(),
            spoken: BTreeMap::new(),
            partials: Partials::default(),
            growing: BTreeMap::new(),
            pass,
            ahead: false,
            stretch_s: STRETCH_S_MAX.min(longest_s - STRETCH_ROOM_S),
            behind: false,
            reached: None,
            written: 0,
            unjudged: BTreeMap::new(),
        }
    }

    /// Finds out which language is spoken on a track.
    pub fn listen_for_language(&mut self, track: usize) {
        self.spoken.insert(track, LanguageTracker::default());
    }

    /// The language that was found on a track, if that is to be found out, and how certain it is.
    pub fn language(&self, track: usize) -> Option<(&str, Certainty)> {
        self.spoken.get(&track).and_then(|tracker| Some((tracker.language()?, tracker.certainty())))
    }

    /// What is known of the work.
    pub fn analysis(&self) -> MutexGuard<'_, Analysis> {
        locked(&self.analysis)
    }

    /// Why no more can be recognised.
    pub fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    /// No more can be recognised.
    pub fn give_up(&mut self, reason: String) {
        self.unusable = Some(reason);
    }

    /// A line for the journal.
    pub fn note(&self, event: Event) {
        self.session.sink.note(event);
    }

    /// Whatever was in work is begun again, or given up.
    pub fn put_back(&mut self, reason: &str) {
        let given_up = self.analysis().put_back();
        if let Some(job) = given_up {
            self.failed(&job, reason, true);
        }
    }

    fn failed(&mut self, job: &SegmentJob, reason: &str, skipped: bool) {
        if skipped {
            self.partials.finished(job);
        }
        let track = self.session.tracks[job.track].track.clone();
        let take = self.session.tracks[job.track].takes().get(job.take).map_or(0, |take| take.entry.take);
        if skipped {
            self.retract(&track, &listen::id(&track, take, &job.segment));
        }
        self.note(Event::SegmentFailed {
            track,
            take,
            from: job.segment.from,
            to: job.segment.to,
            reason: reason.into(),
            skipped,
        });
    }

    /// What to recognise next: the next segment that is worth it (the others are done with, and those that
    /// were understood before they ended become text here), else what is about to end. `now` is any clock
    /// that goes forward.
    pub fn next_job(&mut self, now: Duration) -> Option<Asked> {
        self.look_behind();
        while !self.is_next_awaited() {
            let next = match self.pass {
                Pass::Live | Pass::Plain => self.analysis().begin_next(),
                Pass::Long => self.analysis().begin_stretch(self.stretch_s, STRETCH_PAUSE_S),
            };
            let Some(job) = next else { break };
            if !job.parts.is_empty() && self.has_foreign(&job) {
                self.split(&job, |_| true);
                continue;
            }
            if gates::unheard(&job.segment).is_none()
                && let Some(job) = self.own_part(job)
            {
                match self.take_known(&job) {
                    Some(EarlyAnswer::Understood(recognised, model)) => {
                        if self.is_in_its_language(&job, &recognised) {
                            self.analysis().finished();
                            self.take_text(&job, recognised, &model, now);
                            continue;
                        }
                    }
                    Some(EarlyAnswer::Failed) => self.analysis().failed_early(),
                    Some(EarlyAnswer::Awaited) | None => {}
                }
                return Some(Asked { job, early: false });
            } else {
                self.analysis().finished();
            }
        }
        self.next_early().map(|job| Asked { job, early: true })
    }

    /// Whether a segment whose turn it is was written down in the language of its track.
    fn is_in_its_language(&mut self, job: &SegmentJob, recognised: &Hypothesis) -> bool {
        self.spoken.get_mut(&job.track).is_none_or(|tracker| tracker.take(recognised))
    }

    /// Says when the text falls behind what is said, and when it has caught up: once each.
    fn look_behind(&mut self) {
        let seconds = self.analysis().behind_s();
        if self.pass == Pass::Live && !self.behind && seconds > BEHIND_S {
            self.behind = true;
            self.note(Event::TextBehind { seconds });
        } else if self.behind && seconds < CAUGHT_UP_S {
            self.behind = false;
            self.note(Event::TextCaughtUp);
        }
    }

    /// What of a segment is the device's own sound.
    fn own_part(&self, job: SegmentJob) -> Option<SegmentJob> {
        let take = self.session.tracks[job.track].takes().get(job.take).cloned()?;
        let segment = foreign::own_part(&job.segment, &take.foreign(), take.entry.rate)?;
        let end = if segment.to == job.segment.to { job.end } else { take.clock().time_of(segment.to) };
        Some(SegmentJob { segment, end, ..job })
    }

    fn can_not(&mut self, error: &RecognizerError) {
        self.unusable = Some(error.to_string());
        self.note(Event::TextPending { reason: error.to_string() });
    }

    /// The recogniser has answered; `now` is any clock that goes forward.
    pub fn take_answer(
        &mut self,
        job: &SegmentJob,
        result: Result<Hypothesis, RecognizerError>,
        model: &str,
        now: Duration,
    ) {
        match result {
            Ok(_) if self.own_part(job.clone()).map(|job| job.segment) != Some(job.segment) => {
                // It was found out meanwhile that some of it is another device's sound.
                self.analysis().again();
            }
            Ok(recognised) if !self.is_in_its_language(job, &recognised) => self.analysis().again(),
            Ok(recognised) if job.parts.is_empty() => {
                self.analysis().finished();
                self.take_text(job, recognised, model, now);
            }
            Ok(recognised) => self.take_stretch(job, &recognised, model, now),
            Err(error) if error.is_permanent() => {
                // It is not the segment's fault.
                self.put_back(&error.to_string());
                self.can_not(&error);
            }
            Err(error) => {
                let given_up = self.analysis().put_back();
                self.failed(job, &error.to_string(), given_up.is_some());
            }
        }
    }

    /// Whether some of a job's sound is another device's.
    fn has_foreign(&self, job: &SegmentJob) -> bool {
        let take = self.session.tracks[job.track].takes().get(job.take).cloned();
        let (from, to) = (job.segment.from, job.segment.to);
        take.is_some_and(|take| take.foreign().iter().any(|foreign| foreign.0 < to && foreign.1 > from))
    }

    /// Parts of the stretch in work are asked each for themselves; the rest of it is done.
    fn split(&self, job: &SegmentJob, again: impl Fn(&Segment) -> bool) {
        let take = self.session.tracks[job.track].takes().get(job.take).cloned();
        let Some(clock) = take.map(|take| take.clock()) else { return self.analysis().finished() };
        self.analysis().split(again, |frame| clock.time_of(frame));
    }

    /// What was understood of a stretch: each of its segments gets the words that lie in it. A stretch that
    /// went round in a loop is asked once more, segment by segment; so is what begins with a segment that
    /// certainly holds words and got none. So the text of a track always grows in the order of its sound, and
    /// so going on after its last line misses nothing.
    fn take_stretch(&mut self, job: &SegmentJob, recognised: &Hypothesis, model: &str, now: Duration) {
        let Some(take) = self.session.tracks[job.track].takes().get(job.take).cloned() else {
            return self.analysis().finished();
        };
        let rate = take.entry.rate;
        let evidence = gates::evidence(recognised, &job.segment, rate);
        if gates::verdict(recognised, &evidence) == Some(gates::REPETITION) {
            return self.split(job, |_| true);
        }
        let said = listen::of_parts(job, recognised, rate);
        let missed = |(part, said): &(Segment, Hypothesis)| {
            let long = part.offset.saturating_sub(part.onset).seconds(rate) >= PART_S;
            long && part.speech >= PART_SPEECH && !has_text(said)
        };
        let sure = said.iter().position(missed).unwrap_or(said.len());
        let again = said.get(sure).map(|(part, _)| part.from);
        self.split(job, |part| again.is_some_and(|from| part.from >= from));
        for (part, recognised) in &said[..sure] {
            let (start, end) = (take.clock().time_of(part.from), take.clock().time_of(part.to));
            let of_part = SegmentJob { segment: *part, start, end, parts: Vec::new(), ..job.clone() };
            self.take_text(&of_part, recognised.clone(), model, now);
        }
    }

    fn take_text(&mut self, job: &SegmentJob, recognised: Hypothesis, model: &str, now: Duration) {
        self.partials.finished(job);
        let has_text = has_text(&recognised);
        let utterance = listen::utterance(&self.session, job, recognised, model.to_owned());
        let Some(utterance) = utterance.map(|new| self.session.sink.identify(new)) else { return };
        if !has_text || utterance.withheld.is_some() {
            self.retract(&utterance.track, &utterance.id);
        }
        if !has_text || utterance.text.is_empty() {
            return;
        }
        self.unjudged.insert(utterance.id.clone(), self.written);
        self.write(utterance.clone());
        if utterance.withheld.is_none() {
            self.window.put(utterance, now);
        } else {
            self.publish(utterance);
        }
    }

    fn write(&mut self, utterance: Utterance) {
        self.session.sink.write_utterance(utterance);
        self.written += 1;
    }

    /// An utterance is judged: its revision is news.
    fn publish(&mut self, utterance: Utterance) {
        self.unjudged.remove(&utterance.id);
        let until = self.unjudged.values().min().copied().unwrap_or(self.written);
        self.session.sink.publish_utterance(utterance, until);
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
        let foreign = |utterance: &Utterance| Some(Proposal::Foreign { spans: spans(utterance) });
        for revised in self.window.revise(foreign) {
            self.write(revised.clone());
            self.publish(revised);
        }
    }

    /// Decides on what the other tracks have had their say about; shows it.
    pub fn settle(&mut self, all: bool, now: Duration) {
        let mut corrected = self.analysis().corrected();
        corrected.extend(self.session.sink.corrected());
        corrected.iter().for_each(|line| self.window.correct(line));
        self.leave_out_foreign();
        let (tracks, analysis, levels) = (&self.session.tracks, &self.analysis, &self.levels);
        // Most of what is said can't be an echo, as its own track is the loudest: it waits for nobody.
        let is_open = |utterance: &Utterance, from: f64, to: f64| {
            let Some(index) = tracks.iter().position(|t| t.track == utterance.track) else { return false };
            let open = locked(analysis).open_elsewhere(index, from, to);
            open.iter().any(|&other| bleed::may_be_overheard(utterance, &tracks[other].track, levels))
        };
        let known = KnownLevels { tracks, analysis, levels };
        for judged in self.window.judge(now, all, is_open, &known) {
            if judged.revised {
                self.write(judged.utterance.clone());
            }
            if judged.first && judged.utterance.is_shown() {
                self.growing.retain(|_, line| line.id != judged.utterance.id);
            } else if judged.first {
                self.retract(&judged.utterance.track, &judged.utterance.id);
            }
            self.publish(judged.utterance);
        }
        self.tell_reached(all, now);
    }
}

/// The levels of the tracks, and how they overhear each other.
struct KnownLevels<'a> {
    tracks: &'a [Arc<TrackShared>],
    analysis: &'a Mutex<Analysis>,
    levels: &'a TrackLevels,
}

impl Levels for KnownLevels<'_> {
    fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32> {
        self.levels.envelope(track, from_s, to_s)
    }

    fn leak(&self, track: &str, other: &str) -> Option<Leak> {
        let index = |name: &str| self.tracks.iter().position(|t| t.track == name);
        locked(self.analysis).leak(index(track)?, index(other)?)
    }
}

fn locked(analysis: &Mutex<Analysis>) -> MutexGuard<'_, Analysis> {
    analysis.lock().unwrap_or_else(PoisonError::into_inner)
}

fn has_text(hypothesis: &Hypothesis) -> bool {
    hypothesis.text.chars().any(char::is_alphanumeric)
}
