//! Time code: how programs of film count frames and write them, `01:00:00:00`. Pure.
//!
//! A rate like 29.97 counts as 30 and lasts 1001/1000 of it. *Drop-frame* leaves out numbers (not frames) so
//! that the count keeps up with the clock; it is written with a semicolon, and only used where asked for.

use std::str::FromStr;

use super::turns::Meeting;

/// Frames a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    /// As it is counted.
    pub nominal: u32,
    /// It lasts 1001/1000 of that.
    pub ntsc: bool,
}

/// Rates that people film with, by the names that programs show.
const RATES: [(&str, FrameRate); 10] = [
    ("23.976", FrameRate { nominal: 24, ntsc: true }),
    ("23.98", FrameRate { nominal: 24, ntsc: true }),
    ("24", FrameRate { nominal: 24, ntsc: false }),
    ("25", FrameRate { nominal: 25, ntsc: false }),
    ("29.97", FrameRate { nominal: 30, ntsc: true }),
    ("30", FrameRate { nominal: 30, ntsc: false }),
    ("48", FrameRate { nominal: 48, ntsc: false }),
    ("50", FrameRate { nominal: 50, ntsc: false }),
    ("59.94", FrameRate { nominal: 60, ntsc: true }),
    ("60", FrameRate { nominal: 60, ntsc: false }),
];

impl Default for FrameRate {
    /// That of Europe's television.
    fn default() -> Self {
        Self { nominal: 25, ntsc: false }
    }
}

impl FromStr for FrameRate {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = RATES.iter().find(|(known, _)| *known == name);
        let names = || RATES.map(|(name, _)| name).join(", ");
        found.map(|(_, rate)| *rate).ok_or_else(|| format!("not one of {}", names()))
    }
}

impl FrameRate {
    /// Whether frames' numbers can be dropped: only for those for which that was made.
    pub fn may_drop(self) -> bool {
        self.ntsc && self.nominal.is_multiple_of(30)
    }

    /// The frame at that second; 0 before the first.
    pub fn frame(self, seconds: f64) -> u64 {
        let lasting = if self.ntsc { 1000.0 / 1001.0 } else { 1.0 };
        (seconds.max(0.0) * f64::from(self.nominal) * lasting).round() as u64
    }
}

/// What the first frame of the session is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartCode {
    /// Hours, minutes, seconds, frames.
    At([u32; 4]),
    /// The time of day, in the session's zone: for pictures whose camera counts so.
    Day,
}

impl FromStr for StartCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "day" {
            return Ok(Self::Day);
        }
        let parts: Vec<Option<u32>> = text.split([':', ';']).map(|part| part.parse().ok()).collect();
        match parts.as_slice() {
            [Some(h @ 0..24), Some(m @ 0..60), Some(s @ 0..60), Some(f @ 0..60)] => {
                Ok(Self::At([*h, *m, *s, *f]))
            }
            _ => Err("not a time code like 01:00:00:00, nor `day`".to_owned()),
        }
    }
}

/// How a format's frames are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timecode {
    /// Frames a second.
    pub rate: FrameRate,
    /// Whether numbers are left out; only where the rate [may drop](FrameRate::may_drop) them.
    pub drop: bool,
    /// `None` means what the program that reads the format begins with.
    pub start: Option<StartCode>,
}

impl Timecode {
    /// The number of the session's first frame. `hour` is where the reading program's time lines begin.
    pub fn first(&self, meeting: &Meeting, hour: u32) -> u64 {
        let parts = match self.start.unwrap_or(StartCode::At([hour, 0, 0, 0])) {
            StartCode::At(parts) => parts,
            StartCode::Day => {
                let at = meeting.session.wall(0.0);
                let [h, m, s] = [at.hour(), at.minute(), at.second()].map(|part| part.unsigned_abs().into());
                let frame = f64::from(at.subsec_nanosecond()) / 1e9 * f64::from(self.rate.nominal);
                [h, m, s, frame as u32]
            }
        };
        self.number(parts)
    }

    /// Numbers that are left out at the beginning of most minutes.
    fn dropped(&self) -> u64 {
        if self.drop { u64::from(self.rate.nominal / 15) } else { 0 }
    }

    /// The number of the frame that is called so; of a name that is left out, that of the next one.
    fn number(&self, [h, m, s, f]: [u32; 4]) -> u64 {
        let (minutes, rate) = (u64::from(h * 60 + m), u64::from(self.rate.nominal));
        let is_left_out = s == 0 && u64::from(f) < self.dropped() && !m.is_multiple_of(10);
        let f = if is_left_out { self.dropped() } else { u64::from(f) };
        (minutes * 60 + u64::from(s)) * rate + f - self.dropped() * (minutes - minutes / 10)
    }

    /// What a frame is called: `01:00:00:00`, or `01:00:00;00` where numbers are dropped. After a day it
    /// begins anew, as clocks do.
    pub fn name(&self, frame: u64) -> String {
        let (rate, dropped) = (u64::from(self.rate.nominal), self.dropped());
        let minute = rate * 60 - dropped;
        let ten = minute * 10 + dropped;
        // In each ten minutes the first one is whole.
        let within = (frame % ten).saturating_sub(dropped) / minute;
        let called = frame + dropped * (9 * (frame / ten) + within);
        let seconds = called / rate;
        let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let mark = if self.drop { ';' } else { ':' };
        format!("{h:02}:{m:02}:{s:02}{mark}{:02}", called % rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_numbers_keep_up_with_the_clock() {
        let rate: FrameRate = "29.97".parse().unwrap();
        let code = Timecode { rate, drop: true, start: None };
        for (frame, name) in [
            (0, "00:00:00;00"),
            (1799, "00:00:59;29"),
            (1800, "00:01:00;02"),
            (17_981, "00:09:59;29"),
            (17_982, "00:10:00;00"),
            (107_892, "01:00:00;00"),
        ] {
            assert_eq!(code.name(frame), name);
            let parts: Vec<u32> = name.split([':', ';']).map(|part| part.parse().unwrap()).collect();
            assert_eq!(code.number(parts.try_into().unwrap()), frame, "{name}");
        }
        // An hour of the clock is an hour of the count; without dropping it lags 3.6 s behind.
        assert_eq!(code.name(rate.frame(3600.0)), "01:00:00;00");
        assert_eq!(Timecode { drop: false, ..code }.name(rate.frame(3600.0)), "00:59:56:12");
        assert_eq!(code.number([0, 1, 0, 1]), 1800, "a name that is left out");
        let fast = Timecode { rate: "59.94".parse().unwrap(), drop: true, start: None };
        assert_eq!(fast.name(3600), "00:01:00;04");
    }
}
