//! How long, as people write it: `90s`, `1h30m`, `45m`, `00:12:30`, `2.5s`; a plain number is seconds. And
//! places in a session, as they are shown: `12:30` is 12 minutes and 30 seconds from its start.

use std::time::Duration;

/// The longest that can be asked for: 7 days. A longer recording needs no end, and a slip of the finger is
/// likelier.
pub const MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is wrong with a duration, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is none.
    #[error("`{0}` is not a duration: write 90s, 45m, 1h30m, 00:12:30, or a number of seconds")]
    Unreadable(String),
    /// Two parts could be minutes and seconds as well as hours and minutes.
    #[error("`{0}` could mean two things: write hours too, as in 00:12:30, or units, as in 12m30s")]
    TwoParts(String),
    /// Nothing, or less.
    #[error("`{0}` is too short: a duration must be longer than 0 s")]
    NotPositive(String),
    /// Longer than [`MAX`].
    #[error("`{0}` is longer than 7 days (168h)")]
    TooLong(String),
}

/// Reads a duration, longer than nothing and at most [`MAX`]. Units are those of the crate `jiff` from `h` to
/// `ns`.
///
/// # Errors
/// Anything else; the message says what to write.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let own = || text.to_owned();
    let bare = text.trim();
    if bare.is_empty() {
        return Err(DurationError::Unreadable(own()));
    }
    let is_number = bare.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let parts: Vec<_> = bare.split(':').collect();
    if parts.len() == 2 && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        return Err(DurationError::TwoParts(own()));
    }
    // A plain number gets its unit; the library then reads all forms alike.
    let with_unit = if is_number { format!("{bare}s") } else { bare.to_owned() };
    let signed: jiff::SignedDuration = with_unit.parse().map_err(|_| DurationError::Unreadable(own()))?;
    if !signed.is_positive() {
        return Err(DurationError::NotPositive(own()));
    }
    let duration = signed.unsigned_abs();
    if duration > MAX { Err(DurationError::TooLong(own())) } else { Ok(duration) }
}

/// Reads a place in a session: as [`parse`], its very beginning, and the session times that are shown
/// everywhere: `12:30` (minutes and seconds), `1:02:03`, `12:30.5`. A place is never hours and minutes alone.
///
/// # Errors
/// As those of [`parse`].
pub fn position(text: &str) -> Result<Duration, DurationError> {
    if let Some(shown) = shown(text.trim()) {
        let place = Duration::try_from_secs_f64(shown).map_err(|_| DurationError::Unreadable(text.into()))?;
        return if place > MAX { Err(DurationError::TooLong(text.into())) } else { Ok(place) };
    }
    if text.contains(':') {
        return Err(DurationError::Unreadable(text.into()));
    }
    match parse(text) {
        Err(DurationError::NotPositive(_)) if !text.contains('-') => Ok(Duration::ZERO),
        parsed => parsed,
    }
}

/// Seconds of a time with colons: two or three parts, seconds and minutes below 60 where something stands
/// before them.
fn shown(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits =
        |part: &&str| !part.is_empty() && part.len() <= 6 && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = whole.split(':').collect();
    let is_plain = parts.iter().all(digits) && fraction.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !is_plain || (text.contains('.') && fraction.is_empty()) {
        return None;
    }
    let numbers: Vec<u64> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    if numbers.len() != parts.len() || numbers[1..].iter().any(|below| *below >= 60) {
        return None;
    }
    let seconds = numbers.iter().fold(0, |sum, part| sum * 60 + part);
    format!("{seconds}.{fraction}0").parse().ok()
}

/// The same in seconds.
///
/// # Errors
/// As those of [`parse`].
pub fn seconds(text: &str) -> Result<f64, DurationError> {
    position(text).map(|place| place.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_write() {
        for (text, ms) in [
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("45m", 2_700_000),
            ("00:12:30", 750_000),
            ("2.5s", 2_500),
            ("1.5h", 5_400_000),
            ("250ms", 250),
            ("90", 90_000),
            ("0.5", 500),
            (" 5 ", 5_000),
            ("168h", 604_800_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn a_place_may_be_the_beginning() {
        for zero in ["0", "00:00:00", "0s"] {
            assert_eq!(position(zero), Ok(Duration::ZERO), "{zero}");
        }
        assert_eq!(position("00:12:30"), Ok(Duration::from_secs(750)));
        for (shown, seconds) in
            [("12:30", 750.0), ("0:05", 5.0), ("1:02:03", 3723.0), ("75:00", 4500.0), ("12:30.25", 750.25)]
        {
            assert_eq!(position(shown), Ok(Duration::from_secs_f64(seconds)), "{shown}");
        }
        for refused in
            ["-0s", "-5s", "-1:00", "1:60", "1:2:60", "1:", ":30", "1:00.", "1:2:3:4", "999999:00", "x"]
        {
            assert!(position(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn what_is_refused() {
        type Kind = fn(String) -> DurationError;
        let refused: [(&[&str], Kind); 4] = [
            (
                &[
                    "", " ", "x", "1x", "h", "1h30", ".", "1.2.3", "s", "1e3", "inf", "nan", "½h", "30m1h",
                    "::", "1d",
                ],
                DurationError::Unreadable,
            ),
            (&["12:30", "1:2"], DurationError::TwoParts),
            (&["0", "0s", "00:00:00", "-5s", "0.0"], DurationError::NotPositive),
            (&["169h", "604801", "99999h"], DurationError::TooLong),
        ];
        for (texts, kind) in refused {
            for text in texts {
                assert_eq!(parse(text), Err(kind((*text).into())), "{text:?}");
            }
        }
        // So large that it fits no integer: refused, in whichever words.
        assert!(parse(&"9".repeat(400)).is_err());
    }

    proptest! {
        #[test]
        fn all_forms_of_one_duration_agree(h in 0u64..100, m in 0u64..60, s in 0u64..60) {
            prop_assume!(h + m + s > 0);
            let expected = Ok(Duration::from_secs(h * 3600 + m * 60 + s));
            prop_assert_eq!(&parse(&format!("{h}h{m}m{s}s")), &expected);
            prop_assert_eq!(&parse(&format!("{h:02}:{m:02}:{s:02}")), &expected);
            prop_assert_eq!(&parse(&format!("{}", h * 3600 + m * 60 + s)), &expected);
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            if let Ok(duration) = parse(&text) {
                prop_assert!(duration > Duration::ZERO && duration <= MAX);
            }
        }
    }
}
