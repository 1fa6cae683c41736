//! INT8 affine quantization, to the bit: the arithmetic that LiteRT's reference kernels do.
//!
//! real value = scale (code - zero point)
//!
//! Codes are int8. An activation has one scale and a zero point; a weight has a scale for each output channel, zero
//! point 0, and codes that stop at -127.
//!
//! Legend: T rows (tokens, pixels), K inputs, N outputs; lo, hi the smallest and largest code allowed; acc an i32
//! accumulator; mult, shift the integer form of a real factor, mult 2^(shift - 31); r rounds, halves away from 0.

use lab_sdk::{Device, I8, Result, Tensor, ensure};

/// (scale, zero point) that spread `[min, max]`, widened to hold 0, over the 256 codes -128..127.
///
/// Refuses NaN, infinities and min > max. A range of nothing but 0 has no step; (1, 0) represents it.
/// Source: the 8-bit quantization specification of TFLite.
pub fn qparams(min: f32, max: f32) -> Result<(f32, i32)> {
    ensure!(min.is_finite() && max.is_finite(), "range [{min}, {max}] is not finite");
    ensure!(min <= max, "min {min} is above max {max}");
    // Padding and ReLU write an exact 0, so 0 must be one of the 256 values.
    let (low, high) = (f64::from(min).min(0.0), f64::from(max).max(0.0));
    if low == high {
        return Ok((1.0, 0));
    }
    // 256 codes have 255 steps between them: low <-> -128, high <-> 127.
    let scale = (high - low) / 255.0;
    ensure!(scale as f32 >= f32::MIN_POSITIVE, "range [{min}, {max}] is too narrow for an f32 scale");
    // Where does 0 fall? Solve low = scale (-128 - zp). The sum lies in [-128, 127], and so does zp.
    let zp = (-128.0 - low / scale).round() as i32;
    Ok((scale as f32, zp))
}

/// The codes of x: `clamp(r(x / scale) + zp, lo, 127)`.
///
/// x f32 of any shape -> int8 of that shape. `scale` and `zp` hold one value when `axis` is None, else `x.shape[axis]`.
/// Refuses NaN and infinities in x, and what [`check_params`] refuses.
pub fn quantize(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    ensure!((-128..=127).contains(&lo), "lo {lo} is not a code");
    check_params(x.dims(), scale, zp, axis)?;
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    ensure!(values.iter().all(|v| v.is_finite()), "x holds NaN or an infinity");
    let channel = channel_of(x.dims(), axis);
    let codes = values.iter().enumerate().map(|(i, v)| {
        let c = channel(i);
        // One f32 division, as the kernel does it: v * (1 / scale) rounds twice and moves values near a half step.
        let steps = (v / scale[c]).round() as i64;
        // The zero point moves the code, then the ends of the type apply; the other order cuts off part of the range.
        steps.saturating_add(i64::from(zp[c])).clamp(i64::from(lo), 127) as i8
    });
    I8::new(x.dims(), codes.collect())
}

/// The real values of codes: `scale (q - zp)`, f32 of q's shape. The zero point gives exactly 0.
pub fn dequantize(q: &I8, scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<Tensor> {
    check_params(&q.shape, scale, zp, axis)?;
    let channel = channel_of(&q.shape, axis);
    let values = q.data.iter().enumerate().map(|(i, &code)| {
        let c = channel(i);
        // q - zp reaches 255, which i8 does not hold.
        scale[c] * (i32::from(code) - zp[c]) as f32
    });
    Ok(Tensor::from_vec(values.collect::<Vec<f32>>(), q.shape.clone(), &Device::Cpu)?)
}

/// (mult, shift) with m = mult 2^(shift - 31) and mult in 2^30..2^31: a real factor for integer hardware.
///
/// Refuses negative and non-finite m. 0, and what is too small for a shift of -31, give (0, 0).
/// Source: QuantizeMultiplier in TFLite's quantization_util.
pub fn quantize_multiplier(m: f64) -> Result<(i32, i32)> {
    ensure!(m.is_finite() && m >= 0.0, "multiplier {m} is negative or not finite");
    // m = fraction 2^shift with fraction in [1/2, 1): 31 bits of it are kept, the leading one included.
    let (fraction, mut shift) = frexp(m);
    let mut mult = (fraction * 2f64.powi(31)).round() as i64;
    if mult == 1 << 31 {
        // Rounded up to 1, which does not fit: 1 * 2^shift = 1/2 * 2^(shift + 1).
        mult /= 2;
        shift += 1;
    }
    // Below a shift of -31 even the largest accumulator would end under half a code.
    Ok(if shift < -31 { (0, 0) } else { (mult as i32, shift) })
}

/// Accumulators to codes with integers only: `clamp(acc mult 2^(shift - 31) + out_zp, lo, hi)`, rounded twice.
///
/// acc (T, N) i32; mult, shift of length N, shift in -31..=30 -> (T, N) int8. `[lo, hi]` is all of int8, or a fused
/// activation: ReLU starts at lo = out_zp.
/// Source: MultiplyByQuantizedMultiplier in TFLite, on the two primitives of gemmlowp's fixedpoint.h.
pub fn requant(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    let (rows, columns) = acc.dims2()?; // (T, N)
    ensure!(mult.len() == columns && shift.len() == columns, "mult and shift need {columns} values each");
    ensure!(shift.iter().all(|s| (-31..=30).contains(s)), "shift lies outside -31..=30");
    ensure!(-128 <= lo && lo <= hi && hi <= 127, "codes [{lo}, {hi}] are not a range of int8");
    let acc = acc.flatten_all()?.to_vec1::<i32>()?;
    let codes = acc.iter().enumerate().map(|(i, &a)| {
        let n = i % columns;
        // A factor above 1 shifts left before the multiplication, so that no bit is lost.
        let a = saturate(i64::from(a) << shift[n].max(0));
        let code = rounding_divide_by_pot(high_mul(a, mult[n]), (-shift[n]).max(0));
        code.saturating_add(out_zp).clamp(lo, hi) as i8
    });
    I8::new([rows, columns], codes.collect())
}

/// A linear layer in integers: requant(sum over k of (x - x_zp) w + bias).
///
/// x (T, K), w (N, K) with zero point 0, bias (N) i32 at scale x_scale w_scale\[n\] -> (T, N).
/// Refuses matrices whose K differ. Source: Jacob et al., arXiv 1712.05877, section 2.3.
pub fn linear_i8(x: &I8, x_zp: i32, w: &I8, bias: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32) -> Result<I8> {
    let ((rows, k), (columns, w_k)) = (x.dims2()?, w.dims2()?); // (T, K), (N, K)
    ensure!(k == w_k, "x has K = {k}, w has K = {w_k}");
    let bias = bias.to_vec1::<i32>()?;
    ensure!(bias.len() == columns, "bias has {} values, wanted {columns}", bias.len());
    // sum (x - x_zp) w = sum x w - x_zp sum w: the second part knows nothing of x and joins the bias.
    let row = |i: usize| i * k..(i + 1) * k;
    let folded: Vec<i32> = (0..columns)
        .map(|n| {
            let sum = w.data[row(n)].iter().fold(0i32, |s, &v| s.wrapping_add(v.into()));
            bias[n].wrapping_sub(x_zp.wrapping_mul(sum))
        })
        .collect();
    let mut acc = Vec::with_capacity(rows * columns); // (T, N)
    for t in 0..rows {
        for (n, start) in folded.iter().enumerate() {
            acc.push(start.wrapping_add(dot(&x.data[row(t)], &w.data[row(n)])));
        }
    }
    let acc = Tensor::from_vec(acc, (rows, columns), &Device::Cpu)?;
    requant(&acc, mult, shift, out_zp, -128, 127)
}

/// The clip c whose symmetric `bits`-bit grid has the least squared error on x: step c / L, codes -L..L.
///
/// x (n) f32, L = 2^(bits - 1) - 1. Values beyond c become c, and that error counts too. c is the best of 2048 clips,
/// max|x| j / 2048. An all-zero x has no best clip and gives 0. Refuses an empty or non-finite x, bits outside 2..=8.
pub fn clip_max(x: &Tensor, bits: u32) -> Result<f32> {
    ensure!((2..=8).contains(&bits), "{bits} bits: wanted 2 to 8");
    let mut a: Vec<f32> = x.flatten_all()?.to_vec1::<f32>()?.iter().map(|v| v.abs()).collect(); // (n)
    ensure!(!a.is_empty() && a.iter().all(|v| v.is_finite()), "x is empty or not finite");
    let levels = (1usize << (bits - 1)) - 1;
    // The grid is symmetric, so only magnitudes matter. In sorted order the values that share a code are neighbours,
    // and running sums give the error of a whole code from its two ends:
    //     sum (a - v)^2 = sum a^2 - 2 v sum a + v^2 count
    a.sort_by(f32::total_cmp);
    let mut sums = vec![(0.0, 0.0)]; // (n + 1)
    let (mut sum, mut squares) = (0.0, 0.0);
    for &v in &a {
        sum += f64::from(v);
        squares += f64::from(v) * f64::from(v);
        sums.push((sum, squares));
    }
    let error = |clip: f32| {
        let step = f64::from(clip) / levels as f64;
        let (mut from, mut total) = (0, 0.0);
        for code in 0..=levels {
            // Code v holds the magnitudes from (v - 1/2) step up to (v + 1/2) step; the last one everything above.
            let end = (code as f64 + 0.5) * step;
            let to = if code == levels { a.len() } else { from + a[from..].partition_point(|&m| f64::from(m) < end) };
            let v = code as f64 * step;
            total += sums[to].1 - sums[from].1 - 2.0 * v * (sums[to].0 - sums[from].0) + v * v * (to - from) as f64;
            from = to;
        }
        total
    };
    let peak = f64::from(a[a.len() - 1]);
    let mut best = (f64::INFINITY, 0.0);
    for j in 1..=2048 {
        let clip = (peak * f64::from(j) / 2048.0) as f32;
        let total = error(clip);
        if clip > 0.0 && total < best.0 {
            best = (total, clip);
        }
    }
    Ok(best.1)
}

/// round(ab / 2^31), halves upwards: gemmlowp's SaturatingRoundingDoublingHighMul.
///
/// "Doubling": the high 32 bits of 2ab. MIN MIN is the one product that does not fit, and saturates.
fn high_mul(a: i32, b: i32) -> i32 {
    // >> rounds down, and so adding one half first rounds to nearest.
    saturate((i64::from(a) * i64::from(b) + (1 << 30)) >> 31)
}

/// round(x / 2^exponent), halves away from zero: gemmlowp's RoundingDivideByPOT (power of two), exponent in 0..=31.
///
/// >> rounds down. The remainder it dropped decides whether to add 1; below zero an exact half must not.
fn rounding_divide_by_pot(x: i32, exponent: i32) -> i32 {
    let x = i64::from(x);
    let mask = (1i64 << exponent) - 1;
    let threshold = (mask >> 1) + i64::from(x < 0);
    ((x >> exponent) + i64::from(x & mask > threshold)) as i32
}

/// The nearest i32.
fn saturate(v: i64) -> i32 {
    v.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// |m| as fraction 2^exponent with fraction in [1/2, 1), read from an f64's bits: 1 sign, 11 exponent, 52 fraction.
/// 0 and subnormal m, far below every factor that matters, keep the smallest exponent.
fn frexp(m: f64) -> (f64, i32) {
    let bits = m.abs().to_bits();
    let fraction = f64::from_bits((bits & ((1 << 52) - 1)) | (1022 << 52));
    (fraction, (bits >> 52) as i32 - 1022)
}

/// sum of a b. i32 holds 131,071 of the largest products, 128 * 128; a plain loop over two slices becomes vector code.
fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0, |sum, (&a, &b)| sum.wrapping_add(i32::from(a) * i32::from(b)))
}

/// Refuses an axis that is not there, a wrong length, a scale that is not positive and finite, a zp that is no code.
fn check_params(shape: &[usize], scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<()> {
    let count = match axis {
        None => 1,
        Some(axis) => {
            ensure!(axis < shape.len(), "axis {axis} of a tensor of rank {}", shape.len());
            shape[axis]
        }
    };
    ensure!(scale.len() == count && zp.len() == count, "wanted {count} scales and zero points");
    ensure!(scale.iter().all(|s| s.is_finite() && *s > 0.0), "a scale is not positive and finite");
    ensure!(zp.iter().all(|z| (-128..=127).contains(z)), "a zero point lies outside [-128, 127]");
    Ok(())
}

/// From a flat index to the index along `axis`; always 0 without an axis.
fn channel_of(shape: &[usize], axis: Option<usize>) -> impl Fn(usize) -> usize {
    // In row-major order the index along an axis changes every `inner` values and comes back after `count`.
    let (count, inner) = axis.map_or((1, 1), |a| (shape[a], shape[a + 1..].iter().product()));
    move |i| i / inner % count
}
