//! Sound files as sources: whatever their format, the track holds the same samples.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use hansard::capture::replay::Replay;
use hound::{SampleFormat, WavSpec, WavWriter};
use tempfile::TempDir;

use super::recording::{FULL_SPEED, record};
use super::wav;
use crate::support::session::source;
use hansard::base::random::Random;

/// A WAV file of noise.
fn write(path: &Path, spec: WavSpec, frames: u32) {
    let mut random = Random::new(u64::from(spec.sample_rate) + u64::from(spec.bits_per_sample));
    let mut writer = WavWriter::create(path, spec).expect("a file");
    for _ in 0..frames * u32::from(spec.channels) {
        let value = random.unit() * 2.0 - 1.0;
        let full = (1i64 << (spec.bits_per_sample - 1)) as f64;
        match spec.sample_format {
            SampleFormat::Float => writer.write_sample(value as f32),
            SampleFormat::Int => writer.write_sample((value * full) as i32),
        }
        .expect("written");
    }
    writer.finalize().expect("written");
}

fn check(path: &Path, should: &[f32], channels: u16) {
    let replay = Replay::new(path.to_owned(), None, FULL_SPEED).expect("a sound file");
    assert_eq!(replay.channels(), channels);
    let recorded =
        record(vec![(Arc::new(replay), vec![source("track", None), source("last", Some(channels))])]);
    let (_, samples) = wav::read(&recorded.path("track.wav"));
    assert_eq!(wav::difference(&samples, should), None, "{}", path.display());
    let last: Vec<f32> =
        should.iter().copied().skip(usize::from(channels) - 1).step_by(usize::from(channels)).collect();
    let (_, samples) = wav::read(&recorded.path("last.wav"));
    assert_eq!(wav::difference(&samples, &last), None, "{}", path.display());
    assert!(recorded.closed.account.iter().all(|account| account.gaps.is_empty()), "{:?}", recorded.closed);
}

#[test]
fn files_of_all_kinds_come_back_sample_by_sample() {
    let folder = TempDir::new().expect("a folder");
    let has_ffmpeg =
        Command::new("ffmpeg").arg("-version").output().is_ok_and(|output| output.status.success());
    if !has_ffmpeg {
        println!("skipped: FLAC files, since there is no ffmpeg to make them");
    }
    for (name, channels, sample_rate, bits_per_sample, sample_format) in [
        ("telephone", 1, 8_000, 16, SampleFormat::Int),
        ("disc", 2, 44_100, 16, SampleFormat::Int),
        ("surround", 6, 48_000, 24, SampleFormat::Int),
        ("float", 1, 96_000, 32, SampleFormat::Float),
        ("bytes", 1, 11_025, 8, SampleFormat::Int),
    ] {
        let path = folder.path().join(name).with_extension("wav");
        let spec = WavSpec { channels, sample_rate, bits_per_sample, sample_format };
        write(&path, spec, sample_rate * 2 + 77);
        let (_, should) = wav::read(&path);
        check(&path, &should, channels);
        if has_ffmpeg && sample_format == SampleFormat::Int && bits_per_sample > 8 {
            let flac = path.with_extension("flac");
            let made = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(&path).arg(&flac).status();
            assert!(made.is_ok_and(|status| status.success()), "ffmpeg makes a FLAC file");
            check(&flac, &should, channels);
        }
    }
}
