//! A bar for each thing that can be recorded, which moves while it hears something.

use indicatif::{ProgressBar, ProgressStyle};

use super::choices::Candidate;
use crate::base::text::fit;
use crate::cli::growing;
use crate::engine::levels::{Level, Levels};
use crate::recording::DeviceSpec;

/// Cells of a bar.
const CELLS: usize = 20;
/// What the left end of a bar stands for, in dBFS: a quiet room.
const LEFT_DBFS: f64 = -60.0;
/// Eighths of a cell.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The bars, and the devices behind them.
pub(super) struct Meters {
    lines: Vec<Line>,
    levels: Option<Levels>,
}

struct Line {
    label: String,
    bar: ProgressBar,
    /// Its place among the levels; or why it can't be listened to.
    place: Result<usize, String>,
}

impl Meters {
    /// Bars of `candidates`, whose devices have been looked up; `listen` opens those that there are.
    pub(super) fn new(
        candidates: &[Candidate],
        found: Vec<Result<Vec<DeviceSpec>, String>>,
        listen: impl FnOnce(Vec<DeviceSpec>) -> anyhow::Result<Levels>,
    ) -> anyhow::Result<Self> {
        let (mut devices, mut lines) = (Vec::new(), Vec::new());
        for (n, (candidate, found)) in candidates.iter().zip(found).enumerate() {
            let place = found.and_then(|mut own| {
                devices.push(own.pop().ok_or_else(|| "is not there".to_owned())?);
                Ok(devices.len() - 1)
            });
            let bar = growing::add(ProgressBar::new_spinner().with_style(style()));
            lines.push(Line { label: format!("{:>4}  {{}}  {}", n + 1, candidate.label), bar, place });
        }
        Ok(Self { lines, levels: Some(listen(devices)?) })
    }

    /// Shows how loud it is now.
    pub(super) fn show(&mut self) {
        let levels = self.levels.as_mut().map(Levels::look).unwrap_or_default();
        let room = growing::columns().saturating_sub(1);
        for line in &self.lines {
            let told = match &line.place {
                Ok(place) => levels.get(*place).map(told).unwrap_or_default(),
                Err(why) => format!("{:CELLS$}          {why}", ""),
            };
            line.bar.set_message(fit(&line.label.replacen("{}", &told, 1), room));
        }
    }
}

impl Drop for Meters {
    fn drop(&mut self) {
        for line in &self.lines {
            growing::clear(&line.bar);
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// `▕████████▌           ▏ -12 dB`
fn told(level: &Level) -> String {
    let dbfs = 20.0 * f64::from(level.peak).log10();
    let says = match level {
        Level { trouble: Some(_), .. } => "trouble".to_owned(),
        Level { open: false, .. } => "opening".to_owned(),
        Level { peak, .. } if *peak <= 0.0 => "silent".to_owned(),
        _ => format!("{dbfs:.0} dB"),
    };
    let share = if level.peak > 0.0 { ((dbfs - LEFT_DBFS) / -LEFT_DBFS).clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * (CELLS * 8) as f64).round() as usize;
    let cell = |n: usize| EIGHTHS[eighths.saturating_sub(n * 8).min(8)];
    let bar: String = (0..CELLS).map(cell).collect();
    format!("▕{bar}▏ {says:>7}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_how_loud_it_is() {
        let at = |peak: f32| told(&Level { open: true, peak, trouble: None });
        assert_eq!(at(0.0), format!("▕{}▏  silent", " ".repeat(20)));
        assert_eq!(at(1.0), format!("▕{}▏    0 dB", "█".repeat(20)));
        // -30 dB is the middle.
        assert_eq!(at(0.031_622_8), format!("▕{}{}▏  -30 dB", "█".repeat(10), " ".repeat(10)));
        assert!(told(&Level::default()).ends_with("opening"));
    }
}
