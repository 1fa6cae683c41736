//! c = a b: a program for each tile of the result, which multiplies tiles of a row of a with tiles of a column of b.

use lab_sdk::tile::{Prog, Ptr, T};

/// (m, k) by (k, n), in tiles of (bm, bk) and (bk, bn). The last ones may be partly masked.
pub fn matmul(p: &Prog, [a, b, c]: [&Ptr; 3], [m, n, k]: [usize; 3], [bm, bn, bk]: [usize; 3]) {
    let [m, n] = [m as i64, n as i64];
    let rows = (p.program_id(0) * bm as i64 + p.arange(bm)).col();
    let columns = (p.program_id(1) * bn as i64 + p.arange(bn)).row();
    let mut acc = T::zeros([bm, bn]);
    for start in (0..k).step_by(bk) {
        let (at, k) = (p.arange(bk) + start as i64, k as i64);
        let of_a = p.load(a, &(&rows * k + at.row()), &(rows.lt(m) & at.row().lt(k)), 0.0);
        let of_b = p.load(b, &(at.col() * n + &columns), &(at.col().lt(k) & columns.lt(n)), 0.0);
        acc = of_a.dot(&of_b, &acc);
    }
    let mask = rows.lt(m) & columns.lt(n);
    p.store(c, &(rows * n + columns), &acc, &mask);
}
