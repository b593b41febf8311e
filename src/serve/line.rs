//! A line as it is answered: as it is shown, whoever asks. Of what people hid no word is told: a line that
//! lies in a hidden passage is not there, one that a passage cuts is told without the words in it, as in
//! every export.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::export::turns::hidden_because;
use crate::session::amend::HIDDEN;
use crate::session::reading::Session;

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
    /// A hidden passage cuts it: `[…]` stands for what is left out between other words. None of its words can
    /// be corrected.
    pub partly_hidden: bool,
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

/// The lines of a session as they are shown.
pub(super) struct Shown<'a> {
    session: &'a Session,
    /// As they were written; empty where nothing is hidden.
    written: HashMap<&'a str, &'a Utterance>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        let mut written: HashMap<&str, &Utterance> = HashMap::new();
        let all = session.history.iter().filter(|_| !session.amendments.passages.is_empty());
        for line in all {
            let last = written.entry(line.id.as_str()).or_insert(line);
            if line.rev >= last.rev {
                *last = line;
            }
        }
        Self { session, written }
    }

    /// A line of the session, with the times of its words if they are wanted; `None` if all of it is hidden.
    pub(super) fn line(&self, line: &Utterance, with_words: bool) -> Option<Line> {
        let is_cut = self.written.get(line.id.as_str()).is_some_and(|written| written.text != line.text);
        self.is_shown(line).then(|| line_of(line, is_cut, with_words))
    }

    /// A revision of a line; `None` if all of it is hidden.
    pub(super) fn revision(&self, line: &Utterance) -> Option<Line> {
        let left = self.session.amendments.amended(line);
        // It was said by whoever was thought to have said it then.
        let shown = Utterance { speaker: line.speaker.clone(), ..left };
        self.is_shown(&shown).then(|| line_of(&shown, shown.text != line.text, false))
    }

    /// Whether something of it may be told.
    pub(super) fn is_shown(&self, line: &Utterance) -> bool {
        let passages = &self.session.amendments.passages;
        let is_in =
            |line: &Utterance| passages.iter().any(|one| line.start <= one.to && line.end >= one.from);
        line.withheld.as_deref() != Some(HIDDEN) || !is_in(line)
    }
}

fn line_of(line: &Utterance, partly_hidden: bool, with_words: bool) -> Line {
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
        partly_hidden,
        words: with_words.then(|| line.words.iter().map(word).collect()),
    }
}
