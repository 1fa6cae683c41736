//! Grades `fx-graph`: each step, the experiment and the replay of the oracle beside it.

#[path = "grader/buckets.rs"]
mod buckets;
#[path = "grader/capture.rs"]
mod capture;
#[path = "grader/convnet.rs"]
mod convnet;
#[path = "grader/fold.rs"]
mod fold;
#[path = "grader/guards.rs"]
mod guards;
#[path = "grader/interp.rs"]
mod interp;
#[path = "grader/looks.rs"]
mod looks;
#[path = "grader/net.rs"]
mod net;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/own.rs"]
mod own;
#[path = "grader/passes.rs"]
mod passes;
#[path = "grader/speed.rs"]
mod speed;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("trace-or-script", Grader::Predict(capture::ask)),
    ("interp", Grader::Build(interp::checks)),
    ("passes", Grader::Build(passes::checks)),
    ("conv-bn", Grader::Build(fold::checks)),
    ("guards", Grader::Build(guards::checks)),
    ("buckets", Grader::Build(buckets::checks)),
    ("rewritten", Grader::MeasureModel(own::look, speed::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("never-frees", interp::peak_facts),
    ("copies-parameters", interp::peak_facts),
    ("owns-the-inputs", interp::peak_facts),
    ("keeps-what-nobody-reads", interp::peak_facts),
];
