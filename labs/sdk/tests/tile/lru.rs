//! The cache against a list that is searched from end to end.

use super::{noise, run_with};
use lab_sdk::tile::{L2, Lru, Ptr};

#[test]
fn as_a_list_does() {
    for (capacity, keys) in [(0, 3), (1, 3), (2, 4), (7, 9), (16, 40), (64, 50)] {
        for seed in 1..20 {
            let mut cache = Lru::new(capacity);
            let mut list: Vec<u64> = Vec::new();
            for x in noise(500, seed) {
                let key = ((x + 1.0) / 2.0 * keys as f32) as u64;
                let known = list.iter().position(|&k| k == key);
                known.map(|at| list.remove(at));
                list.push(key);
                if list.len() > capacity {
                    list.remove(0);
                }
                assert_eq!(cache.touch(key), known.is_some(), "capacity {capacity}, seed {seed}");
            }
        }
    }
}

/// Millions of touches end: each is O(1), however large the cache.
#[test]
fn no_slower_when_it_is_full() {
    let mut cache = Lru::new(100_000);
    let hits = (0..2_000_000u64).filter(|i| cache.touch(i % 100_001)).count();
    assert_eq!(hits, 0);
}

/// A cache of two lines: what is read again at once is there, what lies two lines back is not. Stores bring lines in
/// and are no misses; a launch begins cold.
#[test]
fn of_a_launch() {
    let (x, y) = (Ptr::f32("x", noise(128, 1)), Ptr::f32("y", vec![0.0; 128]));
    let misses = |lines: &[i64], store: bool| {
        let report = run_with([1, 1, 1], Some(L2::new(256)), |p| {
            for line in lines {
                let offs = p.arange(32) + 32 * *line;
                let v = p.load(&x, &offs, None, 0.0);
                if store {
                    p.store(&y, &offs, &v, None);
                }
            }
        });
        report.counters.l2_misses
    };
    assert_eq!(misses(&[0, 0, 1, 0, 1], false), 2);
    assert_eq!(misses(&[0, 1, 2, 0], false), 4);
    assert_eq!(misses(&[0, 1, 0], true), 3);
    // Lines are told in the order of addresses: of 0 to 3 the last two stay.
    let report = run_with([1, 1, 1], Some(L2::new(256)), |p| {
        p.load(&x, &p.arange(128), None, 0.0);
        p.load(&x, &(p.arange(64) + 64), None, 0.0);
    });
    assert_eq!(report.counters.l2_misses, 4);
}
