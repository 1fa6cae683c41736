"""What pictures of a run are drawn from: which program touched which part of which buffer, in order. Recorded only with
`Cfg.trace`."""

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

# Accesses that are kept at most.
KEPT = 1 << 12
DOES = {"reads": "Read", "writes": "Write", "adds to": "Add"}


@dataclass
class Extent:
    """A buffer: its name and its elements, also those before and behind what a view shows."""

    name: str
    len: int


@dataclass
class Part:
    """A rectangle of a matrix that lies in a buffer row by row: its first element, in the whole buffer; its sides; and
    the elements from a row to the next, which are those of a row of the matrix (`columns` where there is one row)."""

    first: int
    rows: int
    columns: int
    pitch: int


@dataclass
class Touch:
    """One load, store or atomic: the program, the buffer by its number in Trace.buffers, "Read", "Write" or "Add", and
    what it touched; None where the elements form no rectangle: a gather, a triangle."""

    program: tuple
    buffer: int
    does: str
    part: Optional[Part]


@dataclass
class Trace:
    """The accesses of a launch in order; one that a mask switches off as a whole is none. `buffers` are in the order in
    which they were first touched; `cut` says that there were more accesses than are kept."""

    buffers: list = field(default_factory=list)
    accesses: list = field(default_factory=list)
    cut: bool = False


class Recorder:
    """A trace that grows. `bases` has the address of each buffer, which tells it from others of its name."""

    def __init__(self):
        self.trace, self.bases = Trace(), []

    def touch(self, program, access):
        if not access.index.size:
            return
        if len(self.trace.accesses) == KEPT:
            self.trace.cut = True
            return
        buffer = access.buffer
        if buffer.base not in self.bases:
            self.bases.append(buffer.base)
            self.trace.buffers.append(Extent(buffer.name, int(buffer.data.size)))
        number = self.bases.index(buffer.base)
        part = rectangle(access.shape[-1] if access.shape else 1, access.element, access.index)
        self.trace.accesses.append(Touch(tuple(program), number, DOES[access.does], part))


def rectangle(columns, element, index):
    """The Part of these elements, each by its number in a tile of so many columns and in the buffer; or None."""
    row, column = element // columns, element % columns
    high, wide = int(row[-1] - row[0]) + 1, int(column[-1] - column[0]) + 1
    if wide < 1 or high * wide != element.size:
        return None
    down = int(index[wide] - index[0]) if high > 1 else 0
    right = int(index[1] - index[0]) if wide > 1 else 0
    at = np.arange(element.size)
    y, x = at // wide, at % wide
    if not ((row == row[0] + y) & (column == column[0] + x) & (index == index[0] + y * down + x * right)).all():
        return None
    # Steps of 0 repeat elements; those below 0 go backwards.
    first = int(index[0]) + sum(step * (count - 1) for count, step in ((high, down), (wide, right)) if step < 0)
    axes = sorted((abs(step), count) for count, step in ((high, down), (wide, right)) if step)
    if not axes:
        return Part(first, 1, 1, 1)
    (step, inner), *outer = axes
    if not outer:
        return Part(first, 1, inner, inner) if step == 1 else Part(first, inner, 1, step)
    pitch, count = outer[0]
    if step == 1 and pitch >= inner:
        return Part(first, count, inner, pitch)
    return Part(first, inner * count, 1, step) if pitch == step * inner else None
