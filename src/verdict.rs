//! What a check found, as plain values: no I/O, no drawing.

use serde::{Deserialize, Deserializer, Serialize};

/// What a step asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An answer before anything runs.
    Predict,
    /// A function, called on hidden inputs.
    Build,
    /// The function inside a real model on this machine.
    Measure,
}

impl Kind {
    /// The word in TOML, on screen and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Predict => "predict",
            Kind::Build => "build",
            Kind::Measure => "measure",
        }
    }
}

/// The outcome of checking one step.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Everything asked was seen to hold.
    Pass,
    /// Something differs.
    Fail(Vec<Finding>),
    /// The answer did not build, crashed or ran out of time.
    Error(Vec<Finding>),
    /// Nothing was checked, and why.
    Nothing(String),
}

impl Verdict {
    /// The word in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::Error(_) => "error",
            Verdict::Nothing(_) => "nothing",
        }
    }

    /// The exit code of a command that ends on this verdict.
    pub fn exit(&self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::Fail(_) => 1,
            Verdict::Error(_) => 5,
            Verdict::Nothing(_) => 4,
        }
    }

    /// What differs; empty for a pass.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Verdict::Fail(findings) | Verdict::Error(findings) => findings,
            Verdict::Pass | Verdict::Nothing(_) => &[],
        }
    }

    /// Whether every check held.
    pub fn passed(&self) -> bool {
        *self == Verdict::Pass
    }
}

/// One difference, with its evidence. Fields that do not apply are empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The check that failed.
    pub check: String,
    /// Where: an element, a channel, a case.
    pub at: String,
    /// What the answer gave.
    pub got: String,
    /// What the solution gives.
    pub wanted: String,
    /// How far off it may be.
    pub allowed: String,
}

/// A known mistake that explains what was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The misconception's id.
    pub id: String,
    /// Why it is a mistake, filled with the learner's own numbers.
    pub says: String,
    /// On how many hidden inputs the answer equals it.
    #[serde(skip)]
    pub agrees: usize,
}

/// The smallest input on which the answer still differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smallest {
    /// The call, as `name = value` pairs.
    pub case: Vec<String>,
    /// The solution's result.
    pub wanted: String,
    /// The answer's result.
    pub got: String,
    /// Number of the case it was shrunk from, as `--seed HEX:CASE` takes it.
    pub number: usize,
}

/// One question of a predict step as it was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The question's id, unique in the step.
    pub id: String,
    /// The question.
    pub text: String,
    /// The numbers drawn for this learner.
    pub parameters: Vec<(String, String)>,
    /// The unit of a numeric answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The choices, where it is a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// The question's id.
    pub id: String,
    /// As typed.
    pub given: String,
    /// As read, where it is a number.
    pub value: Option<f64>,
    /// The right number, where it is one.
    pub wanted: Option<f64>,
    /// Whether it passes.
    pub right: bool,
}

/// Whether a number was counted (the same on each machine) or timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Exact on every machine.
    Count,
    /// Depends on the machine.
    Clock,
}

/// One measured number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What it has to reach: `at most 1.0`; none informs only.
    pub bar: Option<String>,
    /// Whether it does.
    pub pass: bool,
    /// Whether the machine was too busy to tell: the bar informs, and decides nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
    /// Counted or timed.
    pub kind: Clock,
}

/// A picture of measured numbers, without a way of drawing it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "chart", rename_all = "lowercase")]
pub enum Chart {
    /// One bar a row.
    Bars {
        /// What is shown.
        title: String,
        /// Unit of the values.
        unit: String,
        /// Label and value.
        #[serde(deserialize_with = "rows")]
        rows: Vec<(String, f64)>,
    },
    /// Counts over equal bins, with marked positions.
    Histogram {
        /// What is shown.
        title: String,
        /// Unit of the horizontal axis.
        unit: String,
        /// Left end of the first bin.
        low: f64,
        /// Right end of the last bin.
        high: f64,
        /// Values in each bin.
        counts: Vec<u64>,
        /// Vertical lines: label and position.
        marks: Vec<(String, f64)>,
    },
    /// Points and lines over two axes: a scatter, a curve with its theory, a roofline.
    Plane {
        /// What is shown.
        title: String,
        /// The horizontal axis.
        x: Axis,
        /// The vertical axis.
        y: Axis,
        /// In the order of the legend.
        series: Vec<Series>,
    },
    /// Spans of time, a lane for each thread: a Gantt chart. With the spans of a lane end to end, bars stacked of parts.
    Spans {
        /// What is shown.
        title: String,
        /// Unit of the horizontal axis.
        unit: String,
        /// From above.
        lanes: Vec<Lane>,
    },
}

impl Chart {
    /// Points and lines over two axes.
    pub fn plane(title: impl Into<String>, x: Axis, y: Axis, series: impl IntoIterator<Item = Series>) -> Self {
        Self::Plane { title: title.into(), x, y, series: series.into_iter().collect() }
    }

    /// A bar a row, its number in this unit as it is.
    pub fn bars<N: Into<String>>(
        title: impl Into<String>,
        unit: impl Into<String>,
        rows: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        let rows = rows.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self::Bars { title: title.into(), unit: unit.into(), rows }
    }

    /// What is shown.
    pub fn title(&self) -> &str {
        match self {
            Chart::Bars { title, .. }
            | Chart::Histogram { title, .. }
            | Chart::Plane { title, .. }
            | Chart::Spans { title, .. } => title,
        }
    }
}

/// An axis of a [`Chart::Plane`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What it counts: `context`, `parameters`.
    pub label: String,
    /// In what.
    pub unit: String,
    /// Whether equal steps are equal factors.
    pub log: bool,
}

impl Axis {
    /// On which equal steps are equal differences.
    pub fn new(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { label: label.into(), unit: unit.into(), log: false }
    }

    /// The same, on which equal steps are equal factors.
    pub fn log(self) -> Self {
        Self { log: true, ..self }
    }
}

/// One line or cloud of a [`Chart::Plane`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Where it goes.
    pub points: Vec<Point>,
}

impl Series {
    /// Measured points, joined.
    pub fn line(name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        Self::of(name.into(), Mark::Line, points)
    }

    /// Measured points, each for itself.
    pub fn dots(name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        Self::of(name.into(), Mark::Dots, points)
    }

    /// What was computed beforehand.
    pub fn theory(name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        Self::of(name.into(), Mark::Theory, points)
    }

    fn of(name: String, mark: Mark, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        Self { name, mark, points: points.into_iter().map(Into::into).collect() }
    }
}

/// One row of a [`Chart::Spans`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Its name, at the left.
    pub name: String,
    /// In the order of time; where two overlap, the later one is seen.
    pub spans: Vec<Span>,
}

/// Something that lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Where it begins.
    #[serde(deserialize_with = "number")]
    pub from: f64,
    /// Where it ends.
    #[serde(deserialize_with = "number")]
    pub to: f64,
    /// What it is; spans of one kind look alike, and the legend names the kinds.
    pub kind: String,
}

/// One place of a [`Series`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Along the horizontal axis.
    #[serde(deserialize_with = "number")]
    pub x: f64,
    /// Along the vertical axis.
    #[serde(deserialize_with = "number")]
    pub y: f64,
    /// A name beside it; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// JSON has no NaN: it is written as null, and read back here.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

fn rows<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
    let rows: Vec<(String, Option<f64>)> = Vec::deserialize(from)?;
    Ok(rows.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

/// How a [`Series`] is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Measured points, joined.
    Line,
    /// Measured points, each for itself.
    Dots,
    /// What was computed beforehand: dashed, without points.
    Theory,
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Self {
        Self { x, y, label: String::new() }
    }
}

impl Point {
    /// The same place with a name beside it.
    pub fn named(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }
}

/// Everything that one check of one step produced.
#[derive(Clone, Debug)]
pub struct Graded {
    /// The step's id.
    pub step: String,
    /// The step's kind.
    pub kind: Kind,
    /// The outcome.
    pub verdict: Verdict,
    /// Checks that held.
    pub passed: usize,
    /// Checks that were run.
    pub total: usize,
    /// Hidden inputs that were tried.
    pub inputs: usize,
    /// Wall-clock seconds, building included.
    pub seconds: f64,
    /// What the inputs were drawn from.
    pub seed: u64,
    /// The known mistakes that explain it, first the one of the first failed check.
    pub named: Vec<Named>,
    /// The smallest failing input.
    pub smallest: Option<Smallest>,
    /// Largest error over the rounding floor, for checks that have one.
    pub floor_ratio: Option<f64>,
    /// What was asked.
    pub questions: Vec<Asked>,
    /// What was answered.
    pub predicted: Vec<Predicted>,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// Pictures of it.
    pub charts: Vec<Chart>,
    /// Sentences that hold on a pass too: what was computed with whose kernels, what was accepted.
    pub remarks: Vec<String>,
    /// What the learner's program printed.
    pub printed: String,
    /// Files of the learner's own run: a name, and what belongs in it. They come to lie beside the answer.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

impl Graded {
    /// A result for `step` in which nothing was checked yet.
    pub fn nothing(step: &str, kind: Kind, seed: u64, why: impl Into<String>) -> Self {
        Self {
            step: step.to_owned(),
            kind,
            verdict: Verdict::Nothing(why.into()),
            passed: 0,
            total: 0,
            inputs: 0,
            seconds: 0.0,
            seed,
            named: Vec::new(),
            smallest: None,
            floor_ratio: None,
            questions: Vec::new(),
            predicted: Vec::new(),
            measurements: Vec::new(),
            charts: Vec::new(),
            remarks: Vec::new(),
            printed: String::new(),
            files: Vec::new(),
        }
    }
}
