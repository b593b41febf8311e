//! When sound files were recorded that become a session.

use std::path::Path;
use std::time::SystemTime;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::audio::decode::{Recorded, recorded};
use crate::engine::plan::Begun;
use crate::engine::spec::{SourceSpec, SpecKind};

/// `--date`: an instant, a local time, or a day.
pub(super) fn parse(text: &str) -> Result<Begun, String> {
    let zone = TimeZone::system();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Begun { at: at.to_zoned(zone), clock_known: true });
    }
    let day = text.parse::<Date>().ok().filter(|_| !text.contains([':', 'T']));
    let (local, clock_known) = match (day, text.parse::<DateTime>()) {
        (Some(day), _) => (day.to_datetime(jiff::civil::Time::midnight()), false),
        (None, Ok(local)) => (local, true),
        (None, Err(_)) => {
            return Err("write a day and a time, as 2026-10-02T14:30, or a day, as 2026-10-02".into());
        }
    };
    let at = local.to_zoned(zone).map_err(|error| error.to_string())?;
    Ok(Begun { at, clock_known })
}

/// The earliest time that the files tell of themselves; else the day of the oldest file, without a time of
/// day: when a file was written is seldom when somebody spoke.
pub(super) fn of_files(specs: &[SourceSpec]) -> Begun {
    let paths = || {
        specs.iter().filter_map(|spec| match &spec.kind {
            SpecKind::File(path) => Some(path.as_path()),
            _ => None,
        })
    };
    let zone = TimeZone::system();
    let told = paths().filter_map(recorded).filter_map(|found| match found {
        Recorded::At(at) => Some(at.to_zoned(zone.clone())),
        Recorded::Local(local) => local.to_zoned(zone.clone()).ok(),
    });
    match told.min() {
        Some(at) => Begun { at, clock_known: true },
        None => {
            let at = paths().filter_map(written).min().unwrap_or_else(Zoned::now);
            Begun { at: at.start_of_day().unwrap_or(at), clock_known: false }
        }
    }
}

fn written(path: &Path) -> Option<Zoned> {
    let written: SystemTime = std::fs::metadata(path).ok()?.modified().ok()?;
    Some(Timestamp::try_from(written).ok()?.to_zoned(TimeZone::system()))
}
