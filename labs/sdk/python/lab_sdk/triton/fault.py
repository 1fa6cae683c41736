"""What a program did wrong, as a value: where, which program and element, and a sentence that says why it is wrong."""

import sys
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from ..simt.fault import Place, place_of


class FaultKind(str, Enum):
    """The kinds of fault; those of the Rust twin."""

    # An access beyond the buffer that no mask switches off: a load reads NaN, a store is dropped.
    OutOfBounds = "OutOfBounds"
    # An element is read, of a buffer that was made without values, and nothing has written it.
    Uninitialised = "Uninitialised"
    # A program reads what another stored in this launch.
    ReadAfterWrite = "ReadAfterWrite"
    # Two programs, or two elements of one store, write different values to one place.
    WriteAfterWrite = "WriteAfterWrite"
    # An integer division by zero, which gives 0.
    DivisionByZero = "DivisionByZero"
    # A dot adds up in less than f32. It goes on, and rounds.
    Accumulator = "Accumulator"
    # A side of a tile that is no power of two. Ends the launch, as do all that follow.
    NotPowerOfTwo = "NotPowerOfTwo"
    # A tile with more elements than Triton takes.
    TooLarge = "TooLarge"
    # Shapes that do not broadcast, or that a dot cannot multiply.
    Shape = "Shape"
    # A tile of the wrong rank, or an axis that is not there.
    Rank = "Rank"
    # Elements of a type that the operation does not take.
    Dtype = "Dtype"
    # The live tiles of a program take more than a block of the preset may have.
    DoesNotFit = "DoesNotFit"
    # The budget of work is spent.
    Endless = "Endless"

    def __str__(self):
        return self.value


@dataclass
class Fault:
    """The first fault of its kind in a launch. `str` gives the place as well.

    program  three numbers
    element  of the tile, counted row by row, where it is one element's fault
    array    the buffer;  index  the element of it;  address  its byte address on the device
    times    how often it happened, by element where elements do it
    """

    kind: FaultKind
    message: str
    at: Place
    program: tuple
    element: Optional[int] = None
    array: Optional[str] = None
    index: Optional[int] = None
    address: Optional[int] = None
    times: int = 1

    def __str__(self):
        return f"{self.at}: {self.message}"


def here():
    """The kernel's line: the innermost that is not of this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(__package__):
        frame = frame.f_back
    return place_of(frame.f_code, frame.f_lasti)


def commas(n):
    return f"{n:,}"
