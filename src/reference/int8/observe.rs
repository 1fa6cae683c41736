//! What the activations of a net are like: ranges and samples, from images that it was not trained on.

use super::plan::{layers, told_apart};
use lab_sdk::cnn::Cnn;
use lab_sdk::{Result, Tensor};

/// Activations by node.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Smallest and largest value. Of a layer, after what its reader cannot tell apart has been cut off: a layer that
    /// only a ReLU reads has no values below 0.
    pub ranges: Vec<(f32, f32)>,
    /// Of layers, values at even distances and the largest magnitude; empty for other nodes.
    pub samples: Vec<Vec<f32>>,
}

/// Images at once.
const SLICE: usize = 16;

/// Runs `net` in float on `images` (B, 1, H, W) and keeps about `most` values of each layer.
pub fn observe(net: &Cnn, images: &Tensor, most: usize) -> Result<Observed> {
    let count = net.nodes.len();
    let mut seen =
        Observed { ranges: vec![(f32::INFINITY, f32::NEG_INFINITY); count], samples: vec![Vec::new(); count] };
    let (layers, n) = (layers(net), images.dim(0)?);
    for start in (0..n).step_by(SLICE) {
        let outputs = net.forward_all(&images.narrow(0, start, SLICE.min(n - start))?)?;
        for (node, output) in outputs.iter().enumerate() {
            let (low, high) = told_apart(net, node);
            let values = output.flatten_all()?.to_vec1::<f32>()?;
            let values = values.iter().map(|v| v.clamp(low, high));
            let range = &mut seen.ranges[node];
            *range = values.clone().fold(*range, |(low, high), v| (low.min(v), high.max(v)));
            if layers.contains(&node) {
                // Odd, so that it visits every column of an image.
                let every = (values.len() * n.div_ceil(SLICE) / most.max(1)).max(1) | 1;
                seen.samples[node].extend(values.skip(start % every).step_by(every));
            }
        }
    }
    for &layer in &layers {
        let (low, high) = seen.ranges[layer];
        seen.samples[layer].push(if high >= -low { high } else { low });
    }
    Ok(seen)
}
