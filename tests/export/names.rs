//! What files of an export are called: after the meeting, and never as somebody else's file.

use std::fs;
use std::path::Path;

use hansard::session::reading::Session;

use super::page::NAME;
use super::sessions::{START, expect, hansard, manifest, meeting, write};

#[test]
fn a_name_that_is_taken_is_left_alone() {
    let (root, dir) = meeting();
    let export = |session: &str, args: &[&str]| {
        let paths = expect(0, hansard(root.path(), &[&["export", session], args].concat()));
        let name = |path: &str| Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
        paths.lines().map(name).collect::<Vec<_>>()
    };
    // Somebody else's file.
    let taken = dir.join(format!("{NAME}.txt"));
    fs::write(&taken, "mine").unwrap();
    let [text, page] = ["txt", "html"].map(|end| format!("{NAME}-2.{end}"));
    assert_eq!(export("last", &["--format=txt,html", "--no-sound"]), [text.as_str(), &page]);
    assert_eq!(export("last", &["--format=txt,html", "--no-sound"]), [text.as_str(), &page], "its own");
    assert_eq!(export("last", &["--format=txt", "--force"]), [text.as_str()], "force is for edited ones");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    // One that was edited is the user's to give up.
    fs::write(dir.join(&text), "edited").unwrap();
    expect(1, hansard(root.path(), &["export", "last", "--format=txt"]));
    assert_eq!(export("last", &["--format=txt", "--force"]), [text]);

    // Two meetings of one name on one day in one folder.
    let elsewhere = tempfile::tempdir().unwrap();
    let to = format!("--output={}", elsewhere.path().display());
    let title = Session::open(&dir).unwrap().manifest.title;
    write(root.path(), &manifest("other", &title, START, &["Alice"]), &[]);
    let id = Session::open(&dir).unwrap().manifest.id;
    for _ in 0..2 {
        assert_eq!(export(&id, &["--format=md", &to]), [format!("{NAME}.md")]);
        assert_eq!(export("other", &["--format=md", &to]), [format!("{NAME}-2.md")]);
    }
    // A title that no file system would take.
    write(root.path(), &manifest("odd", "../a: b/c\u{202e}?", START, &["Alice"]), &[]);
    assert_eq!(export("odd", &["--format=txt"]), ["2026-03-14 a b-c.txt"]);
}
