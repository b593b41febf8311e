//! The whole way from sound to words through the real child process, with the models and recordings of
//! `../shared`. Where that folder is absent these tests say so and pass.
#![cfg(feature = "whisper")]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::stage::words::align;
use hansard::audio::denoise::Denoiser;
use hansard::audio::resample;
use hansard::audio::segment::{Segment, SegmentSettings, Segmenter};
use hansard::audio::vad::Silero;
use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleRate};
use hansard::config::WhisperEngine;
use hansard::recognisers::protocol::{self, Greeting, PROTOCOL};
use hansard::recognisers::recognizer::{Hypothesis, Recognizer as _, RecognizerError, Request, Word};
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};
use hansard::speech::{gates, word_times};

const HANSARD: &str = env!("CARGO_BIN_EXE_hansard");
const HZ_16000: SampleRate = SampleRate::HZ_16000;

/// A file of `../shared`, or none with a line that says so.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} isn't there", path.display());
    None
}

fn options(model: impl Into<PathBuf>) -> WorkerOptions {
    // One thread, and patience: other tests run beside this one.
    let request_limit = Duration::from_secs(120);
    WorkerOptions { program: HANSARD.into(), threads: 1, request_limit, ..WorkerOptions::new(model) }
}

fn read_wav(path: &Path) -> (Vec<f32>, SampleRate) {
    let mut wav = hound::WavReader::open(path).unwrap();
    assert_eq!(wav.spec().channels, 1, "{}", path.display());
    let scale = 1.0 / (1_u32 << (wav.spec().bits_per_sample - 1)) as f32;
    let rate = SampleRate(wav.spec().sample_rate);
    (wav.samples::<i32>().map(|sample| sample.unwrap() as f32 * scale).collect(), rate)
}

/// The listening chain as the recorder runs it: the detector hears denoised sound.
fn segments(sound: &[f32], rate: SampleRate) -> Vec<Segment> {
    let mut denoiser = Denoiser::new(rate, Frames(0), true).unwrap();
    let mut segmenter = Segmenter::new(SegmentSettings::default(), Box::<Silero>::default(), rate, Frames(0));
    let mut segments = Vec::new();
    for block in sound.chunks(4_800) {
        segments.extend(segmenter.push(&denoiser.push(block).unwrap()));
    }
    segments.extend(segmenter.push(&denoiser.finish().unwrap()));
    segments.extend(segmenter.finish());
    segments
}

fn request(sound: &[f32], rate: SampleRate, segment: &Segment) -> Request {
    let piece = &sound[segment.from.0 as usize..(segment.to.0 as usize).min(sound.len())];
    let within = |frame: Frames| (frame - segment.from).seconds(rate);
    Request {
        samples: resample::convert(piece, rate, HZ_16000).unwrap(),
        language: Some("en".into()),
        speech: Some((within(segment.onset), within(segment.offset))),
        ..Request::default()
    }
}

/// Everything that is understood of a sound and would stand in the minutes, with the segments.
fn transcribe(
    recognizer: &mut WorkerRecognizer,
    sound: &[f32],
    rate: SampleRate,
) -> Vec<(Segment, Hypothesis)> {
    segments(sound, rate)
        .into_iter()
        .map(|segment| (segment, recognizer.recognize(&request(sound, rate, &segment)).unwrap()))
        .filter(|(segment, heard)| {
            let evidence = gates::evidence(heard, segment, rate);
            !heard.text.is_empty() && gates::verdict(heard, &evidence).is_none()
        })
        .collect()
}

fn plain(text: &str) -> Vec<String> {
    let words = text.to_lowercase().replace('-', " ");
    words
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric() || *c == '\'').collect::<String>())
        .filter(|word| !word.is_empty())
        .collect()
}

fn noise(seconds: usize, level: f32) -> Vec<f32> {
    let mut random = Random::new(7);
    (0..seconds * 16_000).map(|_| random.range(-1.0, 1.0) as f32 * level).collect()
}

/// 22 s of speech without a pause worth mentioning: some seconds of work.
fn long_request() -> Option<Request> {
    let (jfk, rate) = read_wav(&shared("speech/jfk/jfk.wav")?);
    assert_eq!(rate, HZ_16000);
    Some(Request { samples: [jfk.clone(), jfk].concat(), ..Request::default() })
}

fn is_alive(process_id: u32) -> bool {
    Path::new("/proc").join(process_id.to_string()).exists()
}

/// Where the first sound is that isn't silence, in seconds.
fn first_sound(sound: &[f32], rate: SampleRate) -> f64 {
    let peak = sound.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let first = sound.iter().position(|sample| sample.abs() > 0.05 * peak).unwrap();
    Frames(first as u64).seconds(rate)
}

/// By its timestamp tokens alone tiny.en has this word begin at 9.5 s.
#[test]
fn a_word_after_a_pause_begins_where_its_sound_does() {
    let Some(jfk) = shared("speech/jfk/jfk.wav") else { return };
    let samples = read_wav(&jfk).0;
    for model in ["tiny.en-q8_0", "base-q8_0"] {
        let Some(file) = shared(&format!("models/ggml-{model}.bin")) else { return };
        let request = Request { samples: samples.clone(), language: Some("en".into()), ..Request::default() };
        let mut words = WorkerRecognizer::new(options(file)).recognize(&request).unwrap().words;
        let spoken = word_times::spoken(&samples, &mut Silero::default());
        word_times::hold(&mut words, request.seconds(), &spoken);
        let asks: Vec<&Word> = words.iter().filter(|word| plain(&word.text) == ["ask"]).collect();
        assert_eq!(asks.len(), 2, "{model}: {words:?}");
        assert!((asks[1].start - 8.18).abs() < 0.15, "{model}: {words:?}");
    }
}

#[test]
fn known_recordings_are_understood() {
    let (Some(jfk), Some(texts)) = (shared("speech/jfk/jfk.wav"), shared("speech/tts/texts.json")) else {
        return;
    };
    let texts: Vec<String> = serde_json::from_str(&std::fs::read_to_string(texts).unwrap()).unwrap();
    let mut recordings = vec![(jfk.clone(), std::fs::read_to_string(jfk.with_extension("txt")).unwrap())];
    for (voice, line) in [("flite-slt", 0), ("joe", 1), ("jf_nezumi", 2), ("flite-rms", 1)] {
        let file = jfk.with_file_name(format!("../tts/{voice}-{line}-16k.wav"));
        recordings.push((file, texts[line].clone()));
    }
    for (model, limit) in [("tiny.en-q8_0", 0.08), ("base-q8_0", 0.08)] {
        let Some(file) = shared(&format!("models/ggml-{model}.bin")) else { return };
        let mut recognizer = WorkerRecognizer::new(options(file));
        let facts = recognizer.start().unwrap();
        assert_eq!((facts.name.as_str(), facts.multilingual), (model, model == "base-q8_0"));
        let (mut errors, mut words) = (0, 0);
        for (file, said) in &recordings {
            let (sound, rate) = read_wav(file);
            // A second of silence in front, so that the start of speech has to be found.
            let sound = [vec![0.0; rate.0 as usize], sound].concat();
            let heard = transcribe(&mut recognizer, &sound, rate);
            let text: Vec<&str> = heard.iter().map(|(_, hypothesis)| hypothesis.text.as_str()).collect();
            let (said, text) = (plain(said), plain(&text.join(" ")));
            errors += align(&said, &text).0.errors();
            words += said.len();

            let (segment, first) = &heard[0];
            let start = segment.from.seconds(rate) + first.words[0].start;
            let truth = first_sound(&sound, rate);
            assert!((start - truth).abs() < 0.3, "{}: starts at {start:.2}, not {truth:.2}", file.display());
            heard.iter().for_each(|(_, hypothesis)| assert_words_hold(hypothesis));
        }
        let rate = errors as f64 / words as f64;
        println!("{model}: {errors} errors in {words} words");
        assert!(rate <= limit, "{model}: word error rate {rate:.3} above {limit}");
    }
}

/// Hansard's own engine and whisper.cpp: the same words at the same times, and the same evidence.
#[test]
fn both_engines_hear_the_same() {
    let Some(jfk) = shared("speech/jfk/jfk.wav") else { return };
    let joe = jfk.with_file_name("../tts/joe-1-16k.wav");
    let Some(model) = shared("models/ggml-tiny.en-q8_0.bin") else { return };
    // In a program for tests whole numbers are slow.
    let patient = Duration::from_secs(600);
    let by = |whisper| {
        let limits = WorkerOptions { start_limit: patient, request_limit: patient, ..options(&model) };
        WorkerRecognizer::new(WorkerOptions { whisper, ..limits })
    };
    let mut engines = [WhisperEngine::Int8, WhisperEngine::WhisperCpp].map(by);
    let (mut errors, mut said, mut apart) = (0, 0, Vec::new());
    for file in [jfk, joe] {
        let (samples, rate) = read_wav(&file);
        assert_eq!(rate, HZ_16000);
        let request = Request { samples, language: Some("en".into()), ..Request::default() };
        let [own, other] = engines.each_mut().map(|engine| engine.recognize(&request).unwrap());
        let (words, others) = (plain(&own.text), plain(&other.text));
        errors += align(&others, &words).0.errors();
        said += others.len();
        let differ = |of: fn(&Hypothesis) -> Option<f64>| (of(&own).unwrap() - of(&other).unwrap()).abs();
        assert!(differ(|heard| heard.no_speech_prob) < 0.15, "{own:?} {other:?}");
        assert!(differ(|heard| heard.avg_logprob) < 0.2, "{own:?} {other:?}");
        assert_words_hold(&own);
        if words == others && own.words.len() == other.words.len() {
            let both = own.words.iter().zip(&other.words);
            apart.extend(both.map(|(own, other)| (own.start - other.start).abs()));
        }
    }
    println!("{errors} words of {said} differ");
    assert!(errors as f64 <= 0.1 * said as f64, "{errors} words of {said} differ");
    apart.sort_by(f64::total_cmp);
    assert!(apart.len() > 10, "no text was the same");
    assert!(apart[apart.len() / 2] < 0.1, "words are {apart:?} s apart");
}

/// Words are the text, in order, within the sound.
fn assert_words_hold(hypothesis: &Hypothesis) {
    let times: Vec<f64> = hypothesis.words.iter().flat_map(|word| [word.start, word.end]).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.iter().all(|time| (0.0..=hypothesis.audio_s).contains(time)), "{times:?}");
    let joined: Vec<&str> = hypothesis.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(joined.join(" "), hypothesis.text);
}

#[test]
fn the_language_is_found_out_or_refused() {
    let tiny = shared("models/ggml-tiny.en-q8_0.bin");
    let (Some(tiny), Some(base), Some(mut request)) =
        (tiny, shared("models/ggml-base-q8_0.bin"), long_request())
    else {
        return;
    };
    request.samples.truncate(8 * 16_000);
    let mut english = WorkerRecognizer::new(options(tiny));
    let german = Request { language: Some("de".into()), ..request.clone() };
    let refused = english.recognize(&german).unwrap_err();
    assert!(matches!(refused, RecognizerError::Language { .. }) && refused.is_permanent(), "{refused}");
    assert_eq!(english.recognize(&request).unwrap().language, "en", "the worker serves on");

    let mut any = WorkerRecognizer::new(options(base));
    assert_eq!(any.recognize(&request).unwrap().language, "en");
    let nonsense = Request { language: Some("x\0x".into()), ..request };
    assert!(matches!(any.recognize(&nonsense), Err(RecognizerError::Language { .. })));
}

#[test]
fn silence_and_noise_show_no_words() {
    let Some(model) = shared("models/ggml-base-q8_0.bin") else { return };
    let mut recognizer = WorkerRecognizer::new(options(model));
    let long = 20 * 16_000;
    let hum = |i: usize| (i as f32 * 50.0 * std::f32::consts::TAU / 16_000.0).sin() * 0.1;
    let click = |i: usize| if i % 8_000 < 40 { 0.5 } else { 0.0 };
    let sounds = [
        ("silence", vec![0.0; long]),
        ("hiss", noise(20, 0.01)),
        ("loud hiss", noise(20, 0.2)),
        ("hum", (0..long).map(hum).collect()),
        ("clicks", (0..long).map(click).collect()),
    ];
    for (name, sound) in sounds {
        let shown = transcribe(&mut recognizer, &sound, HZ_16000);
        let texts: Vec<&str> = shown.iter().map(|(_, hypothesis)| hypothesis.text.as_str()).collect();
        assert!(texts.is_empty(), "{name}: {texts:?}");
    }
    // Whisper's own opinion of pure noise has to come through, also from a multilingual model.
    let nobody = recognizer.recognize(&Request { samples: noise(5, 0.01), ..Request::default() }).unwrap();
    assert!(nobody.no_speech_prob.unwrap() > 0.3, "{nobody:?}");
    let somebody = recognizer.recognize(&long_request().unwrap_or_default());
    assert!(somebody.unwrap().no_speech_prob.unwrap() < 0.3);
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_worker_costs_one_request() {
    use rustix::process::{Pid, Signal, kill_process};
    let (Some(model), Some(request)) = (shared("models/ggml-tiny.en-q8_0.bin"), long_request()) else {
        return;
    };
    let mut recognizer = WorkerRecognizer::new(options(model));
    recognizer.start().unwrap();
    let process_id = recognizer.process_id().unwrap();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        kill_process(Pid::from_raw(process_id as i32).unwrap(), Signal::KILL).unwrap();
    });
    let error = recognizer.recognize(&request).unwrap_err();
    killer.join().unwrap();
    assert!(matches!(&error, RecognizerError::Crashed { detail } if detail.contains("signal: 9")), "{error}");
    assert!(!error.is_permanent());
    assert!(!is_alive(process_id), "the dead worker wasn't reaped");

    let hypothesis = recognizer.recognize(&request).unwrap();
    assert!(hypothesis.text.contains("country"), "{hypothesis:?}");
    let next = recognizer.process_id().unwrap();
    drop(recognizer);
    assert!(!is_alive(next), "the worker outlived its recogniser");
}

#[test]
#[cfg(target_os = "linux")]
fn a_request_that_takes_too_long_is_ended() {
    let (Some(model), Some(request)) = (shared("models/ggml-tiny.en-q8_0.bin"), long_request()) else {
        return;
    };
    let request_limit = Duration::from_millis(50);
    let impatient = WorkerOptions { request_limit, limit_per_second: 0.0, ..options(model) };
    let mut recognizer = WorkerRecognizer::new(impatient);
    recognizer.start().unwrap();
    let process_id = recognizer.process_id().unwrap();
    let started = Instant::now();
    let error = recognizer.recognize(&request).unwrap_err();
    assert!(matches!(error, RecognizerError::TimedOut { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!is_alive(process_id) && recognizer.process_id().is_none());
}

#[test]
fn a_model_that_is_none_is_named_unusable() {
    let Some(model) = shared("models/ggml-tiny.en-q8_0.bin") else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(model).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut unusable = vec![
        write("ggml-half.bin", &whole[..whole.len() / 2]),
        write("ggml-almost.bin", &whole[..whole.len() - 1_000]),
        write("ggml-head.bin", &whole[..100]),
        write("ggml-empty.bin", &[]),
        write("ggml-text.bin", &b"this is no model at all\n".repeat(100)),
        folder.path().join("missing.bin"),
        folder.path().to_path_buf(),
    ];
    unusable.extend(shared("models/ggml-silero-v6.2.0.bin"));
    for path in unusable {
        let mut recognizer = WorkerRecognizer::new(options(&path));
        let silence = Request { samples: vec![0.0; 16_000], ..Request::default() };
        let error = recognizer.recognize(&silence).unwrap_err();
        assert!(matches!(error, RecognizerError::ModelUnusable { .. }), "{}: {error}", path.display());
        assert!(error.is_permanent() && error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
}

#[test]
fn the_worker_speaks_only_its_protocol_and_refuses_junk() {
    let Some(model) = shared("models/ggml-tiny.en-q8_0.bin") else { return };
    let mut child = Command::new(HANSARD)
        .args(["asr-worker", "--model"])
        .arg(model)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept open: it has to be the junk that ends it.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let status = child.wait().unwrap();
    drop(stdin);
    let (mut out, mut err) = (Vec::new(), String::new());
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(status.code(), Some(1), "{err}");
    assert!(err.contains("junk on stdin"), "{err}");
    let mut out = out.as_slice();
    let greeting: Greeting = protocol::read_message(&mut out).unwrap().unwrap();
    assert_eq!((greeting.protocol, greeting.model.unwrap().name.as_str()), (PROTOCOL, "tiny.en-q8_0"));
    assert!(out.is_empty(), "more on stdout than the protocol");
}

#[test]
fn the_worker_ends_with_its_parent_even_while_it_works() {
    let (Some(model), Some(request)) = (shared("models/ggml-base-q8_0.bin"), long_request()) else { return };
    let mut child = Command::new(HANSARD)
        .args(["asr-worker", "--threads", "1", "--model"])
        .arg(model)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _: Greeting = protocol::read_message(&mut stdout).unwrap().unwrap();
    protocol::write_request(&mut stdin, &request).unwrap();
    // That is all that a parent leaves behind which was killed: a closed pipe.
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut answer = Vec::new();
    stdout.read_to_end(&mut answer).unwrap();
    assert!(answer.is_empty(), "it went on working for nobody");
}
