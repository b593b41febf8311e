//! The settings in force, as a file that would bring them about.

use std::fmt::Write as _;

use serde_json::json;
use toml::Value;

use super::{Config, keys};

impl Config {
    /// All settings as TOML. With `origins` each line tells in a comment who set it.
    pub fn to_toml(&self, origins: bool) -> String {
        let comment = |origin: &super::Origin| {
            if origins { format!("  # {}", one_line(origin)) } else { String::new() }
        };
        let mut text = String::new();
        let mut section = "";
        for key in keys::KEYS {
            let Some((value, origin)) = self.layers.settings.get(key.name) else { continue };
            if section != key.section() {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = key.section();
                let _ = writeln!(text, "{gap}[{section}]");
            }
            let _ = writeln!(text, "{} = {value}{}", key.leaf(), comment(origin));
        }
        for source in &self.sources {
            let quoted = |text: &str| Value::String(text.into()).to_string();
            let _ = writeln!(text, "\n[[source]]{}", comment(&source.origin));
            let _ = writeln!(text, "name = {}\nspec = {}", quoted(&source.name), quoted(&source.spec));
            if let Some(language) = &source.language {
                let _ = writeln!(text, "language = {}", quoted(language));
            }
            if let Some(speakers) = source.speakers {
                let _ = writeln!(text, "speakers = {speakers}");
            }
        }
        text
    }

    /// The same as JSON: the sections as objects, `source` as a list. With `origins` there is also `origin`,
    /// from a key's full name to who set it; sources stand there as `source.N`, from 0.
    ///
    /// # Errors
    /// Only for a value that JSON has no word for; no checked value is such.
    pub fn to_json(&self, origins: bool) -> Result<serde_json::Value, serde_json::Error> {
        let mut out = serde_json::to_value(self.layers.table())?;
        let source = |s: &super::Source| {
            let mut source = json!({ "name": s.name, "spec": s.spec });
            if let Some(language) = &s.language {
                source["language"] = json!(language);
            }
            if let Some(speakers) = s.speakers {
                source["speakers"] = json!(speakers);
            }
            source
        };
        out["source"] = self.sources.iter().map(source).collect();
        if origins {
            let keys = self.layers.settings.iter().map(|(name, (_, origin))| ((*name).to_owned(), origin));
            let sources = self.sources.iter().enumerate().map(|(i, s)| (format!("source.{i}"), &s.origin));
            out["origin"] =
                keys.chain(sources).map(|(name, origin)| (name, json!(origin.to_string()))).collect();
        }
        Ok(out)
    }
}

/// A path may hold any character, a comment may not.
fn one_line(origin: &super::Origin) -> String {
    origin.to_string().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
