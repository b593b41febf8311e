//! What a summary looks for: Markdown files with front matter, five of which are compiled in. A file of the
//! user's own has the same form; its front matter may be missing.

use std::io::Read as _;
use std::path::Path;

use crate::session::summary::Kind;

/// Those that come with the program.
const OWN: [&str; 5] = [
    include_str!("templates/meeting.md"),
    include_str!("templates/council.md"),
    include_str!("templates/interview.md"),
    include_str!("templates/one-to-one.md"),
    include_str!("templates/stand-up.md"),
];
/// Bytes of a file: more would leave no room for the meeting.
const BYTES_MAX: u64 = 8 << 10;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub name: String,
    /// One line for people.
    pub about: String,
    /// What is asked for, never empty.
    pub kinds: Vec<Kind>,
    /// What the model is told of these kinds.
    pub text: String,
}

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Neither a name nor a file.
    #[error("there is no template {name:?}: take {}, or give the path of a Markdown file", names().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The file can't be read.
    #[error("can't read the template {path}: {error}")]
    Unreadable {
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// It makes no sense.
    #[error("the template {path} can't be used: {why}")]
    Wrong { path: String, why: String },
}

/// Those that come with the program.
pub fn own() -> Vec<Template> {
    OWN.iter().filter_map(|text| parse("", text).ok()).collect()
}

/// Their names.
pub fn names() -> Vec<String> {
    own().into_iter().map(|template| template.name).collect()
}

/// The template of that name, else that of the file.
///
/// # Errors
/// There is none, or it can't be used.
pub fn find(name: &str) -> Result<Template, TemplateError> {
    if let Some(template) = own().into_iter().find(|template| template.name == name) {
        return Ok(template);
    }
    let path = Path::new(name);
    if !path.is_file() && path.components().count() < 2 && path.extension().is_none() {
        return Err(TemplateError::Unknown { name: name.to_owned() });
    }
    let unreadable = |error| TemplateError::Unreadable { path: name.to_owned(), error };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    let wrong = |why: String| TemplateError::Wrong { path: name.to_owned(), why };
    if text.len() as u64 > BYTES_MAX {
        return Err(wrong(format!("it is longer than {BYTES_MAX} bytes")));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&stem, &text).map_err(wrong)
}

/// Takes a template apart; `stem` is its name where it has none of its own.
fn parse(stem: &str, text: &str) -> Result<Template, String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut template = Template {
        name: stem.to_owned(),
        about: String::new(),
        kinds: Kind::ALL.to_vec(),
        text: String::new(),
    };
    let body = match text.strip_prefix("---\n") {
        None => text.as_str(),
        Some(rest) => {
            let (head, body) = rest
                .split_once("\n---\n")
                .ok_or("its front matter, which begins with ---, has no line --- at its end")?;
            for line in head.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                let (key, value) =
                    line.split_once(':').ok_or_else(|| format!("{line:?} is not KEY: VALUE"))?;
                let value = value.trim().trim_matches('"');
                match key.trim() {
                    "name" if !value.is_empty() => value.clone_into(&mut template.name),
                    "about" => value.clone_into(&mut template.about),
                    "kinds" => template.kinds = kinds(value)?,
                    other => return Err(format!("there is no key {other:?}: name, about, kinds")),
                }
            }
            body
        }
    };
    body.trim().clone_into(&mut template.text);
    match template.text.is_empty() {
        true => Err("it says nothing of what to look for".to_owned()),
        false => Ok(template),
    }
}

fn kinds(text: &str) -> Result<Vec<Kind>, String> {
    let mut out = Vec::new();
    for word in text.trim_matches(['[', ']']).split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == word);
        let kind = kind.ok_or_else(|| format!("{word:?} is no kind: decision, action, question, topic"))?;
        if !out.contains(&kind) {
            out.push(kind);
        }
    }
    if out.is_empty() { Err("it names no kinds".to_owned()) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_come_with_the_program_can_be_used() {
        assert_eq!(names(), ["meeting", "council", "interview", "one-to-one", "stand-up"]);
        for name in names() {
            let template = find(&name).unwrap();
            assert!(!template.about.is_empty());
            for kind in &template.kinds {
                assert!(template.text.contains(&format!("- {}:", kind.name())), "{name} explains {kind:?}");
            }
        }
    }

    #[test]
    fn a_file_of_ones_own_is_a_template() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("retro.md");
        let name = file.to_str().unwrap();
        std::fs::write(&file, "What went well.\n").unwrap();
        let template = find(name).unwrap();
        assert_eq!((template.name.as_str(), template.text.as_str()), ("retro", "What went well."));
        assert_eq!(template.kinds, Kind::ALL);
        std::fs::write(&file, "---\r\nname: looking back\r\nkinds: [action, topic]\r\n---\r\nAll.").unwrap();
        let template = find(name).unwrap();
        assert_eq!(
            (template.name.as_str(), template.kinds),
            ("looking back", vec![Kind::Action, Kind::Topic])
        );
        for (text, why) in [
            ("---\nkinds: poem\n---\nx", "\"poem\" is no kind"),
            ("---\nx: y\n---\nz", "there is no key \"x\""),
            ("---\nname: x\n", "no line ---"),
            ("", "says nothing"),
            (&"x".repeat(9000), "longer than"),
        ] {
            std::fs::write(&file, text).unwrap();
            assert!(find(name).unwrap_err().to_string().contains(why), "{why}");
        }
        assert!(matches!(find("haiku"), Err(TemplateError::Unknown { .. })));
        assert!(matches!(find("haiku.md"), Err(TemplateError::Unreadable { .. })));
    }
}
