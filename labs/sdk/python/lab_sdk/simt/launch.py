"""Runs a kernel: block after block, and in a block warp after warp from barrier to barrier."""

from dataclasses import asdict, dataclass
from types import GeneratorType
from typing import Optional

import numpy as np

from .barrier import left, open_barrier, wait
from .counters import Counters
from .machine import Machine, Stop
from .now import now
from .occupancy import Occupancy
from .trace import Trace


@dataclass
class Report:
    """What a launch did.

    counters   what it cost
    faults     the first fault of each kind, in the order in which they happened
    finished   whether every warp has returned; a launch that was stopped has the faults and counts up to there
    occupancy  how many blocks an SM of the preset would hold at once
    trace      with Cfg.trace
    """

    counters: Counters
    faults: list
    finished: bool
    occupancy: Occupancy
    trace: Optional[Trace] = None

    def fault(self, kind):
        """The first fault of this kind, or None."""
        return next((fault for fault in self.faults if fault.kind is kind), None)

    def to_dict(self):
        """Plain lists, dicts and numbers, under the names that the Rust report has in JSON."""
        report = asdict(self)
        if report["trace"] is not None:
            report["trace"]["global"] = report["trace"].pop("global_")
        return report


def launch(cfg, kernel, *args):
    """Launches `kernel(w, *args)` for every warp of the grid and waits until all have returned.

    What the kernel does wrong is in `Report.faults`; it goes on where that is possible. A launch that the preset would
    refuse is a ValueError. An exception of the kernel goes through."""
    occupied = cfg.check()
    machine = Machine(cfg)
    outer = now.save()
    now.run_warp(0, 0)
    now.machine, now.warp_inst, now.thread_inst = machine, 0, 0
    now.left = now.mark = 0 if cfg.trace else machine.budget
    finished = True
    try:
        # An index below zero or an overflow is not NumPy's business here.
        with np.errstate(all="ignore"):
            run(machine, kernel, args)
    except Stop:
        finished = False
    finally:
        now.settle()
        warp_inst, thread_inst = now.warp_inst, now.thread_inst
        now.restore(outer)
    machine.counters.warp_inst, machine.counters.thread_inst = warp_inst, thread_inst
    return Report(machine.counters, machine.faults, finished, occupied, machine.trace if cfg.trace else None)


def run(machine, kernel, args):
    for number in machine.blocks():
        machine.begin(number)
        turns = [None] * machine.cfg.warps()
        while True:
            for warp in machine.order():
                machine.enter(warp)
                turns[warp] = advance(machine, warp, turns[warp], kernel, args)
            if not open_barrier(machine):
                break


def advance(machine, warp, turn, kernel, args):
    """Runs a warp up to its next barrier, or to its end. A plain function is all of it at once; a generator, `turn`,
    goes on where it has yielded. Returns the generator."""
    if turn is None:
        turn = kernel(machine.warp(warp), *args)
        if turn is None:
            left(machine, warp, None)
            return None
        if not isinstance(turn, GeneratorType):
            raise TypeError(
                f"a kernel is a function that returns nothing, or one with `yield w.sync()`; this one gave {turn!r}"
            )
    frame = turn.gi_frame
    try:
        yielded = next(turn)
    except StopIteration:
        left(machine, warp, frame)
    else:
        wait(machine, warp, yielded, frame)
    return turn
