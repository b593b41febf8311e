//! What of the journal people are told, and how.
//!
//! The journal is data with a schema; this is what is said of it. A front end shows these to people.

use std::path::Path;

use super::{News, Stage};
use crate::base::text::timer;
use crate::session::journal::Event;
use crate::session::texted::NOT_ASKED;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Good to know.
    Info,
    /// Something is wrong that a person may be able to mend.
    Alarm,
}

/// Something that people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub urgency: Urgency,
    /// In words, on one line. An alarm says so.
    pub text: String,
}

impl Notice {
    /// What people are told of news, if anything. Lines and levels speak for themselves.
    pub fn of(news: &News) -> Option<Self> {
        match news {
            News::Event(line) => Self::of_event(&line.event),
            News::Unwritten(event) => Self::of_event(event),
            News::Stage(stage) => Some(Self { urgency: Urgency::Info, text: of_stage(stage)? }),
            _ => None,
        }
    }

    /// What people are told of an event, if anything.
    pub fn of_event(event: &Event) -> Option<Self> {
        let urgency = match event {
            Event::Alarm { on: true, .. } | Event::WriteError { .. } | Event::ProcessStopped { .. } => {
                Urgency::Alarm
            }
            Event::Chimed { error: Some(_), .. } => Urgency::Alarm,
            _ => Urgency::Info,
        };
        Some(Self { urgency, text: text(event)? })
    }
}

fn of_stage(stage: &Stage) -> Option<String> {
    Some(match stage {
        Stage::Finishing(reason) => format!("{}: finishing", reason.as_ref()?),
        Stage::Safe => "the recording is safe".into(),
        Stage::AtOnce(reason) => format!("{reason} again: closing the files at once"),
        Stage::RecorderFailed => "the recorder failed; closing all files".into(),
        Stage::DiskSilent => {
            "the disk does not answer any more: text may be missing, which hansard transcribe makes again"
                .into()
        }
    })
}

/// Where systemd does not run, nobody puts the computer to sleep: that it can't be asked not to is nothing to
/// tell.
fn booted_with_systemd() -> bool {
    Path::new("/run/systemd/system").exists()
}

fn text(event: &Event) -> Option<String> {
    Some(match event {
        Event::DeviceLost { source, reason } => format!("{source} is not there: {reason}; trying again"),
        Event::SourceBroken { source, reason } => {
            format!("{source} broke off: {reason}; what came before is recorded")
        }
        Event::DeviceOpened { source, attempts, .. } if *attempts > 1 => format!("{source} is there again"),
        Event::DeviceNotice { source, notice } => format!("{source}: {notice}"),
        Event::Suspended { from, seconds } => {
            format!("the computer slept for {seconds:.0} s at {}; recording goes on", timer(*from))
        }
        Event::ProcessStopped { from, seconds } => {
            format!(
                "ALARM: the recorder did not run from {} to {}: somebody or something stopped its process; \
                 what was said then may be missing, from now on it is recorded again",
                timer(*from),
                timer(from + seconds)
            )
        }
        Event::ClockStepped { seconds } => {
            format!("the clock was set by {seconds:+.0} s; times in the session count on from its start")
        }
        Event::Reminder { text } => text.clone(),
        Event::FolderMoved { to } => {
            format!("the session's folder was moved: it is now {to}, and the recording goes on there")
        }
        Event::ThreadAbandoned { source, doing } => format!("{source}: the sound system hangs while {doing}"),
        Event::ActorFailed { actor, restarted: true, .. } => {
            format!("the {actor} failed and was started again; the recording was not touched")
        }
        Event::ActorFailed { actor, reason, restarted: false } => {
            format!("the {actor} failed ({reason}); its text will be pending, the recording goes on")
        }
        Event::SegmentFailed { track, reason, skipped, .. } => {
            let what = if *skipped { "was passed over" } else { "is tried again" };
            format!("a piece of {track} {what}: {reason}")
        }
        Event::TextBehind { seconds } => {
            format!(
                "the text is {seconds:.0} s behind: lines come later until it has caught up; none is left out"
            )
        }
        Event::PartialsOff { reason } => {
            format!("lines are shown only when they are finished from now on: {reason}")
        }
        Event::TextCaughtUp => "the text has caught up".into(),
        Event::Paused { at } => {
            format!("PAUSED at {}: nothing is recorded until hansard resume (or P)", timer(*at))
        }
        Event::Resumed { at } => format!("recording again at {}", timer(*at)),
        Event::Muted { track, at } => {
            format!(
                "{track} is MUTED since {}: nothing of it is recorded until hansard unmute {track}",
                timer(*at)
            )
        }
        Event::Unmuted { track, at } => format!("{track} is recorded again from {} on", timer(*at)),
        Event::Hidden { id, from, to, shown } => {
            let passage = format!("{id}, {} to {},", timer(*from), timer(*to));
            match shown {
                false => format!("{passage} is hidden: no document shows what was said there"),
                true => format!("{passage} is shown again"),
            }
        }
        Event::Chimed { error: Some(error), .. } => {
            format!("the chime could NOT be played ({error}): say yourself that this is recorded")
        }
        Event::Chimed { device, .. } => {
            format!("the chime was played through {}", device.as_deref().unwrap_or("the default output"))
        }
        Event::Announced { text, .. } => format!("to be read out, or shown: \u{201c}{text}\u{201d}"),
        Event::NoControl { reason } => {
            format!("{reason}; the recording goes on, but no other command can steer it")
        }
        // Whoever wants no text need not be told that there will be none.
        Event::VoicesPending { reason } => format!("voices are not told apart: {reason}"),
        Event::TextPending { reason } if reason != NOT_ASKED => format!("text is pending: {reason}"),
        Event::TextSent { host } => {
            format!("what is said is sent to {host} from here on, which makes the text")
        }
        Event::TextSummarised { host } => {
            format!("what was said is sent to {host}, which makes a summary of it")
        }
        Event::TextNotice { notice } => notice.clone(),
        Event::SleepInhibited { held: false, detail } if booted_with_systemd() => {
            let detail = detail.as_deref().filter(|detail| !detail.is_empty()).unwrap_or("no reason given");
            format!("the system does not promise to stay awake ({detail}): see to it that it does not sleep")
        }
        Event::Alarm { on: true, text, .. } => format!("ALARM: {text}"),
        Event::Alarm { on: false, text, .. } => format!("all well again: {text}"),
        Event::WriteError { file, error } if file.starts_with("tracks/") => {
            format!("ALARM: the disk refused to write {file}: {error}; the track goes on in a new file")
        }
        Event::WriteError { file, error } => format!("ALARM: the disk refused to write {file}: {error}"),
        _ => return None,
    })
}
