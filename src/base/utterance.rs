//! `transcript.jsonl`: an utterance a line. A correction appends the same id with a higher revision;
//! the last revision of an id counts. Nothing is ever taken out. Revisions are made in
//! [`revise`](crate::revise) alone.

use std::ops::Range;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::units::Frames;

/// What one person said in one go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// Identity within the session, as [`id`] gives it.
    pub id: String,
    /// 0, then one higher with each correction.
    pub rev: u32,
    /// Track it was heard on.
    pub track: String,
    /// Who is held to have said it: the source's name as it was recorded, or whom a person said it was. What
    /// readers see is made of it and of the voice when a session is read
    /// ([`people`](crate::session::people)).
    pub speaker: String,
    /// A person said who said it, of this very line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// Id of the session's voice that said it; `None` means that voices were not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Take of that track.
    pub take: u32,
    /// First frame in that take.
    pub from_frame: Frames,
    /// One past its last frame.
    pub to_frame: Frames,
    /// Session seconds of `from_frame`.
    pub start: f64,
    /// Session seconds of `to_frame`.
    pub end: f64,
    /// The words as a sentence, trimmed.
    pub text: String,
    /// The words with their times.
    pub words: Vec<Word>,
    /// Nobody told when the words were said: their times are a guess.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guessed_times: bool,
    /// Geometric mean of the words' probabilities, 0..1; 0 where nothing is known of them.
    pub confidence: f64,
    /// ISO 639-1 code.
    pub language: String,
    /// Name of the model.
    pub model: String,
    /// False for text that is going to be replaced.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Why it does not stand in the minutes; `None` if it does.
    pub withheld: Option<String>,
    /// Utterance on another track of which this is only the echo.
    pub bleed_of: Option<String>,
    /// A person wrote this revision; `None` if it is as it was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    /// What it was judged by; `None` if it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What speaks for and against a text that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Mean probability of speech from its onset to its end, 0..1: the detector's.
    pub speech_prob: f64,
    /// Seconds from the onset of the speech to its end.
    pub speech_s: f64,
    /// Probability that nobody spoke, 0..1: the recogniser's. `None` means that it has no opinion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_speech_prob: Option<f64>,
    /// Mean log probability (natural) of what was understood: the recogniser's. `None` means that it doesn't
    /// tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_logprob: Option<f64>,
}

/// That a person wrote a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    pub utc: Timestamp,
    /// Lines that the journal had at that moment: what it says later of people's names holds for this
    /// revision too.
    pub journal: u64,
}

impl Utterance {
    /// Whether it stands in the minutes.
    pub fn is_shown(&self) -> bool {
        self.withheld.is_none() && self.bleed_of.is_none() && !self.text.is_empty()
    }
}

/// Identity of the utterance that begins at frame `from` of take `take`.
///
/// An utterance begins where its speech begins. For one that was recognised that is the *onset* of its
/// segment: it is known while the line still grows, before there is a first word, and stays, so a growing
/// line has the id that the finished one will have. For one that is cut off another it is its first word. So
/// one segment can become several people's lines.
///
/// Sessions of older versions have ids that name the segment's first frame, which lies a little before the
/// onset: ids are compared, never taken apart.
pub fn id(track: &str, take: u32, from: Frames) -> String {
    format!("{track}-{take}-{from}")
}

/// A word with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As it stands in the sentence, with its punctuation, without the space before.
    pub text: String,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    /// Probability, 0..1; 0 where the recogniser doesn't tell.
    pub p: f64,
}

/// Words as a sentence.
pub fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The part of a text that the words `keep` of it make, spaces as they stand there; where the words are not
/// found in it, those words with spaces.
pub fn part_of<'a>(text: &str, words: impl Iterator<Item = &'a str>, keep: Range<usize>) -> String {
    if keep.is_empty() {
        return String::new();
    }
    let words: Vec<&str> = words.collect();
    let (mut at, mut spans) = (0, Vec::new());
    for word in &words {
        let Some(from) = text[at..].find(word) else { break };
        at += from + word.len();
        spans.push(at - word.len()..at);
    }
    match (spans.get(keep.start), spans.get(keep.end - 1)) {
        (Some(first), Some(last)) => text[first.start..last.end].to_owned(),
        _ => words.get(keep).unwrap_or_default().join(" "),
    }
}
