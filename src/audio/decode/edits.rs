//! What an MP4 file says of the begin and end of its tracks: edit lists, and Apple's note of what the encoder
//! added. The decoder library reads neither.
//!
//! Sources: ISO/IEC 14496-12, `mvhd`, `tkhd`, `mdhd`, `elst`; the iTunes gapless note as FFmpeg reads it
//! (libavformat/mov.c, `iTunSMPB`).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What is said of a file without one.
pub(super) const NO_INDEX: &str = "its index is missing: the recorder died before it wrote it; untrunc with a \
    good file of the same recorder can mend it";
/// A longer index is not read; it has room for hundreds of hours.
const MOOV_BYTES_MAX: u64 = 256 << 20;
/// Boxes in a file's top level; more are junk.
const BOXES_MAX: usize = 100_000;

/// Which part of a track is to be heard, and when. Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Edit {
    /// It is one at all.
    is_some: bool,
    /// Where in the track the part begins: what is before it is the encoder's delay.
    skip_s: f64,
    /// When in the file it is heard.
    delay_s: f64,
    /// How long it is; `None` for all of it.
    length_s: Option<f64>,
}

impl Edit {
    pub(super) fn is_some(&self) -> bool {
        self.is_some
    }

    /// Second of the file at which second `track_s` of the track is heard.
    pub(super) fn place(&self, track_s: f64) -> f64 {
        track_s - self.skip_s + self.delay_s
    }

    /// Second of the file at which it ends, where that is said.
    pub(super) fn end_s(&self) -> Option<f64> {
        self.length_s.map(|length| length + self.delay_s)
    }
}

/// What is read of the index of an MP4 file.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the track's number.
    pub(super) edits: HashMap<u32, Edit>,
    /// There is none: a recorder that died before it wrote it.
    pub(super) is_missing: bool,
}

/// Reads the index of a file; an empty one where it is no MP4 file.
pub(super) fn read(file: &mut File, bytes: u64) -> io::Result<Index> {
    let (mut at, mut is_mp4) = (0u64, false);
    for _ in 0..BOXES_MAX {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        if at + 16 > bytes || file.read_exact(&mut head).is_err() {
            break;
        }
        let (name, short) = (&head[4..8], u64::from(u32_at(&head, 0)));
        is_mp4 |=
            name == b"ftyp" || (at == 0 && [b"moov", b"mdat", b"wide"].iter().any(|first| name == *first));
        if !is_mp4 {
            return Ok(Index::default());
        }
        let (start, length) = match short {
            0 => (8, bytes - at),
            1 => (16, u64_at(&head, 8)),
            length => (8, length),
        };
        if name == b"moov" {
            let mut moov = Vec::new();
            file.seek(SeekFrom::Start(at + start))?;
            let length = length.saturating_sub(start).min(MOOV_BYTES_MAX);
            file.take(length).read_to_end(&mut moov)?;
            return Ok(Index { edits: edits(&moov), is_missing: false });
        }
        // Fragments tell their own tracks.
        if length < start {
            break;
        }
        at = at.saturating_add(length);
    }
    Ok(Index { edits: HashMap::new(), is_missing: is_mp4 })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let part = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    part.map_or(0, |part| u32::from_be_bytes(*part))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) << 32 | u64::from(u32_at(bytes, at + 4))
}

/// The boxes within a box.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let name = bytes.get(4..8)?;
        let length = usize::try_from(u32_at(bytes, 0)).ok().filter(|length| *length >= 8)?;
        let length = length.min(bytes.len());
        let content = &bytes[8..length];
        bytes = &bytes[length..];
        Some((name, content))
    })
}

fn child<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(found, _)| *found == name).map(|(_, content)| content)
}

/// Ticks a second of an `mvhd` or `mdhd`.
fn ticks(header: &[u8]) -> f64 {
    f64::from(u32_at(header, if header.first() == Some(&1) { 20 } else { 12 }).max(1))
}

fn edits(moov: &[u8]) -> HashMap<u32, Edit> {
    let movie = child(moov, b"mvhd").map_or(1.0, ticks);
    let gapless = gapless_note(moov);
    let tracks = boxes(moov).filter(|(name, _)| name == b"trak");
    tracks
        .filter_map(|(_, trak)| {
            let head = child(trak, b"tkhd")?;
            let id = u32_at(head, if head.first() == Some(&1) { 20 } else { 12 });
            let media = child(child(trak, b"mdia")?, b"mdhd").map_or(1.0, ticks);
            let list = child(trak, b"edts").and_then(|edts| child(edts, b"elst"));
            let edit = list.and_then(|list| edit(list, movie, media)).or_else(|| {
                let (delay, length) = gapless?;
                let length_s = Some(length / media).filter(|length| *length > 0.0);
                Some(Edit { is_some: true, skip_s: delay / media, delay_s: 0.0, length_s })
            })?;
            Some((id, edit))
        })
        .collect()
}

/// The first part of a list, and the empty time before it.
fn edit(list: &[u8], movie: f64, media: f64) -> Option<Edit> {
    let (long, count) = (list.first() == Some(&1), u32_at(list, 4));
    let size = if long { 20 } else { 12 };
    let (mut delay_s, mut edit, mut parts) = (0.0, None, 0);
    for entry in list.get(8..)?.chunks_exact(size).take(count as usize) {
        let (length, from) = match long {
            true => (u64_at(entry, 0) as f64, u64_at(entry, 8).cast_signed()),
            false => (f64::from(u32_at(entry, 0)), i64::from(u32_at(entry, 4).cast_signed())),
        };
        if from < 0 {
            if parts == 0 {
                delay_s += length / movie;
            }
            continue;
        }
        parts += 1;
        let length_s = Some(length / movie).filter(|length| *length > 0.0);
        edit.get_or_insert(Edit { is_some: true, skip_s: from as f64 / media, delay_s, length_s });
    }
    // Several parts are an editor's cuts: what was recorded is taken whole.
    edit.map(|edit| if parts > 1 { Edit { length_s: None, ..edit } } else { edit })
}

/// Frames that the encoder put in front, and frames of sound, as iTunes and Apple's recorders note them.
fn gapless_note(moov: &[u8]) -> Option<(f64, f64)> {
    let name = moov.windows(8).position(|window| window == b"iTunSMPB")?;
    let data = moov[name..].windows(4).take(64).position(|window| window == b"data")?;
    let text = moov.get(name + data + 12..)?;
    let text = std::str::from_utf8(&text[..text.len().min(48)]).ok()?;
    let mut fields = text.split_whitespace().map(|field| u64::from_str_radix(field, 16).ok());
    let (_, delay, _, length) = (fields.next()?, fields.next()??, fields.next()?, fields.next().flatten());
    Some((delay as f64, length.unwrap_or(0) as f64)).filter(|(delay, _)| *delay < 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
    }

    fn list(entries: &[(u32, i32)]) -> Vec<u8> {
        let entries = entries.iter().flat_map(|(length, from)| {
            [length.to_be_bytes(), from.to_be_bytes(), 0x10000u32.to_be_bytes()].concat()
        });
        [0u32.to_be_bytes(), 1u32.to_be_bytes().map(|byte| byte * 2)]
            .concat()
            .into_iter()
            .chain(entries)
            .collect()
    }

    #[test]
    fn an_empty_time_is_a_delay_and_the_encoder_s_frames_are_skipped() {
        let found = edit(&list(&[(500, -1), (3_000, 1_024)]), 1_000.0, 48_000.0).unwrap();
        assert_eq!(found.place(1_024.0 / 48e3), 0.5);
        assert_eq!(found.end_s(), Some(3.5));
        // Two parts: nothing is cut off.
        let found = edit(&list(&[(500, 0), (3_000, 90_000)]), 1_000.0, 48_000.0).unwrap();
        assert_eq!((found.place(0.0), found.end_s()), (0.0, None));
        assert_eq!(edit(&list(&[(500, -1)]), 1_000.0, 48_000.0), None);
    }

    #[test]
    fn junk_is_no_edit() {
        for moov in
            [&b""[..], b"abc", &[0xff; 64], &boxed(b"trak", &[0; 7]), &boxed(b"trak", b"iTunSMPBdata")]
        {
            assert!(edits(moov).is_empty());
        }
    }
}
