//! Which pieces are of one voice: average linkage on the cosine of their embeddings, then small groups fold
//! into large ones, and groups that are too alike merge. Pure.
//!
//! Memory and time are bounded however long the meeting is: many pieces are linked in blocks first, and then
//! the blocks' groups with each other. A group is known by the mean of its vectors and their number, from
//! which the average cosine of two groups follows exactly.

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

/// Finds the voices of a track's pieces, at most `limit`.
pub fn voices(pieces: &[Piece], limit: Option<usize>) -> Voices {
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
    groups.fold(FOLD_S.min(FOLD_PART * all));
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
    let mut numbers = std::collections::HashMap::new();
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

    /// Vectors of groups lighter than `least` seconds go to the nearest other; the heaviest always stays.
    fn fold(&mut self, least: f64) {
        let weights = self.weights();
        let heaviest = (0..weights.len()).max_by(|a, b| weights[*a].total_cmp(&weights[*b]));
        let stays = |group: usize| weights[group] >= least || Some(group) == heaviest;
        let centres = self.centres();
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
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::random::Random;

    /// Seconds of people who take turns, each with a direction of their own that wanders; `(person, pieces)`.
    fn meeting(seed: u64, people: usize, pieces: usize) -> (Vec<Piece>, Vec<usize>) {
        let mut random = Random::new(seed);
        let mut direction = || -> Vec<f64> { (0..DIMENSIONS).map(|_| random.range(-1.0, 1.0)).collect() };
        let centres: Vec<Vec<f64>> = (0..people).map(|_| direction()).collect();
        let mut random = Random::new(seed + 1);
        let mut who = 0;
        let mut told = Vec::new();
        let piece = |at: usize| {
            if random.range(0.0, 1.0) < 0.3 {
                who = random.range(0.0, people as f64) as usize;
            }
            told.push(who);
            let values: Vec<f64> = centres[who].iter().map(|v| v + random.range(-0.9, 0.9)).collect();
            let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
            let voice: Vec<f32> = values.iter().map(|v| (v / length) as f32).collect();
            Piece {
                window: at as u64 / 5 * 80_000,
                local: 0,
                start: at as f64,
                end: at as f64 + 1.0,
                embedded_s: 2.0,
                voice: voice.try_into().ok(),
            }
        };
        let pieces = (0..pieces).map(piece).collect();
        (pieces, told)
    }

    /// Whether two ways to divide the same things are the same.
    fn agree(found: &[Option<usize>], told: &[usize]) -> bool {
        let pairs: BTreeSet<_> = found.iter().zip(told).collect();
        let left: BTreeSet<_> = pairs.iter().map(|pair| pair.0).collect();
        let right: BTreeSet<_> = pairs.iter().map(|pair| pair.1).collect();
        pairs.len() == left.len() && left.len() == right.len()
    }

    #[test]
    fn as_many_voices_as_there_are_people_and_each_piece_with_its_own() {
        for people in 1..=8 {
            let (pieces, told) = meeting(people as u64, people, 200);
            let found = voices(&pieces, None);
            assert_eq!(found.centres.len(), people);
            assert!(agree(&found.of, &told), "{people} people");
            assert_eq!(found.seconds.iter().sum::<f64>().round(), 200.0);
        }
    }

    #[test]
    fn blocks_give_what_the_whole_gives() {
        let (pieces, told) = meeting(77, 5, 2 * BLOCK + 100);
        let found = voices(&pieces, None);
        assert_eq!(found.centres.len(), 5);
        assert!(agree(&found.of, &told));
    }

    #[test]
    fn a_voice_of_two_people_falls_into_them() {
        let (pieces, told) = meeting(11, 2, 100);
        let found = halves(&pieces);
        assert_eq!(found.centres.len(), 2);
        assert!(agree(&found.of, &told));
        assert_eq!(halves(&pieces[..1]).centres.len(), 1);
        assert_eq!(halves(&[]).centres.len(), 0);
    }

    #[test]
    fn a_bound_is_kept_and_is_no_aim() {
        let (pieces, _) = meeting(3, 4, 120);
        assert_eq!(voices(&pieces, Some(2)).centres.len(), 2);
        assert_eq!(voices(&pieces, Some(1)).centres.len(), 1);
        assert_eq!(voices(&pieces, Some(9)).centres.len(), 4);
        assert_eq!(voices(&[], Some(9)), Voices::default());
    }

    #[test]
    fn what_has_no_voice_goes_with_its_neighbour_and_two_at_once_are_two() {
        let (mut pieces, told) = meeting(5, 2, 60);
        let first = told.iter().position(|who| *who == told[0]).unwrap();
        let other = told.iter().position(|who| *who != told[0]).unwrap();
        // Somebody speaks beside the first piece whose embedding is nothing but the first one's voice.
        let beside = Piece { local: 1, ..pieces[first].clone() };
        // And a short one of the second person's window.
        let short = Piece { voice: None, embedded_s: 0.1, ..pieces[other].clone() };
        pieces.insert(first + 1, beside);
        pieces.push(short);
        let found = voices(&pieces, None);
        assert_eq!(found.centres.len(), 2);
        assert_ne!(found.of[first], found.of[first + 1]);
        assert_eq!(found.of[pieces.len() - 1], found.of[other + 1]);
    }
}
