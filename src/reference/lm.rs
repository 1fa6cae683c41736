//! A whole forward pass of a language model and what it scores: attention over all earlier rows, nothing kept between
//! calls. Graders hold cached and cheaper passes against it.
//!
//! Letters: T rows, H query heads, Hkv key heads, G = H / Hkv, D values of a head.

#[cfg(test)]
mod tests;

use lab_sdk::lm::Lm;
use lab_sdk::stories::Text;
use lab_sdk::{DType, Result, Tensor, ensure};

/// What a model pays for a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Bits per byte that the model pays.
    pub bits: f64,
    /// Bits per byte that a reader who knows the grammar pays, for the same bytes.
    pub entropy: f64,
    /// Bytes that were predicted.
    pub bytes: usize,
}

/// Logits (T, vocab) of `ids` at positions 0 to T - 1.
pub fn forward(lm: &Lm, ids: &[u32]) -> Result<Tensor> {
    let pos: Vec<usize> = (0..ids.len()).collect();
    let mut x = lm.embed(ids)?;
    for layer in 0..lm.cfg().layers {
        let (q, k, v) = lm.qkv(layer, &x, &pos)?;
        x = lm.finish(layer, &x, &attention(&q, &k, &v)?)?;
    }
    lm.logits(&x)
}

/// Causal attention of queries (T, H, D) over keys and values (T, Hkv, D), (T, H, D).
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let ((t, h, d), (rows, kv, _)) = (q.dims3()?, k.dims3()?);
    ensure!(rows == t && h % kv == 0, "queries {:?} and keys {:?}", q.dims(), k.dims());
    let heads = |x: &Tensor| x.transpose(0, 1)?.contiguous(); // (heads, T, D)
    let q = heads(q)?.reshape((kv, h / kv * t, d))?;
    let scores = q.matmul(&heads(k)?.t()?)?; // (Hkv, G T, T)
    let scale = (d as f64).powf(-0.5);
    let weights = match scores.dtype() {
        DType::F64 => {
            let mut rows = scores.flatten_all()?.to_vec1::<f64>()?;
            rows.chunks_exact_mut(t).enumerate().for_each(|(row, scores)| softmax(scores, row % t + 1, scale));
            Tensor::from_vec(rows, scores.shape(), scores.device())?
        }
        _ => {
            let mut rows = scores.flatten_all()?.to_vec1::<f32>()?;
            for (row, scores) in rows.chunks_exact_mut(t).enumerate() {
                softmax32(scores, row % t + 1, scale as f32);
            }
            Tensor::from_vec(rows, scores.shape(), scores.device())?
        }
    };
    Ok(weights.matmul(&heads(v)?)?.reshape((h, t, d))?.transpose(0, 1)?.contiguous()?)
}

/// Scores `text` from the starts of its stories: as many whole stories at a time as `window` bytes hold, and of a longer
/// one its first `window` bytes. The first byte of each window is given; an unfinished story at the end is left out.
pub fn bits_per_byte(lm: &Lm, text: &Text, window: usize) -> Result<Score> {
    ensure!((2..=lm.cfg().ctx).contains(&window), "a window of {window} bytes; 2 to {} can be scored", lm.cfg().ctx);
    let (mut bits, mut entropy, mut bytes) = (0.0, 0.0, 0);
    for span in windows(text, window) {
        let ids: Vec<u32> = text.bytes[span.clone()].iter().map(|&byte| u32::from(byte)).collect();
        let given = ids.len() - 1;
        let rows = forward(lm, &ids[..given])?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
        bits += rows.iter().zip(&ids[1..]).map(|(row, &next)| surprise(row, next)).sum::<f64>();
        entropy += text.bits[span.start + 1..span.end].iter().map(|&bits| f64::from(bits)).sum::<f64>();
        bytes += given;
    }
    ensure!(bytes > 0, "the text holds no whole story");
    Ok(Score { bits: bits / bytes as f64, entropy: entropy / bytes as f64, bytes })
}

fn windows(text: &Text, window: usize) -> Vec<std::ops::Range<usize>> {
    let mut windows: Vec<std::ops::Range<usize>> = Vec::new();
    for story in text.spans().into_iter().filter(|story| text.bytes[story.clone()].ends_with(b"\n\n")) {
        match windows.last_mut() {
            Some(last) if last.end == story.start && story.end - last.start <= window => last.end = story.end,
            _ => windows.push(story.start..story.end.min(story.start + window)),
        }
    }
    windows
}

/// `-log2` of what the softmax of `row` gives `next`.
fn surprise(row: &[f64], next: u32) -> f64 {
    let top = row.iter().fold(f64::NEG_INFINITY, |top, &x| top.max(x));
    let sum: f64 = row.iter().map(|x| (x - top).exp()).sum();
    (sum.ln() + top - row[next as usize]) / std::f64::consts::LN_2
}

/// Softmax of the first `seen` scores times `scale`; the others get 0.
fn softmax(scores: &mut [f64], seen: usize, scale: f64) {
    let top = scores[..seen].iter().fold(f64::NEG_INFINITY, |top, &x| top.max(x));
    scores[..seen].iter_mut().for_each(|x| *x = ((*x - top) * scale).exp());
    let sum: f64 = scores[..seen].iter().sum();
    scores[..seen].iter_mut().for_each(|x| *x /= sum);
    scores[seen..].fill(0.0);
}

/// The same in f32.
fn softmax32(scores: &mut [f32], seen: usize, scale: f32) {
    let top = scores[..seen].iter().fold(f32::NEG_INFINITY, |top, &x| top.max(x));
    scores[..seen].iter_mut().for_each(|x| *x = ((*x - top) * scale).exp());
    let sum: f32 = scores[..seen].iter().sum();
    scores[..seen].iter_mut().for_each(|x| *x /= sum);
    scores[seen..].fill(0.0);
}
