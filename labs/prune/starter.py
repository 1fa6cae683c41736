"""Pruning single weights. Write the functions below; others may stand beside them.

w weights, m a mask (1 stays, 0 goes), s scores, n weights that are ranked together. Equal ones rank by position: tensor
after tensor, each row by row, the earlier first. Arrays are NumPy's, of the dtype given. To refuse, raise ValueError.
"""

import numpy as np


def global_mask(ws, skip, sparsity):
    """A mask for each tensor: of the n weights in tensors outside skip, floor(sparsity * n) go, the smallest |w| first.

    ws: list of float32 of any shapes -> list of uint8 of those shapes. skip: array of indices into ws; those tensors
    keep all. One ranking for all others; equal |w|: the earlier one goes first. A weight that is 0 already ranks like
    any other.
    Refuse: an empty list; a sparsity outside 0..1 or NaN; an index in skip that is not there; NaN in a weight.
    """
    raise NotImplementedError


def cubic(t, t0, t1, si, sf):
    """The sparsity at step t: sf + (si - sf) * (1 - (t - t0) / (t1 - t0))**3 from t0 to t1, si before, sf after.

    Refuse: t1 <= t0.
    """
    raise NotImplementedError


def lottery_round(trained, init, mask, frac):
    """(restart, mask): one round of the search for a winning ticket.

    trained, init: lists of float32, mask: list of uint8, all of the same shapes; frac: array, one number a tensor.
    In each tensor, of the weights that the mask keeps, ceil(frac * remaining) die: the smallest |trained|, equal ones
    by position. The new mask has 0 there too. The restart is init where the new mask is 1, and 0 elsewhere.
    Refuse: empty lists; lists of different lengths; shapes that differ; a fraction outside 0..1 or NaN; NaN in trained.
    """
    raise NotImplementedError


def movement_step(w, s, g, keep, lr):
    """(scores, mask) after one step of movement pruning.

    w, s, g: float32 of one shape; g is the slope of the loss in w * m, and is there for pruned weights too.
    scores = s - lr * g * w (float32); the mask (uint8) is 1 for the floor(keep * n) largest scores, equal ones by
    position.
    Refuse: shapes that differ; NaN in w, s or g; a keep outside 0..1 or NaN; a keep that leaves no weight.
    """
    raise NotImplementedError
