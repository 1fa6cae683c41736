//! What a kernel asks of a streaming multiprocessor, and what one has to give. Plain values: nothing here computes.

use serde::{Deserialize, Serialize};

/// What a kernel needs, by the block and by the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelRes {
    /// Threads of a block.
    pub threads: u64,
    /// Registers of a thread.
    pub regs: u64,
    /// Bytes of shared memory of a block.
    pub smem: u64,
    /// Blocks of the grid.
    pub grid: u64,
}

/// What one SM has, and in which units it is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmSpec {
    /// Warps that it holds at once.
    pub warps: u64,
    /// Blocks that it holds at once.
    pub blocks: u64,
    /// Registers, of all parts together.
    pub regs: u64,
    /// Registers are handed to a warp in multiples of this.
    pub reg_unit: u64,
    /// Parts that the registers lie in; those of a warp lie in one.
    pub parts: u64,
    /// Bytes of shared memory.
    pub smem: u64,
    /// Shared memory is handed to a block in multiples of so many bytes.
    pub smem_unit: u64,
    /// Bytes of shared memory that the driver keeps of each block.
    pub reserved: u64,
    /// SMs of the chip.
    pub sms: u64,
}

/// How many blocks of a kernel an SM holds at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occ {
    /// Blocks.
    pub blocks: u64,
    /// Their warps.
    pub warps: u64,
    /// What stops the next block.
    pub limiter: Limiter,
}

/// What an SM runs out of first; in Python `"warps"`, `"blocks"`, `"registers"`, `"shared"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limiter {
    /// Places for warps.
    Warps,
    /// Places for blocks.
    Blocks,
    /// Registers.
    Registers,
    /// Shared memory.
    Shared,
}

/// An elementwise kernel as its costs: a thread of e elements issues `setup + each e` instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Instructions of a thread before its first element.
    pub setup: u64,
    /// Instructions of an element.
    pub each: u64,
    /// Cycles from an instruction to the next one of the same warp.
    pub latency: u64,
    /// Registers of a thread.
    pub regs: u64,
    /// Registers more for each of its elements.
    pub regs_each: u64,
}
