//! Programs over tiles whose loads are to be seen, run by the simulator: reference kernels, and two that cost more.

#[path = "../../labs/sdk/tests/kernels/tile/flash.rs"]
mod flash;
#[path = "../../labs/sdk/tests/kernels/tile/matmul.rs"]
mod matmul;

use flash::{Cut, flash};
use lab_sdk::tile::{Cfg, Dtype, Prog, Ptr, T, launch};
use matmul::matmul;
use serde_json::Value;

/// A row for each program, read once for the largest element and once more for the rest.
fn twice(p: &Prog, x: &Ptr, y: &Ptr, n: usize) {
    let offs = p.program_id(0) * n as i64 + p.arange(n);
    let largest = p.load(x, &offs, None, 0.0).max_red(0);
    let e = (p.load(x, &offs, None, 0.0) - largest).exp();
    p.store(y, &offs, &(&e / e.sum(0)), None);
}

/// Counts of numbers.
fn histogram(p: &Prog, x: &Ptr, counts: &Ptr) {
    let bucket = p.load_int(x, &p.arange(8), None, 0);
    p.atomic_add(counts, &bucket, &T::full([8], 1.0), None);
}

/// Name and trace.
pub fn all() -> Vec<(&'static str, Value)> {
    let floats = |name: &str, n: usize| Ptr::f32(name, vec![1.0; n]);
    let out = |name: &str, n: usize| Ptr::poisoned(name, Dtype::F32, n);
    let [a, b, c] = [floats("a", 72 * 80), floats("b", 80 * 56), out("c", 72 * 56)];
    let [q, k, v, o] = [floats("q", 128 * 16), floats("k", 128 * 16), floats("v", 128 * 16), out("o", 128 * 16)];
    let cut = Cut { n: 128, d: 16, bm: 32, bn: 32, causal: true };
    let (x, y) = (floats("x", 20 * 64), out("y", 20 * 64));
    let (numbers, counts) = (Ptr::i32("x", [3, 1, 4, 1, 5, 9, 2, 6]), floats("counts", 10));
    vec![
        ("a product of matrices", trace([3, 2, 1], |p| matmul(p, [&a, &b, &c], [72, 56, 80], [32; 3]))),
        ("causal attention", trace([4, 1, 1], |p| flash(p, [&q, &k, &v, &o], cut))),
        ("a softmax that reads twice", trace([20, 1, 1], |p| twice(p, &x, &y, 64))),
        ("a histogram", trace([1, 1, 1], |p| histogram(p, &numbers, &counts))),
    ]
}

fn trace(grid: [usize; 3], kernel: impl Fn(&Prog)) -> Value {
    let report = launch(Cfg { trace: true, ..Cfg::new(grid) }, kernel).expect("a launch");
    serde_json::to_value(report.trace).expect("JSON")
}
