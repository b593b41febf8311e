//! From a segment on the disk to an utterance: reads the sound back, has it recognised, and puts the words at
//! their place in the session.

use crate::audio::denoise::Denoiser;
use crate::audio::segment::Segment;
use crate::audio::vad::Silero;
use crate::audio::{leveller, mono, resample};
use crate::base::units::{Frames, SampleRate};
use crate::live::SessionView;
use crate::session::shared::TakeShared;
use crate::session::tail::SpanReader;

use super::analysis::SegmentJob;
use super::{gates, word_times};
use crate::base::utterance::{self, Utterance};
use crate::recognisers::recognizer::{Certainty, Hypothesis, Recognizer, RecognizerError, Request, Word};

/// Sound before a segment that the denoiser hears first, so that it has settled.
const DENOISE_LEAD_S: f64 = 1.0;

/// So many words of the vocabulary in its order are no coincidence.
const RECITED_WORDS: usize = 3;

/// What the recogniser is told with every segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Per track: ISO 639-1 code; `None` means that the recogniser finds out.
    pub languages: Vec<Option<String>>,
    /// Names and terms to expect, with commas between them; may be empty.
    pub vocabulary: String,
    /// How certain the languages are.
    pub certainty: Certainty,
    /// It gets denoised sound.
    pub denoise: bool,
}

/// Reads a segment back and has it recognised. Times of the answer count from the segment's first frame.
pub fn recognize(
    session: &SessionView,
    job: &SegmentJob,
    recognizer: &mut dyn Recognizer,
    hints: &Hints,
) -> Result<Hypothesis, RecognizerError> {
    let Some(take) = session.tracks[job.track].takes().get(job.take).cloned() else {
        return Err(RecognizerError::Request { reason: "its take does not exist".into() });
    };
    let mut samples =
        read(session, &take, job, hints.denoise).map_err(|reason| RecognizerError::Request { reason })?;
    if job.segment.raised {
        leveller::level_whole(&mut samples);
    }
    let rate = take.entry.rate;
    let into = |frame: Frames| frame.saturating_sub(job.segment.from).seconds(rate);
    let mut request = Request {
        samples,
        language: hints.languages.get(job.track).cloned().flatten(),
        certainty: hints.certainty,
        prompt: prompt(&hints.vocabulary),
        speech: Some((into(job.segment.onset), into(job.segment.offset))),
    };
    let mut hypothesis = recognizer.recognize(&request)?;
    if recites(&hypothesis.text, &hints.vocabulary) {
        // It heard nothing of its own, and said what it had been told: asked once more without.
        request.prompt = None;
        hypothesis = recognizer.recognize(&request)?;
    }
    hold_times(&mut hypothesis.words, &request);
    Ok(hypothesis)
}

/// Makes the times of words hold in the sound that they were made from. It is heard once more for its pauses:
/// that costs a hundredth of what recognising does, and nothing has to be kept of the first time.
fn hold_times(words: &mut [Word], request: &Request) {
    if words.is_empty() {
        return;
    }
    let mut spoken = word_times::spoken(&request.samples, &mut Silero::default());
    if spoken.is_empty() {
        // What it heard with the minutes before in its memory.
        spoken.extend(request.speech);
    }
    word_times::hold(words, request.seconds(), &spoken);
}

/// The vocabulary as text that might have come before.
fn prompt(vocabulary: &str) -> Option<String> {
    (!vocabulary.is_empty()).then(|| format!("Glossary: {vocabulary}."))
}

/// Whether a text does little else than to recite the vocabulary: most of it stands there, in that order, and
/// that is several terms. Somebody who really says a name says other words with it.
fn recites(text: &str, vocabulary: &str) -> bool {
    let plain = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (said, told) = (plain(text), plain(&format!("glossary {vocabulary}")));
    let run_from = |at: usize| {
        let run = |from: usize| said[at..].iter().zip(&told[from..]).take_while(|(a, b)| a == b).count();
        (0..told.len()).map(run).max().unwrap_or(0)
    };
    let longest = (0..said.len()).map(run_from).max().unwrap_or(0);
    longest >= RECITED_WORDS && longest * 2 > said.len()
}

/// The segment's sound: mono at 16 kHz.
fn read(
    session: &SessionView,
    take: &TakeShared,
    job: &SegmentJob,
    denoise: bool,
) -> Result<Vec<f32>, String> {
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

/// What was understood of a stretch, by its segments: each word belongs to the one that it lies in or nearest
/// to.
pub fn of_parts(job: &SegmentJob, whole: &Hypothesis, rate: SampleRate) -> Vec<(Segment, Hypothesis)> {
    let into = |frame: Frames| frame.saturating_sub(job.segment.from).seconds(rate);
    let distance = |part: &Segment, word: &Word| {
        let middle = (word.start + word.end) / 2.0;
        (into(part.onset) - middle).max(middle - into(part.offset)).max(0.0)
    };
    let owner = |word: &Word| {
        let parts = job.parts.iter().enumerate();
        parts.min_by(|a, b| distance(a.1, word).total_cmp(&distance(b.1, word))).map_or(0, |(n, _)| n)
    };
    // Times may wander, words do not overtake one another.
    let mut owners: Vec<usize> = whole.words.iter().map(owner).collect();
    for at in 1..owners.len() {
        owners[at] = owners[at].max(owners[at - 1]);
    }
    let of_part = |(n, part): (usize, &Segment)| {
        let first = owners.partition_point(|owner| *owner < n);
        let end = owners.partition_point(|owner| *owner <= n);
        let origin = into(part.from);
        let length = part.to.saturating_sub(part.from).seconds(rate);
        let words = whole.words[first..end].iter();
        let words =
            words.map(|word| Word { start: word.start - origin, end: word.end - origin, ..word.clone() });
        let mut words: Vec<Word> = words.collect();
        word_times::hold(&mut words, length, &[(into(part.onset) - origin, into(part.offset) - origin)]);
        let texts = whole.words.iter().map(|word| word.text.as_str());
        let hypothesis = Hypothesis {
            text: utterance::part_of(&whole.text, texts, first..end),
            words,
            audio_s: length,
            ..whole.clone()
        };
        (*part, hypothesis)
    };
    job.parts.iter().enumerate().map(of_part).collect()
}

/// Identity of the utterance that a segment becomes.
pub fn id(track: &str, take: u32, segment: &Segment) -> String {
    utterance::id(track, take, segment.onset)
}

/// The utterance of what was understood, judged; its place is that of its words.
pub fn utterance(
    session: &SessionView,
    job: &SegmentJob,
    hypothesis: Hypothesis,
    model: String,
) -> Option<Utterance> {
    let track = &session.tracks[job.track];
    let take = track.takes().get(job.take).cloned()?;
    let (clock, rate) = (take.clock(), take.entry.rate);
    let evidence = gates::evidence(&hypothesis, &job.segment, rate);
    let withheld = gates::verdict(&hypothesis, &evidence);
    let at = |seconds: f64| (job.segment.from + Frames::from_seconds(seconds, rate)).min(job.segment.to);
    let from = hypothesis.words.first().map_or(job.segment.onset, |word| at(word.start));
    let to = hypothesis.words.last().map_or(job.segment.offset, |word| at(word.end)).max(from);
    // By the same frames as the line's own times, or the last word would end a rounding behind its line.
    let place = |word: &Word| utterance::Word {
        start: clock.time_of(at(word.start)),
        end: clock.time_of(at(word.end)),
        ..word.placed(0.0)
    };
    Some(Utterance {
        id: id(&track.track, take.entry.take, &job.segment),
        track: track.track.clone(),
        speaker: track.name.clone(),
        take: take.entry.take,
        from_frame: from,
        to_frame: to,
        start: clock.time_of(from),
        end: clock.time_of(to),
        confidence: hypothesis.confidence().unwrap_or(0.0),
        words: hypothesis.words.iter().map(place).collect(),
        guessed_times: hypothesis.guessed_times,
        text: hypothesis.text,
        language: hypothesis.language,
        model,
        is_final: true,
        withheld: withheld.map(str::to_owned),
        evidence: Some(evidence),
        ..Utterance::default()
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

    #[test]
    fn the_words_of_a_stretch_go_to_their_segments() {
        let rate = SampleRate::HZ_16000;
        let at = |s: f64| Frames::from_seconds(10.0 + s, rate);
        let segment = |from: f64, to: f64| Segment {
            from: at(from),
            to: at(to),
            onset: at(from),
            offset: at(to),
            speech: 0.9,
            raised: false,
            faint: false,
        };
        let parts = vec![segment(0.0, 1.0), segment(2.0, 3.0), segment(4.0, 5.0)];
        let segment = segment(0.0, 5.0);
        let job = SegmentJob {
            track: 0,
            take: 0,
            segment,
            start: 10.0,
            end: 15.0,
            attempts: 1,
            parts,
            alone: false,
        };
        // The second word's time wandered behind the third's.
        let words = [("We", 0.1), ("will,", 3.9), ("ask", 2.4), ("again", 4.2), ("now.", 4.8)];
        let words =
            words.map(|(text, start)| Word { text: text.into(), start, end: start + 0.2, p: Some(0.9) });
        let text = "We will, ask again now.".to_owned();
        let hypothesis = Hypothesis { text, words: words.to_vec(), audio_s: 5.0, ..Hypothesis::default() };
        let said = of_parts(&job, &hypothesis, rate);
        let texts: Vec<&str> = said.iter().map(|(_, said)| said.text.as_str()).collect();
        assert_eq!(texts, ["We", "", "will, ask again now."]);
        let first = &said[2].1.words[0];
        assert!((0.0..=1.0).contains(&first.start) && first.start <= first.end, "{first:?}");
        assert_eq!(said[2].0.from, at(4.0));
    }
}
