//! The SIMT simulator against published facts, against brute force, and against every mistake that it names.
//! The kernels here solve what labs ask for, so they lie outside of the sources that a learner gets.

mod control;
mod facts;
mod faults;
mod global;
mod launches;
mod memory;
mod numbers;
mod races;
mod refused;
mod twin;

use lab_sdk::simt::{Cfg, F, Fault, FaultKind, G, Report, Warp, launch};

/// One warp runs `kernel`.
fn one_warp<Fu: Future<Output = ()>>(kernel: impl Fn(Warp) -> Fu) -> Report {
    run(Cfg::default(), kernel)
}

/// A launch that the preset accepts.
fn run<Fu: Future<Output = ()>>(cfg: Cfg, kernel: impl Fn(Warp) -> Fu) -> Report {
    launch(cfg, kernel).expect("the launch is accepted")
}

/// `warps` warps in the order of their numbers, with `words` words of shared memory.
fn in_order(warps: u32, words: usize) -> Cfg {
    let order = lab_sdk::simt::Order::ByNumber;
    Cfg { smem_bytes: 4 * words, order, ..Cfg::new([1, 1, 1], [32 * warps, 1, 1]) }
}

/// The fault of this kind, which must be there.
fn fault(report: &Report, kind: FaultKind) -> &Fault {
    report.fault(kind).unwrap_or_else(|| panic!("no {kind:?} among {:?}", report.faults))
}

/// Fails if there is any fault.
fn clean(report: &Report) {
    assert!(report.faults.is_empty(), "{}", report.faults[0]);
    assert!(report.finished);
}

/// 0, 1, .. 16, 0, 1, ..
fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i % 17) as f32).collect()
}

/// Floats that count up.
fn count_up(name: &str, n: usize) -> G<f32> {
    G::new(name, (0..n).map(|i| i as f32).collect::<Vec<_>>())
}

/// A value that only its cost is wanted of.
fn unused<T>(_: T) {}

/// The constant 0.
fn zero() -> F {
    F::splat(0.0)
}
