//! Small kernels as data, drawn from a seed: what an interpreter in each language runs.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Integer registers, and as many of floats.
pub const REGISTERS: usize = 5;
/// Elements of the buffers, and of the shared arrays.
pub const LENGTH: u32 = 150;
pub const SHARED: u32 = 70;
const PATTERNS: u32 = 6;

/// A launch and its kernel.
#[derive(Debug, Serialize)]
pub struct Program {
    pub seed: u64,
    pub by_number: bool,
    pub blocks: u32,
    pub threads: u32,
    pub budget: u64,
    pub trace: bool,
    /// Whether the kernel declares arrays of halves.
    pub halves: bool,
    /// Indices of a whole warp, 32 after 32.
    pub patterns: Vec<u32>,
    /// What the buffers begin with.
    pub integers: Vec<u32>,
    pub floats: Vec<f32>,
    pub body: Vec<Statement>,
}

/// Which of the registers; those of integers and of floats have numbers of their own.
type R = usize;
type Name = &'static str;

/// An index: register mod the second number, plus the third.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct At(pub R, pub u32, pub u32);

/// A condition: register & 31, compared with a number.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct If(pub R, pub Name, pub u32);

/// A statement. What it writes is named first.
#[derive(Clone, Debug, Serialize)]
pub enum Statement {
    Number(R, Name),
    Pattern(R, u32),
    Unsigned(Name, R, R, R),
    Immediate(Name, R, R, u32),
    Signed(Name, R, R, R),
    Float(Name, R, R, R),
    Scale(Name, R, f32, R),
    Fma(R, R, R, R),
    Unary(Name, R, R),
    Convert(Name, R, R),
    /// Type, operation, and the registers of both halves of the result and of two operands.
    Halves(Name, Name, [R; 2], [R; 2], [R; 2]),
    Mma(Name),
    Load(R, Name, At),
    Store(Name, At, R),
    LoadFour(Name, At),
    Atomic(R, Name, At, R),
    LoadShared(R, Name, At),
    StoreShared(Name, At, R),
    Shuffle(Name, R, R, usize),
    ShuffleFrom(R, R, R),
    Select(R, If, R, R),
    Ballot(R, If),
    /// A plain variable that a branch of the first lanes assigns: poison in the others. The branch has a lane in every
    /// warp, as Python runs the body of a `with` also without.
    Plain(R, R, u32),
    Branch(If, Vec<Statement>),
    Sides(If, Vec<Statement>, Vec<Statement>),
    While(R, Vec<Statement>),
    For(u32, Vec<Statement>),
    SyncWarp,
    // The others stand outside of branches.
    Sync,
    OfWarp(u32, Vec<Statement>),
    Return,
}

use Statement::*;

struct Draw {
    random: ChaCha8Rng,
    halves: bool,
    /// How often an index misses.
    wild: bool,
}

/// The program of a seed.
pub fn program(seed: u64) -> Program {
    let mut draw = Draw { random: ChaCha8Rng::seed_from_u64(seed), halves: false, wild: false };
    draw.halves = draw.one_in(3);
    draw.wild = draw.one_in(3);
    let threads = if draw.one_in(3) { 1 + draw.below(128) } else { 32 * (1 + draw.below(4)) };
    let blocks = 1 + draw.below(3);
    let body = draw.kernel();
    let patterns = (0..PATTERNS).flat_map(|_| draw.pattern()).collect();
    let integers = (0..LENGTH).map(|_| draw.random.next_u32() >> draw.below(32)).collect();
    let floats = (0..LENGTH).map(|_| draw.float()).collect();
    Program {
        seed,
        by_number: draw.one_in(4),
        blocks,
        threads,
        budget: if draw.one_in(12) { 3200 } else { 3_200_000 },
        trace: draw.one_in(4),
        halves: draw.halves,
        patterns,
        integers,
        floats,
        body,
    }
}

impl Draw {
    fn below(&mut self, n: u32) -> u32 {
        self.random.next_u32() % n
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn register(&mut self) -> R {
        self.below(REGISTERS as u32) as R
    }

    fn name<const N: usize>(&mut self, names: [Name; N]) -> Name {
        names[self.below(N as u32) as usize]
    }

    /// Small integers, halves of them, and any size, tiny ones too.
    fn float(&mut self) -> f32 {
        let x = self.below(64) as f32 - 20.0;
        match self.below(4) {
            0 => x,
            1 => x / 2.0,
            2 => f32::from_bits(self.random.next_u32() & 0x8FFF_FFFF | 0x3800_0000),
            _ => f32::from_bits(self.random.next_u32() & 0xBFFF_FFFF),
        }
    }

    fn pattern(&mut self) -> Vec<u32> {
        let (start, stride, spread) = (self.below(LENGTH), 1 + self.below(34), 1 + self.below(LENGTH));
        let run = |i: u32| start + i;
        match self.below(6) {
            0 => (0..32).map(run).collect(),
            1 => (0..32).map(|i| run(31 - i)).collect(),
            2 => vec![start; 32],
            3 => (0..32).map(|i| i * stride).collect(),
            4 => (0..32).map(|i| run(i / 4 * stride)).collect(),
            _ => (0..32).map(|_| self.below(spread)).collect(),
        }
    }

    /// Phases between barriers; a barrier may be missing, in one warp's hands, or left.
    fn kernel(&mut self) -> Vec<Statement> {
        let mut body = vec![Number(0, "tid"), Number(1, "grid"), Pattern(2, 0)];
        for array in if self.halves { vec!["s", "t", "k"] } else { vec!["s", "t"] } {
            if !self.one_in(3) {
                body.push(StoreShared(array, At(0, SHARED, 0), 0));
            }
        }
        for _ in 0..1 + self.below(4) {
            body.extend(self.statements(7, 2, true));
            match self.below(24) {
                0 => body.push(OfWarp(self.below(3), vec![Return])),
                1 => body.push(OfWarp(0, vec![Sync])),
                2..9 => {}
                9 => body.push(For(2, vec![self.statement(0, false), Sync])),
                _ => body.push(Sync),
            }
        }
        body
    }

    fn statements(&mut self, most: u32, depth: u32, top: bool) -> Vec<Statement> {
        (0..1 + self.below(most)).map(|_| self.statement(depth, top)).collect()
    }

    fn at(&mut self, length: u32) -> At {
        let modulus = if self.wild && self.one_in(8) { length + 3 } else { length };
        let plus = if self.wild && self.one_in(8) { u32::MAX - self.below(3) } else { 0 };
        At(self.register(), modulus, plus)
    }

    fn condition(&mut self) -> If {
        let compare = self.name(["lt", "le", "gt", "ge", "eq", "ne"]);
        If(self.register(), compare, self.below(32))
    }

    fn buffer(&mut self) -> (Name, u32) {
        match self.below(8) {
            0..3 => ("x", LENGTH),
            3 => ("y", LENGTH),
            4 => ("f", LENGTH),
            5 => ("g", LENGTH - 1),
            6 => (self.name(["h", "b"]), LENGTH),
            _ => (self.name(["hh", "bb"]), LENGTH / 2),
        }
    }

    fn array(&mut self) -> (Name, u32) {
        match self.below(if self.halves { 6 } else { 4 }) {
            0 | 1 => ("s", SHARED),
            2 => ("t", SHARED),
            3 => ("part", 32),
            4 => ("k", SHARED),
            _ if self.wild => (self.name(["kk", "kk", "odd"]), SHARED / 2),
            _ => ("kk", SHARED / 2),
        }
    }

    fn statement(&mut self, depth: u32, top: bool) -> Statement {
        let (a, b, c) = (self.register(), self.register(), self.register());
        match self.below(if depth > 0 { 44 } else { 36 }) {
            0..2 => Number(a, self.name(["lane", "tid", "grid", "below", "x"])),
            2..4 => Pattern(a, self.below(PATTERNS)),
            4 | 5 => {
                let names = ["+", "-", "*", "&", "|", "^", "<<", ">>", "/", "%", "min", "max"];
                Unsigned(self.name(names), a, b, c)
            }
            6 | 7 => {
                let by = if self.one_in(20) { 0 } else { 1 + self.below(40) };
                Immediate(self.name(["+", "-", "*", "^", "<<", ">>", "/", "%", "reverse"]), a, b, by)
            }
            8 => Signed(self.name(["+", "-", "*", ">>", "<<", "/", "%", "min", "max", "neg"]), a, b, c),
            9 => Float(self.name(["+", "-", "*", "/", "max", "min"]), a, b, c),
            10 => Scale(self.name(["*", "-", "/"]), a, self.below(9) as f32 - 3.5, b),
            11 | 12 => Fma(a, b, c, self.register()),
            13 => Unary(self.name(["neg", "abs", "sqrt", "rsqrt", "recip", "floor", "popc", "not"]), a, b),
            14 => Convert(self.name(["u32 f32", "i32 f32", "f32 u32", "f32 i32", "bits"]), a, b),
            15 => {
                let operation = self.name(["+", "-", "*", "fma"]);
                Halves(self.name(["f16", "bf16"]), operation, [a, b], [b, c], [c, a])
            }
            16 if top => Mma(self.name(["f16", "bf16"])),
            16..19 => {
                let (buffer, length) = self.buffer();
                Load(a, buffer, self.at(length))
            }
            19..22 => {
                let (buffer, length) = self.buffer();
                Store(buffer, self.at(length), a)
            }
            22 => LoadFour(self.name(["f", "f", "g"]), self.at(LENGTH - 4)),
            23 => Atomic(a, self.name(["x", "y", "f"]), self.at(LENGTH), b),
            24..27 => {
                let (array, length) = self.array();
                LoadShared(a, array, self.at(length))
            }
            27..30 => {
                let (array, length) = self.array();
                StoreShared(array, self.at(length), a)
            }
            30 => Shuffle(self.name(["xor", "down", "up"]), a, b, self.below(34) as usize),
            31 => ShuffleFrom(a, b, c),
            32 => Select(a, self.condition(), b, c),
            33 => Ballot(a, self.condition()),
            34 if top && self.one_in(6) => Plain(a, b, 1 + self.below(20)),
            34..36 => SyncWarp,
            36..39 => Branch(self.condition(), self.statements(4, depth - 1, false)),
            39..41 => {
                let then = self.statements(3, depth - 1, false);
                Sides(self.condition(), then, self.statements(3, depth - 1, false))
            }
            41 | 42 => While(a, self.statements(2, depth - 1, false)),
            _ => For(1 + self.below(3), self.statements(3, 0, false)),
        }
    }
}
