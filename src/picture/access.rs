//! One access of a warp to memory: the sectors that it touches in global memory, or the banks in shared memory.

use super::{W, count, name, percent};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a sector.
const SECTOR: u64 = 32;
/// Lanes whose elements are told.
const TOLD: usize = 4;

/// Which access it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `kernel.rs:12`
    pub place: String,
    /// The block.
    pub block: [u32; 3],
    /// The warp of the block.
    pub warp: u32,
    /// The buffer or shared array.
    pub array: String,
    /// Whether it is a store.
    pub store: bool,
    /// Sectors, or wavefronts.
    pub cost: usize,
    /// What as many different elements side by side would cost.
    pub least: usize,
    /// `(lane, element, address)` of the lanes that were on, by lane.
    pub lanes: Vec<(usize, u64, u64)>,
}

/// A warp's access to global memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sectors {
    /// Which access.
    pub access: Access,
    /// Bytes that each lane touches.
    pub bytes: u64,
    /// What is fetched, by address.
    pub fetched: Vec<Sector>,
    /// What would be fetched if the elements lay side by side.
    pub packed: Vec<Sector>,
}

/// 32 bytes that are fetched together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sector {
    /// Its address / 32. Four make a line of 128 bytes.
    pub number: u64,
    /// Bit i: lane i touches it.
    pub lanes: u32,
    /// Bit i: byte i is touched.
    pub used: u32,
}

impl Sector {
    /// Whether this and the next belong to one line of 128 bytes.
    pub fn joins(&self, next: &Self) -> bool {
        self.number + 1 == next.number && self.number / 4 == next.number / 4
    }
}

/// A warp's access to shared memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banks {
    /// Which access.
    pub access: Access,
    /// The 32 banks.
    pub banks: Vec<Bank>,
}

/// One bank of shared memory: it gives one word of 4 bytes a wavefront.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bank {
    /// Different words that are wanted of it.
    pub words: usize,
    /// Bit i: lane i wants one.
    pub lanes: u32,
}

/// An access as the report has it.
#[derive(Deserialize)]
struct Raw {
    at: RawPlace,
    block: [u32; 3],
    warp: u32,
    array: String,
    store: bool,
    cost: usize,
    least: usize,
    lanes: Vec<RawLane>,
}

#[derive(Deserialize)]
struct RawPlace {
    file: String,
    line: u32,
}

#[derive(Deserialize)]
struct RawLane {
    lane: usize,
    index: u64,
    address: u64,
}

impl Access {
    fn read(value: Option<&Value>) -> Option<Self> {
        let raw = Raw::deserialize(value?).ok()?;
        let mut lanes: Vec<(usize, u64, u64)> =
            raw.lanes.iter().filter(|l| l.lane < W).map(|l| (l.lane, l.index, l.address)).collect();
        lanes.sort_unstable();
        lanes.dedup_by_key(|(lane, ..)| *lane);
        (!lanes.is_empty()).then(|| Self {
            place: format!("{}:{}", name(&raw.at.file), raw.at.line),
            block: raw.block,
            warp: raw.warp,
            array: raw.array,
            store: raw.store,
            cost: raw.cost,
            least: raw.least,
            lanes,
        })
    }

    fn title(&self, unit: &str) -> String {
        let does = if self.store { "writes" } else { "reads" };
        format!("{} {does} {}: {}, {} would do", self.place, self.array, count(self.cost, unit), self.least)
    }

    /// `warp 0 of block (0, 0, 0); lane 0: x[0], lane 1: x[32], ..`
    fn who(&self) -> String {
        let [x, y, z] = self.block;
        let told: Vec<String> = self
            .lanes
            .iter()
            .take(TOLD)
            .map(|(lane, index, _)| format!("lane {lane}: {}[{index}]", self.array))
            .collect();
        let more = if self.lanes.len() > TOLD { ", .." } else { "" };
        format!("warp {} of block ({x}, {y}, {z}); {}{more}", self.warp, told.join(", "))
    }

    /// Bytes between neighbouring elements; 4 where it cannot be told.
    fn element(&self) -> u64 {
        let bytes = |pair: &[(usize, u64, u64)]| {
            let (elements, bytes) = (pair[1].1.abs_diff(pair[0].1), pair[1].2.abs_diff(pair[0].2));
            bytes.checked_div(elements).filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8))
        };
        self.lanes.windows(2).find_map(bytes).unwrap_or(4)
    }
}

impl Sectors {
    /// The first access to global memory that cost too much; nothing where there is none.
    pub fn from_trace(trace: &Value) -> Option<Self> {
        let access = Access::read(trace.get("global"))?;
        let different: BTreeSet<u64> = access.lanes.iter().map(|(.., address)| *address).collect();
        let element = access.element();
        let fits = |bytes: u64| (different.len() as u64 * bytes).div_ceil(SECTOR) == access.least as u64;
        // Lanes touch one element each, or four side by side.
        let bytes = if !fits(element) && fits(4 * element) { 4 * element } else { element };
        let packed: BTreeMap<u64, u64> = different.into_iter().zip((0..).step_by(bytes as usize)).collect();
        let lanes = || access.lanes.iter().map(|(lane, _, address)| (*lane, *address));
        let fetched = sectors(lanes(), bytes);
        let packed = sectors(lanes().map(|(lane, address)| (lane, packed[&address])), bytes);
        Some(Self { access, bytes, fetched, packed })
    }

    /// What it shows.
    pub fn title(&self) -> String {
        self.access.title("sector")
    }

    /// What it costs.
    pub fn says(&self) -> Vec<String> {
        let used = self.fetched.iter().map(|sector| sector.used.count_ones() as usize).sum();
        let all = SECTOR as usize * self.fetched.len();
        vec![self.access.who(), format!("{used} of the {all} bytes of these sectors are used: {}%", percent(used, all))]
    }
}

/// The sectors that lanes touch at these addresses.
fn sectors(lanes: impl Iterator<Item = (usize, u64)>, bytes: u64) -> Vec<Sector> {
    let mut all: BTreeMap<u64, Sector> = BTreeMap::new();
    for (lane, address) in lanes {
        for byte in (0..bytes).filter_map(|byte| address.checked_add(byte)) {
            let number = byte / SECTOR;
            let sector = all.entry(number).or_insert(Sector { number, ..Sector::default() });
            sector.lanes |= 1 << lane;
            sector.used |= 1 << (byte % SECTOR);
        }
    }
    all.into_values().collect()
}

impl Banks {
    /// The first access to shared memory that cost too much; nothing where there is none.
    pub fn from_trace(trace: &Value) -> Option<Self> {
        let access = Access::read(trace.get("shared"))?;
        let mut banks = vec![(BTreeSet::new(), 0_u32); W];
        for (lane, _, address) in &access.lanes {
            let word = address / 4;
            let (words, lanes) = &mut banks[(word % W as u64) as usize];
            words.insert(word);
            *lanes |= 1 << lane;
        }
        let banks = banks.into_iter().map(|(words, lanes)| Bank { words: words.len(), lanes }).collect();
        Some(Self { access, banks })
    }

    /// The most words that are wanted of one bank.
    pub fn tallest(&self) -> usize {
        self.banks.iter().map(|bank| bank.words).max().unwrap_or(0)
    }

    /// What it shows.
    pub fn title(&self) -> String {
        self.access.title("wavefront")
    }

    /// What it costs.
    pub fn says(&self) -> Vec<String> {
        let most = self.tallest();
        let full: Vec<usize> = (0..self.banks.len()).filter(|&bank| self.banks[bank].words == most).collect();
        let wants = full.first().map_or_else(String::new, |&first| {
            let alike = if full.len() == 1 { String::new() } else { format!("; {} more like it", full.len() - 1) };
            let (lanes, words) = (super::spans(self.banks[first].lanes), count(most, "word"));
            format!("lanes {lanes} want {words} of bank {first}, which gives one at a time{alike}")
        });
        vec![self.access.who(), wants]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trace(which: &str, least: usize, lanes: &[(u64, u64, u64)]) -> Value {
        let lanes: Vec<Value> = lanes
            .iter()
            .map(|(lane, index, address)| json!({"lane": lane, "index": index, "address": address, "unit": 0}))
            .collect();
        let at = json!({"file": "labs/k.rs", "line": 7, "column": 9});
        json!({which: {"at": at, "block": [1, 2, 3], "warp": 4, "array": "x", "store": false,
            "cost": 2, "least": least, "lanes": lanes}})
    }

    #[test]
    fn sectors_hold_the_bytes_that_lanes_touch() {
        // Two floats at either side of a sector's edge, and one that two lanes share.
        let sectors =
            Sectors::from_trace(&trace("global", 1, &[(0, 7, 28), (1, 8, 32), (5, 8, 32)])).expect("a picture");
        let fetched =
            [Sector { number: 0, lanes: 1, used: 0xf000_0000 }, Sector { number: 1, lanes: 0b10_0010, used: 0xf }];
        assert_eq!(sectors.fetched, fetched);
        assert_eq!(sectors.packed, [Sector { number: 0, lanes: 0b10_0011, used: 0xff }]);
        assert!(fetched[0].joins(&fetched[1]));
        assert_eq!(sectors.title(), "k.rs:7 reads x: 2 sectors, 1 would do");
        assert_eq!(sectors.says()[1], "8 of the 64 bytes of these sectors are used: 13%");
    }

    #[test]
    fn the_width_of_an_access_is_found() {
        let lanes = |bytes: u64, step: u64| -> Vec<(u64, u64, u64)> {
            (0..32).map(|lane| (lane, lane * step, 256 + lane * step * bytes)).collect()
        };
        for (element, step, least, bytes) in [(4, 32, 4, 4), (2, 2, 2, 2), (4, 32, 16, 16), (4, 0, 1, 4)] {
            let sectors = Sectors::from_trace(&trace("global", least, &lanes(element, step))).expect("a picture");
            assert_eq!(sectors.bytes, bytes, "{element} {step}");
        }
    }

    #[test]
    fn a_word_that_lanes_share_is_wanted_once() {
        let banks = Banks::from_trace(&trace("shared", 1, &[(0, 0, 0), (1, 0, 0), (2, 32, 128), (3, 1, 4)]));
        let banks = banks.expect("a picture");
        assert_eq!(banks.banks[0], Bank { words: 2, lanes: 0b111 });
        assert_eq!(banks.banks[1], Bank { words: 1, lanes: 0b1000 });
        assert_eq!((banks.tallest(), banks.banks.len()), (2, 32));
        assert_eq!(banks.says()[1], "lanes 0-2 want 2 words of bank 0, which gives one at a time");
    }
}
