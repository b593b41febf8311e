//! `hansard export S --format md,srt,… [--tracks wav|flac] [--output PATH|-] [--force]`, and what part of a
//! session is told, and how.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::builder::{ArgPredicate, PossibleValue};

use super::named::one_of;
use super::{Exit, say, show, wrong_use};
use crate::base::duration;
use crate::base::text::name;
use crate::config::{Config, nearest};
use crate::export::captions::Rules;
use crate::export::evidence::{self, UNNOTICED_MAX};
use crate::export::minutes::size;
use crate::export::turns::{Meeting, Selection};
use crate::export::{ExportError, Format, Options};
use crate::session::disk::SystemDisk;
use crate::session::lock::SessionLock;
use crate::session::manifest::State;
use crate::session::reading::Session;
use beside::PageSound;
use goes::Goes;

mod again;
mod beside;
mod frames;
mod goes;
mod tracks;

pub(super) use again::{Renewer, renew};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S")]
    session: String,
    /// What to write; several with commas
    #[arg(short, long, value_parser = formats(), value_delimiter = ',', default_value = "md", value_name = "F,…",
          default_value_if("tracks", ArgPredicate::IsPresent, None))]
    format: Vec<Asked>,
    /// A file (for several formats: a folder) to write to instead of the session's folder; - for stdout
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Language of headings, labels and dates: en, de, fr, es, it, nl, ja [default: export.language, else the
    /// one that was spoken most]
    #[arg(long, value_name = "L")]
    document_language: Option<String>,
    /// Replace files that were changed by hand
    #[arg(long)]
    force: bool,
    /// Write again all that was exported of the session before, wherever it lies, each as it was made; what
    /// was changed by hand only with --force
    #[arg(long, conflicts_with_all = ["format", "output", "speaker", "from", "to", "single_file"])]
    renew: bool,
    /// Only what this speaker says; may be given again
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    speaker: Vec<String>,
    /// Only what is said from this time of the session on (12:30 is minutes and seconds; 1:02:30, 12m30s)
    #[arg(long, value_name = "TIME", value_parser = duration::seconds, help_heading = "Selection")]
    from: Option<f64>,
    /// Only what is said before this time
    #[arg(long, value_name = "TIME", value_parser = duration::seconds, help_heading = "Selection")]
    to: Option<f64>,
    /// Also withheld lines and echoes of other tracks, with the reason
    #[arg(long, help_heading = "Selection")]
    withheld: bool,
    /// Times of single words: a row, label or segment per word (csv, labels, podcast), a time before each
    /// word (vtt); json, jsonl, ctm, whisper, whisperx, eaf and textgrid always have them
    #[arg(long, help_heading = "Selection")]
    words: bool,
    /// With each line the track, take and frames of its sound, the model, and the file's SHA-256 (html, json,
    /// jsonl, csv; in md, txt, docx and pdf a table at the end)
    #[arg(long, help_heading = "Selection")]
    evidence: bool,
    /// The HTML page alone, without the sound of all tracks in one file beside it
    #[arg(long)]
    no_sound: bool,
    /// The HTML page with its sound inside, as Opus: one file to be sent, about 15 MB for each hour
    #[arg(long, conflicts_with = "no_sound")]
    single_file: bool,
    /// Begin md with YAML front matter (title, date, duration, attendees), and give its actions boxes to
    /// tick: for Obsidian and the like
    #[arg(long)]
    front_matter: bool,
    #[command(flatten)]
    captions: Captions,
    #[command(flatten)]
    frames: frames::Frames,
    #[command(flatten)]
    sound: tracks::Sound,
}

/// What a caption of srt, vtt and podcast may be. The defaults are those of [`Rules`].
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Captions (srt, vtt, podcast)")]
struct Captions {
    /// Characters of a line [default: 42]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(24..=200))]
    line_length: Option<u16>,
    /// Lines of a caption [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4))]
    max_lines: Option<u16>,
    /// Minimum seconds of a caption, where there is room [default: 0.833]
    #[arg(long, value_name = "SECONDS", value_parser = within::<0, 10>)]
    min_duration: Option<f64>,
    /// Maximum seconds of a caption [default: 7]
    #[arg(long, value_name = "SECONDS", value_parser = within::<1, 60>)]
    max_duration: Option<f64>,
    /// Reading speed in characters a second: where there is room, a caption stands as long as reading it
    /// takes [default: 20]
    #[arg(long, value_name = "N", value_parser = within::<5, 100>)]
    reading_speed: Option<f64>,
}

impl Captions {
    fn rules(&self) -> anyhow::Result<Rules> {
        let default = Rules::default();
        let rules = Rules {
            line_length: self.line_length.map_or(default.line_length, usize::from),
            lines: self.max_lines.map_or(default.lines, usize::from),
            min_s: self.min_duration.unwrap_or(default.min_s),
            max_s: self.max_duration.unwrap_or(default.max_s),
            reading_cps: self.reading_speed.unwrap_or(default.reading_cps),
        };
        if rules.min_s > rules.max_s {
            return Err(wrong_use("--min-duration is longer than --max-duration"));
        }
        Ok(rules)
    }
}

/// What `--format` takes.
#[derive(Debug, Clone, Copy)]
enum Asked {
    One(Format),
    All,
}

fn formats() -> impl clap::builder::TypedValueParser<Value = Asked> {
    let each = Format::ALL.into_iter().map(|format| {
        let name = PossibleValue::new(format.name()).help(format.about());
        let name = if format == Format::Json { name.alias("seglst") } else { name };
        (name, Asked::One(format))
    });
    let all = (PossibleValue::new("all").help("All of them"), Asked::All);
    one_of(each.chain([all]).collect())
}

fn within<const FROM: u32, const TO: u32>(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let (from, to) = (f64::from(FROM), f64::from(TO));
    if (from..=to).contains(&number) { Ok(number) } else { Err(format!("not within {from} and {to}")) }
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let command: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    run_as(args, config, &command)
}

/// Makes them as `command` says, which `args` come from: it is remembered, for when the session is corrected.
pub(super) fn run_as(args: &Args, config: &Config, command: &[String]) -> anyhow::Result<Exit> {
    let how = |format: Format| [&[format.name().to_owned()][..], command].concat();
    let mut config = config.clone();
    if let Some(language) = &args.document_language {
        config.set("export.language", language, "--document-language")?;
    }
    let config = &config;
    if args.renew {
        let dir = show::open(&config.paths.recordings, &args.session)?.dir;
        return again::renew_all(&dir, config, args.force);
    }
    let formats = asked(&args.format);
    let options = options(args, &formats)?;
    let session = show::open(&config.paths.recordings, &args.session)?;
    if session.manifest.state == State::Recording && !SessionLock::is_held(&session.dir) {
        let dir = session.dir.display();
        say(format_args!("this session was not finished in order; hansard recover {dir} mends it"));
    }
    let selection = selection(args, &session)?;
    let place = tracks::OutputPlace {
        output: args.output.as_deref(),
        recordings: &config.paths.recordings,
        force: args.force,
    };
    args.sound.run(&session, &place, &selection)?;
    if formats.is_empty() {
        return Ok(Exit::Well);
    }
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if to_stdout {
        check_stdout(&formats)?;
    }
    let mut meeting = Meeting::select(&session, config.minutes.paragraph_pause_s, &selection)
        .in_language(config.export.language_in_force());
    if formats.iter().any(|format| format.tells_files(&options)) {
        meeting = meeting.with_files(files(&session));
    }
    if let Some(pending) = &meeting.pending {
        say(pending.text());
    }
    let render = |format: Format, options: &Options| {
        if let Some(remark) = format.remark(&meeting, options) {
            say(format_args!("{}: {remark}", format.name()));
        }
        format.render(&meeting, options).map_err(exit)
    };
    let inside = if args.single_file { PageSound::inside(&session, &selection)? } else { None };
    if to_stdout {
        for format in formats {
            let options = Options { sound: inside.as_ref().map(PageSound::told), ..options };
            let bytes = render(format, &options)?;
            match inside {
                Some(PageSound::Inside(mix)) => return beside::print(bytes, mix).map(|()| Exit::Well),
                _ => io::stdout().write_all(&bytes)?,
            }
        }
        return Ok(Exit::Well);
    }
    let goes = Goes::new(&formats, &session, &place)?;
    let with_sound = formats.contains(&Format::Html) && !args.no_sound && !args.single_file;
    let stem = goes.stem(&meeting.title(), &formats, with_sound)?;
    let sound = if with_sound { PageSound::beside(&goes, &stem, &selection)? } else { inside };
    let options = Options { sound: sound.as_ref().map(PageSound::told), ..options };
    let mut exports = Vec::new();
    for format in formats {
        exports.push((format, goes.target_of(&stem, format)?, render(format, &options)?));
    }
    // All are checked before the first is written: an export is made as a whole or not at all.
    let single = matches!(sound, Some(PageSound::Inside(_)));
    for (format, target, bytes) in &exports {
        let checked = match (args.force, single && *format == Format::Html) {
            (true, _) => target.check_place(),
            (false, true) => target.check_unmade(),
            (false, false) => target.check(bytes),
        };
        checked.map_err(exit)?;
    }
    // The sound first: it takes longest, and a page shall not lack it for long.
    let mut inside = None;
    match sound {
        Some(PageSound::Beside(beside)) => writeln!(io::stdout(), "{}", beside.write()?.display())?,
        Some(PageSound::Inside(mix)) => inside = Some(mix),
        None => {}
    }
    for (format, target, bytes) in exports {
        let path = match inside.take_if(|_| format == Format::Html) {
            Some(mix) => beside::write_single(bytes, mix, target, how(format))?,
            None => target.write_as(&SystemDisk, &bytes, how(format)).map_err(exit)?,
        };
        writeln!(io::stdout(), "{}", path.display())?;
    }
    Ok(Exit::Well)
}

/// Each format once, in the order in which they were asked for.
fn asked(format: &[Asked]) -> Vec<Format> {
    let mut formats = Vec::new();
    for asked in format {
        let these = match asked {
            Asked::One(format) => std::slice::from_ref(format),
            Asked::All => &Format::ALL,
        };
        for format in these {
            if !formats.contains(format) {
                formats.push(*format);
            }
        }
    }
    formats
}

/// An option that none of the formats has a place for would silently do nothing.
fn options(args: &Args, formats: &[Format]) -> anyhow::Result<Options<'static>> {
    let place = |asked: bool, option: &str, has: fn(Format) -> bool| {
        if !asked || formats.iter().any(|format| has(*format)) {
            return Ok(());
        }
        let names = Format::ALL.into_iter().filter(|format| has(*format)).map(Format::name);
        let names = names.collect::<Vec<_>>().join(", ");
        Err(wrong_use(format!("{option} has no place in what was asked for; these have one: {names}")))
    };
    place(args.words, "--words", Format::has_words)?;
    place(args.evidence, "--evidence", Format::has_evidence)?;
    place(args.front_matter, "--front-matter", Format::has_front_matter)?;
    place(args.single_file, "--single-file", |format| format == Format::Html)?;
    if let Some(option) = args.frames.asked() {
        place(true, option, Format::has_timecode)?;
    }
    Ok(Options {
        words: args.words,
        evidence: args.evidence,
        captions: args.captions.rules()?,
        front_matter: args.front_matter,
        timecode: args.frames.timecode()?,
        sound: None,
    })
}

fn check_stdout(formats: &[Format]) -> anyhow::Result<()> {
    match formats {
        [format] if format.is_binary() && io::stdout().is_terminal() => Err(wrong_use(format!(
            "{} is nothing for a terminal; redirect it, or name a file with --output",
            format.name()
        ))),
        [_] => Ok(()),
        _ => Err(wrong_use("only one format at a time can go to stdout; give a folder to --output instead")),
    }
}

/// What part of the session is told. A speaker may be named in any case, or by the track.
fn selection(args: &Args, session: &Session) -> anyhow::Result<Selection> {
    let sources = session.manifest.sources.iter().map(|source| (name(&source.name), name(&source.track)));
    let said = session.utterances.iter().map(|said| (name(&said.speaker), name(&said.speaker)));
    let known: Vec<(String, String)> = sources.chain(said).collect();
    let speaker = |asked: &String| {
        let wanted = name(asked);
        let lower = wanted.to_lowercase();
        let exact = known.iter().find(|(speaker, _)| *speaker == wanted);
        let alike =
            || known.iter().find(|(speaker, track)| speaker.to_lowercase() == lower || *track == wanted);
        if let Some((speaker, _)) = exact.or_else(alike) {
            return Ok(speaker.clone());
        }
        let near = nearest(&wanted, known.iter().map(|(speaker, _)| speaker.as_str()));
        let hint = near.map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
        Err(wrong_use(format!("nobody is named {wanted:?} in this session{hint}; `hansard show` lists all")))
    };
    let default = Selection::default();
    let speakers = args.speaker.iter().map(speaker).collect::<anyhow::Result<Vec<_>>>()?;
    let selection = Selection {
        speakers: speakers.into_iter().flat_map(|speaker| people_of(session, speaker)).collect(),
        from: args.from.unwrap_or(default.from),
        to: args.to.unwrap_or(default.to),
        withheld: args.withheld,
    };
    if selection.from >= selection.to {
        return Err(wrong_use("--to must be later than --from"));
    }
    Ok(selection)
}

/// Who is meant by a name: whoever is called so; where that is only a place, all voices that are heard there.
fn people_of(session: &Session, speaker: String) -> Vec<String> {
    let shown = || session.utterances.iter().filter(|said| said.is_shown());
    if shown().any(|said| name(&said.speaker) == speaker) {
        return vec![speaker];
    }
    let is_there = |track: &str| session.source(track).is_some_and(|source| name(&source.name) == speaker);
    let mut people = vec![speaker.clone()];
    let voiced = shown().filter(|said| session.names.voice_of(said).is_some());
    for said in voiced.filter(|said| is_there(&said.track)) {
        let who = name(&said.speaker);
        if !people.contains(&who) {
            people.push(who);
        }
    }
    people
}

/// The tracks' fingerprints; a note to the user who waits for them.
fn files(session: &Session) -> Vec<evidence::TrackFile> {
    let bytes = evidence::total_bytes(session);
    if bytes > UNNOTICED_MAX {
        say(format_args!("reading {} of sound for the tracks' SHA-256 …", size(bytes)));
    }
    evidence::track_files(session, u64::MAX)
}

fn exit(error: ExportError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}
