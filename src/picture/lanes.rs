//! Lanes by time: one row for each instruction of a warp, equal ones and loops folded.

use super::{Source, W, count, name, percent};
use serde::Deserialize;
use serde_json::Value;

/// Rows that are kept at most.
const ROWS: usize = 40;
/// Where there are more rows than these, neighbours with the same lanes are one row.
const LONG: usize = 24;
/// Instructions of a loop's body at most, after what is in it is folded.
const BODY: usize = 16;
/// Loops in loops that are folded.
const DEPTH: usize = 3;

/// Which lanes of one warp were on, instruction by instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// The warp, of block (0, 0, 0).
    pub warp: u32,
    /// In the order of issue.
    pub rows: Vec<Row>,
    /// Rows after these that are left out.
    pub left_out: usize,
    /// Instructions of the warp.
    pub instructions: usize,
    /// Lanes that were on, summed over the instructions.
    pub on: usize,
    /// 32 for each instruction.
    pub slots: usize,
    /// Whether the launch has issued more than the trace holds.
    pub cut: bool,
}

/// Instructions with the same lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `12`, `12-15`, or `kernel.rs:12` where there are several files.
    pub place: String,
    /// The source line, where it is known.
    pub text: String,
    /// Bit i: lane i was on.
    pub mask: u32,
    /// How often it was issued, in all turns of the loops around it.
    pub times: usize,
    /// Where in a loop it is.
    pub edge: Edge,
}

/// Where in the outermost loop around it a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// In none, or alone in it.
    None,
    /// Its first row.
    First,
    /// Between the two.
    Inside,
    /// Its last row.
    Last,
}

impl Row {
    /// Percent of the lanes that were on.
    pub fn percent(&self) -> u32 {
        percent(self.mask.count_ones() as usize, W)
    }
}

/// An instruction as the report has it.
#[derive(Clone, Copy, Deserialize)]
struct Issue {
    warp: u32,
    #[serde(default)]
    file: usize,
    line: u32,
    mask: u32,
}

/// A row before it is drawn: lines of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Piece {
    file: usize,
    first: u32,
    last: u32,
    mask: u32,
}

/// What repeats.
#[derive(Clone, PartialEq, Eq)]
enum Item {
    One(Piece, usize),
    Loop(Vec<Item>, usize),
}

impl Lanes {
    /// The warp of block (0, 0, 0) that lost most lanes; nothing where the trace has no instructions.
    pub fn from_trace(trace: &Value, source: Source<'_>) -> Option<Self> {
        let all: Vec<Issue> = Vec::deserialize(trace.get("issues")?).ok()?;
        let files: Vec<String> = trace.get("files").and_then(|files| Vec::deserialize(files).ok()).unwrap_or_default();
        let warp = costly(&all)?;
        let issues: Vec<Issue> = all.into_iter().filter(|issue| issue.warp == warp).collect();
        let piece = |i: &Issue| Piece { file: i.file, first: i.line, last: i.line, mask: i.mask };
        let pieces: Vec<Piece> = issues.iter().map(piece).collect();
        let mut rows = rows(&folded(pieces.iter().map(|piece| (*piece, 1))), &files, source);
        if rows.len() > LONG {
            rows = self::rows(&folded(joined(&pieces)), &files, source);
        }
        let left_out = rows.len().saturating_sub(ROWS);
        rows.truncate(ROWS);
        if left_out > 0 {
            close(&mut rows);
        }
        dedent(&mut rows);
        Some(Self {
            warp,
            rows,
            left_out,
            instructions: issues.len(),
            on: issues.iter().map(|issue| issue.mask.count_ones() as usize).sum(),
            slots: issues.len() * W,
            cut: trace.get("cut").and_then(Value::as_bool).unwrap_or_default(),
        })
    }

    /// What it shows.
    pub fn title(&self) -> String {
        format!("lanes that are on, instruction by instruction: warp {} of block (0, 0, 0)", self.warp)
    }

    /// What it costs.
    pub fn says(&self) -> Vec<String> {
        let share = percent(self.on, self.slots);
        let mut says = vec![format!(
            "{} of 32 lanes each; {share}% of the lanes were on",
            count(self.instructions, "instruction")
        )];
        if self.left_out > 0 {
            says.push(format!("not drawn: {} more", count(self.left_out, "row")));
        }
        if self.cut {
            says.push("the launch went on; only its first instructions were recorded".to_owned());
        }
        says
    }
}

/// The warp that had most lanes off, of the lanes that it ever had on; of equals the first.
fn costly(issues: &[Issue]) -> Option<u32> {
    let mut warps: Vec<u32> = issues.iter().map(|issue| issue.warp).collect();
    warps.sort_unstable();
    warps.dedup();
    let share = |warp: u32| {
        let masks = || issues.iter().filter(|issue| issue.warp == warp).map(|issue| issue.mask);
        let ever = masks().fold(0, |ever, mask| ever | mask);
        let on: u64 = masks().map(|mask| u64::from(mask.count_ones())).sum();
        on as f64 / (masks().count() as f64 * f64::from(ever.count_ones())).max(1.0)
    };
    // A block has at most 32 warps; a garbled trace may have more.
    let shares: Vec<(u32, f64)> = warps.into_iter().take(W).map(|warp| (warp, share(warp))).collect();
    shares.into_iter().reduce(|least, one| if one.1 < least.1 { one } else { least }).map(|(warp, _)| warp)
}

/// Neighbours with the same lanes as one piece.
fn joined(pieces: &[Piece]) -> Vec<(Piece, usize)> {
    let mut out: Vec<(Piece, usize)> = Vec::new();
    for piece in pieces {
        match out.last_mut() {
            Some((last, times)) if last.mask == piece.mask && last.file == piece.file => {
                (last.first, last.last) = (last.first.min(piece.first), last.last.max(piece.last));
                *times += 1;
            }
            _ => out.push((*piece, 1)),
        }
    }
    out
}

/// Folds what repeats: instructions first, then bodies of loops from the shortest on, so that an inner loop is one item
/// of the outer.
fn folded(pieces: impl IntoIterator<Item = (Piece, usize)>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (piece, times) in pieces {
        match items.last_mut() {
            Some(Item::One(last, so_far)) if *last == piece => *so_far += times,
            _ => items.push(Item::One(piece, times)),
        }
    }
    for body in (0..DEPTH).flat_map(|_| 2..=BODY) {
        let (mut out, mut at) = (Vec::with_capacity(items.len()), 0);
        while at < items.len() {
            let turn = items.get(at..at + body);
            let turns = 1 + items[at..].chunks(body).skip(1).take_while(|next| Some(*next) == turn).count();
            match turn {
                Some(turn) if turns > 1 => {
                    out.push(Item::Loop(turn.to_vec(), turns));
                    at += turns * body;
                }
                _ => {
                    out.push(items[at].clone());
                    at += 1;
                }
            }
        }
        items = out;
    }
    items
}

fn rows(items: &[Item], files: &[String], source: Source<'_>) -> Vec<Row> {
    fn flat(items: &[Item], turns: usize, out: &mut Vec<(Piece, usize)>) {
        for item in items {
            match item {
                Item::One(piece, times) => out.push((*piece, times * turns)),
                Item::Loop(body, times) => flat(body, times * turns, out),
            }
        }
    }
    let row = |(piece, times): (Piece, usize)| {
        let file = files.get(piece.file).map_or("", String::as_str);
        let lines =
            if piece.first == piece.last { piece.first.to_string() } else { format!("{}-{}", piece.first, piece.last) };
        Row {
            place: if files.len() > 1 { format!("{}:{lines}", name(file)) } else { lines },
            text: source(file, piece.first).unwrap_or_default().trim_end().to_owned(),
            mask: piece.mask,
            times,
            edge: Edge::None,
        }
    };
    let mut out = Vec::new();
    for item in items {
        let mut pieces = Vec::new();
        flat(std::slice::from_ref(item), 1, &mut pieces);
        let mut rows: Vec<Row> = pieces.into_iter().map(row).collect();
        if let [first, inside @ .., last] = rows.as_mut_slice() {
            (first.edge, last.edge) = (Edge::First, Edge::Last);
            inside.iter_mut().for_each(|row| row.edge = Edge::Inside);
        }
        out.append(&mut rows);
    }
    out
}

/// A loop that is cut ends all the same.
fn close(rows: &mut [Row]) {
    if let Some(last) = rows.last_mut() {
        last.edge = match last.edge {
            Edge::First => Edge::None,
            Edge::Inside => Edge::Last,
            edge => edge,
        };
    }
}

/// Takes off the indent that all lines have.
fn dedent(rows: &mut [Row]) {
    for row in rows.iter_mut() {
        row.text = row.text.replace('\t', "    ");
    }
    let indent = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let least = rows.iter().filter(|row| !row.text.is_empty()).map(|row| indent(&row.text)).min().unwrap_or(0);
    for row in rows {
        row.text = row.text.get(least..).unwrap_or_default().to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lanes(issues: &[(u32, u32)]) -> Option<Lanes> {
        let issues: Vec<Value> =
            issues.iter().map(|(line, mask)| json!({"warp": 0, "file": 0, "line": line, "mask": mask})).collect();
        let text = |_: &str, line: u32| Some(format!("        line {line}"));
        Lanes::from_trace(&json!({"files": ["src/k.rs"], "issues": issues}), &text)
    }

    fn told(lanes: &Lanes) -> Vec<(&str, u32, usize, Edge)> {
        lanes.rows.iter().map(|row| (row.place.as_str(), row.mask, row.times, row.edge)).collect()
    }

    #[test]
    fn loops_in_loops_are_folded() {
        let mut issues = vec![(1, u32::MAX)];
        for _ in 0..3 {
            issues.push((2, u32::MAX));
            for _ in 0..4 {
                issues.extend([(3, u32::MAX), (3, u32::MAX), (4, 0xffff)]);
            }
        }
        let lanes = lanes(&issues).expect("a picture");
        let all = u32::MAX;
        let wanted = [
            ("1", all, 1, Edge::None),
            ("2", all, 3, Edge::First),
            ("3", all, 24, Edge::Inside),
            ("4", 0xffff, 12, Edge::Last),
        ];
        assert_eq!(told(&lanes), wanted);
        assert_eq!((lanes.instructions, lanes.on), (40, 28 * 32 + 12 * 16));
        assert_eq!(lanes.rows[0].text, "line 1");
    }

    #[test]
    fn a_long_kernel_is_told_by_its_lanes() {
        let mut issues: Vec<(u32, u32)> = (1..50).map(|line| (line, u32::MAX)).collect();
        issues.extend([(50, 1), (51, 1)]);
        let lanes = lanes(&issues).expect("a picture");
        assert_eq!(told(&lanes), [("1-49", u32::MAX, 49, Edge::None), ("50-51", 1, 2, Edge::None)]);
        assert_eq!(lanes.left_out, 0);
    }

    #[test]
    fn more_rows_than_a_screen_holds_are_counted() {
        let issues: Vec<(u32, u32)> = (0..100).map(|k| (7, k)).collect();
        let lanes = lanes(&issues).expect("a picture");
        assert_eq!((lanes.rows.len(), lanes.left_out), (ROWS, 100 - ROWS));
        assert!(lanes.says().contains(&"not drawn: 60 rows more".to_owned()), "{:?}", lanes.says());
    }

    #[test]
    fn the_warp_that_lost_most_is_drawn() {
        let issue = |warp: u32, mask: u32| json!({"warp": warp, "file": 0, "line": 1, "mask": mask});
        // Warp 2 has only three threads, which are on all the time.
        let issues = [issue(0, u32::MAX), issue(1, u32::MAX), issue(1, 1), issue(2, 7), issue(2, 7)];
        let lanes = Lanes::from_trace(&json!({"issues": issues}), &|_, _| None).expect("a picture");
        assert_eq!(lanes.warp, 1);
    }
}
