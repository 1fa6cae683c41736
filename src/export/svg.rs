//! Pictures as inline SVG: the calendar, the calibration, bars and histograms. Colours come from the page's classes, so
//! that they follow light and dark; labels are escaped here.

use super::html::escape;
use crate::grading::plain;
use crate::progress::Guess;
use crate::study::calibration::{factor, family};
use crate::verdict::Chart;
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
        out.push_str(&text(left - 16.0, y + 4.0, "end", &short(unit, 16)));
        for (n, (factor, right)) in factors.iter().skip(factors.len().saturating_sub(SHOWN)).enumerate() {
            let class = if *right { "good" } else { "bad" };
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

/// One chart of an experiment.
pub fn chart(chart: &Chart) -> String {
    match chart {
        Chart::Bars { title, unit, rows } => bars(title, unit, rows),
        Chart::Histogram { title, unit, low, high, counts, marks } => {
            histogram(title, unit, (*low, *high), counts, marks)
        }
    }
}

const WIDTH: f64 = 460.0;

fn bars(title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    let longest = rows.iter().map(|(name, _)| name.chars().count().min(26)).max().unwrap_or(0);
    let left = longest as f64 * 6.7 + 12.0;
    let most = rows.iter().map(|(_, value)| *value).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let room = (WIDTH - left - 92.0).max(40.0);
    let mut out = open(title, 26.0 * rows.len() as f64 + 4.0);
    for (at, (name, value)) in rows.iter().enumerate() {
        let y = 26.0 * at as f64;
        let share = if most > 0.0 && value.is_finite() { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let length = (share * room).max(1.0);
        let number = format!("{} {unit}", plain(*value, 5));
        out.push_str(&text(left - 10.0, y + 17.0, "end", &short(name, 26)));
        out.push_str(&format!(
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"17\" rx=\"3\"><title>{}: {}</title></rect>",
            y + 4.0,
            escape(name),
            escape(number.trim_end())
        ));
        out.push_str(&text(left + length + 8.0, y + 17.0, "number", number.trim_end()));
    }
    out + "</svg>"
}

/// Heights are logarithmic: tails are what a histogram of activations is looked at for.
fn histogram(title: &str, unit: &str, (low, high): (f64, f64), counts: &[u64], marks: &[(String, f64)]) -> String {
    let top = 18.0 * marks.len() as f64 + 6.0;
    let tall = 110.0;
    let floor = top + tall;
    let wide = WIDTH - 16.0;
    let step = wide / counts.len().max(1) as f64;
    let most = counts.iter().map(|c| ((*c as f64) + 1.0).ln()).fold(0.0, f64::max).max(1e-9);
    let span = (high - low).max(f64::MIN_POSITIVE);
    let mut out = open(title, floor + 22.0);
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = ((*count as f64) + 1.0).ln() / most * tall;
        let gap = if step > 4.0 { 1.0 } else { 0.0 };
        out.push_str(&format!(
            "<rect class=\"bar\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\"><title>{} to {} {}: {count}</title></rect>",
            8.0 + step * at as f64,
            floor - height,
            step - gap,
            plain(low + span * at as f64 / counts.len() as f64, 4),
            plain(low + span * (at + 1) as f64 / counts.len() as f64, 4),
            escape(unit)
        ));
    }
    out.push_str(&format!("<path class=\"axis\" d=\"M8 {floor}H{}\"/>", WIDTH - 8.0));
    for (at, (name, value)) in marks.iter().enumerate() {
        let share = ((value - low) / span).clamp(0.0, 1.0);
        let x = 8.0 + if share.is_finite() { share } else { 0.0 } * wide;
        let y = 18.0 * at as f64 + 12.0;
        let (class, side) = if x > WIDTH / 2.0 { ("mark end", x - 5.0) } else { ("mark", x + 5.0) };
        out.push_str(&format!("<path class=\"mark\" d=\"M{x:.1} {:.1}V{floor}\"/>", y - 9.0));
        out.push_str(&text(side, y, class, format!("{name} {} {unit}", plain(*value, 4)).trim_end()));
    }
    out.push_str(&text(8.0, floor + 16.0, "small", &plain(low, 4)));
    out.push_str(&text(WIDTH - 8.0, floor + 16.0, "small end", format!("{} {unit}", plain(high, 4)).trim_end()));
    out + "</svg>"
}

fn open(title: &str, height: f64) -> String {
    format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">", escape(title))
}

fn text(x: f64, y: f64, class: &str, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(words))
}

fn label(x: usize, y: usize, class: &str, words: &str) -> String {
    text(x as f64, y as f64, class, words)
}

/// A label that has room.
fn short(words: &str, most: usize) -> String {
    match words.char_indices().nth(most) {
        Some(_) => words.chars().take(most - 1).chain(['…']).collect(),
        None => words.to_owned(),
    }
}
