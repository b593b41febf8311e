//! Where the PulseAudio server is (or PipeWire's), and the cookie that it knows us by: found as libpulse
//! finds them.
//!
//! cpal's client understands `PULSE_SERVER=unix:PATH` and two runtime folders, and shows an empty cookie
//! where there is no file of one, which every server refuses. So both are found here, and the program hands
//! them to cpal by its own environment ([`handover`]).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use self::places::{Address, Places, Surroundings};
use crate::base::filesystem::private_folder;

mod places;

/// As long is a cookie, in bytes; a server refuses any other.
const COOKIE_BYTES: usize = 256;

/// A server of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// What clients connect to.
    pub socket: PathBuf,
    /// A file of exactly 256 bytes.
    pub cookie: PathBuf,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Nobody named one, and none is where they usually are.
    #[error("no PulseAudio server answers (PipeWire's would do): {}. Is one running? `pactl info` says it", tried.join("; "))]
    Nowhere {
        /// Each place, and what is wrong with it.
        tried: Vec<String>,
    },
    /// The one that was named can't be used.
    #[error("{by} names no sound server that can be recorded from:{}{}", bullets(why), if *network { FORWARD } else { "" })]
    Named {
        /// The variable, or the file with its setting.
        by: String,
        /// Each server, and what is wrong with it.
        why: Vec<String>,
        /// At least one of them is across the network.
        network: bool,
    },
    /// There is one, but no cookie to show it.
    #[error(
        "no cookie for the sound server can be written ({path}: {error}); set PULSE_COOKIE to a file that can"
    )]
    Cookie {
        /// Where one was to be made last.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// This process was started with an environment in which cpal finds another server, or none.
    #[error(
        "this process was started in an environment in which the sound server is not found; start it with PULSE_SERVER=unix:{} \
         PULSE_COOKIE={}", .0.socket.display(), .0.cookie.display()
    )]
    Elsewhere(Server),
}

const FORWARD: &str = "\nHansard reaches servers through a socket of this machine. Bring that one here, for example with\n  \
    ssh -N -L /tmp/sound.sock:/run/user/1000/pulse/native HOST\n  \
    socat UNIX-LISTEN:/tmp/sound.sock,fork TCP:HOST:4713\nand set PULSE_SERVER=unix:/tmp/sound.sock";

fn bullets(why: &[String]) -> String {
    why.iter().map(|line| format!("\n  {line}")).collect()
}

/// The server that libpulse would connect to, and a cookie for it, which is made if there is none.
///
/// # Errors
/// No server answers, or the one that is named is not of this machine.
pub fn locate() -> Result<Server, ServerError> {
    let places = Places::of(&Surroundings::real());
    let mut why = Vec::new();
    for address in &places.servers {
        match address {
            Address::Socket(path) => match UnixStream::connect(path) {
                Ok(_) => {
                    let socket = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                    return Ok(Server { socket, cookie: cookie(&places)? });
                }
                Err(error) => why.push(format!("{}: {error}", path.display())),
            },
            Address::Network(name) => why.push(format!("{name} is across the network")),
            Address::Elsewhere(name) => why.push(format!("{name} is meant for another machine")),
        }
    }
    let network = places.servers.iter().any(|server| matches!(server, Address::Network(_)));
    Err(match places.named {
        Some(by) => ServerError::Named { by, why, network },
        None => ServerError::Nowhere { tried: why },
    })
}

/// What this process must have in its environment for cpal to find the server. `None`: it finds it as it is,
/// or there is none.
pub fn handover() -> Option<[(&'static str, OsString); 2]> {
    let server = locate().ok()?;
    if cpal_finds(&server) {
        return None;
    }
    let mut socket = OsString::from("unix:");
    socket.push(&server.socket);
    Some([("PULSE_SERVER", socket), ("PULSE_COOKIE", server.cookie.into_os_string())])
}

/// Whether cpal will find the server. With none anywhere that is well unless `needed`: there are other sound
/// systems.
///
/// # Errors
/// It won't, and why.
pub fn check(needed: bool) -> Result<(), ServerError> {
    // The server that cpal finds is not asked: one that hangs must not hold us up.
    let places = Places::of(&Surroundings::real());
    let first = places.servers.iter().find_map(|server| match server {
        Address::Socket(path) if path.exists() => Some(path),
        _ => None,
    });
    if let Some(socket) = first
        && let Some(cookie) = pulseaudio::cookie_path_from_env()
        && is_whole(&cookie)
        && pulseaudio::socket_path_from_env().as_ref() == Some(socket)
    {
        return Ok(());
    }
    match locate() {
        Ok(server) if cpal_finds(&server) => Ok(()),
        Ok(server) => Err(ServerError::Elsewhere(server)),
        Err(ServerError::Nowhere { .. }) if !needed => Ok(()),
        Err(error) => Err(error),
    }
}

fn cpal_finds(server: &Server) -> bool {
    pulseaudio::socket_path_from_env().is_some_and(|socket| socket == server.socket)
        && pulseaudio::cookie_path_from_env().is_some_and(|cookie| cookie == server.cookie)
}

fn is_whole(cookie: &Path) -> bool {
    fs::metadata(cookie).is_ok_and(|file| file.len() == COOKIE_BYTES as u64)
}

/// The file of the first cookie that there is, or one that is made.
fn cookie(places: &Places) -> Result<PathBuf, ServerError> {
    let mut last = None;
    for place in &places.cookies {
        match read(&place.path) {
            Ok(_) if is_whole(&place.path) => return Ok(place.path.clone()),
            // libpulse shows what a longer one begins with; cpal would show all of it.
            Ok(cookie) => return own(places, &cookie),
            Err(_) if !place.made => continue,
            Err(_) => match read(Path::new("/dev/urandom")).and_then(|new| write(&place.path, &new)) {
                Ok(()) => return Ok(place.path.clone()),
                Err(error) => last = Some((&place.path, error)),
            },
        }
    }
    if let Some((path, error)) = last {
        tracing::debug!(path = %path.display(), %error, "no cookie can be kept there");
    }
    own(places, &[0; COOKIE_BYTES])
}

/// A cookie in a place of our own, where it can't be kept where it belongs. A server that wants to see its
/// own refuses it; one that lets everybody in, as PipeWire does, looks only at its length.
fn own(places: &Places, cookie: &[u8]) -> Result<PathBuf, ServerError> {
    let mut failed = None;
    for path in &places.own_cookies {
        match write(path, cookie) {
            Ok(()) => return Ok(path.clone()),
            Err(error) => failed = Some((path.display().to_string(), error)),
        }
    }
    let (path, error) = failed.unwrap_or_else(|| ("no place".into(), io::ErrorKind::NotFound.into()));
    Err(ServerError::Cookie { path, error })
}

fn read(path: &Path) -> io::Result<[u8; COOKIE_BYTES]> {
    let mut cookie = [0; COOKIE_BYTES];
    File::open(path)?.read_exact(&mut cookie)?;
    Ok(cookie)
}

/// Writes a cookie that only its owner can read. What it replaces was none.
fn write(path: &Path, cookie: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_folder().recursive(true).create(folder)?;
    }
    // A link could lead anywhere, and where others can write it could be somebody else's.
    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(no_link)
        .open(path)?;
    file.write_all(cookie)
}
