//! `record` from sound files, at full speed: what is in them is in the tracks, to the sample, or it is said
//! what isn't.

use std::fs;

use hansard::base::units::Frames;
use hansard::session::manifest::{GapCause, State};
use hansard::session::reading::Session;

use crate::support::home::Home;
use crate::support::sound;

fn frames(session: &Session, track: &str) -> (Frames, Frames, Frames) {
    let account = session.manifest.account.iter().find(|account| account.track == track).unwrap();
    (account.expected, account.written, account.lost)
}

#[test]
fn every_format_is_recorded_to_the_sample() {
    let home = Home::new();
    let mut args = vec!["--pace=max".to_owned(), "--no-transcribe".into()];
    let mut whole = Vec::new();
    for (name, rate, channels, bits) in
        [("a", 8_000, 1, 16), ("b", 44_100, 2, 24), ("c", 48_000, 6, 16), ("d", 96_000, 1, 24)]
    {
        // Not a whole number of blocks of anything.
        let samples = sound::noise(7, u32::from(bits), usize::from(channels) * 12_345);
        let path = home.path(&format!("{name}.wav"));
        sound::pcm(&path, rate, channels, bits, &samples);
        args.extend(["--source".into(), format!("{name}=file:{}", path.display())]);
        if bits == 16 {
            let packed = home.path(&format!("{name}.flac"));
            if sound::flac(&path, &packed) {
                args.extend(["--source".into(), format!("{name}-flac=file:{}", packed.display())]);
                whole.push((format!("{name}-flac"), rate, channels, bits, samples.clone()));
            }
        }
        whole.push((name.to_owned(), rate, channels, bits, samples));
    }
    // Over full scale and under one bit of 24.
    let floats: Vec<f32> = sound::noise(9, 24, 5_000).iter().map(|n| *n as f32 / 4e6).chain([1e-9]).collect();
    sound::float(&home.path("float.wav"), 16_000, 1, &floats);
    args.extend(["--source".into(), format!("float=file:{}", home.path("float.wav").display())]);

    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (_, session) = home.record(0, &args);
    assert_eq!(session.manifest.state, State::Closed);
    for (name, rate, channels, bits, samples) in whole {
        let (spec, recorded) = sound::read_pcm(&sound::track(&session, &name));
        assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (rate, channels, bits), "{name}");
        assert!(recorded == samples, "{name}: {} of {} samples", recorded.len(), samples.len());
        assert_eq!(frames(&session, &name), (Frames(12_345), Frames(12_345), Frames(0)), "{name}");
    }
    let (spec, recorded) = sound::read_float(&sound::track(&session, "float"));
    assert_eq!((spec.sample_rate, spec.bits_per_sample), (16_000, 32));
    assert!(recorded == floats);
}

#[test]
fn channels_of_one_file_become_tracks_of_one_device() {
    let home = Home::new();
    let channel = |n: usize| sound::noise(n as u64, 16, 30_000);
    let mut interleaved = Vec::new();
    let all: Vec<Vec<i32>> = (1..=6).map(channel).collect();
    for frame in 0..30_000 {
        interleaved.extend(all.iter().map(|samples| samples[frame]));
    }
    sound::pcm(&home.path("cwd/six.wav"), 48_000, 6, 16, &interleaved);
    let names = ["one", "two", "three", "four", "five", "six"];
    let specs: Vec<String> = (1..=6).map(|n| format!("{}=file:six.wav#{n}", names[n - 1])).collect();
    let mut args = vec!["--pace=max", "--no-transcribe", "--source=all=file:six.wav"];
    args.extend(specs.iter().flat_map(|spec| ["--source", spec]));
    let (_, session) = home.record(0, &args);
    for (name, samples) in names.iter().zip(&all) {
        let (spec, recorded) = sound::read_pcm(&sound::track(&session, name));
        assert_eq!(spec.channels, 1);
        assert!(recorded == *samples, "{name}");
    }
    assert!(sound::read_pcm(&sound::track(&session, "all")).1 == interleaved);
    let journal = fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
    assert_eq!(journal.matches("\"device_opened\"").count(), 1, "it is one device");

    home.refuses(&["record", "--source=A=file:six.wav#7"], &["6 channel(s)", "no channel 7"]);
    // A file of exactly that name wins.
    fs::copy(home.path("cwd/six.wav"), home.path("cwd/six.wav#7")).unwrap();
    home.record(0, &["--pace=max", "--no-transcribe", "--source=A=file:six.wav#7"]);
}

#[test]
fn what_is_no_sound_is_refused_before_anything_begins() {
    let home = Home::new();
    sound::pcm(&home.path("cwd/good.wav"), 16_000, 1, 16, &sound::noise(1, 16, 1_000));
    let good = fs::read(home.path("cwd/good.wav")).unwrap();
    let patched = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    home.write("empty.wav", "");
    home.write("junk.wav", sound::noise(3, 8, 9_000).iter().map(|n| *n as u8).collect::<Vec<_>>());
    home.write("text.wav", "This is not the sound that you are looking for.\n");
    home.write("head.wav", &good[..30]);
    home.write("silent.wav", {
        let mut head = patched(40, &[0; 4]);
        head.truncate(44);
        head
    });
    home.write("no-channels.wav", patched(22, &[0, 0]));
    home.write("no-rate.wav", patched(24, &[0; 4]));
    home.write("fast.wav", patched(24, &[0xff; 4]));
    fs::create_dir(home.path("cwd/folder.wav")).unwrap();
    std::os::unix::fs::symlink("nowhere", home.path("cwd/dangling.wav")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(home.path("cwd/pipe.wav")).status().unwrap();
    assert!(made.success());
    for (name, part) in [
        ("missing.wav", "can't read missing.wav: No such file"),
        ("dangling.wav", "can't read dangling.wav: No such file"),
        ("folder.wav", "folder.wav is not a regular file"),
        ("pipe.wav", "pipe.wav is not a regular file"),
        ("empty.wav", "empty.wav holds no sound"),
        ("silent.wav", "silent.wav holds no sound"),
        ("head.wav", "head.wav is not a sound file"),
        ("junk.wav", "junk.wav is not a sound file"),
        ("text.wav", "text.wav is not a sound file"),
        ("no-channels.wav", "no-channels.wav is not a sound file"),
        ("no-rate.wav", "no-rate.wav is not a sound file"),
        ("fast.wav", "fast.wav is not a sound file"),
    ] {
        let spec = format!("--source=A=file:{name}");
        home.refuses(&["record", "--source=B=file:good.wav", &spec], &["A: ", part]);
    }
}

/// Records `name` at full speed and expects that `whole` was promised, `there` is recorded, and the rest is
/// named as lost.
fn broken_off(home: &Home, name: &str, whole: u64, there: &[i32]) {
    let spec = format!("--source=A=file:{name}");
    let (ran, session) = home.record(2, &["--pace=max", "--no-transcribe", &spec]);
    assert!(ran.err.contains("broke off") && ran.err.contains(name), "{}", ran.err);
    assert!(ran.err.contains("LOST"), "{}", ran.err);
    let (_, recorded) = sound::read_pcm(&sound::track(&session, "a"));
    assert!(recorded == there, "{name}: {} frames are there, {} are recorded", there.len(), recorded.len());
    let there = there.len() as u64;
    assert_eq!(frames(&session, "a"), (Frames(whole), Frames(there), Frames(whole - there)), "{name}");
    let gaps = &session.manifest.account[0].gaps;
    assert_eq!((gaps[0].cause, gaps[0].loss), (GapCause::DeviceLost, true));
}

#[test]
fn a_file_that_breaks_off_is_recorded_up_to_there_and_the_rest_is_a_loss() {
    let home = Home::new();
    let samples = sound::noise(5, 16, 50_000);
    let wav = home.path("cwd/whole.wav");
    sound::pcm(&wav, 16_000, 1, 16, &samples);
    let bytes = fs::read(&wav).unwrap();
    home.write("cut.wav", &bytes[..44 + 2 * 20_000]);
    broken_off(&home, "cut.wav", 50_000, &samples[..20_000]);

    // At a device's pace the loss is the same.
    let (_, session) = home.record(2, &["--no-transcribe", "--source=A=file:cut.wav"]);
    assert_eq!(frames(&session, "a").2, Frames(30_000));

    if sound::flac(&wav, &home.path("cwd/whole.flac")) {
        let bytes = fs::read(home.path("cwd/whole.flac")).unwrap();
        home.write("cut.flac", &bytes[..bytes.len() / 2]);
        let mut hole = bytes.clone();
        let middle = bytes.len() / 2;
        hole[middle..middle + 200].fill(0x55);
        home.write("hole.flac", &hole);
        let recorded = |name: &str| {
            let spec = format!("--source=A=file:{name}");
            let (_, session) = home.record(2, &["--pace=max", "--no-transcribe", &spec]);
            (sound::read_pcm(&sound::track(&session, "a")).1, frames(&session, "a"))
        };
        let (cut, account) = recorded("cut.flac");
        assert!((20_000..28_000).contains(&cut.len()), "{}", cut.len());
        assert!(cut == samples[..cut.len()]);
        let there = cut.len() as u64;
        assert_eq!(account, (Frames(50_000), Frames(there), Frames(50_000 - there)));
        // The damaged place is silence of its length; before and after it nothing moved.
        let (hole, account) = recorded("hole.flac");
        let differ: Vec<usize> = (0..50_000).filter(|n| hole[*n] != samples[*n]).collect();
        let (first, last) = (differ[0], differ[differ.len() - 1]);
        assert!(hole.len() == 50_000 && last - first < 10_000, "{first} to {last} of {}", hole.len());
        assert!(hole[first..=last].iter().all(|sample| *sample == 0));
        let lost = account.2.0 as usize;
        assert!((last - first + 1..=last - first + 4).contains(&lost), "{lost} for {first} to {last}");
    }
}

#[test]
fn a_header_that_was_written_into_a_pipe_promises_nothing() {
    let home = Home::new();
    let samples = sound::noise(6, 16, 20_000);
    let wav = home.path("cwd/whole.wav");
    sound::pcm(&wav, 16_000, 1, 16, &samples);
    let bytes = fs::read(&wav).unwrap();
    // ffmpeg, sox, arecord.
    for (n, length) in [0xffff_ffff_u32, 0x7fff_f000, 0x8000_0000].into_iter().enumerate() {
        let mut piped = bytes.clone();
        piped[40..44].copy_from_slice(&length.to_le_bytes());
        piped[4..8].copy_from_slice(&length.saturating_add(36).to_le_bytes());
        let name = format!("piped-{n}.wav");
        home.write(&name, piped);
        let spec = format!("--source=A=file:{name}");
        let (_, session) = home.record(0, &["--pace=max", "--no-transcribe", &spec]);
        assert!(sound::read_pcm(&sound::track(&session, "a")).1 == samples, "{name}");
    }
}

/// A second of nothing, half a second of a tone, another second and a half of nothing; both channels alike.
fn beep(path: &std::path::Path) {
    let tone = |n: i32| ((f64::from(n) * 0.13).sin() * 12_000.0) as i32;
    let samples = (0..44_100 * 3).flat_map(|n| {
        let sample = if (44_100..66_150).contains(&n) { tone(n) } else { 0 };
        [sample, sample]
    });
    sound::pcm(path, 44_100, 2, 16, &samples.collect::<Vec<_>>());
}

/// Where the tone begins and ends in a track, and how long that is, in seconds.
fn tone(session: &Session, track: &str) -> (f64, f64, f64) {
    let (spec, samples) = sound::read_pcm(&sound::track(session, track));
    let mono: Vec<i32> = samples.chunks(usize::from(spec.channels)).map(|frame| frame[0]).collect();
    let loud = |sample: &i32| sample.abs() > 3_000;
    let at = |n: Option<usize>| n.map_or(-1.0, |n| n as f64 / f64::from(spec.sample_rate));
    (at(mono.iter().position(loud)), at(mono.iter().rposition(loud)), at(Some(mono.len())))
}

#[test]
fn packed_sound_is_where_it_was_and_what_is_broken_is_said() {
    let home = Home::new();
    let wav = home.path("beep.wav");
    beep(&wav);
    let film = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=3", "-c:v", "mpeg4"];
    let with_film = |codec: &[&'static str]| [&film[..], codec].concat();
    let ways = [
        ("mp3", vec!["-c:a", "libmp3lame", "-b:a", "96k"]),
        ("m4a", vec!["-c:a", "aac", "-b:a", "96k"]),
        ("alac.m4a", vec!["-c:a", "alac"]),
        ("ogg", vec!["-c:a", "libvorbis"]),
        ("opus", vec!["-c:a", "libopus"]),
        ("mp4", with_film(&["-c:a", "aac", "-movflags", "+faststart"])),
        ("mkv", with_film(&["-c:a", "libvorbis"])),
    ];
    for (name, how) in &ways {
        let packed = home.path(&format!("cwd/beep.{name}"));
        if !sound::pack(&wav, how, &packed) {
            return;
        }
        let spec = format!("--source=A=file:beep.{name}");
        let (_, session) = home.record(0, &["--pace=max", "--no-transcribe", &spec]);
        let (from, to, length) = tone(&session, "a");
        let near = |a: f64, b: f64| (a - b).abs() < 0.06;
        assert!(near(from, 1.0) && near(to, 1.5) && near(length, 3.0), "{name}: {from} {to} {length}");

        // Two thirds of it: what is there is recorded, and that something lacks is said, or it is refused.
        let bytes = fs::read(&packed).unwrap();
        home.write(&format!("cut.{name}"), &bytes[..bytes.len() * 2 / 3]);
        let spec = format!("--source=A=file:cut.{name}");
        let ran = home.run(["record", "--pace=max", "--no-transcribe", &spec]);
        let told = ran.err.contains("broke off") || ran.err.contains("is not a sound file");
        // A stream of pages says nowhere how long it should have been.
        assert!(told || ["ogg", "opus"].contains(name), "{name}: {}", ran.err);
    }
}

/// What nothing here decodes is read through FFmpeg, which is said; without it, one line says what converts
/// it. A playlist reaches neither.
#[test]
fn what_is_not_decoded_here_goes_through_ffmpeg_or_is_named() {
    let home = Home::new();
    let wav = home.path("beep.wav");
    beep(&wav);
    if !sound::pack(&wav, &["-c:a", "wmav2", "-b:a", "128k"], &home.path("cwd/beep.wma")) {
        return;
    }
    let spec = "--source=A=file:beep.wma";
    let (ran, session) = home.record(0, &["--pace=max", "--no-transcribe", spec]);
    assert!(ran.err.contains("read through FFmpeg (it is Windows Media)"), "{}", ran.err);
    let (from, to, _) = tone(&session, "a");
    assert!((from - 1.0).abs() < 0.06 && (to - 1.5).abs() < 0.06, "{from} {to}");
    let empty = home.path("empty");
    fs::create_dir_all(&empty).unwrap();
    let mut without = home.command(["record", "--no-transcribe", "--pace=max", spec]);
    let output = without.env("PATH", &empty).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("it is Windows Media") && err.contains("ffmpeg -i beep.wma out.wav"), "{err}");
    home.write("list.m3u8", b"#EXTM3U\n#EXTINF:3,\nbeep.wma\n");
    home.refuses(&["record", "--source=A=file:list.m3u8"], &["list.m3u8 is not a sound file"]);
}

/// An import is dated by what the file says of itself, else by its day alone; the user can say better.
#[test]
fn imports_are_dated_by_the_file() {
    let Some(home) = Home::with_models("imports_are_dated_by_the_file") else { return };
    let wav = home.path("beep.wav");
    beep(&wav);
    let stamp = ["-c:a", "aac", "-metadata", "creation_time=2026-03-05T10:20:30Z"];
    if !sound::pack(&wav, &stamp, &home.path("cwd/phone.m4a")) {
        return;
    }
    let start = |arguments: &[&str]| {
        let ran = home.run([&["transcribe", "--model=tiny.en-q8_0"][..], arguments].concat());
        let manifest = ran.expect(0).session().manifest;
        (manifest.start.utc.to_string(), manifest.start.clock_known, manifest.sources[0].name.clone())
    };
    let phone = start(&["phone.m4a", "--name=Ann"]);
    assert_eq!(phone, ("2026-03-05T10:20:30Z".to_owned(), true, "Ann".to_owned()));
    fs::copy(&wav, home.path("cwd/old.wav")).unwrap();
    let old = fs::File::options().write(true).open(home.path("cwd/old.wav")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_790_933_400)).unwrap();
    let (utc, clock_known, name) = start(&["old.wav"]);
    assert!(utc.starts_with("2026-10-0") && !clock_known && name == "old", "{utc} {name}");
    let minutes = home.run(["export", "last", "--no-sound", "--format", "md", "--output", "-"]);
    assert!(
        minutes.expect(0).out.contains("Friday, 2 October 2026, time of day not known"),
        "{}",
        minutes.out
    );
    let said = start(&["Bob=old.wav#1", "--date=2025-01-02T03:04:05Z"]);
    assert_eq!(said, ("2025-01-02T03:04:05Z".to_owned(), true, "Bob".to_owned()));
    // The last one is what was made last, however long ago it was recorded.
    let last = home.run(["export", "last", "--no-sound", "--format", "md", "--output", "-"]);
    assert!(last.expect(0).out.contains("2025-01-02"), "{}", last.out);
    home.refuses(&["transcribe", "old.wav", "--date=yesterday"], &["as 2026-10-02T14:30"]);
    home.refuses(&["transcribe", "old.wav#0"], &["channels are counted from 1"]);
}

/// Of a stream that says nowhere how long it is, nobody knows what its damage cost: that is said everywhere,
/// and no number stands for it.
#[test]
fn a_loss_of_unknown_length_is_called_unknown() {
    let home = Home::new();
    let wav = home.path("beep.wav");
    beep(&wav);
    let packed = home.path("cwd/beep.wma");
    if !sound::pack(&wav, &["-c:a", "wmav2", "-b:a", "128k"], &packed) {
        return;
    }
    let mut bytes = fs::read(&packed).unwrap();
    // FFmpeg goes on behind the damage, and says only that there was some.
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2_000].fill(0);
    home.write("cut.wma", bytes);
    let ran = home.run(["record", "--pace=max", "--no-transcribe", "--json", "--source=A=file:cut.wma"]);
    let report = ran.expect(2).json();
    assert!(ran.err.contains("an unknown amount LOST"), "{}", ran.err);
    assert!(report["account"][0]["lost"].is_null(), "{report}");
    let session = report["session"].as_str().unwrap();
    for arguments in [
        &["show", session][..],
        &["verify", session],
        &["list"],
        &["export", session, "--no-sound", "--format", "md", "--output", "-"],
        &["export", session, "--no-sound", "--format", "html", "--output", "-"],
    ] {
        let ran = home.run(arguments.iter().copied());
        assert!(ran.out.contains("an unknown amount"), "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(!ran.out.contains("1 ms"), "{arguments:?}: {}", ran.out);
    }
}
