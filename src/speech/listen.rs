//! From a segment on the disk to an utterance: reads the sound back, has it recognised, and puts the words at their place in the
//! session.

use crate::actors::SessionView;
use crate::audio::denoise::Denoiser;
use crate::audio::units::{Frames, SampleRate};
use crate::audio::{mono, resample};
use crate::session::tail::SpanReader;
use crate::session::track::TakeShared;

use super::analysis::Job;
use super::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use super::transcript::Utterance;

/// Sound before a segment that the denoiser hears first, so that it has settled.
const DENOISE_LEAD_S: f64 = 1.0;

/// So many words of the vocabulary in its order are no coincidence.
const RECITED_WORDS: usize = 3;

/// What the recogniser is told with every segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Per track: ISO 639-1 code; none: the recogniser finds out.
    pub languages: Vec<Option<String>>,
    /// Names and terms to expect, with commas between them; empty: none.
    pub vocabulary: String,
    /// It hears denoised sound.
    pub denoise: bool,
}

/// What was understood of a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// The recogniser's answer; its times count from the segment's first frame.
    pub hypothesis: Hypothesis,
}

/// Reads a segment back and has it recognised.
pub fn recognise(
    session: &SessionView,
    job: &Job,
    recognizer: &mut dyn Recognizer,
    hints: &Hints,
) -> Result<Recognised, RecognizerError> {
    let Some(take) = session.tracks[job.track].takes().get(job.take).cloned() else {
        return Err(RecognizerError::Request { reason: "its take does not exist".into() });
    };
    let samples =
        read(session, &take, job, hints.denoise).map_err(|reason| RecognizerError::Request { reason })?;
    let rate = take.entry.rate;
    let into = |frame: Frames| frame.saturating_sub(job.segment.from).seconds(rate);
    let mut request = Request {
        samples,
        language: hints.languages.get(job.track).cloned().flatten(),
        prompt: prompt(&hints.vocabulary),
        track: job.track as u32,
        speech: Some((into(job.segment.onset), into(job.segment.offset))),
    };
    let hypothesis = recognizer.recognize(&request)?;
    if recites(&hypothesis.text, &hints.vocabulary) {
        // It heard nothing of its own, and said what it had been told: asked once more without.
        request.prompt = None;
        return Ok(Recognised { hypothesis: recognizer.recognize(&request)? });
    }
    Ok(Recognised { hypothesis })
}

/// The vocabulary as text that might have come before.
fn prompt(vocabulary: &str) -> Option<String> {
    (!vocabulary.is_empty()).then(|| format!("Glossary: {vocabulary}."))
}

/// Whether a text does little else than to recite the vocabulary: most of it stands there, in that order, and that is several terms. Whoever
/// really says a name says other words with it.
fn recites(text: &str, vocabulary: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (said, told) = (words(text), words(&format!("glossary {vocabulary}")));
    let run_from = |at: usize| {
        let run = |from: usize| said[at..].iter().zip(&told[from..]).take_while(|(a, b)| a == b).count();
        (0..told.len()).map(run).max().unwrap_or(0)
    };
    let longest = (0..said.len()).map(run_from).max().unwrap_or(0);
    longest >= RECITED_WORDS && longest * 2 > said.len()
}

/// The segment's sound: mono at 16 kHz.
fn read(session: &SessionView, take: &TakeShared, job: &Job, denoise: bool) -> Result<Vec<f32>, String> {
    let rate = take.entry.rate;
    let lead = if denoise { Frames::from_seconds(DENOISE_LEAD_S, rate) } else { Frames(0) };
    let from = job.segment.from.saturating_sub(lead);
    let to = job.segment.to.min(take.written());
    let mut reader = SpanReader::open(&session.dir, &take.entry).map_err(|error| error.to_string())?;
    let (mut interleaved, mut sound) = (Vec::new(), Vec::new());
    reader.read(from, to, &mut interleaved).map_err(|error| error.to_string())?;
    take.leave_out_foreign(from, &mut interleaved);
    mono::downmix(&interleaved, reader.channels(), &mut sound);
    if !denoise {
        return resample::convert(&sound, rate, SampleRate::HZ_16000).map_err(|error| error.to_string());
    }
    let mut chain = Denoiser::new(rate, from, true).map_err(|error| error.to_string())?;
    let mut heard = chain.push(&sound).map_err(|error| error.to_string())?.samples;
    heard.extend(chain.finish().map_err(|error| error.to_string())?.samples);
    let lead = (job.segment.from - from).rescale(rate, SampleRate::HZ_16000);
    Ok(heard.split_off((lead.0 as usize).min(heard.len())))
}

/// Identity of the utterance whose segment begins at frame `from`.
pub fn id(track: &str, take: u32, from: Frames) -> String {
    format!("{track}-{take}-{from}")
}

/// The utterance of what was understood; its place is that of its words.
pub fn utterance(
    session: &SessionView,
    job: &Job,
    recognised: Recognised,
    model: String,
    withheld: Option<&'static str>,
) -> Option<Utterance> {
    let track = &session.tracks[job.track];
    let take = track.takes().get(job.take).cloned()?;
    let (clock, rate) = (take.clock(), take.entry.rate);
    let hypothesis = recognised.hypothesis;
    let at = |seconds: f64| (job.segment.from + Frames::from_seconds(seconds, rate)).min(job.segment.to);
    let from = hypothesis.words.first().map_or(job.segment.onset, |word| at(word.start));
    let to = hypothesis.words.last().map_or(job.segment.offset, |word| at(word.end)).max(from);
    let origin = clock.time_of(job.segment.from);
    Some(Utterance {
        id: id(&track.track, take.entry.take, job.segment.from),
        rev: 0,
        track: track.track.clone(),
        speaker: track.name.clone(),
        take: take.entry.take,
        from_frame: from,
        to_frame: to,
        start: clock.time_of(from),
        end: clock.time_of(to),
        confidence: hypothesis.confidence(),
        words: hypothesis.words.iter().map(|word| word.placed(origin)).collect(),
        text: hypothesis.text,
        language: hypothesis.language,
        model,
        is_final: true,
        withheld: withheld.map(str::to_owned),
        bleed_of: None,
        edited: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_that_is_recited_is_told_from_names_that_are_said() {
        let told = "Ngozi Okonjo, Szymborska, Kubernetes, Aoife";
        for (text, recited) in [
            ("Ngozi Okonjo, Szymborska, Kubernetes, Aoife.", true),
            ("Glossary: Ngozi Okonjo, and", true),
            ("Szymborska, Kubernetes, Aoife. Thank you.", true),
            ("Ngozi Okonjo moved to Kubernetes", false),
            ("I asked Ngozi Okonjo, Szymborska and Aoife about Kubernetes.", false),
            ("Kubernetes, Aoife?", false),
            ("", false),
        ] {
            assert_eq!(recites(text, told), recited, "{text}");
        }
        assert!(!recites("anything at all", ""));
        assert_eq!((prompt(""), prompt("A, B")), (None, Some("Glossary: A, B.".into())));
    }
}
