"""How many thread-instructions a second the Python simulator runs on one core, with race detection on, as it always is.

`python3 labs/sdk/examples/simt_speed.py [KERNEL]`. The best of several runs is printed: the others waited for
something. The kernels and their numbers are those of simt-speed.rs beside it.
"""

import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

from lab_sdk.simt import Cfg, F, G, f32, launch  # noqa: E402

# Seconds for each kernel.
SECONDS = 3.0


def saxpy(w, n, a, x, y):
    i = w.tid() + w.bid[0] * w.bdim[0]
    with w.if_(i < n):
        w.st(y, i, w.ld(x, i).fma(a, w.ld(y, i)))


def naive(w, a, b, c, n):
    row, column = w.ty() + w.bid[1] * 32, w.tx() + w.bid[0] * 32
    sum_ = F.splat(0.0)
    for k in range(n):
        sum_ = w.ld(a, row * n + k).fma(w.ld(b, column + k * n), sum_)
    w.st(c, row * n + column, sum_)


def shared(w, a, b, c, n):
    tx, ty = w.tx(), w.ty()
    row, column = ty + w.bid[1] * 32, tx + w.bid[0] * 32
    left, right = w.shared("left", 1024, f32), w.shared("right", 1024, f32)
    at = ty * 32 + tx
    sum_ = F.splat(0.0)
    for k0 in range(0, n, 32):
        w.sts(left, at, w.ld(a, row * n + (tx + k0)))
        w.sts(right, at, w.ld(b, (ty + k0) * n + column))
        yield w.sync()
        for k in range(32):
            sum_ = w.lds(left, ty * 32 + k).fma(w.lds(right, tx + k * 32), sum_)
        yield w.sync()
    w.st(c, row * n + column, sum_)


def tiled(w, a, b, c, n):
    """64 x 64 of the result for a block of 16 x 16 threads, 4 x 4 for each thread, 16 apart."""
    tx, ty, t, (bx, by, _) = w.tx(), w.ty(), w.tid(), w.bid
    left, right = w.shared("left", 64 * 17, f32), w.shared("right", 16 * 64, f32)
    sums = [[F.splat(0.0)] * 4 for _ in range(4)]
    for k0 in range(0, n, 16):
        for q in range(4):
            e = t + q * 256
            row, k = e // 16, e % 16
            w.sts(left, row * 17 + k, w.ld(a, (row + by * 64) * n + (k + k0)))
            k, column = e // 64, e % 64
            w.sts(right, k * 64 + column, w.ld(b, (k + k0) * n + (column + bx * 64)))
        yield w.sync()
        for k in range(16):
            of_a = [w.lds(left, (ty + i * 16) * 17 + k) for i in range(4)]
            of_b = [w.lds(right, tx + (k * 64 + j * 16)) for j in range(4)]
            sums = [[x.fma(y, sum_) for y, sum_ in zip(of_b, row)] for x, row in zip(of_a, sums)]
        yield w.sync()
    for i in range(4):
        for j in range(4):
            w.st(c, (ty + (by * 64 + i * 16)) * n + (tx + (bx * 64 + j * 16)), sums[i][j])


def kernels():
    """(name, launch, kernel, what it works on) of each."""
    n = 1 << 14
    x, y = G("x", np.full(n, 1.0)), G("y", np.full(n, 2.0))
    yield "saxpy", Cfg((n // 256, 1, 1), (256, 1, 1)), saxpy, (n, 3.0, x, y)
    n = 64
    a, b = (G(name, np.arange(n * n) % modulus * 1.0) for name, modulus in (("a", 17), ("b", 13)))
    matrices = (a, b, G.poisoned("c", n * n), n)
    wide = Cfg((n // 32, n // 32, 1), (32, 32, 1), smem_bytes=8192)
    yield "matmul, naive", wide, naive, matrices
    yield "matmul, shared memory", wide, shared, matrices
    tall = Cfg((n // 64, n // 64, 1), (16, 16, 1), smem_bytes=4 * (64 * 17 + 16 * 64))
    yield "matmul, register tiles", tall, tiled, matrices


def main():
    print(f"{'kernel':<24} {'thread-inst':>14} {'ms':>10} {'M/s':>12}")
    for name, cfg, kernel, arguments in kernels():
        if len(sys.argv) > 1 and sys.argv[1] not in name:
            continue
        fastest, begin = float("inf"), time.perf_counter()
        while time.perf_counter() - begin < SECONDS:
            start = time.perf_counter()
            report = launch(cfg, kernel, *arguments)
            fastest = min(fastest, time.perf_counter() - start)
            assert not report.faults, f"{name}: {report.faults[0]}"
        count = report.counters.thread_inst
        print(f"{name:<24} {count:>14} {fastest * 1e3:>10.1f} {count / fastest / 1e6:>12.1f}", flush=True)


if __name__ == "__main__":
    main()
