//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named in its signature; what must be refused is left to the solution, so that only the mistake differs.

#[path = "misconceptions/formulas.rs"]
mod formulas;

use super::solution;
use formulas::*;
use lab_sdk::{I8, Result, Tensor};

/// Does not widen the range to hold 0.
pub fn no_zero_in_range(min: f32, max: f32) -> Result<(f32, i32)> {
    qparams_with((min, max), (min.into(), max.into()), 255.0, |low, scale| (-128.0 - low / scale).round())
}

/// Divides the range by the number of codes instead of the number of steps.
pub fn steps_256(min: f32, max: f32) -> Result<(f32, i32)> {
    qparams_with((min, max), widened(min, max), 256.0, |low, scale| (-128.0 - low / scale).round())
}

/// Gives the zero point of the codes 0..255.
pub fn unsigned_zero_point(min: f32, max: f32) -> Result<(f32, i32)> {
    qparams_with((min, max), widened(min, max), 255.0, |low, scale| (-low / scale).round())
}

/// Cuts the zero point's fraction off instead of rounding it.
pub fn truncated_zero_point(min: f32, max: f32) -> Result<(f32, i32)> {
    qparams_with((min, max), widened(min, max), 255.0, |low, scale| (-128.0 - low / scale).trunc())
}

/// Treats activations like weights: symmetric, zero point 0.
pub fn symmetric_range(min: f32, max: f32) -> Result<(f32, i32)> {
    let right = solution::qparams(min, max)?;
    let peak = f64::from(min.abs().max(max.abs()));
    Ok(if peak == 0.0 { right } else { ((peak / 127.0) as f32, 0) })
}

/// Divides 0 by 0 when the range holds nothing but 0.
pub fn zero_scale(min: f32, max: f32) -> Result<(f32, i32)> {
    let right = solution::qparams(min, max)?;
    Ok(if min == 0.0 && max == 0.0 { (0.0, 0) } else { right })
}

/// Clamps at -128 whatever `lo` says.
pub fn uses_minus_128(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    solution::quantize(x, scale, zp, axis, lo)?;
    solution::quantize(x, scale, zp, axis, -128)
}

/// Rounds halves to even.
pub fn rounds_half_even(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| fit(((v / s).round_ties_even() as i64).saturating_add(zp), lo))
}

/// Rounds halves upwards: floor(v + 1/2).
pub fn rounds_half_up(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| {
        fit(((f64::from(v / s) + 0.5).floor() as i64).saturating_add(zp), lo)
    })
}

/// Cuts the fraction off instead of rounding.
pub fn truncates(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| fit(((v / s) as i64).saturating_add(zp), lo))
}

/// Multiplies by the reciprocal of the scale.
pub fn multiplies_by_reciprocal(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| fit(((v * (1.0 / s)).round() as i64).saturating_add(zp), lo))
}

/// Divides in f64.
pub fn divides_in_f64(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| {
        fit(((f64::from(v) / f64::from(s)).round() as i64).saturating_add(zp), lo)
    })
}

/// Adds the zero point before it rounds.
pub fn zero_point_inside_round(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| fit((v / s + zp as f32).round() as i64, lo))
}

/// Clamps before it adds the zero point, and wraps after.
pub fn clamps_first(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| (i64::from(fit((v / s).round() as i64, lo)) + zp) as i8)
}

/// Never clamps: codes wrap around.
pub fn wraps(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, zp| ((v / s).round() as i64).wrapping_add(zp) as i8)
}

/// Leaves the zero point out.
pub fn ignores_zero_point(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    quantize_with(x, scale, zp, axis, lo, |v, s, _| fit((v / s).round() as i64, lo))
}

/// Uses the largest scale, and its zero point, for all channels.
pub fn one_scale(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    let right = solution::quantize(x, scale, zp, axis, lo)?;
    match (0..scale.len()).max_by(|&a, &b| scale[a].total_cmp(&scale[b])) {
        Some(c) => solution::quantize(x, &scale[c..=c], &zp[c..=c], None, lo),
        None => Ok(right),
    }
}

/// Uses the first scale and zero point for all channels.
pub fn first_scale(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    let right = solution::quantize(x, scale, zp, axis, lo)?;
    if scale.is_empty() { Ok(right) } else { solution::quantize(x, &scale[..1], &zp[..1], None, lo) }
}

/// Lets the scales line up with the last axis, as NumPy does by itself.
pub fn trailing_axis(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    solution::quantize(x, scale, zp, axis, lo)?;
    let last = x.rank().checked_sub(1).filter(|_| axis.is_some());
    solution::quantize(x, scale, zp, last, lo)
}

/// Takes the channels along the first axis, whatever `axis` says.
pub fn leading_axis(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    solution::quantize(x, scale, zp, axis, lo)?;
    solution::quantize(x, scale, zp, axis.map(|_| 0), lo)
}

/// Subtracts the zero point in int8, where it wraps around.
pub fn zero_point_in_i8(q: &I8, scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<Tensor> {
    dequantize_with(q, scale, zp, axis, |code, s, zp| s * f32::from((code - zp) as i8))
}

/// Scales the code first, then subtracts the zero point.
pub fn zero_point_after_scale(q: &I8, scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<Tensor> {
    dequantize_with(q, scale, zp, axis, |code, s, zp| s * code as f32 - zp as f32)
}

/// Scales code and zero point apart, so that two roundings differ.
pub fn zero_point_scaled_apart(q: &I8, scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<Tensor> {
    dequantize_with(q, scale, zp, axis, |code, s, zp| s * code as f32 - s * zp as f32)
}

/// Adds the zero point where it has to be subtracted.
pub fn zero_point_added(q: &I8, scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<Tensor> {
    dequantize_with(q, scale, zp, axis, |code, s, zp| s * (code + zp) as f32)
}

/// Cuts the multiplier off after 31 bits instead of rounding it.
pub fn truncated_multiplier(m: f64) -> Result<(i32, i32)> {
    multiplier_with(m, |fraction, shift| ((fraction * 2f64.powi(31)) as i64, shift))
}

/// Rounds halves of the multiplier to even.
pub fn multiplier_half_even(m: f64) -> Result<(i32, i32)> {
    multiplier_with(m, |fraction, shift| ((fraction * 2f64.powi(31)).round_ties_even() as i64, shift))
}

/// Keeps 24 bits of the factor: computes in f32.
pub fn multiplier_in_f32(m: f64) -> Result<(i32, i32)> {
    solution::quantize_multiplier(m)?;
    solution::quantize_multiplier(f64::from((m as f32).clamp(0.0, f32::MAX)))
}

/// Lets a multiplier that rounds up to 2^31 saturate instead of halving it.
pub fn not_renormalised(m: f64) -> Result<(i32, i32)> {
    let (mult, shift) = solution::quantize_multiplier(m)?;
    // Only a factor that rounds up gives 2^30 and yet lies under 2^30 2^(shift - 31) = 2^(shift - 1).
    let rounded_up = mult == 1 << 30 && m < 2f64.powi(shift - 1);
    Ok(if rounded_up { (i32::MAX, shift - 1) } else { (mult, shift) })
}

/// Reads the exponent as if the fraction lay in [1, 2), and keeps the one in [1/2, 1).
pub fn shift_off_by_one(m: f64) -> Result<(i32, i32)> {
    multiplier_with(m, |fraction, shift| ((fraction * 2f64.powi(31)).round() as i64, shift - 1))
}

/// Returns the shift as a number of places to the right.
pub fn right_shift_positive(m: f64) -> Result<(i32, i32)> {
    let (mult, shift) = solution::quantize_multiplier(m)?;
    Ok((mult, -shift))
}

/// Returns shifts below -31 that no shift of an i32 can do.
pub fn keeps_tiny_multiplier(m: f64) -> Result<(i32, i32)> {
    let (mult, shift) = solution::quantize_multiplier(m)?;
    if m == 0.0 || mult != 0 {
        return Ok((mult, shift));
    }
    let shift = m.log2().floor() as i32 + 1;
    Ok(((m * 2f64.powi(31 - shift)).round() as i32, shift))
}

/// Multiplies by the real factor and rounds once, halves away from zero.
pub fn float_requant(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| (a as f64 * real(m, s)).round() as i64)
}

/// Multiplies by the real factor and rounds once, halves to even.
pub fn float_requant_half_even(acc: &Tensor, mult: &[i32], shift: &[i32], zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, zp, lo, hi, |a, m, s| (a as f64 * real(m, s)).round_ties_even() as i64)
}

/// Adds half to the 64-bit product and shifts once.
pub fn single_rounding(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| (a * m + (1 << (30 - s))) >> (31 - s))
}

/// Shifts right without rounding.
pub fn floor_shift(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| high_mul(left(a, s), m) >> right(s))
}

/// Takes the high half of the product without rounding it.
pub fn truncating_high_mul(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| divide_by_pot((left(a, s) * m) >> 31, right(s)))
}

/// Rounds halves of the first step away from zero too.
pub fn high_mul_ties_away(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| {
        let product = left(a, s) * m;
        divide_by_pot((product + (1 << 30) - i64::from(product < 0)) >> 31, right(s))
    })
}

/// Rounds halves of the shift upwards: adds half, then shifts.
pub fn ties_toward_positive(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| {
        (high_mul(left(a, s), m) + ((1 << right(s)) >> 1)) >> right(s)
    })
}

/// Lets the product of i32::MIN with itself wrap around.
pub fn min_times_min(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| {
        divide_by_pot(i64::from(((left(a, s) * m + (1 << 30)) >> 31) as i32), right(s))
    })
}

/// Handles right shifts only: a factor above 1 loses its power of two.
pub fn drops_left_shift(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| divide_by_pot(high_mul(a, m), right(s)))
}

/// Shifts left after the multiplication has dropped the low bits.
pub fn left_shift_last(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    requant_with(acc, mult, shift, out_zp, lo, hi, |a, m, s| divide_by_pot(left(high_mul(a, m), s), right(s)))
}

/// Clamps to all of int8 instead of [lo, hi].
pub fn forgets_fused_range(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    solution::requant(acc, mult, shift, out_zp, lo, hi)?;
    solution::requant(acc, mult, shift, out_zp, -128, 127)
}

/// Clamps to [lo, hi] before it adds the zero point.
pub fn clamps_before_zero_point(acc: &Tensor, mult: &[i32], shift: &[i32], zp: i32, lo: i32, hi: i32) -> Result<I8> {
    let mut q = requant_with(acc, mult, shift, 0, lo, hi, |a, m, s| divide_by_pot(high_mul(left(a, s), m), right(s)))?;
    q.data.iter_mut().for_each(|code| *code = i64::from(*code).saturating_add(zp.into()).clamp(-128, 127) as i8);
    Ok(q)
}

/// Uses the first multiplier and shift for all columns.
pub fn one_multiplier(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    let right = solution::requant(acc, mult, shift, out_zp, lo, hi)?;
    match (mult.first(), shift.first()) {
        (Some(&m), Some(&s)) => solution::requant(acc, &vec![m; mult.len()], &vec![s; shift.len()], out_zp, lo, hi),
        _ => Ok(right),
    }
}

/// Sums in f32, which holds every integer only up to 2^24.
pub fn f32_accumulator(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    linear_with(x, w, b, m, s, zp, |x, w, b| {
        let sum = x.iter().zip(w).fold(0f32, |s, (&x, &w)| s + (i32::from(x) - x_zp) as f32 * f32::from(w));
        (sum as i32).wrapping_add(b)
    })
}

/// Sums in i16, which wraps around.
pub fn i16_accumulator(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    linear_with(x, w, b, m, s, zp, |x, w, b| i32::from(sum(x, x_zp, w) as i16).wrapping_add(b))
}

/// Multiplies and sums in i8, which wraps around.
pub fn i8_accumulator(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    linear_with(x, w, b, m, s, zp, |x, w, b| {
        let offset = sum(x, x_zp, w).wrapping_sub(sum(x, 0, w));
        i32::from(sum(x, 0, w) as i8).wrapping_add(offset).wrapping_add(b)
    })
}

/// Leaves x's zero point out.
pub fn ignores_x_zp(x: &I8, _x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    solution::linear_i8(x, 0, w, b, m, s, zp)
}

/// Adds x's zero point where it has to be subtracted.
pub fn adds_x_zp(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    solution::linear_i8(x, x_zp.wrapping_neg(), w, b, m, s, zp)
}

/// Subtracts x_zp once for each input instead of x_zp times each weight.
pub fn zero_point_times_k(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    linear_with(x, w, b, m, s, zp, |x, w, b| {
        sum(x, 0, w).wrapping_sub(x_zp.wrapping_mul(x.len() as i32)).wrapping_add(b)
    })
}

/// Adds the bias after requantization, as if it stood at the output's scale.
pub fn bias_at_output_scale(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    let mut q = solution::linear_i8(x, x_zp, w, &b.zeros_like()?, m, s, zp)?;
    let bias = b.to_vec1::<i32>()?;
    for (i, code) in q.data.iter_mut().enumerate() {
        *code = i32::from(*code).saturating_add(bias[i % bias.len()]).clamp(-128, 127) as i8;
    }
    Ok(q)
}

/// Leaves the bias out.
pub fn forgets_bias(x: &I8, x_zp: i32, w: &I8, b: &Tensor, m: &[i32], s: &[i32], zp: i32) -> Result<I8> {
    solution::linear_i8(x, x_zp, w, &b.zeros_like()?, m, s, zp)
}

/// Takes the largest magnitude.
pub fn max_abs(x: &Tensor, bits: u32) -> Result<f32> {
    solution::clip_max(x, bits)?;
    Ok(magnitudes(x)?.last().copied().unwrap_or(0.0))
}

/// Returns the step between two codes instead of the clip.
pub fn step_for_clip(x: &Tensor, bits: u32) -> Result<f32> {
    Ok(solution::clip_max(x, bits)? / levels(bits) as f32)
}

/// Spends every bit on the magnitude.
pub fn levels_without_sign(x: &Tensor, bits: u32) -> Result<f32> {
    best_clip(x, bits, 2.0 * levels(bits) + 1.0, |v, coded, _| (v - coded).powi(2))
}

/// Takes the 99th percentile of the magnitudes.
pub fn fixed_percentile(x: &Tensor, bits: u32) -> Result<f32> {
    solution::clip_max(x, bits)?;
    let a = magnitudes(x)?;
    let at = 0.99 * (a.len() - 1) as f64;
    let (low, high) = (a[at.floor() as usize], a[at.ceil() as usize]);
    Ok((f64::from(low) + (f64::from(high) - f64::from(low)) * at.fract()) as f32)
}

/// Counts the error of the values inside the clip only.
pub fn ignores_clipping_error(x: &Tensor, bits: u32) -> Result<f32> {
    best_clip(x, bits, levels(bits), |v, coded, clip| if v <= clip { (v - coded).powi(2) } else { 0.0 })
}

/// Minimises the mean absolute error instead of the squared one.
pub fn absolute_error(x: &Tensor, bits: u32) -> Result<f32> {
    best_clip(x, bits, levels(bits), |v, coded, _| (v - coded).abs())
}

/// Takes three standard deviations.
pub fn three_sigma(x: &Tensor, bits: u32) -> Result<f32> {
    solution::clip_max(x, bits)?;
    let a = magnitudes(x)?;
    let mean_square = a.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / a.len() as f64;
    Ok(((3.0 * mean_square.sqrt()) as f32).min(a[a.len() - 1]))
}
