//! WebVTT subtitles, with each caption's speaker as its voice, and each word's time where that is asked for.

use std::fmt::Write as _;

use super::captions::{Caption, CaptionLine, Names, Rules, captions, timestamp};
use super::turns::Meeting;

/// The whole document.
pub fn render(meeting: &Meeting, rules: &Rules, words: bool) -> String {
    let pending = meeting
        .pending
        .as_ref()
        .map(|pending| format!(". {}", pending.told(meeting.words)))
        .unwrap_or_default();
    let note = escape(&format!("{}, {}{pending}", meeting.title(), meeting.when()));
    let mut out = format!("WEBVTT\n\nNOTE {note}\n\n");
    for (n, caption) in captions(meeting, Names::Apart, rules).iter().enumerate() {
        let (start, end) = (timestamp(caption.start_ms, '.'), timestamp(caption.end_ms, '.'));
        let text = if words { timed(caption) } else { lines(caption, |line| escape(&line.text)) };
        let _ = write!(out, "{}\n{start} --> {end}\n<v {}>{text}\n\n", n + 1, escape(&caption.speaker));
    }
    out
}

fn lines(caption: &Caption, line: impl FnMut(&CaptionLine) -> String) -> String {
    caption.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// With a time before each word. The format wants them to rise, and to lie within the caption: a word that
/// begins with the caption, or with the word before, needs none.
fn timed(caption: &Caption) -> String {
    let mut reached = caption.start_ms;
    lines(caption, |line| {
        let mut out = String::new();
        let mut done = 0;
        for (at, ms) in &line.words {
            out += &escape(&line.text[done..*at]);
            done = *at;
            if *ms > reached && *ms < caption.end_ms {
                let _ = write!(out, "<{}>", timestamp(*ms, '.'));
                reached = *ms;
            }
        }
        out + &escape(&line.text[done..])
    })
}

/// For text and for the name in a voice tag. Without a bare `>` there is no `-->` either.
fn escape(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
