//! How long tile programs take on one core, with every access checked, as it always is.
//!
//! `cargo run -p lab-sdk --example tile-speed`. The best of several runs is printed: the others waited for something.

use lab_sdk::tile::{Dtype, Prog, Ptr, T, TileReport, launch_tiles};
use std::time::Instant;

/// Seconds for each kernel. A run takes milliseconds, so that some fall between two turns of other programs.
const SECONDS: f64 = 1.0;

fn main() -> lab_sdk::Result<()> {
    println!("{:<24} {:>14} {:>14} {:>10}", "kernel", "ld_bytes", "dot_flops", "ms");
    let values = |n: usize| (0..n).map(|i| (i % 17) as f32 / 17.0).collect::<Vec<_>>();
    let (m, n) = (1024, 781);
    let (x, y) = (Ptr::f32("x", values(m * n)), Ptr::poisoned("y", Dtype::F32, m * n));
    best("softmax 1024 x 781", [m, 1, 1], |p| softmax(p, &x, &y, n as i64, 1024))?;

    let n = 256;
    let [a, b] = ["a", "b"].map(|name| Ptr::f32(name, values(n * n)));
    let c = Ptr::poisoned("c", Dtype::F32, n * n);
    best("matmul 256", [4, 4, 1], |p| matmul(p, [&a, &b, &c], n))?;

    let (n, d) = (1024, 64);
    let [q, k, v] = ["q", "k", "v"].map(|name| Ptr::f32(name, values(n * d)));
    let o = Ptr::poisoned("o", Dtype::F32, n * d);
    best("attention 1024 x 64", [n / 64, 1, 1], |p| attention(p, [&q, &k, &v, &o], n, d))
}

fn best(name: &str, grid: [usize; 3], kernel: impl Fn(&Prog)) -> lab_sdk::Result<()> {
    let mut fastest = f64::INFINITY;
    let mut last: Option<TileReport> = None;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < SECONDS {
        let start = Instant::now();
        let report = launch_tiles(grid, None, &kernel)?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
        last = Some(report);
    }
    if let Some(report) = last {
        let counters = report.counters;
        assert!(report.faults.is_empty(), "{name}: {}", report.faults[0]);
        println!("{name:<24} {:>14} {:>14} {:>10.1}", counters.ld_bytes, counters.dot_flops, fastest * 1e3);
    }
    Ok(())
}

fn softmax(p: &Prog, x: &Ptr, y: &Ptr, n: i64, block: usize) {
    let columns = p.arange(block);
    let offs = p.program_id(0) * n + &columns;
    let mask = columns.lt(n);
    let v = p.load(x, &offs, &mask, f32::NEG_INFINITY);
    let e = (&v - v.max_red(0)).exp();
    p.store(y, &offs, &(&e / e.sum(0)), &mask);
}

/// 64 x 64 of the result for a program, 32 of k at a time.
fn matmul(p: &Prog, [a, b, c]: [&Ptr; 3], n: usize) {
    let width = n as i64;
    let rows = (p.program_id(0) * 64 + p.arange(64)).col();
    let columns = (p.program_id(1) * 64 + p.arange(64)).row();
    let mut acc = T::zeros([64, 64]);
    for k in (0..n).step_by(32) {
        let k = p.arange(32) + k as i64;
        let of_a = p.load(a, &(&rows * width + k.row()), None, 0.0);
        let of_b = p.load(b, &(k.col() * width + &columns), None, 0.0);
        acc = of_a.dot(&of_b, &acc);
    }
    p.store(c, &(rows * width + columns), &acc, None);
}

/// 64 rows for a program, 64 keys at a time.
fn attention(p: &Prog, [q, k, v, o]: [&Ptr; 4], n: usize, d: usize) {
    let rows = p.program_id(0) * 64 + p.arange(64);
    let of_d = p.arange(d);
    let of_q = rows.col() * d as i64 + of_d.row();
    let q = p.load(q, &of_q, None, 0.0) / (d as f32).sqrt();
    let (mut m, mut l) = (T::full([64], f32::NEG_INFINITY), T::zeros([64]));
    let mut acc = T::zeros([64, d]);
    for start in (0..n).step_by(64) {
        let at = (p.arange(64) + start as i64).col() * d as i64 + of_d.row();
        let s = q.dot(&p.load(k, &at, None, 0.0).t(), None);
        let m_new = m.max(s.max_red(1));
        let alpha = (m - &m_new).exp();
        let weights = (s - m_new.col()).exp();
        l = l * &alpha + weights.sum(1);
        acc = weights.dot(&p.load(v, &at, None, 0.0), &(acc * alpha.col()));
        m = m_new;
    }
    p.store(o, &of_q, &(acc / l.col()), None);
}
