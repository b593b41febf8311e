//! A synthetic room: every voice has an envelope of its own, every track hears every voice at some level and
//! delay.

use proptest::prelude::*;

use super::*;
use crate::audio::level::WINDOW_S;
use crate::base::units::Frames;
use crate::base::utterance::Word;

/// Level of somebody's voice at their own microphone, dB full scale.
const VOICE: f64 = -20.0;
const ROOM_TONE: f64 = -55.0;

/// (track, voice's seed, from, to, dB, delay in windows)
type Heard<'a> = (&'a str, u64, f64, f64, f64, usize);

struct Room<'a>(Vec<Heard<'a>>);

impl Levels for Room<'_> {
    fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32> {
        let windows = ((to_s - from_s) / WINDOW_S).round() as i64;
        let first = (from_s / WINDOW_S).round() as i64;
        let power = |db: f64| 10f64.powf(db / 10.0);
        (first..first + windows)
            .map(|window| {
                let voices =
                    self.0.iter().filter(|heard| heard.0 == track).map(|(_, seed, from, to, db, delay)| {
                        let window = window - *delay as i64;
                        let at = window as f64 * WINDOW_S;
                        if (*from..*to).contains(&at) { power(*db) * syllables(*seed, window) } else { 0.0 }
                    });
                (power(ROOM_TONE) + voices.sum::<f64>()).sqrt() as f32
            })
            .collect()
    }
}

/// Power over time of somebody who speaks: a new level every 60 ms, mean about 1, repeatable.
fn syllables(seed: u64, window: i64) -> f64 {
    let mut x = seed ^ (window.div_euclid(6) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        x = (x ^ (x >> 31)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    let unit = (x >> 11) as f64 / (1u64 << 53) as f64;
    3.0 * unit * unit
}

/// Words of 0.3 s from `start` on.
fn said(id: &str, track: &str, start: f64, text: &str) -> Utterance {
    let words: Vec<Word> = text
        .split(' ')
        .enumerate()
        .map(|(i, word)| {
            let at = start + 0.3 * i as f64;
            Word { text: word.to_owned(), start: at, end: at + 0.28, p: 0.9 }
        })
        .collect();
    Utterance {
        id: id.to_owned(),
        track: track.to_owned(),
        speaker: track.to_owned(),
        take: 1,
        from_frame: Frames(0),
        to_frame: Frames(0),
        start,
        end: start + 0.3 * words.len() as f64,
        text: text.to_owned(),
        words,
        confidence: 0.9,
        language: "en".to_owned(),
        model: "m".to_owned(),
        is_final: true,
        ..Utterance::default()
    }
}

/// The verdicts on all, which must not depend on the order.
fn verdicts(utterances: &[Utterance], room: &Room) -> BTreeMap<String, Verdict> {
    let forth: Vec<&Utterance> = utterances.iter().collect();
    let back: Vec<&Utterance> = utterances.iter().rev().collect();
    let verdicts = judge_all(&forth, room);
    assert_eq!(verdicts, judge_all(&back, room), "the order counted");
    for (id, verdict) in &verdicts {
        let (Verdict::Echo { of } | Verdict::Trim { of, .. }) = verdict else { continue };
        let by_id = |id: &str| utterances.iter().find(|utterance| utterance.id == id).unwrap();
        assert!(may_be_overheard(by_id(id), &by_id(of).track, room), "{id} was not waited for: {verdict:?}");
    }
    verdicts
}

fn echo(id: &str, of: &str) -> (String, Verdict) {
    (id.to_owned(), Verdict::Echo { of: of.to_owned() })
}

const PLAN: &str = "we could ship the importer first and bring the exporter a week later";

#[test]
fn a_sentence_that_a_neighbour_overhears_is_an_echo_of_it_and_not_the_other_way_round() {
    let room = Room(vec![("bob", 1, 10.0, 14.2, VOICE, 0), ("alice", 1, 10.0, 14.2, VOICE - 15.0, 0)]);
    let source = said("b1", "bob", 10.0, PLAN);
    // Overheard, two words come out wrong, and the times are a little off.
    let overheard =
        said("a1", "alice", 10.15, "we could chip the importer first and bring the exporters a leak later");
    assert_eq!(judge(&overheard, &[&source], &room), echo("", "b1").1);
    assert_eq!(judge(&source, &[&overheard], &room), Verdict::Own);
    assert!(!may_be_overheard(&source, "alice", &room), "the source is the loudest: it waits for nobody");
    assert_eq!(verdicts(&[source, overheard], &room), BTreeMap::from([echo("a1", "b1")]));
}

#[test]
fn an_echo_may_be_cut_elsewhere_than_its_source() {
    let room = Room(vec![("bob", 1, 10.0, 14.2, VOICE, 0), ("alice", 1, 10.0, 14.2, VOICE - 15.0, 0)]);
    let first = said("b1", "bob", 10.0, "we could ship the importer first");
    let second = said("b2", "bob", 11.8, "and bring the exporter a week later with all that it needs");
    let overheard = said("a1", "alice", 10.0, PLAN);
    assert_eq!(verdicts(&[first, second, overheard], &room), BTreeMap::from([echo("a1", "b2")]));
}

#[test]
fn an_echo_is_laid_to_the_source_and_not_to_another_echo() {
    let mut heard: Vec<Heard> = vec![("bob", 1, 10.0, 14.2, VOICE, 0)];
    heard.extend([("alice", 1, 10.0, 14.2, VOICE - 12.0, 0), ("carol", 1, 10.0, 14.2, VOICE - 22.0, 1)]);
    let all = [said("a", "alice", 10.0, PLAN), said("b", "bob", 10.0, PLAN), said("c", "carol", 10.0, PLAN)];
    assert_eq!(verdicts(&all, &Room(heard)), BTreeMap::from([echo("a", "b"), echo("c", "b")]));
}

#[test]
fn two_people_who_say_the_same_at_once_both_stay() {
    for text in ["yes", "good morning", "happy birthday to you dear old friend of mine"] {
        let (from, to) = (5.0, 5.0 + 0.3 * text.split(' ').count() as f64);
        // Both hear themselves and, 15 dB lower, each other; one speaks somewhat softer.
        let room = Room(vec![
            ("alice", 1, from, to, VOICE, 0),
            ("alice", 2, from, to, VOICE - 19.0, 0),
            ("bob", 2, from, to, VOICE - 4.0, 0),
            ("bob", 1, from, to, VOICE - 15.0, 0),
        ]);
        let both = [said("a", "alice", from, text), said("b", "bob", from + 0.1, text)];
        assert_eq!(verdicts(&both, &room), BTreeMap::new(), "{text}");
    }
}

#[test]
fn a_short_word_at_a_microphone_of_low_gain_is_its_own_if_that_track_is_never_louder() {
    // The same burst on both tracks, 12 dB lower on Alice's, whose voice is always 12 dB lower.
    let yes = [("bob", 1, 5.0, 5.3, VOICE, 0), ("alice", 1, 5.0, 5.3, VOICE - 12.0, 0)];
    let before = said("a0", "alice", 1.0, "I have one more question about that");
    let (a, b) = (said("a1", "alice", 5.0, "yes"), said("b1", "bob", 5.0, "yes"));
    let soft = Room([&yes[..], &[("alice", 2, 1.0, 3.1, VOICE - 12.0, 0)]].concat());
    assert_eq!(verdicts(&[before.clone(), a.clone(), b.clone()], &soft), BTreeMap::new());
    // Where Alice's own voice is as loud as Bob's, the soft "yes" on her track is his.
    let loud = Room([&yes[..], &[("alice", 2, 1.0, 3.1, VOICE, 0)]].concat());
    assert_eq!(verdicts(&[before, a, b], &loud), BTreeMap::from([echo("a1", "b1")]));
}

/// A room in which it has been learned how Alice's microphone hears Bob.
struct Learned<'a>(Room<'a>);

impl Levels for Learned<'_> {
    fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32> {
        self.0.envelope(track, from_s, to_s)
    }

    fn leak(&self, track: &str, other: &str) -> Option<Leak> {
        ((track, other) == ("alice", "bob")).then_some(Leak { lag: 0, level_db: -15.0 })
    }
}

#[test]
fn a_known_leak_needs_no_equal_words() {
    let heard = [("bob", 1, 10.0, 14.2, VOICE, 0), ("alice", 1, 10.0, 14.2, VOICE - 15.0, 0)];
    let source = said("b", "bob", 10.0, PLAN);
    let misheard = said("a", "alice", 10.1, "shipping porters is a big lady that I never heard of");
    let verdict = |room, said: &Utterance| judge(said, &[&source], &Learned(Room(room)));
    assert_eq!(judge(&misheard, &[&source], &Room(heard.to_vec())), Verdict::Own, "before it is known");
    assert_eq!(verdict(heard.to_vec(), &misheard), echo("", "b").1);
    // She speaks herself, at the same time or for a moment of it.
    for (from, to) in [(10.0, 14.2), (12.0, 12.6)] {
        let own = [&heard[..], &[("alice", 2, from, to, VOICE, 0)]].concat();
        assert_eq!(verdict(own, &misheard), Verdict::Own, "{from} to {to}");
    }
    // Nothing stands on the other track for most of it.
    let longer = Utterance { end: 18.0, ..misheard.clone() };
    assert_eq!(verdict(heard.to_vec(), &longer), Verdict::Own);
    let withheld = Utterance { withheld: Some("no speech".into()), ..source.clone() };
    assert_eq!(judge(&misheard, &[&withheld], &Learned(Room(heard.to_vec()))), Verdict::Own);
}

#[test]
fn loud_loudspeakers_are_known_by_their_delay() {
    // The microphone hears the loudspeaker louder than the loopback is in the file, 120 ms later.
    let room = Room(vec![("remote", 1, 10.0, 14.2, VOICE - 12.0, 0), ("alice", 1, 10.0, 14.2, VOICE, 12)]);
    let all = [said("r", "remote", 10.0, PLAN), said("a", "alice", 10.12, PLAN)];
    assert_eq!(verdicts(&all, &room), BTreeMap::from([echo("a", "r")]));
}

#[test]
fn strong_bleed_is_known_by_its_envelope() {
    let room = Room(vec![("bob", 1, 10.0, 14.2, VOICE, 0), ("alice", 1, 10.0, 14.2, VOICE - 3.2, 0)]);
    let all = [said("a", "alice", 10.0, PLAN), said("b", "bob", 10.0, PLAN)];
    assert_eq!(verdicts(&all, &room), BTreeMap::from([echo("a", "b")]));
}

#[test]
fn text_without_sound_or_time_proves_nothing() {
    let silent = Room(vec![]);
    let there = said("b", "bob", 10.0, PLAN);
    struct Unknown;
    impl Levels for Unknown {
        fn envelope(&self, _: &str, _: f64, _: f64) -> Vec<f32> {
            Vec::new()
        }
    }
    let here = said("a", "alice", 10.0, PLAN);
    assert_eq!(judge(&here, &[&there], &silent), Verdict::Own);
    assert_eq!(judge(&here, &[&there], &Unknown), Verdict::Own);
    let room = Room(vec![("bob", 1, 10.0, 14.2, VOICE, 0), ("alice", 1, 10.0, 19.0, VOICE - 15.0, 0)]);
    let later = said("a", "alice", 14.8, PLAN);
    assert_eq!(judge(&later, &[&there], &room), Verdict::Own);
    let different = said("a", "alice", 10.0, "I keep talking about something else entirely while he plans");
    assert_eq!(judge(&different, &[&there], &room), Verdict::Own);
    let withheld = Utterance { withheld: Some("no speech".into()), ..there };
    assert_eq!(judge(&here, &[&withheld], &room), Verdict::Own);
}

/// Bob says five words from 10 s on; Alice's track has them at -15 dB around her own at full level.
fn overheard_beside_own(own: (f64, f64)) -> Room<'static> {
    Room(vec![
        ("bob", 1, 10.0, 11.5, VOICE, 0),
        ("alice", 1, 10.0, 11.5, VOICE - 15.0, 0),
        ("alice", 2, own.0, own.1, VOICE, 0),
        ("bob", 2, own.0, own.1, VOICE - 15.0, 0),
    ])
}

#[test]
fn an_overheard_head_or_tail_is_taken_off_and_the_rest_stays() {
    let bob = said("b", "bob", 10.0, "is that all for today?");
    let head = said("a", "alice", 10.0, "Is that all for today? No, one more thing.");
    let room = overheard_beside_own((11.5, 12.7));
    let trim = |keep| Verdict::Trim { keep, of: "b".to_owned() };
    assert_eq!(verdicts(&[bob.clone(), head], &room), BTreeMap::from([("a".to_owned(), trim(5..9))]));

    let tail = said("a", "alice", 8.8, "I have one thing: is that all for today?");
    let room = overheard_beside_own((8.8, 10.0));
    assert_eq!(verdicts(&[bob.clone(), tail], &room), BTreeMap::from([("a".to_owned(), trim(0..4))]));

    // Most of it is Bob's, but not the answer: it must not go as an echo.
    let answer = said("a", "alice", 10.0, "is that all for today? Yes.");
    let room = overheard_beside_own((11.5, 11.8));
    assert_eq!(verdicts(&[bob, answer], &room), BTreeMap::from([("a".to_owned(), trim(5..6))]));
}

#[test]
fn a_shared_start_is_not_taken_off_one_who_speaks_as_loud_in_it_as_in_the_rest() {
    // Alice's gain is 10 dB lower; both say "good morning" at once, then she goes on.
    let room = Room(vec![
        ("bob", 1, 10.0, 10.6, VOICE, 0),
        ("alice", 2, 10.0, 11.8, VOICE - 10.0, 0),
        ("alice", 1, 10.0, 10.6, VOICE - 25.0, 0),
    ]);
    let bob = said("b", "bob", 10.0, "good morning");
    let alice = said("a", "alice", 10.0, "good morning everybody who came");
    assert_eq!(verdicts(&[bob, alice], &room), BTreeMap::new());
    // A single overheard word is no run.
    let bob = said("b", "bob", 10.0, "so");
    let alice = said("a", "alice", 10.0, "so that is it for now");
    let room = Room(vec![
        ("bob", 1, 10.0, 10.3, VOICE, 0),
        ("alice", 1, 10.0, 10.3, VOICE - 15.0, 0),
        ("alice", 2, 10.3, 11.8, VOICE, 0),
    ]);
    assert_eq!(verdicts(&[bob, alice], &room), BTreeMap::new());
}

#[test]
fn scripts_without_spaces_and_missing_word_times_are_judged_too() {
    let room = Room(vec![("bob", 1, 10.0, 13.0, VOICE, 0), ("alice", 1, 10.0, 13.0, VOICE - 15.0, 0)]);
    let mut bob = said("b", "bob", 10.0, "我们 下周三 上午 十点 再 开 一次 会");
    bob.text = "我们下周三上午十点再开一次会".to_owned();
    let alice = Utterance { id: "a".into(), track: "alice".into(), ..bob.clone() };
    assert_eq!(verdicts(&[bob, alice], &room), BTreeMap::from([echo("a", "b")]));
    let bare = |id, track| Utterance { words: Vec::new(), ..said(id, track, 10.0, PLAN) };
    assert_eq!(verdicts(&[bare("b", "bob"), bare("a", "alice")], &room), BTreeMap::from([echo("a", "b")]));
}

#[test]
fn an_absurd_utterance_is_left_alone() {
    let endless = said("a", "alice", 10.0, &"word ".repeat(5000));
    let room = Room(vec![("bob", 1, 0.0, 2000.0, VOICE, 0), ("alice", 1, 0.0, 2000.0, VOICE - 15.0, 0)]);
    assert_eq!(judge(&endless, &[&said("b", "bob", 10.0, PLAN)], &room), Verdict::Own);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is said, wherever, however loud: the order doesn't count, an echo's source is on another
    /// track, and most of what is dropped can be read elsewhere.
    #[test]
    fn no_word_vanishes_from_all_tracks(
        lines in prop::collection::vec((0..4usize, 0..30u32, prop::collection::vec(0..4usize, 1..8)), 2..9),
        levels in prop::collection::vec((-50.0..-10.0f64, 0..20usize, 0..2u64), 4),
    ) {
        const TRACKS: [&str; 4] = ["t0", "t1", "t2", "t3"];
        const WORDS: [&str; 4] = ["yes", "no", "perhaps", "tomorrow"];
        let all: Vec<Utterance> = lines.iter().enumerate().map(|(i, (track, at, words))| {
            let text = words.iter().map(|w| WORDS[*w]).collect::<Vec<_>>().join(" ");
            said(&format!("u{i}"), TRACKS[*track], f64::from(*at) * 0.1, &text)
        }).collect();
        let heard = levels.iter().zip(TRACKS).map(|((db, delay, seed), track)| (track, *seed, 0.0, 10.0, *db, *delay));
        let verdicts = verdicts(&all, &Room(heard.collect()));
        let visible = |u: &Utterance| -> Vec<String> {
            match verdicts.get(&u.id) {
                None | Some(Verdict::Own) => u.words.iter().map(|w| w.text.clone()).collect(),
                Some(Verdict::Echo { .. }) => Vec::new(),
                Some(Verdict::Trim { keep, .. }) => u.words[keep.clone()].iter().map(|w| w.text.clone()).collect(),
            }
        };
        for (id, verdict) in &verdicts {
            let this = all.iter().find(|u| u.id == *id).unwrap();
            let (of, dropped): (_, Vec<&str>) = match verdict {
                Verdict::Own => unreachable!("only other verdicts are listed"),
                Verdict::Echo { of } => (of, this.words.iter().map(|w| w.text.as_str()).collect()),
                Verdict::Trim { keep, of } => {
                    prop_assert!(!keep.is_empty() && keep.end <= this.words.len());
                    let out = this.words.iter().enumerate().filter(|(i, _)| !keep.contains(i));
                    (of, out.map(|(_, w)| w.text.as_str()).collect())
                }
            };
            let source = all.iter().find(|u| u.id == *of).unwrap();
            prop_assert_ne!(&source.track, &this.track);
            let elsewhere: Vec<String> = all.iter().filter(|u| u.track != this.track).flat_map(visible).collect();
            let found = dropped.iter().filter(|word| elsewhere.iter().any(|there| there == *word)).count();
            prop_assert!(found as f64 >= 0.49 * dropped.len() as f64, "{id}: {dropped:?} not in {elsewhere:?}");
        }
    }
}
