//! SubRip subtitles. The format has no standard and no way to escape: players take `<…>` for tags, `{\…}` for
//! positions, and `-->` for a time line. An invisible word joiner (U+2060) after the first character keeps
//! them from it, and the text readable.

use std::fmt::Write as _;

use super::captions::{Names, Rules, captions, timestamp};
use super::turns::Meeting;

/// The whole document.
pub fn render(meeting: &Meeting, rules: &Rules) -> String {
    let mut out = String::new();
    for (n, caption) in captions(meeting, Names::Within, rules).iter().enumerate() {
        let (start, end) = (timestamp(caption.start_ms, ','), timestamp(caption.end_ms, ','));
        let text = caption.lines.iter().map(|line| defuse(&line.text)).collect::<Vec<_>>().join("\n");
        let _ = write!(out, "{}\n{start} --> {end}\n{text}\n\n", n + 1);
    }
    out
}

fn defuse(line: &str) -> String {
    line.replace("-->", "--\u{2060}>").replace('<', "<\u{2060}").replace("{\\", "{\u{2060}\\")
}
