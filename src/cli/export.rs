//! `hansard export S --format md,txt,srt,vtt,json [--output PATH|-] [--force]`

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Exit, say, show, wrong_use};
use crate::config::Config;
use crate::export::save::Target;
use crate::export::turns::Meeting;
use crate::export::{ExportError, Format};
use crate::session::lock::SessionLock;
use crate::session::manifest::State;
use crate::session::read::Session;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a path, an id or `last`
    #[arg(value_name = "S")]
    session: String,
    /// What to write; several with commas
    #[arg(short, long, value_enum, value_delimiter = ',', default_value = "md", value_name = "F,…")]
    format: Vec<Format>,
    /// A file (for several formats: a folder) to write to instead of the session's folder; - for stdout
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Replace files that were changed by hand
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let session = show::open(&config.paths.recordings, &args.session)?;
    if session.manifest.state == State::Recording && !SessionLock::is_held(&session.dir) {
        let dir = session.dir.display();
        say(format_args!("this session was not finished in order; hansard recover {dir} mends it"));
    }
    let meeting = Meeting::new(&session, config.minutes.paragraph_pause_s);
    let mut formats = Vec::new();
    for format in &args.format {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    if args.output.as_deref() == Some(Path::new("-")) {
        let [format] = formats.as_slice() else {
            return Err(wrong_use(
                "only one format at a time can go to stdout; give a folder to --output instead",
            ));
        };
        io::stdout().write_all(format.render(&meeting).map_err(exit)?.as_bytes())?;
        return Ok(Exit::Well);
    }
    let mut exports = Vec::new();
    for (format, target) in targets(&formats, &session, args.output.as_deref(), &config.paths.recordings)? {
        exports.push((target, format.render(&meeting).map_err(exit)?));
    }
    // All are checked before the first is written: an export is made as a whole or not at all.
    if !args.force {
        for (target, text) in &exports {
            target.check(text.as_bytes()).map_err(exit)?;
        }
    }
    for (target, text) in exports {
        let path = target.write(text.as_bytes()).map_err(exit)?;
        writeln!(io::stdout(), "{}", path.display())?;
    }
    Ok(Exit::Well)
}

/// Where each format goes.
fn targets(
    formats: &[Format],
    session: &Session,
    output: Option<&Path>,
    recordings: &Path,
) -> anyhow::Result<Vec<(Format, Target)>> {
    let Some(output) = output else {
        return Ok(formats.iter().map(|f| (*f, Target::in_session(&session.dir, f.file_name()))).collect());
    };
    let at = |path: &Path| Target::at(path, recordings, &session.dir).map_err(exit);
    match formats {
        [format] if !output.is_dir() => Ok(vec![(*format, at(output)?)]),
        formats => {
            if output.exists() && !output.is_dir() {
                let output = output.display();
                return Err(wrong_use(format!("{output} is a file, but several formats need a folder")));
            }
            fs::create_dir_all(output)
                .with_context(|| format!("can't make the folder {}", output.display()))?;
            formats.iter().map(|f| Ok((*f, at(&output.join(f.file_name()))?))).collect()
        }
    }
}

fn exit(error: ExportError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}
