//! First guesses at each question, beside what was right. Later tries are left where they are.

use super::Store;
use crate::error::Result;
use rusqlite::OptionalExtension;
use serde::Deserialize;

/// A first guess.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// Milliseconds since 1970.
    pub at: i64,
    /// The lab.
    pub lab: String,
    /// The step.
    pub step: String,
    /// The question.
    pub question: String,
    /// The unit that was asked for; `None` where it was a choice or is not known.
    pub unit: Option<String>,
    /// As typed.
    pub given: String,
    /// As read.
    pub value: Option<f64>,
    /// What was right.
    pub wanted: Option<f64>,
    /// Whether it passed.
    pub right: bool,
}

/// From one question to the next through the index, however many tries each has.
const NEXT: &str = "SELECT lab, step, question, id FROM prediction WHERE
                    (lab, step, question, at) > (?1, ?2, ?3, 9223372036854775807)
                    ORDER BY lab, step, question, at, id LIMIT 1";

const GUESS: &str = "SELECT attempt, at, given, value, wanted, right FROM prediction WHERE id = ?1";

const DETAIL: &str = "SELECT detail FROM attempt WHERE id = ?1";

impl Store {
    /// The first guess at each question, by lab, step and question.
    pub fn first_guesses(&self) -> Result<Vec<Guess>> {
        self.guesses().map_err(|e| self.explain(&e))
    }

    fn guesses(&self) -> rusqlite::Result<Vec<Guess>> {
        let (mut next, mut read) = (self.db.prepare_cached(NEXT)?, self.db.prepare_cached(GUESS)?);
        let mut detail = self.db.prepare_cached(DETAIL)?;
        let mut guesses: Vec<Guess> = Vec::new();
        // The questions of one step are mostly first answered in one attempt.
        let (mut known, mut asked) = (String::new(), Vec::new());
        loop {
            let after = guesses.last().map_or(["", "", ""], |g| [&g.lab, &g.step, &g.question]);
            let found: Option<[String; 4]> =
                next.query_row(after, |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).optional()?;
            let Some([lab, step, question, id]) = found else { return Ok(guesses) };
            let (attempt, mut guess) = read.query_row([id], |row| {
                let (given, value, wanted, right) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
                let guess = Guess { at: row.get(1)?, lab, step, question, unit: None, given, value, wanted, right };
                Ok((row.get::<_, String>(0)?, guess))
            })?;
            if attempt != known {
                let text: Option<String> = detail.query_row([&attempt], |row| row.get(0)).optional()?;
                let read = text.and_then(|text| serde_json::from_str::<Detail>(&text).ok());
                (known, asked) = (attempt, read.map(|detail| detail.questions).unwrap_or_default());
            }
            guess.unit = asked.iter().find(|q| q.id == guess.question).and_then(|q| q.unit.clone());
            guesses.push(guess);
        }
    }
}

/// What is read of an attempt's detail.
#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    id: String,
    unit: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::Checked;
    use super::Store;
    use crate::verdict::{Asked, Finding, Graded, Kind, Predicted, Verdict};

    fn predict(store: &mut Store, lab: &str, step: &str, value: f64) {
        let mut graded = Graded::nothing(step, Kind::Predict, 7, "");
        let asked = |id: &str, unit: Option<&str>| Asked {
            id: id.to_owned(),
            text: String::new(),
            parameters: Vec::new(),
            unit: unit.map(str::to_owned),
            choices: Vec::new(),
        };
        let predicted = |id: &str| Predicted {
            id: id.to_owned(),
            given: value.to_string(),
            value: Some(value),
            wanted: Some(4.0),
            right: value == 4.0,
        };
        graded.questions = vec![asked("size", Some("B")), asked("which", None)];
        graded.predicted = vec![predicted("size"), predicted("which")];
        graded.verdict = Verdict::Fail(vec![Finding::default()]);
        let detail = serde_json::json!({"questions": graded.questions}).to_string();
        let checked =
            Checked { lab, graded: &graded, language: None, answer: None, edited: None, content: "c", detail };
        store.record(&checked).expect("recorded");
    }

    #[test]
    fn only_the_first_try_counts_and_it_has_its_unit() {
        let mut store = Store::in_memory().expect("a store");
        assert!(store.first_guesses().expect("guesses").is_empty());
        predict(&mut store, "b-lab", "one", 8.0);
        predict(&mut store, "b-lab", "one", 4.0);
        predict(&mut store, "a-lab", "two", 4.0);
        let guesses = store.first_guesses().expect("guesses");
        let shape: Vec<_> = guesses.iter().map(|g| (g.lab.as_str(), g.question.as_str(), g.value, g.right)).collect();
        assert_eq!(
            shape,
            [
                ("a-lab", "size", Some(4.0), true),
                ("a-lab", "which", Some(4.0), true),
                ("b-lab", "size", Some(8.0), false),
                ("b-lab", "which", Some(8.0), false),
            ]
        );
        assert_eq!((guesses[0].unit.as_deref(), guesses[1].unit.as_deref()), (Some("B"), None));
    }

    #[test]
    fn questions_are_found_through_an_index() {
        let store = Store::in_memory().expect("a store");
        let plan: Vec<String> = {
            let mut rows = store.db.prepare(&format!("EXPLAIN QUERY PLAN {}", super::NEXT)).expect("a query");
            rows.query_map(["", "", ""], |row| row.get(3)).expect("a plan").filter_map(Result::ok).collect()
        };
        assert_eq!(plan.len(), 1, "no sorting: {plan:?}");
        assert!(plan[0].starts_with("SEARCH prediction USING COVERING INDEX"), "{plan:?}");
    }
}
