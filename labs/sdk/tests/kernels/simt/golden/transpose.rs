//! What three transposes cost (V2, V3). n = 256: 8 x 8 blocks of 8 warps, 512 warps; a warp moves 4 rows of 32 elements, 2,048 rows in all.

use crate::exact;
use crate::simt::{Case, transpose};
use lab_sdk::simt::{Cfg, Counters, G, Warp};

const N: u32 = 256;

fn check<Fu: Future<Output = ()>>(
    kernel: &'static str,
    pitch: usize,
    run: impl Fn(Warp, u32, G<f32>, G<f32>) -> Fu,
    counters: &Counters,
) {
    let n = N as usize;
    let x: Vec<f32> = (0..n * n).map(|i| i as f32).collect();
    let cfg = Cfg { smem_bytes: 4 * 32 * pitch, ..Cfg::new([N / 32, N / 32, 1], [32, 8, 1]) };
    Case::new(kernel, cfg).number(N).input("x", &x).output("y", n * n).check(
        |w, [x, y]| run(w, N, x, y),
        counters,
        |y| exact(y, (0..n * n).map(|i| f64::from(x[i % n * n + i / n]))),
    );
}

/// * Each warp: 1 + 4 x 7 = 29 issues of all lanes.
/// * A row of 32 floats that is read is 4 sectors and 1 line (R1): 2,048 x 4. A row that is written goes to a column:
///   256 x 4 bytes from lane to lane, a sector for each: 2,048 x 32 (V3).
/// * Bytes: 4 x 256 x 256 each way.
#[test]
fn naive() {
    let counters = Counters {
        warp_inst: 512 * 29,
        thread_inst: 512 * 29 * 32,
        gld_req: 2048,
        gld_sectors: 8192,
        gld_lines: 2048,
        gld_bytes: 262_144,
        gst_req: 2048,
        gst_sectors: 65_536,
        gst_bytes: 262_144,
        ..Counters::default()
    };
    check("transpose.naive", 0, transpose::naive, &counters);
}

/// * Each warp: 4 x 9, the barrier, 4 x 9: 73 issues of all lanes.
/// * Rows on both sides: 2,048 x 4 sectors (V3).
/// * A row of the tile that is written lies in 32 banks: 1 wavefront. A column that is read has words 32 apart, all in
///   one bank: 32 wavefronts (R3, R4; V2).
fn through_tile() -> Counters {
    Counters {
        warp_inst: 512 * 73,
        thread_inst: 512 * 73 * 32,
        barriers: 512,
        gld_req: 2048,
        gld_sectors: 8192,
        gld_lines: 2048,
        gld_bytes: 262_144,
        gst_req: 2048,
        gst_sectors: 8192,
        gst_bytes: 262_144,
        sld_req: 2048,
        sld_waves: 65_536,
        sst_req: 2048,
        sst_waves: 2048,
        ..Counters::default()
    }
}

#[test]
fn shared() {
    check("transpose.shared", 32, transpose::shared, &through_tile());
}

/// Words of a column are 33 apart, lane l in bank 33 l mod 32 = l: 1 wavefront. Nothing else changes.
#[test]
fn padded() {
    check("transpose.padded", 33, transpose::padded, &Counters { sld_waves: 2048, ..through_tile() });
}
