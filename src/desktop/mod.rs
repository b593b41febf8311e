//! Desktop notifications of a recording: an alarm, that it has stopped, that it is safe. A recorder runs
//! behind other windows, where nobody sees its terminal.
//!
//! They are sent by programs that the desktop has anyway; a library would bring forty crates for three lines.
//! Promises: what can't be shown fails silently, and nothing here holds up the recording or its end for
//! longer than `AT_END`. Refuses: to be the only place where something is told.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::live::{News, Notice, Stage, Subscription, Urgency};

/// A notification that is not sent by then is given up: the service hangs.
const PATIENCE: Duration = Duration::from_secs(2);
/// The end of the recording is offered to the desktop for this long.
const AT_END: Duration = Duration::from_secs(1);
/// Interval at which a sender is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How an alarm's notice begins; a notification has it as its title.
const ALARM: &str = "ALARM: ";

/// A thread that shows notifications until the news are over.
#[derive(Debug)]
pub struct Desktop(JoinHandle<()>);

impl Desktop {
    /// Shows what news of the meeting called `title` a desktop is told. `None` where there is no desktop.
    pub fn follow(mut news: Subscription, title: String) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let show = move || {
            while let Some(news) = news.wait() {
                if let Some(notification) = Notification::of(&news, &title)
                    && !send(&notification)
                {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("desktop".into()).spawn(show);
        thread
            .inspect_err(|error| tracing::info!(%error, "no thread for desktop notifications"))
            .ok()
            .map(Self)
    }

    /// The news are over: what was told last has a moment to be shown.
    pub fn end(self) {
        let until = Instant::now() + AT_END;
        while !self.0.is_finished() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        // One that waits for its service is left to the process's end.
        if self.0.is_finished() && self.0.join().is_err() {
            tracing::error!("the thread of desktop notifications panicked");
        }
    }
}

/// What a notification shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Notification {
    urgency: Urgency,
    title: &'static str,
    text: String,
}

impl Notification {
    /// What a desktop is told of news, if anything.
    fn of(news: &News, meeting: &str) -> Option<Self> {
        let (urgency, title, text) = match news {
            News::Stage(Stage::Finishing(_)) => (Urgency::Info, "Recording stopped", meeting.to_owned()),
            News::Stage(Stage::Safe) => (Urgency::Info, "The recording is safe", meeting.to_owned()),
            News::Stage(Stage::RecorderFailed | Stage::DiskSilent) => {
                (Urgency::Alarm, "Recording alarm", Notice::of(news)?.text)
            }
            _ => {
                let Notice { urgency: Urgency::Alarm, text } = Notice::of(news)? else { return None };
                let text = text.strip_prefix(ALARM).unwrap_or(&text).to_owned();
                (Urgency::Alarm, "Recording alarm", text)
            }
        };
        Some(Self { urgency, title, text })
    }
}

/// Whether a desktop may be listening: a Mac has one; elsewhere there must be a session bus.
fn is_there() -> bool {
    if cfg!(target_os = "macos") {
        return true;
    }
    let is_set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    cfg!(unix)
        && (is_set("DBUS_SESSION_BUS_ADDRESS").is_some()
            || is_set("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists()))
}

/// Sends it by the first program that is there; whether one is.
fn send(notification: &Notification) -> bool {
    let senders: &[fn(&Notification) -> Command] =
        if cfg!(target_os = "macos") { &[osascript] } else { &[notify_send, busctl] };
    for sender in senders {
        match start(&mut sender(notification)) {
            Ok(child) => {
                wait(child);
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::info!(%error, "a desktop notification can't be sent"),
        }
    }
    false
}

fn start(command: &mut Command) -> io::Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at the terminal is for us.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn()
}

/// Waits for a sender, and ends one that takes too long.
fn wait(mut child: Child) {
    let until = Instant::now() + PATIENCE;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= until {
            tracing::info!("a desktop notification was given up: its service does not answer");
            // It may have ended just now: then there is nothing to end.
            drop(child.kill());
            drop(child.wait());
            return;
        }
        std::thread::sleep(LOOK);
    }
}

/// libnotify's own program.
fn notify_send(notification: &Notification) -> Command {
    let urgency = if notification.urgency == Urgency::Alarm { "critical" } else { "normal" };
    let mut command = Command::new("notify-send");
    command.args(["--app-name=Hansard", "--icon=audio-input-microphone"]);
    command
        .arg(format!("--urgency={urgency}"))
        .args(["--", notification.title])
        .arg(markup(&notification.text));
    command
}

/// systemd's program for the bus, where libnotify's is not installed. The signature and the order are those
/// of the Desktop Notifications Specification, `Notify`.
fn busctl(notification: &Notification) -> Command {
    const SERVICE: &str = "org.freedesktop.Notifications";
    let urgency = if notification.urgency == Urgency::Alarm { "2" } else { "1" };
    let mut command = Command::new("busctl");
    command
        .args([
            "--user",
            "--quiet",
            "--",
            "call",
            SERVICE,
            "/org/freedesktop/Notifications",
            SERVICE,
            "Notify",
        ])
        .args(["susssasa{sv}i", "Hansard", "0", "audio-input-microphone", notification.title])
        .arg(markup(&notification.text))
        .args(["0", "1", "urgency", "y", urgency, "-1"]);
    command
}

/// What a Mac has. The text is an argument, never a part of the script.
fn osascript(notification: &Notification) -> Command {
    let mut command = Command::new("osascript");
    command
        .args(["-e", "on run argv"])
        .args(["-e", "display notification (item 2 of argv) with title (item 1 of argv)"])
        .args(["-e", "end run", "--", notification.title, &notification.text]);
    command
}

/// The text of a notification is markup.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cause::Alarm;
    use crate::session::journal::Event;

    #[test]
    fn a_desktop_is_told_of_alarms_and_of_the_end_and_of_nothing_else() {
        let alarm = |on| Event::Alarm {
            alarm: Alarm::Zeros,
            track: Some("ann".into()),
            on,
            text: "Ann <mic> delivers nothing".into(),
            at: None,
        };
        let of = |news: News| {
            let shown = Notification::of(&news, "Weekly");
            shown.map(|shown| (shown.urgency, shown.title, markup(&shown.text)))
        };
        let event = |event: Event| of(News::Unwritten(event.into()));
        let told = |urgency, title, text: &str| Some((urgency, title, text.to_owned()));
        assert_eq!(
            event(alarm(true)),
            told(Urgency::Alarm, "Recording alarm", "Ann &lt;mic&gt; delivers nothing")
        );
        assert_eq!(event(alarm(false)), None);
        assert_eq!(event(Event::Paused { at: 1.0 }), None);
        let stage = |stage: Stage| of(News::Stage(stage));
        assert_eq!(stage(Stage::Finishing(None)), told(Urgency::Info, "Recording stopped", "Weekly"));
        assert_eq!(stage(Stage::Safe), told(Urgency::Info, "The recording is safe", "Weekly"));
        assert_eq!(stage(Stage::RecorderFailed).map(|told| told.0), Some(Urgency::Alarm));
    }
}
