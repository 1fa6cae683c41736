//! What fused layer normalization costs.

use crate::tile::{Case, layer_norm};
use crate::{near, uneven};
use lab_sdk::tile::{Cfg, Counters};

/// 30 rows of 100 elements in blocks of 128.
///
/// * Each program loads a row of x, and g and b whole: 3 x 400 bytes. It stores a row.
/// * A row is 400 = 12 x 32 + 16 bytes and begins with a sector or in the middle of one: 13 sectors either way. g and b
///   begin with a sector (R2): 13. 30 x 39 = 1,170 are read, 30 x 13 = 390 written.
/// * Different: 12,000 / 32 = 375 of x and of y, 13 of g and of b: 776.
/// * Live: no operation has more than two rows of 512 bytes and makes a third, as `where_` does: x, x - mean, and what
///   is chosen.
#[test]
fn layer_norm() {
    let (rows, n, eps) = (30, 100, 1e-5);
    let (x, g, b) = (uneven(rows * n, 997), uneven(n, 89), uneven(n, 83));
    let counters = Counters {
        launches: 1,
        programs: 30,
        loads: 90,
        stores: 30,
        ld_bytes: 30 * 1200,
        st_bytes: 30 * 400,
        ld_sectors: 1170,
        st_sectors: 390,
        unique_sectors: 776,
        peak_live_bytes: 3 * 512,
        ..Counters::default()
    };
    let case = Case::new("layer_norm.layer_norm", Cfg::new([rows, 1, 1]));
    let case = case.input("x", &x).input("g", &g).input("b", &b).output("y", rows * n);
    case.number(n).number(eps).number(128).check(
        |p, buffers: [_; 4]| layer_norm::layer_norm(p, buffers, n, eps, 128),
        &counters,
        |y| near(y, x.chunks(n).flat_map(|row| crate::layer_norm(row, &g, &b, f64::from(eps))), 1e-6),
    );
}
