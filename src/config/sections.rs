//! The settings by section, typed. Each field is the key of the same name; `config/default.toml` says why it
//! is as it is.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::ServerAddress;
use crate::base::languages::DocumentLanguage;

/// `[paths]`: folders, absolute.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// Where sessions live.
    pub recordings: PathBuf,
    /// Where models live.
    pub models: PathBuf,
    /// Where the voices of enrolled people live; empty where nothing says where that is.
    pub voices: PathBuf,
}

/// `[audio]`: devices.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audio {
    /// Cpal's name of the host, or "auto".
    pub host: String,
    /// Milliseconds of sound asked of a device per call, 200..=2000.
    pub buffer_ms: u32,
}

/// `[tracks]`: files of sound.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracks {
    /// How samples are stored.
    pub format: TrackFormat,
}

/// How a track's samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackFormat {
    /// s16 for 16-bit sources, else s24.
    Auto,
    /// 16-bit integers.
    S16,
    /// 24-bit integers.
    S24,
    /// 32-bit floats.
    F32,
}

/// `[record]`: the verb `record`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What a recording looks like.
    pub ui: Ui,
    /// What the view leaves on the terminal.
    pub scrollback: Scrollback,
    /// Seconds between two status lines where there is no view, 0..=3600; 0: there are none.
    pub status_every_s: f64,
    /// Seconds that text may be worked on after the recording has stopped, 0..=86400.
    pub finish_timeout_s: f64,
    /// Whether to transcribe while recording.
    pub transcribe: bool,
    /// Whether to keep the computer from falling asleep while recording.
    pub stay_awake: bool,
    /// Whether the desktop is told of alarms and of the end.
    pub notify: bool,
    /// Whether the page on this machine is served while recording.
    pub serve: bool,
    /// Port of that page, 0: any that is free.
    pub serve_port: u16,
    /// Whether what tells people that they are recorded is shown at the beginning.
    pub announce: bool,
    /// Whether a chime is played with it.
    pub chime: bool,
    /// That they agreed, as it stands in the minutes; empty: nothing.
    pub consent: String,
}

/// What a recording looks like to the person who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ui {
    /// The view where there is a terminal for it, else lines.
    Auto,
    /// The view, also where it has little room.
    Tui,
    /// Lines, one after the other.
    Plain,
    /// Lines of JSON.
    Json,
}

/// What the view leaves on the terminal when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scrollback {
    /// What was recorded, and where the minutes are.
    Account,
    /// What was said as well.
    Lines,
}

/// `[transcribe]`: recognition, live or later.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcribe {
    /// Name of a model, or "auto".
    pub model: String,
    /// Who computes Whisper models.
    pub whisper: WhisperEngine,
    /// Code of a language, or "auto".
    pub language: String,
    /// Names and terms that will be said, with ", " between them; empty: none.
    pub vocabulary: String,
    /// Threads of the recogniser as they were set, 0..=256; [`Transcribe::threads_in_force`] resolves the 0.
    pub threads: u32,
    /// What denoised sound is used for.
    pub denoise: Denoise,
    /// Whether to show partials: words of a line before it is finished.
    pub partials: bool,
    /// Whether to make the text once more over long stretches when a recording is over.
    pub final_pass: bool,
    /// Name of the model that makes the text once more in the background when a recording is over; empty:
    /// none does.
    pub final_model: String,
    /// Most voices that are told apart on one track, 0..=99: 1 tells none apart, 0 sets no bound.
    pub speakers: u32,
    /// Seconds after which a recogniser at work on one segment is held to hang, 5..=3600.
    pub segment_timeout_s: f64,
    /// Address of a transcription server, up to `/v1`; empty: none.
    pub url: String,
    /// The server's name of its model; empty: its only one.
    pub url_model: String,
    /// Requests that the server takes at once, 1..=64.
    pub requests: u32,
    /// Seconds that the server may take over a request, 1..=600.
    pub url_timeout_s: f64,
    /// What becomes of the text where the server makes none.
    pub fallback: Fallback,
    /// File of the server's key; empty: none.
    pub key_file: PathBuf,
}

/// What becomes of the text where a transcription server makes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// A model on this computer makes it.
    Local,
    /// It stays pending.
    Pending,
}

impl Transcribe {
    /// The transcription server, where one is set.
    pub fn server(&self) -> Option<ServerAddress> {
        ServerAddress::parse(&self.url)
    }

    /// Threads of the recogniser: as set, or all cores but one, at least one.
    pub fn threads_in_force(&self) -> NonZeroU32 {
        let all_but_one = || {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            u32::try_from(cores.saturating_sub(1)).ok().and_then(NonZeroU32::new)
        };
        NonZeroU32::new(self.threads).or_else(all_but_one).unwrap_or(NonZeroU32::MIN)
    }
}

/// Who computes Whisper models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhisperEngine {
    /// Our own where processor and model allow it, else whisper.cpp if it was built in.
    #[default]
    Auto,
    /// Hansard's own, whose weights are whole numbers.
    Int8,
    /// whisper.cpp, where it was built in.
    #[serde(rename = "whisper.cpp")]
    WhisperCpp,
}

impl WhisperEngine {
    /// As they are written in settings.
    pub const NAMES: [&str; 3] = ["auto", "int8", "whisper.cpp"];

    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The one that is written so.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Auto, Self::Int8, Self::WhisperCpp].into_iter().find(|engine| engine.name() == name)
    }
}

/// What denoised sound is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Denoise {
    /// To find speech; the recogniser hears the raw sound.
    Vad,
    /// No denoising.
    Off,
    /// To find speech and to recognise it.
    Asr,
}

/// `[segment]`: how speech is cut into segments.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Probability of speech that begins a segment, 0.01..=0.99.
    pub onset: f64,
    /// Probability of speech below which one ends, 0.01..=`onset`.
    pub offset: f64,
    /// Least speech of a segment, in milliseconds, 0..=5000.
    pub min_speech_ms: u32,
    /// Silence that ends a segment, in milliseconds, 200..=5000.
    pub endpoint_ms: u32,
    /// Sound kept before, in milliseconds, 0..=1000.
    pub pre_roll_ms: u32,
    /// Sound kept after, in milliseconds, 0..=1000.
    pub post_roll_ms: u32,
    /// Seconds from which on a short pause is enough, 2..=`cap_s`.
    pub target_s: f64,
    /// Seconds of the longest segment, 5..=28.
    pub cap_s: f64,
}

/// `[remind]`: what people may have forgotten.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remind {
    /// Seconds without a voice on any track, 0..=86400; 0: never.
    pub silent_after_s: f64,
    /// Seconds of a pause, 0..=86400; 0: never.
    pub paused_after_s: f64,
}

/// `[minutes]`: the minutes' layout.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minutes {
    /// Seconds of a speaker's pause that begin a new paragraph, 0..=600.
    pub paragraph_pause_s: f64,
}

/// `[export]`: documents that others read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Code of the language of their headings, labels and dates, or "auto".
    pub language: String,
}

impl Export {
    /// The language that was set; `None` means that of each meeting.
    pub fn language_in_force(&self) -> Option<DocumentLanguage> {
        DocumentLanguage::find(&self.language)
    }
}

/// `[summary]`: the verb `summarize`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Address of a chat server, up to `/v1`; empty: none.
    pub url: String,
    /// The server's name of its model; empty: its first one.
    pub model: String,
    /// Name of a template.
    pub template: String,
    /// Tokens that the model takes in at once, 0..=4194304; 0: what the server tells.
    pub context_tokens: u32,
    /// Tokens that an answer may have, what the model thinks among them, 256..=131072.
    pub answer_tokens: u32,
    /// Seconds that the server may take over one part, 1..=86400.
    pub timeout_s: f64,
    /// File of the server's key; empty: none.
    pub key_file: PathBuf,
}

impl Summary {
    /// The chat server, where one is set.
    pub fn server(&self) -> Option<ServerAddress> {
        ServerAddress::parse(&self.url)
    }
}

/// `[voices]`: what is kept of voices.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voices {
    /// Days that a session's file of what its voices sound like is kept, 0..=36500; 0 keeps none.
    pub keep_vectors_days: u32,
}

/// `[retention]`: after how many days what is erased, 0..=36500; 0 keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The sound of a session, since it was made.
    pub sound: u32,
    /// Its text and what was made of that, since it was made.
    pub text: u32,
    /// Whom its voices are like and what they sound like, since it was made.
    pub voices: u32,
    /// What was exported into it, since that was written.
    pub exports: u32,
    /// The index of the search, since it was written.
    pub index: u32,
    /// A session in the trash, since it was removed.
    pub trash: u32,
}

/// `[models]`: where models come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// Address of the folder that holds `ggml-NAME.bin`, without a slash at its end.
    pub base_url: String,
    /// Where `models pull moonshine-base` finds model.safetensors and tokenizer.json.
    pub moonshine_url: String,
}
