//! From a window of sound to pieces: about a second each of one of its people, with the direction of that
//! person's voice.
//!
//! Whole people of a window are never embedded: where two voices are alike the segmentation takes them for
//! one person, and pieces come apart again. A piece is heard on that person's two seconds nearest to it in
//! which nobody else speaks.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::filter_bank::{BANDS, FRAMES_PER_S};
use super::networks::{
    Activity, Embedding, FIRST_S, FRAMES, LOCALS, NetworkError, Networks, STEP_S, WINDOW, cosine, middle_of,
};

/// Samples in a second.
const RATE: f64 = 16_000.0;
/// Samples from one window to the next. Windows every 2 s and every 8 s give the same or worse.
pub const HOP: usize = 80_000;
/// Seconds that a piece lasts, about. Of 1.25 s they are a sixth fewer, but words of people who say little go
/// astray.
const PIECE_S: f64 = 1.0;
/// Seconds on which a piece is embedded.
const EMBEDDED_S: f64 = 2.0;
/// Seconds that a person has to speak alone in a window; else what was spoken beside others is taken.
const ALONE_S: f64 = 0.5;
/// A piece is not embedded where those before and after it are closer than this, and hold this part of its
/// sound. Two voices are at 0.1 mostly, one at 0.6.
const ALIKE: f32 = 0.55;
const COVERED: f64 = 0.8;
/// Feature frames without which a voice has no direction.
const FEATURES_MIN: usize = 30;

/// A second or so of one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// First sample of its window.
    pub window: u64,
    /// Which of the window's people it is.
    pub local: usize,
    /// Seconds at 16 kHz where it begins.
    pub start: f64,
    /// Seconds at 16 kHz where it ends.
    pub end: f64,
    /// Seconds that it was embedded on.
    pub embedded_s: f64,
    /// Its voice; `None` where there was too little of it.
    #[serde(with = "as_list")]
    pub voice: Option<Embedding>,
}

/// An embedding as a list of numbers.
mod as_list {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Embedding;

    pub(super) fn serialize<S: Serializer>(voice: &Option<Embedding>, to: S) -> Result<S::Ok, S::Error> {
        voice.as_ref().map(|voice| voice.as_slice()).serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Embedding>, D::Error> {
        let list = Option::<Vec<f32>>::deserialize(from)?;
        let embedding = |list: Vec<f32>| {
            list.try_into().map_err(|_| serde::de::Error::custom("not an embedding's length"))
        };
        list.map(embedding).transpose()
    }
}

impl Piece {
    /// Seconds that it lasts.
    pub fn seconds(&self) -> f64 {
        (self.end - self.start).max(0.0)
    }
}

/// First samples of the windows of a sound of `samples`: one every [`HOP`], and one that ends with the sound.
pub fn windows(samples: u64) -> Vec<u64> {
    let last = samples.saturating_sub(WINDOW as u64);
    let mut starts: Vec<u64> = (0..=last).step_by(HOP).collect();
    if starts.last().is_none_or(|start| *start < last) {
        starts.push(last);
    }
    starts
}

/// The same of a sound that still grows: the windows that are whole, and the next one, which is not.
pub fn windows_of_growing(samples: u64) -> Vec<u64> {
    let whole = samples.checked_sub(WINDOW as u64).map_or(0, |rest| rest / HOP as u64 + 1);
    (0..=whole).map(|window| window * HOP as u64).collect()
}

/// The samples for which the window `starts[at]` speaks: it knows its middle best, its neighbours know the
/// rest.
pub fn middle(starts: &[u64], at: usize) -> Range<u64> {
    let half_way = |a: u64, b: u64| (a + WINDOW as u64 + b) / 2;
    let start = starts[at];
    let from = if at == 0 { start } else { half_way(starts[at - 1], start) };
    let to = starts.get(at + 1).map_or(start + WINDOW as u64, |next| half_way(start, *next));
    from..to
}

/// The pieces of the window that begins at sample `window`, of those samples that it speaks for. `sound` is
/// [`WINDOW`] samples at 16 kHz in ±1, or fewer at the end of a short sound.
///
/// # Errors
/// The networks fail.
pub fn hear(
    networks: &mut Networks,
    sound: &[f32],
    window: u64,
    middle: &Range<u64>,
) -> Result<Vec<Piece>, NetworkError> {
    let mut whole = sound.to_vec();
    whole.resize(WINDOW, 0.0);
    for sample in &mut whole {
        *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
    }
    let activity = networks.activity(&whole)?;
    if !activity.iter().flatten().any(|speaks| *speaks) {
        return Ok(Vec::new());
    }
    let features = networks.features(&whole[..sound.len().min(WINDOW)]);
    let frame = |sample: u64| {
        let second = sample.saturating_sub(window) as f64 / RATE;
        (((second - FIRST_S) / STEP_S + 0.5).round().max(0.0) as usize).min(FRAMES)
    };
    let (from, to) = (frame(middle.start), frame(middle.end));
    let edge = |frame: usize| window as f64 / RATE + FIRST_S + (frame as f64 - 0.5) * STEP_S;
    let mut pieces = Vec::new();
    for local in 0..LOCALS {
        let own = own_frames(&activity, local);
        let runs = runs(&activity[from..to], local);
        let parts: Vec<Range<usize>> =
            runs.into_iter().flat_map(|run| parts(run.start + from..run.end + from)).collect();
        let frames = |part| feature_frames(&nearest(&own, part), features.len() / BANDS);
        let frames: Vec<Vec<usize>> = parts.iter().map(frames).collect();
        let voices = voices(&frames, |frames| networks.embedding(&features, frames))?;
        for ((part, frames), voice) in parts.iter().zip(&frames).zip(voices) {
            pieces.push(Piece {
                window,
                local,
                start: edge(part.start).max(0.0),
                end: edge(part.end).max(0.0),
                embedded_s: frames.len() as f64 / FRAMES_PER_S as f64,
                voice,
            });
        }
    }
    Ok(pieces)
}

/// The voices of one person's pieces, each of some frames of features. Every other one is embedded; one
/// between two that are alike, and whose sound is theirs, has what is between them. That is a third fewer.
fn voices(
    frames: &[Vec<usize>],
    embed: impl Fn(&[usize]) -> Result<Embedding, NetworkError>,
) -> Result<Vec<Option<Embedding>>, NetworkError> {
    let mut voices: Vec<Option<Embedding>> = vec![None; frames.len()];
    let last = frames.len().saturating_sub(1);
    let is_between = |at: &usize| at % 2 == 1 && *at < last;
    for at in (0..frames.len()).filter(|at| !is_between(at)).chain((0..frames.len()).filter(is_between)) {
        if frames[at].len() < FEATURES_MIN {
            continue;
        }
        // Who says little has all of their pieces embedded on the same sound.
        let same = (0..frames.len()).find(|other| voices[*other].is_some() && frames[*other] == frames[at]);
        let around = at.checked_sub(1).map(|before| (before, at + 1)).filter(|_| is_between(&at));
        let known = match (same, around) {
            (Some(same), _) => voices[same].clone(),
            (None, Some((a, b))) if is_covered(&frames[at], &frames[a], &frames[b]) => {
                let alike = voices[a].as_ref().zip(voices[b].as_ref());
                alike.filter(|(a, b)| cosine(a, b) >= ALIKE).and_then(|(a, b)| middle_of(a, b))
            }
            _ => None,
        };
        voices[at] = match known {
            Some(voice) => Some(voice),
            None => Some(embed(&frames[at])?),
        };
    }
    Ok(voices)
}

/// Whether most of some frames are among those of two others; all are ascending.
fn is_covered(frames: &[usize], a: &[usize], b: &[usize]) -> bool {
    let is_in = |frame: &&usize| a.binary_search(frame).is_ok() || b.binary_search(frame).is_ok();
    frames.iter().filter(is_in).count() as f64 >= COVERED * frames.len() as f64
}

/// Frames in which a person speaks alone, or at all where that is too little.
fn own_frames(activity: &Activity, local: usize) -> Vec<usize> {
    let alone = |frame: &[bool; LOCALS]| frame[local] && frame.iter().filter(|speaks| **speaks).count() == 1;
    let frames: Vec<usize> = (0..activity.len()).filter(|frame| alone(&activity[*frame])).collect();
    if frames.len() as f64 * STEP_S >= ALONE_S {
        return frames;
    }
    (0..activity.len()).filter(|frame| activity[*frame][local]).collect()
}

/// Runs of frames in which a person speaks.
fn runs(activity: &[[bool; LOCALS]], local: usize) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut begun = None;
    for (frame, speaks) in activity.iter().map(|frame| frame[local]).chain([false]).enumerate() {
        match (speaks, begun) {
            (true, None) => begun = Some(frame),
            (false, Some(start)) => {
                runs.push(start..frame);
                begun = None;
            }
            _ => {}
        }
    }
    runs
}

/// A run in parts of about a second.
fn parts(run: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let count = ((run.len() as f64 * STEP_S / PIECE_S).round() as usize).max(1);
    let edge = move |part: usize| run.start + run.len() * part / count;
    (0..count).map(move |part| edge(part)..edge(part + 1))
}

/// Of a person's frames those nearest to a part, ascending.
fn nearest(own: &[usize], part: &Range<usize>) -> Vec<usize> {
    let middle = (part.start + part.end) as f64 / 2.0;
    let mut frames = own.to_vec();
    frames.sort_by(|a, b| (*a as f64 - middle).abs().total_cmp(&(*b as f64 - middle).abs()));
    frames.truncate((EMBEDDED_S / STEP_S) as usize);
    frames.sort_unstable();
    frames
}

/// The frames of features that some frames of the segmentation cover, of `count`.
fn feature_frames(frames: &[usize], count: usize) -> Vec<usize> {
    let mut covered = vec![false; count];
    for frame in frames {
        let middle = FIRST_S + *frame as f64 * STEP_S;
        let at = |second: f64| ((second * FRAMES_PER_S as f64).round().max(0.0) as usize).min(count);
        covered[at(middle - STEP_S / 2.0)..at(middle + STEP_S / 2.0)].fill(true);
    }
    (0..count).filter(|frame| covered[*frame]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_one_window_that_speaks_for_it() {
        for samples in [1, 159_999, 160_000, 160_001, 240_000, 1_000_000, 1_234_567] {
            let starts = windows(samples);
            assert!(starts.is_sorted_by(|a, b| a < b), "{samples}: {starts:?}");
            let middles: Vec<_> = (0..starts.len()).map(|at| middle(&starts, at)).collect();
            assert_eq!(middles[0].start, 0);
            assert!(middles.windows(2).all(|pair| pair[0].end == pair[1].start), "{samples}: {middles:?}");
            assert!(middles[middles.len() - 1].end >= samples);
            // The last window ends with the sound: silence behind it would be a person of its own.
            let last = starts[starts.len() - 1];
            assert!(last == 0 || last + WINDOW as u64 == samples, "{samples}: {starts:?}");
        }
    }

    #[test]
    fn a_sound_that_grows_has_the_windows_that_it_will_have() {
        for samples in [0, 159_999, 160_000, 239_999, 240_000, 1_000_000] {
            let (growing, later) = (windows_of_growing(samples), windows(samples + 10 * HOP as u64));
            let whole = growing.iter().filter(|start| **start + WINDOW as u64 <= samples).count();
            assert_eq!(growing.len(), whole + 1);
            assert_eq!(growing, later[..=whole]);
            assert!((0..whole).all(|at| middle(&growing, at) == middle(&later, at)), "{samples}");
        }
    }

    #[test]
    fn runs_are_cut_into_seconds_and_embedded_on_what_is_near() {
        let mut activity = vec![[false; LOCALS]; FRAMES];
        activity[60..240].iter_mut().for_each(|frame| frame[1] = true);
        activity[200..300].iter_mut().for_each(|frame| frame[2] = true);
        let [run] = &runs(&activity, 1)[..] else { panic!("one run") };
        assert_eq!(*run, 60..240);
        assert!(runs(&activity, 0).is_empty());
        let parts: Vec<_> = parts(60..240).collect();
        assert_eq!(parts, [60..120, 120..180, 180..240]);
        // 140 frames alone, of which 118 are two seconds: the nearest to the last part are the last ones.
        let own = own_frames(&activity, 1);
        assert_eq!(own, (60..200).collect::<Vec<_>>());
        assert_eq!(nearest(&own, &parts[2]), (82..200).collect::<Vec<_>>());
        assert_eq!(feature_frames(&[0, 1], 100), (2..6).collect::<Vec<_>>());
    }

    #[test]
    fn a_piece_between_two_that_are_alike_is_not_embedded() {
        use super::super::networks::DIMENSIONS;
        let two_seconds = |second: usize| (second * 100..second * 100 + 200).collect::<Vec<usize>>();
        let embed = |people: &[usize], frames: &[Vec<usize>]| {
            let embedded = std::cell::RefCell::new(Vec::new());
            let voice = |frames: &[usize]| {
                embedded.borrow_mut().push(frames[0] / 100);
                let mut voice = Box::new([0.0; DIMENSIONS]);
                voice[people[frames[0] / 100]] = 1.0;
                Ok(voice)
            };
            let voices = voices(frames, voice).unwrap();
            let who = |voice: Option<Embedding>| voice.and_then(|voice| voice.iter().position(|v| *v > 0.9));
            (voices.into_iter().map(who).collect::<Vec<_>>(), embedded.into_inner())
        };
        let run: Vec<Vec<usize>> = (0..6).map(two_seconds).collect();
        let one = embed(&[0; 6], &run);
        assert_eq!(one, (vec![Some(0); 6], vec![0, 2, 4, 5]));
        // Where the voice changes, each is heard.
        let two = embed(&[0, 0, 0, 1, 1, 1], &run);
        assert_eq!(two, ([0, 0, 0, 1, 1, 1].map(Some).to_vec(), vec![0, 2, 4, 5, 3]));
        // Too little of one, all on the same sound, and sound that the others don't have.
        let little = [two_seconds(0), vec![7; FEATURES_MIN - 1], two_seconds(2)];
        assert_eq!(embed(&[0; 3], &little), (vec![Some(0), None, Some(0)], vec![0, 2]));
        assert_eq!(embed(&[0], &vec![two_seconds(0); 4]).1, [0]);
        let apart = [two_seconds(0), two_seconds(3), two_seconds(6)];
        assert_eq!(embed(&[0; 7], &apart).1, [0, 6, 3]);
    }
}
