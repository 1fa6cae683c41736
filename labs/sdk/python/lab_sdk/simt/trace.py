"""What pictures of a run are drawn from: who was on at each instruction, and the first access that cost too much.
Recorded only with `Cfg.trace`."""

from dataclasses import dataclass, field
from typing import Optional

from .fault import Place

# Instructions that are kept at most.
KEPT = 1 << 16


@dataclass
class Issue:
    """One warp instruction: the warp, the file's number in Trace.files, line, column; bit i of mask: lane i was on."""

    warp: int
    file: int
    line: int
    column: int
    mask: int


@dataclass
class LaneAccess:
    """What one lane touched: the element; its byte address, of the device or in the block's shared memory; the sector
    (address / 32), or the bank ((address / 4) mod 32)."""

    lane: int
    index: int
    address: int
    unit: int


@dataclass
class Surplus:
    """An access that costs more than it must: `cost` sectors or wavefronts, where as many different elements side by
    side would cost `least`."""

    at: Place
    block: tuple
    warp: int
    array: str
    store: bool
    cost: int
    least: int
    lanes: list


@dataclass
class Trace:
    """The run of block (0, 0, 0), and the first costly accesses of any block: `global_`, with more sectors than its
    bytes need, and `shared`, with more than one wavefront. `cut` says that there were more instructions than are
    kept."""

    files: list = field(default_factory=list)
    issues: list = field(default_factory=list)
    cut: bool = False
    global_: Optional[Surplus] = None
    shared: Optional[Surplus] = None

    def issue(self, place, warp, mask):
        if len(self.issues) == KEPT:
            self.cut = True
            return
        if place.file not in self.files:
            self.files.append(place.file)
        self.issues.append(Issue(warp, self.files.index(place.file), place.line, place.column, mask))
