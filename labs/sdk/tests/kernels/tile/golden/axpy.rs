//! What axpy costs.

use crate::tile::{Case, axpy};
use crate::{exact, whole};
use lab_sdk::tile::{Cfg, Counters};

/// 1,000 elements in 4 blocks of 256; the last has 232.
///
/// * What the mask switches off is neither read nor counted: 4,000 bytes of each buffer. A full block is 1,024 bytes, 32
///   sectors; the last 928 bytes, 29 sectors: 3 x 32 + 29 = 125.
/// * The blocks share no sector: all 3 x 125 are different.
/// * Live: the tile of a x (1,024 bytes, masked or not), that of y, and their sum: 3 x 1,024.
#[test]
fn axpy() {
    let n = 1000;
    let (x, y) = (whole(n, 101), whole(n, 89));
    let counters = Counters {
        launches: 1,
        programs: 4,
        loads: 8,
        stores: 4,
        ld_bytes: 8000,
        st_bytes: 4000,
        ld_sectors: 250,
        st_sectors: 125,
        unique_sectors: 375,
        peak_live_bytes: 3072,
        ..Counters::default()
    };
    let case = Case::new("axpy.axpy", Cfg::new([4, 1, 1])).input("x", &x).input("y", &y).output("z", n);
    case.number(n).number(3.0).number(256).check(
        |p, buffers: [_; 3]| axpy::axpy(p, buffers, n, 3.0, 256),
        &counters,
        |z| exact(z, x.iter().zip(&y).map(|(&x, &y)| 3.0 * f64::from(x) + f64::from(y))),
    );
}
