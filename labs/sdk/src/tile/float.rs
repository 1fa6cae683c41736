//! `T`, the tile of data, and its arithmetic: each operation rounds once, to the type of its result.

use super::dtype::{Dtype, common};
use super::fault::FaultKind;
use super::machine::Live;
use super::now::{At, made_data, refuse};
use super::operator::{Operand, Side, comparisons, operators};
use super::shape::{Shape, broadcast, stretch, zip};
use super::{B, I};
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

/// A tile of data: rank 0, 1 or 2. Its values are floats that its type can hold. Clones share the elements; the bytes
/// count as live until the last of them falls.
#[derive(Clone)]
pub struct T {
    pub(super) shape: Shape,
    pub(super) data: Rc<Data>,
}

/// The elements of a tile.
pub struct Data {
    pub values: Vec<f32>,
    pub dtype: Dtype,
    _live: Option<Live>,
}

impl T {
    /// The values, rounded to `dtype`.
    pub(super) fn new(shape: Shape, dtype: Dtype, mut values: Vec<f32>, at: At) -> Self {
        if dtype != Dtype::F32 {
            values.iter_mut().for_each(|x| *x = dtype.round(*x));
        }
        Self::exact(shape, dtype, values, at)
    }

    /// The values, which `dtype` holds.
    pub(super) fn exact(shape: Shape, dtype: Dtype, values: Vec<f32>, at: At) -> Self {
        let _live = made_data(shape, dtype.bytes(), at);
        Self { shape, data: Rc::new(Data { values, dtype, _live }) }
    }

    /// Zeros of f32: `T::zeros([64, 32])`.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::filled(shape.into(), 0.0, Location::caller())
    }

    /// `x` everywhere, in f32.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, x: f32) -> Self {
        Self::filled(shape.into(), x, Location::caller())
    }

    fn filled(shape: Shape, x: f32, at: At) -> Self {
        let shape = shape.check(at);
        Self::exact(shape, Dtype::F32, vec![x; shape.elements()], at)
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What its elements are.
    pub fn dtype(&self) -> Dtype {
        self.data.dtype
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

    /// Rows become columns.
    #[track_caller]
    pub fn t(&self) -> Self {
        let at = Location::caller();
        let [rows, columns] = matrix(self.shape, "transposes", at);
        let from = &self.data.values;
        let mut values = Vec::with_capacity(from.len());
        for column in 0..columns {
            values.extend(from[column..].iter().step_by(columns));
        }
        Self::exact([columns, rows].into(), self.data.dtype, values, at)
    }

    /// The elements as `dtype`: a float to nearest even, an integer towards zero. The same type shares the elements.
    #[track_caller]
    pub fn to(&self, dtype: Dtype) -> Self {
        if dtype == self.data.dtype {
            return self.clone();
        }
        Self::new(self.shape, dtype, self.data.values.clone(), Location::caller())
    }

    /// The elements as offsets: towards zero.
    #[track_caller]
    pub fn to_int(&self) -> I {
        I::new(self.shape, self.data.values.iter().map(|&x| x as i64).collect(), Location::caller())
    }

    /// `a` where `m` holds, `b` elsewhere.
    #[track_caller]
    pub fn where_<'a>(m: &B, a: impl Into<Operand<'a, T>>, b: impl Into<Operand<'a, T>>) -> Self {
        Self::chosen(m, a.into(), b.into(), Location::caller())
    }

    fn chosen(m: &B, a: Operand<'_, T>, b: Operand<'_, T>, at: At) -> Self {
        let dtype = common(a.dtype(), b.dtype(), false);
        let to = broadcast(m.shape, broadcast(a.shape(), b.shape(), at), at);
        let (x, y) = (a.values(dtype), b.values(dtype));
        let m = stretch(m.shape, &m.bits, to, "mask", at);
        let (x, y) = (stretch(a.shape(), &x, to, "tile", at), stretch(b.shape(), &y, to, "tile", at));
        let values = m.iter().zip(x.iter().zip(y.iter())).map(|(&m, (&x, &y))| if m { x } else { y }).collect();
        Self::exact(to, dtype, values, at)
    }

    /// The larger; the number where one is NaN.
    #[track_caller]
    pub fn max<'a>(&'a self, other: impl Into<Operand<'a, T>>) -> Self {
        larger(self.into(), other.into(), Location::caller())
    }

    /// The smaller; the number where one is NaN.
    #[track_caller]
    pub fn min<'a>(&'a self, other: impl Into<Operand<'a, T>>) -> Self {
        smaller(self.into(), other.into(), Location::caller())
    }
}

/// The larger, `a` where they are equal; the number where one is NaN.
pub fn max(a: f32, b: f32) -> f32 {
    if a >= b || b.is_nan() { a } else { b }
}

/// The smaller, `a` where they are equal; the number where one is NaN.
pub fn min(a: f32, b: f32) -> f32 {
    if a <= b || b.is_nan() { a } else { b }
}

fn larger(a: Operand<'_, T>, b: Operand<'_, T>, at: At) -> T {
    binary(a, b, false, at, max)
}

fn smaller(a: Operand<'_, T>, b: Operand<'_, T>, at: At) -> T {
    binary(a, b, false, at, min)
}

operators! { T, f32:
    Add add |a, b, at| binary(a, b, false, at, |x, y| x + y);
    Sub sub |a, b, at| binary(a, b, false, at, |x, y| x - y);
    Mul mul |a, b, at| binary(a, b, false, at, |x, y| x * y);
    Div div |a, b, at| binary(a, b, true, at, |x, y| x / y);
}

comparisons! { T, compare:
    lt "<" |a, b| a < b;
    le "<=" |a, b| a <= b;
    gt ">" |a, b| a > b;
    ge ">=" |a, b| a >= b;
    eq "==" |a, b| a == b;
    ne "!=" |a, b| a != b;
}

#[inline(always)]
fn binary(a: Operand<'_, T>, b: Operand<'_, T>, divides: bool, at: At, f: impl Fn(f32, f32) -> f32) -> T {
    let dtype = common(a.dtype(), b.dtype(), divides);
    let to = broadcast(a.shape(), b.shape(), at);
    let values = zip((a.shape(), &a.values(dtype)), (b.shape(), &b.values(dtype)), to, f);
    T::new(to, dtype, values, at)
}

fn compare(a: Operand<'_, T>, b: Operand<'_, T>, at: At, f: impl Fn(f32, f32) -> bool) -> B {
    let dtype = common(a.dtype(), b.dtype(), false);
    let to = broadcast(a.shape(), b.shape(), at);
    B::new(to, zip((a.shape(), &a.values(dtype)), (b.shape(), &b.values(dtype)), to, f), at)
}

impl Operand<'_, T> {
    fn tile(&self) -> Option<&T> {
        match &self.0 {
            Side::Borrowed(tile) => Some(tile),
            Side::Owned(tile) => Some(tile),
            Side::Number(_) => None,
        }
    }

    fn shape(&self) -> Shape {
        self.tile().map_or(Shape::NUMBER, |tile| tile.shape)
    }

    fn dtype(&self) -> Option<Dtype> {
        self.tile().map(T::dtype)
    }

    /// The elements as `dtype`.
    fn values(&self, dtype: Dtype) -> Cow<'_, [f32]> {
        let (values, of) = match &self.0 {
            Side::Borrowed(tile) => (&tile.data.values[..], tile.data.dtype),
            Side::Owned(tile) => (&tile.data.values[..], tile.data.dtype),
            Side::Number(x) => (std::slice::from_ref(x), Dtype::F32),
        };
        if of == dtype || dtype == Dtype::F32 {
            return Cow::Borrowed(values);
        }
        Cow::Owned(values.iter().map(|&x| dtype.round(x)).collect())
    }
}

impl std::ops::Neg for &T {
    type Output = T;
    #[track_caller]
    fn neg(self) -> T {
        self.map(Location::caller(), |x| -x)
    }
}

impl std::ops::Neg for T {
    type Output = T;
    #[track_caller]
    fn neg(self) -> T {
        self.map(Location::caller(), |x| -x)
    }
}

impl T {
    pub(super) fn map(&self, at: At, f: impl Fn(f32) -> f32) -> T {
        let dtype = common(Some(self.data.dtype), None, false);
        Self::new(self.shape, dtype, self.data.values.iter().map(|&x| f(x)).collect(), at)
    }
}

/// `x[:, None]`
pub fn column(shape: Shape, at: At) -> Shape {
    [vector(shape, "a column", at), 1].into()
}

/// `x[None, :]`
pub fn row(shape: Shape, at: At) -> Shape {
    [1, vector(shape, "a row", at)].into()
}

fn vector(shape: Shape, what: &str, at: At) -> usize {
    match shape.sides() {
        [n] => *n,
        _ => refuse(FaultKind::Rank, at, |program| {
            format!("{program} makes {what} of a tile of {shape}: only a tile of one axis becomes one")
        }),
    }
}

/// Rows and columns of a tile that must have both.
pub fn matrix(shape: Shape, does: &str, at: At) -> [usize; 2] {
    if shape.rank != 2 {
        refuse(FaultKind::Rank, at, |program| {
            format!("{program} {does} a tile of {shape}, which has not two axes; x[:, None] and x[None, :] add one")
        });
    }
    shape.sides
}

/// `f16 (64, 32) [0.5, 1.0, ..]`
impl fmt::Debug for T {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.data.dtype, self.shape, self.data.values)
    }
}
