//! The index: an SQLite file in the user's cache, made of what is shown of all sessions.
//!
//! Promises. It is a cache: at any doubt (another version, another folder of recordings, a file that was
//! changed by somebody else, an error) it is thrown away and made anew. Erasing is real: a word that is no
//! longer shown is in no file of ours after the next search, since tables are dropped and made anew without
//! it, and SQLite overwrites what it frees. To keep that cheap there is a pair of tables per month (a *part*),
//! and one for sessions that are not finished. Several processes take turns, step by step; none waits long.
//!
//! What a session shows is packed beside its words, so that a hit is read in a moment: it is the reader's own
//! output, and its stamps said just now that nothing has changed since.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::query::Kind;
use super::shown::{Item, Shown};
use super::stamp::Stamped;
use super::words::joined;
use crate::base::filesystem::{Locked, try_lock};

/// To be raised whenever words are made otherwise, or stored otherwise.
const VERSION: i64 = 1;
const FILE: &str = "search-v1.sqlite";
/// Held during each step; it also says how the file looked when we were last done with it.
const LOCK: &str = "search-v1.lock";
/// What the lock's file says while the index is being written.
const WRITING: &str = "writing";
/// What SQLite may put beside its file.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];
/// A step of another search takes a second or two.
const TURN: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(5);
/// The part of sessions that are not finished.
const OPEN: i64 = 0;
/// In a row's number: the session, one bit for marks, and the item.
const SESSION_SHIFT: u32 = 32;
const MARK_BIT: i64 = 1 << 31;

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

/// The turn of one process; it ends with this.
struct Lock {
    file: File,
    folder: PathBuf,
}

impl Lock {
    fn take(cache: &Path) -> Result<Self, IndexError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(cache).map_err(|error| IndexError::Io { path: cache.to_owned(), error })?;
        // SQLite follows no link on the way to its file, and a folder may well be one.
        let folder =
            cache.canonicalize().map_err(|error| IndexError::Io { path: cache.to_owned(), error })?;
        let path = folder.join(LOCK);
        let failed = |error| IndexError::Io { path: path.clone(), error };
        let file = private().truncate(false).open(&path).map_err(failed)?;
        let until = Instant::now() + TURN;
        while let Locked::Theirs = try_lock(&file).map_err(failed)? {
            if Instant::now() >= until {
                return Err(IndexError::Busy);
            }
            std::thread::sleep(AGAIN);
        }
        Ok(Self { file, folder })
    }

    fn says(&mut self) -> String {
        let mut text = String::new();
        // What can't be read says nothing, which is a doubt.
        let read = self.file.rewind().and_then(|()| (&self.file).take(200).read_to_string(&mut text));
        read.map(|_| text).unwrap_or_default()
    }

    fn say(&mut self, text: &str) -> Result<(), IndexError> {
        let written = self.file.set_len(0).and_then(|()| self.file.rewind());
        let written = written.and_then(|()| self.file.write_all(text.as_bytes()));
        written.map_err(|error| IndexError::Io { path: self.folder.join(LOCK), error })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the search's lock is given back by closing its file alone");
        }
    }
}

/// A file of the user's alone, never through a link.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

/// How the file looks from outside; `None` where there is none.
fn look(file: &Path) -> Option<String> {
    let data = std::fs::symlink_metadata(file).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some(format!("{} {} {} {}", data.size(), data.mtime(), data.mtime_nsec(), data.ino()))
    }
    #[cfg(not(unix))]
    {
        Some(format!("{} {:?}", data.len(), data.modified().ok()))
    }
}

/// Removes the index and all that SQLite may have put beside it.
fn discard(folder: &Path) -> Result<(), IndexError> {
    for end in BESIDE.into_iter().chain([""]) {
        let path = folder.join(format!("{FILE}{end}"));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(IndexError::Io { path, error });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the index in this folder, if there is one.
///
/// # Errors
/// It can't be removed.
pub(super) fn remove(cache: &Path) -> Result<(), IndexError> {
    if !cache.join(FILE).exists() && BESIDE.iter().all(|end| !cache.join(format!("{FILE}{end}")).exists()) {
        return Ok(());
    }
    match Lock::take(cache) {
        Ok(lock) => discard(&lock.folder),
        // Without a turn as well: what is to be erased does not wait.
        Err(_) => discard(cache),
    }
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

impl Found {
    fn new(id: i64, score: f64) -> Self {
        let item = (id & (MARK_BIT - 1)) as usize;
        let kind = if id & MARK_BIT == 0 { Kind::Line } else { Kind::Mark };
        Self { no: id >> SESSION_SHIFT, item, kind, score }
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
struct Put {
    part: i64,
    no: i64,
    shown: Shown,
    new: usize,
}

impl Put {
    fn write(&self, tx: &Transaction<'_>) -> Result<(), IndexError> {
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
            // More lines than these do not fit into a transcript that is read at all.
            let n = i64::try_from(n).unwrap_or(i64::MAX).min(MARK_BIT - 1);
            let mark = if item.kind == Kind::Mark { MARK_BIT } else { 0 };
            let id = (no << SESSION_SHIFT) | mark | n;
            let speaker = item.speaker.as_deref().map(joined).unwrap_or_default();
            insert.execute(params![id, joined(&item.text), speaker])?;
        }
        Ok(())
    }
}

/// What is done within one transaction.
struct Work<'a> {
    tx: Transaction<'a>,
    rows: &'a mut HashMap<String, Row>,
    /// Parts that are dropped and made anew.
    erased: BTreeSet<i64>,
    /// Sessions that are not in them any more.
    removed: HashSet<i64>,
}

impl Work<'_> {
    fn forget(&mut self, folders: &[String]) {
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
    fn compare(&mut self, change: Change) -> Result<Option<Put>, IndexError> {
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
    fn rebuild(&mut self, with_others: bool) -> Result<(), IndexError> {
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
    fn store_rows(&self, touched: &[String]) -> Result<(), IndexError> {
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
