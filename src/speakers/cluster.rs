//! Which pieces are of one voice: average linkage on the cosine of their embeddings, then small groups fold
//! into large ones, and groups that are too alike merge. Pure.
//!
//! Memory and time are bounded however long the meeting is: many pieces are linked in blocks first, and then
//! the blocks' groups with each other. A group is known by the mean of its vectors and their number, from
//! which the average cosine of two groups follows exactly.

use std::collections::HashMap;

pub use super::networks::cosine;
use super::networks::{DIMENSIONS, Embedding};
use super::pieces::Piece;

/// Groups link while the mean cosine of their pieces is above this. Set on meetings of read and of synthetic
/// voices: at 0.45 two alike voices become one (6.6 % of speech under a wrong voice, at 0.50 2.0 %, confirmed
/// on others: 6.2 and 1.4 %), at 0.55 one person in a room becomes two.
const LINK: f32 = 0.50;
/// Groups whose directions are closer than this are one voice: halves of one voice's meeting lie at 0.80 and
/// more, two voices over a telephone at 0.66.
const MERGE: f32 = 0.68;
/// Seconds below which a group is no voice of its own but folds into the nearest.
const FOLD_S: f64 = 5.0;
/// Seconds from which on a group is a voice of its own all the same if it certainly is somebody's who is
/// known ([`Known`]). Of those enrolled who said 3 s in a meeting of four, none was found without it and 98 %
/// with it; of those who said 5 s 24 and 100 %.
const KNOWN_S: f64 = 1.5;
/// Seconds from which on a group is a voice of its own all the same if it is unlike all large ones: somebody
/// who said little would be folded into a voice that isn't theirs, and have its name.
const APART_S: f64 = 1.5;
/// The cosine of two directions below which they are unlike. What is of one voice lies above it.
const APART: f32 = 0.40;
/// Of a short sound, the part of its speech that counts instead.
const FOLD_PART: f64 = 0.25;
/// Seconds of embedded sound without which a piece takes no part in finding the groups.
const TRUSTED_S: f64 = 0.8;
/// Two pieces of one window that share more of their time than this are two people.
const SHARED_PART: f64 = 0.5;
/// Rounds of two means, of which a few are enough.
const HALVING_ROUNDS: usize = 10;
/// How often they are begun.
const HALVING_BEGINNINGS: usize = 24;
/// Pieces that are linked at once; the table of their cosines takes the square of it, in floats.
const BLOCK: usize = 1500;

/// Voices of a track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Voices {
    /// Voice of each piece; `None` where nothing is known.
    pub of: Vec<Option<usize>>,
    /// Direction of each voice, of length 1.
    pub centres: Vec<Embedding>,
    /// Seconds of each voice's pieces.
    pub seconds: Vec<f64>,
}

/// Whose voice a direction certainly is of people who are known: a number for each of them.
pub type Known<'a> = &'a dyn Fn(&Embedding) -> Option<usize>;

/// No voice is known.
pub const NOBODY: Known<'static> = &|_| None;

/// Finds the voices of a track's pieces, at most `limit`. Who is `known` is heard out of less, and is one
/// voice.
pub fn voices(pieces: &[Piece], limit: Option<usize>, known: Known<'_>) -> Voices {
    let trusted = |piece: &Piece| piece.embedded_s >= TRUSTED_S;
    let mut items: Vec<(usize, &Embedding, f64)> = with_voice(pieces, trusted);
    if items.is_empty() {
        items = with_voice(pieces, |_| true);
    }
    if items.is_empty() {
        return Voices { of: vec![None; pieces.len()], ..Voices::default() };
    }
    let vectors: Vec<&Embedding> = items.iter().map(|item| item.1).collect();
    let seconds: Vec<f64> = items.iter().map(|item| item.2).collect();
    let mut groups = Groups::new(&vectors, &seconds, linked(&vectors));
    let all: f64 = seconds.iter().sum();
    groups.fold(FOLD_S.min(FOLD_PART * all), known);
    groups.join(known);
    groups.merge(|closest, _| closest >= MERGE);
    groups.merge(|_, count| limit.is_some_and(|limit| count > limit.max(1)));
    groups.settle();
    groups.given(pieces, &items)
}

/// The two voices into which the pieces of one fall most clearly; fewer where there are not two pieces.
///
/// Two means on the sphere, begun at several pairs of pieces that are not alike; the best end counts. Linkage
/// would take a single odd piece off.
pub fn halves(pieces: &[Piece]) -> Voices {
    let items = with_voice(pieces, |_| true);
    let vectors: Vec<&Embedding> = items.iter().map(|item| item.1).collect();
    let seconds: Vec<f64> = items.iter().map(|item| item.2).collect();
    let begun = |of: Vec<usize>| Groups::new(&vectors, &seconds, of);
    let from = |first: &Embedding| {
        let other = vectors.iter().copied().min_by(|a, b| cosine(a, first).total_cmp(&cosine(b, first)))?;
        let nearer = |vector: &&Embedding| usize::from(cosine(vector, other) > cosine(vector, first));
        let mut groups = begun(vectors.iter().map(nearer).collect());
        groups.renumber();
        (0..HALVING_ROUNDS).for_each(|_| groups.settle());
        Some(groups)
    };
    let beginnings = vectors.iter().step_by(vectors.len().div_ceil(HALVING_BEGINNINGS).max(1));
    let ends = beginnings.filter_map(|first| from(first)).filter(|groups| groups.count() == 2);
    let best = ends.max_by(|a, b| a.fit().total_cmp(&b.fit()));
    best.unwrap_or_else(|| begun(vec![0; items.len()])).given(pieces, &items)
}

fn with_voice(pieces: &[Piece], wanted: impl Fn(&Piece) -> bool) -> Vec<(usize, &Embedding, f64)> {
    let item = |(at, piece): (usize, &'_ Piece)| -> Option<usize> {
        (piece.voice.is_some() && wanted(piece)).then_some(at)
    };
    let found: Vec<usize> = pieces.iter().enumerate().filter_map(item).collect();
    found
        .into_iter()
        .filter_map(|at| pieces[at].voice.as_ref().map(|voice| (at, voice, pieces[at].seconds())))
        .collect()
}

/// Pieces that took no part go to the nearest voice, or to that of their neighbour in the same window.
fn give_the_rest(pieces: &[Piece], centres: &[Embedding], of: &mut [Option<usize>]) {
    for (piece, voice) in pieces.iter().zip(of.iter_mut()) {
        if let (None, Some(vector)) = (*voice, &piece.voice) {
            *voice = best(vector, centres, None);
        }
    }
    let known = of.to_vec();
    for (at, piece) in pieces.iter().enumerate().filter(|(at, _)| known[*at].is_none()) {
        let same = |other: &usize| {
            let other = &pieces[*other];
            (other.window, other.local) == (piece.window, piece.local)
        };
        let distance = |other: &usize| (pieces[*other].start - piece.start).abs();
        let others = (0..pieces.len()).filter(|other| known[*other].is_some()).filter(same);
        let nearest = others.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        of[at] = nearest.and_then(|other| known[other]);
    }
}

/// Two people who speak at one time are not one voice: the one who fits less takes its second best.
fn keep_apart(pieces: &[Piece], centres: &[Embedding], of: &mut [Option<usize>]) {
    if centres.len() < 2 {
        return;
    }
    for this in 0..pieces.len() {
        for other in this + 1..pieces.len() {
            let (a, b) = (&pieces[this], &pieces[other]);
            if a.window != b.window {
                break;
            }
            let both = a.end.min(b.end) - a.start.max(b.start);
            let shared = both > SHARED_PART * a.seconds().min(b.seconds());
            let (Some(voice), true) = (of[this], a.local != b.local && of[this] == of[other] && shared)
            else {
                continue;
            };
            let fit = |piece: &Piece| piece.voice.as_ref().map_or(-1.0, |v| cosine(v, &centres[voice]));
            let weaker = if fit(a) >= fit(b) { other } else { this };
            if let Some(vector) = &pieces[weaker].voice {
                of[weaker] = best(vector, centres, Some(voice));
            }
        }
    }
}

/// The voice nearest to a vector, `but` for one.
fn best(vector: &Embedding, centres: &[Embedding], but: Option<usize>) -> Option<usize> {
    let others = (0..centres.len()).filter(|centre| Some(*centre) != but);
    others.max_by(|a, b| cosine(vector, &centres[*a]).total_cmp(&cosine(vector, &centres[*b])))
}

/// Group of each vector, by average linkage.
fn linked(vectors: &[&Embedding]) -> Vec<usize> {
    let single = |vector: &&Embedding| Mean { sum: vector.iter().map(|v| *v as f64).collect(), count: 1.0 };
    let mut of = Vec::with_capacity(vectors.len());
    let mut means: Vec<Mean> = Vec::new();
    for block in vectors.chunks(BLOCK) {
        let singles: Vec<Mean> = block.iter().map(single).collect();
        let groups = link(&singles);
        let first = means.len();
        for (vector, group) in singles.into_iter().zip(&groups) {
            match means.get_mut(first + group) {
                Some(mean) => mean.add(&vector),
                None => means.push(vector),
            }
        }
        of.extend(groups.into_iter().map(|group| first + group));
    }
    if vectors.len() <= BLOCK {
        return of;
    }
    let groups = link(&means);
    of.into_iter().map(|group| groups[group]).collect()
}

/// A group: the sum of its vectors, and their number.
struct Mean {
    sum: Vec<f64>,
    count: f64,
}

impl Mean {
    fn add(&mut self, other: &Self) {
        self.sum.iter_mut().zip(&other.sum).for_each(|(a, b)| *a += b);
        self.count += other.count;
    }

    /// Mean cosine of two groups' vectors.
    fn similarity(&self, other: &Self) -> f32 {
        let product: f64 = self.sum.iter().zip(&other.sum).map(|(a, b)| a * b).sum();
        (product / (self.count * other.count)) as f32
    }
}

/// Average linkage down to [`LINK`]: the group of each item, numbered in the order in which they first
/// appear.
///
/// By chains of nearest neighbours (Murtagh 1983): two that are each other's nearest are linked, whatever
/// else there is; average linkage gives the same tree in any such order.
fn link(items: &[Mean]) -> Vec<usize> {
    let n = items.len();
    let mut near: Vec<f32> = vec![0.0; n * n];
    for a in 0..n {
        for b in 0..a {
            let similarity = items[a].similarity(&items[b]);
            (near[a * n + b], near[b * n + a]) = (similarity, similarity);
        }
    }
    let mut count: Vec<f32> = items.iter().map(|item| item.count as f32).collect();
    let mut active: Vec<usize> = (0..n).collect();
    let mut into: Vec<usize> = (0..n).collect();
    let mut chain: Vec<usize> = Vec::new();
    while active.len() > 1 {
        if chain.is_empty() {
            chain.push(active[0]);
        }
        let tip = chain[chain.len() - 1];
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        let of_tip = |other: &usize| near[tip * n + other];
        let others = active.iter().copied().filter(|other| *other != tip);
        let Some(nearest) = others.max_by(|a, b| of_tip(a).total_cmp(&of_tip(b))) else { break };
        // Of equals the one that it came from, or the chain would go round.
        let mutual = before.filter(|before| of_tip(before) >= of_tip(&nearest));
        let Some(other) = mutual else {
            chain.push(nearest);
            continue;
        };
        chain.truncate(chain.len() - 2);
        let (stays, goes) = (tip.min(other), tip.max(other));
        if near[stays * n + goes] > LINK {
            into[goes] = stays;
        }
        let (a, b) = (count[stays], count[goes]);
        for third in active.iter().copied().filter(|third| *third != stays && *third != goes) {
            let similarity = (a * near[stays * n + third] + b * near[goes * n + third]) / (a + b);
            (near[stays * n + third], near[third * n + stays]) = (similarity, similarity);
        }
        count[stays] = a + b;
        active.retain(|item| *item != goes);
    }
    let mut numbers = HashMap::new();
    let root = |mut item: usize| {
        while into[item] != item {
            item = into[item];
        }
        item
    };
    (0..n)
        .map(|item| {
            let next = numbers.len();
            *numbers.entry(root(item)).or_insert(next)
        })
        .collect()
}

/// Groups of vectors that fold and merge.
struct Groups<'a> {
    vectors: &'a [&'a Embedding],
    seconds: &'a [f64],
    /// Group of each vector, numbered without holes.
    of: Vec<usize>,
}

impl<'a> Groups<'a> {
    fn new(vectors: &'a [&'a Embedding], seconds: &'a [f64], of: Vec<usize>) -> Self {
        Self { vectors, seconds, of }
    }

    fn count(&self) -> usize {
        self.of.iter().max().map_or(0, |most| most + 1)
    }

    fn weights(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.count()];
        self.of.iter().zip(self.seconds).for_each(|(group, seconds)| weights[*group] += seconds);
        weights
    }

    /// Direction of each group, each vector by its seconds.
    fn centres(&self) -> Vec<Embedding> {
        let mut sums = vec![[0.0_f64; DIMENSIONS]; self.count()];
        for ((vector, seconds), group) in self.vectors.iter().zip(self.seconds).zip(&self.of) {
            sums[*group].iter_mut().zip(vector.iter()).for_each(|(a, b)| *a += f64::from(*b) * seconds);
        }
        let unit = |sum: [f64; DIMENSIONS]| {
            let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-9);
            Box::new(sum.map(|v| (v / length) as f32))
        };
        sums.into_iter().map(unit).collect()
    }

    /// Vectors of groups lighter than `least` seconds go to the nearest other; the heaviest always stays, and
    /// so does who is known, or is unlike all large ones.
    fn fold(&mut self, least: f64, known: Known<'_>) {
        let weights = self.weights();
        let heaviest = (0..weights.len()).max_by(|a, b| weights[*a].total_cmp(&weights[*b]));
        let centres = self.centres();
        let is_known = |group: usize| weights[group] >= KNOWN_S && known(&centres[group]).is_some();
        let is_large = |group: usize| weights[group] >= least || Some(group) == heaviest || is_known(group);
        let large: Vec<usize> = (0..weights.len()).filter(|group| is_large(*group)).collect();
        let is_apart = |group: usize| {
            let unlike = |large: &usize| cosine(&centres[group], &centres[*large]) < APART;
            weights[group] >= APART_S && large.iter().all(unlike)
        };
        let stays = |group: usize| is_large(group) || is_apart(group);
        let large: Vec<usize> = (0..weights.len()).filter(|group| stays(*group)).collect();
        for (vector, group) in self.vectors.iter().zip(&mut self.of) {
            if !stays(*group) {
                let fit = |large: &usize| cosine(vector, &centres[*large]);
                let nearest = large.iter().copied().max_by(|a, b| fit(a).total_cmp(&fit(b)));
                *group = nearest.unwrap_or(*group);
            }
        }
        self.renumber();
    }

    /// Groups that certainly are one person's who is known become one.
    fn join(&mut self, known: Known<'_>) {
        let mut first: HashMap<usize, usize> = HashMap::new();
        let whose = self.centres().into_iter().map(|centre| known(&centre)).enumerate();
        let one = |(group, whose): (usize, Option<usize>)| {
            whose.map_or(group, |person| *first.entry(person).or_insert(group))
        };
        let into: Vec<usize> = whose.map(one).collect();
        self.of.iter_mut().for_each(|group| *group = into[*group]);
        self.renumber();
    }

    /// The two closest groups become one while `wanted` says so of their cosine and the number of groups.
    fn merge(&mut self, wanted: impl Fn(f32, usize) -> bool) {
        while self.count() > 1 {
            let centres = self.centres();
            let pairs = (0..centres.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
            let near = |pair: &(usize, usize)| cosine(&centres[pair.0], &centres[pair.1]);
            let Some(pair) = pairs.max_by(|a, b| near(a).total_cmp(&near(b))) else { break };
            if !wanted(near(&pair), centres.len()) {
                break;
            }
            self.of.iter_mut().filter(|group| **group == pair.1).for_each(|group| *group = pair.0);
            self.renumber();
        }
    }

    /// How well the groups' directions stand for their vectors: the sum of the cosines, by seconds.
    fn fit(&self) -> f64 {
        let centres = self.centres();
        let all = self.vectors.iter().zip(&self.of).zip(self.seconds);
        all.map(|((vector, group), seconds)| f64::from(cosine(vector, &centres[*group])) * seconds).sum()
    }

    /// Each vector goes to the group whose direction is nearest: linkage alone never takes back what it did
    /// early.
    fn settle(&mut self) {
        let centres = self.centres();
        for (vector, group) in self.vectors.iter().zip(&mut self.of) {
            *group = best(vector, &centres, None).unwrap_or(*group);
        }
        self.renumber();
    }

    /// All pieces with their voices; `items` are those that were grouped.
    fn given(&self, pieces: &[Piece], items: &[(usize, &Embedding, f64)]) -> Voices {
        let centres = self.centres();
        let mut of = vec![None; pieces.len()];
        for (item, group) in items.iter().zip(&self.of) {
            of[item.0] = Some(*group);
        }
        give_the_rest(pieces, &centres, &mut of);
        keep_apart(pieces, &centres, &mut of);
        let mut seconds = vec![0.0; centres.len()];
        for (piece, voice) in pieces.iter().zip(&of) {
            if let Some(voice) = voice {
                seconds[*voice] += piece.seconds();
            }
        }
        Voices { of, centres, seconds }
    }

    fn renumber(&mut self) {
        let mut numbers = std::collections::BTreeMap::new();
        for group in &mut self.of {
            let next = numbers.len();
            *group = *numbers.entry(*group).or_insert(next);
        }
    }
}

#[cfg(test)]
mod tests;
