//! The lines that a sentence cites, and how far each of their sentences can carry it: what was asked or
//! proposed carries a statement only where an answer that is cited too made it one. Pure.

use std::ops::Range;

use super::facts::{Fact, What, is_said};
use super::meeting::{Line, Meeting, is_both, is_title};
use super::text::{Gap, Word};
use super::tongue::{Phrases, Tongue};

/// How far from each other lines may stand that say one thing together.
pub(super) const NEAR: usize = 4;

/// What a sentence of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Stated,
    /// With a maybe, or as a proposal.
    Maybe,
    Asked,
}

/// A sentence of a cited line.
#[derive(Debug, Clone)]
pub(super) struct Spoken<'a> {
    pub line: &'a Line,
    /// Where the line stands in the meeting.
    pub at: usize,
    pub sentence: usize,
    /// Its words: those of the sentence, or of the part before or behind a "maybe".
    pub range: Range<usize>,
    pub said: Said,
    /// Somebody agreed to it in a line that is cited too.
    pub agreed: bool,
    /// Somebody answered it with something else than a yes.
    pub answered: bool,
    /// The answer turns it into its opposite.
    pub turned: bool,
}

impl<'a> Spoken<'a> {
    /// The words of the sentence.
    pub fn words(&self) -> &'a [Word] {
        &self.line.text.words[self.range.clone()]
    }

    /// Its clauses, in words of the line.
    pub fn clauses(&self) -> impl Iterator<Item = &'a Range<usize>> + use<'a> {
        let range = self.range.clone();
        self.line.text.clauses.iter().filter(move |clause| range.contains(&clause.start))
    }

    /// Their stems.
    pub fn stems(&self) -> &'a [String] {
        &self.line.stems[self.range.clone()]
    }

    /// Whether a fact is said in it.
    pub fn says(&self, what: &What, claimed: &Fact) -> bool {
        let of_month = claimed.of_month;
        let range = &self.range;
        let said = |fact: &Fact| {
            range.contains(&fact.words.start)
                && (claimed.denied || !fact.denied)
                && fact.what.iter().any(|said| is_said(what, of_month, said, fact.of_month))
        };
        self.line.facts.iter().any(said)
            || self.line.more.iter().any(|said| is_said(what, of_month, said, false))
    }

    /// Whether it can carry a sentence that states something.
    pub fn states(&self) -> bool {
        self.said == Said::Stated || self.agreed
    }
}

/// All that a sentence cites.
#[derive(Debug)]
pub(super) struct Cited<'a> {
    pub meeting: &'a Meeting,
    pub lines: Vec<usize>,
    pub spoken: Vec<Spoken<'a>>,
}

impl<'a> Cited<'a> {
    /// `lines` are places in the meeting, in order.
    pub fn new(meeting: &'a Meeting, lines: Vec<usize>) -> Self {
        let mut spoken = Vec::new();
        for at in &lines {
            let line = &meeting.lines[*at];
            for sentence in 0..line.text.sentences.len() {
                spoken.extend(parts(line, sentence, meeting).into_iter().map(|(range, said)| Spoken {
                    line,
                    at: *at,
                    sentence,
                    range,
                    said,
                    agreed: false,
                    answered: false,
                    turned: false,
                }));
            }
        }
        let mut cited = Self { meeting, lines, spoken };
        for n in 0..cited.spoken.len() {
            cited.answer(n);
        }
        cited
    }

    /// Looks for the answer to a question or a proposal.
    fn answer(&mut self, n: usize) {
        let tongue = &self.meeting.tongue;
        let asked = &self.spoken[n];
        if asked.said == Said::Stated || !tongue.known {
            return;
        }
        if asked.said == Said::Maybe && self.is_settled(n) {
            self.spoken[n].agreed = true;
            return;
        }
        let which = asks_which(asked, tongue);
        let Some(answer) = self.spoken[n + 1..].iter().find(|answer| {
            answer.line.speaker != asked.line.speaker
                || (which
                    && asked.said == Said::Asked
                    && answer.at == asked.at
                    && answer.said == Said::Stated)
        }) else {
            return;
        };
        if answer.at > asked.at + NEAR {
            return;
        }
        let reply = answer.words();
        let start = (0..reply.len()).find(|at| tongue.filler.at(reply, *at) == 0).unwrap_or(0);
        let yes = answer.said != Said::Asked && (tongue.is_yes(reply, start) || self.says_yes(answer));
        let no = tongue.no.at(reply, start) > 0;
        let denied = no || (!yes && super::polarity::is_negative(reply, tongue));
        let plain = answer.said == Said::Stated;
        let (agreed, answered) = match asked.said {
            Said::Asked if which => (plain && !no, plain),
            Said::Asked => (yes && !denied, yes || no || answer.said != Said::Asked),
            _ => (yes, false),
        };
        let spoken = &mut self.spoken[n];
        (spoken.agreed, spoken.answered) = (agreed, answered);
        spoken.turned = answered && !which && !agreed && denied;
    }

    /// Parts what is quoted from a doubt beside it: "I'm not certain, I've sent it twice" states one thing.
    pub fn part_from_doubts(&mut self, sentences: &[usize], quote: &[(usize, Range<usize>)]) {
        let tongue = &self.meeting.tongue;
        for n in sentences.iter().rev() {
            let spoken = &self.spoken[*n];
            // "It's free on Friday. I think": the doubt of the next sentence is of all of this one.
            if spoken.said != Said::Maybe || !tongue.known || !tongue.maybe.any(spoken.words()) {
                continue;
            }
            let Some((_, words)) = quote.iter().find(|(line, _)| *line == spoken.at) else { continue };
            let all: Vec<&Range<usize>> = spoken.clauses().collect();
            let is_quoted = |clause: &&Range<usize>| clause.start < words.end && words.start < clause.end;
            let of_clause = |clause: &Range<usize>| &spoken.line.text.words[clause.clone()];
            let Some(from) = all.iter().position(&is_quoted) else { continue };
            let Some(to) = all.iter().rposition(is_quoted) else { continue };
            let doubted = all[from..=to].iter().any(|clause| tongue.maybe.any(of_clause(clause)));
            let behind = all.get(to + 1).is_some_and(|next| only_doubts(of_clause(next), tongue));
            let before = from.checked_sub(1).map(|before| of_clause(all[before]));
            let before = before.is_some_and(|words| {
                only_doubts(words, tongue) && !words.iter().any(|word| MAY_BE.contains(&word.fold.as_str()))
            });
            // "I think we patch it and get a quote".
            let goes_on = from > 0 && spoken.line.text.words[all[from].start].gap != Gap::Break;
            let taken_back = all
                .get(to + 1)
                .is_some_and(|next| tongue.corrects.at(&spoken.line.text.words, next.start) > 0);
            if doubted
                || behind
                || before
                || goes_on
                || taken_back
                || tongue.if_.at(&spoken.line.text.words, all[from].start) > 0
            {
                continue;
            }
            let (start, end) = (all[from].start, all[to].end);
            let whole = spoken.range.clone();
            let part = |range: Range<usize>, said: Said| Spoken { range, said, ..*spoken };
            let parts = [
                part(whole.start..start, Said::Maybe),
                part(start..end, Said::Stated),
                part(end..whole.end, Said::Maybe),
            ];
            let parts: Vec<Spoken> = parts.into_iter().filter(|part| !part.range.is_empty()).collect();
            self.spoken.splice(*n..=*n, parts);
        }
    }

    /// Whether a later line that begins with a yes says a proposal again: "Fine, so two sixty from April".
    fn is_settled(&self, n: usize) -> bool {
        let (asked, tongue) = (&self.spoken[n], &self.meeting.tongue);
        self.spoken[n + 1..].iter().any(|later| {
            let words = &later.line.text.words;
            let start = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
            let again = |at: &usize| {
                !tongue.stop.has(&asked.line.text.words[*at].fold)
                    && later.stems().iter().any(|stem| *stem == asked.line.stems[*at])
            };
            (asked.at + 1..=asked.at + NEAR).contains(&later.at)
                && later.said == Said::Stated
                && (tongue.is_yes(words, start)
                    || words.get(start).is_some_and(|word| SO.contains(&word.fold.as_str())))
                && asked.range.clone().filter(again).count() >= AGAIN
        })
    }

    /// Whether a part of an answer is only a yes: "Eight is a lot. I'll try, yeah."
    fn says_yes(&self, answer: &Spoken) -> bool {
        let text = &answer.line.text;
        let near = |clause: &&Range<usize>| {
            let sentence = text.words[clause.start].sentence;
            (answer.sentence..answer.sentence + 2).contains(&sentence) && !text.sentences[sentence].asks
        };
        text.clauses.iter().filter(near).any(|clause| {
            let words = &text.words[clause.clone()];
            let start =
                (0..words.len()).find(|at| self.meeting.tongue.filler.at(words, *at) == 0).unwrap_or(0);
            self.meeting.tongue.yes.at(words, start) == words.len() - start
        })
    }

    /// Whether this person spoke one of the lines.
    pub fn speaks(&self, person: usize) -> bool {
        self.lines.iter().any(|line| self.is_speaker(person, *line))
    }

    /// Whether this person spoke that line.
    pub fn is_speaker(&self, person: usize, line: usize) -> bool {
        let own = &self.meeting.people[person].words;
        !own.is_empty() && own.iter().all(|word| self.meeting.lines[line].speaker_words.contains(word))
    }

    /// Whether this person is named in one of the lines.
    pub fn names(&self, person: usize) -> bool {
        self.words().any(|word| self.is_named_by(person, word))
    }

    /// Whether one of these people is named in the lines.
    pub fn names_any(&self, people: &[usize]) -> bool {
        people.iter().any(|person| self.names(*person))
    }

    /// Whether a word is a part of this person's name.
    pub fn is_named_by(&self, person: usize, word: &Word) -> bool {
        let meant = word.capital || !is_both(&word.fold);
        meant && self.meeting.people[person].words.contains(&word.fold)
    }

    /// Whether the title stands before the person's name where they are named.
    pub fn has_title(&self, person: usize, title: &str) -> bool {
        let same = |other: &str| title_of(other) == title_of(title);
        let in_name = |line: &usize| {
            let words = &self.meeting.lines[*line].speaker_words;
            self.is_speaker(person, *line) && words.iter().any(|word| is_title(word) && same(word))
        };
        let spoken = |line: &usize| {
            let words = &self.meeting.lines[*line].text.words;
            words.windows(2).any(|pair| same(&pair[0].fold) && self.is_named_by(person, &pair[1]))
        };
        self.lines.iter().any(|line| in_name(line) || spoken(line))
    }

    /// All words of the lines.
    pub fn words(&self) -> impl Iterator<Item = &'a Word> + '_ {
        self.lines.iter().flat_map(|line| &self.meeting.lines[*line].text.words)
    }

    /// The words of the speakers' names.
    pub fn speaker_words(&self) -> impl Iterator<Item = &'a String> + '_ {
        self.lines.iter().flat_map(|line| &self.meeting.lines[*line].speaker_words)
    }

    /// Whether a fact was said in a sentence that `usable` lets through.
    pub fn has(&self, what: &What, claimed: &Fact, usable: &dyn Fn(&Spoken) -> bool) -> bool {
        self.spoken.iter().any(|spoken| usable(spoken) && spoken.says(what, claimed))
    }
}

/// Whether a question asks for something that is not known, and not for a yes.
fn asks_which(asked: &Spoken, tongue: &Tongue) -> bool {
    let words = &asked.line.text.words;
    let clauses: Vec<&Range<usize>> = asked.clauses().collect();
    let which = |clause: &Range<usize>| {
        (clause.start..clause.end.min(clause.start + WHICH_MAX)).any(|at| tongue.which.at(words, at) > 0)
    };
    let turns = |clause: &&Range<usize>| {
        tongue.asks.at(words, clause.start) > 1 && !tongue.which.has(&words[clause.start].fold)
    };
    let last = clauses.iter().rposition(turns).map_or(0, |n| n);
    clauses[last..].iter().any(|clause| which(clause))
}

/// Words of a clause among which the one stands that asks.
const WHICH_MAX: usize = 4;

/// The parts of a sentence of a line, and what each is by itself.
fn parts(line: &Line, sentence: usize, meeting: &Meeting) -> Vec<(Range<usize>, Said)> {
    let tongue = &meeting.tongue;
    let of = &line.text.sentences[sentence];
    let words = &line.text.words[of.words.clone()];
    let whole = |said: Said| vec![(of.words.clone(), said)];
    if of.asks {
        let asks = asks_from(line, &of.words, tongue);
        let stated = of.words.start..asks;
        return match stated.is_empty() {
            true => whole(Said::Asked),
            false => {
                let doubted = tongue.maybe.any(&line.text.words[stated.clone()]);
                vec![
                    (stated, if doubted { Said::Maybe } else { Said::Stated }),
                    (asks..of.words.end, Said::Asked),
                ]
            }
        };
    }
    // A recogniser may write no question marks.
    let start = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
    let named = words
        .get(start)
        .is_some_and(|word| meeting.people.iter().any(|person| person.words.contains(&word.fold)));
    let marks = line.text.sentences.iter().any(|sentence| sentence.asks);
    let is_question = [start, start + usize::from(named)].iter().any(|at| {
        // "What we need is": only with an inversion, or as a word alone, it is sure to be one.
        let length = tongue.asks.at(words, *at);
        length >= 2 && !tongue.which.has(&words[*at].fold)
    });
    if is_question && !marks {
        return whole(Said::Asked);
    }
    let next = line.text.sentences.get(sentence + 1);
    if next.is_some_and(|next| only_doubts(&line.text.words[next.words.clone()], tongue)) {
        return whole(Said::Maybe);
    }
    // A "maybe" is of what comes behind it up to a "but", and of all where nothing else is said with it.
    let clauses: Vec<&Range<usize>> =
        line.text.clauses.iter().filter(|clause| of.words.contains(&clause.start)).collect();
    let of_clause = |clause: &Range<usize>| &line.text.words[clause.clone()];
    let doubts = |clause: &Range<usize>| tongue.maybe.any(of_clause(clause));
    if !clauses.iter().any(|clause| doubts(clause)) {
        return whole(if tongue.maybe.any(words) { Said::Maybe } else { Said::Stated });
    }
    if clauses.iter().any(|clause| only_doubts(of_clause(clause), tongue)) {
        return whole(Said::Maybe);
    }
    let mut found: Vec<(Range<usize>, Said)> = Vec::new();
    for clause in clauses {
        let goes_on = !BUT.contains(&line.text.words[clause.start].fold.as_str());
        match found.last_mut() {
            Some((range, said)) if goes_on && (*said == Said::Maybe) >= doubts(clause) => {
                range.end = clause.end
            }
            _ => found.push((clause.clone(), if doubts(clause) { Said::Maybe } else { Said::Stated })),
        }
    }
    found
}

/// Where the question of a sentence begins: "it was at thirty on Sunday, who got the call?"
fn asks_from(line: &Line, sentence: &Range<usize>, tongue: &Tongue) -> usize {
    let words = &line.text.words;
    let clauses: Vec<&Range<usize>> =
        line.text.clauses.iter().filter(|clause| sentence.contains(&clause.start)).collect();
    let depends = |clause: &Range<usize>| tongue.if_.at(words, clause.start) > 0;
    let begins = |clause: &Range<usize>| {
        let skipped = |at: &usize| {
            tongue.filler.at(words, *at) > 0 || BEFORE_QUESTIONS.contains(&words[*at].fold.as_str())
        };
        let start = clause.clone().find(|at| !skipped(at)).unwrap_or(clause.start);
        tongue.which.has(&words[start].fold) && clause.end - start >= QUESTION_MIN
    };
    let Some(n) = clauses.iter().rposition(|clause| begins(clause)) else { return sentence.start };
    let stated = &clauses[..n];
    if stated.is_empty()
        || stated.iter().any(|clause| depends(clause) || begins(clause))
        || words[clauses[n].start].gap != Gap::Break
            && !BEFORE_QUESTIONS.contains(&words[clauses[n].start].fold.as_str())
    {
        return sentence.start;
    }
    clauses[n].start
}

/// Words before the one that asks.
const BEFORE_QUESTIONS: &[&str] = &["and", "und", "et", "so", "but", "aber", "mais", "y", "e", "en"];

/// Words of a question that asks for something else than what was just said.
const QUESTION_MIN: usize = 3;

/// Before what somebody concludes.
const SO: &[&str] = &["so", "also", "donc"];

/// Words of a proposal that are said again where it is settled.
const AGAIN: usize = 2;

/// Whether these words only doubt what stands beside them.
fn only_doubts(words: &[Word], tongue: &Tongue) -> bool {
    words.len() <= DOUBT_WORDS_MAX
        && tongue.maybe.any(words)
        && words.iter().all(|word| tongue.stop.has(&word.fold) || is_of(words, word, &tongue.maybe))
}

/// A doubt with one of these is of what was said before: "it could be".
const MAY_BE: &[&str] = &["could", "might", "kann", "konnte", "peut", "pourrait"];

/// They end what a "maybe" is of.
const BUT: &[&str] = &["but", "aber", "mais", "pero", "ma", "maar"];

/// Words of a sentence that only doubts the one before: "I think." "Not sure, though."
const DOUBT_WORDS_MAX: usize = 4;

/// Whether a word belongs to a phrase that stands among these.
fn is_of(words: &[Word], word: &Word, phrases: &Phrases) -> bool {
    (0..words.len())
        .any(|at| words[at..at + phrases.at(words, at)].iter().any(|other| std::ptr::eq(other, word)))
}

/// A title as it is written out.
pub(super) fn title_of(title: &str) -> &str {
    match title {
        "mr" => "mister",
        "mme" => "madame",
        "m" => "monsieur",
        "mlle" => "mademoiselle",
        "dr" => "doctor",
        "prof" => "professor",
        "herrn" => "herr",
        _ => title,
    }
}
