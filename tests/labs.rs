//! A named trial for each file of each lab: solutions pass, starters do not, every misconception is rejected and named,
//! degenerate answers are rejected, the oracle agrees.

use libtest_mimic::{Arguments, Failed, Trial};
use roadmap::grading::{
    Build, Degenerate, Grader, Lab, Lazy, Overridden, Script, Seed, degenerates, differs, grade_build,
};
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
    for known in &lab.manifest.misconceptions {
        if lab.manifest.function(&known.function).is_some() {
            let name = format!("{slug}/misconceptions.rs {}", known.id);
            trials.push(Trial::test(name, move || misconception_is_named(lab, &known.id)));
        }
    }
    for function in &lab.manifest.functions {
        for how in degenerates(function) {
            let name = format!("{slug}/grader.rs rejects {} from {}", how.word(), function.name);
            trials.push(Trial::test(name, move || degenerate_is_rejected(lab, &function.name, how)));
        }
    }
    trials
}

/// Grades a build step in this process, with `answer` made over the solution's table.
fn grade(lab: &'static Lab, step: &str, seed: u64, answer: &mut dyn Subject) -> Result<Graded, Failed> {
    let step = lab.manifest.step(step).ok_or("no such step")?;
    let both: &'static [_] =
        Box::leak([lab.embedded.solution, lab.embedded.misconceptions].concat().into_boxed_slice());
    let hypotheses = Box::new(move || Some(Box::new(Table(both)) as Box<dyn Subject>));
    let (mut solution, seed) = (Table(lab.embedded.solution), Seed::new(seed));
    let build = Build { lab, step, seed, answer, solution: &mut solution, hypotheses };
    grade_build(build).map_err(|e| Failed::from(e.to_string()))
}

fn build_steps(lab: &'static Lab) -> impl Iterator<Item = &'static str> {
    lab.manifest.steps.iter().map(|s| s.id.as_str()).filter(|id| matches!(lab.grader(id), Some(Grader::Build(_))))
}

fn solution_passes(lab: &'static Lab) -> Result<(), Failed> {
    for step in build_steps(lab) {
        for seed in SEEDS {
            let graded = grade(lab, step, seed, &mut Table(lab.embedded.solution))?;
            if !graded.verdict.passed() {
                return Err(format!("{step} with seed {seed:x}: {:?}\n{:?}", graded.verdict, graded.smallest).into());
            }
        }
    }
    Ok(())
}

fn misconception_is_named(lab: &'static Lab, id: &str) -> Result<(), Failed> {
    let known = lab.manifest.misconception(id).ok_or("no such misconception")?;
    let step = lab
        .manifest
        .steps
        .iter()
        .find(|s| s.functions.contains(&known.function) && build_steps(lab).any(|b| b == s.id));
    let step = step.ok_or("no build step asks for its function")?;
    let both: &'static [_] =
        Box::leak([lab.embedded.solution, lab.embedded.misconceptions].concat().into_boxed_slice());
    for seed in SEEDS {
        let mut table = Table(both);
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

fn degenerate_is_rejected(lab: &'static Lab, function: &str, how: Degenerate) -> Result<(), Failed> {
    let step =
        lab.manifest.steps.iter().find(|s| s.functions.iter().any(|f| f == function)).ok_or("no step asks for it")?;
    let Some(Grader::Build(draw)) = lab.grader(&step.id) else { return Err("its first step is no build step".into()) };
    let checks = draw(&mut roadmap::grading::Draw::new(SEEDS[0], &step.id)).map_err(|e| e.to_string())?;
    let scripts: Vec<&Script> = checks.iter().flat_map(|c| &c.cases).collect();
    if !differs(&scripts, function, how, &mut Table(lab.embedded.solution)) {
        return Ok(());
    }
    for seed in SEEDS {
        let mut table = Table(lab.embedded.solution);
        let graded = grade(lab, &step.id, seed, &mut Lazy::new(&mut table, function, how))?;
        if graded.verdict.passed() {
            return Err(format!("seed {seed:x}: {} passes", how.word()).into());
        }
    }
    Ok(())
}
