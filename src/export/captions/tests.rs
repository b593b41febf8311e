use proptest::prelude::*;

use super::*;
use crate::base::utterance::Word;

fn said(text: &str, start: f64, end: f64, words: Vec<Word>) -> Utterance {
    Utterance { text: text.into(), start, end, words, speaker: "王".into(), ..Utterance::default() }
}

fn word(text: &str, start: f64, end: f64) -> Word {
    Word { text: text.into(), start, end, p: 0.9 }
}

/// Captions of what one speaker said, one utterance after the other.
fn of(all: &[Utterance], rules: &Rules) -> Vec<Caption> {
    let next = |i: usize| all.get(i + 1).map(|next| next.start);
    let own = |(i, one): (usize, &Utterance)| of_utterance(one, "王", |_, _| None, next(i), rules);
    let mut captions: Vec<Caption> = all.iter().enumerate().flat_map(own).collect();
    captions.sort_by_key(|caption| (caption.start_ms, caption.end_ms));
    part(&mut captions, rules);
    captions
}

fn lines(captions: &[Caption]) -> Vec<&str> {
    captions.iter().flat_map(|caption| &caption.lines).map(|line| line.text.as_str()).collect()
}

const LONG: &str = "今日はとても良い天気ですねそれでは会議を始めましょう第三四半期の予算について話し合います。\
                    それから来年の計画についても説明します。ありがとうございました";

#[test]
fn a_long_word_without_spaces_becomes_captions_one_after_the_other() {
    // As a person's correction leaves it: one word for all.
    let captions = of(&[said(LONG, 1.0, 11.0, vec![word(LONG, 1.0, 11.0)])], &Rules::default());
    assert!(captions.len() > 1);
    assert!(captions.windows(2).all(|pair| pair[0].end_ms <= pair[1].start_ms), "{captions:?}");
    assert_eq!(lines(&captions).concat(), LONG);
    assert!(lines(&captions).iter().all(|line| !line.starts_with(['。', '、'])), "{captions:?}");
}

#[test]
fn a_line_without_spaces_is_broken_after_its_punctuation() {
    let text = "今日は会議を始めましょう。来年の計画についても説明します。";
    let captions = of(&[said(text, 1.0, 6.0, vec![word(text, 1.0, 6.0)])], &Rules::default());
    assert_eq!(lines(&captions), ["今日は会議を始めましょう。", "来年の計画についても説明します。"]);
}

#[test]
fn two_that_begin_at_once_are_shown_one_after_the_other() {
    let both = [said("One thing.", 1.0, 5.0, vec![]), said("Another thing.", 1.0, 4.0, vec![])];
    let times: Vec<(u64, u64)> =
        of(&both, &Rules::default()).iter().map(|caption| (caption.start_ms, caption.end_ms)).collect();
    assert_eq!(times, [(1000, 1833), (1833, 5000)]);
}

proptest! {
    /// Whatever is said in whatever script, and wherever its words were measured.
    #[test]
    fn captions_of_one_speaker_keep_their_promises(
        texts in prop::collection::vec(("[a-f今日は、。！ก-ณ「」ー ]{1,120}", 0.0f64..20.0, 0.0f64..15.0), 1..6),
        timed in any::<bool>(),
        line_length in 16usize..60,
        lines_max in 1usize..4,
    ) {
        let rules = Rules { line_length, lines: lines_max, ..Rules::default() };
        let mut all: Vec<Utterance> = texts
            .iter()
            .map(|(text, start, length)| {
                let words = match timed {
                    true => vec![word(text, *start, start + length)],
                    false => Vec::new(),
                };
                said(text, *start, start + length, words)
            })
            .collect();
        all.sort_by(|a, b| a.start.total_cmp(&b.start));
        let captions = of(&all, &rules);
        for pair in captions.windows(2) {
            prop_assert!(pair[0].end_ms <= pair[1].start_ms, "{:?}", pair);
        }
        for caption in &captions {
            prop_assert!(caption.start_ms < caption.end_ms, "{:?}", caption);
            prop_assert!(caption.lines.len() <= rules.lines.max(1), "{:?}", caption);
            prop_assert!(caption.lines.iter().all(|line| room(&line.text) <= line_length), "{:?}", caption);
        }
        let letters = |text: &str| {
            let mut letters: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
            letters.sort_unstable();
            letters
        };
        let told: String = lines(&captions).concat();
        let spoken: String = all.iter().map(|one| text::clean(&one.text)).collect();
        prop_assert_eq!(letters(&told), letters(&spoken));
    }
}
