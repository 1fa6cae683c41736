//! Fused operations with a backward pass, f32: candle's own fused ones have none, and a chain of small ones is slow.
//!
//! Gradients stand in the order of the arguments. Left out: every other dtype and device.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Storage, Tensor, bail};

/// `x / sqrt(mean(x^2) + eps) * gain` over the last axis; x (.., D), gain (D).
pub struct RmsNorm(pub f32);

/// Turns the pair (i, i + D / 2) of each head by its position's angle; x (B, T, H, D), position t at row t.
#[derive(Clone)]
pub struct Rope {
    pub theta: f64,
    pub backwards: bool,
}

/// Softmax of `scale x` over the last axis, where row i of each T in a row sees columns 0 to i; x (.., n T, T).
pub struct CausalSoftmax(pub f32);

/// `gate sigmoid(gate) up`, one shape.
pub struct SwiGlu;

/// The mean of `-log softmax(logits)[target]` in nats; logits (N, V), N targets.
pub struct CrossEntropy(pub Vec<u32>);

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, gain) = (values(x, l)?, values(g, lg)?);
        let mut y = Vec::with_capacity(x.len());
        for row in x.chunks_exact(gain.len()) {
            let r = self.inverse_rms(row);
            y.extend(row.iter().zip(gain).map(|(x, g)| x * r * g));
        }
        Ok((CpuStorage::F32(y), l.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, g: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let (dx, dgain) = {
            let ((sx, lx), (sg, lg), (sy, ly)) =
                (x.storage_and_layout(), g.storage_and_layout(), dy.storage_and_layout());
            let (x, gain, dy) = (cpu(&sx, lx)?, cpu(&sg, lg)?, cpu(&sy, ly)?);
            let d = gain.len();
            let mut dgain = vec![0f32; d];
            let mut dx = Vec::with_capacity(x.len());
            for (x, dy) in x.chunks_exact(d).zip(dy.chunks_exact(d)) {
                let r = self.inverse_rms(x);
                let mut dot = 0f32;
                for i in 0..d {
                    dot += dy[i] * gain[i] * x[i];
                    dgain[i] += dy[i] * x[i] * r;
                }
                let back = dot * r * r * r / d as f32;
                dx.extend((0..d).map(|i| dy[i] * gain[i] * r - x[i] * back));
            }
            (dx, dgain)
        };
        Ok((Some(Tensor::from_vec(dx, x.shape(), x.device())?), Some(Tensor::from_vec(dgain, g.shape(), x.device())?)))
    }
}

impl RmsNorm {
    fn inverse_rms(&self, row: &[f32]) -> f32 {
        let squares: f32 = row.iter().map(|x| x * x).sum();
        1.0 / (squares / row.len() as f32 + self.0).sqrt()
    }
}

impl CustomOp1 for Rope {
    fn name(&self) -> &'static str {
        "rope"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, l)?;
        let (_, t, h, d) = l.shape().dims4()?;
        let half = d / 2;
        let sign = if self.backwards { -1.0 } else { 1.0 };
        let angle = |n: usize| (n / half) as f64 * self.theta.powf(-((n % half) as f64) / half as f64);
        let table: Vec<(f32, f32)> =
            (0..t * half).map(|n| (angle(n).cos() as f32, (sign * angle(n).sin()) as f32)).collect();
        let mut y = vec![0f32; x.len()];
        for (n, (x, y)) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)).enumerate() {
            let position = n / h % t;
            for (i, (cos, sin)) in table[position * half..][..half].iter().enumerate() {
                y[i] = x[i] * cos - x[i + half] * sin;
                y[i + half] = x[i + half] * cos + x[i] * sin;
            }
        }
        Ok((CpuStorage::F32(y), l.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let back = Rope { backwards: !self.backwards, ..self.clone() };
        Ok(Some(dy.contiguous()?.apply_op1_no_bwd(&back)?))
    }
}

impl CustomOp1 for CausalSoftmax {
    fn name(&self) -> &'static str {
        "causal-softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, l)?;
        let t = l.shape().dims()[l.shape().rank() - 1];
        let mut y = vec![0f32; x.len()];
        for (row, (x, y)) in x.chunks_exact(t).zip(y.chunks_exact_mut(t)).enumerate() {
            let seen = row % t + 1;
            let top = x[..seen].iter().fold(f32::NEG_INFINITY, |top, &x| top.max(x));
            let mut sum = 0f32;
            for (y, x) in y.iter_mut().zip(&x[..seen]) {
                *y = ((x - top) * self.0).exp();
                sum += *y;
            }
            let scale = 1.0 / sum;
            y[..seen].iter_mut().for_each(|y| *y *= scale);
        }
        Ok((CpuStorage::F32(y), l.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let dx = {
            let ((sy, ly), (sd, ld)) = (y.storage_and_layout(), dy.storage_and_layout());
            let (y, dy) = (cpu(&sy, ly)?, cpu(&sd, ld)?);
            let t = ly.shape().dims()[ly.shape().rank() - 1];
            let mut dx = vec![0f32; y.len()];
            for (row, dx) in dx.chunks_exact_mut(t).enumerate() {
                let seen = row % t + 1;
                let (y, dy) = (&y[row * t..][..seen], &dy[row * t..][..seen]);
                let dot: f32 = y.iter().zip(dy).map(|(y, dy)| y * dy).sum();
                dx.iter_mut().zip(y.iter().zip(dy)).for_each(|(dx, (y, dy))| *dx = y * (dy - dot) * self.0);
            }
            dx
        };
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

impl CustomOp2 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, g: &CpuStorage, lg: &Layout, u: &CpuStorage, lu: &Layout) -> Result<(CpuStorage, Shape)> {
        let (gate, up) = (values(g, lg)?, values(u, lu)?);
        let y = gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        Ok((CpuStorage::F32(y), lg.shape().clone()))
    }

    fn bwd(&self, g: &Tensor, u: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let (dgate, dup): (Vec<f32>, Vec<f32>) = {
            let ((sg, lg), (su, lu), (sy, ly)) =
                (g.storage_and_layout(), u.storage_and_layout(), dy.storage_and_layout());
            let rows = cpu(&sg, lg)?.iter().zip(cpu(&su, lu)?).zip(cpu(&sy, ly)?);
            let both = rows.map(|((g, u), dy)| {
                let sigmoid = 1.0 / (1.0 + (-g).exp());
                let silu = g * sigmoid;
                (dy * u * (sigmoid + silu * (1.0 - sigmoid)), dy * silu)
            });
            both.unzip()
        };
        Ok((Some(Tensor::from_vec(dgate, g.shape(), g.device())?), Some(Tensor::from_vec(dup, g.shape(), g.device())?)))
    }
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = l.shape().dims()[1];
        let rows = values(x, l)?.chunks_exact(width).zip(&self.0);
        let sum: f64 = rows.map(|(row, &target)| f64::from(log_sum_exp(row) - row[target as usize])).sum();
        Ok((CpuStorage::F32(vec![(sum / self.0.len() as f64) as f32]), Shape::from(())))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let each = dy.to_scalar::<f32>()? / self.0.len() as f32;
        let dx = {
            let (s, l) = x.storage_and_layout();
            let x = cpu(&s, l)?;
            let width = l.shape().dims()[1];
            let mut dx = Vec::with_capacity(x.len());
            for (row, &target) in x.chunks_exact(width).zip(&self.0) {
                let log_sum = log_sum_exp(row);
                let start = dx.len();
                dx.extend(row.iter().map(|x| each * (x - log_sum).exp()));
                dx[start + target as usize] -= each;
            }
            dx
        };
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

fn log_sum_exp(row: &[f32]) -> f32 {
    let top = row.iter().fold(f32::NEG_INFINITY, |top, &x| top.max(x));
    top + row.iter().map(|x| (x - top).exp()).sum::<f32>().ln()
}

fn cpu<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => values(storage, layout),
        _ => bail!("a tensor that is not on the CPU"),
    }
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a tensor that is not contiguous"),
    }
}
