//! The build step `buckets`: what the chosen sizes cost beside the best ones.

use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen};
use lab_sdk::{Result, Value};

/// Per cent over the best that a choice may cost.
const ALLOWED: f64 = 2.0;

/// The checks of `choose_buckets`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let near_best = Rule::at_most(excess, ALLOWED, "% over the best");
    let case = |lens: Vec<usize>, k: usize, linear: usize| Script::call("choose_buckets", args![lens, k, linear]).keep(&[1, 2]);
    let mut many = |of: fn(&mut Draw, usize) -> Vec<usize>, ks: [usize; 3], linear: usize| -> Vec<Script> {
        ks.iter().map(|k| case(of(draw, 150), *k, linear)).collect()
    };
    let one = many(tail, [1, 1, 1], 8);
    let skewed = many(tail, [3, 4, 6], 16);
    let two = many(groups, [2, 3, 4], 0);
    let flat = many(even, [2, 4, 8], 64);
    let checks = vec![
        Check::by("one size holds everything", near_best, one),
        Check::by("few long lengths beside many short ones", near_best, skewed),
        Check::by("lengths in groups", near_best, two),
        Check::by("lengths of all kinds", near_best, flat),
        Check::by("a size for each length is enough", near_best, vec![case(vec![5, 9, 5, 12], 8, 4)]),
        Check::refuses("`choose_buckets` refuses no lengths, and no sizes", vec![case(Vec::new(), 3, 1), case(vec![4, 5], 0, 1)]),
    ];
    Ok(checks)
}

/// Many short texts, few long ones: the logarithm is normal.
pub fn tail(draw: &mut Draw, n: usize) -> Vec<usize> {
    draw.many(n, |draw| (3.3 + 0.9 * draw.normal()).exp().clamp(4.0, 600.0) as usize)
}

/// Around 20, 90 and 300.
fn groups(draw: &mut Draw, n: usize) -> Vec<usize> {
    draw.many(n, |draw| {
        let middle = *draw.choose(&[20.0, 20.0, 20.0, 90.0, 90.0, 300.0]);
        (middle * draw.uniform(0.8, 1.2)) as usize
    })
}

fn even(draw: &mut Draw, n: usize) -> Vec<usize> {
    draw.many(n, |draw| draw.size(4..=512))
}

/// The sum of b² + linear · b over all lengths; infinite where sizes do not hold them, with why.
pub fn cost(lens: &[usize], sizes: &[usize], k: usize, linear: usize) -> Result<f64, String> {
    if sizes.len() > k {
        return Err(format!("{} sizes where {k} are allowed", sizes.len()));
    }
    if let Some(pair) = sizes.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(format!("{} stands before {}: sizes are in increasing order", pair[0], pair[1]));
    }
    lens.iter().try_fold(0.0, |sum, len| match sizes.iter().find(|size| *size >= len) {
        Some(&b) => Ok(sum + (b * b + linear * b) as f64),
        None => Err(format!("no size holds a length of {len}")),
    })
}

fn excess(seen: &Seen<'_>) -> (f64, String) {
    let (Some(Value::Usizes(lens)), Some(Value::Int(k)), Some(Value::Int(linear))) =
        (seen.argument(0, 0), seen.argument(0, 1), seen.argument(0, 2))
    else {
        return (0.0, String::new());
    };
    let (Some(Value::Usizes(got)), Some(Value::Usizes(wanted))) = (seen.result(0), seen.right(0)) else {
        return (0.0, String::new());
    };
    let of = |sizes: &[usize]| cost(lens, sizes, *k as usize, *linear as usize);
    match (of(got), of(wanted)) {
        (Ok(got_cost), Ok(best)) => (100.0 * (got_cost / best - 1.0), format!("{got:?} cost {got_cost}, {wanted:?} {best}")),
        (Err(why), _) | (_, Err(why)) => (f64::INFINITY, why),
    }
}
