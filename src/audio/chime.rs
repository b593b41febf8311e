//! The sound that tells those who are there that they are recorded: two soft notes, the second one lower.
//! Pure.
//!
//! It has no word in it, so that nothing can be made of it but what it is.

use std::f64::consts::TAU;

/// How long it is, in seconds.
pub const SECONDS: f64 = 1.6;

/// When each note begins, in seconds, and its frequency in hertz: a falling fourth.
const NOTES: [(f64, f64); 2] = [(0.0, 783.99), (0.45, 587.33)];
/// Overtones: times the frequency, and how loud beside it.
const OVERTONES: [(f64, f64); 3] = [(1.0, 1.0), (2.0, 0.22), (3.0, 0.06)];
/// A note swells within so many seconds: no click.
const ATTACK_S: f64 = 0.015;
/// After so many seconds it has e⁻¹ of its loudness.
const DECAY_S: f64 = 0.28;
/// The end fades within so many seconds.
const RELEASE_S: f64 = 0.1;
/// Peak of a note alone: -15 dBFS, as loud as somebody who speaks.
const PEAK: f64 = 0.18;

/// The sample `seconds` after its beginning; silence before it and after its end.
pub fn sample(seconds: f64) -> f32 {
    if !(0.0..SECONDS).contains(&seconds) {
        return 0.0;
    }
    let overtones: f64 = OVERTONES.iter().map(|(_, part)| part).sum();
    let note = |(begin, hertz): &(f64, f64)| {
        let at = seconds - begin;
        if at < 0.0 {
            return 0.0;
        }
        let loud = (at / ATTACK_S).min(1.0) * (-at / DECAY_S).exp();
        let tone: f64 = OVERTONES.iter().map(|(times, part)| part * (TAU * hertz * times * at).sin()).sum();
        loud * tone / overtones
    };
    let fade = ((SECONDS - seconds) / RELEASE_S).min(1.0);
    (PEAK * fade * NOTES.iter().map(note).sum::<f64>()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_heard_without_a_click_and_never_too_loud() {
        let samples: Vec<f32> = (0..=76_800).map(|n| sample(f64::from(n) / 48_000.0)).collect();
        let peak = samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        assert!((0.08..0.25).contains(&peak), "{peak}");
        let step = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.04, "{step}");
        assert_eq!((samples[0], sample(-1.0), sample(SECONDS)), (0.0, 0.0, 0.0));
    }
}
