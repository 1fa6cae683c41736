//! The history of a word: who wrote it and who read it, where and when. It is what a race is found with (rule R9).
//!
//! Time counts barriers, `syncwarp`s and blocks. A mark is older than the last barrier exactly when its time is less than
//! the barrier's, so that nothing is cleared at a barrier or between blocks.

use std::panic::Location;

/// Stands for several lanes at once.
const SEVERAL: u32 = 0xFF;

/// A line of the kernel (its number among the launch's), a warp and a lane.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Who(u32);

impl Who {
    /// All lanes of this warp at this line.
    pub fn warp_at(line: u16, warp: u32) -> Self {
        Self(u32::from(line) << 16 | warp << 8 | SEVERAL)
    }

    /// One of its lanes.
    #[inline]
    pub fn lane_of(self, lane: usize) -> Self {
        Self(self.0 & !0xFF | lane as u32)
    }

    /// The lane, if it is one.
    pub fn lane(self) -> Option<u32> {
        (self.0 & 0xFF != SEVERAL).then_some(self.0 & 0xFF)
    }

    /// The warp.
    #[inline]
    pub fn warp(self) -> u32 {
        self.0 >> 8 & 0xFF
    }

    /// The line's number.
    pub fn line(self) -> u16 {
        (self.0 >> 16) as u16
    }

    #[inline]
    fn same_lane(self, other: Self) -> bool {
        (self.0 ^ other.0) & 0xFF == 0 && self.0 & 0xFF != SEVERAL
    }
}

/// An access that happened; time 0 is never.
#[derive(Clone, Copy, Default)]
pub struct Mark {
    pub time: u32,
    pub who: Who,
}

/// The times that an access is judged by, for one warp.
#[derive(Clone, Copy)]
pub struct Times {
    /// Now.
    pub now: u32,
    /// The block began.
    pub block: u32,
    /// The block's last barrier.
    pub barrier: u32,
    /// This warp's last `syncwarp`, or that barrier.
    pub syncwarp: u32,
}

/// The two sides of a race, the later one second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hazard {
    ReadAfterWrite,
    WriteAfterRead,
    WriteAfterWrite,
}

/// What is wrong with an access.
#[derive(Clone, Copy)]
pub enum Clash {
    /// Nobody of this block has written the word.
    Unset,
    /// With another warp.
    Between(Hazard, Mark),
    /// With another lane of this warp.
    Within(Hazard, Mark),
}

/// The history of one shared word (or half, where arrays of halves are declared).
#[derive(Clone, Copy, Default)]
pub struct Past {
    wrote: Mark,
    /// The last read, and the last read by another warp than that one. Two are enough: if three warps have read, then a
    /// writer, whoever it is, finds another warp among the last two.
    read: Mark,
    read_before: Mark,
}

impl Past {
    /// Written by this block, and before the last barrier: a read is right, without a closer look.
    #[inline]
    pub fn settled(&self, times: &Times) -> bool {
        self.wrote.time.wrapping_sub(times.block) < times.barrier - times.block
    }

    /// Not touched since the last barrier: a write is right, without a closer look.
    #[inline]
    pub fn quiet(&self, times: &Times) -> bool {
        (self.wrote.time < times.barrier) & (self.read.time < times.barrier)
    }

    /// What is wrong with a read by `me`.
    #[inline]
    pub fn read_clash(&self, me: Who, times: &Times) -> Option<Clash> {
        if self.settled(times) { None } else { self.read_clash_now(me, times) }
    }

    fn read_clash_now(&self, me: Who, times: &Times) -> Option<Clash> {
        let wrote = self.wrote;
        if wrote.time < times.block {
            Some(Clash::Unset)
        } else if wrote.time < times.barrier {
            None
        } else if wrote.who.warp() != me.warp() {
            Some(Clash::Between(Hazard::ReadAfterWrite, wrote))
        } else if wrote.time >= times.syncwarp && !wrote.who.same_lane(me) {
            Some(Clash::Within(Hazard::ReadAfterWrite, wrote))
        } else {
            None
        }
    }

    /// What is wrong with a write by `me`, who writes the value that is there already if `same`.
    #[inline]
    pub fn write_clash(&self, me: Who, times: &Times, same: bool) -> Option<Clash> {
        if self.quiet(times) { None } else { self.write_clash_now(me, times, same) }
    }

    fn write_clash_now(&self, me: Who, times: &Times, same: bool) -> Option<Clash> {
        let recent = |mark: Mark| mark.time >= times.barrier;
        let other_warp = |mark: Mark| recent(mark) && mark.who.warp() != me.warp();
        let other_lane = |mark: Mark| mark.time >= times.syncwarp && !mark.who.same_lane(me);
        if other_warp(self.wrote) && !same {
            Some(Clash::Between(Hazard::WriteAfterWrite, self.wrote))
        } else if other_warp(self.read) {
            Some(Clash::Between(Hazard::WriteAfterRead, self.read))
        } else if recent(self.read) && other_warp(self.read_before) {
            Some(Clash::Between(Hazard::WriteAfterRead, self.read_before))
        } else if recent(self.wrote) && !other_warp(self.wrote) && other_lane(self.wrote) && !same {
            Some(Clash::Within(Hazard::WriteAfterWrite, self.wrote))
        } else if recent(self.read) && other_lane(self.read) {
            Some(Clash::Within(Hazard::WriteAfterRead, self.read))
        } else {
            None
        }
    }

    /// Notes a read.
    #[inline]
    pub fn note_read(&mut self, me: Who, times: &Times) {
        let mut mark = Mark { time: times.now, who: me };
        if self.read.time >= times.barrier {
            if self.read.who.warp() == me.warp() {
                mark.who = joined(self.read, me, times);
            } else {
                if self.read_before.time >= times.barrier && self.read_before.who.warp() == me.warp() {
                    mark.who = joined(self.read_before, me, times);
                }
                self.read_before = self.read;
            }
        }
        self.read = mark;
    }

    /// Notes a write.
    #[inline]
    pub fn note_write(&mut self, me: Who, times: &Times) {
        self.wrote = Mark { time: times.now, who: me };
    }
}

/// `me`, or several lanes if another lane of the warp has read since the last `syncwarp`.
#[inline]
fn joined(before: Mark, me: Who, times: &Times) -> Who {
    if before.time >= times.syncwarp && !before.who.same_lane(me) { Who(me.0 | SEVERAL) } else { me }
}

/// The lines of a launch that touch memory, by number.
#[derive(Default)]
pub struct Lines {
    known: Vec<&'static Location<'static>>,
    /// Numbers of the lines used last, by address.
    recent: [(usize, u16); 32],
}

impl Lines {
    /// The number of a line. After 65,536 lines all others share a number.
    #[inline]
    pub fn number(&mut self, at: &'static Location<'static>) -> u16 {
        let address = std::ptr::from_ref(at).addr();
        let slot = address / 8 % self.recent.len();
        if self.recent[slot].0 != address {
            self.recent[slot] = (address, self.find(at));
        }
        self.recent[slot].1
    }

    fn find(&mut self, at: &'static Location<'static>) -> u16 {
        let number = self.known.iter().position(|known| std::ptr::eq(*known, at)).unwrap_or(self.known.len());
        if number == self.known.len() && number <= usize::from(u16::MAX) {
            self.known.push(at);
        }
        number.min(usize::from(u16::MAX)) as u16
    }

    /// The line of a number.
    pub fn line(&self, number: u16) -> &'static Location<'static> {
        self.known.get(usize::from(number)).copied().unwrap_or_else(|| Location::caller())
    }
}
