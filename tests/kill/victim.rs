//! The recorder and its end: stopped at one moment, looked at, killed.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hansard::session::journal::Line;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};

use super::scenario::{Scenario, When};
use crate::support::home::{Home, Running, wait};

/// Waits of this long before the end count: more than what is in hand can be old.
const BACK: Duration = Duration::from_millis(600);
/// How often threads are looked at.
const EVERY: Duration = Duration::from_millis(20);

/// How a recorder died while it recorded.
pub struct Killed {
    /// When, by the clock on the wall.
    at: Timestamp,
    /// For how long its threads had been ready to run and did not, all together, in the time before: other
    /// processes had the machine.
    pub waited_s: f64,
}

impl Killed {
    /// Session second of its death: lines of the journal have both clocks.
    pub fn session_second(&self, dir: &Path) -> f64 {
        let text = fs::read_to_string(dir.join("events.jsonl")).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        // The two are read one after the other: the least time between them is the truest.
        let start = lines.map(|line| line.utc.as_nanosecond() - i128::from(line.session_ns.0)).min().unwrap();
        (self.at.as_nanosecond() - start) as f64 * 1e-9
    }
}

/// Starts a recorder and kills it; none where its moment does not tell how much had been delivered.
pub fn kill(home: &Home, scenario: &Scenario) -> Option<Killed> {
    let mut running = home.start(scenario.args());
    let id = Pid::from_raw(running.id() as i32).unwrap();
    let mut killed = None;
    match scenario.when {
        When::Early(after) => {
            std::thread::sleep(after);
            kill_process(id, Signal::KILL).unwrap();
        }
        When::Recording(after) => {
            running.says("recording into");
            killed = Some(stop_and_kill(&running, id, after));
        }
        When::Finishing(after, then) => {
            running.says("recording into");
            std::thread::sleep(after);
            kill_process(id, Signal::INT).unwrap();
            std::thread::sleep(then);
            // It may have finished; until it is waited for, its number is nobody else's.
            let _ = kill_process(id, Signal::KILL);
        }
    }
    let ran = running.end();
    assert!(ran.signal == Some(9) || matches!(scenario.when, When::Finishing(..)), "{ran:?}");
    killed
}

/// Its threads are watched up to the end, when they are all stopped at once: what they have done by then is
/// what there is.
fn stop_and_kill(running: &Running, id: Pid, after: Duration) -> Killed {
    let (until, mut looks) = (Instant::now() + after, VecDeque::new());
    loop {
        looks.push_back((Instant::now(), waits(running.id())));
        while looks.len() > 1 && looks[1].0.elapsed() > BACK {
            looks.pop_front();
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        std::thread::sleep(left.min(EVERY));
    }
    let at = Timestamp::now();
    kill_process(id, Signal::STOP).unwrap();
    wait("all its threads are stopped", || is_stopped(running.id()));
    let last = waits(running.id());
    kill_process(id, Signal::KILL).unwrap();
    let first = &looks.front().unwrap().1;
    let since = |(thread, wait): (&String, &u64)| wait - first.get(thread).copied().unwrap_or(0).min(*wait);
    Killed { at, waited_s: last.iter().map(since).sum::<u64>() as f64 * 1e-9 }
}

/// For how many nanoseconds each thread has been ready without running: the second number of its schedstat. A
/// system that does not count that says nothing, and nothing is allowed for.
fn waits(id: u32) -> HashMap<String, u64> {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { return HashMap::new() };
    let wait = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let wait = text.split_whitespace().nth(1)?.parse().ok()?;
        Some((thread.file_name().into_string().ok()?, wait))
    };
    threads.filter_map(|thread| wait(thread.ok()?)).collect()
}

fn is_stopped(id: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    threads.flatten().all(|thread| {
        let Ok(stat) = fs::read_to_string(thread.path().join("stat")) else { return true };
        // The state follows the name, which stands in brackets and may hold anything.
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['T', 't']))
    })
}
