"""A register of a warp: 32 bits in each of 32 lanes, and which of the lanes were on when it was made."""

import numpy as np

from .lanes import bits_of, bools_of, remember
from .now import ALL, W, now


class Element:
    """What memory and a lane may hold: f32, u32, i32, f16, bf16, and pairs of the two halves.

    bytes     in memory: 2 or 4
    memory    NumPy's dtype of it there; bits where NumPy has no such number
    register  the dtype of 32 lanes: halves and pairs are bits, in uint32
    poison    the bits of a lane that was off, and of a read out of bounds
    lanes     the class of 32 of them
    pair      two of them in one element, for halves
    """

    def __init__(self, name, size, memory, register, poison):
        self.name, self.bytes, self.memory, self.register = name, size, np.dtype(memory), np.dtype(register)
        self.poison = poison
        self.lanes = self.pair = None

    def poisoned(self, count=W):
        """`count` times poison, as a new register."""
        return np.full(count, self.poison, np.uint32).view(self.register)

    def __repr__(self):
        return self.name


class V:
    """A value of a kernel: one number in each of the 32 lanes.

    There is no way to look into a lane from outside, as there is none on a GPU: lanes talk through shuffles and memory.
    `repr` prints them, with a dot for poison. `a` is never written to: (32,), and `made` has a one for each lane that
    holds a value; the others hold poison.
    """

    __slots__ = ("a", "made")
    __hash__ = None
    of = None

    def __init__(self, a, made):
        if made != ALL:
            a = np.where(bools_of(made), a, self.of.poisoned())
        self.a = a
        self.made = made

    @classmethod
    def splat(cls, x):
        """`x` in every lane that is on. A constant is no instruction."""
        return cls(cls.constant(x), now.mask)

    @classmethod
    def value(cls, x):
        """`x` as a register of this class; a number is an immediate operand, which every lane has, on or off."""
        return x if x.__class__ is cls else cls(cls.constant(x), ALL)

    @classmethod
    def constant(cls, x):
        """32 times the number `x`: (32,), not to be written to"""
        if type(x) is int:
            known = cls.constants.get(x)
            if known is not None:
                return known
        return cls.number(x)

    @classmethod
    def keep(cls, key, x):
        """32 times `x`, remembered if there is a key."""
        a = np.full(W, x, cls.of.register)
        a.setflags(write=False)
        return a if key is None else remember(cls.constants, key, a)

    @classmethod
    def refuse(cls, x):
        """Two kinds of value that do not mix."""
        kind = f"a {x.__class__.__name__}" if isinstance(x, V) else f"{x!r}"
        raise TypeError(f"{kind} is no {cls.__name__}: {cls.advice}")

    def bit_array(self):
        """The lanes' bits: (32,) uint32"""
        return self.a.view(np.uint32)

    def __bool__(self):
        raise TypeError("a value of 32 lanes is neither true nor false: compare it, and branch with w.if_(..)")

    def __repr__(self):
        return f"{self.__class__.__name__}[{', '.join(self.shown())}]"

    def shown(self):
        return [str(x) if self.made >> lane & 1 else "·" for lane, x in enumerate(self.a.tolist())]


class P:
    """A condition: one bit a lane. `&`, `|`, `^` and `~` are one instruction each; `and`, `or` and `not` are
    refused."""

    __slots__ = ("bits", "made")

    def __init__(self, bits, made):
        self.bits, self.made = bits & made, made

    @staticmethod
    def splat(x):
        """The same in every lane that is on: a constant, no instruction."""
        return P(ALL if x else 0, now.mask)

    def to_u32(self):
        """1 where it holds, 0 elsewhere."""
        return u32.lanes(bools_of(self.bits).astype(np.uint32), now.issue() & self.made)

    def __and__(self, other):
        return P(self.bits & other.bits, now.issue() & self.made & other.made)

    def __or__(self, other):
        return P(self.bits | other.bits, now.issue() & self.made & other.made)

    def __xor__(self, other):
        return P(self.bits ^ other.bits, now.issue() & self.made & other.made)

    def __invert__(self):
        return P(~self.bits, now.issue() & self.made)

    def __bool__(self):
        raise TypeError(
            "a condition has 32 lanes and is neither true nor false: branch with w.if_(c), select with w.sel(c, a, b), "
            "or vote with w.any(c) or w.all(c); join conditions with &, | and ~"
        )

    def __repr__(self):
        lanes = ("·" if not self.made >> lane & 1 else str(self.bits >> lane & 1) for lane in range(W))
        return f"P[{''.join(lanes)}]"


def operator(f, reverse=False):
    """The method of an operator that is `f` of two arrays: one warp instruction."""

    def apply(self, other):
        now.left -= 1
        if now.left < 0:
            now.look()
        cls = self.__class__
        if other.__class__ is cls:
            made, b = now.mask & self.made & other.made, other.a
        else:
            made = now.mask & self.made
            b = cls.constants.get(other) if other.__class__ is int else None
            if b is None:
                b = cls.number(other)
        return cls(f(b, self.a) if reverse else f(self.a, b), made)

    return apply


def comparison(f):
    """The method of a comparison: lanes where `f` holds."""

    def compare(self, other):
        now.left -= 1
        if now.left < 0:
            now.look()
        cls = self.__class__
        if other.__class__ is cls:
            made, b = now.mask & self.made & other.made, other.a
        else:
            made, b = now.mask & self.made, cls.constant(other)
        return P(bits_of(f(self.a, b)), made)

    return compare


def unary(f, to=None):
    """The method of an operation on one register; `to` is the class of what it gives."""

    def apply(self):
        made = now.issue() & self.made
        return (to or self.__class__)(f(self.a), made)

    return apply


class Ordered(V):
    """Registers that compare. `i.lt(n)` is `i < n`."""

    __slots__ = ()
    __hash__ = None
    lt = __lt__ = comparison(np.less)
    le = __le__ = comparison(np.less_equal)
    gt = __gt__ = comparison(np.greater)
    ge = __ge__ = comparison(np.greater_equal)
    eq = __eq__ = comparison(np.equal)
    ne = __ne__ = comparison(np.not_equal)


f32 = Element("f32", 4, np.float32, np.float32, 0x7FFF_DEAD)  # a NaN
u32 = Element("u32", 4, np.uint32, np.uint32, 0xDEAD_BEEF)
i32 = Element("i32", 4, np.int32, np.int32, 0xDEAD_BEEF)
f16 = Element("f16", 2, np.uint16, np.uint32, 0x7EAD)  # a NaN
bf16 = Element("bf16", 2, np.uint16, np.uint32, 0x7FED)  # a NaN
f16.pair = Element("f16x2", 4, np.uint32, np.uint32, 0x7EAD_7EAD)
bf16.pair = Element("bf16x2", 4, np.uint32, np.uint32, 0x7FED_7FED)
