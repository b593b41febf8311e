//! Whisper by whisper.cpp, in this process. `hansard asr-worker` runs it; the recorder itself never does, because
//! whisper.cpp may abort.
//!
//! Greedy, without context from earlier segments, one temperature: a segment that fails is told by its numbers
//! and judged by [`super::gates`], not decoded again at five temperatures. Word times come from the timestamp tokens
//! (dynamic time warping would cost the alignment heads of each model and a third of the speed).

use std::path::Path;
use std::time::Instant;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState,
    WhisperTokenId,
};

use super::protocol::ModelFacts;
use super::recognizer::{Hypothesis, REQUEST_S_MAX, Recognizer, RecognizerError, Request};
use super::words::{Token, assemble};
use super::worker::{default_threads, model_name};
use crate::models::{ModelError, ggml};

/// Whisper hears at least so much; shorter sound is followed by silence.
const AUDIO_S_MIN: f64 = 1.1;
/// Frames of 20 ms that the encoder computes for `s` seconds: 50·s and this much more, at least
/// [`AUDIO_CTX_MIN`]. Measured on 86 segments of meetings: with 128 more or less the decoder loops (115 insertions),
/// with 256 the word error rate is that of all 1500 frames at less than half the time.
const AUDIO_CTX_MORE: f64 = 256.0;
/// See [`AUDIO_CTX_MORE`].
const AUDIO_CTX_MIN: f64 = 512.0;
/// The encoder's full window, 30 s.
const AUDIO_CTX_MAX: f64 = 1500.0;
/// A loop is ended by a bound on tokens: nobody speaks more than 10 English tokens a second …
const TOKENS_PER_S_ENGLISH: f64 = 10.0;
/// … while scripts with several tokens to a character need more.
const TOKENS_PER_S: f64 = 30.0;
/// Half of the text context; the other half is the prompt's.
const TOKENS_MAX: f64 = 220.0;
/// A language is listened for in sound of at least this length; shorter answers are taken for the language before.
const DETECT_S_MIN: f64 = 2.0;
/// How often the language is listened for again; it costs a run of the encoder.
const DETECT_EVERY: u32 = 8;
/// Text this unlikely may be in another language: it is listened for at once.
const DETECT_BELOW_LOGPROB: f64 = -0.8;

/// How to run Whisper.
#[derive(Debug, Clone, PartialEq)]
pub struct WhisperSettings {
    /// Threads; see [`default_threads`].
    pub threads: usize,
    /// Flash attention: 70 MB less memory, no faster on a processor, and slightly worse on far speech. Off.
    pub flash_attn: bool,
    /// Language of requests that name none; none: it is listened for.
    pub language: Option<String>,
}

impl Default for WhisperSettings {
    fn default() -> Self {
        Self { threads: default_threads(), flash_attn: false, language: None }
    }
}

/// A loaded model.
pub struct WhisperRecognizer {
    context: WhisperContext,
    state: WhisperState,
    settings: WhisperSettings,
    facts: ModelFacts,
    ear: LanguageEar,
}

impl WhisperRecognizer {
    /// Loads a ggml model.
    pub fn load(path: &Path, settings: WhisperSettings) -> Result<Self, RecognizerError> {
        whisper_rs::install_logging_hooks();
        let started = Instant::now();
        let unusable =
            |reason: String| RecognizerError::ModelUnusable { model: path.display().to_string(), reason };
        // whisper.cpp takes a file for whole whose last tensor ends early, and aborts on files of another kind.
        ggml::check(path).map_err(|error| match error {
            ModelError::NotWhole { why, .. } | ModelError::NotAModel { why, .. } => unusable(why),
            ModelError::Io { reason, .. } => unusable(reason.to_string()),
            other => unusable(other.to_string()),
        })?;
        let mut parameters = WhisperContextParameters::default();
        parameters.flash_attn(settings.flash_attn);
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
        Ok(Self { context, state, settings, facts, ear: LanguageEar::default() })
    }

    /// What the model is.
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// The language to decode in.
    fn language(&mut self, request: &Request, samples: &[f32]) -> Result<String, RecognizerError> {
        if let Some(language) = request.language.as_ref().or(self.settings.language.as_ref()) {
            check_language(&self.facts, language)?;
            return Ok(language.clone());
        }
        if !self.facts.multilingual {
            return Ok("en".to_owned());
        }
        if self.ear.is_due(request.seconds()) {
            let threads = self.settings.threads;
            self.state.pcm_to_mel(samples, threads).map_err(failed)?;
            let (id, _) = self.state.lang_detect(0, threads).map_err(failed)?;
            self.ear.hears(whisper_rs::get_lang_str(id));
        }
        Ok(self.ear.language.clone())
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
        // Text of segments without speech is to be judged by us and kept, not dropped in there.
        parameters.set_no_speech_thold(2.0);
        parameters.set_audio_ctx(audio_ctx(seconds));
        parameters.set_max_tokens(tokens_max(language, seconds));
        parameters.set_print_special(false);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        parameters
    }

    /// The probability that nobody spoke, as Whisper means it: that of its token for it right after the start of the
    /// transcript. whisper.cpp takes it after the *last* token of the prompt, where multilingual models never say so.
    fn no_speech_prob(&mut self) -> Result<f64, RecognizerError> {
        let (start, no_speech) = (self.context.token_sot(), self.context.token_nosp());
        self.state.decode(&[start], 0, self.settings.threads).map_err(failed)?;
        let logits = self.state.get_logits().map_err(failed)?;
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
        let own = logits.get(no_speech as usize).map_or(0.0, |logit| f64::from(logit - most).exp());
        Ok(if sum > 0.0 { own / sum } else { 0.0 })
    }

    /// What the last run found: tokens, and the sum of their log probabilities.
    fn harvest(&self) -> (Vec<Token>, f64) {
        let end_of_text: WhisperTokenId = self.context.token_eot();
        let (mut tokens, mut logprob) = (Vec::new(), 0.0);
        for segment in self.state.as_iter() {
            for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
                let data = token.token_data();
                if data.id >= end_of_text {
                    continue;
                }
                logprob += f64::from(data.plog);
                // Centiseconds.
                let (start, end) = (data.t0 as f64 / 100.0, data.t1 as f64 / 100.0);
                let bytes = token.to_bytes().unwrap_or_default().to_vec();
                tokens.push(Token { bytes, start, end, p: f64::from(data.p) });
            }
        }
        (tokens, logprob)
    }
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
        let mut samples = request.samples.clone();
        samples.resize(samples.len().max((AUDIO_S_MIN * 16_000.0) as usize), 0.0);
        let language = self.language(request, &samples)?;
        let mut parameters = self.parameters(&language, samples.len() as f64 / 16_000.0);
        if let Some(prompt) = &request.prompt {
            // The other side of the pipe may send anything, and the call panics on a NUL.
            parameters.set_initial_prompt(&prompt.replace('\0', " "));
        }
        self.state.full(parameters, &samples).map_err(failed)?;
        let (tokens, logprob) = self.harvest();
        let no_speech_prob = self.no_speech_prob()?;
        let avg_logprob = logprob / tokens.len().max(1) as f64;
        self.ear.understood(avg_logprob);
        let (text, words) = assemble(&tokens, &language, audio_s, request.speech);
        Ok(Hypothesis { text, words, language, no_speech_prob, avg_logprob, audio_s })
    }

    fn model(&self) -> &str {
        &self.facts.name
    }
}

/// Remembers what language is being spoken, so that it needn't be found out for each segment, nor from one word.
struct LanguageEar {
    language: String,
    /// Requests since it was listened for; none: never yet.
    since: Option<u32>,
}

impl Default for LanguageEar {
    fn default() -> Self {
        Self { language: "en".to_owned(), since: None }
    }
}

impl LanguageEar {
    fn is_due(&mut self, seconds: f64) -> bool {
        self.since = self.since.map(|since| since + 1);
        self.since.is_none_or(|since| since >= DETECT_EVERY && seconds >= DETECT_S_MIN)
    }

    fn hears(&mut self, language: Option<&str>) {
        if let Some(language) = language {
            language.clone_into(&mut self.language);
            self.since = Some(0);
        }
    }

    fn understood(&mut self, avg_logprob: f64) {
        if avg_logprob < DETECT_BELOW_LOGPROB {
            self.since = self.since.map(|_| DETECT_EVERY);
        }
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
    Err(RecognizerError::Language { model: facts.name.clone(), language: language.to_owned() })
}

fn audio_ctx(seconds: f64) -> i32 {
    ((seconds * 50.0).ceil() + AUDIO_CTX_MORE).clamp(AUDIO_CTX_MIN, AUDIO_CTX_MAX) as i32
}

fn tokens_max(language: &str, seconds: f64) -> i32 {
    let rate = if language == "en" { TOKENS_PER_S_ENGLISH } else { TOKENS_PER_S };
    (rate * seconds + 16.0).min(TOKENS_MAX) as i32
}

fn failed(error: WhisperError) -> RecognizerError {
    RecognizerError::Failed { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_hears_enough_and_never_too_much() {
        assert_eq!([1.1, 5.0, 11.0, 28.0, 30.0].map(audio_ctx), [512, 512, 806, 1500, 1500]);
        assert_eq!([1.1, 28.0].map(|s| tokens_max("en", s)), [27, 220]);
    }

    #[test]
    fn the_language_is_listened_for_rarely() {
        let mut ear = LanguageEar::default();
        assert!(ear.is_due(0.5), "something has to be known");
        ear.hears(Some("de"));
        assert_eq!((1..8).filter(|_| ear.is_due(5.0)).count(), 0);
        assert!(!ear.is_due(0.5), "too short to tell");
        assert!(ear.is_due(5.0));
        ear.hears(Some("de"));
        ear.understood(-1.5);
        assert!(ear.is_due(5.0), "what was understood was unlikely");
        assert_eq!(ear.language, "de");
    }
}
