//! Matroska and WebM behind a damaged place. The library's reader ends where it loses its way; here the file
//! goes on with the next cluster, whose time stamps tell where it stands, as FFmpeg's does.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::section::Unread;

/// What a Matroska file begins with (EBML, RFC 8794), and its clusters do (RFC 9559).
const EBML: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];
const CLUSTER: [u8; 4] = [0x1F, 0x43, 0xB6, 0x75];
/// A cluster's first elements: its time stamp, which may stand behind a checksum.
const TIMESTAMP: u8 = 0xE7;
const CHECKSUM: [u8; 2] = [0xBF, 0x84];
/// Its head: id, size, checksum, time stamp.
const HEAD: usize = 4 + 8 + 6 + 10;
/// What stands before the first cluster is no longer than this: names, pictures, indexes.
const HEADER_BYTES_MAX: usize = 16 << 20;
/// Bytes that are searched at a time.
const BLOCK: usize = 1 << 16;

/// The clusters of a file.
pub(super) struct Clusters {
    file: File,
    bytes: u64,
    /// What stands before the first one.
    header: Arc<Vec<u8>>,
    /// Where the next one is looked for.
    from: u64,
}

impl Clusters {
    /// Of a file of so many bytes; `None` where it is another kind, has none, or can't be read.
    pub(super) fn open(path: &Path, bytes: u64) -> Option<Self> {
        Self::of(File::open(path).ok()?, bytes).ok()?
    }

    fn of(mut file: File, bytes: u64) -> io::Result<Option<Self>> {
        let mut magic = [0; 4];
        file.rewind()?;
        if bytes < 4 || file.read_exact(&mut magic).is_err() || magic != EBML {
            return Ok(None);
        }
        let mut clusters = Self { file, bytes, header: Arc::default(), from: 4 };
        let Some((first, _)) = clusters.find()? else { return Ok(None) };
        if first > HEADER_BYTES_MAX as u64 {
            return Ok(None);
        }
        let mut header = vec![0; first as usize];
        clusters.file.rewind()?;
        clusters.file.read_exact(&mut header)?;
        clusters.header = Arc::new(header);
        Ok(Some(clusters))
    }

    /// The file from its first cluster on whose time stamp is above `ticks`, behind those that were given
    /// before, with the header in front; and what of it will not have been looked at.
    pub(super) fn after(&mut self, ticks: u64) -> io::Result<Option<(MediaSourceStream<'static>, Unread)>> {
        while let Some((at, stamp)) = self.find()? {
            if stamp <= ticks {
                continue;
            }
            let mut file = self.file.try_clone()?;
            file.seek(SeekFrom::Start(at))?;
            let reached = Arc::new(AtomicU64::new(at));
            let unread = Unread::new(Arc::clone(&reached), self.bytes);
            let spliced = Spliced { header: Cursor::new(self.header.to_vec()), file, at, reached };
            return Ok(Some((MediaSourceStream::new(Box::new(spliced), Default::default()), unread)));
        }
        Ok(None)
    }

    /// The next cluster: its place and its time stamp.
    fn find(&mut self) -> io::Result<Option<(u64, u64)>> {
        let mut block = Vec::new();
        let mut at = self.from;
        loop {
            // A head may lie across two blocks.
            let kept = block.len().min(HEAD - 1);
            block.drain(..block.len() - kept);
            let first = at - kept as u64;
            self.file.seek(SeekFrom::Start(at))?;
            let read = (&mut self.file).take(BLOCK as u64).read_to_end(&mut block)?;
            let heads = block.windows(CLUSTER.len()).enumerate().filter(|(_, window)| **window == CLUSTER);
            let mut stamps = heads.filter_map(|(n, _)| Some((n, stamp(&block[n..])?)));
            if let Some((n, stamp)) = stamps.next() {
                self.from = first + n as u64 + CLUSTER.len() as u64;
                return Ok(Some((first + n as u64, stamp)));
            }
            if read == 0 {
                self.from = self.bytes;
                return Ok(None);
            }
            at += read as u64;
        }
    }
}

/// The time stamp at the head of a cluster; `None` where that is none, but bytes that look like its id.
fn stamp(head: &[u8]) -> Option<u64> {
    let size = head.get(4)?.leading_zeros() as usize + 1;
    let mut rest = head.get(4 + size..).filter(|_| size <= 8)?;
    if rest.starts_with(&CHECKSUM) {
        rest = rest.get(6..)?;
    }
    let (id, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first()?;
    let length = usize::from(length & 0x7F);
    let is_stamp = *id == TIMESTAMP && (1..=8).contains(&length);
    let value = rest.get(..length).filter(|_| is_stamp)?;
    Some(value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A header, and a file behind it from some cluster on. It can't be gone about in: the places that the header
/// names are others.
struct Spliced {
    header: Cursor<Vec<u8>>,
    file: File,
    at: u64,
    reached: Arc<AtomicU64>,
}

impl Read for Spliced {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let of_header = self.header.read(out)?;
        if of_header > 0 || out.is_empty() {
            return Ok(of_header);
        }
        // The handle shares its place with others of this file.
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(out)?;
        self.at += read as u64;
        self.reached.fetch_max(self.at, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Spliced {
    fn seek(&mut self, _to: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl MediaSource for Spliced {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_known_by_its_time_stamp() {
        let head = |size: &[u8], rest: &[u8]| [&CLUSTER[..], size, rest, &[0; 8]].concat();
        assert_eq!(stamp(&head(&[0x84], &[0xE7, 0x82, 1, 2])), Some(258));
        assert_eq!(stamp(&head(&[0x40, 0x20], &[0xBF, 0x84, 1, 2, 3, 4, 0xE7, 0x81, 9])), Some(9));
        let unknown = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(stamp(&head(&unknown, &[0xE7, 0x84, 0, 0, 1, 0])), Some(256));
        assert_eq!(stamp(&head(&[0x84], &[0xA3, 0x82, 1, 2])), None);
        assert_eq!(stamp(&head(&[0x00], &[0xE7, 0x82, 1, 2])), None);
        assert_eq!(stamp(&CLUSTER), None);
    }
}
