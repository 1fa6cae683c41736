//! Vectors of eight lanes, for kernels that wait for memory: rows of weights side by side, or values of one row.

use super::isa::Isa;
use pulp::NullaryFnOnce;

/// Eight lanes of f32 or of i32. Eight rows of packed weights lie side by side, so that a lane is a row.
pub(super) trait Eight: Copy {
    /// f32.
    type F: Copy;
    /// i32, or words: two i16, the lower one first.
    type I: Copy;

    fn splat(self, x: f32) -> Self::F;
    fn load(self, x: &[f32; 8]) -> Self::F;
    /// Codes as numbers.
    fn widen(self, x: &[i8; 8]) -> Self::F;
    /// Half-precision numbers (their bits); finite ones.
    fn halves(self, x: &[u16; 8]) -> Self::F;
    fn floats(self, x: Self::I) -> Self::F;
    fn array(self, x: Self::F) -> [f32; 8];
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// a b + c, rounded once where the processor can.
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    fn abs(self, x: Self::F) -> Self::F;
    /// The nearest int8, halves to even, four a word; and their sum.
    fn codes(self, x: [Self::F; 4]) -> ([i32; 8], i32);
    /// The sum of the lanes.
    fn sum(self, x: Self::F) -> f32;
    /// e^x for x <= 0, to 2e-7 of it; 0 below -87.
    fn exp(self, x: Self::F) -> Self::F;

    fn integer(self, x: i32) -> Self::I;
    /// Each byte as a word: twice in it, or, not `twice`, in its lower half.
    fn bytes(self, x: &[u8; 8], twice: bool) -> Self::I;
    fn plus(self, a: Self::I, b: Self::I) -> Self::I;
    /// a.low b.low + a.high b.high.
    fn dot(self, a: Self::I, b: Self::I) -> Self::I;
    /// 32 values of k of twice eight rows, int8, four of a row after another, by x, four int8 a word.
    fn eights(self, w: [&[[u8; 32]; 8]; 2], x: &[i32; 8]) -> [Self::I; 2];
    /// 32 values of k of twice eight rows, four of a row after another, in the lower halves of the bytes and then in the upper
    /// ones, by x, four int8 a word; times the words of `factor`, 63 at most.
    fn fours(self, w: [&[[u8; 32]; 4]; 2], x: &[i32; 8], factor: [Self::I; 2]) -> [Self::I; 2];
}

/// What runs over vectors of eight.
pub(super) trait Kernel {
    type Output;
    fn on<E: Eight>(self, eight: E) -> Self::Output;
}

/// Runs `kernel` with these instructions.
pub(super) fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    match isa {
        Isa::Portable => kernel.on(Plain),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2(v3) => v3.vectorize(On(v3, kernel)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(v4) => v4.vectorize(On(*v4, kernel)),
    }
}

#[cfg(target_arch = "x86_64")]
struct On<E, K>(E, K);

#[cfg(target_arch = "x86_64")]
impl<E: Eight, K: Kernel> NullaryFnOnce for On<E, K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.1.on(self.0)
    }
}

/// Arrays: what every processor does.
#[derive(Clone, Copy)]
pub(super) struct Plain;

#[inline(always)]
fn zip<T: Copy, U>(a: [T; 8], b: [T; 8], f: impl Fn(T, T) -> U) -> [U; 8] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

impl Eight for Plain {
    type F = [f32; 8];
    type I = [i32; 8];

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 8] {
        [x; 8]
    }
    #[inline(always)]
    fn load(self, x: &[f32; 8]) -> [f32; 8] {
        *x
    }
    #[inline(always)]
    fn widen(self, x: &[i8; 8]) -> [f32; 8] {
        x.map(f32::from)
    }
    #[inline(always)]
    fn halves(self, x: &[u16; 8]) -> [f32; 8] {
        // The exponent of a half counts from 15, that of an f32 from 127.
        x.map(|half| {
            let bits = (i32::from(half as i16) << 13) as u32 & 0x8fff_e000;
            f32::from_bits(bits) * f32::from_bits((127 + 112) << 23)
        })
    }
    #[inline(always)]
    fn floats(self, x: [i32; 8]) -> [f32; 8] {
        x.map(|x| x as f32)
    }
    #[inline(always)]
    fn array(self, x: [f32; 8]) -> [f32; 8] {
        x
    }
    #[inline(always)]
    fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn mul_add(self, a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        self.add(self.mul(a, b), c)
    }
    #[inline(always)]
    fn max(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        zip(a, b, f32::max)
    }
    #[inline(always)]
    fn abs(self, x: [f32; 8]) -> [f32; 8] {
        x.map(f32::abs)
    }
    #[inline(always)]
    fn codes(self, x: [[f32; 8]; 4]) -> ([i32; 8], i32) {
        let q = x.map(|x| x.map(|x| x.round_ties_even() as i8));
        let q = q.as_flattened();
        let word = |at: usize| i32::from_le_bytes(std::array::from_fn(|of| q[4 * at + of] as u8));
        (std::array::from_fn(word), q.iter().map(|q| i32::from(*q)).sum())
    }
    #[inline(always)]
    fn sum(self, x: [f32; 8]) -> f32 {
        ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
    }
    #[inline(always)]
    fn exp(self, x: [f32; 8]) -> [f32; 8] {
        x.map(|x| if x < -87.0 { 0.0 } else { x.exp() })
    }
    #[inline(always)]
    fn integer(self, x: i32) -> [i32; 8] {
        [x; 8]
    }
    #[inline(always)]
    fn bytes(self, x: &[u8; 8], twice: bool) -> [i32; 8] {
        x.map(|x| i32::from(x) * if twice { 0x0001_0001 } else { 1 })
    }
    #[inline(always)]
    fn plus(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        zip(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    fn dot(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        zip(a, b, |a, b| i32::from(a as i16) * i32::from(b as i16) + (a >> 16) * (b >> 16))
    }
    #[inline(always)]
    fn eights(self, w: [&[[u8; 32]; 8]; 2], x: &[i32; 8]) -> [[i32; 8]; 2] {
        w.map(|w| {
            let mut sums = [0; 8];
            for (w, x) in w.iter().zip(x) {
                let x = x.to_le_bytes().map(|x| i32::from(x as i8));
                for (sum, w) in sums.iter_mut().zip(w.as_chunks::<4>().0) {
                    let w = w.map(|w| i32::from(w as i8));
                    *sum += w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3];
                }
            }
            sums
        })
    }
    #[inline(always)]
    fn fours(self, w: [&[[u8; 32]; 4]; 2], x: &[i32; 8], factor: [[i32; 8]; 2]) -> [[i32; 8]; 2] {
        std::array::from_fn(|half| {
            let mut sums = [0; 8];
            for (at, x) in x.iter().enumerate() {
                let (bytes, x) = (&w[half][at % 4], x.to_le_bytes().map(|x| i32::from(x as i8)));
                for (sum, w) in sums.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    let w = w.map(|byte| i32::from(if at < 4 { byte & 15 } else { byte >> 4 }));
                    *sum += w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3];
                }
            }
            zip(sums, factor[half], |sum, factor| sum * (factor >> 16))
        })
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::Eight;
    use core::arch::x86_64::{__m128i, __m256, __m256i};
    use pulp::bytemuck::cast;
    use pulp::x86::V3;

    impl Eight for V3 {
        type F = __m256;
        type I = __m256i;

        #[inline(always)]
        fn splat(self, x: f32) -> __m256 {
            self.avx._mm256_set1_ps(x)
        }
        #[inline(always)]
        fn load(self, x: &[f32; 8]) -> __m256 {
            cast(*x)
        }
        #[inline(always)]
        fn widen(self, x: &[i8; 8]) -> __m256 {
            self.floats(self.avx2._mm256_cvtepi8_epi32(half(u64::from_le_bytes(cast(*x)))))
        }
        #[inline(always)]
        fn halves(self, x: &[u16; 8]) -> __m256 {
            let bits = self.avx2._mm256_slli_epi32::<13>(self.avx2._mm256_cvtepi16_epi32(cast(*x)));
            let bits = self.avx2._mm256_and_si256(bits, self.integer(0x8fff_e000_u32 as i32));
            self.mul(cast(bits), self.splat(f32::from_bits((127 + 112) << 23)))
        }
        #[inline(always)]
        fn floats(self, x: __m256i) -> __m256 {
            self.avx._mm256_cvtepi32_ps(x)
        }
        #[inline(always)]
        fn array(self, x: __m256) -> [f32; 8] {
            cast(x)
        }
        #[inline(always)]
        fn add(self, a: __m256, b: __m256) -> __m256 {
            self.avx._mm256_add_ps(a, b)
        }
        #[inline(always)]
        fn mul(self, a: __m256, b: __m256) -> __m256 {
            self.avx._mm256_mul_ps(a, b)
        }
        #[inline(always)]
        fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
            self.fma._mm256_fmadd_ps(a, b, c)
        }
        #[inline(always)]
        fn max(self, a: __m256, b: __m256) -> __m256 {
            self.avx._mm256_max_ps(a, b)
        }
        #[inline(always)]
        fn abs(self, x: __m256) -> __m256 {
            self.avx._mm256_andnot_ps(self.splat(-0.0), x)
        }
        #[inline(always)]
        fn codes(self, x: [__m256; 4]) -> ([i32; 8], i32) {
            let [a, b, c, d] = x.map(|x| self.avx._mm256_cvtps_epi32(x));
            let (ab, cd) = (self.avx2._mm256_packs_epi32(a, b), self.avx2._mm256_packs_epi32(c, d));
            // Packing stays within halves of 128 bits: these are words a0 b0 c0 d0 a1 b1 c1 d1.
            let order = cast([0, 4, 1, 5, 2, 6, 3, 7]);
            let words = self.avx2._mm256_permutevar8x32_epi32(self.avx2._mm256_packs_epi16(ab, cd), order);
            let total = self.plus(self.plus(a, b), self.plus(c, d));
            (cast(words), self.sum(self.floats(total)) as i32)
        }
        #[inline(always)]
        fn sum(self, x: __m256) -> f32 {
            let four = self.sse._mm_add_ps(self.avx._mm256_castps256_ps128(x), self.avx._mm256_extractf128_ps::<1>(x));
            let two = self.sse._mm_add_ps(four, self.sse._mm_movehl_ps(four, four));
            self.sse._mm_cvtss_f32(self.sse._mm_add_ss(two, self.sse._mm_shuffle_ps::<1>(two, two)))
        }
        #[inline(always)]
        fn exp(self, x: __m256) -> __m256 {
            // e^x = 2^n e^r with |r| <= ln 2 / 2; ln 2 in two parts, so that r keeps its low bits.
            let kept = self.avx._mm256_max_ps(x, self.splat(-87.0));
            let turns = self.mul(kept, self.splat(std::f32::consts::LOG2_E));
            let n = self.avx._mm256_round_ps::<0x08>(turns);
            let r = self.mul_add(n, self.splat(-0.693_359_4), kept);
            let r = self.mul_add(n, self.splat(2.121_944_4e-4), r);
            let mut y = self.splat(1.0 / 5040.0);
            for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
                y = self.mul_add(y, r, self.splat(factor));
            }
            let power = self.avx2._mm256_slli_epi32::<23>(self.avx._mm256_cvtps_epi32(n));
            let y: __m256i = self.avx2._mm256_add_epi32(cast(y), power);
            let there = self.avx._mm256_cmp_ps::<0x0d>(x, self.splat(-87.0)); // x >= -87
            self.avx._mm256_and_ps(cast(y), there)
        }
        #[inline(always)]
        fn integer(self, x: i32) -> __m256i {
            self.avx._mm256_set1_epi32(x)
        }
        #[inline(always)]
        fn bytes(self, x: &[u8; 8], twice: bool) -> __m256i {
            let low = self.avx2._mm256_cvtepu8_epi32(half(u64::from_le_bytes(*x)));
            match twice {
                true => self.avx2._mm256_or_si256(low, self.avx2._mm256_slli_epi32::<16>(low)),
                false => low,
            }
        }
        #[inline(always)]
        fn plus(self, a: __m256i, b: __m256i) -> __m256i {
            self.avx2._mm256_add_epi32(a, b)
        }
        #[inline(always)]
        fn dot(self, a: __m256i, b: __m256i) -> __m256i {
            self.avx2._mm256_madd_epi16(a, b)
        }
        #[inline(always)]
        fn eights(self, w: [&[[u8; 32]; 8]; 2], x: &[i32; 8]) -> [__m256i; 2] {
            // |w| and x with the sign of w: two products of 128 * 127 fit an i16, and x has no -128 whose sign could not change.
            let ones = self.integer(0x0001_0001);
            let mut sums = [[self.integer(0); 2]; 2];
            for at in 0..4 {
                let x = [self.integer(x[2 * at]), self.integer(x[2 * at + 1])];
                for (sums, w) in sums.iter_mut().zip(w) {
                    for part in 0..2 {
                        let w: __m256i = cast(w[2 * at + part]);
                        let signed = self.avx2._mm256_sign_epi8(x[part], w);
                        let products = self.avx2._mm256_maddubs_epi16(self.avx2._mm256_abs_epi8(w), signed);
                        sums[part] = self.plus(sums[part], self.dot(products, ones));
                    }
                }
            }
            sums.map(|[even, odd]| self.plus(even, odd))
        }
        #[inline(always)]
        fn fours(self, w: [&[[u8; 32]; 4]; 2], x: &[i32; 8], factor: [__m256i; 2]) -> [__m256i; 2] {
            // Two products of 15 * 127 eight times: 30,480 fits an i16, and so nothing saturates.
            let mask = self.avx._mm256_set1_epi8(15);
            let mut sums = [[self.integer(0); 2]; 2];
            for at in 0..4 {
                let (x_low, x_high) = (self.integer(x[at]), self.integer(x[4 + at]));
                for (sums, w) in sums.iter_mut().zip(w) {
                    let w = cast(w[at]);
                    let low = self.avx2._mm256_and_si256(w, mask);
                    let high = self.avx2._mm256_and_si256(self.avx2._mm256_srli_epi16::<4>(w), mask);
                    sums[0] = self.avx2._mm256_add_epi16(sums[0], self.avx2._mm256_maddubs_epi16(low, x_low));
                    sums[1] = self.avx2._mm256_add_epi16(sums[1], self.avx2._mm256_maddubs_epi16(high, x_high));
                }
            }
            let all = sums.map(|[low, high]| self.avx2._mm256_add_epi16(low, high));
            [self.dot(all[0], factor[0]), self.dot(all[1], factor[1])]
        }
    }

    /// Eight bytes as the lower half of a vector.
    #[inline(always)]
    fn half(bytes: u64) -> __m128i {
        cast([bytes, 0])
    }
}
