//! Safetensors files: a length (`u64`, little endian), that many bytes of JSON that name each tensor with its
//! type, its shape and where it lies, and the tensors. Hugging Face's models are such files, and so are the
//! weights of Hansard's own ([`super::moonshine`]).

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::graph::{Number, Stored};

/// No model here has more tensors than need this many bytes of JSON.
const HEADER_MAX: usize = 4 << 20;

/// The name under which notes stand among the tensors.
const NOTES: &str = "__metadata__";

/// A tensor as the header names it.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// The tensors of a file that was read.
#[derive(Debug)]
pub struct Tensors<'a>(BTreeMap<String, Stored<'a>>);

impl<'a> Tensors<'a> {
    /// Reads a whole file. An error says in words what is wrong with it.
    pub fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let (length, rest) = bytes.split_first_chunk().ok_or("it is too short for a safetensors file")?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|length| *length <= HEADER_MAX);
        let (header, data) = length
            .and_then(|length| rest.split_at_checked(length))
            .ok_or("it is no safetensors file, or it is cut off")?;
        let header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(header).map_err(|error| format!("it is no safetensors file: {error}"))?;
        let mut tensors = BTreeMap::new();
        for (name, entry) in header {
            if name == NOTES {
                continue;
            }
            let entry: Entry = serde_json::from_value(entry).map_err(|error| format!("{name}: {error}"))?;
            // Other types are of no weight here; who asks for such a tensor is told that it isn't there.
            let Some(number) = number(&entry.dtype) else { continue };
            let (from, to) = entry.data_offsets;
            let content = data.get(from..to).ok_or_else(|| format!("it is cut off in {name}, or damaged"))?;
            let stored = Stored::new(entry.shape, number, content).map_err(|why| format!("{name}: {why}"))?;
            tensors.insert(name, stored);
        }
        Ok(Self(tensors))
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Result<&Stored<'a>, String> {
        self.0.get(name).ok_or_else(|| format!("{name} is missing"))
    }
}

fn number(dtype: &str) -> Option<Number> {
    Some(match dtype {
        "F32" => Number::F32,
        "F16" => Number::F16,
        "BF16" => Number::Bf16,
        "I8" => Number::I8,
        "U8" => Number::U8,
        "I32" => Number::I32,
        "I64" => Number::I64,
        _ => return None,
    })
}

/// Writes the head of a file of these tensors, each with its type and shape, in the order in which their
/// bytes will follow.
///
/// # Errors
/// The output's.
pub fn write_head(tensors: &[(String, Number, Vec<usize>)], out: &mut impl Write) -> io::Result<()> {
    let mut at = 0;
    let mut entries = BTreeMap::new();
    for (name, number, shape) in tensors {
        let end = at + shape.iter().product::<usize>() * number.bytes();
        let dtype = match number {
            Number::F32 => "F32",
            Number::F16 => "F16",
            Number::Bf16 => "BF16",
            Number::I8 => "I8",
            Number::U8 => "U8",
            Number::I32 => "I32",
            Number::I64 => "I64",
        };
        let entry = Entry { dtype: dtype.into(), shape: shape.clone(), data_offsets: (at, end) };
        entries.insert(name, entry);
        at = end;
    }
    let mut json = serde_json::to_vec(&entries)?;
    // Other readers want the tensors on a multiple of eight bytes.
    json.resize(json.len().next_multiple_of(8), b' ');
    out.write_all(&(json.len() as u64).to_le_bytes())?;
    out.write_all(&json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file() -> Vec<u8> {
        let mut file = Vec::new();
        let tensors = [("b".to_owned(), Number::I8, vec![2, 2]), ("a".to_owned(), Number::F32, vec![1])];
        write_head(&tensors, &mut file).unwrap();
        file.extend([1, 2, 3, 255]);
        file.extend(1.5_f32.to_le_bytes());
        file
    }

    #[test]
    fn what_is_written_is_read() {
        let file = file();
        let tensors = Tensors::read(&file).unwrap();
        assert_eq!(tensors.get("a").unwrap().array().values, [1.5]);
        assert_eq!(tensors.get("b").unwrap().array().values, [1.0, 2.0, 3.0, -1.0]);
        assert!(tensors.get("c").is_err());
        for cut in 0..file.len() {
            assert!(Tensors::read(&file[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(at in 0..200_usize, byte: u8, junk in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut hurt = file();
            let at = at % hurt.len();
            hurt[at] = byte;
            let _ = Tensors::read(&hurt);
            let _ = Tensors::read(&junk);
        }
    }
}
