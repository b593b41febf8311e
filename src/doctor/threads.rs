//! With which priority the threads run that the sound system has started in this process: theirs is the only
//! work of a recording that is in a hurry. Only Linux tells.

use serde::Serialize;

/// Where Linux tells of the threads of a process.
const TASKS: &str = "/proc/self/task";
/// Threads of ours that hand sound on, and need no priority of their own: their ring holds 10 s.
const OURS: [&str; 2] = ["drain", "tokio-rt-worker"];
/// Where the system says that rtkit can be started.
const RTKIT: [&str; 2] = [
    "/usr/share/dbus-1/system-services/org.freedesktop.RealtimeKit1.service",
    "/usr/local/share/dbus-1/system-services/org.freedesktop.RealtimeKit1.service",
];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Realtime {
    /// Threads that came with the sources.
    pub threads: usize,
    /// Those of them that run with realtime priority.
    pub realtime: usize,
    /// The highest realtime priority among them; 0: none has any.
    pub priority: u32,
    /// The lowest niceness among the others.
    pub niceness: i32,
    /// The highest realtime priority that this user may ask for (RLIMIT_RTPRIO); `None` means no limit.
    pub limit: Option<u64>,
    /// Whether rtkit, which grants it to desktop programs, is installed.
    pub rtkit: bool,
}

/// The threads that there are now.
#[derive(Debug, Default)]
pub struct Before(Vec<u32>);

impl Before {
    /// Takes note of the threads that there are before any source is opened.
    pub fn now() -> Self {
        Self(threads().into_iter().map(|thread| thread.id).collect())
    }

    /// What has come since, while sources are open; `None` if this system does not tell.
    pub fn realtime(&self) -> Option<Realtime> {
        let new: Vec<Thread> = threads()
            .into_iter()
            .filter(|thread| !self.0.contains(&thread.id) && !OURS.contains(&thread.name.as_str()))
            .collect();
        if new.is_empty() {
            return None;
        }
        let realtime = || new.iter().filter(|thread| thread.priority > 0);
        Some(Realtime {
            threads: new.len(),
            realtime: realtime().count(),
            priority: realtime().map(|thread| thread.priority).max().unwrap_or(0),
            niceness: new.iter().map(|thread| thread.niceness).min().unwrap_or(0),
            limit: limit(),
            rtkit: RTKIT.iter().any(|path| std::path::Path::new(path).exists()),
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Thread {
    id: u32,
    name: String,
    /// Realtime priority (FIFO or round robin); 0: it has none.
    priority: u32,
    niceness: i32,
}

/// All threads of this process; `None` where the system does not tell.
fn threads() -> Vec<Thread> {
    let Ok(tasks) = std::fs::read_dir(TASKS) else { return Vec::new() };
    // One that has just ended can't be read, and does not matter.
    let stats = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    stats.filter_map(|stat| parse(&stat)).collect()
}

/// A line of `/proc/PID/task/TID/stat` (proc(5)): 1 id, 2 name in brackets, 19 niceness, 40 realtime
/// priority.
fn parse(stat: &str) -> Option<Thread> {
    let (id, rest) = stat.split_once(" (")?;
    // The name may itself hold a bracket.
    let (name, rest) = rest.rsplit_once(") ")?;
    let field = |n: usize| rest.split(' ').nth(n - 3);
    Some(Thread {
        id: id.trim().parse().ok()?,
        name: name.to_owned(),
        niceness: field(19)?.parse().ok()?,
        priority: field(40)?.parse().ok()?,
    })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Rtprio).current
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_read_whatever_its_name() {
        let stat = "4711 (a) b (c) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -11 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 20 0 0 0 0 0 0 0 0 0 0 0 0";
        let thread = parse(stat).unwrap();
        assert_eq!((thread.id, thread.name.as_str()), (4_711, "a) b (c"));
        assert_eq!((thread.niceness, thread.priority), (-11, 20));
        assert_eq!(parse("nonsense"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_has_come_is_seen() {
        let before = Before::now();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("sound".into()).spawn(move || wait.recv()).unwrap();
        let found = before.realtime().unwrap();
        assert!(found.threads >= 1 && found.niceness <= 19, "{found:?}");
        drop(go);
        assert!(thread.join().unwrap().is_err());
    }
}
