//! The trials of a lab, as plain values: a name and what to run. Solutions pass, starters do not, every misconception is
//! rejected and named, degenerate answers are rejected, the oracle agrees, no words are missing. `tests/labs.rs` and
//! `roadmap author check` run them; how many at once is theirs to say.

mod answer;
mod home;
mod inside;
mod oracle;
mod room;
mod words;

pub use home::{Home, has_link};
pub use inside::{measure, questions};

use crate::grading::{Grader, Lab, degenerates};
use crate::lab::Step;
use std::path::Path;

/// Each trial grades on these draws: one seed could be lucky.
pub const SEEDS: [u64; 3] = [1, 0x7f31, 0xdead_beef];

/// A lab and, in one table, the functions of its solution and of its misconceptions.
#[derive(Clone, Copy)]
pub struct Tried {
    /// The lab.
    pub lab: &'static Lab,
    /// Both tables, one after the other.
    pub all: &'static [(&'static str, lab_sdk::Function)],
}

/// One thing that has to hold of a lab.
pub struct Trial {
    /// `prune/solution.rs in process`.
    pub name: String,
    /// Whether it may have nothing to try: no NumPy, a degenerate answer that is right.
    pub ignorable: bool,
    run: Box<dyn FnOnce() -> Result<Outcome, String> + Send>,
}

/// What came of a trial that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds; what was seen, a line each.
    Holds(Vec<String>),
    /// There was nothing to try, and why.
    Ignored(&'static str),
}

impl Tried {
    /// Takes a lab to be tried. Labs and tables live as long as the process, as what is embedded does.
    pub fn new(lab: Lab) -> Self {
        let all = [lab.embedded.solution, lab.embedded.misconceptions].concat();
        Self { lab: Box::leak(Box::new(lab)), all: Box::leak(all.into_boxed_slice()) }
    }

    /// The steps of one kind of grader.
    fn steps(self, kind: impl Fn(&Grader) -> bool) -> impl Iterator<Item = &'static Step> {
        let lab = self.lab;
        lab.manifest.steps.iter().filter(move |step| lab.grader(&step.id).is_some_and(|grader| kind(&grader)))
    }

    fn builds(self) -> impl Iterator<Item = &'static Step> {
        self.steps(|grader| matches!(grader, Grader::Build(_)))
    }

    /// The build step that asks for a function.
    fn build_of(self, function: &str) -> Result<&'static Step, String> {
        let step = self.builds().find(|step| step.functions.iter().any(|f| f == function));
        step.ok_or_else(|| format!("no build step asks for `{function}`; give it one, or take the function out"))
    }
}

impl Trial {
    fn new(name: String, run: impl FnOnce() -> Result<Vec<String>, String> + Send + 'static) -> Self {
        Self { name, ignorable: false, run: Box::new(move || run().map(Outcome::Holds)) }
    }

    fn ignorable(name: String, run: impl FnOnce() -> Result<Outcome, String> + Send + 'static) -> Self {
        Self { name, ignorable: true, run: Box::new(run) }
    }

    /// Runs it; an `Err` says what does not hold.
    pub fn run(self) -> Result<Outcome, String> {
        (self.run)()
    }
}

/// All trials of a lab, the long ones first. `folder` is the lab's on disk, where the oracle's script and versions stand.
pub fn of(tried: Tried, folder: &Path) -> Vec<Trial> {
    let slug = tried.lab.slug();
    let mut trials = Vec::new();
    for step in tried.steps(|grader| grader.experiment().is_some()) {
        let name = format!("{slug}/solution.rs passes {}", step.id);
        trials.push(Trial::new(name, move || inside::solution_measures(tried, step)));
    }
    trials.extend(answer::trials(tried));
    for step in tried.steps(|grader| grader.experiment().is_some()) {
        for function in &step.functions {
            let name = format!("{slug}/grader.rs tells a word from {function} in {}", step.id);
            trials.push(Trial::ignorable(name, move || inside::wrong_kind_is_told(tried, step, function)));
        }
    }
    trials.push(Trial::new(format!("{slug}/solution.rs in process"), move || inside::solution_passes(tried)));
    for step in tried.steps(|grader| matches!(grader, Grader::Predict(_))) {
        let name = format!("{slug}/grader.rs asks {}", step.id);
        trials.push(Trial::new(name, move || inside::questions_are_fair(tried, step)));
    }
    trials.push(Trial::new(format!("{slug}/oracle"), move || oracle::agrees(tried)));
    let folder = folder.join("oracle");
    trials.push(Trial::new(format!("{slug}/oracle says where it comes from"), move || oracle::is_whole(&folder)));
    for known in tried.lab.manifest.misconceptions.iter().filter(|m| tried.lab.manifest.function(&m.function).is_some())
    {
        let name = format!("{slug}/misconceptions.rs {}", known.id);
        trials.push(Trial::new(name, move || inside::misconception_is_named(tried, known)));
    }
    for function in &tried.lab.manifest.functions {
        for how in degenerates(function) {
            let name = format!("{slug}/grader.rs rejects {} from {}", how.word(), function.name);
            trials.push(Trial::ignorable(name, move || inside::degenerate_is_rejected(tried, &function.name, how)));
        }
    }
    trials.extend(room::trials(tried));
    trials.extend(words::trials(tried));
    trials
}
