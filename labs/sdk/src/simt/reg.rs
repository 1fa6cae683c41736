//! A register that is written under a mask: what a variable of a CUDA thread is.

use super::lanes::lanes_of;
use super::now::{ALL, mask};
use super::{Element, V, W};
use std::cell::Cell;
use std::fmt;

/// A variable of the kernel that branches may change: [`set`](Reg::set) writes the lanes that are on and keeps the others.
pub struct Reg<T>(Cell<V<T>>);

impl<T: Element> Reg<T> {
    /// A register with a first value.
    pub fn new(value: impl Into<V<T>>) -> Self {
        Self(Cell::new(value.into()))
    }

    /// All 32 lanes. A move is no instruction.
    pub fn get(&self) -> V<T> {
        self.0.get()
    }

    /// Writes the lanes that are on. A move is no instruction.
    pub fn set(&self, value: impl Into<V<T>>) {
        let on = mask();
        let new = value.into();
        self.0.set(if on == ALL { new } else { merge(&self.0.get(), &new, on) });
    }
}

/// `new` where `on` has a one, `old` elsewhere.
pub(super) fn merge<T: Element>(old: &V<T>, new: &V<T>, on: u32) -> V<T> {
    let made = old.made & !on | new.made & on;
    V::new(choose(&old.bits, &new.bits, on), made)
}

fn choose(old: &[u32; W], new: &[u32; W], on: u32) -> [u32; W] {
    let mut bits = *old;
    for lane in lanes_of(on) {
        bits[lane] = new[lane];
    }
    bits
}

impl<T: Element> fmt::Debug for Reg<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
