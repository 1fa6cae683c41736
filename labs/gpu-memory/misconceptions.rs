//! Wrong kernels, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named by its signature.

use lab_sdk::simt::{F, G, P, Reg, S, U, Warp};
use lab_sdk::tile::{B, I, Prog, Ptr, T};

// transpose

/// Reads a tile of x into a tile of shared memory whose rows lie `pitch` apart, as the solution does.
fn into_tile(w: &Warp, tile: S<f32>, x: &G<f32>, [rows, cols]: [u32; 2], pitch: u32) {
    for down in (0..32).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.ty() + down, w.tx());
        let (row, col) = (r + 32 * w.bid[1], c + 32 * w.bid[0]);
        w.if_(row.lt(rows) & col.lt(cols), || w.sts(tile, r * pitch + c, w.ld(x, row * cols + col)));
    }
}

/// Writes its columns, each element where `at` puts what stood at (row, col) of x.
fn out_of_tile(w: &Warp, tile: S<f32>, y: &G<f32>, [rows, cols]: [u32; 2], pitch: u32, at: impl Fn(U, U) -> U) {
    for down in (0..32).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.tx(), w.ty() + down);
        let (row, col) = (r + 32 * w.bid[1], c + 32 * w.bid[0]);
        w.if_(row.lt(rows) & col.lt(cols), || w.st(y, at(row, col), w.lds(tile, r * pitch + c)));
    }
}

/// Turns each element round on its way, without shared memory.
pub async fn stores_down_columns(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    for down in (0..32).step_by(w.bdim[1] as usize) {
        let (row, col) = (w.ty() + (down + 32 * w.bid[1]), w.tx() + 32 * w.bid[0]);
        w.if_(row.lt(rows) & col.lt(cols), || w.st(&y, col * rows + row, w.ld(&x, row * cols + col)));
    }
}

/// A tile of 32 x 32, rows 32 apart.
pub async fn no_padding(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 32);
    into_tile(&w, tile, &x, [rows, cols], 32);
    w.sync().await;
    out_of_tile(&w, tile, &y, [rows, cols], 32, |row, col| col * rows + row);
}

/// Pads by four floats, so that rows begin at 16 bytes.
pub async fn pads_to_stay_aligned(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 36);
    into_tile(&w, tile, &x, [rows, cols], 36);
    w.sync().await;
    out_of_tile(&w, tile, &y, [rows, cols], 36, |row, col| col * rows + row);
}

/// Reads columns while other warps still write rows.
pub async fn no_sync(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 33);
    into_tile(&w, tile, &x, [rows, cols], 33);
    out_of_tile(&w, tile, &y, [rows, cols], 33, |row, col| col * rows + row);
}

/// Turns each tile, and leaves it where it was.
pub async fn tiles_stay_in_place(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 33);
    into_tile(&w, tile, &x, [rows, cols], 33);
    w.sync().await;
    let (left, top) = (32 * w.bid[0], 32 * w.bid[1]);
    out_of_tile(&w, tile, &y, [rows, cols], 33, |row, col| (col - left + top) * rows + (row - top + left));
}

/// Counts rows with the first number of the block.
pub async fn blocks_crosswise(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 33);
    let (left, top) = (32 * w.bid[1], 32 * w.bid[0]);
    for down in (0..32).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.ty() + down, w.tx());
        let (row, col) = (r + top, c + left);
        w.if_(row.lt(rows) & col.lt(cols), || w.sts(tile, r * 33 + c, w.ld(&x, row * cols + col)));
    }
    w.sync().await;
    for down in (0..32).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.tx(), w.ty() + down);
        let (row, col) = (r + top, c + left);
        w.if_(row.lt(rows) & col.lt(cols), || w.st(&y, col * rows + row, w.lds(tile, r * 33 + c)));
    }
}

/// Lets the rows of y begin where those of x do.
pub async fn cols_for_rows(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 33);
    into_tile(&w, tile, &x, [rows, cols], 33);
    w.sync().await;
    out_of_tile(&w, tile, &y, [rows, cols], 33, |row, col| col * cols + row);
}

/// Guards the second half by the element that the lane has read.
pub async fn keeps_the_first_guard(w: Warp, x: G<f32>, y: G<f32>, rows: u32, cols: u32) {
    let tile = w.shared("tile", 32 * 33);
    into_tile(&w, tile, &x, [rows, cols], 33);
    w.sync().await;
    let (left, top) = (32 * w.bid[0], 32 * w.bid[1]);
    for down in (0..32).step_by(w.bdim[1] as usize) {
        let (r, c) = (w.tx(), w.ty() + down);
        let read = (c + top).lt(rows) & (r + left).lt(cols);
        w.if_(read, || w.st(&y, (c + left) * rows + (r + top), w.lds(tile, r * 33 + c)));
    }
}

// matmul

/// Two tiles of the product, and where a thread stands in them.
struct Tiles<'a> {
    w: &'a Warp,
    a: &'a G<f32>,
    b: &'a G<f32>,
    of_a: S<f32>,
    of_b: S<f32>,
    x: U,
    y: U,
    row: U,
    col: U,
    t: u32,
    sides: [u32; 3],
}

impl<'a> Tiles<'a> {
    fn new(w: &'a Warp, a: &'a G<f32>, b: &'a G<f32>, sides: [u32; 3]) -> Self {
        let t = w.bdim[0];
        let (of_a, of_b) = (w.shared("a", t * t), w.shared("b", t * t));
        let (x, y) = (w.tx(), w.ty());
        let (row, col) = (y + t * w.bid[1], x + t * w.bid[0]);
        Self { w, a, b, of_a, of_b, x, y, row, col, t, sides }
    }

    /// Where each step begins in K.
    fn steps(&self) -> impl Iterator<Item = u32> {
        (0..self.sides[2]).step_by(self.t as usize)
    }

    fn load_a(&self, first: u32) {
        let ([m, _, k], across) = (self.sides, self.x + first);
        let inside = self.row.lt(m) & across.lt(k);
        self.w.sts(self.of_a, self.y * self.t + self.x, self.or_zero(self.a, inside, self.row * k + across));
    }

    fn load_b(&self, first: u32) {
        let ([_, n, k], down) = (self.sides, self.y + first);
        let inside = down.lt(k) & self.col.lt(n);
        self.w.sts(self.of_b, self.y * self.t + self.x, self.or_zero(self.b, inside, down * n + self.col));
    }

    fn or_zero(&self, g: &G<f32>, inside: P, i: U) -> F {
        let value = Reg::new(0.0);
        self.w.if_(inside, || value.set(self.w.ld(g, i)));
        value.get()
    }

    /// The products of one step, added to `sum`.
    fn products(&self, sum: F) -> F {
        let b = |i| self.w.lds(self.of_b, self.x + self.t * i);
        (0..self.t).fold(sum, |sum, i| self.w.lds(self.of_a, self.y * self.t + i).fma(b(i), sum))
    }

    /// Runs `then` with the index in C, in the lanes that have an element of it.
    fn at_c(&self, then: impl FnOnce(U)) {
        let [m, n, _] = self.sides;
        self.w.if_(self.row.lt(m) & self.col.lt(n), || then(self.row * n + self.col));
    }
}

/// Loads the next tiles as soon as this warp is done with the old ones.
pub async fn one_sync_a_step(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let (tiles, mut sum) = (Tiles::new(&w, &a, &b, [m, n, k]), F::splat(0.0));
    for first in tiles.steps() {
        tiles.load_a(first);
        tiles.load_b(first);
        w.sync().await;
        sum = tiles.products(sum);
    }
    tiles.at_c(|i| w.st(&c, i, sum));
}

/// Begins to multiply as soon as this warp has loaded its part.
pub async fn no_sync_after_loading(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let (tiles, mut sum) = (Tiles::new(&w, &a, &b, [m, n, k]), F::splat(0.0));
    for first in tiles.steps() {
        tiles.load_a(first);
        tiles.load_b(first);
        sum = tiles.products(sum);
        w.sync().await;
    }
    tiles.at_c(|i| w.st(&c, i, sum));
}

/// Leaves the tiles as they were where they hang over the edge.
pub async fn edge_not_zeroed(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let (tiles, mut sum) = (Tiles::new(&w, &a, &b, [m, n, k]), F::splat(0.0));
    let mine = tiles.y * tiles.t + tiles.x;
    for first in tiles.steps() {
        let (across, down) = (tiles.x + first, tiles.y + first);
        w.if_(tiles.row.lt(m) & across.lt(k), || w.sts(tiles.of_a, mine, w.ld(&a, tiles.row * k + across)));
        w.if_(down.lt(k) & tiles.col.lt(n), || w.sts(tiles.of_b, mine, w.ld(&b, down * n + tiles.col)));
        w.sync().await;
        sum = tiles.products(sum);
        w.sync().await;
    }
    tiles.at_c(|i| w.st(&c, i, sum));
}

/// Lets x run down the columns of B.
pub async fn b_by_columns(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let (tiles, mut sum) = (Tiles::new(&w, &a, &b, [m, n, k]), F::splat(0.0));
    for first in tiles.steps() {
        tiles.load_a(first);
        let (down, col) = (tiles.x + first, tiles.y + tiles.t * w.bid[0]);
        let value = tiles.or_zero(&b, down.lt(k) & col.lt(n), down * n + col);
        w.sts(tiles.of_b, tiles.x * tiles.t + tiles.y, value);
        w.sync().await;
        sum = tiles.products(sum);
        w.sync().await;
    }
    tiles.at_c(|i| w.st(&c, i, sum));
}

/// Holds B in shared memory, and reads A where it lies.
pub async fn a_for_each_thread(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let (tiles, mut sum) = (Tiles::new(&w, &a, &b, [m, n, k]), F::splat(0.0));
    for first in tiles.steps() {
        tiles.load_b(first);
        w.sync().await;
        for i in 0..tiles.t.min(k - first) {
            let of_a = tiles.or_zero(&a, tiles.row.lt(m), tiles.row * k + (first + i));
            sum = of_a.fma(w.lds(tiles.of_b, tiles.x + tiles.t * i), sum);
        }
        w.sync().await;
    }
    tiles.at_c(|i| w.st(&c, i, sum));
}

/// Reads both where they lie: the product of every first course.
pub async fn no_tiles(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let (row, col) = (w.ty() + w.bdim[1] * w.bid[1], w.tx() + w.bdim[0] * w.bid[0]);
    w.if_(row.lt(m) & col.lt(n), || {
        let sum = (0..k).fold(F::splat(0.0), |sum, i| w.ld(&a, row * k + i).fma(w.ld(&b, col + n * i), sum));
        w.st(&c, row * n + col, sum);
    });
}

/// Adds what each step gives to C.
pub async fn sums_in_global(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {
    let tiles = Tiles::new(&w, &a, &b, [m, n, k]);
    tiles.at_c(|i| w.st(&c, i, 0.0));
    for first in tiles.steps() {
        tiles.load_a(first);
        tiles.load_b(first);
        w.sync().await;
        let sum = tiles.products(F::splat(0.0));
        tiles.at_c(|i| w.st(&c, i, w.ld(&c, i) + sum));
        w.sync().await;
    }
}

// fused

/// The part of the arrays that a program has before it: 32 rows, some columns.
struct Part<'a> {
    p: &'a Prog,
    rows: I,
    columns: I,
    at: I,
    across: B,
    inside: B,
}

/// `step` for each part, `width` columns at a time.
fn walk(p: &Prog, [m, n]: [i64; 2], width: usize, step: impl Fn(&Part<'_>)) {
    let rows = p.program_id(0) * 32 + p.arange(32);
    for first in (0..n).step_by(width) {
        let columns = first + p.arange(width);
        let (at, across) = (rows.col() * n + columns.row(), columns.lt(n));
        let inside = rows.lt(m).col() & across.row();
        step(&Part { p, rows: rows.clone(), columns, at, across, inside });
    }
}

impl Part<'_> {
    /// Elements of x, r or y.
    fn of(&self, g: &Ptr) -> T {
        self.p.load(g, &self.at, &self.inside, 0.0)
    }

    /// Elements of w or b, one for a column.
    fn each(&self, g: &Ptr) -> T {
        self.p.load(g, &self.columns, &self.across, 0.0).row()
    }

    fn set(&self, y: &Ptr, v: &T) {
        self.p.store(y, &self.at, v, &self.inside);
    }
}

/// One kernel, and what lies between goes through y.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn stores_in_between(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    walk(p, [m, n], 128, |part| {
        part.set(&y, &(part.of(&x) * part.each(&w) + part.each(&b)).max(0.0));
        part.set(&y, &(part.of(&y) + part.of(&r)));
    });
}

/// Loads w and b as if they had M rows.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn weights_for_each_row(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    walk(p, [m, n], 128, |part| {
        let column = &part.at - part.rows.col() * n; // (32, 128), where a row would do
        let each = |g: &Ptr| p.load(g, &column, &part.inside, 0.0);
        part.set(&y, &((part.of(&x) * each(&w) + each(&b)).max(0.0) + part.of(&r)));
    });
}

/// Takes whole rows at a time.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn whole_rows(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    walk(p, [m, n], (n as usize).next_power_of_two(), |part| {
        part.set(&y, &((part.of(&x) * part.each(&w) + part.each(&b)).max(0.0) + part.of(&r)));
    });
}

/// Adds the residual first.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn relu_after_the_residual(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    walk(p, [m, n], 128, |part| {
        part.set(&y, &(part.of(&x) * part.each(&w) + part.each(&b) + part.of(&r)).max(0.0));
    });
}

/// Masks the columns, and forgets the rows.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn rows_unmasked(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, _m: i64, n: i64) {
    let every = 32 * p.num_programs(0);
    walk(p, [every, n], 128, |part| {
        part.set(&y, &((part.of(&x) * part.each(&w) + part.each(&b)).max(0.0) + part.of(&r)));
    });
}

/// Gives w and b to the rows.
#[expect(clippy::too_many_arguments, reason = "five buffers and two extents")]
pub fn weights_by_row(p: &Prog, x: Ptr, w: Ptr, b: Ptr, r: Ptr, y: Ptr, m: i64, n: i64) {
    walk(p, [m, n], 128, |part| {
        let each = |g: &Ptr| p.load(g, &part.rows, &part.rows.lt(n.min(m)), 0.0).col();
        part.set(&y, &((part.of(&x) * each(&w) + each(&b)).max(0.0) + part.of(&r)));
    });
}

// fused_cpu

/// Clamps the whole sum.
pub fn clamps_the_sum(x: &[f32], w: &[f32], b: &[f32], r: &[f32]) -> Vec<f32> {
    let n = w.len().max(1);
    let of = |i: usize| (x[i] * w[i % n] + b[i % n] + r[i]).max(0.0);
    (0..x.len()).map(of).collect()
}

/// Takes one weight for each row.
pub fn a_weight_a_row(x: &[f32], w: &[f32], b: &[f32], r: &[f32]) -> Vec<f32> {
    let n = w.len().max(1);
    let of = |i: usize| (x[i] * w[i / n % n] + b[i / n % n]).max(0.0) + r[i];
    (0..x.len()).map(of).collect()
}
