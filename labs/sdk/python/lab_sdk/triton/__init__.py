"""Triton's model of a GPU on one core of this machine: a program works on tiles, and what its loads and stores cost is
counted. Left out: time, threads, and how a compiler lays a tile out; only counts.

    import numpy as np
    from lab_sdk import triton
    from lab_sdk.triton import language as tl

    # z = a x + y: program i owns the i-th block; the last block is partly empty.
    @triton.jit
    def axpy(x, y, z, n, a, BLOCK: tl.constexpr):
        offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        mask = offs < n
        v = tl.load(x + offs, mask=mask, other=0.0) * a + tl.load(y + offs, mask=mask, other=0.0)
        tl.store(z + offs, v, mask=mask)

    x, y, z = np.full(1000, 1, np.float32), np.full(1000, 2, np.float32), np.zeros(1000, np.float32)
    report = axpy[(triton.cdiv(1000, 256),)](x, y, z, 1000, 3.0, BLOCK=256)
    assert not report.faults and (z == 5.0).all()
    assert report.counters.ld_bytes == 2 * 4 * 1000  # what the mask switches off is not read

Kernels are those of Triton, and run there unchanged; a launch here returns what it cost. It is the twin of the Rust
module `lab_sdk::tile`: the same counts and faults, and the same floats.

The model

* A program is one thread block. Its values are tiles of rank 0, 1 or 2; their sides are powers of two, and what is too
  much is masked. They broadcast as NumPy's arrays.
* Control flow is plain Python, the same for the whole program. Elements that part are chosen by tl.where.
* A loaded tile has the type of its buffer. f16 with f16 gives f16, rounded at each operation; with f32 it gives f32; a
  number takes the type of the tile; a quotient is f32. A store converts. Integers do not wrap here.
* tl.dot takes two tiles of one float type and adds up in f32.
* Programs run one after the other, x fastest, and must not need that order: what one stores another may not read.

What is counted

bytes           elements that are on, times the bytes of one, for each load and store
sectors         distinct 32-byte sectors that a load or store touches with all its elements (rule R1 of lab_sdk.simt)
unique sectors  distinct sectors of the launch: what an unlimited cache would read and write
L2              a fully associative LRU of 128-byte lines, cold at the start, fed by each access in the order of
                addresses; a load of a line that is not there is a miss, a store brings its line in (after Triton
                tutorial 03)
live bytes      floats, and what was loaded, from the operation that makes a tile to the last use of it, as Triton's
                compiler has it; operands live while an operation runs. A kernel whose source is not to be had, or with
                `try` or `yield` in it, keeps a tile until its name is bound anew. Offsets and masks are free. Stands in
                for shared memory and registers
flops           2 m n k of each dot

A program whose live tiles exceed the shared memory of a block of the preset does not fit, and the launch ends.
`kernel.launch(Cfg(grid, l2=.., preset=.., budget=.., trace=..), ..)` chooses these.
"""

from ..simt.fault import Place
from ..simt.preset import Preset
from . import language
from .fault import Fault, FaultKind
from .launch import Kernel, TileReport, jit
from .lru import L2, Lru
from .machine import MAX_BUDGET, MAX_PROGRAMS, Cfg, Counters
from .memory import Ptr
from .tile import MAX_ELEMENTS
from .trace import Extent, Part, Touch, Trace


def cdiv(x, y):
    """⌈x / y⌉"""
    return (x + y - 1) // y


def next_power_of_2(n):
    """The smallest power of two that is not below n."""
    return 1 << max(n - 1, 0).bit_length()


__all__ = [
    "Cfg", "Counters", "Extent", "Fault", "FaultKind", "Kernel", "L2", "Lru", "MAX_BUDGET", "MAX_ELEMENTS", "MAX_PROGRAMS",
    "Part", "Place", "Preset", "Ptr", "TileReport", "Touch", "Trace", "cdiv", "jit", "language", "next_power_of_2",
]
