//! What the repository shows of the demo, from one run of it: `docs/sample/`, the picture of the page, and
//! the pieces of the minutes in the guide. Nothing of it is written by hand, so that it is what the demo
//! makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use crate::minutes::run;
use crate::stage::chrome::Chrome;
use crate::stage::recorder::Session;

/// The picture's size, in CSS pixels.
const SIZE: (u32, u32) = (1100, 1180);
/// From this session second on a word is looked for that is shown as being heard.
const HEARD_S: f64 = 24.0;
/// The page of the guide that quotes the minutes.
const PIECES: &str = "docs/guide/formats.md";
/// The account is told by these parts of the minutes.
const ACCOUNT: [&str; 3] = ["## Who was there", "## What was marked", "## What was recorded"];

/// Renews all of it in the checkout `root`.
pub fn renew(hansard: &Path, session: &Session, root: &Path) -> Result<()> {
    let sample = root.join("docs/sample");
    fs::create_dir_all(&sample)?;
    // Under names that the guide can lead to.
    for format in ["md", "html", "docx"] {
        let mut export = Command::new(hansard);
        export.arg("export").arg(&session.dir).args(["--format", format, "--force"]);
        if format == "html" {
            export.arg("--no-sound");
        }
        run(export.arg("--output").arg(sample.join(format!("minutes.{format}"))))?;
    }
    picture(session, &root.join("docs/minutes-page.png"))?;
    let page = root.join(PIECES);
    let text = fs::read_to_string(&page).with_context(|| page.display().to_string())?;
    let minutes = fs::read_to_string(sample.join("minutes.md"))?;
    fs::write(&page, with_pieces(&text, [&scene(&minutes)?, &account(&minutes)?])?)?;
    println!("{} and what it shows of the demo are this run's", page.display());
    Ok(())
}

/// The page of the session, with the sound beside it, at a word.
fn picture(session: &Session, to: &Path) -> Result<()> {
    let spoken = session.utterances.iter().filter(|line| line.is_shown()).flat_map(|line| &line.words);
    let word = spoken.filter(|word| word.start >= HEARD_S).min_by(|a, b| a.start.total_cmp(&b.start));
    let at = word.map_or(HEARD_S, |word| (word.start + word.end) / 2.0);
    let mut chrome = Chrome::start().context("chromium is not installed")?;
    chrome.size(SIZE.0, SIZE.1);
    chrome.media("screen", "light");
    let files = fs::read_dir(session.dir.canonicalize()?)?.flatten().map(|entry| entry.path());
    let mut pages = files.filter(|path| path.extension().is_some_and(|end| end == "html"));
    chrome.open(&pages.next().context("there is no page")?, &format!("#t={at:.2}"));
    chrome.until("sound.currentTime > 0 && !sound.seeking && CSS.highlights.get('now').size > 0");
    chrome.js("scrollTo({ top: 0, behavior: 'instant' })");
    chrome.until("scrollY === 0");
    let picture = chrome.call("Page.captureScreenshot", json!({"format": "png"}));
    let bytes = BASE64_STANDARD.decode(picture["data"].as_str().context("chromium made no picture")?)?;
    Ok(fs::write(to, bytes)?)
}

/// Two turns before the first mark, the mark and the turn after it.
fn scene(minutes: &str) -> Result<String> {
    let (_, rest) = minutes.split_once("\n## What was said\n\n").context("nothing was said")?;
    let blocks: Vec<&str> = rest.split("\n\n").take_while(|block| !block.starts_with("## ")).collect();
    let begins = |n: &usize| blocks[*n].starts_with("**");
    let mark = blocks.iter().position(|block| block.starts_with("> ")).context("no mark in the minutes")?;
    let from = (0..mark).rev().filter(begins).nth(1).context("a mark before two turns")?;
    let next = (mark..blocks.len()).filter(begins).take(2).last().context("no turn behind a mark")?;
    let to = if (mark..next).any(|n| begins(&n)) { next } else { blocks.len() };
    Ok(blocks[from..to].join("\n\n"))
}

/// The parts of the minutes that tell who was there and what was recorded.
fn account(minutes: &str) -> Result<String> {
    let part = |head: &&str| {
        let from = minutes.find(head).with_context(|| format!("no {head}"))?;
        let part = &minutes[from..];
        Ok(part[..part[3..].find("\n## ").map_or(part.len(), |end| end + 3)].trim_end())
    };
    Ok(ACCOUNT.iter().map(part).collect::<Result<Vec<_>>>()?.join("\n\n"))
}

/// A page with these in the place of its first blocks of Markdown.
fn with_pieces(page: &str, pieces: [&str; 2]) -> Result<String> {
    const FENCE: &str = "```markdown\n";
    let (mut out, mut rest) = (String::new(), page);
    for piece in pieces {
        let (before, after) =
            rest.split_once(FENCE).with_context(|| format!("a block of Markdown is missing in {PIECES}"))?;
        let (_, after) = after.split_once("\n```\n").context("a block of Markdown does not end")?;
        out += &format!("{before}{FENCE}{piece}\n```\n");
        rest = after;
    }
    Ok(out + rest)
}
