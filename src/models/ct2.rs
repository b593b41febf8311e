//! Reads CTranslate2's `model.bin` as faster-whisper has it: an index of its variables, and their values on
//! demand. Refuses everything whose lengths don't add up.
//!
//! The format, little-endian: u32 version (6), the specification's name, u32 revision, u32 count of
//! variables; each a name, u8 rank, u32 per dimension, u8 type, u32 bytes, data; then u32 count of aliases,
//! each two names. A name is a u16 length that includes a NUL, and the bytes.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

use half::{bf16, f16};

/// The version of the file format that faster-whisper's models have.
const VERSION: u32 = 6;

/// The specification of Whisper models.
const SPECIFICATION: &str = "WhisperSpec";

/// No variable of a Whisper model has more dimensions.
const RANK_MAX: u8 = 4;

/// How a variable's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    F32,
    I8,
    I16,
    I32,
    F16,
    Bf16,
}

impl Type {
    fn of(id: u8) -> Option<Self> {
        Some(match id {
            0 => Self::F32,
            1 => Self::I8,
            2 => Self::I16,
            3 => Self::I32,
            4 => Self::F16,
            5 => Self::Bf16,
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub fn bytes(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

/// Where a variable lies, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Outermost dimension first; a scalar has none.
    pub shape: Vec<u32>,
    /// How it is stored.
    pub kind: Type,
    offset: u64,
}

impl Variable {
    /// Numbers in it.
    pub fn elements(&self) -> u64 {
        self.shape.iter().map(|&n| u64::from(n)).product()
    }

    /// Numbers per step of the outermost dimension.
    pub fn row(&self) -> u64 {
        self.shape.iter().skip(1).map(|&n| u64::from(n)).product()
    }
}

/// An opened `model.bin`.
pub struct Model<R> {
    reader: BufReader<R>,
    variables: HashMap<String, Variable>,
}

impl<R: Read + Seek> Model<R> {
    /// Reads the index. An error says in words what is wrong with the file.
    pub fn open(mut source: R) -> Result<Self, String> {
        let length = source.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
        source.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
        let mut index = Index { reader: BufReader::with_capacity(64 * 1024, source), at: 0, length };
        index.header()?;
        let mut variables = HashMap::new();
        for _ in 0..index.number("the count of variables")? {
            let (name, variable) = index.variable()?;
            variables.insert(name, variable);
        }
        for _ in 0..index.number("the count of aliases")? {
            let (alias, target) = (index.name()?, index.name()?);
            let variable = variables.get(&target).cloned().ok_or_else(|| {
                format!("model.bin calls {alias:?} the same as {target:?}, which isn't there")
            })?;
            variables.insert(alias, variable);
        }
        match index.length - index.at {
            0 => Ok(Self { reader: index.reader, variables }),
            more => {
                Err(format!("model.bin has {more} bytes too many: it is damaged, or parts are out of order"))
            }
        }
    }

    /// The variable of that name.
    pub fn get(&self, name: &str) -> Result<&Variable, String> {
        self.variables
            .get(name)
            .ok_or_else(|| format!("model.bin lacks {name}, so it is not a Whisper model"))
    }

    /// Whether there is a variable of that name.
    pub fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Reads the stored bytes of `elements` numbers of a variable, from the `first` on, into `bytes`.
    pub fn read_raw(
        &mut self,
        variable: &Variable,
        first: u64,
        elements: u64,
        bytes: &mut Vec<u8>,
    ) -> Result<(), String> {
        if first.checked_add(elements).is_none_or(|end| end > variable.elements()) {
            return Err("model.bin: a variable is smaller than its shape says".into());
        }
        let wanted = usize::try_from(elements * variable.kind.bytes()).map_err(|e| e.to_string())?;
        bytes.resize(wanted, 0);
        let offset = variable.offset + first * variable.kind.bytes();
        // Tensors are read in order, mostly in one run: the buffer is only thrown away on a jump.
        let at = self.reader.stream_position().map_err(|e| e.to_string())?;
        self.reader.seek_relative(offset as i64 - at as i64).map_err(|e| e.to_string())?;
        self.reader.read_exact(bytes).map_err(|e| format!("can't read model.bin: {e}"))
    }

    /// Reads numbers as they are stored, widened to f32; integers still want their scale.
    pub fn read(&mut self, variable: &Variable, first: u64, elements: u64) -> Result<Vec<f32>, String> {
        let mut bytes = Vec::new();
        self.read_raw(variable, first, elements, &mut bytes)?;
        Ok(widen(variable.kind, &bytes))
    }
}

/// Stored numbers as f32.
pub fn widen(kind: Type, bytes: &[u8]) -> Vec<f32> {
    let pairs = || bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
    let quads = || bytes.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
    match kind {
        Type::F32 => quads().map(f32::from_le_bytes).collect(),
        Type::I32 => quads().map(|b| i32::from_le_bytes(b) as f32).collect(),
        Type::F16 => pairs().map(|b| f16::from_le_bytes(b).to_f32()).collect(),
        Type::Bf16 => pairs().map(|b| bf16::from_le_bytes(b).to_f32()).collect(),
        Type::I16 => pairs().map(|b| f32::from(i16::from_le_bytes(b))).collect(),
        Type::I8 => bytes.iter().map(|&b| f32::from(b as i8)).collect(),
    }
}

/// Walks the file from variable to variable.
struct Index<R> {
    reader: BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Index<R> {
    fn has(&self, bytes: u64, what: &str) -> Result<(), String> {
        if bytes <= self.length - self.at {
            return Ok(());
        }
        Err(format!(
            "model.bin ends after {} bytes, in the middle of {what}: it is cut off; \
             where a model is split over several wheels or parts, name them all",
            self.length
        ))
    }

    fn read<const N: usize>(&mut self, what: &str) -> Result<[u8; N], String> {
        self.has(N as u64, what)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|e| format!("can't read model.bin: {e}"))?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn number(&mut self, what: &str) -> Result<u32, String> {
        self.read(what).map(u32::from_le_bytes)
    }

    fn name(&mut self) -> Result<String, String> {
        let length = u16::from_le_bytes(self.read("a name")?);
        self.has(u64::from(length), "a name")?;
        let mut bytes = vec![0; usize::from(length)];
        self.reader.read_exact(&mut bytes).map_err(|e| format!("can't read model.bin: {e}"))?;
        self.at += u64::from(length);
        match bytes.pop() {
            Some(0) => String::from_utf8(bytes)
                .map_err(|_| "model.bin: a name is not valid text; the file is damaged".into()),
            _ => Err("model.bin: a name doesn't end where it should: it is damaged".into()),
        }
    }

    fn header(&mut self) -> Result<(), String> {
        let version = self.number("its header")?;
        if version != VERSION {
            return Err(format!(
                "model.bin is not of CTranslate2's format {VERSION} (it says {version}); \
                 faster-whisper's models are: was it made by another program, or are parts missing in front?"
            ));
        }
        let specification = self.name()?;
        if specification != SPECIFICATION {
            return Err(format!("model.bin is a {specification:?}, not a {SPECIFICATION}: no Whisper model"));
        }
        self.number("its header").map(|_revision| ())
    }

    fn variable(&mut self) -> Result<(String, Variable), String> {
        let name = self.name()?;
        let [rank] = self.read(&name)?;
        if rank > RANK_MAX {
            return Err(format!("model.bin: {name} has {rank} dimensions: it is damaged"));
        }
        let shape = (0..rank).map(|_| self.number(&name)).collect::<Result<Vec<_>, _>>()?;
        let [type_id] = self.read(&name)?;
        let kind =
            Type::of(type_id).ok_or_else(|| format!("model.bin: {name} is of an unknown type, {type_id}"))?;
        let bytes = u64::from(self.number(&name)?);
        let by_shape = shape.iter().try_fold(kind.bytes(), |product, &n| product.checked_mul(u64::from(n)));
        if by_shape != Some(bytes) {
            return Err(format!("model.bin: {name} has {bytes} bytes, its shape {shape:?} wants others"));
        }
        self.has(bytes, &name)?;
        let variable = Variable { shape, kind, offset: self.at };
        self.reader.seek_relative(bytes as i64).map_err(|e| format!("can't read model.bin: {e}"))?;
        self.at += bytes;
        Ok((name, variable))
    }
}
