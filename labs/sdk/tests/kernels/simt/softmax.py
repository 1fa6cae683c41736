"""Softmax of the rows of a matrix: a block of 128 threads for each row, which reads it three times."""

from lab_sdk.simt import F, Reg, f32

from .block import BLOCK, joined


def softmax(w, n, x, y):
    """y = exp(x - max x) / Σ exp(x - max x), along rows of `n`."""
    t, row, s = w.tid(), w.bid[0] * n, w.shared("s", BLOCK, f32)
    largest = Reg(F.splat(float("-inf")))
    for first in range(0, n, BLOCK):
        i = t + first
        with w.if_(i < n):
            largest.set(largest.get().max(w.ld(x, i + row)))
    largest = yield from joined(w, s, largest.get(), lambda a, b: a.max(b))
    total = Reg(F.splat(0.0))
    for first in range(0, n, BLOCK):
        i = t + first
        with w.if_(i < n):
            total.set(total.get() + (w.ld(x, i + row) - largest).exp())
    total = yield from joined(w, s, total.get(), lambda a, b: a + b)
    for first in range(0, n, BLOCK):
        i = t + first
        with w.if_(i < n):
            at = i + row
            w.st(y, at, (w.ld(x, at) - largest).exp() / total)
