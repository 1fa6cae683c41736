//! Lanes of spans as SVG: a band a lane, colours by kind, a legend above and one axis below.

use super::chart::{Picture, sentence};
use super::plot::{Plot, SMALL, TEXT, WIDTH, short, wide};
use super::text;
use crate::chart::{Lanes, Placed, lanes};
use crate::export::html::escape;
use crate::grading::plain;
use crate::verdict::Lane;

/// From one lane to the next, and the height of a band.
const ROW: f64 = 24.0;
const BAND: f64 = 17.0;
/// Names longer than this are cut.
const NAME: f64 = 120.0;
const COLORS: usize = 6;
/// A span that is shorter is drawn so long.
const LEAST: f64 = 0.6;

/// The chart, or a sentence where there is nothing to draw.
pub fn spans(unit: &str, all: &[Lane]) -> Picture {
    let Some(drawn) = lanes(all) else { return sentence("nothing lasted") };
    let (mut body, above) = legend(&drawn);
    let left = drawn.rows.iter().map(|row| wide(row.name, TEXT)).fold(0.0, f64::max).min(NAME) + 10.0;
    let plot = Plot { left, top: above, wide: WIDTH - left - 12.0, high: ROW * drawn.rows.len() as f64 };
    let (axes, bottom) = plot.axes((&drawn.scale, unit, unit), (&[], ""), true);
    body.push_str(&axes);
    for (at, row) in drawn.rows.iter().enumerate() {
        let y = plot.top + ROW * at as f64;
        body.push_str(&text(left - 10.0, y + 15.0, "end", &short(row.name, NAME, TEXT)));
        body.extend(row.spans.iter().map(|placed| band(placed, &plot, y + (ROW - BAND) / 2.0, unit)));
    }
    Picture { high: bottom, body }
}

/// A span, and what it is when pointed at.
fn band(placed: &Placed<'_>, plot: &Plot, y: f64, unit: &str) -> String {
    let (from, to) = (plot.x(placed.from), plot.x(placed.to));
    let number = |value: f64| format!("{} {unit}", plain(value, 5)).trim_end().to_owned();
    let told = format!(
        "{}: {} from {}",
        placed.span.kind,
        number(placed.span.to - placed.span.from),
        number(placed.span.from)
    );
    format!(
        "<rect class=\"span s{}\" x=\"{from:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"{BAND}\"><title>{}</title></rect>",
        placed.kind % COLORS,
        (to - from).max(LEAST),
        escape(told.trim())
    )
}

/// A square of each kind with its name, and how high they stand.
fn legend(drawn: &Lanes<'_>) -> (String, f64) {
    const PIECE: f64 = 17.0;
    let (mut out, mut x, mut y) = (String::new(), 0.0, 0.0);
    for (kind, name) in drawn.kinds.iter().enumerate().filter(|(_, name)| !name.trim().is_empty()) {
        let name = short(name, WIDTH - PIECE, SMALL);
        let wide = PIECE + wide(&name, SMALL);
        if x > 0.0 && x + wide > WIDTH {
            (x, y) = (0.0, y + 18.0);
        }
        out.push_str(&format!(
            "<rect class=\"span s{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"11\" height=\"11\"/>",
            kind % COLORS
        ));
        out.push_str(&text(x + PIECE, y + 10.0, "small", &name));
        x += wide + 18.0;
    }
    if out.is_empty() { (out, 4.0) } else { (out, y + 24.0) }
}
