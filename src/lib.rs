//! `roadmap`: a study plan for ML model optimization as data, a lab for each topic, and a grader that names the mistake.
//!
//! Modules point downwards: `cli` -> {`term`, `progress`, `labs`, `author`, `trials`} -> `grading` -> {`submission`, `lab`} -> {`lab_sdk`,
//! `verdict`, `curriculum`}. `tests/tidy.rs` holds that.

pub mod author;
pub mod chart;
pub mod cli;
pub mod curriculum;
pub mod error;
pub mod export;
pub mod grading;
pub mod kernels;
pub mod lab;
pub mod labs;
pub mod machine;
pub mod picture;
pub mod progress;
pub mod reference;
pub mod review;
pub mod study;
pub mod submission;
pub mod term;
pub mod trials;
pub mod verdict;
