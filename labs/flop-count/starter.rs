//! Counting a network. Write the functions below; anything private that helps may stand beside them.
//!
//! One multiply-add is one MAC. Sizes and counts are u64. The types are data, declared in `lab_sdk` (lab-sdk/src/arch.rs in your
//! workspace): `OpSpec`, `Cost { macs, params, out }`, `Arch { name, nodes }`, `Node { name, inputs, tie, op }`, `Op`,
//! `Convention`, `Report { rows, macs, params }`, `Row { name, out, macs, params }`.
//! To refuse, return an error: `lab_sdk::ensure!(groups > 0, "{groups} groups")`.

use lab_sdk::{Arch, Convention, Cost, OpSpec, Report, Result};

/// MACs, learned numbers and result shape of one operation. `match *op { OpSpec::Conv2d { n, cin, .. } => .. }`
///
///   Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, bias }   out [n, cout, ho, wo]; pairs are [vertical, horizontal]
///   Linear { rows, cin, cout, bias }                                   out [rows, cout]
///   Matmul { batch, m, k, n }                                          out [batch, m, n]; no weights
///   Attention { b, hq, hkv, sq, sk, dh, dv, causal, window }           out [b, sq, hq dv]; no weights
///
/// Padded taps count; adding a bias does not. Attention: q k^T and its product with v, visible pairs only, each of the hq
/// heads. Query i stands at key i + sk - sq. `causal`: it sees no later key. `window`: it sees the keys less than `window`
/// away, to both sides unless causal.
/// Refuse: channels that `groups` does not divide (cin or cout); hq that hkv does not divide; a result without an element;
/// causal or window with sq > sk; any size, stride, dilation or number of groups or heads that is 0.
pub fn op_cost(op: &OpSpec) -> Result<Cost> {
    todo!()
}

/// One row for each node of `arch`, in its order, and the sums of the rows.
///
/// A node stands after the nodes that it reads. `match &node.op { Op::Linear { cout, bias } => .. }`; what each does to a
/// shape:
///
///   Input { shape }                     that shape
///   Conv2d { cout, k, stride, pad, dil, groups, bias }    (n, c, h, w) as in `op_cost`
///   Linear { cout, bias }               (.., cin) becomes (.., cout): every axis but the last is rows
///   Matmul {}                           (.., m, k) and (.., k, n) become (.., m, n)
///   Embedding { rows, dim }             (b, s) becomes (b, s, dim); rows dim weights, no MACs
///   Attention { hq, hkv, causal, window }   q (b, sq, hq dh), k (b, sk, hkv dh), v (b, sk, hkv dv) become (b, sq, hq dv)
///   Norm { kind }                       the same; 2 weights for each channel (Batch: axis 1) or each element of the last
///                                       axis (Layer, Affine), 1 for Rms
///   Act { kind }, Shuffle { groups }    the same
///   Add {}                              the same; all inputs have one shape
///   Mul {}                              of two inputs of one rank, an axis of 1 is repeated
///   Concat { axis }, Slice { axis, start, end }   lengths add up along the axis; end - start
///   Pool { k, stride, pad, ceil, .. }   floor as in a convolution; `ceil` rounds up, but the last window has to begin
///                                       before length + pad
///   GlobalPool {}                       (n, c, 1, 1)
///   Reshape { shape }                   that shape, of as many elements
///
/// `tie`: the node uses the weight of that node, so only its bias, if any, counts as its own. `c` adds to a row's MACs:
/// bn_per_elem for each element that a Batch norm returns, act_per_elem for each that an Act returns, pool_per_in_elem for
/// each that a Pool or GlobalPool reads, bias_per_out for each that a Conv2d or Linear with a bias returns. A node named in
/// c.skip gets no row.
/// Refuse: an input that no node before it provides (missing, or in a cycle); unequal shapes in Add; a Reshape that loses
/// elements; Op::Unknown; sizes of 0; what `op_cost` refuses.
pub fn count(arch: &Arch, c: &Convention) -> Result<Report> {
    todo!()
}

/// MACs of a training step: the forward products and those that gradients need.
///
/// A layer y = x w needs two more products of the same size: one for the gradient of w, one for that of x. The one for x is
/// left out where nothing before the layer learns (Conv2d, Linear, Embedding and Norm learn). Matmul needs one for each
/// input that depends on something learned; Attention twice its forward MACs, if any of its inputs does.
pub fn train_macs(arch: &Arch) -> Result<u64> {
    todo!()
}
