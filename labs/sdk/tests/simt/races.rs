//! Race detection on shared memory: against a record of every access, and in the words that a learner reads.

use super::{clean, fault, in_order, run, unused};
use lab_sdk::simt::{Cfg, FaultKind, G, Order, Report, U, V, Warp, f16};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A step of a drawn program.
#[derive(Clone, Debug)]
enum Step {
    Read(Vec<u32>, u32),
    Write(Vec<u32>, Vec<u32>, u32),
    SyncWarp,
    Barrier,
}

/// Rule R9, by the book: every access since the last barrier is kept.
#[derive(Default)]
struct Book {
    /// (interval of the warp, warp, lane, is a write, value)
    seen: Vec<Vec<(u32, u32, usize, bool)>>,
    values: Vec<Option<u32>>,
    inter: u64,
    intra: u64,
    unset: u64,
}

const WORDS: u32 = 40;

#[test]
fn drawn_programs_race_as_often_as_by_the_book() {
    for seed in 0..400 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let warps = 1 + random.next_u32() % 3;
        let programs = programs(&mut random, warps);
        let device: Vec<Vec<[G<u32>; 2]>> = programs.iter().map(|steps| steps.iter().map(operands).collect()).collect();
        let report = run(in_order(warps, WORDS as usize), |w| {
            let (steps, operands) = (programs[w.id].clone(), device[w.id].clone());
            async move {
                let s = w.shared::<u32>("s", WORDS);
                for (step, [index, value]) in steps.iter().zip(operands) {
                    let i = w.ld(&index, w.lane());
                    match step {
                        Step::Read(_, mask) => w.if_(lanes(&w, *mask), || unused(w.lds(s, i))),
                        Step::Write(_, _, mask) => w.if_(lanes(&w, *mask), || w.sts(s, i, w.ld(&value, w.lane()))),
                        Step::SyncWarp => w.syncwarp(),
                        Step::Barrier => w.sync().await,
                    }
                }
            }
        });
        let book = by_the_book(&programs);
        let c = report.counters;
        let got = (c.hazards_inter, c.hazards_intra, c.uninit_smem);
        assert_eq!(got, (book.inter, book.intra, book.unset), "seed {seed}: {programs:?}");
    }
}

fn lanes(w: &Warp, mask: u32) -> lab_sdk::simt::P {
    (U::splat(mask) >> w.lane() & 1).eq(1)
}

fn programs(random: &mut ChaCha8Rng, warps: u32) -> Vec<Vec<Step>> {
    let barriers = random.next_u32() % 4;
    let mut programs = vec![Vec::new(); warps as usize];
    for phase in 0..=barriers {
        for program in &mut programs {
            for _ in 0..random.next_u32() % 5 {
                program.push(step(random));
            }
            if phase < barriers {
                program.push(Step::Barrier);
            }
        }
    }
    programs
}

fn step(random: &mut ChaCha8Rng) -> Step {
    let start = random.next_u32() % 8;
    let spread = 1 + random.next_u32() % 8;
    let mut values = |n: u32| (0..32).map(|_| random.next_u32() % n).collect::<Vec<_>>();
    let (drawn, value) = (values(spread), values(3));
    let index = match random.next_u32() % 3 {
        0 => (start..start + 32).collect(),
        1 => vec![start; 32],
        _ => drawn,
    };
    let mask = if random.next_u32().is_multiple_of(2) { u32::MAX } else { random.next_u32() };
    match random.next_u32() % 5 {
        0 | 1 => Step::Read(index, mask),
        2 | 3 => Step::Write(index, value, mask),
        _ => Step::SyncWarp,
    }
}

fn operands(step: &Step) -> [G<u32>; 2] {
    let none = vec![0; 32];
    let (index, value) = match step {
        Step::Read(index, _) => (index, &none),
        Step::Write(index, value, _) => (index, value),
        _ => (&none, &none),
    };
    [G::new("index", index), G::new("value", value)]
}

fn by_the_book(programs: &[Vec<Step>]) -> Book {
    let mut book = Book { seen: vec![vec![]; WORDS as usize], values: vec![None; WORDS as usize], ..Book::default() };
    let mut at = vec![0; programs.len()];
    while (0..programs.len()).any(|warp| at[warp] < programs[warp].len()) {
        for (warp, program) in programs.iter().enumerate() {
            let mut interval = 0;
            while let Some(step) = program.get(at[warp]) {
                at[warp] += 1;
                match step {
                    Step::Barrier => break,
                    Step::SyncWarp => interval += 1,
                    Step::Read(index, mask) => book.access(index, None, *mask, warp as u32, interval),
                    Step::Write(index, value, mask) => book.access(index, Some(value), *mask, warp as u32, interval),
                }
            }
        }
        book.seen.iter_mut().for_each(Vec::clear);
    }
    book
}

impl Book {
    fn access(&mut self, index: &[u32], values: Option<&Vec<u32>>, mask: u32, warp: u32, interval: u32) {
        for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
            let word = index[lane] as usize;
            let value = values.map(|values| values[lane]);
            let same = value.is_some() && value == self.values[word];
            let last_write = self.seen[word].iter().rev().find(|seen| seen.3);
            let reads = self.seen[word].iter().filter(|seen| !seen.3 && value.is_some());
            let against: Vec<_> = reads.chain(last_write.filter(|_| !same)).collect();
            let inter = against.iter().any(|seen| seen.1 != warp);
            let intra = against.iter().any(|seen| seen.1 == warp && seen.0 == interval && seen.2 != lane);
            match value {
                None if self.values[word].is_none() => self.unset += 1,
                _ if inter => self.inter += 1,
                _ if intra => self.intra += 1,
                _ => {}
            }
            self.seen[word].push((interval, warp, lane, value.is_some()));
            if value.is_some() {
                self.values[word] = value;
            }
        }
    }
}

#[test]
fn read_after_write_between_warps() {
    let mut lines = [0; 2];
    let report = two_warps(&mut lines, |w, lines| {
        let s = w.shared::<f32>("s", 64);
        *lines = [line!() + 1, line!() + 2];
        w.sts(s, w.tid(), 1.0);
        w.lds(s, w.tid() ^ 63);
    });
    // Warp 0 runs first: it reads what warp 1 has not written yet, and warp 1 what warp 0 wrote.
    let f = fault(&report, FaultKind::ReadAfterWrite);
    assert_eq!(
        f.to_string(),
        format!(
            "races.rs:{}, block (0, 0, 0): warp 1 reads s[31] (lane 0) that warp 0 wrote at races.rs:{} with no barrier \
             between: put w.sync().await between the write and the read",
            lines[1], lines[0]
        )
    );
    assert_eq!((f.at.line, f.warp, f.lane, f.index, f.address), (lines[1], 1, Some(0), Some(31), Some(124)));
    assert_eq!(
        (f.array.as_deref(), f.other.as_ref().map(|place| place.line), f.times),
        (Some("s"), Some(lines[0]), 32)
    );
    // And warp 1 wrote what warp 0 had read before.
    assert_eq!((report.counters.hazards_inter, report.counters.uninit_smem), (64, 32));
}

#[test]
fn write_after_read_between_warps() {
    let mut lines = [0; 2];
    let report = two_warps(&mut lines, |w, lines| {
        let s = w.shared::<f32>("s", 64);
        *lines = [line!() + 1, line!() + 2];
        w.lds(s, w.tid() ^ 63);
        w.sts(s, w.tid(), 1.0);
    });
    assert_eq!(
        fault(&report, FaultKind::WriteAfterRead).message,
        format!(
            "warp 1 writes s[32] (lane 0) that warp 0 read at races.rs:{} with no barrier between: warp 0 may still need the \
             old value, so put w.sync().await between the read and the write",
            lines[0]
        )
    );
    assert_eq!(fault(&report, FaultKind::WriteAfterRead).at.line, lines[1]);
}

#[test]
fn write_after_write_between_warps() {
    let mut lines = [0; 2];
    let report = two_warps(&mut lines, |w, lines| {
        let s = w.shared::<u32>("s", 64);
        lines[0] = line!() + 1;
        w.sts(s, w.lane(), w.tid());
    });
    assert_eq!(
        fault(&report, FaultKind::WriteAfterWrite).message,
        format!(
            "warp 1 writes s[0] (lane 0) that warp 0 wrote at races.rs:{} with no barrier between: which value stays depends \
             on who comes last, so give each its own element or put w.sync().await between",
            lines[0]
        )
    );
}

fn two_warps(lines: &mut [u32; 2], kernel: impl Fn(&Warp, &mut [u32; 2])) -> Report {
    let there = std::cell::RefCell::new(lines);
    run(in_order(2, 64), async |w: Warp| kernel(&w, &mut there.borrow_mut()))
}

#[test]
fn races_within_a_warp() {
    let report = run(in_order(1, 64), async |w: Warp| {
        let s = w.shared::<u32>("s", 64);
        w.sts(s, w.lane(), w.lane());
        w.lds(s, w.lane() ^ 1);
    });
    let line = line!() - 3;
    assert_eq!(
        fault(&report, FaultKind::LaneReadAfterWrite).message,
        format!(
            "lane 0 of warp 0 reads s[1] that lane 1 wrote at races.rs:{line} with no w.syncwarp() between: since Volta the \
             lanes of a warp need not run in step, so put w.syncwarp() between the write and the read"
        )
    );
    let report = run(in_order(1, 64), async |w: Warp| {
        let s = w.shared::<u32>("s", 64);
        w.sts(s, w.lane(), w.lane());
        w.syncwarp();
        w.lds(s, 0);
        w.sts(s, w.lane(), 7);
    });
    let line = line!() - 3;
    assert_eq!(
        fault(&report, FaultKind::LaneWriteAfterRead).message,
        format!(
            "lane 0 of warp 0 writes s[0] that other lanes read at races.rs:{line} with no w.syncwarp() between: since Volta \
             the lanes of a warp need not run in step, so put w.syncwarp() between the read and the write"
        )
    );
    assert_eq!(report.counters.hazards_intra, 1);
    let report = run(in_order(1, 64), async |w: Warp| {
        let s = w.shared::<u32>("s", 64);
        w.sts(s, w.lane() / 2, w.lane());
    });
    let line = line!() - 2;
    assert_eq!(
        fault(&report, FaultKind::LaneWriteAfterWrite).message,
        format!(
            "lane 1 of warp 0 writes s[0] that lane 0 wrote at races.rs:{line} with no w.syncwarp() between: which of the two \
             values stays is not defined, so give each lane its own element"
        )
    );
    assert_eq!(report.counters.hazards_intra, 16);
}

/// Rule R9: writes of one value are no race (Compute Sanitizer calls them information).
#[test]
fn equal_writes_are_no_race() {
    clean(&run(in_order(4, 64), async |w: Warp| {
        let s = w.shared::<u32>("s", 64);
        w.sts(s, 3, 9);
        w.sync().await;
        w.lds(s, 3);
    }));
}

#[test]
fn words_that_nobody_wrote() {
    let y = G::poisoned("y", 32);
    let report = run(in_order(1, 64), async |w: Warp| {
        let s = w.shared::<f32>("tile", 64).part(16, 32);
        w.if_(w.lane().lt(24), || w.sts(s, w.lane(), 1.0));
        w.st(&y, w.lane(), w.lds(s, w.lane()));
    });
    assert_eq!(
        fault(&report, FaultKind::Uninitialised).message,
        "warp 0 reads tile[40] (lane 24) that no thread of this block has written: shared memory begins with whatever the \
         last block left there, so write it first, with zeros where there is no data"
    );
    assert_eq!(report.counters.uninit_smem, 8);
    assert_eq!(y.to_vec().iter().filter(|y| y.is_nan()).count(), 8);
    // What one block wrote, the next one has not.
    let report = run(Cfg { grid: [2, 1, 1], order: Order::ByNumber, ..in_order(1, 32) }, async |w: Warp| {
        let s = w.shared::<f32>("s", 32);
        if w.bid[0] == 0 {
            w.sts(s, w.lane(), 1.0);
        } else {
            w.lds(s, w.lane());
        }
    });
    assert_eq!(report.counters.uninit_smem, 32);
    assert_eq!(fault(&report, FaultKind::Uninitialised).block, [1, 0, 0]);
}

/// Neighbouring halves share a word, and two lanes that write them do not race.
#[test]
fn halves_of_a_word_are_apart() {
    let report = run(in_order(2, 64), async |w: Warp| {
        let s = w.shared::<f16>("s", 128);
        w.sts(s, w.tid(), V::from(f16::from_f32(1.0)));
        w.sync().await;
        w.lds(s.pairs(), w.lane());
    });
    clean(&report);
    let report = run(in_order(2, 64), async |w: Warp| {
        let s = w.shared::<f16>("s", 128);
        w.sts(s, w.tid(), V::from(f16::from_f32(1.0)));
        w.lds(s.pairs(), w.lane());
    });
    assert!(report.counters.hazards_inter > 0 && report.counters.hazards_intra > 0);
}
