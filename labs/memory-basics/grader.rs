//! Grades `memory-basics`: the questions, the build steps, the experiment and the oracle beside it.

#[path = "grader/accumulate.rs"]
mod accumulate;
#[path = "grader/chains.rs"]
mod chains;
#[path = "grader/checkpoint.rs"]
mod checkpoint;
#[path = "grader/fit.rs"]
mod fit;
#[path = "grader/mixed.rs"]
mod mixed;
#[path = "grader/offload.rs"]
mod offload;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/questions.rs"]
mod questions;
#[path = "grader/timeline.rs"]
mod timeline;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("ledger", Grader::Predict(questions::ledger)),
    ("checkpoint", Grader::Build(checkpoint::checks)),
    ("accumulate", Grader::Build(accumulate::checks)),
    ("mixed", Grader::Build(mixed::checks)),
    ("traffic", Grader::Predict(questions::traffic)),
    ("offload", Grader::Build(offload::checks)),
    ("fit", Grader::Measure(fit::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("clips-before-unscaling", mixed::scale_facts),
    ("never-unscales", mixed::scale_facts),
    ("evicts-after-use", offload::load_facts),
];
