//! Kernels that are as fast as one thread of this machine allows: products of int8 matrices, and what decoding reads from
//! memory: packed weights and the cache of keys and values.
//!
//! Which instructions they use is a value, [`Isa`]: a test passes each that the machine has.

mod blocks;
mod decode;
mod dot;
mod eight;
mod gemm;
mod isa;
mod pack;
mod peak;
#[cfg(test)]
mod tests;
mod vector;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use blocks::{Blocks, Format};
pub use decode::{Kept, decode};
pub use gemm::{Packed, matmul};
pub use isa::Isa;
pub use peak::multiply_add;
pub use vector::gemv;
#[cfg(target_arch = "x86_64")]
pub use vnni::Vnni;
