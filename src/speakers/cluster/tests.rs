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
        let found = voices(&pieces, None, NOBODY);
        assert_eq!(found.centres.len(), people);
        assert!(agree(&found.of, &told), "{people} people");
        assert_eq!(found.seconds.iter().sum::<f64>().round(), 200.0);
    }
}

#[test]
fn blocks_give_what_the_whole_gives() {
    let (pieces, told) = meeting(77, 5, 2 * BLOCK + 100);
    let found = voices(&pieces, None, NOBODY);
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
    assert_eq!(voices(&pieces, Some(2), NOBODY).centres.len(), 2);
    assert_eq!(voices(&pieces, Some(1), NOBODY).centres.len(), 1);
    assert_eq!(voices(&pieces, Some(9), NOBODY).centres.len(), 4);
    assert_eq!(voices(&[], Some(9), NOBODY), Voices::default());
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
    let found = voices(&pieces, None, NOBODY);
    assert_eq!(found.centres.len(), 2);
    assert_ne!(found.of[first], found.of[first + 1]);
    assert_eq!(found.of[pieces.len() - 1], found.of[other + 1]);
}

/// A direction of length 1 that has this cosine with another.
fn beside(other: &Embedding, near: f32) -> Embedding {
    let own = meeting(900, 1, 1).0.remove(0).voice.unwrap();
    let along = cosine(&own, other);
    let mut across = own;
    across.iter_mut().zip(other.iter()).for_each(|(a, b)| *a -= along * b);
    let length = cosine(&across, &across).sqrt();
    let part = (1.0 - near * near).sqrt() / length;
    across.iter_mut().zip(other.iter()).for_each(|(a, b)| *a = near * b + part * *a);
    across
}

#[test]
fn who_says_little_is_a_voice_if_it_is_known_or_unlike_all_others() {
    let (pieces, told) = meeting(9, 2, 60);
    let centre = voices(&pieces, None, NOBODY).centres.remove(0);
    let with_guest = |near: f32, seconds: f64| {
        let (voice, mut pieces) = (beside(&centre, near), pieces.clone());
        for n in 0..4 {
            let start = 60.0 + seconds / 4.0 * f64::from(n);
            let (end, window) = (start + seconds / 4.0, 12 * 80_000);
            pieces.push(Piece { window, start, end, voice: Some(voice.clone()), ..pieces[0].clone() });
        }
        (voice, pieces)
    };
    for (near, seconds, unknown, known) in
        [(0.0, 1.2, 2, 2), (0.0, 2.0, 3, 3), (0.45, 1.2, 2, 2), (0.45, 2.0, 2, 3)]
    {
        let (guest, pieces) = with_guest(near, seconds);
        let found = voices(&pieces, None, NOBODY);
        assert_eq!(found.centres.len(), unknown, "{near} {seconds}");
        let is_guest = |vector: &Embedding| (cosine(vector, &guest) > 0.9).then_some(7);
        let found = voices(&pieces, None, &is_guest);
        assert_eq!(found.centres.len(), known, "{near} {seconds}");
        assert!(agree(&found.of[..60], &told));
    }
    // All of a meeting is one person's who is known.
    assert_eq!(voices(&pieces, None, &|_| Some(0)).centres.len(), 1);
}
