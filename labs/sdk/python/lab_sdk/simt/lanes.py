"""Masks as lane numbers and as booleans, and back. Kernels use few different masks, so that all are remembered."""

import numpy as np

from .now import W

NUMBERS = np.arange(W, dtype=np.intp)
NUMBERS.setflags(write=False)

_LANES, _BOOLS, _BITS = {}, {}, {}
# More than these are forgotten: masks that data decide could be many.
MOST = 1 << 14


def lanes_of(mask):
    """The lanes whose bit is one, rising: (n,) intp"""
    lanes = _LANES.get(mask)
    if lanes is None:
        lanes = remember(_LANES, mask, np.flatnonzero(bools_of(mask)))
    return lanes


def bools_of(mask):
    """A boolean for each lane: (32,)"""
    bools = _BOOLS.get(mask)
    if bools is None:
        bools = remember(_BOOLS, mask, (mask >> NUMBERS & 1).astype(bool))
    return bools


def bits_of(bools):
    """The mask of 32 booleans."""
    raw = bools.tobytes()
    bits = _BITS.get(raw)
    if bits is None:
        packed = np.packbits(bools, bitorder="little").tobytes()
        bits = remember(_BITS, raw, int.from_bytes(packed, "little"))
    return bits


def mask_of(lanes):
    """The mask of these lane numbers."""
    return sum(1 << int(lane) for lane in lanes)


def remember(table, key, value):
    """Puts `value` into a table that is emptied when it has grown large."""
    if len(table) >= MOST:
        table.clear()
    table[key] = value
    return value
