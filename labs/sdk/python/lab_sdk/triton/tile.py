"""Tiles and their arithmetic: each operation rounds once, to the type of its result."""

import numbers

import numpy as np

from .dtype import bfloat16, common, dtype, float16, float32, int1, int32, int64, rounded
from .fault import FaultKind, commas
from .machine import Live, now, refuse

# The most elements of a tile: Triton's TRITON_MAX_TENSOR_NUMEL.
MAX_ELEMENTS = 1 << 20


class tensor:
    """A tile: rank 0, 1 or 2. Floats are kept as float32 and integers as int64, with values that `dtype` can hold.

    Floats, and what was loaded, count as live bytes until the tile falls; other integers and conditions are free."""

    __slots__ = ("values", "dtype", "live")
    __array_ufunc__ = None  # NumPy's scalars leave operators to the tile

    def __init__(self, values, of, live=None):
        self.values, self.dtype, self.live = values, of, live

    @property
    def shape(self):
        return self.values.shape

    @property
    def type(self):
        return self

    @property
    def numel(self):
        return self.values.size

    def to(self, of):
        """The elements as another type; the same type is the same tile."""
        return self if of is self.dtype else data(rounded(of, self.values), of)

    cast = to

    @property
    def T(self):
        return transposed(self)

    def __getitem__(self, key):
        """x[:, None] and x[None, :]: an axis of 1. The elements are shared."""
        key = key if isinstance(key, tuple) else (key,)
        if any(part is not None and part != slice(None) for part in key):
            refuse(FaultKind.Rank, lambda program: (
                f"{program} takes elements out of a tile: Triton has only x[:, None] and x[None, :], which add an "
                f"axis"))
        what = None
        if len(self.shape) != 1 and len(key) == 2:
            what = "a column" if key[1] is None else "a row" if key[0] is None else None
        if what:
            refuse(FaultKind.Rank, lambda program: (
                f"{program} makes {what} of a tile of {shape_of(self.shape)}: only a tile of one axis becomes one"))
        if sum(part is not None for part in key) > len(self.shape):
            refuse(FaultKind.Rank, lambda program: f"{program} names more axes than a tile of {shape_of(self.shape)} "
                                                   f"has")
        return tensor(at_most_two(self.values[key]), self.dtype, self.live)

    def number(self):
        if self.values.ndim:
            refuse(FaultKind.Rank, lambda program: (
                f"{program} takes a tile of {shape_of(self.shape)} for one number: elements part with tl.where and "
                f"masks, which & | ~ join"))
        return self.values[()]

    def __bool__(self):
        return bool(self.number())

    def __int__(self):
        return int(self.number())

    def __index__(self):
        return int(self.number())

    def __float__(self):
        return float(self.number())

    def __repr__(self):
        return f"{self.dtype} {shape_of(self.shape)} {self.values.tolist()}"

    def __add__(self, other):
        return binary(self, other, np.add)

    def __radd__(self, other):
        return binary(other, self, np.add)

    def __sub__(self, other):
        return binary(self, other, np.subtract)

    def __rsub__(self, other):
        return binary(other, self, np.subtract)

    def __mul__(self, other):
        return binary(self, other, np.multiply)

    def __rmul__(self, other):
        return binary(other, self, np.multiply)

    def __truediv__(self, other):
        return binary(self, other, np.divide, divides=True)

    def __rtruediv__(self, other):
        return binary(other, self, np.divide, divides=True)

    def __floordiv__(self, other):
        return divided(self, other, quotient)

    def __rfloordiv__(self, other):
        return divided(other, self, quotient)

    def __mod__(self, other):
        return divided(self, other, np.fmod)

    def __rmod__(self, other):
        return divided(other, self, np.fmod)

    def __neg__(self):
        return made(np.negative(self.values), self.dtype)

    def __lt__(self, other):
        return compared(self, other, np.less)

    def __le__(self, other):
        return compared(self, other, np.less_equal)

    def __gt__(self, other):
        return compared(self, other, np.greater)

    def __ge__(self, other):
        return compared(self, other, np.greater_equal)

    def __eq__(self, other):
        return compared(self, other, np.equal)

    def __ne__(self, other):
        return compared(self, other, np.not_equal)

    __hash__ = object.__hash__

    def __and__(self, other):
        return bitwise(self, other, np.bitwise_and)

    def __or__(self, other):
        return bitwise(self, other, np.bitwise_or)

    def __xor__(self, other):
        return bitwise(self, other, np.bitwise_xor)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self, other):
        return bitwise(self, other, np.left_shift)

    def __rshift__(self, other):
        return bitwise(self, other, np.right_shift)

    def __invert__(self):
        whole(self.dtype)
        return made(np.invert(self.values), self.dtype)


def data(values, of):
    """A tile that counts as live."""
    values, machine = np.asarray(values), now.machine
    if machine is None:
        return tensor(values, of)
    machine.work(values.size)
    return tensor(values, of, Live(machine, values.size * of.bytes))


def made(values, of):
    """What an operation makes, rounded: floats count as live, offsets and conditions are free."""
    if of.floating:
        return data(np.asarray(values) if of is float32 else rounded(of, np.asarray(values)), of)
    values = np.asarray(values)
    if now.machine is not None:
        now.machine.work(values.size)
    return tensor(values, of)


def shape_of(sides):
    """As Python writes it."""
    return str(tuple(int(side) for side in sides))


def check(sides):
    """Refuses a side that is no power of two, and more elements than a tile may have."""
    if len(sides) > 2:
        at_most_two(np.empty((1,) * len(sides)))
    for side in sides:
        if side < 1 or side & (side - 1):
            fits = 1 << max(int(side) - 1, 0).bit_length()
            refuse(FaultKind.NotPowerOfTwo, lambda program: (
                f"{program} asks for a tile with a side of {side}, which is not a power of two: Triton compiles no "
                f"other; take {fits} and mask what is too much"))
    return check_size(sides)


def check_size(sides):
    elements = 1
    for side in sides:
        elements *= int(side)
    if elements > MAX_ELEMENTS:
        refuse(FaultKind.TooLarge, lambda program: (
            f"{program} makes a tile of {shape_of(sides)} = {commas(elements)} elements, and Triton's largest has "
            f"{commas(MAX_ELEMENTS)}: let each program do less, and more programs the rest"))
    return sides


def at_most_two(values):
    if values.ndim > 2:
        refuse(FaultKind.Rank, lambda program: f"{program} makes a tile of {values.ndim} axes: here a tile has at most "
                                               f"two")
    return values


def broadcast(a, b):
    """The shape of both; the launch ends if there is none."""
    if a == b:
        return a
    long = max(len(a), len(b))
    both = []
    for m, n in zip((1,) * (long - len(a)) + a, (1,) * (long - len(b)) + b):
        if m != n and m != 1 and n != 1:
            refuse(FaultKind.Shape, lambda program: (
                f"{program} joins tiles of {shape_of(a)} and {shape_of(b)}, which do not broadcast: from the right, "
                f"sides must be equal or 1; x[:, None] makes a column, x[None, :] a row"))
        both.append(max(m, n))
    return check_size(tuple(both))


def stretch(values, to, what):
    """The elements stretched to a shape that they broadcast to; the launch ends if they do not."""
    sides = values.shape
    if sides == to:
        return values
    long = (1,) * (len(to) - len(sides)) + sides
    if len(sides) > len(to) or any(m not in (1, n) for m, n in zip(long, to)):
        refuse(FaultKind.Shape, lambda program: (
            f"{program} gives a {what} of {shape_of(sides)} for offsets of {shape_of(to)}, to which it does not "
            f"broadcast"))
    return np.broadcast_to(values, to)


def shape(x):
    return x.values.shape if isinstance(x, tensor) else ()


def type_of(x):
    """The type of a tile, or `int` or `float` of a number."""
    if isinstance(x, tensor):
        return x.dtype
    if isinstance(x, (bool, numbers.Integral)):
        return int
    if isinstance(x, numbers.Real):
        return float
    return refuse(FaultKind.Dtype, lambda program: f"{program} computes with a {type(x).__name__}, which is no tile or "
                                                   f"number")


def values_of(x, of):
    """The elements of a tile or a number, as type `of`."""
    if isinstance(x, tensor):
        if x.dtype is of or of is float32 and x.dtype.floating:
            return x.values
        return x.values.astype(np.int64) if of in (int32, int64) else rounded(of, x.values)
    return rounded(of, np.float32(x)) if of.floating else np.int64(x)


def binary(a, b, f, divides=False):
    of = common((type_of(a), type_of(b)), divides)
    broadcast(shape(a), shape(b))
    return made(f(values_of(a, of), values_of(b, of)), of)


def compared(a, b, f):
    of = common((type_of(a), type_of(b)), False)
    broadcast(shape(a), shape(b))
    return made(f(values_of(a, of), values_of(b, of)), int1)


def quotient(a, b):
    """Towards zero, as C does it and Triton with it."""
    floor = a // b
    return floor + ((a % b != 0) & ((a < 0) != (b < 0)))


def divided(a, b, f):
    of = whole(common((type_of(a), type_of(b)), False))
    to = broadcast(shape(a), shape(b))
    x, y = values_of(a, of), np.asarray(values_of(b, of))
    zeros = np.flatnonzero(y == 0)
    if zeros.size and now.machine is not None:
        now.machine.fault(FaultKind.DivisionByZero, lambda program: (
            f"{program} divides integers by zero: a GPU does not stop there, it goes on with any number"),
            element=int(zeros[0]))
    safe = np.where(y == 0, 1, y)
    return made(np.broadcast_to(np.where(y == 0, 0, f(x, safe)), to), of)


def whole(of):
    if of.floating:
        refuse(FaultKind.Dtype, lambda program: f"{program} takes // % & | ^ or ~ of {of}: they are for integers and "
                                                f"conditions")
    return of


def bitwise(a, b, f):
    if type_of(a) is int1 and type_of(b) is int1:
        of, x, y = int1, a.values, b.values
    elif isinstance(b, (bool, np.bool_)) and type_of(a) is int1:
        of, x, y = int1, a.values, np.bool_(b)
    else:
        of = whole(common((type_of(a), type_of(b)), False))
        x, y = values_of(a, of), values_of(b, of)
    broadcast(shape(a), shape(b))
    return made(f(x, y), of)


def transposed(x):
    sides = matrix(x, "transposes")
    values = np.ascontiguousarray(x.values.T)
    assert values.shape == sides[::-1]
    return data(values, x.dtype) if x.live or x.dtype.floating else made(values, x.dtype)


def matrix(x, does):
    """Rows and columns of a tile that must have both."""
    if len(shape(x)) != 2:
        refuse(FaultKind.Rank, lambda program: (
            f"{program} {does} a tile of {shape_of(shape(x))}, which has not two axes; x[:, None] and x[None, :] add "
            f"one"))
    return x.shape


__all__ = ["bfloat16", "dtype", "float16", "tensor"]
