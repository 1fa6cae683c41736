//! Arithmetic of `F`: one instruction an operation, rounded once, as the hardware rounds it.

use super::now::issue;
use super::operator::{comparisons, operators};
use super::value::{Element, V};
use super::{F, I, P, U};

operators! { f32:
    Add add AddAssign add_assign |a: f32, b: f32| a + b;
    Sub sub SubAssign sub_assign |a: f32, b: f32| a - b;
    Mul mul MulAssign mul_assign |a: f32, b: f32| a * b;
    Div div DivAssign div_assign |a: f32, b: f32| a / b;
}

comparisons! { f32:
    lt "<" |a, b| a < b;
    le "<=" |a, b| a <= b;
    gt ">" |a, b| a > b;
    ge ">=" |a, b| a >= b;
    eq "==" |a, b| a == b;
    ne "!=" |a, b| a != b;
}

impl std::ops::Neg for F {
    type Output = F;
    #[track_caller]
    fn neg(self) -> F {
        self.map(issue(), |x| -x)
    }
}

impl F {
    /// `self * b + c`, rounded once.
    #[track_caller]
    pub fn fma(self, b: impl Into<F>, c: impl Into<F>) -> F {
        fused(&self, &b.into(), &c.into(), issue())
    }

    /// The larger; the number where one is NaN.
    #[track_caller]
    pub fn max(self, other: impl Into<F>) -> F {
        fn max(a: &F, b: &F, mask: u32) -> F {
            a.zip(b, mask, f32::max)
        }
        max(&self, &other.into(), issue())
    }

    /// The smaller; the number where one is NaN.
    #[track_caller]
    pub fn min(self, other: impl Into<F>) -> F {
        fn min(a: &F, b: &F, mask: u32) -> F {
            a.zip(b, mask, f32::min)
        }
        min(&self, &other.into(), issue())
    }

    /// |x|
    #[track_caller]
    pub fn abs(self) -> F {
        self.map(issue(), f32::abs)
    }

    /// eˣ
    #[track_caller]
    pub fn exp(self) -> F {
        self.map(issue(), f32::exp)
    }

    /// 2ˣ
    #[track_caller]
    pub fn exp2(self) -> F {
        self.map(issue(), f32::exp2)
    }

    /// ln x
    #[track_caller]
    pub fn ln(self) -> F {
        self.map(issue(), f32::ln)
    }

    /// log₂ x
    #[track_caller]
    pub fn log2(self) -> F {
        self.map(issue(), f32::log2)
    }

    /// √x
    #[track_caller]
    pub fn sqrt(self) -> F {
        self.map(issue(), f32::sqrt)
    }

    /// 1/√x
    #[track_caller]
    pub fn rsqrt(self) -> F {
        self.map(issue(), |x| 1.0 / x.sqrt())
    }

    /// 1/x
    #[track_caller]
    pub fn recip(self) -> F {
        self.map(issue(), |x| 1.0 / x)
    }

    /// tanh x
    #[track_caller]
    pub fn tanh(self) -> F {
        self.map(issue(), f32::tanh)
    }

    /// The integer below.
    #[track_caller]
    pub fn floor(self) -> F {
        self.map(issue(), f32::floor)
    }

    /// Towards zero; NaN gives 0, what is too large the largest.
    #[track_caller]
    pub fn to_u32(self) -> U {
        self.map(issue(), |x| x as u32)
    }

    /// Towards zero; NaN gives 0, what is too large the largest.
    #[track_caller]
    pub fn to_i32(self) -> I {
        self.map(issue(), |x| x as i32)
    }

    /// The same 32 bits. A move is no instruction.
    pub fn bits(self) -> U {
        V::new(self.bits, self.made)
    }
}

/// a·b + c with one rounding. The product of two floats is exact in f64, so that only the sum is rounded twice: to f64,
/// then to f32. That shows where the f64 lies half-way between two floats, or is too small for a normal float: `mul_add`
/// then takes the whole warp again.
fn fused(a: &F, b: &F, c: &F, mask: u32) -> F {
    const HALF_WAY: u64 = 1 << 28;
    let mut doubt = false;
    let mut d = V::fill(mask & a.made & b.made & c.made, |lane| {
        let of = |v: &F| f64::from(f32::from_bits(v.bits[lane]));
        let sum = of(a) * of(b) + of(c);
        let size = sum.abs();
        doubt |=
            (sum.to_bits() & (2 * HALF_WAY - 1) == HALF_WAY) | ((size < f64::from(f32::MIN_POSITIVE)) & (size != 0.0));
        (sum as f32).to_bits()
    });
    if doubt {
        d = exact(a, b, c, d.made);
    }
    d
}

#[cold]
fn exact(a: &F, b: &F, c: &F, made: u32) -> F {
    V::fill(made, |lane| {
        let of = |v: &F| f32::of(v.bits[lane]);
        of(a).mul_add(of(b), of(c)).bits()
    })
}
