//! The measure step `rewritten`: the learner's passes on a network, in their own interpreter; their guards on a stream of lengths,
//! and their sizes to pad to.

use super::buckets::{cost, tail};
use super::looks::{rewritten, tensors};
use super::net::Net;
use super::{convnet, own};
use crate::args;
use crate::grading::{Bench, Draw, ROUNDS, Rule, Stop, Timings, Whose, plain, repeats};
use crate::reference::fx;
use crate::submission::Block;
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::{Event, IntoValue, Tensor, Value};
use serde::Deserialize;
use std::time::Duration;

/// Seconds of one timed block, at least.
const LONG: f64 = 0.06;
/// How far outputs may move, of their largest: thousands of times what folding rounds.
const CLOSE: f64 = 1e-3;
/// Lengths that are batched, and what a length costs beside its square.
const LENGTHS: usize = 400;
const LINEAR: usize = 64;

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut draw = Draw::new(bench.seed, "rewritten");
    match bench.model().map(own::read).transpose()? {
        Some((net, ins)) => graph(bench, &net, &ins, "your graph: "),
        None => {
            let (net, ins) = convnet::net(&mut draw)?;
            graph(bench, &net, &ins, "")
        }
    }?;
    recompiles(bench, &mut draw)?;
    padding(bench, &mut draw)
}

/// The passes on one graph.
fn graph(bench: &mut Bench<'_>, net: &Net, ins: &[Tensor], before: &str) -> Result<(), Stop> {
    bench.progress("rewriting the graph", 0.1);
    let folded = passed(bench, net, "fold_conv_bn", ins)?;
    let short = passed(bench, &folded, "optimize", ins)?;
    let alone = passed(bench, net, "optimize", ins)?;
    let count = |net: &Net| fx::calls(&net.g) as f64;
    bench.measured(&format!("{before}calls, as captured"), count(net), "", Clock::Count);
    bench.measured(&format!("{before}calls, rewritten"), count(&short), "", Clock::Count);
    bench.measured(&format!("{before}batch norms left"), fx::batch_norms(&short.g) as f64, "", Clock::Count);
    let rows = [("as captured", net), ("optimize", &alone), ("fold_conv_bn", &folded), ("both", &short)];
    let rows = rows.map(|(name, net)| (name, count(net)));
    bench.chart(Chart::bars(format!("{before}nodes that compute"), "nodes", rows));
    bench.progress("running both", 0.3);
    let peaks = [peak(bench, net, ins)?, peak(bench, &short, ins)?];
    bench.measured(&format!("{before}most bytes held, as captured"), peaks[0], "B", Clock::Count);
    bench.measured(&format!("{before}most bytes held, rewritten"), peaks[1], "B", Clock::Count);
    let once = timed(bench, net, ins, 1)?.as_secs_f64();
    let times = repeats(once, LONG, 50);
    let (mut original, mut rewritten) = (Timings::default(), Timings::default());
    for round in 0..ROUNDS {
        bench.progress("timing both in turn", 0.4 + 0.4 * round as f64 / ROUNDS as f64);
        original.push_each(timed(bench, net, ins, times)?, times);
        rewritten.push_each(timed(bench, &short, ins, times)?, times);
    }
    let ratio = rewritten.median() / original.median();
    bench.clocked(&format!("{before}time, rewritten over captured"), ratio, "times", &original);
    bench.remark(format!(
        "{before}{} ms a call as captured, {} ms rewritten: your `run`, blocks of {times} calls, the median of {ROUNDS} in turn",
        plain(original.median() * 1e3, 3),
        plain(rewritten.median() * 1e3, 3)
    ));
    Ok(())
}

/// A graph after one of the learner's passes, which must do the same.
fn passed(bench: &mut Bench<'_>, net: &Net, pass: &'static str, ins: &[Tensor]) -> Result<Net, Stop> {
    let value = bench.call(pass, &net.values())?;
    let wrong = |got: String, wanted: &str| {
        Stop::differs(format!("`{pass}` leaves the outputs as they are"), got, wanted)
    };
    let (g, params) = rewritten(&value).map_err(|why| wrong(why.to_string(), "a graph and its parameters"))?;
    let made = fx::outputs(&g, &params, ins, 1).map_err(|why| wrong(why.to_string(), "a graph that runs"))?;
    let apart = far(&made, &fx::outputs(&net.g, &net.params, ins, 1)?)?;
    match apart <= CLOSE {
        true => bench.held(),
        false => return Err(wrong(format!("off by {} of the largest output", plain(apart, 3)), "the same outputs")),
    }
    Ok(Net { g, params })
}

/// The largest difference, as a part of the largest number.
fn far(got: &[Tensor], wanted: &[Tensor]) -> lab_sdk::Result<f64> {
    if got.len() != wanted.len() {
        return Ok(f64::INFINITY);
    }
    let mut most = 0.0_f64;
    for (g, w) in got.iter().zip(wanted) {
        if g.dims() != w.dims() {
            return Ok(f64::INFINITY);
        }
        let largest = |t: &Tensor| t.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
        let (apart, size) = (largest(&(g - w)?)?, largest(w)?);
        most = most.max(f64::from(apart / size.max(f32::MIN_POSITIVE)));
    }
    Ok(most)
}

fn run_args(net: &Net, ins: &[Tensor], mem: Value) -> Vec<Value> {
    let mut args = net.values();
    args.extend([ins.to_vec().into_value(), mem]);
    args
}

/// The most bytes that the learner's interpreter holds; its outputs are held to the reference's.
fn peak(bench: &mut Bench<'_>, net: &Net, ins: &[Tensor]) -> Result<f64, Stop> {
    let mem = bench.call("Mem.new", &[])?;
    let made = bench.call("run", &run_args(net, ins, mem.clone()))?;
    let made = tensors(&made).map_err(|_| Stop::other_kind("run", &made, "a list of tensors"))?;
    let apart = far(&made, &fx::outputs(&net.g, &net.params, ins, 1)?)?;
    if apart > CLOSE {
        return Err(Stop::differs("`run` returns what the graph does", format!("off by {}", plain(apart, 3)), ""));
    }
    bench.number("Mem.peak", &[mem])
}

/// What a block of several runs takes.
fn timed(bench: &mut Bench<'_>, net: &Net, ins: &[Tensor], times: usize) -> Result<Duration, Stop> {
    let calls = (0..times).map(|_| Ok(("run".to_owned(), run_args(net, ins, bench.call("Mem.new", &[])?))));
    let calls = calls.collect::<Result<Vec<_>, Stop>>()?;
    Ok(bench.time(Whose::Yours, &Block { calls, keep: 1 })?.took)
}

/// Compilations over a stream of batches whose length changes.
fn recompiles(bench: &mut Bench<'_>, draw: &mut Draw) -> Result<(), Stop> {
    bench.progress("a stream of lengths", 0.85);
    let lengths = tail(draw, 60);
    let calls = Value::List(lengths.iter().map(|&n| Value::Usizes(vec![8, n.max(2)])).collect());
    let mut series = Vec::new();
    for (name, dynamic) in [("dynamic=False", Some(false)), ("dynamic=None", None), ("dynamic=True", Some(true))] {
        let args = args![calls.clone(), dynamic, 1000_usize];
        let Value::List(events) = bench.same(name, "simulate", &args, Rule::Exact)? else { continue };
        let compiles = |value: &Value| match value {
            Value::Json(json) => matches!(Event::deserialize(json), Ok(Event::Compile(_))),
            _ => false,
        };
        let mut sum = 0;
        let points = events.iter().enumerate().map(|(at, event)| {
            sum += usize::from(compiles(event));
            (at as f64 + 1.0, sum as f64)
        });
        let points: Vec<(f64, f64)> = points.collect();
        bench.measured(&format!("graphs for 60 batches, {name}"), sum as f64, "", Clock::Count);
        series.push(Series::line(name, points));
    }
    let (x, y) = (Axis::new("calls", ""), Axis::new("graphs", ""));
    bench.chart(Chart::plane("graphs compiled over a stream of lengths", x, y, series));
    Ok(())
}

/// What padding costs with as many static graphs.
fn padding(bench: &mut Bench<'_>, draw: &mut Draw) -> Result<(), Stop> {
    bench.progress("sizes to pad to", 0.95);
    let lens = tail(draw, LENGTHS);
    let bare: f64 = lens.iter().map(|len| (len * len + LINEAR * len) as f64).sum();
    let (mut yours, mut best, mut worst) = (Vec::new(), Vec::new(), 1.0_f64);
    for k in 1..=8 {
        let args = args![lens.clone(), k, LINEAR];
        let priced = |value: Value| match value {
            Value::Usizes(sizes) => cost(&lens, &sizes, k, LINEAR),
            other => Err(format!("sizes are {}", other.kind())),
        };
        let own = priced(bench.call("choose_buckets", &args)?).map_err(|why| {
            Stop::differs(format!("`choose_buckets` with k = {k}"), why, "")
        })?;
        let least = priced(bench.solve("choose_buckets", &args)?).map_err(Stop::Ours)?;
        worst = worst.max(own / least);
        yours.push((k as f64, own / bare));
        best.push((k as f64, least / bare));
    }
    bench.measured("work over the best sizes', worst of 1 to 8", worst, "times", Clock::Count);
    let of = |at: usize| best.get(at).map_or(f64::NAN, |point: &(f64, f64)| point.1);
    bench.remark(format!(
        "{LENGTHS} lengths cost {} times the work without padding when all are padded to the longest, {} times with 4 sizes, {} \
         times with 8",
        plain(of(0), 3),
        plain(of(3), 3),
        plain(of(7), 3)
    ));
    let series = [Series::line("yours", yours), Series::theory("best", best)];
    let (x, y) = (Axis::new("sizes", ""), Axis::new("times", ""));
    bench.chart(Chart::plane("work with padding, over work without", x, y, series));
    Ok(())
}
