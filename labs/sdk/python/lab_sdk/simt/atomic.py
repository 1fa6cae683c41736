"""Atomic addition on global memory. The lanes of a warp add one after the other, in an order drawn from the seed."""

import numpy as np

from .access import where
from .bounds import beyond, unset_lane
from .now import W, now
from .value import f32, i32, u32


def atomic_add(w, g, index, value):
    """Adds in each lane, and gives what was there before."""
    if g.of not in (f32, u32, i32):
        raise TypeError(f"w.atomic_add adds f32, u32 or i32, and {g!r} holds {g.of}")
    mask, out = now.mask, g.of.poisoned()
    if not mask:
        return g.of.lanes(out, 0)
    machine = w.machine
    on = w.made(mask, index.made, "adds at an index")
    w.made(mask, value.made, "adds a value")
    machine.atomic_in_block = True
    lanes, i, pattern = where(index.a, on)
    machine.counters.atomics += lanes.size
    start, step = machine.lane_order(lanes.size)
    if pattern is not None and pattern.distinct and not g.buffer.blank and i.max() < g.length:
        place = i.astype(np.intp)
        out[lanes] = g.data[place]
        g.data[place] += value.a[lanes]
        return g.of.lanes(out, mask)
    for lane in ((start + k * step) % W for k in range(W)):
        if not on >> lane & 1:
            continue
        at = int(index.a[lane])
        if at >= g.length:
            beyond(w, g, at, lane, True)
            continue
        out[lane] = g.data[at]
        if g.buffer.blank and int(out[lane : lane + 1].view(np.uint32)[0]) == g.of.poison:
            unset_lane(w, g, at, lane)
        g.data[at : at + 1] += value.a[lane : lane + 1]
    return g.of.lanes(out, mask)
