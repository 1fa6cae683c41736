//! The build step `conv-bn`: a folded graph does the same, and no norm stays that can go.

use super::looks::{does_the_same, no_more, norms_left};
use super::net::{Net, conv_weights, inputs, norm_weights};
use crate::grading::{Check, Draw, Rule};
use lab_sdk::{FxArg, Result, Tensor};
use serde_json::json;

type Case = (Net, Vec<Vec<Tensor>>);

/// One convolution with a norm behind it.
struct Pair {
    channels: [usize; 2],
    groups: usize,
    bias: bool,
    affine: bool,
    eps: f64,
    training: bool,
}

impl Pair {
    const PLAIN: Self = Self { channels: [3, 3], groups: 1, bias: true, affine: true, eps: 1e-5, training: false };
}

/// The checks of `fold_conv_bn`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let wide = |draw: &mut Draw| [draw.size(2..=3), draw.size(4..=5)];
    let narrow = |draw: &mut Draw| [draw.size(4..=5), draw.size(2..=3)];
    let folded: Vec<(&'static str, Vec<Case>)> = vec![
        ("as many channels in as out", vec![one(draw, Pair::PLAIN)?, one(draw, Pair { channels: [4, 4], ..Pair::PLAIN })?]),
        ("more channels out", vec![sized(draw, wide)?, sized(draw, wide)?]),
        ("fewer channels out", vec![sized(draw, narrow)?, sized(draw, narrow)?]),
        ("a convolution without a bias", vec![one(draw, Pair { bias: false, ..Pair::PLAIN })?]),
        ("a norm without weights of its own", vec![one(draw, Pair { affine: false, ..Pair::PLAIN })?]),
        ("another epsilon", vec![one(draw, Pair { eps: 1e-3, ..Pair::PLAIN })?, one(draw, Pair { eps: 1e-2, ..Pair::PLAIN })?]),
        (
            "groups",
            vec![
                one(draw, Pair { channels: [4, 6], groups: 2, ..Pair::PLAIN })?,
                one(draw, Pair { channels: [4, 4], groups: 4, bias: false, ..Pair::PLAIN })?,
            ],
        ),
        ("several in a row, and around a sum", vec![block(draw)?, block(draw)?]),
    ];
    let kept: Vec<(&'static str, Vec<Case>)> = vec![
        ("the convolution has a second reader", vec![second_reader(draw, false)?, second_reader(draw, true)?]),
        ("a convolution that is called twice", vec![shared(draw)?]),
        ("a norm in training mode", vec![one(draw, Pair { training: true, ..Pair::PLAIN })?]),
        ("a norm behind something else", vec![elsewhere(draw)?]),
    ];
    let mut checks = Vec::new();
    for (name, cases) in folded.iter().chain(&kept) {
        let scripts = cases.iter().map(|(net, calls)| does_the_same("fold_conv_bn", net, calls)).collect();
        checks.push(Check::by(name, Rule::Floor(16.0), scripts));
    }
    let cases = folded.iter().flat_map(|(_, cases)| cases);
    let left = cases.map(|(net, _)| norms_left("fold_conv_bn", net)).collect();
    checks.push(Check::by("no norm stays that can go", no_more("norms too many"), left));
    Ok(checks)
}

fn sized(draw: &mut Draw, channels: impl Fn(&mut Draw) -> [usize; 2]) -> Result<Case> {
    let channels = channels(draw);
    one(draw, Pair { channels, ..Pair::PLAIN })
}

/// conv and bn at `path`, behind x.
fn pair(net: &mut Net, draw: &mut Draw, path: &str, x: &FxArg, like: &Pair) -> Result<[FxArg; 2]> {
    let [c, o] = like.channels;
    let (conv, bn) = (format!("{path}conv"), format!("{path}bn"));
    conv_weights(net, draw, &conv, [o, c / like.groups, 3, 3], like.bias)?;
    norm_weights(net, draw, &bn, o, like.affine)?;
    let y = net.module(&conv, "Conv2d", json!({"padding": [1, 1], "groups": like.groups}), x);
    let z = net.module(&bn, "BatchNorm2d", json!({"eps": like.eps, "training": like.training}), &y);
    Ok([y, z])
}

fn image(c: usize) -> [usize; 4] {
    [2, c, 4, 4]
}

fn calls(draw: &mut Draw, c: usize) -> Result<Vec<Vec<Tensor>>> {
    Ok(vec![inputs(draw, &[&image(c)])?])
}

fn one(draw: &mut Draw, like: Pair) -> Result<Case> {
    let mut net = Net::default();
    let x = net.input("x", &image(like.channels[0]));
    let [_, norm] = pair(&mut net, draw, "", &x, &like)?;
    let out = net.function("torch.relu", &[norm]);
    Ok((net.output(&[out]), calls(draw, like.channels[0])?))
}

/// relu(bn(conv(x))), then bn(conv(..)), and x added.
fn block(draw: &mut Draw) -> Result<Case> {
    let c = draw.size(2..=4);
    let mut net = Net::default();
    let x = net.input("x", &image(c));
    let like = |bias: bool| Pair { channels: [c, c], bias, eps: 1e-3, ..Pair::PLAIN };
    let [_, norm] = pair(&mut net, draw, "first.", &x, &like(false))?;
    let active = net.function("torch.relu", &[norm]);
    let [_, norm] = pair(&mut net, draw, "second.", &active, &like(true))?;
    let sum = net.function("operator.add", &[norm, x]);
    Ok((net.output(&[sum]), calls(draw, c)?))
}

/// The raw result of the convolution is read too, by a node or by the output.
fn second_reader(draw: &mut Draw, by_output: bool) -> Result<Case> {
    let mut net = Net::default();
    let x = net.input("x", &image(3));
    let [conv, norm] = pair(&mut net, draw, "", &x, &Pair::PLAIN)?;
    let outputs = if by_output { vec![norm, conv] } else { vec![net.function("operator.add", &[norm, conv])] };
    Ok((net.output(&outputs), calls(draw, 3)?))
}

/// The same weights once with a norm behind them, once without.
fn shared(draw: &mut Draw) -> Result<Case> {
    let mut net = Net::default();
    let x = net.input("x", &image(3));
    let [_, norm] = pair(&mut net, draw, "", &x, &Pair::PLAIN)?;
    let active = net.function("torch.relu", &[norm]);
    let again = net.module("conv", "Conv2d", json!({}), &active);
    Ok((net.output(&[again]), calls(draw, 3)?))
}

fn elsewhere(draw: &mut Draw) -> Result<Case> {
    let mut net = Net::default();
    let x = net.input("x", &image(3));
    norm_weights(&mut net, draw, "pre", 3, true)?;
    let first = net.module("pre", "BatchNorm2d", json!({"eps": 1e-5}), &x);
    let [_, norm] = pair(&mut net, draw, "", &first, &Pair::PLAIN)?;
    let active = net.function("torch.relu", &[norm]);
    norm_weights(&mut net, draw, "post", 3, true)?;
    let last = net.module("post", "BatchNorm2d", json!({"eps": 1e-5}), &active);
    Ok((net.output(&[last]), calls(draw, 3)?))
}
