//! What a forward pass leaves behind for the backward pass: operations and the graph of their results. Plain data; nothing
//! here computes a value or a gradient.
//!
//! In Python each is a dict with the same keys: `{"op": "softmax", "dim": 1}`, `{"ins": [0, 2], "shape": [4, 3],
//! "requires_grad": True}`.

use serde::{Deserialize, Serialize};

/// An operation on tensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum TapeOp {
    /// a + b, broadcast.
    Add {},
    /// a b, element by element, broadcast.
    Mul {},
    /// (.., M, K) times (.., K, N): (.., M, N). The axes before the last two are broadcast.
    Matmul {},
    /// max(x, 0).
    Relu {},
    /// GELU in its tanh form: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
    GeluTanh {},
    /// The sum over one axis.
    Sum {
        /// The axis.
        dim: usize,
        /// Whether the axis stays, with length 1.
        keep: bool,
    },
    /// exp(x) over its sum along one axis.
    Softmax {
        /// The axis.
        dim: usize,
    },
    /// The mean over the rows of logits (N, C) of -log softmax at the row's target; targets are u32, (N).
    CrossEntropy {},
    /// An operation that is not on this list.
    #[serde(other)]
    Unknown,
}

/// One value on a tape: a leaf, or what an operation made of earlier values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapeNode {
    /// The nodes that it was made of, in the order of the operation's inputs; none for a leaf.
    pub ins: Vec<usize>,
    /// The shape of its value.
    pub shape: Vec<usize>,
    /// Whether a gradient is wanted here, or further back.
    pub requires_grad: bool,
}

impl TapeNode {
    /// A leaf: a parameter, or data where no gradient is wanted.
    pub fn leaf(shape: &[usize], requires_grad: bool) -> Self {
        Self { ins: Vec::new(), shape: shape.to_vec(), requires_grad }
    }

    /// A value that an operation made of the nodes `ins`.
    pub fn of(ins: &[usize], shape: &[usize], requires_grad: bool) -> Self {
        Self { ins: ins.to_vec(), shape: shape.to_vec(), requires_grad }
    }

    /// How many numbers its value holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}
