//! 16-bit floats and the units that multiply matrices of them: rounding to BF16 and FP16 by bit operations, a product
//! out of 16 x 8 x 16 instructions, and how well it fills the tiles and SMs of a GPU.
//!
//! Legend: A (M, K), B (K, N), C and D (M, N); a step is the distance from one number of a format to the next.

use lab_sdk::{DType, Device, Mma, Result, Tensor, ensure};

/// The BF16 codes of `x`: to nearest, ties to even. A NaN becomes 0x7fc0 with its sign.
///
/// BF16 is the upper half of an f32: the same 8 exponent bits, and 7 of the 23 fraction bits. So rounding is an
/// addition to the integer that the bits are, and a carry out of the fraction is a carry into the exponent: that is
/// right too.
pub fn to_bf16(x: &[f32]) -> Vec<u32> {
    x.iter().map(|v| with_sign(v.to_bits(), 0x7fc0, |size| nearest(size, 16))).collect()
}

/// The FP16 codes of `x`: to nearest, ties to even. A NaN becomes 0x7e00 with its sign.
///
/// FP16 has 5 exponent bits, biased by 15 where f32 has 127, and 10 fraction bits. From 65520 on, half a step above the
/// largest, all is infinite; below 2^-14 the steps stay at 2^-24 and fraction bits are lost.
pub fn to_f16(x: &[f32]) -> Vec<u32> {
    let code = |size: u32| match size >> 23 {
        // 2^-14 and more: another bias, 13 bits less; what lies beyond the largest exponent is infinity.
        113.. => nearest(size - (112 << 23), 13).min(0x7c00),
        // Less: how many steps of 2^-24 is 1.f 2^(e - 127)? With its hidden bit, f shifted right by 126 - e. From half
        // of a step downwards, e < 102, nothing is left.
        e => nearest(size & 0x7f_ffff | 0x80_0000, 126 - e.max(101)),
    };
    x.iter().map(|v| with_sign(v.to_bits(), 0x7e00, code)).collect()
}

/// Codes the magnitude by `code`, a NaN by `nan`, and puts the sign in front.
fn with_sign(bits: u32, nan: u32, code: impl Fn(u32) -> u32) -> u32 {
    let (sign, size) = (bits >> 16 & 0x8000, bits & 0x7fff_ffff);
    sign | if size > 0x7f80_0000 { nan } else { code(size) }
}

/// n / 2^shift, to nearest, ties to even.
///
/// Added is half a step less one, and the last bit that stays: a tie then carries out of an odd code only.
fn nearest(n: u32, shift: u32) -> u32 {
    (n + (1 << (shift - 1)) - 1 + (n >> shift & 1)) >> shift
}

/// A B in f32, by instructions that each add a (16, 16) times (16, 8) product to a (16, 8) sum.
///
/// D is cut into tiles of 16 x 8; each walks along K in steps of 16. Refuses an A and a B whose K differ.
pub fn gemm(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ((m, k), (depth, n)) = (a.dims2()?, b.dims2()?);
    ensure!(k == depth, "A has {k} columns, B has {depth} rows");
    // Zeros add nothing to a sum, so that an instruction may reach over the edge.
    let (a, b) = (padded(a, 16, 16)?, padded(b, 16, 8)?);
    let mut bands = Vec::new();
    for i in (0..m).step_by(16) {
        let mut band = Vec::new();
        for j in (0..n).step_by(8) {
            // In f32 from the first step to the last.
            let mut c = Tensor::zeros((16, 8), DType::F32, &Device::Cpu)?;
            for p in (0..k).step_by(16) {
                let (a, b) = (a.narrow(0, i, 16)?.narrow(1, p, 16)?, b.narrow(0, p, 16)?.narrow(1, j, 8)?);
                c = mma.mma(&a, &b, &c)?;
            }
            band.push(c);
        }
        bands.push(Tensor::cat(&band, 1)?); // (16, N up to a multiple of 8)
    }
    let d = Tensor::cat(&bands, 0)?;
    Ok(d.narrow(0, 0, m)?.narrow(1, 0, n)?.contiguous()?)
}

/// `t` with zeros behind it, up to a multiple of `rows` and of `columns`.
fn padded(t: &Tensor, rows: usize, columns: usize) -> Result<Tensor> {
    let (r, c) = t.dims2()?;
    let wide = t.pad_with_zeros(0, 0, r.next_multiple_of(rows) - r)?;
    Ok(wide.pad_with_zeros(1, 0, c.next_multiple_of(columns) - c)?)
}

/// (tiles, waves, tile utilisation, wave utilisation) of an m x n product in tiles of tile_m x tile_n on `sms` SMs that
/// each do one tile at a time.
///
/// A tile over the edge is computed whole; a wave with few tiles takes as long as a full one. Both utilisations are
/// useful over launched. Refuses a 0.
/// Source: NVIDIA, Matrix Multiplication Background User's Guide, tile and wave quantization.
pub fn waves(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<(u64, u64, f64, f64)> {
    ensure!(m > 0 && n > 0 && tile_m > 0 && tile_n > 0 && sms > 0, "a size of 0: nothing to launch");
    let tiles = m.div_ceil(tile_m) * n.div_ceil(tile_n);
    let waves = tiles.div_ceil(sms);
    let tile_util = (m * n) as f64 / (tiles * tile_m * tile_n) as f64;
    let wave_util = tiles as f64 / (waves * sms) as f64;
    Ok((tiles, waves, tile_util, wave_util))
}
