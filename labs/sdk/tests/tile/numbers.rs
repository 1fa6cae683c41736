//! Arithmetic: how tiles broadcast, which type a result has, how it rounds, in which order sums are taken.

use super::{clean, noise, run};
use lab_sdk::tile::{Dtype, I, Prog, Ptr, T};

/// What `kernel` makes, in row order.
fn made(elements: usize, kernel: impl Fn(&Prog) -> T) -> Vec<f32> {
    let out = Ptr::poisoned("out", Dtype::F32, elements);
    let report = run(1, |p| {
        let v = kernel(p);
        let offs = match *v.shape().sides() {
            [] => I::from(0),
            [n] => p.arange(n),
            [rows, columns, ..] => p.arange(rows).col() * columns as i64 + p.arange(columns).row(),
        };
        p.store(&out, &offs, &v, None);
    });
    clean(&report);
    out.to_vec()
}

/// From the right, a side of 1 stretches, and an axis that is not there is one of 1.
#[test]
fn broadcasting() {
    let tile = |p: &Prog, sides: [usize; 2]| {
        (p.arange(sides[0]).col() * 10 * i64::from(sides[0] > 1) + p.arange(sides[1]).row()).to_f32()
    };
    for a in [[1, 1], [1, 4], [2, 1], [2, 4]] {
        for b in [[1, 1], [1, 4], [2, 1], [2, 4]] {
            let sides = [a[0].max(b[0]), a[1].max(b[1])];
            let got = made(sides[0] * sides[1], |p| tile(p, a) - tile(p, b) * 100.0);
            let at = |s: [usize; 2], i: usize, j: usize| ((i % s[0]) * 10 + j % s[1]) as f32;
            let wanted = (0..sides[0] * sides[1]).map(|e| (e / sides[1], e % sides[1]));
            let wanted: Vec<f32> = wanted.map(|(i, j)| at(a, i, j) - 100.0 * at(b, i, j)).collect();
            assert_eq!(got, wanted, "{a:?} {b:?}");
        }
    }
    // A vector is a row of a matrix.
    assert_eq!(made(4, |p| p.arange(2).to_f32() + T::full([2, 1], 5.0)), [5.0, 6.0, 5.0, 6.0]);
    assert_eq!(made(2, |p| p.arange(2).to_f32() + T::full([], 5.0)), [5.0, 6.0]);
}

#[test]
fn operators_with_numbers() {
    assert_eq!(made(2, |p| 7.0 - p.arange(2).to_f32()), [7.0, 6.0]);
    assert_eq!(made(2, |p| 6.0 / (p.arange(2).to_f32() + 1.0)), [6.0, 3.0]);
    assert_eq!(made(4, |p| (9 - p.arange(4) * 3 % 5).to_f32()), [9.0, 6.0, 8.0, 5.0]);
    assert_eq!(made(2, |p| -(p.arange(2).to_f32())), [0.0, -1.0]);
    // Towards zero, as in C.
    assert_eq!(made(4, |p| ((p.arange(4) - 3) / 2).to_f32()), [-1.0, -1.0, 0.0, 0.0]);
    let both = |p: &Prog| {
        let x = p.arange(4);
        T::where_(&(x.ge(1) & !x.eq(2) | x.gt(2)), 1.0, T::zeros([]))
    };
    assert_eq!(made(4, both), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(made(4, |p| p.arange(4).max(1).min(I::from(2)).to_f32()), [1.0, 1.0, 2.0, 2.0]);
}

/// Triton's rules: the wider float, a number takes the tile's type, a quotient is f32, f16 of f16 and bf16.
#[test]
fn types_of_results() {
    use Dtype::{BF16, F16, F32, I8};
    clean(&run(1, |_| {
        let of = |dtype| T::full([2], 3.0).to(dtype);
        let sum = |a, b| (of(a) + of(b)).dtype();
        assert_eq!([sum(F16, F16), sum(F16, F32), sum(BF16, F32), sum(BF16, BF16)], [F16, F32, F32, BF16]);
        assert_eq!([sum(F16, BF16), sum(I8, F16), sum(I8, I8)], [F16, F16, F32]);
        assert_eq!([(of(F16) * 2.0).dtype(), (of(F16) / of(F16)).dtype(), (of(BF16) / 2.0).dtype()], [F16, F32, F32]);
        assert_eq!([of(F16).sum(0).dtype(), of(I8).sum(0).dtype(), of(F16).abs().dtype()], [F16, F32, F16]);
        assert_eq!([of(F16).max_red(0).dtype(), of(BF16).min_red(0).dtype()], [F32, F32]);
        assert_eq!([of(F16).max(1.0).dtype(), T::where_(&of(F16).gt(1.0), of(BF16), 0.0).dtype()], [F16, BF16]);
    }));
    // Each operation rounds.
    assert_eq!(made(1, |_| T::full([], 2048.0).to(F16) + 1.0 + 1.0), [2048.0]);
    assert_eq!(made(1, |_| T::full([], 2048.0).to(F16) + T::full([], 1.0) + 1.0), [2050.0]);
    // The number is rounded first: 0.1 is 0.0999755859375 in f16.
    assert_eq!(made(1, |_| (T::full([], 1024.0).to(F16) * 0.1).to(F32)), [102.375]);
}

/// Halves join halves: the rounding errors of a sum of n grow as log n, and small integers are exact.
#[test]
fn reductions() {
    let (rows, columns) = (4, 8);
    let values = noise(rows * columns, 5);
    let x = Ptr::f32("x", &values);
    let load = |p: &Prog| p.load(&x, &(p.arange(rows).col() * columns as i64 + p.arange(columns).row()), None, 0.0);
    let tree = |x: Vec<f32>| {
        let mut x = x;
        while x.len() > 1 {
            let half = x.len() / 2;
            x = (0..half).map(|i| x[i] + x[i + half]).collect();
        }
        x[0]
    };
    let row = |i: usize| values[i * columns..][..columns].to_vec();
    let column = |j: usize| (0..rows).map(|i| values[i * columns + j]).collect::<Vec<_>>();
    assert_eq!(made(rows, |p| load(p).sum(1)), (0..rows).map(|i| tree(row(i))).collect::<Vec<_>>());
    assert_eq!(made(columns, |p| load(p).sum(0)), (0..columns).map(|j| tree(column(j))).collect::<Vec<_>>());
    let largest = |x: Vec<f32>| x.into_iter().fold(f32::NEG_INFINITY, f32::max);
    assert_eq!(made(rows, |p| load(p).max_red(1)), (0..rows).map(|i| largest(row(i))).collect::<Vec<_>>());
    assert_eq!(made(columns, |p| -(-load(p)).min_red(0)), (0..columns).map(|j| largest(column(j))).collect::<Vec<_>>());
    assert_eq!(made(1, |p| load(p).sum(1).sum(0)), [tree((0..rows).map(|i| tree(row(i))).collect())]);
    // NaN is no number, so the others are compared.
    let mixed = Ptr::f32("mixed", [f32::NAN, 1.0, 3.0, 2.0]);
    assert_eq!(made(1, |p| p.load(&mixed, &p.arange(4), None, 0.0).max_red(0)), [3.0]);
    assert!(made(1, |p| p.load(&mixed, &p.arange(4), None, 0.0).sum(0))[0].is_nan());
}

/// Functions are rounded once from f64.
#[test]
fn functions() {
    let values = noise(64, 9);
    let x = Ptr::f32("x", &values);
    let of = |f: fn(&T) -> T| made(64, |p| f(&(p.load(&x, &p.arange(64), None, 0.0) * 4.0)));
    let check = |got: Vec<f32>, wanted: fn(f64) -> f64| {
        for (got, x) in got.iter().zip(&values) {
            let wanted = wanted(f64::from(x * 4.0)) as f32;
            let near = got.is_nan() && wanted.is_nan() || (got - wanted).abs() <= 2e-7 * wanted.abs();
            assert!(near, "{got} {wanted}");
        }
    };
    check(of(T::exp), f64::exp);
    check(of(T::log), f64::ln);
    check(of(T::sqrt), f64::sqrt);
    check(of(T::rsqrt), |x| 1.0 / x.sqrt());
    check(of(T::tanh), f64::tanh);
    check(of(T::abs), f64::abs);
    // Abramowitz and Stegun, table 7.1.
    let erf = made(2, |p| (p.arange(2).to_f32() * 0.5 + 0.5).erf());
    assert_eq!(erf, [0.520_499_9, 0.842_700_8]);
}

/// A dot adds k by k in f32, to the accumulator.
#[test]
fn products() {
    let (m, k, n) = (4, 8, 2);
    let (a, b, c) = (noise(m * k, 1), noise(k * n, 2), noise(m * n, 3));
    let [of_a, of_b, of_c] = [("a", &a), ("b", &b), ("c", &c)].map(|(name, data)| Ptr::f32(name, data));
    let load = |p: &Prog, x: &Ptr, rows, columns: usize| {
        p.load(x, &(p.arange(rows).col() * columns as i64 + p.arange(columns).row()), None, 0.0)
    };
    let sum = |e: usize, from: f32| (0..k).fold(from, |sum, i| sum + a[e / n * k + i] * b[i * n + e % n]);
    let wanted = |from: &[f32]| (0..m * n).map(|e| sum(e, from[e])).collect::<Vec<_>>();
    let dot = |p: &Prog, acc: Option<&T>| load(p, &of_a, m, k).dot(&load(p, &of_b, k, n), acc);
    assert_eq!(made(m * n, |p| dot(p, None)), wanted(&vec![0.0; m * n]));
    assert_eq!(made(m * n, |p| dot(p, Some(&load(p, &of_c, m, n)))), wanted(&c));
    // Products of halves are exact in f32.
    let dot = |p: &Prog| load(p, &of_a, m, k).to(Dtype::F16).dot(&load(p, &of_b, k, n).to(Dtype::F16), None);
    let half = |x: f32| Ptr::new("x", Dtype::F16, [x]).to_vec()[0];
    let sum = |e: usize| (0..k).fold(0.0, |sum, i| sum + half(a[e / n * k + i]) * half(b[i * n + e % n]));
    assert_eq!(made(m * n, dot), (0..m * n).map(sum).collect::<Vec<_>>());
    assert_eq!(made(8, |p| load(p, &of_c, m, n).t()), (0..8).map(|e| c[e % m * n + e / m]).collect::<Vec<_>>());
}

/// Tiles are live from when they are made until they fall; what is shared counts once, offsets and masks not at all.
#[test]
fn live_bytes() {
    let peak = |kernel: fn(&Prog)| run(2, kernel).counters.peak_live_bytes;
    assert_eq!(peak(|_| drop(T::zeros([64]))), 256);
    assert_eq!(peak(|_| drop(T::zeros([64]).to(Dtype::F16))), 256 + 128);
    assert_eq!(peak(|p| drop((p.arange(1024).lt(3), p.arange(1024) + 1))), 0);
    assert_eq!(
        peak(|_| {
            let x = T::zeros([64]);
            let (y, z) = (x.clone(), x.col());
            drop((x, y, z));
            drop(T::zeros([16]));
        }),
        256
    );
    // An operand that is given away falls when the operation is done.
    assert_eq!(peak(|_| drop(T::zeros([64]) + 1.0 + 1.0 + 1.0)), 2 * 256);
}
