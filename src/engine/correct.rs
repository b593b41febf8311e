//! How a correction gets into a session: one that is over is taken under its lock, one that is being recorded
//! is corrected by its recorder. Either way it is planned on what stands there at that moment.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::utterance::Edited;
use crate::care::apply::{self, ApplyError};
use crate::care::edit::{Change, EditError};
use crate::clock::{Clock, SystemClock};
use crate::session::disk::SystemDisk;
use crate::session::read::ReadError;
use crate::session::reading::Session;

/// Why nothing was corrected, or not all of it, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CorrectError {
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is wanted can't be.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// It can't be written into the session.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The recorder does not answer.
    #[cfg(unix)]
    #[error(transparent)]
    Ask(#[from] crate::control::client::AskError),
    /// The recorder refuses.
    #[error("{0}")]
    Refused(String),
    /// There is no recorder any more.
    #[error("the recording has just ended; correct it again")]
    Ended,
    /// Somebody else came between.
    #[error(
        "somebody else corrects this session at the same moment: only a part of this was done; look at it with \
         hansard show, and correct the rest"
    )]
    Partly,
    /// Somebody else always came first.
    #[error("others correct this session all the time: nothing was changed; try again")]
    Crowded,
    /// The recorder says what nobody expects.
    #[error("the recorder answers something else: {0}")]
    Foreign(String),
}

impl CorrectError {
    /// Whether the machine failed rather than the request being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Apply(error) => error.is_failure(),
            Self::Edit(_) | Self::Refused(_) | Self::Ended | Self::Partly | Self::Crowded => false,
            #[cfg(unix)]
            Self::Ask(_) => true,
            Self::Foreign(_) => true,
        }
    }
}

/// Another command that corrects the session is waited for so long …
const LOCKED_FOR: Duration = Duration::from_secs(3);
/// … and looked for this often.
const LOCKED_EVERY: Duration = Duration::from_millis(50);

/// Bytes of what is sent to a recorder at once, which reads up to 64 kB; a line has some 5 kB.
#[cfg(unix)]
const SENT_BYTES: usize = 32 << 10;
/// So often it is planned again where somebody else corrects at the same moment …
#[cfg(unix)]
const TRIES: usize = 20;
/// … after so long.
#[cfg(unix)]
const AGAIN: Duration = Duration::from_millis(50);

/// Does `once`, and again for a moment while another command has the session: for those who answer somebody
/// that can't look for that command.
///
/// # Errors
/// Those of `once`; that the session is in use only after some seconds.
pub fn patiently<T>(mut once: impl FnMut() -> Result<T, CorrectError>) -> Result<T, CorrectError> {
    let until = Instant::now() + LOCKED_FOR;
    loop {
        match once() {
            Err(CorrectError::Apply(ApplyError::Lock(_))) if Instant::now() < until => {
                std::thread::sleep(LOCKED_EVERY)
            }
            done => return done,
        }
    }
}

/// Corrects the session in `dir` as `plan` says, or with `dry_run` only plans it. Gives what was written.
///
/// # Errors
/// The session can't be read, or corrected so; see [`CorrectError::Partly`] for the one case in which
/// something was done.
pub fn correct<T>(
    dir: &Path,
    dry_run: bool,
    plan: impl Fn(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> Result<(Vec<Change>, T), CorrectError> {
    if dry_run {
        let session = Session::open(dir)?;
        let edited = Edited { utc: SystemClock.utc(), journal: u64::MAX };
        return Ok(plan(&session, edited)?);
    }
    #[cfg(unix)]
    if crate::control::folder::find(dir).is_some() {
        return live(dir, plan);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(apply::edit_with(&SystemDisk, &clock, dir, plan)?)
}

/// The same through the recorder.
#[cfg(unix)]
fn live<T>(
    dir: &Path,
    plan: impl Fn(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> Result<(Vec<Change>, T), CorrectError> {
    use crate::care::offline::Past;
    use crate::control::client::ask_patiently;
    use crate::control::{Request, Response, folder};

    'again: for _ in 0..TRIES {
        // Before the session is read: what comes in between is seen as somebody else's.
        let mut seen = Past::read(dir).map_err(ApplyError::Open)?.lines();
        let session = Session::open(dir)?;
        let edited = Edited { utc: SystemClock.utc(), journal: seen };
        let (changes, beside) = plan(&session, edited)?;
        for (n, (events, lines)) in parted(&changes).into_iter().enumerate() {
            let recorder = folder::find(dir).ok_or(CorrectError::Ended)?;
            match ask_patiently(recorder, &Request::Edit { events, lines, seen })? {
                Response::Edited { seen: now } => seen = now,
                Response::Stale if n == 0 => {
                    std::thread::sleep(AGAIN);
                    continue 'again;
                }
                Response::Stale => return Err(CorrectError::Partly),
                Response::Refused { error } => return Err(CorrectError::Refused(error)),
                other => return Err(CorrectError::Foreign(format!("{other:?}"))),
            }
        }
        return Ok((changes, beside));
    }
    Err(CorrectError::Crowded)
}

/// What is to be written, in pieces that a recorder reads.
#[cfg(unix)]
fn parted(
    changes: &[Change],
) -> Vec<(Vec<crate::session::journal::Event>, Vec<crate::base::utterance::Utterance>)> {
    let mut parts = vec![(Vec::new(), Vec::new())];
    let mut bytes = 0;
    for change in changes {
        let size = match change {
            Change::Event(event) => serde_json::to_string(event).map_or(0, |text| text.len()),
            Change::Utterance(line) => serde_json::to_string(line).map_or(0, |text| text.len()),
        };
        if bytes > 0 && bytes + size > SENT_BYTES {
            parts.push((Vec::new(), Vec::new()));
            bytes = 0;
        }
        bytes += size;
        if let Some((events, lines)) = parts.last_mut() {
            match change {
                Change::Event(event) => events.push(event.clone()),
                Change::Utterance(line) => lines.push((**line).clone()),
            }
        }
    }
    parts.retain(|(events, lines)| !events.is_empty() || !lines.is_empty());
    parts
}
