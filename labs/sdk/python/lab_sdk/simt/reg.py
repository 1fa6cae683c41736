"""A register that is written under a mask: what a variable of a CUDA thread is."""

import numpy as np

from .lanes import bools_of
from .now import ALL, now
from .value import V


class Reg:
    """A variable of the kernel that branches may change: `set` writes the lanes that are on and keeps the others."""

    __slots__ = ("value",)

    def __init__(self, value):
        if not isinstance(value, V):
            raise TypeError("a Reg begins with a value of 32 lanes: Reg(F.splat(0.0)), Reg(w.lane())")
        self.value = value

    def get(self):
        """All 32 lanes. A move is no instruction."""
        return self.value

    def set(self, value):
        """Writes the lanes that are on. A move is no instruction."""
        new = self.value.value(value)
        self.value = new if now.mask == ALL else merge(self.value, new, now.mask)

    def __repr__(self):
        return repr(self.value)


def merge(old, new, on):
    """`new` where `on` has a one, `old` elsewhere."""
    made = old.made & ~on | new.made & on
    return old.__class__(np.where(bools_of(on), new.a, old.a), made)
