//! What one transaction does to the index: parts are dropped, made anew and added to.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::{Change, IndexError, OPEN, Row, SESSION_TABLE, number, read_shown};
use crate::library::shown::{Item, Shown};
use crate::library::stamp::Stamped;
use crate::library::words::joined;

/// The part that a session belongs to.
fn part_of(shown: &Shown) -> i64 {
    if shown.open {
        return OPEN;
    }
    let day = shown.day();
    // Above zero for all years that there are.
    (i64::from(day.year()) + 10_000) * 12 + i64::from(day.month())
}

/// A session that is to be written: its items from `new` on are not there yet.
pub(super) struct Put {
    part: i64,
    no: i64,
    shown: Shown,
    new: usize,
}

impl Put {
    /// Writes it.
    pub fn write(&self, tx: &Transaction<'_>) -> Result<(), IndexError> {
        let Self { part, no, shown, new } = self;
        // The index is told words between spaces: to the tokenizer `ascii` all else is a letter.
        tx.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS shown_{part}(no INTEGER PRIMARY KEY, sum INTEGER NOT NULL, packed BLOB NOT NULL);
             CREATE VIRTUAL TABLE IF NOT EXISTS words_{part} USING fts5(text, speaker, content='', tokenize='ascii')"
        ))?;
        let packed = shown.pack().map_err(|_| IndexError::Damaged("a session can't be packed"))?;
        let sum = crc32fast::hash(&packed);
        tx.prepare_cached(&format!("INSERT OR REPLACE INTO shown_{part} VALUES (?1, ?2, ?3)"))?
            .execute(params![no, sum, packed])?;
        let sql = format!("INSERT INTO words_{part}(rowid, text, speaker) VALUES (?1, ?2, ?3)");
        let mut insert = tx.prepare_cached(&sql)?;
        for (n, item) in shown.items.iter().enumerate().skip(*new) {
            let id = number(*no, item.kind, n);
            let speaker = item.speaker.as_deref().map(joined).unwrap_or_default();
            insert.execute(params![id, joined(&item.text), speaker])?;
        }
        Ok(())
    }
}

/// What is done within one transaction.
pub(super) struct Work<'a> {
    pub tx: Transaction<'a>,
    pub rows: &'a mut HashMap<String, Row>,
    /// Parts that are dropped and made anew.
    pub erased: BTreeSet<i64>,
    /// Sessions that are not in them any more.
    pub removed: HashSet<i64>,
}

impl Work<'_> {
    /// Forgets the sessions of these folders.
    pub fn forget(&mut self, folders: &[String]) {
        for folder in folders {
            if let Some(row) = self.rows.remove(folder) {
                self.erase(&row);
            }
        }
    }

    fn erase(&mut self, row: &Row) {
        self.erased.extend(row.part);
        self.removed.insert(row.no);
    }

    /// What is to be written of a session that was read anew. What is gone from it is erased.
    pub fn compare(&mut self, change: Change) -> Result<Option<Put>, IndexError> {
        let old = self.rows.get(&change.stamped.folder).cloned();
        let next = || self.rows.values().map(|row| row.no).max().unwrap_or(0) + 1;
        let no = old.as_ref().map_or_else(next, |row| row.no);
        let Stamped { folder, stamp, fresh } = change.stamped;
        let mut row = Row {
            no,
            folder: folder.clone(),
            part: None,
            stamp,
            fresh,
            day: Date::ZERO,
            utc: 0,
            items: 0,
            pending: false,
            failed: None,
        };
        let put = match change.shown {
            Err(why) => {
                if let Some(old) = old.filter(|old| old.part.is_some()) {
                    self.erase(&old);
                }
                row.failed = Some(why);
                None
            }
            Ok(mut shown) => {
                let part = part_of(&shown);
                (row.day, row.utc) = (shown.day(), shown.start.utc.as_millisecond());
                (row.part, row.pending, row.items) = (Some(part), shown.pending, shown.items.len() as i64);
                let known = match &old {
                    Some(old) if old.part == Some(part) => Some(read_shown(&self.tx, part, no)?),
                    _ => None,
                };
                let added = known.as_ref().and_then(|known| Some((shown.added_since(known)?, known)));
                match added {
                    Some((added, known)) => {
                        let new = known.items.len();
                        let is_same =
                            added.is_empty() && (known.open, known.pending) == (shown.open, shown.pending);
                        shown.items = known.items.iter().cloned().chain(added).collect::<Vec<Item>>();
                        (!is_same).then_some(Put { part, no, shown, new })
                    }
                    None => {
                        if let Some(old) = old.filter(|old| old.part.is_some()) {
                            self.erase(&old);
                        }
                        Some(Put { part, no, shown, new: 0 })
                    }
                }
            }
        };
        self.rows.insert(folder, row);
        Ok(put)
    }

    /// Drops what is erased, and makes it anew from what stays.
    pub fn rebuild(&mut self, with_others: bool) -> Result<(), IndexError> {
        for part in self.erased.clone() {
            let mut kept = Vec::new();
            if with_others {
                let mut statement = self.tx.prepare(&format!("SELECT no FROM shown_{part}"))?;
                let numbers = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
                for no in numbers.into_iter().filter(|no| !self.removed.contains(no)) {
                    kept.push(Put { part, no, shown: read_shown(&self.tx, part, no)?, new: 0 });
                }
            }
            self.tx.flush_prepared_statement_cache();
            self.tx.execute_batch(&format!("DROP TABLE words_{part}; DROP TABLE shown_{part}"))?;
            kept.iter().try_for_each(|put| put.write(&self.tx))?;
        }
        Ok(())
    }

    /// Stores the sessions: those that were touched, or all anew where something was erased, as a folder's
    /// name has words too.
    pub fn store_rows(&self, touched: &[String]) -> Result<(), IndexError> {
        let all = !self.erased.is_empty() || !self.removed.is_empty();
        if all {
            self.tx.execute_batch(&format!("DROP TABLE session; {SESSION_TABLE}"))?;
        }
        let mut insert = self
            .tx
            .prepare("INSERT OR REPLACE INTO session VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
        for row in self.rows.values().filter(|row| all || touched.contains(&row.folder)) {
            insert.execute(params![
                row.no,
                row.folder,
                row.part,
                row.stamp,
                row.fresh,
                row.day.to_string(),
                row.utc,
                row.items,
                row.pending,
                row.failed
            ])?;
        }
        Ok(())
    }
}
