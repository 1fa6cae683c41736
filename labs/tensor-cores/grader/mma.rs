//! The step `mma`: products of integers, which are exact in any order of adding; the instructions; and the error of
//! long sums.

use super::errors;
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen};
use lab_sdk::{DType, Device, Result, Tensor, Value};

/// M, N and K.
type Size = [usize; 3];

/// The checks of `mma`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut edge = |of: usize| of * draw.size(1..=2) + draw.size(1..=of - 1);
    // More of K than one step and a half: what a step leaves behind shows in the next one.
    let (m, n, k) = (edge(16), edge(8), 16 + edge(16));
    let mut products = |low: i64, high: i64, sizes: &[Size]| -> Result<Vec<Script>> {
        sizes.iter().map(|&size| Ok(product(integers(draw, size, low, high)?))).collect()
    };
    let one = products(-4, 4, &[[16, 8, 16], [16, 8, 16]])?;
    let whole = products(-4, 4, &[[32, 8, 16], [16, 24, 32], [32, 16, 48]])?;
    let ragged_sides = products(-4, 4, &[[17, 8, 16], [16, 9, 32], [m, n, 32]])?;
    let ragged_k = products(1, 4, &[[16, 8, 24], [32, 16, 41], [m, n, k]])?;
    let thin = products(1, 4, &[[1, 1, 1], [1, 8, 33], [16, 1, 16], [1, 5, 20]])?;
    let long = products(0, 31, &[[16, 8, 128], [5, 3, 1024]])?;
    let counted = products(-4, 4, &[[16, 8, 32], [32, 24, 64], [17, 9, 31]])?;
    let none = products(0, 1, &[[3, 5, 0], [16, 8, 0]])?;
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(|v| special(draw, v)).into_iter();
    let accurate = [1024, 4096].map(|k| random(draw, [16, 8, k]).map(product)).into_iter();
    let differ = [[4, 4, 3], [16, 8, 16]].map(|size| mismatched(draw, size)).into_iter();
    // A sum in f32 in any order is off by a seventh of that, one through FP16 by 100 times as much.
    let error = Rule::at_most(worst, 2e-5, "of |A| |B|").near(1e-6);
    Ok(vec![
        Check::exact("one instruction", one),
        Check::exact("several tiles, several steps", whole),
        Check::exact("M and N that end inside a tile", ragged_sides),
        Check::exact("K that ends inside a step", ragged_k),
        Check::exact("one row, one column", thin),
        Check::exact("long sums", long),
        Check::exact("instructions", counted.into_iter().map(|script| script.tell("Mma.calls", 0)).collect()),
        Check::exact("K = 0", none),
        Check::exact("NaN and infinities go through", special.collect::<Result<_>>()?),
        Check::by("error at K = 1024 and 4096", error, accurate.collect::<Result<_>>()?),
        Check::refuses("`gemm` refuses an A and a B whose K differ", differ.collect::<Result<_>>()?),
    ])
}

/// A and B, in f16.
type Pair = (Tensor, Tensor);

/// A tensor core, and the product by it.
fn product((a, b): Pair) -> Script {
    Script::call("Mma.new", args![]).then_of("gemm", 0, args![a, b])
}

fn pair([m, n, k]: Size, mut each: impl FnMut() -> f64) -> Result<Pair> {
    let mut matrix = |rows: usize, columns: usize| -> Result<Tensor> {
        let values: Vec<f32> = (0..rows * columns).map(|_| each() as f32).collect();
        Ok(Tensor::from_vec(values, (rows, columns), &Device::Cpu)?.to_dtype(DType::F16)?)
    };
    Ok((matrix(m, k)?, matrix(k, n)?))
}

fn integers(draw: &mut Draw, size: Size, low: i64, high: i64) -> Result<Pair> {
    pair(size, || draw.int(low..=high) as f64)
}

/// Values of [0, 1).
pub fn random(draw: &mut Draw, size: Size) -> Result<Pair> {
    pair(size, || draw.uniform(0.0, 1.0))
}

/// A `value` somewhere in A.
fn special(draw: &mut Draw, value: f32) -> Result<Script> {
    let size = [18, 10, 20];
    let at = draw.int(0..=18 * 20 - 1);
    let mut next = -1;
    Ok(product(pair(size, || {
        next += 1;
        if next == at { f64::from(value) } else { draw.int(1..=4) as f64 }
    })?))
}

/// A B with a row more than A has columns.
fn mismatched(draw: &mut Draw, [m, n, k]: Size) -> Result<Script> {
    let (a, b) = integers(draw, [m, n, k], 0, 4)?;
    Ok(product((a, b.pad_with_zeros(0, 0, 1)?)))
}

/// The largest relative error of an element.
fn worst(seen: &Seen<'_>) -> (f64, String) {
    let (Some(Value::Tensor(a)), Some(Value::Tensor(b)), Some(d)) =
        (seen.argument(1, 1), seen.argument(1, 2), seen.result(1))
    else {
        return (f64::NAN, String::new());
    };
    // NaN, where a sum overflowed to infinity less infinity, is the largest of all.
    let larger = |m: f64, e: f64| if e > m || e.is_nan() { e } else { m };
    let worst = errors(a, b, d).map_or(f64::NAN, |all| all.into_iter().fold(0.0, larger));
    (worst, a.dim(1).map_or(String::new(), |k| format!("K = {k}")))
}
