//! The broadcast, and subscriptions to it that read on from the files after a lag. Who listens is also told
//! what people are called by then: names are made for whoever shows them, and are in no news.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{
    self, Receiver, Sender,
    error::{RecvError, TryRecvError},
};

use super::{Cursor, News, TranscriptLine};
use crate::base::cause::Alarm;
use crate::base::utterance::Utterance;
use crate::session::journal::{Event, Line};
use crate::session::line_tail::LineTail;
use crate::session::naming::Naming;
use crate::session::read::{JOURNAL, ReadError, TRANSCRIPT};
use crate::session::voices::VoiceEntry;

/// News that wait for a subscriber: some ten seconds of a lively meeting. After more it reads on from the
/// files.
pub const NEWS_WAITING: usize = 1024;
/// Lines that are read from a file at once.
const LINES_AT_ONCE: usize = 256;

/// Something that is wrong at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingAlarm {
    pub alarm: Alarm,
    /// The track that it is about. `None` means the machine.
    pub track: Option<String>,
    /// For people.
    pub text: String,
}

/// Where news is published. Clones are the same place.
#[derive(Debug, Clone)]
pub struct Bus {
    dir: Arc<Path>,
    news: Sender<News>,
    standing: Arc<Mutex<Standing>>,
    listeners: Arc<Listeners>,
}

/// How many listen, and who waits for them to have heard all.
#[derive(Debug, Default)]
struct Listeners {
    count: Mutex<usize>,
    fewer: Condvar,
}

/// One who listens, as long as this lives.
#[derive(Debug)]
struct Listening(Arc<Listeners>);

impl Listening {
    fn new(listeners: &Arc<Listeners>) -> Self {
        *listeners.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(Arc::clone(listeners))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        self.0.fewer.notify_all();
    }
}

/// What holds at the moment, for those who come late.
#[derive(Debug, Default)]
struct Standing {
    alarms: Vec<StandingAlarm>,
    /// Why the recording is to end.
    ending: Option<String>,
    cursor: Cursor,
    /// What is known of the voices that are heard. Replaced as a whole.
    voices: Arc<Vec<VoiceEntry>>,
}

impl Bus {
    /// The news of the session in `dir`.
    pub fn new(dir: &Path) -> Self {
        let (standing, listeners) = (Arc::default(), Arc::default());
        Self { dir: dir.into(), news: broadcast::channel(NEWS_WAITING).0, standing, listeners }
    }

    /// Tells all who listen now. Returns at once.
    pub fn publish(&self, news: News) {
        let mut standing = self.standing();
        match &news {
            News::Event(line) => {
                standing.note(&line.event);
                standing.cursor.seq = line.seq + 1;
            }
            News::Unwritten(event) => standing.note(event),
            News::Line(line) => standing.cursor.line = standing.cursor.line.max(line.until),
            _ => {}
        }
        // Under the lock, so that who subscribes sees either the state before or the news. That nobody
        // listens is not an error.
        drop(self.news.send(news));
    }

    /// Whether anybody listens: what is made for listeners alone needs not be made for none.
    pub fn is_heard(&self) -> bool {
        self.news.receiver_count() > 0
    }

    /// What is wrong at the moment.
    pub fn alarms(&self) -> Vec<StandingAlarm> {
        self.standing().alarms.clone()
    }

    /// Why the recorder itself ends the recording. `None` means that it doesn't.
    pub fn ending(&self) -> Option<String> {
        self.standing().ending.clone()
    }

    /// From now on this is known of the voices of a track. It is never written down: who is shown a name asks
    /// [`Subscription::naming`] for it.
    pub fn know_voices(&self, track: &str, voices: impl IntoIterator<Item = VoiceEntry>) {
        let mut standing = self.standing();
        let others = standing.voices.iter().filter(|entry| entry.track != track).cloned();
        standing.voices = Arc::new(others.chain(voices).collect());
    }

    /// What has been published so far.
    pub fn cursor(&self) -> Cursor {
        self.standing().cursor
    }

    /// The news from now on.
    pub fn subscribe(&self) -> Subscription {
        let standing = self.standing();
        Subscription::new(self, self.news.subscribe(), standing.cursor)
    }

    /// The news since `cursor`: first what lasts of them, read from the files, then what comes.
    pub fn subscribe_since(&self, cursor: Cursor) -> Subscription {
        let mut subscription = Subscription::new(self, self.news.subscribe(), cursor);
        subscription.catch_up();
        subscription
    }

    /// There will be no more news. Those who listen are waited for until they have heard all, up to
    /// `patience`; whether they have.
    pub fn end(&self, patience: Duration) -> bool {
        self.publish(News::Over);
        let count = self.listeners.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.listeners.fewer.wait_timeout_while(count, patience, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Alarm { alarm, track, on, text, .. } => {
                self.alarms.retain(|standing| (&standing.track, standing.alarm) != (track, *alarm));
                if *on {
                    let (track, text) = (track.clone(), text.clone());
                    self.alarms.push(StandingAlarm { alarm: *alarm, track, text });
                }
            }
            Event::Ending { reason } => self.ending = Some(reason.clone()),
            _ => {}
        }
    }
}

/// One who listens. It may take as long as it likes: nobody waits for it.
///
/// What it gives once and in order: lines of the journal, by their number. Lines of the transcript come at
/// least once; after a lag one may be given again, or before it was judged (its revision tells).
#[derive(Debug)]
pub struct Subscription {
    dir: PathBuf,
    news: Receiver<News>,
    cursor: Cursor,
    /// What the files still have to give, after a lag.
    behind: Option<Behind>,
    waiting: VecDeque<News>,
    /// Revisions that were given: what the file says again after a lag is told once.
    read: HashMap<String, u32>,
    /// Gone once all is heard.
    listening: Option<Listening>,
    standing: Arc<Mutex<Standing>>,
    names: Asked,
}

/// What people are called, for a subscriber that asks.
#[derive(Debug, Default)]
enum Asked {
    /// It never did.
    #[default]
    Not,
    /// The session can't be read.
    Failed,
    /// With what was known of voices when it asked last.
    Known(Box<Naming>, Arc<Vec<VoiceEntry>>),
}

/// Reading on from the files.
#[derive(Debug)]
struct Behind {
    journal: LineTail,
    transcript: LineTail,
}

impl Subscription {
    fn new(bus: &Bus, news: Receiver<News>, cursor: Cursor) -> Self {
        let (waiting, read) = (VecDeque::new(), HashMap::new());
        let (dir, listening) = (bus.dir.to_path_buf(), Some(Listening::new(&bus.listeners)));
        let (standing, names) = (Arc::clone(&bus.standing), Asked::Not);
        Self { dir, news, cursor, behind: None, waiting, read, listening, standing, names }
    }

    /// What people are called by all that was given so far and by what is known of voices now. Reads the
    /// session the first time; `None` where it can't be read.
    pub fn naming(&mut self) -> Option<&Naming> {
        if matches!(self.names, Asked::Not) {
            self.names = match Naming::open(&self.dir) {
                Ok(naming) => Asked::Known(Box::new(naming), Arc::default()),
                Err(error) => {
                    tracing::warn!(%error, "lines are shown without the names that people were given");
                    Asked::Failed
                }
            };
        }
        let Asked::Known(naming, known) = &mut self.names else { return None };
        let now = Arc::clone(&self.standing.lock().unwrap_or_else(PoisonError::into_inner).voices);
        if !Arc::ptr_eq(known, &now) {
            // Before any voice was heard in this pass, what the session's files say holds.
            if !now.is_empty() {
                naming.voices(&now);
            }
            *known = now;
        }
        Some(naming)
    }

    /// Where it stands: a subscriber that goes on from here misses nothing.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next news. `None` means that none will come any more.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            if let ControlFlow::Break(told) = self.read_on() {
                return told;
            }
            let received = self.news.recv().await;
            if let ControlFlow::Break(told) = self.receive(received) {
                return told;
            }
        }
    }

    /// The next news that is there already.
    pub fn try_next(&mut self) -> Option<News> {
        loop {
            if let ControlFlow::Break(told) = self.read_on() {
                return told;
            }
            let received = match self.news.try_recv() {
                Ok(news) => Ok(news),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
                Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
            };
            if let ControlFlow::Break(told) = self.receive(received) {
                return told;
            }
        }
    }

    /// The same as [`Self::next`] for a thread that may wait.
    pub fn wait(&mut self) -> Option<News> {
        loop {
            if let ControlFlow::Break(told) = self.read_on() {
                return told;
            }
            let received = self.news.blocking_recv();
            if let ControlFlow::Break(told) = self.receive(received) {
                return told;
            }
        }
    }

    /// What is to be told of what was received, if anything.
    fn receive(&mut self, received: Result<News, RecvError>) -> ControlFlow<Option<News>> {
        match received {
            Ok(News::Over) | Err(RecvError::Closed) => {
                self.listening = None;
                ControlFlow::Break(None)
            }
            Ok(news) => match self.take(news) {
                Some(news) => ControlFlow::Break(Some(news)),
                None => ControlFlow::Continue(()),
            },
            Err(RecvError::Lagged(missed)) => {
                self.catch_up();
                ControlFlow::Break(Some(News::Lagged(missed)))
            }
        }
    }

    /// From here on the files are read to their ends, beginning where this one stands.
    fn catch_up(&mut self) {
        let journal = LineTail::new(self.dir.join(JOURNAL), self.cursor.seq);
        let transcript = LineTail::new(self.dir.join(TRANSCRIPT), self.cursor.line);
        self.behind = Some(Behind { journal, transcript });
    }

    /// News as it is to be told; `None` if it was told already.
    fn take(&mut self, news: News) -> Option<News> {
        if let Asked::Known(naming, _) = &mut self.names {
            match &news {
                News::Event(line) => naming.event(line),
                News::Line(line) => naming.line(&line.utterance),
                _ => {}
            }
        }
        match &news {
            News::Event(line) if line.seq < self.cursor.seq => return None,
            News::Event(line) => self.cursor.seq = line.seq + 1,
            News::Line(line) => {
                self.cursor.line = self.cursor.line.max(line.until);
                return self.is_new(&line.utterance).then_some(news);
            }
            _ => {}
        }
        Some(news)
    }

    /// Whether this revision was not given yet.
    fn is_new(&mut self, utterance: &Utterance) -> bool {
        let given = self.read.get(&utterance.id).copied();
        if given.is_some_and(|given| given >= utterance.rev) {
            return false;
        }
        self.read.insert(utterance.id.clone(), utterance.rev);
        true
    }

    /// What the files still have to tell after a lag; goes on once they have told all, and news may come.
    fn read_on(&mut self) -> ControlFlow<Option<News>> {
        loop {
            while let Some(news) = self.waiting.pop_front() {
                if let Some(news) = self.take(news) {
                    return ControlFlow::Break(Some(news));
                }
            }
            let Some(behind) = &mut self.behind else { break };
            match behind.read() {
                Ok(Some(news)) => self.waiting.extend(news),
                Ok(None) => self.behind = None,
                Err(error) => {
                    // The news that come are all that there is then.
                    tracing::warn!(%error, "a subscriber can't read on from the session's files");
                    self.behind = None;
                }
            }
        }
        if self.listening.is_none() { ControlFlow::Break(None) } else { ControlFlow::Continue(()) }
    }
}

impl Behind {
    /// Some more of both files; `None` means that they have no more. A line that can't be understood is
    /// passed over: `verify` is the one to judge the files.
    fn read(&mut self) -> Result<Option<Vec<News>>, ReadError> {
        let (events, lines) = (self.journal.read(LINES_AT_ONCE)?, self.transcript.read(LINES_AT_ONCE)?);
        if events.is_empty() && lines.is_empty() {
            return Ok(None);
        }
        let event = |(_, line): (u64, Vec<u8>)| {
            let line = serde_json::from_slice::<Line>(&line).ok()?;
            Some(News::Event(Arc::new(line)))
        };
        let line = |(number, line): (u64, Vec<u8>)| {
            let utterance = serde_json::from_slice::<Utterance>(&line).ok()?;
            Some(News::Line(Arc::new(TranscriptLine { utterance, until: number + 1 })))
        };
        Ok(Some(events.into_iter().filter_map(event).chain(lines.into_iter().filter_map(line)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::SessionNs;

    fn event(seq: u64) -> Line {
        let utc = "2026-03-14T08:30:00Z".parse().unwrap();
        Line { seq, session_ns: SessionNs(seq), utc, event: Event::Resumed { at: seq as f64 } }
    }

    #[test]
    fn a_slow_subscriber_is_told_so_and_misses_no_event() {
        let dir = tempfile::tempdir().unwrap();
        let bus = Bus::new(dir.path());
        let mut slow = bus.subscribe();
        let count = NEWS_WAITING as u64 + 700;
        let mut journal = Vec::new();
        for seq in 0..count {
            // A version to come may write what this one can't read: more of it than is read at once.
            let known = !(300..900).contains(&seq);
            let line = serde_json::to_string(&event(seq)).unwrap();
            journal.push(if known { line } else { line.replace("resumed", "unheard_of") } + "\n");
            bus.publish(News::Event(Arc::new(event(seq))));
        }
        std::fs::write(dir.path().join(JOURNAL), journal.concat()).unwrap();
        assert!(matches!(slow.try_next(), Some(News::Lagged(_))));
        let told = std::iter::from_fn(|| slow.try_next());
        let told: Vec<u64> =
            told.filter_map(|n| if let News::Event(l) = n { Some(l.seq) } else { None }).collect();
        assert_eq!(told, (0..300).chain(900..count).collect::<Vec<_>>(), "each once, in order");
        assert_eq!(slow.cursor().seq, count);
        bus.publish(News::Over);
        assert!(slow.wait().is_none() && slow.wait().is_none());
        assert!(bus.end(Duration::ZERO), "nobody is left to be waited for");
    }
}
