//! RMS normalization. Write the function below; anything private that helps may stand beside it.
//!
//! To refuse, return an error: `lab_sdk::ensure!(n > 0, "x is empty")`.

use lab_sdk::{Result, Tensor};

/// x divided by the root of the mean of its squares.
///
/// x (n) f32 -> (n).
/// Refuse: an empty x; an x of zeros.
pub fn normalize(x: &Tensor) -> Result<Tensor> {
    todo!()
}
