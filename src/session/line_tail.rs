//! Reading a file of lines while it grows: for those who follow a recording and were too slow.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use super::read::{LINE_BYTES_MAX, ReadError, open_plain};

/// The lines of a file from one of them on, as far as they have their ends. Memory is bounded by a call's
/// lines of up to `LINE_BYTES_MAX` bytes each.
#[derive(Debug)]
pub struct LineTail {
    path: PathBuf,
    /// Number of the next line that is wanted.
    wanted: u64,
    /// Number and first byte of the next line that is read.
    next: u64,
    at: u64,
}

impl LineTail {
    /// The lines of the file at `path` from number `wanted` (from 0) on.
    pub fn new(path: PathBuf, wanted: u64) -> Self {
        Self { path, wanted, next: 0, at: 0 }
    }

    /// Up to `most` further lines with their numbers; `None` where the file has no more, or is not there. A
    /// line that is too long is passed over.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(&mut self, most: usize) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
        let Some(mut file) = open_plain(&self.path, u64::MAX)? else { return Ok(Vec::new()) };
        let failed = |source| ReadError::Io { path: self.path.clone(), source };
        file.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        let mut reader = BufReader::<File>::new(file);
        let mut lines = Vec::new();
        while lines.len() < most {
            let mut line = Vec::new();
            let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)?;
            let mut bytes = read as u64;
            let mut is_whole = line.pop() == Some(b'\n');
            let is_long = !is_whole && bytes == LINE_BYTES_MAX;
            if is_long {
                match reader.skip_until(b'\n').map_err(failed)? {
                    // It has no end yet.
                    0 => break,
                    more => bytes += more as u64,
                }
                is_whole = true;
            }
            if !is_whole {
                break;
            }
            if self.next >= self.wanted && !is_long {
                lines.push((self.next, line));
            }
            self.next += 1;
            self.at += bytes;
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn whole_lines_are_given_once_while_the_file_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        let mut tail = LineTail::new(path.clone(), 1);
        assert!(tail.read(9).unwrap().is_empty(), "it is not there yet");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"zero\none\ntwo\nthr").unwrap();
        assert_eq!(tail.read(1).unwrap(), [(1, b"one".to_vec())]);
        assert_eq!(tail.read(9).unwrap(), [(2, b"two".to_vec())]);
        assert!(tail.read(9).unwrap().is_empty(), "the last one is being written");
        file.write_all(b"ee\n").unwrap();
        file.write_all(&vec![b'x'; LINE_BYTES_MAX as usize + 7]).unwrap();
        file.write_all(b"\nfive\n").unwrap();
        assert_eq!(tail.read(9).unwrap(), [(3, b"three".to_vec()), (5, b"five".to_vec())]);
    }
}
