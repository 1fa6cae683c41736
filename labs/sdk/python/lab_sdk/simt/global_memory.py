"""Global memory: buffers that the host fills, kernels read and write by element, and the host reads back. How a warp
reaches them is in access.py."""

import numpy as np

from .now import now
from .value import bf16, f16, f32, i32, u32

# The first address that is handed out; buffers begin at multiples of ALIGNMENT (R2).
FIRST_ADDRESS = 0x7F00_0000_0000
ALIGNMENT = 256


class Buffer:
    """A buffer, whatever it holds.

    bytes   of an element, as the buffer was made
    blank   made without values: an element that still is poison has none
    words   its memory: (n,) uint32
    launch  the launch that `time` and `who` are of: when and by whom each element was stored last; time 0 is never
    """

    next_address = FIRST_ADDRESS

    def __init__(self, name, words, of, blank):
        size = 4 * words.size
        if size >= 1 << 31:
            raise ValueError(f"a simulated buffer holds less than 2 GiB, and `{name}` has {size} bytes")
        self.name, self.bytes, self.blank, self.words = name, of.bytes, blank, words
        self.base = Buffer.next_address
        Buffer.next_address = -(-(self.base + size + ALIGNMENT) // ALIGNMENT) * ALIGNMENT
        self.launch, self.time, self.who = 0, None, None

    def marks_of(self, launch):
        """Makes sure that `time` and `who` are of this launch."""
        if self.launch != launch:
            self.launch = launch
            self.time = np.zeros(self.words.size * 4 // self.bytes, np.int64)
            self.who = np.zeros_like(self.time)


class G:
    """A buffer in the memory of the device, or a view of one that begins at an offset. It is passed to a kernel as a
    pointer is: views share their elements. Faults call it by `name`.

    `of` says what it holds. Without it floats are f32 (float16 arrays f16), int32 arrays i32, and other integers u32.
    """

    __slots__ = ("buffer", "start", "of", "data", "aligned", "length")

    def __init__(self, name, data, of=None):
        data = np.asarray(data)
        of = of or element_of(data)
        self.view(Buffer(name, words_of(data.ravel(), of), of, False), 0, data.size, of)

    @classmethod
    def poisoned(cls, name, length, of=f32):
        """A buffer in which no element has a value yet: all are poison, and reading one is a fault."""
        words = np.full(-(-length * of.bytes // 4), of.poison if of.bytes == 4 else of.pair.poison, np.uint32)
        return cls.__new__(cls).view(Buffer(name, words, of, True), 0, length, of)

    def view(self, buffer, start, length, of):
        """Elements of a buffer from byte `start` on; `data` is what NumPy sees of them, where they are aligned."""
        self.buffer, self.start, self.of, self.length = buffer, start, of, length
        self.aligned = start % of.bytes == 0
        self.data = buffer.words.view(of.memory)[start // of.bytes :]
        return self

    def __len__(self):
        return self.length

    def is_empty(self):
        return self.length == 0

    def offset(self, n):
        """The same buffer from element `n` on, as `pointer + n`. Its addresses may not divide by 32 any more."""
        n = min(n, self.length)
        return G.__new__(G).view(self.buffer, self.start + n * self.of.bytes, self.length - n, self.of)

    def pairs(self):
        """The same halves, two at a time: element i is halves 2i and 2i + 1, one 32-bit access."""
        if self.of.pair is None:
            raise TypeError(f"{self!r} holds {self.of}; only f16 and bf16 come in pairs")
        return G.__new__(G).view(self.buffer, self.start, self.length // 2, self.of.pair)

    def to_vec(self):
        """The elements, for the host, as a NumPy array (halves as f32). A kernel reads with `w.ld`, where it is
        counted."""
        name = self.buffer.name
        if now.machine is not None:
            raise RuntimeError(f"`{name}` lies on the device: a kernel reads it with w.ld({name}, i)")
        data = self.data[: self.length]
        return self.of.lanes.wide(data) if self.of in (f16, bf16) else data.copy()

    def __repr__(self):
        return f"{self.buffer.name}[{self.length}]"

    def byte(self, index):
        """Byte offset of an element in its buffer."""
        return self.start + index * self.of.bytes

    def address(self, index):
        """Device address of an element, also of one beyond the end."""
        return self.buffer.base + self.byte(index)

    def number(self, index):
        """The element's number in the whole buffer, as faults name it."""
        return self.start // self.of.bytes + index


def element_of(data):
    """What a buffer of these numbers holds."""
    if data.dtype.kind == "f":
        return f16 if data.dtype == np.float16 else f32
    if data.dtype.kind not in "iu":
        raise TypeError(f"a buffer holds floats or integers, not {data.dtype}")
    if data.dtype == np.int32:
        return i32
    if data.size and (data.min() < 0 or data.max() > 0xFFFF_FFFF):
        raise TypeError("these integers do not fit u32: pass an int32 array, or of=simt.i32")
    return u32


def words_of(data, of):
    """The memory that holds these numbers: (n,) uint32"""
    if of.bytes == 4:
        return data.astype(of.memory).view(np.uint32)
    if of is f16 and data.dtype == np.float16:
        bits = data.view(np.uint16)
    else:
        bits = of.lanes.narrow(data.astype(np.float32)).astype(np.uint16)
    return np.append(bits, np.zeros(bits.size % 2, np.uint16)).view(np.uint32)
