//! Kernels that run: what they compute, by loops, and the same numbers from the Python twin. Without Python and NumPy the
//! second half is skipped, unless ROADMAP_REQUIRE_NUMPY=1 says that they are there.

use lab_sdk::{Kernel, Ready};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// A kernel of each kind.
fn kernels() -> Vec<Value> {
    let conv = |groups: u64| {
        let attrs = json!({"cout": 6, "k": [1, 1], "stride": [1, 1], "pad": [0, 0], "dil": [1, 1], "groups": groups, "bias": false});
        kernel("conv2d", attrs, json!([[2, 4, 3, 5]]))
    };
    vec![
        kernel("linear", json!({"cout": 5, "bias": false}), json!([[2, 3, 4]])),
        kernel("matmul", json!({}), json!([[2, 3, 4], [2, 4, 5]])),
        conv(1),
        conv(2),
        kernel("add", json!({}), json!([[7, 3], [7, 3]])),
        kernel("act", json!({"kind": "relu"}), json!([[50]])),
    ]
}

fn kernel(op: &str, attrs: Value, inputs: Value) -> Value {
    json!({"op": op, "attrs": attrs, "inputs": inputs, "out": [], "macs": 0, "params": 0})
}

fn ready(json: &Value) -> Ready {
    let kernel: Kernel = serde_json::from_value(json.clone()).expect("a kernel");
    Ready::new(&kernel).expect("it can be run")
}

/// The numbers of an input or weight.
fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 37 + seed * 11) % 64) as f64 / 64.0 - 0.5).collect()
}

fn output(json: &Value) -> Vec<f64> {
    let out = ready(json).output().expect("a result").flatten_all().expect("flat").to_vec1::<f32>().expect("f32");
    out.into_iter().map(f64::from).collect()
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn kernels_compute_what_they_are_called() {
    let all = kernels();
    let (x, w) = (numbers(24, 0), numbers(20, 100));
    let linear: Vec<f64> = (0..30).map(|at| (0..4).map(|k| x[at / 5 * 4 + k] * w[k * 5 + at % 5]).sum()).collect();
    assert!(close(&output(&all[0]), &linear));
    let (a, b) = (numbers(24, 0), numbers(40, 1));
    let matmul = (0..30).map(|at| (at / 15, at / 5 % 3, at % 5));
    let matmul: Vec<f64> =
        matmul.map(|(i, m, n)| (0..4).map(|k| a[i * 12 + m * 4 + k] * b[i * 20 + k * 5 + n]).sum()).collect();
    assert!(close(&output(&all[1]), &matmul));
    for (json, groups) in [(&all[2], 1), (&all[3], 2)] {
        let (x, w) = (numbers(120, 0), numbers(24 / groups, 100));
        let (cin, cout) = (4 / groups, 6 / groups);
        let place = (0..180).map(|at| (at / 90, at / 15 % 6, at % 15));
        let conv = place.map(|(n, o, p)| {
            let group = o / cout;
            (0..cin).map(|c| w[o * cin + c] * x[n * 60 + (group * cin + c) * 15 + p]).sum()
        });
        assert!(close(&output(json), &conv.collect::<Vec<f64>>()), "{groups} groups");
    }
    let add: Vec<f64> = numbers(21, 0).iter().zip(numbers(21, 1)).map(|(a, b)| a + b).collect();
    assert!(close(&output(&all[4]), &add));
    let relu: Vec<f64> = numbers(50, 0).iter().map(|v| v.max(0.0)).collect();
    assert!(close(&output(&all[5]), &relu));
}

#[test]
fn other_kernels_are_refused() {
    for json in [
        kernel("act", json!({"kind": "gelu"}), json!([[5]])),
        kernel("linear", json!({"cout": 5, "bias": true}), json!([[2, 3]])),
        kernel("add", json!({}), json!([[2], [3]])),
        kernel("global_pool", json!({}), json!([[1, 2, 3, 3]])),
    ] {
        let kernel: Kernel = serde_json::from_value(json.clone()).expect("a kernel");
        assert!(Ready::new(&kernel).is_err(), "{json}");
    }
}

#[test]
fn python_computes_the_same() {
    let script = "import json, sys\nfrom lab_sdk.ready import Ready\n\
                  print(json.dumps([Ready(k).output().ravel().tolist() for k in json.load(sys.stdin)]))";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/python");
    let command = Command::new("python3")
        .args(["-c", script])
        .env("PYTHONPATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let required = std::env::var_os("ROADMAP_REQUIRE_NUMPY").is_some();
    let Ok(mut child) = command else {
        assert!(!required, "ROADMAP_REQUIRE_NUMPY is set and there is no python3");
        return;
    };
    let input = serde_json::to_vec(&kernels()).expect("JSON");
    let _ = child.stdin.take().expect("a pipe").write_all(&input);
    let out = child.wait_with_output().expect("it ends");
    if !out.status.success() && !required {
        return;
    }
    let theirs: Vec<Vec<f64>> = serde_json::from_slice(&out.stdout).expect("lists of numbers");
    for (json, theirs) in kernels().iter().zip(theirs) {
        assert!(close(&output(json), &theirs), "{json}");
    }
}
