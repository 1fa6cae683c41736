//! A value of a block of 128 threads, joined from those of its threads: what softmax and layer normalization share.

use lab_sdk::simt::{F, S, Warp};

/// Threads of a block.
pub const BLOCK: u32 = 128;

/// `join` of the values of all threads, for each of them. `s` has a word for each thread, and is free again.
///
/// Of each of 4 warps 2 issues, 7 x 3 and 2: 25. The adds, of 5: in 2, 1, 1, 1, 1, 1, 1 warps, 64 + 32 + .. + 1 = 127
/// lanes. Together
///
/// * 4 x 25 + 8 x 5 = 140 issues, 100 x 32 + 127 x 5 = 3,835 lane issues
/// * 4 x 7 = 28 branches, of which the 5 below 32 part; 4 x (1 + 7 + 1) = 36 barriers
/// * 2 x 8 + 4 = 20 loads from shared memory and 4 + 8 = 12 stores, of neighbours or of one word: as many wavefronts
pub async fn joined(w: &Warp, s: S<f32>, v: F, join: fn(F, F) -> F) -> F {
    let t = w.tid();
    w.sts(s, t, v); // 1
    w.sync().await; // 1
    for d in [64, 32, 16, 8, 4, 2, 1] {
        w.if_(t.lt(d), || w.sts(s, t, join(w.lds(s, t), w.lds(s, t + d)))); // 2, and 5
        w.sync().await; // 1
    }
    let v = w.lds(s, 0); // 1
    w.sync().await; // 1
    v
}
