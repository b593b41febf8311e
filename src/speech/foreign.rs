//! Text and another device's sound. Where a backend moves a stream silently, that is noticed some tenths of a
//! second later: what came meanwhile was somebody else's voice, and no text may come of it. Pure.
//!
//! Whoever reads a track hears silence there. What is left is what had been heard before it was known: a
//! segment is cut where the foreign sound begins, and of an utterance only the words before it stay.

use crate::audio::segment::Segment;
use crate::base::units::{Frames, SampleRate};

use crate::base::utterance::{Utterance, Word};

/// Why words of another device's sound do not stand in the minutes.
pub const FOREIGN: &str = "foreign";
/// Less speech than this before the foreign sound is no word.
const SPEECH_MIN_S: f64 = 0.1;

/// What of a segment is the device's own, `foreign` being what of its take is not, in order. None: nothing
/// worth hearing.
pub fn own_part(segment: &Segment, foreign: &[(Frames, Frames)], rate: SampleRate) -> Option<Segment> {
    let mut own = *segment;
    for &(from, to) in foreign.iter().filter(|(from, to)| *from < segment.to && *to > segment.from) {
        let before = from.saturating_sub(own.onset).seconds(rate);
        let after = own.offset.saturating_sub(to).seconds(rate);
        if before >= after {
            own.to = own.to.min(from.max(own.from));
            own.offset = own.offset.min(own.to);
        } else {
            own.from = own.from.max(to);
            own.onset = own.onset.max(own.from);
        }
    }
    (own == *segment || own.offset.saturating_sub(own.onset).seconds(rate) >= SPEECH_MIN_S).then_some(own)
}

/// What becomes of an utterance that was written before its sound was known to be foreign in `spans` (session
/// seconds, in order): its next revision with the words that stay, and the others, withheld. Nothing, if none
/// of its words lies there.
pub fn without(utterance: &Utterance, spans: &[(f64, f64)]) -> Vec<Utterance> {
    let is_foreign = |word: &Word| {
        let middle = (word.start + word.end) / 2.0;
        spans.iter().any(|(from, to)| (*from..*to).contains(&middle))
    };
    let (taken, kept): (Vec<Word>, Vec<Word>) = utterance.words.iter().cloned().partition(is_foreign);
    if taken.is_empty() {
        return Vec::new();
    }
    let rev = utterance.rev + 1;
    if kept.is_empty() {
        return vec![Utterance { rev, withheld: Some(FOREIGN.into()), ..utterance.clone() }];
    }
    let withheld = Some(FOREIGN.to_owned());
    let others =
        Utterance { id: format!("{}-{FOREIGN}", utterance.id), rev: 0, withheld, ..utterance.part(taken) };
    vec![Utterance { rev, ..utterance.part(kept) }, others]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_48000;

    fn frames(seconds: f64) -> Frames {
        Frames::from_seconds(seconds, RATE)
    }

    fn segment(from: f64, onset: f64, offset: f64, to: f64) -> Segment {
        let [from, onset, offset, to] = [from, onset, offset, to].map(frames);
        Segment { from, to, onset, offset, speech: 0.9 }
    }

    #[test]
    fn a_segment_is_cut_where_the_foreign_sound_begins() {
        let said = segment(1.0, 1.3, 6.0, 6.2);
        let own = |from: f64, to: f64| own_part(&said, &[(frames(from), frames(to))], RATE);
        assert_eq!(own(7.0, 8.0), Some(said), "it lies elsewhere");
        assert_eq!(own(6.1, 8.0).map(|s| (s.offset, s.to)), Some((frames(6.0), frames(6.1))));
        assert_eq!(own(4.0, 8.0), Some(segment(1.0, 1.3, 4.0, 4.0)));
        assert_eq!(own(1.35, 8.0), None, "a twentieth of a second is no word");
        assert_eq!(own(0.0, 9.0), None);
        assert_eq!(own(0.0, 2.0), Some(segment(2.0, 2.0, 6.0, 6.2)));
    }

    #[test]
    fn words_before_the_foreign_sound_stay_and_the_others_are_withheld() {
        let words: Vec<Word> = ["we", "begin", "at", "nine"]
            .iter()
            .enumerate()
            .map(|(n, text)| Word {
                text: (*text).into(),
                start: 10.0 + n as f64,
                end: 10.5 + n as f64,
                p: 0.9,
            })
            .collect();
        let said = Utterance {
            id: "alice-1-480000".into(),
            rev: 0,
            track: "alice".into(),
            speaker: "Alice".into(),
            take: 1,
            from_frame: frames(10.0),
            to_frame: frames(13.5),
            start: 10.0,
            end: 13.5,
            text: "we begin at nine".into(),
            words,
            confidence: 0.9,
            language: "en".into(),
            model: "scripted".into(),
            is_final: true,
            withheld: None,
            bleed_of: None,
            edited: None,
            evidence: None,
        };
        assert_eq!(without(&said, &[(20.0, 21.0)]), []);
        let [kept, others] = &without(&said, &[(11.8, 14.0)])[..] else { panic!("two parts") };
        assert_eq!((kept.id.as_str(), kept.rev, kept.text.as_str()), ("alice-1-480000", 1, "we begin"));
        assert_eq!((kept.to_frame, kept.end, kept.is_shown()), (frames(11.5), 11.5, true));
        assert_eq!(
            (others.rev, others.text.as_str(), others.withheld.as_deref()),
            (0, "at nine", Some(FOREIGN))
        );
        assert_ne!(others.id, kept.id);
        let [all] = &without(&said, &[(9.0, 14.0)])[..] else { panic!("one part") };
        assert_eq!((all.rev, all.text.as_str(), all.is_shown()), (1, "we begin at nine", false));
    }
}
