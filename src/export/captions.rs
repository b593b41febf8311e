//! From utterances to captions, for the subtitle formats, by the rules of [`Rules`]: broken where sentences,
//! clauses or pauses are, timed by words. Pure.
//!
//! Three promises, the first before the second and that before the third: every word is kept and no line is
//! too long; captions of one speaker never lie on each other; each stands as long as it takes to read. So the
//! captions of somebody who speaks faster than the reading speed stand as long as the next one lets them.
//!
//! Scripts that write no spaces are broken after their punctuation, else where the recogniser's words meet,
//! else between characters. A wide character takes two columns of a line and two of the reading speed.

mod atoms;

use std::collections::HashMap;

use atoms::{Atom, Joint, atoms};

use super::notices::Notice;
use super::timing::spoken;
use super::turns::Meeting;
use super::wording::Wording;
use crate::base::text::{self, fit, room, wrap};
use crate::base::utterance::Utterance;

/// What a caption may be. The defaults are those of Netflix' Timed Text Style Guide for English: 2 lines of
/// 42 characters, 5/6 s to 7 s, 20 characters a second. (The BBC's guidelines say 37 characters and 160 to
/// 180 words a minute, about 15 characters a second.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Characters (or columns, if that is more) of a line, 16..=200.
    pub line_length: usize,
    /// Lines, 1..=4.
    pub lines: usize,
    /// Seconds it stands at least, if the next one leaves room.
    pub min_s: f64,
    /// Seconds it stands at most; more than `min_s`.
    pub max_s: f64,
    /// Characters (or columns, if that is more) a second that are read: a caption stands longer than it is
    /// spoken where that is needed, and ends where the same speaker's next one begins.
    pub reading_cps: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { line_length: 42, lines: 2, min_s: 5.0 / 6.0, max_s: 7.0, reading_cps: 20.0 }
    }
}

impl Rules {
    /// Columns that a speaker's name may take of the first line.
    fn name_max(&self) -> usize {
        NAME_MAX.min(self.line_length / 2)
    }

    /// Columns of the longest word that isn't parted. A single line must hold the name too.
    fn word_max(&self) -> usize {
        if self.lines == 1 { self.line_length - self.name_max() - 2 } else { self.line_length }
    }

    /// Seconds to read that many letters.
    fn wanted_s(&self, letters: usize) -> f64 {
        (letters as f64 / self.reading_cps).max(self.min_s).min(self.max_s)
    }
}

/// A silence this long (seconds) is never within a caption.
const SILENCE_S: f64 = 1.5;
/// Utterances before and after one that are looked at for others who speak at the same time.
const NEAR: usize = 64;
/// Columns that a speaker's name takes at most.
const NAME_MAX: usize = 20;

/// One caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// Milliseconds into the meeting.
    pub start_ms: u64,
    /// Later than the start.
    pub end_ms: u64,
    pub speaker: String,
    /// At least one; not escaped.
    pub lines: Vec<CaptionLine>,
}

/// A line of a caption.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaptionLine {
    pub text: String,
    /// Where its words begin, in bytes, and when, in milliseconds into the meeting.
    pub words: Vec<(usize, u64)>,
}

/// How a format tells who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The format has a place for it.
    Apart,
    /// In the text, `Alice: …`, wherever the speaker changes or two speak at once.
    Within,
}

/// Whose the captions are that nobody said.
pub(super) const OURS: &str = "Hansard";

/// All captions by start, with those of notices. An empty transcript gives one that says so.
pub fn captions(meeting: &Meeting, names: Names, rules: &Rules) -> Vec<Caption> {
    let said = &meeting.said;
    let mut captions = Vec::new();
    for (i, utterance) in said.iter().enumerate() {
        let speaker = text::name(&utterance.speaker);
        let speaker = meeting.called(&speaker).to_owned();
        let name =
            Atom::label(&labelled_as(utterance, &speaker, names, rules, meeting.words), utterance.start);
        let changes = i == 0 || said[i - 1].speaker != utterance.speaker;
        let others = others(said, i);
        // Told at the start, and again where somebody else spoke at the same time or since the last caption.
        let label = |part: &[Atom], first: bool| {
            let (from, to) = (part.first()?.start, part.last()?.end);
            let since = (from - rules.max_s).max(utterance.start);
            let between = || others.iter().any(|(start, end)| *start < to && (*end > from || *start > since));
            let told = names == Names::Within && ((first && changes) || between());
            (told || !utterance.is_shown()).then_some(&name)
        };
        let next = said[i + 1..].iter().find(|next| next.speaker == utterance.speaker).map(|next| next.start);
        captions.extend(of_utterance(utterance, &speaker, label, next, rules));
    }
    if let Some(nothing) = meeting.nothing_said() {
        captions.push(of_ours(nothing, 0.0, 5.0, rules));
    }
    captions
        .extend(meeting.notices.iter().map(|notice| of_notice(&notice.told(meeting.words), notice, rules)));
    captions.sort_by_key(|caption| (caption.start_ms, caption.end_ms));
    part(&mut captions, rules);
    captions.sort_by_key(|caption| (caption.start_ms, caption.end_ms));
    captions
}

/// Lets each caption end where its speaker's next one begins: words may overlap where they were measured, or
/// lie on two tracks. Where that leaves too little to be read, the next one begins later, but never past the
/// middle of both.
fn part(captions: &mut [Caption], rules: &Rules) {
    let min = millis(rules.min_s);
    let mut before: HashMap<String, usize> = HashMap::new();
    for this in 0..captions.len() {
        let last = before.insert(captions[this].speaker.clone(), this);
        let Some(last) = last.filter(|last| captions[*last].end_ms > captions[this].start_ms) else {
            continue;
        };
        let (start, end) = (captions[last].start_ms, captions[last].end_ms.max(captions[this].end_ms));
        let middle = start + (end - start) / 2;
        let border = captions[this].start_ms.max((start + min).min(middle)).max(start + 1);
        captions[last].end_ms = border;
        captions[this].start_ms = border;
        captions[this].end_ms = captions[this].end_ms.max(border + 1);
    }
}

/// It stands while there is nothing to hear, as long as a caption may.
fn of_notice(told: &str, notice: &Notice, rules: &Rules) -> Caption {
    of_ours(told, notice.from, notice.to.min(notice.from + rules.max_s), rules)
}

/// A caption that nobody said, between brackets.
fn of_ours(text: &str, from: f64, to: f64, rules: &Rules) -> Caption {
    let mut lines = wrap(&format!("[{text}]"), rules.line_length);
    if lines.len() > rules.lines {
        let rest = lines.split_off(rules.lines - 1).join(" ");
        lines.push(fit(&rest, rules.line_length));
    }
    let lines = lines.into_iter().map(|text| CaptionLine { text, words: Vec::new() }).collect();
    let start_ms = millis(from.max(0.0));
    let end_ms = millis(to.max(from + rules.min_s)).max(start_ms + 1);
    Caption { start_ms, end_ms, speaker: OURS.to_owned(), lines }
}

/// What stands before a caption's words: who speaks, and that they do not stand in the minutes.
fn labelled_as(utterance: &Utterance, speaker: &str, names: Names, rules: &Rules, words: &Wording) -> String {
    let hidden = match (&utterance.withheld, &utterance.bleed_of) {
        (Some(_), _) => format!("[{}]", words.said.withheld_label),
        (None, Some(_)) => format!("[{}]", words.said.echo_label),
        (None, None) => String::new(),
    };
    match names {
        Names::Within => {
            let both = format!("{hidden} {speaker}");
            format!("{}:", fit(both.trim_start(), rules.name_max() - 1))
        }
        Names::Apart => hidden,
    }
}

/// When others speak during an utterance, in session seconds. `said` is in order of start.
fn others(said: &[&Utterance], i: usize) -> Vec<(f64, f64)> {
    let this = said[i];
    // Utterances are bounded by the recogniser's window: whatever meets this one stands near it.
    let later = said[i + 1..].iter().take(NEAR).take_while(|other| other.start < this.end);
    let earlier = said[..i].iter().rev().take(NEAR);
    let meets = |(start, end): &(f64, f64)| *start < this.end && this.start < *end;
    later
        .chain(earlier)
        .filter(|other| other.speaker != this.speaker)
        .map(|other| spoken(other))
        .filter(meets)
        .collect()
}

fn of_utterance<'a>(
    utterance: &Utterance,
    speaker: &str,
    label: impl Fn(&[Atom], bool) -> Option<&'a Atom>,
    next: Option<f64>,
    rules: &Rules,
) -> Vec<Caption> {
    let atoms = atoms(utterance, rules);
    let breaks = breaks(&atoms, &label, rules);
    let mut captions = Vec::new();
    for (n, (from, to)) in breaks.iter().copied().enumerate() {
        let (Some(first), Some(last)) = (atoms.get(from), atoms.get(to - 1)) else { continue };
        let part = labelled(&atoms[from..to], label(&atoms[from..to], from == 0));
        // Stays up long enough to be read, but not into what the same person says next.
        let follows =
            breaks.get(n + 1).and_then(|(from, _)| atoms.get(*from)).map(|atom| atom.start).or(next);
        let wanted = first.start + rules.wanted_s(letters_of(&part));
        let longer = wanted.min(follows.unwrap_or(f64::INFINITY));
        let end = last.end.max(longer).min(first.start + rules.max_s);
        let start_ms = millis(first.start);
        let end_ms = millis(end).max(start_ms + 1);
        captions.push(Caption { start_ms, end_ms, speaker: speaker.to_owned(), lines: layout(&part, rules) });
    }
    captions
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

fn letters_of(part: &[Atom]) -> usize {
    part.iter().map(|atom| room(&atom.text) + usize::from(atom.spaced())).sum()
}

fn labelled(atoms: &[Atom], label: Option<&Atom>) -> Vec<Atom> {
    let mut all: Vec<Atom> = label.into_iter().chain(atoms).cloned().collect();
    if let (Some(_), Some(first)) = (label, all.get_mut(1)) {
        first.joint = Joint::Space;
    }
    all
}

/// The cheapest way to part atoms into captions, as ranges: dynamic programming from the end. A single atom
/// always fits.
fn breaks<'a>(
    atoms: &[Atom],
    label: &impl Fn(&[Atom], bool) -> Option<&'a Atom>,
    rules: &Rules,
) -> Vec<(usize, usize)> {
    let n = atoms.len();
    let mut best: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); n];
    let rest = |best: &[(f64, usize)], to: usize| best.get(to).map_or(0.0, |(cost, _)| *cost);
    for from in (0..n).rev() {
        for to in from + 1..=n {
            let part = &atoms[from..to];
            let single = to == from + 1;
            let silent = to >= from + 2 && atoms[to - 1].start - atoms[to - 2].end > SILENCE_S;
            let too_long = part[part.len() - 1].end - part[0].start > rules.max_s;
            // Everything longer breaks the same limit.
            if !single && (silent || too_long || !fits(label(part, from == 0), part, rules)) {
                break;
            }
            let next = atoms.get(to).map(|atom| atom.joint);
            let total = cost(part, next) + rest(&best, to);
            if total < best[from].0 {
                best[from] = (total, to);
            }
        }
    }
    let mut ranges = Vec::new();
    let mut from = 0;
    while from < n {
        let to = best[from].1.max(from + 1);
        ranges.push((from, to));
        from = to;
    }
    ranges
}

/// What a caption costs a reader: another one to take in, torn sentences, scraps, flashes.
fn cost(part: &[Atom], next: Option<Joint>) -> f64 {
    let (first, last) = (&part[0], &part[part.len() - 1]);
    let torn = next.map_or(0.0, |joint| f64::from(torn(&last.text)) + joint.torn().min(9) as f64);
    let pauses: f64 = part.windows(2).map(|pair| (pair[1].start - pair[0].end - 0.4).max(0.0) * 10.0).sum();
    let scrap = if letters_of(part) < 15 { 5.0 } else { 0.0 };
    let flash = if last.end - first.start < 1.0 { 3.0 } else { 0.0 };
    10.0 + torn + pauses + scrap + flash
}

/// Whether its lines hold it, each filled as far as it goes. Adding up the atoms can only overrate a line, so
/// that [`layout`] finds a way wherever this says so; it costs no memory, and is asked for every possible
/// caption.
fn fits(label: Option<&Atom>, part: &[Atom], rules: &Rules) -> bool {
    let (mut line, mut filled) = (1, label.map_or(0, |name| room(&name.text) + 1));
    for (n, atom) in part.iter().enumerate() {
        let wide = room(&atom.text);
        let space = usize::from(atom.spaced() && n > 0);
        if filled + space + wide <= rules.line_length {
            filled += space + wide;
        } else {
            (line, filled) = (line + 1, wide);
        }
    }
    line <= rules.lines
}

/// How bad it is to break after this.
fn torn(text: &str) -> u8 {
    match text.trim_end_matches(['」', '』', '）', '”', '"', ')']).chars().next_back() {
        Some('.' | '!' | '?' | '…' | '。' | '！' | '？' | '｡' | '．') => 0,
        Some(',' | ';' | ':' | '–' | '—' | '，' | '、' | '；' | '：' | '､') => 4,
        _ => 9,
    }
}

/// As few lines as hold it, as even as can be without tearing clauses, the lower ones rather longer.
fn layout(atoms: &[Atom], rules: &Rules) -> Vec<CaptionLine> {
    (1..=rules.lines)
        .find_map(|count| ways(atoms, count, rules.line_length))
        // One word with its speaker may be too wide for a line, and then has two.
        .unwrap_or_else(|| atoms.chunks(1).map(line_of).collect())
}

/// The best way to part atoms into that many lines; `None` if they don't fit.
fn ways(atoms: &[Atom], count: usize, max: usize) -> Option<Vec<CaptionLine>> {
    let wide = |atoms: &[Atom]| -> usize {
        let spaces = atoms.iter().skip(1).filter(|atom| atom.spaced()).count();
        spaces + atoms.iter().map(|atom| room(&atom.text)).sum::<usize>()
    };
    let even = wide(atoms) / count;
    // Per number of atoms: the cost of the lines that hold them, and where the last of these begins.
    let mut lines: Vec<Vec<(usize, usize)>> = Vec::new();
    for n in 0..count {
        let of = |to: usize| {
            let from_cost = |from: usize| match lines.last() {
                None => (from == 0).then_some(0),
                Some(upper) => Some(upper[from].0).filter(|cost| *cost < usize::MAX),
            };
            let cost = |from: usize| {
                let before = from_cost(from)?;
                let own = wide(&atoms[from..to]);
                if own > max || from == to {
                    return None;
                }
                let last = n + 1 == count;
                let uneven = own.abs_diff(even) + if !last && own > even { 2 } else { 0 };
                let inside = if last { 0 } else { 2 * usize::from(torn(&atoms[to - 1].text)) };
                let next = atoms.get(to).filter(|_| !last);
                // Punctuation is as good as a space.
                let split = match next {
                    Some(next) if next.joint == Joint::Dense && inside < 18 => 0,
                    Some(next) => next.joint.torn(),
                    None => 0,
                };
                Some((before + uneven + inside + split, from))
            };
            (0..to).filter_map(cost).min().unwrap_or((usize::MAX, 0))
        };
        lines.push((0..=atoms.len()).map(of).collect());
    }
    let mut to = atoms.len();
    let mut out = Vec::new();
    for line in lines.iter().rev() {
        let (cost, from) = line[to];
        if cost == usize::MAX {
            return None;
        }
        out.push(line_of(&atoms[from..to]));
        to = from;
    }
    out.reverse();
    Some(out)
}

fn line_of(atoms: &[Atom]) -> CaptionLine {
    let mut line = CaptionLine::default();
    for (i, atom) in atoms.iter().enumerate() {
        if atom.spaced() && i > 0 {
            line.text.push(' ');
        }
        // A label is not a word.
        if atom.joint.begins_word() || (i == 0 && atom.joint != Joint::Label) {
            line.words.push((line.text.len(), millis(atom.start)));
        }
        line.text.push_str(&atom.text);
    }
    line
}

/// `01:02:03,456` with the given separator.
pub fn timestamp(ms: u64, separator: char) -> String {
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{h:02}:{m:02}:{s:02}{separator}{:03}", ms % 1000)
}

#[cfg(test)]
mod tests;
