//! The replay of `oracle/`: what torch.profiler, its schedule and TensorBoard's writer said, through the solution and the
//! questions; our own traces held to the form of a real one; the numbers of the brief.

use super::super::solution;
use super::questions::Schedule;
use super::run::{OP, Way, record_once};
use crate::grading::Printed;
use crate::grading::golden::{list, of, pairs, read};
use lab_sdk::{OpTime, Result, ensure};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A trace that torch.profiler exported.
const TRACE: &str = include_str!("../oracle/trace.json");

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    Ok(averages(&golden)?
        + steps()?
        + plugin()?
        + schedules(&golden)?
        + scalars(&golden)?
        + checksums(&golden)?
        + form()?
        + brief()?)
}

/// torch's own table of the same run: calls, total and own time of every operator, to the nanosecond.
fn averages(golden: &Json) -> Result<usize> {
    let table: BTreeMap<String, OpTime> = solution::key_averages(TRACE)?;
    let mut rows = 0;
    for row in list(&golden["key_averages"])? {
        let Some(mine) = table.get(&of::<String>(&row["name"])?) else { continue };
        let ns = |key: &str| of::<f64>(&row[key]).map(|us| (us * 1000.0).round() as i64);
        let theirs = (of(&row["calls"])?, ns("cpu_total_us")?, ns("cpu_self_us")?);
        ensure!((mine.calls, mine.cpu_total_ns, mine.cpu_self_ns) == theirs, "{row}: {mine:?}");
        rows += 1;
    }
    ensure!(rows == table.len(), "torch has {rows} of the {} operators", table.len());
    Ok(3 * rows)
}

/// The steps of that run are as long as its annotations, and the loader's part is at most what torch gives it.
fn steps() -> Result<usize> {
    let json = read(TRACE.as_bytes())?;
    let steps = solution::step_breakdown(TRACE)?;
    let mut compared = 0;
    for event in list(&json["traceEvents"])?.iter().filter(|event| event["cat"] == "user_annotation") {
        if let Some(step) = steps.get(&of::<String>(&event["name"])?) {
            let length = (of::<f64>(&event["dur"])? * 1000.0).round() as i64;
            ensure!(step.total_ns == length, "{event}: {step:?}");
            ensure!(step.dataloader_ns > 0 && step.cpu_ns > 0 && step.kernel_ns == 0, "{event}: {step:?}");
            compared += 1;
        }
    }
    ensure!(compared == steps.len(), "{compared} of {} steps are annotated", steps.len());
    Ok(compared)
}

/// What the code of TensorBoard's profiler plugin says of drawn traces: operators, steps, metrics.
fn plugin() -> Result<usize> {
    let rows = read(include_bytes!("../oracle/plugin.json"))?;
    let (mut compared, mut metrics) = (0, 0);
    let mut same = |theirs: &Json, ours: Json| -> Result<()> {
        for (key, wanted) in of::<BTreeMap<String, i64>>(theirs)? {
            ensure!(of::<i64>(&ours[&key])? == wanted, "`{key}`: {wanted}, not {}", ours[&key]);
            compared += 1;
        }
        Ok(())
    };
    for row in list(&rows)? {
        let trace = row["trace"].to_string();
        let (table, steps) = (solution::key_averages(&trace)?, solution::step_breakdown(&trace)?);
        let (operators, costs): (BTreeMap<String, Json>, BTreeMap<String, Json>) =
            (of(&row["operators"])?, of(&row["steps"])?);
        ensure!(
            table.keys().eq(operators.keys()) && steps.keys().eq(costs.keys()) && !table.is_empty(),
            "other operators or steps: {table:?} {steps:?}"
        );
        for (name, row) in table {
            same(&operators[&name], serde_json::to_value(row)?)?;
        }
        for (name, step) in steps {
            same(&costs[&name], serde_json::to_value(step)?)?;
        }
        let (utilization, efficiency, occupancy) = solution::gpu_metrics(&trace)?;
        for (ours, theirs) in pairs(&[utilization, efficiency, occupancy], &of::<Vec<f64>>(&row["metrics"])?)? {
            ensure!((ours - theirs).abs() < 1e-12, "{ours}, the plugin has {theirs}");
            metrics += 1;
        }
    }
    Ok(compared + metrics)
}

fn schedules(golden: &Json) -> Result<usize> {
    let rows = list(&golden["schedules"])?;
    for row in rows {
        let number = |key: &str| of::<usize>(&row[key]);
        let plan = Schedule {
            skip_first: number("skip_first")?,
            wait: number("wait")?,
            warmup: number("warmup")?,
            active: number("active")?,
            repeat: number("repeat")?,
        };
        let (kept, fired) = plan.records(number("steps")?);
        ensure!(serde_json::to_value(&kept)? == row["recorded"], "{row}: {kept:?}");
        ensure!(fired == number("handed_over")?, "{row}: {fired}");
    }
    Ok(2 * rows.len())
}

fn scalars(golden: &Json) -> Result<usize> {
    let mine = solution::read_scalars(include_bytes!("../oracle/events.out.tfevents"))?;
    for ((wall, step, tag, value), row) in pairs(&mine, list(&golden["scalars"])?)? {
        // A step is a word: 64 bits do not fit in a number of JSON.
        let theirs: (f64, String, String, f64) = of(row)?;
        let ours = (*wall, step.to_string(), tag.clone(), f64::from(*value));
        ensure!(ours == theirs, "{row}: {ours:?}");
    }
    Ok(4 * mine.len())
}

fn checksums(golden: &Json) -> Result<usize> {
    let rows = list(&golden["checksums"])?;
    for row in rows {
        let (data, masked): (Vec<u8>, u32) = (of(&row["data"])?, of(&row["masked"])?);
        ensure!(masked == solution::masked_crc(&data), "{row}");
    }
    Ok(rows.len())
}

/// The traces that this program writes have the fields of real ones, of the same JSON types, and are read the same way.
fn form() -> Result<usize> {
    let real = read(TRACE.as_bytes())?;
    let trace = record_once(Way::Grouped)?.trace;
    let own = read(trace.text().as_bytes())?;
    let kind = |json: &Json| match json {
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "list",
        _ => "other",
    };
    let fields = |trace: &Json, cat: &str| -> Result<BTreeSet<(String, &str)>> {
        let events = list(&trace["traceEvents"])?.iter().filter(|event| event["cat"] == cat);
        let fields = events.flat_map(|event| event.as_object().into_iter().flatten());
        Ok(fields.map(|(name, value)| (name.clone(), kind(value))).collect())
    };
    let mut compared = 0;
    for cat in ["cpu_op", "user_annotation"] {
        let (ours, theirs) = (fields(&own, cat)?, fields(&real, cat)?);
        ensure!(ours == theirs && !ours.is_empty(), "{cat}: {ours:?}, a real trace has {theirs:?}");
        compared += ours.len();
    }
    let top = |trace: &Json| trace.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
    let (ours, theirs): (BTreeSet<String>, BTreeSet<String>) = (top(&own), top(&real));
    ensure!(ours.is_subset(&theirs), "{ours:?}, a real trace has {theirs:?}");
    ensure!(solution::key_averages(&trace.text())?.contains_key(OP), "the run has no {OP}");
    Ok(compared + ours.len())
}

/// The example of the brief, computed again.
fn brief() -> Result<usize> {
    let mut printed = Printed::new(&[include_str!("../brief.md")]);
    let event = |cat: &str, name: &str, tid: i64, from: i64, to: i64, link: i64| {
        serde_json::json!({"ph": "X", "cat": cat, "name": name, "pid": 1, "tid": tid, "ts": from, "dur": to - from,
            "args": {"correlation": link}})
    };
    let events = [
        event("user_annotation", "ProfilerStep#2", 7, 0, 100, 0),
        event("cpu_op", "aten::linear", 7, 10, 60, 0),
        event("cpu_op", "aten::t", 7, 14, 20, 0),
        event("cpu_op", "aten::addmm", 7, 22, 56, 0),
        event("cuda_runtime", "cudaLaunchKernel", 7, 40, 50, 31),
        event("kernel", "gemm", 7, 48, 90, 31),
    ];
    let trace = serde_json::json!({"traceEvents": events}).to_string();
    let us = |ns: i64| ns / 1000;
    let mut compared = 0;
    for (name, row) in solution::key_averages(&trace)? {
        printed.says(&format!(
            "{name:<16}{:>3}{:>9}{:>8}{:>7}",
            row.calls,
            us(row.cpu_total_ns),
            us(row.cpu_self_ns),
            us(row.gpu_ns)
        ))?;
        compared += 4;
    }
    let step = solution::step_breakdown(&trace)?["ProfilerStep#2"];
    let [kernel, runtime, cpu, other] = [step.kernel_ns, step.runtime_ns, step.cpu_ns, step.other_ns].map(us);
    printed.says(&format!("kernel {kernel}    runtime {runtime}    CPU {cpu}    other {other}"))?;
    let faster = solution::what_if(&trace, "aten::linear", 5.0)? / 1000.0;
    printed.says(&format!("100 - 50 + 50 / 5 = {faster}"))?;
    printed.says(&format!("{:#x}", solution::masked_crc(b"123456789")))?;
    Ok(compared + 6)
}
