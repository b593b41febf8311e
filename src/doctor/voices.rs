//! Whether one microphone hears several people: by what is heard of it now, if enough is said to tell, and by
//! the last meeting that it was in, of which that is known for certain.
//!
//! Promises: memory is bounded by [`KEPT_S`] of each source; where too little is said nothing is told, as a
//! wrong alarm about one person is worse than none about two. Refuses to keep what anybody sounds like.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::{Finding, Severity};
use crate::audio::mono;
use crate::audio::resample::Resampler;
use crate::base::format::DeviceFormat;
use crate::base::text::{clean, count as count_of};
use crate::base::units::SampleRate;
use crate::session::heard;
use crate::session::manifest::{SourceEntry, State};
use crate::session::read;
use crate::session::reading::Session;
use crate::speakers::cluster;
use crate::speakers::pieces::Piece;
use crate::speakers::worker::Ear;
use crate::speech::enrol::{self, EnrolError};

/// Seconds of a source's sound that are listened to for voices: 12 MB at 48 kHz.
pub const KEPT_S: f64 = 60.0;
/// Seconds of speech without which nobody can tell whether one or several people speak. From here on a voice
/// needs five seconds, as in a meeting. In less a quarter of the speech is enough for one: two people who
/// were heard for 12 s each through a room's microphone were both taken for two.
const SPEECH_MIN_S: f64 = 20.0;
/// Seconds that each of several people speaks at least.
const EACH_MIN_S: f64 = 5.0;
/// Sessions with a source that are looked at, for the last one in which somebody spoke there.
const SESSIONS_MAX: usize = 5;

/// What is known of the people at a source.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VoicesReport {
    /// Seconds that somebody spoke, where voices were listened for.
    pub speech_s: f64,
    /// How many people spoke; `None` where too little was said to tell.
    pub voices: Option<usize>,
    /// What is known of the last meeting that it was in.
    pub last_meeting: Option<LastMeeting>,
}

/// The last meeting that a source was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastMeeting {
    /// Id of the session.
    pub session: String,
    /// People who are heard there in the minutes.
    pub voices: usize,
}

/// The sound of a source, as one channel at the device's own rate.
#[derive(Debug, Default)]
pub struct Kept {
    rate: Option<SampleRate>,
    samples: Vec<f32>,
}

impl Kept {
    /// Interleaved samples of the device; of `channel` alone, from 1, where the source is one.
    pub(super) fn hear(&mut self, samples: &[f32], format: &DeviceFormat, channel: Option<u16>) {
        if self.rate.is_some_and(|rate| rate != format.rate) {
            self.samples.clear();
        }
        self.rate = Some(format.rate);
        if self.samples.len() as f64 >= KEPT_S * f64::from(format.rate.0) {
            return;
        }
        match channel {
            Some(channel) => {
                let own = samples.iter().skip(usize::from(channel).saturating_sub(1));
                self.samples.extend(own.step_by(usize::from(format.channels.max(1))));
            }
            None => mono::downmix(samples, format.channels, &mut self.samples),
        }
    }

    /// Who is heard in it. Takes some tenths of a second for each ten seconds of speech.
    ///
    /// # Errors
    /// The networks fail, or nobody can work with that rate.
    pub fn listen(&self, ear: &mut dyn Ear) -> Result<VoicesReport, EnrolError> {
        let Some(rate) = self.rate else { return Ok(VoicesReport::default()) };
        let mut sound = Vec::new();
        let mut resampler = Resampler::new(rate, SampleRate::HZ_16000)?;
        resampler.push(&self.samples, &mut sound)?;
        resampler.finish(&mut sound)?;
        let pieces = enrol::pieces_of(ear, &sound)?;
        let speech_s = pieces.iter().map(Piece::seconds).sum();
        Ok(VoicesReport { speech_s, voices: people(&pieces), last_meeting: None })
    }
}

/// How many people speak, by the pieces of what was heard; `None` where too little is said to tell. Of
/// several, those count who speak for some seconds.
pub fn people(pieces: &[Piece]) -> Option<usize> {
    let found = cluster::voices(pieces, None, cluster::NOBODY);
    if found.seconds.iter().sum::<f64>() < SPEECH_MIN_S {
        return None;
    }
    Some(found.seconds.iter().filter(|seconds| **seconds >= EACH_MIN_S).count().max(1))
}

/// Looks up the last meeting with that source among the sessions in `recordings`. What can't be read is
/// passed over.
pub fn last_meeting(recordings: &Path, source: &SourceEntry) -> Option<LastMeeting> {
    let is_it = |other: &&SourceEntry| {
        let is_device = match (&source.device, &other.device) {
            (Some(own), Some(other)) => own == other,
            _ => source.spec == other.spec,
        };
        is_device && (source.kind, source.channel) == (other.kind, other.channel)
    };
    let sessions = read::list(recordings).ok()?.sessions;
    let over = sessions.iter().rev().filter(|found| found.manifest.state != State::Recording);
    let with_it = over
        .filter_map(|found| Some((&found.dir, found.manifest.sources.iter().find(is_it)?.track.as_str())));
    with_it.take(SESSIONS_MAX).find_map(|(dir, track)| {
        let session = Session::open(dir).ok()?;
        let mut lines = session.utterances.iter().filter(|line| line.is_shown() && line.track == track);
        lines.next()?;
        let voices = heard::voices(&session);
        let people: BTreeSet<String> = voices
            .iter()
            .filter(|voice| voice.track == track && voice.lines > 0)
            .map(|voice| session.names.of(&voice.id).map_or(&voice.id, |name| &name.person).clone())
            .collect();
        Some(LastMeeting { session: session.manifest.id.clone(), voices: people.len().max(1) })
    })
}

/// What is to be said of the source of that name where several people share it; `limit` is how many voices it
/// may have.
pub fn judge(name: &str, report: &VoicesReport, limit: Option<usize>) -> Option<Finding> {
    let now = report.voices.filter(|voices| *voices > 1);
    let last = report.last_meeting.as_ref().filter(|last| last.voices > 1);
    let people = |count: usize| count_of(count as u64, "voice");
    let text = match (now, last) {
        (Some(now), _) => format!("this microphone hears several people: {} just now", people(now)),
        (None, Some(last)) => format!(
            "this microphone heard several people in the last meeting that it was in ({}): {}",
            clean(&last.session),
            people(last.voices)
        ),
        (None, None) => return None,
    };
    let advice = match limit {
        Some(1) => {
            "speakers = 1 leaves them under one name: take it away, and they are told apart by their voices; one microphone each is better"
        }
        _ => {
            "they are told apart by their voices, and hansard voices last lets you hear them and say who they are; one microphone each is better"
        }
    };
    Some(Finding::new(Severity::Hint, name, text, advice))
}
