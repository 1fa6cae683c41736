//! Pictures as inline SVG: the calendar and the calibration here, charts below. Colours come from the page's classes, so
//! that they follow light and dark; labels are escaped here.

mod chart;
mod frame;
mod picture;
mod plane;
mod plot;
mod spans;

pub use chart::{STYLE, chart, file};
pub use picture::file as picture_file;

use super::html::escape;
use crate::grading::plain;
use crate::progress::Guess;
use crate::study::calibration::{factor, family};
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use std::collections::BTreeMap;

/// Edge of a day, with its gap.
const CELL: usize = 16;
const WEEKS: i64 = 53;

/// Minutes by day as squares, one column a week from Monday to Sunday; the last column holds `today`.
pub fn calendar(days: &BTreeMap<Date, f64>, today: Date) -> String {
    let back = |date: Date, span: Span| date.checked_sub(span).unwrap_or(Date::MIN);
    let monday = back(today, i64::from(today.weekday().to_monday_zero_offset()).days());
    let first = back(monday, (WEEKS - 1).weeks());
    let (left, top) = (34, 20);
    let (width, height) = (left + WEEKS as usize * CELL, top + 7 * CELL);
    let mut out = format!(
        "<svg class=\"calendar\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"minutes of work by day\">"
    );
    for (row, name) in [(0, "Mon"), (2, "Wed"), (4, "Fri"), (6, "Sun")] {
        out.push_str(&label(0, top + row * CELL + 11, "small", name));
    }
    let mut free = 0;
    let mut date = first;
    while date <= today {
        let since = (date - first).get_days() as usize;
        let (x, y) = (left + since / 7 * CELL, top + since % 7 * CELL);
        if date.day() <= 7 && since.is_multiple_of(7) && x >= free {
            out.push_str(&label(x, 11, "small", &date.strftime("%b").to_string()));
            free = x + 2 * CELL;
        }
        let minutes = days.get(&date).copied().unwrap_or(0.0);
        let level = [0.0, 15.0, 45.0, 90.0].iter().filter(|bound| minutes > **bound).count();
        let edge = CELL - 3;
        out.push_str(&format!(
            "<rect class=\"heat{level}\" x=\"{x}\" y=\"{y}\" width=\"{edge}\" height=\"{edge}\" rx=\"3\">\
             <title>{date}: {}</title></rect>",
            super::spent(minutes)
        ));
        match date.tomorrow() {
            Ok(next) => date = next,
            Err(_) => break,
        }
    }
    out + "</svg>"
}

/// Given over wanted on a log axis from a tenth to ten times, one row a unit; what lies beyond stands at the edge. Empty
/// where no guess has a factor.
pub fn dots(guesses: &[Guess]) -> String {
    const SHOWN: usize = 400;
    let mut units: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    for guess in guesses.iter().filter(|guess| factor(guess).is_some()) {
        if let (Some(given), Some(wanted)) = (guess.value, guess.wanted) {
            units.entry(family(guess)).or_default().push((given / wanted, guess.right));
        }
    }
    if units.is_empty() {
        return String::new();
    }
    let (left, width, row, top) = (120.0, 820.0, 34.0, 8.0);
    let bottom = top + row * units.len() as f64;
    let x = |factor: f64| left + (width - left - 24.0) * (factor.log10().clamp(-1.0, 1.0) + 1.0) / 2.0;
    let height = bottom + 26.0;
    let mut out = format!(
        "<svg class=\"wide\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"predictions: given over wanted\">"
    );
    let ticks = [(0.1, "÷ 10"), (0.2, "÷ 5"), (0.5, "÷ 2"), (1.0, "right"), (2.0, "× 2"), (5.0, "× 5"), (10.0, "× 10")];
    for (factor, name) in ticks {
        let class = if factor == 1.0 { "axis" } else { "grid" };
        out.push_str(&format!("<path class=\"{class}\" d=\"M{:.1} {top}V{bottom}\"/>", x(factor)));
        out.push_str(&text(x(factor), bottom + 18.0, "small middle", name));
    }
    for (at, (unit, factors)) in units.iter().enumerate() {
        let y = top + row * (at as f64 + 0.5);
        out.push_str(&text(left - 16.0, y + 4.0, "end", &plot::short(unit, 100.0, plot::TEXT)));
        for (n, (factor, right)) in factors.iter().skip(factors.len().saturating_sub(SHOWN)).enumerate() {
            let class = if *right { "guess good" } else { "guess bad" };
            let shift = [0.0, -6.0, 6.0][n % 3];
            out.push_str(&format!(
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4.5\"><title>{} times the right answer</title></circle>",
                x(*factor),
                y + shift,
                plain(*factor, 3)
            ));
        }
    }
    out + "</svg>"
}

fn text(x: f64, y: f64, class: &str, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(words))
}

fn label(x: usize, y: usize, class: &str, words: &str) -> String {
    text(x as f64, y as f64, class, words)
}
