//! What a [`Chart::Spans`](crate::verdict::Chart) shows, worked out once for every way of drawing it: the axis, the kinds of
//! the legend, and the places of the spans.

use super::Scale;
use super::scale::LARGEST;
use crate::verdict::{Lane, Span};

/// Lanes that can be drawn.
pub struct Lanes<'a> {
    /// The horizontal axis, from the first begin, or from zero where that is near, to the last end.
    pub scale: Scale,
    /// Its ends.
    pub ends: (f64, f64),
    /// The kinds in the order in which they first appear.
    pub kinds: Vec<&'a str>,
    /// From above.
    pub rows: Vec<Row<'a>>,
}

/// One lane.
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its spans that have a place.
    pub spans: Vec<Placed<'a>>,
}

/// A span at its place.
pub struct Placed<'a> {
    /// Begin, from 0, left, to 1.
    pub from: f64,
    /// End, likewise.
    pub to: f64,
    /// Its place in the legend.
    pub kind: usize,
    /// What it is.
    pub span: &'a Span,
}

/// Finds a place for every span that has two ends; none where no span has.
pub fn lanes(lanes: &[Lane]) -> Option<Lanes<'_>> {
    let sound = |span: &&Span| span.from.abs() <= LARGEST && span.to.abs() <= LARGEST && span.from <= span.to;
    let all = || lanes.iter().flat_map(|lane| &lane.spans).filter(sound);
    let first = all().map(|span| span.from).reduce(f64::min)?;
    let high = all().map(|span| span.to).fold(first, f64::max);
    // Zero belongs to it where it is no further off than the spans last.
    let low = if first >= 0.0 && first <= high - first { 0.0 } else { first };
    let mut kinds: Vec<&str> = Vec::new();
    for span in all() {
        if !kinds.contains(&span.kind.as_str()) {
            kinds.push(&span.kind);
        }
    }
    let scale = Scale::exactly(low, high);
    let mut rows = Vec::with_capacity(lanes.len());
    for lane in lanes {
        let placed = lane.spans.iter().filter(sound).map(|span| {
            let (from, to) = (scale.share(span.from), scale.share(span.to));
            let kind = kinds.iter().position(|kind| *kind == span.kind).unwrap_or_default();
            Placed { from, to, kind, span }
        });
        rows.push(Row { name: &lane.name, spans: placed.collect() });
    }
    Some(Lanes { scale, ends: (low, high), kinds, rows })
}
