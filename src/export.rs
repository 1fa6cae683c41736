//! A learner's records as documents to keep: a lab notebook in Markdown and one HTML page. Plain values in, text out; the
//! caller reads the store, knows the time and writes the file.

mod colors;
mod html;
mod markdown;
mod svg;

pub use html::html;
pub use markdown::markdown;
pub use svg::{file as svg_file, picture_file};

use crate::grading::{Lab, plain};
use crate::progress::{Attempt, Guess, MeasurementRow, Note, PredictionRow};
use crate::study::calibration::{Calibration, Line, calibrate};
use crate::study::{Count, Study};
use crate::verdict::{Asked, Chart};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a document shows.
pub struct Book<'a> {
    /// Where the learner stands.
    pub study: &'a Study<'a>,
    /// The labs with attempts, in the order of study.
    pub chapters: Vec<Chapter<'a>>,
    /// The first guess at each question.
    pub guesses: Vec<Guess>,
    /// Minutes of work by local day.
    pub days: BTreeMap<Date, f64>,
    /// The day on which the document is made.
    pub today: Date,
    /// Where the learner's days begin.
    pub zone: TimeZone,
}

/// What happened in one lab.
pub struct Chapter<'a> {
    /// Its name; the lab itself may be gone.
    pub slug: String,
    /// The lab.
    pub lab: Option<&'a Lab>,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// Oldest first.
    pub predictions: Vec<PredictionRow>,
    /// Oldest first.
    pub measurements: Vec<MeasurementRow>,
    /// The texts that were checked, by attempt.
    pub answers: Vec<Answer>,
    /// What was noted on it, oldest first.
    pub notes: Vec<Note>,
    /// The text that each language begins with.
    pub starters: BTreeMap<String, String>,
}

/// The answer of one attempt.
pub struct Answer {
    /// The attempt's number, 1 and up.
    pub attempt: usize,
    /// Its language.
    pub language: String,
    /// The whole file.
    pub text: String,
}

impl Book<'_> {
    /// `2025-03-14 09:26`, where the learner is.
    fn when(&self, at: i64) -> String {
        let local = Timestamp::from_millisecond(at).map(|t| t.to_zoned(self.zone.clone()));
        local.map(|t| t.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
    }

    /// Steps and labs of the whole roadmap: done, of all.
    fn totals(&self) -> (Count, Count) {
        let (mut steps, mut labs) = (Count::default(), Count::default());
        for standing in self.study.roadmap.stages.iter().map(|stage| self.study.standing(stage)) {
            for (all, one) in [(&mut steps, standing.steps), (&mut labs, standing.labs)] {
                all.passed += one.passed;
                all.total += one.total;
            }
        }
        (steps, labs)
    }

    /// Minutes over all days.
    fn minutes(&self) -> f64 {
        self.days.values().sum()
    }

    /// What measurements were made on.
    fn machines(&self) -> BTreeSet<&str> {
        self.chapters.iter().flat_map(Chapter::machines).collect()
    }

    /// How far off first guesses are, by unit and by phase.
    fn calibration(&self) -> Calibration {
        let stage = |lab: &str| self.study.labs.iter().find(|l| l.slug() == lab).and_then(|l| self.study.stage_of(l));
        calibrate(&self.guesses, |lab| self.study.roadmap.phase_of(stage(lab)?.number).map(|phase| phase.number))
    }
}

/// The rows of a table of calibration: what, right of tries, how far off.
fn lines(calibration: &Calibration, study: &Study<'_>) -> Vec<[String; 3]> {
    let line = |name: String, line: &Line| {
        let off = match (line.factor, line.difference) {
            (Some(factor), _) => format!("× {}", plain(factor, 3)),
            (None, Some(difference)) => format!("± {}", plain(difference, 3)),
            (None, None) => String::new(),
        };
        [name, format!("{} of {}", line.right, line.tries), off]
    };
    let title = |number: u32| study.roadmap.phases.iter().find(|p| p.number == number).map_or("", |p| p.title.as_str());
    let units = calibration.units.iter().map(|(unit, one)| line(unit.clone(), one));
    let phases = calibration.phases.iter().map(|(phase, one)| line(format!("phase {phase}: {}", title(*phase)), one));
    units.chain(phases).collect()
}

impl Chapter<'_> {
    fn title(&self) -> &str {
        self.lab.map_or("a lab that is no longer here", |lab| &lab.manifest.title)
    }

    /// Which attempt an id is, 1 and up.
    fn numbers(&self) -> BTreeMap<&str, usize> {
        self.attempts.iter().enumerate().map(|(at, attempt)| (attempt.id.as_str(), at + 1)).collect()
    }

    /// The questions as they were asked, by attempt and id.
    fn questions(&self) -> BTreeMap<(&str, String), Asked> {
        let mut known = BTreeMap::new();
        for attempt in self.attempts.iter().filter(|a| a.kind == "predict") {
            let asked: Vec<Asked> = part(&attempt.detail, "questions").unwrap_or_default();
            known.extend(asked.into_iter().map(|question| ((attempt.id.as_str(), question.id.clone()), question)));
        }
        known
    }

    /// The charts of each step: of its last attempt that passed, or else that drew some. With the attempt's number.
    fn charts(&self) -> Vec<(usize, &Attempt, Vec<Chart>)> {
        let mut steps: Vec<&str> = Vec::new();
        for attempt in &self.attempts {
            if !steps.contains(&attempt.step.as_str()) {
                steps.push(&attempt.step);
            }
        }
        let drawn = |step: &str, only_passed: bool| {
            let drew = |a: &Attempt| a.step == step && a.detail.contains("\"chart\"");
            self.attempts.iter().enumerate().rev().filter(|(_, a)| drew(a)).find_map(|(at, attempt)| {
                let charts = match only_passed && attempt.verdict != "pass" {
                    true => Vec::new(),
                    false => charts(&attempt.detail),
                };
                (!charts.is_empty()).then_some((at + 1, attempt, charts))
            })
        };
        steps.iter().filter_map(|step| drawn(step, true).or_else(|| drawn(step, false))).collect()
    }

    fn machines(&self) -> BTreeSet<&str> {
        self.measurements.iter().map(|m| m.machine.as_str()).collect()
    }
}

/// The charts of what was stored of a check, as far as they show something.
pub fn charts(detail: &str) -> Vec<Chart> {
    let stored: Vec<Value> = part(detail, "charts").unwrap_or_default();
    let charts = stored.into_iter().filter_map(|chart| serde_json::from_value(chart).ok());
    let shows = |chart: &Chart| match chart {
        Chart::Bars { rows, .. } => !rows.is_empty(),
        Chart::Histogram { counts, .. } => !counts.is_empty(),
        Chart::Plane { series, .. } => series.iter().any(|one| !one.points.is_empty()),
        Chart::Spans { lanes, .. } => lanes.iter().any(|lane| !lane.spans.is_empty()),
    };
    charts.filter(shows).collect()
}

/// One part of what was stored of a check.
fn part<T: serde::de::DeserializeOwned>(detail: &str, name: &str) -> Option<T> {
    let mut object: Value = serde_json::from_str(detail).ok()?;
    serde_json::from_value(object.get_mut(name)?.take()).ok()
}

/// The sentence that named the mistake of an attempt.
fn mistake(attempt: &Attempt) -> Option<(String, String)> {
    let id = attempt.misconception.clone()?;
    let named: Option<Value> = part(&attempt.detail, "misconception");
    let says = named.and_then(|n| n["says"].as_str().map(str::to_owned)).unwrap_or_default();
    Some((id, says))
}

/// `1 h 20 min`.
fn spent(minutes: f64) -> String {
    match minutes.round() as u64 {
        0 if minutes > 0.0 => "<1 min".to_owned(),
        m if m < 60 => format!("{m} min"),
        m => format!("{} h {:02} min", m / 60, m % 60),
    }
}

/// `max = 3 V, min = 1 V`.
fn parameters(row: &PredictionRow) -> String {
    row.parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

/// The right answer: a number, or the choice where it was chosen.
fn wanted(row: &PredictionRow, unit: &str) -> String {
    match row.wanted {
        Some(wanted) => format!("{} {unit}", plain(wanted, 5)).trim_end().to_owned(),
        None if row.right => row.given.clone(),
        None => "another choice".to_owned(),
    }
}
