"""The interpreter of drawn programs on the Python API (its twin is twin/execute.rs), and the facts and mistakes of the
Rust tests. Reads JSON from stdin, prints JSON: `twin.py programs` a list of programs, `twin.py facts` nothing."""

import json
import operator as op
import sys

import numpy as np

from lab_sdk import simt
from lab_sdk.simt import B2, F, G, H2, U, Cfg, Order, P, Reg, bf16, f16, f32, u32

REGISTERS, LENGTH, SHARED = 5, 150, 70
# No NaN is stored: which one it is may differ, and with it whether a store changes anything.
LEAST = -1e30
INTEGERS = {
    "+": op.add, "-": op.sub, "*": op.mul, "&": op.and_, "|": op.or_, "^": op.xor, "<<": op.lshift, ">>": op.rshift,
    "/": op.floordiv, "%": op.mod, "min": lambda a, b: a.min(b), "max": lambda a, b: a.max(b), "neg": lambda a, _: -a,
    "reverse": lambda a, k: k - a,
}
FLOATS = {
    "+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv, "max": lambda a, b: a.max(b), "min": lambda a, b: a.min(b),
}
SCALES = {"*": lambda x, b: x * b, "-": lambda x, b: x - b, "/": lambda x, b: x / b}
UNARY = {"neg": op.neg, "abs": F.abs, "sqrt": F.sqrt, "rsqrt": F.rsqrt, "recip": F.recip, "floor": F.floor}
CONDITIONS = {
    "lt": lambda x, k: x < k,
    "le": lambda x, k: x.le(k),
    "gt": lambda x, k: x > k,
    "ge": lambda x, k: ~(x < k) & (x >= k),
    "eq": lambda x, k: x.eq(k) | (x == k),
    "ne": lambda x, k: (x != k) ^ P.splat(False),
}
NUMBERS = {
    "lane": lambda w: w.lane(),
    "tid": lambda w: w.tid(),
    "grid": lambda w: w.tid() + w.bid[0] * w.bdim[0],
    "below": lambda w: w.lanemask_lt(),
    "x": lambda w: w.tx(),
}
PAIRS = {"f16": H2, "bf16": B2}


class Buffers:
    """What a kernel works on."""

    def __init__(self, program):
        floats = np.array(program["floats"], np.float32)
        self.patterns = G("patterns", np.array(program["patterns"], np.uint32))
        self.x = G("x", np.array(program["integers"], np.uint32))
        self.y = G.poisoned("y", LENGTH, u32)
        self.f = G("f", floats)
        self.h = G("h", floats, f16)
        self.b = G("b", floats, bf16)


def execute(program):
    """The report and the memory that a program leaves."""
    cfg = Cfg(
        (program["blocks"], 1, 1), (program["threads"], 1, 1), smem_bytes=10 * SHARED, seed=program["seed"],
        order=Order.ByNumber if program["by_number"] else Order.Drawn, budget=program["budget"], trace=program["trace"],
    )
    on = Buffers(program)
    report = simt.launch(cfg, kernel, on, program)
    memory = {name: getattr(on, name).to_vec().view(np.uint32).tolist() for name in "xyfhb"}
    return {"report": report.to_dict(), **memory}


def kernel(w, on, program):
    state = State(w, on, program["halves"])
    for statement in program["body"]:
        (kind, of), = statement.items() if isinstance(statement, dict) else [(statement, None)]
        if kind == "Sync":
            yield w.sync()
        elif kind == "For" and of[1][-1] == "Sync":
            for _ in range(of[0]):
                state.run(of[1][:-1])
                yield w.sync()
        elif kind == "OfWarp":
            if w.id == of[0] and of[1] == ["Return"]:
                return
            if w.id == of[0]:
                yield w.sync()
        else:
            state.step(statement)


class State:
    """What one warp works on; a method for each statement."""

    def __init__(self, w, on, halves):
        self.w, self.on = w, on
        self.s, self.t = w.shared("s", SHARED, u32), w.shared("t", SHARED, f32)
        self.k = w.shared("k", SHARED, f16) if halves else None
        self.r = [Reg(w.lane() + i) for i in range(REGISTERS)]
        self.f = [Reg(w.lane().to_f32() * i) for i in range(REGISTERS)]

    def run(self, body):
        for statement in body:
            self.step(statement)

    def step(self, statement):
        if statement == "SyncWarp":
            return self.w.syncwarp()
        ((kind, of),) = statement.items()
        return getattr(self, kind)(*(of if isinstance(of, list) else [of]))

    def index(self, at):
        register, modulus, plus = at
        i = self.r[register].get() % modulus
        return i if plus == 0 else i + plus

    def condition(self, c):
        register, name, k = c
        return CONDITIONS[name](self.r[register].get() & 31, k)

    def Number(self, a, name):
        self.r[a].set(NUMBERS[name](self.w))

    def Pattern(self, a, k):
        self.r[a].set(self.w.ld(self.on.patterns, self.w.lane() + 32 * k))

    def Unsigned(self, name, a, b, c):
        self.r[a].set(INTEGERS[name](self.r[b].get(), self.r[c].get()))

    def Immediate(self, name, a, b, k):
        self.r[a].set(INTEGERS[name](self.r[b].get(), k))

    def Signed(self, name, a, b, c):
        self.r[a].set(INTEGERS[name](self.r[b].get().to_i32(), self.r[c].get().to_i32()).to_u32())

    def Float(self, name, a, b, c):
        self.f[a].set(FLOATS[name](self.f[b].get(), self.f[c].get()))

    def Scale(self, name, a, x, b):
        self.f[a].set(SCALES[name](x, self.f[b].get()))

    def Fma(self, a, b, c, d):
        self.f[a].set(self.f[b].get().fma(self.f[c].get(), self.f[d].get()))

    def Unary(self, name, a, b):
        if name == "popc":
            self.r[a].set(self.r[b].get().popc())
        elif name == "not":
            self.r[a].set(~self.r[b].get())
        else:
            self.f[a].set(UNARY[name](self.f[b].get()))

    def Convert(self, name, a, b):
        if name == "u32 f32":
            self.f[a].set(self.r[b].get().to_f32())
        elif name == "i32 f32":
            self.f[a].set(self.r[b].get().to_i32().to_f32())
        elif name == "f32 u32":
            self.r[a].set(self.f[b].get().to_u32())
        elif name == "f32 i32":
            self.r[a].set(self.f[b].get().to_i32().to_u32())
        else:
            self.f[a].set((self.r[b].get() & 0xBFFF_FFFF).float_of_bits())

    def Halves(self, kind, name, to, one, two):
        a, b = (PAIRS[kind].pack(self.f[i].get(), self.f[j].get()) for i, j in (one, two))
        c = a.fma(b, b) if name == "fma" else FLOATS[name](a, b)
        low, high = c.low().to_f32(), c.high().to_f32()
        self.f[to[0]].set(low)
        self.f[to[1]].set(high)

    def Mma(self, kind):
        f = [f.get() for f in self.f]
        a, b = PAIRS[kind].pack(f[0], f[1]), PAIRS[kind].pack(f[1], f[2])
        for to, d in zip(self.f, self.w.mma_m16n8k16([a, b, a, a], [a, b], f[:4])):
            to.set(d)

    def Load(self, a, name, at):
        w, on, i = self.w, self.on, self.index(at)
        if name in "xy":
            self.r[a].set(w.ld(getattr(on, name), i))
        elif name == "f":
            self.f[a].set(w.ld(on.f, i))
        elif name == "g":
            self.f[a].set(w.ld(on.f.offset(1), i))
        elif name in "hb":
            self.f[a].set(w.ld(getattr(on, name), i).to_f32())
        elif name == "hh":
            self.f[a].set(w.ld(on.h.pairs(), i).high().to_f32())
        else:
            self.f[a].set(w.ld(on.b.pairs(), i).low().to_f32())

    def Store(self, name, at, a):
        w, on, i, f = self.w, self.on, self.index(at), self.f[a].get().max(LEAST)
        if name in "xy":
            w.st(getattr(on, name), i, self.r[a].get())
        elif name == "f":
            w.st(on.f, i, f)
        elif name == "g":
            w.st(on.f.offset(1), i, f)
        elif name in "hb":
            w.st(getattr(on, name), i, f.narrow(f16 if name == "h" else bf16))
        elif name == "hh":
            w.st(on.h.pairs(), i, H2.pack(f, f))
        else:
            w.st(on.b.pairs(), i, B2.pack(f, f))

    def LoadFour(self, name, at):
        four = self.w.ld4(self.on.f if name == "f" else self.on.f.offset(1), self.index(at) & 0xFFFF_FFFC)
        for f, v in zip(self.f, four):
            f.set(v)

    def Atomic(self, a, name, at, b):
        registers = self.f if name == "f" else self.r
        registers[a].set(self.w.atomic_add(getattr(self.on, name), self.index(at), registers[b].get()))

    def LoadShared(self, a, name, at):
        w, i = self.w, self.index(at)
        if name == "s":
            self.r[a].set(w.lds(self.s, i))
        elif name == "part":
            self.r[a].set(w.lds(self.s.part(9, 32), i))
        elif name == "k":
            self.f[a].set(w.lds(self.k, i).to_f32())
        elif name == "kk":
            self.f[a].set(w.lds(self.k.pairs(), i).high().to_f32())
        elif name == "odd":
            self.f[a].set(w.lds(self.k.part(1, 60).pairs(), i).high().to_f32())
        else:
            self.f[a].set(w.lds(self.t, i))

    def StoreShared(self, name, at, a):
        w, i, f = self.w, self.index(at), self.f[a].get().max(LEAST)
        if name == "s":
            w.sts(self.s, i, self.r[a].get())
        elif name == "part":
            w.sts(self.s.part(9, 32), i, self.r[a].get())
        elif name == "k":
            w.sts(self.k, i, f.narrow(f16))
        elif name == "kk":
            w.sts(self.k.pairs(), i, H2.pack(f, f))
        elif name == "odd":
            w.sts(self.k.part(1, 60).pairs(), i, H2.pack(f, f))
        else:
            w.sts(self.t, i, f)

    def Shuffle(self, name, a, b, d):
        shuffle = {"xor": self.w.shfl_xor, "down": self.w.shfl_down, "up": self.w.shfl_up}[name]
        self.r[a].set(shuffle(self.r[b].get(), d))

    def ShuffleFrom(self, a, b, c):
        self.f[a].set(self.w.shfl(self.f[b].get(), self.r[c].get()))

    def Select(self, a, c, x, y):
        self.f[a].set(self.w.sel(self.condition(c), self.f[x].get(), self.f[y].get()))

    def Ballot(self, a, c):
        self.r[a].set(U.splat(self.w.ballot(self.condition(c))))

    def Plain(self, a, b, k):
        v = self.r[b].get()
        with self.w.if_(self.w.lane() < k):
            v = self.r[b].get() + 1
        self.r[a].set(v)

    def Branch(self, c, body):
        with self.w.if_(self.condition(c)):
            self.run(body)

    def Sides(self, c, body, other):
        then, otherwise = self.w.if_else(self.condition(c))
        with then:
            self.run(body)
        with otherwise:
            self.run(other)

    def While(self, a, body):
        left = Reg(self.r[a].get() % 5)
        for _ in self.w.while_(lambda: left.get() > 0):
            self.run(body)
            left.set(left.get() - 1)

    def For(self, n, body):
        for _ in range(n):
            self.run(body)


if __name__ == "__main__":
    if sys.argv[1] == "programs":
        json.dump([execute(program) for program in json.load(sys.stdin)], sys.stdout)
    else:
        import twin_facts

        json.dump(twin_facts.facts(), sys.stdout)
