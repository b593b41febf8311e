//! A session is corrected while its text is made once more: what people write stays, and the work goes on.

use std::sync::{Arc, Condvar, Mutex};

use hansard::session::reading::Session;
use serde_json::json;

use crate::support::asr::{AsrServer, Reply};
use crate::support::home::{Home, Running, wait};
use crate::support::session::journal;
use crate::support::speech::Speech;

/// Lets so many be answered; the others wait.
#[derive(Default)]
struct Gate {
    open: Mutex<usize>,
    moved: Condvar,
}

impl Gate {
    fn open(&self, to: usize) {
        *self.open.lock().unwrap() = to;
        self.moved.notify_all();
    }

    fn pass(&self, number: usize) {
        drop(self.moved.wait_while(self.open.lock().unwrap(), |open| number >= *open).unwrap());
    }
}

#[test]
fn what_is_corrected_while_the_text_is_made_once_more_stays() {
    let Some(speech) = Speech::new("what is corrected while the text is made") else { return };
    let home = Home::new();
    let gate = Arc::new(Gate::default());
    let keeper = Arc::clone(&gate);
    let server = AsrServer::start(move |_, n| {
        keeper.pass(n);
        Reply::json(&json!({ "text": format!("This is what segment {n} says.") }))
    });
    let transcribe = |what: &str| {
        let mut command = home.command(["transcribe", "--speakers=1", "--name=Jack", what]);
        if what == "last" {
            command = home.command(["transcribe", "--speakers=1", "last"]);
        }
        Running::start(command.env("HANSARD_TRANSCRIBE_URL", server.url()))
    };
    gate.open(usize::MAX);
    let first = transcribe(speech.file.to_str().unwrap()).end();
    first.expect(0);
    let before = first.session();
    let ids: Vec<&str> = before.utterances.iter().map(|line| line.id.as_str()).collect();
    assert!(ids.len() >= 3, "{ids:?}");

    // Once more: the first segment is answered, the others are waited for.
    let asked = server.asked().len();
    gate.open(asked + 1);
    let running = transcribe("last");
    let line = |id: &str| {
        let session = Session::open(&before.dir).unwrap();
        session.utterances.iter().find(|line| line.id == id).cloned().unwrap()
    };
    wait("its first line is made again", || line(ids[0]).rev > 0);
    for (id, text) in [(ids[0], "Said first, by hand."), (ids[2], "Said third, by hand.")] {
        home.run(["edit", "last", "line", id, text]).expect(0);
        assert_eq!(line(id).text, text);
    }
    home.run(["edit", "last", "rename", "Jack", "Jill"]).expect(0);
    home.run(["mark", "Decision: by hand", "--session=last", "--at=1s"]).expect(0);
    home.refuses(&["rm", "last", "--yes"], &["is in use"]);
    let again = transcribe("last").end();
    again.expect(1);
    assert!(again.err.contains("is in use"), "{}", again.err);

    gate.open(usize::MAX);
    let ran = running.end_after(60);
    ran.expect(0);
    let session = ran.session();
    let text = |id: &str| session.utterances.iter().find(|line| line.id == id).unwrap().text.clone();
    assert_eq!((text(ids[0]), text(ids[2])), ("Said first, by hand.".into(), "Said third, by hand.".into()));
    for line in &session.utterances {
        assert_eq!(line.speaker, "Jill");
        assert!(line.rev > 0, "it is made again, or corrected: {line:?}");
        assert_eq!(line.edited.is_some(), [ids[0], ids[2]].contains(&line.id.as_str()), "{line:?}");
    }
    assert_eq!(session.marks().len(), 1);
    journal(&session.dir);
    home.run(["verify", "last"]).expect(0);
    let minutes = std::fs::read_to_string(session.dir.join("minutes.md")).unwrap();
    for said in ["Said first, by hand.", "Said third, by hand.", "Jill"] {
        assert!(minutes.contains(said), "{minutes}");
    }
    // When it is done, the session is everybody's again.
    home.run(["rm", "last", "--yes"]).expect(0);
}
