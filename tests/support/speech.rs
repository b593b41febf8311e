//! A recording of speech that is the same wherever flite is installed: four sentences with pauses between.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use hansard::base::random::Random;

use super::sound;
use super::stage::meeting::speak;
use super::stage::pulse::RATE;

/// The first one is spoken from half a second to more than two seconds on.
const SENTENCES: [&str; 4] = [
    "Good morning everybody, let us begin with the garden.",
    "The old fence will be replaced before the winter comes.",
    "Who of you could bring a hammer and some nails?",
    "Then we shall meet on Saturday, at nine o'clock.",
];
/// Between two sentences: longer than what ends a segment.
const PAUSE_S: f64 = 0.9;
const LEAD_S: f64 = 0.5;

/// Nobody speaks as evenly as flite does: beside a track of constant level its voice would be taken for a
/// leak of that. So it gets louder and softer, by up to 18 dB in a tenth of a second.
struct Gains {
    random: Random,
    at: u32,
    from_db: f64,
    to_db: f64,
}

impl Default for Gains {
    fn default() -> Self {
        Self { random: Random::new(7), at: 0, from_db: 0.0, to_db: -9.0 }
    }
}

impl Gains {
    fn next_gain(&mut self) -> f32 {
        let length = RATE / 10;
        if self.at == length {
            (self.at, self.from_db) = (0, self.to_db);
            self.to_db = self.random.range(-18.0, 0.0);
        }
        let part = f64::from(self.at) / f64::from(length);
        self.at += 1;
        10f64.powf((self.from_db + part * (self.to_db - self.from_db)) / 20.0) as f32
    }
}

/// A recording of speech, in a folder that lives as long as it does.
pub struct Speech {
    _folder: tempfile::TempDir,
    pub file: PathBuf,
}

impl Speech {
    /// `None`, and a line that says so, where flite is absent; under `HANSARD_TEST_ALL` that is a failure.
    pub fn new(test: &str) -> Option<Self> {
        if Command::new("flite")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: flite is absent");
            println!("SKIPPED {test}: flite is absent; `./dev setup` installs what is needed");
            return None;
        }
        let silence = |seconds: f64| vec![0; (seconds * f64::from(RATE)) as usize];
        let mut samples = silence(LEAD_S);
        let mut gains = Gains::default();
        for sentence in SENTENCES {
            let spoken = speak("slt", sentence).unwrap();
            samples.extend(spoken.samples.iter().map(|sample| {
                let gain = gains.next_gain();
                (sample * gain * 32_767.0) as i32
            }));
            samples.extend(silence(PAUSE_S));
        }
        // No room is exactly silent, and no two places of a recording are alike.
        let mut noise = Random::new(9);
        samples.iter_mut().for_each(|sample: &mut i32| *sample += noise.range(-6.0, 6.0) as i32);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("speech.wav");
        sound::pcm(&file, RATE, 1, 16, &samples);
        Some(Self { _folder: folder, file })
    }

    /// The source that plays it.
    pub fn source(&self) -> String {
        format!("Jack=file:{}", self.file.display())
    }
}
