//! The replay of `oracle/`: NVIDIA's occupancy calculator through the solution, and the figures of the brief.

use super::super::solution;
use super::{GPUS, spec};
use crate::grading::Printed;
use crate::grading::golden::{list, of, read};
use lab_sdk::simt::{Cfg, G, Preset, Warp, launch};
use lab_sdk::{KernelRes, Limiter, Result, SmSpec, ensure};

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    Ok(calculator()? + kernels()? + sectors()?)
}

/// Blocks on an SM, and what stops the next one, of drawn kernels on four GPUs.
fn calculator() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    for gpu in GPUS {
        let stored: SmSpec = of(&golden["gpus"][gpu.sm().name])?;
        ensure!(stored == spec(gpu), "{}: {stored:?}, the simulator has {:?}", gpu.sm().name, spec(gpu));
    }
    let mut compared = 0;
    for row in list(&golden["kernels"])? {
        let (gpu, threads, regs, smem, blocks, limiters): (String, _, _, _, u64, Vec<Limiter>) = of(row)?;
        let got = solution::occupancy(&KernelRes { threads, regs, smem, grid: 1 }, &of(&golden["gpus"][gpu])?)?;
        ensure!(got.blocks == blocks, "{row}: {} blocks", got.blocks);
        ensure!(limiters.contains(&got.limiter), "{row}: {:?}", got.limiter);
        compared += 2;
    }
    Ok(compared)
}

/// Occupancy of six kernels on an A100 in whole percent, as a profiler prints it, and their rows in the brief.
fn kernels() -> Result<usize> {
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let (sm, mut printed) = (spec(Preset::A100), Printed::new(&[include_str!("../brief.md")]));
    let rows = list(&figures["kernels"])?;
    for row in rows {
        let (threads, regs, smem) = (of(&row["threads"])?, of(&row["regs"])?, of(&row["smem"])?);
        let k = KernelRes { threads, regs, smem, grid: 1 << 20 };
        let (held, percent) = (solution::occupancy(&k, &sm)?, solution::achieved(&k, &sm)?.round());
        ensure!(percent == of::<f64>(&row["percent"])?, "{row}: {percent} %");
        ensure!(held.limiter == of(&row["limiter"])?, "{row}: {:?}", held.limiter);
        printed.says(&format!("{threads:>7}{regs:>9}{smem:>10}{:>8}{percent:>8} %", held.blocks))?;
    }
    Ok(2 * rows.len() + printed.count())
}

/// Sectors of one warp's load, by stride and offset.
fn sectors() -> Result<usize> {
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let rows = list(&figures["sectors"])?;
    for row in rows {
        let (stride, offset): (u32, u32) = (of(&row["stride"])?, of(&row["offset"])?);
        let x = G::new("x", vec![0.0; 1100]);
        let report = launch(Cfg::default(), async |w: Warp| {
            w.ld(&x, w.lane() * stride + offset);
        })?;
        ensure!(report.counters.gld_sectors == of::<u64>(&row["sectors"])?, "{row}: {}", report.counters.gld_sectors);
    }
    Ok(rows.len())
}
