"""How a warp reads and writes global memory, and what that costs. What may be wrong with it is in bounds.py and
order.py.

All functions take the warp `w`, a buffer `g` and the indices, a `U`.
"""

import numpy as np

from .bounds import reach, unset
from .lanes import NUMBERS, lanes_of
from .now import ALL, now
from .order import check_loads, check_stores, elements
from .patterns import SECTOR, pattern_of
from .trace import LaneAccess


def load(w, g, index):
    """g[i] of each lane, as a register."""
    mask = now.mask
    if not mask:
        return g.of.lanes(g.of.poisoned(), 0)
    on = mask & index.made
    if on != mask:
        w.made(mask, index.made, "reads at an index")
    lanes, i, pattern = where(index.a, on)
    if pattern is None or not fits(g, i, pattern, 1):
        lanes, i = reach(w, g, lanes, i, 1, False)
        pattern = pattern_of(i) if i.size else None
    read = g.data[i.astype(np.intp)]
    bits = read if g.of.bytes == 4 else read.astype(np.uint32)
    if g.buffer.blank:
        unset(w, g, lanes, i, bits)
    if g.buffer.launch == w.machine.serial:
        check_loads(w, g, lanes, i, 1)
    count(w, g, lanes, i, pattern, 1, False)
    if lanes is NUMBERS:
        return g.of.lanes(bits, mask)
    out = g.of.poisoned()
    out[lanes] = bits
    return g.of.lanes(out, mask)


def load_four(w, g, index):
    """g[i] to g[i + 3] of each lane, as four registers: one 16-byte access."""
    mask = now.mask
    if not mask:
        return [g.of.lanes(g.of.poisoned(), 0) for _ in range(4)]
    on = w.made(mask, index.made, "reads at an index")
    lanes, i, pattern = where(index.a, on)
    if pattern is None or not fits(g, i, pattern, 4):
        lanes, i = reach(w, g, lanes, i, 4, False)
        pattern = pattern_of(i) if i.size else None
    read = g.data[i.astype(np.intp)[:, None] + np.arange(4)]  # (n, 4)
    if g.buffer.blank:
        unset(w, g, lanes.repeat(4), (i[:, None] + np.arange(4, dtype=np.uint32)).ravel(), read.ravel())
    if g.buffer.launch == w.machine.serial:
        check_loads(w, g, lanes, i, 4)
    count(w, g, lanes, i, pattern, 4, False)
    registers = []
    for k in range(4):
        out = g.of.poisoned()
        out[lanes] = read[:, k]
        registers.append(g.of.lanes(out, mask))
    return registers


def store(w, g, index, value, at):
    """g[i] = v in each lane."""
    mask = now.mask
    if not mask:
        return
    on = mask & index.made
    if on != mask:
        w.made(mask, index.made, "writes at an index")
    if mask & ~value.made:
        w.made(mask, value.made, "writes a value")
    lanes, i, pattern = where(index.a, on)
    if pattern is None or not fits(g, i, pattern, 1):
        lanes, i = reach(w, g, lanes, i, 1, True)
        pattern = pattern_of(i) if i.size else None
    new = (value.a if lanes is NUMBERS else value.a[lanes]).astype(g.of.memory, copy=False)
    g.buffer.marks_of(w.machine.serial)
    if pattern is not None and pattern.distinct:
        put(w, g, lanes, i, new, at)
    else:
        # Lanes that meet at an element store one after the other.
        for k in range(i.size):
            put(w, g, lanes[k : k + 1], i[k : k + 1], new[k : k + 1], at)
    count(w, g, lanes, i, pattern, 1, True)


def put(w, g, lanes, i, new, at):
    """Stores to different elements, checks and notes them."""
    buffer, place = g.buffer, i.astype(np.intp)
    marked = elements(g, place)
    time = buffer.time[marked]
    if np.count_nonzero(time):
        bits = f"u{g.of.bytes}"
        changed = g.data[place].view(bits) != new.view(bits)
        check_stores(w, g, lanes, i, time, buffer.who[marked], changed, at)
    g.data[place] = new
    buffer.time[marked] = w.machine.time
    buffer.who[marked] = (at << 16 | w.id << 8 | lanes)[:, None]


def where(index, on):
    """The lanes of `on`, their indices and the pattern of these; none if there is no lane."""
    if on == ALL:
        return NUMBERS, index, pattern_of(index)
    lanes = lanes_of(on)
    index = index[lanes]
    return lanes, index, pattern_of(index) if lanes.size else None


def fits(g, i, pattern, each):
    """Whether all lanes reach the buffer, `each` elements each."""
    first = i.item(0)
    inside = first + pattern.low >= 0 and first + pattern.top <= g.length - each
    if each == 1:
        return inside and g.aligned
    return inside and not ((g.byte(i.astype(np.int64))) % (each * g.of.bytes)).any()


def count(w, g, lanes, i, pattern, each, store):
    sectors = lines = 0
    if pattern is not None:
        sectors, lines = pattern.cost(g.byte(i.item(0)), g.of.bytes)
    counters, size = w.machine.counters, lanes.size * each * g.of.bytes
    if store:
        counters.gst_req += 1
        counters.gst_sectors += sectors
        counters.gst_bytes += size
    else:
        counters.gld_req += 1
        counters.gld_sectors += sectors
        counters.gld_lines += lines
        counters.gld_bytes += size
    if w.machine.cfg.trace and w.machine.trace.global_ is None:
        picture(w, g, lanes, i, sectors, each, store)


def picture(w, g, lanes, i, sectors, each, store):
    """Keeps the first access with more sectors than as many different elements side by side would cost."""
    least = -(-np.unique(i).size * each * g.of.bytes // SECTOR)
    if sectors > least:
        touched = []
        for lane, index in zip(lanes.tolist(), i.tolist()):
            address = g.address(index)
            touched.append(LaneAccess(lane, g.number(index), address, address // SECTOR))
        w.machine.trace.global_ = w.machine.surplus(g.buffer.name, store, sectors, least, touched)
