//! A line as it is answered: as it is shown, whoever asks.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::export::turns::hidden_because;

/// A line of the transcript as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Line {
    pub id: String,
    pub rev: u32,
    pub track: String,
    pub voice: Option<String>,
    pub speaker: String,
    pub start: f64,
    pub end: f64,
    pub text: String,
    pub language: String,
    pub confidence: f64,
    /// A person wrote it.
    pub edited: bool,
    /// Why it stands in no minutes; null for what does.
    pub hidden: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Vec<WordEntry>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct WordEntry {
    text: String,
    start: f64,
    end: f64,
    /// Probability, 0 to 1; 0 where it is not known.
    p: f64,
}

/// With the times of its words, if they are wanted.
pub(super) fn line_of(line: &Utterance, with_words: bool) -> Line {
    let word = |word: &crate::base::utterance::Word| WordEntry {
        text: clean(&word.text),
        start: word.start,
        end: word.end,
        p: word.p,
    };
    Line {
        id: line.id.clone(),
        rev: line.rev,
        track: line.track.clone(),
        voice: line.voice.clone(),
        speaker: clean(&line.speaker),
        start: line.start,
        end: line.end,
        text: clean(&line.text),
        language: line.language.clone(),
        confidence: line.confidence,
        edited: line.edited.is_some(),
        hidden: hidden_because(line),
        words: with_words.then(|| line.words.iter().map(word).collect()),
    }
}
