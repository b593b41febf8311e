//! Where the sockets of running recorders are: a folder of the user's own, one socket per session, named by a
//! hash of the session's folder.
//!
//! Promises: nobody but the user can reach a socket; paths fit into a socket's address, which has room for
//! about 100 bytes; what a killed recorder left is removed by the next one that finds it.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::base::filesystem::private_folder;

/// A socket's address holds a path of at most this many bytes; Linux has room for 107, others for 103.
const PATH_BYTES_MAX: usize = 100;
/// How a socket's name ends.
const EXTENSION: &str = "sock";
/// Hex digits of a session's hash in a socket's name.
const NAME_DIGITS: usize = 16;

/// Why there is no folder for a socket.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be made, or looked at.
    #[error("can't use the folder {} for the control socket: {error}", path.display())]
    Io {
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others could get at it.
    #[error("{} is not a folder of yours alone ({what}), so no control socket is put there; remove it", path.display())]
    NotPrivate {
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The folders in which recorders of this user may have put sockets, the best one first: in the user's
/// runtime folder, else in the system's folder for temporary files.
pub fn candidates() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|dir| dir.is_absolute() && dir.is_dir()).map(|dir| dir.join("hansard"));
    let uid = rustix::process::geteuid().as_raw();
    let temporary = std::env::temp_dir().join(format!("hansard-{uid}"));
    let fits = |dir: &PathBuf| socket_in(dir, Path::new("/")).as_os_str().len() <= PATH_BYTES_MAX;
    runtime.into_iter().chain([temporary]).filter(fits).collect()
}

/// The first of the candidates that is, or can be made, a folder of the user's alone.
///
/// # Errors
/// None is; what is wrong with the last one.
pub fn prepare() -> Result<PathBuf, FolderError> {
    let mut last = None;
    for dir in candidates() {
        match make(&dir).and_then(|()| check(&dir)) {
            Ok(()) => return Ok(dir),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| FolderError::Io {
        path: PathBuf::from("/tmp"),
        error: io::Error::other("no path is short enough"),
    }))
}

fn make(dir: &Path) -> Result<(), FolderError> {
    match private_folder().create(dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(FolderError::Io { path: dir.into(), error }),
    }
}

/// Whether `dir` is a folder of this user that nobody else may enter.
fn check(dir: &Path) -> Result<(), FolderError> {
    let data = fs::symlink_metadata(dir).map_err(|error| FolderError::Io { path: dir.into(), error })?;
    let wrong = if !data.is_dir() {
        "it is something else"
    } else if data.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to somebody else"
    } else if data.permissions().mode() & 0o077 != 0 {
        "others may enter it"
    } else {
        return Ok(());
    };
    Err(FolderError::NotPrivate { path: dir.into(), what: wrong })
}

/// Path of the socket of the session in `session` (its folder) within `dir`.
pub fn socket_in(dir: &Path, session: &Path) -> PathBuf {
    let session = session.canonicalize().unwrap_or_else(|_| session.to_owned());
    let hash = Sha256::digest(session.as_os_str().as_encoded_bytes());
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).take(NAME_DIGITS / 2).collect();
    dir.join(format!("{digits}.{EXTENSION}"))
}

/// A recorder that answers at its socket.
#[derive(Debug)]
pub struct Running {
    pub socket: PathBuf,
    /// A connection to it.
    pub stream: UnixStream,
}

impl Running {
    /// The recorder's process, where the system tells.
    pub fn pid(&self) -> Option<i32> {
        #[cfg(target_os = "linux")]
        return rustix::net::sockopt::socket_peercred(&self.stream)
            .ok()
            .map(|peer| peer.pid.as_raw_nonzero().get());
        #[cfg(not(target_os = "linux"))]
        None
    }
}

/// The recorder of the session in `session`, if there is one.
pub fn find(session: &Path) -> Option<Running> {
    private().into_iter().find_map(|dir| connect(&socket_in(&dir, session)))
}

/// All running recorders of this user.
pub fn find_all() -> Vec<Running> {
    let entries = private().into_iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten();
    let mut sockets: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION))
        .collect();
    sockets.sort();
    sockets.iter().filter_map(|path| connect(path)).collect()
}

/// The candidates that are there and may be believed.
fn private() -> Vec<PathBuf> {
    candidates().into_iter().filter(|dir| check(dir).is_ok()).collect()
}

/// Connects; a socket that nobody listens at any more is removed.
///
/// None as well where it does not take anybody on.
pub fn connect(socket: &Path) -> Option<Running> {
    match UnixStream::connect(socket) {
        Ok(stream) => Some(Running { socket: socket.to_owned(), stream }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            // It is put in its place only once its recorder listens, so that recorder is dead.
            if let Err(error) = fs::remove_file(socket) {
                tracing::debug!(socket = %socket.display(), %error, "a dead recorder's socket stays");
            }
            None
        }
        Err(_) => None,
    }
}
