//! The experiment `machine`: the roofs of this machine, and six kernels under them, predicted and clocked.

use super::clocked::{launch_us, placed, time};
use crate::grading::{Bench, Draw, Reached, Stop, Timings, plain};
use crate::machine::{Cache, Fingerprint, Rate, Roofs};
use crate::reference::kernels::kernel;
use crate::verdict::{Axis, Chart, Point, Series};
use lab_sdk::{Kernel, Machine, Op, Result};

/// How far above its roof a kernel may be clocked.
const ABOVE: f64 = 1.15;

/// One kernel with what was predicted and clocked of it.
struct Clocked {
    name: &'static str,
    /// Microseconds.
    predicted: f64,
    /// Seconds.
    took: f64,
    reached: Reached,
}

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let roofs = bench.roofs()?;
    bench.progress("an empty kernel", 0.2);
    let launch_us = launch_us(bench)?;
    let kernels = six(&mut Draw::new(bench.seed, "machine"))?;
    bench.progress("six kernels", 0.4);
    let layers: Vec<Vec<Kernel>> = kernels.iter().map(|(_, kernel)| vec![kernel.clone()]).collect();
    let timings = time(bench, &layers)?;
    let mut all = Vec::new();
    for ((name, kernel), timings) in kernels.iter().zip(&timings) {
        let bytes = 4 * (kernel.inputs.iter().chain([&kernel.out]).map(|s| s.iter().product::<u64>()).sum::<u64>() + kernel.params);
        let m = Machine { peak_flops: roofs.flops, bw: roofs.near(bytes), launch_us };
        let point = placed(bench, kernel, m)?;
        let took = timings.median();
        let reached = Reached { what: (*name).to_owned(), rate: point.flops as f64 / took, intensity: point.ai, bytes };
        all.push(Clocked { name, predicted: point.t_us, took, reached });
    }
    bench.held();
    let reached: Vec<Reached> = all.iter().map(|one| one.reached.clone()).collect();
    let roofs = bench.roofs_over(&reached, ABOVE)?;
    let baseline = Timings::widest(&timings);
    let highest = reached.iter().map(|one| one.over(&roofs)).fold(0.0, f64::max);
    bench.clocked("fastest kernel, over its roof", highest, "times", &baseline);
    bench.clocked("order of the six times, Kendall's tau", tau(&all), "", &baseline);
    for one in &all {
        bench.clocked(&format!("{}: clocked, over predicted", one.name), 1e6 * one.took / one.predicted, "times", &baseline);
    }
    let caches = Fingerprint::here().caches;
    tell(bench, &roofs, &caches, launch_us, &baseline);
    bench.chart(sweep(&roofs, &caches));
    bench.chart(roofline(&roofs, &caches, &all));
    Ok(())
}

/// Six kernels, of times that lie apart.
fn six(draw: &mut Draw) -> Result<Vec<(&'static str, Kernel)>> {
    let wide = 1024 * draw.count(2..=3);
    let relu = || Op::Act { kind: "relu".to_owned() };
    let (few, many) = (1024 * draw.count(24..=40), 1 << 22);
    let linear = |rows: u64, cout: u64| kernel(Op::Linear { cout, bias: false }, &[&[rows, 1024]]);
    Ok(vec![
        ("add, small", kernel(Op::Add {}, &[&[few], &[few]])?),
        ("ReLU, large", kernel(relu(), &[&[many]])?),
        ("scores, 8 heads", kernel(Op::Matmul {}, &[&[8, 128, 64], &[8, 64, 128]])?),
        ("linear, batch 1", linear(1, wide)?),
        ("add, large", kernel(Op::Add {}, &[&[2 * many], &[2 * many]])?),
        ("linear, batch 128", linear(128, 2 * wide)?),
    ])
}

/// Kendall's tau between predicted and clocked times: pairs in the same order, less those in the other, over all.
fn tau(all: &[Clocked]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (at, one) in all.iter().enumerate() {
        for other in &all[..at] {
            sum += ((one.predicted - other.predicted) * (one.took - other.took)).signum();
            pairs += 1.0;
        }
    }
    sum / pairs
}

fn tell(bench: &mut Bench<'_>, roofs: &Roofs, caches: &[Cache], launch_us: f64, baseline: &Timings) {
    bench.clocked("roof, f32", roofs.flops / 1e9, "GFLOP/s", baseline);
    bench.clocked("roof, memory", roofs.memory() / 1e9, "GB/s", baseline);
    bench.clocked("launch", launch_us, "us", baseline);
    let triad = |bytes: u64| roofs.sweep.iter().rfind(|rate| rate.bytes <= bytes).map(|rate| rate.triad);
    let second = caches.iter().find(|cache| cache.level == 2).and_then(|cache| triad(cache.bytes / 2));
    if let (Some(near), Some(far)) = (second, triad(u64::MAX)) {
        bench.clocked("triad from memory, over in L2", far / near, "times", baseline);
    }
    let words = match Fingerprint::here().caches() {
        caches if caches.is_empty() => "this system does not tell its cache sizes".to_owned(),
        caches => format!("caches: {caches}"),
    };
    bench.remark(format!(
        "one thread; {words}; a blocked product reaches {} % of the f32 roof; the ridge against memory is {} FLOP/B",
        plain(100.0 * roofs.gemm / roofs.flops, 3),
        plain(roofs.flops / roofs.memory(), 3)
    ));
}

/// Bandwidth over the working set; the last set that fits a cache carries its name.
fn sweep(roofs: &Roofs, caches: &[Cache]) -> Chart {
    let last = |cache: &Cache| roofs.sweep.iter().rfind(|rate| rate.bytes <= cache.bytes).map(|rate| rate.bytes);
    let label = |bytes: u64| {
        let fits = caches.iter().find(|cache| last(cache) == Some(bytes));
        fits.map(|cache| format!("L{}", cache.level)).unwrap_or_default()
    };
    let curve = |of: fn(&Rate) -> f64, labelled: bool| -> Vec<Point> {
        let name = |bytes: u64| if labelled { label(bytes) } else { String::new() };
        let point = |rate: &Rate| Point::from((rate.bytes as f64, of(rate))).named(name(rate.bytes));
        roofs.sweep.iter().map(point).collect()
    };
    let series = [
        Series::line("read", curve(|rate| rate.read, true)),
        Series::line("copy", curve(|rate| rate.copy, false)),
        Series::line("triad", curve(|rate| rate.triad, false)),
    ];
    let (x, y) = (Axis::new("working set", "B").log(), Axis::new("bandwidth", "B/s").log());
    Chart::plane("bytes a second of one thread, over the working set", x, y, series)
}

/// The roofs, and the kernels under them.
fn roofline(roofs: &Roofs, caches: &[Cache], all: &[Clocked]) -> Chart {
    let roof = |bandwidth: f64| roofs.line(bandwidth, 1.0 / 32.0, 256.0);
    let dot = |one: &Clocked| Point::from((one.reached.intensity, one.reached.rate)).named(one.name);
    let near = caches.iter().find(|cache| cache.level == 2).map_or(256 << 10, |cache| cache.bytes / 2);
    let series = [
        Series::dots("clocked", all.iter().map(dot)),
        Series::theory("roof, working set in L2", roof(roofs.near(near))),
        Series::theory("roof, from memory", roof(roofs.memory())),
    ];
    let (x, y) = (Axis::new("intensity", "FLOP/B").log(), Axis::new("speed", "FLOP/s").log());
    Chart::plane("six kernels under the roofs of one thread", x, y, series)
}
