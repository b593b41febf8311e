//! Strict readers of the formats: they fail at whatever a player or a renderer might stumble over.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

#[derive(Debug)]
pub struct Cue {
    pub start: u64,
    pub end: u64,
    pub lines: Vec<String>,
}

pub fn millis(stamp: &str, separator: char) -> u64 {
    let (clock, ms) = stamp.split_once(separator).unwrap();
    assert_eq!(ms.len(), 3, "{stamp}");
    let parts: Vec<u64> = clock.split(':').map(|p| p.parse().unwrap()).collect();
    assert!(parts.len() == 3 && parts[1] < 60 && parts[2] < 60 && clock.len() >= 8, "{stamp}");
    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + ms.parse::<u64>().unwrap()
}

/// Numbered blocks parted by one blank line, in order, none longer than the limits.
pub fn cues(blocks: &[&str], separator: char, lines_max: usize, ms_max: u64) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for (n, block) in blocks.iter().enumerate() {
        let mut lines = block.lines();
        assert_eq!(lines.next(), Some((n + 1).to_string().as_str()), "{block:?}");
        let (start, end) = lines.next().unwrap().split_once(" --> ").unwrap();
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        let cue = Cue { start: millis(start, separator), end: millis(end, separator), lines };
        assert!(cue.start < cue.end && cue.end - cue.start <= ms_max, "{block}");
        assert!(cues.last().is_none_or(|last| last.start <= cue.start), "{block}");
        assert!(
            (1..=lines_max).contains(&cue.lines.len())
                && cue.lines.iter().all(|line| !line.trim().is_empty()),
            "{block}"
        );
        cues.push(cue);
    }
    cues
}

pub fn read_srt(srt: &str) -> Vec<Cue> {
    read_srt_by(srt, 42, 2, 7000)
}

pub fn read_srt_by(srt: &str, length_max: usize, lines_max: usize, ms_max: u64) -> Vec<Cue> {
    let body = srt.strip_suffix("\n\n").unwrap();
    let cues = cues(&body.split("\n\n").collect::<Vec<_>>(), ',', lines_max, ms_max);
    for line in cues.iter().flat_map(|cue| &cue.lines) {
        assert!(
            line.replace('\u{2060}', "").chars().count() <= length_max && !line.contains("-->"),
            "{line}"
        );
        assert!(
            !line.contains("<s") && !line.contains("</") && !line.contains("{\\"),
            "a player would take it for a tag: {line}"
        );
    }
    cues
}

/// (speaker, cue), unescaped.
pub fn read_vtt(vtt: &str) -> Vec<(String, Cue)> {
    let mut blocks: Vec<&str> = vtt.strip_suffix("\n\n").unwrap().split("\n\n").collect();
    assert_eq!(blocks.remove(0), "WEBVTT");
    assert!(blocks[0].starts_with("NOTE ") && blocks[0].lines().count() == 1 && !blocks[0].contains("-->"));
    let plain = |text: &str| {
        assert!(!text.contains(['<', '>']), "{text}");
        for (at, _) in text.match_indices('&') {
            assert!(["&amp;", "&lt;", "&gt;"].iter().any(|entity| text[at..].starts_with(entity)), "{text}");
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    let mut out = Vec::new();
    for mut cue in cues(&blocks[1..], '.', 2, 7000) {
        let (speaker, first) = cue.lines[0].strip_prefix("<v ").unwrap().split_once('>').unwrap();
        let (speaker, first) = (plain(speaker), plain(first));
        let rest = cue.lines.iter().skip(1).map(|line| plain(line));
        cue.lines = std::iter::once(first).chain(rest).collect();
        assert!(cue.lines.iter().all(|line| line.chars().count() <= 42), "{cue:?}");
        out.push((speaker, cue));
    }
    out
}

/// The minutes as a renderer sees them: title, (speaker with times, text) per turn. The times of a turn's
/// later paragraphs are left out.
pub fn read_md(md: &str) -> (String, Vec<(String, String)>) {
    let options = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
    let mut heading = None;
    let (mut title, mut block) = (String::new(), String::new());
    let (mut strong, mut turns): (bool, Vec<(String, Vec<String>)>) = Default::default();
    for event in Parser::new_ext(md, options) {
        match event {
            Event::Start(Tag::Strong) => strong |= block.is_empty(),
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::Item | Tag::TableCell) => {
                block.clear();
                strong = false;
            }
            Event::Start(Tag::Emphasis | Tag::List(None) | Tag::CodeBlock(_)) => {}
            Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow) => {}
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => title = block.clone(),
            Event::End(TagEnd::Heading(_)) => heading = Some(block.clone()),
            Event::End(TagEnd::Paragraph) if heading.as_deref() == Some("What was said") => {
                match turns.last_mut() {
                    _ if strong => turns.push((block.clone(), Vec::new())),
                    Some((_, said)) => said.push(block.clone()),
                    None => assert_eq!(block, "No speech was transcribed."),
                }
            }
            Event::End(_) => {}
            Event::Text(text) => block += &text,
            // A command in the head; what is said has none.
            Event::Code(text) if heading.is_none() => block += &text,
            other => panic!("the minutes hold what nobody said: {other:?} in\n{md}"),
        }
    }
    let later = |(n, said): (usize, &String)| match said.split_once(" · ") {
        Some((_, said)) if n > 0 => said.to_owned(),
        _ => said.clone(),
    };
    let text = |said: Vec<String>| said.iter().enumerate().map(later).collect::<Vec<_>>().join(" ");
    (title, turns.into_iter().map(|(head, said)| (head, text(said))).collect())
}

/// RFC 4180, nothing else: CRLF ends each row, a quote opens only a whole cell, all rows are of one length.
pub fn read_csv(csv: &str) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut rest = csv;
    while !rest.is_empty() {
        let mut row = Vec::new();
        loop {
            let mut cell = String::new();
            if let Some(quoted) = rest.strip_prefix('"') {
                rest = quoted;
                loop {
                    let (text, after) = rest.split_once('"').expect("an open quote");
                    cell += text;
                    rest = after;
                    match rest.strip_prefix('"') {
                        Some(after) => (cell, rest) = (cell + "\"", after),
                        None => break,
                    }
                }
            } else {
                let end = rest.find([',', '\r', '\n', '"']).expect("an open row");
                cell += &rest[..end];
                rest = &rest[end..];
            }
            row.push(cell);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix("\r\n").unwrap_or_else(|| panic!("a row goes on with {rest:.40?}"));
        assert!(rows.first().is_none_or(|first| first.len() == row.len()), "{row:?}");
        rows.push(row);
    }
    rows
}

/// Letters without spaces and joiners: what a format must hold exactly once.
pub fn letters<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().flat_map(str::chars).filter(|c| !c.is_whitespace() && *c != '\u{2060}').collect()
}
