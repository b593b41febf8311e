//! Writes the man pages of all verbs into a folder: `man FOLDER`. They are made of the help.

use std::path::Path;

use clap::CommandFactory as _;
use hansard::cli::Cli;

/// What the help of no verb says.
const BESIDES: &str = "\
Exit status: 0, all is well; 1, wrong use or wrong input; 2, done, with losses, all of them named; 3, failed.

Settings: `hansard config show --origin` lists them with their values and tells who set them. The user's own file is \
config.toml in the folder hansard of the user's configuration (Linux: ~/.config/hansard).

Environment: HANSARD_RECORDINGS, HANSARD_MODELS and HANSARD_VOICES name folders; HANSARD_SECTION_KEY sets any other \
setting, such as HANSARD_TRANSCRIBE_MODEL.";

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("man FOLDER: writes the man pages there");
        std::process::exit(1);
    };
    std::fs::create_dir_all(&folder)?;
    let command = Cli::command().disable_help_subcommand(true).after_long_help(BESIDES);
    clap_mangen::generate_to(command, Path::new(&folder))
}
