//! A net while it is being put together: its nodes so far, their shapes, and the node that the next one reads.

use super::MOST_NODES;
use crate::reference::flops;
use lab_sdk::{Arch, Convention, Node, Norm, Op, Result, ensure};
use std::collections::HashMap;

pub struct Net {
    pub nodes: Vec<Node>,
    shapes: HashMap<String, Vec<u64>>,
    /// What the next node reads.
    pub last: String,
    /// Factor on channels, and the multiple that they go to.
    width: Option<(f64, Option<u64>)>,
    depth: Option<f64>,
    /// Lines so far of each kind, for names.
    counts: HashMap<String, usize>,
}

/// A convolution as blocks ask for it: square, padded to keep its size at stride 1.
#[derive(Clone, Copy)]
pub struct Conv<'a> {
    pub cout: u64,
    pub k: u64,
    pub stride: u64,
    pub groups: u64,
    pub bias: bool,
    /// Whether a batch norm follows.
    pub bn: bool,
    pub act: Option<&'a str>,
}

impl Default for Conv<'_> {
    fn default() -> Self {
        Self { cout: 0, k: 1, stride: 1, groups: 1, bias: false, bn: true, act: None }
    }
}

impl Net {
    pub fn new(input: &[u64], width: Option<(f64, Option<u64>)>, depth: Option<f64>) -> Result<Self> {
        let (last, counts) = ("input".to_owned(), HashMap::new());
        let mut net = Self { nodes: Vec::new(), shapes: HashMap::new(), last, width, depth, counts };
        net.add("input", Op::Input { shape: input.to_vec() }, &[])?;
        Ok(net)
    }

    /// Adds a node, which the next one reads.
    pub fn add(&mut self, name: &str, op: Op, inputs: &[&str]) -> Result<()> {
        self.add_tied(name, op, inputs, None)
    }

    /// Adds a node that may use another's weight.
    pub fn add_tied(&mut self, name: &str, op: Op, inputs: &[&str], tie: Option<String>) -> Result<()> {
        ensure!(self.nodes.len() < MOST_NODES, "more than {MOST_NODES} nodes");
        ensure!(!self.shapes.contains_key(name), "two nodes are called `{name}`");
        let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
        let node = Node { name: name.to_owned(), inputs, tie, op };
        let shape = self.shape_of(&node)?;
        self.shapes.insert(name.to_owned(), shape);
        self.nodes.push(node);
        self.last = name.to_owned();
        Ok(())
    }

    /// Adds a node that reads the last one.
    pub fn then(&mut self, name: &str, op: Op) -> Result<()> {
        let last = self.last.clone();
        self.add(name, op, &[&last])
    }

    /// Adds a convolution with its norm and activation.
    pub fn conv(&mut self, name: &str, conv: Conv<'_>) -> Result<()> {
        let Conv { cout, k, stride, groups, bias, bn, act } = conv;
        let (k, stride, pad, dil) = ([k; 2], [stride; 2], [k.saturating_sub(1) / 2; 2], [1; 2]);
        self.then(name, Op::Conv2d { cout, k, stride, pad, dil, groups, bias })?;
        self.dressed(name, bn.then_some(Norm::Batch), act)
    }

    /// Adds a linear layer.
    pub fn linear(&mut self, name: &str, cout: u64, bias: bool) -> Result<()> {
        self.then(name, Op::Linear { cout, bias })
    }

    /// Adds a norm and an activation after the layer `name`.
    pub fn dressed(&mut self, name: &str, norm: Option<Norm>, act: Option<&str>) -> Result<()> {
        if let Some(kind) = norm {
            self.then(&format!("{name}.norm"), Op::Norm { kind })?;
        }
        if let Some(kind) = act {
            self.then(&format!("{name}.act"), Op::Act { kind: kind.to_owned() })?;
        }
        Ok(())
    }

    /// The shape of a node's result.
    pub fn shape(&self, name: &str) -> Result<&[u64]> {
        self.shapes.get(name).map(Vec::as_slice).ok_or_else(|| format!("no node before it is called `{name}`").into())
    }

    /// Channels of the last image.
    pub fn channels(&self) -> Result<u64> {
        self.shape(&self.last)?.get(1).copied().ok_or_else(|| "it reads no image".into())
    }

    /// Length of the last axis.
    pub fn features(&self) -> Result<u64> {
        self.shape(&self.last)?.last().copied().ok_or_else(|| "it reads a number".into())
    }

    /// Channels times the width of this net.
    pub fn scaled(&self, channels: u64) -> u64 {
        match self.width {
            None => channels,
            Some((width, None)) => (channels as f64 * width) as u64,
            Some((width, Some(multiple))) => divisible(channels as f64 * width, multiple),
        }
    }

    /// Repetitions times the depth of this net, rounded up.
    pub fn repeats(&self, n: u64) -> u64 {
        self.depth.map_or(n, |depth| (n as f64 * depth).ceil() as u64)
    }

    /// A name for a node or block that was given none: `conv2d`, `conv2d2`, ...
    pub fn name_for(&mut self, kind: &str) -> String {
        let count = self.counts.entry(kind.to_owned()).or_default();
        *count += 1;
        if *count == 1 { kind.to_owned() } else { format!("{kind}{count}") }
    }

    /// The shape of `node`, by counting it alone on inputs of the shapes that are known.
    fn shape_of(&self, node: &Node) -> Result<Vec<u64>> {
        let mut nodes = Vec::new();
        for (at, input) in node.inputs.iter().enumerate() {
            let shape = self.shape(input)?.to_vec();
            nodes.push(Node { name: at.to_string(), inputs: Vec::new(), tie: None, op: Op::Input { shape } });
        }
        let inputs = (0..node.inputs.len()).map(|at| at.to_string()).collect();
        nodes.push(Node { name: node.name.clone(), inputs, tie: None, op: node.op.clone() });
        let report = flops::count(&Arch { name: String::new(), nodes }, &Convention::default())?;
        report.rows.into_iter().next_back().map(|row| row.out).ok_or_else(|| "no row".into())
    }
}

/// The multiple of `by` that is nearest to v, but never under 9/10 of it: the rule of the MobileNet papers' code.
pub fn divisible(v: f64, by: u64) -> u64 {
    let by = by.max(1);
    let near = ((v + by as f64 / 2.0) as u64 / by * by).max(by);
    if (near as f64) < 0.9 * v { near + by } else { near }
}
