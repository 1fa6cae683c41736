//! Wrong functions, one for each misconception. What must be refused is left to the solution, so that only the mistake
//! differs; those that fill the cache in another way keep to themselves from the first call on.

use super::solution::{self, append, attend, fits};
use lab_sdk::{Cache, D, DType, Device, Lm, Result, Tensor, ensure};

/// How a wrong cached pass differs from the right one.
struct Wrong {
    /// Positions of the new tokens, from the cache's length.
    first: fn(usize) -> usize,
    /// How many keys query 0 sees, from the cache's length, query i then i more; `None` lets every query see everything.
    sees: fn(usize) -> Option<usize>,
    /// What is held and what is new, as one.
    append: fn(Option<&Tensor>, &Tensor) -> Result<Tensor>,
    /// What becomes of the queries before they meet the keys.
    query: fn(&Lm, &Tensor) -> Result<Tensor>,
    /// Attention over (T, H, D) and (S, Hkv, D).
    attend: fn(&Tensor, &Tensor, &Tensor, Option<&Tensor>) -> Result<Tensor>,
    /// How far the length moves with each layer.
    moves: bool,
}

const RIGHT: Wrong = Wrong {
    first: |len| len,
    sees: |len| Some(len + 1),
    append,
    query: |_, q| Ok(q.clone()),
    attend,
    moves: false,
};

fn cached(lm: &Lm, ids: &[u32], cache: &mut Cache, wrong: &Wrong) -> Result<Tensor> {
    fits(lm, cache, cache.len + ids.len())?;
    ensure!(!ids.is_empty(), "there is no token");
    let (t, begun) = (ids.len(), cache.len);
    let mut x = lm.embed(ids)?;
    for layer in 0..lm.cfg().layers {
        let first = (wrong.first)(cache.len);
        let (q, k, v) = lm.qkv(layer, &x, &(first..first + t).collect::<Vec<_>>())?;
        let (k, v) = ((wrong.append)(cache.k[layer].as_ref(), &k)?, (wrong.append)(cache.v[layer].as_ref(), &v)?);
        let mask = (wrong.sees)(begun).map(|sees| mask(t, begun + t, sees, x.dtype())).transpose()?;
        x = lm.finish(layer, &x, &(wrong.attend)(&(wrong.query)(lm, &q)?, &k, &v, mask.as_ref())?)?;
        (cache.k[layer], cache.v[layer]) = (Some(k), Some(v));
        cache.len += if wrong.moves { t } else { 0 };
    }
    cache.len = if wrong.moves { cache.len } else { begun + t };
    lm.logits(&x)
}

/// (T, S) of 0 where query i sees a key, one of the first `sees` + i, and -inf elsewhere.
fn mask(t: usize, s: usize, sees: usize, dtype: DType) -> Result<Tensor> {
    let row = |i: usize| (0..s).map(move |j| if j < sees + i { 0.0 } else { f32::NEG_INFINITY });
    let values: Vec<f32> = (0..t).flat_map(row).collect();
    Ok(Tensor::from_vec(values, (t, s), &Device::Cpu)?.to_dtype(dtype)?)
}

/// Counts positions from 0 in each chunk.
pub fn restarts_positions(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    cached(lm, ids, cache, &Wrong { first: |_| 0, ..RIGHT })
}

/// Masks as if the chunk were the whole text: query i sees keys 0 ..= i.
pub fn square_mask(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    cached(lm, ids, cache, &Wrong { sees: |_| Some(1), ..RIGHT })
}

/// Lets every query of a chunk see the whole chunk.
pub fn no_mask(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    cached(lm, ids, cache, &Wrong { sees: |_| None, ..RIGHT })
}

/// Lets each query see one token too many.
pub fn sees_one_ahead(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    cached(lm, ids, cache, &Wrong { sees: |len| Some(len + 2), ..RIGHT })
}

/// Hides each token from itself.
pub fn blind_to_itself(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    cached(lm, ids, cache, &Wrong { sees: |len| Some(len), ..RIGHT })
}

/// Puts the new keys and values before those that are held.
pub fn new_before_old(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let before = |held: Option<&Tensor>, new: &Tensor| match held {
        Some(held) => Ok(Tensor::cat(&[new, held], 0)?),
        None => Ok(new.clone()),
    };
    cached(lm, ids, cache, &Wrong { append: before, ..RIGHT })
}

/// Moves the length with every layer.
pub fn length_per_layer(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    cached(lm, ids, cache, &Wrong { moves: true, ..RIGHT })
}

/// Leaves the scores unscaled.
pub fn unscaled_scores(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let query = |_: &Lm, q: &Tensor| Ok((q * (q.dim(D::Minus1)? as f64).sqrt())?);
    cached(lm, ids, cache, &Wrong { query, ..RIGHT })
}

/// Divides the scores by sqrt(dim), the width of the model.
pub fn scales_by_width(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    // The division by sqrt(D) is still to come: q times sqrt(D / dim).
    let query = |lm: &Lm, q: &Tensor| Ok((q * (lm.cfg().head_dim as f64 / lm.cfg().dim as f64).sqrt())?);
    cached(lm, ids, cache, &Wrong { query, ..RIGHT })
}

/// Divides the scores by D, without the root.
pub fn scales_without_root(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let query = |lm: &Lm, q: &Tensor| Ok((q / (lm.cfg().head_dim as f64).sqrt())?);
    cached(lm, ids, cache, &Wrong { query, ..RIGHT })
}

/// Sets what a query must not see to a score of 0.
pub fn masks_with_zero(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let zeroed = |q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>| {
        weighed(q, k, v, |scores| match mask {
            Some(mask) => softmax(&scores.broadcast_mul(&mask.exp()?)?, 3),
            None => softmax(scores, 3),
        })
    };
    cached(lm, ids, cache, &Wrong { attend: zeroed, ..RIGHT })
}

/// Sums the softmax over the queries instead of the keys.
pub fn softmax_over_queries(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let crossed = |q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>| {
        weighed(q, k, v, |scores| match mask {
            Some(mask) => softmax(&scores.broadcast_add(mask)?, 2),
            None => softmax(scores, 2),
        })
    };
    cached(lm, ids, cache, &Wrong { attend: crossed, ..RIGHT })
}

/// Attention with weights (Hkv, G, T, S) from the scaled scores of that shape.
fn weighed(q: &Tensor, k: &Tensor, v: &Tensor, weights: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let ((t, h, d), (s, kv, _)) = (q.dims3()?, k.dims3()?);
    let g = h / kv;
    let rows = q.reshape((t, kv, g, d))?.permute((1, 2, 0, 3))?.reshape((kv, g * t, d))?;
    let scores = (rows.matmul(&k.permute((1, 2, 0))?)? / (d as f64).sqrt())?;
    let p = weights(&scores.reshape((kv, g, t, s))?)?.reshape((kv, g * t, s))?;
    let out = p.matmul(&v.permute((1, 0, 2))?.contiguous()?)?;
    Ok(out.reshape((kv, g, t, d))?.permute((2, 0, 1, 3))?.reshape((t, h, d))?)
}

fn softmax(scores: &Tensor, axis: usize) -> Result<Tensor> {
    let e = scores.broadcast_sub(&scores.max_keepdim(axis)?)?.exp()?;
    Ok(e.broadcast_div(&e.sum_keepdim(axis)?)?)
}

/// Gives query head h the key-value head h mod Hkv.
pub fn interleaved_groups(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let interleaved = |q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>| {
        let g = q.dim(1)? / k.dim(1)?;
        attend(q, &Tensor::cat(&vec![k; g], 1)?, &Tensor::cat(&vec![v; g], 1)?, mask)
    };
    cached(lm, ids, cache, &Wrong { attend: interleaved, ..RIGHT })
}

/// Splits the query heads as (G, Hkv) and joins them as (Hkv, G).
pub fn heads_out_of_order(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let shuffled = |q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>| {
        let ((t, h, d), kv) = (q.dims3()?, k.dim(1)?);
        let q = q.reshape((t, h / kv, kv, d))?.transpose(1, 2)?.reshape((t, h, d))?;
        attend(&q, k, v, mask)
    };
    cached(lm, ids, cache, &Wrong { attend: shuffled, ..RIGHT })
}

/// Attends to the chunk alone.
pub fn forgets_the_past(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let recent = |q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>| {
        let (t, s) = (q.dim(0)?, k.dim(0)?);
        let mask = mask.map(|mask| mask.narrow(1, s - t, t)).transpose()?;
        attend(q, &k.narrow(0, s - t, t)?, &v.narrow(0, s - t, t)?, mask.as_ref())
    };
    cached(lm, ids, cache, &Wrong { attend: recent, ..RIGHT })
}

/// Repeats the heads before it stores them.
pub fn caches_query_heads(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    let g = lm.cfg().heads / lm.cfg().kv_heads;
    let mut right = Cache { k: each(&cache.k, g, every)?, v: each(&cache.v, g, every)?, len: cache.len };
    let logits = solution::forward_cached(lm, ids, &mut right)?;
    *cache = Cache { k: each(&right.k, g, repeat)?, v: each(&right.v, g, repeat)?, len: right.len };
    Ok(logits)
}

/// What a layer holds, if anything, with its heads changed.
fn each(held: &[Option<Tensor>], g: usize, change: fn(&Tensor, usize) -> Result<Tensor>) -> Result<Vec<Option<Tensor>>> {
    held.iter().map(|t| t.as_ref().map(|t| change(t, g)).transpose()).collect()
}

/// (S, Hkv, D) to (S, Hkv G, D), each head G times in a row.
fn repeat(t: &Tensor, g: usize) -> Result<Tensor> {
    let (s, kv, d) = t.dims3()?;
    Ok(t.unsqueeze(2)?.broadcast_as((s, kv, g, d))?.reshape((s, kv * g, d))?)
}

/// Every g-th head.
fn every(t: &Tensor, g: usize) -> Result<Tensor> {
    let (s, heads, d) = t.dims3()?;
    Ok(t.reshape((s, heads / g, g, d))?.narrow(2, 0, 1)?.squeeze(2)?.contiguous()?)
}

/// Keeps the ids beside the cache and runs the whole text again. The right result, at the price that a cache is to avoid.
pub fn recomputes_the_prefix(lm: &Lm, ids: &[u32], cache: &mut Cache) -> Result<Tensor> {
    fits(lm, cache, cache.len + ids.len())?;
    ensure!(!ids.is_empty(), "there is no token");
    let layers = lm.cfg().layers;
    let mut all: Vec<u32> = match cache.v.get(layers).and_then(Option::as_ref) {
        Some(ids) => ids.to_vec1()?,
        None => Vec::new(),
    };
    let begun = all.len();
    all.extend(ids);
    let mut fresh = Cache::new(lm);
    let logits = solution::forward_cached(lm, &all, &mut fresh)?;
    fresh.v.push(Some(Tensor::from_vec(all, begun + ids.len(), &Device::Cpu)?));
    *cache = fresh;
    Ok(logits.narrow(0, begun, ids.len())?)
}

/// How a wrong streaming pass differs from the right one.
struct Drift {
    /// Tokens that stay when one more comes: (first, last), from sinks, window and the length.
    stay: fn(usize, usize) -> (usize, usize),
    /// How far behind its place the new token stands.
    behind: usize,
    /// The new token looks before room is made.
    late: bool,
    /// Positions count every token that ever came.
    absolute: bool,
    /// Keys are stored turned, and turned again at use.
    twice: bool,
}

const STEADY: Drift =
    Drift { stay: |sinks, window| (sinks, window - 1), behind: 0, late: false, absolute: false, twice: false };

fn streaming(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize, drift: &Drift) -> Result<Tensor> {
    fits(lm, cache, sinks + window)?;
    ensure!(window > 0, "a window of 0 tokens has no room for the new one");
    let (first, last) = (drift.stay)(sinks, window);
    if !drift.late {
        keep(cache, first, last)?;
    }
    let mut x = lm.embed(&[id])?;
    // The absolute variant lets the length run on; the rows held are counted in the tensors.
    let held = cache.k[0].as_ref().map_or(0, |k| k.dims()[0]);
    let now = if drift.absolute { cache.len } else { held };
    let pos: Vec<usize> = (0..=held).collect();
    for layer in 0..lm.cfg().layers {
        let (mut q, mut k, v) = lm.qkv_raw(layer, &x)?;
        if drift.absolute || drift.twice {
            k = lm.rope(&k, &[now])?;
        }
        q = lm.rope(&q, &[now + drift.behind])?;
        let (k, v) = (append(cache.k[layer].as_ref(), &k)?, append(cache.v[layer].as_ref(), &v)?);
        let turned = if drift.absolute { k.clone() } else { lm.rope(&k, &pos)? };
        x = lm.finish(layer, &x, &attend(&q, &turned, &v, None)?)?;
        (cache.k[layer], cache.v[layer]) = (Some(k), Some(v));
    }
    cache.len = now + 1;
    if drift.late {
        keep(cache, first, last + 1)?;
    }
    Ok(lm.logits(&x)?.squeeze(0)?)
}

/// Keeps the first and the last tokens of the cache.
fn keep(cache: &mut Cache, first: usize, last: usize) -> Result<()> {
    for held in cache.k.iter_mut().chain(&mut cache.v) {
        let Some(rows) = held else { continue };
        let has = rows.dims()[0];
        if has > first + last {
            *held = Some(Tensor::cat(&[&rows.narrow(0, 0, first)?, &rows.narrow(0, has - last, last)?], 0)?);
        }
    }
    Ok(())
}

/// Keeps the last tokens only.
pub fn evicts_the_sinks(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    let drift = Drift { stay: |sinks, window| (0, sinks + window - 1), ..STEADY };
    streaming(lm, id, cache, sinks, window, &drift)
}

/// Lets the newest of the cached tokens go.
pub fn evicts_the_newest(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    let drift = Drift { stay: |sinks, window| (sinks + window - 1, 0), ..STEADY };
    streaming(lm, id, cache, sinks, window, &drift)
}

/// Leaves every token at the position at which it came.
pub fn keeps_old_positions(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    streaming(lm, id, cache, sinks, window, &Drift { absolute: true, ..STEADY })
}

/// Stores turned keys and turns them again.
pub fn turns_keys_twice(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    streaming(lm, id, cache, sinks, window, &Drift { twice: true, ..STEADY })
}

/// Takes the sinks out of the window.
pub fn window_holds_the_sinks(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    let drift = Drift { stay: |sinks, window| (sinks.min(window - 1), (window - 1).saturating_sub(sinks)), ..STEADY };
    streaming(lm, id, cache, sinks, window, &drift)
}

/// Looks first and makes room afterwards.
pub fn evicts_too_late(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    streaming(lm, id, cache, sinks, window, &Drift { late: true, ..STEADY })
}

/// Keeps a full window beside the new token.
pub fn holds_one_more(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    streaming(lm, id, cache, sinks, window, &Drift { stay: |sinks, window| (sinks, window), ..STEADY })
}

/// Turns the query to the position after its own.
pub fn one_place_late(lm: &Lm, id: u32, cache: &mut Cache, sinks: usize, window: usize) -> Result<Tensor> {
    streaming(lm, id, cache, sinks, window, &Drift { behind: 1, ..STEADY })
}
