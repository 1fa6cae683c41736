//! Reference kernels of both simulators, in Rust and in Python, with counts that are derived by hand.
//!
//! A kernel's file has a twin in Python beside it, with the same arguments. The comment above each golden value (`golden/`)
//! derives it from sizes and the rules that `lab_sdk::simt` and `lab_sdk::tile` list; no number was read off a run. All
//! counters of a launch are compared, so what is not named is 0: no hazard, no poison, nothing out of bounds. Results are
//! compared with a plain computation in f64. The kernels solve what labs ask for, so they lie outside of the sources that a
//! learner gets. V1 to V11 are facts that others published, as the tests of both simulators number them.
//!
//! Two kinds of number come up everywhere. An *issue* is one instruction of one warp (R7), and a *lane issue* one
//! instruction of one lane. A kernel's lines carry the issues of a warp as `// 3`; thread, lane and block numbers,
//! constants, moves and what is plain Rust (loops that go alike for the whole warp) are none.

mod python;
mod simt;
mod tile;

use std::fmt::Debug;

/// What a launch did, in one of the two languages. `C` are its counters.
struct Done<C> {
    language: &'static str,
    counters: C,
    /// As sentences.
    faults: Vec<String>,
    finished: bool,
    /// The last buffer.
    result: Vec<f32>,
}

impl<C: PartialEq + Debug> Done<C> {
    fn check(&self, kernel: &str, counters: &C, right: &impl Fn(&[f32])) {
        let (language, none) = (self.language, Vec::<String>::new());
        assert_eq!(self.faults, none, "{kernel} in {language}");
        assert!(self.finished, "{kernel} in {language}");
        assert_eq!(&self.counters, counters, "{kernel} in {language}: as it ran, by hand");
        right(&self.result);
    }
}

/// `n` whole numbers from `-modulus / 2` to `modulus / 2`: their sums and products are exact in f32, in any order.
fn whole(n: usize, modulus: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 7 % modulus) as f32 - (modulus / 2) as f32).collect()
}

/// `n` numbers between -4 and 4 that are not whole.
fn uneven(n: usize, modulus: usize) -> Vec<f32> {
    whole(n, modulus).iter().map(|x| x / modulus as f32 * 8.0 + 0.01).collect()
}

/// Fails if an element differs from what f64 gives, by more than `within` and `within` of its size.
fn near(got: &[f32], wanted: impl IntoIterator<Item = f64>, within: f64) {
    let wanted: Vec<f64> = wanted.into_iter().collect();
    assert_eq!(got.len(), wanted.len());
    for (i, (&got, wanted)) in got.iter().zip(wanted).enumerate() {
        let got = f64::from(got);
        assert!((got - wanted).abs() <= within * (1.0 + wanted.abs()), "element {i} is {got}, and in f64 {wanted}");
    }
}

/// Fails if an element is not what f64 gives.
fn exact(got: &[f32], wanted: impl IntoIterator<Item = f64>) {
    near(got, wanted, 0.0);
}

/// Each element in f64.
fn wide(elements: &[f32]) -> impl Iterator<Item = f64> {
    elements.iter().map(|&x| f64::from(x))
}

/// Softmax of a row, in f64.
fn softmax(row: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let exp: Vec<f64> = row.into_iter().map(f64::exp).collect();
    let sum: f64 = exp.iter().sum();
    exp.iter().map(|x| x / sum).collect()
}

/// Layer normalization of a row with scale `g` and shift `b`, in f64.
fn layer_norm(row: &[f32], g: &[f32], b: &[f32], eps: f64) -> Vec<f64> {
    let mean = wide(row).sum::<f64>() / row.len() as f64;
    let variance = wide(row).map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
    let unit = |x: f64| (x - mean) / (variance + eps).sqrt();
    wide(row).zip(wide(g).zip(wide(b))).map(|(x, (g, b))| unit(x) * g + b).collect()
}

/// The product of an `m x k` and a `k x n` matrix, in f64, row by row.
fn product(a: &[f32], b: &[f32], k: usize) -> Vec<f64> {
    let n = b.len() / k;
    let dot = |row: &[f32], j: usize| -> f64 { (0..k).map(|i| f64::from(row[i]) * f64::from(b[i * n + j])).sum() };
    a.chunks(k).flat_map(|row| (0..n).map(move |j| dot(row, j))).collect()
}
