//! The build step `quantize`: ranges to rulers, values to codes and back.

use super::super::solution;
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, floats, number, plain};
use lab_sdk::{Device, I8, Result, Tensor, Value};

/// The checks of `qparams`, `quantize` and `dequantize`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = ranges(draw);
    checks.extend(codes(draw)?);
    checks.extend(channels(draw)?);
    checks.extend(values(draw)?);
    checks.extend(round_trips(draw)?);
    Ok(checks)
}

fn ranges(draw: &mut Draw) -> Vec<Check> {
    let case = |&(min, max): &(f32, f32)| Script::call("qparams", args![min, max]);
    let near = Rule::Each(&[Rule::Ulps(1), Rule::Exact]);
    let mut some = |count: usize, signs: &[(f64, f64)]| -> Vec<(f32, f32)> {
        let mut ranges = Vec::new();
        while ranges.len() < count {
            let (low, high) = signs[ranges.len() % signs.len()];
            let size = draw.log_uniform(1e-3, 1e3);
            let (a, b) = ((low * size * draw.uniform(0.1, 1.0)) as f32, (high * size * draw.uniform(1.0, 3.0)) as f32);
            let (min, max) = (a.min(b), a.max(b));
            let (low, high) = (f64::from(min).min(0.0), f64::from(max).max(0.0));
            if ((-128.0 - 255.0 * low / (high - low)).rem_euclid(1.0) - 0.5).abs() > 1e-3 {
                ranges.push((min, max));
            }
        }
        ranges
    };
    let mut around = some(8, &[(-1.0, 1.0), (1.0, -1.0)]);
    // Zero points of -29.92 and 28.92: cutting is not rounding.
    around.extend([(-1.0, 1.6), (-1.6, 1.0)]);
    let (apart, ends) = (some(8, &[(1.0, 1.0), (-1.0, -1.0)]), some(4, &[(0.0, 1.0), (0.0, -1.0)]));
    let none =
        [(f32::NAN, 1.0), (0.0, f32::NAN), (f32::NEG_INFINITY, 1.0), (0.0, f32::INFINITY), (1.0, -1.0), (3.0, 2.5)];
    vec![
        Check::by("a range on both sides of 0", near, around.iter().map(case).collect()),
        Check::by("a range without 0 is widened", near, apart.iter().map(case).collect()),
        Check::by("a range that ends at 0", near, ends.iter().map(case).collect()),
        Check::exact("the range [0, 0] gives (1, 0)", vec![case(&(0.0, 0.0))]),
        Check::refuses("`qparams` refuses what is no range", none.iter().map(case).collect()),
    ]
}

/// One scale and zero point for all of x.
fn flat(x: Vec<f32>, scale: f32, zp: i32, lo: i32) -> Result<Script> {
    let x = Tensor::new(x, &Device::Cpu)?;
    Ok(Script::call("quantize", args![x, vec![scale], vec![zp], None::<usize>, lo]).keep(&[4]))
}

/// (n + 1/2) scale for 41 n around 0.
fn halves(scale: f32) -> impl Iterator<Item = f32> {
    (-20..=20).map(move |n| (n as f32 + 0.5) * scale)
}

fn codes(draw: &mut Draw) -> Result<Vec<Check>> {
    let (mut usual, mut divided) = (Vec::new(), Vec::new());
    for lo in [-128, -128, -127] {
        let (scale, zp) = (draw.log_uniform(1e-3, 1.0) as f32, if lo == -128 { draw.int(20..=90) as i32 } else { 0 });
        let zp = if draw.one_in(2) { zp } else { -zp };
        let inside = |_| scale * draw.uniform(f64::from(lo - zp), f64::from(127 - zp)) as f32;
        usual.push(flat((0..40).map(inside).collect(), scale, zp, lo)?);
    }
    for scale in [0.1, 0.007, draw.log_uniform(1e-3, 1.0) as f32] {
        // Two f32 steps either way: there x * (1 / scale), x / scale in f32 and x / scale in f64 part.
        let near = |x: f32| [0, 2].into_iter().flat_map(move |ulps| [x.to_bits() - ulps, x.to_bits() + ulps]);
        let x = halves(scale).filter(|x| *x != 0.0).flat_map(near).map(f32::from_bits);
        divided.push(flat(x.collect(), scale, 0, -128)?);
    }
    let power = |draw: &mut Draw| 2f32.powi(draw.int(-6..=2) as i32);
    let (even, odd) = (power(draw), power(draw));
    let scale = draw.log_uniform(1e-3, 1.0) as f32;
    let mut steps =
        |low: f64, high: f64| -> Vec<f32> { (0..12).map(|_| scale * draw.uniform(low, high) as f32).collect() };
    let (above, below) = (steps(130.0, 180.0), steps(-180.0, -130.0));
    let beyond: Vec<f32> = steps(200.0, 400.0).into_iter().chain(steps(-400.0, -200.0)).collect();
    let weights: Vec<f32> = steps(-140.0, 140.0).into_iter().chain([-127.6 * scale, -128.4 * scale]).collect();
    let (wide, zp) = solution::qparams(-3.0, 1e6)?;
    let outlier = vec![0.0, 0.4, -3.0, 1e6, 2000.0, 1.0];
    Ok(vec![
        Check::exact("codes of a tensor", usual),
        Check::exact("halves go away from zero", vec![flat(halves(even).collect(), even, 0, -128)?]),
        Check::exact(
            "the zero point is added after rounding",
            vec![flat(halves(odd).collect(), odd, 7, -128)?, flat(halves(odd).collect(), odd, -8, -128)?],
        ),
        Check::exact("x is divided by the scale, in f32", divided),
        Check::exact(
            "the zero point comes before the clamp",
            vec![flat(above, scale, -60, -128)?, flat(below, scale, 60, -128)?],
        ),
        Check::exact(
            "what lies beyond saturates",
            vec![flat(beyond.clone(), scale, 30, -128)?, flat(beyond, scale, -30, -128)?],
        ),
        Check::exact("weights stop at lo = -127", vec![flat(weights, scale, 0, -127)?]),
        Check::exact(
            "zeros, a constant, one outlier of 1e6",
            vec![
                flat(vec![0.0; 6], scale, -17, -128)?,
                flat(vec![3.3 * scale; 6], scale, 5, -128)?,
                flat(outlier.clone(), wide, zp, -128)?,
                flat(outlier, 0.05, 3, -128)?,
            ],
        ),
    ])
}

fn channels(draw: &mut Draw) -> Result<Vec<Check>> {
    // The first channel is neither the largest nor the smallest, and one is left with hardly a code by the largest.
    let scales = |draw: &mut Draw, count: usize| -> Vec<f32> {
        (0..count).map(|c| ([0.01, 0.03, 0.0002, 0.002][c % 4] * draw.uniform(0.8, 1.25)) as f32).collect()
    };
    let mut case = |shape: &[usize], axis: usize, zero: bool| -> Result<Script> {
        let scale = scales(draw, shape[axis]);
        let zp: Vec<i32> = scale.iter().map(|_| if zero { 0 } else { draw.int(-60..=60) as i32 }).collect();
        let inner: usize = shape[axis + 1..].iter().product();
        let mut at = 0;
        let x = draw.tensor(shape, |draw| {
            at += 1;
            f64::from(scale[(at - 1) / inner % shape[axis]]) * draw.uniform(-126.0, 126.0)
        })?;
        Ok(Script::call("quantize", args![x, scale, zp, Some(axis), if zero { -127 } else { -128 }]).keep(&[3, 4]))
    };
    let weights = vec![case(&[4, 6], 0, true)?, case(&[8, 2, 3, 3], 0, true)?];
    let points = vec![case(&[4, 5], 0, false)?, case(&[3, 4], 1, false)?];
    let square = vec![case(&[4, 4], 0, true)?, case(&[4, 4], 1, true)?];
    let cube = (0..3).map(|axis| case(&[3, 3, 3], axis, false)).collect::<Result<_>>()?;
    let long = (0..3).map(|axis| case(&[2, 3, 4], axis, true)).collect::<Result<_>>()?;
    let x = || Tensor::new(&[[0.1_f32, 0.2], [-0.1, 0.3]], &Device::Cpu);
    let refused = |x: Tensor, scale: &[f32], zp: &[i32], axis: Option<usize>| {
        Script::call("quantize", args![x, scale.to_vec(), zp.to_vec(), axis, -128])
    };
    let odd = |v: f32| Tensor::new(&[[0.1_f32, v], [-0.1, 0.3]], &Device::Cpu);
    Ok(vec![
        Check::exact("each channel of a weight has its scale", weights),
        Check::exact("each channel has its zero point", points),
        Check::exact("`axis` of a square", square),
        Check::exact("`axis` of a cube", cube),
        Check::exact("three axes of different lengths", long),
        Check::refuses(
            "`quantize` refuses a scale or zero point that is none",
            vec![
                refused(x()?, &[0.0], &[0], None),
                refused(x()?, &[-0.1], &[0], None),
                refused(x()?, &[f32::NAN], &[0], None),
                refused(x()?, &[0.1, 0.0], &[0, 0], Some(1)),
                refused(x()?, &[0.1], &[128], None),
                refused(x()?, &[0.1], &[-129], None),
            ],
        ),
        Check::refuses(
            "`quantize` refuses an axis or a length that does not fit",
            vec![
                refused(x()?, &[0.1, 0.1], &[0, 0], Some(2)),
                refused(x()?, &[0.1; 3], &[0; 3], Some(0)),
                refused(x()?, &[0.1; 2], &[0], Some(0)),
                refused(x()?, &[0.1; 2], &[0; 2], None),
            ],
        ),
        Check::refuses(
            "`quantize` refuses NaN and infinities",
            vec![refused(odd(f32::NAN)?, &[0.1], &[0], None), refused(odd(f32::INFINITY)?, &[0.1], &[0], None)],
        ),
    ])
}

fn values(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut case = |shape: &[usize], axis: Option<usize>, zps: &[i32]| -> Result<Script> {
        let q = I8::new(shape, (0..shape.iter().product()).map(|i: usize| (i * 37 % 256) as u8 as i8).collect())?;
        let scale: Vec<f32> = zps.iter().map(|_| draw.log_uniform(1e-3, 1.0) as f32).collect();
        Ok(Script::call("dequantize", args![q, scale, zps.to_vec(), axis]).keep(&[3]))
    };
    let every = [-128, -5, 77, 127].iter().map(|&zp| case(&[256], None, &[zp])).collect::<Result<_>>()?;
    let along = vec![
        case(&[3, 5], Some(0), &[3, -40, 90])?,
        case(&[3, 3], Some(1), &[0, 0, 0])?,
        case(&[2, 3, 4], Some(1), &[-128, 11, 127])?,
    ];
    let refused = |scale: &[f32], zp: &[i32], axis: Option<usize>| -> Result<Script> {
        let q = I8::new([2, 2], vec![1, 2, 3, 4])?;
        Ok(Script::call("dequantize", args![q, scale.to_vec(), zp.to_vec(), axis]))
    };
    Ok(vec![
        Check::exact("every code comes back as scale (q - zp)", every),
        Check::exact("each channel comes back by its own scale", along),
        Check::refuses(
            "`dequantize` refuses a scale, a zero point or an axis that does not fit",
            vec![
                refused(&[0.0], &[0], None)?,
                refused(&[-1.0], &[0], None)?,
                refused(&[f32::NAN], &[0], None)?,
                refused(&[0.1], &[128], None)?,
                refused(&[0.1], &[-129], None)?,
                refused(&[0.1; 2], &[0; 2], Some(2))?,
                refused(&[0.1; 3], &[0; 3], Some(0))?,
                refused(&[0.1; 2], &[0; 2], None)?,
            ],
        ),
    ])
}

fn round_trips(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut trips = Vec::new();
    for (min, max) in [(-1.0, 1.0), (0.0, 1.0), (-1.0, 0.3), (-0.01, 1.0)] {
        let size = draw.log_uniform(1e-2, 1e2);
        let (scale, zp) = solution::qparams((min * size) as f32, (max * size) as f32)?;
        let mut x: Vec<f32> = (0..40).map(|_| (size * draw.uniform(min, max)) as f32).collect();
        x[7] = 0.0;
        x.sort_by(f32::total_cmp);
        let codes = flat(x, scale, zp, -128)?;
        trips.push(codes.then_of("dequantize", 0, args![vec![scale], vec![zp], None::<usize>]));
    }
    let sorted = trips.iter().map(|trip| Script { calls: trip.calls[..1].to_vec(), whole: false }).collect();
    Ok(vec![
        Check::by("0 comes back as exactly 0", Rule::at_most(zero_error, 0.0, "off"), trips.clone()),
        Check::by("inside the range no value moves by more", Rule::at_most(worst_error, 1.0, "half-steps"), trips),
        Check::by("a larger x has no smaller code", Rule::at_most(largest_drop, 0.0, "codes down"), sorted),
    ])
}

fn zero_error(seen: &Seen<'_>) -> (f64, String) {
    let (x, back) = (floats(seen.argument(0, 0)), floats(seen.result(1)));
    let worst = x.iter().zip(&back).filter(|(x, _)| **x == 0.0).map(|(_, y)| y.abs()).fold(0.0, f64::max);
    (worst, String::new())
}

fn worst_error(seen: &Seen<'_>) -> (f64, String) {
    let (x, back, scale) = (floats(seen.argument(0, 0)), floats(seen.result(1)), floats(seen.argument(0, 1)));
    let half = scale.first().map_or(f64::NAN, |s| s / 2.0);
    // What f32 itself rounds at 255 steps is taken off.
    let errors = x.iter().zip(&back).map(|(x, y)| ((x - y).abs() / half - 255.0 * 2f64.powi(-21), x));
    let (worst, at) = errors.fold((0.0, &0.0), |worst, e| if e.0 <= worst.0 { worst } else { e });
    (worst, format!("x = {}", number(*at)))
}

fn largest_drop(seen: &Seen<'_>) -> (f64, String) {
    let (x, codes) = (floats(seen.argument(0, 0)), floats(seen.result(0)));
    let drops = codes.windows(2).enumerate().map(|(i, pair)| (pair[0] - pair[1], i));
    let (drop, at) = drops.fold((0.0, 0), |worst, d| if d.0 > worst.0 { d } else { worst });
    let shown = |i: usize| x.get(i).map_or(String::new(), |v| number(*v));
    (drop, if drop > 0.0 { format!("from x = {} to {}", shown(at), shown(at + 1)) } else { String::new() })
}

/// Fills `[{min}, {max}]`.
pub fn range_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let bound = |i: usize| floats(seen.argument(0, i)).first().map_or(String::new(), |v| number(*v));
    vec![("min", bound(0)), ("max", bound(1))]
}

/// The channel with the smallest values: how large they are, and how many codes the answer left them.
pub fn scale_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (x, codes, zps) = (floats(seen.argument(0, 0)), floats(seen.result(0)), floats(seen.argument(0, 2)));
    let (shape, axis) = match (seen.argument(0, 0), seen.argument(0, 3)) {
        (Some(Value::Tensor(x)), Some(Value::Int(axis))) => (x.dims().to_vec(), *axis as usize),
        _ => return Vec::new(),
    };
    let inner: usize = shape.iter().skip(axis + 1).product();
    let count = shape.get(axis).copied().unwrap_or(1);
    let peak = |of: &[f64], channel: usize| {
        let values = of.iter().enumerate().filter(|(i, _)| i / inner % count == channel);
        values.fold(0.0_f64, |m, (_, v)| m.max(v.abs()))
    };
    let from_zp: Vec<f64> =
        codes.iter().enumerate().map(|(i, q)| q - zps.get(i / inner % count).unwrap_or(&0.0)).collect();
    let Some(channel) = (0..count).min_by(|&a, &b| peak(&x, a).total_cmp(&peak(&x, b))) else { return Vec::new() };
    vec![
        ("channel", channel.to_string()),
        ("peak", plain(peak(&x, channel), 2)),
        ("levels", number(peak(&from_zp, channel))),
    ]
}
