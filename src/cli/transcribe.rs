//! `hansard transcribe`: a session again, or sound files that become one, or each of them one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::console::{self, print_result, say};
use super::dated;
use super::described::Described;
use super::record::{self, Imported, print_place, say_minutes};
use super::show_news::Shown;
use super::signals::Signals;
use super::text::{Languages, Speakers, quoted, text_error};
use super::{Exit, export, show, wrong_use};
use crate::audio::decode::SoundFile;
use crate::audio::sides;
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::engine::plan::{Begun, Wish};
use crate::engine::spec::{SourceSpec, SpecKind, settle_names};
use crate::engine::text::{self, Choice};
use crate::engine::transcribe::{How, TranscribeError, final_pass_stands, transcribe};
use crate::recognisers::engine::Engine;
use crate::recognisers::lasting::Lasting;
use crate::session::manifest::State;
use crate::session::read;
use crate::speech::work::Pass;

pub(super) mod each;
pub(super) mod final_pass;

/// Arguments of `transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session (its path, its id, or `last`), or sound files: one of all, or one per speaker. NAME=FILE
    /// names a speaker; FILE#2 is a channel, FILE#track2 a sound track of a file
    #[arg(required = true, value_name = "S|FILE")]
    inputs: Vec<PathBuf>,
    /// A session of each file, instead of one of them all; what fails is named at the end
    #[arg(long, conflicts_with_all = ["title", "resume"])]
    each: bool,
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
    #[command(flatten)]
    text: TextArgs,
    /// Go on where the text of the session ends, instead of doing it again
    #[arg(long)]
    resume: bool,
    /// The final pass: by the model of transcribe.final_model (or --model), with what nobody else wants of
    /// this machine; goes on where it was interrupted, and renews the exports
    #[arg(long = "final", conflicts_with_all = ["each", "resume", "long", "title", "name", "date"])]
    last: bool,
}

/// How text is made, and told.
#[derive(Debug, clap::Args)]
pub(super) struct TextArgs {
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
    /// Lines of text and the final report as JSON, an object per line
    #[arg(long)]
    pub(super) json: bool,
}

/// The same, read and checked, with the settings that it changes.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) config: Config,
    languages: Languages,
    speakers: Speakers,
    long: bool,
    resume: bool,
    /// It is the final pass, by this model.
    last: Option<String>,
    json: bool,
    /// Recognisers that go on from file to file, where there are several.
    lasting: Option<Arc<Lasting>>,
}

/// A session whose text was made, or left for later.
pub(super) struct Made {
    pub(super) dir: PathBuf,
    pub(super) exit: Exit,
    /// Why text is missing.
    pub(super) pending: Option<String>,
    /// For programs.
    report: serde_json::Value,
}

/// What is said of a session that sound files become.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    title: Option<String>,
    described: Described,
    name: Option<String>,
    date: Option<Begun>,
}

impl TextArgs {
    /// Reads the flags into the settings.
    pub(super) fn read(&self, mut config: Config) -> anyhow::Result<Wanted> {
        for (key, value, flag) in [
            ("transcribe.model", &self.model, "--model"),
            ("transcribe.vocabulary", &self.vocabulary, "--vocabulary"),
        ] {
            if let Some(value) = value {
                config.set(key, value, flag)?;
            }
        }
        let languages = Languages::read(&self.language, &mut config)?;
        let speakers = Speakers::read(&self.speakers)?;
        Ok(Wanted {
            config,
            languages,
            speakers,
            long: self.long,
            resume: false,
            last: None,
            json: self.json,
            lasting: None,
        })
    }

    /// The same for files that become a session each: a flag for a single source would fit one of them.
    pub(super) fn read_for_each(&self, config: Config) -> anyhow::Result<Wanted> {
        let of_one = |flags: &[String]| flags.iter().any(|flag| flag.contains('='));
        for (flag, values) in [("--language", &self.language), ("--speakers", &self.speakers)] {
            if of_one(values) {
                return Err(wrong_use(format!("{flag} NAME=… names one source; here it is for all files")));
            }
        }
        let wanted = self.read(config)?;
        wanted.choose([None].into_iter())?;
        Ok(wanted)
    }
}

impl Wanted {
    /// Sessions go into this folder.
    pub(super) fn within(mut self, out: Option<&Path>) -> Self {
        if let Some(out) = out {
            self.config.paths.recordings = out.to_owned();
        }
        self
    }

    /// Whether a program reads what is told.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    fn pass(&self) -> Pass {
        if self.long || self.last.is_some() || self.config.transcribe.final_pass {
            Pass::Long
        } else {
            Pass::Plain
        }
    }

    /// The engine. Recording without text would be no answer here: that there is no model is wrong use,
    /// before anything is made.
    fn choose<'a>(
        &'a self,
        languages: impl Iterator<Item = Option<&'a str>>,
    ) -> anyhow::Result<Arc<dyn Engine>> {
        match text::choose_engine(&self.config, self.pass(), languages).map_err(text_error)? {
            Choice::Use(engine) => Ok(match &self.lasting {
                Some(lasting) => lasting.of(engine),
                None => engine,
            }),
            Choice::Later(reason) => Err(wrong_use(reason)),
        }
    }
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    let last = args.last.then(|| final_pass::begin(args.text.model.as_deref(), &mut config)).transpose()?;
    let wanted = if args.each { args.text.read_for_each(config)? } else { args.text.read(config)? };
    let wanted = Wanted { resume: args.resume, last, ..wanted.within(args.out.as_deref()) };
    let labels = Labels {
        title: args.title.clone(),
        described: args.described.clone(),
        name: args.name.clone(),
        date: args.date.clone(),
    };
    if args.each {
        return each::run(&args.inputs, &labels, &wanted);
    }
    let specs = args
        .inputs
        .iter()
        .map(|input| SourceSpec::of_input(input).transpose().map_err(|error| wrong_use(error.to_string())));
    let specs: Vec<Option<SourceSpec>> = specs.collect::<anyhow::Result<_>>()?;
    let of_files = specs.iter().any(Option::is_some) || specs.len() > 1;
    if of_files && wanted.last.is_some() {
        return Err(wrong_use("--final is for one session whose text is there already"));
    }
    let made = if of_files {
        let specs = specs.into_iter().zip(&args.inputs);
        let specs = specs.map(|(spec, path)| spec.unwrap_or_else(|| SourceSpec::of_file(path))).collect();
        transcribe_files(specs, &labels, &wanted, &mut |_| {})?
    } else {
        transcribe_named(&args.inputs[0], &labels, &wanted)?
    };
    if args.text.json {
        print_result(&made.report);
    } else {
        if made.exit != Exit::Failed {
            let last = of_files && args.out.is_none();
            say_minutes(&made.dir, &if last { "last".to_owned() } else { quoted(&made.dir) });
        }
        print_place(&made.dir);
    }
    Ok(made.exit)
}

/// A session that there is already.
fn transcribe_named(input: &Path, labels: &Labels, wanted: &Wanted) -> anyhow::Result<Made> {
    let given = [
        ("--title", labels.title.is_some()),
        ("--name", labels.name.is_some()),
        ("--date", labels.date.is_some()),
    ];
    if let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) {
        let why = "is for sound files that become a session; this session has its own";
        return Err(wrong_use(format!("{flag} {why}")));
    }
    if let Some(flag) = labels.described.given() {
        let edit = "is for sound files that become a session; `hansard edit` says it of this one";
        return Err(wrong_use(format!("{flag} {edit}")));
    }
    let name = input.to_string_lossy();
    let dir = read::resolve(&wanted.config.paths.recordings, &name)
        .map_err(|error| wrong_use(format!("{name} is neither a sound file nor a session: {error}")))?;
    transcribe_session(&dir, wanted, None)
}

/// Where a session of sound files stands.
pub(super) enum Stage<'a> {
    /// It was begun, in this folder.
    Begun(&'a Path),
    /// All sound is read in; its text can be interrupted and gone on with.
    ReadIn(&'a Path),
}

/// Sound files become a session: a recording of them at full speed, and then its text. `told` hears how far
/// it is.
pub(super) fn transcribe_files(
    specs: Vec<SourceSpec>,
    labels: &Labels,
    wanted: &Wanted,
    told: &mut dyn FnMut(Stage<'_>),
) -> anyhow::Result<Made> {
    if wanted.resume {
        return Err(wrong_use("--resume goes on with a session; sound files become a new one"));
    }
    let mut specs = specs;
    if let Some(name) = &labels.name {
        match &mut specs[..] {
            [spec] if SourceSpec::is_name(name) => (spec.name, spec.derived) = (name.clone(), false),
            [_] => return Err(wrong_use(format!("the name {name:?} can't stand in the minutes"))),
            _ => return Err(wrong_use("--name is for one file; write NAME=FILE for each of several")),
        }
    }
    if !wanted.json {
        specs.iter().for_each(offer);
    }
    let begun = labels.date.clone().unwrap_or_else(|| dated::of_files(&specs));
    let mut wanted = wanted.clone();
    let (title, details) =
        labels.described.read(labels.title.as_deref(), Some(&begun.at), &mut wanted.config)?;
    let (wanted, begun) = (&wanted, Some(begun));
    let mut specs = settle_names(specs).map_err(|error| wrong_use(error.to_string()))?;
    wanted.languages.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    wanted.speakers.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.speakers)))?;
    wanted.choose(specs.iter().map(|spec| spec.language.as_deref()))?;
    let title = title.or_else(|| specs.first().map(|spec| spec.name.clone()));
    let wish =
        Wish { title, details, pace: Pace::Max { limit: None }, text: false, begun, ..Wish::new(specs) };
    let begun = &mut |dir: &Path| told(Stage::Begun(dir));
    let imported = record::import(&wish, &wanted.config, wanted.json, begun)?;
    if imported.exit == Exit::Failed {
        let pending = "the sound could not be read in".to_owned();
        let (dir, account, errors) = (imported.dir, imported.account, imported.errors);
        let report = serde_json::json!({
            "session": dir.to_string_lossy(), "account": account, "errors": errors, "text_pending": pending,
        });
        return Ok(Made { dir, exit: Exit::Failed, pending: Some(pending), report });
    }
    told(Stage::ReadIn(&imported.dir));
    let made = transcribe_session(&imported.dir, wanted, Some(&imported))?;
    let exit = if made.exit == Exit::Well { imported.exit } else { made.exit };
    Ok(Made { exit, ..made })
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

/// The text of a session; that of one whose text was interrupted is gone on with, if that is wanted.
fn transcribe_session(dir: &Path, wanted: &Wanted, imported: Option<&Imported>) -> anyhow::Result<Made> {
    // Nothing is put into a folder that is not a session, not even a lock.
    let manifest = read::read_manifest(dir).map_err(show::exit)?;
    let mut sources = manifest.sources;
    wanted.languages.apply(sources.iter_mut().map(|source| (source.name.as_str(), &mut source.language)))?;
    wanted.speakers.apply(sources.iter_mut().map(|source| (source.name.as_str(), &mut source.speakers)))?;
    let engine = wanted.choose(sources.iter().map(|source| source.language.as_deref()))?;
    record::say_where_sent(&*engine, wanted.json);
    let goes_on = |model: &String| final_pass_stands(dir, model).map_err(transcribe_error);
    let resume = wanted.resume || wanted.last.as_ref().map(goes_on).transpose()?.unwrap_or(false);
    let how = How { engine, sources, pass: wanted.pass(), resume, final_model: wanted.last.clone() };
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
        shown = Some(Shown::of_transcribing(news, Some(wanted.json)));
    };
    let done = transcribe(dir, &wanted.config, &how, begun, async || signals.next().await);
    shown.into_iter().for_each(Shown::end);
    let done = done.map_err(transcribe_error)?;
    for problem in &done.problems {
        say(problem);
    }
    let pending = done.pending;
    match &pending {
        Some(reason) => {
            let (dir, how) = (quoted(dir), if wanted.last.is_some() { "--final" } else { "--resume" });
            say(format_args!("not finished ({reason}); go on with: hansard transcribe {how} {dir}"));
        }
        None if wanted.last.is_some() => export::renew(dir, &wanted.config, false),
        None => {}
    }
    let mut report = serde_json::json!({ "session": dir.to_string_lossy(), "text_pending": pending });
    if let Some(imported) = imported {
        report["account"] = imported.account.clone();
        report["errors"] = serde_json::json!(imported.errors);
    }
    let exit = if pending.is_some() { Exit::Failed } else { Exit::Well };
    Ok(Made { dir: dir.into(), exit, pending, report })
}

/// Goes on with the text of a session that was interrupted.
pub(super) fn go_on(dir: &Path, wanted: &Wanted) -> anyhow::Result<Made> {
    let wanted = Wanted { last: None, resume: true, ..wanted.clone() };
    transcribe_session(dir, &wanted, None)
}

/// Whether an error is the input's, rather than the machine's.
pub(super) fn is_wrong_use(error: &anyhow::Error) -> bool {
    error.is::<super::WrongUse>() || error.is::<crate::config::ConfigError>()
}

impl Made {
    /// What a program is told of it, as one of several files.
    pub(super) fn report_of(&self, file: &Path) -> serde_json::Value {
        let mut report = self.report.clone();
        report["file"] = file.to_string_lossy().into();
        report["exit"] = (self.exit as u8).into();
        report
    }
}

/// Wrong input is 1, a failing machine 3.
fn transcribe_error(error: TranscribeError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}
