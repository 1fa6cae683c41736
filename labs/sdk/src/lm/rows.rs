//! Elementwise work on rows by plain loops: a large elementwise operation of candle goes through one pool for the whole
//! process, and a chain of small ones costs more than it computes.

use crate::{Result, ensure};
use candle_core::{Storage, Tensor, WithDType};

/// `x / sqrt(mean(x^2) + eps) * gain` of each row; x (T, dim), gain (dim).
pub(super) fn rms_norm<T: WithDType>(x: &Tensor, gain: &Tensor, eps: f64) -> Result<Tensor> {
    let rows = with(gain, |gain: &[T]| {
        with(x, |x: &[T]| {
            let mut y = Vec::with_capacity(x.len());
            for row in x.chunks_exact(gain.len()) {
                let mut squares = T::zero();
                row.iter().for_each(|&x| squares += x * x);
                let inverse = T::from_f64(1.0 / (squares.to_f64() / row.len() as f64 + eps).sqrt());
                y.extend(row.iter().zip(gain).map(|(&x, &gain)| x * inverse * gain));
            }
            y
        })
    })??;
    Ok(Tensor::from_vec(rows, x.shape(), x.device())?)
}

/// `f` of each pair of values; both of one shape.
pub(super) fn zip<T: WithDType>(a: &Tensor, b: &Tensor, f: impl Fn(T, T) -> T) -> Result<Tensor> {
    let values: Vec<T> = with(a, |a: &[T]| with(b, |b: &[T]| a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()))??;
    Ok(Tensor::from_vec(values, a.shape(), a.device())?)
}

/// A copy of `x` (rows, heads, D) after `f` changed each head, which it gets with the number of its row.
pub(super) fn map<T: WithDType>(x: &Tensor, f: impl Fn(usize, &mut [T])) -> Result<Tensor> {
    let (_, heads, d) = x.dims3()?;
    let mut values = with(x, |x: &[T]| x.to_vec())?;
    values.chunks_exact_mut(d).enumerate().for_each(|(n, head)| f(n / heads, head));
    Ok(Tensor::from_vec(values, x.shape(), x.device())?)
}

/// Lends the values of `x`, row-major.
fn with<T: WithDType, R>(x: &Tensor, f: impl FnOnce(&[T]) -> R) -> Result<R> {
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { return Err("models run on the CPU".into()) };
    let start = layout.start_offset();
    let values = storage.as_slice::<T>()?;
    ensure!(values.len() >= start + x.elem_count(), "a tensor that is shorter than its shape");
    Ok(f(&values[start..start + x.elem_count()]))
}
