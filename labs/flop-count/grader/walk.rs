//! The build step `walk`: shapes through a graph, a row for each node, the sums.

use super::small::{Small, act, conv, counted, doubled, image_net, linear, norm, pool, renamed, reordered, token_net};
use crate::grading::{Check, Draw, Rule, Script, Seen, number, read};
use crate::args;
use crate::reference::arch;
use lab_sdk::{Arch, Convention, IntoValue, Norm, Op, Report, Result, Value};
use serde_json::json;

/// The checks of `count`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = ideas(draw);
    checks.extend(charged(draw));
    checks.extend(whole(draw)?);
    checks.extend(properties(draw)?);
    checks.extend(refused());
    Ok(checks)
}

fn strict(arch: &Arch) -> Script {
    counted(arch, &Convention::default())
}

/// One idea a check, on nets of a few nodes.
fn ideas(draw: &mut Draw) -> Vec<Check> {
    let chain = small(draw, |net, size| {
        net.then("conv", conv(size(5), 3, 2, 1, true));
        net.then("act", act());
        let [n, c, h, w] = image(net);
        net.then("flat", Op::Reshape { shape: vec![n, c * h * w] });
        net.then("fc", linear(size(9), true));
    });
    let norms = small(draw, |net, size| {
        net.then("conv", conv(size(8), 3, 1, 1, false));
        net.then("bn", norm(Norm::Batch));
    });
    let sums = small(draw, |net, size| {
        let c = size(6);
        net.then("a", conv(c, 3, 1, 1, false));
        net.add("b", conv(c, 1, 1, 1, true), &["x"]);
        net.add("sum", Op::Add {}, &["a", "b"]);
        net.add("wide", Op::Concat { axis: 1 }, &["sum", "a", "x"]);
        net.then("half", Op::Slice { axis: 1, start: 1, end: c + 1 });
        net.then("last", conv(size(4), 3, 1, 1, false));
    });
    let gates = small(draw, |net, size| {
        let c = 4 * size(4);
        net.then("conv", conv(c, 3, 1, 1, false));
        net.then("squeeze", Op::GlobalPool {});
        net.then("reduce", conv(c / 4, 1, 1, 1, true));
        net.then("expand", conv(c, 1, 1, 1, true));
        net.add("scaled", Op::Mul {}, &["conv", "expand"]);
        net.then("project", conv(size(8), 1, 1, 1, false));
    });
    let grouped = small(draw, |net, size| {
        let (g, c) = (2, size(5));
        net.then("stem", conv(2 * c, 1, 1, 1, false));
        net.then("a", conv(2 * size(3), 3, 1, g, false));
        net.then("shuffle", Op::Shuffle { groups: g });
        net.then("b", conv(2 * size(3), 1, 2, g, true));
    });
    let pools = |ceil: bool| {
        let mut cases = Vec::new();
        for (k, stride, pad) in [(3, 2, 0), (2, 2, 0), (3, 3, 0), (3, 2, 1)] {
            // Both a side that the stride divides and one that it does not.
            let mut net = Small::new(&[1, 2, 4 * stride + k, 4 * stride + k + 1]);
            net.then("pool", pool(k, stride, pad, ceil));
            net.then("conv", conv(3, 3, 1, 1, false));
            cases.push(strict(&net.done()));
        }
        cases
    };
    let edge = [(5, 2, 2, 1), (7, 2, 2, 1), (4, 3, 3, 1)].map(|(side, k, stride, pad)| {
        let mut net = Small::new(&[1, 2, side, side]);
        net.then("pool", pool(k, stride, pad, true));
        net.then("conv", conv(3, 1, 1, 1, false));
        strict(&net.done())
    });
    let mut checks = vec![
        Check::exact("a convolution, then a linear layer", chain),
        Check::exact("a batch norm has a scale and a shift", norms),
        Check::exact("sums, and channels side by side", sums),
        Check::exact("squeeze and excite", gates),
        Check::exact("groups and a shuffle", grouped),
        Check::exact("pools that round down", pools(false)),
        Check::exact("pools that round up", pools(true)),
        Check::exact("rounding up, no window begins in the padding", edge.to_vec()),
    ];
    checks.extend(sequences(draw));
    checks
}

fn sequences(draw: &mut Draw) -> Vec<Check> {
    let mut size = |low: usize, high: usize| draw.count(low..=high);
    let (b, s, d) = (size(2, 3), size(5, 9), 8 * size(1, 3));
    let mut rows = Small::new(&[b, s, d]);
    rows.then("up", linear(size(10, 30), true));
    rows.then("down", linear(d, false));
    let mut norms = Small::new(&[b, s, d]);
    norms.then("layer", norm(Norm::Layer));
    norms.then("affine", norm(Norm::Affine));
    let mut rms = Small::new(&[b, s, d]);
    rms.then("rms", norm(Norm::Rms));
    let mut words = Small::new(&[b, s]);
    words.then("words", Op::Embedding { rows: size(50, 90), dim: d });
    words.then("fc", linear(size(3, 9), true));
    let head = |vocab: u64, bias: bool| {
        let mut net = Small::new(&[b, s]);
        net.then("words", Op::Embedding { rows: vocab, dim: d });
        net.then("body", linear(d, false));
        net.then("head", linear(vocab, bias));
        net.tied("words");
        strict(&net.done())
    };
    let heads = vec![head(size(40, 90), false), head(size(40, 90), true)];
    let mut products = Small::new(&[b, s, d]);
    products.then("q", linear(d, false));
    products.add("k", linear(d, false), &["x"]);
    products.then("turned", Op::Reshape { shape: vec![b, d, s] });
    products.add("scores", Op::Matmul {}, &["q", "turned"]);
    let attention = |hq: u64, hkv: u64, causal: bool, window: Option<u64>| {
        let mut net = Small::new(&[b, s, d]);
        net.add("q", linear(hq * 6, false), &["x"]);
        net.add("k", linear(hkv * 6, false), &["x"]);
        net.add("v", linear(hkv * 10, true), &["x"]);
        net.add("attention", Op::Attention { hq, hkv, causal, window }, &["q", "k", "v"]);
        net.then("o", linear(d, true));
        strict(&net.done())
    };
    let attention = vec![attention(4, 4, false, None), attention(6, 2, true, None), attention(4, 1, true, Some(3))];
    vec![
        Check::exact("a linear layer on every token", vec![strict(&rows.done())]),
        Check::exact("a layer norm has a scale and a shift", vec![strict(&norms.done())]),
        Check::exact("an RMS norm has a scale", vec![strict(&rms.done())]),
        Check::exact("an embedding is looked up", vec![strict(&words.done())]),
        Check::exact("a shared weight is learned once and used twice", heads),
        Check::exact("a product of two results", vec![strict(&products.done())]),
        Check::exact("attention between linear layers", attention),
    ]
}

/// What a convention counts beside the products.
fn charged(draw: &mut Draw) -> Vec<Check> {
    let only = |change: fn(&mut Convention, u64), each: u64| {
        let mut c = Convention::default();
        change(&mut c, each);
        c
    };
    let mut nets = Vec::new();
    for bias in [true, false] {
        let mut size = |low: usize, high: usize| draw.count(low..=high);
        let mut net = Small::new(&[2, 3, 9, 11]);
        net.then("conv", conv(size(3, 6), 3, 1, 1, bias));
        net.then("bn", norm(Norm::Batch));
        net.then("act", act());
        net.then("pool", pool(3, 2, 0, false));
        net.then("mean", Op::GlobalPool {});
        let [n, c, ..] = image(&net);
        net.then("flat", Op::Reshape { shape: vec![n, c] });
        net.then("ln", norm(Norm::Layer));
        net.then("fc", linear(size(4, 9), !bias));
        nets.push(net.done());
    }
    let by = |c: &Convention| nets.iter().map(|net| counted(net, c)).collect::<Vec<_>>();
    let mut each = || draw.count(2..=5);
    let norms = by(&only(|c, each| c.bn_per_elem = each, each()));
    let acts = by(&only(|c, each| c.act_per_elem = each, each()));
    let pools = by(&only(|c, each| c.pool_per_in_elem = each, each()));
    let biases = by(&only(|c, each| c.bias_per_out = each, each()));
    let skip = |names: &[&str]| Convention {
        skip: names.iter().map(|name| (*name).to_owned()).collect(),
        bn_per_elem: 2,
        ..Convention::default()
    };
    let skipped: Vec<Script> =
        [&["conv"][..], &["fc", "bn"], &["x", "act", "mean"]].iter().flat_map(|names| by(&skip(names))).collect();
    vec![
        Check::exact("`bn_per_elem`: what batch norms return", norms),
        Check::exact("`act_per_elem`: what activations return", acts),
        Check::exact("`pool_per_in_elem`: what pools read", pools),
        Check::exact("`bias_per_out`: what layers with a bias return", biases),
        Check::exact("`skip`: those nodes get no row", skipped),
    ]
}

/// Drawn graphs, and nets that were published.
fn whole(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut graphs = Vec::new();
    for at in 0..30 {
        let net = if at % 3 == 0 { token_net(draw) } else { image_net(draw)? };
        let mut each = || if at % 2 == 0 { draw.count(0..=3) } else { 0 };
        let (bn_per_elem, act_per_elem, pool_per_in_elem, bias_per_out) = (each(), each(), each(), each());
        let c = Convention { bn_per_elem, act_per_elem, pool_per_in_elem, bias_per_out, skip: Vec::new() };
        graphs.push(counted(&net, &c));
    }
    let names = [
        "mobilenet_v1_0.25",
        "mobilenet_v2",
        "mobilenet_v3_small",
        "efficientnet_b0",
        "shufflenet_v1_g3",
        "shufflenet_v2",
        "squeezenet_1_0",
        "alexnet",
        "alexnet_bvlc",
        "resnet50",
        "tinybert4",
        "distilbert",
        "mobilebert",
        "llama3_8b",
        "gpt2_xl",
    ];
    let published = names.iter().map(|name| Ok(strict(&arch::load(name)?))).collect::<Result<_>>()?;
    Ok(vec![Check::exact("drawn graphs", graphs), Check::exact("published nets", published)])
}

fn properties(draw: &mut Draw) -> Result<Vec<Check>> {
    let c = Convention { bn_per_elem: 2, act_per_elem: 1, pool_per_in_elem: 1, bias_per_out: 1, skip: Vec::new() };
    let (mut twice, mut names, mut orders, mut skips, mut sums) = (vec![], vec![], vec![], vec![], vec![]);
    for at in 0..6 {
        let net = if at % 3 == 0 { token_net(draw) } else { image_net(draw)? };
        let beside = |other: &Arch, c: &Convention| {
            let one = counted(&net, &Convention { skip: Vec::new(), ..c.clone() });
            one.then_values("count", args![other.clone(), c.clone()])
        };
        twice.push(beside(&doubled(&net), &c));
        names.push(beside(&renamed(&net), &c));
        orders.push(beside(&reordered(draw, &net), &c));
        let node = draw.choose(&net.nodes).name.clone();
        skips.push(beside(&net, &Convention { skip: vec![node], ..c.clone() }));
        sums.push(counted(&net, &c));
    }
    Ok(vec![
        Check::by("totals are the sums of the rows", Rule::at_most(off_the_sums, 0.0, "off"), sums),
        Check::by("twice the batch: twice the work, the same weights", Rule::at_most(off_twice, 0.0, "off"), twice),
        Check::by("other names change nothing", Rule::at_most(apart, 0.0, "apart"), names),
        Check::by("another order of the nodes changes nothing", Rule::at_most(apart, 0.0, "apart"), orders),
        Check::by("a skipped node takes its own row and nothing else", Rule::at_most(off_the_skipped, 0.0, "off"), skips),
    ])
}

fn report(seen: &Seen<'_>, call: usize) -> Option<Report> {
    read(seen.result(call))
}

fn off_the_sums(seen: &Seen<'_>) -> (f64, String) {
    let Some(report) = report(seen, 0) else { return (f64::NAN, String::new()) };
    let macs: u64 = report.rows.iter().map(|row| row.macs).sum();
    let params: u64 = report.rows.iter().map(|row| row.params).sum();
    let off = macs.abs_diff(report.macs) + params.abs_diff(report.params);
    (off as f64, format!("rows {macs} and {params}, totals {} and {}", report.macs, report.params))
}

fn off_twice(seen: &Seen<'_>) -> (f64, String) {
    let (Some(one), Some(two)) = (report(seen, 0), report(seen, 1)) else { return (f64::NAN, String::new()) };
    let off = two.macs.abs_diff(2 * one.macs) + two.params.abs_diff(one.params);
    (off as f64, format!("macs {} to {}, params {} to {}", one.macs, two.macs, one.params, two.params))
}

fn apart(seen: &Seen<'_>) -> (f64, String) {
    let (Some(one), Some(two)) = (report(seen, 0), report(seen, 1)) else { return (f64::NAN, String::new()) };
    let off = two.macs.abs_diff(one.macs) + two.params.abs_diff(one.params);
    (off as f64, format!("macs {} and {}, params {} and {}", one.macs, two.macs, one.params, two.params))
}

fn off_the_skipped(seen: &Seen<'_>) -> (f64, String) {
    let (Some(all), Some(less)) = (report(seen, 0), report(seen, 1)) else { return (f64::NAN, String::new()) };
    let gone: Vec<_> = all.rows.iter().filter(|row| !less.rows.contains(row)).collect();
    let [row] = gone[..] else { return (f64::NAN, format!("{} rows are gone or changed", gone.len())) };
    let off = (all.macs - row.macs).abs_diff(less.macs) + (all.params - row.params).abs_diff(less.params);
    (off as f64, format!("without `{}`: {} macs", row.name, number(less.macs as f64)))
}

fn refused() -> Vec<Check> {
    let net = |build: &dyn Fn(&mut Small)| {
        let mut net = Small::new(&[1, 4, 8, 8]);
        build(&mut net);
        strict(&net.done()).keep(&[0, 1])
    };
    let missing = net(&|net| net.add("conv", conv(4, 3, 1, 1, false), &["y"]));
    let cycle = net(&|net| {
        net.add("a", Op::Add {}, &["x", "b"]);
        net.add("b", act(), &["a"]);
    });
    let own = net(&|net| net.add("a", Op::Add {}, &["x", "a"]));
    let unequal = net(&|net| {
        net.then("conv", conv(4, 3, 2, 1, false));
        net.add("sum", Op::Add {}, &["x", "conv"]);
    });
    let channels = net(&|net| {
        net.then("conv", conv(1, 3, 1, 1, false));
        net.add("sum", Op::Add {}, &["x", "conv"]);
    });
    let unknown = Script::call("count", vec![Value::Json(warped()), Convention::default().into_value()]).keep(&[0, 1]);
    let none = net(&|net| net.then("conv", conv(0, 3, 1, 1, false)));
    let empty = strict(&Small::new(&[1, 0, 8, 8]).done()).keep(&[0, 1]);
    let groups = net(&|net| net.then("conv", conv(4, 3, 1, 3, false)));
    let reshaped = net(&|net| net.then("flat", Op::Reshape { shape: vec![1, 255] }));
    vec![
        Check::refuses("`count` refuses an input that no node before it provides", vec![missing, cycle, own]),
        Check::refuses("`count` refuses a sum of unequal shapes", vec![unequal, channels]),
        Check::refuses("`count` refuses an operation that is not on the list", vec![unknown]),
        Check::refuses("`count` refuses sizes of 0", vec![none, empty]),
        Check::refuses("`count` refuses groups that do not divide, and a reshape that loses elements", vec![groups, reshaped]),
    ]
}

/// A net with an operation that no list has.
fn warped() -> serde_json::Value {
    json!({"name": "small", "nodes": [
        {"name": "x", "op": "input", "inputs": [], "tie": null, "attrs": {"shape": [1, 4, 8, 8]}},
        {"name": "warp", "op": "warp", "inputs": ["x"], "tie": null, "attrs": {"by": 2}},
    ]})
}

/// Three nets of one form on images of drawn sizes.
fn small(draw: &mut Draw, build: impl Fn(&mut Small, &mut dyn FnMut(usize) -> u64)) -> Vec<Script> {
    let mut cases = Vec::new();
    for _ in 0..3 {
        let mut size = |low: usize, high: usize| draw.count(low..=high);
        let mut net = Small::new(&[size(1, 3), size(2, 4), size(7, 12), size(7, 12)]);
        build(&mut net, &mut |high| draw.count(2..=high));
        cases.push(strict(&net.done()));
    }
    cases
}

/// The shape of the last node of a net that is right so far.
fn image(net: &Small) -> [u64; 4] {
    let report = super::super::solution::count(net.so_far(), &Convention::default());
    let last = report.ok().and_then(|report| report.rows.into_iter().next_back());
    last.and_then(|row| row.out.try_into().ok()).unwrap_or([1; 4])
}
