//! The product of int8 matrices, blocked for registers and caches.
//!
//! Letters: T rows of x, N rows of w, K values of each: y (T, N) = sum over k of x\[t, k\] w\[n, k\].

use super::dot::{Dot, Lanes, depth};
use super::isa::Isa;
use super::pack::{Rows, panel, row, words};
#[cfg(target_arch = "x86_64")]
use super::vnni::Vnni;
use lab_sdk::{I8, Result, ensure};
use pulp::NullaryFnOnce;
use pulp::bytemuck::{Zeroable, bytes_of, cast_slice, cast_slice_mut, pod_read_unaligned};
use std::ops::Range;
use std::slice::from_ref;

/// Words of k that are multiplied before the sums go back to memory. A tile then reads 12 KB of x and 32 KB of w, in order: x
/// stays in the first cache, w comes from the second.
const DEEP: usize = 256;
/// Rows of x that are made words at once: below what the allocator takes from the system anew each time.
const HIGH: usize = 96;
/// Rows of a tile at the end of x.
const FEW: usize = 4;

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
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Vnni, Vec<[<Vnni as Dot>::V; 2]>),
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
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(vnni) => Panels::Avx512Vnni(vnni, vnni.vectorize(Pack::<_, 2, 32> { d: vnni, rows, n })),
        };
        Ok(Self { n, k, panels })
    }

    /// x w^T (T, N), row-major, each sum modulo 2^32, which is exact for K up to 131,071: for `x` (T, K). Refuses another K.
    pub fn matmul(&self, x: &I8) -> Result<Vec<i32>> {
        let (t, k) = x.dims2()?;
        ensure!(k == self.k, "x has K = {k}, w has K = {}", self.k);
        let (rows, n) = (Rows { data: &x.data, k }, self.n);
        let mut y = vec![0; t * n];
        match &self.panels {
            Panels::Portable(w) => multiply::<_, 4, 1, 8>(Lanes, rows, w, n, &mut y),
            #[cfg(target_arch = "x86_64")]
            Panels::Avx2(v3, w) => v3.vectorize(Multiply::<_, 6, 2, 16> { d: *v3, rows, w, n, y: &mut y }),
            #[cfg(target_arch = "x86_64")]
            Panels::Avx512(v4, w) => v4.vectorize(Multiply::<_, 12, 2, 32> { d: *v4, rows, w, n, y: &mut y }),
            #[cfg(target_arch = "x86_64")]
            Panels::Avx512Vnni(vnni, w) => {
                vnni.vectorize(Multiply::<_, 12, 2, 32> { d: *vnni, rows, w, n, y: &mut y });
            }
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

/// All panels of w: of each stretch of k, W rows after W rows. W is what V vectors hold. Before a panel stands what its sums
/// begin with.
#[inline(always)]
fn pack<D: Dot, const V: usize, const W: usize>(d: D, w: Rows<'_>, n: usize) -> Vec<[D::V; V]> {
    let all: usize = stretches::<D>(w.k).map(|k| n.div_ceil(W) * (1 + words::<D>(k.len()))).sum();
    let mut packed = vec![[D::V::zeroed(); V]; all];
    let mut from = 0;
    for k in stretches::<D>(w.k) {
        let deep = words::<D>(k.len());
        let panels = n.div_ceil(W) * (1 + deep);
        for (column, to) in packed[from..from + panels].chunks_exact_mut(1 + deep).enumerate() {
            let [start, to @ ..] = to else { break };
            let (words, _) = cast_slice_mut(to.as_flattened_mut()).as_chunks_mut::<W>();
            panel(d, w, column * W, k.clone(), words);
            for w in to.iter() {
                for (start, w) in start.iter_mut().zip(w) {
                    *start = d.dot(*start, d.splat(D::FLIPPED), *w);
                }
            }
            for start in cast_slice_mut::<D::V, i32>(start) {
                *start = start.wrapping_neg();
            }
        }
        from += panels;
    }
    packed
}

/// 0..k, `DEEP` words at a time.
fn stretches<D: Dot>(k: usize) -> impl Iterator<Item = Range<usize>> {
    let deep = DEEP * depth::<D>();
    (0..k).step_by(deep).map(move |at| at..k.min(at + deep))
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

/// y = x w^T for a y of zeros, M rows of x and W of w at a time.
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
    let high = HIGH / M * M;
    let mut packed = vec![[[0; DEEP]; M]; high.min(y.len() / n).div_ceil(M)];
    for k in stretches::<D>(x.k) {
        let deep = words::<D>(k.len());
        let (these, rest) = w.split_at(n.div_ceil(W) * (1 + deep));
        w = rest;
        for (block, y) in y.chunks_mut(high * n).enumerate() {
            for (at, to) in packed.as_flattened_mut().iter_mut().enumerate().take(y.len() / n) {
                row(d, x, block * high + at, k.clone(), &mut to[..deep]);
            }
            for (column, w) in these.chunks_exact(1 + deep).enumerate() {
                let columns = column * W..n.min((column + 1) * W);
                for (x, y) in packed.iter().zip(y.chunks_mut(M * n)) {
                    let rows = (y.len() / n).div_ceil(FEW) * FEW;
                    if rows >= M {
                        put(d, y, n, columns.clone(), &tile(d, x, w), k.start > 0);
                        continue;
                    }
                    for (x, y) in x.as_chunks::<FEW>().0.iter().zip(y.chunks_mut(FEW * n)) {
                        put(d, y, n, columns.clone(), &tile(d, x, w), k.start > 0);
                    }
                }
            }
        }
    }
}

/// Writes sums to rows of y, or adds them to what is there.
#[inline(always)]
fn put<D: Dot, const M: usize, const V: usize>(
    d: D,
    y: &mut [i32],
    n: usize,
    columns: Range<usize>,
    sums: &[[D::V; V]; M],
    more: bool,
) {
    for (y, sums) in y.chunks_exact_mut(n).zip(sums) {
        let mut whole = cast_slice_mut::<i32, u8>(&mut y[columns.clone()]).chunks_exact_mut(size_of::<D::V>());
        let mut left = sums.iter();
        for (y, sum) in (&mut whole).zip(&mut left) {
            let sum = if more { d.add(pod_read_unaligned(y), *sum) } else { *sum };
            y.copy_from_slice(bytes_of(&sum));
        }
        let rest: &mut [i32] = cast_slice_mut(whole.into_remainder());
        for (y, sum) in rest.iter_mut().zip(left.flat_map(|sum| cast_slice(from_ref(sum)))) {
            *y = if more { y.wrapping_add(*sum) } else { *sum };
        }
    }
}

/// The sums of M rows of x and V vectors of rows of w, which stay in registers.
#[inline(always)]
fn tile<D: Dot, const M: usize, const V: usize>(d: D, x: &[[i32; DEEP]; M], w: &[[D::V; V]]) -> [[D::V; V]; M] {
    let Some((start, w)) = w.split_first() else { return [[D::V::zeroed(); V]; M] };
    let mut sums = [*start; M];
    for (at, w) in w.iter().enumerate().take(DEEP) {
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = d.splat(x[at]);
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = d.dot(*sum, x, *w);
            }
        }
    }
    sums
}
