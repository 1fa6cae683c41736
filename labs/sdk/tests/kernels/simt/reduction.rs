//! The sum of an array, eight times: the seven steps of M. Harris, "Optimizing Parallel Reduction in CUDA", and shuffles.
//! Each block of 256 threads writes the sum of its part; `// 3` is issues of a warp, as in `main.rs`.

use lab_sdk::simt::{F, G, Reg, S, U, Warp};

/// Threads of a block.
const BLOCK: u32 = 256;

/// 1. Interleaved: every second, fourth, eighth, .. thread adds, so that nearly all warps stay on to the end.
pub async fn interleaved_divergent(w: Warp, x: G<f32>, out: G<f32>) {
    let (t, s) = (w.tid(), w.shared::<f32>("s", BLOCK));
    w.sts(s, t, w.ld(&x, t + w.bid[0] * BLOCK)); // 3
    w.sync().await; // 1
    for d in [1, 2, 4, 8, 16, 32, 64, 128] {
        w.if_((t % (2 * d)).eq(0), || add(&w, s, t, d)); // 3
        w.sync().await; // 1
    }
    write(&w, s, &out);
}

/// 2. The same sums by the first threads, side by side: no warp is half on, but the stride meets the banks.
pub async fn interleaved_strided(w: Warp, x: G<f32>, out: G<f32>) {
    let (t, s) = (w.tid(), w.shared::<f32>("s", BLOCK));
    w.sts(s, t, w.ld(&x, t + w.bid[0] * BLOCK)); // 3
    w.sync().await; // 1
    for d in [1, 2, 4, 8, 16, 32, 64, 128] {
        let i = t * (2 * d); // 1
        w.if_(i.lt(BLOCK), || add(&w, s, i, d)); // 2
        w.sync().await; // 1
    }
    write(&w, s, &out);
}

/// 3. Sequential: the second half is added to the first, so that neighbours touch neighbours.
pub async fn sequential(w: Warp, x: G<f32>, out: G<f32>) {
    let (t, s) = (w.tid(), w.shared::<f32>("s", BLOCK));
    w.sts(s, t, w.ld(&x, t + w.bid[0] * BLOCK)); // 3
    w.sync().await; // 1
    halve(&w, s, &[128, 64, 32, 16, 8, 4, 2, 1]).await;
    write(&w, s, &out);
}

/// 4. Each thread adds two elements while it loads: half as many blocks.
pub async fn first_add_during_load(w: Warp, x: G<f32>, out: G<f32>) {
    let s = w.shared::<f32>("s", BLOCK);
    load_two(&w, s, &x).await;
    halve(&w, s, &[128, 64, 32, 16, 8, 4, 2, 1]).await;
    write(&w, s, &out);
}

/// 5. The last 64 sums by one warp, which needs no barrier of the block.
pub async fn unroll_last_warp(w: Warp, x: G<f32>, out: G<f32>) {
    let s = w.shared::<f32>("s", BLOCK);
    load_two(&w, s, &x).await;
    halve(&w, s, &[128, 64]).await;
    w.if_(w.tid().lt(32), || last_warp(&w, s)); // 2
    write(&w, s, &out);
}

/// 6. No loop: the block's size is known to the compiler.
pub async fn completely_unrolled(w: Warp, x: G<f32>, out: G<f32>) {
    let s = w.shared::<f32>("s", BLOCK);
    load_two(&w, s, &x).await;
    unrolled(&w, s).await;
    write(&w, s, &out);
}

/// 7. Each thread adds many elements while it loads, a whole grid apart. `n` is a multiple of 512.
pub async fn grid_stride(w: Warp, n: u32, x: G<f32>, out: G<f32>) {
    let (t, s) = (w.tid(), w.shared::<f32>("s", BLOCK));
    let mut v = F::splat(0.0);
    for first in (w.bid[0] * 2 * BLOCK..n).step_by((w.gdim[0] * 2 * BLOCK) as usize) {
        let i = t + first; // 1
        v += w.ld(&x, i) + w.ld(&x, i + BLOCK); // 5
    }
    w.sts(s, t, v); // 1
    w.sync().await; // 1
    unrolled(&w, s).await;
    write(&w, s, &out);
}

/// 8. Since Kepler: lanes read each other's registers, and shared memory holds one sum of each warp.
pub async fn shuffles(w: Warp, x: G<f32>, out: G<f32>) {
    let (t, lane, s) = (w.tid(), w.lane(), w.shared::<f32>("s", BLOCK / 32));
    let mut v = w.ld(&x, t + w.bid[0] * BLOCK); // 2
    for d in [16, 8, 4, 2, 1] {
        v += w.shfl_down(v, d); // 2
    }
    w.if_(lane.eq(0), || w.sts(s, t / 32, v)); // 2, and 2 in one lane
    w.sync().await; // 1
    if w.id == 0 {
        let part = Reg::new(F::splat(0.0));
        w.if_(lane.lt(8), || part.set(w.lds(s, lane))); // 2, and 1 in eight lanes
        let mut v = part.get();
        for d in [4, 2, 1] {
            v += w.shfl_down(v, d); // 2
        }
        w.if_(lane.eq(0), || w.st(&out, lane + w.bid[0], v)); // 2, and 2 in one lane
    }
}

/// s[i] = s[i] + s[i + d]: 5 issues.
fn add(w: &Warp, s: S<f32>, i: U, d: u32) {
    w.sts(s, i, w.lds(s, i) + w.lds(s, i + d));
}

/// s[t] = x[i] + x[i + 256], and a barrier.
async fn load_two(w: &Warp, s: S<f32>, x: &G<f32>) {
    let t = w.tid();
    let i = t + w.bid[0] * (2 * BLOCK); // 1
    w.sts(s, t, w.ld(x, i) + w.ld(x, i + BLOCK)); // 5
    w.sync().await; // 1
}

/// For each `d` the threads below it add; a barrier after each.
async fn halve(w: &Warp, s: S<f32>, distances: &[u32]) {
    let t = w.tid();
    for &d in distances {
        w.if_(t.lt(d), || add(w, s, t, d)); // 2
        w.sync().await; // 1
    }
}

/// [`halve`] and [`last_warp`] without a loop.
async fn unrolled(w: &Warp, s: S<f32>) {
    let t = w.tid();
    w.if_(t.lt(128), || add(w, s, t, 128)); // 2
    w.sync().await; // 1
    w.if_(t.lt(64), || add(w, s, t, 64)); // 2
    w.sync().await; // 1
    w.if_(t.lt(32), || last_warp(w, s)); // 2
}

/// The sum of 64 words by 32 lanes: 37 issues. `syncwarp` orders what Harris could take from lockstep, before Volta.
fn last_warp(w: &Warp, s: S<f32>) {
    let t = w.tid();
    let mut v = w.lds(s, t); // 1
    for d in [32, 16, 8, 4, 2, 1] {
        v += w.lds(s, t + d); // 3
        w.syncwarp(); // 1
        w.sts(s, t, v); // 1
        w.syncwarp(); // 1
    }
}

/// Thread 0 writes the sum of the block: 2 issues, and 3 in one lane.
fn write(w: &Warp, s: S<f32>, out: &G<f32>) {
    let t = w.tid();
    w.if_(t.eq(0), || w.st(out, t + w.bid[0], w.lds(s, t)));
}
