//! The library: everything that was said in all sessions, searched.
//!
//! Promises. What is found is what `show` shows: hidden, withheld and corrected text is not found, and a
//! session that was edited, renamed or removed a moment ago is searched as it is now. Words that are no
//! longer shown are in no file of ours after the next search, or after [`forget`]. A session that can't be
//! read stops nothing and is named. Without a folder that the index may lie in, the sessions themselves are
//! read, which takes longer and finds the same. What people type is never syntax.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::query::{Kind, Query, QueryError, Sort};
pub use self::shown::Place;

use self::index::{Change, Found, Index, IndexError, Row};
use self::shown::{Item, Shown};
use self::stamp::Stamped;
use crate::session::mark::MarkKind;
use crate::session::read::wall;
use crate::session::summary;

mod index;
mod query;
mod shown;
mod stamp;
mod words;

/// Sessions that are read at once and written in one step; their text is in memory together.
const BATCH: usize = 64;
/// More threads than this wait for the disk.
const THREADS_MAX: usize = 8;
/// An index that turns out to be damaged is made anew this often.
const ANEW: usize = 2;
/// Steps beyond those that reading everything twice takes: more means that another search, of other
/// recordings, throws away what this one makes.
const STEPS_MORE: usize = 20;

/// Why nothing can be searched.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The folder of recordings.
    #[error("can't read {}: {error}", path.display())]
    Recordings {
        /// Their folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// What is to be forgotten is still there.
    #[error("the search index in {} still holds words of it and can't be removed ({why}): remove that folder", path.display())]
    NotForgotten {
        /// The index's folder.
        path: PathBuf,
        /// What is in the way.
        why: String,
    },
}

/// A place where the words stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Id of the session.
    pub session: String,
    /// Name of its folder.
    pub folder: String,
    pub title: String,
    pub kind: Kind,
    /// Id of the line or the mark; of a summary's sentence the id of the line that it leads to.
    pub id: String,
    /// Who said it; `None` for all but lines.
    pub speaker: Option<String>,
    /// What was marked; `None` for all but marks.
    pub mark: Option<MarkKind>,
    /// What a summary's sentence says; `None` for all else.
    pub summary: Option<summary::Kind>,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    /// Local time with its offset.
    pub at: String,
    pub text: String,
    /// Where the words stand in the text: from and to, in characters (code points).
    pub marks: Vec<(usize, usize)>,
    /// The sound of a line.
    pub sound: Option<Place>,
}

/// A folder that was not searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    pub folder: String,
    pub why: String,
}

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Answer {
    pub hits: Vec<Hit>,
    /// There are more than the limit.
    pub more: bool,
    /// Sessions that were searched.
    pub sessions: usize,
    /// Those of them in which sound has no text yet.
    pub without_text: usize,
    /// Folders that could not be.
    pub passed: Vec<Passed>,
    /// Why there is no index; `None` means that there is one.
    pub without_index: Option<String>,
}

/// How far the index is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Sessions that were read.
    pub done: usize,
    /// Sessions that are to be.
    pub of: usize,
}

/// Searches all sessions in `recordings`, with an index in the folder `cache`, which is brought up to date
/// first. `told` hears how that goes.
///
/// # Errors
/// The folder of recordings can't be read. One that is not there holds nothing.
pub fn search(
    recordings: &Path,
    cache: Option<&Path>,
    query: &Query,
    told: &mut dyn FnMut(Progress),
) -> Result<Answer, LibraryError> {
    let failed = |error| LibraryError::Recordings { path: recordings.to_owned(), error };
    let folders = stamp::look(recordings).map_err(failed)?;
    let library = Library { recordings, stamped: &folders.stamped, query };
    let mut answer = match cache {
        None => library.by_reading("this system has no folder for caches".to_owned(), told),
        Some(cache) => library.by_index(cache, told).unwrap_or_else(|why| {
            let left = match index::remove(cache) {
                Ok(()) => String::new(),
                Err(_) => {
                    format!("; what {} holds of text that was hidden since stays there", cache.display())
                }
            };
            library.by_reading(format!("{why}{left}"), told)
        }),
    };
    answer.passed.extend(folders.passed.into_iter().map(|(folder, why)| Passed { folder, why }));
    answer.passed.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(answer)
}

/// Forgets at once what the index in the folder `cache` holds of the sessions in these folders: for when they
/// are removed, or words of them are erased. A search notices all that by itself as well.
///
/// # Errors
/// The words are still there.
pub fn forget(recordings: &Path, cache: Option<&Path>, sessions: &[PathBuf]) -> Result<(), LibraryError> {
    let Some(cache) = cache.filter(|cache| cache.exists()) else { return Ok(()) };
    let name = |dir: &PathBuf| Some(dir.file_name()?.to_string_lossy().into_owned());
    let names: Vec<String> = sessions.iter().filter_map(name).collect();
    let forgotten = Index::open(cache, recordings).and_then(|mut index| {
        index.forget(&names)?;
        index.close()
    });
    let Err(error) = forgotten else { return Ok(()) };
    tracing::info!(%error, "the search index is removed, as words in it are to be forgotten");
    index::remove(cache)
        .map_err(|error| LibraryError::NotForgotten { path: cache.to_owned(), why: error.to_string() })
}

/// One search.
struct Library<'a> {
    recordings: &'a Path,
    stamped: &'a [Stamped],
    query: &'a Query,
}

impl Library<'_> {
    /// With an index; why there is none, if it can't be had.
    fn by_index(&self, cache: &Path, told: &mut dyn FnMut(Progress)) -> Result<Answer, String> {
        let (mut done, mut changes, mut anew, mut of) = (HashSet::new(), Vec::new(), 0, 0);
        for _ in 0..self.stamped.len().div_ceil(BATCH) * (ANEW + 1) + STEPS_MORE {
            let mut index = Index::open(cache, self.recordings).map_err(|error| error.to_string())?;
            match self.step(&mut index, std::mem::take(&mut changes), &done) {
                Ok(Step::Answer(answer)) => {
                    // The answer is right whatever becomes of the index now.
                    if let Err(error) = index.close() {
                        tracing::info!(%error, "the search index can't be closed");
                    }
                    return Ok(answer);
                }
                Ok(Step::Read(stale)) => {
                    index.close().map_err(|error| error.to_string())?;
                    of = of.max(done.len() + stale.len());
                    told(Progress { done: done.len(), of });
                    let batch = &stale[..stale.len().min(BATCH)];
                    changes = self.read(batch);
                    done.extend(batch.iter().map(|stamped| stamped.folder.clone()));
                }
                Err(error) => {
                    anew += 1;
                    tracing::info!(%error, "the search index is thrown away");
                    index.discard().map_err(|error| error.to_string())?;
                    if anew > ANEW {
                        return Err(error.to_string());
                    }
                    (done, of) = (HashSet::new(), 0);
                }
            }
        }
        Err("another search, of other recordings, makes its own there at the same time".to_owned())
    }

    /// Takes in what was read; then what is still to be read, or the answer.
    fn step(
        &self,
        index: &mut Index,
        changes: Vec<Change>,
        done: &HashSet<String>,
    ) -> Result<Step, IndexError> {
        let there: HashSet<&str> = self.stamped.iter().map(|stamped| stamped.folder.as_str()).collect();
        let is_gone = |folder: &&String| !there.contains(folder.as_str());
        let gone: Vec<String> = index.rows.keys().filter(is_gone).cloned().collect();
        index.change(changes, &gone)?;
        let is_stale = |stamped: &&Stamped| match index.rows.get(&stamped.folder) {
            Some(row) => !row.is_of(stamped) && !done.contains(&stamped.folder),
            None => true,
        };
        let stale: Vec<Stamped> = self.stamped.iter().filter(is_stale).cloned().collect();
        if !stale.is_empty() {
            return Ok(Step::Read(stale));
        }
        let mut answer = self.find(index)?;
        for row in index.rows.values() {
            match &row.failed {
                Some(why) => answer.passed.push(Passed { folder: row.folder.clone(), why: why.clone() }),
                None if self.query.is_of(row.day, &row.folder) => {
                    answer.sessions += 1;
                    answer.without_text += usize::from(row.pending);
                }
                None => {}
            }
        }
        Ok(Step::Answer(answer))
    }

    /// Reads sessions anew.
    fn read(&self, batch: &[Stamped]) -> Vec<Change> {
        let read = |stamped: &Stamped| {
            let shown =
                Shown::read(&self.recordings.join(&stamped.folder)).map_err(|error| error.to_string());
            Change { stamped: stamped.clone(), shown }
        };
        in_parallel(batch, read)
    }

    /// Asks the index.
    fn find(&self, index: &Index) -> Result<Answer, IndexError> {
        let is_meant = |row: &&Row| row.part.is_some() && self.query.is_of(row.day, &row.folder);
        let mut rows: Vec<&Row> = index.rows.values().filter(is_meant).collect();
        rows.sort_by(|a, b| (b.utc, &b.folder).cmp(&(a.utc, &a.folder)));
        match self.query.sort {
            Sort::Newest => self.newest(index, &rows),
            Sort::Best => self.best(index, &rows),
        }
    }

    /// From the newest session backwards, until there are enough.
    fn newest(&self, index: &Index, rows: &[&Row]) -> Result<Answer, IndexError> {
        let expression = self.query.expression();
        let of = self.query.session.as_ref().and_then(|_| rows.first()).map(|row| row.no);
        let mut parts: HashMap<i64, HashMap<i64, Vec<Found>>> = HashMap::new();
        let mut answer = Answer::default();
        for row in rows {
            let Some(part) = row.part else { continue };
            if let std::collections::hash_map::Entry::Vacant(entry) = parts.entry(part) {
                let mut by_session: HashMap<i64, Vec<Found>> = HashMap::new();
                for found in index.find(part, &expression, of)? {
                    if self.query.is_kind(found.kind) {
                        by_session.entry(found.no).or_default().push(found);
                    }
                }
                entry.insert(by_session);
            }
            let Some(found) = parts.get(&part).and_then(|part| part.get(&row.no)) else { continue };
            let shown = index.shown(row)?;
            let mut hits = Vec::new();
            for found in found {
                hits.push(self.hit_of(&row.folder, &shown, found)?);
            }
            hits.sort_by(|a, b| b.start.total_cmp(&a.start).then_with(|| b.id.cmp(&a.id)));
            answer.hits.extend(hits);
            if answer.hits.len() > self.query.limit {
                answer.hits.truncate(self.query.limit);
                answer.more = true;
                break;
            }
        }
        Ok(answer)
    }

    /// Of each part those that fit best, and of all these again.
    fn best(&self, index: &Index, rows: &[&Row]) -> Result<Answer, IndexError> {
        let expression = self.query.expression();
        let by_no: HashMap<i64, &Row> = rows.iter().map(|row| (row.no, *row)).collect();
        let parts: HashSet<i64> = rows.iter().filter_map(|row| row.part).collect();
        let mut all: Vec<(Found, &Row)> = Vec::new();
        for part in parts {
            let meant = index.find_best(part, &expression)?.into_iter().filter_map(|found| {
                let row = by_no.get(&found.no)?;
                self.query.is_kind(found.kind).then_some((found, *row))
            });
            all.extend(meant.take(self.query.limit + 1));
        }
        all.sort_by(|(a, row), (b, other)| {
            b.score.total_cmp(&a.score).then_with(|| (other.utc, b.item).cmp(&(row.utc, a.item)))
        });
        let more = all.len() > self.query.limit;
        all.truncate(self.query.limit);
        let mut known: HashMap<i64, Shown> = HashMap::new();
        let mut hits = Vec::new();
        for (found, row) in &all {
            if let Entry::Vacant(place) = known.entry(row.no) {
                place.insert(index.shown(row)?);
            }
            if let Some(shown) = known.get(&row.no) {
                hits.push(self.hit_of(&row.folder, shown, found)?);
            }
        }
        Ok(Answer { hits, more, ..Answer::default() })
    }

    /// The hit that the index found; that the words do stand there is seen once more.
    fn hit_of(&self, folder: &str, shown: &Shown, found: &Found) -> Result<Hit, IndexError> {
        let item = shown.items.get(found.item).ok_or(IndexError::Damaged("a line that is not there"))?;
        self.hit(folder, shown, item).ok_or(IndexError::Damaged("a line without the words"))
    }

    fn hit(&self, folder: &str, shown: &Shown, item: &Item) -> Option<Hit> {
        let marks = self.query.marks(&item.text)?;
        if !self.query.is_said_by(item.speaker.as_deref().unwrap_or_default()) {
            return None;
        }
        Some(Hit {
            session: shown.id.clone(),
            folder: folder.to_owned(),
            title: shown.title.clone(),
            kind: item.kind,
            id: item.id.clone(),
            speaker: item.speaker.clone(),
            mark: item.mark,
            summary: item.summary,
            start: item.start,
            end: item.end,
            at: wall(&shown.start, item.start).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            marks: marks.into_iter().map(|range| in_characters(&item.text, range)).collect(),
            text: item.text.clone(),
            sound: item.sound.clone(),
        })
    }

    /// Without an index: reads all sessions.
    fn by_reading(&self, why: String, told: &mut dyn FnMut(Progress)) -> Answer {
        let mut answer = Answer { without_index: Some(why), ..Answer::default() };
        let mut all: Vec<(f64, jiff::Timestamp, Hit)> = Vec::new();
        for (n, batch) in self.stamped.chunks(BATCH).enumerate() {
            told(Progress { done: n * BATCH, of: self.stamped.len() });
            for Change { stamped, shown } in self.read(batch) {
                let shown = match shown {
                    Ok(shown) => shown,
                    Err(why) => {
                        answer.passed.push(Passed { folder: stamped.folder, why });
                        continue;
                    }
                };
                if !self.query.is_of(shown.day(), &stamped.folder) {
                    continue;
                }
                answer.sessions += 1;
                answer.without_text += usize::from(shown.pending);
                let meant = |item: &&Item| self.query.is_kind(item.kind);
                let hits = shown
                    .items
                    .iter()
                    .filter(meant)
                    .filter_map(|item| self.hit(&stamped.folder, &shown, item));
                all.extend(hits.map(|hit| {
                    let weight = hit.marks.len() as f64 / (hit.text.chars().count() + 20) as f64;
                    (weight, shown.start.utc, hit)
                }));
            }
        }
        all.sort_by(|(weight, utc, hit), (other_weight, other_utc, other)| {
            let by_weight = match self.query.sort {
                Sort::Best => other_weight.total_cmp(weight),
                Sort::Newest => std::cmp::Ordering::Equal,
            };
            by_weight
                .then_with(|| (other_utc, &other.folder).cmp(&(utc, &hit.folder)))
                .then_with(|| other.start.total_cmp(&hit.start))
                .then_with(|| other.id.cmp(&hit.id))
        });
        answer.more = all.len() > self.query.limit;
        answer.hits = all.into_iter().take(self.query.limit).map(|(_, _, hit)| hit).collect();
        answer
    }
}

/// What a step comes to.
enum Step {
    /// These sessions are to be read first.
    Read(Vec<Stamped>),
    Answer(Answer),
}

fn in_characters(text: &str, range: Range<usize>) -> (usize, usize) {
    let from = text[..range.start].chars().count();
    (from, from + text[range].chars().count())
}

/// The same for each, in order, by as many threads as there are processors.
fn in_parallel<T: Sync, R: Send>(of: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let share = of.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let each = &each;
        let parts: Vec<_> = of
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(each).collect::<Vec<R>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| match part.join() {
                Ok(results) => results,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

#[cfg(test)]
mod tests;
