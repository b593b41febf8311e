//! Sound files for the tests, and tracks read back.

use std::path::{Path, PathBuf};
use std::process::Command;

use hansard::base::random::Random;
use hansard::session::reading::Session;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// A wave file of whole numbers.
pub fn pcm(path: &Path, rate: u32, channels: u16, bits: u16, samples: &[i32]) {
    let spec =
        WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// A wave file of floats.
pub fn float(path: &Path, rate: u32, channels: u16, samples: &[f32]) {
    let spec =
        WavSpec { channels, sample_rate: rate, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// Numbers of so many bits that look like noise, the largest and the smallest among them. The same ones for
/// the same seed.
pub fn noise(seed: u64, bits: u32, count: usize) -> Vec<i32> {
    let mut random = Random::at(seed);
    let mut samples: Vec<i32> = (0..count).map(|_| random.word() as i32 >> (32 - bits)).collect();
    samples[0] = (1 << (bits - 1)) - 1;
    samples[1] = -(1 << (bits - 1));
    samples
}

/// The file of a track's only take.
pub fn track(session: &Session, track: &str) -> PathBuf {
    let takes: Vec<_> = session.manifest.takes.iter().filter(|take| take.track == track).collect();
    assert_eq!(takes.len(), 1, "takes of {track}: {takes:?}");
    session.take_path(takes[0]).unwrap()
}

/// Format and samples of a wave file of whole numbers.
pub fn read_pcm(path: &Path) -> (WavSpec, Vec<i32>) {
    let mut reader = WavReader::open(path).unwrap();
    (reader.spec(), reader.samples().map(Result::unwrap).collect())
}

/// Format and samples of a wave file of floats.
pub fn read_float(path: &Path) -> (WavSpec, Vec<f32>) {
    let mut reader = WavReader::open(path).unwrap();
    (reader.spec(), reader.samples().map(Result::unwrap).collect())
}

/// Makes a FLAC file of a wave file; false, and a line that says so, without ffmpeg.
pub fn flac(wav: &Path, flac: &Path) -> bool {
    pack(wav, &["-c:a", "flac", "-frame_size", "1024"], flac)
}

/// Packs a wave file with ffmpeg; false, and a line that says so, without it.
pub fn pack(wav: &Path, how: &[&str], packed: &Path) -> bool {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-i"])
        .arg(wav)
        .args(how)
        .arg(packed)
        .status();
    match made {
        Ok(status) => {
            assert!(status.success(), "ffmpeg: {status}");
            true
        }
        Err(error) => {
            assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "ffmpeg: {error}");
            println!("{} is left out: ffmpeg: {error}", packed.display());
            false
        }
    }
}

/// Checks that a take of a `synth:coded` source of one channel is made of the frames that follow each other,
/// exact silence aside, and gives the first frame's number, how many there are, and how many of the file's
/// frames are silence.
#[track_caller]
pub fn coded(path: &Path) -> (u64, u64, u64) {
    let (spec, samples) = read_pcm(path);
    let range = 1i64 << spec.bits_per_sample;
    let (mut first, mut count, mut silent) = (None, 0u64, 0u64);
    let span = range as u64;
    for (at, &sample) in samples.iter().enumerate() {
        // The inverse of `synth::code`.
        let number = (i64::from(sample) + range / 2 - 1).rem_euclid(range) as u64;
        // In the middle of its range the source itself has a zero.
        if sample == 0 && first.is_none_or(|begin: u64| number != (begin + count) % span) {
            silent += 1;
            continue;
        }
        let begin = *first.get_or_insert(number);
        assert_eq!(number, (begin + count) % span, "{}: frame {at} is another one's", path.display());
        count += 1;
    }
    (first.unwrap_or(0), count, silent)
}
