//! What each node of a net costs for one image: output shape, parameters, multiply-accumulates. Not time, not bytes.

use super::{Cnn, Op};
use crate::{Result, ensure};
use candle_core::{DType, Device, Tensor};

/// What one node costs for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The node's output without the batch dimension.
    pub shape: Vec<usize>,
    /// Trained numbers: weights, biases, gains. Running statistics are not trained and not counted.
    pub params: usize,
    /// Multiply-accumulates of `Conv` (taps on the zero padding included) and of `Linear`; everything else counts 0.
    pub macs: usize,
}

impl Cnn {
    /// One entry a node, for one image of `side` x `side` pixels. The shapes come from running the net on it.
    pub fn costs(&self, side: usize) -> Result<Vec<Cost>> {
        ensure!(self.nodes.len() > 1, "a net without nodes");
        let dtype = self.nodes.iter().find_map(|node| match &node.op {
            Op::Conv { w, .. } | Op::Linear { w, .. } => Some(w.dtype()),
            _ => None,
        });
        let blank = Tensor::zeros((1, 1, side, side), dtype.unwrap_or(DType::F32), &Device::Cpu)?;
        let outputs = self.forward_all(&blank)?;
        let costs = self.nodes.iter().zip(&outputs).map(|(node, output)| {
            let size = output.elem_count();
            let (params, macs) = match &node.op {
                Op::Conv { w, b, .. } => {
                    let bias = b.as_ref().map_or(0, Tensor::elem_count);
                    let taps = w.dims().iter().skip(1).product::<usize>(); // C / groups * k * k
                    (w.elem_count() + bias, size * taps)
                }
                Op::BatchNorm { gain, bias, .. } => (gain.elem_count() + bias.elem_count(), 0),
                Op::Linear { w, b } => (w.elem_count() + b.elem_count(), w.elem_count()),
                _ => (0, 0),
            };
            Cost { shape: output.dims()[1..].to_vec(), params, macs }
        });
        Ok(costs.collect())
    }
}
