//! Notes on topics and labs, and finding words again.

use crate::learner::{LAB, Learner};

/// Runs words that may hold blanks.
fn run(learner: &Learner, words: &[&str]) -> (String, String, Option<i32>) {
    let output = learner.command(words).output().expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn a_line_is_noted_and_listed() {
    let learner = Learner::new();
    learner.run("note int8-affine the zero point is a code").exits(0).shows("noted").shows("1 note\n");
    learner.run(&format!("note {LAB} rounds twice")).exits(0);
    learner.run("note int8-affine --list").exits(0).shows("  the zero point is a code");
    let all = learner.run("note --list");
    all.exits(0).shows("int8-affine").shows("rounds twice");
    let object = learner.json("note");
    assert_eq!(object["schema"], 1);
    assert_eq!(object["notes"].as_array().map(Vec::len), Some(2));
    assert_eq!(object["notes"][0]["subject"], "int8-affine");
    assert_eq!(object["notes"][0]["text"], "the zero point is a code");
    assert!(object["notes"][0]["at"].as_str().is_some_and(|at| at.ends_with('Z')));
}

#[test]
fn names_are_resolved_like_everywhere() {
    let learner = Learner::new();
    learner.run("note int8-aff a prefix will do").exits(0).shows("note int8-affine --list");
    learner.run("note int8-afine x").exits(2).one_sentence().says("did you mean: roadmap note int8-affine");
    learner.run("note q x").exits(2).one_sentence().says("`q` begins several names");
}

#[test]
fn without_words_and_without_a_terminal_nothing_is_noted() {
    let learner = Learner::new().with("EDITOR", "true");
    learner.run("note int8-affine").exits(2).one_sentence().says("there is nothing to note");
    learner.run("note").exits(2).one_sentence().says("a note is on a topic or a lab");
    learner.run("note --list").exits(0).shows("no note yet");
}

#[test]
fn words_are_found_in_briefs_cards_and_notes() {
    let learner = Learner::new();
    learner.run("note int8-affine mind the gemmlowp quirk of mine").exits(0);
    let (out, _, code) = run(&learner, &["find", "zero point"]);
    assert_eq!(code, Some(0));
    for kind in ["brief  ", "card  ", "topic  "] {
        assert!(out.lines().any(|line| line.starts_with(kind)), "no {kind}in\n{out}");
    }
    assert!(out.contains("[zero point]"), "{out}");
    learner.run("find quirk").exits(0).shows("note  int8-affine").shows("[quirk]");
    learner.run("note int8-affine another oddity").exits(0);
    learner.run("find oddity").exits(0).shows("note  int8-affine");
    let object = learner.json("find quirk mine");
    assert_eq!(object["results"][0]["kind"], "note");
    assert_eq!(object["results"][0]["matches"][0], "quirk");
}

#[test]
fn what_is_typed_is_never_a_syntax_error() {
    let learner = Learner::new();
    for typed in ["zero\"", "NOT zero", "(zero", "zero*", "body:zero", "NEAR(zero point)", "^zero", "zero + point"] {
        let (out, err, code) = run(&learner, &["find", typed]);
        assert_eq!(code, Some(0), "{typed}: {out}{err}");
    }
    let (_, err, code) = run(&learner, &["find", "\"*("]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("there is no word to look for"), "{err}");
    learner.run("find xyzzyx").exits(0).shows("nothing says `xyzzyx`");
    learner.run("find zero xyzzyx").exits(0).shows("some of them are here");
}

#[test]
fn hints_are_not_given_away() {
    let learner = Learner::new();
    let object = learner.json("find gemmlowp");
    let kinds = object["results"].as_array().expect("results").iter().map(|r| r["kind"].as_str().unwrap_or_default());
    assert!(kinds.clone().count() > 0 && kinds.into_iter().all(|kind| kind != "hint"));
}
