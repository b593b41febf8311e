//! Recorder: the root. Starts everything, watches it, and takes a session through its end in order:
//! captures drained → tracks closed, synced, journalled (the recording is safe now) → text → Writer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::oneshot;

#[cfg(debug_assertions)]
use super::Role;
use super::children::{Restarts, failed};
#[cfg(unix)]
use super::control;
use super::transcriber::{self, Outcome, Patience};
use super::{device_capture, writer};
#[cfg(unix)]
use crate::control::server::Answers;
use crate::control::{Request, Response};
use crate::live::{LEVELS_A_SECOND, News};
use crate::recording::Recording;
use crate::recording::reminders::{Intervals, Reminders};
use crate::session::journal::Event;
use crate::writer::Closed;

mod asked;

/// It looks around this often, [`TICKS_A_SECOND`].
const EVERY: Duration = Duration::from_millis(1000 / TICKS_A_SECOND as u64);
const TICKS_A_SECOND: u32 = 20;
/// Devices have this long to hand over what they have, and to close.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// The disk has this long to close and sync all tracks.
const CLOSE_DEADLINE: Duration = Duration::from_secs(60);
/// Restarts a minute of each kind of child; a DeviceCapture or Writer beyond it is started again a second
/// later.
const RESTARTS_A_MINUTE: usize = 10;
/// The pause then.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// The actor.
pub struct Recorder;

/// What it is started with.
pub struct Arguments {
    /// The data plane.
    pub recording: Arc<Recording>,
    /// The text work; none: there is no model, or it was not wanted.
    pub transcriber: Option<transcriber::Arguments>,
    /// Told when the recording should end: why, unless all sources have come to their own end.
    pub ended: oneshot::Sender<Option<String>>,
    /// How often people are reminded of what they may have forgotten.
    pub remind: Intervals,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Look around.
    Tick,
    /// Somebody steers it from outside.
    Asked(Request, oneshot::Sender<Response>),
    /// End the session. `closed` is told when the recording is safe, `done` when the text is there or given
    /// up.
    Finish {
        /// How long text is waited for.
        patience: Patience,
        /// The recording is safe; `None` if the disk did not answer.
        closed: oneshot::Sender<Option<Closed>>,
        /// All is over.
        done: oneshot::Sender<Outcome>,
    },
    /// The tracks are closed.
    TracksClosed(Option<Closed>),
    /// The text work is over.
    TextDone(Outcome),
    /// Start a child again.
    Respawn(Child),
    /// Panic, here or in a child. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash(Role),
}

/// A child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Child {
    /// The writer's actor.
    Writer,
    /// The device capture of a lane.
    DeviceCapture(usize),
    /// The one that listens at the socket.
    #[cfg(unix)]
    Control,
    Transcriber,
}

enum Phase {
    Recording,
    Draining {
        until: Instant,
        patience: Patience,
        closed: oneshot::Sender<Option<Closed>>,
        done: oneshot::Sender<Outcome>,
    },
    Closing {
        patience: Patience,
        closed: oneshot::Sender<Option<Closed>>,
        done: oneshot::Sender<Outcome>,
    },
    Transcribing {
        patience: Patience,
        done: oneshot::Sender<Outcome>,
    },
    Over,
}

/// Where it stands.
pub struct State {
    recording: Arc<Recording>,
    transcribe: Option<transcriber::Arguments>,
    children: HashMap<ActorId, Child>,
    writer: Option<ActorRef<writer::Message>>,
    captures: HashMap<usize, ActorRef<device_capture::Message>>,
    #[cfg(unix)]
    control: Option<ActorRef<control::Message>>,
    transcriber: Option<ActorRef<transcriber::Message>>,
    restarts: HashMap<Child, Restarts>,
    ended: Option<oneshot::Sender<Option<String>>>,
    reminders: Reminders,
    /// Why there is no transcriber any more.
    text_failed: Option<String>,
    /// Lines that the journal had when people had corrected something last; `u64::MAX` while that is being
    /// written.
    edited_at: Arc<AtomicU64>,
    /// So often it has looked around.
    ticks: u32,
    /// Who waits for the recording to be safe, and whether it is.
    stop_waiters: Vec<oneshot::Sender<Response>>,
    is_safe: bool,
    phase: Phase,
}

impl Actor for Recorder {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let lanes = arguments.recording.lanes.len();
        let mut state = State {
            recording: arguments.recording,
            edited_at: Arc::default(),
            ticks: 0,
            transcribe: arguments.transcriber,
            children: HashMap::new(),
            writer: None,
            captures: HashMap::new(),
            #[cfg(unix)]
            control: None,
            transcriber: None,
            restarts: HashMap::new(),
            ended: Some(arguments.ended),
            reminders: Reminders::new(arguments.remind),
            text_failed: None,
            stop_waiters: Vec::new(),
            is_safe: false,
            phase: Phase::Recording,
        };
        state.spawn(&myself, Child::Writer).await?;
        for lane in 0..lanes {
            state.spawn(&myself, Child::DeviceCapture(lane)).await?;
        }
        #[cfg(unix)]
        state.spawn(&myself, Child::Control).await?;
        if state.transcribe.is_some() {
            state.spawn(&myself, Child::Transcriber).await?;
        }
        drop(myself.send_interval(EVERY, || Message::Tick));
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Tick => state.tick(&myself),
            Message::Asked(request, reply) => state.asked(request, reply),
            Message::Finish { patience, closed, done } => state.begin_finish(patience, closed, done),
            Message::TracksClosed(result) => state.tracks_closed(&myself, result),
            Message::TextDone(outcome) => state.text_done(outcome),
            Message::Respawn(child) => state.spawn(&myself, child).await?,
            #[cfg(debug_assertions)]
            Message::Crash(role) => state.crash(role)?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Message>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some((cell, reason)) = failed(event) {
            state.child_failed(&myself, &cell, &reason);
        }
        Ok(())
    }
}

impl State {
    async fn spawn(&mut self, myself: &ActorRef<Message>, child: Child) -> Result<(), ActorProcessingErr> {
        let recording = Arc::clone(&self.recording);
        let id = match child {
            Child::Writer => {
                let (actor, _) =
                    Actor::spawn_linked(None, writer::Writer, recording, myself.get_cell()).await?;
                self.writer.insert(actor).get_id()
            }
            Child::DeviceCapture(lane) => {
                let arguments = device_capture::Arguments { recording, lane };
                let (actor, _) =
                    Actor::spawn_linked(None, device_capture::DeviceCapture, arguments, myself.get_cell())
                        .await?;
                let id = actor.get_id();
                self.captures.insert(lane, actor);
                id
            }
            #[cfg(unix)]
            Child::Control => {
                let arguments = control::Arguments { recording, answer: answers(myself.clone()) };
                let (actor, _) =
                    Actor::spawn_linked(None, control::Control, arguments, myself.get_cell()).await?;
                self.control.insert(actor).get_id()
            }
            Child::Transcriber => {
                let Some(arguments) = self.transcribe.clone() else { return Ok(()) };
                let (actor, _) =
                    Actor::spawn_linked(None, transcriber::Transcriber, arguments, myself.get_cell()).await?;
                let id = self.transcriber.insert(actor).get_id();
                self.ask_for_text(myself);
                id
            }
        };
        self.children.insert(id, child);
        Ok(())
    }

    /// A child is dead. What it steered goes on; another one takes the reins.
    fn child_failed(&mut self, myself: &ActorRef<Message>, cell: &ActorCell, reason: &str) {
        let Some(child) = self.children.remove(&cell.get_id()) else { return };
        if matches!(self.phase, Phase::Over) {
            return;
        }
        let budget = Restarts::new(RESTARTS_A_MINUTE, Duration::from_secs(60));
        let within = self.restarts.entry(child).or_insert(budget).allow(Instant::now());
        let restarted = within || child != Child::Transcriber;
        let event = Event::ActorFailed { actor: name(child), reason: reason.into(), restarted };
        self.recording.note(event);
        if restarted {
            let pause = if within { Duration::from_millis(10) } else { RESTART_PAUSE };
            drop(myself.send_after(pause, move || Message::Respawn(child)));
        } else {
            self.transcriber = None;
            self.transcribe = None;
            let reason = format!("the transcriber failed again and again: {reason}");
            self.text_failed = Some(reason.clone());
            self.text_done(Outcome::Pending(reason));
        }
    }

    fn tick(&mut self, myself: &ActorRef<Message>) {
        self.publish();
        if matches!(self.phase, Phase::Recording) && self.ticks.is_multiple_of(TICKS_A_SECOND) {
            self.remind();
        }
        if let Some(reason) = self.recording.news.ending() {
            self.ask_to_end(Some(reason));
        }
        if matches!(self.phase, Phase::Recording) && self.recording.is_ended() {
            self.ask_to_end(None);
        }
        let Phase::Draining { until, .. } = &self.phase else { return };
        let late = Instant::now() >= *until;
        if !self.recording.is_drained() && !late {
            return;
        }
        if late {
            tracing::error!("a device did not hand over what it had in time");
        }
        if let Phase::Draining { patience, closed, done, .. } =
            std::mem::replace(&mut self.phase, Phase::Over)
        {
            self.phase = Phase::Closing { patience, closed, done };
            self.ask_to_close(myself);
        }
    }

    fn ask_to_end(&mut self, reason: Option<String>) {
        if self.ended.take().is_some_and(|ended| ended.send(reason).is_err()) {
            tracing::debug!("nobody waits for the recording's end");
        }
    }

    fn begin_finish(
        &mut self,
        patience: Patience,
        closed: oneshot::Sender<Option<Closed>>,
        done: oneshot::Sender<Outcome>,
    ) {
        self.recording.stop();
        self.phase = Phase::Draining { until: Instant::now() + DRAIN_DEADLINE, patience, closed, done };
    }

    fn ask_to_close(&self, myself: &ActorRef<Message>) {
        let Some(writer) = self.writer.clone() else { return };
        let (myself, recording) = (myself.clone(), Arc::clone(&self.recording));
        tokio::spawn(async move {
            let answer = writer
                .call(|reply| writer::Message::CloseTracks(CLOSE_DEADLINE, reply), Some(CLOSE_DEADLINE))
                .await;
            let closed = match answer {
                Ok(ractor::rpc::CallResult::Success(closed)) => closed,
                // The actor died over it: the thread that it steers is asked directly.
                _ => tokio::task::spawn_blocking(move || recording.close_tracks(CLOSE_DEADLINE))
                    .await
                    .unwrap_or(None),
            };
            if myself.cast(Message::TracksClosed(closed)).is_err() {
                tracing::error!("the recorder ended before its tracks were closed");
            }
        });
    }

    fn tracks_closed(&mut self, myself: &ActorRef<Message>, result: Option<Closed>) {
        let Phase::Closing { patience, closed, done } = std::mem::replace(&mut self.phase, Phase::Over)
        else {
            return;
        };
        self.is_safe = result.is_some();
        for waiter in self.stop_waiters.drain(..) {
            // Who asked may have given up waiting.
            drop(waiter.send(Response::Stopped { closed: self.is_safe }));
        }
        if closed.send(result).is_err() {
            tracing::debug!("nobody waits for the tracks to be closed");
        }
        self.phase = Phase::Transcribing { patience, done };
        if let Some(reason) = self.text_failed.clone() {
            self.text_done(Outcome::Pending(reason));
        } else if self.transcribe.is_none() {
            self.text_done(Outcome::Complete);
        } else {
            self.ask_for_text(myself);
        }
    }

    /// Asks the transcriber to say when it is done; one that was restarted is asked again.
    fn ask_for_text(&self, myself: &ActorRef<Message>) {
        let (Phase::Transcribing { patience, .. }, Some(transcriber)) = (&self.phase, &self.transcriber)
        else {
            return;
        };
        let (patience, transcriber, myself) = (*patience, transcriber.clone(), myself.clone());
        tokio::spawn(async move {
            let answer = transcriber.call(|reply| transcriber::Message::Finish(patience, reply), None).await;
            if let Ok(ractor::rpc::CallResult::Success(outcome)) = answer
                && myself.cast(Message::TextDone(outcome)).is_err()
            {
                tracing::debug!("the text was finished after the recorder");
            }
        });
    }

    fn text_done(&mut self, outcome: Outcome) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Transcribing { done, .. } => {
                if let Outcome::Pending(reason) = &outcome {
                    self.recording.note(Event::TextPending { reason: reason.clone() });
                }
                if done.send(outcome).is_err() {
                    tracing::debug!("nobody waits for the text");
                }
            }
            phase => self.phase = phase,
        }
    }

    #[cfg(debug_assertions)]
    fn crash(&mut self, role: Role) -> Result<(), ActorProcessingErr> {
        match role {
            Role::Recorder => panic!("Recorder was told to crash"),
            Role::Writer => {
                if let Some(writer) = &self.writer {
                    writer.cast(writer::Message::Crash)?;
                }
            }
            Role::DeviceCapture => {
                if let Some(capture) = self.captures.get(&0) {
                    capture.cast(device_capture::Message::Crash)?;
                }
            }
            #[cfg(unix)]
            Role::Control => {
                if let Some(control) = &self.control {
                    control.cast(control::Message::Crash)?;
                }
            }
            #[cfg(not(unix))]
            Role::Control => {}
            Role::Transcriber | Role::Denoiser | Role::Segmenter => {
                if let Some(transcriber) = &self.transcriber {
                    transcriber.cast(transcriber::Message::Crash(role))?;
                }
            }
        }
        Ok(())
    }
}

/// Has the Recorder answer what somebody asks.
#[cfg(unix)]
fn answers(recorder: ActorRef<Message>) -> Answers {
    Arc::new(move |request| {
        let (reply, answer) = oneshot::channel();
        // Gone with its mailbox or with its reply: the same to the one who asks.
        let asked = recorder.cast(Message::Asked(request, reply));
        Box::pin(async move {
            match answer.await {
                Ok(response) if asked.is_ok() => response,
                _ => Response::Refused { error: "the recorder has just ended".into() },
            }
        })
    })
}

fn name(child: Child) -> String {
    match child {
        Child::Writer => "writer".into(),
        Child::DeviceCapture(lane) => format!("device capture {}", lane + 1),
        #[cfg(unix)]
        Child::Control => "control".into(),
        Child::Transcriber => "transcriber".into(),
    }
}
