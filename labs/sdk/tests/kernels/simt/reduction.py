"""The sum of an array, eight times: the seven steps of M. Harris, "Optimizing Parallel Reduction in CUDA", and shuffles.
Each block of 256 threads writes the sum of its part."""

from lab_sdk.simt import F, Reg, f32

# Threads of a block.
BLOCK = 256


def interleaved_divergent(w, x, out):
    """1. Every second, fourth, eighth, .. thread adds, so that nearly all warps stay on to the end."""
    t, s = w.tid(), w.shared("s", BLOCK, f32)
    w.sts(s, t, w.ld(x, t + w.bid[0] * BLOCK))
    yield w.sync()
    for d in (1, 2, 4, 8, 16, 32, 64, 128):
        with w.if_((t % (2 * d)).eq(0)):
            add(w, s, t, d)
        yield w.sync()
    write(w, s, out)


def interleaved_strided(w, x, out):
    """2. The same sums by the first threads, side by side: no warp is half on, but the stride meets the banks."""
    t, s = w.tid(), w.shared("s", BLOCK, f32)
    w.sts(s, t, w.ld(x, t + w.bid[0] * BLOCK))
    yield w.sync()
    for d in (1, 2, 4, 8, 16, 32, 64, 128):
        i = t * (2 * d)
        with w.if_(i < BLOCK):
            add(w, s, i, d)
        yield w.sync()
    write(w, s, out)


def sequential(w, x, out):
    """3. The second half is added to the first, so that neighbours touch neighbours."""
    t, s = w.tid(), w.shared("s", BLOCK, f32)
    w.sts(s, t, w.ld(x, t + w.bid[0] * BLOCK))
    yield w.sync()
    yield from halve(w, s, (128, 64, 32, 16, 8, 4, 2, 1))
    write(w, s, out)


def first_add_during_load(w, x, out):
    """4. Each thread adds two elements while it loads: half as many blocks."""
    s = w.shared("s", BLOCK, f32)
    yield from load_two(w, s, x)
    yield from halve(w, s, (128, 64, 32, 16, 8, 4, 2, 1))
    write(w, s, out)


def unroll_last_warp(w, x, out):
    """5. The last 64 sums by one warp, which needs no barrier of the block."""
    s = w.shared("s", BLOCK, f32)
    yield from load_two(w, s, x)
    yield from halve(w, s, (128, 64))
    with w.if_(w.tid() < 32):
        last_warp(w, s)
    write(w, s, out)


def completely_unrolled(w, x, out):
    """6. No loop: the block's size is known to the compiler."""
    s = w.shared("s", BLOCK, f32)
    yield from load_two(w, s, x)
    yield from unrolled(w, s)
    write(w, s, out)


def grid_stride(w, n, x, out):
    """7. Each thread adds many elements while it loads, a whole grid apart. `n` is a multiple of 512."""
    t, s = w.tid(), w.shared("s", BLOCK, f32)
    v = F.splat(0.0)
    for first in range(w.bid[0] * 2 * BLOCK, n, w.gdim[0] * 2 * BLOCK):
        i = t + first
        v = v + (w.ld(x, i) + w.ld(x, i + BLOCK))
    w.sts(s, t, v)
    yield w.sync()
    yield from unrolled(w, s)
    write(w, s, out)


def shuffles(w, x, out):
    """8. Since Kepler: lanes read each other's registers, and shared memory holds one sum of each warp."""
    t, lane, s = w.tid(), w.lane(), w.shared("s", BLOCK // 32, f32)
    v = w.ld(x, t + w.bid[0] * BLOCK)
    for d in (16, 8, 4, 2, 1):
        v = v + w.shfl_down(v, d)
    with w.if_(lane.eq(0)):
        w.sts(s, t // 32, v)
    yield w.sync()
    if w.id == 0:
        part = Reg(F.splat(0.0))
        with w.if_(lane < 8):
            part.set(w.lds(s, lane))
        v = part.get()
        for d in (4, 2, 1):
            v = v + w.shfl_down(v, d)
        with w.if_(lane.eq(0)):
            w.st(out, lane + w.bid[0], v)


def add(w, s, i, d):
    """s[i] = s[i] + s[i + d]"""
    w.sts(s, i, w.lds(s, i) + w.lds(s, i + d))


def load_two(w, s, x):
    """s[t] = x[i] + x[i + 256], and a barrier."""
    t = w.tid()
    i = t + w.bid[0] * (2 * BLOCK)
    w.sts(s, t, w.ld(x, i) + w.ld(x, i + BLOCK))
    yield w.sync()


def halve(w, s, distances):
    """For each `d` the threads below it add; a barrier after each."""
    t = w.tid()
    for d in distances:
        with w.if_(t < d):
            add(w, s, t, d)
        yield w.sync()


def unrolled(w, s):
    """`halve` and `last_warp` without a loop."""
    t = w.tid()
    with w.if_(t < 128):
        add(w, s, t, 128)
    yield w.sync()
    with w.if_(t < 64):
        add(w, s, t, 64)
    yield w.sync()
    with w.if_(t < 32):
        last_warp(w, s)


def last_warp(w, s):
    """The sum of 64 words by 32 lanes. `syncwarp` orders what Harris could take from lockstep, before Volta."""
    t = w.tid()
    v = w.lds(s, t)
    for d in (32, 16, 8, 4, 2, 1):
        v = v + w.lds(s, t + d)
        w.syncwarp()
        w.sts(s, t, v)
        w.syncwarp()


def write(w, s, out):
    """Thread 0 writes the sum of the block."""
    t = w.tid()
    with w.if_(t.eq(0)):
        w.st(out, t + w.bid[0], w.lds(s, t))
