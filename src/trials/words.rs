//! Trials of a lab's words: nothing that a learner reads is missing, and every name has its other half.

use super::{SEEDS, Trial, Tried, questions};
use crate::grading::{Draw, Grader, Rule, ask, filled};
use crate::verdict::Kind;

/// What is missing, a sentence each that says what to do.
type Missing = fn(Tried) -> Vec<String>;

/// The trials.
pub fn trials(tried: Tried) -> Vec<Trial> {
    let slug = tried.lab.slug();
    let named: [(&str, Missing); 6] = [
        ("lab.toml names what is there", manifest),
        ("brief.md tells every step", brief),
        ("hints.md has three for every step", hints),
        ("starters say what each function does", starters),
        ("misconceptions all have their words", misconceptions),
        ("refusals say who refuses what", refusals),
    ];
    let trial = |(name, missing): (&str, Missing)| {
        Trial::new(format!("{slug}/{name}"), move || match missing(tried) {
            missing if missing.is_empty() => Ok(Vec::new()),
            missing => Err(missing.join("; ")),
        })
    };
    named.into_iter().map(trial).collect()
}

fn manifest(tried: Tried) -> Vec<String> {
    let manifest = &tried.lab.manifest;
    let mut missing = Vec::new();
    for step in &manifest.steps {
        let fits = match tried.lab.grader(&step.id) {
            Some(Grader::Predict(_)) => step.kind == Kind::Predict,
            Some(Grader::Build(_)) => step.kind == Kind::Build && !step.functions.is_empty(),
            Some(Grader::Measure(_)) => step.kind == Kind::Measure && step.model.is_none(),
            Some(Grader::MeasureModel(..)) => step.kind == Kind::Measure && step.model.is_some(),
            None => false,
        };
        if !fits {
            missing.push(format!("STEPS of grader.rs has no {} grader for `{}`; add one", step.kind.word(), step.id));
        }
        if step.topics.is_empty() {
            missing.push(format!("`{}` names no topic; say which it exercises: `topics = [..]`", step.id));
        }
    }
    for (id, _) in tried.lab.embedded.graders.iter().filter(|(id, _)| manifest.step(id).is_none()) {
        missing.push(format!("STEPS of grader.rs grades `{id}`, which is no [[step]]; add it, or take it out"));
    }
    if manifest.cards.is_empty() {
        missing.push("there is no [[card]]; write a question to come back to".to_owned());
    }
    if manifest.sources.is_empty() {
        missing.push("`sources` is empty; name the paper or specification".to_owned());
    }
    missing
}

fn brief(tried: Tried) -> Vec<String> {
    let (words, steps) = (tried.lab.words(), &tried.lab.manifest.steps);
    let untold = steps.iter().filter(|step| words.step(&step.id).is_empty());
    let mut missing: Vec<String> =
        untold.map(|step| format!("there is no section `## {}`; tell what it asks", step.id)).collect();
    if words.idea().is_empty() || words.idea().starts_with("## ") {
        missing.push("the idea is missing; tell it before the first step".to_owned());
    }
    missing
}

fn hints(tried: Tried) -> Vec<String> {
    let words = tried.lab.words();
    let counted = tried.lab.manifest.steps.iter().map(|step| (&step.id, words.hints(&step.id).len()));
    let few = counted.filter(|(_, count)| *count != 3);
    few.map(|(id, count)| format!("`## {id}` has {count} hints; write `1.` `2.` `3.`")).collect()
}

fn starters(tried: Tried) -> Vec<String> {
    let [rust, python] = tried.lab.embedded.files.starters;
    let mut missing = Vec::new();
    for function in &tried.lab.manifest.functions {
        let name = &function.name;
        if !said_in_rust(rust, name) {
            missing.push(format!("`{name}` has no doc comment in starter.rs; say what it does, and what to refuse"));
        }
        if !said_in_python(python, name) {
            missing.push(format!("`{name}` has no docstring in starter.py; say what it does, and what to refuse"));
        }
    }
    missing
}

fn said_in_rust(text: &str, name: &str) -> bool {
    let before = text.find(&format!("fn {name}(")).map(|at| &text[..at]);
    let above = before.and_then(|before| before.lines().rev().nth(usize::from(!before.ends_with('\n'))));
    above.is_some_and(|line| line.trim_start().starts_with("///") || line.trim_start().starts_with("#["))
}

fn said_in_python(text: &str, name: &str) -> bool {
    let from = text.find(&format!("def {name}(")).map(|at| &text[at..]);
    let body = from.and_then(|from| from.find(":\n").map(|end| &from[end + 2..]));
    body.is_some_and(|body| body.trim_start().starts_with("\"\"\""))
}

fn misconceptions(tried: Tried) -> Vec<String> {
    let (lab, manifest) = (tried.lab, &tried.lab.manifest);
    let mut missing = Vec::new();
    for known in &manifest.misconceptions {
        let id = &known.id;
        if known.says.trim().is_empty() {
            missing.push(format!("`{id}` says nothing; say why it is a mistake"));
        }
        // Whatever a run or a question knows, nobody is shown a placeholder.
        let bare = filled(id, &known.says, &[("", "")]);
        if bare.contains(['{', '}']) || bare.is_empty() {
            missing.push(format!("`{id}` says `{bare}` where nothing is known; close its placeholders"));
        }
        if manifest.function(&known.function).is_some() {
            if lab.embedded.misconceptions.iter().all(|(name, _)| *name != known.rust()) {
                missing.push(format!("`{id}` has no `pub fn {}` in misconceptions.rs; write it", known.rust()));
            }
        } else if let Some(step) = manifest.step(&known.function) {
            let mut asked = questions().flat_map(|seed| ask(lab, step, seed));
            if !asked.any(|question| question.mistakes.iter().any(|(named, _)| named == id)) {
                missing.push(format!("no question of `{}` leads to `{id}`; give one its wrong number", step.id));
            }
        }
    }
    let known = |name: &str| manifest.misconceptions.iter().any(|m| m.rust() == name);
    for (name, _) in lab.embedded.misconceptions.iter().filter(|(name, _)| !known(name)) {
        let id = name.replace('_', "-");
        missing.push(format!("misconceptions.rs has `{name}`, lab.toml has no `{id}`; say why it is a mistake"));
    }
    for (id, _) in lab.embedded.facts.iter().filter(|(id, _)| manifest.misconception(id).is_none()) {
        missing.push(format!("FACTS of grader.rs fills `{id}`, which is no [[misconception]]; take it out"));
    }
    missing
}

/// Checks that ask for a refusal are named in one form: "`function` refuses what".
fn refusals(tried: Tried) -> Vec<String> {
    let mut missing = Vec::new();
    for step in tried.builds() {
        let Some(Grader::Build(draw)) = tried.lab.grader(&step.id) else { continue };
        let Ok(checks) = draw(&mut Draw::new(SEEDS[0], &step.id)) else { continue };
        for check in checks.iter().filter(|check| matches!(check.rule, Rule::Refused)) {
            let asked = check.cases.first().and_then(|script| script.calls.last()).map_or("", |call| call.function);
            let (form, vague) = (format!("`{asked}` refuses "), ["what it cannot", "what its list"]);
            match check.name.strip_prefix(&form) {
                Some(what) if !vague.iter().any(|words| what.starts_with(words)) => {}
                _ => missing.push(format!(
                    "`{}` of {} does not say what is refused; name it \"{form}...\"",
                    check.name, step.id
                )),
            }
        }
    }
    missing
}
