//! The interpreter of drawn programs on the Rust API. Its twin is `twin.py`.

use super::program::{At, If, LENGTH, Program, REGISTERS, SHARED, Statement};
use lab_sdk::simt::{B2, Cfg, Element, F, G, H2, Half, Order, P, Reg, Report, S, U, V, Warp, bf16, f16, launch};
use serde_json::{Value, json};

/// What a kernel works on.
#[derive(Clone)]
struct Buffers {
    patterns: G<u32>,
    x: G<u32>,
    y: G<u32>,
    f: G<f32>,
    h: G<f16>,
    b: G<bf16>,
}

/// What one warp works on.
struct State<'a> {
    w: &'a Warp,
    on: &'a Buffers,
    r: [Reg<u32>; REGISTERS],
    f: [Reg<f32>; REGISTERS],
    s: S<u32>,
    t: S<f32>,
    k: Option<S<f16>>,
}

/// The report and the memory that a program leaves.
pub fn execute(program: &Program) -> Value {
    let order = if program.by_number { Order::ByNumber } else { Order::Drawn };
    let cfg = Cfg {
        seed: program.seed,
        order,
        budget: program.budget,
        trace: program.trace,
        smem_bytes: (8 * SHARED + 2 * SHARED) as usize,
        ..Cfg::new([program.blocks, 1, 1], [program.threads, 1, 1])
    };
    let floats = &program.floats;
    let on = Buffers {
        patterns: G::new("patterns", &program.patterns),
        x: G::new("x", &program.integers),
        y: G::poisoned("y", LENGTH as usize),
        f: G::new("f", floats),
        h: G::new("h", floats.iter().map(|&x| f16::from_f32(x)).collect::<Vec<_>>()),
        b: G::new("b", floats.iter().map(|&x| bf16::from_f32(x)).collect::<Vec<_>>()),
    };
    let report = launch(cfg, |w| kernel(w, on.clone(), program));
    let report: Report = report.expect("the launch is accepted");
    let wide = |data: Vec<f32>| data.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    json!({
        "report": report,
        "x": on.x.to_vec(),
        "y": on.y.to_vec(),
        "f": wide(on.f.to_vec()),
        "h": wide(on.h.to_vec().into_iter().map(f16::to_f32).collect()),
        "b": wide(on.b.to_vec().into_iter().map(bf16::to_f32).collect()),
    })
}

async fn kernel(w: Warp, on: Buffers, program: &Program) {
    let (s, t) = (w.shared("s", SHARED), w.shared("t", SHARED));
    let k = program.halves.then(|| w.shared("k", SHARED));
    let r = std::array::from_fn(|i| Reg::new(w.lane() + i as u32));
    let f = std::array::from_fn(|i| Reg::new(w.lane().to_f32() * i as f32));
    let state = State { w: &w, on: &on, r, f, s, t, k };
    for statement in &program.body {
        match statement {
            Statement::Sync => w.sync().await,
            Statement::For(n, body) if matches!(body.last(), Some(Statement::Sync)) => {
                for _ in 0..*n {
                    run(&state, &body[..body.len() - 1]);
                    w.sync().await;
                }
            }
            Statement::OfWarp(id, body) if w.id == *id as usize => {
                if matches!(body[0], Statement::Return) {
                    return;
                }
                w.sync().await;
            }
            Statement::OfWarp(..) => {}
            statement => step(&state, statement),
        }
    }
}

fn run(state: &State<'_>, body: &[Statement]) {
    body.iter().for_each(|statement| step(state, statement));
}

fn step(state: &State<'_>, statement: &Statement) {
    let State { w, r, f, .. } = state;
    let (of_r, of_f) = (|i: usize| r[i].get(), |i: usize| f[i].get());
    match statement {
        Statement::Number(a, name) => r[*a].set(number(w, name)),
        Statement::Pattern(a, k) => r[*a].set(w.ld(&state.on.patterns, w.lane() + 32 * *k)),
        Statement::Unsigned(name, a, b, c) => r[*a].set(unsigned(name, of_r(*b), of_r(*c))),
        Statement::Immediate("reverse", a, b, k) => r[*a].set(*k - of_r(*b)),
        Statement::Immediate("/", a, b, k) => r[*a].set(of_r(*b) / *k),
        Statement::Immediate("%", a, b, k) => r[*a].set(of_r(*b) % *k),
        Statement::Immediate(name, a, b, k) => r[*a].set(unsigned(name, of_r(*b), U::from(*k))),
        Statement::Signed(name, a, b, c) => r[*a].set(signed(name, of_r(*b), of_r(*c))),
        Statement::Float(name, a, b, c) => f[*a].set(float(name, of_f(*b), of_f(*c))),
        Statement::Scale(name, a, x, b) => f[*a].set(match *name {
            "*" => *x * of_f(*b),
            "-" => *x - of_f(*b),
            _ => *x / of_f(*b),
        }),
        Statement::Fma(a, b, c, d) => f[*a].set(of_f(*b).fma(of_f(*c), of_f(*d))),
        Statement::Unary("popc", a, b) => r[*a].set(of_r(*b).popc()),
        Statement::Unary("not", a, b) => r[*a].set(!of_r(*b)),
        Statement::Unary(name, a, b) => f[*a].set(unary(name, of_f(*b))),
        Statement::Convert("u32 f32", a, b) => f[*a].set(of_r(*b).to_f32()),
        Statement::Convert("i32 f32", a, b) => f[*a].set(of_r(*b).to_i32().to_f32()),
        Statement::Convert("f32 u32", a, b) => r[*a].set(of_f(*b).to_u32()),
        Statement::Convert("f32 i32", a, b) => r[*a].set(of_f(*b).to_i32().to_u32()),
        Statement::Convert(_, a, b) => f[*a].set((of_r(*b) & 0xBFFF_FFFF).float_of_bits()),
        Statement::Halves("f16", name, to, one, two) => halves::<f16>(state, name, to, one, two),
        Statement::Halves(_, name, to, one, two) => halves::<bf16>(state, name, to, one, two),
        Statement::Mma("f16") => mma(state, H2::pack(of_f(0), of_f(1)), H2::pack(of_f(1), of_f(2))),
        Statement::Mma(_) => mma(state, B2::pack(of_f(0), of_f(1)), B2::pack(of_f(1), of_f(2))),
        Statement::Load(a, name, at) => load(state, *a, name, index(state, at)),
        Statement::Store(name, at, a) => store(state, name, index(state, at), *a),
        Statement::LoadFour(name, at) => {
            let from = if *name == "f" { state.on.f.clone() } else { state.on.f.offset(1) };
            let four = w.ld4(&from, index(state, at) & !3);
            f.iter().zip(four).for_each(|(f, v)| f.set(v));
        }
        Statement::Atomic(a, "f", at, b) => f[*a].set(w.atomic_add(&state.on.f, index(state, at), of_f(*b))),
        Statement::Atomic(a, name, at, b) => {
            let g = if *name == "x" { &state.on.x } else { &state.on.y };
            r[*a].set(w.atomic_add(g, index(state, at), of_r(*b)));
        }
        Statement::LoadShared(a, name, at) => load_shared(state, *a, name, index(state, at)),
        Statement::StoreShared(name, at, a) => store_shared(state, name, index(state, at), *a),
        Statement::Shuffle("xor", a, b, d) => r[*a].set(w.shfl_xor(of_r(*b), *d)),
        Statement::Shuffle("down", a, b, d) => r[*a].set(w.shfl_down(of_r(*b), *d)),
        Statement::Shuffle(_, a, b, d) => r[*a].set(w.shfl_up(of_r(*b), *d)),
        Statement::ShuffleFrom(a, b, c) => f[*a].set(w.shfl(of_f(*b), of_r(*c))),
        Statement::Select(a, c, x, y) => f[*a].set(w.sel(condition(state, c), of_f(*x), of_f(*y))),
        Statement::Ballot(a, c) => r[*a].set(U::splat(w.ballot(condition(state, c)))),
        Statement::Plain(a, b, k) => {
            let mut v = of_r(*b);
            w.if_(w.lane().lt(*k), || v = of_r(*b) + 1);
            r[*a].set(v);
        }
        Statement::Branch(c, body) => w.if_(condition(state, c), || run(state, body)),
        Statement::Sides(c, then, otherwise) => {
            w.if_else(condition(state, c), || run(state, then), || run(state, otherwise));
        }
        Statement::While(a, body) => {
            let left = Reg::new(of_r(*a) % 5);
            w.while_(
                || left.get().gt(0),
                || {
                    run(state, body);
                    left.set(left.get() - 1);
                },
            );
        }
        Statement::For(n, body) => (0..*n).for_each(|_| run(state, body)),
        Statement::SyncWarp => w.syncwarp(),
        Statement::Sync | Statement::OfWarp(..) | Statement::Return => unreachable!("outside of branches"),
    }
}

fn number(w: &Warp, name: &str) -> U {
    match name {
        "lane" => w.lane(),
        "tid" => w.tid(),
        "grid" => w.tid() + w.bid[0] * w.bdim[0],
        "below" => w.lanemask_lt(),
        _ => w.tx(),
    }
}

fn index(state: &State<'_>, At(register, modulus, plus): &At) -> U {
    let i = state.r[*register].get() % *modulus;
    if *plus == 0 { i } else { i + *plus }
}

fn condition(state: &State<'_>, If(register, name, k): &If) -> P {
    let x = state.r[*register].get() & 31;
    match *name {
        "lt" => x.lt(*k),
        "le" => x.le(*k),
        "gt" => x.gt(*k),
        "ge" => !x.lt(*k) & x.ge(*k),
        "eq" => x.eq(*k) | x.eq(*k),
        _ => x.ne(*k) ^ P::splat(false),
    }
}

fn unsigned(name: &str, a: U, b: U) -> U {
    match name {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        "<<" => a << b,
        ">>" => a >> b,
        "/" => a / b,
        "%" => a % b,
        "min" => a.min(b),
        _ => a.max(b),
    }
}

fn signed(name: &str, a: U, b: U) -> U {
    let (a, b) = (a.to_i32(), b.to_i32());
    let c = match name {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        ">>" => a >> b,
        "<<" => a << b,
        "/" => a / b,
        "%" => a % b,
        "min" => a.min(b),
        "max" => a.max(b),
        _ => -a,
    };
    c.to_u32()
}

fn float(name: &str, a: F, b: F) -> F {
    match name {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "max" => a.max(b),
        _ => a.min(b),
    }
}

fn unary(name: &str, a: F) -> F {
    match name {
        "neg" => -a,
        "abs" => a.abs(),
        "sqrt" => a.sqrt(),
        "rsqrt" => a.rsqrt(),
        "recip" => a.recip(),
        _ => a.floor(),
    }
}

fn halves<T: Half>(state: &State<'_>, name: &str, to: &[usize; 2], one: &[usize; 2], two: &[usize; 2]) {
    let pack = |of: &[usize; 2]| V::<[T; 2]>::pack(state.f[of[0]].get(), state.f[of[1]].get());
    let (a, b) = (pack(one), pack(two));
    let c = match name {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        _ => a.fma(b, b),
    };
    let (low, high) = (c.low().to_f32(), c.high().to_f32());
    state.f[to[0]].set(low);
    state.f[to[1]].set(high);
}

fn mma<T: Half>(state: &State<'_>, a: V<[T; 2]>, b: V<[T; 2]>) {
    let c = std::array::from_fn(|i| state.f[i].get());
    let d = state.w.mma_m16n8k16([a, b, a, a], [a, b], c);
    state.f.iter().zip(d).for_each(|(f, d)| f.set(d));
}

fn load(state: &State<'_>, a: usize, name: &str, i: U) {
    let (w, on) = (state.w, state.on);
    match name {
        "x" => state.r[a].set(w.ld(&on.x, i)),
        "y" => state.r[a].set(w.ld(&on.y, i)),
        "f" => state.f[a].set(w.ld(&on.f, i)),
        "g" => state.f[a].set(w.ld(&on.f.offset(1), i)),
        "h" => state.f[a].set(w.ld(&on.h, i).to_f32()),
        "b" => state.f[a].set(w.ld(&on.b, i).to_f32()),
        "hh" => state.f[a].set(w.ld(&on.h.pairs(), i).high().to_f32()),
        _ => state.f[a].set(w.ld(&on.b.pairs(), i).low().to_f32()),
    }
}

/// No NaN is stored: which one it is may differ, and with it whether a store changes anything.
const LEAST: f32 = -1e30;

fn store(state: &State<'_>, name: &str, i: U, a: usize) {
    let (w, on, r, f) = (state.w, state.on, state.r[a].get(), state.f[a].get().max(LEAST));
    match name {
        "x" => w.st(&on.x, i, r),
        "y" => w.st(&on.y, i, r),
        "f" => w.st(&on.f, i, f),
        "g" => w.st(&on.f.offset(1), i, f),
        "h" => w.st(&on.h, i, f.narrow()),
        "b" => w.st(&on.b, i, f.narrow()),
        "hh" => w.st(&on.h.pairs(), i, H2::pack(f, f)),
        _ => w.st(&on.b.pairs(), i, B2::pack(f, f)),
    }
}

fn load_shared(state: &State<'_>, a: usize, name: &str, i: U) {
    let w = state.w;
    match (name, state.k) {
        ("s", _) => state.r[a].set(w.lds(state.s, i)),
        ("part", _) => state.r[a].set(w.lds(state.s.part(9, 32), i)),
        ("k", Some(k)) => state.f[a].set(wide(w.lds(k, i))),
        ("kk", Some(k)) => state.f[a].set(w.lds(k.pairs(), i).high().to_f32()),
        ("odd", Some(k)) => state.f[a].set(w.lds(k.part(1, 60).pairs(), i).high().to_f32()),
        _ => state.f[a].set(w.lds(state.t, i)),
    }
}

fn wide<T: Half + Element>(v: V<T>) -> F {
    v.to_f32()
}

fn store_shared(state: &State<'_>, name: &str, i: U, a: usize) {
    let (w, r, f) = (state.w, state.r[a].get(), state.f[a].get().max(LEAST));
    match (name, state.k) {
        ("s", _) => w.sts(state.s, i, r),
        ("part", _) => w.sts(state.s.part(9, 32), i, r),
        ("k", Some(k)) => w.sts(k, i, f.narrow()),
        ("kk", Some(k)) => w.sts(k.pairs(), i, H2::pack(f, f)),
        ("odd", Some(k)) => w.sts(k.part(1, 60).pairs(), i, H2::pack(f, f)),
        _ => w.sts(state.t, i, f),
    }
}
