//! How a correction gets into a session: one that is over is taken under its lock, one that is being recorded
//! is corrected by its recorder. Either way it is planned on what stands there at that moment.

use std::path::Path;
use std::sync::Arc;

use crate::base::utterance::Edited;
use crate::care::apply;
use crate::care::edit::{Change, EditError};
use crate::cli::mark::exit;
use crate::cli::show;
use crate::cli::wrong_use;
use crate::clock::{Clock, SystemClock};
use crate::session::disk::SystemDisk;
use crate::session::reading::Session;

/// Bytes of what is sent to a recorder at once, which reads up to 64 kB; a line has some 5 kB.
#[cfg(unix)]
const SENT_BYTES: usize = 32 << 10;
/// So often it is planned again where somebody else corrects at the same moment …
#[cfg(unix)]
const TRIES: usize = 20;
/// … after so long.
#[cfg(unix)]
const AGAIN: std::time::Duration = std::time::Duration::from_millis(50);

/// Corrects the session in `dir` as `plan` says, or with `dry_run` only plans it.
pub(super) fn correct<T>(
    dir: &Path,
    dry_run: bool,
    plan: impl Fn(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> anyhow::Result<(Vec<Change>, T)> {
    let refused = |error: EditError| wrong_use(error.to_string());
    if dry_run {
        let session = Session::open(dir).map_err(show::exit)?;
        let edited = Edited { utc: SystemClock.utc(), journal: u64::MAX };
        return plan(&session, edited).map_err(refused);
    }
    #[cfg(unix)]
    if crate::control::folder::find(dir).is_some() {
        return live(dir, plan);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    apply::edit_with(&SystemDisk, &clock, dir, plan).map_err(exit)
}

/// The same through the recorder.
#[cfg(unix)]
fn live<T>(
    dir: &Path,
    plan: impl Fn(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> anyhow::Result<(Vec<Change>, T)> {
    use crate::care::offline::Past;
    use crate::cli::control::ask_of;
    use crate::control::{Request, Response, folder};

    'again: for _ in 0..TRIES {
        // Before the session is read: what comes in between is seen as somebody else's.
        let mut seen = Past::read(dir).map_err(anyhow::Error::from)?.lines();
        let session = Session::open(dir).map_err(show::exit)?;
        let edited = Edited { utc: SystemClock.utc(), journal: seen };
        let (changes, beside) = plan(&session, edited).map_err(|error| wrong_use(error.to_string()))?;
        for (n, (events, lines)) in parted(&changes).into_iter().enumerate() {
            let ended = || wrong_use("the recording has just ended; correct it again");
            let recorder = folder::find(dir).ok_or_else(ended)?;
            match ask_of(recorder, &Request::Edit { events, lines, seen })? {
                Response::Edited { seen: now } => seen = now,
                Response::Stale if n == 0 => {
                    std::thread::sleep(AGAIN);
                    continue 'again;
                }
                Response::Stale => {
                    return Err(wrong_use(
                        "somebody else corrects this session at the same moment: only a part of this was done; \
                         look at it with hansard show, and correct the rest",
                    ));
                }
                other => return Err(anyhow::anyhow!("the recorder answers something else: {other:?}")),
            }
        }
        return Ok((changes, beside));
    }
    Err(wrong_use("others correct this session all the time: nothing was changed; try again"))
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
