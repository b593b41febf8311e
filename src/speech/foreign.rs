//! Segments and another device's sound. Where a backend moves a stream silently, that is noticed some tenths
//! of a second later: what came meanwhile was somebody else's voice, and no text may come of it. Pure.
//!
//! Readers of a track hear silence there. What is left is what had been heard before it was known: a segment
//! is cut where the foreign sound begins, and an utterance by
//! [`Proposal::Foreign`](crate::revise::Proposal::Foreign).

use crate::audio::segment::Segment;
use crate::base::units::{Frames, SampleRate};

/// Minimum seconds of speech before the foreign sound that can hold a word.
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

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_48000;

    fn frames(seconds: f64) -> Frames {
        Frames::from_seconds(seconds, RATE)
    }

    fn segment(from: f64, onset: f64, offset: f64, to: f64) -> Segment {
        let [from, onset, offset, to] = [from, onset, offset, to].map(frames);
        Segment { from, to, onset, offset, speech: 0.9, raised: false, faint: false }
    }

    #[test]
    fn a_segment_is_cut_where_the_foreign_sound_begins() {
        let said = segment(1.0, 1.3, 6.0, 6.2);
        let own = |from: f64, to: f64| own_part(&said, &[(frames(from), frames(to))], RATE);
        assert_eq!(own(7.0, 8.0), Some(said), "it lies elsewhere");
        assert_eq!(own(6.1, 8.0).map(|s| (s.offset, s.to)), Some((frames(6.0), frames(6.1))));
        assert_eq!(own(4.0, 8.0), Some(segment(1.0, 1.3, 4.0, 4.0)));
        assert_eq!(own(1.35, 8.0), None, "a twentieth of a second is not a word");
        assert_eq!(own(0.0, 9.0), None);
        assert_eq!(own(0.0, 2.0), Some(segment(2.0, 2.0, 6.0, 6.2)));
    }
}
