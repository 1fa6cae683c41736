//! Panels: rows of an int8 matrix side by side, in the order in which a product reads them.
//!
//! A panel holds `W` rows over a stretch of k: for each pair of k, one word a row. Rows and values of k beyond the matrix are 0.

use super::dot::{DEPTH, Dot, ROWS};
use std::ops::Range;

/// An int8 matrix (rows, K), row-major.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub data: &'a [i8],
    pub k: usize,
}

impl Rows<'_> {
    /// Values `at..` of a row; none beyond the matrix.
    #[inline(always)]
    fn tail(&self, row: usize, at: usize) -> &[i8] {
        self.data.get(row * self.k + at..(row + 1) * self.k).unwrap_or(&[])
    }

    /// Sixteen values of a row from `at`, 0 beyond its end.
    #[inline(always)]
    fn sixteen(&self, row: usize, at: usize) -> [i8; DEPTH] {
        let tail = self.tail(row, at);
        if let Some(whole) = tail.first_chunk() {
            return *whole;
        }
        let mut padded = [0; DEPTH];
        padded[..tail.len()].copy_from_slice(tail);
        padded
    }
}

/// Pairs of k that a stretch of `k` values takes in a panel.
pub(super) fn pairs(k: usize) -> usize {
    k.div_ceil(DEPTH) * (DEPTH / 2)
}

/// Writes one panel: rows `first..first + W` over `k`, as `pairs(k.len())` groups of W words.
#[inline(always)]
pub(super) fn panel<D: Dot, const W: usize>(d: D, rows: Rows<'_>, first: usize, k: Range<usize>, to: &mut [[i32; W]]) {
    for from in (0..W).step_by(ROWS) {
        let there = ROWS.min(W - from);
        for (group, at) in to.chunks_exact_mut(DEPTH / 2).zip(k.clone().step_by(DEPTH)) {
            let words = d.words(std::array::from_fn(|row| match row < there {
                true => rows.sixteen(first + from + row, at),
                false => [0; DEPTH],
            }));
            for (to, words) in group.iter_mut().zip(&words) {
                to[from..from + there].copy_from_slice(&words[..there]);
            }
        }
    }
}
