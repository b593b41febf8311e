//! The key that a server asks for: from the environment or a file, shown nowhere.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::config::KeyPlace;

/// No key is longer, in bytes.
const BYTES_MAX: u64 = 4096;
/// What stands for it where somebody else writes it out.
const HIDDEN: &str = "…";

/// A key. It can't be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read.
    #[error("can't read the key of the {} from {}: {error}; `{}` names the file", place.server, path.display(), place.setting)]
    Unreadable {
        /// Of which server.
        place: KeyPlace,
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not a key.
    #[error(
        "{place} holds no key of a {server}: it must be one line of visible ASCII characters, without spaces"
    )]
    NoKey {
        /// Of which server.
        server: &'static str,
        /// The file, or the variable.
        place: String,
    },
}

impl Key {
    /// The key of the environment, else that of `file`. `None` means that neither is named.
    ///
    /// # Errors
    /// What is named can't be read, or is no key.
    pub fn find(place: KeyPlace, file: &Path) -> Result<Option<Self>, KeyError> {
        if let Some(text) = std::env::var_os(place.variable).filter(|text| !text.is_empty()) {
            return Self::parse(place, &text.to_string_lossy(), || place.variable.to_owned()).map(Some);
        }
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        let unreadable = |error| KeyError::Unreadable { place, path: file.into(), error };
        let mut text = Vec::new();
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(BYTES_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
        let text = if text.len() as u64 > BYTES_MAX { String::new() } else { into_text(text) };
        Self::parse(place, &text, || file.display().to_string()).map(Some)
    }

    fn parse(of: KeyPlace, text: &str, place: impl Fn() -> String) -> Result<Self, KeyError> {
        let text = text.trim();
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self(text.to_owned())),
            false => Err(KeyError::NoKey { server: of.server, place: place() }),
        }
    }

    /// What a request says.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// `text` without the key: servers repeat what they were given in what they complain of.
    pub fn hide_in(&self, text: &str) -> String {
        text.replace(&self.0, HIDDEN)
    }
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TRANSCRIPTION_KEY;

    #[test]
    fn a_key_is_read_from_a_file_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "sk-secret\n").unwrap();
        let key = Key::find(TRANSCRIPTION_KEY, &file).unwrap().unwrap();
        assert_eq!(key.header(), "Bearer sk-secret");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.hide_in("bad key sk-secret!"), "bad key …!");
        for bad in ["", "two words", "x\ny", &"k".repeat(5000)] {
            std::fs::write(&file, bad).unwrap();
            assert!(matches!(Key::find(TRANSCRIPTION_KEY, &file), Err(KeyError::NoKey { .. })), "{bad:.20}");
        }
        assert!(matches!(
            Key::find(TRANSCRIPTION_KEY, &folder.path().join("none")),
            Err(KeyError::Unreadable { .. })
        ));
        assert!(Key::find(TRANSCRIPTION_KEY, Path::new("")).unwrap().is_none());
    }
}
