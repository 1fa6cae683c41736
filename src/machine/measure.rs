//! Measuring the roofs of one thread.

use super::vectors::{multiply_add, read, triad};
use super::{Rate, Roofs};
use lab_sdk::{DType, Device, Error, Result, Tensor};
use pulp::Arch;
use std::hint::black_box;
use std::time::Instant;

/// The smallest and the largest working set, bytes; between them each is twice the one before.
const SMALLEST: usize = 16 << 10;
const LARGEST: usize = 256 << 20;
/// A vector, or a line of the cache: arrays begin and end at multiples of so many bytes.
const LINE: usize = 64;
/// Seconds that one timing takes at least; shorter work is repeated.
const TIMING: f64 = 1e-3;
/// Timings at most, and how many in a row may bring no more than `GAIN` before the best one stands.
const TIMINGS: usize = 60;
const PATIENCE: usize = 8;
const GAIN: f64 = 1.005;
/// Extents of the square matrices that are multiplied.
const EXTENTS: [usize; 3] = [256, 512, 1024];

/// Measures the roofs on one thread; `progress` hears how far it is (0 to 1). Takes two to three seconds.
pub fn measure(progress: impl FnMut(f64) + Send) -> Result<Roofs> {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| Error::new(e.to_string()))?;
    one.install(|| roofs(progress))
}

fn roofs(mut progress: impl FnMut(f64)) -> Result<Roofs> {
    let arch = Arch::new();
    let gemm = gemm()?;
    let registers = best(|| multiply_add(arch, 4096) as f64);
    progress(0.2);
    // Twice a line more than the largest set, so that there is room to begin at a line.
    let mut floats = vec![1.0_f32; (LARGEST + 2 * LINE) / size_of::<f32>()];
    let skip = floats.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
    let floats = &mut floats[skip..];
    let sizes: Vec<usize> =
        std::iter::successors(Some(SMALLEST), |bytes| Some(2 * bytes)).take_while(|b| *b <= LARGEST).collect();
    let mut sweep = Vec::new();
    for (at, bytes) in sizes.iter().enumerate() {
        sweep.push(rate(arch, floats, *bytes));
        progress(0.2 + 0.8 * (at + 1) as f64 / sizes.len() as f64);
    }
    Ok(Roofs { flops: registers.max(gemm), gemm, sweep })
}

/// FLOPs a second of candle's blocked product of square matrices.
fn gemm() -> Result<f64> {
    let mut fastest = 0.0_f64;
    for n in EXTENTS {
        let a = Tensor::ones((n, n), DType::F32, &Device::Cpu)?;
        a.matmul(&a)?;
        fastest = fastest.max(best(|| {
            black_box(a.matmul(&a).is_ok());
            2.0 * (n * n * n) as f64
        }));
    }
    Ok(fastest)
}

fn rate(arch: Arch, floats: &mut [f32], bytes: usize) -> Rate {
    // Arrays of whole lines, one after the other.
    let part = |arrays: usize| bytes / arrays / LINE * LINE / size_of::<f32>();
    let moved = |arrays: usize| (arrays * part(arrays) * size_of::<f32>()) as f64;
    let read = best(|| {
        black_box(read(arch, black_box(&floats[..part(1)])));
        moved(1)
    });
    let copy = best(|| {
        let (to, from) = floats.split_at_mut(part(2));
        black_box(&mut *to).copy_from_slice(black_box(&from[..part(2)]));
        moved(2)
    });
    let triad = best(|| {
        let (a, rest) = floats.split_at_mut(part(3));
        let (b, c) = rest.split_at(part(3));
        triad(arch, black_box(a), black_box(b), black_box(&c[..part(3)]));
        moved(3)
    });
    Rate { bytes: bytes as u64, read, copy, triad }
}

/// The most that `work` does in a second; it returns how much it does in one call.
fn best(mut work: impl FnMut() -> f64) -> f64 {
    let mut calls = 1_u32;
    let (mut most, mut idle) = (0.0_f64, 0);
    for _ in 0..TIMINGS {
        let started = Instant::now();
        let done: f64 = (0..calls).map(|_| work()).sum();
        let took = started.elapsed().as_secs_f64().max(1e-9);
        if took < TIMING {
            calls = calls.saturating_mul(2).max((f64::from(calls) * TIMING / took) as u32);
        }
        idle = if done / took > GAIN * most { 0 } else { idle + 1 };
        most = most.max(done / took);
        if idle >= PATIENCE {
            break;
        }
    }
    most
}
