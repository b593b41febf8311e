//! What a recording looks like to the person who makes it.

use crate::cli::wrong_use;
use crate::config::Config;
use crate::config::Ui;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Look {
    /// The terminal view.
    #[cfg_attr(not(unix), allow(dead_code))] // There is one on Unix only.
    View,
    /// Lines, one after the other.
    Plain,
    /// Lines of JSON.
    Json,
}

impl Look {
    /// What the flags say, else the settings; a view that was asked for must be possible.
    pub(in crate::cli) fn read(ui: Option<&str>, json: bool, config: &mut Config) -> anyhow::Result<Self> {
        match ui {
            Some(ui) if json && ui != "json" => {
                return Err(wrong_use(format!("--json is --ui json: it can't be --ui {ui} as well")));
            }
            Some(ui) => config.set("record.ui", ui, "--ui")?,
            None if json => config.set("record.ui", "json", "--json")?,
            None => {}
        }
        Ok(match config.record.ui {
            Ui::Json => Self::Json,
            Ui::Plain => Self::Plain,
            Ui::Auto => Self::unasked(),
            Ui::Tui => Self::asked()?,
        })
    }

    #[cfg(unix)]
    fn unasked() -> Self {
        match crate::tui::fits() {
            crate::tui::Fit::Fits => Self::View,
            crate::tui::Fit::Better(_) | crate::tui::Fit::Never(_) => Self::Plain,
        }
    }

    #[cfg(unix)]
    fn asked() -> anyhow::Result<Self> {
        match crate::tui::fits() {
            crate::tui::Fit::Never(why) => {
                Err(wrong_use(format!("{why}; --ui plain prints lines, --ui json objects")))
            }
            crate::tui::Fit::Fits | crate::tui::Fit::Better(_) => Ok(Self::View),
        }
    }

    #[cfg(not(unix))]
    fn unasked() -> Self {
        Self::Plain
    }

    #[cfg(not(unix))]
    fn asked() -> anyhow::Result<Self> {
        Err(wrong_use("there is no view on this system yet: --ui plain prints lines"))
    }

    /// Whether anybody sees lines that still grow. Those who are read to never do: a line would be read out
    /// again with each word.
    pub(in crate::cli) fn shows_partials(self) -> bool {
        self != Self::Plain
    }
}
