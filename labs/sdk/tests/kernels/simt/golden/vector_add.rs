//! What vector addition costs.

use crate::simt::{Case, vector_add};
use crate::{exact, whole};
use lab_sdk::simt::{Cfg, Counters};

/// 900 elements by 4 blocks of 8 warps: 28 warps are full (28 x 32 = 896), one has 4 lanes, and 3 have none, which skip
/// the branch (R6).
///
/// * issues: 7 of each of the 29 warps with elements, 3 of each without: 29 x 7 + 3 x 3 = 212
/// * lane issues: the first 3 of all lanes, 32 x 3 x 32 = 3,072; the last 4 for each element, 4 x 900 = 3,600
/// * branches: one of each warp; the warp with 4 lanes parts
/// * a full warp loads 32 x 4 = 128 bytes from an address that 128 divides: 4 sectors, 1 line (R1). 4 lanes: 16 bytes in
///   1 sector, 1 line. x and y: 2 x (28 x 4 + 1) = 226 sectors, 2 x 29 lines, 2 x 4 x 900 bytes; z: half of it
#[test]
fn vector_add() {
    let n = 900;
    let (x, y) = (whole(n, 101), whole(n, 89));
    let counters = Counters {
        warp_inst: 29 * 7 + 3 * 3,
        thread_inst: 32 * 3 * 32 + 4 * 900,
        branches: 32,
        div_branches: 1,
        gld_req: 2 * 29,
        gld_sectors: 226,
        gld_lines: 58,
        gld_bytes: 7200,
        gst_req: 29,
        gst_sectors: 113,
        gst_bytes: 3600,
        ..Counters::default()
    };
    let case = Case::new("vector_add.add", Cfg::new([4, 1, 1], [256, 1, 1])).number(n);
    case.input("x", &x).input("y", &y).output("z", n).check(
        |w, [x, y, z]| vector_add::add(w, n as u32, x, y, z),
        &counters,
        |z| exact(z, x.iter().zip(&y).map(|(x, y)| f64::from(x + y))),
    );
}
