//! The replay of `oracle/`: what torch.profiler, its schedule and TensorBoard's writer said, through the solution and the
//! questions; our own traces held to the form of a real one; the numbers of the brief.

use super::super::solution;
use super::questions::Schedule;
use super::run::{OP, Way, record_once};
use lab_sdk::{OpTime, Result, ensure};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A trace that torch.profiler exported.
const TRACE: &str = include_str!("../oracle/trace.json");

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
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
    for row in list(&golden["key_averages"]) {
        let Some(mine) = table.get(word(&row["name"])) else { continue };
        let ns = |key: &str| row[key].as_f64().map(|us| (us * 1000.0).round() as i64);
        let theirs = (row["calls"].as_i64(), ns("cpu_total_us"), ns("cpu_self_us"));
        let ours = (Some(mine.calls), Some(mine.cpu_total_ns), Some(mine.cpu_self_ns));
        ensure!(ours == theirs, "{row}: {mine:?}");
        rows += 1;
    }
    ensure!(rows == table.len(), "torch has {rows} of the {} operators", table.len());
    Ok(3 * rows)
}

/// The steps of that run are as long as its annotations, and the loader's part is at most what torch gives it.
fn steps() -> Result<usize> {
    let json: Json = serde_json::from_str(TRACE)?;
    let steps = solution::step_breakdown(TRACE)?;
    let mut compared = 0;
    for event in list(&json["traceEvents"]).iter().filter(|event| event["cat"] == "user_annotation") {
        if let Some(step) = steps.get(word(&event["name"])) {
            let length = event["dur"].as_f64().map(|us| (us * 1000.0).round() as i64);
            ensure!(Some(step.total_ns) == length, "{event}: {step:?}");
            ensure!(step.dataloader_ns > 0 && step.cpu_ns > 0 && step.kernel_ns == 0, "{event}: {step:?}");
            compared += 1;
        }
    }
    Ok(compared)
}

/// What the code of TensorBoard's profiler plugin says of drawn traces: operators, steps, metrics.
fn plugin() -> Result<usize> {
    let rows: Json = serde_json::from_slice(include_bytes!("../oracle/plugin.json"))?;
    let mut compared = 0;
    let mut same = |theirs: &Json, ours: Json| -> Result<()> {
        for (key, wanted) in theirs.as_object().into_iter().flatten() {
            ensure!(ours[key].as_i64() == wanted.as_i64(), "`{key}`: {wanted}, not {}", ours[key]);
            compared += 1;
        }
        Ok(())
    };
    let map = |json: &Json| json.as_object().cloned().unwrap_or_default();
    let mut metrics = 0;
    for row in list(&rows) {
        let trace = row["trace"].to_string();
        let (table, steps) = (solution::key_averages(&trace)?, solution::step_breakdown(&trace)?);
        let (operators, costs) = (map(&row["operators"]), map(&row["steps"]));
        ensure!(
            table.len() == operators.len() && steps.len() == costs.len(),
            "other operators or steps: {table:?} {steps:?}"
        );
        for (name, row) in table {
            same(&operators[&name], serde_json::to_value(row)?)?;
        }
        for (name, step) in steps {
            same(&costs[&name], serde_json::to_value(step)?)?;
        }
        let (utilization, efficiency, occupancy) = solution::gpu_metrics(&trace)?;
        for (ours, theirs) in [utilization, efficiency, occupancy].into_iter().zip(list(&row["metrics"])) {
            let theirs = theirs.as_f64().unwrap_or(f64::NAN);
            ensure!((ours - theirs).abs() < 1e-12, "{ours}, the plugin has {theirs}");
            metrics += 1;
        }
    }
    Ok(compared + metrics)
}

fn schedules(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for row in list(&golden["schedules"]) {
        let number = |key: &str| row[key].as_u64().map(|n| n as usize).ok_or_else(|| format!("{row} has no `{key}`"));
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
        compared += 2;
    }
    Ok(compared)
}

fn scalars(golden: &Json) -> Result<usize> {
    let mine = solution::read_scalars(include_bytes!("../oracle/events.out.tfevents"))?;
    let given = list(&golden["scalars"]);
    ensure!(mine.len() == given.len(), "{} scalars of {}", mine.len(), given.len());
    for ((wall, step, tag, value), row) in mine.iter().zip(given) {
        let same = row[0].as_f64() == Some(*wall)
            && word(&row[1]).parse() == Ok(*step)
            && word(&row[2]) == tag
            && row[3].as_f64() == Some(f64::from(*value));
        ensure!(same, "{row}: {wall} {step} {tag} {value}");
    }
    Ok(4 * given.len())
}

fn checksums(golden: &Json) -> Result<usize> {
    let rows = list(&golden["checksums"]);
    for row in rows {
        let data: Vec<u8> = list(&row["data"]).iter().filter_map(Json::as_u64).map(|byte| byte as u8).collect();
        ensure!(row["masked"].as_u64() == Some(u64::from(solution::masked_crc(&data))), "{row}");
    }
    Ok(rows.len())
}

/// The traces that this program writes have the fields of real ones, of the same JSON types, and are read the same way.
fn form() -> Result<usize> {
    let real: Json = serde_json::from_str(TRACE)?;
    let trace = record_once(Way::Grouped)?.trace;
    let own: Json = serde_json::from_str(&trace.text())?;
    let kind = |json: &Json| match json {
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "list",
        _ => "other",
    };
    let fields = |trace: &Json, cat: &str| -> BTreeSet<(String, &str)> {
        let events = list(&trace["traceEvents"]).iter().filter(|event| event["cat"] == cat);
        let fields = events.flat_map(|event| event.as_object().into_iter().flatten());
        fields.map(|(name, value)| (name.clone(), kind(value))).collect()
    };
    let mut compared = 0;
    for cat in ["cpu_op", "user_annotation"] {
        let (ours, theirs) = (fields(&own, cat), fields(&real, cat));
        ensure!(ours == theirs, "{cat}: {ours:?}, a real trace has {theirs:?}");
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
    let text = include_str!("../brief.md");
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
        let printed = format!(
            "{name:<16}{:>3}{:>9}{:>8}{:>7}",
            row.calls,
            us(row.cpu_total_ns),
            us(row.cpu_self_ns),
            us(row.gpu_ns)
        );
        ensure!(text.contains(&printed), "the brief does not print `{printed}`");
        compared += 4;
    }
    let step = solution::step_breakdown(&trace)?["ProfilerStep#2"];
    let [kernel, runtime, cpu, other] = [step.kernel_ns, step.runtime_ns, step.cpu_ns, step.other_ns].map(us);
    let printed = format!("kernel {kernel}    runtime {runtime}    CPU {cpu}    other {other}");
    ensure!(text.contains(&printed), "the brief does not print `{printed}`");
    let faster = solution::what_if(&trace, "aten::linear", 5.0)? / 1000.0;
    ensure!(text.contains(&format!("100 - 50 + 50 / 5 = {faster}")), "the brief does not print {faster}");
    let crc = format!("{:#x}", solution::masked_crc(b"123456789"));
    ensure!(text.contains(&crc), "the brief does not print {crc}");
    Ok(compared + 6)
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}
