//! Triton's model of a GPU on one core of this machine: a program works on tiles, and what its loads and stores cost is
//! counted. Left out: time, threads, and how a compiler lays a tile out; only counts.
//!
//! ```
//! use lab_sdk::tile::{Dtype, Prog, Ptr, launch_tiles};
//!
//! // z = a x + y: program i owns the i-th block; the last block is partly empty.
//! fn axpy(p: &Prog, n: i64, a: f32, x: &Ptr, y: &Ptr, z: &Ptr, block: usize) {
//!     let offs = p.program_id(0) * block as i64 + p.arange(block);
//!     let mask = offs.lt(n);
//!     let v = p.load(x, &offs, &mask, 0.0) * a + p.load(y, &offs, &mask, 0.0);
//!     p.store(z, &offs, &v, &mask);
//! }
//!
//! let (x, y) = (Ptr::f32("x", [1.0; 1000]), Ptr::f32("y", [2.0; 1000]));
//! let z = Ptr::poisoned("z", Dtype::F32, 1000);
//! let report = launch_tiles([4, 1, 1], None, |p| axpy(p, 1000, 3.0, &x, &y, &z, 256))?;
//! assert!(report.faults.is_empty());
//! assert_eq!(z.to_vec(), vec![5.0; 1000]);
//! assert_eq!(report.counters.ld_bytes, 2 * 4 * 1000); // what the mask switches off is not read
//! # Ok::<(), lab_sdk::Error>(())
//! ```
//!
//! # The model
//!
//! * A program is one thread block. Its values are tiles of rank 0, 1 or 2: [`T`] of data, [`I`] of offsets, [`B`] of
//!   conditions. The sides of a tile are powers of two; what is too much is masked.
//! * Control flow is plain Rust, the same for the whole program. Elements that part are chosen by [`T::where_`].
//! * Tiles broadcast as NumPy's arrays: from the right, a side of 1 stretches. [`col`](T::col) and [`row`](T::row) are
//!   `x[:, None]` and `x[None, :]`.
//! * A buffer is a [`Ptr`] with a [`Dtype`]. A loaded tile has the type of the buffer, and arithmetic follows Triton:
//!   f16 with f16 gives f16, rounded at each operation; with f32 it gives f32; a number takes the type of the tile; a
//!   quotient is f32. A store converts.
//! * [`T::dot`] takes two tiles of one float type and adds up in f32.
//! * Programs run one after the other, x fastest, and must not need that order: what one stores another may not read.
//!
//! # What is counted
//!
//! | rule | counts | source |
//! | --- | --- | --- |
//! | bytes | elements that are on, times the bytes of one, for each load and store | definition |
//! | sectors | distinct 32-byte sectors that a load or store touches with all its elements | R1 of [`simt`](crate::simt) |
//! | unique sectors | distinct sectors of the launch: what an unlimited cache would read and write | definition |
//! | L2 | a fully associative LRU of 128-byte lines, cold at the start, fed by each access in the order of addresses; a load of a line that is not there is a miss, a store brings its line in | the effect of program order: Triton tutorial 03 |
//! | live bytes | tiles of data from the operation that makes them until the last Rust value of them falls; operands live while an operation runs. Offsets and masks are free | stands in for shared memory and registers |
//! | flops | 2 m n k of each dot | definition |
//!
//! A program whose live tiles exceed the shared memory of a block of the [`Preset`] does not fit, and the launch ends.

mod access;
mod cfg;
mod counters;
mod dot;
mod dtype;
mod fault;
mod float;
mod int;
mod launch;
mod lru;
mod machine;
mod mask;
mod math;
mod now;
mod operator;
mod order;
mod prog;
mod ptr;
mod reduce;
mod shape;
mod trace;

pub use crate::simt::{Place, Preset};
pub use access::{Does, Values};
pub use cfg::{Cfg, MAX_BUDGET, MAX_PROGRAMS};
pub use counters::Counters;
pub use dtype::Dtype;
pub use fault::{Fault, FaultKind};
pub use float::T;
pub use int::I;
pub use launch::{TileReport, launch, launch_tiles};
pub use lru::{L2, Lru};
pub use mask::B;
pub use operator::{Operand, Tile};
pub use prog::Prog;
pub use ptr::Ptr;
pub use shape::{MAX_ELEMENTS, Shape};
pub use trace::{Extent, Part, Touch, Trace};
