"""A decoder's forward pass with a cache. Write the functions below; anything that helps may stand beside them.

T new tokens, S = len + T tokens after them, H query heads, Hkv key-value heads, D head dimension.

The model does everything but attention (lm.cfg has layers, heads, kv_heads, head_dim, ctx ..):
    lm.embed(ids)            (T, dim)
    lm.qkv(layer, x, pos)    norm, projections, RoPE at the positions `pos`: q (T, H, D), k (T, Hkv, D), v (T, Hkv, D)
    lm.qkv_raw(layer, x)     the same without RoPE;  lm.rope(q, pos) turns (T, H, D) to positions
    lm.finish(layer, x, attn)    output projection of attn (T, H, D), residual, feed-forward block: (T, dim)
    lm.logits(x)             (T, vocab)
The cache is a box that your code fills: cache.k[layer], cache.v[layer]: arrays or None, and cache.len.
Everything is float32. NumPy 2 makes float64 of it beside a float64 scalar, such as np.sqrt(6); a Python float does not.
"""

import numpy as np


def forward_cached(lm, ids, cache):
    """Logits (T, vocab), one row for each of the T `ids`, which follow the `cache.len` tokens that the cache holds.

    Afterwards the cache holds len + T tokens: k and v of each layer (len + T, Hkv, D), and `len`. Attention is
    softmax(q k^T / sqrt(D)) v; query head h reads key-value head h // (H / Hkv); query i sees keys 0 .. len + i.
    Only the T new tokens may pass the model's linear layers.
    Refuse (ValueError): no ids; an id outside the vocabulary; more than `ctx` tokens; a cache with another number of
    layers. A refused call leaves the cache as it was.
    """
    raise NotImplementedError


def forward_streaming(lm, id, cache, sinks, window):
    """Logits (vocab) after the token `id`, with a cache that never holds more than the first `sinks` tokens and the last
    `window` ones, the new one included.

    When the new token would not fit, the oldest token after the sinks leaves first. Positions are places in the cache:
    the keys stand at 0, 1, .. and the new token at the end. The cache is filled by this function alone.
    Refuse (ValueError): a window of 0; more than `ctx` tokens in all; an id outside the vocabulary; a cache with another
    number of layers.
    """
    raise NotImplementedError
