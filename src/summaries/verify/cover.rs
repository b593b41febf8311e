//! Whether a sentence is made of what its lines say: enough of its words, and none of its numbers or
//! names beside something else than there. Pure.

use super::Reason;
use super::cited::{Cited, Spoken};
use super::facts::Fact;
use super::names::Mention;
use super::text::{Text, Word};
use super::tongue::Tongue;

/// Of the words that say something, so many in a hundred must have been said.
const SAID_PERCENT: usize = 60;
/// How far before the lines it may be said what they are about.
const CONTEXT: usize = 4;
/// So many words more than were said may be of what the lines are about.
const CONTEXT_MORE: usize = 1;
/// So many words beside each other may be somebody's own.
const OWN_TOGETHER_MAX: usize = 1;

/// Which words of a sentence say something of their own: no names, numbers, stop words, words of reports.
pub(super) fn content(text: &Text, mentions: &[Mention], facts: &[bool], tongue: &Tongue) -> Vec<bool> {
    let words = &text.words;
    let mut content: Vec<bool> = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let letters =
                word.fold.chars().any(char::is_alphabetic) && (word.fold.len() > 1 || !word.fold.is_ascii());
            letters && !facts[at] && !tongue.stop.has(&word.fold) && !super::meeting::is_title(&word.fold)
        })
        .collect();
    for mention in mentions {
        content[mention.words.clone()].fill(false);
    }
    for at in 0..words.len() {
        for phrases in [&tongue.report, &tongue.opinion, &tongue.asked, &tongue.maybe, &tongue.not] {
            let length = phrases.at(words, at);
            content[at..at + length].fill(false);
        }
    }
    content
}

/// Whether a word was said in a sentence that can carry it.
fn is_spoken(stem: &str, cited: &Cited, usable: &dyn Fn(&Spoken) -> bool) -> bool {
    cited.spoken.iter().filter(|spoken| usable(spoken)).any(|spoken| {
        let range = spoken.line.text.sentences[spoken.sentence].words.clone();
        spoken.line.stems[range].iter().any(|said| cited.meeting.tongue.alike(stem, said))
    })
}

/// Whether a word tells what the lines are about: it was said shortly before them, or asked in them. It
/// counts neither for a sentence nor against it.
fn is_context(stem: &str, cited: &Cited) -> bool {
    let meeting = cited.meeting;
    cited.lines.iter().any(|line| {
        meeting.lines[line.saturating_sub(CONTEXT)..=*line]
            .iter()
            .any(|line| line.stems.iter().any(|said| meeting.tongue.alike(stem, said)))
    })
}

/// Checks that enough of a sentence was said.
pub(super) fn check(
    text: &Text,
    content: &[bool],
    stems: &[String],
    facts: &[Fact],
    mentions: &[Mention],
    cited: &Cited,
    usable: &dyn Fn(&Spoken) -> bool,
) -> Result<(), Reason> {
    let (mut said, mut all, mut own, mut clause, mut context) = (0, 0, 0, 0, 0);
    // Words of reports that were said all the same.
    let mut beside = 0;
    let mut missing = None;
    for (at, word) in text.words.iter().enumerate() {
        if word.clause != clause {
            (own, clause) = (0, word.clause);
        }
        if facts.iter().any(|fact| fact.words.start == at) {
            own = 0;
        }
        if !content[at] {
            let fact = facts.iter().any(|fact| fact.words.contains(&at));
            let tells = !fact && word.fold.len() > 2 && !cited.meeting.tongue.stop.has(&word.fold);
            beside += usize::from(tells && is_spoken(&stems[at], cited, usable));
            continue;
        }
        all += 1;
        if is_spoken(&stems[at], cited, usable) {
            said += 1;
            own = 0;
            continue;
        }
        if is_context(&stems[at], cited) {
            context += 1;
            all -= 1;
            continue;
        }
        own += 1;
        missing.get_or_insert_with(|| word.raw.clone());
        if own > OWN_TOGETHER_MAX {
            return Err(Reason::Words(word.raw.clone()));
        }
    }
    let words = said;
    said += facts.len();
    all += facts.len();
    let named = |mention: &&Mention| mention.people.iter().any(|person| cited.names(*person));
    beside += mentions.iter().filter(named).count();
    // What is said of a thing is more than one word.
    let thin = context > 0 && (words + beside == 0 || said + beside < 2);
    if said + beside / 2 == 0 || thin || context > said + CONTEXT_MORE {
        return Err(missing.map_or(Reason::Empty, Reason::Words));
    }
    if said * 100 < all * SAID_PERCENT { Err(Reason::Words(missing.unwrap_or_default())) } else { Ok(()) }
}

/// In a language whose words are not known every word must have been said, and nothing of a sentence may
/// be left out: what is left out may be its "not".
pub(super) fn check_literal(
    text: &Text,
    mentions: &[Mention],
    facts: &[bool],
    cited: &Cited,
    quoted: &[usize],
) -> Result<(), Reason> {
    let named = |at: usize| mentions.iter().any(|mention| mention.words.contains(&at));
    for (at, word) in text.words.iter().enumerate() {
        let said = named(at) || facts[at] || cited.words().any(|said| is_form(&word.fold, &said.fold));
        if !said {
            return Err(Reason::Words(word.raw.clone()));
        }
    }
    let whole = quoted.iter().any(|n| {
        cited.spoken[*n]
            .words()
            .iter()
            .all(|said| text.words.iter().any(|word| is_form(&word.fold, &said.fold)))
    });
    let left_out = quoted.first().and_then(|n| cited.spoken[*n].words().first()).map(|word| word.raw.clone());
    if whole { Ok(()) } else { Err(Reason::Words(left_out.unwrap_or_default())) }
}

/// The same word, or the same with another short ending.
fn is_form(one: &str, other: &str) -> bool {
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let (one_length, other_length) = (one.chars().count(), other.chars().count());
    let longer = one_length.max(other_length);
    one == other || (shared >= 5 && shared + 3 > longer && one_length.abs_diff(other_length) <= 2)
}

/// A part of a line with what it says.
struct Clause<'a> {
    line: usize,
    asked: bool,
    stems: &'a [String],
    words: &'a [Word],
    facts: Vec<&'a Fact>,
}

/// Checks that no number, day or name of the sentence stands there with what the lines say of another one.
pub(super) fn check_bonds(
    text: &Text,
    content: &[bool],
    stems: &[String],
    facts: &[Fact],
    mentions: &[Mention],
    cited: &Cited,
    usable: &dyn Fn(&Spoken) -> bool,
) -> Result<(), Reason> {
    let tongue = &cited.meeting.tongue;
    let clauses = clauses(cited, usable);
    for clause in &text.clauses {
        let own: Vec<&Fact> = facts.iter().filter(|fact| clause.contains(&fact.words.start)).collect();
        let names: Vec<&Mention> =
            mentions.iter().filter(|mention| clause.contains(&mention.words.start)).collect();
        let words: Vec<usize> = clause.clone().filter(|at| content[*at]).collect();
        let holds = |said: &Clause, fact: &Fact| said.facts.iter().any(|other| fact.is_same(other));
        let has_word =
            |said: &Clause, at: usize| said.stems.iter().any(|stem| tongue.alike(&stems[at], stem));
        for fact in own.iter().filter(|fact| fact.binds()) {
            let with: Vec<&Clause> = clauses.iter().filter(|said| holds(said, fact)).collect();
            let rival = |said: &&Clause| {
                with.iter().any(|with| with.line == said.line)
                    && said
                        .facts
                        .iter()
                        .any(|other| fact.is_like(other) && !own.iter().any(|own| own.is_same(other)))
            };
            let about = |at: &usize| clauses.iter().filter(|said| has_word(said, *at)).collect::<Vec<_>>();
            let spoken: Vec<usize> = words.iter().copied().filter(|at| !about(at).is_empty()).collect();
            let apart =
                spoken.iter().filter(|at| about(at).iter().all(|said| !holds(said, fact) && rival(said)));
            let apart: Vec<usize> = apart.copied().collect();
            let before = |at: &usize| *at < fact.words.start && *at + 2 >= fact.words.start;
            if !with.is_empty() && (apart.len() * 2 > spoken.len() || apart.iter().any(before)) {
                return Err(Reason::Mixed(shown(&text.words[fact.words.clone()])));
            }
            // What is counted stands with its number.
            let next = spoken.iter().find(|at| **at >= fact.words.end && **at <= fact.words.end + 2);
            let same_line = |at: &usize| {
                about(at).iter().any(|said| said.asked || with.iter().any(|with| with.line == said.line))
            };
            if !with.is_empty() && next.is_some_and(|at| !same_line(at)) {
                return Err(Reason::Mixed(shown(&text.words[fact.words.clone()])));
            }
        }
        for mention in &names {
            let named = |said: &Clause, people: &[usize]| {
                said.words.iter().any(|word| people.iter().any(|person| cited.is_named_by(*person, word)))
            };
            let with: Vec<&Clause> = clauses.iter().filter(|said| named(said, &mention.people)).collect();
            let others: Vec<usize> = (0..cited.meeting.people.len())
                .filter(|person| !names.iter().any(|name| name.people.contains(person)))
                .collect();
            let speaks = mention.people.iter().any(|person| cited.speaks(*person));
            if speaks || with.is_empty() {
                continue;
            }
            let rival =
                |said: &&Clause| with.iter().any(|with| with.line == said.line) && named(said, &others);
            let apart = |about: Vec<&Clause>| {
                !about.is_empty() && about.iter().all(|said| !named(said, &mention.people) && rival(said))
            };
            let word = |at: &usize| apart(clauses.iter().filter(|said| has_word(said, *at)).collect());
            let fact = |fact: &&Fact| apart(clauses.iter().filter(|said| holds(said, fact)).collect());
            if words.iter().any(word) || own.iter().any(fact) {
                return Err(Reason::Mixed(shown(&text.words[mention.words.clone()])));
            }
        }
    }
    Ok(())
}

fn shown(words: &[Word]) -> String {
    super::names::shown(words)
}

fn clauses<'a>(cited: &Cited<'a>, usable: &dyn Fn(&Spoken) -> bool) -> Vec<Clause<'a>> {
    let mut found = Vec::new();
    for spoken in cited.spoken.iter().filter(|spoken| usable(spoken)) {
        let line = spoken.line;
        let sentence = &line.text.sentences[spoken.sentence].words;
        for clause in &line.text.clauses {
            if clause.start < sentence.start || clause.end > sentence.end {
                continue;
            }
            found.push(Clause {
                line: spoken.at,
                asked: spoken.said == super::cited::Said::Asked,
                stems: &line.stems[clause.clone()],
                words: &line.text.words[clause.clone()],
                facts: line.facts.iter().filter(|fact| clause.contains(&fact.words.start)).collect(),
            });
        }
    }
    found
}
