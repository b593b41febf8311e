//! Files as people have them: what FFmpeg finds in them is what is taken, at the same place.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use hansard::audio::decode::{DecodeError, Read, SoundFile};
use hansard::base::cause::GapCause;
use hansard::base::random::Random;
use tempfile::TempDir;

use crate::support::sound;

const RATE: u32 = 48_000;
const SECONDS: usize = 12;

/// What was read of a file: its first channel, and what is missing where, in seconds.
struct Heard {
    rate: f64,
    sound: Vec<f32>,
    gaps: Vec<(f64, f64, GapCause)>,
    remarks: Vec<String>,
    broken: Option<DecodeError>,
}

impl Heard {
    fn seconds(&self) -> f64 {
        self.sound.len() as f64 / self.rate
    }
}

fn hear(path: &Path) -> Result<Heard, DecodeError> {
    hear_track(path, None)
}

fn hear_track(path: &Path, track: Option<u16>) -> Result<Heard, DecodeError> {
    let mut file = SoundFile::open_track(path, track)?;
    let (rate, channels) = (f64::from(file.format().rate.0), usize::from(file.format().channels));
    let mut heard = Heard { rate, sound: Vec::new(), gaps: Vec::new(), remarks: Vec::new(), broken: None };
    let mut block = Vec::new();
    loop {
        block.clear();
        match file.read(777, &mut block) {
            Ok(Read::Sound(_)) => heard.sound.extend(block.iter().step_by(channels)),
            Ok(Read::Missing(frames, cause)) => {
                let at = heard.seconds();
                let length = frames as f64 / rate;
                match heard.gaps.last_mut() {
                    Some((from, before, same)) if *same == cause && (*from + *before - at).abs() < 1e-6 => {
                        *before += length;
                    }
                    _ => heard.gaps.push((at, length, cause)),
                }
                heard.sound.extend(std::iter::repeat_n(0.0, frames));
            }
            Ok(Read::End) => break,
            Err(error) => {
                heard.broken = Some(error);
                break;
            }
        }
        heard.remarks.extend(file.take_remarks());
    }
    heard.remarks.extend(file.take_remarks());
    Ok(heard)
}

/// Noise in the band of speech, whose every place is unlike any other.
fn noise() -> Vec<f32> {
    let mut random = Random::new(7);
    let (mut low, mut high) = (0.0f64, 0.0f64);
    let sample = |_| {
        let white = random.unit() * 2.0 - 1.0;
        low += 0.25 * (white - low);
        high += 0.02 * (low - high);
        ((low - high) * 0.8) as f32
    };
    (0..SECONDS * RATE as usize).map(sample).collect()
}

/// How many seconds later than in `whole` the piece `at` of it stands in what was heard.
fn lag(whole: &[f32], heard: &Heard, at: f64) -> f64 {
    assert_eq!(heard.rate, f64::from(RATE));
    let (from, length) = ((at * heard.rate) as usize, RATE as usize / 40);
    let piece = &whole[from..from + length];
    let reach = RATE as i64 / 10;
    let likeness = |lag: i64| -> f64 {
        let there = (from as i64 + lag).max(0) as usize;
        let there = heard.sound.get(there..there + length).unwrap_or(&[]);
        piece.iter().zip(there).map(|(a, b)| f64::from(a * b)).sum()
    };
    let best = (-reach..reach).max_by(|a, b| likeness(*a).total_cmp(&likeness(*b))).unwrap();
    best as f64 / heard.rate
}

struct Place {
    folder: TempDir,
    wav: PathBuf,
    whole: Vec<f32>,
}

impl Place {
    /// `None`, and a line that says so, where there is no FFmpeg.
    fn new() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let (wav, whole) = (folder.path().join("whole.wav"), noise());
        let pcm: Vec<i32> = whole.iter().map(|sample| (sample * 32_767.0) as i32).collect();
        sound::pcm(&wav, RATE, 1, 16, &pcm);
        let place = Self { folder, wav, whole };
        sound::pack(&place.wav, &["-c:a", "pcm_s16le"], &place.path("there.wav")).then_some(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pack(&self, name: &str, how: &[&str]) -> PathBuf {
        let path = self.path(name);
        assert!(sound::pack(&self.wav, how, &path));
        path
    }

    fn ffmpeg(&self, arguments: &[&str]) {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.current_dir(self.folder.path()).args(["-v", "error", "-nostdin", "-y"]).args(arguments);
        assert!(ffmpeg.status().unwrap().success(), "{arguments:?}");
    }

    /// Seconds of sound that FFmpeg finds.
    fn yardstick(&self, path: &Path) -> f64 {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "quiet", "-nostdin", "-i"]).arg(path);
        let ran =
            ffmpeg.args(["-map", "0:a:0", "-f", "s16le", "-ar", "48000", "-ac", "1", "-"]).output().unwrap();
        ran.stdout.len() as f64 / 2.0 / f64::from(RATE)
    }

    fn damage(&self, path: &Path, at: Range<f64>) -> PathBuf {
        let mut bytes = std::fs::read(path).unwrap();
        let place = |part: f64| (bytes.len() as f64 * part) as usize;
        let mut random = Random::new(11);
        let (from, to) = (place(at.start), place(at.end));
        bytes[from..to].iter_mut().for_each(|byte| *byte = random.word() as u8);
        let damaged = path.with_file_name(format!("bad-{}", path.file_name().unwrap().to_string_lossy()));
        std::fs::write(&damaged, bytes).unwrap();
        damaged
    }
}

const FILM: [&str; 6] = ["-f", "lavfi", "-i", "color=c=gray:s=64x48:r=5:d=12", "-c:v", "mpeg4"];

#[test]
fn every_kind_is_as_long_as_ffmpeg_finds_it_and_stands_where_it_was() {
    let Some(place) = Place::new() else { return };
    let film = |codec: &[&'static str]| [&FILM[..], codec].concat();
    let mut wrong = Vec::new();
    for (name, how) in [
        ("opus.opus", vec!["-c:a", "libopus", "-b:a", "64k"]),
        ("opus.webm", vec!["-c:a", "libopus", "-b:a", "64k"]),
        ("opus.mp4", vec!["-c:a", "libopus", "-b:a", "64k"]),
        ("opus.mkv", film(&["-c:a", "libopus", "-b:a", "64k"])),
        ("opus.caf", vec!["-c:a", "libopus", "-b:a", "64k"]),
        ("vorbis.ogg", vec!["-c:a", "libvorbis"]),
        ("vorbis.webm", vec!["-c:a", "libvorbis"]),
        ("aac.m4a", vec!["-c:a", "aac", "-b:a", "96k"]),
        ("aac.mp4", film(&["-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"])),
        ("fragments.mp4", film(&["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"])),
        ("aac.mkv", film(&["-c:a", "aac", "-b:a", "96k"])),
        ("alac.m4a", vec!["-c:a", "alac"]),
        ("flac.flac", vec!["-c:a", "flac"]),
        ("flac.ogg", vec!["-c:a", "flac"]),
        ("cbr.mp3", vec!["-c:a", "libmp3lame", "-b:a", "96k"]),
        ("vbr.mp3", vec!["-c:a", "libmp3lame", "-q:a", "2"]),
        ("headless.mp3", vec!["-c:a", "libmp3lame", "-q:a", "6", "-write_xing", "0"]),
        ("mp2.mp2", vec!["-c:a", "mp2", "-b:a", "192k"]),
        ("pcm.aiff", vec!["-c:a", "pcm_s16be"]),
        ("float.aifc", vec!["-c:a", "pcm_f32be", "-f", "aiff"]),
        ("pcm.caf", vec!["-c:a", "pcm_s24le"]),
        ("law.wav", vec!["-c:a", "pcm_mulaw"]),
        ("long.wav", vec!["-c:a", "pcm_s16le", "-rf64", "always"]),
        ("sony.w64", vec!["-c:a", "pcm_s24le"]),
        ("adpcm.wav", vec!["-c:a", "adpcm_ima_wav"]),
        ("ms.wav", vec!["-c:a", "adpcm_ms"]),
        ("wma.wma", vec!["-c:a", "wmav2", "-b:a", "128k"]),
        ("dolby.ac3", vec!["-c:a", "ac3"]),
        ("film.avi", film(&["-c:a", "mp3"])),
        ("camera.ts", film(&["-c:a", "aac"])),
        ("adts.aac", vec!["-c:a", "aac", "-b:a", "96k"]),
    ] {
        let path = place.pack(name, &how);
        let yardstick = place.yardstick(&path);
        let heard = match hear(&path) {
            Ok(heard) => heard,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let (early, late) = (lag(&place.whole, &heard, 1.0), lag(&place.whole, &heard, 10.5));
        let (seconds, gaps) = (heard.seconds(), &heard.gaps);
        println!(
            "{name}: ffmpeg {yardstick:.3} s, here {seconds:.3} s, off by {:.1} and {:.1} ms {gaps:?} {:?} {:?}",
            early * 1e3,
            late * 1e3,
            heard.remarks,
            heard.broken,
        );
        // In these an encoder's delay is known to nobody, FFmpeg included.
        let unknown = [
            "opus.caf",
            "fragments.mp4",
            "aac.mkv",
            "headless.mp3",
            "mp2.mp2",
            "wma.wma",
            "dolby.ac3",
            "film.avi",
            "camera.ts",
            "adts.aac",
        ];
        let delay = if unknown.contains(&name) { 0.06 } else { 0.0015 };
        let off = early.abs().max(late.abs());
        if (seconds - yardstick).abs() > 0.06 || off > delay || !gaps.is_empty() || heard.broken.is_some() {
            wrong.push(format!(
                "{name}: {seconds} s instead of {yardstick}, off by {off}, {gaps:?}, {:?}",
                heard.broken
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_damaged_place_costs_that_place() {
    let Some(place) = Place::new() else { return };
    let mut wrong = Vec::new();
    for (name, how) in [
        ("a.m4a", vec!["-c:a", "aac", "-b:a", "96k"]),
        ("a.flac", vec!["-c:a", "flac"]),
        ("a.ogg", vec!["-c:a", "libvorbis"]),
        ("a.opus", vec!["-c:a", "libopus"]),
        ("a.mp3", vec!["-c:a", "libmp3lame", "-b:a", "96k"]),
        ("a.aac", vec!["-c:a", "aac", "-b:a", "96k"]),
        ("a.mkv", vec!["-c:a", "flac", "-cluster_time_limit", "1000"]),
        ("b.mkv", vec!["-c:a", "aac", "-cluster_time_limit", "1000"]),
        ("a.webm", vec!["-c:a", "libopus", "-cluster_time_limit", "1000"]),
        ("b.webm", vec!["-c:a", "libvorbis", "-cluster_time_limit", "1000", "-live", "1"]),
    ] {
        let whole = place.pack(name, &how);
        let path = place.damage(&whole, 0.5..0.51);
        let heard = match hear(&path) {
            Ok(heard) => heard,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let late = lag(&place.whole, &heard, 10.5);
        println!(
            "{name}: {:.3} s, off by {:.1} ms, {:?} {:?}",
            heard.seconds(),
            late * 1e3,
            heard.gaps,
            heard.broken
        );
        let missing: f64 = heard.gaps.iter().map(|gap| gap.1).sum();
        if heard.broken.is_some() || missing > 2.0 || (heard.seconds() - 12.0).abs() > 0.2 || late.abs() > 0.1
        {
            wrong.push(format!(
                "{name}: {} s, {late} s late, {:?} {:?}",
                heard.seconds(),
                heard.gaps,
                heard.broken
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A reader that loses its way in the middle must not pass for the end, whether the file tells its length or
/// not.
#[test]
fn a_file_that_is_given_up_in_its_middle_is_broken() {
    let Some(place) = Place::new() else { return };
    for (name, how) in [("told.mkv", &["-c:a", "flac"][..]), ("live.mkv", &["-c:a", "flac", "-live", "1"])] {
        let whole = place.pack(name, how);
        assert!(hear(&whole).unwrap().broken.is_none(), "{name}");
        let heard = hear(&place.damage(&whole, 0.4..0.42)).unwrap();
        println!("{name}: {:.3} s {:?} {:?}", heard.seconds(), heard.gaps, heard.broken);
        assert!(heard.broken.is_some() || heard.gaps.iter().any(|gap| gap.2 == GapCause::Damaged), "{name}");
        assert!((heard.seconds() - 12.0).abs() < 0.1, "{name}: it goes on behind it");
    }
}

#[test]
fn gaps_and_late_starts_of_time_stamps_stay() {
    let Some(place) = Place::new() else { return };
    let gap = "setts=ts='if(gte(PTS*TB,5),PTS+20/TB,PTS)'";
    for (name, how) in [
        ("a.m4a", &["-c:a", "aac"][..]),
        ("a.webm", &["-c:a", "libvorbis"]),
        ("b.webm", &["-c:a", "libopus"]),
        ("a.mkv", &["-c:a", "flac"]),
    ] {
        place.pack(name, how);
        let out = format!("gap-{name}");
        place.ffmpeg(&["-i", name, "-bsf:a", gap, "-c", "copy", &out]);
        let heard = hear(&place.path(&out)).unwrap();
        println!("{out}: {:.3} s {:?} {:?}", heard.seconds(), heard.gaps, heard.remarks);
        let &[(from, length, cause)] = &heard.gaps[..] else { panic!("{name}: {:?}", heard.gaps) };
        assert!((from - 5.0).abs() < 0.1 && (length - 20.0).abs() < 0.05, "{name}: {from} {length}");
        assert_eq!(cause, GapCause::Unrecorded);
        // What follows it is where it was: 20 s later.
        let shifted = Heard { sound: heard.sound[20 * RATE as usize..].to_vec(), ..heard };
        assert!(lag(&place.whole, &shifted, 10.5).abs() < 0.03);
    }
    for name in ["late.mkv", "late.mp4"] {
        place.ffmpeg(
            &[&FILM[..4], &["-itsoffset", "3", "-i", "whole.wav", "-c:v", "mpeg4", "-c:a", "aac", name]]
                .concat(),
        );
        let heard = hear(&place.path(name)).unwrap();
        println!("{name}: {:.3} s {:?}", heard.seconds(), heard.gaps);
        assert!((heard.seconds() - 15.0).abs() < 0.1, "{name}: {} s", heard.seconds());
        assert!((heard.gaps[0].1 - 3.0).abs() < 0.05, "{name}: {:?}", heard.gaps);
    }
}

/// A film or a voice memo whose begin and end somebody cut off: what was cut is not taken, and no loss.
#[test]
fn what_an_edit_cuts_off_is_left_out() {
    let Some(place) = Place::new() else { return };
    for (name, codec) in [("a.m4a", "aac"), ("b.m4a", "alac")] {
        place.pack(name, &["-c:a", codec]);
        let cut = format!("cut-{name}");
        place.ffmpeg(&["-ss", "3.3", "-t", "6", "-i", name, "-c", "copy", &cut]);
        let yardstick = place.yardstick(&place.path(&cut));
        let heard = hear(&place.path(&cut)).unwrap();
        println!(
            "{cut}: ffmpeg {yardstick:.3} s, here {:.3} s {:?} {:?}",
            heard.seconds(),
            heard.gaps,
            heard.remarks
        );
        assert!((heard.seconds() - yardstick).abs() < 0.06, "{cut}: {} s", heard.seconds());
        assert!(heard.broken.is_none() && heard.gaps.is_empty() && heard.remarks.is_empty(), "{cut}");
    }
    // An edit that passes over seconds: made by hand in the list of a whole file.
    let path = place.pack("memo.m4a", &["-c:a", "alac"]);
    let mut bytes = std::fs::read(&path).unwrap();
    let list = bytes.windows(4).position(|window| window == b"elst").unwrap();
    bytes[list + 12..list + 16].copy_from_slice(&6_000u32.to_be_bytes());
    bytes[list + 16..list + 20].copy_from_slice(&(3 * RATE).to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    let heard = hear(&path).unwrap();
    println!(
        "memo: ffmpeg {:.3} s, here {:.3} s {:?}",
        place.yardstick(&path),
        heard.seconds(),
        heard.remarks
    );
    assert!((heard.seconds() - 6.0).abs() < 0.06 && heard.broken.is_none() && heard.remarks.is_empty());
    let from_three = &place.whole[3 * RATE as usize..];
    assert!(lag(from_three, &heard, 1.0).abs() < 0.0015 && lag(from_three, &heard, 5.0).abs() < 0.0015);
}

#[test]
fn wrong_lengths_in_wave_headers_are_hints() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.wav");
    let samples = Random::new(3);
    let mut random = samples;
    let pcm: Vec<u8> = (0..32_000).map(|_| random.word() as u8).collect();
    let file = |name: &[u8], data: u32, more: &[u8]| {
        let format = [
            16u32.to_le_bytes(),
            [1, 0, 1, 0],
            16_000u32.to_le_bytes(),
            32_000u32.to_le_bytes(),
            [2, 0, 16, 0],
        ];
        [name, &data.to_le_bytes(), b"WAVEfmt ", &format.concat(), b"data", &data.to_le_bytes(), &pcm, more]
            .concat()
    };
    let list = b"LIST\x0c\0\0\0INFOISFT\0\0\0\0";
    for (what, bytes, frames, remarks, cut) in [
        ("right", file(b"RIFF", 32_000, b""), 16_000, 0, false),
        ("right, and a list", file(b"RIFF", 32_000, list), 16_000, 0, false),
        ("zero", file(b"RIFF", 0, b""), 16_000, 1, false),
        ("short", file(b"RIFF", 8_000, b""), 16_000, 1, false),
        ("piped", file(b"RIFF", u32::MAX, b""), 16_000, 0, false),
        ("piped by another", file(b"RIFF", 0x7fff_ffff, b""), 16_000, 0, false),
        ("64 bit without its chunk", file(b"RF64", u32::MAX, b""), 16_000, 0, false),
        ("cut off", file(b"RIFF", 64_000, b""), 16_000, 0, true),
        ("joined", [file(b"RIFF", 32_000, b""), file(b"RIFF", 32_000, b"")].concat(), 32_022, 1, false),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let heard = hear(&path).unwrap();
        assert_eq!(heard.sound.len(), frames, "{what}");
        assert_eq!(heard.remarks.len(), remarks, "{what}: {:?}", heard.remarks);
        let missing = matches!(heard.broken, Some(DecodeError::Broken { missing_s: Some(s), .. }) if (s - 1.0).abs() < 1e-6);
        assert_eq!(missing, cut, "{what}: {:?}", heard.broken);
        assert!(heard.gaps.is_empty());
    }
}

#[test]
fn joined_files_are_read_to_their_end() {
    let Some(place) = Place::new() else { return };
    for (name, how) in [
        ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "96k"][..]),
        ("v.mp3", &["-c:a", "libmp3lame", "-q:a", "6", "-write_xing", "0"]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.opus", &["-c:a", "libopus"]),
        ("a.aac", &["-c:a", "aac"]),
        ("a.flac", &["-c:a", "flac"]),
    ] {
        let once = std::fs::read(place.pack(name, how)).unwrap();
        let twice = place.path(&format!("twice-{name}"));
        std::fs::write(&twice, [&once[..], &once].concat()).unwrap();
        let heard = hear(&twice);
        let heard = heard.unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{name}: {:.3} s {:?} {:?} {:?}", heard.seconds(), heard.gaps, heard.remarks, heard.broken);
        assert!((heard.seconds() - 24.0).abs() < 0.15, "{name}: {} s", heard.seconds());
    }
}

#[test]
fn sound_tracks_are_chosen_by_number() {
    let Some(place) = Place::new() else { return };
    place.ffmpeg(&[
        "-i",
        "whole.wav",
        "-f",
        "lavfi",
        "-i",
        "sine=d=5:r=48000",
        "-map",
        "0:a",
        "-map",
        "1:a",
        "-c:a",
        "aac",
        "two.mkv",
    ]);
    let path = place.path("two.mkv");
    assert_eq!(SoundFile::open(&path).unwrap().tracks().len(), 2);
    let seconds = |track| hear_track(&path, Some(track)).unwrap().seconds();
    assert!((seconds(1) - 12.0).abs() < 0.1 && (seconds(2) - 5.0).abs() < 0.1);
    let error = hear_track(&path, Some(3)).err().unwrap().to_string();
    assert!(error.contains("it has 2 sound tracks, and no #track3"), "{error}");
}
