//! Warps, blocks and SMs: a kernel that touches memory in order, an order that keeps warps together, and what an SM
//! holds.
//!
//! A GPU runs a grid of blocks. A block lives on one SM; its threads are issued 32 at a time, as warps. A lane that has
//! nothing to do is switched off, and its slot is lost.
//!
//! Legend: r row, c column, i index in memory; t thread.

use lab_sdk::simt::{G, Warp};
use lab_sdk::{KernelRes, Limiter, Occ, Result, SmSpec, Work, ensure};

/// y[r, c] = a x[r, c] + y[r, c], one element a thread.
///
/// Row r begins at element r pitch; what lies between cols and pitch is padding and stays as it is. The grid covers
/// rows in y and columns in x, and may reach beyond both.
pub async fn saxpy2d(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, pitch: u32) {
    // x runs fastest inside a warp, and columns run fastest in memory: 32 lanes, 32 neighbours, 4 sectors.
    let c = w.tx() + w.bid[0] * w.bdim[0];
    let r = w.ty() + w.bid[1] * w.bdim[1];
    // The last blocks hang over the edge of the array: lanes outside it are switched off.
    w.if_(r.lt(rows) & c.lt(cols), || {
        let i = r * pitch + c;
        w.st(&y, i, w.ld(&x, i) * a + w.ld(&y, i));
    });
}

/// The order in which threads take elements: thread t does element order[t], and no more than one warp is mixed.
///
/// kind: 0 or 1 for each element -> a permutation of 0 .. n - 1.
pub fn plan(kind: &[u8]) -> Vec<u32> {
    // A branch is decided for 32 lanes at once, so only where the kinds meet may a warp hold both. Elements of one kind
    // stay in their order, so that neighbours in a warp stay as near in memory as they can.
    let of = |wanted: u8| (0u32..).zip(kind).filter(move |(_, k)| **k == wanted).map(|(i, _)| i);
    of(0).chain(of(1)).collect()
}

/// How many blocks of kernel k an SM holds at once, their warps, and which resource stops the next block.
///
/// Each resource is handed out in units, to a warp or to a block, and gives a limit of its own; the lowest one holds.
/// Refuses a block of no threads or more than 1024, and a thread of no registers or more than 255.
/// Source: CUDA C++ Programming Guide, compute capabilities; the arithmetic of cuda_occupancy.h.
pub fn occupancy(k: &KernelRes, sm: &SmSpec) -> Result<Occ> {
    ensure!((1..=1024).contains(&k.threads), "a block has 1 to 1024 threads, not {}", k.threads);
    ensure!((1..=255).contains(&k.regs), "a thread has 1 to 255 registers, not {}", k.regs);
    let warps = k.threads.div_ceil(32);
    // A warp gets its registers from one of the SM's parts, so what a part has left over is lost.
    let of_warp = (32 * k.regs).next_multiple_of(sm.reg_unit);
    let holds = sm.regs / sm.parts / of_warp * sm.parts; // warps, by their registers
    // The driver keeps some shared memory of every block, also of one that asks for none.
    let of_block = (k.smem + sm.reserved).next_multiple_of(sm.smem_unit);
    let limits = [
        (sm.warps / warps, Limiter::Warps),
        (sm.blocks, Limiter::Blocks),
        (holds / warps, Limiter::Registers),
        (sm.smem / of_block, Limiter::Shared),
    ];
    // Of equals, the first.
    let (blocks, limiter) = limits.into_iter().min_by_key(|(blocks, _)| *blocks).unwrap_or((0, Limiter::Warps));
    Ok(Occ { blocks, warps: blocks * warps, limiter })
}

/// Estimated achieved occupancy in percent, as a profiler prints it: what an SM could hold, or what the grid brings to
/// each SM if that is less.
///
/// Source: "Est. Achieved Occupancy" of PyTorch's profiler (kineto, gpu_utilization.md).
pub fn achieved(k: &KernelRes, sm: &SmSpec) -> Result<f64> {
    let could = occupancy(k, sm)?.warps as f64 / sm.warps as f64;
    let brings = (k.grid * k.threads) as f64 / (sm.sms * 32 * sm.warps) as f64;
    Ok(100.0 * could.min(brings))
}

/// Cycles of a kernel over n elements, in blocks of `block` threads that do `per_thread` elements each.
///
/// A thread issues setup + each per_thread instructions and needs regs + regs_each per_thread registers. A wave is as
/// many blocks as all SMs hold; the last one takes as long as the others, however few blocks it has. In a wave each
/// instruction costs `latency` cycles, or a cycle for each 4 warps that an SM holds, whichever is more.
/// Refuses n = 0, per_thread = 0, and what cannot be launched.
pub fn kernel_cycles(n: u64, work: &Work, sm: &SmSpec, block: u64, per_thread: u64) -> Result<u64> {
    ensure!(n > 0 && per_thread > 0, "{n} elements, {per_thread} for a thread: nothing to do");
    let grid = n.div_ceil((block * per_thread).max(1));
    let regs = work.regs + work.regs_each * per_thread;
    let held = occupancy(&KernelRes { threads: block, regs, smem: 0, grid }, sm)?.blocks;
    ensure!(held > 0, "a block of {block} threads with {regs} registers each does not fit an SM");
    let waves = grid.div_ceil(sm.sms * held);
    // A small grid does not fill the SMs: each gets its share of the blocks.
    let warps = held.min(grid.div_ceil(sm.sms)) * block.div_ceil(32);
    let instructions = work.setup + work.each * per_thread;
    Ok(waves * instructions * work.latency.max(warps.div_ceil(4)))
}

/// (block, per_thread) with the fewest cycles: block a multiple of 32 up to 1024, per_thread 1 to 16.
///
/// 512 launches are few: each is priced by `kernel_cycles`, and those that do not fit are passed over. Refuses n = 0.
pub fn choose_launch(n: u64, work: &Work, sm: &SmSpec) -> Result<(u64, u64)> {
    ensure!(n > 0, "there is no element");
    let launches = (32..=1024).step_by(32).flat_map(|block| (1..=16).map(move |per_thread| (block, per_thread)));
    let priced = launches.filter_map(|(block, per_thread)| {
        let cycles = kernel_cycles(n, work, sm, block, per_thread).ok()?; // too many registers for the block
        Some((cycles, block, per_thread))
    });
    let (_, block, per_thread) = priced.min().ok_or("no launch of this kernel fits an SM")?;
    Ok((block, per_thread))
}
