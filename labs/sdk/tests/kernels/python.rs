//! The Python process that runs the twins (`run.py`): one for all tests, which lives as long as they do. A launch is a
//! line of JSON, and so is what it did.

use super::Done;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Without NumPy the twins are left out, unless this is set: then their tests fail.
const REQUIRED: &str = "ROADMAP_REQUIRE_NUMPY";

static PYTHON: LazyLock<Option<Mutex<Pipes>>> = LazyLock::new(|| start().map(Mutex::new));

struct Pipes {
    child: Child,
    answers: BufReader<ChildStdout>,
}

/// What the twin did; nothing where there is no Python with NumPy.
pub fn launched<C: DeserializeOwned>(launch: &Value) -> Option<Done<C>> {
    let mut pipes = PYTHON.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(pipes.child.stdin.as_mut().expect("a pipe"), "{launch}").expect("run.py reads");
    let mut line = String::new();
    pipes.answers.read_line(&mut line).expect("run.py writes");
    let mut answer: Value = serde_json::from_str(&line).expect("run.py answers in JSON");
    let faults = answer["report"]["faults"].as_array().cloned().unwrap_or_default();
    let message = |fault: &Value| fault["message"].as_str().expect("a sentence").to_owned();
    let bits: Vec<u32> = serde_json::from_value(answer["result"].take()).expect("bits of f32");
    Some(Done {
        language: "Python",
        counters: serde_json::from_value(answer["report"]["counters"].take()).expect("the counters of Rust"),
        faults: faults.iter().map(message).collect(),
        finished: answer["report"]["finished"] == true,
        result: bits.into_iter().map(f32::from_bits).collect(),
    })
}

fn start() -> Option<Pipes> {
    let sdk = env!("CARGO_MANIFEST_DIR");
    let python = || {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", format!("{sdk}/python")).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let numpy = python().args(["-c", "import numpy"]).stderr(Stdio::null()).status();
    if !numpy.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, and there is no python3 with numpy");
        eprintln!("skipped: there is no python3 with numpy for the twins (set {REQUIRED}=1 to fail here)");
        return None;
    }
    let mut command = python();
    command.arg(format!("{sdk}/tests/kernels/run.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("python3 starts");
    let answers = BufReader::new(child.stdout.take().expect("a pipe"));
    Some(Pipes { child, answers })
}
