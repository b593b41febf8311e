//! Exports that are behind their session: it was corrected after they were written. That is noted beside what
//! is remembered of each, until it is written again, so that whoever looks at the session is told, also after
//! whatever should have written it again was killed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::memory::{MEMORY, Memory, change, elsewhere, made_how};
use super::{Elsewhere, Format, Made};
use crate::session::disk::Disk;

/// How the names of sound files end.
const SOUND: [&str; 4] = ["flac", "wav", "opus", "ogg"];

/// Why an export is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It was not written again yet.
    Due,
    /// Somebody changed it, so it is theirs.
    ByHand,
    /// Nobody knows how it was made.
    Unknown,
    /// Its sound is inside: it takes as long to make as before, so somebody must want it.
    SoundInside,
    /// It is sound, in which what was hidden since is heard, or what is shown again is not.
    Sound,
    /// It lies outside of the session's folder, and may have been sent.
    Elsewhere,
    /// It could not be written; in a sentence.
    Failed(String),
}

/// Reasons that say nothing more, by their names.
const PLAIN: [(&str, Why); 6] = [
    ("due", Why::Due),
    ("by_hand", Why::ByHand),
    ("unknown", Why::Unknown),
    ("sound_inside", Why::SoundInside),
    ("sound", Why::Sound),
    ("elsewhere", Why::Elsewhere),
];

impl Why {
    /// As scripts know it.
    pub fn name(&self) -> &'static str {
        PLAIN.iter().find(|(_, plain)| plain == self).map_or("failed", |(name, _)| *name)
    }
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        let plain = PLAIN.into_iter().find(|(name, _)| *name == text);
        plain.map_or_else(|| Self::Failed(text), |(_, why)| why)
    }
}

impl From<Why> for String {
    fn from(why: Why) -> Self {
        match why {
            Why::Failed(told) => told,
            plain => plain.name().to_owned(),
        }
    }
}

/// As it stands in brackets behind the file's name.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Due => "not written again yet",
            Self::ByHand => "changed by hand",
            Self::Unknown => "how it was made is not known",
            Self::SoundInside => "its sound is inside",
            Self::Sound => "its sound is as it was",
            Self::Elsewhere => "it lies elsewhere",
            Self::Failed(told) => told,
        })
    }
}

/// An export that is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// Where it lies.
    pub path: PathBuf,
    /// It lies outside of the session's folder.
    pub elsewhere: bool,
    /// What keeps it behind.
    pub why: Why,
}

/// The exports of one session, wherever they lie.
#[derive(Debug, Clone, Copy)]
pub struct Exports<'a> {
    /// The session's folder.
    pub dir: &'a Path,
    /// The folder of the recordings, which knows those that lie elsewhere.
    pub recordings: &'a Path,
    /// The session's id.
    pub id: &'a str,
}

impl Exports<'_> {
    /// The session was corrected: all of them are behind from now on; sound only if what is to be heard has
    /// changed, which is `sound`. Reasons that are known stay.
    pub fn corrected(&self, disk: &dyn Disk, sound: bool) {
        let is_touched = |file: &str| sound || !is_sound(Path::new(file));
        self.note(disk, self.dir, |known| {
            let files = known.files.keys().filter(|file| is_touched(file)).cloned();
            let why = |file: &str| if is_sound(Path::new(file)) { Why::Sound } else { Why::Due };
            files.map(|file| (why(&file), file)).map(|(why, file)| (file, why)).collect()
        });
        self.note(disk, self.recordings, |known| {
            let ours = known.sessions.iter().filter(|(_, of)| *of == self.id);
            ours.filter(|(file, _)| is_touched(file))
                .map(|(file, _)| (file.clone(), Why::Elsewhere))
                .collect()
        });
    }

    fn note(&self, disk: &dyn Disk, folder: &Path, new: impl FnOnce(&Memory) -> Vec<(String, Why)>) {
        let noted = change(disk, folder, |known| {
            let before = known.behind.len();
            for (file, why) in new(known) {
                known.behind.entry(file).or_insert_with(|| why.into());
            }
            known.behind.len() > before
        });
        if let Err(error) = noted {
            tracing::warn!("can't note in {} which exports are behind: {error}", folder.display());
        }
    }

    /// Notes why a file in the session's folder, or one elsewhere, stays behind.
    pub fn stays(&self, disk: &dyn Disk, path: &Path, elsewhere: bool, why: Why) {
        let folder = if elsewhere { self.recordings } else { self.dir };
        let key = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        let noted = change(disk, folder, |known| {
            let why = String::from(why);
            known.behind.insert(key, why.clone()) != Some(why)
        });
        if let Err(error) = noted {
            tracing::warn!("can't note in {} that {} is behind: {error}", folder.display(), path.display());
        }
    }

    /// Those that are behind and still there: in the session's folder first.
    pub fn behind(&self) -> Vec<Behind> {
        let of = |folder: &Path, elsewhere: bool| {
            let Memory { behind, sessions, .. } = Memory::load(folder);
            let is_ours = move |file: &str| !elsewhere || sessions.get(file).is_some_and(|of| of == self.id);
            let folder = folder.to_owned();
            let all = behind.into_iter().filter(move |(file, _)| is_ours(file));
            all.map(move |(file, why)| Behind { path: folder.join(file), elsewhere, why: why.into() })
        };
        let all = of(self.dir, false).chain(of(self.recordings, true));
        all.filter(|one| one.path.exists()).collect()
    }

    /// Those in the session's folder that are to be written again and that are `wanted`, by their names, with
    /// what is known of each.
    pub fn due(&self, wanted: impl Fn(&str) -> bool) -> Vec<Made> {
        let behind = Memory::load(self.dir).behind;
        made_how(self.dir, |file| behind.contains_key(file) && !is_sound(Path::new(file)) && wanted(file))
    }

    /// Those elsewhere that are behind, and where those lay that are not there any more.
    pub fn older(&self) -> Elsewhere {
        let behind = Memory::load(self.recordings).behind;
        elsewhere(self.recordings, self.id, |file| {
            (behind.contains_key(file) && !is_sound(Path::new(file))) || !self.recordings.join(file).exists()
        })
    }

    /// Changes whenever it may be that others are behind.
    pub fn stamp(&self) -> [Option<(u64, SystemTime)>; 2] {
        [self.dir, self.recordings].map(|folder| {
            let data = folder.join(MEMORY).metadata().ok()?;
            Some((data.len(), data.modified().ok()?))
        })
    }
}

/// What is said of those that are behind, a sentence each of here and of elsewhere; `session` is the session
/// as a word of a command.
pub fn told(behind: &[Behind], session: &str) -> Vec<String> {
    let here = behind.iter().filter(|one| !one.elsewhere).map(|one| {
        let name = one.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        format!("{name} ({})", one.why)
    });
    let elsewhere = behind.iter().filter(|one| one.elsewhere).map(|one| {
        let by_hand = if one.why == Why::ByHand { " (changed by hand since)" } else { "" };
        format!("{}{by_hand}", one.path.display())
    });
    let (here, elsewhere) = (here.collect::<Vec<_>>().join(", "), elsewhere.collect::<Vec<_>>().join(", "));
    let mut all = Vec::new();
    if !here.is_empty() {
        all.push(format!("not brought up to date: {here}; hansard export {session} makes an export anew"));
    }
    if !elsewhere.is_empty() {
        all.push(format!(
            "written before this correction: {elsewhere}; hansard export {session} --renew writes them again"
        ));
    }
    all
}

/// Whether a file is one of sound.
pub fn is_sound(file: &Path) -> bool {
    file.extension().is_some_and(|end| SOUND.iter().any(|sound| end == *sound))
}

/// Whether a command made a page with its sound inside.
pub fn has_sound_inside(how: &[String]) -> bool {
    how.first().is_some_and(|format| format == Format::Html.name())
        && how.iter().any(|word| word == "--single-file")
}
