//! From what the decoder takes for likely to the tokens that are written: the likeliest one that may stand
//! there, or, where that went round in a loop, one by chance. Whisper's rules are OpenAI's, in the form that
//! whisper.cpp gave them.

use super::network::{Desk, Heard, Network};
use super::tokens::Tokens;
use crate::base::random::Random;
use crate::recognisers::loops::is_loop;
use crate::recognisers::nn::elements;

/// The first time that a text may begin with, in steps of 20 ms: 1 s.
const FIRST_TIME_MAX: u32 = 50;
/// Where a time stands so close before the sound's end, in steps of 10 ms, nothing follows.
const TAIL: u32 = 10;

/// A token that was written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub id: u32,
    /// Probability, 0..1, and its logarithm.
    pub p: f64,
    pub logprob: f64,
}

/// What was written, and to what the decoder listened for it.
#[derive(Debug, Default)]
pub struct Text {
    /// All tokens, the times and the end too.
    pub tokens: Vec<Written>,
    /// For each of them: the weights of the heads that were asked for, one after another.
    pub attention: Vec<Vec<f32>>,
    /// It was ended because it went round in a loop.
    pub looped: bool,
}

/// Tokens are taken by chance, each as often as it is likely.
#[derive(Debug)]
pub struct Chance {
    /// Above 0; 1: as likely as the model holds them, less: the likeliest ones more often.
    pub temperature: f32,
    pub random: Random,
}

/// What to write.
pub struct Wanted<'a> {
    /// What the text begins after; all but what was decoded already.
    pub opening: &'a [u32],
    /// Tokens at most.
    pub most: usize,
    /// The sound's length in steps of 10 ms.
    pub length: u32,
    /// Layers and heads whose attention is kept.
    pub heads: &'a [(usize, usize)],
    /// Frames of attention that are kept.
    pub frames: usize,
}

/// Writes a text; without a `chance` the likeliest one. `logits` are those after what was decoded already,
/// for an opening that is empty.
pub fn write(
    network: &Network,
    tokens: &Tokens,
    heard: &mut Heard,
    wanted: &Wanted<'_>,
    mut chance: Option<Chance>,
    logits: &mut Vec<f32>,
    desk: &mut Desk,
) -> Text {
    let mut text = Text::default();
    let mut words = Vec::new();
    let mut listened = vec![0.0; wanted.heads.len() * wanted.frames];
    let mut next: Vec<u32> = wanted.opening.to_vec();
    let mut time = None;
    for i in 0..=wanted.most {
        if !next.is_empty() {
            network.decode(heard, &next, logits, desk, |layer, head, weights| {
                if let Some(at) = wanted.heads.iter().position(|wanted| *wanted == (layer, head)) {
                    let out = &mut listened[at * wanted.frames..][..wanted.frames];
                    let count = weights.len().min(wanted.frames);
                    out[..count].copy_from_slice(&weights[..count]);
                }
            });
        }
        let written = next_token(tokens, logits, &text.tokens, time, chance.as_mut());
        text.tokens.push(written);
        text.attention.push(listened.clone());
        if written.id < tokens.end {
            words.push(written.id);
            text.looped = is_loop(&words);
            if text.looped {
                break;
            }
        }
        if written.id > tokens.zero {
            let new = 2 * (written.id - tokens.zero);
            // Back in time: it lost its way.
            if time.is_some_and(|time| time > new) {
                break;
            }
            time = Some(new);
        }
        if written.id == tokens.end
            || i >= wanted.most
            || time.is_some_and(|time| time + TAIL >= wanted.length)
        {
            break;
        }
        next = vec![written.id];
    }
    text
}

/// A token that may stand after `before`, the likeliest one without a `chance`; `time` is the last time that
/// was written, in steps of 10 ms.
fn next_token(
    tokens: &Tokens,
    logits: &mut [f32],
    before: &[Written],
    time: Option<u32>,
    chance: Option<&mut Chance>,
) -> Written {
    forbid(tokens, logits, before, time);
    let zero = tokens.zero as usize;
    let most = elements::greatest(logits);
    let sum = |logits: &[f32]| logits.iter().map(|x| elements::exp(x - most)).sum::<f32>();
    let (of_text, of_times) = (sum(&logits[..zero]), sum(&logits[zero..]));
    let all = of_text + of_times;
    // Together the times may be likelier than any word, though none of them is.
    let times = of_times > elements::exp(elements::greatest(&logits[..zero]) - most);
    let id = pick(&logits[if times { zero } else { 0 }..], chance) + if times { zero } else { 0 };
    let logprob = f64::from(logits[id] - most) - f64::from(all).ln();
    Written { id: id as u32, p: logprob.exp(), logprob }
}

/// The place of the greatest number, or, by chance, of another.
fn pick(logits: &[f32], mut chance: Option<&mut Chance>) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, logit) in logits.iter().enumerate() {
        let weight = match &mut chance {
            None => *logit,
            Some(_) if *logit == f32::NEG_INFINITY => continue,
            // Noise of Gumbel's kind: the greatest sum is each one's as often as the softmax says.
            Some(Chance { temperature, random }) => *logit / *temperature - (-random.unit().ln()).ln() as f32,
        };
        if weight > best.1 {
            best = (i, weight);
        }
    }
    best.0
}

/// Takes away what may not stand after `before`.
fn forbid(tokens: &Tokens, logits: &mut [f32], before: &[Written], time: Option<u32>) {
    let never = f32::NEG_INFINITY;
    for id in tokens.never() {
        logits[*id as usize] = never;
    }
    let zero = tokens.zero as usize;
    if before.is_empty() {
        for id in tokens.never_first() {
            logits[id as usize] = never;
        }
        logits[(tokens.zero + FIRST_TIME_MAX + 1) as usize..].fill(never);
    }
    // Times come in pairs: where something ends, and where the next begins.
    let timed = |back: usize| before.len() < back || before[before.len() - back].id >= tokens.zero;
    if !before.is_empty() && timed(1) {
        if timed(2) {
            logits[zero..].fill(never);
        } else {
            logits[..tokens.end as usize].fill(never);
        }
    }
    if let Some(time) = time {
        logits[zero..zero + (time / 2) as usize].fill(never);
    }
}

/// What a model holds of the sound: how likely it is that nobody spoke, and how likely each language is
/// among all. From the logits after the start of a transcript.
pub fn opinion(tokens: &Tokens, logits: &[f32]) -> (f64, Option<(String, f32)>) {
    let most = elements::greatest(logits);
    let weight = |id: u32| f64::from(logits[id as usize] - most).exp();
    let sum: f64 = logits.iter().map(|logit| f64::from(elements::exp(logit - most))).sum();
    let nobody = if sum > 0.0 { weight(tokens.nobody) / sum } else { 0.0 };
    let languages: Vec<(&str, f64)> = tokens.languages().map(|(code, id)| (code, weight(id))).collect();
    let all: f64 = languages.iter().map(|(_, weight)| weight).sum();
    let likeliest = languages.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| all > 0.0);
    (nobody, likeliest.map(|(code, weight)| (code.to_owned(), (weight / all) as f32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: usize = 51_865;

    fn tokens() -> Tokens {
        let mut list: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        list.push(b"--".to_vec());
        Tokens::new(list, WORDS as u32)
    }

    fn next(likely: &[(u32, f32)], before: &[u32], time: Option<u32>) -> u32 {
        let mut logits = vec![-20.0; WORDS];
        for (id, logit) in likely {
            logits[*id as usize] = *logit;
        }
        let before: Vec<Written> =
            before.iter().map(|id| Written { id: *id, p: 1.0, logprob: 0.0 }).collect();
        next_token(&tokens(), &mut logits, &before, time, None).id
    }

    #[test]
    fn the_rules_hold_whatever_is_likely() {
        let t = tokens();
        let zero = t.zero;
        assert_eq!(next(&[(65, 5.0), (66, 4.0)], &[zero], None), 65);
        assert_eq!(next(&[(t.end, 9.0), (65, 4.0)], &[], None), 65, "no empty text");
        assert_eq!(next(&[(32, 9.0), (65, 4.0)], &[], None), 65, "no space alone at first");
        assert_eq!(next(&[(256, 9.0), (t.nobody, 9.0), (t.start, 9.0), (65, 4.0)], &[zero], None), 65);
        assert_eq!(next(&[(zero + 51, 9.0), (zero + 50, 4.0)], &[], None), zero + 50, "within a second");
        assert_eq!(next(&[(zero + 20, 9.0), (65, 4.0)], &[zero], None), 65, "a text between two times");
        let pair = [zero, 65, zero + 30];
        assert_eq!(next(&[(65, 9.0), (zero + 30, 4.0)], &pair, Some(60)), zero + 30, "a time after a time");
        assert_eq!(next(&[(65, 9.0), (t.end, 4.0)], &pair, Some(60)), t.end, "or the end");
        assert_eq!(
            next(&[(zero + 29, 9.0), (zero + 30, 4.0)], &pair[..2], Some(60)),
            zero + 30,
            "never back"
        );
        let times: Vec<(u32, f32)> = (zero + 1..zero + 11).map(|id| (id, 4.0)).chain([(65, 5.0)]).collect();
        assert_eq!(next(&times, &[zero, 65], None), zero + 1, "ten times together are likelier than a word");
    }

    #[test]
    fn chance_takes_what_is_likely_and_nothing_that_may_not_stand() {
        let logits = [f32::NEG_INFINITY, 3.0_f32.ln(), 1.0_f32.ln(), f32::NEG_INFINITY];
        let of = |temperature: f32| {
            let mut chance = Chance { temperature, random: Random::new(5) };
            let mut counts = [0; 4];
            (0..4_000).for_each(|_| counts[pick(&logits, Some(&mut chance))] += 1);
            counts
        };
        let [never, often, seldom, last] = of(1.0);
        assert_eq!((never, last), (0, 0));
        assert!((2_900..3_100).contains(&often) && often + seldom == 4_000, "3 to 1: {often} to {seldom}");
        assert!(of(0.2)[1] > 3_900, "the colder, the likelier");
        assert_eq!(pick(&logits, None), 1);
    }

    #[test]
    fn an_opinion_is_a_share() {
        let t = tokens();
        let mut logits = vec![f32::NEG_INFINITY; WORDS];
        logits[t.nobody as usize] = 1.0;
        let (german, french) = (t.language("de").unwrap(), t.language("fr").unwrap());
        logits[german as usize] = 1.0;
        logits[french as usize] = 0.0;
        let (nobody, language) = opinion(&t, &logits);
        let e = std::f64::consts::E;
        assert!((nobody - e / (2.0 * e + 1.0)).abs() < 1e-5);
        let (code, p) = language.unwrap();
        assert_eq!(code, "de");
        assert!((f64::from(p) - e / (e + 1.0)).abs() < 1e-5);
    }
}
