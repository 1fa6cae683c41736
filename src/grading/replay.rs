//! A case is a script: calls in order, from fresh values. What it does is a list of observations.

use crate::submission::{Observation, Subject};
use lab_sdk::{FORGET, Value};
use serde_json::Value as Json;

/// An argument of a call in a script.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A drawn value.
    Value(Value),
    /// What an earlier call returned.
    Result(usize),
}

/// What a grader makes of earlier results: how a graph runs, what of it counts. An `Err` says why nothing can be made of them.
pub type Look = fn(&[Value]) -> lab_sdk::Result<Value>;

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function's name.
    pub function: &'static str,
    /// Its arguments.
    pub args: Vec<Argument>,
    /// Arguments whose values a smaller case keeps: a bit width, a clamp, a factor.
    pub kept: &'static [usize],
    /// Its arguments in words, where they are too long to be read.
    pub words: Option<String>,
    /// No call of the answer's, but a look at its results; `function` says at what.
    pub look: Option<Look>,
}

/// One case.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In order.
    pub calls: Vec<Call>,
    /// Whether it is never made smaller.
    pub whole: bool,
}

impl From<Value> for Argument {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl Script {
    /// A case of one call.
    pub fn call(function: &'static str, args: Vec<Value>) -> Self {
        Self::default().then_values(function, args)
    }

    /// The same case with one more call, which takes values alone.
    pub fn then_values(self, function: &'static str, args: Vec<Value>) -> Self {
        self.then(function, args.into_iter().map(Argument::Value).collect())
    }

    /// The same case with one more call, whose first argument is what call `at` returned.
    pub fn then_of(self, function: &'static str, at: usize, args: Vec<Value>) -> Self {
        let args = std::iter::once(Argument::Result(at)).chain(args.into_iter().map(Argument::Value));
        self.then(function, args.collect())
    }

    /// The same case, in which a built-in tells the state of the object that call `at` made.
    pub fn tell(self, what: &'static str, at: usize) -> Self {
        self.then_of(what, at, Vec::new())
    }

    /// The same case with one more call, which may use earlier results.
    pub fn then(mut self, function: &'static str, args: Vec<Argument>) -> Self {
        self.calls.push(Call { function, args, kept: &[], words: None, look: None });
        self
    }

    /// The same case, of which `look` is compared in place of the results that it takes: where two right results need not be
    /// equal, but have to do the same.
    pub fn look(mut self, what: &'static str, look: Look, args: Vec<Argument>) -> Self {
        self.calls.push(Call { function: what, args, kept: &[], words: None, look: Some(look) });
        self
    }

    /// Whether a later look is compared in place of the result of call `at`.
    pub fn is_looked_at(&self, at: usize) -> bool {
        let looks = self.calls.iter().filter(|call| call.look.is_some());
        looks.flat_map(|call| &call.args).any(|arg| matches!(arg, Argument::Result(of) if *of == at))
    }

    /// The same case, which is never made smaller: its sizes are said in several arguments.
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// The same case, of which a smaller one keeps these arguments of the last call as they are.
    pub fn keep(mut self, args: &'static [usize]) -> Self {
        if let Some(call) = self.calls.last_mut() {
            call.kept = args;
        }
        self
    }

    /// The same case, of which a verdict shows the arguments of the last call in these words.
    pub fn words(mut self, words: impl Into<String>) -> Self {
        if let Some(call) = self.calls.last_mut() {
            call.words = Some(words.into());
        }
        self
    }

    /// The same case without call `at`, if no other call needs its result.
    pub fn without(&self, at: usize) -> Option<Self> {
        let mut script = self.clone();
        script.calls.remove(at);
        for arg in script.calls.iter_mut().flat_map(|call| &mut call.args) {
            match arg {
                Argument::Result(of) if *of == at => return None,
                Argument::Result(of) if *of > at => *of -= 1,
                _ => {}
            }
        }
        Some(script)
    }

    /// How many numbers its arguments hold: what "smallest" means.
    pub fn size(&self) -> usize {
        let values = self.calls.iter().flat_map(|call| &call.args);
        values.map(|arg| if let Argument::Value(value) = arg { count(value) } else { 0 }).sum()
    }
}

/// How many numbers `value` holds.
pub fn count(value: &Value) -> usize {
    match value {
        Value::Tensor(t) => t.elem_count(),
        Value::I8(t) => t.data.len(),
        Value::F32s(v) => v.len(),
        Value::F64s(v) => v.len(),
        Value::I32s(v) => v.len(),
        Value::I64s(v) => v.len(),
        Value::U32s(v) => v.len(),
        Value::Usizes(v) => v.len(),
        Value::Bytes(v) => v.len(),
        Value::List(v) | Value::Tuple(v) => v.iter().map(count).sum(),
        Value::Map(v) => v.values().map(count).sum(),
        Value::Json(v) => count_json(v),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::Object(_) => 1,
    }
}

fn count_json(json: &Json) -> usize {
    match json {
        Json::Array(items) => items.iter().map(count_json).sum(),
        Json::Object(items) => items.values().map(count_json).sum(),
        _ => 1,
    }
}

/// A case, what the answer did and what the solution did.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The case.
    pub script: &'a Script,
    /// By the answer.
    pub got: &'a [Observation],
    /// By the solution.
    pub wanted: &'a [Observation],
}

impl<'a> Seen<'a> {
    /// A drawn argument of a call.
    pub fn argument(&self, call: usize, index: usize) -> Option<&'a Value> {
        match self.script.calls.get(call)?.args.get(index)? {
            Argument::Value(value) => Some(value),
            Argument::Result(_) => None,
        }
    }

    /// What the answer returned at a call.
    pub fn result(&self, call: usize) -> Option<&'a Value> {
        returned(self.got, call)
    }

    /// What the solution returned at a call.
    pub fn right(&self, call: usize) -> Option<&'a Value> {
        returned(self.wanted, call)
    }

    /// The place of the last call.
    pub fn last(&self) -> usize {
        self.script.calls.len().saturating_sub(1)
    }
}

fn returned(seen: &[Observation], call: usize) -> Option<&Value> {
    match seen.get(call)? {
        Observation::Value(value) => Some(value),
        _ => None,
    }
}

/// Plays `script` on `subject` from fresh values.
pub fn replay(script: &Script, subject: &mut dyn Subject) -> Vec<Observation> {
    let mut seen: Vec<Observation> = Vec::new();
    for call in &script.calls {
        let args: Option<Vec<Value>> = call
            .args
            .iter()
            .map(|arg| match arg {
                Argument::Value(value) => Some(value.clone()),
                Argument::Result(at) => match seen.get(*at) {
                    Some(Observation::Value(value)) => Some(value.clone()),
                    _ => None,
                },
            })
            .collect();
        seen.push(match (args, call.look) {
            (None, _) => Observation::Skipped,
            (Some(args), None) => subject.call(call.function, &args),
            (Some(args), Some(look)) => match look(&args) {
                Ok(value) => Observation::Value(value),
                Err(why) => Observation::Refused(why.to_string()),
            },
        });
    }
    if seen.iter().any(|o| matches!(o, Observation::Value(Value::Object(_)))) {
        subject.call(FORGET, &[]);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{Argument, Script, replay};
    use crate::submission::{Block, Fault, Observation, Subject, Timed};
    use lab_sdk::Value;

    struct Echo;

    impl Subject for Echo {
        fn call(&mut self, _: &str, args: &[Value]) -> Observation {
            Observation::Value(args[0].clone())
        }

        fn time(&mut self, _: &Block) -> Result<Timed, Fault> {
            Ok(Timed { took: std::time::Duration::ZERO, last: Vec::new() })
        }
    }

    #[test]
    fn later_calls_take_values_and_earlier_results() {
        let script =
            Script::call("Cache.new", vec![]).whole().then_of("push", 0, vec![Value::Int(3)]).tell("Cache.len", 0);
        let of: Vec<String> = script.calls.iter().map(|call| format!("{} {:?}", call.function, call.args)).collect();
        assert_eq!(of, ["Cache.new []", "push [Result(0), Value(Int(3))]", "Cache.len [Result(0)]"]);
        assert!(script.whole && !script.then_values("f", vec![]).calls.is_empty());
    }

    #[test]
    fn a_look_sees_earlier_results_and_says_why_it_cannot() {
        let length = |values: &[Value]| match &values[0] {
            Value::Str(text) => Ok(Value::Int(text.len() as i128)),
            other => Err(format!("{} has no length", other.kind()).into()),
        };
        let script = |value| Script::call("echo", vec![value]).look("length", length, vec![Argument::Result(0)]);
        let text = script(Value::Str("three".into()));
        assert!(text.is_looked_at(0) && !text.is_looked_at(1));
        assert!(matches!(replay(&text, &mut Echo)[1], Observation::Value(Value::Int(5))));
        let number = replay(&script(Value::Int(3)), &mut Echo);
        assert!(matches!(&number[1], Observation::Refused(why) if why == "integer has no length"));
    }
}
