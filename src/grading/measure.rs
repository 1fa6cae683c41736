//! Measure steps: the learner's functions inside an experiment, numbers held against bars, pictures of them.

use super::compare::{Rule, compare};
use super::show::value_text;
use super::values::{read, scalar};
use super::{Grader, Lab, Seed};
use crate::lab::{Bar, Step};
use crate::machine::{Roofs, When};
use crate::submission::{Fault, Observation, Subject};
use crate::verdict::{Chart, Clock, Finding, Graded, Kind, Measurement, Verdict};
use lab_sdk::Value;
use serde::de::DeserializeOwned;
use std::path::Path;

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

impl Stop {
    /// The answer's result is not what it has to be.
    pub fn differs(check: impl Into<String>, got: impl Into<String>, wanted: impl Into<String>) -> Self {
        let (check, got, wanted) = (check.into(), got.into(), wanted.into());
        Self::Differs(Finding { check, got, wanted, ..Finding::default() })
    }

    /// The answer's `function` gave a value of another kind than `wanted`, which says it in words.
    pub fn other_kind(function: &str, got: &Value, wanted: impl Into<String>) -> Self {
        Self::differs(format!("`{function}` gives a value of its type"), got.kind(), wanted)
    }

    /// The same difference, with the place where it was seen.
    pub fn at(self, place: impl Into<String>) -> Self {
        match self {
            Self::Differs(finding) => Self::Differs(Finding { at: place.into(), ..finding }),
            other => other,
        }
    }
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Ours(error.to_string())
    }
}

/// Starts the solution as an answer in the learner's language.
pub type Baseline<'a> = Box<dyn FnMut() -> Option<Box<dyn Subject>> + 'a>;

/// Gives the roofs of this machine: those that are kept, or, where something lay above them, new ones.
pub type RoofsOf<'a> = Box<dyn FnMut(When) -> lab_sdk::Result<Roofs> + 'a>;

/// A rate that was reached, to be held against the roofs.
#[derive(Clone, Debug)]
pub struct Reached {
    /// What reached it.
    pub what: String,
    /// FLOPs a second.
    pub rate: f64,
    /// FLOPs a byte.
    pub intensity: f64,
    /// Its working set, bytes.
    pub bytes: u64,
}

impl Reached {
    /// The rate as a part of what the roofs allow.
    pub fn over(&self, roofs: &Roofs) -> f64 {
        self.rate / roofs.at(self.intensity, self.bytes)
    }
}

/// What a measure step is graded with.
pub struct Measure<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// The step.
    pub step: &'a Step,
    /// What data are drawn from.
    pub seed: Seed,
    /// The learner's functions.
    pub answer: &'a mut dyn Subject,
    /// The solution's, in this process.
    pub solution: &'a mut dyn Subject,
    /// The solution's, as an answer beside the learner's: what times are held against.
    pub baseline: Baseline<'a>,
    /// The roofs of this machine.
    pub roofs: RoofsOf<'a>,
    /// A model of the learner's own.
    pub model: Option<&'a Path>,
    /// Told what is going on, and how far it is (0 to 1).
    pub progress: &'a mut dyn FnMut(&str, f64),
}

/// What an experiment is run with.
pub struct Bench<'a> {
    /// What data are drawn from.
    pub seed: u64,
    asked: Measure<'a>,
    beside: Option<Box<dyn Subject>>,
    roofs: Option<Roofs>,
    graded: Graded,
}

impl<'a> Bench<'a> {
    /// The learner's own model (`--model`), if one was given.
    pub fn model(&self) -> Option<&Path> {
        self.asked.model
    }

    /// Calls a function of the learner's.
    pub fn call(&mut self, function: &str, args: &[Value]) -> Result<Value, Stop> {
        self.graded.inputs += 1;
        let seen = self.asked.answer.call(function, args);
        self.accepted(function, seen)
    }

    /// Calls a function of the learner's, or a built-in, that gives a number.
    pub fn number(&mut self, function: &str, args: &[Value]) -> Result<f64, Stop> {
        let value = self.call(function, args)?;
        match scalar(&value) {
            number if number.is_nan() && !matches!(value, Value::Float(_)) => {
                Err(Stop::other_kind(function, &value, "a number"))
            }
            number => Ok(number),
        }
    }

    /// Calls a function of the learner's that gives a data type of the SDK.
    pub fn structure<T: DeserializeOwned>(&mut self, function: &str, args: &[Value]) -> Result<T, Stop> {
        let value = self.call(function, args)?;
        read(&value).ok_or_else(|| Stop::other_kind(function, &value, "its data type"))
    }

    /// The value of an observation of the learner's, or why the experiment ends.
    pub(super) fn accepted(&self, function: &str, seen: Observation) -> Result<Value, Stop> {
        match seen {
            Observation::Value(value) => Ok(value),
            Observation::NotDone => Err(Stop::NotDone(function.to_owned())),
            Observation::Refused(why) => Err(Stop::Differs(Finding {
                check: format!("`{function}` answers"),
                got: format!("refused: {why}"),
                wanted: "a result".to_owned(),
                ..Finding::default()
            })),
            Observation::Crashed(why) => Err(broken(function, why)),
            Observation::Lost(fault) => Err(lost(function, fault)),
            Observation::Skipped => Err(Stop::Ours("a call was skipped".to_owned())),
        }
    }

    /// Does something with the learner's process that may end it.
    pub(super) fn answered<T>(&mut self, ask: impl FnOnce(&mut dyn Subject) -> Result<T, Fault>) -> Result<T, Stop> {
        ask(self.asked.answer).map_err(|fault| lost("the timed block", fault))
    }

    /// The solution beside the learner's process, started when it is first asked for.
    pub(super) fn beside(&mut self) -> Result<&mut dyn Subject, Stop> {
        if self.beside.is_none() {
            self.beside = (self.asked.baseline)();
        }
        self.beside.as_deref_mut().map_or(Err(Stop::Ours("the solution does not start".to_owned())), |s| Ok(s as _))
    }

    /// The solution's result, for what the learner's code does not have to do.
    pub fn solve(&mut self, function: &str, args: &[Value]) -> Result<Value, Stop> {
        match self.asked.solution.call(function, args) {
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

    /// The roofs of one thread of this machine, which are measured once and kept.
    pub fn roofs(&mut self) -> Result<Roofs, Stop> {
        if let Some(roofs) = &self.roofs {
            return Ok(roofs.clone());
        }
        self.progress("the machine's roofs", 0.0);
        let roofs = (self.asked.roofs)(When::Before)?;
        self.roofs = Some(roofs.clone());
        Ok(roofs)
    }

    /// The same, after `reached` was held to them: where something lies above `most` times its roof, the roofs are
    /// measured again, for a busy machine had measured them too low.
    pub fn roofs_over(&mut self, reached: &[Reached], most: f64) -> Result<Roofs, Stop> {
        let roofs = self.roofs()?;
        let Some(highest) = reached.iter().find(|r| r.over(&roofs) > most) else { return Ok(roofs) };
        self.progress("the machine's roofs, again", 0.9);
        let raised = (self.asked.roofs)(When::Again)?;
        self.remark(format!("{} lay above the roofs that were kept; they were measured again", highest.what));
        self.roofs = Some(raised.clone());
        Ok(raised)
    }

    /// Records that something held.
    pub fn held(&mut self) {
        self.graded.total += 1;
        self.graded.passed += 1;
    }

    /// The bar of a number in lab.toml.
    pub(super) fn bar(&self, name: &str) -> Option<&'a Bar> {
        self.asked.lab.manifest.bars.get(name)
    }

    /// Records a number; the bar of that name in lab.toml decides, if there is one.
    pub fn measured(&mut self, name: &str, value: f64, unit: &str, kind: Clock) {
        let bar = self.bar(name);
        let pass = bar.is_none_or(|bar| bar.holds(value));
        if bar.is_some() {
            self.graded.total += 1;
            self.graded.passed += usize::from(pass);
        }
        let bar = bar.map(|bar| of_percent(bar.words(), unit));
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.graded.measurements.push(Measurement { name, value, unit, bar, pass, undecided: false, kind });
    }

    /// Records a clocked number whose bar cannot decide: the machine is busy.
    pub(super) fn informs(&mut self, name: &str, value: f64, unit: &str, spread: f64) {
        let bar = self.bar(name);
        let bar =
            bar.map(|bar| format!("{}, undecided: spread {:.0} %", of_percent(bar.words(), unit), 100.0 * spread));
        if bar.is_some() {
            self.remark(format!("the machine is busy: `{name}` informs and does not decide"));
        }
        let undecided = bar.is_some();
        let (name, unit, kind, pass) = (name.to_owned(), unit.to_owned(), Clock::Clock, true);
        self.graded.measurements.push(Measurement { name, value, unit, bar, pass, undecided, kind });
    }

    /// Leaves a file of the learner's own run beside the answer; of the same name the last one stays.
    pub fn file(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.graded.files.retain(|(known, _)| *known != name);
        self.graded.files.push((name, bytes));
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
        (self.asked.progress)(what, done);
    }
}

/// The words of a bar for percentages say so; other units stand once, behind the number.
fn of_percent(words: String, unit: &str) -> String {
    if unit == "%" { words + " %" } else { words }
}

fn broken(function: &str, why: String) -> Stop {
    Stop::Broken(Finding { check: format!("`{function}` runs"), got: why, ..Finding::default() })
}

fn lost(function: &str, fault: Fault) -> Stop {
    match fault {
        Fault::Interrupted => Stop::Ours("interrupted".to_owned()),
        fault => broken(function, fault.to_string()),
    }
}

/// Runs a measure step.
pub fn grade_measure(asked: Measure<'_>) -> lab_sdk::Result<Graded> {
    let (lab, step, seed) = (asked.lab, asked.step, asked.seed);
    let Some(experiment) = lab.grader(&step.id).and_then(Grader::experiment) else {
        return Err(format!("labs/{} has no measure grader for `{}`", lab.slug(), step.id).into());
    };
    let graded = Graded::nothing(&step.id, Kind::Measure, seed.value, String::new());
    let mut bench = Bench { seed: seed.value, asked, beside: None, roofs: None, graded };
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
