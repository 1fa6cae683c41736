//! What both experiments train: a dense net on drawn digits, in this process, from a seed.

use crate::reference::mlp::{Adam, Mlp, Rows, cross_entropy};
use lab_sdk::glyphs::{Glyphs, Style, glyphs};
use lab_sdk::{Result, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Images of a training step.
pub const BATCH: usize = 64;
/// Images that are scored.
pub const TEST: usize = 5000;
/// Pixels on a side.
pub const SIDE: usize = 14;
/// Classes of digits.
pub const DIGITS: usize = 10;

/// Images of a style as rows.
pub fn rows(seed: u64, n: usize, style: &Style) -> Result<Rows> {
    let Glyphs { images, labels } = glyphs(seed, n, style)?;
    Ok(Rows { width: SIDE * SIDE, values: images.flatten_all()?.to_vec1()?, labels })
}

/// The batches of a seed: the same for every net that is trained with it.
pub fn batches(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed ^ 0xba7c)
}

/// Trains `steps` steps with a learning rate that falls to 0 in a straight line. Where a mask is 0 the weight is and
/// stays 0.
pub fn train(net: &mut Mlp, data: &Rows, masks: &[Vec<u8>], steps: usize, rate: f32, seed: u64) -> Result<()> {
    let (mut rng, mut adam) = (batches(seed), Adam::new(net, rate));
    apply(net, masks);
    for step in 0..steps {
        adam.rate = rate * (1.0 - step as f32 / steps as f32);
        let (x, labels) = data.draw(BATCH, &mut rng)?;
        let slopes = net.slopes(&x, |logits| cross_entropy(logits, &labels))?;
        adam.step(net, &slopes);
        apply(net, masks);
    }
    Ok(())
}

/// Sets what the masks, in the order of the layers, do not keep to 0.
pub fn apply(net: &mut Mlp, masks: &[Vec<u8>]) {
    for (weights, mask) in net.weights.iter_mut().zip(masks) {
        weights.iter_mut().zip(mask).filter(|(_, m)| **m == 0).for_each(|(w, _)| *w = 0.0);
    }
}

/// Masks as they are applied.
pub fn flat(masks: &[Tensor]) -> Result<Vec<Vec<u8>>> {
    masks.iter().map(|mask| Ok(mask.flatten_all()?.to_vec1::<u8>()?)).collect()
}

/// The part of the weights that masks keep.
pub fn density(masks: &[Vec<u8>]) -> f64 {
    let kept = masks.iter().flatten().filter(|m| **m != 0).count();
    kept as f64 / masks.iter().map(Vec::len).sum::<usize>() as f64
}
