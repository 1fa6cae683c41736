"""Shared memory of a block: arrays that its warps declare, 32 banks, and a history for every word."""

import numpy as np

from .fault import FaultKind
from .history import LONGEST, History
from .lanes import NUMBERS, lanes_of, remember
from .now import ALL
from .patterns import BANKS
from .race import tell
from .touch import Shape, Touch
from .trace import LaneAccess


class S:
    """An array in the shared memory of a block, or a part of one.

    array  its number among the arrays of the block;  of  what it holds
    first  its first byte;  len  its elements
    """

    __slots__ = ("shared", "array", "of", "first", "len", "touches", "data", "aligned")

    def __init__(self, shared, array, of, first, length):
        self.shared, self.array, self.of, self.first, self.len = shared, array, of, first, length
        self.touches = shared.touches.setdefault((first, of), {})
        self.data = shared.words.view(of.memory)
        self.aligned = first % of.bytes == 0  # pairs of halves may begin at an odd one

    def part(self, start, length):
        """`length` elements from element `start` on; cut where the array ends."""
        start = min(start, self.len)
        return S(self.shared, self.array, self.of, self.first + start * self.of.bytes, min(length, self.len - start))

    def pairs(self):
        """The same halves, two at a time: element i is halves 2i and 2i + 1."""
        return S(self.shared, self.array, self.of.pair, self.first, self.len // 2)

    def __repr__(self):
        return f"{self.shared.arrays[self.array].name}[{self.len}]"


class Array:
    """An array as its first warp declared it, at the place numbered `at`."""

    __slots__ = ("name", "first", "len", "bytes", "at")

    def __init__(self, name, first, length, size, at):
        self.name, self.first, self.len, self.bytes, self.at = name, first, length, size, at


class Shared:
    """The shared memory of the running block."""

    def __init__(self, machine, size, warps):
        self.machine = machine
        self.words = np.zeros(-(-size // 4), np.uint32)
        self.history, self.cells_of_word = History(self.words.size), 1
        self.arrays, self.declared = [], [(0, 0)] * warps  # of each warp: arrays, and bytes
        self.end = 0  # bytes that are declared
        self.touches, self.shapes = {}, {}

    def begin(self):
        """A new block: no arrays. What the words hold is of the block before, and the histories know it."""
        self.arrays, self.end = [], 0
        self.declared = [(0, 0)] * len(self.declared)
        self.history.pass_barrier()

    def declare(self, warp, name, length, of, at):
        """The next array of a warp."""
        machine, (number, first) = self.machine, self.declared[warp]
        end = -(-(first + length * of.bytes) // 4) * 4
        if end > machine.cfg.smem_bytes:
            fault = machine.fault(FaultKind.SharedTooSmall, at)
            if fault:
                fault.message = (
                    f"with {name}[{length}] the kernel has declared {end} bytes of shared memory, but the launch gives "
                    f"a block {machine.cfg.smem_bytes}: raise smem_bytes, or declare less"
                )
            machine.stop()
        if of.bytes == 2 and self.cells_of_word == 1:
            self.history.split()
            self.cells_of_word = 2
            self.touches.clear()
            self.shapes.clear()
        if number == len(self.arrays):
            self.arrays.append(Array(name, first, length, of.bytes, at))
        known = self.arrays[number]
        if (known.name, known.len, known.bytes) != (name, length, of.bytes):
            fault = machine.fault(FaultKind.SharedDiffers, at)
            if fault:
                fault.other = machine.place_at(known.at)
                fault.message = (
                    f"warp {warp} declares {name}[{length}] where another warp of the block declared "
                    f"{known.name}[{known.len}] at {fault.other}: shared arrays belong to the block, so all warps "
                    "declare the same ones in the same order"
                )
            machine.stop()
        self.declared[warp] = (number + 1, end)
        if end > self.end:
            self.end, self.history.all_set = end, 0
        return S(self, number, of, first, length)

    def touch(self, s, index, on):
        """Where the lanes of `on` reach at these indices, (32,)."""
        lanes = NUMBERS
        if on != ALL:
            lanes = lanes_of(on)
            index = index[lanes]
        key = index.tobytes() if on == ALL else (on, index.tobytes())
        touch = s.touches.get(key)
        if touch is not None:
            return touch
        start, size = int(index[0]) if index.size else 0, s.of.bytes
        steps, byte = index.astype(np.int64) - start, s.first + start * size
        kind = (steps.tobytes(), on, byte % 4, size)
        shape = self.shapes.get(kind)
        if shape is None:
            shape = remember(self.shapes, kind, Shape(steps, lanes, byte % 4, size, self.cells_of_word))
        return remember(s.touches, key, Touch(shape, start, byte, size, self.cells_of_word))

    def known(self, s, index, warp, at):
        """What all lanes read, if their indices are known and nothing can be wrong: (32,), or None."""
        touch = s.touches.get(index.tobytes())
        if touch is None or touch.top >= s.len or not touch.plain or not s.aligned:
            return None
        times, history = self.machine.times(warp), self.history
        if history.last_write >= times.barrier or history.all_set != times.block and touch.set_in != times.block:
            return None
        history.reads.append((touch.cells, touch.marks, at << 16 | warp << 8, times))
        history.last_read = times.now
        if len(history.reads) > LONGEST:
            history.work_off()
        counters = self.machine.counters
        counters.sld_req += 1
        counters.sld_waves += 1
        return s.data[touch.at]

    def load(self, s, index, on, warp, at):
        """The bits that the lanes of `on` read: (32,), poison elsewhere."""
        counters, history = self.machine.counters, self.history
        touch, times, by = self.touch(s, index, on), self.machine.times(warp), at << 16 | warp << 8
        counters.sld_req += 1
        if touch.top >= s.len or not s.aligned:
            return self.load_lanes(s, index, on, by, times)
        unsure = history.all_set != times.block and touch.set_in != times.block
        if unsure or history.last_write >= times.barrier:
            if not history.reads_settled(touch.cells, by | touch.marks, times):
                return self.load_lanes(s, index, on, by, times)
            touch.set_in = times.block
            if history.last_write < times.barrier:
                history.look_for_unset(self.end * self.cells_of_word // 4, times.block)
        history.note_reads(touch.cells, touch.marks, by, times)
        counters.sld_waves += touch.waves
        if touch.waves > 1 and self.machine.cfg.trace:
            self.picture(s, index, on, touch.waves, False)
        read = s.data[touch.at]
        if s.of.bytes == 2:
            read = read.astype(np.uint32)
        if on == ALL:
            return read
        out = s.of.poisoned()
        out[touch.shape.lanes] = read
        return out

    def load_lanes(self, s, index, on, by, times):
        """The same lane by lane: something is wrong with one of them."""
        history, out, inside, warp, at = self.history, s.of.poisoned(), on, times.warp, by >> 16
        history.work_off()
        for lane in lanes_of(on).tolist():
            i = int(index[lane])
            if i >= s.len:
                inside &= ~(1 << lane)
                self.beyond(s, i, warp, lane, "reads", at)
                continue
            if not s.aligned:
                inside &= ~(1 << lane)
                self.misaligned(s, i, warp, lane, at)
                continue
            clash = None
            for cell in self.cells(s, i):
                clash = clash or history.read_clash(cell, by | lane, times)
                history.note_read(cell, by | lane, times)
            history.last_read = times.now
            if clash is None or clash[0] != "Uninitialised":
                out[lane] = s.data[(s.first + i * s.of.bytes) // s.of.bytes]
            if clash is not None:
                tell(self.machine, clash, at, lane, warp, self.element(s, i))
        waves = self.touch(s, index, inside).waves
        self.machine.counters.sld_waves += waves
        self.picture(s, index, inside, waves, False)
        return out

    def store(self, s, index, values, on, warp, at):
        """The lanes of `on` write their values, (32,)."""
        counters, history = self.machine.counters, self.history
        touch, times, by = self.touch(s, index, on), self.machine.times(warp), at << 16 | warp << 8
        counters.sst_req += 1
        if touch.top >= s.len or not touch.shape.distinct or not s.aligned:
            return self.store_lanes(s, index, values, on, by, times)
        new = (values if on == ALL else values[touch.shape.lanes]).astype(s.of.memory, copy=False)
        who = by | touch.marks
        if not history.quiet(times):
            bits = f"u{s.of.bytes}"
            same = s.data[touch.at].view(bits) == new.view(bits)
            if not history.writes_settled(touch.cells, who, times, same[touch.shape.by_cell]):
                return self.store_lanes(s, index, values, on, by, times)
        s.data[touch.at] = new
        history.note_writes(touch.cells, who, times.now)
        counters.sst_waves += touch.waves
        if touch.waves > 1 and self.machine.cfg.trace:
            self.picture(s, index, on, touch.waves, True)
        return None

    def store_lanes(self, s, index, values, on, by, times):
        """The same lane by lane: something is wrong with one of them, or two write one element."""
        history, inside, warp, at = self.history, on, times.warp, by >> 16
        bits = s.data.view(f"u{s.of.bytes}")
        history.work_off()
        for lane in lanes_of(on).tolist():
            i = int(index[lane])
            if i >= s.len:
                inside &= ~(1 << lane)
                self.beyond(s, i, warp, lane, "writes", at)
                continue
            if not s.aligned:
                inside &= ~(1 << lane)
                self.misaligned(s, i, warp, lane, at)
                continue
            element = (s.first + i * s.of.bytes) // s.of.bytes
            clash, new = None, int(values[lane : lane + 1].view(np.uint32)[0])
            same = int(bits[element]) == new
            for cell in self.cells(s, i):
                clash = clash or history.write_clash(cell, by | lane, times, same)
                history.note_writes(cell, by | lane, times.now)
            bits[element] = new
            if clash is not None:
                tell(self.machine, clash, at, lane, warp, self.element(s, i))
        waves = self.touch(s, index, inside).waves
        self.machine.counters.sst_waves += waves
        self.picture(s, index, inside, waves, True)

    def cells(self, s, i):
        """The cells of the history that element `i` lies in."""
        byte, of_word = s.first + i * s.of.bytes, self.cells_of_word
        return range(byte * of_word // 4, byte * of_word // 4 + max(s.of.bytes * of_word // 4, 1))

    def beyond(self, s, i, warp, lane, does, at):
        self.machine.counters.oob += 1
        fault = self.machine.fault(FaultKind.SharedOutOfBounds, at, lane)
        if not fault:
            return
        declared = self.arrays[s.array]
        fault.array, fault.index, fault.address = array, element, _ = self.element(s, i)
        end = f"this part of {array} is elements {element - i} to {element - i + s.len}, the last one not included"
        if (s.of.bytes, s.len) == (declared.bytes, declared.len):
            end = f"{array} has {s.len} elements"
        fault.message = (
            f"warp {warp} {does} {array}[{element}] (lane {lane}), but {end}: on a GPU this silently touches the next "
            "array"
        )

    def misaligned(self, s, i, warp, lane, at):
        fault = self.machine.fault(FaultKind.Misaligned, at, lane)
        if not fault:
            return
        fault.array, fault.index, fault.address = self.element(s, i)
        size = s.of.bytes
        fault.message = (
            f"warp {warp} touches {size} bytes of {fault.array} at address {fault.address:#x} (lane {lane}), which "
            f"{size} does not divide: a GPU stops the kernel there, so make the index a multiple of "
            f"{size // self.arrays[s.array].bytes}"
        )

    def element(self, s, i):
        """Name, element of the whole array, and byte address in shared memory."""
        array = self.arrays[s.array]
        return array.name, (s.first - array.first) // s.of.bytes + i, s.first + i * s.of.bytes

    def picture(self, s, index, on, waves, store):
        """Keeps the first access that costs more than it must."""
        trace = self.machine.trace
        if not self.machine.cfg.trace or waves < 2 or trace.shared is not None:
            return
        lanes = []
        for lane in lanes_of(on).tolist():
            _, element, address = self.element(s, int(index[lane]))
            lanes.append(LaneAccess(lane, element, address, address // 4 % BANKS))
        trace.shared = self.machine.surplus(self.arrays[s.array].name, store, waves, 1, lanes)
