//! Whether the numbers, days and names of a sentence stand beside what they stand beside in the lines: a line
//! that says two numbers says each of something else. Pure.

use super::cited::Spoken;
use super::facts::{Fact, What};
use super::names::{self, Mention};
use super::text::Word;
use super::{Judge, Reason};

/// Words between a number and what it counts.
const COUNTS: usize = 2;

/// A part of a line with what it says.
struct Clause<'a> {
    stems: &'a [String],
    words: &'a [Word],
    facts: Vec<&'a Fact>,
    line: usize,
    /// Where its words begin in the line.
    start: usize,
}

/// What must keep its company: a number, a day, somebody who was spoken of.
#[derive(Clone, Copy)]
enum Anchor<'a> {
    Fact(&'a Fact),
    Name(&'a Mention),
    /// Another name: a word with a capital, where not all nouns have one.
    Word(usize),
}

/// Checks it for each clause of the sentence.
pub(super) fn check(judge: &Judge) -> Result<(), Reason> {
    let said = clauses(judge);
    for clause in &judge.text.clauses {
        let facts = judge.facts.iter().filter(|fact| fact.binds() && clause.contains(&fact.words.start));
        let names = judge.mentions.iter().filter(|mention| {
            let speaks = mention.people.iter().any(|person| judge.cited.speaks(*person));
            !speaks && clause.contains(&mention.words.start)
        });
        let other = |at: &usize| judge.content[*at] && is_name(&judge.text.words[*at], judge);
        let anchors: Vec<Anchor> = facts
            .map(Anchor::Fact)
            .chain(names.map(Anchor::Name))
            .chain(clause.clone().filter(other).map(Anchor::Word))
            .collect();
        let words: Vec<usize> = clause.clone().filter(|at| judge.content[*at]).collect();
        for (n, anchor) in anchors.iter().enumerate() {
            let mixed = || Reason::Mixed(names::shown(&judge.text.words[anchor.words()]));
            let with: Vec<usize> =
                said.iter().filter(|said| anchor.is_in(said, judge)).map(|said| said.line).collect();
            let rival = |said: &Clause| with.contains(&said.line) && anchor.has_rival(said, &anchors, judge);
            // All that is said of the other is said beside another one of the sort.
            let apart = |about: Vec<&Clause>| {
                !about.is_empty() && about.iter().all(|said| !anchor.is_in(said, judge) && rival(said))
            };
            let of_word = |at: &usize| said.iter().filter(|said| has(said, *at, judge)).collect();
            let others = anchors.iter().enumerate().filter(|(other, _)| *other != n);
            let of_anchor =
                |other: &Anchor| said.iter().filter(|said| other.is_in(said, judge)).collect::<Vec<_>>();
            if words.iter().any(|at| apart(of_word(at)))
                || others.into_iter().any(|(_, other)| !anchor.is_of_month(other) && apart(of_anchor(other)))
            {
                return Err(mixed());
            }
            if let Anchor::Fact(fact) = anchor
                && let Some(counted) =
                    words.iter().find(|at| (fact.words.end..=fact.words.end + COUNTS).contains(*at))
                && counts_another(&said, fact, &anchors, *counted, judge)
            {
                return Err(mixed());
            }
        }
    }
    Ok(())
}

/// Whether a word is said in a clause.
fn has(said: &Clause, at: usize, judge: &Judge) -> bool {
    said.stems.iter().any(|stem| judge.cited.meeting.tongue.alike(&judge.stems[at], stem))
}

/// Whether what the sentence counts with this number is counted in the lines, and never with it.
fn counts_another(said: &[Clause], fact: &Fact, all: &[Anchor], counted: usize, judge: &Judge) -> bool {
    let tongue = &judge.cited.meeting.tongue;
    let lines: Vec<usize> =
        said.iter().filter(|said| Anchor::Fact(fact).is_in(said, judge)).map(|said| said.line).collect();
    let by = said.iter().filter(|said| lines.contains(&said.line)).flat_map(|said| {
        let here = (0..said.words.len()).filter(|at| tongue.alike(&judge.stems[counted], &said.stems[*at]));
        here.filter_map(|at| {
            let at = said.start + at;
            said.facts.iter().rfind(|fact| fact.words.end <= at && at <= fact.words.end + COUNTS)
        })
    });
    let mut by = by.filter(|other| fact.is_like(other)).peekable();
    by.peek().is_some()
        && !by.any(|other| all.iter().any(|own| matches!(own, Anchor::Fact(own) if own.is_same(other))))
}

impl Anchor<'_> {
    fn words(&self) -> std::ops::Range<usize> {
        match self {
            Self::Fact(fact) => fact.words.clone(),
            Self::Name(mention) => mention.words.clone(),
            Self::Word(at) => *at..*at + 1,
        }
    }

    /// Whether the other is the month of this day: it may be said with another day alone.
    fn is_of_month(&self, other: &Self) -> bool {
        let month = |fact: &Fact| matches!(fact.what.first(), Some(What::Month(_)));
        matches!((self, other), (Self::Fact(day), Self::Fact(other)) if day.of_month && month(other))
    }

    /// Whether a clause says it.
    fn is_in(&self, said: &Clause, judge: &Judge) -> bool {
        match self {
            Self::Fact(fact) => said.facts.iter().any(|other| fact.is_same(other)),
            Self::Name(mention) => names_one(said, &mention.people, judge),
            Self::Word(at) => has(said, *at, judge),
        }
    }

    /// Whether a clause says another one of its sort, which the sentence does not say here.
    fn has_rival(&self, said: &Clause, all: &[Anchor], judge: &Judge) -> bool {
        match self {
            Self::Fact(fact) => said.facts.iter().any(|other| {
                (fact.is_like(other) || (fact.is_day() && other.is_ordinal()))
                    && !other.is_one()
                    && !all.iter().any(|own| matches!(own, Anchor::Fact(own) if own.is_same(other)))
            }),
            Self::Name(_) => {
                let told = |person: &usize| {
                    all.iter().any(|own| matches!(own, Anchor::Name(own) if own.people.contains(person)))
                };
                let others: Vec<usize> =
                    (0..judge.cited.meeting.people.len()).filter(|person| !told(person)).collect();
                names_one(said, &others, judge)
            }
            Self::Word(_) => said.words.iter().any(|word| {
                is_name(word, judge)
                    && !all
                        .iter()
                        .any(|own| matches!(own, Anchor::Word(at) if judge.text.words[*at].fold == word.fold))
            }),
        }
    }
}

/// Whether a word is a name by its looks.
fn is_name(word: &Word, judge: &Judge) -> bool {
    let meeting = judge.cited.meeting;
    let tongue = &meeting.tongue;
    let ordinary = tongue.stop.has(&word.fold)
        || tongue.ordinary.has(&word.fold)
        || meeting.common.contains(&word.fold)
        || super::dates::of(&word.fold, &tongue.language).is_some()
        || meeting.people.iter().any(|person| person.words.contains(&word.fold));
    word.capital && !tongue.nouns_have_capitals && !ordinary
}

fn names_one(said: &Clause, people: &[usize], judge: &Judge) -> bool {
    said.words.iter().any(|word| people.iter().any(|person| judge.cited.is_named_by(*person, word)))
}

fn clauses<'a>(judge: &Judge<'a>) -> Vec<Clause<'a>> {
    let usable = judge.cited.spoken.iter().filter(|spoken| judge.is_usable(spoken));
    usable
        .flat_map(|spoken: &Spoken<'a>| {
            let line = spoken.line;
            let sentence = spoken.range.clone();
            let own = line.text.clauses.iter().filter(move |clause| sentence.contains(&clause.start));
            own.map(move |clause| Clause {
                stems: &line.stems[clause.clone()],
                words: &line.text.words[clause.clone()],
                facts: line.facts.iter().filter(|fact| clause.contains(&fact.words.start)).collect(),
                line: spoken.at,
                start: clause.start,
            })
        })
        .collect()
}
