//! Strict readers of the formats: they fail at whatever a player or a renderer might stumble over.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

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

/// Numbered blocks parted by one blank line, in order, none longer than 7 s or two lines of 42.
pub fn cues(blocks: &[&str], separator: char) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for (n, block) in blocks.iter().enumerate() {
        let mut lines = block.lines();
        assert_eq!(lines.next(), Some((n + 1).to_string().as_str()), "{block:?}");
        let (start, end) = lines.next().unwrap().split_once(" --> ").unwrap();
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        let cue = Cue { start: millis(start, separator), end: millis(end, separator), lines };
        assert!(cue.start < cue.end && cue.end - cue.start <= 7000, "{block}");
        assert!(cues.last().is_none_or(|last| last.start <= cue.start), "{block}");
        assert!(
            (1..=2).contains(&cue.lines.len()) && cue.lines.iter().all(|line| !line.trim().is_empty()),
            "{block}"
        );
        cues.push(cue);
    }
    cues
}

pub fn read_srt(srt: &str) -> Vec<Cue> {
    let body = srt.strip_suffix("\n\n").unwrap();
    let cues = cues(&body.split("\n\n").collect::<Vec<_>>(), ',');
    for line in cues.iter().flat_map(|cue| &cue.lines) {
        assert!(line.replace('\u{2060}', "").chars().count() <= 42 && !line.contains("-->"), "{line}");
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
    for mut cue in cues(&blocks[1..], '.') {
        let (speaker, first) = cue.lines[0].strip_prefix("<v ").unwrap().split_once('>').unwrap();
        let (speaker, first) = (plain(speaker), plain(first));
        let rest = cue.lines.iter().skip(1).map(|line| plain(line));
        cue.lines = std::iter::once(first).chain(rest).collect();
        assert!(cue.lines.iter().all(|line| line.chars().count() <= 42), "{cue:?}");
        out.push((speaker, cue));
    }
    out
}

/// The minutes as a renderer sees them: title, (speaker with times, text) per turn.
pub fn read_md(md: &str) -> (String, Vec<(String, String)>) {
    let options = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
    let (mut blocks, mut block): (Vec<(bool, String)>, String) = Default::default();
    let mut heading = false;
    for event in Parser::new_ext(md, options) {
        match event {
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::Item | Tag::TableCell) => block.clear(),
            Event::Start(Tag::Strong | Tag::Emphasis | Tag::List(None)) => {}
            Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow) => {}
            Event::End(TagEnd::Heading(_)) => blocks.push((true, block.clone())),
            Event::End(TagEnd::Paragraph) => blocks.push((false, block.clone())),
            Event::End(_) | Event::Rule => {}
            Event::Text(text) => block += &text,
            other => panic!("the minutes hold what nobody said: {other:?} in\n{md}"),
        }
    }
    let title = blocks.remove(0).1;
    let mut turns: Vec<String> = Vec::new();
    for (is_heading, text) in blocks {
        if heading && !is_heading {
            turns.push(text.clone());
        }
        heading |= is_heading && text == "Minutes";
    }
    turns.pop(); // the foot
    (title, turns.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

/// Letters without spaces and joiners: what a format must hold exactly once.
pub fn letters<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().flat_map(str::chars).filter(|c| !c.is_whitespace() && *c != '\u{2060}').collect()
}
