//! Where everything stands on the screen. Pure.

use super::transcript::{Entry, What};
use super::view::View;
use crate::base::text::{columns, wrap};

/// The least that the view needs; with less it says so.
pub(super) const COLUMNS_MIN: u16 = 60;
pub(super) const ROWS_MIN: u16 = 12;
/// From so many rows on there is room for lines that only please the eye.
const ROOMY: usize = 16;
/// Rows for what others wrote to stderr: by itself, and if somebody wants to see it.
const STRAYS: usize = 2;
const STRAYS_WANTED: usize = 8;
/// Columns of the time and what surrounds it.
pub(super) const TIME: usize = 10;
/// Columns of the longest name that is not cut.
const NAME_MAX: usize = 16;

/// Where everything stands, in rows from the top.
pub(super) struct Layout {
    pub(super) sources: usize,
    pub(super) alarms: Vec<String>,
    pub(super) talk: usize,
    pub(super) strays: usize,
    pub(super) foot: usize,
}

impl Layout {
    pub(super) fn of(view: &View) -> Self {
        let (width, height) = (usize::from(view.size.0), usize::from(view.size.1));
        let foot = if height < ROOMY { 1 } else { 3 };
        // Header, what stands below it, and the rule above the text.
        let room = height.saturating_sub(3 + foot);
        let tracks = view.status.as_ref().map_or(0, |status| status.tracks.len());
        let sources = tracks.min(room / 2).max(1);
        let alarms = alarm_lines(view, width, if height < ROOMY { 2 } else { (room / 4).max(2) });
        let wanted = if view.strays_wanted { STRAYS_WANTED } else { STRAYS };
        let left = room.saturating_sub(sources + alarms.len());
        let strays = view.strays(wanted.min(left / 2)).len();
        Self { sources, talk: left - strays, alarms, strays, foot }
    }
}

/// What is wrong, in up to so many lines.
pub(super) fn alarm_lines(view: &View, width: usize, rows: usize) -> Vec<String> {
    let alarms = view.alarms.shown(view.now);
    let mut lines: Vec<String> = Vec::new();
    for (n, alarm) in alarms.iter().enumerate() {
        let more = alarms.len() - n - 1;
        let room = rows.saturating_sub(lines.len() + usize::from(more > 0));
        let wrapped = wrap(alarm, width.saturating_sub(6).max(1));
        if n > 0 && wrapped.len() > room {
            if lines.len() < rows {
                lines.push(format!("   and {} more; Esc puts these aside", more + 1));
            }
            break;
        }
        // The first is always there to be read, as far as it goes.
        let room = room.max(1);
        let sign = |row: usize| if row == 0 { " ! " } else { "   " };
        lines.extend(wrapped.iter().take(room).enumerate().map(|(row, part)| format!("{}{part}", sign(row))));
        if wrapped.len() > room
            && let Some(last) = lines.last_mut()
        {
            last.push_str(" …");
        }
    }
    lines
}

/// The part of the text that is seen.
pub(super) struct Page {
    pub(super) rows: usize,
    pub(super) name: usize,
    pub(super) text: usize,
}

impl Page {
    pub(super) fn of(view: &View) -> Self {
        let longest = view.transcript.speakers().iter().map(|name| columns(name)).max().unwrap_or(0);
        let growing = view.transcript.growing().iter().map(|line| columns(&line.name)).max().unwrap_or(0);
        let name = longest.max(growing).clamp(4, NAME_MAX);
        let text = usize::from(view.size.0).saturating_sub(TIME + name + 3).max(10);
        Self { rows: Layout::of(view).talk.max(1), name, text }
    }

    /// Rows of an entry.
    pub(super) fn height(&self, entry: &Entry) -> usize {
        self.parts(entry).len()
    }

    /// The words of an entry, broken into lines.
    pub(super) fn parts(&self, entry: &Entry) -> Vec<String> {
        // What nobody said begins where names stand.
        let wide = self.text + self.name + 2;
        let parts = match &entry.what {
            What::Said { text, .. } => wrap(text, self.text),
            What::Mark { kind, text } => wrap(&format!("◆ {} {text}", kind.title().to_uppercase()), wide),
            What::Missing { text, .. } => wrap(&format!("── {text} ──"), wide),
            What::Happened { text, alarm: true } => wrap(&format!("! {text}"), wide),
            What::Happened { text, alarm: false } => wrap(&format!("· {text}"), wide),
        };
        if parts.is_empty() { vec![String::new()] } else { parts }
    }
}
