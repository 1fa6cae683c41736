//! Grades `roofline`: the questions, the build steps, the experiments and the oracle beside it.

#[path = "grader/as_slow.rs"]
mod as_slow;
#[path = "grader/clocked.rs"]
mod clocked;
#[path = "grader/family.rs"]
mod family;
#[path = "grader/intensity.rs"]
mod intensity;
#[path = "grader/machine.rs"]
mod machine;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/picking.rs"]
mod picking;
#[path = "grader/questions.rs"]
mod questions;

pub use oracle::oracle;

use crate::grading::{Facts, Grader};
use lab_sdk::Machine;

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("throughput", Grader::Predict(questions::throughput)),
    ("intensity", Grader::Build(intensity::checks)),
    ("caches", Grader::Predict(questions::caches)),
    ("machine", Grader::Measure(machine::measure)),
    ("access-cost", Grader::Predict(questions::access_cost)),
    ("fewer-params", Grader::Build(picking::checks)),
    ("as-slow", Grader::Measure(as_slow::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("forgets-the-output", intensity::facts),
    ("always-f32", intensity::facts),
    ("counts-elements", intensity::facts),
    ("launch-forgotten", intensity::facts),
    ("inverted-ridge", intensity::facts),
    ("one-launch", picking::facts),
];

/// A GPU as its data sheet gives it: dense fp16 FLOP/s, bytes a second, and what the FLOP/s are made of.
struct Gpu {
    name: &'static str,
    sms: u64,
    /// fp16 multiply-adds of an SM in a clock.
    macs: u64,
    ghz: f64,
    peak_flops: f64,
    bw: f64,
}

/// V100 and A100: GPU Performance Background User's Guide; H100 SXM: its data sheet. `oracle/figures.json` has the sources.
const GPUS: [Gpu; 3] = [
    Gpu { name: "V100", sms: 80, macs: 512, ghz: 1.53, peak_flops: 125e12, bw: 900e9 },
    Gpu { name: "A100", sms: 108, macs: 1024, ghz: 1.41, peak_flops: 312e12, bw: 2039e9 },
    Gpu { name: "H100", sms: 132, macs: 2048, ghz: 1.83, peak_flops: 989.4e12, bw: 3350e9 },
];

impl Gpu {
    fn machine(&self, launch_us: f64) -> Machine {
        Machine { peak_flops: self.peak_flops, bw: self.bw, launch_us }
    }
}
