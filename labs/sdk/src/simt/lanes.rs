//! Loops over the lanes of a warp. Answers are built at opt-level 1, where `0..32` costs half as much again as these.

use super::W;

/// 0 to 31.
#[inline(always)]
pub fn lanes() -> Lanes {
    Lanes(0)
}

/// The lanes whose bit is one.
#[inline(always)]
pub fn lanes_of(mask: u32) -> LanesOf {
    LanesOf(mask)
}

pub struct Lanes(usize);

impl Iterator for Lanes {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let lane = self.0;
        if lane >= W {
            return None;
        }
        self.0 = lane + 1;
        Some(lane)
    }
}

pub struct LanesOf(u32);

impl Iterator for LanesOf {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let lane = self.0.trailing_zeros() as usize % W;
        self.0 &= self.0 - 1;
        Some(lane)
    }
}
