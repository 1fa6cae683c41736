//! Ways to run a chain that differ from the right one in one thing.

use super::super::solution::{self, check_keep};
use lab_sdk::{Chain, Result, Tensor};

/// What is done right.
pub struct Wrong {
    /// The generator goes back before a segment runs again.
    pub restores: bool,
    /// To where it stood before that segment, not to where the forward pass began.
    pub own_state: bool,
    /// It goes on where the forward pass left it.
    pub returns: bool,
    /// The last segment saves in the forward pass.
    pub saves_last: bool,
    /// A kept input is given back when its segment is done.
    pub frees: bool,
}

impl Default for Wrong {
    fn default() -> Self {
        Self { restores: true, own_state: true, returns: true, saves_last: true, frees: true }
    }
}

/// `run_ckpt`, but for what is not done right.
pub fn run(net: &mut Chain, keep: &[usize], scale: f64, wrong: Wrong) -> Result<f64> {
    let last = check_keep(net, keep)?;
    let (layers, mut states) = (net.layers(), Vec::new());
    for i in 0..layers {
        if keep.contains(&i) {
            net.keep(i)?;
            states.push(net.rng());
        }
        net.forward(i, wrong.saves_last && i >= last)?;
    }
    let (loss, after) = (net.loss(scale)?, net.rng());
    let mut end = layers;
    for (&start, &state) in keep.iter().zip(&states).rev() {
        if start < last || !wrong.saves_last {
            net.load(start)?;
            if wrong.restores {
                net.set_rng(if wrong.own_state { state } else { states[0] });
            }
            (start..end).try_for_each(|i| net.forward(i, true))?;
        }
        (start..end).rev().try_for_each(|i| net.backward(i))?;
        if wrong.frees {
            net.free(start)?;
        }
        end = start;
    }
    if !wrong.frees {
        keep.iter().try_for_each(|&i| net.free(i))?;
    }
    if wrong.restores && wrong.returns {
        net.set_rng(after);
    }
    Ok(loss)
}

/// Saves nothing; before each layer's backward, everything from the kept input below it runs again.
pub fn for_each_layer(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    let mut states = Vec::new();
    for i in 0..net.layers() {
        if keep.contains(&i) {
            net.keep(i)?;
            states.push(net.rng());
        }
        net.forward(i, false)?;
    }
    let (loss, after) = (net.loss(scale)?, net.rng());
    for i in (0..net.layers()).rev() {
        let segment = keep.iter().rposition(|&start| start <= i).unwrap_or_default();
        net.load(keep[segment])?;
        net.set_rng(states[segment]);
        (keep[segment]..i).try_for_each(|j| net.forward(j, false))?;
        net.forward(i, true)?;
        net.backward(i)?;
        if i == keep[segment] {
            net.free(i)?;
        }
    }
    net.set_rng(after);
    Ok(loss)
}

/// `train_step` with another share for a micro-batch, from its rows and those of the batch.
pub fn batches(
    net: &mut Chain,
    x: &Tensor,
    y: &[u32],
    micro: usize,
    keep: &[usize],
    share: impl Fn(usize, usize) -> f64,
) -> Result<f64> {
    let rows = x.dim(0)?;
    if micro == 0 || rows == 0 || y.len() != rows {
        return solution::train_step(net, x, y, micro, keep);
    }
    let mut loss = 0.0;
    for at in (0..rows).step_by(micro) {
        let count = micro.min(rows - at);
        net.feed(&x.narrow(0, at, count)?, &y[at..at + count])?;
        loss += solution::run_ckpt(net, keep, share(count, rows))?;
    }
    Ok(loss)
}
