//! Two models that compute bit for bit what `lm` computes in f32, and are harder to quantize: factors that are powers of
//! two moved from one place to another.

use super::load::Found;
use super::names::{ATTN_NORM, EMBED, HEAD, MLP_NORM, NORM, layer};
use crate::Result;
use candle_core::{DType, Tensor};

/// The channels that are 32 times as large after every RMSNorm of `lm-outlier`.
pub const CHANNELS: [usize; 3] = [41, 118, 205];

/// The RoPE pair of every key head that is 16 times as large in `lm-kvoutlier`: values `KEY_PAIR` and
/// `KEY_PAIR + D / 2`. It turns slowly, so that each stays large at every position.
pub const KEY_PAIR: usize = 13;

/// Three channels of every gain times 32, the columns that read them through 32. The head is untied for that.
pub(super) fn in_activations(mut found: Found) -> Result<Found> {
    let channel = |n: usize| CHANNELS.contains(&n);
    let head = found.weights.get(EMBED).cloned().ok_or("no embedding")?;
    found.weights.insert(HEAD.into(), head);
    let mut readers = vec![(NORM.to_owned(), vec![HEAD.to_owned()])];
    for i in 0..found.cfg.layers {
        let parts = |parts: &[&str]| parts.iter().map(|part| layer(i, part)).collect();
        readers.push((layer(i, ATTN_NORM), parts(&["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"])));
        readers.push((layer(i, MLP_NORM), parts(&["mlp.gate_proj", "mlp.up_proj"])));
    }
    for (gain, matrices) in readers {
        scale(&mut found, &gain, |at| if channel(at) { 32.0 } else { 1.0 })?;
        for matrix in matrices {
            let dim = found.cfg.dim;
            scale(&mut found, &matrix, |at| if channel(at % dim) { 1.0 / 32.0 } else { 1.0 })?;
        }
    }
    Ok(found)
}

/// One RoPE pair of every key head times 16, the same pair of the queries that read it through 16.
pub(super) fn in_keys(mut found: Found) -> Result<Found> {
    let (dim, d) = (found.cfg.dim, found.cfg.head_dim);
    for i in 0..found.cfg.layers {
        for (part, factor) in [("self_attn.k_proj", 16.0), ("self_attn.q_proj", 1.0 / 16.0)] {
            let paired = |at: usize| at / dim % d % (d / 2) == KEY_PAIR;
            scale(&mut found, &layer(i, part), |at| if paired(at) { factor } else { 1.0 })?;
        }
    }
    Ok(found)
}

/// Multiplies each value of a weight by `factor` of its place, in f32: f16 would round what gets too small.
fn scale(found: &mut Found, name: &str, factor: impl Fn(usize) -> f32) -> Result<()> {
    if let Some(weight) = found.weights.get_mut(name) {
        let mut values = weight.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        values.iter_mut().enumerate().for_each(|(at, value)| *value *= factor(at));
        *weight = Tensor::from_vec(values, weight.shape(), weight.device())?;
    }
    Ok(())
}
