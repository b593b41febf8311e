//! Reads ONNX Runtime's own format (`.ort`): a FlatBuffers file whose root is a session with a model with a
//! graph. Only what weights need is read: tensors, and operators with their names, inputs and outputs, those
//! of inner graphs too.
//!
//! Every offset is checked before it is followed, and there is a bound on how much is followed in all:
//! offsets may lead to one place again and again. The numbers of the fields are those of onnxruntime's
//! `ort.fbs`.

use super::graph::{Graph, Node, Number, Stored};

/// What stands after the root's offset.
pub const IDENTIFIER: &[u8; 4] = b"ORTM";
/// Where it stands.
const IDENTIFIER_AT: usize = 4;
/// Tables, names and numbers that are read at most: the largest known file has some 30,000.
const READ_MAX: u32 = 2_000_000;
/// Graphs within graphs: the decoder has one level.
const DEPTH_MAX: u32 = 4;

/// Attributes that hold a graph are of this type.
const ATTRIBUTE_GRAPH: i32 = 5;

/// Fields, by their place in the schema.
mod field {
    pub(super) const SESSION_MODEL: usize = 1;
    pub(super) const MODEL_GRAPH: usize = 7;
    pub(super) const GRAPH_TENSORS: usize = 0;
    pub(super) const GRAPH_NODES: usize = 2;
    pub(super) const TENSOR_NAME: usize = 0;
    pub(super) const TENSOR_SHAPE: usize = 2;
    pub(super) const TENSOR_TYPE: usize = 3;
    pub(super) const TENSOR_BYTES: usize = 4;
    pub(super) const NODE_NAME: usize = 0;
    pub(super) const NODE_OPERATOR: usize = 5;
    pub(super) const NODE_INPUTS: usize = 8;
    pub(super) const NODE_OUTPUTS: usize = 9;
    pub(super) const NODE_ATTRIBUTES: usize = 10;
    pub(super) const ATTRIBUTE_TYPE: usize = 2;
    pub(super) const ATTRIBUTE_GRAPH: usize = 7;
}

/// Whether a file that begins so is in this format.
pub fn is_ort(head: &[u8]) -> bool {
    head.get(IDENTIFIER_AT..).is_some_and(|head| head.starts_with(IDENTIFIER))
}

/// Reads the whole graph. An error says in words what is wrong with the file.
pub fn read(bytes: &[u8]) -> Result<Graph<'_>, String> {
    if !is_ort(bytes) {
        return Err("it is not in ONNX Runtime's format".into());
    }
    let mut reader = Reader { bytes, left: READ_MAX, graph: Graph::default() };
    let session = reader.follow(0)?;
    let model = reader.table(session, field::SESSION_MODEL)?.ok_or_else(|| damaged("has no model"))?;
    let graph = reader.table(model, field::MODEL_GRAPH)?.ok_or_else(|| damaged("has no graph"))?;
    reader.graph(graph, DEPTH_MAX)?;
    Ok(reader.graph)
}

fn damaged(how: &str) -> String {
    format!("it {how}: it is damaged, or not whole")
}

struct Reader<'a> {
    bytes: &'a [u8],
    left: u32,
    graph: Graph<'a>,
}

impl<'a> Reader<'a> {
    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], String> {
        let bytes = at.checked_add(N).and_then(|end| self.bytes.get(at..end));
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| damaged("points beyond its end"))
    }

    fn u32(&self, at: usize) -> Result<usize, String> {
        self.array(at).map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    /// Counts what is read, and ends it where that is too much.
    fn spend(&mut self, n: usize) -> Result<(), String> {
        let left = u32::try_from(n).ok().and_then(|n| self.left.checked_sub(n));
        self.left = left.ok_or_else(|| damaged("has more in it than any known model"))?;
        Ok(())
    }

    /// Where the offset at `at` leads.
    fn follow(&mut self, at: usize) -> Result<usize, String> {
        self.spend(1)?;
        let offset = self.u32(at)?;
        at.checked_add(offset)
            .filter(|to| *to < self.bytes.len())
            .ok_or_else(|| damaged("points beyond its end"))
    }

    /// Where a table has that field, if it has it.
    fn field(&self, table: usize, field: usize) -> Result<Option<usize>, String> {
        let back = i32::from_le_bytes(self.array(table)?) as i64;
        let names =
            usize::try_from(table as i64 - back).map_err(|_| damaged("points before its beginning"))?;
        let (length, slot) = (u16::from_le_bytes(self.array(names)?) as usize, 4 + 2 * field);
        if slot + 2 > length {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(self.array(names + slot)?) as usize;
        Ok((offset > 0).then_some(table + offset))
    }

    fn table(&mut self, table: usize, field: usize) -> Result<Option<usize>, String> {
        self.field(table, field)?.map(|at| self.follow(at)).transpose()
    }

    /// Where the things of a list lie, each of `size` bytes, and how many they are.
    fn list(&mut self, table: usize, field: usize, size: usize) -> Result<(usize, usize), String> {
        let Some(at) = self.table(table, field)? else { return Ok((0, 0)) };
        let (first, count) = (at + 4, self.u32(at)?);
        let end = count.checked_mul(size).and_then(|bytes| bytes.checked_add(first));
        if end.is_none_or(|end| end > self.bytes.len()) {
            return Err(damaged("has a list that is longer than it"));
        }
        Ok((first, count))
    }

    fn tables(&mut self, table: usize, field: usize) -> Result<Vec<usize>, String> {
        let (first, count) = self.list(table, field, 4)?;
        self.spend(count)?;
        (0..count).map(|i| self.follow(first + 4 * i)).collect()
    }

    fn slice(&mut self, table: usize, field: usize) -> Result<&'a [u8], String> {
        let (first, count) = self.list(table, field, 1)?;
        Ok(&self.bytes[first..first + count])
    }

    fn text_at(&mut self, at: usize) -> Result<String, String> {
        let length = self.u32(at)?;
        // Names are short, and the same one may be named often.
        self.spend(1 + length / 64)?;
        let text = (at + 4).checked_add(length).and_then(|end| self.bytes.get(at + 4..end));
        let text = text.ok_or_else(|| damaged("has a name that is longer than it"))?;
        String::from_utf8(text.to_vec()).map_err(|_| damaged("has a name that is no text"))
    }

    fn text(&mut self, table: usize, field: usize) -> Result<String, String> {
        match self.table(table, field)? {
            Some(at) => self.text_at(at),
            None => Ok(String::new()),
        }
    }

    fn texts(&mut self, table: usize, field: usize) -> Result<Vec<String>, String> {
        self.tables(table, field)?.into_iter().map(|at| self.text_at(at)).collect()
    }

    fn graph(&mut self, graph: usize, depth: u32) -> Result<(), String> {
        if depth == 0 {
            return Err(damaged("has graphs within graphs without end"));
        }
        for tensor in self.tables(graph, field::GRAPH_TENSORS)? {
            self.tensor(tensor)?;
        }
        for node in self.tables(graph, field::GRAPH_NODES)? {
            self.node(node, depth)?;
        }
        Ok(())
    }

    fn tensor(&mut self, tensor: usize) -> Result<(), String> {
        let name = self.text(tensor, field::TENSOR_NAME)?;
        let number = match self.field(tensor, field::TENSOR_TYPE)? {
            Some(at) => i64::from(i32::from_le_bytes(self.array(at)?)),
            None => 0,
        };
        // Texts and the like are no weights.
        let Some(number) = Number::of_onnx(number) else { return Ok(()) };
        let (first, count) = self.list(tensor, field::TENSOR_SHAPE, 8)?;
        self.spend(count)?;
        let dimension = |i: usize| {
            let dimension = i64::from_le_bytes(self.array(first + 8 * i)?);
            usize::try_from(dimension).map_err(|_| damaged("has a tensor of less than nothing"))
        };
        let shape = (0..count).map(dimension).collect::<Result<Vec<_>, _>>()?;
        let bytes = self.slice(tensor, field::TENSOR_BYTES)?;
        let stored = Stored::new(shape, number, bytes).map_err(|why| format!("{name}: {why}"))?;
        self.graph.add_tensor(name, stored);
        Ok(())
    }

    fn node(&mut self, node: usize, depth: u32) -> Result<(), String> {
        let read = Node {
            name: self.text(node, field::NODE_NAME)?,
            operator: self.text(node, field::NODE_OPERATOR)?,
            inputs: self.texts(node, field::NODE_INPUTS)?,
            outputs: self.texts(node, field::NODE_OUTPUTS)?,
        };
        self.graph.add_node(read);
        for attribute in self.tables(node, field::NODE_ATTRIBUTES)? {
            let kind = match self.field(attribute, field::ATTRIBUTE_TYPE)? {
                Some(at) => i32::from_le_bytes(self.array(at)?),
                None => 0,
            };
            if kind == ATTRIBUTE_GRAPH
                && let Some(inner) = self.table(attribute, field::ATTRIBUTE_GRAPH)?
            {
                self.graph(inner, depth - 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Puts a file together, from its root on.
    #[derive(Default)]
    struct File(Vec<u8>);

    impl File {
        fn u32(&mut self, number: u32) -> usize {
            self.0.extend(number.to_le_bytes());
            self.0.len() - 4
        }

        /// Has the offset at `at` lead to what is added next.
        fn here(&mut self, at: usize) {
            let offset = (self.0.len() - at) as u32;
            self.0[at..at + 4].copy_from_slice(&offset.to_le_bytes());
        }

        /// A table with these fields, of four bytes each; gives where they are.
        fn table(&mut self, from: usize, fields: &[usize]) -> Vec<usize> {
            let slots = fields.iter().max().map_or(0, |most| most + 1);
            let names = self.0.len();
            // The offset that leads here must lead to the table behind its names.
            let table = names + 4 + 2 * slots;
            self.0.extend(((4 + 2 * slots) as u16).to_le_bytes());
            self.0.extend(((4 + 4 * fields.len()) as u16).to_le_bytes());
            for slot in 0..slots {
                let place = fields.iter().position(|field| *field == slot).map_or(0, |place| 4 + 4 * place);
                self.0.extend((place as u16).to_le_bytes());
            }
            let offset = (table - from) as u32;
            self.0[from..from + 4].copy_from_slice(&offset.to_le_bytes());
            self.u32((table - names) as u32);
            fields.iter().map(|_| self.u32(0)).collect()
        }

        fn list(&mut self, from: usize, count: u32) -> Vec<usize> {
            self.here(from);
            self.u32(count);
            (0..count).map(|_| self.u32(0)).collect()
        }

        fn bytes(&mut self, from: usize, bytes: &[u8]) {
            self.here(from);
            self.u32(bytes.len() as u32);
            self.0.extend(bytes);
        }
    }

    /// A matrix of one number that an operator uses, and an inner graph that has a tensor, too.
    fn file() -> Vec<u8> {
        let mut file = File::default();
        let root = file.u32(0);
        file.0.extend(IDENTIFIER);
        let model = file.table(root, &[field::SESSION_MODEL])[0];
        let graph = file.table(model, &[field::MODEL_GRAPH])[0];
        let lists = file.table(graph, &[field::GRAPH_TENSORS, field::GRAPH_NODES]);
        let tensor = file.list(lists[0], 1)[0];
        add_tensor(&mut file, tensor, b"w");
        let node = file.list(lists[1], 1)[0];
        let fields = file.table(
            node,
            &[
                field::NODE_NAME,
                field::NODE_OPERATOR,
                field::NODE_INPUTS,
                field::NODE_OUTPUTS,
                field::NODE_ATTRIBUTES,
            ],
        );
        file.bytes(fields[0], b"/fc/MatMul");
        file.bytes(fields[1], b"MatMul");
        let inputs = file.list(fields[2], 2);
        file.bytes(inputs[0], b"x");
        file.bytes(inputs[1], b"w");
        let output = file.list(fields[3], 1)[0];
        file.bytes(output, b"y");
        let attribute = file.list(fields[4], 1)[0];
        let fields = file.table(attribute, &[field::ATTRIBUTE_TYPE, field::ATTRIBUTE_GRAPH]);
        file.0[fields[0]..][..4].copy_from_slice(&ATTRIBUTE_GRAPH.to_le_bytes());
        let inner = file.table(fields[1], &[field::GRAPH_TENSORS])[0];
        let tensor = file.list(inner, 1)[0];
        add_tensor(&mut file, tensor, b"v");
        file.0
    }

    fn add_tensor(file: &mut File, at: usize, name: &[u8]) {
        let fields = file
            .table(at, &[field::TENSOR_NAME, field::TENSOR_SHAPE, field::TENSOR_TYPE, field::TENSOR_BYTES]);
        file.0[fields[2]] = 1;
        file.bytes(fields[0], name);
        file.here(fields[1]);
        file.u32(2);
        file.0.extend([1_u64, 1].into_iter().flat_map(u64::to_le_bytes));
        file.bytes(fields[3], &1.5_f32.to_le_bytes());
    }

    #[test]
    fn tensors_and_operators_are_found_in_inner_graphs_too() {
        let file = file();
        let graph = read(&file).unwrap();
        assert_eq!(graph.value(&graph.node("/fc/MatMul").unwrap().inputs[1]).unwrap().values, [1.5]);
        assert_eq!(graph.value("v").unwrap().shape, [1, 1]);
    }

    #[test]
    fn a_file_that_is_cut_off_is_an_error() {
        let file = file();
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(hurts in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
            let mut file = file();
            for (at, byte) in hurts {
                let at = usize::from(at) % file.len();
                file[at] = byte;
            }
            let _ = read(&file);
        }
    }
}
