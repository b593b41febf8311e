//! What a meeting leaves behind for everybody else: marks, and the minutes in every format that people open.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::stage::meeting::Meeting;

/// Formats for people.
const FORMATS: &str = "md,html,docx";

/// Sets the script's marks and writes the minutes anew, into the session's folder. `begin` is the session
/// second at which the script began. Gives the files' paths.
pub fn write(hansard: &Path, meeting: &Meeting, session: &Path, begin: f64) -> Result<Vec<PathBuf>> {
    for (at, text) in &meeting.marks {
        let at = format!("{:.3}s", (begin + at).max(0.0));
        run(Command::new(hansard).args(["mark", text, "--at", &at, "--session"]).arg(session))?;
    }
    let paths = run(Command::new(hansard).arg("export").arg(session).args(["--format", FORMATS]))?;
    Ok(paths.lines().map(PathBuf::from).collect())
}

/// What it printed, if it ended well.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().context("hansard does not start")?;
    ensure!(output.status.success(), "{command:?} has failed ({})", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
