//! Layer normalization of the rows of a matrix: a block of 128 threads for each row, which reads it three times. `// 3` is
//! issues of a warp.

use super::block::{BLOCK, joined};
use lab_sdk::simt::{F, G, Reg, Warp};

/// y = (x - mean x) / √(var x + eps) g + b, along rows of `n`.
pub async fn layer_norm(w: Warp, n: u32, eps: f32, [x, g, b, y]: [G<f32>; 4]) {
    let (t, row, s) = (w.tid(), w.bid[0] * n, w.shared::<f32>("s", BLOCK));
    let sum = Reg::new(F::splat(0.0));
    for first in (0..n).step_by(BLOCK as usize) {
        let i = t + first; // 1
        w.if_(i.lt(n), || sum.set(sum.get() + w.ld(&x, i + row))); // 2, and 3
    }
    let mean = joined(&w, s, sum.get(), |a, b| a + b).await / n as f32; // 1
    let squares = Reg::new(F::splat(0.0));
    for first in (0..n).step_by(BLOCK as usize) {
        let i = t + first; // 1
        w.if_(i.lt(n), || {
            // 2
            let centred = w.ld(&x, i + row) - mean; // 3
            squares.set(centred.fma(centred, squares.get())); // 1
        });
    }
    let rstd = (joined(&w, s, squares.get(), |a, b| a + b).await / n as f32 + eps).rsqrt(); // 3
    for first in (0..n).step_by(BLOCK as usize) {
        let i = t + first; // 1
        w.if_(i.lt(n), || {
            // 2
            let at = i + row; // 1
            let unit = (w.ld(&x, at) - mean) * rstd; // 3
            w.st(&y, at, unit.fma(w.ld(&g, i), w.ld(&b, i))); // 4
        });
    }
}
