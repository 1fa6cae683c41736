//! A tensor core as a meter: three small matrices in, one out, and a count of its instructions. Left out: how the
//! matrices lie in the registers of a warp, which is `simt`'s `mma_m16n8k16`; the arithmetic is the same.

use crate::{DType, Device, Result, Tensor, ensure};
use half::f16;

/// Rows of A, C and D; columns of B, C and D; columns of A and rows of B.
const M: usize = 16;
const N: usize = 8;
const K: usize = 16;

/// A tensor core that does one instruction at a time, mma.m16n8k16.
#[derive(Clone, Debug, Default)]
pub struct Mma {
    calls: u64,
    narrow: bool,
}

impl Mma {
    /// With sums in f32.
    pub fn new() -> Self {
        Self::default()
    }

    /// With sums in f16: what an instruction returns is rounded to f16, and held in f32.
    pub fn narrow() -> Self {
        Self { calls: 0, narrow: true }
    }

    /// D = A B + C: a (16, 16) and b (16, 8) in f16, c (16, 8) in f32 -> (16, 8) in f32.
    ///
    /// Products are exact. They are added to C one after the other, each sum rounded to f32; NVIDIA does not say in
    /// which order its tensor cores add, nor how they round. Refuses other shapes and dtypes.
    pub fn mma(&mut self, a: &Tensor, b: &Tensor, c: &Tensor) -> Result<Tensor> {
        let (rows, columns) = (values::<f16>("a", a, [M, K])?, values::<f16>("b", b, [K, N])?);
        let mut d = values::<f32>("c", c, [M, N])?;
        let columns: Vec<f32> = columns.into_iter().map(f32::from).collect();
        for (row, d) in rows.chunks(K).zip(d.chunks_mut(N)) {
            for (x, line) in row.iter().zip(columns.chunks(N)) {
                let x = f32::from(*x);
                d.iter_mut().zip(line).for_each(|(d, y)| *d += x * y);
            }
            if self.narrow {
                d.iter_mut().for_each(|d| *d = f16::from_f32(*d).into());
            }
        }
        self.calls += 1;
        Ok(Tensor::from_vec(d, (M, N), &Device::Cpu)?)
    }

    /// Instructions so far.
    pub fn calls(&self) -> u64 {
        self.calls
    }
}

/// The values of an operand, row by row.
fn values<T: candle_core::WithDType>(name: &str, t: &Tensor, shape: [usize; 2]) -> Result<Vec<T>> {
    let (dtype, dims) = (t.dtype(), t.dims());
    let wanted: DType = T::DTYPE;
    ensure!(
        dtype == wanted && dims == shape,
        "mma takes {name} as {} {shape:?}, not {} {dims:?}",
        wanted.as_str(),
        dtype.as_str()
    );
    Ok(t.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::Mma;
    use crate::{DType, Device, Tensor};

    #[test]
    fn a_product_a_sum_and_a_count() -> crate::Result<()> {
        let cpu = &Device::Cpu;
        let a = Tensor::ones((16, 16), DType::F16, cpu)?;
        let b = Tensor::arange(0f32, 128.0, cpu)?.reshape((16, 8))?.to_dtype(DType::F16)?;
        let c = Tensor::full(0.5f32, (16, 8), cpu)?;
        let mut core = Mma::new();
        let d = core.mma(&a, &b, &c)?.to_vec2::<f32>()?;
        assert_eq!((d[0][0], d[15][7], core.calls()), (960.5, 1072.5, 1));
        let d = Mma::narrow().mma(&a, &b, &c)?.to_vec2::<f32>()?;
        assert_eq!((d[0][0], d[15][7]), (960.5, 1072.0)); // from 1024 on a step of f16 is 1, and a half goes to even
        assert!(core.mma(&b, &b, &c).is_err() && core.mma(&a, &b, &b).is_err());
        assert_eq!(core.calls(), 1);
        Ok(())
    }
}
