//! YAML front matter for the minutes in Markdown, as Obsidian and its like read it: between two lines of
//! `---`, at the very beginning. With it the actions of the list of marks have a box to tick, `- [ ]`.
//!
//! Texts are between double quotes, escaped as in JSON, which YAML reads alike: whatever somebody is called,
//! it is a text and no key, number or tag.

use std::fmt::Write as _;

use super::turns::Meeting;
use crate::base::text;

/// What it stands between.
pub(super) const RULE: &str = "---\n";

/// The front matter, with its end of line.
pub(super) fn render(meeting: &Meeting) -> String {
    let manifest = &meeting.session.manifest;
    let start = meeting.session.wall(0.0);
    let mut out = RULE.to_owned();
    let mut put = |key: &str, value: &str| {
        let _ = writeln!(out, "{key}: {value}");
    };
    put("title", &quoted(&meeting.title()));
    put("date", &start.strftime("%Y-%m-%d").to_string());
    if manifest.start.clock_known {
        put("start", &quoted(&start.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()));
    }
    put("duration", &quoted(&text::timer(manifest.duration)));
    // Those who were heard: who else was in the room nobody knows.
    let heard = meeting.people.iter().filter(|person| person.talking_s > 0.0);
    let heard: Vec<String> = heard.map(|person| quoted(&person.name)).collect();
    put("attendees", &format!("[{}]", heard.join(", ")));
    let _ = write!(out, "tags: [meeting]\nhansard: {}\n{RULE}\n", quoted(&text::clean(&manifest.id)));
    out
}

/// A text between double quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
