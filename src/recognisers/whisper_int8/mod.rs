//! Whisper in Rust, in this process: the weights of a ggml file as whole numbers of 7 bits ([`super::nn`]).
//! `hansard asr-worker` runs it.
//!
//! It decodes by the rules by which whisper.cpp is asked to ([`super::whisper_cpp`]): greedy, without context
//! from earlier segments; a segment that fails is told by its numbers and judged by [`crate::speech::gates`].
//! Only a text that goes round in a loop is made anew: with all of the encoder's window, as loops come of
//! short ones, then with tokens by chance, whose seed is always the same. If nothing helps, the text ends
//! after as many rounds as the gates need to see it.
//!
//! Word times come from the decoder's attention to the sound while it writes, so they cost no second pass;
//! where it is not known which heads to ask, from the time tokens, spread evenly.
//!
//! | module | what it holds |
//! |---|---|
//! | `mel` | what it hears |
//! | `network` | encoder and decoder |
//! | `tokens` | from text to tokens and back |
//! | `decode` | the rules by which tokens are chosen |

mod decode;
mod mel;
mod network;
mod tokens;

use std::path::Path;
use std::time::Instant;

use rten::ThreadPool;

use self::decode::{Chance, Text, Wanted};
use self::mel::Mel;
use self::network::{Desk, Heard, Network};
use self::tokens::Tokens;
use super::alignment;
use super::times::Attention;
use super::whisper_limits::{RATE, Run, audio_frames, hear_rest, padded, tokens_max, unusable};
use crate::base::random::Random;
use crate::models::arch::Dimensions;
use crate::models::ggml;
use crate::models::weights::Contents;
use crate::recognisers::protocol::{ModelFacts, REQUEST_S_MAX};
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use crate::recognisers::words::{Token, assemble};
use crate::recognisers::worker::model_name;

/// A time token is worth 20 ms, as is a frame of the encoder.
const FRAME_S: f64 = 0.02;

/// Frames of the encoder's full window, 30 s.
const AUDIO_CTX_MIN: u32 = 1500;
/// What went round in a loop is written anew with the full window, and with these temperatures, until it
/// doesn't: 0 is the likeliest.
const AGAIN: [f32; 3] = [0.0, 0.4, 0.8];
/// A prompt's half, and a text's.
const TEXT_CTX_MIN: u32 = 448;
/// Weights are stored in blocks of so many.
const STATE_STEP: u32 = 32;

/// A loaded model.
pub struct WhisperInt8 {
    inner: Inner,
    pool: ThreadPool,
}

struct Inner {
    network: Network,
    tokens: Tokens,
    mel: Mel,
    heads: Vec<(usize, usize)>,
    facts: ModelFacts,
    language: Option<String>,
    /// Half of the text that the decoder can see: the prompt's share.
    prompt_max: usize,
    desk: Desk,
    logits: Vec<f32>,
}

/// What was heard, and what the model holds of it.
struct Sound {
    heard: Heard,
    /// With the silence behind it.
    seconds: f64,
    no_speech_prob: f64,
    language: Option<(String, f32)>,
}

impl WhisperInt8 {
    /// Loads a ggml model. `language` is that of requests that name none; `None` means detect it.
    pub fn load(path: &Path, threads: usize, language: Option<String>) -> Result<Self, RecognizerError> {
        let started = Instant::now();
        let contents = ggml::read(path).map_err(|error| unusable(path, error))?;
        let dimensions = contents.dimensions;
        check(&dimensions)
            .map_err(|reason| RecognizerError::ModelUnusable { model: path.display().to_string(), reason })?;
        let name = model_name(path);
        let inner = Inner::new(contents, name, threads, language);
        if let Some(language) = &inner.language {
            inner.check_language(language)?;
        }
        let facts = ModelFacts { load_ms: started.elapsed().as_millis() as u64, ..inner.facts };
        let inner = Inner { facts, ..inner };
        Ok(Self { inner, pool: ThreadPool::with_num_threads(threads) })
    }

    /// What the model is.
    pub fn facts(&self) -> &ModelFacts {
        &self.inner.facts
    }
}

impl Inner {
    /// Of contents that were checked.
    fn new(mut contents: Contents, name: String, threads: usize, language: Option<String>) -> Self {
        let dimensions = contents.dimensions;
        let heads = alignment::heads(&dimensions, &name).unwrap_or_default().to_vec();
        let facts = ModelFacts {
            name,
            size: dimensions.kind().label().to_owned(),
            multilingual: dimensions.multilingual(),
            load_ms: 0,
            threads,
        };
        Self {
            tokens: Tokens::new(std::mem::take(&mut contents.vocabulary), dimensions.vocab),
            mel: Mel::new(&contents.filters),
            network: Network::new(&mut contents),
            heads,
            facts,
            language,
            prompt_max: dimensions.text_ctx as usize / 2,
            desk: Desk::default(),
            logits: Vec::new(),
        }
    }

    fn check_language(&self, language: &str) -> Result<(), RecognizerError> {
        if self.tokens.language(language).is_some() {
            return Ok(());
        }
        Err(RecognizerError::Language {
            model: self.facts.name.clone(),
            language: language.to_owned(),
            multilingual: self.facts.multilingual,
        })
    }

    /// Hears sound, at least so many frames of it, and asks who speaks and in which language: one token.
    fn hear(&mut self, samples: &[f32], frames: usize) -> Sound {
        let padded = padded(samples);
        let seconds = padded.len() as f64 / RATE;
        let frames = audio_frames(seconds).max(frames);
        let bands = self.mel.of(&padded, 2 * frames);
        let mut heard = self.network.hear(&bands, &mut self.desk);
        let start = [self.tokens.start];
        self.network.decode(&mut heard, &start, &mut self.logits, &mut self.desk, |_, _, _| {});
        let (no_speech_prob, language) = decode::opinion(&self.tokens, &self.logits);
        Sound { heard, seconds, no_speech_prob, language }
    }

    /// Writes down `sound`, which was just heard of `samples`; they start `from` seconds into the request.
    fn write(
        &mut self,
        samples: &[f32],
        sound: Sound,
        from: f64,
        language: &str,
        prompt: Option<&str>,
    ) -> Run {
        let frames = ((sound.seconds / FRAME_S) as usize).max(1);
        let mut text = self.text(sound, language, prompt, None);
        for temperature in AGAIN {
            if !text.looped {
                break;
            }
            let sound = self.hear(samples, AUDIO_CTX_MIN as usize);
            let chance = (temperature > 0.0).then(|| Chance { temperature, random: Random::new(0) });
            // What was said before makes loops longer.
            let prompt = prompt.filter(|_| chance.is_none());
            text = self.text(sound, language, prompt, chance);
        }
        self.harvest(&text, from, frames)
    }

    fn text(
        &mut self,
        mut sound: Sound,
        language: &str,
        prompt: Option<&str>,
        chance: Option<Chance>,
    ) -> Text {
        let mut opening = self.tokens.opening(language);
        let mut before = prompt.map(|prompt| self.tokens.of_text(prompt)).unwrap_or_default();
        if before.is_empty() {
            // The start was decoded already.
            opening.remove(0);
        } else {
            sound.heard.forget();
            before.drain(..before.len().saturating_sub(self.prompt_max - 1));
            before.insert(0, self.tokens.before);
            opening.splice(0..0, before);
        }
        let wanted = Wanted {
            opening: &opening,
            most: tokens_max(language, sound.seconds),
            length: (sound.seconds * 100.0) as u32,
            heads: &self.heads,
            frames: ((sound.seconds / FRAME_S) as usize).max(1),
        };
        let (network, tokens) = (&self.network, &self.tokens);
        decode::write(network, tokens, &mut sound.heard, &wanted, chance, &mut self.logits, &mut self.desk)
    }

    fn harvest(&self, text: &Text, from: f64, frames: usize) -> Run {
        let (end, zero) = (self.tokens.end, self.tokens.zero);
        let mut run = Run::default();
        let mut attention = Attention::new(self.heads.len(), frames);
        // The time before a token, and those that wait for the time behind them.
        let (mut time, mut waiting) = (from, 0);
        for (token, listened) in text.tokens.iter().zip(&text.attention) {
            if token.id >= zero {
                let now = from + f64::from(token.id - zero) * FRAME_S;
                spread(&mut run.tokens[waiting..], time, now);
                (time, waiting) = (now, run.tokens.len());
                if token.id > zero {
                    run.until = Some(now);
                }
            }
            if token.id >= end {
                continue;
            }
            run.until = None;
            run.logprob += token.logprob;
            let bytes = self.tokens.bytes(token.id).to_vec();
            run.tokens.push(Token { bytes, start: time, end: time, p: token.p });
            attention.add_all(listened);
        }
        spread(&mut run.tokens[waiting..], time, from + frames as f64 * FRAME_S);
        if let Some(last) = text.attention.last() {
            attention.add_all(last);
        }
        let mut start = from;
        // A token ends where the next one begins.
        for (token, end) in run.tokens.iter_mut().zip(attention.begins().into_iter().skip(1)) {
            (token.start, token.end) = (start, from + end as f64 * FRAME_S);
            start = token.end;
        }
        run
    }

    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let audio_s = request.seconds();
        if request.samples.is_empty() || audio_s > REQUEST_S_MAX {
            let reason = format!(
                "it lasts {audio_s:.1} s, and more than 0 and at most {REQUEST_S_MAX} s can be given"
            );
            return Err(RecognizerError::Request { reason });
        }
        let given = request.language.as_ref().or(self.language.as_ref()).cloned();
        if let Some(language) = &given {
            self.check_language(language)?;
        }
        let samples = &request.samples;
        let sound = self.hear(samples, 0);
        let (no_speech_prob, spoken) = (sound.no_speech_prob, sound.language.clone());
        let heard = || spoken.as_ref().map(|(language, _)| language.clone());
        let language = given.or_else(heard).unwrap_or_else(|| "en".to_owned());
        let mut run = self.write(samples, sound, 0.0, &language, request.prompt.as_deref());
        let end = request.speech.map_or(audio_s, |(_, end)| end).min(audio_s);
        hear_rest(&mut run, samples, end, |rest, from| {
            let sound = self.hear(rest, 0);
            Ok(self.write(rest, sound, from, &language, None))
        })?;
        let avg_logprob = Some(run.logprob / run.tokens.len().max(1) as f64);
        let (text, words) = assemble(&run.tokens, &language, audio_s, request.speech);
        let spoken = spoken.filter(|_| self.facts.multilingual);
        let no_speech_prob = Some(no_speech_prob);
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
}

/// What the network takes for granted of any model; all that were ever published have it.
fn check(dimensions: &Dimensions) -> Result<(), String> {
    let Dimensions { audio_ctx, text_ctx, audio_state, .. } = *dimensions;
    if audio_ctx < AUDIO_CTX_MIN || text_ctx < TEXT_CTX_MIN {
        return Err(format!(
            "it hears {audio_ctx} moments and writes {text_ctx} tokens, and {AUDIO_CTX_MIN} and {TEXT_CTX_MIN} \
             are needed"
        ));
    }
    if !audio_state.is_multiple_of(STATE_STEP) {
        return Err(format!("its rows of {audio_state} don't fill blocks of {STATE_STEP}"));
    }
    Ok(())
}

/// Tokens of which only the whole's times are known, evenly.
fn spread(tokens: &mut [Token], start: f64, end: f64) {
    let step = (end - start).max(0.0) / tokens.len().max(1) as f64;
    for (i, token) in tokens.iter_mut().enumerate() {
        (token.start, token.end) = (start + step * i as f64, start + step * (i + 1) as f64);
    }
}

impl Recognizer for WhisperInt8 {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let Self { inner, pool } = self;
        pool.run(|| inner.recognize(request))
    }

    fn model(&self) -> &str {
        &self.inner.facts.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_would_not_fit_is_refused() {
        let base = Dimensions {
            vocab: 51_865,
            audio_ctx: 1500,
            audio_state: 512,
            audio_head: 8,
            audio_layer: 6,
            text_ctx: 448,
            text_state: 512,
            text_head: 8,
            text_layer: 6,
            mels: 80,
            ftype: 7,
        };
        assert_eq!(check(&base), Ok(()));
        assert!(check(&Dimensions { audio_ctx: 1499, ..base }).is_err());
        assert!(check(&Dimensions { text_ctx: 10, ..base }).is_err());
        assert!(check(&Dimensions { audio_state: 80, text_state: 80, ..base }).is_err());
    }

    #[test]
    fn a_text_that_goes_round_in_a_loop_is_made_anew() {
        // It holds all tokens for as likely as each other: the likeliest is always the first of them.
        let dimensions = Dimensions {
            vocab: 51_864,
            audio_ctx: 1500,
            audio_state: 64,
            audio_head: 1,
            audio_layer: 1,
            text_ctx: 448,
            text_state: 64,
            text_head: 1,
            text_layer: 1,
            mels: 80,
            ftype: 0,
        };
        let mut model = Inner::new(Contents::of_zeros(dimensions), "zeros".into(), 1, None);
        let samples = vec![0.0; 4 * 16_000];
        let sound = model.hear(&samples, 0);
        let text = model.text(sound, "en", None, None);
        let words = |text: &Text| text.tokens.iter().filter(|token| token.id < 50_256).count();
        assert!(text.looped);
        assert_eq!(words(&text), 12, "it goes on no longer than the gates need to see it");
        let sound = model.hear(&samples, 0);
        let run = model.write(&samples, sound, 0.0, "en", None);
        assert!(run.tokens.len() < 12 && !run.tokens.is_empty(), "{:?}", run.tokens);
        let sound = model.hear(&samples, 0);
        let again = model.write(&samples, sound, 0.0, "en", None);
        assert_eq!(again.tokens, run.tokens, "chance is the same each time");
    }

    #[test]
    fn times_are_spread_evenly_where_nothing_else_is_known() {
        let token = |start: f64, end: f64| Token { bytes: Vec::new(), start, end, p: 1.0 };
        let mut tokens = vec![token(0.0, 0.0); 2];
        spread(&mut tokens, 1.0, 2.0);
        assert_eq!(tokens, [token(1.0, 1.5), token(1.5, 2.0)]);
        spread(&mut tokens, 3.0, 2.0);
        assert_eq!(tokens, [token(3.0, 3.0), token(3.0, 3.0)], "never back");
    }
}
