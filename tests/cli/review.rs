//! What comes back: asked with new numbers, answered without a terminal, capped, and never a backlog.

use crate::learner::{LAB, Learner, right};
use serde_json::Value;

/// Moves everything that is remembered `days` back in time.
fn later(learner: &Learner, days: i64) {
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    let by = days * 86_400_000;
    for sql in [
        "UPDATE memory SET due = due - ?1, last_at = last_at - ?1",
        "UPDATE review SET at = at - ?1, due = due - ?1",
        "UPDATE event SET at = at - ?1",
    ] {
        db.execute(sql, [by]).expect("time passes");
    }
}

/// A learner who passed both predictions of the lab at once, three days ago.
fn three_days_in() -> Learner {
    let learner = Learner::new();
    learner.run("review").exits(0).shows("nothing is due; the questions of a lab come back");
    learner.predict_rightly("qparams").exits(0);
    learner.predict_rightly("sqnr").exits(0);
    later(&learner, 3);
    learner
}

fn asked<'a>(object: &'a Value, item: &str) -> &'a Value {
    let all = object["asked"].as_array().expect("asked");
    all.iter().find(|one| one["item"] == item).unwrap_or_else(|| panic!("{item} is not asked: {object}"))
}

/// `--answer` words for a step, right.
fn rightly(one: &Value) -> String {
    let answer = |q: &Value| format!("--answer {}={}", q["key"].as_str().expect("a key"), right(q));
    one["questions"].as_array().expect("questions").iter().map(answer).collect::<Vec<_>>().join(" ")
}

/// The item of the card whose question begins so.
fn card(object: &Value, question: &str) -> (String, String) {
    let all = object["asked"].as_array().expect("asked");
    let one = all.iter().find(|one| one["questions"][0]["text"].as_str().is_some_and(|t| t.starts_with(question)));
    let one = one.unwrap_or_else(|| panic!("no card {question}: {object}"));
    (one["item"].as_str().expect("an item").into(), one["questions"][0]["key"].as_str().expect("a key").into())
}

#[test]
fn nothing_is_due_on_the_first_day() {
    let learner = Learner::new();
    learner.predict_rightly("qparams").exits(0);
    learner.run("review").exits(0).shows("nothing is due; the next question comes back tomorrow");
    let object = learner.json("review");
    assert_eq!((&object["schema"], &object["due"]), (&1.into(), &0.into()));
}

#[test]
fn without_a_terminal_the_questions_and_a_hint_are_printed() {
    let learner = three_days_in();
    let ran = learner.run("review");
    ran.exits(4).shows("9 for today").shows("Its int8 scale?").shows("Why must the range of an activation hold 0?");
    ran.says(" hint: roadmap review --answer ").says("--answer scale=X --answer zero-point=X");
    let again = learner.run("review");
    assert_eq!(again.out, ran.out, "a question stays until it is answered");
}

#[test]
fn a_step_comes_back_with_new_numbers_and_rests_longer_when_right() {
    let learner = three_days_in();
    let item = format!("step:{LAB}/qparams");
    let object = learner.json("review");
    let answered = learner.json(&format!("review {}", rightly(asked(&object, &item))));
    let result = &answered["results"][0];
    assert_eq!((&result["item"], &result["right"]), (&item.clone().into(), &true.into()), "{answered}");
    assert_eq!(result["rating"], "good");
    assert_eq!(learner.json("review")["due"], 8);
    later(&learner, 4);
    assert!(learner.json("review --max 50")["asked"].as_array().expect("asked").iter().all(|one| one["item"] != *item));
    later(&learner, 30);
    let next = learner.json("review --max 50");
    assert_ne!(asked(&next, &item)["questions"], asked(&object, &item)["questions"], "new numbers");
}

#[test]
fn a_wrong_answer_names_the_mistake_and_comes_back_tomorrow() {
    let learner = three_days_in();
    let ran = learner.run("review --answer scale=1000 --answer zero-point=7");
    ran.exits(1).shows("not yet    comes back tomorrow").shows("wanted  scale: ").shows("256 codes have 255 steps");
    assert!(!ran.out.contains('\x1b'));
    learner
        .run("review --answer scale=apple --answer zero-point=0")
        .exits(2)
        .says("there is no question `scale` today");
}

#[test]
fn a_hint_makes_it_hard() {
    let learner = three_days_in();
    let item = format!("step:{LAB}/qparams");
    learner.run(&format!("hint {LAB} --step qparams")).exits(0);
    let object = learner.json("review");
    let answered = learner.json(&format!("review {}", rightly(asked(&object, &item))));
    assert_eq!(answered["results"][0]["rating"], "hard");
    let (_, key) = card(&object, "How many dB");
    learner.run(&format!("review --answer {key}=?")).exits(4).shows("hint    6. ...");
    let answered = learner.json(&format!("review --answer {key}=6.02"));
    assert_eq!(answered["results"][0]["rating"], "hard", "{answered}");
}

#[test]
fn cards_are_typed_and_checked() {
    let learner = three_days_in();
    let object = learner.json("review");
    let (_, bits) = card(&object, "How many dB");
    let (_, padding) = card(&object, "Why must the range");
    let (_, k) = card(&object, "Up to which K");
    learner.run(&format!("review --answer {bits}=lots")).exits(2).one_sentence().says("`lots` is not a number");
    learner
        .run(&format!("review --answer {bits}=6"))
        .exits(0)
        .shows("right    comes back in 2 days")
        .shows("6.02: half");
    let ran = learner.run(&format!("review --answer {padding}=borders"));
    ran.exits(1).shows("not yet").shows("wanted  Padding and ReLU").shows("missed  ");
    learner.run(&format!("review --answer {k}=1033")).exits(1).shows("not yet").shows("K = 1032");
}

#[test]
fn a_day_is_capped_and_a_break_is_forgiven() {
    let learner = three_days_in();
    learner.run("review --max 2").exits(4).shows("2 for today");
    let object = learner.json("review --max 2");
    let keys: Vec<&str> =
        (0..2).map(|at| object["asked"][at]["questions"][0]["key"].as_str().expect("a key")).collect();
    learner.run(&format!("review --max 2 --answer {}=-1 --answer {}=-1", keys[0], keys[1]));
    learner.run("review --max 2").exits(0).shows("nothing is due: 2 answered today, and that is enough");
    later(&learner, 300);
    learner.run("review --max 2").exits(4).shows("2 for today");
}

#[test]
fn a_step_is_answered_as_a_whole() {
    let learner = three_days_in();
    learner.run("review --answer scale=1").exits(2).one_sentence().says("`zero-point` was not answered");
    learner.run("review --answer slace=1").exits(2).one_sentence().says("there is no question `slace` today");
    assert_eq!(learner.json("review")["due"], 9);
}
