//! What layer normalization costs.

use crate::simt::{Case, layer_norm};
use crate::{near, uneven};
use lab_sdk::simt::{Cfg, Counters, G};

/// 6 rows of 200, in 4 + 3 warps and 200 lanes, as softmax has them. A block, with twice `joined`:
///
/// * Loops 72 issues. Bodies: 3 + 4 + 8 = 15 in 7 warps: 105, in 200 lanes: 3,000. Between them 1 + 3 in 4 warps: 16.
///   Issues: 72 + 105 + 16 + 2 x 140 = 473. Lane issues: (72 + 16) x 32 + 3,000 + 2 x 3,835 = 13,486.
/// * Branches, barriers and shared memory as in softmax.
/// * x is read three times, g and b once: 5 x 7 = 35 requests, 5 x 25 = 125 sectors, 5 x 800 bytes.
///
/// Lines: of x 3 x 66 for all rows, as in softmax; g and b begin with a line (R2): 7 each, for each of 6 rows.
#[test]
fn layer_norm() {
    let (rows, n, eps) = (6, 200, 1e-5);
    let (x, g, b) = (uneven(rows * n, 101), uneven(n, 89), uneven(n, 83));
    let counters = Counters {
        warp_inst: 6 * 473,
        thread_inst: 6 * 13_486,
        branches: 6 * 80,
        div_branches: 6 * 13,
        barriers: 6 * 72,
        gld_req: 6 * 35,
        gld_sectors: 6 * 125,
        gld_lines: 3 * 66 + 6 * 2 * 7,
        gld_bytes: 6 * 4000,
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
    let case = Case::new("layer_norm.layer_norm", cfg).number(n).number(eps);
    case.input("x", &x).input("g", &g).input("b", &b).output("y", rows * n).check(
        |w, buffers: [G<f32>; 4]| layer_norm::layer_norm(w, n as u32, eps, buffers),
        &counters,
        |y| near(y, x.chunks(n).flat_map(|row| crate::layer_norm(row, &g, &b, f64::from(eps))), 1e-6),
    );
}
