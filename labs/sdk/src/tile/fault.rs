//! What a program did wrong, as a value: where, which program and element, and a sentence that says why it is wrong.

use crate::simt::Place;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The first fault of its kind in a launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// What happened and why it is wrong; the place is not repeated.
    pub message: String,
    /// The kernel's line.
    pub at: Place,
    /// The program.
    pub program: [usize; 3],
    /// The element of the tile, counted row by row, where it is one element's fault.
    pub element: Option<u64>,
    /// The buffer.
    pub array: Option<String>,
    /// The element of the buffer.
    pub index: Option<i64>,
    /// Its byte address on the device.
    pub address: Option<u64>,
    /// How often it happened, by element where elements do it.
    pub times: u64,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// An access beyond the buffer that no mask switches off: a load reads poison (NaN), a store is dropped.
    OutOfBounds,
    /// An element is read, of a buffer that was made without values, and nothing has written it.
    Uninitialised,
    /// A program reads what another stored in this launch.
    ReadAfterWrite,
    /// Two programs, or two elements of one store, write different values to one place.
    WriteAfterWrite,
    /// An integer division by zero, which gives 0.
    DivisionByZero,
    /// A dot adds up in less than f32. It goes on, and rounds.
    Accumulator,
    /// A side of a tile that is no power of two. Ends the launch, as do all that follow.
    NotPowerOfTwo,
    /// A tile with more elements than Triton takes.
    TooLarge,
    /// Shapes that do not broadcast, or that a dot cannot multiply.
    Shape,
    /// A tile of the wrong rank, or an axis that is not there.
    Rank,
    /// Elements of a type that the operation does not take.
    Dtype,
    /// The live tiles of a program take more than a block of the preset may have.
    DoesNotFit,
    /// The budget of work is spent.
    Endless,
}

/// `kernel.rs:14, program (0, 0, 0): reads ..`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}
