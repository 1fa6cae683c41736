//! The build step `clip`: held to the squared error itself, not to one way of finding the clip.

use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, floats, number, plain};
use lab_sdk::{Result, Tensor, Value};

/// Clips that the best is sought among.
const GRID: u32 = 2048;

/// The checks of `clip_max`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    // A clip within 3 % of a known mistake's is that mistake's: a learner's grid is not ours.
    let property = |value, bound, unit| Rule::at_most(value, bound, unit).near(0.03);
    let least = property(excess, 2.0, "% above the least");
    let mut checks = Vec::new();
    for (name, bits, n) in [
        ("the least error at 2 bits", 2u32, 512),
        ("the least error at 3 bits", 3, 512),
        ("the least error at 4 bits", 4, 512),
        ("the least error at 6 bits", 6, 1024),
        ("the least error at 8 bits", 8, 1024),
    ] {
        let size = draw.log_uniform(1e-2, 1e2);
        let gauss = draw.tensor(&[n], |draw| size * draw.normal())?;
        let tail = draw.tensor(&[n], |draw| laplace(draw) / size)?;
        let cases = [gauss, tail].into_iter().map(|x| Script::call("clip_max", args![x, bits]).keep(&[1]));
        checks.push(Check::by(name, least, cases.collect()));
    }
    let mut scaled = Vec::new();
    for factor in [1024.0, 1.0 / 4096.0] {
        let x = draw.tensor(&[256], laplace)?;
        let larger = (&x * factor)?;
        let first = Script::call("clip_max", args![x, 4]).keep(&[1]);
        scaled.push(first.then_values("clip_max", args![larger, 4]).keep(&[1]));
    }
    checks.push(Check::by("x times 2^k has 2^k times the clip", property(apart, 1e-3, "apart"), scaled));
    let odd = |v: f32| Tensor::new(&[0.1, v, -0.3], &lab_sdk::Device::Cpu);
    let none = Tensor::zeros(0, lab_sdk::DType::F32, &lab_sdk::Device::Cpu)?;
    let refused = [none, odd(f32::NAN)?, odd(f32::INFINITY)?, odd(f32::NEG_INFINITY)?];
    let refused = refused.into_iter().map(|x| Script::call("clip_max", args![x, 4])).collect();
    checks.push(Check::refuses("`clip_max` refuses nothing, NaN and infinities", refused));
    Ok(checks)
}

/// Double exponential: more values far out than a Gaussian has.
fn laplace(draw: &mut Draw) -> f64 {
    let magnitude = -(1.0 - draw.uniform(0.0, 1.0)).ln();
    if draw.one_in(2) { magnitude } else { -magnitude }
}

/// Squared error of the magnitudes `a` at a clip.
fn error(a: &[f64], clip: f64, bits: u32) -> f64 {
    let levels = f64::from((1u32 << (bits - 1)) - 1);
    let step = clip / levels;
    a.iter().map(|v| (v - (v / step).round().min(levels) * step).powi(2)).sum()
}

/// How far the answer's error is above the least one of the grid, in per cent.
fn excess(seen: &Seen<'_>) -> (f64, String) {
    let a: Vec<f64> = floats(seen.argument(0, 0)).iter().map(|v| v.abs()).collect();
    let (Some(Value::Int(bits)), Some(Value::Float(clip))) = (seen.argument(0, 1), seen.result(0)) else {
        return (0.0, String::new());
    };
    if a.iter().all(|v| *v == 0.0) {
        return (0.0, String::new());
    }
    let at = format!("clip {} of max {}", plain(*clip, 4), plain(a.iter().copied().fold(0.0, f64::max), 4));
    let bits = *bits as u32;
    if !clip.is_finite() || *clip <= 0.0 {
        return (f64::INFINITY, at);
    }
    // What is below a ten-thousandth of the largest value, on average, is no error: few values can have none at all.
    let none = a.len() as f64 * (1e-4 * a.iter().copied().fold(0.0, f64::max)).powi(2);
    (100.0 * ((error(&a, *clip, bits) + none) / (least(&a, bits).1 + none) - 1.0), at)
}

/// The clip with the least error, and that error.
fn least(a: &[f64], bits: u32) -> (f64, f64) {
    let peak = a.iter().copied().fold(0.0, f64::max);
    let clips = (1..=GRID).map(|j| peak * f64::from(j) / f64::from(GRID));
    clips.map(|clip| (clip, error(a, clip, bits))).fold((0.0, f64::INFINITY), |b, e| if e.1 < b.1 { e } else { b })
}

/// How far the second clip is from the first times the factor between the inputs.
fn apart(seen: &Seen<'_>) -> (f64, String) {
    let (x, y) = (floats(seen.argument(0, 0)), floats(seen.argument(1, 0)));
    let (Some(Value::Float(first)), Some(Value::Float(second))) = (seen.result(0), seen.result(1)) else {
        return (0.0, String::new());
    };
    let peak = |v: &[f64]| v.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let factor = peak(&y) / peak(&x);
    (
        (second / (first * factor) - 1.0).abs(),
        format!("x times {}: {} after {}", number(factor), plain(*second, 4), plain(*first, 4)),
    )
}

/// What the largest magnitude costs.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let a: Vec<f64> = floats(seen.argument(0, 0)).iter().map(|v| v.abs()).collect();
    let bits = floats(seen.argument(0, 1)).first().map_or(8, |b| *b as u32);
    let (clip, least) = least(&a, bits);
    let peak = a.iter().copied().fold(0.0, f64::max);
    vec![
        ("bits", bits.to_string()),
        ("peak", plain(peak, 3)),
        ("best", plain(clip, 3)),
        ("ratio", plain(error(&a, peak, bits) / least, 3)),
    ]
}
