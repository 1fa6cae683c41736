//! Trials through real child processes: solutions, starters, and misconceptions written in Python by hand.

use super::home::{Home, Prepared};
use super::inside;
use super::{Outcome, SEEDS, Trial, Tried};
use crate::grading::{Drawn, Grader, Wider};
use crate::lab::{Misconception, Step};
use crate::submission::{Language, Limits, Table};
use crate::verdict::{Graded, Verdict};

/// The trials of a lab that start processes.
pub fn trials(tried: Tried) -> Vec<Trial> {
    let (lab, slug) = (tried.lab, tried.lab.slug());
    let mut trials = Vec::new();
    for language in Language::ALL {
        let end = if language == Language::Rust { "rs" } else { "py" };
        trials.push(trial(format!("{slug}/solution.{end} passes as an answer"), language, move |home| {
            passes(tried, &home.prepare(lab, language, lab.solution(language))?)
        }));
        trials.push(trial(format!("{slug}/starter.{end} does not pass"), language, move |home| {
            is_not_done(tried, &home.prepare(lab, language, lab.starter(language))?)
        }));
    }
    trials.push(trial(format!("{slug}/solution.py has room in its floors"), Language::Python, move |home| {
        has_room(tried, &home.prepare(lab, Language::Python, lab.solution(Language::Python))?)
    }));
    let wrong = lab.embedded.files.by_hand;
    let by_hand = lab.manifest.misconceptions.iter().filter(|m| wrong.contains(&format!("\ndef {}(", m.rust())));
    let by_hand: Vec<_> = by_hand.collect();
    let count = by_hand.len();
    trials.push(Trial::new(format!("{slug}/misconceptions.py has two or more"), move || match count {
        0 | 1 => Err(format!("{count} misconceptions are written by hand in Python; write two, as people write them")),
        _ => Ok(Vec::new()),
    }));
    for known in by_hand {
        let solution = lab.solution(Language::Python);
        let text = format!("{solution}\n\n{wrong}\n\n{} = {}\n", known.function, known.rust());
        let name = format!("{slug}/misconceptions.py {}", known.id);
        trials.push(trial(name, Language::Python, move |home| {
            is_named(tried, &home.prepare(lab, Language::Python, &text)?, known)
        }));
    }
    trials
}

fn trial(name: String, language: Language, run: impl FnOnce(&Home) -> Result<(), String> + Send + 'static) -> Trial {
    Trial::ignorable(name, move || {
        let home = Home::new()?;
        if language == Language::Python && home.python().is_none() {
            if std::env::var_os("ROADMAP_REQUIRE_NUMPY").is_some() {
                return Err("ROADMAP_REQUIRE_NUMPY is set and there is no numpy".to_owned());
            }
            return Ok(Outcome::Ignored("no numpy"));
        }
        run(&home).map(|()| Outcome::Holds(Vec::new()))
    })
}

fn grade(tried: Tried, answer: &Prepared<'_>, step: &Step, seed: u64) -> Result<Graded, String> {
    let mut child = answer.start(tried.lab, Limits::seconds(tried.lab.manifest.limit_of(step)))?;
    match tried.lab.grader(&step.id) {
        Some(Grader::Measure(_) | Grader::MeasureModel(..)) => inside::measure(tried, step, seed, &mut child),
        _ => inside::grade(tried, step, seed, &mut child),
    }
}

fn run_steps(tried: Tried) -> impl Iterator<Item = &'static Step> {
    tried.steps(|grader| !matches!(grader, Grader::Predict(_)))
}

fn passes(tried: Tried, answer: &Prepared<'_>) -> Result<(), String> {
    for step in run_steps(tried) {
        let graded = grade(tried, answer, step, SEEDS[0])?;
        if !graded.verdict.passed() {
            return Err(format!("{}: {:?} {:?}", step.id, graded.verdict, graded.smallest));
        }
    }
    Ok(())
}

fn is_not_done(tried: Tried, answer: &Prepared<'_>) -> Result<(), String> {
    for step in run_steps(tried) {
        let graded = grade(tried, answer, step, SEEDS[0])?;
        if !matches!(graded.verdict, Verdict::Nothing(_)) {
            return Err(format!("{}: wanted `not done`, got {:?}", step.id, graded.verdict));
        }
    }
    Ok(())
}

fn is_named(tried: Tried, answer: &Prepared<'_>, known: &Misconception) -> Result<(), String> {
    let step = tried.build_of(&known.function)?;
    for seed in SEEDS {
        let graded = grade(tried, answer, step, seed)?;
        let names: Vec<&str> = graded.named.iter().map(|n| n.id.as_str()).collect();
        if names != [known.id.as_str()] {
            return Err(format!("seed {seed:x}: named {names:?}: {:?}", graded.verdict.findings()));
        }
    }
    Ok(())
}

/// NumPy sums in another order: where that takes more than half of a tolerance, the next NumPy may take all of it.
fn has_room(tried: Tried, answer: &Prepared<'_>) -> Result<(), String> {
    for step in tried.builds() {
        for seed in SEEDS {
            let drawn = Drawn::new(tried.lab, step, seed, &mut Table::new(tried.lab.embedded.solution));
            let drawn = drawn.map_err(|e| e.to_string())?;
            if !drawn.has_floor() {
                break;
            }
            let mut child = answer.start(tried.lab, Limits::seconds(tried.lab.manifest.limit_of(step)))?;
            if let Some(finding) = drawn.rejects(&mut child, Wider { floor: 0.5, bound: 1.0 }) {
                return Err(format!(
                    "seed {seed:x}: solution.py uses over half of the k of `{}` in {} ({}, allowed {}); raise k (4, 8, 16)",
                    finding.check, step.id, finding.at, finding.allowed
                ));
            }
        }
    }
    Ok(())
}
