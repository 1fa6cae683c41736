//! Appended rows as an export shows them: what was predicted and what was measured in a lab.

use super::Store;
use crate::error::Result;

/// One answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionRow {
    /// The attempt that it belongs to.
    pub attempt: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The step.
    pub step: String,
    /// The question's id.
    pub question: String,
    /// The numbers that were drawn: names and values.
    pub parameters: Vec<(String, String)>,
    /// As typed.
    pub given: String,
    /// As read, where it is a number.
    pub value: Option<f64>,
    /// The right number, where it is one.
    pub wanted: Option<f64>,
    /// Whether it passed.
    pub right: bool,
}

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasurementRow {
    /// The attempt that it belongs to.
    pub attempt: String,
    /// The step.
    pub step: String,
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What it has to reach.
    pub bar: Option<String>,
    /// Whether it does.
    pub pass: bool,
    /// What it was measured on.
    pub machine: String,
}

impl Store {
    /// The slugs of labs with an attempt.
    pub fn labs_attempted(&self) -> Result<Vec<String>> {
        self.rows("SELECT DISTINCT lab FROM attempt ORDER BY lab", [], |row| row.get(0))
    }

    /// The predictions in a lab, oldest first.
    pub fn predictions_of(&self, lab: &str) -> Result<Vec<PredictionRow>> {
        let sql = "SELECT attempt, at, step, question, parameters, given, value, wanted, right FROM prediction
                   WHERE lab = ?1 ORDER BY at, id";
        self.rows(sql, [lab], |row| {
            Ok(PredictionRow {
                attempt: row.get(0)?,
                at: row.get(1)?,
                step: row.get(2)?,
                question: row.get(3)?,
                parameters: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
                given: row.get(5)?,
                value: row.get(6)?,
                wanted: row.get(7)?,
                right: row.get(8)?,
            })
        })
    }

    /// The measurements in a lab, oldest first.
    pub fn measurements_of(&self, lab: &str) -> Result<Vec<MeasurementRow>> {
        let sql = "SELECT attempt, step, name, value, unit, bar, pass, machine FROM measurement WHERE lab = ?1 ORDER BY at, id";
        self.rows(sql, [lab], |row| {
            Ok(MeasurementRow {
                attempt: row.get(0)?,
                step: row.get(1)?,
                name: row.get(2)?,
                value: row.get(3)?,
                unit: row.get(4)?,
                bar: row.get(5)?,
                pass: row.get(6)?,
                machine: row.get(7)?,
            })
        })
    }
}
