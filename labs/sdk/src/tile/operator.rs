//! The operators `+ - *` and their like on tiles and numbers, and what may stand on their other side.

/// Implements operators between a tile, a reference to one and a number, on either side. A macro, because an operator
/// of a type is a trait of its own, eight times over. What is given by value falls when the operation is done.
macro_rules! operators {
    ($tile:ty, $number:ty: $($trait:ident $method:ident $f:expr;)+) => {$(
        operators!(@ $tile, $trait $method $f; $tile, $tile; $tile, &$tile; &$tile, $tile; &$tile, &$tile;
                   $tile, $number; &$tile, $number; $number, $tile; $number, &$tile);
    )+};
    (@ $tile:ty, $trait:ident $method:ident $f:expr; $($left:ty, $right:ty);+) => {$(
        impl std::ops::$trait<$right> for $left {
            type Output = $tile;
            #[track_caller]
            fn $method(self, other: $right) -> $tile {
                ($f)(self.into(), other.into(), std::panic::Location::caller())
            }
        }
    )+};
}

/// Implements the six comparisons of a tile with another or with a number.
macro_rules! comparisons {
    ($tile:ty, $compare:ident: $($method:ident $says:literal $f:expr;)+) => {
        impl $tile {
            $(
                #[doc = concat!("Elements where `self ", $says, " other`.")]
                #[track_caller]
                pub fn $method<'a>(&'a self, other: impl Into<Operand<'a, $tile>>) -> super::B {
                    fn compared(a: Operand<'_, $tile>, b: Operand<'_, $tile>, at: super::now::At) -> super::B {
                        $compare(a, b, at, $f)
                    }
                    compared(self.into(), other.into(), std::panic::Location::caller())
                }
            )+
        }
    };
}

pub(super) use {comparisons, operators};

/// One side of an operation: a tile, a reference to one, or a number, which is a tile of no axes.
pub struct Operand<'a, X: Tile>(pub(super) Side<'a, X>);

pub enum Side<'a, X: Tile> {
    Borrowed(&'a X),
    Owned(X),
    Number(X::Number),
}

/// A tile of floats or of integers.
pub trait Tile {
    /// What its elements are.
    type Number;
}

impl<'a, X: Tile> From<&'a X> for Operand<'a, X> {
    fn from(tile: &'a X) -> Self {
        Self(Side::Borrowed(tile))
    }
}

impl Tile for super::T {
    type Number = f32;
}

impl Tile for super::I {
    type Number = i64;
}

macro_rules! operands {
    ($($tile:ty, $number:ty;)+) => {$(
        impl From<$tile> for Operand<'_, $tile> {
            fn from(tile: $tile) -> Self {
                Self(Side::Owned(tile))
            }
        }
        impl From<$number> for Operand<'_, $tile> {
            fn from(number: $number) -> Self {
                Self(Side::Number(number))
            }
        }
    )+};
}

operands! { super::T, f32; super::I, i64; }
