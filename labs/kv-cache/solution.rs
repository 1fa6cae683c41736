//! A decoder's forward pass with a cache: the model answer, and what other answers are compared with.
//!
//! T new tokens, S = len + T tokens after them, H query heads, Hkv key-value heads, G = H / Hkv, D head dimension.

use lab_sdk::{Cache, D, DType, Device, Lm, Result, Tensor, ensure};

/// Logits (T, vocab) of the next token after each of `ids`, which follow what the cache holds.
///
/// Prefill, decode and a chunk in between are the same function; only T differs.
pub fn forward_cached(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    fits(lm, cache, cache.len + ids.len())?;
    ensure!(!ids.is_empty(), "there is no token");
    let mut x = lm.embed(ids)?; // (T, dim)
    let pos: Vec<usize> = (cache.len..cache.len + ids.len()).collect();
    for layer in 0..lm.cfg().layers {
        let (q, k, v) = lm.qkv(layer, &x, &pos)?; // (T, H, D), (T, Hkv, D), (T, Hkv, D)
        let k = append(cache.k[layer].as_ref(), &k)?; // (S, Hkv, D)
        let v = append(cache.v[layer].as_ref(), &v)?;
        let mask = if ids.len() == 1 { None } else { Some(causal(ids.len(), cache.len, x.dtype())?) };
        x = lm.finish(layer, &x, &attend(&q, &k, &v, mask.as_ref())?)?;
        (cache.k[layer], cache.v[layer]) = (Some(k), Some(v));
    }
    cache.len += ids.len();
    lm.logits(&x)
}

/// Logits (vocab) after one more token, with a cache that holds the first `sinks` and the last `window` tokens.
///
/// Keys are kept as they come from the projection and turned at use, so that a token's position is its place in the cache
/// (StreamingLLM, arXiv 2309.17453).
pub fn forward_streaming(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    fits(lm, cache, sinks + window)?;
    ensure!(window > 0, "a window of 0 tokens has no room for the new one");
    let mut x = lm.embed(&[id])?; // (1, dim)
    make_room(cache, sinks, window)?;
    let pos: Vec<usize> = (0..=cache.len).collect();
    for layer in 0..lm.cfg().layers {
        let (q, k, v) = lm.qkv_raw(layer, &x)?;
        let k = append(cache.k[layer].as_ref(), &k)?; // (S, Hkv, D)
        let v = append(cache.v[layer].as_ref(), &v)?;
        let (q, turned) = (lm.rope(&q, &pos[cache.len..])?, lm.rope(&k, &pos)?);
        x = lm.finish(layer, &x, &attend(&q, &turned, &v, None)?)?;
        (cache.k[layer], cache.v[layer]) = (Some(k), Some(v));
    }
    cache.len += 1;
    Ok(lm.logits(&x)?.squeeze(0)?)
}

/// Refuses a cache of another model and more tokens than the context holds. Asked before anything is written: a refused call
/// leaves the cache as it was.
pub(crate) fn fits(lm: &Lm, cache: &Cache, tokens: usize) -> Result<()> {
    let (cfg, layers) = (lm.cfg(), cache.k.len());
    ensure!(layers == cfg.layers, "the cache is of a model with {layers} layers, this one has {}", cfg.layers);
    ensure!(tokens <= cfg.ctx, "{tokens} tokens: the context ends at {}", cfg.ctx);
    Ok(())
}

/// Drops the oldest token after the sinks while a new one would not fit.
fn make_room(cache: &mut Cache, sinks: usize, window: usize) -> Result<()> {
    let room = sinks + window - 1;
    if cache.len <= room {
        return Ok(());
    }
    for held in cache.k.iter_mut().chain(&mut cache.v) {
        let Some(rows) = held else { continue };
        let recent = rows.narrow(0, cache.len - (room - sinks), room - sinks)?;
        *held = Some(Tensor::cat(&[&rows.narrow(0, 0, sinks)?, &recent], 0)?);
    }
    cache.len = room;
    Ok(())
}

/// The rows held so far, then the new ones: (S, Hkv, D).
pub(crate) fn append(held: Option<&Tensor>, new: &Tensor) -> Result<Tensor> {
    Ok(match held {
        Some(held) => Tensor::cat(&[held, new], 0)?,
        None => new.clone(),
    })
}

/// (T, S) of 0 where query i may look and -inf where it may not: it sees the `len` tokens before the chunk, and the chunk's
/// own first i + 1.
pub(crate) fn causal(t: usize, len: usize, dtype: DType) -> Result<Tensor> {
    let row = |i: usize| (0..len + t).map(move |j| if j <= len + i { 0.0 } else { f32::NEG_INFINITY });
    let values: Vec<f32> = (0..t).flat_map(row).collect();
    Ok(Tensor::from_vec(values, (t, len + t), &Device::Cpu)?.to_dtype(dtype)?)
}

/// softmax(q k^T / sqrt(D) + mask) v, (T, H, D). Query heads h G .. (h + 1) G share key-value head h: they become more rows of
/// one product, and the cache is read once for all of them.
pub(crate) fn attend(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let ((t, h, d), (s, kv, _)) = (q.dims3()?, k.dims3()?);
    let g = h / kv;
    let rows = q.reshape((t, kv, g, d))?.permute((1, 2, 0, 3))?.reshape((kv, g * t, d))?;
    let scores = (rows.matmul(&k.permute((1, 2, 0))?)? / (d as f64).sqrt())?; // (Hkv, G T, S)
    let scores = match mask {
        Some(mask) => scores.reshape((kv, g, t, s))?.broadcast_add(mask)?.reshape((kv, g * t, s))?,
        None => scores,
    };
    let peak = scores.max_keepdim(D::Minus1)?;
    let e = scores.broadcast_sub(&peak)?.exp()?;
    let p = e.broadcast_div(&e.sum_keepdim(D::Minus1)?)?;
    let out = p.matmul(&v.permute((1, 0, 2))?.contiguous()?)?; // (Hkv, G T, D)
    Ok(out.reshape((kv, g, t, d))?.permute((2, 0, 1, 3))?.reshape((t, h, d))?)
}
