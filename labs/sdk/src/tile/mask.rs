//! `B`, the tile of conditions: masks of loads and stores, and choices.

use super::float::{column, row};
use super::now::{self, At};
use super::shape::{Shape, broadcast, zip};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

/// A tile of conditions, which comparisons make. Clones share the elements.
#[derive(Clone)]
pub struct B {
    pub(super) shape: Shape,
    pub(super) bits: Rc<Vec<bool>>,
}

impl B {
    pub(super) fn new(shape: Shape, bits: Vec<bool>, at: At) -> Self {
        now::made(shape, at);
        Self { shape, bits: Rc::new(bits) }
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// A vector as a column: `x[:, None]`. The elements are shared.
    #[track_caller]
    pub fn col(&self) -> Self {
        Self { shape: column(self.shape, Location::caller()), bits: Rc::clone(&self.bits) }
    }

    /// A vector as a row: `x[None, :]`. The elements are shared.
    #[track_caller]
    pub fn row(&self) -> Self {
        Self { shape: row(self.shape, Location::caller()), bits: Rc::clone(&self.bits) }
    }
}

/// `&`, `|` and `^` of masks, by value or by reference.
macro_rules! logic {
    ($($trait:ident $method:ident;)+) => {$(
        logic!(@ $trait $method B, B; B, &B; &B, B; &B, &B);
    )+};
    (@ $trait:ident $method:ident $($left:ty, $right:ty);+) => {$(
        impl std::ops::$trait<$right> for $left {
            type Output = B;
            #[track_caller]
            fn $method(self, other: $right) -> B {
                let at = Location::caller();
                let to = broadcast(self.shape, other.shape, at);
                B::new(to, zip((self.shape, &self.bits), (other.shape, &other.bits), to, |a, b| a.$method(b)), at)
            }
        }
    )+};
}

logic! {
    BitAnd bitand;
    BitOr bitor;
    BitXor bitxor;
}

impl std::ops::Not for &B {
    type Output = B;
    #[track_caller]
    fn not(self) -> B {
        B::new(self.shape, self.bits.iter().map(|bit| !bit).collect(), Location::caller())
    }
}

impl std::ops::Not for B {
    type Output = B;
    #[track_caller]
    fn not(self) -> B {
        !&self
    }
}

/// `(4,) [true, false, true, true]`
impl fmt::Debug for B {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.shape, self.bits)
    }
}
