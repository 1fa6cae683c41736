//! Reverse mode from a tape. Write the functions below; anything private that helps may stand beside them.
//!
//! g is the gradient of the loss in an operation's result `out`, and has its shape.
//!
//! The operations, `TapeOp` (candle has `broadcast_mul`, `broadcast_matmul`, `sum`, `sum_keepdim`, `gt`, `affine`, ..):
//!   Add {}  Mul {}  Matmul {}    two inputs, broadcast; of matmul the axes before the last two
//!   Relu {}  GeluTanh {}         one input; GELU is x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
//!   Sum { dim, keep }            one input; without `keep` the axis is gone
//!   Softmax { dim }              one input
//!   CrossEntropy {}              logits (N, C) and targets u32 (N): the mean of -log softmax(logits)[target]
//!   Unknown                      to be refused
//! A node of a tape, `TapeNode { ins, shape, requires_grad }`: the nodes it was made of (none for a leaf), the shape of its
//! value, whether a gradient is wanted here or further back.

use lab_sdk::{DType, Device, Result, TapeNode, TapeOp, Tensor, Vjp};

/// The gradients of an operation's inputs, each in its input's shape; `None` for targets, which have none.
///
/// ins f32 (targets u32), out the operation's result, g f32 of its shape. What a tape does not keep is NaN, only its shape
/// is right: read x for mul, matmul, gelu_tanh and cross_entropy, `out` for relu and softmax, shapes alone for add and sum.
/// The subgradient of relu at 0 is 0.
/// Refuse: an unknown operation; another number of inputs; a g whose shape is not out's; an axis that x does not have; a
/// target that is no class.
pub fn vjp(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Vec<Option<Tensor>>> {
    todo!()
}

/// The gradient of the node `loss` in every node of the tape, by node; `None` where none is wanted, and where the loss does
/// not depend on the node.
///
/// `vjp.call(node, &g)` gives the gradients of a node's inputs, one for each of its `ins` (`None` for indices), from the
/// gradient g of its value. Call it at most once a node. The gradient of the loss itself is 1, f32 in the loss's shape.
/// Nothing passes through a node that does not require a gradient. Nodes stand after the nodes that they read.
/// Refuse: a loss that is not there, has not exactly one element, or requires no gradient; a node that reads itself or a
/// later one.
pub fn backward(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Vec<Option<Tensor>>> {
    todo!()
}

/// (mean loss, dW): softmax cross-entropy of x w as if all micro-batches were one batch.
///
/// w f32 (d, V); each micro-batch x f32 (T, d) and targets u32 (T), whose T differ. A target of u32::MAX is padding, and its
/// row counts for nothing; a micro-batch may hold nothing else. dW f32 (d, V).
/// Refuse: an x of another width than w; another number of targets than rows; a target that is neither a class nor padding;
/// no token that counts in all micro-batches.
pub fn accumulated(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    todo!()
}
