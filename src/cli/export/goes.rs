//! Where the files of an export go, and what they are called there.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::tracks::OutputPlace;
use crate::cli::wrong_use;
use crate::export::save::Target;
use crate::export::{ExportError, Format, names};
use crate::session::reading::Session;

/// The end of the name of a page's sound.
pub(super) const SOUND: &str = "flac";

/// Where they go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Destination<'a> {
    Session,
    Folder(&'a Path),
    /// The one file that was named.
    File(&'a Path),
}

/// The way of an export's files.
pub(super) struct Goes<'a> {
    pub(super) to: Destination<'a>,
    pub(super) session: &'a Session,
    place: &'a OutputPlace<'a>,
}

impl<'a> Goes<'a> {
    /// A folder that is not there is made, where there are several files.
    pub(super) fn new(
        formats: &[Format],
        session: &'a Session,
        place: &'a OutputPlace<'a>,
    ) -> anyhow::Result<Self> {
        let to = match place.output {
            None => Destination::Session,
            Some(file) if formats.len() == 1 && !file.is_dir() => Destination::File(file),
            Some(folder) => {
                if folder.exists() && !folder.is_dir() {
                    let folder = folder.display();
                    return Err(wrong_use(format!("{folder} is a file, but several formats need a folder")));
                }
                fs::create_dir_all(folder)
                    .with_context(|| format!("can't make the folder {}", folder.display()))?;
                Destination::Folder(folder)
            }
        };
        Ok(Self { to, session, place })
    }

    /// What all files are called that are made for sending, but for the ends of their names; `with_sound` is
    /// whether a page has its sound beside it.
    pub(super) fn stem(&self, title: &str, formats: &[Format], with_sound: bool) -> anyhow::Result<String> {
        let stem = names::stem(self.session, title);
        if matches!(self.to, Destination::File(_)) {
            return Ok(stem);
        }
        let sent = formats.iter().filter(|format| self.end(**format).is_some());
        let targets = |stem: &str| {
            let files = sent.clone().map(|format| self.name(stem, *format));
            let sound = with_sound.then(|| format!("{stem}.{SOUND}"));
            files.chain(sound).map(|name| self.target(&name)).collect()
        };
        names::free(&stem, targets).map_err(super::exit)
    }

    /// The end of such a file's name; `None` where the format has a name of its own.
    fn end(&self, format: Format) -> Option<&'static str> {
        let stays = format == Format::Md && matches!(self.to, Destination::Session);
        format.sent_as().filter(|_| !stays)
    }

    fn name(&self, stem: &str, format: Format) -> String {
        self.end(format).map_or_else(|| format.file_name().to_owned(), |end| format!("{stem}.{end}"))
    }

    /// The target of a file of that name.
    fn target(&self, name: &str) -> Result<Target, ExportError> {
        let at = |path: &Path| Target::at(path, self.place.recordings, self.session);
        match self.to {
            Destination::Session => Ok(Target::in_session(&self.session.dir, name)),
            Destination::Folder(folder) => at(&folder.join(name)),
            Destination::File(file) => at(&file.with_file_name(name)),
        }
    }

    /// The target of a format's file.
    pub(super) fn target_of(&self, stem: &str, format: Format) -> anyhow::Result<Target> {
        let target = match self.to {
            Destination::File(file) => Target::at(file, self.place.recordings, self.session),
            _ => self.target(&self.name(stem, format)),
        };
        target.map_err(super::exit)
    }

    /// The target of the sound beside a page, which has been looked at, and its name.
    pub(super) fn sound(&self, stem: &str) -> anyhow::Result<Option<(String, Target)>> {
        let name = match self.to {
            Destination::File(page) => {
                let path = page.with_extension(SOUND);
                // Nothing goes beside what is not a plain file, or beside a name that a page can't write
                // down.
                let special = path == page || (page.exists() && !page.is_file());
                path.file_name().and_then(|name| name.to_str()).filter(|_| !special).map(str::to_owned)
            }
            _ => Some(format!("{stem}.{SOUND}")),
        };
        let Some(name) = name else { return Ok(None) };
        let target = self.target(&name).map_err(super::exit)?;
        let checked = if self.place.force { target.check_place() } else { target.check_unmade() };
        checked.map_err(super::exit)?;
        Ok(Some((name, target)))
    }
}
