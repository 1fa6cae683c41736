//! Measure steps: the learner's functions inside an experiment, numbers held against bars, pictures of them.

use super::compare::{Rule, compare};
use super::show::value_text;
use super::{Grader, Lab, Seed};
use crate::lab::Step;
use crate::submission::{Fault, Observation, Subject};
use crate::verdict::{Chart, Clock, Finding, Graded, Kind, Measurement, Verdict};
use lab_sdk::Value;

/// Why an experiment ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The answer's result is not the solution's.
    Differs(Finding),
    /// The answer crashed, hung or ended.
    Broken(Finding),
    /// The answer has no such function yet.
    NotDone(String),
    /// The experiment itself cannot go on: a fault of ours.
    Ours(String),
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Ours(error.to_string())
    }
}

/// What an experiment is run with.
pub struct Bench<'a> {
    lab: &'a Lab,
    /// What data are drawn from.
    pub seed: u64,
    answer: &'a mut dyn Subject,
    solution: &'a mut dyn Subject,
    graded: Graded,
    /// Told what is going on, and how far it is (0 to 1).
    progress: &'a mut dyn FnMut(&str, f64),
}

impl Bench<'_> {
    /// Calls a function of the learner's.
    pub fn call(&mut self, function: &str, args: &[Value]) -> Result<Value, Stop> {
        let broken =
            |why: String| Stop::Broken(Finding { check: format!("`{function}` runs"), got: why, ..Finding::default() });
        self.graded.inputs += 1;
        match self.answer.call(function, args) {
            Observation::Value(value) => Ok(value),
            Observation::NotDone => Err(Stop::NotDone(function.to_owned())),
            Observation::Refused(why) => Err(Stop::Differs(Finding {
                check: format!("`{function}` answers"),
                got: format!("refused: {why}"),
                wanted: "a result".to_owned(),
                ..Finding::default()
            })),
            Observation::Crashed(why) => Err(broken(why)),
            Observation::Lost(Fault::Interrupted) => Err(Stop::Ours("interrupted".to_owned())),
            Observation::Lost(fault) => Err(broken(fault.to_string())),
            Observation::Skipped => Err(Stop::Ours("a call was skipped".to_owned())),
        }
    }

    /// The solution's result, for what the learner's code does not have to do.
    pub fn solve(&mut self, function: &str, args: &[Value]) -> Result<Value, Stop> {
        match self.solution.call(function, args) {
            Observation::Value(value) => Ok(value),
            other => Err(Stop::Ours(format!("the solution's `{function}`: {other:?}"))),
        }
    }

    /// Calls the learner's function and holds the result to the solution's.
    pub fn same(&mut self, check: &str, function: &str, args: &[Value], rule: Rule) -> Result<Value, Stop> {
        let got = self.call(function, args)?;
        let wanted = self.solve(function, args)?;
        match compare(rule, &got, &wanted, 0.0) {
            None => Ok(got),
            Some(difference) => Err(Stop::Differs(difference.finding(check, ""))),
        }
    }

    /// Records that something held.
    pub fn held(&mut self) {
        self.graded.total += 1;
        self.graded.passed += 1;
    }

    /// Records a number; the bar of that name in lab.toml decides, if there is one.
    pub fn measured(&mut self, name: &str, value: f64, unit: &str, kind: Clock) {
        let bar = self.lab.manifest.bars.get(name);
        let pass = bar.is_none_or(|bar| bar.holds(value));
        if bar.is_some() {
            self.graded.total += 1;
            self.graded.passed += usize::from(pass);
        }
        let bar = bar.map(|bar| bar.words());
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.graded.measurements.push(Measurement { name, value, unit, bar, pass, kind });
    }

    /// Adds a picture.
    pub fn chart(&mut self, chart: Chart) {
        self.graded.charts.push(chart);
    }

    /// Adds a sentence to the screen.
    pub fn remark(&mut self, remark: impl Into<String>) {
        self.graded.remarks.push(remark.into());
    }

    /// Says what is going on.
    pub fn progress(&mut self, what: &str, done: f64) {
        (self.progress)(what, done);
    }
}

/// Runs a measure step.
pub fn grade_measure(
    lab: &Lab,
    step: &Step,
    seed: Seed,
    answer: &mut dyn Subject,
    solution: &mut dyn Subject,
    progress: &mut dyn FnMut(&str, f64),
) -> lab_sdk::Result<Graded> {
    let Some(Grader::Measure(experiment)) = lab.grader(&step.id) else {
        return Err(format!("labs/{} has no measure grader for `{}`", lab.slug(), step.id).into());
    };
    let graded = Graded::nothing(&step.id, Kind::Measure, seed.value, String::new());
    let mut bench = Bench { lab, seed: seed.value, answer, solution, graded, progress };
    let stopped = experiment(&mut bench);
    let mut graded = bench.graded;
    graded.verdict = match stopped {
        Ok(()) => verdict(&graded),
        Err(Stop::Differs(finding)) => Verdict::Fail(vec![finding]),
        Err(Stop::Broken(finding)) => Verdict::Error(vec![finding]),
        Err(Stop::NotDone(function)) => Verdict::Nothing(format!("`{function}` is not written yet")),
        Err(Stop::Ours(why)) => return Err(why.into()),
    };
    if !matches!(graded.verdict, Verdict::Pass) && graded.total == graded.passed {
        graded.total += 1;
    }
    Ok(graded)
}

fn verdict(graded: &Graded) -> Verdict {
    let missed: Vec<Finding> = graded
        .measurements
        .iter()
        .filter(|m| !m.pass)
        .map(|m| Finding {
            check: m.name.clone(),
            got: format!("{} {}", value_text(&Value::Float(m.value)), m.unit),
            allowed: m.bar.clone().unwrap_or_default(),
            ..Finding::default()
        })
        .collect();
    match (missed.is_empty(), graded.total) {
        (true, 0) => Verdict::Nothing("nothing was measured".to_owned()),
        (true, _) => Verdict::Pass,
        (false, _) => Verdict::Fail(missed),
    }
}
