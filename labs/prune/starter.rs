//! Pruning single weights. Write the functions below; anything private that helps may stand beside them.
//!
//! w weights, m a mask (1 stays, 0 goes), s scores, n weights that are ranked together. Equal ones rank by position:
//! tensor after tensor, each row by row, the earlier first. `w.flatten_all()?.to_vec1::<f32>()?` gives the values;
//! `Tensor::from_vec(mask, w.dims(), &Device::Cpu)?` makes a tensor of a `Vec<u8>`.
//! To refuse, return an error: `lab_sdk::ensure!(sparsity <= 1.0, "sparsity {sparsity} is above 1")`.

use lab_sdk::{Device, Result, Tensor};

/// A mask for each tensor: of the n weights in tensors outside `skip`, floor(sparsity n) go, the smallest |w| first.
///
/// ws f32 of any shapes -> u8 of those shapes. `skip` holds indices into ws; those tensors keep all. One ranking for
/// all others; equal |w|: the earlier one goes first. A weight that is 0 already ranks like any other.
/// Refuse: an empty list; a sparsity outside 0..=1 or NaN; an index in `skip` that is not there; NaN in a weight.
pub fn global_mask(ws: &[Tensor], skip: &[usize], sparsity: f64) -> Result<Vec<Tensor>> {
    todo!()
}

/// The sparsity at step t: sf + (si - sf) (1 - (t - t0) / (t1 - t0))^3 from t0 to t1, si before, sf after.
///
/// Refuse: t1 <= t0.
pub fn cubic(t: u64, t0: u64, t1: u64, si: f64, sf: f64) -> Result<f64> {
    todo!()
}

/// (restart, mask): one round of the search for a winning ticket.
///
/// trained, init f32 and mask u8 of the same shapes, frac one number a tensor. In each tensor, of the weights that the
/// mask keeps, ceil(frac remaining) die: the smallest |trained|, equal ones by position. The new mask has 0 there too.
/// The restart is `init` where the new mask is 1, and 0 elsewhere.
/// Refuse: empty lists; lists of different lengths; shapes that differ; a fraction outside 0..=1 or NaN; NaN in trained.
pub fn lottery_round(
    trained: &[Tensor],
    init: &[Tensor],
    mask: &[Tensor],
    frac: &[f64],
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    todo!()
}

/// (scores, mask) after one step of movement pruning.
///
/// w, s, g f32 of one shape; g is the slope of the loss in w m, and is there for pruned weights too.
/// scores = s - lr g w; the mask (u8) is 1 for the floor(keep n) largest scores, equal ones by position.
/// Refuse: shapes that differ; NaN in w, s or g; a keep outside 0..=1 or NaN; a keep that leaves no weight.
pub fn movement_step(w: &Tensor, s: &Tensor, g: &Tensor, keep: f64, lr: f32) -> Result<(Tensor, Tensor)> {
    todo!()
}
