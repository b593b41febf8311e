//! Parse, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use hansard::cli::{self, Cli, Exit};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // A closed pipe is no reason to complain about help that nobody reads.
            let _ = error.print();
            return if wrong { Exit::WrongUse.into() } else { Exit::Well.into() };
        }
    };
    match cli::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Well.into(),
        Err(error) => {
            eprintln!("hansard: {error:#}");
            if error.is::<cli::WrongUse>() || error.is::<hansard::config::ConfigError>() {
                Exit::WrongUse.into()
            } else {
                Exit::Failed.into()
            }
        }
    }
}

/// Whoever read our output had enough: that is success.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
