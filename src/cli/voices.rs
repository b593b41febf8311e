//! `hansard voices S`: the voices of a session, who they are or may be, and how they sound. What is done with
//! people who are known by their voices stands in `enrolled`.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal as _, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::console::{print_result, say};
use super::text::quoted;
use super::{Exit, enrolled, show, wrong_use};
use crate::base::text::{clean, clock, count, length, wrap};
use crate::config::Config;
use crate::export::save::Target;
use crate::export::sound::sample;
use crate::session::disk::SystemDisk;
use crate::session::heard::{self, Heard};
use crate::session::people::NamedBy;
use crate::session::reading::Session;

/// Columns of a line.
const COLUMNS: usize = 80;
/// What plays a WAV file, with what it needs to say nothing and to end by itself; the first that is there.
const PLAYERS: [(&str, &[&str]); 4] = [
    ("paplay", &[]),
    ("pw-play", &[]),
    ("aplay", &["-q"]),
    ("ffplay", &["-nodisp", "-autoexit", "-loglevel", "error"]),
];

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S", required = true)]
    session: Option<String>,
    /// Write how a voice sounds, as WAV; N is its number, PATH a file or - for stdout
    #[arg(long, num_args = 2, value_names = ["N", "PATH"], conflicts_with = "play")]
    sample: Option<Vec<String>>,
    /// Play how a voice sounds; N is its number
    #[arg(long, value_name = "N")]
    play: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// What is done with people who are known by their voices
    #[command(subcommand)]
    verb: Option<enrolled::Verb>,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    if let Some(verb) = &args.verb {
        return enrolled::run(verb, config);
    }
    let Some(name) = &args.session else { return Err(wrong_use("which session? its path, its id, or last")) };
    let session = show::open(&config.paths.recordings, name)?;
    let voices = heard::voices(&session);
    if let Some([asked, path]) = args.sample.as_deref() {
        return write_sample(&session, show::voice(&voices, asked)?, Path::new(path), config);
    }
    if let Some(asked) = &args.play {
        return play(&session, show::voice(&voices, asked)?);
    }
    if args.json {
        print_result(serde_json::to_string_pretty(&voices)?);
        return Ok(Exit::Well);
    }
    list(&mut io::stdout().lock(), &session, &voices)?;
    Ok(Exit::Well)
}

fn list(out: &mut impl Write, session: &Session, voices: &[Heard]) -> io::Result<()> {
    if voices.is_empty() {
        return writeln!(
            out,
            "No voices were told apart in this session: each source counts as one speaker."
        );
    }
    let long = session.manifest.duration >= 3600.0;
    for voice in voices {
        writeln!(out, "{:>2}  {}{}", voice.number, clean(&voice.name), perhaps(voice))?;
        let heard = format!(
            "{} in {}, first heard at {}; {}{}",
            length(voice.seconds),
            count(voice.lines as u64, "line"),
            clock(voice.first, long),
            clean(&voice.id),
            also(voice),
        );
        for line in wrap(&heard, COLUMNS - 4) {
            writeln!(out, "    {line}")?;
        }
    }
    let Some(unknown) = voices.iter().find(|voice| voice.is_unknown()) else { return Ok(()) };
    let dir = quoted(&session.dir);
    writeln!(out, "\nWho is it? Listen, and say so:")?;
    writeln!(out, "  hansard voices {dir} --play {}", unknown.number)?;
    let name = quoted(Path::new(&clean(&unknown.name)));
    writeln!(out, "  hansard edit {dir} name {name} NAME")
}

/// ` – perhaps Carol?`
fn perhaps(voice: &Heard) -> String {
    voice.perhaps.as_ref().map(|name| format!(" – perhaps {name}?")).unwrap_or_default()
}

/// What else is known of it.
fn also(voice: &Heard) -> String {
    let merged = voice.merged_into.as_ref().map(|into| format!(", merged into {}", clean(into)));
    let linked = voice.linked.as_ref().map(|linked| format!(", the same as {}", clean(linked)));
    let by = match voice.named_by {
        NamedBy::Print => ", known by the voice",
        NamedBy::Taught => ", as lines were corrected",
        NamedBy::Person | NamedBy::Source | NamedBy::Number => "",
    };
    format!("{}{}{by}", merged.unwrap_or_default(), linked.unwrap_or_default())
}

/// The voice alone, as a WAV file in memory: some seconds.
fn wav(session: &Session, voice: &Heard) -> anyhow::Result<Vec<u8>> {
    let place = sample::place(session, &voice.id, voice.sample).ok_or_else(|| {
        let name = clean(&voice.name);
        wrong_use(format!("there is nothing of {name} that could be played: no line of it is shown"))
    })?;
    let mut wav = Cursor::new(Vec::new());
    sample::write(session, &place, &mut wav).map_err(|error| match error.is_failure() {
        true => error.into(),
        false => wrong_use(error.to_string()),
    })?;
    Ok(wav.into_inner())
}

fn write_sample(session: &Session, voice: &Heard, path: &Path, config: &Config) -> anyhow::Result<Exit> {
    let to_stdout = path == Path::new("-");
    if to_stdout && io::stdout().is_terminal() {
        return Err(wrong_use("sound is nothing for a terminal; redirect it, or name a file"));
    }
    let wav = wav(session, voice)?;
    if to_stdout {
        io::stdout().lock().write_all(&wav)?;
        return Ok(Exit::Well);
    }
    let exit = |error: crate::export::ExportError| match error.is_failure() {
        true => error.into(),
        false => {
            wrong_use(error.to_string().replace("`hansard export --force` replaces it", "name another file"))
        }
    };
    let target = Target::at(path, &config.paths.recordings, session).map_err(exit)?;
    target.check(&wav).map_err(exit)?;
    print_result(target.write(&SystemDisk, &wav).map_err(exit)?.display());
    Ok(Exit::Well)
}

fn play(session: &Session, voice: &Heard) -> anyhow::Result<Exit> {
    let wav = wav(session, voice)?;
    let Some((player, flags)) = PLAYERS.into_iter().find(|(player, _)| is_installed(player)) else {
        let names = PLAYERS.map(|(player, _)| player).join(", ");
        return Err(wrong_use(format!(
            "nothing here can play sound: install one of {names}, or write a file with --sample {} voice.wav",
            voice.number
        )));
    };
    // For the user alone, and gone when it has been heard.
    let mut file = tempfile::Builder::new().prefix("hansard-").suffix(".wav").tempfile()?;
    file.write_all(&wav).and_then(|()| file.flush()).context("can't write the sound to be played")?;
    say(format_args!("{}{}", clean(&voice.name), perhaps(voice)));
    let played = Command::new(player)
        .args(flags)
        .arg(file.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("can't start {player}"))?;
    if !played.success() {
        let number = voice.number;
        return Err(anyhow::anyhow!("{player} could not play it; --sample {number} voice.wav writes a file"));
    }
    Ok(Exit::Well)
}

/// Whether a program of that name is on the path.
fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| File::open(folder.join(program)).is_ok())
}
