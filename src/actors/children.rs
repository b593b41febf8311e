//! How often a child may be started again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A restart budget: at most so many restarts within a window of time.
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
