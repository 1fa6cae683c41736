//! The replay of `oracle/`: NVIDIA's occupancy calculator through the solution, and the figures of the brief.

use super::super::solution;
use super::{GPUS, spec};
use lab_sdk::simt::{Cfg, G, Preset, Warp, launch};
use lab_sdk::{KernelRes, Result, SmSpec, ensure};
use serde_json::Value as Json;

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    Ok(calculator()? + kernels()? + sectors()?)
}

/// Blocks on an SM, and what stops the next one, of drawn kernels on four GPUs.
fn calculator() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    for gpu in GPUS {
        let stored: SmSpec = serde_json::from_value(golden["gpus"][gpu.sm().name].clone())?;
        ensure!(stored == spec(gpu), "{}: {stored:?}, the simulator has {:?}", gpu.sm().name, spec(gpu));
    }
    let mut compared = 0;
    for row in list(&golden["kernels"]) {
        let sm: SmSpec = serde_json::from_value(golden["gpus"][row[0].as_str().unwrap_or_default()].clone())?;
        let k = KernelRes { threads: number(&row[1])?, regs: number(&row[2])?, smem: number(&row[3])?, grid: 1 };
        let got = solution::occupancy(&k, &sm)?;
        ensure!(got.blocks == number(&row[4])?, "{row}: {} blocks", got.blocks);
        ensure!(list(&row[5]).contains(&serde_json::to_value(got.limiter)?), "{row}: {:?}", got.limiter);
        compared += 2;
    }
    Ok(compared)
}

/// Occupancy of six kernels on an A100 in whole percent, as a profiler prints it, and their rows in the brief.
fn kernels() -> Result<usize> {
    let figures = figures()?;
    let (sm, brief) = (spec(Preset::A100), include_str!("../brief.md"));
    for row in list(&figures["kernels"]) {
        let (threads, regs, smem) = (number(&row["threads"])?, number(&row["regs"])?, number(&row["smem"])?);
        let k = KernelRes { threads, regs, smem, grid: 1 << 20 };
        let (held, percent) = (solution::occupancy(&k, &sm)?, solution::achieved(&k, &sm)?.round());
        ensure!(percent == number(&row["percent"])? as f64, "{row}: {percent} %");
        ensure!(serde_json::to_value(held.limiter)? == row["limiter"], "{row}: {:?}", held.limiter);
        let printed = format!("{threads:>7}{regs:>9}{smem:>10}{:>8}{percent:>8} %", held.blocks);
        ensure!(brief.contains(&printed), "the brief does not print `{printed}`");
    }
    Ok(2 * list(&figures["kernels"]).len())
}

/// Sectors of one warp's load, by stride and offset.
fn sectors() -> Result<usize> {
    let figures = figures()?;
    for row in list(&figures["sectors"]) {
        let (stride, offset) = (number(&row["stride"])? as u32, number(&row["offset"])? as u32);
        let x = G::new("x", vec![0.0; 1100]);
        let report = launch(Cfg::default(), async |w: Warp| {
            w.ld(&x, w.lane() * stride + offset);
        })?;
        ensure!(report.counters.gld_sectors == number(&row["sectors"])?, "{row}: {}", report.counters.gld_sectors);
    }
    Ok(list(&figures["sectors"]).len())
}

fn figures() -> Result<Json> {
    Ok(serde_json::from_slice(include_bytes!("../oracle/figures.json"))?)
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn number(json: &Json) -> Result<u64> {
    json.as_u64().ok_or_else(|| format!("{json} is no count").into())
}
