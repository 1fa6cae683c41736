//! A build step: every check on the hidden inputs, then the mistake by name, then the smallest failing case.

use super::compare::Rule;
use super::device::REPORT;
use super::judge::{READABLE, differs, judge, observed};
use super::name::{Hypotheses, explain};
use super::ran::{Failure, Played, Ran};
use super::replay::{Argument, Script, count, replay};
use super::shrink::shrink;
use super::transcript::transcript;
use super::{Check, Draw, Grader, Lab, Seed};
use crate::lab::{Function, Step};
use crate::submission::{Fault, Observation, Subject};
use crate::verdict::{Finding, Graded, Kind, Smallest, Verdict};
use lab_sdk::{DType, Value};

/// What a build step is graded with.
pub struct Build<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// The step.
    pub step: &'a Step,
    /// What the inputs are drawn from.
    pub seed: Seed,
    /// The learner's functions.
    pub answer: &'a mut dyn Subject,
    /// The solution's.
    pub solution: &'a mut dyn Subject,
    /// Where known mistakes run.
    pub hypotheses: Hypotheses<'a>,
}

/// Grades a build step. An `Err` is a fault of the lab itself.
pub fn grade_build(mut build: Build<'_>) -> lab_sdk::Result<Graded> {
    let Some(Grader::Build(draw)) = build.lab.grader(&build.step.id) else {
        return Err(format!("labs/{} has no build grader for `{}`", build.lab.slug(), build.step.id).into());
    };
    let checks = draw(&mut Draw::new(build.seed.value, &build.step.id))?;
    let mut graded = Graded::nothing(&build.step.id, Kind::Build, build.seed.value, String::new());
    let floor = rounding_floor(&checks, build.solution);
    let mut ran: Vec<Ran<'_>> = Vec::new();
    let (mut number, mut undone, mut lost) = (0, Vec::new(), None);
    for check in &checks {
        let (mut seen, mut failures, mut done) = (Vec::new(), Vec::new(), true);
        for script in &check.cases {
            number += 1;
            if build.seed.case.is_some_and(|only| only != number) || lost.is_some() {
                continue;
            }
            let wanted = replay(script, build.solution);
            let got = replay(script, build.answer);
            for (call, _) in script.calls.iter().zip(&got).filter(|(_, o)| matches!(o, Observation::NotDone)) {
                done = false;
                if !undone.contains(&call.function) {
                    undone.push(call.function);
                }
            }
            graded.inputs += 1;
            if done && let Some(mut finding) = judge(check, script, &got, &wanted, floor, &mut graded.floor_ratio) {
                if let Some(Observation::Lost(fault)) = got.iter().find(|o| matches!(o, Observation::Lost(_))) {
                    lost = Some(fault.clone());
                    finding.allowed = String::new();
                }
                failures.push(Failure { number, script: script.clone(), finding });
            }
            seen.push(Played { number, script, got, wanted });
        }
        if done && !seen.is_empty() {
            ran.push(Ran { check, seen, failures });
        }
    }
    graded.total = checks.len();
    graded.passed = ran.iter().filter(|r| r.failures.is_empty() && r.seen.len() == r.check.cases.len()).count();
    if build.seed.case.is_some() {
        graded.total = ran.len();
        graded.passed = ran.iter().filter(|r| r.failures.is_empty()).count();
    }
    conclude(&mut build, &mut graded, &ran, undone, lost, floor);
    Ok(graded)
}

fn conclude(
    build: &mut Build<'_>,
    graded: &mut Graded,
    ran: &[Ran<'_>],
    undone: Vec<&'static str>,
    lost: Option<Fault>,
    floor: f64,
) {
    let failed: Vec<&Ran<'_>> = ran.iter().filter(|r| !r.failures.is_empty()).collect();
    if failed.is_empty() {
        graded.verdict = match (undone.is_empty(), graded.inputs) {
            (true, 0) => Verdict::Nothing("this seed has no such case".to_owned()),
            (true, _) => Verdict::Pass,
            (false, _) => Verdict::Nothing(not_written(&undone, graded.passed)),
        };
        return;
    }
    let findings: Vec<Finding> = failed.iter().filter_map(|r| finding(r)).collect();
    let crashed = lost.is_some() || failed.iter().flat_map(|r| &r.seen).any(|played| played.got.iter().any(is_crash));
    // A process that ended by itself may have done so by a known mistake. What ran out of time would do so again.
    if lost.as_ref().is_none_or(|fault| matches!(fault, Fault::Ended(_))) {
        graded.named = explain(build.lab, ran, &mut build.hypotheses, floor);
    }
    graded.smallest = smallest(build, &failed, lost.is_some(), floor);
    graded.verdict = if crashed { Verdict::Error(findings) } else { Verdict::Fail(findings) };
}

/// The row of a failed check: its first crash, or its first failure. Refusals that are missing differ in nothing but their number.
fn finding(ran: &Ran<'_>) -> Option<Finding> {
    let crashed = |number| ran.seen.iter().any(|played| played.number == number && played.got.iter().any(is_crash));
    let shown = ran.failures.iter().find(|failure| crashed(failure.number)).or(ran.failures.first())?;
    let mut finding = shown.finding.clone();
    let more = ran.failures.len() - 1;
    if more > 0 && matches!(ran.check.rule, Rule::Refused) {
        finding.allowed.push_str(&format!(", also in {more} more of its cases"));
    }
    Some(finding)
}

fn is_crash(observation: &Observation) -> bool {
    matches!(observation, Observation::Crashed(_) | Observation::Lost(_))
}

fn not_written(undone: &[&str], passed: usize) -> String {
    let names: Vec<String> = undone.iter().map(|name| format!("`{name}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    match passed {
        0 => format!("{} {verb} not written yet", names.join(", ")),
        _ => format!("{} {verb} not written yet; {passed} checks of the others hold", names.join(", ")),
    }
}

/// The smallest failing case, shrunk where the answer still lives.
fn smallest(build: &mut Build<'_>, failed: &[&Ran<'_>], lost: bool, floor: f64) -> Option<Smallest> {
    let first = failed.iter().find(|r| r.check.rule.property().is_none()).or(failed.first())?;
    let failure = first.failures.iter().min_by_key(|f| f.script.size())?;
    let played = first.seen.iter().find(|played| played.number == failure.number)?;
    let (mut wanted, mut got) = (played.wanted.clone(), played.got.clone());
    let mut script = failure.script.clone();
    if !lost {
        let refused = matches!(first.check.rule, Rule::Refused);
        script = shrink(&script, |candidate| {
            let theirs = replay(candidate, build.solution);
            // A case that nobody could answer is none: the solution refuses only where that is asked for.
            let right = theirs.iter().all(|o| matches!(o, Observation::Value(_) | Observation::Refused(_)));
            if !right || theirs.iter().any(|o| matches!(o, Observation::Refused(_))) != refused {
                return false;
            }
            let yours = replay(candidate, build.answer);
            // Time that runs out while shrinking says nothing of the case.
            let lives = !yours.iter().any(|o| matches!(o, Observation::Lost(_)));
            let fails = lives && judge(first.check, candidate, &yours, &theirs, floor, &mut None).is_some();
            if fails {
                (wanted, got) = (theirs, yours);
            }
            fails
        });
    }
    let found = differs(first.check, &script, &got, &wanted, floor, &mut None);
    let at = found.as_ref().map_or(script.calls.len().saturating_sub(1), |(at, _)| *at);
    let mut shown = Smallest {
        case: transcript(build.lab, &script),
        wanted: wanted.get(at).map(observed).unwrap_or_default(),
        got: got.get(at).map(observed).unwrap_or_default(),
        number: failure.number,
    };
    // Of a launch's report, the number that is asked for.
    if let Some((_, finding)) = found.as_ref().filter(|_| script.calls.last().is_some_and(|c| c.function == REPORT)) {
        (shown.wanted, shown.got) = (finding.allowed.clone(), finding.got.clone());
    }
    // Of a large result only the place where it differs can be read.
    let large = matches!(wanted.get(at), Some(Observation::Value(value)) if count(value) > READABLE);
    if let Some((_, finding)) = found.filter(|(_, f)| large && !lost && !f.wanted.is_empty()) {
        let at = if finding.at.is_empty() { String::new() } else { format!(" at {}", finding.at) };
        (shown.wanted, shown.got) = (format!("{}{at}", finding.wanted), finding.got);
    }
    Some(shown)
}

/// f: the largest relative difference between the solution in f32 and in f64, over all cases that need it.
pub(super) fn rounding_floor(checks: &[Check], solution: &mut dyn Subject) -> f64 {
    let scripts = checks.iter().filter(|c| c.rule.has_floor()).flat_map(|c| &c.cases);
    let mut floor = 0.0_f64;
    for script in scripts {
        let (narrow, wide) = (replay(script, solution), replay(&widened(script), solution));
        for (n, w) in narrow.iter().zip(&wide) {
            if let (Observation::Value(n), Observation::Value(w)) = (n, w) {
                floor = floor.max(apart(n, w));
            }
        }
    }
    floor
}

/// The largest relative difference between two results, over their parts.
fn apart(narrow: &Value, wide: &Value) -> f64 {
    match (narrow, wide) {
        (Value::Tensor(n), Value::Tensor(w)) => relative(n, w).unwrap_or_default(),
        (Value::Tuple(n), Value::Tuple(w)) | (Value::List(n), Value::List(w)) => {
            n.iter().zip(w).map(|(n, w)| apart(n, w)).fold(0.0, f64::max)
        }
        (Value::Map(n), Value::Map(w)) => n.values().zip(w.values()).map(|(n, w)| apart(n, w)).fold(0.0, f64::max),
        _ => 0.0,
    }
}

fn relative(narrow: &lab_sdk::Tensor, wide: &lab_sdk::Tensor) -> Option<f64> {
    let flat = |t: &lab_sdk::Tensor| {
        t.flatten_all().and_then(|t| t.to_dtype(DType::F64)).and_then(|t| t.to_vec1::<f64>()).ok()
    };
    let (n, w) = (flat(narrow)?, flat(wide)?);
    let peak = w.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let apart = n.iter().zip(&w).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
    (peak > 0.0 && apart.is_finite()).then(|| apart / peak)
}

/// The same case in f64: tensors, and the objects whose precision is an argument.
fn widened(script: &Script) -> Script {
    let mut script = script.clone();
    for call in &mut script.calls {
        let makes = call.function.contains('.');
        for arg in &mut call.args {
            match arg {
                Argument::Value(Value::Str(precision)) if makes && precision == "f32" => "f64".clone_into(precision),
                Argument::Value(value) => widen(value),
                Argument::Result(_) => {}
            }
        }
    }
    script
}

fn widen(value: &mut Value) {
    match value {
        Value::Tensor(t) => {
            if t.dtype() == DType::F32
                && let Ok(wide) = t.to_dtype(DType::F64)
            {
                *t = wide;
            }
        }
        Value::List(items) | Value::Tuple(items) => items.iter_mut().for_each(widen),
        Value::Map(items) => items.values_mut().for_each(widen),
        _ => {}
    }
}

/// The functions that a step asks for.
pub fn asked<'a>(lab: &'a Lab, step: &Step) -> Vec<&'a Function> {
    step.functions.iter().filter_map(|name| lab.manifest.function(name)).collect()
}
