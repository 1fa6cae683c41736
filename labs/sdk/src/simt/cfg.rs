//! How a kernel is launched, and what no GPU of the chosen kind would launch.

use super::occupancy::{Occupancy, occupancy};
use super::{Preset, W};
use crate::{Result, ensure};
use serde::{Deserialize, Serialize};

/// More warps than these in one launch are refused: they would keep the machine busy for minutes.
pub const MAX_WARPS: u64 = 1 << 21;

/// The largest budget.
pub const MAX_BUDGET: u64 = 100_000_000_000;

/// A launch: `kernel<<<grid, block, smem_bytes>>>`, and what to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cfg {
    /// Blocks in x, y, z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y, z.
    pub block: [u32; 3],
    /// Bytes of shared memory that a block may declare.
    pub smem_bytes: usize,
    /// Registers of a thread, as the compiler would report them: they bound the occupancy and nothing else.
    pub regs_per_thread: u32,
    /// Draws the order of warps, blocks and atomics. The same seed gives the same run.
    pub seed: u64,
    /// Whether the order is drawn.
    pub order: Order,
    /// The GPU.
    pub preset: Preset,
    /// Lanes times warp instructions, switched off or not, after which the launch is stopped: an endless loop ends.
    pub budget: u64,
    /// Whether the report carries a [`Trace`](super::Trace).
    pub trace: bool,
}

/// In which order blocks, and between two barriers warps, run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Drawn from the seed: what a GPU promises is no order at all.
    #[default]
    Drawn,
    /// By number: for pictures and for counting by hand.
    ByNumber,
}

impl Default for Cfg {
    /// One warp on an A100.
    fn default() -> Self {
        Self {
            grid: [1, 1, 1],
            block: [32, 1, 1],
            smem_bytes: 0,
            regs_per_thread: 32,
            seed: 0,
            order: Order::Drawn,
            preset: Preset::A100,
            budget: 2_000_000_000,
            trace: false,
        }
    }
}

impl Cfg {
    /// So many blocks of so many threads; the rest as in [`Cfg::default`].
    pub fn new(grid: [u32; 3], block: [u32; 3]) -> Self {
        Self { grid, block, ..Self::default() }
    }

    /// Threads of a block.
    pub fn threads(&self) -> u32 {
        self.block.iter().fold(1, |all, n| u32::saturating_mul(all, *n))
    }

    /// Warps of a block; the last one may be part empty.
    pub fn warps(&self) -> u32 {
        self.threads().div_ceil(W as u32)
    }

    /// Blocks of the grid.
    pub fn blocks(&self) -> u64 {
        self.grid.iter().fold(1, |all, n| u64::saturating_mul(all, u64::from(*n)))
    }

    /// Refuses what the preset would not launch, and what would not end here.
    ///
    /// Limits: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
    pub fn check(&self) -> Result<Occupancy> {
        let sm = self.preset.sm();
        let [bx, by, bz] = self.block;
        let [gx, gy, gz] = self.grid;
        ensure!(
            bx > 0 && by > 0 && bz > 0 && gx > 0 && gy > 0 && gz > 0,
            "a launch of {gx} x {gy} x {gz} blocks of {bx} x {by} x {bz} threads is refused: each number must be at least 1"
        );
        let threads = u64::from(bx).saturating_mul(u64::from(by)).saturating_mul(u64::from(bz));
        ensure!(
            threads <= 1024 && bz <= 64,
            "a block of {bx} x {by} x {bz} = {} threads is refused: a block has at most 1,024 threads, and 64 in z; put \
             more blocks into the grid instead",
            commas(threads)
        );
        ensure!(
            gx <= i32::MAX.cast_unsigned() && gy <= 65_535 && gz <= 65_535,
            "a grid of {gx} x {gy} x {gz} blocks is refused: the most are 2,147,483,647 in x and 65,535 in y and z"
        );
        let most = u64::from(sm.shared_per_block);
        ensure!(
            self.smem_bytes as u64 <= most,
            "{} bytes of shared memory for a block are refused: {} gives a block at most {} ({} KiB); use a smaller tile",
            commas(self.smem_bytes as u64),
            sm.name,
            commas(most),
            most / 1024
        );
        ensure!(
            self.regs_per_thread <= 255,
            "{} registers for a thread are refused: an instruction can name 255; what is more lies in slow local memory",
            self.regs_per_thread
        );
        let occupancy = occupancy(&sm, self.threads(), self.regs_per_thread, self.smem_bytes);
        ensure!(
            occupancy.blocks > 0,
            "a block of {} threads with {} registers each is refused: registers are handed out by the warp in units of \
             256, so its {} warps need {} of the {} that {} has; use fewer threads or fewer registers",
            commas(threads),
            self.regs_per_thread,
            self.warps(),
            commas(u64::from(self.warps() * (self.regs_per_thread * 32).next_multiple_of(256))),
            commas(u64::from(sm.registers)),
            sm.name
        );
        let warps = self.blocks().saturating_mul(u64::from(self.warps()));
        ensure!(
            warps <= MAX_WARPS,
            "{} threads ({} warps) are refused: this simulator runs at most {} warps a launch; launch fewer, and let each \
             thread do several elements, a whole grid apart",
            commas(self.blocks().saturating_mul(threads)),
            commas(warps),
            commas(MAX_WARPS)
        );
        ensure!(
            self.budget <= MAX_BUDGET,
            "a budget of {} thread-instructions is refused: the most is {}",
            commas(self.budget),
            commas(MAX_BUDGET)
        );
        Ok(occupancy)
    }
}

/// 1,234,567
pub(crate) fn commas(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
