//! What a kernel did, as pictures: which lanes were on, which sectors and banks an access touched, which tiles programs
//! load. Worked out once, from the JSON of a launch report; the terminal and SVG draw from it. Launching is not here.

mod access;
mod lanes;
mod programs;
mod tiles;

pub use access::{Access, Bank, Banks, Sector, Sectors};
pub use lanes::{Edge, Lanes, Row};
pub use tiles::{Cell, Sheet, Tiles};

use serde_json::Value;

/// Lanes of a warp, and banks of shared memory.
pub const W: usize = 32;

/// A line of a source file by its path as it was compiled and its number, from 1.
pub type Source<'a> = &'a dyn Fn(&str, u32) -> Option<String>;

/// Something to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Lanes by time.
    Lanes(Lanes),
    /// One access to global memory.
    Sectors(Sectors),
    /// One access to shared memory.
    Banks(Banks),
    /// Programs over matrices.
    Tiles(Tiles),
}

impl Picture {
    /// What it shows, on one line.
    pub fn title(&self) -> String {
        match self {
            Self::Lanes(lanes) => lanes.title(),
            Self::Sectors(sectors) => sectors.title(),
            Self::Banks(banks) => banks.title(),
            Self::Tiles(tiles) => tiles.title.clone(),
        }
    }

    /// What it says, in sentences that stand below it.
    pub fn says(&self) -> Vec<String> {
        match self {
            Self::Lanes(lanes) => lanes.says(),
            Self::Sectors(sectors) => sectors.says(),
            Self::Banks(banks) => banks.says(),
            Self::Tiles(tiles) => tiles.says(),
        }
    }
}

/// The pictures of a launch from the `trace` of its report. Of warps: lanes, where some were off; then the first costly
/// access to global and to shared memory. Of tiles: what the first program touches, and what all do. What is missing or
/// garbled gives no picture.
pub fn pictures(trace: &Value, source: Source<'_>) -> Vec<Picture> {
    let lanes = Lanes::from_trace(trace, source).filter(|lanes| lanes.on < lanes.slots).map(Picture::Lanes);
    let sectors = Sectors::from_trace(trace).map(Picture::Sectors);
    let banks = Banks::from_trace(trace).map(Picture::Banks);
    let tiles = Tiles::from_trace(trace).into_iter().map(Picture::Tiles);
    [lanes, sectors, banks].into_iter().flatten().chain(tiles).collect()
}

/// Lanes of a mask as people write them: `0-7, 9`.
pub fn spans(mask: u32) -> String {
    let on = |lane: usize| lane < W && mask >> lane & 1 == 1;
    let mut out = String::new();
    for first in (0..W).filter(|&lane| on(lane) && (lane == 0 || !on(lane - 1))) {
        let last = (first..W).take_while(|&lane| on(lane)).last().unwrap_or(first);
        let comma = if out.is_empty() { "" } else { ", " };
        match last - first {
            0 => out.push_str(&format!("{comma}{first}")),
            1 => out.push_str(&format!("{comma}{first}, {last}")),
            _ => out.push_str(&format!("{comma}{first}-{last}")),
        }
    }
    out
}

/// `1 word`, `2 words`.
fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn percent(part: usize, all: usize) -> u32 {
    (100.0 * part as f64 / all.max(1) as f64).round() as u32
}

/// The name of a file without its folders.
fn name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lanes_are_written_as_people_do() {
        assert_eq!(spans(0), "");
        assert_eq!(spans(1), "0");
        assert_eq!(spans(u32::MAX), "0-31");
        assert_eq!(spans(0x8000_020b), "0, 1, 3, 9, 31");
        assert_eq!(spans(0x7f00_00ff), "0-7, 24-30");
    }

    #[test]
    fn what_is_no_trace_gives_no_picture() {
        let lane = json!({"lane": 99, "index": u64::MAX, "address": u64::MAX, "unit": 1});
        let place = json!({"file": "k.rs", "line": 1, "column": 1});
        let access = |block: &[u32]| {
            json!({"at": place, "block": block, "warp": 0, "array": "x", "store": false, "cost": 2, "least": 1,
                "lanes": [lane]})
        };
        let garbled = [
            json!(null),
            json!("trace"),
            json!([1, 2]),
            json!({"issues": 3, "global": [], "shared": "no"}),
            json!({"issues": [{"warp": -1}], "files": [7]}),
            json!({"issues": [{"warp": 0, "line": 1, "mask": 5_000_000_000_u64}]}),
            json!({"issues": [], "files": [], "cut": false, "global": null, "shared": null}),
            json!({"global": access(&[0, 0]), "shared": access(&[0, 0, 0])}),
            json!({"buffers": [], "accesses": [{"program": [0, 0, 0], "buffer": 7, "does": "Read", "part": null}]}),
            json!({"buffers": [{"name": "x", "len": u64::MAX}], "accesses": [{"program": [0, 0, 0], "buffer": 0,
                "does": "Read", "part": {"first": 0, "rows": u64::MAX, "columns": u64::MAX, "pitch": 0}}]}),
        ];
        for value in garbled {
            assert_eq!(pictures(&value, &|_, _| None), [], "{value}");
        }
    }
}
