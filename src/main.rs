//! Parse, run, exit code.

use std::io::IsTerminal as _;
#[cfg(unix)]
use std::process::Command;
use std::process::ExitCode;
use std::time::Duration;

#[cfg(unix)]
use hansard::capture::pulse::server::handover;
use hansard::cli::{self, Cli, Exit, Log, end_console, say};
use tracing_subscriber::EnvFilter;

/// The last words are offered for this long to readers that don't read.
const LAST_WORDS: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // A closed pipe is not an error: nobody reads the help.
            let _ = error.print();
            return if wrong { Exit::WrongUse.into() } else { Exit::Well.into() };
        }
    };
    #[cfg(unix)]
    if cli.opens_devices() {
        hand_over();
    }
    start_log(cli.verbose);
    // A panic of an actor or a thread goes to the log; its supervisor says what it means for the user.
    std::panic::set_hook(Box::new(|panic| tracing::error!("internal error: {panic}")));
    let exit = run(cli);
    // What was said last is offered to its readers, but not for ever.
    end_console(LAST_WORDS);
    exit
}

/// Where cpal would not find the sound server, this program takes its own place with an environment in which
/// it does: that of a running process can't be changed safely. It comes back where nothing is to be changed,
/// or it can't be; what then fails says why.
#[cfg(unix)]
fn hand_over() {
    use std::os::unix::process::CommandExt as _;
    // The process stays the same, so it knows that it was here before; what it starts does not.
    const BEEN_HERE: &str = "_HANSARD_HANDED_OVER";
    let own = std::process::id().to_string();
    if std::env::var(BEEN_HERE).is_ok_and(|process| process == own) {
        return;
    }
    let (Some(variables), Ok(program)) = (handover(), std::env::current_exe()) else { return };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| "hansard".into());
    let _error = Command::new(program).arg0(name).args(arguments).envs(variables).env(BEEN_HERE, own).exec();
}

fn run(cli: Cli) -> ExitCode {
    let Ok(result) = std::panic::catch_unwind(|| cli::run(cli)) else {
        say(format_args!("internal error; what was recorded is on the disk. Please report it."));
        return Exit::Failed.into();
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Well.into(),
        Err(error) => {
            say(format_args!("{error:#}"));
            if error.is::<cli::WrongUse>() || error.is::<hansard::config::ConfigError>() {
                Exit::WrongUse.into()
            } else {
                Exit::Failed.into()
            }
        }
    }
}

/// The log goes to stderr: our own warnings always, more with each `-v`. What the libraries say is useful
/// only to users who ask.
fn start_log(verbose: u8) {
    let filter = match verbose {
        0 => "off,hansard=warn",
        1 => "warn,hansard=info",
        2 => "info,hansard=debug",
        _ => "debug,hansard=trace",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(Log::default)
        .with_ansi(std::io::stderr().is_terminal())
        // A closed stderr is not an error of ours; reporting it would panic.
        .log_internal_errors(false)
        .init();
}

/// The reader of our output closed it: that is success.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let json = || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or_else(json) == Some(std::io::ErrorKind::BrokenPipe)
    })
}
