//! What a launch costs, in counts that are the same on every machine.

use serde::{Deserialize, Serialize};

/// Sums over the whole launch. The rules are those of the [module](super).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Instructions issued, one for the whole warp (R7).
    pub warp_inst: u64,
    /// Instructions done, one for each lane that was on.
    pub thread_inst: u64,
    /// Branches: `if_`, `if_else`, and each test of a `while_`.
    pub branches: u64,
    /// Branches whose lanes parted (R6).
    pub div_branches: u64,
    /// Barriers, counted by each warp.
    pub barriers: u64,
    /// Shuffles.
    pub shfl: u64,
    /// `mma_m16n8k16`.
    pub mma: u64,
    /// Atomic operations, one for each lane that was on.
    pub atomics: u64,
    /// Loads from global memory (requests).
    pub gld_req: u64,
    /// Their 32-byte sectors (R1).
    pub gld_sectors: u64,
    /// Their 128-byte lines.
    pub gld_lines: u64,
    /// Bytes that lanes asked for.
    pub gld_bytes: u64,
    /// Stores to global memory.
    pub gst_req: u64,
    /// Their 32-byte sectors.
    pub gst_sectors: u64,
    /// Bytes that lanes stored.
    pub gst_bytes: u64,
    /// Loads from shared memory.
    pub sld_req: u64,
    /// Their wavefronts (R4): as many as loads where no bank conflicts.
    pub sld_waves: u64,
    /// Stores to shared memory.
    pub sst_req: u64,
    /// Their wavefronts.
    pub sst_waves: u64,
    /// Lanes whose shared access raced with another warp's (R9). An access counts once, and here if it raced with both.
    pub hazards_inter: u64,
    /// Lanes whose shared access raced with another lane of their warp.
    pub hazards_intra: u64,
    /// Lanes whose global access raced with a store before it, of another block, warp or lane.
    pub hazards_global: u64,
    /// Lanes that read shared words which the block had not written.
    pub uninit_smem: u64,
    /// Lanes that read global elements which nobody had written.
    pub uninit_global: u64,
    /// Lanes that read or wrote beyond the end of a buffer or array.
    pub oob: u64,
    /// Lanes that read a lane which was off, in a shuffle (R8).
    pub shfl_inactive: u64,
    /// Lanes that used a value which they had never made.
    pub poison: u64,
}

impl Counters {
    /// Lanes that were on, of those that were issued: `thread_inst / (32 warp_inst)`; 1 if nothing was.
    pub fn efficiency(&self) -> f64 {
        ratio(self.thread_inst, 32 * self.warp_inst)
    }

    /// Sectors of a global load: 4 is the least for 32 neighbouring floats.
    pub fn sectors_per_load(&self) -> f64 {
        ratio(self.gld_sectors, self.gld_req)
    }

    /// Sectors of a global store.
    pub fn sectors_per_store(&self) -> f64 {
        ratio(self.gst_sectors, self.gst_req)
    }
}

fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 1.0 } else { a as f64 / b as f64 }
}
