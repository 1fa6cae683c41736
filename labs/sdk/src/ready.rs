//! A kernel with its inputs and weights in memory, so that it can be run and timed: candle here, NumPy in Python.

use crate::arch::Op;
use crate::kernel::Kernel;
use crate::{DType, Device, Result, Tensor, ensure};

/// Seeds of the numbers: inputs count from 0, weights from here.
const WEIGHTS: usize = 100;

/// A kernel that can run. The numbers are the same in each language.
pub struct Ready {
    what: What,
    /// What it reads, then its weights.
    read: Vec<Tensor>,
}

/// What is run on the tensors.
enum What {
    /// Rows times a weight (cin, cout).
    Linear,
    /// (.., m, k) times (.., k, n).
    Matmul,
    /// Weights (g, cout / g, cin / g) times images (n, g, cin / g, h w).
    Pointwise,
    /// The sum of two.
    Add,
    /// max(x, 0).
    Relu,
}

impl Ready {
    /// Fills memory for `kernel`: a linear layer or a 1x1 convolution (stride 1, no bias), a matmul, an add of two or a ReLU.
    pub fn new(kernel: &Kernel) -> Result<Self> {
        let shapes: Vec<Vec<usize>> =
            kernel.inputs.iter().map(|shape| shape.iter().map(|&n| n as usize).collect()).collect();
        let (what, shapes) = match (&kernel.op, &shapes[..]) {
            (&Op::Linear { cout, bias: false }, [x]) => {
                let (&cin, rows) = x.split_last().ok_or("a number has no last axis")?;
                (What::Linear, vec![vec![rows.iter().product(), cin], vec![cin, cout as usize]])
            }
            (Op::Matmul {}, [a, b]) => (What::Matmul, vec![a.clone(), b.clone()]),
            (&Op::Conv2d { cout, k: [1, 1], stride: [1, 1], pad: [0, 0], groups, bias: false, .. }, [x]) => {
                let (&[n, cin, h, w], g, cout) = (x.first_chunk().ok_or("no image")?, groups as usize, cout as usize);
                ensure!(g > 0 && cin % g == 0 && cout % g == 0, "{cin} and {cout} channels in {g} groups");
                (What::Pointwise, vec![vec![n, g, cin / g, h * w], vec![g, cout / g, cin / g]])
            }
            (Op::Add {}, [a, b]) if a == b => (What::Add, vec![a.clone(), b.clone()]),
            (Op::Act { kind }, [x]) if kind == "relu" => (What::Relu, vec![x.clone()]),
            _ => return Err("this kernel cannot be run here".into()),
        };
        let inputs = kernel.inputs.len();
        let seed = |at: usize| if at < inputs { at } else { WEIGHTS };
        let read = shapes.iter().enumerate().map(|(at, shape)| numbers(shape, seed(at))).collect::<Result<_>>()?;
        Ok(Self { what, read })
    }

    /// Runs it once.
    pub fn run(&self) -> Result<()> {
        std::hint::black_box(self.output()?);
        Ok(())
    }

    /// Runs it once: the result, in the shape in which it is computed.
    pub fn output(&self) -> Result<Tensor> {
        Ok(match (&self.what, &self.read[..]) {
            (What::Linear | What::Matmul, [a, b]) => a.matmul(b)?,
            (What::Pointwise, [x, w]) => w.broadcast_matmul(x)?,
            (What::Add, [a, b]) => (a + b)?,
            (What::Relu, [x]) => x.relu()?,
            _ => return Err("a kernel without its inputs".into()),
        })
    }
}

/// Numbers between -0.5 and 0.5 that f32 holds exactly.
fn numbers(shape: &[usize], seed: usize) -> Result<Tensor> {
    let number = |i: usize| ((i * 37 + seed * 11) % 64) as f32 / 64.0 - 0.5;
    let values: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F32)?)
}
