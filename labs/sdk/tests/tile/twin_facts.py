"""The Python twin against the facts of facts.rs, and what is Python's own: lines of kernels, and where tiles end."""

import numpy as np
from lab_sdk import triton
from lab_sdk.triton import language as tl


@triton.jit
def softmax(x, y, n, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    mask = columns < n
    v = tl.load(x + row * n + columns, mask=mask, other=-float("inf"))
    e = tl.exp(v - tl.max(v, axis=0))
    tl.store(y + row * n + columns, e / tl.sum(e, axis=0), mask=mask)


@triton.jit
def flash(q, k, v, o, n, scale, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, CAUSAL: tl.constexpr):
    program = tl.program_id(0)
    rows = program * BM + tl.arange(0, BM)
    d = tl.arange(0, D)
    of_q = tl.load(q + rows[:, None] * D + d[None, :])
    m = tl.full((BM,), -float("inf"), tl.float32)
    l = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, D), tl.float32)
    end = (program + 1) * BM if CAUSAL else n
    for start in range(0, end, BN):
        keys = start + tl.arange(0, BN)
        of_k = tl.load(k + keys[:, None] * D + d[None, :])
        s = tl.dot(of_q, tl.trans(of_k)) * scale
        if CAUSAL:
            s = tl.where(rows[:, None] >= keys[None, :], s, -float("inf"))
        m_new = tl.maximum(m, tl.max(s, 1))
        alpha = tl.exp(m - m_new)
        p = tl.exp(s - m_new[:, None])
        l = l * alpha + tl.sum(p, 1)
        of_v = tl.load(v + keys[:, None] * D + d[None, :])
        acc = acc * alpha[:, None] + tl.dot(p, of_v)
        m = m_new
    tl.store(o + rows[:, None] * D + d[None, :], acc / l[:, None])


def fused_softmax():
    """V7, V11."""
    x = np.random.default_rng(0).standard_normal((64, 781)).astype(np.float32)
    y = np.zeros_like(x)
    report = softmax[(64,)](x, y, 781, BLOCK=1024, num_warps=4)
    counters = report.counters
    assert not report.faults and report.finished
    assert (counters.ld_bytes, counters.st_bytes) == (199_936, 199_936)
    assert (counters.ld_sectors, counters.st_sectors) == (6304, 6304)
    e = np.exp(x.astype(np.float64))
    assert abs(e / e.sum(1, keepdims=True) - y).max() < 1e-8


def flash_attention():
    """V11: bytes; a program of 128 rows fits an H100 and no A100."""
    n, d = 512, 64
    q, k, v = (np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32) for seed in range(3))

    def launch(rows, causal, preset):
        o = np.zeros((n, d), np.float32)
        report = flash.launch(triton.Cfg((n // rows,), preset=preset), q, k, v, o, n, d**-0.5, d, rows, 64, causal)
        if report.finished:
            scores = q.astype(np.float64) @ k.T * d**-0.5
            weights = np.exp(np.where(np.tri(n, dtype=bool), scores, -np.inf) if causal else scores)
            assert abs(weights / weights.sum(1, keepdims=True) @ v - o).max() < 1e-5
        return report

    a100, h100 = triton.Preset.A100, triton.Preset.H100
    square, causal = launch(64, False, a100), launch(64, True, a100)
    assert not square.faults + causal.faults
    assert (square.counters.ld_bytes, square.counters.ld_sectors) == (2_228_224, 69_632)
    assert causal.counters.ld_bytes == 1_310_720
    assert not launch(128, False, h100).faults
    refused = launch(128, False, a100)
    assert [fault.kind for fault in refused.faults] == [triton.FaultKind.DoesNotFit] and not refused.finished


@triton.jit
def beyond(x, BLOCK: tl.constexpr):
    tl.load(x + tl.arange(0, BLOCK))


def lines():
    """A fault names the kernel's line, and says what the Rust twin says."""
    report = beyond[(1,)](np.zeros(10, np.float32), 16)
    fault = report.fault(triton.FaultKind.OutOfBounds)
    line = beyond.fn.__code__.co_firstlineno + 1
    assert str(fault) == (
        f"twin_facts.py:{line}: program (0, 0, 0) reads x[10] (element 10 of a (16,) tile), but x has 10 elements: the "
        "last block is wider than what is left, so mask every load and store with offs < n"
    ), fault
    assert (fault.times, report.counters.oob, report.counters.ld_bytes) == (6, 6, 40)


@triton.jit
def endless(x):
    while tl.load(x) == 0:
        pass


def ends():
    report = endless.launch(triton.Cfg(1, budget=1_000_000), np.zeros(1, np.float32))
    assert [str(fault.kind) for fault in report.faults] == ["Endless"] and not report.finished
    refused = {(1, 70_000): "a grid of 1 x 70000 x 1 programs is refused", (1 << 22,): "4,194,304 programs are refused"}
    for grid, says in refused.items():
        try:
            beyond[grid](np.zeros(16, np.float32), 16)
        except ValueError as error:
            assert str(error).startswith(says)
        else:
            raise AssertionError("it is accepted")
    assert beyond[(0,)](np.zeros(16, np.float32), 16).counters.launches == 0


def last_uses():
    """Loops, branches and a closure are as before, with the tiles let go after their last use."""
    scale = 2.0

    @triton.jit
    def kernel(x, y, n, B: tl.constexpr = 16):
        offs = tl.arange(0, B)
        v = tl.load(x + offs)
        acc = tl.zeros((B,), tl.float32)
        i = 0
        while i < n:
            if i == 2:
                i += 1
                continue
            w = v * scale
            if i > 3:
                z = w + 1
                acc += z
            else:
                acc += w
            i += 1
        for j in range(3):
            q = acc + j
            if j == 1:
                break
        else:
            q = acc
        a, b = q, [t for t in range(2)]
        tl.store(y + offs, a + b[1])

    x, y = np.arange(16, dtype=np.float32), np.zeros(16, np.float32)
    report = kernel[(1,)](x, y, 6)
    assert (y == 5 * 2 * x + 4).all() and not report.faults

    @triton.jit
    def chain(x):
        offs = tl.arange(0, 64)
        a = tl.load(x + offs)
        b = a + 1
        c = b + 1
        tl.store(x + offs, c + 1)

    # An operand and a result; a, b and c are not all held.
    assert chain[(1,)](np.zeros(64, np.float32)).counters.peak_live_bytes == 2 * 256


for check in (fused_softmax, flash_attention, lines, ends, last_uses):
    check()
