//! Grades `prune`: the questions, the checks, both experiments and the oracle beside it.

#[path = "grader/lottery.rs"]
mod lottery;
#[path = "grader/mask.rs"]
mod mask;
#[path = "grader/movement.rs"]
mod movement;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/questions.rs"]
mod questions;
#[path = "grader/ramp.rs"]
mod ramp;
#[path = "grader/tickets.rs"]
mod tickets;
#[path = "grader/training.rs"]
mod training;
#[path = "grader/transfer.rs"]
mod transfer;

pub use oracle::oracle;

use crate::grading::{Check, Draw, Facts, Grader, numbers};
use lab_sdk::{Result, Tensor};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("storage", Grader::Predict(questions::storage)),
    ("speed", Grader::Predict(questions::speed)),
    ("global-mask", Grader::Build(masks_and_ramps)),
    ("lottery", Grader::Build(lottery::checks)),
    ("movement", Grader::Build(movement::checks)),
    ("tickets", Grader::Measure(tickets::measure)),
    ("transfer", Grader::Measure(transfer::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("per-layer", mask::share_facts),
    ("ties-all-go", mask::count_facts),
    ("ties-all-stay", mask::count_facts),
    ("one-more-goes", mask::count_facts),
    ("one-fewer-goes", mask::count_facts),
    ("quantile-threshold", mask::count_facts),
    ("keeps-floor", mask::count_facts),
    ("rounds-count", mask::count_facts),
    ("zeros-not-counted", mask::count_facts),
    ("from-all", lottery::facts),
    ("pruned-again", lottery::facts),
    ("rounds-down", lottery::facts),
    ("one-ranking", lottery::facts),
    ("percentile-of-survivors", lottery::facts),
    ("equal-survivors-die", lottery::facts),
    ("wrong-sign", movement::facts),
    ("ranks-magnitude", movement::kept_facts),
];

fn masks_and_ramps(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = mask::checks(draw)?;
    checks.extend(ramp::checks(draw));
    Ok(checks)
}

/// The numbers of a tensor.
fn floats(t: &Tensor) -> Vec<f64> {
    numbers(t).unwrap_or_default()
}
