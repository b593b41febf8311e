//! A network's graph as other programs' files hold it, as far as its weights are concerned: tensors by name,
//! and the operators that their values go through before they are used. Files in ONNX Runtime's own format
//! ([`super::ort`]) store weights as whole numbers with a scale, and turn them into fractions in the graph:
//! [`Graph::value`] does the same. Pure; nothing of a file is believed that its lengths don't bear out.

use std::collections::HashMap;

use half::{bf16, f16};

/// How many operators a weight goes through at most. Keeps a circle of them from being followed.
const DEPTH_MAX: u32 = 16;

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    F32,
    F16,
    Bf16,
    I8,
    U8,
    I32,
    I64,
}

impl Number {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::I64 => 8,
        }
    }

    /// By ONNX's number of the type.
    pub fn of_onnx(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::F32,
            2 => Self::U8,
            3 => Self::I8,
            6 => Self::I32,
            7 => Self::I64,
            10 => Self::F16,
            16 => Self::Bf16,
            _ => return None,
        })
    }

    fn widen(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Self::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            Self::Bf16 => bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
            Self::I8 => bytes.iter().map(|b| f32::from(*b as i8)).collect(),
            Self::U8 => bytes.iter().map(|b| f32::from(*b)).collect(),
            Self::I32 => bytes.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b) as f32).collect(),
            Self::I64 => bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect(),
        }
    }
}

/// A tensor as it lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<'a> {
    shape: Vec<usize>,
    number: Number,
    bytes: &'a [u8],
}

impl<'a> Stored<'a> {
    /// A tensor whose bytes are as many as its shape wants.
    ///
    /// # Errors
    /// They aren't; says so.
    pub fn new(shape: Vec<usize>, number: Number, bytes: &'a [u8]) -> Result<Self, String> {
        let wanted = shape.iter().try_fold(number.bytes(), |product, n| product.checked_mul(*n));
        if wanted != Some(bytes.len()) {
            return Err(format!("it has {} bytes, and its shape {shape:?} wants others", bytes.len()));
        }
        Ok(Self { shape, number, bytes })
    }

    /// Outermost dimension first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How it is stored.
    pub fn number(&self) -> Number {
        self.number
    }

    /// As it lies there.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its numbers.
    pub fn array(&self) -> Array {
        Array { shape: self.shape.clone(), values: self.number.widen(self.bytes) }
    }
}

/// Numbers in a shape, the last dimension running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Outermost dimension first; a scalar has none.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: Vec<f32>,
}

impl Array {
    /// A matrix with rows and columns swapped.
    ///
    /// # Errors
    /// It is no matrix.
    pub fn transposed(&self) -> Result<Self, String> {
        let [rows, columns] = self.shape[..] else {
            return Err(format!("a matrix was expected, not {:?}", self.shape));
        };
        let mut values = Vec::with_capacity(self.values.len());
        for column in 0..columns {
            values.extend((0..rows).map(|row| self.values[row * columns + column]));
        }
        Ok(Self { shape: vec![columns, rows], values })
    }

    /// With a number, or with an array of the same shape, taken together number by number.
    fn with(mut self, other: &Self, f: impl Fn(f32, f32) -> f32) -> Result<Self, String> {
        match other.values[..] {
            [one] => self.values.iter_mut().for_each(|x| *x = f(*x, one)),
            _ if self.shape == other.shape => {
                self.values.iter_mut().zip(&other.values).for_each(|(x, y)| *x = f(*x, *y));
            }
            _ => return Err(format!("{:?} and {:?} don't go together", self.shape, other.shape)),
        }
        Ok(self)
    }
}

/// An operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Its path in the program that the graph was made of, such as `/layers.0/self_attn/q_proj/MatMul`.
    pub name: String,
    /// `MatMul`, `Cast` …
    pub operator: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
}

/// Tensors and operators, those of inner graphs among them.
#[derive(Debug, Default)]
pub struct Graph<'a> {
    tensors: HashMap<String, Stored<'a>>,
    nodes: Vec<Node>,
    by_output: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl<'a> Graph<'a> {
    /// Takes a tensor.
    pub fn add_tensor(&mut self, name: String, tensor: Stored<'a>) {
        self.tensors.insert(name, tensor);
    }

    /// Takes an operator. Of two with one name the first is kept.
    pub fn add_node(&mut self, node: Node) {
        let index = self.nodes.len();
        for output in &node.outputs {
            self.by_output.entry(output.clone()).or_insert(index);
        }
        self.by_name.entry(node.name.clone()).or_insert(index);
        self.nodes.push(node);
    }

    /// The operator of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.by_name.get(name).map(|index| &self.nodes[*index])
    }

    /// The numbers that the graph computes under this name, out of nothing but its tensors.
    ///
    /// # Errors
    /// They depend on what goes in, or on an operator that weights don't need; says so.
    pub fn value(&self, name: &str) -> Result<Array, String> {
        self.value_at(name, DEPTH_MAX)
    }

    fn value_at(&self, name: &str, depth: u32) -> Result<Array, String> {
        if let Some(tensor) = self.tensors.get(name) {
            return Ok(tensor.array());
        }
        let node = self.by_output.get(name).map(|index| &self.nodes[*index]);
        let node = node.filter(|_| depth > 0).ok_or_else(|| format!("{name} has no value of its own"))?;
        let input = |i: usize| match node.inputs.get(i) {
            Some(name) => self.value_at(name, depth - 1),
            None => Err(format!("{} lacks an input", node.name)),
        };
        match node.operator.as_str() {
            // All numbers are fractions here already.
            "Cast" | "Identity" => input(0),
            "Mul" => input(0)?.with(&input(1)?, |a, b| a * b),
            "Add" => input(0)?.with(&input(1)?, |a, b| a + b),
            "Sub" => input(0)?.with(&input(1)?, |a, b| a - b),
            "DequantizeLinear" if node.inputs.len() > 2 => {
                input(0)?.with(&input(2)?, |a, b| a - b)?.with(&input(1)?, |a, b| a * b)
            }
            "DequantizeLinear" => input(0)?.with(&input(1)?, |a, b| a * b),
            "Transpose" => input(0)?.transposed(),
            other => Err(format!("{name} comes of {other}, which no weight does")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(operator: &str, inputs: &[&str], output: &str) -> Node {
        Node {
            name: format!("/{output}"),
            operator: operator.into(),
            inputs: inputs.iter().map(|input| (*input).to_owned()).collect(),
            outputs: vec![output.into()],
        }
    }

    #[test]
    fn a_weight_is_computed_as_the_graph_says() {
        let (whole, scale, least) = ([255_u8, 1, 2, 3, 4, 5], 0.5_f32.to_le_bytes(), 1_f32.to_le_bytes());
        let mut graph = Graph::default();
        graph.add_tensor("q".into(), Stored::new(vec![2, 3], Number::I8, &whole).unwrap());
        graph.add_tensor("scale".into(), Stored::new(vec![1], Number::F32, &scale).unwrap());
        graph.add_tensor("least".into(), Stored::new(vec![1], Number::F32, &least).unwrap());
        graph.add_node(node("Cast", &["q"], "cast"));
        graph.add_node(node("Mul", &["cast", "scale"], "mul"));
        graph.add_node(node("Add", &["mul", "least"], "add"));
        graph.add_node(node("Transpose", &["add"], "weight"));
        let weight = graph.value("weight").unwrap();
        assert_eq!((weight.shape, weight.values), (vec![3, 2], vec![0.5, 2.5, 1.5, 3.0, 2.0, 3.5]));
        assert_eq!(graph.node("/mul").map(|node| node.inputs[1].as_str()), Some("scale"));
    }

    #[test]
    fn what_is_no_weight_is_an_error() {
        let mut graph = Graph::default();
        graph.add_tensor("a".into(), Stored::new(vec![2], Number::U8, &[1, 2]).unwrap());
        graph.add_node(node("Add", &["a", "loop"], "loop"));
        graph.add_node(node("Softmax", &["a"], "soft"));
        graph.add_node(node("Mul", &["a"], "half"));
        graph.add_node(node("Transpose", &["a"], "turned"));
        for name in ["loop", "soft", "half", "turned", "nowhere"] {
            assert!(graph.value(name).is_err(), "{name}");
        }
        assert!(Stored::new(vec![3], Number::F32, &[0; 8]).is_err());
        assert!(Stored::new(vec![usize::MAX, 2], Number::F32, &[0; 8]).is_err());
    }
}
