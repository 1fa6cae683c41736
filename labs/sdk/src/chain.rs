//! A chain of layers that trains, and counts every byte that it holds for the backward pass.
//!
//! It runs one layer at a time, and only as it is told: which inputs are kept, what a layer saves, when the generator goes
//! back, is the learner's work. One tensor flows through it, and in the backward pass one slope; these two are not counted.
//!
//! Letters: B rows, L layers, I inputs and O outputs of a layer, p the part that dropout sets to zero. Layer i < L - 1:
//! `t = tanh(x W^T)`, `y = dropout(t)`, and `+ x` where I = O. The last layer gives logits: `y = x W^T`.

mod mask;
#[cfg(test)]
mod tests;

use crate::meter::Meter;
use crate::{DType, Device, Result, Tensor, ensure};
use mask::mask;
use std::collections::BTreeMap;

/// A chain of layers with its batch, its gradients, its generator and its ledger.
#[derive(Clone, Debug)]
pub struct Chain {
    /// (O, I) of each layer.
    weights: Vec<Tensor>,
    grads: Vec<Tensor>,
    dropout: f64,
    rng: u64,
    store: Store,
    rows: usize,
    labels: Vec<u32>,
    /// The input of layer n, for the n beside it; the logits at n = L.
    flow: Option<(usize, Tensor)>,
    /// The slope of the loss in the input of layer n; in the logits at n = L.
    slope: Option<(usize, Tensor)>,
    kept: BTreeMap<usize, Tensor>,
    saved: BTreeMap<usize, Saved>,
    meter: Meter,
    forwards: usize,
}

/// In which numbers inputs are kept and activations saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    /// As they are computed.
    Full,
    /// Rounded to BF16.
    Bf16,
}

/// What a layer needs to go backward.
#[derive(Clone, Debug)]
struct Saved {
    /// (B, I)
    x: Tensor,
    /// (B, O), before dropout; none in the last layer.
    t: Option<Tensor>,
    /// (B, O) of 0 and 1, a byte each; none without dropout.
    mask: Option<Tensor>,
}

impl Chain {
    /// Layers with `weights` (O, I), which fit one behind the other; `dropout` is p, and `seed` starts the generator.
    pub fn new(weights: &[Tensor], dropout: f64, seed: u64) -> Result<Self> {
        ensure!(!weights.is_empty(), "a chain without layers");
        ensure!((0.0..1.0).contains(&dropout), "dropout {dropout} is not in 0 .. 1");
        for (i, pair) in weights.windows(2).enumerate() {
            let (outputs, inputs) = (pair[0].dims2()?.0, pair[1].dims2()?.1);
            ensure!(outputs == inputs, "layer {i} puts out {outputs}, the next takes {inputs}");
        }
        Ok(Self {
            weights: weights.to_vec(),
            grads: weights.iter().map(Tensor::zeros_like).collect::<Result<_, _>>()?,
            dropout,
            rng: seed,
            store: Store::Full,
            rows: 0,
            labels: Vec::new(),
            flow: None,
            slope: None,
            kept: BTreeMap::new(),
            saved: BTreeMap::new(),
            meter: Meter::default(),
            forwards: 0,
        })
    }

    /// L.
    pub fn layers(&self) -> usize {
        self.weights.len()
    }

    /// A batch goes in: `x` (B, I) flows before layer 0, `labels` (B) wait for the loss.
    pub fn feed(&mut self, x: &Tensor, labels: &[u32]) -> Result<()> {
        let ((rows, inputs), wanted) = (x.dims2()?, self.weights[0].dims2()?.1);
        ensure!(rows > 0 && inputs == wanted, "a batch of shape {:?}, layer 0 takes {wanted}", x.dims());
        ensure!(labels.len() == rows, "{rows} rows and {} labels", labels.len());
        let classes = self.weights[self.layers() - 1].dims2()?.0;
        ensure!(labels.iter().all(|&label| (label as usize) < classes), "a label beyond {classes} classes");
        (self.rows, self.labels) = (rows, labels.to_vec());
        (self.flow, self.slope) = (Some((0, x.to_dtype(self.weights[0].dtype())?)), None);
        Ok(())
    }

    /// Runs layer `i` on its input, which has to flow. With `save`, what [`Chain::backward`] needs is held.
    pub fn forward(&mut self, i: usize, save: bool) -> Result<()> {
        ensure!(i < self.layers(), "layer {i}: the chain has {}", self.layers());
        let x = self.flowing(i)?.clone();
        let product = x.matmul(&self.weights[i].t()?)?;
        self.forwards += 1;
        if i + 1 == self.layers() {
            self.flow = Some((i + 1, product));
            return if save { self.hold(i, Saved { x, t: None, mask: None }) } else { Ok(()) };
        }
        let t = product.tanh()?;
        let kept = if self.dropout > 0.0 { Some(mask(&mut self.rng, self.dropout, t.dims2()?)?) } else { None };
        let mut y = self.dropped(&t, kept.as_ref())?;
        if y.dims() == x.dims() {
            y = (y + &x)?;
        }
        self.flow = Some((i + 1, y));
        if save { self.hold(i, Saved { x, t: Some(t), mask: kept }) } else { Ok(()) }
    }

    /// Keeps the input of layer `i`, which has to flow.
    pub fn keep(&mut self, i: usize) -> Result<()> {
        ensure!(!self.kept.contains_key(&i), "the input of layer {i} is kept already");
        let x = self.rounded(self.flowing(i)?)?;
        self.meter.take(bytes(&x));
        self.kept.insert(i, x);
        Ok(())
    }

    /// Lets the kept input of layer `i` flow again; it stays kept.
    pub fn load(&mut self, i: usize) -> Result<()> {
        let x = self.kept.get(&i).ok_or_else(|| format!("the input of layer {i} is not kept"))?;
        self.flow = Some((i, x.to_dtype(self.weights[0].dtype())?));
        Ok(())
    }

    /// Gives the kept input of layer `i` back.
    pub fn free(&mut self, i: usize) -> Result<()> {
        let x = self.kept.remove(&i).ok_or_else(|| format!("the input of layer {i} is not kept"))?;
        self.meter.give(bytes(&x));
        Ok(())
    }

    /// The mean cross-entropy (nats) of the logits that flow, times `scale`; the backward pass starts from it.
    pub fn loss(&mut self, scale: f64) -> Result<f64> {
        let logits = self.flowing(self.layers())?;
        let (rows, classes) = logits.dims2()?;
        let mut values: Vec<f64> = logits.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
        let mut loss = 0.0;
        for (row, &label) in values.chunks_exact_mut(classes).zip(&self.labels) {
            let peak = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|v| (v - peak).exp()).sum();
            loss += peak + sum.ln() - row[label as usize];
            row.iter_mut().for_each(|v| *v = (*v - peak).exp() / sum);
            row[label as usize] -= 1.0;
        }
        let share = scale / rows as f64;
        values.iter_mut().for_each(|v| *v *= share);
        let slope = Tensor::from_vec(values, (rows, classes), &Device::Cpu)?.to_dtype(logits.dtype())?;
        self.slope = Some((self.layers(), slope));
        Ok(loss * share)
    }

    /// Adds the gradient of layer `i` to what the chain holds, and uses up what the layer saved. The layers after it have
    /// to be done.
    pub fn backward(&mut self, i: usize) -> Result<()> {
        let slope = match &self.slope {
            Some((at, slope)) if *at == i + 1 => slope.clone(),
            Some((at, _)) => return Err(format!("the slope stands before layer {at}; layer {i} is not next").into()),
            None => return Err("there is no slope: the loss comes first".into()),
        };
        let saved = self.saved.remove(&i).ok_or_else(|| format!("layer {i} saved nothing"))?;
        self.meter.give(saved.bytes());
        let dtype = slope.dtype();
        let x = saved.x.to_dtype(dtype)?;
        let inner = match &saved.t {
            None => slope.clone(),
            Some(t) => {
                let t = t.to_dtype(dtype)?;
                (self.dropped(&slope, saved.mask.as_ref())? * (1.0 - t.sqr()?)?)?
            }
        };
        self.grads[i] = (&self.grads[i] + inner.t()?.matmul(&x)?)?;
        let mut back = inner.matmul(&self.weights[i])?;
        if saved.t.is_some() && back.dims() == slope.dims() {
            back = (back + slope)?;
        }
        self.slope = Some((i, back));
        Ok(())
    }

    /// The state of the generator that dropout draws from.
    pub fn rng(&self) -> u64 {
        self.rng
    }

    /// Sets the generator to a state that [`Chain::rng`] gave.
    pub fn set_rng(&mut self, state: u64) {
        self.rng = state;
    }

    /// The sum of the gradients since the last [`Chain::update`], (O, I) of each layer.
    pub fn grads(&self) -> &[Tensor] {
        &self.grads
    }

    /// One step of plain gradient descent; the gradients are zero afterwards.
    pub fn update(&mut self, rate: f64) -> Result<()> {
        for (w, g) in self.weights.iter_mut().zip(&mut self.grads) {
            *w = (&*w - (&*g * rate)?)?;
            *g = g.zeros_like()?;
        }
        Ok(())
    }

    /// From now on inputs are kept and activations saved as they are (`full`) or rounded to BF16 (`bf16`).
    pub fn store(&mut self, numbers: &str) -> Result<()> {
        self.store = match numbers {
            "full" => Store::Full,
            "bf16" => Store::Bf16,
            other => return Err(format!("`{other}` is no way to store activations (full, bf16)").into()),
        };
        Ok(())
    }

    /// The ledger of kept inputs and saved activations.
    pub fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// Bytes of weights and gradients.
    pub fn fixed_bytes(&self) -> usize {
        self.weights.iter().chain(&self.grads).map(bytes).sum()
    }

    /// How many times a layer ran forward.
    pub fn forwards(&self) -> usize {
        self.forwards
    }

    fn flowing(&self, i: usize) -> Result<&Tensor> {
        match &self.flow {
            Some((at, x)) if *at == i => Ok(x),
            Some((at, _)) if i == self.layers() => Err(format!("the input of layer {at} flows, not the logits").into()),
            Some((at, _)) => Err(format!("the input of layer {at} flows, not that of layer {i}").into()),
            None => Err("nothing flows: a batch goes in first".into()),
        }
    }

    fn hold(&mut self, i: usize, saved: Saved) -> Result<()> {
        ensure!(!self.saved.contains_key(&i), "layer {i} has saved already");
        let t = saved.t.as_ref().map(|t| self.rounded(t)).transpose()?;
        let saved = Saved { x: self.rounded(&saved.x)?, t, mask: saved.mask };
        self.meter.take(saved.bytes());
        self.saved.insert(i, saved);
        Ok(())
    }

    fn rounded(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self.store {
            Store::Full => x.clone(),
            Store::Bf16 => x.to_dtype(DType::BF16)?,
        })
    }

    /// What the mask lets through, 1 / (1 - p) as large.
    fn dropped(&self, x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        Ok(match mask {
            None => x.clone(),
            Some(mask) => ((x * mask.to_dtype(x.dtype())?)? / (1.0 - self.dropout))?,
        })
    }
}

impl Saved {
    fn bytes(&self) -> usize {
        bytes(&self.x) + self.t.as_ref().map_or(0, bytes) + self.mask.as_ref().map_or(0, bytes)
    }
}

fn bytes(t: &Tensor) -> usize {
    t.elem_count() * t.dtype().size_in_bytes()
}
