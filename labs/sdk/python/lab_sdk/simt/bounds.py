"""Global accesses that miss: beyond the end, at an address that the hardware does not take, or before anything is
there."""

import numpy as np

from .fault import FaultKind


def reach(w, g, lanes, i, each, store):
    """The lanes that reach the buffer, with their indices; the others are faults. `each`: elements of a lane's
    access."""
    inside, size, end = [], each * g.of.bytes, max(g.length - (each - 1), 0)
    for k, index in enumerate(i.tolist()):
        if index >= end:
            beyond(w, g, index, int(lanes[k]), store)
        elif g.byte(index) % size:
            misaligned(w, g, index, int(lanes[k]), size)
        else:
            inside.append(k)
    return lanes[inside], i[inside]


def about(fault, g, index):
    fault.array, fault.index, fault.address = g.buffer.name, g.number(index), g.address(index)


def beyond(w, g, index, lane, store):
    w.machine.counters.oob += 1
    fault = w.machine.fault(FaultKind.OutOfBounds, w.machine.here(), lane)
    if not fault:
        return
    name, does = g.buffer.name, "writes" if store else "reads"
    advice = "the grid has more threads than there are elements, so guard the access with `with w.if_(i < n):`"
    if index > 0x7FFF_FFFF:
        advice = f"{index} is {index - (1 << 32)} as a signed number: a subtraction went below 0"
    fault.message = (
        f"warp {w.id} {does} {name}[{g.number(index)}] (lane {lane}), but {name} has {g.number(g.length)} elements: "
        f"{advice}"
    )
    about(fault, g, index)


def misaligned(w, g, index, lane, size):
    fault = w.machine.fault(FaultKind.Misaligned, w.machine.here(), lane)
    if not fault:
        return
    fault.message = (
        f"warp {w.id} touches {size} bytes of {g.buffer.name} at address {g.address(index):#x} (lane {lane}), which "
        f"{size} does not divide: a GPU stops the kernel there, so make the index a multiple of "
        f"{size // g.buffer.bytes}"
    )
    about(fault, g, index)


def unset(w, g, lanes, i, bits):
    """Loads of elements that have no value: poison in a buffer that was made without."""
    for k in np.flatnonzero(bits.view(np.uint32) == g.of.poison).tolist():
        unset_lane(w, g, int(i[k]), int(lanes[k]))


def unset_lane(w, g, index, lane):
    w.machine.counters.uninit_global += 1
    fault = w.machine.fault(FaultKind.GlobalUninitialised, w.machine.here(), lane)
    if not fault:
        return
    name = g.buffer.name
    fault.message = (
        f"warp {w.id} reads {name}[{g.number(index)}] (lane {lane}) that nothing has written: memory of a GPU begins "
        f"with whatever was there before, so write {name} before it is read, or add up in a register"
    )
    about(fault, g, index)
