"""The reference kernels (labs/sdk/tests/kernels/simt) in the Python simulator beside Numba's CUDA simulator
(NUMBA_ENABLE_CUDASIM=1): equal results, and simulated thread-instructions a second of both. With the Rust simulator's
speed, where it is built.

    pip install numba
    cargo build --release -p lab-sdk --example simt-speed      # for the Rust part; left out where it is not there
    python3 benches/numba-cudasim.py [PATH OF simt-speed]

Sums and products of whole numbers must be equal to the bit. Softmax and layer normalization may differ by a few
roundings: Numba takes exp and sqrt in f64, and has no multiply-add that rounds once.

Numba's simulator has no counters: it runs each thread as a thread of Python. Its column divides the instructions that
ours counts for the same kernel by its time, so that the columns compare times. What it does not do: count sectors,
wavefronts or divergence, find races, stop at a barrier that a warp never reaches. Rust's numbers are of the kernels of
its own example.
"""

import os
import subprocess
import sys
import time
from importlib import import_module

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

import numpy as np  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SDK = os.path.join(HERE, "..", "labs", "sdk")
sys.path[:0] = [os.path.join(SDK, "python"), os.path.join(SDK, "tests", "kernels")]

import numba_kernels  # noqa: E402
from lab_sdk.simt import Cfg, G, launch  # noqa: E402

# Of ours. Numba's run takes seconds, and there is one.
ROUNDS = 3


def whole(n, modulus):
    """Small whole numbers: sums are exact in any order."""
    return (np.arange(n) * 7 % modulus - modulus // 2).astype(np.float32)


def uneven(n, modulus):
    """Numbers between -4 and 4."""
    return whole(n, modulus) / np.float32(modulus) * np.float32(8) + np.float32(0.01)


def cases():
    """Kernel, launch, numbers, inputs, elements of the result, and how far results may differ."""
    yield "vector_add.add", Cfg((16, 1, 1), (256, 1, 1)), (4000,), (whole(4000, 101), whole(4000, 89)), 4000, 0.0
    x = whole(4096, 101)
    for name in ("interleaved_divergent", "interleaved_strided", "sequential"):
        yield f"reduction.{name}", Cfg((16, 1, 1), (256, 1, 1), smem_bytes=1024), (), (x,), 16, 0.0
    for name in ("first_add_during_load", "unroll_last_warp", "completely_unrolled"):
        yield f"reduction.{name}", Cfg((8, 1, 1), (256, 1, 1), smem_bytes=1024), (), (x,), 8, 0.0
    yield "reduction.grid_stride", Cfg((2, 1, 1), (256, 1, 1), smem_bytes=1024), (4096,), (x,), 2, 0.0
    n = 128
    x = np.arange(n * n, dtype=np.float32)
    for name in ("naive", "shared", "padded"):
        yield f"transpose.{name}", Cfg((4, 4, 1), (32, 8, 1), smem_bytes=4224), (n,), (x,), n * n, 0.0
    n = 64
    factors = whole(n * n, 17), whole(n * n, 13)
    for name in ("naive", "shared"):
        yield f"matmul.{name}", Cfg((2, 2, 1), (32, 32, 1), smem_bytes=8192), (n,), factors, n * n, 0.0
    yield "matmul.registers", Cfg((1, 1, 1), (16, 16, 1), smem_bytes=8192), (n,), factors, n * n, 0.0
    rows, n = 6, 200
    of_row = Cfg((rows, 1, 1), (128, 1, 1), smem_bytes=512)
    yield "softmax.softmax", of_row, (n,), (uneven(rows * n, 101),), rows * n, 1e-7
    inputs = uneven(rows * n, 101), uneven(n, 89), uneven(n, 83)
    yield "layer_norm.layer_norm", of_row, (n, 1e-5), inputs, rows * n, 4e-6


def fastest(rounds, run, *arguments):
    """Seconds of the fastest run, and what the last one gave."""
    best, result = float("inf"), None
    for _ in range(rounds):
        start = time.perf_counter()
        result = run(*arguments)
        best = min(best, time.perf_counter() - start)
    return best, result


def main():
    print(f"{'kernel':<32} {'differs':>8} {'thread-inst':>12} {'ours M/s':>9} {'numba M/s':>10} {'ours/numba':>11}")
    for name, cfg, numbers, inputs, length, near in cases():
        module, function = name.split(".")
        ours, theirs = getattr(import_module(f"simt.{module}"), function), getattr(numba_kernels, f"{module}_{function}")
        result, expected = G.poisoned("result", length), np.zeros(length, np.float32)
        seconds, report = fastest(ROUNDS, launch, cfg, ours, *numbers, *(G("x", x) for x in inputs), result)
        assert not report.faults, report.faults[0]
        theirs_seconds, _ = fastest(1, theirs[cfg.grid, cfg.block], *numbers, *inputs, expected)
        differs = np.abs(result.to_vec().astype(np.float64) - expected).max()
        assert differs <= near, f"{name}: the results differ by {differs}"
        count = report.counters.thread_inst
        speeds = f"{count / seconds / 1e6:>9.2f} {count / theirs_seconds / 1e6:>10.3f} {theirs_seconds / seconds:>11.1f}"
        print(f"{name:<32} {differs:>8.1e} {count:>12} {speeds}", flush=True)
    rust = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "target", "release", "examples", "simt-speed")
    if os.path.exists(rust):
        print("\nRust, in the same run:", flush=True)
        subprocess.run([rust], check=True)


if __name__ == "__main__":
    main()
