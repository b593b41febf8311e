//! Voices within the tracks of a session: hears where somebody was heard to say something, finds out who
//! speaks when, and gives each word to its voice.
//!
//! It reads the tracks back from the disk and proposes what it finds on the one road of revisions, so a
//! recording that runs, one that has ended and an import are treated alike. Promises: a track with one voice
//! stays as it is; a voice that was known before keeps its id; what a person wrote is not cut; memory grows
//! by a megabyte for an hour of speech. Refuses names: the ids are all that it gives.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use self::kept::Kept;
use super::track_reader::{TrackReader, TrackReaderError, TrackSound};
use crate::base::text;
use crate::base::units::{Frames, SampleRate};
use crate::base::utterance::{Utterance, Word};
use crate::recognisers::engine::memory_available;
use crate::recognisers::worker::own_program;
use crate::revise::Proposal;
use crate::session::shared::{TakeShared, TrackShared};
use crate::session::voices::{self, Sample, VoiceEntry};
use crate::speakers::cluster::{self, Voices};
use crate::speakers::enrolled::Person;
use crate::speakers::networks::{Embedding, NetworkError, Networks, WINDOW};
use crate::speakers::pieces::{self, Piece};
use crate::speakers::recognise;
use crate::speakers::turns::{Spoken, Turn, runs, turns};
use crate::speakers::worker::{Ear, VoicesWorker, VoicesWorkers, Window};

pub mod across;
pub mod kept;
pub mod live;

/// Seconds before and after a line that are heard as part of it: voices begin before words.
const AROUND_S: f64 = 0.25;
/// Pieces that are kept of a track that grows: it is gone through every few seconds, so this bounds the time
/// that takes, to some hundredths of a second. The half that is latest is kept whole.
const PIECES_MAX: usize = 900;
/// Longest sample of a voice, in seconds.
const SAMPLE_S: f64 = 8.0;

/// Why voices can't be told apart.
#[derive(Debug, thiserror::Error)]
pub enum VoicesError {
    /// The networks don't run.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A track can't be read back.
    #[error(transparent)]
    Track(#[from] TrackReaderError),
}

/// What hears voices: the networks in a process of their own. A program that has this crate as a library is
/// not one that could be started for that: there they run in its own process.
///
/// # Errors
/// The networks don't run.
pub fn ear() -> Result<Box<dyn Ear>, VoicesError> {
    match own_program_that_hears() {
        Some(program) => Ok(Box::new(VoicesWorker::new(program))),
        None => Ok(Box::new(Networks::load()?)),
    }
}

/// The same for sound that is there already: it hears several windows at once, as many as there are cores, as
/// far as there is memory.
///
/// # Errors
/// The networks don't run.
pub fn ear_of_all_cores() -> Result<Box<dyn Ear>, VoicesError> {
    match own_program_that_hears() {
        Some(program) => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let room = memory_available().map_or(1, |bytes| bytes / 2 / EAR_BYTES);
            let count = cores.min(EARS_MAX).min(usize::try_from(room).unwrap_or(usize::MAX));
            Ok(Box::new(VoicesWorkers::new(&program, count)))
        }
        None => ear(),
    }
}

/// The program that can be started to hear voices, where this one is Hansard.
fn own_program_that_hears() -> Option<PathBuf> {
    let program = own_program();
    let is_hansard = program.file_stem().is_some_and(|name| name == env!("CARGO_PKG_NAME"));
    (is_hansard || program.starts_with("/proc")).then_some(program)
}

/// More are not worth their memory.
const EARS_MAX: usize = 8;
/// Memory of one, in bytes.
const EAR_BYTES: u64 = 150 << 20;
/// So few windows are heard by one: to start another one takes as long as a window.
const FEW_WINDOWS: usize = 6;

/// The voices of one track.
pub struct TrackVoices {
    dir: PathBuf,
    track: Arc<TrackShared>,
    /// Most voices that there may be.
    limit: Option<usize>,
    /// Who is known by the voice.
    people: Vec<Person>,
    /// What was heard: by take, then by window.
    takes: BTreeMap<usize, TakePieces>,
    /// What it need not hear again.
    known: Kept,
    /// What it hears is kept for who comes after it.
    keeps: bool,
    /// Ids of voices by their numbers, as they were given out: an id is never used for another voice.
    ids_given: u32,
    /// Where each voice was held to speak last.
    last: Vec<(u32, f64, f64)>,
}

#[derive(Default)]
struct TakePieces {
    heard: HashSet<u64>,
    pieces: Vec<Piece>,
}

/// What was found out about a track.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Who speaks when, in session seconds, by start; each voice is an index into `voices`.
    pub turns: Vec<Turn>,
    /// In the order in which the linkage gave them.
    pub voices: Vec<FoundVoice>,
}

/// One voice of a track.
#[derive(Debug, Clone)]
pub struct FoundVoice {
    pub entry: VoiceEntry,
    /// Mean of what was heard of it, of length 1.
    pub centre: Embedding,
}

impl TrackVoices {
    /// Nothing of `track` was heard yet. There are at most `limit` voices on it.
    pub fn new(dir: PathBuf, track: Arc<TrackShared>, limit: Option<usize>) -> Self {
        let (takes, known, people, last) = Default::default();
        Self { dir, track, limit, people, takes, known, keeps: false, ids_given: 0, last }
    }

    /// From now on these `people` are known: who certainly is one of them is a voice after little speech.
    pub fn meet(&mut self, people: &[Person]) {
        self.people = people.to_vec();
    }

    /// The same, and what it hears is kept for the end of the recording ([`kept`]).
    pub fn keeping(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// The same, and what is `known` of the track is not heard again.
    pub fn knowing(self, known: &Kept) -> Self {
        let own = known.iter().filter(|((track, ..), _)| *track == self.track.track);
        Self { known: own.map(|(window, pieces)| (window.clone(), pieces.clone())).collect(), ..self }
    }

    /// Hears the windows of sound in which `lines` lie and that were not heard yet, as far as they are
    /// written; how many it heard. What else is said in these windows is heard, too: a voice without a word
    /// keeps others from getting its sound. `stop` ends it early.
    ///
    /// # Errors
    /// A track can't be read back, or the networks fail.
    pub fn hear(
        &mut self,
        ear: &mut dyn Ear,
        lines: &[Utterance],
        stop: &dyn Fn() -> bool,
    ) -> Result<usize, VoicesError> {
        let mut count = 0;
        for (index, take) in self.track.takes().iter().enumerate() {
            let rate = take.entry.rate;
            let spans = spans(lines.iter().filter(|line| line.take == take.entry.take), rate);
            if spans.is_empty() {
                continue;
            }
            let of_take = self.takes.entry(index).or_default();
            let closed = take.is_closed();
            let total = take.written().rescale(rate, SampleRate::HZ_16000).0;
            // Read before what is written: what a closed take has, it has.
            let starts = if closed { pieces::windows(total) } else { pieces::windows_of_growing(total) };
            let whole = |start: u64| start + WINDOW as u64 <= total || closed;
            let mut wanted: Vec<(u64, Range<u64>)> = (0..starts.len())
                .map(|at| (starts[at], pieces::middle(&starts, at)))
                .filter(|(start, middle)| {
                    let is_said = spans.iter().any(|span| span.start < middle.end && span.end > middle.start);
                    is_said && whole(*start) && !of_take.heard.contains(start)
                })
                .collect();
            let name = |start, end| (self.track.track.clone(), take.entry.take, start, end);
            let mut keep = |start: u64, end: u64, found: Vec<Piece>| {
                if self.keeps {
                    kept::keep(&self.dir, name(start, end), &found);
                }
                of_take.pieces.extend(found);
                of_take.heard.insert(start);
                count += 1;
            };
            wanted.retain(|(start, middle)| match self.known.remove(&name(*start, middle.end)) {
                Some(found) => {
                    keep(*start, middle.end, found);
                    false
                }
                None => true,
            });
            let at_once = if wanted.len() > FEW_WINDOWS { ear.at_once() } else { 1 };
            let mut sound = Sound::new(&self.dir, &self.track, index);
            for batch in wanted.chunks(at_once) {
                if stop() {
                    return Ok(count);
                }
                let mut windows = Vec::with_capacity(batch.len());
                for (start, middle) in batch {
                    let sound = sound.read(*start, WINDOW, rate)?.to_vec();
                    windows.push(Window { sound, start: *start, middle: middle.clone() });
                }
                for (found, window) in ear.hear_each(&windows)?.into_iter().zip(&windows) {
                    keep(window.start, window.middle.end, found);
                }
            }
            of_take.pieces.sort_by_key(|piece| piece.window);
        }
        Ok(count)
    }

    /// Who speaks when, from all that was heard. The voices have no numbers of their own yet
    /// ([`Self::number`]).
    pub fn found(&self) -> Found {
        let known = |centre: &Embedding| recognise::certainly(centre, &self.people);
        self.found_by(|pieces| cluster::voices(pieces, self.limit, &known))
    }

    /// The two voices into which the one falls that was heard.
    pub fn halves(&self) -> Found {
        self.found_by(cluster::halves)
    }

    /// Forgets what was heard beside `lines`.
    pub fn keep_only(&mut self, lines: &[Utterance]) {
        for (index, of_take) in &mut self.takes {
            let take = self.track.takes().get(*index).cloned();
            of_take.pieces.retain(|piece| {
                let middle = (piece.start + piece.end) / 2.0;
                take.as_ref().is_some_and(|take| {
                    let at = Frames::from_seconds(middle, take.entry.rate);
                    lines.iter().any(|line| {
                        line.take == take.entry.take && (line.from_frame..line.to_frame).contains(&at)
                    })
                })
            });
        }
    }

    fn found_by(&self, voices_of: impl Fn(&[Piece]) -> Voices) -> Found {
        let takes = self.track.takes();
        let all: Vec<(usize, Piece)> = self
            .takes
            .iter()
            .flat_map(|(take, of_take)| of_take.pieces.iter().map(|piece| (*take, piece.clone())))
            .collect();
        // A window of another take is another window.
        let apart = |(take, piece): &(usize, Piece)| Piece {
            window: piece.window | (*take as u64) << 48,
            ..piece.clone()
        };
        let pieces: Vec<Piece> = all.iter().map(apart).collect();
        let clustered = voices_of(&pieces);
        let mut all_turns = Vec::new();
        for (index, take) in takes.iter().enumerate() {
            let of_take: Vec<usize> = (0..all.len()).filter(|at| all[*at].0 == index).collect();
            let part: Vec<Piece> = of_take.iter().map(|at| all[*at].1.clone()).collect();
            let of = of_take.iter().map(|at| clustered.of[*at]).collect();
            let clock = take.clock();
            let time = |second: f64| clock.time_of(Frames::from_seconds(second, take.entry.rate));
            let known = Voices { of, ..Voices::default() };
            all_turns.extend(turns(&part, &known, |piece| (time(piece.start), time(piece.end))));
        }
        all_turns.sort_by(|a, b| a.start.total_cmp(&b.start));
        let entry = |(voice, centre): (usize, &Embedding)| {
            let own = || all_turns.iter().filter(|turn| turn.voice == voice);
            let seconds = own().map(|turn| turn.end - turn.start).sum();
            let first = own().map(|turn| turn.start).fold(f64::INFINITY, f64::min);
            let sample = sample(voice, &all_turns, &takes);
            let (track, number) = (self.track.track.clone(), voice as u32 + 1);
            let id = voices::id(&track, number);
            let first = if first.is_finite() { first } else { 0.0 };
            let entry = VoiceEntry { id, track, number, seconds, first, sample, linked: None, print: None };
            FoundVoice { entry, centre: centre.clone() }
        };
        let voices = clustered.centres.iter().enumerate().map(entry).collect();
        Found { turns: all_turns, voices }
    }

    /// Numbers the voices: one that was known keeps its number, as `before` says where each was held to speak
    /// (number, from and to in session seconds; where that says nothing, as it was found last); new ones go
    /// by when they are first heard, those that `stands` says it of before the others.
    pub fn number(&mut self, found: &mut Found, before: &[(u32, f64, f64)], stands: impl Fn(usize) -> bool) {
        let last = std::mem::take(&mut self.last);
        let before = if before.is_empty() { &last } else { before };
        let numbers = self.numbers(found, before, stands);
        self.last = found.turns.iter().map(|turn| (numbers[turn.voice], turn.start, turn.end)).collect();
        for (voice, number) in found.voices.iter_mut().zip(numbers) {
            (voice.entry.number, voice.entry.id) = (number, voices::id(&voice.entry.track, number));
        }
    }

    /// Forgets some of what was heard long ago, if there is much: enough stays to know the voices again.
    pub fn thin(&mut self) {
        let count: usize = self.takes.values().map(|take| take.pieces.len()).sum();
        if count <= PIECES_MAX {
            return;
        }
        let (mut at, old) = (0, count - PIECES_MAX / 2);
        for take in self.takes.values_mut() {
            take.pieces.retain(|_| {
                at += 1;
                at > old || at % 2 == 0
            });
        }
    }

    fn numbers(
        &mut self,
        found: &Found,
        before: &[(u32, f64, f64)],
        stands: impl Fn(usize) -> bool,
    ) -> Vec<u32> {
        let (count, turns) = (found.voices.len(), &found.turns);
        let mut shared: BTreeMap<(usize, u32), f64> = BTreeMap::new();
        for turn in turns {
            for (number, from, to) in before {
                let both = turn.end.min(*to) - turn.start.max(*from);
                if both > 0.0 {
                    *shared.entry((turn.voice, *number)).or_default() += both;
                }
            }
        }
        let mut pairs: Vec<((usize, u32), f64)> = shared.into_iter().collect();
        pairs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut numbers = vec![None; count];
        let mut taken = HashSet::new();
        for ((voice, number), _) in pairs {
            if numbers[voice].is_none() && taken.insert(number) {
                numbers[voice] = Some(number);
            }
        }
        self.ids_given = before.iter().map(|known| known.0).fold(self.ids_given, u32::max);
        let first = |voice: usize| turns.iter().position(|turn| turn.voice == voice).unwrap_or(usize::MAX);
        let mut order: Vec<usize> = (0..count).filter(|voice| numbers[*voice].is_none()).collect();
        order.sort_by_key(|voice| (!stands(*voice), first(*voice)));
        for voice in order {
            self.ids_given += 1;
            numbers[voice] = Some(self.ids_given);
        }
        numbers.into_iter().flatten().collect()
    }
}

impl Found {
    /// When each voice speaks, by its id: from and to in session seconds, by start.
    pub fn turns_by_voice(&self) -> BTreeMap<String, Vec<(f64, f64)>> {
        let mut all: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for turn in &self.turns {
            let Some(voice) = self.voices.get(turn.voice) else { continue };
            all.entry(voice.entry.id.clone()).or_default().push((turn.start, turn.end));
        }
        all
    }

    /// The voices of a line's words; `None` where none is near.
    pub fn proposal(&self, line: &Utterance) -> Option<Proposal> {
        let spoken = |word: &Word| Spoken {
            start: word.start,
            end: word.end,
            ends_sentence: text::ends_sentence(&word.text),
        };
        let spans: Vec<Spoken> = match &line.words[..] {
            [] => vec![Spoken { start: line.start, end: line.end, ends_sentence: true }],
            words => words.iter().map(spoken).collect(),
        };
        let runs = runs(&spans, &self.turns);
        let named =
            |(run, voice): (Range<usize>, usize)| Some((run, self.voices.get(voice)?.entry.id.clone()));
        let runs: Vec<(Range<usize>, String)> = runs.into_iter().filter_map(named).collect();
        (!runs.is_empty()).then_some(Proposal::Voices { runs })
    }
}

/// Stretches of 16 kHz samples in which lines lie.
fn spans<'a>(lines: impl Iterator<Item = &'a Utterance>, rate: SampleRate) -> Vec<Range<u64>> {
    let around = Frames::from_seconds(AROUND_S, SampleRate::HZ_16000).0;
    let at = |frame: Frames| frame.rescale(rate, SampleRate::HZ_16000).0;
    let mut spans: Vec<Range<u64>> = lines
        .map(|line| at(line.from_frame).saturating_sub(around)..at(line.to_frame).saturating_add(around))
        .collect();
    spans.sort_by_key(|span| span.start);
    spans
}

/// The longest stretch in which only this voice speaks.
fn sample(voice: usize, turns: &[Turn], takes: &[Arc<TakeShared>]) -> Option<Sample> {
    let alone = |turn: &&Turn| {
        turns.iter().all(|other| other.voice == voice || other.end <= turn.start || other.start >= turn.end)
    };
    let own = || turns.iter().filter(|turn| turn.voice == voice);
    let long = |turn: &&Turn| turn.end - turn.start;
    let longest = |a: &&Turn, b: &&Turn| long(a).total_cmp(&long(b));
    let turn = own().filter(alone).max_by(longest).or_else(|| own().max_by(longest))?;
    let to = turn.end.min(turn.start + SAMPLE_S);
    let take = takes.iter().rfind(|take| take.clock().time_of(Frames(0)) <= turn.start).or(takes.first())?;
    let clock = take.clock();
    Some(Sample { take: take.entry.take, from: clock.frame_at(turn.start), to: clock.frame_at(to) })
}

/// A take's sound at 16 kHz, read forward.
struct Sound<'a> {
    dir: &'a PathBuf,
    track: &'a Arc<TrackShared>,
    take: usize,
    reader: Option<TrackReader>,
    /// Where `samples` begin.
    from: u64,
    samples: Vec<f32>,
}

impl<'a> Sound<'a> {
    fn new(dir: &'a PathBuf, track: &'a Arc<TrackShared>, take: usize) -> Self {
        Self { dir, track, take, reader: None, from: 0, samples: Vec::new() }
    }

    /// `count` samples from `start` on, fewer at the end of what is written.
    fn read(&mut self, start: u64, count: usize, rate: SampleRate) -> Result<&[f32], TrackReaderError> {
        let has = self.from + self.samples.len() as u64;
        if self.reader.is_none() || start < self.from || start > has {
            let frame = Frames(start).rescale(SampleRate::HZ_16000, rate);
            self.reader =
                Some(TrackReader::new(self.dir.clone(), Arc::clone(self.track), self.take, frame, false));
            (self.from, self.samples) = (start, Vec::new());
        }
        self.samples.drain(..(start - self.from) as usize);
        self.from = start;
        while self.samples.len() < count {
            let Some(reader) = &mut self.reader else { break };
            match reader.next_piece()? {
                Some(TrackSound::Sound { take, heard }) if take == self.take => {
                    self.samples.extend_from_slice(&heard.samples);
                }
                _ => break,
            }
        }
        Ok(&self.samples[..self.samples.len().min(count)])
    }
}
