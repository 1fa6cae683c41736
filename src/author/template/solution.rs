//! RMS normalization, arXiv 1910.07467 without the gain. n is the number of values.

use lab_sdk::{DType, Result, Tensor, ensure};

/// x divided by the root of the mean of its squares.
pub fn normalize(x: &Tensor) -> Result<Tensor> {
    ensure!(x.elem_count() > 0, "x is empty");
    let rms = x.sqr()?.mean_all()?.sqrt()?; // ()
    ensure!(rms.to_dtype(DType::F64)?.to_scalar::<f64>()? > 0.0, "x holds nothing but zeros");
    Ok(x.broadcast_div(&rms)?) // (n)
}
