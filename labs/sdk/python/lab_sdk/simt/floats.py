"""Arithmetic of `F`: one instruction an operation, rounded once, as the hardware rounds it.

`+ - * /`, `fma`, `sqrt` and the conversions give the bits of IEEE 754, and of the Rust twin. `exp`, `exp2`, `ln`,
`log2` and `tanh` are taken in f64 and rounded: they may differ in the last bit from Rust's (`tanh` in the last two), as
from a GPU's. The bits of a NaN and the sign of `max(0.0, -0.0)` are not defined anywhere.
"""

import math

import numpy as np

from .integers import I, U
from .now import W, now
from .value import Ordered, bf16, f16, f32, operator, unary

NUMBERS = (int, float, np.integer, np.floating)


def in_f64(f):
    """`f` of an f32 array, taken in f64 and rounded."""
    return lambda a: f(a.astype(np.float64)).astype(np.float32)


def saturated(to):
    """To integers, towards zero; NaN gives 0, what is too large the largest."""
    least, largest = np.iinfo(to).min, np.iinfo(to).max
    return lambda a: np.clip(np.nan_to_num(a.astype(np.float64), nan=0.0), least, largest).astype(np.int64).astype(to)


class F(Ordered):
    """32 floats, one a lane."""

    __slots__ = ()
    __hash__ = None
    of, constants = f32, {}
    advice = "convert integers with to_f32(), and halves too"

    __add__, __radd__ = operator(np.add), operator(np.add, reverse=True)
    __sub__, __rsub__ = operator(np.subtract), operator(np.subtract, reverse=True)
    __mul__, __rmul__ = operator(np.multiply), operator(np.multiply, reverse=True)
    __truediv__, __rtruediv__ = operator(np.divide), operator(np.divide, reverse=True)
    __neg__ = unary(np.negative)

    max = operator(np.fmax)  # the number where one is NaN
    min = operator(np.fmin)
    abs = unary(np.abs)
    exp = unary(in_f64(np.exp))
    exp2 = unary(in_f64(np.exp2))
    ln = unary(in_f64(np.log))
    log2 = unary(in_f64(np.log2))
    sqrt = unary(np.sqrt)
    rsqrt = unary(lambda a: np.float32(1) / np.sqrt(a))
    recip = unary(lambda a: np.float32(1) / a)
    tanh = unary(in_f64(np.tanh))
    floor = unary(np.floor)
    to_u32 = unary(saturated(np.uint32), U)
    to_i32 = unary(saturated(np.int32), I)

    @classmethod
    def number(cls, x):
        if not isinstance(x, NUMBERS) or isinstance(x, bool):
            cls.refuse(x)
        x = float(x)
        # 0.0 and -0.0 are one key of a table, and a NaN is a new one each time.
        if math.isnan(x) or x == 0.0 and math.copysign(1.0, x) < 0.0:
            return cls.keep(None, x)
        known = cls.constants.get(x)
        return cls.keep(x, x) if known is None else known

    def fma(self, b, c):
        """self * b + c, rounded once"""
        now.left -= 1
        if now.left < 0:
            now.look()
        b, c = F.value(b), F.value(c)
        return F(fused(self.a, b.a, c.a), now.mask & self.made & b.made & c.made)

    def bits(self):
        """The same 32 bits. A move is no instruction."""
        return U(self.a.view(np.uint32), self.made)

    def narrow(self, to):
        """To `f16` or `bf16`: nearest, ties to even."""
        if to not in (f16, bf16):
            raise TypeError("narrow to simt.f16 or simt.bf16")
        made = now.issue() & self.made
        return to.lanes(to.lanes.narrow(self.a), made)


f32.lanes = F


F64, F32 = np.dtype(np.float64), np.dtype(np.float32)
# As arrays, since a Python number costs an operation as much again.
LOW_BITS, HALF_WAY = np.full(W, 0x1FFF_FFFF, np.uint64), np.full(W, 0x1000_0000, np.uint64)
ONE, LEAST_NORMALS = np.full(W, 1, np.uint32), np.full(W, (2 << 24) - 1, np.uint32)


def fused(a, b, c):
    """a·b + c with one rounding: (32,) f32. The product of two floats is exact in f64, so that only the sum is rounded
    twice: to f64, then to f32. That shows where the f64 lies half-way between two floats, or near or below the least
    normal float: then the sum is taken again. Both are looked for in the bytes first, where they are rare."""
    sum_ = a.astype(F64) * b.astype(F64) + c.astype(F64)
    result = sum_.astype(F32)
    top = result.tobytes()[3::4]  # the sign and the high bits of the exponent
    if 0 in top or 128 in top:
        bits = result.view(np.uint32)
        if b"\x01" in ((bits + bits) - ONE < LEAST_NORMALS).tobytes():
            return exact(a, b, c)
    if sum_.tobytes().find(b"\0\0\0") >= 0:
        if b"\x01" in (sum_.view(np.uint64) & LOW_BITS == HALF_WAY).tobytes():
            return exact(a, b, c)
    return result


def exact(a, b, c):
    """The same, with the sum in f64 rounded to odd: what is lost sets the last bit, so that rounding once more, to f32,
    cannot fall on a tie that is none (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008)."""
    return to_odd(a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64), np.float64).astype(np.float32)


def to_odd(p, c, to):
    """p + c of two f64 arrays, rounded to odd in the float type `to`."""
    sum_ = p + c
    c_there = sum_ - p
    lost = (p - (sum_ - c_there)) + (c - c_there)  # exact: Knuth's two-sum
    near = sum_.astype(to)
    off = (sum_ - near.astype(np.float64)) + lost
    bits = near.view(np.dtype(f"u{near.itemsize}"))
    even = (bits & bits.dtype.type(1)) == 0
    wanted = (off != 0) & np.isfinite(off) & np.isfinite(sum_) & even
    away = (off > 0) == ~np.signbit(near)
    one = bits.dtype.type(1)
    return np.where(wanted, np.where(away, bits + one, bits - one), bits).view(to)
