//! A trace that is written is read back, cut files and odd ones are named, and a long one is cut at a step.

use super::{Event, Recorder, Trace, read, read::stream};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, json};
use std::io::Write;
use std::path::PathBuf;

fn event(cat: &str, name: &str, start: i64, length: i64) -> Event {
    let (cat, name) = (cat.to_owned(), name.to_owned());
    Event { cat, name, pid: json!(1), tid: json!(7), start, length, args: Map::new() }
}

/// `steps` steps of 1 us with three operators each, late in a long run.
fn steps(steps: i64) -> Trace {
    let from = 5_188_011_292_140_769;
    let mut trace = Trace::default();
    for n in 0..steps {
        let at = from + 1000 * n;
        trace.events.push(event("user_annotation", &format!("ProfilerStep#{n}"), at, 1000));
        trace.events.extend((0..3).map(|i| event("cpu_op", "a \"quoted\"\nname", at + 300 * i, 299)));
    }
    trace
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("roadmap-trace-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.join("trace");
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).expect("memory takes bytes");
    gz.finish().expect("memory takes bytes")
}

#[test]
fn what_is_written_is_read_to_the_nanosecond() {
    let (folder, trace) = (Folder::new("back"), steps(4));
    let text = trace.text();
    assert_eq!(Trace::parse(&text).expect("a trace"), trace);
    assert_eq!(read(&folder.file(text.as_bytes())).expect("a trace"), trace);
    assert_eq!(read(&folder.file(&gzip(text.as_bytes()))).expect("a trace in gzip"), trace);
    assert!(text.contains("5188011292140.769"), "{text}");
}

#[test]
fn cut_and_odd_files_are_named() {
    let (folder, text) = (Folder::new("odd"), steps(4).text());
    let said = |bytes: &[u8]| read(&folder.file(bytes)).expect_err("it cannot be used");
    let cut = said(&text.as_bytes()[..text.len() - 300]);
    assert!(cut.starts_with("it ends after event 1") && cut.contains("the file is cut"), "{cut}");
    let packed = gzip(text.as_bytes());
    assert!(said(&packed[..packed.len() - 20]).contains("the file is cut"), "{}", said(&packed[..packed.len() - 20]));
    assert!(said(b"{\"nodes\": []}").contains("no list `traceEvents`"));
    assert!(said(b"[]").contains("an object with a list `traceEvents`"));
    assert!(said(b"").contains("the file is cut"));
    assert!(said(b"brain.Event:2").contains("no JSON"));
    let empty = read(&folder.file(b"{\"traceEvents\": []}")).expect("nothing was recorded");
    assert_eq!(empty, Trace::default());
}

#[test]
fn other_events_and_old_forms_are_passed_over() {
    let text = r#"{"traceEvents": [
        {"ph": "M", "name": "process_name", "pid": "Spans", "tid": 0, "ts": 1, "args": {"name": "x"}},
        {"ph": "X", "cat": "Trace", "name": "PyTorch Profiler (0)", "pid": "Spans", "tid": "p", "ts": 1, "dur": 5},
        {"ph": "X", "cat": "cpu_op", "name": "a", "pid": 1, "tid": "7", "ts": 3, "dur": 2, "args": {"Input Dims": [[1]], "correlation": 4}},
        {"ph": "i", "name": "Record Window End", "s": "g", "pid": "", "tid": "", "ts": 9}
    ]}"#;
    let trace = Trace::parse(text).expect("a trace");
    let all: Vec<(&str, i64, i64, Option<i64>)> =
        trace.events.iter().map(|e| (e.name.as_str(), e.start, e.length, e.correlation())).collect();
    assert_eq!(all, [("a", 3000, 2000, Some(4))]);
}

#[test]
fn a_long_trace_is_cut_after_a_step() {
    let whole = steps(100).window(400);
    assert_eq!((whole.steps, whole.of, whole.trace.events.len()), (100, 100, 400));
    let cut = steps(100).window(50);
    assert_eq!((cut.steps, cut.of, cut.trace.events.len()), (12, 100, 48));
    let one = steps(100).window(2);
    assert_eq!((one.steps, one.trace.events.len()), (1, 4));
    let mut bare = steps(10);
    bare.events.retain(|event| event.cat == "cpu_op");
    let bare = bare.window(10);
    assert_eq!((bare.steps, bare.of, bare.trace.events.len()), (0, 0, 10));
}

#[test]
fn events_without_end_are_refused_at_the_first_too_many() {
    // What is passed over does not count.
    let text = steps(2).text().replacen("cpu_op", "python_function", 1);
    assert_eq!(stream(text.as_bytes(), 7).expect("seven").events.len(), 7);
    let endless = format!("{}, and no JSON any more", &text[..text.rfind(']').expect("a list")]);
    let why = stream(endless.as_bytes(), 6).expect_err("seven are too many");
    assert!(why.starts_with("it has more than 6 events; record fewer steps at line 1 "), "{why}");
}

#[test]
fn a_recorded_run_nests_as_it_ran() {
    let mut recorder = Recorder::default();
    let sum = recorder.record("user_annotation", "ProfilerStep#0", |recorder| {
        recorder.record("cpu_op", "add", |_| 1 + 1) + recorder.record("cpu_op", "mul", |_| 3 * 3)
    });
    let trace = recorder.trace();
    let [step, add, mul] = &trace.events[..] else { panic!("{trace:?}") };
    assert_eq!((sum, step.name.as_str(), add.name.as_str(), mul.name.as_str()), (11, "ProfilerStep#0", "add", "mul"));
    assert!(step.start <= add.start && add.end() <= mul.start && mul.end() <= step.end());
    assert_eq!(Trace::parse(&trace.text()).expect("a trace").events.len(), 3);
}

#[test]
fn a_time_that_no_clock_shows_is_refused() {
    for (ts, dur) in [("1e300", "1"), ("1", "-1e18"), ("9e15", "9e15")] {
        let text = format!(
            r#"{{"traceEvents": [{{}}, {{"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 0, "ts": {ts}, "dur": {dur}}}]}}"#
        );
        let why = Trace::parse(&text).expect_err("no time").to_string();
        assert!(why.contains("event 2: ") && why.contains("microseconds is no time"), "{why}");
    }
}
