//! Reductions along an axis. The second half of the axis is joined to the first until one element is left, as threads
//! of a block do it: another order than from left to right, and a smaller error.

use super::fault::FaultKind;
use super::float::{max, min};
use super::now::{At, refuse};
use super::shape::Shape;
use super::{Dtype, T};
use std::panic::Location;

impl T {
    /// The sum along an axis, which goes; of f16 and bf16 each addition rounds.
    #[track_caller]
    pub fn sum(&self, axis: usize) -> T {
        let dtype = if self.dtype().is_float() { self.dtype() } else { Dtype::F32 };
        self.reduced(axis, "sums", dtype, Location::caller(), |a, b| a + b)
    }

    /// The largest along an axis, which goes, as f32; NaN only where all are.
    #[track_caller]
    pub fn max_red(&self, axis: usize) -> T {
        self.reduced(axis, "takes the largest of", Dtype::F32, Location::caller(), max)
    }

    /// The smallest along an axis, which goes, as f32; NaN only where all are.
    #[track_caller]
    pub fn min_red(&self, axis: usize) -> T {
        self.reduced(axis, "takes the smallest of", Dtype::F32, Location::caller(), min)
    }

    fn reduced(&self, axis: usize, does: &str, dtype: Dtype, at: At, f: impl Fn(f32, f32) -> f32) -> T {
        let shape = self.shape;
        let to: Shape = match (shape.sides(), axis) {
            ([_], 0) => Shape::NUMBER,
            ([_, columns], 0) => [*columns].into(),
            ([rows, _], 1) => [*rows].into(),
            _ => refuse(FaultKind::Rank, at, |program| {
                format!("{program} {does} a tile of {shape} along axis {axis}, which it has not")
            }),
        };
        let join = |into: &mut [f32], from: &[f32]| {
            into.iter_mut().zip(from).for_each(|(a, b)| *a = f(*a, *b));
            if dtype != Dtype::F32 {
                into.iter_mut().for_each(|x| *x = dtype.round(*x));
            }
        };
        let halve = |part: &mut [f32], width: usize| {
            let mut left = part.len();
            while left > width {
                left /= 2;
                let (first, second) = part.split_at_mut(left);
                join(first, &second[..left]);
            }
        };
        let mut values = self.data.values.clone();
        let [rows, columns] = shape.sides;
        if to.rank == 1 && axis == 0 {
            halve(&mut values, columns);
            values.truncate(columns);
        } else {
            values.chunks_mut(columns).for_each(|row| halve(row, 1));
            values = (0..rows).map(|row| values[row * columns]).collect();
        }
        T::exact(to, dtype, values, at)
    }
}
