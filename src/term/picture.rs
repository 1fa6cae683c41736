//! Pictures of kernels in the terminal. No line is wider than the screen, and nothing is told by colour alone.

mod lanes;
mod memory;
mod tiles;

use super::{Paint, Screen};
use crate::picture::Picture;
use textwrap::core::display_width;

/// A picture of at most the screen's width, which has 8 columns at least.
pub fn picture(screen: &Screen, picture: &Picture) -> String {
    let canvas = Canvas { screen, indent: if screen.width < 30 { "" } else { "  " } };
    let body = match picture {
        Picture::Lanes(one) => lanes::lanes(&canvas, one),
        Picture::Sectors(one) => memory::sectors(&canvas, one),
        Picture::Banks(one) => memory::banks(&canvas, one),
        Picture::Tiles(one) => tiles::tiles(&canvas, one),
    };
    let mut out = String::new();
    for line in screen.wrap("", "", &canvas.clean(&picture.title())).lines() {
        out.push_str(&format!("{}\n", screen.paint(Paint::Bold, line)));
    }
    for line in body {
        out.push_str(format!("{}{line}", canvas.indent).trim_end());
        out.push('\n');
    }
    for sentence in picture.says() {
        out.push_str(&format!("{}\n", screen.wrap(canvas.indent, canvas.indent, &canvas.clean(&sentence))));
    }
    screen.encoded(&out)
}

/// Where a picture is drawn.
struct Canvas<'a> {
    screen: &'a Screen,
    indent: &'static str,
}

/// What a piece of a line is painted with.
type Ink = Option<Paint>;

impl Canvas<'_> {
    /// Columns right of the indent.
    fn room(&self) -> usize {
        self.screen.width - self.indent.len()
    }

    fn dim(&self, text: impl AsRef<str>) -> String {
        self.screen.paint(Paint::Dim, text)
    }

    /// Text on one line that this screen can show.
    fn clean(&self, text: &str) -> String {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.screen.encoded(text.trim_end())
    }

    /// `text` in exactly `columns`, the end left out or spaces added.
    fn fit(&self, text: &str, columns: usize) -> String {
        let text = self.clean(text);
        let cut = display_width(&text) > columns;
        let (room, end) =
            if cut { (columns.saturating_sub(2), ".".repeat(columns.min(2))) } else { (columns, String::new()) };
        let mut kept = String::new();
        for c in text.chars() {
            let longer = format!("{kept}{c}");
            if display_width(&longer) > room {
                break;
            }
            kept = longer;
        }
        let kept = format!("{kept}{end}");
        let spaces = columns.saturating_sub(display_width(&kept));
        format!("{kept}{}", " ".repeat(spaces))
    }

    /// Pieces in their colours; neighbours of one colour are painted together.
    fn paint(&self, pieces: impl IntoIterator<Item = (Ink, String)>) -> String {
        let mut runs: Vec<(Ink, String)> = Vec::new();
        for (ink, text) in pieces {
            match runs.last_mut() {
                Some((last, run)) if *last == ink => run.push_str(&text),
                _ => runs.push((ink, text)),
            }
        }
        let painted = |(ink, text): (Ink, String)| match ink {
            Some(paint) => self.screen.paint(paint, text),
            None => text,
        };
        runs.into_iter().map(painted).collect()
    }

    /// What signs mean, as many on a line as it holds.
    fn legend(&self, entries: &[&str]) -> Vec<String> {
        const GAP: &str = "   ";
        let mut lines: Vec<String> = Vec::new();
        for entry in entries {
            let entry = self.fit(entry, display_width(&self.clean(entry)).min(self.room()));
            match lines.last_mut() {
                Some(line) if display_width(line) + GAP.len() + display_width(&entry) <= self.room() => {
                    line.push_str(&format!("{GAP}{entry}"));
                }
                _ => lines.push(entry),
            }
        }
        lines.iter().map(|line| self.dim(line)).collect()
    }

    /// A sentence inside of the picture.
    fn sentence(&self, text: &str) -> Vec<String> {
        let screen = Screen { width: self.room(), ..*self.screen };
        screen.wrap("", "", &self.clean(text)).lines().map(|line| self.dim(line)).collect()
    }

    /// The numbers of 32 lanes or banks, each so many columns wide.
    fn ruler(&self, each: usize) -> String {
        let mut out = String::new();
        for number in [0, 8, 16, 24] {
            out.push_str(&format!("{number:<width$}", width = 8 * each));
        }
        out.truncate(32 * each - 2);
        self.dim(out + "31")
    }
}
