//! Memory of a GPU. Write the functions below; anything private that helps may stand beside them.
//!
//! Warps (lab_sdk::simt: lab-sdk/src/simt.rs tells all of it):
//!   w.tx(), w.ty(), w.bid, w.bdim     threadIdx.x and .y of each lane; blockIdx, blockDim as [x, y, z]
//!   w.ld(&x, i), w.st(&y, i, v)       x[i], and y[i] = v, in global memory
//!   w.shared::<f32>("tile", 1024)     an array in shared memory, the same for all warps of the block; up to 48 KiB
//!   w.lds(tile, i), w.sts(tile, i, v) tile[i], and tile[i] = v
//!   w.sync().await                    all warps of the block wait for each other; not inside w.if_
//!   w.if_(condition, || { .. })       the lanes where it holds are on inside; r.lt(rows) & c.lt(cols)
//!   Reg::new(0.0)                     a register that if_ may change: set(v), get()
//!   F::splat(0.0), a.fma(b, c)        32 floats; a b + c, rounded once; use lab_sdk::simt::{F, Reg}
//!
//! Tiles (lab_sdk::tile: lab-sdk/src/tile.rs), sides are powers of two:
//!   p.program_id(0), p.arange(32)     offsets; rows.col() and columns.row() are [:, None] and [None, :]
//!   p.load(&x, &offs, &mask, 0.0)     x[offs], 0.0 where the mask is off;  p.store(&y, &offs, &v, &mask)
//!   rows.lt(m), a & b, v.max(0.0)     masks, and the larger of each element and 0

use lab_sdk::simt::{G, Warp};
use lab_sdk::tile::{Prog, Ptr};
use lab_sdk::{Result, Tensor};

/// y[c, r] = x[r, c]: x has (rows, cols) elements, y (cols, rows), both without padding.
///
/// Block (i, j) takes rows 32 j to 32 j + 31 and columns 32 i to 32 i + 31 of x; it has 32 x bdim[1] threads, bdim[1]
/// of 8, 16 or 32, and may hang over the edge. Where rows and cols are multiples of 32, loads and stores touch
/// rows cols / 8 sectors each; anywhere, at most 5 an access. No shared access takes more than one wavefront.
pub async fn transpose(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    todo!()
}

/// C = A B: A is (m, k), B (k, n), C (m, n), rows one after the other without padding.
///
/// A block has T x T threads, T = w.bdim[0] of 16 or 32. Block (i, j) makes the tile of C at rows j T, columns i T, and
/// may hang over the edge. Where m, n and k are multiples of T, loads touch at most 2 m n k / T / 8 sectors and stores
/// m n / 8. No shared access takes more than one wavefront. k = 0 gives zeros.
pub async fn matmul(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    todo!()
}

/// y = relu(x w + b) + r: x, r and y are (m, n), rows one after the other; w and b have n elements, one a column.
///
/// Program i (axis 0) takes rows 32 i to 32 i + 31, all columns. Loads ask for 4 (2 m n + 2 n ceil(m / 32)) bytes,
/// stores for 4 m n, and the tiles of a program fit into 163 KiB however large n is.
pub fn fused(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    todo!()
}

/// The same on the CPU, an operation of candle at a time: x and r (M, N), w and b (N).
pub fn chain(x: &Tensor, w: &Tensor, b: &Tensor, r: &Tensor) -> Result<Tensor> {
    todo!()
}

/// The same in one pass over memory: x and r are M N floats, row after row; N = w.len(). M may be 0.
pub fn fused_cpu(x: &[f32], w: &[f32], b: &[f32], r: &[f32]) -> Vec<f32> {
    todo!()
}
