//! Whisper by whisper.cpp, in this process. `hansard asr-worker` runs it; the recorder itself never does,
//! because whisper.cpp may abort.
//!
//! Greedy, without context from earlier segments, one temperature: a segment that fails is told by its
//! numbers and judged by [`crate::speech::gates`], not decoded again at five temperatures. Word times come
//! from the decoder's attention to the sound, warped onto the text, where it is known which heads to ask;
//! else from the timestamp tokens, which are some tenths of a second off.
//!
//! The encoder is what costs: it runs once over a request, over no more frames than the sound needs. Which
//! language is spoken, and whether anybody speaks at all, is asked of the decoder afterwards, which costs a
//! token.

use std::path::Path;
use std::time::Instant;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState,
    WhisperTokenId,
};

use crate::models::ggml;
use crate::recognisers::alignment;
use crate::recognisers::protocol::{ModelFacts, REQUEST_S_MAX};
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use crate::recognisers::whisper_limits::{self, RATE, Run, audio_frames, hear_rest, padded, tokens_max};
use crate::recognisers::words::{Token, assemble};
use crate::recognisers::worker::{default_threads, model_name};

/// Where no language is given this one is tried first.
const LANGUAGE: &str = "en";

/// How to run Whisper.
#[derive(Debug, Clone, PartialEq)]
pub struct WhisperSettings {
    /// Threads; see [`default_threads`].
    pub threads: usize,
    /// Flash attention: 70 MB less memory, no faster on a processor, and slightly worse on far speech. Off.
    pub flash_attn: bool,
    /// Language of requests that name none; `None` means detect it.
    pub language: Option<String>,
    /// Word times come from the decoder's attention, which flash attention doesn't keep.
    pub align: bool,
}

impl Default for WhisperSettings {
    fn default() -> Self {
        Self { threads: default_threads(), flash_attn: false, language: None, align: true }
    }
}

/// A loaded model.
pub struct WhisperRecognizer {
    context: WhisperContext,
    state: WhisperState,
    settings: WhisperSettings,
    facts: ModelFacts,
}

impl WhisperRecognizer {
    /// Loads a ggml model.
    pub fn load(path: &Path, settings: WhisperSettings) -> Result<Self, RecognizerError> {
        whisper_rs::install_logging_hooks();
        let started = Instant::now();
        let unusable =
            |reason: String| RecognizerError::ModelUnusable { model: path.display().to_string(), reason };
        // whisper.cpp takes a file for whole whose last tensor ends early, and aborts on files of another
        // kind.
        let (dimensions, _) = ggml::check(path).map_err(|error| whisper_limits::unusable(path, error))?;
        let mut parameters = WhisperContextParameters::default();
        parameters.flash_attn(settings.flash_attn);
        if settings.align
            && !settings.flash_attn
            && let Some(alignment) = alignment::parameters(&dimensions, &model_name(path))
        {
            parameters.dtw_parameters(alignment);
        }
        let context = WhisperContext::new_with_params(path, parameters)
            .map_err(|_| unusable("whisper.cpp can't load it; is there memory enough?".into()))?;
        let state = context.create_state().map_err(|error| unusable(error.to_string()))?;
        let facts = ModelFacts {
            name: model_name(path),
            size: context.model_type_readable_str_lossy().map(|size| size.into_owned()).unwrap_or_default(),
            multilingual: context.is_multilingual(),
            load_ms: started.elapsed().as_millis() as u64,
            threads: settings.threads,
        };
        if let Some(language) = &settings.language {
            check_language(&facts, language)?;
        }
        Ok(Self { context, state, settings, facts })
    }

    /// What the model is.
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// The language to decode in, and whether it was given rather than guessed.
    fn language(&self, request: &Request) -> Result<(String, bool), RecognizerError> {
        if let Some(language) = request.language.as_ref().or(self.settings.language.as_ref()) {
            check_language(&self.facts, language)?;
            return Ok((language.clone(), true));
        }
        if !self.facts.multilingual {
            return Ok(("en".to_owned(), true));
        }
        Ok((LANGUAGE.to_owned(), false))
    }

    fn parameters<'a>(&self, language: &'a str, seconds: f64) -> FullParams<'a, 'a> {
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(self.settings.threads as i32);
        parameters.set_language(Some(language));
        parameters.set_no_context(true);
        parameters.set_token_timestamps(true);
        parameters.set_suppress_blank(true);
        parameters.set_suppress_nst(true);
        parameters.set_temperature_inc(0.0);
        // One run of the encoder: whisper.cpp would begin again wherever the last timestamp stands, at the
        // full context.
        parameters.set_single_segment(true);
        // Text of segments without speech is to be judged by us and kept, not dropped in there.
        parameters.set_no_speech_thold(2.0);
        parameters.set_audio_ctx(audio_frames(seconds) as i32);
        parameters.set_max_tokens(tokens_max(language, seconds) as i32);
        parameters.set_print_special(false);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        parameters
    }

    /// What the model holds of the sound that the last run heard. whisper.cpp's own probability that nobody
    /// spoke is that after the *last* token of the prompt, where multilingual models never say so; Whisper
    /// means the one right after the start of the transcript. The language stands at the same place.
    fn opinion(&mut self) -> Result<Opinion, RecognizerError> {
        let (start, no_speech) = (self.context.token_sot(), self.context.token_nosp());
        self.state.decode(&[start], 0, self.settings.threads).map_err(failed)?;
        let logits = self.state.get_logits().map_err(failed)?;
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weight = |id: WhisperTokenId| logits.get(id as usize).map_or(0.0, |logit| (logit - most).exp());
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
        let no_speech_prob = if sum > 0.0 { f64::from(weight(no_speech)) / sum } else { 0.0 };
        let languages: Vec<(i32, f32)> =
            (0..=whisper_rs::get_lang_max_id()).map(|id| (id, weight(self.context.token_lang(id)))).collect();
        let all: f32 = languages.iter().map(|(_, weight)| weight).sum();
        let likeliest = languages.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| all > 0.0);
        let language =
            likeliest.and_then(|(id, weight)| Some((whisper_rs::get_lang_str(id)?.to_owned(), weight / all)));
        Ok(Opinion { no_speech_prob, language })
    }

    /// Hears `samples`, which start `from` seconds into the request.
    fn run(
        &mut self,
        samples: &[f32],
        from: f64,
        language: &str,
        prompt: Option<&str>,
    ) -> Result<Run, RecognizerError> {
        let padded = padded(samples);
        let mut parameters = self.parameters(language, padded.len() as f64 / RATE);
        if let Some(prompt) = prompt {
            // The other side of the pipe may send anything, and the call panics on a NUL.
            parameters.set_initial_prompt(&prompt.replace('\0', " "));
        }
        self.state.full(parameters, &padded).map_err(failed)?;
        Ok(self.harvest(from))
    }

    /// What the last run found.
    fn harvest(&self, from: f64) -> Run {
        let (end_of_text, begin) = (self.context.token_eot(), self.context.token_beg());
        let mut run = Run::default();
        let mut aligned = Vec::new();
        for segment in self.state.as_iter() {
            for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
                let data = token.token_data();
                if data.id > begin {
                    // In steps of 20 ms.
                    run.until = Some(from + f64::from(data.id - begin) / 50.0);
                }
                if data.id >= end_of_text {
                    continue;
                }
                run.until = None;
                run.logprob += f64::from(data.plog);
                // Centiseconds.
                let (start, end) = (from + data.t0 as f64 / 100.0, from + data.t1 as f64 / 100.0);
                let bytes = token.to_bytes().unwrap_or_default().to_vec();
                run.tokens.push(Token { bytes, start, end, p: f64::from(data.p) });
                aligned.push(data.t_dtw);
            }
        }
        // It tells where the attention goes on to the next token, which is where this one ends. Below 0 it
        // tells nothing.
        if aligned.iter().all(|end| *end >= 0) {
            let mut start = from;
            for (token, end) in run.tokens.iter_mut().zip(aligned) {
                (token.start, token.end) = (start, from + end as f64 / 100.0);
                start = token.end;
            }
        }
        run
    }
}

/// See [`WhisperRecognizer::opinion`].
struct Opinion {
    /// Probability that nobody spoke, 0..1.
    no_speech_prob: f64,
    /// The likeliest language, and its probability among all, 0..1.
    language: Option<(String, f32)>,
}

impl Recognizer for WhisperRecognizer {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let audio_s = request.seconds();
        if request.samples.is_empty() || audio_s > REQUEST_S_MAX {
            let reason = format!(
                "it lasts {audio_s:.1} s, and more than 0 and at most {REQUEST_S_MAX} s can be given"
            );
            return Err(RecognizerError::Request { reason });
        }
        let (mut language, given) = self.language(request)?;
        let (samples, prompt) = (&request.samples, request.prompt.as_deref());
        let mut run = self.run(samples, 0.0, &language, prompt)?;
        let mut opinion = self.opinion()?;
        if !given
            && let Some((spoken, _)) = opinion.language.as_ref().filter(|(spoken, _)| *spoken != language)
        {
            language.clone_from(spoken);
            run = self.run(samples, 0.0, &language, prompt)?;
            opinion = self.opinion()?;
        }
        let end = request.speech.map_or(audio_s, |(_, end)| end).min(audio_s);
        hear_rest(&mut run, samples, end, |rest, from| self.run(rest, from, &language, None))?;
        let avg_logprob = Some(run.logprob / run.tokens.len().max(1) as f64);
        let (text, words) = assemble(&run.tokens, &language, audio_s, request.speech);
        let no_speech_prob = Some(opinion.no_speech_prob);
        let spoken = opinion.language.filter(|_| self.facts.multilingual);
        Ok(Hypothesis {
            text,
            words,
            language,
            spoken,
            no_speech_prob,
            avg_logprob,
            audio_s,
            ..Hypothesis::default()
        })
    }

    fn model(&self) -> &str {
        &self.facts.name
    }
}

fn check_language(facts: &ModelFacts, language: &str) -> Result<(), RecognizerError> {
    // The look-up also takes English names, which are no codes, and panics on a NUL.
    let known = language.len() <= 3
        && language.chars().all(|c| c.is_ascii_lowercase())
        && whisper_rs::get_lang_id(language).is_some();
    if known && (facts.multilingual || language == "en") {
        return Ok(());
    }
    let (model, language) = (facts.name.clone(), language.to_owned());
    Err(RecognizerError::Language { model, language, multilingual: facts.multilingual })
}

fn failed(error: WhisperError) -> RecognizerError {
    RecognizerError::Failed { reason: error.to_string() }
}
