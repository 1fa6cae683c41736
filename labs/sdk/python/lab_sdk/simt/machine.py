"""The state of one launch: counts, faults, time, the order of things. Messages that belong to no single access are
here."""

from .chacha import ChaCha8
from .cfg import Order
from .counters import Counters
from .fault import Fault, FaultKind, place_of
from .history import Times
from .now import ALL, W, kernel_frame, now
from .shared_memory import Shared
from .trace import Surplus, Trace
from .warp import Warp


class Stop(BaseException):
    """What a stopped kernel unwinds with; no Exception, so that a kernel does not catch it."""


class WarpState:
    """One warp of the running block: the barrier where it waits (the number of its place), a barrier that it has made
    and not yielded, whether it has returned and where, the time of its last `syncwarp`, and its Times when they were
    asked for."""

    __slots__ = ("waits", "pending", "returned", "last", "syncwarp", "times")

    def __init__(self):
        self.waits = self.pending = self.last = self.times = None
        self.returned = False
        self.syncwarp = 0


class Machine:
    """One launch. Time counts barriers, `syncwarp`s and blocks."""

    launches = 0

    def __init__(self, cfg):
        Machine.launches += 1
        self.cfg, self.serial = cfg, Machine.launches
        self.counters, self.faults, self.trace = Counters(), [], Trace()
        self.shared = Shared(self, cfg.smem_bytes, cfg.warps())
        self.random = ChaCha8(cfg.seed)
        self.places, self.place_numbers = [], {}
        self.block, self.number, self.atomic_in_block = (0, 0, 0), 0, False
        self.began = []  # (time, number) of the blocks that have run
        self.time = self.block_time = self.barrier_time = 0
        self.states, self.at_barrier = [], None
        self.budget = cfg.budget // W

    def blocks(self):
        """The blocks in the order in which they run."""
        return self.shuffle(list(range(self.cfg.blocks())))

    def order(self):
        """The warps of the block in the order in which they run up to the next barrier."""
        return self.shuffle([warp for warp, state in enumerate(self.states) if not state.returned])

    def shuffle(self, items):
        if self.cfg.order is Order.Drawn:
            for last in range(len(items) - 1, 0, -1):
                other = self.random.below(last + 1)
                items[last], items[other] = items[other], items[last]
        return items

    def lane_order(self, count):
        """Where the turns of an atomic of `count` lanes begin, and the step from lane to lane (odd: all lanes come)."""
        if self.cfg.order is Order.Drawn and count > 1:
            return self.random.below(W), 2 * self.random.below(W // 2) + 1
        return 0, 1

    def place_in_grid(self, number):
        x, y, _ = self.cfg.grid
        return number % x, number // x % y, number // x // y

    def begin(self, number):
        """Begins block `number`."""
        self.block, self.number, self.atomic_in_block = self.place_in_grid(number), number, False
        self.time += 1
        self.block_time = self.barrier_time = self.time
        self.began.append((self.time, number))
        self.shared.begin()
        self.states = [WarpState() for _ in range(self.cfg.warps())]

    def warp(self, warp):
        """The warp of that number of the running block."""
        return Warp(self, warp)

    def enter(self, warp):
        """Puts the warp on, with the lanes that have a thread."""
        threads = self.cfg.threads() - warp * W
        now.run_warp(warp, ALL if threads >= W else (1 << threads) - 1)

    def pass_barrier(self):
        self.time += 1
        self.barrier_time = self.time
        self.shared.history.pass_barrier()

    def pass_syncwarp(self, warp):
        self.time += 1
        self.states[warp].syncwarp = self.time

    def times(self, warp):
        """The times that an access of the warp is judged by."""
        state = self.states[warp]
        times = state.times
        if times is None or times.now != self.time:
            barrier = self.barrier_time
            times = Times(warp, self.time, self.block_time, barrier, max(barrier, state.syncwarp))
            state.times = times
        return times

    def block_at(self, time):
        """The block that ran at this time."""
        number = next((number for start, number in reversed(self.began) if start <= time), 0)
        return self.place_in_grid(number)

    def place(self, frame):
        """The number of the place where a frame is."""
        key = (id(frame.f_code), frame.f_lasti)
        number = self.place_numbers.get(key)
        if number is None:
            number = self.place_numbers[key] = len(self.places)
            self.places.append((frame.f_code, frame.f_lasti))  # the code is kept, so that its id stays its own
        return number

    def place_at(self, number):
        return place_of(*self.places[number])

    def fault(self, kind, at, lane=None):
        """Records a fault of the running warp at the place numbered `at`. The first of its kind is returned, to be
        filled in; of the others only the number is kept, and None returned."""
        for known in self.faults:
            if known.kind is kind:
                known.times += 1
                return None
        self.faults.append(Fault(kind, self.place_at(at), self.block, now.warp, lane))
        return self.faults[-1]

    def here(self):
        """The place of the kernel, for what is rare; a warp at a barrier is in no frame."""
        return self.place(kernel_frame()) if self.at_barrier is None else self.at_barrier

    def stop(self):
        """Ends the launch; the report has what happened until here."""
        raise Stop

    def look(self):
        """Looks at an instruction: writes it down, or finds that the budget is spent."""
        if not now.mask:
            if now.mark - now.left > self.budget:
                self.endless()
            return
        if self.cfg.trace and self.number == 0:
            self.trace.issue(self.place_at(self.here()), now.warp, now.mask)
        if now.count() > self.budget:
            self.endless()

    def endless(self):
        at = self.here()
        fault = self.fault(FaultKind.Endless, at)
        if fault and now.loops:
            fault.message = (
                f"the launch has issued {self.cfg.budget:,} thread-instructions and does not end: warp {fault.warp} is "
                f"in the w.while_ of {self.place_at(now.loops[-1])}, whose condition still holds in lanes "
                f"{now.mask:#010x}; a Reg that the condition reads must change in the body"
            )
        elif fault:
            fault.message = (
                f"the launch has issued {self.cfg.budget:,} thread-instructions and does not end: warp {fault.warp} "
                f"was last at {self.place_at(at)}; if no loop there is endless, the launch does too much"
            )
        self.stop()

    def surplus(self, array, store, cost, least, lanes):
        """An access that costs too much, at the kernel's line."""
        return Surplus(self.place_at(self.here()), self.block, now.warp, array, store, cost, least, lanes)
