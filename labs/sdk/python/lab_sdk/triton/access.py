"""How a program reads and writes global memory, and what that costs; accesses that miss, that read what is not there
yet, or that nothing orders: programs run in any order."""

import numpy as np

from .dtype import int1, int8, poison, rounded
from .fault import FaultKind
from .machine import now, refuse
from .memory import Ptr, pointer
from .tile import data, shape_of, stretch, tensor


class Access:
    """One access: `does` is reads, writes or adds to; `element` and `index` are of its elements that touch the buffer,
    in the tile row by row and in the buffer."""

    def __init__(self, does, ptr, mask):
        if isinstance(ptr, Ptr):
            ptr = pointer(ptr, np.int64(0))
        if not isinstance(ptr, pointer):
            refuse(FaultKind.Dtype, lambda program: (
                f"{program} {does} memory at a {type(ptr).__name__}: a load or store takes a pointer, such as x + "
                f"offs"))
        if now.machine is None:
            raise TypeError("a kernel is launched with kernel[grid](..); outside of a launch there is no memory")
        self.machine, self.does, self.p, self.shape = now.machine, does, ptr.p, ptr.shape
        self.buffer = ptr.p.buffer
        self.buffer.seen_by(self.machine.serial)
        offs = ptr.offs.reshape(-1)
        self.machine.work(offs.size)
        on = np.ones(offs.size, bool)
        if mask is not None:
            on = stretch(condition(mask), self.shape, "mask").reshape(-1)
        inside = on & (offs >= 0) & (offs < self.p.size)
        self.element = np.flatnonzero(inside)
        self.index = offs[self.element] + self.p.start
        self.missed = np.flatnonzero(on & ~inside)
        if self.missed.size:
            self.beyond(offs)

    def beyond(self, offs):
        self.machine.counters.oob += self.missed.size
        first = int(self.missed[0])
        advice = ("an offset below 0 lies before the buffer" if offs[first] < 0 else
                  "the last block is wider than what is left, so mask every load and store with offs < n")
        end = self.p.start + self.p.size
        self.fault(FaultKind.OutOfBounds, self.missed.size, first, int(offs[first]) + self.p.start, lambda what: (
            f"{self.does} {what}, but {self.buffer.name} has {end} elements: {advice}"))

    def fault(self, kind, times, element, index, says):
        """A fault of so many elements. `says` is given the place in the buffer and the element of the tile."""
        name = self.buffer.name
        what = f"{name}[{index}] ({self.element_of(element)})"
        self.machine.fault(kind, lambda program: f"{program} {says(what)}", int(times), element=element, array=name,
                           index=index, address=self.buffer.base + index * self.buffer.dtype.bytes)

    def faults(self, kind, which, says):
        """A fault of the elements where `which` holds."""
        at = np.flatnonzero(which)
        if at.size:
            self.fault(kind, at.size, int(self.element[at[0]]), int(self.index[at[0]]), lambda what: says(what, at[0]))

    def element_of(self, element):
        """`element (3, 5) of a (64, 32) tile`"""
        if not self.shape:
            return "its one element"
        at = element if len(self.shape) == 1 else (element // self.shape[1], element % self.shape[1])
        return f"element {at} of a {shape_of(self.shape)} tile"

    def check_values(self):
        """Elements that nothing has written."""
        if self.buffer.unset is not None:
            name = self.buffer.name
            self.faults(FaultKind.Uninitialised, self.buffer.unset[self.index], lambda what, _: (
                f"reads {what} that nothing has written: memory of a GPU begins with whatever was there before, so "
                f"write {name} before it is read"))

    def check_marks(self, atomics_count):
        """Elements that another program has stored."""
        if self.buffer.writer is None:
            return
        writer = self.buffer.writer[self.index]
        races = (writer != 0) & (writer != self.machine.number + 1)
        if not atomics_count:
            races &= self.buffer.store[self.index] != 0
        self.faults(FaultKind.ReadAfterWrite, races, lambda what, at: (
            f"{self.does} {what} that {self.named(writer[at])} stored in this launch: programs run in any order, so "
            f"pass values between programs in a second launch"))

    def named(self, writer):
        number, (x, y, _) = int(writer) - 1, self.machine.cfg.grid
        return f"program ({number % x}, {number // x % y}, {number // x // y})"

    def mark(self, store):
        writers, stores = self.buffer.marks()
        writers[self.index], stores[self.index] = self.machine.number + 1, store
        if self.buffer.unset is not None:
            self.buffer.unset[self.index] = False

    def count(self):
        """Bytes and sectors (R1 over all elements); tells the cache of its lines, in the order of addresses, and the trace
        of the access."""
        buffer, counters, l2 = self.buffer, self.machine.counters, self.machine.l2
        touched = np.unique(self.index * buffer.dtype.bytes >> 5)
        counters.unique_sectors += int(np.count_nonzero(~buffer.sectors[touched]))
        buffer.sectors[touched] = True
        size, sectors = self.index.size * buffer.dtype.bytes, touched.size
        if self.does != "writes":
            counters.ld_bytes += size
            counters.ld_sectors += sectors
        if self.does != "reads":
            counters.st_bytes += size
            counters.st_sectors += sectors
        if self.machine.trace is not None:
            self.machine.trace.touch(self.machine.program, self)
        if l2 is not None:
            for line in np.unique((buffer.base + 32 * touched) // self.machine.cfg.l2.line).tolist():
                # What is written need not be fetched.
                if not l2.touch(line) and self.does != "writes":
                    counters.l2_misses += 1


def condition(mask):
    if isinstance(mask, (bool, np.bool_)):
        return np.asarray(mask)
    if not isinstance(mask, tensor) or mask.dtype is not int1:
        refuse(FaultKind.Dtype, lambda program: f"{program} gives a mask that is no condition, such as offs < n")
    return mask.values


def load(ptr, mask=None, other=None):
    access = Access("reads", ptr, mask)
    of, buffer = access.buffer.dtype, access.buffer
    access.check_values()
    if not access.machine.atomic:
        access.check_marks(atomics_count=True)
    values = np.full(access.shape, poison(of), np.float32 if of.floating else np.int64).reshape(-1)
    if mask is not None and other is not None:
        other = other.values if isinstance(other, tensor) else np.asarray(other)
        values[:] = stretch(rounded(of, other), access.shape, "tile").reshape(-1)
        values[access.missed] = poison(of)
    values[access.element] = buffer.data[access.index]
    access.count()
    access.machine.counters.loads += 1
    return data(values.reshape(access.shape), of)


def store(ptr, value, mask=None):
    of, values = converted(ptr, value)
    access = Access("writes", ptr, mask)
    write(access, values[access.element].astype(of.storage))
    access.count()
    access.machine.counters.stores += 1


def converted(ptr, value):
    """The type of the buffer, and the elements as it keeps them, one for each that the pointer has."""
    p = ptr.p if isinstance(ptr, pointer) else ptr
    if not isinstance(p, Ptr):
        return int8, None
    of = p.buffer.dtype
    values = np.asarray(rounded(of, value.values if isinstance(value, tensor) else np.asarray(value)))
    return of, stretch(values, ptr.shape if isinstance(ptr, pointer) else (), "tile").reshape(-1)


def write(access, new):
    """Writes the elements of a store. It must not overwrite with another value what another program stored, nor what it
    stored itself."""
    machine, buffer, index = access.machine, access.buffer, access.index
    machine.stores += 1
    writers, stores = buffer.marks()
    if np.unique(index).size == index.size:
        changed = bits(buffer.data[index]) != bits(new)
        before, twice = writers[index], np.zeros(index.size, bool)
        buffer.data[index] = new
    else:
        changed, twice = np.zeros(index.size, bool), np.zeros(index.size, bool)
        before = writers[index]
        met, raw = set(), bits(new)
        for k, at in enumerate(index.tolist()):
            changed[k] = bits(buffer.data[at : at + 1])[0] != raw[k]
            buffer.data[at] = new[k]
            twice[k] = at in met
            if twice[k]:
                before[k] = machine.number + 1
            met.add(at)
    access.mark(machine.stores)
    others = changed & (before != 0) & (before != machine.number + 1) & (not machine.atomic)
    twice &= changed
    both = np.flatnonzero(others | twice)
    if both.size:
        first = both[0]
        says = ("twice in one store, with different values: which one stays is not defined, so let the offsets of a "
                "store differ")
        if others[first]:
            says = (f"that {access.named(before[first])} wrote with another value: programs run in any order, so give "
                    f"each its own elements (offsets begin at program_id times the block) or add with atomic_add")
        access.fault(FaultKind.WriteAfterWrite, both.size, int(access.element[first]), int(index[first]),
                     lambda what: f"writes {what} {says}")


def bits(elements):
    return np.ascontiguousarray(elements).view(f"u{elements.dtype.itemsize}")


def atomic_add(ptr, value, mask=None):
    of, values = converted(ptr, value)
    access = Access("adds to", ptr, mask)
    buffer, index = access.buffer, access.index
    added = values[access.element]
    old = np.zeros(access.shape, np.float32 if of.floating else np.int64).reshape(-1)
    old[access.missed] = poison(of)
    access.machine.atomic = True
    access.check_values()
    access.check_marks(atomics_count=False)
    access.mark(0)
    if np.unique(index).size == index.size:
        old[access.element] = buffer.data[index]
        buffer.data[index] = rounded(of, buffer.data[index].astype(old.dtype) + added).astype(of.storage)
    else:
        for k, at in enumerate(index):
            old[access.element[k]] = buffer.data[at]
            buffer.data[at] = rounded(of, np.asarray(old[access.element[k]] + added[k]))
    access.count()
    access.machine.counters.atomics += index.size
    return data(old.reshape(access.shape), of)
