//! A small dense net with ReLU between its layers and Adam: what labs train in this process, from a seed, in seconds.
//! Which weights may live and what the loss is, is the caller's business. Left out: decay, schedules, other optimizers.
//!
//! Letters: B images of a batch, I inputs and O outputs of a layer, C classes.

use lab_sdk::{Device, Result, Tensor, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A net.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// Inputs, the width of each hidden layer, outputs.
    pub sizes: Vec<usize>,
    /// (O, I) of each layer, row by row.
    pub weights: Vec<Vec<f32>>,
    /// (O) of each layer.
    pub biases: Vec<Vec<f32>>,
}

/// Images and their classes, as rows.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Values of one row.
    pub width: usize,
    /// (rows, width)
    pub values: Vec<f32>,
    /// (rows)
    pub labels: Vec<u32>,
}

/// The slope of a loss in every weight and bias of a net.
#[derive(Clone, Debug, PartialEq)]
pub struct Slopes {
    /// As [`Mlp::weights`].
    pub weights: Vec<Vec<f32>>,
    /// As [`Mlp::biases`].
    pub biases: Vec<Vec<f32>>,
}

impl Mlp {
    /// Normal weights of variance 2 / I (arXiv 1502.01852), biases 0.
    pub fn new(sizes: &[usize], seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layers: Vec<(usize, usize)> = sizes.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let weights = layers.iter().map(|&(inputs, outputs)| {
            let spread = (2.0 / inputs as f64).sqrt();
            (0..inputs * outputs).map(|_| (spread * normal(&mut rng)) as f32).collect()
        });
        Self {
            sizes: sizes.to_vec(),
            weights: weights.collect(),
            biases: layers.iter().map(|&(_, outputs)| vec![0.0; outputs]).collect(),
        }
    }

    /// The weights as tensors (O, I).
    pub fn tensors(&self) -> Result<Vec<Tensor>> {
        (0..self.weights.len()).map(|layer| self.matrix(layer)).collect()
    }

    /// Takes weights from tensors (O, I).
    pub fn set(&mut self, weights: &[Tensor]) -> Result<()> {
        ensure!(weights.len() == self.weights.len(), "{} tensors for {} layers", weights.len(), self.weights.len());
        for (layer, w) in weights.iter().enumerate() {
            let (outputs, inputs) = (self.sizes[layer + 1], self.sizes[layer]);
            ensure!(w.dims() == [outputs, inputs], "layer {layer} is {outputs} x {inputs}, not {:?}", w.dims());
            self.weights[layer] = w.flatten_all()?.to_vec1()?;
        }
        Ok(())
    }

    /// x (B, I) -> (B, C).
    pub fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let mut activations = self.activations(x)?;
        Ok(activations.pop().unwrap_or_else(|| x.clone()))
    }

    /// The slopes of a loss. `loss` turns logits (B, C), row by row, into the slope of the loss in them.
    pub fn slopes(&self, x: &Tensor, loss: impl FnOnce(&mut [f32])) -> Result<Slopes> {
        let mut activations = self.activations(x)?;
        let rows = x.dim(0)?;
        let mut slope: Vec<f32> = match activations.pop() {
            Some(logits) => logits.flatten_all()?.to_vec1()?,
            None => Vec::new(),
        };
        loss(&mut slope);
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for layer in (0..self.weights.len()).rev() {
            let outputs = self.sizes[layer + 1];
            let mut bias = vec![0.0; outputs];
            for row in slope.chunks_exact(outputs) {
                bias.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            }
            biases.push(bias);
            let tensor = Tensor::from_vec(slope, (rows, outputs), &Device::Cpu)?;
            let input = if layer == 0 { x } else { &activations[layer - 1] };
            weights.push(tensor.t()?.matmul(input)?.flatten_all()?.to_vec1()?);
            slope = Vec::new();
            if layer > 0 {
                slope = tensor.matmul(&self.matrix(layer)?)?.flatten_all()?.to_vec1()?;
                let active: Vec<f32> = input.flatten_all()?.to_vec1()?;
                slope.iter_mut().zip(&active).filter(|(_, a)| **a <= 0.0).for_each(|(v, _)| *v = 0.0);
            }
        }
        weights.reverse();
        biases.reverse();
        Ok(Slopes { weights, biases })
    }

    /// Images in a hundred whose largest logit is that of their class.
    pub fn accuracy(&self, test: &Rows) -> Result<f64> {
        let x = test.all()?;
        let classes: Vec<u32> = self.logits(&x)?.argmax(1)?.to_vec1()?;
        let right = classes.iter().zip(&test.labels).filter(|(class, label)| class == label).count();
        Ok(100.0 * right as f64 / test.labels.len() as f64)
    }

    /// What each layer puts out, the logits last.
    fn activations(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let mut all: Vec<Tensor> = Vec::with_capacity(self.weights.len());
        for layer in 0..self.weights.len() {
            let product = all.last().unwrap_or(x).matmul(&self.matrix(layer)?.t()?)?;
            let sum = product.broadcast_add(&Tensor::new(self.biases[layer].as_slice(), &Device::Cpu)?)?;
            all.push(if layer + 1 < self.weights.len() { sum.relu()? } else { sum });
        }
        Ok(all)
    }

    fn matrix(&self, layer: usize) -> Result<Tensor> {
        let shape = (self.sizes[layer + 1], self.sizes[layer]);
        Ok(Tensor::from_slice(&self.weights[layer], shape, &Device::Cpu)?)
    }
}

impl Rows {
    /// All of them, (rows, width).
    pub fn all(&self) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.values, (self.labels.len(), self.width), &Device::Cpu)?)
    }

    /// `count` of them, drawn with replacement.
    pub fn draw(&self, count: usize, rng: &mut ChaCha8Rng) -> Result<(Tensor, Vec<u32>)> {
        let mut values = Vec::with_capacity(count * self.width);
        let mut labels = Vec::with_capacity(count);
        for _ in 0..count {
            let row = rng.random_range(0..self.labels.len());
            values.extend_from_slice(&self.values[row * self.width..(row + 1) * self.width]);
            labels.push(self.labels[row]);
        }
        Ok((Tensor::from_vec(values, (count, self.width), &Device::Cpu)?, labels))
    }
}

/// Turns logits into the slope of their mean cross-entropy: (softmax - 1 at the label) / B.
pub fn cross_entropy(logits: &mut [f32], labels: &[u32]) {
    let classes = logits.len() / labels.len().max(1);
    let share = 1.0 / labels.len() as f32;
    for (row, &label) in logits.chunks_exact_mut(classes).zip(labels) {
        let peak = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|v| *v = (*v - peak).exp());
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|v| *v *= share / sum);
        row[label as usize] -= share;
    }
}

/// Adam (arXiv 1412.6980) with its usual constants.
#[derive(Clone, Debug)]
pub struct Adam {
    /// The learning rate.
    pub rate: f32,
    steps: i32,
    moments: Vec<Vec<(f32, f32)>>,
}

impl Adam {
    /// For a net, with a learning rate.
    pub fn new(net: &Mlp, rate: f32) -> Self {
        let moments = net.weights.iter().chain(&net.biases).map(|p| vec![(0.0, 0.0); p.len()]).collect();
        Self { rate, steps: 0, moments }
    }

    /// One step down the slopes.
    pub fn step(&mut self, net: &mut Mlp, slopes: &Slopes) {
        const BETA: (f32, f32) = (0.9, 0.999);
        self.steps += 1;
        let unbias = (1.0 - BETA.0.powi(self.steps), 1.0 - BETA.1.powi(self.steps));
        let (rate, damp) = (self.rate / unbias.0, 1.0 / unbias.1);
        let parameters = net.weights.iter_mut().chain(&mut net.biases);
        let slopes = slopes.weights.iter().chain(&slopes.biases);
        for ((parameter, slope), moments) in parameters.zip(slopes).zip(&mut self.moments) {
            for ((p, g), (m, v)) in parameter.iter_mut().zip(slope).zip(moments) {
                *m = BETA.0 * *m + (1.0 - BETA.0) * g;
                *v = BETA.1 * *v + (1.0 - BETA.1) * g * g;
                *p -= rate * *m / ((damp * *v).sqrt() + 1e-8);
            }
        }
    }
}

/// A standard normal number (Box-Muller).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let net = Mlp::new(&[5, 7, 4, 3], 3);
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let values: Vec<f32> = (0..6 * 5).map(|_| normal(&mut rng) as f32).collect();
        let x = Tensor::from_vec(values, (6, 5), &Device::Cpu).expect("6x5");
        let labels = [0, 1, 2, 2, 1, 0];
        let loss = |net: &Mlp| {
            let logits: Vec<Vec<f32>> = net.logits(&x).and_then(|l| Ok(l.to_vec2()?)).expect("logits");
            let each = logits.iter().zip(labels).map(|(row, label)| {
                let sum: f64 = row.iter().map(|v| f64::from(*v).exp()).sum();
                sum.ln() - f64::from(row[label as usize])
            });
            each.sum::<f64>() / 6.0
        };
        let slopes = net.slopes(&x, |logits| cross_entropy(logits, &labels)).expect("slopes");
        let moved = |change: &dyn Fn(&mut Mlp, f32)| {
            let (mut up, mut down) = (net.clone(), net.clone());
            change(&mut up, 1e-3);
            change(&mut down, -1e-3);
            (loss(&up) - loss(&down)) / 2e-3
        };
        for layer in 0..3 {
            for at in 0..net.weights[layer].len() {
                let numeric = moved(&|net, by| net.weights[layer][at] += by);
                let exact = f64::from(slopes.weights[layer][at]);
                assert!((numeric - exact).abs() < 2e-3, "weight {at} of layer {layer}: {numeric} and {exact}");
            }
            for at in 0..net.biases[layer].len() {
                let numeric = moved(&|net, by| net.biases[layer][at] += by);
                let exact = f64::from(slopes.biases[layer][at]);
                assert!((numeric - exact).abs() < 2e-3, "bias {at} of layer {layer}: {numeric} and {exact}");
            }
        }
    }

    #[test]
    fn adam_begins_with_steps_of_its_rate() {
        let mut net = Mlp::new(&[2, 1], 1);
        let before = net.clone();
        let slopes = Slopes { weights: vec![vec![0.3, -20.0]], biases: vec![vec![1e-3]] };
        Adam::new(&net, 0.01).step(&mut net, &slopes);
        let moves = [
            net.weights[0][0] - before.weights[0][0],
            net.weights[0][1] - before.weights[0][1],
            net.biases[0][0] - before.biases[0][0],
        ];
        for (moved, wanted) in moves.into_iter().zip([-0.01, 0.01, -0.01]) {
            assert!((moved - wanted).abs() < 1e-5, "{moves:?}");
        }
    }
}
