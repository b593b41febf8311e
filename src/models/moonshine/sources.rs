//! Moonshine's weights in other programs' files: ONNX Runtime's or ONNX graphs of the encoder and the
//! decoder, or Hugging Face's `model.safetensors`.
//!
//! In graphs a weight is found by the operator that uses it, which is called by its path in the program that
//! the graph was made of: the weights' own names are made up by the exporter, and weights that are equal
//! share one.

use super::Tensor;
use super::folder::Source;
use crate::models::graph::{Array, Graph, Stored};
use crate::models::safetensors::Tensors;
use crate::models::{onnx, ort};

/// The graphs of the encoder and the decoder.
pub struct Graphs<'a> {
    encoder: Graph<'a>,
    decoder: Graph<'a>,
}

impl<'a> Graphs<'a> {
    /// Reads both files. An error says in words what is wrong with which.
    pub fn read(encoder: &'a [u8], decoder: &'a [u8]) -> Result<Self, String> {
        let read = |bytes: &'a [u8], which: &str| {
            let graph = if ort::is_ort(bytes) { ort::read(bytes) } else { onnx::read(bytes) };
            graph.map_err(|why| format!("the {which}'s graph can't be read: {why}"))
        };
        Ok(Self { encoder: read(encoder, "encoder")?, decoder: read(decoder, "decoder")? })
    }
}

/// What exporters put before the paths of the encoder and the decoder.
const PREFIXES: [&str; 4] = ["", "/model/decoder", "/decoder", "/model/encoder"];
/// Names of a layer that exporters have called otherwise.
const ALIASES: [(&str, &str); 3] =
    [("o_proj", "dense"), ("mlp/fc1", "mlp/up_proj"), ("mlp/fc2", "mlp/down_proj")];

impl Source for Graphs<'_> {
    fn tensor(&self, tensor: &Tensor) -> Result<Array, String> {
        let name = tensor.name.strip_prefix("model.").unwrap_or(&tensor.name);
        let (graph, name) = match name.strip_prefix("encoder.") {
            Some(name) => (&self.encoder, name),
            None => (&self.decoder, name.strip_prefix("decoder.").unwrap_or(name)),
        };
        let (path, part) = name.rsplit_once('.').unwrap_or((name, ""));
        // `layers.3.mlp.fc1` is called `/layers.3/mlp/fc1`.
        let path = path.replace("layers.", "layers#").replace('.', "/").replace('#', ".");
        let operators: &[(&str, bool)] = match (path.as_str(), part) {
            (path, "weight") if path.starts_with("conv") => &[("Conv", false)],
            (path, "bias") if path.starts_with("conv") => &[("Conv", false)],
            (path, "weight") if path.ends_with("norm") => {
                &[("Mul", false), ("LayerNormalization", false), ("InstanceNormalization", false)]
            }
            (path, "weight") if path.ends_with("embed_tokens") => &[("Gather", false)],
            (_, "weight") => &[("MatMul", true)],
            _ => &[("Add", false)],
        };
        let mut paths = vec![path.clone()];
        paths.extend(
            ALIASES
                .iter()
                .filter(|(name, _)| path.ends_with(name))
                .map(|(name, alias)| path.replace(name, alias)),
        );
        let size: usize = tensor.shape.iter().product();
        for path in &paths {
            for prefix in PREFIXES {
                for (operator, turned) in operators {
                    let Some(node) = graph.node(&format!("{prefix}/{path}/{operator}")) else { continue };
                    // The other input depends on the sound. A convolution's bias follows its weight.
                    let values = node.inputs.iter().rev().filter_map(|input| graph.value(input).ok());
                    let Some(found) = values.into_iter().find(|found| found.values.len() == size) else {
                        continue;
                    };
                    let mut found = if *turned { found.transposed()? } else { found };
                    // A vector may stand there as a column, or as a row.
                    if tensor.shape.len() == 1 {
                        found.shape = tensor.shape.clone();
                    }
                    return Ok(found);
                }
            }
        }
        Err(format!("{} is missing", tensor.name))
    }
}

impl Source for Tensors<'_> {
    fn tensor(&self, tensor: &Tensor) -> Result<Array, String> {
        self.get(&tensor.name).map(Stored::array)
    }
}
