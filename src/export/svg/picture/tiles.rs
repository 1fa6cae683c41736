//! Programs over matrices as SVG: the matrices side by side where there is room, at one scale.

use super::super::plot::{SMALL, short, wide};
use super::super::text;
use super::{Drawn, WIDTH, boxes, legend};
use crate::picture::{Cell, Sheet, Tiles};

/// Between two matrices.
const GAP: f64 = 32.0;
/// Rows and columns of a matrix at most.
const SHOWN: usize = 64;
/// Sides of a tile.
const LEAST: f64 = 2.0;
const MOST: f64 = 20.0;
/// Numbers stand in tiles that are at least so wide a letter.
const LETTER: f64 = 7.5;
const TOP: f64 = 44.0;
/// Between two lines of matrices: the captions of the second.
const LINE: f64 = 30.0;

/// The matrices.
pub fn tiles(tiles: &Tiles) -> Drawn {
    let columns = |sheet: &Sheet| sheet.columns.min(SHOWN);
    let all: usize = tiles.sheets.iter().map(columns).sum();
    let room = WIDTH - GAP * tiles.sheets.len().saturating_sub(1) as f64;
    let step = (room / all.max(1) as f64).clamp(LEAST, MOST);
    let mut body = legend(11.0, &[("on", "loaded"), ("least", "written, in the order of the numbers")]);
    let (mut x, mut top, mut high) = (0.0, TOP, TOP);
    for sheet in &tiles.sheets {
        let caption = short(&sheet.caption(), WIDTH, SMALL);
        let slot = f64::max(step * columns(sheet) as f64, wide(&caption, SMALL));
        if x > 0.0 && x + slot > WIDTH {
            (x, top) = (0.0, high + LINE);
        }
        let rows = sheet.rows().len();
        let bottom = top + step * rows.min(SHOWN) as f64;
        body.push_str(&text(x, top - 8.0, "small", &caption));
        body.push_str(&matrix(sheet, [x, top], step));
        high = f64::max(high, bottom);
        if rows > SHOWN || sheet.columns > SHOWN {
            body.push_str(&text(x, bottom + 14.0, "small", "cut"));
            high = f64::max(high, bottom + 18.0);
        }
        x += slot + GAP;
    }
    Drawn { body, high }
}

fn matrix(sheet: &Sheet, [left, top]: [f64; 2], step: f64) -> String {
    let side = if step > 5.0 { step - 1.5 } else { step - 0.3 };
    let of = |class: &str, wanted: fn(&Cell) -> bool| {
        let cells = sheet.rows().take(SHOWN).enumerate().flat_map(|(row, cells)| {
            let those = cells.iter().take(SHOWN).enumerate().filter(move |(_, cell)| wanted(cell));
            those.map(move |(at, _)| [left + step * at as f64, top + step * row as f64, side, side])
        });
        boxes(class, cells)
    };
    let mut out = of("off", |cell| *cell == Cell::Untouched);
    out.push_str(&of("on", |cell| *cell == Cell::Loaded));
    out.push_str(&of("least", |cell| matches!(cell, Cell::Written(_) | Cell::Updated(_))));
    for (row, cells) in sheet.rows().take(SHOWN).enumerate() {
        for (at, cell) in cells.iter().take(SHOWN).enumerate() {
            if let Cell::Written(n) | Cell::Updated(n) = cell
                && n.to_string().len() as f64 * LETTER <= side
                && side >= 13.0
            {
                let (x, y) = (left + step * at as f64 + side / 2.0, top + step * row as f64 + side / 2.0 + 4.0);
                out.push_str(&text(x, y, "cell middle", &n.to_string()));
            }
        }
    }
    out
}
