//! The breakdown of steps, made wrong in one way at a time: which pieces of time a step gets, and which of them counts first.

use super::super::solution::{Event, PARTS, events, part, step_time};
use lab_sdk::{Result, StepTime};
use std::collections::BTreeMap;

/// A piece of time of one category.
pub struct Piece {
    /// Begin.
    pub start: i64,
    /// End.
    pub end: i64,
    /// The category.
    pub part: usize,
}

impl Piece {
    /// An event as it is, if it has a category.
    pub fn of(event: &Event) -> Option<Self> {
        part(event).map(|part| Self { start: event.start, end: event.end, part })
    }
}

/// The steps by their names.
pub fn steps(events: &[Event]) -> BTreeMap<String, (i64, i64)> {
    let steps = events.iter().filter(|event| event.is_step());
    steps.map(|event| (event.name.clone(), (event.start, event.end))).collect()
}

/// What of the events lies inside a step.
pub fn clipped(events: &[Event], step: (i64, i64), part: impl Fn(&Event) -> Option<usize>) -> Vec<Piece> {
    let piece = |event: &Event| {
        let (start, end) = (event.start.max(step.0), event.end.min(step.1));
        part(event).filter(|_| start < end).map(|part| Piece { start, end, part })
    };
    events.iter().filter_map(piece).collect()
}

/// The breakdown with other pieces, or another order of the categories.
pub fn by_step(
    trace: &str,
    reversed: bool,
    pieces: impl Fn(&[Event], (i64, i64)) -> Vec<Piece>,
) -> Result<BTreeMap<String, StepTime>> {
    let events = events(trace)?;
    Ok(add_up(steps(&events), reversed, |step| pieces(&events, step)))
}

/// Each instant of the pieces counted once; what is left of the step is its rest.
pub fn add_up(
    steps: BTreeMap<String, (i64, i64)>,
    reversed: bool,
    pieces: impl Fn((i64, i64)) -> Vec<Piece>,
) -> BTreeMap<String, StepTime> {
    let one = |(name, step): (String, (i64, i64))| {
        let mut edges: Vec<(i64, i64, usize)> = Vec::new();
        for piece in pieces(step) {
            edges.extend([(piece.start, 1, piece.part), (piece.end, -1, piece.part)]);
        }
        edges.sort_by_key(|(time, ..)| *time);
        let (mut parts, mut running, mut last) = ([0; PARTS], [0; PARTS], 0);
        for (time, change, part) in edges {
            let mut order: Vec<usize> = (0..PARTS - 1).collect();
            if reversed {
                order.reverse();
            }
            if let Some(first) = order.into_iter().find(|part| running[*part] > 0) {
                parts[first] += time - last;
            }
            running[part] += change;
            last = time;
        }
        parts[PARTS - 1] = step.1 - step.0 - parts.iter().sum::<i64>();
        (name, step_time(parts))
    };
    steps.into_iter().map(one).collect()
}
