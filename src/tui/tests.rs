//! Pictures of the view as they were looked at and found right, and what the keys do.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::{Ask, Keys, Options, Told, View, draw};
use crate::base::cause::{Alarm, GapCause};
use crate::base::units::Frames;
use crate::base::utterance::{Utterance, Word};
use crate::control::{Request, Response};
use crate::live::{Device, Doing, Levels, Status, TrackLevel, TrackStatus, Trouble};
use crate::session::journal::Event;
use crate::session::mark::{Mark, MarkKind};

const OWN: Options = Options { colour: true, keys: Keys::Own, page: None };

/// As the socket tells it: what a later version adds is not needed here.
fn track(name: &str, spec: &str) -> TrackStatus {
    let track = serde_json::json!({
        "track": name.to_lowercase(), "name": name, "source": spec, "device": "open", "trouble": null,
        "level_dbfs": null, "written": 2466.0, "durable": 2465.4, "gaps": 0.1, "lost": 0.0, "text_lag": 1.2,
        "alarms": [],
    });
    serde_json::from_value(track).unwrap()
}

pub(super) fn status() -> Status {
    let status = serde_json::json!({
        "session": "2026-11-28_0930_support-weekly", "path": "/home/alice/Hansard/2026-11-28_0930_support-weekly",
        "title": "Support weekly", "pid": 1, "doing": "recording", "elapsed": 2467.2, "paused_since": null,
        "paused_for": null, "disk_seconds": 56.4 * 3600.0, "marks": 1, "alarms": [], "tracks": [],
    });
    let tracks = vec![track("Alice", "mic:jabra"), track("Bob", "mic:rode"), track("Remote", "loopback")];
    Status { tracks, ..serde_json::from_value(status).unwrap() }
}

pub(super) fn said(id: &str, name: &str, start: f64, text: &str) -> Told {
    let line = Utterance {
        id: id.into(),
        track: name.to_lowercase(),
        speaker: name.into(),
        start,
        end: start + 4.0,
        text: text.into(),
        is_final: true,
        ..Utterance::default()
    };
    Told::Line(Box::new(line), name.into())
}

fn event(at: f64, event: Event) -> Told {
    Told::Event(at, Box::new(event))
}

/// A meeting of three in its 42nd minute, with all that can be in it.
pub(super) fn meeting(options: Options) -> View {
    let mut view = View::new(options);
    view.charged(Some(83));
    let source = |track: &str, name: &str, kind: &str| {
        serde_json::json!({"track": track, "name": name, "kind": kind, "spec": kind, "device": null,
            "device_name": null, "channel": null})
    };
    let started = serde_json::json!({"kind": "started", "payload": {"format": 1, "id": "x", "title": "x",
        "start": {"utc": "2026-11-28T08:30:00Z", "zone": "UTC", "offset": "+00:00"},
        "sources": [source("alice", "Alice", "mic"), source("bob", "Bob", "mic"), source("remote", "Remote", "loopback")]}});
    view.tell(event(0.0, serde_json::from_value(started).unwrap()));
    for (spec, name) in
        [("mic:jabra", "Jabra Evolve2 65"), ("mic:rode", "RØDE NT-USB"), ("loopback", "Monitor of Speakers")]
    {
        let (source, name) = (spec.to_owned(), Some(name.to_owned()));
        view.tell(event(0.2, Event::DeviceOpened { source, device: None, name, attempts: 1 }));
    }
    let mut now = status();
    now.tracks[1].alarms = vec![Trouble {
        alarm: Alarm::Zeros,
        text:
            "Bob has delivered nothing but digital silence since 00:40:52: is it muted at the device itself?"
                .into(),
    }];
    now.tracks[1].lost = 0.31;
    now.tracks[2].text_lag = Some(4.4);
    view.tell(Told::Status(Box::new(Status { elapsed: 2466.0, ..now.clone() })));
    view.tell(Told::Status(Box::new(now)));
    let level = |track: &str, rms: Option<f64>, peak: Option<f64>| TrackLevel {
        track: track.into(),
        peak_dbfs: peak,
        rms_dbfs: rms,
    };
    view.tell(Told::Levels(Levels {
        at: 2467.2,
        tracks: vec![
            level("alice", Some(-22.0), Some(-12.0)),
            level("bob", None, None),
            level("remote", Some(-9.0), Some(0.0)),
        ],
    }));
    view.tell(said(
        "1",
        "Remote",
        2412.0,
        "I looked at the old ones yesterday. Four are waiting for the customer, and \
        two need a fix in the billing service.",
    ));
    view.tell(said("2", "Alice", 2418.0, "Which two are those?"));
    view.tell(event(2423.0, Event::Paused { at: 2423.0 }));
    view.tell(event(2431.0, Event::Resumed { at: 2431.0 }));
    view.tell(said(
        "3",
        "Bob",
        2432.0,
        "Number 312 and number 315,\u{1b}[2J both are about double invoices.",
    ));
    let mark = Event::Mark {
        id: "mark-1".into(),
        at: 2438.0,
        mark: MarkKind::Action,
        text: "Karim does 312 until Thursday".into(),
        withdrawn: false,
    };
    view.tell(event(2438.5, mark));
    let lost = "mic:rode is not there: unplugged; trying again";
    view.tell(event(2440.0, Event::DeviceNotice { source: "mic:rode".into(), notice: lost.into() }));
    view.tell(said(
        "4",
        "Alice",
        2444.0,
        "Good. Then Karim does 312 until Thursday, and Angus does the other one.",
    ));
    let growing = Utterance {
        id: "5".into(),
        track: "remote".into(),
        start: 2465.0,
        text: "second point, do we raise the".into(),
        ..Utterance::default()
    };
    view.tell(Told::Growing(Box::new(growing), "Remote".into()));
    view
}

fn buffer(view: &mut View, columns: u16, rows: u16) -> Buffer {
    view.resize(columns, rows);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(view, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let row = |y: u16| {
        let line: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        line.trim_end().to_owned() + "\n"
    };
    (0..buffer.area.height).map(row).collect()
}

fn picture(view: &mut View, columns: u16, rows: u16) -> String {
    text(&buffer(view, columns, rows))
}

/// Holds a picture to the file of that name; `HANSARD_TEST_RENEW` writes it anew, to be looked at.
fn holds(name: &str, shown: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/tui/golden").join(name);
    if std::env::var_os("HANSARD_TEST_RENEW").is_some() {
        std::fs::write(&file, shown).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(kept, shown, "{name} is otherwise now:\n{shown}");
}

fn press(view: &mut View, keys: &str) -> Vec<Ask> {
    let key = |c: char| match c {
        '\n' => KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE),
        '\u{1b}' => KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE),
        '\u{3}' => KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        '\u{1a}' => KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL),
        '⇞' => KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE),
        '⇲' => KeyEvent::new(KeyCode::End, KeyModifiers::NONE),
        c => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
    };
    keys.chars().filter_map(|c| view.press(key(c))).collect()
}

#[test]
fn pictures_are_as_they_were_found_right() {
    for (columns, rows) in [(80, 24), (60, 12), (200, 60)] {
        let shown = picture(&mut meeting(OWN), columns, rows);
        assert!(!shown.contains('\u{1b}'), "nothing drives the terminal");
        holds(&format!("{columns}x{rows}.txt"), &shown);
    }
    let mut typing = meeting(OWN);
    press(&mut typing, "dpremium plan 35 euros");
    holds("mark.txt", &picture(&mut typing, 80, 24));
    let mut help = meeting(OWN);
    press(&mut help, "?");
    holds("help.txt", &picture(&mut help, 60, 12));
    // The whole address of its page, also where it fits into no line.
    let page = "http://127.0.0.1:43210/?token=0123456789abcdef0123456789abcdef0123456789abcdef";
    let mut help = meeting(Options { page: Some(page), ..OWN });
    press(&mut help, "?");
    let (narrow, wide) = (picture(&mut help, 60, 12), picture(&mut help, 100, 20));
    assert!(wide.contains(page) && wide.contains("any key closes this"), "{wide}");
    let joined: String = narrow.lines().map(|line| line.trim().trim_start_matches("page").trim()).collect();
    assert!(joined.contains(page) && narrow.contains("any key closes this"), "{narrow}");
    let mut paused = meeting(OWN);
    let now = Status { doing: Doing::Paused, paused_since: Some(2400.0), paused_for: Some(67.0), ..status() };
    paused.tell(Told::Status(Box::new(now)));
    holds("paused.txt", &picture(&mut paused, 80, 24));
    let mut many = meeting(OWN);
    let mut now = status();
    now.tracks = (1..=8).map(|n| track(&format!("Source {n}"), "mic")).collect();
    now.tracks[6].device = Device::Opening;
    now.tracks[6].trouble = Some("no such device".into());
    many.tell(Told::Status(Box::new(now)));
    holds("many.txt", &picture(&mut many, 60, 12));
}

#[test]
fn no_state_is_told_by_a_colour_alone_and_without_colours_there_are_none() {
    let mut with = meeting(OWN);
    let mut without = meeting(Options { colour: false, ..OWN });
    let (with, without) = (buffer(&mut with, 100, 30), buffer(&mut without, 100, 30));
    assert_eq!(text(&with), text(&without));
    let is_reset = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
    assert!(without.content.iter().all(is_reset));
    let named = |cell: &ratatui::buffer::Cell| !matches!(cell.fg, Color::Rgb(..) | Color::Indexed(_));
    assert!(with.content.iter().all(named), "only the 16 colours that have names");
    // No braille: readers read it out.
    assert!(!text(&with).chars().any(|c| ('\u{2800}'..='\u{28ff}').contains(&c)));
    let alarm = (0..30_u16).find(|y| with[(1_u16, *y)].symbol() == "!").unwrap();
    assert!(
        with[(1_u16, alarm)].modifier.contains(Modifier::REVERSED) && with[(1_u16, alarm)].fg == Color::Red
    );
}

#[test]
fn no_size_is_too_small_and_no_key_too_odd() {
    let mut view = meeting(OWN);
    for keys in ["", "d words", "\u{1b}?", "x/of\n", "\u{3}", "n⇞⇞⇞", "r", "l"] {
        press(&mut view, keys);
        view.stray("ALSA lib \u{1b}[31mpcm.c:2664");
        for columns in (0..70).step_by(3).chain([59, 61, 220]) {
            for rows in (0..20).step_by(2).chain([11, 70]) {
                buffer(&mut view, columns, rows);
            }
        }
    }
    let small = picture(&mut meeting(OWN), 50, 10);
    assert!(small.contains("● REC 0:41:07") && small.contains("The recording goes on."), "{small}");
    assert!(small.contains("Bob has delivered nothing"), "{small}");
}

#[test]
fn a_pause_is_meant_and_a_stray_letter_stops_nothing() {
    let mut view = meeting(OWN);
    assert_eq!(press(&mut view, "help"), []);
    press(&mut view, "\u{1b}");
    assert_eq!(press(&mut view, "Px"), []);
    assert_eq!(view.message(), Some(("not paused: the recording goes on", false)));
    // Nobody's "Py…" is an answer, and nobody answers after ten seconds.
    assert_eq!(press(&mut view, "Py"), []);
    press(&mut view, "P");
    view.tick(11.0);
    assert_eq!(press(&mut view, "y"), []);
    press(&mut view, "P");
    view.tick(12.0);
    assert_eq!(press(&mut view, "y"), [Ask::Request(Request::Pause)]);
    let now = Status { doing: Doing::Paused, paused_since: Some(2400.0), paused_for: Some(67.0), ..status() };
    view.tell(Told::Status(Box::new(now)));
    assert_eq!(press(&mut view, "P"), [Ask::Request(Request::Resume)]);
    // What is pasted is no key.
    view.paste("Py");
    assert!(view.message().is_some() && press(&mut view, "").is_empty());
}

#[test]
fn an_end_is_asked_once_and_what_is_being_typed_counts() {
    let mut view = meeting(OWN);
    assert_eq!(press(&mut view, "\u{3}x"), []);
    assert_eq!(press(&mut view, "\u{3}y"), [Ask::End]);
    assert_eq!(press(&mut view, "\u{3}\u{3}"), [Ask::End]);
    assert_eq!(press(&mut view, "n half\u{3}\u{3}"), [Ask::End]);
    let half = Request::Mark { text: "half".into(), kind: Some(MarkKind::Note), at: Some(2467.2) };
    assert_eq!(view.last_words(), Some(Ask::Request(half)));
    assert_eq!(press(&mut view, "\u{1a}"), []);
    assert!(view.message().unwrap().0.starts_with("Ctrl-Z does not stop a recording"));
}

#[test]
fn marks_are_set_edited_and_answered() {
    let mut view = meeting(OWN);
    let asked = press(&mut view, "dwe pay nine €\nq why\u{1b}mAction: call\n");
    assert_eq!(press(&mut view, "n\n").len(), 1, "a moment may be worth a mark without words");
    let mark = |kind, text: &str| Ask::Request(Request::Mark { text: text.into(), kind, at: Some(2467.2) });
    assert_eq!(asked, [mark(Some(MarkKind::Decision), "we pay nine €"), mark(None, "Action: call")]);
    let edited = Mark {
        id: "mark-1".into(),
        at: 2438.0,
        kind: MarkKind::Action,
        text: "Karim does 312 until Thursday!".into(),
    };
    assert_eq!(press(&mut view, "e!\n"), [Ask::Request(Request::Remark(edited.clone()))]);
    view.answered(&Response::Marked(edited));
    assert_eq!(view.message(), Some(("00:40:38 Action: Karim does 312 until Thursday!", false)));
    view.answered(&Response::Refused { error: "no\u{1b}[2J".into() });
    assert_eq!(view.message(), Some(("no[2J", true)));
    view.tick(60.0);
    assert_eq!(view.message(), None);
}

#[test]
fn somebody_is_called_otherwise_by_two_keys_and_a_name() {
    let mut view = meeting(OWN);
    let renamed = Ask::Rename { voice: None, from: "Alice".into(), to: "Alice Weiss".into() };
    assert_eq!(press(&mut view, "r2 Weiss\n"), [renamed]);
    view.tell(event(2468.0, Event::Renamed { from: "Alice".into(), to: "Alice Weiss".into() }));
    let shown = picture(&mut view, 80, 24);
    assert!(
        shown.contains("Alice Weiss  Which two are those?") && shown.contains(" 1 Alice Weiss "),
        "{shown}"
    );
}

#[test]
fn what_is_hidden_goes_at_once_and_comes_back() {
    let mut view = meeting(OWN);
    let hidden = |id: &str, from: f64, to: f64, shown: bool| {
        event(2468.0, Event::Hidden { id: id.into(), from, to, shown })
    };
    let words = |id: &str, rev: u32, text: &str, start: f64| {
        let word = |(n, text): (usize, &str)| {
            let start = start + n as f64;
            Word { text: text.into(), start, end: start + 0.8, p: 0.9 }
        };
        let words: Vec<Word> = text.split(' ').enumerate().map(word).collect();
        let end = start + words.len() as f64;
        let (text, track, id) = (text.into(), "bob".into(), id.into());
        let line =
            Utterance { id, rev, track, start, end, text, words, is_final: true, ..Utterance::default() };
        Told::Line(Box::new(line), "Bob".into())
    };
    view.tell(words("6", 0, "we pay nine euros", 2450.0));
    // A line, a mark, a part of a line, and what is being said there.
    view.tell(hidden("hide-1", 2430.0, 2439.0, false));
    view.tell(hidden("hide-2", 2452.0, 2466.0, false));
    let shown = picture(&mut view, 80, 30);
    for gone in ["double invoices", "Karim does 312 until Thursday\n", "nine", "second point"] {
        assert!(!shown.contains(gone), "{gone} stands:\n{shown}");
    }
    assert!(shown.contains("0:40:50  Bob     we pay […]") || shown.contains("we pay"), "{shown}");
    assert!(shown.contains("── hidden up to 00:40:39: not for publication (hide-1) ──"), "{shown}");
    assert_eq!(press(&mut view, "/invoices\n"), []);
    assert!(view.message().unwrap().0.contains("was not said"), "it is not found either");
    assert_eq!(press(&mut view, "e"), [], "nor is a mark edited that is hidden");
    press(&mut view, "\u{1b}");
    assert!(!view.lines().iter().any(|line| line.contains("invoices")), "nor left on the terminal");
    // What comes later, and what is corrected or renamed there, stays hidden, and is right when it is back.
    view.tell(words("7", 0, "and so on", 2454.0));
    view.tell(words("6", 1, "we pay ten euros", 2450.0));
    view.tell(event(2469.0, Event::Renamed { from: "Bob".into(), to: "Bob Smith".into() }));
    assert!(!picture(&mut view, 80, 30).contains("and so on"));
    view.tell(hidden("hide-1", 2430.0, 2439.0, true));
    view.tell(hidden("hide-2", 2452.0, 2466.0, true));
    let shown = picture(&mut view, 80, 30);
    for back in
        ["Bob Smith  Number 312", "◆ ACTION Karim", "Bob Smith  we pay ten euros", "Bob Smith  and so on"]
    {
        assert!(shown.contains(back), "{back} is not back:\n{shown}");
    }
    assert!(!shown.contains("hidden up to"), "{shown}");
}

#[test]
fn a_source_is_muted_by_two_keys_and_heard_again_by_the_same() {
    let mut view = meeting(OWN);
    let name = || "bob".to_owned();
    assert_eq!(press(&mut view, "x2"), [Ask::Request(Request::Mute { name: name() })]);
    let mut muted = status();
    muted.tracks[1].muted_since = Some(2467.0);
    view.tell(Told::Status(Box::new(muted)));
    let shown = picture(&mut view, 80, 24);
    assert!(shown.lines().any(|line| line.contains("Bob") && line.contains("MUTED")), "{shown}");
    assert_eq!(press(&mut view, "x2"), [Ask::Request(Request::Unmute { name: name() })]);
    assert_eq!(press(&mut view, "x9"), []);
}

#[test]
fn what_scrolls_back_says_so_and_a_search_finds_marks_too() {
    let mut view = meeting(OWN);
    picture(&mut view, 60, 12);
    press(&mut view, "⇞");
    let shown = picture(&mut view, 60, 12);
    assert!(shown.contains("SCROLLED BACK, ") && !shown.contains("second point"), "{shown}");
    press(&mut view, "⇲");
    assert!(picture(&mut view, 60, 12).contains(" following "));
    press(&mut view, "/KARIM\n");
    let shown = picture(&mut view, 80, 24);
    assert!(shown.contains("search \"karim\": 1 of 2"), "{shown}");
    press(&mut view, "n");
    let shown = picture(&mut view, 80, 24);
    assert!(shown.contains("2 of 2") && shown.contains(">0:40:38  ◆ ACTION"), "{shown}");
    press(&mut view, "/nothing like it\n");
    assert_eq!(view.message(), Some(("\"nothing like it\" was not said, nor marked", false)));
}

#[test]
fn who_watches_asks_for_nothing() {
    let mut view = meeting(Options { keys: Keys::Look, ..OWN });
    assert_eq!(press(&mut view, "da e m P x r \u{1a}"), []);
    assert_eq!(press(&mut view, "q"), [Ask::Leave]);
    assert_eq!(press(&mut view, "\u{3}"), [Ask::Leave]);
    let mut view = meeting(Options { keys: Keys::Remote, ..OWN });
    assert_eq!(press(&mut view, "\u{3}y"), [Ask::End]);
    assert_eq!(press(&mut view, "\u{3}\u{3}"), [Ask::Leave], "the recording goes on");
}

#[test]
fn a_recorder_that_says_nothing_is_not_held_to_record() {
    let mut view = meeting(OWN);
    view.tick(2.9);
    assert!(picture(&mut view, 80, 24).contains("● REC"));
    view.tick(5.0);
    let shown = picture(&mut view, 80, 24);
    assert!(shown.contains("? NO NEWS FOR 5 s") && !shown.contains("● REC"), "{shown}");
}

#[test]
fn what_is_safe_is_what_the_disk_has_said_so_of() {
    let mut view = View::new(OWN);
    let at = |elapsed: f64, written: f64, durable: f64| {
        let mut now = Status { elapsed, ..status() };
        now.tracks.truncate(1);
        (now.tracks[0].written, now.tracks[0].durable) = (written, durable);
        Told::Status(Box::new(now))
    };
    view.tell(at(10.0, 9.8, 9.8));
    assert_eq!(view.safe_to(), Some(10.0));
    view.tell(at(11.0, 10.8, 9.8));
    // The disk hangs: nothing is written any more, and nothing is safe that was not.
    view.tell(at(20.0, 10.8, 9.8));
    assert_eq!(view.safe_to(), Some(10.0));
    view.tell(at(21.0, 20.8, 20.8));
    assert_eq!(view.safe_to(), Some(21.0));
}

#[test]
fn a_loss_stands_where_it_was() {
    let mut view = meeting(OWN);
    let take = serde_json::json!({"track": "bob", "take": 1, "file": "tracks/bob.wav", "rate": 48000, "channels": 1,
        "format": "s16", "data_offset": 44, "frames": 0, "offset": 0.0,
        "clock": {"offset": 0.0, "rate": 48000.0, "ppm": 0.0, "residual_ms": 0.0, "points": 0}});
    let take = serde_json::json!({"kind": "take_started", "payload": take});
    view.tell(event(0.0, serde_json::from_value(take).unwrap()));
    let gap = |cause| Event::Gap {
        track: "bob".into(),
        take: Some(1),
        from_frame: None,
        at: 2433.0,
        frames: Frames(14_880),
        cause,
    };
    view.tell(event(2434.0, gap(GapCause::Ended)));
    view.tell(event(2434.0, gap(GapCause::Overrun)));
    let shown = picture(&mut view, 80, 24);
    assert!(shown.contains("── Bob: 0.3 s LOST (overrun) ──"), "{shown}");
}
