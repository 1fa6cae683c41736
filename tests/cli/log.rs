//! The log as a learner meets it: time that tracks itself, and corrections that delete nothing.

use crate::learner::{LAB, Learner, numpy};
use std::fs;
use std::time::{Duration, SystemTime};

const PYTHON: &str = include_str!("../../labs/quantize-int8/solution.py");

fn minutes(learner: &Learner) -> f64 {
    learner.json("log")["minutes"].as_f64().expect("minutes")
}

#[test]
fn time_is_added_and_dropped_by_hand() {
    let learner = Learner::new().with("TZ", "UTC");
    learner.run("log").exits(0).shows("no time was logged in the last 14 days");
    learner.run(&format!("log add {LAB} 50")).exits(0).shows("added 50 min");
    learner.run(&format!("log add {LAB} 30 --day yesterday")).exits(0);
    learner.run("log").exits(0).shows(LAB).shows("50 min").shows("week of").shows("1 h 20 min on 2 days");
    let object = learner.json("log");
    assert_eq!((object["minutes"].as_f64(), object["days"].as_array().map(Vec::len)), (Some(80.0), Some(2)));
    assert_eq!(object["days"][1]["labs"][0]["lab"], LAB);
    assert_eq!(learner.json("log --days 1")["minutes"], 50.0);
    learner.run(&format!("log drop yesterday {LAB}")).exits(0).shows("dropped 30 min").shows("log add");
    assert_eq!(minutes(&learner), 50.0);
    learner.run("log drop yesterday").exits(2).one_sentence().says("no time is logged");
    assert_eq!(learner.json("log drop today")["minutes"], 0.0);
    assert_eq!(learner.json(&format!("log add {LAB} 15"))["minutes"], 15.0);
    assert_eq!(minutes(&learner), 15.0, "what is added after a drop counts");
}

#[test]
fn what_cannot_be_logged_is_refused() {
    let learner = Learner::new();
    learner.run("log add no-such-lab 10").exits(2).one_sentence();
    learner.run(&format!("log add {LAB} 10 --day 2090-01-02")).exits(2).one_sentence().says("not over yet");
    for words in ["add quantize-int8 0", "add quantize-int8 1441", "add quantize-int8 nan", "drop someday", "--days 0"]
    {
        learner.run(&format!("log {words}")).exits(2);
    }
}

#[test]
fn time_counts_from_the_edit_to_the_verdict() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    learner.answer("answer.py", PYTHON);
    let file =
        fs::File::options().append(true).open(learner.path(&format!("roadmap/{LAB}/answer.py"))).expect("the file");
    file.set_modified(SystemTime::now() - Duration::from_secs(180)).expect("an older file");
    learner.run(&format!("lab {LAB} --step clip --lang python")).exits(0);
    let tracked = minutes(&learner);
    assert!((3.0..3.5).contains(&tracked), "an edit 3 minutes before the check: {tracked}");
    let pace = learner.json("plan --start today --hours 8")["pace"].as_f64().expect("a pace");
    assert!(pace > 0.0 && pace < 1.0, "{pace}");
    learner.run("plan").exits(0).shows("of the planned time a step");
}
