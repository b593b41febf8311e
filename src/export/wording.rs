//! The words of the documents, one table per language. Each format takes what it says from here, so that all
//! say the same, and a table that lacks a word does not compile.
//!
//! What stands in a table is a document's: how a session is told to a program (JSON, CSV, the line formats of
//! speech research) and to a terminal is English, whatever the meeting's language. Pure.

use jiff::civil::Date;

use super::kinds::{Lost, NoticeKind};
use crate::base::languages::DocumentLanguage;
use crate::base::text;
use crate::session::manifest::{GapCause, SourceKind};
use crate::session::mark::MarkKind;

mod de;
mod en;
mod es;
mod fr;
mod it;
mod ja;
mod nl;

pub use en::WORDS as ENGLISH;

/// The table of a language.
pub const fn of(language: DocumentLanguage) -> &'static Wording {
    match language {
        DocumentLanguage::English => &en::WORDS,
        DocumentLanguage::German => &de::WORDS,
        DocumentLanguage::French => &fr::WORDS,
        DocumentLanguage::Spanish => &es::WORDS,
        DocumentLanguage::Italian => &it::WORDS,
        DocumentLanguage::Dutch => &nl::WORDS,
        DocumentLanguage::Japanese => &ja::WORDS,
    }
}

/// All words of a language. Functions get names and numbers as they are to stand, formatted by the same
/// table.
#[derive(Debug)]
pub struct Wording {
    pub language: DocumentLanguage,
    /// Language and country, as word processors want it: `en-GB`.
    pub tag: &'static str,
    /// What stands before the first decimal.
    pub decimal: &'static str,
    /// What stands between groups of three digits.
    pub thousands: &'static str,
    /// Between a label and what it is of, with its spaces.
    pub colon: &'static str,
    /// Between clauses, with its space.
    pub semicolon: &'static str,
    /// At a sentence's end.
    pub stop: &'static str,
    /// Between sentences of a paragraph.
    pub space: &'static str,
    /// Seconds as a length: `2.1 s`, `4 min 05 s`.
    pub length: fn(f64) -> String,
    /// A day, with its name.
    pub date: fn(Date) -> String,
    /// `Alice, Bob and Carol`
    pub list: fn(&[String]) -> String,
    pub head: Head,
    pub complete: Complete,
    pub pending: Pending,
    pub who: Who,
    pub marks: Marks,
    pub summary: Summary,
    pub said: Said,
    /// What a notice says without why, of whom it is about; nobody's name means everybody.
    pub notice: fn(NoticeKind, &str) -> String,
    /// Why sound is missing.
    pub reason: fn(GapCause, SourceKind) -> &'static str,
    pub why: Why,
    pub account: Account,
    pub about: About,
    pub evidence: Evidence,
    pub page: Page,
}

/// What stands above everything else.
#[derive(Debug)]
pub struct Head {
    /// What such a document is called.
    pub minutes: &'static str,
    /// Of a day of which no more is known.
    pub clock_unknown: &'static str,
    pub place: &'static str,
    pub present: &'static str,
    pub excused: &'static str,
    pub invited: &'static str,
    pub consent: &'static str,
    /// Before the time at which people were told that they are recorded.
    pub announced: &'static str,
    /// What they are told.
    pub announcement: &'static str,
    pub agenda: &'static str,
    /// That it is a part of the meeting: from when, up to when, whose words alone.
    pub part: fn(Option<&str>, Option<&str>, Option<&str>) -> String,
}

/// Whether anything is missing.
#[derive(Debug)]
pub struct Complete {
    pub complete: &'static str,
    /// Nothing was lost, but not everything was to be recorded.
    pub left_out: &'static str,
    /// `13 s of Alice`
    pub of: fn(amount: &str, who: &str) -> String,
    /// What is missing (a list of the above), and whether all of it is named at its place.
    pub lost: fn(what: &str, in_place: bool) -> String,
    pub unfinished: &'static str,
    pub no_account: &'static str,
    /// Files are not as they were written.
    pub files: &'static str,
    /// The sound was removed on that day.
    pub sound_removed: fn(&str) -> String,
    /// What to do about it; a command follows.
    pub verify: &'static str,
}

/// That text has not been made.
#[derive(Debug)]
pub struct Pending {
    /// There was one; it was removed on that day.
    pub removed: fn(&str) -> String,
    pub running: &'static str,
    /// A command follows.
    pub none: &'static str,
    /// A command follows.
    pub part: &'static str,
    /// Up to when it stands, by track.
    pub until: fn(&str) -> String,
    /// Of a track: when, and whose it is.
    pub of: fn(&str, &str) -> String,
    pub end: &'static str,
}

/// Who was there.
#[derive(Debug)]
pub struct Who {
    pub heading: &'static str,
    pub speaker: &'static str,
    pub talking_time: &'static str,
    pub share: &'static str,
    pub turns: &'static str,
    pub text_up_to: &'static str,
    /// A share in percent.
    pub percent: fn(&str) -> String,
}

/// What was marked.
#[derive(Debug)]
pub struct Marks {
    pub heading: &'static str,
    pub one: fn(MarkKind) -> &'static str,
    pub many: fn(MarkKind) -> &'static str,
}

/// What a model made of it.
#[derive(Debug)]
pub struct Summary {
    pub heading: &'static str,
    pub topics: &'static str,
    /// A model on the computer that has the session.
    pub made_by: fn(&str) -> String,
    /// A model, and the other computer that it is on.
    pub made_at: fn(&str, &str) -> String,
    pub nothing: &'static str,
    /// The text was changed since.
    pub stale: &'static str,
    /// Of how many sentences how many: the second and the third as they are to stand.
    pub left_out: fn(usize, &str, &str) -> String,
    /// The same of parts of the meeting.
    pub unread: fn(usize, &str, &str) -> String,
    /// How many items rest on lines that are hidden or gone.
    pub gone: fn(usize, &str) -> String,
    /// Of an item, that its lines were corrected since.
    pub corrected: &'static str,
    /// In quotation marks.
    pub quoted: fn(&str) -> String,
}

/// What was said.
#[derive(Debug)]
pub struct Said {
    pub heading: &'static str,
    pub nothing: &'static str,
    pub still_spoke: fn(&str) -> String,
    /// A voice that nobody has named, by its number.
    pub voice: fn(&str) -> String,
    /// The same where a place is named at which it is heard.
    pub voice_of: fn(&str, &str) -> String,
    /// Why a line does not stand in the minutes.
    pub withheld: fn(&str) -> String,
    /// Such a reason by its name in files; `None` means that it is one of a newer version.
    pub reason: fn(&str) -> Option<&'static str>,
    pub echo_of: fn(&str) -> String,
    /// Both in a word.
    pub withheld_label: &'static str,
    pub echo_label: &'static str,
}

/// Why something is to be known at its place.
#[derive(Debug)]
pub struct Why {
    pub length_unknown: &'static str,
    pub recogniser_failed: &'static str,
    pub muted: &'static str,
    pub loudspeaker_muted: &'static str,
    pub words_missing: &'static str,
}

/// What was recorded.
#[derive(Debug)]
pub struct Account {
    pub heading: &'static str,
    /// All of it, of these tracks.
    pub complete: fn(&str) -> String,
    pub nothing_lost: &'static str,
    pub sources: &'static str,
    pub source: fn(SourceKind) -> &'static str,
    pub channel: fn(u16) -> String,
    /// Whose track, how much of it, in how many takes.
    pub recorded: fn(&str, &str, usize) -> String,
    pub nothing_missing: &'static str,
    /// How much, whether it was lost, why, how often.
    pub missing: fn(&str, bool, &str, u64) -> String,
    pub no_reason: &'static str,
    pub silence: fn(&str) -> String,
    pub unknown_amount: &'static str,
    pub at_least: fn(&str) -> String,
}

/// How the document came about.
#[derive(Debug)]
pub struct About {
    pub heading: &'static str,
    pub transcribed_by: fn(&str) -> String,
    /// The computers that were sent the sound.
    pub sent_to: fn(&str) -> String,
    /// The computers that were sent the text.
    pub summarised_by: fn(&str) -> String,
    pub left_out: fn(&str) -> String,
    pub marked_withheld: fn(&str) -> String,
    pub echoes: fn(u64, &str) -> String,
    pub without_evidence: fn(u64, &str) -> String,
    pub corrected: fn(u64, &str) -> String,
    /// The zone of the times of day.
    pub zone: fn(&str) -> String,
    /// Characters that no font has, how many, and these; of a PDF.
    pub no_font: fn(usize, &str) -> String,
    /// Version and session.
    pub written: fn(&str, &str) -> String,
}

/// What the document rests on.
#[derive(Debug)]
pub struct Evidence {
    pub frames: &'static str,
    pub track: &'static str,
    pub expected: &'static str,
    pub written: &'static str,
    pub gaps: &'static str,
    pub lost: &'static str,
    pub rounding: &'static str,
    pub difference: &'static str,
    pub lines: &'static str,
    pub from: &'static str,
    pub file: &'static str,
    pub frames_of: &'static str,
    pub confidence: &'static str,
    pub model: &'static str,
    pub line: &'static str,
    /// A line's id and its revision.
    pub revision: fn(&str, u32) -> String,
    /// A track's name and a take's number.
    pub take: fn(&str, u32) -> String,
    pub by_hand: &'static str,
    pub fingerprints: &'static str,
    pub sha256: &'static str,
    pub put_off: fn(&str) -> String,
    pub growing: &'static str,
    /// Above both, folded up.
    pub summary: &'static str,
    /// Above a turn's lines, folded up.
    pub where_from: &'static str,
}

/// What only the page has.
#[derive(Debug)]
pub struct Page {
    pub skip: &'static str,
    pub in_minutes: &'static str,
    pub search_in: &'static str,
    pub search: &'static str,
    pub match_before: &'static str,
    pub match_after: &'static str,
    pub dark: &'static str,
    pub whose: &'static str,
    pub everybody: &'static str,
    pub who_is: &'static str,
    pub perhaps: fn(&str) -> String,
    /// Before whose voice it is.
    pub hear: &'static str,
    /// Before the command that plays a voice.
    pub unheard: &'static str,
    /// The sound is not there; of the file's name.
    pub left_behind: fn(&str) -> String,
    /// The sound that is there is another's; of the file's name.
    pub of_another: fn(&str) -> String,
    pub when: &'static str,
    /// What was marked, when, in whose words.
    pub mark_at: fn(&str, &str, &str) -> String,
    /// How much is missing, and why.
    pub missing: fn(&str, &str) -> String,
    pub table: &'static str,
    pub keys: &'static str,
    pub space: &'static str,
    pub key_play: &'static str,
    pub key_seek: &'static str,
    pub key_turn: &'static str,
    /// With `<kbd>` around keys.
    pub key_search: &'static str,
    pub key_escape: &'static str,
    pub sound: &'static str,
    pub play: &'static str,
    pub pause: &'static str,
    pub place: &'static str,
    pub speed: &'static str,
    pub follow: &'static str,
    /// `{0} of {1}`
    pub of: &'static str,
    pub not_found: &'static str,
}

impl Wording {
    /// Digits in groups of three.
    pub fn grouped(&self, n: u64) -> String {
        text::grouped(n).replace(',', self.thousands)
    }

    /// A number that was written with a point.
    pub fn number(&self, written: &str) -> String {
        written.replace('.', self.decimal)
    }

    /// How much was lost.
    pub fn lost(&self, lost: Lost) -> String {
        let known = || (self.length)(lost.seconds);
        match (lost.unknown, lost.seconds > 0.0) {
            (true, false) => self.account.unknown_amount.to_owned(),
            (true, true) => (self.account.at_least)(&known()),
            (false, _) => known(),
        }
    }

    /// Why a line does not stand in the minutes, by the name of that in files.
    pub fn withheld(&self, reason: &str) -> String {
        let told = (self.said.reason)(reason).map_or_else(|| text::name(reason), str::to_owned);
        (self.said.withheld)(&told)
    }
}

/// A length whose decimals follow a comma.
fn comma_length(seconds: f64) -> String {
    text::length(seconds).replace('.', ",")
}

/// A list whose last one follows `and`, which has its spaces.
fn listed(names: &[String], comma: &str, and: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{}{and}{last}", most.join(comma)),
    }
}

/// The name of a day's month or weekday (from Monday), of such a list.
fn month(date: Date, names: [&'static str; 12]) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|n| names.get(n).copied()).unwrap_or_default()
}

fn weekday(date: Date, names: [&'static str; 7]) -> &'static str {
    let n = date.weekday().to_monday_zero_offset();
    usize::try_from(n).ok().and_then(|n| names.get(n).copied()).unwrap_or_default()
}
