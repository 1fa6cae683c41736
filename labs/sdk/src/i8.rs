//! INT8 tensors. candle has no i8; safetensors frames carry it raw, and this type holds it.

use crate::{Result, ensure};
use candle_core::{Device, Tensor};

/// A dense, row-major tensor of signed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct I8 {
    /// Extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// `shape.iter().product()` values, last axis contiguous.
    pub data: Vec<i8>,
}

impl I8 {
    /// A tensor of `shape` over `data`; refused unless the lengths agree.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<i8>) -> Result<Self> {
        let shape = shape.into();
        let wanted = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        ensure!(wanted == Some(data.len()), "shape {shape:?} does not hold {} values", data.len());
        Ok(Self { shape, data })
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Rows and columns of a matrix; refused for any other rank.
    pub fn dims2(&self) -> Result<(usize, usize)> {
        match self.shape[..] {
            [rows, columns] => Ok((rows, columns)),
            _ => Err(format!("expected a matrix, got shape {:?}", self.shape).into()),
        }
    }

    /// The same values as an i32 tensor on the CPU.
    pub fn to_i32(&self) -> Result<Tensor> {
        let wide: Vec<i32> = self.data.iter().map(|&v| i32::from(v)).collect();
        Ok(Tensor::from_vec(wide, self.shape.clone(), &Device::Cpu)?)
    }
}
