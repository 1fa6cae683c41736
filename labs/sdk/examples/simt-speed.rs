//! How many thread-instructions a second the simulator runs on one core, with race detection on, as it always is.
//!
//! `cargo run -p lab-sdk --example simt-speed`. The best of several runs is printed: the others waited for something.

#[path = "../tests/kernels/simt/matmul.rs"]
mod matmul;

use lab_sdk::simt::{Cfg, G, Report, Warp, launch};
use std::time::Instant;

/// Seconds for each kernel. A run takes milliseconds, so that some fall between two turns of other programs.
const SECONDS: f64 = 1.0;

fn main() -> lab_sdk::Result<()> {
    println!("{:<24} {:>14} {:>10} {:>12}", "kernel", "thread-inst", "ms", "M/s");
    let n = 1 << 16;
    let (x, y) = (G::new("x", vec![1.0; n]), G::new("y", vec![2.0; n]));
    best("saxpy", Cfg::new([n as u32 / 256, 1, 1], [256, 1, 1]), |w| saxpy(w, n as u32, 3.0, x.clone(), y.clone()))?;

    let n = 64;
    let values = |modulus: u32| (0..n * n).map(|i| (i % modulus) as f32).collect::<Vec<_>>();
    let (a, b) = (G::new("a", values(17)), G::new("b", values(13)));
    let c = G::poisoned("c", (n * n) as usize);
    let wide = Cfg { smem_bytes: 8192, ..Cfg::new([n / 32, n / 32, 1], [32, 32, 1]) };
    best("matmul, naive", wide.clone(), |w| matmul::naive(w, n, a.clone(), b.clone(), c.clone()))?;
    best("matmul, shared memory", wide, |w| matmul::shared(w, n, a.clone(), b.clone(), c.clone()))?;
    let tall = Cfg { smem_bytes: 8192, ..Cfg::new([n / 64, n / 64, 1], [16, 16, 1]) };
    best("matmul, register tiles", tall, |w| matmul::registers(w, n, a.clone(), b.clone(), c.clone()))
}

fn best<K, Fu>(name: &str, cfg: Cfg, kernel: K) -> lab_sdk::Result<()>
where
    K: Fn(Warp) -> Fu,
    Fu: Future<Output = ()>,
{
    let mut fastest = f64::INFINITY;
    let mut last: Option<Report> = None;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < SECONDS {
        let start = Instant::now();
        let report = launch(cfg.clone(), &kernel)?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
        last = Some(report);
    }
    if let Some(report) = last {
        let count = report.counters.thread_inst;
        assert!(report.faults.is_empty(), "{name}: {}", report.faults[0]);
        println!("{name:<24} {count:>14} {:>10.1} {:>12.0}", fastest * 1e3, count as f64 / fastest / 1e6);
    }
    Ok(())
}

async fn saxpy(w: Warp, n: u32, a: f32, x: G<f32>, y: G<f32>) {
    let i = w.tid() + w.bid[0] * w.bdim[0];
    w.if_(i.lt(n), || {
        let v = w.ld(&x, i).fma(a, w.ld(&y, i));
        w.st(&y, i, v);
    });
}
