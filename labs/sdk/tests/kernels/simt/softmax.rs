//! Softmax of the rows of a matrix: a block of 128 threads for each row, which reads it three times. `// 3` is issues of a
//! warp.

use super::block::{BLOCK, joined};
use lab_sdk::simt::{F, G, Reg, Warp};

/// y = exp(x - max x) / Σ exp(x - max x), along rows of `n`.
pub async fn softmax(w: Warp, n: u32, x: G<f32>, y: G<f32>) {
    let (t, row, s) = (w.tid(), w.bid[0] * n, w.shared::<f32>("s", BLOCK));
    let largest = Reg::new(F::splat(f32::NEG_INFINITY));
    for first in (0..n).step_by(BLOCK as usize) {
        let i = t + first; // 1
        w.if_(i.lt(n), || largest.set(largest.get().max(w.ld(&x, i + row)))); // 2, and 3
    }
    let largest = joined(&w, s, largest.get(), |a, b| a.max(b)).await;
    let sum = Reg::new(F::splat(0.0));
    for first in (0..n).step_by(BLOCK as usize) {
        let i = t + first; // 1
        w.if_(i.lt(n), || sum.set(sum.get() + (w.ld(&x, i + row) - largest).exp())); // 2, and 5
    }
    let sum = joined(&w, s, sum.get(), |a, b| a + b).await;
    for first in (0..n).step_by(BLOCK as usize) {
        let i = t + first; // 1
        w.if_(i.lt(n), || {
            // 2
            let at = i + row; // 1
            w.st(&y, at, (w.ld(&x, at) - largest).exp() / sum); // 5
        });
    }
}
