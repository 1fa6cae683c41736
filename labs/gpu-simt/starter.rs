//! Warps, blocks and SMs. Write the functions below; anything private that helps may stand beside them.
//!
//! In a kernel a value has 32 lanes, and every operator is one instruction of the warp (lab_sdk::simt: lab-sdk/src/simt.rs tells all of it):
//!   w.tx(), w.ty()                    threadIdx.x, threadIdx.y of each lane
//!   w.bid, w.bdim, w.gdim             blockIdx, blockDim, gridDim, as [x, y, z]; the same for all lanes
//!   w.ld(&x, i), w.st(&y, i, v)       x[i], and y[i] = v, in the lanes that are on
//!   r.lt(rows) & c.lt(cols)           a condition, lane by lane; le gt ge eq ne | ! likewise
//!   w.if_(condition, || { .. })       the lanes where it holds are on inside, the others off
//!
//! Data of lab_sdk, all numbers u64: `KernelRes { threads, regs, smem, grid }`, `Occ { blocks, warps, limiter }`,
//! `SmSpec { warps, blocks, regs, reg_unit, parts, smem, smem_unit, reserved, sms }`,
//! `Work { setup, each, latency, regs, regs_each }`; `lab_sdk::Limiter` is one of Warps, Blocks, Registers, Shared.
//! To refuse, return an error: `lab_sdk::ensure!(n > 0, "there is no element")`.

use lab_sdk::simt::{G, Warp};
use lab_sdk::{KernelRes, Occ, Result, SmSpec, Work};

/// y[r, c] = a x[r, c] + y[r, c] for all r < rows and c < cols, one element a thread.
///
/// Element [r, c] lies at r pitch + c in both x and y (rows pitch elements each); the padding, cols <= c < pitch, stays
/// as it is. The launch is 2-D: x covers the columns, y the rows, and the grid may reach beyond either. An access of a
/// warp whose lanes are all on touches at most 4 sectors, 5 where a row begins in the middle of one.
pub async fn saxpy2d(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, pitch: u32) {
    todo!()
}

/// The order in which threads take elements: thread t does element order[t].
///
/// kind[i] is 0 or 1 -> a permutation of 0 .. n - 1 in which at most one warp (threads 32 k to 32 k + 31) has elements
/// of both kinds.
pub fn plan(kind: &[u8]) -> Vec<u32> {
    todo!()
}

/// Blocks of kernel `k` that an SM holds at once, their warps, and what stops the next block.
///
/// A block has ceil(threads / 32) warps. The SM has room for
///   sm.warps warps and sm.blocks blocks;
///   registers: 32 k.regs a warp, rounded up to a multiple of sm.reg_unit. The SM's registers lie in sm.parts equal
///   parts, and a warp's lie in one of them: each part holds a whole number of warps;
///   shared memory: k.smem + sm.reserved a block, rounded up to a multiple of sm.smem_unit.
/// `blocks` is the lowest of the four limits, 0 if one block does not fit. `limiter` names it: Warps, Blocks,
/// Registers or Shared, the first in this order where several are lowest.
/// Refuse: no threads, or more than 1024; no registers, or more than 255.
pub fn occupancy(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    todo!()
}

/// Estimated achieved occupancy in percent: 100 min(occupancy's warps / sm.warps, threads of the whole grid / threads
/// that all SMs have room for).
///
/// Refuse: what `occupancy` refuses.
pub fn achieved(k: &KernelRes, sm: &SmSpec) -> Result<f64> {
    todo!()
}

/// Cycles of a kernel over n elements, in blocks of `block` threads that do `per_thread` elements each.
///
///   grid          = ceil(n / (block per_thread)) blocks, each thread with regs + regs_each per_thread registers
///   held          = blocks that an SM holds (occupancy, no shared memory)
///   waves         = ceil(grid / (sms held))
///   warps         = those of an SM: min(held, ceil(grid / sms)) blocks of them
///   instructions  = setup + each per_thread
///   cycles        = waves instructions max(latency, ceil(warps / 4))
/// Refuse: n = 0; per_thread = 0; what `occupancy` refuses; a block that does not fit an SM.
pub fn kernel_cycles(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    todo!()
}

/// (block, per_thread) for n elements: block a multiple of 32 up to 1024, per_thread 1 to 16, at most 5 % above the
/// fewest cycles (`kernel_cycles`) that any of them takes.
///
/// Refuse: n = 0.
pub fn choose_launch(n: u64, work: &Work, sm: &SmSpec) -> Result<(u64, u64)> {
    todo!()
}
