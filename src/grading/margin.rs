//! How much room a check leaves: the same cases, held to wider or narrower tolerances, and two subjects held against each
//! other. What authors are told; no learner's answer is graded by it.

use super::build::rounding_floor;
use super::compare::{Property, Rule};
use super::judge::judge;
use super::name::same;
use super::replay::{Script, replay};
use super::{Check, Draw, Grader, Lab};
use crate::lab::Step;
use crate::submission::{Observation, Subject};
use crate::verdict::Finding;

/// The checks of a build step as one seed draws them, and what the solution does.
pub struct Drawn {
    checks: Vec<Check>,
    wanted: Vec<Vec<Vec<Observation>>>,
    floor: f64,
}

/// By which factors tolerances are as wide as the checks say.
#[derive(Clone, Copy, Debug)]
pub struct Wider {
    /// k of `Floor(k)`.
    pub floor: f64,
    /// The bound of `AtMost` and `Scored`.
    pub bound: f64,
}

impl Drawn {
    /// Draws the checks of `step` and plays them on the solution.
    pub fn new(lab: &Lab, step: &Step, seed: u64, solution: &mut dyn Subject) -> lab_sdk::Result<Self> {
        let Some(Grader::Build(draw)) = lab.grader(&step.id) else {
            return Err(format!("labs/{} has no build grader for `{}`", lab.slug(), step.id).into());
        };
        let checks = draw(&mut Draw::new(seed, &step.id))?;
        let floor = rounding_floor(&checks, solution);
        let wanted = checks.iter().map(|check| check.cases.iter().map(|case| replay(case, solution)).collect());
        let wanted = wanted.collect();
        Ok(Self { checks, wanted, floor })
    }

    /// Whether any check is held to the rounding floor.
    pub fn has_floor(&self) -> bool {
        self.checks.iter().any(|check| check.rule.has_floor())
    }

    /// Whether any check has a tolerance that could be wider.
    pub fn has_tolerance(&self) -> bool {
        self.has_floor() || self.checks.iter().any(|check| check.rule.property().is_some_and(|p| p.bound > 0.0))
    }

    /// The first difference that is left under these tolerances.
    pub fn rejects(&self, answer: &mut dyn Subject, wider: Wider) -> Option<Finding> {
        self.cases().find_map(|(check, case, wanted)| {
            let check = widened(check, wider);
            let got = replay(case, answer);
            judge(&check, case, &got, wanted, self.floor * wider.floor, &mut None)
        })
    }

    /// Whether a case with a call of `function` shows a difference between two subjects, by its check's rule.
    pub fn tells_apart(&self, function: &str, one: &mut dyn Subject, other: &mut dyn Subject) -> bool {
        let mut cases = self.cases().filter(|(_, case, _)| case.calls.iter().any(|call| call.function == function));
        cases.any(|(check, case, wanted)| {
            !same(check, case, &replay(case, other), &replay(case, one), wanted, self.floor)
        })
    }

    fn cases(&self) -> impl Iterator<Item = (&Check, &Script, &Vec<Observation>)> {
        let checks = self.checks.iter().zip(&self.wanted);
        checks.flat_map(|(check, wanted)| check.cases.iter().zip(wanted).map(move |(case, w)| (check, case, w)))
    }
}

fn widened(check: &Check, wider: Wider) -> Check {
    let wide = |property: Property| Property { bound: property.bound * wider.bound, ..property };
    let rule = match check.rule {
        Rule::AtMost(property) => Rule::AtMost(wide(property)),
        Rule::Scored(property) => Rule::Scored(wide(property)),
        other => other,
    };
    Check { name: check.name, rule, cases: Vec::new() }
}
