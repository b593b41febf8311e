//! The recorder's side of its socket: takes one line from each client, answers with one, and hangs up. One
//! that follows is told the news as they come.
//!
//! Promises: at most [`CLIENTS_MAX`] clients at a time, the others are hung up on; each has [`REQUEST_LIMIT`]
//! for its line, of at most [`LINE_BYTES_MAX`] bytes, and as long to take its answer. Nothing that comes in
//! reaches the data plane but as a [`Request`].

use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Take};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::folder::{self, FolderError};
use super::{Follow, LINE_BYTES_MAX, Request, Response};
use crate::base::filesystem;
use crate::live::{Bus, JsonLines};

/// Clients at a time: people and scripts ask one thing now and then.
pub const CLIENTS_MAX: usize = 16;
/// A client has this long to send its line, and to take the answer.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(2);
/// Of them may follow: the others find room to ask.
pub const FOLLOWERS_MAX: usize = 8;
/// A follower who takes nothing for this long is hung up on. Until then its news wait: nobody else notices.
const FOLLOWER_LIMIT: Duration = Duration::from_secs(60);
/// After an error of the system (no more file descriptors) the next client is waited for this long.
const AFTER_ERROR: Duration = Duration::from_millis(200);

/// Answers what clients ask.
pub type Answers = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// Why a recorder has no socket.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no place for it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It can't be made.
    #[error("can't make the control socket {}: {error}", path.display())]
    Socket {
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// A socket with the task that listens at it; both go when it is dropped.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    /// The one task that accepts; with it go all its clients.
    _task: JoinSet<()>,
}

impl Server {
    /// Listens for the session in `session` (its folder); `answer` is asked what clients ask, `news` is what
    /// followers are told. To be called within a runtime.
    ///
    /// # Errors
    /// There is no socket then.
    pub fn start(session: &Path, answer: Answers, news: Bus) -> Result<Self, ServeError> {
        let path = folder::socket_in(&folder::prepare()?, session);
        let listener = listen(&path).map_err(|error| ServeError::Socket { path: path.clone(), error })?;
        let mut task = JoinSet::new();
        task.spawn(accept(
            listener,
            Desk { answer, news, followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)) },
        ));
        Ok(Self { path, _task: task })
    }

    /// The session's folder, which is `session` now, may have been moved: its socket is found by where it
    /// lies.
    pub fn follow(&mut self, session: &Path) {
        let Some(folder) = self.path.parent() else { return };
        let path = folder::socket_in(folder, session);
        if path == self.path {
            return;
        }
        match std::fs::rename(&self.path, &path) {
            Ok(()) => self.path = path,
            Err(error) => tracing::debug!(path = %path.display(), %error, "the control socket stays"),
        }
    }
}

/// What a client's task needs.
#[derive(Clone)]
struct Desk {
    answer: Answers,
    news: Bus,
    followers: Arc<Semaphore>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "the control socket can't be removed");
        }
    }
}

/// A socket at `path` that only this user may use. It gets its name once somebody listens at it: one at which
/// nobody listens may be removed.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    if let Err(error) = std::fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = UnixListener::bind(&new)?;
    match std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)) {
        // Its folder is the user's alone.
        Err(error) if !filesystem::is_refused(&error) => return Err(error),
        _ => {}
    }
    std::fs::rename(&new, path)?;
    Ok(listener)
}

async fn accept(listener: UnixListener, desk: Desk) {
    let room = Arc::new(Semaphore::new(CLIENTS_MAX));
    let mut clients = JoinSet::new();
    loop {
        // Finished clients are reaped, so that the set does not grow.
        while clients.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "a client of the control socket could not be taken on");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        // Too many: this one is hung up on.
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let desk = desk.clone();
        clients.spawn(async move {
            if let Err(error) = serve(stream, desk).await {
                tracing::debug!(%error, "a client of the control socket went wrong");
            }
            drop(place);
        });
    }
}

/// One client: its line, the answer.
async fn serve(stream: UnixStream, desk: Desk) -> io::Result<()> {
    if stream.peer_cred()?.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (reader, mut writer) = stream.into_split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader.take(LINE_BYTES_MAX));
    timeout(REQUEST_LIMIT, reader.read_until(b'\n', &mut line)).await??;
    let response = if line.last() != Some(&b'\n') {
        Response::Refused { error: format!("a request is one line of at most {LINE_BYTES_MAX} bytes") }
    } else {
        match serde_json::from_slice(&line) {
            Ok(Request::Follow(wish)) => match Arc::clone(&desk.followers).try_acquire_owned() {
                Ok(place) => {
                    let told = follow(reader, &mut writer, &desk.news, wish).await;
                    drop(place);
                    return told;
                }
                Err(_) => Response::Refused {
                    error: format!("{FOLLOWERS_MAX} are following this recording already; end one of them"),
                },
            },
            Ok(request) => (desk.answer)(request).await,
            Err(error) => Response::Refused { error: format!("that is not a request: {error}") },
        }
    };
    let mut line = serde_json::to_vec(&response)?;
    line.push(b'\n');
    timeout(REQUEST_LIMIT, writer.write_all(&line)).await??;
    Ok(())
}

/// Tells the news until they are over, or the follower hangs up.
async fn follow(
    mut reader: BufReader<Take<OwnedReadHalf>>,
    writer: &mut OwnedWriteHalf,
    news: &Bus,
    wish: Follow,
) -> io::Result<()> {
    let mut subscription = match wish.since {
        Some(since) => news.subscribe_since(since.into()),
        None => news.subscribe(),
    };
    let mut lines = JsonLines::new(wish.wanted);
    let (mut ignored, mut listens) = ([0; 64], true);
    loop {
        let told = tokio::select! {
            told = subscription.next() => told,
            // It has nothing more to say: what comes is passed over. Scripts close their side and go on
            // reading; that nobody reads any more is seen when the next line is written.
            read = reader.read(&mut ignored), if listens => {
                listens = read? > 0;
                continue;
            }
        };
        let Some(told) = told else { return Ok(()) };
        let cursor = subscription.cursor();
        let Some(mut line) = lines.line(&told, cursor, subscription.naming()) else { continue };
        line.push('\n');
        timeout(FOLLOWER_LIMIT, writer.write_all(line.as_bytes())).await??;
    }
}
