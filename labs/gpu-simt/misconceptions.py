"""Misconceptions as people write them in Python; the trials read this file after solution.py and let one function
take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

# What must be refused is left to the right functions, so that only the mistake differs.
right_occupancy, right_choose = occupancy, choose_launch  # noqa: F821


def rows_along_x(w, x, y, a, rows, cols, pitch):
    """i, j as in a[i][j], with i from x."""
    i = w.bid[0] * w.bdim[0] + w.tx()
    j = w.bid[1] * w.bdim[1] + w.ty()
    with w.if_((i < rows) & (j < cols)):
        at = i * pitch + j
        w.st(y, at, w.ld(y, at) + w.ld(x, at) * a)


def no_guard(w, x, y, a, rows, cols, pitch):
    """The grid is made to fit, is it not?"""
    at = (w.ty() + w.bid[1] * w.bdim[1]) * pitch + (w.tx() + w.bid[0] * w.bdim[0])
    w.st(y, at, w.ld(x, at) * a + w.ld(y, at))


def cols_for_pitch(w, x, y, a, rows, cols, pitch):
    """The pitch is never used."""
    j = w.bid[0] * w.bdim[0] + w.tx()
    i = w.bid[1] * w.bdim[1] + w.ty()
    with w.if_(i < rows):
        with w.if_(j < cols):
            at = i * cols + j
            w.st(y, at, a * w.ld(x, at) + w.ld(y, at))


def sorts_each_warp(kind):
    """np.argsort of 32 at a time."""
    order = []
    for first in range(0, len(kind), 32):
        warp = list(range(first, min(first + 32, len(kind))))
        order += [i for i in warp if kind[i] == 0] + [i for i in warp if kind[i] == 1]
    return order


def forgets_the_reserve(k, sm):
    """Shared memory over shared memory."""
    right_occupancy(k, sm)
    warps = -(-k["threads"] // 32)
    registers = -(-32 * k["regs"] // sm["reg_unit"]) * sm["reg_unit"]
    holds = sm["regs"] // sm["parts"] // registers * sm["parts"] // warps
    shared = -(-k["smem"] // sm["smem_unit"]) * sm["smem_unit"]
    limits = [(sm["warps"] // warps, "warps"), (sm["blocks"], "blocks"), (holds, "registers")]
    if shared:
        limits.append((sm["smem"] // shared, "shared"))
    blocks, limiter = min(limits, key=lambda limit: limit[0])
    return {"blocks": blocks, "warps": blocks * warps, "limiter": limiter}


def always_256(n, work, sm):
    """The block of every tutorial."""
    right_choose(n, work, sm)
    return 256, 1
