//! Detectors of speech beside each other, each behind the same denoiser and segmenter: `./dev accuracy vad`
//! runs it.
//!
//! For each WAV file (mono, 16 kHz) and detector one line of JSON: the segments with their evidence, the time
//! the detector took, and what the recogniser understood of the segments as SegLST. nnnoiseless and
//! whisper.cpp's Silero are given as all their probabilities at once, which is the best that either can do:
//! whisper.cpp's forgets everything at each call.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use hansard::audio::denoise::{Denoiser, MonoBlock};
use hansard::audio::resample;
use hansard::audio::segment::{Segment, SegmentSettings, Segmenter};
use hansard::audio::vad::{ScriptedVad, Silero, Vad};
use hansard::base::units::{Frames, SampleRate};
use hansard::recognisers::recognizer::{Recognizer as _, Request};
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};
use hansard::speech::gates;
use nnnoiseless::DenoiseState;
use serde_json::{Value, json};
use whisper_rs::{WhisperVadContext, WhisperVadContextParams};

const RATE: SampleRate = SampleRate::HZ_16000;
/// Samples of a window of Silero's, and of earshot's, at 16 kHz.
const SILERO_WINDOW: usize = 512;
const EARSHOT_WINDOW: usize = 256;
/// Samples at 16 kHz of a block of nnnoiseless's.
const NNNOISELESS_WINDOW: usize = 160;

const DETECTORS: [&str; 6] =
    ["Silero", "Silero, denoised", "whisper.cpp's Silero", "earshot", "earshot, denoised", "nnnoiseless"];

/// vad HANSARD MODEL SILERO-MODEL ONSET OFFSET FILE…
fn main() -> Result<()> {
    whisper_rs::install_logging_hooks();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, model, silero, onset, offset, files @ ..] = arguments.as_slice() else {
        anyhow::bail!("vad HANSARD MODEL SILERO-MODEL ONSET OFFSET FILE…");
    };
    let settings =
        SegmentSettings { onset: onset.parse()?, offset: offset.parse()?, ..SegmentSettings::default() };
    settings.check()?;
    let options = WorkerOptions { program: program.into(), threads: 1, ..WorkerOptions::new(model) };
    let mut recognizer = WorkerRecognizer::new(options);
    for file in files.iter().map(PathBuf::from) {
        let sound = read(&file)?;
        let clean = denoised(&sound)?;
        for name in DETECTORS {
            let heard = if name.ends_with(", denoised") { &clean } else { &sound };
            let started = Instant::now();
            let detector: Box<dyn Vad> = match name.split(',').next() {
                Some("nnnoiseless") => Box::new(ScriptedVad::new(NNNOISELESS_WINDOW, nnnoiseless(&sound)?)),
                Some("earshot") => Box::new(ScriptedVad::new(EARSHOT_WINDOW, earshot(heard))),
                Some("whisper.cpp's Silero") => {
                    Box::new(ScriptedVad::new(SILERO_WINDOW, probabilities(silero, heard)?))
                }
                _ => Box::<Silero>::default(),
            };
            let segments = cut(settings, detector, heard);
            let seconds = started.elapsed().as_secs_f64();
            let words = understood(&mut recognizer, &sound, &segments)?;
            let spans: Vec<Value> = segments.iter().map(span).collect();
            println!(
                "{}",
                json!({ "file": file, "detector": name, "seconds": seconds, "segments": spans, "heard": words })
            );
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<f32>> {
    let mut wav = hound::WavReader::open(file).with_context(|| file.display().to_string())?;
    let spec = wav.spec();
    ensure!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample) == (1, RATE.0, 16),
        "{} is another kind of WAV",
        file.display()
    );
    wav.samples::<i16>().map(|sample| Ok(f32::from(sample?) / 32_768.0)).collect()
}

fn denoised(sound: &[f32]) -> Result<Vec<f32>> {
    let mut denoiser = Denoiser::new(RATE, Frames(0), true)?;
    let mut clean = denoiser.push(sound)?.samples;
    clean.extend(denoiser.finish()?.samples);
    Ok(clean)
}

/// The probability that nnnoiseless gives with each block that it denoises.
fn nnnoiseless(sound: &[f32]) -> Result<Vec<f32>> {
    let high = resample::convert(sound, RATE, SampleRate::HZ_48000)?;
    let (mut state, mut out) = (DenoiseState::new(), [0.0; DenoiseState::FRAME_SIZE]);
    let blocks = high.chunks_exact(DenoiseState::FRAME_SIZE);
    Ok(blocks
        .map(|block| {
            let scaled: Vec<f32> = block.iter().map(|sample| sample * 32_767.0).collect();
            state.process_frame(&mut out, &scaled)
        })
        .collect())
}

fn earshot(sound: &[f32]) -> Vec<f32> {
    let mut detector = Box::<earshot::Detector>::default();
    let windows = sound.chunks_exact(EARSHOT_WINDOW);
    windows.map(|window| detector.predict_f32(window).clamp(0.0, 1.0)).collect()
}

fn probabilities(model: &str, sound: &[f32]) -> Result<Vec<f32>> {
    let mut parameters = WhisperVadContextParams::default();
    parameters.set_n_threads(1);
    let mut silero = WhisperVadContext::new(model, parameters)?;
    silero.detect_speech(sound)?;
    Ok(silero.probabilities().to_vec())
}

fn cut(settings: SegmentSettings, detector: Box<dyn Vad>, sound: &[f32]) -> Vec<Segment> {
    let mut segmenter = Segmenter::new(settings, detector, RATE, Frames(0));
    let mut segments = segmenter.push(&MonoBlock { from: Frames(0), samples: sound.to_vec() });
    segments.extend(segmenter.finish());
    segments
}

fn span(segment: &Segment) -> Value {
    json!([segment.onset.seconds(RATE), segment.offset.seconds(RATE), segment.speech])
}

/// What would stand in the minutes, as SegLST.
fn understood(recognizer: &mut WorkerRecognizer, sound: &[f32], segments: &[Segment]) -> Result<Vec<Value>> {
    let mut lines = Vec::new();
    for segment in segments.iter().filter(|segment| gates::unheard(segment).is_none()) {
        let piece = &sound[segment.from.0 as usize..(segment.to.0 as usize).min(sound.len())];
        let within = |frame: Frames| (frame - segment.from).seconds(RATE);
        let request = Request {
            samples: piece.to_vec(),
            language: Some("en".into()),
            speech: Some((within(segment.onset), within(segment.offset))),
            ..Request::default()
        };
        let heard = recognizer.recognize(&request)?;
        let evidence = gates::evidence(&heard, segment, RATE);
        if gates::verdict(&heard, &evidence).is_none() && !heard.text.is_empty() {
            let (start, end) = (segment.onset.seconds(RATE), segment.offset.seconds(RATE));
            lines.push(json!({ "speaker": "-", "start_time": start, "end_time": end, "words": heard.text, "word_times": [] }));
        }
    }
    Ok(lines)
}
