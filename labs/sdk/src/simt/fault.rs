//! What a kernel did wrong, as a value: where, which warp and lane, and a sentence that says why it is wrong.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::panic::Location;

/// The first fault of its kind in a launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// What happened and why it is wrong; the place is not repeated.
    pub message: String,
    /// The kernel's line.
    pub at: Place,
    /// The block.
    pub block: [u32; 3],
    /// The warp of the block.
    pub warp: u32,
    /// The lane, where it is one lane's fault.
    pub lane: Option<u32>,
    /// The buffer or shared array.
    pub array: Option<String>,
    /// The element of it.
    pub index: Option<u64>,
    /// Byte address: of the device for a buffer, in the block's shared memory for an array.
    pub address: Option<u64>,
    /// The other side of a race.
    pub other: Option<Place>,
    /// How often it happened, by lane where lanes do it.
    pub times: u64,
}

/// A line of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The path as it was compiled.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// A global access beyond the buffer: a load reads poison, a store is dropped.
    OutOfBounds,
    /// A shared access beyond the array.
    SharedOutOfBounds,
    /// A 16-byte or paired access whose address the size does not divide.
    Misaligned,
    /// A shared word is read that the block has not written.
    Uninitialised,
    /// A global element is read, of a buffer that was made without values, and nothing has written it.
    GlobalUninitialised,
    /// A warp reads what another wrote, with no barrier between.
    ReadAfterWrite,
    /// A warp overwrites what another read, with no barrier between.
    WriteAfterRead,
    /// A warp overwrites what another wrote, with no barrier between.
    WriteAfterWrite,
    /// As [`ReadAfterWrite`](Self::ReadAfterWrite), by two lanes of one warp with no `syncwarp` between.
    LaneReadAfterWrite,
    /// As [`WriteAfterRead`](Self::WriteAfterRead), by two lanes of one warp.
    LaneWriteAfterRead,
    /// As [`WriteAfterWrite`](Self::WriteAfterWrite), by two lanes of one warp.
    LaneWriteAfterWrite,
    /// A global element is read that another block, warp or lane stored, with nothing to order the two.
    GlobalReadAfterWrite,
    /// A global element is stored twice, with nothing to order the two.
    GlobalWriteAfterWrite,
    /// A lane uses a value that was made while the lane was off.
    Poison,
    /// A shuffle reads a lane that is off.
    ShuffleInactive,
    /// An mma without all 32 lanes.
    PartialMma,
    /// An integer division by zero.
    DivisionByZero,
    /// A warp returned while others wait at a barrier. Ends the launch.
    BarrierLeft,
    /// Warps wait at different barriers.
    BarrierSplit,
    /// `w.sync()` without `.await`.
    NotAwaited,
    /// The kernel awaits something that is no barrier. Ends the launch.
    ForeignAwait,
    /// The kernel declares more shared memory than the launch gives it. Ends the launch.
    SharedTooSmall,
    /// Two warps declare shared arrays differently. Ends the launch.
    SharedDiffers,
    /// The budget of instructions is spent. Ends the launch.
    Endless,
}

impl Place {
    pub(crate) fn of(at: &Location<'_>) -> Self {
        Self { file: at.file().to_owned(), line: at.line(), column: at.column() }
    }
}

/// `kernel.rs:12`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        write!(f, "{name}:{}", self.line)
    }
}

/// `kernel.rs:14, block (0, 0, 0): warp 1 reads ..`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, z] = self.block;
        write!(f, "{}, block ({x}, {y}, {z}): {}", self.at, self.message)
    }
}
