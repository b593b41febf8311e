//! Where a user's files belong: XDG's places where they are set and on Linux, else the system's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// The user's folders, as far as they can be told.
#[derive(Debug, Clone, Default)]
pub(super) struct Folders {
    /// Home, for `~`.
    pub home: Option<PathBuf>,
    /// Where `config.toml` lies.
    pub config: Option<PathBuf>,
    /// Where models and voices go if nothing else is said, and recordings where there are no documents.
    pub data: Option<PathBuf>,
    /// Where what can be made anew goes.
    pub cache: Option<PathBuf>,
    /// Where people keep what they make; only a folder that is there.
    pub documents: Option<PathBuf>,
}

/// Where recordings lie among the documents, and in the data folder.
const IN_DOCUMENTS: &str = "Hansard";
const IN_DATA: &str = "recordings";

impl Folders {
    /// The folders of the user who runs this process.
    pub fn of_user() -> Self {
        let mut folders = Self::from_variables(std::env::home_dir(), |name| std::env::var_os(name));
        folders.documents = folders.find_documents();
        folders
    }

    /// The documents folder as the desktop has it, else `~/Documents`; `None` where there is none. On macOS
    /// and Windows none is taken unasked: what a program may do there is another matter.
    fn find_documents(&self) -> Option<PathBuf> {
        if cfg!(any(target_os = "macos", windows)) {
            return None;
        }
        let home = self.home.as_ref()?;
        let chosen =
            self.config.as_ref().and_then(|ours| ours.parent()).map(|dir| dir.join("user-dirs.dirs"));
        let chosen = chosen.and_then(|file| std::fs::read_to_string(file).ok());
        let folder = match chosen.as_deref().and_then(|text| documents_in(text, home)) {
            Some(folder) => folder,
            None => home.join("Documents"),
        };
        // xdg-user-dirs: a folder that is the home itself is one that the user does not want.
        (folder != *home && folder.is_dir()).then_some(folder)
    }

    /// Where recordings go if nothing else is said: where earlier ones lie already, else into the documents,
    /// where people find them, else into the data folder.
    pub fn recordings(&self) -> Option<PathBuf> {
        let earlier = self.earlier_recordings();
        let seen = || self.documents.as_ref().map(|documents| documents.join(IN_DOCUMENTS));
        earlier.or_else(seen).or_else(|| self.data.as_ref().map(|data| data.join(IN_DATA)))
    }

    /// The recordings in the data folder, if there ever were any.
    pub fn earlier_recordings(&self) -> Option<PathBuf> {
        self.data.as_ref().map(|data| data.join(IN_DATA)).filter(|folder| folder.is_dir())
    }

    /// The folder to propose to somebody who is asked.
    pub fn proposed_recordings(&self) -> Option<PathBuf> {
        let documents = self.documents.clone().or_else(|| Some(self.home.as_ref()?.join("Documents")));
        documents.map(|documents| documents.join(IN_DOCUMENTS))
    }

    fn from_variables(home: Option<PathBuf>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // XDG's specification: a relative path is invalid and to be ignored.
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = home.filter(|home| home.is_absolute());
        let under_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let (config, data, cache) = if cfg!(target_os = "macos") {
            let support = under_home("Library/Application Support");
            (support.clone(), support, under_home("Library/Caches"))
        } else if cfg!(windows) {
            let local = absolute("LOCALAPPDATA");
            (absolute("APPDATA"), local.clone(), local.map(|local| local.join("cache")))
        } else {
            (under_home(".config"), under_home(".local/share"), under_home(".cache"))
        };
        let ours = |path: PathBuf| path.join("hansard");
        Self {
            config: absolute("XDG_CONFIG_HOME").or(config).map(ours),
            data: absolute("XDG_DATA_HOME").or(data).map(ours),
            cache: absolute("XDG_CACHE_HOME").or(cache).map(ours),
            documents: None,
            home,
        }
    }

    /// A path as the user wrote it, made absolute: `~` is home, a relative one starts at `base` (`None`: the
    /// working folder). The empty path stays empty: the default place is looked up when it is needed.
    pub fn expand(&self, text: &str, base: Option<&Path>) -> Result<PathBuf, ConfigError> {
        if text.is_empty() {
            return Ok(PathBuf::new());
        }
        let path = if text == "~" || text.starts_with("~/") {
            let home = self.home.as_ref().ok_or_else(|| ConfigError::NoHome { path: text.into() })?;
            home.join(text[1..].trim_start_matches('/'))
        } else {
            base.unwrap_or(Path::new("")).join(text)
        };
        std::path::absolute(&path).map_err(|source| ConfigError::Unreadable { path, source })
    }
}

/// The documents folder in the text of `user-dirs.dirs`: `XDG_DOCUMENTS_DIR="$HOME/Dokumente"`, in quotes,
/// from the home or from the root.
fn documents_in(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix("XDG_DOCUMENTS_DIR="))?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    match value.strip_prefix("$HOME") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let rest = rest.trim_matches('/');
            Some(if rest.is_empty() { home.to_owned() } else { home.join(rest) })
        }
        Some(_) => None,
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn recordings_go_where_they_are_seen_unless_earlier_ones_lie_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_owned();
        let mut folders = Folders::from_variables(Some(home.clone()), |_| None);
        folders.documents = folders.find_documents();
        assert_eq!(folders.recordings().unwrap(), home.join(".local/share/hansard/recordings"));
        std::fs::create_dir_all(home.join("Dokumente")).unwrap();
        std::fs::create_dir_all(home.join(".config")).unwrap();
        std::fs::write(home.join(".config/user-dirs.dirs"), "# x\nXDG_DOCUMENTS_DIR=\"$HOME/Dokumente\"\n")
            .unwrap();
        folders.documents = folders.find_documents();
        assert_eq!(folders.recordings().unwrap(), home.join("Dokumente/Hansard"));
        std::fs::create_dir_all(home.join(".local/share/hansard/recordings")).unwrap();
        assert_eq!(folders.recordings().unwrap(), home.join(".local/share/hansard/recordings"));
        assert_eq!(folders.proposed_recordings().unwrap(), home.join("Dokumente/Hansard"));
        let text = |line: &str| documents_in(line, Path::new("/h"));
        assert_eq!(text("XDG_DOCUMENTS_DIR=\"$HOME/\"").unwrap(), Path::new("/h"));
        assert_eq!(text("XDG_DOCUMENTS_DIR=\"/data/d\"").unwrap(), Path::new("/data/d"));
        assert_eq!(text("XDG_DOCUMENTS_DIR=\"$HOMER/d\""), None);
        assert_eq!(text("XDG_DOCUMENTS_DIR=relative"), None);
    }

    #[test]
    fn xdg_places_win_over_home_unless_they_are_relative() {
        let folders = |config: &'static str| {
            Folders::from_variables(Some("/home/ada".into()), move |name| {
                (name == "XDG_CONFIG_HOME").then(|| config.into())
            })
        };
        assert_eq!(folders("/etc/ada").config.unwrap(), Path::new("/etc/ada/hansard"));
        assert_eq!(folders("relative").config.unwrap(), Path::new("/home/ada/.config/hansard"));
        assert_eq!(folders("/x").data.unwrap(), Path::new("/home/ada/.local/share/hansard"));
        assert_eq!(folders("/x").cache.unwrap(), Path::new("/home/ada/.cache/hansard"));
    }

    #[test]
    fn a_tilde_is_home_only_in_front() {
        let folders = Folders { home: Some("/home/ada".into()), ..Folders::default() };
        assert_eq!(folders.expand("~/a", None).unwrap(), Path::new("/home/ada/a"));
        assert_eq!(folders.expand("~", None).unwrap(), Path::new("/home/ada"));
        assert_eq!(folders.expand("a~/b", Some(Path::new("/base"))).unwrap(), Path::new("/base/a~/b"));
        assert_eq!(folders.expand("~bob", Some(Path::new("/base"))).unwrap(), Path::new("/base/~bob"));
        assert!(matches!(Folders::default().expand("~/a", None), Err(ConfigError::NoHome { .. })));
    }
}
