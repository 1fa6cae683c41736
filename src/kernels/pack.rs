//! Codes of an int8 matrix as words, in the order in which a product reads them.
//!
//! Of w, a panel: `W` rows side by side over a stretch of k, word by word. Of x, rows as they are. Rows and values of k beyond
//! the matrix are 0.

use super::dot::{Dot, EIGHT};
use pulp::bytemuck::{Pod, bytes_of_mut, cast_slice, pod_read_unaligned};
use std::ops::Range;

/// An int8 matrix (rows, K), row-major.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub data: &'a [i8],
    pub k: usize,
}

impl Rows<'_> {
    /// Codes `k` of a row, eight words at a time; none beyond the matrix.
    #[inline(always)]
    fn codes(&self, row: usize, k: Range<usize>) -> &[u8] {
        cast_slice(self.data.get(row * self.k + k.start..row * self.k + k.end).unwrap_or(&[]))
    }
}

/// The first codes of `all`, and 0 for those that are not there.
#[inline(always)]
fn first<C: Pod>(all: &[u8]) -> C {
    if let Some(whole) = all.get(..size_of::<C>()) {
        return pod_read_unaligned(whole);
    }
    let mut padded = C::zeroed();
    bytes_of_mut(&mut padded)[..all.len()].copy_from_slice(all);
    padded
}

/// Words that a stretch of `k` values takes: a multiple of eight.
pub(super) fn words<D: Dot>(k: usize) -> usize {
    k.div_ceil(size_of::<D::Codes>()) * EIGHT
}

/// Writes the words of one row of x over `k`, flipped.
#[inline(always)]
pub(super) fn row<D: Dot>(d: D, x: Rows<'_>, row: usize, k: Range<usize>, to: &mut [i32]) {
    let codes = x.codes(row, k).chunks(size_of::<D::Codes>());
    for (to, codes) in to.as_chunks_mut::<EIGHT>().0.iter_mut().zip(codes) {
        *to = d.words(first(codes));
        to.iter_mut().for_each(|word| *word ^= D::FLIPPED);
    }
}

/// Writes one panel: rows `from..from + W` of w over `k`, as `words(k.len())` groups of W words. W is a multiple of eight.
#[inline(always)]
pub(super) fn panel<D: Dot, const W: usize>(d: D, w: Rows<'_>, from: usize, k: Range<usize>, to: &mut [[i32; W]]) {
    for part in (0..W).step_by(EIGHT) {
        for (to, at) in to.as_chunks_mut::<EIGHT>().0.iter_mut().zip(k.clone().step_by(size_of::<D::Codes>())) {
            // Loops, not closures: what is not inlined here would lose the vectors.
            let mut rows = [[0; EIGHT]; EIGHT];
            for (row, words) in rows.iter_mut().enumerate() {
                *words = d.words(first(w.codes(from + part + row, at..k.end)));
            }
            for (to, words) in to.iter_mut().zip(d.turned(rows)) {
                to[part..part + EIGHT].copy_from_slice(&words);
            }
        }
    }
}
