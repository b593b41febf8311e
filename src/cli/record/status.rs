//! What `record` shows while it runs.

use std::sync::Arc;

use crate::cli::text::{clock, say};
use crate::recording::Recording;
use crate::speech::analysis::Analysis;

/// The status lines: one per track every few seconds.
pub(super) struct Status {
    recording: Arc<Recording>,
    analysis: Option<Arc<std::sync::Mutex<Analysis>>>,
}

impl Status {
    pub(super) fn new(recording: Arc<Recording>, analysis: Option<Arc<std::sync::Mutex<Analysis>>>) -> Self {
        Self { recording, analysis }
    }

    pub(super) fn print(&mut self) {
        let now = self.recording.clock.now().seconds();
        for (lane, device) in self.recording.lanes.iter().enumerate() {
            let view = device.view();
            let paused = self.recording.paused_since().is_some();
            let level = match (&view.trouble, view.open, view.ended) {
                _ if paused => "paused".to_owned(),
                (_, _, true) => "ended".to_owned(),
                (_, true, _) if view.peak > 0.0 => format!("{:>4.0} dBFS", 20.0 * view.peak.log10()),
                (_, true, _) => "silent".to_owned(),
                (Some(trouble), ..) => trouble.clone(),
                (None, false, _) => "opening".to_owned(),
            };
            for (index, track) in self.recording.tracks_of(lane) {
                let (missing, lost) = track.missing();
                let written = track.takes().iter().map(|t| t.written().seconds(t.entry.rate)).sum::<f64>();
                let lag = self.text_lag(index, now);
                say(format_args!(
                    "{:<16} {level:>10}  {} recorded  gaps {missing:.1} s  lost {lost:.1} s{lag}",
                    track.name,
                    clock(written),
                ));
            }
        }
    }

    fn text_lag(&self, track: usize, now: f64) -> String {
        let Some(analysis) = &self.analysis else { return String::new() };
        let until = analysis.lock().unwrap_or_else(std::sync::PoisonError::into_inner).text_until(track);
        format!("  text {:.0} s behind", (now - until).max(0.0))
    }
}
