//! WebVTT subtitles, with each caption's speaker as its voice.

use std::fmt::Write as _;

use super::captions::{Names, captions, timestamp};
use super::turns::Meeting;

/// The whole document.
pub fn render(meeting: &Meeting) -> String {
    let note = escape(&format!("{}, {}", meeting.title(), meeting.when()));
    let mut out = format!("WEBVTT\n\nNOTE {note}\n\n");
    for (n, caption) in captions(meeting, Names::Apart).iter().enumerate() {
        let (start, end) = (timestamp(caption.start_ms, '.'), timestamp(caption.end_ms, '.'));
        let text = caption.lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("\n");
        let _ = write!(out, "{}\n{start} --> {end}\n<v {}>{text}\n\n", n + 1, escape(&caption.speaker));
    }
    out
}

/// For text and for the name in a voice tag. Without a bare `>` there is no `-->` either.
fn escape(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
