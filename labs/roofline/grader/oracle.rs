//! The replay of `oracle/golden.json` and `oracle/figures.json`: what PyTorch moved, and what the texts print, through the
//! solution.

use super::super::solution;
use super::family::{Site, conv};
use super::intensity::table;
use super::questions::SHUFFLE;
use super::{GPUS, Gpu};
use crate::grading::plain;
use crate::reference::{arch, flops, kernels::kernel};
use lab_sdk::{Convention, Kernel, Machine, Result, ensure};
use serde::Deserialize;
use serde_json::Value as Json;

const BRIEF: &str = include_str!("../brief.md");
const ANY: Machine = Machine { peak_flops: 1e12, bw: 1e11, launch_us: 0.0 };

/// How many figures the solution gives too; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    let figures: Json = serde_json::from_slice(include_bytes!("../oracle/figures.json"))?;
    let mut compared = 0;
    for (at, record) in golden["records"].as_array().into_iter().flatten().enumerate() {
        let k = Kernel::deserialize(&record["kernel"])?;
        // Our own counts, which graders hand out, are the framework's.
        let inputs: Vec<&[u64]> = k.inputs.iter().map(Vec::as_slice).collect();
        let ours = kernel(k.op.clone(), &inputs)?;
        let width = u32::try_from(int(&record["width"])?).map_err(|e| e.to_string())?;
        let point = solution::roofline(&k, width, &ANY)?;
        let same = ours == k && point.flops == int(&record["flops"])? && point.bytes == int(&record["bytes"])?;
        ensure!(same, "record {at}: {ours:?}, {point:?}, wanted {record}");
        compared += 2;
    }
    Ok(compared + intensities(&figures)? + gpus(&figures)? + shuffle(&figures["shuffle"])? + nets(&figures["nets"])?)
}

/// NVIDIA's table, as printed and in more digits.
fn intensities(figures: &Json) -> Result<usize> {
    let printed = figures["intensities"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kernels = table()?;
    ensure!(printed.len() == kernels.len(), "{} intensities", printed.len());
    for (k, figure) in kernels.iter().zip(printed) {
        let ai = solution::roofline(k, 2, &ANY)?.ai;
        let (rough, fine) = (float(&figure["printed"])?, float(&figure["computed"])?);
        ensure!((ai - fine).abs() < 0.006 && (ai - rough).abs() < 0.09 && says(&plain(rough, 4)), "{ai} for {figure}");
    }
    Ok(2 * kernels.len())
}

/// Peaks from their factors, and ridges.
fn gpus(figures: &Json) -> Result<usize> {
    let known = figures["gpus"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(known.len() == GPUS.len(), "{} GPUs", known.len());
    for (Gpu { name, sms, macs, ghz, peak_flops, bw }, figure) in GPUS.iter().zip(known) {
        let same = figure["name"] == *name && int(&figure["sms"])? == *sms && int(&figure["macs"])? == *macs;
        let rates = [("ghz", *ghz), ("tflops", peak_flops / 1e12), ("gb_s", bw / 1e9)];
        let rates = rates.iter().all(|(key, rate)| float(&figure[*key]).is_ok_and(|printed| (printed - rate).abs() < 1e-9));
        let derived = 2.0 * (sms * macs) as f64 * ghz * 1e9;
        let ridge = format!("{:.1}", peak_flops / bw);
        let printed = ridge == format!("{:.1}", float(&figure["ridge"])?) && says(&ridge);
        ensure!(same && rates && printed && (derived / peak_flops - 1.0).abs() < 0.01, "{figure}: {derived}, {ridge}");
    }
    let a100 = &GPUS[1];
    let peak = format!("{:.1} TFLOP/s", 2e-3 * (a100.sms * a100.macs) as f64 * a100.ghz);
    ensure!(says(&peak), "the brief does not print {peak}");
    Ok(6 * GPUS.len() + 1)
}

/// Four layers of equal MACs: what they move, and how long they took.
fn shuffle(figures: &Json) -> Result<usize> {
    let site = Site { batch: 1, c: 128, side: int(&figures["side"])? };
    let first = conv(site, 128, 128, 1, 1)?;
    let mut moved = Vec::new();
    for (at, (c1, c2, batches)) in SHUFFLE.into_iter().enumerate() {
        let k = conv(site, c1, c2, 1, 1)?;
        let elements = solution::roofline(&k, 1, &ANY)?.bytes;
        let printed = int(&figures["channels"][at][0])? == c1 && int(&figures["channels"][at][1])? == c2;
        let same = float(&figures["batches_a_second"][at])? == batches && int(&figures["elements"][at])? == elements;
        let alike = (k.macs as f64 / first.macs as f64 - 1.0).abs() < 0.06;
        ensure!(printed && same && alike, "layer {at}: {elements} elements, {} MACs", k.macs);
        moved.push(elements as f64);
    }
    let (times, slower) = (format!("{:.2}", moved[3] / moved[0]), format!("{:.2}", SHUFFLE[0].2 / SHUFFLE[3].2));
    let printed = [format!("{:.2}", float(&figures["moved"])?), format!("{:.2}", float(&figures["slower"])?)];
    ensure!(printed == [times.clone(), slower.clone()] && says(&times) && says(&slower), "{times} and {slower}");
    Ok(4 * SHUFFLE.len() + 2)
}

/// Two nets that are said to be equally fast.
fn nets(figures: &Json) -> Result<usize> {
    let count = |key: &str| flops::count(&arch::load(figures[key].as_str().unwrap_or_default())?, &Convention::default());
    let (small, base) = (count("small")?, count("base")?);
    let times = |a: u64, b: u64| format!("{:.1}", a as f64 / b as f64);
    let (params, macs) = (times(base.params, small.params), times(base.macs, small.macs));
    let printed = [format!("{:.1}", float(&figures["params"])?), format!("{:.1}", float(&figures["macs"])?)];
    ensure!(printed == [params.clone(), macs.clone()] && says(&params) && says(&macs), "{params} and {macs}");
    Ok(2)
}

/// Whether the brief prints a figure.
fn says(figure: &str) -> bool {
    BRIEF.contains(figure)
}

fn int(json: &Json) -> Result<u64> {
    json.as_u64().ok_or_else(|| format!("{json} is no count").into())
}

fn float(json: &Json) -> Result<f64> {
    json.as_f64().ok_or_else(|| format!("{json} is no number").into())
}
