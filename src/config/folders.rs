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
    /// Where recordings, models and voices go if nothing else is said.
    pub data: Option<PathBuf>,
}

impl Folders {
    /// The folders of the user who runs this process.
    pub fn of_user() -> Self {
        Self::from_variables(std::env::home_dir(), |name| std::env::var_os(name))
    }

    fn from_variables(home: Option<PathBuf>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // XDG's specification: a relative path is invalid and to be ignored.
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = home.filter(|home| home.is_absolute());
        let under_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let (config, data) = if cfg!(target_os = "macos") {
            let support = under_home("Library/Application Support");
            (support.clone(), support)
        } else if cfg!(windows) {
            (absolute("APPDATA"), absolute("LOCALAPPDATA"))
        } else {
            (under_home(".config"), under_home(".local/share"))
        };
        let ours = |path: PathBuf| path.join("hansard");
        Self {
            config: absolute("XDG_CONFIG_HOME").or(config).map(ours),
            data: absolute("XDG_DATA_HOME").or(data).map(ours),
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
