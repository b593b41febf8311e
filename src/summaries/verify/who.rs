//! Who said or does it: the one whom a sentence begins with spoke the quote or is named in it, and the
//! one who is to do something said so or was asked to by name. Pure.

use super::Reason;
use super::cited::{Cited, NEAR, Said};
use super::facts::Fact;
use super::names::{Mention, mentions};
use super::text::{Gap, Text, Word};

/// A sentence that is looked at, with the quote that carries it.
pub(super) struct Whose<'a> {
    pub text: &'a Text,
    pub mentions: &'a [Mention],
    pub content: &'a [bool],
    pub stems: &'a [String],
    pub facts: &'a [Fact],
    pub cited: &'a Cited<'a>,
    /// The quote's sentences, as numbers of `cited.spoken`.
    pub quoted: &'a [usize],
    /// It tells of something that was asked.
    pub asked: bool,
}

/// The one who speaks as the one who does it, in all languages.
#[rustfmt::skip]
const DOES: &[&str] = &[
    "i", "we", "myself", "ich", "wir", "je", "j", "nous", "on", "moi", "yo", "nosotros", "nosotras", "io", "noi", "ik",
    "wij",
];

/// "I want you to": what I want, somebody else does.
fn asks_another(words: &[Word]) -> bool {
    const WANT: &[&str] = &["want", "need", "like", "ask", "asked", "expect", "tell", "told", "get"];
    words.windows(3).any(|three| {
        WANT.contains(&three[0].fold.as_str()) && three[1].fold == "you" && three[2].fold == "to"
    })
}

impl Whose<'_> {
    /// Those whom a clause of the sentence begins with, with the clause.
    fn agents(&self) -> Vec<(usize, &Mention)> {
        let tongue = &self.cited.meeting.tongue;
        let mut found = Vec::new();
        for (n, clause) in self.text.clauses.iter().enumerate() {
            let first = self.mentions.iter().find(|mention| clause.contains(&mention.words.start));
            let Some(mention) = first else { continue };
            let before = &self.text.words[clause.start..mention.words.start];
            let bare =
                before.iter().all(|word| tongue.stop.has(&word.fold) || super::meeting::is_title(&word.fold));
            let led = before.iter().any(|word| {
                tongue.prepositions.has(&word.fold)
                    && !matches!(word.fold.as_str(), "and" | "or" | "und" | "et" | "y" | "e" | "en")
            });
            let owned = self.text.words[mention.words.end - 1].possessive;
            if bare && !led && !owned {
                found.push((n, mention));
            }
        }
        found
    }

    /// Checks whom the sentence tells of.
    pub fn check(&self) -> Result<(), Reason> {
        for (clause, mention) in self.agents() {
            let wrong = || Reason::Who(super::names::shown(&self.text.words[mention.words.clone()]));
            let people = &mention.people;
            let spoke = |line: usize| people.iter().any(|person| self.cited.is_speaker(*person, line));
            let quoted =
                |test: &dyn Fn(usize) -> bool| self.quoted.iter().any(|n| test(self.cited.spoken[*n].at));
            if quoted(&spoke) {
                // What others said or do is not theirs.
                if !self.shares(clause, people) || (self.is_of_another() && !self.reports(mention)) {
                    return Err(wrong());
                }
                continue;
            }
            let speaks = self.cited.lines.iter().any(|line| spoke(*line));
            let named = quoted(&|line| self.is_named_in(line, people));
            if named {
                if !self.asked && quoted(&|line| self.is_object(line, people)) {
                    return Err(wrong());
                }
                continue;
            }
            if speaks && (clause == 0 || !self.shares(clause, people)) && !self.agrees(people) {
                return Err(wrong());
            }
        }
        Ok(())
    }

    /// Whether these people said yes to the quote in a line that is cited too.
    fn agrees(&self, people: &[usize]) -> bool {
        let tongue = &self.cited.meeting.tongue;
        self.quoted.iter().any(|quoted| {
            let asked = &self.cited.spoken[*quoted];
            let mut replies =
                self.cited.spoken.iter().filter(|reply| reply.at > asked.at && reply.at <= asked.at + NEAR);
            let other = |person: &usize| !self.cited.is_speaker(*person, asked.at);
            replies.any(|reply| {
                let words = reply.words();
                let start = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
                tongue.yes.at(words, start) > 0
                    && people.iter().any(|person| self.cited.is_speaker(*person, reply.at) && other(person))
            })
        })
    }

    fn is_named_in(&self, line: usize, people: &[usize]) -> bool {
        let words = &self.cited.meeting.lines[line].text.words;
        words.iter().any(|word| people.iter().any(|person| self.cited.is_named_by(*person, word)))
    }

    /// Whether the name follows the one who speaks: "I'll ask Marcus".
    fn is_object(&self, line: usize, people: &[usize]) -> bool {
        let tongue = &self.cited.meeting.tongue;
        let text = &self.cited.meeting.lines[line].text;
        let all = text.sentences.iter().flat_map(|sentence| sentence.words.clone());
        let named: Vec<usize> = all
            .filter(|at| people.iter().any(|person| self.cited.is_named_by(*person, &text.words[*at])))
            .collect();
        !named.is_empty()
            && named.iter().all(|at| {
                let clause = text.clauses[text.words[*at].clause].clone();
                let before = &text.words[clause.start..*at];
                before.iter().any(|word| tongue.first.has(&word.fold))
                    && before.iter().any(|word| tongue.ask.has(&word.fold))
            })
    }

    /// Whether the quote speaks of somebody else's doing: "He's stuck".
    fn is_of_another(&self) -> bool {
        let tongue = &self.cited.meeting.tongue;
        self.quoted.iter().all(|n| {
            let words = self.cited.spoken[*n].words();
            let told = |person: usize| self.mentions.iter().any(|mention| mention.people.contains(&person));
            let other = |word: &Word| {
                let mut all = 0..self.cited.meeting.people.len();
                all.any(|person| self.cited.is_named_by(person, word) && !told(person))
            };
            let called = words.get(1).is_none_or(|next| next.gap == Gap::Break);
            words.first().is_some_and(|word| tongue.third.has(&word.fold) || (other(word) && !called))
                && !words.iter().any(|word| tongue.first.has(&word.fold))
        })
    }

    /// Whether the sentence says of somebody that they said, asked or thought it.
    fn reports(&self, mention: &Mention) -> bool {
        let tongue = &self.cited.meeting.tongue;
        let end = mention.words.end;
        (end..self.text.words.len().min(end + 2)).any(|at| {
            [&tongue.report, &tongue.opinion, &tongue.asked]
                .iter()
                .any(|list| list.at(&self.text.words, at) > 0)
        })
    }

    /// Whether these people answered something in a line.
    fn answers(&self, line: usize, people: &[usize]) -> bool {
        let asked = self.cited.spoken.iter().any(|spoken| spoken.at == line && spoken.said != Said::Stated);
        let next = self.cited.lines.iter().find(|other| **other > line && **other <= line + NEAR);
        asked && next.is_some_and(|next| people.iter().any(|person| self.cited.is_speaker(*person, *next)))
    }

    /// Whether a clause says something that these people said, or that was said where they are named.
    fn shares(&self, clause: usize, people: &[usize]) -> bool {
        let range = self.text.clauses[clause].clone();
        let tongue = &self.cited.meeting.tongue;
        let own = |line: &usize| {
            people.iter().any(|person| self.cited.is_speaker(*person, *line))
                || self.is_named_in(*line, people)
                || self.answers(*line, people)
        };
        let lines: Vec<usize> = self.cited.lines.iter().copied().filter(own).collect();
        let says = |at: usize, lines: &[usize]| {
            let stem = &self.stems[at];
            lines
                .iter()
                .any(|line| self.cited.meeting.lines[*line].stems.iter().any(|said| tongue.alike(stem, said)))
        };
        let words: Vec<usize> = range.clone().filter(|at| self.content[*at]).collect();
        let said = words.iter().filter(|at| says(**at, &self.cited.lines)).count();
        let facts = self.facts.iter().filter(|fact| range.contains(&fact.words.start));
        let theirs = facts.filter(|fact| {
            lines.iter().any(|line| {
                let said = &self.cited.meeting.lines[*line];
                said.facts.iter().any(|other| other.what.iter().any(|what| fact.what.contains(what)))
            })
        });
        said == 0 || words.iter().any(|at| says(*at, &lines)) || theirs.count() > 0
    }

    /// Checks the one who is to do it.
    pub fn check_owner(&self, owner: Option<&str>, is_action: bool) -> Result<(), Reason> {
        let cited = self.cited;
        let agents: Vec<Vec<usize>> = self
            .agents()
            .iter()
            .filter(|(clause, _)| *clause == 0)
            .map(|(_, mention)| mention.people.clone())
            .collect();
        let Some(owner) = owner.map(str::trim).filter(|owner| !owner.is_empty()) else {
            let Some(people) = agents.first().filter(|_| is_action && !self.asked) else { return Ok(()) };
            let name = || cited.meeting.people[people[0]].name.clone();
            return if self.may_own(people) { Ok(()) } else { Err(Reason::Owner(name())) };
        };
        let wrong = || Reason::Owner(owner.to_owned());
        let text = cited.meeting.tongue.read(owner);
        let owners = mentions(&text, cited.meeting);
        let named = |at: usize| owners.iter().any(|mention| mention.words.contains(&at));
        // Whoever is no person of the meeting must be the one of whom the quote speaks.
        for (at, word) in text.words.iter().enumerate() {
            let tongue = &cited.meeting.tongue;
            let filler = tongue.stop.has(&word.fold) || super::meeting::is_title(&word.fold);
            if !named(at) && !filler && !self.begins_with(&word.fold) {
                return Err(wrong());
            }
        }
        if owners.is_empty() && text.words.is_empty() {
            return Err(wrong());
        }
        if !owners.iter().all(|owner| self.may_own(&owner.people)) {
            return Err(wrong());
        }
        let other = agents
            .iter()
            .find(|people| !owners.iter().any(|owner| owner.people.iter().any(|p| people.contains(p))));
        match other.filter(|_| is_action && !self.asked && !owners.is_empty()) {
            Some(people) => Err(Reason::Who(cited.meeting.people[people[0]].name.clone())),
            None => Ok(()),
        }
    }

    /// Whether a clause of the quote begins with this word.
    fn begins_with(&self, word: &str) -> bool {
        let tongue = &self.cited.meeting.tongue;
        self.quoted.iter().any(|n| {
            let spoken = &self.cited.spoken[*n];
            let sentence = spoken.line.text.sentences[spoken.sentence].words.clone();
            spoken.line.text.clauses.iter().filter(|clause| sentence.contains(&clause.start)).any(|clause| {
                let mut words = spoken.line.text.words[clause.clone()]
                    .iter()
                    .skip_while(|word| tongue.stop.has(&word.fold));
                words.next().is_some_and(|first| first.fold == word)
                    || spoken.line.text.words[clause.clone()].first().is_some_and(|first| first.fold == word)
            })
        })
    }

    /// Whether what is quoted makes it theirs.
    fn may_own(&self, people: &[usize]) -> bool {
        self.agrees(people)
            || self.quoted.iter().any(|n| {
                let spoken = &self.cited.spoken[*n];
                if people.iter().any(|person| self.cited.is_speaker(*person, spoken.at)) {
                    self.is_own(*n, people)
                } else {
                    self.is_addressed(*n, people)
                }
            })
    }

    /// Whether the speaker of a sentence speaks of what they do, and of nobody else's doing.
    fn is_own(&self, quoted: usize, people: &[usize]) -> bool {
        let tongue = &self.cited.meeting.tongue;
        let spoken = &self.cited.spoken[quoted];
        let words = spoken.words();
        let to_another = words.iter().any(|word| tongue.second.has(&word.fold));
        let does = words.iter().any(|word| DOES.contains(&word.fold.as_str()));
        let spoken_of = words.iter().any(|word| tongue.first.has(&word.fold));
        if asks_another(words) {
            return false;
        }
        if does || (spoken_of && !to_another) {
            return true;
        }
        let others = |word: &Word| {
            (0..self.cited.meeting.people.len())
                .any(|person| !people.contains(&person) && self.cited.is_named_by(person, word))
        };
        let clauses = spoken
            .line
            .text
            .clauses
            .iter()
            .filter(|clause| spoken.line.text.sentences[spoken.sentence].words.contains(&clause.start));
        let mut starts = clauses.filter_map(|clause| spoken.line.text.words.get(clause.start));
        !starts.any(|word| tongue.third.has(&word.fold) || others(word)) && !to_another
    }

    /// Whether these people are spoken to by name, in the quote's sentence or in one of the same breath.
    fn is_addressed(&self, quoted: usize, people: &[usize]) -> bool {
        let spoken = &self.cited.spoken[quoted];
        let around = self
            .cited
            .spoken
            .iter()
            .filter(|other| other.at == spoken.at && other.sentence.abs_diff(spoken.sentence) <= 1);
        around.into_iter().any(|other| {
            let quiet = other.sentence == spoken.sentence || !self.others_in(other.words(), people);
            quiet && self.is_called(other.words(), people)
        }) && !self.promises(spoken.words())
            && !self.others_in(spoken.words(), people)
            && (spoken.said != Said::Maybe)
    }

    /// Whether the sentence says what the one who speaks does.
    fn promises(&self, words: &[Word]) -> bool {
        let tongue = &self.cited.meeting.tongue;
        let me = words
            .iter()
            .any(|word| matches!(word.fold.as_str(), "i" | "ich" | "je" | "j" | "yo" | "io" | "ik"));
        me && !words.iter().any(|word| tongue.second.has(&word.fold))
    }

    /// Whether somebody else is named there whom the sentence does not tell of.
    fn others_in(&self, words: &[Word], people: &[usize]) -> bool {
        let told = |person: usize| self.mentions.iter().any(|mention| mention.people.contains(&person));
        words.iter().any(|word| {
            let named =
                (0..self.cited.meeting.people.len()).filter(|person| self.cited.is_named_by(*person, word));
            let named: Vec<usize> = named.collect();
            !named.is_empty() && !named.iter().any(|person| people.contains(person) || told(*person))
        })
    }

    /// Whether these people are called by name.
    fn is_called(&self, words: &[Word], people: &[usize]) -> bool {
        let tongue = &self.cited.meeting.tongue;
        let is_name = |at: usize| people.iter().any(|person| self.cited.is_named_by(*person, &words[at]));
        (0..words.len()).filter(|at| is_name(*at)).any(|at| {
            let mut start = at;
            while start > 0 && (is_name(start - 1) || super::meeting::is_title(&words[start - 1].fold)) {
                start -= 1;
            }
            let mut end = at + 1;
            while end < words.len() && is_name(end) {
                end += 1;
            }
            let parted = words.get(end).is_none_or(|word| word.gap == Gap::Break);
            let opens =
                words[..start].iter().all(|word| tongue.filler.has(&word.fold) || tongue.yes.has(&word.fold));
            let asks = words[end..].iter().take(3).any(|word| tongue.second.has(&word.fold));
            let closes = start > 0
                && (words[start].gap == Gap::Break
                    || tongue.second.has(&words[start - 1].fold)
                    || words[start - 1].fold == "thanks");
            (opens && (parted || asks)) || (closes && parted)
        })
    }
}
