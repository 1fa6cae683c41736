//! The product of two tiles: what tensor cores do.

use super::fault::FaultKind;
use super::float::matrix;
use super::now::{self, At, refuse};
use super::shape::Shape;
use super::{Dtype, T};
use std::panic::Location;

impl T {
    /// `acc + self @ b`, for (m, k) and (k, n): products are added in f32, k by k, to `acc` or, with `None`, to zeros.
    ///
    /// Both tiles are of one type, f32, f16 or bf16. Counts 2 m n k operations.
    #[track_caller]
    pub fn dot<'a>(&self, b: &T, acc: impl Into<Option<&'a T>>) -> T {
        self.product(b, acc.into(), Location::caller())
    }

    fn product(&self, b: &T, acc: Option<&T>, at: At) -> T {
        let [m, k] = matrix(self.shape, "multiplies", at);
        let [rows, n] = matrix(b.shape, "multiplies", at);
        let to = Shape::from([m, n]);
        if rows != k || acc.is_some_and(|acc| acc.shape != to) {
            refuse(FaultKind::Shape, at, |program| {
                let into = acc.map_or_else(String::new, |acc| format!(" into {}", acc.shape));
                format!(
                    "{program} multiplies tiles of {} and {}{into}: (m, k) and (k, n) make (m, n)",
                    self.shape, b.shape
                )
            });
        }
        check_types(self.dtype(), b.dtype(), at);
        let dtype = acc.map_or(Dtype::F32, T::dtype);
        if dtype != Dtype::F32 {
            now::fault(FaultKind::Accumulator, at, 0, |program| {
                format!(
                    "{program} adds up a dot in {dtype}: a long sum of small terms stands still there (in f16, 2048 + \
                     1 is 2048), so accumulate in f32 and round once, at the end"
                )
            });
        }
        if let Some(machine) = now::machine() {
            machine.work(m * n * k, at);
            machine.counters.borrow_mut().dot_flops += (2 * m * n * k) as u64;
        }
        let mut values = acc.map_or_else(|| vec![0.0; m * n], |acc| acc.data.values.clone());
        multiply(&self.data.values, &b.data.values, &mut values, k, n);
        T::new(to, dtype, values, at)
    }
}

fn check_types(a: Dtype, b: Dtype, at: At) {
    if a != b || !a.is_float() {
        refuse(FaultKind::Dtype, at, |program| {
            format!("{program} multiplies tiles of {a} and {b}: a dot takes two of f32, two of f16 or two of bf16")
        });
    }
}

/// c += a @ b. Four steps of k at a time spare most of the traffic with c; the order of the sums stays that of k.
fn multiply(a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    for (a, c) in a.chunks_exact(k).zip(c.chunks_exact_mut(n)) {
        let mut steps = a.chunks_exact(4).zip(b.chunks_exact(4 * n));
        for (a, b) in &mut steps {
            let (b0, b) = b.split_at(n);
            let (b1, b) = b.split_at(n);
            let (b2, b3) = b.split_at(n);
            let (a0, a1, a2, a3) = (a[0], a[1], a[2], a[3]);
            for ((((c, b0), b1), b2), b3) in c.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                *c = (((*c + a0 * b0) + a1 * b1) + a2 * b2) + a3 * b3;
            }
        }
        let done = k / 4 * 4;
        for (a, b) in a[done..].iter().zip(b[done * n..].chunks_exact(n)) {
            for (c, b) in c.iter_mut().zip(b) {
                *c += a * b;
            }
        }
    }
}
