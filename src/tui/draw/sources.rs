//! A line a source: its meter, what it does, how much was said there, how far its text is behind.

use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::{Paint, bold, dim, reversed, short};
use crate::base::text::{clean, columns, count, fit, pad, pad_left};
use crate::live::{Device, TrackStatus};
use crate::tui::meter::{LOUD_DBFS, TOO_LOUD_DBFS};

/// Columns: of the longest name that is not cut, of a device's name, of a meter.
const NAME_MAX: usize = 14;
const DEVICE: std::ops::RangeInclusive<usize> = 13..=30;
const METER: std::ops::RangeInclusive<usize> = 6..=60;
/// From so many columns on devices have a column.
const WITH_DEVICE: usize = 76;
/// Columns of what stands besides names and meter.
const BESIDE: usize = 35;
/// Text that is less behind than this is up to date: a line is finished some seconds after its words.
const LAG_S: f64 = 3.0;

/// How wide the columns are.
struct Widths {
    name: usize,
    /// 0: there is none.
    device: usize,
    meter: usize,
}

impl Paint<'_> {
    /// One line a source, up to so many.
    pub(super) fn sources(&self, rows: usize) -> Vec<Line<'static>> {
        let Some(status) = &self.view.status else {
            return vec![Line::styled(" opening the sources …", dim())];
        };
        let tracks: Vec<(usize, &TrackStatus)> = status.tracks.iter().enumerate().collect();
        let widths = self.widths(&status.tracks);
        if tracks.len() <= rows {
            return tracks.into_iter().map(|(n, track)| self.source(n, track, &widths)).collect();
        }
        // Those with trouble are shown first, in the user's order.
        let is_well = |track: &TrackStatus| track.alarms.is_empty() && track.trouble.is_none();
        let mut shown = tracks.clone();
        shown.sort_by_key(|(n, track)| (is_well(track), *n));
        let left = shown.split_off(rows.saturating_sub(1));
        shown.sort_by_key(|(n, _)| *n);
        let wrong = left.iter().filter(|(_, track)| !is_well(track)).count();
        let wrong = if wrong > 0 { format!(", {wrong} with an ALARM") } else { ", all well".to_owned() };
        let more = format!("   and {}{wrong}", count(left.len() as u64, "more source"));
        let lines = shown.into_iter().map(|(n, track)| self.source(n, track, &widths));
        lines.chain([Line::styled(more, dim())]).collect()
    }

    fn widths(&self, tracks: &[TrackStatus]) -> Widths {
        let longest = tracks.iter().map(|track| columns(&self.view.called(track))).max().unwrap_or(0);
        let name = longest.clamp(4, NAME_MAX);
        let device = if self.width < WITH_DEVICE {
            0
        } else {
            ((self.width - 50) / 2).clamp(*DEVICE.start(), *DEVICE.end())
        };
        let left = self.width.saturating_sub(BESIDE + name + if device > 0 { device + 1 } else { 0 });
        Widths { name, device, meter: left.clamp(*METER.start(), *METER.end()) }
    }

    fn source(&self, n: usize, track: &TrackStatus, widths: &Widths) -> Line<'static> {
        let alarm = self.view.alarms.has(&track.track);
        let name = pad(&fit(&self.view.called(track), widths.name), widths.name);
        let mut spans = vec![
            Span::styled(format!("{:>2} ", n + 1), dim()),
            Span::styled(name, if alarm { self.coloured(bold(), Color::Red) } else { bold() }),
            Span::raw(" "),
        ];
        if let (Device::Opening, Some(trouble)) = (track.device, &track.trouble) {
            let room = self.width.saturating_sub(widths.name + 5);
            let text = fit(&format!("NOT THERE: {}", clean(trouble)), room);
            spans.push(Span::styled(text, self.coloured(bold(), Color::Red)));
            return Line::from(spans);
        }
        if widths.device > 0 {
            let called =
                self.view.devices.get(&track.source).map_or_else(|| clean(&track.source), Clone::clone);
            spans.push(Span::styled(pad(&fit(&called, widths.device), widths.device), dim()));
            spans.push(Span::raw(" "));
        }
        self.meter(track, widths.meter, &mut spans);
        let talk = self.view.transcript.talk(&track.track).map_or_else(String::new, talked);
        spans.push(Span::raw(format!(" {}  ", pad_left(&talk, 7))));
        spans.push(self.last(track, alarm));
        Line::from(spans)
    }

    /// `▕████▌ │ ▏ -12 dB`
    fn meter(&self, track: &TrackStatus, width: usize, spans: &mut Vec<Span<'static>>) {
        let meter = self.view.meters.get(&track.track).copied().unwrap_or_default();
        let is_open = track.device == Device::Open && !self.view.is_paused();
        let cells = if is_open { meter.cells(width) } else { vec![(' ', 0.0); width] };
        spans.push(Span::styled("▕", dim()));
        let mut run = (String::new(), Style::new());
        for (sign, dbfs) in cells {
            let colour = match dbfs {
                dbfs if dbfs >= TOO_LOUD_DBFS => Color::Red,
                dbfs if dbfs >= LOUD_DBFS => Color::Yellow,
                _ => Color::Green,
            };
            let style = self.coloured(Style::new(), colour);
            if style != run.1 && !run.0.is_empty() {
                spans.push(Span::styled(std::mem::take(&mut run.0), run.1));
            }
            run.0.push(sign);
            run.1 = style;
        }
        spans.push(Span::styled(run.0, run.1));
        spans.push(Span::styled("▏", dim()));
        let (says, style) = match (track.device, meter.peak) {
            _ if self.view.is_paused() => ("paused".to_owned(), bold()),
            _ if track.muted_since.is_some() => {
                ("MUTED".to_owned(), self.coloured(reversed(), Color::Yellow))
            }
            (Device::Ended, _) => ("ended".to_owned(), dim()),
            (Device::Opening, _) => ("opening".to_owned(), dim()),
            _ if meter.clips(self.view.at) => ("CLIPS".to_owned(), self.coloured(reversed(), Color::Red)),
            (Device::Open, None) => ("silent".to_owned(), dim()),
            (Device::Open, Some(peak)) => (format!("{peak:.0} dB"), Style::new()),
        };
        spans.push(Span::raw(" ".repeat(8_usize.saturating_sub(columns(&says)))));
        spans.push(Span::styled(says, style));
    }

    /// What matters most of the rest.
    fn last(&self, track: &TrackStatus, alarm: bool) -> Span<'static> {
        if alarm {
            return Span::styled("ALARM", self.coloured(reversed(), Color::Red));
        }
        if track.lost >= 0.05 {
            return Span::styled(format!("LOST {}", short(track.lost)), self.coloured(bold(), Color::Red));
        }
        match track.text_lag {
            None => Span::styled("no text", dim()),
            Some(lag) if lag < LAG_S => Span::styled("text now", dim()),
            Some(lag) => Span::raw(format!("text {}", short(lag))),
        }
    }
}

/// `0:14`, `1:02:33`.
fn talked(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}
