//! Grades `tensor-cores`: the questions, the build steps, the experiment and the oracle beside it.

#[path = "grader/error.rs"]
mod error;
#[path = "grader/mma.rs"]
mod mma;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/questions.rs"]
mod questions;
#[path = "grader/round.rs"]
mod round;
#[path = "grader/tiles.rs"]
mod tiles;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};
use lab_sdk::{DType, Result, Tensor, Value};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("formats", Grader::Predict(questions::formats)),
    ("round", Grader::Build(round::checks)),
    ("mma", Grader::Build(mma::checks)),
    ("tiles", Grader::Build(tiles::checks)),
    ("error", Grader::Measure(error::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[("truncates", round::part_facts), ("cuts-the-fraction", round::part_facts)];

/// Relative error of a product's elements: |D - A B| over |A| |B|, the sum of what was added, magnitudes first.
fn errors(a: &Tensor, b: &Tensor, d: &Value) -> Result<Vec<f64>> {
    let Value::Tensor(d) = d else { return Err("a product that is no tensor".into()) };
    let wide = |t: &Tensor| t.to_dtype(DType::F64);
    let (a, b) = (wide(a)?, wide(b)?);
    let off = (wide(d)? - a.matmul(&b)?)?.abs()?;
    Ok((off / a.abs()?.matmul(&b.abs()?)?)?.flatten_all()?.to_vec1()?)
}
