//! Plausible wrong functions, each in place of one of the solution's. What must be refused is left to the solution.

use super::solution;
use lab_sdk::{Result, Tensor};

/// LayerNorm's habit.
pub fn subtracts_mean(x: &Tensor) -> Result<Tensor> {
    solution::normalize(x)?;
    let centred = x.broadcast_sub(&x.mean_all()?)?;
    Ok(centred.broadcast_div(&centred.sqr()?.mean_all()?.sqrt()?)?)
}

/// Length 1 instead of size 1.
pub fn sum_for_mean(x: &Tensor) -> Result<Tensor> {
    solution::normalize(x)?;
    Ok(x.broadcast_div(&x.sqr()?.sum_all()?.sqrt()?)?)
}
