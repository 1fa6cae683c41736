//! The most products of int8 that registers alone allow: what a product of matrices is held against.

use super::dot::{Dot, Lanes};
use super::isa::Isa;
use pulp::NullaryFnOnce;
use std::hint::black_box;

/// Multiplications and additions of one round, which runs `rounds` of them: each of eight vectors is multiplied by another, and
/// the products are added up. Nothing moves but registers.
pub fn multiply_add(isa: Isa, rounds: u64) -> u64 {
    match isa {
        Isa::Portable => multiply(Lanes::<8>, rounds),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2(v3) => v3.vectorize(Multiply(v3, rounds)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(v4) => v4.vectorize(Multiply(v4, rounds)),
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
fn multiply<D: Dot>(dot: D, rounds: u64) -> u64 {
    // A product is multiplied again, so that none can be left out; each is one of the two terms of a sum.
    let y = black_box(dot.splat(0x0001_0001));
    let next = |x| dot.add(x, y);
    let (mut a, mut b, mut c, mut d) = (y, next(y), next(next(y)), next(next(next(y))));
    let (mut e, mut f, mut g, mut h) = (next(d), next(next(d)), next(next(next(d))), next(next(next(next(d)))));
    let (mut i, mut j, mut k, mut l) = (a, b, c, d);
    let mut round = 0;
    while round < rounds {
        (a, b, c, d) = (dot.product(a, y), dot.product(b, y), dot.product(c, y), dot.product(d, y));
        (e, f, g, h) = (dot.product(e, y), dot.product(f, y), dot.product(g, y), dot.product(h, y));
        (i, j, k, l) = (dot.add(i, a), dot.add(j, b), dot.add(k, c), dot.add(l, d));
        (i, j, k, l) = (dot.add(i, e), dot.add(j, f), dot.add(k, g), dot.add(l, h));
        round += 1;
    }
    let (ab, cd, ef, gh) = (dot.add(a, b), dot.add(c, d), dot.add(e, f), dot.add(g, h));
    let products = dot.add(dot.add(ab, cd), dot.add(ef, gh));
    black_box(dot.add(products, dot.add(dot.add(i, j), dot.add(k, l))));
    // Eight vectors of words, two values a word, a multiplication and an addition for each.
    8 * (size_of::<D::V>() / 2) as u64 * 2 * rounds
}

#[cfg(test)]
mod tests {
    use super::{Isa, multiply_add};

    #[test]
    fn operations_are_counted() {
        for isa in Isa::all() {
            assert_eq!(multiply_add(isa, 6), 2 * multiply_add(isa, 3));
        }
        assert_eq!(multiply_add(Isa::Portable, 1), 256);
    }
}
