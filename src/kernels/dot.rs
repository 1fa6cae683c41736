//! The one vector operation under an int8 product: each lane of i32 adds two products of i16.
//!
//! `vpmaddubsw` has twice the products, but of u8 and i8, and it saturates: two of 255 * 127 do not fit an i16. Widened to
//! i16 while they are packed, int8 codes multiply exactly, -128 * -128 twice included, and `vpmaddwd` adds a pair into an i32.

use pulp::bytemuck::{Pod, cast};

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// Words of a block of [`Dot::words`]: eight rows.
pub(super) const ROWS: usize = 8;
/// Values of k in such a block, two a word.
pub(super) const DEPTH: usize = 16;

/// Vectors of i32 lanes. A lane holds a sum, or a word: two i16, the lower one first.
pub(super) trait Dot: Copy {
    /// A vector.
    type V: Pod;

    /// `word` in each lane.
    fn splat(self, word: i32) -> Self::V;

    /// a.low b.low + a.high b.high, lane by lane.
    fn product(self, a: Self::V, b: Self::V) -> Self::V;

    /// a + b, lane by lane, modulo 2^32.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// Sixteen values of k of eight rows as words: `[k / 2][row]`.
    #[inline(always)]
    fn words(self, rows: [[i8; DEPTH]; ROWS]) -> [[i32; ROWS]; DEPTH / 2] {
        let mut words = [[0; ROWS]; DEPTH / 2];
        for (row, values) in rows.iter().enumerate() {
            for (k, pair) in values.chunks_exact(2).enumerate() {
                words[k][row] = word(pair[0], pair[1]);
            }
        }
        words
    }
}

/// Two values of int8 as i16, the first one in the lower half.
#[inline(always)]
fn word(low: i8, high: i8) -> i32 {
    i32::from(low) & 0xffff | i32::from(high) << 16
}

/// Lanes in an array: what every processor does, and what the others are held to.
#[derive(Clone, Copy)]
pub(super) struct Lanes<const N: usize>;

impl<const N: usize> Dot for Lanes<N>
where
    [i32; N]: Pod,
{
    type V = [i32; N];

    #[inline(always)]
    fn splat(self, word: i32) -> Self::V {
        [word; N]
    }

    #[inline(always)]
    fn product(self, a: Self::V, b: Self::V) -> Self::V {
        let mut products = [0; N];
        for (product, (a, b)) in products.iter_mut().zip(a.into_iter().zip(b)) {
            let low = i32::from(a as i16) * i32::from(b as i16);
            *product = low.wrapping_add((a >> 16) * (b >> 16));
        }
        products
    }

    #[inline(always)]
    fn add(self, mut a: Self::V, b: Self::V) -> Self::V {
        for (a, b) in a.iter_mut().zip(b) {
            *a = a.wrapping_add(b);
        }
        a
    }
}

#[cfg(target_arch = "x86_64")]
impl Dot for V3 {
    type V = core::arch::x86_64::__m256i;

    #[inline(always)]
    fn splat(self, word: i32) -> Self::V {
        self.avx._mm256_set1_epi32(word)
    }

    #[inline(always)]
    fn product(self, a: Self::V, b: Self::V) -> Self::V {
        self.avx2._mm256_madd_epi16(a, b)
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.avx2._mm256_add_epi32(a, b)
    }

    #[inline(always)]
    fn words(self, rows: [[i8; DEPTH]; ROWS]) -> [[i32; ROWS]; DEPTH / 2] {
        cast(transposed(self, rows.map(|row| self.avx2._mm256_cvtepi8_epi16(cast(row)))))
    }
}

/// Rows of eight words as columns.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transposed(v3: V3, [a, b, c, d, e, f, g, h]: [<V3 as Dot>::V; 8]) -> [<V3 as Dot>::V; 8] {
    let (low32, high32) = (|a, b| v3.avx2._mm256_unpacklo_epi32(a, b), |a, b| v3.avx2._mm256_unpackhi_epi32(a, b));
    let (low64, high64) = (|a, b| v3.avx2._mm256_unpacklo_epi64(a, b), |a, b| v3.avx2._mm256_unpackhi_epi64(a, b));
    let (ab, ab2, cd, cd2) = (low32(a, b), high32(a, b), low32(c, d), high32(c, d));
    let (ef, ef2, gh, gh2) = (low32(e, f), high32(e, f), low32(g, h), high32(g, h));
    // Of each half of 128 bits, columns 0 to 3 of rows a to d and of rows e to h.
    let left = [low64(ab, cd), high64(ab, cd), low64(ab2, cd2), high64(ab2, cd2)];
    let right = [low64(ef, gh), high64(ef, gh), low64(ef2, gh2), high64(ef2, gh2)];
    let near = |i: usize| v3.avx2._mm256_permute2x128_si256::<0x20>(left[i], right[i]);
    let far = |i: usize| v3.avx2._mm256_permute2x128_si256::<0x31>(left[i], right[i]);
    [near(0), near(1), near(2), near(3), far(0), far(1), far(2), far(3)]
}

#[cfg(target_arch = "x86_64")]
impl Dot for V4 {
    type V = core::arch::x86_64::__m512i;

    #[inline(always)]
    fn splat(self, word: i32) -> Self::V {
        self.avx512f._mm512_set1_epi32(word)
    }

    #[inline(always)]
    fn product(self, a: Self::V, b: Self::V) -> Self::V {
        self.avx512bw._mm512_madd_epi16(a, b)
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.avx512f._mm512_add_epi32(a, b)
    }

    #[inline(always)]
    fn words(self, rows: [[i8; DEPTH]; ROWS]) -> [[i32; ROWS]; DEPTH / 2] {
        let v3: &V3 = &self;
        v3.words(rows)
    }
}
