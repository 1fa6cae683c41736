"""Published facts on the Python API, with the kernels of facts.rs; and every mistake that is named, with those of the
Rust tests. The Rust tests compare the numbers and the sentences."""

import numpy as np

from lab_sdk import simt
from lab_sdk.simt import (
    Cfg, F, FaultKind, G, H2, Order, Preset, U, bf16, f16, f32, launch, occupancy, u32,
)


def facts():
    """Each fact by its number in the curriculum, and the sentence of each kind of fault."""
    return {
        "V1": [coalescing(*case) for case in ((0, 1), (1, 1), (8, 1), (0, 2), (0, 8), (0, 32))],
        "V4 without barriers": reduction_without_barriers(),
        "V5": [conflicts(stride) for stride in (1, 2, 3, 4, 8, 16, 32, 33)],
        "V6": [product(of) for of in (f16, bf16)],
        "V10": [occupied(*case) for case in ((256, 64, 0), (1024, 65, 0), (128, 64, 48 * 1024))],
        "curves": curves(),
        "racy": [racy(seed) for seed in range(8)],
        "faults": [mistake() for mistake in MISTAKES],
        "refused": [refusal(cfg) for cfg in REFUSED],
    }


def ramp(n):
    return [float(i % 17) for i in range(n)]


def in_order(warps, words):
    return Cfg((1, 1, 1), (32 * warps, 1, 1), smem_bytes=4 * words, order=Order.ByNumber)


def clean(report):
    assert not report.faults, report.faults[0]
    return report.counters


def coalescing(offset, stride):
    x = G("x", ramp(2048))
    c = clean(launch(Cfg(), lambda w: unused(w.ld(x, w.lane() * stride + offset))))
    return [c.gld_sectors, c.gld_lines]


def unused(_):
    """A kernel returns nothing."""


def reduction_without_barriers():
    x, out = G("x", ramp(256)), G.poisoned("out", 1)
    cfg = Cfg((1, 1, 1), (256, 1, 1), smem_bytes=1024, order=Order.ByNumber)
    c = launch(cfg, racing_sum, x, out).counters
    return [c.hazards_inter, c.hazards_intra, int(out.to_vec().view(np.uint32)[0])]


def racing_sum(w, x, out):
    t, s = w.tid(), w.shared("s", 256, f32)
    w.sts(s, t, w.ld(x, t))
    for d in (128, 64, 32, 16, 8, 4, 2, 1):
        with w.if_(t < d):
            w.sts(s, t, w.lds(s, t) + w.lds(s, t + d))
    with w.if_(t.eq(0)):
        w.st(out, t, w.lds(s, t))


def conflicts(stride):
    def kernel(w):
        s = w.shared("s", 2048, f32)
        w.sts(s, w.lane() * stride, 1.0)
        w.lds(s, w.lane() * stride)

    c = clean(launch(Cfg(smem_bytes=8192), kernel))
    return [c.sst_waves, c.sld_waves]


def product(of):
    a, b = [(v * 7) % 11 - 5.0 for v in range(256)], [(v * 5) % 9 - 4.0 for v in range(128)]
    d = G.poisoned("d", 128)
    clean(launch(Cfg(), multiply, G("a", a, of), G("b", b, of), d))
    return d.to_vec().tolist()


def multiply(w, a, b, d):
    g, t = w.lane() // 4, w.lane() % 4 * 2
    pair = simt.H2 if a.of is f16 else simt.B2

    def at_a(row, column):
        return w.ld(a.pairs(), ((g + row) * 16 + t + column) // 2)

    def at_b(row):
        low, high = (w.ld(b, (t + (row + i)) * 8 + g) for i in (0, 1))
        return pair.join(low, high)

    fragments = [at_a(0, 0), at_a(8, 0), at_a(0, 8), at_a(8, 8)]
    out = w.mma_m16n8k16(fragments, [at_b(0), at_b(8)], [F.splat(0.0)] * 4)
    for i, v in enumerate(out):
        w.st(d, (g + i // 2 * 8) * 8 + t + i % 2, v)


def occupied(threads, registers, shared):
    o = occupancy(Preset.A100.sm(), threads, registers, shared)
    return [o.blocks, round(o.fraction * 100, 2), o.limit]


def curves():
    """Bits of exp, exp2, ln, log2 and tanh, where libraries may differ in the last ones."""
    x, y = G("x", (np.arange(320) / 16 + 1 / 32).astype(np.float32)), G.poisoned("y", 5 * 320)

    def kernel(w):
        for start in range(0, 320, 32):
            v = w.ld(x, w.lane() + start)
            for k, curve in enumerate((v.exp(), v.exp2(), v.ln(), v.log2(), v.tanh())):
                w.st(y, w.lane() + (320 * k + start), curve)

    clean(launch(Cfg(), kernel))
    return y.to_vec().view(np.uint32).tolist()


def racy(seed):
    """Each warp adds to what it finds: the result depends on who comes when, and so on the seed."""
    y = G.poisoned("y", 4 * 128)
    launch(Cfg((4, 1, 1), (128, 1, 1), seed=seed, smem_bytes=128), racing, y)
    return y.to_vec().view(np.uint32).tolist()


def racing(w, y):
    s = w.shared("s", 32, f32)
    w.sts(s, w.lane(), (w.tid() // 32).to_f32())
    yield w.sync()
    w.sts(s, w.lane(), w.lds(s, w.lane()) * 3.0 + (w.tid() // 32).to_f32())
    yield w.sync()
    w.st(y, w.tid() + w.bid[0] * w.bdim[0], w.lds(s, w.lane()))


def refusal(cfg):
    try:
        launch(cfg, lambda w: None)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{cfg} is not refused")


REFUSED = [
    Cfg((1, 1, 1), (33, 32, 1)),
    Cfg((1_000_000, 1, 1), (1000, 1, 1)),
    Cfg((1, 70_000, 1), (32, 1, 1)),
    Cfg((0, 1, 1), (256, 1, 1)),
    Cfg(smem_bytes=200_000),
    Cfg((1, 1, 1), (1024, 1, 1), regs_per_thread=65),
    Cfg(regs_per_thread=256),
    Cfg(budget=1_000_000_000_000),
]


def told(cfg, kernel, kind):
    """Kind and sentence of a fault that must be there."""
    fault = launch(cfg, kernel).fault(kind)
    assert fault, kind
    return [kind, fault.message]


def barrier_left():
    def kernel(w):
        if w.id == 2:
            return
        yield w.sync()

    return told(in_order(4, 0), kernel, FaultKind.BarrierLeft)


def barrier_split():
    def kernel(w):
        if w.id == 0:
            yield w.sync()
            return
        yield w.sync()

    return told(in_order(2, 0), kernel, FaultKind.BarrierSplit)


def not_awaited():
    return told(in_order(1, 0), lambda w: unused(w.sync()), FaultKind.NotAwaited)


def foreign_await():
    def kernel(w):
        unused(w.lane() + 1)
        yield

    return told(in_order(2, 0), kernel, FaultKind.ForeignAwait)


def divergent_barrier():
    def kernel(w):
        with w.if_(w.lane() < 7):
            yield w.sync()

    return told(in_order(1, 0), kernel, FaultKind.DivergentBarrier)


def shared_too_small():
    def kernel(w):
        w.shared("left", 1000, f32)
        w.shared("right", 1000, f32)

    return told(in_order(1, 1024), kernel, FaultKind.SharedTooSmall)


def shared_differs():
    def kernel(w):
        w.shared("right" if w.id else "left", 100 - w.id, f32)

    return told(in_order(2, 1024), kernel, FaultKind.SharedDiffers)


def endless_while():
    def kernel(w):
        i = w.lane()
        for _ in w.while_(lambda: i < 7):
            unused(i + 1)

    cfg = in_order(2, 32)
    cfg.budget = 1_000_000
    return told(cfg, kernel, FaultKind.Endless)


def endless_loop():
    def kernel(w):
        while True:
            yield w.sync()

    cfg = in_order(1, 32)
    cfg.budget = 3200
    return told(cfg, kernel, FaultKind.Endless)


def partial_mma():
    def kernel(w):
        zero = F.splat(0.0)
        h = H2.pack(zero, zero)
        with w.if_(w.lane() < 8):
            w.mma_m16n8k16([h] * 4, [h] * 2, [zero] * 4)

    return told(Cfg(), kernel, FaultKind.PartialMma)


def assignment_in_a_branch():
    y = G.poisoned("y", 32)

    def kernel(w):
        v = F.splat(0.0)
        with w.if_(w.lane() < 5):
            v = F.splat(1.0)
        w.st(y, w.lane(), v * 2.0)

    return told(Cfg(), kernel, FaultKind.Poison)


def last_of_several():
    """A vote, a shuffle from a lane that is off, and an index below zero."""
    x, y = G("x", ramp(32)).offset(8), G.poisoned("y", 32, u32)

    def kernel(w):
        with w.if_(w.lane() < 16):
            unused(w.shfl_down(w.lane(), 13))
        assert w.ballot(w.lane() < 16) == 0xFFFF and w.any(w.lane().eq(3)) and not w.all(w.lane() < 31)
        w.st(y, w.lane(), U.splat(7))
        w.ld(x, w.lane() - 1)

    return told(Cfg(), kernel, FaultKind.OutOfBounds)


MISTAKES = [
    barrier_left, barrier_split, not_awaited, foreign_await, divergent_barrier, shared_too_small, shared_differs,
    endless_while, endless_loop, partial_mma, assignment_in_a_branch, last_of_several,
]
