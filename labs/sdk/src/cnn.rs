//! The shipped convolutional net `cnn`: a small MobileNet as a list of nodes that labs can fold, quantize and cut.
//!
//! Letters: B images, C input channels, N output channels, H W height and width, k kernel side. Everything is NCHW.
//! Batch normalisation is kept apart from the convolutions until [`Cnn::fold_bn`]. Left out: training, which is
//! `examples/train-cnn.rs`, and every number format but f32 and f64. What the model scores stands in `models/cnn.md`.

mod arch;
mod cost;
mod depthwise;
mod fold;
#[cfg(test)]
mod tests;

pub use arch::EPS;
pub use cost::Cost;

use crate::{Result, ensure};
use candle_core::{D, DType, Device, Tensor};
use rayon::prelude::*;

/// Images that [`Cnn::logits`] runs at once: few enough that the activations stay in cache and below the 65,536 elements
/// from which candle shares an elementwise operation among threads, one operation at a time for the whole process.
const SLICE: usize = 16;

/// A net: its nodes in an order in which inputs come first. Node 0 is [`Op::Input`], the last one gives the logits.
#[derive(Clone, Debug)]
pub struct Cnn {
    /// The nodes; an index into this list names one.
    pub nodes: Vec<Node>,
}

/// One operation with its weights.
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique within the net, such as `ir1.depthwise.bn`.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Indices of the nodes it reads.
    pub inputs: Vec<usize>,
}

/// What a node computes from its inputs, (B, C, H, W) unless said otherwise.
#[derive(Clone, Debug)]
pub enum Op {
    /// The image, (B, 1, H, W).
    Input,
    /// Cross-correlation with zero padding; depthwise when `groups` is C and N.
    Conv {
        /// (N, C / groups, k, k)
        w: Tensor,
        /// (N)
        b: Option<Tensor>,
        /// Step between outputs, both ways.
        stride: usize,
        /// Zeros on each side.
        pad: usize,
        /// Channels are convolved within so many groups.
        groups: usize,
    },
    /// `gain (x - mean) / sqrt(var + eps) + bias`, each (C): inference with running statistics (arXiv 1502.03167).
    BatchNorm {
        /// Often called gamma.
        gain: Tensor,
        /// Often called beta.
        bias: Tensor,
        /// Running mean.
        mean: Tensor,
        /// Running variance.
        var: Tensor,
        /// Keeps the root away from zero.
        eps: f64,
    },
    /// `max(x, 0)`
    Relu,
    /// `x hard_sigmoid(x)` (arXiv 1905.02244, section 5.2).
    HardSwish,
    /// `min(max(x + 3, 0), 6) / 6`
    HardSigmoid,
    /// The sum of two tensors of one shape.
    Add,
    /// The first input times the second, (B, C, 1, 1).
    Mul,
    /// The mean over H and W, (B, C, 1, 1).
    GlobalPool,
    /// `w x + b` of (B, K, 1, 1) or (B, K), giving (B, N).
    Linear {
        /// (N, K)
        w: Tensor,
        /// (N)
        b: Tensor,
    },
}

impl Op {
    /// The output for `inputs`, differentiable in the inputs and in the weights.
    pub fn apply(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let arity = match self {
            Op::Input => 0,
            Op::Add | Op::Mul => 2,
            _ => 1,
        };
        ensure!(inputs.len() == arity, "{} inputs instead of {arity}", inputs.len());
        Ok(match self {
            Op::Input => return Err("the input is given, not computed".into()),
            Op::Conv { w, b, stride, pad, groups } => {
                let y = conv(inputs[0], w, *stride, *pad, *groups)?;
                match b {
                    Some(b) => y.broadcast_add(&channels(b)?)?,
                    None => y,
                }
            }
            Op::BatchNorm { gain, bias, mean, var, eps } => {
                let scale = (gain / (var + *eps)?.sqrt()?)?;
                let shift = (bias - (mean * &scale)?)?;
                inputs[0].broadcast_mul(&channels(&scale)?)?.broadcast_add(&channels(&shift)?)?
            }
            Op::Relu => inputs[0].relu()?,
            Op::HardSwish => (inputs[0] * hard_sigmoid(inputs[0])?)?,
            Op::HardSigmoid => hard_sigmoid(inputs[0])?,
            Op::Add => (inputs[0] + inputs[1])?,
            Op::Mul => inputs[0].broadcast_mul(inputs[1])?,
            Op::GlobalPool => inputs[0].flatten_from(2)?.mean_keepdim(2)?.unsqueeze(3)?,
            Op::Linear { w, b } => inputs[0].flatten_from(1)?.matmul(&w.t()?)?.broadcast_add(b)?,
        })
    }

    /// The trained tensors, then the running statistics.
    fn tensors(&mut self) -> (Vec<&mut Tensor>, Vec<&mut Tensor>) {
        match self {
            Op::Conv { w, b, .. } => (std::iter::once(w).chain(b).collect(), vec![]),
            Op::BatchNorm { gain, bias, mean, var, .. } => (vec![gain, bias], vec![mean, var]),
            Op::Linear { w, b } => (vec![w, b], vec![]),
            _ => (vec![], vec![]),
        }
    }
}

impl Cnn {
    /// The shipped weights, f32.
    pub fn load() -> Result<Cnn> {
        let file = include_bytes!("../models/cnn.safetensors");
        let tensors = candle_core::safetensors::load_buffer(file, &Device::Cpu)?;
        Cnn::build(&mut |name, shape| match tensors.get(name) {
            Some(tensor) if tensor.dims() == shape => Ok(tensor.clone()),
            found => Err(format!("cnn.safetensors has {found:?} where `{name}` {shape:?} is wanted").into()),
        })
    }

    /// The same net in another dtype: f64 shows how much of a difference is f32 rounding.
    pub fn to_dtype(&self, dtype: DType) -> Result<Cnn> {
        let mut net = self.clone();
        for node in &mut net.nodes {
            let (trained, statistics) = node.op.tensors();
            for tensor in trained.into_iter().chain(statistics) {
                *tensor = tensor.to_dtype(dtype)?;
            }
        }
        Ok(net)
    }

    /// The output of every node for images `x` (B, 1, H, W): (B, C, H, W), and (B, 10) for the last.
    pub fn forward_all(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let mut outputs: Vec<Tensor> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|&i| outputs.get(i)).collect();
            ensure!(inputs.len() == node.inputs.len(), "`{}` reads a node that comes after it", node.name);
            let output = match &node.op {
                Op::Input => x.clone(),
                op => op.apply(&inputs)?,
            };
            outputs.push(output);
        }
        Ok(outputs)
    }

    /// (B, 10) for images `x` (B, 1, H, W), a slice of images at a time, so that no activation of all of them is kept.
    pub fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let n = x.dim(0)?;
        let slices: Vec<usize> = (0..n).step_by(SLICE).collect();
        let logits = slices.into_par_iter().map(|start| {
            let outputs = self.forward_all(&x.narrow(0, start, SLICE.min(n - start))?)?;
            outputs.last().cloned().ok_or_else(|| "a net without nodes".into())
        });
        Ok(Tensor::cat(&logits.collect::<Result<Vec<_>>>()?, 0)?)
    }

    /// The share of `images` (B, 1, H, W) whose largest logit is at their label, 0 to 1.
    pub fn accuracy(&self, images: &Tensor, labels: &[u32]) -> Result<f64> {
        ensure!(!labels.is_empty() && images.dim(0)? == labels.len(), "as many labels as images, and at least one");
        let found: Vec<u32> = self.logits(images)?.argmax(D::Minus1)?.to_vec1()?;
        let right = found.iter().zip(labels).filter(|(found, label)| found == label).count();
        Ok(right as f64 / labels.len() as f64)
    }
}

/// Pointwise by matmul, depthwise by direct loops, anything else by candle.
fn conv(x: &Tensor, w: &Tensor, stride: usize, pad: usize, groups: usize) -> Result<Tensor> {
    let ((b, c, h, width), (n, per_group, k, _)) = (x.dims4()?, w.dims4()?);
    if groups == c && n == c && per_group == 1 {
        return depthwise::depthwise(x, w, stride, pad);
    }
    if (k, stride, pad, groups) != (1, 1, 0, 1) {
        return Ok(x.conv2d(w, pad, stride, 1, groups)?);
    }
    let w = w.reshape((n, per_group))?;
    if h * width == 1 {
        return Ok(x.reshape((b, c))?.matmul(&w.t()?)?.reshape((b, n, 1, 1))?);
    }
    let y = w.broadcast_as((b, n, per_group))?.matmul(&x.contiguous()?.reshape((b, c, h * width))?)?; // (B, N, H W)
    Ok(y.reshape((b, n, h, width))?)
}

fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    Ok(x.affine(1.0 / 6.0, 0.5)?.clamp(0.0, 1.0)?)
}

/// (C) as (1, C, 1, 1), to meet (B, C, H, W).
fn channels(x: &Tensor) -> Result<Tensor> {
    Ok(x.reshape((1, x.dim(0)?, 1, 1))?)
}
