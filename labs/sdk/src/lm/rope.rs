//! Rotary position embedding (arXiv 2104.09864) with the halves of a head as pairs, as Hugging Face lays out LLaMA.

use super::Config;
use candle_core::WithDType;

/// Positions whose angles are kept; those beyond are computed each time.
const KEPT: usize = 4096;

/// Sines and cosines of `position theta^(-2i / D)`.
#[derive(Clone, Debug)]
pub(super) struct Angles {
    rates: Vec<f64>,
    kept: Vec<(f64, f64)>,
}

impl Angles {
    pub(super) fn new(cfg: &Config) -> Angles {
        let half = cfg.head_dim / 2;
        let rates: Vec<f64> = (0..half).map(|i| cfg.theta.powf(-(i as f64) / half as f64)).collect();
        let kept = (0..cfg.ctx.min(KEPT)).flat_map(|position| rates.iter().map(move |rate| cos_sin(position, rate)));
        Angles { kept: kept.collect(), rates }
    }

    /// Turns the pairs (i, i + D / 2) of one head.
    pub(super) fn turn<T: WithDType>(&self, position: usize, head: &mut [T]) {
        let half = self.rates.len();
        let (first, second) = head.split_at_mut(half);
        for (i, (a, b)) in first.iter_mut().zip(second).enumerate() {
            let kept = self.kept.get(position * half + i);
            let (cos, sin) = kept.copied().unwrap_or_else(|| cos_sin(position, &self.rates[i]));
            let (cos, sin) = (T::from_f64(cos), T::from_f64(sin));
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}

fn cos_sin(position: usize, rate: &f64) -> (f64, f64) {
    let angle = position as f64 * rate;
    (angle.cos(), angle.sin())
}
