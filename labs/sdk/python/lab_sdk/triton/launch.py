"""Runs a kernel: program after program, x fastest."""

import functools
import inspect
from dataclasses import asdict, dataclass, field
from typing import Optional

import numpy as np

from .liveness import with_last_uses
from .machine import Cfg, Counters, Machine, Stop, now
from .memory import Ptr
from .trace import Trace

# What says how a GPU runs a kernel, and not what it computes.
OF_THE_GPU = ("num_warps", "num_stages", "num_ctas", "maxnreg")


@dataclass
class TileReport:
    """What a launch did.

    counters  what it cost
    faults    the first fault of each kind, in the order in which they happened
    finished  whether every program has returned; a launch that was stopped has the faults and counts up to there
    trace     with Cfg.trace
    """

    counters: Counters = field(default_factory=Counters)
    faults: list = field(default_factory=list)
    finished: bool = True
    trace: Optional[Trace] = None

    def fault(self, kind):
        """The first fault of this kind, or None."""
        return next((fault for fault in self.faults if fault.kind is kind), None)

    def to_dict(self):
        """Plain lists, dicts and numbers, under the names that the Rust report has in JSON."""
        return asdict(self)


class Kernel:
    """What `jit` makes of a function. `kernel[grid](..)` launches it; inside of a kernel it is called as it is."""

    def __init__(self, fn):
        self.fn = with_last_uses(fn)
        functools.update_wrapper(self, fn)

    def __getitem__(self, grid):
        return lambda *args, **kwargs: self.launch(grid, *args, **kwargs)

    def launch(self, cfg, *args, **kwargs):
        """Launches with a Cfg, or a grid: a number, a tuple, or a function of the arguments by name.

        A NumPy array is given to the kernel as a pointer to its memory. What the kernel does wrong is in
        `TileReport.faults`; it goes on where that is possible. A grid that no GPU takes is a ValueError. An exception
        of the kernel goes through."""
        for name in OF_THE_GPU:
            kwargs.pop(name, None)
        bound = inspect.signature(self.fn).bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if isinstance(value, np.ndarray):
                bound.arguments[name] = Ptr(name, value)
        if not isinstance(cfg, Cfg):
            cfg = Cfg(cfg(bound.arguments) if callable(cfg) else cfg)
        return launch(cfg, self.fn, *bound.args, **bound.kwargs)

    def __call__(self, *args, **kwargs):
        if now.machine is None:
            raise TypeError(f"{self.__name__} is a kernel: launch it with {self.__name__}[grid](..)")
        return self.fn(*args, **kwargs)


def jit(fn=None, **options):
    """Makes a kernel of a function: `@triton.jit`."""
    return Kernel(fn) if fn is not None else jit


def launch(cfg, fn, *args, **kwargs):
    cfg.check()
    machine, outer = Machine(cfg), now.machine
    machine.counters.launches = int(cfg.programs() > 0)
    now.machine, finished = machine, True
    try:
        # An overflow or 0/0 is not NumPy's business here.
        with np.errstate(all="ignore"):
            for number in range(cfg.programs()):
                x, y, _ = cfg.grid
                machine.begin((number % x, number // x % y, number // x // y), number)
                fn(*args, **kwargs)
                machine.end()
    except Stop:
        finished = False
    finally:
        now.machine = outer
    return TileReport(machine.counters, machine.faults, finished, machine.trace and machine.trace.trace)
