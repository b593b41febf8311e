//! How two tracks sound around an utterance: which is the louder one, and whether one follows the other.

use std::ops::Range;

use super::tokens::Token;
use super::{CORRELATE_MIN, CORRELATED, LAG_CLEAR, LAG_MAX, Levels, SHIFT_S};
use crate::audio::level::WINDOW_S;
use crate::base::utterance::Utterance;

/// The recogniser's word times are this uncertain, so a level is never taken over less (seconds).
const WORD_SPAN_MIN_S: f64 = 0.15;

/// The envelopes of two tracks around an utterance.
pub(super) struct Sound {
    /// Session seconds of the first window of both.
    from_s: f64,
    this: Vec<f32>,
    other: Vec<f32>,
    /// Of the envelopes over what matched, with the other track `lag` windows earlier; 0 if the order in time
    /// is the reverse.
    pub(super) correlation: f64,
    pub(super) lag: usize,
    /// Windows that were correlated.
    pub(super) stretch: usize,
    /// The same sound is on the other track, but later: this one is the source, however soft it is.
    pub(super) leads: bool,
}

impl Sound {
    pub(super) fn read(new: &Utterance, track: &str, levels: &dyn Levels) -> Option<Self> {
        let margin = SHIFT_S + LAG_MAX as f64 * WINDOW_S;
        let (from_s, to_s) = (new.start - margin, new.end + margin);
        let this = levels.envelope(&new.track, from_s, to_s);
        let other = levels.envelope(track, from_s, to_s);
        let known = !this.is_empty() && !other.is_empty();
        known.then_some(Self { from_s, this, other, correlation: 0.0, lag: 0, stretch: 0, leads: false })
    }

    /// Windows of a span of session time, at least [`WORD_SPAN_MIN_S`] wide.
    fn windows(&self, start: f64, end: f64) -> Range<usize> {
        let wider = (WORD_SPAN_MIN_S - (end - start)).max(0.0) / 2.0;
        let index = |s: f64| ((s - self.from_s) / WINDOW_S).round().max(0.0) as usize;
        index(start - wider)..index(end + wider)
    }

    /// Finds how late this track follows the other, over a span of session time.
    pub(super) fn correlate(&mut self, start: f64, end: f64) {
        let span = self.windows(start, end);
        let at = |lag: isize| -> f64 {
            let Some(from) = span.start.checked_add_signed(-lag) else { return 0.0 };
            let (Some(x), Some(y)) = (self.this.get(span.clone()), self.other.get(from..from + span.len()))
            else {
                return 0.0;
            };
            pearson(x, y)
        };
        let max = LAG_MAX as isize;
        let best = (-max..=max).map(|lag| (at(lag), lag)).max_by(|a, b| a.0.total_cmp(&b.0));
        self.stretch = span.len();
        match best {
            Some((correlation, lag)) if lag >= 0 => {
                self.correlation = correlation;
                self.lag = if correlation >= CORRELATED { lag.unsigned_abs() } else { 0 };
            }
            Some((correlation, lag)) => {
                let clear = lag.unsigned_abs() >= LAG_CLEAR && self.stretch >= CORRELATE_MIN;
                self.leads = clear && correlation >= CORRELATED;
            }
            None => {}
        }
    }

    /// This track's level at a word, dB.
    pub(super) fn here(&self, token: &Token) -> f64 {
        db(clipped(&self.this, self.windows(token.start, token.end)))
    }

    /// This track's level at a word against the other's, dB.
    pub(super) fn difference(&self, token: &Token) -> f64 {
        let Range { start, end } = self.windows(token.start, token.end);
        let there = clipped(&self.other, start.saturating_sub(self.lag)..end.saturating_sub(self.lag));
        self.here(token) - db(there)
    }
}

fn clipped(envelope: &[f32], span: Range<usize>) -> &[f32] {
    let end = span.end.min(envelope.len());
    &envelope[span.start.min(end)..end]
}

/// Level of a stretch of windows in dB full scale, -120 where there is nothing.
pub(super) fn db(envelope: &[f32]) -> f64 {
    let power: f64 = envelope.iter().map(|rms| f64::from(*rms).powi(2)).sum();
    10.0 * (power / envelope.len().max(1) as f64).max(1e-12).log10()
}

fn pearson(x: &[f32], y: &[f32]) -> f64 {
    let n = x.len() as f64;
    let mean = |v: &[f32]| v.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
    let (mx, my) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        let (a, b) = (f64::from(*a) - mx, f64::from(*b) - my);
        xy += a * b;
        xx += a * a;
        yy += b * b;
    }
    if xx > 0.0 && yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}
