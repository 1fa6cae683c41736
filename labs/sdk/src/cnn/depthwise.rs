//! Depthwise convolution by direct loops: candle's own grouped convolution calls one matmul a channel.
//!
//! Works on f32 and f64, has gradients for both arguments, and runs on the CPU only.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Storage, Tensor, WithDType, bail};
use rayon::prelude::*;

/// `y[b, c, i, j] = sum over u, v of x[b, c, i s + u - p, j s + v - p] w[c, 0, u, v]`; outside of x is zero.
///
/// x (B, C, H, W), w (C, 1, k, k), both of one dtype; y (B, C, H', W') with H' = (H + 2p - k) / s + 1. Cross-correlation,
/// as in every framework: the kernel is not flipped.
pub(super) fn depthwise(x: &Tensor, w: &Tensor, stride: usize, pad: usize) -> crate::Result<Tensor> {
    Ok(x.contiguous()?.apply_op2(&w.contiguous()?, Depthwise { stride, pad })?)
}

struct Depthwise {
    stride: usize,
    pad: usize,
}

/// One plane: input (h, w), kernel (k, k), output (oh, ow).
struct Plane {
    h: usize,
    w: usize,
    k: usize,
    oh: usize,
    ow: usize,
    stride: usize,
    pad: usize,
}

impl Plane {
    /// Calls `tap(kernel index, first output, first input, how many)` for each run of one output row that meets one
    /// kernel entry; outputs of a run are adjacent, inputs lie `stride` apart.
    fn taps(&self, mut tap: impl FnMut(usize, usize, usize, usize)) {
        for u in 0..self.k {
            for v in 0..self.k {
                let first = self.pad.saturating_sub(v).div_ceil(self.stride);
                let end = ((self.w + self.pad).saturating_sub(v).div_ceil(self.stride)).min(self.ow);
                for i in 0..self.oh {
                    let row = i * self.stride + u;
                    if row >= self.pad && row - self.pad < self.h && first < end {
                        let input = (row - self.pad) * self.w + first * self.stride + v - self.pad;
                        tap(u * self.k + v, i * self.ow + first, input, end - first);
                    }
                }
            }
        }
    }
}

impl Depthwise {
    fn plane(&self, x: &Shape, w: &Shape) -> Result<(usize, usize, Plane)> {
        let ((b, c, h, width), (n, one, k, k2)) = (x.dims4()?, w.dims4()?);
        let (stride, pad) = (self.stride, self.pad);
        if n != c || one != 1 || k != k2 || stride == 0 || h.min(width) + 2 * pad < k {
            bail!("a depthwise kernel for {x:?} is ({c}, 1, k, k) and fits into it, not {w:?}")
        }
        let (oh, ow) = ((h + 2 * pad - k) / stride + 1, (width + 2 * pad - k) / stride + 1);
        Ok((b, c, Plane { h, w: width, k, oh, ow, stride, pad }))
    }

    fn forward<T: WithDType>(&self, x: &[T], w: &[T], (c, plane): (usize, &Plane)) -> Vec<T> {
        let (inputs, outputs, taps) = (plane.h * plane.w, plane.oh * plane.ow, plane.k * plane.k);
        let mut y = vec![T::zero(); x.len() / inputs * outputs];
        y.par_chunks_exact_mut(outputs).zip(x.par_chunks_exact(inputs)).enumerate().with_min_len(256).for_each(
            |(at, (y, x))| {
                let w = &w[at % c * taps..][..taps];
                plane.taps(|k, output, input, count| {
                    let x = x[input..].iter().step_by(plane.stride);
                    y[output..][..count].iter_mut().zip(x).for_each(|(y, x)| *y += w[k] * *x);
                });
            },
        );
        y
    }

    fn backward<T: WithDType>(&self, x: &Tensor, w: &Tensor, g: &Tensor) -> Result<(Tensor, Tensor)> {
        let (_, c, plane) = self.plane(x.shape(), w.shape())?;
        let (inputs, outputs, taps) = (plane.h * plane.w, plane.oh * plane.ow, plane.k * plane.k);
        let g = g.contiguous()?;
        let ((xs, xl), (ws, wl), (gs, gl)) = (x.storage_and_layout(), w.storage_and_layout(), g.storage_and_layout());
        let (xs, ws, gs) = (slice::<T>(&xs, xl)?, slice::<T>(&ws, wl)?, slice::<T>(&gs, gl)?);
        let mut dx = vec![T::zero(); xs.len()];
        let mut dw = vec![T::zero(); xs.len() / inputs * taps]; // (B, C, k, k), summed over B below
        dx.par_chunks_exact_mut(inputs)
            .zip(dw.par_chunks_exact_mut(taps))
            .zip(xs.par_chunks_exact(inputs).zip(gs.par_chunks_exact(outputs)))
            .enumerate()
            .with_min_len(256)
            .for_each(|(at, ((dx, dw), (x, g)))| {
                let w = &ws[at % c * taps..][..taps];
                plane.taps(|k, output, input, count| {
                    let mut sum = T::zero();
                    let dx = dx[input..].iter_mut().zip(&x[input..]).step_by(plane.stride);
                    for (g, (dx, x)) in g[output..][..count].iter().zip(dx) {
                        *dx += w[k] * *g;
                        sum += *g * *x;
                    }
                    dw[k] += sum;
                });
            });
        let dw = Tensor::from_vec(dw, (xs.len() / inputs / c, c, 1, plane.k, plane.k), x.device())?;
        Ok((Tensor::from_vec(dx, x.shape(), x.device())?, dw.sum(0)?))
    }
}

fn slice<'a, T: WithDType>(storage: &'a Storage, layout: &Layout) -> Result<&'a [T]> {
    match (storage, layout.contiguous_offsets()) {
        (Storage::Cpu(cpu), Some((start, end))) => Ok(&T::cpu_storage_as_slice(cpu)?[start..end]),
        _ => bail!("a depthwise convolution reads contiguous tensors on the CPU"),
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn cpu_fwd(&self, xs: &CpuStorage, xl: &Layout, ws: &CpuStorage, wl: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, c, plane) = self.plane(xl.shape(), wl.shape())?;
        let (Some((x0, x1)), Some((w0, w1))) = (xl.contiguous_offsets(), wl.contiguous_offsets()) else {
            bail!("a depthwise convolution reads contiguous tensors")
        };
        let y = match (xs, ws) {
            (CpuStorage::F32(x), CpuStorage::F32(w)) => {
                CpuStorage::F32(self.forward(&x[x0..x1], &w[w0..w1], (c, &plane)))
            }
            (CpuStorage::F64(x), CpuStorage::F64(w)) => {
                CpuStorage::F64(self.forward(&x[x0..x1], &w[w0..w1], (c, &plane)))
            }
            _ => bail!("a depthwise convolution takes two f32 or two f64 tensors"),
        };
        Ok((y, (b, c, plane.oh, plane.ow).into()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (dx, dw) = match x.dtype() {
            candle_core::DType::F32 => self.backward::<f32>(x, w, g)?,
            _ => self.backward::<f64>(x, w, g)?,
        };
        Ok((Some(dx), Some(dw)))
    }
}
