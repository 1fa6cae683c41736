//! Every kernel, with all instructions that this machine has, held against plain sums.

mod decode;
mod gemm;
mod packed;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws of one seed.
struct Draw(ChaCha8Rng);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Any int8; each extreme one time in eight.
    fn codes(&mut self, count: usize) -> Vec<i8> {
        let mut one = || match self.0.random_range(0..8) {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => self.0.random(),
        };
        (0..count).map(|_| one()).collect()
    }

    /// -1 to 1.
    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(-1.0..1.0)).collect()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.0.random()).collect()
    }
}
