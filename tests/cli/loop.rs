//! Predict, build, measure, and the way back: the main job, start to end.

use crate::learner::{LAB, Learner, numpy};
use std::fs;

const PYTHON: &str = include_str!("../../labs/quantize-int8/solution.py");
const RUST: &str = include_str!("../../labs/quantize-int8/solution.rs");

/// Steps passed, by `status`.
fn passed(learner: &Learner) -> u64 {
    learner.run("status").exits(0);
    let status = learner.json("status");
    let stages = status["stages"].as_array().cloned().unwrap_or_default();
    stages.iter().filter_map(|stage| stage["steps"]["passed"].as_u64()).sum()
}

#[test]
fn the_first_command_ends_on_the_first_question() {
    let learner = Learner::new();
    let ran = learner.run(&format!("lab {LAB}"));
    ran.exits(4).shows("predict: qparams").says("--answer scale=X --answer zero-point=X");
    assert!(learner.path(&format!("roadmap/{LAB}/answer.rs")).is_file());
    assert_eq!(learner.run(&format!("lab {LAB}")).out.matches("predict: qparams").count(), 1, "it is idempotent");
}

#[test]
fn predictions_are_stored_and_a_miss_draws_new_numbers() {
    let learner = Learner::new();
    let first = learner.json(&format!("lab {LAB}"));
    let ran = learner.run(&format!("lab {LAB} --answer scale=1 --answer zero-point=0"));
    ran.exits(1).shows("FAIL  predict: qparams");
    let second = learner.json(&format!("lab {LAB}"));
    assert_ne!(first["checked"][0]["questions"], second["checked"][0]["questions"]);
    learner.predict_rightly("qparams").exits(0).shows("PASS  predict: qparams");
    learner.predict_rightly("sqnr").exits(0).shows("PASS  predict: sqnr");
    let history = learner.json(&format!("history {LAB}"));
    assert_eq!(history["attempts"].as_array().map(Vec::len), Some(3));
    assert_eq!(passed(&learner), 2);
}

#[test]
fn an_unreadable_prediction_costs_no_attempt() {
    let learner = Learner::new();
    let ran = learner.run(&format!("lab {LAB} --answer scale=apple --answer zero-point=0"));
    ran.exits(2).one_sentence().says("`apple` is not a number");
    learner.run(&format!("lab {LAB} --answer scale=1")).exits(2).says("`zero-point` was not answered");
    learner.run(&format!("lab {LAB} --answer slace=1")).exits(2).says("there is no question `slace`");
    assert_eq!(learner.json(&format!("history {LAB}"))["attempts"].as_array().map(Vec::len), Some(0));
}

#[test]
fn an_untouched_file_shows_the_brief_and_checks_nothing() {
    let learner = Learner::new();
    for language in ["rust", "python"] {
        let ran = learner.run(&format!("lab {LAB} --step quantize --lang {language}"));
        ran.exits(4).shows("build: quantize").shows("your file");
    }
    assert_eq!(learner.json(&format!("history {LAB}"))["attempts"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_lab_is_done_in_python() {
    if numpy() {
        whole_lab("python", "answer.py", PYTHON);
    }
}

#[test]
fn a_lab_is_done_in_rust() {
    whole_lab("rust", "answer.rs", RUST);
}

fn whole_lab(language: &str, file: &str, solution: &str) {
    let learner = Learner::new();
    learner.run(&format!("lab {LAB} --lang {language}")).exits(4);
    learner.predict_rightly("qparams").exits(0);
    learner.predict_rightly("sqnr").exits(0);
    learner.answer(file, solution);
    for step in ["build: quantize", "build: requant", "build: linear-i8", "measure: int8-speed", "build: clip"] {
        learner.run(&format!("lab {LAB}")).exits(0).shows(&format!("PASS  {step}"));
    }
    let measured = learner.run(&format!("lab {LAB}"));
    measured.exits(0).shows("PASS  measure: ptq-cnn").shows("per channel").shows("every step of");
    learner.run(&format!("lab {LAB}")).exits(4).shows("every step is passed");
    assert_eq!(passed(&learner), 8);
    learner.run(&format!("show {LAB}")).exits(0).shows("✓");
    learner.run(&format!("solution {LAB}")).exits(0).shows("qparams");
    let listed = learner.json("list --done");
    assert!(listed["topics"].as_array().is_some_and(|topics| topics.iter().any(|t| t["id"] == "int8-affine")));
}

#[test]
fn a_function_alone_is_an_answer_and_missing_ones_are_not_done_yet() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    let alone = "def qparams(min, max):\n    if not (abs(min) < 1e39 and abs(max) < 1e39) or min > max:\n        \
                 raise ValueError('no range')\n    low, high = (min if min < 0 else 0.0), (max if max > 0 else 0.0)\n    \
                 if low == high:\n        return 1.0, 0\n    scale = (high - low) / 255\n    \
                 zero = -128 - low / scale\n    return scale, int(zero + 0.5) if zero > 0 else -int(0.5 - zero)\n";
    learner.answer("answer.py", alone);
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
    ran.exits(4).shows("`quantize`, `dequantize` are not written yet");
}

#[test]
fn known_mistakes_are_named_in_both_languages() {
    let even = "\n\ndef quantize(x, scale, zp, axis, lo):\n    solution_refuses(x, scale, zp, axis, lo)\n    \
                shape = [1] * x.ndim\n    if axis is not None:\n        shape[axis] = -1\n    \
                s, z = scale.reshape(shape), zp.reshape(shape)\n    \
                return np.clip(np.round(x / s) + z, lo, 127).astype(np.int8)\n";
    let python = format!("{}{even}", PYTHON.replace("def quantize(", "def solution_refuses("));
    let learner = Learner::new();
    if numpy() {
        learner.answer("answer.py", &python);
        let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
        ran.exits(1).shows("(rounds-half-even)").shows("--seed");
        let third = ran.out.lines().take(4).collect::<String>();
        assert!(third.contains("a known mistake"), "named in the first lines:\n{}", ran.out);
        assert!(ran.out.lines().count() <= 16, "a verdict fits on 16 lines:\n{}", ran.out);
    }
    let floor = "\npub fn clip_max(x: &Tensor, bits: u32) -> Result<f32> {\n    solved(x, bits)?;\n    \
                 let values: Vec<f32> = x.to_vec1()?;\n    Ok(values.iter().fold(0.0, |m, v| v.abs().max(m)))\n}\n";
    let rust = format!("{}{floor}", RUST.replace("pub fn clip_max(", "pub fn solved("));
    learner.answer("answer.rs", &rust);
    learner.run(&format!("lab {LAB} --step clip --lang rust")).exits(1).shows("(max-abs)");
}

#[test]
fn a_mistake_on_no_list_gets_the_smallest_case() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    let odd = "\n\ndef dequantize(q, scale, zp, axis):\n    right = solution(q, scale, zp, axis)\n    \
               return np.where(q == 100, right * 2, right).astype(np.float32)\n";
    learner.answer("answer.py", &format!("{}{odd}", PYTHON.replace("def dequantize(", "def solution(")));
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
    ran.exits(1).shows("no known mistake").shows("smallest").shows("wanted").shows("yours");
    let again = ran.out.lines().find(|line| line.contains("--seed")).expect("how to see it again").to_owned();
    let words = again.split("roadmap ").nth(1).expect("a command").trim();
    let once = learner.run(words);
    once.exits(1).shows("1 inputs");
    assert_eq!(
        learner.json(&format!("history {LAB}"))["attempts"].as_array().map(Vec::len),
        Some(1),
        "a chosen case is no attempt"
    );
}

#[test]
fn switching_language_keeps_both_answers() {
    let learner = Learner::new();
    learner.answer("answer.rs", RUST);
    learner.run(&format!("lab {LAB} --lang python --step quantize")).exits(4);
    assert_eq!(fs::read_to_string(learner.path(&format!("roadmap/{LAB}/answer.rs"))).expect("the answer"), RUST);
    learner.run(&format!("lab {LAB} --lang rust --step clip")).exits(0);
}

#[test]
fn history_shows_changes_and_nothing_is_lost() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    let wrong =
        PYTHON.replace("def clip_max(", "def clip_max(x, bits):\n    return float(abs(x).max())\n\n\ndef unused(");
    learner.answer("answer.py", &wrong);
    learner.run(&format!("lab {LAB} --step clip --lang python")).exits(1);
    learner.answer("answer.py", PYTHON);
    learner.run(&format!("lab {LAB} --step clip")).exits(0);
    learner.run(&format!("history {LAB}")).exits(0).shows("build: clip").shows("fail").shows("pass");
    learner.run(&format!("history {LAB} --diff 2")).exits(0).shows("- def unused(");
    learner.run(&format!("reset {LAB}")).exits(0).shows("the starter again");
    learner.run(&format!("lab {LAB} --step clip")).exits(4);
    learner.run(&format!("history {LAB} --restore 1")).exits(0);
    let now = fs::read_to_string(learner.path(&format!("roadmap/{LAB}/answer.py"))).expect("the answer");
    assert_eq!(now, wrong);
    learner.run(&format!("history {LAB} --restore 9")).exits(2).one_sentence();
}

#[test]
fn hints_come_one_at_a_time_and_the_solution_after_a_pass() {
    let learner = Learner::new();
    learner.run(&format!("hint {LAB} --step requant")).exits(0).shows("hint 1 of 3");
    let second = learner.run(&format!("hint {LAB} --step requant"));
    second.exits(0).shows("hint 1 of 3").shows("hint 2 of 3");
    learner.run(&format!("solution {LAB}")).exits(2).one_sentence().says("--give-up");
    learner.run(&format!("solution {LAB} --give-up --lang python")).exits(0).shows("def qparams");
}

#[test]
fn all_steps_are_checked_without_stopping() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    learner.answer("answer.py", PYTHON);
    let checked = learner.json(&format!("lab {LAB} --all --lang python"));
    let verdicts: Vec<&str> =
        checked["checked"].as_array().expect("steps").iter().filter_map(|v| v["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["nothing", "nothing", "pass", "pass", "pass", "pass", "pass", "pass"]);
    learner.run(&format!("lab {LAB} --all --lang python")).exits(4);
}

#[test]
fn the_last_step_tests_out_of_a_lab() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    learner.answer("answer.py", PYTHON);
    learner
        .run(&format!("lab {LAB} --step last --lang python"))
        .exits(0)
        .shows("you tested out: qparams, sqnr, quantize");
    assert_eq!(passed(&learner), 8);
    learner.run(&format!("history {LAB}")).exits(0).shows("predict: qparams");
}
