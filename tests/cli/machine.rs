//! The roofs of this machine: measured when asked, kept with a fingerprint, shown, and doubted when they are another's.

use crate::learner::Learner;
use serde_json::Value;
use std::fs;

/// What `doctor` says of the roofs: what was found, and what to do.
fn roofs(learner: &Learner, words: &str) -> (String, String) {
    let findings = learner.json(words);
    let all = findings["findings"].as_array().expect("findings");
    let row = all.iter().find(|row| row["what"] == "roofs, one thread").expect("a row on the roofs");
    (row["found"].as_str().unwrap_or_default().to_owned(), row["fix"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn roofs_are_measured_once_and_belong_to_a_machine() {
    let learner = Learner::new();
    let path = learner.path(".local/share/roadmap/machine.json");
    assert!(roofs(&learner, "doctor").0.contains("not measured yet"));
    assert!(!path.exists());

    let (found, fix) = roofs(&learner, "doctor --measure");
    assert!(
        ["GFLOP/s", "GB/s from memory", "ridge"].iter().all(|word| found.contains(word)) && fix.is_empty(),
        "{found}"
    );
    let text = fs::read_to_string(&path).expect("they are kept");
    let mut kept: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(kept["roofs"]["sweep"].as_array().map(Vec::len), Some(15));
    assert_eq!(roofs(&learner, "doctor"), (found, fix));
    assert_eq!(fs::read_to_string(&path).expect("still there"), text);
    learner.run("doctor").shows("roofs, one thread");

    kept["fingerprint"]["cpu"] = "Another CPU".into();
    fs::write(&path, kept.to_string()).expect("a file");
    let (_, fix) = roofs(&learner, "doctor");
    assert!(fix.contains("of another machine (Another CPU, not ") && fix.contains("doctor --measure"), "{fix}");

    let negative = text.replacen("\"flops\": ", "\"flops\": -", 1);
    for damaged in ["no JSON", "{}", &text.replace("\"gemm\"", "\"gems\""), &negative] {
        fs::write(&path, damaged).expect("a file");
        let (found, fix) = roofs(&learner, "doctor");
        assert!(found.contains("cannot be read") && fix.contains("doctor --measure"), "{found}; {fix}");
    }
    assert!(roofs(&learner, "doctor --measure").0.contains("GFLOP/s"));
}
