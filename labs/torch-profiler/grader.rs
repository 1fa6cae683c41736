//! Grades `torch-profiler`: the questions, the build steps, the experiment and the oracle beside it.

#[path = "grader/amdahl.rs"]
mod amdahl;
#[path = "grader/averages.rs"]
mod averages;
#[path = "grader/breakdown.rs"]
mod breakdown;
#[path = "grader/charts.rs"]
mod charts;
#[path = "grader/draw.rs"]
mod draw;
#[path = "grader/files.rs"]
mod files;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/own.rs"]
mod own;
#[path = "grader/questions.rs"]
mod questions;
#[path = "grader/run.rs"]
mod run;
#[path = "grader/whatif.rs"]
mod whatif;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("schedule", Grader::Predict(questions::schedule)),
    ("key-averages", Grader::Build(averages::checks)),
    ("step-breakdown", Grader::Build(breakdown::checks)),
    ("checksum", Grader::Build(files::checksums)),
    ("tfevents", Grader::Build(files::checks)),
    ("diagnose", Grader::Predict(questions::diagnose)),
    ("what-if", Grader::Build(whatif::checks)),
    ("amdahl", Grader::MeasureModel(own::look, amdahl::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[("self-is-total", averages::sums)];
