//! The build step `passes`: a rewritten graph does the same on other inputs too, and has no more nodes than are needed.

use super::super::solution;
use super::looks::{does_the_same, no_more, nodes_left};
use super::net::{Net, conv_weights, halves, inputs, int, norm_weights, normal};
use crate::grading::{Check, Draw, Rule};
use lab_sdk::{FxArg, Result, Tensor};
use serde_json::json;

/// A graph, and the inputs of some calls of it.
type Case = (Net, Vec<Vec<Tensor>>);

type Build = fn(&mut Draw) -> Result<Case>;

/// The checks of `optimize`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let same: [(&'static str, Build); 12] = [
        ("the same outputs", plain),
        ("parameters that differ stay apart", keywords),
        ("x - y is not y - x", turned),
        ("an input that nobody reads is still an input", unread),
        ("two dropouts draw two masks", dropouts),
        ("a dropout that nobody reads moves the generator on", dead_dropout),
        ("a write whose result nobody reads is seen later", writes),
        ("a read before a write is not a read after it", across),
        ("of two equal values one is written", copies),
        ("a folded value that is written would not be fresh in the next call", folded_write),
        ("another batch than the example's", sizes),
        ("modules with equal inputs", modules),
    ];
    let fewer: [(&'static str, Build); 6] = [
        ("nothing dead is left", dead),
        ("nothing is computed twice", twice),
        ("nothing is computed that is known before", constants),
        ("one pass makes work for another", chained),
        ("a parameter is read once", reads),
        ("drawn graphs have no node too many", drawn),
    ];
    let mut cases = |build: Build| (0..3).map(|_| build(draw)).collect::<Result<Vec<Case>>>();
    let (mut checks, mut counts) = (Vec::new(), Vec::new());
    for (name, build) in same {
        let scripts = cases(build)?.iter().map(|(net, calls)| does_the_same("optimize", net, calls)).collect();
        checks.push(Check::by(name, Rule::Floor(8.0), scripts));
    }
    let mut safe = Vec::new();
    for (name, build) in fewer {
        let built = cases(build)?;
        safe.extend(built.iter().map(|(net, calls)| does_the_same("optimize", net, calls)));
        let left = built.iter().map(|(net, _)| nodes_left("optimize", net)).collect();
        counts.push(Check::by(name, no_more("nodes too many"), left));
    }
    checks.push(Check::by("what is left out was not needed", Rule::Floor(8.0), safe));
    checks.extend(counts);
    // The solution's own result has nothing left to do.
    let done = (0..3).map(|_| {
        let (net, _) = drawn(draw)?;
        let (g, params) = solution::optimize(&net.g, &net.params)?;
        Ok(nodes_left("optimize", &Net { g, params }))
    });
    let done = done.collect::<Result<Vec<_>>>()?;
    checks.push(Check::by("an optimized graph stays as it is", no_more("nodes too many"), done));
    Ok(checks)
}

/// Two calls with these shapes.
fn two(draw: &mut Draw, shapes: &[&[usize]]) -> Result<Vec<Vec<Tensor>>> {
    Ok(vec![inputs(draw, shapes)?, inputs(draw, shapes)?])
}

fn plain(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let a = net.named("torch.add", &[x.clone(), y.clone()], json!({"alpha": halves(draw)}));
    let b = net.method("sub", &[a, y]);
    let c = net.function("torch.relu", &[b]);
    let d = net.function("operator.mul", &[c, x]);
    Ok((net.output(&[d]), two(draw, &[&shape, &shape])?))
}

/// Equal but for a keyword argument.
fn keywords(draw: &mut Draw) -> Result<Case> {
    let (mut net, side) = (Net::default(), draw.size(2..=4));
    let x = net.input("x", &[side, side]);
    let rows = net.named("torch.sum", std::slice::from_ref(&x), json!({"dim": 0}));
    let columns = net.named("torch.sum", std::slice::from_ref(&x), json!({"dim": 1}));
    let less = net.function("operator.sub", &[rows, columns]);
    let near = net.named("torch.add", &[less.clone(), x.clone()], json!({"alpha": 0.5}));
    let far = net.named("torch.add", &[less, x], json!({"alpha": 2.0}));
    Ok((net.output(&[near, far]), two(draw, &[&[side, side]])?))
}

fn turned(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let less = net.function("operator.sub", &[x.clone(), y.clone()]);
    let more = net.function("operator.sub", &[y, x]);
    Ok((net.output(&[less, more]), two(draw, &[&shape, &shape])?))
}

fn unread(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, _, y) = (net.input("x", &shape), net.input("mask", &shape), net.input("y", &shape));
    let a = net.function("operator.sub", &[x, y]);
    Ok((net.output(&[a]), two(draw, &[&shape, &shape, &shape])?))
}

fn drop_of(net: &mut Net, x: &FxArg, training: bool) -> FxArg {
    net.named("torch.nn.functional.dropout", std::slice::from_ref(x), json!({"p": 0.5, "training": training}))
}

fn dropouts(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(4..=6), draw.size(4..=6)]);
    let x = net.input("x", &shape);
    let (a, b) = (drop_of(&mut net, &x, true), drop_of(&mut net, &x, true));
    let sum = net.function("operator.add", &[a, b]);
    Ok((net.output(&[sum]), two(draw, &[&shape])?))
}

fn dead_dropout(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(4..=6), draw.size(4..=6)]);
    let x = net.input("x", &shape);
    let y = net.function("torch.tanh", std::slice::from_ref(&x));
    drop_of(&mut net, &y, true);
    let b = drop_of(&mut net, &x, true);
    Ok((net.output(&[b]), two(draw, &[&shape])?))
}

fn writes(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let a = net.function("operator.mul", &[x, FxArg::Float(2.0)]);
    match draw.size(0..=2) {
        0 => drop(net.method("add_", &[a.clone(), y])),
        1 => drop(net.method("copy_", &[a.clone(), y])),
        _ => drop(net.function("operator.imul", &[a.clone(), y])),
    }
    let b = net.function("torch.tanh", &[a]);
    Ok((net.output(&[b]), two(draw, &[&shape, &shape])?))
}

fn across(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let a = net.function("operator.mul", &[x, FxArg::Float(2.0)]);
    let before = net.function("torch.tanh", std::slice::from_ref(&a));
    net.method("add_", &[a.clone(), y]);
    let after = net.function("torch.tanh", &[a]);
    let less = net.function("operator.sub", &[after, before]);
    Ok((net.output(&[less]), two(draw, &[&shape, &shape])?))
}

fn copies(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let a = net.function("torch.tanh", std::slice::from_ref(&x));
    let b = net.function("torch.tanh", &[x]);
    let c = net.method("add_", &[a, y]);
    let less = net.function("operator.mul", &[c, b]);
    Ok((net.output(&[less]), two(draw, &[&shape, &shape])?))
}

fn folded_write(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let x = net.input("x", &shape);
    let w = net.attr("w", normal(draw, &shape)?);
    let a = net.function("operator.mul", &[w, FxArg::Float(2.0)]);
    let b = net.method("add_", &[a, x]);
    Ok((net.output(&[b]), two(draw, &[&shape])?))
}

/// Sizes read at run time, by either way that torch.fx records; called with the example's batch and with others.
fn sizes(draw: &mut Draw) -> Result<Case> {
    let (mut net, n, a) = (Net::default(), draw.size(2..=4), 2 * draw.size(1..=2));
    let x = net.input("x", &[n, a, 3]);
    let batch = if draw.one_in(2) {
        net.method("size", &[x.clone(), int(0)])
    } else {
        let shape = net.function("builtins.getattr", &[x.clone(), FxArg::Str("shape".into())]);
        net.function("operator.getitem", &[shape, int(0)])
    };
    let active = net.function("torch.relu", &[x]);
    let flat = net.method("view", &[active, batch, int(-1)]);
    let calls = [n, n + 1, 1].map(|n| inputs(draw, &[&[n, a, 3]])).into_iter().collect::<Result<_>>()?;
    Ok((net.output(&[flat]), calls))
}

fn modules(draw: &mut Draw) -> Result<Case> {
    let (mut net, c) = (Net::default(), draw.size(2..=3));
    let x = net.input("x", &[2, c, 4, 4]);
    conv_weights(&mut net, draw, "conv", [c, c, 3, 3], true)?;
    norm_weights(&mut net, draw, "bn", c, true)?;
    let of = json!({"padding": [1, 1]});
    let (a, b) = (net.module("conv", "Conv2d", of.clone(), &x), net.module("conv", "Conv2d", of, &x));
    let a = net.module("bn", "BatchNorm2d", json!({"eps": 1e-5}), &a);
    let sum = net.function("operator.add", &[a, b]);
    Ok((net.output(&[sum]), two(draw, &[&[2, c, 4, 4]])?))
}

fn dead(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let x = net.input("x", &shape);
    let w = net.attr("w", normal(draw, &shape)?);
    let a = net.function("torch.tanh", std::slice::from_ref(&x));
    let b = net.function("operator.mul", &[x.clone(), w]);
    let c = net.function("torch.exp", &[b]);
    net.function("operator.add", &[c, a.clone()]);
    let d = drop_of(&mut net, &a, false);
    net.function("torch.relu", &[d]);
    let e = net.function("torch.sigmoid", &[a]);
    Ok((net.output(&[e]), two(draw, &[&shape])?))
}

fn twice(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let (x, y) = (net.input("x", &shape), net.input("y", &shape));
    let half = halves(draw);
    let mut side = || {
        let a = net.named("torch.add", &[x.clone(), y.clone()], json!({"alpha": half}));
        let b = net.method("tanh", std::slice::from_ref(&a));
        net.function("operator.mul", &[b, a])
    };
    let (one, other) = (side(), side());
    let sum = net.function("operator.add", &[one, other]);
    Ok((net.output(&[sum]), two(draw, &[&shape, &shape])?))
}

fn constants(draw: &mut Draw) -> Result<Case> {
    let (mut net, (a, b)) = (Net::default(), (draw.size(2..=3), draw.size(2..=3)));
    let x = net.input("x", &[2 * a, b]);
    let w = net.attr("fc.weight", normal(draw, &[a, b])?);
    let turned = net.method("t", &[w]);
    let half = halves(draw);
    let scaled = net.function("operator.mul", &[turned, half]);
    let rows = net.function("operator.mul", &[int(2), int(a as i64)]);
    let product = net.function("torch.matmul", &[x, scaled]);
    let flat = net.method("view", &[product, rows, int(-1)]);
    Ok((net.output(&[flat]), two(draw, &[&[2 * a, b]])?))
}

/// Two constants are equal only when they are folded; only then are their readers equal, and only then is one of them dead.
fn chained(draw: &mut Draw) -> Result<Case> {
    let (mut net, a) = (Net::default(), draw.size(2..=3) as i64);
    let x = net.input("x", &[2, 3 * a as usize]);
    let one = net.function("operator.add", &[int(a), int(2 * a)]);
    let other = net.function("operator.mul", &[int(a), int(3)]);
    let left = net.method("view", &[x.clone(), int(-1), one]);
    let right = net.method("view", &[x, int(-1), other.clone()]);
    let doubled = net.function("operator.mul", &[other, int(2)]);
    net.method("view", &[left.clone(), doubled]);
    let sum = net.function("operator.add", &[left, right]);
    Ok((net.output(&[sum]), two(draw, &[&[2, 3 * a as usize]])?))
}

fn reads(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [draw.size(2..=3), draw.size(2..=4)]);
    let x = net.input("x", &shape);
    let first = net.attr("w", normal(draw, &shape)?);
    let a = net.function("operator.mul", &[x.clone(), first]);
    let second = net.read("w");
    let b = net.function("operator.mul", &[x, second]);
    let less = net.function("operator.add", &[a, b]);
    Ok((net.output(&[less]), two(draw, &[&shape])?))
}

/// Operations over few values, so that some are equal and some dead.
fn drawn(draw: &mut Draw) -> Result<Case> {
    let (mut net, shape) = (Net::default(), [3, 3]);
    let mut values = vec![net.input("x", &shape), net.input("y", &shape)];
    values.push(net.attr("w", normal(draw, &shape)?));
    values.push(net.attr("v", normal(draw, &shape)?));
    for _ in 0..draw.size(10..=14) {
        let (p, q) = (draw.choose(&values).clone(), draw.choose(&values).clone());
        values.push(match draw.size(0..=4) {
            0 => net.function("operator.add", &[p, q]),
            1 => net.function("operator.mul", &[p, FxArg::Float(0.5)]),
            2 => net.function("torch.tanh", &[q]),
            3 => net.method("t", &[p]),
            _ => net.named("torch.add", &[p, q], json!({"alpha": 0.25})),
        });
    }
    let outputs = [values[values.len() - 1].clone(), values[values.len() - 3].clone()];
    Ok((net.output(&outputs), two(draw, &[&shape, &shape])?))
}
