//! What parents need of their children, and children of their parents: restart budgets, how one ended, and
//! ports.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ractor::{ActorCell, ActorRef, SupervisionEvent};

/// A way to tell another actor one thing, without knowing what else it can be told. One that is dead hears
/// nothing: its supervisor sees to that.
pub type Port = Arc<dyn Fn() + Send + Sync>;

/// A port through which `actor` is told what `message` makes.
pub fn port<M: ractor::Message>(actor: ActorRef<M>, message: impl Fn() -> M + Send + Sync + 'static) -> Port {
    Arc::new(move || {
        if actor.cast(message()).is_err() {
            tracing::debug!("an actor that has ended was told something");
        }
    })
}

/// The child that ended in a way that it should not, and what it died of.
pub fn failed(event: SupervisionEvent) -> Option<(ActorCell, String)> {
    match event {
        SupervisionEvent::ActorFailed(cell, error) => Some((cell, error.to_string())),
        SupervisionEvent::ActorTerminated(cell, _, reason) => {
            Some((cell, reason.unwrap_or_else(|| "it ended".into())))
        }
        _ => None,
    }
}

/// A restart budget: a maximum number of restarts within a window of time.
#[derive(Debug)]
pub struct Restarts {
    max: usize,
    within: Duration,
    times: VecDeque<Instant>,
}

impl Restarts {
    /// At most `max` restarts within any window of `within`.
    pub fn new(max: usize, within: Duration) -> Self {
        Self { max, within, times: VecDeque::new() }
    }

    /// Whether one more restart is allowed now; if so it is counted.
    pub fn allow(&mut self, now: Instant) -> bool {
        while self.times.front().is_some_and(|time| now.duration_since(*time) > self.within) {
            self.times.pop_front();
        }
        if self.times.len() >= self.max {
            return false;
        }
        self.times.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_fills_up_again_with_time() {
        let start = Instant::now();
        let mut restarts = Restarts::new(2, Duration::from_secs(10));
        assert!(restarts.allow(start));
        assert!(restarts.allow(start + Duration::from_secs(1)));
        assert!(!restarts.allow(start + Duration::from_secs(2)));
        assert!(restarts.allow(start + Duration::from_secs(12)));
    }
}
