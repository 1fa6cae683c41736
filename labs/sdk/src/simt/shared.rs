//! Shared memory of a block: arrays that its warps declare, 32 banks, and a history for every word.

use super::banks::wavefronts;
use super::fault::{FaultKind, Place};
use super::history::{Clash, Lines, Past, Times, Who};
use super::lanes::lanes_of;
use super::machine::Machine;
use super::now::{ALL, issue_at};
use super::race::{Touch, kind, tell};
use super::sectors::{Shape, shape};
use super::trace::LaneAccess;
use super::{Element, Half, U, V, W, Warp};
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

type At = &'static Location<'static>;

/// An array in the shared memory of a block, or a part of one.
pub struct S<T> {
    spot: Spot,
    of: PhantomData<T>,
}

/// Where an array lies.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// Its number among the arrays of the block.
    array: u16,
    /// First byte.
    first: u32,
    /// Elements, and the bytes of one.
    len: u32,
    bytes: u32,
    poison: u32,
}

/// An array as its first warp declared it.
struct Array {
    name: &'static str,
    first: u32,
    len: u32,
    bytes: u32,
    at: At,
}

/// The shared memory of the running block.
pub struct Shared {
    words: Vec<u32>,
    /// The history of each word; of its halves, once an array of halves is declared.
    low: Vec<Past>,
    high: Vec<Past>,
    arrays: Vec<Array>,
    /// What each warp has declared: arrays, and bytes.
    declared: Vec<(usize, u32)>,
    pub lines: Lines,
}

impl<T> Clone for S<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for S<T> {}

impl<T> fmt::Debug for S<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spot.fmt(f)
    }
}

impl<T: Element> S<T> {
    /// Elements.
    pub fn len(self) -> u32 {
        self.spot.len
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.spot.len == 0
    }

    /// `len` elements from element `from` on; cut where the array ends.
    pub fn part(self, from: u32, len: u32) -> Self {
        let from = from.min(self.spot.len);
        let spot =
            Spot { first: self.spot.first + from * self.spot.bytes, len: len.min(self.spot.len - from), ..self.spot };
        Self { spot, of: PhantomData }
    }
}

impl<T: Half> S<T> {
    /// The same halves, two at a time: element i is halves 2i and 2i + 1.
    pub fn pairs(self) -> S<[T; 2]> {
        let spot = Spot { len: self.spot.len / 2, bytes: 4, poison: <[T; 2]>::POISON, ..self.spot };
        S { spot, of: PhantomData }
    }
}

impl Warp {
    /// Declares an array in shared memory: CUDA's `__shared__ float tile[len]`. Each warp of the block makes the same
    /// declarations in the same order, and all of them get the same memory. It begins with no value at all.
    #[track_caller]
    pub fn shared<T: Element>(&self, name: &'static str, len: u32) -> S<T> {
        let array = Array { name, first: 0, len, bytes: T::BYTES, at: Location::caller() };
        let (array, first) = self.machine.shared.borrow_mut().declare(&self.machine, self.me, array);
        S { spot: Spot { array, first, len, bytes: T::BYTES, poison: T::POISON }, of: PhantomData }
    }

    /// Reads `s[i]` in each lane.
    #[track_caller]
    pub fn lds<T: Element>(&self, s: S<T>, i: impl Into<U>) -> V<T> {
        let (bits, made) = self.load_shared(s.spot, &i.into(), Location::caller());
        V::new(bits, made)
    }

    /// Writes `s[i] = v` in each lane.
    #[track_caller]
    pub fn sts<T: Element>(&self, s: S<T>, i: impl Into<U>, v: impl Into<V<T>>) {
        let v = v.into();
        self.store_shared(s.spot, &i.into(), &v.bits, v.made, Location::caller());
    }

    fn load_shared(&self, spot: Spot, index: &U, at: At) -> ([u32; W], u32) {
        let mask = issue_at(at);
        let on = self.made(mask, index.made, "reads at an index", at);
        let mut shared = self.machine.shared.borrow_mut();
        (shared.load(&self.machine, self.me, spot, &index.bits, on, at), mask)
    }

    fn store_shared(&self, spot: Spot, index: &U, bits: &[u32; W], made: u32, at: At) {
        let mask = issue_at(at);
        let on = self.made(mask, index.made, "writes at an index", at);
        self.made(mask, made, "writes a value", at);
        self.machine.shared.borrow_mut().store(&self.machine, self.me, spot, &index.bits, bits, on, at);
    }
}

impl Shared {
    pub fn new(bytes: usize, warps: u32) -> Self {
        let words = bytes.div_ceil(4);
        Self {
            words: vec![0; words],
            low: vec![Past::default(); words],
            high: Vec::new(),
            arrays: Vec::new(),
            declared: vec![(0, 0); warps as usize],
            lines: Lines::default(),
        }
    }

    /// A new block: no arrays. What the words hold is of the block before, and the histories know it.
    pub fn begin(&mut self) {
        self.arrays.clear();
        self.declared.fill((0, 0));
    }

    fn declare(&mut self, machine: &Machine, warp: u32, array: Array) -> (u16, u32) {
        let (number, first) = self.declared[warp as usize];
        let bytes = u64::from(array.len) * u64::from(array.bytes);
        let end = (u64::from(first) + bytes).next_multiple_of(4);
        let given = machine.cfg.smem_bytes as u64;
        if end > given {
            machine.fault(FaultKind::SharedTooSmall, array.at, None, |fault| {
                fault.message = format!(
                    "with {}[{}] the kernel has declared {end} bytes of shared memory, but the launch gives a block {given}: \
                     raise smem_bytes, or declare less",
                    array.name, array.len
                );
            });
            machine.stop();
        }
        if array.bytes == 2 && self.high.is_empty() {
            self.high = self.low.clone();
        }
        match self.arrays.get(number) {
            None => self.arrays.push(Array { first, ..array }),
            Some(known) if (known.name, known.len, known.bytes) == (array.name, array.len, array.bytes) => {}
            Some(known) => {
                machine.fault(FaultKind::SharedDiffers, array.at, None, |fault| {
                    fault.message = format!(
                        "warp {warp} declares {}[{}] where another warp of the block declared {}[{}] at {}: shared arrays \
                         belong to the block, so all warps declare the same ones in the same order",
                        array.name,
                        array.len,
                        known.name,
                        known.len,
                        Place::of(known.at)
                    );
                    fault.other = Some(Place::of(known.at));
                });
                machine.stop();
            }
        }
        self.declared[warp as usize] = (number + 1, end as u32);
        (number as u16, first)
    }

    fn load(&mut self, machine: &Machine, warp: u32, spot: Spot, index: &[u32; W], on: u32, at: At) -> [u32; W] {
        let me = Who::warp_at(self.lines.number(at), warp);
        let times = machine.times(warp);
        let plain = on == ALL && spot.bytes == 4 && self.high.is_empty();
        if plain && let Some(bits) = self.load_plain(spot, index, me, &times) {
            let mut counters = machine.counters.borrow_mut();
            counters.sld_req += 1;
            counters.sld_waves += 1;
            return bits;
        }
        let mut bits = [spot.poison; W];
        let mut words = [0; W];
        let mut inside = on;
        for lane in lanes_of(on) {
            if index[lane] >= spot.len {
                inside &= !(1 << lane);
                self.beyond(machine, spot, index[lane], warp, lane, "reads", at);
                continue;
            }
            let byte = spot.first + index[lane] * spot.bytes;
            if !byte.is_multiple_of(spot.bytes) {
                inside &= !(1 << lane);
                self.misaligned(machine, spot, index[lane], warp, lane, at);
                continue;
            }
            let word = byte / 4;
            words[lane] = word;
            let clash = self.visit(byte, spot.bytes, |past| {
                let clash = past.read_clash(me.lane_of(lane), &times);
                past.note_read(me.lane_of(lane), &times);
                clash
            });
            let there = self.words[word as usize] >> (byte % 4 * 8);
            bits[lane] = if spot.bytes == 4 { there } else { there & 0xFFFF };
            if let Some(clash) = clash {
                if matches!(clash, Clash::Unset) {
                    bits[lane] = spot.poison;
                }
                self.clash(machine, spot, index[lane], lane, me, &clash, at);
            }
        }
        let waves = wavefronts(&words, inside);
        let mut counters = machine.counters.borrow_mut();
        counters.sld_req += 1;
        counters.sld_waves += u64::from(waves);
        drop(counters);
        self.picture(machine, spot, index, inside, waves, false, at);
        bits
    }

    /// The two usual shapes, where nothing can be wrong: 32 neighbours, or one word for all.
    fn load_plain(&mut self, spot: Spot, index: &[u32; W], me: Who, times: &Times) -> Option<[u32; W]> {
        let shape = shape(index);
        if shape == Shape::Mixed || index[W - 1] >= spot.len {
            return None;
        }
        let from = (spot.first / 4 + index[0]) as usize;
        if shape == Shape::Same {
            let past = &mut self.low[from];
            if !past.settled(times) {
                return None;
            }
            past.note_read(me, times);
            return Some([self.words[from]; W]);
        }
        let pasts = &mut self.low[from..from + W];
        if !pasts.iter().all(|past| past.settled(times)) {
            return None;
        }
        for (lane, past) in pasts.iter_mut().enumerate() {
            past.note_read(me.lane_of(lane), times);
        }
        self.words[from..from + W].try_into().ok()
    }

    #[expect(clippy::too_many_arguments, reason = "an access is these seven things")]
    fn store(&mut self, machine: &Machine, warp: u32, spot: Spot, index: &[u32; W], bits: &[u32; W], on: u32, at: At) {
        let me = Who::warp_at(self.lines.number(at), warp);
        let times = machine.times(warp);
        if on == ALL && spot.bytes == 4 && self.high.is_empty() && self.store_plain(spot, index, bits, me, &times) {
            let mut counters = machine.counters.borrow_mut();
            counters.sst_req += 1;
            counters.sst_waves += 1;
            return;
        }
        let mut words = [0; W];
        let mut inside = on;
        for lane in lanes_of(on) {
            if index[lane] >= spot.len {
                inside &= !(1 << lane);
                self.beyond(machine, spot, index[lane], warp, lane, "writes", at);
                continue;
            }
            let byte = spot.first + index[lane] * spot.bytes;
            if !byte.is_multiple_of(spot.bytes) {
                inside &= !(1 << lane);
                self.misaligned(machine, spot, index[lane], warp, lane, at);
                continue;
            }
            let word = byte / 4;
            words[lane] = word;
            let old = self.words[word as usize];
            let new = match (spot.bytes, byte % 4) {
                (4, _) => bits[lane],
                (_, 0) => old & 0xFFFF_0000 | bits[lane],
                _ => old & 0xFFFF | bits[lane] << 16,
            };
            let clash = self.visit(byte, spot.bytes, |past| {
                let clash = past.write_clash(me.lane_of(lane), &times, old == new);
                past.note_write(me.lane_of(lane), &times);
                clash
            });
            self.words[word as usize] = new;
            if let Some(clash) = clash {
                self.clash(machine, spot, index[lane], lane, me, &clash, at);
            }
        }
        let waves = wavefronts(&words, inside);
        let mut counters = machine.counters.borrow_mut();
        counters.sst_req += 1;
        counters.sst_waves += u64::from(waves);
        drop(counters);
        self.picture(machine, spot, index, inside, waves, true, at);
    }

    /// 32 neighbours that nobody has touched since the last barrier; false if it is anything else.
    fn store_plain(&mut self, spot: Spot, index: &[u32; W], bits: &[u32; W], me: Who, times: &Times) -> bool {
        if shape(index) != Shape::Run || index[W - 1] >= spot.len {
            return false;
        }
        let from = (spot.first / 4 + index[0]) as usize;
        let pasts = &mut self.low[from..from + W];
        if !pasts.iter().all(|past| past.quiet(times)) {
            return false;
        }
        for (lane, past) in pasts.iter_mut().enumerate() {
            past.note_write(me.lane_of(lane), times);
        }
        self.words[from..from + W].copy_from_slice(bits);
        true
    }

    /// `f` of the history of each word or half that the bytes lie in; the first clash.
    #[inline]
    fn visit(&mut self, byte: u32, bytes: u32, mut f: impl FnMut(&mut Past) -> Option<Clash>) -> Option<Clash> {
        let word = (byte / 4) as usize;
        if self.high.is_empty() {
            return f(&mut self.low[word]);
        }
        let low = if bytes == 4 || byte.is_multiple_of(4) { f(&mut self.low[word]) } else { None };
        let high = if bytes == 4 || !byte.is_multiple_of(4) { f(&mut self.high[word]) } else { None };
        low.or(high)
    }

    #[cold]
    #[expect(clippy::too_many_arguments, reason = "an access is these seven things")]
    fn clash(&self, machine: &Machine, spot: Spot, index: u32, lane: usize, me: Who, clash: &Clash, at: At) {
        let mut counters = machine.counters.borrow_mut();
        let (count, other) = match clash {
            Clash::Unset => (&mut counters.uninit_smem, None),
            Clash::Between(_, other) => (&mut counters.hazards_inter, Some(other)),
            Clash::Within(_, other) => (&mut counters.hazards_intra, Some(other)),
        };
        *count += 1;
        drop(counters);
        machine.fault(kind(clash), at, Some(lane as u32), |fault| {
            let (array, index, address) = self.element(spot, index);
            let touch = Touch { array, index, address, warp: me.warp(), lane: lane as u32 };
            tell(fault, &touch, clash, other.map(|other| Place::of(self.lines.line(other.who.line()))));
        });
    }

    #[cold]
    #[expect(clippy::too_many_arguments, reason = "an access is these seven things")]
    fn beyond(&self, machine: &Machine, spot: Spot, index: u32, warp: u32, lane: usize, does: &str, at: At) {
        machine.counters.borrow_mut().oob += 1;
        machine.fault(FaultKind::SharedOutOfBounds, at, Some(lane as u32), |fault| {
            let (array, element, address) = self.element(spot, index);
            let declared = &self.arrays[usize::from(spot.array)];
            let (from, to) = (element - u64::from(index), element - u64::from(index) + u64::from(spot.len));
            let end = if spot.bytes == declared.bytes && spot.len == declared.len {
                format!("{array} has {} elements", spot.len)
            } else {
                format!("this part of {array} is elements {from} to {to}, the last one not included")
            };
            fault.message = format!(
                "warp {warp} {does} {array}[{element}] (lane {lane}), but {end}: on a GPU this silently touches the next array"
            );
            fault.array = Some(array.to_owned());
            fault.index = Some(element);
            fault.address = Some(address);
        });
    }

    /// Pairs of halves that begin at an odd one.
    #[cold]
    fn misaligned(&self, machine: &Machine, spot: Spot, index: u32, warp: u32, lane: usize, at: At) {
        machine.fault(FaultKind::Misaligned, at, Some(lane as u32), |fault| {
            let (array, element, address) = self.element(spot, index);
            let size = spot.bytes;
            fault.message = format!(
                "warp {warp} touches {size} bytes of {array} at address {address:#x} (lane {lane}), which {size} does not \
                 divide: a GPU stops the kernel there, so make the index a multiple of {}",
                size / self.arrays[usize::from(spot.array)].bytes
            );
            fault.array = Some(array.to_owned());
            fault.index = Some(element);
            fault.address = Some(address);
        });
    }

    /// Name, element of the whole array, and byte address in shared memory.
    fn element(&self, spot: Spot, index: u32) -> (&'static str, u64, u64) {
        let array = &self.arrays[usize::from(spot.array)];
        let element = u64::from((spot.first - array.first) / spot.bytes) + u64::from(index);
        (array.name, element, u64::from(spot.first) + u64::from(index) * u64::from(spot.bytes))
    }

    #[inline]
    #[expect(clippy::too_many_arguments, reason = "an access is these seven things")]
    fn picture(&self, machine: &Machine, spot: Spot, index: &[u32; W], on: u32, waves: u32, store: bool, at: At) {
        if machine.cfg.trace && waves > 1 {
            machine.picture_shared(at, self.arrays[usize::from(spot.array)].name, store, waves, || {
                let lanes = (0..W as u32).filter(|lane| on >> lane & 1 == 1);
                let access = |lane: u32| {
                    let (_, element, address) = self.element(spot, index[lane as usize]);
                    LaneAccess { lane, index: element, address, unit: address / 4 % 32 }
                };
                lanes.map(access).collect()
            });
        }
    }
}
