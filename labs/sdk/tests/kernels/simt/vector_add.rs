//! z = x + y, one element for each thread.

use lab_sdk::simt::{G, Warp};

/// The last block is partly empty.
pub async fn add(w: Warp, n: u32, x: G<f32>, y: G<f32>, z: G<f32>) {
    let i = w.tid() + w.bid[0] * w.bdim[0]; // 1
    w.if_(i.lt(n), || {
        // 2: the comparison and the branch
        let sum = w.ld(&x, i) + w.ld(&y, i); // 3
        w.st(&z, i, sum); // 1
    });
}
