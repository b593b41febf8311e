//! How loud a source is, for the eye: the loudness as a bar, the peak that is held, and whether it was cut
//! off.

use crate::live::TrackLevel;

/// Left end of a meter: quieter is silence to the eye.
const LEFT_DBFS: f64 = -60.0;
/// From here on it is loud, and from there on too loud, in dBFS.
pub(super) const LOUD_DBFS: f64 = -9.0;
pub(super) const TOO_LOUD_DBFS: f64 = -3.0;
/// A peak this high is cut off, or as good as that.
const CLIP_DBFS: f64 = -0.1;
/// Seconds for which a peak that was cut off is shown.
const CLIP_SHOWN_S: f64 = 5.0;

/// Parts of a cell, in eighths.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// What is known of one source.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Meter {
    pub(super) rms: Option<f64>,
    pub(super) peak: Option<f64>,
    /// Session second until which it is shown that a peak was cut off.
    clip_until: f64,
}

impl Meter {
    pub(super) fn hear(&mut self, level: &TrackLevel, at: f64) {
        (self.rms, self.peak) = (level.rms_dbfs, level.peak_dbfs);
        if level.peak_dbfs.is_some_and(|peak| peak >= CLIP_DBFS) {
            self.clip_until = at + CLIP_SHOWN_S;
        }
    }

    /// A peak was cut off some seconds ago.
    pub(super) fn clips(&self, at: f64) -> bool {
        at < self.clip_until
    }

    /// A cell each: its sign, and the level at which it stands.
    pub(super) fn cells(&self, count: usize) -> Vec<(char, f64)> {
        let share = |dbfs: f64| ((dbfs - LEFT_DBFS) / -LEFT_DBFS).clamp(0.0, 1.0);
        // What is loud on the whole is shown by its peak where nothing else is known.
        let filled = self.rms.or(self.peak).map_or(0.0, share) * count as f64;
        let peak = self.peak.map(|peak| ((share(peak) * count as f64) as usize).min(count.saturating_sub(1)));
        let sign = |cell: usize| {
            let part = filled - cell as f64;
            match part {
                part if part >= 1.0 => '█',
                _ if Some(cell) == peak => '│',
                part if part > 0.0 => EIGHTHS[(part * 8.0) as usize],
                _ => ' ',
            }
        };
        let dbfs = |cell: usize| LEFT_DBFS - LEFT_DBFS * (cell as f64 + 0.5) / count as f64;
        (0..count).map(|cell| (sign(cell), dbfs(cell))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rms: Option<f64>, peak: Option<f64>) -> String {
        let meter = Meter { rms, peak, ..Meter::default() };
        meter.cells(10).into_iter().map(|(sign, _)| sign).collect()
    }

    #[test]
    fn the_bar_is_the_loudness_and_the_stroke_the_peak() {
        assert_eq!(shown(None, None), " ".repeat(10));
        assert_eq!(shown(Some(-30.0), Some(-12.0)), "█████   │ ");
        assert_eq!(shown(Some(-33.0), Some(0.0)), "████▌    │");
        assert_eq!(shown(Some(0.0), Some(0.0)), "██████████");
        assert_eq!(shown(Some(-90.0), Some(-80.0)), "│         ");
    }

    #[test]
    fn what_was_cut_off_is_shown_for_a_while() {
        let mut meter = Meter::default();
        let level = |peak| TrackLevel { track: "a".into(), peak_dbfs: Some(peak), rms_dbfs: None };
        meter.hear(&level(-1.0), 10.0);
        assert!(!meter.clips(10.0));
        meter.hear(&level(0.0), 11.0);
        meter.hear(&level(-20.0), 12.0);
        assert!(meter.clips(15.9) && !meter.clips(16.1));
    }
}
