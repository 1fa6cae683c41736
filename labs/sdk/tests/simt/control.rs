//! Branches: masks, counts and poison, against an interpreter that runs one lane at a time.

use super::{clean, one_warp, run, unused};
use lab_sdk::simt::{Cfg, G, P, Reg, U, Warp};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const REGISTERS: usize = 4;

/// A statement of a drawn program. Registers hold u32.
#[derive(Debug)]
enum Statement {
    /// a = b * 5 + c
    Mix(usize, usize, u32),
    /// a = b ^ c
    Xor(usize, usize, usize),
    If(usize, u32, Vec<Statement>),
    Else(usize, u32, Vec<Statement>, Vec<Statement>),
    /// As long as the counter, whose number is given, is above 0; it starts at a register mod 5.
    While(usize, Vec<Statement>),
}

/// One lane's run: its registers, and the instructions that it has done, named by place and turns of the loops around.
struct Lane {
    registers: [u32; REGISTERS],
    done: BTreeSet<Vec<u32>>,
}

#[test]
fn drawn_programs_do_what_each_lane_alone_does() {
    for seed in 0..200 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let program = block(&mut random, 3);
        let start: Vec<u32> = (0..32 * REGISTERS).map(|_| random.next_u32() >> 16).collect();
        let (input, output) = (G::new("input", &start), G::poisoned("output", start.len()));
        let report = one_warp(|w| {
            let (program, input, output) = (&program, input.clone(), output.clone());
            async move {
                let at = |r: usize| w.lane() + 32 * r as u32;
                let registers: [Reg<u32>; REGISTERS] = std::array::from_fn(|r| Reg::new(w.ld(&input, at(r))));
                execute(&w, &registers, program);
                registers.iter().enumerate().for_each(|(r, register)| w.st(&output, at(r), register.get()));
            }
        });
        clean(&report);

        let (mut all, mut each) = (BTreeSet::new(), 0);
        for (lane, got) in (0..32).map(|lane| (lane, output.to_vec())) {
            let registers = std::array::from_fn(|r| start[r * 32 + lane]);
            let mut alone = Lane { registers, done: BTreeSet::new() };
            interpret(&mut alone, &program, &mut vec![]);
            let got: [u32; REGISTERS] = std::array::from_fn(|r| got[r * 32 + lane]);
            assert_eq!(got, alone.registers, "seed {seed}, lane {lane}: {program:?}");
            each += alone.done.len();
            all.extend(alone.done);
        }
        // Loads and stores around the program: an addition and an access for each register, twice.
        let around = 4 * REGISTERS;
        assert_eq!(report.counters.thread_inst, (each + 32 * around) as u64, "seed {seed}: {program:?}");
        assert_eq!(report.counters.warp_inst, (all.len() + around) as u64, "seed {seed}: {program:?}");
    }
}

fn block(random: &mut ChaCha8Rng, depth: u32) -> Vec<Statement> {
    (0..1 + random.next_u32() % 4).map(|_| statement(random, depth)).collect()
}

fn statement(random: &mut ChaCha8Rng, depth: u32) -> Statement {
    let mut below = |n: u32| random.next_u32() % n;
    let register = REGISTERS as u32;
    let (a, b, c) = (below(register) as usize, below(register) as usize, below(register) as usize);
    let limit = below(1 << 16);
    match below(if depth == 0 { 2 } else { 5 }) {
        0 => Statement::Mix(a, b, limit),
        1 => Statement::Xor(a, b, c),
        2 => Statement::If(a, limit, block(random, depth - 1)),
        3 => Statement::Else(a, limit, block(random, depth - 1), block(random, depth - 1)),
        _ => Statement::While(a, block(random, depth - 1)),
    }
}

fn execute(w: &Warp, registers: &[Reg<u32>; REGISTERS], program: &[Statement]) {
    for statement in program {
        match statement {
            Statement::Mix(a, b, c) => registers[*a].set(registers[*b].get() * 5 + *c),
            Statement::Xor(a, b, c) => registers[*a].set(registers[*b].get() ^ registers[*c].get()),
            Statement::If(a, limit, then) => {
                let c: P = (registers[*a].get() & 0xFFFF).lt(*limit);
                w.if_(c, || execute(w, registers, then));
            }
            Statement::Else(a, limit, then, otherwise) => {
                let c: P = (registers[*a].get() & 0xFFFF).lt(*limit);
                w.if_else(c, || execute(w, registers, then), || execute(w, registers, otherwise));
            }
            Statement::While(a, body) => {
                let left = Reg::new(registers[*a].get() % 5);
                w.while_(
                    || left.get().gt(0),
                    || {
                        execute(w, registers, body);
                        left.set(left.get() - 1);
                    },
                );
            }
        }
    }
}

/// `at` names the place in the program and the turns of the loops around it.
fn interpret(lane: &mut Lane, program: &[Statement], at: &mut Vec<u32>) {
    for (number, statement) in (0..).zip(program) {
        at.push(number);
        match statement {
            Statement::Mix(a, b, c) => {
                done(lane, at, 2);
                lane.registers[*a] = lane.registers[*b].wrapping_mul(5).wrapping_add(*c);
            }
            Statement::Xor(a, b, c) => {
                done(lane, at, 1);
                lane.registers[*a] = lane.registers[*b] ^ lane.registers[*c];
            }
            Statement::If(a, limit, then) => {
                done(lane, at, 3); // and, less than, branch
                if lane.registers[*a] & 0xFFFF < *limit {
                    within(lane, then, at, 0);
                }
            }
            Statement::Else(a, limit, then, otherwise) => {
                done(lane, at, 3);
                if lane.registers[*a] & 0xFFFF < *limit {
                    within(lane, then, at, 0);
                } else {
                    within(lane, otherwise, at, 1);
                }
            }
            Statement::While(a, body) => {
                done(lane, at, 1); // mod
                let turns = lane.registers[*a] % 5;
                for turn in 0..turns {
                    at.push(turn);
                    done(lane, at, 3); // greater than, branch; and at the end the subtraction
                    within(lane, body, at, 0);
                    at.pop();
                }
                at.push(turns);
                done(lane, at, 2);
                at.pop();
            }
        }
        at.pop();
    }
}

fn within(lane: &mut Lane, program: &[Statement], at: &mut Vec<u32>, side: u32) {
    at.push(side);
    interpret(lane, program, at);
    at.pop();
}

/// `count` instructions at this place.
fn done(lane: &mut Lane, at: &[u32], count: u32) {
    for instruction in 0..count {
        lane.done.insert([at, &[u32::MAX, instruction]].concat());
    }
}

/// Rule R6: both sides are issued where both have lanes, and an empty side is skipped.
#[test]
fn a_branch_costs_the_sides_that_have_lanes() {
    let cost = |modulus: u32| {
        let report = one_warp(async |w: Warp| {
            let x = w.lane();
            let c = (w.lane() % modulus).eq(0); // 2 instructions
            w.if_else(c, || unused(x + 1), || unused(x * 2 * 3 * 5)); // 1, then 1 or 3
        });
        let c = report.counters;
        (c.warp_inst, c.thread_inst, c.branches, c.div_branches)
    };
    assert_eq!(cost(1), (4, 4 * 32, 1, 0));
    assert_eq!(cost(2), (7, 3 * 32 + 16 + 3 * 16, 1, 1));
    assert_eq!(cost(32), (7, 3 * 32 + 1 + 3 * 31, 1, 1));
}

/// A block of 48 threads is two warps, and a quarter of the lanes idles (CUDA C++ Programming Guide, thread hierarchy).
#[test]
fn a_part_empty_warp_idles() {
    let y = G::poisoned("y", 48);
    let report = run(Cfg::new([1, 1, 1], [48, 1, 1]), async |w: Warp| {
        w.st(&y, w.tid(), w.tid() + 1);
    });
    clean(&report);
    assert_eq!(y.to_vec(), (1..49).collect::<Vec<u32>>());
    assert_eq!(report.counters.warp_inst, 4);
    assert_eq!(report.counters.efficiency(), 0.75);
}

/// `threadIdx` of a block of three dimensions: x runs fastest.
#[test]
fn threads_are_numbered_x_first() {
    let (x, y, z) = (G::poisoned("x", 60), G::poisoned("y", 60), G::poisoned("z", 60));
    let report = run(Cfg::new([1, 1, 1], [5, 4, 3]), async |w: Warp| {
        w.st(&x, w.tid(), w.tx());
        w.st(&y, w.tid(), w.ty());
        w.st(&z, w.tid(), w.tz());
    });
    clean(&report);
    let places: Vec<[u32; 3]> =
        x.to_vec().into_iter().zip(y.to_vec()).zip(z.to_vec()).map(|((x, y), z)| [x, y, z]).collect();
    let wanted: Vec<[u32; 3]> = (0..60).map(|t| [t % 5, t / 5 % 4, t / 20]).collect();
    assert_eq!(places, wanted);
}

/// `sel` is one instruction without a branch, and takes lanes from both sides.
#[test]
fn selection_is_no_branch() {
    let y = G::poisoned("y", 32);
    let report = one_warp(async |w: Warp| {
        let odd = (w.lane() & 1).eq(1);
        w.st(&y, w.lane(), w.sel(odd, w.lane(), U::splat(100)));
    });
    clean(&report);
    assert_eq!(y.to_vec(), (0..32).map(|i| if i % 2 == 1 { i } else { 100 }).collect::<Vec<_>>());
    assert_eq!((report.counters.warp_inst, report.counters.branches), (4, 0));
}

/// Votes see the lanes that are on.
#[test]
fn votes() {
    let report = one_warp(async |w: Warp| {
        let low = w.lane().lt(16);
        assert_eq!(w.ballot(low), 0xFFFF);
        assert!(w.any(low) && !w.all(low));
        w.if_(low, || {
            assert_eq!(w.active(), 0xFFFF);
            assert!(w.all(low) && !w.any(!low));
            assert_eq!(w.ballot((w.lane() & 1).eq(0)), 0x5555);
        });
        let count = Reg::new(low.to_u32());
        w.if_(low, || count.set(count.get() + low.to_u32()));
        assert_eq!(w.ballot(count.get().eq(2)), 0xFFFF);
        assert_eq!(w.ballot(count.get().eq(0)), 0xFFFF_0000);
        let below = (w.lanemask_lt() & 0x5555).popc();
        assert!(w.all(below.le(8)));
    });
    clean(&report);
}
