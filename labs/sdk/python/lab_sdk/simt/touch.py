"""Where the lanes of a shared access reach: which elements, which cells of the history, how many wavefronts. Kernels
use few different lists of indices, so that all are remembered (by shared_memory.py)."""

import numpy as np

from .history import SEVERAL
from .patterns import wavefronts


class Shape:
    """How the lanes of an access lie, relative to the first of them.

    lanes    that are on: (n,)
    at       elements: (n,);  top  the greatest
    cells    of the history, each once, and in `marks` the lane that touches it, or SEVERAL;  distinct  if each has one
    by_cell  lane positions of `cells`, for what each lane does with its cell
    waves    wavefronts: another first lane turns the banks round, and no more
    """

    __slots__ = ("lanes", "at", "top", "cells", "marks", "distinct", "by_cell", "waves")

    def __init__(self, steps, lanes, odd, size, cells_of_word):
        self.lanes, self.at = lanes, steps.astype(np.intp)
        self.top = int(self.at.max()) if steps.size else -1
        offsets = odd + self.at * size
        self.waves = wavefronts(offsets // 4)
        each = max(size * cells_of_word // 4, 1)  # cells that an element lies in
        touched = ((offsets * cells_of_word // 4)[None, :] + np.arange(each)[:, None]).ravel()
        self.cells, self.by_cell, count = np.unique(touched, return_index=True, return_counts=True)
        self.by_cell %= max(steps.size, 1)
        self.distinct = self.cells.size == touched.size
        self.marks = np.where(count > 1, SEVERAL, lanes[self.by_cell]).astype(np.int64)


class Touch:
    """Where the lanes of an access reach, worked out once for each list of indices: its shape, and `at` and `cells`
    counted from the beginning of shared memory; `top` is the greatest index.

    plain   32-bit elements without a bank conflict
    set_in  the block (its time) in which all cells were found written
    """

    __slots__ = ("shape", "at", "cells", "marks", "top", "waves", "plain", "set_in")

    def __init__(self, shape, start, byte, size, cells_of_word):
        self.shape, self.marks, self.waves, self.set_in = shape, shape.marks, shape.waves, 0
        self.plain = shape.waves <= 1 and size == 4
        self.top = start + shape.top
        self.at = shape.at + byte // size
        self.cells = shape.cells + byte // 4 * cells_of_word
