//! The roofs of this machine for one thread, measured: how fast it multiplies, and how fast it moves bytes.

use lab_sdk::{DType, Device, Error, Result, Tensor};
use std::hint::black_box;
use std::time::Instant;

/// Times a roof is measured; the best counts, for a roof is what can be reached.
const TRIES: usize = 5;

/// What one thread can do at best.
#[derive(Clone, Copy, Debug)]
pub struct Roofs {
    /// f32 FLOPs a second, in a matrix product.
    pub flops: f64,
    /// Bytes a second, copying more than any cache holds.
    pub memory: f64,
    /// Bytes a second, copying as many bytes as were asked for.
    pub near: f64,
}

/// Measures the roofs; `near` with a working set of so many bytes. Takes about half a second.
pub fn roofs(working_set: usize) -> Result<Roofs> {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| Error::new(e.to_string()))?;
    one.install(|| Ok(Roofs { flops: flops()?, memory: copying(256 << 20), near: copying(working_set) }))
}

fn flops() -> Result<f64> {
    const N: usize = 512;
    let a = Tensor::ones((N, N), DType::F32, &Device::Cpu)?;
    let mut best = 0.0_f64;
    for _ in 0..2 * TRIES {
        let started = Instant::now();
        black_box(a.matmul(&a)?);
        best = best.max(2.0 * (N * N * N) as f64 / started.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Bytes read and written a second, when `working_set` of them are read and written.
fn copying(working_set: usize) -> f64 {
    let half = (working_set / 2).max(1 << 16);
    let (from, mut to) = (vec![1_u8; half], vec![0_u8; half]);
    let again = ((64 << 20) / half).max(1);
    let mut best = 0.0_f64;
    for _ in 0..TRIES {
        let started = Instant::now();
        for _ in 0..again {
            black_box(&mut to).copy_from_slice(black_box(&from));
        }
        best = best.max((2 * half * again) as f64 / started.elapsed().as_secs_f64());
    }
    best
}
