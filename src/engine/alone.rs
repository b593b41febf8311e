//! Tracks that are one person's by declaration (`speakers = 1`): no voices are told apart on them, but whose
//! voice it is can be known, where somebody is enrolled.
//!
//! Promises: its lines say nothing of a voice; one of whom nothing is known leaves no trace; what fails costs
//! names alone.

use std::path::Path;
use std::sync::Arc;

use crate::base::utterance::Utterance;
use crate::session::shared::TrackShared;
use crate::session::voices::{VoiceEntry, id};
use crate::speakers::enrolled::Person;
use crate::speakers::recognise;
use crate::speech::enrol::{self, Lines};
use crate::speech::voices::ear;

/// Seconds of lines that are listened to: far more than a voice needs.
const LISTENED_S: f64 = 120.0;

/// The voices of those of `tracks` that are one person's and are like those of one of `people`.
/// `limits` has the most voices of each track; `lines` are those of all tracks.
pub(super) fn known(
    dir: &Path,
    tracks: &[Arc<TrackShared>],
    limits: &[Option<usize>],
    lines: &[Utterance],
    people: &[Person],
) -> Vec<VoiceEntry> {
    // What was told apart before it was declared stays as it is.
    let is_told = |track: &str| lines.iter().any(|line| line.track == track && line.voice.is_some());
    let alone = tracks.iter().zip(limits).filter(|(_, limit)| **limit == Some(1)).map(|(track, _)| track);
    let alone = alone.filter(|track| !is_told(&track.track));
    let said: Vec<(&Arc<TrackShared>, Vec<Utterance>)> = alone
        .map(|track| (track, first(lines, &track.track)))
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    if said.is_empty() || people.is_empty() {
        return Vec::new();
    }
    let mut ear = match ear() {
        Ok(ear) => ear,
        Err(error) => {
            tracing::warn!(%error, "tracks of one person are not known by the voice");
            return Vec::new();
        }
    };
    let entry = |(track, lines): &(&Arc<TrackShared>, Vec<Utterance>)| {
        let what = format!("track {}", track.track);
        let sounds = match enrol::of_lines(&mut *ear, dir, track, (Lines::OfTrack, lines), what) {
            Ok(sounds) => sounds,
            Err(error) => {
                tracing::info!(%error, "this track is not known by the voice");
                return None;
            }
        };
        let print = recognise::prints(&[(sounds.seconds, &sounds.centre)], people).swap_remove(0)?;
        Some(VoiceEntry {
            id: id(&track.track, 1),
            track: track.track.clone(),
            number: 1,
            seconds: sounds.seconds,
            first: lines[0].start,
            sample: None,
            linked: None,
            print: Some(print),
        })
    };
    said.iter().filter_map(entry).collect()
}

/// The first lines of a track that stand in the minutes.
fn first(lines: &[Utterance], track: &str) -> Vec<Utterance> {
    let mut left = LISTENED_S;
    let own = lines.iter().filter(|line| line.track == track && line.is_shown() && line.edited.is_none());
    let some = own.take_while(|line| {
        let is_wanted = left > 0.0;
        left -= line.end - line.start;
        is_wanted
    });
    some.cloned().collect()
}
