"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take over."""


def attend_of(lm, x, layer, cache, pos, sees):
    q, k, v = lm.qkv(layer, x, pos)
    k, v = append(cache.k[layer], k), append(cache.v[layer], v)  # noqa: F821
    cache.k[layer], cache.v[layer] = k, v
    group = lm.cfg.heads // lm.cfg.kv_heads
    k, v = np.repeat(k, group, 1), np.repeat(v, group, 1)  # noqa: F821
    scores = np.einsum("thd,shd->hts", q, k) / np.sqrt(lm.cfg.head_dim).astype(q.dtype)  # noqa: F821
    scores = np.where(sees, scores, -np.inf)  # noqa: F821
    p = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("hts,shd->thd", p / p.sum(-1, keepdims=True), v)  # noqa: F821


def pass_with(lm, ids, cache, pos, sees):
    if len(ids) == 0 or len(cache.k) != lm.cfg.layers or cache.len + len(ids) > lm.cfg.ctx:
        raise ValueError("refused")
    x = lm.embed(ids)
    for layer in range(lm.cfg.layers):
        x = lm.finish(layer, x, attend_of(lm, x, layer, cache, pos, sees))
    cache.len += len(ids)
    return lm.logits(x)


def restarts_positions(lm, ids, cache):
    """np.arange(len(ids)), as in the uncached forward pass."""
    t, s = len(ids), cache.len + len(ids)
    sees = np.arange(s) <= (np.arange(t) + cache.len)[:, None]  # noqa: F821
    return pass_with(lm, ids, cache, np.arange(t), sees)  # noqa: F821


def square_mask(lm, ids, cache):
    """np.tril of the chunk, as in the uncached forward pass."""
    t, s = len(ids), cache.len + len(ids)
    return pass_with(lm, ids, cache, np.arange(cache.len, s), np.tril(np.ones((t, s), bool)))  # noqa: F821


def recomputes_the_prefix(lm, ids, cache):
    """Keeps the text beside the cache and runs all of it."""
    if len(ids) == 0 or len(cache.k) != lm.cfg.layers or cache.len + len(ids) > lm.cfg.ctx:
        raise ValueError("refused")
    text = getattr(cache, "text", []) + [int(i) for i in ids]
    fresh = Cache(lm)
    logits = right_forward_cached(lm, text, fresh)
    cache.k, cache.v, cache.len, cache.text = fresh.k, fresh.v, fresh.len, text
    return logits[-len(ids) :]


def keeps_old_positions(lm, id, cache, sinks, window):
    """Turned keys are stored, and every token stays where it came."""
    if window <= 0 or len(cache.k) != lm.cfg.layers or sinks + window > lm.cfg.ctx:
        raise ValueError("refused")
    x, now = lm.embed([id]), [cache.len]
    for layer in range(lm.cfg.layers):
        q, k, v = lm.qkv(layer, x, now)
        if cache.k[layer] is not None and len(cache.k[layer]) == sinks + window:
            cache.k[layer] = np.delete(cache.k[layer], sinks, 0)  # noqa: F821
            cache.v[layer] = np.delete(cache.v[layer], sinks, 0)  # noqa: F821
        cache.k[layer] = append(cache.k[layer], k)  # noqa: F821
        cache.v[layer] = append(cache.v[layer], v)  # noqa: F821
        x = lm.finish(layer, x, attend(q, cache.k[layer], cache.v[layer]))  # noqa: F821
    cache.len += 1
    return lm.logits(x)[0]


from lab_sdk import Cache  # noqa: E402

right_forward_cached = forward_cached  # noqa: F821
