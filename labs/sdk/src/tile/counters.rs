//! What launches cost, in counts that are the same on every machine.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Sums over a launch, or over several. The rules are those of the [module](super).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Launches; an empty grid is none.
    pub launches: u64,
    /// Programs that ran.
    pub programs: u64,
    /// Loads of a tile.
    pub loads: u64,
    /// Stores of a tile.
    pub stores: u64,
    /// Elements that were added atomically.
    pub atomics: u64,
    /// Bytes of the elements that loads and atomics asked for; those that a mask switches off are not.
    pub ld_bytes: u64,
    /// Bytes that stores and atomics wrote.
    pub st_bytes: u64,
    /// 32-byte sectors that each load and atomic touched.
    pub ld_sectors: u64,
    /// 32-byte sectors that each store and atomic touched.
    pub st_sectors: u64,
    /// Different sectors that the launch touched: times 32, the traffic that no order of programs avoids.
    pub unique_sectors: u64,
    /// 128-byte lines that a load or atomic did not find in the L2; 0 without one.
    pub l2_misses: u64,
    /// Operations of dots: 2 m n k.
    pub dot_flops: u64,
    /// The most bytes of tiles that one program held at once.
    pub peak_live_bytes: u64,
    /// Elements that were read or written beyond the end of a buffer.
    pub oob: u64,
}

/// Of two launches one after the other: sums, and the larger peak.
impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.launches += other.launches;
        self.programs += other.programs;
        self.loads += other.loads;
        self.stores += other.stores;
        self.atomics += other.atomics;
        self.ld_bytes += other.ld_bytes;
        self.st_bytes += other.st_bytes;
        self.ld_sectors += other.ld_sectors;
        self.st_sectors += other.st_sectors;
        self.unique_sectors += other.unique_sectors;
        self.l2_misses += other.l2_misses;
        self.dot_flops += other.dot_flops;
        self.peak_live_bytes = self.peak_live_bytes.max(other.peak_live_bytes);
        self.oob += other.oob;
    }
}
