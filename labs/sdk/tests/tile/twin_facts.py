"""What is Python's own in the twin: lines of kernels, and where tiles end."""

import numpy as np
from lab_sdk import triton
from lab_sdk.triton import language as tl


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


for check in (lines, ends, last_uses):
    check()
