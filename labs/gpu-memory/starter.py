"""Memory of a GPU. Write the functions below; others may stand beside them.

Warps (lab_sdk.simt tells all of it):

    w.tx(), w.ty(), w.bid, w.bdim     threadIdx.x and .y of each lane; blockIdx, blockDim as (x, y, z)
    w.ld(x, i), w.st(y, i, v)         x[i], and y[i] = v, in global memory
    w.shared("tile", 1024, f32)       an array in shared memory, the same for all warps of the block; up to 48 KiB
    w.lds(tile, i), w.sts(tile, i, v) tile[i], and tile[i] = v
    yield w.sync()                    all warps of the block wait for each other; not inside `with w.if_`
    with w.if_(condition):            the lanes where it holds are on inside; (r < rows) & (c < cols), no `and`
    Reg(F.splat(0.0))                 a register that if_ may change: set(v), get()
    a.fma(b, c)                       a * b + c, rounded once

Tiles are Triton's: tl.program_id, tl.arange, tl.load(x + offs, mask=.., other=0.0), tl.store, tl.maximum, [:, None].
"""

import numpy as np

from lab_sdk import triton
from lab_sdk.simt import F, Reg, f32
from lab_sdk.triton import language as tl


def transpose(w, x, y, rows, cols):
    """y[c, r] = x[r, c]: x has (rows, cols) elements, y (cols, rows), both without padding.

    Block (i, j) takes rows 32 * j to 32 * j + 31 and columns 32 * i to 32 * i + 31 of x; it has 32 x bdim[1] threads,
    bdim[1] of 8, 16 or 32, and may hang over the edge. Where rows and cols are multiples of 32, loads and stores touch
    rows * cols / 8 sectors each; anywhere, at most 5 an access. No shared access takes more than one wavefront.
    """
    raise NotImplementedError


def matmul(w, a, b, c, m, n, k):
    """C = A B: A is (m, k), B (k, n), C (m, n), rows one after the other without padding.

    A block has T x T threads, T = w.bdim[0] of 16 or 32. Block (i, j) makes the tile of C at rows j * T, columns i * T,
    and may hang over the edge. Where m, n and k are multiples of T, loads touch at most 2 * m * n * k / T / 8 sectors
    and stores m * n / 8. No shared access takes more than one wavefront. k = 0 gives zeros.
    """
    raise NotImplementedError


@triton.jit
def fused(x, w, b, r, y, m, n):
    """y = relu(x * w + b) + r: x, r and y are (m, n), rows one after the other; w and b have n elements, one for each
    column.

    Program i (axis 0) takes rows 32 * i to 32 * i + 31, all columns. Loads ask for 4 * (2 * m * n + 2 * n *
    ceil(m / 32)) bytes, stores for 4 * m * n, and the tiles of a program fit into 163 KiB however large n is.
    """
    raise NotImplementedError


def chain(x, w, b, r):
    """The same on the CPU, an operation of NumPy at a time: x and r (M, N), w and b (N)."""
    raise NotImplementedError


def fused_cpu(x, w, b, r):
    """The same in one pass over memory, in pieces that stay in the cache: x and r are arrays of M * N floats, row after
    row, and so is the result; N = len(w). M may be 0.
    """
    raise NotImplementedError
