//! The step `occupancy`: blocks on an SM, what stops the next one, and what the whole grid brings.

use super::{GPUS, spec};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script};
use lab_sdk::simt::Preset;
use lab_sdk::{KernelRes, Result, SmSpec};

/// Kernels of a check.
const KERNELS: usize = 50;

/// The checks of `occupancy`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let a100 = spec(Preset::A100);
    let known = [(128, 160, 16_384), (128, 86, 32_768), (256, 27, 0), (1024, 64, 0), (1024, 65, 0), (32, 32, 0)];
    let known =
        known.map(|(threads, regs, smem)| asks("occupancy", KernelRes { threads, regs, smem, grid: 4096 }, a100));
    let mut drawn = |of: fn(&mut Draw, &SmSpec) -> [i64; 3]| -> Vec<Script> {
        let one = |_| {
            let sm = spec(*draw.choose(&GPUS));
            let [threads, regs, smem] = of(draw, &sm).map(|n| n as u64);
            asks("occupancy", KernelRes { threads, regs, smem, grid: 4096 }, sm)
        };
        (0..KERNELS).map(one).collect()
    };
    let registers = drawn(|draw, _| [32 * draw.int(1..=32), draw.int(40..=255), 0]);
    let shared = drawn(|draw, sm| [32 * draw.int(1..=8), 16, draw.int(4096..=sm.smem as i64)]);
    let small = drawn(|draw, _| [draw.int(1..=64), draw.int(16..=32), 0]);
    let odd = drawn(|draw, _| [draw.int(33..=1024), draw.int(16..=64), 0]);
    let any = drawn(|draw, sm| [draw.int(1..=1024), draw.int(1..=255), draw.int(0..=sm.smem as i64 / 2)]);
    let nothing = drawn(|draw, sm| match draw.one_in(2) {
        true => [1024, draw.int(65..=255), 0],
        false => [128, 32, sm.smem as i64 - draw.int(0..=1023)],
    });
    let refused = |threads, regs| asks("occupancy", KernelRes { threads, regs, smem: 0, grid: 1 }, a100);
    let mut estimates = |waves: std::ops::RangeInclusive<i64>| -> Vec<Script> {
        let one = |_| {
            let sm = spec(*draw.choose(&GPUS));
            let grid = (draw.int(waves.clone()) as u64 * sm.sms / 8).max(1);
            let (threads, regs) = (32 * draw.int(1..=16) as u64, draw.int(24..=128) as u64);
            asks("achieved", KernelRes { threads, regs, smem: 0, grid }, sm)
        };
        (0..KERNELS).map(one).collect()
    };
    let (filled, sparse) = (estimates(400..=4000), estimates(0..=12));
    let below = [1, 96, 107].map(|grid| asks("achieved", KernelRes { threads: 128, regs: 32, smem: 0, grid }, a100));
    Ok(vec![
        Check::exact("kernels of an A100", known.to_vec()),
        Check::exact("blocks that registers allow", registers),
        Check::exact("blocks that shared memory allows", shared),
        Check::exact("small blocks", small),
        Check::exact("a last warp that is not full", odd),
        Check::exact("any kernel", any),
        Check::exact("a block that does not fit", nothing),
        Check::refuses(
            "`occupancy` refuses what is no block",
            vec![refused(0, 32), refused(1025, 32), refused(128, 0), refused(128, 256)],
        ),
        Check::by("achieved, on a grid that fills the GPU", Rule::Ulps(8), filled),
        Check::by("achieved, on a grid that does not", Rule::Ulps(8), [sparse, below.to_vec()].concat()),
    ])
}

/// One question about a kernel on a GPU, which a smaller case keeps.
fn asks(function: &'static str, k: KernelRes, sm: SmSpec) -> Script {
    Script::call(function, args![k, sm]).keep(&[1])
}
