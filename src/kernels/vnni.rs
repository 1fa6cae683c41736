//! `vpdpbusd`, which adds four products of u8 and int8 to each lane of i32 and saturates nowhere: AVX-512 VNNI.
//!
//! x is int8 too: as u8 it is x + 128, which is x with its top bit flipped, and every sum begins at -128 times the sum of w.
//! That is the one operation here that no crate wraps, and the one file of this crate with an `unsafe` block.
#![expect(unsafe_code, reason = "one instruction; the token that it takes exists only where the processor has it")]

use super::dot::{Dot, EIGHT};
use super::eight::PARTS;
use super::wide::Products;
use core::arch::x86_64::{__m256i, __m512i, _mm256_dpbusd_epi32, _mm512_dpbusd_epi32};
use pulp::NullaryFnOnce;
use pulp::bytemuck::cast;
use pulp::x86::V4;

pulp::simd_type!({
    /// What is vectorized with: all of [`V4`], and VNNI.
    struct All {
        popcnt: f!("popcnt"),
        bmi1: f!("bmi1"),
        bmi2: f!("bmi2"),
        lzcnt: f!("lzcnt"),
        fma: f!("fma"),
        avx2: f!("avx2"),
        avx512f: f!("avx512f"),
        avx512bw: f!("avx512bw"),
        avx512cd: f!("avx512cd"),
        avx512dq: f!("avx512dq"),
        avx512vl: f!("avx512vl"),
        avx512vnni: f!("avx512vnni"),
    }
});

/// Proof that the processor has AVX-512 with VNNI.
#[derive(Clone, Copy, Debug)]
pub struct Vnni {
    pub(super) v4: V4,
    all: All,
}

impl Vnni {
    /// None where the processor lacks it.
    pub fn try_new() -> Option<Self> {
        Some(Self { v4: V4::try_new()?, all: All::try_new()? })
    }

    /// Runs `f` with these instructions; what it calls has to be inlined.
    #[inline(always)]
    pub fn vectorize<F: NullaryFnOnce>(self, f: F) -> F::Output {
        self.all.vectorize(f)
    }
}

impl Dot for Vnni {
    type V = __m512i;
    type Codes = __m256i;

    const FLIPPED: i32 = i32::from_ne_bytes([0x80; 4]);

    #[inline(always)]
    fn splat(self, word: i32) -> __m512i {
        self.v4.splat(word)
    }

    #[inline(always)]
    fn dot(self, sum: __m512i, x: __m512i, w: __m512i) -> __m512i {
        // SAFETY: `self` is only made where the processor has AVX-512F and AVX-512 VNNI; the instruction touches no memory.
        unsafe { _mm512_dpbusd_epi32(sum, x, w) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        self.v4.add(a, b)
    }

    #[inline(always)]
    fn words(self, codes: Self::Codes) -> [i32; EIGHT] {
        cast(codes)
    }

    #[inline(always)]
    fn turned(self, rows: [[i32; EIGHT]; EIGHT]) -> [[i32; EIGHT]; EIGHT] {
        self.v4.turned(rows)
    }
}

impl Vnni {
    /// sum + a . b, lane by lane, for four u8 of a and four int8 of b.
    #[inline(always)]
    fn four(self, sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` is only made where the processor has AVX-512VL and AVX-512 VNNI; the instruction touches no memory.
        unsafe { _mm256_dpbusd_epi32(sum, a, b) }
    }
}

impl Products for Vnni {
    #[inline(always)]
    fn factors(self, x: __m256i) -> __m256i {
        x
    }

    #[inline(always)]
    fn eights(self, w: [&[[u8; 32]; 8]; PARTS], x: &[i32; 8], sum: i32) -> [__m256i; PARTS] {
        // Here w is what becomes u8, and sums begin at -128 times the sum of x.
        let flip = self.v4.avx._mm256_set1_epi8(i8::MIN);
        let mut sums = [self.v4.avx._mm256_set1_epi32(-128 * sum); PARTS];
        for (at, x) in x.iter().enumerate() {
            let x = self.v4.avx._mm256_set1_epi32(*x);
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = self.four(*sum, self.v4.avx2._mm256_xor_si256(cast(w[at]), flip), x);
            }
        }
        sums
    }

    #[inline(always)]
    fn fours(self, w: [&[[u8; 32]; 4]; PARTS], x: &[i32; 8], factors: [__m256i; PARTS]) -> [__m256i; PARTS] {
        // The upper halves stay where they are: their products are 16 times as large.
        let (lower, upper) = (self.v4.avx._mm256_set1_epi8(0x0f), self.v4.avx._mm256_set1_epi8(0xf0_u8 as i8));
        let mut sums = [[self.v4.avx._mm256_set1_epi32(0); 2]; PARTS];
        for at in 0..4 {
            let (x_low, x_high) = (self.v4.avx._mm256_set1_epi32(x[at]), self.v4.avx._mm256_set1_epi32(x[4 + at]));
            for (sums, w) in sums.iter_mut().zip(w) {
                let w = cast(w[at]);
                sums[0] = self.four(sums[0], self.v4.avx2._mm256_and_si256(w, lower), x_low);
                sums[1] = self.four(sums[1], self.v4.avx2._mm256_and_si256(w, upper), x_high);
            }
        }
        let mut all = factors;
        for (factor, [low, high]) in all.iter_mut().zip(sums) {
            let sum = self.v4.avx2._mm256_add_epi32(low, self.v4.avx2._mm256_srai_epi32::<4>(high));
            *factor = self.v4.avx2._mm256_mullo_epi32(sum, *factor);
        }
        all
    }
}
