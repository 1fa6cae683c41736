//! The build step `accumulate`: one gradient, however the tokens are cut into micro-batches.

use super::super::solution::PADDING;
use crate::args;
use crate::grading::{Check, Draw, Rule, Script};
use lab_sdk::{Device, Result, Tensor};

/// Sums of f32 in another order: 8 times what the solution itself is off.
const SUMS: Rule = Rule::Each(&[Rule::Floor(8.0), Rule::Floor(8.0)]);

type Micro = Vec<(Tensor, Tensor)>;

/// The checks of `accumulated`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut cases = |lengths: &[&[(usize, usize)]]| -> Result<Vec<Script>> {
        let mut case = |lengths: &&[(usize, usize)]| {
            let (d, classes) = (draw.size(2..=5), draw.size(3..=6));
            accumulated(draw, d, classes, lengths)
        };
        lengths.iter().map(&mut case).collect()
    };
    let mut all = vec![
        Check::by("one micro-batch", SUMS, cases(&[&[(1, 0)], &[(4, 0)]])?),
        Check::by("micro-batches of one length", SUMS, cases(&[&[(2, 0), (2, 0)], &[(5, 0), (5, 0), (5, 0)]])?),
        Check::by("micro-batches of unequal length", SUMS, cases(&[&[(3, 0), (1, 0)], &[(2, 0), (10, 0), (5, 0)]])?),
        Check::by("padding in one batch", SUMS, cases(&[&[(3, 1)], &[(8, 3)]])?),
        Check::by("padding in some micro-batches", SUMS, cases(&[&[(4, 2), (4, 0)], &[(6, 1), (6, 4), (3, 0)]])?),
        Check::by("a micro-batch of nothing but padding", SUMS, cases(&[&[(2, 0), (2, 2)], &[(5, 1), (4, 4), (7, 2)]])?),
        Check::by("64 micro-batches", SUMS, cases(&[&[(6, 1); 64]])?),
        Check::refuses("`accumulated` refuses what does not fit, and nothing to learn", refusals(draw)?),
    ];
    let far = [far(draw, &[(4, 0)])?, far(draw, &[(5, 1), (6, 0)])?];
    all.insert(all.len() - 1, Check::by("logits that lie far apart", SUMS, far.to_vec()));
    Ok(all)
}

/// A case whose logits differ by hundreds: the exponential of such a difference is 0 in f32.
fn far(draw: &mut Draw, lengths: &[(usize, usize)]) -> Result<Script> {
    let w = (eighths(draw, &[3, 4])? * 256.0)?;
    Ok(script(w, drawn(draw, 3, 4, lengths)?))
}

/// Micro-batches of (tokens, padded ones among them); the last row never is padding alone by chance.
fn drawn(draw: &mut Draw, d: usize, classes: usize, lengths: &[(usize, usize)]) -> Result<Micro> {
    let mut one = |&(tokens, padded): &(usize, usize)| -> Result<(Tensor, Tensor)> {
        let x = eighths(draw, &[tokens, d])?;
        let mut targets: Vec<u32> = (0..tokens).map(|_| draw.size(0..=classes - 1) as u32).collect();
        let first = draw.size(0..=tokens - padded);
        targets[first..first + padded].fill(PADDING);
        Ok((x, Tensor::from_vec(targets, tokens, &Device::Cpu)?))
    };
    lengths.iter().map(&mut one).collect()
}

fn eighths(draw: &mut Draw, shape: &[usize]) -> Result<Tensor> {
    draw.tensor(shape, |draw| (8.0 * draw.normal()).round() / 8.0)
}

/// A case; never shrunk, or a token would lose its target.
fn accumulated(draw: &mut Draw, d: usize, classes: usize, lengths: &[(usize, usize)]) -> Result<Script> {
    let w = eighths(draw, &[d, classes])?;
    let micro = drawn(draw, d, classes, lengths)?;
    Ok(script(w, micro))
}

fn script(w: Tensor, micro: Micro) -> Script {
    Script::call("accumulated", args![w, micro]).whole()
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let w = eighths(draw, &[3, 4])?;
    let fine = |draw: &mut Draw| drawn(draw, 3, 4, &[(2, 0)]);
    let targets = |of: &[u32]| Tensor::from_slice(of, of.len(), &Device::Cpu);
    let with = |draw: &mut Draw, x: &[usize], of: &[u32]| -> Result<Script> {
        let mut micro = fine(draw)?;
        micro.push((eighths(draw, x)?, targets(of)?));
        Ok(script(w.clone(), micro))
    };
    Ok(vec![
        with(draw, &[2, 4], &[0, 1])?,
        with(draw, &[2, 3], &[0, 1, 2])?,
        with(draw, &[2, 3], &[0])?,
        with(draw, &[2, 3], &[0, 4])?,
        script(w.clone(), drawn(draw, 3, 4, &[(2, 2), (3, 3)])?),
        script(w, Vec::new()),
    ])
}
