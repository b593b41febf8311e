//! The index: an SQLite file in the user's cache, made of what is shown of all sessions.
//!
//! Promises. It is a cache: at any doubt (another version, another folder of recordings, a file that was
//! changed by somebody else, an error) it is thrown away and made anew. Erasing is real: a word that is no
//! longer shown is in no file of ours after the next search, since tables are dropped and made anew without
//! it, and SQLite overwrites what it frees. To keep that cheap there is a pair of tables per month (a
//! *part*), and one for sessions that are not finished. Several processes take turns, step by step; none
//! waits long.
//!
//! What a session shows is packed beside its words, so that a hit is read in a moment: it is the reader's own
//! output, and its stamps said just now that nothing has changed since.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use self::lock::{FILE, Lock, TURN, WRITING, discard, look, private};
use self::work::Work;
use super::query::Kind;
use super::shown::Shown;
use super::stamp::Stamped;

mod lock;
mod work;

pub(super) use self::lock::remove;

/// To be raised whenever words are made otherwise, or stored otherwise.
const VERSION: i64 = 2;
/// The part of sessions that are not finished.
const OPEN: i64 = 0;
/// In a row's number: the session, the kind, and the item.
const SESSION_SHIFT: u32 = 32;
const KIND_SHIFT: u32 = 30;
/// More lines than these do not fit into a transcript that is read at all.
const ITEM_MAX: i64 = (1 << KIND_SHIFT) - 1;

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub(super) enum IndexError {
    /// Its folder or file can't be used.
    #[error("can't use {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    /// Another search has it.
    #[error("another search has been using it for {} s", TURN.as_secs())]
    Busy,
    /// SQLite's own.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// It holds what can't be.
    #[error("it is damaged ({0})")]
    Damaged(&'static str),
}

/// A session as the index knows it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub no: i64,
    pub folder: String,
    /// `None` means that it could not be read.
    pub part: Option<i64>,
    stamp: Vec<u8>,
    fresh: bool,
    pub day: Date,
    /// Unix milliseconds.
    pub utc: i64,
    items: i64,
    pub pending: bool,
    /// Why it could not be read.
    pub failed: Option<String>,
}

impl Row {
    /// Whether this is how that folder looks.
    pub fn is_of(&self, stamped: &Stamped) -> bool {
        !self.fresh && self.stamp == stamped.stamp
    }
}

/// A session that was read anew.
pub(super) struct Change {
    pub stamped: Stamped,
    /// Why it could not be read, where it could not.
    pub shown: Result<Shown, String>,
}

/// The index, ours for one step.
pub(super) struct Index {
    db: Connection,
    file: PathBuf,
    lock: Lock,
    /// Sessions by folder.
    pub rows: HashMap<String, Row>,
}

/// A line that the words stand in.
pub(super) struct Found {
    pub no: i64,
    pub item: usize,
    pub kind: Kind,
    /// The higher, the better.
    pub score: f64,
}

impl Index {
    /// The index in the folder `cache` of what lies in `recordings`, for a step; empty where there was none,
    /// or one that can't be trusted.
    pub fn open(cache: &Path, recordings: &Path) -> Result<Self, IndexError> {
        let mut lock = Lock::take(cache)?;
        let file = lock.folder.join(FILE);
        let said = lock.says();
        let seen = look(&file);
        let was_writing = said == WRITING;
        if let Some(seen) = &seen
            && !was_writing
            && *seen != said
        {
            tracing::info!(file = %file.display(), "the search index was changed by somebody else: made anew");
            discard(&lock.folder)?;
        }
        let of = recordings.canonicalize().unwrap_or_else(|_| recordings.to_owned());
        let of = of.as_os_str().as_encoded_bytes();
        if file.exists() {
            match connect(&file).and_then(|db| check(db, of, was_writing)) {
                Ok(Some((db, rows))) => return Ok(Self { db, file, lock, rows }),
                Ok(None) => {}
                Err(error) => tracing::info!(%error, "the search index can't be used: made anew"),
            }
        }
        discard(&lock.folder)?;
        lock.say(WRITING)?;
        private()
            .truncate(false)
            .open(&file)
            .map_err(|error| IndexError::Io { path: file.clone(), error })?;
        let db = connect(&file)?;
        create(&db, of)?;
        Ok(Self { db, file, lock, rows: HashMap::new() })
    }

    /// Throws it away.
    pub fn discard(self) -> Result<(), IndexError> {
        drop(self.db);
        discard(&self.lock.folder)
    }

    /// Ends the step.
    pub fn close(mut self) -> Result<(), IndexError> {
        self.db.close().map_err(|(_, error)| error)?;
        match look(&self.file) {
            Some(seen) => self.lock.say(&seen),
            None => Ok(()),
        }
    }

    /// Takes in what changed, and forgets the sessions of the folders `gone`.
    pub fn change(&mut self, changes: Vec<Change>, gone: &[String]) -> Result<(), IndexError> {
        if changes.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.lock.say(WRITING)?;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut work = Work { tx, rows: &mut self.rows, erased: BTreeSet::new(), removed: HashSet::new() };
        work.forget(gone);
        let mut puts = Vec::new();
        let mut touched = Vec::new();
        for change in changes {
            touched.push(change.stamped.folder.clone());
            puts.extend(work.compare(change)?);
        }
        work.rebuild(true)?;
        for put in puts {
            put.write(&work.tx)?;
        }
        work.store_rows(&touched)?;
        work.tx.commit()?;
        Ok(())
    }

    /// Forgets parts in which these folders' sessions are, and their neighbours with them: these are read
    /// again by the next search.
    pub fn forget(&mut self, folders: &[String]) -> Result<(), IndexError> {
        let parts: HashSet<i64> = folders.iter().filter_map(|name| self.rows.get(name)?.part).collect();
        let with =
            |row: &&Row| row.part.is_some_and(|part| parts.contains(&part)) || folders.contains(&row.folder);
        let gone: Vec<String> = self.rows.values().filter(with).map(|row| row.folder.clone()).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.lock.say(WRITING)?;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut work =
            Work { tx, rows: &mut self.rows, erased: parts.into_iter().collect(), removed: HashSet::new() };
        work.forget(&gone);
        work.rebuild(false)?;
        work.store_rows(&[])?;
        work.tx.commit()?;
        Ok(())
    }

    /// What the session shows.
    pub fn shown(&self, row: &Row) -> Result<Shown, IndexError> {
        let part = row.part.ok_or(IndexError::Damaged("a session without a part"))?;
        read_shown(&self.db, part, row.no)
    }

    /// The lines of a part that an expression finds, of all sessions or of one.
    pub fn find(&self, part: i64, expression: &str, of: Option<i64>) -> Result<Vec<Found>, IndexError> {
        let (from, to) = match of {
            Some(no) => (no << SESSION_SHIFT, (no + 1) << SESSION_SHIFT),
            None => (0, i64::MAX),
        };
        let sql = format!(
            "SELECT rowid FROM words_{part} WHERE words_{part} MATCH ?1 AND rowid >= ?2 AND rowid < ?3"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![expression, from, to], |row| row.get(0))?;
        let mut found = Vec::new();
        for row in rows {
            found.push(Found::new(row?, 0.0));
        }
        Ok(found)
    }

    /// The same with how well they fit, the best first. Scores of parts compare: the weight of words is taken
    /// out of them that are rare in one month and frequent in another.
    pub fn find_best(&self, part: i64, expression: &str) -> Result<Vec<Found>, IndexError> {
        let sql = format!("SELECT rowid, bm25(words_{part}) FROM words_{part} WHERE words_{part} MATCH ?1");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([expression], |row| Ok((row.get(0)?, row.get::<_, f64>(1)?)))?;
        let mut found = Vec::new();
        for row in rows {
            let (id, rank) = row?;
            found.push(Found::new(id, -rank));
        }
        let all: i64 = self.rows.values().filter(|row| row.part == Some(part)).map(|row| row.items).sum();
        let (all, with) = (all.max(0) as f64, found.len() as f64);
        // As SQLite weighs a word, with its floor for those that most lines have.
        let weight = ((all - with + 0.5) / (with + 0.5)).max(1e-9).ln().max(1e-6);
        found.iter_mut().for_each(|found| found.score /= weight);
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(found)
    }
}

/// The number of a row.
fn number(no: i64, kind: Kind, item: usize) -> i64 {
    let kind: i64 = match kind {
        Kind::Line => 0,
        Kind::Summary => 1,
        Kind::Mark => 2,
    };
    (no << SESSION_SHIFT) | (kind << KIND_SHIFT) | i64::try_from(item).unwrap_or(ITEM_MAX).min(ITEM_MAX)
}

impl Found {
    fn new(id: i64, score: f64) -> Self {
        let kind = match (id >> KIND_SHIFT) & 3 {
            0 => Kind::Line,
            1 => Kind::Summary,
            _ => Kind::Mark,
        };
        Self { no: id >> SESSION_SHIFT, item: (id & ITEM_MAX) as usize, kind, score }
    }
}

fn connect(file: &Path) -> Result<Connection, IndexError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags)?;
    db.busy_timeout(TURN)?;
    // What is freed is overwritten, and nothing is written anywhere else but beside the file.
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    // KiB, negative by SQLite's rule: a month's words.
    db.pragma_update(None, "cache_size", -64_000)?;
    Ok(db)
}

fn create(db: &Connection, of: &[u8]) -> Result<(), IndexError> {
    db.execute_batch(&format!(
        "BEGIN; CREATE TABLE about(version INTEGER, recordings BLOB);
         {SESSION_TABLE};
         COMMIT;"
    ))?;
    db.execute("INSERT INTO about VALUES (?1, ?2)", params![VERSION, of])?;
    Ok(())
}

const SESSION_TABLE: &str = "CREATE TABLE session(no INTEGER PRIMARY KEY, folder TEXT NOT NULL, part INTEGER, stamp BLOB NOT NULL, \
     fresh INTEGER NOT NULL, day TEXT NOT NULL, utc INTEGER NOT NULL, items INTEGER NOT NULL, pending INTEGER NOT NULL, \
     failed TEXT)";

type Checked = Option<(Connection, HashMap<String, Row>)>;

/// The index with its sessions, if it is ours, of this version and of these recordings.
fn check(db: Connection, of: &[u8], thoroughly: bool) -> Result<Checked, IndexError> {
    let (version, recordings): (i64, Vec<u8>) =
        db.query_row("SELECT version, recordings FROM about", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if version != VERSION || recordings != of {
        return Ok(None);
    }
    if thoroughly {
        let said: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            return Ok(None);
        }
    }
    let mut rows = HashMap::new();
    {
        let mut statement = db.prepare(
            "SELECT no, folder, part, stamp, fresh, day, utc, items, pending, failed FROM session",
        )?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let day: String = row.get(5)?;
            let row = Row {
                no: row.get(0)?,
                folder: row.get(1)?,
                part: row.get(2)?,
                stamp: row.get(3)?,
                fresh: row.get(4)?,
                day: day.parse().map_err(|_| IndexError::Damaged("a day that is none"))?,
                utc: row.get(6)?,
                items: row.get(7)?,
                pending: row.get(8)?,
                failed: row.get(9)?,
            };
            rows.insert(row.folder.clone(), row);
        }
    }
    Ok(Some((db, rows)))
}

fn read_shown(db: &Connection, part: i64, no: i64) -> Result<Shown, IndexError> {
    let sql = format!("SELECT sum, packed FROM shown_{part} WHERE no = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let (sum, packed): (u32, Vec<u8>) = statement.query_row([no], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if crc32fast::hash(&packed) != sum {
        return Err(IndexError::Damaged("a sum is wrong"));
    }
    Shown::unpack(&packed).map_err(|_| IndexError::Damaged("a session can't be unpacked"))
}
