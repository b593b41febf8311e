//! The account of a session's frames, in words.

use crate::base::text::{clean, count, grouped, length, name};
use crate::base::units::{Frames, SampleRate};
use crate::care::reckon::{reckon, rounding_s};
use crate::care::replay::{Replay, Scan};
use crate::session::account::is_unknown;
use crate::session::manifest::{GapCause, GapSum, Manifest, SourceKind, TrackAccount};
use crate::session::reading::Session;

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
    /// What was lost, a clause per cause: `2.1 s lost: device was unplugged`.
    pub losses: Vec<String>,
    /// What is missing without being a loss, likewise.
    pub absences: Vec<String>,
    /// `expected - written - gaps`.
    pub unexplained: i64,
    /// Whether that is no more than rounding: what is left where a take begins or ends, since a clock is
    /// measured and frames are counted.
    pub is_rounding: bool,
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
            line.absences.push(format!("{} of nothing but digital silence (muted?)", length(seconds)));
        }
    }
}

/// How much sound was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lost {
    /// Seconds that are known.
    pub seconds: f64,
    /// Beside them an amount that nobody knows.
    pub unknown: bool,
}

impl Lost {
    /// Whether anything was lost.
    pub fn is_any(&self) -> bool {
        self.unknown || self.seconds > 0.0
    }

    /// Seconds in all, if that is known.
    pub fn known(&self) -> Option<f64> {
        (!self.unknown).then_some(self.seconds)
    }
}

/// `2.1 s`, `at least 2.1 s`, `an unknown amount`
impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.unknown, self.seconds > 0.0) {
            (true, false) => f.write_str("an unknown amount"),
            (true, true) => write!(f, "at least {}", length(self.seconds)),
            (false, _) => f.write_str(&length(self.seconds)),
        }
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
        let long = match is_unknown_gap(manifest, account, gap) {
            true => Lost { seconds: 0.0, unknown: true }.to_string(),
            false => length(seconds(manifest, account, gap.frames)),
        };
        let what = if gap.loss { "lost" } else { "not recorded" };
        let times = if gap.count > 1 { format!(" ({})", count(gap.count, "time")) } else { String::new() };
        format!("{long} {what}: {}{times}", reason(gap.cause, kind))
    };
    let of = |loss: bool| {
        account.gaps.iter().filter(|gap| gap.loss == loss && gap.frames.0 > 0).map(clause).collect()
    };
    let gaps = account.gaps.iter().fold(0u64, |sum, gap| sum.saturating_add(gap.frames.0));
    let named =
        account.gaps.iter().filter(|gap| gap.loss).fold(0u64, |sum, gap| sum.saturating_add(gap.frames.0));
    let mut losses: Vec<String> = of(true);
    let unnamed = account.lost.0.saturating_sub(named);
    if unnamed > 0 {
        let long = length(seconds(manifest, account, Frames(unnamed)));
        losses.push(format!("{long} lost: nothing says why"));
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

/// Why sound is missing, for people.
pub fn reason(cause: GapCause, kind: SourceKind) -> &'static str {
    match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "nothing was playing",
        (GapCause::NotStarted, _) => "device started late",
        (GapCause::Stall, _) => "device delivered nothing",
        (GapCause::Slip, _) => "device skipped a little",
        (GapCause::Overrun, _) => "computer was too busy to take the sound in time",
        (GapCause::DeviceLost, SourceKind::File) => "file broke off",
        (GapCause::DeviceLost, _) => "device was unplugged",
        (GapCause::Foreign, _) => "another device's sound came instead",
        (GapCause::Restart, _) => "recorder was restarted",
        (GapCause::Suspend, _) => "computer slept",
        (GapCause::Suspended, _) => "recorder's process was stopped",
        (GapCause::Paused, _) => "recording was paused",
        (GapCause::Muted, _) => "track was muted",
        (GapCause::WriteError, _) => "disk refused to write",
        (GapCause::Ended, _) => "source had ended",
        (GapCause::Damaged, _) => "file is damaged there",
        (GapCause::Unrecorded, _) => "file holds no sound for this time",
    }
}

/// What a source was recorded with: `microphone Blue Yeti, channel 2`.
pub fn recorded_from(source: &crate::session::manifest::SourceEntry) -> String {
    let kind = match source.kind {
        SourceKind::Mic => "microphone",
        SourceKind::Loopback => "loopback",
        SourceKind::File => "file",
        SourceKind::Synth => "synthetic sound",
    };
    let device = source.device_name.as_deref().or(source.device.as_deref()).map(clean).unwrap_or_default();
    let channel = source.channel.map(|n| format!(", channel {n}")).unwrap_or_default();
    format!("{kind} {device}{channel}").replace(" ,", ",").trim_end().to_owned()
}
