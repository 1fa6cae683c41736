"""The tensor core's instruction: a 16 x 16 matrix times a 16 x 8 matrix, spread over the registers of a warp."""

import numpy as np

from .fault import FaultKind
from .floats import F
from .halves import LOW, SIXTEEN
from .lanes import NUMBERS
from .now import ALL, now

GROUP, THREAD = NUMBERS // 4, NUMBERS % 4


def multiply(w, a, b, c):
    """D = A B + C; see Warp.mma_m16n8k16."""
    mask = now.mask
    if not mask:
        return [F(v.a, 0) for v in c]
    w.machine.counters.mma += 1
    if mask != ALL:
        partial(w, mask)
    for v in (*a, *b):
        mask &= v.made
    if mask != ALL:
        # A missing element of A spoils a row of D, one of B a column: all of D is poison, and its use a fault.
        return [F(v.a, 0) for v in c]
    rows = np.zeros((16, 16), np.float32)  # A by row
    columns = np.zeros((16, 8), np.float32)  # B by row
    for half, shift in enumerate((np.uint32(0), SIXTEEN)):
        for i, v in enumerate(a):
            rows[GROUP + i % 2 * 8, 2 * THREAD + half + i // 2 * 8] = v.half.wide(v.a >> shift & LOW)
        for i, v in enumerate(b):
            columns[2 * THREAD + half + i * 8, GROUP] = v.half.wide(v.a >> shift & LOW)
    out = np.zeros((16, 8), np.float32)
    for i, v in enumerate(c):
        out[at_out(i)] = v.a
    for k in range(16):
        out += rows[:, k, None] * columns[k]
    return [F(out[at_out(i)], v.made) for i, v in enumerate(c)]


def at_out(i):
    """Row and column of register i of C and D, by lane."""
    return GROUP + i // 2 * 8, 2 * THREAD + i % 2


def partial(w, mask):
    fault = w.machine.fault(FaultKind.PartialMma, w.machine.here())
    if fault:
        fault.message = (
            f"mma_m16n8k16 of warp {w.id} runs with {mask.bit_count()} of 32 lanes: the matrices lie in the registers "
            "of all of them, so take it out of if_"
        )
