//! The folder of a Moonshine model: its list of parts, its weights, its tokens.

use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tokens::{self, write_tokens};
use super::{Dimensions, Form, LEVELS, Matrix, NAME, Tensor};
use crate::models::arch::{Kind, Quantisation};
use crate::models::graph::{Array, Number};
use crate::models::safetensors::{self, Tensors};
use crate::models::store::Family;
use crate::models::{ModelError, ModelInfo, Progress};

/// The list of parts.
pub const LIST: &str = "model.json";
const WEIGHTS: &str = "weights.safetensors";
const TOKENS: &str = "tokens.bin";
/// Raised whenever the folder's content changes its meaning.
const FORMAT: u32 = 1;
/// No list is longer.
const LIST_MAX_BYTES: u64 = 64 << 10;
/// No part is longer: base has 63 MB.
const PART_MAX_BYTES: u64 = 512 << 20;
/// What the name of a matrix's scales ends in.
const SCALES: &str = ".scales";

/// A part of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    file: String,
    bytes: u64,
    sha256: String,
}

/// The folder's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    format: u32,
    network: String,
    parts: Vec<Part>,
}

fn wrong(path: &Path, why: impl Into<String>) -> ModelError {
    ModelError::NotWhole { path: path.to_owned(), why: why.into() }
}

fn read_list(dir: &Path) -> Result<List, ModelError> {
    let path = dir.join(LIST);
    let mut json = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(LIST_MAX_BYTES).read_to_end(&mut json))
        .map_err(ModelError::io("read", &path))?;
    let list: List = serde_json::from_slice(&json).map_err(|error| wrong(dir, format!("{LIST}: {error}")))?;
    if list.format != FORMAT || list.network != NAME {
        let (format, network) = (list.format, &list.network);
        return Err(wrong(
            dir,
            format!(
                "{LIST} is of a {network} in format {format}, this hansard knows {NAME} in format {FORMAT}"
            ),
        ));
    }
    let names: Vec<&str> = list.parts.iter().map(|part| part.file.as_str()).collect();
    if names != [WEIGHTS, TOKENS] {
        return Err(wrong(dir, format!("{LIST} lists {names:?}")));
    }
    Ok(list)
}

/// Whether a folder holds the model, by its list and the lengths of its parts.
pub fn inspect(dir: &Path) -> Result<ModelInfo, ModelError> {
    let list = read_list(dir)?;
    for part in &list.parts {
        let path = dir.join(&part.file);
        let metadata = fs::metadata(&path).map_err(ModelError::io("read", &path))?;
        if !metadata.is_file() || metadata.len() != part.bytes || part.bytes > PART_MAX_BYTES {
            return Err(wrong(&path, format!("it has {} bytes, not {}", metadata.len(), part.bytes)));
        }
    }
    Ok(ModelInfo {
        name: dir.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        path: dir.to_owned(),
        bytes: list.parts.iter().map(|part| part.bytes).sum(),
        multilingual: false,
        languages: 1,
        quantisation: Quantisation::Int7,
        kind: Kind::Base,
        family: Family::Moonshine,
    })
}

/// Whether all parts are what they were when the folder was made. Reads all of it.
pub fn is_unchanged(dir: &Path) -> Result<bool, ModelError> {
    for part in read_list(dir)?.parts {
        let path = dir.join(&part.file);
        let read = || {
            let mut digest = Sha256::new();
            let mut file = File::open(&path)?;
            let mut buffer = vec![0; 1 << 20];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(hex(digest)),
                    n => digest.update(&buffer[..n]),
                }
            }
        };
        if read().map_err(ModelError::io("read", &path))? != part.sha256 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the tensors come from.
pub trait Source {
    /// The numbers of a tensor, in its shape.
    ///
    /// # Errors
    /// It isn't there, or has another shape; says so.
    fn tensor(&self, tensor: &Tensor) -> Result<Array, String>;
}

/// What went wrong with writing.
pub enum Failure {
    /// The user's file.
    Source(String),
    /// This machine's disk.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Source(why)
    }
}

/// Writes the model into a folder, its list last.
pub fn write(
    dir: &Path,
    dimensions: &Dimensions,
    source: &dyn Source,
    tokens: &[Vec<u8>],
    progress: &mut dyn Progress,
) -> Result<(), Failure> {
    // The last ones have no text, and Moonshine's own list leaves them out.
    if tokens.len() > dimensions.vocabulary || tokens.len() * 2 < dimensions.vocabulary {
        let known = dimensions.vocabulary;
        return Err(Failure::Source(format!("there are {} tokens, not {known}", tokens.len())));
    }
    let weights = write_part(dir, WEIGHTS, |out| write_weights(dimensions, source, out, progress))?;
    let tokens = write_part(dir, TOKENS, |out| Ok(write_tokens(tokens, out)?))?;
    let list = List { format: FORMAT, network: NAME.into(), parts: vec![weights, tokens] };
    let json = serde_json::to_vec_pretty(&list).map_err(io::Error::from)?;
    let mut file = create(&dir.join(LIST))?;
    file.write_all(&json)?;
    file.sync_all()?;
    Ok(())
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Counts and hashes what is written.
struct Hashed<W> {
    out: W,
    bytes: u64,
    digest: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.digest.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write_part(
    dir: &Path,
    file: &str,
    write: impl FnOnce(&mut Hashed<io::BufWriter<File>>) -> Result<(), Failure>,
) -> Result<Part, Failure> {
    let out = io::BufWriter::with_capacity(1 << 20, create(&dir.join(file))?);
    let mut out = Hashed { out, bytes: 0, digest: Sha256::new() };
    write(&mut out)?;
    let Hashed { out, bytes, digest } = out;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(Part { file: file.into(), bytes, sha256: hex(digest) })
}

fn write_weights(
    dimensions: &Dimensions,
    source: &dyn Source,
    out: &mut impl Write,
    progress: &mut dyn Progress,
) -> Result<(), Failure> {
    let tensors = dimensions.tensors();
    let mut head = Vec::new();
    for tensor in &tensors {
        if tensor.form == Form::Plain {
            head.push((tensor.name.clone(), Number::F32, tensor.shape.clone()));
        } else {
            let rows = tensor.shape[0];
            head.push((format!("{}{SCALES}", tensor.name), Number::F32, vec![rows]));
        }
    }
    // All that is in f32 first, so that it lies on a multiple of four bytes.
    for tensor in tensors.iter().filter(|tensor| tensor.form != Form::Plain) {
        let shape = match (tensor.form, &tensor.shape[..]) {
            (Form::Convolution, &[output, input, moments]) => vec![output, moments, input],
            (_, shape) => shape.to_vec(),
        };
        head.push((tensor.name.clone(), Number::I8, shape));
    }
    safetensors::write_head(&head, out)?;
    let total: usize = tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum();
    let mut done = 0;
    let mut matrices = Vec::new();
    for tensor in &tensors {
        let Array { shape, values } = source.tensor(tensor)?;
        if shape != tensor.shape {
            return Err(Failure::Source(format!("{} is {shape:?}, not {:?}", tensor.name, tensor.shape)));
        }
        if values.iter().any(|x| !x.is_finite()) {
            return Err(Failure::Source(format!("{} holds what is no number", tensor.name)));
        }
        match tensor.form {
            Form::Plain => write_f32(&values, out)?,
            Form::Matrix | Form::Convolution => {
                let matrix = match (tensor.form, &shape[..]) {
                    (Form::Convolution, &[output, input, moments]) => {
                        Matrix::rounded(&moments_first(&values, input, moments), output)
                    }
                    _ => Matrix::rounded(&values, shape[0]),
                };
                write_f32(&matrix.scales, out)?;
                matrices.push(matrix.values);
            }
        }
        done += values.len();
        progress.at(done as u64, Some(total as u64));
    }
    for matrix in matrices {
        let bytes: Vec<u8> = matrix.into_iter().map(|x| x as u8).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// From `[output][input][moment]` to `[output][moment][input]`.
fn moments_first(values: &[f32], input: usize, moments: usize) -> Vec<f32> {
    let mut turned = Vec::with_capacity(values.len());
    for output in values.chunks_exact(input * moments) {
        for moment in 0..moments {
            turned.extend((0..input).map(|input| output[input * moments + moment]));
        }
    }
    turned
}

fn write_f32(values: &[f32], out: &mut impl Write) -> io::Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    out.write_all(&bytes)
}

/// The whole model in memory.
pub struct Weights {
    bytes: Vec<u8>,
    /// Each token's bytes, as they are written.
    pub tokens: Vec<Vec<u8>>,
}

impl Weights {
    /// Reads a folder that was [`inspect`]ed.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let list = read_list(dir)?;
        let read = |part: &Part| {
            let path = dir.join(&part.file);
            let mut bytes = Vec::new();
            let limit = part.bytes.min(PART_MAX_BYTES) + 1;
            File::open(&path)
                .and_then(|file| file.take(limit).read_to_end(&mut bytes))
                .map_err(ModelError::io("read", &path))?;
            if bytes.len() as u64 == part.bytes {
                Ok(bytes)
            } else {
                Err(wrong(&path, "its length isn't the one in the list"))
            }
        };
        let parts = list.parts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let [bytes, tokens] = <[_; 2]>::try_from(parts).map_err(|_| wrong(dir, "parts are missing"))?;
        let tokens = tokens::of_bin(&tokens).map_err(|why| wrong(&dir.join(TOKENS), why))?;
        Ok(Self { bytes, tokens })
    }

    /// The tensors in them.
    ///
    /// # Errors
    /// The file is damaged; says so.
    pub fn tensors(&self) -> Result<Stored<'_>, String> {
        Ok(Stored(Tensors::read(&self.bytes)?))
    }
}

/// The tensors of a model's folder.
pub struct Stored<'a>(Tensors<'a>);

impl Stored<'_> {
    /// A tensor in f32.
    ///
    /// # Errors
    /// It isn't there, or has another number of elements; says so.
    pub fn plain(&self, name: &str, elements: usize) -> Result<Vec<f32>, String> {
        let tensor = self.0.get(name)?;
        let values = tensor.array().values;
        match values.len() == elements
            && tensor.number() == Number::F32
            && values.iter().all(|x| x.is_finite())
        {
            true => Ok(values),
            false => Err(format!("{name} is not what it should be")),
        }
    }

    /// A matrix in whole numbers.
    ///
    /// # Errors
    /// It isn't there, or has another shape; says so.
    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix, String> {
        let tensor = self.0.get(name)?;
        let scales = self.plain(&format!("{name}{SCALES}"), rows)?;
        let fits = tensor.shape().first() == Some(&rows) && tensor.bytes().len() == rows * columns;
        let values: Vec<i8> = tensor.bytes().iter().map(|byte| *byte as i8).collect();
        // More than 7 bits would saturate, silently.
        let small = values.iter().all(|x| x.unsigned_abs() <= LEVELS as u8);
        match fits && small && tensor.number() == Number::I8 {
            true => Ok(Matrix { values, scales }),
            false => Err(format!("{name} is not what it should be")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Dimensions = Dimensions {
        width: 8,
        heads: 2,
        encoder_layers: 1,
        decoder_layers: 1,
        inner: 16,
        vocabulary: 20,
        rotary: 2,
    };

    /// Numbers that tell where they stand.
    struct Made;

    impl Source for Made {
        fn tensor(&self, tensor: &Tensor) -> Result<Array, String> {
            let size: usize = tensor.shape.iter().product();
            let values = (0..size).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
            Ok(Array { shape: tensor.shape.clone(), values })
        }
    }

    fn written() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let tokens: Vec<Vec<u8>> = (0..18_u8).map(|i| vec![b'a' + i; usize::from(i) * 9]).collect();
        assert!(write(dir.path(), &SMALL, &Made, &tokens, &mut ()).is_ok());
        dir
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = written();
        let info = inspect(dir.path()).unwrap();
        assert!(!info.multilingual && info.family == Family::Moonshine);
        assert!(is_unchanged(dir.path()).unwrap());
        let weights = Weights::load(dir.path()).unwrap();
        assert_eq!((weights.tokens.len(), weights.tokens[17].len()), (18, 153));
        let stored = weights.tensors().unwrap();
        for tensor in SMALL.tensors() {
            let right = Made.tensor(&tensor).unwrap().values;
            if tensor.form == Form::Plain {
                assert_eq!(stored.plain(&tensor.name, right.len()).unwrap(), right, "{}", tensor.name);
                continue;
            }
            let rows = tensor.shape[0];
            let matrix = stored.matrix(&tensor.name, rows, right.len() / rows).unwrap();
            // What a recogniser rounds again is the same.
            assert_eq!(Matrix::rounded(&matrix.values(), rows), matrix, "{}", tensor.name);
            let turned = match tensor.shape[..] {
                [_, input, moments] => moments_first(&right, input, moments),
                _ => right,
            };
            let farthest = turned.iter().zip(matrix.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(farthest <= 2.0 / LEVELS / 2.0 + 1e-6, "{}: {farthest}", tensor.name);
        }
        assert!(stored.plain("model.nothing", 1).is_err());
        assert!(stored.matrix("model.decoder.embed_tokens.weight", 10, 16).is_err());
    }

    #[test]
    fn a_folder_that_was_hurt_is_told() {
        let dir = written();
        let path = dir.path().join(WEIGHTS);
        let whole = fs::read(&path).unwrap();
        let mut hurt = whole.clone();
        hurt[whole.len() - 1] ^= 1;
        fs::write(&path, &hurt).unwrap();
        assert!(inspect(dir.path()).is_ok() && !is_unchanged(dir.path()).unwrap());
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(matches!(inspect(dir.path()), Err(ModelError::NotWhole { .. })));
        assert!(Weights::load(dir.path()).is_err());
        for list in ["", "{}", "[]", r#"{"format":9,"network":"moonshine-base","parts":[]}"#] {
            fs::write(dir.path().join(LIST), list).unwrap();
            assert!(matches!(inspect(dir.path()), Err(ModelError::NotWhole { .. })), "{list}");
        }
        fs::remove_file(dir.path().join(LIST)).unwrap();
        assert!(inspect(dir.path()).is_err());
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        /// One tensor is of another shape, or holds what is no number.
        struct Odd(bool);
        impl Source for Odd {
            fn tensor(&self, tensor: &Tensor) -> Result<Array, String> {
                let mut array = Made.tensor(tensor)?;
                if tensor.name.ends_with("decoder.norm.weight") {
                    match self.0 {
                        true => array.shape.push(1),
                        false => array.values[0] = f32::NAN,
                    }
                }
                Ok(array)
            }
        }
        for odd in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let written = write(dir.path(), &SMALL, &Odd(odd), &vec![Vec::new(); 20], &mut ());
            assert!(matches!(written, Err(Failure::Source(_))));
            assert!(!dir.path().join(LIST).exists(), "the list is last");
        }
    }
}
