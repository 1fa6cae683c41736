//! Shuffles: a lane reads a register of another lane, without memory.

use super::fault::FaultKind;
use super::lanes::lanes;
use super::now::issue_at;
use super::{Element, U, V, W, Warp};
use std::panic::Location;

type At = &'static Location<'static>;

impl Warp {
    /// The value that lane `src mod 32` holds.
    #[track_caller]
    pub fn shfl<T: Element>(&self, v: V<T>, src: impl Into<U>) -> V<T> {
        let at = Location::caller();
        let src = src.into();
        let mask = issue_at(at);
        let on = self.made(mask, src.made, "shuffles from a lane number", at);
        let from = std::array::from_fn(|lane| if on >> lane & 1 == 1 { src.bits[lane] as usize % W } else { lane });
        self.shuffle(&v, &from, mask, at)
    }

    /// The value of lane `lane ^ d`.
    #[track_caller]
    pub fn shfl_xor<T: Element>(&self, v: V<T>, d: usize) -> V<T> {
        let at = Location::caller();
        self.shuffle(&v, &std::array::from_fn(|lane| (lane ^ d) % W), issue_at(at), at)
    }

    /// The value of lane `lane + d`; the lane's own where there is none.
    #[track_caller]
    pub fn shfl_down<T: Element>(&self, v: V<T>, d: usize) -> V<T> {
        let at = Location::caller();
        let from = std::array::from_fn(|lane| if d < W - lane { lane + d } else { lane });
        self.shuffle(&v, &from, issue_at(at), at)
    }

    /// The value of lane `lane - d`; the lane's own where there is none.
    #[track_caller]
    pub fn shfl_up<T: Element>(&self, v: V<T>, d: usize) -> V<T> {
        let at = Location::caller();
        let from = std::array::from_fn(|lane| if lane >= d { lane - d } else { lane });
        self.shuffle(&v, &from, issue_at(at), at)
    }

    fn shuffle<T: Element>(&self, v: &V<T>, from: &[usize; W], mask: u32, at: At) -> V<T> {
        self.machine.counters.borrow_mut().shfl += 1;
        let (bits, made) = moved(&v.bits, v.made, from, mask);
        let off = (0..W).filter(|&lane| mask >> lane & 1 == 1 && mask >> from[lane] & 1 == 0);
        if mask != u32::MAX {
            off.for_each(|lane| self.off(lane, from[lane], at));
        }
        V::new(bits, made)
    }

    #[cold]
    fn off(&self, lane: usize, from: usize, at: At) {
        self.machine.counters.borrow_mut().shfl_inactive += 1;
        self.machine.fault(FaultKind::ShuffleInactive, at, Some(lane as u32), |fault| {
            fault.message = format!(
                "lane {lane} of warp {} reads lane {from} in a shuffle, but lane {from} is switched off: what it gets is not \
                 defined, so shuffle first and branch after",
                self.me
            );
        });
    }
}

/// The lanes of `from`, and which of them are on and hold a value.
fn moved(bits: &[u32; W], made: u32, from: &[usize; W], mask: u32) -> ([u32; W], u32) {
    let mut out = [0; W];
    let mut have = 0;
    for lane in lanes() {
        out[lane] = bits[from[lane] % W];
        have |= ((made & mask) >> (from[lane] % W) & 1) << lane;
    }
    (out, have & mask)
}
