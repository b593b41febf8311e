//! Tracks of a session whose sources were coded: which samples stand where.

use std::path::Path;

use hansard::audio::decode::{Read, SoundFile};
use hansard::base::units::{Frames, SampleFormat};
use hansard::care::replay::TakeRecord;

use super::scenario::Scenario;

/// What of a file an ordinary player may not know of yet, in milliseconds: the header is made valid each 100
/// ms of sound, after a block.
const BEHIND_MS: u64 = 120;

fn bytes_there(dir: &Path, take: &TakeRecord) -> u64 {
    dir.join(&take.entry.file).metadata().unwrap().len()
}

fn frames_there(dir: &Path, take: &TakeRecord) -> u64 {
    bytes_there(dir, take).saturating_sub(take.entry.data_offset) / take.layout().frame_bytes()
}

/// Frames of sound, without the silence for gaps.
pub fn sound_frames(dir: &Path, take: &TakeRecord) -> u64 {
    let there = Frames(frames_there(dir, take));
    there.0 - take.silent(there).0
}

/// The samples that an ordinary player finds, which goes by the header.
fn played(dir: &Path, take: &TakeRecord) -> Vec<f32> {
    let path = dir.join(&take.entry.file);
    if hound::WavReader::open(&path).unwrap().duration() == 0 {
        // In order, but with nothing in it yet, which our own reader refuses to call sound.
        return Vec::new();
    }
    let mut file = SoundFile::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let format = file.format();
    assert_eq!((format.rate, format.channels), (take.entry.rate, take.entry.channels), "{}", path.display());
    let mut samples = Vec::new();
    while file.read(48_000, &mut samples).unwrap() != Read::End {}
    samples
}

/// Just after the recorder's death: an ordinary player opens it and plays all but the last moment, all of it
/// what was delivered.
pub fn plays(dir: &Path, take: &TakeRecord, scenario: &Scenario) {
    let samples = played(dir, take);
    let played = samples.len() as u64 / u64::from(take.entry.channels);
    let behind = frames_there(dir, take) - played;
    let most = u64::from(take.entry.rate.0) * BEHIND_MS / 1_000;
    assert!(scenario.max || behind <= most, "{behind} frames behind the header: {scenario:?}");
    coded(take, &samples, scenario);
}

/// After it was mended: to the last frame.
pub fn is_exact(dir: &Path, take: &TakeRecord, scenario: &Scenario) {
    let samples = played(dir, take);
    let channels = u64::from(take.entry.channels);
    assert_eq!(samples.len() as u64, take.frames().0 * channels, "{}: {scenario:?}", take.entry.file);
    let bytes = take.entry.data_offset + take.frames().0 * take.layout().frame_bytes();
    assert_eq!(bytes_there(dir, take), bytes, "{}: {scenario:?}", take.entry.file);
    coded(take, &samples, scenario);
}

/// Each frame is silence of a gap that the journal names, or the one that follows the frame before it.
fn coded(take: &TakeRecord, samples: &[f32], scenario: &Scenario) {
    let channels = usize::from(take.entry.channels);
    let half = if take.entry.format == SampleFormat::S16 { 32_768.0 } else { 8_388_608.0 };
    let range = 2 * half as i64;
    let number = |sample: f32, channel: usize| {
        ((f64::from(sample) * half + half) as i64 - 1 - 1_000 * channel as i64).rem_euclid(range)
    };
    let (mut next, mut after_gap) = (0, false);
    for (k, frame) in samples.chunks(channels).enumerate() {
        let place = Frames(k as u64);
        if take.silences.iter().any(|(from, to)| (*from..*to).contains(&place)) {
            assert!(frame.iter().all(|sample| *sample == 0.0), "{} frame {k}: {scenario:?}", take.entry.file);
            after_gap = next > 0;
            continue;
        }
        let is = number(frame[0], 0);
        let whole = frame.iter().enumerate().all(|(channel, sample)| number(*sample, channel) == is);
        let follows = is == next || after_gap;
        assert!(whole && follows, "{} frame {k}: {is} instead of {next}: {scenario:?}", take.entry.file);
        (next, after_gap) = ((is + 1) % range, false);
    }
}
