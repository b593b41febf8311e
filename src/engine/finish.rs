//! The end of a recording, in order: sound drained, tracks closed and on the disk, then the text, then the
//! writer; and what is done with its text after that.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::recorded::{Problem, minutes};
use super::{Engine, transcribe};
use crate::actors::recorder::Message;
use crate::actors::transcriber::{Outcome, Patience};
use crate::config::Config;
use crate::live::{Bus, News, Stage};
use crate::recording::Recording;
use crate::session::journal::Event;
use crate::writer::Closed;

/// What a recording must be safe in where somebody is in a hurry.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Why a recording ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its sources, or the time that was asked for, are over.
    Over,
    /// Somebody asked, or it had to end: for this reason.
    Asked(String),
    /// The Recorder failed.
    Failed,
}

/// How a recording ended.
#[derive(Debug)]
pub struct Ended {
    /// The account. `None` means that the disk did not answer.
    pub closed: Option<Closed>,
    /// What became of the text.
    pub outcome: Outcome,
    /// The Recorder failed: the files were closed without it.
    pub recorder_failed: bool,
    /// Somebody ended it, or it had to end, before its sources did.
    pub asked: bool,
}

impl Ended {
    pub(super) fn failed() -> Self {
        let outcome = Outcome::Pending("the recorder failed".into());
        Self { closed: None, outcome, recorder_failed: true, asked: false }
    }

    /// Whether any sound that was to be recorded is missing, or might be.
    pub fn has_losses(&self) -> bool {
        self.closed.as_ref().is_none_or(|closed| {
            !closed.errors.is_empty() || closed.account.iter().any(|track| track.lost.0 > 0)
        })
    }
}

impl Engine {
    /// Takes the session through its end; `interrupt` shortens it: before the recording is safe its files are
    /// closed at once, afterwards the text is left for later.
    pub async fn finish(&mut self, why: Why, mut interrupt: impl AsyncFnMut() -> String) -> Ended {
        let asked = matches!(why, Why::Asked(_));
        if why == Why::Failed {
            return self.recorder_died().await;
        }
        self.tell(Stage::Finishing(if let Why::Asked(reason) = why { Some(reason) } else { None }));
        let patience = if asked {
            Patience { idle: self.finish_timeout, total: self.finish_timeout }
        } else {
            Patience::WITH_PROGRESS
        };
        let mut ended = self.close_and_wait(patience, &mut interrupt).await;
        ended.asked |= asked;
        if let (Some(reason), Outcome::Complete) = (self.text_later.clone(), &ended.outcome) {
            ended.outcome = Outcome::Pending(reason);
        }
        self.actor.stop(None);
        ended
    }

    async fn close_and_wait(
        &mut self,
        patience: Patience,
        interrupt: &mut impl AsyncFnMut() -> String,
    ) -> Ended {
        let (closed, mut tracks_closed) = oneshot::channel();
        let (done, mut all_done) = oneshot::channel();
        if self.actor.cast(Message::Finish { patience, closed, done }).is_err() {
            return self.recorder_died().await;
        }
        let closed = tokio::select! {
            Ok(closed) = &mut tracks_closed => closed,
            _ = &mut self.actor_over => return self.recorder_died().await,
            reason = interrupt() => {
                self.tell(Stage::AtOnce(reason));
                let closed = close_at_once(&self.recording).await;
                let outcome = Outcome::Pending("it was ended before the text was made".into());
                return Ended { closed, outcome, recorder_failed: false, asked: true };
            }
        };
        self.tell(Stage::Safe);
        let outcome = tokio::select! {
            outcome = &mut all_done => outcome.unwrap_or(Outcome::Pending("the recorder ended".into())),
            _ = &mut self.actor_over => {
                Outcome::Pending("the recorder failed after the recording was closed".into())
            }
            reason = interrupt() => {
                let reason = format!("{reason}: the text is left for hansard transcribe");
                self.recording.note(Event::TextPending { reason: reason.clone() });
                Outcome::Pending(reason)
            }
        };
        let finishing = self.recording.clone();
        if !matches!(tokio::task::spawn_blocking(move || finishing.finish()).await, Ok(true)) {
            self.tell(Stage::DiskSilent);
        }
        Ended { closed, outcome, recorder_failed: false, asked: false }
    }

    /// The root is dead: its children went with it, the data plane did not. Everything is closed in order.
    async fn recorder_died(&self) -> Ended {
        self.tell(Stage::RecorderFailed);
        Ended { closed: close_at_once(&self.recording).await, ..Ended::failed() }
    }

    fn tell(&self, stage: Stage) {
        self.recording.news.publish(News::Stage(stage));
    }
}

async fn close_at_once(recording: &Arc<Recording>) -> Option<Closed> {
    let recording = recording.clone();
    tokio::task::spawn_blocking(move || recording.close_at_once(AT_ONCE)).await.unwrap_or(None)
}

/// What became of a recording's text.
#[derive(Debug)]
pub struct Recorded {
    /// Why text is pending. `None` means that it is complete.
    pub pending: Option<String>,
    /// It is the further pass that is pending.
    pub final_pass: bool,
    /// What went wrong.
    pub problems: Vec<Problem>,
}

impl Recorded {
    /// Finishes the text of the session in `dir`, of which `outcome` is known: the further pass, if the
    /// settings want one (`begun` is told where its news is published), the final times, the minutes.
    pub fn finish(
        dir: &Path,
        config: &Config,
        outcome: Outcome,
        begun: impl FnOnce(&Bus),
        mut interrupt: impl AsyncFnMut() -> String,
    ) -> Self {
        let (mut problems, mut final_pass) = (Vec::new(), false);
        let mut pending = match outcome {
            Outcome::Complete => None,
            Outcome::Pending(reason) => Some(reason),
        };
        if config.transcribe.final_pass && pending.is_none() {
            match transcribe::final_pass(dir, config, begun, &mut interrupt) {
                Ok(left) => {
                    final_pass = left.is_some();
                    pending = left.map(|reason| format!("the final pass: {reason}"));
                }
                Err(error) => problems.push(Problem::FinalPass(error.to_string())),
            }
        }
        if !config.transcribe.final_pass && pending.is_none() {
            match transcribe::voices_of(dir, config, interrupt) {
                Ok(left) => problems.extend(left.map(Problem::Voices)),
                Err(error) => problems.push(Problem::Voices(error.to_string())),
            }
        }
        problems.extend(minutes(dir, config));
        Self { pending, final_pass, problems }
    }
}
