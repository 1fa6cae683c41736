//! FlashAttention, forward (Dao et al., 2205.14135): a program for a block of queries, which walks over blocks of keys and
//! keeps the largest score and the sum of weights so far of each row. The scores never lie in global memory.

use lab_sdk::tile::{Prog, Ptr, T};

/// How a launch is cut.
#[derive(Clone, Copy)]
pub struct Cut {
    /// Queries, and as many keys.
    pub n: usize,
    /// Elements of a query, a key and a value.
    pub d: usize,
    /// Queries of a program, and keys of a step: powers of two that divide `n`.
    pub bm: usize,
    pub bn: usize,
    /// Whether a query sees no later key. Then `bm` is a multiple of `bn`.
    pub causal: bool,
}

/// o = softmax(q kᵀ / √d) v for (n, d) matrices. A tile falls with its last use: that is what fits into shared memory.
pub fn flash(p: &Prog, [q, k, v, o]: [&Ptr; 4], Cut { n, d, bm, bn, causal }: Cut) {
    let scale = 1.0 / (d as f32).sqrt();
    let rows = p.program_id(0) * bm as i64 + p.arange(bm);
    let of_d = p.arange(d);
    let of_rows = rows.col() * d as i64 + of_d.row();
    let q = p.load(q, &of_rows, None, 0.0);
    let (mut m, mut l) = (T::full([bm], f32::NEG_INFINITY), T::zeros([bm]));
    let mut acc = T::zeros([bm, d]);
    let end = if causal { (p.pid[0] + 1) * bm } else { n };
    for start in (0..end).step_by(bn) {
        let keys = p.arange(bn) + start as i64;
        let at = keys.col() * d as i64 + of_d.row();
        let mut s = {
            let k = p.load(k, &at, None, 0.0).t();
            q.dot(&k, None)
        };
        s = s * scale;
        if causal {
            s = T::where_(&rows.col().ge(keys.row()), s, f32::NEG_INFINITY);
        }
        {
            let top = m.max(s.max_red(1));
            let alpha = (m - &top).exp();
            m = top;
            s = s - m.col();
            s = s.exp();
            l = l * &alpha + s.sum(1);
            acc = acc * alpha.col();
        }
        let v = p.load(v, &at, None, 0.0);
        acc = s.to(v.dtype()).dot(&v, &acc);
    }
    p.store(o, &of_rows, &(acc / l.col()), None);
}
