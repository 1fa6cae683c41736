//! Measuring the roofs of one thread.

use super::vectors::{multiply_add, read, triad};
use super::{Rate, Roofs};
use crate::kernels::{self, Isa};
use lab_sdk::{DType, Device, Error, Result, Tensor};
use pulp::Arch;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The smallest and the largest working set, bytes; between them each is twice the one before.
const SMALLEST: usize = 16 << 10;
const LARGEST: usize = 256 << 20;
/// A vector, or a line of the cache: arrays begin and end at multiples of so many bytes.
const LINE: usize = 64;
/// Seconds that one timing takes at least; shorter work is repeated.
const TIMING: f64 = 1e-3;
/// Timings of one kind of work in a round.
const TIMINGS: usize = 4;
/// A roof stands when after `ROUNDS` rounds its second best came as near to its best as `NEAR`, or at the end of `PATIENCE`.
const ROUNDS: usize = 10;
const NEAR: f64 = 0.03;
const PATIENCE: Duration = Duration::from_secs(15);
/// Extents of the square matrices that are multiplied.
const EXTENTS: [usize; 3] = [384, 512, 768];

/// Measures the roofs on one thread; `progress` hears how far it is (0 to 1). What was not reached twice is measured again, later
/// and in other memory, so that neither a neighbour's work nor the place of the pages decides. Takes six to sixteen seconds.
pub fn measure(progress: impl FnMut(f64) + Send) -> Result<Roofs> {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| Error::new(e.to_string()))?;
    one.install(|| rounds(progress))
}

fn rounds(mut progress: impl FnMut(f64)) -> Result<Roofs> {
    let arch = Arch::new();
    let [mut registers, mut gemm, mut integer] = [Reached::default(); 3];
    let sizes = std::iter::successors(Some(SMALLEST), |bytes| Some(2 * bytes)).take_while(|b| *b <= LARGEST);
    let mut sweep: Vec<Swept> = sizes.map(Swept::new).collect();
    let started = Instant::now();
    loop {
        if !registers.stands() {
            registers.add(best(|| multiply_add(arch, 4096) as f64));
        }
        if !gemm.stands() {
            gemm.add(product()?);
        }
        if !integer.stands() {
            integer.add(best(|| kernels::multiply_add(Isa::best(), 4096) as f64));
        }
        memory(arch, &mut sweep);
        let reached = || [&registers, &gemm, &integer].into_iter().chain(sweep.iter().map(|swept| &swept.reached));
        let (standing, all) = (reached().filter(|roof| roof.stands()).count(), reached().count());
        progress((standing as f64 / all as f64).max(started.elapsed().as_secs_f64() / PATIENCE.as_secs_f64()).min(1.0));
        if standing == all || started.elapsed() > PATIENCE {
            let apart = reached().map(Reached::apart).fold(0.0, f64::max);
            let flops = registers.best.max(gemm.best);
            let sweep = sweep.into_iter().map(|swept| swept.rate).collect();
            return Ok(Roofs { flops, gemm: gemm.best, integer: integer.best, sweep, apart });
        }
    }
}

/// What the rounds reached of one roof.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    rounds: usize,
    best: f64,
    second: f64,
}

impl Reached {
    fn add(&mut self, rate: f64) {
        self.rounds += 1;
        self.second = self.second.max(rate.min(self.best));
        self.best = self.best.max(rate);
    }

    /// By how much of the best the second best stays below it.
    fn apart(&self) -> f64 {
        1.0 - self.second / self.best
    }

    fn stands(&self) -> bool {
        self.rounds >= ROUNDS && self.apart() <= NEAR
    }
}

/// One working set.
struct Swept {
    rate: Rate,
    reached: Reached,
}

impl Swept {
    fn new(bytes: usize) -> Self {
        Self { rate: Rate { bytes: bytes as u64, read: 0.0, copy: 0.0, triad: 0.0 }, reached: Reached::default() }
    }
}

/// One round over the working sets that do not stand yet, in memory of its own.
fn memory(arch: Arch, sweep: &mut [Swept]) {
    let open = || sweep.iter().filter(|swept| !swept.reached.stands());
    let Some(largest) = open().map(|swept| swept.rate.bytes as usize).max() else { return };
    // A line more than the largest set, so that there is room to begin at a line.
    let mut floats = vec![1.0_f32; (largest + 2 * LINE) / size_of::<f32>()];
    let skip = floats.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
    for swept in sweep.iter_mut().filter(|swept| !swept.reached.stands()) {
        let rate = rate(arch, &mut floats[skip..], swept.rate.bytes as usize);
        swept.reached.add(rate.best());
        swept.rate = swept.rate.raised(&rate);
    }
}

/// FLOPs a second of candle's blocked product of square matrices.
fn product() -> Result<f64> {
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
    let (mut calls, mut most, mut timings) = (1_u32, 0.0_f64, 0);
    while timings < TIMINGS {
        let started = Instant::now();
        let done: f64 = (0..calls).map(|_| work()).sum();
        let took = started.elapsed().as_secs_f64().max(1e-9);
        most = most.max(done / took);
        match took < TIMING {
            true => calls = calls.saturating_mul(2).max((f64::from(calls) * TIMING / took) as u32),
            false => timings += 1,
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::{ROUNDS, Reached};

    #[test]
    fn a_roof_stands_when_it_was_reached_twice() {
        let after = |first: &[f64]| {
            let mut reached = Reached::default();
            first.iter().chain([10.0].iter().cycle()).take(ROUNDS).for_each(|rate| reached.add(*rate));
            (reached.apart(), reached.stands())
        };
        assert_eq!(after(&[100.0]), (0.9, false));
        assert_eq!(after(&[50.0, 75.0, 100.0]), (0.25, false));
        assert_eq!(after(&[100.0, 10.0, 100.0]), (0.0, true));
        assert!(after(&[98.0, 100.0]).1);
        let mut early = Reached::default();
        (1..ROUNDS).for_each(|_| early.add(100.0));
        assert!(!early.stands());
    }
}
