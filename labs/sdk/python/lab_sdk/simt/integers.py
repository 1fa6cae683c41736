"""Arithmetic of `U` and `I`: it wraps, as on a GPU. A division by zero is a fault."""

import numpy as np

from .fault import FaultKind
from .lanes import bits_of, lanes_of
from .now import ALL, kernel_frame, now
from .value import Ordered, f32, i32, operator, u32, unary


def shift_left(a, b):
    """Amounts above 31 give 0 (PTX ISA, shl)."""
    return np.where(in_range(b), a << (b & b.dtype.type(31)), a.dtype.type(0))


def shift_right(a, b):
    """Amounts above 31 count as 32 for `U` and as 31 for `I` (PTX ISA, shr)."""
    if a.dtype == np.int32:
        return a >> np.where(in_range(b), b, np.int32(31))
    return np.where(in_range(b), a >> (b & np.uint32(31)), np.uint32(0))


def in_range(b):
    return b.view(np.uint32) < 32


def quotient(a, b):
    """Towards zero, as in C and Rust; the least number by -1 wraps."""
    wide, by = a.astype(np.int64), b.astype(np.int64)
    return (np.sign(wide) * np.sign(by) * (np.abs(wide) // np.abs(by))).astype(a.dtype)


def remainder(a, b):
    """With the sign of `a`."""
    return np.fmod(a.astype(np.int64), b.astype(np.int64)).astype(a.dtype)


def division(f, plain=None, reverse=False):
    """The method of `//` or `%`; `plain` is what NumPy has for numbers without sign."""

    def apply(self, other):
        now.left -= 1
        if now.left < 0:
            now.look()
        cls = self.__class__
        a, b, made = self.a, other, now.mask & self.made
        if other.__class__ is cls:
            b, made = other.a, made & other.made
        else:
            b = cls.constant(other)
        if reverse:
            a, b = b, a
        do = plain if plain is not None and a.dtype == np.uint32 else f
        zeros = b == 0
        if b"\x01" in zeros.tobytes():
            by_zero(made & bits_of(zeros))
            done = do(a, np.where(zeros, b.dtype.type(1), b))
            return cls(np.where(zeros, cls.of.poisoned(), done), made)
        return cls(do(a, b), made)

    return apply


def by_zero(zeros):
    """Faults if a lane divides by zero."""
    if not zeros or now.machine is None:
        return
    lane = int(lanes_of(zeros)[0])
    fault = now.machine.fault(FaultKind.DivisionByZero, now.machine.place(kernel_frame()), lane)
    if fault:
        fault.message = (
            f"lane {lane} of warp {fault.warp} divides an integer by zero: a GPU does not stop there, it goes on with "
            "any number"
        )


class Integer(Ordered):
    """What `U` and `I` have in common. A whole division is `//`; `/` is not there, as it gives floats in Python."""

    __slots__ = ()
    __hash__ = None
    __add__ = __radd__ = operator(np.add)
    __sub__, __rsub__ = operator(np.subtract), operator(np.subtract, reverse=True)
    __mul__ = __rmul__ = operator(np.multiply)
    __and__ = __rand__ = operator(np.bitwise_and)
    __or__ = __ror__ = operator(np.bitwise_or)
    __xor__ = __rxor__ = operator(np.bitwise_xor)
    __lshift__, __rlshift__ = operator(shift_left), operator(shift_left, reverse=True)
    __rshift__, __rrshift__ = operator(shift_right), operator(shift_right, reverse=True)
    __floordiv__ = division(quotient, np.floor_divide)
    __rfloordiv__ = division(quotient, np.floor_divide, reverse=True)
    __mod__ = division(remainder, np.remainder)
    __rmod__ = division(remainder, np.remainder, reverse=True)
    min = operator(np.minimum)
    max = operator(np.maximum)

    def __truediv__(self, other):
        raise TypeError("integers divide with //: a / of whole numbers gives a float in Python")

    @classmethod
    def number(cls, x):
        if not isinstance(x, (int, np.integer)) or isinstance(x, bool):
            cls.refuse(x)
        limits = np.iinfo(cls.of.memory)
        if not limits.min <= x <= limits.max:
            raise TypeError(f"{x} is no {cls.__name__}, which holds {limits.min} to {limits.max}")
        return cls.keep(int(x), x)

    def to_f32(self):
        """The nearest float."""
        made = now.issue() & self.made
        return f32.lanes(self.a.astype(np.float32), made)


class U(Integer):
    """32 unsigned integers: indices, bits."""

    __slots__ = ()
    __hash__ = None
    of, constants = u32, {}
    advice = "an index is a U; convert with to_u32()"

    __invert__ = unary(np.invert)

    def popc(self):
        """Ones among the 32 bits: CUDA's `__popc`."""
        made = now.issue() & self.made
        each = np.unpackbits(np.ascontiguousarray(self.a).view(np.uint8)).reshape(-1, 32)
        return U(each.sum(1, dtype=np.uint32), made)

    def to_i32(self):
        """The same 32 bits, with a sign. A move is no instruction."""
        return I(self.a.view(np.int32), self.made)

    def float_of_bits(self):
        """The float of these 32 bits. A move is no instruction."""
        return f32.lanes(self.a.view(np.float32), self.made)


class I(Integer):  # noqa: E742
    """32 signed integers."""

    __slots__ = ()
    __hash__ = None
    of, constants = i32, {}
    advice = "convert with to_i32()"

    __neg__ = unary(np.negative)

    def to_u32(self):
        """The same 32 bits, without a sign. A move is no instruction."""
        return U(self.a.view(np.uint32), self.made)


u32.lanes, i32.lanes = U, I


def index_of(i):
    """An index: a `U`, or a number that all lanes share."""
    return i if i.__class__ is U else U(U.constant(i), ALL)
