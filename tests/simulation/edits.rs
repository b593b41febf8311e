//! A session that is over is corrected, marked and exported again, with a power cut before every operation on
//! the disk: it is found as it was or as it was to be, and can be worked on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hansard::care::apply;
use hansard::care::edit::Edit;
use hansard::care::recover::recover;
use hansard::care::verify::{Standing, verify};
use hansard::clock::{Clock, ScriptedClock, SystemClock};
use hansard::export::write_minutes;
use hansard::session::disk::SystemDisk;
use hansard::session::mark::MarkKind;
use hansard::session::reading::Session;

use super::disk::{Crash, SimDisk};
use crate::support::copy;

/// Ways in which each power cut tears what was not synced.
const TEARS: u64 = 12;

/// What a reader finds: the lines, the marks, the hidden passages and the minutes.
#[derive(Debug, PartialEq)]
struct State {
    lines: Vec<(String, u32, String, String, bool)>,
    marks: Vec<String>,
    passages: Vec<String>,
}

fn state(dir: &Path) -> State {
    let session = Session::open(dir).unwrap();
    let line = session.utterances.iter();
    State {
        lines: line.map(|u| (u.id.clone(), u.rev, u.speaker.clone(), u.text.clone(), u.is_shown())).collect(),
        marks: session.marks().iter().map(|mark| mark.text.clone()).collect(),
        passages: session.amendments.passages.iter().map(|passage| passage.id.clone()).collect(),
    }
}

fn minutes(dir: &Path) -> Option<Vec<u8>> {
    fs::read(dir.join("minutes.md")).ok()
}

/// Something that is done to a session, on any disk.
type Work = fn(&SimDisk, &Arc<dyn Clock>, &Path);

const WORK: [(&str, Work); 4] = [
    ("a correction", |disk, clock, dir| {
        let line = Edit::Line { id: "ann-1-400".into(), text: "We meet at noon.".into() };
        apply::edit(disk, clock, dir, &line).unwrap();
    }),
    ("a hidden passage", |disk, clock, dir| {
        apply::edit(disk, clock, dir, &Edit::Hide { from: 0.0, to: 1.0 }).unwrap();
    }),
    ("a mark", |disk, clock, dir| {
        apply::mark(disk, clock, dir, 2.0, MarkKind::Action, "Bob calls".into()).unwrap();
    }),
    ("the minutes", |disk, _, dir| {
        write_minutes(disk, dir, 2.0, None).unwrap();
    }),
];

#[test]
fn a_power_cut_finds_a_corrected_session_as_it_was_or_as_it_was_to_be() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/old-session");
    for (what, work) in WORK {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("session");
        copy::folder(&fixture, &dir);
        fs::remove_dir_all(dir.join("golden")).unwrap();
        write_minutes(&SystemDisk, &dir, 2.0, None).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ScriptedClock::default());
        // Minutes that are written again have something new to say.
        apply::mark(&SystemDisk, &clock, &dir, 3.0, MarkKind::Note, "Since then".into()).unwrap();
        let disk = SimDisk::new(&[], 7);
        disk.adopt(&dir);
        let old = (state(&dir), minutes(&dir));
        let images = Arc::new(Mutex::new(Vec::<(PathBuf, Crash)>::new()));
        let (folder, kept, from) = (root.path().to_owned(), Arc::clone(&images), dir.clone());
        disk.listen(move |disk, doing| {
            let mut images = kept.lock().unwrap();
            let cuts = (0..TEARS).map(|seed| (Crash::PowerCut, seed));
            for (crash, seed) in cuts.chain([(Crash::Kill, TEARS)]) {
                let to = folder.join(format!("image-{}", images.len()));
                disk.image(&from, &to, crash, doing, seed);
                images.push((to, crash));
            }
        });
        work(&disk, &clock, &dir);
        let new = (state(&dir), minutes(&dir));
        assert_ne!(old, new, "{what}");
        let images = images.lock().unwrap();
        let mut found = [0; 2];
        for (image, crash) in images.iter() {
            let context = || format!("{what}, {crash:?}, {}", image.display());
            // A torn line between others is what `recover` is for.
            recover(&SystemDisk, &SystemClock, image, false).unwrap_or_else(|e| panic!("{}: {e}", context()));
            let then = (state(image), minutes(image));
            assert!(then == old || then == new, "{}: {then:#?}", context());
            found[usize::from(then == new)] += 1;
            let line = Edit::Speaker { id: "ann-1-400".into(), name: "Carol".into() };
            apply::edit(&SystemDisk, &clock, image, &line).unwrap_or_else(|e| panic!("{}: {e}", context()));
            let report = verify(image).unwrap_or_else(|e| panic!("{}: {e}", context()));
            assert!(
                report.state == Standing::Closed && report.problems.is_empty(),
                "{}: {report:#?}",
                context()
            );
        }
        assert!(found[0] > 0 && images.len() >= 3 * (TEARS as usize + 1), "{what}: {found:?}");
    }
}
