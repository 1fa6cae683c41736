//! The experiment `waves`: the learner's launches over many sizes, beside one launch for all.

use super::super::solution;
use super::launches::{WORK, percent, work};
use super::spec;
use crate::args;
use crate::grading::{Bench, Draw, Stop, part, plain};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::simt::Preset;
use lab_sdk::{KernelRes, SmSpec, Value, Work};

/// Sizes of the curve: the first waves of an A100.
const SIZES: u64 = 60;
const STEP: u64 = 25_000;

/// Five drawn kernels, then a curve over the size.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let sm = spec(Preset::A100);
    let mut draw = Draw::new(bench.seed, "waves");
    let (mut worst, mut saved) = (0.0_f64, f64::INFINITY);
    for _ in 0..5 {
        let (n, work) = (draw.log_uniform(1e5, 1e8) as u64, work(&mut draw));
        let (block, per_thread) = launch(bench, n, &work, &sm)?;
        let over = percent(n, &work, &sm, block, per_thread)?;
        worst = if over.is_nan() { f64::INFINITY } else { worst.max(1.0 + over / 100.0) };
        let usual = solution::kernel_cycles(n, &work, &sm, 256, 1)? as f64;
        saved = saved.min(usual / (1.0 + over / 100.0) / best(n, &work, &sm)?);
    }
    bench.measured("cycles over the fewest, worst of 5 kernels", worst, "times", Clock::Count);
    bench.measured("cycles of 256 threads with an element each, over yours, least of 5", saved, "times", Clock::Count);
    bench.chart(limits(&sm));
    let curve = curve(bench, &sm)?;
    bench.chart(curve);
    Ok(())
}

/// The launch that the learner's function chooses.
fn launch(bench: &mut Bench<'_>, n: u64, work: &Work, sm: &SmSpec) -> Result<(i128, i128), Stop> {
    let launch = bench.call("choose_launch", &args![n, *work, *sm])?;
    match (part(&launch, 0), part(&launch, 1)) {
        (Some(Value::Int(block)), Some(Value::Int(per_thread))) => Ok((*block, *per_thread)),
        _ => Err(Stop::other_kind("choose_launch", &launch, "a pair of integers")),
    }
}

fn best(n: u64, work: &Work, sm: &SmSpec) -> lab_sdk::Result<f64> {
    let (block, per_thread) = solution::choose_launch(n, work, sm)?;
    Ok(solution::kernel_cycles(n, work, sm, block, per_thread)? as f64)
}

/// What each resource of an A100 allows of a kernel of matrix products: 128 threads, 86 registers, 32 KiB.
fn limits(sm: &SmSpec) -> Chart {
    let k = KernelRes { threads: 128, regs: 86, smem: 32 * 1024, grid: 1 };
    let of_warp = (32 * k.regs).next_multiple_of(sm.reg_unit);
    let rows = [
        ("warps", sm.warps / (k.threads / 32)),
        ("blocks", sm.blocks),
        ("registers", sm.regs / sm.parts / of_warp * sm.parts / (k.threads / 32)),
        ("shared memory", sm.smem / (k.smem + sm.reserved).next_multiple_of(sm.smem_unit)),
    ];
    let title = "blocks of 128 threads, 86 registers each, 32 KiB, that each resource of an SM has room for";
    Chart::bars(title, "blocks", rows.map(|(name, blocks)| (name, blocks as f64)))
}

/// Cycles over the size: the saw-tooth of one launch for all, and the learner's.
fn curve(bench: &mut Bench<'_>, sm: &SmSpec) -> Result<Chart, Stop> {
    let (mut usual, mut yours, mut steps) = (Vec::new(), Vec::new(), 0);
    for i in 1..=SIZES {
        let n = i * STEP;
        bench.progress("cycles over the size", i as f64 / SIZES as f64);
        let one = solution::kernel_cycles(n, &WORK, sm, 256, 1)? as f64;
        steps += usize::from(usual.last().is_some_and(|last: &(f64, f64)| last.1 < one));
        usual.push((n as f64, one));
        let (block, per_thread) = launch(bench, n, &WORK, sm)?;
        let over = percent(n, &WORK, sm, block, per_thread)?;
        yours.push((n as f64, best(n, &WORK, sm)? * (1.0 + over / 100.0)));
    }
    let last = |points: &[(f64, f64)]| points.last().map_or(f64::NAN, |p| p.1);
    bench.remark(format!(
        "256 threads, an element each, climb {steps} stairs up to {} million elements, and end at {} times your cycles",
        plain((SIZES * STEP) as f64 / 1e6, 3),
        plain(last(&usual) / last(&yours), 3)
    ));
    let series = [Series::line("256 threads, 1 element", usual), Series::line("yours", yours)];
    let (x, y) = (Axis::new("elements", ""), Axis::new("cycles", ""));
    Ok(Chart::plane("cycles on an A100, over the number of elements", x, y, series))
}
