//! A learner's own trace, as a stream: gzip or not, of any length, with only what tools look at kept of each event.

use super::{Event, Trace, nanoseconds};
use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value as Json};
use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;
/// The categories that are kept: those of the CPU, the runtime, and the GPU.
const KEPT: [&str; 8] = [
    "cpu_op",
    "user_annotation",
    "cuda_runtime",
    "cuda_driver",
    "kernel",
    "gpu_memcpy",
    "gpu_memset",
    "gpu_user_annotation",
];
/// Events of a kept category that a trace may have: a gigabyte of them.
pub(super) const MOST_EVENTS: usize = 4 << 20;
/// Nanoseconds that a time may lie from zero; sums and differences of such times fit an i64.
const FURTHEST: f64 = (1_i64 << 60) as f64;
/// The arguments that are kept.
const ARGS: [&str; 3] = ["correlation", "blocks per SM", "est. achieved occupancy %"];

/// The trace in `file`, or why it cannot be used.
pub fn read(file: &Path) -> Result<Trace, String> {
    let mut bytes = BufReader::with_capacity(BUFFER, File::open(file).map_err(|e| e.to_string())?);
    let head = bytes.fill_buf().map_err(|e| e.to_string())?;
    match head.starts_with(&[0x1f, 0x8b]) {
        true => stream(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(bytes)), MOST_EVENTS),
        false => stream(bytes, MOST_EVENTS),
    }
}

/// The trace that is read from `bytes`, with at most `most` events of a kept category.
pub(super) fn stream(bytes: impl Read, most: usize) -> Result<Trace, String> {
    let seen = Cell::new(0);
    let mut json = serde_json::Deserializer::from_reader(bytes);
    let trace = Whole { seen: &seen, most }.deserialize(&mut json).and_then(|trace| json.end().map(|()| trace));
    trace.map_err(|e| {
        let events = seen.get();
        match e.classify() {
            Category::Eof => {
                format!("it ends after event {events}, in the middle of the text: the file is cut, export it again")
            }
            Category::Io => {
                format!("it cannot be read after event {events}: {e}; if it is gzip, the file is cut or damaged")
            }
            Category::Syntax => format!("it is no JSON after event {events}: {e}"),
            Category::Data => e.to_string(),
        }
    })
}

/// Of a trace that is too long, the part that is looked at.
pub struct Window {
    /// The events of the first steps.
    pub trace: Trace,
    /// Its steps.
    pub steps: usize,
    /// All steps of the file.
    pub of: usize,
}

impl Trace {
    /// The first whole steps with at most `most` events between them; one step at least. Without steps, the first events.
    pub fn window(mut self, most: usize) -> Window {
        let step = |event: &&Event| event.cat == "user_annotation" && event.name.starts_with("ProfilerStep#");
        let mut ends: Vec<i64> = self.events.iter().filter(step).map(Event::end).collect();
        ends.sort_unstable();
        let of = ends.len();
        if self.events.len() <= most {
            return Window { trace: self, steps: of, of };
        }
        let mut begins: Vec<i64> = self.events.iter().map(|event| event.start).collect();
        begins.sort_unstable();
        let before = |end: i64| begins.partition_point(|begin| *begin < end);
        let steps = ends.iter().take_while(|end| before(**end) <= most).count().max(1).min(of);
        let end = match steps {
            0 => begins[most],
            steps => ends[steps - 1],
        };
        self.events.retain(|event| event.start < end);
        Window { trace: self, steps, of }
    }
}

/// The object around the events.
struct Whole<'a> {
    seen: &'a Cell<usize>,
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Trace;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Trace, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Trace;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `traceEvents`, as torch.profiler exports it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Trace, A::Error> {
        let (mut trace, mut found) = (Trace::default(), false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "traceEvents" => {
                    (trace.events, found) = (map.next_value_seed(Events { seen: self.seen, most: self.most })?, true);
                }
                "deviceProperties" => trace.devices = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found {
            Ok(trace)
        } else {
            Err(A::Error::custom("there is no list `traceEvents` in it; torch.profiler exports one"))
        }
    }
}

/// The list of events.
struct Events<'a> {
    seen: &'a Cell<usize>,
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Events<'_> {
    type Value = Vec<Event>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<Event>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Events<'_> {
    type Value = Vec<Event>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Event>, A::Error> {
        let mut events = Vec::new();
        while let Some(entry) = list.next_element::<Entry>()? {
            self.seen.set(self.seen.get() + 1);
            events.extend(entry.event().map_err(|why| A::Error::custom(format!("event {}: {why}", self.seen.get())))?);
            if events.len() > self.most {
                return Err(A::Error::custom(format!("it has more than {} events; record fewer steps", self.most)));
            }
        }
        Ok(events)
    }
}

/// One event of any kind, as the file has it; other fields are passed over.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    ph: String,
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    pid: Json,
    #[serde(default)]
    tid: Json,
    ts: Option<f64>,
    dur: Option<f64>,
    args: Option<Args>,
}

impl Entry {
    /// A complete event of a category that is kept.
    fn event(self) -> Result<Option<Event>, String> {
        let (Some(ts), Some(dur)) = (self.ts, self.dur) else { return Ok(None) };
        if self.ph != "X" || !KEPT.contains(&self.cat.as_str()) {
            return Ok(None);
        }
        if let Some(far) = [ts, dur].into_iter().find(|us| (us * 1000.0).abs() > FURTHEST) {
            return Err(format!("{far} microseconds is no time"));
        }
        let Self { cat, name, pid, tid, args, .. } = self;
        let args = args.map_or_else(Map::new, |args| args.0);
        Ok(Some(Event { cat, name, pid, tid, start: nanoseconds(ts), length: nanoseconds(dur), args }))
    }
}

/// The arguments that are kept.
struct Args(Map<String, Json>);

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Chosen)
    }
}

/// Takes the arguments of [`ARGS`] out of all of them.
struct Chosen;

impl<'de> Visitor<'de> for Chosen {
    type Value = Args;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Args, A::Error> {
        let mut args = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if ARGS.contains(&key.as_str()) {
                args.insert(key, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Args(args))
    }
}
