//! Whether what is to be done, or was decided, was said: the verb of a decision or an action is one of its
//! lines, or a word that any decision has. Pure.

use super::Reason;
use super::cited::{Cited, Spoken};
use super::names::Mention;
use super::text::{Gap, Text};

/// Before a verb in English.
#[rustfmt::skip]
const BEFORE_VERBS: &[&str] = &[
    "will", "shall", "would", "can", "to", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "not",
    "must", "should", "also", "ll",
];

/// Checks the verbs of a decision or an action.
pub(super) fn check(
    text: &Text,
    content: &[bool],
    stems: &[String],
    mentions: &[Mention],
    cited: &Cited,
    usable: &dyn Fn(&Spoken) -> bool,
) -> Result<(), Reason> {
    let tongue = &cited.meeting.tongue;
    let said = |at: usize| {
        cited.spoken.iter().filter(|spoken| usable(spoken)).any(|spoken| {
            let range = spoken.line.text.sentences[spoken.sentence].words.clone();
            spoken.line.stems[range].iter().any(|said| tongue.alike(&stems[at], said))
        })
    };
    for at in (0..text.words.len()).filter(|at| content[*at]) {
        let is_verb = match tongue.language.as_str() {
            "en" => is_verb(text, at, mentions),
            // A noun has a capital.
            "de" => !text.words[at].capital && !text.words[at].first,
            _ => false,
        };
        if is_verb && !said(at) {
            return Err(Reason::Words(text.words[at].raw.clone()));
        }
    }
    Ok(())
}

/// Whether an English word stands where a verb does: it begins the sentence, follows whom it tells of, or
/// stands behind a word that verbs follow.
fn is_verb(text: &Text, at: usize, mentions: &[Mention]) -> bool {
    let word = &text.words[at];
    let Some(before) = at.checked_sub(1).map(|before| &text.words[before]) else { return true };
    let named = mentions.iter().any(|mention| mention.words.end == at) && !before.possessive;
    word.gap != Gap::Joined && (named || BEFORE_VERBS.contains(&before.fold.as_str()))
}
