//! `hansard transcribe`: a session again, or sound files that become one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::console::{self, print_result, say};
use super::dated;
use super::described::Described;
use super::record::{self, Imported};
use super::show_news::Shown;
use super::signals::Signals;
use super::text::{Languages, Speakers, quoted, text_error};
use super::{Exit, show, wrong_use};
use crate::audio::decode::SoundFile;
use crate::audio::sides;
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::engine::plan::{Begun, Wish};
use crate::engine::spec::{SourceSpec, SpecKind, settle_names};
use crate::engine::text::{self, Choice};
use crate::engine::transcribe::{How, TranscribeError, transcribe};
use crate::session::manifest::State;
use crate::session::read;
use crate::speech::work::Pass;

/// Arguments of `transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session (its path, its id, or `last`), or sound files: one of all, or one per speaker. NAME=FILE
    /// names a speaker; FILE#2 is a channel, FILE#track2 a sound track of a file
    #[arg(required = true, value_name = "S|FILE")]
    inputs: Vec<PathBuf>,
    /// Folder of the recordings, for the session that the files become
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Title of that session [default: the first file's name]
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    #[command(flatten)]
    described: Described,
    /// Name of the speaker, of a single sound file [default: the file's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// When the sound files were recorded, as 2026-10-02T14:30 or 2026-10-02 [default: as they say, else the
    /// day of the file]
    #[arg(long, value_name = "WHEN", value_parser = dated::parse)]
    date: Option<Begun>,
    /// Model to transcribe with, by name or path [default: the best one installed]
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Language that is spoken (de, en, fr, …), of all or, as NAME=L, of one source [default: detected]
    #[arg(long, value_name = "L")]
    language: Vec<String>,
    /// Most people that one microphone hears, of all or, as NAME=N, of one source; 1 tells no voices apart
    /// [default: as many as are found]
    #[arg(long, value_name = "N")]
    speakers: Vec<String>,
    /// Names and terms to expect, with commas between them
    #[arg(long, value_name = "WORDS")]
    vocabulary: Option<String>,
    /// Recognise over stretches of up to 28 s instead of segment by segment, as the final pass after a
    /// recording does
    #[arg(long)]
    long: bool,
    /// Go on where the text of the session ends, instead of doing it again
    #[arg(long)]
    resume: bool,
    /// Lines of text and the final report as JSON, an object per line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    for (key, value, flag) in [
        ("transcribe.model", &args.model, "--model"),
        ("transcribe.vocabulary", &args.vocabulary, "--vocabulary"),
    ] {
        if let Some(value) = value {
            config.set(key, value, flag)?;
        }
    }
    let languages = Languages::read(&args.language, &mut config)?;
    let speakers = Speakers::read(&args.speakers)?;
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    let specs = args
        .inputs
        .iter()
        .map(|input| SourceSpec::of_input(input).transpose().map_err(|error| wrong_use(error.to_string())));
    let specs: Vec<Option<SourceSpec>> = specs.collect::<anyhow::Result<_>>()?;
    if specs.iter().any(Option::is_some) || specs.len() > 1 {
        let specs = specs.into_iter().zip(&args.inputs);
        let specs = specs.map(|(spec, path)| spec.unwrap_or_else(|| SourceSpec::of_file(path))).collect();
        return transcribe_files(specs, args, config, (&languages, &speakers));
    }
    for (flag, given) in
        [("--title", args.title.is_some()), ("--name", args.name.is_some()), ("--date", args.date.is_some())]
    {
        if given {
            let why = "is for sound files that become a session; this session has its own";
            return Err(wrong_use(format!("{flag} {why}")));
        }
    }
    if let Some(flag) = args.described.given() {
        let edit = "is for sound files that become a session; `hansard edit` says it of this one";
        return Err(wrong_use(format!("{flag} {edit}")));
    }
    let name = args.inputs[0].to_string_lossy();
    let dir = read::resolve(&config.paths.recordings, &name)
        .map_err(|error| wrong_use(format!("{name} is neither a sound file nor a session: {error}")))?;
    transcribe_session(&dir, args, &config, (&languages, &speakers), None)
}

/// Sound files become a session: a recording of them at full speed, and then its text, which can be
/// interrupted and gone on with.
fn transcribe_files(
    specs: Vec<SourceSpec>,
    args: &Args,
    mut config: Config,
    (languages, speakers): (&Languages, &Speakers),
) -> anyhow::Result<Exit> {
    if args.resume {
        return Err(wrong_use("--resume goes on with a session; sound files become a new one"));
    }
    let mut specs = specs;
    if let Some(name) = &args.name {
        match &mut specs[..] {
            [spec] if SourceSpec::is_name(name) => (spec.name, spec.derived) = (name.clone(), false),
            [_] => return Err(wrong_use(format!("the name {name:?} can't stand in the minutes"))),
            _ => return Err(wrong_use("--name is for one file; write NAME=FILE for each of several")),
        }
    }
    if !args.json {
        specs.iter().for_each(offer);
    }
    let begun = args.date.clone().unwrap_or_else(|| dated::of_files(&specs));
    let (title, details) = args.described.read(args.title.as_deref(), Some(&begun.at), &mut config)?;
    let (begun, config) = (Some(begun), &config);
    let mut specs = settle_names(specs).map_err(|error| wrong_use(error.to_string()))?;
    languages.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    speakers.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.speakers)))?;
    // Recording without text would be no answer here: no model is an error before anything is made.
    if let Choice::Later(reason) =
        text::choose_engine(config, Pass::Plain, specs.iter().map(|spec| spec.language.as_deref()))
            .map_err(text_error)?
    {
        return Err(wrong_use(reason));
    }
    let title = title.or_else(|| specs.first().map(|spec| spec.name.clone()));
    let wish =
        Wish { title, details, pace: Pace::Max { limit: None }, text: false, begun, ..Wish::new(specs) };
    let imported = record::import(&wish, config, args.json)?;
    if imported.exit == Exit::Failed {
        if args.json {
            let (dir, account, errors) = (&imported.dir, &imported.account, &imported.errors);
            let pending = "the sound could not be read in";
            print_result(serde_json::json!({
                "session": dir.to_string_lossy(), "account": account, "errors": errors, "text_pending": pending,
            }));
        }
        return Ok(Exit::Failed);
    }
    let exit = transcribe_session(&imported.dir, args, config, (languages, speakers), Some(&imported))?;
    Ok(if exit == Exit::Well { imported.exit } else { exit })
}

/// Says what is in a file beyond what is taken, and how it is had: other sound tracks, a speaker on each
/// side.
fn offer(spec: &SourceSpec) {
    let SpecKind::File(path) = &spec.kind else { return };
    // What is wrong with it is told when it is read.
    let Ok(mut file) = SoundFile::open_track(path, spec.sound_track) else { return };
    let name = path.display();
    let tracks = file.tracks();
    if tracks.len() > 1 && spec.sound_track.is_none() {
        let kinds = tracks.iter().enumerate().map(|(n, track)| {
            let channels = track.channels.map(|channels| format!(", {channels} ch")).unwrap_or_default();
            let language =
                track.language.as_ref().map(|language| format!(", {language}")).unwrap_or_default();
            format!("#track{} ({}{channels}{language})", n + 1, track.codec.as_deref().unwrap_or("unknown"))
        });
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        say(format_args!("{name} has {} sound tracks: {kinds}; one is taken here", tracks.len()));
        let each =
            (1..=tracks.len()).map(|n| quoted(format!("Track {n}={name}#track{n}").as_ref()).to_string());
        say(format_args!(
            "each as a track of its own: hansard transcribe {}",
            each.collect::<Vec<_>>().join(" ")
        ));
    }
    if spec.channel.is_none() && matches!(sides::are_two_speakers(&mut file), Ok(true)) {
        let track = spec.sound_track.map(|track| format!("#track{track}")).unwrap_or_default();
        let [left, right] = [("Left", 1), ("Right", 2)]
            .map(|(side, n)| quoted(format!("{side}={name}{track}#{n}").as_ref()).to_string());
        say(format_args!(
            "{name} has a speaker on each side; as two speakers: hansard transcribe {left} {right}"
        ));
    }
}

fn transcribe_session(
    dir: &Path,
    args: &Args,
    config: &Config,
    (languages, speakers): (&Languages, &Speakers),
    imported: Option<&Imported>,
) -> anyhow::Result<Exit> {
    // Nothing is put into a folder that is not a session, not even a lock.
    let manifest = read::read_manifest(dir).map_err(show::exit)?;
    let mut sources = manifest.sources;
    languages.apply(sources.iter_mut().map(|source| (source.name.as_str(), &mut source.language)))?;
    speakers.apply(sources.iter_mut().map(|source| (source.name.as_str(), &mut source.speakers)))?;
    let of_sources = sources.iter().map(|source| source.language.as_deref());
    let pass = if args.long || config.transcribe.final_pass { Pass::Long } else { Pass::Plain };
    let engine = match text::choose_engine(config, pass, of_sources).map_err(text_error)? {
        Choice::Use(engine) => engine,
        Choice::Later(reason) => return Err(wrong_use(reason)),
    };
    let how = How { engine, sources, pass, resume: args.resume };
    let mut signals = Signals::new().context("can't take signals over")?;
    let mut shown = None;
    let begun = |news: &crate::live::Bus| {
        if manifest.state == State::Recording {
            say(
                "this session was not finished in order; its text is made as far as its sound goes; hansard recover mends it",
            );
        }
        // From here on nothing waits for a reader of our output.
        console::start();
        shown = Some(Shown::of_transcribing(news, Some(args.json)));
    };
    let done = transcribe(dir, config, &how, begun, async || signals.next().await);
    shown.into_iter().for_each(Shown::end);
    let done = done.map_err(transcribe_error)?;
    for problem in &done.problems {
        say(problem);
    }
    let pending = done.pending;
    if let Some(reason) = &pending {
        let dir = quoted(dir);
        say(format_args!("not finished ({reason}); go on with: hansard transcribe --resume {dir}"));
    }
    if args.json {
        let mut report = serde_json::json!({ "session": dir.to_string_lossy(), "text_pending": pending });
        if let Some(imported) = imported {
            report["account"] = imported.account.clone();
            report["errors"] = serde_json::json!(imported.errors);
        }
        print_result(report);
    } else {
        print_result(dir.display());
    }
    Ok(if pending.is_some() { Exit::Failed } else { Exit::Well })
}

/// Wrong input is 1, a failing machine 3.
fn transcribe_error(error: TranscribeError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}
