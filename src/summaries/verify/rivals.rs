//! Numbers and days where a place has several of a sort: the one that was put right or taken back, the one
//! that only the question says, and the one that stands in a clause about something else. Pure.

use std::ops::Range;

use super::Judge;
use super::cited::{Cited, NEAR, Said, Spoken};
use super::content;
use super::facts::{Fact, What, is_said};
use super::meeting::Line;
use super::text::{Gap, Word};

/// How far before a place it may stand what it speaks about.
pub(super) const BEFORE: usize = 6;

/// A clause of what is quoted.
pub(super) struct Clause<'a> {
    pub spoken: &'a Spoken<'a>,
    pub words: Range<usize>,
}

/// The clauses of what is quoted that say most of the sentence.
pub(super) fn best<'a>(judge: &Judge<'a>) -> Vec<Clause<'a>> {
    let tongue = &judge.cited.meeting.tongue;
    let mut best: Vec<(usize, Clause)> = Vec::new();
    for n in judge.quoted {
        let spoken = &judge.cited.spoken[*n];
        for clause in spoken.clauses() {
            let stems = &spoken.line.stems[clause.clone()];
            let says = |at: &usize| stems.iter().any(|stem| tongue.alike(&judge.stems[*at], stem));
            let shared = (0..judge.text.words.len()).filter(|at| judge.content[*at]).filter(says).count();
            let facts = spoken.line.facts.iter().filter(|fact| clause.contains(&fact.words.start));
            let told = facts.filter(|fact| judge.facts.iter().any(|own| own.is_same(fact))).count();
            best.push((shared + told, Clause { spoken, words: clause.clone() }));
        }
    }
    let most = best.iter().map(|(shared, _)| *shared).max().unwrap_or(0);
    best.into_iter().filter(|(shared, _)| *shared == most).map(|(_, clause)| clause).collect()
}

/// Whether what is quoted says another number or day than this one, which only the question says.
pub(super) fn is_answered_by_another(judge: &Judge, fact: &Fact) -> bool {
    let best = best(judge);
    let answers = |clause: &Clause| {
        let line = clause.spoken.line;
        let of_day = |said: &Fact| fact.is_day() && said.is_day() && shares(judge, line, &clause.words) > 0;
        line.facts.iter().filter(|said| clause.words.contains(&said.words.start)).any(|said| {
            (fact.competes(said) || fact.is_like(said) || of_day(said))
                && !said.is_one()
                && !is_told(judge, line, said)
        })
    };
    let in_line = |at: usize| judge.cited.spoken.iter().filter(move |spoken| spoken.at == at);
    let of_line = judge
        .quoted
        .iter()
        .any(|n| in_line(judge.cited.spoken[*n].at).any(|spoken| judge.holds(spoken, fact)));
    // What comes after the quote may put it right.
    let quoted = judge.quoted.iter().map(|n| judge.cited.spoken[*n].at).max().unwrap_or(0);
    let mut after = judge.cited.spoken.iter().filter(|spoken| spoken.at > quoted && spoken.states());
    !of_line && !after.any(|spoken| judge.holds(spoken, fact)) && best.iter().any(answers)
}

/// Whether the quote says another number or day of its sort, and not this one; or of another sort, where its
/// sentence does not say this one.
pub(super) fn is_of_another_quote(judge: &Judge, fact: &Fact) -> bool {
    let cited = judge.cited;
    let said = judge.quote.iter().flat_map(|(line, words)| {
        let line = &cited.meeting.lines[*line];
        line.facts.iter().filter(|said| words.contains(&said.words.start)).map(move |said| (line, said))
    });
    let said: Vec<(&Line, &Fact)> = said.collect();
    let beside = |(line, said): &(&Line, &Fact)| {
        line.facts
            .iter()
            .any(|other| other.words.end == said.words.start || said.words.end == other.words.start)
    };
    if said.iter().any(|said| fact.is_same(said.1) || beside(said)) {
        return false;
    }
    let of_sentence = judge.quoted.iter().any(|n| judge.holds(&cited.spoken[*n], fact));
    let of_line = |spoken: &Spoken| judge.quote.iter().any(|(line, _)| *line == spoken.at);
    let of_another = !cited.spoken.iter().any(|spoken| !of_line(spoken) && judge.holds(spoken, fact));
    said.iter().any(|(line, said)| {
        let rival = fact.competes(said) || (!of_sentence && of_another && fact.binds() && said.binds());
        rival && !is_told(judge, line, said)
    })
}

/// Whether the next line begins with another number alone, and says so that this one was wrong.
pub(super) fn is_put_right(judge: &Judge, fact: &Fact) -> bool {
    let meeting = judge.cited.meeting;
    judge.quoted.iter().any(|n| {
        let spoken = &judge.cited.spoken[*n];
        let Some(next) = meeting.lines.get(spoken.at + 1) else { return false };
        let first = next.facts.first().filter(|other| {
            let alone = next.text.clauses.first().is_some_and(|clause| *clause == other.words);
            alone && !next.text.sentences[0].asks && fact.competes(other) && !is_told(judge, next, other)
        });
        spoken.said != Said::Asked
            && next.speaker != spoken.line.speaker
            && first.is_some()
            && judge.holds(spoken, fact)
    })
}

/// Whether a number was only said with an "about", which the sentence leaves out.
pub(super) fn leaves_out_about(judge: &Judge, fact: &Fact, usable: &[&Spoken]) -> bool {
    let about = &judge.cited.meeting.tongue.about;
    let before = |words: &[Word], start: usize| {
        (start.saturating_sub(ABOUT_BEFORE)..start).any(|at| (1..=start - at).contains(&about.at(words, at)))
    };
    // "An hour or so"; before another number it is of that one.
    let behind = |line: &Line, end: usize| {
        (end..=end + 1).any(|at| {
            let length = about.at(&line.text.words, at);
            length > 1 && !line.facts.iter().any(|next| next.words.start == at + length)
        })
    };
    let mut said = usable
        .iter()
        .flat_map(|spoken| {
            let words = &spoken.line.text.words;
            let here = spoken
                .line
                .facts
                .iter()
                .filter(|said| spoken.range.contains(&said.words.start) && fact.is_same(said));
            here.map(move |said| before(words, said.words.start) || behind(spoken.line, said.words.end))
        })
        .peekable();
    matches!(fact.what.first(), Some(What::Number(_)))
        && !judge.asked
        && said.peek().is_some()
        && said.all(|about| about)
        && !about.any(&judge.text.words)
        && !judge.cited.meeting.tongue.maybe.any(&judge.text.words)
}

/// Words between an "about" and its number.
const ABOUT_BEFORE: usize = 2;

/// Whether a number stands with the word behind it in one cited line before the place: "a second microphone"
/// may be meant by "it".
pub(super) fn is_counted_before(judge: &Judge, fact: &Fact, first: usize) -> bool {
    let (meeting, at) = (judge.cited.meeting, fact.words.end);
    if !fact.binds() || !judge.content.get(at).is_some_and(|content| *content) {
        return false;
    }
    judge.cited.lines.iter().filter(|line| **line < first && **line + BEFORE >= first).any(|line| {
        let line = &meeting.lines[*line];
        line.facts.iter().filter(|said| fact.is_same(said)).any(|said| {
            line.stems.get(said.words.end).is_some_and(|stem| meeting.tongue.alike(&judge.stems[at], stem))
        })
    })
}

/// Whether a later line that is cited says another one of its sort, which the sentence does not say.
fn is_overtaken(judge: &Judge, fact: &Fact, by: usize) -> bool {
    let cited = judge.cited;
    let later = |at: &usize| *at > by && *at <= by + NEAR;
    cited.lines.iter().copied().filter(later).any(|at| {
        let line = &cited.meeting.lines[at];
        line.facts.iter().any(|said| {
            let clause = clause_of(line, said);
            fact.competes(said)
                && !is_told(judge, line, said)
                && (is_alone(line, &(0..clause.end), cited) || shares(judge, line, &clause) > 0)
        })
    })
}

/// Whether the sentence says what a line says, too; "two sixty" may be one number.
fn is_told(judge: &Judge, line: &Line, said: &Fact) -> bool {
    let beside = |other: &Fact| other.words.end == said.words.start || said.words.end == other.words.start;
    let parted = line.facts.iter().any(beside);
    judge.facts.iter().any(|own| {
        let whole = |what: &What| own.what.iter().any(|claimed| is_said(claimed, own.of_month, what, false));
        own.is_same(said) || said.is_same(own) || (parted && line.more.iter().any(whole))
    })
}

/// The clause in which a line says something.
fn clause_of(line: &Line, said: &Fact) -> Range<usize> {
    let clause = |at: usize| &line.text.clauses[line.text.words[at].clause];
    // "Six hundred and fifty" is of one.
    clause(said.words.start).start..clause(said.words.end - 1).end
}

/// A clause that says nothing but a number, with those before it: "I'll send it tomorrow, or by Friday".
fn with_before(line: &Line, clause: Range<usize>, cited: &Cited) -> Range<usize> {
    let words = &line.text.words;
    let mut start = clause.start;
    for _ in 0..CLAUSES_BEFORE {
        let Some(before) = words[start].clause.checked_sub(1).map(|n| &line.text.clauses[n]) else { break };
        let same = words[before.start].sentence == words[start].sentence;
        if !same || !is_alone(line, &(start..clause.end), cited) {
            break;
        }
        start = before.start;
    }
    start..clause.end
}

/// Clauses before one that says nothing but a number.
const CLAUSES_BEFORE: usize = 3;

/// How many words of the sentence a clause of a line says.
fn shares(judge: &Judge, line: &Line, clause: &Range<usize>) -> usize {
    let tongue = &judge.cited.meeting.tongue;
    let tells = |at: &usize| {
        let word = &judge.text.words[*at].fold;
        !judge.is_fact[*at] && word.len() > 2 && !tongue.stop.has(word) && !content::measures(word)
    };
    let stems = &line.stems[clause.clone()];
    let said = |at: &usize| stems.iter().any(|stem| tongue.alike(&judge.stems[*at], stem));
    (0..judge.text.words.len()).filter(tells).filter(said).count()
}

/// Whether a clause of a line says nothing but numbers and days.
pub(super) fn is_alone(line: &Line, clause: &Range<usize>, cited: &Cited) -> bool {
    let tongue = &cited.meeting.tongue;
    let words = &line.text.words;
    clause.clone().all(|at| {
        let word = &words[at].fold;
        tongue.stop.has(word)
            || tongue.report.has(word)
            || tongue.yes.has(word)
            || tongue.filler.has(word)
            || content::measures(word)
            || line.facts.iter().any(|fact| fact.words.contains(&at))
    })
}

/// Whether each place where a number stands is of something else: what it stands beside there is not what
/// the sentence speaks of, and another one of its sort stands beside that; or a later line puts another one
/// there.
pub(super) fn is_elsewhere(judge: &Judge, fact: &Fact, usable: &[&Spoken]) -> bool {
    let mut here = usable
        .iter()
        .flat_map(|spoken| {
            let facts = spoken.line.facts.iter().filter(|said| spoken.range.contains(&said.words.start));
            facts.filter(|said| fact.is_same(said)).map(|said| (spoken.at, spoken.line, said))
        })
        .peekable();
    here.peek().is_some()
        && here.all(|(at, line, said)| {
            let clause = with_before(line, clause_of(line, said), judge.cited);
            let mine = shares(judge, line, &clause);
            let rivals =
                line.facts.iter().filter(|other| said.competes(other) && !is_told(judge, line, other));
            let most = rivals.map(|other| shares(judge, line, &clause_of(line, other))).max();
            let side = |words: &[Word], at: usize| {
                words
                    .get(at)
                    .is_some_and(|word| word.gap == Gap::Space && SIDES.contains(&word.fold.as_str()))
            };
            most.is_some_and(|most| most > mine || (mine == 0 && !is_alone(line, &clause, judge.cited)))
                || is_overtaken(judge, fact, at)
                || is_crossed(judge, fact, line, &clause)
                || (matches!(said.what[..], [What::Day(_)])
                    && side(&line.text.words, said.words.end)
                    && !side(&judge.text.words, fact.words.end))
        })
}

/// Whether a clause of a line says another one of the sort of what the sentence says beside a number: "650 in
/// the summer" is not "650 in the winter".
fn is_crossed(judge: &Judge, fact: &Fact, line: &Line, clause: &Range<usize>) -> bool {
    // A month or a sum may be meant with another day or number alone.
    if !fact.binds() || matches!(fact.what[..], [What::Month(_)]) {
        return false;
    }
    let words = &judge.text.words;
    let here: Vec<&Fact> = line.facts.iter().filter(|said| clause.contains(&said.words.start)).collect();
    let beside = |other: &&Fact| {
        !fact.is_same(other) && words[other.words.start].clause == words[fact.words.start].clause
    };
    judge.facts.iter().filter(beside).any(|own| {
        !here.iter().any(|said| own.is_same(said))
            && here.iter().any(|said| own.competes(said) && !is_told(judge, line, said))
    })
}

/// Behind a day or a year, they say that another one is meant.
const SIDES: &[&str] = &[
    "after",
    "before",
    "later",
    "earlier",
    "danach",
    "davor",
    "spater",
    "zuvor",
    "apres",
    "avant",
    "suivant",
    "suivante",
    "precedent",
];
