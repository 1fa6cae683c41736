//! Operators, the ledger and the reading of TorchScript, on cases that can be checked by eye.

use super::{FxArg, FxGraph, FxValue, Opcode, Params, from_ir, function, method, module};
use crate::{Device, Mem, Tensor};
use std::collections::BTreeMap;

const IR: &str = "graph(%self : __torch__.Net,\r\n      %x.1 : Tensor):\r\n  %2 : int = prim::Constant[value=1]() # net.py:5:57\r\n  \
    %w : Tensor = prim::GetAttr[name=\"w\"](%self)\r\n  %3 : Tensor = aten::relu(%x.1) # net.py:5:41\r\n  \
    %yes : bool = prim::Constant[value=1]()\r\n  %5 : Tensor = aten::sum(%3, %2, %yes)\r\n  \
    %4 : Tensor = aten::add(%5, %w, %2)\r\n  return (%4)\r\n";

const BRANCH: &str = "graph(%x : Tensor):\n  %2 : NoneType = prim::Constant()\n  %0 : int = prim::Constant[value=0]()\n  \
    %5 : Tensor = aten::sum(%x, %2)\n  %6 : Tensor = aten::gt(%5, %0)\n  %8 : Tensor = prim::If(%6)\n    block0():\n      \
    %9 : Tensor = aten::neg(%x)\n      -> (%9)\n    block1():\n      -> (%x)\n  return (%8)\n";

fn row(values: &[f32]) -> FxValue {
    Tensor::from_slice(values, values.len(), &Device::Cpu).expect("a vector").into()
}

fn numbers(value: &FxValue) -> Vec<f32> {
    let FxValue::Tensor(t) = value else { panic!("{} is no tensor", value.kind()) };
    t.flatten_all().and_then(|t| t.to_vec1()).expect("numbers")
}

#[test]
fn a_graph_keeps_its_json() {
    let text = r#"{"nodes":[{"name":"x","op":"placeholder","target":"x","args":[],"kwargs":{},"meta":{"shape":[8,2],"dtype":"float32"}},
        {"name":"s","op":"call_method","target":"sum","args":[{"n":"x"},[0,-1],{"slice":[null,2,null]}],"kwargs":{"dtype":{"dtype":"float64"},
        "by":0.5,"low":{"float":"-inf"}},"meta":null}],"modules":{"c":{"type":"Conv2d","training":false,"stride":[1,2],"eps":1e-05}}}"#;
    let graph = FxGraph::from_json(text).expect("a graph");
    assert_eq!(graph.nodes[1].all_input_nodes(), ["x"]);
    assert_eq!(graph.modules["c"].settings["eps"], FxArg::Float(1e-5));
    let again: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(serde_json::to_value(&graph).expect("JSON"), again);
}

#[test]
fn operators_take_what_torch_takes() {
    let kwargs = BTreeMap::from([("alpha".to_owned(), FxValue::Float(0.5))]);
    let sum = function("torch.add", &[row(&[1.0, 2.0]), row(&[10.0, 20.0])], &kwargs).expect("a sum");
    assert_eq!(numbers(&sum), [6.0, 12.0]);
    let less = method("sub", &row(&[1.0]), &[FxValue::Int(3)], &BTreeMap::new()).expect("a difference");
    assert_eq!(numbers(&less), [-2.0]);
    let error = function("torch.warp", &[], &BTreeMap::new()).expect_err("no such operator");
    assert!(error.to_string().contains("`torch.warp`"), "{error}");
    let error = method("relu", &row(&[1.0]), &[row(&[1.0])], &BTreeMap::new()).expect_err("one argument too many");
    assert!(error.to_string().contains("at most 1"), "{error}");
}

#[test]
fn what_is_written_is_seen_through_a_view() {
    let x = row(&[1.0, 2.0]);
    let view = method("view", &x, &[FxValue::Int(2), FxValue::Int(1)], &BTreeMap::new()).expect("a view");
    let same = method("add_", &x, &[FxValue::Int(1)], &BTreeMap::new()).expect("a sum");
    assert_eq!((numbers(&x), numbers(&view), numbers(&same)), (vec![2.0, 3.0], vec![2.0, 3.0], vec![2.0, 3.0]));
}

#[test]
fn a_module_has_weights_and_settings() {
    let text = r#"{"nodes":[],"modules":{"bn":{"type":"BatchNorm2d","eps":0.0}}}"#;
    let graph = FxGraph::from_json(text).expect("a graph");
    let vector = |v: f32| Tensor::from_slice(&[v], 1, &Device::Cpu).expect("one number");
    let names = [("weight", 3.0), ("bias", 1.0), ("running_mean", 2.0), ("running_var", 4.0)];
    let params: Params = names.iter().map(|(name, v)| (format!("bn.{name}"), vector(*v))).collect();
    let x = method("view", &row(&[4.0, 2.0]), &[1, 1, 1, 2].map(FxValue::Int), &BTreeMap::new()).expect("an image");
    let y = module(&graph.modules["bn"], &params, "bn", &[x], &BTreeMap::new()).expect("a norm");
    assert_eq!(numbers(&y), [4.0, 1.0]);
}

#[test]
fn torchscript_is_read_with_either_line_end() {
    for text in [IR.to_owned(), IR.replace("\r\n", "\n")] {
        let graph = from_ir(&text).expect("a graph");
        let kinds: Vec<Opcode> = graph.nodes.iter().map(|node| node.op).collect();
        assert_eq!(
            kinds,
            [
                Opcode::Placeholder,
                Opcode::GetAttr,
                Opcode::CallFunction,
                Opcode::CallFunction,
                Opcode::CallFunction,
                Opcode::Output
            ]
        );
        assert_eq!(graph.nodes[3].args, [FxArg::node("_3"), FxArg::Int(1), FxArg::Bool(true)]);
        assert_eq!(graph.nodes[4].args, [FxArg::node("_5"), FxArg::node("w"), FxArg::Int(1)]);
    }
    let error = from_ir(&IR.replace("relu(%x.1)", "relu(%y)")).expect_err("no such value");
    assert!(error.to_string().starts_with("line 5: ") && error.to_string().contains("%y"), "{error}");
    assert!(from_ir("def f(x):\n  return x\n").is_err());
}

#[test]
fn a_branch_keeps_its_blocks() {
    let graph = from_ir(BRANCH).expect("a graph");
    let branch = graph.nodes.iter().find(|node| node.target == "prim::If").expect("a branch");
    let sizes: Vec<usize> = branch.blocks.iter().map(|block| block.nodes.len()).collect();
    assert_eq!(sizes, [2, 1]);
}

#[test]
fn the_ledger_counts_what_is_held() {
    let mut mem = Mem::new();
    mem.lend("w", row(&[0.0; 100])).expect("room");
    mem.set("a", row(&[1.0, 2.0])).expect("room");
    mem.set("b", row(&[1.0])).expect("room");
    mem.free("a").expect("held");
    mem.set("c", FxValue::Int(7)).expect("room");
    assert_eq!((mem.live(), mem.peak()), (4, 12));
    assert!(mem.get("a").is_err() && mem.set("b", row(&[1.0])).is_err() && mem.free("a").is_err());
}

#[test]
fn a_short_text_makes_no_endless_lists() {
    let text = |lines: &str, value: &str| format!("graph(%0 : Tensor):\n{lines}  return (%{value})\n");
    // Each list holds the one before it twice: 2^60 items.
    let twice: String =
        (0..60).map(|n| format!("  %{} : Tensor[] = prim::ListConstruct(%{n}, %{n})\n", n + 1)).collect();
    assert!(from_ir(&text(&twice, "60")).expect_err("too many").to_string().contains("line 21: lists of more than"));
    let deep: String = (0..99).map(|n| format!("  %{} : Tensor[] = prim::ListConstruct(%{n})\n", n + 1)).collect();
    assert!(from_ir(&text(&deep, "99")).expect_err("too deep").to_string().contains("32 lists lie in each other"));
    let long = format!("  %s : str = prim::Constant[value=\"{}\"]()\n", "x".repeat(1 << 20));
    let often: String = (1..99).map(|n| format!("  %{n} : Tensor = aten::f(%s)\n")).collect();
    assert!(from_ir(&text(&(long + &often), "1")).expect_err("too long").to_string().contains("lists of more than"));
    let nested = format!("  %1 : int[] = prim::Constant[value={}{}]()\n", "[".repeat(200_000), "]".repeat(200_000));
    assert!(from_ir(&text(&nested, "1")).expect_err("too deep").to_string().contains("is not read here"));
    let blocks: String =
        (0..99).map(|n| format!("{0}  %b{n} : Tensor = prim::If(%0)\n{0}    block0():\n", "    ".repeat(n))).collect();
    assert!(from_ir(&text(&blocks, "0")).expect_err("too deep").to_string().contains("32 blocks lie in each other"));
}
