"""The Python and the Rust simulator beside Numba's CUDA simulator (NUMBA_ENABLE_CUDASIM=1), on the same kernels: vector
addition, a matrix product through shared memory, a reduction through shared memory. One run prints all three in
simulated thread-instructions a second, and checks that the results are the same.

    pip install numba
    cargo build --release -p lab-sdk --example simt-speed      # for the Rust column; left out where it is not there
    python3 benches/numba-cudasim.py [PATH OF simt-speed]

Numba's simulator has no counters: it runs each thread as a thread of Python. Its column divides the instructions that
ours counts for the same kernel by its time, so that the columns compare times. What it does not do: count sectors,
wavefronts or divergence, find races, stop at a barrier that a warp never reaches. Rust's numbers are of the kernels of
its own example.
"""

import os
import subprocess
import sys
import time

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

import numpy as np  # noqa: E402
from numba import cuda, float32  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "labs", "sdk", "python"))
sys.path.insert(0, os.path.join(HERE, "..", "labs", "sdk", "examples"))

from lab_sdk.simt import Cfg, G, f32, launch  # noqa: E402
from simt_speed import shared as ours_product  # noqa: E402

ROUNDS = 3
TILE, BLOCK = 32, 256


@cuda.jit
def theirs_add(x, y, z):
    i = cuda.grid(1)
    if i < z.size:
        z[i] = x[i] + y[i]


def ours_add(w, n, x, y, z):
    i = w.tid() + w.bid[0] * w.bdim[0]
    with w.if_(i < n):
        w.st(z, i, w.ld(x, i) + w.ld(y, i))


@cuda.jit
def theirs_product(a, b, c):
    left = cuda.shared.array((TILE, TILE), float32)
    right = cuda.shared.array((TILE, TILE), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    row, column = cuda.blockIdx.y * TILE + ty, cuda.blockIdx.x * TILE + tx
    total = float32(0.0)
    for k0 in range(0, a.shape[1], TILE):
        left[ty, tx] = a[row, k0 + tx]
        right[ty, tx] = b[k0 + ty, column]
        cuda.syncthreads()
        for k in range(TILE):
            total += left[ty, k] * right[k, tx]
        cuda.syncthreads()
    c[row, column] = total


@cuda.jit
def theirs_sum(x, out):
    s = cuda.shared.array(BLOCK, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    d = BLOCK // 2
    while d > 0:
        if t < d:
            s[t] += s[t + d]
        cuda.syncthreads()
        d //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def ours_sum(w, x, out):
    s, t = w.shared("s", BLOCK, f32), w.tid()
    w.sts(s, t, w.ld(x, t + w.bid[0] * BLOCK))
    yield w.sync()
    d = BLOCK // 2
    while d > 0:
        with w.if_(t < d):
            w.sts(s, t, w.lds(s, t) + w.lds(s, t + d))
        yield w.sync()
        d //= 2
    with w.if_(t.eq(0)):
        w.st(out, t + w.bid[0], w.lds(s, t))


def addition():
    """(launch of ours, its buffers, kernel, arguments), (kernel of theirs, grid, block, arrays), the result of each."""
    n = 4000
    x, y, z = ramp(n, 17), ramp(n, 13), np.zeros(n, np.float32)
    on = G("x", x), G("y", y), G.poisoned("z", n)
    grid = -(-n // BLOCK)
    return (Cfg((grid, 1, 1), (BLOCK, 1, 1)), ours_add, (n, *on)), (theirs_add, grid, BLOCK, (x, y, z)), on[2], z


def product():
    n = 64
    a, b, c = ramp(n * n, 17), ramp(n * n, 13), np.zeros((n, n), np.float32)
    on = G("a", a), G("b", b), G.poisoned("c", n * n)
    grid = (n // TILE, n // TILE)
    ours = Cfg((*grid, 1), (TILE, TILE, 1), smem_bytes=8 * TILE * TILE), ours_product, (*on, n)
    return ours, (theirs_product, grid, (TILE, TILE), (a.reshape(n, n), b.reshape(n, n), c)), on[2], c


def reduction():
    blocks = 16
    x, out = ramp(blocks * BLOCK, 17), np.zeros(blocks, np.float32)
    on = G("x", x), G.poisoned("out", blocks)
    ours = Cfg((blocks, 1, 1), (BLOCK, 1, 1), smem_bytes=4 * BLOCK), ours_sum, on
    return ours, (theirs_sum, blocks, BLOCK, (x, out)), on[1], out


def ramp(n, modulus):
    """Small whole numbers: sums are exact in any order."""
    return (np.arange(n) % modulus).astype(np.float32)


def fastest(run, *arguments):
    """Seconds of the fastest of a few runs, and what the last one gave."""
    best, result = float("inf"), None
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = run(*arguments)
        best = min(best, time.perf_counter() - start)
    return best, result


def main():
    print(f"{'kernel':<24} {'thread-inst':>12} {'ours M/s':>10} {'numba M/s':>10} {'ours/numba':>11}")
    for name, case in (("vector addition", addition), ("matmul, shared memory", product), ("reduction", reduction)):
        (cfg, kernel, arguments), (theirs, grid, block, arrays), ours_result, theirs_result = case()
        seconds, report = fastest(launch, cfg, kernel, *arguments)
        assert not report.faults, report.faults[0]
        theirs_seconds, _ = fastest(theirs[grid, block], *arrays)
        assert (ours_result.to_vec() == theirs_result.ravel()).all(), f"{name}: the results differ"
        count = report.counters.thread_inst
        ours, other = count / seconds / 1e6, count / theirs_seconds / 1e6
        print(f"{name:<24} {count:>12} {ours:>10.2f} {other:>10.3f} {theirs_seconds / seconds:>11.1f}", flush=True)
    rust = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "target", "release", "examples", "simt-speed")
    if os.path.exists(rust):
        print("\nRust, in the same run:", flush=True)
        subprocess.run([rust], check=True)


if __name__ == "__main__":
    main()
