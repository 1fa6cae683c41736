"""The reference kernels of warps (labs/sdk/tests/kernels/simt) as numba.cuda has them: the same sums in the same order.

Of two things that ours have, Numba's simulator has none. There is no `syncwarp`: in the last warp of a reduction all
threads of the block come to a barrier in its place. There are no shuffles: that reduction is left out.
"""

import math

from numba import cuda, float32

BLOCK, ROW, TILE = 256, 128, 32


@cuda.jit
def vector_add_add(n, x, y, z):
    i = cuda.grid(1)
    if i < n:
        z[i] = x[i] + y[i]


@cuda.jit
def reduction_interleaved_divergent(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    d = 1
    while d < BLOCK:
        if t % (2 * d) == 0:
            s[t] += s[t + d]
        cuda.syncthreads()
        d *= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def reduction_interleaved_strided(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    d = 1
    while d < BLOCK:
        i = 2 * d * t
        if i < BLOCK:
            s[i] += s[i + d]
        cuda.syncthreads()
        d *= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def reduction_sequential(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    halve(s, t, 128, 1)
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def reduction_first_add_during_load(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    load_two(s, t, x)
    halve(s, t, 128, 1)
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def reduction_unroll_last_warp(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    load_two(s, t, x)
    halve(s, t, 128, 64)
    last_warp(s, t)
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def reduction_completely_unrolled(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    load_two(s, t, x)
    unrolled(s, t)
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def reduction_grid_stride(n, x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    v = float32(0.0)
    for first in range(cuda.blockIdx.x * 2 * BLOCK, n, cuda.gridDim.x * 2 * BLOCK):
        v += x[t + first] + x[t + first + BLOCK]
    s[t] = v
    cuda.syncthreads()
    unrolled(s, t)
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit(device=True)
def load_two(s, t, x):
    i = t + cuda.blockIdx.x * 2 * BLOCK
    s[t] = x[i] + x[i + BLOCK]
    cuda.syncthreads()


@cuda.jit(device=True)
def halve(s, t, first, last):
    d = first
    while d >= last:
        if t < d:
            s[t] += s[t + d]
        cuda.syncthreads()
        d //= 2


@cuda.jit(device=True)
def unrolled(s, t):
    if t < 128:
        s[t] += s[t + 128]
    cuda.syncthreads()
    if t < 64:
        s[t] += s[t + 64]
    cuda.syncthreads()
    last_warp(s, t)


@cuda.jit(device=True)
def last_warp(s, t):
    v = s[t]
    d = 32
    while d > 0:
        if t < 32:
            v += s[t + d]
        cuda.syncthreads()
        if t < 32:
            s[t] = v
        cuda.syncthreads()
        d //= 2


@cuda.jit
def transpose_naive(n, x, y):
    column = cuda.threadIdx.x + cuda.blockIdx.x * TILE
    for j in range(0, TILE, 8):
        row = cuda.threadIdx.y + cuda.blockIdx.y * TILE + j
        y[column * n + row] = x[row * n + column]


@cuda.jit
def transpose_shared(n, x, y):
    tile = cuda.shared.array((TILE, TILE), float32)
    through_tile(n, x, y, tile)


@cuda.jit
def transpose_padded(n, x, y):
    tile = cuda.shared.array((TILE, TILE + 1), float32)
    through_tile(n, x, y, tile)


@cuda.jit(device=True)
def through_tile(n, x, y, tile):
    tx, ty, bx, by = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.x, cuda.blockIdx.y
    for j in range(0, TILE, 8):
        tile[ty + j, tx] = x[(ty + j + by * TILE) * n + tx + bx * TILE]
    cuda.syncthreads()
    for j in range(0, TILE, 8):
        y[(ty + j + bx * TILE) * n + tx + by * TILE] = tile[tx, ty + j]


@cuda.jit
def matmul_naive(n, a, b, c):
    row, column = cuda.threadIdx.y + cuda.blockIdx.y * TILE, cuda.threadIdx.x + cuda.blockIdx.x * TILE
    total = float32(0.0)
    for k in range(n):
        total += a[row * n + k] * b[k * n + column]
    c[row * n + column] = total


@cuda.jit
def matmul_shared(n, a, b, c):
    left = cuda.shared.array((TILE, TILE), float32)
    right = cuda.shared.array((TILE, TILE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    row, column = ty + cuda.blockIdx.y * TILE, tx + cuda.blockIdx.x * TILE
    total = float32(0.0)
    for k0 in range(0, n, TILE):
        left[ty, tx] = a[row * n + k0 + tx]
        right[ty, tx] = b[(k0 + ty) * n + column]
        cuda.syncthreads()
        for k in range(TILE):
            total += left[ty, k] * right[k, tx]
        cuda.syncthreads()
    c[row * n + column] = total


@cuda.jit
def matmul_registers(n, a, b, c):
    left = cuda.shared.array((64, 16), float32)
    right = cuda.shared.array((16, 64), float32)
    sums = cuda.local.array((4, 4), float32)
    tx, ty, bx, by = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.x, cuda.blockIdx.y
    for i in range(4):
        for j in range(4):
            sums[i, j] = 0.0
    for k0 in range(0, n, 16):
        for q in range(4):
            e = ty * 16 + tx + q * 256
            left[e // 16, e % 16] = a[(e // 16 + by * 64) * n + e % 16 + k0]
            right[e // 64, e % 64] = b[(e // 64 + k0) * n + e % 64 + bx * 64]
        cuda.syncthreads()
        for k in range(16):
            for i in range(4):
                for j in range(4):
                    sums[i, j] += left[ty + i * 16, k] * right[k, tx + j * 16]
        cuda.syncthreads()
    for i in range(4):
        for j in range(4):
            c[(ty + by * 64 + i * 16) * n + tx + bx * 64 + j * 16] = sums[i, j]


@cuda.jit
def softmax_softmax(n, x, y):
    s = cuda.shared.array(ROW, float32)
    t, row = cuda.threadIdx.x, cuda.blockIdx.x * n
    largest = float32(-math.inf)
    for i in range(t, n, ROW):
        largest = max(largest, x[row + i])
    largest = largest_of(s, t, largest)
    total = float32(0.0)
    for i in range(t, n, ROW):
        total += float32(math.exp(x[row + i] - largest))
    total = sum_of(s, t, total)
    for i in range(t, n, ROW):
        y[row + i] = float32(math.exp(x[row + i] - largest)) / total


@cuda.jit
def layer_norm_layer_norm(n, eps, x, g, b, y):
    s = cuda.shared.array(ROW, float32)
    t, row = cuda.threadIdx.x, cuda.blockIdx.x * n
    total = float32(0.0)
    for i in range(t, n, ROW):
        total += x[row + i]
    mean = sum_of(s, t, total) / float32(n)
    squares = float32(0.0)
    for i in range(t, n, ROW):
        squares += (x[row + i] - mean) * (x[row + i] - mean)
    rstd = float32(1.0) / float32(math.sqrt(sum_of(s, t, squares) / float32(n) + float32(eps)))
    for i in range(t, n, ROW):
        y[row + i] = (x[row + i] - mean) * rstd * g[i] + b[i]


@cuda.jit(device=True)
def sum_of(s, t, v):
    s[t] = v
    cuda.syncthreads()
    halve(s, t, 64, 1)
    v = s[0]
    cuda.syncthreads()
    return v


@cuda.jit(device=True)
def largest_of(s, t, v):
    s[t] = v
    cuda.syncthreads()
    d = 64
    while d > 0:
        if t < d:
            s[t] = max(s[t], s[t + d])
        cuda.syncthreads()
        d //= 2
    v = s[0]
    cuda.syncthreads()
    return v
