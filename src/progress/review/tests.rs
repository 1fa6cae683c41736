//! Reviews in a store in memory, at chosen times.

use super::{A_DAY, Entry, Reviewed};
use crate::progress::{Checked, Event, Store};
use crate::review::{DAY, Rating};
use crate::verdict::{Finding, Graded, Kind, Verdict};

const STEP: &str = "step:a-lab/a-step";

fn check(store: &mut Store, step: &str, verdict: Verdict) {
    let mut graded = Graded::nothing(step, Kind::Predict, 7, "");
    graded.verdict = verdict;
    let checked = Checked {
        lab: "a-lab",
        graded: &graded,
        language: None,
        answer: None,
        edited: None,
        content: "c1",
        detail: "{}".into(),
    };
    store.record(&checked).expect("recorded");
}

fn step() -> Entry {
    Entry { item: STEP.into(), lab: "a-lab".into(), step: Some("a-step".into()) }
}

fn card(number: usize) -> Entry {
    Entry { item: format!("card:a-lab/{number:08}"), lab: "a-lab".into(), step: None }
}

/// A store in which the step was passed at once, and `cards` cards beside it; and the present.
fn begun(cards: usize) -> (Store, i64) {
    let mut store = Store::in_memory().expect("a store");
    check(&mut store, "a-step", Verdict::Pass);
    let all: Vec<Entry> = (0..cards).map(card).chain([step()]).collect();
    assert_eq!(store.enrol(&all).expect("taken in"), cards + 1);
    assert_eq!(store.enrol(&all).expect("taken in"), 0);
    let now = store.memory().expect("memory")[0].last_at;
    (store, now)
}

fn answer(store: &mut Store, item: &str, rating: Rating, at: i64) -> i64 {
    let reviewed = Reviewed { given: "x", rating };
    store.review(item, &reviewed, at).expect("reviewed").due
}

#[test]
fn items_enter_with_a_pass() {
    let mut store = Store::in_memory().expect("a store");
    assert_eq!(store.enrol(&[step(), card(1)]).expect("taken in"), 0);
    check(&mut store, "another-step", Verdict::Pass);
    assert_eq!(store.enrol(&[step(), card(1)]).expect("taken in"), 1);
    assert_eq!(store.memory().expect("memory")[0].item, card(1).item);
    check(&mut store, "a-step", Verdict::Pass);
    assert_eq!(store.enrol(&[step(), card(1)]).expect("taken in"), 1);
}

#[test]
fn the_first_pass_is_the_first_answer() {
    let wait = |before: &dyn Fn(&mut Store)| {
        let mut store = Store::in_memory().expect("a store");
        before(&mut store);
        check(&mut store, "a-step", Verdict::Pass);
        store.enrol(&[step()]).expect("taken in");
        let memory = store.memory().expect("memory").remove(0);
        memory.strength.expect("a strength").stability
    };
    let good = wait(&|_| ());
    let hard = wait(&|store| store.happened("a-lab", Some("a-step"), Event::Hint, "1").expect("a hint"));
    let again = wait(&|store| check(store, "a-step", Verdict::Fail(vec![Finding::default()])));
    assert!(good > hard && hard > again, "{good} {hard} {again}");
}

#[test]
fn what_is_due_today_is_capped_and_never_a_backlog() {
    let (mut store, now) = begun(30);
    assert_eq!(store.due_today(now).expect("due"), 0);
    let later = now + 400 * DAY;
    assert_eq!(store.due_today(later).expect("due"), A_DAY);
    let due = store.due(later, A_DAY).expect("due");
    assert_eq!(due.len(), A_DAY);
    assert!(due.iter().all(|m| m.step.is_none()), "the longest due come first");
    for memory in &due[..4] {
        answer(&mut store, &memory.item, Rating::Good, later);
    }
    assert_eq!(store.due_today(later).expect("due"), A_DAY - 4);
    assert_eq!(store.due(later, 3).expect("due").len(), 0);
    assert_eq!(store.due(later, 20).expect("due").len(), 16);
    assert_eq!(store.due_today(later + DAY).expect("due"), A_DAY);
}

#[test]
fn a_wrong_answer_comes_back_first() {
    let (mut store, now) = begun(0);
    let at = now + 2 * DAY;
    let mut other = Store::in_memory().expect("a store");
    check(&mut other, "a-step", Verdict::Pass);
    other.enrol(&[step()]).expect("taken in");
    let wrong = answer(&mut store, STEP, Rating::Again, at);
    let right = answer(&mut other, STEP, Rating::Good, at);
    assert_eq!(wrong, at + DAY);
    assert!(right > wrong);
}

#[test]
fn memory_can_be_made_again_from_the_rows() {
    let (mut store, now) = begun(3);
    let mut at = now;
    for (number, rating) in [Rating::Good, Rating::Hard, Rating::Again, Rating::Good].into_iter().enumerate() {
        at += (number as i64 + 1) * DAY;
        answer(&mut store, STEP, rating, at);
        answer(&mut store, &card(0).item, rating, at);
    }
    let before = store.memory().expect("memory");
    assert_eq!(before.iter().map(|m| m.reviews).sum::<u64>(), 8);
    store.rebuild_memory().expect("rebuilt");
    assert_eq!(store.memory().expect("memory"), before);
}

#[test]
fn an_item_that_two_machines_took_in_enters_once() {
    let (mut store, now) = begun(1);
    answer(&mut store, STEP, Rating::Good, now + 2 * DAY);
    let before = store.memory().expect("memory");
    let copy = "INSERT INTO review SELECT id || 'b', at + 1000, item, lab, step, given, right, rating, stability,
                difficulty, due FROM review WHERE given = ''";
    store.db.execute(copy, []).expect("the rows of another machine");
    store.rebuild_memory().expect("rebuilt");
    assert_eq!(store.memory().expect("memory"), before);
}

#[test]
fn what_is_gone_is_forgotten_and_comes_back_as_it_was() {
    let (mut store, now) = begun(1);
    answer(&mut store, &card(0).item, Rating::Good, now + DAY);
    let before = store.memory().expect("memory");
    store.enrol(&[step()]).expect("taken in");
    assert_eq!(store.memory().expect("memory").len(), 1);
    store.enrol(&[step(), card(0)]).expect("taken in");
    assert_eq!(store.memory().expect("memory"), before);
}

#[test]
fn a_hint_counts_until_the_next_answer() {
    let (mut store, _) = begun(1);
    // Time passes: what is asked was last answered an hour ago.
    store.db.execute("UPDATE memory SET last_at = last_at - 3600000", []).expect("earlier");
    let of = |store: &Store, item: &str| {
        let all = store.memory().expect("memory");
        let memory = all.iter().find(|m| m.item == item).expect("the item").clone();
        store.hinted(&memory).expect("hints")
    };
    assert!(!of(&store, STEP) && !of(&store, &card(0).item));
    store.happened("a-lab", Some("a-step"), Event::Hint, "1").expect("a hint");
    assert!(of(&store, STEP) && !of(&store, &card(0).item));
    store.happened("a-lab", None, Event::Hint, &card(0).item).expect("a hint");
    assert!(of(&store, &card(0).item));
    let later = store.memory().expect("memory")[0].last_at + DAY;
    answer(&mut store, STEP, Rating::Hard, later);
    assert!(!of(&store, STEP));
}
