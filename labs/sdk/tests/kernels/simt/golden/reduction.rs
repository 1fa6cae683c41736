//! What the eight reductions cost (V4). 4,096 elements in blocks of 8 warps; all counts below are of one block.
//!
//! A block of kernels 1, 2, 3 and 8 takes 256 elements (16 blocks), of 4, 5 and 6 512 (8 blocks), of 7 2,048 (2 blocks). A
//! warp loads 32 neighbours from an address that 128 divides: 4 sectors, 1 line, 128 bytes (R1). One lane writes the sum: 1
//! store, 1 sector, 4 bytes. Each kernel reads every element once: 4,096 x 4 / 32 = 512 sectors, whatever else it does.

use crate::simt::{Case, reduction};
use crate::{exact, whole};
use lab_sdk::simt::{Cfg, Counters, G, Warp};

const N: usize = 4096;

/// Launches `blocks` blocks, and compares with `blocks` times the counts of one.
fn check<Fu: Future<Output = ()>>(
    kernel: &'static str,
    blocks: u64,
    grid_stride: bool,
    run: impl Fn(Warp, G<f32>, G<f32>) -> Fu,
    one: &Counters,
) {
    let x = whole(N, 101);
    let loads = (N / 32) as u64;
    let counters = Counters {
        warp_inst: blocks * one.warp_inst,
        thread_inst: blocks * one.thread_inst,
        branches: blocks * one.branches,
        div_branches: blocks * one.div_branches,
        barriers: blocks * one.barriers,
        shfl: blocks * one.shfl,
        gld_req: loads,
        gld_sectors: 4 * loads,
        gld_lines: loads,
        gld_bytes: 128 * loads,
        gst_req: blocks,
        gst_sectors: blocks,
        gst_bytes: 4 * blocks,
        sld_req: blocks * one.sld_req,
        sld_waves: blocks * one.sld_waves,
        sst_req: blocks * one.sst_req,
        sst_waves: blocks * one.sst_waves,
        ..Counters::default()
    };
    let cfg = Cfg { smem_bytes: 1024, ..Cfg::new([blocks as u32, 1, 1], [256, 1, 1]) };
    let case = Case::new(kernel, cfg);
    let case = if grid_stride { case.number(N) } else { case };
    case.input("x", &x).output("out", blocks as usize).check(
        |w, [x, out]| run(w, x, out),
        &counters,
        |out| {
            let sum = |part: &[f32]| part.iter().map(|&x| f64::from(x)).sum::<f64>();
            if grid_stride {
                // Block b takes every second 512 elements.
                let of = |b: usize| x.chunks(512).skip(b).step_by(blocks as usize).map(sum).sum::<f64>();
                return exact(out, (0..blocks as usize).map(of));
            }
            exact(out, x.chunks(N / blocks as usize).map(sum));
        },
    );
}

/// * Load: 4 issues of each of 8 warps: 32. Eight steps of 4: 8 x 8 x 4 = 256. Write: 2 x 8 + 3 = 19.
/// * Step d adds in the threads that 2d divides: in all 8 warps while 2d <= 32 (d = 1 .. 16), then in 4, 2 and 1 of them:
///   5 x 8 + 4 + 2 + 1 = 47 warps, 5 issues each: 235. Issues: 32 + 256 + 19 + 235 = 542.
/// * Threads that add: 128 + 64 + .. + 1 = 255. Lane issues: (32 + 256 + 16) x 32 + 255 x 5 + 3 = 11,006.
/// * Branches: 8 warps x (8 steps + 1). All 47 part, since at most every second lane adds, and one at the write: 48.
/// * Barriers: 8 warps x (1 + 8) = 72.
/// * Loads from shared memory: two for each add and one for the write, 2 x 47 + 1 = 95; stores: 8 + 47 = 55. The lanes of an
///   access lie in different banks: as many wavefronts.
#[test]
fn interleaved_divergent() {
    let one = Counters {
        warp_inst: 542,
        thread_inst: 11_006,
        branches: 72,
        div_branches: 48,
        barriers: 72,
        sld_req: 95,
        sld_waves: 95,
        sst_req: 55,
        sst_waves: 55,
        ..Counters::default()
    };
    check("reduction.interleaved_divergent", 16, false, reduction::interleaved_divergent, &one);
}

/// * Load 32, steps 8 x 8 x 4 = 256, write 19, as before.
/// * Step d adds in the threads below 128 / d: in 4, 2, 1, 1, 1, 1, 1, 1 warps, 12 in all: 60. Issues: 32 + 256 + 19 + 60 =
///   367. As many threads add, so lane issues are the same: 304 x 32 + 255 x 5 + 3 = 11,006.
/// * Warps part where fewer than 32 lanes add: steps 8 to 128, and the write: 6.
/// * Loads: 2 x 12 + 1 = 25; stores: 8 + 12 = 20.
/// * Wavefronts (R4) of the lanes at stride 2d: gcd(2d, 32) while a warp is full, and all lanes in one or two banks after
///   that. By step, warps x wavefronts: 4x2, 2x4, 1x8 (d = 4: stride 8), 8 (d = 8: 16 lanes in 2 banks), 8 (d = 16: 8 lanes
///   in 1 bank), 4, 2, 1: 8 + 8 + 8 + 8 + 8 + 4 + 2 + 1 = 47. Both loads: 94, and 1 for the write. Stores: 8 + 47.
#[test]
fn interleaved_strided() {
    let one = Counters {
        warp_inst: 367,
        thread_inst: 11_006,
        branches: 72,
        div_branches: 6,
        barriers: 72,
        sld_req: 25,
        sld_waves: 95,
        sst_req: 20,
        sst_waves: 55,
        ..Counters::default()
    };
    check("reduction.interleaved_strided", 16, false, reduction::interleaved_strided, &one);
}

/// * A step is 3 issues and not 4, since no index is computed: 32 + 8 x 8 x 3 + 19 + 60 = 303.
/// * Lane issues: (32 + 192 + 16) x 32 + 255 x 5 + 3 = 8,958.
/// * Threads below d add: in 4, 2, 1, 1, .. warps; the 5 steps d < 32 part, and the write.
/// * Neighbouring words: no conflicts.
#[test]
fn sequential() {
    let one = Counters {
        warp_inst: 303,
        thread_inst: 8958,
        branches: 72,
        div_branches: 6,
        barriers: 72,
        sld_req: 25,
        sld_waves: 25,
        sst_req: 20,
        sst_waves: 20,
        ..Counters::default()
    };
    check("reduction.sequential", 16, false, reduction::sequential, &one);
}

/// * The load is 7 issues and not 4: 8 x 7 + 192 + 19 + 60 = 327, but of 8 blocks and not 16: 2,616 against 4,848.
/// * Lane issues: (56 + 192 + 16) x 32 + 1,275 + 3 = 9,726.
#[test]
fn first_add_during_load() {
    let one = Counters {
        warp_inst: 327,
        thread_inst: 9726,
        branches: 72,
        div_branches: 6,
        barriers: 72,
        sld_req: 25,
        sld_waves: 25,
        sst_req: 20,
        sst_waves: 20,
        ..Counters::default()
    };
    check("reduction.first_add_during_load", 8, false, reduction::first_add_during_load, &one);
}

/// * Each warp: load 7, two steps of 3, the branch to the last warp 2, the branch to the write 2: 17, and 8 x 17 = 136. Adds
///   in 4 + 2 warps: 30. The last warp: 37. The write: 3. Together 206.
/// * Lane issues: 136 x 32 + (128 + 64) x 5 + 37 x 32 + 3 = 6,499.
/// * Branches: 8 warps x (2 + 1 + 1) = 32. Whole warps add; the write parts.
/// * Barriers: 8 x (1 + 2) = 24; `syncwarp` is none.
/// * Loads: 2 x 6, then 1 + 6 in the last warp, and the write: 20. Stores: 8 + 6 + 6 = 20. Neighbours all.
fn of_unrolled_last_warp() -> Counters {
    Counters {
        warp_inst: 206,
        thread_inst: 6499,
        branches: 32,
        div_branches: 1,
        barriers: 24,
        sld_req: 20,
        sld_waves: 20,
        sst_req: 20,
        sst_waves: 20,
        ..Counters::default()
    }
}

#[test]
fn unroll_last_warp() {
    check("reduction.unroll_last_warp", 8, false, reduction::unroll_last_warp, &of_unrolled_last_warp());
}

/// What Harris gained here were the instructions of the loop. They go alike for the whole warp, so here they are plain Rust
/// and cost nothing before either (R7): the counts stay.
#[test]
fn completely_unrolled() {
    check("reduction.completely_unrolled", 8, false, reduction::completely_unrolled, &of_unrolled_last_warp());
}

/// * A thread takes 2,048 / 256 = 8 elements, two in a turn of 6 issues: 4 x 6, store and barrier 2, then 10 as before (6 + 2
///   + 2): 36 of each warp. 8 x 36 + 30 + 37 + 3 = 358, of 2 blocks: 716 against 8 x 206 = 1,648.
/// * Lane issues: 288 x 32 + 960 + 1,184 + 3 = 11,363.
#[test]
fn grid_stride() {
    let one = Counters { warp_inst: 358, thread_inst: 11_363, ..of_unrolled_last_warp() };
    check("reduction.grid_stride", 2, true, |w, x, out| reduction::grid_stride(w, N as u32, x, out), &one);
}

/// * Each warp: 2 for the load, 5 x 2, the branch 2, the barrier 1: 15; one lane: 2. 8 x 17 = 136. Warp 0: 2 + 1, 3 x 2, 2 +
///   2 = 13. Together 149.
/// * Lane issues: 8 x (15 x 32 + 2) + (2 x 32 + 8 + 6 x 32 + 2 x 32 + 2) = 3,856 + 330 = 4,186.
/// * Shuffles: 8 x 5 + 3 = 43. Branches: 8 + 2; all part. Barriers: 8.
/// * Shared memory: each warp stores one word; warp 0 loads 8 side by side.
#[test]
fn shuffles() {
    let one = Counters {
        warp_inst: 149,
        thread_inst: 4186,
        branches: 10,
        div_branches: 10,
        barriers: 8,
        shfl: 43,
        sld_req: 1,
        sld_waves: 1,
        sst_req: 8,
        sst_waves: 8,
        ..Counters::default()
    };
    check("reduction.shuffles", 16, false, reduction::shuffles, &one);
}
