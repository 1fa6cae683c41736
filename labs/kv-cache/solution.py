"""A decoder's forward pass with a cache, in NumPy.

T new tokens, S = len + T tokens after them, H query heads, Hkv key-value heads, G = H / Hkv, D head dimension.
"""

import numpy as np


def forward_cached(lm, ids, cache):
    if len(ids) == 0:
        raise ValueError("there is no token")
    if len(cache.k) != lm.cfg.layers:
        raise ValueError(f"the cache is of a model with {len(cache.k)} layers")
    # Checked before anything is written: a refused chunk leaves the cache as it was.
    if cache.len + len(ids) > lm.cfg.ctx:
        raise ValueError(f"{cache.len + len(ids)} tokens: the context ends at {lm.cfg.ctx}")
    x = lm.embed(ids)  # (T, dim)
    pos = np.arange(cache.len, cache.len + len(ids))
    # Query i sees the tokens before the chunk, and the chunk's own first i + 1.
    sees = np.arange(cache.len + len(ids)) <= pos[:, None]  # (T, S)
    for layer in range(lm.cfg.layers):
        q, k, v = lm.qkv(layer, x, pos)
        k, v = append(cache.k[layer], k), append(cache.v[layer], v)
        x = lm.finish(layer, x, attend(q, k, v, sees))
        cache.k[layer], cache.v[layer] = k, v
    cache.len += len(ids)
    return lm.logits(x)


def forward_streaming(lm, id, cache, sinks, window):
    if window <= 0:
        raise ValueError("a window of 0 tokens has no room for the new one")
    if len(cache.k) != lm.cfg.layers:
        raise ValueError(f"the cache is of a model with {len(cache.k)} layers")
    if sinks + window > lm.cfg.ctx:
        raise ValueError(f"{sinks + window} tokens: the context ends at {lm.cfg.ctx}")
    x = lm.embed([id])
    room = sinks + window - 1
    if cache.len > room:
        drop = slice(sinks, cache.len - (room - sinks))
        cache.k = [np.delete(k, drop, 0) for k in cache.k]
        cache.v = [np.delete(v, drop, 0) for v in cache.v]
        cache.len = room
    # Keys are kept unturned: a token's position is its place in the cache.
    pos = np.arange(cache.len + 1)
    for layer in range(lm.cfg.layers):
        q, k, v = lm.qkv_raw(layer, x)
        k, v = append(cache.k[layer], k), append(cache.v[layer], v)
        x = lm.finish(layer, x, attend(lm.rope(q, pos[-1:]), lm.rope(k, pos), v))
        cache.k[layer], cache.v[layer] = k, v
    cache.len += 1
    return lm.logits(x)[0]


def append(held, new):
    return new if held is None else np.concatenate([held, new])


def attend(q, k, v, sees=None):
    """softmax(q k^T / sqrt(D)) v, (T, H, D). Each key-value head serves G query heads, as more rows of one product."""
    (t, h, d), kv = q.shape, k.shape[1]
    rows = q.reshape(t, kv, h // kv, d).transpose(1, 2, 0, 3)  # (Hkv, G, T, D)
    scores = rows @ k.transpose(1, 2, 0)[:, None] / q.dtype.type(d) ** 0.5  # (Hkv, G, T, S)
    if sees is not None:
        scores = np.where(sees, scores, q.dtype.type(-np.inf))
    e = np.exp(scores - scores.max(-1, keepdims=True))
    out = (e / e.sum(-1, keepdims=True)) @ v.transpose(1, 0, 2)[:, None]  # (Hkv, G, T, D)
    return out.transpose(2, 0, 1, 3).reshape(t, h, d)
