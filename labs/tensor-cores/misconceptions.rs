//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named by its signature; what must be refused is left to the solution, so that only the mistake differs.

use super::solution;
use lab_sdk::{DType, Device, Mma, Result, Tensor};

/// Keeps the upper half and drops the lower one.
pub fn truncates(x: &[f32]) -> Vec<u32> {
    coded(x, |size| Some(size >> 16), solution::to_bf16)
}

/// Adds half a step, and so lifts every tie.
pub fn halves_up(x: &[f32]) -> Vec<u32> {
    coded(x, |size| Some((size + 0x8000) >> 16), solution::to_bf16)
}

/// Rounds the bits of a NaN as if they were a number's.
pub fn nan_becomes_infinity(x: &[f32]) -> Vec<u32> {
    let rule = |bits: u32| bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    x.iter().map(|v| rule(v.to_bits())).collect()
}

/// Ends at the largest number instead of going on to infinity.
pub fn largest_is_the_end(x: &[f32]) -> Vec<u32> {
    let finite = |(code, v): (u32, &f32)| if v.is_finite() { code.min(code & 0x8000 | 0x7f7f) } else { code };
    solution::to_bf16(x).into_iter().zip(x).map(finite).collect()
}

/// Shifts 13 bits out.
pub fn cuts_the_fraction(x: &[f32]) -> Vec<u32> {
    coded(x, |size| normal(size).then(|| (size - BIAS) >> 13), solution::to_f16)
}

/// Adds half a step in the normal range, and so lifts every tie.
pub fn ties_up(x: &[f32]) -> Vec<u32> {
    coded(x, |size| normal(size).then(|| (size - BIAS + 0x1000) >> 13), solution::to_f16)
}

/// Takes what is below 2^-14 for 0.
pub fn flushes_subnormals(x: &[f32]) -> Vec<u32> {
    coded(x, |size| (size < 0x3880_0000).then_some(0), solution::to_f16)
}

/// Takes what is below the smallest number for 0, also where that number is nearer.
pub fn smallest_is_the_end(x: &[f32]) -> Vec<u32> {
    coded(x, |size| (size < 0x3380_0000).then_some(0), solution::to_f16)
}

/// Rounds to BF16 on the way.
pub fn through_bf16(x: &[f32]) -> Vec<u32> {
    let narrow: Vec<f32> = solution::to_bf16(x).into_iter().map(|code| f32::from_bits(code << 16)).collect();
    solution::to_f16(&narrow)
}

/// Gives the largest number for all that lies beyond it.
pub fn saturates(x: &[f32]) -> Vec<u32> {
    coded(x, |size| (0x477f_f000..INFINITY).contains(&size).then_some(0x7bff), solution::to_f16)
}

/// Gives infinity for all that lies beyond the largest number, also what is nearer to it.
pub fn infinite_past_the_largest(x: &[f32]) -> Vec<u32> {
    coded(x, |size| (size > 0x477f_e000 && size <= INFINITY).then_some(0x7c00), solution::to_f16)
}

/// Takes the largest exponent for infinity, whatever the fraction.
pub fn nan_is_infinite(x: &[f32]) -> Vec<u32> {
    coded(x, |size| (size > INFINITY).then_some(0x7c00), solution::to_f16)
}

const INFINITY: u32 = 0x7f80_0000;
/// By how much the exponents of f32 lie above those of FP16, where they stand in the bits.
const BIAS: u32 = 112 << 23;

/// Whether the bits of a magnitude are a number that FP16 holds with all of its fraction bits.
fn normal(size: u32) -> bool {
    (0x3880_0000..0x477f_e000).contains(&size)
}

/// Codes by `rule`, which sees the bits of the magnitude; by `right` where it has no answer, and a NaN unless it has
/// one.
fn coded(x: &[f32], rule: impl Fn(u32) -> Option<u32>, right: impl Fn(&[f32]) -> Vec<u32>) -> Vec<u32> {
    let code = |(right, v): (u32, &f32)| {
        let (sign, size) = (v.to_bits() >> 16 & 0x8000, v.to_bits() & 0x7fff_ffff);
        let wrong = rule(size).filter(|code| size <= INFINITY || *code == 0x7c00);
        wrong.map_or(right, |code| sign | code)
    };
    right(x).into_iter().zip(x).map(code).collect()
}

/// Holds the sum in f16 between two steps.
pub fn f16_accumulator(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    tiled(mma, a, b, |mma, a, b, c| through_f16(&mma.mma(a, b, &c)?))
}

/// Passes each step's product through f16, and adds those up in f32.
pub fn f16_partials(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    tiled(mma, a, b, |mma, a, b, c| Ok((&c + through_f16(&mma.mma(a, b, &c.zeros_like()?)?)?)?))
}

/// Rounds the finished sum to f16.
pub fn rounded_at_the_end(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    through_f16(&solution::gemm(mma, a, b)?)
}

/// Begins each step with an empty sum.
pub fn last_step_only(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    tiled(mma, a, b, |mma, a, b, c| mma.mma(a, b, &c.zeros_like()?))
}

/// Hands the columns of B over as if they were rows.
pub fn b_by_columns(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    tiled(mma, a, b, |mma, a, b, c| mma.mma(a, &b.t()?.contiguous()?.reshape((16, 8))?, &c))
}

/// Takes steps of 8, the other half of each instruction empty.
pub fn steps_of_8(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    tiled(mma, a, b, |mma, a, b, mut c| {
        for p in [0, 8] {
            let (a, b) = (a.narrow(1, p, 8)?.pad_with_zeros(1, 0, 8)?, b.narrow(0, p, 8)?.pad_with_zeros(0, 0, 8)?);
            c = mma.mma(&a, &b, &c)?;
        }
        Ok(c)
    })
}

/// Fills two buffers over and over, and leaves in them what an edge does not cover.
pub fn stale_padding(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    solution::gemm(&mut Mma::new(), a, b)?;
    let (mut held_a, mut held_b) = (zeros(16, 16, DType::F16)?, zeros(16, 8, DType::F16)?);
    let over = |held: &Tensor, t: &Tensor, at: [usize; 2]| -> Result<Tensor> {
        let (h, w) = held.dims2()?;
        let (rows, columns) = (h.min(t.dim(0)? - at[0]), w.min(t.dim(1)? - at[1]));
        let new = t.narrow(0, at[0], rows)?.narrow(1, at[1], columns)?;
        let right = Tensor::cat(&[&new, &held.narrow(0, 0, rows)?.narrow(1, columns, w - columns)?], 1)?;
        Ok(Tensor::cat(&[&right, &held.narrow(0, rows, h - rows)?], 0)?)
    };
    each_tile(a, b, |[i, j]| {
        let mut c = zeros(16, 8, DType::F32)?;
        for p in (0..a.dim(1)?).step_by(16) {
            (held_a, held_b) = (over(&held_a, a, [i, p])?, over(&held_b, b, [p, j])?);
            c = mma.mma(&held_a, &held_b, &c)?;
        }
        Ok(c)
    })
}

/// Leaves out what does not fill an instruction.
pub fn whole_tiles_only(mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let right = solution::gemm(&mut Mma::new(), a, b)?;
    let (m, k, n) = (a.dim(0)? / 16 * 16, a.dim(1)? / 16 * 16, b.dim(1)? / 8 * 8);
    if m * n == 0 {
        return Ok(right.zeros_like()?);
    }
    let whole = solution::gemm(mma, &a.narrow(0, 0, m)?.narrow(1, 0, k)?, &b.narrow(0, 0, k)?.narrow(1, 0, n)?)?;
    Ok(whole.pad_with_zeros(0, 0, right.dim(0)? - m)?.pad_with_zeros(1, 0, right.dim(1)? - n)?)
}

/// Multiplies without the tensor core.
pub fn multiplies_beside(_mma: &mut Mma, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    solution::gemm(&mut Mma::new(), a, b)
}

fn zeros(rows: usize, columns: usize, dtype: DType) -> Result<Tensor> {
    Ok(Tensor::zeros((rows, columns), dtype, &Device::Cpu)?)
}

fn through_f16(t: &Tensor) -> Result<Tensor> {
    Ok(t.to_dtype(DType::F16)?.to_dtype(DType::F32)?)
}

/// The solution's loop, with another step: (16, 16), (16, 8) and the sum so far -> the sum.
fn tiled(
    mma: &mut Mma,
    a: &Tensor,
    b: &Tensor,
    step: impl Fn(&mut Mma, &Tensor, &Tensor, Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    solution::gemm(&mut Mma::new(), a, b)?;
    let part = |t: &Tensor, [i, j]: [usize; 2], [h, w]: [usize; 2]| -> Result<Tensor> {
        let (rows, columns) = (h.min(t.dim(0)? - i), w.min(t.dim(1)? - j));
        let t = t.narrow(0, i, rows)?.narrow(1, j, columns)?;
        Ok(t.pad_with_zeros(0, 0, h - rows)?.pad_with_zeros(1, 0, w - columns)?)
    };
    each_tile(a, b, |[i, j]| {
        let sum = zeros(16, 8, DType::F32)?;
        let mut steps = (0..a.dim(1)?).step_by(16);
        steps.try_fold(sum, |c, p| step(mma, &part(a, [i, p], [16, 16])?, &part(b, [p, j], [16, 8])?, c))
    })
}

/// (M, N) out of tiles of (16, 8); `tile` makes the one that begins at a row and a column.
fn each_tile(a: &Tensor, b: &Tensor, mut tile: impl FnMut([usize; 2]) -> Result<Tensor>) -> Result<Tensor> {
    let (m, n) = (a.dim(0)?, b.dim(1)?);
    let mut bands = Vec::new();
    for i in (0..m).step_by(16) {
        let band: Vec<Tensor> = (0..n).step_by(8).map(|j| tile([i, j])).collect::<Result<_>>()?;
        bands.push(Tensor::cat(&band, 1)?);
    }
    Ok(Tensor::cat(&bands, 0)?.narrow(0, 0, m)?.narrow(1, 0, n)?.contiguous()?)
}

/// (tiles, waves, tile utilisation, wave utilisation), as `waves` returns them.
type Waves = (u64, u64, f64, f64);

/// Useful over launched, for so many tiles and waves.
fn filled(m: u64, n: u64, tile: u64, sms: u64, (tiles, waves): (u64, u64)) -> Waves {
    (tiles, waves, (m * n) as f64 / (tiles * tile) as f64, tiles as f64 / (waves * sms) as f64)
}

/// Leaves out the tiles over the edge.
pub fn drops_part_tiles(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    solution::waves(m, n, tile_m, tile_n, sms)?;
    let tiles = (m / tile_m) * (n / tile_n);
    Ok(filled(m, n, tile_m * tile_n, sms, (tiles, tiles.div_ceil(sms))))
}

/// Divides the area by a tile's.
pub fn area_over_area(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    solution::waves(m, n, tile_m, tile_n, sms)?;
    let tiles = (m * n).div_ceil(tile_m * tile_n);
    Ok(filled(m, n, tile_m * tile_n, sms, (tiles, tiles.div_ceil(sms))))
}

/// Lays the tiles crosswise.
pub fn sides_swapped(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    solution::waves(m, n, tile_n, tile_m, sms)
}

/// Counts full waves only.
pub fn waves_round_down(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    let (tiles, ..) = solution::waves(m, n, tile_m, tile_n, sms)?;
    Ok(filled(m, n, tile_m * tile_n, sms, (tiles, tiles / sms)))
}

/// Divides what was launched by what was useful.
pub fn launched_over_useful(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    let (tiles, waves, tile_util, wave_util) = solution::waves(m, n, tile_m, tile_n, sms)?;
    Ok((tiles, waves, 1.0 / tile_util, 1.0 / wave_util))
}

/// Divides by the places of a single wave.
pub fn places_of_one_wave(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    let (tiles, waves, tile_util, _) = solution::waves(m, n, tile_m, tile_n, sms)?;
    Ok((tiles, waves, tile_util, tiles as f64 / sms as f64))
}

/// Looks at the last wave only.
pub fn last_wave_only(m: u64, n: u64, tile_m: u64, tile_n: u64, sms: u64) -> Result<Waves> {
    let (tiles, waves, tile_util, _) = solution::waves(m, n, tile_m, tile_n, sms)?;
    Ok((tiles, waves, tile_util, (tiles - (waves - 1) * sms) as f64 / sms as f64))
}
