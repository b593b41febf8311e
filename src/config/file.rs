//! One config file: TOML text to checked settings, each with its line.

use std::ops::Range;
use std::path::Path;

use toml::Value;
use toml::de::{DeTable, DeValue};

use super::suggest::nearest;
use super::{ConfigError, Origin, Source, keys};

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Key, accepted value, where.
    pub settings: Vec<(&'static keys::Key, Value, Origin)>,
    /// The list of sources, if the file has one.
    pub sources: Option<Vec<Source>>,
}

/// Reads the text of a file. `None` as `path` means the built-in file.
pub(super) fn read(text: &str, path: Option<&Path>) -> Result<Said, ConfigError> {
    let place = FileText { text, path };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        at: place.at(error.span().unwrap_or_default()),
        message: error.message().into(),
    })?;
    let mut said = Said::default();
    for (name, value) in table.get_ref() {
        let (section, span) = (name.get_ref().as_ref(), name.span());
        match value.get_ref() {
            DeValue::Array(items) if section == "source" => {
                let mut sources = Vec::new();
                for item in items.iter() {
                    sources.push(source(item.get_ref(), place.at(item.span()), &place)?);
                }
                super::check_sources(&sources)?;
                said.sources = Some(sources);
            }
            _ if section == "source" => {
                return Err(wrong(
                    "source",
                    place.at(span),
                    value.get_ref(),
                    "a list: one [[source]] table each".into(),
                ));
            }
            DeValue::Table(entries) if keys::is_section(section) => {
                for (leaf, value) in entries {
                    let name = format!("{section}.{}", leaf.get_ref());
                    let at = place.at(leaf.span());
                    let key = keys::find(&name).ok_or_else(|| unknown(&name, at.clone()))?;
                    let accepted = key.kind.accept(&plain(value.get_ref()));
                    let accepted = accepted.ok_or_else(|| {
                        let got = value.get_ref().as_str().unwrap_or_default();
                        wrong(&name, at.clone(), value.get_ref(), key.kind.wants_instead(got))
                    })?;
                    said.settings.push((key, accepted, at));
                }
            }
            other if keys::is_section(section) => {
                return Err(wrong(section, place.at(span), other, format!("a section: [{section}]")));
            }
            _ => return Err(unknown(section, place.at(span))),
        }
    }
    Ok(said)
}

/// A file's name and text, for "file:line".
struct FileText<'a> {
    text: &'a str,
    path: Option<&'a Path>,
}

impl FileText<'_> {
    fn at(&self, span: Range<usize>) -> Origin {
        let Some(path) = self.path else { return Origin::Default };
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Origin::File { path: path.into(), line: before.matches('\n').count() + 1 }
    }
}

fn source(value: &DeValue<'_>, at: Origin, place: &FileText<'_>) -> Result<Source, ConfigError> {
    let wants = || "a table with `name` and `spec`, such as { name = \"Alice\", spec = \"mic\" }".to_owned();
    let DeValue::Table(entries) = value else { return Err(wrong("source", at, value, wants())) };
    let (mut name, mut spec, mut language, mut speakers) = (None, None, None, None);
    for (leaf, value) in entries {
        if leaf.get_ref() == "speakers" {
            speakers = Some(speakers_of(leaf.span(), value, place)?);
            continue;
        }
        let slot = match leaf.get_ref().as_ref() {
            "name" => &mut name,
            "spec" => &mut spec,
            "language" => &mut language,
            other => return Err(unknown(&format!("source.{other}"), place.at(leaf.span()))),
        };
        let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            wrong(
                &format!("source.{}", leaf.get_ref()),
                place.at(leaf.span()),
                value.get_ref(),
                "text, not empty".into(),
            )
        })?;
        *slot = Some(text.to_owned());
        if let (Some(said), "language") = (&mut language, leaf.get_ref().as_ref()) {
            *said = keys::language(said).ok_or_else(|| {
                let wants = keys::language_instead(said);
                wrong("source.language", place.at(leaf.span()), value.get_ref(), wants)
            })?;
        }
    }
    match (name, spec) {
        (Some(name), Some(spec)) => Ok(Source { name, spec, language, speakers, origin: at }),
        _ => Err(wrong("source", at, value, wants())),
    }
}

fn speakers_of(
    span: Range<usize>,
    value: &toml::Spanned<DeValue<'_>>,
    place: &FileText<'_>,
) -> Result<u32, ConfigError> {
    let text = match value.get_ref() {
        DeValue::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    keys::speakers(&text)
        .ok_or_else(|| wrong("source.speakers", place.at(span), value.get_ref(), keys::SPEAKERS.wants()))
}

/// An unknown name, with the known one that is nearest: as a whole, or as the right key in the wrong section.
pub(super) fn unknown(name: &str, at: Origin) -> ConfigError {
    let known = || {
        keys::KEYS.iter().map(|key| key.name).chain([
            "source.name",
            "source.spec",
            "source.language",
            "source.speakers",
        ])
    };
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let sections = || keys::KEYS.iter().map(keys::Key::section).chain(["source"]);
    let near = if name.contains('.') { nearest(name, known()) } else { nearest(name, sections()) };
    let near = near
        .or_else(|| keys::KEYS.iter().find(|key| key.leaf() == leaf).map(|key| key.name))
        .or_else(|| nearest(name, known()));
    ConfigError::UnknownKey { key: name.into(), at, near }
}

fn wrong(key: &str, at: Origin, value: &DeValue<'_>, wants: String) -> ConfigError {
    let got = match plain(value) {
        Value::Table(_) => "a table".into(),
        Value::Array(_) => "a list".into(),
        plain => plain.to_string(),
    };
    ConfigError::WrongValue { key: key.into(), at, got, wants }
}

/// A value without its place in the text.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        // A number that fits no 64 bits is out of every range: it is kept as text, which no key for numbers
        // accepts.
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix())
            .map_or_else(|_| Value::String(n.as_str().into()), Value::Integer),
        DeValue::Float(x) => {
            x.as_str().parse().map_or_else(|_| Value::String(x.as_str().into()), Value::Float)
        }
        DeValue::Boolean(b) => Value::Boolean(*b),
        DeValue::Datetime(when) => Value::Datetime(*when),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Table(_) => Value::Table(toml::Table::new()),
    }
}
