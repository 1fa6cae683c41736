//! Arithmetic on pairs of 16-bit floats (`H2`, `B2`): two operations in one instruction, each rounded once.

use super::now::issue;
use super::{Element, F, Half, U, V};
use std::ops::{Add, Mul, Sub};

impl<T: Half> V<[T; 2]> {
    /// Two floats of a lane, rounded to nearest even, as one register.
    #[track_caller]
    pub fn pack(low: F, high: F) -> Self {
        low.zip(&high, issue(), |l, h| [T::narrow(l), T::narrow(h)])
    }

    /// Two halves of a lane as one register.
    #[track_caller]
    pub fn join(low: V<T>, high: V<T>) -> Self {
        low.zip(&high, issue(), |l, h| [l, h])
    }

    /// The half in bits 0 to 15.
    #[track_caller]
    pub fn low(self) -> V<T> {
        self.map(issue(), |x: [T; 2]| x[0])
    }

    /// The half in bits 16 to 31.
    #[track_caller]
    pub fn high(self) -> V<T> {
        self.map(issue(), |x: [T; 2]| x[1])
    }

    /// `self * b + c` in both halves, each rounded once.
    #[track_caller]
    pub fn fma(self, b: Self, c: Self) -> Self {
        let made = issue() & self.made & b.made & c.made;
        let mut bits = [0; super::W];
        for (lane, out) in bits.iter_mut().enumerate() {
            let [x, y, z] = [self, b, c].map(|v| <[T; 2]>::of(v.bits[lane]));
            *out = [0, 1].map(|i| T::narrow(fused(x[i].wide(), y[i].wide(), z[i].wide()))).bits();
        }
        V::new(bits, made)
    }

    /// The register's 32 bits. A move is no instruction.
    pub fn bits(self) -> U {
        V::new(self.bits, self.made)
    }
}

impl<T: Half> V<T> {
    /// Exact.
    #[track_caller]
    pub fn to_f32(self) -> F {
        self.map(issue(), T::wide)
    }
}

impl F {
    /// To nearest, ties to even.
    #[track_caller]
    pub fn narrow<T: Half>(self) -> V<T> {
        self.map(issue(), T::narrow)
    }
}

/// a·b + c in f32, rounded to odd: what does not fit sets the last bit, so that rounding once more, to 16 bits, cannot
/// fall on a tie that is none (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
fn fused(a: f32, b: f32, c: f32) -> f32 {
    let (p, c) = (f64::from(a) * f64::from(b), f64::from(c)); // the product is exact in f64
    let sum = p + c;
    let c_there = sum - p;
    let lost = (p - (sum - c_there)) + (c - c_there); // exact as well: Knuth's two-sum
    let near = sum as f32;
    let off = (sum - f64::from(near)) + lost;
    if off == 0.0 || !off.is_finite() && !sum.is_finite() || near.to_bits() & 1 == 1 {
        return near;
    }
    let away = (off > 0.0) == (near.is_sign_positive());
    f32::from_bits(if away { near.to_bits() + 1 } else { near.to_bits() - 1 })
}

impl<T: Half> Add for V<[T; 2]> {
    type Output = Self;
    #[track_caller]
    fn add(self, other: Self) -> Self {
        both(&self, &other, issue(), |a, b| fused(a, 1.0, b))
    }
}

impl<T: Half> Sub for V<[T; 2]> {
    type Output = Self;
    #[track_caller]
    fn sub(self, other: Self) -> Self {
        both(&self, &other, issue(), |a, b| fused(a, 1.0, -b))
    }
}

impl<T: Half> Mul for V<[T; 2]> {
    type Output = Self;
    #[track_caller]
    fn mul(self, other: Self) -> Self {
        both(&self, &other, issue(), |a, b| fused(a, b, -0.0))
    }
}

fn both<T: Half>(a: &V<[T; 2]>, b: &V<[T; 2]>, mask: u32, f: impl Fn(f32, f32) -> f32) -> V<[T; 2]> {
    a.zip(b, mask, |x: [T; 2], y: [T; 2]| [0, 1].map(|i| T::narrow(f(x[i].wide(), y[i].wide()))))
}
