//! Tapes of drawn linear nodes: all Jacobians hold 1 and -1, so that every order of adding gives the same bits.

use crate::args;
use crate::grading::{Argument, Draw, Script};
use lab_sdk::{Device, IntoValue, Result, TapeNode, Tensor};

/// A tape that is being recorded.
#[derive(Default)]
pub struct Recorded {
    nodes: Vec<TapeNode>,
    /// By node and by input, row by row.
    jacobians: Vec<f32>,
    indices: Vec<usize>,
}

/// How a node depends on its inputs.
#[derive(Clone, Copy)]
enum Kind {
    /// As their sum.
    Sum,
    /// By 1 and -1.
    Drawn,
    /// By NaN.
    Nan,
}

impl Recorded {
    /// A parameter of n numbers.
    pub fn leaf(&mut self, n: usize) -> usize {
        self.push(TapeNode::leaf(&[n], true))
    }

    /// Data of n numbers, for which no gradient is wanted.
    pub fn data(&mut self, n: usize) -> usize {
        self.push(TapeNode::leaf(&[n], false))
    }

    /// n indices: a product has no gradient for them.
    pub fn indices(&mut self, n: usize) -> usize {
        let at = self.data(n);
        self.indices.push(at);
        at
    }

    /// n numbers made of `ins`.
    pub fn node(&mut self, draw: &mut Draw, ins: &[usize], n: usize) -> usize {
        self.make(draw, ins, n, Kind::Drawn)
    }

    /// The sum of `ins`, which have one length.
    pub fn sum(&mut self, draw: &mut Draw, ins: &[usize]) -> usize {
        let n = self.nodes[ins[0]].elements();
        self.make(draw, ins, n, Kind::Sum)
    }

    /// n numbers made of `ins` with a Jacobian of NaN.
    pub fn nan(&mut self, draw: &mut Draw, ins: &[usize], n: usize) -> usize {
        self.make(draw, ins, n, Kind::Nan)
    }

    /// n numbers made of `ins` through which no gradient passes.
    pub fn detached(&mut self, draw: &mut Draw, ins: &[usize], n: usize) -> usize {
        let at = self.make(draw, ins, n, Kind::Drawn);
        self.nodes[at].requires_grad = false;
        at
    }

    fn make(&mut self, draw: &mut Draw, ins: &[usize], n: usize, kind: Kind) -> usize {
        for input in ins.iter().filter(|input| !self.indices.contains(input)) {
            let columns = self.nodes[*input].elements();
            for at in 0..n * columns {
                self.jacobians.push(match kind {
                    Kind::Sum => f32::from(u8::from(at / columns == at % columns)),
                    Kind::Drawn => *draw.choose(&[1.0, -1.0]),
                    Kind::Nan => f32::NAN,
                });
            }
        }
        let wanted = ins.iter().any(|&input| self.nodes[input].requires_grad);
        self.push(TapeNode::of(ins, &[n], wanted))
    }

    fn push(&mut self, node: TapeNode) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Whether a gradient is wanted at a node.
    pub fn wants(&self, node: usize) -> bool {
        self.nodes[node].requires_grad
    }

    /// The case: the products as an object, then the pass from `loss`.
    pub fn script(&self, loss: usize) -> Result<Script> {
        self.passed(loss, &self.nodes)
    }

    /// A case in which the pass is given another tape than the object.
    pub fn passed(&self, loss: usize, tape: &[TapeNode]) -> Result<Script> {
        let jacobians = Tensor::from_slice(&self.jacobians, self.jacobians.len(), &Device::Cpu)?;
        let [nodes, loss_at] = [tape.to_vec().into_value(), loss.into_value()].map(Argument::Value);
        let script = Script::call("Vjp.new", args![self.nodes.clone(), jacobians, self.indices.clone()])
            .words("Jacobians of 1 and -1")
            .then("backward", vec![nodes, loss_at, Argument::Result(0)])
            .words(format!("{}; loss {loss}", words(tape)));
        Ok(script.whole())
    }

    /// Its nodes.
    pub fn nodes(&self) -> &[TapeNode] {
        &self.nodes
    }
}

/// Nodes that are shown one by one.
const SHOWN: usize = 16;

/// `0 [2], 1 = f(0) [1]`; what needs no gradient in brackets.
fn words(tape: &[TapeNode]) -> String {
    if tape.len() > SHOWN {
        return format!("{} nodes", tape.len());
    }
    let node = |(at, node): (usize, &TapeNode)| {
        let ins: Vec<String> = node.ins.iter().map(usize::to_string).collect();
        let made = if ins.is_empty() { String::new() } else { format!(" = f({})", ins.join(", ")) };
        let off = if node.requires_grad { "" } else { ", no grad" };
        format!("{at}{made} {:?}{off}", node.shape)
    };
    tape.iter().enumerate().map(node).collect::<Vec<_>>().join("; ")
}
