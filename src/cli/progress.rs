//! How far the text work is and how long it will still take: a bar at the bottom of a terminal, else a line
//! now and then.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::growing;
use super::say;
use crate::base::text::timer;
use crate::live::Progress;

/// Interval between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// The time that is left is told once this much has been done, in seconds of sound: the first segments say
/// little.
const TOLD_FROM_S: f64 = 30.0;

/// How far a session's text is.
pub(super) struct Bar {
    begun: Instant,
    /// Seconds of sound that were done at the beginning.
    done_before: Option<f64>,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Bar {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { begun: now, done_before: None, bar: None, last_line: now }
    }

    /// Shows what there is to show.
    pub(super) fn show(&mut self, Progress { done_s: done, total_s: total }: Progress) {
        let before = *self.done_before.get_or_insert(done);
        let left = left_s(done - before, total - done, self.begun.elapsed().as_secs_f64());
        let told = format!("{} of {}{}", timer(done), timer(total), left.map_or(String::new(), time_left));
        if std::io::stderr().is_terminal() {
            let new = || growing::add(ProgressBar::new((total * 1e3) as u64).with_style(style()));
            let bar = self.bar.get_or_insert_with(new);
            bar.set_position((done * 1e3) as u64);
            bar.set_message(told);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            say(format_args!("text: {told}"));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Seconds that `left_s` of sound will take, as `done_s` took `took_s`; `None` while that tells too little.
fn left_s(done_s: f64, left_s: f64, took_s: f64) -> Option<f64> {
    (done_s >= TOLD_FROM_S).then(|| left_s / done_s * took_s)
}

/// `, about 3 min left`
fn time_left(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..=90 => format!(", {s} s left"),
        s @ 91..=5_400 => format!(", about {} min left", (s + 30) / 60),
        s => format!(", about {}:{:02} h left", s / 3_600, s / 60 % 60),
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_bar} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_what_was_done() {
        assert_eq!(left_s(10.0, 3_000.0, 5.0), None, "too early");
        assert_eq!(left_s(60.0, 3_000.0, 6.0), Some(300.0));
        assert_eq!(
            [0.4, 90.0, 300.0, 7_260.0].map(time_left),
            [", 0 s left", ", 90 s left", ", about 5 min left", ", about 2:01 h left"]
        );
    }
}
