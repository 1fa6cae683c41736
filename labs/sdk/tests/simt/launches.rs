//! Launches as a whole: the same seed, the same run; what a trace keeps; a matrix product three ways.

use super::{clean, in_order, ramp, run, unused, zero};
use lab_sdk::simt::{Cfg, F, G, Order, Report, Warp, launch};
use std::collections::BTreeSet;

/// A reduction in which each warp adds to what it finds: the result depends on who comes when.
pub async fn racy(w: Warp, y: G<f32>) {
    let s = w.shared::<f32>("s", 32);
    w.sts(s, w.lane(), (w.tid() / 32).to_f32());
    w.sync().await;
    w.sts(s, w.lane(), w.lds(s, w.lane()) * 3.0 + (w.tid() / 32).to_f32());
    w.sync().await;
    w.st(&y, w.tid() + w.bid[0] * w.bdim[0], w.lds(s, w.lane()));
}

#[test]
fn the_seed_is_the_run() {
    let once = |seed| {
        let y = G::poisoned("y", 4 * 128);
        let cfg = Cfg { seed, smem_bytes: 128, trace: true, ..Cfg::new([4, 1, 1], [128, 1, 1]) };
        let report = run(cfg, |w| racy(w, y.clone()));
        (y.to_vec().iter().map(|y| y.to_bits()).collect::<Vec<_>>(), report)
    };
    let runs: Vec<_> = (0..8).map(once).collect();
    let faultless = |report: &Report| {
        let mut report = report.clone();
        // Addresses of new buffers differ.
        report.faults.iter_mut().for_each(|fault| fault.address = None);
        report
    };
    for (seed, (values, report)) in (0..).zip(&runs) {
        let (again, report_again) = once(seed);
        assert_eq!((values, faultless(report)), (&again, faultless(&report_again)));
        assert!(report.counters.hazards_inter > 0);
    }
    assert!(runs.iter().map(|(values, _)| values.clone()).collect::<BTreeSet<_>>().len() > 1);
}

/// A matrix product at N = 128, 32 x 32 or 64 x 64 of it a block: sectors 327,680, 16,384 and 8,192, FMA for each shared
/// load 0.5 and 2 (the curriculum's ladder; closed forms N^3/32 (4 + 1) / 2, 2 N^3/32/8, 2 N^3/64/8 over a warp's sectors).
#[test]
fn matrix_products() {
    let n = 128;
    let count = (n * n) as usize;
    let a = G::new("a", ramp(count));
    let b = G::new("b", (0..n * n).map(|i| (i % 13) as f32).collect::<Vec<_>>());
    let product = |way: u32| {
        let c = G::poisoned("c", count);
        let threads = if way == 2 { [16, 16, 1] } else { [32, 32, 1] };
        let tile = if way == 2 { 64 } else { 32 };
        let cfg = Cfg { smem_bytes: 8448, ..Cfg::new([n / tile, n / tile, 1], threads) };
        let report = run(cfg, |w| multiply(w, [a.clone(), b.clone(), c.clone()], n, way));
        clean(&report);
        let (a, b) = (a.to_vec(), b.to_vec());
        let n = n as usize;
        let dot = |i: usize| (0..n).map(|k| a[i / n * n + k] * b[k * n + i % n]).sum::<f32>();
        let got = c.to_vec();
        assert!((0..count).step_by(37).all(|i| got[i] == dot(i))); // integers: exact
        report.counters
    };
    let [naive, shared, tiled] = [0, 1, 2].map(product);
    assert_eq!([naive.gld_sectors, shared.gld_sectors, tiled.gld_sectors], [327_680, 16_384, 8192]);
    assert_eq!((shared.sld_req, shared.sld_waves), (2 * 65_536, 2 * 65_536));
    assert_eq!(tiled.sld_req, 65_536 / 2);
    assert_eq!(tiled.sld_waves, tiled.sld_req);
    assert_eq!(shared.barriers, 16 * 32 * 2 * 4);
}

async fn multiply(w: Warp, [a, b, c]: [G<f32>; 3], n: u32, way: u32) {
    let (tx, ty, t) = (w.tx(), w.ty(), w.tid());
    let [bx, by, _] = w.bid;
    let (row, column) = (ty + by * 32, tx + bx * 32);
    let mut sum = zero();
    match way {
        0 => {
            for k in 0..n {
                sum = w.ld(&a, row * n + k).fma(w.ld(&b, column + k * n), sum);
            }
            w.st(&c, row * n + column, sum);
        }
        1 => {
            let (left, right) = (w.shared::<f32>("left", 1024), w.shared::<f32>("right", 1024));
            for k0 in (0..n).step_by(32) {
                w.sts(left, t, w.ld(&a, row * n + (tx + k0)));
                w.sts(right, t, w.ld(&b, (ty + k0) * n + column));
                w.sync().await;
                for k in 0..32 {
                    sum = w.lds(left, ty * 32 + k).fma(w.lds(right, tx + k * 32), sum);
                }
                w.sync().await;
            }
            w.st(&c, row * n + column, sum);
        }
        _ => {
            let (left, right) = (w.shared::<f32>("left", 64 * 17), w.shared::<f32>("right", 16 * 64));
            let mut sums = [[zero(); 4]; 4];
            for k0 in (0..n).step_by(16) {
                for q in 0..4 {
                    let e = t + q * 256;
                    w.sts(left, e / 16 * 17 + e % 16, w.ld(&a, (e / 16 + by * 64) * n + (e % 16 + k0)));
                    w.sts(right, e, w.ld(&b, (e / 64 + k0) * n + (e % 64 + bx * 64)));
                }
                w.sync().await;
                for k in 0..16 {
                    let of_a: [F; 4] = std::array::from_fn(|i| w.lds(left, (ty + i as u32 * 16) * 17 + k));
                    let of_b: [F; 4] = std::array::from_fn(|j| w.lds(right, tx + (k * 64 + j as u32 * 16)));
                    for (sums, x) in sums.iter_mut().zip(of_a) {
                        sums.iter_mut().zip(of_b).for_each(|(sum, y)| *sum = x.fma(y, *sum));
                    }
                }
                w.sync().await;
            }
            for (i, sums) in (0..).zip(sums) {
                for (j, sum) in (0..).zip(sums) {
                    w.st(&c, (ty + (by * 64 + i * 16)) * n + (tx + (bx * 64 + j * 16)), sum);
                }
            }
        }
    }
}

/// The trace: each instruction with its lanes, and the first access that costs too much, lane by lane.
#[test]
fn a_trace_keeps_what_pictures_need() {
    let (x, y) = (G::new("x", ramp(64)), G::poisoned("y", 64));
    let line = line!() + 3;
    let report = run(Cfg { trace: true, ..in_order(2, 64) }, async |w: Warp| {
        let s = w.shared::<f32>("s", 64);
        w.sts(s, w.lane() * 2, w.ld(&x, w.lane()));
        w.if_(w.lane().lt(3), || w.st(&y, w.tid(), w.ld(&x.offset(1), w.lane() + 2)));
        w.ld(&x.offset(1), w.lane());
    });
    let trace = report.trace.as_ref().expect("a trace");
    assert_eq!((trace.files.len(), trace.cut), (1, false));
    assert!(trace.files[0].ends_with("launches.rs"));
    assert_eq!(trace.issues.len() as u64, report.counters.warp_inst);
    let lanes: u32 = trace.issues.iter().map(|issue| issue.mask.count_ones()).sum();
    assert_eq!(u64::from(lanes), report.counters.thread_inst);
    let first: Vec<_> = trace.issues.iter().take(9).map(|i| (i.warp, i.line - line, i.mask)).collect();
    let all = u32::MAX;
    let two =
        [(0, 0, all), (0, 0, all), (0, 0, all), (0, 1, all), (0, 1, all), (0, 1, 7), (0, 1, 7), (0, 1, 7), (0, 2, all)];
    assert_eq!(first, two);

    let shared = trace.shared.as_ref().expect("a conflict");
    assert_eq!((shared.at.line, shared.cost, shared.least, shared.store), (line, 2, 1, true));
    assert_eq!((shared.lanes.len(), shared.lanes[17].address, shared.lanes[17].unit), (32, 136, 2));
    let global = trace.global.as_ref().expect("a misaligned load");
    assert_eq!((global.at.line, global.cost, global.least, global.array.as_str()), (line + 2, 5, 4, "x"));
    assert_eq!(global.lanes[31].index, 32);
    assert_eq!(global.lanes[31].unit - global.lanes[0].unit, 4);

    let json = serde_json::to_value(&report).expect("a report is JSON");
    assert_eq!(json["trace"]["issues"].as_array().map(Vec::len), Some(trace.issues.len()));
    let plain = launch(in_order(2, 64), |w| racy(w, y.clone())).expect("it runs");
    assert_eq!(plain.trace, None);
}

/// Long traces are cut, not endless.
#[test]
fn a_long_trace_is_cut() {
    let report = run(Cfg { trace: true, ..Cfg::default() }, async |w: Warp| {
        (0..100_000).for_each(|_| unused(w.lane() + 1));
    });
    let trace = report.trace.expect("a trace");
    assert_eq!((trace.issues.len(), trace.cut), (1 << 16, true));
}

/// Blocks run in an order drawn from the seed, each once.
#[test]
fn every_block_runs_once() {
    let place = |grid: [u32; 3], order| {
        let count = grid.iter().product::<u32>() as usize;
        let (at, next) = (G::poisoned("at", count), G::new("next", [0]));
        let report = run(Cfg { order, ..Cfg::new(grid, [32, 1, 1]) }, async |w: Warp| {
            let [x, y, z] = w.bid;
            assert_eq!(w.gdim, grid);
            w.if_(w.lane().eq(0), || {
                let turn = w.atomic_add(&next, 0, 1);
                w.st(&at, turn, x + w.lane() + (y * grid[0] + z * grid[0] * grid[1]));
            });
        });
        clean(&report);
        at.to_vec()
    };
    let all: Vec<u32> = (0..60).collect();
    assert_eq!(place([3, 4, 5], Order::ByNumber), all);
    let mut drawn = place([3, 4, 5], Order::Drawn);
    assert_ne!(drawn, all);
    drawn.sort_unstable();
    assert_eq!(drawn, all);
}

/// A kernel that launches a kernel: each has its own counts.
#[test]
fn launches_nest() {
    let inner = std::cell::Cell::new(0);
    let report = run(Cfg::default(), async |w: Warp| {
        let _ = w.lane() + 1;
        w.if_(w.lane().lt(4), || {
            let report = run(Cfg::default(), async |v: Warp| unused(v.lane() + 1 + 2 + 3));
            inner.set(report.counters.thread_inst);
            assert_eq!(w.active(), 0xF);
        });
    });
    assert_eq!((inner.get(), report.counters.warp_inst), (96, 3));
}

/// The largest launch, and the largest block: they run, and soon.
#[test]
fn the_largest_launch_runs() {
    let y = G::new("y", [0]);
    let report = run(Cfg::new([lab_sdk::simt::MAX_WARPS as u32, 1, 1], [1, 1, 1]), async |w: Warp| {
        w.atomic_add(&y, 0, 1);
    });
    clean(&report);
    assert_eq!(u64::from(y.to_vec()[0]), lab_sdk::simt::MAX_WARPS);
    let report = run(Cfg { smem_bytes: 4096, ..Cfg::new([1, 1, 1], [1024, 1, 1]) }, async |w: Warp| {
        let s = w.shared::<u32>("s", 1024);
        w.sts(s, w.tid(), w.tid());
        w.sync().await;
        w.st(&y, 0, w.lds(s, 1023 - w.tid()) >> 31);
    });
    clean(&report);
    assert_eq!((y.to_vec(), report.counters.barriers), (vec![0], 32));
}
