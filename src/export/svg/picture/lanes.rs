//! Lanes by time as SVG: the source line, a band of 32 cells, the share of lanes, and how often.

use super::super::plot::{SMALL, short, wide};
use super::super::text;
use super::{CODE, Drawn, WIDTH, boxes, legend, named};
use crate::picture::{Edge, Lanes, Row, W, spans};

/// From one row to the next, and the height of a band.
const ROW: f64 = 17.0;
const BAND: f64 = 13.0;
/// From one lane to the next, and how wide it is.
const STEP: f64 = 9.0;
const LANE: f64 = 8.0;
/// Names of places longer than this are cut.
const PLACE: f64 = 110.0;
/// Columns of numbers right of the band.
const PERCENT: f64 = 38.0;
const LOOP: f64 = 10.0;

/// Rows from above in the order of time.
pub fn lanes(lanes: &Lanes) -> Drawn {
    const TOP: f64 = 42.0;
    let place = lanes.rows.iter().map(|row| wide(&row.place, SMALL)).fold(0.0, f64::max).min(PLACE);
    let times = lanes.rows.iter().map(|row| wide(&times(row), SMALL)).fold(0.0, f64::max) + 8.0;
    let looped = lanes.rows.iter().any(|row| row.edge != Edge::None);
    let right = PERCENT + if looped { LOOP } else { 0.0 } + times;
    let (code, band) = (place + 12.0, WIDTH - right - STEP * W as f64);
    let letters = ((band - code - 10.0) / CODE).max(0.0) as usize;
    let mut body = legend(11.0, &[("on", "lane on"), ("off", "off, and paid for all the same")]);
    for lane in [0, 8, 16, 24, 31] {
        let x = band + STEP * f64::from(lane) + LANE / 2.0;
        body.push_str(&text(x, TOP - 6.0, "small middle", &lane.to_string()));
    }
    for (at, row) in lanes.rows.iter().enumerate() {
        let (y, base) = (TOP + ROW * at as f64, TOP + ROW * at as f64 + 10.5);
        body.push_str(&text(place, base, "small end", &short(&row.place, place + 0.1, SMALL)));
        let indent = row.text.chars().take_while(|c| *c == ' ').count().min(letters);
        let words = cut(row.text.trim_start(), letters - indent);
        if !words.is_empty() {
            body.push_str(&text(code + CODE * indent as f64, base, "code", &words));
        }
        body.push_str(&cells(row, band, y));
        let class = if row.percent() < 100 { "lost end" } else { "small end" };
        body.push_str(&text(WIDTH - right + PERCENT - 4.0, base, class, &format!("{}%", row.percent())));
        body.push_str(&edge(row.edge, WIDTH - right + PERCENT, y));
        if row.times > 1 {
            body.push_str(&text(WIDTH - times + 4.0, base, "small", &self::times(row)));
        }
    }
    Drawn { body, high: TOP + ROW * lanes.rows.len() as f64 }
}

fn times(row: &Row) -> String {
    if row.times > 1 { format!("×{}", row.times) } else { String::new() }
}

fn cells(row: &Row, left: f64, y: f64) -> String {
    let lanes = |on: u32| {
        let those = (0..W).filter(move |lane| row.mask >> lane & 1 == on);
        those.map(move |lane| [left + STEP * lane as f64, y, LANE, BAND])
    };
    let on = if row.mask == 0 { "no lane".to_owned() } else { format!("lanes {}", spans(row.mask)) };
    let words = format!("line {}: {on}", row.place);
    format!("{}{}", boxes("off", lanes(0)), named("on", &words, lanes(1)))
}

/// The bracket around a loop.
fn edge(edge: Edge, x: f64, y: f64) -> String {
    let (middle, end) = (y + ROW / 2.0 - 2.0, y + ROW - 2.0);
    let way = match edge {
        Edge::None => return String::new(),
        Edge::First => format!("M{x:.1} {middle:.1}h5V{end:.1}"),
        Edge::Inside => format!("M{:.1} {:.1}V{end:.1}", x + 5.0, y - 2.0),
        Edge::Last => format!("M{:.1} {:.1}V{middle:.1}h-5", x + 5.0, y - 2.0),
    };
    format!("<path class=\"loop\" d=\"{way}\"/>")
}

/// At most so many letters.
fn cut(words: &str, letters: usize) -> String {
    // Letters of the far east are twice as wide.
    let columns = |c: char| if (c as u32) < 0x1100 { 1 } else { 2 };
    if words.chars().map(columns).sum::<usize>() <= letters {
        return words.to_owned();
    }
    let mut left = letters.saturating_sub(1);
    let kept = words.chars().take_while(|c| {
        let fits = columns(*c) <= left;
        left = left.saturating_sub(columns(*c));
        fits
    });
    let kept: String = kept.collect();
    if letters == 0 { String::new() } else { format!("{}…", kept.trim_end()) }
}
