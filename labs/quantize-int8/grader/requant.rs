//! The build step `requant`: real factors as integers, and accumulators to codes with two roundings.

use super::super::solution;
use crate::args;
use crate::grading::{Check, Draw, Script, Seen, floats, plain};
use lab_sdk::{Device, Result, Tensor};

/// The checks of `quantize_multiplier` and `requant`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = factors(draw);
    checks.extend(roundings(draw)?);
    checks.extend(ranges(draw)?);
    Ok(checks)
}

fn factors(draw: &mut Draw) -> Vec<Check> {
    let case = |m: &f64| Script::call("quantize_multiplier", args![*m]);
    // 31 bits and a fraction of the next.
    let mut bits =
        |fraction: f64| (draw.int((1 << 30)..=(1 << 31) - 2) as f64 + fraction) * 2f64.powi(draw.int(-40..=-30) as i32);
    let between = [bits(0.75), bits(0.25), bits(0.6), bits(0.4)];
    // An even mult below the half: to even would stay, away from zero goes up.
    let half = (2.0 * draw.int((1 << 29)..=(1 << 30) - 2) as f64 + 0.5) * 2f64.powi(-36);
    // An odd one: down would stay, both others go up.
    let odd = (2.0 * draw.int((1 << 29)..=(1 << 30) - 2) as f64 + 1.5) * 2f64.powi(-36);
    let large = draw.log_uniform(2.0, 50.0);
    let usual: Vec<f64> = (0..6).map(|_| draw.log_uniform(1e-4, 1.0)).chain([large]).collect();
    let below = |exponent: i32| (1.0 - 2f64.powi(-33)) * 2f64.powi(exponent);
    let (zero, tiny) = ([0.0], [2f64.powi(-32), 2f64.powi(-33), draw.log_uniform(1e-14, 1e-11), 1e-30]);
    vec![
        Check::exact("a factor as mult and shift", usual.iter().map(case).collect()),
        Check::exact("mult is rounded to 31 bits", between.iter().map(case).collect()),
        Check::exact("halves of mult go up", vec![case(&half), case(&odd)]),
        Check::exact("powers of two", [1.0, 0.5, 0.125, 4.0].iter().map(case).collect()),
        Check::exact("a fraction that rounds up to 1", [below(0), below(-7), below(3)].iter().map(case).collect()),
        Check::exact("a factor of 0", zero.iter().map(case).collect()),
        Check::exact("factors around a shift of -31", tiny.iter().map(case).collect()),
        Check::refuses(
            "`quantize_multiplier` refuses what is no factor",
            [-0.5, -1e-9, f64::NAN, f64::INFINITY].iter().map(case).collect(),
        ),
    ]
}

/// One call: rows of accumulators, one factor a column.
fn case(rows: &[Vec<i32>], factors: &[(i32, i32)], zp: i32, (lo, hi): (i32, i32)) -> Result<Script> {
    let acc = Tensor::from_vec(rows.concat(), (rows.len(), factors.len()), &Device::Cpu)?;
    let (mult, shift): (Vec<i32>, Vec<i32>) = factors.iter().copied().unzip();
    Ok(Script::call("requant", args![acc, mult, shift, zp, lo, hi]).keep(&[1, 2, 3, 4, 5]))
}

/// One column of accumulators.
fn column(acc: impl IntoIterator<Item = i32>, factor: (i32, i32)) -> Result<Script> {
    case(&acc.into_iter().map(|a| vec![a]).collect::<Vec<_>>(), &[factor], 0, INT8)
}

const INT8: (i32, i32) = (-128, 127);
/// mult of a power of two.
const POWER: i32 = 1 << 30;

fn roundings(draw: &mut Draw) -> Result<Vec<Check>> {
    let published = solution::quantize_multiplier(0.003730271862171509)?;
    let (mut usual, mut near) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let real: Vec<f64> = (0..4).map(|_| draw.log_uniform(1e-4, 0.05)).collect();
        let factors: Vec<(i32, i32)> = real.iter().map(|&m| solution::quantize_multiplier(m)).collect::<Result<_>>()?;
        let some = |draw: &mut Draw| real.iter().map(|m| (draw.uniform(-110.0, 110.0) / m) as i32).collect();
        let rows: Vec<Vec<i32>> = (0..5).map(|_| some(draw)).collect();
        usual.push(case(&rows, &factors, draw.int(-12..=12) as i32, INT8)?);
        let beside = |draw: &mut Draw| {
            real.iter().map(|m| ((draw.int(-100..=99) as f64 + 0.5) / m) as i32 + draw.int(0..=1) as i32).collect()
        };
        let rows: Vec<Vec<i32>> = (0..16).map(|_| beside(draw)).collect();
        near.push(case(&rows, &factors, 0, INT8)?);
    }
    let odd: Vec<i32> = (-15..=15).map(|n| 2 * n + 1).collect();
    let some = |draw: &mut Draw| -> Vec<i32> { (0..24).map(|_| draw.int(-40..=40) as i32).collect() };
    let threes = 3 << 29;
    let mult = draw.int(1 << 30..=(1 << 31) - 1) as i32;
    let ends = [i32::MIN, i32::MIN + 1, -(1 << 30), -1, 0, 1, 1 << 30, i32::MAX - 1, i32::MAX];
    let end = |shift: i32| column(ends, (mult, shift));
    Ok(vec![
        Check::exact("the published case: 4155 gives 16", vec![column(4147..=4163, published)?]),
        Check::exact("sums and factors of every size", usual),
        Check::exact("sums next to a half", near),
        Check::exact(
            "halves of the multiplication go upwards",
            vec![column(odd.clone(), (POWER, 0))?, column(odd.clone(), (threes, 1))?],
        ),
        Check::exact(
            "halves of the shift go away from zero",
            vec![column(odd.iter().map(|n| 4 * n), (POWER, -2))?, column(odd.iter().map(|n| 32 * n), (POWER, -5))?],
        ),
        Check::exact(
            "a factor above 1 shifts left first",
            vec![
                column(some(draw), (POWER, 1))?,
                column(some(draw), (threes + 12345, 1))?,
                column(some(draw), (mult, 3))?,
                column([-1, 0, 1], (mult, 30))?,
            ],
        ),
        Check::exact("sums at the ends of i32", vec![end(-24)?, end(-27)?, end(-30)?, end(-31)?]),
        Check::exact(
            "i32::MIN times i32::MIN saturates",
            vec![column([i32::MIN], (i32::MIN, -25))?, column([i32::MIN], (i32::MIN, -30))?],
        ),
    ])
}

fn ranges(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut fused = |six: bool| -> Result<Script> {
        let real: Vec<f64> = (0..3).map(|_| draw.log_uniform(1e-3, 0.05)).collect();
        let factors: Vec<(i32, i32)> = real.iter().map(|&m| solution::quantize_multiplier(m)).collect::<Result<_>>()?;
        let rows: Vec<Vec<i32>> =
            (0..10).map(|_| real.iter().map(|m| (draw.uniform(-120.0, 120.0) / m) as i32).collect()).collect();
        let zp = draw.int(-100..=-20) as i32;
        case(&rows, &factors, zp, (zp, if six { zp + draw.int(40..=70) as i32 } else { 127 }))
    };
    let relu = vec![fused(false)?, fused(false)?];
    let relu6 = vec![fused(true)?, fused(true)?];
    Ok(vec![Check::exact("a fused ReLU: lo is out_zp", relu), Check::exact("a fused ReLU6: lo and hi", relu6)])
}

/// The first sum that the answer gets wrong, and what one rounding makes of it.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let of = |i: usize| floats(seen.argument(0, i));
    let (acc, mult, shift, zp) = (of(0), of(1), of(2), of(3));
    let (got, wanted) = (floats(seen.result(0)), floats(seen.right(0)));
    let Some(at) = got.iter().zip(&wanted).position(|(g, w)| g != w) else { return Vec::new() };
    let n = at % mult.len().max(1);
    let factor = mult[n] * 2f64.powi(shift[n] as i32 - 31);
    vec![
        ("acc", plain(acc[at], 10)),
        ("factor", plain(factor, 6)),
        ("product", plain(acc[at] * factor, 6)),
        ("got", plain(got[at] - zp[0], 4)),
        ("wanted", plain(wanted[at] - zp[0], 4)),
    ]
}
