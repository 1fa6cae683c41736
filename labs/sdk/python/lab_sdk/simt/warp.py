"""A warp in the hands of a kernel: who it is, and control flow whose lanes may part."""

import sys
from functools import lru_cache

import numpy as np

from . import access, atomic, barrier, mma, shuffle
from .fault import FaultKind
from .integers import U, index_of
from .lanes import NUMBERS, lanes_of
from .now import ALL, W, now
from .reg import merge
from .value import P, V


class Warp:
    """32 threads that run one stream of instructions. A kernel is a function of a Warp and what it works on.

    id    the warp's number in its block
    bid   the block's place in the grid: blockIdx
    bdim  threads of a block: blockDim
    gdim  blocks of the grid: gridDim
    """

    def __init__(self, machine, warp):
        self.machine, self.id = machine, warp
        self.bid, self.bdim, self.gdim = machine.block, machine.cfg.block, machine.cfg.grid

    def lane(self):
        """The lane's number, 0 to 31."""
        return U(numbers(0), now.mask)

    def tid(self):
        """The thread's number in its block: x runs fastest, then y, then z."""
        return U(numbers(self.id * W), now.mask)

    def tx(self):
        """threadIdx.x"""
        return U(numbers(self.id * W, 1, self.bdim[0]), now.mask)

    def ty(self):
        """threadIdx.y"""
        return U(numbers(self.id * W, self.bdim[0], self.bdim[1]), now.mask)

    def tz(self):
        """threadIdx.z"""
        return U(numbers(self.id * W, self.bdim[0] * self.bdim[1]), now.mask)

    def lanemask_lt(self):
        """Bits of the lanes below each lane: %lanemask_lt."""
        return U(((1 << NUMBERS) - 1).astype(np.uint32), now.mask)

    def active(self):
        """Bits of the lanes that are on."""
        return now.mask

    def ld(self, g, i):
        """Reads g[i] in each lane. Beyond the end a lane reads poison."""
        now.left -= 1
        if now.left < 0:
            now.look()
        return access.load(self, g, index_of(i))

    def st(self, g, i, v):
        """Writes g[i] = v in each lane. Beyond the end nothing is written."""
        now.issue()
        at = self.machine.place(sys._getframe(1))
        access.store(self, g, index_of(i), g.of.lanes.value(v), at)

    def ld4(self, g, i):
        """Reads g[i] to g[i + 3] in each lane with one 16-byte access; the address divides by 16. Four `F`."""
        now.issue()
        return access.load_four(self, g, index_of(i))

    def atomic_add(self, g, i, v):
        """Adds `v` to g[i] in each lane and returns what was there before. Lanes that meet at one element take turns:
        each lane is an operation of its own (Counters.atomics), so one lane that adds for the warp is 32 times
        cheaper."""
        now.issue()
        return atomic.atomic_add(self, g, index_of(i), g.of.lanes.value(v))

    def shared(self, name, length, of):
        """Declares an array in shared memory: CUDA's `__shared__ float tile[length]` is `w.shared("tile", length,
        f32)`. Each warp of the block makes the same declarations in the same order, and all of them get the same
        memory. It begins with no value at all."""
        return self.machine.shared.declare(self.id, name, length, of, self.machine.place(sys._getframe(1)))

    def lds(self, s, i):
        """Reads s[i] in each lane."""
        now.left -= 1
        if now.left < 0:
            now.look()
        if i.__class__ is not U:
            i = index_of(i)
        mask = now.mask
        on = mask & i.made
        at = self.machine.place(sys._getframe(1))
        if on == ALL:
            read = s.shared.known(s, i.a, self.id, at)
            if read is not None:
                return s.of.lanes(read, ALL)
        if not mask:
            return s.of.lanes(s.of.poisoned(), 0)
        self.made(mask, i.made, "reads at an index")
        return s.of.lanes(s.shared.load(s, i.a, on, self.id, at), mask)

    def sts(self, s, i, v):
        """Writes s[i] = v in each lane."""
        mask, i, v = now.issue(), index_of(i), s.of.lanes.value(v)
        if mask:
            on = self.made(mask, i.made, "writes at an index")
            self.made(mask, v.made, "writes a value")
            s.shared.store(s, i.a, v.a, on, self.id, self.machine.place(sys._getframe(1)))

    def if_(self, c):
        """`with w.if_(c):` runs the block with the lanes where `c` holds.

        Where it holds in no lane, the block runs without lanes: it issues nothing and changes no memory and no Reg. A
        Python variable that it assigns is poison afterwards, as everywhere after a branch."""
        yes, _ = self.split(c)
        return Side(yes, now.mask, self.machine.place(sys._getframe(1)))

    def if_else(self, c):
        """`then, otherwise = w.if_else(c)`, and after that `with then:` and `with otherwise:`. Where both have lanes,
        the warp pays for both."""
        yes, no = self.split(c)
        at = self.machine.place(sys._getframe(1))
        return Side(yes, now.mask, at), Side(no, now.mask, at)

    def while_(self, c):
        """`for _ in w.while_(lambda: i.get() < n):` repeats the block as long as the condition holds in some lane, with
        the lanes where it has held so far: the warp pays for the lane that stays longest. What the condition reads and
        the block changes is a Reg."""
        return turns(self, c, self.machine.place(sys._getframe(1)))

    def sel(self, c, a, b):
        """`a` where `c` holds, `b` elsewhere: one instruction and no branch."""
        mask, of = now.issue(), next((x.__class__ for x in (a, b) if isinstance(x, V)), None)
        if of is None:
            raise TypeError("w.sel selects between two values, and one of them must have lanes: F.splat(0.0)")
        chosen = merge(of.value(b), of.value(a), c.bits)
        return of(chosen.a, mask & c.made & chosen.made)

    def shfl(self, v, src):
        """The value that lane `src mod 32` holds."""
        now.issue()
        return shuffle.shuffle(self, v, shuffle.source(self, index_of(src)))

    def shfl_xor(self, v, d):
        """The value of lane `lane ^ d`."""
        now.issue()
        return shuffle.shuffle(self, v, shuffle.source_xor(d))

    def shfl_down(self, v, d):
        """The value of lane `lane + d`; the lane's own where there is none."""
        now.issue()
        return shuffle.shuffle(self, v, shuffle.source_down(d))

    def shfl_up(self, v, d):
        """The value of lane `lane - d`; the lane's own where there is none."""
        now.issue()
        return shuffle.shuffle(self, v, shuffle.source_up(d))

    def ballot(self, p):
        """Bit i: lane i is on and `p` holds there."""
        return self.made(now.issue(), p.made, "votes with a condition") & p.bits

    def any(self, p):
        """Whether `p` holds in some lane that is on."""
        return self.ballot(p) != 0

    def all(self, p):
        """Whether `p` holds in all lanes that are on."""
        return self.ballot(p) == now.mask

    def syncwarp(self):
        """Orders memory between the lanes of this warp: what one wrote before, the others may read after."""
        if now.issue():
            self.machine.pass_syncwarp(self.id)

    def sync(self):
        """`yield w.sync()` waits until every warp of the block is here; what they wrote before, all may read after.
        CUDA's `__syncthreads()`. A function of your own with a barrier in it is called with `yield from`."""
        return barrier.sync(self.machine, self.id, self.machine.place(sys._getframe(1)))

    def mma_m16n8k16(self, a, b, c):
        """D = A B + C with A (16 x 16) and B (16 x 8) in `f16` or `bf16` and C, D (16 x 8) in `f32`, by all 32 lanes at
        once.

        With g = lane / 4 and t = lane mod 4, a lane holds (R11, PTX ISA, mma.m16n8k16):
        A: rows g and g + 8, columns 2t, 2t+1 and 2t+8, 2t+9, as [g: 2t.., g+8: 2t.., g: 2t+8.., g+8: 2t+8..];
        B: column g, rows 2t, 2t+1 and 2t+8, 2t+9, as [2t.., 2t+8..];
        C and D: columns 2t, 2t+1 of row g, then of row g + 8.

        Products are exact. They are added to C one after the other, each sum rounded to f32; NVIDIA does not say in
        which order its tensor cores add, nor how they round."""
        now.issue()
        return mma.multiply(self, a, b, c)

    def split(self, c):
        """Issues a branch: the lanes where `c` holds, and the others."""
        if not isinstance(c, P):
            raise TypeError(f"a branch is taken by a condition of 32 lanes, such as i < n, and this is {c!r}")
        before = now.issue()
        if not before:
            return 0, 0
        yes = self.made(before, c.made, "branches on a condition") & c.bits
        no = before & ~yes
        counters = self.machine.counters
        counters.branches += 1
        counters.div_branches += yes != 0 and no != 0
        return yes, no

    def made(self, mask, made, does):
        """The lanes of `mask` that have made the value which they use; the others are a fault."""
        missing = mask & ~made
        if missing:
            self.poisoned(missing, does)
        return mask & made

    def poisoned(self, lanes, does):
        self.machine.counters.poison += lanes.bit_count()
        lane = int(lanes_of(lanes)[0])
        fault = self.machine.fault(FaultKind.Poison, self.machine.here(), lane)
        if fault:
            fault.message = (
                f"lane {lane} of warp {self.id} {does} that it never made: it was switched off when the value was "
                "made. `=` inside w.if_ replaces a Python variable in all 32 lanes; keep it in a Reg, whose set() "
                "writes the lanes that are on"
            )

    def __repr__(self):
        return f"warp {self.id} of block {self.bid}"


class Side:
    """One side of a branch, for `with`: switches its lanes on, and at the end those that were on before."""

    __slots__ = ("lanes", "before", "at")

    def __init__(self, lanes, before, at):
        self.lanes, self.before, self.at = lanes, before, at

    def __enter__(self):
        if now.mask != self.before:
            raise RuntimeError("a side of w.if_else is entered where other lanes are on than where it was asked for")
        now.inside.append(self.at)
        now.set_mask(self.lanes)

    def __exit__(self, *_):
        now.set_mask(self.before)
        now.inside.pop()


def turns(w, c, at):
    """The turns of a `while_`."""
    before, inside, loops = now.mask, now.inside, now.loops
    now.inside, now.loops = inside + [at], loops + [at]
    try:
        while True:
            yes, _ = w.split(c())
            if not yes:
                break
            now.set_mask(yes)
            yield
    finally:
        now.set_mask(before)
        now.inside, now.loops = inside, loops


@lru_cache(maxsize=1 << 12)
def numbers(first, by=1, modulus=1 << 32):
    """(first + lane) / by mod `modulus` of each lane: (32,) uint32"""
    made = ((first + NUMBERS) // by % modulus).astype(np.uint32)
    made.setflags(write=False)
    return made
