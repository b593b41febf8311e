//! `record` as a user calls it: names, places, lengths, and what is refused.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hansard::base::units::Frames;
use hansard::session::manifest::GapCause;

use crate::support::home::{Home, unread};
use crate::support::sound;

const QUICK: [&str; 2] = ["--pace=max", "--no-transcribe"];
const SECOND: &str = "synth:coded,secs=1";

#[test]
fn names_are_kept_as_written_and_files_are_named_for_any_file_system() {
    let home = Home::new();
    let names = ["AC/DC", "Dr. Who", "Dr Who", "../../x", "🎤", "王小明", "a b", "CON"];
    let sources: Vec<String> = names.iter().map(|name| format!("--source={name}={SECOND}")).collect();
    let title = "--title=a/b: 東京 🎉 ..";
    let args: Vec<&str> =
        QUICK.into_iter().chain([title]).chain(sources.iter().map(String::as_str)).collect();
    let (_, session) = home.record(0, &args);
    assert_eq!(session.manifest.title, "a/b: 東京 🎉 ..");
    let folder = session.dir.file_name().unwrap().to_str().unwrap();
    assert_eq!(folder, session.manifest.id);
    assert!(folder.ends_with("_a-b-dong-jing"), "{folder}");
    assert_eq!(home.sessions(), std::slice::from_ref(&session.dir), "nothing is put beside it");
    let shown: Vec<&str> = session.manifest.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(shown, names);
    let mut files = HashSet::new();
    for source in &session.manifest.sources {
        assert!(source.track.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        let file = sound::track(&session, &source.track);
        assert_eq!(file, session.dir.join(format!("tracks/{}.wav", source.track)));
        assert_eq!(hound::WavReader::open(&file).unwrap().duration(), 48_000, "{}", source.name);
        assert!(files.insert(file));
    }
    let ran = home.run(["export", "last", "--output=-"]);
    ran.expect(0);
    for name in ["AC/DC", "Who", "王小明", "🎤", "東京"] {
        assert!(ran.out.contains(name), "{name} is not in\n{}", ran.out);
    }
}

#[test]
fn a_title_can_be_anything() {
    let home = Home::new();
    let source = format!("--source=A={SECOND}");
    let long = "y".repeat(5_000);
    for title in ["", "  ", "one\ntwo\u{1b}[31m", "...", "🎉", &long, "-"] {
        let title = format!("--title={title}");
        home.record(0, &[QUICK[0], QUICK[1], &source, &title]);
    }
    let ran = home.run(["list"]);
    ran.expect(0);
    assert!(!ran.out.contains('\u{1b}'), "nothing of a title reaches the terminal raw");
    assert_eq!(ran.out.matches("_meeting").count(), 2);
}

#[test]
fn sources_that_cannot_be_are_refused() {
    let home = Home::new();
    let source = format!("--source=A={SECOND}");
    for (args, parts) in [
        (vec![source.as_str(), "--source=A=synth:tone"], vec!["two sources are named `A`", "its own name"]),
        (vec!["--source=A=mick"], vec!["did you mean `mic`?"]),
        (vec!["--source=A=tape:x"], vec!["must begin with mic, loopback, file: or synth:"]),
        (vec!["--source=A"], vec!["`A` is not a source"]),
        (vec!["--source=A=file:"], vec!["the path of a sound file"]),
        (vec!["--source=A=mic:no-such-device"], vec!["A: ", "no-such-device"]),
        (vec!["--source=A=mic:alsa:null"], vec!["A: ", "alsa:null"]),
        (vec!["--source=A=synth:ton"], vec!["unknown synthetic source \"ton\""]),
        (vec!["--source=A=synth:tone,rate=fast"], vec!["rate=fast", "a number from"]),
        (vec!["--source=A=synth:tone,stall=x"], vec!["AT:DUR"]),
        (vec!["--source=A=synth:tone,wow=1"], vec!["unknown key"]),
        (vec!["--source=A=synth:tone#2"], vec!["there is no channel 2"]),
        (vec![&source, "--for=0"], vec!["longer than 0 s"]),
        (vec![&source, "--for=1:30"], vec!["could mean two things"]),
        (vec![&source, "--pace=slow"], vec!["slow", "real", "max"]),
        (vec![&source, "--language=klingon"], vec!["klingon"]),
        (vec![&source, "--model=nope"], vec!["model 'nope' is not installed"]),
        (vec![&source, "--model="], vec!["model"]),
        (vec![&source, "--nonsense"], vec!["--nonsense"]),
    ] {
        let args: Vec<&str> = ["record"].into_iter().chain(args).collect();
        home.refuses(&args, &parts);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_a_way_out() {
    let home = Home::new();
    let file = home.write("file", "");
    let file = file.to_str().unwrap();
    let below = format!("{file}/below");
    for out in [file, &below, "/proc/hansard", "/dev/null"] {
        let source = format!("--source=A={SECOND}");
        let args = ["record", QUICK[0], QUICK[1], &source, "--out", out];
        home.refuses(&args, &["can't make a session in", out, "--out or HANSARD_RECORDINGS"]);
    }
    // One that is not there yet is made.
    let deep = home.path("not/yet/there");
    let (_, session) = home
        .record(0, &[QUICK[0], QUICK[1], &format!("--source=A={SECOND}"), "--out", deep.to_str().unwrap()]);
    assert!(session.dir.starts_with(&deep));
}

#[test]
fn sources_of_the_config_are_recorded_unless_some_are_named() {
    let home = Home::new();
    let config = home.write(
        "sources.toml",
        "[[source]]\nname = \"Zoë\"\nspec = \"synth:coded,secs=1\"\n[[source]]\nname = \"Room\"\nspec = \"synth:tone,secs=1\"\n",
    );
    let config = config.to_str().unwrap();
    let (_, session) = home.record(0, &["--config", config, QUICK[0], QUICK[1]]);
    let names: Vec<&str> = session.manifest.sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["Zoë", "Room"]);
    let (_, session) =
        home.record(0, &["--config", config, QUICK[0], QUICK[1], &format!("--source=A={SECOND}")]);
    assert_eq!(session.manifest.sources.len(), 1);

    let broken = home.write("broken.toml", "[[source]]\nname = \"Zoë\"\nspec = \"synt:coded\"\n");
    home.refuses(&["record", "--config", broken.to_str().unwrap()], &["broken.toml:1", "did you mean"]);
    let twice = "[[source]]\nname = \"A\"\nspec = \"synth:coded\"\n";
    let twice = home.write("twice.toml", twice.repeat(2));
    home.refuses(&["record", "--config", twice.to_str().unwrap()], &["named `A`"]);
}

#[test]
fn it_stops_after_the_time_that_was_asked_for() {
    let home = Home::new();
    // At full speed the time is one of sound.
    let endless =
        ["--source=A=synth:coded,secs=0", "--source=B=synth:coded,rate=44100,secs=100", "--for=2.5"];
    let (_, session) = home.record(0, &[QUICK[0], QUICK[1], endless[0], endless[1], endless[2]]);
    for (track, frames) in [("a", 120_000), ("b", 110_250)] {
        assert_eq!(hound::WavReader::open(sound::track(&session, track)).unwrap().duration(), frames);
    }
    assert_eq!(session.manifest.account.iter().map(|a| a.gaps.len()).sum::<usize>(), 0);

    let (_, session) = home.record(0, &["--no-transcribe", "--source=A=synth:coded,secs=0", "--for=1s"]);
    assert!((0.9..1.5).contains(&session.manifest.duration), "{}", session.manifest.duration);
}

#[test]
fn what_a_device_loses_is_named_and_is_exit_code_2() {
    let home = Home::new();
    let args = ["--no-transcribe", "--json", "--source=Stall=synth:coded,secs=2,stall=0.5:0.4"];
    let (ran, session) =
        home.record(2, &[args[0], args[1], args[2], "--source=Gone=synth:coded,secs=2,gone=0.5:0.6"]);
    for (track, cause, least, said) in [
        ("stall", GapCause::Stall, 0.35, "Stall: 0.4 s lost: device delivered nothing"),
        ("gone", GapCause::DeviceLost, 0.5, "lost: device was unplugged"),
    ] {
        let account = session.manifest.account.iter().find(|account| account.track == track).unwrap();
        let gap = account.gaps.iter().find(|gap| gap.cause == cause).unwrap_or_else(|| panic!("{account:?}"));
        assert!(gap.loss && gap.frames >= Frames((least * 48_000.0) as u64), "{account:?}");
        assert!(ran.err.contains(said) && ran.err.contains(" LOST"), "{}", ran.err);
    }
    let report = ran.lines().pop().unwrap();
    assert_eq!(report["exit"], 2);
    assert_eq!(report["account"].as_array().unwrap().len(), 2);
    assert!(ran.err.contains("gone=0.5:0.6 is there again"), "{}", ran.err);
}

#[test]
fn a_session_is_its_users_alone() {
    let home = Home::new();
    let (_, session) = home.record(0, &[QUICK[0], &format!("--source=A={SECOND}")]);
    let mut seen = 0;
    let mut folders = vec![home.recordings(), session.dir.clone()];
    while let Some(folder) = folders.pop() {
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(
                    path.metadata().unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{}",
                    path.display()
                );
                seen += 1;
            }
        }
    }
    // session.json, events.jsonl, tracks/a.wav, minutes.md and more.
    assert!(seen >= 4, "{seen} files");
}

#[test]
fn nobody_has_to_read_what_it_says() {
    let home = Home::new();
    // Stdout is closed at once, stderr is a file: it records to its end, and the exit code still tells of the
    // loss.
    let args = ["record", "--no-transcribe", "--source=A=synth:coded,secs=1.5,stall=0.4:0.5"];
    let (code, err) = unread(&mut home.command(args));
    assert_eq!(code, Some(2), "{err}");
    // Neither of both is read.
    let mut child = home
        .command(args)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(2));
    for dir in home.sessions() {
        let session = hansard::session::reading::Session::open(&dir).unwrap();
        assert!(session.manifest.duration > 1.4, "{}", session.manifest.duration);
    }
}

#[test]
fn without_a_model_it_records_and_says_that_text_is_pending() {
    let home = Home::new();
    let (ran, session) = home.record(0, &["--pace=max", "--json", &format!("--source=A={SECOND}")]);
    assert!(ran.err.contains("no speech model") && ran.err.contains("hansard models pull"), "{}", ran.err);
    assert!(ran.lines().pop().unwrap()["text_pending"].as_str().unwrap().contains("no speech model"));
    assert_eq!(hound::WavReader::open(sound::track(&session, "a")).unwrap().duration(), 48_000);
    assert!(session.dir.join("minutes.md").is_file());
    let journal = fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
    assert!(journal.contains("\"text_pending\""), "{journal}");
    home.refuses(&["transcribe", "last"], &["no speech model", "hansard models pull"]);
    sound::pcm(&home.path("cwd/x.wav"), 16_000, 1, 16, &sound::noise(1, 16, 100));
    home.refuses(&["transcribe", "x.wav"], &["no speech model"]);
}

/// `--json` sets `record.ui`, and whatever sets one of the settings reads the others anew.
#[test]
fn out_is_kept_beside_flags_that_set_settings() {
    let home = Home::new();
    for (n, flags) in [&["--json"][..], &["--ui", "plain", "--vocabulary", "Ngozi"]].iter().enumerate() {
        let out = home.path(&format!("out{n}"));
        let source = ["--pace=max", "--no-transcribe", "--source=A=synth:tone,secs=1", "--out"];
        let args = ["record"].iter().chain(*flags).chain(&source).copied();
        home.run(args.chain([out.to_str().unwrap()])).expect(0);
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "{flags:?}");
    }
    assert!(home.sessions().is_empty());
}
