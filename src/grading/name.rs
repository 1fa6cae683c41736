//! Naming the mistake: known misconceptions replay the failing cases, and the one that agrees with the answer is named.

use super::compare::{Rule, compare, near};
use super::device::REPORT;
use super::judge::judge;
use super::ran::{Played, Ran};
use super::replay::{Script, Seen, replay};
use super::sentence::filled;
use super::{Check, Lab};
use crate::lab::Misconception;
use crate::submission::{Block, Fault, Observation, Subject, Timed};
use crate::verdict::Named;
use lab_sdk::Value;
use std::collections::HashMap;
use std::rc::Rc;

/// Starts a subject that holds the solution's functions by their names and each misconception by its Rust name.
pub type Hypotheses<'a> = Box<dyn FnMut() -> Option<Box<dyn Subject>> + 'a>;

/// A subject in which one function is overridden by a misconception.
pub struct Overridden<'a> {
    inner: &'a mut dyn Subject,
    function: &'a str,
    by: String,
}

impl<'a> Overridden<'a> {
    /// `inner` with `known` in place of the function that it overrides.
    pub fn new(inner: &'a mut dyn Subject, known: &'a Misconception) -> Self {
        Self { inner, function: &known.function, by: known.rust() }
    }
}

impl Subject for Overridden<'_> {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        let name = if function == self.function { self.by.as_str() } else { function };
        self.inner.call(name, args)
    }

    fn time(&mut self, block: &Block) -> Result<Timed, Fault> {
        let mut block = block.clone();
        for (name, _) in block.calls.iter_mut().filter(|(name, _)| name == self.function) {
            name.clone_from(&self.by);
        }
        self.inner.time(&block)
    }
}

/// The known mistakes that explain the failed checks, in the order of the checks, each once.
pub fn explain<'a>(lab: &'a Lab, ran: &[Ran<'_>], hypotheses: &'a mut Hypotheses<'_>, floor: f64) -> Vec<Named> {
    let mut bench = Workbench { hypotheses, worker: None, floor, played: HashMap::new() };
    let mut named: Vec<Named> = Vec::new();
    for failed in ran.iter().filter(|r| !r.failures.is_empty()) {
        let functions: Vec<&str> = failed.check.cases.iter().flat_map(|s| s.calls.iter().map(|c| c.function)).collect();
        let suspects = lab.manifest.misconceptions.iter().filter(|m| functions.contains(&m.function.as_str()));
        let mut agreeing: Vec<&Misconception> = suspects.filter(|m| bench.agrees(m, failed) == Some(true)).collect();
        if agreeing.len() > 1 {
            // Several agree here: the one that also agrees with everything else that the answer did.
            agreeing.retain(|known| ran.iter().all(|other| bench.agrees(known, other) != Some(false)));
        }
        // What the answer got right must not be what the mistake gets wrong.
        let held = || ran.iter().filter(|other| other.failures.is_empty());
        agreeing.retain(|known| held().all(|other| bench.agrees(known, other) != Some(false)));
        // One check may agree by accident: most of what the mistake breaks has to look as it does in the answer.
        agreeing.retain(|known| {
            let broken: Vec<&Ran<'_>> =
                ran.iter().filter(|r| !r.failures.is_empty() && bench.breaks(known, r)).collect();
            let alike = broken.iter().filter(|r| bench.agrees(known, r) == Some(true)).count();
            2 * alike >= broken.len()
        });
        if let [known] = agreeing[..]
            && named.iter().all(|n| n.id != known.id)
        {
            named.push(Named { id: known.id.clone(), says: sentence(lab, known, failed), agrees: failed.seen.len() });
        }
    }
    named
}

/// What a known mistake did on a case.
type Theirs = Rc<Vec<Observation>>;

/// Where known mistakes run, each case once; started again when one of them ends it.
struct Workbench<'a, 'h> {
    hypotheses: &'a mut Hypotheses<'h>,
    worker: Option<Box<dyn Subject>>,
    floor: f64,
    /// By the mistake's id and the case's number.
    played: HashMap<(&'a str, usize), Theirs>,
}

impl<'a> Workbench<'a, '_> {
    /// What `known` does in place of the solution.
    fn play(&mut self, known: &'a Misconception, played: &Played<'_>) -> Option<Theirs> {
        let key = (known.id.as_str(), played.number);
        if let Some(theirs) = self.played.get(&key) {
            return Some(Rc::clone(theirs));
        }
        if self.worker.is_none() {
            self.worker = (self.hypotheses)();
        }
        let theirs = Rc::new(replay(played.script, &mut Overridden::new(self.worker.as_mut()?.as_mut(), known)));
        if theirs.iter().any(|o| matches!(o, Observation::Lost(_))) {
            self.worker = None;
        }
        self.played.insert(key, Rc::clone(&theirs));
        Some(theirs)
    }

    /// Whether a check rejects `known`.
    fn breaks(&mut self, known: &'a Misconception, ran: &Ran<'_>) -> bool {
        ran.seen.iter().any(|played| {
            let theirs = self.play(known, played);
            theirs.is_some_and(|t| judge(ran.check, played.script, &t, &played.wanted, self.floor, &mut None).is_some())
        })
    }

    /// Whether `known` does on all cases of a check what the answer did; `None` where it does not occur.
    fn agrees(&mut self, known: &'a Misconception, ran: &Ran<'_>) -> Option<bool> {
        let mut occurs = false;
        for played in ran.seen.iter().filter(|p| p.script.calls.iter().any(|call| call.function == known.function)) {
            occurs = true;
            let theirs = self.play(known, played)?;
            if !same(ran.check, played.script, &theirs, &played.got, &played.wanted, self.floor) {
                return Some(false);
            }
        }
        occurs.then_some(true)
    }
}

/// Whether two runs of a case did the same: values by the check's rule, refusals and crashes by kind.
pub(super) fn same(
    check: &Check,
    script: &Script,
    theirs: &[Observation],
    got: &[Observation],
    wanted: &[Observation],
    floor: f64,
) -> bool {
    let report = script.calls.last().is_some_and(|call| call.function == REPORT);
    if let Some(property) = check.rule.property().filter(|_| report || matches!(check.rule, Rule::Scored(_))) {
        // Reports of two programs differ in lines and addresses, and many plans are right; what is asked of them is one
        // number.
        let number = |got: &[Observation]| (property.value)(&Seen { script, got, wanted }).0;
        let (a, b) = (number(theirs), number(got));
        return kinds(theirs) == kinds(got) && (a == b || (a - b).abs() <= property.near * a.abs().max(b.abs()));
    }
    // What led to a refusal is other checks' business, and rounds.
    let led = |at: usize| matches!(check.rule, Rule::Refused) && at + 1 < got.len();
    let rule = match check.rule {
        Rule::Refused => Rule::Exact,
        other => other,
    };
    theirs.len() == got.len()
        && theirs.iter().zip(got).enumerate().all(|(at, pair)| match pair {
            (Observation::Value(_), Observation::Value(_)) if led(at) || script.is_looked_at(at) => true,
            (Observation::Value(t), Observation::Value(g)) => match (rule, wanted.get(at)) {
                (Rule::AtMost(property), Some(Observation::Value(right))) => near(property, g, t, right),
                _ => compare(rule, g, t, floor).is_none(),
            },
            (Observation::Refused(_), Observation::Refused(_)) => true,
            (Observation::Crashed(_) | Observation::Lost(_), Observation::Crashed(_) | Observation::Lost(_)) => {
                overflowed(pair.0) == overflowed(pair.1)
            }
            (Observation::Skipped, Observation::Skipped) => true,
            _ => false,
        })
}

/// Whether a call ran out of stack, as a system says it, as Python does, or as a known mistake that stops in time.
fn overflowed(observation: &Observation) -> bool {
    let why = match observation {
        Observation::Crashed(why) => why.clone(),
        Observation::Lost(fault) => fault.to_string(),
        _ => return false,
    };
    ["the stack overflowed", "RecursionError"].iter().any(|word| why.contains(word))
}

/// Which calls gave a value, and which a refusal or a crash.
fn kinds(seen: &[Observation]) -> Vec<u8> {
    let kind = |observation: &Observation| match observation {
        Observation::Value(_) => 0,
        Observation::Refused(_) => 1,
        Observation::Crashed(_) | Observation::Lost(_) => 2,
        Observation::NotDone | Observation::Skipped => 3,
    };
    seen.iter().map(kind).collect()
}

/// The misconception's sentence, filled with facts of the learner's own run.
fn sentence(lab: &Lab, known: &Misconception, ran: &Ran<'_>) -> String {
    let fact = lab.embedded.facts.iter().find(|(id, _)| *id == known.id).map(|(_, fact)| fact);
    let failure =
        ran.failures.first().and_then(|failure| ran.seen.iter().find(|played| played.number == failure.number));
    let values = match (fact, failure) {
        (Some(fact), Some(played)) => fact(&Seen { script: played.script, got: &played.got, wanted: &played.wanted }),
        _ => Vec::new(),
    };
    filled(&known.id, &known.says, &values)
}

#[cfg(test)]
mod tests {
    use super::overflowed;
    use crate::submission::{Fault, Observation};

    #[test]
    fn a_stack_that_overflowed_is_no_other_crash() {
        let said = |why: &str| Observation::Crashed(why.to_owned());
        let ended = Observation::Lost(Fault::Ended("the stack overflowed (a recursion without end?)".to_owned()));
        assert!(
            overflowed(&ended) && overflowed(&said("answer.py:3: RecursionError: maximum recursion depth exceeded"))
        );
        assert!(!overflowed(&said("panicked at answer.rs:3: index out of bounds")));
        assert!(!overflowed(&Observation::Refused("RecursionError".to_owned())));
    }
}
