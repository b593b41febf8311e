use std::collections::HashSet;

use proptest::prelude::*;

use super::cut::{divide, part, without};
use super::*;
use crate::base::units::Frames;
use crate::base::utterance::joined;

const RATE: f64 = 48_000.0;

fn by_person() -> Author {
    Author::Person(Edited { utc: "2026-03-14T08:30:00Z".parse().unwrap(), journal: 7 })
}

/// A line that begins at 10 s, with words of 0.5 s, one a second.
fn said(text: &str) -> Utterance {
    let word = |(n, text): (usize, &str)| {
        let start = 10.0 + n as f64;
        Word { text: text.into(), start, end: start + 0.5, p: 0.9 }
    };
    let words: Vec<Word> = text.split(' ').enumerate().map(word).collect();
    let end = words.last().unwrap().end;
    let frame = |s: f64| Frames((s * RATE) as u64);
    Utterance {
        id: "alice-1-480000".into(),
        track: "alice".into(),
        speaker: "Alice".into(),
        take: 1,
        from_frame: frame(10.0),
        to_frame: frame(end),
        start: 10.0,
        end,
        text: text.into(),
        words,
        confidence: 0.9,
        ..Utterance::default()
    }
}

#[test]
fn foreign_words_become_a_line_of_their_own_that_is_withheld() {
    let line = said("we begin at nine");
    let foreign =
        |spans: &[(f64, f64)]| revise(&line, &Proposal::Foreign { spans: spans.to_vec() }, Author::Machine);
    assert_eq!(foreign(&[(20.0, 21.0)]), []);
    let [kept, others] = &foreign(&[(11.8, 14.0)])[..] else { panic!("two parts") };
    assert_eq!((kept.id.as_str(), kept.rev, kept.text.as_str()), ("alice-1-480000", 1, "we begin"));
    assert_eq!((kept.to_frame, kept.end, kept.is_shown()), (Frames(552_000), 11.5, true));
    assert_eq!((others.rev, others.text.as_str()), (0, "at nine"));
    assert_eq!((others.id.as_str(), others.withheld.as_deref()), ("alice-1-576000-foreign", Some(FOREIGN)));
    let [all] = &foreign(&[(9.0, 14.0)])[..] else { panic!("one part") };
    assert_eq!((all.rev, all.text.as_str(), all.is_shown()), (1, "we begin at nine", false));
    // At its head: the line keeps its name, the other one has another.
    let [kept, others] = &foreign(&[(9.0, 10.6)])[..] else { panic!("two parts") };
    assert_eq!((kept.id.as_str(), others.id.as_str()), ("alice-1-480000", "alice-1-480000-foreign"));
}

#[test]
fn a_line_is_cut_where_the_voice_changes() {
    let line = said("we begin at nine sharp");
    let voices = |runs: &[(std::ops::Range<usize>, &str)]| {
        let runs = runs.iter().map(|(run, voice)| (run.clone(), (*voice).to_owned())).collect();
        revise(&line, &Proposal::Voices { runs }, Author::Machine)
    };
    let parts = voices(&[(0..2, "alice#1"), (2..4, "alice#2"), (4..5, "alice#1")]);
    let told: Vec<_> = parts
        .iter()
        .map(|p| (&*p.id, p.rev, &*p.text, p.voice.as_deref().unwrap(), p.from_frame.0))
        .collect();
    let wanted = [
        ("alice-1-480000", 1, "we begin", "alice#1", 480_000),
        ("alice-1-576000", 0, "at nine", "alice#2", 576_000),
        ("alice-1-672000", 0, "sharp", "alice#1", 672_000),
    ];
    assert_eq!(told, wanted);
    // One voice cuts nothing; the same once more is no revision.
    let [whole] = &voices(&[(0..5, "alice#1")])[..] else { panic!("one line") };
    assert_eq!((whole.words.len(), whole.end), (5, line.end));
    let again = Proposal::Voices { runs: vec![(0..5, "alice#1".into())] };
    assert_eq!(revise(whole, &again, Author::Machine), []);
}

#[test]
fn a_word_is_divided_by_its_middle_and_hidden_by_a_touch() {
    let line = said("we begin at nine");
    let Division::Both { inside, .. } = divide(&line, &[(11.4, 12.4)], Edge::Touched) else { panic!() };
    assert_eq!(inside, [1, 2]);
    let Division::Both { inside, .. } = divide(&line, &[(11.4, 12.4)], Edge::Middle) else { panic!() };
    assert_eq!(inside, [2]);
    // Without words nobody knows what lies there.
    let wordless = Utterance { words: Vec::new(), ..line };
    assert_eq!(divide(&wordless, &[(11.4, 11.41)], Edge::Touched), Division::Inside);
}

#[test]
fn what_is_hidden_between_words_leaves_a_sign() {
    let line = said("we pay nine euros");
    let text = |spans: &[(f64, f64)]| without(&line, spans, "[…]").map(|line| line.text);
    assert_eq!(text(&[(0.0, 10.0), (13.9, 20.0)]).as_deref(), Some("we pay nine euros"));
    assert_eq!(text(&[(12.0, 12.1)]).as_deref(), Some("we pay […] euros"));
    assert_eq!(text(&[(0.0, 10.45), (12.95, 20.0)]).as_deref(), Some("pay nine"));
    assert_eq!(text(&[(10.4, 13.3)]), None);
    // The sentence may hold more than its words; none of that is shown.
    let line = Utterance { text: "we pay (secretly) nine euros".into(), ..line };
    let text = without(&line, &[(13.0, 13.1)], "[…]").map(|line| line.text);
    assert_eq!(text.as_deref(), Some("we pay nine"));
}

#[test]
fn sentences_without_spaces_are_cut_without_spaces() {
    let line = Utterance { text: "我们下周三开会".into(), ..said("我们 下周三 开 会") };
    let trimmed = revise(&line, &Proposal::Trim { keep: 1..4 }, Author::Machine);
    assert_eq!(trimmed[0].text, "下周三开会");
}

#[test]
fn verdicts_can_be_taken_back() {
    let line = said("we begin at nine");
    let echo = revise(&line, &Proposal::Echo { of: "bob-1-0".into() }, Author::Machine).remove(0);
    assert_eq!((echo.rev, echo.text.as_str(), echo.is_shown()), (1, "we begin at nine", false));
    assert_eq!(revise(&echo, &Proposal::Echo { of: "bob-1-0".into() }, Author::Machine), []);
    assert_eq!(revise(&line, &Proposal::Own, Author::Machine), []);
    let own = revise(&echo, &Proposal::Own, Author::Machine).remove(0);
    assert_eq!((own.rev, own.is_shown()), (2, true));
    let trimmed = revise(&echo, &Proposal::Trim { keep: 2..4 }, Author::Machine).remove(0);
    assert_eq!((trimmed.text.as_str(), trimmed.is_shown()), ("at nine", true), "what is left is its own");
    assert_eq!(revise(&line, &Proposal::Trim { keep: 4..9 }, Author::Machine), [], "no words are no line");
}

#[test]
fn a_person_changes_what_a_person_wrote_and_a_machine_does_not() {
    let name = |name: &str| Proposal::Speaker { name: name.into() };
    let by_hand = revise(&said("we begin"), &name("Bob"), by_person()).remove(0);
    assert!(by_hand.edited.is_some() && by_hand.speaker == "Bob");
    assert_eq!(revise(&by_hand, &name("Carol"), Author::Machine), []);
    assert_eq!(revise(&by_hand, &name("Carol"), by_person())[0].rev, 2);
    let moved = revise(&by_hand, &Proposal::Retime { start: 11.0, end: 12.5 }, Author::Machine).remove(0);
    assert_eq!((moved.edited, moved.start, moved.words[1].end), (by_hand.edited, 11.0, 12.5));
}

/// Lines whose frames and seconds are one line, with words in order within it.
fn lines() -> impl Strategy<Value = Utterance> {
    let words = prop::collection::vec(("[a-z]{1,6}", 0.0..0.8f64, 0.0..0.6f64, 0.01..1.0f64), 0..8);
    (0u64..10_000_000, words, 0.0..0.3f64, 0.0..0.3f64, any::<[bool; 3]>(), 0u32..5).prop_map(
        |(from, words, before, after, [edited, withheld, echo], rev)| {
            let start = from as f64 / RATE;
            let mut at = start + before;
            let words: Vec<Word> = words
                .into_iter()
                .map(|(text, pause, length, p)| {
                    let begin = at + pause;
                    at = begin + length;
                    Word { text, start: begin, end: at, p }
                })
                .collect();
            let to = from + ((at + after - start) * RATE).round() as u64;
            let text = if words.is_empty() { "no times".into() } else { joined(&words) };
            Utterance {
                id: id("alice", 1, Frames(from)),
                rev,
                track: "alice".into(),
                speaker: "Alice".into(),
                take: 1,
                from_frame: Frames(from),
                to_frame: Frames(to),
                start,
                end: to as f64 / RATE,
                text,
                words,
                confidence: 0.5,
                withheld: withheld.then(|| "unsure".into()),
                bleed_of: echo.then(|| "bob-1-0".into()),
                edited: edited.then(|| Edited { utc: "2026-03-14T08:30:00Z".parse().unwrap(), journal: 1 }),
                ..Utterance::default()
            }
        },
    )
}

/// Anything that can be proposed of such a line; times count from its beginning.
fn proposals() -> impl Strategy<Value = Proposal> {
    let spans = prop::collection::vec((-1.0..8.0f64, 0.0..3.0f64), 0..3);
    prop_oneof![
        Just(Proposal::Own),
        "[a-c]".prop_map(|of| Proposal::Echo { of }),
        (0..9usize, 0..9usize).prop_map(|(from, to)| Proposal::Trim { keep: from..to }),
        spans.prop_map(|spans| Proposal::Foreign {
            spans: spans.into_iter().map(|(from, length)| (from, from + length)).collect()
        }),
        (0.0..9.0f64, 0.0..9.0f64)
            .prop_map(|(start, length)| Proposal::Retime { start, end: start + length }),
        "[a-c]".prop_map(|reason| Proposal::Withhold { reason }),
        Just(Proposal::Restore),
        "[a-z]{1,5}".prop_map(|text| Proposal::Text { text, words: Vec::new() }),
        "[A-C]".prop_map(|name| Proposal::Speaker { name }),
        prop::collection::vec(1..4usize, 1..5).prop_map(|lengths| {
            let runs = lengths.iter().scan(0, |from, length| {
                *from += length;
                Some((*from - length..*from, format!("room#{length}")))
            });
            Proposal::Voices { runs: runs.collect() }
        }),
    ]
}

fn at_the_line(proposal: Proposal, line: &Utterance) -> Proposal {
    match proposal {
        Proposal::Foreign { spans } => Proposal::Foreign {
            spans: spans.into_iter().map(|(from, to)| (line.start + from, line.start + to)).collect(),
        },
        Proposal::Retime { start, end } => {
            Proposal::Retime { start: line.start + start, end: line.start + end }
        }
        other => other,
    }
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// Frames and seconds are one line: a frame lies where its second says, to within one frame.
fn is_one_line(part: &Utterance, of: &Utterance) -> bool {
    let rate = (of.to_frame.0 - of.from_frame.0) as f64 / (of.end - of.start).max(1e-9);
    let frame = |second: f64| of.from_frame.0 as f64 + (second - of.start) * rate;
    let near = |at: Frames, second: f64| (at.0 as f64 - frame(second)).abs() <= 1.0;
    of.end <= of.start || (near(part.from_frame, part.start) && near(part.to_frame, part.end))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn revisions_keep_their_promises(line in lines(), proposal in proposals(), human in any::<bool>()) {
        let proposal = at_the_line(proposal, &line);
        let by = if human { by_person() } else { Author::Machine };
        let written = revise(&line, &proposal, by);
        let Some(next) = written.first() else { return Ok(()) };
        prop_assert_eq!((&next.id, next.rev), (&line.id, line.rev + 1));
        prop_assert_eq!(next.edited.is_some(), human || line.edited.is_some());
        let ids: HashSet<&str> = written.iter().map(|line| line.id.as_str()).collect();
        prop_assert_eq!(ids.len(), written.len());
        prop_assert!(written[1..].iter().all(|new| new.rev == 0 && new.edited == next.edited));
        if !human && line.edited.is_some() {
            prop_assert_eq!(written.len(), 1);
            let of = |u: &Utterance| (u.text.clone(), u.speaker.clone(), u.withheld.clone(), u.bleed_of.clone());
            prop_assert_eq!(of(next), of(&line));
            prop_assert_eq!(texts(&next.words), texts(&line.words));
        }
        for part in &written {
            prop_assert!(part.from_frame <= part.to_frame && part.start <= part.end, "{part:?}");
            prop_assert!(part.words.is_sorted_by(|a, b| a.start <= b.start), "{part:?}");
            if !matches!(proposal, Proposal::Retime { .. }) {
                prop_assert!(is_one_line(part, &line), "{part:?}");
            }
        }
        // What is cut off is all there, once.
        if let Proposal::Foreign { .. } = proposal {
            let mut all: Vec<&Word> = written.iter().flat_map(|part| &part.words).collect();
            all.sort_by(|a, b| a.start.total_cmp(&b.start));
            prop_assert_eq!(all, line.words.iter().collect::<Vec<_>>());
        }
        // The words of a trimmed line have other numbers.
        if !matches!(proposal, Proposal::Trim { .. }) {
            prop_assert_eq!(revise(next, &proposal, by), Vec::new(), "once is enough");
        }
    }

    #[test]
    fn nothing_hidden_is_told(line in lines(), from in -1.0..8.0f64, length in 0.0..3.0f64) {
        let (from, to) = (line.start + from, line.start + from + length);
        let shown = without(&line, &[(from, to)], "[…]");
        let told: Vec<f64> = shown.iter().flat_map(|line| &line.words).map(|word| word.start).collect();
        for word in &line.words {
            let touches = word.start < to && word.end.max(word.start + 1e-3) > from;
            prop_assert_eq!(told.contains(&word.start), !touches, "{:?}", word);
        }
        if let Some(shown) = shown.filter(|shown| shown.words.len() < line.words.len()) {
            prop_assert_eq!(shown.text, joined(&shown.words));
        }
    }

    #[test]
    fn a_part_has_the_words_asked_for(line in lines(), keep in any::<[bool; 8]>()) {
        let keep: Vec<usize> = (0..line.words.len()).filter(|n| keep[*n]).collect();
        let part = part(&line, &keep, None);
        if !keep.is_empty() {
            prop_assert_eq!(&part.words, &keep.iter().map(|n| line.words[*n].clone()).collect::<Vec<_>>());
            prop_assert_eq!(&part.text, &joined(&part.words));
        }
    }
}

#[test]
fn a_person_breaks_a_line_and_joins_two() {
    let line = said("we begin at nine then we go");
    let split =
        Proposal::Split { text: line.text.clone(), words: line.words.clone(), runs: vec![0..4, 4..7] };
    let [first, second] = &revise(&line, &split, by_person())[..] else { panic!("two lines") };
    assert_eq!(
        (first.id.as_str(), first.rev, first.text.as_str()),
        ("alice-1-480000", 1, "we begin at nine")
    );
    assert_eq!((second.id.as_str(), second.rev, second.text.as_str()), ("alice-1-672000", 0, "then we go"));
    assert_eq!((first.end, second.start, second.end), (13.5, 14.0, line.end));
    assert!(first.edited.is_some() && second.edited.is_some(), "no machine cuts or withholds either of them");
    assert_eq!(revise(second, &Proposal::Withhold { reason: FOREIGN.into() }, Author::Machine), []);
    // And back again.
    let words: Vec<Word> = first.words.iter().chain(&second.words).cloned().collect();
    let (text, to_frame, end) = (joined(&words), second.to_frame, second.end);
    let join = Proposal::Join { text, words, to_frame, end };
    let [whole] = &revise(first, &join, by_person())[..] else { panic!("one line") };
    let wanted = Utterance { rev: 2, edited: first.edited, confidence: whole.confidence, ..line.clone() };
    assert_eq!(*whole, wanted);
    // As it was before it was joined, and before it was broken.
    let [again] = &revise(whole, &Proposal::Back { to: Box::new(first.clone()) }, by_person())[..] else {
        panic!()
    };
    assert_eq!(*again, Utterance { rev: 3, ..first.clone() });
    let [again] = &revise(again, &Proposal::Back { to: Box::new(line.clone()) }, by_person())[..] else {
        panic!()
    };
    assert_eq!(*again, Utterance { rev: 4, edited: first.edited, ..line.clone() });
    // Another clock was found meanwhile: the frames stay, the seconds are the new ones.
    let moved = revise(first, &Proposal::Retime { start: 20.0, end: 20.0 + 3.5 }, Author::Machine).remove(0);
    let [again] = &revise(&moved, &Proposal::Back { to: Box::new(line.clone()) }, by_person())[..] else {
        panic!()
    };
    assert_eq!((again.to_frame, again.words.len()), (line.to_frame, 7));
    assert!(
        (again.end - line.end - 10.0).abs() < 1e-6 && (again.words[6].start - 26.0).abs() < 1e-6,
        "{again:?}"
    );
}
