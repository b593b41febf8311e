//! Where in a recorded track the sound lies that was played: found by correlation, to the frame.
//!
//! Three places are searched for independently, so sound that is missing or invented between them shows as a
//! difference of their positions.

use super::meeting::rms;

/// Length of each place that is searched for, in seconds.
const PATCH_SECONDS: f64 = 1.5;
/// A step of the envelope that the rough search uses, in seconds.
const STEP_SECONDS: f64 = 0.01;
/// How far from the rough position a patch is searched for, in seconds: what a track may have lost and still
/// be found.
const REACH_SECONDS: f64 = 1.5;
/// Frames averaged into one for the middle search.
const COARSE: usize = 12;

/// A patch of the feed, found in the track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Frame of the feed where the patch begins.
    pub feed_frame: usize,
    /// Track frame minus feed frame.
    pub offset: i64,
    /// Correlation there, -1..1.
    pub correlation: f64,
}

/// How a track relates to its feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// In the first, the middle and the last third of the feed's energy.
    pub spots: [Spot; 3],
    /// Correlation of all of the feed with the track, at the first spot's offset.
    pub whole: f64,
}

impl Alignment {
    /// Track frame minus feed frame: the offset of the spot in the middle.
    pub fn offset(&self) -> i64 {
        self.spots[1].offset
    }

    /// Frames that are missing (below zero) or too many between the first and the last spot.
    pub fn slip(&self) -> i64 {
        self.spots[2].offset - self.spots[0].offset
    }
}

/// Finds the feed in the track. Both are mono at `rate`; none if either is too short or silent.
pub fn locate(track: &[f32], feed: &[f32], rate: u32) -> Option<Alignment> {
    let patch = (PATCH_SECONDS * f64::from(rate)) as usize;
    if feed.len() < 3 * patch || track.len() < patch || rms(feed) == 0.0 || rms(track) == 0.0 {
        return None;
    }
    let step = (STEP_SECONDS * f64::from(rate)) as usize;
    let rough = rough_offset(track, feed, step);
    let mut spots = [Spot { feed_frame: 0, offset: 0, correlation: 0.0 }; 3];
    for (spot, third) in spots.iter_mut().zip(thirds(feed, step)) {
        let from = loudest_patch(feed, third, patch, step);
        *spot = find(track, feed, from, patch, rough, rate);
    }
    let whole = correlation_at(track, feed, spots[0].offset);
    Some(Alignment { spots, whole })
}

/// By the loudness alone, over all of both.
fn rough_offset(track: &[f32], feed: &[f32], step: usize) -> i64 {
    let envelope = |sound: &[f32]| -> Vec<f32> {
        let levels: Vec<f32> = sound.chunks(step).map(|chunk| rms(chunk) as f32).collect();
        let mean = levels.iter().sum::<f32>() / levels.len() as f32;
        levels.into_iter().map(|level| level - mean).collect()
    };
    let (track, feed) = (envelope(track), envelope(feed));
    let lags = -(feed.len() as i64) + 1..track.len() as i64;
    let best = lags.map(|lag| (lag, product(&track, &feed, lag))).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(0, |(lag, _)| lag) * step as i64
}

/// Parts of the feed with a third of its energy each: a part by time alone may hold nothing but silence.
fn thirds(feed: &[f32], step: usize) -> [std::ops::Range<usize>; 3] {
    let energies: Vec<f64> = feed.chunks(step).map(|chunk| rms(chunk).powi(2)).collect();
    let total: f64 = energies.iter().sum();
    let reaches = |share: f64| {
        let mut sum = 0.0;
        let reached = energies.iter().position(|energy| {
            sum += energy;
            sum >= total * share
        });
        reached.map_or(feed.len(), |at| at * step)
    };
    let (one, two) = (reaches(1.0 / 3.0), reaches(2.0 / 3.0));
    [0..one, one..two, two..feed.len()]
}

/// Start of the loudest stretch of `patch` frames among those that begin within `starts`.
fn loudest_patch(feed: &[f32], starts: std::ops::Range<usize>, patch: usize, step: usize) -> usize {
    let last = feed.len() - patch;
    let starts = (starts.start.min(last)..=starts.end.min(last)).step_by(step * 10);
    let loudness = starts.map(|start| (start, rms(&feed[start..start + patch])));
    loudness.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(last, |(start, _)| start)
}

/// Looks for one patch around the rough offset: first on averaged frames, then to the frame.
fn find(track: &[f32], feed: &[f32], from: usize, patch: usize, rough: i64, rate: u32) -> Spot {
    let reach = (REACH_SECONDS * f64::from(rate)) as i64;
    let piece = &feed[from..from + patch];
    let begin = (from as i64 + rough - reach).clamp(0, track.len() as i64) as usize;
    let end = (from as i64 + rough + reach + patch as i64).clamp(0, track.len() as i64) as usize;
    let area = &track[begin..end];
    let average = |sound: &[f32]| -> Vec<f32> {
        sound.chunks_exact(COARSE).map(|c| c.iter().sum::<f32>() / COARSE as f32).collect()
    };
    let (area_coarse, piece_coarse) = (average(area), average(piece));
    let near =
        best_lag(&area_coarse, &piece_coarse, 0..=area_coarse.len().saturating_sub(piece_coarse.len()));
    let near = near * COARSE;
    let last = area.len().saturating_sub(piece.len());
    let lag =
        best_lag(area, piece, near.saturating_sub(2 * COARSE).min(last)..=(near + 2 * COARSE).min(last));
    let offset = begin as i64 + lag as i64 - from as i64;
    Spot { feed_frame: from, offset, correlation: correlation_at(track, piece, offset + from as i64) }
}

fn best_lag(area: &[f32], piece: &[f32], lags: std::ops::RangeInclusive<usize>) -> usize {
    let at = |lag: usize| correlation_at(area, piece, lag as i64);
    lags.map(|lag| (lag, at(lag))).max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(lag, _)| lag)
}

/// The stretches of both that lie over each other when `b` begins at frame `lag` of `a`.
fn overlap<'a>(a: &'a [f32], b: &'a [f32], lag: i64) -> (&'a [f32], &'a [f32]) {
    let a = &a[(lag.max(0) as usize).min(a.len())..];
    let b = &b[((-lag).max(0) as usize).min(b.len())..];
    let length = a.len().min(b.len());
    (&a[..length], &b[..length])
}

fn product(a: &[f32], b: &[f32], lag: i64) -> f64 {
    let (a, b) = overlap(a, b, lag);
    f64::from(dot(a, b))
}

/// Normalised correlation when `b` begins at frame `lag` of `a`; 0 where either is silent. What of `b` lies
/// outside of `a` counts as silence there.
fn correlation_at(a: &[f32], b: &[f32], lag: i64) -> f64 {
    let (a, inside) = overlap(a, b, lag);
    let norm = (f64::from(dot(a, a)) * f64::from(dot(b, b))).sqrt();
    if norm > 0.0 { f64::from(dot(a, inside)) / norm } else { 0.0 }
}

/// In blocks with eight lanes each: fast, and exact enough for minutes of sound.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let block = |(a, b): (&[f32], &[f32])| -> f64 {
        let mut lanes = [0.0_f32; 8];
        let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
        let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
        for (x, y) in a.zip(b) {
            (0..8).for_each(|n| lanes[n] += x[n] * y[n]);
        }
        f64::from(lanes.iter().sum::<f32>() + rest)
    };
    a.chunks(4096).zip(b.chunks(4096)).map(block).sum::<f64>() as f32
}

/// Where in a track a piece of sound lies, both mono at one rate: the frame at which it begins, and the
/// correlation there. Any sound will do that does not repeat itself.
pub fn whereabouts(track: &[f32], piece: &[f32]) -> Option<(usize, f64)> {
    let last = track.len().checked_sub(piece.len())?;
    let coarse = |sound: &[f32]| -> Vec<f32> {
        sound.chunks_exact(COARSE).map(|c| c.iter().sum::<f32>() / COARSE as f32).collect()
    };
    let (track_coarse, piece_coarse) = (coarse(track), coarse(piece));
    let near = best_lag(&track_coarse, &piece_coarse, 0..=track_coarse.len() - piece_coarse.len()) * COARSE;
    let lag =
        best_lag(track, piece, near.saturating_sub(2 * COARSE).min(last)..=(near + 2 * COARSE).min(last));
    Some((lag, correlation_at(track, piece, lag as i64)))
}
