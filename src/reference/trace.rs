//! Traces of a profiler in Kineto's schema (what `torch.profiler` exports, Chrome's trace format): written here, from a run
//! of this process too, and read from a file below. What an operator's time is, and where a step's went, is not here.
//!
//! Schema version 1, as `libkineto/src/output_json.cpp` writes it: times in microseconds with three decimals, a complete event
//! (`"ph": "X"`) with `ts` and `dur`, on the CPU by process and thread, on a GPU by device and stream.

mod read;
mod record;
#[cfg(test)]
mod tests;

pub use read::{Window, read};
pub use record::Recorder;

use serde_json::{Map, Value as Json, json};

/// A trace: events in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// `deviceProperties`: one object a GPU.
    pub devices: Vec<Json>,
    /// What lasted.
    pub events: Vec<Event>,
    /// Other events (names of processes, flows, marks), as they are.
    pub marks: Vec<Json>,
}

/// A complete event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `cpu_op`, `kernel`, ..
    pub cat: String,
    /// What ran.
    pub name: String,
    /// The process, or the GPU.
    pub pid: Json,
    /// The thread, or the stream.
    pub tid: Json,
    /// Begin in nanoseconds.
    pub start: i64,
    /// Length in nanoseconds.
    pub length: i64,
    /// What else is known.
    pub args: Map<String, Json>,
}

impl Event {
    /// The end in nanoseconds.
    pub fn end(&self) -> i64 {
        self.start + self.length
    }

    /// What pairs a kernel with the call that launched it.
    pub fn correlation(&self) -> Option<i64> {
        self.args.get("correlation")?.as_i64()
    }

    fn json(&self) -> Json {
        let mut event = json!({
            "ph": "X", "cat": self.cat, "name": self.name, "pid": self.pid, "tid": self.tid,
            "ts": microseconds(self.start), "dur": microseconds(self.length),
        });
        if !self.args.is_empty() {
            event["args"] = Json::Object(self.args.clone());
        }
        event
    }
}

impl Trace {
    /// The trace of a text that is wholly JSON.
    pub fn parse(text: &str) -> lab_sdk::Result<Self> {
        Ok(read::stream(text.as_bytes(), read::MOST_EVENTS)?)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let events: Vec<Json> = self.events.iter().map(Event::json).chain(self.marks.iter().cloned()).collect();
        let whole = json!({
            "schemaVersion": 1, "deviceProperties": self.devices, "displayTimeUnit": "ms", "baseTimeNanoseconds": 0,
            "traceEvents": events,
        });
        whole.to_string()
    }
}

/// Nanoseconds as the file has them; an f64 holds three decimals of a microsecond up to 2^43, about 100 days.
fn microseconds(ns: i64) -> f64 {
    ns as f64 / 1000.0
}

/// Nanoseconds of what the file has.
fn nanoseconds(us: f64) -> i64 {
    (us * 1000.0).round() as i64
}
