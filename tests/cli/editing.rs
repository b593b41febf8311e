//! The text of a session in an editor, and one word for another: what is saved becomes corrections, and
//! nothing that was typed is lost. The editor is a script.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hansard::session::reading::Session;

use crate::support::home::{Home, Ran, Running};
use crate::support::said::{self, GUIDE, line};

/// A finished session in which this was said.
fn finished(home: &Home) -> PathBuf {
    let sources = ["--source=Alice=synth:tone,secs=30", "--source=Bob=synth:tone,secs=30"];
    said::session(home, &sources, &said::in_turn(&GUIDE))
}

/// `hansard edit S …` with an editor that is this script; `$1` is the file.
fn edited(home: &Home, args: &[&str], script: &str) -> Ran {
    let editor = home.write("my editor.sh", format!("#!/bin/sh\nset -e\n{script}\n"));
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = home.command([&["edit", "last"], args].concat());
    command
        .env("PATH", "/usr/bin:/bin")
        .env("VISUAL", format!("'{}'", editor.display()))
        .env("EDITOR", "false");
    Running::start(&mut command).end()
}

fn shown(dir: &Path) -> Vec<String> {
    let session = Session::open(dir).unwrap();
    let lines = session.utterances.iter().filter(|line| line.is_shown());
    lines.map(|line| format!("{}: {}", line.speaker, line.text)).collect()
}

fn pages(dir: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("edit")).collect()
}

#[test]
fn what_is_saved_becomes_corrections() {
    let home = Home::new();
    let dir = finished(&home);
    let before = fs::read_to_string(dir.join("transcript.jsonl")).unwrap();
    let script = r#"
        [ "$(stat -c %a "$1")" = 600 ]
        sed -i -e 's/meat at nine, Gareem/meet at\x1b[31m nine, Karim/' \
            -e 's/Bob: Nine it is then/Carol Weiss: Nine it is then/' \
            -e 's/minutes? I do\./minutes?\n+ Dan: I do./' \
            -e '/Karim and Gareem come too/d' \
            -e 's/Second point,$/Second point, the budget of this year./' \
            -e '/Alice: the budget of this year/d' "$1""#;
    let dry = edited(&home, &["--dry-run"], script);
    assert!(
        dry.expect(0).out.contains("would be corrected: ") && dry.out.contains("- Alice: We meat"),
        "{}",
        dry.out
    );
    assert_eq!(fs::read_to_string(dir.join("transcript.jsonl")).unwrap(), before);
    assert_eq!(pages(&dir).len(), 1, "what was typed is kept");
    assert!(dry.err.contains("--text"), "{}", dry.err);
    fs::remove_file(&pages(&dir)[0]).unwrap();

    let ran = edited(&home, &[], script);
    let told = ran.expect(0).out.trim();
    let wanted = "1 line with other words, 2 lines said by somebody else, 1 line taken out (restore brings it \
                  back), 1 line made several, 1 line made of two";
    assert_eq!(told, wanted);
    assert_eq!(
        shown(&dir),
        [
            "Alice: We meet at[31m nine, Karim.",
            "Carol Weiss: Nine it is then.",
            "Alice: And who takes the minutes?",
            "Dan: I do.",
            "Alice: Good. Second point, the budget of this year.",
        ]
    );
    assert_eq!(pages(&dir), [] as [PathBuf; 0]);
    let session = Session::open(&dir).unwrap();
    let of = |text: &str| session.utterances.iter().find(|line| line.text.starts_with(text)).unwrap();
    let (first, second) = (of("And who"), of("I do."));
    assert!(first.end <= second.start && second.end == 9.0 + 0.3 * 6.0 + 0.25, "{first:?} {second:?}");
    assert_eq!(second.words.iter().map(|word| word.p).collect::<Vec<_>>(), [0.9, 0.9], "as they were heard");
    let joined = of("Good.");
    assert!(joined.end > 21.0 && joined.words.len() == 8, "{joined:?}");
    assert!(joined.words.is_sorted_by(|a, b| a.end <= b.start + 1e-9), "{joined:?}");
    // What was there stays, and comes back.
    assert!(fs::read_to_string(dir.join("transcript.jsonl")).unwrap().starts_with(&before));
    home.run(["edit", "last", "restore", "bob-1-13"]).expect(0);
    assert!(shown(&dir).contains(&"Bob: Karim and Gareem come too.".into()));
    assert!(fs::read_to_string(dir.join("minutes.md")).unwrap().contains("Carol Weiss"));
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn what_changes_nothing_leaves_no_trace_and_what_fails_loses_nothing() {
    let home = Home::new();
    let dir = finished(&home);
    let files = || ["transcript.jsonl", "events.jsonl"].map(|file| fs::read(dir.join(file)).unwrap());
    let before = files();
    for script in ["true", ": > \"$1\"", "echo >> \"$1\"; echo '# a remark' >> \"$1\""] {
        let ran = edited(&home, &[], script);
        assert!(ran.expect(0).err.contains("nothing was changed"), "{script}: {}", ran.err);
        assert_eq!((files(), pages(&dir).len()), (before.clone(), 0), "{script}");
    }
    let ran = edited(&home, &[], "exit 3");
    assert!(ran.expect(1).err.contains("the editor failed"), "{}", ran.err);
    assert_eq!(pages(&dir).len(), 0, "nothing was typed");
    let ran = edited(&home, &[], "sed -i s/meat/meet/ \"$1\"; exit 3");
    assert!(ran.expect(1).err.contains("is kept in"), "{}", ran.err);
    assert!(fs::read_to_string(&pages(&dir)[0]).unwrap().contains("We meet at nine"));
    // And is taken up again.
    let page = pages(&dir)[0].display().to_string();
    home.run(["edit", "last", "--text", &page]).expect(0);
    assert_eq!(shown(&dir)[0], "Alice: We meet at nine, Gareem.");
    let mut command = home.command(["edit", "last"]);
    let ran = Running::start(&mut command).end();
    assert!(ran.expect(1).err.contains("VISUAL"), "{}", ran.err);
}

#[test]
fn what_can_not_be_taken_over_is_told_line_by_line_and_the_rest_is() {
    let home = Home::new();
    let dir = finished(&home);
    let hansard = env!("CARGO_BIN_EXE_hansard");
    // While the editor is open somebody else corrects two lines, one of them in the same way.
    let script = format!(
        r#"
        '{hansard}' edit last line alice-1-1 "We meet at ten." >&2
        '{hansard}' edit last line bob-1-5 "Ten it is." >&2
        id=$(grep 'Karim and' "$1" | cut -d' ' -f1)
        sed -i -e 's/We meat at nine, Gareem/We meet at nine, Karim/' -e 's/Nine it is then\./Ten it is./' \
            -e 's/come too/come as well/' -e 's/^\([0-9a-z]*\)  [0-9:]*  \(Alice: Good\)/\1 \2/' "$1"
        grep 'this year' "$1" | sed 's/this/that/' >> "$1"
        echo "zzzz  00:12  Alice: I am new." >> "$1""#
    );
    let ran = edited(&home, &[], &script);
    ran.expect(2);
    assert!(ran.err.contains("was changed by somebody else since (Alice: We meet at ten.)"), "{}", ran.err);
    assert!(ran.err.contains("there is no line \"zzzz\""), "{}", ran.err);
    assert!(ran.err.contains("stands more than once"), "{}", ran.err);
    assert!(ran.err.contains("has lost its time"), "{}", ran.err);
    assert!(ran.err.contains("kept in"), "{}", ran.err);
    assert_eq!(pages(&dir).len(), 1);
    assert_eq!(
        shown(&dir),
        [
            "Alice: We meet at ten.",
            "Bob: Ten it is.",
            "Alice: And who takes the minutes? I do.",
            "Bob: Karim and Gareem come as well.",
            "Alice: Good. Second point,",
            "Alice: the budget of this year.",
        ]
    );
    // A line of which a part is hidden is shown without it: what is hidden must not go for that.
    home.run(["edit", "last", "hide", "--from=0:17", "--to=0:17.2"]).expect(0);
    let ran = edited(&home, &[], "sed -i 's/Second point,/Second item,/' \"$1\"");
    assert!(ran.expect(2).err.contains("restore hide-1 first"), "{}", ran.err);
}

#[test]
fn one_word_is_put_for_another_where_it_is_meant() {
    let home = Home::new();
    let dir = finished(&home);
    home.run(["mark", "Action: gareem calls", "--session=last", "--at=0:05"]).expect(0);
    home.run(["edit", "last", "title", "Gareem and the budget"]).expect(0);
    let before = fs::read(dir.join("transcript.jsonl")).unwrap();
    let ran = home.run(["edit", "last", "replace", "gareem", "Karim"]);
    assert!(ran.expect(1).err.contains("4 places") && ran.err.contains("--all"), "{}", ran.err);
    for part in ["  1  00:01  Alice: We meat at nine, Gareem.", "mark-1: gareem calls", "title: Gareem and"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert_eq!(fs::read(dir.join("transcript.jsonl")).unwrap(), before);
    home.refuses(&["edit", "last", "replace", "Garee", "x"], &["stands nowhere", "--within"]);
    let dry = home.run(["edit", "last", "replace", "Gareem", "Karim", "--all", "--dry-run"]);
    assert!(dry.expect(0).out.contains("would be corrected: 2 lines with other words"), "{}", dry.out);
    let told = home.run(["edit", "last", "replace", "Gareem", "Karim", "--hits=1"]).expect(0).out.clone();
    assert_eq!(told.trim(), "1 line with other words");
    let session = Session::open(&dir).unwrap();
    let words: Vec<_> = session.utterances[0].words.iter().map(|word| (word.text.as_str(), word.p)).collect();
    assert_eq!(words, [("We", 0.9), ("meat", 0.9), ("at", 0.9), ("nine,", 0.9), ("Karim.", 1.0)]);
    home.run(["edit", "last", "replace", "Gareem", "Karim", "--all"]).expect(0);
    let session = Session::open(&dir).unwrap();
    assert_eq!(session.manifest.title, "Karim and the budget");
    assert_eq!(session.marks()[0].text, "Karim calls");
    assert!(shown(&dir).contains(&"Bob: Karim and Karim come too.".into()));
    // A single place needs no more; a speaker of that name is one as well.
    home.run(["edit", "last", "replace", "meat", "meet"]).expect(0);
    assert_eq!(shown(&dir)[0], "Alice: We meet at nine, Karim.");
    home.run(["edit", "last", "replace", "Bob", "Robert", "--all"]).expect(0);
    assert_eq!(shown(&dir)[1], "Robert: Nine it is then.");
    // By what a page calls a line.
    let page = edited(&home, &["--dry-run"], "sed -i 's/year/month/' \"$1\"; cp \"$1\" page.txt");
    page.expect(0);
    let page = fs::read_to_string(home.path("cwd/page.txt")).unwrap();
    let short = page.lines().find(|line| line.contains("the budget of")).unwrap().split(' ').next().unwrap();
    home.run(["edit", "last", "line", short, "The budget."]).expect(0);
    assert_eq!(shown(&dir)[5], "Alice: The budget.");
}

#[test]
fn corrections_work_while_it_is_recorded_and_the_second_sees_the_first() {
    let home = Home::new();
    let sources = ["--source=Alice=synth:tone,secs=60", "--source=Bob=synth:tone,secs=60"];
    let mut running = home.start([&["record", "--no-transcribe"], &sources[..]].concat());
    let dir = running.records(&home, 0.5);
    said::write(&dir, &said::in_turn(&GUIDE[..2]));
    let s = dir.to_str().unwrap().to_owned();
    let edit = |args: &[&str]| home.run([&["edit", s.as_str()], args].concat());
    // One after the other, as fast as they come: each is planned on what the one before wrote.
    for n in 0..5 {
        let (old, new) =
            (if n == 0 { "Alice".into() } else { format!("Alice {n}") }, format!("Alice {}", n + 1));
        edit(&["rename", &old, &new]).expect(0);
        edit(&["hide", &format!("--from=0:2{n}.1"), &format!("--to=0:2{n}.2")]).expect(0);
    }
    edit(&["line", "alice-1-1", "We meet at nine."]).expect(0);
    edit(&["speaker", "alice-1-1", "Carol"]).expect(0);
    edit(&["withhold", "bob-1-5"]).expect(0);
    edit(&["title", "Council"]).expect(0);
    assert_eq!(edit(&["withhold", "bob-1-5"]).code, Some(1), "it is so already");
    let ran = {
        let editor = home.write("ed.sh", "#!/bin/sh\nsed -i 's/at nine/at ten/' \"$1\"\n");
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
        let mut command = home.command(["edit", s.as_str()]);
        command.env("PATH", "/usr/bin:/bin").env("EDITOR", editor);
        Running::start(&mut command).end()
    };
    assert!(ran.expect(0).out.contains("1 line with other words"), "{}{}", ran.out, ran.err);
    // Two at once: both are there, or one is told.
    let both = [["place", "Here"], ["excused", "Dan"]]
        .map(|args| home.start([&["edit", s.as_str()], &args[..]].concat()));
    for running in both {
        running.end().expect(0);
    }
    running.signal("INT");
    running.end().expect(0);
    let session = Session::open(&dir).unwrap();
    assert_eq!(shown(&dir), ["Carol: We meet at ten."]);
    assert_eq!(session.amendments.passages.len(), 5);
    assert_eq!((session.manifest.title.as_str(), session.amendments.details.excused.len()), ("Council", 1));
    assert_eq!(session.manifest.sources[0].name, "Alice 5");
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn exports_that_nobody_changed_are_renewed_as_they_were_made() {
    let home = Home::new();
    let dir = finished(&home);
    home.run(["export", "last", "--format=csv", "--words"]).expect(0);
    home.run(["export", "last", "--format=html,srt", "--speaker=Bob", "--document-language=de"]).expect(0);
    home.run(["export", "last", "--format=txt"]).expect(0);
    let named = |end: &str| {
        let mut all = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        all.find(|path| path.extension().is_some_and(|of| of == end)).unwrap()
    };
    let (txt, srt, html, csv) = (named("txt"), named("srt"), named("html"), named("csv"));
    fs::write(&txt, "my own words").unwrap();
    let rows = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    let before = rows(&csv);
    let ran = home.run(["edit", "last", "line", "bob-1-5", "Ten it is then."]);
    ran.expect(0);
    assert!(
        ran.err.contains("not brought up to date: ") && ran.err.contains("changed by hand"),
        "{}",
        ran.err
    );
    assert_eq!(fs::read_to_string(&txt).unwrap(), "my own words");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    assert!(read(&csv).contains("Ten") && rows(&csv) == before, "a row for each word still");
    assert!(read(&srt).contains("Ten it is then.") && !read(&srt).contains("Alice"), "{}", read(&srt));
    assert!(
        read(&html).contains("Ten it is then.") && read(&html).contains("lang=\"de\""),
        "in German still"
    );
    // Once more: what was renewed is untouched as ever.
    home.run(["edit", "last", "line", "bob-1-5", "Eleven it is."]).expect(0);
    assert!(read(&srt).contains("Eleven it is."));
    // The sound of what is hidden is heard in what was exported before: that is told.
    home.run(["export", "last", "--format=html"]).expect(0);
    let ran = home.run(["edit", "last", "hide", "--from=0:01", "--to=0:02"]);
    assert!(ran.expect(0).err.contains("(its sound is as it was)"), "{}", ran.err);
}

#[test]
fn a_line_goes_by_the_time_at_which_it_begins() {
    let home = Home::new();
    let dir = finished(&home);
    for time in ["00:05", "0:00:05", "00:00:05"] {
        home.run(["edit", "last", "line", time, &format!("Said at {time}.")]).expect(0);
        assert_eq!(shown(&dir)[1], format!("Bob: Said at {time}."));
    }
    home.run(["edit", "last", "withhold", "0:05"]).expect(0);
    home.run(["edit", "last", "restore", "00:05"]).expect(0);
    home.refuses(&["edit", "last", "line", "0:07", "x"], &["no line \"0:07\""]);
    let both = [("Alice", "One."), ("Bob", "Two.")].map(|(who, text)| line(who, 5.2, text));
    said::write(&dir, &both);
    home.refuses(
        &["edit", "last", "speaker", "00:05", "Ann"],
        &["several lines", "Alice: One.", "Bob: Two."],
    );
}

#[test]
fn what_was_exported_elsewhere_is_named_as_older_and_renewed_when_asked() {
    let home = Home::new();
    let dir = finished(&home);
    let (away, page) = (home.path("away"), home.path("page.html"));
    fs::create_dir(&away).unwrap();
    let to = |path: &Path, more: &[&str]| {
        let path = format!("--output={}", path.display());
        home.run([&["export", "last", &path], more].concat()).expect(0);
    };
    to(&away, &["--format=txt,csv"]);
    to(&page, &["--format=html", "--single-file"]);
    let of = |end: &str| {
        let all = fs::read_dir(&away).unwrap().map(|entry| entry.unwrap().path());
        all.into_iter().find(|path| path.extension().is_some_and(|is| is == end)).unwrap()
    };
    let (txt, csv) = (of("txt"), of("csv"));
    let before = fs::read(&txt).unwrap();
    let ran = home.run(["edit", "last", "replace", "Gareem", "Karim", "--all"]);
    let said = ran.expect(0).err.replace('\n', " ");
    for path in [&txt, &csv, &page] {
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    }
    assert!(said.contains("written before this correction") && said.contains("--renew"), "{said}");
    assert_eq!(fs::read(&txt).unwrap(), before, "it may have been sent: nothing is written over unasked");
    // One is changed by hand, one is moved.
    fs::write(&txt, "mine").unwrap();
    fs::rename(&csv, home.path("moved.csv")).unwrap();
    let ran = home.run(["edit", "last", "title", "Other"]);
    let said = &ran.expect(0).err;
    assert!(said.contains("(changed by hand since)") && said.contains("not there any more: "), "{said}");
    let ran = home.run(["edit", "last", "title", "Another"]);
    assert!(!ran.expect(0).err.contains("not there any more"), "that is said once");
    let ran = home.run(["export", "last", "--renew"]);
    assert!(ran.expect(1).out.contains(page.to_str().unwrap()) && ran.err.contains("--force"), "{}", ran.err);
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("Karim") && html.contains("Another") && html.contains("data:audio/ogg"));
    assert_eq!(fs::read(&txt).unwrap(), b"mine");
    home.run(["export", "last", "--renew", "--force"]).expect(0);
    assert!(fs::read_to_string(&txt).unwrap().contains("Karim"));
    // What is erased for good is not known any more.
    let known = || fs::read_to_string(home.recordings().join(".exports.json")).unwrap_or_default();
    assert!(known().contains("page.html"));
    let ran = home.run(["rm", "last", "--now", "--yes"]);
    assert!(ran.expect(0).err.contains(page.to_str().unwrap()), "{}", ran.err);
    assert!(page.is_file() && !known().contains("page.html"), "{}", known());
    assert!(!dir.exists());
}
