//! The most products of int8 that registers alone allow: what a product of matrices is held against.

use super::dot::{Dot, Lanes, depth};
use super::isa::Isa;
use pulp::NullaryFnOnce;
use std::hint::black_box;

/// Sums that grow at once: enough to hide how long one takes, and few enough for 16 registers.
const SUMS: u64 = 12;

/// Multiplications and additions of int8, of which one round runs those of twelve vectors, `rounds` times. Nothing moves but
/// registers, and the instruction is the one of [`matmul`](super::matmul).
pub fn multiply_add(isa: Isa, rounds: u64) -> u64 {
    match isa {
        Isa::Portable => multiply(Lanes::<4>, rounds),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2(v3) => v3.vectorize(Multiply(v3, rounds)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(v4) => v4.vectorize(Multiply(v4, rounds)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni(vnni) => vnni.vectorize(Multiply(vnni, rounds)),
    }
}

struct Multiply<D>(D, u64);

impl<D: Dot> NullaryFnOnce for Multiply<D> {
    type Output = u64;

    #[inline(always)]
    fn call(self) -> u64 {
        multiply(self.0, self.1)
    }
}

#[inline(always)]
fn multiply<D: Dot>(of: D, rounds: u64) -> u64 {
    // A sum is also what is multiplied, so that no product can be computed once for all rounds.
    let w = black_box(of.splat(0x0101_0101));
    let next = |sum| of.dot(sum, sum, w);
    let [mut a, mut b, mut c, mut d, mut e, mut f] = [1, 2, 3, 4, 5, 6].map(|sum| of.splat(black_box(sum)));
    let [mut g, mut h, mut i, mut j, mut k, mut l] = [7, 8, 9, 10, 11, 12].map(|sum| of.splat(black_box(sum)));
    let mut round = 0;
    while round < rounds {
        (a, b, c, d) = (next(a), next(b), next(c), next(d));
        (e, f, g, h) = (next(e), next(f), next(g), next(h));
        (i, j, k, l) = (next(i), next(j), next(k), next(l));
        round += 1;
    }
    black_box([a, b, c, d, e, f, g, h, i, j, k, l]);
    let products = size_of::<D::V>() / size_of::<i32>() * depth::<D>();
    2 * SUMS * products as u64 * rounds
}

#[cfg(test)]
mod tests {
    use super::{Isa, multiply_add};

    #[test]
    fn operations_are_counted() {
        for isa in Isa::all() {
            assert_eq!(multiply_add(isa, 6), 2 * multiply_add(isa, 3));
        }
        // Twelve vectors of four lanes, two products a lane.
        assert_eq!(multiply_add(Isa::Portable, 1), 192);
    }
}
