//! Trials of the distance between mistakes: two misconceptions are told apart, and none lies near a tolerance.

use super::{SEEDS, Trial, Tried};
use crate::grading::{Drawn, Overridden, Wider};
use crate::lab::{Misconception, Step};
use crate::submission::Table;

/// The trials, one for a function with several misconceptions and one for a build step.
pub fn trials(tried: Tried) -> Vec<Trial> {
    let slug = tried.lab.slug();
    let mut trials = Vec::new();
    for function in &tried.lab.manifest.functions {
        let known: Vec<&'static Misconception> = of(tried, &function.name).collect();
        if known.len() > 1 {
            let name = format!("{slug}/misconceptions.rs of {} are told apart", function.name);
            trials.push(Trial::new(name, move || are_told_apart(tried, &function.name, &known)));
        }
    }
    for step in tried.builds() {
        let name = format!("{slug}/grader.rs {} has room between right and wrong", step.id);
        trials.push(Trial::new(name, move || lie_far_off(tried, step)));
    }
    trials
}

fn of(tried: Tried, function: &'static str) -> impl Iterator<Item = &'static Misconception> {
    tried.lab.manifest.misconceptions.iter().filter(move |m| m.function == function)
}

fn drawn(tried: Tried, step: &Step) -> Result<Vec<Drawn>, String> {
    let draw = |seed| Drawn::new(tried.lab, step, seed, &mut Table::new(tried.lab.embedded.solution));
    SEEDS.into_iter().map(draw).collect::<Result<_, _>>().map_err(|e| e.to_string())
}

fn are_told_apart(tried: Tried, function: &str, known: &[&Misconception]) -> Result<Vec<String>, String> {
    let steps = tried.builds().filter(|step| step.functions.iter().any(|f| f == function));
    let drawn: Vec<Drawn> =
        steps.map(|step| drawn(tried, step)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let (mut first, mut second) = (Table::new(tried.all), Table::new(tried.all));
    for (at, one) in known.iter().enumerate() {
        for other in &known[..at] {
            let (mut a, mut b) = (Overridden::new(&mut first, one), Overridden::new(&mut second, other));
            if !drawn.iter().any(|drawn| drawn.tells_apart(function, &mut a, &mut b)) {
                return Err(format!(
                    "no case tells `{}` and `{}` apart; add a case on which they differ, or make them one",
                    one.id, other.id
                ));
            }
        }
    }
    Ok(Vec::new())
}

/// With every tolerance twice as wide, each misconception is rejected still.
fn lie_far_off(tried: Tried, step: &'static Step) -> Result<Vec<String>, String> {
    let drawn = drawn(tried, step)?;
    let mut near = Vec::new();
    for known in step.functions.iter().flat_map(|function| of(tried, function)) {
        let mut table = Table::new(tried.all);
        let mut wrong = Overridden::new(&mut table, known);
        for (drawn, seed) in drawn.iter().zip(SEEDS).filter(|(drawn, _)| drawn.has_tolerance()) {
            if drawn.rejects(&mut wrong, Wider { floor: 2.0, bound: 2.0 }).is_none() {
                near.push(format!("`{}` (seed {seed:x})", known.id));
                break;
            }
        }
    }
    match near.is_empty() {
        true => Ok(Vec::new()),
        false => Err(format!(
            "within twice the tolerance of every check that rejects it: {}; add a case that is further off, or narrow the \
             tolerance",
            near.join(", ")
        )),
    }
}
