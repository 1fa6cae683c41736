//! The pictures of a trace: the operator table, one step as a Gantt chart, steps as stacked bars.

use super::super::solution;
use crate::grading::read;
use crate::reference::trace::{Event, Trace};
use crate::verdict::{Chart, Lane, Span};
use lab_sdk::{OpTime, Result, StepTime, Value};
use std::collections::BTreeMap;

/// Rows of the operator table, bars of steps, spans of a Gantt chart.
const ROWS: usize = 8;
const BARS: usize = 10;
const SPANS: usize = 300;
/// Kinds with a look of their own in a Gantt chart of operators.
const KINDS: usize = 4;

/// The rows of a table or the steps of a breakdown, as the learner's function gave them.
pub fn rows<T: serde::de::DeserializeOwned>(value: &Value) -> Result<BTreeMap<String, T>> {
    let Value::Map(rows) = value else { return Err(format!("{} is no table", value.kind()).into()) };
    let row = |(name, row): (&String, &Value)| {
        let read = read(row).ok_or_else(|| format!("{} is no row", row.kind()))?;
        Ok((name.clone(), read))
    };
    rows.iter().map(row).collect()
}

/// The operators with the most time of their own, the first one first.
pub fn largest(table: &BTreeMap<String, OpTime>, time: impl Fn(&OpTime) -> i64) -> Vec<(String, f64)> {
    let mut rows: Vec<(String, f64)> =
        table.iter().map(|(name, row)| (name.clone(), time(row) as f64 / 1e3)).filter(|row| row.1 > 0.0).collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    rows.truncate(ROWS);
    rows
}

/// The operator table as bars.
pub fn table(title: &str, rows: Vec<(String, f64)>) -> Chart {
    Chart::bars(title, "us", rows)
}

/// The parts of a step, in the order of priority.
fn parts(step: &StepTime) -> [(&'static str, i64); 8] {
    [
        ("kernel", step.kernel_ns),
        ("memcpy", step.memcpy_ns),
        ("memset", step.memset_ns),
        ("communication", step.communication_ns),
        ("runtime", step.runtime_ns),
        ("DataLoader", step.dataloader_ns),
        ("CPU", step.cpu_ns),
        ("other", step.other_ns),
    ]
}

/// A step as a lane whose spans stand end to end, in milliseconds.
pub fn stacked(name: &str, step: &StepTime) -> Lane {
    let mut at = 0;
    let span = |(kind, length): (&str, i64)| {
        let span = Span { from: at as f64 / 1e6, to: (at + length) as f64 / 1e6, kind: kind.to_owned() };
        at += length;
        span
    };
    let spans = parts(step).into_iter().filter(|(_, length)| *length > 0).map(span).collect();
    Lane { name: name.to_owned(), spans }
}

/// Stacked bars of the first steps.
pub fn steps(title: &str, steps: &BTreeMap<String, StepTime>) -> Chart {
    let number = |name: &str| name.trim_start_matches("ProfilerStep#").parse().unwrap_or(u64::MAX);
    let mut order: Vec<&String> = steps.keys().collect();
    order.sort_by_key(|name| number(name));
    let lanes =
        order.into_iter().take(BARS).map(|name| stacked(name.trim_start_matches("Profiler"), &steps[name])).collect();
    Chart::Spans { title: title.to_owned(), unit: "ms".to_owned(), lanes }
}

/// Operators of one step on the CPU, the leaves of the tree, the longest kinds told apart.
pub fn operators(title: &str, trace: &Trace, table: &BTreeMap<String, OpTime>) -> Chart {
    let top: Vec<String> = largest(table, |row| row.cpu_self_ns).into_iter().take(KINDS).map(|row| row.0).collect();
    let within = step_of(trace);
    let leaf = |event: &&Event| !trace.events.iter().any(|other| inside(other, event));
    let kind = |event: &Event| match event.cat.as_str() {
        "user_annotation" => "DataLoader".to_owned(),
        _ if top.contains(&event.name) => event.name.clone(),
        _ => "others".to_owned(),
    };
    let leaves = trace.events.iter().filter(|event| shown(event, within)).filter(leaf);
    let spans = leaves.map(|event| span(event, within, kind(event))).take(SPANS).collect();
    Chart::Spans {
        title: title.to_owned(),
        unit: "ms".to_owned(),
        lanes: vec![Lane { name: "thread 1".to_owned(), spans }],
    }
}

/// One step by thread and stream, by category.
pub fn gantt(title: &str, trace: &Trace) -> Result<Chart> {
    const NAMES: [&str; 7] = ["kernel", "memcpy", "memset", "communication", "runtime", "DataLoader", "CPU"];
    let within = step_of(trace);
    let events = solution::events(&trace.text())?;
    let mut lanes: BTreeMap<(bool, String), Vec<Span>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.start < within.1 && event.end > within.0) {
        let Some(part) = solution::part(event) else { continue };
        let name = format!("{} {}", if event.on_gpu() { "stream" } else { "thread" }, event.thread.1.trim_matches('"'));
        let at = |time: i64| (time.clamp(within.0, within.1) - within.0) as f64 / 1e6;
        let span = Span { from: at(event.start), to: at(event.end), kind: NAMES[part].to_owned() };
        lanes.entry((event.on_gpu(), name)).or_default().push(span);
    }
    let each = SPANS / lanes.len().max(1);
    let lane = |((_, name), mut spans): ((bool, String), Vec<Span>)| {
        // What lasts longest is what can be seen; what lies inside is drawn over it.
        spans.sort_by(|a, b| (b.to - b.from).total_cmp(&(a.to - a.from)));
        spans.truncate(each);
        Lane { name, spans }
    };
    let lanes = lanes.into_iter().map(lane).collect();
    Ok(Chart::Spans { title: title.to_owned(), unit: "ms".to_owned(), lanes })
}

/// The second step, if there is one; the whole trace where there is none.
fn step_of(trace: &Trace) -> (i64, i64) {
    let step = |event: &&Event| event.cat == "user_annotation" && event.name.starts_with("ProfilerStep#");
    let mut steps: Vec<(i64, i64)> = trace.events.iter().filter(step).map(|e| (e.start, e.end())).collect();
    steps.sort_unstable();
    let all = || {
        let begin = trace.events.iter().map(|event| event.start).min().unwrap_or(0);
        (begin, trace.events.iter().map(Event::end).max().unwrap_or(begin))
    };
    steps.get(1).or(steps.first()).copied().unwrap_or_else(all)
}

fn shown(event: &Event, within: (i64, i64)) -> bool {
    !event.name.starts_with("ProfilerStep#") && event.start >= within.0 && event.end() <= within.1
}

/// Whether `inner` lies in `outer` and is not the same.
fn inside(inner: &Event, outer: &Event) -> bool {
    inner.start >= outer.start && inner.end() <= outer.end() && inner.length < outer.length
}

fn span(event: &Event, within: (i64, i64), kind: String) -> Span {
    let at = |time: i64| (time - within.0) as f64 / 1e6;
    Span { from: at(event.start), to: at(event.end()), kind }
}
