//! The lines that a sentence cites, and how far each of their sentences can carry it: what was asked or
//! proposed carries a statement only where an answer that is cited too made it one. Pure.

use super::facts::{Fact, What, is_said};
use super::meeting::{Line, Meeting, is_both, is_title};
use super::text::{Gap, Word};
use super::tongue::{Phrases, Tongue};

/// How far from each other lines may stand that say one thing together.
pub(super) const NEAR: usize = 3;

/// What a sentence of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Stated,
    /// With a maybe, or as a proposal.
    Maybe,
    Asked,
}

/// A sentence of a cited line.
#[derive(Debug)]
pub(super) struct Spoken<'a> {
    pub line: &'a Line,
    /// Where the line stands in the meeting.
    pub at: usize,
    pub sentence: usize,
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
        &self.line.text.words[self.line.text.sentences[self.sentence].words.clone()]
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
                let said = what(line, sentence, meeting);
                spoken.push(Spoken {
                    line,
                    at: *at,
                    sentence,
                    said,
                    agreed: false,
                    answered: false,
                    turned: false,
                });
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
        let words = asked.words();
        if asked.said == Said::Asked && tongue.vote.any(words) {
            self.spoken[n].agreed = true;
            return;
        }
        let which = (0..words.len().min(4)).any(|at| tongue.which.at(words, at) > 0);
        let Some(answer) = self.spoken[n + 1..].iter().find(|answer| {
            answer.line.speaker != asked.line.speaker
                || (which && asked.said == Said::Asked && answer.at == asked.at)
        }) else {
            return;
        };
        if answer.at > asked.at + NEAR {
            return;
        }
        let reply = answer.words();
        let start = (0..reply.len()).find(|at| tongue.filler.at(reply, *at) == 0).unwrap_or(0);
        let yes = tongue.yes.at(reply, start) > 0 && answer.said != Said::Asked;
        let no = tongue.no.at(reply, start) > 0;
        let denied = no || (!yes && is_denied(answer.line, answer.sentence, self.meeting));
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

    /// Whether a word is a part of this person's name.
    pub fn is_named_by(&self, person: usize, word: &Word) -> bool {
        let meant = word.capital || !is_both(&word.fold);
        meant && self.meeting.people[person].words.contains(&word.fold)
    }

    /// Whether the title stands before the person's name where they are named.
    pub fn has_title(&self, person: usize, title: &str) -> bool {
        let same = |other: &str| other == title || other.trim_end_matches('n') == title.trim_end_matches('n');
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

    /// Whether a fact was said in a line, in a sentence that `usable` lets through.
    pub fn has(
        &self,
        what: &What,
        of_month: bool,
        usable: &dyn Fn(&Spoken) -> bool,
        lines: &dyn Fn(usize) -> bool,
    ) -> bool {
        self.spoken.iter().filter(|spoken| lines(spoken.at) && usable(spoken)).any(|spoken| {
            let range = spoken.line.text.sentences[spoken.sentence].words.clone();
            let said = |fact: &Fact| {
                range.contains(&fact.words.start)
                    && fact.what.iter().any(|said| is_said(what, of_month, said, fact.of_month))
            };
            spoken.line.facts.iter().any(said)
                || spoken.line.more.iter().any(|said| is_said(what, of_month, said, false))
        })
    }
}

/// What a sentence of a line is by itself.
fn what(line: &Line, sentence: usize, meeting: &Meeting) -> Said {
    let tongue = &meeting.tongue;
    let of = &line.text.sentences[sentence];
    let words = &line.text.words[of.words.clone()];
    if of.asks {
        return Said::Asked;
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
        return Said::Asked;
    }
    let doubted = line.text.sentences.get(sentence + 1).is_some_and(|next| {
        let next = &line.text.words[next.words.clone()];
        next.len() <= DOUBT_WORDS_MAX
            && tongue.maybe.any(next)
            && next.iter().all(|word| tongue.stop.has(&word.fold) || is_of(next, word, &tongue.maybe))
    });
    if doubted || tongue.maybe.any(after_answer(words, tongue)) { Said::Maybe } else { Said::Stated }
}

/// Words of a sentence that only doubts the one before: "I think." "Not sure, though."
const DOUBT_WORDS_MAX: usize = 4;

/// Whether a word belongs to a phrase that stands among these.
fn is_of(words: &[Word], word: &Word, phrases: &Phrases) -> bool {
    (0..words.len())
        .any(|at| words[at..at + phrases.at(words, at)].iter().any(|other| std::ptr::eq(other, word)))
}

/// What a sentence says behind an answer in so many words: "We could, I'll call again".
fn after_answer<'a>(words: &'a [Word], tongue: &Tongue) -> &'a [Word] {
    const OF_ANSWERS_MAX: usize = 3;
    let Some(end) = (1..words.len()).find(|at| words[*at].gap == Gap::Break) else { return words };
    let (answer, rest) = words.split_at(end);
    let is_answer = (2..=OF_ANSWERS_MAX).contains(&end)
        && answer.iter().all(|word| tongue.stop.has(&word.fold))
        && answer.iter().any(|word| tongue.first.has(&word.fold) || tongue.second.has(&word.fold));
    let promises = rest.iter().any(|word| tongue.first.has(&word.fold))
        && rest.iter().any(|word| matches!(word.fold.as_str(), "will" | "ll" | "werde" | "werden"));
    if is_answer && promises { rest } else { words }
}

/// Whether a sentence says that something is not so.
fn is_denied(line: &Line, sentence: usize, meeting: &Meeting) -> bool {
    let range = line.text.sentences[sentence].words.clone();
    super::polarity::is_negative(&line.text.words[range], &meeting.tongue)
}
