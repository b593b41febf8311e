//! What people added to a session after the fact or beside the sound: read from the journal, where it was appended.
//!
//! Nothing is changed by it on the disk: it is laid over what was recorded when a session is read. Promises: bounded memory, no panic on any
//! journal. A line that can't be understood is passed over: `verify` is the one to judge the journal.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::journal::{Event, Line};
use super::mark::Mark;
use super::read::{self, JOURNAL, JOURNAL_BYTES_MAX, LINE_BYTES_MAX, ReadError, is_time};

/// More than anybody adds to a meeting.
const ADDED_MAX: usize = 100_000;

/// What people added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendments {
    /// The marks that stand, by session time.
    pub marks: Vec<Mark>,
    /// Marks that there ever were, those that were taken back among them.
    pub marks_made: usize,
}

/// How a journal writes the kinds of lines that matter here; only those are parsed.
const KINDS: [&[u8]; 1] = [br#""kind":"mark""#];

impl Amendments {
    /// Reads the journal of the session in `dir`; one that is missing says nothing.
    ///
    /// # Errors
    /// It is there and can't be read.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        let path = dir.join(JOURNAL);
        let mut gathered = Gathered::default();
        let Some(file) = read::open_plain(&path, JOURNAL_BYTES_MAX)? else { return Ok(Self::default()) };
        let mut reader = BufReader::new(file.take(JOURNAL_BYTES_MAX));
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            if read.map_err(|source| ReadError::Io { path: path.clone(), source })? == 0 {
                return Ok(gathered.into_amendments());
            }
            if !KINDS.iter().any(|kind| contains(&line, kind)) {
                continue;
            }
            if let Ok(line) = serde_json::from_slice::<Line>(&line)
                && !gathered.take(line)
            {
                return Err(ReadError::Damaged {
                    path,
                    what: format!("people are said to have added more than {ADDED_MAX} things to it"),
                });
            }
        }
    }
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

/// What was read so far.
#[derive(Default)]
struct Gathered {
    lines: usize,
    /// By id; none: taken back.
    marks: HashMap<String, Option<Mark>>,
}

impl Gathered {
    /// Takes a line in; false once there are too many.
    fn take(&mut self, line: Line) -> bool {
        match line.event {
            Event::Mark { id, at, mark, text, withdrawn } if is_time(at) => {
                let mark = Mark { id: id.clone(), at, kind: mark, text };
                self.marks.insert(id, Some(mark).filter(|_| !withdrawn));
            }
            _ => return true,
        }
        self.lines += 1;
        self.lines <= ADDED_MAX
    }

    fn into_amendments(self) -> Amendments {
        let marks_made = self.marks.len();
        let mut marks: Vec<Mark> = self.marks.into_values().flatten().collect();
        marks.sort_by(|a, b| a.at.total_cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        Amendments { marks, marks_made }
    }
}
