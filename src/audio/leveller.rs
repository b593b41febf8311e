//! Quiet speech brought to the level that detectors of speech and recognisers know. Only what is analysed
//! passes here, never a recording.
//!
//! Causal: the gain of a frame of 10 ms follows from the frames before it, so it is the same in whatever
//! pieces the sound comes. Only a track that is quiet as a whole is raised: where a voice of usual level was
//! heard, what is quiet is far away, and nobody's words. Speech is told from steady noise by its levels,
//! which lie far apart: sound that keeps its level, be it noise or hum, is never raised. Whether what varies
//! is speech is the detector's business; it hears it at a level that it can judge.

use super::vad::Vad;

/// Samples of a frame, at 16 kHz.
const FRAME: usize = 160;
/// Frames whose levels count: 8 s, so that a pause for breath changes nothing.
const MEMORY: usize = 800;
/// Frames of sound before anything is known.
const KNOWN_AFTER: usize = 40;
/// Below this level (dBFS) there is no sound: a gap, a muted device. It says nothing about the speaker.
const NO_SOUND_DB: f32 = -115.0;
/// A frame above this may be of a voice that is loud enough …
const LOUD_DB: f32 = -42.0;
/// … and so many frames are: half a second, which no knock takes. Then all stays as it is to the bit …
const LOUD_FRAMES: f32 = 50.0;
/// … until it is long ago: of frames that count, this part is left a frame later; a third after 10 minutes.
const LOUD_KEPT: f32 = 1.0 - 1.0 / 60_000.0;
/// Where the louder frames of quiet speech are put.
const TARGET_DB: f32 = -26.0;
/// No gain beyond this: what is softer still drowns in the noise of any device.
const GAIN_MAX_DB: f32 = 40.0;
/// The louder frames of speech lie at least so far above the softer ones; those of steady noise within 2 dB.
const SPREAD_MIN_DB: f32 = 15.0;
/// No frame is raised beyond this: somebody loud may follow somebody quiet.
const CEILING_DB: f32 = -12.0;
/// The gain rises by no more than this from a frame to the next; it falls at once.
const RISE_DB: f32 = 1.0;
/// The softer frames, which are noise, are not raised beyond this.
const NOISE_MAX_DB: f32 = -50.0;
/// From this gain on sound counts as raised.
const RAISED_DB: f32 = 3.0;

/// A detector's second ear: it hears quiet sound raised.
pub struct QuietEar {
    leveller: Leveller,
    vad: Box<dyn Vad>,
    raised: Vec<f32>,
    /// Its detector remembers sound of before.
    remembers: bool,
}

impl QuietEar {
    /// One that has heard nothing.
    pub fn new(vad: Box<dyn Vad>) -> Self {
        Self { leveller: Leveller::new(), vad, raised: Vec::new(), remembers: false }
    }

    /// The probability that there is speech in the next window; `None` where there is nothing to raise.
    pub fn probability(&mut self, window: &[f32]) -> Option<f32> {
        let raising = self.leveller.is_raising();
        self.raised.clear();
        self.raised.extend_from_slice(window);
        self.leveller.level(&mut self.raised);
        if !raising {
            self.forget();
            return None;
        }
        self.remembers = true;
        Some(self.vad.probability(&self.raised))
    }

    /// What follows is sound of another time. What was learned of its level stays.
    pub fn forget(&mut self) {
        if std::mem::take(&mut self.remembers) {
            self.vad.reset();
        }
    }
}

/// The gain of one sound.
#[derive(Debug, Clone)]
struct Leveller {
    /// Levels of the last frames in whole dB below full scale, oldest at `next`.
    ring: Vec<u8>,
    next: usize,
    /// How many frames of the ring have each level.
    counts: [u16; 128],
    /// Frames that may be of a voice that is loud enough; those that are long ago count less.
    loud: f32,
    /// Of the frame that is being heard: sum of squares, samples.
    energy: f64,
    samples: usize,
    /// What the speech needs, and what the frame that is being heard gets.
    wanted_db: f32,
    gain_db: f32,
    factor: f32,
}

impl Leveller {
    /// One that has heard nothing.
    fn new() -> Self {
        Self {
            ring: Vec::with_capacity(MEMORY),
            next: 0,
            counts: [0; 128],
            loud: 0.0,
            energy: 0.0,
            samples: 0,
            wanted_db: 0.0,
            gain_db: 0.0,
            factor: 1.0,
        }
    }

    /// Levels the next sound (mono, 16 kHz, ±1.0), in order and without holes.
    fn level(&mut self, sound: &mut [f32]) {
        for sample in sound {
            self.energy += f64::from(*sample) * f64::from(*sample);
            if self.factor > 1.0 {
                *sample = (*sample * self.factor).clamp(-1.0, 1.0);
            }
            self.samples += 1;
            if self.samples == FRAME {
                self.frame();
            }
        }
    }

    /// Whether the sound that comes next is raised.
    fn is_raising(&self) -> bool {
        self.gain_db >= RAISED_DB
    }

    /// A frame is complete: what the next one gets.
    fn frame(&mut self) {
        let level = level_db(self.energy, FRAME);
        (self.energy, self.samples) = (0.0, 0);
        // A gap changes nothing: the same speaker goes on after it.
        if level.is_finite() && level > NO_SOUND_DB {
            self.loud = self.loud * LOUD_KEPT + if level >= LOUD_DB { 1.0 } else { 0.0 };
            self.remember(level);
            self.judge();
        }
        let most = (CEILING_DB - level).max(0.0);
        self.gain_db = self.wanted_db.min(self.gain_db + RISE_DB).min(most);
        self.factor = 10f32.powf(self.gain_db / 20.0);
    }

    fn remember(&mut self, level: f32) {
        let code = code(level);
        if self.ring.len() < MEMORY {
            self.ring.push(code);
        } else {
            let old = std::mem::replace(&mut self.ring[self.next], code);
            self.next = (self.next + 1) % MEMORY;
            self.counts[usize::from(old)] -= 1;
        }
        self.counts[usize::from(code)] += 1;
    }

    /// What the frames that are remembered say of the speech. Where nobody speaks they say nothing of it, and
    /// what was known stays.
    fn judge(&mut self) {
        if self.ring.len() < KNOWN_AFTER {
            return;
        }
        let (loud, soft) = (self.above(10), self.above(90));
        if self.loud >= LOUD_FRAMES {
            self.wanted_db = 0.0;
        } else if loud - soft >= SPREAD_MIN_DB {
            self.wanted_db = wanted(loud, soft);
        } else if loud + self.wanted_db > TARGET_DB + 6.0 {
            // Steady sound that came after quiet speech is not to stand where speech does.
            self.wanted_db = (TARGET_DB - loud).max(0.0);
        }
    }

    /// The level that this part of the frames, in percent, lies above.
    fn above(&self, percent: usize) -> f32 {
        above(&self.counts, percent)
    }
}

/// Levels a whole stretch of speech at once, by one gain for all of it.
pub fn level_whole(sound: &mut [f32]) {
    let mut counts = [0u16; 128];
    let mut most = f32::NEG_INFINITY;
    for frame in sound.chunks_exact(FRAME) {
        let level = level_db(frame.iter().map(|s| f64::from(*s) * f64::from(*s)).sum(), FRAME);
        if level.is_finite() && level > NO_SOUND_DB {
            let count = &mut counts[usize::from(code(level))];
            *count = count.saturating_add(1);
            most = most.max(level);
        }
    }
    let gain = wanted(above(&counts, 10), above(&counts, 90)).min((CEILING_DB - most).max(0.0));
    let factor = 10f32.powf(gain / 20.0);
    sound.iter_mut().for_each(|sample| *sample = (*sample * factor).clamp(-1.0, 1.0));
}

/// The gain for speech whose louder and softer frames have these levels.
fn wanted(loud: f32, soft: f32) -> f32 {
    (TARGET_DB - loud).min(NOISE_MAX_DB - soft).clamp(0.0, GAIN_MAX_DB)
}

/// dBFS of a frame.
fn level_db(energy: f64, samples: usize) -> f32 {
    (10.0 * (energy / samples as f64).max(1e-20).log10()) as f32
}

/// Whole dB below full scale.
fn code(level: f32) -> u8 {
    (-level).clamp(0.0, 127.0) as u8
}

/// The level that this part of the frames, in percent, lies above.
fn above(counts: &[u16; 128], percent: usize) -> f32 {
    let all: usize = counts.iter().map(|count| usize::from(*count)).sum();
    let mut left = all * percent / 100;
    for (code, count) in counts.iter().enumerate() {
        match left.checked_sub(usize::from(*count)) {
            Some(rest) => left = rest,
            None => return -(code as f32),
        }
    }
    -127.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// Seconds of white noise of that level.
    fn noise(seconds: f64, db: f64, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        let peak = 3f64.sqrt() * 10f64.powf(db / 20.0);
        (0..(seconds * 16_000.0) as usize).map(|_| random.range(-peak, peak) as f32).collect()
    }

    /// Syllables, four a second, whose peaks have that level, with a breath every two seconds, over noise.
    fn speech(seconds: f64, db: f64, noise_db: f64) -> Vec<f32> {
        let peak = 10f64.powf(db / 20.0) * 2f64.sqrt();
        let mut sound = noise(seconds, noise_db, 7);
        for (i, sample) in sound.iter_mut().enumerate() {
            let t = i as f64 / 16_000.0;
            let breath = if t % 2.0 < 1.6 { 1.0 } else { 0.0 };
            let syllable = (std::f64::consts::PI * 4.0 * t).sin().powi(2) * breath;
            *sample += (peak * syllable * (std::f64::consts::TAU * 180.0 * t).sin()) as f32;
        }
        sound
    }

    fn levelled(sound: &[f32]) -> Vec<f32> {
        let mut sound = sound.to_vec();
        Leveller::new().level(&mut sound);
        sound
    }

    /// dBFS.
    fn level(sound: &[f32]) -> f64 {
        let energy: f64 = sound.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
        10.0 * (energy / sound.len() as f64).log10()
    }

    #[test]
    fn quiet_speech_comes_to_the_level_of_speech() {
        for db in [-45.0, -55.0, -65.0] {
            let sound = levelled(&speech(10.0, db, db - 30.0));
            let after = level(&sound[32_000..]);
            assert!((-36.0..-26.0).contains(&after), "{db} dB became {after:.1} dB");
        }
    }

    #[test]
    fn speech_that_is_loud_enough_stays_as_it_is() {
        let sound = speech(10.0, -25.0, -60.0);
        assert_eq!(levelled(&sound), sound);
    }

    #[test]
    fn steady_noise_is_never_raised() {
        for (seed, db) in [(1, -60.0), (2, -45.0), (3, -75.0)] {
            let sound = noise(30.0, db, seed);
            assert_eq!(levelled(&sound), sound, "{db} dB");
        }
        let hum: Vec<f32> =
            (0..160_000).map(|i| (i as f32 * std::f32::consts::TAU / 320.0).sin() * 0.002).collect();
        assert_eq!(levelled(&hum), hum);
    }

    #[test]
    fn it_is_the_same_in_any_pieces_and_outlives_a_gap() {
        let mut sound = speech(6.0, -55.0, -85.0);
        sound.extend(vec![0.0; 160_000]);
        sound.extend(speech(2.0, -55.0, -85.0));
        let whole = levelled(&sound);
        for piece in [1, 159, 7_919] {
            let mut leveller = Leveller::new();
            let mut pieces = sound.clone();
            pieces.chunks_mut(piece).for_each(|piece| leveller.level(piece));
            assert_eq!(pieces, whole, "{piece}");
        }
        assert!(whole[96_000..256_000].iter().all(|sample| *sample == 0.0));
        assert!(level(&whole[256_000..]) > -38.0, "no time to learn it again");
    }

    #[test]
    fn a_loud_speaker_after_a_quiet_one_is_not_torn() {
        let mut sound = speech(6.0, -60.0, -90.0);
        sound.extend(speech(3.0, -10.0, -90.0));
        let after = levelled(&sound);
        assert!(after.iter().all(|sample| sample.abs() <= 1.0));
        let torn = after[96_000..].iter().filter(|sample| sample.abs() >= 1.0).count();
        assert!(torn < 800, "{torn} samples at full scale");
        assert_eq!(after[112_000..], sound[112_000..], "its own level once it is known");
    }
}
