//! Checks a ggml file: header, filters, vocabulary, and every tensor's name, shape, type and place up to the
//! end of the file. Data are passed over, so a gigabyte takes milliseconds. What passes, whisper.cpp loads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::ModelError;
use super::arch::{Dimensions, FFT_BINS, Quantisation, Tensor};
use super::weights::{self, Contents};

/// The first four bytes, as a little-endian number.
pub const MAGIC: u32 = 0x6767_6d6c;

/// No token of Whisper's vocabulary is longer than some dozens of bytes.
const TOKEN_MAX_BYTES: u64 = 1024;

/// The longest tensor's name is below 50 bytes.
const NAME_MAX_BYTES: u32 = 128;

/// Reads and checks the whole structure of the file. Returns its dimensions and its length in bytes.
pub fn check(path: &Path) -> Result<(Dimensions, u64), ModelError> {
    let mut walk = Walk::open(path)?;
    let dimensions = walk.whole(None)?;
    Ok((dimensions, walk.length))
}

/// Reads the whole file, and checks it as [`check`] does.
pub fn read(path: &Path) -> Result<Contents, ModelError> {
    let mut walk = Walk::open(path)?;
    let mut kept = Kept::default();
    let dimensions = walk.whole(Some(&mut kept))?;
    let stored = dimensions.quantisation().map_err(|why| walk.wrong(why))?;
    if !weights::readable(stored) {
        return Err(walk.wrong(format!("its weights are stored as {}", stored.label())));
    }
    let filters = kept.filters.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Ok(Contents { dimensions, filters, vocabulary: kept.vocabulary, tensors: kept.tensors })
}

/// What is kept of a file while it is walked through; else all of it is passed over.
#[derive(Default)]
struct Kept {
    filters: Vec<u8>,
    vocabulary: Vec<Vec<u8>>,
    tensors: HashMap<String, (Quantisation, Vec<u8>)>,
}

/// What a file that is not a ggml model seems to be, and what to do: told by its first bytes.
pub(super) fn describe(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(&head[..head.len().min(24)]);
    if head.is_empty() {
        "it is empty; get it again".into()
    } else if head.starts_with(b"GGUF") {
        "it is a GGUF file; whisper.cpp's models are ggml files (`hansard models pull`)".into()
    } else if head.starts_with(b"PK") {
        "it is a zip archive; `hansard models import` takes wheels of faster-whisper models".into()
    } else if head.starts_with(b"version https://git-lfs") {
        "it is a Git LFS pointer, not the file it stands for; run `git lfs pull` where it came from".into()
    } else if text.trim_start().starts_with('<') {
        "it is a web page; the download went wrong".into()
    } else {
        "it doesn't begin as a ggml file does; get one with `hansard models pull`, \
         or convert a faster-whisper folder with `hansard models import`"
            .into()
    }
}

/// A place in a file whose length is known, so that nothing is asked for that isn't there.
struct Walk<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    at: u64,
    length: u64,
}

impl<'a> Walk<'a> {
    fn open(path: &'a Path) -> Result<Self, ModelError> {
        let file = File::open(path).map_err(ModelError::io("open", path))?;
        let metadata = file.metadata().map_err(ModelError::io("read", path))?;
        if !metadata.is_file() {
            return Err(ModelError::NotAModel { path: path.to_owned(), why: "it is not a file".into() });
        }
        let length = metadata.len();
        Ok(Self { path, reader: BufReader::with_capacity(64 * 1024, file), at: 0, length })
    }

    fn wrong(&self, why: impl Into<String>) -> ModelError {
        ModelError::NotAModel { path: self.path.to_owned(), why: why.into() }
    }

    /// An error, unless `bytes` more are there.
    fn has(&self, bytes: u64, what: &str) -> Result<(), ModelError> {
        let left = self.length - self.at;
        if bytes <= left {
            return Ok(());
        }
        Err(ModelError::NotWhole {
            path: self.path.to_owned(),
            why: format!("it ends after {} bytes, {} short of {what}", self.length, bytes - left),
        })
    }

    fn read<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ModelError> {
        self.has(N as u64, what)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(ModelError::io("read", self.path))?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn number(&mut self, what: &str) -> Result<u32, ModelError> {
        self.read(what).map(u32::from_le_bytes)
    }

    /// All parts, one after another.
    fn whole(&mut self, mut kept: Option<&mut Kept>) -> Result<Dimensions, ModelError> {
        let dimensions = self.header()?;
        self.filters(&dimensions, kept.as_deref_mut())?;
        self.vocabulary(&dimensions, kept.as_deref_mut())?;
        self.tensors(&dimensions, kept)?;
        Ok(dimensions)
    }

    /// So many bytes, which are there, or an error.
    fn bytes(&mut self, bytes: u64, what: &str) -> Result<Vec<u8>, ModelError> {
        self.has(bytes, what)?;
        let mut read = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        self.reader.read_exact(&mut read).map_err(ModelError::io("read", self.path))?;
        self.at += bytes;
        Ok(read)
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Result<(), ModelError> {
        self.has(bytes, what)?;
        // Within the file, so far below i64's end.
        self.reader.seek_relative(bytes as i64).map_err(ModelError::io("read", self.path))?;
        self.at += bytes;
        Ok(())
    }

    fn header(&mut self) -> Result<Dimensions, ModelError> {
        let mut head = Vec::with_capacity(24);
        self.reader.by_ref().take(24).read_to_end(&mut head).map_err(ModelError::io("read", self.path))?;
        if !head.starts_with(&MAGIC.to_le_bytes()) {
            return Err(self.wrong(describe(&head)));
        }
        if head.get(8..14) == Some(b"silero".as_slice()) {
            return Err(ModelError::VoiceActivity { path: self.path.to_owned() });
        }
        self.reader.seek_relative(4 - head.len() as i64).map_err(ModelError::io("read", self.path))?;
        self.at = 4;
        let mut numbers = [0; Dimensions::COUNT];
        for number in &mut numbers {
            *number = self.number("its header")?;
        }
        Dimensions::from_header(numbers).map_err(|why| self.wrong(why))
    }

    fn filters(&mut self, dimensions: &Dimensions, kept: Option<&mut Kept>) -> Result<(), ModelError> {
        let (mels, bins) = (self.number("its mel filters")?, self.number("its mel filters")?);
        if (mels, bins) != (dimensions.mels, FFT_BINS) {
            return Err(
                self.wrong(format!("its mel filters are {mels}×{bins}, not {}×{FFT_BINS}", dimensions.mels))
            );
        }
        let bytes = u64::from(mels) * u64::from(bins) * 4;
        match kept {
            Some(kept) => kept.filters = self.bytes(bytes, "its mel filters")?,
            None => self.skip(bytes, "its mel filters")?,
        }
        Ok(())
    }

    fn vocabulary(&mut self, dimensions: &Dimensions, mut kept: Option<&mut Kept>) -> Result<(), ModelError> {
        let tokens = self.number("its vocabulary")?;
        // whisper.cpp names the special tokens itself, so a file has fewer words than tokens; the ordinary
        // ones (50,256) it must have.
        if tokens > dimensions.vocab || tokens < 50_256 {
            return Err(
                self.wrong(format!("its vocabulary has {tokens} words for {} tokens", dimensions.vocab))
            );
        }
        for _ in 0..tokens {
            let bytes = u64::from(self.number("its vocabulary")?);
            if bytes > TOKEN_MAX_BYTES {
                return Err(self.wrong(format!("its vocabulary has a word of {bytes} bytes")));
            }
            match &mut kept {
                Some(kept) => kept.vocabulary.push(self.bytes(bytes, "its vocabulary")?),
                None => self.skip(bytes, "its vocabulary")?,
            }
        }
        Ok(())
    }

    fn tensors(&mut self, dimensions: &Dimensions, mut kept: Option<&mut Kept>) -> Result<(), ModelError> {
        let list = dimensions.tensors();
        let mut missing: HashMap<&str, &Tensor> =
            list.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        while self.at < self.length {
            let tensor = self.tensor_header(&mut missing)?;
            let (name, stored, given) = tensor;
            let expected = stored.stored_as(dimensions.quantisation().map_err(|why| self.wrong(why))?);
            if expected.type_id() != given {
                return Err(self
                    .wrong(format!("tensor {name} is of ggml's type {given}, not {}", expected.type_id())));
            }
            let bytes = expected.bytes(stored.elements()).ok_or_else(|| {
                self.wrong(format!("tensor {name} doesn't fill blocks of {}", expected.label()))
            })?;
            let what = format!("tensor {name}");
            match &mut kept {
                Some(kept) => {
                    let data = self.bytes(bytes, &what)?;
                    kept.tensors.insert(name.to_owned(), (expected, data));
                }
                None => self.skip(bytes, &what)?,
            }
        }
        match missing.keys().min() {
            None => Ok(()),
            Some(name) => Err(ModelError::NotWhole {
                path: self.path.to_owned(),
                why: format!("{} of its {} tensors are missing ({name} is one)", missing.len(), list.len()),
            }),
        }
    }

    /// One tensor's header, checked against the list; the tensor is struck off. Also returns ggml's type
    /// number.
    fn tensor_header<'t>(
        &mut self,
        missing: &mut HashMap<&'t str, &'t Tensor>,
    ) -> Result<(&'t str, &'t Tensor, u32), ModelError> {
        const WHAT: &str = "a tensor's header";
        let (dims, name_bytes, type_id) = (self.number(WHAT)?, self.number(WHAT)?, self.number(WHAT)?);
        if !(1..=4).contains(&dims) || !(1..=NAME_MAX_BYTES).contains(&name_bytes) {
            return Err(self.wrong(format!(
                "at byte {} there should be a tensor, but there is something else: it is damaged",
                self.at - 12
            )));
        }
        let shape = (0..dims).map(|_| self.number(WHAT)).collect::<Result<Vec<_>, _>>()?;
        self.has(u64::from(name_bytes), WHAT)?;
        let mut name = vec![0; name_bytes as usize];
        self.reader.read_exact(&mut name).map_err(ModelError::io("read", self.path))?;
        self.at += u64::from(name_bytes);
        let name = String::from_utf8_lossy(&name);
        let Some((name, tensor)) = missing.remove_entry(&*name) else {
            return Err(self.wrong(format!("tensor {name:?} doesn't belong there, or is there twice")));
        };
        if tensor.shape != shape {
            return Err(self.wrong(format!(
                "tensor {name} is {shape:?}; by the header it should be {:?}",
                tensor.shape
            )));
        }
        Ok((name, tensor, type_id))
    }
}
