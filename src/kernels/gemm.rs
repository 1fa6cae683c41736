//! The product of int8 matrices, blocked for registers and caches.
//!
//! Letters: T rows of x, N rows of w, K values of each: y (T, N) = sum over k of x\[t, k\] w\[n, k\].

use super::dot::{Dot, Lanes};
use super::isa::Isa;
use super::pack::{Rows, pairs, panel};
use lab_sdk::{I8, Result, ensure};
use pulp::NullaryFnOnce;
use pulp::bytemuck::Zeroable;
use pulp::bytemuck::{cast_slice, cast_slice_mut};

/// Values of k that are multiplied before the sums go back to memory: a panel of w stays in the first cache.
const DEEP: usize = 512;
/// Rows of x that are packed at once: they stay in the second cache.
const HIGH: usize = 192;

/// An int8 matrix, packed for [`matmul`](Packed::matmul).
pub struct Packed {
    n: usize,
    k: usize,
    panels: Panels,
}

enum Panels {
    Portable(Vec<[[i32; 8]; 1]>),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3, Vec<[<pulp::x86::V3 as Dot>::V; 2]>),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4, Vec<[<pulp::x86::V4 as Dot>::V; 2]>),
}

impl Packed {
    /// Packs `w` (N, K). Refuses what is no matrix.
    pub fn new(isa: Isa, w: &I8) -> Result<Self> {
        let (n, k) = w.dims2()?;
        let rows = Rows { data: &w.data, k };
        let panels = match isa {
            Isa::Portable => Panels::Portable(pack::<_, 1, 8>(Lanes, rows, n)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(v3) => Panels::Avx2(v3, v3.vectorize(Pack::<_, 2, 16> { d: v3, rows, n })),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(v4) => Panels::Avx512(v4, v4.vectorize(Pack::<_, 2, 32> { d: v4, rows, n })),
        };
        Ok(Self { n, k, panels })
    }

    /// x w^T (T, N), row-major, each sum modulo 2^32, which is exact for K up to 131,071: for `x` (T, K). Refuses another K.
    pub fn matmul(&self, x: &I8) -> Result<Vec<i32>> {
        let (t, k) = x.dims2()?;
        ensure!(k == self.k, "x has K = {k}, w has K = {}", self.k);
        let rows = Rows { data: &x.data, k };
        let (n, mut y) = (self.n, vec![0; t * self.n]);
        match &self.panels {
            Panels::Portable(w) => multiply::<_, 4, 1, 8>(Lanes, rows, w, n, &mut y),
            #[cfg(target_arch = "x86_64")]
            Panels::Avx2(v3, w) => v3.vectorize(Multiply::<_, 6, 2, 16> { d: *v3, rows, w, n, y: &mut y }),
            #[cfg(target_arch = "x86_64")]
            Panels::Avx512(v4, w) => v4.vectorize(Multiply::<_, 12, 2, 32> { d: *v4, rows, w, n, y: &mut y }),
        }
        Ok(y)
    }
}

/// x w^T (T, N), row-major, for `x` (T, K) and `w` (N, K): [`Packed::matmul`] on a `w` that is packed for this once.
pub fn matmul(isa: Isa, x: &I8, w: &I8) -> Result<Vec<i32>> {
    Packed::new(isa, w)?.matmul(x)
}

/// The same with any vectors: M rows of x and V vectors, which hold W rows of w, at a time.
#[cfg(test)]
pub(super) fn through<D: Dot, const M: usize, const V: usize, const W: usize>(
    d: D,
    x: &I8,
    w: &I8,
) -> Result<Vec<i32>> {
    let ((t, k), (n, _)) = (x.dims2()?, w.dims2()?);
    let mut y = vec![0; t * n];
    let packed = pack::<D, V, W>(d, Rows { data: &w.data, k }, n);
    multiply::<D, M, V, W>(d, Rows { data: &x.data, k }, &packed, n, &mut y);
    Ok(y)
}

struct Pack<'a, D, const V: usize, const W: usize> {
    d: D,
    rows: Rows<'a>,
    n: usize,
}

impl<D: Dot, const V: usize, const W: usize> NullaryFnOnce for Pack<'_, D, V, W> {
    type Output = Vec<[D::V; V]>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        pack::<D, V, W>(self.d, self.rows, self.n)
    }
}

/// All panels of w: of each stretch of k, W rows after W rows. W is what V vectors hold.
#[inline(always)]
fn pack<D: Dot, const V: usize, const W: usize>(d: D, w: Rows<'_>, n: usize) -> Vec<[D::V; V]> {
    let all: usize = stretches(w.k).map(|k| n.div_ceil(W) * pairs(k.len())).sum();
    let mut vectors = vec![[D::V::zeroed(); V]; all];
    let (mut words, _) = cast_slice_mut(vectors.as_flattened_mut()).as_chunks_mut::<W>();
    for k in stretches(w.k) {
        for first in (0..n).step_by(W) {
            let (to, rest) = words.split_at_mut(pairs(k.len()));
            panel(d, w, first, k.clone(), to);
            words = rest;
        }
    }
    vectors
}

/// 0..k, `DEEP` values at a time.
fn stretches(k: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..k).step_by(DEEP).map(move |at| at..k.min(at + DEEP))
}

struct Multiply<'a, D: Dot, const M: usize, const V: usize, const W: usize> {
    d: D,
    rows: Rows<'a>,
    w: &'a [[D::V; V]],
    n: usize,
    y: &'a mut [i32],
}

impl<D: Dot, const M: usize, const V: usize, const W: usize> NullaryFnOnce for Multiply<'_, D, M, V, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        multiply::<D, M, V, W>(self.d, self.rows, self.w, self.n, self.y);
    }
}

/// y += x w^T, M rows of x and W of w at a time.
#[inline(always)]
fn multiply<D: Dot, const M: usize, const V: usize, const W: usize>(
    d: D,
    x: Rows<'_>,
    mut w: &[[D::V; V]],
    n: usize,
    y: &mut [i32],
) {
    if y.is_empty() {
        return;
    }
    let mut packed = vec![[0; M]; HIGH.div_ceil(M) * pairs(DEEP.min(x.k))];
    for k in stretches(x.k) {
        let deep = pairs(k.len());
        let (these, rest) = w.split_at(n.div_ceil(W) * deep);
        w = rest;
        for (block, y) in y.chunks_mut(HIGH / M * M * n).enumerate() {
            let rows = y.len() / n;
            for (tile, to) in packed.chunks_exact_mut(deep).enumerate().take(rows.div_ceil(M)) {
                panel(d, x, block * (HIGH / M * M) + tile * M, k.clone(), to);
            }
            for (column, w) in these.chunks_exact(deep).enumerate() {
                for (x, y) in packed.chunks_exact(deep).zip(y.chunks_mut(M * n)) {
                    let sums = tile(d, x, w);
                    let (sums, _) = cast_slice(sums.as_flattened()).as_chunks::<W>();
                    for (y, sums) in y.chunks_exact_mut(n).zip(sums) {
                        let y = &mut y[column * W..];
                        match y.first_chunk_mut::<W>() {
                            Some(y) => add(y, sums),
                            None => add(y, sums),
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add(y: &mut [i32], sums: &[i32]) {
    for (y, sum) in y.iter_mut().zip(sums) {
        *y = y.wrapping_add(*sum);
    }
}

/// The sums of M rows and V vectors of rows, which stay in registers.
#[inline(always)]
fn tile<D: Dot, const M: usize, const V: usize>(d: D, x: &[[i32; M]], w: &[[D::V; V]]) -> [[D::V; V]; M] {
    let mut sums = [[D::V::zeroed(); V]; M];
    for (x, w) in x.iter().zip(w) {
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = d.splat(*x);
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = d.add(*sum, d.product(x, *w));
            }
        }
    }
    sums
}
