//! Who said or does it: the one whom a sentence begins with spoke the quote or is named in it, and the one
//! who is to do something said so or was asked to. Pure.

use super::cited::{NEAR, Said, Spoken};
use super::names::{Mention, mentions, shown};
use super::text::{Gap, Word};
use super::{Judge, Kind, Reason};

/// The one who speaks as the one who does it, in all languages.
#[rustfmt::skip]
const DOES: &[&str] = &[
    "i", "we", "myself", "ich", "wir", "je", "j", "nous", "on", "moi", "yo", "nosotros", "nosotras", "io", "noi", "ik",
    "wij",
];
/// Of these the ones that are a single person.
const I: &[&str] = &["i", "myself", "ich", "je", "j", "moi", "yo", "io", "ik"];
/// Whoever says it asks somebody else.
const PLEASE: &[&str] = &["please", "bitte", "plait"];
/// To whom something is said: the one who speaks.
#[rustfmt::skip]
const ME: &[&str] = &["me", "us", "mir", "uns", "mich", "moi", "m", "nous", "nos", "mi", "noi", "ci", "mij", "ons"];
/// Somebody says something, in all languages.
#[rustfmt::skip]
const SAYS: &[&str] = &[
    "say", "says", "said", "tells", "told", "thinks", "thought", "wrote", "asked", "sagt", "sagte", "gesagt", "meint", "meinte", "schreibt",
    "geschrieben", "dit", "ecrit", "pense", "dice", "dijo", "detto", "zegt", "zei",
];
/// Before a clause that goes on with the subject of the one before.
const AND: &[&str] = &["and", "und", "et", "y", "e", "en"];
/// "I want you to": what I want, somebody else does.
const WANT: &[&str] = &["want", "need", "like", "ask", "asked", "expect", "tell", "told", "get"];

/// Checks whom the sentence tells of, and the one who is to do it.
pub(super) fn check(judge: &Judge) -> Result<(), Reason> {
    let who = Who { judge };
    who.check_told()?;
    who.check_object()?;
    who.check_owner()
}

struct Who<'a> {
    judge: &'a Judge<'a>,
}

impl Who<'_> {
    fn quoted(&self) -> impl Iterator<Item = &Spoken<'_>> {
        self.judge.quoted.iter().map(|n| &self.judge.cited.spoken[*n])
    }

    fn speaks(&self, people: &[usize], line: usize) -> bool {
        people.iter().any(|person| self.judge.cited.is_speaker(*person, line))
    }

    fn is_named_by(&self, people: &[usize], word: &Word) -> bool {
        people.iter().any(|person| self.judge.cited.is_named_by(*person, word))
    }

    /// Those whom a clause of the sentence begins with.
    fn told(&self) -> Vec<&Mention> {
        let (text, tongue) = (&self.judge.text, &self.judge.cited.meeting.tongue);
        let mut found = Vec::new();
        for clause in &text.clauses {
            let first = self.judge.mentions.iter().find(|mention| clause.contains(&mention.words.start));
            let Some(mention) = first else { continue };
            let before = &text.words[clause.start..mention.words.start];
            let bare =
                before.iter().all(|word| tongue.stop.has(&word.fold) || super::meeting::is_title(&word.fold));
            let led = before.iter().any(|word| {
                tongue.prepositions.has(&word.fold)
                    && !matches!(word.fold.as_str(), "and" | "or" | "und" | "et" | "y" | "e" | "en")
            });
            let owned = text.words[mention.words.end - 1].possessive;
            // "The lawyer, Noor".
            let alone = mention.words.end == clause.end && clause.start > 0;
            if bare && !led && !owned && !alone {
                found.push(mention);
            }
        }
        found
    }

    /// Whoever the sentence tells of said it, was asked or is named there.
    fn check_told(&self) -> Result<(), Reason> {
        for mention in self.told() {
            let people = &mention.people;
            let mut spoke = self.quoted().filter(|spoken| self.speaks(people, spoken.at)).peekable();
            let is_theirs = if spoke.peek().is_some() {
                spoke.any(|spoken| !self.is_of_another(spoken)) || self.reports(mention)
            } else if self.speaks_of(mention) && !self.quoted().any(|spoken| self.tells(spoken)) {
                false
            } else {
                self.quoted().any(|spoken| self.is_named_in(spoken.at, people))
                    || self.is_meant(mention)
                    || self.may_own(people)
                    || self.has_proposed(people)
            };
            if !is_theirs {
                return Err(Reason::Who(shown(&self.judge.text.words[mention.words.clone()])));
            }
        }
        Ok(())
    }

    /// Whoever the sentence names behind its verb, and who speaks the quote, is its "me".
    fn check_object(&self) -> Result<(), Reason> {
        let tongue = &self.judge.cited.meeting.tongue;
        let told: Vec<usize> = self.told().iter().map(|mention| mention.words.start).collect();
        let spoken_by = |mention: &Mention| {
            let mut quoted = self.quoted().peekable();
            quoted.peek().is_some() && quoted.all(|spoken| self.speaks(&mention.people, spoken.at))
        };
        let me =
            || self.quoted().any(|spoken| spoken.words().iter().any(|word| tongue.first.has(&word.fold)));
        for mention in &self.judge.mentions {
            let object = !told.contains(&mention.words.start)
                && !self.judge.text.words[mention.words.end - 1].possessive
                && !self.reports(mention)
                && mention.words.start > 1;
            let told = mention
                .words
                .start
                .checked_sub(1)
                .is_some_and(|before| SAYS.contains(&self.judge.text.words[before].fold.as_str()));
            let us = || {
                self.quoted().any(|spoken| spoken.words().iter().any(|word| ME.contains(&word.fold.as_str())))
            };
            if told && spoken_by(mention) && !us() {
                return Err(Reason::Who(shown(&self.judge.text.words[mention.words.clone()])));
            }
            if object && spoken_by(mention) && !self.judge.cited.names_any(&mention.people) && !me() {
                return Err(Reason::Who(shown(&self.judge.text.words[mention.words.clone()])));
            }
        }
        Ok(())
    }

    /// Whether these people said of themselves what somebody then agreed to.
    fn has_proposed(&self, people: &[usize]) -> bool {
        let first = &self.judge.cited.meeting.tongue.first;
        self.judge.cited.spoken.iter().any(|spoken| {
            spoken.agreed
                && self.speaks(people, spoken.at)
                && spoken
                    .words()
                    .iter()
                    .any(|word| first.has(&word.fold) && DOES.contains(&word.fold.as_str()))
        })
    }

    /// Whether the sentence says that somebody says it.
    fn speaks_of(&self, mention: &Mention) -> bool {
        let words = &self.judge.text.words;
        self.judge.claim.kind != Kind::Action
            && words.get(mention.words.end).is_some_and(|word| SAYS.contains(&word.fold.as_str()))
    }

    /// Whether a line tells what somebody said.
    fn tells(&self, spoken: &Spoken) -> bool {
        spoken.line.text.words.iter().any(|word| SAYS.contains(&word.fold.as_str()))
    }

    /// Whether these people said yes to a sentence in a line that is cited too.
    fn agree(&self, asked: &Spoken, people: &[usize]) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let other = |person: &usize| !self.judge.cited.is_speaker(*person, asked.at);
        let mut replies = self.judge.cited.spoken.iter();
        replies.any(|reply| {
            let words = reply.words();
            let start = (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0);
            (asked.at + 1..=asked.at + NEAR).contains(&reply.at)
                && tongue.is_yes(words, start)
                && people.iter().any(|person| self.judge.cited.is_speaker(*person, reply.at) && other(person))
        })
    }

    /// Whether these people answer with a no, or that they can't.
    fn refuse(&self, asked: &Spoken, people: &[usize]) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let lines = &self.judge.cited.meeting.lines;
        let mut replies = asked.at + 1..lines.len().min(asked.at + 1 + NEAR);
        let Some(reply) = replies.find(|line| self.speaks(people, *line)) else { return false };
        let text = &lines[reply].text;
        let first = text.clauses.first().map_or(&[][..], |clause| &text.words[clause.clone()]);
        let start = (0..first.len()).find(|at| tongue.filler.at(first, *at) == 0).unwrap_or(0);
        !tongue.is_yes(first, start) && super::polarity::is_negative(first, tongue)
    }

    /// Whether "he" or "she" in what is quoted means somebody.
    fn is_meant(&self, mention: &Mention) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let mut words = self.quoted().flat_map(|spoken| spoken.words());
        words.any(|word| super::place::means_him(word, tongue))
            && super::place::is_of_place(self.judge, mention, &[])
    }

    fn is_named_in(&self, line: usize, people: &[usize]) -> bool {
        self.judge.cited.meeting.lines[line].text.words.iter().any(|word| self.is_named_by(people, word))
    }

    /// Whether a sentence speaks of somebody else's doing: "He's stuck".
    fn is_of_another(&self, spoken: &Spoken) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let words = spoken.words();
        let titles = words.iter().take_while(|word| super::meeting::is_title(&word.fold)).count();
        // "Monsieur Ravel did", whether he is one of the meeting or not.
        let stranger =
            titles > 0 && words.get(titles).is_some_and(|word| word.capital && !self.is_told(word));
        let words = &words[titles.min(words.len())..];
        let called = words.get(1).is_none_or(|next| next.gap == Gap::Break);
        if stranger && !called {
            return !words.iter().any(|word| tongue.first.has(&word.fold));
        }
        // "C'est lui qui".
        let lead = words.iter().zip(["c", "est"]).take_while(|(word, lead)| word.fold == *lead).count();
        let words = &words[if lead == 2 { 2 } else { 0 }..];
        words.first().is_some_and(|word| {
            tongue.third.has(&word.fold)
                || (lead == 2 && super::place::means_him(word, tongue))
                || (self.is_other(word, &[]) && !called)
        }) && !words.iter().any(|word| tongue.first.has(&word.fold))
    }

    /// Whether a word names somebody of whom the sentence tells.
    fn is_told(&self, word: &Word) -> bool {
        self.judge.mentions.iter().any(|mention| self.is_named_by(&mention.people, word))
    }

    /// Whether a word names somebody else, whom the sentence does not tell of.
    fn is_other(&self, word: &Word, people: &[usize]) -> bool {
        let told = |person: usize| self.judge.mentions.iter().any(|mention| mention.people.contains(&person));
        let mut named = (0..self.judge.cited.meeting.people.len())
            .filter(|person| self.judge.cited.is_named_by(*person, word))
            .peekable();
        named.peek().is_some() && !named.any(|person| people.contains(&person) || told(person))
    }

    /// Whether the sentence says of somebody that they said, asked or thought it.
    fn reports(&self, mention: &Mention) -> bool {
        let (text, tongue) = (&self.judge.text, &self.judge.cited.meeting.tongue);
        let (start, end) = (mention.words.start, mention.words.end);
        (start.saturating_sub(2)..text.words.len().min(end + 2)).any(|at| {
            let mut lists = [&tongue.report, &tongue.opinion, &tongue.asked].into_iter();
            lists.any(|list| list.at(&text.words, at) > 0)
        })
    }

    /// Checks the one who is to do it.
    fn check_owner(&self) -> Result<(), Reason> {
        let (claim, meeting) = (self.judge.claim, self.judge.cited.meeting);
        let is_action = claim.kind == Kind::Action;
        let told =
            self.told().into_iter().find(|mention| self.judge.text.words[mention.words.start].clause == 0);
        let name = |people: &[usize]| meeting.people[people[0]].name.clone();
        let Some(owner) = claim.owner.map(str::trim).filter(|owner| !owner.is_empty()) else {
            return match told.filter(|_| is_action) {
                Some(told) if !self.may_own(&told.people) => Err(Reason::Owner(name(&told.people))),
                _ => Ok(()),
            };
        };
        let wrong = || Reason::Owner(owner.to_owned());
        let text = meeting.tongue.read(owner);
        let owners = mentions(&text, meeting);
        let named = |at: usize| owners.iter().any(|mention| mention.words.contains(&at));
        // Whoever is no person of the meeting must be the one of whom the quote speaks.
        for (at, word) in text.words.iter().enumerate() {
            let filler = meeting.tongue.stop.has(&word.fold) || super::meeting::is_title(&word.fold);
            if !named(at) && !filler && !self.begins_with(&word.fold) {
                return Err(wrong());
            }
        }
        if text.words.is_empty() || !owners.iter().all(|owner| self.may_own(&owner.people)) {
            return Err(wrong());
        }
        let other = told
            .filter(|told| !owners.iter().any(|owner| owner.people.iter().any(|p| told.people.contains(p))));
        match other.filter(|_| is_action && !owners.is_empty()) {
            Some(told) => Err(Reason::Who(name(&told.people))),
            None => Ok(()),
        }
    }

    /// Whether a clause of the quote begins with this word.
    fn begins_with(&self, word: &str) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        self.quoted().any(|spoken| {
            let text = &spoken.line.text;
            let sentence = spoken.range.clone();
            text.clauses.iter().filter(|clause| sentence.contains(&clause.start)).any(|clause| {
                let words = &text.words[clause.clone()];
                let mut bare = words.iter().skip_while(|word| tongue.stop.has(&word.fold));
                bare.next().is_some_and(|first| first.fold == word)
                    || words.first().is_some_and(|first| first.fold == word)
            })
        })
    }

    /// Whether what is quoted makes it theirs.
    fn may_own(&self, people: &[usize]) -> bool {
        self.quoted().any(|spoken| {
            let mine = self.is_promise(spoken);
            if self.speaks(people, spoken.at) {
                return mine || self.is_own(spoken, people);
            }
            !mine
                && (self.agree(spoken, people)
                    || self.is_named_for(spoken, people)
                    || (self.is_addressed(spoken, people) && !self.refuse(spoken, people)))
        })
    }

    /// Whether a clause of a sentence says that they do it: "Ann does that".
    fn is_named_for(&self, spoken: &Spoken, people: &[usize]) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let words = &spoken.line.text.words;
        spoken.said == Said::Stated
            && spoken.clauses().any(|clause| {
                let plain = |at: &usize| {
                    let word = &words[*at].fold;
                    tongue.stop.has(word)
                        || tongue.filler.has(word)
                        || tongue.yes.has(word)
                        || super::meeting::is_title(word)
                };
                let named = |at: &usize| self.is_named_by(people, &words[*at]);
                let Some(first) = clause.clone().find(|at| named(at) || !plain(at)) else { return false };
                let behind = (first..clause.end).find(|at| !named(at));
                named(&first)
                    && behind.is_some_and(|at| {
                        words[at].gap != Gap::Break
                            && !tongue.second.has(&words[at].fold)
                            && !SAYS.contains(&words[at].fold.as_str())
                    })
            })
    }

    /// Whether a sentence says what the one who speaks does: I, and not "I want you to". Of its clauses the
    /// ones count that the claim is about.
    fn is_promise(&self, spoken: &Spoken) -> bool {
        let (text, tongue) = (&spoken.line.text, &self.judge.cited.meeting.tongue);
        let sentence = spoken.range.clone();
        let clauses: Vec<_> = text.clauses.iter().filter(|clause| sentence.contains(&clause.start)).collect();
        let about = |clause: &std::ops::Range<usize>| {
            let own = (0..self.judge.text.words.len()).filter(|at| self.judge.content[*at]);
            let stems = &spoken.line.stems[clause.clone()];
            own.filter(|at| stems.iter().any(|stem| tongue.alike(&self.judge.stems[*at], stem))).count()
        };
        let most = clauses.iter().map(|clause| about(clause)).max().unwrap_or(0);
        (0..clauses.len()).filter(|n| about(clauses[*n]) == most).any(|n| {
            // "I ask and write": the subject of the clause before is meant.
            let goes_on = |n: usize| {
                let words = &text.words[clauses[n].clone()];
                AND.contains(&words[0].fold.as_str())
                    && words
                        .get(1)
                        .is_some_and(|word| !tongue.stop.has(&word.fold) && !self.is_other(word, &[]))
            };
            let start = (0..=n).rev().find(|n| *n == 0 || !goes_on(*n)).unwrap_or(n);
            let words = &text.words[clauses[start].start..clauses[n].end];
            let asks_another = words.windows(3).any(|three| {
                WANT.contains(&three[0].fold.as_str()) && three[1].fold == "you" && three[2].fold == "to"
            });
            !asks_another
                && words.iter().any(|word| tongue.first.has(&word.fold) && I.contains(&word.fold.as_str()))
        })
    }

    /// Whether the speaker of a sentence speaks of what they do, and of nobody else's doing.
    fn is_own(&self, spoken: &Spoken, people: &[usize]) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let words = spoken.words();
        let to_another =
            words.iter().any(|word| tongue.second.has(&word.fold) || PLEASE.contains(&word.fold.as_str()));
        if words.iter().any(|word| tongue.first.has(&word.fold) && DOES.contains(&word.fold.as_str())) {
            return !to_another;
        }
        // Whoever asks a question owns that, and nothing else.
        if spoken.said == Said::Asked && self.judge.claim.kind != Kind::Question {
            return false;
        }
        let text = &spoken.line.text;
        let sentence = spoken.range.clone();
        let mut starts = text.clauses.iter().filter(|clause| sentence.contains(&clause.start));
        !to_another
            && !starts.any(|clause| {
                let word = &text.words[clause.start];
                tongue.third.has(&word.fold)
                    || self.is_other(word, people)
                    || super::place::is_this(&text.words[clause.clone()], tongue)
            })
    }

    /// Whether these people are asked to do it: they are the last who are named before, and by being
    /// called; or nobody is named, and they spoke right before.
    fn is_addressed(&self, spoken: &Spoken, people: &[usize]) -> bool {
        if spoken.said == Said::Maybe || spoken.words().iter().any(|word| self.is_other(word, people)) {
            return false;
        }
        let tongue = &self.judge.cited.meeting.tongue;
        // Who is called last before the sentence or in it, or behind its end.
        let text = &spoken.line.text;
        let sentence = |n: usize| &text.words[text.sentences[n].words.clone()];
        if text.sentences.len() > spoken.sentence + 1
            && self.is_called(sentence(spoken.sentence + 1), people, false)
        {
            return true;
        }
        let mut before: Vec<&[Word]> = (0..=spoken.sentence).map(sentence).collect();
        let line_before = spoken.at.checked_sub(1).filter(|before| self.judge.cited.lines.contains(before));
        let line_before = line_before.map(|at| &self.judge.cited.meeting.lines[at]);
        if let Some(line) = line_before.filter(|line| line.speaker == spoken.line.speaker) {
            before.splice(
                ..0,
                line.text.sentences.iter().map(|sentence| &line.text.words[sentence.words.clone()]),
            );
        }
        let all = |word: &Word| {
            (0..self.judge.cited.meeting.people.len()).any(|p| self.judge.cited.is_named_by(p, word))
        };
        let names = |words: &&&[Word]| {
            words.iter().any(|word| all(word) && (self.is_named_by(people, word) || self.is_other(word, &[])))
        };
        match before.iter().rev().find(names) {
            Some(words) => self.is_called(words, people, true),
            // Nobody is: the one who spoke right before.
            None => {
                let asked =
                    spoken.words().iter().any(|word| tongue.second.has(&word.fold)) || self.is_order(spoken);
                let spoke = |at: usize| self.judge.cited.lines.contains(&at) && self.speaks(people, at);
                asked && spoken.at.checked_sub(1).is_some_and(spoke)
            }
        }
    }

    /// Whether a sentence begins with the verb of the claim: "Tell Ann".
    fn is_order(&self, spoken: &Spoken) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let first = spoken
            .words()
            .iter()
            .zip(spoken.stems())
            .find(|(word, _)| !tongue.filler.has(&word.fold) && !tongue.yes.has(&word.fold));
        first.is_some_and(|(word, stem)| {
            !tongue.stop.has(&word.fold)
                && (0..self.judge.text.words.len())
                    .any(|at| self.judge.is_verb(at) && tongue.alike(&self.judge.stems[at], stem))
        })
    }

    /// Whether these people are called by name; `opens`: also where it stands first.
    fn is_called(&self, words: &[Word], people: &[usize], opens: bool) -> bool {
        let tongue = &self.judge.cited.meeting.tongue;
        let is_name = |at: usize| self.is_named_by(people, &words[at]);
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
            let first =
                words[..start].iter().all(|word| tongue.filler.has(&word.fold) || tongue.yes.has(&word.fold));
            let asks = words[end..].iter().take(3).any(|word| tongue.second.has(&word.fold));
            let closes = start > 0
                && (words[start].gap == Gap::Break
                    || tongue.second.has(&words[start - 1].fold)
                    || words[start - 1].fold == "thanks");
            (opens && first && (parted || asks)) || (closes && parted)
        })
    }
}
