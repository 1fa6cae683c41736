//! What a trainer in FP16 has to remember between two steps, as a box to fill: when to step, and how, is the learner's
//! work.

use crate::{Result, Tensor, ensure};
use serde::Deserialize;

/// Master weights, momentum and the scale of the loss.
#[derive(Clone, Debug)]
pub struct Amp {
    /// The weights in FP32; the network computes with FP16 copies of them.
    pub master: Vec<Tensor>,
    /// v of each weight, in its shape and dtype; zeros at first.
    pub momentum: Vec<Tensor>,
    /// What the loss is multiplied with before it goes backward.
    pub scale: f64,
    /// Steps taken since the scale last changed.
    pub clean: usize,
    /// Steps in a row after which the scale doubles.
    pub interval: usize,
    /// Learning rate.
    pub lr: f64,
    /// mu: the part of the old v that stays.
    pub mu: f64,
    /// The largest norm of all gradients together; longer ones are shortened to it.
    pub clip: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    scale: f64,
    interval: usize,
    lr: f64,
    mu: f64,
    clip: f64,
}

impl Amp {
    /// A trainer of `weights` before its first step. `settings` has scale, interval, lr, mu and clip.
    pub fn new(weights: &[Tensor], settings: &serde_json::Value) -> Result<Self> {
        let Settings { scale, interval, lr, mu, clip } = serde_json::from_value(settings.clone())?;
        ensure!(interval > 0, "an interval of 0 steps");
        let momentum = weights.iter().map(Tensor::zeros_like).collect::<Result<_, _>>()?;
        Ok(Self { master: weights.to_vec(), momentum, scale, clean: 0, interval, lr, mu, clip })
    }
}
