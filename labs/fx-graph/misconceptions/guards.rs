//! A compiler's cache with habits: the right ones, and each way of misjudging what is a constant and what a symbol.

use super::super::solution::{Record, accepts, specialise};
use lab_sdk::{Event, Extent, Result};
use std::collections::BTreeMap;

/// How it differs from the right one.
#[derive(Clone, Copy)]
pub struct Habit {
    /// Whether a changed dimension becomes a symbol.
    pub symbols: bool,
    pub all_at_once: bool,
    /// The least size that a symbol takes.
    pub least: usize,
    /// Whether the number of dimensions is guarded.
    pub ranks: bool,
    pub ducks_changed: bool,
    pub ducks: bool,
    /// Whether sizes that hit are compared with later ones.
    pub records_hits: bool,
    /// Whether nothing hits any more once the cache was full.
    pub gives_up: bool,
}

impl Habit {
    pub const RIGHT: Self = Self {
        symbols: true,
        all_at_once: false,
        least: 2,
        ranks: true,
        ducks_changed: false,
        ducks: true,
        records_hits: false,
        gives_up: false,
    };
}

pub fn simulate_as(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize, habit: Habit) -> Result<Vec<Event>> {
    let mut cache: Vec<Vec<Extent>> = Vec::new();
    let (mut record, mut full) = (Record::Nothing, false);
    let mut events = Vec::new();
    for sizes in calls {
        let hits = cache.iter().any(|guard| fits(guard, sizes, habit));
        if hits && habit.records_hits {
            record = std::mem::replace(&mut record, Record::Nothing).with(sizes);
        }
        if hits && !(full && habit.gives_up) {
            events.push(Event::Hit);
            continue;
        }
        if cache.len() >= limit {
            full = true;
            events.push(Event::Eager);
            continue;
        }
        record = std::mem::replace(&mut record, Record::Nothing).with(sizes);
        let guard = guard(sizes, &record, dynamic, habit, cache.is_empty());
        cache.push(guard.clone());
        events.push(Event::Compile(guard));
    }
    Ok(events)
}

fn guard(sizes: &[usize], record: &Record, dynamic: Option<bool>, habit: Habit, first: bool) -> Vec<Extent> {
    if !habit.symbols {
        return sizes.iter().map(|&size| Extent::Fixed(size)).collect();
    }
    let mut right = specialise(sizes, record, dynamic);
    if habit.all_at_once && !first && dynamic.is_none() {
        let of = |(at, &size): (usize, &usize)| match size {
            0 | 1 => Extent::Fixed(size),
            _ => Extent::Symbol(format!("s{at}")),
        };
        right = sizes.iter().enumerate().map(of).collect();
    }
    if habit.least == 0 {
        let changed = specialise(&vec![2; sizes.len()], record, dynamic);
        let of = |(at, (extent, as_two)): (usize, (Extent, Extent))| match (extent, as_two) {
            (Extent::Fixed(0 | 1), Extent::Symbol(_)) => Extent::Symbol(format!("s{at}")),
            (extent, _) => extent,
        };
        right = right.into_iter().zip(changed).enumerate().map(of).collect();
    }
    if habit.ducks_changed || !habit.ducks {
        let mut shared: BTreeMap<usize, String> = BTreeMap::new();
        let of = |(at, (extent, &size)): (usize, (Extent, &usize))| match extent {
            Extent::Symbol(_) if habit.ducks => {
                Extent::Symbol(shared.entry(size).or_insert_with(|| format!("s{at}")).clone())
            }
            Extent::Symbol(_) => Extent::Symbol(format!("s{at}")),
            fixed => fixed,
        };
        right = right.into_iter().zip(sizes).enumerate().map(of).collect();
    }
    right
}

fn fits(guard: &[Extent], sizes: &[usize], habit: Habit) -> bool {
    if habit.least == 2 && habit.ranks {
        return accepts(guard, sizes);
    }
    let mut bound: BTreeMap<&str, usize> = BTreeMap::new();
    let mut pairs = guard.iter().zip(sizes);
    (guard.len() == sizes.len() || !habit.ranks)
        && pairs.all(|(extent, &size)| match extent {
            Extent::Fixed(wanted) => size == *wanted,
            Extent::Symbol(name) => size >= habit.least && *bound.entry(name).or_insert(size) == size,
        })
}
