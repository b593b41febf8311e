//! Power: the computer is kept from falling asleep while it records, and a battery that runs low is an alarm.
//!
//! Sleep is inhibited the way logind offers it, through its own `systemd-inhibit`, which holds the lock for
//! as long as a pipe from us is open: it ends with us, however we end. Where there is none, nobody is in the
//! way of sleep; what is missed then is a gap named `suspend`.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::base::cause::Alarm;
use crate::session::journal::Event;
use crate::writer::alarms::Change;

/// Where Linux tells of batteries.
const SUPPLIES: &str = "/sys/class/power_supply";
/// A battery is looked at this often.
const BATTERY_EVERY: Duration = Duration::from_secs(20);
/// Percent at which a discharging battery is an alarm, and at which it is the last one.
const LOW: [u8; 2] = [10, 4];
/// Time within which a refusal to inhibit sleep arrives.
const REFUSAL: Duration = Duration::from_secs(1);
/// The inhibitor ends this soon after its pipe was closed, or is ended.
const RELEASE: Duration = Duration::from_secs(1);
/// What a refusal says is short.
const REASON_BYTES_MAX: u64 = 4_096;

/// Looks after power during one recording.
#[derive(Debug)]
pub struct Power {
    awake: Option<StayAwake>,
    battery: BatteryAlarm,
    supplies: PathBuf,
    battery_at: Option<Instant>,
}

impl Power {
    /// Keeps the computer awake from now on, if `inhibit`, as far as the system offers that.
    pub fn new(inhibit: bool) -> Self {
        let awake = inhibit.then(|| StayAwake::hold(Path::new("systemd-inhibit")));
        let awake = awake.and_then(|held| {
            held.inspect_err(|error| tracing::info!(%error, "nobody here keeps the computer awake")).ok()
        });
        Self { awake, battery: BatteryAlarm::default(), supplies: SUPPLIES.into(), battery_at: None }
    }

    /// What there is to journal and to tell. To be called about once a second.
    pub fn look(&mut self, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(awake) = &mut self.awake {
            events.extend(awake.look(now));
        }
        if self.battery_at.is_none_or(|at| now >= at) {
            self.battery_at = Some(now + BATTERY_EVERY);
            let change = battery(&self.supplies).and_then(|battery| self.battery.look(battery));
            events.extend(change.map(|Change { alarm, on, text, at }| Event::Alarm {
                alarm,
                track: None,
                on,
                text,
                at,
            }));
        }
        events
    }
}

/// Sleep is inhibited while this lives.
#[derive(Debug)]
struct StayAwake {
    child: Child,
    since: Instant,
    said: bool,
}

impl StayAwake {
    fn hold(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--what=sleep:idle", "--mode=block", "--who=Hansard", "--why=A meeting is being recorded"])
            // Ends when its input does.
            .arg("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // Ctrl-C at the terminal is for us.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(Self { child: command.spawn()?, since: Instant::now(), said: false })
    }

    /// Says once whether sleep is inhibited, and if that ends.
    fn look(&mut self, now: Instant) -> Option<Event> {
        match self.child.try_wait() {
            Ok(None) if !self.said && now.duration_since(self.since) >= REFUSAL => {
                self.said = true;
                Some(Event::SleepInhibited { held: true, detail: None })
            }
            Ok(Some(_)) => {
                let stderr = self.child.stderr.take()?;
                let mut said = Vec::new();
                if let Err(error) = stderr.take(REASON_BYTES_MAX).read_to_end(&mut said) {
                    tracing::debug!(%error, "why sleep is not inhibited can't be read");
                }
                let detail = String::from_utf8_lossy(&said).trim().to_owned();
                Some(Event::SleepInhibited { held: false, detail: Some(detail) })
            }
            _ => None,
        }
    }
}

impl Drop for StayAwake {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let until = Instant::now() + RELEASE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= until {
                // It may have ended just now: then there is nothing to end.
                drop(self.child.kill());
                drop(self.child.wait());
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The computer's battery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Battery {
    percent: u8,
    discharging: bool,
}

/// How full the fullest of the computer's own batteries is, in per cent; `None` where there is none.
pub fn charge() -> Option<u8> {
    battery(Path::new(SUPPLIES)).map(|battery| battery.percent)
}

/// The fullest of the computer's own batteries; those of mice and headsets do not count.
fn battery(supplies: &Path) -> Option<Battery> {
    let batteries = fs::read_dir(supplies).ok()?.filter_map(|entry| {
        let dir = entry.ok()?.path();
        let read = |name: &str| fs::read_to_string(dir.join(name)).map(|text| text.trim().to_owned());
        if read("type").ok()? != "Battery" || read("scope").is_ok_and(|scope| scope == "Device") {
            return None;
        }
        let percent = read("capacity").ok()?.parse().ok()?;
        Some(Battery { percent, discharging: read("status").is_ok_and(|status| status == "Discharging") })
    });
    batteries.max_by_key(|battery| battery.percent)
}

/// Says that the battery is low once for each of the two limits, and when it is charged again.
#[derive(Debug, Default)]
struct BatteryAlarm {
    warned: usize,
}

impl BatteryAlarm {
    fn look(&mut self, Battery { percent, discharging }: Battery) -> Option<Change> {
        let change = |on, text| Some(Change { alarm: Alarm::Battery, on, text, at: None });
        if !discharging {
            let was = std::mem::take(&mut self.warned);
            return if was > 0 { change(false, "the battery is being charged".into()) } else { None };
        }
        let below = LOW.iter().filter(|limit| percent <= **limit).count();
        if below <= self.warned {
            return None;
        }
        self.warned = below;
        change(true, format!("the battery is at {percent} %: plug the computer in"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_battery_is_said_twice_and_its_charging_once() {
        let mut alarm = BatteryAlarm::default();
        let mut said = Vec::new();
        for (percent, discharging) in
            [(50, true), (11, true), (10, true), (9, true), (4, true), (3, true), (3, false), (5, false)]
        {
            let change = alarm.look(Battery { percent, discharging });
            said.extend(change.map(|change| (percent, change.on)));
        }
        assert_eq!(said, [(10, true), (4, true), (3, false)]);
    }

    #[test]
    fn the_computers_own_battery_is_read() {
        let supplies = tempfile::tempdir().expect("a folder");
        assert_eq!(battery(supplies.path()), None);
        let supply = |name: &str, files: &[(&str, &str)]| {
            let dir = supplies.path().join(name);
            fs::create_dir(&dir).expect("a folder");
            files.iter().for_each(|(file, text)| fs::write(dir.join(file), text).expect("a file"));
        };
        supply("AC", &[("type", "Mains\n"), ("online", "0\n")]);
        supply(
            "mouse",
            &[
                ("type", "Battery\n"),
                ("scope", "Device\n"),
                ("capacity", "90\n"),
                ("status", "Discharging\n"),
            ],
        );
        supply("BAT0", &[("type", "Battery\n"), ("capacity", "7\n"), ("status", "Discharging\n")]);
        supply("BAT1", &[("type", "Battery\n"), ("capacity", "junk\n"), ("status", "Full\n")]);
        assert_eq!(battery(supplies.path()), Some(Battery { percent: 7, discharging: true }));
    }

    #[cfg(unix)]
    #[test]
    fn sleep_is_inhibited_until_the_end_and_a_refusal_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a folder");
        let program = |name: &str, script: &str| {
            let path = dir.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a mode");
            path
        };
        let ended = dir.path().join("ended");
        let holds =
            program("holds", &format!("for last; do :; done; \"$last\"; touch '{}'", ended.display()));
        let mut held = StayAwake::hold(&holds).expect("it starts");
        let event = held.look(held.since + REFUSAL);
        assert_eq!(event, Some(Event::SleepInhibited { held: true, detail: None }));
        assert_eq!(held.look(held.since + 2 * REFUSAL), None);
        assert!(!ended.exists());
        drop(held);
        assert!(ended.exists(), "it ends with its pipe");

        let refuses = program("refuses", "echo 'Access denied' >&2; exit 1");
        let mut refused = StayAwake::hold(&refuses).expect("it starts");
        let event = loop {
            if let Some(event) = refused.look(refused.since) {
                break event;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(event, Event::SleepInhibited { held: false, detail: Some("Access denied".into()) });
        assert_eq!(refused.look(refused.since + REFUSAL), None, "said once");
    }
}
