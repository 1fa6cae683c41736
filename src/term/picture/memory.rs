//! One access to memory in the terminal: sectors as cells of eight words, banks as a strip of 32 columns.

use super::{Canvas, Ink};
use crate::picture::{Banks, Sector, Sectors, W, spans};
use crate::term::Paint;

/// Words of a sector, a column each.
const WORDS: usize = 8;

/// What is fetched, with the lanes below, and what would do.
pub fn sectors(canvas: &Canvas<'_>, sectors: &Sectors) -> Vec<String> {
    let joined = sectors.fetched.windows(2).any(|pair| pair[0].joins(&pair[1]));
    let wasted = sectors.fetched.iter().any(|sector| sector.used != u32::MAX);
    let mut out = canvas.sentence("a block is a sector, 32 bytes that move together; below it, its lanes");
    let waste = wasted.then_some("░ moved for nothing");
    let line = joined.then_some("│ inside one line of 128 bytes");
    let legend: Vec<&str> = ["█ asked for"].into_iter().chain(waste).chain(line).collect();
    out.extend(canvas.legend(&legend));
    out.extend(blocks(canvas, &sectors.fetched, (Some(Paint::Name), Some(Paint::Bad))));
    let least = match sectors.packed.len() {
        1 => "side by side, 1 sector would do:".to_owned(),
        n => format!("side by side, {n} sectors would do:"),
    };
    out.extend(canvas.sentence(&least));
    out.extend(blocks(canvas, &sectors.packed, (Some(Paint::Good), Some(Paint::Dim))));
    out
}

/// Blocks in rows that hold whole lines of 128 bytes where there is room for one.
fn blocks(canvas: &Canvas<'_>, sectors: &[Sector], (used, wasted): (Ink, Ink)) -> Vec<String> {
    let fit = ((canvas.room() + 1) / (WORDS + 1)).max(1);
    let row = if fit >= 4 { fit / 4 * 4 } else { fit };
    let mut out = Vec::new();
    for row in sectors.chunks(row) {
        let (mut cells, mut lanes) = (Vec::new(), String::new());
        for (at, sector) in row.iter().enumerate() {
            cells.extend((0..WORDS).map(|word| match sector.used >> (4 * word) & 0xf {
                0 => (wasted, "░".to_owned()),
                0x3 => (used, "▌".to_owned()),
                0xc => (used, "▐".to_owned()),
                _ => (used, "█".to_owned()),
            }));
            let joined = row.get(at + 1).is_some_and(|next| sector.joins(next));
            cells.push(if joined { (Some(Paint::Dim), "│".to_owned()) } else { (None, " ".to_owned()) });
            let names = spans(sector.lanes).replace(' ', "");
            let names = if names.len() > WORDS { format!("{} lanes", sector.lanes.count_ones()) } else { names };
            lanes.push_str(&format!("{names:<width$}", width = WORDS + 1));
        }
        // What follows the last one lies in the next row.
        cells.pop();
        out.push(canvas.paint(cells));
        out.push(canvas.dim(lanes.trim_end()));
    }
    out
}

/// Rows of the tallest bank at most.
const ROWS: usize = 8;

/// How many words are wanted of each bank, and what would do.
pub fn banks(canvas: &Canvas<'_>, banks: &Banks) -> Vec<String> {
    let tallest = banks.tallest().max(1);
    let rows = tallest.min(ROWS);
    let axis = tallest.to_string().len();
    // The strip, the number, the axis.
    let fits = |each: usize| W * each + axis + 2 <= canvas.room();
    let each = if fits(2) { 2 } else { 1 };
    let shown = if fits(each) { W } else { canvas.room().saturating_sub(axis + 2) };
    let tick = |number: String| canvas.dim(format!("{number:>axis$} ┤"));
    let edge = canvas.dim(format!("{:>axis$} │", ""));
    let cell = |words: usize, row: usize, ink: Paint| match eighths(words, tallest, rows, row) {
        0 if row == 0 => (Some(Paint::Dim), "·".repeat(each)),
        0 => (None, " ".repeat(each)),
        part => (Some(ink), ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"][part - 1].repeat(each)),
    };
    let mut out = canvas.sentence("different words that are wanted of each bank");
    for row in (0..rows).rev() {
        let ink = |words: usize| if words > 1 { Paint::Bad } else { Paint::Name };
        let strip = canvas.paint(banks.banks[..shown].iter().map(|bank| cell(bank.words, row, ink(bank.words))));
        let number = row + 1 == rows || row == 0 && rows == tallest;
        let left = if number { tick((if row == 0 { 1 } else { tallest }).to_string()) } else { edge.clone() };
        out.push(format!("{left}{strip}"));
    }
    let below = " ".repeat(axis + 2);
    if shown == W {
        out.push(format!("{below}{}", canvas.ruler(each)));
    }
    let all: usize = banks.banks.iter().map(|bank| bank.words).sum();
    let least = all.div_ceil(W).max(1);
    let spread = |bank: usize| if bank < all { 1 } else { 0 };
    out.extend(canvas.sentence("the same words, spread over all banks:"));
    let strip = canvas.paint((0..shown).map(|bank| cell(spread(bank), 0, Paint::Good)));
    out.push(format!("{}{strip}", tick(least.to_string())));
    out
}

/// How much of a row of the strip a bank fills, in eighths; a word is always seen.
fn eighths(words: usize, tallest: usize, rows: usize, row: usize) -> usize {
    let high = (words * rows * 8).div_ceil(tallest);
    high.saturating_sub(8 * row).min(8)
}
