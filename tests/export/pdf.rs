//! The minutes as a PDF, as poppler's tools read it. Where they are lacking the test says so and passes,
//! unless `HANSARD_TEST_ALL=1`.

use std::fs;
use std::path::Path;
use std::process::Command;

use hansard::base::utterance::Utterance;

use super::outside::run;
use super::sessions::{START, expect, hansard, manifest, mark, said, sent, write};

const TITLE: &str = "\"Odd\": <t> | --- & (x) \\ #1";

const FILLER: &str = "Somebody goes on and on, so that more than a page is filled with what is said, and a \
                      second one is needed for the rest of it, and a third one.";

/// What `pdftotext` and `pdfinfo` say of a file.
fn read_pdf(pdf: &Path) -> Option<(String, String)> {
    let text = run(Command::new("pdftotext").args(["-enc", "UTF-8"]).arg(pdf).arg("-"))?;
    let info = run(Command::new("pdfinfo").args(["-enc", "UTF-8", "-isodates"]).arg(pdf))?;
    let flat =
        |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    Some((flat(text.stdout), flat(info.stdout)))
}

#[test]
fn a_pdf_says_what_was_said_on_numbered_pages() {
    let root = tempfile::tempdir().unwrap();
    let lines = [
        "We meet on Fridays & never on <script>alert(1)</script> (Mondays) \\par.",
        "שלום לכולם, תודה שבאתם.",
        "Γειά σας, доброе утро, dzień dobry, مرحبا بكم.",
        "A character of nobody's: \u{10fffd}.",
    ];
    let names = ["Alice (b) \\", "Béla", "Zoë"];
    let line = |n: usize| lines.get(n).copied().unwrap_or(FILLER);
    let many = (0..60).map(|n| said(&format!("u{n}"), names[n % 3], 10.0 * n as f64, line(n)));
    let many: Vec<Utterance> = many.collect();
    let dir = write(root.path(), &manifest("pdf", TITLE, START, &names), &many);
    fs::write(dir.join("events.jsonl"), mark(1, 12.0, "decision", "No <b>MACROS</b>")).unwrap();
    let export = || hansard(root.path(), &["export", "pdf", "--format", "pdf"]);
    let done = export();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        told.contains("pdf: No font on this computer has 1 character") && told.contains("U+10FFFD"),
        "{told}"
    );
    expect(0, done);
    let pdf = sent(&dir, "pdf");
    let bytes = fs::read(&pdf).unwrap();
    expect(0, export());
    assert_eq!(fs::read(&pdf).unwrap(), bytes, "the same meeting gives the same bytes");

    let Some((text, info)) = read_pdf(&pdf) else { return };
    for expected in [
        TITLE,
        "No font on this computer has 1 character of this document: \u{10fffd}",
        "(U+10FFFD).",
        "Saturday, 14 March 2026, 09:30–09:31 · 1 min 00 s",
        lines[0],
        "Γειά σας, доброе утро, dzień dobry,",
        lines[3],
        "Béla 00:10 · 09:30:10",
        "• 00:12 · No <b>MACROS</b>",
        "Decision 00:12 · 09:30:12 No <b>MACROS</b>",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    for letters in ['\u{5d0}'..='\u{5ea}', '\u{621}'..='\u{64a}'] {
        let count = |text: &str| text.chars().filter(|c| letters.contains(c)).count();
        assert_eq!(count(&text), lines.iter().map(|line| count(line)).sum::<usize>(), "{text}");
    }
    assert!(info.contains(&format!("Title: {TITLE} Creator: Hansard")), "{info}");
    assert!(
        info.contains("CreationDate: 2026-03-14T09:30:00+01") || info.contains("2026-03-14T08:30:00Z"),
        "{info}"
    );
    let pages: usize = info.split("Pages: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    // Whether a narrow gap is a space is pdftotext's guess.
    let narrow = text.replace(' ', "");
    assert!(pages >= 3 && (1..=pages).all(|n| narrow.contains(&format!("{n}/{pages}"))), "{info}");
}
