"""16-bit floats: `H` and `B` hold one in each lane, `H2` and `B2` pairs of them in one 32-bit register. Arithmetic is
on pairs: two operations in one instruction, each rounded once. Lanes are bits in uint32, the half of a pair in bits 0
to 15 first."""

import numpy as np

from .floats import F, to_odd
from .integers import U
from .now import now
from .value import V, bf16, f16

LOW = np.uint32(0xFFFF)
SIXTEEN = np.uint32(16)


class Half(V):
    """A half in each lane."""

    __slots__ = ()
    __hash__ = None
    advice = "narrow a float with narrow(simt.f16) or narrow(simt.bf16), which is an instruction"

    @classmethod
    def number(cls, x):
        """A constant, rounded."""
        if not isinstance(x, (int, float, np.integer, np.floating)):
            cls.refuse(x)
        return cls.narrow(F.constant(x))

    def to_f32(self):
        """Exact."""
        made = now.issue() & self.made
        return F(self.wide(self.a), made)

    def shown(self):
        wide = self.wide(self.a).tolist()
        return [str(x) if self.made >> lane & 1 else "·" for lane, x in enumerate(wide)]


class H(Half):
    """32 halves of IEEE 754, `f16`."""

    __slots__ = ()
    __hash__ = None
    of, constants = f16, {}

    @staticmethod
    def wide(bits):
        """Bits -> f32, exact."""
        return bits.astype(np.uint16).view(np.float16).astype(np.float32)

    @staticmethod
    def narrow(x):
        """f32 -> bits: to nearest, ties to even."""
        return x.astype(np.float16).view(np.uint16).astype(np.uint32)


class B(Half):
    """32 bfloat16."""

    __slots__ = ()
    __hash__ = None
    of, constants = bf16, {}

    @staticmethod
    def wide(bits):
        """Bits -> f32, exact."""
        return (bits.astype(np.uint32) << SIXTEEN).view(np.float32)

    @staticmethod
    def narrow(x):
        """f32 -> bits: to nearest, ties to even."""
        bits = x.view(np.uint32)
        rounded = (bits + (np.uint32(0x7FFF) + (bits >> SIXTEEN & np.uint32(1)))) >> SIXTEEN
        return np.where(np.isnan(x), bits >> SIXTEEN | np.uint32(0x40), rounded)


class Pair(V):
    """Two halves in each lane."""

    __slots__ = ()
    __hash__ = None
    advice = "make pairs with H2.pack or B2.pack"

    @classmethod
    def pack(cls, low, high):
        """Two floats of a lane, rounded to nearest even, as one register."""
        low, high = F.value(low), F.value(high)
        made = now.issue() & low.made & high.made
        return cls(cls.half.narrow(low.a) | cls.half.narrow(high.a) << SIXTEEN, made)

    @classmethod
    def join(cls, low, high):
        """Two halves of a lane as one register."""
        made = now.issue() & low.made & high.made
        return cls(low.a | high.a << SIXTEEN, made)

    def low(self):
        """The half in bits 0 to 15."""
        made = now.issue() & self.made
        return self.half(self.a & LOW, made)

    def high(self):
        """The half in bits 16 to 31."""
        made = now.issue() & self.made
        return self.half(self.a >> SIXTEEN, made)

    def bits(self):
        """The register's 32 bits. A move is no instruction."""
        return U(self.a, self.made)

    def fma(self, b, c):
        """self * b + c in both halves, each rounded once"""
        made = now.issue() & self.made & b.made & c.made
        return self.each(made, lambda x, y, z: (x * y, z), b, c)

    def __add__(self, other):
        made = now.issue() & self.made & other.made
        return self.each(made, lambda x, y: (x, y), other)

    def __sub__(self, other):
        made = now.issue() & self.made & other.made
        return self.each(made, lambda x, y: (x, -y), other)

    def __mul__(self, other):
        made = now.issue() & self.made & other.made
        return self.each(made, lambda x, y: (x * y, np.full_like(x, -0.0)), other)

    def each(self, made, terms, *others):
        """Both halves of `product + addend`, which `terms` gives in f64: rounded to odd in f32, then to 16 bits."""
        halves = []
        for shift in (np.uint32(0), SIXTEEN):
            wide = [self.half.wide(v.a >> shift & LOW).astype(np.float64) for v in (self, *others)]
            halves.append(self.half.narrow(to_odd(*terms(*wide), np.float32)))
        return self.__class__(halves[0] | halves[1] << SIXTEEN, made)

    @classmethod
    def number(cls, x):
        cls.refuse(x)

    def shown(self):
        low, high = (self.half.wide(part).tolist() for part in (self.a & LOW, self.a >> SIXTEEN))
        return [f"({x}, {y})" if self.made >> lane & 1 else "·" for lane, (x, y) in enumerate(zip(low, high))]


class H2(Pair):
    """32 pairs of `f16`."""

    __slots__ = ()
    __hash__ = None
    of, half, constants = f16.pair, H, {}


class B2(Pair):
    """32 pairs of `bf16`."""

    __slots__ = ()
    __hash__ = None
    of, half, constants = bf16.pair, B, {}


f16.lanes, bf16.lanes, f16.pair.lanes, bf16.pair.lanes = H, B, H2, B2
