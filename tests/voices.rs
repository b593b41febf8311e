//! The networks that tell voices apart against values that the original runtime gave, and voices that are
//! built into a meeting.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::base::utterance::Utterance;
use hansard::doctor::voices::people;
use hansard::session::manifest::{ClockFit, SourceKind, TakeEntry};
use hansard::session::shared::{TakeShared, TrackShared};
use hansard::session::wav::Layout;
use hansard::speakers::cluster::{self, cosine};
use hansard::speakers::filter_bank::{BANDS, FilterBank};
use hansard::speakers::networks::{Embedding, NetworkError, Networks, WINDOW, embedding_hash};
use hansard::speakers::pieces::{self, Piece};
use hansard::speakers::worker::{self, Ear, VoicesWorker, VoicesWorkers, Window};
use hansard::speech::voices::{TrackVoices, kept};

use crate::support::stage::meeting::speak;

/// What the networks in f32 gave for 10 s and 3 s of one recording: onnxruntime 1.32, kaldi-native-fbank.
fn golden() -> serde_json::Value {
    serde_json::from_str(include_str!("fixtures/voices.json")).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

/// A file of the folder beside this checkout, where there is one.
fn shared(name: &str) -> Option<std::path::PathBuf> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no ../shared/{name}");
    None
}

fn recording() -> Option<Vec<f32>> {
    let mut file = hound::WavReader::open(shared("speech/jfk/jfk.wav")?).unwrap();
    assert_eq!((file.spec().sample_rate, file.spec().channels), (16_000, 1));
    Some(file.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect())
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn probabilities(networks: &Networks, sound: &[f32]) -> Vec<f32> {
    let frames = networks.probabilities(&sound[..WINDOW]).unwrap();
    frames.iter().step_by(19).flatten().copied().collect()
}

fn embedding(networks: &mut Networks, sound: &[f32]) -> Embedding {
    let features = networks.features(&sound[..48_000]);
    let frames: Vec<usize> = (0..features.len() / BANDS).collect();
    networks.embedding(&features, &frames).unwrap()
}

#[test]
fn the_networks_give_the_golden_values_in_f32_and_nearly_so_as_they_are_shipped() {
    let Some(sound) = recording() else { return };
    let golden = golden();
    let told = golden["probabilities_every_19th_frame"].as_array().unwrap();
    let told: Vec<f32> = told.iter().flat_map(numbers).collect();
    let direction = numbers(&golden["embedding"]);
    let features = FilterBank::default().features(&sound[..48_000]);
    for (row, name) in [(0, "row_0"), (100, "row_100")] {
        let band = &features[row * BANDS..(row + 1) * BANDS];
        assert!(largest(band, &numbers(&golden["filter_bank"][name])) < 1e-3, "{name}");
    }

    let mut shipped = Networks::load().unwrap();
    let probability = largest(&probabilities(&shipped, &sound), &told);
    let like = embedding(&mut shipped, &sound).iter().zip(&direction).map(|(a, b)| a * b).sum::<f32>();
    println!("as shipped: probabilities off by {probability:.5} at most, cosine {like:.5}");
    assert!(probability < 0.02 && like > 0.99, "{probability} {like}");

    let (Some(segmentation), Some(campplus)) =
        (shared("models/voices/seg.onnx"), shared("models/voices/cam.onnx"))
    else {
        return;
    };
    let [segmentation, campplus] = [segmentation, campplus].map(|file| std::fs::read(file).unwrap());
    let mut whole = Networks::read(segmentation, campplus).unwrap();
    let probability = largest(&probabilities(&whole, &sound), &told);
    let value = largest(&embedding(&mut whole, &sound)[..], &direction);
    println!("f32: probabilities off by {probability:.6} at most, embedding by {value:.6}");
    assert!(probability < 1e-4 && value < 1e-4, "{probability} {value}");
}

#[test]
fn the_network_of_kept_voices_is_what_it_was() {
    // Voices that people enrolled are compared by no other network: a new hash asks them all again.
    assert_eq!(embedding_hash(), "328f7e79dafba778d7dc2177426cba1a7d5b40edfbfb661c3f12936c1c7ba4a1");
}

#[test]
fn what_is_no_window_is_an_error_and_what_is_no_number_is_silence() {
    let mut networks = Networks::load().unwrap();
    assert!(networks.activity(&[0.0; 100]).is_err());
    assert!(networks.embedding(&[], &[]).is_err());
    let wild: Vec<f32> = [f32::NAN, f32::INFINITY, -1e30, 0.5].into_iter().cycle().take(WINDOW).collect();
    let found = pieces::hear(&mut networks, &wild, 0, &(0..WINDOW as u64)).unwrap();
    assert!(found.iter().all(|piece| piece.voice.iter().flat_map(|v| v.iter()).all(|v| v.is_finite())));
    assert_eq!(pieces::hear(&mut networks, &[0.0; 16_000], 0, &(0..16_000)).unwrap(), []);
}

/// The program's own process hears what this one does, also after it was killed; one that is no such process
/// is an error and no hang.
#[test]
fn another_process_hears_the_same_and_its_death_costs_a_start() {
    let Some((sound, _)) = meeting(&["slt", "rms"]) else { return };
    let mut own = Networks::load().unwrap();
    let mut worker = VoicesWorker::new(env!("CARGO_BIN_EXE_hansard").into());
    assert_eq!(worker.process_id(), None);
    for from in [0, 80_000, 160_000] {
        let (window, middle) = (&sound[from..from + WINDOW], from as u64 + 40_000..from as u64 + 120_000);
        let heard = worker.hear(window, from as u64, &middle).unwrap();
        let told = pieces::hear(&mut own, window, from as u64, &middle).unwrap();
        assert!(!heard.is_empty() && heard.len() == told.len());
        for (heard, told) in heard.iter().zip(&told) {
            // As JSON a time may lose its last bit.
            let off = (heard.start - told.start).abs() + (heard.end - told.end).abs();
            assert!(off < 1e-9 && heard.voice == told.voice, "{from}: {} {}", heard.start, told.start);
        }
        let id = rustix::process::Pid::from_raw(worker.process_id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    }
    for program in ["/bin/true", "/bin/cat", "/bin/nothing"] {
        assert!(VoicesWorker::new(program.into()).hear(&sound[..WINDOW], 0, &(0..WINDOW as u64)).is_err());
    }
    let junk = [&(WINDOW as u64 + 1).to_le_bytes()[..], &[0; 24]].concat();
    assert!(worker::serve(&junk[..], Vec::new()).is_err());
    assert!(worker::serve(&[][..], Vec::new()).is_ok());
}

/// Windows that several processes share come back in their order, as one hears them.
#[test]
fn several_processes_hear_the_same_in_order() {
    let Some((sound, _)) = meeting(&["slt", "rms"]) else { return };
    let starts = pieces::windows(sound.len() as u64);
    let window = |at: usize| {
        let start = starts[at] as usize;
        let sound = sound[start..(start + WINDOW).min(sound.len())].to_vec();
        Window { sound, start: starts[at], middle: pieces::middle(&starts, at) }
    };
    let windows: Vec<Window> = (0..starts.len().min(5)).map(window).collect();
    assert!(windows.len() >= 3, "{starts:?}");
    let program = Path::new(env!("CARGO_BIN_EXE_hansard"));
    let mut one = VoicesWorker::new(program.into());
    let told = one.hear_each(&windows).unwrap();
    assert!(
        told.iter().zip(&windows).all(|(pieces, window)| pieces.iter().all(|p| p.window == window.start))
    );
    for count in [0, 2, 3, 9] {
        let mut several = VoicesWorkers::new(program, count);
        assert_eq!(several.at_once(), count.max(1));
        assert_eq!(several.hear_each(&windows).unwrap(), told, "{count} at once");
        assert_eq!(several.hear_each(&[]).unwrap(), Vec::<Vec<_>>::new());
    }
    let mut none = VoicesWorkers::new(Path::new("/bin/true"), 2);
    assert!(none.hear_each(&windows).is_err());
}

/// One that answers a window of 16 samples with no pieces, and has 4 MB more at the second one.
#[cfg(target_os = "linux")]
const GROWS: &str = r#"#!/bin/sh
x=xxxxxxxxxxxxxxxx
windows=0
while [ "$(head -c 96 | wc -c)" -eq 96 ]; do
    windows=$((windows+1))
    n=0
    while [ $windows -eq 2 ] && [ $n -lt 18 ]; do x=$x$x; n=$((n+1)); done
    printf '\011\000\000\000{"Ok":[]}'
done
"#;

#[test]
#[cfg(target_os = "linux")]
fn a_process_that_grows_makes_place_for_another() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("grows");
    std::fs::write(&program, GROWS).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (limit, stays) in [(1 << 30, true), (1 << 20, false)] {
        let mut worker = VoicesWorker::new(program.clone()).with_growth_limit(limit);
        let mut ids = Vec::new();
        for _ in 0..3 {
            assert_eq!(worker.hear(&[0.0; 16], 0, &(0..16)).unwrap(), []);
            ids.push(worker.process_id());
        }
        assert!(ids[0].is_some() && ids[2].is_some(), "{ids:?}");
        assert_eq!((ids[1] == ids[0], ids[2] == ids[0]), (stays, stays), "{limit}: {ids:?}");
    }
}

/// Counts what it is asked.
struct Counting(usize);

impl Ear for Counting {
    fn hear(&mut self, _: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError> {
        self.0 += 1;
        let at = |sample: u64| sample as f64 / 16_000.0;
        let (start, end) = (at(middle.start), at(middle.end));
        Ok(vec![Piece { window, local: 0, start, end, embedded_s: 0.0, voice: None }])
    }
}

#[test]
fn the_end_of_a_recording_hears_only_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let seconds = 23;
    let layout = Layout { rate: SampleRate::HZ_16000, channels: 1, format: SampleFormat::S16 };
    let mut file = layout.header(seconds * 32_000).unwrap();
    file.resize(file.len() + seconds as usize * 32_000, 0);
    std::fs::write(dir.path().join("room.wav"), file).unwrap();
    let take = |frames: u64| {
        TakeShared::new(TakeEntry {
            track: "room".into(),
            take: 1,
            file: "room.wav".into(),
            rate: layout.rate,
            channels: 1,
            format: layout.format,
            data_offset: 44,
            frames: Frames(frames),
            offset: 0.0,
            clock: ClockFit::nominal(0.0, layout.rate),
            foreign: Vec::new(),
        })
    };
    let heard = |take: TakeShared, voices: &dyn Fn(TrackVoices) -> TrackVoices| {
        let track = Arc::new(TrackShared::new("room", "Room", SourceKind::Mic));
        let (to_frame, end) = (take.written(), take.written().0 as f64 / 16_000.0);
        track.add_take(Arc::new(take));
        let line = Utterance { track: "room".into(), take: 1, to_frame, end, ..Utterance::default() };
        let mut voices = voices(TrackVoices::new(dir.path().to_owned(), track, None));
        let mut ear = Counting(0);
        let windows = voices.hear(&mut ear, &[line], &|| false).unwrap();
        (windows, ear.0)
    };
    // Two windows are whole while it runs, at 0 s and 5 s.
    assert_eq!(heard(take(17 * 16_000), &TrackVoices::keeping), (2, 2));
    let known = kept::take(dir.path());
    let closed = || {
        let take = take(seconds * 16_000);
        take.close();
        take
    };
    // At the end there are those at 10 s and 13 s, too.
    assert_eq!(heard(closed(), &|voices| voices.knowing(&known)), (4, 2));
    assert_eq!(heard(closed(), &|voices| voices.knowing(&kept::take(dir.path()))), (4, 4));
}

/// From and to in seconds, and whose it is.
type SpokenTurn = (f64, f64, usize);

/// Sentences by turns, each with its voice; where each turn lies in seconds.
fn meeting(voices: &[&str]) -> Option<(Vec<f32>, Vec<SpokenTurn>)> {
    const SENTENCES: [&str; 4] = [
        "Good morning everybody, let us begin with the garden and the old fence behind the house.",
        "Who of you could bring a hammer, a saw and some nails, before the winter comes?",
        "Then we shall meet on Saturday at nine o'clock, at the gate, whatever the weather is like.",
        "I have asked for two offers, and the second one is by far the better one of them.",
    ];
    let (mut sound, mut turns) = (Vec::new(), Vec::new());
    for (at, sentence) in SENTENCES.iter().cycle().take(4 * voices.len()).enumerate() {
        let who = at % voices.len();
        let spoken = speak(voices[who], sentence).ok()?;
        let from = sound.len() as f64 / 16_000.0;
        // Three samples are one: flite's voices have nothing above 8 kHz.
        sound.extend(spoken.samples.chunks_exact(3).map(|three| three.iter().sum::<f32>() / 3.0));
        turns.push((from, sound.len() as f64 / 16_000.0, who));
        sound.extend(std::iter::repeat_n(0.0, 8_000));
    }
    let mut noise = hansard::base::random::Random::new(3);
    sound.iter_mut().for_each(|sample: &mut f32| *sample += noise.range(-1e-3, 1e-3) as f32);
    Some((sound, turns))
}

fn hear(sound: &[f32]) -> Vec<Piece> {
    let mut networks = Networks::load().unwrap();
    let starts = pieces::windows(sound.len() as u64);
    let window = |at: usize| {
        let from = starts[at] as usize;
        let sound = &sound[from..sound.len().min(from + WINDOW)];
        pieces::hear(&mut networks, sound, starts[at], &pieces::middle(&starts, at)).unwrap()
    };
    (0..starts.len()).flat_map(window).collect()
}

#[test]
fn two_voices_by_turns_are_two_and_one_is_one() {
    for voices in [&["slt"][..], &["slt", "rms"]] {
        let Some((sound, turns)) = meeting(voices) else {
            println!("skipped: flite is absent");
            return;
        };
        let pieces = hear(&sound);
        let found = cluster::voices(&pieces, None, cluster::NOBODY);
        assert_eq!(found.centres.len(), voices.len(), "{:?}", found.seconds);
        assert_eq!(people(&pieces) == Some(2), voices.len() == 2, "{:?}", found.seconds);
        assert_eq!(people(&hear(&sound[..8 * 16_000])), None, "too little is said to tell");
        // Each piece lies in the turn of one person: all of one person's have one voice, nobody else's has
        // it.
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (piece, voice) in pieces.iter().zip(&found.of) {
            let middle = (piece.start + piece.end) / 2.0;
            let Some(turn) = turns.iter().find(|turn| (turn.0..turn.1).contains(&middle)) else { continue };
            let pair = (turn.2, voice.unwrap());
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        assert_eq!(pairs.len(), voices.len(), "{pairs:?}");
    }
}

#[test]
fn a_voice_is_nearer_to_itself_than_to_another() {
    let Some((sound, turns)) = meeting(&["slt", "rms"]) else { return };
    let mut networks = Networks::load().unwrap();
    let of_turn = |turn: &SpokenTurn| {
        let from = (turn.0 * 16_000.0) as usize;
        embedding(&mut networks, &sound[from..from + 48_000])
    };
    let voices: Vec<Embedding> = turns.iter().map(of_turn).collect();
    for a in 0..turns.len() {
        for b in 0..a {
            let (like, same) = (cosine(&voices[a], &voices[b]), turns[a].2 == turns[b].2);
            assert!(if same { like > 0.5 } else { like < 0.45 }, "{a} {b} {same}: {like}");
        }
    }
}
