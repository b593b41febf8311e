//! Is somebody speaking? A detector gives a probability per window of 16 kHz sound; [`super::segment`]
//! decides.

mod silero;

pub use silero::Silero;

/// A voice activity detector with a memory: windows are given in order, without holes.
pub trait Vad: Send {
    /// Samples of a window, at 16 kHz.
    fn window(&self) -> usize;
    /// Probability (0..1) that there is speech in the next window of exactly [`Vad::window`] samples (±1.0).
    fn probability(&mut self, window: &[f32]) -> f32;
    /// Forgets everything: what follows is another sound.
    fn reset(&mut self);
    /// Another one that has heard nothing, for quiet sound that is raised; `None` for one to which that means
    /// nothing.
    fn another(&self) -> Option<Box<dyn Vad>> {
        None
    }
}

/// Gives the probabilities of a script, then silence: for tests of what listens to a detector.
#[derive(Debug, Clone)]
pub struct ScriptedVad {
    window: usize,
    script: Vec<f32>,
    next: usize,
}

impl ScriptedVad {
    /// One probability per window of `window` samples.
    pub fn new(window: usize, script: Vec<f32>) -> Self {
        Self { window: window.max(1), script, next: 0 }
    }
}

impl Vad for ScriptedVad {
    fn window(&self) -> usize {
        self.window
    }

    fn probability(&mut self, _window: &[f32]) -> f32 {
        let probability = self.script.get(self.next).copied().unwrap_or(0.0);
        self.next += 1;
        probability
    }

    /// The script goes on: a reset is not an event in it.
    fn reset(&mut self) {}
}
