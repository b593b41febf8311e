//! Recognisers that outlive a session: whoever transcribes several files loads a model once.
//!
//! An engine that is wrapped gives back a recogniser that is at rest, if one was opened in the same way; one
//! that failed is not used again. Promise: there are never more at rest than worked at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::engine::{Engine, Facts, Opening};
use super::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use crate::models::ModelInfo;

/// The engine of the file before. An engine that is wanted next takes its place if it is another one.
#[derive(Debug, Default)]
pub struct Lasting {
    engine: Mutex<Option<Arc<LastingEngine>>>,
}

impl Lasting {
    /// This engine, or the one before with its recognisers, if it is of the same model. A server's has none
    /// that would take long to open.
    pub fn of(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        if engine.server().is_some() {
            return engine;
        }
        let path = |engine: &Arc<dyn Engine>| engine.file().map(|model| model.path.clone());
        let mut last = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &&Arc<LastingEngine>| {
            last.engine.facts() == engine.facts() && path(&last.engine) == path(&engine)
        };
        if let Some(last) = last.as_ref().filter(same) {
            return Arc::clone(last) as Arc<dyn Engine>;
        }
        let new = Arc::new(LastingEngine { engine, resting: Arc::default() });
        *last = Some(Arc::clone(&new));
        new as Arc<dyn Engine>
    }
}

/// Those that are at rest, and how they were opened.
type Resting = Arc<Mutex<Vec<(Opening, Box<dyn Recognizer>)>>>;

struct LastingEngine {
    engine: Arc<dyn Engine>,
    resting: Resting,
}

impl std::fmt::Debug for LastingEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LastingEngine").field(&self.engine).finish()
    }
}

impl Engine for LastingEngine {
    fn facts(&self) -> &Facts {
        self.engine.facts()
    }

    fn open(&self, how: &Opening) -> Box<dyn Recognizer> {
        let mut resting = locked(&self.resting);
        let fitting = resting.iter().position(|(opened, _)| opened == how);
        // One that was opened otherwise makes place.
        let rested = fitting.map(|at| resting.swap_remove(at).1).or_else(|| {
            resting.pop();
            None
        });
        drop(resting);
        let recognizer = rested.unwrap_or_else(|| self.engine.open(how));
        let home = Arc::clone(&self.resting);
        Box::new(Lent { recognizer: Some(recognizer), how: how.clone(), has_failed: false, home })
    }

    fn file(&self) -> Option<&ModelInfo> {
        self.engine.file()
    }

    fn server(&self) -> Option<&str> {
        self.engine.server()
    }

    fn sends_to(&self) -> Option<&str> {
        self.engine.sends_to()
    }
}

fn locked(resting: &Resting) -> MutexGuard<'_, Vec<(Opening, Box<dyn Recognizer>)>> {
    resting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A recogniser that goes back when it is let go.
struct Lent {
    /// `None` only while it goes back.
    recognizer: Option<Box<dyn Recognizer>>,
    how: Opening,
    has_failed: bool,
    home: Resting,
}

impl Lent {
    fn own(&mut self) -> Result<&mut Box<dyn Recognizer>, RecognizerError> {
        self.recognizer
            .as_mut()
            .ok_or_else(|| RecognizerError::Failed { reason: "it was given back".to_owned() })
    }
}

impl Recognizer for Lent {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let heard = self.own()?.recognize(request);
        self.has_failed |= heard.is_err();
        heard
    }

    fn model(&self) -> &str {
        self.recognizer.as_ref().map_or("", |recognizer| recognizer.model())
    }

    fn notices(&mut self) -> Vec<String> {
        self.recognizer.as_mut().map(|recognizer| recognizer.notices()).unwrap_or_default()
    }

    fn prepare(&mut self) -> Result<(), RecognizerError> {
        let prepared = self.own()?.prepare();
        self.has_failed |= prepared.is_err();
        prepared
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(recognizer) = self.recognizer.take().filter(|_| !self.has_failed) {
            locked(&self.home).push((self.how.clone(), recognizer));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::config::WhisperEngine;
    use crate::recognisers::engine::{Cost, Fit, Gives, Languages};

    /// Counts what was opened; each says its number, and fails at a sound of this length.
    #[derive(Debug)]
    struct Numbered {
        facts: Facts,
        opened: Arc<AtomicUsize>,
    }

    struct Numbering(String);

    const FAILS: usize = 3;

    impl Numbered {
        fn engine(name: &str, opened: &Arc<AtomicUsize>) -> Arc<dyn Engine> {
            let facts = Facts {
                name: name.to_owned(),
                languages: Languages::All,
                longest_s: 30.0,
                cost: Cost::Here { bytes: 1 },
                fit: Fit::Growing,
                gives: Gives::ALL,
            };
            Arc::new(Self { facts, opened: Arc::clone(opened) })
        }
    }

    impl Engine for Numbered {
        fn facts(&self) -> &Facts {
            &self.facts
        }

        fn open(&self, _: &Opening) -> Box<dyn Recognizer> {
            Box::new(Numbering(self.opened.fetch_add(1, Ordering::SeqCst).to_string()))
        }
    }

    impl Recognizer for Numbering {
        fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
            match request.samples.len() {
                FAILS => Err(RecognizerError::Failed { reason: "three".to_owned() }),
                _ => Ok(Hypothesis::default()),
            }
        }

        fn model(&self) -> &str {
            &self.0
        }
    }

    fn how(threads: usize) -> Opening {
        let request_limit = Duration::from_secs(1);
        Opening { threads, niceness: 0, request_limit, whisper: WhisperEngine::default() }
    }

    #[test]
    fn a_model_is_loaded_once_for_all_that_is_asked_in_turn() {
        let (lasting, opened) = (Lasting::default(), Arc::default());
        let engine = || lasting.of(Numbered::engine("a", &opened));
        let sound = |count: usize| Request { samples: vec![0.0; count], ..Request::default() };
        for _ in 0..3 {
            let engine = engine();
            let (mut one, mut two) = (engine.open(&how(1)), engine.open(&how(1)));
            assert_ne!(one.model(), two.model());
            one.recognize(&sound(1)).unwrap();
            two.recognize(&sound(1)).unwrap();
        }
        assert_eq!(opened.load(Ordering::SeqCst), 2);
        // Opened otherwise it is another one, which takes the place of one at rest.
        drop(engine().open(&how(2)));
        assert_eq!(opened.load(Ordering::SeqCst), 3);
        let (one, two) = (engine().open(&how(1)), engine().open(&how(1)));
        assert!(["0", "1"].contains(&one.model()), "{}", one.model());
        assert_eq!((two.model(), opened.load(Ordering::SeqCst)), ("3", 4));
        drop((one, two));
        // What failed is not asked again.
        let mut failing = engine().open(&how(1));
        let name = failing.model().to_owned();
        failing.recognize(&sound(FAILS)).unwrap_err();
        drop(failing);
        assert!((0..2).all(|_| engine().open(&how(1)).model() != name));
        // Another model.
        let before = opened.load(Ordering::SeqCst);
        drop(lasting.of(Numbered::engine("b", &opened)).open(&how(1)));
        assert_eq!(opened.load(Ordering::SeqCst), before + 1);
    }
}
