//! The Python twin of the simulator: the same programs, facts and mistakes in both languages, and the same counts,
//! faults, memory and sentences. Without Python and NumPy it is skipped, unless ROADMAP_REQUIRE_NUMPY=1 says that they
//! are there.

mod execute;
mod facts;
mod program;

use execute::execute;
use program::{Program, program};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const PROGRAMS: u64 = 240;

#[test]
fn drawn_programs_run_alike() {
    let programs: Vec<Program> = (0..PROGRAMS).map(program).collect();
    let input = serde_json::to_vec(&programs).expect("programs are JSON");
    let Some(twin) = python("programs", &input) else { return };
    let twin = twin.as_array().expect("a list").clone();
    assert_eq!(twin.len() as u64, PROGRAMS);
    // Addresses are handed out from the first one on in a new thread, as in a new process.
    let ours =
        std::thread::spawn(move || programs.iter().map(|p| (execute(p), format!("{:?}", p.body))).collect::<Vec<_>>());
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for (seed, ((ours, program), theirs)) in ours.join().expect("they run").into_iter().zip(twin).enumerate() {
        let (ours, theirs) = (told(ours), told(theirs));
        for fault in ours["report"]["faults"].as_array().into_iter().flatten() {
            *kinds.entry(fault["kind"].to_string()).or_default() += 1;
        }
        for name in ["report", "x", "y", "f", "h", "b"] {
            same(&ours[name], &theirs[name], &format!("seed {seed}, {name}, {program}"));
        }
    }
    // The programs are worth something: nearly every kind of fault is among them.
    assert!(kinds.len() >= 17 && kinds.values().sum::<usize>() > PROGRAMS as usize, "{kinds:?}");
}

/// Fails with the path of the first difference.
fn same(ours: &Value, theirs: &Value, at: &str) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{at}");
            a.iter().for_each(|(key, value)| same(value, &b[key], &format!("{key} of {at}")));
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{at}: {ours} {theirs}");
            a.iter().zip(b).enumerate().for_each(|(i, (a, b))| same(a, b, &format!("[{i}] of {at}")));
        }
        _ => assert_eq!(ours, theirs, "rust, python: {at}"),
    }
}

/// The same without what differs by language: lines, the names of files, and which NaN it is.
fn told(mut run: Value) -> Value {
    for name in ["f", "h", "b"] {
        for word in run[name].as_array_mut().into_iter().flatten() {
            if word.as_u64().is_some_and(|bits| f32::from_bits(bits as u32).is_nan()) {
                *word = "NaN".into();
            }
        }
    }
    for fault in run["report"]["faults"].as_array_mut().into_iter().flatten() {
        let left = fault["kind"] == "BarrierLeft";
        fault["message"] = words(fault["message"].as_str().expect("a sentence")).into();
        fault["at"] = Value::Null;
        fault["other"] = (!left && !fault["other"].is_null()).into();
    }
    let trace = &mut run["report"]["trace"];
    if !trace.is_null() {
        trace["files"] = trace["files"].as_array().map(Vec::len).into();
        for issue in trace["issues"].as_array_mut().into_iter().flatten() {
            issue["line"] = Value::Null;
            issue["column"] = Value::Null;
            issue["file"] = Value::Null;
        }
        for surplus in ["global", "shared"] {
            if !trace[surplus].is_null() {
                trace[surplus]["at"] = Value::Null;
            }
        }
    }
    run
}

/// A sentence in the words of Python, and without the numbers of lines.
fn words(sentence: &str) -> String {
    let of_python = [
        ("w.sync().await", "yield w.sync()"),
        ("w.if_(i.lt(n), ..)", "`with w.if_(i < n):`"),
        ("w.sync() without .await", "w.sync() without yield"),
        ("inside if_ replaces a Rust variable", "inside w.if_ replaces a Python variable"),
        ("awaits something that is no barrier, after", "yields something that is no barrier, at"),
        ("a kernel awaits w.sync()", "a kernel yields w.sync()"),
    ];
    let sentence = of_python.iter().fold(sentence.to_owned(), |told, (rust, python)| told.replace(rust, python));
    let mut parts = Vec::new();
    for word in sentence.split(' ') {
        let place = [".rs:", ".py:"].iter().find_map(|ending| word.find(ending).map(|at| at + ending.len()));
        parts.push(match place {
            Some(at) => format!("LINE{}", word[at..].trim_start_matches(|c: char| c.is_ascii_digit())),
            None => word.to_owned(),
        });
    }
    parts.join(" ")
}

/// What `twin.py WHAT` prints; nothing if Python or NumPy is missing.
fn python(what: &str, input: &[u8]) -> Option<Value> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let there = Command::new("python3").args(["-c", "import numpy"]).output().is_ok_and(|out| out.status.success());
    if !there {
        let required = std::env::var_os("ROADMAP_REQUIRE_NUMPY").is_some_and(|value| value == "1");
        assert!(!required, "ROADMAP_REQUIRE_NUMPY=1, but python3 with numpy is missing");
        eprintln!("skipped: python3 with numpy is missing");
        return None;
    }
    let mut child = Command::new("python3")
        .arg(format!("{folder}/tests/simt/twin.py"))
        .arg(what)
        .env("PYTHONPATH", format!("{folder}/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "twin.py {what}: {}", output.status);
    Some(serde_json::from_slice(&output.stdout).expect("twin.py prints JSON"))
}
