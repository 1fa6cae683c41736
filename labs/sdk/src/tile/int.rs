//! `I`, the tile of offsets: 64-bit integers that wrap. They are no data: only what was loaded counts as live.

use super::fault::FaultKind;
use super::float::{column, row};
use super::machine::Live;
use super::now::{self, At};
use super::operator::{Operand, Side, comparisons, operators};
use super::shape::{Shape, broadcast, stretch, zip};
use super::{B, Dtype, T};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

/// A tile of integers: rank 0, 1 or 2. Clones share the elements.
#[derive(Clone)]
pub struct I {
    pub(super) shape: Shape,
    pub(super) data: Rc<Ints>,
}

/// The elements of a tile.
pub struct Ints {
    pub values: Vec<i64>,
    _live: Option<Live>,
}

impl I {
    pub(super) fn new(shape: Shape, values: Vec<i64>, at: At) -> Self {
        now::made(shape, at);
        Self { shape, data: Rc::new(Ints { values, _live: None }) }
    }

    /// What was loaded from elements of so many bytes.
    pub(super) fn loaded(shape: Shape, values: Vec<i64>, bytes: usize, at: At) -> Self {
        let _live = now::made_data(shape, bytes, at);
        Self { shape, data: Rc::new(Ints { values, _live }) }
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// A vector as a column: `x[:, None]`. The elements are shared.
    #[track_caller]
    pub fn col(&self) -> Self {
        Self { shape: column(self.shape, Location::caller()), data: Rc::clone(&self.data) }
    }

    /// A vector as a row: `x[None, :]`. The elements are shared.
    #[track_caller]
    pub fn row(&self) -> Self {
        Self { shape: row(self.shape, Location::caller()), data: Rc::clone(&self.data) }
    }

    /// The nearest f32.
    #[track_caller]
    pub fn to_f32(&self) -> T {
        let values = self.data.values.iter().map(|&x| x as f32).collect();
        T::exact(self.shape, Dtype::F32, values, Location::caller())
    }

    /// The smaller.
    #[track_caller]
    pub fn min<'a>(&'a self, other: impl Into<Operand<'a, I>>) -> Self {
        binary(self.into(), other.into(), Location::caller(), i64::min)
    }

    /// The larger.
    #[track_caller]
    pub fn max<'a>(&'a self, other: impl Into<Operand<'a, I>>) -> Self {
        binary(self.into(), other.into(), Location::caller(), i64::max)
    }

    /// `a` where `m` holds, `b` elsewhere.
    #[track_caller]
    pub fn where_<'a>(m: &B, a: impl Into<Operand<'a, I>>, b: impl Into<Operand<'a, I>>) -> Self {
        let (a, b, at) = (a.into(), b.into(), Location::caller());
        let to = broadcast(m.shape, broadcast(a.shape(), b.shape(), at), at);
        let m = stretch(m.shape, &m.bits, to, "mask", at);
        let (x, y) = (stretch(a.shape(), a.values(), to, "tile", at), stretch(b.shape(), b.values(), to, "tile", at));
        let values = m.iter().zip(x.iter().zip(y.iter())).map(|(&m, (&x, &y))| if m { x } else { y }).collect();
        Self::new(to, values, at)
    }
}

/// One number, which broadcasts to any shape.
impl From<i64> for I {
    #[track_caller]
    fn from(x: i64) -> Self {
        Self::new(Shape::NUMBER, vec![x], Location::caller())
    }
}

operators! { I, i64:
    Add add |a, b, at| binary(a, b, at, i64::wrapping_add);
    Sub sub |a, b, at| binary(a, b, at, i64::wrapping_sub);
    Mul mul |a, b, at| binary(a, b, at, i64::wrapping_mul);
    Div div |a, b, at| divided(a, b, at, i64::wrapping_div);
    Rem rem |a, b, at| divided(a, b, at, i64::wrapping_rem);
}

comparisons! { I, compare:
    lt "<" |a, b| a < b;
    le "<=" |a, b| a <= b;
    gt ">" |a, b| a > b;
    ge ">=" |a, b| a >= b;
    eq "==" |a, b| a == b;
    ne "!=" |a, b| a != b;
}

#[inline(always)]
fn binary(a: Operand<'_, I>, b: Operand<'_, I>, at: At, f: impl Fn(i64, i64) -> i64) -> I {
    let to = broadcast(a.shape(), b.shape(), at);
    I::new(to, zip((a.shape(), a.values()), (b.shape(), b.values()), to, f), at)
}

/// Towards zero, as C does it and Triton with it.
fn divided(a: Operand<'_, I>, b: Operand<'_, I>, at: At, f: impl Fn(i64, i64) -> i64) -> I {
    broadcast(a.shape(), b.shape(), at);
    if let Some(zero) = b.values().iter().position(|&b| b == 0) {
        now::fault(FaultKind::DivisionByZero, at, zero, |program| {
            format!("{program} divides integers by zero: a GPU does not stop there, it goes on with any number")
        });
    }
    binary(a, b, at, |a, b| if b == 0 { 0 } else { f(a, b) })
}

fn compare(a: Operand<'_, I>, b: Operand<'_, I>, at: At, f: impl Fn(i64, i64) -> bool) -> B {
    let to = broadcast(a.shape(), b.shape(), at);
    B::new(to, zip((a.shape(), a.values()), (b.shape(), b.values()), to, f), at)
}

impl Operand<'_, I> {
    fn shape(&self) -> Shape {
        match &self.0 {
            Side::Borrowed(tile) => tile.shape,
            Side::Owned(tile) => tile.shape,
            Side::Number(_) => Shape::NUMBER,
        }
    }

    fn values(&self) -> &[i64] {
        match &self.0 {
            Side::Borrowed(tile) => &tile.data.values,
            Side::Owned(tile) => &tile.data.values,
            Side::Number(x) => std::slice::from_ref(x),
        }
    }
}

/// `(4,) [0, 1, 2, 3]`
impl fmt::Debug for I {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.shape, self.data.values)
    }
}
