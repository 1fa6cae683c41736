"""The state of one launch: counts, faults, live tiles, the cache. It lies in `now.machine` because an operator such as
`a + b` has no program in its hands."""

from dataclasses import dataclass
from itertools import count
from typing import Optional

from ..simt.preset import Preset
from .fault import Fault, FaultKind, commas, here
from .lru import L2, Lru
from .trace import Recorder

# More programs than these in one launch are refused.
MAX_PROGRAMS = 1 << 21
MAX_BUDGET = 100_000_000_000
# What an operation costs of the budget, however small its tile is.
WORK_OF_OPERATION = 1000
# A program that holds so many times what fits is stopped at once, not only when it ends.
HOPELESS = 16

LAUNCHES = count(1)


@dataclass
class Cfg:
    """A launch: `kernel[grid](..)`, and what to watch.

    grid    programs in x, y, z; an empty grid launches nothing
    l2      the cache whose misses are counted
    preset  the GPU whose shared memory a program must fit into
    budget  work after which the launch is stopped, so that an endless loop ends: an operation is 1,000 and one more for
            each element that it makes; a dot is m n k
    trace   whether the report carries a Trace
    """

    grid: tuple = (1, 1, 1)
    l2: Optional[L2] = None
    preset: Preset = Preset.A100
    budget: int = 4_000_000_000
    trace: bool = False

    def __post_init__(self):
        grid = (self.grid,) if isinstance(self.grid, int) else tuple(self.grid)
        self.grid = tuple(int(side) for side in grid) + (1,) * (3 - len(grid))

    def programs(self):
        x, y, z = self.grid
        return x * y * z

    def check(self):
        """Refuses what a GPU would not launch, and what would not end here: a ValueError.

        Limits of a grid: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"."""
        x, y, z = self.grid
        if min(self.grid) < 0:
            raise ValueError(f"a grid of {x} x {y} x {z} programs is refused: a side is below 0")
        if x > 2**31 - 1 or y > 65_535 or z > 65_535:
            raise ValueError(f"a grid of {x} x {y} x {z} programs is refused: the most are 2,147,483,647 in x and "
                             f"65,535 in y and z")
        if self.programs() > MAX_PROGRAMS:
            raise ValueError(f"{commas(self.programs())} programs are refused: this simulator runs at most "
                             f"{commas(MAX_PROGRAMS)} a launch; give each a larger block")
        line = self.l2.line if self.l2 else 128
        if line < 32 or line & (line - 1):
            raise ValueError(f"an L2 with lines of {line} bytes is refused: a line is a power of two, and at least a "
                             f"sector of 32 bytes")
        if self.budget > MAX_BUDGET:
            raise ValueError(f"a budget of {commas(self.budget)} is refused: the most is {commas(MAX_BUDGET)}")


@dataclass
class Counters:
    """Sums over a launch, or over several (`a += b`). The rules are those of the package.

    launches         an empty grid is none
    programs         that ran
    loads, stores    of a tile
    atomics          elements that were added atomically
    ld_bytes         of the elements that loads and atomics asked for; those that a mask switches off are not
    st_bytes         that stores and atomics wrote
    ld_sectors       32-byte sectors that each load and atomic touched
    st_sectors       32-byte sectors that each store and atomic touched
    unique_sectors   different ones: times 32, the traffic that no order of programs avoids
    l2_misses        128-byte lines that a load or atomic did not find in the L2; 0 without one
    dot_flops        2 m n k of each dot
    peak_live_bytes  the most bytes of tiles that one program held at once
    oob              elements that were read or written beyond the end of a buffer
    """

    launches: int = 0
    programs: int = 0
    loads: int = 0
    stores: int = 0
    atomics: int = 0
    ld_bytes: int = 0
    st_bytes: int = 0
    ld_sectors: int = 0
    st_sectors: int = 0
    unique_sectors: int = 0
    l2_misses: int = 0
    dot_flops: int = 0
    peak_live_bytes: int = 0
    oob: int = 0

    def __iadd__(self, other):
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, max(mine, value) if name == "peak_live_bytes" else mine + value)
        return self


class Stop(BaseException):
    """What a stopped kernel unwinds with; no Exception, so that a kernel does not catch it."""


class Now:
    """The machine that runs now; none outside of a launch."""

    machine = None


now = Now()


class Machine:
    """One launch."""

    def __init__(self, cfg):
        self.cfg, self.serial = cfg, next(LAUNCHES)
        self.counters, self.faults = Counters(), []
        self.l2 = Lru(cfg.l2.bytes // cfg.l2.line) if cfg.l2 else None
        self.trace = Recorder() if cfg.trace else None
        self.program, self.number = (0, 0, 0), 0
        # Stores so far; whether the program has done an atomic.
        self.stores, self.atomic = 0, False
        self.left = cfg.budget
        self.live = self.peak = 0
        self.peak_at = None
        self.fits = cfg.preset.sm().shared_per_block

    def begin(self, program, number):
        self.program, self.number, self.atomic = program, number, False
        self.peak = self.live
        self.counters.programs += 1

    def end(self):
        """Ends a program: it must have fitted."""
        self.counters.peak_live_bytes = max(self.counters.peak_live_bytes, self.peak)
        if self.peak > self.fits:
            self.does_not_fit()

    def does_not_fit(self):
        self.fault(FaultKind.DoesNotFit, lambda program: (
            f"{program} does not fit: at its fullest, here, it holds tiles of {commas(self.peak)} bytes, and "
            f"{self.cfg.preset.sm().name} gives a block at most {commas(self.fits)} ({self.fits // 1024} KiB); make "
            f"the tiles smaller"), at=self.peak_at)
        self.stop()

    def work(self, elements):
        """Counts an operation that makes so many elements; ends the launch if the budget is spent."""
        self.left -= WORK_OF_OPERATION + elements
        if self.left < 0:
            self.fault(FaultKind.Endless, lambda program: (
                f"{program} was last here when the launch had done work of {commas(self.cfg.budget)} (an operation is "
                f"1,000 and its elements): if no loop is endless, the launch does too much"))
            self.stop()

    def fault(self, kind, says, times=1, at=None, **what):
        """Records a fault of the running program: the first of its kind in full, the others as a number. `says` is
        given the program as sentences name it."""
        known = next((fault for fault in self.faults if fault.kind is kind), None)
        if known is not None:
            known.times += times
            return
        x, y, z = self.program
        message = says(f"program ({x}, {y}, {z})")
        self.faults.append(Fault(kind, message, at or here(), self.program, times=times, **what))

    def stop(self):
        """Ends the launch; the report has what happened until here."""
        self.counters.peak_live_bytes = max(self.counters.peak_live_bytes, self.peak)
        raise Stop


def refuse(kind, says):
    """Ends the launch with a fault. Outside of a launch it is a TypeError."""
    if now.machine is None:
        raise TypeError(says("a tile outside of a launch"))
    now.machine.fault(kind, says)
    now.machine.stop()


class Live:
    """The bytes of a tile, from when it is made until it falls: when no name and no other tile holds it any more."""

    __slots__ = ("machine", "bytes")

    def __init__(self, machine, size):
        self.machine, self.bytes = machine, size
        machine.live += size
        if machine.live > machine.peak:
            machine.peak = machine.live
            if machine.live > machine.fits:
                machine.peak_at = here()
                if machine.live > HOPELESS * machine.fits:
                    machine.does_not_fit()

    def __del__(self):
        self.machine.live -= self.bytes
