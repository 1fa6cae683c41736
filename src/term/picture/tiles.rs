//! Programs over matrices in the terminal: side by side where there is room.

use super::{Canvas, Ink};
use crate::picture::{Cell, Sheet, Tiles};
use crate::term::Paint;
use textwrap::core::display_width;

/// Rows of a matrix at most.
const ROWS: usize = 32;
/// Columns between two matrices.
const GAP: usize = 4;

/// A matrix as lines, each with the columns that it takes.
type Block = (Vec<(String, usize)>, usize);

/// The matrices.
pub fn tiles(canvas: &Canvas<'_>, tiles: &Tiles) -> Vec<String> {
    let blocks: Vec<Block> = tiles.sheets.iter().map(|sheet| block(canvas, sheet)).collect();
    let mut out =
        canvas.legend(&[&format!("{} loaded", glyph(canvas, Cell::Loaded).1), "0, 1, ..  written by program 0, 1, .."]);
    let mut line: Vec<Block> = Vec::new();
    for block in blocks {
        let used: usize = line.iter().map(|(_, wide)| wide + GAP).sum();
        if used + block.1 > canvas.room() {
            out.extend(beside(std::mem::take(&mut line)));
        }
        line.push(block);
    }
    out.extend(beside(line));
    out
}

/// Matrices side by side.
fn beside(blocks: Vec<Block>) -> Vec<String> {
    let high = blocks.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0);
    let line = |row: usize| {
        let mut out = String::new();
        for (lines, wide) in &blocks {
            let (line, used) = lines.get(row).map_or(("", 0), |(line, used)| (line.as_str(), *used));
            out.push_str(line);
            out.push_str(&" ".repeat(wide + GAP - used));
        }
        out.trim_end().to_owned()
    };
    (0..high).map(line).collect()
}

fn block(canvas: &Canvas<'_>, sheet: &Sheet) -> Block {
    let number = |cell: &Cell| if let Cell::Written(n) | Cell::Updated(n) = cell { n.to_string().len() } else { 1 };
    let each = sheet.cells.iter().map(number).max().unwrap_or(1);
    let (rows, columns) = (sheet.rows().len(), sheet.columns);
    let shown = columns.min(((canvas.room() + 1) / (each + 1)).max(1));
    let mut lines = Vec::new();
    let name = canvas.clean(&sheet.caption());
    let name = canvas.fit(&name, display_width(&name).min(canvas.room()));
    let wide = (shown * (each + 1)).saturating_sub(1).max(display_width(&name));
    lines.push((canvas.dim(&name), display_width(&name)));
    for row in sheet.rows().take(ROWS) {
        let cells = row.iter().take(shown).enumerate().flat_map(|(at, cell)| {
            let gap = if at == 0 { "" } else { " " };
            let (ink, text) = glyph(canvas, *cell);
            [(None, gap.to_owned()), (ink, format!("{text:>each$}"))]
        });
        lines.push((canvas.paint(cells), (shown.min(row.len()) * (each + 1)).saturating_sub(1)));
    }
    if rows > ROWS || columns > shown {
        let cut = canvas.fit("not all is drawn", wide.min(canvas.room()));
        lines.push((canvas.dim(&cut), display_width(&cut)));
    }
    (lines, wide)
}

fn glyph(canvas: &Canvas<'_>, cell: Cell) -> (Ink, String) {
    match cell {
        Cell::Untouched => (Some(Paint::Dim), "·".to_owned()),
        Cell::Loaded => (Some(Paint::Name), if canvas.screen.unicode { "■" } else { "#" }.to_owned()),
        Cell::Written(n) | Cell::Updated(n) => (Some(Paint::Good), n.to_string()),
    }
}
