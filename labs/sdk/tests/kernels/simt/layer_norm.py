"""Layer normalization of the rows of a matrix: a block of 128 threads for each row, which reads it three times."""

from lab_sdk.simt import F, Reg, f32

from .block import BLOCK, joined


def layer_norm(w, n, eps, x, g, b, y):
    """y = (x - mean x) / √(var x + eps) g + b, along rows of `n`."""
    t, row, s = w.tid(), w.bid[0] * n, w.shared("s", BLOCK, f32)
    total = Reg(F.splat(0.0))
    for first in range(0, n, BLOCK):
        i = t + first
        with w.if_(i < n):
            total.set(total.get() + w.ld(x, i + row))
    mean = (yield from joined(w, s, total.get(), lambda a, b: a + b)) / n
    squares = Reg(F.splat(0.0))
    for first in range(0, n, BLOCK):
        i = t + first
        with w.if_(i < n):
            centred = w.ld(x, i + row) - mean
            squares.set(centred.fma(centred, squares.get()))
    rstd = ((yield from joined(w, s, squares.get(), lambda a, b: a + b)) / n + eps).rsqrt()
    for first in range(0, n, BLOCK):
        i = t + first
        with w.if_(i < n):
            at = i + row
            unit = (w.ld(x, at) - mean) * rstd
            w.st(y, at, unit.fma(w.ld(g, i), w.ld(b, i)))
