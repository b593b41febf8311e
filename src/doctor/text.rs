//! Whether text would keep up: the recogniser that `record` would open is put to work and timed. And what its
//! engine says of itself: its file, and the evidence that it gives.
//!
//! The sound is made here: a buzz in syllables, which costs the recogniser nearly what speech does and says
//! nothing about anybody. What speech costs more (it has words) is in `SHARE`.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::{Finding, Severity};
use crate::models::arch::{Kind, VOCAB_MULTILINGUAL};
use crate::models::catalogue::PUBLISHED;
use crate::models::{ModelInfo, pull};
use crate::recognisers::engine::{Engine, Gives, Opening, memory_available};
use crate::recognisers::recognizer::{RecognizerError, Request};
use crate::speech::gates;

/// Seconds of sound that are timed: a long sentence.
const SOUND_S: f64 = 10.0;
/// The first request is not timed: memory is touched for the first time, and the language is detected.
const WARM_UP_S: f64 = 3.0;
/// Text keeps up where no more than this share of the time is needed: speech costs more than the sound here,
/// and the computer has other work.
const SHARE: f64 = 0.7;

/// The model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelReport {
    pub name: String,
    /// Its file; `None` means that it is not on this computer.
    pub path: Option<PathBuf>,
    /// The server that makes the text; `None` means that this computer does.
    pub server: Option<String>,
    /// The other computer that what is said is sent to; `None` means that it stays here.
    pub sent_to: Option<String>,
    /// Length of the file.
    pub bytes: Option<u64>,
    /// Whether it is the one that was published under this name; `None` means that no hash of that one is
    /// known. The structure of a file was checked anyhow.
    pub as_published: Option<bool>,
    /// The evidence that comes with its text.
    pub gives: Gives,
}

/// How quickly text is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// Seconds until the model was ready.
    pub load_s: f64,
    /// Seconds that a second of sound takes, with all else that this computer does meanwhile.
    pub factor: f64,
    /// Sources that are to be understood.
    pub sources: usize,
    /// So many may speak all the time at once without text falling behind.
    pub at_once: usize,
    /// What the sizes of Whisper would take here, by what they cost beside the one that was measured. Empty
    /// where that is none of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<Size>,
}

/// A size of Whisper models, and what it would take on this computer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Size {
    pub size: Kind,
    /// Seconds that a second of sound would take.
    pub factor: f64,
    /// It would keep up with somebody who speaks all the time.
    pub live: bool,
    /// It could make the text once more afterwards: an hour of speech within a night's part, and in memory.
    pub afterwards: bool,
}

/// Seconds that a final pass may take over a second of speech.
const AFTERWARDS: f64 = 4.0;
/// Memory that a model takes beside its weights, as a part of them.
const BESIDE_WEIGHTS: f64 = 1.5;

/// Whether the smallest published form of a size has room in so many bytes. Where nobody knows how many there
/// are, it has.
fn has_room(size: Kind, memory: Option<u64>) -> bool {
    let of_size = |name: &str| match size {
        Kind::Turbo => name.starts_with("large-v3-turbo"),
        Kind::Large => name.starts_with("large-v3") && !name.contains("turbo"),
        size => name.starts_with(size.label()),
    };
    let weights = PUBLISHED.iter().filter(|one| of_size(one.name)).map(|one| one.bytes_about()).min();
    weights.zip(memory).is_none_or(|(weights, memory)| weights as f64 * BESIDE_WEIGHTS <= memory as f64)
}

/// The published sizes, by what they cost.
const SIZES: [Kind; 6] = [Kind::Tiny, Kind::Base, Kind::Small, Kind::Medium, Kind::Turbo, Kind::Large];
/// Share of its time that base spends in the encoder, as measured; the rest is the decoder's.
const ENCODER_SHARE: f64 = 0.77;

/// What a size costs beside base, by its weights: those of the encoder work once a request, those of the
/// decoder once a word. An estimate: the real ones differ by how well caches hold them. `None`: not known.
fn cost(kind: Kind) -> Option<f64> {
    // Layers of the encoder and of the decoder, and their width (openai/whisper, `model.py`): a layer has 12
    // squares of the width in the encoder and 16 in the decoder, which also weighs all words.
    let weights = |kind: Kind| {
        let (encoder, decoder, width): (f64, f64, f64) = match kind {
            Kind::Tiny => (4.0, 4.0, 384.0),
            Kind::Base => (6.0, 6.0, 512.0),
            Kind::Small => (12.0, 12.0, 768.0),
            Kind::Medium => (24.0, 24.0, 1024.0),
            Kind::Turbo => (32.0, 4.0, 1280.0),
            Kind::Large => (32.0, 32.0, 1280.0),
            Kind::Distil | Kind::Other => return None,
        };
        let words = f64::from(VOCAB_MULTILINGUAL) * width;
        Some((12.0 * encoder * width * width, 16.0 * decoder * width * width + words))
    };
    let ((encoder, decoder), (base_encoder, base_decoder)) = (weights(kind)?, weights(Kind::Base)?);
    Some(ENCODER_SHARE * encoder / base_encoder + (1.0 - ENCODER_SHARE) * decoder / base_decoder)
}

/// What all sizes would take where one of them takes `factor`.
fn sizes(measured: Kind, factor: f64, memory: Option<u64>) -> Vec<Size> {
    let Some(own) = cost(measured) else { return Vec::new() };
    let of = |size: Kind| {
        let factor = factor * cost(size)? / own;
        let afterwards = factor <= AFTERWARDS && has_room(size, memory);
        Some(Size { size, factor, live: factor <= SHARE, afterwards })
    };
    SIZES.into_iter().filter_map(of).collect()
}

impl Speed {
    fn new(load_s: f64, factor: f64, sources: usize) -> Self {
        let at_once = (SHARE / factor.max(1e-6)) as usize;
        Self { load_s, factor, sources, at_once, sizes: Vec::new() }
    }
}

/// What the engine is. Reads all of its file where the file's hash is known.
pub fn examine(engine: &dyn Engine) -> (ModelReport, Vec<Finding>) {
    let (facts, file) = (engine.facts(), engine.file());
    let (as_published, mut findings) = file.map_or((None, Vec::new()), examine_file);
    // A server may tell more than it has to.
    let missing = if engine.server().is_some() { Vec::new() } else { gates::never_given(facts.gives) };
    if !missing.is_empty() {
        findings.push(Finding::new(
            Severity::Hint,
            "model",
            format!(
                "{} does not say how sure it is: no text is withheld as {}",
                facts.name,
                missing.join(", ")
            ),
            "read its minutes with that in mind, or choose another model with --model",
        ));
    }
    let report = ModelReport {
        name: facts.name.clone(),
        server: engine.server().map(str::to_owned),
        sent_to: engine.sends_to().map(str::to_owned),
        path: file.map(|file| file.path.clone()),
        bytes: file.map(|file| file.bytes),
        as_published,
        gives: facts.gives,
    };
    (report, findings)
}

/// Whether the file is what it should be.
fn examine_file(model: &ModelInfo) -> (Option<bool>, Vec<Finding>) {
    let mut findings = Vec::new();
    let as_published = match pull::is_as_published(model) {
        Ok(as_published) => as_published,
        Err(error) => {
            findings.push(Finding::new(
                Severity::Hint,
                "model",
                error.to_string(),
                "get it again: hansard models pull",
            ));
            None
        }
    };
    if as_published == Some(false) {
        findings.push(Finding::new(
            Severity::Hint,
            "model",
            format!("{} is not the file that was published under this name", model.name),
            format!(
                "unless you made it yourself, get it again: hansard models rm {0}; hansard models pull {0}",
                model.name
            ),
        ));
    }
    (as_published, findings)
}

/// Has the recogniser work, for as long as that takes, and judges by it whether text would keep up with that
/// many `sources`.
pub fn measure(
    engine: &dyn Engine,
    how: &Opening,
    language: Option<String>,
    sources: usize,
) -> (Option<Speed>, Vec<Finding>) {
    match time(engine, how, language) {
        Ok((load_s, factor)) => {
            let sizes =
                engine.file().map_or_else(Vec::new, |file| sizes(file.kind, factor, memory_available()));
            let speed = Speed { sizes, ..Speed::new(load_s, factor, sources) };
            let finding = judge(&speed);
            (Some(speed), finding.into_iter().collect())
        }
        Err(error) => {
            let advice = "record with --no-transcribe, or choose another model with --model (hansard models list); no sound is lost without text";
            (None, vec![Finding::new(Severity::Hint, "text", error.to_string(), advice)])
        }
    }
}

fn judge(speed: &Speed) -> Option<Finding> {
    let advice = "close what keeps the computer busy, or choose a smaller model with --model (hansard models list); nothing is lost: what is late comes after the end, or with hansard transcribe";
    let work = speed.factor;
    let text = match speed.at_once {
        n if n >= speed.sources => return None,
        0 => format!("falls behind: a second of speech takes {work:.2} s"),
        1 => format!(
            "falls behind while several speak at once: a second of speech takes {work:.2} s; it catches up when they take turns"
        ),
        // More than two who speak at once, all the time, are a choir.
        _ => return None,
    };
    Some(Finding::new(Severity::Hint, "text", text, advice))
}

/// Seconds until the model was ready, and of work for a second of sound.
fn time(engine: &dyn Engine, how: &Opening, language: Option<String>) -> Result<(f64, f64), RecognizerError> {
    let request = |seconds: f64| Request {
        samples: buzz(seconds),
        language: language.clone(),
        speech: Some((0.0, seconds)),
        ..Request::default()
    };
    let mut recognizer = engine.open(how);
    let sound_s = SOUND_S.min(engine.facts().longest_s);
    let begun = Instant::now();
    recognizer.prepare()?;
    let load_s = begun.elapsed().as_secs_f64();
    recognizer.recognize(&request(WARM_UP_S))?;
    let begun = Instant::now();
    recognizer.recognize(&request(sound_s))?;
    Ok((load_s, begun.elapsed().as_secs_f64() / sound_s))
}

/// A gliding buzz in syllables, 16 kHz.
fn buzz(seconds: f64) -> Vec<f32> {
    use std::f64::consts::TAU;
    (0..(seconds * 16_000.0) as usize)
        .map(|n| {
            let t = n as f64 / 16_000.0;
            let syllable = (2.0 * TAU * t).sin().max(0.0);
            let phase = TAU * (120.0 * t + 15.0 * (t * 1.3).sin());
            let voice: f64 = (1..16).map(|h| (phase * f64::from(h)).sin() / f64::from(h)).sum();
            (0.15 * syllable * voice) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_text_costs_is_judged_by_how_many_speak() {
        for (factor, sources, severity) in [
            (0.2, 3, None),
            (0.3, 8, None),
            (0.5, 1, None),
            (0.5, 2, Some("several speak at once")),
            (0.8, 1, Some("falls behind: a second")),
        ] {
            let found = judge(&Speed::new(1.0, factor, sources));
            match severity {
                None => assert_eq!(found, None, "{factor} {sources}"),
                Some(part) => assert!(found.unwrap().text.contains(part), "{factor} {sources}"),
            }
        }
    }

    #[test]
    fn what_other_sizes_cost_follows_from_the_one_that_was_measured() {
        let of = |measured: Kind, factor: f64| -> Vec<(Kind, f64, bool)> {
            let sizes = sizes(measured, factor, None).into_iter();
            sizes.map(|size| (size.size, (size.factor * 100.0).round() / 100.0, size.live)).collect()
        };
        let by_base = of(Kind::Base, 0.2);
        assert_eq!(by_base[1], (Kind::Base, 0.2, true));
        let live: Vec<Kind> = by_base.iter().filter(|size| size.2).map(|size| size.0).collect();
        assert_eq!(live, [Kind::Tiny, Kind::Base], "{by_base:?}");
        assert!(by_base.windows(2).all(|two| two[0].1 < two[1].1), "by what they cost: {by_base:?}");
        let tiny = by_base[0].1;
        assert_eq!(
            of(Kind::Tiny, sizes(Kind::Base, 0.2, None)[0].factor),
            by_base,
            "whichever is measured: {tiny}"
        );
        assert!(of(Kind::Other, 0.2).is_empty());
    }

    #[test]
    fn what_could_make_the_text_afterwards_has_the_time_and_the_room() {
        let of = |factor: f64, memory: Option<u64>| {
            let sizes = sizes(Kind::Base, factor, memory).into_iter().filter(|size| size.afterwards);
            sizes.map(|size| size.size).collect::<Vec<_>>()
        };
        assert_eq!(of(0.2, None), [Kind::Tiny, Kind::Base, Kind::Small, Kind::Medium]);
        assert_eq!(of(0.2, Some(600 << 20)), [Kind::Tiny, Kind::Base, Kind::Small]);
        assert_eq!(of(30.0, None), []);
    }

    #[test]
    fn the_sound_stays_within_full_scale() {
        let sound = buzz(10.0);
        assert_eq!(sound.len(), 160_000);
        assert!(sound.iter().all(|x| x.abs() < 0.9));
        assert!(sound.iter().any(|x| x.abs() > 0.1));
    }
}
