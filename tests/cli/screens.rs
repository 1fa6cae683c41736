//! What is printed, and where: widths, colours, ASCII, JSON objects.

use crate::learner::{LAB, Learner};

#[test]
fn narrow_screens_get_narrow_lines() {
    for columns in ["20", "40"] {
        let learner = Learner::new().with("COLUMNS", columns);
        let width: usize = columns.parse().expect("a number");
        for words in ["next", "status", "list", "doctor", &format!("lab {LAB}")] {
            let ran = learner.run(words);
            let path = learner.path("").display().to_string();
            for line in ran.out.lines().filter(|line| !line.contains(&path) && !line.starts_with("    ")) {
                let unbroken = line.split_whitespace().any(|word| word.chars().count() > width);
                let drawn = line.contains('─') || line.contains('│');
                assert!(line.chars().count() <= width || unbroken || drawn, "{words} at {columns}: {line}");
            }
        }
    }
}

#[test]
fn without_utf8_everything_is_ascii() {
    let learner = Learner::new().with("LC_ALL", "C");
    for words in ["status", "list", "doctor", &format!("lab {LAB}"), "show paged-attention"] {
        let ran = learner.run(words);
        assert!(ran.out.is_ascii(), "{words}: {:?}", ran.out.chars().find(|c| !c.is_ascii()));
    }
}

#[test]
fn no_colour_without_a_terminal() {
    let learner = Learner::new();
    for words in ["status", "next", "--help"] {
        assert!(!learner.run(words).out.contains('\x1b'), "{words} prints escape codes");
    }
}

#[test]
fn objects_for_scripts_have_their_keys() {
    let learner = Learner::new();
    let lab = learner.json(&format!("lab {LAB}"));
    for key in ["schema", "lab", "language", "answer", "seed", "steps", "checked"] {
        assert!(!lab[key].is_null(), "lab has no {key}");
    }
    for key in ["id", "kind", "state", "optional"] {
        assert!(!lab["steps"][0][key].is_null(), "a step has no {key}");
    }
    let checked = lab["checked"][0].as_object().expect("a check");
    for key in [
        "step",
        "kind",
        "verdict",
        "checks",
        "inputs",
        "seconds",
        "seed",
        "misconception",
        "findings",
        "floor_ratio",
        "questions",
        "measurements",
    ] {
        assert!(checked.contains_key(key), "a check has no {key}");
    }
    assert_eq!(lab["checked"][0]["verdict"], "nothing");
    let list = learner.json("list");
    for key in ["id", "title", "stage", "section", "covers", "phase", "labs", "state"] {
        assert!(list["topics"][0].as_object().is_some_and(|topic| topic.contains_key(key)), "a topic has no {key}");
    }
    let status = learner.json("status");
    assert_eq!(status["phases"].as_array().map(Vec::len), Some(7));
    assert_eq!(status["stages"].as_array().map(Vec::len), Some(8));
    for key in ["id", "title", "weeks", "stage", "steps", "topics", "minutes"] {
        assert!(!status["phases"][0][key].is_null(), "a phase has no {key}");
    }
    let next = learner.json("next");
    for key in ["lab", "step", "why", "minutes"] {
        assert!(!next["next"][key].is_null(), "next has no {key}");
    }
    assert!(next["or"].is_array());
    let show = learner.json(&format!("show {LAB}"));
    assert_eq!(show["lab"]["slug"], LAB);
}

#[test]
fn completions_are_printed_for_each_shell() {
    let learner = Learner::new();
    for shell in ["bash", "zsh", "fish"] {
        learner.run(&format!("completions {shell}")).exits(0).shows("roadmap");
    }
}

#[test]
fn next_honours_the_minutes() {
    let learner = Learner::new();
    learner.run("next").exits(0).shows(&format!("roadmap lab {LAB}")).shows(" why ");
    learner.run("next -m 10").exits(0).shows("your 10");
}
