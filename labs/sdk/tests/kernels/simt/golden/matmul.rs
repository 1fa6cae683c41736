//! What three products of matrices cost. n = 64: 64³ = 262,144 multiply-adds, each of one lane.

use crate::simt::{Case, matmul};
use crate::{exact, product, whole};
use lab_sdk::simt::{Cfg, Counters, G, Warp};

const N: u32 = 64;

fn check<Fu: Future<Output = ()>>(
    kernel: &'static str,
    cfg: Cfg,
    run: impl Fn(Warp, u32, G<f32>, G<f32>, G<f32>) -> Fu,
    counters: &Counters,
) {
    let n = N as usize;
    let (a, b) = (whole(n * n, 17), whole(n * n, 13));
    let case = Case::new(kernel, Cfg { smem_bytes: 8192, ..cfg }).number(N);
    case.input("a", &a).input("b", &b).output("c", n * n).check(
        |w, [a, b, c]| run(w, N, a, b, c),
        counters,
        |c| exact(c, product(&a, &b, n)),
    );
}

/// 2 x 2 blocks of 32 warps: 128 warps, a warp for 32 elements of a row.
///
/// * Issues: 2 + 1 + 64 x 5 + 2 = 325 of each warp, all of 32 lanes.
/// * A turn loads one element of a for all lanes (1 sector, 1 line) and 32 neighbours of b (4 sectors, 1 line): 64 x 5 =
///   320 sectors of a warp, 128 x 320 = 40,960. Requests and lines: 128 x 2 x 64. Each lane asks for 4 bytes, also of an
///   element that others share: 16,384 x 128 bytes.
/// * A warp stores 4 sectors.
#[test]
fn naive() {
    let counters = Counters {
        warp_inst: 128 * 325,
        thread_inst: 128 * 325 * 32,
        gld_req: 16_384,
        gld_sectors: 40_960,
        gld_lines: 16_384,
        gld_bytes: 2_097_152,
        gst_req: 128,
        gst_sectors: 512,
        gst_bytes: 16_384,
        ..Counters::default()
    };
    check("matmul.naive", Cfg::new([2, 2, 1], [32, 32, 1]), matmul::naive, &counters);
}

/// The same warps.
///
/// * Issues: 2 + 2 + 1, for each of 2 tiles 4 + 5 + 1 + 32 x 5 + 1 = 171, and 2: 349.
/// * Each tile is loaded once by a block: 2 x 64³ / 32 x 4 = 65,536 bytes, 2,048 sectors, in rows of 32: 512 requests of
///   one line. Naive read 20 times as many sectors; its instructions are no more.
/// * Barriers: 128 warps x 2 tiles x 2.
/// * Stores to shared memory: 128 x 2 x 2, each a row in 32 banks. Loads: 128 x 2 x 32 x 2; of `left` all lanes take one
///   word, which is free (R4), of `right` a row: 1 wavefront each.
#[test]
fn shared() {
    let counters = Counters {
        warp_inst: 128 * 349,
        thread_inst: 128 * 349 * 32,
        barriers: 512,
        gld_req: 512,
        gld_sectors: 2048,
        gld_lines: 512,
        gld_bytes: 65_536,
        gst_req: 128,
        gst_sectors: 512,
        gst_bytes: 16_384,
        sld_req: 16_384,
        sld_waves: 16_384,
        sst_req: 512,
        sst_waves: 512,
        ..Counters::default()
    };
    check("matmul.shared", Cfg::new([2, 2, 1], [32, 32, 1]), matmul::shared, &counters);
}

/// One block of 8 warps; a warp is 2 rows of 16 threads.
///
/// * Issues of a warp: 8, for each of 4 steps 4 x 17 + 1 + 16 x (8 + 8 + 16) + 1 = 582, and 16 x 5 for the stores: 2,416.
///   Of them 4 x 16 x 16 = 1,024 are multiply-adds: 42 %, against 64 of 349, 18 %, of the kernel before.
/// * The block reads each factor once: 2 x 64² x 4 = 32,768 bytes, 1,024 sectors, in 8 x 4 x 8 = 256 requests. Of a, a
///   warp takes 16 floats of 2 rows: 2 lines; of b, 32 floats of one: 1 line. 128 x 2 + 128 x 1 = 384 lines.
/// * A store is 2 rows of 16 floats: 2 x 2 sectors. 8 x 16 stores: 128, 512 sectors.
/// * Stores to shared memory: word e of thread e, 1 wavefront: 8 x 4 x 8 = 256. Loads: 8 x 4 x 16 x 8 = 4,096; of `left`
///   2 words, 16 apart and so in 2 banks; of `right` 16 words side by side, each for 2 lanes: 1 wavefront.
/// * Barriers: 8 x 4 x 2.
#[test]
fn registers() {
    let counters = Counters {
        warp_inst: 8 * 2416,
        thread_inst: 8 * 2416 * 32,
        barriers: 64,
        gld_req: 256,
        gld_sectors: 1024,
        gld_lines: 384,
        gld_bytes: 32_768,
        gst_req: 128,
        gst_sectors: 512,
        gst_bytes: 16_384,
        sld_req: 4096,
        sld_waves: 4096,
        sst_req: 256,
        sst_waves: 256,
        ..Counters::default()
    };
    check("matmul.registers", Cfg::new([1, 1, 1], [16, 16, 1]), matmul::registers, &counters);
}
