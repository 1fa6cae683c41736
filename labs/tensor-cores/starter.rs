//! 16-bit floats and tensor cores. Write the functions below; anything private that helps may stand beside them.
//!
//! The bits of a number: `v.to_bits()` of an f32 gives 1 sign, 8 exponent and 23 fraction bits as a u32.
//! A tensor core: `mma.mma(&a, &b, &c)?` is a b + c; a (16, 16) and b (16, 8) in f16, c and the result (16, 8) in f32.
//! Of candle: `Tensor::zeros((16, 8), DType::F32, &Device::Cpu)`, `t.dims2()`, `t.narrow(axis, start, length)`,
//! `t.pad_with_zeros(axis, before, behind)`, `Tensor::cat(&tensors, axis)`, `t.contiguous()`.
//! To refuse, return an error: `lab_sdk::ensure!(m > 0, "there is no row")`.

use lab_sdk::{Mma, Result, Tensor};

/// The BF16 codes of `x`, 0 to 65535: 1 sign, 8 exponent and 7 fraction bits, the upper half of an f32.
///
/// To nearest, ties to the even code. What is nearer to infinity than to the largest number becomes infinity, 0x7f80; a
/// NaN becomes 0x7fc0. The sign is kept, of zeros and NaN too. By bit operations: no conversion of a library.
pub fn to_bf16(x: &[f32]) -> Vec<u32> {
    todo!()
}

/// The FP16 codes of `x`, 0 to 65535: 1 sign, 5 exponent and 10 fraction bits; the exponent is biased by 15.
///
/// To nearest, ties to the even code, subnormals included (below 2^-14, in steps of 2^-24). From 65520 on infinity,
/// 0x7c00; a NaN becomes 0x7e00. The sign is kept, of zeros and NaN too. By bit operations: no conversion of a library.
pub fn to_f16(x: &[f32]) -> Vec<u32> {
    todo!()
}

/// a b, (M, K) times (K, N) in f16 -> (M, N) in f32, by `mma.mma` alone.
///
/// Takes exactly ceil(M / 16) ceil(N / 8) ceil(K / 16) instructions; M, N and K need not be multiples of anything, and
/// with K = 0 the product is 0. Sums stay in f32.
/// Refuse: an a and a b whose K differ.
pub fn gemm(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    todo!()
}

/// An m x n product in tiles of tile_m x tile_n, one at a time on each of `sms` SMs.
///
/// (tiles, waves, tile utilisation, wave utilisation): a tile over the edge counts as a whole one, and so does a wave
/// that is not full. Tile utilisation is m n over the elements of all tiles, wave utilisation is tiles over waves times
/// sms.
/// Refuse: a 0.
pub fn waves(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<(u64, u64, f64, f64)> {
    todo!()
}
