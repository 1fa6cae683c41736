//! Grades `flop-count`: the questions, each build step, the tables and the replay of the oracle beside it.

#[path = "grader/brief.rs"]
mod brief;
#[path = "grader/conventions.rs"]
mod conventions;
#[path = "grader/draw.rs"]
mod draw;
#[path = "grader/nest.rs"]
mod nest;
#[path = "grader/ops.rs"]
mod ops;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/published.rs"]
mod published;
#[path = "grader/small.rs"]
mod small;
#[path = "grader/tables.rs"]
mod tables;
#[path = "grader/units.rs"]
mod units;
#[path = "grader/walk.rs"]
mod walk;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("units", Grader::Predict(units::ask)),
    ("op-costs", Grader::Build(ops::checks)),
    ("walk", Grader::Build(walk::checks)),
    ("conventions", Grader::Build(conventions::checks)),
    ("tables", Grader::MeasureModel(tables::look, tables::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("forgot-groups", ops::facts),
    ("groups-twice", ops::facts),
    ("input-pixels", ops::facts),
    ("causal-half", ops::facts),
    ("counts-in-f64", ops::facts),
    ("counts-in-32-bits", ops::facts),
    ("work-of-shared-heads", ops::facts),
    ("three-times-forward", conventions::facts),
    ("one-backward-product", conventions::facts),
    ("ungrouped-weight-gradient", conventions::facts),
];
