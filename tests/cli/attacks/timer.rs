//! Answers that lie about time, or say again what was right before. The grader's clock runs on the grader's side, from `go`
//! to `done`, and inputs are drawn anew.

use crate::learner::{Learner, Ran, numpy};
use std::fs;
use std::path::Path;

/// The experiment that is attacked: it times one pass over up to 32 MiB.
const LAB: &str = "gpu-memory";
const STEP: &str = "fused-cpu";

/// What each call of the largest size sleeps.
const SLEEP: f64 = 0.3;

/// A learner whose answer is the Python solution with `more` after it; none where there is no NumPy.
fn with_more(more: &str) -> Option<Learner> {
    let learner = numpy().then(Learner::new)?;
    let labs = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs").join(LAB);
    let text = fs::read_to_string(labs.join("solution.py")).expect("a solution");
    let folder = learner.path(&format!("roadmap/{LAB}"));
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("answer.py"), format!("{text}\n\n{more}")).expect("an answer");
    Some(learner)
}

fn check(learner: &Learner, seed: &str) -> Ran {
    learner.run(&format!("lab {LAB} --step {STEP} --lang python --seed {seed} --json"))
}

#[test]
fn patched_clocks_change_no_time() {
    let Some(learner) = with_more(&format!(
        "import datetime, time

sleep, right = time.sleep, fused_cpu
for name in dir(time):
    if name.startswith(('perf_counter', 'monotonic', 'time', 'process_time', 'thread_time', 'clock_gettime')):
        setattr(time, name, lambda *_: 0)

def fused_cpu(x, w, b, r):
    if len(x) > 1 << 22:
        sleep({SLEEP})
    return right(x, w, b, r)
"
    )) else {
        return;
    };
    let ran = check(&learner, "7");
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("one object");
    let measured = object["checked"][0]["measurements"].as_array().expect("measurements").clone();
    let rate = measured.iter().find(|m| m["name"].as_str().is_some_and(|name| name.starts_with("bytes a second")));
    let rate = rate.and_then(|m| m["value"].as_f64()).unwrap_or_else(|| panic!("no rate: {}\n{}", ran.out, ran.err));
    let moved = f64::from(12 * 2048 * 4096 + 8 * 4096);
    assert!(rate < moved / SLEEP, "{rate} B/s: the {SLEEP} s of sleep were not counted");
}

#[test]
fn a_function_does_not_end_its_own_block() {
    let Some(learner) = with_more(
        "import os, traceback
from lab_sdk import encode

right = fused_cpu
links = {fd: f'/proc/self/fd/{fd}' for fd in range(3, 64)}
pipe = next(fd for fd, link in links.items() if os.path.exists(link) and 'pipe' in os.readlink(link))

def fused_cpu(x, w, b, r):
    y = right(x, w, b, r)
    if any(frame.name == 'block' for frame in traceback.extract_stack()):
        os.write(pipe, encode({'done': 1}) + encode({'returned': True}, [y]))
    return y
",
    ) else {
        return;
    };
    check(&learner, "7").exits(5).shows("the end of a timed block is not the runner's");
}

#[test]
fn there_is_no_clock_beside_an_answer() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs/sdk");
    let mut folders = vec![sdk.join("src"), sdk.join("python")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "py") {
                let text = fs::read_to_string(&path).expect("a file");
                for clock in ["Instant::", "SystemTime", "import time", "perf_counter"] {
                    assert!(!text.contains(clock), "{} reads a clock ({clock})", path.display());
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen} files");
}

#[test]
fn what_was_right_before_is_not_right_again() {
    // The first run writes down its right results by their size; the second, of the same text, says them again.
    let Some(learner) = with_more(
        "import os

right = fused_cpu

def fused_cpu(x, w, b, r):
    tape = f'tape-{len(x)}-{len(w)}.npy'
    if os.path.exists('again') and os.path.exists(tape):
        return np.load(tape)
    y = right(x, w, b, r)
    np.save(tape, y)
    return y
",
    ) else {
        return;
    };
    let first = check(&learner, "7");
    assert!(first.out.contains("bytes a second"), "the first run is measured:\n{}\n{}", first.out, first.err);
    fs::write(learner.path(&format!("roadmap/{LAB}/again")), "").expect("a file");
    check(&learner, "2f").exits(1).shows("`fused_cpu` while it is timed");
}
