//! The one core that feeds every format: a session as its exports tell it.
//!
//! Promise: every utterance that was selected is in exactly one turn; no word is lost or doubled on the way.
//! Of the disk only the journal is read, for what is missing, the summary, and how long the tracks' files
//! are.

use std::collections::{HashMap, HashSet};

use super::account::{self, AccountLine};
use super::complete::Completeness;
use super::evidence::{Evidence, TrackFile};
use super::floor;
use super::gaps::{self, Gap};
use super::notices::{Facts, Notice, notices};
use super::order::{Breaks, Entry, in_order};
use super::pending::{self, PendingText};
use super::people;
use super::speaking::Speaking;
use super::timing::spoken;
use super::wording::{self, Wording};
use crate::base::languages::DocumentLanguage;
use crate::base::text;
use crate::base::utterance::Utterance;
use crate::care::replay;
use crate::session::mark::Mark;
use crate::session::people::NamedBy;
use crate::session::read::{is_ambiguous, is_time};
use crate::session::reading::Session;
use crate::session::summary::{Shown, ShownItem, Summary};
use crate::session::texted::FailedSegment;

pub use super::floor::{Paragraph, Turn, TurnPart};
pub use super::people::{Person, Unknown};
pub use super::selection::Selection;

/// A session, or a part of it, as its exports tell it.
#[derive(Debug)]
pub struct Meeting<'a> {
    /// What it is made of.
    pub session: &'a Session,
    /// What was asked for.
    pub selection: Selection,
    /// What was selected of the transcript, by start; with [`Selection::withheld`], what does not stand in
    /// the minutes too.
    pub said: Vec<&'a Utterance>,
    /// The same, by speaker's turn, by start.
    pub turns: Vec<Turn<'a>>,
    /// Who spoke when, overlaps included, within the selection.
    pub speaking: Speaking,
    /// What a reader must know at its place, within the selection, by time.
    pub notices: Vec<Notice>,
    /// What became of each track's sound.
    pub accounts: Vec<AccountLine>,
    /// All sound that is missing, by time.
    pub gaps: Vec<Gap>,
    /// That text has not been made yet; `None` if all of it is.
    pub pending: Option<PendingText>,
    /// Everybody with a source or a word, in the order the user named the sources; others come last.
    pub people: Vec<Person>,
    /// What was left out.
    pub hidden: Hidden,
    /// Whether it lasted an hour: times are told with hours then.
    pub long: bool,
    /// Whether anything is missing.
    pub complete: Completeness,
    /// The words that documents are written in: those of the language that was spoken most, where there are
    /// any, unless another one was chosen ([`Meeting::in_language`]).
    pub words: &'static Wording,
    /// What voices are called that nobody has named, by their display names, where that is not English.
    voices: HashMap<String, String>,
    /// What a model made of the text, as it stands now; `None` where nobody had a summary made, or where it
    /// can't be read.
    pub summary: Option<Shown>,
    /// The tracks' files and their fingerprints; empty unless they were looked at ([`Meeting::with_files`]).
    pub files: Vec<TrackFile>,
}

/// Utterances that are in the transcript but not in the minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Held back for a reason.
    pub withheld: usize,
    /// Echoes of other tracks.
    pub echoes: usize,
}

/// Why an utterance does not stand in the minutes, to a program; `None` if it does.
pub fn hidden_because(utterance: &Utterance) -> Option<String> {
    match (&utterance.withheld, &utterance.bleed_of) {
        (Some(reason), _) => Some(format!("withheld: {}", text::name(reason))),
        (None, Some(of)) => Some(format!("echo of {}", text::name(of))),
        (None, None) => None,
    }
}

impl<'a> Meeting<'a> {
    /// Gathers a session, all of it.
    pub fn new(session: &'a Session, paragraph_pause_s: f64) -> Self {
        Self::select(session, paragraph_pause_s, &Selection::default())
    }

    /// Gathers what was selected of a session.
    pub fn select(session: &'a Session, paragraph_pause_s: f64, selection: &Selection) -> Self {
        let worded = |u: &&Utterance| selection.takes(u) && !text::clean(&u.text).is_empty();
        let (shown, held): (Vec<&Utterance>, Vec<&Utterance>) =
            session.utterances.iter().filter(worded).partition(|u| u.is_shown());
        let scan = replay::scan(&session.dir).unwrap_or_default();
        let (replay, accounts) = (&scan.replay, account::of_session(session, &scan));
        let end = shown.iter().map(|u| u.end).fold(session.manifest.duration, f64::max);
        let gaps = gaps::of(replay, &session.manifest.sources);
        let facts = Facts {
            sources: &session.manifest.sources,
            gaps: &gaps,
            pauses: &replay.pauses,
            passages: &session.amendments.passages,
            pending: session.pending().map(|left| (left.clone(), pending::command(&session.manifest, &left))),
            silences: &replay.silences,
            too_quiet: &replay.too_quiet,
            failed: &failed(session),
            heard: &people::heard(session),
            end,
        };
        let notices = notices(&facts, selection);
        let marked = session.marks().iter().filter(|mark| selection.covers(mark.at)).map(|mark| mark.at);
        let breaks = Breaks::new(notices.iter().map(|notice| notice.from).chain(marked).collect());
        let told = shown.iter().chain(held.iter().filter(|_| selection.withheld)).copied();
        let speaking = Speaking::of(session, selection, &told.collect::<Vec<_>>());
        let mut turns = floor::turns(&shown, paragraph_pause_s, &breaks, &speaking);
        let people = people::of(session, selection, &shown, &turns);
        let hidden = Hidden {
            withheld: held.iter().filter(|u| u.withheld.is_some()).count(),
            echoes: held.iter().filter(|u| u.withheld.is_none()).count(),
        };
        let mut said = shown;
        if selection.withheld {
            let withheld = held.iter().filter_map(|u| Some(floor::withheld(u, hidden_because(u)?)));
            turns.extend(withheld);
            said.extend(held);
            said.sort_by(|a, b| a.start.total_cmp(&b.start));
        }
        turns.sort_by(|a, b| a.start.total_cmp(&b.start));
        let long = said.iter().map(|u| u.end).fold(end, f64::max) >= 3600.0;
        let (selection, files, pending) = (selection.clone(), Vec::new(), pending::of(session));
        let whole = scan.damage.is_none() && !scan.replay.takes.is_empty();
        let complete = Completeness::of(session, &accounts, &notices, whole);
        let words = wording::of(spoken_most(session, &said));
        Self {
            session,
            selection,
            said,
            turns,
            speaking,
            notices,
            accounts,
            gaps,
            pending,
            people,
            hidden,
            long,
            complete,
            words,
            voices: voices(session, words),
            summary: summary(session),
            files,
        }
    }

    /// What of the summary rests on lines that were selected, in the order of the meeting.
    pub fn items(&self) -> impl Iterator<Item = &ShownItem> {
        let said: HashSet<&str> = self.said.iter().map(|line| line.id.as_str()).collect();
        let items = self.summary.iter().flat_map(|summary| &summary.items);
        items.filter(move |item| item.lines.iter().all(|line| said.contains(line.id.as_str())))
    }

    /// The same in the words of a language; `None` leaves those of the meeting.
    pub fn in_language(self, language: Option<DocumentLanguage>) -> Self {
        let words = language.map_or(self.words, wording::of);
        Self { words, voices: voices(self.session, words), ..self }
    }

    /// What somebody is called in the document, who is named by a display name.
    pub fn called<'n>(&'n self, name: &'n str) -> &'n str {
        self.voices.get(name).map_or(name, String::as_str)
    }

    /// Why a turn does not stand in the minutes; `None` if it does.
    pub fn withheld(&self, turn: &Turn) -> Option<String> {
        turn.withheld.as_ref()?;
        self.why_hidden(turn.pieces().next()?.utterance)
    }

    /// Why a line does not stand in the minutes; `None` if it does.
    pub fn why_hidden(&self, line: &Utterance) -> Option<String> {
        match (&line.withheld, &line.bleed_of) {
            (Some(reason), _) => Some(self.words.withheld(reason)),
            (None, Some(of)) => Some((self.words.said.echo_of)(&text::name(of))),
            (None, None) => None,
        }
    }

    /// Those of the people who were heard; while text is pending, all of them: nobody knows.
    pub fn heard(&self) -> impl Iterator<Item = &Person> {
        let all = self.pending.is_some();
        self.people.iter().filter(move |person| all || person.turns > 0 || person.talking_s > 0.0)
    }

    /// The same, with what is known of the tracks' files.
    pub fn with_files(self, files: Vec<TrackFile>) -> Self {
        Self { files, ..self }
    }

    /// The turns with what was marked and what must be known between them, in the one order of time.
    pub fn entries(&self) -> Vec<Entry<'_, &Turn<'a>>> {
        in_order(&self.notices, self.marks(), self.turns.iter().map(|turn| (turn.start, turn)))
    }

    /// The same with utterances instead of turns.
    pub fn lines(&self) -> Vec<Entry<'_, &'a Utterance>> {
        in_order(&self.notices, self.marks(), self.said.iter().map(|said| (spoken(said).0, *said)))
    }

    /// What somebody marked within the selection, by time.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.session.marks().iter().filter(|mark| self.selection.covers(mark.at))
    }

    /// Where an utterance's sound is, and what vouches for its text.
    pub fn evidence<'m>(&'m self, utterance: &'m Utterance) -> Evidence<'m> {
        Evidence::of(self.session, &self.files, utterance)
    }

    /// The title on one line.
    pub fn title(&self) -> String {
        text::name(&self.session.manifest.title)
    }

    /// Up to when the text of a person stands, `12:20`: while a part of it is pending, that is what is known.
    pub fn text_until(&self, person: &Person) -> String {
        pending::until_of(self.session, &person.tracks, self.long, self.words)
    }

    /// Time into the meeting.
    pub fn clock(&self, seconds: f64) -> String {
        text::clock(seconds, self.long)
    }

    /// Time of day, `09:30:05`, and `02:30:05 +01:00` in a meeting for which clocks were changed: an hour of
    /// that day comes twice. Every clock of a document is from here or from [`Meeting::held`].
    /// `None` where only the day of the recording is known.
    pub fn time_of_day(&self, seconds: f64) -> Option<String> {
        if !self.session.manifest.start.clock_known {
            return None;
        }
        let format = if self.clocks_change() { "%H:%M:%S %:z" } else { "%H:%M:%S" };
        Some(self.session.wall(seconds).strftime(format).to_string())
    }

    /// When it was, for a document: `Saturday, 14 March 2026, 09:30–10:12`; where clocks were changed
    /// meanwhile, with their distance from UTC; where only the day is known, that.
    pub fn held(&self) -> String {
        let manifest = &self.session.manifest;
        let (start, end) = (self.session.wall(0.0), self.session.wall(manifest.duration));
        let day = |at: &jiff::Zoned| (self.words.date)(at.date());
        if !manifest.start.clock_known {
            return format!("{}, {}", day(&start), self.words.head.clock_unknown);
        }
        let format = if start.offset() == end.offset() { "%H:%M" } else { "%H:%M UTC%:z" };
        let (from, to) = (start.strftime(format), end.strftime(format));
        let dash = if start.offset() == end.offset() { "–" } else { " – " };
        match start.date() == end.date() {
            true => format!("{}, {from}{dash}{to}", day(&start)),
            false => format!("{}, {from} – {}, {to}", day(&start), day(&end)),
        }
    }

    /// The zone of its times of day: `UTC+01:00 (Europe/Vienna)`, or `UTC`; `None` where no time is known.
    pub fn zone(&self) -> Option<String> {
        let start = &self.session.manifest.start;
        if !start.clock_known {
            return None;
        }
        let at = self.session.wall(0.0);
        let place = start.zone.as_deref().map(text::clean).filter(|zone| !zone.starts_with("Etc/"));
        let place = place.filter(|zone| !zone.is_empty() && zone != "UTC");
        let utc = match at.offset().is_zero() {
            true => "UTC".to_owned(),
            false => at.strftime("UTC%:z").to_string(),
        };
        Some(place.map_or(utc.clone(), |place| format!("{utc} ({place})")))
    }

    /// For a terminal: `2026-03-14, 09:30–10:12 (+01:00, Europe/Vienna)`; where clocks were changed
    /// meanwhile, `2026-10-25, 02:30 +02:00 – 02:10 +01:00 (Europe/Vienna)`; of a file that tells no more,
    /// `2026-10-02, time of day not known`.
    pub fn when(&self) -> String {
        let manifest = &self.session.manifest;
        let (start, end) = (self.session.wall(0.0), self.session.wall(manifest.duration));
        if !manifest.start.clock_known {
            return format!("{}, time of day not known", start.strftime("%Y-%m-%d"));
        }
        let zone = manifest.start.zone.as_deref().map(text::clean);
        let day = if start.date() == end.date() { "" } else { "%Y-%m-%d " };
        let from = start.strftime("%Y-%m-%d, %H:%M");
        if start.offset() == end.offset() {
            let to = end.strftime(&format!("{day}%H:%M")).to_string();
            let zone = zone.map(|zone| format!(", {zone}")).unwrap_or_default();
            return format!("{from}–{to} ({}{zone})", start.strftime("%:z"));
        }
        let to = end.strftime(&format!("{day}%H:%M %:z")).to_string();
        let zone = zone.map(|zone| format!(" ({zone})")).unwrap_or_default();
        format!("{from} {} – {to}{zone}", start.strftime("%:z"))
    }

    /// Whether a clock on the wall shows some time of the meeting twice, or jumps in it. Marks and lines may
    /// lie a little past its end.
    fn clocks_change(&self) -> bool {
        let (start, end) = (self.session.wall(0.0), self.session.wall(self.end()));
        start.offset() != end.offset() || is_ambiguous(&start) || is_ambiguous(&end)
    }

    /// Session seconds of the end of the recording or of what lies past it.
    fn end(&self) -> f64 {
        let marks = self.session.marks().iter().map(|mark| mark.at);
        self.said.iter().map(|said| said.end).chain(marks).fold(self.session.manifest.duration, f64::max)
    }

    /// That nobody spoke, if that is known.
    pub fn nothing_said(&self) -> Option<&'static str> {
        (self.said.is_empty() && self.pending.is_none()).then_some(self.words.said.nothing)
    }

    /// The language that was spoken longest, by its code; `None` if nothing was said.
    pub fn language(&self) -> Option<&'a str> {
        let mut spoken_s: HashMap<&str, f64> = HashMap::new();
        for said in self.said.iter().filter(|said| !said.language.is_empty()) {
            let (start, end) = spoken(said);
            *spoken_s.entry(&said.language).or_default() += end - start;
        }
        let longest = spoken_s.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)));
        longest.map(|(language, _)| language)
    }

    /// Models and languages of what was said, each once, in order of appearance.
    pub fn recognised_by(&self) -> Vec<(String, String)> {
        let mut seen = HashSet::new();
        let by = self.said.iter().map(|u| (text::clean(&u.model), text::clean(&u.language)));
        by.filter(|by| seen.insert(by.clone())).collect()
    }
}

/// The summary, laid over the session. One that can't be read is told, and stops no export.
fn summary(session: &Session) -> Option<Shown> {
    match Summary::read(&session.dir) {
        Ok(summary) => Some(summary?.over(session)),
        Err(error) => {
            tracing::warn!(%error, "the summary is left out of what is exported");
            None
        }
    }
}

/// Where the recogniser failed: track, and session seconds from … to.
fn failed(session: &Session) -> Vec<(String, f64, f64)> {
    let place = |segment: &FailedSegment| {
        let mut takes = session.manifest.takes.iter();
        let take = takes.find(|take| take.track == segment.track && take.take == segment.take)?;
        let (from, to) = (take.time_of(segment.from), take.time_of(segment.to));
        (is_time(from) && is_time(to)).then(|| (segment.track.clone(), from, to.max(from)))
    };
    session.texted.failed.iter().filter_map(place).collect()
}

/// The language that documents have which was spoken most, else the one that was told of the sources, else
/// English.
fn spoken_most(session: &Session, said: &[&Utterance]) -> DocumentLanguage {
    let mut seconds: Vec<(&str, f64)> = Vec::new();
    for line in said {
        let long = (line.end - line.start).max(0.0);
        match seconds.iter_mut().find(|(language, _)| *language == line.language) {
            Some((_, sum)) => *sum += long,
            None => seconds.push((&line.language, long)),
        }
    }
    // Of two that were spoken alike the one that came first.
    let most = seconds.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(language, _)| *language);
    let told = || session.manifest.sources.iter().find_map(|source| source.language.as_deref());
    let language = most.or_else(told).and_then(DocumentLanguage::find);
    language.unwrap_or(DocumentLanguage::English)
}

/// What voices are called that nobody has named, by the names that the session gives them.
fn voices(session: &Session, words: &Wording) -> HashMap<String, String> {
    if words.language == DocumentLanguage::English {
        return HashMap::new();
    }
    let numbered = session.names.voices().filter(|(_, voice)| voice.by == NamedBy::Number);
    let told = numbered.filter_map(|(_, voice)| {
        let name = text::name(&voice.name);
        let own = match name.rsplit_once(", voice ") {
            Some((place, number)) => (words.said.voice_of)(place, number),
            None => (words.said.voice)(name.strip_prefix("Voice ")?),
        };
        Some((name, own))
    });
    told.collect()
}
