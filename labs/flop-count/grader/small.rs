//! Small nets, put together node by node and drawn: what `count` and `train_macs` are called on.

use super::super::solution;
use crate::grading::{Draw, Script};
use lab_sdk::{Arch, Convention, IntoValue, Node, Norm, Op, Pool, Result};

/// A net while it is put together.
pub struct Small {
    arch: Arch,
}

impl Small {
    /// A net that reads data of this shape, called `x`.
    pub fn new(shape: &[u64]) -> Self {
        let mut small = Self { arch: Arch { name: "small".to_owned(), nodes: Vec::new() } };
        small.add("x", Op::Input { shape: shape.to_vec() }, &[]);
        small
    }

    /// Adds a node.
    pub fn add(&mut self, name: &str, op: Op, inputs: &[&str]) {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        self.arch.nodes.push(Node { name: name.to_owned(), inputs, tie: None, op });
    }

    /// Adds a node that reads the last one.
    pub fn then(&mut self, name: &str, op: Op) {
        let last = self.last();
        self.add(name, op, &[&last]);
    }

    /// Lets the last node use another's weight.
    pub fn tied(&mut self, owner: &str) {
        if let Some(node) = self.arch.nodes.last_mut() {
            node.tie = Some(owner.to_owned());
        }
    }

    /// The last node's name.
    pub fn last(&self) -> String {
        self.arch.nodes.last().map(|node| node.name.clone()).unwrap_or_default()
    }

    /// The net.
    pub fn done(self) -> Arch {
        self.arch
    }

    /// The net, without ending.
    pub fn so_far(&self) -> &Arch {
        &self.arch
    }

    /// Every node so far with its shape.
    fn shapes(&self) -> Result<Vec<(String, Vec<u64>)>> {
        let report = solution::count(&self.arch, &Convention::default())?;
        Ok(report.rows.into_iter().map(|row| (row.name, row.out)).collect())
    }
}

/// A case: one call of `count`.
pub fn counted(arch: &Arch, c: &Convention) -> Script {
    Script::call("count", vec![arch.clone().into_value(), c.clone().into_value()])
}

/// A convolution with an odd kernel that keeps the size at stride 1.
pub fn conv(cout: u64, k: u64, stride: u64, groups: u64, bias: bool) -> Op {
    Op::Conv2d { cout, k: [k; 2], stride: [stride; 2], pad: [k / 2; 2], dil: [1; 2], groups, bias }
}

/// A linear layer.
pub fn linear(cout: u64, bias: bool) -> Op {
    Op::Linear { cout, bias }
}

/// A norm.
pub fn norm(kind: Norm) -> Op {
    Op::Norm { kind }
}

/// An activation.
pub fn act() -> Op {
    Op::Act { kind: "relu".to_owned() }
}

/// A pool.
pub fn pool(k: u64, stride: u64, pad: u64, ceil: bool) -> Op {
    Op::Pool { kind: Pool::Max, k: [k; 2], stride: [stride; 2], pad: [pad; 2], ceil }
}

/// A drawn net of images: a trunk with sums, gates, splits and pools, and a classifier.
pub fn image_net(draw: &mut Draw) -> Result<Arch> {
    let groups = draw.count(1..=3);
    let mut size = |low: usize, high: usize| draw.count(low..=high);
    let mut net = Small::new(&[size(1, 3), size(1, 4), size(12, 20), size(12, 20)]);
    net.then("stem", conv(groups * 2 * size(1, 4), 3, 1, 1, false));
    for at in 0..draw.size(4..=9) {
        grow(draw, &mut net, at, groups)?;
    }
    let shapes = net.shapes()?;
    let Some((_, shape)) = shapes.last() else { return Err("an empty net".into()) };
    if draw.one_in(2) {
        net.then("mean", Op::GlobalPool {});
        net.then("flat", Op::Reshape { shape: vec![shape[0], shape[1]] });
    } else {
        net.then("flat", Op::Reshape { shape: vec![shape[0], shape[1..].iter().product()] });
    }
    net.then("fc", linear(draw.count(2..=10), draw.one_in(2)));
    Ok(net.done())
}

fn grow(draw: &mut Draw, net: &mut Small, at: usize, groups: u64) -> Result<()> {
    let shapes = net.shapes()?;
    let Some((last, shape)) = shapes.last().cloned() else { return Ok(()) };
    let (c, short) = (shape[1], shape[2].min(shape[3]));
    let name = |what: &str| format!("{what}{at}");
    match draw.size(0..=9) {
        0 => net.then(&name("act"), act()),
        1 => net.then(&name("norm"), norm(Norm::Batch)),
        2 if short >= 4 => net.then(&name("pool"), pool(3, 2, draw.count(0..=1), draw.one_in(2))),
        3 if c % groups == 0 => {
            net.then(&name("shuffle"), Op::Shuffle { groups });
            net.then(&name("mixed"), conv(groups * draw.count(1..=5), 3, 1, groups, draw.one_in(2)));
        }
        4 => {
            net.then(&name("squeeze"), Op::GlobalPool {});
            net.then(&name("reduce"), conv((c / 2).max(1), 1, 1, 1, true));
            net.then(&name("gate"), conv(c, 1, 1, 1, true));
            net.add(&name("scaled"), Op::Mul {}, &[&last, &name("gate")]);
        }
        5 if c >= 2 => {
            net.then(&name("half"), Op::Slice { axis: 1, start: 0, end: c / 2 });
            net.add(&name("rest"), Op::Slice { axis: 1, start: c / 2, end: c }, &[&last]);
            net.then(&name("turned"), conv(c, 1, 1, 1, false));
            net.add(&name("beside"), Op::Concat { axis: 1 }, &[&name("half"), &name("turned")]);
        }
        6 => {
            net.then(&name("dw"), conv(c, 3, 1, c, false));
            net.then(&name("pw"), conv(c, 1, 1, 1, false));
            net.add(&name("sum"), Op::Add {}, &[&last, &name("pw")]);
        }
        // A sum with any earlier image of the same shape.
        7 => match shapes.iter().rev().skip(1).find(|(_, other)| *other == shape) {
            Some((other, _)) => net.add(&name("sum"), Op::Add {}, &[other, &last]),
            None => net.then(&name("act"), act()),
        },
        _ => {
            let stride = if short >= 6 { draw.count(1..=2) } else { 1 };
            net.then(&name("conv"), conv(groups * draw.count(1..=6), 3, stride, 1, draw.one_in(3)));
        }
    }
    Ok(())
}

/// A drawn net of tokens: embeddings, layers of attention and feed-forward, a head that may share the embedding.
pub fn token_net(draw: &mut Draw) -> Arch {
    let (heads, share) = (draw.count(1..=3), draw.count(1..=2));
    let (b, s, d) = (draw.count(1..=3), draw.count(4..=12), heads * share * 4 * draw.count(1..=2));
    let vocab = draw.count(30..=90);
    let mut net = Small::new(&[b, s]);
    net.then("words", Op::Embedding { rows: vocab, dim: d });
    for layer in 0..draw.size(1..=2) {
        let name = |what: &str| format!("{what}{layer}");
        let (read, kind) = (net.last(), *draw.choose(&[Norm::Layer, Norm::Rms, Norm::Affine]));
        net.then(&name("norm"), norm(kind));
        let (x, bias) = (net.last(), draw.one_in(2));
        net.add(&name("q"), linear(d, bias), &[&x]);
        net.add(&name("k"), linear(d / share, bias), &[&x]);
        net.add(&name("v"), linear(d / share, bias), &[&x]);
        let window = if draw.one_in(3) { Some(draw.count(2..=5)) } else { None };
        let attention = Op::Attention { hq: heads * share, hkv: heads, causal: draw.one_in(2), window };
        net.add(&name("attention"), attention, &[&name("q"), &name("k"), &name("v")]);
        net.then(&name("o"), linear(d, bias));
        net.add(&name("sum"), Op::Add {}, &[&read, &name("o")]);
        let x = net.last();
        net.then(&name("up"), linear(2 * d, bias));
        net.then(&name("act"), act());
        net.add(&name("gate"), linear(2 * d, false), &[&x]);
        net.add(&name("gated"), Op::Mul {}, &[&name("act"), &name("gate")]);
        net.then(&name("down"), linear(d, bias));
        net.add(&name("out"), Op::Add {}, &[&x, &name("down")]);
    }
    net.then("head", linear(vocab, draw.one_in(2)));
    if draw.one_in(2) {
        net.tied("words");
    }
    net.done()
}

/// The same net with every name changed.
pub fn renamed(arch: &Arch) -> Arch {
    let other = |name: &String| format!("{}_{}", name.chars().rev().collect::<String>(), name.len());
    let nodes = arch.nodes.iter().map(|node| Node {
        name: other(&node.name),
        inputs: node.inputs.iter().map(other).collect(),
        tie: node.tie.as_ref().map(other),
        op: node.op.clone(),
    });
    Arch { name: arch.name.clone(), nodes: nodes.collect() }
}

/// The same net in another order in which it can run.
pub fn reordered(draw: &mut Draw, arch: &Arch) -> Arch {
    let (mut waiting, mut nodes) = (arch.nodes.clone(), Vec::new());
    while !waiting.is_empty() {
        let ready = |node: &Node| node.inputs.iter().all(|input| nodes.iter().any(|done: &Node| done.name == *input));
        let ready: Vec<usize> = (0..waiting.len()).filter(|&at| ready(&waiting[at])).collect();
        if ready.is_empty() {
            break;
        }
        nodes.push(waiting.remove(*draw.choose(&ready)));
    }
    Arch { name: arch.name.clone(), nodes }
}

/// The same net on twice the batch.
pub fn doubled(arch: &Arch) -> Arch {
    let mut arch = arch.clone();
    for node in &mut arch.nodes {
        if let Op::Input { shape } | Op::Reshape { shape } = &mut node.op {
            shape[0] *= 2;
        }
    }
    arch
}
