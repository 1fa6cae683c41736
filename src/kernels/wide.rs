//! Vectors of eight lanes where there is AVX2, with the products of bytes that the processor has.

use super::eight::{Eight, PARTS};
use core::arch::x86_64::{__m128i, __m256, __m256i};
use pulp::bytemuck::cast;
use pulp::x86::V3;

/// AVX2 and FMA, and what multiplies bytes.
#[derive(Clone, Copy)]
pub(super) struct Wide<P> {
    pub v3: V3,
    pub products: P,
}

/// The methods of [`Eight`] that multiply bytes.
pub(super) trait Products: Copy {
    fn factors(self, x: __m256i) -> __m256i;
    fn eights(self, w: [&[[u8; 32]; 8]; PARTS], x: &[i32; 8], sum: i32) -> [__m256i; PARTS];
    fn fours(self, w: [&[[u8; 32]; 4]; PARTS], x: &[i32; 8], factors: [__m256i; PARTS]) -> [__m256i; PARTS];
}

impl<P: Products> Eight for Wide<P> {
    type F = __m256;
    type I = __m256i;

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        self.v3.avx._mm256_set1_ps(x)
    }
    #[inline(always)]
    fn load(self, x: &[f32; 8]) -> __m256 {
        cast(*x)
    }
    #[inline(always)]
    fn widen(self, x: &[i8; 8]) -> __m256 {
        self.floats(self.v3.avx2._mm256_cvtepi8_epi32(half(u64::from_le_bytes(cast(*x)))))
    }
    #[inline(always)]
    fn halves(self, x: &[u16; 8]) -> __m256 {
        let bits = self.v3.avx2._mm256_slli_epi32::<13>(self.v3.avx2._mm256_cvtepi16_epi32(cast(*x)));
        let bits = self.v3.avx2._mm256_and_si256(bits, self.integer(0x8fff_e000_u32 as i32));
        self.mul(cast(bits), self.splat(f32::from_bits((127 + 112) << 23)))
    }
    #[inline(always)]
    fn floats(self, x: __m256i) -> __m256 {
        self.v3.avx._mm256_cvtepi32_ps(x)
    }
    #[inline(always)]
    fn array(self, x: __m256) -> [f32; 8] {
        cast(x)
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        self.v3.avx._mm256_add_ps(a, b)
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        self.v3.avx._mm256_mul_ps(a, b)
    }
    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        self.v3.fma._mm256_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        self.v3.avx._mm256_max_ps(a, b)
    }
    #[inline(always)]
    fn abs(self, x: __m256) -> __m256 {
        self.v3.avx._mm256_andnot_ps(self.splat(-0.0), x)
    }
    #[inline(always)]
    fn codes(self, x: [__m256; 4]) -> ([i32; 8], i32) {
        let [a, b, c, d] = x.map(|x| self.v3.avx._mm256_cvtps_epi32(x));
        let (ab, cd) = (self.v3.avx2._mm256_packs_epi32(a, b), self.v3.avx2._mm256_packs_epi32(c, d));
        // Packing stays within halves of 128 bits: these are words a0 b0 c0 d0 a1 b1 c1 d1.
        let order = cast([0, 4, 1, 5, 2, 6, 3, 7]);
        let words = self.v3.avx2._mm256_permutevar8x32_epi32(self.v3.avx2._mm256_packs_epi16(ab, cd), order);
        let total = self.plus(self.plus(a, b), self.plus(c, d));
        (cast(words), self.sum(self.floats(total)) as i32)
    }
    #[inline(always)]
    fn sum(self, x: __m256) -> f32 {
        let four =
            self.v3.sse._mm_add_ps(self.v3.avx._mm256_castps256_ps128(x), self.v3.avx._mm256_extractf128_ps::<1>(x));
        let two = self.v3.sse._mm_add_ps(four, self.v3.sse._mm_movehl_ps(four, four));
        self.v3.sse._mm_cvtss_f32(self.v3.sse._mm_add_ss(two, self.v3.sse._mm_shuffle_ps::<1>(two, two)))
    }
    #[inline(always)]
    fn sums(self, [a, b, c, d]: [__m256; PARTS]) -> [f32; PARTS] {
        let (ab, cd) = (self.v3.avx._mm256_hadd_ps(a, b), self.v3.avx._mm256_hadd_ps(c, d));
        let all = self.v3.avx._mm256_hadd_ps(ab, cd);
        let high = self.v3.avx._mm256_extractf128_ps::<1>(all);
        cast(self.v3.sse._mm_add_ps(self.v3.avx._mm256_castps256_ps128(all), high))
    }
    #[inline(always)]
    fn exp(self, x: __m256) -> __m256 {
        // e^x = 2^n e^r with |r| <= ln 2 / 2; ln 2 in two parts, so that r keeps its low bits.
        let kept = self.v3.avx._mm256_max_ps(x, self.splat(-87.0));
        let turns = self.mul(kept, self.splat(std::f32::consts::LOG2_E));
        let n = self.v3.avx._mm256_round_ps::<0x08>(turns);
        let r = self.mul_add(n, self.splat(-0.693_359_4), kept);
        let r = self.mul_add(n, self.splat(2.121_944_4e-4), r);
        let mut y = self.splat(1.0 / 5040.0);
        for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            y = self.mul_add(y, r, self.splat(factor));
        }
        let power = self.v3.avx2._mm256_slli_epi32::<23>(self.v3.avx._mm256_cvtps_epi32(n));
        let y: __m256i = self.v3.avx2._mm256_add_epi32(cast(y), power);
        let there = self.v3.avx._mm256_cmp_ps::<0x0d>(x, self.splat(-87.0)); // x >= -87
        self.v3.avx._mm256_and_ps(cast(y), there)
    }
    #[inline(always)]
    fn integer(self, x: i32) -> __m256i {
        self.v3.avx._mm256_set1_epi32(x)
    }
    #[inline(always)]
    fn bytes(self, x: &[u8; 8]) -> __m256i {
        self.v3.avx2._mm256_cvtepu8_epi32(half(u64::from_le_bytes(*x)))
    }
    #[inline(always)]
    fn factors(self, x: &[u8; 8]) -> __m256i {
        self.products.factors(self.bytes(x))
    }
    #[inline(always)]
    fn plus(self, a: __m256i, b: __m256i) -> __m256i {
        self.v3.avx2._mm256_add_epi32(a, b)
    }
    #[inline(always)]
    fn dot(self, a: __m256i, b: __m256i) -> __m256i {
        self.v3.avx2._mm256_madd_epi16(a, b)
    }
    #[inline(always)]
    fn eights(self, w: [&[[u8; 32]; 8]; PARTS], x: &[i32; 8], sum: i32) -> [__m256i; PARTS] {
        self.products.eights(w, x, sum)
    }
    #[inline(always)]
    fn fours(self, w: [&[[u8; 32]; 4]; PARTS], x: &[i32; 8], factors: [__m256i; PARTS]) -> [__m256i; PARTS] {
        self.products.fours(w, x, factors)
    }
}

/// `vpmaddubsw`: two products of u8 and int8 are added in an i16.
impl Products for V3 {
    #[inline(always)]
    fn factors(self, x: __m256i) -> __m256i {
        // Twice in a word: sums come in pairs of i16.
        self.avx2._mm256_or_si256(x, self.avx2._mm256_slli_epi32::<16>(x))
    }
    #[inline(always)]
    fn eights(self, w: [&[[u8; 32]; 8]; PARTS], x: &[i32; 8], _: i32) -> [__m256i; PARTS] {
        // |w| and x with the sign of w: two products of 128 * 127 fit an i16, and x has no -128 whose sign could not change.
        let ones = self.avx._mm256_set1_epi32(0x0001_0001);
        let mut sums = [self.avx._mm256_set1_epi32(0); PARTS];
        for (at, x) in x.iter().enumerate() {
            let x = self.avx._mm256_set1_epi32(*x);
            for (sum, w) in sums.iter_mut().zip(w) {
                let w: __m256i = cast(w[at]);
                let signed = self.avx2._mm256_sign_epi8(x, w);
                let products = self.avx2._mm256_maddubs_epi16(self.avx2._mm256_abs_epi8(w), signed);
                *sum = self.avx2._mm256_add_epi32(*sum, self.avx2._mm256_madd_epi16(products, ones));
            }
        }
        sums
    }
    #[inline(always)]
    fn fours(self, w: [&[[u8; 32]; 4]; PARTS], x: &[i32; 8], factors: [__m256i; PARTS]) -> [__m256i; PARTS] {
        // Two products of 15 * 127 eight times: 30,480 fits an i16, and so nothing saturates.
        let mask = self.avx._mm256_set1_epi8(15);
        let mut sums = [[self.avx._mm256_set1_epi32(0); 2]; PARTS];
        for at in 0..4 {
            let (x_low, x_high) = (self.avx._mm256_set1_epi32(x[at]), self.avx._mm256_set1_epi32(x[4 + at]));
            for (sums, w) in sums.iter_mut().zip(w) {
                let w = cast(w[at]);
                let low = self.avx2._mm256_and_si256(w, mask);
                let high = self.avx2._mm256_and_si256(self.avx2._mm256_srli_epi16::<4>(w), mask);
                sums[0] = self.avx2._mm256_add_epi16(sums[0], self.avx2._mm256_maddubs_epi16(low, x_low));
                sums[1] = self.avx2._mm256_add_epi16(sums[1], self.avx2._mm256_maddubs_epi16(high, x_high));
            }
        }
        let mut all = factors;
        for (factor, [low, high]) in all.iter_mut().zip(sums) {
            *factor = self.avx2._mm256_madd_epi16(self.avx2._mm256_add_epi16(low, high), *factor);
        }
        all
    }
}

/// Eight bytes as the lower half of a vector.
#[inline(always)]
fn half(bytes: u64) -> __m128i {
    cast([bytes, 0])
}
