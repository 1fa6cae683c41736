//! Published facts that the simulator reproduces, each with its source.

use super::{clean, fault, noise, run, run_with};
use lab_sdk::tile::{Cfg, Counters, Dtype, FaultKind, I, L2, Lru, Preset, Prog, Ptr, T, TileReport, launch};

/// V7, V11. Triton tutorial 02: a fused softmax reads MN elements and writes MN. The interpreter of Triton 3.9.0 counts
/// the same sectors on the same kernel.
#[test]
fn fused_softmax() {
    let (m, n) = (64, 781);
    let (x, y) = (Ptr::f32("x", noise(m * n, 1)), Ptr::poisoned("y", Dtype::F32, m * n));
    let report = run(m, |p| softmax(p, &x, &y, n as i64, 1024));
    clean(&report);
    let Counters { loads, stores, ld_bytes, st_bytes, ld_sectors, st_sectors, .. } = report.counters;
    assert_eq!((loads, stores), (64, 64));
    assert_eq!((ld_bytes, st_bytes), (4 * 64 * 781, 199_936));
    assert_eq!((ld_sectors, st_sectors), (6304, 6304));
    // Both buffers whole: 199,936 / 32 sectors each. Rows share the sectors where they meet.
    assert_eq!(report.counters.unique_sectors, 2 * 6248);
    for (x, y) in x.to_vec().chunks(n).zip(y.to_vec().chunks(n)) {
        let exp: Vec<f64> = x.iter().map(|&x| f64::from(x).exp()).collect();
        let sum: f64 = exp.iter().sum();
        assert!(exp.iter().zip(y).all(|(exp, &y)| (exp / sum - f64::from(y)).abs() < 1e-8));
    }
}

fn softmax(p: &Prog, x: &Ptr, y: &Ptr, n: i64, block: usize) {
    let columns = p.arange(block);
    let offs = p.program_id(0) * n + &columns;
    let mask = columns.lt(n);
    let v = p.load(x, &offs, &mask, f32::NEG_INFINITY);
    let e = (&v - v.max_red(0)).exp();
    p.store(y, &offs, &(&e / e.sum(0)), &mask);
}

/// V8. Triton tutorial 03: on 9 x 9 blocks the first 9 programs load 90 blocks in row-major order and 54 in groups of
/// 3. A block here is one line, and the cache holds all.
#[test]
fn order_of_programs() {
    let blocks = |order: fn(usize) -> [usize; 2]| {
        let (a, b) = (Ptr::f32("a", noise(81 * 32, 1)), Ptr::f32("b", noise(81 * 32, 2)));
        let report = run_with([9, 1, 1], Some(L2::new(1 << 20)), |p| {
            let [row, column] = order(p.pid[0]);
            for k in 0..9 {
                let block = |number: usize| p.arange(32) + 32 * number as i64;
                p.load(&a, &block(row * 9 + k), None, 0.0);
                p.load(&b, &block(k * 9 + column), None, 0.0);
            }
        });
        clean(&report);
        assert_eq!(report.counters.loads, 2 * 81);
        (report.counters.l2_misses, report.counters.unique_sectors)
    };
    assert_eq!(blocks(|pid| [pid / 9, pid % 9]), (90, 4 * 90));
    assert_eq!(blocks(|pid| [pid % 3, pid / 3]), (54, 4 * 54));
}

/// Misses of the whole 9 x 9 x 9 product in a cache of 60 blocks, by the size of a group (prototype of the curriculum).
#[test]
fn groups_of_programs() {
    let misses = |group: usize| {
        let mut cache = Lru::new(60);
        let mut misses = 0;
        for pid in 0..81 {
            let first = pid / (group * 9) * group;
            let rows = group.min(9 - first);
            let [row, column] = [first + pid % (group * 9) % rows, pid % (group * 9) / rows];
            for k in 0..9 {
                misses += u32::from(!cache.touch((row * 9 + k) as u64));
                misses += u32::from(!cache.touch((81 + k * 9 + column) as u64));
            }
        }
        misses
    };
    assert_eq!([1, 2, 3, 5, 9].map(misses), [810, 486, 324, 499, 810]);
}

/// V9. IEEE 754 binary16 has 11 bits of significand and bfloat16 has 8: integers step by 2 above 2048 and above 256, so
/// that a running sum of ones stops there.
#[test]
fn running_sums_stop() {
    let stops = |dtype| {
        let sum = Ptr::f32("sum", [0.0]);
        clean(&run(1, |p| {
            let one = T::full([], 1.0).to(dtype);
            let total = (0..4096).fold(T::zeros([]).to(dtype), |total, _| total + &one);
            p.store(&sum, &I::from(0), &total, None);
        }));
        sum.to_vec()[0]
    };
    assert_eq!([Dtype::F16, Dtype::BF16, Dtype::F32].map(stops), [2048.0, 256.0, 4096.0]);
}

/// V11. FlashAttention forward (2205.14135) at d = 64: bytes as Triton's interpreter counts them on the same kernel,
/// and the live tiles of a program, which fit an A100 with blocks of 64 rows and an H100 with 128.
#[test]
fn flash_attention() {
    let bytes = |block, causal| {
        let report = flash(512, block, causal, Preset::H100);
        clean(&report);
        report.counters
    };
    let square = bytes(64, false);
    assert_eq!((square.ld_bytes, square.ld_sectors, square.st_bytes), (2_228_224, 69_632, 131_072));
    assert_eq!((square.loads, square.dot_flops, square.unique_sectors), (136, 67_108_864, 4 * 4096));
    assert_eq!(square.peak_live_bytes, 115_200);
    let causal = bytes(64, true);
    assert_eq!((causal.ld_bytes, causal.ld_sectors, causal.dot_flops), (1_310_720, 40_960, 37_748_736));
    assert_eq!((bytes(128, false).ld_bytes, bytes(32, false).ld_bytes), (1_179_648, 4_325_376));
    assert_eq!((bytes(128, false).peak_live_bytes, bytes(32, false).peak_live_bytes), (197_632, 73_984));
    // 163 KiB on an A100.
    clean(&flash(512, 64, false, Preset::A100));
    let refused = flash(512, 128, false, Preset::A100);
    assert_eq!(
        fault(&refused, FaultKind::DoesNotFit).message,
        "program (0, 0, 0) does not fit: at its fullest, here, it holds tiles of 197,632 bytes, and A100 gives a block \
         at most 166,912 (163 KiB); make the tiles smaller"
    );
    assert!(!refused.finished);
    assert_eq!((refused.counters.programs, refused.counters.peak_live_bytes), (1, 197_632));
}

fn flash(n: usize, block: usize, causal: bool, preset: Preset) -> TileReport {
    let d = 64;
    let [q, k, v] = [("q", 2), ("k", 3), ("v", 4)].map(|(name, seed)| Ptr::f32(name, noise(n * d, seed)));
    let o = Ptr::poisoned("o", Dtype::F32, n * d);
    let cfg = Cfg { preset, ..Cfg::new([n / block, 1, 1]) };
    let report = launch(cfg, |p| attend(p, [&q, &k, &v, &o], n, d, block, causal)).expect("the launch is accepted");
    if report.finished {
        check_rows([&q, &k, &v, &o].map(Ptr::to_vec), n, d, causal);
    }
    report
}

fn attend(p: &Prog, [q, k, v, o]: [&Ptr; 4], n: usize, d: usize, block: usize, causal: bool) {
    let step = 64;
    let scale = 1.0 / (d as f32).sqrt();
    let rows = p.program_id(0) * block as i64 + p.arange(block);
    let of_d = p.arange(d);
    let at = rows.col() * d as i64 + of_d.row();
    let q = p.load(q, &at, None, 0.0);
    let (mut m, mut l) = (T::full([block], f32::NEG_INFINITY), T::zeros([block]));
    let mut acc = T::zeros([block, d]);
    let end = if causal { (p.pid[0] + 1) * block } else { n };
    for start in (0..end).step_by(step) {
        let keys = p.arange(step) + start as i64;
        let at = keys.col() * d as i64 + of_d.row();
        let of_k = p.load(k, &at, None, 0.0);
        let mut s = q.dot(&of_k.t(), &T::zeros([block, step])) * scale;
        drop(of_k);
        if causal {
            s = T::where_(&rows.col().ge(keys.row()), s, f32::NEG_INFINITY);
        }
        let m_new = m.max(s.max_red(1));
        let alpha = (&m - &m_new).exp();
        let weights = (s - m_new.col()).exp();
        l = l * &alpha + weights.sum(1);
        let of_v = p.load(v, &at, None, 0.0);
        acc = weights.dot(&of_v, &(acc * alpha.col()));
        m = m_new;
    }
    p.store(o, &at, &(acc / l.col()), None);
}

/// Attention of some rows, in f64.
fn check_rows([q, k, v, o]: [Vec<f32>; 4], n: usize, d: usize, causal: bool) {
    let of = |x: &[f32], row: usize, column: usize| f64::from(x[row * d + column]);
    for row in [0, 77, n - 1] {
        let seen = if causal { row + 1 } else { n };
        let score = |key| (0..d).map(|c| of(&q, row, c) * of(&k, key, c)).sum::<f64>() / (d as f64).sqrt();
        let weights: Vec<f64> = (0..seen).map(|key| score(key).exp()).collect();
        let sum: f64 = weights.iter().sum();
        for c in 0..d {
            let wanted = (0..seen).map(|key| weights[key] * of(&v, key, c)).sum::<f64>() / sum;
            assert!((wanted - of(&o, row, c)).abs() < 1e-6);
        }
    }
}

/// R13. A tiled product loads 4 (MK N/BN + KN M/BM) bytes and is exact on small integers.
#[test]
fn matrix_product() {
    let (n, block, step) = (256, 64, 32);
    let ints = |seed| noise(n * n, seed).iter().map(|x| (x * 8.0).round()).collect::<Vec<_>>();
    let (a, b) = (Ptr::f32("a", ints(5)), Ptr::f32("b", ints(6)));
    let c = Ptr::poisoned("c", Dtype::F32, n * n);
    let report = run_with([n / block, n / block, 1], None, |p| {
        let width = n as i64;
        let rows = (p.program_id(0) * block as i64 + p.arange(block)).col();
        let columns = (p.program_id(1) * block as i64 + p.arange(block)).row();
        let mut acc = T::zeros([block, block]);
        for k in (0..n).step_by(step) {
            let k = p.arange(step) + k as i64;
            let of_a = p.load(&a, &(&rows * width + k.row()), None, 0.0);
            let of_b = p.load(&b, &(k.col() * width + &columns), None, 0.0);
            acc = of_a.dot(&of_b, &acc);
        }
        p.store(&c, &(rows * width + columns), &acc, None);
    });
    clean(&report);
    assert_eq!(report.counters.ld_bytes, 4 * 2 * (n * n * n / block) as u64);
    assert_eq!((report.counters.dot_flops, report.counters.peak_live_bytes), (33_554_432, 49_152));
    let (a, b, c) = (a.to_vec(), b.to_vec(), c.to_vec());
    let dot = |i: usize| (0..n).map(|k| a[i / n * n + k] * b[k * n + i % n]).sum::<f32>();
    assert!((0..n * n).step_by(37).all(|i| c[i] == dot(i)));
}
