//! Bars and histograms, and the two frames that a chart of any kind is put into: inside a page, or a file of its own.

use super::frame::{self, Framed};
use super::plot::{LINE, Plot, SMALL, TEXT, WIDTH, lines, short, wide};
use super::{plane, spans, text};
use crate::chart::{Scale, Tick};
use crate::export::html::escape;
use crate::grading::plain;
use crate::verdict::Chart;

/// The classes that charts are drawn with.
pub const STYLE: &str = include_str!("chart.css");

/// A chart without its frame.
pub struct Picture {
    /// How high it is.
    pub high: f64,
    /// What is in it.
    pub body: String,
}

/// A chart inside a page, whose style it follows.
pub fn chart(chart: &Chart) -> String {
    let Picture { high, body } = picture(chart);
    let title = escape(chart.title());
    format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {high:.1}\" role=\"img\" aria-label=\"{title}\">{body}</svg>")
}

/// A chart as a file of its own.
pub fn file(chart: &Chart, source: &str) -> String {
    let Picture { high, body } = picture(chart);
    frame::file(&Framed { title: chart.title(), source, size: (WIDTH, high), body: &body, says: &[], style: "" })
}

fn picture(chart: &Chart) -> Picture {
    match chart {
        Chart::Bars { unit, rows, .. } => bars(unit, rows),
        Chart::Histogram { unit, low, high, counts, marks, .. } => histogram(unit, (*low, *high), counts, marks),
        Chart::Plane { x, y, series, .. } => plane::plane(x, y, series),
        Chart::Spans { unit, lanes, .. } => spans::spans(unit, lanes),
    }
}

/// A sentence where a chart would be.
pub fn sentence(words: &str) -> Picture {
    let lines = lines(words, WIDTH, TEXT);
    let body = lines.iter().enumerate().map(|(at, line)| text(0.0, 14.0 + LINE * at as f64, "", line)).collect();
    Picture { high: LINE * lines.len().max(1) as f64 + 6.0, body }
}

/// Names longer than this are cut.
const NAME: f64 = 180.0;
const ROW: f64 = 26.0;

fn bars(unit: &str, rows: &[(String, f64)]) -> Picture {
    if rows.is_empty() {
        return sentence("no values");
    }
    let number = |value: f64, unit: &str| match value.is_finite() {
        true => format!("{} {unit}", plain(value, 5)).trim_end().to_owned(),
        false => "no number".to_owned(),
    };
    let widest = |unit: &str| rows.iter().map(|(_, value)| wide(&number(*value, unit), TEXT)).fold(0.0, f64::max);
    // A long unit is told once.
    let (beside, heading) = if widest(unit) > 130.0 { ("", unit) } else { (unit, "") };
    let left = rows.iter().map(|(name, _)| wide(name, TEXT)).fold(0.0, f64::max).min(NAME) + 10.0;
    let room = WIDTH - left - 8.0 - widest(beside);
    let most = rows.iter().map(|(_, value)| *value).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let top = if heading.is_empty() { 0.0 } else { LINE + 2.0 };
    let mut body = String::new();
    if !heading.is_empty() {
        body.push_str(&text(left, 11.0, "small", &short(heading, WIDTH - left, SMALL)));
    }
    for (at, (name, value)) in rows.iter().enumerate() {
        let y = top + ROW * at as f64;
        let share = if most > 0.0 && value.is_finite() { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let (length, number) = ((share * room).max(1.0), number(*value, beside));
        body.push_str(&text(left - 10.0, y + 17.0, "end", &short(name, NAME, TEXT)));
        body.push_str(&format!(
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"17\" rx=\"3\"><title>{}: {}</title></rect>",
            y + 4.0,
            escape(name),
            escape(&number)
        ));
        body.push_str(&text(left + length + 8.0, y + 17.0, "number", &number));
    }
    Picture { high: top + ROW * rows.len() as f64 + 4.0, body }
}

/// Heights are logarithmic: tails are what a histogram of activations is looked at for.
fn histogram(unit: &str, (low, high): (f64, f64), counts: &[u64], marks: &[(String, f64)]) -> Picture {
    if counts.is_empty() || !(low.is_finite() && high.is_finite() && low <= high) {
        return sentence("no values");
    }
    let most = counts.iter().map(|count| *count as f64).fold(1.0, f64::max);
    let share = |count: f64| count.ln_1p() / most.ln_1p();
    // A tenth of the height is what a number needs.
    let each = (0.1 * most.ln_1p() / 10f64.ln()).ceil().max(1.0) as usize;
    let powers = (0..20).step_by(each).map(|power| 10f64.powi(power));
    let ticks: Vec<f64> = powers.filter(|count| *count <= most && share(*count) >= 0.1).collect();
    let ticks: Vec<Tick> = std::iter::once(Tick { share: 0.0, text: "0".to_owned() })
        .chain(ticks.into_iter().map(|count| Tick { share: share(count), text: Scale::number(count) }))
        .collect();
    let scale = Scale::exactly(low, high);
    let above = LINE + 3.0 + 17.0 * marks.len() as f64;
    let plot = Plot { top: above + 4.0, ..Plot::new(0.0, 150.0, "", &ticks) };
    let (mut body, bottom) = plot.axes((&scale, unit, unit), (&ticks, ""), false);
    body.push_str(&text(0.0, 11.0, "small", "values a bin, log scale"));
    let step = plot.wide / counts.len() as f64;
    let gap = if step > 4.0 { 1.0 } else { 0.0 };
    let edge = |bin: usize| plain(low + (high - low) * (bin as f64 / counts.len() as f64), 4);
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let y = plot.y(share(*count as f64));
        body.push_str(&format!(
            "<rect class=\"bar\" x=\"{:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\"><title>{} to {} {}: {count}</title></rect>",
            plot.left + step * at as f64,
            step - gap,
            plot.top + plot.high - y,
            edge(at),
            edge(at + 1),
            escape(unit)
        ));
    }
    for (at, (name, value)) in marks.iter().enumerate() {
        let x = plot.x(scale.share(*value));
        let y = LINE + 3.0 + 17.0 * at as f64 + 11.0;
        let number = if value.is_finite() { format!("{} {unit}", plain(*value, 4)) } else { "no number".to_owned() };
        let words = format!("{name} {}", number.trim_end());
        let ends = x > WIDTH / 2.0;
        let (class, side, room) =
            if ends { ("mark end", x - 5.0, x - 5.0) } else { ("mark", x + 5.0, WIDTH - x - 5.0) };
        body.push_str(&format!("<path class=\"mark\" d=\"M{x:.1} {:.1}V{:.1}\"/>", y - 9.0, plot.top + plot.high));
        body.push_str(&text(side, y, class, &short(&words, room, TEXT)));
    }
    Picture { high: bottom, body }
}
