//! Which utterances are only the echo of another track, and which carry a piece of one at their head or tail.
//!
//! Microphones in one room hear each other, 15 dB or less below the person they belong to, and a microphone
//! hears the loudspeaker that a loopback records as well. So one sentence is transcribed on several tracks.
//! The judge here is pure: it sees utterances and, through [`Levels`], how loud each track was; it answers
//! and changes nothing. What it calls an echo is tagged `bleed_of` and stays in the transcript.
//!
//! **Repeat rather than lose.** A word is dropped only if the same word stands on another track at the same
//! time *and* the sound says that this track merely overheard it. Text alone is never enough: two people do
//! say "yes" at once. Without sound to look at, without word times to look it up by, or when in doubt:
//! [`Verdict::Own`]. Sound alone is enough where it is known by now how one track overhears the other
//! ([`overheard`](super::overheard)): then an utterance goes that holds nothing louder than that while the
//! other track says something, whatever a recogniser made of it.
//!
//! Levels are compared at words, as the difference `d` in dB between this track and the other one at the same
//! moment: room, voice and distance cancel out, gains don't. A pure echo has about the same `d` at all its
//! words, so an utterance's own words show up as those that exceed the median over the matched words,
//! whatever the gains are. Where a decision rests on few words (a short utterance, a trimmed end), a second
//! condition that no gain can fake is asked for: the words must also be quieter than this track's own voice
//! is elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::sound::{Sound, db};
use self::tokens::{Token, common, tokens};
use super::overheard::Leak;
use crate::base::utterance::Utterance;
use crate::revise::Proposal;

mod sound;
mod tokens;

/// How far echo and source may lie apart in time, in seconds.
const SHIFT_S: f64 = 0.5;
/// How far the recogniser's times of one word on two tracks may differ, [`SHIFT_S`] included.
const WORD_SHIFT_S: f64 = 1.0;
/// Part of an utterance's tokens that must stand, in order, in what the other track says.
const MATCHED_MIN: f64 = 0.7;
/// How far an overheard voice lies below its own track. Real bleed was seen from 3 dB (which only the
/// envelope can tell) to 15 dB and more; two people at their own microphones differ by less, unless gains do.
const BELOW_DB: f64 = 6.0;
/// The same for utterances of one or two tokens, where equal words mean little.
const SHORT_BELOW_DB: f64 = 10.0;
/// Fewer tokens make a short utterance.
const SHORT_TOKENS: usize = 3;
/// Correlation of two envelopes of which one is the echo of the other.
const CORRELATED: f64 = 0.6;
/// How late an echo may come, in windows (loudspeakers behind Bluetooth).
const LAG_MAX: usize = 30;
/// From this lag on (windows) the order in time says which is the echo; below it, only the level can.
const LAG_CLEAR: usize = 2;
/// Least stretch to correlate, in windows. Any two bursts of 0.3 s look alike.
const CORRELATE_MIN: usize = 100;
/// The same for short utterances, where it comes on top of the level.
const SHORT_CORRELATE_MIN: usize = 15;
/// Least length (words that match) of a head or tail that is taken off.
const TRIM_WORDS_MIN: usize = 2;
/// One utterance has at most 28 s. What has more tokens than this is not speech, and is left alone.
const TOKENS_MAX: usize = 1000;
/// So much of an utterance's energy is explained by a known leak where all of it is overheard …
const LEAKED_MIN: f32 = 0.9;
/// … and so much of its time by what the other track says.
const COVERED_MIN: f64 = 0.6;
/// [`may_be_overheard`] doubts from this much before the bounds of a verdict on: words that are not there yet
/// may match another stretch.
const DOUBT_DB: f64 = 2.0;
/// The same for correlations.
const DOUBT_CORRELATION: f64 = 0.1;

/// How loud the tracks were. The one real implementation reads the tracks' envelopes.
pub trait Levels {
    /// RMS (full scale = 1) of `track` from `from_s` to `to_s`, session seconds, in windows of
    /// [`WINDOW_S`](crate::audio::level::WINDOW_S). `from_s` may be negative. Where there is no sound: zero,
    /// or the answer is shorter; an empty one means that nothing is known.
    fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32>;

    /// How `track` overhears `other`, once that is known.
    fn leak(&self, _track: &str, _other: &str) -> Option<Leak> {
        None
    }
}

/// What an utterance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Said on its own track, as far as can be told.
    Own,
    /// Overheard as a whole.
    Echo {
        /// Id of the utterance that holds most of it.
        of: String,
    },
    /// Its head or its tail (or both) was overheard, the rest is its own.
    Trim {
        /// Words (indices into `words`) that stay.
        keep: Range<usize>,
        /// Id of the utterance that holds most of what is dropped.
        of: String,
    },
}

impl Verdict {
    /// What is to become of the utterance. An echo keeps its words and says whose they are.
    pub fn proposal(&self) -> Proposal {
        match self {
            Self::Own => Proposal::Own,
            Self::Echo { of } => Proposal::Echo { of: of.clone() },
            Self::Trim { keep, .. } => Proposal::Trim { keep: keep.clone() },
        }
    }
}

/// Judges one utterance against those of other tracks. `others` may hold anything: withheld utterances are
/// passed over; those of its own track only serve to know how loud that track's own voice is.
pub fn judge(new: &Utterance, others: &[&Utterance], levels: &dyn Levels) -> Verdict {
    find(new, others, levels).map_or(Verdict::Own, |finding| finding.verdict)
}

/// Judges all against all, so that an utterance that comes late can turn out to be the source of one that was
/// finished before it. The answer holds what is not [`Verdict::Own`], by id, and doesn't depend on the order
/// of `utterances`.
///
/// No word vanishes from every track: a verdict stands only while most of the words that it rests on stay
/// visible. Verdicts that rest on each other fall together, and the words are repeated.
pub fn judge_all(utterances: &[&Utterance], levels: &dyn Levels) -> BTreeMap<String, Verdict> {
    let mut findings: BTreeMap<String, Finding> = utterances
        .iter()
        .filter(|new| new.withheld.is_none())
        .filter_map(|new| Some((new.id.clone(), find(new, utterances, levels)?)))
        .collect();
    loop {
        let hidden = |(id, word): &(String, usize)| match findings.get(id).map(|finding| &finding.verdict) {
            None | Some(Verdict::Own) => false,
            Some(Verdict::Echo { .. }) => true,
            Some(Verdict::Trim { keep, .. }) => !keep.contains(word),
        };
        let baseless: BTreeSet<String> = findings
            .iter()
            .filter(|(_, finding)| {
                let seen = finding.backing.iter().filter(|word| !hidden(word)).count();
                (seen as f64) < MATCHED_MIN * finding.backing.len() as f64
            })
            .map(|(id, _)| id.clone())
            .collect();
        if baseless.is_empty() {
            return findings.into_iter().map(|(id, finding)| (id, finding.verdict)).collect();
        }
        findings.retain(|id, _| !baseless.contains(id));
    }
}

/// Whether an utterance may turn out to be an echo of what is said on `track`, or to carry a piece of it,
/// whatever words are found there: by the sound alone, on the bounds of [`judge`] and a little before them.
/// What can't be needs not wait for those words.
pub fn may_be_overheard(new: &Utterance, track: &str, levels: &dyn Levels) -> bool {
    let tokens = tokens(new);
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return false };
    let Some(mut sound) = Sound::read(new, track, levels) else { return false };
    sound.correlate(first.start, last.end);
    let differences: Vec<f64> = tokens.iter().map(|token| sound.difference(token)).collect();
    let quiet = |difference: &f64| *difference <= DOUBT_DB - BELOW_DB;
    let head = differences.iter().take_while(|d| quiet(d)).count();
    let tail = differences.iter().rev().take_while(|d| quiet(d)).count();
    // The lowest median that any of the tokens that have to match can have.
    let mut sorted = differences;
    sorted.sort_by(f64::total_cmp);
    let matched = (sorted.len() as f64 * MATCHED_MIN).ceil() as usize;
    let below = sorted.get(matched / 2).copied().unwrap_or(0.0);
    let correlated = sound.stretch >= CORRELATE_MIN && sound.correlation >= CORRELATED - DOUBT_CORRELATION;
    head.max(tail) >= TRIM_WORDS_MIN
        || quiet(&below)
        || (correlated && (sound.lag >= LAG_CLEAR || below <= DOUBT_DB - 1.0))
}

/// A verdict against an utterance, and the words of others (utterance id, word) that it rests on.
struct Finding {
    verdict: Verdict,
    backing: Vec<(String, usize)>,
}

fn find(new: &Utterance, others: &[&Utterance], levels: &dyn Levels) -> Option<Finding> {
    let tokens = tokens(new);
    if tokens.is_empty() || tokens.len() > TOKENS_MAX {
        return None;
    }
    let mut tracks: BTreeMap<&str, Vec<&Utterance>> = BTreeMap::new();
    for other in others.iter().filter(|other| other.track != new.track && other.withheld.is_none()) {
        if other.start - SHIFT_S < new.end && new.start < other.end + SHIFT_S {
            tracks.entry(&other.track).or_default().push(other);
        }
    }
    let own_level = || own_level(new, others, levels);
    let found = tracks.into_iter().filter_map(|(track, said)| {
        let leaked = leaked(new, track, &said, levels);
        if leaked.is_some() {
            return leaked;
        }
        let pair = Pair::new(new, &tokens, track, said, levels).filter(|pair| !pair.sound.leads)?;
        let finding = pair.echo(own_level).or_else(|| pair.trim())?;
        let partial = matches!(finding.verdict, Verdict::Trim { .. });
        Some((partial, pair.below, finding))
    });
    // The source is where the words are loudest: an echo must not be laid to another echo.
    found.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))).map(|(.., finding)| finding)
}

/// An utterance that a known leak explains as a whole, while the other track says something.
fn leaked(
    new: &Utterance,
    track: &str,
    said: &[&Utterance],
    levels: &dyn Levels,
) -> Option<(bool, f64, Finding)> {
    let leak = levels.leak(&new.track, track)?;
    let overlap = |from: f64, to: f64| (to.min(new.end) - from.max(new.start)).max(0.0);
    let covered: f64 = said.iter().map(|other| overlap(other.start, other.end)).sum();
    if covered < COVERED_MIN * (new.end - new.start) {
        return None;
    }
    let [own, other] = [&*new.track, track].map(|track| levels.envelope(track, new.start, new.end));
    if leak.share(&own, &other) < LEAKED_MIN {
        return None;
    }
    let words = said.iter().flat_map(|other| {
        let at_once = |token: &Token| overlap(token.start, token.end) > 0.0;
        tokens(other).into_iter().filter(at_once).map(|token| (other.id.as_str(), token.word))
    });
    let backing: Vec<_> = words.collect();
    let of = commonest(&backing)?;
    Some((false, f64::from(leak.level_db), finding(Verdict::Echo { of }, &backing)))
}

/// How loud this track's own voice is, in dB: the loudest of its other utterances, which can't be an echo
/// unless all are.
fn own_level(new: &Utterance, others: &[&Utterance], levels: &dyn Levels) -> Option<f64> {
    let same_track = others.iter().filter(|other| other.track == new.track && other.id != new.id);
    same_track
        .map(|other| db(&levels.envelope(&other.track, other.start, other.end)))
        .filter(|level| *level > -100.0)
        .max_by(f64::total_cmp)
}

/// An utterance beside what another track holds at the same time.
struct Pair<'a> {
    new: &'a Utterance,
    tokens: &'a [Token],
    /// By index of the token: the other track's (utterance, word).
    matched: BTreeMap<usize, (&'a str, usize)>,
    sound: Sound,
    /// Median over the matched tokens of this track's level against the other's, in dB. An echo has it below
    /// zero.
    below: f64,
}

impl<'a> Pair<'a> {
    fn new(
        new: &'a Utterance,
        tokens: &'a [Token],
        track: &str,
        said: Vec<&'a Utterance>,
        levels: &dyn Levels,
    ) -> Option<Self> {
        let mut theirs: Vec<(&str, Token)> = Vec::new();
        for other in said {
            theirs.extend(self::tokens(other).into_iter().map(|token| (other.id.as_str(), token)));
        }
        theirs.retain(|(_, token)| {
            token.start < new.end + WORD_SHIFT_S && new.start - WORD_SHIFT_S < token.end
        });
        theirs
            .sort_by(|a, b| a.1.start.total_cmp(&b.1.start).then(a.0.cmp(b.0)).then(a.1.word.cmp(&b.1.word)));
        if theirs.len() > TOKENS_MAX {
            return None;
        }
        let (ids, theirs): (Vec<&str>, Vec<Token>) = theirs.into_iter().unzip();
        let matched: BTreeMap<usize, (&str, usize)> =
            common(tokens, &theirs).into_iter().map(|(i, j)| (i, (ids[j], theirs[j].word))).collect();
        let (first, last) = (*matched.keys().next()?, *matched.keys().next_back()?);
        let mut sound = Sound::read(new, track, levels)?;
        sound.correlate(tokens[first].start, tokens[last].end);
        let below = median(matched.keys().map(|i| sound.difference(&tokens[*i])).collect())?;
        Some(Self { new, tokens, matched, sound, below })
    }

    /// The utterance as a whole is an echo, if text and sound both say so and no word of its own is in it.
    fn echo(&self, own_level: impl Fn() -> Option<f64>) -> Option<Finding> {
        let part = self.matched.len() as f64 / self.tokens.len() as f64;
        if part < MATCHED_MIN || !self.evident(own_level) {
            return None;
        }
        let matched_level = median(self.matched.keys().map(|i| self.sound.here(&self.tokens[*i])).collect())?;
        // Louder against the other track than the echo is, and no mere pause that a word's time ran into.
        let own = |i: usize| {
            let token = &self.tokens[i];
            !self.matched.contains_key(&i)
                && self.sound.difference(token) > self.below + BELOW_DB
                && self.sound.here(token) > matched_level - BELOW_DB
        };
        if (0..self.tokens.len()).any(own) {
            return None;
        }
        let backing: Vec<_> = self.matched.values().copied().collect();
        let of = commonest(&backing)?;
        Some(finding(Verdict::Echo { of }, &backing))
    }

    /// Whether the sound says that what matched was overheard.
    fn evident(&self, own_level: impl Fn() -> Option<f64>) -> bool {
        let Sound { correlation, lag, stretch, .. } = self.sound;
        let correlated = |least: usize| stretch >= least && correlation >= CORRELATED;
        if self.tokens.len() < SHORT_TOKENS {
            let here = median(self.tokens.iter().map(|token| self.sound.here(token)).collect());
            return self.below <= -SHORT_BELOW_DB
                && correlated(SHORT_CORRELATE_MIN)
                && own_level().zip(here).is_none_or(|(own, here)| here <= own - BELOW_DB);
        }
        self.below <= -BELOW_DB || (correlated(CORRELATE_MIN) && (lag >= LAG_CLEAR || self.below <= -1.0))
    }

    /// Takes off a head and a tail that were overheard, if something of its own is left.
    fn trim(&self) -> Option<Finding> {
        if self.new.words.is_empty() {
            return None;
        }
        let head = self.run((0..self.tokens.len()).collect());
        let tail = self.run((0..self.tokens.len()).rev().collect());
        let (from, to) = (head.len(), self.tokens.len().checked_sub(tail.len())?);
        // A word of several tokens stays whole.
        let first = self.tokens.get(from).map(|token| token.word)?;
        let last = self.tokens.get(to.checked_sub(1)?).map(|token| token.word)?;
        if from >= to || (head.is_empty() && tail.is_empty()) {
            return None;
        }
        let own: Vec<f64> = self.tokens[from..to]
            .iter()
            .filter(|token| self.sound.difference(token) > -BELOW_DB)
            .map(|token| self.sound.here(token))
            .collect();
        let dropped = || head.iter().chain(&tail);
        let overheard = median(dropped().map(|i| self.sound.here(&self.tokens[*i])).collect())?;
        // Without a voice of its own in the rest, or as loud in what was "overheard" as in the rest: it all
        // belongs together.
        if median(own).is_none_or(|own| overheard > own - BELOW_DB) {
            return None;
        }
        let backing: Vec<_> = dropped().filter_map(|i| self.matched.get(i)).copied().collect();
        let of = commonest(&backing)?;
        let start = if head.is_empty() { 0 } else { first };
        let end = if tail.is_empty() { self.new.words.len() } else { last + 1 };
        Some(finding(Verdict::Trim { keep: start..end, of }, &backing))
    }

    /// The tokens from one end on that were overheard: they match and are quieter than on the other track;
    /// misheard ones between them count along if they are quiet too. Empty if fewer than two match.
    fn run(&self, order: Vec<usize>) -> Vec<usize> {
        let quiet = |i: &&usize| self.sound.difference(&self.tokens[**i]) <= -BELOW_DB;
        let mut run: Vec<usize> = order.iter().take_while(quiet).copied().collect();
        while run.last().is_some_and(|i| !self.matched.contains_key(i)) {
            run.pop();
        }
        let matching = run.iter().filter(|i| self.matched.contains_key(i)).count();
        let enough = matching >= TRIM_WORDS_MIN && matching as f64 >= MATCHED_MIN * run.len() as f64;
        if enough { run } else { Vec::new() }
    }
}

fn finding(verdict: Verdict, backing: &[(&str, usize)]) -> Finding {
    Finding { verdict, backing: backing.iter().map(|(id, word)| ((*id).to_owned(), *word)).collect() }
}

/// The id that occurs most often; of equal ones the first in order.
fn commonest(backing: &[(&str, usize)]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, _) in backing {
        *counts.entry(id).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(id, _)| id.to_owned())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests;
