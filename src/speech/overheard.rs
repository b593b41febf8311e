//! Whose voice is it? In a room every microphone hears everybody. Before a track's sound is cut into segments, the moments are
//! marked in which it merely overhears another track, so that segments hold one person's words and are recognised once.
//! Pure: levels in, marks out.
//!
//! # The evidence
//! What leaks from track B into track A is B's own envelope, lower by a constant: the difference `d = level A − level B` in dB hardly
//! changes while B speaks. Two people who speak at once have envelopes of their own, and `d` jumps about. So a moment is overheard
//! where over the last second `d` was well below zero **and steady** (small median absolute deviation), and is not higher now
//! than that: whoever speaks into A lifts it. No gain is assumed, two persons at once are both kept, and what this leaves
//! in is judged by its words afterwards ([`bleed`](super::bleed)). When in doubt: not overheard.

/// Seconds of a window of the envelopes.
pub const WINDOW_S: f64 = 0.010;
/// Windows before the first one to be marked that are looked at, too.
pub const CONTEXT: usize = 100;
/// Windows after a moment that count for it, as far as they are known.
const AHEAD: usize = 20;
/// Marks are decided for so many windows at once.
const HOP: usize = 10;
/// The other track is speaking in windows within this of its loudest one nearby.
const ACTIVE_DB: f32 = 25.0;
/// … and above this level, whatever is nearby.
const ACTIVE_MIN_DB: f32 = -55.0;
/// So many windows of speech are needed to say that `d` is steady.
const ACTIVE_MIN: usize = 30;
/// Bleed lies at least this far below its source; two people at their own microphones differ by less, or not steadily.
const BELOW_DB: f32 = 8.0;
/// How steady `d` has to be: its median absolute deviation. Rooms measured 1 to 2.5 dB, independent voices 5 and more.
const STEADY_DB: f32 = 3.0;
/// Someone who speaks into this track lifts it by this much over the leak.
const LIFT_DB: f32 = 6.0;
/// How late a leak may be, in windows: sound in a room, and loudspeakers behind a buffer.
const LAGS: [usize; 8] = [0, 1, 2, 3, 5, 8, 13, 20];
/// After an overheard moment its echo in the room lasts so many windows, unless it is as loud as the leak was.
const TAIL: usize = 20;
/// Level of nothing.
const FLOOR_DB: f32 = -100.0;

/// Marks the windows of `own` from `from` on in which it overhears one of `others`. All envelopes (RMS, full scale = 1, windows of
/// [`WINDOW_S`]) begin at the same moment, [`CONTEXT`] windows before `from` where there is that much. A shorter or empty
/// envelope of another track means that it is not known there.
pub fn mark(own: &[f32], others: &[Vec<f32>], from: usize) -> Vec<bool> {
    let own: Vec<f32> = own.iter().map(|rms| decibels(*rms)).collect();
    let mut marks = vec![false; own.len()];
    for other in others.iter().filter(|other| !other.is_empty()) {
        let other: Vec<f32> = other.iter().map(|rms| decibels(*rms)).collect();
        mark_leak(&own, &other, &mut marks);
    }
    let marks = with_tails(&own, &marks);
    marks[from.min(own.len())..].to_vec()
}

fn decibels(rms: f32) -> f32 {
    if rms > 0.0 { (20.0 * rms.log10()).max(FLOOR_DB) } else { FLOOR_DB }
}

/// Marks where `own` holds the leak of `other`.
fn mark_leak(own: &[f32], other: &[f32], marks: &mut [bool]) {
    let length = own.len().min(other.len());
    for hop in (0..length).step_by(HOP) {
        let until = (hop + HOP).min(length);
        let near = hop.saturating_sub(CONTEXT - AHEAD)..(until + AHEAD).min(length);
        let Some((lag, leak)) = steady_leak(own, other, near) else { continue };
        for window in hop..until {
            // The leak comes `lag` windows after what it is the leak of.
            let source = other[window.saturating_sub(lag)];
            if source > ACTIVE_MIN_DB && own[window] - source <= leak + LIFT_DB {
                marks[window] = true;
            }
        }
    }
}

/// The lag (windows) and level difference (dB) of a steady leak of `other` into `own`, if there is one.
fn steady_leak(own: &[f32], other: &[f32], near: std::ops::Range<usize>) -> Option<(usize, f32)> {
    let loudest = other[near.clone()].iter().copied().fold(FLOOR_DB, f32::max);
    let active = (loudest - ACTIVE_DB).max(ACTIVE_MIN_DB);
    let mut best: Option<(f32, usize, f32)> = None;
    for lag in LAGS {
        let mut differences: Vec<f32> = near
            .clone()
            .filter(|window| other[*window] >= active && window + lag < own.len())
            .map(|window| own[window + lag] - other[window])
            .collect();
        if differences.len() < ACTIVE_MIN {
            continue;
        }
        let middle = median(&mut differences);
        let mut deviations: Vec<f32> = differences.iter().map(|d| (d - middle).abs()).collect();
        let deviation = median(&mut deviations);
        if best.is_none_or(|(least, ..)| deviation < least) {
            best = Some((deviation, lag, middle));
        }
    }
    best.filter(|(deviation, _, middle)| *deviation <= STEADY_DB && *middle <= -BELOW_DB)
        .map(|(_, lag, middle)| (lag, middle))
}

fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Lets each overheard stretch ring out: what follows it and is weaker than it was is still the other voice.
fn with_tails(own: &[f32], marks: &[bool]) -> Vec<bool> {
    let mut out = marks.to_vec();
    let (mut left, mut level) = (0, FLOOR_DB);
    for (window, marked) in marks.iter().enumerate() {
        if *marked {
            // The leak's level, smoothed: single windows between syllables are weak.
            level = if left == TAIL { level.max(own[window]) } else { own[window] };
            left = TAIL;
        } else if left > 0 {
            left -= 1;
            out[window] = own[window] <= level;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A voice: syllables of random length and loudness with pauses, in windows; 0 where it is silent.
    fn voice(seed: u64, windows: usize, spoken: std::ops::Range<usize>) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let mut level = vec![0.0; windows];
        let mut at = spoken.start;
        while at < spoken.end {
            let (length, loud) = (8 + (random() * 18.0) as usize, 0.02 + 0.15 * random());
            for (n, slot) in level[at..(at + length).min(spoken.end)].iter_mut().enumerate() {
                let shape = (std::f32::consts::PI * (n as f32 + 0.5) / length as f32).sin();
                *slot = loud * shape;
            }
            at += length + (random() * 12.0) as usize;
        }
        level
    }

    fn mixed(parts: &[(&[f32], f32)], noise: f32) -> Vec<f32> {
        let power = |n: usize| parts.iter().map(|(v, gain)| (v[n] * gain).powi(2)).sum::<f32>();
        (0..parts[0].0.len()).map(|n| (power(n) + noise * noise).sqrt()).collect()
    }

    const LEAK: f32 = 0.178; // −15 dB

    proptest! {
        #[test]
        fn a_leak_is_overheard_and_its_source_is_not(seed: u64) {
            let (a, b) = (voice(seed, 1000, 500..900), voice(seed ^ 77, 1000, 100..450));
            let mic_a = mixed(&[(&a, 1.0), (&b, LEAK)], 0.001);
            let mic_b = mixed(&[(&b, 1.0), (&a, LEAK)], 0.001);
            let marks = mark(&mic_a, std::slice::from_ref(&mic_b), 0);
            let loud = |v: &[f32], n: usize| v[n] > 0.02;
            let leaked: Vec<usize> = (160..450).filter(|n| loud(&b, *n)).collect();
            let hit = leaked.iter().filter(|n| marks[**n]).count();
            prop_assert!(hit as f64 > 0.9 * leaked.len() as f64, "{hit} of {} overheard windows", leaked.len());
            let own = (500..900).filter(|n| loud(&a, *n) && marks[*n]).count();
            prop_assert!(own <= 2, "{own} windows of A's own voice were marked");
        }

        #[test]
        fn two_who_speak_at_once_are_both_kept(seed: u64) {
            let (a, b) = (voice(seed, 800, 100..700), voice(seed ^ 5, 800, 100..700));
            let mic_a = mixed(&[(&a, 1.0), (&b, LEAK)], 0.001);
            let mic_b = mixed(&[(&b, 1.0), (&a, LEAK)], 0.001);
            let marks = mark(&mic_a, &[mic_b], 0);
            // Where A is loud enough to be heard over the leak at all.
            let own: Vec<usize> = (100..700).filter(|n| a[*n] > 0.03).collect();
            let marked = own.iter().filter(|n| marks[**n]).count();
            prop_assert!(marked as f64 <= 0.1 * own.len() as f64, "{marked} of {} windows", own.len());
        }

        #[test]
        fn a_quiet_headset_without_any_leak_is_kept(seed: u64, gain in 0.05f32..0.3) {
            // 10 to 26 dB below the loopback, and speaking while it speaks: nothing of it may be lost.
            let (a, b) = (voice(seed, 900, 100..800), voice(seed ^ 9, 900, 50..850));
            let mic_a = mixed(&[(&a, gain)], 0.0003);
            let marks = mark(&mic_a, &[b.clone()], 0);
            let own: Vec<usize> = (100..800).filter(|n| a[*n] > 0.03).collect();
            let marked = own.iter().filter(|n| marks[**n]).count();
            prop_assert!(marked as f64 <= 0.15 * own.len() as f64, "{marked} of {} windows", own.len());
        }
    }

    #[test]
    fn nothing_is_known_of_a_track_that_is_not_there() {
        let a = voice(3, 300, 0..300);
        assert!(mark(&a, &[Vec::new()], 100).iter().all(|m| !m));
        assert_eq!(mark(&a, &[], 100).len(), 200);
    }
}
