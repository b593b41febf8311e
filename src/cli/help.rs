//! `hansard --help`: the verbs by what they are for, wrapped to the terminal. Clap knows no groups of verbs,
//! so their list is made here, from clap's own names and descriptions.

use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::Cli;
use crate::base::text::{columns, wrap};

/// Every visible verb stands in one of them; a test holds this to it.
const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Record",
        &[
            "record",
            "watch",
            "status",
            "watch",
            "mark",
            "pause",
            "resume",
            "mute",
            "unmute",
            "stop",
            "transcribe",
            "watch-folder",
        ],
    ),
    ("Read", &["list", "show", "open", "serve", "search"]),
    ("Correct", &["edit", "voices", "rm"]),
    ("Share", &["export", "summarize", "mcp"]),
    ("Check", &["doctor", "verify", "recover"]),
    ("Set up", &["init", "demo", "devices", "models", "config", "completions"]),
];
/// Where a verb stands that is in none: better there than nowhere.
const MORE: &str = "More";

/// Columns of text that nobody's terminal limits, and the most where one does: longer lines are hard to read.
const COLUMNS_MAX: usize = 100;
/// Columns in front of what a verb does.
const INDENT: usize = 16;

const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}";
const AFTER: &str = "The first time: hansard init. More about a verb: hansard VERB --help\n\
    Exit codes: 0 well, 1 wrong use or input, 2 done with losses (all named), 3 failed";

/// The command line as clap reads it, with the help as people read it.
pub fn command() -> Command {
    let command = Cli::command();
    let verbs = verbs(&command, width());
    command.help_template(TEMPLATE).before_help(verbs).after_help(AFTER)
}

/// Reads this process's command line.
///
/// # Errors
/// It makes no sense, or asks for help: clap's own answer.
pub fn parse() -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The verbs in their groups, in lines of at most that many columns.
fn verbs(command: &Command, width: usize) -> String {
    let visible = || command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name)) || name == "help";
    let more: Vec<&str> = visible().map(Command::get_name).filter(|name| !grouped(name)).collect();
    let mut text = String::new();
    for (title, names) in GROUPS.into_iter().chain([(MORE, more.as_slice())]) {
        let verbs: Vec<&Command> =
            names.iter().filter_map(|name| visible().find(|verb| verb.get_name() == *name)).collect();
        if verbs.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text += &format!("{title}:\n");
        verbs.into_iter().for_each(|verb| text += &lines(verb, width));
    }
    text.trim_end().to_owned()
}

/// `  record       Record devices …`, and what does not fit below it.
fn lines(verb: &Command, width: usize) -> String {
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let mut head = format!("  {}", verb.get_name());
    let mut text = String::new();
    for line in wrap(&about, width.saturating_sub(INDENT).max(20)) {
        let gap = INDENT.saturating_sub(columns(&head)).max(1);
        text += &format!("{head}{}{line}\n", " ".repeat(gap));
        head.clear();
    }
    text
}

/// Columns of the terminal that the help goes to, else those that `COLUMNS` names, as clap has it.
fn width() -> usize {
    #[cfg(unix)]
    for size in
        [rustix::termios::tcgetwinsize(std::io::stdout()), rustix::termios::tcgetwinsize(std::io::stderr())]
    {
        if let Ok(size) = size
            && size.ws_col > 0
        {
            return usize::from(size.ws_col).min(COLUMNS_MAX);
        }
    }
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    named.filter(|columns| *columns > 0).unwrap_or(COLUMNS_MAX).min(COLUMNS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visible_verb_stands_in_exactly_one_group() {
        let command = Cli::command();
        let visible = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        for name in visible.map(Command::get_name).filter(|name| *name != "help") {
            let groups = GROUPS.iter().filter(|(_, names)| names.contains(&name)).count();
            assert_eq!(groups, 1, "`{name}` belongs into one group of `--help`");
        }
        for width in [40, 80, 100] {
            let text = verbs(&command, width);
            assert!(!text.contains(MORE), "{text}");
            let widest = text.lines().map(columns).max().unwrap();
            assert!(widest <= width, "{widest} columns of {width}:\n{text}");
        }
    }
}
