//! Grades `prune`: each step and the replay of the oracle stand beside this file, which says where.

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

use crate::grading::{Check, Draw, Facts, Grader, Seen};
use crate::submission::Observation;
use lab_sdk::{DType, Result, Tensor, Value};

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

/// What the solution returned at the last call.
fn right<'a>(seen: &Seen<'a>) -> Option<&'a Value> {
    match seen.wanted.last()? {
        Observation::Value(value) => Some(value),
        _ => None,
    }
}

/// The numbers of a tensor.
fn floats(t: &Tensor) -> Vec<f64> {
    let wide = t.flatten_all().and_then(|t| t.to_dtype(DType::F64)).and_then(|t| t.to_vec1());
    wide.unwrap_or_default()
}

/// The tensors of a list.
fn tensors(value: Option<&Value>) -> Vec<Tensor> {
    let Some(Value::List(items)) = value else { return Vec::new() };
    items.iter().filter_map(|item| if let Value::Tensor(t) = item { Some(t.clone()) } else { None }).collect()
}

/// Part `index` of a tuple.
fn part(value: Option<&Value>, index: usize) -> Option<&Value> {
    match value {
        Some(Value::Tuple(items)) => items.get(index),
        _ => None,
    }
}
