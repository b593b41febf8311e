//! People who are known by their voices: a folder of the user's with a file for each of them, `ID.json`.
//!
//! Promises: folder 0700, files 0600, replaced whole or not at all; a file that is broken costs that person
//! alone, and its error names it. Nobody is in here who did not agree: each recording carries the words and
//! the day of the consent. What a voice sounds like is personal data: it leaves this folder for the
//! comparison in memory only, and no error, list or log has it.
//!
//! Refuses a mean over all recordings of a person: a room and a telephone change a voice, and what lies
//! between them is like neither.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::networks::{DIMENSIONS, EMBEDDING_ID, Embedding, embedding_hash};
use crate::base::filesystem::{self, Locked};
use crate::base::text::clean;
use crate::session::disk::{Disk as _, SystemDisk};

/// Format of the files; another one is refused.
const FORMAT: u32 = 1;
/// A recording has some 3 kB.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Recordings of one person: more rooms and telephones than anybody uses.
const RECORDINGS_MAX: usize = 100;
/// People: more than anybody meets.
const PEOPLE_MAX: usize = 10_000;
/// Characters of a name.
const NAME_MAX: usize = 200;
/// Characters of the words of a consent.
const NOTE_MAX: usize = 1_000;
/// Whoever changes the folder has it.
const LOCK: &str = ".lock";

/// Somebody who is known by the voice.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Stem of the file; says nothing of the name.
    pub id: String,
    /// The display name.
    pub name: String,
    /// What the voice was taken from, in the order in which it was.
    pub recordings: Vec<Recording>,
}

/// One recording of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What it was taken from: a session and its voice, or a file's name.
    pub source: String,
    /// Seconds of speech.
    pub seconds: f64,
    /// What that person agreed to.
    pub consent: Consent,
    /// What the direction was computed with.
    pub model: EmbeddedBy,
    /// The direction of the voice, of length 1.
    pub centre: Embedding,
}

/// That somebody agreed to be known by the voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// In the words of who noted it.
    pub note: String,
    /// The day on which it was noted.
    pub date: Date,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedBy {
    /// What it is called.
    pub id: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl EmbeddedBy {
    /// The one that is compiled in.
    pub fn ours() -> Self {
        Self { id: EMBEDDING_ID.into(), sha256: embedding_hash().into() }
    }
}

/// Why somebody can't be known, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum EnrolledError {
    /// The system refuses.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Nobody is known by this file.
    #[error("{} holds no enrolled voice ({why}); remove it, and enrol that person again", path.display())]
    Broken {
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer version wrote it.
    #[error("{} was written by another version of hansard (format {found}); use that one, or remove the file and enrol that person again", path.display())]
    Format {
        path: PathBuf,
        /// The number that stands there.
        found: u64,
    },
    /// There are more people than are read.
    #[error("{} has more than {PEOPLE_MAX} files: move those away that aren't people's", path.display())]
    TooMany { path: PathBuf },
    /// Another process changes the folder.
    #[error("another hansard changes {} at this moment; try again when it is done", path.display())]
    InUse { path: PathBuf },
    /// It can't be somebody's name.
    #[error(
        "{0:?} can't be a name in the minutes: a name needs letters, and has up to {NAME_MAX} characters"
    )]
    Name(String),
    /// Nobody agreed to anything.
    #[error(
        "the note of the consent must say something, in up to {NOTE_MAX} characters: who agreed, to whom, where"
    )]
    Note,
    /// There is no room for more.
    #[error("{0} has {RECORDINGS_MAX} recordings already; forget and enrol again with those that matter")]
    Full(String),
}

impl EnrolledError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

fn io_error<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> EnrolledError + 'a {
    move |source| EnrolledError::Io { what, path: path.to_owned(), source }
}

/// All that a folder holds.
#[derive(Debug, Default)]
pub struct Enrolled {
    /// People, by name.
    pub people: Vec<Person>,
    /// Files by which nobody is known, each with its reason.
    pub broken: Vec<EnrolledError>,
}

impl Enrolled {
    /// Reads the folder; one that isn't there holds nobody, and nothing but its list is asked for then.
    ///
    /// # Errors
    /// The folder is there and can't be listed.
    pub fn read(dir: &Path) -> Result<Self, EnrolledError> {
        let mut found = Self::default();
        for path in files(dir)? {
            match read(&path) {
                Ok(person) => found.people.push(person),
                Err(error) => found.broken.push(error),
            }
        }
        found.people.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(found)
    }

    /// The person of that name.
    pub fn named(&self, name: &str) -> Option<&Person> {
        let name = clean(name);
        self.people.iter().find(|person| person.name == name)
    }
}

/// Adds recordings to the person of that name, who is new unless there is one. Gives the person back.
///
/// # Errors
/// The name or the note of a consent is none, there is no room, or the disk refuses.
pub fn add(dir: &Path, name: &str, recordings: Vec<Recording>) -> Result<Person, EnrolledError> {
    let name = checked_name(name)?;
    make_folder(dir)?;
    let _lock = Lock::take(dir)?;
    let known = Enrolled::read(dir)?.people.into_iter().find(|person| person.name == name);
    let new = || Person { id: new_id(&name), name: name.clone(), recordings: Vec::new() };
    let mut person = known.unwrap_or_else(new);
    for recording in recordings {
        let note = checked_note(&recording.consent.note)?;
        if person.recordings.len() == RECORDINGS_MAX {
            return Err(EnrolledError::Full(name));
        }
        let consent = Consent { note, ..recording.consent };
        person.recordings.push(Recording { consent, ..recording });
    }
    write(dir, &person)?;
    Ok(person)
}

/// Erases everybody of that name: the files, and what a crash may have left of them. Gives the ids of those
/// who were there.
///
/// # Errors
/// The disk refuses.
pub fn remove(dir: &Path, name: &str) -> Result<Vec<String>, EnrolledError> {
    let name = clean(name);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let _lock = Lock::take(dir)?;
    let people = Enrolled::read(dir)?.people;
    let ids: Vec<String> =
        people.into_iter().filter(|person| person.name == name).map(|person| person.id).collect();
    for entry in fs::read_dir(dir).map_err(io_error("list", dir))? {
        let path = entry.map_err(io_error("list", dir))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let is_of = |id: &String| file == format!("{id}.json") || file.starts_with(&format!(".{id}.json."));
        if ids.iter().any(is_of) {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
        }
    }
    filesystem::sync_dir(dir).map_err(io_error("write", dir))?;
    Ok(ids)
}

/// A name as it is stored.
///
/// # Errors
/// It is none.
pub fn checked_name(name: &str) -> Result<String, EnrolledError> {
    let clean = clean(name);
    let has_letters = clean.chars().any(char::is_alphanumeric);
    if !has_letters || clean.chars().count() > NAME_MAX {
        return Err(EnrolledError::Name(clean));
    }
    Ok(clean)
}

/// The note of a consent as it is stored.
///
/// # Errors
/// It says nothing, or too much.
pub fn checked_note(note: &str) -> Result<String, EnrolledError> {
    let clean = clean(note);
    let says_something = clean.chars().any(char::is_alphanumeric);
    if says_something && clean.chars().count() <= NOTE_MAX { Ok(clean) } else { Err(EnrolledError::Note) }
}

/// A person's file.
#[derive(Serialize, Deserialize)]
struct OnDisk {
    format: u32,
    id: String,
    name: String,
    recordings: Vec<RecordingOnDisk>,
}

#[derive(Serialize, Deserialize)]
struct RecordingOnDisk {
    source: String,
    seconds: f64,
    consent: Consent,
    model: EmbeddedBy,
    centroid: Vec<f32>,
}

/// Files of people, by name.
fn files(dir: &Path) -> Result<Vec<PathBuf>, EnrolledError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("list", dir)(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(io_error("list", dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with('.') && name.ends_with(".json") {
            files.push(path);
        }
        if files.len() > PEOPLE_MAX {
            return Err(EnrolledError::TooMany { path: dir.to_owned() });
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Person, EnrolledError> {
    /// Read first: a newer format may differ in everything but this.
    #[derive(Deserialize)]
    struct Head {
        format: u64,
    }
    let broken = |why: &str| EnrolledError::Broken { path: path.to_owned(), why: why.to_owned() };
    // Asked before it is opened: a link may lead anywhere, and a pipe would be waited for.
    let data = fs::symlink_metadata(path).map_err(io_error("read", path))?;
    if !data.is_file() {
        return Err(broken("it is not a regular file"));
    }
    if data.len() > FILE_BYTES_MAX {
        return Err(broken("it is too large"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io_error("read", path))?;
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    // What the parser says may quote the file, which is nobody's business.
    let head: Head = serde_json::from_slice(&bytes).map_err(|_| broken("it is no JSON of ours"))?;
    if head.format != u64::from(FORMAT) {
        return Err(EnrolledError::Format { path: path.to_owned(), found: head.format });
    }
    let person: OnDisk = serde_json::from_slice(&bytes).map_err(|_| broken("something is missing in it"))?;
    if path.file_stem().is_none_or(|stem| stem.to_string_lossy() != person.id) {
        return Err(broken("it has another name than it says"));
    }
    if checked_name(&person.name).ok().as_ref() != Some(&person.name) {
        return Err(broken("its name is none"));
    }
    if person.recordings.is_empty() || person.recordings.len() > RECORDINGS_MAX {
        return Err(broken("it has no recordings, or too many"));
    }
    let recordings = person.recordings.into_iter().map(|recording| {
        let centre = direction(recording.centroid).ok_or_else(|| broken("a voice in it is no voice"))?;
        if !recording.seconds.is_finite() || recording.seconds < 0.0 {
            return Err(broken("a recording in it has no length"));
        }
        let RecordingOnDisk { source, seconds, consent, model, .. } = recording;
        Ok(Recording { source: clean(&source), seconds, consent, model, centre })
    });
    Ok(Person { recordings: recordings.collect::<Result<_, _>>()?, id: person.id, name: person.name })
}

/// A vector brought to length 1; `None` where it is none.
fn direction(values: Vec<f32>) -> Option<Embedding> {
    let values: Embedding = Box::new(<[f32; DIMENSIONS]>::try_from(values).ok()?);
    let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    let is_one = length.is_finite() && (0.5..2.0).contains(&length);
    is_one.then(|| Box::new(values.map(|value| (f64::from(value) / length) as f32)))
}

fn write(dir: &Path, person: &Person) -> Result<(), EnrolledError> {
    let recording = |recording: &Recording| RecordingOnDisk {
        source: recording.source.clone(),
        seconds: recording.seconds,
        consent: recording.consent.clone(),
        model: recording.model.clone(),
        centroid: recording.centre.to_vec(),
    };
    let recordings = person.recordings.iter().map(recording).collect();
    let on_disk = OnDisk { format: FORMAT, id: person.id.clone(), name: person.name.clone(), recordings };
    let path = dir.join(format!("{}.json", person.id));
    let bytes = serde_json::to_vec_pretty(&on_disk).map_err(io::Error::from);
    bytes.and_then(|bytes| SystemDisk.replace(&path, &bytes)).map_err(io_error("write", &path))
}

/// An id that nobody has: it says nothing of the name, as it stands in sessions.
fn new_id(name: &str) -> String {
    let unique = format!("{} {} {name}", Timestamp::now().as_nanosecond(), std::process::id());
    Sha256::digest(unique).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn make_folder(dir: &Path) -> Result<(), EnrolledError> {
    let made = filesystem::private_folder().recursive(true).create(dir);
    made.map_err(io_error("make the folder", dir))?;
    // It may have been there before.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        match fs::set_permissions(dir, fs::Permissions::from_mode(0o700)) {
            Err(error) if !filesystem::is_refused(&error) => return Err(io_error("protect", dir)(error)),
            _ => {}
        }
    }
    Ok(())
}

/// The folder is ours to change as long as this lives.
struct Lock {
    _file: File,
}

impl Lock {
    fn take(dir: &Path) -> Result<Self, EnrolledError> {
        let path = dir.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io_error("open", &path))?;
        match filesystem::try_lock(&file).map_err(io_error("lock", &path))? {
            Locked::Theirs => Err(EnrolledError::InUse { path: dir.to_owned() }),
            Locked::Ours | Locked::Lacking => Ok(Self { _file: file }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(first: f32) -> Recording {
        let mut values = [0.0; DIMENSIONS];
        (values[0], values[1]) = (first, (1.0 - first * first).sqrt());
        Recording {
            source: "carol.wav".into(),
            seconds: 21.5,
            consent: Consent { note: "said so in the meeting".into(), date: jiff::civil::date(2026, 3, 14) },
            model: EmbeddedBy::ours(),
            centre: Box::new(values),
        }
    }

    #[test]
    fn who_is_enrolled_is_read_again_and_is_the_users_alone() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data/voices");
        assert!(Enrolled::read(&dir).unwrap().people.is_empty());
        assert_eq!(remove(&dir, "Carol").unwrap(), Vec::<String>::new());
        assert!(!dir.exists(), "to look is not to make");
        let first = add(&dir, " Carol\tWeiss ", vec![recording(0.5)]).unwrap();
        add(&dir, "Ann", vec![recording(0.1)]).unwrap();
        let second = add(&dir, "Carol Weiss", vec![recording(0.6)]).unwrap();
        assert_eq!((&first.id, first.recordings.len()), (&second.id, 1));
        let read = Enrolled::read(&dir).unwrap();
        assert_eq!(read.people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ann", "Carol Weiss"]);
        assert_eq!(read.named("Carol  Weiss"), Some(&second));
        assert_eq!(second.recordings.len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&dir), 0o700);
            assert!(fs::read_dir(&dir).unwrap().all(|entry| mode(&entry.unwrap().path()) == 0o600));
        }
        // What a crash left of a file goes with it.
        fs::write(dir.join(format!(".{}.json.77.tmp", first.id)), "x").unwrap();
        assert_eq!(remove(&dir, "Carol Weiss").unwrap(), [first.id.as_str()]);
        let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(Enrolled::read(&dir).unwrap().people.len(), 1);
    }

    #[test]
    fn a_broken_file_costs_its_person_alone() {
        let dir = tempfile::tempdir().unwrap();
        let ann = add(dir.path(), "Ann", vec![recording(0.5)]).unwrap();
        let good = fs::read_to_string(dir.path().join(format!("{}.json", ann.id))).unwrap();
        let good = good.replace(&ann.id, "bob");
        for (file, text, why) in [
            ("bob", String::new(), "no JSON"),
            ("bob", "[".repeat(100_000), "no JSON"),
            ("bob", good.replace("\"format\": 1", "\"format\": 2"), "another version"),
            ("bob", good.replace("21.5", "-1"), "no length"),
            ("bob", good.replace("0.5", "1e30"), "no voice"),
            ("bob", good.replacen("0.0,", "", 1), "no voice"),
            ("bob", good.replace("Ann", "\\u0000"), "name is none"),
            ("bob", good.replace("consent", "content"), "missing"),
            ("bob", " ".repeat(2 << 20), "too large"),
            ("eve", good.clone(), "another name"),
        ] {
            let path = dir.path().join(format!("{file}.json"));
            fs::write(&path, text).unwrap();
            let read = Enrolled::read(dir.path()).unwrap();
            assert_eq!(read.people, std::slice::from_ref(&ann), "{why}");
            let message = read.broken[0].to_string();
            assert!(message.contains(why) && message.contains(&format!("{file}.json")), "{why}: {message}");
            assert!(message.contains("enrol that person again") && !message.contains("Ann"), "{message}");
            fs::remove_file(path).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", dir.path().join("link.json")).unwrap();
            assert!(Enrolled::read(dir.path()).unwrap().broken[0].to_string().contains("regular file"));
        }
    }

    #[test]
    fn nobody_is_enrolled_without_a_name_and_consent() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", " \t", "…", &"x".repeat(201)] {
            assert!(matches!(add(dir.path(), name, vec![recording(0.5)]), Err(EnrolledError::Name(_))));
        }
        for note in ["", "--", &"x".repeat(1001)] {
            let consent = Consent { note: note.to_owned(), date: jiff::civil::date(2026, 3, 14) };
            let silent = Recording { consent, ..recording(0.5) };
            assert!(matches!(add(dir.path(), "Ann", vec![silent]), Err(EnrolledError::Note)));
        }
        assert!(files(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn two_do_not_change_the_folder_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let refused = add(dir.path(), "Ann", vec![recording(0.5)]);
        assert!(matches!(refused, Err(EnrolledError::InUse { .. })));
        drop(lock);
        add(dir.path(), "Ann", vec![recording(0.5)]).unwrap();
    }
}
