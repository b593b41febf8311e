//! Text for people: one line, its width on the screen, wrapped.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// On one line, with single spaces. Control characters (they drive terminals) and marks that turn the
/// direction of what follows them (they make a line say something else) are not for documents and go, as do
/// U+FFFE and U+FFFF, which XML refuses.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = out.len();
        if !out.is_empty() {
            out.push(' ');
        }
        let start = out.len();
        out.extend(word.chars().filter(|c| !is_hidden(*c)));
        if out.len() == start {
            out.truncate(before);
        }
    }
    out
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// [`clean`], and never empty.
pub fn name(text: &str) -> String {
    let name = clean(text);
    if name.is_empty() { "(no name)".to_owned() } else { name }
}

/// Whether a sentence ends with this word, in any script that has a sign for it.
pub fn ends_sentence(word: &str) -> bool {
    let word = word.trim_end_matches(['"', '\'', '”', '’', '»', '」', '』', ')', '）']);
    word.ends_with(['.', '!', '?', '…', '。', '！', '？', '؟', '।'])
}

/// Columns on a screen; wide characters take two.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Columns on a screen, but never less than the number of characters, which is what others count.
pub fn room(text: &str) -> usize {
    text.width().max(text.chars().count())
}

/// Cut to `max` columns; what was cut ends in `…`.
pub fn fit(text: &str, max: usize) -> String {
    if text.width() <= max {
        return text.to_owned();
    }
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        if out.width() + grapheme.width() + 1 > max {
            break;
        }
        out.push_str(grapheme);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Filled up with spaces to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// The same, to the right.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Pieces of at most `max` columns, cut between graphemes; a grapheme that is wider than that is cut between
/// characters.
pub fn pieces(text: &str, max: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut add = |part: &str| match out.last_mut() {
        Some(last) if last.is_empty() || room(last) + room(part) <= max => last.push_str(part),
        _ => out.push(part.to_owned()),
    };
    for grapheme in text.graphemes(true) {
        if room(grapheme) <= max {
            add(grapheme);
        } else {
            grapheme.chars().for_each(|c| add(c.encode_utf8(&mut [0; 4])));
        }
    }
    out
}

/// Lines of at most `max` columns, broken at spaces, beside wide characters (their scripts write no spaces),
/// and within a word only where it alone is longer than a line.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        for (n, part) in breakable(word).into_iter().enumerate() {
            let space = usize::from(n == 0);
            match lines.last_mut() {
                Some(line) if line.width() + space + part.width() <= max => {
                    line.push_str(&" "[..space]);
                    line.push_str(part);
                }
                _ => lines.extend(pieces(part, max)),
            }
        }
    }
    lines
}

/// Marks that begin no line: closing ones, and those that belong to the character before.
const NEVER_FIRST: &str = "，。、；：！？）」』》】〉〕”’ー々…ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
/// Marks that end no line: opening ones.
const NEVER_LAST: &str = "（「『《【〈〔“‘";

/// Parts a word beside each wide grapheme, but not before a mark that may begin no line, nor after one that
/// may end none.
pub fn breakable(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut was_wide, mut was_opening) = (0, false, false);
    for (at, grapheme) in word.grapheme_indices(true) {
        let wide = grapheme.width() > 1;
        let is_one_of = |marks: &str| grapheme.chars().next().is_some_and(|c| marks.contains(c));
        if at > from && (wide || was_wide) && !is_one_of(NEVER_FIRST) && !was_opening {
            parts.push(&word[from..at]);
            from = at;
        }
        (was_wide, was_opening) = (wide, is_one_of(NEVER_LAST));
    }
    parts.push(&word[from..]);
    parts
}

/// Digits in groups of three.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Time into the meeting, `03:07` or `1:03:07`; with hours if `long`. Below zero there is no meeting.
pub fn clock(seconds: f64, long: bool) -> String {
    let s = seconds.max(0.0) as u64;
    if long {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{:02}:{:02}", s / 60, s % 60)
    }
}

/// Time into the meeting, always as `00:01:23`, for lines that come one after the other.
pub fn timer(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// A length for people: `42 ms`, `2.1 s`, `38 s`, `4 min 05 s`, `1 h 02 min`.
pub fn length(seconds: f64) -> String {
    let s = seconds.max(0.0);
    let whole = s.round() as u64;
    match s {
        s if s < 0.0005 => "0 s".to_owned(),
        s if s < 0.0995 => format!("{:.0} ms", s * 1000.0),
        s if s < 9.95 => format!("{s:.1} s"),
        _ if whole < 60 => format!("{whole} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// `1 gap`, `2 gaps`.
pub fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(n)) }
}
