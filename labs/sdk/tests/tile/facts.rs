//! Published facts that the simulator reproduces, each with its source. Those of whole kernels are in tests/kernels.

use super::{clean, noise, run, run_with};
use lab_sdk::tile::{Dtype, I, L2, Lru, Ptr, T};

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
