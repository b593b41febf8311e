//! The scripted meeting: its script, the voices, what each device hears, and the truth about who spoke when.
//!
//! The voices come from flite. Silence at the edges of each breath is measured and not counted as speech, so
//! the truth holds to about 10 ms.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};
use serde::Deserialize;

use super::pulse::RATE;

/// A frame of this length is speech if it comes within [`SPEECH_DB`] of the loudest one of the same breath.
const FRAME_SECONDS: f64 = 0.01;
/// Far enough down for a soft consonant, far enough up for the breath before it.
const SPEECH_DB: f64 = -35.0;
/// Sound kept on either side of the speech, so that no consonant is cut off.
const MARGIN_SECONDS: f64 = 0.06;

/// The script, as `examples/demo/meeting.toml` holds it; that file explains the fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    pub title: String,
    pub seed: u64,
    pub voice_dbfs: f64,
    pub tone_dbfs: f64,
    pub bleed_db: f64,
    pub bleed_delay_ms: f64,
    pub lead_in: f64,
    pub lead_out: f64,
    #[serde(rename = "person")]
    pub people: Vec<Person>,
    #[serde(rename = "turn")]
    pub turns: Vec<Turn>,
}

/// Somebody in the meeting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub voice: String,
    pub heard: Heard,
    pub device: String,
}

/// Through what a person is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Heard {
    /// A microphone of their own, which also hears the room.
    Microphone,
    /// The computer plays them.
    Speaker,
}

/// One person speaking.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    pub who: String,
    pub gap: f64,
    pub say: Vec<String>,
    #[serde(default)]
    pub pause: f64,
    /// What is marked once it is said.
    #[serde(default)]
    pub mark: Option<String>,
}

/// One breath of one person: the truth. Seconds count from the first frame of the feeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    pub who: String,
    pub text: String,
    pub start: f64,
    pub end: f64,
}

/// What one device hears, mono at [`RATE`].
#[derive(Debug, Clone)]
pub struct Feed {
    pub person: Person,
    pub samples: Vec<i16>,
}

impl Feed {
    /// The sink that the feed is to be played into.
    pub fn sink(&self) -> String {
        match self.person.heard {
            Heard::Microphone => format!("{}_in", self.person.device),
            Heard::Speaker => self.person.device.clone(),
        }
    }

    /// The value of `hansard record --source` that records it.
    pub fn source(&self) -> String {
        let Person { name, device, heard, .. } = &self.person;
        match heard {
            Heard::Microphone => format!("{name}=mic:pulseaudio:{device}"),
            Heard::Speaker => format!("{name}=loopback:pulseaudio:{device}.monitor"),
        }
    }

    /// The name of the PulseAudio source that carries it.
    pub fn pulse_source(&self) -> String {
        match self.person.heard {
            Heard::Microphone => self.person.device.clone(),
            Heard::Speaker => format!("{}.monitor", self.person.device),
        }
    }

    /// Writes it as a WAV file into `dir`.
    pub fn write_wav(&self, dir: &Path) -> Result<PathBuf> {
        let path = dir.join(format!("{}.wav", self.person.device));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec)?;
        let mut samples = writer.get_i16_writer(self.samples.len() as u32);
        self.samples.iter().for_each(|&sample| samples.write_sample(sample));
        samples.flush()?;
        writer.finalize()?;
        Ok(path)
    }
}

/// The meeting as sound, and as it is known to be.
#[derive(Debug, Clone)]
pub struct Meeting {
    pub title: String,
    /// In order of their starts.
    pub truth: Vec<Phrase>,
    /// In the script's order of people, all of one length.
    pub feeds: Vec<Feed>,
    /// What is to be marked, and when, in the truth's seconds.
    pub marks: Vec<(f64, String)>,
}

impl Meeting {
    /// Length of the feeds in seconds.
    pub fn seconds(&self) -> f64 {
        self.feeds.first().map_or(0.0, |feed| feed.samples.len() as f64 / f64::from(RATE))
    }
}

impl Script {
    /// Reads a script.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let script: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        for turn in &script.turns {
            ensure!(
                script.people.iter().any(|p| p.name == turn.who),
                "{} has no person in the script",
                turn.who
            );
        }
        Ok(script)
    }

    /// The script of the demo.
    pub fn of_the_demo() -> Result<Self> {
        Self::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo/meeting.toml"))
    }

    /// Only the first turns.
    pub fn first(mut self, turns: usize) -> Self {
        self.turns.truncate(turns);
        self
    }

    /// The same turns in a meeting of `count` people, every fourth of them heard through one speaker each,
    /// the others through a microphone each: for measuring load.
    pub fn spread(mut self, count: usize) -> Self {
        let voices: Vec<String> = self.people.iter().map(|p| p.voice.clone()).collect();
        self.people = (0..count)
            .map(|n| Person {
                name: format!("Person {}", n + 1),
                voice: voices[n % voices.len()].clone(),
                heard: if n % 4 == 1 { Heard::Speaker } else { Heard::Microphone },
                device: format!("va_person{}", n + 1),
            })
            .collect();
        for (n, turn) in self.turns.iter_mut().enumerate() {
            turn.who = self.people[n % count].name.clone();
        }
        self
    }

    /// Names of the microphones and of the speakers.
    pub fn devices(&self) -> (Vec<&str>, Vec<&str>) {
        let of = |heard| self.people.iter().filter(|p| p.heard == heard).map(|p| p.device.as_str()).collect();
        (of(Heard::Microphone), of(Heard::Speaker))
    }

    /// Speaks and mixes the whole meeting.
    pub fn render(&self) -> Result<Meeting> {
        let breaths = self.speak()?;
        let end = breaths.iter().map(|b| b.phrase.end).fold(0.0, f64::max) + self.lead_out;
        let frames = (end * f64::from(RATE)).ceil() as usize;
        // What each person says, clean, on the meeting's time line.
        let clean: Vec<Vec<f32>> =
            self.people.iter().map(|person| self.clean(person, &breaths, frames)).collect();
        let feeds = self
            .people
            .iter()
            .enumerate()
            .map(|(n, person)| Feed { person: person.clone(), samples: to_i16(&self.heard_by(n, &clean)) })
            .collect();
        let marks = breaths.iter().filter_map(|b| Some((b.phrase.end, b.mark.clone()?))).collect();
        let mut truth: Vec<Phrase> = breaths.into_iter().map(|b| b.phrase).collect();
        truth.sort_by(|a, b| a.start.total_cmp(&b.start));
        Ok(Meeting { title: self.title.clone(), truth, feeds, marks })
    }

    /// Every breath of every turn, placed in time.
    fn speak(&self) -> Result<Vec<Breath>> {
        let mut breaths = Vec::new();
        let mut latest_end = self.lead_in;
        for turn in &self.turns {
            let person = self.people.iter().find(|p| p.name == turn.who).context("checked when loaded")?;
            let mut at = (latest_end + turn.gap).max(0.0);
            for (n, text) in turn.say.iter().enumerate() {
                let spoken = speak(&person.voice, text)?;
                let seconds = (spoken.speech.len()) as f64 / f64::from(RATE);
                breaths.push(Breath {
                    phrase: Phrase {
                        who: turn.who.clone(),
                        text: text.clone(),
                        start: at,
                        end: at + seconds,
                    },
                    samples: spoken.samples,
                    speech: spoken.speech,
                    mark: turn.mark.clone().filter(|_| n + 1 == turn.say.len()),
                });
                at += seconds + turn.pause;
            }
            latest_end = breaths.iter().map(|b| b.phrase.end).fold(0.0, f64::max);
        }
        Ok(breaths)
    }

    /// One person's voice at the script's level.
    fn clean(&self, person: &Person, breaths: &[Breath], frames: usize) -> Vec<f32> {
        let own: Vec<&Breath> = breaths.iter().filter(|b| b.phrase.who == person.name).collect();
        let spoken: Vec<f32> = own.iter().flat_map(|b| b.samples[b.speech.clone()].iter().copied()).collect();
        let gain = from_db(self.voice_dbfs) / rms(&spoken).max(1e-9);
        let mut out = vec![0.0; frames];
        for breath in own {
            let start = (breath.phrase.start * f64::from(RATE)).round() as usize;
            let skip = breath.speech.start.saturating_sub(start);
            let first = start.saturating_sub(breath.speech.start);
            for (to, from) in out[first..].iter_mut().zip(&breath.samples[skip..]) {
                *to += from * gain as f32;
            }
        }
        out
    }

    /// What the device of person `n` hears: a microphone also the room and, quieter and later, the others in
    /// it.
    fn heard_by(&self, n: usize, clean: &[Vec<f32>]) -> Vec<f32> {
        let mut out = clean[n].clone();
        if self.people[n].heard == Heard::Speaker {
            return out;
        }
        let delay = (self.bleed_delay_ms * 1e-3 * f64::from(RATE)).round() as usize;
        let gain = from_db(self.bleed_db) as f32;
        for (other, voice) in clean.iter().enumerate() {
            if other != n && self.people[other].heard == Heard::Microphone {
                out.iter_mut().skip(delay).zip(voice).for_each(|(to, from)| *to += from * gain);
            }
        }
        let tone = pink_noise(self.seed + n as u64, out.len());
        let gain = (from_db(self.tone_dbfs) / rms(&tone)) as f32;
        out.iter_mut().zip(&tone).for_each(|(to, from)| *to += from * gain);
        out
    }
}

struct Breath {
    phrase: Phrase,
    /// Sound with a margin on both sides.
    samples: Vec<f32>,
    /// Where in `samples` the speech is.
    speech: std::ops::Range<usize>,
    /// What is marked at its end.
    mark: Option<String>,
}

/// What a voice has said.
pub struct Spoken {
    pub samples: Vec<f32>,
    /// Where in `samples` the speech is.
    pub speech: std::ops::Range<usize>,
}

/// Has a text spoken, brings it to [`RATE`] and finds where the speech begins and ends in it.
pub fn speak(voice: &str, text: &str) -> Result<Spoken> {
    let file = tempfile::Builder::new().suffix(".wav").tempfile()?;
    let status = Command::new("flite")
        .args(["-voice", voice, "-t", text, "-o"])
        .arg(file.path())
        .stdin(Stdio::null())
        .status()
        .context("flite does not start; `./dev setup` installs what is needed")?;
    ensure!(status.success(), "flite has failed to speak {text:?}");
    let mut reader = hound::WavReader::open(file.path())?;
    let rate = reader.spec().sample_rate;
    let sound: Vec<f32> =
        reader.samples::<i16>().map(|s| s.map(|s| f32::from(s) / 32_768.0)).collect::<Result<_, _>>()?;
    let sound = resample(&sound, rate)?;
    let speech = speech_in(&sound).with_context(|| format!("flite has said nothing of {text:?}"))?;
    let margin = (MARGIN_SECONDS * f64::from(RATE)) as usize;
    let from = speech.start.saturating_sub(margin);
    let to = (speech.end + margin).min(sound.len());
    Ok(Spoken { samples: sound[from..to].to_vec(), speech: speech.start - from..speech.end - from })
}

fn resample(sound: &[f32], rate: u32) -> Result<Vec<f32>> {
    if rate == RATE {
        return Ok(sound.to_vec());
    }
    let mut resampler = Fft::<f32>::new(rate as usize, RATE as usize, 1024, 1, FixedSync::Both)?;
    let input = InterleavedSlice::new(sound, 1, sound.len())?;
    Ok(resampler.process_all(&input, sound.len(), None)?.take_data())
}

/// From the first to the last frame that is loud enough to be speech.
fn speech_in(sound: &[f32]) -> Option<std::ops::Range<usize>> {
    let length = (FRAME_SECONDS * f64::from(RATE)) as usize;
    let levels: Vec<f64> = sound.chunks(length).map(rms).collect();
    let loudest = levels.iter().copied().fold(0.0, f64::max);
    let speech = |level: &f64| loudest > 0.0 && *level >= loudest * from_db(SPEECH_DB);
    let (first, last) = (levels.iter().position(speech)?, levels.iter().rposition(speech)?);
    Some(first * length..((last + 1) * length).min(sound.len()))
}

/// Root of the mean square.
pub fn rms(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

fn from_db(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

fn to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|s| (s * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// Noise that falls by 3 dB an octave, as an empty room's does: white noise through Kellet's three-pole
/// filter.
fn pink_noise(seed: u64, frames: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let (mut low, mut middle, mut high) = (0.0_f32, 0.0_f32, 0.0_f32);
    (0..frames)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let white = (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
            low = 0.99765 * low + white * 0.099_046;
            middle = 0.963 * middle + white * 0.296_516_4;
            high = 0.57 * high + white * 1.052_691_3;
            low + middle + high + white * 0.1848
        })
        .collect()
}
