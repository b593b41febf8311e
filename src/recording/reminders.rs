//! What a person forgets: that the recording is paused, that somebody is muted, or that it goes on long after
//! everybody left. Pure.
//!
//! Reminders are notices that come again at their interval. Speech into a paused recording is more: an alarm,
//! while it can still be mended.

use std::collections::VecDeque;

use crate::base::cause::Alarm;
use crate::base::text::{length, timer};
use crate::session::journal::Event;

/// A second whose highest sample is at least this (−38 dBFS) may have held speech: rooms are 15 dB softer,
/// and who speaks at a table's distance is louder.
const LOUD: f32 = 0.012_6;
/// So many of the last seconds are speech, if they were that loud: one slammed door is not.
const SECONDS: usize = 5;
const LOUD_SECONDS: usize = 4;

/// How often people are reminded, in seconds; 0: never.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intervals {
    /// That nobody has spoken on any track, or that one has been muted, for so long.
    pub silent_s: f64,
    /// That it has been paused for so long.
    pub paused_s: f64,
}

/// What was heard on one track, whether it is recorded or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard<'a> {
    /// Its name in files.
    pub track: &'a str,
    /// Whose it is.
    pub name: &'a str,
    /// Highest |sample| of the last second; 0 while it is muted.
    pub peak: f32,
    /// Session second since which it is muted.
    pub muted_since: Option<f64>,
}

/// Says what people forget.
#[derive(Debug)]
pub struct Reminders {
    intervals: Intervals,
    /// Session second at which somebody was heard last, or it went on after a pause.
    spoken_at: f64,
    /// How often it was said that nobody has spoken since, and that it is paused.
    silent_told: u64,
    paused_told: u64,
    /// Per track, how often it was said that it is muted.
    muted_told: Vec<u64>,
    /// Per track, which of its last seconds were loud while it was paused.
    loud: Vec<VecDeque<bool>>,
    /// The tracks into which somebody speaks though it is paused, and whose they are.
    unheard: Vec<(String, String)>,
}

impl Reminders {
    /// From the session's start on.
    pub fn new(intervals: Intervals) -> Self {
        Self {
            intervals,
            spoken_at: 0.0,
            silent_told: 0,
            paused_told: 0,
            muted_told: Vec::new(),
            loud: Vec::new(),
            unheard: Vec::new(),
        }
    }

    /// To be called once a second, at session second `now`, with all tracks in the same order. What is to be
    /// said.
    pub fn step(&mut self, now: f64, paused_since: Option<f64>, heard: &[Heard]) -> Vec<Event> {
        match paused_since {
            Some(since) => self.while_paused(now, since, heard),
            None => self.while_recording(now, heard),
        }
    }

    fn while_recording(&mut self, now: f64, heard: &[Heard]) -> Vec<Event> {
        let was_paused = self.paused_told > 0 || !self.loud.is_empty();
        self.paused_told = 0;
        self.loud.clear();
        let over = |(track, name)| {
            let text = format!("{name} is recorded again");
            Event::Alarm { alarm: Alarm::PausedSpeech, track: Some(track), on: false, text, at: None }
        };
        let mut events: Vec<Event> = self.unheard.drain(..).map(over).collect();
        if was_paused || heard.iter().any(|track| track.peak >= LOUD) {
            (self.spoken_at, self.silent_told) = (now, 0);
        }
        if is_due(now - self.spoken_at, self.intervals.silent_s, &mut self.silent_told) {
            let text = format!(
                "nobody has been heard on any track for {}: is the meeting over, or a microphone off?",
                length(now - self.spoken_at)
            );
            events.push(Event::Reminder { text });
        }
        events.extend(self.muted(now, heard));
        events
    }

    fn muted(&mut self, now: f64, heard: &[Heard]) -> Vec<Event> {
        self.muted_told.resize(heard.len(), 0);
        let mut events = Vec::new();
        for (track, told) in heard.iter().zip(&mut self.muted_told) {
            let Some(since) = track.muted_since else {
                *told = 0;
                continue;
            };
            if is_due(now - since, self.intervals.silent_s, told) {
                let (long, since) = (length(now - since), timer(since));
                let text = format!(
                    "{} has been MUTED for {long}, since {since}: hansard unmute {} records it again",
                    track.name, track.track
                );
                events.push(Event::Reminder { text });
            }
        }
        events
    }

    fn while_paused(&mut self, now: f64, since: f64, heard: &[Heard]) -> Vec<Event> {
        let mut events = Vec::new();
        if is_due(now - since, self.intervals.paused_s, &mut self.paused_told) {
            let text = format!(
                "the recording has been PAUSED for {}, since {}: hansard resume (or P) goes on",
                length(now - since),
                timer(since)
            );
            events.push(Event::Reminder { text });
        }
        self.loud.resize_with(heard.len(), VecDeque::new);
        for (track, loud) in heard.iter().zip(&mut self.loud) {
            // The second before it was paused is not meant.
            if now - since < 1.0 {
                continue;
            }
            loud.push_back(track.peak >= LOUD);
            if loud.len() > SECONDS {
                loud.pop_front();
            }
            let is_speech = loud.iter().filter(|loud| **loud).count() >= LOUD_SECONDS;
            if is_speech && !self.unheard.iter().any(|unheard| unheard.0 == track.track) {
                self.unheard.push((track.track.to_owned(), track.name.to_owned()));
                let text = format!(
                    "somebody speaks on {}, but the recording is PAUSED since {}: hansard resume (or P) goes on",
                    track.name,
                    timer(since)
                );
                let of = Some(track.track.to_owned());
                events.push(Event::Alarm {
                    alarm: Alarm::PausedSpeech,
                    track: of,
                    on: true,
                    text,
                    at: Some(now),
                });
            }
        }
        events
    }
}

/// Whether what has lasted `seconds` and was told `told` times is to be told again.
fn is_due(seconds: f64, every: f64, told: &mut u64) -> bool {
    let due = every > 0.0 && seconds >= every * (*told + 1) as f64;
    if due {
        *told = (seconds / every) as u64;
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Intervals = Intervals { silent_s: 900.0, paused_s: 300.0 };

    fn heard(peak: f32) -> [Heard<'static>; 2] {
        let muted_since = None;
        [
            Heard { track: "ann", name: "Ann", peak, muted_since },
            Heard { track: "bob", name: "Bob", peak: 0.001, muted_since },
        ]
    }

    /// Steps through these seconds; when something was said, and what.
    fn run(
        reminders: &mut Reminders,
        seconds: std::ops::Range<u32>,
        paused_since: Option<f64>,
        peak: impl Fn(u32) -> f32,
    ) -> Vec<(u32, String)> {
        let mut said = Vec::new();
        for second in seconds {
            for event in reminders.step(f64::from(second), paused_since, &heard(peak(second))) {
                said.push(match event {
                    Event::Reminder { text } => (second, text),
                    Event::Alarm { on, track, .. } => (second, format!("{on} {}", track.unwrap())),
                    event => panic!("{event:?}"),
                });
            }
        }
        said
    }

    #[test]
    fn who_forgot_that_it_runs_is_told_again_and_again() {
        let mut reminders = Reminders::new(EVERY);
        let said = run(&mut reminders, 0..3_000, None, |second| if second == 100 { 0.1 } else { 0.002 });
        assert_eq!(said.iter().map(|said| said.0).collect::<Vec<_>>(), [1_000, 1_900, 2_800]);
        assert!(said[1].1.contains("for 30 min"), "{said:?}");
        let said = run(&mut reminders, 3_000..3_800, None, |second| if second == 3_001 { 0.1 } else { 0.0 });
        assert_eq!(said, [], "somebody spoke");
        let mut never = Reminders::new(Intervals { silent_s: 0.0, paused_s: 0.0 });
        assert_eq!(run(&mut never, 0..9_000, None, |_| 0.0), []);
        assert_eq!(run(&mut never, 9_000..19_000, Some(9_000.0), |_| 0.0), []);
    }

    #[test]
    fn who_forgot_that_somebody_is_muted_is_told_again_and_again() {
        let mut reminders = Reminders::new(EVERY);
        let mut told = Vec::new();
        for second in 0..2_500 {
            let mut heard = heard(0.1);
            heard[1].muted_since = (second >= 100).then_some(100.0);
            for event in reminders.step(f64::from(second), None, &heard) {
                let Event::Reminder { text } = event else { panic!("{event:?}") };
                told.push((second, text));
            }
        }
        assert_eq!(told.iter().map(|told| told.0).collect::<Vec<_>>(), [1_000, 1_900]);
        assert!(told[0].1.starts_with("Bob has been MUTED for 15 min"), "{told:?}");
    }

    #[test]
    fn who_speaks_into_a_pause_is_told_once_and_a_door_is_not() {
        let mut reminders = Reminders::new(EVERY);
        assert_eq!(run(&mut reminders, 0..10, None, |_| 0.2), []);
        // The last word before it was paused, a door, a quiet room.
        let noises = |second| if second == 10 || second % 7 == 0 { 0.5 } else { 0.003 };
        assert_eq!(run(&mut reminders, 10..200, Some(10.0), noises), []);
        let said = run(&mut reminders, 200..320, Some(10.0), |_| 0.05);
        assert_eq!(said[0], (203, "true ann".to_owned()));
        assert_eq!(said[1].0, 310, "and that it is paused");
        assert_eq!(said.len(), 2, "{said:?}");
        let said = run(&mut reminders, 320..1_300, None, |_| 0.0);
        assert_eq!(said[0], (320, "false ann".to_owned()));
        assert_eq!(said[1].0, 1_220, "the silence counts from when it went on");
    }
}
