//! Loops over the widest vectors of this machine. They stand still in registers or walk straight through memory, so that
//! nothing but the machine is measured.

use pulp::{Arch, Simd, WithSimd, as_arrays};
use std::hint::black_box;

/// Vectors that are worked on at once: enough to hide the latency of a multiply-add, and few enough for 16 registers.
const AT_ONCE: u64 = 10;

/// f32 FLOPs of one round of [`multiply_add`], which runs `rounds` of them.
pub fn multiply_add(arch: Arch, rounds: u64) -> u64 {
    arch.dispatch(MultiplyAdd(rounds))
}

/// Reads `x` once.
pub fn read(arch: Arch, x: &[f32]) -> f32 {
    arch.dispatch(Read(x))
}

/// a = b + s c.
pub fn triad(arch: Arch, a: &mut [f32], b: &[f32], c: &[f32]) {
    arch.dispatch(Triad(a, b, c));
}

struct MultiplyAdd(u64);

impl WithSimd for MultiplyAdd {
    type Output = u64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u64 {
        let (x, y) = (simd.splat_f32s(black_box(1.0)), simd.splat_f32s(black_box(1e-30)));
        let zero = simd.splat_f32s(black_box(0.0));
        let [mut a, mut b, mut c, mut d, mut e] = [zero; 5];
        let [mut f, mut g, mut h, mut i, mut j] = [zero; 5];
        let mut round = 0;
        while round < self.0 {
            (a, b, c) = (simd.mul_add_f32s(x, y, a), simd.mul_add_f32s(x, y, b), simd.mul_add_f32s(x, y, c));
            (d, e, f) = (simd.mul_add_f32s(x, y, d), simd.mul_add_f32s(x, y, e), simd.mul_add_f32s(x, y, f));
            (g, h) = (simd.mul_add_f32s(x, y, g), simd.mul_add_f32s(x, y, h));
            (i, j) = (simd.mul_add_f32s(x, y, i), simd.mul_add_f32s(x, y, j));
            round += 1;
        }
        black_box([a, b, c, d, e, f, g, h, i, j]);
        2 * AT_ONCE * S::F32_LANES as u64 * self.0
    }
}

struct Read<'a>(&'a [f32]);

impl WithSimd for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (vectors, rest) = S::as_simd_f32s(self.0);
        // From four places at once, so that more lines are on their way from memory than one walk asks for.
        let [first, second, third, fourth] = quarters(vectors);
        let zero = simd.splat_f32s(0.0);
        let ([mut a, mut b, mut c, mut d], [mut e, mut f, mut g, mut h]) = ([zero; 4], [zero; 4]);
        for ((([i, j], [k, l]), [m, n]), [o, p]) in first.iter().zip(second).zip(third).zip(fourth) {
            (a, b) = (simd.add_f32s(a, *i), simd.add_f32s(b, *j));
            (c, d) = (simd.add_f32s(c, *k), simd.add_f32s(d, *l));
            (e, f) = (simd.add_f32s(e, *m), simd.add_f32s(f, *n));
            (g, h) = (simd.add_f32s(g, *o), simd.add_f32s(h, *p));
        }
        black_box(rest);
        let (ab, cd) = (simd.add_f32s(a, b), simd.add_f32s(c, d));
        let (ef, gh) = (simd.add_f32s(e, f), simd.add_f32s(g, h));
        simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(ab, cd), simd.add_f32s(ef, gh)))
    }
}

/// Four equal parts of `all`, two values at a time; what is left over at its end is in none.
#[inline(always)]
fn quarters<T>(all: &[T]) -> [&[[T; 2]]; 4] {
    let (pairs, _) = as_arrays::<2, _>(all);
    let part = pairs.len() / 4;
    [0, 1, 2, 3].map(|at| &pairs[at * part..(at + 1) * part])
}

struct Triad<'a>(&'a mut [f32], &'a [f32], &'a [f32]);

impl WithSimd for Triad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let s = simd.splat_f32s(black_box(3.0));
        let (to, _) = S::as_mut_simd_f32s(self.0);
        let (b, _) = S::as_simd_f32s(self.1);
        let (c, _) = S::as_simd_f32s(self.2);
        for ((to, b), c) in to.iter_mut().zip(b).zip(c) {
            *to = simd.mul_add_f32s(s, *c, *b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{multiply_add, read, triad};
    use pulp::Arch;

    #[test]
    fn they_compute_what_they_say() {
        let x: Vec<f32> = (0..1024).map(|i| (i % 7) as f32).collect();
        assert_eq!(read(Arch::new(), &x), x.iter().sum::<f32>());
        let (b, mut a) = (vec![2.0; 1024], vec![0.0; 1024]);
        triad(Arch::new(), &mut a, &b, &x);
        assert!(a.iter().zip(&x).all(|(a, x)| *a == 2.0 + 3.0 * x));
        assert_eq!(multiply_add(Arch::new(), 6), 2 * multiply_add(Arch::new(), 3));
    }
}
