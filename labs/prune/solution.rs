//! Pruning single weights: by what they are, by where they go, and a restart from where they began.
//!
//! Legend: w weights, m a mask (1 stays, 0 goes), s scores, n weights that are ranked together, g the slope of the loss
//! in the masked weights w m. Equal ones rank by position: tensor after tensor, each row by row, the earlier first.

use lab_sdk::{DType, Device, Result, Tensor, ensure};
use std::cmp::Ordering;

/// A mask for each tensor: of the n weights in tensors outside `skip`, floor(sparsity n) go, the smallest |w| first.
///
/// ws f32 of any shapes -> u8 of those shapes; a skipped tensor keeps all. Refuses no tensors, a sparsity outside 0..1,
/// an index in `skip` that is not there, NaN.
pub fn global_mask(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    ensure!(!ws.is_empty(), "there are no tensors");
    ensure!((0.0..=1.0).contains(&sparsity), "sparsity {sparsity} is outside 0..1");
    ensure!(skip.iter().all(|&i| i < ws.len()), "{skip:?} skips a tensor that is not there");
    let mut masks: Vec<Vec<u8>> = ws.iter().map(|w| vec![1; w.elem_count()]).collect();
    // One ranking for all tensors: a threshold for each would prune a layer that needs its weights like any other.
    let mut ranked: Vec<(f32, usize, usize)> = Vec::new();
    for (tensor, w) in ws.iter().enumerate().filter(|(tensor, _)| !skip.contains(tensor)) {
        let values = w.flatten_all()?.to_vec1::<f32>()?;
        ensure!(!values.iter().any(|v| v.is_nan()), "tensor {tensor} holds NaN");
        ranked.extend(values.iter().enumerate().map(|(at, v)| (v.abs(), tensor, at)));
    }
    // A count, not a threshold: where many weights are equal, a threshold takes all of them or none.
    let count = (sparsity * ranked.len() as f64).floor() as usize;
    for (_, tensor, at) in first(ranked, count, |a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2)))) {
        masks[tensor][at] = 0;
    }
    masks.into_iter().zip(ws).map(|(mask, w)| Ok(Tensor::from_vec(mask, w.dims(), &Device::Cpu)?)).collect()
}

/// The sparsity at step t: sf + (si - sf) (1 - (t - t0) / (t1 - t0))^3 from t0 to t1, si before, sf after.
///
/// Refuses t1 <= t0. Source: Zhu and Gupta, To prune, or not to prune, arXiv 1710.01878.
pub fn cubic(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    ensure!(t0 < t1, "a ramp from step {t0} to {t1}");
    let done = (t.clamp(t0, t1) - t0) as f64 / (t1 - t0) as f64;
    Ok(sf + (si - sf) * (1.0 - done).powi(3))
}

/// (restart, mask): of each tensor's survivors ceil(frac remaining) die, the smallest |trained| first; the others go back
/// to `init`, and all else is 0.
///
/// trained, init f32 and mask u8 of the same shapes, frac one number a tensor. Refuses no tensors, lists of different
/// lengths, shapes that differ, a fraction outside 0..1, NaN in `trained`.
/// Source: Frankle and Carbin, The Lottery Ticket Hypothesis, arXiv 1803.03635.
pub fn lottery_round(
    trained: &[Tensor],
    init: &[Tensor],
    mask: &[Tensor],
    frac: &[f64],
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    let count = trained.len();
    ensure!(count > 0, "there are no tensors");
    ensure!(init.len() == count && mask.len() == count && frac.len() == count, "lists of different lengths");
    let (mut restarts, mut masks) = (Vec::new(), Vec::new());
    for (((trained, init), mask), &frac) in trained.iter().zip(init).zip(mask).zip(frac) {
        ensure!(trained.dims() == init.dims() && trained.dims() == mask.dims(), "shapes differ");
        ensure!((0.0..=1.0).contains(&frac), "fraction {frac} is outside 0..1");
        let values = trained.flatten_all()?.to_vec1::<f32>()?;
        ensure!(!values.iter().any(|v| v.is_nan()), "a trained weight is NaN");
        let mut alive = mask.flatten_all()?.to_vec1::<u8>()?;
        // Only survivors are ranked: the dead ones are 0, and would be the smallest for ever.
        let survivors: Vec<usize> = (0..alive.len()).filter(|&at| alive[at] != 0).collect();
        let dying = (frac * survivors.len() as f64).ceil() as usize;
        let smaller = |a: &usize, b: &usize| values[*a].abs().total_cmp(&values[*b].abs()).then(a.cmp(b));
        for at in first(survivors, dying, smaller) {
            alive[at] = 0;
        }
        let init = init.flatten_all()?.to_vec1::<f32>()?;
        let restart: Vec<f32> = init.iter().zip(&alive).map(|(w, m)| if *m != 0 { *w } else { 0.0 }).collect();
        restarts.push(Tensor::from_vec(restart, trained.dims(), &Device::Cpu)?);
        masks.push(Tensor::from_vec(alive, trained.dims(), &Device::Cpu)?);
    }
    Ok((restarts, masks))
}

/// (scores, mask) after one step: s - lr g w, and 1 for the floor(keep n) largest of them.
///
/// w, s, g of one shape; g is the slope in w m, of pruned weights too. Refuses shapes that differ, NaN, a keep outside
/// 0..1, a keep that leaves no weight. Source: Sanh et al., Movement Pruning, arXiv 2005.07683.
pub fn movement_step(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    ensure!(w.dims() == s.dims() && g.dims() == s.dims(), "{:?}, {:?}, {:?} differ", w.dims(), s.dims(), g.dims());
    ensure!((0.0..=1.0).contains(&keep), "keep {keep} is outside 0..1");
    let kept = (keep * s.elem_count() as f64).floor() as usize;
    ensure!(kept > 0, "keep {keep} leaves none of {} weights", s.elem_count());
    // The slope in m is g w. The mask is a step function of s, whose own slope is 0 or infinite; the straight-through
    // estimator gives s the slope of m as it stands, whether the weight is pruned now or not.
    let scores = (s - ((g * w)? * f64::from(lr))?)?;
    let values = scores.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    ensure!(!values.iter().any(|v| v.is_nan()), "NaN in w, s or g");
    let mut mask = vec![0u8; values.len()];
    for at in first((0..values.len()).collect(), kept, |a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b))) {
        mask[at] = 1;
    }
    Ok((scores, Tensor::from_vec(mask, s.dims(), &Device::Cpu)?))
}

/// The first `count` of `items` in an order, among themselves in none.
fn first<T>(mut items: Vec<T>, count: usize, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if count < items.len() {
        items.select_nth_unstable_by(count, order);
        items.truncate(count);
    }
    items
}
