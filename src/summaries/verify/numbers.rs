//! The numbers of a text, however they are written: 4,200, four thousand two hundred, zweihundertvierzig,
//! 11th, eleventh. A number that can be read in several ways has all of them. Pure; no panic on any text.

use super::tables::numbers::{COUNTING, Counting};
use super::text::{Gap, Word};

/// A number that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// In digits, without needless zeros; what is no plain number as it stands there.
    pub value: String,
    pub ordinal: bool,
    /// It is written in letters.
    pub spelled: bool,
    pub percent: bool,
}

impl Number {
    /// Whether it looks like a year.
    pub fn is_year(&self) -> bool {
        self.value.len() == 4
            && (self.value.starts_with("19") || self.value.starts_with("20"))
            && !self.percent
    }
}

/// The language's counting, and English behind it: its number words are understood everywhere.
pub(super) fn counting(language: &str) -> Vec<&'static Counting> {
    let own = COUNTING.iter().find(|counting| counting.language == language);
    let english = COUNTING.iter().find(|counting| counting.language == "en" && language != "en");
    own.into_iter().chain(english).collect()
}

/// A part of a number in letters.
#[derive(Debug, Clone, Copy)]
enum Part {
    Unit(u64),
    Times(u64),
    Ordinal(u64),
}

/// English number words that are other words elsewhere.
const OTHER_WORDS: &[&str] =
    &["four", "ten", "k", "per", "grand", "dozen", "second", "seconds", "point", "six", "one", "once"];

fn part(word: &str, counting: &[&Counting]) -> Option<Part> {
    let own = counting.first()?.language;
    for table in counting {
        if table.language != own && OTHER_WORDS.contains(&word) {
            continue;
        }
        let of = |list: &[(&str, u64)]| list.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if let Some(value) = of(table.units) {
            return Some(Part::Unit(value));
        }
        if let Some(value) = of(table.times) {
            return Some(Part::Times(value));
        }
        if let Some(value) = of(table.ordinals) {
            return Some(Part::Ordinal(value));
        }
        if let Some(found) = compound(word, table) {
            return Some(found);
        }
    }
    None
}

/// A number that is written as one word, in German, Dutch and Italian.
fn compound(word: &str, table: &Counting) -> Option<Part> {
    // The longest that is told in one word has some fifty letters.
    if word.len() > 80 || !word.is_ascii() {
        return None;
    }
    match table.language {
        "de" => {
            let ordinal = ["en", "er", "es", "em", "e"].iter().find_map(|end| {
                let stem = word.strip_suffix(end)?;
                if stem == "erst" {
                    return Some(1);
                }
                if let Some(rest) = stem.strip_suffix("erst").filter(|rest| rest.ends_with("hundert")) {
                    return joined(rest, table, &["und"]).map(|value| value + 1);
                }
                match stem {
                    "dritt" => return Some(3),
                    "siebt" => return Some(7),
                    "acht" => return Some(8),
                    _ => {}
                }
                let (stem, high) = match stem.strip_suffix("st") {
                    Some(stem) => (stem, true),
                    None => (stem.strip_suffix('t')?, false),
                };
                joined(stem, table, &["und"])
                    .filter(|value| (*value % 100 >= 20 || *value % 100 == 0) == high)
            });
            ordinal.map(Part::Ordinal).or_else(|| joined(word, table, &["und"]).map(Part::Unit))
        }
        "nl" => {
            let ordinal = word.strip_suffix("ste").or_else(|| word.strip_suffix("de"));
            let ordinal = ordinal.and_then(|stem| joined(stem, table, &["en"]));
            ordinal.map(Part::Ordinal).or_else(|| joined(word, table, &["en"]).map(Part::Unit))
        }
        "it" => italian(word, table).map(Part::Unit),
        _ => None,
    }
}

/// `zweihunderteinundvierzig`: thousands, hundreds, units before tens.
fn joined(word: &str, table: &Counting, and: &[&str]) -> Option<u64> {
    let unit = |word: &str| match word {
        "ein" | "een" | "eins" => Some(1),
        _ => table.units.iter().find(|(name, _)| *name == word).map(|(_, value)| *value),
    };
    if word.is_empty() {
        return None;
    }
    if !matches!(word, "ein" | "een")
        && let Some(value) = unit(word)
    {
        return Some(value);
    }
    for (name, worth) in [("tausend", 1000), ("duizend", 1000), ("hundert", 100), ("honderd", 100)] {
        if let Some((left, right)) = word.split_once(name) {
            if !table.times.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let left = if left.is_empty() { 1 } else { unit(left).or_else(|| joined(left, table, and))? };
            let right = right.strip_prefix("und").filter(|rest| !rest.is_empty()).unwrap_or(right);
            let right =
                if right.is_empty() { 0 } else { unit(right).or_else(|| joined(right, table, and))? };
            return (right < worth && left < 1000).then_some(left * worth + right);
        }
    }
    for and in and {
        for (at, _) in word.match_indices(and) {
            let (Some(low), Some(high)) = (unit(&word[..at]), unit(&word[at + and.len()..])) else {
                continue;
            };
            if (1..10).contains(&low) && (20..100).contains(&high) && high % 10 == 0 {
                return Some(high + low);
            }
        }
    }
    None
}

/// `duecentoquarantuno`.
fn italian(word: &str, table: &Counting) -> Option<u64> {
    let unit = |word: &str| match word {
        "un" | "uno" => Some(1),
        _ => table.units.iter().find(|(name, _)| *name == word).map(|(_, value)| *value),
    };
    if word.len() < 5 {
        return None;
    }
    for (name, worth) in [("mila", 1000), ("mille", 1000), ("cento", 100), ("cent", 100)] {
        if let Some((left, right)) = word.split_once(name) {
            let left = if left.is_empty() { 1 } else { unit(left).or_else(|| italian(left, table))? };
            let right = if right.is_empty() { 0 } else { unit(right).or_else(|| italian(right, table))? };
            return (right < worth && left < 1000).then_some(left * worth + right);
        }
    }
    table.units.iter().filter(|(_, ten)| *ten >= 20).find_map(|(name, ten)| {
        let cut = &name[..name.len() - 1];
        let low = word.strip_prefix(name).or_else(|| word.strip_prefix(cut))?;
        unit(low).filter(|low| (1..10).contains(low)).map(|low| ten + low)
    })
}

/// All ways in which a token of digits can be read.
pub(super) fn readings(token: &str) -> Vec<String> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if digits(token) {
        return vec![plain(token, "")];
    }
    let signs: Vec<char> = token.chars().filter(|c| !c.is_ascii_digit()).collect();
    let parts: Vec<&str> = token.split(['.', ',', '\'', '’']).collect();
    let Some(sign) = signs.last().filter(|_| parts.iter().all(|part| digits(part) && !part.is_empty()))
    else {
        return vec![token.to_owned()];
    };
    let grouped = |parts: &[&str]| {
        parts[1..].iter().all(|part| part.len() == 3) && (1..=3).contains(&parts[0].len()) && parts[0] != "0"
    };
    let mut found = Vec::new();
    let alike = signs.iter().all(|other| other == sign);
    if alike && grouped(&parts) {
        found.push(plain(&parts.concat(), ""));
    }
    if alike && parts.len() == 2 && matches!(sign, '.' | ',') {
        found.push(plain(parts[0], parts[1]));
    }
    if !alike
        && signs.iter().filter(|other| *other == sign).count() == 1
        && grouped(&parts[..parts.len() - 1])
    {
        found.push(plain(&parts[..parts.len() - 1].concat(), parts[parts.len() - 1]));
    }
    if found.is_empty() {
        found.push(token.to_owned());
    }
    found
}

/// Without needless zeros.
fn plain(whole: &str, fraction: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// A number in digits, multiplied.
fn times(value: &str, by: u64) -> String {
    let zeros = by.ilog10() as usize;
    if 10_u64.checked_pow(zeros as u32) != Some(by) {
        return value
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(by))
            .map_or_else(|| value.to_owned(), |n| n.to_string());
    }
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let moved = fraction.len().min(zeros);
    plain(&format!("{whole}{}{}", &fraction[..moved], "0".repeat(zeros - moved)), &fraction[moved..])
}

/// The number that begins at a word: all its readings, and where it ends.
pub(super) fn at(words: &[Word], at: usize, counting: &[&Counting]) -> Option<(Vec<Number>, usize)> {
    let (mut numbers, mut end) = if words[at].fold.starts_with(|c: char| c.is_ascii_digit()) {
        in_digits(words, at, counting)
    } else {
        in_words(words, at, counting)?
    };
    let sign_before = at > 0 && words[at - 1].fold == "%" && words[at].gap == Gap::Joined;
    let percent = words.get(end).is_some_and(|word| {
        let of = |table: &&&Counting| table.percent.contains(&word.fold.as_str());
        let split = matches!(word.fold.as_str(), "per" | "pour" | "por");
        let second =
            words.get(end + 1).is_some_and(|word| matches!(word.fold.as_str(), "cent" | "cento" | "ciento"));
        word.fold == "%" || (!split && counting.iter().any(|table| of(&table))) || (split && second)
    });
    if percent {
        end += if matches!(words[end].fold.as_str(), "per" | "pour" | "por") { 2 } else { 1 };
    }
    numbers.iter_mut().for_each(|number| number.percent |= percent || sign_before);
    Some((numbers, end))
}

/// Before a day of the month in German.
const BEFORE_ORDINALS: &[&str] = &["der", "den", "dem", "am", "zum", "vom"];

fn in_digits(words: &[Word], at: usize, counting: &[&Counting]) -> (Vec<Number>, usize) {
    const ENDINGS: &[&str] =
        &["st", "nd", "rd", "th", "er", "re", "e", "eme", "ieme", "o", "a", "ste", "de", "te", "ten"];
    let mut end = at + 1;
    let mut token = words[at].fold.clone();
    let short = |word: &Word, of: std::ops::RangeInclusive<usize>| {
        of.contains(&word.fold.len()) && word.fold.bytes().all(|b| b.is_ascii_digit())
    };
    // 1 100 euros: groups of three behind a space.
    if short(&words[at], 1..=3) && !token.starts_with('0') {
        while words.get(end).is_some_and(|word| word.gap == Gap::Space && short(word, 3..=3)) {
            token.push_str(&words[end].fold);
            end += 1;
        }
    }
    let mut values = readings(&token);
    // "Den 9."
    let mut ordinal = counting[0].language == "de"
        && words[end - 1].dotted
        && at.checked_sub(1).is_some_and(|before| BEFORE_ORDINALS.contains(&words[before].fold.as_str()));
    if let Some(next) = words.get(end) {
        if next.gap == Gap::Joined && ENDINGS.contains(&next.fold.as_str()) {
            ordinal = true;
            end += 1;
        } else if let Some((_, by)) = counting
            .iter()
            .flat_map(|table| table.times)
            .find(|(name, _)| *name == next.fold && (next.gap == Gap::Joined || name.len() > 1))
        {
            values.iter_mut().for_each(|value| *value = times(value, *by));
            end += 1;
        } else if next.gap == Gap::Joined
            && next.fold == "m"
            && !words.get(end + 1).is_some_and(|w| w.gap == Gap::Joined)
        {
            // 2m is metres or millions: both are read.
            let more: Vec<String> = values.iter().map(|value| times(value, 1_000_000)).collect();
            values.extend(more);
        }
    }
    let numbers = values.into_iter();
    (numbers.map(|value| Number { value, ordinal, spelled: false, percent: false }).collect(), end)
}

fn in_words(words: &[Word], start: usize, counting: &[&Counting]) -> Option<(Vec<Number>, usize)> {
    let and: Vec<&str> = counting.iter().map(|table| table.and).filter(|and| !and.is_empty()).collect();
    let french = counting[0].language == "fr";
    let (mut total, mut group): (u64, u64) = (0, 0);
    let mut ordinal = false;
    let mut any = false;
    let mut at = start;
    while let Some(word) = words.get(at) {
        if at > start && word.gap == Gap::Break {
            break;
        }
        let one_after_and = any
            && at > start
            && and.contains(&words[at - 1].fold.as_str())
            && matches!(word.fold.as_str(), "un" | "une" | "uno" | "una");
        let found = if one_after_and { Some(Part::Unit(1)) } else { part(&word.fold, counting) };
        let fits = |value: u64| {
            let low = group % 100;
            group == 0
                || (low == 0 && value < 100)
                || (low >= 20 && low % 10 == 0 && (1..10).contains(&value))
                || (french
                    && ((matches!(low, 60 | 80) && value < 20) || (low == 10 && (7..10).contains(&value))))
        };
        match found {
            Some(Part::Unit(value)) if french && group % 100 == 4 && value == 20 => group += 76,
            // A group that has begun goes on only by what is smaller; after "two thousand" there is none yet.
            Some(Part::Unit(value))
                if !any || (group == 0 && total > 0 && value < 1000) || (group > 0 && fits(value)) =>
            {
                group += value;
            }
            Some(Part::Ordinal(value)) if !any || (total > 0 && group == 0) || (group > 0 && fits(value)) => {
                group += value;
                ordinal = true;
                any = true;
                at += 1;
                break;
            }
            Some(Part::Times(by)) if by <= 100 && (!any || total > 0 || group > 0) && group < 100 => {
                group = group.max(1).saturating_mul(by);
            }
            Some(Part::Times(by)) if by > 100 && (!any || group > 0) => {
                total = total.saturating_add(group.max(1).saturating_mul(by));
                group = 0;
            }
            Some(_) => break,
            None => {
                let next = words.get(at + 1).filter(|next| next.gap != Gap::Break);
                let low = group % 100;
                let joins = any
                    && and.contains(&word.fold.as_str())
                    && next.is_some_and(|next| {
                        let small = match part(&next.fold, counting) {
                            Some(Part::Unit(value) | Part::Ordinal(value)) => Some(value),
                            _ => matches!(next.fold.as_str(), "un" | "une" | "uno" | "una").then_some(1),
                        };
                        small.is_some_and(|value| match counting[0].language {
                            "fr" => matches!(value, 1 | 11) && low >= 20,
                            "es" | "it" => value < 10 && low >= 20 && low % 10 == 0,
                            _ => value < 100 && low == 0 && (group > 0 || total > 0),
                        })
                    });
                if !joins {
                    break;
                }
                at += 1;
                continue;
            }
        }
        any = true;
        at += 1;
    }
    if !any {
        return None;
    }
    let value = total.saturating_add(group).to_string();
    let number = |value: String| Number { value, ordinal, spelled: true, percent: false };
    // Four point one two.
    let mut end = at;
    let point =
        words.get(end).is_some_and(|word| counting.iter().any(|t| t.point.contains(&word.fold.as_str())));
    if point && !ordinal {
        let mut fraction = String::new();
        while let Some(Part::Unit(digit)) = words.get(end + 1).and_then(|word| part(&word.fold, counting)) {
            if fraction.len() > 12 {
                break;
            }
            fraction.push_str(&digit.to_string());
            end += 1;
        }
        if !fraction.is_empty() {
            return Some((vec![number(plain(&value, &fraction))], end + 1));
        }
    }
    // Six and a half thousand, two and a half.
    let half = words.get(at..at + 3).filter(|three| {
        counting[0].language == "en"
            && ["and", "a", "half"]
                .iter()
                .zip(*three)
                .all(|(word, said)| said.fold == *word && said.gap == Gap::Space)
    });
    if half.is_some() && !ordinal {
        let end = at + 3;
        let by = words.get(end).and_then(|word| match part(&word.fold, counting) {
            Some(Part::Times(by)) if by > 100 => Some(by),
            _ => None,
        });
        let value = format!("{value}.5");
        return Some((
            vec![number(by.map_or_else(|| value.clone(), |by| times(&value, by)))],
            end + usize::from(by.is_some()),
        ));
    }
    Some((vec![number(value)], at))
}

/// Whether the word is a number word of any language that is known.
pub(super) fn is_word(word: &str, language: &str) -> bool {
    let counting = counting(language);
    !counting.is_empty() && part(word, &counting).is_some()
}
