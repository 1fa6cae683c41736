//! Launches of kernels as scripts, and what a launch's report says. Scripts with a launch are not shrunk: a graded list of
//! sizes does better.

use super::replay::{Argument, Call, Script, Seen, replay};
use super::{Draw, Grader, Lab, Seed};
use crate::lab::Step;
use crate::submission::{Observation, Subject};
use lab_sdk::candle_core::WithDType;
use lab_sdk::{Device, IntoValue, Tensor, Value, simt, tile};
use serde::Serialize;
use serde_json::Value as Json;

/// The built-in that tells what the last launch did.
pub(super) const REPORT: &str = "Launch.report";

/// Lanes times warp instructions after which a launch of a check ends: a blink of Rust, and so little of Python that an
/// endless kernel is named before the time of a whole check is over.
const BUDGET: u64 = 4_000_000;

/// One launch of a kernel: buffers and other arguments, in the kernel's order.
#[derive(Clone, Debug)]
pub struct Launch {
    kernel: &'static str,
    cfg: Json,
    /// How it is launched, in words.
    how: String,
    /// `G` or `Ptr`.
    of: &'static str,
    buffers: Vec<(String, Call)>,
    args: Vec<Argument>,
    shown: Vec<String>,
}

impl Launch {
    /// Of a kernel of warps. A budget that was left alone is that of a check.
    pub fn new(kernel: &'static str, cfg: simt::Cfg) -> Self {
        let usual = simt::Cfg::default().budget;
        let budget = if cfg.budget == usual { BUDGET } else { cfg.budget };
        let how = format!("grid {}, block {}", sizes(&cfg.grid), sizes(&cfg.block));
        Self::with(kernel, "G", how, &simt::Cfg { budget, ..cfg })
    }

    /// Of a kernel of tiles.
    pub fn tile(kernel: &'static str, cfg: tile::Cfg) -> Self {
        let how = format!("grid {}", sizes(&cfg.grid));
        Self::with(kernel, "Ptr", how, &cfg)
    }

    fn with(kernel: &'static str, of: &'static str, how: String, cfg: &impl Serialize) -> Self {
        let cfg = serde_json::to_value(cfg).unwrap_or_default();
        Self { kernel, cfg, how, of, buffers: Vec::new(), args: Vec::new(), shown: Vec::new() }
    }

    /// A buffer that holds `elements`, as the next argument.
    pub fn buffer<T: WithDType>(self, name: &str, elements: &[T]) -> Self {
        let data = Tensor::from_slice(elements, elements.len(), &Device::Cpu);
        // A vector on the CPU is always made; without it the launch has an argument too few, and says so.
        let data = data.map_or(Value::None, Value::Tensor);
        let make = if self.of == "G" { "G.new" } else { "Ptr.new" };
        self.made(name, make, vec![name.to_owned().into_value(), data])
    }

    /// A buffer of `length` elements in which none has a value yet, as the next argument.
    pub fn blank(self, name: &str, dtype: &str, length: usize) -> Self {
        let make = if self.of == "G" { "G.blank" } else { "Ptr.blank" };
        self.made(name, make, vec![name.to_owned().into_value(), dtype.to_owned().into_value(), length.into_value()])
    }

    /// A number as the next argument.
    pub fn arg(mut self, value: impl IntoValue) -> Self {
        let value = value.into_value();
        self.shown.push(super::value_text(&value));
        self.args.push(Argument::Value(value));
        self
    }

    /// The case whose result is what `buffer` holds after the launch.
    pub fn values(&self, buffer: &str) -> Script {
        let at = self.buffers.iter().position(|(name, _)| name == buffer).unwrap_or_default();
        let read = if self.of == "G" { "G.read" } else { "Ptr.read" };
        self.launched().then(read, vec![Argument::Result(at)])
    }

    /// The case whose result is the launch's report.
    pub fn report(&self) -> Script {
        self.launched().then(REPORT, Vec::new())
    }

    fn made(mut self, name: &str, make: &'static str, args: Vec<Value>) -> Self {
        self.args.push(Argument::Result(self.buffers.len()));
        self.shown.push(name.to_owned());
        let args = args.into_iter().map(Argument::Value).collect();
        self.buffers.push((name.to_owned(), Call { function: make, args, kept: &[], words: None, look: None }));
        self
    }

    fn launched(&self) -> Script {
        let calls = self.buffers.iter().map(|(_, call)| call.clone()).collect();
        let cfg = Argument::Value(Value::Json(self.cfg.clone()));
        let args = std::iter::once(cfg).chain(self.args.iter().cloned()).collect();
        let words = format!("{}; {}", self.how, self.shown.join(", "));
        Script { calls, whole: true }.then(self.kernel, args).words(words)
    }
}

/// Case `number` of a build step as a launch that is traced, blocks and warps in the order of their numbers; without a
/// number, the last case with a launch. `None` where there is no such launch.
pub fn traced(lab: &Lab, step: &Step, seed: Seed) -> lab_sdk::Result<Option<Script>> {
    let Some(Grader::Build(draw)) = lab.grader(&step.id) else { return Ok(None) };
    let checks = draw(&mut Draw::new(seed.value, &step.id))?;
    let mut cases = checks.into_iter().flat_map(|check| check.cases).zip(1..);
    Ok(match seed.case {
        Some(number) => cases.find(|(_, at)| *at == number).and_then(|(script, _)| with_trace(script)),
        None => cases.filter_map(|(script, _)| with_trace(script)).last(),
    })
}

fn with_trace(mut script: Script) -> Option<Script> {
    let cfg = script.calls.iter_mut().find_map(|call| match call.args.first_mut() {
        Some(Argument::Value(Value::Json(cfg))) if cfg.get("trace").is_some() => Some(cfg),
        _ => None,
    })?;
    cfg["trace"] = true.into();
    // Programs of tiles have no other order.
    if let Some(order) = cfg.get_mut("order") {
        *order = serde_json::to_value(simt::Order::ByNumber).ok()?;
    }
    Some(if script.calls.last()?.function == REPORT { script } else { script.then(REPORT, Vec::new()) })
}

/// The trace of what `subject` does in a case of [`traced`].
pub fn trace(script: &Script, subject: &mut dyn Subject) -> Option<Json> {
    match replay(script, subject).pop() {
        Some(Observation::Value(Value::Json(mut report))) => Some(report["trace"].take()),
        _ => None,
    }
}

fn sizes<T: ToString>(three: &[T; 3]) -> String {
    three.iter().map(T::to_string).collect::<Vec<_>>().join(" x ")
}

/// What a launch did: the last report of a case.
fn report<'a>(seen: &Seen<'a>) -> Option<&'a Json> {
    let calls = seen.script.calls.iter().zip(seen.got).rev();
    calls.filter(|(call, _)| call.function == REPORT).find_map(|(_, observation)| match observation {
        Observation::Value(Value::Json(report)) => Some(report),
        _ => None,
    })
}

/// How many kinds of fault a launch had, and the first one in words: between warps first, for a barrier that is missing is
/// missed by the lanes of a warp too. A launch that did not end counts as one.
pub fn faults(seen: &Seen<'_>) -> (f64, String) {
    let Some(report) = report(seen) else { return (f64::NAN, String::new()) };
    let faults = report["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let within_a_warp = |fault: &&Json| fault["kind"].as_str().is_some_and(|kind| kind.starts_with("Lane"));
    match faults.iter().find(|fault| !within_a_warp(fault)).or(faults.first()) {
        Some(first) => (faults.len() as f64, sentence(first)),
        None if report["finished"] == Json::Bool(false) => (1.0, "the launch did not end".to_owned()),
        None => (0.0, String::new()),
    }
}

/// `message (answer.rs:14, block [3, 0, 0], warp 0, lane 17)`.
fn sentence(fault: &Json) -> String {
    let file = fault["at"]["file"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let mut place = vec![format!("{file}:{}", fault["at"]["line"])];
    for part in ["block", "program", "warp", "lane"] {
        match &fault[part] {
            Json::Null => {}
            Json::Array(sizes) => {
                let sizes: Vec<String> = sizes.iter().map(Json::to_string).collect();
                place.push(format!("{part} ({})", sizes.join(", ")));
            }
            value => place.push(format!("{part} {value}")),
        }
    }
    format!("{} ({})", fault["message"].as_str().unwrap_or_default(), place.join(", "))
}

/// A counter of a launch by its name; NaN where there was no launch.
pub fn counter(seen: &Seen<'_>, name: &str) -> f64 {
    report(seen).and_then(|report| report["counters"][name].as_f64()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_is_traced_in_the_order_of_numbers() {
        let cfg = |launch: Launch| {
            let script = with_trace(launch.report()).expect("it is a launch");
            assert_eq!(script.calls.iter().filter(|call| call.function == REPORT).count(), 1);
            match script.calls.first().and_then(|call| call.args.first()) {
                Some(Argument::Value(Value::Json(cfg))) => cfg.clone(),
                other => panic!("no launch: {other:?}"),
            }
        };
        let warps: simt::Cfg =
            serde_json::from_value(cfg(Launch::new("k", simt::Cfg::default()))).expect("a launch of warps");
        assert!(warps.trace && warps.order == simt::Order::ByNumber);
        let tiles = tile::Cfg::new([2, 1, 1]);
        let traced = serde_json::to_value(tile::Cfg { trace: true, ..tiles.clone() }).expect("JSON");
        assert_eq!(cfg(Launch::tile("k", tiles)), traced);
    }
}
