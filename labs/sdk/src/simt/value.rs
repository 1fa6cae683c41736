//! A register of a warp: 32 bits in each of 32 lanes, and which of the lanes were on when it was made.

use super::lanes::lanes;
use super::now::{ALL, mask};
use super::{W, bf16, f16};
use std::fmt;
use std::marker::PhantomData;

/// A value of a kernel: one `T` in each of the 32 lanes.
///
/// There is no way to look into a lane from outside, as there is none on a GPU: lanes talk through shuffles and memory.
/// `{:?}` prints them, with a dot for poison.
#[derive(Clone, Copy)]
pub struct V<T> {
    pub(super) bits: [u32; W],
    /// The lanes that hold a value; the others hold poison.
    pub(super) made: u32,
    of: PhantomData<T>,
}

/// What a lane may hold: at most 32 bits.
pub trait Element: Copy + fmt::Debug + 'static + sealed::Sealed {
    /// Bytes in memory: 2 or 4.
    const BYTES: u32;
    /// What a lane holds that was off, and what a read out of bounds gives.
    const POISON: u32;
    /// The bits, in the low half where there are 16.
    fn bits(self) -> u32;
    /// The value of these bits.
    fn of(bits: u32) -> Self;
}

/// The two 16-bit floats that tensor cores multiply.
pub trait Half: Element {
    /// Exact.
    fn wide(self) -> f32;
    /// To nearest, ties to even.
    fn narrow(x: f32) -> Self;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

impl<T: Element> V<T> {
    /// `x` in every lane. A constant is no instruction.
    pub fn splat(x: T) -> Self {
        Self::new([x.bits(); W], mask())
    }

    /// These lanes where `made` has a one, poison where it has a zero.
    #[inline]
    pub(super) fn new(bits: [u32; W], made: u32) -> Self {
        let mut value = Self { bits, made, of: PhantomData };
        if made != ALL {
            value.poison();
        }
        value
    }

    /// The bits that `f` gives each lane, poison where `made` has a zero.
    #[inline(always)]
    pub(super) fn fill(made: u32, mut f: impl FnMut(usize) -> u32) -> Self {
        let mut value = Self { bits: [0; W], made, of: PhantomData };
        for lane in lanes() {
            value.bits[lane] = f(lane);
        }
        if made != ALL {
            value.poison();
        }
        value
    }

    fn poison(&mut self) {
        for (lane, bits) in self.bits.iter_mut().enumerate() {
            if self.made >> lane & 1 == 0 {
                *bits = T::POISON;
            }
        }
    }

    /// `f` of each lane of `mask`.
    #[inline(always)]
    pub(super) fn map<R: Element>(&self, mask: u32, f: impl Fn(T) -> R) -> V<R> {
        V::fill(mask & self.made, |lane| f(T::of(self.bits[lane])).bits())
    }

    /// `f` of each pair of lanes of `mask`.
    #[inline(always)]
    pub(super) fn zip<S: Element, R: Element>(&self, other: &V<S>, mask: u32, f: impl Fn(T, S) -> R) -> V<R> {
        let made = mask & self.made & other.made;
        V::fill(made, |lane| f(T::of(self.bits[lane]), S::of(other.bits[lane])).bits())
    }

    /// One bit for each pair of lanes.
    #[inline(always)]
    pub(super) fn test(&self, other: &V<T>, f: impl Fn(T, T) -> bool) -> u32 {
        let mut bits = 0;
        for lane in lanes() {
            bits |= u32::from(f(T::of(self.bits[lane]), T::of(other.bits[lane]))) << lane;
        }
        bits
    }
}

impl<T: Element> From<T> for V<T> {
    /// An immediate operand: every lane has it, on or off.
    fn from(x: T) -> Self {
        Self { bits: [x.bits(); W], made: ALL, of: PhantomData }
    }
}

impl<T: Element> fmt::Debug for V<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for (lane, bits) in self.bits.iter().enumerate() {
            match self.made >> lane & 1 {
                1 => list.entry(&T::of(*bits)),
                _ => list.entry(&format_args!("·")),
            };
        }
        list.finish()
    }
}

impl sealed::Sealed for f32 {}
impl Element for f32 {
    const BYTES: u32 = 4;
    const POISON: u32 = 0x7FFF_DEAD; // a NaN
    fn bits(self) -> u32 {
        self.to_bits()
    }
    fn of(bits: u32) -> Self {
        f32::from_bits(bits)
    }
}

impl sealed::Sealed for u32 {}
impl Element for u32 {
    const BYTES: u32 = 4;
    const POISON: u32 = 0xDEAD_BEEF;
    fn bits(self) -> u32 {
        self
    }
    fn of(bits: u32) -> Self {
        bits
    }
}

impl sealed::Sealed for i32 {}
impl Element for i32 {
    const BYTES: u32 = 4;
    const POISON: u32 = 0xDEAD_BEEF;
    fn bits(self) -> u32 {
        self.cast_unsigned()
    }
    fn of(bits: u32) -> Self {
        bits.cast_signed()
    }
}

impl sealed::Sealed for f16 {}
impl Element for f16 {
    const BYTES: u32 = 2;
    const POISON: u32 = 0x7EAD; // a NaN
    fn bits(self) -> u32 {
        u32::from(self.to_bits())
    }
    fn of(bits: u32) -> Self {
        f16::from_bits(bits as u16)
    }
}
impl Half for f16 {
    fn wide(self) -> f32 {
        self.to_f32()
    }
    fn narrow(x: f32) -> Self {
        f16::from_f32(x)
    }
}

impl sealed::Sealed for bf16 {}
impl Element for bf16 {
    const BYTES: u32 = 2;
    const POISON: u32 = 0x7FED; // a NaN
    fn bits(self) -> u32 {
        u32::from(self.to_bits())
    }
    fn of(bits: u32) -> Self {
        bf16::from_bits(bits as u16)
    }
}
impl Half for bf16 {
    fn wide(self) -> f32 {
        self.to_f32()
    }
    fn narrow(x: f32) -> Self {
        bf16::from_f32(x)
    }
}

impl<T: Half> sealed::Sealed for [T; 2] {}
impl<T: Half> Element for [T; 2] {
    const BYTES: u32 = 4;
    const POISON: u32 = T::POISON << 16 | T::POISON;
    fn bits(self) -> u32 {
        self[1].bits() << 16 | self[0].bits()
    }
    fn of(bits: u32) -> Self {
        [T::of(bits & 0xFFFF), T::of(bits >> 16)]
    }
}
