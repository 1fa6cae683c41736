//! The experiment `as-slow`: the learner's pair from 24 layers on this machine, timed; and four layers of equal MACs.

use super::clocked::{WIDTH, launch_us, placed, time};
use super::family::{Site, Way, conv, family, sites};
use super::questions::SHUFFLE;
use super::super::solution;
use crate::args;
use crate::grading::{Bench, Draw, Rule, Stop, Timings, part, plain};
use crate::machine::Roofs;
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::{Bound, LayerOpt, Machine, Result, Value};

/// Families that are drawn at most, for one whose pair is far from 0.9.
const TRIES: usize = 2000;
/// How many times as long the small layer is predicted to take at least: clocks err, and kernels miss their roofs.
const CLEAR: f64 = 1.6;
/// How many times fewer parameters the small layer of the pair has at least.
const SAVED: u64 = 4;
/// Microseconds that the base takes: more than a launch, and less than a learner waits for.
const BASE: std::ops::RangeInclusive<f64> = 100.0..=20_000.0;
/// Sides of the images.
const SIDES: [u64; 4] = [7, 14, 28, 56];
/// Working sets, bytes, that the machine's one bandwidth is taken at: a cache's, and more than any holds.
const SETS: [u64; 2] = [4 << 20, 256 << 20];

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let roofs = bench.roofs()?;
    bench.progress("an empty kernel", 0.2);
    let launch = launch_us(bench)?;
    let [near, far] = machines(&roofs, launch);
    let family = clear(&mut Draw::new(bench.seed, "as-slow"), near, far)?;
    let pair = bench.same("your pair is the solution's", "pick", &args![family.clone(), WIDTH, near], Rule::Exact)?;
    let (Some(Value::Int(small)), Some(Value::Int(base))) = (part(&pair, 0), part(&pair, 1)) else {
        return Err(Stop::other_kind("pick", &pair, "a pair of places"));
    };
    let (small, base) = (&family[*small as usize], &family[*base as usize]);
    bench.held();
    bench.progress("both layers", 0.5);
    let mut words = Vec::new();
    let mut predicted = [0.0; 2];
    for (layer, predicted) in [small, base].into_iter().zip(&mut predicted) {
        let mut bounds = Vec::new();
        for kernel in &layer.kernels {
            let point = placed(bench, kernel, near)?;
            *predicted += point.t_us;
            bounds.push(if point.bound == Bound::Compute { "compute" } else { "memory" });
        }
        words.push(format!("{} ({} parameters, bound by {})", layer.name, params(layer), bounds.join(" and ")));
    }
    let timings = time(bench, &[small.kernels.clone(), base.kernels.clone()])?;
    let baseline = Timings::widest(&timings);
    let saved = params(base) as f64 / params(small) as f64;
    bench.measured("parameters, base over small", saved, "times", Clock::Count);
    bench.clocked("time predicted, small over base", predicted[0] / predicted[1], "times", &baseline);
    bench.clocked("time of the small layer, over the base", timings[0].median() / timings[1].median(), "times", &baseline);
    bench.remark(format!("batch {}: {} against {}", small.batch, words[0], words[1]));
    shuffle(bench, near)
}

/// The machine with the bandwidth of a cache, and with that of memory.
fn machines(roofs: &Roofs, launch_us: f64) -> [Machine; 2] {
    SETS.map(|bytes| Machine { peak_flops: roofs.gemm, bw: roofs.near(bytes), launch_us })
}

fn params(layer: &LayerOpt) -> u64 {
    layer.kernels.iter().map(|kernel| kernel.params).sum()
}

/// 24 layers that can be run here, whose pair is clear with either bandwidth.
fn clear(draw: &mut Draw, near: Machine, far: Machine) -> Result<Vec<LayerOpt>> {
    let ways = [Way::Dense(1), Way::Grouped(4), Way::Grouped(8), Way::LowRank(4), Way::LowRank(8), Way::Unbalanced(2)];
    for _ in 0..TRIES {
        let two: Vec<Site> = [sites(draw, 1, 2, &SIDES), sites(draw, 32, 2, &SIDES)].concat();
        let family = family(draw, &two, &ways)?;
        let Ok((small, base)) = solution::pick(&family, WIDTH, &near) else { continue };
        let time = |at: usize, m: &Machine| -> Result<f64> {
            family[at].kernels.iter().map(|kernel| Ok(solution::roofline(kernel, WIDTH, m)?.t_us)).sum()
        };
        let times = |m: &Machine| Ok::<f64, lab_sdk::Error>(time(small, m)? / time(base, m)?);
        let saves = SAVED * params(&family[small]) <= params(&family[base]);
        if saves && BASE.contains(&time(base, &near)?) && times(&near)?.min(times(&far)?) >= CLEAR {
            return Ok(family);
        }
    }
    Err("no family has a pair that is clear on this machine".into())
}

/// The four layers of the paper: elements moved by the learner's count, times of the paper's GPU and of this machine.
fn shuffle(bench: &mut Bench<'_>, m: Machine) -> Result<(), Stop> {
    bench.progress("four layers of equal MACs", 0.8);
    let site = Site { batch: 1, c: 128, side: 56 };
    let layers = SHUFFLE.map(|(c1, c2, _)| conv(site, c1, c2, 1, 1));
    let layers = layers.into_iter().collect::<Result<Vec<_>>>()?;
    let mut moved = Vec::new();
    let mut bounds = Vec::new();
    for layer in &layers {
        let point = placed(bench, layer, m)?;
        moved.push((point.bytes / u64::from(WIDTH)) as f64);
        bounds.push(point.bound);
    }
    let timings = time(bench, &layers.iter().map(|layer| vec![layer.clone()]).collect::<Vec<_>>())?;
    let baseline = Timings::widest(&timings);
    bench.measured("elements moved, 36:432 over 128:128", moved[3] / moved[0], "times", Clock::Count);
    bench.clocked("time here, 36:432 over 128:128", timings[3].median() / timings[0].median(), "times", &baseline);
    let bound = if bounds.iter().all(|b| *b == Bound::Compute) { "compute" } else { "memory, some of them" };
    bench.remark(format!(
        "the four layers are bound by {bound} here; on the paper's GPU the last took {} times as long as the first",
        plain(SHUFFLE[0].2 / SHUFFLE[3].2, 3)
    ));
    let curve = |of: &dyn Fn(usize) -> f64| {
        [0, 1, 2, 3].map(|at| (SHUFFLE[at].1 as f64 / SHUFFLE[at].0 as f64, of(at) / of(0)))
    };
    let series = [
        Series::line("time, this machine", curve(&|at| timings[at].median())),
        Series::line("time, GPU of the paper", curve(&|at| 1.0 / SHUFFLE[at].2)),
        Series::theory("elements moved", curve(&|at| moved[at])),
        Series::theory("MACs", curve(&|at| layers[at].macs as f64)),
    ];
    let (x, y) = (Axis::new("c2 / c1", "").log(), Axis::new("times", ""));
    bench.chart(Chart::plane("1x1 convolutions of equal MACs at 56x56, over the first", x, y, series));
    Ok(())
}
