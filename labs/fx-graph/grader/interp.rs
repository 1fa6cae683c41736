//! The build step `interp`: what a graph returns, and how much is held while it runs.

use super::net::{Net, conv_weights, halves, inputs, int, norm_weights, normal};
use crate::grading::{Argument, Check, Draw, Rule, Script, Seen};
use lab_sdk::{FxArg, IntoValue, Opcode, Result, Tensor, Value};
use serde_json::json;

const RULE: Rule = Rule::Floor(8.0);

/// A net and its inputs, drawn.
type Drawn = Result<(Net, Vec<Tensor>)>;
type Build = fn(&mut Draw) -> Drawn;

/// The checks of `run`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let nets = |build: Build, draw: &mut Draw| (0..3).map(|_| build(draw)).collect::<Result<Vec<_>>>();
    let mut checks = Vec::new();
    let ideas: [(&str, Build); 6] = [
        ("functions, in order", functions),
        ("keyword arguments count", keywords),
        ("a method is called on its first argument", methods),
        ("modules find their settings and weights", modules),
        ("lists, sizes and slices are values too", lists),
        ("several outputs, one of them an input", several),
    ];
    for (name, build) in ideas {
        checks.push(Check::by(name, RULE, nets(build, draw)?.iter().map(|(net, ins)| values(net, ins)).collect()));
    }
    let ledgers: [(&str, Build); 6] = [
        ("most bytes of a chain", chain),
        ("most bytes where a value is read again later", residual),
        ("a keyword argument is read too", read_by_keyword),
        ("parameters and inputs are lent", lent),
        ("what nobody reads is given up at once", unread),
        ("a result is set while its inputs are held", wide),
    ];
    for (name, build) in ledgers {
        checks.push(Check::by(name, RULE, nets(build, draw)?.iter().map(|(net, ins)| ledger(net, ins)).collect()));
    }
    let drawn = (0..12).map(|size| random(draw, 4 + size)).collect::<Result<Vec<_>>>()?;
    checks.push(Check::by("drawn graphs", RULE, drawn.iter().map(|(net, ins)| ledger(net, ins)).collect()));
    checks.extend(refused(draw)?);
    Ok(checks)
}

fn values(net: &Net, ins: &[Tensor]) -> Script {
    let [g, params] = [net.g.clone().into_value(), net.params.clone().into_value()].map(Argument::Value);
    let ins = Argument::Value(ins.to_vec().into_value());
    Script::call("Mem.new", Vec::new()).whole().then("run", vec![g, params, ins, Argument::Result(0)])
}

/// The same, and what the ledger says afterwards.
fn ledger(net: &Net, ins: &[Tensor]) -> Script {
    values(net, ins).tell("Mem.peak", 0).tell("Mem.live", 0)
}

fn functions(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let product = net.function("operator.mul", &[x.clone(), y.clone()]);
    let less = net.function("operator.sub", &[product, y]);
    let active = net.function("torch.relu", &[less]);
    let half = halves(draw);
    let scaled = net.function("operator.mul", &[active, half]);
    let sum = net.function("operator.add", &[scaled, x]);
    Ok((net.output(&[sum]), inputs(draw, &[&shape, &shape])?))
}

fn keywords(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(4..=5)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let sum = net.named("torch.add", &[x, y], json!({"alpha": halves(draw)}));
    let rows = net.named("torch.sum", std::slice::from_ref(&sum), json!({"dim": 1, "keepdim": true}));
    let shares = net.named("torch.nn.functional.softmax", &[sum], json!({"dim": 0}));
    let result = net.function("operator.mul", &[shares, rows]);
    Ok((net.output(&[result]), inputs(draw, &[&shape, &shape])?))
}

/// The sum reads an earlier value by keyword.
fn read_by_keyword(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let x = net.input("x", &shape);
    let kept = net.function("torch.tanh", &[x]);
    let powers = net.function("torch.exp", std::slice::from_ref(&kept));
    let shares = net.function("torch.sigmoid", &[powers]);
    let sum = net.named("torch.add", &[shares], json!({"other": kept, "alpha": halves(draw)}));
    Ok((net.output(&[sum]), inputs(draw, &[&shape])?))
}

fn methods(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, (a, b)) = (Net::default(), (draw.size(2..=3), draw.size(2..=4)));
    let (x, y) = (net.input("x", &[a, b]), net.input("y", &[b, a]));
    let turned = net.method("t", &[y]);
    let less = net.method("sub", &[x, turned]);
    let flat = net.method("view", &[less, int(-1)]);
    let active = net.method("relu", &[flat]);
    Ok((net.output(&[active]), inputs(draw, &[&[a, b], &[b, a]])?))
}

fn modules(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (n, c, side) = (draw.size(1..=2), 2 * draw.size(1..=2), draw.size(5..=6));
    let (mut net, o) = (Net::default(), 2 * draw.size(2..=3));
    let x = net.input("x", &[n, c, side, side]);
    conv_weights(&mut net, draw, "conv", [o, c / 2, 3, 3], true)?;
    norm_weights(&mut net, draw, "bn", o, true)?;
    let conv = net.module("conv", "Conv2d", json!({"stride": [2, 2], "padding": [1, 1], "groups": 2}), &x);
    let norm = net.module("bn", "BatchNorm2d", json!({"eps": 1e-3}), &conv);
    let active = net.module("relu", "ReLU", json!({"inplace": false}), &norm);
    let pooled = net.module("pool", "AdaptiveAvgPool2d", json!({"output_size": 1}), &active);
    let flat = net.named("torch.flatten", &[pooled, int(1)], json!({}));
    net.params.insert("fc.weight".into(), normal(draw, &[3, o])?);
    net.params.insert("fc.bias".into(), normal(draw, &[3])?);
    let scores = net.module("fc", "Linear", json!({}), &flat);
    Ok((net.output(&[scores]), inputs(draw, &[&[n, c, side, side]])?))
}

fn lists(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, (a, b)) = (Net::default(), (draw.size(2..=3), 2 * draw.size(2..=3)));
    let x = net.input("x", &[a, b]);
    let size = net.method("size", &[x.clone(), int(0)]);
    let parts = net.named("torch.chunk", &[x.clone(), int(2)], json!({"dim": 1}));
    let first = net.function("operator.getitem", &[parts.clone(), int(0)]);
    let second = net.function("operator.getitem", &[parts, int(1)]);
    let joined = net.named("torch.cat", &[FxArg::List(vec![second, first])], json!({"dim": 1}));
    let whole = FxArg::Slice { slice: vec![FxArg::None; 3] };
    let tail = FxArg::Slice { slice: vec![int(1), FxArg::None, FxArg::None] };
    let cut = net.function("operator.getitem", &[joined, FxArg::List(vec![whole, tail])]);
    let back = net.method("reshape", &[cut, int(-1), size]);
    Ok((net.output(&[back]), inputs(draw, &[&[a, b]])?))
}

fn several(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let sum = net.function("operator.add", &[x.clone(), y.clone()]);
    let less = net.function("operator.sub", &[sum.clone(), y.clone()]);
    Ok((net.output(&[less, y, sum]), inputs(draw, &[&shape, &shape])?))
}

fn chain(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let mut value = net.input("x", &shape);
    for _ in 0..draw.size(4..=6) {
        let target = *draw.choose(&["torch.tanh", "torch.exp", "torch.sigmoid"]);
        value = net.function(target, &[value]);
    }
    Ok((net.output(&[value]), inputs(draw, &[&shape])?))
}

fn residual(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let x = net.input("x", &shape);
    let kept = net.function("torch.tanh", &[x]);
    let mut value = net.function("torch.exp", std::slice::from_ref(&kept));
    for _ in 0..draw.size(2..=3) {
        value = net.function("torch.sigmoid", &[value]);
    }
    let sum = net.function("operator.add", &[value, kept]);
    let last = net.function("torch.relu", &[sum]);
    Ok((net.output(&[last]), inputs(draw, &[&shape])?))
}

fn lent(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, (a, b)) = (Net::default(), (draw.size(2..=3), draw.size(3..=5)));
    let x = net.input("x", &[a, b]);
    let w = net.attr("w", normal(draw, &[b, b])?);
    let first = net.function("torch.matmul", &[x.clone(), w.clone()]);
    let again = net.read("w");
    let second = net.function("torch.matmul", &[first, again]);
    let sum = net.function("operator.add", &[second, x]);
    let third = net.function("torch.matmul", &[sum, w]);
    Ok((net.output(&[third]), inputs(draw, &[&[a, b]])?))
}

fn unread(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let x = net.input("x", &shape);
    let first = net.function("torch.tanh", std::slice::from_ref(&x));
    net.function("torch.exp", &[x]);
    let second = net.function("torch.sigmoid", &[first]);
    let third = net.function("torch.relu", &[second]);
    Ok((net.output(&[third]), inputs(draw, &[&shape])?))
}

/// The result is the largest value, and so are its inputs beside it.
fn wide(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, (a, b)) = (Net::default(), (draw.size(2..=3), draw.size(2..=4)));
    let x = net.input("x", &[a, b]);
    let first = net.function("torch.tanh", &[x]);
    let twice = net.named("torch.cat", &[FxArg::List(vec![first.clone(), first])], json!({"dim": 0}));
    let sums = net.named("torch.sum", &[twice], json!({"dim": 0}));
    Ok((net.output(&[sums]), inputs(draw, &[&[a, b]])?))
}

/// A graph of `size` operations over matrices of one shape, of which some are read several times and some never.
fn random(draw: &mut Draw, size: usize) -> Result<(Net, Vec<Tensor>)> {
    let (mut net, (a, b)) = (Net::default(), (draw.size(2..=3), draw.size(2..=4)));
    let mut values = vec![net.input("x", &[a, b]), net.input("y", &[a, b])];
    values.push(net.attr("w", normal(draw, &[a, b])?));
    let square = net.attr("m", normal(draw, &[b, b])?);
    for _ in 0..size {
        let (p, q) = (draw.choose(&values).clone(), draw.choose(&values[values.len() / 2..]).clone());
        values.push(match draw.size(0..=6) {
            0 => net.named("torch.add", &[p, q], json!({"alpha": halves(draw)})),
            1 => net.function("operator.mul", &[p, q]),
            2 => net.method("sub", &[p, q]),
            3 => net.function("torch.matmul", &[q, square.clone()]),
            4 => net.function("torch.relu", &[q]),
            5 => net.method("tanh", &[q]),
            _ => {
                let rows = net.named("torch.mean", &[p], json!({"dim": 1, "keepdim": true}));
                net.function("operator.sub", &[q, rows])
            }
        });
    }
    let last = values[values.len() - 1].clone();
    let early = values[values.len() - 1 - size / 2].clone();
    Ok((net.output(&[last, early]), inputs(draw, &[&[a, b], &[a, b]])?))
}

fn refused(draw: &mut Draw) -> Result<Vec<Check>> {
    let shape = [2, 3];
    let small = |inner: &dyn Fn(&mut Net, FxArg) -> FxArg| {
        let mut net = Net::default();
        let x = net.input("x", &shape);
        let y = inner(&mut net, x);
        net.output(&[y])
    };
    let x = inputs(draw, &[&shape])?;
    let lost = small(&|net, _| net.function("torch.relu", &[FxArg::node("y")]));
    let own = small(&|net, _| net.function("torch.relu", &[FxArg::node("relu")]));
    let mut twice = small(&|net, x| net.function("torch.relu", &[x]));
    let again = twice.g.nodes[1].clone();
    twice.g.nodes.insert(2, again);
    let mut open = small(&|net, x| net.function("torch.relu", &[x]));
    open.g.nodes.retain(|node| node.op != Opcode::Output);
    let right = small(&|net, x| net.function("torch.relu", &[x]));
    let missing = small(&|net, _| net.read("w"));
    let strange = small(&|net, x| net.function("torch.warp", &[x]));
    let unknown = small(&|net, x| net.method("warp", &[x]));
    let two = inputs(draw, &[&shape, &shape])?;
    Ok(vec![
        Check::refuses("`run` refuses a reference to what no node before makes", vec![values(&lost, &x), values(&own, &x)]),
        Check::refuses("`run` refuses two nodes of one name", vec![values(&twice, &x)]),
        Check::refuses("`run` refuses a graph without an output", vec![values(&open, &x)]),
        Check::refuses("`run` refuses more or fewer inputs than placeholders", vec![values(&right, &two), values(&right, &[])]),
        Check::refuses("`run` refuses a parameter that is not there", vec![values(&missing, &x)]),
        Check::refuses("`run` refuses a target that is not known", vec![values(&strange, &x), values(&unknown, &x)]),
    ])
}

/// The most bytes that were held, and what is enough.
pub fn peak_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (Some(Value::Int(got)), Some(Value::Int(wanted))) = (seen.result(2), seen.right(2)) else { return Vec::new() };
    vec![("got", got.to_string()), ("wanted", wanted.to_string())]
}
