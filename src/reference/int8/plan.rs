//! From a float net, codes of weights and ranges of activations to a [`Plan`]: everything float happens here, once.

use super::kernels::{Factor, HEADROOM, Mean, Meter, Product, Ruler, Sum, Window};
use super::{Kernel, Layer, Node, Plan};
use lab_sdk::cnn::{Cnn, Cost, Op};
use lab_sdk::{I8, Result, Tensor, ensure};

/// A layer's weights as codes.
#[derive(Clone, Debug)]
pub struct Weights {
    /// In the shape of the layer's own weights, zero point 0.
    pub codes: I8,
    /// One for all, or one for each output channel.
    pub scale: Vec<f32>,
}

/// The nodes that have weights: convolutions and linear layers.
pub fn layers(net: &Cnn) -> Vec<usize> {
    let weighted = |node: &usize| matches!(net.nodes[*node].op, Op::Conv { .. } | Op::Linear { .. });
    (0..net.nodes.len()).filter(weighted).collect()
}

/// The values of a layer's output that its only reader can tell apart; everything, for other nodes.
pub fn told_apart(net: &Cnn, node: usize) -> (f32, f32) {
    match (layers(net).contains(&node), reader(net, node)) {
        (true, Some(Op::Relu)) => (0.0, f32::INFINITY),
        (true, Some(Op::HardSwish)) => (-3.0, f32::INFINITY),
        (true, Some(Op::HardSigmoid)) => (-3.0, 3.0),
        _ => (f32::NEG_INFINITY, f32::INFINITY),
    }
}

/// The only node that reads `node`.
fn reader(net: &Cnn, node: usize) -> Option<&Op> {
    let mut readers = net.nodes.iter().filter(|n| n.inputs.contains(&node));
    readers.next().filter(|_| readers.next().is_none()).map(|n| &n.op)
}

impl Plan {
    /// `net` with batch normalisation folded, for images of `side` x `side`; ranges and weights by node.
    pub fn new(net: &Cnn, side: usize, ranges: &[(f32, f32)], weights: &[Option<Weights>]) -> Result<Plan> {
        ensure!(
            ranges.len() == net.nodes.len() && weights.len() == net.nodes.len(),
            "one range and weight slot a node"
        );
        let costs = net.costs(side)?;
        let mut made = Meter::default();
        let mut rulers: Vec<Ruler> = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        for (at, node) in net.nodes.iter().enumerate() {
            let from: Vec<Ruler> = node.inputs.iter().map(|&i| rulers[i]).collect();
            let observed = Ruler::over(ranges[at].0, ranges[at].1);
            let shape = |of: usize| extents(&costs[of]);
            let mut factor = |m: f64| {
                made.float += 2;
                Factor::of(m)
            };
            let (kernel, ruler) = match &node.op {
                Op::Input => (Kernel::Input, observed),
                Op::Relu
                    if matches!(nodes[node.inputs[0]].kernel, Kernel::Layer(_))
                        && told_apart(net, node.inputs[0]).0 == 0.0 =>
                {
                    (Kernel::Fused, from[0])
                }
                Op::Relu => table(from[0], |x| x.max(0.0)),
                Op::HardSwish => table(from[0], |x| x * hard_sigmoid(x)),
                Op::HardSigmoid => table(from[0], hard_sigmoid),
                Op::Add => {
                    // Twice the coarser scale, so that no sum leaves 32 bits.
                    let common = 2.0 * f64::from(from[0].scale.max(from[1].scale));
                    let factors = [0, 1].map(|i| factor(f64::from(from[i].scale) / common));
                    let factor = factor(common / (2f64.powi(HEADROOM) * f64::from(observed.scale)));
                    let zps = [from[0].zp, from[1].zp];
                    (Kernel::Add(Sum { zps, factors, factor, zp: observed.zp }), observed)
                }
                Op::Mul => {
                    let m = f64::from(from[0].scale) * f64::from(from[1].scale) / f64::from(observed.scale);
                    let (h, w, c) = shape(at);
                    let (zps, zp) = ([from[0].zp, from[1].zp], observed.zp);
                    (Kernel::Mul(Product { zps, factor: factor(m), zp, pixels: h * w, c }), observed)
                }
                Op::GlobalPool => {
                    let (h, w, c) = shape(node.inputs[0]);
                    let m = f64::from(from[0].scale) / (f64::from(observed.scale) * (h * w) as f64);
                    let (x_zp, zp) = (from[0].zp, observed.zp);
                    (Kernel::Pool(Mean { x_zp, factor: factor(m), zp, pixels: h * w, c }), observed)
                }
                Op::Conv { .. } | Op::Linear { .. } => {
                    let weights = weights[at].as_ref().ok_or_else(|| format!("no weights for `{}`", node.name))?;
                    let layer = layer(&node.name, &node.op, shape(node.inputs[0]), weights, from[0], observed)?;
                    made.float += 4 * layer.n as u64;
                    (Kernel::Layer(Box::new(layer)), observed)
                }
                Op::BatchNorm { .. } => return Err("batch normalisation has to be folded first".into()),
            };
            if let Kernel::Table(table) = &kernel {
                made.float += 3 * table.len() as u64;
            }
            rulers.push(ruler);
            nodes.push(Node { inputs: node.inputs.clone(), kernel });
        }
        ensure!(!rulers.is_empty(), "a net without nodes");
        let (h, w, c) = extents(&costs[0]);
        Ok(Plan { nodes, input: rulers[0], pixels: h * w * c, made })
    }
}

/// (H, W, C) of an output (C, H, W) or (N).
fn extents(cost: &Cost) -> (usize, usize, usize) {
    match cost.shape[..] {
        [c, h, w] => (h, w, c),
        _ => (1, 1, cost.shape.iter().product()),
    }
}

fn hard_sigmoid(x: f32) -> f32 {
    (x / 6.0 + 0.5).clamp(0.0, 1.0)
}

/// A function of one value as a table of codes; its results set the output's ruler.
fn table(from: Ruler, function: impl Fn(f32) -> f32) -> (Kernel, Ruler) {
    let results: Vec<f32> = (0..256).map(|byte| function(from.real(byte as u8 as i8))).collect();
    let (low, high) = results.iter().fold((0.0_f32, 0.0_f32), |(low, high), &y| (low.min(y), high.max(y)));
    let ruler = Ruler::over(low, high);
    (Kernel::Table(Box::new(std::array::from_fn(|byte| ruler.code(results[byte])))), ruler)
}

fn layer(
    name: &str,
    op: &Op,
    (h, w, c): (usize, usize, usize),
    weights: &Weights,
    x: Ruler,
    y: Ruler,
) -> Result<Layer> {
    let (shape, bias, side, stride, pad, groups) = match op {
        Op::Conv { w, b, stride, pad, groups } => (w.dims(), b.as_ref(), w.dim(3)?, *stride, *pad, *groups),
        Op::Linear { w, b } => (w.dims(), Some(b), 1, 1, 0, 1),
        _ => return Err(format!("`{name}` has no weights").into()),
    };
    let (codes, n) = (&weights.codes, shape[0]);
    ensure!(codes.shape == shape, "weights of `{name}` have shape {:?}, wanted {shape:?}", codes.shape);
    ensure!([1, n].contains(&weights.scale.len()), "`{name}` has {} scales", weights.scale.len());
    let depthwise = groups > 1;
    ensure!(!depthwise || (groups == c && n == c), "`{name}` is grouped, but not depthwise");

    let (per_group, taps) = (c / groups, side * side);
    let k = per_group * taps;
    // (N, C, k, k) -> (N, k, k, C): a row then runs as a patch of the activations does.
    let last = |i: usize| codes.data[i / k * k + i % per_group * taps + i % k / per_group];
    let w_codes: Vec<i8> = (0..n * k).map(last).collect();
    let across = (0..taps * n).map(|i| w_codes[i % n * k + i / n]).collect();

    let real = match bias {
        Some(bias) => bias.to_vec1::<f32>()?,
        None => vec![0.0; n],
    };
    let (mut bias, mut factors, mut folded) = (Vec::new(), Vec::new(), Vec::new());
    for (channel, &real) in real.iter().enumerate() {
        let scale = f64::from(x.scale) * f64::from(weights.scale[channel % weights.scale.len()]);
        bias.push((f64::from(real) / scale).round() as i32);
        factors.push(Factor::of(scale / f64::from(y.scale)));
        let sum: i32 = w_codes[channel * k..(channel + 1) * k].iter().map(|&w| i32::from(w)).sum();
        folded.push(bias[channel].wrapping_sub(x.zp * sum));
    }
    Ok(Layer {
        name: name.to_owned(),
        w: w_codes,
        n,
        k,
        bias,
        mult: factors.iter().map(|f| f.mult).collect(),
        shift: factors.iter().map(|f| f.shift).collect(),
        x_zp: x.zp,
        out_zp: y.zp,
        depthwise,
        window: Window { h, w, c, side, stride, pad },
        folded,
        across: if depthwise { across } else { Vec::new() },
    })
}

/// The largest magnitude of each output channel of `w` (N, ..).
pub fn peaks(w: &Tensor) -> Result<Vec<f32>> {
    let rows = w.flatten_from(1)?.to_vec2::<f32>()?;
    Ok(rows.iter().map(|row| row.iter().fold(0.0_f32, |m, v| m.max(v.abs()))).collect())
}
