//! The checks of `global_mask`: which weights go, and exactly how many.

use super::floats;
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, tensors};
use lab_sdk::{Device, Result, Tensor, Value};

/// The checks.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let case = |ws: &[Tensor], skip: &[usize], s: f64| {
        Script::call("global_mask", args![ws.to_vec(), skip.to_vec(), s]).keep(&[1, 2])
    };
    let small = [normal(draw, &[4, 5], 1.0)?];
    let one = vec![
        // 7.6 and 13.3 of 20: neither rounding nor rounding up is cutting off.
        case(&small, &[], 0.38),
        case(&[normal(draw, &[4, 5], 1.0)?], &[], 0.665),
        case(&[normal(draw, &[30], 1.0)?], &[], share(draw, 30)),
    ];
    let net = |draw: &mut Draw| layers(draw, &[&[6, 8], &[8, 5], &[3, 6]], &[0.3, 1.0, 2.5]);
    let (a, b) = (net(draw)?, net(draw)?);
    let several = vec![case(&a, &[], share(draw, 106)), case(&b, &[], 0.9), case(&net(draw)?, &[], share(draw, 106))];
    let with_biases =
        |draw: &mut Draw| layers(draw, &[&[5, 7], &[5], &[4, 5], &[4], &[4]], &[1.0, 0.05, 1.0, 0.05, 0.4]);
    let (c, d) = (with_biases(draw)?, with_biases(draw)?);
    let skipped = vec![
        case(&c, &[1, 3, 4], share(draw, 55)),
        case(&d, &[0], share(draw, 33)),
        case(&with_biases(draw)?, &[4, 1], share(draw, 59)),
    ];
    let level = |v: f32, n: usize| Tensor::full(v, n, &Device::Cpu);
    let flat = vec![
        case(&[level(0.5, 12)?], &[], 0.3),
        case(&[level(-0.25, 5)?, level(0.25, 7)?], &[], 0.55),
        case(&[normal(draw, &[2, 3], 1.0)?, level(0.5, 40)?], &[], 0.5),
        case(&[coins(draw, &[6, 7])?, coins(draw, &[9])?], &[], share(draw, 51)),
        // 8 of 14 go, and the ninth is larger: a threshold at the ninth is right, one at the eighth is not.
        case(&[level(-1.0, 6)?, level(0.5, 8)?], &[], 0.6),
    ];
    let zeros = vec![
        case(&[holes(draw, &[6, 6], 3)?], &[], 0.72),
        case(&[holes(draw, &[5, 8], 2)?, holes(draw, &[4, 4], 2)?], &[], 0.3),
        case(&[holes(draw, &[5, 8], 4)?, normal(draw, &[4, 4], 0.1)?], &[], share(draw, 56)),
    ];
    let ends = vec![case(&a, &[], 0.0), case(&a, &[], 1.0), case(&c, &[1], 0.0), case(&c, &[1, 3], 1.0)];
    let exactly = Rule::at_most(miscounted, 0.0, "off");
    let counted = vec![case(&small, &[], 0.38), case(&a, &[], 0.9), case(&c, &[1, 3, 4], 0.62)];
    let odd = |v: f32| Tensor::new(&[0.5, v, -0.25, 1.0], &Device::Cpu);
    let plain = odd(0.75)?;
    let none: Vec<Tensor> = Vec::new();
    let refused = vec![
        case(&none, &[], 0.5),
        case(std::slice::from_ref(&plain), &[], -0.01),
        case(std::slice::from_ref(&plain), &[], 1.01),
        case(std::slice::from_ref(&plain), &[], f64::NAN),
        case(&[plain.clone(), plain.clone()], &[2], 0.5),
        case(&[plain, odd(f32::NAN)?], &[], 0.5),
    ];
    Ok(vec![
        Check::exact("one matrix", one),
        Check::exact("one ranking for all tensors", several),
        Check::exact("skipped tensors keep all, and count for nothing", skipped),
        Check::exact("of equal weights the earlier go, and no more than the count", flat),
        Check::exact("weights that are 0 already count", zeros),
        Check::exact("sparsity 0 and 1", ends),
        Check::by("exactly floor(sparsity n) zeros", exactly, counted),
        Check::refuses("`global_mask` refuses no tensors, NaN, and a sparsity or a place that there is not", refused),
    ])
}

/// A sparsity whose count has a fraction well inside (0, 1).
fn share(draw: &mut Draw, n: usize) -> f64 {
    (draw.int(n as i64 / 4..=3 * n as i64 / 4) as f64 + draw.uniform(0.2, 0.8)) / n as f64
}

/// Magnitudes apart from each other by more than any rounding, signs at random.
pub fn normal(draw: &mut Draw, shape: &[usize], size: f64) -> Result<Tensor> {
    draw.tensor(shape, |draw| size * draw.normal())
}

fn layers(draw: &mut Draw, shapes: &[&[usize]], sizes: &[f64]) -> Result<Vec<Tensor>> {
    shapes.iter().zip(sizes).map(|(shape, size)| normal(draw, shape, *size)).collect()
}

/// Few magnitudes, so that many are equal.
fn coins(draw: &mut Draw, shape: &[usize]) -> Result<Tensor> {
    draw.tensor(shape, |draw| *draw.choose(&[0.5, -0.5, 1.0, -1.0, 2.0]))
}

/// Normal, but 0 once in `n`.
fn holes(draw: &mut Draw, shape: &[usize], n: u32) -> Result<Tensor> {
    draw.tensor(shape, |draw| if draw.one_in(n) { 0.0 } else { draw.normal() })
}

/// Zeros beyond those of the solution, or missing.
fn miscounted(seen: &Seen<'_>) -> (f64, String) {
    let (got, wanted) = zeros(seen);
    (got.abs_diff(wanted) as f64, format!("{got} zeros instead of {wanted}"))
}

/// Zeros of the answer and of the solution.
fn zeros(seen: &Seen<'_>) -> (usize, usize) {
    let count = |value: Option<&Value>| tensors(value).iter().flat_map(floats).filter(|m| *m == 0.0).count();
    (count(seen.result(0)), count(seen.right(0)))
}

/// How many went, and how many should have.
pub fn count_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (got, wanted) = zeros(seen);
    vec![("got", got.to_string()), ("wanted", wanted.to_string())]
}

/// The tensor whose share is furthest from the right one.
pub fn share_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let kept = |t: &Tensor| floats(t).iter().filter(|m| **m != 0.0).count();
    let (got, wanted) = (tensors(seen.result(0)), tensors(seen.right(0)));
    let pairs = got.iter().zip(&wanted).map(|(g, w)| (kept(g), kept(w), g.elem_count()));
    let worst = pairs.enumerate().max_by_key(|(_, (got, wanted, _))| got.abs_diff(*wanted));
    let (tensor, (got, wanted, n)) = worst.unwrap_or_default();
    vec![
        ("tensor", tensor.to_string()),
        ("n", n.to_string()),
        ("got", got.to_string()),
        ("wanted", wanted.to_string()),
    ]
}
