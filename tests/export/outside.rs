//! The exports in other people's programs: ffmpeg, LibreOffice, MeetEval. Where one is lacking the test says
//! so and passes, unless `HANSARD_TEST_ALL=1` (which `./dev test` sets, after it has installed them).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hansard::base::text;
use hansard::base::utterance::Utterance;
use serde_json::{Value, json};

use super::readers::{read_srt, read_vtt};
use super::sessions::{START, expect, hansard, manifest, mark, meeting, said, sent, write};

/// Its output, if it ended well and complained of nothing; none if it is not installed.
pub fn run(command: &mut Command) -> Option<Output> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{command:?} cannot run: {error}");
            println!("skipped: {command:?} cannot run: {error}");
            return None;
        }
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    Some(output)
}

#[test]
fn subtitles_are_read_strictly_and_by_ffmpeg() {
    let (root, dir) = meeting();
    expect(0, hansard(root.path(), &["export", "last", "--format", "srt,vtt"]));
    let srt = read_srt(&fs::read_to_string(sent(&dir, "srt")).unwrap());
    let vtt = read_vtt(&fs::read_to_string(sent(&dir, "vtt")).unwrap());
    assert_eq!(srt[0].start, 1000);
    assert_eq!((srt[0].lines[0].as_str(), vtt[0].0.as_str()), ("Alice: Good morning.", "Alice"));
    let remote = vtt.iter().find(|(speaker, _)| speaker == "Remote").unwrap();
    assert_eq!((remote.1.start, remote.1.end), (20_000, 22_750), "captions follow the words' times");
    let files = [sent(&dir, "srt"), sent(&dir, "vtt"), dir.join("words.vtt")];
    expect(
        0,
        hansard(
            root.path(),
            &[
                "export",
                "last",
                "--format",
                "vtt",
                "--words",
                "--output",
                dir.join("words.vtt").to_str().unwrap(),
            ],
        ),
    );
    for (file, count) in files.iter().zip([srt.len(), vtt.len(), vtt.len()]) {
        let name = file.display();
        let probe = ["-v", "warning", "-show_packets", "-of", "csv"];
        let Some(probe) = run(Command::new("ffprobe").args(probe).arg(file)) else { return };
        let packets =
            String::from_utf8_lossy(&probe.stdout).lines().filter(|l| l.starts_with("packet")).count();
        assert_eq!((packets, String::from_utf8_lossy(&probe.stderr).as_ref()), (count, ""), "{name}");
        // To the end and back: as many captions come out as went in.
        let mut decode = Command::new("ffmpeg");
        decode.args(["-v", "warning", "-xerror", "-i"]).arg(file).args(["-c:s", "srt", "-f", "srt", "-"]);
        let Some(decoded) = run(&mut decode) else { return };
        let captions = String::from_utf8_lossy(&decoded.stdout).matches(" --> ").count();
        assert_eq!((captions, String::from_utf8_lossy(&decoded.stderr).as_ref()), (count, ""), "{name}");
    }
}

#[test]
fn a_word_document_opens_and_says_what_was_said() {
    let lines = [
        "We meet on Fridays & never on <script>alert(1)</script> Mondays.",
        "]]> &amp; \u{1} \u{fffe} {MACRO} \\par",
        "שלום לכולם, תודה שבאתם.",
        "王小明：预算是两千。 🧑‍🚀",
    ];
    let names = ["Alice <b>", "Béla & Söhne", "Zoë", "王小明"];
    let root = tempfile::tempdir().unwrap();
    let utterances: Vec<Utterance> = lines
        .iter()
        .zip(0..)
        .map(|(line, i)| said(&format!("u{i}"), names[i], 10.0 * i as f64, line))
        .collect();
    let dir = write(root.path(), &manifest("odd", "Budget <2026> & \"plans\"", START, &names), &utterances);
    fs::write(dir.join("events.jsonl"), mark(1, 12.0, "decision", "No <b>MACROS</b> & no surprises"))
        .unwrap();
    expect(0, hansard(root.path(), &["export", "odd", "--format", "docx", "--evidence"]));
    let docx = sent(&dir, "docx");
    let again = fs::read(&docx).unwrap();
    expect(0, hansard(root.path(), &["export", "odd", "--format", "docx", "--evidence"]));
    assert_eq!(fs::read(&docx).unwrap(), again, "the same meeting gives the same bytes");

    // There may be no font here for all of it: what stands in the file counts.
    let mut zip = zip::ZipArchive::new(fs::File::open(&docx).unwrap()).unwrap();
    let xml = std::io::read_to_string(zip.by_name("word/document.xml").unwrap()).unwrap();
    for line in lines {
        let escaped = text::clean(line).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(xml.contains(&format!(">{escaped}</w:t>")), "{escaped:?} is not in {xml}");
    }

    for (_, rest) in xml.match_indices("w:anchor=\"").map(|(at, mark)| xml.split_at(at + mark.len())) {
        let name = rest.split('"').next().unwrap();
        let places = xml.matches(&format!("w:name=\"{name}\"")).count();
        assert_eq!(places, 1, "a link leads to {name:?}");
    }
    assert_eq!(xml.matches("w:anchor=\"").count(), 2, "to the mark, and back");

    let Some(text) = through_libreoffice(&docx) else { return };
    // A page's text has its own line ends, and a right-to-left one its own order.
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "Budget <2026> & \"plans\"",
        "Minutes · Saturday, 14 March 2026, 09:30–09:31 · 1 min 00 s",
        "Who was there",
        "We meet on Fridays & never on <script>alert(1)</script> Mondays.",
        "]]> &amp; {MACRO} \\par",
        "Béla & Söhne 00:10 · 09:30:10",
        "00:12 · No <b>MACROS</b> & no surprises",
        "Decision 00:12 · 09:30:12 No <b>MACROS</b> & no surprises",
        "Whether it is complete was not checked",
    ] {
        assert!(flat.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert!(flat.replace(' ', "").contains("1/2"), "pages have no numbers\n{text}");
    let hebrew = |c: &char| ('\u{5d0}'..='\u{5ea}').contains(c);
    assert_eq!(flat.chars().filter(hebrew).count(), lines[2].chars().filter(hebrew).count());
}

/// The text of the PDF that LibreOffice makes of a document.
fn through_libreoffice(docx: &Path) -> Option<String> {
    let work = tempfile::tempdir().unwrap();
    let profile = format!("-env:UserInstallation=file://{}", work.path().join("profile").display());
    let mut office = Command::new("soffice");
    office.args(["--headless", "--norestore", &profile, "--convert-to", "pdf", "--outdir"]);
    run(office.arg(work.path()).arg(docx))?;
    let pdf = work.path().join(docx.with_extension("pdf").file_name().unwrap());
    let text = run(Command::new("pdftotext").arg("-layout").arg(&pdf).arg("-"))?;
    Some(String::from_utf8(text.stdout).unwrap())
}

/// Python with MeetEval and the readers of `others.py`, as `./dev test` installs it.
pub fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".dev/accuracy/bin/python")
}

#[test]
fn meeteval_scores_what_we_export() {
    let (root, dir) = meeting();
    // Each on a track of their own: that is all that CTM knows of speakers.
    let transcript = fs::read_to_string(dir.join("transcript.jsonl")).unwrap();
    let on_own_track = |line: &str| match () {
        () if line.contains("\"speaker\":\"Béla\"") => line.replace("track-0", "track-1") + "\n",
        () if line.contains("\"speaker\":\"Remote\"") => line.replace("track-0", "track-2") + "\n",
        () => format!("{line}\n"),
    };
    fs::write(dir.join("transcript.jsonl"), transcript.lines().map(on_own_track).collect::<String>())
        .unwrap();
    expect(0, hansard(root.path(), &["export", "last", "--format", "json,stm,rttm,ctm"]));
    // One word of thirty is another, and one is missing.
    let json = fs::read_to_string(dir.join("transcript.seglst.json")).unwrap();
    let mut changed: Vec<Value> = serde_json::from_str(&json).unwrap();
    changed[3]["words"] = json!("The exporter is done, the exporter isn't.");
    changed.remove(1);
    fs::write(dir.join("changed.json"), serde_json::to_vec(&changed).unwrap()).unwrap();
    let script = include_str!("meeteval.py");
    let Some(output) = run(Command::new(python()).args(["-c", script]).arg(&dir)) else { return };
    let scores: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({
        "json": [0, 30], "stm": [0, 30], "ctm": [0, 30], "changed": [2, 30],
        "rttm": { "Alice": 8.7, "Béla": 0.35, "Remote": 2.75 },
    });
    assert_eq!(scores, expected);
}
