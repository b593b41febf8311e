//! Moonshine, a recogniser of English alone: its network on this program's own products of 7 bits, in the
//! child process that Whisper runs in, too.
//!
//! Its cost follows the length of the sound. It takes the likeliest token each time. Where the text goes
//! round in a loop the sound is heard again in parts; if a part loops too, the text ends there. When words
//! were spoken comes from the decoder's attention (`times`). It has no opinion on whether anybody speaks at
//! all, so it gives none, and it takes no prompt: a vocabulary is not heard.

pub mod network;

use std::path::Path;
use std::time::Instant;

use rten::ThreadPool;

use self::network::{FRAME_SAMPLES, Network, SAMPLES_MIN, TOKENS_MAX};
use crate::models::ModelError;
use crate::models::moonshine::{Dimensions, Weights};
use crate::recognisers::loops::is_loop;
use crate::recognisers::nn::{Kernels, elements};
use crate::recognisers::protocol::{ModelFacts, REQUEST_S_MAX};
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use crate::recognisers::times::Attention;
use crate::recognisers::words::{Token, assemble};
use crate::recognisers::worker::model_name;

/// The token before the first, and the one that ends the text.
const BEGIN: usize = 1;
const END: usize = 2;
/// The first token with a text.
const FIRST: usize = 3;
/// A loop is ended by a bound on tokens: nobody speaks more than 10 English tokens a second.
const TOKENS_PER_S: f64 = 10.0;
/// Tokens beyond that, as short sound has its full stop, too.
const TOKENS_MORE: usize = 8;
/// Shorter sound is followed by silence.
const SAMPLES_HEARD_MIN: usize = 8_000;
/// What stands for the space before a word.
const SPACE: &[u8] = "\u{2581}".as_bytes();
/// Where the decoder ends so long before the speech does, in seconds, what follows is heard on its own.
const REST_S_MIN: f64 = 2.0;
/// Pieces of one request that are heard on their own.
const RUNS_MAX: usize = 4;
/// How often what goes round in a loop is cut in two and heard again.
const CUTS: u32 = 2;
/// Samples of a sound that is cut: 2 s.
const CUT_MIN: usize = 32_000;
/// Seconds that have to be quiet where it is cut: a pause between words.
const QUIET_S: f64 = 0.1;

/// The decoder's heads that look at what is being written: layer and head.
pub const HEADS: [(usize, usize); 8] = [(3, 0), (4, 0), (5, 5), (5, 6), (4, 3), (3, 3), (5, 0), (6, 0)];

/// A loaded model.
pub struct MoonshineRecognizer {
    pool: ThreadPool,
    inner: Inner,
}

struct Inner {
    network: Network,
    tokens: Vec<Vec<u8>>,
    facts: ModelFacts,
}

/// What a run over some sound found.
#[derive(Debug, Default)]
struct Run {
    /// Times from the start of the request.
    tokens: Vec<Token>,
    /// Sum of the tokens' log probabilities, the one of the end included.
    logprob: f64,
    steps: usize,
    /// Where the text ends, in seconds of the request.
    until: f64,
    /// It was ended because it went round in a loop.
    looped: bool,
}

impl MoonshineRecognizer {
    /// Loads a model's folder ([`crate::models::moonshine`]).
    pub fn load(dir: &Path, threads: usize) -> Result<Self, RecognizerError> {
        let started = Instant::now();
        let unusable =
            |reason: String| RecognizerError::ModelUnusable { model: dir.display().to_string(), reason };
        let weights = Weights::load(dir).map_err(|error| match error {
            ModelError::NotWhole { why, .. } => unusable(why),
            other => unusable(other.to_string()),
        })?;
        let network = weights.tensors().and_then(|tensors| Network::new(Dimensions::BASE, &tensors));
        let network = network.map_err(unusable)?;
        let tokens = weights.tokens.into_iter().map(|token| with_spaces(&token)).collect();
        let facts = ModelFacts {
            name: model_name(dir),
            size: "base".into(),
            multilingual: false,
            load_ms: started.elapsed().as_millis() as u64,
            threads,
        };
        let inner = Inner { network, tokens, facts };
        Ok(Self { pool: ThreadPool::with_num_threads(threads), inner })
    }

    /// What the model is.
    pub fn facts(&self) -> &ModelFacts {
        &self.inner.facts
    }
}

impl Run {
    /// Takes in what was heard behind it.
    fn go_on(&mut self, more: Self) {
        self.tokens.extend(more.tokens);
        self.logprob += more.logprob;
        self.steps += more.steps;
        self.until = more.until;
    }
}

/// The middle of the quietest [`QUIET_S`] in the middle of a sound; `None` where that is too short to be cut.
fn quietest(samples: &[f32]) -> Option<usize> {
    let window = (QUIET_S * 16_000.0) as usize;
    let (from, to) = (samples.len() * 3 / 10, samples.len() * 7 / 10);
    let starts = (from..to.saturating_sub(window)).step_by(window / 2);
    let energy = |start: &usize| samples[*start..*start + window].iter().map(|x| x * x).sum::<f32>();
    let start = starts.min_by(|a, b| energy(a).total_cmp(&energy(b)))?;
    (samples.len() >= CUT_MIN).then_some(start + window / 2)
}

impl Inner {
    /// Hears `samples`, which start `from` seconds into the request.
    fn run(&self, samples: &[f32], from: f64) -> Run {
        let mut padded = samples.to_vec();
        padded.resize(padded.len().max(SAMPLES_HEARD_MIN.max(SAMPLES_MIN)), 0.0);
        let seconds = padded.len() as f64 / 16_000.0;
        let kernels = Kernels::default();
        let frames = self.network.encode(&kernels, &padded);
        let mut attention = Attention::new(HEADS.len(), frames.len() / Dimensions::BASE.width);
        let mut writer = self.network.writer(&kernels, &frames);
        let most = ((TOKENS_PER_S * seconds) as usize + TOKENS_MORE).min(TOKENS_MAX);
        let mut run = Run::default();
        let (mut written, mut probabilities) = (Vec::new(), Vec::new());
        let mut token = BEGIN;
        while writer.written() < most {
            let scores = writer.step(token, |layer, head, weights| {
                if let Some(at) = HEADS.iter().position(|one| *one == (layer, head)) {
                    attention.add(at, weights);
                }
            });
            let (best, logprob) = likeliest(scores);
            run.logprob += logprob;
            run.steps += 1;
            if best == END {
                break;
            }
            written.push(best as u32);
            probabilities.push(logprob.exp());
            run.looped = is_loop(&written);
            if run.looped {
                break;
            }
            token = best;
        }
        let mut begins = attention.begins();
        // The step that ended the text begins where the last token ends.
        begins.resize(begins.len().max(written.len() + 1), frames.len() / Dimensions::BASE.width);
        let at = |frame: usize| from + (frame * FRAME_SAMPLES) as f64 / 16_000.0;
        run.until = at(begins[written.len()]);
        run.tokens = written
            .iter()
            .zip(&probabilities)
            .enumerate()
            .map(|(i, (token, p))| Token {
                bytes: self.bytes(*token as usize),
                start: at(begins[i]),
                end: at(begins[i + 1]),
                p: *p,
            })
            .collect();
        run
    }

    fn bytes(&self, token: usize) -> Vec<u8> {
        self.tokens.get(token).filter(|_| token >= FIRST).cloned().unwrap_or_default()
    }

    /// The same in two parts, cut where it is most quiet, and those again, until none goes round in a loop:
    /// shorter sound rarely does. `None` where one still does.
    fn run_in_parts(&self, samples: &[f32], from: f64, cuts: u32) -> Option<Run> {
        let cut = quietest(samples).filter(|_| cuts > 0)?;
        let mut whole: Option<Run> = None;
        for (part, start) in [(&samples[..cut], 0), (&samples[cut..], cut)] {
            let from = from + start as f64 / 16_000.0;
            let run = self.run(part, from);
            let run = if run.looped { self.run_in_parts(part, from, cuts - 1)? } else { run };
            match &mut whole {
                Some(whole) => whole.go_on(run),
                None => whole = Some(run),
            }
        }
        whole
    }

    /// Hears what lies behind the place where the decoder ended too early, up to `end` seconds.
    fn hear_rest(&self, run: &mut Run, samples: &[f32], end: f64) {
        for _ in 1..RUNS_MAX {
            let until = run.until;
            if run.looped || run.tokens.is_empty() || end - until <= REST_S_MIN {
                return;
            }
            let Some(rest) = samples.get((until * 16_000.0) as usize..) else { return };
            let more = self.run(rest, until);
            if more.tokens.is_empty() || more.looped {
                return;
            }
            run.go_on(more);
        }
    }

    fn recognize(&self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let audio_s = request.seconds();
        if request.samples.is_empty() || audio_s > REQUEST_S_MAX {
            let reason = format!(
                "it lasts {audio_s:.1} s, and more than 0 and at most {REQUEST_S_MAX} s can be given"
            );
            return Err(RecognizerError::Request { reason });
        }
        if request.samples.iter().any(|sample| !sample.is_finite()) {
            let reason = "a sample of it is no number".to_owned();
            return Err(RecognizerError::Request { reason });
        }
        if let Some(language) = request.language.as_deref().filter(|language| *language != "en") {
            let (model, language) = (self.facts.name.clone(), language.to_owned());
            return Err(RecognizerError::Language { model, language, multilingual: false });
        }
        let mut run = self.run(&request.samples, 0.0);
        if run.looped {
            run = self.run_in_parts(&request.samples, 0.0, CUTS).unwrap_or(run);
        }
        let end = request.speech.map_or(audio_s, |(_, end)| end).min(audio_s);
        self.hear_rest(&mut run, &request.samples, end);
        let avg_logprob = Some(run.logprob / run.steps.max(1) as f64);
        let (text, words) = assemble(&run.tokens, "en", audio_s, request.speech);
        Ok(Hypothesis {
            text,
            words,
            guessed_times: false,
            language: "en".into(),
            spoken: None,
            no_speech_prob: None,
            avg_logprob,
            audio_s,
        })
    }
}

impl Recognizer for MoonshineRecognizer {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let inner = &self.inner;
        self.pool.run(|| inner.recognize(request))
    }

    fn model(&self) -> &str {
        &self.inner.facts.name
    }
}

/// The token with the greatest score, and its log probability. Spoils the scores.
fn likeliest(scores: &mut [f32]) -> (usize, f64) {
    let most = elements::greatest(scores);
    let best = scores.iter().position(|score| *score >= most).unwrap_or(END);
    (best, -f64::from(elements::exps(scores)).ln())
}

/// A token's bytes with spaces as they are written.
fn with_spaces(token: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(token.len());
    let mut rest = token;
    while let Some((first, more)) = rest.split_first() {
        match rest.strip_prefix(SPACE) {
            Some(more) => {
                text.push(b' ');
                rest = more;
            }
            None => {
                text.push(*first);
                rest = more;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_token_has_its_share() {
        let mut scores = [0.0, 2.0_f32.ln(), 0.0];
        let (best, logprob) = likeliest(&mut scores);
        assert_eq!(best, 1);
        assert!((logprob.exp() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_sound_is_cut_in_a_pause_near_its_middle() {
        let mut samples: Vec<f32> = (0..80_000).map(|n| if n % 2 == 0 { 0.3 } else { -0.3 }).collect();
        // Nobody cuts near an edge.
        samples[..8_000].fill(0.0);
        samples[30_000..33_200].fill(0.001);
        let cut = quietest(&samples).unwrap();
        assert!((30_400..32_800).contains(&cut), "{cut}");
        assert_eq!((quietest(&samples[..CUT_MIN - 1]), quietest(&[])), (None, None));
        assert!(quietest(&samples[..CUT_MIN]).is_some_and(|cut| (9_600..22_400).contains(&cut)));
    }

    #[test]
    fn spaces_are_spaces() {
        assert_eq!(with_spaces("▁Good".as_bytes()), b" Good");
        assert_eq!(with_spaces("▁▁".as_bytes()), b"  ");
        assert_eq!(with_spaces(b"\xe2\x96"), b"\xe2\x96", "half a character");
    }
}
