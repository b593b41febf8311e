//! Documents in the languages that they can be had in, and what stands in their head.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use hansard::base::languages::DocumentLanguage;
use hansard::base::units::Frames;
use hansard::base::utterance::{Edited, Utterance};
use hansard::export::evidence::track_files;
use hansard::export::minutes::{Block, document};
use hansard::export::turns::{Meeting, Selection};
use hansard::export::{Format, Options};
use hansard::session::manifest::{GapCause, SourceKind};
use hansard::session::reading::Session;
use serde_json::{Value, json};

use super::sessions::{START, account, append, expect, hansard, journal, manifest, said, write};

/// A meeting in which everything happens that a document can tell. Its people, words and devices are of no
/// language.
fn rich() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let mut manifest = manifest("xq7", "Qx 7", START, &["Zzi", "Zzo", "Zzu"]);
    for (n, source) in manifest.sources.iter_mut().enumerate() {
        source.device_name = Some("Qz9".into());
        source.channel = Some(n as u16 + 1);
    }
    manifest.sources[1].kind = SourceKind::Loopback;
    for take in &mut manifest.takes {
        take.frames = Frames(480);
    }
    manifest.account[1] = account("track-1", &[(GapCause::DeviceLost, 240_000, true)]);
    let of = |track: &str, line: Utterance| Utterance { track: track.into(), ..line };
    let voice =
        |n: u32, line: Utterance| Utterance { voice: Some(format!("track-2#{n}")), ..of("track-2", line) };
    let long = "qqx ".repeat(12) + "qqz. ";
    let utterances = [
        of("track-0", said("u1", "Zzi", 1.0, long.repeat(10).trim())),
        of("track-1", said("u2", "Zzo", 3.0, "Qq.")),
        of("track-1", said("u3", "Zzo", 40.0, "qqx qqx qqx qqx qqx qqx qqx qqx.")),
        voice(1, said("u4", "Zzu", 41.0, "qqx qqz qqx qqx qqx qqx.")),
        voice(2, said("u5", "Zzu", 50.0, "qqx qqz qqx qqx qqx.")),
        Utterance {
            edited: Some(Edited { utc: START.parse().unwrap(), journal: 0 }),
            ..of("track-0", said("u6", "Zzi", 55.0, "qqx qqz."))
        },
        Utterance { withheld: Some("no_speech".into()), ..of("track-0", said("u7", "Zzi", 57.0, "qqx.")) },
        Utterance { withheld: Some("repetition".into()), ..of("track-0", said("u8", "Zzi", 58.0, "qqx.")) },
        Utterance { bleed_of: Some("u6".into()), ..of("track-1", said("u9", "Zzo", 55.0, "qqx.")) },
    ];
    let dir = write(root.path(), &manifest, &utterances);
    for take in &manifest.takes {
        fs::write(dir.join(&take.file), vec![0; 2_000]).unwrap();
    }
    // A summary of which all is told that can be.
    let item = |kind: &str, id: &str| json!({"kind": kind, "text": "Qqy.", "owner": "Zzi", "due": "qqv", "quote": "qqx", "lines": [id]});
    let items: Vec<Value> =
        ["decision", "action", "question", "topic"].iter().map(|kind| item(kind, "u1")).collect();
    let items = [items, vec![item("topic", "u3"), item("topic", "u99")]].concat();
    let summary = json!({
        "format": 1, "utc": START, "by": {"model": "qz8", "host": "qz9"}, "of": {"shown": "x"}, "items": items,
        "lines": [{"id": "u3", "rev": 0, "text": "x"}],
        "counts": {"said": 9, "left_out": 3, "parts": 4, "unread": 2},
    });
    fs::write(dir.join("summary.json"), summary.to_string()).unwrap();
    let gap = |track: &str, at: f64, seconds: f64, cause: &str| {
        let frames = (seconds * 48e3) as u64;
        json!({"kind": "gap", "payload": {"track": track, "take": null, "from_frame": null, "at": at, "frames": frames, "cause": cause}})
    };
    let alarm = |alarm: &str, track: &str, on: bool, at: f64| json!({"kind": "alarm", "payload": {"alarm": alarm, "track": track, "on": on, "text": "x", "at": at}});
    let mark = |n: u32, at: f64, kind: &str| json!({"kind": "mark", "payload": {"id": format!("mark-{n}"), "at": at, "mark": kind, "text": "qqw"}});
    let described = |detail: &str, lines: &[&str]| json!({"kind": "described", "payload": {"detail": detail, "lines": lines}});
    let tracks: Vec<Value> =
        manifest.sources.iter().map(|source| json!({"track": source.track, "until": null})).collect();
    let mut events = vec![
        described("place", &["Zq 1"]),
        described("present", &["Zzi", "Zzo"]),
        described("excused", &["Zza"]),
        described("invited", &["Zze"]),
        described("agenda", &["Qxa", "Qxb"]),
        json!({"kind": "text_sent", "payload": {"host": "qz7"}}),
        json!({"kind": "text_summarised", "payload": {"host": "qz7"}}),
        json!({"kind": "paused", "payload": {"at": 33.5}}),
        json!({"kind": "resumed", "payload": {"at": 35.5}}),
        alarm("zeros", "track-0", true, 36.0),
        alarm("zeros", "track-0", false, 38.0),
        alarm("zeros", "track-1", true, 36.5),
        alarm("zeros", "track-1", false, 38.0),
        alarm("too_quiet", "track-2", true, 45.0),
        alarm("too_quiet", "track-2", false, 47.0),
        json!({"kind": "hidden", "payload": {"id": "hide-1", "from": 48.0, "to": 49.0}}),
        mark(1, 39.0, "decision"),
        mark(2, 39.2, "action"),
        mark(3, 39.4, "question"),
        mark(4, 39.6, "note"),
        json!({"kind": "segment_failed", "payload": {"track": "track-0", "take": 1, "from": 1_000, "to": 96_000, "reason": "x", "skipped": true}}),
    ];
    let causes = [
        "stall",
        "slip",
        "overrun",
        "device_lost",
        "foreign",
        "restart",
        "suspend",
        "suspended",
        "muted",
        "write_error",
        "damaged",
        "unrecorded",
        "not_started",
        "ended",
    ];
    events.extend(causes.iter().zip(0..).map(|(cause, n)| gap("track-2", 2.0 * f64::from(n), 1.5, cause)));
    events.push(gap("track-1", 10.0, 5.0, "device_lost"));
    events.push(json!({"kind": "text_reached", "payload": {"tracks": tracks, "complete": true}}));
    journal(&dir, &manifest, events);
    (root, dir)
}

fn told(format: Format, meeting: &Meeting) -> String {
    let options = Options { evidence: true, ..Options::default() };
    let bytes = format.render(meeting, &options).unwrap();
    if format != Format::Docx {
        return String::from_utf8(bytes).unwrap();
    }
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    std::io::read_to_string(zip.by_name("word/document.xml").unwrap()).unwrap()
}

/// What somebody reads or hears of a document: its text, and the labels of a page.
fn read(format: Format, text: &str) -> String {
    if !matches!(format, Format::Html | Format::Docx) {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text.to_owned();
    // Commands are typed as they are.
    for name in ["style", "script", "code"] {
        while let Some((before, after)) = rest.clone().split_once(&format!("<{name}")) {
            rest = before.to_owned() + after.split_once(&format!("</{name}>")).unwrap().1;
        }
    }
    for part in rest.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        out += &format!(" {text} ");
        for label in ["aria-label=\"", "title=\"", "placeholder=\""] {
            let found = tag.split_once(label).map(|(_, rest)| rest.split('"').next().unwrap());
            out += &format!(" {} ", found.unwrap_or_default());
        }
    }
    out.replace("&quot;", " ").replace("&#39;", "'").replace("&amp;", "&")
}

fn words(text: &str) -> BTreeSet<String> {
    let letters = text.split(|c: char| !c.is_alphabetic() && c != '_').map(str::to_lowercase);
    // Fingerprints are of no language.
    let is_hex = |word: &String| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    letters.filter(|word| word.chars().count() > 1 && !is_hex(word)).collect()
}

/// Of no language, or names of ours: commands, files, units, the zone.
const NEUTRAL: [&str; 41] = [
    "said_",
    "qqv",
    "qqy",
    "id",
    "hansard",
    "edit",
    "verify",
    "name",
    "transcribe",
    "resume",
    "check",
    "sha",
    "sha256sum",
    "sum",
    "tracks",
    "track",
    "wav",
    "utc",
    "europe",
    "vienna",
    "base",
    "min",
    "ms",
    "en",
    "xq",
    "qx",
    "zzi",
    "zzo",
    "zzu",
    "zza",
    "zze",
    "zq",
    "qxa",
    "qxb",
    "qqw",
    "qqx",
    "qqz",
    "qq",
    "qz",
    "mark_",
    "esc",
];

/// Words that a language has in common with English.
fn common(language: DocumentLanguage) -> &'static [&'static str] {
    match language {
        DocumentLanguage::English => &[],
        DocumentLanguage::German => &[
            "frames", "text", "version", "name", "in", "so", "enter", "was", "echo", "hand", "hansard",
            "die", "hat", "also", "an",
        ],
        DocumentLanguage::French => &[
            "transcription",
            "notes",
            "note",
            "questions",
            "question",
            "place",
            "sources",
            "microphone",
            "page",
            "part",
            "version",
            "minutes",
            "on",
            "an",
            "silence",
            "table",
            "pause",
            "point",
            "date",
            "publication",
            "source",
        ],
        DocumentLanguage::Spanish => &["no", "me", "a", "digital"],
        DocumentLanguage::Italian => &["file", "note", "in", "no", "a", "computer"],
        DocumentLanguage::Dutch => &[
            "frames",
            "agenda",
            "model",
            "in",
            "is",
            "was",
            "enter",
            "shift",
            "of",
            "die",
            "over",
            "want",
            "hem",
            "on",
            "an",
            "we",
            "sources",
            "place",
            "text",
            "note",
            "computer",
            "echo",
            "had",
            "hand",
            "recorder",
            "transcript",
        ],
        DocumentLanguage::Japanese => &["enter", "shift"],
    }
}

fn shape(block: &Block) -> String {
    match block {
        Block::Heading(level, _) => format!("h{level}"),
        Block::Text(spans) => format!("text {}", spans.len()),
        Block::Item(_) | Block::Task(_) => "item".into(),
        Block::Table(head, align, rows) => format!("table {} {align} {}", head.len(), rows.len()),
        Block::Turn(head) => format!("turn {} {}", head.into, head.notes.len()),
        Block::Said(time, _) => format!("said {time:?}"),
        Block::Mark(mark) => format!("mark {}", mark.anchor),
        Block::Notice(text) => format!("notice {}", text.split(' ').next().unwrap()),
        Block::Code(lines) => format!("code {}", lines.len()),
    }
}

#[test]
fn every_language_tells_the_same_and_leaves_no_english() {
    let (_root, dir) = rich();
    let session = Session::open(&dir).unwrap();
    let with = |language, selection: &Selection| {
        let meeting = Meeting::select(&session, 2.0, selection).in_language(Some(language));
        meeting.with_files(track_files(&session, u64::MAX))
    };
    let selections = [
        Selection { withheld: true, ..Selection::default() },
        Selection { speakers: vec!["Zzu, voice 1".into()], from: 2.0, to: 59.0, withheld: false },
    ];
    let formats = [Format::Md, Format::Txt, Format::Html, Format::Docx];
    let mut english_left = BTreeSet::new();
    for selection in &selections {
        let english = with(DocumentLanguage::English, selection);
        let shapes: Vec<String> = document(&english, true).iter().map(shape).collect();
        assert!(shapes.len() > 20, "{shapes:?}");
        for language in DocumentLanguage::ALL {
            let meeting = with(language, selection);
            assert_eq!(
                document(&meeting, true).iter().map(shape).collect::<Vec<_>>(),
                shapes,
                "{language:?}"
            );
            for format in formats {
                let text = told(format, &meeting);
                let mut ours = words(&read(format, &told(format, &english)));
                ours.retain(|word| {
                    !NEUTRAL.contains(&word.as_str()) && !common(language).contains(&word.as_str())
                });
                assert!(ours.len() > 60, "{format:?}: {ours:?}");
                let theirs = words(&read(format, &text));
                let left: Vec<&String> = theirs.intersection(&ours).collect();
                match language {
                    DocumentLanguage::English => assert_eq!(left.len(), ours.len()),
                    _ => left.iter().for_each(|word| {
                        english_left.insert(format!("{language:?}: {word}"));
                    }),
                }
                if format == Format::Html {
                    assert!(text.contains(&format!("<html lang=\"{}\">", language.code())), "{language:?}");
                }
            }
        }
    }
    assert!(english_left.is_empty(), "{english_left:#?}");
}

#[test]
fn the_language_is_the_meetings_unless_somebody_says_otherwise() {
    let root = tempfile::tempdir().unwrap();
    let in_german = |id: &str, text: &str| Utterance { language: "de".into(), ..said(id, "Anna", 1.0, text) };
    let lines = [in_german("u1", "Guten Morgen, wir beginnen jetzt."), said("u2", "Bob", 10.0, "Yes.")];
    write(root.path(), &manifest("s", "Sitzung", START, &["Anna", "Bob"]), &lines);
    let md =
        |args: &[&str]| expect(0, hansard(root.path(), &[&["export", "s", "--output", "-"], args].concat()));
    let own = md(&[]);
    assert!(own.contains("Protokoll · Samstag, 14. März 2026, 09:30–09:31 · 1 min 00 s"), "{own}");
    assert!(own.contains("## Was gesagt wurde\n") && own.contains("Ob sie vollständig ist"), "{own}");
    for (asked, heading) in
        [("fr", "## Ce qui a été dit"), ("Japanese", "## 発言内容"), ("EN", "## What was said")]
    {
        assert!(md(&["--document-language", asked]).contains(heading), "{asked}");
    }
    // Programs are told in one language.
    assert!(md(&["--format", "rttm"]).is_ascii());
    let refused = hansard(root.path(), &["export", "s", "--document-language", "xx", "--output", "-"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("--document-language") && message.contains("de, fr, es"), "{message}");
    expect(1, refused);
    let docx = root.path().join("s.docx");
    let to = docx.to_str().unwrap();
    expect(0, hansard(root.path(), &["export", "s", "--format", "docx", "--output", to]));
    let mut zip = zip::ZipArchive::new(fs::File::open(&docx).unwrap()).unwrap();
    let styles = std::io::read_to_string(zip.by_name("word/styles.xml").unwrap()).unwrap();
    assert!(styles.contains("<w:lang w:val=\"de-DE\""), "{styles}");
}

#[test]
fn the_head_tells_whether_anything_is_missing_only_where_that_was_checked() {
    let root = tempfile::tempdir().unwrap();
    let mut manifest = manifest("s", "S", START, &["Alice"]);
    manifest.takes[0].frames = Frames(480);
    let dir = write(root.path(), &manifest, &[said("u1", "Alice", 1.0, "Hello to all.")]);
    let head = || {
        let md = expect(0, hansard(root.path(), &["export", "s", "--output", "-"]));
        md.split_once("\n## ").unwrap().0.to_owned()
    };
    assert!(
        head().contains("was not checked: the recorder's journal") && head().contains("`hansard verify s`")
    );
    // An account that adds up: as many frames as the take has.
    let at_end = json!({"kind": "text_reached", "payload": {"tracks": [], "complete": true}});
    journal(&dir, &manifest, vec![at_end]);
    assert!(head().contains("not all sound that was recorded lies beside"), "{}", head());
    fs::write(dir.join("tracks/track-0.wav"), vec![0; 44 + 2 * 480]).unwrap();
    assert!(head().contains("\n\nComplete: nothing was lost.\n"), "{}", head());
    append(&dir, json!({"kind": "paused", "payload": {"at": 3.0}}));
    append(&dir, json!({"kind": "resumed", "payload": {"at": 5.0}}));
    assert!(head().contains("\n\nNothing was lost; what was not to be recorded"), "{}", head());
    let gap = json!({"track": "track-0", "take": null, "from_frame": null, "at": 10.0, "frames": 624_000, "cause": "device_lost"});
    append(&dir, json!({"kind": "gap", "payload": gap}));
    assert!(head().contains("**Not complete: 13 s of Alice are missing, named in place.**"), "{}", head());
    fs::write(
        dir.join("session.json"),
        serde_json::to_string(&manifest).unwrap().replace("\"closed\"", "\"recording\""),
    )
    .unwrap();
    assert!(head().contains("not finished in order") && !head().contains("omplete:"), "{}", head());
}

#[test]
fn who_was_there_are_people_and_devices_stand_at_the_end() {
    let root = tempfile::tempdir().unwrap();
    let dir = write(
        root.path(),
        &manifest("s", "S", START, &["Alice", "Remote"]),
        &[said("u1", "Alice", 1.0, "Hello to all.")],
    );
    for format in ["md", "txt", "html"] {
        let text = expect(
            0,
            hansard(root.path(), &["export", "s", "--no-sound", "--format", format, "--output", "-"]),
        );
        let (_, rest) = text.split_once("Who was there").unwrap();
        let (people, rest) = rest.split_once("What was said").unwrap();
        assert!(
            people.contains("Alice") && !people.contains("Remote") && !people.contains("Desk"),
            "{people}"
        );
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, recorded) = rest.split_once("What was recorded").unwrap();
        assert!(recorded.contains("Remote (microphone Desk"), "{recorded}");
        assert!(!text.contains("Etc/") && !text.contains("(+01:00"), "{text}");
        assert!(rest.contains("Times of day are those of UTC+01:00 (Europe/Vienna)."), "{rest}");
    }
    drop(dir);
}

#[test]
fn long_speech_stands_in_paragraphs_that_can_be_read() {
    let root = tempfile::tempdir().unwrap();
    let sentence = "We have talked about this matter for a long time, and I still think so. ";
    let lines = [
        said("u1", "Alice", 1.0, sentence.repeat(14).trim()),
        said("u2", "Alice", 98.0, "After twelve seconds."),
        Utterance {
            language: "ja".into(), ..said("u3", "王", 120.0, &"これは長い発言です。 ".repeat(40))
        },
        said("u4", "Bob", 200.0, "no end ".repeat(120).trim()),
    ];
    let mut manifest = manifest("s", "S", START, &["Alice", "王", "Bob"]);
    manifest.duration = 300.0;
    let dir = write(root.path(), &manifest, &lines);
    let session = Session::open(&dir).unwrap();
    let meeting = Meeting::new(&session, 2.0);
    for turn in &meeting.turns {
        for paragraph in &turn.paragraphs {
            let text: Vec<String> = paragraph.pieces.iter().map(|piece| piece.text()).collect();
            let columns = hansard::base::text::columns(&text.join(" "));
            assert!(columns <= 900, "{columns}: {text:?}");
            assert!(paragraph.start <= paragraph.end && paragraph.start >= turn.start);
        }
        assert!(turn.paragraphs.windows(2).all(|pair| pair[0].start < pair[1].start), "{turn:?}");
    }
    let alice = &meeting.turns[0];
    assert_eq!(alice.paragraphs.len(), 3, "{:?}", alice.paragraphs.len());
    assert!(alice.paragraphs[..2].iter().all(|p| p.pieces.last().unwrap().text().ends_with("so.")));
    // Named again after more than ten seconds, and it is no turn more.
    assert_eq!(meeting.turns[1].speaker, "Alice");
    assert!((meeting.turns[1].start - 98.0).abs() < 0.1, "{}", meeting.turns[1].start);
    assert_eq!(meeting.people[0].turns, 1);
    // Later paragraphs have their time: in Markdown before the text, in the page in the margin.
    let page = told(Format::Html, &meeting);
    let later = meeting.turns.iter().map(|turn| turn.paragraphs.len() - 1).sum::<usize>();
    assert_eq!(page.matches("<span class=\"later\"><a class=\"time\"").count(), later);
}

#[test]
fn what_is_said_of_a_meeting_stands_in_its_head() {
    let (root, dir) = super::sessions::meeting();
    journal(&dir, &Session::open(&dir).unwrap().manifest, vec![]);
    expect(0, hansard(root.path(), &["export", "last"]));
    let edit = |args: &[&str]| expect(0, hansard(root.path(), &[&["edit", "last"], args].concat()));
    edit(&["title", "Council, 3rd <sitting>"]);
    edit(&["place", "Town hall"]);
    edit(&["present", "Anna Meier, chair; Bob *Smith*", "Carol"]);
    edit(&["excused", "Dan"]);
    edit(&["agenda", "Minutes of the last sitting", "Budget; Any other business"]);
    let md = fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(md.starts_with("# Council, 3rd \\<sitting\\>\n"), "{md}");
    assert!(md.contains("- **Place:** Town hall\n- **Present:** Anna Meier, chair; Bob \\*Smith\\*; Carol\n- **Excused:** Dan\n"), "{md}");
    assert!(
        md.contains(
            "## Agenda\n\n- 1 · Minutes of the last sitting\n- 2 · Budget\n- 3 · Any other business\n"
        ),
        "{md}"
    );
    for format in ["txt", "html", "docx"] {
        let args = ["export", "last", "--no-sound", "--format", format];
        let path = expect(0, hansard(root.path(), &args));
        let bytes = fs::read(path.trim()).unwrap();
        let text = match format {
            "docx" => {
                let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
                std::io::read_to_string(zip.by_name("word/document.xml").unwrap()).unwrap()
            }
            _ => String::from_utf8(bytes).unwrap(),
        };
        let text = read(if format == "txt" { Format::Txt } else { Format::Html }, &text);
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["Town hall", "Anna Meier, chair; Bob *Smith*; Carol", "Excused: Dan", "2 · Budget"] {
            assert!(flat.contains(part), "{format}: no {part} in {flat}");
        }
    }
    // The whole session has the title; its id stays.
    for args in [&["list"][..], &["show", "last"]] {
        assert!(expect(0, hansard(root.path(), args)).contains("Council, 3rd <sitting>"), "{args:?}");
    }
    assert!(expect(0, hansard(root.path(), &["list"])).contains("2026-03-14_0930_sync"));
    edit(&["excused", ""]);
    assert!(!fs::read_to_string(dir.join("minutes.md")).unwrap().contains("Excused"));
    for wrong in [&["title", " "][..], &["place", "Town hall"], &["agenda"]] {
        expect(1, hansard(root.path(), &[&["edit", "last"], wrong].concat()));
    }
}
