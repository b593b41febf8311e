//! Writing exports: atomically, for the user's eyes only, and never over what somebody changed by hand: that
//! is known by what is remembered of what was written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::ExportError;
use super::draft::Draft;
use super::evidence::{hex, sha256};
use super::memory::{MEMORY, is_of, remember, remember_how, remembers};
use crate::session::disk::Disk;
use crate::session::read::{JOURNAL, MANIFEST, TRANSCRIPT};
use crate::session::reading::Session;
use crate::session::voices::{VECTORS, VOICES};

/// Where an export goes, after a look at what is there.
#[derive(Debug)]
pub struct Target {
    /// The path as the user knows it.
    path: PathBuf,
    place: Destination,
}

#[derive(Debug)]
enum Destination {
    /// A file, ours or new, with the folder and the key of its memory.
    File {
        real: PathBuf,
        memory: PathBuf,
        key: String,
        /// Id of the session that it is of, where the memory is not in that session's folder.
        of: Option<String>,
        /// It is one of those that the session is made of.
        own: bool,
    },
    /// A pipe, a terminal, `/dev/null`: written into, never replaced.
    Stream,
}

impl Target {
    /// A file of this name in the session's folder. A link in its place is not followed; it counts as the
    /// user's.
    pub fn in_session(dir: &Path, name: &str) -> Self {
        let (real, memory, key) = (dir.join(name), dir.to_owned(), name.to_owned());
        let place = Destination::File { real, memory, key, of: None, own: false };
        Self { path: dir.join(name), place }
    }

    /// A path of the user's, for an export of `session`. `recordings` is where knowledge of files outside of
    /// sessions is kept, the session's folder stands in for it while there is no recordings folder.
    pub fn at(path: &Path, recordings: &Path, session: &Session) -> Result<Self, ExportError> {
        let (id, session) = (&session.manifest.id, session.dir.as_path());
        let io_error = |source| ExportError::Write { path: path.to_owned(), source };
        // A link that the user names is followed, so that the link stays.
        let real = match fs::metadata(path) {
            Ok(data) if data.is_dir() => return Err(ExportError::Folder { path: path.to_owned() }),
            Ok(data) if data.is_file() => fs::canonicalize(path).map_err(io_error)?,
            Ok(_) => return Ok(Self { path: path.to_owned(), place: Destination::Stream }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder =
                    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let name = path.file_name().ok_or_else(|| ExportError::Folder { path: path.to_owned() })?;
                let folder = fs::canonicalize(folder)
                    .map_err(|_| ExportError::NoFolder { path: folder.to_owned() })?;
                folder.join(name)
            }
            Err(error) => return Err(io_error(error)),
        };
        let folder = fs::canonicalize(session).ok();
        let own = folder.as_deref().is_some_and(|folder| is_own(folder, &real));
        let inside = folder.filter(|session| real.parent() == Some(session));
        let (memory, key, of) = match (inside, real.file_name()) {
            (Some(session), Some(name)) => (session, name.to_string_lossy().into_owned(), None),
            _ => {
                let memory = if recordings.is_dir() { recordings } else { session };
                (memory.to_owned(), real.to_string_lossy().into_owned(), Some(id.clone()))
            }
        };
        Ok(Self { path: path.to_owned(), place: Destination::File { real, memory, key, of, own } })
    }

    /// Whether anything of ours may ever be written there, force or no force: not where the session's own
    /// files are.
    pub fn check_place(&self) -> Result<(), ExportError> {
        let Destination::File { real, own: true, .. } = &self.place else { return Ok(()) };
        Err(ExportError::Own { path: real.clone() })
    }

    /// Whether `bytes` may be written there: nothing is there, or what Hansard wrote, or those very bytes.
    pub fn check(&self, bytes: &[u8]) -> Result<(), ExportError> {
        self.check_that(|present| present == hex(Sha256::digest(bytes).as_slice()))
    }

    /// Whether something that isn't made yet may be written there: nothing is there, or what Hansard wrote.
    pub fn check_unmade(&self) -> Result<(), ExportError> {
        self.check_that(|_| false)
    }

    /// Whether a name that is ours to choose may be this one: nothing is there, or an export of this session.
    pub fn is_free(&self) -> bool {
        let Destination::File { real, memory, key, of, own: false } = &self.place else { return false };
        match fs::symlink_metadata(real) {
            Ok(data) => data.is_file() && is_of(memory, key, of.as_deref()),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    fn check_that(&self, same: impl Fn(&str) -> bool) -> Result<(), ExportError> {
        self.check_place()?;
        let Destination::File { real, memory, key, .. } = &self.place else { return Ok(()) };
        let edited = || ExportError::Edited { path: self.path.clone() };
        let data = match fs::symlink_metadata(real) {
            Ok(data) => data,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(ExportError::Write { path: self.path.clone(), source }),
        };
        if data.is_dir() {
            return Err(ExportError::Folder { path: self.path.clone() });
        }
        if !data.is_file() {
            return Err(edited());
        }
        let present = File::open(real)
            .and_then(sha256)
            .map_err(|source| ExportError::Write { path: self.path.clone(), source })?;
        if remembers(memory, key, &present) || same(&present) { Ok(()) } else { Err(edited()) }
    }

    /// A file to be written there bit by bit; [`Self::check_unmade`] comes first.
    pub fn draft<'a>(&self, disk: &'a dyn Disk) -> Result<Draft<'a>, ExportError> {
        self.check_place()?;
        match &self.place {
            Destination::File { real, memory, key, of, .. } => {
                Draft::begin(disk, &self.path, real, memory, key, of.as_deref())
            }
            Destination::Stream => Err(ExportError::Stream { path: self.path.clone() }),
        }
    }

    /// That it can't be written.
    pub fn failed(&self, source: io::Error) -> ExportError {
        ExportError::Write { path: self.path.clone(), source }
    }

    /// Writes `bytes`, whatever is there, and remembers them. Gives the path back.
    pub fn write(self, disk: &dyn Disk, bytes: &[u8]) -> Result<PathBuf, ExportError> {
        let done = match &self.place {
            Destination::Stream => {
                fs::OpenOptions::new().write(true).open(&self.path).and_then(|mut f| f.write_all(bytes))
            }
            Destination::File { real, memory, key, of, .. } => disk.replace(real, bytes).inspect(|()| {
                remember(disk, memory, key, of.as_deref(), hex(Sha256::digest(bytes).as_slice()));
            }),
        };
        done.map_err(|source| ExportError::Write { path: self.path.clone(), source })?;
        Ok(self.path)
    }
}

impl Target {
    /// The same as [`Self::write`], and remembers how it was made: the name of its format, and the command.
    ///
    /// # Errors
    /// As those of [`Self::write`].
    pub fn write_as(self, disk: &dyn Disk, bytes: &[u8], how: Vec<String>) -> Result<PathBuf, ExportError> {
        let note = self.note();
        let path = self.write(disk, bytes)?;
        note.how(disk, how);
        Ok(path)
    }

    /// Where it is noted how it is made, for a file that is written bit by bit.
    pub fn note(&self) -> Note {
        Note(match &self.place {
            Destination::File { memory, key, .. } => Some((memory.clone(), key.clone())),
            Destination::Stream => None,
        })
    }
}

/// A place in a memory of exports.
#[derive(Debug)]
pub struct Note(Option<(PathBuf, String)>);

impl Note {
    /// Remembers how the file was made that has just been written.
    pub fn how(self, disk: &dyn Disk, how: Vec<String>) {
        if let Some((memory, key)) = self.0 {
            remember_how(disk, &memory, &key, how);
        }
    }
}

/// Whether a session in `folder` is made of this file.
fn is_own(folder: &Path, file: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(folder) else { return false };
    inside.starts_with("tracks")
        || [MANIFEST, JOURNAL, TRANSCRIPT, VOICES, VECTORS, MEMORY].iter().any(|own| inside == Path::new(own))
}
