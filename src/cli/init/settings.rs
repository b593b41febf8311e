//! The answers as a config file: a new one, or the user's own with just those settings changed.

use std::path::PathBuf;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::choices::Chosen;

/// What a new file begins with.
const HEAD: &str = "\
# Settings of Hansard, as `hansard init` wrote them. Change what you like; a setting that is not here has its\n\
# default. `hansard config show --origin` lists all of them and who set each.\n\n";

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// None: the default microphone and what is played, whatever they are.
    pub(super) sources: Vec<Chosen>,
    pub(super) language: String,
    /// `None`: as something else says.
    pub(super) recordings: Option<PathBuf>,
    /// `None`: the best that is installed.
    pub(super) model: Option<String>,
}

impl Settings {
    /// The file's text; of one that is there, all else is kept, comments too.
    ///
    /// # Errors
    /// The text that is there is not understood, or a path is not UTF-8.
    pub(super) fn written(&self, before: Option<&str>) -> Result<String, String> {
        let text = before.unwrap_or_default();
        let mut document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| format!("your settings are damaged: {error}"))?;
        if let Some(recordings) = &self.recordings {
            let text = recordings.to_str().ok_or_else(|| format!("{recordings:?} is not UTF-8"))?;
            set(&mut document, "paths", "recordings", Some(text))?;
        }
        set(&mut document, "transcribe", "language", Some(&self.language))?;
        set(&mut document, "transcribe", "model", self.model.as_deref())?;
        if self.sources.is_empty() {
            document.remove("source");
        } else {
            let mut sources = ArrayOfTables::new();
            for chosen in &self.sources {
                let mut source = Table::new();
                source["name"] = value(&chosen.name);
                source["spec"] = value(&chosen.spec);
                sources.push(source);
            }
            document["source"] = Item::ArrayOfTables(sources);
        }
        let head = if before.is_none() { HEAD } else { "" };
        Ok(format!("{head}{document}"))
    }
}

/// Sets a key, or takes it away, and leaves the comments where they stand.
fn set(document: &mut DocumentMut, section: &str, key: &str, text: Option<&str>) -> Result<(), String> {
    let Some(text) = text else {
        if let Some(table) = document.get_mut(section).and_then(Item::as_table_like_mut) {
            table.remove(key);
        }
        return Ok(());
    };
    if document.get(section).is_none() {
        document[section] = Item::Table(Table::new());
    }
    let table = document[section].as_table_like_mut();
    let table = table.ok_or_else(|| format!("[{section}] of your settings is no section"))?;
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = text.into();
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Settings {
        Settings {
            sources: Vec::new(),
            language: "de".into(),
            recordings: Some("/home/ada/Documents/Hansard".into()),
            model: None,
        }
    }

    #[test]
    fn a_new_file_holds_the_answers_and_nothing_else() {
        let text = answers().written(None).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["transcribe"]["language"].as_str(), Some("de"));
        assert_eq!(table["paths"]["recordings"].as_str(), Some("/home/ada/Documents/Hansard"));
        assert_eq!(table.len(), 2, "{text}");
        assert!(text.starts_with("# Settings of Hansard"), "{text}");
    }

    #[test]
    fn what_a_user_wrote_stays() {
        let before = "# mine\naudio.buffer_ms = 300 # why\n\n[transcribe]\n# we speak French\nlanguage = 'fr' # here\n\
            model = \"small-q8_0\"\nthreads = 2\n\n[[source]]\nname = \"Old\"\nspec = \"mic\"\n";
        let text = answers().written(Some(before)).unwrap();
        for kept in
            ["# mine\n", "audio.buffer_ms = 300 # why\n", "# we speak French\n", " # here\n", "threads = 2\n"]
        {
            assert!(text.contains(kept), "no {kept:?} in\n{text}");
        }
        assert!(text.contains("language = \"de\" # here"), "{text}");
        assert!(!text.contains("small") && !text.contains("Old"), "{text}");
        let again = answers().written(Some(&text)).unwrap();
        assert_eq!(again, text, "once more changes nothing");
        assert!(answers().written(Some("[transcribe")).is_err());
    }
}
