//! How a kernel is launched, and what would not be.

use super::L2;
use crate::simt::{Preset, commas};
use crate::{Result, ensure};
use serde::{Deserialize, Serialize};

/// More programs than these in one launch are refused: they would keep the machine busy for minutes.
pub const MAX_PROGRAMS: u64 = 1 << 21;

/// The largest budget.
pub const MAX_BUDGET: u64 = 100_000_000_000;

/// A launch: `kernel[grid](..)`, and what to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cfg {
    /// Programs in x, y, z. An empty grid launches nothing.
    pub grid: [usize; 3],
    /// The cache whose misses are counted.
    pub l2: Option<L2>,
    /// The GPU whose shared memory a program must fit into.
    pub preset: Preset,
    /// Work after which the launch is stopped, so that an endless loop ends: an operation is 1,000 and one more for
    /// each element that it makes; a dot is m n k.
    pub budget: u64,
    /// Whether the report carries a [`Trace`](super::Trace).
    pub trace: bool,
}

impl Default for Cfg {
    /// One program on an A100, without a cache.
    fn default() -> Self {
        Self { grid: [1, 1, 1], l2: None, preset: Preset::A100, budget: 4_000_000_000, trace: false }
    }
}

impl Cfg {
    /// So many programs; the rest as in [`Cfg::default`].
    pub fn new(grid: [usize; 3]) -> Self {
        Self { grid, ..Self::default() }
    }

    /// Programs of the grid.
    pub fn programs(&self) -> u64 {
        self.grid.iter().fold(1, |all, n| u64::saturating_mul(all, *n as u64))
    }

    /// Refuses what a GPU would not launch, and what would not end here.
    ///
    /// Limits of a grid: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
    pub fn check(&self) -> Result<()> {
        let [x, y, z] = self.grid;
        ensure!(
            x <= i32::MAX as usize && y <= 65_535 && z <= 65_535,
            "a grid of {x} x {y} x {z} programs is refused: the most are 2,147,483,647 in x and 65,535 in y and z"
        );
        ensure!(
            self.programs() <= MAX_PROGRAMS,
            "{} programs are refused: this simulator runs at most {} a launch; give each a larger block",
            commas(self.programs()),
            commas(MAX_PROGRAMS)
        );
        ensure!(
            self.l2.is_none_or(|l2| l2.line >= 32 && l2.line.is_power_of_two()),
            "an L2 with lines of {} bytes is refused: a line is a power of two, and at least a sector of 32 bytes",
            self.l2.map_or(0, |l2| l2.line)
        );
        ensure!(
            self.budget <= MAX_BUDGET,
            "a budget of {} is refused: the most is {}",
            commas(self.budget),
            commas(MAX_BUDGET)
        );
        Ok(())
    }
}
