//! `chart`: what measure steps drew, on the screen, as files and as JSON.

use crate::learner::{LAB, Learner};
use serde_json::{Value, json};
use std::fs;

const SOLUTION: &str = include_str!("../../labs/quantize-int8/solution.rs");

fn speed(title: &str, fastest: f64) -> Value {
    let points = |share: f64| json!([{"x": 128, "y": fastest * share}, {"x": 1024, "y": 0.7 * fastest * share}]);
    json!({"chart": "plane", "title": title, "x": {"label": "context", "unit": "tokens", "log": true},
        "y": {"label": "", "unit": "tokens/s", "log": false}, "series": [
            {"name": "measured", "mark": "line", "points": points(0.9)}, {"name": "theory", "mark": "theory", "points": points(1.0)}]})
}

fn bars(title: &str) -> Value {
    json!({"chart": "bars", "title": title, "unit": "%", "rows": [["f32", 97.2], ["int8", 96.0]]})
}

/// A learner with attempts of `(lab, step, verdict, charts)`.
fn who_drew(attempts: &[(&str, &str, &str, Value)]) -> Learner {
    let row = |(at, (lab, step, verdict, charts)): (usize, &(&str, &str, &str, Value))| {
        json!({"id": format!("{at:032x}"), "at": 1_760_000_000_000_u64 + 60_000 * at as u64, "lab": lab, "step": step,
            "kind": "measure", "language": "rust", "seed": "7f", "verdict": verdict, "passed": 1, "total": 1, "inputs": 1,
            "seconds": 1.0, "spent": 60.0, "misconception": null, "snapshot": null, "content": "c",
            "detail": json!({"charts": charts}).to_string()})
    };
    let rows: Vec<Value> = attempts.iter().enumerate().map(row).collect();
    let measured = json!({"id": format!("{:032x}", 900), "attempt": format!("{:032x}", 1), "at": 1, "lab": LAB, "step": "ptq-cnn",
        "name": "speed", "value": 1.0, "unit": "", "bar": null, "pass": 1, "kind": "clock", "machine": "linux x86_64, 2 cores"});
    let all =
        json!({"schema": 1, "store": 2, "learner": "abc", "tables": {"attempt": rows, "measurement": [measured]}});
    let learner = Learner::new();
    fs::write(learner.path("all.json"), all.to_string()).expect("a file");
    learner.run("import all.json").exits(0);
    learner
}

/// Three attempts: drawn and passed, drawn and failed, drawn nothing.
fn at_work() -> Learner {
    who_drew(&[
        (LAB, "ptq-cnn", "pass", json!([bars("first")])),
        (LAB, "ptq-cnn", "fail", json!([speed("speed", 40.0), bars("second")])),
        (LAB, "ptq-cnn", "error", json!([])),
    ])
}

#[test]
fn what_was_measured_is_drawn_again() {
    let learner = Learner::new();
    learner.run(&format!("lab {LAB} --lang rust"));
    learner.answer("answer.rs", SOLUTION);
    let measured = learner.run(&format!("lab {LAB} --step ptq-cnn"));
    measured.exits(0).shows("accuracy on 2000 images").shows("(log scale)");
    let ran = learner.run(&format!("chart {LAB}"));
    ran.exits(0).shows("measure: ptq-cnn, attempt ").shows("accuracy on 2000 images").shows("(log scale)");
    let pictures = ran.out.find("\naccuracy on").map(|at| &ran.out[at..]).expect("charts");
    assert!(measured.out.contains(pictures.trim_end()), "the same charts as when they were measured:\n{pictures}");
    let command =
        learner.command(&["chart"]).current_dir(learner.path(&format!("roadmap/{LAB}"))).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&command.stdout), ran.out, "the folder names the lab");
    let files = learner.run(&format!("chart {LAB} --svg")).exits(0).out.clone();
    let wanted = [1, 2].map(|n| format!("{LAB}-ptq-cnn-{n}.svg"));
    assert_eq!(files.lines().collect::<Vec<_>>(), wanted);
    let machine = learner.json("export")["tables"]["measurement"][0]["machine"].as_str().expect("a machine").to_owned();
    for file in wanted {
        let svg = fs::read_to_string(learner.path(&file)).expect("the file");
        assert!(svg.starts_with("<svg xmlns=") && svg.contains("ptq-cnn, attempt "), "{svg}");
        assert!(svg.contains("prefers-color-scheme: dark"), "it follows light and dark");
        assert!(machine.split_whitespace().all(|word| svg.contains(word)), "no `{machine}` in {svg}");
    }
}

#[test]
fn each_step_shows_its_newest_drawing() {
    let learner = at_work();
    let ran = learner.run("chart quant");
    ran.exits(0).shows("attempt 2").shows("tokens/s").shows("context (tokens)").shows("⠒●⠒ measured").shows("second");
    assert!(!ran.out.contains("first"), "an older attempt is not shown:\n{}", ran.out);
    let object = learner.json(&format!("chart {LAB}"));
    assert_eq!((&object["schema"], &object["lab"]), (&json!(1), &json!(LAB)));
    let rows = object["charts"].as_array().expect("charts");
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["step"], &rows[0]["attempt"]), (&json!("ptq-cnn"), &json!(2)));
    assert_eq!(rows[0]["at"], 1_760_000_060_000_u64);
    assert_eq!(rows[1]["chart"], bars("second"));
}

#[test]
fn without_a_lab_all_labs_are_drawn_by_title() {
    let learner = who_drew(&[
        ("zeta", "speed", "pass", json!([bars("of a lab that is gone")])),
        (LAB, "ptq-cnn", "pass", json!([bars("of a lab that is here")])),
    ]);
    let ran = learner.run("chart");
    ran.exits(0).shows(&format!("{LAB}: ")).shows("zeta: ");
    let at = |text: &str| ran.out.find(text).expect(text);
    assert!(at("of a lab that is here") < at("of a lab that is gone"));
    let object = learner.json("chart");
    assert_eq!((&object["lab"], &object["charts"][0]["lab"]), (&Value::Null, &json!(LAB)));
}

#[test]
fn files_go_where_they_are_sent() {
    let learner = at_work();
    learner.run(&format!("chart --svg {LAB}")).exits(0).shows(&format!("{LAB}-ptq-cnn-1.svg"));
    let ran = learner.run(&format!("chart {LAB} --svg=pictures/of-mine"));
    ran.exits(0).shows(&format!("pictures/of-mine/{LAB}-ptq-cnn-2.svg"));
    assert_eq!(fs::read_dir(learner.path("pictures/of-mine")).expect("the folder").count(), 2);
    let object = learner.json(&format!("chart {LAB} --svg=pictures"));
    assert_eq!(object["charts"][1]["file"], format!("pictures/{LAB}-ptq-cnn-2.svg"));
    learner.run(&format!("chart {LAB} --svg=one.svg")).exits(2).one_sentence().says("there are 2 charts");
    learner.run(&format!("chart {LAB} --svg=all.json/in")).exits(3).one_sentence().says("cannot be written");
    let one = who_drew(&[(LAB, "ptq-cnn", "pass", json!([bars("the only one")]))]);
    assert_eq!(one.run(&format!("chart {LAB} --svg=one.svg")).exits(0).out, "one.svg\n");
    assert!(fs::read_to_string(one.path("one.svg")).expect("the file").contains("the only one"));
}

#[test]
fn nothing_to_draw_names_the_command_that_measures() {
    let learner = Learner::new();
    learner.run("chart").exits(4).shows("there are no charts yet");
    let ran = learner.run(&format!("chart {LAB}"));
    ran.exits(4).shows("there are no charts of").shows(&format!("roadmap lab {LAB} --step ptq-cnn"));
    learner.run(&format!("chart {LAB} --svg")).exits(4).shows("--step ptq-cnn");
    assert_eq!(learner.json(&format!("chart {LAB}")), json!({"schema": 1, "lab": LAB, "charts": []}));
    learner.run("chart quantise-int8").exits(2).one_sentence().says(&format!("did you mean: roadmap lab {LAB}"));
}

#[test]
fn imported_charts_cannot_break_out() {
    let hostile = "\u{1b}[31m</text><script>\n../../x";
    let charts = json!([speed(hostile, 40.0), {"chart": "pie"}, {"chart": "bars", "title": hostile, "unit": hostile, "rows": [[hostile, null]]}]);
    let learner = who_drew(&[("../../lab", hostile, "pass", charts)]);
    let ran = learner.run("chart");
    ran.exits(0).shows("no number");
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
    let files = learner.run("chart --svg").exits(0).out.clone();
    assert_eq!(files.lines().count(), 2);
    for file in files.lines() {
        assert!(!file.contains(['/', '\u{1b}']), "{file}");
        let svg = fs::read_to_string(learner.path(file)).expect("the file");
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{svg}");
    }
}

#[test]
fn charts_fit_the_screen() {
    for (columns, ascii) in [("20", true), ("20", false), ("48", true), ("110", false)] {
        let learner = at_work().with("COLUMNS", columns).with("LC_ALL", if ascii { "C" } else { "C.UTF-8" });
        let ran = learner.run(&format!("chart {LAB}"));
        ran.exits(0);
        assert!(!ascii || ran.out.is_ascii(), "{}", ran.out);
        let width: usize = columns.parse().expect("a number");
        assert!(ran.out.lines().all(|line| line.chars().count() <= width), "{}", ran.out);
    }
}
