//! The checks of `movement_step`: scores that move, and a mask of the largest.

use super::floats;
use crate::args;
use crate::grading::{self, Check, Draw, Rule, Script, Seen, part, plain};
use lab_sdk::{Device, Result, Tensor, Value};

/// Scores are floating point, the mask is not.
const RULE: Rule = Rule::Each(&[Rule::Floor(4.0), Rule::Exact]);

/// A step: w, s, g, keep, lr.
struct Step {
    w: Tensor,
    s: Tensor,
    g: Tensor,
    keep: f64,
    lr: f32,
}

/// The checks.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let usual = |draw: &mut Draw, shape: &[usize], keep: f64| step(draw, shape, keep, |draw| draw.normal());
    let some = vec![
        usual(draw, &[4, 6], 0.4)?.case(),
        usual(draw, &[30], 0.37)?.case(),
        usual(draw, &[3, 4, 5], 0.11)?.case(),
        usual(draw, &[5, 5], 0.75)?.case(),
    ];
    let start = vec![step(draw, &[6, 6], 0.3, |_| 0.0)?.case(), step(draw, &[25], 0.5, |_| 0.0)?.case()];
    let low = |draw: &mut Draw| if draw.one_in(3) { -3.0 - draw.uniform(0.0, 4.0) } else { draw.uniform(0.1, 1.0) };
    let negative = vec![step(draw, &[5, 8], 0.43, low)?.case(), step(draw, &[7, 4], 0.62, low)?.case()];
    let back = vec![returning(draw, 12)?.case(), returning(draw, 31)?.case()];
    // 6.84 of 18 and 4.9 of 7: neither rounding nor rounding up is cutting off; 16 of 16.
    let counts = vec![
        usual(draw, &[3, 6], 0.38)?.case(),
        usual(draw, &[7], 0.7)?.case(),
        usual(draw, &[4, 4], 1.0)?.case(),
        usual(draw, &[9], 0.2)?.case(),
    ];
    let mut ties = Vec::new();
    for (shape, keep) in [(&[4, 5][..], 0.46), (&[40][..], 0.31)] {
        let mut step = step(draw, shape, keep, |draw| *draw.choose(&[-1.0, 0.0, 0.0, 2.0]))?;
        step.g = step.g.zeros_like()?;
        ties.push(step.case());
    }
    // Scores are near a known mistake's, not equal: they round.
    let exactly = Rule::at_most(miscounted, 0.0, "off").near(1e-5);
    let counted = vec![usual(draw, &[4, 6], 0.4)?.case(), usual(draw, &[30], 0.37)?.case()];
    Ok(vec![
        Check::by("scores and mask of a step", RULE, some),
        Check::by("the first step: all scores are 0", RULE, start),
        Check::by("very negative scores are low", RULE, negative),
        Check::by("pruned weights move too, and may return", RULE, back),
        Check::by("floor(keep n) stay", RULE, counts),
        Check::by("of equal scores the earlier stay", RULE, ties),
        Check::by("exactly floor(keep n) ones", exactly, counted),
        Check::refuses("`movement_step` refuses shapes that differ, NaN, and a share that keeps nothing or too much", refused(draw)?),
    ])
}

impl Step {
    fn case(&self) -> Script {
        let Step { w, s, g, keep, lr } = self;
        Script::call("movement_step", args![w.clone(), s.clone(), g.clone(), *keep, *lr]).keep(&[3, 4])
    }

    /// s - lr g w in f64.
    fn scores(&self) -> Vec<f64> {
        let (w, s, g) = (floats(&self.w), floats(&self.s), floats(&self.g));
        (0..s.len()).map(|at| s[at] - f64::from(self.lr) * g[at] * w[at]).collect()
    }

    /// Whether the last score that stays is above the first that does not by more than rounding.
    fn clear(&self) -> bool {
        let mut scores = self.scores();
        scores.sort_by(|a, b| b.total_cmp(a));
        let kept = (self.keep * scores.len() as f64).floor() as usize;
        kept == scores.len() || kept > 0 && scores[kept - 1] - scores[kept] > 1e-4
    }
}

/// A step whose cut is clear, with scores from `score`.
fn step(draw: &mut Draw, shape: &[usize], keep: f64, score: impl Fn(&mut Draw) -> f64) -> Result<Step> {
    loop {
        let step = Step {
            w: draw.tensor(shape, |draw| draw.normal())?,
            s: draw.tensor(shape, &score)?,
            g: draw.tensor(shape, |draw| 2.0 * draw.normal())?,
            keep,
            lr: draw.uniform(0.2, 0.7) as f32,
        };
        // Equal scores are wanted where no slope tells them apart; `ties` flattens g afterwards.
        if step.clear() {
            return Ok(step);
        }
    }
}

/// A step after which about half of the pruned weights are back.
fn returning(draw: &mut Draw, n: usize) -> Result<Step> {
    loop {
        let mut step = step(draw, &[n], 0.5, |draw| draw.uniform(-0.3, 0.3))?;
        step.lr = 1.5;
        if step.clear() {
            return Ok(step);
        }
    }
}

fn refused(draw: &mut Draw) -> Result<Vec<Script>> {
    let good = step(draw, &[2, 3], 0.5, |draw| draw.normal())?;
    let with = |change: &dyn Fn(&mut Step)| {
        let mut bad = Step { w: good.w.clone(), s: good.s.clone(), g: good.g.clone(), keep: good.keep, lr: good.lr };
        change(&mut bad);
        bad.case()
    };
    let other = Tensor::zeros((3, 2), lab_sdk::DType::F32, &Device::Cpu)?;
    let nan = Tensor::new(&[[0.5, f32::NAN, 1.0], [0.25, -1.0, 2.0]], &Device::Cpu)?;
    Ok(vec![
        with(&|step| step.s = other.clone()),
        with(&|step| step.w = other.clone()),
        with(&|step| step.g = other.clone()),
        with(&|step| step.w = nan.clone()),
        with(&|step| step.s = nan.clone()),
        with(&|step| step.g = nan.clone()),
        with(&|step| step.keep = 0.0),
        with(&|step| step.keep = 0.16),
        with(&|step| step.keep = 1.2),
        with(&|step| step.keep = -0.5),
        with(&|step| step.keep = f64::NAN),
    ])
}

/// Weights kept beyond those of the solution, or missing.
fn miscounted(seen: &Seen<'_>) -> (f64, String) {
    let (got, wanted) = (kept(seen.result(0)).len(), kept(seen.right(0)).len());
    (got.abs_diff(wanted) as f64, format!("{got} kept instead of {wanted}"))
}

/// Positions that the mask of a result keeps.
fn kept(value: Option<&Value>) -> Vec<usize> {
    let mask = grading::floats(part(value, 1));
    mask.iter().enumerate().filter(|(_, m)| **m != 0.0).map(|m| m.0).collect()
}

/// The weight whose score moved furthest.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (w, g) = (grading::floats(seen.argument(0, 0)), grading::floats(seen.argument(0, 2)));
    let most = (0..w.len()).max_by(|&a, &b| (g[a] * w[a]).abs().total_cmp(&(g[b] * w[b]).abs())).unwrap_or(0);
    let (w, g) = (w.get(most).copied().unwrap_or(0.0), g.get(most).copied().unwrap_or(0.0));
    let (towards, goes) = if g * w > 0.0 { ("towards 0", "fall") } else { ("away from 0", "rise") };
    vec![("w", plain(w, 3)), ("g", plain(g, 3)), ("towards", towards.to_owned()), ("goes", goes.to_owned())]
}

/// The lowest score that was kept.
pub fn kept_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let scores = grading::floats(part(seen.result(0), 0));
    let lowest = kept(seen.result(0)).into_iter().filter_map(|at| scores.get(at)).copied().fold(f64::INFINITY, f64::min);
    vec![("lowest", plain(lowest, 3))]
}
