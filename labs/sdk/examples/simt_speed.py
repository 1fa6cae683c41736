"""How many thread-instructions a second the Python simulator runs on one core, with race detection on, as it always is.

`python3 labs/sdk/examples/simt_speed.py [KERNEL]`. The best of several runs is printed: the others waited for
something. The kernels and their numbers are those of simt-speed.rs beside it.
"""

import os
import sys
import time

import numpy as np

SDK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [os.path.join(SDK, "python"), os.path.join(SDK, "tests", "kernels")]

from lab_sdk.simt import Cfg, G, launch  # noqa: E402
from simt import matmul  # noqa: E402

# Seconds for each kernel.
SECONDS = 3.0


def saxpy(w, n, a, x, y):
    i = w.tid() + w.bid[0] * w.bdim[0]
    with w.if_(i < n):
        w.st(y, i, w.ld(x, i).fma(a, w.ld(y, i)))


def kernels():
    """(name, launch, kernel, what it works on) of each."""
    n = 1 << 14
    x, y = G("x", np.full(n, 1.0)), G("y", np.full(n, 2.0))
    yield "saxpy", Cfg((n // 256, 1, 1), (256, 1, 1)), saxpy, (n, 3.0, x, y)
    n = 64
    a, b = (G(name, np.arange(n * n) % modulus * 1.0) for name, modulus in (("a", 17), ("b", 13)))
    matrices = (n, a, b, G.poisoned("c", n * n))
    wide = Cfg((n // 32, n // 32, 1), (32, 32, 1), smem_bytes=8192)
    yield "matmul, naive", wide, matmul.naive, matrices
    yield "matmul, shared memory", wide, matmul.shared, matrices
    tall = Cfg((n // 64, n // 64, 1), (16, 16, 1), smem_bytes=8192)
    yield "matmul, register tiles", tall, matmul.registers, matrices


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
