//! Reads ONNX files, as far as weights are concerned: tensors, and operators with their names, inputs and
//! outputs, those of inner graphs too. The format is protocol buffers; the numbers of the fields are those of
//! `onnx.proto`. Weights that lie in files of their own beside the graph are refused.

use super::graph::{Graph, Node, Number, Stored};

/// Graphs within graphs.
const DEPTH_MAX: u32 = 4;

/// Reads the whole graph. An error says in words what is wrong with the file.
pub fn read(bytes: &[u8]) -> Result<Graph<'_>, String> {
    let mut graph = Graph::default();
    let mut found = false;
    for part in Parts(bytes) {
        if let (7, Part::Bytes(inner)) = part? {
            add_graph(&mut graph, inner, DEPTH_MAX)?;
            found = true;
        }
    }
    if found { Ok(graph) } else { Err("it is no ONNX file: there is no graph in it".into()) }
}

fn damaged() -> String {
    "it is no ONNX file, or damaged, or not whole".into()
}

/// A field's content.
enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A number of 4 or 8 bytes, which nothing here needs.
    Other,
}

/// The fields of a message, with their numbers.
struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    fn number(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or_else(damaged)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged())
    }
}

impl<'a> Parts<'a> {
    fn take(&mut self, n: u64) -> Result<&'a [u8], String> {
        let n = usize::try_from(n).map_err(|_| damaged())?;
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn part(&mut self) -> Result<(u64, Part<'a>), String> {
        let key = self.number()?;
        let part = match key & 7 {
            0 => Part::Number(self.number()?),
            1 => self.take(8).map(|_| Part::Other)?,
            2 => {
                let length = self.number()?;
                Part::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Part::Other)?,
            _ => return Err(damaged()),
        };
        Ok((key >> 3, part))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<(u64, Part<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = self.part();
        if part.is_err() {
            self.0 = &[];
        }
        Some(part)
    }
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| damaged())
}

fn add_graph<'a>(graph: &mut Graph<'a>, bytes: &'a [u8], depth: u32) -> Result<(), String> {
    if depth == 0 {
        return Err(damaged());
    }
    for part in Parts(bytes) {
        match part? {
            (1, Part::Bytes(inner)) => add_node(graph, inner, depth)?,
            (5, Part::Bytes(inner)) => {
                if let Some((name, tensor)) = tensor(inner)? {
                    graph.add_tensor(name, tensor);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn add_node<'a>(graph: &mut Graph<'a>, bytes: &'a [u8], depth: u32) -> Result<(), String> {
    let mut node = Node::default();
    for part in Parts(bytes) {
        match part? {
            (1, Part::Bytes(name)) => node.inputs.push(text(name)?),
            (2, Part::Bytes(name)) => node.outputs.push(text(name)?),
            (3, Part::Bytes(name)) => node.name = text(name)?,
            (4, Part::Bytes(name)) => node.operator = text(name)?,
            (5, Part::Bytes(attribute)) => {
                for part in Parts(attribute) {
                    match part? {
                        (5, Part::Bytes(inner)) if node.operator == "Constant" => {
                            if let (Some((_, tensor)), Some(name)) = (tensor(inner)?, node.outputs.first()) {
                                graph.add_tensor(name.clone(), tensor);
                            }
                        }
                        (6, Part::Bytes(inner)) => add_graph(graph, inner, depth - 1)?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    graph.add_node(node);
    Ok(())
}

/// A tensor and its name; `None` if it is of a type that no weight has.
fn tensor(bytes: &[u8]) -> Result<Option<(String, Stored<'_>)>, String> {
    let (mut name, mut shape, mut number, mut content) = (String::new(), Vec::new(), 0, &[][..]);
    let mut typed = false;
    for part in Parts(bytes) {
        match part? {
            (1, Part::Number(n)) => shape.push(usize::try_from(n).map_err(|_| damaged())?),
            (1, Part::Bytes(packed)) => {
                let mut packed = Parts(packed);
                while !packed.0.is_empty() {
                    shape.push(usize::try_from(packed.number()?).map_err(|_| damaged())?);
                }
            }
            (2, Part::Number(n)) => number = i64::try_from(n).map_err(|_| damaged())?,
            // Packed numbers of four bytes, which is what raw ones are, too.
            (4, Part::Bytes(packed)) => content = packed,
            (5 | 7, _) => typed = true,
            (8, Part::Bytes(bytes)) => name = text(bytes)?,
            (9, Part::Bytes(raw)) => content = raw,
            (14, Part::Number(1)) => {
                return Err("its weights lie in a file beside it, which can't be read here".into());
            }
            _ => {}
        }
    }
    let Some(number) = Number::of_onnx(number).filter(|_| !typed || !content.is_empty()) else {
        return Ok(None);
    };
    let stored = Stored::new(shape, number, content).map_err(|why| format!("{name}: {why}"))?;
    Ok(Some((name, stored)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A field with bytes.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8][..], content].concat()
    }

    fn file() -> Vec<u8> {
        let weight =
            [&[8, 2, 8, 1, 16, 1][..], &field(8, b"w"), &field(9, &[0, 0, 128, 63, 0, 0, 0, 64])].concat();
        let node =
            [field(1, b"x"), field(1, b"w"), field(2, b"y"), field(3, b"/fc/MatMul"), field(4, b"MatMul")];
        field(7, &[field(1, &node.concat()), field(5, &weight)].concat())
    }

    #[test]
    fn tensors_and_operators_are_found() {
        let file = file();
        let graph = read(&file).unwrap();
        let weight = graph.value(&graph.node("/fc/MatMul").unwrap().inputs[1]).unwrap();
        assert_eq!((weight.shape, weight.values), (vec![2, 1], vec![1.0, 2.0]));
        for cut in 1..file.len() {
            assert!(read(&file[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(at in 0..60_usize, byte: u8, junk in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut hurt = file();
            let at = at % hurt.len();
            hurt[at] = byte;
            let _ = read(&hurt);
            let _ = read(&junk);
        }
    }
}
