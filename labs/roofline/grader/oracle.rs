//! The replay of `oracle/golden.json` and `oracle/figures.json`: what PyTorch moved, and what the texts print, through the
//! solution.

use super::super::solution;
use super::family::{Site, conv};
use super::intensity::table;
use super::questions::SHUFFLE;
use super::{GPUS, Gpu};
use crate::grading::golden::{list, of, pairs, read};
use crate::grading::{Printed, plain};
use crate::reference::{arch, flops, kernels::kernel};
use lab_sdk::{Convention, Kernel, Machine, Result, ensure};
use serde_json::Value as Json;

const ANY: Machine = Machine { peak_flops: 1e12, bw: 1e11, launch_us: 0.0 };

/// How many figures the solution gives too; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let mut compared = 0;
    for (at, record) in list(&golden["records"])?.iter().enumerate() {
        let k: Kernel = of(&record["kernel"])?;
        // Our own counts, which graders hand out, are the framework's.
        let inputs: Vec<&[u64]> = k.inputs.iter().map(Vec::as_slice).collect();
        let ours = kernel(k.op.clone(), &inputs)?;
        let point = solution::roofline(&k, of(&record["width"])?, &ANY)?;
        let same = ours == k && point.flops == of::<u64>(&record["flops"])? && point.bytes == of::<u64>(&record["bytes"])?;
        ensure!(same, "record {at}: {ours:?}, {point:?}, wanted {record}");
        compared += 2;
    }
    let mut brief = Printed::new(&[include_str!("../brief.md")]);
    compared += intensities(&figures, &mut brief)? + gpus(&figures, &mut brief)?;
    compared += shuffle(&figures["shuffle"], &mut brief)? + nets(&figures["nets"], &mut brief)?;
    Ok(compared + brief.count())
}

/// NVIDIA's table, as printed and in more digits.
fn intensities(figures: &Json, brief: &mut Printed) -> Result<usize> {
    let kernels = table()?;
    for (k, figure) in pairs(&kernels, list(&figures["intensities"])?)? {
        let ai = solution::roofline(k, 2, &ANY)?.ai;
        let (rough, fine): (f64, f64) = (of(&figure["printed"])?, of(&figure["computed"])?);
        ensure!((ai - fine).abs() < 0.006 && (ai - rough).abs() < 0.09, "{ai} for {figure}");
        brief.says(&plain(rough, 4))?;
    }
    Ok(kernels.len())
}

/// Peaks from their factors, and ridges.
fn gpus(figures: &Json, brief: &mut Printed) -> Result<usize> {
    for (Gpu { name, sms, macs, ghz, peak_flops, bw }, figure) in pairs(&GPUS, list(&figures["gpus"])?)? {
        let same = figure["name"] == *name && of::<u64>(&figure["sms"])? == *sms && of::<u64>(&figure["macs"])? == *macs;
        let rates = [("ghz", *ghz), ("tflops", peak_flops / 1e12), ("gb_s", bw / 1e9)];
        let rates = rates.iter().all(|(key, rate)| of::<f64>(&figure[*key]).is_ok_and(|printed| (printed - rate).abs() < 1e-9));
        let derived = 2.0 * (sms * macs) as f64 * ghz * 1e9;
        let ridge = format!("{:.1}", peak_flops / bw);
        let printed = ridge == format!("{:.1}", of::<f64>(&figure["ridge"])?);
        ensure!(same && rates && printed && (derived / peak_flops - 1.0).abs() < 0.01, "{figure}: {derived}, {ridge}");
        brief.says(&ridge)?;
    }
    let a100 = &GPUS[1];
    brief.says(&format!("{:.1} TFLOP/s", 2e-3 * (a100.sms * a100.macs) as f64 * a100.ghz))?;
    Ok(5 * GPUS.len())
}

/// Four layers of equal MACs: what they move, and how long they took.
fn shuffle(figures: &Json, brief: &mut Printed) -> Result<usize> {
    let site = Site { batch: 1, c: 128, side: of(&figures["side"])? };
    let first = conv(site, 128, 128, 1, 1)?;
    let mut moved = Vec::new();
    let channels: Vec<(u64, u64)> = of(&figures["channels"])?;
    let (rates, elements): (Vec<f64>, Vec<u64>) = (of(&figures["batches_a_second"])?, of(&figures["elements"])?);
    let figures_of = channels.iter().zip(&rates).zip(&elements);
    ensure!(channels.len() == rates.len() && rates.len() == elements.len(), "{figures}");
    for (&(c1, c2, batches), ((printed, rate), wanted)) in pairs(&SHUFFLE, &figures_of.collect::<Vec<_>>())? {
        let k = conv(site, c1, c2, 1, 1)?;
        let elements = solution::roofline(&k, 1, &ANY)?.bytes;
        let same = **printed == (c1, c2) && **rate == batches && **wanted == elements;
        let alike = (k.macs as f64 / first.macs as f64 - 1.0).abs() < 0.06;
        ensure!(same && alike, "{c1} to {c2} channels: {elements} elements, {} MACs", k.macs);
        moved.push(elements as f64);
    }
    let (times, slower) = (format!("{:.2}", moved[3] / moved[0]), format!("{:.2}", SHUFFLE[0].2 / SHUFFLE[3].2));
    let printed = [of::<f64>(&figures["moved"])?, of::<f64>(&figures["slower"])?].map(|v| format!("{v:.2}"));
    ensure!(printed == [times.clone(), slower.clone()], "{times} and {slower}, not {printed:?}");
    brief.says(&times)?;
    brief.says(&slower)?;
    Ok(4 * SHUFFLE.len())
}

/// Two nets that are said to be equally fast.
fn nets(figures: &Json, brief: &mut Printed) -> Result<usize> {
    let count = |key: &str| flops::count(&arch::load(&of::<String>(&figures[key])?)?, &Convention::default());
    let (small, base) = (count("small")?, count("base")?);
    let times = |a: u64, b: u64| format!("{:.1}", a as f64 / b as f64);
    let found = [times(base.params, small.params), times(base.macs, small.macs)];
    let printed = [of::<f64>(&figures["params"])?, of::<f64>(&figures["macs"])?].map(|v| format!("{v:.1}"));
    ensure!(printed == found, "{found:?}, not {printed:?}");
    found.iter().try_for_each(|figure| brief.says(figure))?;
    Ok(found.len())
}
