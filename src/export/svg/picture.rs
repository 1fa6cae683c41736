//! Pictures of kernels as files of SVG: the frame with what is shown and said, and inside it lanes, memory or tiles.

mod lanes;
mod memory;
mod tiles;

use super::super::colors::written_out;
use super::plot::{LINE, SMALL, TEXT, lines, wide};
use super::{STYLE, text};
use crate::export::html::escape;
use crate::picture::Picture;

/// The style of pictures, in addition to that of charts.
const PICTURE_STYLE: &str = include_str!("picture.css");
/// How wide a picture is.
const WIDTH: f64 = 640.0;
/// The size of code, and the width of its letters.
const CODE: f64 = 11.0 * 0.62;

/// What is drawn, and how high it is.
struct Drawn {
    body: String,
    high: f64,
}

/// A picture as a file that needs nothing else, with what it shows and, small, where that comes from. It follows light
/// and dark.
pub fn file(picture: &Picture, source: &str) -> String {
    const EDGE: f64 = 24.0;
    /// A reader sees it at one and a half times its size.
    const ZOOM: f64 = 1.5;
    const BOLD: f64 = 15.0;
    let Drawn { body, high } = match picture {
        Picture::Lanes(one) => lanes::lanes(one),
        Picture::Sectors(one) => memory::sectors(one),
        Picture::Banks(one) => memory::banks(one),
        Picture::Tiles(one) => tiles::tiles(one),
    };
    let title = picture.title();
    let (mut out, mut y) = (String::new(), EDGE + 11.0);
    // Bold letters are wider.
    for line in lines(&title, WIDTH / 1.12, BOLD) {
        out.push_str(&text(EDGE, y, "big", &line));
        y += 20.0;
    }
    for line in lines(source, WIDTH, SMALL) {
        out.push_str(&text(EDGE, y - 2.0, "small", &line));
        y += LINE;
    }
    out.push_str(&format!(
        "<svg x=\"{EDGE}\" y=\"{y:.1}\" width=\"{WIDTH}\" height=\"{high:.1}\" \
         viewBox=\"0 0 {WIDTH} {high:.1}\">{body}</svg>\n"
    ));
    y += high + 20.0;
    for line in picture.says().iter().flat_map(|sentence| lines(sentence, WIDTH, TEXT)) {
        out.push_str(&text(EDGE, y, "", &line));
        y += LINE + 2.0;
    }
    let (wide, high) = (WIDTH + 2.0 * EDGE, y + EDGE - LINE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high:.1}\" width=\"{:.0}\" height=\"{:.0}\" \
         role=\"img\" aria-label=\"{}\">\n<style>\n{}</style>\n\
         <rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"{:.1}\" height=\"{:.1}\" \
         rx=\"10\"/>\n{out}</svg>\n",
        wide * ZOOM,
        high * ZOOM,
        escape(&title),
        written_out(&format!("{STYLE}{PICTURE_STYLE}")),
        wide - 1.0,
        high - 1.0
    )
}

/// Upright boxes of one class as one path; nothing for none. Each is x, y, width, height.
fn boxes(class: &str, all: impl IntoIterator<Item = [f64; 4]>) -> String {
    named(class, "", all)
}

/// Boxes with words that a pointer finds.
fn named(class: &str, words: &str, all: impl IntoIterator<Item = [f64; 4]>) -> String {
    let one = |[x, y, wide, high]: [f64; 4]| format!("M{x:.1} {y:.1}h{wide:.1}v{high:.1}h{:.1}z", -wide);
    let way: String = all.into_iter().map(one).collect();
    match (way.is_empty(), words.is_empty()) {
        (true, _) => String::new(),
        (_, true) => format!("<path class=\"{class}\" d=\"{way}\"/>"),
        _ => format!("<path class=\"{class}\" d=\"{way}\"><title>{}</title></path>", escape(words)),
    }
}

/// What colours mean, side by side from the left on the line at `y`.
fn legend(y: f64, entries: &[(&str, &str)]) -> String {
    let (mut out, mut x) = (String::new(), 0.0);
    for (class, words) in entries {
        out.push_str(&boxes(class, [[x, y - 9.0, 10.0, 10.0]]));
        out.push_str(&text(x + 15.0, y, "small", words));
        x += 15.0 + wide(words, SMALL) + 18.0;
    }
    out
}
