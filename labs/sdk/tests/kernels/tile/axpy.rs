//! z = a x + y, a block of elements for each program.

use lab_sdk::tile::{Prog, Ptr};

/// The last block is partly masked.
pub fn axpy(p: &Prog, [x, y, z]: [&Ptr; 3], n: usize, a: f32, block: usize) {
    let offs = p.program_id(0) * block as i64 + p.arange(block);
    let mask = offs.lt(n as i64);
    let v = p.load(x, &offs, &mask, 0.0) * a + p.load(y, &offs, &mask, 0.0);
    p.store(z, &offs, &v, &mask);
}
