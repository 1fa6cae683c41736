//! INT8 affine quantization, to the bit. Write the functions below; anything private that helps may stand beside them.
//!
//! real value = scale (code - zero point)
//!
//! T rows (tokens, pixels), K inputs, N outputs. `I8 { shape, data }` is an int8 tensor: `I8::new(shape, data)`.
//! To refuse, return an error: `lab_sdk::ensure!(scale > 0.0, "scale {scale} is not positive")`.

use lab_sdk::{I8, Result, Tensor};

/// (scale, zero point) that spread the range over the codes -128..127.
///
/// Widen [min, max] to hold 0. In f64: scale = (max - min) / 255, zp = round(-128 - min / scale), halves away from
/// zero; return the scale as f32. The range [0, 0] gives (1, 0).
/// Refuse: NaN, infinities, min > max.
pub fn qparams(min: f32, max: f32) -> Result<(f32, i32)> {
    todo!()
}

/// The codes of x: clamp(round(x / scale) + zp, lo, 127).
///
/// x f32 of any shape -> int8 of that shape. `scale` and `zp` hold one value when `axis` is None, else `x.shape[axis]`.
/// Divide in f32; round halves away from zero.
/// Refuse: NaN or an infinity in x; a scale that is 0, negative or NaN; a zp outside -128..=127; an axis that x does
/// not have; scales or zero points of the wrong length.
pub fn quantize(x: &Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>, lo: i32) -> Result<I8> {
    todo!()
}

/// The real values of codes: scale (q - zp), f32 of q's shape (`Tensor::from_vec(values, shape, &Device::Cpu)`).
///
/// `scale`, `zp`, `axis` and what to refuse: as in `quantize`.
pub fn dequantize(q: &I8, scale: &[f32], zp: &[i32], axis: Option<usize>) -> Result<Tensor> {
    todo!()
}

/// (mult, shift): the factor m as mult 2^(shift - 31).
///
/// m = fraction 2^shift with fraction in [1/2, 1); mult = round(fraction 2^31), halves away from zero. When that gives
/// 2^31, halve mult and add 1 to shift. m = 0, and any shift below -31, give (0, 0).
/// Refuse: a negative m, NaN, infinities.
pub fn quantize_multiplier(m: f64) -> Result<(i32, i32)> {
    todo!()
}

/// Accumulators to codes, in integers and rounded twice: clamp(acc mult[n] 2^(shift[n] - 31) + out_zp, lo, hi).
///
/// acc (T, N) i32, mult and shift of length N, shift in -31..=30 -> (T, N).
///   a = acc 2^max(shift, 0)
///   h = round(a mult / 2^31), halves upwards, saturated to i32   (gemmlowp: SaturatingRoundingDoublingHighMul)
///   q = round(h / 2^max(-shift, 0)), halves away from zero       (gemmlowp: RoundingDivideByPOT)
///   clamp(q + out_zp, lo, hi)
pub fn requant(acc: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32, lo: i32, hi: i32) -> Result<I8> {
    todo!()
}

/// A linear layer in integers: requant(sum over k of (x - x_zp) w + bias, .., -128, 127).
///
/// x (T, K), w (N, K) with zero point 0, bias (N) i32 at scale x_scale w_scale[n] -> (T, N). The sum is an i32.
/// Refuse: an x and a w whose K differ.
pub fn linear_i8(x: &I8, x_zp: i32, w: &I8, bias: &Tensor, mult: &[i32], shift: &[i32], out_zp: i32) -> Result<I8> {
    todo!()
}

/// The clip c > 0 with the least squared error of x on the symmetric grid of `bits` bits (2..=8).
///
/// x (n) f32. L = 2^(bits - 1) - 1; step c / L; codes -L..=L; x is coded as clamp(round(x L / c), -L, L). The error of
/// the clipped values counts. At most 1.02 times the best of 2048 evenly spaced clips up to max|x|.
/// Refuse: an empty x, NaN, infinities.
pub fn clip_max(x: &Tensor, bits: u32) -> Result<f32> {
    todo!()
}
