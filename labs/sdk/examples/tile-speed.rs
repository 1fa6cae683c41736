//! How long tile programs take on one core, with every access checked, as it always is.
//!
//! `cargo run -p lab-sdk --example tile-speed`. The best of several runs is printed: the others waited for something.

#[path = "../tests/kernels/tile/flash.rs"]
mod flash;
#[path = "../tests/kernels/tile/matmul.rs"]
mod matmul;
#[path = "../tests/kernels/tile/softmax.rs"]
mod softmax;

use lab_sdk::tile::{Dtype, Prog, Ptr, TileReport, launch_tiles};
use std::time::Instant;

/// Seconds for each kernel. A run takes milliseconds, so that some fall between two turns of other programs.
const SECONDS: f64 = 1.0;

fn main() -> lab_sdk::Result<()> {
    println!("{:<24} {:>14} {:>14} {:>10}", "kernel", "ld_bytes", "dot_flops", "ms");
    let values = |n: usize| (0..n).map(|i| (i % 17) as f32 / 17.0).collect::<Vec<_>>();
    let (m, n) = (1024, 781);
    let (x, y) = (Ptr::f32("x", values(m * n)), Ptr::poisoned("y", Dtype::F32, m * n));
    best("softmax 1024 x 781", [m, 1, 1], |p| softmax::softmax(p, [&x, &y], n, 1024))?;

    let n = 256;
    let [a, b] = ["a", "b"].map(|name| Ptr::f32(name, values(n * n)));
    let c = Ptr::poisoned("c", Dtype::F32, n * n);
    best("matmul 256", [4, 4, 1], |p| matmul::matmul(p, [&a, &b, &c], [n; 3], [64, 64, 32]))?;

    let (n, d) = (1024, 64);
    let [q, k, v] = ["q", "k", "v"].map(|name| Ptr::f32(name, values(n * d)));
    let o = Ptr::poisoned("o", Dtype::F32, n * d);
    let cut = flash::Cut { n, d, bm: 64, bn: 64, causal: false };
    best("attention 1024 x 64", [n / 64, 1, 1], |p| flash::flash(p, [&q, &k, &v, &o], cut))
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
