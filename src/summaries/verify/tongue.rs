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
    pub not: Phrases,
    pub refuse: Phrases,
    pub maybe: Phrases,
    pub opinion: Phrases,
    pub asked: Phrases,
    pub asks: Phrases,
    pub which: Phrases,
    pub yes: Phrases,
    pub no: Phrases,
    pub filler: Phrases,
    pub vote: Phrases,
    pub opposites: Vec<(Phrases, Phrases)>,
    pub first: Phrases,
    pub second: Phrases,
    pub third: Phrases,
    pub prepositions: Phrases,
    pub ask: Phrases,
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
        Self {
            known: words.is_some() && stance.is_some(),
            nouns_have_capitals: words.is_some_and(|words| words.nouns_have_capitals),
            stop: of(words.map(|words| words.stop)),
            report: of(words.map(|words| words.report)),
            ordinary: of(words.map(|words| words.ordinary)),
            breaks: of(words.map(|words| words.breaks)),
            endings: words.map_or(&[], |words| words.endings),
            irregular,
            not: said(|stance| stance.not),
            refuse: said(|stance| stance.refuse),
            maybe: said(|stance| stance.maybe),
            opinion: said(|stance| stance.opinion),
            asked: said(|stance| stance.asked),
            asks: said(|stance| stance.asks),
            which: said(|stance| stance.which),
            yes: said(|stance| stance.yes),
            no: said(|stance| stance.no),
            filler: said(|stance| stance.filler),
            vote: said(|stance| stance.vote),
            opposites: stance
                .map_or(&[][..], |stance| stance.opposites)
                .iter()
                .map(|(one, other)| (Phrases::new(one), Phrases::new(other)))
                .collect(),
            first: person(|persons| persons.first),
            second: person(|persons| persons.second),
            third: person(|persons| persons.third),
            prepositions: person(|persons| persons.prepositions),
            ask: person(|persons| persons.ask),
            before_months: person(|persons| persons.before_months),
            language,
        }
    }

    /// A text in this language, taken apart.
    pub fn read(&self, text: &str) -> Text {
        // "È" is no "e".
        read(text, &|word| self.breaks.has(&word.fold) && (word.fold != "e" || word.raw.is_ascii()))
    }

    /// A word without what changes from sentence to sentence.
    pub fn stem(&self, word: &str) -> String {
        let base = self.irregular.get(word).copied().unwrap_or(word);
        let parted =
            if self.language == "de" || self.language == "nl" { participle(base) } else { base.to_owned() };
        let cut = self.endings.iter().find_map(|ending| {
            let stem = parted.strip_suffix(ending)?;
            // "Pass" is no plural.
            let ends = self.language == "en" && *ending == "s" && stem.ends_with('s');
            (stem.len() >= 3 && !ends).then(|| stem.to_owned())
        });
        cut.unwrap_or(parted)
    }

    /// Whether two stems are of one word, or of words of one family.
    pub fn alike(&self, one: &str, other: &str) -> bool {
        if one == other {
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
        matches!(self.language.as_str(), "de" | "nl")
            && shorter >= 4
            && (one.ends_with(other) || other.ends_with(one))
    }
}

/// `gemietet`, `mitzunehmen`: without the `ge` or `zu` of German and Dutch verbs.
fn participle(word: &str) -> String {
    const PARTS: &[&str] = &[
        "zuruck", "uber", "durch", "nach", "auf", "aus", "ein", "mit", "vor", "weg", "ab", "an", "bei",
        "her", "hin", "um", "zu", "los", "op", "uit", "af", "in", "voor", "mee", "aan",
    ];
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
