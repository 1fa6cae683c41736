//! Points on arms of a spiral, the net that tells the arms apart, its tape, and plain gradient descent.

use super::forward::{kept, lost, value};
use crate::grading::Draw;
use lab_sdk::{DType, Device, Result, TapeNode, TapeOp, Tensor};

/// Arms, which are the classes.
pub const ARMS: usize = 3;
/// Hidden units.
pub const HIDDEN: usize = 32;
/// Points on an arm.
pub const POINTS: usize = 100;
/// Steps of training.
pub const STEPS: usize = 300;
/// The learning rate, and what is kept of the last step.
const RATE: f64 = 0.1;
const MOMENTUM: f64 = 0.9;
/// How far an arm turns, and how far its points lie beside it, in radians.
const TURN: f64 = 1.2 * std::f64::consts::PI;
const NOISE: f64 = 0.1;

/// Places on the tape; then come x W1, + b1, relu, h W2, + b2, and the loss.
pub const PARAMETERS: [usize; 4] = [1, 2, 3, 4];
/// The loss's place.
pub const LOSS: usize = 11;

/// Points (n, 2) f32, and their arms (n) u32.
pub fn points(draw: &mut Draw) -> Result<(Tensor, Tensor)> {
    let (mut x, mut arms) = (Vec::new(), Vec::new());
    for arm in 0..ARMS {
        for at in 0..POINTS {
            let r = 0.1 + 0.9 * at as f64 / (POINTS - 1) as f64;
            let turn = TURN * (r - 0.1) / 0.9 + std::f64::consts::TAU * arm as f64 / ARMS as f64 + NOISE * draw.normal();
            x.extend([(r * turn.cos()) as f32, (r * turn.sin()) as f32]);
            arms.push(arm as u32);
        }
    }
    let n = arms.len();
    Ok((Tensor::from_vec(x, (n, 2), &Device::Cpu)?, Tensor::from_vec(arms, n, &Device::Cpu)?))
}

/// W1 (2, H), b1 (H), W2 (H, arms), b2 (arms), f32.
pub fn parameters(draw: &mut Draw) -> Result<Vec<Tensor>> {
    let scale = 1.0 / (HIDDEN as f64).sqrt();
    Ok(vec![
        draw.tensor(&[2, HIDDEN], Draw::normal)?,
        draw.tensor(&[HIDDEN], |draw| 0.5 * draw.normal())?,
        draw.tensor(&[HIDDEN, ARMS], |draw| scale * draw.normal())?,
        draw.tensor(&[ARMS], |_| 0.0)?,
    ])
}

/// A forward pass as it was recorded.
pub struct Recorded {
    /// The graph.
    pub tape: Vec<TapeNode>,
    /// The operations of the nodes that are no leaves.
    pub ops: Vec<TapeOp>,
    /// All values, by node.
    pub values: Vec<Tensor>,
}

/// softmax cross-entropy of relu(x W1 + b1) W2 + b2.
pub fn recorded(x: &Tensor, arms: &Tensor, parameters: &[Tensor]) -> Result<Recorded> {
    let leaves = [std::slice::from_ref(x), parameters, std::slice::from_ref(arms)].concat();
    let wanted = |at: usize| PARAMETERS.contains(&at);
    let mut tape: Vec<TapeNode> =
        leaves.iter().enumerate().map(|(at, leaf)| TapeNode::leaf(leaf.dims(), wanted(at))).collect();
    let (mut values, mut ops) = (leaves, Vec::new());
    for (op, ins) in [
        (TapeOp::Matmul {}, [0, 1]),
        (TapeOp::Add {}, [6, 2]),
        (TapeOp::Relu {}, [7, 7]),
        (TapeOp::Matmul {}, [8, 3]),
        (TapeOp::Add {}, [9, 4]),
        (TapeOp::CrossEntropy {}, [10, 5]),
    ] {
        let ins = if op == (TapeOp::Relu {}) { &ins[..1] } else { &ins[..] };
        let read: Vec<Tensor> = ins.iter().map(|&input| values[input].clone()).collect();
        let made = value(&op, &read)?;
        tape.push(TapeNode::of(ins, made.dims(), true));
        values.push(made);
        ops.push(op);
    }
    Ok(Recorded { tape, ops, values })
}

impl Recorded {
    /// The loss.
    pub fn loss(&self) -> Result<f64> {
        Ok(self.values[LOSS].to_dtype(DType::F64)?.to_scalar()?)
    }

    /// The nodes whose values an operation reads on the way back, by operation.
    pub fn reads(&self) -> Vec<Vec<usize>> {
        let made = self.tape.iter().enumerate().filter(|(_, node)| !node.ins.is_empty());
        let read = |((at, node), op): ((usize, &TapeNode), &TapeOp)| {
            let keeps = kept(op);
            let ins = node.ins.iter().copied().filter(|_| keeps.ins);
            ins.chain(Some(at).filter(|_| keeps.out)).collect()
        };
        made.zip(&self.ops).map(read).collect()
    }

    /// What a tape keeps: the values that are read on the way back, and NaN in the place of the others.
    pub fn kept(&self) -> Result<Vec<Tensor>> {
        let read: Vec<usize> = self.reads().concat();
        let each = self.values.iter().enumerate();
        each.map(|(at, v)| if read.contains(&at) { Ok(v.clone()) } else { lost(v) }).collect()
    }

    /// Bytes of a node's value.
    pub fn bytes(&self, node: usize) -> usize {
        self.values[node].elem_count() * self.values[node].dtype().size_in_bytes()
    }
}

/// Gradient descent with momentum.
pub struct Descent(Vec<Tensor>);

impl Descent {
    /// At rest.
    pub fn new(parameters: &[Tensor]) -> Result<Self> {
        Ok(Self(parameters.iter().map(Tensor::zeros_like).collect::<Result<_, _>>()?))
    }

    /// One step: v = 0.9 v + g, p = p - 0.1 v.
    pub fn step(&mut self, parameters: &mut [Tensor], grads: &[Tensor]) -> Result<()> {
        for ((p, v), g) in parameters.iter_mut().zip(&mut self.0).zip(grads) {
            *v = ((&*v * MOMENTUM)? + g)?;
            *p = (&*p - (&*v * RATE)?)?;
        }
        Ok(())
    }
}

/// Points in a hundred whose largest logit is that of their arm.
pub fn accuracy(x: &Tensor, arms: &Tensor, parameters: &[Tensor]) -> Result<f64> {
    let run = recorded(x, arms, parameters)?;
    let found: Vec<u32> = run.values[LOSS - 1].argmax(1)?.to_vec1()?;
    let right = found.iter().zip(arms.to_vec1::<u32>()?).filter(|(found, arm)| **found == *arm).count();
    Ok(100.0 * right as f64 / found.len() as f64)
}
