//! A failing case that is shrunk, by an answer that dies on the way.

use lab_sdk::Value;
use roadmap::grading::{Build, Seed, grade_build};
use roadmap::labs;
use roadmap::submission::{Block, Fault, Observation, Subject, Table, Timed};
use roadmap::verdict::Graded;
use std::cell::Cell;
use std::time::Duration;

/// The solution, but for one function.
struct Changed<F> {
    right: Table,
    function: &'static str,
    by: F,
}

impl<F: FnMut(&[Value], Observation) -> Observation> Subject for Changed<F> {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        let right = self.right.call(function, args);
        if function == self.function { (self.by)(args, right) } else { right }
    }

    fn time(&mut self, _: &Block) -> Result<Timed, Fault> {
        Err(Fault::Unstarted("nothing is timed here".to_owned()))
    }
}

fn graded(step: &str, function: &'static str, by: impl FnMut(&[Value], Observation) -> Observation) -> Graded {
    let lab =
        labs::all().expect("labs").into_iter().find(|lab| lab.manifest.function(function).is_some()).expect("the lab");
    let step = lab.manifest.step(step).expect("the step");
    let mut answer = Changed { right: Table::new(lab.embedded.solution), function, by };
    let mut solution = Table::new(lab.embedded.solution);
    let (answer, hypotheses) = (&mut answer, Box::new(|| None));
    grade_build(Build { lab: &lab, step, seed: Seed::new(7), answer, solution: &mut solution, hypotheses })
        .expect("a lab that is right")
}

fn doubled(right: Observation) -> Observation {
    match right {
        Observation::Value(Value::Float(v)) => Observation::Value(Value::Float(2.0 * v)),
        other => other,
    }
}

#[test]
fn time_that_runs_out_while_shrinking_is_no_smaller_case() {
    let calls = Cell::new(0);
    let count = || calls.set(calls.get() + 1);
    graded("clip", "clip_max", |_, right| {
        count();
        right
    });
    // A right answer is not shrunk: these are the calls of the checks.
    let of_checks = calls.replace(0);
    let slow = graded("clip", "clip_max", |_, right| {
        count();
        match calls.get() <= of_checks {
            true => doubled(right),
            false => Observation::Lost(Fault::TimedOut(Duration::from_secs(10))),
        }
    });
    let small = slow.smallest.expect("a case");
    assert!(!small.got.contains("no answer"), "{small:?}");
    assert_ne!(small.got, small.wanted);
    assert!(!slow.verdict.findings().is_empty());
}
