//! Arithmetic of `U` and `I`: it wraps, as on a GPU. A division by zero is a fault.

use super::fault::FaultKind;
use super::now::{self, issue};
use super::operator::{comparisons, operators};
use super::value::V;
use super::{Element, F, I, P, U};
use std::panic::Location;

operators! { u32:
    Add add AddAssign add_assign |a: u32, b: u32| a.wrapping_add(b);
    Sub sub SubAssign sub_assign |a: u32, b: u32| a.wrapping_sub(b);
    Mul mul MulAssign mul_assign |a: u32, b: u32| a.wrapping_mul(b);
    BitAnd bitand BitAndAssign bitand_assign |a: u32, b: u32| a & b;
    BitOr bitor BitOrAssign bitor_assign |a: u32, b: u32| a | b;
    BitXor bitxor BitXorAssign bitxor_assign |a: u32, b: u32| a ^ b;
    Shl shl ShlAssign shl_assign |a: u32, b: u32| if b < 32 { a << b } else { 0 };
    Shr shr ShrAssign shr_assign |a: u32, b: u32| if b < 32 { a >> b } else { 0 };
}

operators! { i32:
    Add add AddAssign add_assign |a: i32, b: i32| a.wrapping_add(b);
    Sub sub SubAssign sub_assign |a: i32, b: i32| a.wrapping_sub(b);
    Mul mul MulAssign mul_assign |a: i32, b: i32| a.wrapping_mul(b);
    BitAnd bitand BitAndAssign bitand_assign |a: i32, b: i32| a & b;
    BitOr bitor BitOrAssign bitor_assign |a: i32, b: i32| a | b;
    BitXor bitxor BitXorAssign bitxor_assign |a: i32, b: i32| a ^ b;
    Shl shl ShlAssign shl_assign |a: i32, b: i32| if (0..32).contains(&b) { a << b } else { 0 };
    Shr shr ShrAssign shr_assign |a: i32, b: i32| a >> if (0..32).contains(&b) { b } else { 31 };
}

comparisons! { u32:
    lt "<" |a, b| a < b;
    le "<=" |a, b| a <= b;
    gt ">" |a, b| a > b;
    ge ">=" |a, b| a >= b;
    eq "==" |a, b| a == b;
    ne "!=" |a, b| a != b;
}

comparisons! { i32:
    lt "<" |a, b| a < b;
    le "<=" |a, b| a <= b;
    gt ">" |a, b| a > b;
    ge ">=" |a, b| a >= b;
    eq "==" |a, b| a == b;
    ne "!=" |a, b| a != b;
}

/// `/` and `%`, which cannot be done by zero.
macro_rules! division {
    ($t:ty: $($trait:ident $method:ident $f:ident;)+) => {$(
        impl std::ops::$trait for V<$t> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                let mask = issue();
                divisor(mask & self.made & other.made & other.test(&other, |b, _| b == 0), Location::caller());
                self.zip(&other, mask, |a, b| if b == 0 { <$t>::of(<$t>::POISON) } else { a.$f(b) })
            }
        }
        impl std::ops::$trait<$t> for V<$t> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: $t) -> Self {
                let mask = issue();
                if other == 0 {
                    divisor(mask & self.made, Location::caller());
                    return self.map(mask, |_| <$t>::of(<$t>::POISON));
                }
                self.map(mask, |a| a.$f(other))
            }
        }
    )+};
}

division! { u32: Div div wrapping_div; Rem rem wrapping_rem; }
division! { i32: Div div wrapping_div; Rem rem wrapping_rem; }

/// Faults if a lane divides by zero.
#[inline]
fn divisor(zeros: u32, at: &'static Location<'static>) {
    if zeros != 0 {
        by_zero(zeros, at);
    }
}

#[cold]
fn by_zero(zeros: u32, at: &'static Location<'static>) {
    let Some(machine) = now::machine() else { return };
    let lane = zeros.trailing_zeros();
    machine.fault(FaultKind::DivisionByZero, at, Some(lane), |fault| {
        fault.message = format!(
            "lane {lane} of warp {} divides an integer by zero: a GPU does not stop there, it goes on with any number",
            fault.warp
        );
    });
}

impl std::ops::Not for U {
    type Output = U;
    #[track_caller]
    fn not(self) -> U {
        self.map(issue(), |x: u32| !x)
    }
}

impl std::ops::Neg for I {
    type Output = I;
    #[track_caller]
    fn neg(self) -> I {
        self.map(issue(), i32::wrapping_neg)
    }
}

impl U {
    /// The smaller.
    #[track_caller]
    pub fn min(self, other: impl Into<U>) -> U {
        let other = other.into();
        self.zip(&other, issue(), u32::min)
    }

    /// The larger.
    #[track_caller]
    pub fn max(self, other: impl Into<U>) -> U {
        let other = other.into();
        self.zip(&other, issue(), u32::max)
    }

    /// Ones among the 32 bits: CUDA's `__popc`.
    #[track_caller]
    pub fn popc(self) -> U {
        self.map(issue(), u32::count_ones)
    }

    /// The nearest float.
    #[track_caller]
    pub fn to_f32(self) -> F {
        self.map(issue(), |x: u32| x as f32)
    }

    /// The same 32 bits, with a sign. A move is no instruction.
    pub fn to_i32(self) -> I {
        V::new(self.bits, self.made)
    }

    /// The float of these 32 bits. A move is no instruction.
    pub fn float_of_bits(self) -> F {
        V::new(self.bits, self.made)
    }
}

impl I {
    /// The smaller.
    #[track_caller]
    pub fn min(self, other: impl Into<I>) -> I {
        let other = other.into();
        self.zip(&other, issue(), i32::min)
    }

    /// The larger.
    #[track_caller]
    pub fn max(self, other: impl Into<I>) -> I {
        let other = other.into();
        self.zip(&other, issue(), i32::max)
    }

    /// The nearest float.
    #[track_caller]
    pub fn to_f32(self) -> F {
        self.map(issue(), |x: i32| x as f32)
    }

    /// The same 32 bits, without a sign. A move is no instruction.
    pub fn to_u32(self) -> U {
        V::new(self.bits, self.made)
    }
}
