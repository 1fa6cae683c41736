//! A file of the learner's own in the experiment `amdahl`: a trace of torch.profiler, or an event file of TensorBoard.

use super::super::solution;
use super::charts;
use crate::args;
use crate::grading::{Bench, Rule, Stop, plain};
use crate::reference::trace::{Trace, Window, read};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::{OpTime, StepTime, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Events that the learner's functions are given at most: Python takes some seconds for them.
const EVENTS: usize = 200_000;
/// Bytes of an event file that they are given at most; pictures and graphs make these files large.
const BYTES: usize = 4 << 20;
/// Curves of a chart.
const CURVES: usize = 6;

/// Why a file cannot be used.
pub fn look(file: &Path) -> Result<(), String> {
    if is_event_file(file)? {
        return Ok(());
    }
    let trace = read(file)?;
    match trace.events.is_empty() {
        true => Err("it has no events of operators, launches or kernels: nothing was recorded".to_owned()),
        false => Ok(()),
    }
}

/// The same functions on it, held to the solution, and its pictures.
pub fn measure(bench: &mut Bench<'_>, file: &Path) -> Result<(), Stop> {
    bench.progress("reading your file", 0.8);
    match is_event_file(file).map_err(Stop::Ours)? {
        true => scalars(bench, file),
        false => trace(bench, read(file).map_err(Stop::Ours)?),
    }
}

/// Whether it begins with a record: the checksum of its length is right.
fn is_event_file(file: &Path) -> Result<bool, String> {
    let head = beginning(file, 12)?;
    Ok(head.len() == 12 && head[8..] == solution::masked_crc(&head[..8]).to_le_bytes())
}

fn beginning(file: &Path, bytes: usize) -> Result<Vec<u8>, String> {
    let mut read = Vec::new();
    let file = File::open(file).map_err(|e| e.to_string())?;
    file.take(bytes as u64).read_to_end(&mut read).map_err(|e| e.to_string())?;
    Ok(read)
}

fn trace(bench: &mut Bench<'_>, trace: Trace) -> Result<(), Stop> {
    let Window { trace, steps, of } = trace.window(EVENTS);
    let text = trace.text();
    bench.progress("your functions read your trace", 0.9);
    let table = bench.same("your trace: the operator table", "key_averages", &args![text.clone()], Rule::Exact)?;
    let table: BTreeMap<String, OpTime> = charts::rows(&table)?;
    let parts = bench.same("your trace: the steps", "step_breakdown", &args![text.clone()], Rule::Exact)?;
    let parts: BTreeMap<String, StepTime> = charts::rows(&parts)?;
    bench.held();
    bench.measured("your trace: events", trace.events.len() as f64, "", Clock::Count);
    bench.measured("your trace: steps", steps as f64, "", Clock::Count);
    if steps < of {
        bench.remark(format!("your trace has {of} steps; the first {steps} were read, {EVENTS} events at most"));
    }
    let own = charts::largest(&table, |row| row.cpu_self_ns);
    if let (Some((op, _)), false) = (own.first().cloned(), parts.is_empty()) {
        amdahl(bench, &text, &op, &parts)?;
    }
    bench.chart(charts::table("your trace: own time of operators on the CPU", own));
    let gpu = charts::largest(&table, |row| row.gpu_ns);
    if !gpu.is_empty() {
        bench.chart(charts::table("your trace: time on the GPU by operator", gpu));
    }
    if !parts.is_empty() {
        bench.chart(charts::steps("your trace: where the steps' time went", &parts));
    }
    bench.chart(charts::gantt("your trace: one step", &trace)?);
    Ok(())
}

/// What the learner's function says of the first operator.
fn amdahl(bench: &mut Bench<'_>, text: &str, op: &str, parts: &BTreeMap<String, StepTime>) -> Result<(), Stop> {
    let asked = args![text.to_owned(), op.to_owned(), 2.0];
    if let Value::Float(after) = bench.same("your trace: the prediction", "what_if", &asked, Rule::Ulps(4))? {
        let before = parts.values().map(|step| step.total_ns).sum::<i64>() as f64;
        let gain = plain(100.0 * (1.0 - after / before), 3);
        bench.remark(format!("your trace: with `{op}` twice as fast, its steps would take {gain} % less"));
    }
    Ok(())
}

fn scalars(bench: &mut Bench<'_>, file: &Path) -> Result<(), Stop> {
    let bytes = beginning(file, BYTES).map_err(Stop::Ours)?;
    let cut = bytes.len() == BYTES;
    let asked = [Value::Bytes(bytes)];
    let value = bench.same("your event file: the scalars", "read_scalars", &asked, Rule::Exact)?;
    bench.held();
    let Value::List(all) = &value else { return Ok(()) };
    bench.measured("your event file: scalars", all.len() as f64, "", Clock::Count);
    if cut {
        bench.remark(format!("your event file: the records of its first {} MB were read", BYTES >> 20));
    }
    let mut curves: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for scalar in all {
        if let Value::Tuple(parts) = scalar
            && let [_, Value::Int(step), Value::Str(tag), Value::Float(value)] = &parts[..]
        {
            curves.entry(tag.clone()).or_default().push((*step as f64, *value));
        }
    }
    let series = curves.into_iter().take(CURVES).map(|(name, points)| Series::line(name, points));
    bench.chart(Chart::plane("your event file: scalars", Axis::new("step", ""), Axis::new("value", ""), series));
    Ok(())
}
