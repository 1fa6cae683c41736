"""Stores to global memory that nothing orders: by two blocks, by two warps with no barrier between, by two lanes with
no `syncwarp` between. Only what comes after a store is looked at; a load that a later store overtakes is not."""

import numpy as np

from .bounds import about
from .fault import FaultKind
from .history import warp_of

ADVICE = {  # (between blocks, store)
    (True, False): "blocks run in any order, so pass values between blocks in a second launch",
    (True, True): "blocks run in any order, so give each its own elements or add with w.atomic_add",
    (False, False): "put yield w.sync() between the write and the read",
    (False, True): "which value stays is not defined, so let one thread write it or add with w.atomic_add",
}


def check_loads(w, g, lanes, i, each):
    """Loads of elements that this launch has stored; `each`: elements of a lane's access."""
    marked = elements(g, i.astype(np.intp), each)
    time = g.buffer.time[marked]
    if np.count_nonzero(time):
        report(w, g, lanes, i, time, g.buffer.who[marked], True, None)


def elements(g, i, each=1):
    """The elements of the buffer, as it was made, that accesses of `each` elements touch: (n, 1 or more)"""
    native = g.buffer.bytes
    if g.of.bytes == native:
        first, many = i + g.start // native if g.start else i, each
    else:
        first, many = g.byte(i) // native, each * g.of.bytes // native
    return first[:, None] if many == 1 else first[:, None] + np.arange(many)


def check_stores(w, g, lanes, i, time, who, changed, at):
    """Stores to elements with these marks, (n, elements of a lane), where they change the value."""
    report(w, g, lanes, i, time, who, changed[:, None], at)


def racing(w, lanes, time, who):
    """Which accesses race with the store of a mark: nothing orders the two, which the lane itself does, or `syncwarp`,
    or a barrier. Between blocks only an atomic does: a block that has done one may have learnt from it that the other
    is finished. Arrays are (n, elements of a lane)."""
    machine = w.machine
    older = time < machine.block_time
    same_warp = warp_of(who) == w.id
    warps = (time >= machine.barrier_time) & ~same_warp
    other_lane = who & 0xFF != lanes[:, None]
    within = (time >= machine.times(w.id).syncwarp) & same_warp & other_lane
    blocks = older & (not machine.atomic_in_block)
    return (time != 0) & np.where(older, blocks, warps | within)


def report(w, g, lanes, i, time, who, counts, at):
    """One fault for each lane that races, with the first of its elements that does; `counts` says where it matters.
    `at` is the place of a store."""
    machine, store = w.machine, at is not None
    races = racing(w, lanes, time, who) & counts
    kind = FaultKind.GlobalWriteAfterWrite if store else FaultKind.GlobalReadAfterWrite
    for k in np.flatnonzero(races.any(1)).tolist():
        machine.counters.hazards_global += 1
        lane, element = int(lanes[k]), int(races[k].argmax())
        fault = machine.fault(kind, at if store else machine.here(), lane)
        if not fault:
            continue
        when, other = int(time[k, element]), int(who[k, element])
        between, name, index = when < machine.block_time, g.buffer.name, int(i[k])
        by = f"lane {other & 0xFF} of the same warp"
        if between:
            by = f"block {machine.block_at(when)}"
        elif warp_of(other) != w.id:
            by = f"warp {warp_of(other)}"
        fault.other = machine.place_at(other >> 16)
        does, also = ("writes", "also wrote") if store else ("reads", "wrote")
        fault.message = (
            f"warp {w.id} {does} {name}[{g.number(index)}] (lane {lane}) that {by} {also} at {fault.other} with "
            f"nothing to order the two: {ADVICE[between, store]}"
        )
        about(fault, g, index)
