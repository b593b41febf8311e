//! File systems that lack what others have: locks, permissions, syncs of folders, links. All verbs do their
//! work there, and what can't be promised is said.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hansard::session::manifest::State;
use hansard::session::reading::Session;

use crate::models::synthetic::{self, Shape, Stored};
use crate::support::home::{Home, Ran, Running, wait};

const SOURCE: &str = "--source=Ann=synth:coded,secs=0";
/// What is said of a folder that can't be synced.
const SAID: &str = "can't sync folders";

/// The library that lacks things; `None` without a C compiler.
fn library(home: &Home) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/odd_file_system.c");
    let library = home.path("odd.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    match built {
        Ok(status) => {
            assert!(status.success(), "the file system that lacks things can't be built");
            Some(library)
        }
        Err(error) => {
            assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "there is no C compiler: {error}");
            None
        }
    }
}

/// A home on a file system that lacks something.
struct Odd {
    home: Home,
    library: PathBuf,
    lacks: &'static str,
}

impl Odd {
    fn start(&self, args: &[&str]) -> Running {
        let mut command = self.home.command(args);
        Running::start(command.env("LD_PRELOAD", &self.library).env("LACKS", self.lacks))
    }

    #[track_caller]
    fn run(&self, code: i32, args: &[&str]) -> Ran {
        let ran = self.start(args).end();
        assert_eq!(ran.code, Some(code), "without {}: {args:?}: {}{}", self.lacks, ran.out, ran.err);
        ran
    }
}

#[test]
fn every_verb_works_on_a_file_system_that_lacks_things() {
    for lacks in [
        "folder syncs",
        "any folder sync",
        "locks",
        "modes",
        "room ahead",
        "links",
        "links, sparing renames",
        "folder syncs, locks, modes, room ahead, links, sparing renames",
    ] {
        let home = Home::new();
        let Some(library) = library(&home) else { return println!("SKIPPED: no C compiler") };
        let odd = Odd { home, library, lacks };
        let ran = odd.run(0, &["record", "--no-transcribe", "--for=1s", SOURCE]);
        let warned = ran.err.matches(SAID).count();
        assert_eq!(warned, usize::from(lacks.contains("folder sync")), "{lacks}: {}", ran.err);
        assert!(!ran.err.contains("ALARM") && !ran.err.contains("refused"), "{lacks}: {}", ran.err);
        let session = ran.session();
        assert_eq!(session.manifest.state, State::Closed);
        odd.run(0, &["verify", "last"]);
        odd.run(0, &["edit", "last", "rename", "Ann", "Anne"]);
        odd.run(0, &["export", "last", "--format=html"]);
        odd.run(0, &["export", "last", "--tracks=wav"]);
        // Nobody else mends what is being recorded, locks or not.
        let mut running = odd.start(&["record", "--no-transcribe", "--title=killed", SOURCE]);
        running.says("recording into");
        let is_killed = |dir: &PathBuf| dir.to_string_lossy().ends_with("killed");
        let killed = odd.home.sessions().into_iter().find(is_killed).unwrap();
        let sound = killed.join("tracks/ann.wav");
        wait("it records", || fs::metadata(&sound).is_ok_and(|data| data.len() > 50_000));
        let path = killed.to_str().unwrap();
        let ran = odd.run(1, &["recover", path]);
        assert!(ran.err.contains("in use"), "{lacks}: {}", ran.err);
        // What is corrected is written by the recorder itself.
        odd.run(0, &["edit", path, "hide", "--from=0s", "--to=1s"]);
        odd.run(0, &["edit", path, "rename", "Ann", "Anne"]);
        running.signal("KILL");
        running.end();
        odd.run(0, &["recover", path]);
        assert_eq!(Session::open(&killed).unwrap().manifest.state, State::Closed, "{lacks}");
        odd.run(0, &["verify", path]);
        let model = odd.home.path("model");
        fs::create_dir(&model).unwrap();
        synthetic::folder(&model, Shape { layers: 1, vocab: 51_865, stored: Stored::F16 });
        odd.run(0, &["models", "import", model.to_str().unwrap(), "--name=odd"]);
        assert!(fs::read_dir(odd.home.models()).unwrap().count() >= 1);
    }
}
