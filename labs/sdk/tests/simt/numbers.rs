//! Arithmetic: each operation rounds once, wraps as a GPU wraps, and is one instruction.

use super::{clean, one_warp};
use lab_sdk::simt::{B2, F, G, H2, Half, I, U, V, Warp, bf16, f16};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// `f` of 32 lanes at a time.
fn lanes<A: lab_sdk::simt::Element, B: lab_sdk::simt::Element>(
    inputs: [&[A]; 3],
    f: impl Fn(V<A>, V<A>, V<A>) -> V<B>,
) -> Vec<B> {
    let [a, b, c] = inputs.map(|x| G::new("x", x));
    let out = G::poisoned("out", a.len());
    let report = one_warp(async |w: Warp| {
        for start in (0..a.len() as u32).step_by(32) {
            let i = w.lane() + start;
            w.st(&out, i, f(w.ld(&a, i), w.ld(&b, i), w.ld(&c, i)));
        }
    });
    clean(&report);
    // An index, three loads, a store, and one instruction for the operation.
    assert_eq!(report.counters.warp_inst, 6 * a.len() as u64 / 32);
    out.to_vec()
}

/// Any bits, near and far exponents, exact ties, and sums that cancel.
fn floats(random: &mut ChaCha8Rng) -> [Vec<f32>; 3] {
    let mut all = [vec![], vec![], vec![]];
    for round in 0..32 * 200 {
        let mut near = || f32::from_bits(random.next_u32() & 0x87FF_FFFF | 0x3C00_0000);
        let (a, b, c) = (near(), near(), near());
        let tiny = f32::from_bits(random.next_u32() & 0x807F_FFFF);
        let any = f32::from_bits(random.next_u32());
        let three = match round % 7 {
            0 => [a, b, c],
            1 => [a, b, -(a * b)],
            // (1 + e)(1 - e) is a little less than 1: half a last bit of c, but for that little, which f64 loses.
            2 => [2f32.powi(-24) * (1.0 + f32::EPSILON), 1.0 - f32::EPSILON, 1.0 + f32::EPSILON],
            6 => [
                2f32.powi(-75) * (1.0 + f32::EPSILON),
                2f32.powi(-75) * (1.0 - f32::EPSILON),
                f32::from_bits(0x40_0001),
            ],
            3 => [a, 0.5 * f32::EPSILON, if a > 0.0 { 1.0 } else { -1.0 }],
            4 => [tiny, b, tiny],
            _ => [any, b, f32::from_bits(random.next_u32())],
        };
        all.iter_mut().zip(three).for_each(|(all, x)| all.push(x));
    }
    all
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[test]
fn fma_rounds_once() {
    let [a, b, c] = floats(&mut ChaCha8Rng::seed_from_u64(5));
    let got = lanes([&a, &b, &c], |a, b, c| a.fma(b, c));
    for i in 0..a.len() {
        let wanted = a[i].mul_add(b[i], c[i]);
        assert!(same(got[i], wanted), "{:e} * {:e} + {:e} = {wanted:e}, got {:e}", a[i], b[i], c[i], got[i]);
    }
}

#[test]
fn floats_are_those_of_rust() {
    let [a, b, c] = floats(&mut ChaCha8Rng::seed_from_u64(6));
    let check = |f: fn(F, F) -> F, wanted: fn(f32, f32) -> f32| {
        let got = lanes([&a, &b, &c], |a, b, _| f(a, b));
        assert!((0..a.len()).all(|i| same(got[i], wanted(a[i], b[i]))));
    };
    check(|a, b| a + b, |a, b| a + b);
    check(|a, b| a - b, |a, b| a - b);
    check(|a, b| a * b, |a, b| a * b);
    check(|a, b| a / b, |a, b| a / b);
    check(F::max, f32::max);
    check(F::min, f32::min);
    check(|a, _| a.exp(), |a, _| a.exp());
    check(|a, _| -a, |a, _| -a);
    check(|a, _| 2.0 - a, |a, _| 2.0 - a);
}

#[test]
fn integers_wrap() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut draw = || -> Vec<u32> { (0..32 * 50).map(|_| random.next_u32() >> (random.next_u32() % 32)).collect() };
    let (a, b) = (draw(), draw().into_iter().map(|x| x.max(1)).collect::<Vec<_>>());
    let check = |f: fn(U, U) -> U, wanted: fn(u32, u32) -> u32| {
        let got = lanes([&a, &b, &b], |a, b, _| f(a, b));
        assert!((0..a.len()).all(|i| got[i] == wanted(a[i], b[i])));
    };
    check(|a, b| a + b, u32::wrapping_add);
    check(|a, b| a - b, u32::wrapping_sub);
    check(|a, b| a * b, u32::wrapping_mul);
    check(|a, b| a / b, |a, b| a / b);
    check(|a, b| a % b, |a, b| a % b);
    // PTX ISA, shl and shr: amounts above 31 count as 32.
    check(|a, b| a << b, |a, b| a.checked_shl(b).unwrap_or(0));
    check(|a, b| a >> b, |a, b| a.checked_shr(b).unwrap_or(0));
    check(|a, _| a.popc(), |a, _| a.count_ones());
    let signed = |x: &[u32]| x.iter().map(|x| x.cast_signed()).collect::<Vec<_>>();
    let (a, b) = (signed(&a), signed(&b.iter().map(|b| b % 40 + 1).collect::<Vec<_>>()));
    let check = |f: fn(I, I) -> I, wanted: fn(i32, i32) -> i32| {
        let got = lanes([&a, &b, &b], |a, b, _| f(a, b));
        assert!((0..a.len()).all(|i| got[i] == wanted(a[i], b[i])));
    };
    check(|a, b| a * b, i32::wrapping_mul);
    check(|a, b| a / b, i32::wrapping_div);
    check(|a, b| a >> b, |a, b| a >> b.min(31));
    check(|a, b| a.min(b), i32::min);
}

/// Each half rounds once, also where f32 would round first: checked with integers, which are exact.
#[test]
fn halves_round_once() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    check_halves::<f16>(&mut random, f16::from_bits, 10, -14);
    check_halves::<bf16>(&mut random, bf16::from_bits, 7, -126);
}

fn check_halves<T: Half>(random: &mut ChaCha8Rng, of: fn(u16) -> T, fraction: i32, least: i32) {
    let mut draw = || -> Vec<[T; 2]> {
        (0..32 * 100).map(|_| [of(random.next_u32() as u16), of(random.next_u32() as u16)]).collect()
    };
    let (mut a, mut b, mut c) = (draw(), draw(), draw());
    // Ties that a small third operand breaks.
    let (one, up) = (T::narrow(1.0), T::narrow(1.0 + 2f32.powi(-fraction)));
    let tie = T::narrow(2f32.powi(-fraction - 1));
    for (i, small) in [2f32.powi(least), -(2f32.powi(least)), 0.0].into_iter().enumerate() {
        (a[i], b[i], c[i]) = ([tie, up], [up, one], [T::narrow(small), T::narrow(small)]);
        (a[i + 3], b[i + 3], c[i + 3]) = ([up, up], [T::narrow(1.5), up], [T::narrow(small), T::narrow(-small)]);
    }
    let got = lanes([&a, &b, &c], |a, b, c| a.fma(b, c));
    let sums = lanes([&a, &b, &c], |a, b, _| a + b);
    for i in 0..a.len() {
        for half in 0..2 {
            let [x, y, z] = [a[i][half], b[i][half], c[i][half]].map(T::wide);
            let wanted = exact(&[(x, y), (z, 1.0)], fraction, least);
            assert!(same(got[i][half].wide(), wanted), "{x:e} * {y:e} + {z:e}: {wanted:e}, got {:?}", got[i][half]);
            let wanted = exact(&[(x, 1.0), (y, 1.0)], fraction, least);
            assert!(same(sums[i][half].wide(), wanted), "{x:e} + {y:e}: {wanted:e}, got {:?}", sums[i][half]);
        }
    }
}

/// The sum of products, rounded to nearest even: in i128 where the terms are near, by sign and size where one is far away.
fn exact(terms: &[(f32, f32)], fraction: i32, least: i32) -> f32 {
    let plain: f64 = terms.iter().map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
    if !plain.is_finite() || plain == 0.0 {
        return plain as f32;
    }
    let products = terms.iter().map(|(x, y)| f64::from(*x) * f64::from(*y)).filter(|p| *p != 0.0);
    let parts: Vec<(i128, i32)> = products.map(parts).collect();
    let top = parts.iter().map(|(m, e)| 128 - m.unsigned_abs().leading_zeros() as i32 + e).max().unwrap_or(0);
    // Bits far below the largest term only say on which side of it the sum lies.
    let floor = top - 100;
    let total: i128 =
        parts.iter().map(|&(m, e)| if e >= floor { m << (e - floor) } else { shrink(m, floor - e) }).sum();
    let size = 128 - total.unsigned_abs().leading_zeros() as i32;
    let lowest = (size + floor - 1).max(least) - fraction; // exponent of the last bit kept
    let drop = lowest - floor;
    let (kept, rest) = (total.unsigned_abs() >> drop, total.unsigned_abs() & ((1u128 << drop) - 1));
    let half = 1u128 << (drop - 1);
    let up = rest > half || rest == half && kept & 1 == 1;
    let value = (kept + u128::from(up)) as f64 * 2f64.powi(lowest);
    let largest = (2.0 - 2f64.powi(-fraction)) * 2f64.powi(1 - least);
    let value = if value > largest { f64::INFINITY } else { value };
    (if total < 0 { -value } else { value }) as f32
}

/// Mantissa and exponent of a float.
fn parts(x: f64) -> (i128, i32) {
    let bits = x.to_bits();
    let mantissa = i128::from(bits & ((1 << 52) - 1) | 1 << 52);
    (if x < 0.0 { -mantissa } else { mantissa }, (bits >> 52 & 0x7FF) as i32 - 1075)
}

/// m / 2^by, with what is lost in the last bit.
fn shrink(m: i128, by: i32) -> i128 {
    let size = m.unsigned_abs();
    let by = by.min(120) as u32;
    let kept = (size >> by | u128::from(size & ((1 << by) - 1) != 0)) as i128;
    if m < 0 { -kept } else { kept }
}

#[test]
fn pairs_pack_and_unpack() {
    let y = G::poisoned("y", 64);
    let report = one_warp(async |w: Warp| {
        let x = w.lane().to_f32();
        let (h, b) = (H2::pack(x, x + 0.5), B2::pack(x * 3.0, -x));
        w.st(&y, w.lane(), h.high().to_f32() - b.low().to_f32());
        w.st(&y, w.lane() + 32, H2::join(h.high(), x.narrow()).high().to_f32() + b.high().to_f32());
    });
    clean(&report);
    let (first, second): (Vec<f32>, Vec<f32>) = (0..32).map(|i| (0.5 - 2.0 * i as f32, 0.0)).unzip();
    assert_eq!(y.to_vec(), [first, second].concat());
}
