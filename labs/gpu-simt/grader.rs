//! Grades `gpu-simt`: the questions, the build steps, the experiment and the oracle beside it.

#[path = "grader/divergence.rs"]
mod divergence;
#[path = "grader/indexing.rs"]
mod indexing;
#[path = "grader/launches.rs"]
mod launches;
#[path = "grader/occupancy.rs"]
mod occupancy;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/questions.rs"]
mod questions;
#[path = "grader/waves.rs"]
mod waves;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};
use lab_sdk::SmSpec;
use lab_sdk::simt::Preset;

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("launch", Grader::Predict(questions::launch)),
    ("indexing", Grader::Build(indexing::checks)),
    ("divergence", Grader::Build(divergence::checks)),
    ("gathered", Grader::Predict(questions::gathered)),
    ("occupancy", Grader::Build(occupancy::checks)),
    ("choose-launch", Grader::Build(launches::checks)),
    ("waves", Grader::Measure(waves::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[("drops-the-last", divergence::missing_facts)];

/// A GPU of the simulator, with the units in which its SMs hand out what they have: those of compute capability 8.0 to
/// 9.0, as in cuda_occupancy.h.
fn spec(gpu: Preset) -> SmSpec {
    let sm = gpu.sm();
    SmSpec {
        warps: sm.warps.into(),
        blocks: sm.blocks.into(),
        regs: sm.registers.into(),
        reg_unit: 256,
        parts: 4,
        smem: sm.shared.into(),
        smem_unit: 128,
        reserved: 1024,
        sms: sm.sms.into(),
    }
}

/// The GPUs that kernels are drawn for.
const GPUS: [Preset; 4] = [Preset::A100, Preset::H100, Preset::RTX3090, Preset::RTX4090];
