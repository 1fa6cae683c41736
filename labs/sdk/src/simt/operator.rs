//! The operators `+ - *` and their like on registers and scalars. Each is one warp instruction.

/// Implements operators of `V<$t>` with `V<$t>` and with `$t`, on either side, and the assigning form. A macro, because
/// an operator of a type is a trait of its own, five times over.
macro_rules! operators {
    ($t:ty: $($trait:ident $method:ident $assign:ident $assign_method:ident $f:expr;)+) => {$(
        impl std::ops::$trait for V<$t> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                self.zip(&other, issue(), $f)
            }
        }
        impl std::ops::$trait<$t> for V<$t> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: $t) -> Self {
                self.map(issue(), |x| ($f)(x, other))
            }
        }
        impl std::ops::$trait<V<$t>> for $t {
            type Output = V<$t>;
            #[track_caller]
            fn $method(self, other: V<$t>) -> V<$t> {
                other.map(issue(), |x| ($f)(self, x))
            }
        }
        impl std::ops::$assign for V<$t> {
            #[track_caller]
            fn $assign_method(&mut self, other: Self) {
                *self = std::ops::$trait::$method(*self, other);
            }
        }
        impl std::ops::$assign<$t> for V<$t> {
            #[track_caller]
            fn $assign_method(&mut self, other: $t) {
                *self = std::ops::$trait::$method(*self, other);
            }
        }
    )+};
}

/// Implements the six comparisons of `V<$t>`.
macro_rules! comparisons {
    ($t:ty: $($method:ident $says:literal $f:expr;)+) => {
        impl V<$t> {
            $(
                #[doc = concat!("Lanes where `self ", $says, " other`.")]
                #[track_caller]
                pub fn $method(self, other: impl Into<Self>) -> P {
                    fn compare(a: &V<$t>, b: &V<$t>, mask: u32) -> P {
                        P::new(a.test(b, $f), mask & a.made & b.made)
                    }
                    compare(&self, &other.into(), issue())
                }
            )+
        }
    };
}

pub(super) use {comparisons, operators};
