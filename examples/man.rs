//! Writes the man pages of all verbs into a folder: `man FOLDER`. They are made of the help.

use std::path::Path;

use clap::CommandFactory as _;
use hansard::cli::Cli;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("man FOLDER: writes the man pages there");
        std::process::exit(1);
    };
    std::fs::create_dir_all(&folder)?;
    // What is hidden is nobody's to call.
    let command = Cli::command().disable_help_subcommand(true).mut_subcommands(|verb| verb.version(""));
    clap_mangen::generate_to(command, Path::new(&folder))
}
