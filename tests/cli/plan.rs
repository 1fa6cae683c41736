//! The plan as a learner meets it: the calendar by phase, the calendar file, planned against actual weeks.

use crate::learner::{LAB, Learner};
use std::fs;

/// A Monday that stays in the future.
const START: &str = "2090-01-02";

#[test]
fn a_plan_is_made_once_and_remembered() {
    let learner = Learner::new();
    learner.run("plan").exits(2).one_sentence().says("there is no plan yet").says("roadmap plan --start monday");
    learner.run("plan --hours 8").exits(2).one_sentence().says("first day");
    learner.run("status --plan").exits(2).one_sentence().says("there is no plan yet");
    let made = learner.run(&format!("plan --start {START} --hours 8"));
    made.exits(0)
        .shows("Your plan: 8 hours a week from 2090-01-02")
        .shows("Foundations")
        .shows("2090-01-02 - ")
        .shows(" as planned, after ")
        .shows("not known yet: pass a step")
        .shows("begins in ");
    assert_eq!(learner.run("plan").exits(0).out, made.out);
    let other = learner.run("plan --hours 4");
    other.exits(0).shows("Your plan: 4 hours a week from 2090-01-02");
    let object = learner.json("plan");
    assert_eq!(object["hours"], 4.0);
    // Phase after phase without a gap, however many hours the labs of each ask for.
    let phases = object["phases"].as_array().expect("phases");
    assert_eq!(phases.len(), 7);
    let day = |phase: &serde_json::Value, end: &str| -> jiff::civil::Date {
        phase[end].as_str().and_then(|text| text.parse().ok()).expect("a day")
    };
    assert_eq!(day(&phases[0], "from").to_string(), START);
    for pair in phases.windows(2) {
        assert_eq!(day(&pair[0], "to").tomorrow().expect("a day"), day(&pair[1], "from"));
    }
    assert!(object["pace"].is_null() && object["finish_at_pace"].is_null());
    assert!(object["phases"][3]["hours"].as_f64().is_some_and(|hours| hours > 0.0), "{object}");
}

#[test]
fn what_cannot_be_a_plan_is_refused() {
    let learner = Learner::new();
    for words in
        ["--start 2026-02-30 --hours 8", "--start monday --hours 0", "--start monday --hours nan", "--hours 101"]
    {
        let ran = learner.run(&format!("plan {words}"));
        ran.exits(2);
    }
    learner
        .run("plan --start monday --hours 8 --ics no/such/folder.ics")
        .exits(3)
        .one_sentence()
        .says("no/such/folder");
    learner.run("plan").exits(2).says("there is no plan yet");
}

#[test]
fn the_calendar_file_is_the_same_each_time() {
    let learner = Learner::new();
    learner.run(&format!("plan --start {START} --hours 5 --ics first.ics")).exits(0).says("first.ics");
    learner.run("plan --ics second.ics").exits(0);
    let read = |name: &str| fs::read_to_string(learner.path(name)).expect("a calendar");
    let text = read("first.ics");
    assert_eq!(text, read("second.ics"));
    assert!(text.lines().count() > 50 && text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    let unfolded = text.replace("\r\n ", "");
    let count = |start: &str| unfolded.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("BEGIN:VEVENT"), 7 + 7 * 3, "a phase each, and three sessions of a week of five hours");
    assert_eq!(count("UID:phase-"), 7);
    assert_eq!(count("RRULE:FREQ=WEEKLY;COUNT="), 21);
    assert!(unfolded.contains("DTSTART;VALUE=DATE:20900102"), "{unfolded}");
}

#[test]
fn a_passed_step_gives_a_phase_its_actual_weeks() {
    let learner = Learner::new();
    learner.run("plan --start today --hours 8").exits(0).shows("as planned");
    learner.predict_rightly("qparams").exits(0);
    let object = learner.json("status --plan");
    let phases = object["plan"]["phases"].as_array().expect("phases").clone();
    let begun: Vec<_> = phases.iter().filter(|p| !p["begun"].is_null()).collect();
    assert_eq!(begun.len(), 1, "{object}");
    assert_eq!(begun[0]["actual_weeks"], 0.1);
    assert!(begun[0]["hours_left"].as_f64() < begun[0]["hours"].as_f64());
    learner.run("status --plan").exits(0).shows("0.1 so far").shows("planned weeks").shows("finish");
    learner.run("status --plan --phase 1").exits(2);
}

#[test]
fn first_predictions_stand_beside_their_results() {
    let learner = Learner::new();
    assert!(!learner.run("status").out.contains("Your predictions"), "nothing to say yet");
    assert_eq!(learner.json("status --phase 4")["calibration"]["tries"], 0);
    let step = "qparams";
    let asked = learner.json(&format!("lab {LAB} --step {step}"));
    let questions = asked["checked"][0]["questions"].as_array().expect("questions").clone();
    let wrong: Vec<String> = questions
        .iter()
        .map(|q| {
            format!("--answer {}={}", q["id"].as_str().expect("an id"), if q["choices"].is_null() { "3" } else { "a" })
        })
        .collect();
    learner.run(&format!("lab {LAB} --step {step} {}", wrong.join(" ")));
    let first = learner.json("status --phase 4")["calibration"].clone();
    assert_eq!(first["tries"], questions.len());
    learner.predict_rightly(step).exits(0);
    assert_eq!(learner.json("status --phase 4")["calibration"], first, "a second try has seen the answer");
    learner.run("status").exits(0).shows("Your predictions: ").shows("at first try");
    let phase = learner.json(&format!("show {LAB}"));
    let number = first["phases"][0]["id"].as_u64().unwrap_or_else(|| panic!("a phase: {first}\n{phase}"));
    learner.run(&format!("status --phase {number}")).exits(0).shows("you said").shows("it was").shows(LAB);
}
