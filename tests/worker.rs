//! The recogniser's process where there is none to speak of: no program, another program, no recogniser in
//! it.

use hansard::recognisers::recognizer::{Recognizer as _, RecognizerError, Request};
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};

fn worker(program: &str) -> WorkerRecognizer {
    WorkerRecognizer::new(WorkerOptions {
        program: program.into(),
        ..WorkerOptions::new("missing/model.bin")
    })
}

#[test]
#[cfg(unix)]
fn a_program_that_is_no_worker_is_told_apart() {
    let ask = |program: &str| {
        let second = Request { samples: vec![0.0; 16_000], ..Request::default() };
        worker(program).recognize(&second).unwrap_err()
    };
    assert!(matches!(ask("/nowhere/hansard"), RecognizerError::Start { .. }));
    assert!(matches!(ask("/bin/echo"), RecognizerError::Junk { .. }), "{}", ask("/bin/echo"));
    assert!(matches!(ask("/bin/false"), RecognizerError::Crashed { .. }), "{}", ask("/bin/false"));
}

#[test]
fn a_worker_without_a_model_or_a_recogniser_says_so() {
    let error = worker(env!("CARGO_BIN_EXE_hansard")).start().unwrap_err();
    let RecognizerError::ModelUnusable { reason, .. } = &error else { panic!("{error}") };
    assert!(error.is_permanent());
    if cfg!(not(feature = "whisper")) {
        assert!(reason.contains("whisper"), "{reason}");
    }
}
