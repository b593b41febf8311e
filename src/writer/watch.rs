//! The disk's alarms: whether it answers, whether it has room, whether it is still there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::books::Books;
use crate::base::cause::Alarm;
use crate::session::folder::Folder;
use crate::session::journal::Event;
use crate::writer::alarms::{Change, Space, SpaceAlarm, space_left_s};

/// A commit that the disk has not answered for so long is told, in seconds.
const SLOW_S: f64 = 10.0;

/// What is known of the disk.
#[derive(Debug)]
pub(super) struct DiskWatch {
    /// Where the session's folder lay when that was told last.
    folder_at: PathBuf,
    space: SpaceAlarm,
    /// What recording took of the disk when it last had files, in bytes a second.
    bytes_per_s: u64,
    ending: bool,
    /// The disk keeps a commit waiting.
    slow: bool,
    room: Arc<Room>,
}

/// For how long the disk has room, as far as the writer knows.
#[derive(Debug, Default)]
pub struct Room {
    /// Milliseconds and one; 0: not known.
    ms: AtomicU64,
}

impl Room {
    fn set(&self, seconds: f64) {
        self.ms.store((seconds * 1e3) as u64 + 1, Ordering::Relaxed);
    }

    /// Seconds of recording for which there is room; `None` means that it is not known yet.
    pub fn seconds(&self) -> Option<f64> {
        self.ms.load(Ordering::Relaxed).checked_sub(1).map(|ms| ms as f64 / 1e3)
    }
}

impl DiskWatch {
    /// Of a session in this folder.
    pub(super) fn new(folder: &Folder) -> Self {
        Self {
            folder_at: folder.path(),
            space: SpaceAlarm::default(),
            bytes_per_s: 0,
            ending: false,
            slow: false,
            room: Arc::default(),
        }
    }

    /// Tells where the session's folder lies if it was moved; false if it is gone.
    pub(super) fn look_at_folder(&mut self, folder: &Folder, books: &mut Books) -> bool {
        let Some(now) = folder.now() else { return false };
        if now != self.folder_at {
            books.note(Event::FolderMoved { to: now.display().to_string() });
            self.folder_at = now;
        }
        true
    }

    /// What it knows of the room on the disk, for others.
    pub(super) fn room(&self) -> Arc<Room> {
        Arc::clone(&self.room)
    }

    /// A commit has been on its way for `waits_s` seconds. A disk that hangs costs no sound, but nobody can
    /// promise what a power cut would leave.
    pub(super) fn look_at_commit(&mut self, waits_s: f64, books: &mut Books) {
        let slow = waits_s >= SLOW_S;
        if std::mem::replace(&mut self.slow, slow) == slow {
            return;
        }
        let text = if slow {
            format!(
                "the disk has not answered for {SLOW_S} s: recording goes on, but a power cut would cost what came since"
            )
        } else {
            "the disk answers again".to_owned()
        };
        books.note(Event::Alarm { alarm: Alarm::DiskSlow, track: None, on: slow, text, at: None });
    }

    /// The disk has `available` bytes, where it tells, and the open files take `bytes_per_s`.
    pub(super) fn look_at_space(
        &mut self,
        available: io::Result<Option<u64>>,
        bytes_per_s: u64,
        books: &mut Books,
    ) {
        let available = match available {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // What is written from here on goes nowhere.
                books.refused("the session's folder, which is gone", &error);
                self.end("the session's folder is gone", books);
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "the disk does not tell how much room it has");
                return;
            }
        };
        if bytes_per_s > 0 {
            self.bytes_per_s = bytes_per_s;
        }
        if self.bytes_per_s == 0 {
            return;
        }
        self.room.set(space_left_s(available, self.bytes_per_s));
        let note = |books: &mut Books, Change { alarm, on, text, at }| {
            books.note(Event::Alarm { alarm, track: None, on, text, at });
        };
        match self.space.look(available, self.bytes_per_s) {
            Space::Same => {}
            Space::Changed(change) => note(books, change),
            Space::Full => {
                let reason = "the disk is full";
                books.remember(format!("{reason}: the recording was ended"));
                let text = "the disk is full: the recording ends here".into();
                note(books, Change { alarm: Alarm::DiskSpace, on: true, text, at: None });
                self.end(reason, books);
            }
        }
    }

    /// Asks for the recording's end, once.
    fn end(&mut self, reason: &str, books: &mut Books) {
        if !std::mem::replace(&mut self.ending, true) {
            books.note(Event::Ending { reason: reason.into() });
        }
    }
}
