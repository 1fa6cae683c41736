//! What is known after the cases of a check were played: the ground for naming a mistake.

use super::Check;
use super::replay::Script;
use crate::submission::Observation;
use crate::verdict::Finding;

/// One case after it ran.
pub struct Played<'a> {
    /// Its number over all checks of the step.
    pub number: usize,
    /// The case.
    pub script: &'a Script,
    /// What the answer did.
    pub got: Vec<Observation>,
    /// What the solution did.
    pub wanted: Vec<Observation>,
}

/// One failing case.
pub struct Failure {
    /// Its number over all checks of the step.
    pub number: usize,
    /// The case.
    pub script: Script,
    /// What differs.
    pub finding: Finding,
}

/// One check after it ran.
pub struct Ran<'a> {
    /// The check.
    pub check: &'a Check,
    /// Its cases that were run.
    pub seen: Vec<Played<'a>>,
    /// Those that differ.
    pub failures: Vec<Failure>,
}
