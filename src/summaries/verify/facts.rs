//! What of a text must have been said literally: numbers, times, days, money. Pure; no panic on any text.

use std::ops::Range;

use super::dates::{self, Day};
use super::numbers::{self, Number};
use super::tables::numbers::{Counting, MONEY};
use super::text::{Gap, Text, Word};

/// One of the things that a fact can be read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Number(Number),
    /// Hours, minutes, and whether before noon or after was said.
    Time(u8, u8, Option<Half>),
    Weekday(i8),
    Month(i8),
    /// A word for a day, a part of a day or of a year.
    Day(&'static str),
    Money(&'static str),
    /// A word with digits in it.
    Name(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Am,
    Pm,
}

/// Something that must have been said, with all ways to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub what: Vec<What>,
    /// Where it stands.
    pub words: Range<usize>,
    /// A month stands beside the number: 1 December and the first of December are one.
    pub of_month: bool,
    /// It is said that it is not so: "ten, not twelve".
    pub denied: bool,
}

impl Fact {
    /// Whether what it is said of counts: a number, a day, a month, a time.
    pub fn binds(&self) -> bool {
        !matches!(self.what.first(), None | Some(What::Day(_) | What::Money(_) | What::Name(_)))
    }

    /// A number or a time, or a day of any kind.
    pub fn binds_or_day(&self) -> bool {
        self.binds() || matches!(self.what.first(), Some(What::Day(_)))
    }

    /// Whether one can be said of a thing instead of the other: numbers, hours, days of a month, other days.
    pub fn competes(&self, other: &Self) -> bool {
        let sort = |fact: &Self| match fact.what.first() {
            _ if fact.what.iter().any(|what| matches!(what, What::Time(..))) => Some(0),
            Some(What::Number(number)) if number.ordinal || fact.of_month => Some(1),
            Some(What::Number(number)) if number.is_year() => Some(2),
            Some(What::Number(_)) => Some(3),
            Some(What::Weekday(_)) => Some(4),
            Some(What::Day(key)) if dates::is_relative(key) => Some(4),
            Some(What::Day(key)) if dates::is_part(key) => Some(5),
            Some(What::Day(key)) if dates::is_season(key) => Some(6),
            Some(What::Month(_)) => Some(7),
            _ => None,
        };
        sort(self).is_some() && sort(self) == sort(other) && !other.is_one()
    }

    /// A number of percents.
    pub fn is_percent(&self) -> bool {
        self.what.iter().any(|what| matches!(what, What::Number(number) if number.percent))
    }

    /// A day of any kind, or more than one.
    pub fn is_day(&self) -> bool {
        self.of_month || matches!(self.what.first(), Some(What::Weekday(_) | What::Month(_) | What::Day(_)))
    }

    /// "The twenty-second".
    pub fn is_ordinal(&self) -> bool {
        matches!(self.what.first(), Some(What::Number(number)) if number.ordinal)
    }

    /// "One", which may be no number at all: "the evening one".
    pub fn is_one(&self) -> bool {
        matches!(self.what.first(), Some(What::Number(number)) if number.value == "1" && number.spelled)
    }

    /// Whether the other says the same.
    pub fn is_same(&self, other: &Self) -> bool {
        let said =
            |what: &What| other.what.iter().any(|said| is_said(what, self.of_month, said, other.of_month));
        self.what.iter().any(said)
    }

    /// A thing of the same sort, so that one can stand for the other.
    pub fn is_like(&self, other: &Self) -> bool {
        let year = |what: &What| matches!(what, What::Number(number) if number.is_year());
        self.what.iter().any(|what| {
            other.what.iter().any(|other| {
                std::mem::discriminant(what) == std::mem::discriminant(other) && year(what) == year(other)
            })
        })
    }
}

/// All of a text, in order.
pub(super) fn facts(text: &Text, language: &str) -> Vec<Fact> {
    let counting = numbers::counting(language);
    let words = &text.words;
    let mut found: Vec<Fact> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some((what, end)) = one(words, at, language, &counting) else {
            at += 1;
            continue;
        };
        let end = end.max(at + 1);
        found.push(Fact { what, words: at..end, of_month: false, denied: false });
        at = end;
    }
    share_percent(&mut found, words);
    let months: Vec<usize> = found
        .iter()
        .filter(|fact| matches!(fact.what[..], [What::Month(_)]))
        .map(|fact| fact.words.start)
        .collect();
    for fact in &mut found {
        let near = |month: &usize| {
            let (before, after) =
                (fact.words.start.saturating_sub(*month), month.saturating_sub(fact.words.end));
            (*month < fact.words.start && before <= 2) || (*month >= fact.words.end && after <= 1)
        };
        fact.of_month = months.iter().any(near);
    }
    found
}

/// "Seven percent, butter twelve"; "five to seven percent": a number that nothing follows is of the same.
fn share_percent(found: &mut [Fact], words: &[Word]) {
    for n in 0..found.len() {
        let (start, end) = (found[n].words.start, found[n].words.end);
        let same =
            |other: &Fact| words[other.words.start].sentence == words[start].sentence && other.is_percent();
        let ends = words.get(end).is_none_or(|word| word.gap == Gap::Break);
        let next = found.get(n + 1).is_some_and(|next| next.words.start == end + 1 && same(next));
        if (ends && found[..n].iter().any(same)) || next {
            let shared: Vec<What> = found[n]
                .what
                .iter()
                .filter_map(|what| match what {
                    What::Number(number) if !number.ordinal => {
                        Some(What::Number(Number { percent: true, ..number.clone() }))
                    }
                    _ => None,
                })
                .collect();
            found[n].what.extend(shared);
        }
    }
}

/// What begins at a word, and where it ends.
fn one(words: &[Word], at: usize, language: &str, counting: &[&Counting]) -> Option<(Vec<What>, usize)> {
    let word = &words[at];
    if let Some((_, money)) = MONEY.iter().find(|(name, _)| *name == word.fold) {
        return Some((vec![What::Money(money)], at + 1));
    }
    if let Some(found) = spoken_time(words, at, language, counting) {
        return Some(found);
    }
    if word.fold.starts_with(|c: char| c.is_ascii_digit())
        && let Some(found) = time_in_digits(words, at, language)
    {
        return Some(found);
    }
    if word.fold.bytes().any(|b| b.is_ascii_digit()) && !word.fold.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((vec![What::Name(word.fold.clone())], at + 1));
    }
    if let Some((numbers, mut end)) = numbers::at(words, at, counting) {
        let mut what: Vec<What> = numbers.iter().cloned().map(What::Number).collect();
        let hour =
            numbers.first().and_then(|number| number.value.parse::<u8>().ok()).filter(|hour| *hour <= 24);
        let of_letters = half(words, end).is_some();
        if let (Some(hour), Some(half)) = (hour, half(words, end).or_else(|| part_of_day(words, end))) {
            what = vec![What::Time(hour, 0, Some(half))];
            end += usize::from(of_letters);
        } else if let Some(hour) = hour.filter(|_| is_hour(words, end, counting)) {
            what.push(What::Time(hour, 0, None));
        }
        return Some((what, end));
    }
    if let Some(which) = dates::which(words, at, language) {
        return Some((vec![What::Day(which)], at + 1));
    }
    // Without a capital it is the verb; "May I" is one, too.
    let may_i = word.first && words.get(at + 1).is_some_and(|next| matches!(next.fold.as_str(), "i" | "we"));
    let verb = language == "en" && matches!(word.fold.as_str(), "may" | "march") && (!word.capital || may_i);
    let date = verb && at > 0 && words[at - 1].fold.starts_with(|c: char| c.is_ascii_digit());
    if (verb && !date)
        || (language == "en" && matches!(word.fold.as_str(), "fall" | "spring") && after_to(words, at))
    {
        return None;
    }
    // "A été" is no summer.
    if language == "fr"
        && word.fold == "ete"
        && (at == 0 || !matches!(words[at - 1].fold.as_str(), "l" | "d" | "cet" | "en" | "chaque"))
    {
        return None;
    }
    // "Guten Morgen" is no day.
    if language == "de" && word.fold == "morgen" && word.capital && (!word.first || words.len() == at + 1) {
        return None;
    }
    // "Façades du Midi": days and months have no capital in French.
    if language == "fr" && word.capital && !word.first {
        return None;
    }
    match dates::of(&word.fold, language)? {
        Day::Weekday(day) => Some((vec![What::Weekday(day)], at + 1)),
        Day::Month(month) => Some((vec![What::Month(month)], at + 1)),
        Day::Other(key) => Some((vec![What::Day(key)], at + 1)),
    }
}

fn after_to(words: &[Word], at: usize) -> bool {
    at > 0 && matches!(words[at - 1].fold.as_str(), "to" | "will" | "prices" | "they" | "not")
}

/// A.m. or p.m. behind an hour.
fn half(words: &[Word], at: usize) -> Option<Half> {
    match words.get(at)?.fold.as_str() {
        "am" if words[at].gap != Gap::Break => Some(Half::Am),
        "pm" => Some(Half::Pm),
        _ => None,
    }
}

/// In the morning, behind an hour.
fn part_of_day(words: &[Word], at: usize) -> Option<Half> {
    let three = words.get(at..at + 3).filter(|three| three[0].fold == "in" && three[1].fold == "the")?;
    match three[2].fold.as_str() {
        "morning" => Some(Half::Am),
        "afternoon" | "evening" => Some(Half::Pm),
        _ => None,
    }
}

fn is_hour(words: &[Word], at: usize, counting: &[&Counting]) -> bool {
    words.get(at).is_some_and(|word| counting.iter().any(|table| table.hour.contains(&word.fold.as_str())))
}

/// 15:30, 15h30, 14.30 Uhr, 3.30.
fn time_in_digits(words: &[Word], at: usize, language: &str) -> Option<(Vec<What>, usize)> {
    let token = words[at].fold.as_str();
    let hour = |text: &str| text.parse::<u8>().ok().filter(|hour| *hour <= 24);
    let minute =
        |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten().filter(|m| *m < 60);
    if words.get(at + 1).is_some_and(|word| word.fold == "h" && word.gap == Gap::Joined) {
        let minutes =
            words.get(at + 2).filter(|word| word.gap == Gap::Joined).and_then(|word| minute(&word.fold));
        return Some((
            vec![What::Time(hour(token)?, minutes.unwrap_or(0), None)],
            at + if minutes.is_some() { 3 } else { 2 },
        ));
    }
    let (left, right) = token.split_once(':').or_else(|| token.split_once('.'))?;
    let (hour, minute) = (hour(left)?, minute(right)?);
    let half = half(words, at + 1);
    let end = at + 1 + usize::from(half.is_some());
    let counting = numbers::counting(language);
    let time = What::Time(hour, minute, half);
    if token.contains(':') || half.is_some() || is_hour(words, end, &counting) {
        return Some((vec![time], end));
    }
    let number = |value| What::Number(Number { value, ordinal: false, spelled: false, percent: false });
    let mut what = vec![time];
    // A number with a fraction, unless a unit behind it says that it is one.
    what.extend(numbers::readings(token).into_iter().map(number));
    let unit = words.get(end).is_some_and(|word| {
        word.fold == "%"
            || MONEY.iter().any(|(name, _)| *name == word.fold)
            || counting.iter().any(|table| {
                table.percent.contains(&word.fold.as_str())
                    || table.times.iter().any(|(n, _)| *n == word.fold)
            })
    });
    if unit { None } else { Some((what, end)) }
}

/// Half past six, quarter to nine, halb drei, huit heures et demie.
fn spoken_time(
    words: &[Word],
    at: usize,
    language: &str,
    counting: &[&Counting],
) -> Option<(Vec<What>, usize)> {
    let is =
        |n: usize, list: &[&str]| words.get(at + n).is_some_and(|word| list.contains(&word.fold.as_str()));
    let hour = |n: usize| {
        let (numbers, end) = words.get(at + n).and_then(|_| numbers::at(words, at + n, counting))?;
        let number = numbers.first().filter(|number| !number.ordinal && !number.percent)?;
        Some((number.value.parse::<u8>().ok().filter(|hour| *hour <= 24)?, end))
    };
    let time = |hour: u8, minute: u8, end: usize| {
        let half = half(words, end);
        let end = end + usize::from(half.is_some() || is_hour(words, end, counting));
        Some((vec![What::Time(hour, minute, half)], end))
    };
    let before = |hour: u8| if hour <= 1 { 12 } else { hour - 1 };
    if is(0, &["half", "halb"]) {
        if dates::half_is_to(language) {
            let (found, end) = hour(1)?;
            return time(before(found), 30, end);
        }
        let (found, end) = hour(1 + usize::from(is(1, &["past"])))?;
        return time(found, 30, end);
    }
    if is(0, &["quarter", "viertel", "kwart", "dreiviertel"]) {
        if is(0, &["dreiviertel"]) {
            let (found, end) = hour(1)?;
            return time(before(found), 45, end);
        }
        let past = is(1, &["past", "nach", "over", "after"]);
        if !past && !is(1, &["to", "vor", "voor", "of"]) {
            return None;
        }
        let (found, end) = hour(2)?;
        return if past { time(found, 15, end) } else { time(before(found), 45, end) };
    }
    if !matches!(language, "fr" | "es" | "it" | "pt") {
        return None;
    }
    let (found, end) = hour(0)?;
    let end = end + usize::from(is_hour(words, end, counting));
    let then =
        |n: usize, list: &[&str]| words.get(end + n).is_some_and(|word| list.contains(&word.fold.as_str()));
    if then(0, &["et", "y", "e"]) && then(1, &["demie", "demi", "media", "mezza", "mezzo"]) {
        return Some((vec![What::Time(found, 30, None)], end + 2));
    }
    if then(0, &["et", "y"]) && then(1, &["quart", "cuarto"]) {
        return Some((vec![What::Time(found, 15, None)], end + 2));
    }
    if then(0, &["moins"]) && then(1, &["le"]) && then(2, &["quart"]) {
        return Some((vec![What::Time(before(found), 45, None)], end + 3));
    }
    if then(0, &["menos"]) && then(1, &["cuarto"]) {
        return Some((vec![What::Time(before(found), 45, None)], end + 2));
    }
    None
}

/// What stands for one before money.
const ONE: &[&str] = &["un", "une", "ein", "einen", "einem", "uno", "one", "a", "een"];

/// Further ways to read what was spoken: digits one by one are one number, nineteen eighty-seven is a
/// year, and three thirty a time.
pub(super) fn run_together(facts: &[Fact], words: &[Word]) -> Vec<What> {
    let number =
        |value: String| What::Number(Number { value, ordinal: false, spelled: true, percent: false });
    let value = |fact: &Fact| match &fact.what[..] {
        [What::Number(number), ..] if !number.ordinal && number.value.bytes().all(|b| b.is_ascii_digit()) => {
            Some(number.value.clone())
        }
        _ => None,
    };
    let mut found = Vec::new();
    // A pound, ein Euro.
    let is_one = |at: usize| ONE.contains(&words[at].fold.as_str());
    let money = facts.iter().filter(|fact| matches!(fact.what[..], [What::Money(_)]));
    if money.filter_map(|fact| fact.words.start.checked_sub(1)).any(is_one) {
        found.push(number("1".to_owned()));
    }
    // Three minutes past three, ten to nine.
    for pair in facts.windows(2) {
        let between = &words[pair[0].words.end..pair[1].words.start.max(pair[0].words.end)];
        let side = match between {
            [side] => Some(side.fold.as_str()),
            [minutes, side] if matches!(minutes.fold.as_str(), "minute" | "minutes" | "minuten") => {
                Some(side.fold.as_str())
            }
            _ => None,
        };
        let clock = |fact: &Fact| value(fact).and_then(|value| value.parse::<u8>().ok());
        if let (Some(side), Some(minute @ 1..60), Some(hour @ 1..=24)) =
            (side, clock(&pair[0]), clock(&pair[1]))
        {
            match side {
                "past" | "after" | "nach" => found.push(What::Time(hour, minute, None)),
                "to" | "before" | "vor" => {
                    found.push(What::Time(if hour == 1 { 12 } else { hour - 1 }, 60 - minute, None))
                }
                _ => {}
            }
        }
    }
    // One euro thirty.
    for (n, fact) in facts.iter().enumerate().skip(1) {
        let money = &facts[n - 1];
        let beside = money.words.end == fact.words.start && words[fact.words.start].gap == Gap::Space;
        let Some(cents) = value(fact).filter(|cents| beside && cents.len() <= 2) else { continue };
        if !matches!(money.what[..], [What::Money(_)]) {
            continue;
        }
        let before =
            n.checked_sub(2).map(|n| &facts[n]).filter(|before| before.words.end == money.words.start);
        let one = money.words.start.checked_sub(1).is_some_and(is_one);
        let whole = before.and_then(value).or_else(|| one.then(|| "1".to_owned()));
        found.extend(
            whole.map(|whole| number(format!("{whole}.{cents:0>2}").trim_end_matches('0').to_owned())),
        );
    }
    // "Ninety-four", where another year of that century is named: 1994.
    let year =
        facts.iter().filter_map(value).find(|year| year.len() == 4 && matches!(&year[..2], "19" | "20"));
    if let Some(year) = year {
        let short = facts.iter().filter_map(value).filter(|short| short.len() == 2);
        found.extend(short.map(|short| number(format!("{}{short}", &year[..2]))));
    }
    let mut digits = String::new();
    let mut last = usize::MAX;
    for (n, fact) in facts.iter().enumerate() {
        let Some(this) = value(fact) else {
            digits.clear();
            continue;
        };
        let beside = fact.words.start == last && words[fact.words.start].gap != Gap::Break;
        if !beside {
            digits.clear();
        }
        if let Some(before) = n.checked_sub(1).and_then(|n| value(&facts[n])).filter(|_| beside) {
            if before.len() == 2 && this.len() == 2 {
                found.push(number(format!("{before}{this}")));
            }
            // "Two sixty" is a price.
            if before.len() <= 2 && this.len() == 2 && !this.starts_with('0') {
                found.push(number(format!("{before}.{this}").trim_end_matches('0').to_owned()));
            }
            if let (Ok(hour @ 1..=24), Ok(minute @ 1..60)) = (before.parse::<u8>(), this.parse::<u8>()) {
                found.push(What::Time(hour, minute, None));
            }
        }
        digits.push_str(&this);
        if this.len() < digits.len() && digits.len() <= 40 {
            found.push(number(digits.clone()));
        }
        last = fact.words.end;
    }
    found
}

/// Whether a thing that a sentence says is the one that was said.
pub(super) fn is_said(claimed: &What, of_month: bool, said: &What, said_of_month: bool) -> bool {
    match (claimed, said) {
        (What::Number(claimed), What::Number(said)) => {
            claimed.value == said.value
                && (!claimed.percent || said.percent)
                && (claimed.ordinal == said.ordinal
                    || of_month
                    || said_of_month
                    || (claimed.ordinal && !said.spelled))
        }
        (What::Time(hour, minute, half), What::Time(said_hour, said_minute, said_half)) => {
            let day = |hour: u8, half: Option<Half>| match half {
                Some(Half::Pm) if hour < 12 => Some(hour + 12),
                Some(Half::Am) if hour == 12 => Some(0),
                Some(_) => Some(hour),
                None => (hour > 12 || hour == 0).then_some(hour),
            };
            minute == said_minute
                && match (day(*hour, *half), day(*said_hour, *said_half)) {
                    (Some(claimed), Some(said)) => claimed == said,
                    // Half past three can be 15:30, but no half of the day is to be made up.
                    (Some(claimed), None) => half.is_none() && claimed % 12 == said_hour % 12,
                    // 7 is not what was said where 19 was.
                    (None, Some(_)) => hour == said_hour,
                    (None, None) => hour == said_hour,
                }
        }
        // An hour that was said with a half of the day is a number too.
        (What::Number(claimed), What::Time(hour, 0, Some(_))) => {
            !claimed.percent && claimed.value == hour.to_string()
        }
        (claimed, said) => claimed == said,
    }
}
