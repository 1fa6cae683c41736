//! A launch of tile programs as [`Tiles`], from the trace of its report: each buffer is cut as its accesses are.

use super::count;
use super::tiles::{Cell, Sheet, Tiles};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Tiles of a buffer at most; one that would have more is not drawn.
const CELLS: usize = 1 << 14;
/// Tiles of a vector on one line.
const LINE: usize = 16;
/// Elements of a buffer at most, and of an access (Triton's largest tile): what is larger is garbled.
const LARGEST: usize = 1 << 31;
const LARGEST_TILE: usize = 1 << 20;

#[derive(Deserialize)]
struct Trace {
    buffers: Vec<Extent>,
    accesses: Vec<Touch>,
    #[serde(default)]
    cut: bool,
}

#[derive(Deserialize)]
struct Extent {
    name: String,
    len: usize,
}

#[derive(Deserialize)]
struct Touch {
    program: [usize; 3],
    buffer: usize,
    does: Does,
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Does {
    Read,
    Write,
    Add,
}

#[derive(Clone, Copy, Deserialize)]
struct Part {
    first: usize,
    rows: usize,
    columns: usize,
    pitch: usize,
}

/// How a buffer is cut: a matrix with rows of `width` elements into tiles of `tile`.
struct Cut {
    len: usize,
    width: usize,
    tile: [usize; 2],
    vector: bool,
}

impl Tiles {
    /// What the first program touches, and what all of them do; nothing where the trace has no accesses of programs.
    pub fn from_trace(trace: &Value) -> Vec<Self> {
        let Some(trace) = Trace::deserialize(trace).ok().filter(|trace| !trace.accesses.is_empty()) else {
            return Vec::new();
        };
        // Programs run one after the other.
        let mut programs: Vec<[usize; 3]> = trace.accesses.iter().map(|touch| touch.program).collect();
        programs.dedup();
        let cuts: Vec<Option<Cut>> = (0..trace.buffers.len()).map(|buffer| cut(&trace, buffer)).collect();
        let [x, y, z] = programs[0];
        let first = format!("program ({x}, {y}, {z}): the tiles that it loads and writes");
        let all = match (programs.len(), trace.cut) {
            (1, _) => None,
            (n, true) => Some(format!("the first {n} programs: the tiles that they load and write")),
            (n, false) => Some(format!("all {n} programs: the tiles that they load and write")),
        };
        let drawn = |title: String, programs: &[[usize; 3]]| drawn(&trace, &cuts, title, programs);
        [Some(drawn(first, &programs[..1])), all.map(|title| drawn(title, &programs))]
            .into_iter()
            .flatten()
            .filter(|tiles| !tiles.sheets.is_empty())
            .collect()
    }
}

/// How `buffer` is cut: its rows are as long as most accesses step from row to row, and a tile is as large as the largest
/// access. Where no access has two rows, the buffer is a vector.
fn cut(trace: &Trace, buffer: usize) -> Option<Cut> {
    let len = trace.buffers[buffer].len;
    let parts = || trace.accesses.iter().filter(|touch| touch.buffer == buffer).filter_map(|touch| touch.part);
    let sane = |part: Part| {
        let elements = part.rows.saturating_mul(part.columns);
        let inside = part.first < len && (1..=LARGEST_TILE).contains(&elements);
        inside && (part.rows == 1 || (part.columns..=len).contains(&part.pitch))
    };
    if len > LARGEST || !parts().all(sane) {
        return None;
    }
    let columns = parts().map(|part| part.columns).max()?;
    let mut pitches: BTreeMap<usize, usize> = BTreeMap::new();
    for part in parts().filter(|part| part.rows > 1) {
        *pitches.entry(part.pitch).or_default() += 1;
    }
    let cut = match pitches.into_iter().max_by_key(|(_, times)| *times) {
        None => Cut { len, width: len, tile: [1, columns], vector: true },
        Some((width, _)) => {
            let rows = parts().map(|part| part.rows).max()?;
            Cut { len, width, tile: [rows, columns.min(width)], vector: false }
        }
    };
    let [rows, columns] = cut.sides();
    (rows.checked_mul(columns)? <= CELLS).then_some(cut)
}

impl Cut {
    /// Tiles down and across.
    fn sides(&self) -> [usize; 2] {
        let [rows, columns] = [self.len.div_ceil(self.width).div_ceil(self.tile[0]), self.width.div_ceil(self.tile[1])];
        if self.vector { [columns.div_ceil(LINE), columns.min(LINE)] } else { [rows, columns] }
    }

    /// The tiles that a part meets.
    fn meets(&self, part: Part) -> BTreeSet<(usize, usize)> {
        let mut met = BTreeSet::new();
        for row in 0..part.rows {
            let mut from = part.first.saturating_add(row.saturating_mul(part.pitch));
            let end = from.saturating_add(part.columns).min(self.len);
            while from < end {
                let (row, column) = (from / self.width, from % self.width);
                let last = (self.width - column).min(end - from) + column - 1;
                let across = column / self.tile[1]..=last / self.tile[1];
                met.extend(
                    across.map(|at| if self.vector { (at / LINE, at % LINE) } else { (row / self.tile[0], at) }),
                );
                from += last + 1 - column;
            }
        }
        met
    }
}

/// What these programs, the first of the launch, do.
fn drawn(trace: &Trace, cuts: &[Option<Cut>], title: String, programs: &[[usize; 3]]) -> Tiles {
    let mut sheets: Vec<Option<Sheet>> =
        trace.buffers.iter().zip(cuts).map(|(buffer, cut)| sheet(buffer, cut)).collect();
    let (mut program, mut loads, mut scattered) = (0, 0, 0);
    for touch in &trace.accesses {
        if touch.program != programs[program] {
            program += 1;
            if program == programs.len() {
                break;
            }
        }
        let place =
            sheets.get_mut(touch.buffer).and_then(Option::as_mut).zip(cuts.get(touch.buffer).and_then(Option::as_ref));
        let Some(((sheet, cut), part)) = place.zip(touch.part) else {
            scattered += 1;
            continue;
        };
        for (row, column) in cut.meets(part) {
            loads += usize::from(touch.does != Does::Write);
            let cell = match (sheet.get(row, column), touch.does) {
                (Cell::Untouched, Does::Read) => Cell::Loaded,
                (Cell::Untouched, Does::Write) => Cell::Written(program),
                (Cell::Untouched, Does::Add) => Cell::Updated(program),
                (Cell::Loaded, Does::Write | Does::Add) => Cell::Updated(program),
                (Cell::Written(n), Does::Read | Does::Add) => Cell::Updated(n),
                (known, _) => known,
            };
            sheet.set(row, column, cell);
        }
    }
    let mut notes = Vec::new();
    let vectors: Vec<&str> = cuts
        .iter()
        .zip(&trace.buffers)
        .filter(|(cut, _)| cut.as_ref().is_some_and(|cut| cut.vector && cut.sides()[0] > 1))
        .map(|(_, buffer)| buffer.name.as_str())
        .collect();
    if !vectors.is_empty() {
        notes.push(format!("{}: {LINE} tiles on a line, and on in the next", vectors.join(", ")));
    }
    if scattered > 0 {
        let accesses = if scattered == 1 { "access that touches" } else { "accesses that touch" };
        notes.push(format!("not drawn: {scattered} {accesses} no rectangle of a matrix"));
    }
    Tiles { title, sheets: sheets.into_iter().flatten().collect(), programs: programs.len(), loads, notes }
}

fn sheet(buffer: &Extent, cut: &Option<Cut>) -> Option<Sheet> {
    let cut = cut.as_ref()?;
    let ([rows, columns], [high, wide]) = (cut.sides(), cut.tile);
    if cut.vector {
        let tiles = cut.len.div_ceil(wide);
        let mut sheet = Sheet::new(&buffer.name, 1, tiles);
        sheet.columns = columns;
        sheet.cut = format!("{} of {wide}", count(tiles, "tile"));
        return Some(sheet);
    }
    let mut sheet = Sheet::new(&buffer.name, rows, columns);
    sheet.cut.push_str(&format!(" of {high} x {wide}"));
    Some(sheet)
}
