//! The build step `conventions`: what a training step adds, and the figures of three tools.

use super::small::{Small, act, conv, counted, image_net, linear, norm, pool, token_net};
use crate::grading::{Check, Draw, Script, Seen};
use crate::reference::arch;
use lab_sdk::{Arch, Convention, IntoValue, Norm, Op, Result, Value};

/// ptflops 0.6.9.
pub fn ptflops_old() -> Convention {
    Convention { bn_per_elem: 2, act_per_elem: 1, pool_per_in_elem: 1, bias_per_out: 1, skip: Vec::new() }
}

/// ptflops 0.7.5, which sees an activation and a pool both as a module and as the function that it calls.
pub fn ptflops_new() -> Convention {
    Convention { act_per_elem: 2, pool_per_in_elem: 2, ..ptflops_old() }
}

/// fvcore 0.1.5, which skips max pools.
pub fn fvcore(arch: &Arch) -> Convention {
    let skip = arch.nodes.iter().filter(|node| matches!(node.op, Op::Pool { .. })).map(|node| node.name.clone());
    Convention { bn_per_elem: 2, act_per_elem: 0, pool_per_in_elem: 1, bias_per_out: 0, skip: skip.collect() }
}

/// The checks of `train_macs`, and of `count` by the conventions of tools.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = steps(draw);
    let mut graphs = Vec::new();
    for at in 0..20 {
        graphs.push(trained(&if at % 3 == 0 { token_net(draw) } else { image_net(draw)? }));
    }
    checks.push(Check::exact("drawn graphs", graphs));
    let nets = |names: &[&str], call: &dyn Fn(&Arch) -> Script| -> Result<Vec<Script>> {
        names.iter().map(|name| Ok(call(&arch::load(name)?))).collect()
    };
    let trained_nets = ["mobilenet_v1", "alexnet", "resnet50", "tinybert4", "gpt2_xl"];
    checks.push(Check::exact("a training step of published nets", nets(&trained_nets, &trained)?));
    let tools = ["resnet50", "resnet34", "squeezenet_1_0"];
    let old = nets(&tools, &|net| counted(net, &ptflops_old()))?;
    let new = nets(&tools, &|net| counted(net, &ptflops_new()))?;
    checks.push(Check::exact("`count` prints what ptflops 0.6.9 prints", old));
    checks.push(Check::exact("`count` prints what ptflops 0.7.5 prints", new));
    checks.push(Check::exact("`count` prints what fvcore prints", nets(&tools, &|net| counted(net, &fvcore(net)))?));
    Ok(checks)
}

fn trained(arch: &Arch) -> Script {
    Script::call("train_macs", vec![arch.clone().into_value()])
}

/// One idea a check.
fn steps(draw: &mut Draw) -> Vec<Check> {
    let mut size = |low: usize, high: usize| draw.count(low..=high);
    let net = |shape: &[u64], build: &mut dyn FnMut(&mut Small)| {
        let mut net = Small::new(shape);
        build(&mut net);
        trained(&net.done())
    };
    let (c, d) = (size(3, 6), 4 * size(2, 4));
    let image = [2, 3, 8, 8];
    let one = net(&image, &mut |net| net.then("conv", conv(c, 3, 1, 1, false)));
    let chain = net(&image, &mut |net| {
        net.then("a", conv(c, 3, 1, 1, false));
        net.then("act", act());
        net.then("b", conv(2 * c, 3, 2, 1, true));
        net.then("flat", Op::Reshape { shape: vec![2, 2 * c * 16] });
        net.then("fc", linear(5, true));
    });
    let branches = net(&image, &mut |net| {
        net.add("a", conv(c, 3, 1, 1, false), &["x"]);
        net.add("b", conv(c, 1, 1, 1, false), &["x"]);
        net.add("sum", Op::Add {}, &["a", "b"]);
        net.then("last", conv(c, 3, 1, 1, false));
    });
    let pooled = net(&image, &mut |net| {
        net.then("pool", pool(2, 2, 0, false));
        net.then("act", act());
        net.then("a", conv(c, 3, 1, 1, false));
        net.then("b", conv(c, 3, 1, 1, false));
    });
    let normed = net(&image, &mut |net| {
        net.then("bn", norm(Norm::Batch));
        net.then("a", conv(c, 3, 1, 1, false));
    });
    let grouped = net(&[2, 4, 8, 8], &mut |net| {
        net.then("dw", conv(4, 3, 1, 4, false));
        net.then("pw", conv(2 * c, 1, 1, 1, false));
        net.then("g", conv(2 * c, 3, 1, 2, false));
        net.then("dw2", conv(2 * c, 3, 1, 2 * c, false));
    });
    let words = net(&[2, 7], &mut |net| {
        net.then("words", Op::Embedding { rows: 50, dim: d });
        net.then("fc", linear(d, true));
        net.then("head", linear(50, false));
        net.tied("words");
    });
    let attend = |net: &mut Small| {
        net.add("q", linear(d, false), &["x"]);
        net.add("k", linear(d, false), &["x"]);
        net.add("v", linear(d, false), &["x"]);
    };
    let attention = net(&[2, 6, d], &mut |net| {
        attend(net);
        net.add("attention", Op::Attention { hq: 2, hkv: 2, causal: true, window: None }, &["q", "k", "v"]);
        net.then("o", linear(d, true));
    });
    let products = net(&[2, 6, d], &mut |net| {
        attend(net);
        net.add("turned", Op::Reshape { shape: vec![2, d, 6] }, &["k"]);
        net.add("scores", Op::Matmul {}, &["q", "turned"]);
        net.add("mixed", Op::Matmul {}, &["scores", "v"]);
        net.add("on-data", Op::Matmul {}, &["scores", "x"]);
    });
    vec![
        Check::exact("one layer on the image", vec![one]),
        Check::exact("a chain: only the first layer is spared", vec![chain]),
        Check::exact("two layers on the image", vec![branches]),
        Check::exact("a pool before the first layer learns nothing", vec![pooled]),
        Check::exact("a norm before the first layer learns", vec![normed]),
        Check::exact("groups", vec![grouped]),
        Check::exact("an embedding learns", vec![words]),
        Check::exact("attention: both of its products", vec![attention]),
        Check::exact("a product: each factor that depends on something learned", vec![products]),
    ]
}

/// Fills `{got}`, `{wanted}` and `{times}`.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (Some(Value::Int(got)), Some(Value::Int(wanted))) = (seen.result(0), seen.right(0)) else { return Vec::new() };
    let less = format!("{}", (got - wanted).abs());
    let times = crate::grading::plain(*got as f64 / *wanted as f64, 3);
    vec![("got", got.to_string()), ("wanted", wanted.to_string()), ("apart", less), ("times", times)]
}
