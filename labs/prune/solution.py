"""Pruning single weights: by what they are, by where they go, and a restart from where they began, in NumPy.

Legend: w weights, m a mask (1 stays, 0 goes), s scores, n weights that are ranked together, g the slope of the loss in
the masked weights w * m. Equal ones rank by position: tensor after tensor, each row by row, the earlier first.
"""

import math

import numpy as np


def global_mask(ws, skip, sparsity):
    """A mask for each tensor: of the n weights in tensors outside skip, floor(sparsity * n) go, the smallest |w| first.

    Refuses no tensors, a sparsity outside 0..1, an index in skip that is not there, NaN.
    """
    require(len(ws) > 0, "there are no tensors")
    require(0 <= sparsity <= 1, f"sparsity {sparsity} is outside 0..1")
    skip = {int(i) for i in skip}
    require(all(i < len(ws) for i in skip), f"{skip} skips a tensor that is not there")
    masks = [np.ones(w.shape, np.uint8) for w in ws]
    ranked = [i for i in range(len(ws)) if i not in skip]
    if not ranked:
        return masks
    # One ranking for all tensors: a threshold for each would prune a layer that needs its weights like any other.
    magnitude = np.concatenate([np.abs(ws[i]).ravel() for i in ranked])
    require(not np.isnan(magnitude).any(), "NaN in a weight")
    alive = np.ones(magnitude.size, np.uint8)
    # A count, not a threshold: where many weights are equal, a threshold takes all of them or none.
    alive[np.argsort(magnitude, kind="stable")[: math.floor(sparsity * magnitude.size)]] = 0
    ends = np.cumsum([ws[i].size for i in ranked])[:-1]
    for i, part in zip(ranked, np.split(alive, ends)):
        masks[i] = part.reshape(ws[i].shape)
    return masks


def cubic(t, t0, t1, si, sf):
    """The sparsity at step t: sf + (si - sf) * (1 - (t - t0) / (t1 - t0))**3 from t0 to t1, si before, sf after.

    Refuses t1 <= t0. Source: Zhu and Gupta, To prune, or not to prune, arXiv 1710.01878.
    """
    require(t0 < t1, f"a ramp from step {t0} to {t1}")
    done = (min(max(t, t0), t1) - t0) / (t1 - t0)
    return sf + (si - sf) * (1 - done) ** 3


def lottery_round(trained, init, mask, frac):
    """(restart, mask): of each tensor's survivors ceil(frac * remaining) die, the smallest |trained| first; the others
    go back to init, and all else is 0.

    Refuses no tensors, lists of different lengths, shapes that differ, a fraction outside 0..1, NaN in trained.
    Source: Frankle and Carbin, The Lottery Ticket Hypothesis, arXiv 1803.03635.
    """
    require(len(trained) > 0, "there are no tensors")
    require(len(trained) == len(init) == len(mask) == len(frac), "lists of different lengths")
    restarts, masks = [], []
    for w, start, old, f in zip(trained, init, mask, frac):
        require(w.shape == start.shape == old.shape, "shapes differ")
        require(0 <= f <= 1, f"fraction {f} is outside 0..1")
        require(not np.isnan(w).any(), "a trained weight is NaN")
        alive = old.ravel().copy()
        # Only survivors are ranked: the dead ones are 0, and would be the smallest for ever.
        survivors = np.flatnonzero(alive)
        order = np.argsort(np.abs(w.ravel()[survivors]), kind="stable")
        alive[survivors[order[: math.ceil(f * survivors.size)]]] = 0
        alive = alive.reshape(w.shape)
        restarts.append(np.where(alive != 0, start, np.float32(0)))
        masks.append(alive)
    return restarts, masks


def movement_step(w, s, g, keep, lr):
    """(scores, mask) after one step: s - lr * g * w, and 1 for the floor(keep * n) largest of them.

    g is the slope in w * m, of pruned weights too. Refuses shapes that differ, NaN, a keep outside 0..1, a keep that
    leaves no weight. Source: Sanh et al., Movement Pruning, arXiv 2005.07683.
    """
    require(w.shape == s.shape == g.shape, f"{w.shape}, {s.shape}, {g.shape} differ")
    require(0 <= keep <= 1, f"keep {keep} is outside 0..1")
    kept = math.floor(keep * s.size)
    require(kept > 0, f"keep {keep} leaves none of {s.size} weights")
    # The slope in m is g * w. The mask is a step function of s, whose own slope is 0 or infinite; the straight-through
    # estimator gives s the slope of m as it stands, whether the weight is pruned now or not.
    scores = s - np.float32(lr) * (g * w)
    require(not np.isnan(scores).any(), "NaN in w, s or g")
    mask = np.zeros(s.size, np.uint8)
    mask[np.argsort(-scores.ravel(), kind="stable")[:kept]] = 1
    return scores, mask.reshape(s.shape)


def require(condition, message):
    """Refuses with message unless the condition holds."""
    if not condition:
        raise ValueError(message)
