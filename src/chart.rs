//! What a [`Chart::Plane`](crate::verdict::Chart) shows, worked out once for every way of drawing it: the axes, which points have a place on them,
//! and what is said of those that have none. Lanes of spans likewise. The terminal and SVG draw from it.

mod label;
mod number;
mod scale;
mod spans;

pub use label::{Area, Segment, place};
pub use scale::{Scale, Tick};
pub use spans::{Lanes, Placed, Row, lanes};

use crate::verdict::{Axis, Mark, Point, Series};

/// A plane that can be drawn.
pub struct Frame<'a> {
    /// The horizontal axis.
    pub x: Scale,
    /// The vertical axis.
    pub y: Scale,
    /// The series that have a point to draw, in the order of the legend.
    pub series: Vec<Drawn<'a>>,
    /// What is not drawn, and why; empty where all is.
    pub left_out: String,
}

/// One series of a [`Frame`].
pub struct Drawn<'a> {
    /// How it is drawn.
    pub mark: Mark,
    /// Its name; empty for none.
    pub name: String,
    /// Which look it has among the measured series, or among the theories.
    pub look: usize,
    /// For a theory of the same name as a measured series: the look of that.
    pub of: Option<usize>,
    /// Points that follow each other; a line ends where one is left out.
    pub runs: Vec<Vec<Spot<'a>>>,
}

/// A point at its place.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    /// From 0, left, to 1.
    pub x: f64,
    /// From 0, below, to 1.
    pub y: f64,
    /// What it is.
    pub point: &'a Point,
}

impl<'a> Drawn<'a> {
    /// All its points.
    pub fn spots(&self) -> impl Iterator<Item = &Spot<'a>> {
        self.runs.iter().flatten()
    }
}

/// Finds a place for all that has one; the sentence says why where nothing has.
pub fn frame<'a>(x: &Axis, y: &Axis, series: &'a [Series]) -> Result<Frame<'a>, String> {
    let refused = |point: &Point| refusal(point.x, x.log).max(refusal(point.y, y.log));
    let left_out: Vec<String> = series.iter().filter_map(|one| words(one, &refused)).collect();
    let left_out = left_out.join("; ");
    let drawn = |point: &&Point| refused(point) == Refusal::None;
    let points: Vec<&Point> = series.iter().flat_map(|one| &one.points).filter(drawn).collect();
    if points.is_empty() {
        return Err(if left_out.is_empty() { "there are no points".to_owned() } else { left_out });
    }
    let x = Scale::around(points.iter().map(|point| point.x), x.log);
    let y = Scale::around(points.iter().map(|point| point.y), y.log);
    let shown = series.iter().filter(|one| one.points.iter().any(|point| drawn(&point)));
    let (theories, measured): (Vec<&Series>, Vec<&Series>) = shown.clone().partition(|one| one.mark == Mark::Theory);
    let place = |one: &'a Series| {
        let alike = if one.mark == Mark::Theory { &theories } else { &measured };
        let look = alike.iter().position(|other| std::ptr::eq(*other, one)).unwrap_or_default();
        let named = |other: &&Series| one.mark == Mark::Theory && !one.name.is_empty() && other.name == one.name;
        let of = measured.iter().position(named);
        let name = if of.is_some() { format!("{}, theory", one.name) } else { one.name.clone() };
        let spot = |point: &'a Point| Spot { x: x.share(point.x), y: y.share(point.y), point };
        let runs = one.points.split(|point| !drawn(&point)).filter(|run| !run.is_empty());
        Drawn { mark: one.mark, name, look, of, runs: runs.map(|run| run.iter().map(spot).collect()).collect() }
    };
    let series = shown.map(place).collect();
    Ok(Frame { x, y, series, left_out })
}

/// `context (tokens)`; one of the two where the other is empty or the same.
pub fn heading(axis: &Axis) -> String {
    match (axis.label.trim(), axis.unit.trim()) {
        ("", unit) => unit.to_owned(),
        (label, unit) if unit.is_empty() || unit == label => label.to_owned(),
        (label, unit) => format!("{label} ({unit})"),
    }
}

/// Why a value has no place on an axis.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    None,
    NotPositive,
    NoNumber,
}

fn refusal(value: f64, log: bool) -> Refusal {
    match value {
        value if value.is_nan() || value.abs() > scale::LARGEST => Refusal::NoNumber,
        value if log && value < scale::SMALLEST => Refusal::NotPositive,
        _ => Refusal::None,
    }
}

/// What is said of a series of which not all is drawn.
fn words(series: &Series, refused: &dyn Fn(&Point) -> Refusal) -> Option<String> {
    let count = |why: Refusal| series.points.iter().filter(|point| refused(point) == why).count();
    let points = |count: usize| format!("{count} point{}", if count == 1 { "" } else { "s" });
    let name = if series.name.is_empty() { String::new() } else { format!("{}: ", series.name) };
    let parts = match (count(Refusal::NoNumber), count(Refusal::NotPositive)) {
        (0, 0) if series.points.is_empty() => "no points".to_owned(),
        (0, 0) => return None,
        (none, 0) => format!("{} without a number", points(none)),
        (0, zero) => format!("{} at zero or below on a log axis", points(zero)),
        (none, zero) => format!("{} without a number, {zero} at zero or below on a log axis", points(none)),
    };
    Some(format!("{name}{parts}"))
}
