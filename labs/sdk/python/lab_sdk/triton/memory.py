"""Global memory: buffers that the host fills, programs read and write by tile, and the host reads back. How a program
reaches them is in access.py."""

import numpy as np

from .dtype import BY_NAME, OF_ARRAY, bfloat16, dtype, float32, int32, poison, rounded
from .fault import FaultKind
from .machine import now, refuse
from .tile import broadcast, tensor

# Buffers begin at multiples of this (R2), the first of them here.
ALIGNMENT = 256
FIRST_ADDRESS = 0x7E00_0000_0000


class Addresses:
    next = FIRST_ADDRESS


class Buffer:
    """A buffer, whatever it holds.

    data     one element after the other, in the storage of the type
    unset    elements that have no value yet; None where all were made with one
    sectors  of 32 bytes, those that the launch of number `launch` has touched
    writer, store   by element, the number of the program that stored it last, plus 1, and of that store (0: an atomic)
    """

    def __init__(self, name, data, of, unset):
        self.name, self.data, self.dtype, self.unset = name, data, of, unset
        self.base = Addresses.next
        size = data.size * of.bytes
        Addresses.next = (self.base + size + 2 * ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        self.launch, self.sectors, self.writer, self.store = 0, None, None, None

    def seen_by(self, launch):
        """Forgets what an earlier launch has touched."""
        if self.launch != launch:
            self.launch, self.writer, self.store = launch, None, None
            self.sectors = np.zeros(self.data.size * self.dtype.bytes // 32 + 1, bool)

    def marks(self):
        if self.writer is None:
            self.writer, self.store = np.zeros(self.data.size, np.int64), np.zeros(self.data.size, np.int64)
        return self.writer, self.store


class Ptr:
    """A buffer in the memory of the device, or a view of one that begins at an offset. `x + offsets` points to
    elements.

    Of a NumPy array it is the array's own memory, so that stores are seen in it; of a list it is a copy, in f32 if
    nothing else is said. Faults call it by `name`."""

    def __init__(self, name, data, of=None):
        of = BY_NAME.get(of, of)
        if not isinstance(data, np.ndarray):
            data = np.asarray(data, np.float32 if of is None or of.floating else np.int64)
            of = of or float32
        of = of or OF_ARRAY.get(data.dtype)
        if of is None:
            raise ValueError(f"`{name}` is an array of {data.dtype}; a buffer holds float32, float16, int8 or int32, "
                             f"or bf16 in a Ptr")
        if not data.flags.c_contiguous:
            raise ValueError(f"`{name}` is no contiguous array: give the kernel np.ascontiguousarray of it")
        if data.dtype != of.storage or of is bfloat16:
            data = rounded(of, data).astype(of.storage)
        self.buffer, self.start, self.size = Buffer(name, data.reshape(-1), of, None), 0, data.size

    @classmethod
    def poisoned(cls, name, of, size):
        """A buffer in which no element has a value yet: all are poison, and reading one is a fault."""
        of = BY_NAME.get(of, of)
        self = cls(name, np.full(size, poison(of), of.storage), of)
        self.buffer.unset = np.ones(size, bool)
        return self

    def __len__(self):
        return self.size

    @property
    def dtype(self):
        return pointer_type(self.buffer.dtype)

    type = dtype

    def offset(self, n):
        """The same buffer from element `n` on. Its addresses may not divide by 32 any more."""
        return self.part(n, self.size)

    def part(self, first, size):
        """`size` elements from `first` on, or as many as there are: what lies behind them is out of bounds."""
        part = object.__new__(Ptr)
        first = min(first, self.size)
        part.buffer, part.start, part.size = self.buffer, self.start + first, min(size, self.size - first)
        return part

    def to_vec(self):
        """The elements as float32, for the host."""
        return self.elements().astype(np.float32)

    def to_ints(self):
        """The elements as int64, for the host."""
        return self.elements().astype(np.int64)

    def elements(self):
        name = self.buffer.name
        if now.machine is not None:
            raise TypeError(f"`{name}` lies on the device: a kernel reads it with tl.load({name} + ..)")
        return self.buffer.data[self.start : self.start + self.size]

    def address(self, index):
        return self.buffer.base + (self.start + index) * self.buffer.dtype.bytes

    def __add__(self, offs):
        return pointer(self, np.int64(0)) + offs

    __radd__ = __add__

    def __sub__(self, offs):
        return pointer(self, np.int64(0)) - offs

    def __repr__(self):
        return f"{self.buffer.name}[{self.size}] of {self.buffer.dtype}"


class pointer_type:
    """The type of a pointer: to elements of type `element_ty`."""

    def __init__(self, element_ty):
        self.element_ty = element_ty

    def is_ptr(self):
        return True

    def __repr__(self):
        return f"pointer<{self.element_ty}>"


class pointer:
    """Where elements of a buffer lie: offsets in elements, of any shape."""

    __slots__ = ("p", "offs")
    __array_ufunc__ = None

    def __init__(self, p, offs):
        self.p, self.offs = p, np.asarray(offs)

    @property
    def shape(self):
        return self.offs.shape

    @property
    def dtype(self):
        return self.p.dtype

    type = dtype

    def moved(self, offs, sign):
        if isinstance(offs, tensor):
            if offs.dtype.floating:
                refuse(FaultKind.Dtype, lambda program: f"{program} adds a tile of {offs.dtype} to a pointer: offsets "
                                                        f"are integers")
            values = offs.values
        elif isinstance(offs, (int, np.integer)):
            values = np.int64(offs)
        else:
            refuse(FaultKind.Dtype, lambda program: f"{program} adds a {type(offs).__name__} to a pointer: offsets are "
                                                    f"integers")
        to = broadcast(self.offs.shape, np.shape(values))
        if now.machine is not None:
            now.machine.work(self.offs.size)
        return pointer(self.p, np.broadcast_to(self.offs + sign * values, to))

    def __add__(self, offs):
        return self.moved(offs, 1)

    __radd__ = __add__

    def __sub__(self, offs):
        return self.moved(offs, -1)

    def __getitem__(self, key):
        """p[:, None] and p[None, :], as of a tile."""
        return pointer(self.p, tensor(self.offs, int32)[key].values)


__all__ = ["Ptr", "dtype", "pointer", "pointer_type"]
