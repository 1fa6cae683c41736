"""Memory of a GPU: a transpose and a product through shared memory, and one expression fused, on tiles and on the CPU.

Global memory is far away and moves in sectors of 32 bytes; shared memory lies in the SM, in 32 banks. A kernel that is
limited by memory is as fast as it moves few bytes, so each function here is a plan of what is read, and when.

Legend: r row, c column; T side of a tile; M, N, K as in C[M, N] = A[M, K] B[K, N].
"""

import numpy as np

from lab_sdk import triton
from lab_sdk.simt import F, Reg, f32
from lab_sdk.triton import language as tl

TILE = 32          # rows and columns of a tile of transpose
PITCH = TILE + 1   # from one row of it to the next. 33 is odd: a column falls into 32 different banks


def transpose(w, x, y, rows, cols):
    """y[c, r] = x[r, c]: block (i, j) of the grid takes the tile of x at rows 32 * j, columns 32 * i.

    A warp must run along rows to read x, and along rows of y, which are columns of x, to write. The tile in shared
    memory is where it turns round. Source: CUDA C++ Best Practices Guide, 10.2.3.
    """
    tile = w.shared("tile", TILE * PITCH, f32)
    left, top = TILE * w.bid[0], TILE * w.bid[1]
    # Rows of x into the tile: 32 neighbours of x, 32 neighbours of the tile.
    for down in range(0, TILE, w.bdim[1]):
        r, c = w.ty() + down, w.tx()
        row, col = r + top, c + left
        with w.if_((row < rows) & (col < cols)):
            w.sts(tile, r * PITCH + c, w.ld(x, row * cols + col))
    # The columns that a warp reads next were written by all the others.
    yield w.sync()
    # Columns of the tile into y. Lanes run along r, the rows of x, which lie side by side in y.
    for down in range(0, TILE, w.bdim[1]):
        r, c = w.tx(), w.ty() + down
        row, col = r + top, c + left
        with w.if_((row < rows) & (col < cols)):
            w.st(y, col * rows + row, w.lds(tile, r * PITCH + c))


def matmul(w, a, b, c, m, n, k):
    """C = A B: a block of T x T threads makes a tile of C, a thread an element of it.

    All T columns of the tile need a row of A, and all T rows a column of B: what is loaded once serves T threads, and
    global memory gives 2 M N K / T floats instead of 2 M N K. Source: CUDA C++ Best Practices Guide, 10.2.3.2.
    """
    t = w.bdim[0]
    of_a, of_b = w.shared("a", t * t, f32), w.shared("b", t * t, f32)
    x, y = w.tx(), w.ty()
    row, col = y + t * w.bid[1], x + t * w.bid[0]
    mine = y * t + x
    total = F.splat(0.0)
    for first in range(0, k, t):
        # x runs along a row of A and along a row of B: neighbours in both. Beyond the edges there are zeros.
        across, down = x + first, y + first
        w.sts(of_a, mine, or_zero(w, a, (row < m) & (across < k), row * k + across))
        w.sts(of_b, mine, or_zero(w, b, (down < k) & (col < n), down * n + col))
        yield w.sync()  # the tiles are whole
        for i in range(t):
            # One word of A for the lanes of a row, neighbours of B: no bank is asked for two words.
            total = w.lds(of_a, y * t + i).fma(w.lds(of_b, x + t * i), total)
        yield w.sync()  # and no longer needed
    with w.if_((row < m) & (col < n)):
        w.st(c, row * n + col, total)


def or_zero(w, g, inside, i):
    """g[i] in the lanes where `inside` holds, 0 in the others, which read nothing."""
    value = Reg(F.splat(0.0))
    with w.if_(inside):
        value.set(w.ld(g, i))
    return value.get()


ROWS = tl.constexpr(32)      # rows of a program of fused
COLUMNS = tl.constexpr(128)  # columns of the tiles in which it walks along them


@triton.jit
def fused(x, w, b, r, y, m, n):
    """y = relu(x * w + b) + r over x, r, y of (M, N) and w, b of (N): program i takes rows 32 * i to 32 * i + 31.

    Each element of x and r is read once and each of y written once; w and b are read once for 32 rows:
    4 * (3 * M * N + 2 * N * ceil(M / 32)) bytes. What lies between stays in the tile.
    """
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    for first in range(0, n, COLUMNS):
        columns = first + tl.arange(0, COLUMNS)
        at = rows[:, None] * n + columns[None, :]                                       # (32, 128)
        across, inside = columns < n, (rows < m)[:, None] & (columns < n)[None, :]
        scale = tl.load(w + columns, mask=across, other=0.0)[None, :]                   # (1, 128): one read, 32 rows
        shift = tl.load(b + columns, mask=across, other=0.0)[None, :]
        v = tl.maximum(tl.load(x + at, mask=inside, other=0.0) * scale + shift, 0.0)    # (32, 128)
        tl.store(y + at, v + tl.load(r + at, mask=inside, other=0.0), mask=inside)


def chain(x, w, b, r):
    """y = relu(x * w + b) + r, an operation at a time: each makes an array of (M, N), and the next one reads it again.

    Elements that move: 2 * M * N + N for each of x * w and + b, 2 * M * N for relu, 3 * M * N for + r:
    9 * M * N + 2 * N.
    """
    scaled = x * w
    shifted = scaled + b
    positive = np.maximum(shifted, 0)
    return positive + r


CHUNK = 1 << 16  # floats of a piece: 256 KiB, and as many of r beside it, stay in the cache of a core


def fused_cpu(x, w, b, r):
    """The same in one pass over memory: some rows at a time, so few that they stay in the cache from the first
    operation to the last, and each operation writes where the one before it wrote. N = len(w).
    """
    n = len(w)
    y = np.empty_like(x)
    if n == 0:
        return y
    x, r, out = x.reshape(-1, n), r.reshape(-1, n), y.reshape(-1, n)    # (M, N), views of the same memory
    rows = max(1, CHUNK // n)
    for first in range(0, len(x), rows):
        some = slice(first, first + rows)
        v = np.multiply(x[some], w, out=out[some])
        v += b
        np.maximum(v, 0, out=v)
        v += r[some]
    return y
