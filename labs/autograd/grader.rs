//! Grades `autograd`: the questions, the three build steps, the experiment and the oracle stand beside it.

#[path = "grader/batches.rs"]
mod batches;
#[path = "grader/forward.rs"]
mod forward;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/passes.rs"]
mod passes;
#[path = "grader/products.rs"]
mod products;
#[path = "grader/saved.rs"]
mod saved;
#[path = "grader/spirals.rs"]
mod spirals;
#[path = "grader/tapes.rs"]
mod tapes;
#[path = "grader/train.rs"]
mod train;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("saved", Grader::Predict(saved::ask)),
    ("vjps", Grader::Build(products::checks)),
    ("backward", Grader::Build(passes::checks)),
    ("accumulate", Grader::Build(batches::checks)),
    ("train", Grader::Measure(train::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("broadcast-not-summed", products::shape_facts),
    ("size-one-not-summed", products::shape_facts),
    ("batch-not-summed", products::shape_facts),
    ("sum-for-mean", products::rows_facts),
];
