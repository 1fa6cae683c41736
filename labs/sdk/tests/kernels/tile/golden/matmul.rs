//! What a product of matrices costs.

use crate::tile::{Case, matmul};
use crate::{exact, product, whole};
use lab_sdk::tile::{Cfg, Counters, L2};

/// R13. (72, 80) by (80, 56) in tiles of 32: 3 x 2 programs with 3 steps of k each, and an L2 that holds all.
///
/// * Loads: 3 x 2 x 3 x 2 = 36. a is read by each of 2 columns of programs, b by each of 3 rows: 4 x (2 x 72 x 80 + 3 x
///   80 x 56) = 99,840 bytes, which is 4 (MK N/BN + KN M/BM) with the quotients rounded up, since what is masked is not
///   read.
/// * A row of a is 320 bytes, 10 sectors, in pieces of 4, 4 and 2; a row of b 224 bytes, 7 sectors, in pieces of 4 and 3:
///   2 x 72 x 10 + 3 x 80 x 7 = 3,120. c is written once: 72 x 7 = 504.
/// * Different: 720 + 560 + 504. The L2 misses each line of a and b once: 23,040 / 128 + 17,920 / 128 = 180 + 140; what
///   is stored is not fetched.
/// * A dot multiplies whole tiles, masked or not: 18 x 2 x 32³.
/// * Live: both factors, the sum so far and the new one, 4 x 4,096.
#[test]
fn matmul() {
    let [m, n, k] = [72, 56, 80];
    let (a, b) = (whole(m * k, 17), whole(k * n, 13));
    let counters = Counters {
        launches: 1,
        programs: 6,
        loads: 36,
        stores: 6,
        ld_bytes: 99_840,
        st_bytes: 4 * 72 * 56,
        ld_sectors: 3120,
        st_sectors: 504,
        unique_sectors: 720 + 560 + 504,
        l2_misses: 320,
        dot_flops: 18 * 2 * 32_768,
        peak_live_bytes: 16_384,
        ..Counters::default()
    };
    let cfg = Cfg { l2: Some(L2::new(1 << 20)), ..Cfg::new([3, 2, 1]) };
    let case = Case::new("matmul.matmul", cfg).input("a", &a).input("b", &b).output("c", m * n);
    [m, n, k, 32, 32, 32].into_iter().fold(case, Case::number).check(
        |p, buffers: [_; 3]| matmul::matmul(p, buffers, [m, n, k], [32; 3]),
        &counters,
        |c| exact(c, product(&a, &b, k)),
    );
}
