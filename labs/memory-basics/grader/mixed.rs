//! The step `mixed`: steps in FP16 held to the solution's masters, and the scale held exactly over runs with overflows.

use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, plain};
use lab_sdk::{DType, Device, Result, Tensor, Value};
use serde_json::json;

/// A step rounds each weight a few times; the norm sums a few dozen squares.
const MASTERS: Rule = Rule::Floor(8.0);

/// How a trainer begins.
#[derive(Clone, Copy)]
struct Begin {
    scale: f64,
    interval: usize,
    lr: f64,
    clip: f64,
}

/// What one of the gradients holds in one place.
#[derive(Clone, Copy)]
enum Spoiled {
    No,
    By(f32),
}

/// The checks of `amp_step`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let (mut plain, mut clipped, mut small, mut tiny) = (vec![], vec![], vec![], vec![]);
    let (mut inf, mut nan, mut scales) = (vec![], vec![], vec![]);
    for _ in 0..3 {
        let scale = f64::from(1 << draw.int(10..=15));
        let begin = Begin { scale, interval: 2000, lr: draw.uniform(0.05, 0.2), clip: 1e4 };
        plain.push(steps(draw, begin, 1.0, &[Spoiled::No; 3], 0.3)?);
        let clip = draw.uniform(0.2, 0.8);
        clipped.push(steps(draw, Begin { clip, ..begin }, 1.0, &[Spoiled::No; 3], 0.6)?);
        // Updates of 2^-12 and less on weights around 1.
        small.push(steps(draw, Begin { lr: 2f64.powi(-9), ..begin }, 1.0, &[Spoiled::No; 4], 0.1)?);
        // FP16 holds what the scale made of them, and not what they are.
        let begin = Begin { scale: f64::from(1 << 15), lr: 10.0, ..begin };
        tiny.push(steps(draw, begin, 1e-6, &[Spoiled::No; 2], 1e-8)?);
        let begin = Begin { scale, interval: 3, lr: 0.1, clip: 1.0 };
        let infinity = Spoiled::By(if draw.one_in(2) { f32::INFINITY } else { f32::NEG_INFINITY });
        inf.push(steps(draw, begin, 1.0, &[Spoiled::No, infinity, Spoiled::No], 0.3)?);
        nan.push(steps(draw, begin, 1.0, &[Spoiled::No, Spoiled::By(f32::NAN), Spoiled::No], 0.3)?);
        scales.push(trajectory(draw)?);
    }
    inf.push(all_infinite(draw)?);
    Ok(vec![
        Check::by("a step: unscaled, with momentum", MASTERS, plain),
        Check::by("clipped by the norm of all gradients", MASTERS, clipped),
        Check::by("small updates add up", MASTERS, small),
        Check::by("small gradients survive", MASTERS, tiny),
        Check::by("a step with an infinity is skipped", MASTERS, inf),
        Check::by("and one with a NaN", MASTERS, nan),
        Check::exact("the scale over clean steps and overflows", scales),
        Check::refuses("`amp_step` refuses gradients that do not fit", refusals(draw)?),
    ])
}

const SHAPES: [&[usize]; 3] = [&[3, 4], &[4], &[2, 3]];

fn begin(draw: &mut Draw, begin: Begin, weight: f64) -> Result<Script> {
    let weights: Vec<Tensor> =
        SHAPES.iter().map(|shape| draw.tensor(shape, |d| weight * d.uniform(0.6, 1.9))).collect::<Result<_>>()?;
    let Begin { scale, interval, lr, clip } = begin;
    let settings = json!({"scale": scale, "interval": interval, "lr": lr, "mu": 0.9, "clip": clip});
    let words = format!("scale {scale}, interval {interval}, lr {}, mu 0.9, clip {}", plain(lr, 3), plain(clip, 3));
    Ok(Script::call("Amp.new", args![weights, settings]).words(words).whole())
}

/// Gradients of the scaled loss, in f16: `size` is what they are unscaled.
fn gradients(draw: &mut Draw, scale: f64, size: f64, spoiled: Spoiled) -> Result<Vec<Tensor>> {
    let hit = draw.size(0..=SHAPES.len() - 1);
    let one = |(at, shape): (usize, &&[usize])| {
        // No f16 of these is an infinity: 65504 is the largest.
        let mut values: Vec<f32> =
            (0..shape.iter().product()).map(|_| (scale * size * draw.normal()).clamp(-6e4, 6e4) as f32).collect();
        if let (Spoiled::By(value), true) = (spoiled, at == hit) {
            values[0] = value;
        }
        Ok(Tensor::from_vec(values, *shape, &Device::Cpu)?.to_dtype(DType::F16)?)
    };
    SHAPES.iter().enumerate().map(one).collect()
}

fn step(script: Script, grads: Vec<Tensor>, words: String) -> Script {
    script.then_of("amp_step", 0, args![grads]).words(words)
}

fn steps(draw: &mut Draw, from: Begin, weight: f64, each: &[Spoiled], size: f64) -> Result<Script> {
    // What is left of a gradient in f16 must not be its clamp: sizes above 60000 / scale shrink to it.
    let size = size.min(2e4 / from.scale);
    let mut script = begin(draw, from, weight)?;
    for &spoiled in each {
        let grads = gradients(draw, from.scale, size, spoiled)?;
        let words = match spoiled {
            Spoiled::No => format!("gradients of {} times the scale", plain(size, 2)),
            Spoiled::By(value) => format!("the same with one {value}"),
        };
        script = step(script, grads, words);
    }
    Ok(script.tell("Amp.master", 0))
}

/// Fourteen steps with an interval of 3 and three overflows; the scale and the count after each.
fn trajectory(draw: &mut Draw) -> Result<Script> {
    let from = Begin { scale: 1024.0, interval: 3, lr: 0.01, clip: 1.0 };
    let mut script = begin(draw, from, 1.0)?;
    let first = draw.size(4..=5);
    let overflows = [first, first + 2, first + 3];
    for at in 0..14 {
        let spoiled = if overflows.contains(&at) { Spoiled::By(f32::INFINITY) } else { Spoiled::No };
        let words = if overflows.contains(&at) { "an infinity" } else { "finite gradients" };
        script = step(script, gradients(draw, 1024.0, 0.1, spoiled)?, words.to_owned());
        script = script.tell("Amp.scale", 0).tell("Amp.clean", 0);
    }
    Ok(script)
}

fn all_infinite(draw: &mut Draw) -> Result<Script> {
    let from = Begin { scale: 1024.0, interval: 3, lr: 0.01, clip: 1.0 };
    let script = begin(draw, from, 1.0)?;
    let grads = SHAPES.iter().map(|shape| Ok(Tensor::full(f32::INFINITY, *shape, &Device::Cpu)?.to_dtype(DType::F16)?));
    Ok(step(script, grads.collect::<Result<_>>()?, "infinities everywhere".to_owned()).tell("Amp.master", 0))
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let from = Begin { scale: 1024.0, interval: 3, lr: 0.01, clip: 1.0 };
    let good = gradients(draw, 1024.0, 0.1, Spoiled::No)?;
    let few = good[..2].to_vec();
    let mut other = good.clone();
    other[1] = other[1].reshape((2, 2))?;
    Ok(vec![
        step(begin(draw, from, 1.0)?, few, "two gradients for three weights".to_owned()),
        step(begin(draw, from, 1.0)?, other, "a gradient (2, 2) for a weight (4)".to_owned()),
        step(begin(draw, from, 1.0)?, Vec::new(), "no gradients".to_owned()),
    ])
}

/// Fills `{scale}`.
pub fn scale_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let Some(Value::Json(settings)) = seen.argument(0, 1) else { return Vec::new() };
    settings["scale"].as_f64().map(|scale| ("scale", plain(scale, 7))).into_iter().collect()
}
