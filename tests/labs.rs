//! A named trial for each file of each lab: solutions pass, starters do not, every misconception is rejected and named,
//! degenerate answers are rejected, the oracle agrees.

#[path = "labs/child.rs"]
mod child;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use roadmap::grading::{
    Answer, Build, Degenerate, Grader, Lab, Lazy, Measure, Overridden, Question, Script, Seed, ask, degenerates,
    differs, grade_build, grade_measure, grade_predict,
};
use roadmap::lab::Step;
use roadmap::labs;
use roadmap::submission::{Subject, Table};
use roadmap::verdict::{Graded, Verdict};
use std::process::ExitCode;

/// Each trial grades on these draws: one seed could be lucky.
const SEEDS: [u64; 3] = [1, 0x7f31, 0xdead_beef];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    match labs::all() {
        Ok(labs) => labs.into_iter().for_each(|lab| trials.extend(trials_of(Box::leak(Box::new(lab))))),
        Err(problem) => trials.push(Trial::test("labs load", move || Err(Failed::from(problem.to_string())))),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials_of(lab: &'static Lab) -> Vec<Trial> {
    let slug = lab.slug();
    let mut trials = vec![Trial::test(format!("{slug}/solution.rs in process"), move || solution_passes(lab))];
    for step in lab.manifest.steps.iter().filter(|step| matches!(lab.grader(&step.id), Some(Grader::Measure(_)))) {
        let name = format!("{slug}/solution.rs passes {}", step.id);
        trials.push(Trial::test(name, move || solution_measures(lab, step)));
    }
    for step in lab.manifest.steps.iter().filter(|step| matches!(lab.grader(&step.id), Some(Grader::Predict(_)))) {
        let name = format!("{slug}/grader.rs asks {}", step.id);
        trials.push(Trial::test(name, move || questions_are_fair(lab, step)));
    }
    trials.push(Trial::test(format!("{slug}/oracle"), move || oracle_agrees(lab)));
    for known in &lab.manifest.misconceptions {
        if lab.manifest.function(&known.function).is_some() {
            let name = format!("{slug}/misconceptions.rs {}", known.id);
            trials.push(Trial::test(name, move || misconception_is_named(lab, &known.id)));
        }
    }
    for function in &lab.manifest.functions {
        for how in degenerates(function) {
            let name = format!("{slug}/grader.rs rejects {} from {}", how.word(), function.name);
            trials.push(Trial::ignorable_test(name, move || degenerate_is_rejected(lab, &function.name, how)));
        }
    }
    trials.extend(child::trials(lab));
    trials
}

/// The solution's functions and the misconceptions, in one table.
fn both(lab: &'static Lab) -> &'static [(&'static str, lab_sdk::Function)] {
    Box::leak([lab.embedded.solution, lab.embedded.misconceptions].concat().into_boxed_slice())
}

/// Grades a build step in this process, with `answer` made over the solution's table.
fn grade(lab: &'static Lab, step: &str, seed: u64, answer: &mut dyn Subject) -> Result<Graded, Failed> {
    let step = lab.manifest.step(step).ok_or("no such step")?;
    let table = both(lab);
    let hypotheses = Box::new(move || Some(Box::new(Table::new(table)) as Box<dyn Subject>));
    let (mut solution, seed) = (Table::new(lab.embedded.solution), Seed::new(seed));
    let build = Build { lab, step, seed, answer, solution: &mut solution, hypotheses };
    grade_build(build).map_err(|e| Failed::from(e.to_string()))
}

fn build_steps(lab: &'static Lab) -> impl Iterator<Item = &'static str> {
    lab.manifest.steps.iter().map(|s| s.id.as_str()).filter(|id| matches!(lab.grader(id), Some(Grader::Build(_))))
}

fn solution_passes(lab: &'static Lab) -> Result<(), Failed> {
    for step in build_steps(lab) {
        for seed in SEEDS {
            let graded = grade(lab, step, seed, &mut Table::new(lab.embedded.solution))?;
            if !graded.verdict.passed() {
                return Err(format!("{step} with seed {seed:x}: {:?}\n{:?}", graded.verdict, graded.smallest).into());
            }
        }
    }
    Ok(())
}

fn solution_measures(lab: &'static Lab, step: &'static Step) -> Result<(), Failed> {
    let graded = measure(lab, step, SEEDS[0], &mut Table::new(lab.embedded.solution))?;
    for m in &graded.measurements {
        println!("{}: {} {} ({})", m.name, m.value, m.unit, m.bar.as_deref().unwrap_or("no bar"));
    }
    graded.remarks.iter().for_each(|remark| println!("{remark}"));
    match graded.verdict.passed() {
        true => Ok(()),
        false => Err(format!("{:?} {:?}", graded.verdict, graded.measurements).into()),
    }
}

/// Runs an experiment with `answer`; times are held against the solution in this process.
fn measure(lab: &'static Lab, step: &Step, seed: u64, answer: &mut dyn Subject) -> Result<Graded, Failed> {
    let graded = grade_measure(Measure {
        lab,
        step,
        seed: Seed::new(seed),
        answer,
        solution: &mut Table::new(lab.embedded.solution),
        baseline: Box::new(|| Some(Box::new(Table::new(lab.embedded.solution)))),
        model: None,
        progress: &mut |_, _| {},
    });
    graded.map_err(|e| Failed::from(e.to_string()))
}

/// The right numbers pass as they are printed, the numbers of known mistakes do not, and are named.
fn questions_are_fair(lab: &'static Lab, step: &'static Step) -> Result<(), Failed> {
    for seed in (0..40).map(|i| Seed::new(SEEDS[1] + i)) {
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
            return Err(format!("seed {seed}: {:?}", graded.verdict).into());
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
                let named = graded.named.iter().any(|n| !n.says.contains('{'));
                // With some parameters a mistake leads to the right number.
                if !graded.verdict.passed() && !named {
                    return Err(format!("seed {seed}: {wrong} is not named `{}`: {:?}", known.id, graded.named).into());
                }
            }
        }
    }
    Ok(())
}

fn oracle_agrees(lab: &'static Lab) -> Result<(), Failed> {
    match (lab.embedded.oracle)() {
        Ok(0) => Err("nothing was compared".into()),
        Ok(compared) => {
            println!("{compared} values");
            Ok(())
        }
        Err(difference) => Err(difference.to_string().into()),
    }
}

fn misconception_is_named(lab: &'static Lab, id: &str) -> Result<(), Failed> {
    let known = lab.manifest.misconception(id).ok_or("no such misconception")?;
    let step = lab
        .manifest
        .steps
        .iter()
        .find(|s| s.functions.contains(&known.function) && build_steps(lab).any(|b| b == s.id));
    let step = step.ok_or("no build step asks for its function")?;
    let table = both(lab);
    for seed in SEEDS {
        let mut table = Table::new(table);
        let graded = grade(lab, &step.id, seed, &mut Overridden::new(&mut table, known))?;
        match &graded.verdict {
            Verdict::Fail(_) | Verdict::Error(_) => {}
            other => return Err(format!("seed {seed:x}: not rejected: {other:?}").into()),
        }
        let names: Vec<&str> = graded.named.iter().map(|n| n.id.as_str()).collect();
        if names != [id] {
            return Err(format!("seed {seed:x}: named {names:?}; findings {:?}", graded.verdict.findings()).into());
        }
        if graded.named[0].says.contains('{') {
            return Err(format!("seed {seed:x}: an unfilled placeholder in `{}`", graded.named[0].says).into());
        }
    }
    Ok(())
}

fn degenerate_is_rejected(lab: &'static Lab, function: &str, how: Degenerate) -> Result<Completion, Failed> {
    let step =
        lab.manifest.steps.iter().find(|s| s.functions.iter().any(|f| f == function)).ok_or("no step asks for it")?;
    let Some(Grader::Build(draw)) = lab.grader(&step.id) else { return Err("its first step is no build step".into()) };
    let checks = draw(&mut roadmap::grading::Draw::new(SEEDS[0], &step.id)).map_err(|e| e.to_string())?;
    let scripts: Vec<&Script> = checks.iter().flat_map(|c| &c.cases).collect();
    if !differs(&scripts, function, how, &mut Table::new(lab.embedded.solution)) {
        return Ok(Completion::ignored_with("it is the right answer on every case"));
    }
    for seed in SEEDS {
        let mut table = Table::new(lab.embedded.solution);
        let graded = grade(lab, &step.id, seed, &mut Lazy::new(&mut table, function, how))?;
        if graded.verdict.passed() {
            return Err(format!("seed {seed:x}: {} passes", how.word()).into());
        }
    }
    Ok(Completion::Completed)
}
