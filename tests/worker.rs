//! The recogniser's process where there is none to speak of: no program, another program, no model, an
//! engine that wasn't built in.

use std::time::Duration;

use hansard::config::WhisperEngine;
use hansard::recognisers::recognizer::{Recognizer as _, RecognizerError, Request};
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};

use crate::support::home::shared;

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
fn a_worker_without_a_model_or_an_engine_says_so() {
    for whisper in [WhisperEngine::Auto, WhisperEngine::Int8, WhisperEngine::WhisperCpp] {
        let options = WorkerOptions {
            program: env!("CARGO_BIN_EXE_hansard").into(),
            whisper,
            ..WorkerOptions::new("missing/model.bin")
        };
        let error = WorkerRecognizer::new(options).start().unwrap_err();
        let RecognizerError::ModelUnusable { reason, .. } = &error else { panic!("{error}") };
        assert!(error.is_permanent());
        if cfg!(not(feature = "whisper")) && whisper == WhisperEngine::WhisperCpp {
            assert!(reason.contains("int8"), "it says what would do: {reason}");
        }
    }
}

/// whisper.cpp reads beyond its spectrum where sound is shorter than a window (400 samples), or none.
#[test]
fn very_short_sound_and_samples_that_are_no_numbers_are_understood_or_refused() {
    let Some(models) = shared("models", "very_short_sound") else { return };
    let mut worker = WorkerRecognizer::new(WorkerOptions {
        program: env!("CARGO_BIN_EXE_hansard").into(),
        // Built without optimisation it is slow.
        request_limit: Duration::from_secs(300),
        ..WorkerOptions::new(models.join("ggml-tiny.en-q8_0.bin"))
    });
    let process = worker.start().map(|_| ()).map(|()| worker.process_id()).unwrap();
    // A step of the spectrum has 160 samples, half a window 200.
    for samples in [0, 1, 2, 159, 160, 200, 201, 399, 400] {
        let request = Request { samples: vec![0.1; samples], ..Request::default() };
        match worker.recognize(&request) {
            Ok(heard) => assert!(samples > 0 && heard.words.iter().all(|word| word.end <= heard.audio_s)),
            Err(error) => assert!(
                samples == 0 && matches!(error, RecognizerError::Request { .. }),
                "{samples}: {error}"
            ),
        }
    }
    for wild in [f32::NAN, f32::INFINITY, f32::MAX] {
        let request = Request { samples: vec![wild; 8_000], ..Request::default() };
        if let Err(error) = worker.recognize(&request) {
            assert!(
                matches!(error, RecognizerError::Request { .. } | RecognizerError::Failed { .. }),
                "{error}"
            );
        }
    }
    let speech = (9.0, -3.0);
    let request = Request { samples: vec![0.1; 400], speech: Some(speech), ..Request::default() };
    worker.recognize(&request).unwrap();
    assert_eq!(worker.process_id(), process, "it is the same process: nothing ended it");
}
