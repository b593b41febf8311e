//! The minutes as one HTML page: whole in itself, readable without a network, a script, the sound or a
//! screen.
//!
//! Promises: it is complete as it stands, and its script only adds sound, search and keys. Nothing in it is
//! fetched but the sound file beside it: a policy in its head forbids everything else, and lets only the
//! page's own script and style take effect, known by their hashes. Whatever people called themselves or said
//! stays text: see [`escape`]. The same session gives the same bytes.
//!
//! Words stand in the page as plain text, one element a line; their times are a table beside it. A page of
//! 40,000 words stays light that way.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Options;
use super::minutes as document;
use super::pending::session_word;
use super::turns::Meeting;
use super::wording::Wording;
use crate::base::text;

mod blocks;
mod marks;
mod minutes;
mod summary;
mod timeline;
mod words;

const TEMPLATE: &str = include_str!("html/page.html");
/// The style of the page, which the page of `hansard serve` shares.
pub const STYLE: &str = include_str!("html/page.css");
/// What its script and the scripts of the page of `hansard serve` share, as a module.
pub const SHARED: &str = include_str!("html/shared.js");
/// The player of both, as a module.
pub const PLAYER: &str = include_str!("html/player.js");
const SCRIPT: &str = include_str!("html/page.js");
/// Colours for people; more than these begin again.
const COLOURS: usize = 8;

/// Where a page has its sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sound<'a> {
    /// In a file of that name beside it, of that many seconds: by its length the page knows it.
    Beside {
        name: &'a str,
        /// To a tenth of a millisecond.
        seconds: f64,
    },
    /// In itself, as Opus in Ogg: to be put where [`halves`] parts it, in base 64.
    Inside,
}

/// The whole page. Of `options` it takes the evidence and the sound.
pub fn render(meeting: &Meeting, options: &Options) -> String {
    let (minutes, lines) = minutes::render(meeting, options);
    let (style, script) = (text_of(STYLE), script());
    fill(
        TEMPLATE,
        &[
            ("policy", &policy(&style, &script, options.sound)),
            ("version", env!("CARGO_PKG_VERSION")),
            ("title", &escape(&meeting.title())),
            ("style", &style),
            ("lead", &(blocks::render(meeting, &document::lead(meeting)) + &absent(meeting, options.sound))),
            ("who", &who(meeting, options.sound.is_some())),
            ("only", &only(meeting)),
            ("marks", &marks::section(meeting)),
            ("summary", &summary::section(meeting)),
            ("minutes", &minutes),
            ("made", &blocks::section(meeting, "made", &document::made(meeting))),
            ("recorded", &blocks::section(meeting, "recorded", &document::recorded(meeting))),
            ("evidence", &evidence(meeting)),
            ("sound", &sound(options.sound)),
            ("data", &words::data(meeting, &lines, options.sound)),
            ("script", &script),
        ],
        &labels(meeting.words),
    )
}

/// The words of the template, by their names in it. They may hold markup: they are ours.
fn labels(words: &Wording) -> [(&'static str, &'static str); 17] {
    let page = &words.page;
    [
        ("w.lang", words.language.code()),
        ("w.skip", page.skip),
        ("w.in_minutes", page.in_minutes),
        ("w.search_in", page.search_in),
        ("w.search", page.search),
        ("w.match_before", page.match_before),
        ("w.match_after", page.match_after),
        ("w.dark", page.dark),
        ("w.said", words.said.heading),
        ("w.keys", page.keys),
        ("w.space", page.space),
        ("w.key_play", page.key_play),
        ("w.key_seek", page.key_seek),
        ("w.key_turn", page.key_turn),
        ("w.key_search", page.key_search),
        ("w.key_escape", page.key_escape),
        ("w.sound", page.sound),
    ]
}

// Writing into a String can't fail; `let _` says so at each place.

/// Puts values into a template's `{{name}}`s. Once: what stands in a value is not looked at.
fn fill(template: &str, values: &[(&str, &str)], words: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + values.iter().map(|(_, v)| v.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(
            values.iter().chain(words).find(|(known, _)| *known == name).map_or("", |(_, value)| value),
        );
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A file of ours as it stands between its tags, where a hash of it is taken.
fn text_of(file: &str) -> String {
    file.replace("\r\n", "\n")
}

/// The page's script: a page from a file can't load a module, so what is shared stands in it.
fn script() -> String {
    let plain = |module: &str| -> String {
        let lines = module.lines().filter(|line| !line.starts_with("import "));
        lines.map(|line| line.strip_prefix("export ").unwrap_or(line).to_owned() + "\n").collect()
    };
    format!("\"use strict\";\n{}{}{}", plain(SHARED), plain(PLAYER), text_of(SCRIPT))
}

/// Nothing from elsewhere, and of scripts and styles only the page's own.
fn policy(style: &str, script: &str, sound: Option<Sound>) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let media = if sound == Some(Sound::Inside) { "data:" } else { "'self' file:" };
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; media-src {media}; \
         base-uri 'none'; form-action 'none'",
        hash(script),
        hash(style)
    )
}

/// Text for an element or an attribute between double quotes. It has been through [`text::clean`], which
/// takes out what turns a line's direction.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A name, kept to itself: one that is written from right to left leaves what stands beside it in its order.
fn name(name: &str) -> String {
    format!("<bdi>{}</bdi>", escape(name))
}

/// The class of a person's colour.
fn colour(meeting: &Meeting, speaker: &str) -> String {
    let place = meeting.people.iter().position(|person| person.name == speaker).unwrap_or(0);
    format!("s{}", place % COLOURS)
}

/// A person's number in the page, for its script.
fn number(meeting: &Meeting, speaker: &str) -> String {
    let place = meeting.people.iter().position(|person| person.name == speaker);
    place.map(|place| format!(" data-who=\"{place}\"")).unwrap_or_default()
}

/// The choice of whose words are shown, where there are several; the script puts it to work.
fn only(meeting: &Meeting) -> String {
    if meeting.heard().count() < 2 {
        return String::new();
    }
    let page = &meeting.words.page;
    let mut out = format!(
        "    <label for=\"only\" class=\"unseen\">{}</label>\n    <select id=\"only\"><option value=\"\">{}</option>",
        escape(page.whose),
        escape(page.everybody)
    );
    for person in meeting.heard() {
        let place = meeting.people.iter().position(|other| other.name == person.name).unwrap_or(0);
        let name = escape(&text::fit(meeting.called(&person.name), 32));
        let _ = write!(out, "<option value=\"{place}\">{name}</option>");
    }
    out + "</select>\n"
}

/// How to say who the voices are that nobody has named, and how each of them sounds; `can_sound` says whether
/// the page has its sound beside it.
fn unknown(meeting: &Meeting, can_sound: bool) -> String {
    let session = session_word(&meeting.session.manifest);
    let page = &meeting.words.page;
    let (mut items, mut can_be_heard) = (String::new(), None);
    for (person, unknown) in
        meeting.people.iter().filter_map(|person| Some((person, person.unknown.as_ref()?)))
    {
        let (shown, typed) = (escape(meeting.called(&person.name)), escape(&person.name));
        let perhaps = unknown.perhaps.as_ref().map(|name| {
            // The name is kept to itself, whatever stands around it.
            format!(" {}", (page.perhaps)(&self::name(&text::name(name))))
        });
        let sample = unknown.sample.map(|sample| sample_of(meeting, &shown, sample, can_sound));
        can_be_heard = can_be_heard.or(sample.as_ref().map(|_| typed.clone()));
        let _ = writeln!(
            items,
            "<li>{}<span class=\"asked\"><bdi>{shown}</bdi>{}{}{} <code>hansard edit {session} name &quot;{typed}&quot; NAME</code></span></li>",
            sample.unwrap_or_default(),
            escape(meeting.words.colon),
            escape(page.who_is),
            perhaps.unwrap_or_default()
        );
    }
    if items.is_empty() {
        return items;
    }
    let silent = can_be_heard.map(|who| {
        format!(
            "<p class=\"silent\">{} <code>hansard voices {session} --play &quot;{who}&quot;</code></p>\n",
            escape(page.unheard)
        )
    });
    let silent = silent.unwrap_or_default();
    format!("<ul class=\"unknown\">\n{items}</ul>\n{silent}")
}

/// A button that plays how a voice sounds, which shows once there is sound, and where that lies.
fn sample_of(meeting: &Meeting, who: &str, (from, to): (f64, f64), can_sound: bool) -> String {
    let button = match can_sound {
        true => format!(
            "<button type=\"button\" class=\"hear sounding\" aria-pressed=\"false\" data-from=\"{from:.3}\" data-to=\"{to:.3}\">\
             <svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><path class=\"go\" d=\"M5 2.5v15l12.5-7.5z\"/>\
             <path class=\"halt\" d=\"M4 4h12v12H4z\"/></svg><span class=\"unseen\">{} <bdi>{who}</bdi>, </span>{}</button>",
            escape(meeting.words.page.hear),
            escape(&(meeting.words.length)(to - from))
        ),
        false => String::new(),
    };
    format!("{button}{}", time_link(meeting, from))
}

/// A place in the session as links name it: seconds with milliseconds.
fn place(seconds: f64) -> String {
    format!("t={:.3}", seconds.max(0.0))
}

/// A time that leads to its sound.
fn time_link(meeting: &Meeting, seconds: f64) -> String {
    let (into, day) = (meeting.clock(seconds), meeting.time_of_day(seconds).unwrap_or_default());
    format!("<a class=\"time\" href=\"#{}\" title=\"{day}\">{into}</a>", place(seconds))
}

fn who(meeting: &Meeting, can_sound: bool) -> String {
    let words = &meeting.words.who;
    let mut rows = String::new();
    // Who spoke for how long is not known before all is text.
    let pending = meeting.pending.is_some();
    let part = meeting.pending.as_ref().is_some_and(|pending| pending.is_part);
    for person in meeting.heard() {
        let (who, colour) = (escape(meeting.called(&person.name)), colour(meeting, &person.name));
        let cells = match (pending, part) {
            (false, _) => vec![
                (meeting.words.length)(person.talking_s),
                document::share(meeting, person),
                person.turns.to_string(),
            ],
            (true, true) => vec![meeting.text_until(person)],
            (true, false) => Vec::new(),
        };
        let cells: String =
            cells.iter().map(|cell| format!("<td class=\"n\">{}</td>", escape(cell))).collect();
        let _ = writeln!(
            rows,
            "<tr class=\"{colour}\"><th scope=\"row\" title=\"{who}\"><bdi>{who}</bdi></th>{cells}</tr>"
        );
    }
    // Its marks and its time are there, whoever was heard.
    if rows.is_empty() {
        return format!("<section>\n{}</section>", timeline::render(meeting));
    }
    let columns = match (pending, part) {
        (false, _) => vec![words.talking_time, words.share, words.turns],
        (true, true) => vec![words.text_up_to],
        (true, false) => Vec::new(),
    };
    let head: String =
        columns.iter().map(|name| format!("<th scope=\"col\" class=\"n\">{}</th>", escape(name))).collect();
    format!(
        "<section aria-labelledby=\"h-who\">\n<h2 id=\"h-who\">{}</h2>\n<div class=\"who-when\">\n<table class=\"people\">\n\
         <thead><tr><th scope=\"col\">{}</th>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n{}</div>\n{}</section>",
        escape(words.heading),
        escape(words.speaker),
        timeline::render(meeting),
        unknown(meeting, can_sound)
    )
}

/// Frames and fingerprints, folded up: whoever doubts the record unfolds them.
fn evidence(meeting: &Meeting) -> String {
    let sections = [("frames", document::frames(meeting)), ("files", document::files(meeting))];
    let sections: Vec<String> = sections
        .iter()
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(class, blocks)| blocks::section(meeting, class, blocks))
        .collect();
    if sections.is_empty() {
        return String::new();
    }
    format!(
        "<details class=\"evidence\"><summary>{}</summary>\n{}\n</details>",
        escape(meeting.words.evidence.summary),
        sections.join("\n")
    )
}

/// What a page's sound begins with that stands in the page.
const INSIDE: &str = "<audio id=\"sound\" preload=\"metadata\" src=\"data:audio/ogg;codecs=opus;base64,";

fn sound(sound: Option<Sound>) -> String {
    match sound {
        None => String::new(),
        Some(Sound::Beside { name, .. }) => {
            format!("<audio id=\"sound\" src=\"{}\" preload=\"metadata\"></audio>\n", escape(&url(name)))
        }
        Some(Sound::Inside) => format!("{INSIDE}\"></audio>\n"),
    }
}

/// What comes before and after the sound in a page that has it inside; `None` if it has not.
pub fn halves(page: &str) -> Option<(&str, &str)> {
    // What people said or are called has no such quotes: see `escape`.
    let at = page.find(INSIDE)? + INSIDE.len();
    page.split_at_checked(at)
}

/// What the script shows where the sound does not lie beside the page, or another's does.
fn absent(meeting: &Meeting, sound: Option<Sound>) -> String {
    let Some(Sound::Beside { name, .. }) = sound else { return String::new() };
    let page = &meeting.words.page;
    let line = |id: &str, text: String| {
        format!("<p id=\"{id}\" class=\"absent\" role=\"status\" hidden>{}</p>\n", escape(&text))
    };
    let name = text::clean(name);
    line("left-behind", (page.left_behind)(&name)) + &line("of-another", (page.of_another)(&name))
}

/// A file's name as an address relative to the page.
fn url(file: &str) -> String {
    let mut out = "./".to_owned();
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A language's tag for a `lang`, where it is one.
fn language(code: &str) -> Option<&str> {
    let plain = (2..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    plain.then_some(code)
}

/// Text that stood in the transcript, cleaned and escaped.
fn said(text: &str) -> String {
    escape(&text::clean(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_once() {
        assert_eq!(fill("<{{a}}{{b}}>{{none}}", &[("a", "{{b}}")], &[("b", "x{{")]), "<{{b}}x{{>");
    }

    #[test]
    fn file_names_become_addresses() {
        assert_eq!(url("a b#1?.flac"), "./a%20b%231%3F.flac");
        assert_eq!(url("javascript:x\"é"), "./javascript%3Ax%22%C3%A9");
    }
}
