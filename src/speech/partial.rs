//! The words of somebody who is still speaking, shown before the utterance is finished. They are for the eye
//! alone: the finished line replaces them, and nothing of them reaches the transcript.
//!
//! What is being spoken is recognised again and again as it grows. A word is shown once two hypotheses in a
//! row agree on it and on everything before it (LocalAgreement-2: Liu, Spanakis, Niehues 2020; for Whisper:
//! Macháček, Dabre, Bojar 2023), so few of the words shown change later. What is shown stays shown. A long
//! utterance is recognised from the end of a shown sentence on, so that each hypothesis costs about the same.
//! Pure: what is open and what was understood in, words out.

use super::analysis::{OpenSegment, SegmentJob};
use crate::base::units::{Frames, SampleRate};
use crate::base::utterance::Word;

/// Nothing is shown of an utterance before it lasts this long: its line comes soon enough.
const SPOKEN_S_MIN: f64 = 1.0;
/// So much more must have been heard before it is recognised again.
const STEP_S: f64 = 0.4;
/// A hypothesis over more sound than this begins later next time …
const WINDOW_S_MAX: f64 = 8.0;
/// … but so much of it is heard again.
const WINDOW_S_MIN: f64 = 1.5;
/// Word times of two hypotheses differ by this much.
const TIME_SLACK_S: f64 = 0.3;
/// So many words at most are looked for that stand at the end of one hypothesis and at the start of the next.
const OVERLAP_WORDS: usize = 5;

/// What is shown of all tracks.
#[derive(Debug, Default)]
pub struct Partials {
    lines: Vec<PartialLine>,
}

/// What is shown of an utterance.
#[derive(Debug)]
struct PartialLine {
    track: usize,
    take: usize,
    /// Where its speech begins: with track and take, the utterance's identity.
    onset: Frames,
    /// Where the sound of the next hypothesis begins.
    window: Frames,
    /// What was heard when it was recognised last.
    asked: Frames,
    asked_s: f64,
    /// Words of the last hypothesis after those that are shown.
    before: Vec<Word>,
    shown: Vec<Word>,
}

impl Partials {
    /// What to recognise next, of what is `open`: of those who have spoken on, the one who has waited
    /// longest. `rate` tells a track's rate, `is_own` whether what is heard there is that track's own voice.
    pub fn next(
        &mut self,
        open: &[OpenSegment],
        rate: impl Fn(&SegmentJob) -> SampleRate,
        is_own: impl Fn(&OpenSegment) -> bool,
    ) -> Option<SegmentJob> {
        self.lines.retain(|line| open.iter().any(|open| line.is_of(&open.job)));
        let mut due: Vec<(f64, &OpenSegment)> = Vec::new();
        for open in open.iter().filter(|open| !open.settled) {
            let rate = rate(&open.job);
            let spoken = open.heard.saturating_sub(open.job.segment.onset).seconds(rate);
            let line = self.lines.iter().find(|line| line.is_of(&open.job));
            let new = line.map_or(spoken, |line| open.heard.saturating_sub(line.asked).seconds(rate));
            if spoken >= SPOKEN_S_MIN && new >= STEP_S {
                due.push((line.map_or(open.job.start, |line| line.asked_s), open));
            }
        }
        due.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (_, open) = due.into_iter().find(|(_, open)| is_own(open))?;
        Some(self.ask(open))
    }

    /// An utterance is finished: nothing more of it is shown before.
    pub fn finished(&mut self, job: &SegmentJob) {
        self.lines.retain(|line| !line.is_of(job));
    }

    fn ask(&mut self, open: &OpenSegment) -> SegmentJob {
        let (job, segment) = (&open.job, open.job.segment);
        let at = self.lines.iter().position(|line| line.is_of(job)).unwrap_or_else(|| {
            self.lines.push(PartialLine {
                track: job.track,
                take: job.take,
                onset: segment.onset,
                window: segment.from,
                asked: Frames(0),
                asked_s: 0.0,
                before: Vec::new(),
                shown: Vec::new(),
            });
            self.lines.len() - 1
        });
        let line = &mut self.lines[at];
        (line.asked, line.asked_s) = (open.heard, open.heard_s);
        let mut next = job.clone();
        next.segment.from = line.window;
        next.segment.onset = segment.onset.max(line.window);
        (next.segment.to, next.segment.offset) = (open.heard, open.heard);
        next
    }

    /// A hypothesis on a job that [`next`](Self::next) gave: its words are in session seconds, `frame_of` is
    /// the frame of one. Where its speech begins and what is shown of it, if that is more than before.
    pub fn take(
        &mut self,
        job: &SegmentJob,
        words: &[Word],
        frame_of: impl Fn(f64) -> Frames,
    ) -> Option<(Frames, &[Word])> {
        // Its utterance may have ended meanwhile.
        let line = self
            .lines
            .iter_mut()
            .find(|line| (line.track, line.take, line.window) == (job.track, job.take, job.segment.from))?;
        let fresh = line.after_shown(words);
        let agreed = line.before.iter().zip(fresh).take_while(|(a, b)| is_same(a, b)).count();
        line.shown.extend_from_slice(&fresh[..agreed]);
        line.before = fresh[agreed..].to_vec();
        line.move_window(&frame_of);
        (agreed > 0).then_some((line.onset, line.shown.as_slice()))
    }
}

impl PartialLine {
    fn is_of(&self, job: &SegmentJob) -> bool {
        (self.track, self.take, self.onset) == (job.track, job.take, job.segment.onset)
    }

    /// Those words of a hypothesis that come after what is shown: told by their times, and about there by the
    /// words themselves.
    fn after_shown<'a>(&self, words: &'a [Word]) -> &'a [Word] {
        let Some(until) = self.shown.last().map(|word| word.end) else { return words };
        let middle = |word: &Word| (word.start + word.end) / 2.0;
        let first =
            words.iter().position(|word| middle(word) > until - TIME_SLACK_S - 1.0).unwrap_or(words.len());
        let near = &words[first..];
        // The longest end of what is shown that stands here, wherever the times put it.
        for length in (1..=OVERLAP_WORDS.min(self.shown.len())).rev() {
            let end = &self.shown[self.shown.len() - length..];
            let found =
                near.windows(length).position(|part| part.iter().zip(end).all(|(a, b)| is_same(a, b)));
            if let Some(at) =
                found.filter(|at| (near[at + length - 1].end - until).abs() <= TIME_SLACK_S + 0.5)
            {
                return &near[at + length..];
            }
        }
        let after = near.iter().position(|word| middle(word) > until).unwrap_or(near.len());
        &near[after..]
    }

    /// Once the window is long, it begins after a shown sentence, or where the longest pause is.
    fn move_window(&mut self, frame_of: &impl Fn(f64) -> Frames) {
        let window_s = |end: f64| self.asked_s - end;
        let Some(first) = self.shown.first() else { return };
        let inside = |word: &Word| frame_of(word.end) > self.window;
        let from = self.shown.iter().find(|word| inside(word)).map_or(first.start, |word| word.start);
        if window_s(from) <= WINDOW_S_MAX {
            return;
        }
        let candidates =
            || self.shown.windows(2).filter(|pair| inside(&pair[0]) && window_s(pair[0].end) >= WINDOW_S_MIN);
        let sentence = candidates().rfind(|pair| pair[0].text.ends_with(['.', '?', '!', '。', '？']));
        let pause = |pair: &[Word]| pair[1].start - pair[0].end;
        let late = candidates().filter(|pair| window_s(pair[0].end) <= WINDOW_S_MAX / 2.0);
        let longest = late.max_by(|a, b| pause(a).total_cmp(&pause(b)));
        if let Some(pair) = sentence.or(longest) {
            self.window = frame_of((pair[0].end + pair[1].start) / 2.0);
            // The next hypothesis begins elsewhere: what was not agreed on is asked anew.
        }
    }
}

/// The same word, whatever its case and punctuation.
fn is_same(a: &Word, b: &Word) -> bool {
    let letters = |word: &Word| -> String {
        word.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    letters(a) == letters(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::segment::{Growing, Segment};
    use crate::session::manifest::ClockFit;
    use crate::speech::analysis::Analysis;

    const RATE: SampleRate = SampleRate::HZ_16000;

    fn frame_of(s: f64) -> Frames {
        Frames::from_seconds(s, RATE)
    }

    /// Somebody who speaks since `from`, heard up to `heard`.
    fn open(from: f64, heard: f64) -> Vec<OpenSegment> {
        let (from, heard) = (frame_of(from), frame_of(heard));
        let segment =
            Segment { from, to: heard, onset: from, offset: heard, speech: 0.9, raised: false, faint: false };
        let mut analysis = Analysis::new(1);
        let growing = Some(Growing { segment, settled: false });
        analysis.growing(0, 0, &ClockFit::nominal(0.0, RATE), growing, heard);
        analysis.open().cloned().collect()
    }

    fn next(partials: &mut Partials, open: &[OpenSegment]) -> Option<SegmentJob> {
        partials.next(open, |_| RATE, |_| true)
    }

    /// Words of 0.3 s.
    fn words(start: f64, text: &str) -> Vec<Word> {
        let at = |n: usize| start + 0.3 * n as f64;
        let word =
            |(n, text): (usize, &str)| Word { text: text.into(), start: at(n), end: at(n + 1), p: 0.9 };
        text.split_whitespace().enumerate().map(word).collect()
    }

    fn text(words: &[Word]) -> String {
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_two_hypotheses_agree_on_is_shown_and_stays() {
        let mut partials = Partials::default();
        let mut hear = |heard: f64, said: &str| -> Option<String> {
            let job = next(&mut partials, &open(2.0, heard))?;
            partials.take(&job, &words(2.0, said), frame_of).map(|(from, shown)| {
                assert_eq!(from, frame_of(2.0));
                text(shown)
            })
        };
        assert_eq!(hear(2.9, ""), None, "too short to be asked about");
        assert_eq!(hear(3.2, "We will meat"), None);
        assert_eq!(hear(3.4, "We will meet again on"), None, "too soon");
        assert_eq!(hear(3.8, "We will meet again on"), Some("We will".into()));
        assert_eq!(hear(4.4, "we will meet again on Friday"), Some("We will meet again on".into()));
        assert_eq!(hear(5.0, "He wills meet again on Friday"), Some("We will meet again on Friday".into()));
        // Another utterance begins anew.
        let job = next(&mut partials, &open(9.0, 11.0)).unwrap();
        assert_eq!((job.segment.from, partials.lines.len()), (frame_of(9.0), 1));
        assert_eq!(partials.take(&SegmentJob { track: 1, ..job }, &words(9.0, "late"), frame_of), None);
    }

    #[test]
    fn who_has_waited_longest_is_next_and_nobody_whose_line_is_about_to_come() {
        let mut partials = Partials::default();
        let (mut all, mut other) = (open(1.0, 5.0), open(2.0, 5.0));
        other[0].job.track = 1;
        all.append(&mut other);
        let mut ask = |all: &[OpenSegment]| next(&mut partials, all).map(|job| job.track);
        assert_eq!([ask(&all), ask(&all), ask(&all)], [Some(0), Some(1), None]);
        all.iter_mut().for_each(|open| (open.heard, open.heard_s) = (frame_of(6.0), 6.0));
        all[0].settled = true;
        assert_eq!([ask(&all), ask(&all)], [Some(1), None]);
    }

    #[test]
    fn a_long_speech_is_shown_word_by_word_at_a_steady_price() {
        let said: Vec<String> =
            (0..200).map(|n| format!("w{n}{}", if n % 13 == 12 { "." } else { "" })).collect();
        let truth = words(1.0, &said.join(" "));
        let mut partials = Partials::default();
        let (mut shown, mut late) = (Vec::new(), 0.0_f64);
        for step in 0..70 {
            let heard = 2.0 + 0.8 * f64::from(step);
            let Some(job) = next(&mut partials, &open(1.0, heard)) else { continue };
            let from = job.segment.from.seconds(RATE);
            assert!(heard - from <= WINDOW_S_MAX + 3.0, "{from}..{heard}");
            // Times wander, the last word is misheard, and what is cut at the window's start too.
            let shake = |n: usize| 0.1 * f64::from(((step * 7 + n as u32 * 3) % 5) as i32 - 2);
            let inside = truth.iter().filter(|word| word.end > from && word.end <= heard);
            let mut heard_words: Vec<Word> = inside.cloned().collect();
            for (n, word) in heard_words.iter_mut().enumerate() {
                (word.start, word.end) = (word.start + shake(n), word.end + shake(n));
            }
            if let Some(last) = heard_words.last_mut() {
                last.text = format!("misheard{step}");
            }
            if let Some((_, words)) = partials.take(&job, &heard_words, frame_of) {
                assert!(words.starts_with(&shown), "what is shown stays");
                shown = words.to_vec();
                late = late.max(heard - truth[shown.len() - 1].end);
            }
        }
        let expected: Vec<Word> = truth[..shown.len()].to_vec();
        assert_eq!(text(&shown), text(&expected));
        assert!(shown.len() > 170 && late < 2.5, "{} words, {late} s", shown.len());
    }
}
