//! Grades `gpu-memory`: the questions, the three kernels, the experiment and the oracle beside it.

#[path = "grader/counts.rs"]
mod counts;
#[path = "grader/cpu.rs"]
mod cpu;
#[path = "grader/fuse.rs"]
mod fuse;
#[path = "grader/matmul.rs"]
mod matmul;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/questions.rs"]
mod questions;
#[path = "grader/transpose.rs"]
mod transpose;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("sectors", Grader::Predict(questions::sectors)),
    ("transpose", Grader::Build(transpose::checks)),
    ("tiled-matmul", Grader::Build(matmul::checks)),
    ("fuse", Grader::Build(fuse::checks)),
    ("fused-cpu", Grader::Measure(cpu::measure)),
];

/// Every sentence holds as it stands.
pub static FACTS: Facts = &[];
