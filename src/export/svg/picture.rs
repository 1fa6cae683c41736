//! Pictures of kernels as files of SVG: lanes, memory or tiles.

mod lanes;
mod memory;
mod tiles;

use super::frame::{self, Framed};
use super::plot::{SMALL, wide};
use super::text;
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

/// A picture as a file of its own.
pub fn file(picture: &Picture, source: &str) -> String {
    let Drawn { body, high } = match picture {
        Picture::Lanes(one) => lanes::lanes(one),
        Picture::Sectors(one) => memory::sectors(one),
        Picture::Banks(one) => memory::banks(one),
        Picture::Tiles(one) => tiles::tiles(one),
    };
    let (title, says) = (picture.title(), picture.says());
    let (title, body, says, style) = (title.as_str(), body.as_str(), says.as_slice(), PICTURE_STYLE);
    frame::file(&Framed { title, source, size: (WIDTH, high), body, says, style })
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
