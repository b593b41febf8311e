//! What holds for Whisper whoever computes it: how much it hears, how much it writes, and what is heard
//! again.

use std::path::Path;

use crate::models::ModelError;
use crate::recognisers::recognizer::RecognizerError;
use crate::recognisers::words::Token;

/// Samples a second.
pub(super) const RATE: f64 = 16_000.0;
/// Whisper hears at least so much; shorter sound is followed by silence.
const AUDIO_S_MIN: f64 = 1.1;
/// Frames of 20 ms that the encoder computes for `s` seconds: 50·s and this much more, at least
/// [`AUDIO_CTX_MIN`]. Measured on 86 segments of meetings: with 128 more or less the decoder loops (115
/// insertions), with 256 the word error rate is that of all 1500 frames at less than half the time.
const AUDIO_CTX_MORE: usize = 256;
/// See [`AUDIO_CTX_MORE`].
const AUDIO_CTX_MIN: usize = 512;
/// The encoder's full window, 30 s.
const AUDIO_CTX_FULL: usize = 1500;
/// Frames of the encoder come in multiples of this: ggml multiplies matrices by blocks of 16 columns, and
/// column by column where their number is not a multiple of it, as 1500 is not: that takes a fifth longer.
const AUDIO_CTX_STEP: usize = 16;
/// A loop is ended by a bound on tokens: nobody speaks more than 10 English tokens a second …
const TOKENS_PER_S_ENGLISH: f64 = 10.0;
/// … while scripts with several tokens to a character need more.
const TOKENS_PER_S: f64 = 30.0;
/// Half of the text context; the other half is the prompt's. At 220 whisper.cpp's own bound would come first,
/// and leave the length of the sound at a timestamp of the loop; the warping aborts on less than 0.2 s.
const TOKENS_MAX: f64 = 218.0;
/// Where the decoder ends so long before the speech does, in seconds, what follows is heard on its own.
const REST_S_MIN: f64 = 2.0;
/// Pieces of one request that are heard on their own.
const RUNS_MAX: usize = 4;

/// What a run of the model over some sound found.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Times from the start of the request.
    pub tokens: Vec<Token>,
    /// Sum of the tokens' log probabilities.
    pub logprob: f64,
    /// Where the decoder says that the text ends, in seconds of the request; `None` if it said no more after
    /// the last word.
    pub until: Option<f64>,
}

/// Nothing is louder: full scale is 1, and what lies over it is far below this.
const SAMPLE_MAX: f32 = 16.0;

/// A copy of the sound, with silence behind it where it is short. whisper.cpp dies of samples that are no
/// numbers, or whose squares are none.
pub(super) fn padded(samples: &[f32]) -> Vec<f32> {
    let sane = |sample: &f32| if sample.is_finite() { sample.clamp(-SAMPLE_MAX, SAMPLE_MAX) } else { 0.0 };
    let mut padded: Vec<f32> = samples.iter().map(sane).collect();
    padded.resize(padded.len().max((AUDIO_S_MIN * RATE) as usize), 0.0);
    padded
}

/// Frames that the encoder computes for so much sound.
pub(super) fn audio_frames(seconds: f64) -> usize {
    let heard = (seconds * 50.0).ceil() as usize;
    let wanted = (heard + AUDIO_CTX_MORE).max(AUDIO_CTX_MIN);
    let most = AUDIO_CTX_FULL / AUDIO_CTX_STEP * AUDIO_CTX_STEP;
    if heard > most { AUDIO_CTX_FULL } else { wanted.next_multiple_of(AUDIO_CTX_STEP).min(most) }
}

/// Tokens at most that are written for so much sound.
pub(super) fn tokens_max(language: &str, seconds: f64) -> usize {
    let rate = if language == "en" { TOKENS_PER_S_ENGLISH } else { TOKENS_PER_S };
    (rate * seconds + 16.0).min(TOKENS_MAX) as usize
}

/// Hears what lies behind the place where the decoder ended too early, up to `end` seconds. `hear` takes the
/// rest of the sound, and where it begins.
pub(super) fn hear_rest(
    run: &mut Run,
    samples: &[f32],
    end: f64,
    mut hear: impl FnMut(&[f32], f64) -> Result<Run, RecognizerError>,
) -> Result<(), RecognizerError> {
    for _ in 1..RUNS_MAX {
        let Some(until) = run.until.filter(|until| *until > 0.0 && end - until > REST_S_MIN) else {
            break;
        };
        let Some(rest) = samples.get((until * RATE) as usize..) else { break };
        let more = hear(rest, until)?;
        if more.tokens.is_empty() {
            break;
        }
        run.tokens.extend(more.tokens);
        run.logprob += more.logprob;
        run.until = more.until.filter(|next| *next > until);
    }
    Ok(())
}

/// Why a model's file can't be used.
pub(super) fn unusable(path: &Path, error: ModelError) -> RecognizerError {
    let reason = match error {
        ModelError::NotWhole { why, .. } | ModelError::NotAModel { why, .. } => why,
        ModelError::Io { reason, .. } => reason.to_string(),
        other => other.to_string(),
    };
    RecognizerError::ModelUnusable { model: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_hears_enough_and_never_too_much() {
        assert_eq!([1.1, 5.0, 11.0, 28.0, 30.0].map(audio_frames), [512, 512, 816, 1488, 1500]);
        assert_eq!([1.1, 28.0].map(|s| tokens_max("en", s)), [27, 218]);
    }

    #[test]
    fn what_was_left_out_is_heard_again_and_nothing_twice() {
        let run = |until: Option<f64>, tokens: usize| Run {
            tokens: vec![Token { bytes: Vec::new(), start: 0.0, end: 0.0, p: 1.0 }; tokens],
            logprob: -1.0,
            until,
        };
        let samples = vec![0.0; 20 * 16_000];
        let heard = |first: Option<f64>, answers: &[(Option<f64>, usize)]| {
            let mut whole = run(first, 1);
            let (mut froms, mut answers) = (Vec::new(), answers.iter());
            let hear = |_: &[f32], from: f64| {
                froms.push(from);
                Ok(answers.next().map_or_else(Run::default, |(until, tokens)| run(*until, *tokens)))
            };
            hear_rest(&mut whole, &samples, 20.0, hear).unwrap();
            (froms, whole.tokens.len())
        };
        assert_eq!(heard(None, &[]), (vec![], 1), "it wrote to the end");
        assert_eq!(heard(Some(18.5), &[]), (vec![], 1), "too little is left");
        assert_eq!(heard(Some(8.0), &[(Some(15.0), 2), (None, 3)]), (vec![8.0, 15.0], 6));
        assert_eq!(heard(Some(8.0), &[(Some(7.0), 2)]), (vec![8.0], 3), "it went back");
        assert_eq!(heard(Some(8.0), &[(Some(9.0), 0)]), (vec![8.0], 1), "it wrote nothing");
        let each = [(Some(9.0), 1), (Some(10.0), 1), (Some(11.0), 1), (Some(12.0), 1)];
        assert_eq!(heard(Some(8.0), &each).0.len(), RUNS_MAX - 1);
    }
}
