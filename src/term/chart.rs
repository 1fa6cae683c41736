//! Charts in the terminal: bars and histograms, from measured numbers.

use super::{Paint, Screen};
use crate::grading::plain;
use crate::verdict::Chart;

/// A chart of at most the screen's width.
pub fn chart(screen: &Screen, chart: &Chart) -> String {
    match chart {
        Chart::Bars { title, unit, rows } => bars(screen, title, unit, rows),
        Chart::Histogram { title, unit, low, high, counts, marks } => {
            let axis = Axis { low: *low, high: *high, unit };
            histogram(screen, title, &axis, counts, marks)
        }
    }
}

fn bars(screen: &Screen, title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    let label = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let most = rows.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let room = screen.width.saturating_sub(label + 16).clamp(5, 50);
    let mut out = format!("{}\n", screen.paint(Paint::Bold, title));
    for (name, value) in rows {
        let eighths = if most > 0.0 { (value.max(0.0) / most * room as f64 * 8.0).round() as usize } else { 0 };
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
        let bar = format!("{}{part}", "█".repeat(eighths / 8));
        let pad = " ".repeat(label - name.chars().count());
        let cells = " ".repeat(room + 1 - bar.chars().count().min(room));
        out.push_str(&format!(
            "  {name}{pad}  {}{cells}{} {unit}\n",
            screen.paint(Paint::Name, &bar),
            plain(*value, 5)
        ));
    }
    out
}

struct Axis<'a> {
    low: f64,
    high: f64,
    unit: &'a str,
}

const ROWS: usize = 6;

/// Heights are logarithmic: tails are what a histogram of activations is looked at for.
fn histogram(screen: &Screen, title: &str, axis: &Axis<'_>, counts: &[u64], marks: &[(String, f64)]) -> String {
    if counts.is_empty() {
        return format!("{title}: no values\n");
    }
    let width = counts.len().min(screen.width.saturating_sub(4)).max(1);
    let per = counts.len().div_ceil(width);
    let columns: Vec<u64> = counts.chunks(per).map(|chunk| chunk.iter().sum()).collect();
    let tallest = columns.iter().map(|c| ((c + 1) as f64).ln()).fold(0.0, f64::max).max(1e-9);
    let height = |count: u64| {
        if count == 0 { 0 } else { (((count + 1) as f64).ln() / tallest * (ROWS * 8) as f64).ceil() as usize }
    };
    let mut out = format!("{} (log scale)\n", screen.paint(Paint::Bold, title));
    for row in (0..ROWS).rev() {
        let cells: String = columns
            .iter()
            .map(|&count| match height(count).saturating_sub(row * 8) {
                0 => ' ',
                part if part < 8 => ['▁', '▂', '▃', '▄', '▅', '▆', '▇'][part - 1],
                _ => '█',
            })
            .collect();
        out.push_str(&format!("  {}\n", screen.paint(Paint::Name, cells)));
    }
    out.push_str(&format!("  {}\n", "─".repeat(columns.len())));
    let place = |value: f64| {
        let share = (value - axis.low) / (axis.high - axis.low).max(f64::MIN_POSITIVE);
        (share * columns.len() as f64).floor().clamp(0.0, columns.len() as f64 - 1.0) as usize
    };
    for (name, value) in marks {
        let at = place(*value);
        let text = format!("{name} {} {}", plain(*value, 4), axis.unit);
        let text = text.trim_end();
        let line = match at + 2 + text.chars().count() <= columns.len() {
            true => format!("{}▲ {text}", " ".repeat(at)),
            false => format!("{}{text} ▲", " ".repeat(at.saturating_sub(text.chars().count() + 1))),
        };
        out.push_str(&format!("  {line}\n"));
    }
    let (low, high) = (plain(axis.low, 4), format!("{} {}", plain(axis.high, 4), axis.unit));
    let gap = columns.len().saturating_sub(low.len() + high.trim_end().len());
    out.push_str(&format!(
        "  {}{}{}\n",
        screen.paint(Paint::Dim, &low),
        " ".repeat(gap),
        screen.paint(Paint::Dim, high.trim_end())
    ));
    out
}
