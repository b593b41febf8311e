//! Times of what was said, from where it stands: an utterance's frames are the truth, its seconds come from
//! the clock of its take. While a meeting goes on that clock is still being measured; once a take is over it
//! is known better, and so are the times.
//!
//! Readers get the times of the map as the manifest has it ([`derive()`]); once a recording is over, each
//! line of the transcript that is off gets a revision. Up to [`AGREES_S`] a line is held to agree. Text,
//! names and words stay as they are. A line whose frames and seconds are further apart than a clock can be is
//! somebody's own work and is left alone.

use super::manifest::{Manifest, TakeEntry};
use super::read::is_time;
use crate::base::utterance::Utterance;
use crate::revise::cut;

/// A line that is off by no more than this has the right times.
pub const AGREES_S: f64 = 0.001;
/// No clock is wrong by so much while it is measured: a line whose frames say something else than its seconds
/// was put there by a person.
const APART_MAX_S: f64 = 1.0;

/// The times that an utterance's frames have, start and end; `None` where they are those already, or are not
/// ours to say.
pub fn times_of(manifest: &Manifest, utterance: &Utterance) -> Option<(f64, f64)> {
    let is_its = |take: &&TakeEntry| take.track == utterance.track && take.take == utterance.take;
    let take = manifest.takes.iter().find(is_its).filter(|take| take.clock.points > 0)?;
    let (start, end) = (take.time_of(utterance.from_frame), take.time_of(utterance.to_frame));
    let apart = (start - utterance.start).abs().max((end - utterance.end).abs());
    let ours = (AGREES_S..=APART_MAX_S).contains(&apart);
    (is_time(start) && is_time(end) && start <= end && ours).then_some((start, end))
}

/// Gives all utterances the times that the manifest's clocks say.
pub fn derive(manifest: &Manifest, utterances: &mut [Utterance]) {
    for utterance in utterances {
        if let Some((start, end)) = times_of(manifest, utterance) {
            *utterance = cut::retimed(utterance, start, end);
        }
    }
}
