//! Charts in the terminal: bars and histograms here, planes and spans below. No line is wider than the screen, and nothing is told by
//! colour alone.

mod canvas;
mod plane;
mod spans;

use super::{Paint, Screen};
use crate::grading::plain;
use crate::verdict::Chart;
use textwrap::core::display_width;

/// A chart of at most the screen's width.
pub fn chart(screen: &Screen, chart: &Chart) -> String {
    let out = match chart {
        Chart::Bars { title, unit, rows } => bars(screen, title, &clean(screen, unit), rows),
        Chart::Plane { title, x, y, series } => plane::plane(screen, title, x, y, series),
        Chart::Spans { title, unit, lanes } => spans::spans(screen, title, &clean(screen, unit), lanes),
        Chart::Histogram { title, unit, low, high, counts, marks } => {
            let axis = Axis { low: *low, high: *high, unit: &clean(screen, unit) };
            histogram(screen, title, &axis, counts, marks)
        }
    };
    screen.encoded(&out)
}

/// Bars longer than this say no more.
const LONGEST: usize = 50;
/// Bars shorter than this say nothing: the names then stand above them.
const SHORTEST: usize = 8;

fn bars(screen: &Screen, title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    if rows.is_empty() {
        return heading(screen, &format!("{title}: no values"));
    }
    let room = screen.width - indent(screen).len();
    let widest = |texts: &[String]| texts.iter().map(|text| display_width(text)).max().unwrap_or(0);
    let names: Vec<String> = rows.iter().map(|(name, _)| clean(screen, name)).collect();
    let mut numbers: Vec<String> = rows.iter().map(|(_, value)| number(*value, unit)).collect();
    let mut title = title.to_owned();
    if widest(&numbers) + SHORTEST >= room {
        numbers = rows.iter().map(|(_, value)| number(*value, "")).collect();
        title = format!("{title} ({unit})");
    }
    let (name, digits) = (widest(&names), widest(&numbers));
    let beside = name + 2 + SHORTEST + 1 + digits <= room;
    let length = (room - digits - 1 - if beside { name + 2 } else { 0 }).min(LONGEST);
    let most = rows.iter().map(|(_, value)| *value).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let mut out = heading(screen, &title);
    for ((name_text, number), (_, value)) in names.iter().zip(&numbers).zip(rows) {
        let share = if most > 0.0 && value.is_finite() { (value / most).max(0.0) } else { 0.0 };
        let eighths = (share * (length * 8) as f64).round() as usize;
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
        let bar = format!("{}{part}", "█".repeat(eighths / 8));
        let cells = " ".repeat(length + 1 - bar.chars().count());
        let lead = match beside {
            true => format!("{name_text}{}", " ".repeat(name + 2 - display_width(name_text))),
            false => format!("{}\n{}", cut(name_text, room), indent(screen)),
        };
        out.push_str(&format!("{}{lead}{}{cells}{number}\n", indent(screen), screen.paint(Paint::Name, &bar)));
    }
    out
}

fn number(value: f64, unit: &str) -> String {
    if value.is_finite() { format!("{} {unit}", plain(value, 5)).trim_end().to_owned() } else { "no number".to_owned() }
}

struct Axis<'a> {
    low: f64,
    high: f64,
    unit: &'a str,
}

const ROWS: usize = 6;
/// Few bins are drawn as wide as makes a picture.
const PICTURE: usize = 64;

/// Heights are logarithmic: tails are what a histogram of activations is looked at for.
fn histogram(screen: &Screen, title: &str, axis: &Axis<'_>, counts: &[u64], marks: &[(String, f64)]) -> String {
    if counts.is_empty() {
        return heading(screen, &format!("{title}: no values"));
    }
    let room = screen.width - indent(screen).len();
    let (per, repeat) = (counts.len().div_ceil(room), (room.min(PICTURE) / counts.len()).max(1));
    let sums = counts.chunks(per).map(|chunk| chunk.iter().map(|count| *count as f64).sum());
    let columns: Vec<f64> = sums.flat_map(|sum: f64| std::iter::repeat_n(sum, repeat)).collect();
    let tallest = columns.iter().map(|c| c.ln_1p()).fold(0.0, f64::max).max(1e-9);
    let height = |count: f64| (count.ln_1p() / tallest * (ROWS * 8) as f64).ceil() as usize;
    let mut out = heading(screen, &format!("{title} (log scale)"));
    for row in (0..ROWS).rev() {
        let cells: String = columns
            .iter()
            .map(|&count| match height(count).saturating_sub(row * 8) {
                0 => ' ',
                part if part < 8 => ['▁', '▂', '▃', '▄', '▅', '▆', '▇'][part - 1],
                _ => '█',
            })
            .collect();
        out.push_str(&format!("{}{}\n", indent(screen), screen.paint(Paint::Name, cells.trim_end())));
    }
    out.push_str(&format!("{}{}\n", indent(screen), "─".repeat(columns.len())));
    let place = |value: f64| {
        let share = (value - axis.low) / (axis.high - axis.low).max(f64::MIN_POSITIVE);
        (share * columns.len() as f64).floor().clamp(0.0, columns.len() as f64 - 1.0) as usize
    };
    for (name, value) in marks {
        let at = place(*value);
        let text = clean(screen, format!("{name} {}", number(*value, axis.unit)).trim());
        let (left, right) = (at.saturating_sub(1), room.saturating_sub(at + 2));
        let line = match display_width(&text) {
            wide if wide <= right => format!("{}▲ {text}", " ".repeat(at)),
            wide if wide <= left => format!("{}{text} ▲", " ".repeat(left - wide)),
            _ => format!("{}▲\n{}{}", " ".repeat(at), indent(screen), cut(&text, room)),
        };
        out.push_str(&format!("{}{}\n", indent(screen), line.trim_end()));
    }
    let (low, high) = (number(axis.low, ""), number(axis.high, axis.unit));
    let gap = columns.len().saturating_sub(low.len() + display_width(&high)).max(1);
    let ends = cut(&format!("{low}{}{high}", " ".repeat(gap)), room);
    out.push_str(&format!("{}{}\n", indent(screen), screen.paint(Paint::Dim, ends)));
    out
}

/// What a chart shows, in bold, on as many lines as it needs.
fn heading(screen: &Screen, title: &str) -> String {
    let lines = screen.wrap("", "", &clean(screen, title));
    lines.lines().map(|line| format!("{}\n", screen.paint(Paint::Bold, line))).collect()
}

/// Charts stand in from what is said about them where there is room.
fn indent(screen: &Screen) -> &'static str {
    if screen.width < 30 { "" } else { "  " }
}

/// Text on one line that this screen can show.
fn clean(screen: &Screen, text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    screen.encoded(text.trim())
}

/// `text` in at most `room` columns, the end left out where it is longer.
fn cut(text: &str, room: usize) -> String {
    if display_width(text) <= room {
        return text.to_owned();
    }
    let dots = ".".repeat(room.min(2));
    let mut kept = String::new();
    for c in text.chars() {
        let longer = format!("{kept}{c}");
        if display_width(&longer) + dots.len() > room {
            break;
        }
        kept = longer;
    }
    format!("{}{dots}", kept.trim_end())
}
