"""Misconceptions as people write them in Python; the trials read this file after solution.py and let one function
take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""


def stores_down_columns(w, x, y, rows, cols):
    """y[j][i] = x[i][j], as in every language without lanes."""
    j = w.tx() + w.bid[0] * 32
    for k in range(0, 32, w.bdim[1]):
        i = w.ty() + (k + w.bid[1] * 32)
        with w.if_(i < rows):
            with w.if_(j < cols):
                w.st(y, j * rows + i, w.ld(x, i * cols + j))


def no_padding(w, x, y, rows, cols):
    """tile[32][32]."""
    tile = w.shared("tile", 1024, f32)  # noqa: F821
    tx, ty = w.tx(), w.ty()
    for k in range(0, 32, w.bdim[1]):
        i, j = ty + (k + 32 * w.bid[1]), tx + 32 * w.bid[0]
        with w.if_((i < rows) & (j < cols)):
            w.sts(tile, (ty + k) * 32 + tx, w.ld(x, i * cols + j))
    yield w.sync()
    for k in range(0, 32, w.bdim[1]):
        i, j = ty + (k + 32 * w.bid[0]), tx + 32 * w.bid[1]
        with w.if_((i < cols) & (j < rows)):
            w.st(y, i * rows + j, w.lds(tile, tx * 32 + (ty + k)))


def no_sync(w, x, y, rows, cols):
    """The warp wrote the tile, so the warp may read it."""
    tile = w.shared("tile", 33 * 32, f32)  # noqa: F821
    tx, ty = w.tx(), w.ty()
    for k in range(0, 32, w.bdim[1]):
        i, j = ty + (k + 32 * w.bid[1]), tx + 32 * w.bid[0]
        with w.if_((i < rows) & (j < cols)):
            w.sts(tile, (ty + k) * 33 + tx, w.ld(x, i * cols + j))
    for k in range(0, 32, w.bdim[1]):
        i, j = ty + (k + 32 * w.bid[0]), tx + 32 * w.bid[1]
        with w.if_((i < cols) & (j < rows)):
            w.st(y, i * rows + j, w.lds(tile, tx * 33 + (ty + k)))


def one_sync_a_step(w, a, b, c, m, n, k):
    """There is a barrier in the loop already."""
    t, tx, ty = w.bdim[0], w.tx(), w.ty()
    tile_a, tile_b = w.shared("tile_a", t * t, f32), w.shared("tile_b", t * t, f32)  # noqa: F821
    i, j = w.bid[1] * t + ty, w.bid[0] * t + tx
    acc = F.splat(0.0)  # noqa: F821
    for k0 in range(0, k, t):
        w.sts(tile_a, ty * t + tx, or_zero(w, a, (i < m) & (tx + k0 < k), i * k + (tx + k0)))  # noqa: F821
        w.sts(tile_b, ty * t + tx, or_zero(w, b, (ty + k0 < k) & (j < n), (ty + k0) * n + j))  # noqa: F821
        yield w.sync()
        for kk in range(t):
            acc = acc + w.lds(tile_a, ty * t + kk) * w.lds(tile_b, tx + kk * t)
    with w.if_((i < m) & (j < n)):
        w.st(c, i * n + j, acc)


def no_tiles(w, a, b, c, m, n, k):
    """Three loops, two of them threads."""
    i = w.bid[1] * w.bdim[1] + w.ty()
    j = w.bid[0] * w.bdim[0] + w.tx()
    with w.if_((i < m) & (j < n)):
        acc = F.splat(0.0)  # noqa: F821
        for kk in range(k):
            acc = acc + w.ld(a, i * k + kk) * w.ld(b, j + kk * n)
        w.st(c, i * n + j, acc)


@triton.jit  # noqa: F821
def stores_in_between(x, w, b, r, y, m, n):
    """y is at hand, so the first result goes there."""
    i = tl.program_id(0) * 32 + tl.arange(0, 32)  # noqa: F821
    for j0 in range(0, n, 64):
        j = j0 + tl.arange(0, 64)  # noqa: F821
        ij, ok = i[:, None] * n + j[None, :], (i[:, None] < m) & (j[None, :] < n)
        scale = tl.load(w + j, mask=j < n, other=0.0)  # noqa: F821
        shift = tl.load(b + j, mask=j < n, other=0.0)  # noqa: F821
        first = tl.load(x + ij, mask=ok, other=0.0) * scale[None, :] + shift[None, :]  # noqa: F821
        tl.store(y + ij, tl.maximum(first, 0.0), mask=ok)  # noqa: F821
        tl.store(y + ij, tl.load(y + ij, mask=ok) + tl.load(r + ij, mask=ok), mask=ok)  # noqa: F821


@triton.jit  # noqa: F821
def whole_rows(x, w, b, r, y, m, n):
    """A row is a row, as in the tutorial."""
    i = tl.program_id(0) * 32 + tl.arange(0, 32)  # noqa: F821
    j = tl.arange(0, triton.next_power_of_2(n))  # noqa: F821
    ij, ok = i[:, None] * n + j[None, :], (i[:, None] < m) & (j[None, :] < n)
    scale, shift = tl.load(w + j, mask=j < n, other=0.0), tl.load(b + j, mask=j < n, other=0.0)  # noqa: F821
    v = tl.maximum(tl.load(x + ij, mask=ok) * scale[None, :] + shift[None, :], 0.0)  # noqa: F821
    tl.store(y + ij, v + tl.load(r + ij, mask=ok), mask=ok)  # noqa: F821
