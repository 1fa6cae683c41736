//! Rule R12: how many blocks of a kernel an SM holds at once, and what stops the next one.

use super::{Sm, W};
use serde::Serialize;

/// Registers are handed to a warp in units of so many.
const REGISTER_UNIT: u32 = 256;
/// An SM is four partitions, each with its own scheduler and a quarter of the registers.
const PARTITIONS: u32 = 4;
/// Shared memory is handed out in units of so many bytes.
const SHARED_UNIT: u32 = 128;
/// Bytes of shared memory that the system keeps of each block's (compute capability 8.0 and later).
const SHARED_RESERVED: u32 = 1024;

/// Blocks that are resident on one SM.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Occupancy {
    /// Blocks; 0 if the kernel cannot be launched.
    pub blocks: u32,
    /// Their warps.
    pub warps: u32,
    /// `warps` over the warps that the SM could hold.
    pub fraction: f64,
    /// The resource that stops the next block.
    pub limit: Limit,
}

/// A resource of an SM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Limit {
    /// Resident warps.
    Warps,
    /// Resident blocks.
    Blocks,
    /// Registers.
    Registers,
    /// Shared memory.
    SharedMemory,
}

/// Occupancy of blocks of `threads` threads, each with `registers` registers (0: unknown, no limit), and `shared` bytes
/// of shared memory a block. Of several limits that are equally low the first of [`Limit`] is named.
///
/// Source: CUDA C++ Programming Guide, and the arithmetic of NVIDIA's cuda_occupancy.h.
pub fn occupancy(sm: &Sm, threads: u32, registers: u32, shared: usize) -> Occupancy {
    let warps = threads.div_ceil(W as u32).max(1);
    let by_registers = if registers == 0 {
        u32::MAX
    } else {
        let of_warp = (registers * W as u32).next_multiple_of(REGISTER_UNIT);
        sm.registers / PARTITIONS / of_warp * PARTITIONS / warps
    };
    let shared = u32::try_from(shared).unwrap_or(u32::MAX - SHARED_RESERVED - SHARED_UNIT);
    let by_shared = if shared > sm.shared_per_block {
        0
    } else {
        sm.shared / (shared + SHARED_RESERVED).next_multiple_of(SHARED_UNIT)
    };
    let limits = [
        (sm.warps / warps, Limit::Warps),
        (sm.blocks, Limit::Blocks),
        (by_registers, Limit::Registers),
        (by_shared, Limit::SharedMemory),
    ];
    let (blocks, limit) = limits.into_iter().min_by_key(|(blocks, _)| *blocks).unwrap_or((0, Limit::Warps));
    Occupancy { blocks, warps: blocks * warps, fraction: f64::from(blocks * warps) / f64::from(sm.warps), limit }
}
