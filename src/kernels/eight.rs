//! Vectors of eight lanes, for kernels that wait for memory: rows of weights side by side, or values of one row.

use super::isa::Isa;
#[cfg(target_arch = "x86_64")]
use super::wide::Wide;
#[cfg(target_arch = "x86_64")]
use pulp::NullaryFnOnce;

/// Places of a matrix that are walked at once: so more lines are on their way from memory than one walk asks for.
pub(super) const PARTS: usize = 4;

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
    /// The sums of the lanes of four.
    fn sums(self, x: [Self::F; PARTS]) -> [f32; PARTS];
    /// e^x for x <= 0, to 2e-7 of it; 0 below -87.
    fn exp(self, x: Self::F) -> Self::F;

    fn integer(self, x: i32) -> Self::I;
    /// Bytes as numbers.
    fn bytes(self, x: &[u8; 8]) -> Self::I;
    /// Bytes, 63 at most, as [`fours`](Self::fours) multiplies by them.
    fn factors(self, x: &[u8; 8]) -> Self::I;
    fn plus(self, a: Self::I, b: Self::I) -> Self::I;
    /// a.low b.low + a.high b.high.
    fn dot(self, a: Self::I, b: Self::I) -> Self::I;
    /// 32 values of k of eight rows of each part, int8, four of a row after another, by x, four int8 a word, whose sum is `sum`. x holds
    /// no -128.
    fn eights(self, w: [&[[u8; 32]; 8]; PARTS], x: &[i32; 8], sum: i32) -> [Self::I; PARTS];
    /// 32 values of k of eight rows of each part, four of a row after another, in the lower halves of the bytes and then in the upper
    /// ones, by x, four int8 a word, of which none is -128; times [`factors`](Self::factors).
    fn fours(self, w: [&[[u8; 32]; 4]; PARTS], x: &[i32; 8], factors: [Self::I; PARTS]) -> [Self::I; PARTS];
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
        Isa::Avx2(v3) => v3.vectorize(On(Wide { v3, products: v3 }, kernel)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(v4) => v4.vectorize(On(Wide { v3: *v4, products: *v4 }, kernel)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni(vnni) => vnni.vectorize(On(Wide { v3: *vnni.v4, products: vnni }, kernel)),
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
    fn sums(self, x: [[f32; 8]; PARTS]) -> [f32; PARTS] {
        x.map(|x| self.sum(x))
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
    fn bytes(self, x: &[u8; 8]) -> [i32; 8] {
        x.map(i32::from)
    }
    #[inline(always)]
    fn factors(self, x: &[u8; 8]) -> [i32; 8] {
        x.map(i32::from)
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
    fn eights(self, w: [&[[u8; 32]; 8]; PARTS], x: &[i32; 8], _: i32) -> [[i32; 8]; PARTS] {
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
    fn fours(self, w: [&[[u8; 32]; 4]; PARTS], x: &[i32; 8], factors: [[i32; 8]; PARTS]) -> [[i32; 8]; PARTS] {
        std::array::from_fn(|half| {
            let mut sums = [0; 8];
            for (at, x) in x.iter().enumerate() {
                let (bytes, x) = (&w[half][at % 4], x.to_le_bytes().map(|x| i32::from(x as i8)));
                for (sum, w) in sums.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    let w = w.map(|byte| i32::from(if at < 4 { byte & 15 } else { byte >> 4 }));
                    *sum += w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3];
                }
            }
            zip(sums, factors[half], |sum, factor| sum * factor)
        })
    }
}
