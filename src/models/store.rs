//! The user's folder of models: `ggml-NAME.bin` files, and folders of networks of other kinds
//! ([`super::moonshine`]), private to the user. Finds, lists, removes, and chooses the one to use.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tempfile::{NamedTempFile, TempDir};

use super::arch::{Kind, Quantisation};
use super::{ModelError, RECOMMENDED, catalogue, ggml, moonshine};
use crate::base::filesystem;

/// A model that is here and was found whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// The file's stem without `ggml-`: `tiny.en-q8_0`.
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// Whether it knows other languages than English.
    pub multilingual: bool,
    /// How many languages it knows, the first ones of
    /// [`LANGUAGES`](crate::base::languages::LANGUAGES).
    pub languages: usize,
    /// How its weights are stored.
    pub quantisation: Quantisation,
    /// Its size class.
    pub kind: Kind,
    /// Which network it is.
    pub family: Family,
}

/// Networks that there are recognisers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// OpenAI's, in a ggml file.
    Whisper,
    /// Moonshine, in a folder.
    Moonshine,
}

/// What a folder of models holds.
#[derive(Debug, Default)]
pub struct Installed {
    /// Models, by name.
    pub models: Vec<ModelInfo>,
    /// Files that are named like models and can't be used, each with its reason.
    pub broken: Vec<(PathBuf, ModelError)>,
}

/// Reads and checks one model, wherever it lies: a file, or a folder.
pub fn inspect(path: &Path) -> Result<ModelInfo, ModelError> {
    if path.is_dir() {
        return moonshine::inspect(path);
    }
    let (dimensions, bytes) = ggml::check(path)?;
    let quantisation =
        dimensions.quantisation().map_err(|why| ModelError::NotAModel { path: path.to_owned(), why })?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(ModelInfo {
        name: stem.strip_prefix("ggml-").unwrap_or(&stem).to_owned(),
        path: path.to_owned(),
        bytes,
        multilingual: dimensions.multilingual(),
        languages: dimensions.languages(),
        quantisation,
        kind: dimensions.kind(),
        family: Family::Whisper,
    })
}

/// All models in the folder; a folder that doesn't exist holds none. Voice activity models are passed over in
/// silence.
pub fn installed(dir: &Path) -> Result<Installed, ModelError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Installed::default()),
        Err(error) => return Err(ModelError::io("list", dir)(error)),
    };
    let mut found = Installed::default();
    for entry in entries {
        let path = entry.map_err(ModelError::io("list", dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_file = name.starts_with("ggml-") && name.ends_with(".bin");
        let is_folder = name.starts_with(moonshine::PREFIX) && !name.ends_with(".part") && path.is_dir();
        if !is_file && !is_folder {
            continue;
        }
        match inspect(&path) {
            Ok(model) => found.models.push(model),
            Err(ModelError::VoiceActivity { .. }) => {}
            Err(error) => found.broken.push((path, error)),
        }
    }
    found.models.sort_by(|a, b| a.name.cmp(&b.name));
    found.broken.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// The model to use.
///
/// `wanted` is a name, or a path (anything with a separator, or an existing `.bin` file); `None` and `auto`
/// ask for the best installed one that keeps up live on two cores. `language` is a code such as `de`; `None`
/// and `auto` leave it open. An English-only model is chosen by itself only where English is spoken, or
/// nothing else is there.
pub fn resolve(dir: &Path, wanted: Option<&str>, language: Option<&str>) -> Result<ModelInfo, ModelError> {
    let language = language.map(|l| l.trim().to_ascii_lowercase()).filter(|l| !l.is_empty() && l != "auto");
    let english = language.as_deref().is_some_and(is_english);
    match wanted.filter(|w| !w.is_empty() && *w != "auto") {
        Some(wanted) => {
            let model = find(dir, wanted)?;
            match language {
                Some(language) if !model.multilingual && !english => {
                    Err(english_only(dir, model.name, language))
                }
                _ => Ok(model),
            }
        }
        None => choose(dir, language, english),
    }
}

fn is_english(language: &str) -> bool {
    matches!(language, "en" | "english") || language.starts_with("en-") || language.starts_with("en_")
}

fn choose(dir: &Path, language: Option<String>, english: bool) -> Result<ModelInfo, ModelError> {
    let mut models = installed(dir)?.models;
    models.sort_by_key(preference);
    let any = models.first().cloned();
    let multilingual = models.into_iter().find(|model| model.multilingual);
    match (any, multilingual, language) {
        (None, ..) => Err(ModelError::NoneInstalled { dir: dir.to_owned() }),
        (Some(best), ..) if english => Ok(best),
        (_, Some(best), _) => Ok(best),
        (Some(only), None, None) => Ok(only),
        (Some(only), None, Some(language)) => Err(english_only(dir, only.name, language)),
    }
}

/// The smaller, the better for live use on two cores. Base keeps up and errs least of those that do; q8_0 is
/// the fastest format and costs no measurable accuracy. Moonshine is the quickest, and errs no more.
fn preference(model: &ModelInfo) -> (bool, u8, bool, u8, String) {
    let other = model.family != Family::Moonshine;
    let size = match model.kind {
        Kind::Base => 0,
        Kind::Tiny => 1,
        Kind::Small => 2,
        Kind::Distil => 3,
        Kind::Turbo => 4,
        Kind::Medium => 5,
        Kind::Large => 6,
        Kind::Other => 7,
    };
    let format = match model.quantisation {
        Quantisation::Q8_0 => 0,
        Quantisation::Q5_1 => 1,
        Quantisation::Q5_0 => 2,
        Quantisation::F16 => 3,
        Quantisation::F32 => 5,
        _ => 4,
    };
    (other, size, !model.multilingual, format, model.name.clone())
}

/// The error for a language that `name` doesn't know; it names an installed model that does.
fn english_only(dir: &Path, name: String, language: String) -> ModelError {
    // A folder that can't be listed makes the advice poorer, not the error wrong.
    let mut models = installed(dir).map(|found| found.models).unwrap_or_default();
    models.sort_by_key(preference);
    let instead = match models.into_iter().find(|model| model.multilingual) {
        Some(model) => format!("'{}', which is installed", model.name),
        None => format!("a multilingual one: `hansard models pull {RECOMMENDED}`"),
    };
    ModelError::EnglishOnly { name, language, instead }
}

/// The installed model of that name, or the file at that path.
pub fn find(dir: &Path, wanted: &str) -> Result<ModelInfo, ModelError> {
    let as_path = Path::new(wanted);
    let is_path = wanted.contains(std::path::is_separator) || (wanted.ends_with(".bin") && as_path.is_file());
    if is_path {
        return inspect(as_path);
    }
    let name = bare(wanted);
    let path = file_of(dir, name)?;
    if path.exists() { inspect(&path) } else { Err(not_installed(dir, name)) }
}

fn not_installed(dir: &Path, name: &str) -> ModelError {
    let models = installed(dir).map(|found| found.models).unwrap_or_default();
    let here = catalogue::near_of(name, models.iter().map(|model| model.name.as_str()));
    let hint = if catalogue::find(name).is_some() {
        format!("`hansard models pull {name}` gets it")
    } else if !here.is_empty() {
        format!("there is {}", here.join(", "))
    } else {
        "`hansard models list` shows what is, and what can be had".into()
    };
    ModelError::NotInstalled { name: name.to_owned(), hint }
}

/// Removes a model, whole or broken. Returns the file or folder that is gone.
pub fn remove(dir: &Path, wanted: &str) -> Result<PathBuf, ModelError> {
    let name = bare(wanted);
    let path = file_of(dir, name)?;
    // A link to a folder elsewhere goes, and not what it leads to.
    let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
    match if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) } {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_installed(dir, name)),
        Err(error) => Err(ModelError::io("remove", &path)(error)),
    }
}

/// People also type the file's name.
pub(super) fn bare(name: &str) -> &str {
    let name = name.strip_prefix("ggml-").unwrap_or(name);
    name.strip_suffix(".bin").unwrap_or(name)
}

/// Where the model of that name lies, or will; the name can't lead out of the folder.
pub(super) fn file_of(dir: &Path, name: &str) -> Result<PathBuf, ModelError> {
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if name.is_empty() || name.len() > 100 || name.starts_with(['.', '-']) || !letters {
        return Err(ModelError::BadName { name: name.to_owned() });
    }
    if name.starts_with(moonshine::PREFIX) {
        return Ok(dir.join(name));
    }
    Ok(dir.join(format!("ggml-{name}.bin")))
}

/// Makes the folder, readable by the user only, if it isn't there.
pub(super) fn make_private_dir(dir: &Path) -> Result<(), ModelError> {
    filesystem::private_folder().recursive(true).create(dir).map_err(ModelError::io("make the folder", dir))
}

/// Prefix of files in the making; they carry no model's name until they are whole.
const STAGED_PREFIX: &str = ".importing-";

/// A killed import leaves its file behind; nobody imports for longer than this.
const STAGED_MAX_AGE: Duration = Duration::from_secs(6 * 3600);

/// A new file in the folder (mode 0600), gone when dropped unless it is [`install`]ed.
pub(super) fn stage(dir: &Path) -> Result<NamedTempFile, ModelError> {
    make_private_dir(dir)?;
    sweep(dir)?;
    tempfile::Builder::new()
        .prefix(STAGED_PREFIX)
        .tempfile_in(dir)
        .map_err(ModelError::io("make a file in", dir))
}

fn sweep(dir: &Path) -> Result<(), ModelError> {
    for entry in fs::read_dir(dir).map_err(ModelError::io("list", dir))?.flatten() {
        let staged = entry.file_name().to_string_lossy().starts_with(STAGED_PREFIX);
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if staged && age.is_some_and(|age| age > STAGED_MAX_AGE) {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(ModelError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// A new folder beside the models (mode 0700), gone when dropped unless it is installed
/// ([`install_folder`]).
pub(super) fn stage_folder(dir: &Path) -> Result<TempDir, ModelError> {
    make_private_dir(dir)?;
    sweep(dir)?;
    tempfile::Builder::new()
        .prefix(STAGED_PREFIX)
        .tempdir_in(dir)
        .map_err(ModelError::io("make a folder in", dir))
}

/// Checks a staged folder and gives it its name, durably. The same model under that name already is well;
/// another one is an error, and a broken one is replaced.
pub(super) fn install_folder(dir: &Path, staged: TempDir, name: &str) -> Result<ModelInfo, ModelError> {
    let target = file_of(dir, name)?;
    moonshine::inspect(staged.path())?;
    if moonshine::inspect(&target).is_ok() {
        let list = moonshine::folder::LIST;
        return if same_content(&staged.path().join(list), &target.join(list))? {
            inspect(&target)
        } else {
            Err(ModelError::Exists { name: name.to_owned() })
        };
    }
    if target.is_dir() {
        fs::remove_dir_all(&target).map_err(ModelError::io("remove", &target))?;
    }
    fs::rename(staged.path(), &target).map_err(ModelError::io("write", &target))?;
    // There is nothing left under its old name.
    drop(staged.keep());
    sync_dir(dir)?;
    inspect(&target)
}

/// Checks a staged file and gives it its name, durably. The same model under that name already is well;
/// another one is an error.
pub(super) fn install(dir: &Path, mut staged: NamedTempFile, name: &str) -> Result<ModelInfo, ModelError> {
    let target = file_of(dir, name)?;
    staged.flush().map_err(ModelError::io("write", staged.path()))?;
    inspect(staged.path())?;
    if target.exists() {
        return if same_content(staged.path(), &target)? {
            inspect(&target)
        } else {
            Err(ModelError::Exists { name: name.to_owned() })
        };
    }
    staged.as_file().sync_all().map_err(ModelError::io("write", staged.path()))?;
    put(staged, &target).map_err(ModelError::io("write", &target))?;
    sync_dir(dir)?;
    inspect(&target)
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), ModelError> {
    filesystem::sync_dir(dir).map(drop).map_err(ModelError::io("write", dir))
}

/// Gives a staged file its name, unless another file has it.
fn put(staged: NamedTempFile, target: &Path) -> std::io::Result<()> {
    let Err(refused) = staged.persist_noclobber(target) else { return Ok(()) };
    if !filesystem::is_refused(&refused.error) {
        return Err(refused.error);
    }
    // Neither links nor renames that spare what is there: the name is taken first, and then replaced.
    fs::File::create_new(target)?;
    let put = refused.file.persist(target).map(drop).map_err(|error| error.error);
    if put.is_err()
        && let Err(error) = fs::remove_file(target)
    {
        tracing::warn!(file = %target.display(), %error, "an empty file can't be removed");
    }
    put
}

fn same_content(a: &Path, b: &Path) -> Result<bool, ModelError> {
    use std::io::{BufRead as _, BufReader};
    let open = |path: &Path| fs::File::open(path).map_err(ModelError::io("read", path));
    let (a_file, b_file) = (open(a)?, open(b)?);
    let length =
        |file: &fs::File, path: &Path| file.metadata().map(|m| m.len()).map_err(ModelError::io("read", path));
    if length(&a_file, a)? != length(&b_file, b)? {
        return Ok(false);
    }
    let mut a_reader = BufReader::with_capacity(1 << 20, a_file);
    let mut b_reader = BufReader::with_capacity(1 << 20, b_file);
    loop {
        let a_bytes = a_reader.fill_buf().map_err(ModelError::io("read", a))?;
        let b_bytes = b_reader.fill_buf().map_err(ModelError::io("read", b))?;
        let common = a_bytes.len().min(b_bytes.len());
        if common == 0 {
            return Ok(a_bytes.len() == b_bytes.len());
        }
        if a_bytes[..common] != b_bytes[..common] {
            return Ok(false);
        }
        a_reader.consume(common);
        b_reader.consume(common);
    }
}
