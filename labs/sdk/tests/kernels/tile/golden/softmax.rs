//! What fused softmax costs.

use crate::tile::{Case, softmax};
use crate::{near, uneven, wide};
use lab_sdk::tile::{Cfg, Counters};

/// V7, V11. 64 rows of 781 elements in blocks of 1,024.
///
/// * Bytes: 4 x 64 x 781 = 199,936, read once and written once.
/// * A row is 3,124 = 97 x 32 + 20 bytes and begins 20 r mod 32 bytes into a sector, in turn 0, 20, 8, 28, 16, 4, 24,
///   12. From up to 12 bytes on it meets 98 sectors, from more 99: 4 x 98 + 4 x 99 = 788 for 8 rows, 6,304 for 64. The
///   interpreter of Triton 3.9.0 counts the same (tests/tile/real_triton.py).
/// * Where rows meet they share a sector: 199,936 / 32 = 6,248 different ones of each buffer.
/// * Live: the row before and after an operation, 2 x 4,096, and its largest element or its sum, 4.
#[test]
fn softmax() {
    let (rows, n) = (64, 781);
    let x = uneven(rows * n, 997);
    let counters = Counters {
        launches: 1,
        programs: 64,
        loads: 64,
        stores: 64,
        ld_bytes: 199_936,
        st_bytes: 199_936,
        ld_sectors: 6304,
        st_sectors: 6304,
        unique_sectors: 2 * 6248,
        peak_live_bytes: 2 * 4096 + 4,
        ..Counters::default()
    };
    let case = Case::new("softmax.softmax", Cfg::new([rows, 1, 1])).input("x", &x).output("y", rows * n);
    case.number(n).number(1024).check(
        |p, buffers: [_; 2]| softmax::softmax(p, buffers, n, 1024),
        &counters,
        |y| near(y, x.chunks(n).flat_map(|row| crate::softmax(wide(row))), 1e-7),
    );
}
