//! Atomic addition on global memory. The lanes of a warp add one after the other, in an order drawn from the seed.

use super::access::Access;
use super::global::{get, put};
use super::now::issue_at;
use super::{Element, G, U, V, W, Warp};
use std::panic::Location;

/// What can be added atomically.
pub trait Additive: Element {
    /// The sum; integers wrap.
    fn plus(self, other: Self) -> Self;
}

impl Additive for u32 {
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

impl Additive for i32 {
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

impl Additive for f32 {
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Warp {
    /// Adds `v` to `g[i]` in each lane and returns what was there before. Lanes that meet at one element take turns: each
    /// lane is an operation of its own (`Counters::atomics`), so one lane that adds for the warp is 32 times cheaper.
    #[track_caller]
    pub fn atomic_add<T: Additive>(&self, g: &G<T>, i: impl Into<U>, v: impl Into<V<T>>) -> V<T> {
        let at = Location::caller();
        let mask = issue_at(at);
        let (index, v) = (i.into(), v.into());
        let on = self.made(mask, index.made, "adds at an index", at);
        self.made(mask, v.made, "adds a value", at);
        self.machine.atomic_in_block.set(true);
        self.machine.counters.borrow_mut().atomics += u64::from(on.count_ones());
        let mut words = g.view.buffer.words.borrow_mut();
        let mut old = [T::POISON; W];
        let (start, step) = self.machine.lane_order(on);
        for k in 0..W {
            let lane = (start + k * step) % W;
            if on >> lane & 1 == 0 {
                continue;
            }
            if index.bits[lane] >= g.view.len {
                self.beyond(&g.view, index.bits[lane], lane, Access { at, store: true, each: 1 });
                continue;
            }
            let offset = g.view.offset(index.bits[lane]);
            old[lane] = get(&words, offset, T::BYTES);
            if g.view.buffer.blank && old[lane] == T::POISON {
                self.unset(&g.view, index.bits[lane], lane, Access { at, store: false, each: 1 });
            }
            put(&mut words, offset, T::BYTES, T::of(old[lane]).plus(T::of(v.bits[lane])).bits());
        }
        V::new(old, mask)
    }
}
