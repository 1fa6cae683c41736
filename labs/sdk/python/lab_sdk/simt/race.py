"""The sentences about races and words that were never written."""

from .fault import FaultKind
from .history import SEVERAL, warp_of

# Which counter a kind of fault adds to.
COUNTERS = {
    "Uninitialised": "uninit_smem",
    "ReadAfterWrite": "hazards_inter",
    "WriteAfterRead": "hazards_inter",
    "WriteAfterWrite": "hazards_inter",
    "LaneReadAfterWrite": "hazards_intra",
    "LaneWriteAfterRead": "hazards_intra",
    "LaneWriteAfterWrite": "hazards_intra",
}

UNSET = (
    "warp {warp} reads {element} (lane {lane}) that no thread of this block has written: shared memory begins with "
    "whatever the last block left there, so write it first, with zeros where there is no data"
)
MESSAGES = {
    "Uninitialised": UNSET,
    "ReadAfterWrite": (
        "warp {warp} reads {element} (lane {lane}) that warp {other} wrote at {line} with no barrier between: put "
        "yield w.sync() between the write and the read"
    ),
    "WriteAfterRead": (
        "warp {warp} writes {element} (lane {lane}) that warp {other} read at {line} with no barrier between: warp "
        "{other} may still need the old value, so put yield w.sync() between the read and the write"
    ),
    "WriteAfterWrite": (
        "warp {warp} writes {element} (lane {lane}) that warp {other} wrote at {line} with no barrier between: which "
        "value stays depends on who comes last, so give each its own element or put yield w.sync() between"
    ),
    "LaneReadAfterWrite": (
        "lane {lane} of warp {warp} reads {element} that {others} wrote at {line} with no w.syncwarp() between: since "
        "Volta the lanes of a warp need not run in step, so put w.syncwarp() between the write and the read"
    ),
    "LaneWriteAfterRead": (
        "lane {lane} of warp {warp} writes {element} that {others} read at {line} with no w.syncwarp() between: since "
        "Volta the lanes of a warp need not run in step, so put w.syncwarp() between the read and the write"
    ),
    "LaneWriteAfterWrite": (
        "lane {lane} of warp {warp} writes {element} that {others} wrote at {line} with no w.syncwarp() between: which "
        "of the two values stays is not defined, so give each lane its own element"
    ),
}


def tell(machine, clash, at, lane, warp, element):
    """Counts a clash and records its fault. `clash` is (kind, the other side's who), `element` (array, index,
    address)."""
    kind, who = clash
    counter = COUNTERS[kind]
    setattr(machine.counters, counter, getattr(machine.counters, counter) + 1)
    fault = machine.fault(FaultKind[kind], at, lane)
    if not fault:
        return
    fault.array, fault.index, fault.address = element
    words = {"warp": warp, "lane": lane, "element": f"{fault.array}[{fault.index}]"}
    if who is not None:
        fault.other = machine.place_at(who >> 16)
        one = who & 0xFF
        others = "other lanes" if one == SEVERAL else f"lane {one}"
        words.update(other=warp_of(who), others=others, line=fault.other)
    fault.message = MESSAGES[kind].format(**words)
