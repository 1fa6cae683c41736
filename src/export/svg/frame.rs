//! A drawing as a file that needs nothing else, with what it shows and, small, where that comes from. It follows light and
//! dark.

use super::super::colors::written_out;
use super::plot::{LINE, SMALL, TEXT, lines};
use super::{STYLE, text};
use crate::export::html::escape;

const STYLE_OF_FILE: &str =
    ".card { fill: var(--card); stroke: var(--line); }\n.title { font-size: 15px; font-weight: 600; }\n";
const EDGE: f64 = 22.0;
/// A reader sees it at one and a half times its size.
const ZOOM: f64 = 1.5;
const BOLD: f64 = 15.0;

/// What stands in a frame.
pub struct Framed<'a> {
    /// What it shows.
    pub title: &'a str,
    /// Where that comes from.
    pub source: &'a str,
    /// How wide the drawing is, and how high.
    pub size: (f64, f64),
    /// The drawing.
    pub body: &'a str,
    /// Sentences below it.
    pub says: &'a [String],
    /// Its classes, in addition to those of charts.
    pub style: &'a str,
}

/// The file.
pub fn file(framed: &Framed<'_>) -> String {
    let (width, height) = framed.size;
    let (mut out, mut y) = (String::new(), EDGE + 11.0);
    // Bold letters are wider.
    for line in lines(framed.title, width / 1.12, BOLD) {
        out.push_str(&text(EDGE, y, "title", &line));
        y += 20.0;
    }
    for line in lines(framed.source, width, SMALL) {
        out.push_str(&text(EDGE, y - 2.0, "small", &line));
        y += LINE;
    }
    out.push_str(&format!(
        "<svg x=\"{EDGE}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height:.1}\" \
         viewBox=\"0 0 {width} {height:.1}\">{}</svg>\n",
        framed.body
    ));
    y += height;
    let says: Vec<String> = framed.says.iter().flat_map(|sentence| lines(sentence, width, TEXT)).collect();
    for line in &says {
        y += LINE + 2.0;
        out.push_str(&text(EDGE, y, "", line));
    }
    let below = if says.is_empty() { -6.0 } else { 0.0 };
    let (wide, high) = (width + 2.0 * EDGE, y + EDGE + below);
    let style = written_out(&format!("{STYLE}{STYLE_OF_FILE}{}", framed.style));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high:.1}\" width=\"{:.0}\" height=\"{:.0}\" role=\"img\" \
         aria-label=\"{}\">\n<style>\n{style}</style>\n<rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"{:.1}\" height=\"{:.1}\" \
         rx=\"10\"/>\n{out}</svg>\n",
        wide * ZOOM,
        high * ZOOM,
        escape(framed.title),
        wide - 1.0,
        high - 1.0
    )
}
