//! What pictures of a run are drawn from: who was on at each instruction, and the first access that cost too much.
//! Recorded only with [`Cfg::trace`](super::Cfg).

use super::Place;
use serde::{Deserialize, Serialize};
use std::panic::Location;

/// Instructions that are kept at most.
const KEPT: usize = 1 << 16;

/// The run of block (0, 0, 0), and the first costly accesses of any block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The kernel's files; [`Issue::file`] counts in them.
    pub files: Vec<String>,
    /// Instructions in the order of issue.
    pub issues: Vec<Issue>,
    /// Whether there were more than are kept.
    pub cut: bool,
    /// The first global access with more sectors than its bytes need.
    pub global: Option<Surplus>,
    /// The first shared access with more than one wavefront.
    pub shared: Option<Surplus>,
}

/// One warp instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The warp.
    pub warp: u32,
    /// In [`Trace::files`].
    pub file: u16,
    /// The kernel's line, from 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// Bit i: lane i was on.
    pub mask: u32,
}

/// An access that costs more than it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surplus {
    /// The kernel's line.
    pub at: Place,
    /// The block.
    pub block: [u32; 3],
    /// The warp.
    pub warp: u32,
    /// The buffer or shared array.
    pub array: String,
    /// Whether it is a store.
    pub store: bool,
    /// Sectors, or wavefronts.
    pub cost: u32,
    /// What as many different elements side by side would cost.
    pub least: u32,
    /// The lanes that were on.
    pub lanes: Vec<LaneAccess>,
}

/// What one lane touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneAccess {
    /// The lane.
    pub lane: u32,
    /// The element.
    pub index: u64,
    /// Byte address: of the device, or in the block's shared memory.
    pub address: u64,
    /// The sector (address / 32), or the bank ((address / 4) mod 32).
    pub unit: u64,
}

impl Trace {
    pub(super) fn issue(&mut self, at: &Location<'_>, warp: u32, mask: u32) {
        if self.issues.len() == KEPT {
            self.cut = true;
            return;
        }
        let file = self.files.iter().position(|file| file == at.file()).unwrap_or_else(|| {
            self.files.push(at.file().to_owned());
            self.files.len() - 1
        });
        self.issues.push(Issue { warp, file: file as u16, line: at.line(), column: at.column(), mask });
    }
}
