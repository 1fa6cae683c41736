//! What all charts are made of: text that is measured before it is set, axes with a quiet grid, and the room between them.
//! What stands on the axes is drawn elsewhere.

use super::text;
use crate::chart::{Scale, Tick};

/// Every chart is this wide; the page scales it.
pub const WIDTH: f64 = 460.0;
/// Sizes of letters, as in the style.
pub const TEXT: f64 = 12.5;
pub const SMALL: f64 = 11.0;

/// Room between a number and its axis.
const GAP: f64 = 8.0;
/// Room at the right, for half of a mark and half of a number.
const RIGHT: f64 = 12.0;
/// Lines that small text stands on are this far apart.
pub const LINE: f64 = 15.0;

/// Where values are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    pub left: f64,
    pub top: f64,
    pub wide: f64,
    pub high: f64,
}

impl Plot {
    /// The room that axes leave: under `above` for what stands on top, and beside the numbers of the vertical axis.
    pub fn new(above: f64, high: f64, heading: &str, numbers: &[Tick]) -> Self {
        let left = numbers.iter().map(|tick| wide(&tick.text, SMALL)).fold(0.0, f64::max).min(90.0) + GAP;
        let top = above + if heading.is_empty() { 6.0 } else { LINE + 5.0 };
        Self { left, top, wide: WIDTH - RIGHT - left, high }
    }

    /// Where a share of the horizontal axis is.
    pub fn x(&self, share: f64) -> f64 {
        self.left + share * self.wide
    }

    /// Where a share of the vertical axis is.
    pub fn y(&self, share: f64) -> f64 {
        self.top + (1.0 - share) * self.high
    }

    /// Grid, numbers and headings, and where the lowest of them ends. The vertical axis has its heading above it, where it
    /// is read first and needs no turning of the head.
    pub fn axes(&self, x: (&Scale, &str, &str), y: (&[Tick], &str), upright: bool) -> (String, f64) {
        let (scale, unit, below) = x;
        let (bottom, right) = (self.top + self.high, self.left + self.wide);
        let mut out = String::new();
        if !y.1.is_empty() {
            out.push_str(&text(0.0, self.top - 10.0, "small", &short(y.1, WIDTH, SMALL)));
        }
        for tick in y.0 {
            let at = self.y(tick.share);
            out.push_str(&format!("<path class=\"grid\" d=\"M{:.1} {at:.1}H{right:.1}\"/>", self.left));
            out.push_str(&text(
                self.left - GAP,
                at + 4.0,
                "small end",
                &short(&tick.text, self.left - GAP + 1.0, SMALL),
            ));
        }
        for (tick, at) in self.numbers(scale, unit) {
            let x = self.x(tick.share);
            match upright {
                true => out.push_str(&format!("<path class=\"grid\" d=\"M{x:.1} {:.1}V{bottom:.1}\"/>", self.top)),
                false => out.push_str(&format!("<path class=\"axis\" d=\"M{x:.1} {bottom:.1}v4\"/>")),
            }
            out.push_str(&text(at, bottom + 17.0, "small middle", &tick.text));
        }
        out.push_str(&format!("<path class=\"axis\" d=\"M{:.1} {bottom:.1}H{right:.1}\"/>", self.left));
        if below.is_empty() {
            return (out, bottom + 22.0);
        }
        out.push_str(&text(right, bottom + 17.0 + LINE, "small end", &short(below, self.wide, SMALL)));
        (out, bottom + 22.0 + LINE)
    }

    /// Ticks of the horizontal axis, as many as keep apart, with the middle of their text.
    fn numbers(&self, scale: &Scale, unit: &str) -> Vec<(Tick, f64)> {
        for most in (2..=9).rev() {
            let place = |tick: Tick| {
                let half = wide(&tick.text, SMALL) / 2.0;
                let at = self.x(tick.share).clamp(half, (WIDTH - half).max(half));
                (tick, at, half)
            };
            let placed: Vec<(Tick, f64, f64)> = scale.ticks(most, unit).into_iter().map(place).collect();
            if placed.windows(2).all(|pair| pair[0].1 + pair[0].2 + 12.0 <= pair[1].1 - pair[1].2) {
                return placed.into_iter().map(|(tick, at, _)| (tick, at)).collect();
            }
        }
        Vec::new()
    }
}

/// How wide a text is at most, by the widest of the fonts that the style names.
pub fn wide(text: &str, size: f64) -> f64 {
    let share = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.98,
        'A'..='Z' => 0.72,
        c if (c as u32) < 0x1100 => 0.635,
        _ => 1.05,
    };
    text.chars().map(share).sum::<f64>() * size
}

/// `text` in at most `room`, the end left out where it is longer.
pub fn short(text: &str, room: f64, size: f64) -> String {
    if wide(text, size) <= room {
        return text.to_owned();
    }
    let (mut kept, mut used) = (String::new(), size);
    for c in text.chars() {
        used += wide(c.encode_utf8(&mut [0; 4]), size);
        if used > room {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// `text` on lines of at most `room`, broken between words.
pub fn lines(text: &str, room: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = short(word, room, size);
        match lines.last_mut() {
            Some(line) if wide(&format!("{line} {word}"), size) <= room => line.push_str(&format!(" {word}")),
            _ => lines.push(word),
        }
    }
    lines
}
