//! A kernel under the roofs of a machine: what it computes, what it moves, which of the two it waits for, and how long it
//! takes. Then a family of layers, in which fewer parameters are not faster.
//!
//! ```text
//! time = max(FLOPs / peak, bytes / bandwidth) + launch
//! ```

use lab_sdk::{Bound, Kernel, LayerOpt, Machine, Norm, Op, Point, Result, ensure};

/// Of the time of the base, what the small layer has to take at least.
const AS_LONG: f64 = 0.9;

/// FLOPs, bytes, intensity, ridge, bound and time of one kernel, with elements of so many bytes.
///
/// Each input, weight and output crosses memory once. Arithmetic and memory work at the same time, so the slower one is the
/// time; the launch comes on top.
pub fn roofline(k: &Kernel, bytes_per_elem: u32, m: &Machine) -> Result<Point> {
    let positive = |rate: f64| rate > 0.0 && rate.is_finite();
    ensure!(positive(m.peak_flops) && positive(m.bw), "{} FLOP/s and {} B/s are no roofs", m.peak_flops, m.bw);
    ensure!(m.launch_us >= 0.0 && m.launch_us.is_finite(), "a launch of {} microseconds", m.launch_us);
    ensure!(bytes_per_elem > 0, "elements of no bytes");
    let flops = flops(k)?;
    let bytes = product(&[elements(k)?, bytes_per_elem.into()])?;
    let (ai, ridge) = (flops as f64 / bytes as f64, m.peak_flops / m.bw);
    let (math, memory) = (flops as f64 / m.peak_flops, bytes as f64 / m.bw);
    let bound = if ai >= ridge { Bound::Compute } else { Bound::Memory };
    Ok(Point { flops, bytes, ai, ridge, bound, t_us: 1e6 * math.max(memory) + m.launch_us })
}

/// Of all pairs of one batch in which `small` has at most half the parameters of `base` and is predicted to take at least 0.9
/// of its time, the one that saves most parameters: the indices (small, base).
pub fn pick(family: &[LayerOpt], bytes_per_elem: u32, m: &Machine) -> Result<(usize, usize)> {
    let mut costs = Vec::new();
    for layer in family {
        ensure!(!layer.kernels.is_empty(), "`{}` has no kernel", layer.name);
        let (mut params, mut time) = (0_u64, 0.0);
        for kernel in &layer.kernels {
            // Kernels run one after the other, and each is launched.
            time += roofline(kernel, bytes_per_elem, m)?.t_us;
            params += kernel.params;
        }
        costs.push((layer.batch, params, time));
    }
    let mut best: Option<(usize, usize)> = None;
    for (small, (batch, few, slow)) in costs.iter().enumerate() {
        for (base, (other, many, fast)) in costs.iter().enumerate() {
            let fits = batch == other && 2 * few <= *many && *slow >= AS_LONG * fast;
            let less = |(s, b): (usize, usize)| {
                let cross = |x: u64, y: u64| u128::from(x) * u128::from(y);
                cross(*few, costs[b].1) < cross(costs[s].1, *many)
            };
            if fits && best.is_none_or(less) {
                best = Some((small, base));
            }
        }
    }
    best.ok_or_else(|| "no layer has half the parameters of another and takes as long".into())
}

/// Floating point operations: two for a multiply-add; where there are no products, those of each element.
fn flops(k: &Kernel) -> Result<u64> {
    let out = product(&k.out)?;
    match k.op {
        Op::Conv2d { .. } | Op::Linear { .. } | Op::Matmul {} | Op::Attention { .. } => product(&[2, k.macs]),
        Op::Act { .. } => Ok(out),
        Op::Add {} => product(&[out, k.inputs.len().saturating_sub(1) as u64]),
        Op::Pool { k: [high, wide], .. } => product(&[out, high, wide]),
        Op::Norm { kind: Norm::Layer } => product(&[5, out]),
        Op::Embedding { .. } => Ok(0),
        _ => Err("an operation that is not on the list".into()),
    }
}

/// Elements that cross memory: inputs, weights, outputs. A lookup touches only the rows that it returns.
fn elements(k: &Kernel) -> Result<u64> {
    let out = product(&k.out)?;
    if let Op::Embedding { .. } = k.op {
        return product(&[2, out]);
    }
    let parts = k.inputs.iter().map(|shape| product(shape)).chain([Ok(k.params), Ok(out)]);
    parts.sum::<Result<u64>>()
}

fn product(factors: &[u64]) -> Result<u64> {
    let all = factors.iter().try_fold(1_u64, |all, &factor| all.checked_mul(factor));
    all.ok_or_else(|| format!("{factors:?} multiply to more than 2^64").into())
}
