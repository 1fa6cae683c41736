"""The barrier of a block: `yield w.sync()`. A warp that yields it hands the machine to the next warp."""

from .fault import FaultKind
from .now import now


class Barrier:
    """What `w.sync()` gives: when it is yielded, the warp waits until all warps of the block have come to the
    barrier."""

    __slots__ = ("at",)

    def __init__(self, at):
        self.at = at


def sync(machine, warp, at):
    """A barrier at the place numbered `at`; not inside a branch, and not while another one is waiting to be yielded."""
    state = machine.states[warp]
    forgotten(machine, state)
    if now.inside:
        fault = machine.fault(FaultKind.DivergentBarrier, at)
        if fault:
            fault.message = (
                f"warp {warp} comes to a barrier inside the branch of {machine.place_at(now.inside[-1])}, with lanes "
                f"{now.mask:#010x} on: a barrier that only some lanes reach hangs a real GPU, so take it out of the "
                "branch"
            )
        machine.stop()
    state.pending = Barrier(at)
    return state.pending


def forgotten(machine, state):
    """A barrier that was made and not yielded."""
    if state.pending is None:
        return
    fault = machine.fault(FaultKind.NotAwaited, state.pending.at)
    if fault:
        fault.message = (
            f"warp {now.warp} calls w.sync() without yield, which does nothing: write yield w.sync()"
        )
    state.pending = None


def wait(machine, warp, yielded, frame):
    """The warp has yielded: it waits, if that is a barrier of its own."""
    state = machine.states[warp]
    if yielded is None or yielded is not state.pending:
        forgotten(machine, state)
        at = machine.place(frame)
        fault = machine.fault(FaultKind.ForeignAwait, at)
        if fault:
            fault.message = (
                f"warp {warp} yields something that is no barrier, at {machine.place_at(at)}: a kernel yields w.sync() "
                "and nothing else"
            )
        machine.stop()
    state.pending = None
    machine.at_barrier = yielded.at
    now.issue()
    machine.at_barrier = None
    machine.counters.barriers += 1
    state.waits = yielded.at


def left(machine, warp, frame):
    """The warp has returned; `frame` is a generator's."""
    state = machine.states[warp]
    forgotten(machine, state)
    state.returned = True
    if frame is not None:
        state.last = machine.place(frame)


def open_barrier(machine):
    """Opens the barrier where the warps of the block wait; False if all have returned."""
    states = machine.states
    waiting = [warp for warp, state in enumerate(states) if state.waits is not None]
    if not waiting:
        return False
    at = states[waiting[0]].waits
    gone = next((warp for warp, state in enumerate(states) if state.returned), None)
    if gone is not None:
        barrier_left(machine, at, gone, waiting)
    here = machine.place_at(at)
    for warp in waiting:
        if states[warp].waits == at:
            continue
        there = machine.place_at(states[warp].waits)
        if (there.line, there.file) != (here.line, here.file):
            barrier_split(machine, at, waiting[0], warp, there)
            break
    for state in states:
        state.waits = None
    machine.pass_barrier()
    return True


def barrier_left(machine, at, gone, waiting):
    fault = machine.fault(FaultKind.BarrierLeft, at)
    if fault:
        others = f"warp {waiting[0]} waits"
        if len(waiting) > 1:
            others = f"{len(waiting)} warps ({waiting[0]} to {waiting[-1]}) wait"
        fault.warp = gone
        fault.message = (
            f"warp {gone} has returned while {others} at the barrier of {machine.place_at(at)}: on a GPU the block may "
            "hang there. Every warp comes to every barrier, so let it load zeros and stay instead of returning early"
        )
        last = machine.states[gone].last
        fault.other = None if last is None else machine.place_at(last)
    machine.stop()


def barrier_split(machine, at, one, other, there):
    fault = machine.fault(FaultKind.BarrierSplit, at)
    if fault:
        fault.warp = one
        fault.message = (
            f"warp {one} waits at the barrier of {machine.place_at(at)} and warp {other} at that of {there}: a barrier "
            "in a branch is defined only if all warps of the block take the branch, so take it out of the branch"
        )
        fault.other = there
