//! The same trials through real child processes: solutions, starters, and misconceptions written in Python by hand.

use crate::{SEEDS, both};
use libtest_mimic::{Completion, Failed, Trial};
use roadmap::grading::{Build, Grader, Lab, Seed, grade_build};
use roadmap::submission::{
    Child, Compiled, Language, Limits, Link, Python, Subject, Table, Workspace, compile, find_python, start_program,
};
use roadmap::verdict::{Graded, Verdict};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// The trials of a lab that start processes.
pub fn trials(lab: &'static Lab) -> Vec<Trial> {
    let slug = lab.slug();
    let mut trials = Vec::new();
    for language in Language::ALL {
        let end = if language == Language::Rust { "rs" } else { "py" };
        trials.push(trial(format!("{slug}/solution.{end} passes as an answer"), language, move |home| {
            passes(lab, &home.prepare(lab, language, lab.solution(language))?)
        }));
        trials.push(trial(format!("{slug}/starter.{end} does not pass"), language, move |home| {
            is_not_done(lab, &home.prepare(lab, language, lab.starter(language))?)
        }));
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("labs").join(slug).join("misconceptions.py");
    let wrong = fs::read_to_string(file).unwrap_or_default();
    let by_hand = lab.manifest.misconceptions.iter().filter(|m| wrong.contains(&format!("\ndef {}(", m.rust())));
    let by_hand: Vec<_> = by_hand.collect();
    let count = by_hand.len();
    trials.push(Trial::test(format!("{slug}/misconceptions.py has two or more"), move || match count {
        0 | 1 => Err(format!("{count} misconceptions are written by hand in Python").into()),
        _ => Ok(()),
    }));
    for known in by_hand {
        let solution = lab.solution(Language::Python);
        let text = format!("{solution}\n\n{wrong}\n\n{} = {}\n", known.function, known.rust());
        let name = format!("{slug}/misconceptions.py {}", known.id);
        trials.push(trial(name, Language::Python, move |home| {
            is_named(lab, &home.prepare(lab, Language::Python, &text)?, &known.id, &known.function)
        }));
    }
    trials
}

fn trial(name: String, language: Language, run: impl FnOnce(&Home) -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || {
        let home = Home::new()?;
        if language == Language::Python && home.python().is_none() {
            if std::env::var_os("ROADMAP_REQUIRE_NUMPY").is_some() {
                return Err(Failed::from("ROADMAP_REQUIRE_NUMPY is set and there is no numpy"));
            }
            return Ok(Completion::ignored_with("no numpy"));
        }
        run(&home).map(|()| Completion::Completed)
    })
}

/// A workspace of its own for each trial.
struct Home {
    workspace: Workspace,
    _folder: TempDir,
}

/// An answer that can be started as often as needed.
struct Prepared<'a> {
    workspace: &'a Workspace,
    file: PathBuf,
    /// The compiled program, or the interpreter.
    program: Result<PathBuf, Python>,
}

impl Home {
    fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let workspace = Workspace { root: folder.path().to_owned() };
        fs::create_dir_all(workspace.hidden())?;
        Ok(Self { workspace, _folder: folder })
    }

    fn python(&self) -> Option<Python> {
        find_python(&self.workspace).ok().filter(|python| python.numpy.is_some())
    }

    fn prepare(&self, lab: &Lab, language: Language, text: &str) -> Result<Prepared<'_>, Failed> {
        let (file, _) = self.workspace.prepare(lab.slug(), language, text, "")?;
        let program = match language {
            Language::Python => Err(self.python().ok_or("no numpy")?),
            Language::Rust => {
                let link = Link::find(&self.workspace).ok_or("no rlibs beside this test")?;
                let all: Vec<_> = lab.manifest.functions.iter().collect();
                match compile(&self.workspace, &link, lab.slug(), &file, &all)? {
                    Compiled::Program(program) => Ok(program),
                    other => return Err(format!("{other:?}").into()),
                }
            }
        };
        Ok(Prepared { workspace: &self.workspace, file, program })
    }
}

impl Prepared<'_> {
    fn start(&self, lab: &Lab, limits: Limits) -> Result<Child, Failed> {
        let functions: Vec<_> = lab.manifest.functions.iter().collect();
        let child = match &self.program {
            Ok(program) => start_program(program, &self.file, limits),
            Err(python) => python.start(self.workspace, &self.file, &functions, limits).map(|mut child| {
                child.coerce(functions.iter().map(|f| (f.name.clone(), f.returns.clone())).collect());
                child
            }),
        };
        child.map_err(|fault| Failed::from(fault.to_string()))
    }

    fn grade(&self, lab: &'static Lab, step: &str, seed: u64) -> Result<Graded, Failed> {
        let step = lab.manifest.step(step).ok_or("no such step")?;
        let mut answer = self.start(lab, Limits::seconds(lab.manifest.limit_of(step)))?;
        if let Some(Grader::Measure(_)) = lab.grader(&step.id) {
            return crate::measure(lab, step, seed, &mut answer);
        }
        let (table, mut solution) = (both(lab), Table::new(lab.embedded.solution));
        let hypotheses = Box::new(move || Some(Box::new(Table::new(table)) as Box<dyn Subject>));
        let build =
            Build { lab, step, seed: Seed::new(seed), answer: &mut answer, solution: &mut solution, hypotheses };
        grade_build(build).map_err(|e| Failed::from(e.to_string()))
    }
}

fn run_steps(lab: &'static Lab) -> impl Iterator<Item = &'static str> {
    let runs = |id: &&str| matches!(lab.grader(id), Some(Grader::Build(_) | Grader::Measure(_)));
    lab.manifest.steps.iter().map(|s| s.id.as_str()).filter(runs)
}

fn passes(lab: &'static Lab, answer: &Prepared<'_>) -> Result<(), Failed> {
    for step in run_steps(lab) {
        let graded = answer.grade(lab, step, SEEDS[0])?;
        if !graded.verdict.passed() {
            return Err(format!("{step}: {:?} {:?}", graded.verdict, graded.smallest).into());
        }
    }
    Ok(())
}

fn is_not_done(lab: &'static Lab, answer: &Prepared<'_>) -> Result<(), Failed> {
    for step in run_steps(lab) {
        let graded = answer.grade(lab, step, SEEDS[0])?;
        if !matches!(graded.verdict, Verdict::Nothing(_)) {
            return Err(format!("{step}: wanted `not done`, got {:?}", graded.verdict).into());
        }
    }
    Ok(())
}

fn is_named(lab: &'static Lab, answer: &Prepared<'_>, id: &str, function: &str) -> Result<(), Failed> {
    let step = lab
        .manifest
        .steps
        .iter()
        .find(|s| s.functions.iter().any(|f| f == function) && matches!(lab.grader(&s.id), Some(Grader::Build(_))));
    let step = step.ok_or("no build step asks for its function")?;
    for seed in SEEDS {
        let graded = answer.grade(lab, &step.id, seed)?;
        let names: Vec<&str> = graded.named.iter().map(|n| n.id.as_str()).collect();
        if names != [id] {
            return Err(format!("seed {seed:x}: named {names:?}: {:?}", graded.verdict.findings()).into());
        }
    }
    Ok(())
}
