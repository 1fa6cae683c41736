"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

# What must be refused is left to the right functions, so that only the mistake differs.
right_global_mask, right_lottery_round, right_movement_step = global_mask, lottery_round, movement_step  # noqa: F821


def per_layer(ws, skip, sparsity):
    """A ranking for each tensor."""
    right_global_mask(ws, skip, sparsity)
    masks = []
    for i, w in enumerate(ws):
        mask = np.ones(w.size, np.uint8)
        if i not in skip:
            smallest = np.abs(w).ravel().argsort(kind="stable")[: int(sparsity * w.size)]
            mask[smallest] = 0
        masks.append(mask.reshape(w.shape))
    return masks


def ties_all_go(ws, skip, sparsity):
    """A threshold, and `>`."""
    right_global_mask(ws, skip, sparsity)
    pool = [abs(w).flatten() for i, w in enumerate(ws) if i not in skip]
    pool = np.sort(np.concatenate(pool)) if pool else np.zeros(0)
    k = int(sparsity * len(pool))
    threshold = pool[k - 1] if k else -1.0
    return [np.ones_like(w, np.uint8) if i in skip else (abs(w) > threshold).astype(np.uint8) for i, w in enumerate(ws)]


def quantile_threshold(ws, skip, sparsity):
    """np.quantile says where to cut."""
    right_global_mask(ws, skip, sparsity)
    rest = [w.ravel() for i, w in enumerate(ws) if i not in skip]
    cut = np.quantile(np.abs(np.concatenate(rest)).astype(np.float64), sparsity)
    return [np.uint8(np.abs(w) > cut) if i not in skip else np.ones(w.shape, np.uint8) for i, w in enumerate(ws)]


def linear_ramp(t, t0, t1, si, sf):
    """Interpolates between the ends."""
    if t1 <= t0:
        raise ValueError("no ramp")
    return float(np.interp(t, [t0, t1], [si, sf]))


def no_rewind(trained, init, mask, frac):
    """The pruned net, as it was trained."""
    masks = right_lottery_round(trained, init, mask, frac)[1]
    return [w * m for w, m in zip(trained, masks)], masks


def pruned_again(trained, init, mask, frac):
    """Sorts whole tensors, in which the dead weights are the smallest."""
    right_lottery_round(trained, init, mask, frac)
    masks = []
    for w, m, f in zip(trained, mask, frac):
        new = m.copy().reshape(-1)
        k = int(np.ceil(f * m.sum()))
        new[np.argsort(np.abs(w).reshape(-1), kind="stable")[:k]] = 0
        masks.append(new.reshape(m.shape))
    return [w0 * m for w0, m in zip(init, masks)], masks


def wrong_sign(w, s, g, keep, lr):
    """Scores climb with g * w."""
    right_movement_step(w, s, g, keep, lr)
    s = (s + lr * g * w).astype(np.float32)
    mask = np.zeros(s.shape, np.uint8)
    mask.flat[np.argsort(-s, axis=None, kind="stable")[: int(keep * s.size)]] = 1
    return s, mask


def dead_gradient(w, s, g, keep, lr):
    """Masks the gradient as well as the weights."""
    right_movement_step(w, s, g, keep, lr)
    k = int(keep * s.size)
    alive = np.zeros(s.size, bool)
    alive[np.argsort(-s.ravel(), kind="stable")[:k]] = True
    s = s - np.float32(lr) * g * w * alive.reshape(s.shape)
    mask = np.zeros(s.size, np.uint8)
    mask[np.argsort(-s.ravel(), kind="stable")[:k]] = 1
    return s.astype(np.float32), mask.reshape(s.shape)


def one_fewer_goes(ws, skip, sparsity):
    """The k-th smallest magnitude is the threshold, and `>=`, as with torch.kthvalue."""
    right_global_mask(ws, skip, sparsity)
    pool = np.concatenate([np.abs(w).ravel() for i, w in enumerate(ws) if i not in skip])
    k = int(sparsity * pool.size)
    cut = np.partition(pool, k - 1)[k - 1] if k else 0
    return [np.ones(w.shape, np.uint8) if i in skip else (np.abs(w) >= cut).astype(np.uint8) for i, w in enumerate(ws)]


def percentile_of_survivors(trained, init, mask, frac):
    """np.percentile over the weights that are alive, and np.where."""
    right_lottery_round(trained, init, mask, frac)
    masks = []
    for w, m, f in zip(trained, mask, frac):
        alive = np.abs(w[m == 1])
        cut = np.percentile(alive, 100 * f) if alive.size else 0.0
        masks.append(np.where(np.abs(w) < cut, 0, m).astype(np.uint8))
    return [w0 * m for w0, m in zip(init, masks)], masks


def later_scores_stay(w, s, g, keep, lr):
    """argsort, then [::-1]."""
    right_movement_step(w, s, g, keep, lr)
    s = s - np.float32(lr) * g * w
    mask = np.zeros(s.size, np.uint8)
    mask[s.ravel().argsort(kind="stable")[::-1][: int(keep * s.size)]] = 1
    return s, mask.reshape(s.shape)
