//! Lanes of spans in the terminal: a line a lane, a character a piece of time, and the legend below.

use super::{clean, cut, heading, indent, number};
use crate::chart::{Lanes, Row, lanes};
use crate::term::{Paint, Screen};
use crate::verdict::Lane;
use textwrap::core::display_width;

/// Kinds of spans, in the order of the legend; more than these begin again.
const FILLS: [char; 8] = ['█', '░', '▓', '─', '▚', 'o', '▒', '='];
const ASCII_FILLS: [char; 8] = ['#', '.', '%', '-', 'x', 'o', '+', '='];
/// Names longer than this are cut.
const NAME: usize = 20;
/// The most columns of a lane.
const WIDEST: usize = 72;

/// A Gantt chart, or stacked bars.
pub fn spans(screen: &Screen, title: &str, unit: &str, all: &[Lane]) -> String {
    let Some(drawn) = lanes(all) else { return heading(screen, &format!("{title}: nothing lasted")) };
    let room = screen.width - indent(screen).len();
    let names: Vec<String> = drawn.rows.iter().map(|row| cut(&clean(screen, row.name), NAME.min(room / 3))).collect();
    let left = names.iter().map(|name| display_width(name)).max().unwrap_or(0) + 1;
    let columns = (room - left).min(WIDEST);
    let mut out = heading(screen, title);
    for (row, name) in drawn.rows.iter().zip(&names) {
        let gap = " ".repeat(left - display_width(name));
        let line = screen.paint(Paint::Name, line(screen, row, columns).trim_end());
        out.push_str(format!("{}{name}{gap}{line}", indent(screen)).trim_end());
        out.push('\n');
    }
    let (low, high) = (number(drawn.ends.0, ""), number(drawn.ends.1, unit));
    let space = columns.saturating_sub(low.len() + display_width(&high)).max(1);
    let ends = cut(&format!("{}{low}{}{high}", " ".repeat(left), " ".repeat(space)), room);
    out.push_str(&format!("{}{}\n", indent(screen), screen.paint(Paint::Dim, ends)));
    out.push_str(&legend(screen, &drawn, room));
    out
}

fn fill(screen: &Screen, kind: usize) -> char {
    let fills = if screen.unicode { FILLS } else { ASCII_FILLS };
    fills[kind % fills.len()]
}

/// A span fills the cells that it covers by half or more, and the one its middle lies in.
fn line(screen: &Screen, row: &Row<'_>, columns: usize) -> String {
    let mut cells = vec![' '; columns];
    for placed in &row.spans {
        let (from, to) = (placed.from * columns as f64, placed.to * columns as f64);
        let middle = ((from + to) / 2.0) as usize;
        let (first, end) = ((from.round() as usize).min(middle), (to.round() as usize).max(middle + 1));
        for cell in &mut cells[first.min(columns - 1)..end.min(columns)] {
            *cell = fill(screen, placed.kind);
        }
    }
    cells.into_iter().collect()
}

fn legend(screen: &Screen, drawn: &Lanes<'_>, room: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (kind, name) in drawn.kinds.iter().enumerate() {
        let entry = cut(&format!("{} {}", fill(screen, kind), clean(screen, name)), room);
        match lines.last_mut() {
            Some(line) if display_width(line) + 3 + display_width(&entry) <= room => {
                line.push_str(&format!("   {entry}"))
            }
            _ => lines.push(entry),
        }
    }
    lines.iter().map(|line| format!("{}{line}\n", indent(screen))).collect()
}
