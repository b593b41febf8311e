//! News on the terminal: lines of text to stdout, what happens besides to stderr. Each subscriber has a
//! thread of its own and never holds anything up.

use std::collections::{BTreeMap, HashMap};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::console::{print_waiting, say, status};
use super::progress::Bar;
use crate::base::text::{clean, fit, timer};
use crate::base::utterance::Utterance;
use crate::live::{
    Bus, Cursor, Device, Doing, JsonLines, News, Notice, Stage, Status, Subscription, TrackStatus,
    display_name,
};
use crate::session::hiding::Hiding;
use crate::session::journal::Event;
use crate::session::naming::Naming;
use crate::session::people::NamedBy;

/// The threads that show news; they end with the news.
#[derive(Default)]
pub(super) struct Shown {
    threads: Vec<JoinHandle<()>>,
}

impl Shown {
    /// Shows lines of text: as JSON, or for people.
    pub(super) fn lines(&mut self, news: Subscription, json: bool) {
        self.spawn("lines", move || show_lines(news, json));
    }

    /// Shows what happens, and each `status_every` how it goes; `None` tells changes alone.
    pub(super) fn notices(&mut self, news: Subscription, status_every: Option<Duration>) {
        self.spawn("notices", move || Notices::new(status_every).show(news));
    }

    /// Shows how far the text of a finished session is.
    pub(super) fn progress(&mut self, mut news: Subscription) {
        self.spawn("progress", move || {
            let mut bar = Bar::new();
            while let Some(news) = news.wait() {
                if let News::Progress(progress) = news {
                    bar.show(progress);
                }
            }
        });
    }

    /// All that shows the text of a finished session while it is made.
    pub(super) fn of_transcribing(news: &Bus, lines: Option<bool>) -> Self {
        let mut shown = Self::default();
        if let Some(json) = lines {
            shown.lines(news.subscribe(), json);
            shown.notices(news.subscribe(), None);
        }
        shown.progress(news.subscribe());
        shown
    }

    fn spawn(&mut self, name: &str, show: impl FnOnce() + Send + 'static) {
        match std::thread::Builder::new().name(name.into()).spawn(show) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => tracing::warn!(%error, name, "no thread to show this"),
        }
    }

    /// The news are over: those that have shown all are joined. One that waits for its reader is left to the
    /// process's end.
    pub(super) fn end(self) {
        for thread in self.threads {
            if thread.is_finished() && thread.join().is_err() {
                tracing::error!("a thread that shows news panicked");
            }
        }
    }
}

fn show_lines(mut news: Subscription, json: bool) {
    let (mut lines, mut shown, mut hiding) = (JsonLines::default(), Lines::default(), Hiding::default());
    while let Some(told) = news.wait() {
        if let News::Event(line) = &told {
            hiding.hear(&line.event);
        }
        let names = news.naming();
        if json {
            if let Some(line) = lines.line(&told, Cursor::default(), names) {
                print_waiting(&line);
            }
            continue;
        }
        shown.renamed(names);
        if let News::Line(line) = &told
            && line.utterance.is_shown()
            && let Some(left) = hiding.left_of(&line.utterance)
        {
            shown.line(&left, names);
        }
    }
}

/// Columns of a line's text that is printed again with its voice.
const CORRECTED_COLUMNS: usize = 40;

/// Lines that were printed: what was printed stands there, so what is new about it is said once more.
#[derive(Default)]
struct Lines {
    /// By id, its voice, and who it was said to be.
    printed: HashMap<String, (Option<String>, String)>,
    /// By voice, its name as it was told last.
    voices: BTreeMap<String, String>,
}

impl Lines {
    fn line(&mut self, line: &Utterance, names: Option<&Naming>) {
        let (at, who) = (timer(line.start), clean(&display_name(names, line)));
        let voice = line.voice.as_ref();
        if let Some((id, name)) = voice.and_then(|id| Some((id, names?.of_voice(id)?))) {
            self.voices.insert(id.clone(), name.name.clone());
        }
        match self.printed.insert(line.id.clone(), (line.voice.clone(), who.clone())) {
            None => print_waiting(&format!("[{at}] {who}: {}", line.text)),
            Some((before, called)) if before.as_ref() != voice && called != who => {
                print_waiting(&format!("[{at}] is {who}: {}", fit(&line.text, CORRECTED_COLUMNS)));
            }
            Some(_) => {}
        }
    }

    /// Says who is called otherwise now than in the lines that stand there.
    fn renamed(&mut self, names: Option<&Naming>) {
        let Some(names) = names else { return };
        for (id, called) in &mut self.voices {
            let Some(now) = names.of_voice(id).filter(|now| now.name != *called) else { continue };
            let known = if now.by == NamedBy::Print { ", known by the voice" } else { "" };
            print_waiting(&format!("{} is {} now{known}", clean(called), clean(&now.name)));
            called.clone_from(&now.name);
        }
    }
}

/// What happens, and how it goes.
struct Notices {
    status_every: Option<Duration>,
    status_at: Instant,
    /// Highest level of each track since the last status, in dBFS.
    peaks: HashMap<String, f64>,
    /// The recording is safe: from here on its end says what is pending.
    is_safe: bool,
}

impl Notices {
    fn new(status_every: Option<Duration>) -> Self {
        Self { status_every, status_at: Instant::now(), peaks: HashMap::new(), is_safe: false }
    }

    fn show(mut self, mut news: Subscription) {
        while let Some(news) = news.wait() {
            match &news {
                News::Stage(Stage::Safe | Stage::AtOnce(_)) => self.is_safe = true,
                News::Event(line) if self.is_safe && matches!(line.event, Event::TextPending { .. }) => {
                    continue;
                }
                News::Levels(levels) => {
                    for level in &levels.tracks {
                        if let Some(peak) = level.peak_dbfs {
                            let highest = self.peaks.entry(level.track.clone()).or_insert(peak);
                            *highest = highest.max(peak);
                        }
                    }
                }
                News::Status(status) => self.show_status(status),
                _ => {}
            }
            if let Some(notice) = Notice::of(&news) {
                say(notice.text);
            }
        }
    }

    fn show_status(&mut self, now: &Status) {
        let Some(every) = self.status_every else { return };
        if self.status_at.elapsed() < every {
            return;
        }
        self.status_at = Instant::now();
        let lines: Vec<String> = now.tracks.iter().map(|track| self.line(now, track)).collect();
        self.peaks.clear();
        // One piece: a part of it would mislead.
        status(lines.join("\nhansard: "));
    }

    fn line(&self, now: &Status, track: &TrackStatus) -> String {
        let level = match (track.device, &track.trouble, self.peaks.get(&track.track)) {
            _ if now.doing == Doing::Paused => {
                format!("PAUSED {}", timer(now.paused_for.unwrap_or_default()))
            }
            (Device::Ended, ..) => "ended".to_owned(),
            (Device::Open, _, Some(peak)) => format!("{peak:>4.0} dBFS"),
            (Device::Open, ..) => "silent".to_owned(),
            (Device::Opening, Some(trouble), _) => trouble.clone(),
            (Device::Opening, ..) => "opening".to_owned(),
        };
        let lag = track.text_lag.map(|lag| format!("  text {lag:.0} s behind")).unwrap_or_default();
        format!(
            "{:<16} {level:>10}  {} recorded  gaps {:.1} s  lost {:.1} s{lag}",
            track.name,
            timer(track.written),
            track.gaps,
            track.lost,
        )
    }
}
