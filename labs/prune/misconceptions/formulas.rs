//! What the misconceptions share: the solution's shapes and refusals around one changed rule.

use super::super::solution;
use lab_sdk::{Device, Result, Tensor};

/// The magnitudes of what may be pruned, as `global_mask` ranks them.
pub struct Ranked {
    /// In the order of the tensors, row by row.
    pub values: Vec<f32>,
    /// How many floor(sparsity n) is.
    pub count: usize,
}

/// Masks in which position `at` of all ranked weights stays if `stays(weights, at)`.
pub fn masks_with<'a, F: Fn(usize) -> bool + 'a>(
    ws: &[Tensor],
    skip: &[usize],
    sparsity: f64,
    rule: impl FnOnce(Ranked) -> F,
) -> Result<Vec<Tensor>> {
    solution::global_mask(ws, skip, sparsity)?;
    let all = ws.iter().map(values).collect::<Result<Vec<_>>>()?;
    let ranked: Vec<f32> = (0..ws.len()).filter(|i| !skip.contains(i)).flat_map(|i| all[i].clone()).collect();
    let count = (sparsity * ranked.len() as f64).floor() as usize;
    let stays = rule(Ranked { values: ranked, count });
    let mut at = 0;
    let mask = |i: usize| {
        let mut one = || {
            at += 1;
            u8::from(stays(at - 1))
        };
        (0..all[i].len()).map(|_| if skip.contains(&i) { 1 } else { one() }).collect::<Vec<u8>>()
    };
    (0..ws.len()).map(mask).zip(ws).map(|(mask, w)| tensor(mask, w)).collect()
}

/// Masks in which the `count(n, right count)` smallest by `score` go.
pub fn masks_by(
    ws: &[Tensor],
    skip: &[usize],
    sparsity: f64,
    score: impl Fn(f32) -> f32,
    count: impl Fn(usize, usize) -> usize,
) -> Result<Vec<Tensor>> {
    masks_with(ws, skip, sparsity, |ranked| {
        let scores: Vec<f32> = ranked.values.iter().map(|&v| score(v)).collect();
        let count = count(scores.len(), ranked.count).min(scores.len());
        let gone: Vec<usize> = order(&scores)[..count].to_vec();
        let mut stays = vec![true; scores.len()];
        gone.into_iter().for_each(|at| stays[at] = false);
        move |at| stays[at]
    })
}

/// Masks in which a magnitude stays if `stays(magnitude, sorted magnitudes, right count)`.
pub fn masks_above(
    ws: &[Tensor],
    skip: &[usize],
    sparsity: f64,
    stays: impl Fn(f32, &[f32], usize) -> bool,
) -> Result<Vec<Tensor>> {
    masks_with(ws, skip, sparsity, |ranked| {
        let magnitudes: Vec<f32> = ranked.values.iter().map(|v| v.abs()).collect();
        let mut sorted = magnitudes.clone();
        sorted.sort_by(f32::total_cmp);
        move |at| stays(magnitudes[at], &sorted, ranked.count)
    })
}

/// si, sf and how far t is on the way from t0 to t1, beyond both ends.
pub fn ramp_with(t: u64, t0: u64, t1: u64, (si, sf): (f64, f64), at: impl Fn(f64) -> f64) -> Result<f64> {
    solution::cubic(t, t0, t1, si, sf)?;
    Ok(at((t as f64 - t0 as f64) / (t1 as f64 - t0 as f64)))
}

/// One tensor of a lottery round.
pub struct Round {
    pub trained: Vec<f32>,
    pub init: Vec<f32>,
    pub mask: Vec<u8>,
    pub frac: f64,
    /// The mask that it should have afterwards.
    pub right: Vec<u8>,
}

impl Round {
    /// Positions that the mask keeps.
    pub fn survivors(&self) -> Vec<usize> {
        (0..self.mask.len()).filter(|&at| self.mask[at] != 0).collect()
    }

    /// The old mask without the `count` survivors that are smallest by `score`.
    pub fn without(&self, count: f64, score: impl Fn(usize) -> f32) -> Vec<u8> {
        let survivors = self.survivors();
        let scores: Vec<f32> = survivors.iter().map(|&at| score(at)).collect();
        let mut mask = self.mask.clone();
        order(&scores).into_iter().take(count as usize).for_each(|i| mask[survivors[i]] = 0);
        mask
    }

    /// The survivors' magnitudes, upwards.
    pub fn sorted(&self) -> Vec<f32> {
        let mut sorted: Vec<f32> = self.survivors().into_iter().map(|at| self.trained[at].abs()).collect();
        sorted.sort_by(f32::total_cmp);
        sorted
    }

    /// The old mask where the magnitude `stays`.
    pub fn where_alive(&self, stays: impl Fn(f32) -> bool) -> Vec<u8> {
        self.mask.iter().zip(&self.trained).map(|(m, w)| u8::from(*m != 0 && stays(w.abs()))).collect()
    }

    /// `weights` where `mask` is 1.
    pub fn masked(weights: &[f32], mask: &[u8]) -> Vec<f32> {
        weights.iter().zip(mask).map(|(w, m)| if *m != 0 { *w } else { 0.0 }).collect()
    }
}

/// Each tensor's (restart, mask) by `play`.
pub fn rounds_with(
    trained: &[Tensor],
    init: &[Tensor],
    mask: &[Tensor],
    frac: &[f64],
    play: impl Fn(&Round) -> (Vec<f32>, Vec<u8>),
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    let (_, right) = solution::lottery_round(trained, init, mask, frac)?;
    let (mut restarts, mut masks) = (Vec::new(), Vec::new());
    for i in 0..trained.len() {
        let round = Round {
            trained: values(&trained[i])?,
            init: values(&init[i])?,
            mask: mask[i].flatten_all()?.to_vec1()?,
            frac: frac[i],
            right: right[i].flatten_all()?.to_vec1()?,
        };
        let (restart, mask) = play(&round);
        restarts.push(Tensor::from_vec(restart, trained[i].dims(), &Device::Cpu)?);
        masks.push(tensor(mask, &trained[i])?);
    }
    Ok((restarts, masks))
}

/// The round with another mask, and the restart that belongs to it.
pub fn rounds_masked(
    trained: &[Tensor],
    init: &[Tensor],
    mask: &[Tensor],
    frac: &[f64],
    new: impl Fn(&Round) -> Vec<u8>,
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    rounds_with(trained, init, mask, frac, |round| {
        let mask = new(round);
        (Round::masked(&round.init, &mask), mask)
    })
}

/// One weight of a movement step.
#[derive(Clone, Copy)]
pub struct Weight {
    pub w: f32,
    pub s: f32,
    pub g: f32,
    /// Whether the mask of the scores as they came keeps it.
    pub alive: bool,
}

/// Scores by `score`, and the mask that `mask(old scores, new scores, kept)` makes of them.
pub fn step_with(
    (w, s, g): (&Tensor, &Tensor, &Tensor),
    keep: f64,
    lr: f32,
    score: impl Fn(Weight) -> f32,
    mask: impl Fn(&[f32], &[f32], usize) -> Vec<u8>,
) -> Result<(Tensor, Tensor)> {
    solution::movement_step(w, s, g, keep, lr)?;
    let (ws, old, gs) = (values(w)?, values(s)?, values(g)?);
    let kept = (keep * old.len() as f64).floor() as usize;
    let alive = top(&old, kept);
    let weight = |at: usize| Weight { w: ws[at], s: old[at], g: gs[at], alive: alive[at] != 0 };
    let scores: Vec<f32> = (0..old.len()).map(|at| score(weight(at))).collect();
    let mask = tensor(mask(&old, &scores, kept), s)?;
    Ok((Tensor::from_vec(scores, s.dims(), &Device::Cpu)?, mask))
}

/// 1 for the `count` largest.
pub fn top(values: &[f32], count: usize) -> Vec<u8> {
    let turned: Vec<f32> = values.iter().map(|v| -v).collect();
    let mut mask = vec![0; values.len()];
    order(&turned).into_iter().take(count).for_each(|at| mask[at] = 1);
    mask
}

/// Positions from the smallest to the largest, equal ones as they stand.
pub fn order(values: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].partial_cmp(&values[*b]).unwrap_or(std::cmp::Ordering::Equal));
    order
}

pub fn values(t: &Tensor) -> Result<Vec<f32>> {
    Ok(t.flatten_all()?.to_vec1()?)
}

/// How many a mask keeps.
pub fn ones(mask: &Tensor) -> Result<usize> {
    Ok(mask.flatten_all()?.to_vec1::<u8>()?.into_iter().filter(|m| *m != 0).count())
}

fn tensor(mask: Vec<u8>, like: &Tensor) -> Result<Tensor> {
    Ok(Tensor::from_vec(mask, like.dims(), &Device::Cpu)?)
}
