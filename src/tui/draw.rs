//! The view's picture. Pure: what a [`View`] knows, on so many columns and rows.
//!
//! Only the 16 colours that terminals have names for, bold, dim and reverse; a colour never says anything
//! alone.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;

use super::Keys;
use super::mode::{CHOICES, Choosing, Mode, Question, Typing};
use super::page::{COLUMNS_MIN, Layout, Page, ROWS_MIN, alarm_lines};
use super::view::View;
use crate::base::text::{clean, clock, columns, count, fit, length, timer, wrap};
use crate::live::Doing;

mod sources;
mod talk;

/// With so little room on the disk it is a warning, in seconds.
const DISK_LOW_S: f64 = 3600.0;

const HELP: [&str; 9] = [
    "d a q n m  mark a decision, action, question, note, any",
    "e, r, x    edit the last mark, rename, mute a source",
    "P          pause (then y), go on   Ctrl-C  end (asked)",
    "PgUp PgDn  scroll (↑ ↓ by a line, Home to the beginning)",
    "End        follow what is said",
    "/          search; n earlier, N later, Esc leaves it",
    "Esc        put alarms aside (what stays comes back)",
    "l          what programs wrote to stderr",
    "any key closes this",
];
const HELP_WATCHING: [&str; 6] = [
    "PgUp PgDn  scroll (↑ ↓ by a line, Home to the beginning)",
    "End        follow what is said",
    "/          search; n earlier, N later, Esc leaves it",
    "Esc        put alarms aside (what stays comes back)",
    "q, Ctrl-C  leave; the recording goes on",
    "any key closes this",
];

/// Draws all of it.
pub fn draw(view: &View, frame: &mut Frame<'_>) {
    let area = frame.area();
    let paint = Paint { view, width: usize::from(area.width) };
    if area.width < COLUMNS_MIN || area.height < ROWS_MIN {
        paint.too_small(frame.buffer_mut(), area);
        return;
    }
    let layout = Layout::of(view);
    let buffer = frame.buffer_mut();
    let mut lines = vec![paint.header(), paint.banner()];
    lines.extend(paint.sources(layout.sources));
    lines.extend(layout.alarms.iter().map(|line| paint.alarm(line)));
    lines.push(paint.rule());
    let mut row = lines.len() as u16 + layout.talk as u16;
    lines.extend(paint.talk(&Page::of(view)).into_iter().take(layout.talk));
    for (y, line) in (0..).zip(&lines) {
        buffer.set_line(0, y, line, area.width);
    }
    for (n, line) in view.strays(layout.strays).into_iter().enumerate() {
        let whose = if line.starts_with("hansard: ") { "" } else { "stderr: " };
        let line = Line::styled(fit(&format!(" {whose}{line}"), paint.width), dim());
        buffer.set_line(0, row + n as u16, &line, area.width);
    }
    row += layout.strays as u16;
    if let Mode::Help = view.mode {
        paint.help(buffer, Rect { y: 1, height: area.height - 1, ..area });
        return;
    }
    if layout.foot == 3 {
        buffer.set_line(0, row, &Line::styled("─".repeat(paint.width), dim()), area.width);
        paint.prompt(buffer, Rect { y: row + 1, height: 1, ..area });
        buffer.set_line(0, row + 2, &paint.hints(), area.width);
    } else if view.message().is_some()
        || !matches!(view.mode, Mode::Normal)
        || view.transcript.search.is_some()
    {
        paint.prompt(buffer, Rect { y: row, height: 1, ..area });
    } else {
        buffer.set_line(0, row, &paint.hints(), area.width);
    }
}

/// What the parts of the picture share.
struct Paint<'a> {
    view: &'a View,
    width: usize,
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn reversed() -> Style {
    Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
}

impl Paint<'_> {
    /// A style with a colour, where colours are wanted.
    fn coloured(&self, style: Style, colour: Color) -> Style {
        if self.view.options.colour { style.fg(colour) } else { style }
    }

    /// `● REC 0:41:07  Weekly sync        safe to 0:41:06 · disk 56 h · bat 83 %`
    fn header(&self) -> Line<'static> {
        let view = self.view;
        let doing = view.status.as_ref().map(|status| status.doing);
        let (sign, style) = match doing {
            _ if view.over => ("■ OVER".to_owned(), bold()),
            _ if view.silent_for().is_some() => {
                let seconds = view.silent_for().unwrap_or_default();
                (format!("? NO NEWS FOR {seconds:.0} s"), self.coloured(reversed(), Color::Red))
            }
            None => ("○ STARTING".to_owned(), bold()),
            Some(Doing::Recording) => ("● REC".to_owned(), self.coloured(bold(), Color::Red)),
            Some(Doing::Paused) => ("‖ PAUSED".to_owned(), reversed()),
            Some(Doing::Ending) => ("■ ENDING".to_owned(), bold()),
            Some(Doing::Finishing) => ("■ SAFE, finishing the text".to_owned(), bold()),
        };
        let time = clock(view.at, true);
        let begun = columns(&sign) + columns(&time) + 2;
        let right = self.right(self.width.saturating_sub(begun + 2));
        let room = self.width.saturating_sub(begun + columns(&right) + 4);
        let title = view.status.as_ref().map(|status| clean(&status.title)).unwrap_or_default();
        let title = if room >= 4 { fit(&title, room) } else { String::new() };
        let used = begun + 2 + columns(&title);
        let gap = self.width.saturating_sub(used + columns(&right) + 1);
        let disk_low =
            view.status.as_ref().and_then(|status| status.disk_seconds).is_some_and(|s| s < DISK_LOW_S);
        Line::from(vec![
            Span::raw(" "),
            Span::styled(sign, style),
            Span::raw(" "),
            Span::styled(time, bold()),
            Span::raw(format!("  {title}{}", " ".repeat(gap))),
            Span::styled(right, if disk_low { bold() } else { Style::new() }),
        ])
    }

    /// What there is room for, the most important first.
    fn right(&self, room: usize) -> String {
        let view = self.view;
        let mut parts = Vec::new();
        if let Some(safe) = view.safe_to() {
            parts.push(format!("safe to {}", clock(safe, true)));
        }
        if let Some(seconds) = view.status.as_ref().and_then(|status| status.disk_seconds) {
            parts.push(match seconds {
                s if s < DISK_LOW_S => format!("DISK {:.0} min", (s / 60.0).floor()),
                s if s < 1000.0 * 3600.0 => format!("disk {:.0} h", (s / 3600.0).floor()),
                _ => "disk >999 h".to_owned(),
            });
        }
        parts.extend(view.battery.map(|percent| format!("bat {percent} %")));
        while columns(&parts.join(" · ")) > room {
            parts.pop();
        }
        parts.join(" · ")
    }

    /// A rule, or that nothing is recorded.
    fn banner(&self) -> Line<'static> {
        let paused = self.view.status.as_ref().and_then(|status| status.paused_for);
        if !self.view.is_paused() {
            return Line::styled("─".repeat(self.width), dim());
        }
        let text = format!(
            " PAUSED for {}: NOTHING IS RECORDED{}",
            timer(paused.unwrap_or_default()),
            if self.view.options.keys == Keys::Look { "" } else { " · P goes on" }
        );
        Line::styled(format!("{text:<width$}", width = self.width), reversed())
    }

    fn alarm(&self, line: &str) -> Line<'static> {
        let style = self.coloured(reversed(), Color::Red);
        Line::styled(format!("{line}{}", " ".repeat(self.width.saturating_sub(columns(line)))), style)
    }

    /// The rule above the text says whether it follows.
    fn rule(&self) -> Line<'static> {
        let view = self.view;
        let aside = view.alarms.aside(view.now);
        let mut says = Vec::new();
        if aside > 0 {
            says.push(format!("{} put aside", count(aside as u64, "alarm")));
        }
        match view.transcript.foot() {
            None => says.push("following".to_owned()),
            Some(_) => says.push(format!("SCROLLED BACK, {} below · End follows", view.transcript.below())),
        }
        let says = format!(" {} ", says.join(" · "));
        let left = self.width.saturating_sub(columns(&says) + 2);
        let style = if aside > 0 || view.transcript.foot().is_some() { bold() } else { dim() };
        Line::from(vec![
            Span::styled("─".repeat(left), dim()),
            Span::styled(says, style),
            Span::styled("──", dim()),
        ])
    }

    /// What is typed, asked or said.
    fn prompt(&self, buffer: &mut Buffer, area: Rect) {
        let view = self.view;
        let line = match &view.mode {
            Mode::Typing(typing, area_of_text) => {
                let label = match typing {
                    Typing::Mark { kind, at } => {
                        let kind = kind.map_or("Mark", |kind| kind.title());
                        format!(" {kind} at {} › ", clock(*at, true))
                    }
                    Typing::Remark(mark) => {
                        format!(" {} at {}, edited › ", mark.kind.title(), clock(mark.at, true))
                    }
                    Typing::Name { from } => format!(" {} is called › ", fit(from, self.width / 3)),
                    Typing::Search => " / ".to_owned(),
                };
                let used = (columns(&label) as u16).min(area.width);
                buffer.set_line(area.x, area.y, &Line::styled(label, bold()), area.width);
                let rest = Rect { x: area.x + used, width: area.width - used, ..area };
                if rest.width > 0 {
                    (&**area_of_text).render(rest, buffer);
                }
                return;
            }
            Mode::Asking(Question::Pause, ..) => {
                Line::styled(" Pause the recording? y pauses, any other key goes on ", reversed())
            }
            Mode::Asking(Question::End, ..) if view.options.keys == Keys::Remote => {
                Line::styled(" y ends the RECORDING, Ctrl-C leaves; other keys: no ", reversed())
            }
            Mode::Asking(Question::End, ..) => {
                Line::styled(" End the recording? Ctrl-C again or y: yes, other keys: no ", reversed())
            }
            Mode::Choosing(choosing, names) => self.choice(*choosing, names),
            _ => self.said(),
        };
        buffer.set_line(area.x, area.y, &line, area.width);
    }

    fn choice(&self, choosing: Choosing, names: &[String]) -> Line<'static> {
        let what = match choosing {
            Choosing::Name => "Rename",
            Choosing::Mute => "Mute, or hear again",
        };
        let mut spans = vec![Span::styled(format!(" {what} "), bold())];
        for (key, name) in CHOICES.chars().zip(names) {
            spans.push(Span::styled(format!(" {key}"), reversed()));
            spans.push(Span::raw(format!(" {name} ")));
        }
        Line::from(spans)
    }

    fn said(&self) -> Line<'static> {
        let view = self.view;
        if let Some((text, refused)) = view.message() {
            let sign = if refused { "! " } else { "" };
            let style = if refused { self.coloured(bold(), Color::Red) } else { bold() };
            return Line::styled(fit(&format!(" {sign}{text}"), self.width), style);
        }
        let Some(search) = &view.transcript.search else { return Line::default() };
        let (all, place) = view.transcript.matches();
        let place = place.map_or_else(|| "none shown".to_owned(), |place| place.to_string());
        Line::styled(
            fit(
                &format!(" search {:?}: {place} of {all} · n earlier  N later  Esc leaves it", search.needle),
                self.width,
            ),
            bold(),
        )
    }

    fn hints(&self) -> Line<'static> {
        let (left, right) = match (&self.view.mode, self.view.options.keys) {
            (Mode::Typing(Typing::Search, _), _) => ("Enter searches  Esc leaves it", ""),
            (Mode::Typing(..), _) => ("Enter saves  Esc cancels", ""),
            (Mode::Choosing(..), _) => ("any other key cancels", ""),
            (_, Keys::Look) => ("watching · / search  ? help", "q leaves"),
            (_, keys) => {
                let left = if self.width < 78 {
                    "d a q n m mark  P pause  / search  ? help"
                } else {
                    "d decision  a action  q question  n note  P pause  / search  ? help"
                };
                (left, if keys == Keys::Own { "^C end" } else { "^C leave" })
            }
        };
        let gap = self.width.saturating_sub(columns(left) + columns(right) + 2);
        Line::styled(format!(" {left}{}{right} ", " ".repeat(gap)), dim())
    }

    fn help(&self, buffer: &mut Buffer, area: Rect) {
        let keys: &[&str] = if self.view.options.keys == Keys::Look { &HELP_WATCHING } else { &HELP };
        // An address that is too long for a line goes on in the next one.
        let room = self.width.saturating_sub(2).max(1);
        let page = self.view.options.page.map(|page| format!("page       {page}")).unwrap_or_default();
        let page = page.as_bytes().chunks(room).filter_map(|part| std::str::from_utf8(part).ok());
        let mut lines: Vec<&str> = page.chain(keys.iter().copied()).collect();
        if lines.len() < usize::from(area.height) {
            lines.insert(0, "");
        }
        for row in 0..area.height {
            let text = lines.get(usize::from(row)).copied().unwrap_or("");
            let line = format!(" {text:<width$}", width = self.width.saturating_sub(1));
            buffer.set_line(area.x, area.y + row, &Line::raw(line), area.width);
        }
    }

    /// There is no room for more than that it goes on, and what is wrong.
    fn too_small(&self, buffer: &mut Buffer, area: Rect) {
        let view = self.view;
        let mut lines = vec![self.header()];
        if view.is_paused() {
            lines.push(self.banner());
        }
        let asked = matches!(view.mode, Mode::Asking(..) | Mode::Typing(..));
        lines.extend(alarm_lines(view, self.width, 4).iter().map(|line| self.alarm(line)));
        lines.push(Line::styled(" The recording goes on.", bold()));
        let text = format!(
            "This window is too small to show more ({}×{}; {COLUMNS_MIN}×{ROWS_MIN} is enough).",
            area.width, area.height
        );
        lines.extend(
            wrap(&text, self.width.saturating_sub(2).max(1))
                .into_iter()
                .map(|line| Line::raw(format!(" {line}"))),
        );
        let room = area.height.saturating_sub(u16::from(asked));
        for (row, line) in (0..room).zip(lines) {
            buffer.set_line(area.x, area.y + row, &line, area.width);
        }
        if asked && area.height > 0 {
            self.prompt(buffer, Rect { y: area.y + area.height - 1, height: 1, ..area });
        }
    }
}

/// Seconds in the few columns of a table: `0.3 s`, `12 s`, `4 min`.
fn short(seconds: f64) -> String {
    if seconds < 100.0 { length(seconds) } else { format!("{:.0} min", seconds / 60.0) }
}
