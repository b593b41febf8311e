//! How long a server is waited for that is overloaded or away, and when it is asked again. Pure: it is told
//! the time.
//!
//! All that ask one server wait together: it says once that it is overloaded, and nobody asks before that is
//! over.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The limits of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The first wait after an overload; it doubles …
    pub wait: Duration,
    /// … up to this. A server that names its own wait is believed up to this, too.
    pub wait_max: Duration,
    /// A segment waits for the server no longer than this, its requests included, before it is given up.
    pub patience: Duration,
    /// After that the server is left alone for this long, doubling each time …
    pub rest: Duration,
    /// … up to this.
    pub rest_max: Duration,
    /// So many answers in a row that make no sense, or say that the server failed, count as one that is away.
    pub broken_max: u32,
}

impl Limits {
    /// Where text goes on without the server: it is not held up.
    pub const BRIEF: Self = Self {
        wait: Duration::from_millis(500),
        wait_max: Duration::from_secs(5),
        patience: Duration::from_secs(10),
        rest: Duration::from_secs(30),
        rest_max: Duration::from_secs(300),
        broken_max: 3,
    };
    /// Where it doesn't: text may lag, and stays pending where the server is away for longer. Less than what
    /// the end of a recording waits for text that makes no progress.
    pub const LONG: Self =
        Self { wait_max: Duration::from_secs(30), patience: Duration::from_secs(120), ..Self::BRIEF };
}

/// How the server has been lately.
#[derive(Debug)]
pub struct Mood {
    /// Most requests at once …
    most: f64,
    /// … and those that it bears: half as many after each overload, slowly more while it is well.
    bears: f64,
    /// Nobody asks before.
    not_before: Option<Instant>,
    /// The next wait, and the next rest, if it goes on like this.
    wait: Option<Duration>,
    rest: Option<Duration>,
    /// Answers in a row that were broken.
    broken: u32,
}

impl Mood {
    /// Nothing is known of a server that is to be asked `most` times at once.
    pub fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        Self { most, bears: most, not_before: None, wait: None, rest: None, broken: 0 }
    }

    /// How many requests it bears at once, at least 1.
    pub fn at_once(&self) -> usize {
        self.bears.max(1.0) as usize
    }

    /// How long to wait before the server may be asked.
    pub fn pause(&self, now: Instant) -> Duration {
        self.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// It answered as it should.
    pub fn well(&mut self) {
        let bears = (self.bears + 1.0 / self.bears.max(1.0)).min(self.most);
        *self = Self { bears, ..Self::new(self.most as usize) };
    }

    /// It is overloaded, or can't be reached; it may have `asked` to be left alone for so long.
    pub fn busy(&mut self, now: Instant, asked: Option<Duration>, limits: &Limits) {
        self.bears = (self.bears / 2.0).max(1.0);
        let wait = self.wait.unwrap_or(limits.wait);
        self.wait = Some((wait * 2).min(limits.wait_max));
        let wait = asked.unwrap_or(wait).min(limits.wait_max);
        self.not_before = self.not_before.max(Some(now + wait));
    }

    /// It answered, but with nothing that can be used. Whether it has done so too often.
    pub fn broken(&mut self, limits: &Limits) -> bool {
        self.broken += 1;
        self.broken >= limits.broken_max
    }

    /// It was given up: it is left alone for a while.
    pub fn rest(&mut self, now: Instant, limits: &Limits) {
        let rest = self.rest.unwrap_or(limits.rest);
        self.rest = Some((rest * 2).min(limits.rest_max));
        (self.wait, self.broken) = (None, 0);
        self.not_before = Some(now + rest);
    }
}

/// The wait of a `Retry-After`: seconds, or a date. `None` if it is neither.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limits_and_end_with_a_good_answer() {
        let limits = Limits::BRIEF;
        let (mut mood, now) = (Mood::new(4), Instant::now());
        assert_eq!(mood.pause(now), Duration::ZERO);
        let mut waits = Vec::new();
        let mut at = now;
        for _ in 0..5 {
            mood.busy(at, None, &limits);
            waits.push(mood.pause(at).as_millis());
            at += mood.pause(at);
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 5000]);
        mood.busy(at, Some(Duration::from_secs(2)), &limits);
        assert_eq!(mood.pause(at), Duration::from_secs(2), "what the server says counts");
        mood.busy(at, Some(Duration::from_secs(86_400)), &limits);
        assert_eq!(mood.pause(at), limits.wait_max, "but not for a day");
        for rest in [30, 60, 120, 240, 300, 300] {
            mood.rest(at, &limits);
            assert_eq!(mood.pause(at), Duration::from_secs(rest));
        }
        mood.well();
        assert_eq!(mood.pause(at), Duration::ZERO);
        assert_eq!([mood.broken(&limits), mood.broken(&limits), mood.broken(&limits)], [false, false, true]);
    }

    #[test]
    fn an_overloaded_server_is_asked_less_at_once_and_slowly_more() {
        let (mut mood, now) = (Mood::new(8), Instant::now());
        let mut bears = vec![mood.at_once()];
        for _ in 0..4 {
            mood.busy(now, None, &Limits::BRIEF);
            bears.push(mood.at_once());
        }
        assert_eq!(bears, [8, 4, 2, 1, 1]);
        for _ in 0..100 {
            mood.well();
            let more = mood.at_once();
            assert!((bears[bears.len() - 1]..=bears[bears.len() - 1] + 1).contains(&more), "one by one");
            bears.push(more);
        }
        assert_eq!(mood.at_once(), 8);
        assert_eq!(Mood::new(0).at_once(), 1);
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now), Some(Duration::ZERO));
        assert_eq!((retry_after("soon", now), retry_after("-3", now)), (None, None));
    }
}
