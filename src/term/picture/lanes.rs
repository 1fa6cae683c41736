//! Lanes by time in the terminal: a band of 32 for each instruction, between its source line and its share.

use super::Canvas;
use crate::picture::{Edge, Lanes, Row, W};
use crate::term::Paint;
use textwrap::core::display_width;

/// Source lines are not cut to less.
const SHORTEST: usize = 16;
/// Places longer than this are cut.
const PLACE: usize = 20;

/// Columns of the parts of a row.
struct Columns {
    place: usize,
    text: usize,
    /// Columns of each lane.
    lane: usize,
    edges: bool,
    times: usize,
}

impl Columns {
    /// After the lanes: ` 100%`, the edge of a loop, how often.
    fn tail(&self) -> usize {
        5 + if self.edges { 2 } else { 0 } + if self.times > 0 { self.times + 1 } else { 0 }
    }

    /// A row that stands on one line.
    fn whole(&self) -> usize {
        self.place + 2 + if self.text > 0 { self.text + 2 } else { 0 } + W * self.lane + self.tail()
    }
}

/// A line for each row; two or more on a narrow screen.
pub fn lanes(canvas: &Canvas<'_>, lanes: &Lanes) -> Vec<String> {
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let place = widest(&mut lanes.rows.iter().map(|row| display_width(&canvas.clean(&row.place)))).min(PLACE);
    let text = widest(&mut lanes.rows.iter().map(|row| display_width(&canvas.clean(&row.text))));
    let edges = lanes.rows.iter().any(|row| row.edge != Edge::None);
    let times = widest(&mut lanes.rows.iter().map(|row| times(row).chars().count()));
    let all = Columns { place, text, lane: 2, edges, times };
    let narrow = Columns { lane: 1, ..all };
    let cut = canvas.room().saturating_sub(Columns { text: 1, ..narrow }.whole()) + 1;
    if all.whole() <= canvas.room() {
        one_line(canvas, lanes, &all)
    } else if narrow.whole() <= canvas.room() {
        one_line(canvas, lanes, &narrow)
    } else if text > 0 && cut >= SHORTEST {
        one_line(canvas, lanes, &Columns { text: cut, ..narrow })
    } else {
        captions(canvas, lanes, &narrow)
    }
}

fn one_line(canvas: &Canvas<'_>, lanes: &Lanes, columns: &Columns) -> Vec<String> {
    let left = columns.place + 2 + if columns.text > 0 { columns.text + 2 } else { 0 };
    let mut out = vec![format!("{}{}", " ".repeat(left), canvas.ruler(columns.lane))];
    for row in &lanes.rows {
        let place = canvas.fit(&row.place, columns.place);
        let place = format!("{}{}", " ".repeat(place.len() - place.trim_end().len()), place.trim_end());
        let text = if columns.text > 0 { canvas.fit(&row.text, columns.text) + "  " } else { String::new() };
        let band = band(canvas, row, 0..W, columns.lane);
        out.push(format!("{}  {text}{band}{}", canvas.dim(place), tail(canvas, row, columns)));
    }
    out
}

/// The source line stands above its lanes, and these on as many lines as they need.
fn captions(canvas: &Canvas<'_>, lanes: &Lanes, columns: &Columns) -> Vec<String> {
    let room = canvas.room();
    let part = [32, 16, 8, 4].into_iter().find(|part| *part <= room).unwrap_or(1);
    let mut out = Vec::new();
    for row in &lanes.rows {
        let words = format!("{}  {}", row.place, row.text.trim_start());
        let left = room.saturating_sub(columns.tail());
        match left >= 4 {
            true => out.push(format!("{}{}", canvas.fit(&words, left), tail(canvas, row, columns))),
            false => out.push(canvas.fit(&words, room)),
        }
        out.extend((0..W).step_by(part).map(|first| band(canvas, row, first..first + part, 1)));
    }
    out
}

fn band(canvas: &Canvas<'_>, row: &Row, lanes: std::ops::Range<usize>, each: usize) -> String {
    canvas.paint(lanes.map(|lane| match row.mask >> lane & 1 {
        1 => (Some(Paint::Name), "█".repeat(each)),
        _ => (Some(Paint::Dim), "·".repeat(each)),
    }))
}

fn tail(canvas: &Canvas<'_>, row: &Row, columns: &Columns) -> String {
    let percent = format!("{:>5}", format!("{}%", row.percent()));
    let percent = if row.percent() < 100 { canvas.screen.paint(Paint::Bad, percent) } else { percent };
    let edge = match row.edge {
        _ if !columns.edges => "",
        Edge::None => "  ",
        Edge::First => " ╮",
        Edge::Inside => " │",
        Edge::Last => " ╯",
    };
    let times =
        if columns.times > 0 { format!(" {:<width$}", times(row), width = columns.times) } else { String::new() };
    format!("{percent}{}", canvas.dim(format!("{edge}{times}").trim_end()))
}

fn times(row: &Row) -> String {
    if row.times > 1 { format!("×{}", row.times) } else { String::new() }
}
