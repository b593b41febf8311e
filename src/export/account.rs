//! The account of a session's frames, in words.

use super::wording::{ENGLISH, Wording};
use crate::base::text::{clean, grouped, name};
use crate::base::units::{Frames, SampleRate};
use crate::care::reckon::{reckon, rounding_s};
use crate::care::replay::{Replay, Scan};
use crate::session::account::is_unknown;
use crate::session::manifest::{GapCause, GapSum, Manifest, SourceEntry, SourceKind, TrackAccount};
use crate::session::reading::Session;

pub use super::kinds::Lost;

/// One track's account, ready to be told.
#[derive(Debug)]
pub struct AccountLine {
    /// The track's name in files.
    pub track: String,
    /// Its display name.
    pub name: String,
    /// Frames from session time × measured rate.
    pub expected: Frames,
    /// Frames of sound in the files.
    pub written: Frames,
    /// The same in seconds.
    pub written_s: f64,
    /// All missing frames.
    pub gaps: Frames,
    /// How much of it was lost.
    pub lost: Lost,
    /// What was lost, a clause per cause.
    pub losses: Vec<Clause>,
    /// What is missing without being a loss, likewise.
    pub absences: Vec<Clause>,
    /// `expected - written - gaps`.
    pub unexplained: i64,
    /// Whether that is no more than rounding: what is left where a take begins or ends, since a clock is
    /// measured and frames are counted.
    pub is_rounding: bool,
}

/// What is missing of a track for one cause; shown, it is `2.1 s lost: device was unplugged`.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// There is no sound.
    Missing {
        amount: Lost,
        /// Whether it is a loss.
        lost: bool,
        /// Why, and of what kind of source; `None` where nothing says so.
        why: Option<(GapCause, SourceKind)>,
        times: u64,
    },
    /// There are so many seconds of nothing but digital silence.
    Silence(f64),
}

impl Clause {
    /// In the words of a document.
    pub fn told(&self, words: &Wording) -> String {
        let account = &words.account;
        match self {
            Self::Silence(seconds) => (account.silence)(&(words.length)(*seconds)),
            Self::Missing { amount, lost, why, times } => {
                let why = why.map_or(account.no_reason, |(cause, kind)| (words.reason)(cause, kind));
                (account.missing)(&words.lost(*amount), *lost, why, *times)
            }
        }
    }
}

impl std::fmt::Display for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.told(&ENGLISH))
    }
}

impl AccountLine {
    /// `3,000,000 frames expected = 2,899,200 written + 100,800 in gaps`
    pub fn equation(&self) -> String {
        let mut out =
            format!("{} frames expected = {} written", grouped(self.expected.0), grouped(self.written.0));
        if self.gaps.0 > 0 {
            out += &format!(" + {} in gaps", grouped(self.gaps.0));
        }
        match self.unexplained {
            0 => {}
            // Worth a figure, no more.
            n if self.is_rounding => {
                out +=
                    &format!(" {} {} of rounding", if n > 0 { '+' } else { '−' }, grouped(n.unsigned_abs()));
            }
            n if n > 0 => out += &format!(" + {} unexplained", grouped(n.unsigned_abs())),
            n => out += &format!(" − {} more than expected", grouped(n.unsigned_abs())),
        }
        out
    }
}

/// The account of a session per track: as its journal gives it, which is what `verify` holds the files
/// against; where there is no whole journal, as the manifest has it.
pub fn of_session(session: &Session, scan: &Scan) -> Vec<AccountLine> {
    let mut lines = if scan.damage.is_some() || scan.replay.takes.is_empty() {
        lines(&session.manifest)
    } else {
        let sources = scan.replay.sources();
        let account = sources.iter().map(|source| reckon(&scan.replay, source).account).collect();
        lines(&Manifest { account, ..session.manifest.clone() })
    };
    add_silences(&mut lines, &scan.replay, session.manifest.duration);
    lines
}

/// The account of a manifest per track, in the order the user named the tracks.
pub fn lines(manifest: &Manifest) -> Vec<AccountLine> {
    let place = |account: &&TrackAccount| {
        manifest.sources.iter().position(|source| source.track == account.track).unwrap_or(usize::MAX)
    };
    let mut accounts: Vec<&TrackAccount> = manifest.account.iter().collect();
    accounts.sort_by_key(place);
    accounts.into_iter().map(|account| line(manifest, account)).collect()
}

/// Adds to each account what the journal says of digital silence: nothing is missing there, and nothing was
/// heard.
pub fn add_silences(lines: &mut [AccountLine], replay: &Replay, duration: f64) {
    for line in lines {
        let of = replay.silences.iter().filter(|(track, _, _)| clean(track) == line.track);
        let seconds: f64 = of.map(|(_, from, to)| (to.min(duration) - from).max(0.0)).sum();
        if seconds > 0.0 {
            line.absences.push(Clause::Silence(seconds));
        }
    }
}

/// `2.1 s`, `at least 2.1 s`, `an unknown amount`
impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&ENGLISH.lost(*self))
    }
}

/// What was lost in all, over all tracks.
pub fn lost(manifest: &Manifest) -> Lost {
    let of_tracks = manifest.account.iter().map(|account| lost_of(manifest, account));
    of_tracks.fold(Lost::default(), |all, own| Lost {
        seconds: all.seconds + own.seconds,
        unknown: all.unknown || own.unknown,
    })
}

/// The accounts as JSON: what is not known is null.
pub fn json(manifest: &Manifest) -> serde_json::Value {
    let one = |account: &TrackAccount| {
        let mut told = serde_json::json!(account);
        if lost_of(manifest, account).unknown {
            told["lost"] = serde_json::Value::Null;
            told["expected"] = serde_json::Value::Null;
            for (n, _) in
                account.gaps.iter().enumerate().filter(|(_, gap)| is_unknown_gap(manifest, account, gap))
            {
                told["gaps"][n]["frames"] = serde_json::Value::Null;
            }
        }
        told
    };
    manifest.account.iter().map(one).collect()
}

fn lost_of(manifest: &Manifest, account: &TrackAccount) -> Lost {
    let unknown = account.gaps.iter().filter(|gap| is_unknown_gap(manifest, account, gap));
    let frames = unknown.fold(None, |sum: Option<u64>, gap| Some(sum.unwrap_or(0) + gap.frames.0));
    let known = account.lost.0.saturating_sub(frames.unwrap_or(0));
    Lost { seconds: seconds(manifest, account, Frames(known)), unknown: frames.is_some() }
}

/// Whether these frames stand for a loss of which nobody knows how long it was.
fn is_unknown_gap(manifest: &Manifest, account: &TrackAccount, gap: &GapSum) -> bool {
    gap.loss
        && gap.frames.0 > 0
        && is_unknown(gap.cause, kind_of(manifest, account), seconds(manifest, account, gap.frames))
}

fn kind_of(manifest: &Manifest, account: &TrackAccount) -> SourceKind {
    let source = manifest.sources.iter().find(|source| source.track == account.track);
    source.map_or(SourceKind::Mic, |source| source.kind)
}

/// Frames of a track in seconds. Takes may differ in rate; the account counts at that of the first, and at
/// 48 kHz where there is none.
fn seconds(manifest: &Manifest, account: &TrackAccount, frames: Frames) -> f64 {
    let take = manifest.takes.iter().find(|take| take.track == account.track);
    frames.seconds(take.map_or(SampleRate::HZ_48000, |take| take.rate))
}

fn line(manifest: &Manifest, account: &TrackAccount) -> AccountLine {
    let source = manifest.sources.iter().find(|source| source.track == account.track);
    let kind = source.map_or(SourceKind::Mic, |source| source.kind);
    let clause = |gap: &GapSum| {
        let amount = match is_unknown_gap(manifest, account, gap) {
            true => Lost { seconds: 0.0, unknown: true },
            false => Lost { seconds: seconds(manifest, account, gap.frames), unknown: false },
        };
        Clause::Missing { amount, lost: gap.loss, why: Some((gap.cause, kind)), times: gap.count }
    };
    let of = |loss: bool| {
        account.gaps.iter().filter(|gap| gap.loss == loss && gap.frames.0 > 0).map(clause).collect()
    };
    let gaps = account.gaps.iter().fold(0u64, |sum, gap| sum.saturating_add(gap.frames.0));
    let named =
        account.gaps.iter().filter(|gap| gap.loss).fold(0u64, |sum, gap| sum.saturating_add(gap.frames.0));
    let mut losses: Vec<Clause> = of(true);
    let unnamed = account.lost.0.saturating_sub(named);
    if unnamed > 0 {
        let amount = Lost { seconds: seconds(manifest, account, Frames(unnamed)), unknown: false };
        losses.push(Clause::Missing { amount, lost: true, why: None, times: 1 });
    }
    let takes = manifest.takes.iter().filter(|take| take.track == account.track).count();
    let off = seconds(manifest, account, Frames(account.unexplained.unsigned_abs()));
    AccountLine {
        track: clean(&account.track),
        name: name(source.map_or(account.track.as_str(), |source| &source.name)),
        expected: account.expected,
        written: account.written,
        written_s: seconds(manifest, account, account.written),
        gaps: Frames(gaps),
        lost: lost_of(manifest, account),
        losses,
        absences: of(false),
        unexplained: account.unexplained,
        is_rounding: off <= rounding_s(takes) && unnamed == 0,
    }
}

/// What a source was recorded with: `microphone Blue Yeti, channel 2`.
pub fn recorded_from(source: &SourceEntry) -> String {
    let kind = match source.kind {
        SourceKind::Loopback => "loopback",
        kind => (ENGLISH.account.source)(kind),
    };
    with_device(kind, source, |n| format!("channel {n}"))
}

/// The same in the words of a document.
pub fn recorded_from_in(words: &Wording, source: &SourceEntry) -> String {
    with_device((words.account.source)(source.kind), source, words.account.channel)
}

fn with_device(kind: &str, source: &SourceEntry, channel: fn(u16) -> String) -> String {
    let device = source.device_name.as_deref().or(source.device.as_deref()).map(clean).unwrap_or_default();
    let channel = source.channel.map(|n| format!(", {}", channel(n))).unwrap_or_default();
    format!("{kind} {device}{channel}").replace(" ,", ",").trim_end().to_owned()
}
