//! The tile simulator against published facts, against brute force, against its twin in Python, and against every
//! mistake that it names. The kernels here solve what labs ask for, so they lie outside of the sources that a learner
//! gets.

mod facts;
mod faults;
mod lru;
mod memory;
mod numbers;
mod trace;
mod twin;

use lab_sdk::tile::{Fault, FaultKind, L2, Prog, Ptr, TileReport, launch_tiles};

/// A launch of `programs` programs, without a cache.
fn run(programs: usize, kernel: impl Fn(&Prog)) -> TileReport {
    run_with([programs, 1, 1], None, kernel)
}

/// A launch that is accepted.
fn run_with(grid: [usize; 3], l2: Option<L2>, kernel: impl Fn(&Prog)) -> TileReport {
    launch_tiles(grid, l2, kernel).expect("the launch is accepted")
}

/// The fault of this kind, which must be there.
fn fault(report: &TileReport, kind: FaultKind) -> &Fault {
    report.fault(kind).unwrap_or_else(|| panic!("no {kind:?} among {:?}", report.faults))
}

/// Fails if there is any fault.
fn clean(report: &TileReport) {
    assert!(report.faults.is_empty(), "{}", report.faults[0]);
    assert!(report.finished);
}

/// The same numbers between -1 and 1 for the same seed.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        (x >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// 0, 1, 2, ..
fn count_up(name: &str, n: usize) -> Ptr {
    Ptr::f32(name, (0..n).map(|i| i as f32).collect::<Vec<_>>())
}
