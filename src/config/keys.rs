//! Every key there is, with its kind and range: the one table that files, variables and flags are checked
//! against.

use toml::Value;

use super::{WhisperEngine, nearest, server};
use crate::base::languages::{self, DocumentLanguage};

/// What may stand for a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A folder's path; empty: the default place.
    Folder,
    /// A file's path; empty: none.
    File,
    /// Text that `tidy` accepts (and brings into the one form that is stored).
    Text { wants: &'static str, tidy: fn(&str) -> Option<String> },
    /// A language, by its code or its English name, or `auto`; the code is what is stored.
    Language,
    /// One of a few words, in any case.
    Choice(&'static [&'static str]),
    /// A whole number, both ends included.
    Whole { from: i64, to: i64 },
    /// A number, both ends included.
    Real { from: f64, to: f64 },
    /// True or false.
    Switch,
}

/// Characters of the vocabulary: the recogniser's prompt has 224 tokens, some of three characters.
pub const VOCABULARY_CHARS: usize = 600;

/// A key by its full name, `section.key`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// Section, a dot, the key.
    pub name: &'static str,
    /// What may stand for it.
    pub kind: Kind,
}

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind }
}

/// All of them, in the order of `config/default.toml`. `audio.host` are cpal's names of hosts. The ranges say
/// where a value stops to make sense, not where it stops to be wise.
pub(super) const KEYS: &[Key] = &[
    key("paths.recordings", Kind::Folder),
    key("paths.models", Kind::Folder),
    key("paths.voices", Kind::Folder),
    key(
        "audio.host",
        Kind::Choice(&["auto", "pulseaudio", "pipewire", "alsa", "jack", "coreaudio", "wasapi", "asio"]),
    ),
    key("audio.buffer_ms", Kind::Whole { from: 200, to: 2000 }),
    key("tracks.format", Kind::Choice(&["auto", "s16", "s24", "f32"])),
    key("record.ui", Kind::Choice(&["auto", "tui", "plain", "json"])),
    key("record.scrollback", Kind::Choice(&["account", "lines"])),
    key("record.status_every_s", Kind::Real { from: 0.0, to: 3600.0 }),
    key("record.finish_timeout_s", Kind::Real { from: 0.0, to: 86_400.0 }),
    key("record.transcribe", Kind::Switch),
    key("record.stay_awake", Kind::Switch),
    key("record.notify", Kind::Switch),
    key("record.serve", Kind::Switch),
    key("record.serve_port", Kind::Whole { from: 0, to: 65_535 }),
    key("record.announce", Kind::Switch),
    key("record.chime", Kind::Switch),
    key(
        "record.consent",
        Kind::Text { wants: "a sentence of at most 500 characters, on one line", tidy: sentence },
    ),
    key(
        "transcribe.model",
        Kind::Text { wants: "\"auto\" or the name of a model (`hansard models list`)", tidy: word },
    ),
    key("transcribe.whisper", Kind::Choice(&WhisperEngine::NAMES)),
    key("transcribe.language", Kind::Language),
    key(
        "transcribe.vocabulary",
        Kind::Text {
            wants: "names and terms, a list or text with commas between them, at most 600 characters in all",
            tidy: vocabulary,
        },
    ),
    key("transcribe.threads", Kind::Whole { from: 0, to: 256 }),
    key("transcribe.denoise", Kind::Choice(&["vad", "off", "asr"])),
    key("transcribe.partials", Kind::Switch),
    key("transcribe.final_pass", Kind::Switch),
    key(
        "transcribe.final_model",
        Kind::Text { wants: "the name of a model (`hansard models list`), or \"\"", tidy: word_or_none },
    ),
    key("transcribe.speakers", SPEAKERS),
    key("transcribe.segment_timeout_s", Kind::Real { from: 5.0, to: 3600.0 }),
    key(
        "transcribe.url",
        Kind::Text {
            wants: "the address of a transcription server that ends in /v1, such as http://localhost:8000/v1, without a \
                    password; or \"off\"",
            tidy: server::tidy,
        },
    ),
    key(
        "transcribe.url_model",
        Kind::Text { wants: "the server's name of a model, or \"\"", tidy: word_or_none },
    ),
    key("transcribe.requests", Kind::Whole { from: 1, to: 64 }),
    key("transcribe.url_timeout_s", Kind::Real { from: 1.0, to: 600.0 }),
    key("transcribe.fallback", Kind::Choice(&["local", "pending"])),
    key("transcribe.key_file", Kind::File),
    key("segment.onset", Kind::Real { from: 0.01, to: 0.99 }),
    key("segment.offset", Kind::Real { from: 0.01, to: 0.99 }),
    key("segment.min_speech_ms", Kind::Whole { from: 0, to: 5000 }),
    key("segment.endpoint_ms", Kind::Whole { from: 200, to: 5000 }),
    key("segment.pre_roll_ms", Kind::Whole { from: 0, to: 1000 }),
    key("segment.post_roll_ms", Kind::Whole { from: 0, to: 1000 }),
    key("segment.target_s", Kind::Real { from: 2.0, to: 28.0 }),
    key("segment.cap_s", Kind::Real { from: 5.0, to: 28.0 }),
    key("remind.silent_after_s", Kind::Real { from: 0.0, to: 86_400.0 }),
    key("remind.paused_after_s", Kind::Real { from: 0.0, to: 86_400.0 }),
    key("minutes.paragraph_pause_s", Kind::Real { from: 0.0, to: 600.0 }),
    key(
        "export.language",
        Kind::Text {
            wants: "\"auto\", or the language of the documents: en, de, fr, es, it, nl, ja, or its English name",
            tidy: document_language,
        },
    ),
    key(
        "summary.url",
        Kind::Text {
            wants: "the address of a chat server that ends in /v1, such as http://localhost:11434/v1, without a \
                    password; or \"off\"",
            tidy: server::tidy,
        },
    ),
    key("summary.model", Kind::Text { wants: "the server's name of a model, or \"\"", tidy: word_or_none }),
    key("summary.template", Kind::Text { wants: "the name of a template, or a file's path", tidy: word }),
    key("summary.context_tokens", Kind::Whole { from: 0, to: 4 << 20 }),
    key("summary.answer_tokens", Kind::Whole { from: 256, to: 131_072 }),
    key("summary.timeout_s", Kind::Real { from: 1.0, to: 86_400.0 }),
    key("summary.key_file", Kind::File),
    key("voices.keep_vectors_days", Kind::Whole { from: 0, to: 36_500 }),
    key("retention.sound", DAYS),
    key("retention.text", DAYS),
    key("retention.voices", DAYS),
    key("retention.exports", DAYS),
    key("retention.index", DAYS),
    key("retention.trash", DAYS),
    key("models.base_url", Kind::Text { wants: "an http:// or https:// address", tidy: web_address }),
    key("models.moonshine_url", Kind::Text { wants: "an http:// or https:// address", tidy: web_address }),
];

/// A number of days, a century at most; 0: for ever.
const DAYS: Kind = Kind::Whole { from: 0, to: 36_500 };

/// How many people one microphone may hear; 0: as many as there are.
pub(super) const SPEAKERS: Kind = Kind::Whole { from: 0, to: 99 };

/// A number of speakers from text.
pub(super) fn speakers(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|count| *count <= 99)
}

/// The key of that full name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether some key lies in a section of that name.
pub(super) fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| key.section() == name)
}

impl Key {
    /// What stands before the dot.
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// What stands after the dot.
    pub fn leaf(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// The environment's name for it.
    pub fn variable(&self) -> String {
        match self.name {
            "paths.recordings" => "HANSARD_RECORDINGS".into(),
            "record.ui" => "HANSARD_UI".into(),
            "paths.models" => "HANSARD_MODELS".into(),
            "paths.voices" => "HANSARD_VOICES".into(),
            name => format!("HANSARD_{}", name.replace('.', "_").to_ascii_uppercase()),
        }
    }
}

impl Kind {
    /// What may stand here, for a message: "must be …".
    pub fn wants(&self) -> String {
        match self {
            Self::Folder => "the path of a folder, or \"\" for the default place".into(),
            Self::File => "the path of a file, or \"\" for none".into(),
            Self::Text { wants, .. } => (*wants).into(),
            Self::Language => LANGUAGE.into(),
            Self::Choice(words) => {
                format!("one of {}", words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", "))
            }
            Self::Whole { from, to } => format!("a whole number from {from} to {to}"),
            Self::Real { from, to } => format!("a number from {from} to {to}"),
            Self::Switch => "true or false".into(),
        }
    }

    /// The same where `got` stood, with what was probably meant.
    pub fn wants_instead(&self, got: &str) -> String {
        match self {
            Self::Language => language_instead(got),
            _ => self.wants(),
        }
    }

    /// The value in the form that is stored, or `None` if it is of a wrong type or out of range.
    pub fn accept(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Folder | Self::File, Value::String(_)) | (Self::Switch, Value::Boolean(_)) => {
                Some(value.clone())
            }
            (Self::Text { tidy, .. }, Value::String(text)) => tidy(text).map(Value::String),
            (Self::Language, Value::String(text)) => language(text).map(Value::String),
            // A list of words is the same as text with commas between them.
            (Self::Text { tidy, .. }, Value::Array(items)) => {
                let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                words.and_then(|words| tidy(&words.join(", "))).map(Value::String)
            }
            (Self::Choice(words), Value::String(text)) => {
                words.iter().find(|w| w.eq_ignore_ascii_case(text)).map(|w| Value::String((*w).into()))
            }
            (Self::Whole { from, to }, Value::Integer(n)) => (from..=to).contains(&n).then(|| value.clone()),
            (Self::Real { from, to }, Value::Integer(n)) => {
                let x = *n as f64;
                (*from..=*to).contains(&x).then_some(Value::Float(x))
            }
            // NaN is in no range.
            (Self::Real { from, to }, Value::Float(x)) => (from..=to).contains(&x).then(|| value.clone()),
            _ => None,
        }
    }

    /// The same for text that came from a variable or a flag, where everything is a string.
    pub fn read(&self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Folder | Self::File | Self::Text { .. } | Self::Language | Self::Choice(_) => {
                Value::String(text.into())
            }
            Self::Whole { .. } => Value::Integer(text.trim().parse().ok()?),
            Self::Real { .. } => Value::Float(text.trim().parse().ok()?),
            Self::Switch => Value::Boolean(match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => true,
                "false" | "0" | "no" | "off" => false,
                _ => return None,
            }),
        };
        self.accept(&value)
    }
}

fn word(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.into())
}

fn word_or_none(text: &str) -> Option<String> {
    if text.trim().is_empty() { Some(String::new()) } else { word(text) }
}

const LANGUAGE: &str = "\"auto\", or a language's code or English name such as \"en\" or \"German\"";

/// Which of them a model knows is the model's matter.
pub(super) fn language(text: &str) -> Option<String> {
    let auto = text.trim().eq_ignore_ascii_case("auto").then_some("auto");
    auto.or_else(|| languages::code(text)).map(str::to_owned)
}

/// What is wanted instead of a text that names no language. Codes are too short to be near one another.
pub(super) fn language_instead(got: &str) -> String {
    let got = got.trim();
    let names = languages::LANGUAGES.iter().map(|(_, name)| *name);
    let near = nearest(got, names).filter(|_| got.chars().count() > 3);
    match near.and_then(|name| Some((languages::code(name)?, name))) {
        Some((code, name)) => format!("{LANGUAGE}; did you mean {code} ({name})?"),
        None => LANGUAGE.into(),
    }
}

fn document_language(text: &str) -> Option<String> {
    let auto = text.trim().eq_ignore_ascii_case("auto").then_some("auto");
    auto.or_else(|| DocumentLanguage::find(text).map(DocumentLanguage::code)).map(str::to_owned)
}

/// Terms with one comma and one space between them.
fn sentence(text: &str) -> Option<String> {
    let text = text.trim();
    (text.chars().count() <= 500 && !text.chars().any(char::is_control)).then(|| text.into())
}

fn vocabulary(text: &str) -> Option<String> {
    let terms = text.split([',', '\n']).map(str::trim).filter(|term| !term.is_empty());
    let text = terms.collect::<Vec<_>>().join(", ");
    (text.chars().count() <= VOCABULARY_CHARS && !text.chars().any(char::is_control)).then_some(text)
}

fn web_address(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    (!host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace)).then(|| text.into())
}
