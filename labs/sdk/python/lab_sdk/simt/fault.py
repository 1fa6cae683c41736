"""What a kernel did wrong, as a value: where, which warp and lane, and a sentence that says why it is wrong."""

import itertools
import os
from dataclasses import dataclass
from enum import Enum
from typing import Optional


class FaultKind(str, Enum):
    """The kinds of fault; those of the Rust twin, and `DivergentBarrier`, which does not compile there."""

    # A global access beyond the buffer: a load reads poison, a store is dropped.
    OutOfBounds = "OutOfBounds"
    # A shared access beyond the array.
    SharedOutOfBounds = "SharedOutOfBounds"
    # A 16-byte or paired access whose address the size does not divide.
    Misaligned = "Misaligned"
    # A shared word is read that the block has not written.
    Uninitialised = "Uninitialised"
    # A global element is read, of a buffer that was made without values, and nothing has written it.
    GlobalUninitialised = "GlobalUninitialised"
    # A warp reads what another wrote, with no barrier between; and so on.
    ReadAfterWrite = "ReadAfterWrite"
    WriteAfterRead = "WriteAfterRead"
    WriteAfterWrite = "WriteAfterWrite"
    # The same by two lanes of one warp with no `syncwarp` between.
    LaneReadAfterWrite = "LaneReadAfterWrite"
    LaneWriteAfterRead = "LaneWriteAfterRead"
    LaneWriteAfterWrite = "LaneWriteAfterWrite"
    # A global element is read that another block, warp or lane stored, with nothing to order the two.
    GlobalReadAfterWrite = "GlobalReadAfterWrite"
    # A global element is stored twice, with nothing to order the two.
    GlobalWriteAfterWrite = "GlobalWriteAfterWrite"
    # A lane uses a value that was made while the lane was off.
    Poison = "Poison"
    # A shuffle reads a lane that is off.
    ShuffleInactive = "ShuffleInactive"
    # An mma without all 32 lanes.
    PartialMma = "PartialMma"
    # An integer division by zero.
    DivisionByZero = "DivisionByZero"
    # A warp returned while others wait at a barrier. Ends the launch.
    BarrierLeft = "BarrierLeft"
    # Warps wait at different barriers.
    BarrierSplit = "BarrierSplit"
    # A barrier inside w.if_, w.if_else or w.while_. Ends the launch.
    DivergentBarrier = "DivergentBarrier"
    # `w.sync()` without `yield`.
    NotAwaited = "NotAwaited"
    # The kernel yields something that is no barrier. Ends the launch.
    ForeignAwait = "ForeignAwait"
    # The kernel declares more shared memory than the launch gives it. Ends the launch.
    SharedTooSmall = "SharedTooSmall"
    # Two warps declare shared arrays differently. Ends the launch.
    SharedDiffers = "SharedDiffers"
    # The budget of instructions is spent. Ends the launch.
    Endless = "Endless"

    def __str__(self):
        return self.value


@dataclass(frozen=True)
class Place:
    """A line of a kernel: the path as it was compiled; line and column from 1 (column 1 before Python 3.11)."""

    file: str
    line: int
    column: int

    def __str__(self):
        return f"{os.path.basename(self.file)}:{self.line}"


def place_of(code, lasti):
    """The place of the instruction at byte `lasti` of a code object."""
    line, column = code.co_firstlineno, 0
    if hasattr(code, "co_positions"):
        position = next(itertools.islice(code.co_positions(), lasti // 2, None), (None,) * 4)
        line, column = position[0] or line, position[2] or 0
    else:
        line = next((number for start, end, number in code.co_lines() if start <= lasti < end and number), line)
    return Place(code.co_filename, line, column + 1)


@dataclass
class Fault:
    """The first fault of its kind in a launch. `str` gives the place as well.

    block    three numbers;  warp  of the block
    lane     where it is one lane's fault
    array    the buffer or shared array;  index  the element of it
    address  in bytes: of the device for a buffer, in the block's shared memory for an array
    other    the other side of a race
    times    how often it happened, by lane where lanes do it
    """

    kind: FaultKind
    at: Place
    block: tuple
    warp: int
    lane: Optional[int] = None
    message: str = ""
    array: Optional[str] = None
    index: Optional[int] = None
    address: Optional[int] = None
    other: Optional[Place] = None
    times: int = 1

    def __str__(self):
        x, y, z = self.block
        return f"{self.at}, block ({x}, {y}, {z}): {self.message}"
