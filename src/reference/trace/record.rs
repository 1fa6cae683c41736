//! A run of this process as a trace: what is run inside `record` becomes an event.

use super::{Event, Trace};
use serde_json::{Map, Value as Json, json};
use std::time::Instant;

/// The thread that the events of a [`Recorder`] stand on.
const THREAD: u32 = 1;

/// Records what one thread runs.
pub struct Recorder {
    begun: Instant,
    events: Vec<Event>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { begun: Instant::now(), events: Vec::with_capacity(4096) }
    }
}

impl Recorder {
    /// Runs `run` as an event; what it records itself lies inside.
    pub fn record<T>(&mut self, cat: &str, name: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let at = self.events.len();
        let (pid, tid) = (Json::from(std::process::id()), Json::from(THREAD));
        let (cat, name, args) = (cat.to_owned(), name.to_owned(), Map::new());
        self.events.push(Event { cat, name, pid, tid, start: 0, length: 0, args });
        let start = self.now();
        let result = run(self);
        let end = self.now();
        if let Some(event) = self.events.get_mut(at) {
            (event.start, event.length) = (start, end - start);
        }
        result
    }

    /// What was recorded.
    pub fn trace(mut self) -> Trace {
        for (number, event) in self.events.iter_mut().enumerate() {
            event.args.insert("External id".to_owned(), json!(number + 1));
            event.args.insert("Ev Idx".to_owned(), json!(number));
        }
        let pid = std::process::id();
        let named = |what: &str, tid: u32, name: &str| json!({"ph": "M", "name": what, "ts": 0.0, "pid": pid, "tid": tid, "args": {"name": name}});
        let marks = vec![named("process_name", 0, "roadmap"), named("thread_name", THREAD, "thread 1")];
        Trace { devices: Vec::new(), events: self.events, marks }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }
}
