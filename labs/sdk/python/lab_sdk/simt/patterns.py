"""What an access costs: rules R1 (sectors of global memory) and R4 (wavefronts of shared memory). Both depend on where
the lanes lie relative to each other, and kernels use few different patterns, so that all are remembered."""

import numpy as np

from .lanes import remember

SECTOR, LINE, BANKS = 32, 128, 32


class Pattern:
    """How the indices of an access lie, relative to the first.

    low, top  the least and the greatest, as signed numbers
    distinct  whether no two are equal
    """

    __slots__ = ("steps", "low", "top", "distinct", "costs")

    def __init__(self, steps):
        self.steps = steps.astype(np.int64)
        self.low, self.top = int(self.steps.min()), int(self.steps.max())
        self.distinct = np.unique(self.steps).size == self.steps.size
        self.costs = {}

    def cost(self, first, width):
        """(sectors, lines) of elements that lie `width` bytes apart, the first at byte offset `first`. A buffer begins
        at a multiple of 256 and no element straddles a sector, so that the offset serves as the address, and only its
        place in a line counts."""
        key = (first % LINE, width)
        cost = self.costs.get(key)
        if cost is None:
            offsets = first % LINE + self.steps * width
            cost = (np.unique(offsets // SECTOR).size, np.unique(offsets // LINE).size)
            remember(self.costs, key, cost)
        return cost


_PATTERNS = {}


def pattern_of(index):
    """The pattern of indices, (n,) uint32, n > 0."""
    steps = index - index[0]
    key = steps.tobytes()
    pattern = _PATTERNS.get(key)
    if pattern is None:
        pattern = remember(_PATTERNS, key, Pattern(steps.view(np.int32)))
    return pattern


def wavefronts(words):
    """Wavefronts of a shared access to these words (byte address / 4): the most distinct words in one bank."""
    if words.size == 0:
        return 0
    return int(np.bincount(np.unique(words) % BANKS).max())
