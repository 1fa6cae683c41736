//! A condition: one bit a lane.

use super::now::issue;
use super::{U, V};
use std::fmt;
use std::ops::{BitAnd, BitOr, BitXor, Not};

/// What a comparison gives: true or false in each lane. `&`, `|`, `^` and `!` are one instruction each.
#[derive(Clone, Copy)]
pub struct P {
    /// False where it was not made.
    pub(super) bits: u32,
    pub(super) made: u32,
}

impl P {
    pub(super) fn new(bits: u32, made: u32) -> Self {
        Self { bits: bits & made, made }
    }

    /// 1 where it holds, 0 elsewhere.
    #[track_caller]
    pub fn to_u32(self) -> U {
        V::fill(issue() & self.made, |lane| self.bits >> lane & 1)
    }

    /// The same in every lane: a constant, no instruction.
    pub fn splat(x: bool) -> Self {
        Self::new(if x { u32::MAX } else { 0 }, super::now::mask())
    }
}

impl BitAnd for P {
    type Output = P;
    #[track_caller]
    fn bitand(self, other: P) -> P {
        P::new(self.bits & other.bits, issue() & self.made & other.made)
    }
}

impl BitOr for P {
    type Output = P;
    #[track_caller]
    fn bitor(self, other: P) -> P {
        P::new(self.bits | other.bits, issue() & self.made & other.made)
    }
}

impl BitXor for P {
    type Output = P;
    #[track_caller]
    fn bitxor(self, other: P) -> P {
        P::new(self.bits ^ other.bits, issue() & self.made & other.made)
    }
}

impl Not for P {
    type Output = P;
    #[track_caller]
    fn not(self) -> P {
        P::new(!self.bits, issue() & self.made)
    }
}

impl fmt::Debug for P {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = |l: u32| match (self.made >> l & 1, self.bits >> l & 1) {
            (0, _) => '·',
            (_, 0) => '0',
            _ => '1',
        };
        (0..32).try_for_each(|l| write!(f, "{}", lane(l)))
    }
}
