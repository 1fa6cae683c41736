//! The experiment `amdahl`: the learner's functions read a trace of the shipped CNN on this machine and say what a faster
//! operator would bring; then the faster operator runs.

use super::run::{OP, Run, Runs, STEPS, record};
use super::{charts, own};
use crate::args;
use crate::grading::{Bench, Rule, Stop, Timings, plain};
use crate::verdict::{Chart, Clock, Lane, Span};
use lab_sdk::{OpTime, StepTime, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let file = bench.model().map(Path::to_owned);
    bench.progress("recording the CNN, two ways", 0.0);
    let runs = record()?;
    let slow = runs.slow.trace.text();
    bench.progress("your functions read the trace", 0.7);
    let table: BTreeMap<String, OpTime> = charts::rows(&bench.same(
        "the operator table of the run",
        "key_averages",
        &args![slow.clone()],
        Rule::Exact,
    )?)?;
    let before = breakdown(bench, &runs.slow)?;
    let after = breakdown(bench, &runs.fast)?;
    bench.held();
    let predicted = predict(bench, &slow, &runs)?;
    clocks(bench, &runs, &before, predicted);
    pictures(bench, &runs, &table, (&before, &after), predicted);
    bench.file("amdahl-trace.json", slow.into_bytes());
    bench.remark("the trace of the grouped run lies beside your file: open it in https://ui.perfetto.dev");
    match file {
        Some(file) => own::measure(bench, &file),
        None => Ok(()),
    }
}

/// The learner's breakdown of a run.
fn breakdown(bench: &mut Bench<'_>, run: &Run) -> Result<BTreeMap<String, StepTime>, Stop> {
    let value = bench.same("where the steps' time went", "step_breakdown", &args![run.trace.text()], Rule::Exact)?;
    Ok(charts::rows(&value)?)
}

/// What the learner's function says the steps take with the faster operator, in nanoseconds.
fn predict(bench: &mut Bench<'_>, slow: &str, runs: &Runs) -> Result<f64, Stop> {
    let asked = args![slow.to_owned(), OP.to_owned(), runs.factor];
    match bench.same("the prediction", "what_if", &asked, Rule::Ulps(4))? {
        Value::Float(predicted) => Ok(predicted),
        other => Err(Stop::other_kind("what_if", &other, "a number")),
    }
}

fn clocks(bench: &mut Bench<'_>, runs: &Runs, before: &BTreeMap<String, StepTime>, predicted: f64) {
    let recorded: i64 = before.values().map(|step| step.total_ns).sum();
    let share = 100.0 * recorded as f64 / runs.slow.wall.as_nanos() as f64;
    let rounded = |percent: f64| (percent * 100.0).round() / 100.0;
    let noisier = &Timings::widest([&runs.slow_steps, &runs.fast_steps]);
    let each = |ns: f64| ns / STEPS as f64 / 1e6;
    let measured = runs.fast_steps.median() * 1e9;
    bench.measured("your parts of the steps, of the wall clock", rounded(share), "%", Clock::Clock);
    bench.measured("a step, grouped", each(runs.slow_steps.median() * 1e9), "ms", Clock::Clock);
    bench.measured(&format!("{OP} alone, grouped over direct"), runs.factor, "times", Clock::Clock);
    bench.measured("a step, predicted", each(predicted), "ms", Clock::Clock);
    bench.measured("a step, direct", each(measured), "ms", Clock::Clock);
    bench.clocked("predicted over measured", rounded(100.0 * predicted / measured), "%", noisier);
    let (f, gain) = (plain(runs.factor, 3), plain(runs.slow_steps.median() / runs.fast_steps.median(), 3));
    bench.remark(format!("{OP} became {f} times faster, and the step {gain} times: the rest of it stayed"));
}

fn pictures(
    bench: &mut Bench<'_>,
    runs: &Runs,
    table: &BTreeMap<String, OpTime>,
    (before, after): (&BTreeMap<String, StepTime>, &BTreeMap<String, StepTime>),
    predicted: f64,
) {
    bench.chart(charts::table(
        &format!("own time of operators in {STEPS} steps"),
        charts::largest(table, |row| row.cpu_self_ns),
    ));
    bench.chart(charts::operators("one step, grouped", &runs.slow.trace, table));
    let name = "ProfilerStep#1";
    let step = |steps: &BTreeMap<String, StepTime>| steps.get(name).copied().unwrap_or_default();
    let whole = Span { from: 0.0, to: predicted / STEPS as f64 / 1e6, kind: "predicted".to_owned() };
    bench.chart(Chart::Spans {
        title: "where a step's time went".to_owned(),
        unit: "ms".to_owned(),
        lanes: vec![
            charts::stacked("grouped", &step(before)),
            Lane { name: "predicted".to_owned(), spans: vec![whole] },
            charts::stacked("direct", &step(after)),
        ],
    });
}
