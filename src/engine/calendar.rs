//! A calendar's entry (iCalendar, RFC 5545) as far as a recording wants it: title, place, who is invited, and
//! which of several entries is meant.
//!
//! Promises: it reads the file whole or says what is wrong with it, in bounded memory, without a panic; what
//! of it was not understood (a zone, a rule of repetition) is a note of the [`Entry`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Zoned;

use crate::base::text::clean;

mod lines;
mod times;

use lines::{Property, properties};
use times::{Repeats, Times};

/// A calendar of some years has a megabyte.
const BYTES_MAX: u64 = 16 << 20;
/// An entry is meant if it begins within so many seconds: people are early.
const SOON_S: i64 = 15 * 60;

/// What a calendar says of a meeting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub title: Option<String>,
    pub place: Option<String>,
    /// Who was asked to come, the one who asks first; never who came.
    pub invited: Vec<String>,
    /// Names that will be said.
    pub terms: Vec<String>,
    /// When it begins, where the file says so.
    pub start: Option<Zoned>,
    /// What was not understood, for people.
    pub notes: Vec<String>,
}

/// Why no entry can be taken, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    #[error("can't read it: {0}")]
    Io(#[from] io::Error),
    #[error("it has more than {} MB; export the one meeting to a file of its own", BYTES_MAX >> 20)]
    TooLarge,
    #[error("it is not a calendar: no BEGIN:VCALENDAR stands in it; export the meeting as an .ics file")]
    NoCalendar,
    /// A line (from 1) is wrong.
    #[error("line {line} is broken: {what}; export the meeting once more")]
    Broken { line: usize, what: String },
    #[error("it holds no meeting (VEVENT); export the meeting as an .ics file")]
    NoEvent,
    /// All are over.
    #[error(
        "none of its {count} meetings is now or still to come (the last one is {last:?}); export the one that is meant, or give --title"
    )]
    Over { count: usize, last: String },
}

/// The entry of the file at `path` that is meant at `now`.
///
/// # Errors
/// The file can't be read, is no calendar, is broken, or has no entry that can be meant.
pub fn read(path: &Path, now: &Zoned) -> Result<Entry, CalendarError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(CalendarError::TooLarge);
    }
    parse(&bytes, now)
}

/// The same of a file's bytes.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], now: &Zoned) -> Result<Entry, CalendarError> {
    let events = events(bytes)?;
    let mut notes = Vec::new();
    let event = choose(&events, now, &mut notes)?;
    Ok(entry(event.0, event.1, notes))
}

/// A `VEVENT`'s own properties.
#[derive(Debug, Default)]
struct Event {
    properties: Vec<Property>,
}

impl Event {
    fn get(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Property::text).filter(|text| !text.is_empty())
    }

    fn title(&self) -> String {
        self.text("SUMMARY").unwrap_or_else(|| "(no title)".to_owned())
    }

    fn is_cancelled(&self) -> bool {
        self.get("STATUS").is_some_and(|status| status.value.eq_ignore_ascii_case("CANCELLED"))
    }
}

fn events(bytes: &[u8]) -> Result<Vec<Event>, CalendarError> {
    let (mut events, mut open): (Vec<Event>, Vec<String>) = Default::default();
    let (mut seen, mut last) = (false, 1);
    for property in properties(bytes) {
        let (line, property) = property?;
        last = line;
        let component = property.value.trim().to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" => {
                seen |= component == "VCALENDAR";
                if component == "VEVENT" {
                    events.push(Event::default());
                }
                open.push(component);
            }
            "END" => {
                let begun = open.pop();
                if begun.as_ref() != Some(&component) {
                    let what = format!("END:{} without its BEGIN", clean(&component));
                    return Err(CalendarError::Broken { line, what });
                }
            }
            // What stands in an alarm is the alarm's.
            _ if open.last().is_some_and(|inner| inner == "VEVENT") => {
                events.last_mut().into_iter().for_each(|event| event.properties.push(property.clone()));
            }
            _ => {}
        }
        if !seen {
            return Err(CalendarError::NoCalendar);
        }
    }
    match open.last() {
        _ if !seen => Err(CalendarError::NoCalendar),
        Some(component) => {
            let what = format!("the file ends within a {}", clean(component));
            Err(CalendarError::Broken { line: last, what })
        }
        None if events.is_empty() => Err(CalendarError::NoEvent),
        None => Ok(events),
    }
}

/// The event that is meant, and when it begins: the only one whenever it is; of several the one that goes on
/// or begins soon (of those the one whose beginning is nearest), else the next one. What lasts for days is
/// meant only where nothing else is.
fn choose<'e>(
    events: &'e [Event],
    now: &Zoned,
    notes: &mut Vec<String>,
) -> Result<(&'e Event, Option<Zoned>), CalendarError> {
    let standing: Vec<&Event> = events.iter().filter(|event| !event.is_cancelled()).collect();
    let standing = if standing.is_empty() { events.iter().collect() } else { standing };
    let mut candidates: Vec<(u8, i64, &Event, Zoned)> = Vec::new();
    for event in standing.iter().copied() {
        let times = match Times::read(&event.properties, now, notes) {
            Ok(times) => times,
            Err(what) if standing.len() > 1 => {
                notes.push(format!("{:?} was passed over: {what}", event.title()));
                continue;
            }
            Err(what) => {
                notes.push(format!("{what}; the entry is the only one and was taken"));
                return Ok((event, None));
            }
        };
        let moved = moved(&standing, event, now);
        let Some(start) = times.near(now, &moved) else { continue };
        let (until, left) = (seconds(now, &start), seconds(now, &start) + times.length_s);
        let rank = match (until, left) {
            (until, left) if until <= SOON_S && left > 0 => 0,
            (until, _) if until > SOON_S => 1,
            _ => 3,
        };
        let rank = if times.whole_days && rank < 3 { 2 } else { rank };
        candidates.push((rank, until.abs(), event, start));
        if matches!(times.repeats, Repeats::Unread) && standing.len() > 1 {
            notes.push(format!(
                "how {:?} repeats was not understood: only its first time counts",
                event.title()
            ));
        }
    }
    candidates.sort_by_key(|(rank, distance, ..)| (*rank, *distance));
    let count = standing.len();
    match candidates.into_iter().next() {
        Some((rank, _, event, start)) if rank < 3 || count == 1 => Ok((event, Some(start))),
        Some((_, _, event, _)) => Err(CalendarError::Over { count, last: event.title() }),
        None if count == 1 => Ok((standing[0], None)),
        None => Err(CalendarError::Over { count, last: standing[count - 1].title() }),
    }
}

/// Times of a repeating event in whose place another entry stands.
fn moved(events: &[&Event], of: &Event, now: &Zoned) -> Vec<Zoned> {
    let Some(id) = of.text("UID").filter(|_| of.get("RECURRENCE-ID").is_none()) else { return Vec::new() };
    let same = events.iter().filter(|other| other.text("UID").as_deref() == Some(id.as_str()));
    let instead = same.filter_map(|other| other.get("RECURRENCE-ID"));
    instead.filter_map(|property| times::moment(property, now, &mut Vec::new()).ok()).map(|at| at.0).collect()
}

/// Seconds from `now` to `then`.
fn seconds(now: &Zoned, then: &Zoned) -> i64 {
    then.timestamp().as_second() - now.timestamp().as_second()
}

fn entry(event: &Event, start: Option<Zoned>, mut notes: Vec<String>) -> Entry {
    let mut people: Vec<(String, String)> = Vec::new();
    let mut rooms = Vec::new();
    let all = event.properties.iter();
    let asked = all.filter(|property| matches!(property.name.as_str(), "ORGANIZER" | "ATTENDEE"));
    let mut asked: Vec<&Property> = asked.collect();
    asked.sort_by_key(|property| property.name != "ORGANIZER");
    for property in asked {
        let address = property.address();
        let name = property.parameter("CN").map(|name| clean(&name)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| address.clone());
        let kind = property.parameter("CUTYPE").unwrap_or_default().to_ascii_uppercase();
        match kind.as_str() {
            "ROOM" => rooms.push(name),
            "RESOURCE" => {}
            _ if name.is_empty() || people.iter().any(|(known, _)| *known == address.to_lowercase()) => {}
            // A name with ; in it would be two people.
            _ => people.push((address.to_lowercase(), name.replace(';', ","))),
        }
    }
    let place = event.text("LOCATION").map(|place| clean(&place.replace('\n', ", ")));
    let place = place.filter(|place| !place.is_empty());
    let title = event.text("SUMMARY").map(|title| clean(&title)).filter(|title| !title.is_empty());
    if title.is_none() {
        notes.push("the entry has no title; --title gives one".to_owned());
    }
    let invited: Vec<String> = people.into_iter().map(|(_, name)| name).collect();
    let names = invited.iter().filter(|name| !name.contains('@')).cloned();
    let terms = title.iter().cloned().chain(names).map(|term| clean(&term.replace('\n', " "))).collect();
    let place = place.or_else(|| (!rooms.is_empty()).then(|| rooms.join(", ")));
    notes.dedup();
    Entry { title, place, invited, terms, start, notes }
}

#[cfg(test)]
mod tests;
