//! When an event is: its beginning and length, and how it repeats.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _, Zoned};

use super::lines::Property;

/// Days after the moment that is asked for within which the next time is looked for.
const AHEAD_DAYS: i32 = 800;
/// Days from an event's first time on that are gone through at most: a century.
const DAYS_MAX: usize = 36_600;

/// When an event is.
#[derive(Debug)]
pub(super) struct Times {
    /// Its (first) beginning.
    start: Zoned,
    pub length_s: i64,
    /// It has days and no times.
    pub whole_days: bool,
    pub repeats: Repeats,
    /// Times at which it is not.
    except: Vec<Zoned>,
}

/// How an event repeats.
#[derive(Debug)]
pub(super) enum Repeats {
    No,
    By(Rule),
    /// In a way that is not understood here.
    Unread,
}

#[derive(Debug)]
pub(super) struct Rule {
    every: Every,
    interval: i32,
    count: Option<usize>,
    until: Option<Zoned>,
    /// Which of that weekday in the month (from its end below 0; 0: each), and the day.
    days: Vec<(i8, Weekday)>,
    month_days: Vec<i8>,
    week_begins: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Every {
    Day,
    Week,
    Month,
    Year,
}

impl Times {
    /// # Errors
    /// What is wrong with them.
    pub fn read(properties: &[Property], now: &Zoned, notes: &mut Vec<String>) -> Result<Self, String> {
        let get = |name: &str| properties.iter().find(|property| property.name == name);
        let start = get("DTSTART").ok_or("it has no beginning (DTSTART)")?;
        let (start, whole_days) = moment(start, now, notes)?;
        let end = get("DTEND").map(|end| moment(end, now, notes)).transpose()?;
        let length = get("DURATION").and_then(|length| length.value.trim().parse::<Span>().ok());
        let end = end.map(|(end, _)| end).or_else(|| start.checked_add(length?).ok());
        let day = if whole_days { 86_400 } else { 0 };
        let length_s = end.map_or(day, |end| super::seconds(&start, &end)).max(day);
        let repeats = match get("RRULE") {
            None => Repeats::No,
            Some(rule) => Rule::read(&rule.value, &start, now).map_or(Repeats::Unread, Repeats::By),
        };
        let mut except = Vec::new();
        for property in properties.iter().filter(|property| property.name == "EXDATE") {
            for value in property.value.split(',') {
                let one = Property { value: value.to_owned(), ..property.clone() };
                except.extend(moment(&one, now, notes).ok().map(|(at, _)| at));
            }
        }
        Ok(Self { start, length_s, whole_days, repeats, except })
    }

    /// The beginning that is meant at `now`: of the time that goes on or comes next, else of the last one.
    pub fn near(&self, now: &Zoned, moved: &[Zoned]) -> Option<Zoned> {
        let Repeats::By(rule) = &self.repeats else { return Some(self.start.clone()) };
        let mut last = None;
        let ahead = now.date().saturating_add(AHEAD_DAYS.days());
        let mut date = self.start.date();
        let mut count = 0;
        for _ in 0..DAYS_MAX {
            if date > ahead {
                break;
            }
            if date == self.start.date() || rule.is_on(date, self.start.date()) {
                count += 1;
                let zone = self.start.time_zone().clone();
                let at = date.to_datetime(self.start.time()).to_zoned(zone).ok()?;
                if rule.count.is_some_and(|most| count > most)
                    || rule.until.as_ref().is_some_and(|until| at.timestamp() > until.timestamp())
                {
                    break;
                }
                let same = |other: &&Zoned| match self.whole_days {
                    true => other.date() == date,
                    false => other.timestamp() == at.timestamp(),
                };
                let is_there = !self.except.iter().chain(moved).any(|other| same(&other));
                if is_there && super::seconds(now, &at) + self.length_s > 0 {
                    return Some(at);
                }
                if is_there {
                    last = Some(at);
                }
            }
            date = date.tomorrow().ok()?;
        }
        last
    }
}

/// A moment, and whether it is a day without a time.
///
/// # Errors
/// It is none.
pub(super) fn moment(
    property: &Property,
    now: &Zoned,
    notes: &mut Vec<String>,
) -> Result<(Zoned, bool), String> {
    let value = property.value.trim();
    let wrong = || format!("{} is no time: {:?}", property.name, crate::base::text::clean(value));
    let utc = value.strip_suffix(['Z', 'z']);
    let zone = match (utc, property.parameter("TZID")) {
        (Some(_), _) => TimeZone::UTC,
        (None, None) => now.time_zone().clone(),
        (None, Some(name)) => {
            let name = name.trim().trim_start_matches('/');
            // Some programs put their own name before the zone's.
            let tail = || name.rsplit_once("/tzfile/").map(|(_, zone)| zone);
            let found = TimeZone::get(name).ok().or_else(|| TimeZone::get(tail()?).ok());
            found.unwrap_or_else(|| {
                let name = crate::base::text::clean(name);
                let note =
                    format!("the zone {name:?} is not known here: its times count as those of this computer");
                if !notes.contains(&note) {
                    notes.push(note);
                }
                now.time_zone().clone()
            })
        }
    };
    let (date, time) = match utc.unwrap_or(value).split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (value, None),
    };
    let date =
        digits(date, 8).and_then(|n| Date::new(part(n / 10_000)?, part(n / 100 % 100)?, part(n % 100)?).ok());
    let date = date.ok_or_else(wrong)?;
    let Some(time) = time else {
        let at = date.to_zoned(zone).map_err(|_| wrong())?;
        return Ok((at, true));
    };
    let time = digits(time, 6)
        .and_then(|n| Time::new(part(n / 10_000)?, part(n / 100 % 100)?, part((n % 100).min(59))?, 0).ok());
    let at = DateTime::from_parts(date, time.ok_or_else(wrong)?).to_zoned(zone).map_err(|_| wrong())?;
    Ok((at, false))
}

/// So many digits and nothing else.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn part<T: TryFrom<u32>>(n: u32) -> Option<T> {
    T::try_from(n).ok()
}

impl Rule {
    /// `None` means that there is something in it that is not understood here.
    fn read(text: &str, start: &Zoned, now: &Zoned) -> Option<Self> {
        let mut rule = Self {
            every: Every::Day,
            interval: 1,
            count: None,
            until: None,
            days: Vec::new(),
            month_days: Vec::new(),
            week_begins: Weekday::Monday,
        };
        let mut has_every = false;
        for part in text.trim().split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().to_ascii_uppercase();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => {
                    has_every = true;
                    rule.every = match value.as_str() {
                        "DAILY" => Every::Day,
                        "WEEKLY" => Every::Week,
                        "MONTHLY" => Every::Month,
                        "YEARLY" => Every::Year,
                        _ => return None,
                    };
                }
                "INTERVAL" => rule.interval = value.parse().ok().filter(|n| *n > 0)?,
                "COUNT" => rule.count = Some(value.parse().ok()?),
                "UNTIL" => {
                    let property = Property::of_value(value);
                    let (at, is_day) = moment(&property, now, &mut Vec::new()).ok()?;
                    // A day that is named is in it.
                    rule.until = Some(if is_day { at.checked_add(1.day()).ok()? } else { at });
                }
                "BYDAY" => rule.days = value.split(',').map(day).collect::<Option<_>>()?,
                "BYMONTHDAY" => {
                    rule.month_days =
                        value.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
                }
                "BYMONTH" if value.parse() == Ok(start.month()) && text.contains("YEARLY") => {}
                "WKST" => rule.week_begins = day(&value)?.1,
                _ => return None,
            }
        }
        let ordinal = rule.days.iter().any(|(n, _)| *n != 0);
        let fits = match rule.every {
            Every::Day | Every::Week => !ordinal && rule.month_days.is_empty(),
            Every::Month => true,
            Every::Year => rule.days.is_empty() && rule.month_days.is_empty(),
        };
        (has_every && fits).then_some(rule)
    }

    /// Whether an event that began on a day is on this one, which is later.
    fn is_on(&self, date: Date, first: Date) -> bool {
        let of = |n: i32| n.rem_euclid(self.interval) == 0;
        let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
        let on_day = |other: Weekday| self.days.is_empty() || self.days.iter().any(|(_, day)| *day == other);
        match self.every {
            Every::Day => of(days(first, date)) && on_day(date.weekday()),
            Every::Week => {
                let begin = |date: Date| {
                    let back = date.weekday().since(self.week_begins);
                    date.saturating_sub(i32::from(back).days())
                };
                let day = match self.days.is_empty() {
                    true => date.weekday() == first.weekday(),
                    false => on_day(date.weekday()),
                };
                of(days(begin(first), begin(date)) / 7) && day
            }
            Every::Month => of(months(date) - months(first)) && self.is_on_in_month(date, first),
            Every::Year => {
                of(i32::from(date.year()) - i32::from(first.year()))
                    && (date.month(), date.day()) == (first.month(), first.day())
            }
        }
    }

    fn is_on_in_month(&self, date: Date, first: Date) -> bool {
        let last = date.days_in_month();
        let on_number = |n: &i8| if *n > 0 { date.day() == *n } else { date.day() == last + 1 + *n };
        if self.days.is_empty() && self.month_days.is_empty() {
            return date.day() == first.day();
        }
        let on_weekday = |(n, day): &(i8, Weekday)| {
            let from_begin = (date.day() - 1) / 7 + 1;
            let from_end = (last - date.day()) / 7 + 1;
            date.weekday() == *day && (*n == 0 || *n == from_begin || *n == -from_end)
        };
        (self.days.is_empty() || self.days.iter().any(on_weekday))
            && (self.month_days.is_empty() || self.month_days.iter().any(on_number))
    }
}

/// `TU`, `2TU`, `-1FR`
fn day(text: &str) -> Option<(i8, Weekday)> {
    let text = text.trim();
    let (n, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let n = if n.is_empty() { 0 } else { n.trim_start_matches('+').parse().ok()? };
    Some((n, day))
}

/// Whole days from one to the other.
fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}
