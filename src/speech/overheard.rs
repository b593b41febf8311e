//! Whose voice is it? In a room every microphone hears everybody. Before a track's sound is cut into
//! segments, the moments are marked in which it merely overhears another track, so that segments hold one
//! person's words and are recognised once. Pure: levels in, marks out.
//!
//! # The evidence
//! What leaks from track B into track A is B's own envelope, lower by a constant: while only B speaks, the
//! difference `d = level A − level B` in dB is the same again and again. Without a leak A has its own noise
//! then, and `d` spreads as widely as B's syllables do. So `d` is counted over the last half minute of B's
//! speech; a leak is established when a sharp peak well below zero holds most of it. Then a moment is
//! overheard where A is no louder than the leak explains: somebody who speaks into A lifts it. No gain is
//! assumed, two persons at once are both kept, and what gets through before a leak is established is judged
//! afterwards ([`bleed`](super::bleed)), by its words and by the leak that is known then. When in doubt: not
//! overheard.

/// Windows before the first one to be marked that are looked at, too.
pub const CONTEXT: usize = 50;
/// A source speaks in windows above this level.
const ACTIVE_DB: f32 = -45.0;
/// So many windows of the source's speech must have been heard: 1.5 s.
const HEARD_MIN: f32 = 150.0;
/// What each further window leaves of the earlier counts: half is forgotten in 14 s of speech. People move
/// about.
const MEMORY: f32 = 0.9995;
/// Bleed lies at least this far below its source; what is closer to it is a voice of its own.
const BELOW_DB: i32 = -8;
/// A peak is this wide to either side …
const PEAK_DB: i32 = 2;
/// … and holds this part of everything below [`BELOW_DB`]. Syllables alone give a third; leaks gave 0.6 and
/// more.
const PEAK_MIN: f32 = 0.5;
/// Someone who speaks into this track lifts it by this much over the leak.
const LIFT_DB: f32 = 5.0;
/// How late a leak may be, in windows: sound in a room, clocks that are being measured, loudspeakers behind a
/// buffer.
const LAGS: [usize; 8] = [0, 1, 2, 3, 5, 8, 13, 20];
/// Windows that the echo in the room lasts after an overheard moment, unless it is as loud as the leak was.
const TAIL: usize = 20;
/// Level of nothing.
const FLOOR_DB: f32 = -100.0;
/// Differences are counted from −BINS/2 to +BINS/2 dB.
const BINS: usize = 120;

/// A leak that is established: how the other track's voice arrives on this one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leak {
    /// So many windows late.
    pub lag: usize,
    /// This much louder in dB, which is less than zero.
    pub level_db: f32,
}

impl Leak {
    /// How much of the energy of `own` lies where it overhears `other`, 0..=1. Both envelopes begin at the
    /// same moment.
    pub fn share(&self, own: &[f32], other: &[f32]) -> f32 {
        let (heard, source) = (levels(own), levels(other));
        let mut marks = vec![false; heard.len()];
        self.mark(&heard, &source, &mut marks);
        let (mut all, mut overheard) = (0.0, 0.0);
        for (rms, marked) in own.iter().zip(with_tails(&heard, &marks)) {
            all += rms * rms;
            overheard += if marked { rms * rms } else { 0.0 };
        }
        if all > 0.0 { overheard / all } else { 0.0 }
    }

    /// Marks the windows of `own` in which it is no louder than this explains; both in dB.
    fn mark(&self, own: &[f32], other: &[f32], marks: &mut [bool]) {
        for window in self.lag..own.len().min(other.len() + self.lag) {
            let source = other[window - self.lag];
            if source > ACTIVE_DB && own[window] - source <= self.level_db + LIFT_DB {
                marks[window] = true;
            }
        }
    }
}

/// What one track has learned of its leaks from the others.
#[derive(Debug, Clone)]
pub struct Overhearing {
    others: Vec<Learned>,
}

/// Counts of the level difference to one other track, by lag.
#[derive(Debug, Clone)]
struct Learned {
    counts: Vec<[f32; BINS]>,
    heard: f32,
}

impl Overhearing {
    /// Nothing is known of `others` other tracks.
    pub fn new(others: usize) -> Self {
        Self { others: vec![Learned { counts: vec![[0.0; BINS]; LAGS.len()], heard: 0.0 }; others] }
    }

    /// Marks the windows of `own` from `from` on in which it overhears one of `others` (always the same ones,
    /// in the same order). All envelopes (RMS, full scale = 1, windows of
    /// [`WINDOW_S`](crate::audio::level::WINDOW_S)) begin at the same moment, [`CONTEXT`] windows before
    /// `from`. A shorter or empty envelope of another track means that it is not known there.
    pub fn mark(&mut self, own: &[f32], others: &[Vec<f32>], from: usize) -> Vec<bool> {
        let own = levels(own);
        let mut marks = vec![false; own.len()];
        for (learned, other) in self.others.iter_mut().zip(others) {
            let other = levels(other);
            learned.learn(&own, &other, from);
            if let Some(leak) = learned.established() {
                leak.mark(&own, &other, &mut marks);
            }
        }
        let marks = with_tails(&own, &marks);
        marks[from.min(own.len())..].to_vec()
    }

    /// The leaks that are established, of each of the others.
    pub fn leaks(&self) -> Vec<Option<Leak>> {
        self.others.iter().map(Learned::established).collect()
    }
}

impl Learned {
    fn learn(&mut self, own: &[f32], other: &[f32], from: usize) {
        for window in from..own.len().min(other.len()) {
            for (lag, counts) in LAGS.into_iter().zip(&mut self.counts) {
                let Some(source) = window.checked_sub(lag).map(|at| other[at]).filter(|s| *s > ACTIVE_DB)
                else {
                    continue;
                };
                counts.iter_mut().for_each(|count| *count *= MEMORY);
                let difference = (own[window] - source).round() as i32 + BINS as i32 / 2;
                counts[difference.clamp(0, BINS as i32 - 1) as usize] += 1.0;
            }
            if other[window] > ACTIVE_DB {
                self.heard += 1.0;
            }
        }
    }

    /// The leak, once it is established.
    fn established(&self) -> Option<Leak> {
        if self.heard < HEARD_MIN {
            return None;
        }
        let below = (BINS as i32 / 2 + BELOW_DB) as usize;
        let mut best: Option<(f32, usize, f32)> = None;
        for (lag, counts) in LAGS.into_iter().zip(&self.counts) {
            // Bin 0 holds whatever is too far down to be told apart.
            let all: f32 = counts[1..=below].iter().sum();
            for peak in 1 + PEAK_DB as usize..=below - PEAK_DB as usize {
                let around = &counts[peak - PEAK_DB as usize..=peak + PEAK_DB as usize];
                let part = around.iter().sum::<f32>() / all.max(1.0);
                if all > HEARD_MIN / 2.0 && best.is_none_or(|(most, ..)| part > most) {
                    best = Some((part, lag, peak as f32 - BINS as f32 / 2.0));
                }
            }
        }
        best.filter(|(part, ..)| *part >= PEAK_MIN).map(|(_, lag, level_db)| Leak { lag, level_db })
    }
}

/// Decibels of an envelope, smoothed over three windows: two clocks never agree to the window.
fn levels(envelope: &[f32]) -> Vec<f32> {
    let power = |n: usize| envelope.get(n).map_or(0.0, |rms| rms * rms);
    (0..envelope.len())
        .map(|n| {
            let mean = (power(n.wrapping_sub(1)) + power(n) + power(n + 1)) / 3.0;
            if mean > 0.0 { (10.0 * mean.log10()).max(FLOOR_DB) } else { FLOOR_DB }
        })
        .collect()
}

/// Lets each overheard stretch ring out: what follows it and is weaker than it was is still the other voice.
fn with_tails(own: &[f32], marks: &[bool]) -> Vec<bool> {
    let mut out = marks.to_vec();
    let (mut left, mut level) = (0, FLOOR_DB);
    for (window, marked) in marks.iter().enumerate() {
        if *marked {
            level = if left > 0 { level.max(own[window]) } else { own[window] };
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
    use crate::base::random::Random;
    use proptest::prelude::*;

    /// A voice: syllables of random length and loudness with pauses, in windows; 0 where it is silent.
    fn voice(seed: u64, windows: usize, spoken: std::ops::Range<usize>) -> Vec<f32> {
        let mut seeded = Random::at(seed.wrapping_mul(2).wrapping_add(1));
        let mut random = move || (seeded.word() >> 8) as f32 / (1u64 << 24) as f32;
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

    /// As it is called: block after block of half a second.
    fn mark_all(own: &[f32], other: &[f32]) -> Vec<bool> {
        let mut overhearing = Overhearing::new(1);
        let mut marks = Vec::new();
        for from in (0..own.len()).step_by(50) {
            let (begin, to) = (from.saturating_sub(CONTEXT), (from + 50).min(own.len()));
            marks.extend(overhearing.mark(&own[begin..to], &[other[begin..to].to_vec()], from - begin));
        }
        marks
    }

    proptest! {
        #[test]
        fn a_leak_is_overheard_and_its_source_is_not(seed: u64) {
            let (a, b) = (voice(seed, 1500, 900..1400), voice(seed ^ 77, 1500, 100..850));
            let mic_a = mixed(&[(&a, 1.0), (&b, LEAK)], 0.001);
            let mic_b = mixed(&[(&b, 1.0), (&a, LEAK)], 0.001);
            let marks = mark_all(&mic_a, &mic_b);
            let leaked: Vec<usize> = (450..850).filter(|n| b[*n] > 0.02).collect();
            let hit = leaked.iter().filter(|n| marks[**n]).count();
            prop_assert!(hit as f64 > 0.9 * leaked.len() as f64, "{hit} of {} overheard windows", leaked.len());
            let own = (900..1400).filter(|n| a[*n] > 0.02 && marks[*n]).count();
            prop_assert!(own <= 2, "{own} windows of A's own voice were marked");
            let source = mark_all(&mic_b, &mic_a);
            let marked = (100..850).filter(|n| b[*n] > 0.02 && source[*n]).count();
            prop_assert!(marked <= 2, "{marked} windows of the source were marked");
        }

        #[test]
        fn two_who_speak_at_once_are_both_kept(seed: u64) {
            // The leak is established by half a turn of B alone; then A speaks, too.
            let (a, b) = (voice(seed, 1500, 700..1400), voice(seed ^ 5, 1500, 100..1400));
            let mic_a = mixed(&[(&a, 1.0), (&b, LEAK)], 0.001);
            let mic_b = mixed(&[(&b, 1.0), (&a, LEAK)], 0.001);
            let marks = mark_all(&mic_a, &mic_b);
            // Where A is loud enough to be heard over the leak at all.
            let own: Vec<usize> = (700..1400).filter(|n| a[*n] > 0.06).collect();
            let marked = own.iter().filter(|n| marks[**n]).count();
            prop_assert!(marked as f64 <= 0.1 * own.len() as f64, "{marked} of {} windows", own.len());
        }

        #[test]
        fn a_quiet_headset_without_any_leak_is_kept(seed: u64, gain in 0.05f32..0.3) {
            // 10 to 26 dB below the loopback, and speaking while it speaks: nothing of it may be lost.
            let (a, b) = (voice(seed, 2000, 100..1900), voice(seed ^ 9, 2000, 50..1950));
            let mic_a = mixed(&[(&a, gain)], 0.0003);
            let marks = mark_all(&mic_a, &b);
            let own: Vec<usize> = (100..1900).filter(|n| a[*n] > 0.03).collect();
            let marked = own.iter().filter(|n| marks[**n]).count();
            prop_assert!(marked as f64 <= 0.02 * own.len() as f64, "{marked} of {} windows", own.len());
        }
    }

    #[test]
    fn nothing_is_known_of_a_track_that_is_not_there() {
        let a = voice(3, 300, 0..300);
        assert!(Overhearing::new(1).mark(&a, &[Vec::new()], 100).iter().all(|m| !m));
        assert_eq!(Overhearing::new(0).mark(&a, &[], 100).len(), 200);
    }
}
