//! Lines that are still being spoken: what of them is recognised for the eye, and what of that is shown.

use std::sync::Arc;

use super::{Pass, Work};
use crate::base::units::SampleRate;
use crate::base::utterance::{self, Utterance, Word};
use crate::live::{News, SessionView};
use crate::recognisers::recognizer::Hypothesis;
use crate::speech::analysis::{OpenSegment, SegmentJob};
use crate::speech::bleed::Levels as _;
use crate::speech::gates;
use crate::speech::levels::TrackLevels;

/// Who is this much softer than somebody else, in dB over the last [`DROWNED_S`] seconds, is probably only
/// overheard: nothing is shown of it before it is finished and judged.
const DROWNED_DB: f64 = 6.0;
/// See [`DROWNED_DB`].
const DROWNED_S: f64 = 1.5;

impl Work {
    /// The next piece of what is still being spoken, to be recognised for the eye alone; `None` while the
    /// text is behind, or where the voice seems to be another track's.
    pub fn next_partial(&mut self) -> Option<SegmentJob> {
        if self.pass != Pass::Live || self.behind || self.unusable.is_some() {
            return None;
        }
        let open: Vec<OpenSegment> = self.analysis().open().cloned().collect();
        let tracks = &self.session.tracks;
        let rate = |job: &SegmentJob| {
            let take = tracks[job.track].takes().get(job.take).cloned();
            take.map_or(SampleRate::HZ_48000, |take| take.entry.rate)
        };
        let (session, levels) = (&self.session, &self.levels);
        let is_own = |open: &OpenSegment| {
            gates::unheard(&open.job.segment).is_none()
                && is_own_sound(session, open)
                && !is_drowned(session, levels, open)
        };
        self.partials.next(&open, rate, is_own)
    }

    /// The recogniser has answered on such a piece: shows the words that are certain by now.
    pub fn take_partial(&mut self, job: &SegmentJob, hypothesis: Hypothesis) {
        let Some(take) = self.session.tracks[job.track].takes().get(job.take).cloned() else { return };
        let evidence = gates::evidence(&hypothesis, &job.segment, take.entry.rate);
        if gates::verdict(&hypothesis, &evidence).is_some() {
            return;
        }
        let (track, clock) = (&self.session.tracks[job.track], take.clock());
        let origin = clock.time_of(job.segment.from);
        let words: Vec<Word> = hypothesis.words.iter().map(|word| word.placed(origin)).collect();
        let frame_of = |s: f64| clock.frame_at(s);
        let Some((begin, shown)) = self.partials.take(job, &words, frame_of) else { return };
        let (first, last) = (shown.first(), shown.last());
        let line = Utterance {
            id: utterance::id(&track.track, take.entry.take, begin),
            track: track.track.clone(),
            speaker: track.name.clone(),
            take: take.entry.take,
            from_frame: first.map_or(begin, |word| frame_of(word.start)),
            to_frame: last.map_or(begin, |word| frame_of(word.end)),
            start: first.map_or(job.start, |word| word.start),
            end: last.map_or(job.start, |word| word.end),
            text: shown.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
            words: shown.to_vec(),
            confidence: hypothesis.confidence().unwrap_or(0.0),
            language: hypothesis.language,
            model: String::new(),
            ..Utterance::default()
        };
        if !line.text.is_empty() {
            self.session.news.publish(News::Partial(Arc::new(line.clone())));
            self.growing.insert(job.track, line);
        }
    }

    /// What was shown of an utterance that will not be a line is taken back.
    pub(super) fn retract(&mut self, track: &str, id: &str) {
        let Some(index) = self.session.tracks.iter().position(|t| t.track == track) else { return };
        if self.growing.get(&index).is_some_and(|line| line.id == id)
            && let Some(line) = self.growing.remove(&index)
        {
            let retracted = Utterance { text: String::new(), words: Vec::new(), ..line };
            self.session.news.publish(News::Partial(Arc::new(retracted)));
        }
    }
}

/// Whether all of what is being spoken is the device's own sound, as far as is known.
fn is_own_sound(session: &SessionView, open: &OpenSegment) -> bool {
    let take = session.tracks[open.job.track].takes().get(open.job.take).cloned();
    take.is_some_and(|take| take.foreign().iter().all(|(_, to)| *to <= open.job.segment.from))
}

/// Whether somebody else is much louder at the moment.
fn is_drowned(session: &SessionView, levels: &TrackLevels, open: &OpenSegment) -> bool {
    let level = |track: &str| {
        let envelope = levels.envelope(track, open.heard_s - DROWNED_S, open.heard_s);
        let power: f64 = envelope.iter().map(|rms| f64::from(*rms).powi(2)).sum();
        10.0 * (power / envelope.len().max(1) as f64).max(1e-12).log10()
    };
    let own = level(&session.tracks[open.job.track].track);
    let others = session.tracks.iter().enumerate().filter(|(index, _)| *index != open.job.track);
    others.map(|(_, track)| level(&track.track)).any(|other| other > own + DROWNED_DB)
}
