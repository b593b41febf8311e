//! Word times that hold, whatever a recogniser says: in order, none over another, each with a length, all
//! within the line, and none that begins in a pause that the detector of speech hears.
//!
//! Pauses are where words don't begin, so times are put right on a clock that stands still in them. There
//! two words need only keep a distance, and whatever lies in a pause falls on its one instant: as a begin
//! that is where the speech goes on, as an end it is where it stopped.

use crate::audio::vad::Vad;
use crate::recognisers::recognizer::Word;

/// No word is shorter, in seconds, unless more are said than fit.
pub const WORD_S_MIN: f64 = 0.02;
/// Speech begins at this probability and goes on down to the other one, as in segments.
const ONSET: f32 = 0.5;
/// See [`ONSET`].
const OFFSET: f32 = 0.35;
/// Less silence than this, in seconds, is the closed mouth of a "p" or a "t".
const PAUSE_S_MIN: f64 = 0.1;
/// A word that reaches over a pause by no more than this, in seconds, does so by mistake.
const REACH_S_MAX: f64 = 0.3;
/// Times closer together than this are the same.
const SAME_S: f64 = 1e-9;

/// Where in `samples` (16 kHz) the detector hears speech, in seconds.
pub fn spoken(samples: &[f32], vad: &mut dyn Vad) -> Vec<(f64, f64)> {
    let window = vad.window();
    let step = window as f64 / 16_000.0;
    let mut stretches: Vec<(f64, f64)> = Vec::new();
    let mut speaking = false;
    for (n, sound) in samples.chunks_exact(window).enumerate() {
        let probability = vad.probability(sound);
        speaking = probability >= if speaking { OFFSET } else { ONSET };
        if !speaking {
            continue;
        }
        let (from, to) = (n as f64 * step, (n + 1) as f64 * step);
        match stretches.last_mut().filter(|last| from - last.1 < PAUSE_S_MIN) {
            Some(last) => last.1 = to,
            None => stretches.push((from, to)),
        }
    }
    stretches
}

/// Makes the times of a line's words hold. The line lasts from 0 to `length` seconds, and `spoken` says where
/// in it speech is heard, in order; where that is nowhere, there are no pauses either.
pub fn hold(words: &mut [Word], length: f64, spoken: &[(f64, f64)]) {
    let clock = SpeechClock::new(length, spoken);
    let all = clock.all();
    let mut spans: Vec<(f64, f64)> = words.iter().map(|word| clock.span(word.start, word.end)).collect();
    clock.leave_pauses(&mut spans);
    let least = if words.is_empty() { WORD_S_MIN } else { WORD_S_MIN.min(all / words.len() as f64) };
    let mut earliest = 0.0_f64;
    for (from, _) in &mut spans {
        *from = from.max(earliest);
        earliest = *from + least;
    }
    let mut latest = all;
    for (from, to) in spans.iter_mut().rev() {
        *from = from.min(latest - least).max(0.0);
        *to = to.clamp(*from + least.min(latest - *from), latest);
        latest = *from;
    }
    for (word, (from, to)) in words.iter_mut().zip(spans) {
        word.start = clock.begin(from);
        word.end = clock.end(to).max(word.start);
    }
}

/// A clock that runs only while somebody speaks.
struct SpeechClock {
    /// Each stretch of speech, and what the clock shows at its beginning.
    stretches: Vec<(f64, f64, f64)>,
}

impl SpeechClock {
    fn new(length: f64, spoken: &[(f64, f64)]) -> Self {
        let length = if length.is_finite() { length.max(0.0) } else { 0.0 };
        let (mut stretches, mut shown, mut last) = (Vec::new(), 0.0, 0.0);
        for &(from, to) in spoken {
            let (from, to) = (from.clamp(last, length), to.clamp(last, length));
            if to - from > SAME_S {
                stretches.push((from, to, shown));
                shown += to - from;
                last = to;
            }
        }
        if stretches.is_empty() {
            stretches.push((0.0, length, 0.0));
        }
        Self { stretches }
    }

    /// What it shows at the end.
    fn all(&self) -> f64 {
        self.stretches.last().map_or(0.0, |(from, to, shown)| shown + to - from)
    }

    /// What it shows at a time.
    fn at(&self, time: f64) -> f64 {
        let begun = self.stretches.iter().take_while(|(from, ..)| *from <= time).last();
        begun.map_or(0.0, |(from, to, shown)| shown + time.min(*to) - from)
    }

    /// What it shows at the beginning and the end of a word; what is no number is taken for the line's end.
    fn span(&self, start: f64, end: f64) -> (f64, f64) {
        let from = if start.is_finite() { self.at(start) } else { self.all() };
        let to = if end.is_finite() { self.at(end) } else { from };
        (from, to.max(from))
    }

    /// The time at which a word begins when it shows `shown`: never in a pause, nor at its beginning.
    fn begin(&self, shown: f64) -> f64 {
        let begun = self.stretches.iter().take_while(|(.., first)| *first <= shown + SAME_S).last();
        begun.map_or(0.0, |(from, to, first)| (from + (shown - first).max(0.0)).min(*to))
    }

    /// The time at which a word ends when it shows `shown`: never in a pause, nor at its end.
    fn end(&self, shown: f64) -> f64 {
        let begun = self.stretches.iter().enumerate();
        let begun = begun.take_while(|(n, (.., first))| *n == 0 || *first < shown - SAME_S).last();
        begun.map_or(0.0, |(_, (from, to, first))| (from + (shown - first).max(0.0)).min(*to))
    }

    /// No mouth pauses within a word: one that reaches over a pause by a little is cut there, on the side
    /// where less of it lies. Its neighbour takes that piece, if it began or ended there.
    fn leave_pauses(&self, spans: &mut [(f64, f64)]) {
        for &(.., pause) in self.stretches.iter().skip(1) {
            for n in 0..spans.len() {
                let (from, to) = spans[n];
                let (before, after) = (pause - from, to - pause);
                if before <= SAME_S || after <= SAME_S || before.min(after) > REACH_S_MAX {
                    continue;
                }
                if before < after {
                    spans[n].0 = pause;
                    if let Some(last) = n.checked_sub(1).map(|last| &mut spans[last])
                        && last.1 >= from - SAME_S
                    {
                        last.1 = pause;
                    }
                } else {
                    spans[n].1 = pause;
                    if let Some(next) = spans.get_mut(n + 1)
                        && next.0 <= to + SAME_S
                    {
                        next.0 = pause.max(from);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audio::vad::ScriptedVad;

    fn held(times: &[(f64, f64)], length: f64, spoken: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let word = |&(start, end): &(f64, f64)| Word { text: "so".into(), start, end, p: None };
        let mut words: Vec<Word> = times.iter().map(word).collect();
        hold(&mut words, length, spoken);
        let short = |time: f64| (time * 1e4).round() / 1e4;
        words.iter().map(|word| (short(word.start), short(word.end))).collect()
    }

    #[test]
    fn good_times_stay() {
        let times = [(0.5, 0.7), (0.7, 1.1), (2.0, 2.4)];
        assert_eq!(held(&times, 3.0, &[(0.4, 1.2), (1.9, 2.6)]), times);
        assert_eq!(held(&times, 3.0, &[]), times, "nothing heard, nothing to hold to");
    }

    #[test]
    fn no_word_begins_in_a_pause() {
        let spoken = [(0.5, 1.0), (2.0, 3.0)];
        // Whisper puts the second one into the pause, and the first has all of the silence before it.
        assert_eq!(held(&[(0.0, 1.4), (1.4, 2.5)], 3.5, &spoken), [(0.5, 1.0), (2.0, 2.5)]);
        // A word's last sound seems to lie behind the pause: that is the next one's first.
        assert_eq!(held(&[(0.6, 2.1), (2.1, 2.8)], 3.5, &spoken), [(0.6, 1.0), (2.0, 2.8)]);
        assert_eq!(held(&[(0.6, 0.9), (0.9, 2.8)], 3.5, &spoken), [(0.6, 1.0), (2.0, 2.8)]);
        // Nothing behind the last speech either.
        assert_eq!(held(&[(2.9, 3.1), (3.2, 3.4)], 3.5, &spoken), [(2.9, 2.98), (2.98, 3.0)]);
        // A word over the whole of it stays: somebody may have spoken too softly for the detector.
        assert_eq!(held(&[(0.5, 3.0)], 3.5, &spoken), [(0.5, 3.0)]);
    }

    #[test]
    fn each_word_has_a_length() {
        assert_eq!(held(&[(1.0, 1.0), (1.0, 1.0)], 1.0, &[]), [(0.96, 0.98), (0.98, 1.0)]);
        assert_eq!(held(&[(0.2, 0.1)], 1.0, &[]), [(0.2, 0.22)]);
        assert_eq!(held(&[(f64::NAN, f64::NAN), (9.0, 2.0)], 0.02, &[]), [(0.0, 0.01), (0.01, 0.02)]);
        assert_eq!(held(&[], 1.0, &[]), []);
    }

    #[test]
    fn short_silence_is_no_pause() {
        let heard = |script: &[f32]| {
            spoken(&vec![0.0; 512 * script.len()], &mut ScriptedVad::new(512, script.to_vec()))
        };
        let short = |stretches: Vec<(f64, f64)>| -> Vec<(i64, i64)> {
            stretches.iter().map(|s| ((s.0 * 1e3).round() as i64, (s.1 * 1e3).round() as i64)).collect()
        };
        // Going on needs less than beginning.
        assert_eq!(short(heard(&[0.4, 0.9, 0.4, 0.1, 0.4])), [(32, 96)]);
        assert_eq!(short(heard(&[0.9, 0.1, 0.1, 0.1, 0.9])), [(0, 160)]);
        assert_eq!(short(heard(&[0.9, 0.1, 0.1, 0.1, 0.1, 0.9])), [(0, 32), (160, 192)]);
        assert_eq!(short(heard(&[0.1, 0.2])), []);
    }

    fn some_times() -> impl Strategy<Value = Vec<(f64, f64)>> {
        let any_time =
            prop_oneof![8 => -1.0..12.0_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(4.0)];
        proptest::collection::vec((any_time.clone(), any_time), 0..40)
    }

    fn some_speech() -> impl Strategy<Value = Vec<(f64, f64)>> {
        let piece = (0.0..1.5_f64, 0.03..2.0_f64);
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| {
            let mut at = 0.0;
            let place = |(pause, speech): (f64, f64)| {
                let from = at + pause;
                at = from + speech;
                (from, at)
            };
            pieces.into_iter().map(place).collect()
        })
    }

    proptest! {
        #[test]
        fn times_hold_whatever_was_said(
            times in some_times(), spoken in some_speech(), length in 0.05..10.0_f64,
        ) {
            let word = |&(start, end): &(f64, f64)| Word { text: "so".into(), start, end, p: None };
            let mut words: Vec<Word> = times.iter().map(word).collect();
            hold(&mut words, length, &spoken);
            let heard: Vec<(f64, f64)> =
                spoken.iter().map(|s| (s.0.min(length), s.1.min(length))).filter(|s| s.1 - s.0 > 1e-8).collect();
            let all: f64 = if heard.is_empty() { length } else { heard.iter().map(|s| s.1 - s.0).sum() };
            let least = WORD_S_MIN.min(all / words.len().max(1) as f64);
            for word in &words {
                prop_assert!(word.start >= 0.0 && word.end <= length, "{word:?}");
                prop_assert!(word.end - word.start >= least - 1e-6, "{word:?}");
                let begins = heard.iter().any(|s| word.start >= s.0 - 1e-9 && word.start < s.1);
                prop_assert!(heard.is_empty() || begins, "{word:?} {heard:?}");
            }
            for pair in words.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start, "{pair:?}");
            }
        }
    }
}
