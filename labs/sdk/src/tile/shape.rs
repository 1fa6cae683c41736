//! The shape of a tile, and how two shapes become one: from the right, a side of 1 stretches (NumPy's rule, and
//! Triton's).

use super::fault::FaultKind;
use super::now::{At, refuse};
use crate::simt::commas;
use std::borrow::Cow;
use std::fmt;

/// The most elements of a tile: Triton's `TRITON_MAX_TENSOR_NUMEL`.
pub const MAX_ELEMENTS: usize = 1 << 20;

/// Rows and columns of a tile; of rank 1 there is one row, of rank 0 (a number) one element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub(super) rank: usize,
    pub(super) sides: [usize; 2],
}

impl Shape {
    /// Of one element.
    pub(super) const NUMBER: Self = Self { rank: 0, sides: [1, 1] };

    /// The sides, from the left: none, one or two.
    pub fn sides(&self) -> &[usize] {
        &self.sides[2 - self.rank..]
    }

    /// Elements.
    pub fn elements(&self) -> usize {
        self.sides[0].saturating_mul(self.sides[1])
    }

    /// Refuses a side that is no power of two, and more elements than a tile may have.
    pub(super) fn check(self, at: At) -> Self {
        for side in self.sides {
            if !side.is_power_of_two() {
                refuse(FaultKind::NotPowerOfTwo, at, |program| not_power_of_two(&program, side));
            }
        }
        self.check_size(at)
    }

    fn check_size(self, at: At) -> Self {
        if self.elements() > MAX_ELEMENTS {
            refuse(FaultKind::TooLarge, at, |program| {
                format!(
                    "{program} makes a tile of {self} = {} elements, and Triton's largest has {}: let each program do \
                     less, and more programs the rest",
                    commas(self.elements() as u64),
                    commas(MAX_ELEMENTS as u64)
                )
            });
        }
        self
    }
}

/// What is said of an `arange` or a shape.
fn not_power_of_two(program: &str, side: usize) -> String {
    format!(
        "{program} asks for a tile with a side of {side}, which is not a power of two: Triton compiles no other; take \
         {} and mask what is too much",
        side.max(1).checked_next_power_of_two().unwrap_or(MAX_ELEMENTS)
    )
}

impl From<[usize; 0]> for Shape {
    fn from(_: [usize; 0]) -> Self {
        Self::NUMBER
    }
}

impl From<[usize; 1]> for Shape {
    fn from([n]: [usize; 1]) -> Self {
        Self { rank: 1, sides: [1, n] }
    }
}

impl From<[usize; 2]> for Shape {
    fn from(sides: [usize; 2]) -> Self {
        Self { rank: 2, sides }
    }
}

/// `(64,)` or `(64, 32)`, as Python writes it.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sides() {
            [] => f.write_str("()"),
            [n] => write!(f, "({n},)"),
            [rows, columns, ..] => write!(f, "({rows}, {columns})"),
        }
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The shape of both; the launch ends if there is none.
pub(super) fn broadcast(a: Shape, b: Shape, at: At) -> Shape {
    if a == b {
        return a;
    }
    let mut both = Shape { rank: a.rank.max(b.rank), sides: [0; 2] };
    for (side, (a_side, b_side)) in both.sides.iter_mut().zip(a.sides.into_iter().zip(b.sides)) {
        *side = match (a_side, b_side) {
            (1, n) | (n, 1) => n,
            (m, n) if m == n => n,
            _ => refuse(FaultKind::Shape, at, |program| {
                format!(
                    "{program} joins tiles of {a} and {b}, which do not broadcast: from the right, sides must be equal \
                     or 1; x[:, None] makes a column, x[None, :] a row"
                )
            }),
        };
    }
    both.check_size(at)
}

/// The elements stretched to a shape that they broadcast to; the launch ends if they do not.
pub(super) fn stretch<'a, E: Copy>(from: Shape, data: &'a [E], to: Shape, what: &str, at: At) -> Cow<'a, [E]> {
    if from.sides == to.sides && from.rank <= to.rank {
        return Cow::Borrowed(data);
    }
    let fits = from.rank <= to.rank && from.sides.iter().zip(to.sides).all(|(&from, to)| from == 1 || from == to);
    if !fits {
        refuse(FaultKind::Shape, at, |program| {
            format!("{program} gives a {what} of {from} for offsets of {to}, to which it does not broadcast")
        });
    }
    let one = [(); 1];
    Cow::Owned(zip((from, data), (Shape::NUMBER, &one), to, |x, ()| x))
}

/// `f` of each pair of elements. Both broadcast to `to`.
#[inline(always)]
pub(super) fn zip<X: Copy, Y: Copy, R>(
    (of_a, a): (Shape, &[X]),
    (of_b, b): (Shape, &[Y]),
    to: Shape,
    f: impl Fn(X, Y) -> R,
) -> Vec<R> {
    let mut out = Vec::with_capacity(to.elements());
    if of_a.sides == to.sides && of_b.sides == to.sides {
        out.extend(a.iter().zip(b).map(|(&a, &b)| f(a, b)));
        return out;
    }
    let [rows, columns] = to.sides;
    for row in 0..rows {
        let (a, b) = (row_of(of_a, a, row), row_of(of_b, b, row));
        match (a, b) {
            (&[a], &[b]) => out.extend((0..columns).map(|_| f(a, b))),
            (&[a], b) => out.extend(b.iter().map(|&b| f(a, b))),
            (a, &[b]) => out.extend(a.iter().map(|&a| f(a, b))),
            (a, b) => out.extend(a.iter().zip(b).map(|(&a, &b)| f(a, b))),
        }
    }
    out
}

fn row_of<E>(shape: Shape, data: &[E], row: usize) -> &[E] {
    let [rows, columns] = shape.sides;
    let row = if rows == 1 { 0 } else { row };
    &data[row * columns..(row + 1) * columns]
}
