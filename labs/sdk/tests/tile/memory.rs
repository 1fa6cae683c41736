//! What loads, stores and atomics cost, against brute force.

use super::{clean, count_up, noise, run, run_with};
use lab_sdk::tile::{Dtype, I, L2, Ptr, T};
use std::collections::BTreeSet;

const DTYPES: [Dtype; 5] = [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::I8, Dtype::I32];

/// R1, R2: views need not begin at a sector, and a mask spares the sectors that it leaves out.
#[test]
fn sectors_of_views_and_masks() {
    let x = count_up("x", 2048);
    let cost = |offset: usize, stride: i64, on: i64| {
        let report = run(1, |p| drop(p.load(&x.offset(offset), &(p.arange(32) * stride), &p.arange(32).lt(on), 0.0)));
        clean(&report);
        (report.counters.ld_bytes, report.counters.ld_sectors)
    };
    assert_eq!(cost(0, 1, 32), (128, 4));
    assert_eq!(cost(1, 1, 32), (128, 5));
    assert_eq!(cost(8, 1, 32), (128, 4));
    assert_eq!(cost(0, 2, 32), (128, 8));
    assert_eq!(cost(0, 32, 32), (128, 32));
    assert_eq!(cost(0, 0, 32), (128, 1));
    assert_eq!(cost(0, 1, 9), (36, 2));
    assert_eq!(cost(0, 1, 0), (0, 0));
}

/// Offsets in any order, repeated, masked: bytes, sectors and distinct sectors as sets count them.
#[test]
fn as_sets_count() {
    for (seed, dtype) in (1..60).zip(DTYPES.into_iter().cycle()) {
        let n = 256;
        let x = Ptr::poisoned("x", dtype, n);
        let draw = |seed, scale: f32| noise(64, seed).iter().map(|x| ((x + 1.0) * scale) as i32).collect::<Vec<_>>();
        let spread = [4.0, 20.0, 128.0][seed as usize % 3];
        let mut offs = draw(seed, spread);
        match seed % 4 {
            0 => offs.sort_unstable(),
            1 => offs = (0..64).map(|i| i * 3 % 256).collect(),
            _ => (),
        }
        let on: Vec<bool> = draw(seed + 100, 2.0).iter().map(|x| *x > 0).collect();
        let (of_offs, of_on) =
            (Ptr::i32("offs", &offs), Ptr::i32("on", on.iter().map(|&on| i32::from(on)).collect::<Vec<_>>()));
        let part = x.offset(seed as usize % 5);
        let report = run_with([1, 1, 1], Some(L2::new(1 << 20)), |p| {
            let at = p.arange(64);
            let offs = p.load_int(&of_offs, &at, None, 0).min(n as i64 - 8);
            p.store(&part, &offs, &T::full([64], 3.0), &p.load_int(&of_on, &at, None, 0).eq(1));
        });
        clean(&report);
        let bytes = dtype.bytes();
        let at = |i: usize| (seed as usize % 5 + offs[i].min(n as i32 - 8) as usize) * bytes;
        let touched: Vec<usize> = (0..64).filter(|&i| on[i]).map(at).collect();
        let sectors: BTreeSet<usize> = touched.iter().map(|at| at / 32).collect();
        assert_eq!(report.counters.st_bytes, (touched.len() * bytes) as u64, "seed {seed}");
        assert_eq!(report.counters.st_sectors, sectors.len() as u64, "seed {seed}");
        assert_eq!(report.counters.unique_sectors, sectors.len() as u64 + 8 + 8, "seed {seed}");
        assert_eq!(report.counters.l2_misses, 2 + 2, "seed {seed}");
        let elements: BTreeSet<usize> = touched.iter().map(|at| at / bytes).collect();
        let wanted = (0..n).map(|i| if elements.contains(&i) { 3.0 } else { f32::NAN });
        let same = |(x, y): (&f32, f32)| *x == y || y.is_nan() && (x.is_nan() || !dtype.is_float());
        assert!(x.to_vec().iter().zip(wanted).all(same), "seed {seed}");
    }
}

/// A store rounds to the type of the buffer: floats to nearest even, integers towards zero and no further than their
/// ends.
#[test]
fn stores_round() {
    let stored = |dtype, values: &[f32]| {
        let (x, y) = (Ptr::f32("x", values), Ptr::poisoned("y", dtype, values.len()));
        clean(&run(1, |p| {
            let (offs, n) = (p.arange(8), values.len() as i64);
            p.store(&y, &offs, &p.load(&x, &offs, &offs.lt(n), 0.0), &offs.lt(n));
        }));
        // The host rounds as the store does.
        assert!(Ptr::new("z", dtype, values).to_vec().iter().zip(y.to_vec()).all(|(a, b)| a.to_bits() == b.to_bits()));
        y.to_vec()
    };
    // IEEE 754: 11 bits, ties to even; 65,520 is the first that rounds to infinity; 2^-25 the last to 0.
    let halves = [2049.0, 2051.0, 65_519.0, 65_520.0, 2f32.powi(-25), 2f32.powi(-25) * 1.0001];
    assert_eq!(stored(Dtype::F16, &halves), [2048.0, 2052.0, 65_504.0, f32::INFINITY, 0.0, 2f32.powi(-24)]);
    assert_eq!(stored(Dtype::BF16, &[257.0, 259.0, 1.0 + 2f32.powi(-8)]), [256.0, 260.0, 1.0]);
    assert_eq!(stored(Dtype::I8, &[-1.9, 1.9, 127.9, 128.0, -1e9, 0.5]), [-1.0, 1.0, 127.0, 127.0, -128.0, 0.0]);
    assert_eq!(stored(Dtype::I32, &[-1.9, 1e10, -1e10, 3.5]), [-1.0, i32::MAX as f32, i32::MIN as f32, 3.0]);
}

/// Masked elements read `other`, rounded; the tile has the buffer's type, and as many live bytes.
#[test]
fn loads_have_the_type_of_the_buffer() {
    for dtype in DTYPES {
        let x = Ptr::new("x", dtype, [1.0, 2.0]);
        let y = Ptr::f32("y", [0.0; 4]);
        let report = run(1, |p| {
            let offs = p.arange(4);
            let v = p.load(&x, &offs, &offs.lt(2), 7.25);
            assert_eq!(v.dtype(), dtype);
            p.store(&y, &offs, &v, None);
        });
        clean(&report);
        let other = if dtype.is_float() { 7.25 } else { 7.0 };
        assert_eq!(y.to_vec(), [1.0, 2.0, other, other]);
        assert_eq!(
            (report.counters.ld_bytes, report.counters.peak_live_bytes),
            (2 * dtype.bytes() as u64, 4 * dtype.bytes() as u64)
        );
    }
}

/// Indices are loaded as integers, all 32 bits of them.
#[test]
fn a_table_by_index() {
    let ids = Ptr::i32("ids", [3, 0, 16_777_217, 2]);
    let table = count_up("table", 4 * 8);
    let out = Ptr::poisoned("out", Dtype::F32, 4 * 8);
    let report = run(1, |p| {
        let (rows, columns) = (p.arange(4), p.arange(8));
        let id = p.load_int(&ids, &rows, None, 0);
        let known = id.lt(4);
        let v = p.load(&table, &(id.col() * 8 + columns.row()), &known.col(), -1.0);
        p.store(&out, &(rows.col() * 8 + columns.row()), &v, None);
        // Offsets are free; what is loaded is not.
        drop((id, v));
    });
    clean(&report);
    assert_eq!(report.counters.peak_live_bytes, 4 * 4 + 4 * 32);
    let rows: Vec<f32> = out.to_vec().chunks(8).map(|row| row[1]).collect();
    assert_eq!(rows, [25.0, 1.0, -1.0, 17.0]);
    assert_eq!(ids.to_ints(), [3, 0, 16_777_217, 2]);
}

/// Programs add to one element in turn; elements of one tile that meet do so too, and each is told what was before it.
#[test]
fn atomics() {
    let (sum, old) = (Ptr::f32("sum", [0.0, 0.0]), Ptr::f32("old", [0.0; 8]));
    let report = run(3, |p| {
        let offs = p.arange(8);
        let v = T::full([8], 1.0);
        let before = p.atomic_add(&sum, &(&offs / 4), &v, &offs.lt(6));
        p.store(&old, &offs, &before, &offs.lt(p.program_id(0) * 4));
    });
    assert_eq!(sum.to_vec(), [12.0, 6.0]);
    assert_eq!(old.to_vec()[..6], [8.0, 9.0, 10.0, 11.0, 4.0, 5.0]);
    let counters = report.counters;
    assert_eq!((counters.atomics, counters.loads, counters.stores), (18, 0, 3));
    assert_eq!((counters.ld_bytes, counters.ld_sectors), (4 * 18, 3));
    assert_eq!((counters.st_bytes, counters.st_sectors), (4 * 18 + 4 * (4 + 8), 3 + 1 + 1));
    // Each sum is rounded to the type of the buffer.
    let half = Ptr::new("half", Dtype::F16, [2048.0]);
    clean(&run(3, |p| drop(p.atomic_add(&half, &I::from(0), &T::full([], 1.0), None))));
    assert_eq!(half.to_vec(), [2048.0]);
}

/// What lies behind a part of a buffer is out of bounds, and stays as it is.
#[test]
fn a_part_of_a_buffer() {
    let y = count_up("y", 32);
    let part = y.part(4, 10);
    let report = run(1, |p| p.store(&part, &p.arange(16), &T::zeros([16]), None));
    assert_eq!(report.counters.oob, 6);
    assert_eq!(report.faults[0].index, Some(14));
    let wanted: Vec<f32> = (0..32).map(|i| if (4..14).contains(&i) { 0.0 } else { i as f32 }).collect();
    assert_eq!(y.to_vec(), wanted);
    assert_eq!((part.len(), y.offset(40).len(), y.part(30, 9).len()), (10, 0, 2));
}

/// Counts of launches add up; the peak is the larger one.
#[test]
fn counts_of_launches() {
    let x = count_up("x", 64);
    let once = |n: usize| run(2, |p| drop(p.load(&x, &p.arange(n), None, 0.0))).counters;
    let mut both = once(32);
    both += once(64);
    assert_eq!((both.launches, both.programs, both.ld_bytes), (2, 4, 2 * 4 * 96));
    assert_eq!((both.unique_sectors, both.peak_live_bytes), (4 + 8, 256));
}
