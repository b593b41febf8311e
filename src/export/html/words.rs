//! The times of words, as a table beside the text: what the page's script looks up for a place in a line, and
//! for a time.

use std::collections::HashMap;

use serde::Serialize;

use super::Sound;
use crate::base::text;
use crate::export::timing::{LetterTime, letters};
use crate::export::turns::{Meeting, TurnPart};

/// What the script is given.
#[derive(Serialize)]
struct Data<'a> {
    /// Seconds that the timeline spans.
    duration: f64,
    /// Times are told with hours.
    long: bool,
    /// Seconds of the sound beside the page, by which it knows its own; null where it need not look.
    sound: Option<f64>,
    /// In the order in which lines stand in the page.
    lines: &'a [TimedLine],
    words: Words,
}

/// What the script says.
#[derive(Serialize)]
struct Words {
    play: &'static str,
    halt: &'static str,
    place: &'static str,
    speed: &'static str,
    follow: &'static str,
    /// What stands before the first decimal.
    decimal: &'static str,
    /// `{0} of {1}`
    of: &'static str,
    none: &'static str,
}

/// `[start ms, end ms, [ms after the start, per word], [place of each word in the text]]`; the last one only
/// where words are not simply what stands between spaces. Places count UTF-16 units, as scripts do.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct TimedLine(u64, u64, Vec<u64>, #[serde(skip_serializing_if = "Vec::is_empty")] Vec<usize>);

/// As JSON that can stand in a script element: it is numbers and words of ours; nothing in it can end one.
pub(super) fn data(meeting: &Meeting, lines: &[TimedLine], sound: Option<Sound>) -> String {
    let page = &meeting.words.page;
    let words = Words {
        play: page.play,
        halt: page.pause,
        place: page.place,
        speed: page.speed,
        follow: page.follow,
        decimal: meeting.words.decimal,
        of: page.of,
        none: page.not_found,
    };
    let sound = match sound {
        Some(Sound::Beside { seconds, .. }) => Some((seconds * 1e4).round() / 1e4),
        _ => None,
    };
    let data = Data { duration: duration(meeting), long: meeting.long, sound, lines, words };
    serde_json::to_string(&data).unwrap_or_default()
}

/// Seconds that the timeline spans: the recording, or the last word if that is later. Never zero.
pub(super) fn duration(meeting: &Meeting) -> f64 {
    let end = meeting.said.iter().map(|u| u.end).fold(meeting.session.manifest.duration, f64::max);
    (end.max(0.001) * 1000.0).ceil() / 1000.0
}

/// Makes lines of pieces. It must be given an utterance's pieces in order.
#[derive(Default)]
pub(super) struct Timer<'a> {
    /// Letters of each utterance that are not in a line yet.
    letters: HashMap<&'a str, std::vec::IntoIter<LetterTime>>,
}

impl<'a> Timer<'a> {
    /// The times of a piece's words. Scripts without spaces have several words in one token: each has its own
    /// time.
    pub(super) fn line(&mut self, piece: &TurnPart<'a>) -> TimedLine {
        let said = piece.utterance;
        let of_utterance = || letters(said, &text::clean(&said.text)).into_iter();
        let left = self.letters.entry(&said.id).or_insert_with(of_utterance);
        let ms = |seconds: f64| (seconds.max(0.0) * 1000.0).round() as u64;
        let start = piece.words.first().map_or(0, |word| ms(word.start));
        let end = piece.words.last().map_or(0, |word| ms(word.end)).max(start + 1);
        let (mut after, mut places, mut reached, mut at, mut whole) = (Vec::new(), Vec::new(), 0, 0, true);
        for token in &piece.words {
            let mut word = None;
            for c in token.text.chars() {
                let letter = left.next();
                let (number, begins) = letter.map_or((0, token.start), |letter| (letter.word, letter.start));
                if word != Some(number) {
                    whole &= word.is_none();
                    let begins = if word.is_none() { token.start } else { begins };
                    reached = ms(begins).clamp(start + reached, end.max(start + reached)) - start;
                    after.push(reached);
                    places.push(at);
                    word = Some(number);
                }
                at += c.len_utf16();
            }
            at += 1;
        }
        TimedLine(start, end, after, if whole { Vec::new() } else { places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::utterance::Utterance;
    use crate::export::timing::words;

    fn lines(text: &str, said: &[(&str, f64)], cut: usize) -> Vec<TimedLine> {
        let word = |(text, at): &(&str, f64)| serde_json::json!({"text": text, "start": at, "end": at + 0.1, "p": 0.9});
        let utterance: Utterance = serde_json::from_value(serde_json::json!({
            "id": "u", "rev": 0, "track": "t", "speaker": "A", "take": 1, "from_frame": 0, "to_frame": 48_000, "start": 1.0, "end": 2.0,
            "text": text, "confidence": 0.9, "language": "en", "model": "m", "final": true, "withheld": null, "bleed_of": null,
            "words": said.iter().map(word).collect::<Vec<_>>(),
        }))
        .unwrap();
        let mut rest = words(&utterance);
        let later = rest.split_off(cut.min(rest.len()));
        let mut timer = Timer::default();
        let parts = [rest, later].into_iter().filter(|words| !words.is_empty());
        parts
            .map(|words| timer.line(&TurnPart { utterance: &utterance, words, interjection: false }))
            .collect()
    }

    #[test]
    fn words_have_times_and_places() {
        let said = [("Good", 1.1), ("🙂", 1.3), ("morning.", 1.5)];
        assert_eq!(lines("Good 🙂 morning.", &said, 9), [TimedLine(1100, 1600, vec![0, 200, 400], vec![])]);
        // Parted where somebody put something in.
        let parted = [TimedLine(1100, 1400, vec![0, 200], vec![]), TimedLine(1500, 1600, vec![0], vec![])];
        assert_eq!(lines("Good 🙂 morning.", &said, 2), parted);
        // No spaces: words are told by their places, in UTF-16 units.
        let dense = [TimedLine(1000, 1700, vec![0, 600], vec![0, 4])];
        assert_eq!(lines("𠮷野家です。", &[("𠮷野家", 1.0), ("です。", 1.6)], 9), dense);
        // A text that the words don't spell any more has times all the same, in order.
        let corrected = &lines("Good evening all.", &[("Good", 1.1), ("morning.", 1.5)], 9)[0];
        assert_eq!((corrected.2.len(), corrected.2.is_sorted()), (3, true));
    }
}
