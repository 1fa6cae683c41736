//! How many thread-instructions a second the simulator runs on one core, with race detection on, as it always is.
//!
//! `cargo run -p lab-sdk --example simt-speed`. The best of several runs is printed: the others waited for something.

use lab_sdk::simt::{Cfg, F, G, Report, Warp, launch};
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
    let fresh = || (a.clone(), b.clone(), c.clone());
    best("matmul, naive", wide.clone(), |w| naive(w, fresh(), n))?;
    best("matmul, shared memory", wide, |w| shared(w, fresh(), n))?;
    let tall = Cfg { smem_bytes: 4 * (64 * 17 + 16 * 64), ..Cfg::new([n / 64, n / 64, 1], [16, 16, 1]) };
    best("matmul, register tiles", tall, |w| tiled(w, fresh(), n))
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

type Matrices = (G<f32>, G<f32>, G<f32>);

async fn saxpy(w: Warp, n: u32, a: f32, x: G<f32>, y: G<f32>) {
    let i = w.tid() + w.bid[0] * w.bdim[0];
    w.if_(i.lt(n), || {
        let v = w.ld(&x, i).fma(a, w.ld(&y, i));
        w.st(&y, i, v);
    });
}

async fn naive(w: Warp, (a, b, c): Matrices, n: u32) {
    let (row, column) = (w.ty() + w.bid[1] * 32, w.tx() + w.bid[0] * 32);
    let mut sum = F::splat(0.0);
    for k in 0..n {
        sum = w.ld(&a, row * n + k).fma(w.ld(&b, column + k * n), sum);
    }
    w.st(&c, row * n + column, sum);
}

async fn shared(w: Warp, (a, b, c): Matrices, n: u32) {
    let (tx, ty) = (w.tx(), w.ty());
    let (row, column) = (ty + w.bid[1] * 32, tx + w.bid[0] * 32);
    let (left, right) = (w.shared::<f32>("left", 1024), w.shared::<f32>("right", 1024));
    let at = ty * 32 + tx;
    let mut sum = F::splat(0.0);
    for k0 in (0..n).step_by(32) {
        w.sts(left, at, w.ld(&a, row * n + (tx + k0)));
        w.sts(right, at, w.ld(&b, (ty + k0) * n + column));
        w.sync().await;
        for k in 0..32 {
            sum = w.lds(left, ty * 32 + k).fma(w.lds(right, tx + k * 32), sum);
        }
        w.sync().await;
    }
    w.st(&c, row * n + column, sum);
}

/// 64 x 64 of the result for a block of 16 x 16 threads, 4 x 4 for each thread, 16 apart.
async fn tiled(w: Warp, (a, b, c): Matrices, n: u32) {
    let (tx, ty, t) = (w.tx(), w.ty(), w.tid());
    let (left, right) = (w.shared::<f32>("left", 64 * 17), w.shared::<f32>("right", 16 * 64));
    let mut sums = [[F::splat(0.0); 4]; 4];
    for k0 in (0..n).step_by(16) {
        for q in 0..4 {
            let e = t + q * 256;
            let (row, k) = (e / 16, e % 16);
            w.sts(left, row * 17 + k, w.ld(&a, (row + w.bid[1] * 64) * n + (k + k0)));
            let (k, column) = (e / 64, e % 64);
            w.sts(right, k * 64 + column, w.ld(&b, (k + k0) * n + (column + w.bid[0] * 64)));
        }
        w.sync().await;
        for k in 0..16 {
            let of_a: [F; 4] = std::array::from_fn(|i| w.lds(left, (ty + i as u32 * 16) * 17 + k));
            let of_b: [F; 4] = std::array::from_fn(|j| w.lds(right, tx + (k * 64 + j as u32 * 16)));
            for (sums, x) in sums.iter_mut().zip(of_a) {
                for (sum, y) in sums.iter_mut().zip(of_b) {
                    *sum = x.fma(y, *sum);
                }
            }
        }
        w.sync().await;
    }
    for (i, sums) in (0..).zip(sums) {
        for (j, sum) in (0..).zip(sums) {
            w.st(&c, (ty + (w.bid[1] * 64 + i * 16)) * n + (tx + (w.bid[0] * 64 + j * 16)), sum);
        }
    }
}
