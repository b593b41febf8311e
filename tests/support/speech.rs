//! A recording of speech that is the same wherever flite is installed: four sentences with pauses between.

use std::path::PathBuf;
use std::process::{Command, Stdio};

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
        for sentence in SENTENCES {
            let spoken = speak("slt", sentence).unwrap();
            samples.extend(spoken.samples.iter().map(|sample| (sample * 32_767.0) as i32));
            samples.extend(silence(PAUSE_S));
        }
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
