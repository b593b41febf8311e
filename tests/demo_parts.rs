//! The measuring instruments of the demo and of the end-to-end test, on cases whose results are known by
//! hand.

use hansard::base::random::Random;

use crate::support::stage::align::locate;
use crate::support::stage::meeting::{Heard, Phrase, Script};
use crate::support::stage::score::{Line, Verdict, heard, percentile, score};
use crate::support::stage::words::{Edits, align, words};

fn phrase(who: &str, text: &str, start: f64, end: f64) -> Phrase {
    Phrase { who: who.into(), text: text.into(), start, end }
}

fn line(who: &str, text: &str, start: f64, end: f64, arrived: f64) -> Line {
    Line { who: who.into(), text: text.into(), start, end, arrived: Some(arrived) }
}

#[test]
fn texts_that_say_the_same_have_the_same_words() {
    for (a, b) in [
        ("Let's begin; we can't wait.", "let us begin we cannot wait"),
        ("It's 2,000 a month, for 25 people.", "It is two thousand a month for twenty-five people"),
        ("five hundred and twelve and a half", "512 and a half"),
        ("two thousand and ten", "2010"),
        ("2 thousand pounds", "£2,000"),
        ("Fifty percent, um, of it", "50% of it"),
        ("Tom and Jerry met at 10 a.m.", "Tom & Jerry met at ten am"),
        ("OK. We’ll see", "Okay, we'll see"),
        ("one two three", "1, 2, 3"),
    ] {
        assert_eq!(words(a), words(b), "{a:?} and {b:?}");
    }
    assert_eq!(words("He waits. And goes, twenty, and."), ["he", "waits", "and", "goes", "20", "and"]);
    assert_ne!(words("two years"), words("ten years"));
    assert_eq!(words(" … -- "), Vec::<String>::new());
}

#[test]
fn edits_are_the_fewest() {
    let of = |said: &str, written: &str| align(&words(said), &words(written));
    let (edits, stands_for) = of("we sign for five years", "we sing five years now");
    assert_eq!(edits, Edits { said: 5, substituted: 1, deleted: 1, inserted: 1 });
    assert_eq!(edits.rate(), 0.6);
    assert_eq!(stands_for, [Some(0), None, Some(3), Some(4), None]);
    assert_eq!(of("", "").0.rate(), 0.0);
    assert_eq!(of("", "hello there").0, Edits { inserted: 2, ..Edits::default() });
    assert_eq!(of("hello there", "").0.rate(), 1.0);
}

#[test]
fn a_line_is_judged_by_who_said_it() {
    let truth = [
        phrase("Alice", "Good morning everyone.", 1.0, 2.5),
        phrase("Bob", "The landlord wants two thousand pounds a month.", 3.0, 6.0),
        phrase("Bob", "That is too much for us.", 7.0, 9.0),
        phrase("Alice", "Could we ask for less?", 8.5, 10.0),
    ];
    let lines = [
        line("Alice", "Good morning, everyone.", 0.9, 2.6, 3.5),
        line("Alice", "the landlord wants two thousand", 3.0, 6.0, 7.5),
        line("Bob", "The landlord wants £2,000 a month.", 3.2, 6.1, 8.0),
        line("Bob", "landlord wants 2000 pounds a month", 3.4, 6.1, 8.1),
        line("Alice", "That is too much for us.", 7.0, 9.0, 10.0),
        line("Alice", "could we ask for less", 8.4, 10.1, 12.0),
        line("Bob", "Thanks for watching!", 12.0, 13.0, 14.0),
    ];
    let result = score(&truth, &lines);
    let bob = || "Bob".to_owned();
    let unparted = line("Bob", "That is too much for us. Could we ask for less?", 7.0, 10.0, 14.0);
    assert_eq!(score(&truth, &[unparted]).verdicts, [Verdict::Mixed { also_by: "Alice".to_owned() }]);
    assert_eq!(
        result.verdicts,
        [
            Verdict::Right,
            Verdict::Echo { said_by: bob() },
            Verdict::Right,
            Verdict::Twice,
            Verdict::Wrong { said_by: bob() },
            Verdict::Right,
            Verdict::Invented,
        ]
    );
    let close = |got: &[f64], want: &[f64]| {
        assert_eq!(got.len(), want.len(), "{got:?} and {want:?}");
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-9), "{got:?} is not {want:?}");
    };
    // Alice's two right lines, then Bob's one.
    close(&result.starts, &[-0.1, -0.1, 0.2]);
    close(&result.delays, &[1.0, 2.0, 2.0]);
    let alice = result.people.iter().find(|(name, ..)| name == "Alice").unwrap();
    assert_eq!((alice.1.said, alice.1.inserted, alice.1.deleted, alice.2), (8, 10, 0, 4));
    assert_eq!(result.total.said, 21);
}

#[test]
fn the_time_of_a_line_is_that_of_its_own_phrase() {
    // The second phrase comes as two lines; the last word of the first line is not the phrase's.
    let truth = [
        phrase("Bob", "Yes.", 1.0, 1.4),
        phrase("Bob", "July would be better because the weather is warmer.", 5.0, 9.0),
        phrase("Bob", "Yes.", 20.0, 20.4),
    ];
    let lines = [
        line("Bob", "Yes", 0.8, 1.5, 2.4),
        line("Bob", "July would be better", 5.1, 6.5, 8.5),
        line("Bob", "because the weather is warm", 6.5, 9.2, 10.0),
        line("Bob", "Yes.", 20.3, 20.5, 21.4),
    ];
    let result = score(&truth, &lines);
    assert!(result.verdicts.iter().all(|v| *v == Verdict::Right), "{:?}", result.verdicts);
    assert_eq!(result.begun_within, 1);
    let rounded = |values: &[f64]| values.iter().map(|v| (v * 10.0).round() as i64).collect::<Vec<_>>();
    assert_eq!(rounded(&result.starts), [-2, 1, 3]);
    assert_eq!(rounded(&result.delays), [10, 20, 10, 10]);
    assert_eq!(heard(&truth, "Bob", "yes", 3.0).map(|p| p.start), Some(1.0));
    assert_eq!(heard(&truth, "Bob", "yes", 21.0).map(|p| p.start), Some(20.0));
    assert_eq!(heard(&truth, "Alice", "yes", 21.0), None);
}

#[test]
fn percentiles_are_by_nearest_rank() {
    let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
    assert_eq!(percentile(&values, 0.5), Some(10.0));
    assert_eq!(percentile(&values, 0.95), Some(19.0));
    assert_eq!(percentile(&values, 1.0), Some(20.0));
    assert_eq!(percentile(&[3.0], 0.0), Some(3.0));
    assert_eq!(percentile(&[], 0.5), None);
}

/// Noise that comes and goes, as speech does.
fn babble(frames: usize, rate: u32) -> Vec<f32> {
    let mut random = Random::new(1);
    (0..frames)
        .map(|n| {
            let swell =
                (n as f32 / rate as f32 * 2.7).sin().max(0.0) * ((n / rate as usize % 3) as f32 * 0.3 + 0.1);
            random.range(-1.0, 1.0) as f32 * swell
        })
        .collect()
}

#[test]
fn a_feed_is_found_to_the_frame_and_a_missing_frame_is_seen() {
    const RATE: u32 = 16_000;
    let feed = babble(20 * RATE as usize, RATE);
    let mut track = vec![0.0; 12_345];
    track.extend(feed.iter().map(|s| s * 0.5));
    track.extend([0.0; 5000]);

    let whole = locate(&track, &feed, RATE).unwrap();
    assert_eq!((whole.offset(), whole.slip()), (12_345, 0));
    assert!(whole.whole > 0.999, "{whole:?}");

    let begun_late = locate(&track[20_000..], &feed, RATE).unwrap();
    assert_eq!((begun_late.offset(), begun_late.slip()), (12_345 - 20_000, 0));

    let mut holed = track.clone();
    holed.remove(12_345 + feed.len() / 2);
    assert_eq!(locate(&holed, &feed, RATE).unwrap().slip(), -1);
    holed.drain(100_000..108_000);
    assert_eq!(locate(&holed, &feed, RATE).unwrap().slip(), -8001);

    let other =
        locate(&babble(track.len(), RATE)[7..].iter().rev().copied().collect::<Vec<_>>(), &feed, RATE);
    assert!(other.is_none_or(|o| o.whole < 0.3), "unlike sound correlates");
    assert_eq!(locate(&vec![0.0; track.len()], &feed, RATE), None);
}

#[test]
fn the_script_holds_what_the_demo_promises() {
    let script = Script::of_the_demo().unwrap();
    assert_eq!(script.people.len(), 3);
    assert_eq!(script.people.iter().filter(|p| p.heard == Heard::Speaker).count(), 1);
    assert!((14..=24).contains(&script.turns.len()));
    assert!(script.turns.iter().filter(|t| t.gap < 0.0).count() >= 2, "overlaps");
    assert!(script.turns.iter().any(|t| t.say.len() > 1 && t.pause > 1.0), "a pause within a turn");
    let eight = script.spread(8);
    let mut devices: Vec<_> = eight.people.iter().map(|p| &p.device).collect();
    devices.dedup();
    assert_eq!(devices.len(), 8);
    assert!(eight.people.iter().all(|p| eight.turns.iter().any(|t| t.who == p.name)), "everybody speaks");
}
