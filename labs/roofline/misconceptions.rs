//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the solution,
//! named by its signature; what must be refused is left to the solution, so that only the mistake differs.

use super::solution;
use lab_sdk::{Bound, Kernel, LayerOpt, Machine, Norm, Op, Point, Result};

/// Nothing is charged for writing the result.
pub fn forgets_the_output(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    moves(k, bytes_per_elem, m, |bytes| bytes - size(&k.out) * u64::from(bytes_per_elem))
}

/// The weights are not on the bill.
pub fn weights_left_out(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let weights = if is_lookup(k) { 0 } else { k.params * u64::from(bytes_per_elem) };
    moves(k, bytes_per_elem, m, |bytes| bytes - weights)
}

/// The weights are read again for each row, or image.
pub fn weights_for_each_row(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let (rows, weights) = (k.inputs[0][0], if is_lookup(k) { 0 } else { k.params * u64::from(bytes_per_elem) });
    moves(k, bytes_per_elem, m, |bytes| bytes + (rows - 1) * weights)
}

/// Only the first input is read.
pub fn first_input_only(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let others: u64 = k.inputs.iter().skip(1).map(|shape| size(shape)).sum();
    moves(k, bytes_per_elem, m, |bytes| bytes - others * u64::from(bytes_per_elem))
}

/// The whole table is a weight like any other.
pub fn reads_the_table(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let table = (k.params + size(&k.out)) * u64::from(bytes_per_elem);
    moves(k, bytes_per_elem, m, |bytes| if is_lookup(k) { table } else { bytes })
}

/// 4 bytes, whatever the dtype.
pub fn always_f32(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    moves(k, bytes_per_elem, m, |bytes| bytes / u64::from(bytes_per_elem) * 4)
}

/// Elements are divided by in place of bytes.
pub fn counts_elements(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    moves(k, bytes_per_elem, m, |bytes| bytes / u64::from(bytes_per_elem))
}

/// A multiply-add counts once.
pub fn macs_for_flops(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    works(k, bytes_per_elem, m, |flops| if k.macs > 0 { k.macs } else { flops })
}

/// Adding the bias is an operation too.
pub fn adds_the_bias(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let biased = matches!(k.op, Op::Linear { bias: true, .. } | Op::Conv2d { bias: true, .. });
    works(k, bytes_per_elem, m, |flops| if biased { flops + size(&k.out) } else { flops })
}

/// A window counts once.
pub fn one_op_a_window(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    works(k, bytes_per_elem, m, |flops| if matches!(k.op, Op::Pool { .. }) { size(&k.out) } else { flops })
}

/// A layer norm is one operation an element.
pub fn one_op_a_norm(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    works(k, bytes_per_elem, m, |flops| if matches!(k.op, Op::Norm { kind: Norm::Layer }) { flops / 5 } else { flops })
}

/// First the bytes come, then the arithmetic begins.
pub fn adds_the_times(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    timed(k, bytes_per_elem, m, |math, memory| math + memory + m.launch_us)
}

/// The faster of both.
pub fn faster_wins(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    timed(k, bytes_per_elem, m, |math, memory| math.min(memory) + m.launch_us)
}

/// No launch.
pub fn launch_forgotten(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    timed(k, bytes_per_elem, m, f64::max)
}

/// The launch is hidden behind the work.
pub fn launch_hidden(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    timed(k, bytes_per_elem, m, |math, memory| math.max(memory).max(m.launch_us))
}

/// Seconds and microseconds in one sum.
pub fn seconds_and_microseconds(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    timed(k, bytes_per_elem, m, |math, memory| math.max(memory) / 1e6 + m.launch_us)
}

/// Bandwidth over peak.
pub fn inverted_ridge(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let right = solution::roofline(k, bytes_per_elem, m)?;
    let ridge = m.bw / m.peak_flops;
    Ok(Point { ridge, bound: if right.ai >= ridge { Bound::Compute } else { Bound::Memory }, ..right })
}

/// Many FLOPs a byte, so memory has much to do.
pub fn labels_swapped(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let right = solution::roofline(k, bytes_per_elem, m)?;
    let bound = if right.bound == Bound::Compute { Bound::Memory } else { Bound::Compute };
    Ok(Point { bound, ..right })
}

/// Fewest and most parameters, whatever they take.
pub fn ranks_by_params(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    chosen(family, bytes_per_elem, m, |small, base| small.batch == base.batch)
}

/// Time by multiply-adds alone.
pub fn ranks_by_macs(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    chosen(family, bytes_per_elem, m, |small, base| small.batch == base.batch && small.macs >= 0.9 * base.macs)
}

/// One launch a layer, of however many kernels.
pub fn one_launch(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    let time = |of: &Costs| of.time - (of.kernels - 1.0) * m.launch_us;
    chosen(family, bytes_per_elem, m, |small, base| small.batch == base.batch && time(small) >= 0.9 * time(base))
}

/// The kernels of a layer run side by side.
pub fn kernels_overlap(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    chosen(family, bytes_per_elem, m, |small, base| small.batch == base.batch && small.slowest >= 0.9 * base.slowest)
}

/// Any two batches are compared.
pub fn any_batch(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    chosen(family, bytes_per_elem, m, |small, base| small.time >= 0.9 * base.time)
}

/// The small layer has to be faster.
pub fn faster_too(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    chosen(family, bytes_per_elem, m, |small, base| small.batch == base.batch && small.time <= 0.9 * base.time)
}

/// (base, small).
pub fn base_first(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    solution::pick(family, bytes_per_elem, m).map(|(small, base)| (base, small))
}

/// What a layer costs.
struct Costs {
    batch: u64,
    params: u64,
    macs: f64,
    time: f64,
    slowest: f64,
    kernels: f64,
}

/// The pair that saves most parameters among those that `fits` lets through.
fn chosen(family: &[LayerOpt], bytes: u32, m: &Machine, fits: impl Fn(&Costs, &Costs) -> bool) -> Result<(usize, usize)> {
    // What the solution refuses for another reason than that no pair fits is refused here too.
    let costs = family.iter().map(|layer| costs(layer, bytes, m)).collect::<Result<Vec<_>>>()?;
    let places = || 0..costs.len();
    let pairs = places().flat_map(|small| places().map(move |base| (small, base)));
    let half = pairs.filter(|&(small, base)| 2 * costs[small].params <= costs[base].params && fits(&costs[small], &costs[base]));
    let saved = |&(small, base): &(usize, usize)| costs[small].params as f64 / costs[base].params as f64;
    half.min_by(|a, b| saved(a).total_cmp(&saved(b))).ok_or_else(|| "no such pair".into())
}

fn costs(layer: &LayerOpt, bytes: u32, m: &Machine) -> Result<Costs> {
    lab_sdk::ensure!(!layer.kernels.is_empty(), "no kernel");
    let times: Vec<f64> = layer.kernels.iter().map(|k| Ok(solution::roofline(k, bytes, m)?.t_us)).collect::<Result<_>>()?;
    Ok(Costs {
        batch: layer.batch,
        params: layer.kernels.iter().map(|k| k.params).sum(),
        macs: layer.kernels.iter().map(|k| k.macs as f64).sum(),
        time: times.iter().sum(),
        slowest: times.iter().copied().fold(0.0, f64::max),
        kernels: times.len() as f64,
    })
}

fn is_lookup(k: &Kernel) -> bool {
    matches!(k.op, Op::Embedding { .. })
}

fn size(shape: &[u64]) -> u64 {
    shape.iter().product()
}

/// The right point with other bytes, and what follows from them.
fn moves(k: &Kernel, bytes_per_elem: u32, m: &Machine, change: impl Fn(u64) -> u64) -> Result<Point> {
    let right = solution::roofline(k, bytes_per_elem, m)?;
    Ok(placed(right.flops, change(right.bytes), m))
}

/// The right point with other FLOPs.
fn works(k: &Kernel, bytes_per_elem: u32, m: &Machine, change: impl Fn(u64) -> u64) -> Result<Point> {
    let right = solution::roofline(k, bytes_per_elem, m)?;
    Ok(placed(change(right.flops), right.bytes, m))
}

/// The right point with another time, from the microseconds of arithmetic and of memory.
fn timed(k: &Kernel, bytes_per_elem: u32, m: &Machine, time: impl Fn(f64, f64) -> f64) -> Result<Point> {
    let right = solution::roofline(k, bytes_per_elem, m)?;
    let (math, memory) = (right.flops as f64 / m.peak_flops, right.bytes as f64 / m.bw);
    Ok(Point { t_us: time(1e6 * math, 1e6 * memory), ..right })
}

fn placed(flops: u64, bytes: u64, m: &Machine) -> Point {
    let (ai, ridge) = (flops as f64 / bytes as f64, m.peak_flops / m.bw);
    let bound = if ai >= ridge { Bound::Compute } else { Bound::Memory };
    let (math, memory) = (flops as f64 / m.peak_flops, bytes as f64 / m.bw);
    Point { flops, bytes, ai, ridge, bound, t_us: 1e6 * math.max(memory) + m.launch_us }
}
