//! What is wrong with a clock, for people.

use crate::base::clock_map::{ClockFit, ClockPiece};

/// A clock further from its nominal rate than this, in parts per million, is not a working crystal's …
const CLOCK_PPM_MAX: f64 = 1_000.0;
/// … and with residuals above this, in milliseconds, its times can't be relied on.
const CLOCK_RESIDUAL_MS_MAX: f64 = 20.0;
/// Seconds of sound before a clock is judged: until then it is only guessed at.
const CLOCK_AFTER_S: f64 = 60.0;

/// What is wrong with the clock of a take, for people; `None` if nothing is. A short take is never
/// judged.
pub fn clock_trouble(fit: &ClockFit, seconds: f64) -> Option<String> {
    if fit.points == 0 || seconds < CLOCK_AFTER_S {
        return None;
    }
    let nominal = fit.rate / (1.0 + fit.ppm * 1e-6);
    let ppm = |piece: &ClockPiece| (piece.rate / nominal - 1.0) * 1e6;
    let pieces = fit.pieces();
    let worst = pieces.iter().map(ppm).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(fit.ppm);
    rate_trouble(worst, 0.0, nominal).or_else(|| uneven_trouble(fit.residual_ms))
}

/// What is wrong with a device that runs `ppm` off its `nominal` rate, known to ± `uncertain` ppm; `None` if
/// nothing, for sure.
pub fn rate_trouble(ppm: f64, uncertain: f64, nominal: f64) -> Option<String> {
    (ppm.abs() - uncertain > CLOCK_PPM_MAX).then(|| {
        format!(
            "runs {ppm:+.0} ppm off its rate of {nominal:.0} Hz: times are corrected for it, but no working device is further off than \
             {CLOCK_PPM_MAX:.0}; is its rate set right?"
        )
    })
}

/// What is wrong with deliveries whose earliest lie this far from any line, in milliseconds; `None` if
/// nothing is.
pub fn uneven_trouble(residual_ms: f64) -> Option<String> {
    (residual_ms > CLOCK_RESIDUAL_MS_MAX).then(|| {
        format!(
            "delivers so unevenly that its times are known to {residual_ms:.0} ms only: is the computer busy, or the device on a bad hub?"
        )
    })
}
