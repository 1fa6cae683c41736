//! Fused layer normalization: a program for each row, which is read once and written once.

use lab_sdk::tile::{Prog, Ptr, T};

/// y = (x - mean x) / √(var x + eps) g + b, along rows of `n`; `block` is a power of two that is not below it.
pub fn layer_norm(p: &Prog, [x, g, b, y]: [&Ptr; 4], n: usize, eps: f32, block: usize) {
    let columns = p.arange(block);
    let offs = p.program_id(0) * n as i64 + &columns;
    let mask = columns.lt(n as i64);
    let mut v = p.load(x, &offs, &mask, 0.0);
    v = T::where_(&mask, &v - v.sum(0) / n as f32, 0.0);
    let rstd = ((&v * &v).sum(0) / n as f32 + eps).rsqrt();
    v = v * rstd;
    v = v * p.load(g, &columns, &mask, 0.0);
    v = v + p.load(b, &columns, &mask, 0.0);
    p.store(y, &offs, &v, &mask);
}
