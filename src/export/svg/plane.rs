//! Points and lines over two axes: a legend, the lines, the marks, and the names that have room.

use super::chart::{Picture, sentence};
use super::plot::{LINE, Plot, SMALL, WIDTH, lines, short, wide};
use super::text;
use crate::chart::{Area, Drawn, Frame, Segment, Spot, Tick, frame, heading, place};
use crate::export::html::escape;
use crate::grading::plain;
use crate::verdict::{Axis, Mark, Series};

const HIGH: f64 = 230.0;
const TICKS_UP: usize = 6;
const COLORS: usize = 6;
const DASHES: usize = 4;
/// Where a line has so many points that their marks would hide it, they stand at least so far apart.
const APART: f64 = 48.0;
/// What a mark needs.
const MARK: f64 = 12.0;
/// Names longer than this are cut.
const LONGEST: f64 = 150.0;
/// The size of names, as in the style.
const NAME: f64 = 11.5;

/// The chart, or a sentence where nothing can be drawn.
pub fn plane(x: &Axis, y: &Axis, series: &[Series]) -> Picture {
    let frame = match frame(x, y, series) {
        Ok(frame) => frame,
        Err(why) => return sentence(&why),
    };
    let (mut body, above) = legend(&frame);
    let ticks: Vec<Tick> = frame.y.ticks(TICKS_UP, &y.unit);
    let plot = Plot::new(above, HIGH, &heading(y), &ticks);
    let (axes, mut bottom) = plot.axes((&frame.x, &x.unit, &heading(x)), (&ticks, &heading(y)), true);
    body.push_str(&axes);
    let mut segments = Vec::new();
    for theory in [true, false] {
        for series in frame.series.iter().filter(|one| (one.mark == Mark::Theory) == theory && one.mark != Mark::Dots) {
            for run in &series.runs {
                let way: Vec<(f64, f64)> = run.iter().map(|spot| (plot.x(spot.x), plot.y(spot.y))).collect();
                segments.extend(way.windows(2).map(|pair| Segment { from: pair[0], to: pair[1] }));
                let corners: Vec<String> = way.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
                body.push_str(&format!("<path class=\"{}\" d=\"M{}\"/>", class(series), corners.join("L")));
            }
        }
    }
    for series in frame.series.iter().filter(|series| series.mark != Mark::Theory) {
        let all = series.mark == Mark::Dots || series.spots().count() as f64 * MARK < plot.wide;
        let mut last: Option<f64> = None;
        for spot in series.spots() {
            let at = plot.x(spot.x);
            if all || last.is_none_or(|last| (at - last).abs() >= APART) || !spot.point.label.is_empty() {
                body.push_str(&mark(series.look, at, plot.y(spot.y), &told(series, spot, x, y)));
                last = Some(at);
            }
        }
    }
    body.push_str(&names(&frame, &plot, &segments));
    if !frame.left_out.is_empty() {
        for line in lines(&format!("not drawn: {}", frame.left_out), WIDTH, SMALL) {
            bottom += LINE;
            body.push_str(&text(0.0, bottom - 5.0, "small", &line));
        }
    }
    Picture { high: bottom, body }
}

fn class(series: &Drawn<'_>) -> String {
    match (series.mark, series.of) {
        (Mark::Theory, Some(look)) => format!("theory t{} s{}", series.look % DASHES, look % COLORS),
        (Mark::Theory, None) => format!("theory t{}", series.look % DASHES),
        _ => format!("line s{}", series.look % COLORS),
    }
}

/// A mark with what a reader sees when pointing at it: a circle, diamond, triangle or square.
fn mark(look: usize, x: f64, y: f64, told: &str) -> String {
    let class = format!("dot s{}", look % COLORS);
    let path = match look % 4 {
        0 => return format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.2\">{told}</circle>"),
        1 => format!("M{x:.1} {:.1}l5.2 5.2l-5.2 5.2l-5.2 -5.2z", y - 5.2),
        2 => format!("M{x:.1} {:.1}l5 8.4h-10z", y - 5.4),
        _ => format!("M{:.1} {:.1}h7.6v7.6h-7.6z", x - 3.8, y - 3.8),
    };
    format!("<path class=\"{class}\" d=\"{path}\">{told}</path>")
}

fn told(series: &Drawn<'_>, spot: &Spot<'_>, x: &Axis, y: &Axis) -> String {
    let who = [series.name.as_str(), spot.point.label.as_str()];
    let who = who.into_iter().filter(|name| !name.trim().is_empty()).collect::<Vec<_>>().join(", ");
    let number = |value: f64, axis: &Axis| format!("{} {}", plain(value, 4), axis.unit).trim_end().to_owned();
    let (x, y) = (number(spot.point.x, x), number(spot.point.y, y));
    let who = if who.is_empty() { who } else { format!("{who}: ") };
    format!("<title>{}</title>", escape(&format!("{who}{y} at {x}")))
}

/// A piece of each series with its name, and how high they stand.
fn legend(frame: &Frame<'_>) -> (String, f64) {
    const GAP: f64 = 18.0;
    let (mut out, mut x, mut y) = (String::new(), 0.0, 0.0);
    for series in frame.series.iter().filter(|series| !series.name.trim().is_empty()) {
        let piece = if series.mark == Mark::Dots { 11.0 } else { 26.0 };
        let name = short(&series.name, WIDTH - piece - 6.0, SMALL);
        let wide = piece + 6.0 + wide(&name, SMALL);
        if x > 0.0 && x + wide > WIDTH {
            (x, y) = (0.0, y + 18.0);
        }
        let middle = y + 8.0;
        if series.mark != Mark::Dots {
            out.push_str(&format!("<path class=\"{}\" d=\"M{x:.1} {middle:.1}h{piece}\"/>", class(series)));
        }
        if series.mark != Mark::Theory {
            out.push_str(&mark(series.look, x + piece / 2.0, middle, ""));
        }
        out.push_str(&text(x + piece + 6.0, middle + 4.0, "small", &name));
        x += wide + GAP;
    }
    if out.is_empty() { (out, 0.0) } else { (out, y + 24.0) }
}

/// The names of points, where there is room.
fn names(frame: &Frame<'_>, plot: &Plot, lines: &[Segment]) -> String {
    const TALL: f64 = 13.0;
    let all = || frame.series.iter().flat_map(|series| series.spots().map(move |spot| (series.mark, spot)));
    let at = |spot: &Spot<'_>| (plot.x(spot.x), plot.y(spot.y));
    let box_of = |(x, y): (f64, f64)| Area { x: x - 5.0, y: y - 5.0, wide: 10.0, high: 10.0 };
    let marks: Vec<Area> = all().filter(|(mark, _)| *mark != Mark::Theory).map(|(_, spot)| box_of(at(spot))).collect();
    let named: Vec<(&Spot<'_>, String)> = all()
        .filter(|(_, spot)| !spot.point.label.trim().is_empty())
        .map(|(_, spot)| (spot, short(&spot.point.label, LONGEST, NAME)))
        .collect();
    let places = |(spot, name): &(&Spot<'_>, String)| {
        let ((x, y), wide) = (at(spot), wide(name, NAME));
        let around = [
            (x + 8.0, y - TALL / 2.0),
            (x - wide / 2.0, y - 6.0 - TALL),
            (x - 8.0 - wide, y - TALL / 2.0),
            (x - wide / 2.0, y + 6.0),
            (x + 5.0, y - 6.0 - TALL),
            (x + 5.0, y + 6.0),
            (x - 5.0 - wide, y - 6.0 - TALL),
            (x - 5.0 - wide, y + 6.0),
        ];
        around.into_iter().map(|(x, y)| Area { x, y, wide, high: TALL }).collect()
    };
    let wanted: Vec<Vec<Area>> = named.iter().map(places).collect();
    let whole = Area { x: plot.left, y: plot.top - 6.0, wide: WIDTH - plot.left, high: plot.high + 6.0 };
    let placed = place(whole, &marks, lines, 3.0, &wanted);
    let name = |(found, (_, name)): (Option<Area>, &(&Spot<'_>, String))| {
        found.map(|area| text(area.x, area.y + 10.5, "name", name)).unwrap_or_default()
    };
    placed.into_iter().zip(&named).map(name).collect()
}
