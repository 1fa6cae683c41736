//! Answers that misbehave: each is a verdict in one clear sentence, with exit code 5 or 1, and nothing is left running.

use crate::learner::{LAB, Learner, Ran, numpy};
use std::fs;
use std::time::Instant;

/// Runs the step with one hostile `qparams` in Python.
fn python(body: &str) -> Option<(Learner, Ran)> {
    if !numpy() {
        return None;
    }
    let learner = Learner::new();
    learner.answer(
        "answer.py",
        &format!("import os, sys, time\nimport numpy as np\n\n\ndef qparams(min, max):\n    {body}\n"),
    );
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
    Some((learner, ran))
}

/// The same in Rust.
fn rust(body: &str) -> Ran {
    let learner = Learner::new();
    let text =
        format!("use lab_sdk::Result;\n\nfn qparams(min: f32, max: f32) -> Result<(f32, i32)> {{\n    {body}\n}}\n");
    learner.answer("answer.rs", &text);
    learner.run(&format!("lab {LAB} --step quantize --lang rust"))
}

#[track_caller]
fn python_says(body: &str, code: i32, says: &str) {
    if let Some((learner, ran)) = python(body) {
        ran.exits(code).shows(says);
        learner.run("status").exits(0);
    }
}

#[test]
fn a_crash_in_python_shows_its_line() {
    python_says("return [][1]", 5, "answer.py:6: IndexError: list index out of range");
}

#[test]
fn a_panic_in_rust_shows_its_line() {
    rust("panic!(\"boom {min} {max}\")").exits(5).shows("answer.rs:4").shows("boom");
}

#[test]
fn an_endless_loop_is_ended_in_python() {
    let started = Instant::now();
    python_says("while True: time.sleep(1)", 5, "no answer within 10 s");
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn an_endless_loop_is_ended_in_rust() {
    rust("loop { std::thread::sleep(std::time::Duration::from_secs(1)); if min == 0.5 && max == 0.25 { break Ok((1.0, 0)); } }")
        .exits(5)
        .shows("no answer within 10 s");
}

#[test]
fn endless_printing_is_ended() {
    python_says("[print('x' * 1000000) for _ in range(1000)]; return 1.0, 0", 5, "printed more than 16 MB");
    rust("for _ in 0..1000 { println!(\"{}\", \"x\".repeat(1_000_000)); } let _ = (min, max); Ok((1.0, 0))")
        .exits(5)
        .shows("printed more than 16 MB");
}

#[test]
fn fifty_gigabytes_are_refused() {
    python_says("return float(np.ones(50 << 27).sum()), 0", 5, "MemoryError");
    rust("let v = vec![1u8; 50 << 30]; Ok((v[min as usize] as f32, max as i32))")
        .exits(5)
        .shows("that an answer may use");
}

#[test]
fn a_fork_leaves_nothing_behind() {
    let Some((learner, ran)) = python("os.fork() or os.setsid(); time.sleep(60); return 1.0, 0") else { return };
    ran.exits(5);
    let home = learner.path("").display().to_string();
    let left = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&home)
    });
    assert_eq!(left.count(), 0, "a process of the answer is still there");
}

#[test]
fn a_silent_exit_is_no_answer() {
    python_says("os._exit(0)", 5, "ended by itself (exit code 0) before it answered");
    python_says("sys.exit(0)", 5, "SystemExit");
    rust("std::process::exit(0 * (min + max) as i32)")
        .exits(5)
        .shows("ended by itself (exit code 0) before it answered");
}

#[test]
fn an_abort_and_a_stack_overflow_are_named() {
    rust("if min < f32::INFINITY { std::process::abort() } Ok((max, 0))").exits(5).shows("aborted (SIGABRT)");
    rust("fn down(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + down(std::hint::black_box(n + 1)) } } Ok((down(min as u64) as f32, max as i32))")
        .exits(5)
        .shows("the stack overflowed");
}

#[test]
fn printing_between_frames_is_shown_as_theirs() {
    let Some((_, ran)) = python("print('looking at', min); sys.stdout.flush(); os.write(1, b'raw'); return 1.0, 0")
    else {
        return;
    };
    ran.exits(1).shows("you | looking at");
}

#[test]
fn writing_on_the_reply_pipe_is_noticed() {
    python_says(
        "[os.write(fd, b'garbage garbage garbage') for fd in (3, 4, 5) if os.path.exists(f'/proc/self/fd/{fd}')]; return 1.0, 0",
        5,
        "its reply cannot be read",
    );
}

#[test]
fn wrong_types_shapes_and_arity_are_findings() {
    python_says("return 1.0", 1, "wanted tuple of 2");
    python_says("return (1.0,)", 1, "1 results");
    python_says("return 'scale', 0", 1, "wanted float");
    python_says("return float('nan'), 0", 1, "NaN");
    python_says("return 1.0, 0.5", 1, "wanted integer");
    let learner = Learner::new();
    let arity = "use lab_sdk::Result;\n\nfn qparams(min: f32) -> Result<(f32, i32)> {\n    Ok((min, 0))\n}\n";
    learner.answer("answer.rs", arity);
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang rust"));
    ran.exits(5)
        .shows("yours   fn qparams(min: f32) -> Result<(f32, i32)>")
        .shows("wanted  fn qparams(min: f32, max: f32)");
    let types = "use lab_sdk::Result;\n\nfn qparams(min: &str, max: f32) -> Result<(f32, i32)> {\n    Ok((max, min.len() as i32))\n}\n";
    learner.answer("answer.rs", types);
    learner.run(&format!("lab {LAB} --step quantize --lang rust")).exits(5).shows("signature").shows("min: &str");
}

#[test]
fn a_compile_error_is_shown_in_the_learners_file() {
    let ran = rust("let x: i32 = \"one\"; Ok((min, x))");
    ran.exits(5).shows("your file compiles").shows("answer.rs:4");
    assert!(!ran.out.contains("glue"), "no frames of ours:\n{}", ran.out);
}

#[test]
fn a_syntax_error_is_shown_with_its_line() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    learner.answer("answer.py", "def qparams(min, max):\n    return (\n");
    learner.run(&format!("lab {LAB} --step quantize --lang python")).exits(5).shows("answer.py:2: SyntaxError");
}

#[test]
fn deleting_its_own_file_changes_nothing() {
    let Some((learner, ran)) = python("os.path.exists(__file__) and os.remove(__file__); return 1.0, 0") else {
        return;
    };
    ran.exits(1);
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
    ran.exits(4);
    learner.run(&format!("history {LAB} --restore 1")).exits(0);
}

#[test]
fn an_answer_that_changes_its_arguments_is_told_so() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    let solution = include_str!("../../labs/quantize-int8/solution.py").replace("def quantize(", "def right(");
    let mutating = "\n\ndef quantize(x, scale, zp, axis, lo):\n    q = right(x, scale, zp, axis, lo)\n    x[...] = 0\n    scale[...] = 1\n    return q\n";
    learner.answer("answer.py", &format!("{solution}{mutating}"));
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
    ran.exits(5).shows("`quantize` writes into an array that it was given").shows("x = x.copy()");
}

#[test]
fn a_model_that_cannot_be_used_is_said_before_anything_runs() {
    let learner = Learner::new();
    fs::write(learner.path("cut.onnx"), [0x3a, 0x7f]).expect("a file");
    let model = learner.path("cut.onnx").display().to_string();
    let ran = learner.run(&format!("lab flop-count --step tables --model {model}"));
    ran.exits(2).one_sentence().says("cut.onnx cannot be used").says("is cut short");
    fs::write(learner.path("lm.gguf"), "GGUF").expect("a file");
    let model = learner.path("lm.gguf").display().to_string();
    let ran = learner.run(&format!("lab kv-cache --step decode --model {model}"));
    ran.exits(2).one_sentence().says("lm.gguf cannot be used").says("cut short");
}
