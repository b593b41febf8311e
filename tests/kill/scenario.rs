//! What is recorded, and when it is killed: all from one number.

use std::time::Duration;

use hansard::base::random::Random;

fn ms(random: &mut Random, most: u64) -> Duration {
    Duration::from_millis(random.below(most))
}

/// When the recorder is killed.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// So long after it was started, whatever it is doing.
    Early(Duration),
    /// So long after it said that it records.
    Recording(Duration),
    /// So long after that it is told to finish, and so long after that it is killed.
    Finishing(Duration, Duration),
}

#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub rate: u32,
    bits: u16,
    pub channels: u16,
    ppm: i64,
    block: u64,
}

#[derive(Debug)]
pub struct Scenario {
    pub sources: Vec<Source>,
    /// At full speed instead of like devices.
    pub max: bool,
    pub when: When,
    /// The first attempt to mend it is killed, too.
    pub kill_recover: Option<Duration>,
}

impl Scenario {
    pub fn new(seed: u64) -> Self {
        // Neighbours must not be alike: a multiple of the golden ratio of 2^64.
        let mut random = Random::at(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let max = random.below(6) == 0;
        let sources = (0..2 + random.below(3)).map(|n| Source {
            name: format!("s{n}"),
            rate: *random.pick(&[8_000, 16_000, 44_100, 48_000]),
            bits: *random.pick(&[16, 24, 32]),
            channels: *random.pick(&[1, 1, 2]),
            ppm: *random.pick(&[0, 80, -300]),
            // Longer callbacks would be a loss of the device's, not of ours.
            block: *random.pick(&[64, 128, 160]),
        });
        let sources = sources.collect();
        let when = match random.below(8) {
            0 => When::Early(ms(&mut random, 120)),
            1 | 2 => When::Finishing(ms(&mut random, 1_200), ms(&mut random, 250)),
            _ if max => When::Recording(ms(&mut random, 500)),
            _ => When::Recording(ms(&mut random, 2_500)),
        };
        let kill_recover = Some(ms(&mut random, 40)).filter(|_| random.below(3) == 0);
        Self { sources, max, when, kill_recover }
    }

    pub fn source(&self, track: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == track)
    }

    pub fn is_early(&self) -> bool {
        matches!(self.when, When::Early(_))
    }

    pub fn args(&self) -> Vec<String> {
        let pace = if self.max { "--pace=max" } else { "--pace=real" };
        let mut args = vec!["record".to_owned(), "--no-transcribe".into(), pace.into()];
        for Source { name, rate, bits, channels, ppm, block } in &self.sources {
            args.push(format!(
                "--source={name}=synth:coded,secs=0,rate={rate},bits={bits},channels={channels},ppm={ppm},block={block}"
            ));
        }
        args
    }
}

impl Source {
    /// Frames a second that the device really delivers.
    pub fn true_rate(&self) -> f64 {
        f64::from(self.rate) * (1.0 + self.ppm as f64 * 1e-6)
    }
}
