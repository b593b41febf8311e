//! Word times, placed in each way that there is: `./dev accuracy words` runs it.
//!
//! For each WAV file (mono, 16 kHz, one segment) and each way one line of JSON: the words, the stretches in
//! which the detector hears speech, and the CPU time that recognising took. The ways are whisper.cpp's
//! timestamp tokens and its attention (DTW), the attention of Hansard's own engine, and that of Moonshine
//! where `HANSARD_MODELS` has `moonshine-base`, each as they come and held to the speech.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use hansard::audio::vad::Silero;
use hansard::recognisers::moonshine::MoonshineRecognizer;
use hansard::recognisers::recognizer::{Recognizer, Request, Word};
use hansard::recognisers::whisper_cpp::{WhisperRecognizer, WhisperSettings};
use hansard::recognisers::whisper_int8::WhisperInt8;
use hansard::speech::word_times;
use serde_json::json;

/// words MODEL FILE…
fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, files @ ..] = arguments.as_slice() else { anyhow::bail!("words MODEL FILE…") };
    let moonshine =
        std::env::var_os("HANSARD_MODELS").map(|models| Path::new(&models).join("moonshine-base"));
    for way in ["timestamps", "attention", "int8", "moonshine"] {
        let language = Some("en".to_owned());
        let mut recognizer: Box<dyn Recognizer> = match (way, &moonshine) {
            ("moonshine", Some(dir)) if dir.is_dir() => Box::new(MoonshineRecognizer::load(dir, 1)?),
            ("moonshine", _) => continue,
            ("int8", _) => Box::new(WhisperInt8::load(Path::new(model), 1, language)?),
            _ => {
                let align = way == "attention";
                let settings = WhisperSettings { threads: 1, language, align, ..WhisperSettings::default() };
                Box::new(WhisperRecognizer::load(Path::new(model), settings)?)
            }
        };
        for file in files {
            let samples = read(Path::new(file))?;
            let spoken = word_times::spoken(&samples, &mut Silero::default());
            let speech = spoken.first().zip(spoken.last()).map(|(first, last)| (first.0, last.1));
            let request = Request { samples, speech, ..Request::default() };
            let before = cpu_s()?;
            let mut words = recognizer.recognize(&request)?.words;
            let cpu = cpu_s()? - before;
            let tell = |held: bool, words: &[Word]| {
                println!(
                    "{}",
                    json!({ "file": file, "way": way, "held": held, "words": words, "spoken": spoken, "cpu": cpu })
                );
            };
            tell(false, &words);
            word_times::hold(&mut words, request.seconds(), &spoken);
            tell(true, &words);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<f32>> {
    let mut reader = hound::WavReader::open(path).with_context(|| path.display().to_string())?;
    let spec = reader.spec();
    ensure!(spec.channels == 1 && spec.sample_rate == 16_000, "{}: not mono at 16 kHz", path.display());
    Ok(reader
        .samples::<i16>()
        .map(|sample| sample.map(|s| f32::from(s) / 32_768.0))
        .collect::<Result<_, _>>()?)
}

/// CPU time of this process so far, in seconds.
fn cpu_s() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // Fields 14 and 15 of the line, in hundredths of a second.
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}
