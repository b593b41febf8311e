//! Who had the floor: from utterances to turns, paragraphs and interjections.
//!
//! A *turn* is what one person said until somebody else took over. A *paragraph* ends where the speaker
//! paused after a sentence, or with the sentence that makes it long enough to read. An *interjection* is a
//! word or two that another person put in while the speaker went on ("mm-hm", "yes, exactly"): it stands at
//! its place in the speaker's paragraph. An answer to a question is a turn, however short. Pure.
//!
//! Promise: every utterance is told exactly once, each word of it in order.

use std::collections::HashMap;

use super::order::Breaks;
use super::speaking::{OVERLAP_S, Speaking};
use super::timing::{TimedWord, spoken, words};
use crate::base::text;
use crate::base::utterance::Utterance;

/// The longest interjection, in words and in seconds.
const INTERJECTION_WORDS: usize = 3;
const INTERJECTION_S: f64 = 2.0;
/// Utterances before and after a short one among which the speaker it was put to is looked for.
const NEAR: usize = 32;
/// After this many seconds a paragraph ends with its sentence, pause or no pause: a page without a break is
/// not read.
const PARAGRAPH_S: f64 = 45.0;
/// A pause this many times as long as that of a paragraph ends it in the middle of a sentence too.
const LONG_PAUSE: f64 = 3.0;
/// A silence (seconds) after which even the same speaker is named again, with a time of day.
const SILENCE_S: f64 = 10.0;
/// A silence (seconds) after which even the same speaker takes the floor anew.
const NEW_TURN_S: f64 = 30.0;
/// Columns of a paragraph that ends with its sentence: some 60 words of a language with an alphabet, or 180
/// characters of one without.
const READABLE: usize = 360;
/// Columns after which a paragraph without a sentence's end is parted at a pause.
const UNREADABLE: usize = 720;
/// Columns that are no paragraph of their own at a turn's end.
const REST: usize = 90;
/// A pause (seconds) between words at which somebody breathes.
const BREATH_S: f64 = 0.5;
/// A turn this long (seconds) ends with its paragraph, for the same reason.
const TURN_S: f64 = 300.0;
/// What is put in waits this long (seconds) for the end of the clause, so that it tears none apart.
const CLAUSE_S: f64 = 1.5;

/// What one person said until somebody else took over.
#[derive(Debug, Clone)]
pub struct Turn<'a> {
    /// Display name.
    pub speaker: String,
    /// Session seconds of the first word.
    pub start: f64,
    /// Session seconds of the last word.
    pub end: f64,
    /// Who was still speaking when it began.
    pub over: Option<String>,
    /// It goes on with the turn before: only a mark, a notice or a short silence stands between them.
    pub continued: bool,
    /// Why it does not stand in the minutes; `None` if it does.
    pub withheld: Option<String>,
    /// At least one.
    pub paragraphs: Vec<Paragraph<'a>>,
}

/// A paragraph of a turn.
#[derive(Debug, Clone)]
pub struct Paragraph<'a> {
    /// Session seconds of its first word.
    pub start: f64,
    /// Session seconds of its last word.
    pub end: f64,
    /// At least one.
    pub pieces: Vec<TurnPart<'a>>,
}

/// Consecutive words of one utterance.
#[derive(Debug, Clone)]
pub struct TurnPart<'a> {
    /// Whose words they are.
    pub utterance: &'a Utterance,
    /// At least one.
    pub words: Vec<TimedWord>,
    /// Somebody else's, put in while the turn's speaker went on.
    pub interjection: bool,
}

impl TurnPart<'_> {
    /// Its words on one line.
    pub fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl<'a> Turn<'a> {
    /// All pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = &TurnPart<'a>> {
        self.paragraphs.iter().flat_map(|paragraph| &paragraph.pieces)
    }

    /// The speaker's own words, on one line.
    pub fn text(&self) -> String {
        let own: Vec<String> =
            self.pieces().filter(|piece| !piece.interjection).map(TurnPart::text).collect();
        own.join(" ")
    }
}

/// An utterance with what is asked of it again and again.
struct Said<'a> {
    utterance: &'a Utterance,
    speaker: String,
    start: f64,
    end: f64,
    short: bool,
    asks: bool,
}

impl<'a> Said<'a> {
    fn new(utterance: &'a Utterance) -> Self {
        let (start, end) = spoken(utterance);
        let text = text::clean(&utterance.text);
        // Scripts without spaces: a handful of characters makes a word.
        let few =
            text.split(' ').count() <= INTERJECTION_WORDS && text.chars().count() <= 10 * INTERJECTION_WORDS;
        let asks = last_mark(&text).is_some_and(|c| matches!(c, '?' | '？' | '؟'));
        let speaker = text::name(&utterance.speaker);
        Self { utterance, speaker, start, end, short: few && end - start <= INTERJECTION_S, asks }
    }
}

/// Joins utterances, which must be in order of start and hold at least a word each. `pause_s` is the silence
/// that parts paragraphs; no turn goes on over one of the `breaks`.
pub fn turns<'a>(
    said: &[&'a Utterance],
    pause_s: f64,
    breaks: &Breaks,
    speaking: &Speaking,
) -> Vec<Turn<'a>> {
    let said: Vec<Said> = said.iter().map(|utterance| Said::new(utterance)).collect();
    let mut put_in: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut takers = Vec::new();
    for i in 0..said.len() {
        match host(&said, i, pause_s, breaks) {
            Some(host) => put_in.entry(host).or_default().push(i),
            None => takers.push(i),
        }
    }
    let mut turns: Vec<Turn> = Vec::new();
    let mut reached: HashMap<&str, f64> = HashMap::new();
    for i in takers {
        let this = &said[i];
        let guests: Vec<&Said> =
            put_in.remove(&i).unwrap_or_default().into_iter().map(|i| &said[i]).collect();
        let pieces = pieces(this, &guests);
        let last = turns.last_mut().filter(|turn| goes_on(turn, this, pause_s));
        match last {
            Some(turn) if !breaks.part(turn.start, this.start) && this.start - turn.end <= SILENCE_S => {
                turn.add(this, pieces, pause_s);
            }
            Some(_) => turns.push(Turn { continued: true, ..Turn::begin(this, pieces) }),
            None => {
                let mut turn = Turn::begin(this, pieces);
                let still =
                    |(who, end): &(&&str, &f64)| **who != this.speaker && **end - this.start >= OVERLAP_S;
                let over = reached.iter().filter(still).max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
                let over = over.map(|(who, _)| *who).or_else(|| speaking.still_spoke(this.utterance));
                turn.over = over.map(str::to_owned);
                turns.push(turn);
            }
        }
        let end = reached.entry(&this.speaker).or_insert(this.end);
        *end = end.max(this.end);
    }
    turns.iter_mut().for_each(Turn::make_readable);
    turns
}

/// The utterance into which this one is only put in.
fn host(said: &[Said], i: usize, pause_s: f64, breaks: &Breaks) -> Option<usize> {
    let this = &said[i];
    if !this.short {
        return None;
    }
    let before = || said[..i].iter().enumerate().rev().take(NEAR).filter(|(_, other)| !other.short);
    let after = || said[i + 1..].iter().take(NEAR).filter(|other| !other.short);
    let (at, speaker) = before().find(|(_, other)| other.speaker != this.speaker)?;
    if breaks.part(speaker.start, this.start) {
        return None;
    }
    // A part of what its own speaker says before or after it.
    let own_before = before().take_while(|(j, _)| *j > at).any(|(_, own)| this.start - own.end <= pause_s);
    let own_after = after().any(|own| own.speaker == this.speaker && own.start - this.end <= pause_s);
    if own_before || own_after {
        return None;
    }
    if this.start < speaker.end && this.end <= speaker.end {
        return Some(at);
    }
    // In a pause: the speaker must go on as if nothing had been said, and must not have been answered.
    let next = after().next()?;
    let held = next.speaker == speaker.speaker && next.start - speaker.end.max(this.start) <= pause_s;
    let near = this.start - speaker.end <= pause_s;
    (held && near && !speaker.asks && !this.asks).then_some(at)
}

fn goes_on(turn: &Turn, next: &Said, pause_s: f64) -> bool {
    turn.withheld.is_none()
        && turn.speaker == next.speaker
        && next.start - turn.end <= NEW_TURN_S
        && (next.end - turn.start <= TURN_S || !turn.parts_from(next, pause_s))
}

impl<'a> Turn<'a> {
    fn begin(said: &Said<'a>, pieces: Vec<TurnPart<'a>>) -> Self {
        let paragraph = Paragraph { start: said.start, end: said.end, pieces };
        let (start, end) = (said.start, said.end);
        let speaker = said.speaker.clone();
        Self {
            speaker,
            start,
            end,
            over: None,
            continued: false,
            withheld: None,
            paragraphs: vec![paragraph],
        }
    }

    fn add(&mut self, said: &Said<'a>, pieces: Vec<TurnPart<'a>>, pause_s: f64) {
        let parts = self.parts_from(said, pause_s);
        match self.paragraphs.last_mut() {
            Some(paragraph) if !parts => {
                paragraph.pieces.extend(pieces);
                paragraph.end = paragraph.end.max(said.end);
            }
            _ => self.paragraphs.push(Paragraph { start: said.start, end: said.end, pieces }),
        }
        self.end = self.end.max(said.end);
    }

    /// Parts paragraphs that nobody would read through.
    fn make_readable(&mut self) {
        let paragraphs = std::mem::take(&mut self.paragraphs);
        self.paragraphs = paragraphs.into_iter().flat_map(readable).collect();
    }

    /// Whether a new paragraph begins with `next`.
    fn parts_from(&self, next: &Said, pause_s: f64) -> bool {
        let Some(last) = self.paragraphs.last() else { return true };
        let pause = next.start - last.end;
        let own = last.pieces.iter().rev().find(|piece| !piece.interjection);
        let ended = own.and_then(|piece| piece.words.last()).is_some_and(|word| ends_sentence(&word.text));
        let long = next.end - last.start > PARAGRAPH_S;
        if ended { pause > pause_s || long } else { pause > LONG_PAUSE * pause_s }
    }
}

/// A paragraph as several: each ends with the sentence that makes it long enough, or, where a sentence has no
/// end, at a pause. What others put in counts for nothing and stays where it is.
fn readable<'a>(paragraph: Paragraph<'a>) -> Vec<Paragraph<'a>> {
    let width = |word: &TimedWord| text::columns(&word.text) + 1;
    let all = paragraph.pieces.iter().filter(|piece| !piece.interjection).flat_map(|piece| &piece.words);
    let mut left: usize = all.map(width).sum();
    if left <= READABLE + REST {
        return vec![paragraph];
    }
    let mut out: Vec<Paragraph<'a>> = Vec::new();
    let (mut pieces, mut columns): (Vec<TurnPart<'a>>, usize) = Default::default();
    let end = paragraph.end;
    let mut close = |pieces: &mut Vec<TurnPart<'a>>| {
        let words = || pieces.iter().flat_map(|piece| &piece.words);
        let start = words().next().map_or(paragraph.start, |word| word.start);
        // The first one begins where the paragraph did, and the last one ends there.
        let start = if out.is_empty() { paragraph.start } else { start };
        let until = words().map(|word| word.end).fold(start, f64::max);
        out.push(Paragraph { start, end: until, pieces: std::mem::take(pieces) });
    };
    for piece in paragraph.pieces {
        if piece.interjection {
            pieces.push(piece);
            continue;
        }
        let (utterance, mut words) = (piece.utterance, piece.words.into_iter().peekable());
        let mut taken = Vec::new();
        while let Some(word) = words.next() {
            columns += width(&word);
            left -= width(&word);
            let breath = words.peek().is_none_or(|next| next.start - word.end >= BREATH_S);
            let ends = ends_sentence(&word.text);
            taken.push(word);
            let long = (columns >= READABLE && ends) || (columns >= UNREADABLE && breath);
            if long && left > REST {
                pieces.push(TurnPart { utterance, words: std::mem::take(&mut taken), interjection: false });
                close(&mut pieces);
                columns = 0;
            }
        }
        if !taken.is_empty() {
            pieces.push(TurnPart { utterance, words: taken, interjection: false });
        }
    }
    if !pieces.is_empty() {
        close(&mut pieces);
    }
    if let Some(last) = out.last_mut() {
        last.end = last.end.max(end);
    }
    out
}

/// A turn of its own for what does not stand in the minutes.
pub fn withheld<'a>(utterance: &'a Utterance, reason: String) -> Turn<'a> {
    let said = Said::new(utterance);
    let pieces = pieces(&said, &[]);
    Turn { withheld: Some(reason), ..Turn::begin(&said, pieces) }
}

/// An utterance's words, parted where somebody put something in.
fn pieces<'a>(said: &Said<'a>, guests: &[&Said<'a>]) -> Vec<TurnPart<'a>> {
    let piece = |utterance, words, interjection| TurnPart { utterance, words, interjection };
    let mut rest = words(said.utterance);
    let mut pieces = Vec::new();
    for guest in guests {
        let before = place(&rest, guest.start);
        let later = rest.split_off(before);
        if !rest.is_empty() {
            pieces.push(piece(said.utterance, rest, false));
        }
        pieces.push(piece(guest.utterance, words(guest.utterance), true));
        rest = later;
    }
    if !rest.is_empty() {
        pieces.push(piece(said.utterance, rest, false));
    }
    pieces
}

/// How many words stand before what was put in at a time: those that had begun, and those up to the clause's
/// end if it is near. Not up to a question's end: what comes after it would be its answer.
fn place(words: &[TimedWord], at: f64) -> usize {
    let begun = words.iter().take_while(|word| word.start < at).count();
    let near = words.iter().skip(begun.saturating_sub(1)).take_while(|word| word.start < at + CLAUSE_S);
    let is_clause = |word: &TimedWord| {
        last_mark(&word.text)
            .is_some_and(|c| matches!(c, ',' | ';' | ':' | '.' | '!' | '…' | '，' | '、' | '。' | '！'))
    };
    near.enumerate().find(|(_, word)| is_clause(word)).map_or(begun, |(n, _)| begun.max(1) + n)
}

/// Whether a word ends a sentence, whatever closes after its mark.
fn ends_sentence(word: &str) -> bool {
    last_mark(word).is_some_and(|c| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।'))
}

/// The last character that is not a closing quote or bracket.
fn last_mark(text: &str) -> Option<char> {
    text.trim_end_matches(['"', '\'', '”', '’', '»', '«', ')', ']', '」', '』', '）']).chars().next_back()
}
