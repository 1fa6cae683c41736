//! What the misconceptions share: the solution's shapes and refusals around one changed formula.

use super::super::solution;
use lab_sdk::{Device, I8, Result, Tensor, ensure};

pub fn widened(min: f32, max: f32) -> (f64, f64) {
    (f64::from(min).min(0.0), f64::from(max).max(0.0))
}

/// The scale is range / `steps`; the zero point is `zp(low, scale)`.
pub fn qparams_with(
    (min, max): (f32, f32),
    (low, high): (f64, f64),
    steps: f64,
    zp: impl Fn(f64, f64) -> f64,
) -> Result<(f32, i32)> {
    let right = solution::qparams(min, max)?;
    let scale = (high - low) / steps;
    Ok(if min == 0.0 && max == 0.0 { right } else { (scale as f32, zp(low, scale) as i32) })
}

pub fn fit(code: i64, lo: i32) -> i8 {
    code.clamp(lo.into(), 127) as i8
}

pub fn quantize_with(
    x: &Tensor,
    scale: &[f32],
    zp: &[i32],
    axis: Option<usize>,
    lo: i32,
    code: impl Fn(f32, f32, i64) -> i8,
) -> Result<I8> {
    solution::quantize(x, scale, zp, axis, lo)?;
    let channel = channels(x.dims(), axis);
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    let codes = values.iter().zip(channel).map(|(&v, c)| code(v, scale[c], zp[c].into()));
    I8::new(x.dims(), codes.collect())
}

pub fn dequantize_with(
    q: &I8,
    scale: &[f32],
    zp: &[i32],
    axis: Option<usize>,
    value: impl Fn(i32, f32, i32) -> f32,
) -> Result<Tensor> {
    solution::dequantize(q, scale, zp, axis)?;
    let channel = channels(&q.shape, axis);
    let values: Vec<f32> = q.data.iter().zip(channel).map(|(&v, c)| value(v.into(), scale[c], zp[c])).collect();
    Ok(Tensor::from_vec(values, q.shape.clone(), &Device::Cpu)?)
}

/// The channel of each value, in row-major order.
pub fn channels(shape: &[usize], axis: Option<usize>) -> Vec<usize> {
    let (count, inner) = axis.map_or((1, 1), |a| (shape[a], shape[a + 1..].iter().product()));
    (0..shape.iter().product()).map(|i: usize| i / inner % count).collect()
}

pub fn multiplier_with(m: f64, parts: impl Fn(f64, i32) -> (i64, i32)) -> Result<(i32, i32)> {
    let (mult, shift) = solution::quantize_multiplier(m)?;
    if mult == 0 {
        return Ok((0, 0));
    }
    let rounded_up = mult == 1 << 30 && m < 2f64.powi(shift - 1);
    let exponent = shift - i32::from(rounded_up);
    let (mult, shift) = parts(m * 2f64.powi(-exponent), exponent);
    Ok(if mult == 1 << 31 { (1 << 30, shift + 1) } else { (mult as i32, shift) })
}

pub fn requant_with(
    acc: &Tensor,
    mult: &[i32],
    shift: &[i32],
    out_zp: i32,
    lo: i32,
    hi: i32,
    code: impl Fn(i64, i64, i32) -> i64,
) -> Result<I8> {
    let mut q = solution::requant(acc, mult, shift, out_zp, lo, hi)?;
    let acc = acc.flatten_all()?.to_vec1::<i32>()?;
    for (i, (q, &a)) in q.data.iter_mut().zip(&acc).enumerate() {
        let n = i % mult.len();
        let wanted = code(a.into(), mult[n].into(), shift[n]).saturating_add(out_zp.into());
        *q = wanted.clamp(lo.into(), hi.into()) as i8;
    }
    Ok(q)
}

pub fn real(mult: i64, shift: i32) -> f64 {
    mult as f64 * 2f64.powi(shift - 31)
}

pub fn left(acc: i64, shift: i32) -> i64 {
    (acc << shift.max(0)).clamp(i32::MIN.into(), i32::MAX.into())
}

pub fn right(shift: i32) -> i32 {
    (-shift).max(0)
}

pub fn high_mul(a: i64, b: i64) -> i64 {
    ((a * b + (1 << 30)) >> 31).min(i32::MAX.into())
}

pub fn divide_by_pot(x: i64, exponent: i32) -> i64 {
    let mask = (1 << exponent) - 1;
    (x >> exponent) + i64::from(x & mask > (mask >> 1) + i64::from(x < 0))
}

pub fn linear_with(
    x: &I8,
    w: &I8,
    bias: &Tensor,
    mult: &[i32],
    shift: &[i32],
    out_zp: i32,
    acc: impl Fn(&[i8], &[i8], i32) -> i32,
) -> Result<I8> {
    solution::linear_i8(x, 0, w, bias, mult, shift, out_zp)?;
    let ((rows, k), (columns, _)) = (x.dims2()?, w.dims2()?);
    let bias = bias.to_vec1::<i32>()?;
    let all = (0..rows * columns).map(|i| {
        let (t, n) = (i / columns, i % columns);
        acc(&x.data[t * k..(t + 1) * k], &w.data[n * k..(n + 1) * k], bias[n])
    });
    let acc = Tensor::from_vec(all.collect::<Vec<i32>>(), (rows, columns), &Device::Cpu)?;
    solution::requant(&acc, mult, shift, out_zp, -128, 127)
}

pub fn sum(x: &[i8], x_zp: i32, w: &[i8]) -> i32 {
    let products = x.iter().zip(w).map(|(&x, &w)| i32::from(x).wrapping_sub(x_zp).wrapping_mul(w.into()));
    products.fold(0, i32::wrapping_add)
}

pub fn magnitudes(x: &Tensor) -> Result<Vec<f32>> {
    let mut a: Vec<f32> = x.flatten_all()?.to_vec1::<f32>()?.iter().map(|v| v.abs()).collect();
    ensure!(!a.is_empty(), "x is empty");
    a.sort_by(f32::total_cmp);
    Ok(a)
}

/// The clip of a 512-point grid with the least sum of `cost(magnitude, coded magnitude, clip)`.
pub fn best_clip(x: &Tensor, bits: u32, levels: f64, cost: impl Fn(f64, f64, f64) -> f64) -> Result<f32> {
    solution::clip_max(x, bits)?;
    let a: Vec<f64> = magnitudes(x)?.into_iter().map(f64::from).collect();
    let mut best = (f64::INFINITY, 0.0);
    for clip in (1..=512).map(|j| a[a.len() - 1] * f64::from(j) / 512.0).filter(|c| *c > 0.0) {
        let step = clip / levels;
        let total = a.iter().map(|&v| cost(v, (v / step).round().min(levels) * step, clip)).sum();
        if total < best.0 {
            best = (total, clip);
        }
    }
    Ok(best.1 as f32)
}

/// L of a symmetric grid; what is refused has none.
pub fn levels(bits: u32) -> f64 {
    f64::from((1i32 << (bits.clamp(2, 8) - 1)) - 1)
}
