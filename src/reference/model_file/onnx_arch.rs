//! An ONNX graph as a net of our operations. What has no products becomes an activation or a new shape; an operation that
//! is not known is listed and counts nothing.

use super::Own;
use super::onnx::{self, Graph, Node, Tensor};
use super::shapes::{broadcast, clamp, fold, index};
use super::sizes::{padding, pair, product, resolved};
use crate::reference::arch::MOST_NODES;
use crate::reference::flops;
use lab_sdk::{Arch, Convention, Norm, Op, Pool, Result, ensure};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;

/// Operations of one element, or that leave the shape as it is.
const ELEMENTWISE: &[&str] = &[
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Tanh",
    "Clip",
    "Elu",
    "Selu",
    "Gelu",
    "Erf",
    "Softmax",
    "LogSoftmax",
    "Softplus",
    "Softsign",
    "Mish",
    "Sqrt",
    "Reciprocal",
    "Exp",
    "Log",
    "Abs",
    "Neg",
    "Floor",
    "Ceil",
    "Sin",
    "Cos",
    "Not",
    "IsNaN",
    "Swish",
    "QuickGelu",
    "FastGelu",
];
/// Operations that hand on what they read.
const SAME: &[&str] = &["Identity", "Dropout", "Cast", "CastLike"];
/// Operations of two, element by element.
const PAIRS: &[&str] = &[
    "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "And", "Or", "Equal", "Greater", "Less", "Mod",
    "Where",
];

/// Reads a file.
pub fn read(file: File, length: u64) -> Result<Own> {
    let graph = onnx::read(file, length)?;
    let mut net = Net {
        graph: &graph,
        nodes: Vec::new(),
        shapes: HashMap::new(),
        lists: HashMap::new(),
        alias: HashMap::new(),
        unknown: BTreeMap::new(),
        constants: 0,
        remarks: Vec::new(),
        learned: HashSet::new(),
    };
    net.inputs()?;
    for node in &graph.nodes {
        net.node(node).map_err(|e| format!("{}: {e}", node.called()))?;
    }
    net.done()
}

struct Net<'g> {
    graph: &'g Graph,
    nodes: Vec<lab_sdk::Node>,
    /// Shapes of results.
    shapes: HashMap<String, Vec<u64>>,
    /// Results that are known lists of whole numbers.
    lists: HashMap<String, Vec<i64>>,
    /// Results that are another one.
    alias: HashMap<String, String>,
    unknown: BTreeMap<String, usize>,
    /// Weights that are added or multiplied element by element, and belong to no layer.
    constants: u64,
    remarks: Vec<String>,
    learned: HashSet<String>,
}

impl Net<'_> {
    fn inputs(&mut self) -> Result<()> {
        let graph = self.graph;
        for (name, dims) in graph.inputs.iter().filter(|(name, _)| !graph.tensors.contains_key(name)) {
            let mut shape = Vec::new();
            for (axis, dim) in dims.iter().enumerate() {
                let assumed = match (axis, dims.len()) {
                    (0, _) => Some(1),
                    (1, 2) => Some(128),
                    _ => None,
                };
                let Some(length) = dim.or(assumed) else {
                    return Err(
                        format!("input `{name}` has no fixed length along axis {axis}; export it with one").into()
                    );
                };
                if dim.is_none() {
                    self.remarks.push(format!("axis {axis} of `{name}` is free; {length} was taken"));
                }
                shape.push(length);
            }
            ensure!(!shape.is_empty(), "input `{name}` has no shape");
            self.add(name, Op::Input { shape }, &[])?;
        }
        Ok(())
    }

    /// The name of a result, or of the one that it is.
    fn result<'a>(&'a self, name: &'a str) -> &'a str {
        self.alias.get(name).map_or(name, String::as_str)
    }

    fn shape(&self, name: &str) -> Result<Vec<u64>> {
        let shape = self.shapes.get(self.result(name)).cloned();
        let weight = || self.graph.tensors.get(name).map(|tensor| tensor.dims.clone());
        shape.or_else(weight).ok_or_else(|| format!("reads `{name}`, which no node before it returns").into())
    }

    fn list(&self, name: &str) -> Option<&[i64]> {
        let weight =
            || self.graph.tensors.get(name).filter(|tensor| !tensor.ints.is_empty()).map(|t| t.ints.as_slice());
        self.lists.get(self.result(name)).map(Vec::as_slice).or_else(weight)
    }

    fn weight(&self, node: &Node, at: usize) -> Option<&Tensor> {
        node.inputs.get(at).and_then(|name| self.graph.tensors.get(name))
    }

    /// Adds a node; its shape is what counting it alone gives.
    fn add(&mut self, name: &str, op: Op, inputs: &[&str]) -> Result<()> {
        ensure!(self.nodes.len() < MOST_NODES, "more than {MOST_NODES} nodes");
        ensure!(!self.shapes.contains_key(name), "two results are called `{name}`");
        let inputs: Vec<String> = inputs.iter().map(|input| self.result(input).to_owned()).collect();
        let mut nodes = Vec::new();
        for (at, input) in inputs.iter().enumerate() {
            let shape = self.shape(input)?;
            nodes.push(lab_sdk::Node { name: at.to_string(), inputs: Vec::new(), tie: None, op: Op::Input { shape } });
        }
        let names = (0..inputs.len()).map(|at| at.to_string()).collect();
        nodes.push(lab_sdk::Node { name: "it".to_owned(), inputs: names, tie: None, op: op.clone() });
        let report = flops::count(&Arch { name: String::new(), nodes }, &Convention::default())?;
        let shape = report.rows.into_iter().next_back().map(|row| row.out).unwrap_or_default();
        self.shapes.insert(name.to_owned(), shape);
        self.nodes.push(lab_sdk::Node { name: name.to_owned(), inputs, tie: None, op });
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<()> {
        let Some(out) = node.outputs.first().cloned() else { return Ok(()) };
        let x = node.inputs.first().cloned().unwrap_or_default();
        if node.op == "Constant" {
            if let Some(tensor) = node.attributes.get("value").and_then(|a| a.tensor.clone()) {
                self.lists.insert(out.clone(), tensor.ints);
                self.shapes.insert(out, tensor.dims);
            }
            return Ok(());
        }
        if node.op == "Shape" {
            let shape = self.shape(&x)?.iter().map(|&n| n as i64).collect();
            self.lists.insert(out, shape);
            return Ok(());
        }
        let lists: Vec<Option<&[i64]>> = node.inputs.iter().map(|name| self.list(name)).collect();
        if let Some(list) = fold(node, &lists) {
            self.lists.insert(out, list);
            return Ok(());
        }
        if SAME.contains(&node.op.as_str()) {
            let same = self.result(&x).to_owned();
            self.alias.insert(out, same);
            return Ok(());
        }
        match node.op.as_str() {
            "Conv" => self.conv(node, &out, &x),
            "Gemm" | "MatMul" => self.product(node, &out),
            "BatchNormalization" => self.add(&out, Op::Norm { kind: Norm::Batch }, &[&x]),
            "LayerNormalization" => {
                let kind =
                    if node.inputs.get(2).is_some_and(|name| !name.is_empty()) { Norm::Layer } else { Norm::Rms };
                self.add(&out, Op::Norm { kind }, &[&x])
            }
            "SimplifiedLayerNormalization" | "RMSNormalization" => self.add(&out, Op::Norm { kind: Norm::Rms }, &[&x]),
            "MaxPool" | "AveragePool" => self.pool(node, &out, &x),
            "GlobalAveragePool" | "GlobalMaxPool" => self.add(&out, Op::GlobalPool {}, &[&x]),
            "ReduceMean" | "ReduceSum" | "ReduceMax" => self.reduce(node, &out, &x),
            "Concat" => {
                let rank = self.shape(&x)?.len();
                let axis = index(node.int("axis").unwrap_or(0), rank).ok_or("has an axis that is not there")?;
                let inputs: Vec<&str> = node.inputs.iter().map(String::as_str).collect();
                self.add(&out, Op::Concat { axis }, &inputs)
            }
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" | "Transpose" => self.reshaped(node, &out, &x),
            "Gather" => self.gather(node, &out, &x),
            "Slice" => self.slice(node, &out, &x),
            "Split" => self.split(node, &x),
            "Expand" => {
                let wanted: Vec<u64> = self
                    .list(node.inputs.get(1).map_or("", String::as_str))
                    .unwrap_or(&[])
                    .iter()
                    .map(|&n| n.max(1) as u64)
                    .collect();
                let shape = broadcast(&self.shape(&x)?, &wanted).ok_or("has shapes that do not fit")?;
                self.add(&out, Op::Input { shape }, &[])
            }
            op if PAIRS.contains(&op) => self.pair(node, &out),
            op if ELEMENTWISE.contains(&op) => self.add(&out, Op::Act { kind: op.to_lowercase() }, &[&x]),
            _ => self.not_known(node, &out, &x),
        }
    }

    fn conv(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        let weight = self.weight(node, 1).ok_or("has no weight in the file")?.dims.clone();
        let &[cout, _, kh, kw] = weight.as_slice() else {
            return Err(format!("a weight of shape {weight:?}: only 2-D convolutions are counted here").into());
        };
        let (k, stride, dil) = ([kh, kw], pair(node, "strides", 1)?, pair(node, "dilations", 1)?);
        let pad = padding(node, &self.shape(x)?, k, stride, dil)?;
        let groups = u64::try_from(node.int("group").unwrap_or(1)).map_err(|_| "has fewer than 0 groups")?;
        let bias = node.inputs.get(2).is_some_and(|name| !name.is_empty());
        self.learned.extend(node.inputs.iter().skip(1).cloned());
        self.add(out, Op::Conv2d { cout, k, stride, pad, dil, groups, bias }, &[x])
    }

    /// A layer where the second factor is a weight, a product of two results where it is none.
    fn product(&mut self, node: &Node, out: &str) -> Result<()> {
        let [a, b, ..] = node.inputs.as_slice() else { return Err("has no two factors".into()) };
        let Some(weight) = self.weight(node, 1) else {
            ensure!(
                node.int("transB").unwrap_or(0) == 0 && node.int("transA").unwrap_or(0) == 0,
                "transposes a result"
            );
            return self.add(out, Op::Matmul {}, &[a, b]);
        };
        let &[rows, columns] = weight.dims.as_slice() else {
            return Err(format!("a weight of shape {:?}", weight.dims).into());
        };
        let (cin, cout) = if node.int("transB").unwrap_or(0) == 1 { (columns, rows) } else { (rows, columns) };
        ensure!(self.shape(a)?.last() == Some(&cin), "{:?} times a weight of {rows} x {columns}", self.shape(a)?);
        self.learned.extend(node.inputs.iter().skip(1).cloned());
        let bias = node.op == "Gemm" && node.inputs.get(2).is_some_and(|name| !name.is_empty());
        self.add(out, Op::Linear { cout, bias }, &[a])
    }

    fn pool(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        let (k, stride) = (pair(node, "kernel_shape", 0)?, pair(node, "strides", 1)?);
        let pad = padding(node, &self.shape(x)?, k, stride, [1; 2])?;
        let kind = if node.op == "MaxPool" { Pool::Max } else { Pool::Avg };
        self.add(out, Op::Pool { kind, k, stride, pad, ceil: node.int("ceil_mode") == Some(1) }, &[x])
    }

    fn reduce(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        let shape = self.shape(x)?;
        let given = node.ints("axes").or_else(|| self.list(node.inputs.get(1).map_or("", String::as_str)));
        let axes: Vec<usize> = given.unwrap_or(&[]).iter().filter_map(|&axis| index(axis, shape.len())).collect();
        let gone = |axis: &usize| axes.is_empty() || axes.contains(axis);
        let keep = node.int("keepdims") != Some(0);
        let (mut last, both) = (x.to_owned(), shape.len() == 4 && gone(&2) && gone(&3));
        if both {
            last = format!("{out}.mean");
            self.add(&last, Op::GlobalPool {}, &[x])?;
        }
        for axis in (0..shape.len()).filter(|axis| gone(axis) && !(both && *axis >= 2)) {
            let next = format!("{out}.{axis}");
            self.add(&next, Op::Slice { axis, start: 0, end: 1 }, &[&last])?;
            last = next;
        }
        let kept = shape.iter().enumerate().filter(|(axis, _)| keep || !gone(axis));
        let shape = kept.map(|(axis, &n)| if gone(&axis) { 1 } else { n }).collect();
        self.add(out, Op::Reshape { shape }, &[&last])
    }

    fn reshaped(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        let shape = self.shape(x)?;
        let list = |at: usize| self.list(node.inputs.get(at).map_or("", String::as_str)).map(<[i64]>::to_vec);
        let axes = || node.ints("axes").map(<[i64]>::to_vec).or_else(|| list(1));
        let wanted: Vec<u64> = match node.op.as_str() {
            "Flatten" => {
                let axis = clamp(node.int("axis").unwrap_or(1), shape.len());
                vec![product(&shape[..axis])?, product(&shape[axis..])?]
            }
            "Transpose" => {
                let turned: Vec<i64> = (0..shape.len() as i64).rev().collect();
                let order = node.ints("perm").unwrap_or(&turned);
                order
                    .iter()
                    .map(|&at| index(at, shape.len()).map(|at| shape[at]))
                    .collect::<Option<_>>()
                    .ok_or("has an axis that is not there")?
            }
            "Squeeze" => {
                let gone: Option<Vec<usize>> =
                    axes().map(|axes| axes.iter().filter_map(|&a| index(a, shape.len())).collect());
                let stays = |at: usize, n: u64| gone.as_ref().map_or(n != 1, |gone| !gone.contains(&at));
                shape.iter().enumerate().filter(|(at, n)| stays(*at, **n)).map(|(_, &n)| n).collect()
            }
            "Unsqueeze" => {
                let axes = axes().ok_or("has no axes")?;
                let rank = shape.len() + axes.len();
                let new: Vec<usize> = axes.iter().filter_map(|&axis| index(axis, rank)).collect();
                let mut old = shape.iter();
                (0..rank).map(|at| if new.contains(&at) { 1 } else { old.next().copied().unwrap_or(1) }).collect()
            }
            _ => resolved(&shape, &list(1).ok_or("takes a shape that is computed as it runs")?)?,
        };
        self.add(out, Op::Reshape { shape: wanted }, &[x])
    }

    fn gather(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        let (table, at) = (self.weight(node, 0).cloned(), node.inputs.get(1).map_or("", String::as_str));
        if let Some(table) = table {
            // A table of whole numbers is an index made for another lookup; its rows are none that are learned.
            return match (table.dims.as_slice(), self.shapes.contains_key(self.result(at))) {
                (&[rows, dim], true) => {
                    self.learned.insert(x.to_owned());
                    self.add(out, Op::Embedding { rows, dim }, &[at])
                }
                (dims, _) => {
                    let length = self.list(at).map_or(1, <[i64]>::len) as u64;
                    let shape = [&[length], dims.get(1..).unwrap_or(&[])].concat();
                    self.add(out, Op::Input { shape }, &[])
                }
            };
        }
        let shape = self.shape(x)?;
        let axis = index(node.int("axis").unwrap_or(0), shape.len()).ok_or("has an axis that is not there")?;
        let scalar =
            self.graph.tensors.get(at).map(|t| t.dims.is_empty()).or_else(|| self.shapes.get(at).map(Vec::is_empty));
        let Some(&[place]) = self.list(at) else { return self.not_known(node, out, x) };
        let start = index(place, shape[axis] as usize).ok_or("takes a place that is not there")? as u64;
        let cut = format!("{out}.cut");
        self.add(&cut, Op::Slice { axis, start, end: start + 1 }, &[x])?;
        let mut wanted = shape;
        wanted[axis] = 1;
        if scalar.unwrap_or(true) {
            wanted.remove(axis);
        }
        self.add(out, Op::Reshape { shape: wanted }, &[&cut])
    }

    fn slice(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        let shape = self.shape(x)?;
        let list = |at: usize, name: &str| {
            node.ints(name).or_else(|| self.list(node.inputs.get(at).map_or("", String::as_str))).map(<[i64]>::to_vec)
        };
        let (Some(starts), Some(ends)) = (list(1, "starts"), list(2, "ends")) else {
            return self.not_known(node, out, x);
        };
        let axes = list(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
        ensure!(list(4, "steps").is_none_or(|steps| steps.iter().all(|step| *step == 1)), "cuts with steps");
        let mut last = x.to_owned();
        for (i, ((&start, &end), &axis)) in starts.iter().zip(&ends).zip(&axes).enumerate() {
            let axis = index(axis, shape.len()).ok_or("has an axis that is not there")?;
            let (start, end) = (clamp(start, shape[axis] as usize) as u64, clamp(end, shape[axis] as usize) as u64);
            let next = if i + 1 == starts.len() { out.to_owned() } else { format!("{out}.{i}") };
            self.add(&next, Op::Slice { axis, start, end }, &[&last])?;
            last = next;
        }
        Ok(())
    }

    fn split(&mut self, node: &Node, x: &str) -> Result<()> {
        let shape = self.shape(x)?;
        let axis = index(node.int("axis").unwrap_or(0), shape.len()).ok_or("has an axis that is not there")?;
        let parts = node.outputs.len().max(1) as u64;
        let given = node.ints("split").or_else(|| self.list(node.inputs.get(1).map_or("", String::as_str)));
        let even = vec![shape[axis].div_ceil(parts) as i64; parts as usize];
        let (sizes, mut start) = (given.unwrap_or(&even).to_vec(), 0);
        for (out, size) in node.outputs.iter().zip(sizes) {
            let end = (start + size.max(0) as u64).min(shape[axis]);
            self.add(out, Op::Slice { axis, start, end }, &[x])?;
            start = end;
        }
        Ok(())
    }

    /// Element by element, of two results or of a result and a constant.
    fn pair(&mut self, node: &Node, out: &str) -> Result<()> {
        let results: Vec<String> =
            node.inputs.iter().filter(|name| self.shapes.contains_key(self.result(name))).cloned().collect();
        let mut shape: Option<Vec<u64>> = None;
        for name in &node.inputs {
            let Ok(other) = self.shape(name) else { continue };
            shape = Some(match shape {
                None => other,
                Some(shape) => broadcast(&shape, &other).ok_or_else(|| format!("{shape:?} beside {other:?}"))?,
            });
        }
        for name in node.inputs.iter().filter(|name| self.graph.tensors.contains_key(*name)) {
            if self.bias_of(node, name) {
                let made = self.result(&results[0]).to_owned();
                self.alias.insert(out.to_owned(), made);
                return Ok(());
            }
            let weight = &self.graph.tensors[name];
            // Scalars are part of a formula; 1 is float, 10 half, 16 bfloat16.
            if self.learned.insert(name.clone())
                && [1, 10, 16].contains(&weight.dtype)
                && weight.elements().is_some_and(|n| n > 1)
            {
                self.constants = self.constants.saturating_add(weight.elements().unwrap_or(0));
            }
        }
        let (Some(shape), Some(first)) = (shape, results.first()) else { return self.not_known(node, out, "") };
        let same = |name: &String| self.shapes.get(self.result(name)) == Some(&shape);
        match (results.len(), node.op.as_str()) {
            (2.., "Add" | "Sum") if results.iter().all(same) => {
                let inputs: Vec<&str> = results.iter().map(String::as_str).collect();
                self.add(out, Op::Add {}, &inputs)
            }
            (2, _) if self.shape(&results[0])?.len() == self.shape(&results[1])?.len() => {
                self.add(out, Op::Mul {}, &[&results[0], &results[1]])
            }
            _ if results.iter().any(same) => {
                let whole = results.iter().find(|name| same(name)).unwrap_or(first).clone();
                self.add(out, Op::Act { kind: node.op.to_lowercase() }, &[&whole])
            }
            _ => self.add(out, Op::Input { shape }, &[]),
        }
    }

    /// Whether `name` is the bias of the linear layer that `node` adds it to, which then gets it.
    fn bias_of(&mut self, node: &Node, name: &str) -> bool {
        let (Some(weight), "Add") = (self.graph.tensors.get(name), node.op.as_str()) else { return false };
        let Some(other) = node.inputs.iter().find(|other| *other != name).map(|other| self.result(other).to_owned())
        else {
            return false;
        };
        let layer = self.nodes.iter_mut().find(|made| made.name == other).map(|made| &mut made.op);
        match layer {
            Some(Op::Linear { cout, bias }) if !*bias && weight.dims == [*cout] => {
                *bias = true;
                self.learned.insert(name.to_owned())
            }
            _ => false,
        }
    }

    /// Counts nothing; the shape is what the file says, or that of the input.
    fn not_known(&mut self, node: &Node, out: &str, x: &str) -> Result<()> {
        *self.unknown.entry(node.op.clone()).or_default() += 1;
        let said = self.graph.shapes.get(out).and_then(|dims| dims.iter().copied().collect::<Option<Vec<u64>>>());
        match said.filter(|shape| !shape.is_empty()) {
            Some(shape) => self.add(out, Op::Input { shape }, &[]),
            None if self.shapes.contains_key(self.result(x)) => {
                self.add(out, Op::Act { kind: node.op.to_lowercase() }, &[x])
            }
            None => Ok(()),
        }
    }

    fn done(mut self) -> Result<Own> {
        ensure!(!self.nodes.is_empty(), "has no nodes");
        if !self.unknown.is_empty() {
            let ops: Vec<String> = self.unknown.iter().map(|(op, n)| format!("{op} ({n})")).collect();
            self.remarks.push(format!("not known, counted as nothing: {}", ops.join(", ")));
        }
        if self.constants > 0 {
            self.remarks.push(format!(
                "{} numbers are added or multiplied element by element, and belong to no layer here",
                self.constants
            ));
        }
        let weights = self.graph.tensors.values().map(|t| t.elements().unwrap_or(0));
        let params = weights.fold(0_u64, u64::saturating_add);
        let arch = Arch { name: "yours".to_owned(), nodes: self.nodes };
        Ok(Own { arch: Some(arch), params, remarks: self.remarks })
    }
}
