//! Alarms: notice while there is still time that a track holds no true sound, or that the disk is about to be
//! full. Pure.
//!
//! A recorder that says "recording" over a dead microphone is worse than none. So each alarm is told once, on
//! the terminal and in the journal, and once more when its cause is gone. Quiet is not an alarm: what a
//! working converter gives in a silent room is never exactly zero, and a loopback of which nothing is heard
//! plays nothing, unless the system says that a program plays there.

use crate::base::cause::{Alarm, Condition, SourceKind};
use crate::base::clock_map::ClockFit;
use crate::clock::trouble::clock_trouble;

/// A track without true sound for this long is dead, in seconds. Its user must know within ten: this leaves
/// the time to notice.
const DEAD_S: f64 = 8.5;
/// This many samples at full scale in a row on one channel are clipping; a single one is a peak that fits.
const CLIP_RUN: u32 = 3;
/// What counts as full scale: the highest sample of a 12-bit converter and all above it.
const FULL_SCALE: f32 = 2_047.0 / 2_048.0;
/// This many clipped runs…
const CLIPS: u32 = 5;
/// …within this many seconds are an alarm; one slammed door is not.
const CLIP_WINDOW_S: f64 = 10.0;
/// Seconds without clipping that end its alarm.
const CLIP_OVER_S: f64 = 30.0;
/// Sound above this level (RMS of a block; −50 dBFS) is activity.
const ACTIVE: f32 = 0.003_162_3;
/// A side that was quiet for this long…
const QUIET_S: f64 = 180.0;
/// …while the other ones were active for this long in sum, in seconds, may be muted: a hint.
const OTHERS_S: f64 = 30.0;
/// Room for this many seconds of recording: a warning, and a last one.
const SPACE_WARN_S: [f64; 2] = [600.0, 120.0];
/// The warning ends with a fifth more room than it began with: a disk on the edge is one event.
const SPACE_OVER: f64 = 1.2;
/// Recording ends in good order while there is room for this many seconds more…
const SPACE_STOP_S: f64 = 5.0;
/// …and this many bytes for the journal, the manifest and the text that is still to come.
const SPACE_STOP_BYTES: u64 = 1 << 20;
/// Journal and transcript of a track beside its sound, in bytes a second; rounded up from what meetings show.
pub const TEXT_BYTES_PER_S: u64 = 1_000;

/// An alarm began or ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub alarm: Alarm,
    /// Whether it began; else it ended.
    pub on: bool,
    /// For people.
    pub text: String,
    /// Session second since which it has been so, or up to which it was, where that is not just now.
    pub at: Option<f64>,
}

/// One track's alarms.
#[derive(Debug)]
pub struct TrackAlarms {
    kind: SourceKind,
    /// Session second up to which there was sound.
    until: f64,
    /// Session second at which sound last arrived.
    arrived: f64,
    /// Since when all samples have been zero.
    zero_since: Option<f64>,
    zeros: bool,
    /// What the system does to the sound, and since when something has been played.
    condition: Condition,
    played_since: Option<f64>,
    /// What is played has been heard: from then on its silence is a pause, unless the system silences it.
    heard: bool,
    no_sound: bool,
    /// Samples at full scale in a row, per channel.
    full: Vec<u32>,
    /// When the current count of clipped runs began, and how many there were.
    clips: (f64, u32),
    clipped_at: f64,
    clipping: bool,
    /// Seconds of activity so far.
    active_s: f64,
    /// When this track was last active, and how active the others had been by then.
    quiet_since: f64,
    others_then: f64,
    active_then: f64,
    quiet: bool,
    /// Nothing of it was to be heard since it was last compared with others.
    rested: bool,
    clock: bool,
    changes: Vec<Change>,
}

impl TrackAlarms {
    /// Over a track of this kind, from the session's start.
    pub fn new(kind: SourceKind) -> Self {
        Self {
            kind,
            until: 0.0,
            arrived: 0.0,
            zero_since: None,
            zeros: false,
            condition: Condition::default(),
            played_since: None,
            heard: false,
            no_sound: false,
            full: Vec::new(),
            clips: (0.0, 0),
            clipped_at: 0.0,
            clipping: false,
            active_s: 0.0,
            quiet_since: 0.0,
            others_then: 0.0,
            active_then: 0.0,
            quiet: false,
            rested: false,
            clock: false,
            changes: Vec::new(),
        }
    }

    /// Interleaved sound from session second `from` to `to` arrived at session second `now`.
    pub fn hear(
        &mut self,
        samples: impl Iterator<Item = f32>,
        channels: usize,
        (from, to): (f64, f64),
        now: f64,
    ) {
        let channels = channels.max(1);
        self.full.resize(channels, 0);
        let (mut energy, mut any, mut count, mut clips) = (0.0f32, false, 0usize, 0u32);
        // Every sample that is recorded comes by here: no division.
        let mut channel = 0;
        for sample in samples {
            energy += sample * sample;
            any |= sample != 0.0;
            count += 1;
            let run = &mut self.full[channel];
            *run = if sample.abs() >= FULL_SCALE { *run + 1 } else { 0 };
            clips += u32::from(*run == CLIP_RUN);
            channel = if channel + 1 == channels { 0 } else { channel + 1 };
        }
        if count == 0 {
            return;
        }
        self.until = to;
        self.arrived = now;
        if self.no_sound {
            self.no_sound = false;
            self.change(Alarm::NoSound, false, "delivers again".into());
        }
        self.hear_zeros(any, from, to);
        self.hear_clips(clips, to);
        if (energy / count as f32).sqrt() >= ACTIVE {
            self.active_s += (to - from).max(0.0);
        }
    }

    fn hear_zeros(&mut self, any: bool, from: f64, to: f64) {
        if any {
            self.heard = true;
            self.zero_since = None;
            if std::mem::take(&mut self.zeros) {
                self.change_at(Alarm::Zeros, false, "delivers true sound again".into(), from);
            }
            return;
        }
        let mut since = *self.zero_since.get_or_insert(from);
        if self.kind == SourceKind::Loopback {
            let Some(played_since) = self.played_since else { return };
            if self.heard && !self.condition.silenced {
                return;
            }
            since = since.max(played_since);
        }
        if !self.zeros && to - since >= DEAD_S {
            self.zeros = true;
            let withheld = cfg!(target_os = "macos") && is_withheld(self.kind, self.heard);
            let why = if withheld { format!(": {WITHHELD}") } else { why_zeros(self.kind, &self.condition) };
            let text = format!("has delivered nothing but digital silence since {}{why}", hms(since));
            self.change_at(Alarm::Zeros, true, text, since);
        }
    }

    /// What the system does to the sound, as known at session second `now`.
    pub fn heed(&mut self, now: f64, condition: &Condition) {
        self.condition.clone_from(condition);
        if self.kind != SourceKind::Loopback {
            return;
        }
        if condition.players.is_empty() {
            (self.played_since, self.heard) = (None, false);
            if std::mem::take(&mut self.zeros) {
                self.change_at(Alarm::Zeros, false, "is silent, as nothing is played any more".into(), now);
            }
        } else if self.played_since.is_none() {
            (self.played_since, self.heard) = (Some(now), false);
        } else if self.zeros && self.heard && !condition.silenced {
            self.zeros = false;
            self.change_at(Alarm::Zeros, false, "is no longer muted".into(), now);
        }
    }

    fn hear_clips(&mut self, clips: u32, to: f64) {
        // What the computer plays is as loud as its maker wanted it.
        if self.kind == SourceKind::Loopback {
            return;
        }
        if clips > 0 {
            if to - self.clips.0 > CLIP_WINDOW_S {
                self.clips = (to, 0);
            }
            self.clips.1 += clips;
            self.clipped_at = to;
            if !self.clipping && self.clips.1 >= CLIPS {
                self.clipping = true;
                self.change(
                    Alarm::Clipping,
                    true,
                    "is too loud and clips: turn its level down, what is cut off can't be mended later"
                        .into(),
                );
            }
        } else if self.clipping && to - self.clipped_at >= CLIP_OVER_S {
            self.clipping = false;
            self.change(Alarm::Clipping, false, "clips no more".into());
        }
    }

    /// Nothing is to be recorded at session second `now`: silence is expected.
    pub fn rest(&mut self, now: f64) {
        self.arrived = self.arrived.max(now);
        self.quiet_since = self.quiet_since.max(now);
        self.rested = true;
        if !self.zeros {
            self.zero_since = None;
        }
    }

    /// To be called about once a second, at session second `now`; `ended` means that the source came to its
    /// own end.
    pub fn look(&mut self, now: f64, ended: bool) {
        if ended || self.kind == SourceKind::Loopback {
            return;
        }
        if !self.no_sound && now - self.arrived >= DEAD_S {
            self.no_sound = true;
            let text = format!("has delivered nothing since {}: is it plugged in?", hms(self.until));
            self.change(Alarm::NoSound, true, text);
        }
    }

    /// The clock of the take that goes on has been measured anew, over `seconds` of sound.
    pub fn judge_clock(&mut self, fit: &ClockFit, seconds: f64) {
        let trouble = clock_trouble(fit, seconds);
        if std::mem::replace(&mut self.clock, trouble.is_some()) != trouble.is_some() {
            let text = trouble.clone().unwrap_or_else(|| "has a clock as it should be again".into());
            self.change(Alarm::Clock, trouble.is_some(), text);
        }
    }

    fn compare(&mut self, others: f64) {
        let spoke = self.active_s > self.active_then;
        self.active_then = self.active_s;
        if std::mem::take(&mut self.rested) {
            self.others_then = others;
        }
        if spoke || self.zeros || self.no_sound {
            self.quiet_since = self.until;
            self.others_then = others;
            if std::mem::take(&mut self.quiet) && spoke {
                self.change(Alarm::Quiet, false, "is heard again".into());
            }
        } else if !self.quiet
            && self.until - self.quiet_since >= QUIET_S
            && others - self.others_then >= OTHERS_S
        {
            self.quiet = true;
            let text = format!(
                "has been quiet since {} while others were heard: is it muted, or the wrong device?",
                hms(self.quiet_since)
            );
            self.change(Alarm::Quiet, true, text);
        }
    }

    fn change_at(&mut self, alarm: Alarm, on: bool, text: String, at: f64) {
        self.changes.push(Change { alarm, on, text, at: Some(at) });
    }

    fn change(&mut self, alarm: Alarm, on: bool, text: String) {
        self.changes.push(Change { alarm, on, text, at: None });
    }

    /// What began or ended since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}

/// Compares the tracks with each other; to be called about once a second.
pub fn compare(tracks: &mut [&mut TrackAlarms]) {
    let all: f64 = tracks.iter().map(|track| track.active_s).sum();
    for track in tracks {
        let others = all - track.active_s;
        track.compare(others);
    }
}

/// The disk's alarms.
#[derive(Debug, Default)]
pub struct SpaceAlarm {
    /// How many of the warnings have been given.
    warned: usize,
    stopped: bool,
}

/// What is to be said of the disk's room.
#[derive(Debug, Clone, PartialEq)]
pub enum Space {
    /// There is room, as before.
    Same,
    /// A warning begins, gets more urgent or ends.
    Changed(Change),
    /// Recording must end while it can end in good order. Told once.
    Full,
}

impl SpaceAlarm {
    /// There are `available` bytes, and recording takes `per_second` bytes a second.
    pub fn look(&mut self, available: u64, per_second: u64) -> Space {
        let left_s = space_left_s(available, per_second);
        if left_s < SPACE_STOP_S {
            return if std::mem::replace(&mut self.stopped, true) { Space::Same } else { Space::Full };
        }
        if let Some(limit) = SPACE_WARN_S.get(self.warned)
            && left_s < *limit
        {
            self.warned = SPACE_WARN_S.iter().filter(|limit| left_s < **limit).count();
            let text = format!(
                "the disk has room for {} more: make room, or the recording ends then",
                minutes(left_s - SPACE_STOP_S)
            );
            return Space::Changed(Change { alarm: Alarm::DiskSpace, on: true, text, at: None });
        }
        if self.warned > 0 && left_s > SPACE_WARN_S[0] * SPACE_OVER {
            self.warned = 0;
            let text = "the disk has room again".into();
            return Space::Changed(Change { alarm: Alarm::DiskSpace, on: false, text, at: None });
        }
        Space::Same
    }
}

/// Seconds of recording, at `per_second` bytes a second, for which there is room in `available` bytes.
pub fn space_left_s(available: u64, per_second: u64) -> f64 {
    available.saturating_sub(SPACE_STOP_BYTES) as f64 / per_second.max(1) as f64
}

/// What a Mac does with a microphone that a program may not hear: every call succeeds, and every sample is
/// zero. The permission is that of the program which started ours.
pub const WITHHELD: &str = "macOS gives silence to a program that may not hear the microphone. Allow it to the \
    program in which you started Hansard (Terminal, for example), in System Settings > Privacy & Security > \
    Microphone; then quit that program, open it again and start the recording anew";

/// Whether a Mac may be keeping this source's sound back: a microphone that has never delivered anything but
/// zeros. One that was heard before is muted, or was unplugged.
pub fn is_withheld(kind: SourceKind, heard: bool) -> bool {
    kind == SourceKind::Mic && !heard
}

/// Why a device may deliver zeros.
fn why_zeros(kind: SourceKind, condition: &Condition) -> String {
    let while_played = match &condition.players[..] {
        [] => String::new(),
        players => {
            let verb = if players.len() == 1 { "plays" } else { "play" };
            format!(" while {} {verb}", players.join(" and "))
        }
    };
    let why = match (kind, condition.silenced) {
        (SourceKind::Loopback, true) => {
            "the loudspeaker is muted or at volume 0 in the system's sound settings, and so is what is recorded of it: \
             turn it up there, and down at the loudspeaker itself"
        }
        (SourceKind::Loopback, false) => "is the program itself muted, or does it play elsewhere?",
        (_, true) => "it is muted or at volume 0 in the system's sound settings",
        (_, false) => "is it muted, unplugged or the wrong device?",
    };
    format!("{while_played}: {why}")
}

/// `00:01:23`
fn hms(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

fn minutes(seconds: f64) -> String {
    match seconds.max(0.0) as u64 {
        s if s >= 120 => format!("{} minutes", s / 60),
        s => format!("{s} seconds"),
    }
}

#[cfg(test)]
mod tests;
