//! A kernel under the roofs of a machine. Write the functions below; anything private that helps may stand beside them.
//!
//! The types are data, declared in `lab_sdk` (lab-sdk/src/kernel.rs and lab-sdk/src/arch.rs in your workspace). A kernel comes with its
//! counts, as `op_cost` of flop-count gives them:
//!   Kernel { op, inputs, out, macs, params }   inputs: Vec<Vec<u64>>, out: Vec<u64>: shapes; macs, params: u64
//!   Machine { peak_flops, bw, launch_us }      f64: FLOPs a second, bytes a second, microseconds
//!   Point { flops, bytes, ai, ridge, bound, t_us }   u64, u64, f64, f64, Bound::Compute or Bound::Memory, f64
//!   LayerOpt { name, batch, kernels }          kernels that run one after the other
//! To refuse, return an error: `lab_sdk::ensure!(m.bw > 0.0, "no bandwidth")`.

use lab_sdk::{Bound, Kernel, LayerOpt, Machine, Op, Point, Result};

/// Where a kernel stands under the roofs of a machine. `match &k.op { Op::Linear { .. } => .. }`
///
/// FLOPs by operation:
///   Conv2d, Linear, Matmul, Attention    2 for each of `k.macs`
///   Act                                  1 for each element of the result
///   Add                                  1 for each element of the result and each input after the first
///   Pool { k: [high, wide], .. }         high * wide for each element of the result
///   Norm { kind: Norm::Layer }           5 for each element of the result, as fvcore counts
///   Embedding                            none: it copies
/// Bytes: each element of the inputs, the weights (`k.params`) and the result once, `bytes_per_elem` each. An Embedding is
/// different: it reads the rows that it returns and writes them, and its table and indices do not count.
/// `ai` is FLOPs a byte; `ridge` the intensity at which the machine's roofs meet; `bound` is Compute from there on, Memory
/// below. `t_us`: arithmetic and memory work at the same time, the slower one counts; the launch is added.
/// Refuse: a peak or bandwidth that is not positive, a negative launch, elements of 0 bytes, any other operation.
pub fn roofline(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    todo!()
}

/// (small, base): the indices of two layers of one batch, `small` with at most half the parameters of `base`, and predicted
/// to take at least 0.9 of its time. Of all such pairs the one with the smallest params(small) / params(base); of equal ones
/// the first small, then the first base.
///
/// The time of a layer is the sum over its kernels, each with its launch.
/// Refuse: a family without such a pair, a layer without a kernel, and what `roofline` refuses.
pub fn pick(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    todo!()
}
