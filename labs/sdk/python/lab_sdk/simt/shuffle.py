"""Shuffles: a lane reads a register of another lane, without memory."""

import numpy as np

from .fault import FaultKind
from .lanes import NUMBERS, bits_of, bools_of
from .now import ALL, W, now


def source(w, src):
    """From lane `src mod 32`; from itself where there is no lane number."""
    on = w.made(now.mask, src.made, "shuffles from a lane number")
    return np.where(bools_of(on), src.a % np.uint32(W), NUMBERS).astype(np.intp)


def source_xor(d):
    return (NUMBERS ^ d) % W


def source_down(d):
    """From `lane + d`; from itself where there is none."""
    return np.where(NUMBERS + min(d, W) < W, NUMBERS + min(d, W), NUMBERS)


def source_up(d):
    """From `lane - d`; from itself where there is none."""
    return np.where(NUMBERS >= d, NUMBERS - min(d, W), NUMBERS)


def shuffle(w, v, source):
    """Each lane's value of the lane `source`, (32,)."""
    mask = now.mask
    if not mask:
        return v.__class__(v.a, 0)
    w.machine.counters.shfl += 1
    have = mask & v.made
    if mask != ALL:
        off = bools_of(mask) & ~bools_of(mask)[source]
        for lane in np.flatnonzero(off).tolist():
            switched_off(w, lane, int(source[lane]))
    if have != ALL:
        have = mask & bits_of(bools_of(have)[source])
    return v.__class__(v.a[source], have)


def switched_off(w, lane, other):
    w.machine.counters.shfl_inactive += 1
    fault = w.machine.fault(FaultKind.ShuffleInactive, w.machine.here(), lane)
    if fault:
        fault.message = (
            f"lane {lane} of warp {w.id} reads lane {other} in a shuffle, but lane {other} is switched off: what it "
            "gets is not defined, so shuffle first and branch after"
        )
