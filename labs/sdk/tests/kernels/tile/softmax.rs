//! Fused softmax (after Triton tutorial 02): a program for each row, which is read once and written once.

use lab_sdk::tile::{Prog, Ptr};

/// y = exp(x - max x) / Σ exp(x - max x), along rows of `n`; `block` is a power of two that is not below it.
pub fn softmax(p: &Prog, [x, y]: [&Ptr; 2], n: usize, block: usize) {
    let columns = p.arange(block);
    let offs = p.program_id(0) * n as i64 + &columns;
    let mask = columns.lt(n as i64);
    let mut v = p.load(x, &offs, &mask, f32::NEG_INFINITY);
    v = &v - v.max_red(0);
    v = v.exp();
    v = &v / v.sum(0);
    p.store(y, &offs, &v, &mask);
}
