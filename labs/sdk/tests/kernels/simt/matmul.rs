//! c = a b of n x n matrices, three times: from global memory, through tiles in shared memory, and with tiles in registers
//! too. `// 3` is issues of a warp. n is a multiple of 32, for the third kernel of 64.

use lab_sdk::simt::{F, G, Warp};

/// One element for each of 32 x 32 threads. Every factor comes from global memory.
pub async fn naive(w: Warp, n: u32, a: G<f32>, b: G<f32>, c: G<f32>) {
    let (row, column) = (w.ty() + w.bid[1] * 32, w.tx() + w.bid[0] * 32); // 2
    let of_row = row * n; // 1
    let mut sum = F::splat(0.0);
    for k in 0..n {
        sum = w.ld(&a, of_row + k).fma(w.ld(&b, column + k * n), sum); // 5
    }
    w.st(&c, of_row + column, sum); // 2
}

/// One element for each of 32 x 32 threads, which share tiles of 32 x 32 of both factors.
pub async fn shared(w: Warp, n: u32, a: G<f32>, b: G<f32>, c: G<f32>) {
    let (tx, ty) = (w.tx(), w.ty());
    let (row, column) = (ty + w.bid[1] * 32, tx + w.bid[0] * 32); // 2
    let (left, right) = (w.shared::<f32>("left", 1024), w.shared::<f32>("right", 1024));
    let (of_row, of_ty) = (row * n, ty * 32); // 2
    let at = of_ty + tx; // 1
    let mut sum = F::splat(0.0);
    for k0 in (0..n).step_by(32) {
        w.sts(left, at, w.ld(&a, of_row + (tx + k0))); // 4
        w.sts(right, at, w.ld(&b, (ty + k0) * n + column)); // 5
        w.sync().await; // 1
        for k in 0..32 {
            sum = w.lds(left, of_ty + k).fma(w.lds(right, tx + k * 32), sum); // 5
        }
        w.sync().await; // 1
    }
    w.st(&c, of_row + column, sum); // 2
}

/// 64 x 64 elements for a block of 16 x 16 threads: 4 x 4 for each, 16 apart, so that 8 loads feed 16 multiply-adds.
pub async fn registers(w: Warp, n: u32, a: G<f32>, b: G<f32>, c: G<f32>) {
    let (tx, ty, t, [bx, by, _]) = (w.tx(), w.ty(), w.tid(), w.bid);
    // 64 rows of 16, and 16 rows of 64.
    let (left, right) = (w.shared::<f32>("left", 1024), w.shared::<f32>("right", 1024));
    let of_rows = [0, 16, 32, 48].map(|i| (ty + i) * 16); // 8
    let mut sums = [[F::splat(0.0); 4]; 4];
    for k0 in (0..n).step_by(16) {
        for q in 0..4 {
            let e = t + q * 256; // 1
            let (row, k) = (e / 16, e % 16); // 2
            w.sts(left, e, w.ld(&a, (row + by * 64) * n + (k + k0))); // 6
            let (k, column) = (e / 64, e % 64); // 2
            w.sts(right, e, w.ld(&b, (k + k0) * n + (column + bx * 64))); // 6
        }
        w.sync().await; // 1
        for k in 0..16 {
            let of_a = of_rows.map(|row| w.lds(left, row + k)); // 8
            let of_b = [0, 16, 32, 48].map(|j| w.lds(right, tx + (k * 64 + j))); // 8
            for (sums, x) in sums.iter_mut().zip(of_a) {
                for (sum, y) in sums.iter_mut().zip(of_b) {
                    *sum = x.fma(y, *sum); // 1
                }
            }
        }
        w.sync().await; // 1
    }
    for (i, sums) in (0..).zip(sums) {
        for (j, sum) in (0..).zip(sums) {
            w.st(&c, (ty + (by * 64 + i * 16)) * n + (tx + (bx * 64 + j * 16)), sum); // 5
        }
    }
}
