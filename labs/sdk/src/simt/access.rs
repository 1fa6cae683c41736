//! How a warp reads and writes global memory, and what that costs. What may be wrong with it is in `bounds.rs` and
//! `order.rs`.

use super::global::{View, get, put};
use super::history::{Mark, Who};
use super::lanes::lanes_of;
use super::now::{ALL, issue_at};
use super::order::untouched;
use super::sectors::{Shape, sectors, shape, span};
use super::trace::LaneAccess;
use super::{Element, F, G, U, V, W, Warp};
use std::panic::Location;

type At = &'static Location<'static>;

/// What the lanes of one access have in common.
#[derive(Clone, Copy)]
pub struct Access {
    pub at: At,
    pub store: bool,
    /// Elements that each lane touches, side by side.
    pub each: u32,
}

impl Warp {
    /// Reads `g[i]` in each lane. Beyond the end a lane reads poison.
    #[track_caller]
    pub fn ld<T: Element>(&self, g: &G<T>, i: impl Into<U>) -> V<T> {
        let (bits, made) = self.load(&g.view, &i.into(), Location::caller());
        V::new(bits, made)
    }

    /// Writes `g[i] = v` in each lane. Beyond the end nothing is written.
    #[track_caller]
    pub fn st<T: Element>(&self, g: &G<T>, i: impl Into<U>, v: impl Into<V<T>>) {
        let v = v.into();
        self.store(&g.view, &i.into(), &v.bits, v.made, Location::caller());
    }

    /// Reads `g[i]` to `g[i + 3]` in each lane with one 16-byte access; the address divides by 16.
    #[track_caller]
    pub fn ld4(&self, g: &G<f32>, i: impl Into<U>) -> [F; 4] {
        let (bits, made) = self.load_four(&g.view, &i.into(), Location::caller());
        bits.map(|bits| V::new(bits, made))
    }

    fn load(&self, view: &View, index: &U, at: At) -> ([u32; W], u32) {
        let mask = issue_at(at);
        let on = self.made(mask, index.made, "reads at an index", at);
        let plain = on == ALL && view.bytes == 4 && view.offset(0).is_multiple_of(4);
        if plain && let Some(bits) = self.load_plain(view, &index.bits) {
            return (bits, mask);
        }
        let access = Access { at, store: false, each: 1 };
        let (offsets, inside) = self.reach(view, &index.bits, on, access);
        let words = view.buffer.words.borrow();
        let mut bits = [view.poison; W];
        for lane in lanes_of(inside) {
            bits[lane] = get(&words, offsets[lane], view.bytes);
            if view.buffer.blank && bits[lane] == view.poison {
                self.unset(view, index.bits[lane], lane, access);
            }
        }
        drop(words);
        self.check_loads(view, &index.bits, inside, access);
        self.count(view, &index.bits, &offsets, inside, access);
        (bits, mask)
    }

    /// The two usual shapes, where nothing can be wrong: 32 neighbours, or one element for all.
    fn load_plain(&self, view: &View, index: &[u32; W]) -> Option<[u32; W]> {
        let shape = shape(index);
        if shape == Shape::Mixed || index[W - 1] >= view.len {
            return None;
        }
        let (first, last) = (view.offset(index[0]), view.offset(index[W - 1]) + 3);
        let (sectors, lines) = span(first, last);
        let picture = shape == Shape::Run && sectors > 4 && self.machine.cfg.trace;
        if picture || view.buffer.blank || self.stored_to(view) && !untouched(view, first, last) {
            return None;
        }
        let mut counters = self.machine.counters.borrow_mut();
        counters.gld_req += 1;
        counters.gld_sectors += u64::from(sectors);
        counters.gld_lines += u64::from(lines);
        counters.gld_bytes += 4 * W as u64;
        let words = view.buffer.words.borrow();
        let from = (first / 4) as usize;
        match shape {
            Shape::Same => Some([words[from]; W]),
            _ => words[from..from + W].try_into().ok(),
        }
    }

    fn load_four(&self, view: &View, index: &U, at: At) -> ([[u32; W]; 4], u32) {
        let mask = issue_at(at);
        let on = self.made(mask, index.made, "reads at an index", at);
        let access = Access { at, store: false, each: 4 };
        let (offsets, inside) = self.reach(view, &index.bits, on, access);
        let words = view.buffer.words.borrow();
        let mut bits = [[view.poison; W]; 4];
        for lane in lanes_of(inside) {
            for (k, bits) in (0..).zip(&mut bits) {
                bits[lane] = words[(offsets[lane] / 4 + k) as usize];
                if view.buffer.blank && bits[lane] == view.poison {
                    self.unset(view, index.bits[lane] + k, lane, access);
                }
            }
        }
        drop(words);
        self.check_loads(view, &index.bits, inside, access);
        self.count(view, &index.bits, &offsets, inside, access);
        (bits, mask)
    }

    fn store(&self, view: &View, index: &U, bits: &[u32; W], made: u32, at: At) {
        let mask = issue_at(at);
        let on = self.made(mask, index.made, "writes at an index", at);
        self.made(mask, made, "writes a value", at);
        let access = Access { at, store: true, each: 1 };
        let (offsets, inside) = self.reach(view, &index.bits, on, access);
        let mut stores = view.buffer.stores.borrow_mut();
        if stores.launch != self.machine.serial {
            stores.launch = self.machine.serial;
            let elements = view.buffer.words.borrow().len() * 4 / view.buffer.bytes as usize;
            stores.marks = vec![Mark::default(); elements];
        }
        let me = Who::warp_at(self.machine.line(at), self.me);
        let times = self.machine.times(self.me);
        let each = (view.bytes / view.buffer.bytes) as usize;
        let mut words = view.buffer.words.borrow_mut();
        for lane in lanes_of(inside) {
            let changed = put(&mut words, offsets[lane], view.bytes, bits[lane]);
            let first = (offsets[lane] / view.buffer.bytes) as usize;
            let marks = &mut stores.marks[first..first + each];
            if changed {
                marks.iter().any(|mark| self.races(view, index.bits[lane], lane, *mark, access));
            }
            marks.fill(Mark { time: times.now, who: me.lane_of(lane) });
        }
        drop((words, stores));
        self.count(view, &index.bits, &offsets, inside, access);
    }

    fn count(&self, view: &View, index: &[u32; W], offsets: &[u32; W], inside: u32, access: Access) {
        let (sectors, lines) = sectors(offsets, inside);
        let bytes = u64::from(inside.count_ones() * access.each * view.bytes);
        let mut counters = self.machine.counters.borrow_mut();
        if access.store {
            counters.gst_req += 1;
            counters.gst_sectors += u64::from(sectors);
            counters.gst_bytes += bytes;
        } else {
            counters.gld_req += 1;
            counters.gld_sectors += u64::from(sectors);
            counters.gld_lines += u64::from(lines);
            counters.gld_bytes += bytes;
        }
        drop(counters);
        if self.machine.cfg.trace {
            self.picture(view, index, offsets, inside, sectors, access);
        }
    }

    /// Keeps the first access with more sectors than as many different elements side by side would cost.
    #[cold]
    fn picture(&self, view: &View, index: &[u32; W], offsets: &[u32; W], inside: u32, sectors: u32, access: Access) {
        let lanes = || (0..W).filter(|lane| inside >> lane & 1 == 1);
        let mut different: Vec<u32> = lanes().map(|lane| offsets[lane]).collect();
        different.sort_unstable();
        different.dedup();
        let least = (different.len() as u32 * access.each * view.bytes).div_ceil(32);
        if sectors > least {
            let access_of = |lane: usize| {
                let address = view.address(index[lane]);
                LaneAccess { lane: lane as u32, index: view.number(index[lane]), address, unit: address / 32 }
            };
            let lanes = || lanes().map(access_of).collect();
            self.machine.picture_global(access.at, &view.buffer.name, access.store, sectors, least, lanes);
        }
    }
}
