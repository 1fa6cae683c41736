//! A graph that is wrong is said to be so by its node; random nodes take streams in their order.

use super::{check, outputs};
use lab_sdk::{Device, FxGraph, Tensor};
use std::collections::BTreeMap;

fn graph(nodes: &str) -> FxGraph {
    FxGraph::from_json(&format!("{{\"nodes\":[{nodes}]}}")).expect("a graph")
}

const X: &str = r#"{"name":"x","op":"placeholder","target":"x"}"#;

#[test]
fn what_is_wrong_has_a_name() {
    let out = r#"{"name":"output","op":"output","target":"output","args":[{"n":"y"}]}"#;
    let why = |nodes: &str| check(&graph(nodes)).expect_err("it is wrong").to_string();
    assert_eq!(why(&format!("{X},{out}")), "`output` reads `y`, which no node before it makes");
    assert_eq!(why(&format!("{X},{X}")), "two nodes are called `x`");
    assert!(why(X).contains("one output"));
}

#[test]
fn two_dropouts_differ_and_come_again() {
    let drop = |name: &str| {
        format!(
            r#"{{"name":"{name}","op":"call_function","target":"torch.nn.functional.dropout","args":[{{"n":"x"}},0.5]}}"#
        )
    };
    let out = r#"{"name":"output","op":"output","target":"output","args":[[{"n":"a"},{"n":"b"}]]}"#;
    let g = graph(&format!("{X},{},{},{out}", drop("a"), drop("b")));
    let x = Tensor::ones(64, lab_sdk::DType::F32, &Device::Cpu).expect("ones");
    let run = || -> Vec<Vec<f32>> {
        let made = outputs(&g, &BTreeMap::new(), std::slice::from_ref(&x), 7).expect("it runs");
        made.iter().map(|t| t.to_vec1().expect("numbers")).collect()
    };
    let (first, again) = (run(), run());
    assert_eq!(first, again);
    assert_ne!(first[0], first[1]);
    assert!(first[0].iter().all(|v| *v == 0.0 || *v == 2.0));
}
