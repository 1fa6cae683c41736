//! A GPU on one core of this machine: kernels in the shape of CUDA's, run exactly, counted by the rules of NVIDIA's own
//! guides, and watched for races. Left out: time. There is no clock, no latency and no cache here, only counts.
//!
//! ```
//! use lab_sdk::simt::{Cfg, G, Warp, launch};
//!
//! // y = a x + y: thread i of the grid owns element i; the last block is partly empty.
//! async fn saxpy(w: Warp, n: u32, a: f32, x: G<f32>, y: G<f32>) {
//!     let i = w.tid() + w.bid[0] * w.bdim[0];
//!     w.if_(i.lt(n), || {
//!         let v = w.ld(&x, i) * a + w.ld(&y, i);
//!         w.st(&y, i, v);
//!     });
//! }
//!
//! let (x, y) = (G::new("x", &[1.0; 1000]), G::new("y", &[2.0; 1000]));
//! let report = launch(Cfg::new([4, 1, 1], [256, 1, 1]), |w| saxpy(w, 1000, 3.0, x.clone(), y.clone()))?;
//! assert!(report.faults.is_empty());
//! assert_eq!(y.to_vec(), vec![5.0; 1000]);
//! assert_eq!(report.counters.gld_sectors, 2 * 1000 / 8); // x and y, eight floats to a sector
//! # Ok::<(), lab_sdk::Error>(())
//! ```
//!
//! # The model
//!
//! * A value of a kernel is a register of 32 lanes, [`V<T>`](V): [`F`], [`U`], [`I`], [`H2`], [`B2`]; a condition is [`P`].
//!   A warp is one stream of instructions over such values, as in the hardware.
//! * Control flow that is the same for the whole warp is plain Rust: `for k in 0..n`. Where lanes may part, the branch is
//!   said: [`if_`](Warp::if_), [`if_else`](Warp::if_else), [`while_`](Warp::while_) switch lanes off and on again.
//! * A variable that changes inside a branch is a [`Reg`]: `set` writes the lanes that are on. Rust's `=` replaces all
//!   32; the lanes that were off then hold poison (NaN, `0xDEADBEEF`), and using one is a fault that says so.
//! * A barrier is `w.sync().await`. It does not compile inside `if_`, whose body is no `async` block: a barrier that only
//!   some lanes reach hangs a real GPU.
//! * The warps of a block run between two barriers in an order drawn from [`Cfg::seed`], and so do the blocks: a missing
//!   barrier computes wrong numbers, here as there, and the history of every shared word names both sides of the race.
//!
//! # What is counted
//!
//! | rule | counts | source |
//! | --- | --- | --- |
//! | R1 | a warp's global access costs the distinct 32-byte sectors that its active lanes touch; lines are 128 bytes | CUDA C++ Best Practices Guide 10.2.1 |
//! | R2 | buffers begin at addresses that 256 divides; [`G::offset`] gives a view at an offset | same, cudaMalloc |
//! | R3 | 32 banks of 4 bytes; bank = (byte address / 4) mod 32 | same, 10.2.3.1 |
//! | R4 | a shared access costs the most distinct words in one bank (wavefronts); lanes that share a word cost nothing | same |
//! | R5 | a 16-byte access (`ld4`) is one instruction; its sectors are counted over the warp | R1 |
//! | R6 | both sides of a branch are issued when both have lanes, an empty side is skipped; lanes meet again at its end | CUDA C++ Programming Guide, SIMT Architecture |
//! | R7 | each operator, access, shuffle, vote, barrier, branch and mma is one warp instruction, whatever the lanes | Nsight Compute: smsp__inst_executed |
//! | R8 | a shuffle reads lanes that are on; reading another gives poison and is a fault | Programming Guide, Warp Shuffle Functions |
//! | R9 | write-read, read-write and write-write of one shared word by two warps with no barrier between, or by two lanes of a warp with no `syncwarp` between. Two writes of one value are none | Compute Sanitizer, racecheck |
//! | R10 | every warp of the block reaches every barrier | Programming Guide, Synchronization Functions; PTX ISA, barrier |
//! | R11 | where the elements of a fragment of mma.m16n8k16 lie | PTX ISA 9.7.14.5.8 |
//! | R12 | how many blocks an SM holds | Programming Guide, Compute Capabilities; cuda_occupancy.h |
//!
//! Thread, lane and block numbers, constants, and moves between registers are no instructions: compilers make them vanish.

mod access;
mod atomic;
mod banks;
mod barrier;
mod bounds;
mod cfg;
mod counters;
mod fault;
mod float;
mod global;
mod halves;
mod history;
mod int;
mod lanes;
mod launch;
mod machine;
mod mma;
mod now;
mod occupancy;
mod operator;
mod order;
mod predicate;
mod preset;
mod race;
mod reg;
mod sectors;
mod shared;
mod shuffle;
mod trace;
mod value;
mod warp;

pub use atomic::Additive;
pub use barrier::Barrier;
pub(crate) use cfg::commas;
pub use cfg::{Cfg, MAX_BUDGET, MAX_WARPS, Order};
pub use counters::Counters;
pub use fault::{Fault, FaultKind, Place};
pub use global::G;
pub use half::{bf16, f16};
pub use launch::{Report, launch};
pub use occupancy::{Limit, Occupancy, occupancy};
pub use predicate::P;
pub use preset::{Preset, Sm};
pub use reg::Reg;
pub use shared::S;
pub use trace::{Issue, LaneAccess, Surplus, Trace};
pub use value::{Element, Half, V};
pub use warp::Warp;

/// Lanes of a warp.
pub const W: usize = 32;

/// 32 floats, one a lane.
pub type F = V<f32>;
/// 32 unsigned integers: indices, bits.
pub type U = V<u32>;
/// 32 signed integers.
pub type I = V<i32>;
/// 32 pairs of `f16`: two halves of one 32-bit register.
pub type H2 = V<[f16; 2]>;
/// 32 pairs of `bf16`.
pub type B2 = V<[bf16; 2]>;
