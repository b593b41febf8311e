//! `hansard voices enrol`, `list`, `forget`, `clear`: people who are known by their voices, and who agreed to
//! it.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use jiff::Zoned;
use serde_json::{Value, json};

use super::console::{print_result, say};
use super::text::quoted;
use super::{Exit, show, wrong_use};
use crate::base::text::{clean, count, length, wrap};
use crate::config::Config;
use crate::engine::enrolled::{self, ClearError, Forgotten};
use crate::engine::spec::{SourceSpec, SpecKind};
use crate::session::heard::{self, Heard};
use crate::session::read;
use crate::session::reading::Session;
use crate::session::voices;
use crate::speakers::enrolled::{
    Consent, EmbeddedBy, Enrolled, EnrolledError, Person, Recording, add, checked_name, checked_note,
};
use crate::speakers::recognise::likeness;
use crate::speakers::worker::Ear;
use crate::speech::enrol::{self, LISTENED_S, Sounds};
use crate::speech::voices::ear;

/// Columns of a line.
const COLUMNS: usize = 80;
/// Recordings of one person that are less like each other than this may be of two people.
const UNLIKE: f32 = 0.38;
/// Two people whose voices are more like than this will be taken for each other.
const ALIKE: f32 = 0.50;

/// What is done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Let somebody who agreed to it be recognised in later meetings by the voice
    Enrol(EnrolArgs),
    /// List the people who are known by their voices
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget somebody's voice, here and in all sessions
    Forget {
        /// Name of that person
        name: String,
        /// Folder of the recordings
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete what the voices of a session sound like; names and lines stay
    Clear {
        /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
        #[arg(value_name = "S")]
        session: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `voices enrol`.
#[derive(Debug, clap::Args)]
pub struct EnrolArgs {
    /// Name of that person, as it shall stand in the minutes
    name: String,
    /// A voice of a session, as `hansard voices S` lists it (last#2, last#room#1), the track of one person
    /// (last#carol), or sound files in which that person alone speaks: 10 s at least, 20 to 30 s are better.
    /// FILE#2 is a channel of a file
    #[arg(required = true, value_name = "S#V|FILE")]
    inputs: Vec<PathBuf>,
    /// Who agreed, to whom, when: it is stored with the voice
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
    /// Folder of the recordings
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(verb: &Verb, config: &Config) -> anyhow::Result<Exit> {
    match verb {
        Verb::Enrol(args) => enrol(args, config),
        Verb::List { json } => list(*json, config),
        Verb::Forget { name, out, json } => {
            let mut config = config.clone();
            if let Some(out) = out {
                config.paths.recordings.clone_from(out);
            }
            forget(name, *json, &config)
        }
        Verb::Clear { session, json } => clear(session, *json, config),
    }
}

fn exit(error: EnrolledError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

/// The folder of people; an error where nothing says where it is.
fn folder(config: &Config) -> anyhow::Result<&Path> {
    match config.paths.voices.as_os_str().is_empty() {
        true => Err(wrong_use("cannot tell where voices belong: set HOME, or HANSARD_VOICES to a folder")),
        false => Ok(&config.paths.voices),
    }
}

/// What somebody is to be enrolled with.
enum Input {
    File { path: PathBuf, channel: Option<u16>, sound_track: Option<u16> },
    Voice { session: Box<Session>, id: String },
}

impl Input {
    fn read(input: &Path, recordings: &Path) -> anyhow::Result<Self> {
        if let Some(spec) = SourceSpec::of_input(input) {
            let spec = spec.map_err(|error| wrong_use(error.to_string()))?;
            if let SpecKind::File(path) = spec.kind {
                return Ok(Self::File { path, channel: spec.channel, sound_track: spec.sound_track });
            }
        }
        let text = input.to_string_lossy();
        let (name, voice) = match text.split_once('#') {
            Some((name, voice)) => (name, Some(voice)),
            None => (&*text, None),
        };
        let dir = read::resolve(recordings, name).map_err(|error| {
            wrong_use(format!("{text} is neither a sound file nor a voice of a session (S#V): {error}"))
        })?;
        let session = Box::new(Session::open(&dir).map_err(show::exit)?);
        let voices = heard::voices(&session);
        let id = match (voice, &voices[..]) {
            (Some(asked), _) => match (heard::find(&voices, asked), track_of_one(&session, &voices, asked)) {
                (None, Some(track)) => track,
                _ => show::voice(&voices, asked)?.id.clone(),
            },
            (None, []) if session.manifest.sources.len() == 1 => session.manifest.sources[0].track.clone(),
            (None, [only]) => only.id.clone(),
            (None, _) => {
                let name = quoted(Path::new(name));
                return Err(wrong_use(format!(
                    "which voice of it? hansard voices {name} lists them; the first is {name}#1"
                )));
            }
        };
        Ok(Self::Voice { session, id })
    }

    /// What is stored of where a voice comes from.
    fn source(&self) -> String {
        match self {
            Self::File { path, channel, .. } => {
                let name = clean(&path.file_name().unwrap_or_default().to_string_lossy());
                let channel = channel.map(|channel| format!("#{channel}")).unwrap_or_default();
                format!("file {name}{channel}")
            }
            Self::Voice { session, id } => {
                let what = if voices::parts(id).is_some() { "voice" } else { "track" };
                format!("session {}, {what} {id}", clean(&session.manifest.id))
            }
        }
    }

    fn hear(&self, ear: &mut dyn Ear) -> anyhow::Result<Sounds> {
        match self {
            Self::File { path, channel, sound_track } => {
                enrol::of_file(ear, path, *channel, *sound_track).map_err(|error| {
                    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
                })
            }
            Self::Voice { session, id } => {
                enrolled::of_session(ear, session, id).map_err(|error| match error.is_failure() {
                    true => error.into(),
                    false => wrong_use(error.to_string()),
                })
            }
        }
    }
}

/// The track that somebody means by its name or that of its source, where no voices were told apart on it: it
/// is one person's by declaration, or has no text yet.
fn track_of_one(session: &Session, told: &[Heard], asked: &str) -> Option<String> {
    let is_told = |track: &str| told.iter().any(|voice| voice.track == track);
    let mut sources = session.manifest.sources.iter().filter(|source| !is_told(&source.track));
    let source = sources.find(|source| source.track == asked || clean(&source.name) == clean(asked));
    source.map(|source| source.track.clone())
}

fn enrol(args: &EnrolArgs, config: &Config) -> anyhow::Result<Exit> {
    let folder = folder(config)?;
    let name = checked_name(&args.name).map_err(exit)?;
    let recordings = args.out.as_ref().unwrap_or(&config.paths.recordings);
    let inputs = args.inputs.iter().map(|input| Input::read(input, recordings));
    let inputs: Vec<Input> = inputs.collect::<anyhow::Result<_>>()?;
    let consent = Consent { note: note(&name, args.consent.as_deref())?, date: Zoned::now().date() };
    let mut ear = ear()?;
    let mut taken = Vec::new();
    for input in &inputs {
        let source = input.source();
        let Sounds { seconds, centre, is_part } = input.hear(&mut *ear)?;
        if is_part {
            say(format_args!("{source}: its first {} were listened to", length(LISTENED_S as f64)));
        }
        taken.push(Recording {
            source,
            seconds,
            consent: consent.clone(),
            model: EmbeddedBy::ours(),
            centre,
        });
    }
    let known = Enrolled::read(folder).map_err(exit)?;
    warn(&name, &taken, &known);
    let person = add(folder, &name, taken.clone()).map_err(exit)?;
    if args.json {
        print_result(serde_json::to_string_pretty(&told(&person))?);
    } else {
        for recording in &taken {
            print_result(format_args!("{name}: {} from {}", length(recording.seconds), recording.source));
        }
        say(format_args!(
            "{name} will be recognised in what is transcribed from now on; hansard voices forget {} undoes it",
            quoted(Path::new(&name))
        ));
    }
    Ok(Exit::Well)
}

/// The note of the consent, as it was given or as it is asked for.
fn note(name: &str, given: Option<&str>) -> anyhow::Result<String> {
    if let Some(note) = given {
        return checked_note(note).map_err(exit);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(wrong_use(format!(
            "what a voice sounds like is personal: say with --consent that {name} agreed, as in --consent \"said so on 14 March, by mail\""
        )));
    }
    write!(
        io::stderr(),
        "Did {name} agree to be recognised by the voice? Note who agreed, to whom, when:\n> "
    )?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    checked_note(&line).map_err(|_| wrong_use("without a note of the consent nobody is enrolled"))
}

/// Says what will make trouble: a person's recordings that are unlike each other, and people who are alike.
fn warn(name: &str, taken: &[Recording], known: &Enrolled) {
    let ours = EmbeddedBy::ours();
    for recording in taken {
        let like = |person: &Person| likeness(&recording.centre, person, &ours);
        let source = &recording.source;
        if known.named(name).and_then(like).is_some_and(|like| like < UNLIKE) {
            say(format_args!(
                "{source}: this voice is unlike what {name} was enrolled with before; if it is somebody else, forget {name} and enrol again"
            ));
        }
        let others = known.people.iter().filter(|person| person.name != name);
        for other in others.filter(|other| like(other).is_some_and(|like| like >= ALIKE)) {
            let other = &other.name;
            say(format_args!(
                "{source}: this voice is like that of {other}, who is enrolled: neither will be named where they can't be told apart"
            ));
        }
    }
}

/// A person without what the voice sounds like.
fn told(person: &Person) -> Value {
    let ours = EmbeddedBy::ours();
    let recording = |recording: &Recording| {
        json!({
            "source": recording.source,
            "seconds": recording.seconds,
            "consent": recording.consent.note,
            "date": recording.consent.date.to_string(),
            "model": recording.model.id,
            "usable": recording.model == ours,
        })
    };
    let recordings: Vec<Value> = person.recordings.iter().map(recording).collect();
    json!({ "name": person.name, "seconds": seconds(person), "recordings": recordings })
}

fn seconds(person: &Person) -> f64 {
    person.recordings.iter().map(|recording| recording.seconds).sum()
}

fn list(as_json: bool, config: &Config) -> anyhow::Result<Exit> {
    let enrolled = Enrolled::read(&config.paths.voices).map_err(exit)?;
    for error in &enrolled.broken {
        say(error);
    }
    if as_json {
        let people: Vec<Value> = enrolled.people.iter().map(told).collect();
        print_result(serde_json::to_string_pretty(&people)?);
        return Ok(Exit::Well);
    }
    if enrolled.people.is_empty() {
        say("nobody is known by the voice; hansard voices enrol NAME S#V --consent TEXT enrols somebody");
    }
    let ours = EmbeddedBy::ours();
    let mut out = io::stdout().lock();
    for person in &enrolled.people {
        let recordings = count(person.recordings.len() as u64, "recording");
        writeln!(out, "{}  {} in {recordings}", person.name, length(seconds(person)))?;
        for recording in &person.recordings {
            let Recording { source, seconds, consent, .. } = recording;
            let old = match recording.model == ours {
                true => "",
                false => "; made with another network, no longer of use: enrol again",
            };
            let date = consent.date;
            let line =
                format!("{} from {source}; consent of {date}: {}{old}", length(*seconds), consent.note);
            for line in wrap(&line, COLUMNS - 4) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(Exit::Well)
}

fn forget(name: &str, as_json: bool, config: &Config) -> anyhow::Result<Exit> {
    let name = checked_name(name).map_err(exit)?;
    let done = enrolled::forget(config, &name).map_err(|error| match error.is_failure() {
        true => error.into(),
        false => wrong_use(error.to_string()),
    })?;
    if done.is_nothing() && done.left.is_empty() {
        return Err(wrong_use(format!(
            "nobody named {name:?} is known by the voice, here or in a session; hansard voices list names those who are"
        )));
    }
    if as_json {
        print_result(serde_json::to_string_pretty(&done)?);
    } else {
        tell(&name, &done);
    }
    Ok(if done.left.is_empty() { Exit::Well } else { Exit::Losses })
}

fn tell(name: &str, done: &Forgotten) {
    if done.people > 0 {
        print_result(format_args!("{name}: the voice is forgotten"));
    }
    for erased in &done.sessions {
        let minutes = if erased.minutes { "; its minutes were written again" } else { "" };
        let voices = count(erased.voices as u64, "voice");
        print_result(format_args!(
            "{}: {voices} no longer known as {name}{minutes}",
            erased.session.display()
        ));
    }
    for left in &done.left {
        say(format_args!("{}: {}", left.path.display(), left.why));
    }
}

fn clear(session: &str, as_json: bool, config: &Config) -> anyhow::Result<Exit> {
    let dir = read::resolve(&config.paths.recordings, session).map_err(show::exit)?;
    // Nothing is put into a folder that is not a session, not even a lock.
    read::read_manifest(&dir).map_err(show::exit)?;
    let cleared = enrolled::clear(&dir).map_err(|error| match error {
        ClearError::Lock(error) => wrong_use(error.to_string()),
        ClearError::Disk(_) => error.into(),
    })?;
    if as_json {
        print_result(json!({ "session": dir.to_string_lossy(), "cleared": cleared }));
        return Ok(Exit::Well);
    }
    print_result(match cleared {
        true => "what the voices of this session sound like is deleted; names and lines stay as they are",
        false => "nothing is stored of what the voices of this session sound like",
    });
    Ok(Exit::Well)
}
