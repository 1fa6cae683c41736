//! A folded CNN in integers: int8 codes, int32 sums, and no float from the codes of the image to the codes of the
//! classes. Which codes the weights have and how far each range goes is the caller's business.
//!
//! Letters: B images, H W height and width, C channels, T = B H W rows, K inputs of a product, N its outputs, k kernel
//! side. Activations lie channels last, (B, H, W, C): one row a pixel.

mod kernels;
mod observe;
mod plan;
#[cfg(test)]
mod tests;

pub use kernels::{Factor, Meter, Ruler};
pub use observe::{Observed, observe};
pub use plan::{Weights, layers, peaks};

use kernels::{Mean, Product, Sum};
use lab_sdk::{I8, Result, ensure};
use rayon::prelude::*;

/// Images that run at once: their activations stay in cache.
const SLICE: usize = 16;

/// A net that was made ready to run in integers.
#[derive(Clone, Debug)]
pub struct Plan {
    nodes: Vec<Node>,
    input: Ruler,
    pixels: usize,
    /// What making it took: float multiplications that the run no longer needs.
    pub made: Meter,
}

#[derive(Clone, Debug)]
struct Node {
    inputs: Vec<usize>,
    kernel: Kernel,
}

#[derive(Clone, Debug)]
enum Kernel {
    Input,
    /// An activation that the range of its input already is.
    Fused,
    Layer(Box<Layer>),
    /// A function of one code, looked up.
    Table(Box<[i8; 256]>),
    Add(Sum),
    Mul(Product),
    Pool(Mean),
}

/// A convolution or a linear layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The node's name.
    pub name: String,
    /// (N, K), K over kernel rows, kernel columns and input channels; of a depthwise layer (C, k k).
    pub w: Vec<i8>,
    /// Outputs.
    pub n: usize,
    /// Inputs of one sum.
    pub k: usize,
    /// (N) at scale x_scale w_scale\[n\].
    pub bias: Vec<i32>,
    /// (N)
    pub mult: Vec<i32>,
    /// (N)
    pub shift: Vec<i32>,
    /// Zero point of the input.
    pub x_zp: i32,
    /// Zero point of the output.
    pub out_zp: i32,
    /// Whether each channel is convolved by itself.
    pub depthwise: bool,
    window: kernels::Window,
    /// bias - x_zp sum w
    folded: Vec<i32>,
    /// (k k, C), for depthwise layers.
    across: Vec<i8>,
}

/// How a run takes a layer: its input's codes to its output's.
type Through<'a, E> = dyn FnMut(&Layer, &[i8], &mut Meter) -> Result<Vec<i8>, E> + 'a;

/// One product of a layer, with the arguments of `linear_i8`.
pub struct Call<'a> {
    /// The layer.
    pub layer: &'a str,
    /// The channel, in a depthwise layer.
    pub channel: Option<usize>,
    /// (T, K)
    pub x: I8,
    /// Its zero point.
    pub x_zp: i32,
    /// (N, K)
    pub w: I8,
    /// (N)
    pub bias: &'a [i32],
    /// (N)
    pub mult: &'a [i32],
    /// (N)
    pub shift: &'a [i32],
    /// Zero point of the output.
    pub out_zp: i32,
}

impl Plan {
    /// The codes of `images` (B, 1, H, W), 0 to 1.
    pub fn code(&self, images: &lab_sdk::Tensor) -> Result<Vec<i8>> {
        let pixels = images.flatten_all()?.to_vec1::<f32>()?;
        Ok(pixels.iter().map(|&x| self.input.code(x)).collect())
    }

    /// (B, 10) codes of the classes for the codes of B images, and what it took.
    pub fn run(&self, codes: &[i8]) -> Result<(Vec<i8>, Meter)> {
        ensure!(codes.len().is_multiple_of(self.pixels), "{} codes are no whole images", codes.len());
        let slices = codes.par_chunks(SLICE * self.pixels).map(|slice| {
            let mut meter = Meter::default();
            let run = self.forward::<lab_sdk::Error>(slice, &mut meter, &mut |layer, x, meter| Ok(layer.run(x, meter)));
            Ok((run?, meter))
        });
        let mut all = (Vec::new(), Meter::default());
        for (codes, meter) in slices.collect::<Result<Vec<_>>>()? {
            all.0.extend(codes);
            all.1.add(meter);
        }
        Ok(all)
    }

    /// The same with every layer's products taken by `linear`, of which a depthwise layer asks for one a channel.
    pub fn run_through<E>(
        &self,
        codes: &[i8],
        mut linear: impl FnMut(Call<'_>) -> Result<I8, E>,
    ) -> Result<Vec<i8>, E> {
        self.forward(codes, &mut Meter::default(), &mut |layer, x, _| layer.run_through(x, &mut linear))
    }

    /// The class of each of `count` images, and what it took. The first of equal codes wins, as in every argmax.
    pub fn classes(&self, codes: &[i8], count: usize) -> Result<(Vec<u32>, Meter)> {
        let (logits, meter) = self.run(codes)?;
        ensure!(count > 0 && codes.len() == count * self.pixels, "{} codes are not {count} images", codes.len());
        let best =
            |row: &[i8]| row.iter().enumerate().rev().max_by_key(|(_, code)| **code).map_or(0, |(at, _)| at as u32);
        Ok((logits.chunks_exact(logits.len() / count).map(best).collect(), meter))
    }

    /// Every layer, in order.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.nodes.iter().filter_map(|node| match &node.kernel {
            Kernel::Layer(layer) => Some(layer.as_ref()),
            _ => None,
        })
    }

    fn forward<E>(&self, codes: &[i8], meter: &mut Meter, layer: &mut Through<'_, E>) -> Result<Vec<i8>, E> {
        let mut outputs: Vec<Vec<i8>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let input = |i: usize| &outputs[node.inputs[i]][..];
            let output = match &node.kernel {
                Kernel::Input => codes.to_vec(),
                Kernel::Fused => input(0).to_vec(),
                Kernel::Layer(of) => layer(of, input(0), meter)?,
                Kernel::Table(table) => input(0).iter().map(|&code| table[usize::from(code as u8)]).collect(),
                Kernel::Add(sum) => sum.run(input(0), input(1), meter),
                Kernel::Mul(product) => product.run(input(0), input(1), meter),
                Kernel::Pool(mean) => mean.run(input(0), meter),
            };
            outputs.push(output);
        }
        Ok(outputs.pop().unwrap_or_default())
    }
}

impl Layer {
    fn run(&self, x: &[i8], meter: &mut Meter) -> Vec<i8> {
        let factors: Vec<Factor> =
            self.mult.iter().zip(&self.shift).map(|(&mult, &shift)| Factor { mult, shift }).collect();
        if self.depthwise {
            let at = (self.x_zp, self.out_zp);
            return kernels::depthwise(x, &self.across, &self.bias, &factors, &self.window, at, meter);
        }
        let patches;
        let rows = if self.window.is_pointwise() {
            x
        } else {
            patches = self.window.patches(x, 0..self.window.c, self.x_zp as i8);
            &patches
        };
        kernels::linear(rows, &self.w, &self.folded, &factors, self.out_zp, meter)
    }

    fn run_through<E>(&self, x: &[i8], linear: &mut impl FnMut(Call<'_>) -> Result<I8, E>) -> Result<Vec<i8>, E> {
        let products: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> = match self.depthwise {
            true => (0..self.n).map(|c| (c..c + 1, c..c + 1)).collect(),
            false => vec![(0..self.window.c, 0..self.n)],
        };
        let mut y = Vec::new(); // (T, N)
        for (channels, outputs) in products {
            let rows = self.window.patches(x, channels, self.x_zp as i8);
            let t = rows.len() / self.k;
            let call = Call {
                layer: &self.name,
                channel: self.depthwise.then_some(outputs.start),
                x: I8 { shape: vec![t, self.k], data: rows },
                x_zp: self.x_zp,
                w: I8 {
                    shape: vec![outputs.len(), self.k],
                    data: self.w[outputs.start * self.k..outputs.end * self.k].to_vec(),
                },
                bias: &self.bias[outputs.clone()],
                mult: &self.mult[outputs.clone()],
                shift: &self.shift[outputs.clone()],
                out_zp: self.out_zp,
            };
            let codes = linear(call)?.data;
            y.resize(t * self.n, 0);
            for (row, codes) in y.chunks_exact_mut(self.n).zip(codes.chunks_exact(outputs.len())) {
                row[outputs.clone()].copy_from_slice(codes);
            }
        }
        Ok(y)
    }
}
