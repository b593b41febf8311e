//! Is somebody speaking? A detector gives a probability per window of 16 kHz sound; [`super::segment`] decides.

/// A voice activity detector with a memory: windows are given in order, without holes.
pub trait Vad: Send {
    /// Samples of a window, at 16 kHz.
    fn window(&self) -> usize;
    /// Probability (0..1) that there is speech in the next window of exactly [`Vad::window`] samples (±1.0).
    fn probability(&mut self, window: &[f32]) -> f32;
    /// Forgets everything: what follows is another sound.
    fn reset(&mut self);
}

/// earshot: a small neural network compiled in, windows of 16 ms, about 3000 times faster than real time.
pub struct Earshot {
    detector: Box<earshot::Detector>,
    clean: [f32; Self::WINDOW],
}

impl Earshot {
    const WINDOW: usize = 256;
}

impl Default for Earshot {
    fn default() -> Self {
        Self { detector: Box::default(), clean: [0.0; Self::WINDOW] }
    }
}

impl Vad for Earshot {
    fn window(&self) -> usize {
        Self::WINDOW
    }

    fn probability(&mut self, window: &[f32]) -> f32 {
        // It asserts the length and the range, and a sample that is no number would stay in its memory.
        self.clean.fill(0.0);
        for (clean, &sample) in self.clean.iter_mut().zip(window) {
            *clean = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        self.detector.predict_f32(&self.clean).clamp(0.0, 1.0)
    }

    fn reset(&mut self) {
        self.detector.reset();
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

    /// The script goes on: a reset is no event in it.
    fn reset(&mut self) {}
}
