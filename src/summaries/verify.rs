//! Whether a summary's sentence says only what the lines that it cites say. Pure: no model, no file, no
//! clock.
//!
//! Promises: nothing passes with a number, a day, a month, a time, money or a name that is not in the
//! cited lines or among their speakers, in languages whose words are known; in the others nothing passes
//! but what was said, word by word. Each number, day and name is of one place: the line that is quoted, or
//! one that it answers or that answers it, or the lines that are cited in turn. So is each word that says
//! something, but for words of reports and for what the place speaks about. What somebody took back, or a
//! later line puts right, was not said. What was asked or proposed is
//! not what was said or decided, unless somebody's yes is cited too; an "if", an "about" and a "maybe" stay.
//! What the lines deny is not affirmed. A decision or an action belongs to somebody who said it or was asked
//! to. No panic on any text.
//!
//! Refuses to understand: true halves of one line can still be put together wrongly, one day of two can be
//! taken for the other, and a true sentence in other words than the meeting's is left out. How often is
//! measured (`benches/summaries`).

mod bonds;
mod cited;
mod content;
mod dates;
mod due;
mod facts;
mod meeting;
mod names;
mod numbers;
mod place;
mod polarity;
mod reason;
mod rivals;
mod spaceless;
mod tables;
mod text;
mod tongue;
mod who;

#[cfg(test)]
mod tests;

use cited::{Cited, Said as Manner, Spoken};
use facts::{Fact, What};
pub use meeting::Meeting;
use meeting::literal;
pub use reason::{Reason, kind_of};
use text::Text;
use tongue::Tongue;

use crate::session::summary::Kind;

/// What an item of a summary claims.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Who is to do it, or who asked.
    pub owner: Option<&'a str>,
    /// Until when, in the words of the meeting, or a day as `2026-12-01`.
    pub due: Option<&'a str>,
    /// What was said, literally.
    pub quote: &'a str,
    /// Numbers of the lines that say it.
    pub lines: &'a [u32],
}

/// A line that stands in the minutes. Those that are hidden or withheld, and echoes, are none.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// As claims cite it.
    pub number: u32,
    pub speaker: &'a str,
    pub text: &'a str,
}

/// Bytes of a sentence that is looked at; a longer one is none.
const TEXT_BYTES_MAX: usize = 4096;
/// Lines that one sentence may cite.
const LINES_MAX: usize = 64;

/// Whether the lines that a claim cites say it.
///
/// # Errors
/// They do not, or it can't be told: why.
pub fn verify(claim: &Claim, meeting: &Meeting) -> Result<(), Reason> {
    let lines = cited_lines(claim, meeting)?;
    if claim.text.len() > TEXT_BYTES_MAX || claim.quote.len() > TEXT_BYTES_MAX {
        return Err(Reason::Empty);
    }
    let first = quoted_line(claim, meeting, &lines)?;
    if matches!(meeting.tongue.language.as_str(), "ja" | "zh") {
        let texts: Vec<&str> = lines.iter().map(|line| meeting.lines[*line].raw.as_str()).collect();
        return spaceless::verify(claim, meeting, &texts, &lines, first);
    }
    let mut cited = Cited::new(meeting, lines);
    let quoted = quoted_sentences(claim, meeting, &cited, first);
    cited.part_from_doubts(&quoted.sentences, &quoted.words);
    let quoted = quoted_sentences(claim, meeting, &cited, first);
    Judge::new(claim, &cited, &quoted).judge()?;
    // The day by which it is due must stand with what is to be done, as one that the sentence says itself.
    match claim.due.map(str::trim).filter(|due| !due.is_empty() && due::iso(due).is_none()) {
        Some(due) if meeting.tongue.known && !literal(claim.text).contains(&literal(due)) => {
            let text = with_due(claim.text, due);
            let whole = Claim { text: &text, due: None, ..*claim };
            Judge::new(&whole, &cited, &quoted).judge().map_err(|_| Reason::Due(due.to_owned()))
        }
        _ => Ok(()),
    }
}

/// A sentence with the day by which it is due.
fn with_due(text: &str, due: &str) -> String {
    let mut first = due.chars();
    let due = first.next().map_or_else(String::new, |c| c.to_lowercase().chain(first).collect());
    format!("{} {due}.", text.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

/// The places of the lines, in order, each once.
fn cited_lines(claim: &Claim, meeting: &Meeting) -> Result<Vec<usize>, Reason> {
    if claim.lines.is_empty() || claim.lines.len() > LINES_MAX {
        return Err(Reason::NoLines);
    }
    let places = claim.lines.iter().map(|line| meeting.at(*line).ok_or(Reason::NoSuchLine(*line)));
    let mut places = places.collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// The line in which the quote begins. It may run on into the next one, if that is cited too and its
/// speaker is the same.
fn quoted_line(claim: &Claim, meeting: &Meeting, lines: &[usize]) -> Result<usize, Reason> {
    let quote = literal(claim.quote);
    if quote.trim().is_empty() {
        return Err(Reason::NoQuote);
    }
    if let Some(line) = lines.iter().find(|line| meeting.lines[**line].literal.contains(&quote)) {
        return Ok(*line);
    }
    let runs_on = lines.windows(2).find(|pair| {
        let (one, next) = (&meeting.lines[pair[0]], &meeting.lines[pair[1]]);
        pair[1] == pair[0] + 1
            && one.speaker == next.speaker
            && format!("{}{}", one.literal.trim_end(), next.literal).contains(&quote)
    });
    runs_on.map(|pair| pair[0]).ok_or(Reason::Quote)
}

/// Where the quote stands: the sentences of which it has words, as numbers of `cited.spoken`, and its words,
/// by line.
struct Quoted {
    sentences: Vec<usize>,
    words: Vec<(usize, std::ops::Range<usize>)>,
}

/// Finds the quote in the line `first` and the one behind it.
fn quoted_sentences(claim: &Claim, meeting: &Meeting, cited: &Cited, first: usize) -> Quoted {
    let quote = meeting.tongue.read(claim.quote);
    let quote: Vec<&str> = quote.words.iter().map(|word| word.fold.as_str()).collect();
    let here = |n: &usize| (first..=first + 1).contains(&cited.spoken[*n].at);
    let candidates: Vec<usize> = (0..cited.spoken.len()).filter(here).collect();
    let words: Vec<(usize, usize)> =
        candidates.iter().flat_map(|n| cited.spoken[*n].range.clone().map(move |at| (*n, at))).collect();
    let fold = |(n, at): &(usize, usize)| cited.spoken[*n].line.text.words[*at].fold.as_str();
    let found = (0..words.len()).find(|at| {
        words.len() - at >= quote.len()
            && words[*at..].iter().zip(&quote).all(|(said, word)| fold(said) == *word)
    });
    // It may begin or end within a word that is read as two.
    let whole = || {
        let of_line = candidates.iter().copied().filter(|n| cited.spoken[*n].at == first);
        of_line.flat_map(|n| cited.spoken[n].range.clone().map(move |at| (n, at))).collect()
    };
    let words: Vec<(usize, usize)> = match found.filter(|_| !quote.is_empty()) {
        Some(at) => words[at..at + quote.len()].to_vec(),
        None => whole(),
    };
    let mut sentences: Vec<usize> = words.iter().map(|(n, _)| *n).collect();
    sentences.dedup();
    let mut by_line: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    for (n, at) in words {
        match by_line.last_mut().filter(|(line, _)| *line == cited.spoken[n].at) {
            Some((_, range)) => range.end = at + 1,
            None => by_line.push((cited.spoken[n].at, at..at + 1)),
        }
    }
    Quoted { sentences, words: by_line }
}

/// A claim that is looked at.
struct Judge<'a> {
    claim: &'a Claim<'a>,
    cited: &'a Cited<'a>,
    quoted: &'a [usize],
    text: Text,
    stems: Vec<String>,
    facts: Vec<Fact>,
    /// The words of the quote, by line.
    quote: &'a [(usize, std::ops::Range<usize>)],
    mentions: Vec<names::Mention>,
    content: Vec<bool>,
    is_fact: Vec<bool>,
    /// It tells of something that was asked.
    asked: bool,
    /// It says that it was proposed or is not sure.
    unsure: bool,
}

impl<'a> Judge<'a> {
    fn new(claim: &'a Claim<'a>, cited: &'a Cited<'a>, quoted: &'a Quoted) -> Self {
        let tongue: &Tongue = &cited.meeting.tongue;
        let text = tongue.read(claim.text);
        let mentions = names::mentions(&text, cited.meeting);
        let named = |at: usize| mentions.iter().any(|mention| mention.words.contains(&at));
        let mut facts = facts::facts(&text, &tongue.language);
        facts.retain(|fact| !named(fact.words.start));
        meeting::deny(&mut facts, &text, tongue);
        let mut is_fact = vec![false; text.words.len()];
        facts.iter().for_each(|fact| is_fact[fact.words.clone()].fill(true));
        let content = content::content(&text, &mentions, &is_fact, tongue);
        let marked =
            text.sentences.iter().any(|sentence| sentence.asks) || tells_of_asking(&text, &mentions, tongue);
        let asked = marked && matches!(claim.kind, Kind::Question | Kind::Topic);
        let maybe = tongue.maybe.any(&text.words);
        let unsure = match claim.kind {
            Kind::Decision => false,
            Kind::Action => maybe,
            Kind::Topic | Kind::Question => maybe || asked || tongue.opinion.any(&text.words),
        };
        let stems = text.words.iter().map(|word| tongue.stem(&word.fold)).collect();
        Self {
            quote: &quoted.words,
            claim,
            cited,
            quoted: &quoted.sentences,
            stems,
            facts,
            mentions,
            content,
            is_fact,
            asked,
            unsure,
            text,
        }
    }

    fn judge(&self) -> Result<(), Reason> {
        if self.text.words.is_empty() {
            return Err(Reason::Empty);
        }
        self.check_facts()?;
        names::check(&self.text, &self.mentions, &self.is_fact, self.cited)?;
        self.check_manner()?;
        if !self.cited.meeting.tongue.known {
            content::check_literal(&self.text, &self.mentions, &self.is_fact, self.cited, self.quoted)?;
        }
        if self.cited.meeting.tongue.known {
            place::check(self)?;
            let usable = |spoken: &Spoken| self.is_usable(spoken);
            if self.claim.kind != Kind::Question {
                polarity::check(
                    &self.text,
                    &self.content,
                    &self.stems,
                    &self.facts,
                    self.cited,
                    self.quoted,
                    &usable,
                )?;
            }
            bonds::check(self)?;
        }
        who::check(self)?;
        self.check_due()
    }

    /// Whether a sentence of a line can carry this claim.
    fn is_usable(&self, spoken: &Spoken) -> bool {
        self.asked || spoken.states() || spoken.answered || (self.unsure && spoken.said == Manner::Maybe)
    }

    /// Numbers, days, times, money: each was said.
    fn check_facts(&self) -> Result<(), Reason> {
        let usable = |spoken: &Spoken| {
            self.is_usable(spoken)
                && (self.asked || spoken.said != Manner::Asked || spoken.agreed || spoken.answered)
        };
        for fact in &self.facts {
            let said = |what: &What| match what {
                What::Money(money) => self.is_money(money),
                What::Name(name) => {
                    self.cited.words().any(|word| word.fold == *name)
                        || self.cited.speaker_words().any(|word| word == name)
                }
                what => self.cited.has(what, fact, &usable),
            };
            if !fact.what.iter().any(said) {
                let mut spoken =
                    self.cited.spoken.iter().filter(|spoken| self.holds(spoken, fact)).peekable();
                let doubted = spoken.peek().is_some() && spoken.all(|spoken| spoken.said == Manner::Maybe);
                return Err(if doubted { Reason::Unsure } else { self.not_said(fact) });
            }
        }
        Ok(())
    }

    fn not_said(&self, fact: &Fact) -> Reason {
        let shown = names::shown(&self.text.words[fact.words.clone()]);
        match fact.what.first() {
            Some(What::Number(_)) => Reason::Number(shown),
            Some(What::Money(_)) => Reason::Unit(shown),
            Some(What::Name(_)) => Reason::Name(shown),
            _ => Reason::Date(shown),
        }
    }

    /// Whether the lines speak of this money; where they say only a number, the meeting may know but one.
    fn is_money(&self, money: &str) -> bool {
        let of = |facts: &[Fact]| {
            let named = facts.iter().flat_map(|fact| &fact.what);
            named
                .filter_map(|what| if let What::Money(money) = what { Some(*money) } else { None })
                .collect::<Vec<_>>()
        };
        let meeting = self.cited.meeting;
        let here: Vec<&str> =
            self.cited.lines.iter().flat_map(|line| of(&meeting.lines[*line].facts)).collect();
        if !here.is_empty() {
            return here.contains(&money);
        }
        let mut all = meeting.lines.iter().flat_map(|line| of(&line.facts)).peekable();
        all.peek().is_some() && all.all(|other| other == money)
    }

    /// The quote carries a statement, or the question that the claim tells of.
    fn check_manner(&self) -> Result<(), Reason> {
        let quoted: Vec<&Spoken> = self.quoted.iter().map(|n| &self.cited.spoken[*n]).collect();
        if self.claim.kind == Kind::Question {
            let asks = quoted.iter().any(|spoken| spoken.said == Manner::Asked)
                || quoted.iter().any(|spoken| self.cited.meeting.tongue.asked.any(spoken.words()));
            return if asks && self.asked { Ok(()) } else { Err(Reason::NotAsked) };
        }
        let decides = matches!(self.claim.kind, Kind::Decision | Kind::Action);
        let carries = |spoken: &&Spoken| {
            spoken.states() || (self.asked && !decides) || (self.unsure && spoken.said == Manner::Maybe)
        };
        if quoted.iter().any(carries) {
            return Ok(());
        }
        Err(if quoted.iter().any(|spoken| spoken.said == Manner::Maybe) {
            Reason::Unsure
        } else {
            Reason::Asked
        })
    }

    /// Whether a sentence of a line says this number, day, time or money.
    fn holds(&self, spoken: &Spoken, fact: &Fact) -> bool {
        fact.what.iter().any(|what| match what {
            What::Money(money) => self.is_money(money),
            What::Name(name) => spoken.words().iter().any(|word| word.fold == *name),
            what => spoken.says(what, fact),
        })
    }

    /// Whether a word says nothing by itself.
    fn is_stop(&self, at: usize) -> bool {
        self.cited.meeting.tongue.stop.has(&self.text.words[at].fold)
    }

    /// Whether a word stands where a verb does.
    fn is_verb(&self, at: usize) -> bool {
        content::is_verb(&self.text, at, &self.mentions, &self.cited.meeting.tongue)
    }

    /// The day by which it is due was said, or is one that was said, counted from the meeting's day.
    fn check_due(&self) -> Result<(), Reason> {
        let Some(due) = self.claim.due.map(str::trim).filter(|due| !due.is_empty()) else { return Ok(()) };
        let meeting = self.cited.meeting;
        let tongue = &meeting.tongue;
        let wrong = || Reason::Due(due.to_owned());
        if let Some(date) = due::iso(due) {
            let computed = |line: &usize| {
                let line = &meeting.lines[*line];
                let day = meeting
                    .date
                    .map(|day| due::computed(&line.facts, &line.text.words, &tongue.language, day));
                day.is_some_and(|days| days.contains(&date))
            };
            return if self.cited.lines.iter().any(computed) { Ok(()) } else { Err(wrong()) };
        }
        let text = tongue.read(due);
        let facts = facts::facts(&text, &tongue.language);
        for fact in &facts {
            if !fact.what.iter().any(|what| self.cited.has(what, fact, &|_| true)) {
                return Err(wrong());
            }
        }
        for (at, word) in text.words.iter().enumerate() {
            let fact = facts.iter().any(|fact| fact.words.contains(&at));
            let until = tongue.stop.has(&word.fold) && !is_side(&word.fold);
            let stem = tongue.stem(&word.fold);
            let said = self.cited.lines.iter().any(|line| {
                meeting.lines[*line]
                    .stems
                    .iter()
                    .any(|said| *said == stem || (tongue.known && tongue.alike(said, &stem)))
            });
            if !fact && !until && !said {
                return Err(wrong());
            }
        }
        if facts.is_empty() && text.words.iter().all(|word| tongue.stop.has(&word.fold)) {
            Err(wrong())
        } else {
            Ok(())
        }
    }
}

/// Whether a sentence tells that something was asked: who asked stands right before, or it begins so, or
/// it says that something was asked. "If a customer asks" is none.
fn tells_of_asking(text: &Text, mentions: &[names::Mention], tongue: &Tongue) -> bool {
    (0..text.words.len()).filter(|at| tongue.asked.at(&text.words, *at) > 0).any(|at| {
        let by = |mention: &names::Mention| mention.words.end <= at && at <= mention.words.end + 2;
        let verb = at.checked_sub(1).map(|before| text.words[before].fold.as_str());
        let passive = verb.is_some_and(|verb| {
            matches!(
                verb,
                "was" | "were" | "is" | "has" | "wurde" | "wird" | "hat" | "ist" | "a" | "est" | "remains"
            )
        });
        at < 3 || passive || mentions.iter().any(by)
    })
}

/// Words that say on which side of a day.
fn is_side(word: &str) -> bool {
    matches!(
        word,
        "after"
            | "before"
            | "nach"
            | "vor"
            | "apres"
            | "avant"
            | "despues"
            | "antes"
            | "dopo"
            | "prima"
            | "na"
    )
}
