//! The network of the experiment, as a capture leaves it: norms behind convolutions, the same thing computed twice, a part that
//! only training needed, weights that are scaled anew in every call, sizes read from the input.

use super::net::{Net, conv_weights, int, norm_weights, normal};
use crate::grading::Draw;
use lab_sdk::{FxArg, Result, Tensor};
use serde_json::json;

/// Images of a call, their side, channels of the first layer.
const IMAGES: usize = 4;
const SIDE: usize = 24;
const CHANNELS: usize = 16;

/// The network and the images of one call.
pub fn net(draw: &mut Draw) -> Result<(Net, Vec<Tensor>)> {
    let mut net = Net::default();
    let shape = [IMAGES, 3, SIDE, SIDE];
    let x = net.input("x", &shape);
    let mut y = layer(&mut net, draw, "stem", &x, [3, CHANNELS])?;
    for block in 0..3 {
        let name = format!("block{block}");
        let inner = layer(&mut net, draw, &format!("{name}.a"), &y, [CHANNELS, CHANNELS])?;
        let inner = norm(&mut net, draw, &format!("{name}.b"), &inner, [CHANNELS, CHANNELS])?;
        // The gate is computed where it is used, twice.
        let gates = [gate(&mut net, &inner), gate(&mut net, &inner)];
        let gated = net.function("operator.mul", &[inner, gates[0].clone()]);
        let passed = net.function("operator.mul", &[y, gates[1].clone()]);
        let sum = net.function("operator.add", &[gated, passed]);
        y = net.module(&format!("{name}.relu"), "ReLU", json!({"inplace": false}), &sum);
    }
    // A head that only training used.
    let auxiliary = layer(&mut net, draw, "auxiliary", &y, [CHANNELS, CHANNELS])?;
    net.named("torch.mean", &[auxiliary], json!({"dim": [2, 3]}));
    let y = net.module("drop", "Dropout", json!({"p": 0.1}), &y);
    let pooled = net.named("torch.mean", std::slice::from_ref(&y), json!({"dim": [2, 3]}));
    let batch = net.method("size", &[y, int(0)]);
    let flat = net.method("view", &[pooled, batch, int(-1)]);
    let w = net.attr("head.weight", normal(draw, &[10, CHANNELS])?);
    let gain = net.attr("head.gain", draw.tensor(&[10, 1], |d| d.uniform(0.5, 1.5))?);
    let scaled = net.function("operator.mul", &[w, gain]);
    let scores = net.function("torch.nn.functional.linear", &[flat, scaled]);
    let images = normal(draw, &shape)?;
    Ok((net.output(&[scores]), vec![images]))
}

/// Means over each image, squashed: (N, C, 1, 1).
fn gate(net: &mut Net, y: &FxArg) -> FxArg {
    let mean = net.named("torch.mean", std::slice::from_ref(y), json!({"dim": [2, 3], "keepdim": true}));
    net.function("torch.sigmoid", &[mean])
}

fn layer(net: &mut Net, draw: &mut Draw, path: &str, x: &FxArg, channels: [usize; 2]) -> Result<FxArg> {
    let y = norm(net, draw, path, x, channels)?;
    Ok(net.module(&format!("{path}.relu"), "ReLU", json!({"inplace": false}), &y))
}

fn norm(net: &mut Net, draw: &mut Draw, path: &str, x: &FxArg, [c, o]: [usize; 2]) -> Result<FxArg> {
    let (conv, bn) = (format!("{path}.conv"), format!("{path}.bn"));
    conv_weights(net, draw, &conv, [o, c, 3, 3], false)?;
    norm_weights(net, draw, &bn, o, true)?;
    let y = net.module(&conv, "Conv2d", json!({"padding": [1, 1]}), x);
    Ok(net.module(&bn, "BatchNorm2d", json!({"eps": 1e-5}), &y))
}
