//! The operator table, made wrong in one way at a time.

use super::super::solution::{Event, events};
use lab_sdk::{OpTime, Result};
use std::collections::{BTreeMap, HashMap};

/// What is done otherwise.
#[derive(Default)]
pub struct How {
    /// All that lies below is taken off, not the children alone.
    pub descendants: bool,
    /// All threads nest together.
    pub one_thread: bool,
    /// Ends are added in microseconds.
    pub floats: bool,
    /// Times are cut to whole nanoseconds.
    pub cuts: bool,
    /// Annotations do not nest.
    pub no_annotations: bool,
    /// Runtime calls are no children.
    pub runtime_stays: bool,
    /// The order in which events nest.
    pub sort: Sort,
    /// Whose the time of GPU work is.
    pub gpu: Gpu,
}

/// The order in which events nest.
#[derive(Default, PartialEq)]
pub enum Sort {
    /// By begin, the longer first.
    #[default]
    Right,
    /// By begin.
    Begin,
    /// As they stand in the file.
    File,
}

/// Whose the time of GPU work is.
#[derive(Default, PartialEq)]
pub enum Gpu {
    /// The innermost operator's around the launch.
    #[default]
    Right,
    /// The operator's with the same `External id`.
    External,
    /// Every operator's around the launch.
    Ancestors,
    /// The innermost operator's that runs when it begins.
    Time,
}

/// The table.
pub fn averages(trace: &str, how: &How) -> Result<BTreeMap<String, OpTime>> {
    let mut events = events(trace)?;
    if how.cuts {
        let cut = |ns: i64| (ns as f64 / 1000.0 * 1000.0) as i64;
        for event in &mut events {
            (event.start, event.end) = (cut(event.start), cut(event.start) + cut(event.end - event.start));
        }
    }
    events.retain(|event| !(how.no_annotations && event.cat == "user_annotation"));
    let mut table: BTreeMap<String, OpTime> = BTreeMap::new();
    let mut threads: BTreeMap<Option<&(String, String)>, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.on_cpu()) {
        threads.entry((!how.one_thread).then_some(&event.thread)).or_default().push(event);
    }
    let mut around: HashMap<i64, Vec<&str>> = HashMap::new();
    for thread in threads.values_mut() {
        match how.sort {
            Sort::Right => thread.sort_by_key(|event| (event.start, -event.end)),
            Sort::Begin => thread.sort_by_key(|event| event.start),
            Sort::File => {}
        }
        let mut open: Vec<&Event> = Vec::new();
        for event in thread.iter() {
            while open.last().is_some_and(|top| !holds(top, event, how.floats)) {
                open.pop();
            }
            nest(&mut table, &open, event, how);
            if let Some(id) = event.correlation().filter(|_| event.is_runtime()) {
                around.insert(id, open.iter().filter(|o| o.cat == "cpu_op").map(|o| o.name.as_str()).collect());
            }
            open.push(event);
        }
    }
    for event in events.iter().filter(|event| event.on_gpu() && event.end > event.start) {
        for owner in owners(event, &events, &around, how) {
            table.entry(owner.to_owned()).or_default().gpu_ns += event.end - event.start;
        }
    }
    Ok(table)
}

/// Whether `top` can be the parent of `event`.
fn holds(top: &Event, event: &Event, floats: bool) -> bool {
    if floats {
        let us = |ns: i64| ns as f64 / 1000.0;
        let end = |event: &Event| us(event.start) + us(event.end - event.start);
        return us(event.start) < end(top) && end(event) <= end(top);
    }
    event.start < top.end && event.end <= top.end
}

fn nest(table: &mut BTreeMap<String, OpTime>, open: &[&Event], event: &Event, how: &How) {
    let length = event.end - event.start;
    let above = open.iter().rev().take(if how.descendants { open.len() } else { 1 });
    if !(how.runtime_stays && event.is_runtime()) {
        for parent in above.filter(|parent| parent.cat == "cpu_op") {
            table.entry(parent.name.clone()).or_default().cpu_self_ns -= length;
        }
    }
    if event.cat == "cpu_op" {
        let row = table.entry(event.name.clone()).or_default();
        row.calls += 1;
        row.cpu_total_ns += length;
        row.cpu_self_ns += length;
    }
}

fn owners<'a>(gpu: &Event, events: &'a [Event], around: &HashMap<i64, Vec<&'a str>>, how: &How) -> Vec<&'a str> {
    let none = || vec!["[none]"];
    let ops = || events.iter().filter(|event| event.cat == "cpu_op");
    match how.gpu {
        Gpu::External => {
            let id = |event: &Event| event.args["External id"].as_i64();
            let op = ops().find(|op| id(op).is_some() && id(op) == id(gpu));
            op.map_or_else(none, |op| vec![&op.name])
        }
        Gpu::Time => {
            let running = ops().filter(|op| op.start <= gpu.start && gpu.start < op.end);
            running.max_by_key(|op| op.start).map_or_else(none, |op| vec![&op.name])
        }
        Gpu::Right | Gpu::Ancestors => {
            let names = gpu.correlation().and_then(|id| around.get(&id)).cloned().unwrap_or_default();
            match (names.last(), &how.gpu) {
                (None, _) => none(),
                (Some(_), Gpu::Ancestors) => names,
                (Some(innermost), _) => vec![innermost],
            }
        }
    }
}
