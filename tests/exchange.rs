//! Export and import as properties: histories that went apart become their union, in either order, once and for all.

use proptest::prelude::*;
use roadmap::progress::{Exported, Store};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Row = Map<String, Value>;
type Tables = BTreeMap<String, Vec<Row>>;

/// What two machines may both have: the numbers of rows by table, and when the first one saw them.
fn history() -> impl Strategy<Value = Tables> {
    prop::collection::vec((0..8_usize, 0..40_u32, 0..2_000_000_000_000_i64), 0..40).prop_map(|drawn| {
        let mut tables = Tables::new();
        let mut seen = BTreeSet::new();
        for (table, number, at) in drawn {
            if seen.insert((table, number)) {
                let (name, row) = row(table, number, at);
                tables.entry(name.to_owned()).or_default().push(row);
            }
        }
        tables
    })
}

/// A row is the same on each machine that has it, but for the time at which a text was first kept.
fn row(table: usize, number: u32, kept: i64) -> (&'static str, Row) {
    let id = format!("{table:02x}{number:030x}");
    let (at, lab, step) =
        (1000 + i64::from(number) * 77, format!("lab-{}", number % 3), format!("step-{}", number % 4));
    let real = [0.1, 1e-300, f64::from(number) / 3.0, 1.7976931348623157e308][number as usize % 4];
    let real = if number == 7 { json!("Infinity") } else { json!(real) };
    let text = ["", "é\u{0}\"\\\n", "fn f() {}", "日本 🦀"][number as usize % 4];
    let verdict = ["pass", "fail", "error"][number as usize % 3];
    let (name, value) = match table {
        0 => (
            "attempt",
            json!({"id": id, "at": at, "lab": lab, "step": step, "kind": "build", "language": null, "seed": "7f",
            "verdict": verdict, "passed": number, "total": 40, "inputs": 3, "seconds": 0.5, "spent": 60.25,
            "misconception": null, "snapshot": null, "content": "c", "detail": text}),
        ),
        1 => (
            "prediction",
            json!({"id": id, "attempt": "a", "at": at, "lab": lab, "step": step, "question": "q",
            "parameters": "[]", "given": text, "value": real, "wanted": null, "right": 0, "after": 1}),
        ),
        2 => (
            "measurement",
            json!({"id": id, "attempt": "a", "at": at, "lab": lab, "step": step, "name": text,
            "value": real, "unit": "B", "bar": null, "pass": 1, "kind": "count", "machine": "m"}),
        ),
        3 => ("snapshot", json!({"hash": id, "lab": lab, "language": "rust", "at": kept, "text": text})),
        4 => (
            "event",
            json!({"id": id, "at": at, "lab": lab, "step": number.is_multiple_of(2).then_some(step), "kind": "hint",
            "detail": text, "spent": 0.125}),
        ),
        5 => (
            "review",
            json!({"id": id, "at": at, "item": format!("{lab}/{step}"), "lab": lab, "step": step,
            "given": text, "right": 1, "rating": 3, "stability": 2.5, "difficulty": 5.0, "due": at + 1000}),
        ),
        6 => ("note", json!({"id": id, "at": at, "subject": lab, "text": text})),
        _ => (
            "correction",
            json!({"id": id, "at": at, "day": "2025-01-02", "lab": lab, "minutes": real_minutes(number),
            "dropped": 0}),
        ),
    };
    let Value::Object(row) = value else { panic!("a row is an object") };
    (name, row)
}

fn real_minutes(number: u32) -> f64 {
    f64::from(number) + 0.1
}

fn exported(learner: &str, tables: &Tables) -> Exported {
    Exported { schema: 1, store: 2, learner: learner.to_owned(), tables: tables.clone() }
}

fn store(learner: &str, histories: &[&Tables]) -> Store {
    let mut store = Store::in_memory().expect("a store");
    for tables in histories {
        store.merge(&exported(learner, tables), "a history").expect("it merges");
    }
    store
}

/// Key to row, for each table.
fn keyed(tables: &Tables) -> BTreeMap<(String, String), Row> {
    let key = |table: &str, row: &Row| {
        let name = if table == "snapshot" { "hash" } else { "id" };
        row[name].as_str().expect("a key").to_owned()
    };
    tables.iter().flat_map(|(t, rows)| rows.iter().map(move |r| ((t.clone(), key(t, r)), r.clone()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn two_histories_become_their_union_in_either_order(both in history(), left in history(), right in history()) {
        let (mut one, mut two) = (store("a", &[&both, &left]), store("b", &[&both, &right]));
        let (first, second) = (one.export().expect("rows"), two.export().expect("rows"));
        one.merge(&second, "two").expect("it merges");
        two.merge(&first, "one").expect("it merges");
        let merged = one.export().expect("rows").tables;
        prop_assert_eq!(&merged, &two.export().expect("rows").tables);
        prop_assert_eq!(one.summaries().expect("summaries"), two.summaries().expect("summaries"));
        prop_assert_eq!(one.memory().expect("memory"), two.memory().expect("memory"));
        let mut union = keyed(&first.tables);
        for (key, row) in keyed(&second.tables) {
            let kept = union.entry(key).or_insert_with(|| row.clone());
            if row.contains_key("hash") && row["at"].as_i64() < kept["at"].as_i64() {
                *kept = row;
            }
        }
        prop_assert_eq!(keyed(&merged), union);
    }

    #[test]
    fn an_export_comes_back_as_it_was_and_twice_changes_nothing(tables in history()) {
        let mut one = store("a", &[&tables]);
        let out = one.export().expect("rows");
        let text = serde_json::to_vec(&out).expect("JSON");
        let back = Exported::parse(&text, "it").expect("an export");
        prop_assert_eq!(&back, &out);
        let mut two = Store::in_memory().expect("a store");
        let first = two.merge(&back, "it").expect("it merges");
        let rows: usize = out.tables.values().map(Vec::len).sum();
        prop_assert_eq!(first.added.values().sum::<u64>() as usize, rows);
        prop_assert_eq!(two.export().expect("rows"), out.clone(), "the learner's id too");
        prop_assert_eq!(two.summaries().expect("summaries"), one.summaries().expect("summaries"));
        let again = two.merge(&back, "it").expect("it merges");
        prop_assert_eq!((again.added.values().sum::<u64>(), again.known as usize), (0, rows));
        one.merge(&back, "it").expect("its own rows are known");
        prop_assert_eq!(one.export().expect("rows"), out);
    }

    #[test]
    fn what_is_no_export_is_refused_and_changes_nothing(text in "[\\[\\]{}:,\"a-z0-9 .]{0,60}", cut in 0.0..1.0_f64) {
        prop_assert!(Exported::parse(text.as_bytes(), "it").is_err());
        let (name, row) = row(0, 1, 0);
        let whole = serde_json::to_vec(&exported("a", &Tables::from([(name.to_owned(), vec![row])]))).expect("JSON");
        let error = Exported::parse(&whole[..(whole.len() as f64 * cut) as usize], "it").expect_err("it was cut");
        prop_assert!(error.message.contains("broken JSON at line 1, column"), "{}", error.message);
    }
}

#[test]
fn a_foreign_learner_is_taken_over_only_into_an_empty_store() {
    let (name, row) = row(6, 1, 0);
    let tables = Tables::from([(name.to_owned(), vec![row])]);
    let mut store = Store::in_memory().expect("a store");
    assert!(store.merge(&exported("abc", &tables), "it").expect("it merges").learner_taken);
    assert_eq!(store.learner().expect("an id"), "abc");
    assert!(!store.merge(&exported("def", &tables), "it").expect("it merges").learner_taken);
    assert_eq!(store.learner().expect("an id"), "abc");
}

#[test]
fn each_refusal_names_what_is_wrong_and_changes_nothing() {
    let mut store = Store::in_memory().expect("a store");
    let before = store.export().expect("rows");
    let good = Value::Object(row(0, 1, 0).1);
    let with = |name: &str, value: Value| {
        let mut row = good.clone();
        row[name] = value;
        row
    };
    let mut short = good.clone();
    short.as_object_mut().expect("a row").remove("verdict");
    let cases = [
        (json!({"schema": 2, "store": 2}), "newer roadmap (schema 2, this one knows 1)"),
        (json!({"schema": 1, "store": 99, "learner": "a", "tables": {}}), "newer roadmap (schema 99, this one knows"),
        (json!({"schema": 1, "phases": []}), "it is no export of roadmap"),
        (json!([1, 2]), "it is no export of roadmap"),
        (json!({"schema": 1, "store": 2, "learner": "a", "tables": {"meta": []}}), "no table `meta`"),
        (json!({"schema": 1, "store": 2, "learner": "'; --", "tables": {}}), "the learner's id is no id"),
        (table(&[good.clone(), with("at", json!("noon"))]), "`at` in row 2 of `attempt` is \"noon\""),
        (table(&[with("at", json!(1.5))]), "`at` in row 1 of `attempt` is 1.5"),
        (table(&[with("at", json!(i64::MAX))]), "`at` in row 1 of `attempt` is 9223372036854775807"),
        (table(&[with("spent", json!("NaN"))]), "`spent` in row 1"),
        (table(&[with("lab", Value::Null)]), "`lab` in row 1 of `attempt` is null"),
        (table(&[with("mood", json!(1))]), "a column `mood` that a store has not"),
        (table(&[good.clone(), short]), "row 2 of `attempt` has no `verdict`"),
        (table(&[json!(3)]), "it is no export of roadmap"),
    ];
    for (case, wanted) in cases {
        let parsed = Exported::parse(case.to_string().as_bytes(), "it");
        let error = parsed.and_then(|other| store.merge(&other, "it")).expect_err("it is refused");
        assert!(error.message.contains(wanted), "wanted `{wanted}`:\n{}", error.message);
        assert!(error.hint.is_some() && !error.message.contains('\n'));
        assert_eq!(store.export().expect("rows"), before);
    }
}

fn table(rows: &[Value]) -> Value {
    json!({"schema": 1, "store": 2, "learner": "a", "tables": {"attempt": rows}})
}
