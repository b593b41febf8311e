//! Whether a sentence is made of one place of a meeting: the line that is quoted, with one line that it
//! answers or that answers it; or all lines that are cited, where they follow each other. Its numbers, days
//! and names all stand there, and its words do but for one, and for a word or two of what the place speaks
//! about. Words of two places, put together, may say what nobody said. Pure.

use std::ops::Range;

use super::Judge;
use super::Reason;
use super::cited::{Cited, NEAR, Said, Spoken};
use super::names::{Mention, shown};
use super::rivals::{self, BEFORE, Clause, best};
use super::text::{Gap, Word};
use super::tongue::Tongue;

/// Words of a sentence that says hardly anything by itself.
const SHORT: usize = 7;

/// What follows a noun.
const ENGLISH_AFTER_NOUNS: &[&str] = &[
    "is", "are", "was", "were", "will", "has", "have", "had", "can", "must", "should", "would", "could",
    "may", "might",
];

/// Words apart from each other that may be meant by "it" and the like.
const MEANT_MAX: usize = 2;

/// A line that begins with these speaks of the one before, in all languages.
const TAKES_UP: &[&str] =
    &["that", "this", "which", "thats", "das", "dies", "ce", "c", "ca", "cela", "eso", "dat"];

/// What stands for something that was named before, in all languages.
#[rustfmt::skip]
const MEANT: &[&str] = &[
    "it", "its", "them", "they", "their", "him", "his", "he", "her", "she", "that", "this", "those", "these", "one", "ones", "both", "rest",
    "es", "ihn", "ihm", "ihr", "er", "sie", "das", "den", "dem", "der", "die", "dort", "da", "dafur", "davon", "damit", "daruber",
    "dazu", "dabei", "dagegen", "il", "elle", "ils", "elles", "lui", "leur", "le", "la", "les", "l", "ca", "cela", "y", "en",
    "lo", "los", "las", "eso", "ello", "ci", "ne", "gli", "dat", "het", "hem", "haar", "ze", "hij", "daar",
];
/// Of these the ones that are articles, too, or begin a clause.
#[rustfmt::skip]
const ARTICLES: &[&str] = &[
    "that", "this", "those", "these", "one", "his", "her", "their", "its", "das", "den", "dem", "der", "die", "le", "la", "les", "l",
    "en", "los", "las", "het", "dat", "ihr",
];

/// Checks that the sentence is of one place.
pub(super) fn check(judge: &Judge) -> Result<(), Reason> {
    let cited = judge.cited;
    let mut quoted: Vec<usize> = judge.quoted.iter().map(|n| cited.spoken[*n].at).collect();
    quoted.dedup();
    let mut verdict = of_place(judge, &quoted);
    for other in &cited.lines {
        if verdict.is_ok() {
            break;
        }
        let joins = |line: &usize| are_joined(*line.min(other), *line.max(other), cited);
        if !quoted.contains(other) && quoted.iter().any(joins) {
            let mut place = quoted.clone();
            place.push(*other);
            let with = of_place(judge, &place);
            if with.is_ok() || rank(&with) > rank(&verdict) {
                verdict = with;
            }
        }
    }
    // A proposal, what became of it, and the yes.
    let speaker = |at: usize| &cited.meeting.lines[at].speaker;
    let follows = cited.lines.windows(2).all(|pair| {
        pair[1] - pair[0] <= NEAR && (pair[1] == pair[0] + 1 || speaker(pair[0]) != speaker(pair[1]))
    });
    if verdict.is_err() && cited.lines.len() > 2 && follows {
        let with = of_place(judge, &cited.lines);
        if with.is_ok() || rank(&with) > rank(&verdict) {
            verdict = with;
        }
    }
    verdict.map_err(|(_, reason)| reason)
}

/// Which of two refusals says more: that of the place that lacked less.
fn rank(verdict: &Result<(), (usize, Reason)>) -> usize {
    verdict.as_ref().map_or_else(|(lacks, _)| usize::MAX - lacks, |()| usize::MAX)
}

/// What a place says of a sentence; what it lacks, and how much of that, where it does not say it.
fn of_place(judge: &Judge, place: &[usize]) -> Result<(), (usize, Reason)> {
    let (text, cited) = (&judge.text, judge.cited);
    let tongue = &cited.meeting.tongue;
    let here: Vec<&Spoken> = cited.spoken.iter().filter(|spoken| place.contains(&spoken.at)).collect();
    let usable: Vec<&Spoken> = here.iter().copied().filter(|spoken| judge.is_usable(spoken)).collect();
    let says = |spoken: &[&Spoken], at: usize| {
        spoken.iter().any(|spoken| spoken.stems().iter().any(|said| tongue.alike(&judge.stems[at], said)))
    };
    let maybe = |at: usize| {
        let doubted: Vec<&Spoken> =
            here.iter().copied().filter(|spoken| spoken.said == Said::Maybe).collect();
        says(&doubted, at)
    };
    let first = place.iter().copied().min().unwrap_or_default();
    let before = |at: usize| {
        (first.saturating_sub(BEFORE)..first).any(|line| {
            cited.meeting.lines[line].stems.iter().any(|said| tongue.alike(&judge.stems[at], said))
        })
    };
    // What it depends on was said with it.
    let is_condition = |clause: usize| tongue.if_.at(&text.words, text.clauses[clause].start) > 0;
    let of_quoted = |spoken: &Spoken| {
        let same =
            |n: &usize| (cited.spoken[*n].at, cited.spoken[*n].sentence) == (spoken.at, spoken.sentence);
        judge.quoted.iter().any(same)
    };
    let doubted: Vec<&Spoken> =
        here.iter().copied().filter(|spoken| spoken.said == Said::Maybe && of_quoted(spoken)).collect();
    let stated = judge.quoted.iter().filter(|n| judge.is_usable(&cited.spoken[**n])).count();
    let mut lacks: Vec<Reason> = Vec::new();
    let (mut said, mut about, mut beside, mut facts) = (0, Vec::new(), 0, 0);
    for fact in &judge.facts {
        let held = |spoken: &[&Spoken]| spoken.iter().any(|spoken| judge.holds(spoken, fact));
        if held(&usable) {
            facts += 1;
            if rivals::is_put_right(judge, fact)
                || rivals::is_answered_by_another(judge, fact)
                || rivals::is_of_another_quote(judge, fact)
                || rivals::is_elsewhere(judge, fact, &usable)
            {
                lacks.push(Reason::Mixed(shown(&text.words[fact.words.clone()])));
            } else if rivals::leaves_out_about(judge, fact, &usable) {
                lacks.push(Reason::Unsure);
            }
        } else if held(&here) {
            lacks.push(manner(&here));
        } else if rivals::is_counted_before(judge, fact, first)
            && !rivals::is_answered_by_another(judge, fact)
        {
            about.extend(fact.words.clone());
        } else {
            lacks.push(Reason::Mixed(shown(&text.words[fact.words.clone()])));
        }
    }
    for mention in &judge.mentions {
        let named = |spoken: &&&Spoken| {
            let of = |word: &Word| mention.people.iter().any(|person| cited.is_named_by(*person, word));
            spoken.words().iter().any(of)
        };
        let speaks =
            mention.people.iter().any(|person| place.iter().any(|line| cited.is_speaker(*person, *line)));
        let mut doubted = here.iter().filter(named).peekable();
        // "Ann could do it. She's done it twice": what is stated is of her.
        let meant = judge.quoted.iter().any(|n| {
            let spoken = &cited.spoken[*n];
            judge.is_usable(spoken) && spoken.words().iter().any(|word| means_him(word, tongue))
        });
        if !speaks
            && !meant
            && doubted.peek().is_some()
            && doubted.all(|spoken| spoken.said == Said::Maybe && !judge.is_usable(spoken))
        {
            lacks.push(Reason::Unsure);
        }
        if !is_of_place(judge, mention, place) {
            lacks.push(Reason::Mixed(shown(&text.words[mention.words.clone()])));
        }
    }
    for at in 0..text.words.len() {
        let word = &text.words[at];
        if !judge.content[at] {
            let tells = !judge.is_fact[at] && word.fold.len() > 2 && !tongue.stop.has(&word.fold);
            beside += usize::from(tells && says(&usable, at));
        } else if says(&usable, at) {
            said += 1;
        } else if maybe(at)
            && (stated == 0 || judge.is_verb(at) || (says(&doubted, at) && !means_before(judge, place)))
        {
            lacks.push(Reason::Unsure);
        } else if (before(at) || says(&here, at)) && !is_condition(word.clause) {
            about.push(at);
        } else if says(&here, at) {
            lacks.push(Reason::Asked);
        } else {
            lacks.push(Reason::Words(word.raw.clone()));
        }
    }
    about.sort_unstable();
    if !is_about(judge, &about, place, &|at| says(&usable, at))
        || (about.len() > said + facts + beside && !is_of_one(judge, &about, first))
    {
        lacks.extend(about.iter().map(|at| Reason::Mixed(text.words[*at].raw.clone())));
    }
    if lacks.is_empty() && leaves_out_if(judge) {
        lacks.push(Reason::Unsure);
    }
    // A number alone says nothing.
    let named = judge.mentions.iter().any(|mention| is_of_place(judge, mention, place));
    if said + beside + about.len() + usize::from(named) == 0 && judge.facts.len() < 2 && lacks.is_empty() {
        lacks.push(Reason::Empty);
    }
    let count = lacks.len();
    lacks.into_iter().next().map_or(Ok(()), |reason| Err((count, reason)))
}

/// Whether these words may be what the place speaks about: they are meant by a word of what is quoted, or
/// they say more of one thing that it names.
fn is_about(judge: &Judge, about: &[usize], place: &[usize], said: &dyn Fn(usize) -> bool) -> bool {
    let words = &judge.text.words;
    let beside = |pair: &[usize]| pair[1] == pair[0] + 1 && words[pair[1]].gap != Gap::Break;
    let (Some(first), Some(last)) = (about.first(), about.last()) else { return true };
    let one = about.windows(2).all(beside);
    if means_before(judge, place) {
        let first = place.iter().copied().min().unwrap_or_default();
        return one || about.len() <= MEANT_MAX || is_of_one(judge, about, first);
    }
    // The code of the gate; the course fee.
    let of = |at: usize| judge.content[at] && said(at);
    let after = |at: usize| match judge.cited.meeting.tongue.language.as_str() {
        "en" => words.get(at + 1).is_none_or(|next| {
            next.gap == Gap::Break
                || judge.content[at + 1]
                || ENGLISH_AFTER_NOUNS.contains(&next.fold.as_str())
        }),
        "de" => words[at].capital,
        _ => false,
    };
    let next = last + 1;
    let before = words.get(next).is_some_and(|word| word.gap != Gap::Break) && of(next) && after(next);
    let stops =
        (0..*first).rev().take_while(|at| judge.is_stop(*at) && words[at + 1].gap != Gap::Break).count();
    let behind = stops > 0 && first.checked_sub(1 + stops).is_some_and(of);
    one && (before || behind)
}

/// Whether these words are of one cited line before the place.
fn is_of_one(judge: &Judge, about: &[usize], first: usize) -> bool {
    let meeting = judge.cited.meeting;
    let says = |line: usize, at: usize| {
        judge.is_fact[at]
            || meeting.lines[line].stems.iter().any(|said| meeting.tongue.alike(&judge.stems[at], said))
    };
    let near = |line: &&usize| **line < first && **line + BEFORE >= first;
    judge.cited.lines.iter().filter(near).any(|line| about.iter().all(|at| says(*line, *at)))
}

/// Whether somebody who is named spoke in the place or is named there; by "her" the one is meant who was
/// named last.
pub(super) fn is_of_place(judge: &Judge, mention: &Mention, place: &[usize]) -> bool {
    let cited = judge.cited;
    let people = &mention.people;
    let named = |word: &Word| people.iter().any(|person| cited.is_named_by(*person, word));
    let line = |line: usize| &cited.meeting.lines[line].text.words;
    let quoted: Vec<usize> = judge.quoted.iter().map(|n| cited.spoken[*n].at).collect();
    let Some(spoken) = judge.quoted.first().map(|n| &cited.spoken[*n]) else { return false };
    let tongue = &cited.meeting.tongue;
    let him = spoken.words().iter().any(|word| means_him(word, tongue));
    // "That's not Stefan. I'll talk to him."
    let named_there = if him {
        spoken.words().iter().any(named)
    } else {
        quoted.iter().any(|at| line(*at).iter().any(named))
    };
    if named_there || people.iter().any(|person| place.iter().any(|line| cited.is_speaker(*person, *line))) {
        return true;
    }
    if !him {
        // Nobody is meant, or the one who is spoken to.
        return place.iter().any(|at| line(*at).iter().any(named)) || !cited.names_any(people);
    }
    let start = spoken.range.start;
    let mut before =
        (spoken.at.saturating_sub(BEFORE)..spoken.at).flat_map(line).chain(&line(spoken.at)[..start]);
    let somebody = |word: &&Word| {
        let mut others =
            (0..cited.meeting.people.len()).filter(|person| !cited.is_speaker(*person, spoken.at));
        others.any(|person| cited.is_named_by(person, word))
    };
    before.rfind(somebody).is_some_and(named)
}

/// Whether a word stands for somebody who was named: "sie", and not "Sie".
pub(super) fn means_him(word: &Word, tongue: &Tongue) -> bool {
    tongue.him.has(&word.fold) && (!word.capital || word.first)
}

/// Why what these say can't carry a statement.
fn manner(here: &[&Spoken]) -> Reason {
    if here.iter().any(|spoken| spoken.said == Said::Maybe) { Reason::Unsure } else { Reason::Asked }
}

/// Whether what is quoted speaks of something that was named before: where most of the sentence stands, there
/// is a word for it, or hardly a word at all.
fn means_before(judge: &Judge, place: &[usize]) -> bool {
    let quoted = |line: usize| judge.quoted.iter().any(|n| judge.cited.spoken[*n].at == line);
    let asked = judge
        .cited
        .spoken
        .iter()
        .filter(|spoken| place.contains(&spoken.at) && !quoted(spoken.at) && spoken.said != Said::Stated);
    let mut asked = asked.map(Spoken::words);
    if asked.any(|words| (0..words.len()).any(|at| is_meant(words, at, judge))) {
        return true;
    }
    best(judge).iter().any(|clause| {
        let line = clause.spoken.line;
        let words = &line.text.words[clause.words.clone()];
        (is_short(clause.spoken, judge) && !is_no(clause.spoken, judge))
            || (0..words.len()).any(|at| is_meant(words, at, judge))
            || (is_first(clause, judge) && is_answer(clause.spoken, judge))
    })
}

/// Whether what is quoted says hardly anything, and all of it is in the sentence.
fn is_short(spoken: &Spoken, judge: &Judge) -> bool {
    let tongue = &judge.cited.meeting.tongue;
    let told = |stem: &String| judge.stems.iter().any(|own| tongue.alike(own, stem));
    let plain = |word: &Word| {
        tongue.stop.has(&word.fold) || tongue.yes.has(&word.fold) || tongue.filler.has(&word.fold)
    };
    let fact = |at: usize| spoken.line.facts.iter().any(|fact| fact.words.contains(&at));
    spoken.words().len() <= SHORT
        && spoken
            .range
            .clone()
            .all(|at| plain(&spoken.line.text.words[at]) || fact(at) || told(&spoken.line.stems[at]))
}

/// Whether a clause is the first of its line but for a yes.
fn is_first(clause: &Clause, judge: &Judge) -> bool {
    let (text, tongue) = (&clause.spoken.line.text, &judge.cited.meeting.tongue);
    let before = text.clauses.iter().take_while(|before| before.start < clause.words.start);
    before.into_iter().all(|before| {
        let words = &text.words[before.clone()];
        let start = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
        tongue.yes.at(words, start) == words.len() - start
    })
}

/// Whether all that says it stands under an "if" that the sentence leaves out.
fn leaves_out_if(judge: &Judge) -> bool {
    let tongue = &judge.cited.meeting.tongue;
    if tongue.if_.any(&judge.text.words) || judge.asked {
        return false;
    }
    let best = best(judge);
    !best.is_empty()
        && best.iter().all(|clause| {
            let words = &clause.spoken.line.text.words;
            // "Si, ils viendront" is a yes.
            let begins_so =
                |clause: &Range<usize>| clause.len() > 1 && tongue.if_.at(words, clause.start) > 0;
            let all: Vec<&Range<usize>> = clause.spoken.clauses().collect();
            let Some(n) = all.iter().position(|other| **other == clause.words) else { return false };
            // "If it rains, we stay"; "we stay if it rains".
            begins_so(all[n])
                || (n == 1 && begins_so(all[0]))
                || all.get(n + 1).is_some_and(|next| begins_so(next))
        })
}

/// Whether a line answers a question of the line before, and not with a no.
fn is_answer(spoken: &Spoken, judge: &Judge) -> bool {
    let Some(before) = spoken.at.checked_sub(1) else { return false };
    let before = &judge.cited.meeting.lines[before];
    let asks = before.text.sentences.last().is_some_and(|sentence| sentence.asks);
    before.speaker != spoken.line.speaker && asks && !is_no(spoken, judge)
}

/// Whether a line begins with a no.
fn is_no(spoken: &Spoken, judge: &Judge) -> bool {
    let (words, tongue) = (&spoken.line.text.words, &judge.cited.meeting.tongue);
    let at = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
    tongue.no.at(words, at) > 0
}

/// Whether a German clause begins with somebody who was named before: "die schickt es raus".
pub(super) fn is_this(clause: &[Word], tongue: &Tongue) -> bool {
    let begins = clause.first().is_some_and(|word| matches!(word.fold.as_str(), "der" | "die"));
    tongue.language == "de" && begins && !clause.iter().skip(1).take(3).any(|word| word.capital)
}

/// Whether a word stands for something else: an article before its noun does not.
fn is_meant(words: &[Word], at: usize, judge: &Judge) -> bool {
    let tongue = &judge.cited.meeting.tongue;
    let word = words[at].fold.as_str();
    let next = words.get(at + 1);
    let noun = |next: &Word| match tongue.language.as_str() {
        // An adjective is none, but a noun comes after it.
        "de" => words[at + 1..].iter().take(3).any(|word| word.capital) && !tongue.stop.has(&next.fold),
        _ => next.gap != Gap::Break && !tongue.stop.has(&next.fold),
    };
    // "Ich bestell's"; "the public one".
    let short = tongue.language == "de" && words[at].possessive && !words[at].capital;
    let one = matches!(word, "one" | "ones") && at > 0 && words[at].gap == Gap::Space;
    if short || (one && words[at - 1].fold != "no") {
        return true;
    }
    MEANT.contains(&word) && !(ARTICLES.contains(&word) && next.is_some_and(noun))
}

/// Whether a line goes on in the next one, or is answered there.
fn are_joined(one: usize, next: usize, cited: &Cited) -> bool {
    let (first, second) = (&cited.meeting.lines[one], &cited.meeting.lines[next]);
    let open = |said: Said| cited.spoken.iter().any(|spoken| spoken.at == one && spoken.said == said);
    if first.speaker == second.speaker {
        // "Since the Tuesday."
        let adds = second
            .text
            .sentences
            .first()
            .is_some_and(|sentence| rivals::is_alone(second, &sentence.words, cited));
        let settled =
            cited.spoken.iter().any(|spoken| spoken.at == one && spoken.said == Said::Maybe && spoken.agreed);
        return next == one + 1 || ((open(Said::Asked) || adds || settled) && next - one <= NEAR);
    }
    let tongue = &cited.meeting.tongue;
    let words = &second.text.words;
    let at = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
    let replies = tongue.is_yes(words, at) || tongue.no.at(words, at) > 0;
    let called = first.text.words.iter().any(|word| second.speaker_words.contains(&word.fold));
    let takes_up = words.get(at).is_some_and(|word| TAKES_UP.contains(&word.fold.as_str()));
    let distance = next - one;
    // An answer may come after others.
    ((open(Said::Asked) || (open(Said::Maybe) && (replies || takes_up))) && distance <= NEAR)
        || ((replies || called || takes_up) && distance == 1)
        || (called && distance == 2)
}
