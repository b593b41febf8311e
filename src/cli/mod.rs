//! The command line: clap types here, one file per verb beside it. Data goes to stdout, progress and log to
//! stderr.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use self::console::{Log, end as end_console, say};
pub use self::help::{command, parse};
use crate::config::Config;
use crate::control::Request;

#[cfg_attr(not(unix), allow(dead_code, unused_imports))]
mod ask;
pub mod complete;
pub mod config;
mod console;
#[cfg(unix)]
pub mod control;
#[cfg(not(unix))]
#[path = "control_none.rs"]
pub mod control;
pub mod dated;
pub mod demo;
mod described;
mod devices;
pub mod doctor;
pub mod edit;
mod enrolled;
pub mod export;
mod growing;
mod help;
pub mod init;
pub mod list;
pub mod mark;
pub mod mcp;
pub mod models;
mod named;
mod progress;
pub mod record;
pub mod recover;
pub mod rm;
pub mod search;
pub mod serve;
pub mod show;
mod show_news;
mod signals;
pub mod summarize;
mod text;
pub mod transcribe;
pub mod verify;
pub mod voices;
#[cfg(unix)]
pub mod watch;
pub mod watch_folder;
pub mod worker;

/// Records a meeting, each microphone and loopback on a track of its own, and writes the minutes.
#[derive(Debug, Parser)]
#[command(name = "hansard", version, about, max_term_width = 100)]
pub struct Cli {
    /// A config file on top of the user's own
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// More log on stderr (-v info, -vv debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do. `None` means that the user has said nothing: the first time that is a question back.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

impl Cli {
    /// Whether it may open devices.
    pub fn opens_devices(&self) -> bool {
        self.verb.as_ref().is_none_or(Verb::opens_devices)
    }
}

/// One per verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Record devices (or files) until Ctrl-C, and transcribe while it goes on
    #[cfg_attr(
        unix,
        command(
            after_help = "In a terminal, while it records: d a decision, a an action, q a question, n a note, m any mark; type its \
                          text, Enter saves it, Esc cancels. P pauses (then y) and goes on; Ctrl-C ends. In the view also: \
                          e edits the last mark, r renames somebody, PgUp and / look back, ? lists the keys."
        )
    )]
    Record(record::Args),
    /// List what can be recorded
    Devices(devices::Args),
    /// Check that a recording would work: sources, disk, model; nothing is stored
    Doctor(doctor::Args),
    /// List the sessions
    List(list::Args),
    /// Show a session: sources, account, transcript
    Show(show::Args),
    /// Search what was said in all sessions
    #[command(after_help = search::AFTER_HELP)]
    Search(search::Args),
    /// Show the running recording
    Status(control::StatusArgs),
    /// Show a running recording as its own terminal does: meters, alarms, the text
    #[cfg(unix)]
    Watch(watch::Args),
    /// Mark a moment: a decision, an action, a question, a note
    Mark(mark::Args),
    /// Pause the running recording: nothing is stored, on any track
    Pause(control::Args),
    /// Resume a paused recording
    Resume(control::Args),
    /// Mute one source of the running recording: silence is stored in its place
    Mute(control::MuteArgs),
    /// Store that source's sound again
    Unmute(control::MuteArgs),
    /// End a running recording, as Ctrl-C does
    Stop(control::Args),
    /// Correct a session: names, lines, what is shown; nothing is destroyed
    Edit(edit::Args),
    /// List the voices of a session: who they are, how they sound; enrol and forget people's voices
    Voices(voices::Args),
    /// Remove sessions: to the trash, from where they come back; or what is due by your settings
    Rm(rm::Args),
    /// Check that a session's files are what was recorded, and that every gap is accounted for
    Verify(verify::Args),
    /// Repair sessions after a crash
    Recover(recover::Args),
    /// Transcribe a session again, or make a session from sound files
    Transcribe(transcribe::Args),
    /// Make minutes of each sound file that arrives in a folder
    WatchFolder(watch_folder::Args),
    /// Write minutes, subtitles or data files of a session
    Export(export::Args),
    /// Summarise a session by a chat server: decisions and actions, held against what was said
    #[command(after_help = summarize::AFTER_HELP)]
    Summarize(summarize::Args),
    /// Let an assistant read the sessions (Model Context Protocol on stdin and stdout)
    #[command(after_help = mcp::AFTER_HELP)]
    Mcp(mcp::Args),
    /// Serve the page of your sessions on this machine: watch, listen, correct
    Serve(serve::Args),
    /// Open a session, or the list, in the browser
    Open(serve::OpenArgs),
    /// Choose microphones, language and model, and write your settings
    Init(init::Args),
    /// Record a short meeting that comes with the program, and write its minutes
    Demo(demo::Args),
    /// Get, import, list and remove speech models
    Models(models::Args),
    /// Show the settings in force
    Config(config::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// What may stand where the cursor is (called by the scripts of `completions`)
    #[command(hide = true)]
    Complete(complete::Args),
    /// The recogniser's process (started by `record` and `transcribe`)
    #[command(hide = true)]
    AsrWorker(worker::Args),
    /// The process that tells voices apart; nobody calls it by hand
    #[command(hide = true)]
    VoicesWorker,
}

impl Verb {
    /// Whether it opens devices.
    pub fn opens_devices(&self) -> bool {
        matches!(self, Self::Record(_) | Self::Devices(_) | Self::Doctor(_) | Self::Init(_))
    }
}

/// How a verb ended; the number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Well = 0,
    /// Wrong use or wrong input.
    WrongUse = 1,
    /// Done, with losses, all of them named.
    Losses = 2,
    /// Failed.
    Failed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The user asked for something that can't be: exit code 1. Any other error is a failure: 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

/// An error of wrong use, to be returned with `?` or `Err`.
pub fn wrong_use(message: impl Into<String>) -> anyhow::Error {
    WrongUse(message.into()).into()
}

/// Carries out what was asked.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    let Some(verb) = cli.verb else { return init::unasked(cli.config.as_deref()) };
    if let Verb::Complete(args) = &verb {
        return Ok(complete::run(args));
    }
    if let Verb::Completions { shell } = verb {
        if let Some(script) = complete::script(shell) {
            std::io::stdout().write_all(script.as_bytes())?;
            return Ok(Exit::Well);
        }
        let mut command = <Cli as clap::CommandFactory>::command();
        // Into memory first: the generator panics where nobody reads its output to the end.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "hansard", &mut script);
        std::io::stdout().write_all(&script)?;
        return Ok(Exit::Well);
    }
    if let Verb::VoicesWorker = &verb {
        return worker::voices();
    }
    if let Verb::AsrWorker(args) = &verb {
        return worker::run(args);
    }
    let config = Config::load(cli.config.as_deref())?;
    for warning in config.warnings() {
        say(warning);
    }
    match verb {
        Verb::Record(args) => record::run(&args, config),
        Verb::Devices(args) => devices::run(&args, &config),
        Verb::Doctor(args) => doctor::run(&args, config),
        Verb::List(args) => list::run(&args, &config),
        Verb::Show(args) => show::run(&args, &config),
        Verb::Search(args) => search::run(&args, &config),
        Verb::Mcp(args) => mcp::run(&args, &config),
        Verb::Edit(args) => edit::run(&args, &config),
        Verb::Voices(args) => voices::run(&args, &config),
        Verb::Rm(args) => rm::run(&args, &config),
        Verb::Mark(args) => mark::run(&args, &config),
        Verb::Status(args) => control::status(&args, &config),
        #[cfg(unix)]
        Verb::Watch(args) => watch::run(&args, &config),
        Verb::Pause(args) => control::run(&args, &config, &Request::Pause),
        Verb::Resume(args) => control::run(&args, &config, &Request::Resume),
        Verb::Mute(args) => control::run(&args.of, &config, &Request::Mute { name: args.name.clone() }),
        Verb::Unmute(args) => control::run(&args.of, &config, &Request::Unmute { name: args.name.clone() }),
        Verb::Stop(args) => control::run(&args, &config, &Request::Stop),
        Verb::Verify(args) => verify::run(&args, &config),
        Verb::Recover(args) => recover::run(&args, &config),
        Verb::Transcribe(args) => transcribe::run(&args, config),
        Verb::WatchFolder(args) => watch_folder::run(&args, config),
        Verb::Init(args) => init::run(&args, config),
        Verb::Demo(args) => demo::run(&args, config),
        Verb::Export(args) => export::run(&args, &config),
        Verb::Summarize(args) => summarize::run(&args, config),
        Verb::Serve(args) => serve::run(&args, &config),
        Verb::Open(args) => serve::open(&args, &config),
        Verb::Models(args) => models::run(&args, &config),
        Verb::Config(args) => config::run(&args, &config),
        Verb::Completions { .. } | Verb::Complete(_) | Verb::AsrWorker(_) | Verb::VoicesWorker => {
            unreachable!("handled above")
        }
    }
}
