//! Memory of a GPU: a transpose and a product through shared memory, and one expression fused, on tiles and on the CPU.
//!
//! Global memory is far away and moves in sectors of 32 bytes; shared memory lies in the SM, in 32 banks. A kernel that
//! is limited by memory is as fast as it moves few bytes, so each function here is a plan of what is read, and when.
//!
//! Legend: r row, c column; T side of a tile; M, N, K as in C[M, N] = A[M, K] B[K, N].

use lab_sdk::simt::{F, G, P, Reg, U, Warp};
use lab_sdk::tile::{Prog, Ptr};
use lab_sdk::{Result, Tensor};

/// Rows and columns of a tile of `transpose`.
const TILE: u32 = 32;
/// From one row of that tile to the next. 33 is odd: a column falls into 32 different banks.
const PITCH: u32 = TILE + 1;

/// y[c, r] = x[r, c]: block (i, j) of the grid takes the tile of x at rows 32 j, columns 32 i.
///
/// A warp must run along rows to read x, and along rows of y, which are columns of x, to write. The tile in shared
/// memory is where it turns round. Source: CUDA C++ Best Practices Guide, 10.2.3.
pub async fn transpose(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared::<f32>("tile", TILE * PITCH);
    let (left, top) = (TILE * w.bid[0], TILE * w.bid[1]);
    // Rows of x into the tile: 32 neighbours of x, 32 neighbours of the tile.
    for down in (0..TILE).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.ty() + down, w.tx());
        let (row, col) = (r + top, c + left);
        w.if_(row.lt(rows) & col.lt(cols), || w.sts(tile, r * PITCH + c, w.ld(&x, row * cols + col)));
    }
    // The columns that a warp reads next were written by all the others.
    w.sync().await;
    // Columns of the tile into y. Lanes run along r, the rows of x, which lie side by side in y.
    for down in (0..TILE).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.tx(), w.ty() + down);
        let (row, col) = (r + top, c + left);
        w.if_(row.lt(rows) & col.lt(cols), || w.st(&y, col * rows + row, w.lds(tile, r * PITCH + c)));
    }
}

/// C = A B: a block of T x T threads makes a tile of C, a thread an element of it.
///
/// All T columns of the tile need a row of A, and all T rows a column of B: what is loaded once serves T threads, and
/// global memory gives 2 M N K / T floats instead of 2 M N K. Source: CUDA C++ Best Practices Guide, 10.2.3.2.
pub async fn matmul(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let t = w.bdim[0];
    let (of_a, of_b) = (w.shared::<f32>("a", t * t), w.shared::<f32>("b", t * t));
    let (x, y) = (w.tx(), w.ty());
    let (row, col) = (y + t * w.bid[1], x + t * w.bid[0]);
    let mine = y * t + x;
    let mut sum = F::splat(0.0);
    for first in (0..k).step_by(t as usize) {
        // x runs along a row of A and along a row of B: neighbours in both. Beyond the edges there are zeros.
        let (across, down) = (x + first, y + first);
        w.sts(of_a, mine, or_zero(&w, &a, row.lt(m) & across.lt(k), row * k + across));
        w.sts(of_b, mine, or_zero(&w, &b, down.lt(k) & col.lt(n), down * n + col));
        w.sync().await; // the tiles are whole
        for i in 0..t {
            // One word of A for the lanes of a row, neighbours of B: no bank is asked for two words.
            sum = w.lds(of_a, y * t + i).fma(w.lds(of_b, x + t * i), sum);
        }
        w.sync().await; // and no longer needed
    }
    w.if_(row.lt(m) & col.lt(n), || w.st(&c, row * n + col, sum));
}

/// g[i] in the lanes where `inside` holds, 0 in the others, which read nothing.
fn or_zero(w: &Warp, g: &G<f32>, inside: P, i: U) -> F {
    let value = Reg::new(0.0);
    w.if_(inside, || value.set(w.ld(g, i)));
    value.get()
}

/// Rows of a program of `fused`, and columns of the tiles in which it walks along them.
const ROWS: usize = 32;
const COLUMNS: usize = 128;

/// y = relu(x w + b) + r over x, r, y of (M, N) and w, b of (N): program i takes rows 32 i to 32 i + 31.
///
/// Each element of x and r is read once and each of y written once; w and b are read once for 32 rows:
/// 4 (3 M N + 2 N ceil(M / 32)) bytes. What lies between stays in the tile.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn fused(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    let rows = p.program_id(0) * ROWS as i64 + p.arange(ROWS);
    for first in (0..n).step_by(COLUMNS) {
        let columns = first + p.arange(COLUMNS);
        let at = rows.col() * n + columns.row(); // (32, 128)
        let (across, inside) = (columns.lt(n), rows.lt(m).col() & columns.lt(n).row());
        let scale = p.load(&w, &columns, &across, 0.0).row(); // (1, 128): one read serves 32 rows
        let shift = p.load(&b, &columns, &across, 0.0).row();
        let v = (p.load(&x, &at, &inside, 0.0) * scale + shift).max(0.0); // (32, 128)
        p.store(&y, &at, &(v + p.load(&r, &at, &inside, 0.0)), &inside);
    }
}

/// y = relu(x w + b) + r, an operation at a time: each makes a tensor of (M, N), and the next one reads it again.
///
/// Elements that move: 2 M N + N for each of x w and + b, 2 M N for relu, 3 M N for + r: 9 M N + 2 N.
pub fn chain(x: &Tensor, w: &Tensor, b: &Tensor, r: &Tensor) -> Result<Tensor> {
    let scaled = x.broadcast_mul(w)?;
    let shifted = scaled.broadcast_add(b)?;
    let positive = shifted.relu()?;
    Ok((positive + r)?)
}

/// The same in one pass: x and r row after row, N = w.len(), and nothing but y is written.
pub fn fused_cpu(x: &[f32], w: &[f32], b: &[f32], r: &[f32]) -> Vec<f32> {
    let mut y = Vec::with_capacity(x.len());
    // An empty row ends nothing; chunks of 0 are no chunks.
    for (x, r) in x.chunks(w.len().max(1)).zip(r.chunks(w.len().max(1))) {
        y.extend(x.iter().zip(r).zip(w.iter().zip(b)).map(|((x, r), (w, b))| (x * w + b).max(0.0) + r));
    }
    y
}
