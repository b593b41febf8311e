//! The final pass: the text of a recording that is over, once more by a larger model, in the background.
//!
//! Promises: it takes only what nobody else wants of the machine; a kill costs the segment that it was at;
//! what people wrote stays. `record` starts it and waits for nothing of it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::console::say;
use crate::cli::text::quoted;
use crate::cli::wrong_use;
use crate::config::Config;
use crate::engine::text::{Choice, choose_engine};
use crate::session::read::read_manifest;
use crate::speech::work::Pass;

/// How much nicer than everybody else it is (0 to 19).
#[cfg(unix)]
const NICE: i32 = 19;

/// From here on this process comes after all others. Gives the model.
pub(super) fn begin(model: Option<&str>, config: &mut Config) -> anyhow::Result<String> {
    let model = model.unwrap_or(&config.transcribe.final_model).to_owned();
    if model.is_empty() {
        return Err(wrong_use(
            "no model is set for the final pass: --model M names one, or transcribe.final_model in your settings",
        ));
    }
    config.set("transcribe.model", &model, "--final")?;
    give_way();
    Ok(model)
}

/// Threads and children that are started later are as nice.
fn give_way() {
    // For the tests, in builds that are made for them: on a busy machine a pass that gives way never ends.
    #[cfg(debug_assertions)]
    if std::env::var_os("HANSARD_TEST_EAGER").is_some() {
        return;
    }
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the final pass has no lower priority");
    }
    // The disk, too, where the system can do that.
    let own = std::process::id().to_string();
    let idle = Command::new("ionice").args(["-c", "3", "-p", &own]).stderr(Stdio::null()).status();
    if !idle.is_ok_and(|status| status.success()) {
        tracing::debug!("the final pass has no lower priority at the disk");
    }
}

/// Starts the final pass over the session in `dir`, if the settings want one, and says so.
pub(in crate::cli) fn start(dir: &Path, config: &Config) {
    let model = &config.transcribe.final_model;
    if model.is_empty() {
        return;
    }
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    match spawn(&dir, model, config) {
        Ok(pid) => say(format_args!(
            "the text is made once more by {model}, in the background (process {pid}): hansard list shows how far it is"
        )),
        Err(error) => say(format_args!(
            "there is no final pass ({error}); hansard transcribe --final {} makes it later",
            quoted(&dir)
        )),
    }
}

fn spawn(dir: &Path, model: &str, config: &Config) -> anyhow::Result<u32> {
    // What is wrong with the model is told here: nobody reads what the other process says.
    let mut tried = config.clone();
    tried.set("transcribe.model", model, "--final")?;
    let sources = read_manifest(dir)?.sources;
    let languages = sources.iter().map(|source| source.language.as_deref());
    if let Choice::Later(reason) = choose_engine(&tried, Pass::Long, languages)? {
        anyhow::bail!(reason);
    }
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(file) = config_file() {
        command.arg("--config").arg(file);
    }
    command.args(["transcribe", "--final", "--model", model]);
    if config.transcribe.language != "auto" {
        command.args(["--language", &config.transcribe.language]);
    }
    if !config.transcribe.vocabulary.is_empty() {
        command.args(["--vocabulary", &config.transcribe.vocabulary]);
    }
    command.arg(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Keys of our terminal are not meant for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    // It is left alone: it goes on when we have ended.
    Ok(command.spawn()?.id())
}

/// The file of settings that we were given.
fn config_file() -> Option<std::ffi::OsString> {
    let words: Vec<_> = std::env::args_os().collect();
    let apart = words.windows(2).find(|pair| pair[0] == "--config").map(|pair| pair[1].clone());
    let joined = || words.iter().find_map(|word| word.to_str()?.strip_prefix("--config=").map(Into::into));
    apart.or_else(joined)
}
