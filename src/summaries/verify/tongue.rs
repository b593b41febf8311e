//! A language as the rules use it: its tables made ready to be asked. Pure.

use std::collections::{HashMap, HashSet};

use super::tables::people::{PERSONS, Persons};
use super::tables::stance::{STANCES, Stance};
use super::tables::words::{WORDS, Words};
use super::text::{Text, Word, fold, read};

/// Words, beginnings of words and phrases of a table.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    words: HashSet<String>,
    beginnings: Vec<String>,
    endings: Vec<String>,
    phrases: Vec<Vec<String>>,
}

impl Phrases {
    fn new(table: &str) -> Self {
        let mut new = Self::default();
        for entry in table.split_whitespace() {
            if entry.contains('_') {
                new.phrases.push(entry.split('_').map(folded).collect());
            } else if let Some(beginning) = entry.strip_suffix('*') {
                new.beginnings.push(fold(beginning));
            } else if let Some(ending) = entry.strip_prefix('*') {
                new.endings.push(fold(ending));
            } else {
                new.words.insert(fold(entry));
            }
        }
        new
    }

    /// Whether this one word is in it.
    pub fn has(&self, word: &str) -> bool {
        self.words.contains(word)
            || self.beginnings.iter().any(|beginning| word.starts_with(beginning.as_str()))
            || self.endings.iter().any(|ending| word.ends_with(ending.as_str()))
    }

    /// How many words of it stand at `at`; 0 for none.
    pub fn at(&self, words: &[Word], at: usize) -> usize {
        let Some(word) = words.get(at) else { return 0 };
        let phrase = self.phrases.iter().filter(|phrase| {
            phrase.len() <= words.len() - at
                && phrase.iter().zip(&words[at..]).all(|(part, word)| match part.strip_suffix('*') {
                    Some(beginning) => word.fold.starts_with(beginning),
                    None => *part == word.fold,
                })
        });
        phrase.map(Vec::len).max().unwrap_or(usize::from(self.has(&word.fold)))
    }

    /// Whether any of it stands among these words.
    pub fn any(&self, words: &[Word]) -> bool {
        (0..words.len()).any(|at| self.at(words, at) > 0)
    }
}

fn folded(part: &str) -> String {
    match part.strip_suffix('*') {
        Some(beginning) => fold(beginning) + "*",
        None => fold(part),
    }
}

/// A language.
#[derive(Debug)]
pub(super) struct Tongue {
    pub language: String,
    /// Its words are known; else nothing may be said but what was said.
    pub known: bool,
    pub nouns_have_capitals: bool,
    pub stop: Phrases,
    pub report: Phrases,
    pub ordinary: Phrases,
    breaks: Phrases,
    endings: &'static [&'static str],
    irregular: HashMap<&'static str, &'static str>,
    /// Of stems: the number of their group.
    synonyms: HashMap<String, usize>,
    pub not: Phrases,
    pub refuse: Phrases,
    pub maybe: Phrases,
    /// Before what a statement depends on.
    pub if_: Phrases,
    pub opinion: Phrases,
    pub asked: Phrases,
    pub asks: Phrases,
    pub which: Phrases,
    pub yes: Phrases,
    pub no: Phrases,
    pub filler: Phrases,
    hesitation: Phrases,
    pub about: Phrases,
    pub corrects: Phrases,
    pub opposites: Vec<(Phrases, Phrases)>,
    pub first: Phrases,
    pub second: Phrases,
    pub third: Phrases,
    pub him: Phrases,
    pub prepositions: Phrases,
    /// Before what may be a month or a person.
    pub before_months: Phrases,
}

impl Tongue {
    /// The language of an ISO 639-1 code; what stands behind a hyphen (`de-CH`) counts for nothing.
    pub fn new(code: &str) -> Self {
        let language = code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let words: Option<&Words> = WORDS.iter().find(|words| words.language == language);
        let stance: Option<&Stance> = STANCES.iter().find(|stance| stance.language == language);
        let persons: Option<&Persons> = PERSONS.iter().find(|persons| persons.language == language);
        let of = |table: Option<&str>| Phrases::new(table.unwrap_or_default());
        let said = |table: fn(&Stance) -> &'static str| of(stance.map(table));
        let person = |table: fn(&Persons) -> &'static str| of(persons.map(table));
        let mut irregular = HashMap::new();
        for entry in words.map_or("", |words| words.irregular).split_whitespace() {
            if let Some((base, forms)) = entry.split_once(':') {
                irregular.extend(forms.split(',').map(|form| (form, base)));
            }
        }
        let mut new = Self {
            known: words.is_some() && stance.is_some(),
            nouns_have_capitals: words.is_some_and(|words| words.nouns_have_capitals),
            stop: of(words.map(|words| words.stop)),
            report: of(words.map(|words| words.report)),
            ordinary: of(words.map(|words| words.ordinary)),
            breaks: of(words.map(|words| words.breaks)),
            endings: words.map_or(&[], |words| words.endings),
            irregular,
            synonyms: HashMap::new(),
            not: said(|stance| stance.not),
            refuse: said(|stance| stance.refuse),
            maybe: said(|stance| stance.maybe),
            if_: said(|stance| stance.if_),
            opinion: said(|stance| stance.opinion),
            asked: said(|stance| stance.asked),
            asks: said(|stance| stance.asks),
            which: said(|stance| stance.which),
            yes: said(|stance| stance.yes),
            no: said(|stance| stance.no),
            filler: said(|stance| stance.filler),
            hesitation: said(|stance| stance.hesitation),
            about: said(|stance| stance.about),
            corrects: said(|stance| stance.corrects),
            opposites: stance
                .map_or(&[][..], |stance| stance.opposites)
                .iter()
                .map(|(one, other)| (Phrases::new(one), Phrases::new(other)))
                .collect(),
            first: person(|persons| persons.first),
            second: person(|persons| persons.second),
            third: person(|persons| persons.third),
            him: person(|persons| persons.him),
            prepositions: person(|persons| persons.prepositions),
            before_months: person(|persons| persons.before_months),
            language,
        };
        let groups = words.map_or(&[][..], |words| words.synonyms).iter().enumerate();
        new.synonyms = groups
            .flat_map(|(n, group)| group.split('|').map(move |word| (word, n)))
            .map(|(word, n)| (new.stem(word), n))
            .collect();
        new
    }

    /// A text in this language, taken apart.
    pub fn read(&self, text: &str) -> Text {
        // "È" is no "e".
        read(&fluent(text, &self.hesitation), &|word| {
            self.breaks.has(&word.fold) && (word.fold != "e" || word.raw.is_ascii())
        })
    }

    /// Whether a yes stands at `at`, and no "I can't".
    pub fn is_yes(&self, words: &[Word], at: usize) -> bool {
        let length = self.yes.at(words, at);
        length > 0 && self.not.at(words, at + length) == 0
    }

    /// A word without what changes from sentence to sentence.
    pub fn stem(&self, word: &str) -> String {
        let base = self.irregular.get(word).copied();
        let parted = if self.language == "de" || self.language == "nl" {
            // Angenommen: annehmen.
            let of_parts = PARTS.iter().find_map(|part| {
                let verb = self.irregular.get(word.strip_prefix(part)?)?;
                Some(format!("{part}{verb}"))
            });
            base.map(str::to_owned).or(of_parts).unwrap_or_else(|| participle(word))
        } else {
            base.unwrap_or(word).to_owned()
        };
        let cut = self.endings.iter().find_map(|ending| {
            let stem = parted.strip_suffix(ending)?;
            // "Pass" is no plural.
            let ends = self.language == "en" && *ending == "s" && stem.ends_with('s');
            (stem.len() >= 3 && !ends).then(|| stem.to_owned())
        });
        let mut stem = cut.unwrap_or(parted);
        if self.language == "en" {
            // Run, running; try, tries.
            let doubled =
                stem.len() > 3 && stem.as_bytes()[stem.len() - 1] == stem.as_bytes()[stem.len() - 2];
            if stem.len() > 3 && (doubled || stem.ends_with('e')) {
                stem.pop();
            } else if stem.ends_with('y') {
                stem.pop();
                stem.push('i');
            }
        }
        stem
    }

    /// Whether two stems are of one word, or of words of one family.
    pub fn alike(&self, one: &str, other: &str) -> bool {
        if one == other {
            return true;
        }
        if self.synonyms.get(one).is_some_and(|group| self.synonyms.get(other) == Some(group)) {
            return true;
        }
        let shared: usize =
            one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let longer = one.len().max(other.len());
        if shared >= 4 && shared * 5 >= longer * 3 {
            return true;
        }
        let shorter = one.len().min(other.len());
        // Mietvertrag, Vertrag.
        let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
        let of_parts = || long.strip_suffix(short).is_some_and(|part| PARTS.contains(&part));
        matches!(self.language.as_str(), "de" | "nl")
            && ((shorter >= 4 && long.ends_with(short)) || (shorter == 3 && of_parts()))
    }
}

/// Before what is not so, in all languages.
const INSTEAD: &[&str] =
    &["instead", "rather", "statt", "anstatt", "lieu", "plutot", "lugar", "invece", "plaats"];

/// Whether what is not so stands behind a word.
pub(super) fn is_instead(word: &str) -> bool {
    INSTEAD.contains(&word)
}

/// A text without "um", with the commas around it, and without a word that is said twice in a row.
fn fluent(text: &str, hesitation: &Phrases) -> String {
    let bare = |token: &str| fold(token.trim_matches(|c: char| !c.is_alphanumeric()));
    let mut kept: Vec<String> = Vec::new();
    for token in text.split_whitespace() {
        let word = bare(token);
        let comma = kept.last().is_some_and(|last| last.ends_with(','));
        let twice = comma
            && !word.contains(|c: char| c.is_ascii_digit())
            && !word.is_empty()
            && kept.last().is_some_and(|last| bare(last) == word);
        // "It was, like, ten".
        let like = word == "like" && comma && token.ends_with(',');
        if twice {
            kept.pop();
        } else if like || (!word.is_empty() && hesitation.has(&word)) {
            let Some(last) = kept.last_mut() else { continue };
            if token.ends_with(['.', '?', '!', ',']) || comma {
                last.truncate(last.trim_end_matches(',').len());
            }
            if let Some(end) = token.chars().last().filter(|c| matches!(c, '.' | '?' | '!')) {
                last.push(end);
            }
            continue;
        }
        kept.push(token.to_owned());
    }
    kept.join(" ")
}

/// What stands before verbs of German and Dutch.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "zuruck", "uber", "durch", "nach", "auf", "aus", "ein", "mit", "vor", "weg", "ab", "an", "bei", "her", "hin", "um",
    "zu", "los", "op", "uit", "af", "in", "voor", "mee", "aan",
];

/// `gemietet`, `mitzunehmen`: without the `ge` or `zu` of German and Dutch verbs.
fn participle(word: &str) -> String {
    if let Some(rest) = word.strip_prefix("ge").filter(|rest| rest.len() >= 4) {
        return rest.to_owned();
    }
    for part in PARTS {
        let Some(rest) = word.strip_prefix(part) else { continue };
        if let Some(verb) =
            rest.strip_prefix("ge").or_else(|| rest.strip_prefix("zu")).filter(|verb| verb.len() >= 4)
        {
            return format!("{part}{verb}");
        }
    }
    word.to_owned()
}
