//! `hansard transcribe --each FILE…`: a session of each file. One that fails stops no other, and is named at
//! the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::{Labels, Made, Wanted, is_wrong_use, transcribe_files};
use crate::cli::console::{print_result, say};
use crate::cli::record::print_place;
use crate::cli::signals::Signals;
use crate::cli::{Exit, wrong_use};
use crate::engine::spec::SourceSpec;

/// What came of several files.
#[derive(Debug, Default)]
pub(in crate::cli) struct Account {
    done: usize,
    /// What became of a file that is not whole, and why.
    failed: Vec<(PathBuf, String)>,
    /// One failed by the machine's fault.
    machine: bool,
    /// Files that nobody looked at, since it was interrupted.
    left: usize,
}

impl Account {
    /// Takes note of what became of a file.
    pub(in crate::cli) fn add(&mut self, file: &Path, made: &anyhow::Result<Made>) {
        match made {
            Ok(Made { exit: Exit::Well, .. }) => self.done += 1,
            Ok(Made { exit: Exit::Losses, dir, .. }) => {
                self.done += 1;
                self.failed.push((file.into(), format!("not all of it could be read: {}", dir.display())));
            }
            Ok(Made { pending, .. }) => {
                self.machine = true;
                let why = pending.as_deref().unwrap_or("the recording failed");
                self.failed.push((file.into(), why.to_owned()));
            }
            Err(error) => {
                self.machine |= !is_wrong_use(error);
                self.failed.push((file.into(), format!("{error:#}")));
            }
        }
    }

    /// Whether a file of that name has failed.
    pub(in crate::cli) fn has_failed(&self, name: &str) -> bool {
        self.failed.iter().any(|(file, _)| file.file_name().is_some_and(|own| own.to_string_lossy() == name))
    }

    /// Says what failed, each by its name, and how it went as a whole.
    pub(in crate::cli) fn end(self, json: bool) -> Exit {
        let Self { done, failed, machine, left } = self;
        let exit = match () {
            () if left > 0 => Exit::Failed,
            () if failed.is_empty() => Exit::Well,
            () if done > 0 => Exit::Losses,
            () if machine => Exit::Failed,
            () => Exit::WrongUse,
        };
        let is_nothing = done == 0 && failed.is_empty() && left == 0;
        let files = if done == 1 { "1 file has".to_owned() } else { format!("{done} files have") };
        // A timer that finds nothing new has nothing to say.
        if !is_nothing {
            say(format_args!("{files} become minutes; {} failed or are not whole", failed.len()));
        }
        for (file, why) in &failed {
            say(format_args!("{}: {why}", file.display()));
        }
        if left > 0 {
            say(format_args!("interrupted: {left} not done; give the same command again with those"));
        }
        if json {
            let failed = failed
                .iter()
                .map(|(file, why)| serde_json::json!({ "file": file.to_string_lossy(), "error": why }));
            let failed: Vec<_> = failed.collect();
            print_result(serde_json::json!({
                "done": done, "failed": failed, "left": left, "exit": exit as u8,
            }));
        }
        exit
    }
}

pub(super) fn run(inputs: &[PathBuf], labels: &Labels, wanted: &Wanted) -> anyhow::Result<Exit> {
    let mut stop = Signals::new().context("can't take signals over")?;
    let mut account = Account::default();
    let wanted = &Wanted { lasting: Some(Arc::default()), ..wanted.clone() };
    for (n, input) in inputs.iter().enumerate() {
        say(format_args!("{} of {}: {}", n + 1, inputs.len(), input.display()));
        let made = one(input, labels, wanted);
        tell(input, &made, wanted.json);
        if let Some(signal) = stop.seen() {
            say(format_args!("{signal}: the other files are left"));
            account.left = inputs.len() - n;
            break;
        }
        account.add(input, &made);
    }
    Ok(account.end(wanted.json))
}

fn one(input: &Path, labels: &Labels, wanted: &Wanted) -> anyhow::Result<Made> {
    let spec = match SourceSpec::of_input(input) {
        Some(spec) => spec.map_err(|error| wrong_use(error.to_string()))?,
        None => return Err(wrong_use("there is no such sound file")),
    };
    // However the speaker is called, the session is called after its file.
    let labels = Labels { title: Some(spec.name.clone()), ..labels.clone() };
    transcribe_files(vec![spec], &labels, wanted, &mut |_| {})
}

/// The result of one file, for programs and pipes; people are told at once what is wrong.
pub(in crate::cli) fn tell(file: &Path, made: &anyhow::Result<Made>, json: bool) {
    match made {
        Ok(made) if json => print_result(made.report_of(file)),
        Ok(made) => {
            if made.exit != Exit::Failed {
                say(format_args!("{}: the minutes are in {}", file.display(), made.dir.display()));
            }
            print_place(&made.dir);
        }
        Err(error) => {
            say(format_args!("{}: {error:#}", file.display()));
            if json {
                let exit = if is_wrong_use(error) { Exit::WrongUse } else { Exit::Failed };
                print_result(serde_json::json!({
                    "file": file.to_string_lossy(), "error": format!("{error:#}"), "exit": exit as u8,
                }));
            }
        }
    }
}
