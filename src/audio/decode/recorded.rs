//! When a file was recorded, as it says itself: `mvhd` of MP4 (ISO/IEC 14496-12), `DateUTC` of Matroska (RFC
//! 9559), `bext` of broadcast WAVE (EBU Tech 3285) and what iXML repeats of it, and a full time in a comment
//! of Ogg, FLAC or MP3.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

/// When a recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// An instant, wherever that was.
    At(Timestamp),
    /// How the clock on the wall read; in which zone is not said.
    Local(DateTime),
}

/// Where dates stand: in front, or, of MP4 files and of iXML, behind the sound.
const HEAD_BYTES: u64 = 1 << 16;
/// Seconds from 1904, where MP4 begins to count, to 1970.
const MP4_EPOCH_S: i64 = 2_082_844_800;
/// Seconds from 1970 to 2001, where Matroska begins.
const MATROSKA_EPOCH_S: i64 = 978_307_200;
/// Clocks that were never set stand before this: 1 January 1990.
const SET_S: i64 = 631_152_000;

/// When the file says that it was recorded; `None` where it doesn't, or says a time that can't be.
pub fn recorded(path: &Path) -> Option<Recorded> {
    let mut file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    let found = match () {
        _ if head.get(4..8) == Some(b"ftyp") => {
            let mut tail = Vec::new();
            file.seek(SeekFrom::Start(bytes.saturating_sub(1 << 22))).ok()?;
            file.take(1 << 22).read_to_end(&mut tail).ok()?;
            mvhd(&head).or_else(|| mvhd(&tail))
        }
        _ if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) => date_utc(&head),
        _ if head.starts_with(b"RIFF") || head.starts_with(b"RF64") || head.starts_with(b"BW64") => {
            let mut tail = Vec::new();
            file.seek(SeekFrom::Start(bytes.saturating_sub(HEAD_BYTES))).ok()?;
            file.take(HEAD_BYTES).read_to_end(&mut tail).ok()?;
            let in_xml = || ixml(&head).or_else(|| ixml(&tail));
            bext(&head).or_else(in_xml).or_else(|| in_text(&head))
        }
        _ => in_text(&head),
    };
    found.filter(|found| match found {
        Recorded::At(at) => {
            at.as_second() > SET_S && *at <= Timestamp::now() + SignedDuration::from_hours(24)
        }
        Recorded::Local(at) => at.year() >= 1990,
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn mvhd(bytes: &[u8]) -> Option<Recorded> {
    let header = bytes.get(find(bytes, b"mvhd")? + 4..)?;
    let seconds = match header.first()? {
        1 => i64::from_be_bytes(*header.get(4..)?.first_chunk()?),
        _ => i64::from(u32::from_be_bytes(*header.get(4..)?.first_chunk()?)),
    };
    Timestamp::from_second(seconds.checked_sub(MP4_EPOCH_S)?).ok().map(Recorded::At)
}

fn date_utc(bytes: &[u8]) -> Option<Recorded> {
    // The element's number, and that it has eight bytes.
    let value = bytes.get(find(bytes, &[0x44, 0x61, 0x88])? + 3..)?;
    let nanos = i64::from_be_bytes(*value.first_chunk()?);
    Timestamp::from_second(nanos.div_euclid(1_000_000_000) + MATROSKA_EPOCH_S).ok().map(Recorded::At)
}

/// Behind description, originator and reference: ten letters of the date, eight of the time.
fn bext(bytes: &[u8]) -> Option<Recorded> {
    let at = find(bytes, b"bext")? + 8 + 256 + 32 + 32;
    let text = std::str::from_utf8(bytes.get(at..at + 18)?).ok()?;
    local(text.get(..10)?, text.get(10..)?)
}

/// What a recorder wrote into its chunk of XML instead (<http://www.ixml.info>).
fn ixml(bytes: &[u8]) -> Option<Recorded> {
    let value = |tag: &str| {
        let rest = bytes.get(find(bytes, tag.as_bytes())? + tag.len()..)?;
        std::str::from_utf8(rest.get(..rest.iter().take(40).position(|b| *b == b'<')?)?).ok()
    };
    local(value("<BWF_ORIGINATION_DATE>")?.trim(), value("<BWF_ORIGINATION_TIME>")?.trim())
}

/// A day and a time, whatever stands between their numbers.
fn local(date: &str, time: &str) -> Option<Recorded> {
    let (date, time) = (date.replace(['_', ':', '.', '/'], "-"), time.replace(['-', '.', '_'], ":"));
    format!("{date}T{time}").parse().ok().map(Recorded::Local)
}

/// A comment with a day and a time: `creation_time=2026-10-02T09:30:00Z`, `DATE=2026-10-02T09:30:00`.
fn in_text(bytes: &[u8]) -> Option<Recorded> {
    let lower = bytes.to_ascii_lowercase();
    for key in ["creation_time=", "date=", "creation_time", "icrd"] {
        let Some(at) = find(&lower, key.as_bytes()) else { continue };
        let rest = &bytes[at + key.len()..];
        // What a tag's own head has between name and text.
        let begin = rest.iter().take(16).position(u8::is_ascii_digit);
        let Some(text) = begin.and_then(|begin| rest.get(begin..)) else { continue };
        let length =
            text.iter().take(40).take_while(|b| b.is_ascii_digit() || b"-:.+TtZz ".contains(b)).count();
        let Ok(text) = std::str::from_utf8(&text[..length]) else { continue };
        let text = text.trim();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(Recorded::At(at));
        }
        if text.len() >= 16
            && let Ok(at) = text.parse::<DateTime>()
        {
            return Some(Recorded::Local(at));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Option<Recorded> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        recorded(file.path())
    }

    #[test]
    fn dates_are_found_where_formats_have_them() {
        let at = Recorded::At("2026-10-02T09:30:00Z".parse().unwrap());
        let local = Recorded::Local("2026-10-02T09:30:00".parse().unwrap());
        let seconds = (1_790_933_400 + MP4_EPOCH_S) as u32;
        let mp4 = [b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\x6cmvhd\0\0\0\0", &seconds.to_be_bytes()[..]].concat();
        assert_eq!(of(&mp4), Some(at));
        let nanos = (1_790_933_400 - MATROSKA_EPOCH_S) * 1_000_000_000;
        let matroska = [&[0x1a, 0x45, 0xdf, 0xa3, 0x44, 0x61, 0x88][..], &nanos.to_be_bytes()].concat();
        assert_eq!(of(&matroska), Some(at));
        let bext = [b"RIFF\0\0\0\0WAVEbext\0\0\0\0", &[0; 320][..], b"2026-10-0209:30:00"].concat();
        assert_eq!(of(&bext), Some(local));
        let tags = "<BWF_ORIGINATION_DATE>2026-10-02</BWF_ORIGINATION_DATE>\n\
                    <BWF_ORIGINATION_TIME>09:30:00</BWF_ORIGINATION_TIME>";
        let sound = vec![0; 200_000];
        for ixml in [
            [b"RIFF\0\0\0\0WAVEiXML\0\0\0\0", tags.as_bytes(), &sound].concat(),
            [b"RIFF\0\0\0\0WAVEdata\0\0\0\0", &sound[..], tags.as_bytes()].concat(),
        ] {
            assert_eq!(of(&ixml), Some(local));
        }
        assert_eq!(of(b"OggS..creation_time=2026-10-02T09:30:00.000000Z"), Some(at));
        assert_eq!(of(b"fLaC..DATE=2026-10-02T09:30:00\0"), Some(local));
        // A year is no time, and a clock that was never set is none.
        for nothing in
            [&b"fLaC DATE=2026"[..], b"", b"RIFF", b"\0\0\0\x10ftypM4A \0\0\0\0mvhd\0\0\0\0\0\0\0\0"]
        {
            assert_eq!(of(nothing), None);
        }
    }
}
