//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named in its signature; what must be refused is left to the solution, so that only the mistake differs.

#[path = "misconceptions/formulas.rs"]
mod formulas;

use super::solution;
use formulas::*;
use lab_sdk::{Result, Tensor};
use std::cell::Cell;

/// Prunes the same share of each tensor.
pub fn per_layer(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    let mut masks = solution::global_mask(ws, skip, sparsity)?;
    for (i, mask) in masks.iter_mut().enumerate().filter(|(i, _)| !skip.contains(i)) {
        *mask = solution::global_mask(&ws[i..=i], &[], sparsity)?.remove(0);
    }
    Ok(masks)
}

/// Ranks w instead of |w|.
pub fn ranks_signed(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_by(ws, skip, sparsity, |w| w, |_, count| count)
}

/// Keeps what is above the largest weight that should go: its equals go too.
pub fn ties_all_go(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_above(ws, skip, sparsity, |w, sorted, count| count == 0 || w > sorted[count - 1])
}

/// Keeps what is not below the smallest weight that should stay: its equals stay too.
pub fn ties_all_stay(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_above(ws, skip, sparsity, |w, sorted, count| count < sorted.len() && w >= sorted[count])
}

/// Keeps what is above the smallest weight that should stay.
pub fn one_more_goes(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_above(ws, skip, sparsity, |w, sorted, count| count < sorted.len() && w > sorted[count])
}

/// Keeps what is not below the largest weight that should go.
pub fn one_fewer_goes(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_above(ws, skip, sparsity, |w, sorted, count| count == 0 || w >= sorted[count - 1])
}

/// Keeps what is above the interpolated quantile of the magnitudes.
pub fn quantile_threshold(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_above(ws, skip, sparsity, |w, sorted, _| {
        let at = sparsity * (sorted.len() - 1) as f64;
        let (low, high) = (f64::from(sorted[at.floor() as usize]), f64::from(sorted[at.ceil() as usize]));
        f64::from(w) > low + (high - low) * at.fract()
    })
}

/// Prunes skipped tensors too.
pub fn ignores_skip(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    solution::global_mask(ws, skip, sparsity)?;
    let names_nan = ws.iter().map(values).collect::<Result<Vec<_>>>()?.concat().iter().any(|v| v.is_nan());
    if names_nan { solution::global_mask(ws, skip, sparsity) } else { solution::global_mask(ws, &[], sparsity) }
}

/// Takes the share of all weights, skipped ones included.
pub fn skip_counts(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    let all: usize = ws.iter().map(Tensor::elem_count).sum();
    masks_by(ws, skip, sparsity, f32::abs, |_, _| (sparsity * all as f64).floor() as usize)
}

/// Keeps all tensors of one dimension.
pub fn skips_vectors(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    solution::global_mask(ws, skip, sparsity)?;
    let more = (0..ws.len()).filter(|i| skip.contains(i) || ws[*i].rank() < 2).collect::<Vec<_>>();
    solution::global_mask(ws, &more, sparsity)
}

/// Rounds the count to the nearest.
pub fn rounds_count(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_by(ws, skip, sparsity, f32::abs, |n, _| (sparsity * n as f64).round() as usize)
}

/// Keeps floor((1 - s) n), and so prunes one more.
pub fn keeps_floor(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_by(ws, skip, sparsity, f32::abs, |n, _| n - ((1.0 - sparsity) * n as f64).floor() as usize)
}

/// Takes the sparsity for a density.
pub fn keeps_sparsity(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_by(ws, skip, sparsity, f32::abs, |n, count| n - count)
}

/// Writes 1 where a weight goes.
pub fn mask_inverted(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_with(ws, skip, sparsity, |ranked| {
        let magnitudes: Vec<f32> = ranked.values.iter().map(|v| v.abs()).collect();
        let mut goes = vec![false; magnitudes.len()];
        order(&magnitudes).into_iter().take(ranked.count).for_each(|at| goes[at] = true);
        move |at| goes[at]
    })
}

/// Keeps the smallest.
pub fn prunes_largest(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_by(ws, skip, sparsity, |w| -w.abs(), |_, count| count)
}

/// Takes the share of the weights that are not 0 yet, on top of those that are.
pub fn zeros_not_counted(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_with(ws, skip, sparsity, |ranked| {
        let magnitudes: Vec<f32> = ranked.values.iter().map(|v| v.abs()).collect();
        let zeros = magnitudes.iter().filter(|v| **v == 0.0).count();
        let count = zeros + (sparsity * (magnitudes.len() - zeros) as f64).floor() as usize;
        let mut stays = vec![true; magnitudes.len()];
        order(&magnitudes).into_iter().take(count).for_each(|at| stays[at] = false);
        move |at| stays[at]
    })
}

/// Sorts downwards and keeps the head: of equal weights the later go.
pub fn later_ties_go(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    masks_with(ws, skip, sparsity, |ranked| {
        let turned: Vec<f32> = ranked.values.iter().map(|v| -v.abs()).collect();
        let mut stays = vec![false; turned.len()];
        order(&turned).into_iter().take(turned.len() - ranked.count).for_each(|at| stays[at] = true);
        move |at| stays[at]
    })
}

/// Climbs by equal steps.
pub fn linear_ramp(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    ramp_with(t, t0, t1, (si, sf), |x| si + (sf - si) * x.clamp(0.0, 1.0))
}

/// Squares what is left instead of cubing it.
pub fn quadratic_ramp(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    ramp_with(t, t0, t1, (si, sf), |x| sf + (si - sf) * (1.0 - x.clamp(0.0, 1.0)).powi(2))
}

/// Cubes what is done instead of what is left.
pub fn slow_start(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    ramp_with(t, t0, t1, (si, sf), |x| si + (sf - si) * x.clamp(0.0, 1.0).powi(3))
}

/// Follows the formula beyond both ends.
pub fn unclamped(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    ramp_with(t, t0, t1, (si, sf), |x| sf + (si - sf) * (1.0 - x).powi(3))
}

/// Lets t - t0 of unsigned numbers run below 0, and cuts what comes out off at the end of the ramp.
pub fn wraps_below(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    solution::cubic(if t < t0 { t1 } else { t }, t0, t1, si, sf)
}

/// Counts the step that is about to be made as done.
pub fn one_step_ahead(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    let step = 1.0 / (t1 as f64 - t0 as f64);
    ramp_with(t, t0, t1, (si, sf), |x| match (0.0..=1.0).contains(&x) {
        true => sf + (si - sf) * (1.0 - x - step).powi(3),
        false => si + (sf - si) * x.clamp(0.0, 1.0),
    })
}

/// Divides by t1 instead of t1 - t0.
pub fn counts_from_zero(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    let done = t.saturating_sub(t0).min(t1.saturating_sub(t0)) as f64 / t1 as f64;
    ramp_with(t, t0, t1, (si, sf), |_| sf + (si - sf) * (1.0 - done).powi(3))
}

/// Begins at sf and ends at si.
pub fn swapped_ends(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    solution::cubic(t, t0, t1, sf, si)
}

/// What a lottery round returns.
type Ticket = Result<(Vec<Tensor>, Vec<Tensor>)>;

/// Goes on from the trained values.
pub fn no_rewind(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_with(trained, init, mask, frac, |r| (Round::masked(&r.trained, &r.right), r.right.clone()))
}

/// Restarts from new random values.
pub fn reinit(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_with(trained, init, mask, frac, |r| {
        let spread = r.init.iter().map(|v| v * v).sum::<f32>().max(1e-6) / r.init.len().max(1) as f32;
        let mut state = 0x9e37_79b9_u32;
        let mut drawn = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (3.0 * spread).sqrt() * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        };
        let fresh: Vec<f32> = r.init.iter().map(|_| drawn()).collect();
        (Round::masked(&fresh, &r.right), r.right.clone())
    })
}

/// Takes the fraction of the tensor's size.
pub fn from_all(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        r.without((r.frac * r.mask.len() as f64).ceil(), |at| r.trained[at].abs())
    })
}

/// Ranks the dead weights along with the others.
pub fn pruned_again(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        let magnitudes: Vec<f32> = r.trained.iter().map(|w| w.abs()).collect();
        let mut mask = r.mask.clone();
        let dying = (r.frac * r.survivors().len() as f64).ceil() as usize;
        order(&magnitudes).into_iter().take(dying).for_each(|at| mask[at] = 0);
        mask
    })
}

/// Makes the mask of the trained values alone: a dead weight with a large value lives again.
pub fn revives_dead(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        let survivors = r.survivors();
        let mut alive: Vec<f32> = survivors.iter().map(|&at| r.trained[at].abs()).collect();
        alive.sort_by(f32::total_cmp);
        match alive.get((r.frac * survivors.len() as f64).ceil() as usize) {
            Some(least) => r.trained.iter().map(|w| u8::from(w.abs() >= *least)).collect(),
            None => vec![0; r.mask.len()],
        }
    })
}

/// Cuts the count's fraction off.
pub fn rounds_down(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        r.without((r.frac * r.survivors().len() as f64).floor(), |at| r.trained[at].abs())
    })
}

/// Keeps what is above the smallest survivor that should stay.
pub fn one_more_dies(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        r.without((r.frac * r.survivors().len() as f64).ceil() + 1.0, |at| r.trained[at].abs())
    })
}

/// Ranks the survivors by their signed values.
pub fn signed_survivors(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        r.without((r.frac * r.survivors().len() as f64).ceil(), |at| r.trained[at])
    })
}

/// Ranks the survivors by their initial values.
pub fn ranks_init(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        r.without((r.frac * r.survivors().len() as f64).ceil(), |at| r.init[at].abs())
    })
}

/// Lets the largest die.
pub fn largest_die(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        r.without((r.frac * r.survivors().len() as f64).ceil(), |at| -r.trained[at].abs())
    })
}

/// Uses the first fraction for all tensors.
pub fn one_fraction(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    solution::lottery_round(trained, init, mask, frac)?;
    solution::lottery_round(trained, init, mask, &vec![frac[0]; frac.len()])
}

/// Ranks the survivors of all tensors together.
pub fn one_ranking(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    let (_, right) = solution::lottery_round(trained, init, mask, frac)?;
    let count = |masks: &[Tensor]| -> Result<usize> {
        Ok(masks.iter().map(ones).collect::<Result<Vec<_>>>()?.into_iter().sum())
    };
    let dying = count(mask)? - count(&right)?;
    let mut ranked = Vec::new();
    for (tensor, (trained, mask)) in trained.iter().zip(mask).enumerate() {
        let alive = mask.flatten_all()?.to_vec1::<u8>()?;
        let survivors = values(trained)?.into_iter().enumerate().filter(|(at, _)| alive[*at] != 0);
        ranked.extend(survivors.map(|(at, w)| (w.abs(), tensor, at)));
    }
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    ranked.truncate(dying);
    let tensor = Cell::new(0);
    rounds_masked(trained, init, mask, frac, |r| {
        let mut mask = r.mask.clone();
        ranked.iter().filter(|(_, of, _)| *of == tensor.get()).for_each(|(_, _, at)| mask[*at] = 0);
        tensor.set(tensor.get() + 1);
        mask
    })
}

/// A percentile of the survivors' magnitudes is the threshold, and what is below it dies.
pub fn percentile_of_survivors(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        let sorted = r.sorted();
        let at = r.frac * sorted.len().saturating_sub(1) as f64;
        let end = |at: f64| sorted.get(at as usize).map_or(0.0, |w| f64::from(*w));
        let least = end(at.floor()) + (end(at.ceil()) - end(at.floor())) * at.fract();
        r.where_alive(|w| f64::from(w) >= least)
    })
}

/// Keeps what is above the largest survivor that should die.
pub fn equal_survivors_die(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_masked(trained, init, mask, frac, |r| {
        let sorted = r.sorted();
        let dying = (r.frac * sorted.len() as f64).ceil() as usize;
        r.where_alive(|w| dying == 0 || w > sorted[dying - 1])
    })
}

/// Restarts all weights, dead or not.
pub fn restart_unmasked(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_with(trained, init, mask, frac, |r| (r.init.clone(), r.right.clone()))
}

/// Restarts under the mask of the round before.
pub fn restart_under_old_mask(trained: &[Tensor], init: &[Tensor], mask: &[Tensor], frac: &[f64]) -> Ticket {
    rounds_with(trained, init, mask, frac, |r| (Round::masked(&r.init, &r.mask), r.right.clone()))
}

/// Adds lr g w.
pub fn wrong_sign(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s + lr * (x.g * x.w), |_, scores, kept| top(scores, kept))
}

/// Ranks |s|.
pub fn ranks_magnitude(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    let moved = |x: Weight| x.s - lr * (x.g * x.w);
    step_with((w, s, g), keep, lr, moved, |_, scores, kept| {
        top(&scores.iter().map(|s| s.abs()).collect::<Vec<_>>(), kept)
    })
}

/// Moves only the scores of weights that are not pruned now.
pub fn dead_gradient(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    let moved = |x: Weight| if x.alive { x.s - lr * (x.g * x.w) } else { x.s };
    step_with((w, s, g), keep, lr, moved, |_, scores, kept| top(scores, kept))
}

/// Sums |g w|.
pub fn saliency(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s + lr * (x.g * x.w).abs(), |_, scores, kept| top(scores, kept))
}

/// Forgets to multiply by w.
pub fn slope_alone(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * x.g, |_, scores, kept| top(scores, kept))
}

/// Multiplies by |w|.
pub fn loses_sign_of_w(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * x.g * x.w.abs(), |_, scores, kept| top(scores, kept))
}

/// Forgets the learning rate.
pub fn forgets_rate(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - x.g * x.w, |_, scores, kept| top(scores, kept))
}

/// Makes the mask of the scores as they came.
pub fn stale_mask(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * (x.g * x.w), |old, _, kept| top(old, kept))
}

/// Keeps the lowest scores.
pub fn keeps_lowest(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * (x.g * x.w), |_, scores, kept| {
        top(&scores.iter().map(|s| -s).collect::<Vec<_>>(), kept)
    })
}

/// Keeps ceil(keep n).
pub fn keeps_one_more(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    let ceil = (keep * s.elem_count() as f64).ceil() as usize;
    step_with((w, s, g), keep, lr, |x| x.s - lr * (x.g * x.w), |_, scores, _| top(scores, ceil))
}

/// Keeps all that equal the last score that stays.
pub fn equal_scores_stay(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * (x.g * x.w), |_, scores, kept| {
        let mut sorted = scores.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        scores.iter().map(|s| u8::from(*s >= sorted[kept - 1])).collect()
    })
}

/// Sorts upwards, turns the order round and keeps the head: of equal scores the later stay.
pub fn later_scores_stay(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * (x.g * x.w), |_, scores, kept| {
        let mut mask = vec![0; scores.len()];
        order(scores).into_iter().rev().take(kept).for_each(|at| mask[at] = 1);
        mask
    })
}

/// Keeps what is above the last score that should stay.
pub fn last_score_goes(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    step_with((w, s, g), keep, lr, |x| x.s - lr * (x.g * x.w), |_, scores, kept| {
        let mut sorted = scores.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        scores.iter().map(|s| u8::from(*s > sorted[kept - 1])).collect()
    })
}
