//! What a reader must know at its place between what was said: that sound was not recorded there, that the
//! recording was paused, that a passage is hidden, that the text ends there. Pure.
//!
//! Promise: whoever reads on from a moment at which somebody may have spoken unheard is told so there, in
//! whatever format. What several tracks miss together is said once.

use super::gaps::Gap;
use super::selection::Selection;
use super::wording::{ENGLISH, Wording};
use crate::base::text;
use crate::session::amend::Passage;
use crate::session::manifest::{GapCause, SourceEntry, SourceKind};
use crate::session::texted::Pending;

pub use super::kinds::NoticeKind;

/// Missing sound shorter than this many seconds is told in the account alone: nobody misses a word in it.
const TOLD_S: f64 = 1.0;
/// Tracks miss sound together when it begins and ends within this many seconds.
const TOGETHER_S: f64 = 1.0;

/// Something that stands between what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub kind: NoticeKind,
    /// Session second of its beginning.
    pub from: f64,
    /// Session second of its end.
    pub to: f64,
    /// Names of the tracks in files that it is about; empty means all.
    pub tracks: Vec<String>,
    /// Display names of those who are heard on them; empty means everybody.
    pub who: Vec<String>,
    /// Why, where that is known.
    pub why: Option<Reason>,
    /// Whether sound was lost by it.
    pub lost: bool,
}

/// Why something is to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Sound is missing, of that kind of source; the second says whether nobody knows how much.
    Gap(GapCause, SourceKind, bool),
    RecogniserFailed,
    /// Muted, or the wrong device.
    Muted,
    /// Muted while something was played.
    LoudspeakerMuted,
    /// Words may be missing.
    WordsMissing,
    /// The command that makes the text.
    Command(String),
}

impl Reason {
    fn told(&self, words: &Wording) -> String {
        let why = &words.why;
        match self {
            Self::Gap(cause, kind, false) => (words.reason)(*cause, *kind).to_owned(),
            Self::Gap(cause, kind, true) => {
                format!("{}{}{}", (words.reason)(*cause, *kind), words.semicolon, why.length_unknown)
            }
            Self::RecogniserFailed => why.recogniser_failed.to_owned(),
            Self::Muted => why.muted.to_owned(),
            Self::LoudspeakerMuted => why.loudspeaker_muted.to_owned(),
            Self::WordsMissing => why.words_missing.to_owned(),
            Self::Command(command) => command.clone(),
        }
    }
}

impl Notice {
    /// About all tracks.
    fn of_all(kind: NoticeKind, from: f64, to: f64) -> Self {
        Self { kind, from, to, tracks: Vec::new(), who: Vec::new(), why: None, lost: false }
    }

    /// What it says without when, to a program: `Bob not recorded: device was unplugged`.
    pub fn what(&self) -> String {
        self.told(&ENGLISH)
    }

    /// The same in the words of a document.
    pub fn told(&self, words: &Wording) -> String {
        let why = self.why.as_ref().map(|why| format!("{}{}", words.colon, why.told(words)));
        self.bare(words) + &why.unwrap_or_default()
    }

    /// The same for a document whose beginning has the command that makes the text.
    pub fn brief(&self, words: &Wording) -> String {
        if self.kind == NoticeKind::TextPending { self.bare(words) } else { self.told(words) }
    }

    fn bare(&self, words: &Wording) -> String {
        (words.notice)(self.kind, &(words.list)(&self.who))
    }

    /// When it was, `00:49–01:03`; `long` is whether times are told with hours.
    pub fn when(&self, long: bool) -> String {
        let (from, to) = (text::clock(self.from, long), text::clock(self.to, long));
        if from == to { from } else { format!("{from}–{to}") }
    }
}

/// What notices are made of.
pub struct Facts<'a> {
    pub sources: &'a [SourceEntry],
    /// By time.
    pub gaps: &'a [Gap],
    /// Session seconds from … to; the last one may have no end.
    pub pauses: &'a [(f64, f64)],
    /// What people hid.
    pub passages: &'a [Passage],
    /// Text that has not been made, and the command that makes it.
    pub pending: Option<(Pending, String)>,
    /// Where tracks were silent that should not have been: track, and session seconds from … to.
    pub silences: &'a [(String, f64, f64)],
    /// Where what is said is far too quiet: track, and session seconds from … to.
    pub too_quiet: &'a [(String, f64, f64)],
    /// Where the recogniser failed: track, and session seconds from … to.
    pub failed: &'a [(String, f64, f64)],
    /// Names that are heard as voices, each with its track.
    pub heard: &'a [(String, String)],
    /// Session second of the end.
    pub end: f64,
}

/// All that must be told within a selection, by time.
pub fn notices(facts: &Facts, selection: &Selection) -> Vec<Notice> {
    let pauses: Vec<(f64, f64)> =
        facts.pauses.iter().map(|(from, to)| (*from, to.min(facts.end.max(*from)))).collect();
    let mut all = missing(facts, &pauses);
    all.extend(pauses.iter().map(|(from, to)| Notice::of_all(NoticeKind::Paused, *from, *to)));
    let hidden = |passage: &Passage| Notice::of_all(NoticeKind::Hidden, passage.from, passage.to);
    all.extend(facts.passages.iter().map(hidden));
    all.extend(facts.silences.iter().map(|silence| silent(facts, silence)));
    all.extend(facts.too_quiet.iter().map(|quiet| too_quiet(facts, quiet)));
    all.extend(facts.failed.iter().map(|failed| not_transcribed(facts.sources, failed)));
    all.extend(pending(facts));
    all.retain(|notice| takes(selection, facts.heard, notice));
    all.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.to.total_cmp(&b.to)));
    all
}

fn takes(selection: &Selection, heard: &[(String, String)], notice: &Notice) -> bool {
    let inside = selection.covers(notice.from) || (notice.from < selection.to && notice.to > selection.from);
    let theirs = |name: &String| selection.speakers.contains(name);
    let on_track =
        || heard.iter().any(|(who, track)| selection.speakers.contains(who) && notice.tracks.contains(track));
    let all = selection.speakers.is_empty() || notice.who.is_empty();
    inside && (all || notice.who.iter().any(theirs) || on_track())
}

/// Sound that somebody may miss, told once for all tracks that miss it together.
fn missing(facts: &Facts, pauses: &[(f64, f64)]) -> Vec<Notice> {
    let told = |gap: &&Gap| {
        let known = matches!(gap.cause, GapCause::Paused | GapCause::Suspend | GapCause::Muted);
        // Somebody else's voice is never too short to be told, nor what somebody left out; nor is what may
        // have been of any length.
        let always = matches!(gap.cause, GapCause::Foreign | GapCause::Muted);
        let long = gap.seconds >= TOLD_S || always || gap.is_unknown();
        long && (gap.is_lost() || known) && !is_paused(gap, pauses)
    };
    let mut groups: Vec<Vec<&Gap>> = Vec::new();
    for gap in facts.gaps.iter().filter(told) {
        let near = |a: f64, b: f64| (a - b).abs() <= TOGETHER_S;
        let same = |group: &&mut Vec<&Gap>| {
            let first = group[0];
            let why = |gap: &Gap| (ENGLISH.reason)(gap.cause, gap.kind);
            let same = first.cause == gap.cause && why(first) == why(gap);
            same && near(gap.at, first.at) && near(gap.end(), first.end())
        };
        match groups.iter_mut().rev().take(8).find(same) {
            Some(group) => group.push(gap),
            None => groups.push(vec![gap]),
        }
    }
    groups.into_iter().map(|group| of_group(facts.sources, &group)).collect()
}

fn name_of(sources: &[SourceEntry], track: &str) -> String {
    text::name(sources.iter().find(|source| source.track == track).map_or(track, |source| &source.name))
}

fn not_transcribed(sources: &[SourceEntry], (track, from, to): &(String, f64, f64)) -> Notice {
    Notice {
        tracks: vec![track.clone()],
        who: vec![name_of(sources, track)],
        why: Some(Reason::RecogniserFailed),
        ..Notice::of_all(NoticeKind::NotTranscribed, *from, *to)
    }
}

fn silent(facts: &Facts, (track, from, to): &(String, f64, f64)) -> Notice {
    let kind = facts.sources.iter().find(|source| source.track == *track).map(|source| source.kind);
    let why = match kind {
        Some(SourceKind::Loopback) => Reason::LoudspeakerMuted,
        _ => Reason::Muted,
    };
    Notice {
        tracks: vec![track.clone()],
        who: vec![name_of(facts.sources, track)],
        why: Some(why),
        ..Notice::of_all(NoticeKind::Silent, *from, to.min(facts.end.max(*from)))
    }
}

fn too_quiet(facts: &Facts, (track, from, to): &(String, f64, f64)) -> Notice {
    Notice {
        tracks: vec![track.clone()],
        who: vec![name_of(facts.sources, track)],
        why: Some(Reason::WordsMissing),
        ..Notice::of_all(NoticeKind::TooQuiet, *from, to.min(facts.end.max(*from)))
    }
}

/// Where the text of each track ends before its sound does, once for those that end together.
fn pending(facts: &Facts) -> Vec<Notice> {
    let Some((pending, command)) = &facts.pending else { return Vec::new() };
    let mut out: Vec<Notice> = Vec::new();
    for (track, until) in &pending.until {
        let Some(until) = until.filter(|until| *until <= 0.0 || *until + TOLD_S <= facts.end) else {
            continue;
        };
        let (track, who) = (track.clone(), name_of(facts.sources, track));
        match out.iter_mut().find(|notice| (notice.from - until).abs() <= TOGETHER_S) {
            Some(notice) => {
                notice.from = notice.from.min(until);
                notice.tracks.push(track);
                notice.who.push(who);
            }
            None => out.push(Notice {
                tracks: vec![track],
                who: vec![who],
                why: Some(Reason::Command(command.clone())),
                ..Notice::of_all(NoticeKind::TextPending, until, facts.end.max(until))
            }),
        }
    }
    if let [one] = out.as_mut_slice()
        && one.tracks.len() == facts.sources.len()
    {
        one.tracks.clear();
        one.who.clear();
    }
    out.iter_mut().for_each(|notice| notice.who.dedup());
    out
}

/// Whether it is what a pause that is told anyway left out.
fn is_paused(gap: &Gap, pauses: &[(f64, f64)]) -> bool {
    gap.cause == GapCause::Paused
        && pauses.iter().any(|(from, to)| *from < gap.end() + TOGETHER_S && gap.at < *to + TOGETHER_S)
}

fn of_group(sources: &[SourceEntry], group: &[&Gap]) -> Notice {
    let first = group[0];
    let all = group.len() == sources.len() && group.len() > 1;
    let kind = match first.cause {
        GapCause::Paused => NoticeKind::Paused,
        GapCause::Muted => NoticeKind::Muted,
        _ => NoticeKind::NotRecorded,
    };
    let mut notice = Notice {
        kind,
        from: first.at,
        to: group.iter().map(|gap| gap.end()).fold(first.at, f64::max),
        tracks: group.iter().map(|gap| gap.track.clone()).collect(),
        who: group.iter().map(|gap| gap.who.clone()).collect(),
        why: (kind == NoticeKind::NotRecorded)
            .then(|| Reason::Gap(first.cause, first.kind, group.iter().any(|gap| gap.is_unknown()))),
        lost: group.iter().any(|gap| gap.is_lost()),
    };
    notice.who.dedup();
    if all {
        notice.tracks.clear();
        notice.who.clear();
    }
    notice
}
