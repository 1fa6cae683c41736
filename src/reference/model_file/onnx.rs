//! The parts of an ONNX file that counting needs: nodes with their attributes, shapes of weights, small lists of whole
//! numbers, shapes of inputs. Weights themselves are skipped.

use super::protobuf::{Source, Wire};
use crate::reference::arch::MOST_NODES;
use lab_sdk::{Result, ensure};
use std::collections::HashMap;
use std::fs::File;

/// Most tensors that a file may hold.
const MOST_TENSORS: usize = 100_000;
/// Most names or numbers in one list.
const MOST_ITEMS: usize = 1 << 16;

/// A graph.
#[derive(Debug, Default)]
pub struct Graph {
    pub nodes: Vec<Node>,
    /// Weights and constants by name.
    pub tensors: HashMap<String, Tensor>,
    /// What comes from outside, weights included in old files.
    pub inputs: Vec<(String, Vec<Option<u64>>)>,
    /// Shapes that the file says of results.
    pub shapes: HashMap<String, Vec<Option<u64>>>,
}

/// One operation.
#[derive(Debug, Default)]
pub struct Node {
    pub op: String,
    pub name: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: HashMap<String, Attribute>,
}

/// What an attribute may be here.
#[derive(Debug, Default)]
pub struct Attribute {
    pub int: Option<i64>,
    pub ints: Vec<i64>,
    pub text: Option<String>,
    pub tensor: Option<Tensor>,
}

/// A weight or a constant.
#[derive(Clone, Debug, Default)]
pub struct Tensor {
    pub dims: Vec<u64>,
    /// ONNX's number of the dtype.
    pub dtype: u64,
    /// The values of a short list of whole numbers.
    pub ints: Vec<i64>,
}

impl Tensor {
    /// How many elements its shape has.
    pub fn elements(&self) -> Option<u64> {
        self.dims.iter().try_fold(1_u64, |all, &n| all.checked_mul(n))
    }
}

impl Node {
    /// A whole-number attribute.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.attributes.get(name)?.int
    }

    /// A list of whole numbers.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attributes.get(name).map(|a| a.ints.as_slice()).filter(|ints| !ints.is_empty())
    }

    /// The name for messages: its own, or its operation and result.
    pub fn called(&self) -> String {
        let result = self.outputs.first().map_or("", String::as_str);
        if self.name.is_empty() { format!("{} of `{result}`", self.op) } else { format!("{} `{}`", self.op, self.name) }
    }
}

/// Reads the graph of a model.
pub fn read(file: File, length: u64) -> Result<Graph> {
    let (mut source, mut graph) = (Source::new(file), None);
    source.fields(length, |source, number, wire| {
        if let (7, Wire::Bytes { end }) = (number, wire) {
            ensure!(graph.is_none(), "has two graphs");
            graph = Some(read_graph(source, end)?);
        }
        Ok(())
    })?;
    graph.ok_or_else(|| "has no graph".into())
}

fn read_graph(source: &mut Source, end: u64) -> Result<Graph> {
    let mut graph = Graph::default();
    source.fields(end, |source, number, wire| {
        let Wire::Bytes { end } = wire else { return Ok(()) };
        match number {
            1 => {
                ensure!(graph.nodes.len() < MOST_NODES, "has more than {MOST_NODES} nodes");
                graph.nodes.push(read_node(source, end)?);
            }
            5 => {
                ensure!(graph.tensors.len() < MOST_TENSORS, "has more than {MOST_TENSORS} weights");
                let (name, tensor) = read_tensor(source, end)?;
                graph.tensors.insert(name, tensor);
            }
            11 if graph.inputs.len() < MOST_TENSORS => graph.inputs.push(read_value(source, end)?),
            12 | 13 if graph.shapes.len() < MOST_TENSORS => graph.shapes.extend([read_value(source, end)?]),
            _ => {}
        }
        Ok(())
    })?;
    Ok(graph)
}

fn read_node(source: &mut Source, end: u64) -> Result<Node> {
    let mut node = Node::default();
    source.fields(end, |source, number, wire| {
        let Wire::Bytes { end } = wire else { return Ok(()) };
        match number {
            1 => node.inputs.push(source.text(end)?),
            2 => node.outputs.push(source.text(end)?),
            3 => node.name = source.text(end)?,
            4 => node.op = source.text(end)?,
            5 => node.attributes.extend([read_attribute(source, end)?]),
            _ => {}
        }
        let items = node.inputs.len() + node.outputs.len() + node.attributes.len();
        ensure!(items <= MOST_ITEMS, "has a node with more than {MOST_ITEMS} inputs");
        Ok(())
    })?;
    Ok(node)
}

fn read_attribute(source: &mut Source, end: u64) -> Result<(String, Attribute)> {
    let (mut name, mut attribute) = (String::new(), Attribute::default());
    source.fields(end, |source, number, wire| {
        match (number, wire) {
            (1, Wire::Bytes { end }) => name = source.text(end)?,
            (3, Wire::Varint(v)) => attribute.int = Some(v as i64),
            (4, Wire::Bytes { end }) => attribute.text = source.text(end).ok(),
            (5, Wire::Bytes { end }) => attribute.tensor = Some(read_tensor(source, end)?.1),
            (8, Wire::Varint(v)) => attribute.ints.push(v as i64),
            (8, Wire::Bytes { end }) => attribute.ints.extend(source.packed(end)?),
            _ => {}
        }
        ensure!(attribute.ints.len() <= MOST_ITEMS, "has an attribute of more than {MOST_ITEMS} numbers");
        Ok(())
    })?;
    Ok((name, attribute))
}

fn read_tensor(source: &mut Source, end: u64) -> Result<(String, Tensor)> {
    let (mut name, mut tensor, mut raw) = (String::new(), Tensor::default(), None);
    source.fields(end, |source, number, wire| {
        match (number, wire) {
            (1, Wire::Varint(v)) => tensor.dims.push(v),
            (1, Wire::Bytes { end }) => tensor.dims.extend(source.packed(end)?.iter().map(|&v| v as u64)),
            (2, Wire::Varint(v)) => tensor.dtype = v,
            (5 | 7, Wire::Varint(v)) => tensor.ints.push(v as i64),
            (5 | 7, Wire::Bytes { end }) => tensor.ints.extend(source.packed(end)?),
            (8, Wire::Bytes { end }) => name = source.text(end)?,
            (9, Wire::Bytes { end }) => raw = Some(source.raw_i64(end)?),
            _ => {}
        }
        ensure!(tensor.dims.len() <= 16, "has a weight of more than 16 axes");
        // A long table of whole numbers is no shape: nothing asks for its values.
        tensor.ints.truncate(MOST_ITEMS);
        Ok(())
    })?;
    // 7 is int64: what shapes and axes are.
    if tensor.dtype == 7 && tensor.ints.is_empty() {
        tensor.ints = raw.unwrap_or_default();
    }
    Ok((name, tensor))
}

/// A name and its shape, as far as it is fixed.
fn read_value(source: &mut Source, end: u64) -> Result<(String, Vec<Option<u64>>)> {
    let (mut name, mut dims) = (String::new(), Vec::new());
    source.fields(end, |source, number, wire| {
        match (number, wire) {
            (1, Wire::Bytes { end }) => name = source.text(end)?,
            // type, tensor_type, shape, dim: four messages deep.
            (2, Wire::Bytes { end }) => inner(source, end, 1, &mut |source, end| {
                inner(source, end, 2, &mut |source, end| {
                    inner(source, end, 1, &mut |source, end| {
                        dims.push(read_dim(source, end)?);
                        Ok(())
                    })
                })
            })?,
            _ => {}
        }
        ensure!(dims.len() <= 16, "has a result of more than 16 axes");
        Ok(())
    })?;
    Ok((name, dims))
}

fn read_dim(source: &mut Source, end: u64) -> Result<Option<u64>> {
    let mut dim = None;
    source.fields(end, |_, number, wire| {
        if let (1, Wire::Varint(v)) = (number, wire) {
            dim = Some(v).filter(|v| (*v as i64) > 0);
        }
        Ok(())
    })?;
    Ok(dim)
}

/// Calls `each` with every message of field `wanted`.
fn inner(
    source: &mut Source,
    end: u64,
    wanted: u64,
    each: &mut dyn FnMut(&mut Source, u64) -> Result<()>,
) -> Result<()> {
    source.fields(end, |source, number, wire| match wire {
        Wire::Bytes { end } if number == wanted => each(source, end),
        _ => Ok(()),
    })
}
