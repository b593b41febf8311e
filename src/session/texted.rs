//! How far the text of a session is made, as its journal says. That nobody spoke can be said only where
//! somebody listened: a line that isn't there is either silence or text that has not been made yet, and the
//! two are told apart here.
//!
//! A session of a version that did not journal how far its text was counts as it looks: with lines and
//! without a word of pending text it is made.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::journal::{Event, Line, TrackReached};
use super::lines::LineReader;
use super::read::{JOURNAL, JOURNAL_BYTES_MAX, ReadError, is_time};
use crate::base::units::Frames;
use crate::base::utterance::Utterance;

/// Why the text is pending of a recording that was to be made without.
pub const NOT_ASKED: &str = "it was not asked for";
/// How a journal writes the kinds of lines that matter here; only those are parsed. A kind stands near a
/// line's beginning.
const KINDS: [&[u8]; 2] = [br#""kind":"text_"#, br#""kind":"segment_failed""#];
/// Bytes of a line among which its kind stands.
const KIND_WITHIN: usize = 200;
/// Computers that are named; nobody asks more.
const SENT_TO_MAX: usize = 20;
/// Seconds that make a part of a text.
const PART_S: f64 = 1.0;
/// Bytes at a journal's end in which a text that is made is found: what people added since is little.
const END_BYTES: u64 = 64 << 10;

/// What the journal says of a session's text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Texted {
    /// All tracks were listened to, from their beginnings to their ends.
    complete: bool,
    /// It was journalled how far the text is.
    told: bool,
    /// Session second up to which a track was listened to; `None` means to its end.
    until: BTreeMap<String, Option<f64>>,
    /// Why text is pending.
    reason: Option<String>,
    /// Other computers that were sent what was said, in that order.
    pub sent_to: Vec<String>,
    /// Other computers that were sent the text, for summaries, in that order.
    pub summarised_by: Vec<String>,
    /// Segments that were passed over.
    pub failed: Vec<FailedSegment>,
}

/// Sound of a track in which the recogniser failed: it was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSegment {
    pub track: String,
    pub take: u32,
    /// First frame.
    pub from: Frames,
    /// One past the last frame.
    pub to: Frames,
}

/// Text that has not been made yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Why, where that is known.
    pub reason: Option<String>,
    /// Session second up to which the text of each track stands; `None` means to its end.
    pub until: Vec<(String, Option<f64>)>,
}

impl Pending {
    /// Whether a part of it is there. Where nothing was understood yet, the silence before the first word may
    /// have been listened to all the same.
    pub fn is_part(&self) -> bool {
        self.until.iter().any(|(_, until)| until.is_none_or(|until| until >= PART_S))
    }
}

/// Names a computer once.
fn named(hosts: &mut Vec<String>, host: String) {
    if !hosts.contains(&host) && hosts.len() < SENT_TO_MAX {
        hosts.push(host);
    }
}

impl Texted {
    /// Reads the journal of the session in `dir`; one that is missing says nothing.
    ///
    /// # Errors
    /// It is there and can't be read.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        let mut texted = Self::default();
        let Some(mut lines) = LineReader::open(&dir.join(JOURNAL), JOURNAL_BYTES_MAX)? else {
            return Ok(texted);
        };
        while let Some(line) = lines.next_line()? {
            texted.take_line(line.bytes);
        }
        Ok(texted)
    }

    /// Whether the text of the session in `dir` is made, for a look at many sessions: mostly the end of the
    /// journal is enough.
    pub fn is_made(dir: &Path, has_lines: bool) -> bool {
        let end = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(dir.join(JOURNAL))?;
            let size = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(size.saturating_sub(END_BYTES)))?;
            let mut bytes = Vec::new();
            file.take(END_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let mut texted = Self::default();
        for line in end().unwrap_or_default().split(|byte| *byte == b'\n') {
            texted.take_line(line);
        }
        texted.complete || Self::read(dir).is_ok_and(|texted| texted.is_made_with(has_lines))
    }

    fn take_line(&mut self, line: &[u8]) {
        let head = &line[..line.len().min(KIND_WITHIN)];
        let is_of = |kind: &&[u8]| head.windows(kind.len()).any(|window| window == *kind);
        if KINDS.iter().any(is_of)
            && let Ok(line) = serde_json::from_slice::<Line>(line)
        {
            self.take(line.event);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::TextReached { tracks, complete } => {
                self.told = true;
                tracks.into_iter().for_each(|reached| self.reach(reached));
                self.complete |= complete;
            }
            Event::TextSent { host } => named(&mut self.sent_to, host),
            Event::TextSummarised { host } => named(&mut self.summarised_by, host),
            Event::TextPending { reason } => self.reason = Some(reason),
            Event::TextBegun { .. } => {
                self.reason = None;
                self.failed.clear();
                // What is there already counts until the new text is complete.
                if !self.complete {
                    self.until.clear();
                }
            }
            Event::SegmentFailed { track, take, from, to, skipped: true, .. } => {
                self.failed.push(FailedSegment { track, take, from, to });
            }
            _ => {}
        }
    }

    /// A continuation tells where it begins once it has heard something.
    fn reach(&mut self, reached: TrackReached) {
        if reached.until.is_some_and(|until| !is_time(until)) {
            return;
        }
        let until = self.until.entry(reached.track).or_insert(Some(0.0));
        *until = until.zip(reached.until).map(|(known, new)| known.max(new));
    }

    fn is_made_with(&self, has_lines: bool) -> bool {
        self.complete || (!self.told && self.reason.is_none() && has_lines)
    }

    /// What of the text of a session with these tracks and lines has not been made; `None` means that all of
    /// it is.
    pub fn pending<'a>(&self, tracks: impl Iterator<Item = &'a str>, lines: &[Utterance]) -> Option<Pending> {
        if self.is_made_with(!lines.is_empty()) {
            return None;
        }
        let last = |track: &str| {
            let theirs = lines.iter().filter(|line| line.track == track);
            theirs.map(|line| line.end).fold(0.0, f64::max)
        };
        let until = |track: &str| match self.told {
            true => self.until.get(track).copied().unwrap_or(Some(0.0)),
            false => Some(last(track)),
        };
        let until = tracks.map(|track| (track.to_owned(), until(track))).collect();
        Some(Pending { reason: self.reason.clone(), until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texted(events: &[Event]) -> Texted {
        let mut texted = Texted::default();
        events.iter().for_each(|event| texted.take(event.clone()));
        texted
    }

    fn reached(until: Option<f64>, complete: bool) -> Event {
        Event::TextReached { tracks: vec![TrackReached { track: "a".into(), until }], complete }
    }

    fn until(texted: &Texted, lines: &[Utterance]) -> Option<Option<f64>> {
        texted.pending(std::iter::once("a"), lines).map(|pending| pending.until[0].1)
    }

    #[test]
    fn silence_is_said_only_where_somebody_listened() {
        let line = Utterance { track: "a".into(), end: 7.0, ..Utterance::default() };
        let pending = |reason: &str| Event::TextPending { reason: reason.into() };
        let begun = Event::TextBegun { lines: 0 };
        assert_eq!(until(&texted(&[]), &[]), Some(Some(0.0)), "nobody listened");
        assert_eq!(until(&texted(&[reached(None, true)]), &[]), None, "nobody spoke");
        let part = texted(&[reached(Some(0.0), false), reached(Some(5.0), false), pending("x")]);
        assert_eq!(until(&part, std::slice::from_ref(&line)), Some(Some(5.0)));
        // An older version: it has lines, or says that they are pending.
        assert_eq!(until(&texted(&[]), std::slice::from_ref(&line)), None);
        assert_eq!(until(&texted(&[pending("x")]), std::slice::from_ref(&line)), Some(Some(7.0)));
        // What is there already counts until the new text is complete.
        let again = texted(&[reached(None, true), begun.clone(), reached(Some(3.0), false), pending("x")]);
        assert_eq!(until(&again, &[]), None);
        let first = texted(&[reached(Some(5.0), false), begun, reached(Some(3.0), false)]);
        assert_eq!(until(&first, &[]), Some(Some(3.0)));
    }
}
