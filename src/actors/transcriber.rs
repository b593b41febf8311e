//! Transcriber: owns the recogniser, and per track a denoiser and a segmenter. It may be absent, degraded or
//! restarted: what is known of the work stands in an [`Analysis`] outside of it, and the sound on the disk.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use rtrb::RingBuffer;

#[cfg(debug_assertions)]
use super::Role;
use super::children::{Restarts, failed, port};
use super::voices::{Voices, VoicesAnswer};
use super::{denoiser, segmenter};
use crate::audio::segment::SegmentSettings;
use crate::config::Denoise;
use crate::live::SessionView;
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError};
use crate::session::journal::Event;
use crate::speech::analysis::{Analysis, SegmentJob};
use crate::speech::listen::{self, Hints};
use crate::speech::work::{Asked, Pass, Work};

/// It looks around this often, beside being told.
const EVERY: Duration = Duration::from_millis(200);
/// A pair of listeners that died is started again after this long, at most so often …
const RESPAWN_AFTER: Duration = Duration::from_millis(200);
/// … within a minute; then the track's text stays pending.
const RESTARTS_A_MINUTE: usize = 5;

/// So many failures in a row end the showing of lines that still grow.
const PARTIALS_FAILED_MAX: u32 = 3;

/// Makes a recogniser, at the start and again after it died.
pub type MakeRecognizer = Arc<dyn Fn() -> Box<dyn Recognizer> + Send + Sync>;

/// The actor.
pub struct Transcriber;

/// What it is started with; it can be started again with the same.
#[derive(Clone)]
pub struct Arguments {
    pub session: SessionView,
    /// What is known of the work so far.
    pub analysis: Arc<Mutex<Analysis>>,
    /// Makes a recogniser.
    pub make: MakeRecognizer,
    /// How many work at once, at least one; more than one has nothing to do in [`Pass::Long`].
    pub recognizers: usize,
    /// The other computer that recognisers send the sound to; `None` means that it stays here.
    pub sends_to: Option<String>,
    /// How the work is done.
    pub pass: Pass,
    /// Longest sound that a recogniser takes at once, in seconds.
    pub longest_s: f64,
    /// Makes the recogniser of partials; `None` if they are not shown. It is another one,
    /// so that it never holds up the lines themselves.
    pub partials: Option<MakeRecognizer>,
    /// How to cut.
    pub settings: SegmentSettings,
    /// Who gets denoised sound.
    pub denoise: Denoise,
    /// Most voices of each track; `None` sets no bound, 1 tells none apart.
    pub voices: Vec<Option<usize>>,
    /// Folder of people who are known by their voices.
    pub enrolled: PathBuf,
    /// What the recogniser is told; its `denoise` follows from the field of that name.
    pub hints: Hints,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// A segmenter found something, or a track has ended.
    Heard,
    /// Look around.
    Tick,
    /// The recogniser has answered.
    Answered(Box<Answer>),
    /// The recogniser of lines that still grow has answered.
    PartialAnswered(Box<PartialAnswer>),
    /// The voices of the latest lines were heard.
    VoicesHeard(Box<VoicesAnswer>),
    /// Start the listeners of a track again.
    Respawn(usize),
    /// Everything is recorded: answer when all of it is text, or when no progress has been made for so long,
    /// or the whole took so long.
    Finish(Patience, RpcReplyPort<Outcome>),
    /// Panic, here or in a child. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash(Role),
}

/// How long text is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Without any progress.
    pub idle: Duration,
    pub total: Duration,
}

impl Patience {
    /// With nobody waiting at the terminal: as long as there is progress. The recogniser itself gives up on a
    /// segment far sooner; no meeting's text takes a month.
    pub const WITH_PROGRESS: Self =
        Self { idle: Duration::from_secs(300), total: Duration::from_secs(30 * 24 * 3600) };
}

/// How the text work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was said is text.
    Complete,
    /// Text is pending, for this reason.
    Pending(String),
}

/// A recogniser's answer, with the recogniser itself.
pub struct Answer {
    asked: Asked,
    result: Result<Hypothesis, RecognizerError>,
    recognizer: Option<Box<dyn Recognizer>>,
}

/// The same about a line that still grows.
pub struct PartialAnswer {
    job: SegmentJob,
    result: Result<Hypothesis, RecognizerError>,
    recognizer: Option<Box<dyn Recognizer>>,
}

impl std::fmt::Debug for PartialAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartialAnswer").field("job", &self.job).finish_non_exhaustive()
    }
}

/// The recogniser of lines that still grow.
struct PartialRecognizer {
    make: MakeRecognizer,
    /// None while it is at work.
    recognizer: Option<Box<dyn Recognizer>>,
    /// How often it has failed in a row.
    failed: u32,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("asked", &self.asked).finish_non_exhaustive()
    }
}

/// Where it stands.
pub struct State {
    arguments: Arguments,
    /// Those that are not at work.
    idle: Vec<Box<dyn Recognizer>>,
    partial: Option<PartialRecognizer>,
    work: Work,
    voices: Voices,
    /// It was journalled where the sound is sent to.
    sent_told: bool,
    started: Instant,
    pairs: HashMap<usize, Pair>,
    restarts: Restarts,
    finish: Option<(Patience, Instant, RpcReplyPort<Outcome>)>,
    progress_at: Instant,
}

/// The listeners of one track.
struct Pair {
    denoiser: ActorRef<denoiser::Message>,
    segmenter: ActorRef<segmenter::Message>,
}

impl Actor for Transcriber {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        drop(myself.send_interval(EVERY, || Message::Tick));
        let now = Instant::now();
        let partial = arguments.partials.clone();
        let mut state = State {
            idle: (0..arguments.recognizers.max(1)).map(|_| (arguments.make)()).collect(),
            partial: partial.map(|make| PartialRecognizer { recognizer: Some(make()), make, failed: 0 }),
            work: Work::new(
                arguments.session.clone(),
                Arc::clone(&arguments.analysis),
                arguments.pass,
                arguments.longest_s,
            ),
            voices: Voices::new(
                arguments.session.clone(),
                arguments.voices.clone(),
                arguments.enrolled.clone(),
                arguments.pass == Pass::Live,
            ),
            sent_told: false,
            started: now,
            pairs: HashMap::new(),
            restarts: Restarts::new(RESTARTS_A_MINUTE, Duration::from_secs(60)),
            finish: None,
            progress_at: now,
            arguments,
        };
        if state.arguments.recognizers > 1 {
            state.work.work_ahead();
        }
        let languages = &state.arguments.hints.languages;
        for track in 0..state.arguments.session.tracks.len() {
            if languages.get(track).is_none_or(Option::is_none) {
                state.work.listen_for_language(track);
            }
        }
        // Whatever an earlier life had begun is begun again.
        state.work.put_back("the transcriber was restarted");
        for track in 0..state.arguments.session.tracks.len() {
            state.spawn_pair(&myself, track).await?;
        }
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Heard => state.progress_at = Instant::now(),
            Message::Tick => {}
            Message::Answered(answer) => state.take_answer(*answer),
            Message::PartialAnswered(answer) => state.take_partial_answer(*answer),
            Message::VoicesHeard(answer) => state.voices.take(*answer, &mut state.work),
            Message::Respawn(track) => state.spawn_pair(&myself, track).await?,
            Message::Finish(patience, reply) => state.finish = Some((patience, Instant::now(), reply)),
            #[cfg(debug_assertions)]
            Message::Crash(role) => state.crash(role)?,
        }
        tokio::task::block_in_place(|| {
            state.recognize_next(&myself);
            state.recognize_partial(&myself);
            state.work.settle(false, state.started.elapsed());
            if state.finish.is_none() {
                let transcriber = myself.clone();
                state.voices.hear(&state.work, move |answer| {
                    if transcriber.cast(Message::VoicesHeard(Box::new(answer))).is_err() {
                        tracing::debug!("voices came too late");
                    }
                });
            }
        });
        state.answer_finish();
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
    /// Starts the listeners of a track where it has been heard to.
    async fn spawn_pair(
        &mut self,
        myself: &ActorRef<Message>,
        track: usize,
    ) -> Result<(), ActorProcessingErr> {
        let heard = self.work.analysis().heard(track);
        if heard.done {
            return Ok(());
        }
        let session = &self.arguments.session;
        let (to_segmenter, from_denoiser) = RingBuffer::new(1);
        let (segmenter, _) = Actor::spawn_linked(
            None,
            segmenter::Segmenter,
            segmenter::Arguments {
                index: track,
                session: session.clone(),
                from: heard.decided,
                settings: self.arguments.settings,
                slot: from_denoiser,
                analysis: Arc::clone(&self.arguments.analysis),
                heard: port(myself.clone(), || Message::Heard),
            },
            myself.get_cell(),
        )
        .await?;
        let (denoiser, _) = Actor::spawn_linked(
            None,
            denoiser::Denoiser,
            denoiser::Arguments {
                dir: session.dir.clone(),
                track: Arc::clone(&session.tracks[track]),
                take: heard.take,
                from: heard.decided,
                denoise: self.arguments.denoise != Denoise::Off,
                slot: to_segmenter,
                next: port(segmenter.clone(), || segmenter::Message::Go),
            },
            myself.get_cell(),
        )
        .await?;
        let more = port(denoiser.clone(), || denoiser::Message::Go);
        segmenter.cast(segmenter::Message::Source(more))?;
        self.pairs.insert(track, Pair { denoiser, segmenter });
        Ok(())
    }

    /// One of a pair is dead: the other one goes too, and both come back where the track has been heard to.
    fn child_failed(&mut self, myself: &ActorRef<Message>, cell: &ActorCell, reason: &str) {
        let id: ActorId = cell.get_id();
        let found = self.pairs.iter().find_map(|(track, pair)| {
            let denoiser = pair.denoiser.get_id() == id;
            (denoiser || pair.segmenter.get_id() == id).then_some((*track, denoiser))
        });
        // The other one of a pair that is being replaced.
        let Some((track, was_denoiser)) = found else { return };
        if let Some(pair) = self.pairs.remove(&track) {
            pair.denoiser.kill();
            pair.segmenter.kill();
        }
        let restarted = self.restarts.allow(Instant::now());
        let actor = if was_denoiser { "denoiser" } else { "segmenter" };
        let name = self.arguments.session.tracks[track].track.clone();
        self.work.note(Event::ActorFailed {
            actor: format!("{actor} of {name}"),
            reason: reason.into(),
            restarted,
        });
        if restarted {
            drop(myself.send_after(RESPAWN_AFTER, move || Message::Respawn(track)));
        } else {
            self.work.give_up(format!("{name} can't be listened to: {reason}"));
            self.work.analysis().track_done(track);
        }
    }

    /// Gives the next segments to the recognisers that are free.
    fn recognize_next(&mut self, myself: &ActorRef<Message>) {
        while self.work.unusable().is_none()
            && let Some(recognizer) = self.idle.pop()
        {
            let asked = self.work.next_job(self.started.elapsed()).or_else(|| self.work.next_ahead());
            let Some(asked) = asked else { return self.idle.push(recognizer) };
            // Before anything is sent.
            if let Some(host) = self.arguments.sends_to.clone().filter(|_| !self.sent_told) {
                self.sent_told = true;
                self.work.note(Event::TextSent { host });
            }
            self.ask(myself, asked.job.clone(), recognizer, move |result, recognizer| {
                Message::Answered(Box::new(Answer { asked, result, recognizer }))
            });
        }
    }

    /// Has what is still being spoken recognised, if somebody looks and nothing of that is under way.
    fn recognize_partial(&mut self, myself: &ActorRef<Message>) {
        let Some(partial) = self.partial.as_mut().filter(|partial| partial.recognizer.is_some()) else {
            return;
        };
        let Some(job) = self.work.next_partial() else { return };
        let Some(recognizer) = partial.recognizer.take() else { return };
        self.ask(myself, job.clone(), recognizer, move |result, recognizer| {
            Message::PartialAnswered(Box::new(PartialAnswer { job, result, recognizer }))
        });
    }

    /// Has a job done on another thread, and tells how it went.
    fn ask(
        &self,
        myself: &ActorRef<Message>,
        job: SegmentJob,
        mut recognizer: Box<dyn Recognizer>,
        tell: impl FnOnce(Result<Hypothesis, RecognizerError>, Option<Box<dyn Recognizer>>) -> Message
        + Send
        + 'static,
    ) {
        let session = self.arguments.session.clone();
        let mut hints =
            Hints { denoise: self.arguments.denoise == Denoise::Asr, ..self.arguments.hints.clone() };
        if let Some((language, certainty)) = self.work.language(job.track) {
            hints.languages.resize(hints.languages.len().max(job.track + 1), None);
            hints.languages[job.track] = Some(language.to_owned());
            hints.certainty = certainty;
        }
        let work = tokio::task::spawn_blocking(move || {
            let result = listen::recognize(&session, &job, &mut *recognizer, &hints);
            (result, recognizer)
        });
        let myself = myself.clone();
        tokio::spawn(async move {
            let (result, recognizer) = match work.await {
                Ok((result, recognizer)) => (result, Some(recognizer)),
                Err(panic) => (Err(RecognizerError::Crashed { detail: panic.to_string() }), None),
            };
            // The actor may have died meanwhile: then the segment is begun again by its successor.
            if myself.cast(tell(result, recognizer)).is_err() {
                tracing::debug!("an answer came too late");
            }
        });
    }

    /// Shows what is certain of a line that still grows. A recogniser that fails and fails is not asked any
    /// more: the lines themselves go on.
    fn take_partial_answer(&mut self, answer: PartialAnswer) {
        let Some(partial) = &mut self.partial else { return };
        partial.recognizer = Some(answer.recognizer.unwrap_or_else(|| (partial.make)()));
        match answer.result {
            Ok(recognised) => {
                partial.failed = 0;
                self.work.take_partial(&answer.job, recognised);
            }
            Err(error) => {
                partial.failed += 1;
                if error.is_permanent() || partial.failed >= PARTIALS_FAILED_MAX {
                    self.partial = None;
                    self.work.note(Event::PartialsOff { reason: error.to_string() });
                }
            }
        }
    }

    fn take_answer(&mut self, answer: Answer) {
        self.progress_at = Instant::now();
        let mut recognizer = answer.recognizer.unwrap_or_else(|| (self.arguments.make)());
        recognizer.notices().into_iter().for_each(|notice| self.work.note(Event::TextNotice { notice }));
        let Asked { job, early } = &answer.asked;
        if *early {
            self.work.take_early(job, answer.result, recognizer.model());
        } else {
            self.work.take_answer(job, answer.result, recognizer.model(), self.started.elapsed());
        }
        self.idle.push(recognizer);
    }

    /// Answers those who wait for the end, once there is nothing left to wait for.
    fn answer_finish(&mut self) {
        let Some((patience, since, _)) = &self.finish else { return };
        let outcome = if let Some(reason) = self.work.unusable() {
            Outcome::Pending(reason.to_owned())
        } else if self.work.analysis().is_done() {
            Outcome::Complete
        } else if since.elapsed() > patience.total || self.progress_at.elapsed() > patience.idle {
            Outcome::Pending(format!(
                "{} segment(s) were not finished in time",
                self.work.analysis().backlog()
            ))
        } else {
            return;
        };
        self.work.settle(true, self.started.elapsed());
        if let Some((.., reply)) = self.finish.take()
            && reply.send(outcome).is_err()
        {
            tracing::debug!("nobody waits for the text any more");
        }
    }

    #[cfg(debug_assertions)]
    fn crash(&self, role: Role) -> Result<(), ActorProcessingErr> {
        match (role, self.pairs.get(&0)) {
            (Role::Denoiser, Some(pair)) => pair.denoiser.cast(denoiser::Message::Crash)?,
            (Role::Segmenter, Some(pair)) => pair.segmenter.cast(segmenter::Message::Crash)?,
            (Role::Transcriber, _) => panic!("Transcriber was told to crash"),
            _ => {}
        }
        Ok(())
    }
}
