//! Names in a sentence: of people of the meeting, and whatever else has a capital that is not its place's
//! or its language's. What may be a name must have been said. Pure.

use std::ops::Range;

use super::Reason;
use super::cited::{Cited, title_of};
use super::meeting::{Meeting, is_both, is_title};
use super::text::{Gap, Text, Word};

/// Somebody of the meeting is named.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub words: Range<usize>,
    /// All who can be meant.
    pub people: Vec<usize>,
}

/// Everybody of the meeting who is named in a text.
pub(super) fn mentions(text: &Text, meeting: &Meeting) -> Vec<Mention> {
    let words = &text.words;
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let mention = longest(words, at, meeting);
        let next = mention.as_ref().map_or(at + 1, |mention| mention.words.end);
        found.extend(mention.filter(|mention| is_name(words, mention, meeting)));
        at = next;
    }
    found
}

fn longest(words: &[Word], at: usize, meeting: &Meeting) -> Option<Mention> {
    let mut people: Vec<usize> = (0..meeting.people.len()).collect();
    let mut end = at;
    while end < words.len() && (end == at || matches!(words[end].gap, Gap::Space | Gap::Joined)) {
        let word = &words[end].fold;
        let bare = word.strip_suffix('s').filter(|bare| bare.len() > 2);
        let fits = |person: &usize| {
            let own = &meeting.people[*person].words;
            own.contains(word)
                || bare.is_some_and(|bare| own.iter().any(|own| own == bare) && !words[end].possessive)
        };
        let still: Vec<usize> = people.iter().copied().filter(fits).collect();
        if still.is_empty() {
            break;
        }
        people = still;
        end += 1;
    }
    (end > at).then_some(Mention { words: at..end, people })
}

/// Whether a word that is somebody's name is meant as it.
fn is_name(words: &[Word], mention: &Mention, meeting: &Meeting) -> bool {
    let word = &words[mention.words.start];
    let tongue = &meeting.tongue;
    let cased = word.fold.chars().next().is_some_and(|c| c.is_lowercase());
    if word.fold.bytes().all(|b| b.is_ascii_digit()) && mention.words.len() == 1 {
        return false;
    }
    if mention.words.len() > 1 || !cased {
        return true;
    }
    if super::dates::of(&word.fold, &tongue.language).is_some() {
        let before = mention.words.start.checked_sub(1).map(|before| &words[before].fold);
        let in_a_year = before.is_some_and(|before| {
            tongue.before_months.has(before) || before.starts_with(|c: char| c.is_ascii_digit())
        });
        return word.capital && !in_a_year;
    }
    word.capital || !(is_both(&word.fold) || tongue.stop.has(&word.fold) || tongue.ordinary.has(&word.fold))
}

/// Checks every name of a sentence.
pub(super) fn check(text: &Text, mentions: &[Mention], facts: &[bool], cited: &Cited) -> Result<(), Reason> {
    for (n, mention) in mentions.iter().enumerate() {
        let name = || shown(&text.words[mention.words.clone()]);
        let there = |person: &usize| cited.speaks(*person) || cited.names(*person);
        if !mention.people.iter().any(there) && !is_spoken_to(text, mentions, n, cited) {
            return Err(Reason::Name(name()));
        }
        let title = mention.words.start.checked_sub(1).filter(|before| is_title(&text.words[*before].fold));
        if let Some(title) = title {
            let title = text.words[title].fold.as_str();
            if !mention.people.iter().any(|person| cited.has_title(*person, title)) {
                return Err(Reason::Name(format!("{title} {}", name())));
            }
        }
        // Two halves of two people's names are nobody's.
        let next = mentions.get(n + 1).filter(|next| next.words.start == mention.words.end);
        if next.is_some_and(|next| {
            text.words[next.words.start].gap == Gap::Space
                && !text.words[mention.words.end - 1].possessive
                // "Give Ingrid Murdo's number".
                && !text.words[next.words.end - 1].possessive
        }) {
            return Err(Reason::Name(name()));
        }
    }
    let named = |at: usize| mentions.iter().any(|mention| mention.words.contains(&at));
    for (at, word) in text.words.iter().enumerate() {
        if !(word.capital || word.inner) || facts[at] || named(at) || is_known(&text.words, at, cited) {
            continue;
        }
        return Err(Reason::Name(word.raw.clone()));
    }
    Ok(())
}

/// Whether somebody is the "you" of the lines: the sentence names their speaker before in the same clause,
/// and nobody else speaks before and after each of them.
fn is_spoken_to(text: &Text, mentions: &[Mention], n: usize, cited: &Cited) -> bool {
    let meeting = cited.meeting;
    let clause = text.words[mentions[n].words.start].clause;
    let of_speaker = mentions[..n].iter().any(|before| {
        text.words[before.words.start].clause == clause
            && cited.lines.iter().all(|line| before.people.iter().any(|p| cited.is_speaker(*p, *line)))
    });
    let answers = |line: usize| {
        line.checked_sub(1)
            .is_some_and(|before| mentions[n].people.iter().any(|person| cited.is_speaker(*person, before)))
    };
    let says_you = |line: usize| meeting.lines[line].text.words.iter().any(|w| is_you(&w.fold, meeting));
    if meeting.of_two {
        // There is nobody else to speak to.
        let other = |line: usize| mentions[n].people.iter().any(|person| !cited.is_speaker(*person, line));
        let speaks = (0..meeting.lines.len())
            .any(|line| mentions[n].people.iter().any(|p| cited.is_speaker(*p, line)));
        return speaks && cited.lines.iter().any(|line| says_you(*line) && other(*line));
    }
    of_speaker && cited.lines.iter().all(|line| says_you(*line) && answers(*line))
}

/// Whether a word is the one that is spoken to, and not only "please".
fn is_you(word: &str, meeting: &Meeting) -> bool {
    meeting.tongue.second.has(word)
        && !matches!(word, "please" | "bitte" | "stp" | "svp" | "favor" | "favore")
}

/// Whether a word with a capital was said, or is no name.
fn is_known(words: &[Word], at: usize, cited: &Cited) -> bool {
    let word = &words[at];
    let tongue = &cited.meeting.tongue;
    let both = is_both(&word.fold);
    if cited.words().any(|said| is_form(&word.fold, &said.fold) && (!both || (said.capital && !said.first)))
        || cited.speaker_words().any(|own| *own == word.fold)
        || (tongue.language == "en" && word.fold == "i")
    {
        return true;
    }
    if is_title(&word.fold) {
        return words.get(at + 1).is_some_and(|next| next.capital)
            && cited
                .speaker_words()
                .chain(cited.words().map(|said| &said.fold))
                .any(|own| title_of(own) == title_of(&word.fold));
    }
    if both || word.inner {
        return false;
    }
    let ordinary = || {
        tongue.ordinary.has(&word.fold)
            || tongue.stop.has(&word.fold)
            || super::numbers::is_word(&word.fold, &tongue.language)
    };
    if word.first {
        let common = &cited.meeting.common;
        let small = |word: &str| common.contains(word);
        return ordinary() || small(&word.fold) || word.fold.strip_suffix('s').is_some_and(small);
    }
    tongue.nouns_have_capitals && (ordinary() || is_noun(&word.fold, cited))
}

/// Whether a German noun was said in another form, as a part of another, or can be no name by its ending.
fn is_noun(word: &str, cited: &Cited) -> bool {
    const ENDINGS: &[&str] = &["keit", "keiten", "schaft", "itat", "ierung", "ierungen", "igung", "igungen"];
    if ENDINGS.iter().any(|ending| word.ends_with(ending) && word.len() >= ending.len() + 4) {
        return true;
    }
    if is_noun_before(word, cited) {
        return true;
    }
    cited.words().any(|said| {
        let (short, long) = if said.fold.len() < word.len() {
            (said.fold.as_str(), word)
        } else {
            (word, said.fold.as_str())
        };
        is_inflected(short, long)
            || (short.len() >= 5 && long.len() >= short.len() + 3 && long.ends_with(short))
    })
}

/// Whether a German noun was said shortly before the lines in a way that makes it no name: behind "das",
/// "ein" or an adjective, or as the end of another noun.
fn is_noun_before(word: &str, cited: &Cited) -> bool {
    const BEFORE: usize = 6;
    #[rustfmt::skip]
    const OF_NOUNS: &[&str] = &[
        "ein", "eine", "einen", "einem", "einer", "eines", "kein", "keine", "keinen", "das", "unser", "unsere", "unseren",
        "mein", "meine", "meinen",
    ];
    const ARTICLES: &[&str] = &["der", "die", "das", "den", "dem", "des"];
    let meeting = cited.meeting;
    let somebody = meeting.people.iter().any(|person| person.words.iter().any(|own| own == word));
    let is_noun = |words: &[Word], at: usize| {
        let said = words[at].fold.as_str();
        let of =
            |at: Option<usize>, list: &[&str]| at.is_some_and(|at| list.contains(&words[at].fold.as_str()));
        let adjective = at > 1 && !words[at - 1].capital && !meeting.tongue.stop.has(&words[at - 1].fold);
        let behind = of(at.checked_sub(1), OF_NOUNS)
            || (adjective && (of(at.checked_sub(2), OF_NOUNS) || of(at.checked_sub(2), ARTICLES)));
        words[at].capital
            && ((said == word && behind)
                || (word.len() >= 5 && said.len() >= word.len() + 4 && said.ends_with(word)))
    };
    !somebody
        && cited.lines.iter().any(|line| {
            meeting.lines[line.saturating_sub(BEFORE)..=*line].iter().any(|line| {
                let words = &line.text.words;
                (0..words.len()).any(|at| is_noun(words, at))
            })
        })
}

/// Kind, Kinder: the longer is the shorter with an ending.
fn is_inflected(short: &str, long: &str) -> bool {
    short.len() >= 3
        && long
            .strip_prefix(short)
            .is_some_and(|end| matches!(end, "" | "n" | "en" | "e" | "er" | "s" | "es" | "nen" | "ern"))
}

/// The word itself, or with an `s` behind it.
fn is_form(word: &str, said: &str) -> bool {
    let (short, long) = if said.len() < word.len() { (said, word) } else { (word, said) };
    word == said || (short.len() >= 3 && long.strip_suffix('s') == Some(short))
}

/// A name as it stands there.
pub(super) fn shown(words: &[Word]) -> String {
    words.iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" ")
}
