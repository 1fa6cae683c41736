//! Tables without rules, and bars of progress.

use super::Screen;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A column's heading and side.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// Text.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

/// Below this width columns would break words: rows become paragraphs.
const NARROW: usize = 60;

/// Rows under headings, as wide as the screen at most.
pub fn table(screen: &Screen, columns: &[Column], rows: Vec<Vec<String>>) -> String {
    if screen.width < NARROW {
        return stacked(screen, &rows);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(screen.width as u16);
    if columns.iter().any(|c| !matches!(c, Column::Left("") | Column::Right(""))) {
        table.set_header(columns.iter().map(|column| match column {
            Column::Left(name) | Column::Right(name) => *name,
        }));
    }
    table.add_rows(rows);
    for (column, side) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if matches!(side, Column::Right(_)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn stacked(screen: &Screen, rows: &[Vec<String>]) -> String {
    let text =
        |row: &Vec<String>| row.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| format!("{}\n", screen.wrap("", "    ", &text(row)))).collect()
}

/// `████░░░░` of `width` cells.
pub fn bar_text(done: usize, total: usize, width: usize) -> String {
    let full = (done * width).checked_div(total).unwrap_or(0);
    format!("{}{}", "█".repeat(full), "░".repeat(width - full))
}
