//! `hansard record`: from the devices to the minutes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;

use super::console::{self, print_result, say};
use super::described::Described;
use super::devices::quietly;
use super::show_news::Shown;
#[cfg(unix)]
use super::signals;
use super::signals::Signals;
use super::text::{Languages, Speakers, quoted};
use super::transcribe::final_pass;
use super::{Exit, wrong_use};
use crate::base::duration;
use crate::base::languages::DocumentLanguage;
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::desktop::Desktop;
use crate::engine::defaults::{Configured, configured_sources};
use crate::engine::plan::{Plan, TextPlan, Wish};
use crate::engine::spec::{SourceSpec, settle_names};
use crate::engine::{Ended, Engine, EngineError, Recorded};
use crate::export::wording;
use crate::live::Subscription;
use crate::recognisers::engine::Engine as TextEngine;
use crate::session::details::Details;
use crate::session::folder::Folder;

mod in_title;
#[cfg(unix)]
mod keys;
mod look;
mod report;
mod served;
#[cfg(unix)]
mod steer;

use in_title::InTitle;
pub(super) use look::Look;
use report::report;
pub(super) use report::{print_place, say_minutes};

/// How files and scripts are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PaceArg {
    /// Like devices, at their rate
    Real,
    /// As fast as the machine can
    Max,
}

/// What is said where a folder can't be synced.
const NAMES_NOT_KEPT: &str = "this file system can't sync folders (a network share, FUSE or FAT): what is \
    recorded is written and synced as always, but a power cut may take the name of a file that has just begun";

/// Arguments of `record`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Title of the meeting
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    #[command(flatten)]
    described: Described,
    /// Show a sentence to be read out, that this meeting is recorded, and play a chime (record.chime). When
    /// that was stands in the minutes
    #[arg(long)]
    announce: bool,
    /// What to record: NAME=mic or NAME=mic:ID, the same with loopback, NAME=file:PATH or NAME=synth:SCRIPT;
    /// append #N to record one channel. Without any: those in the config, else the default microphone and
    /// loopback
    #[arg(long = "source", value_name = "NAME=SPEC")]
    sources: Vec<SourceSpec>,
    /// Stop after this long: 90s, 45m, 1h30m, 00:12:30
    #[arg(long = "for", value_name = "DUR", value_parser = duration::parse)]
    duration: Option<Duration>,
    /// Folder of the recordings
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How file and synth sources are delivered
    #[arg(long, value_enum, default_value = "real")]
    pace: PaceArg,
    /// Record only; `hansard transcribe` makes the text later
    #[arg(long)]
    no_transcribe: bool,
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
    /// Serve the page on this machine while it is recorded, and print its address (`record.serve`)
    #[arg(long)]
    serve: bool,
    /// What it looks like: the view in a terminal, lines (for screen readers, too), or JSON [default: auto,
    /// the view where there is a terminal of at least 60×12, else lines]
    #[arg(long, value_name = "UI", value_parser = ["auto", "tui", "plain", "json"])]
    ui: Option<String>,
    /// Lines of text and the final report as JSON, an object per line: the same as --ui json
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
    if args.serve {
        config.set("record.serve", "true", "--serve")?;
    }
    let languages = Languages::read(&args.language, &mut config)?;
    let speakers = Speakers::read(&args.speakers)?;
    let (title, mut details) = args.described.read(args.title.as_deref(), None, &mut config)?;
    agreed(&mut details, &config);
    let look = Look::read(args.ui.as_deref(), args.json, &mut config)?;
    // Last: a setting that is set afterwards reads all of them anew.
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    let pace = match args.pace {
        PaceArg::Max => Pace::Max { limit: None },
        PaceArg::Real => Pace::Real,
    };
    let Configured { mut sources, lacks } = sources(&args.sources, &config)?;
    languages.apply(sources.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    speakers.apply(sources.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.speakers)))?;
    let wish = Wish {
        title,
        details,
        announce: announcement(args.announce, &config),
        pace,
        limit: args.duration,
        text: !args.no_transcribe && config.record.transcribe,
        partials: look.shows_partials(),
        sources,
        lacks,
        begun: None,
    };
    record(&wish, &config, look, args.out.is_none())
}

/// Records as without any flag.
pub(super) fn begin(mut config: Config) -> anyhow::Result<Exit> {
    let look = Look::read(None, false, &mut config)?;
    let Configured { sources, lacks } = sources(&[], &config)?;
    let text = config.record.transcribe;
    let mut details = Details::default();
    agreed(&mut details, &config);
    let announce = announcement(false, &config);
    let partials = look.shows_partials();
    let wish = Wish { details, announce, text, partials, lacks, ..Wish::new(sources) };
    record(&wish, &config, look, true)
}

/// That people agreed, where the settings say so of all meetings.
fn agreed(details: &mut Details, config: &Config) {
    if details.consent.is_none() && !config.record.consent.is_empty() {
        details.consent = Some(config.record.consent.clone());
    }
}

/// What tells those who are there that they are recorded, in the language of the documents, else of what is
/// spoken.
fn announcement(asked: bool, config: &Config) -> Option<String> {
    let language = config.export.language_in_force();
    let language = language
        .or_else(|| DocumentLanguage::find(&config.transcribe.language))
        .unwrap_or(DocumentLanguage::English);
    (asked || config.record.announce).then(|| wording::of(language).head.announcement.to_owned())
}

/// The sources of the command line, else those of the config, else the defaults that are there.
pub(super) fn sources(wanted: &[SourceSpec], config: &Config) -> anyhow::Result<Configured> {
    let mut configured = if wanted.is_empty() {
        quietly(|| configured_sources(config)).map_err(|error| wrong_use(error.to_string()))?
    } else {
        Configured { sources: wanted.to_vec(), lacks: Vec::new() }
    };
    configured.sources = settle_names(configured.sources).map_err(|error| wrong_use(error.to_string()))?;
    Ok(configured)
}

/// What is wrong with the input is wrong use, the rest is a failure.
pub(super) fn engine_error(error: EngineError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

/// Sound files that have become a session.
pub(super) struct Imported {
    pub(super) dir: PathBuf,
    /// Whether something of them is lost, or the whole has failed.
    pub(super) exit: Exit,
    /// Where every frame of it is.
    pub(super) account: serde_json::Value,
    pub(super) errors: Vec<String>,
}

/// Makes a session of sound files, without text. What is interrupted before they are read to their end has
/// failed, which is said.
/// `begun` is told the session's folder once there is one.
pub(super) fn import(
    wish: &Wish,
    config: &Config,
    json: bool,
    begun: &mut dyn FnMut(&Path),
) -> anyhow::Result<Imported> {
    let mut signals = Signals::new().context("can't take signals over")?;
    let look = if json { Look::Json } else { Look::Plain };
    let (folder, ended) = conduct(wish, config, look, Beside::default(), &mut signals, begun)?;
    let (dir, asked) = (folder.path(), ended.asked);
    let (mut exit, account, errors) = report::judge(&dir, &ended, "read in");
    if asked {
        say(format_args!(
            "the sound was not read to its end; give the same command again ({} can be removed)",
            quoted(&dir)
        ));
        exit = Exit::Failed;
    }
    Ok(Imported { dir, exit, account, errors })
}

/// Records and transcribes; the exit code says how it went. `last` says whether the session can be called so.
fn record(wish: &Wish, config: &Config, look: Look, last: bool) -> anyhow::Result<Exit> {
    let (dir, exit) = record_session(wish, config, (look, last))?;
    if wish.text && exit != Exit::Failed {
        final_pass::start(&dir, config);
    }
    Ok(exit)
}

/// The same, and where the session lies.
pub(super) fn record_session(
    wish: &Wish,
    config: &Config,
    (look, last): (Look, bool),
) -> anyhow::Result<(PathBuf, Exit)> {
    // Before there is any other thread.
    #[cfg(unix)]
    if let Err(error) = signals::outlive_stops().and_then(|()| signals::tell_stops()) {
        tracing::warn!(%error, "the terminal can stop this recording (Ctrl-Z)");
    }
    let mut signals = Signals::new().context("can't take signals over")?;
    let beside = Beside { notify: config.record.notify, serve: config.record.serve };
    let (folder, mut ended) = conduct(wish, config, look, beside, &mut signals, &mut |_| {})?;
    let mut shown = None;
    let recorded = wish.text.then(|| {
        let outcome = std::mem::replace(&mut ended.outcome, crate::actors::transcriber::Outcome::Complete);
        let begun = |news: &crate::live::Bus| {
            say("the text is made once more, over longer stretches; Ctrl-C leaves it as it is");
            // Lines are not printed again: the minutes have them.
            shown = Some(Shown::of_transcribing(news, None));
        };
        Recorded::finish(folder.work(), config, outcome, begun, async || signals.next().await)
    });
    shown.into_iter().for_each(Shown::end);
    // Where it lies now, so that what is told last is true.
    let dir = folder.path();
    let exit = report(&dir, &ended, recorded.as_ref(), (look == Look::Json, last));
    Ok((dir, exit))
}

/// What goes on beside a recording.
#[derive(Debug, Clone, Copy, Default)]
struct Beside {
    /// The desktop is told.
    notify: bool,
    /// There is a page.
    serve: bool,
}

/// Records and transcribes until the end, however it comes about: the session, and how it ended.
fn conduct(
    wish: &Wish,
    config: &Config,
    look: Look,
    beside: Beside,
    signals: &mut Signals,
    begun: &mut dyn FnMut(&Path),
) -> anyhow::Result<(Arc<Folder>, Ended)> {
    let plan = quietly(|| Plan::new(wish, config)).map_err(engine_error)?;
    let title = plan.title.clone().unwrap_or_default();
    if let TextPlan::Later(reason) = &plan.text {
        say(reason);
        say("the recording runs without text; `hansard transcribe` makes it later");
    }
    if let TextPlan::With(engine) = &plan.text {
        say_where_sent(&**engine, look == Look::Json);
    }
    // From here on nothing waits for a reader of our output.
    console::start();
    let mut engine = Engine::start(plan, config).map_err(engine_error)?;
    if let Some(error) = engine.unlocked() {
        say(format_args!("{error}; other commands will not notice that it is in use"));
    }
    #[cfg(debug_assertions)]
    rehearse_crash(&engine);
    if !engine.keeps_names() {
        say(NAMES_NOT_KEPT);
    }
    let folder = engine.folder();
    begun(&folder.path());
    say(format_args!("recording into {}", folder.path().display()));
    let served = beside.serve.then(|| served::Served::begin(config, &folder, look == Look::Json));
    let mut shown = Shown::default();
    #[cfg(unix)]
    let page = served.as_ref().and_then(|served| served.address.clone());
    #[cfg(unix)]
    let mut steering = steer::Steering::begin(&engine, look, config, page);
    #[cfg(unix)]
    let viewed = steering.is_viewed();
    #[cfg(not(unix))]
    let viewed = false;
    let lines = Lines::new(look, config);
    if !viewed {
        lines.show(&mut shown, engine.follow(), engine.follow());
    }
    let is_live = matches!(wish.pace, Pace::Real);
    // The view has the terminal for itself, and its window's title.
    let in_title = (is_live && !viewed).then(|| InTitle::follow(engine.follow(), &title)).flatten();
    let desktop = if beside.notify { Desktop::follow(engine.follow(), title) } else { None };
    let _mending = super::recover::mend_beside(config);
    let ended = engine.block_on(async |engine| {
        #[cfg(unix)]
        let why = steering.until_end(engine, signals, (&mut shown, &lines)).await;
        #[cfg(not(unix))]
        let why = engine.until_end(async || signals.next().await).await;
        engine.finish(why, async || signals.next().await).await
    });
    drop((engine, served));
    shown.end();
    in_title.into_iter().for_each(InTitle::end);
    desktop.into_iter().for_each(Desktop::end);
    Ok((folder, ended.context("the recorder has no threads")?))
}

/// Says that what is said leaves this computer, before any of it does. A program is told by an object.
pub(super) fn say_where_sent(engine: &dyn TextEngine, json: bool) {
    let Some(host) = engine.sends_to() else { return };
    say(format_args!("what is said is sent to {host}, which makes the text (transcribe.url)"));
    if json {
        print_result(serde_json::json!({ "sent_to": host }));
    }
}

/// For the tests, in builds that are made for them: `HANSARD_TEST_CRASH` names an actor that panics a second
/// after the start.
#[cfg(debug_assertions)]
fn rehearse_crash(engine: &Engine) {
    use crate::actors::Role;
    let role = match std::env::var("HANSARD_TEST_CRASH").as_deref() {
        Ok("recorder") => Role::Recorder,
        Ok("writer") => Role::Writer,
        Ok("device_capture") => Role::DeviceCapture,
        Ok("control") => Role::Control,
        Ok("transcriber") => Role::Transcriber,
        Ok("denoiser") => Role::Denoiser,
        Ok("segmenter") => Role::Segmenter,
        _ => return,
    };
    engine.crash(role, Duration::from_secs(1));
}

/// News that are shown line by line.
struct Lines {
    json: bool,
    status_every: Option<Duration>,
}

impl Lines {
    fn new(look: Look, config: &Config) -> Self {
        let every = config.record.status_every_s;
        Self { json: look == Look::Json, status_every: (every > 0.0).then(|| Duration::from_secs_f64(every)) }
    }

    /// Shows the lines of these news, and what happens besides of those.
    fn show(&self, shown: &mut Shown, lines: Subscription, notices: Subscription) {
        shown.lines(lines, self.json);
        self.notices(shown, notices);
    }

    fn notices(&self, shown: &mut Shown, notices: Subscription) {
        shown.notices(notices, self.status_every);
    }
}
