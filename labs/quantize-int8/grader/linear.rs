//! The build step `linear-i8`: an integer product, its zero point and its bias.

use super::super::solution;
use crate::args;
use crate::grading::{Check, Draw, Script};
use lab_sdk::{Device, I8, Result, Tensor};

/// The layers that are drawn: sizes, and which parts are there.
struct Size {
    t: usize,
    k: usize,
    n: usize,
    zp: bool,
    bias: bool,
}

/// The checks of `linear_i8`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut usual = |t, k, n, zp, bias| random(draw, &Size { t, k, n, zp, bias });
    let layers = vec![usual(3, 3, 4, true, true)?, usual(5, 17, 3, true, true)?, usual(1, 8, 5, true, true)?];
    let single = vec![usual(4, 1, 6, true, true)?];
    let bare = vec![usual(3, 4, 4, false, false)?, usual(2, 30, 3, false, false)?];
    let zero_points = vec![usual(3, 5, 4, true, false)?, usual(2, 20, 3, true, false)?];
    let biases = vec![usual(3, 5, 4, false, true)?, usual(4, 12, 3, false, true)?];
    let long = vec![usual(3, 1033, 3, true, true)?, usual(2, 4096, 2, true, true)?];
    let fits = |x: usize, w: usize| -> Result<Script> {
        let one = |k: usize| I8::new([1, k], vec![1; k]);
        let bias = Tensor::new(&[0i32], &Device::Cpu)?;
        Ok(Script::call("linear_i8", args![one(x)?, 0, one(w)?, bias, vec![1 << 30], vec![1], 0]))
    };
    Ok(vec![
        Check::exact("small layers", layers),
        Check::exact("K = 1", single),
        Check::exact("products alone: no zero point, no bias", bare),
        Check::exact("x's zero point", zero_points),
        Check::exact("the bias", biases),
        Check::exact("sums past an i16", past_i16()?),
        Check::exact("sums past 2^24", past_f32()?),
        Check::exact("K = 1033 and 4096", long),
        Check::refuses("`linear_i8` refuses an x and a w whose K differ", vec![fits(3, 4)?, fits(5, 2)?]),
    ])
}

/// Codes of every size, factors that bring the sums to about a third of the range, biases as large as the sums.
fn random(draw: &mut Draw, size: &Size) -> Result<Script> {
    let &Size { t, k, n, zp, bias } = size;
    let mut codes = |shape: [usize; 2], low: i64| {
        let data = (0..shape[0] * shape[1]).map(|_| draw.int(low..=127) as i8).collect();
        I8::new(shape, data)
    };
    let (x, w) = (codes([t, k], -128)?, codes([n, k], -127)?);
    let spread = 74.0 * 73.0 * (k as f64).sqrt();
    let sign = if draw.one_in(2) { 1 } else { -1 };
    let x_zp = if zp { sign * draw.int(9..=100) as i32 } else { 0 };
    let bias: Vec<i32> = (0..n).map(|_| if bias { (spread * draw.uniform(-1.0, 1.0)) as i32 } else { 0 }).collect();
    let factors = (0..n).map(|_| solution::quantize_multiplier(40.0 / spread * draw.uniform(0.7, 1.4)));
    let (mult, shift): (Vec<i32>, Vec<i32>) = factors.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let out_zp = draw.int(-20..=20) as i32;
    Ok(Script::call("linear_i8", args![x, x_zp, w, Tensor::new(bias, &Device::Cpu)?, mult, shift, out_zp])
        .keep(&[4, 5]))
}

/// Three of the largest products; a factor of 2^-9 brings 48,768 back to a code.
fn past_i16() -> Result<Vec<Script>> {
    let ends = |x: i8, w: i8| -> Result<Script> {
        let (x, w) = (I8::new([1, 3], vec![x; 3])?, I8::new([1, 3], vec![w; 3])?);
        let bias = Tensor::new(&[0i32], &Device::Cpu)?;
        Ok(Script::call("linear_i8", args![x, 0, w, bias, vec![1 << 30], vec![-8], 0]).keep(&[4, 5]))
    };
    Ok(vec![ends(-128, -127)?, ends(-128, 127)?, ends(127, 127)?])
}

/// 1032 products of 16,256 and one of 16,129 make 16,792,321, which f32 holds as 16,792,320 in whatever order it adds.
/// An even bias brings it back among the codes; the factor is 1.
fn past_f32() -> Result<Vec<Script>> {
    let mut cases = Vec::new();
    for (away, zp) in [(0, 0), (40, 3), (-64, -20)] {
        let mut x = vec![-128i8; 1033];
        x[1032] = -127;
        let (x, w) = (I8::new([1, 1033], x)?, I8::new([1, 1033], vec![-127; 1033])?);
        let bias = Tensor::new(&[away - 16_792_320i32], &Device::Cpu)?;
        cases.push(Script::call("linear_i8", args![x, 0, w, bias, vec![1 << 30], vec![1], zp]).keep(&[4, 5]));
    }
    Ok(cases)
}
