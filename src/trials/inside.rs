//! Trials in this process: the solution's table, the same table with a misconception or a degenerate answer in it.

use super::{Outcome, SEEDS, Tried};
use crate::grading::{
    Answer, Build, Degenerate, Draw, Grader, Lazy, Measure, Overridden, Question, Script, Seed, ask, differs,
    grade_build, grade_measure, grade_predict, is_whole,
};
use crate::lab::{Misconception, Step};
use crate::machine::{Roofs, When, measure as measure_roofs};
use crate::submission::{Block, Fault, Observation, Subject, Table, Timed};
use crate::verdict::{Graded, Named, Verdict};
use lab_sdk::Value;
use std::sync::Mutex;
use std::time::Duration;

/// Grades a build step with `answer`; the known mistakes run in this process.
pub fn grade(tried: Tried, step: &Step, seed: u64, answer: &mut dyn Subject) -> Result<Graded, String> {
    let hypotheses = Box::new(move || Some(Box::new(Table::new(tried.all)) as Box<dyn Subject>));
    let (mut solution, seed) = (Table::new(tried.lab.embedded.solution), Seed::new(seed));
    grade_build(Build { lab: tried.lab, step, seed, answer, solution: &mut solution, hypotheses })
        .map_err(|e| e.to_string())
}

/// Runs an experiment with `answer`; times are held against the solution in this process.
pub fn measure(tried: Tried, step: &Step, seed: u64, answer: &mut dyn Subject) -> Result<Graded, String> {
    let solution = tried.lab.embedded.solution;
    let graded = grade_measure(Measure {
        lab: tried.lab,
        step,
        seed: Seed::new(seed),
        answer,
        solution: &mut Table::new(solution),
        baseline: Box::new(move || Some(Box::new(Table::new(solution)))),
        roofs: Box::new(roofs),
        model: None,
        progress: &mut |_, _| {},
    });
    graded.map_err(|e| e.to_string())
}

/// The roofs of this machine, measured by the first trial that asks.
fn roofs(when: When) -> lab_sdk::Result<Roofs> {
    static KEPT: Mutex<Option<Roofs>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let roofs = match (kept.as_ref(), when) {
        (Some(roofs), When::Before) => roofs.clone(),
        (Some(roofs), When::Again) => roofs.raised(&measure_roofs(|_| ())?),
        (None, _) => measure_roofs(|_| ())?,
    };
    *kept = Some(roofs.clone());
    Ok(roofs)
}

pub fn solution_passes(tried: Tried) -> Result<Vec<String>, String> {
    for step in tried.builds() {
        for seed in SEEDS {
            let graded = grade(tried, step, seed, &mut Table::new(tried.lab.embedded.solution))?;
            if !graded.verdict.passed() {
                return Err(format!("{} with seed {seed:x}: {:?}\n{:?}", step.id, graded.verdict, graded.smallest));
            }
        }
    }
    Ok(Vec::new())
}

pub fn solution_measures(tried: Tried, step: &Step) -> Result<Vec<String>, String> {
    let graded = measure(tried, step, SEEDS[0], &mut Table::new(tried.lab.embedded.solution))?;
    let number = |m: &crate::verdict::Measurement| {
        format!("{}: {} {} ({})", m.name, m.value, m.unit, m.bar.as_deref().unwrap_or("no bar"))
    };
    match graded.verdict.passed() {
        true => Ok(graded.measurements.iter().map(number).chain(graded.remarks).collect()),
        false => Err(format!("{:?} {:?}", graded.verdict, graded.measurements)),
    }
}

/// The seeds that questions are drawn from.
pub fn questions() -> impl Iterator<Item = Seed> {
    (0..40).map(|i| Seed::new(SEEDS[1] + i))
}

/// The right numbers pass as they are printed, the numbers of known mistakes do not, and are named.
pub fn questions_are_fair(tried: Tried, step: &Step) -> Result<Vec<String>, String> {
    let lab = tried.lab;
    for seed in questions() {
        let questions = ask(lab, step, seed);
        let right = |question: &Question| match &question.answer {
            Answer::Number { value, .. } => value.to_string(),
            Answer::Choice { choices, right } => choices[*right].clone(),
        };
        let check = |given: Vec<String>| {
            let given: Vec<(Option<String>, String)> = given.into_iter().map(|text| (None, text)).collect();
            grade_predict(lab, step, seed, &given)
        };
        let graded = check(questions.iter().map(right).collect())?;
        if questions.is_empty() || !graded.verdict.passed() {
            return Err(format!("seed {seed}: {:?}", graded.verdict));
        }
        for (at, question) in questions.iter().enumerate() {
            for (id, wrong) in &question.mistakes {
                let known = lab.manifest.misconception(id).ok_or(format!("no misconception `{id}`"))?;
                let typed = match &question.answer {
                    Answer::Number { .. } => wrong.to_string(),
                    Answer::Choice { choices, .. } => choices[*wrong as usize].clone(),
                };
                let given = |i: usize| if i == at { typed.clone() } else { right(&questions[i]) };
                let graded = check((0..questions.len()).map(given).collect())?;
                let whole = |n: &Named| lab.manifest.misconception(&n.id).is_some_and(|m| is_whole(&m.says, &n.says));
                let named = graded.named.iter().any(whole);
                // With some parameters a mistake leads to the right number.
                if !graded.verdict.passed() && !named {
                    return Err(format!("seed {seed}: {wrong} is not named `{}`: {:?}", known.id, graded.named));
                }
            }
        }
    }
    Ok(Vec::new())
}

pub fn misconception_is_named(tried: Tried, known: &Misconception) -> Result<Vec<String>, String> {
    let step = tried.build_of(&known.function)?;
    for seed in SEEDS {
        let mut table = Table::new(tried.all);
        let graded = grade(tried, step, seed, &mut Overridden::new(&mut table, known))?;
        match &graded.verdict {
            Verdict::Fail(_) | Verdict::Error(_) => {}
            other => return Err(format!("seed {seed:x}: not rejected: {other:?}")),
        }
        let names: Vec<&str> = graded.named.iter().map(|n| n.id.as_str()).collect();
        if names != [known.id.as_str()] {
            return Err(format!("seed {seed:x}: named {names:?}; findings {:?}", graded.verdict.findings()));
        }
        if !is_whole(&known.says, &graded.named[0].says) {
            return Err(format!(
                "seed {seed:x}: FACTS left a placeholder of `{}` open: {}",
                known.says, graded.named[0].says
            ));
        }
    }
    Ok(Vec::new())
}

/// The solution, but for one function that gives a word.
struct Wordy<'a> {
    inner: Table,
    function: &'a str,
    /// Whether it was called.
    called: bool,
}

impl Wordy<'_> {
    fn word(&mut self) -> Observation {
        self.called = true;
        Observation::Value(Value::Str("a word".to_owned()))
    }
}

impl Subject for Wordy<'_> {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        if function == self.function { self.word() } else { self.inner.call(function, args) }
    }

    fn time(&mut self, block: &Block) -> Result<Timed, Fault> {
        match block.calls.iter().any(|(name, _)| name == self.function) {
            true => Ok(Timed { took: Duration::from_millis(1), last: vec![self.word()] }),
            false => self.inner.time(block),
        }
    }
}

/// A result of another kind is the answer's mistake, and no fault of ours.
pub fn wrong_kind_is_told(tried: Tried, step: &Step, function: &str) -> Result<Outcome, String> {
    let mut wordy = Wordy { inner: Table::new(tried.lab.embedded.solution), function, called: false };
    let graded = measure(tried, step, SEEDS[0], &mut wordy)
        .map_err(|why| format!("a word from `{function}` was taken for a fault of ours: {why}"))?;
    match (wordy.called, &graded.verdict) {
        (false, _) => Ok(Outcome::Ignored("the experiment does not call it by itself")),
        (true, Verdict::Fail(_) | Verdict::Error(_)) => Ok(Outcome::Holds(Vec::new())),
        (true, other) => Err(format!("a word from `{function}`: {other:?}")),
    }
}

pub fn degenerate_is_rejected(tried: Tried, function: &str, how: Degenerate) -> Result<Outcome, String> {
    let steps = &tried.lab.manifest.steps;
    let step = steps.iter().find(|s| s.functions.iter().any(|f| f == function)).ok_or("no step asks for it")?;
    let Some(Grader::Build(draw)) = tried.lab.grader(&step.id) else {
        return Err("its first step is no build step".to_owned());
    };
    let checks = draw(&mut Draw::new(SEEDS[0], &step.id)).map_err(|e| e.to_string())?;
    let scripts: Vec<&Script> = checks.iter().flat_map(|c| &c.cases).collect();
    let solution = tried.lab.embedded.solution;
    if !differs(&scripts, function, how, &mut Table::new(solution)) {
        return Ok(Outcome::Ignored("it is the right answer on every case"));
    }
    for seed in SEEDS {
        let mut table = Table::new(solution);
        let graded = grade(tried, step, seed, &mut Lazy::new(&mut table, function, how))?;
        if graded.verdict.passed() {
            return Err(format!("seed {seed:x}: {} passes", how.word()));
        }
    }
    Ok(Outcome::Holds(Vec::new()))
}
