//! What softmax costs.

use crate::simt::{Case, softmax};
use crate::{near, uneven, wide};
use lab_sdk::simt::{Cfg, Counters};

/// 6 rows of 200: in the first turn of a loop all 128 threads have an element, in the second 72, which are 2 full
/// warps, 8 lanes of the third and none of the fourth. 4 + 3 warps, 200 lanes.
///
/// A block, with twice `joined` (its counts are in block.rs):
///
/// * Loops: 3 x 2 turns x 3 issues x 4 warps = 72, of all lanes. Bodies: 3 + 5 + 6 = 14 issues in 7 warps: 98, in 200
///   lanes: 2,800. Issues: 72 + 98 + 2 x 140 = 450. Lane issues: 72 x 32 + 2,800 + 2 x 3,835 = 12,774.
/// * Branches: 3 x 2 x 4 + 2 x 28 = 80; the third warp parts in each loop: 3 + 2 x 5 = 13. Barriers: 2 x 36.
/// * A row is 800 bytes, 25 sectors, and begins at a sector: 3 x 25 sectors in 3 x 7 requests, 3 x 800 bytes. It is
///   written once.
/// * Shared memory: 2 x 20 loads, 2 x 12 stores.
///
/// Lines: row r begins 800 r mod 128 = 32 r mod 128 bytes into one. Rows 0 and 4 begin with a line: 6 full warps and one
/// sector are 7 lines. In the others a full warp meets 2 lines: 13. 2 x 7 + 4 x 13 = 66, three times.
#[test]
fn softmax() {
    let (rows, n) = (6, 200);
    let x = uneven(rows * n, 101);
    let counters = Counters {
        warp_inst: 6 * 450,
        thread_inst: 6 * 12_774,
        branches: 6 * 80,
        div_branches: 6 * 13,
        barriers: 6 * 72,
        gld_req: 6 * 21,
        gld_sectors: 6 * 75,
        gld_lines: 3 * 66,
        gld_bytes: 6 * 2400,
        gst_req: 6 * 7,
        gst_sectors: 6 * 25,
        gst_bytes: 6 * 800,
        sld_req: 6 * 40,
        sld_waves: 6 * 40,
        sst_req: 6 * 24,
        sst_waves: 6 * 24,
        ..Counters::default()
    };
    let cfg = Cfg { smem_bytes: 512, ..Cfg::new([rows as u32, 1, 1], [128, 1, 1]) };
    Case::new("softmax.softmax", cfg).number(n).input("x", &x).output("y", rows * n).check(
        |w, [x, y]| softmax::softmax(w, n as u32, x, y),
        &counters,
        |y| near(y, x.chunks(n).flat_map(|row| crate::softmax(wide(row))), 1e-7),
    );
}
