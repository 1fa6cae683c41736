//! The one vector operation under an int8 product: to each lane of i32 it adds the products of one word of codes.
//!
//! A word holds two codes as i16 (`vpmaddwd`) or four as they are (`vpdpbusd`, in [`super::vnni`]). `vpmaddubsw` takes four too,
//! but adds two products of u8 and i8 in an i16, where they saturate: two of 255 * 127 do not fit.

use pulp::bytemuck::{Pod, cast_slice};
use std::slice::from_ref;

#[cfg(target_arch = "x86_64")]
use pulp::bytemuck::cast;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// Words of a row that are made at once, and rows whose words are turned at once.
pub(super) const EIGHT: usize = 8;

/// Vectors of i32 lanes. A lane holds a sum, or a word: some codes of one row, the first one lowest.
pub(super) trait Dot: Copy {
    /// A vector.
    type V: Pod;

    /// The codes of eight words of a row: int8.
    type Codes: Pod;

    /// The bits that a word of x has flipped. Where x = 0 they are the word, so what a product has too much is theirs.
    const FLIPPED: i32;

    /// `word` in each lane.
    fn splat(self, word: i32) -> Self::V;

    /// sum + x . w, lane by lane, modulo 2^32, for words of x that are flipped and words of w that are not.
    fn dot(self, sum: Self::V, x: Self::V, w: Self::V) -> Self::V;

    /// a + b, lane by lane, modulo 2^32.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// Eight words of a row.
    fn words(self, codes: Self::Codes) -> [i32; EIGHT];

    /// Rows as columns.
    #[inline(always)]
    fn turned(self, rows: [[i32; EIGHT]; EIGHT]) -> [[i32; EIGHT]; EIGHT] {
        std::array::from_fn(|word| std::array::from_fn(|row| rows[row][word]))
    }
}

/// How many codes a word holds.
pub(super) const fn depth<D: Dot>() -> usize {
    size_of::<D::Codes>() / EIGHT
}

/// Lanes in an array: what every processor does, and what the others are held to.
#[derive(Clone, Copy)]
pub(super) struct Lanes<const N: usize>;

impl<const N: usize> Dot for Lanes<N>
where
    [i32; N]: Pod,
{
    type V = [i32; N];
    type Codes = u128;

    const FLIPPED: i32 = 0;

    #[inline(always)]
    fn splat(self, word: i32) -> Self::V {
        [word; N]
    }

    #[inline(always)]
    fn dot(self, mut sum: Self::V, x: Self::V, w: Self::V) -> Self::V {
        for (sum, (x, w)) in sum.iter_mut().zip(x.into_iter().zip(w)) {
            let low = i32::from(x as i16) * i32::from(w as i16);
            *sum = sum.wrapping_add(low.wrapping_add((x >> 16) * (w >> 16)));
        }
        sum
    }

    #[inline(always)]
    fn add(self, mut a: Self::V, b: Self::V) -> Self::V {
        for (a, b) in a.iter_mut().zip(b) {
            *a = a.wrapping_add(b);
        }
        a
    }

    #[inline(always)]
    fn words(self, codes: Self::Codes) -> [i32; EIGHT] {
        let (pairs, _) = cast_slice(from_ref(&codes)).as_chunks::<2>();
        let word = |[low, high]: [i8; 2]| i32::from(low) & 0xffff | i32::from(high) << 16;
        std::array::from_fn(|at| word(pairs[at]))
    }
}

#[cfg(target_arch = "x86_64")]
impl Dot for V3 {
    type V = core::arch::x86_64::__m256i;
    type Codes = u128;

    const FLIPPED: i32 = 0;

    #[inline(always)]
    fn splat(self, word: i32) -> Self::V {
        self.avx._mm256_set1_epi32(word)
    }

    #[inline(always)]
    fn dot(self, sum: Self::V, x: Self::V, w: Self::V) -> Self::V {
        self.add(sum, self.avx2._mm256_madd_epi16(x, w))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.avx2._mm256_add_epi32(a, b)
    }

    #[inline(always)]
    fn words(self, codes: Self::Codes) -> [i32; EIGHT] {
        cast(self.avx2._mm256_cvtepi8_epi16(cast(codes)))
    }

    #[inline(always)]
    fn turned(self, rows: [[i32; EIGHT]; EIGHT]) -> [[i32; EIGHT]; EIGHT] {
        let (low32, high32) =
            (|a, b| self.avx2._mm256_unpacklo_epi32(a, b), |a, b| self.avx2._mm256_unpackhi_epi32(a, b));
        let (low64, high64) =
            (|a, b| self.avx2._mm256_unpacklo_epi64(a, b), |a, b| self.avx2._mm256_unpackhi_epi64(a, b));
        let [a, b, c, d, e, f, g, h]: [Self::V; EIGHT] = cast(rows);
        let (ab, ab2, cd, cd2) = (low32(a, b), high32(a, b), low32(c, d), high32(c, d));
        let (ef, ef2, gh, gh2) = (low32(e, f), high32(e, f), low32(g, h), high32(g, h));
        // Of each half of 128 bits, columns 0 to 3 of rows a to d and of rows e to h.
        let left = [low64(ab, cd), high64(ab, cd), low64(ab2, cd2), high64(ab2, cd2)];
        let right = [low64(ef, gh), high64(ef, gh), low64(ef2, gh2), high64(ef2, gh2)];
        let near = |i: usize| self.avx2._mm256_permute2x128_si256::<0x20>(left[i], right[i]);
        let far = |i: usize| self.avx2._mm256_permute2x128_si256::<0x31>(left[i], right[i]);
        cast([near(0), near(1), near(2), near(3), far(0), far(1), far(2), far(3)])
    }
}

#[cfg(target_arch = "x86_64")]
impl Dot for V4 {
    type V = core::arch::x86_64::__m512i;
    type Codes = u128;

    const FLIPPED: i32 = 0;

    #[inline(always)]
    fn splat(self, word: i32) -> Self::V {
        self.avx512f._mm512_set1_epi32(word)
    }

    #[inline(always)]
    fn dot(self, sum: Self::V, x: Self::V, w: Self::V) -> Self::V {
        self.add(sum, self.avx512bw._mm512_madd_epi16(x, w))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.avx512f._mm512_add_epi32(a, b)
    }

    #[inline(always)]
    fn words(self, codes: Self::Codes) -> [i32; EIGHT] {
        let v3: &V3 = &self;
        v3.words(codes)
    }

    #[inline(always)]
    fn turned(self, rows: [[i32; EIGHT]; EIGHT]) -> [[i32; EIGHT]; EIGHT] {
        let v3: &V3 = &self;
        v3.turned(rows)
    }
}
