//! Yes and no: whether a part of a sentence says the same as the part of a line that it is about, or the
//! opposite. Pure.

use std::ops::Range;

use super::Reason;
use super::cited::{Cited, Said, Spoken};
use super::facts::Fact;
use super::text::{Gap, Text, Word};
use super::tongue::{Tongue, is_instead};

/// Words that turn a clause into its opposite: those that do it once, and those that do it each.
fn turns(words: &[Word], tongue: &Tongue) -> (bool, Vec<String>) {
    let mut not = false;
    let mut refuse = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let length = tongue.not.at(words, at);
        // "No, on the desktop": an answer to something else.
        let answer = words[at].first
            && length == 1
            && tongue.no.has(&words[at].fold)
            && words.get(at + 1).is_none_or(|next| {
                next.gap == Gap::Break || (tongue.language == "en" && tongue.stop.has(&next.fold))
            });
        if length > 0 {
            not |= !answer;
        } else if is_ne(words, at, tongue) {
            not = true;
        } else if tongue.refuse.at(words, at) > 0 {
            refuse.push(tongue.stem(&words[at].fold));
        }
        at += length.max(1);
    }
    (not, refuse)
}

/// `ne … plus`, `ne … personne`: words of French that deny only together.
fn is_ne(words: &[Word], at: usize, tongue: &Tongue) -> bool {
    tongue.language == "fr"
        && matches!(words[at].fold.as_str(), "plus" | "personne")
        && words[..at].iter().rev().take(5).any(|word| matches!(word.fold.as_str(), "ne" | "n"))
}

/// Whether these words say that something is not so.
pub(super) fn is_negative(words: &[Word], tongue: &Tongue) -> bool {
    let (not, refuse) = turns(words, tongue);
    not != (refuse.len() % 2 == 1)
}

/// Whether the two say opposite things, given that they are about the same.
fn differ(claim: &[Word], about: &Clause, tongue: &Tongue) -> bool {
    let ((claims_not, claimed), (says_not, said)) = (turns(claim, tongue), turns(about.words, tongue));
    // "Couldn't we …?" asks whether we could.
    let says_not = says_not && !about.asked;
    let turned = about.turned;
    // The same word in both says the same in both.
    let left = |own: &[String], other: &[String]| {
        own.iter().filter(|word| !other.iter().any(|o| tongue.alike(word, o))).count()
    };
    let claim = claims_not != (left(&claimed, &said) % 2 == 1);
    let said = says_not != (left(&said, &claimed) % 2 == 1);
    claim != (said != turned) && !about.open
}

/// A clause of a line that a clause of a sentence can be about.
struct Clause<'a> {
    words: &'a [Word],
    stems: &'a [String],
    facts: Vec<&'a Fact>,
    quoted: bool,
    turned: bool,
    /// It is a question to be answered with yes or no.
    asked: bool,
    /// The answer is neither: nobody knows which it was.
    open: bool,
}

/// Checks that no part of a sentence is the opposite of what was said.
///
/// `content` says which words of the sentence say something, `stems` are its stems, `usable` are the
/// sentences of the lines that can carry it.
pub(super) fn check(
    text: &Text,
    content: &[bool],
    stems: &[String],
    facts: &[Fact],
    cited: &Cited,
    quoted: &[usize],
    usable: &dyn Fn(&Spoken) -> bool,
) -> Result<(), Reason> {
    let tongue = &cited.meeting.tongue;
    let mut clauses = Vec::new();
    for (n, spoken) in cited.spoken.iter().enumerate().filter(|(_, spoken)| usable(spoken)) {
        let sentence = &spoken.range;
        for clause in &spoken.line.text.clauses {
            if clause.start >= sentence.start && clause.end <= sentence.end {
                clauses.push(Clause {
                    words: &spoken.line.text.words[clause.clone()],
                    stems: &spoken.line.stems[clause.clone()],
                    facts: spoken
                        .line
                        .facts
                        .iter()
                        .filter(|fact| clause.contains(&fact.words.start))
                        .collect(),
                    quoted: quoted.contains(&n),
                    turned: spoken.turned,
                    asked: spoken.said == Said::Asked,
                    open: spoken.answered && !spoken.agreed && !spoken.turned,
                });
            }
        }
    }
    for clause in &text.clauses {
        let mut own: Vec<&String> = clause.clone().filter(|at| content[*at]).map(|at| &stems[at]).collect();
        if own.is_empty() {
            let all = clause.clone().filter(|at| !tongue.stop.has(&text.words[*at].fold));
            own = all.map(|at| &stems[at]).collect();
        }
        let told: Vec<&Fact> = facts.iter().filter(|fact| clause.contains(&fact.words.start)).collect();
        // What is quoted counts for one more.
        let shared = |said: &Clause| {
            let words =
                own.iter().filter(|stem| said.stems.iter().any(|other| tongue.alike(stem, other))).count();
            let facts = told.iter().filter(|fact| said.facts.iter().any(|other| fact.is_same(other))).count();
            words + facts + if said.quoted { (words + facts).min(2) } else { 0 }
        };
        denied(clause, text, content, stems, &clauses, tongue)?;
        let mut best = clauses.iter().map(shared).max().unwrap_or(0);
        if best == 0 {
            // "Luc wants to open" is about "I don't want to".
            best = clauses.iter().map(|said| loosely(said, clause, text, stems, tongue)).max().unwrap_or(0);
            let about = |said: &&Clause| loosely(said, clause, text, stems, tongue) == best;
            let words = &text.words[clause.clone()];
            if best > 0 && clauses.iter().filter(about).all(|said| differ(words, said, tongue)) {
                return Err(Reason::Opposite);
            }
            continue;
        }
        let words = &text.words[clause.clone()];
        // What the sentence's own "not" stands before may be denied in another clause than most of it is
        // from.
        if is_negative(words, tongue) && follows_not(clause, text, stems, &clauses, tongue) {
            continue;
        }
        let mut about = clauses.iter().filter(|said| shared(said) == best);
        if about.all(|said| differ(words, said, tongue)) {
            return Err(Reason::Opposite);
        }
        let about: Vec<&Clause> = clauses.iter().filter(|said| shared(said) == best).collect();
        if about.iter().all(|said| opposite(words, said, cited)) {
            return Err(Reason::Opposite);
        }
    }
    Ok(())
}

/// Whether the word behind the first "not" of a clause stands in a clause of the lines that is denied, too.
fn follows_not(
    clause: &Range<usize>,
    text: &Text,
    stems: &[String],
    clauses: &[Clause],
    tongue: &Tongue,
) -> bool {
    let denies = |at: &usize| tongue.not.at(&text.words, *at) + tongue.refuse.at(&text.words, *at) > 0;
    let Some(not) = clause.clone().find(denies) else { return false };
    let denied = (not + 1..clause.end).find(|at| !tongue.stop.has(&text.words[*at].fold));
    denied.is_some_and(|at| {
        clauses.iter().any(|said| {
            said.stems.iter().any(|other| tongue.alike(&stems[at], other))
                && is_negative(said.words, tongue) != said.turned
                && !said.asked
        })
    })
}

/// Whether one says up where the other says down.
fn opposite(claim: &[Word], said: &Clause, cited: &Cited) -> bool {
    let tongue = &cited.meeting.tongue;
    let same = !differ(claim, said, tongue);
    same && tongue.opposites.iter().any(|(one, other)| {
        let claims = |pole: &super::tongue::Phrases| pole.any(claim);
        let says = |pole: &super::tongue::Phrases| pole.any(said.words);
        let (is_one, is_other) = (claims(one), claims(other));
        (is_one && !is_other && says(other) && !says(one))
            || (is_other && !is_one && says(one) && !says(other))
    })
}

/// A "not" before these is of what is thought, in all languages.
#[rustfmt::skip]
const THINK: &[&str] = &[
    "think", "believe", "suppose", "reckon", "expect", "glaube", "glaub", "denke", "denk", "meine", "pense", "crois", "creo",
    "credo", "penso", "denk", "geloof",
];

/// How many words a clause shares with one of a line, words of reports too.
fn loosely(said: &Clause, clause: &Range<usize>, text: &Text, stems: &[String], tongue: &Tongue) -> usize {
    let own = clause.clone().filter(|at| !tongue.stop.has(&text.words[*at].fold));
    own.filter(|at| said.stems.iter().any(|other| *other == stems[*at])).count()
}

/// Checks that the word which a "not" of a line stands before is not affirmed.
fn denied(
    clause: &Range<usize>,
    text: &Text,
    content: &[bool],
    stems: &[String],
    clauses: &[Clause],
    tongue: &Tongue,
) -> Result<(), Reason> {
    const NEAR: usize = 3;
    let own = &text.words[clause.clone()];
    let (not, refuse) = turns(own, tongue);
    if not || !refuse.is_empty() || own.iter().any(|word| is_instead(&word.fold)) {
        return Ok(());
    }
    // The stem that a "not" of this clause denies.
    let denies = |said: &Clause, stem: &String| {
        !said.asked
            && !said.turned
            && (0..said.words.len()).any(|at| {
                let length = tongue.not.at(said.words, at);
                // "I don't think it'll pass".
                let thinks =
                    |at: usize| said.words.get(at).is_some_and(|word| THINK.contains(&word.fold.as_str()));
                let start = at + length + usize::from(thinks(at + length));
                let after = (start..said.words.len().min(start + NEAR))
                    .find(|next| !tongue.stop.has(&said.words[*next].fold));
                let first = said.words[at].first && tongue.no.has(&said.words[at].fold);
                length > 0 && !first && after.is_some_and(|next| tongue.alike(stem, &said.stems[next]))
            })
    };
    for at in clause.clone().filter(|at| content[*at]) {
        let holds: Vec<&Clause> = clauses
            .iter()
            .filter(|said| said.stems.iter().any(|other| tongue.alike(&stems[at], other)))
            .collect();
        if !holds.is_empty() && holds.iter().all(|said| denies(said, &stems[at])) {
            return Err(Reason::Opposite);
        }
    }
    Ok(())
}
