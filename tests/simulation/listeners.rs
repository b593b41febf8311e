//! The analysis side of a day: what hears the tracks, seeks speech and has it recognised, stepped as its
//! actors step it. Any of them may die at any moment, and the recogniser fails as it likes.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hansard::audio::segment::SegmentSettings;
use hansard::audio::vad::Vad;
use hansard::base::utterance::Utterance;
use hansard::live::{Bus, News, SessionSink, SessionView, Subscription, TranscriptLine};
use hansard::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request, Word};
use hansard::recording::panic_text;
use hansard::session::journal::Event;
use hansard::session::shared::TrackShared;
use hansard::speech::analysis::{ATTEMPTS_MAX, Analysis, SegmentJob};
use hansard::speech::listen::{self, Hints};
use hansard::speech::segment_finder::SegmentFinder;
use hansard::speech::track_reader::{TrackReader, TrackSound};
use hansard::speech::work::{Asked, Pass, Work};
use hansard::writer::Control;

use hansard::base::random::Random;

/// The actors look around this often, in seconds.
const EVERY_S: f64 = 0.05;
/// Chance that one of them dies in a step.
const DEATH: f64 = 0.004;
/// Steps after which text that is not finished never will be.
const STEPS_MAX: u32 = 20_000;

/// Every segment and what became of it.
type Fates = BTreeMap<(usize, usize, u64, u64), Fate>;

#[derive(Debug, Default, Clone, PartialEq)]
struct Fate {
    begun: u32,
    failed: u32,
    done: u32,
    skipped: u32,
}

/// Where lines go: to the writer, and here.
struct Sink {
    control: Mutex<Sender<Control>>,
    said: Mutex<Vec<Utterance>>,
    events: Mutex<Vec<Event>>,
}

impl SessionSink for Sink {
    fn write_utterance(&self, utterance: Utterance) {
        self.said.lock().expect("no panic").push(utterance.clone());
        self.send(Control::Utterance(Box::new(utterance)));
    }

    fn publish_utterance(&self, utterance: Utterance, until: u64) {
        self.send(Control::Publish(Box::new(TranscriptLine { utterance, until })));
    }

    fn note(&self, event: Event) {
        self.events.lock().expect("no panic").push(event.clone());
        self.send(Control::Journal(event));
    }
}

impl Sink {
    fn send(&self, control: Control) {
        self.control.lock().expect("no panic").send(control).expect("the writer lives");
    }
}

/// What is shown of lines that still grow, by id.
struct Screen {
    news: Subscription,
    lines: BTreeMap<String, Utterance>,
}

impl Screen {
    fn look(&mut self) {
        while let Some(news) = self.news.try_next() {
            match news {
                News::Line(line) => {
                    assert!(line.utterance.is_final);
                    self.lines.remove(&line.utterance.id);
                }
                News::Partial(growing) => self.show(&growing),
                News::Lagged(missed) => panic!("{missed} news were not looked at in time"),
                _ => {}
            }
        }
    }

    fn show(&mut self, growing: &Utterance) {
        assert!(!growing.is_final, "{growing:?}");
        if growing.text.is_empty() {
            let shown = self.lines.remove(&growing.id);
            assert!(shown.is_some(), "{} was taken back and never shown", growing.id);
        } else if let Some(before) = self.lines.insert(growing.id.clone(), growing.clone()) {
            assert!(growing.text.starts_with(&before.text), "what is shown stays: {before:?} {growing:?}");
        }
    }
}

/// Speech by the number that a window's coded samples carry: the same whoever hears it, and from wherever on.
struct CodedSpeech;

impl Vad for CodedSpeech {
    fn window(&self) -> usize {
        256
    }

    fn probability(&mut self, window: &[f32]) -> f32 {
        let mean = window.iter().map(|sample| f64::from(*sample)).sum::<f64>() / window.len() as f64;
        let place = ((mean + 1.0) * 8_388_608.0 / 6_000.0).max(0.0) as u64;
        if Random::new(place).chance(0.6) { 0.9 } else { 0.1 }
    }

    fn reset(&mut self) {}
}

/// Understands something, nothing, or fails.
struct Moody(Random);

impl Recognizer for Moody {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let text = match self.0.below(20) {
            0 | 1 => return Err(RecognizerError::Failed { reason: "a bad mood".into() }),
            2 | 3 => return Err(RecognizerError::Crashed { detail: "signal 6".into() }),
            4 => panic!("the recogniser was told to panic"),
            5 => "",
            _ => "so it was said",
        };
        let (from, to) = request.speech.unwrap_or((0.0, request.seconds()));
        let word = Word { text: text.into(), start: from, end: to, p: Some(0.9) };
        Ok(Hypothesis {
            text: text.into(),
            words: vec![word],
            language: "en".into(),
            ..Hypothesis::default()
        })
    }

    fn model(&self) -> &str {
        "moody"
    }
}

/// The listeners of one track.
struct Pair {
    hearing: TrackReader,
    seeking: SegmentFinder,
    /// One block is in flight.
    slot: Option<TrackSound>,
}

pub struct Listeners {
    session: SessionView,
    sink: Arc<Sink>,
    analysis: Arc<Mutex<Analysis>>,
    pairs: Vec<Pair>,
    work: Work,
    recognizer: Moody,
    /// In work, and when the answer is there.
    asked: Option<(Asked, Result<Hypothesis, RecognizerError>, f64)>,
    fates: Fates,
    /// Segments that were tried before they ended, and whether there was text in them; none: it failed.
    early: Vec<(SegmentJob, Option<bool>)>,
    /// The recogniser of lines that still grow, and what it is asked.
    eye: Moody,
    glimpsed: Option<(SegmentJob, Option<Hypothesis>, f64)>,
    screen: Screen,
    random: Random,
    at: f64,
}

impl Listeners {
    pub fn new(
        dir: &Path,
        tracks: &[Arc<TrackShared>],
        (control, news): (Sender<Control>, &Bus),
        seed: u64,
    ) -> Self {
        let sink =
            Arc::new(Sink { control: Mutex::new(control), said: Mutex::default(), events: Mutex::default() });
        let screen = Screen { news: news.subscribe(), lines: BTreeMap::new() };
        let session = SessionView {
            dir: dir.into(),
            tracks: tracks.to_vec(),
            sink: Arc::clone(&sink) as Arc<dyn SessionSink>,
            news: news.clone(),
        };
        let analysis = Arc::new(Mutex::new(Analysis::new(tracks.len())));
        let mut random = Random::new(seed);
        let mut listeners = Self {
            work: Work::new(session.clone(), Arc::clone(&analysis), Pass::Live, 30.0),
            session,
            sink,
            analysis,
            pairs: Vec::new(),
            recognizer: Moody(random.fork()),
            asked: None,
            fates: Fates::new(),
            early: Vec::new(),
            eye: Moody(random.fork()),
            glimpsed: None,
            screen,
            random,
            at: 0.0,
        };
        listeners.pairs = (0..tracks.len()).map(|track| listeners.pair(track)).collect();
        listeners
    }

    /// The listeners of a track, from where it has been heard to.
    fn pair(&self, track: usize) -> Pair {
        let heard = self.work.analysis().heard(track);
        let (dir, shared) = (self.session.dir.clone(), Arc::clone(&self.session.tracks[track]));
        let hearing = TrackReader::new(dir, shared, heard.take, heard.decided, false);
        let (settings, analysis) = (SegmentSettings::default(), Arc::clone(&self.analysis));
        let vad = || -> Box<dyn Vad> { Box::new(CodedSpeech) };
        let seeking = SegmentFinder::new(track, &self.session, heard.decided, settings, vad, analysis);
        Pair { hearing, seeking, slot: None }
    }

    /// What the actors do when they are told something, or have waited for long enough.
    pub fn step(&mut self, now: f64) {
        if now < self.at + EVERY_S {
            return;
        }
        self.at = now;
        self.die_by_chance();
        for track in 0..self.pairs.len() {
            self.listen(track);
        }
        let elapsed = Duration::from_secs_f64(now);
        if let Some((asked, result, _)) = self.asked.take_if(|(.., at)| *at <= now) {
            self.answered(&asked, result, elapsed);
        }
        if self.asked.is_none() {
            let waiting: Vec<SegmentJob> = self.work.analysis().jobs().cloned().collect();
            if let Some(asked) = self.work.next_job(elapsed) {
                self.ask(asked, now);
            }
            self.note_early(&waiting);
        }
        self.glimpse(now);
        self.work.settle(false, elapsed);
        self.screen.look();
    }

    /// What is shown of lines that still grow comes from another recogniser, which fails as it likes.
    fn glimpse(&mut self, now: f64) {
        if let Some((job, result, _)) = self.glimpsed.take_if(|(.., at)| *at <= now)
            && let Some(recognised) = result
        {
            self.work.take_partial(&job, recognised);
        }
        if self.glimpsed.is_none()
            && let Some(job) = self.work.next_partial()
        {
            let (session, recognizer) = (&self.session, &mut self.eye);
            let result = catch_unwind(AssertUnwindSafe(|| {
                listen::recognize(session, &job, recognizer, &Hints::default()).ok()
            }));
            self.glimpsed = Some((job, result.ok().flatten(), now + self.random.range(0.0, 0.8)));
        }
    }

    fn die_by_chance(&mut self) {
        for track in 0..self.pairs.len() {
            if self.random.chance(DEATH) && !self.work.analysis().heard(track).done {
                self.pairs[track] = self.pair(track);
            }
        }
        if self.random.chance(DEATH) {
            let in_work = self.asked.take().map(|(asked, ..)| asked).filter(|asked| !asked.early);
            self.work = Work::new(self.session.clone(), Arc::clone(&self.analysis), Pass::Live, 30.0);
            self.work.put_back("the transcriber was restarted");
            // What it had shown it knows no more of.
            self.screen.look();
            self.screen.lines.clear();
            self.glimpsed = None;
            if let Some(asked) = in_work {
                self.fate(&asked.job).failed += 1;
            }
        }
    }

    fn listen(&mut self, track: usize) {
        let Pair { hearing, seeking, slot } = &mut self.pairs[track];
        // The two tell each other as long as there is something.
        loop {
            if slot.is_none() {
                *slot = hearing.next_piece().unwrap_or_else(|error| panic!("track {track}: {error}"));
            }
            if !seeking.take_pieces(|| slot.take()) {
                break;
            }
        }
    }

    fn fate(&mut self, job: &SegmentJob) -> &mut Fate {
        self.fates.entry((job.track, job.take, job.segment.from.0, job.segment.to.0)).or_default()
    }

    fn ask(&mut self, asked: Asked, now: f64) {
        if !asked.early {
            self.fate(&asked.job).begun += 1;
        }
        let (session, recognizer) = (&self.session, &mut self.recognizer);
        let result = catch_unwind(AssertUnwindSafe(|| {
            listen::recognize(session, &asked.job, recognizer, &Hints::default())
        }));
        let result =
            result.unwrap_or_else(|panic| Err(RecognizerError::Crashed { detail: panic_text(&*panic) }));
        let at = now + self.random.range(0.0, 0.8);
        self.asked = Some((asked, result, at));
    }

    fn answered(&mut self, asked: &Asked, result: Result<Hypothesis, RecognizerError>, now: Duration) {
        if asked.early {
            let has_text = |recognised: &Hypothesis| !recognised.text.is_empty();
            self.early.push((asked.job.clone(), result.as_ref().ok().map(has_text)));
            return self.work.take_early(&asked.job, result, "moody");
        }
        match &result {
            Ok(_) => self.fate(&asked.job).done += 1,
            Err(_) => self.fate(&asked.job).failed += 1,
        }
        self.work.take_answer(&asked.job, result, "moody", now);
    }

    /// What waited and is gone without having been asked for had been understood before it ended: then it is
    /// text by now.
    fn note_early(&mut self, waited: &[SegmentJob]) {
        let left: Vec<SegmentJob> = self.work.analysis().jobs().cloned().collect();
        for job in waited.iter().filter(|job| !left.iter().any(|other| other.is_same(job))) {
            let Some((_, Some(has_text))) = self.early.iter().rfind(|(early, _)| early.is_same(job)) else {
                continue;
            };
            let track = &self.session.tracks[job.track];
            let id = format!("{}-{}-{}", track.track, track.takes()[job.take].entry.take, job.segment.onset);
            let said = self.sink.said.lock().expect("no panic").iter().any(|utterance| utterance.id == id);
            assert_eq!(said, *has_text, "{id} was understood early");
            let fate = self.fate(job);
            (fate.begun, fate.done) = (fate.begun + 1, fate.done + 1);
        }
    }

    /// Everything is recorded: the rest becomes text.
    pub fn finish(&mut self, mut now: f64) {
        for _ in 0..STEPS_MAX {
            if self.work.analysis().is_done() && self.asked.is_none() {
                self.work.settle(true, Duration::from_secs_f64(now));
                return;
            }
            now += EVERY_S;
            self.step(now);
        }
        panic!("the text is not finished: {:?}", self.work.analysis());
    }

    /// Every segment is done or passed over, once; what was said is in the transcript, once, in the frames of
    /// its take.
    pub fn check(&mut self, dir: &Path) {
        for event in self.sink.events.lock().expect("no panic").iter() {
            if let Event::SegmentFailed { track, take, from, to, skipped: true, .. } = event {
                let track = self.session.tracks.iter().position(|t| t.track == *track).expect("a track");
                // A name that was taken costs a number.
                let takes = self.session.tracks[track].takes();
                let index = takes.iter().position(|t| t.entry.take == *take).expect("a take");
                let key = (track, index, from.0, to.0);
                self.fates.entry(key).or_default().skipped += 1;
            }
        }
        let mut last: Option<(usize, usize, u64)> = None;
        for ((track, index, from, to), fate) in &self.fates {
            let name = &self.session.tracks[*track].track;
            let once = fate.done + fate.skipped == 1 && fate.begun == fate.done + fate.failed;
            assert!(once, "{name} take {index}, {from}..{to}: {fate:?}");
            let early = |(job, understood): &(SegmentJob, Option<bool>)| {
                (job.track, job.take) == (*track, *index)
                    && (job.segment.from.0, job.segment.to.0) == (*from, *to)
                    && understood.is_none()
            };
            let failed = fate.failed + u32::from(self.early.iter().any(early));
            assert!(
                fate.skipped == 0 || fate.failed == ATTEMPTS_MAX || failed == ATTEMPTS_MAX,
                "{name} take {index}, {from}..{to}: {fate:?}"
            );
            let take = self.session.tracks[*track].takes().get(*index).cloned().expect("a take");
            assert!(
                from < to && *to <= take.written().0,
                "{name} take {index}: {from}..{to} of {}",
                take.written()
            );
            let follows = last.is_none_or(|(t, i, end)| (t, i) != (*track, *index) || end <= *from);
            assert!(follows, "{name} take {index}: {from} is heard twice");
            last = Some((*track, *index, *to));
        }
        let said = self.sink.said.lock().expect("no panic");
        let mut revisions: BTreeMap<&str, u32> = BTreeMap::new();
        for utterance in said.iter() {
            let next = revisions.entry(&utterance.id).or_default();
            assert_eq!(utterance.rev, *next, "the revisions of {}", utterance.id);
            *next += 1;
            assert!(utterance.from_frame <= utterance.to_frame && utterance.start <= utterance.end);
        }
        let text = fs::read_to_string(dir.join("transcript.jsonl")).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Utterance>(line).expect("a whole line"));
        // A time may come back with another last digit.
        let key = |utterance: &Utterance| (utterance.id.clone(), utterance.rev, utterance.text.clone());
        assert!(
            lines.map(|line| key(&line)).eq(said.iter().map(key)),
            "the transcript is what was said, in its order"
        );
    }

    /// Segments that were recognised or passed over.
    pub fn segments(&self) -> usize {
        self.fates.len()
    }
}
