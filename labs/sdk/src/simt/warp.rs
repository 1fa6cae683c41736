//! A warp in the hands of a kernel: who it is, and control flow whose lanes may part.

use super::fault::FaultKind;
use super::machine::Machine;
use super::now::{self, issue, issue_at, mask, set_mask};
use super::reg::merge;
use super::{Element, P, U, V, W};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

type At = &'static Location<'static>;

/// 32 threads that run one stream of instructions. A kernel is `async fn kernel(w: Warp, ..)`.
#[derive(Clone)]
pub struct Warp {
    /// The warp's number in its block.
    pub id: usize,
    /// The block's place in the grid: `blockIdx`.
    pub bid: [u32; 3],
    /// Threads of a block: `blockDim`.
    pub bdim: [u32; 3],
    /// Blocks of the grid: `gridDim`.
    pub gdim: [u32; 3],
    pub(super) me: u32,
    pub(super) machine: Rc<Machine>,
}

/// The lanes of a branch.
struct Split {
    before: u32,
    yes: u32,
    no: u32,
}

impl Warp {
    /// The lane's number, 0 to 31.
    pub fn lane(&self) -> U {
        self.number(|lane| lane)
    }

    /// The thread's number in its block: x runs fastest, then y, then z.
    pub fn tid(&self) -> U {
        let first = self.me * W as u32;
        self.number(|lane| first + lane)
    }

    /// `threadIdx.x`
    pub fn tx(&self) -> U {
        let (first, x) = (self.me * W as u32, self.machine.cfg.block[0]);
        self.number(|lane| (first + lane) % x)
    }

    /// `threadIdx.y`
    pub fn ty(&self) -> U {
        let (first, [x, y, _]) = (self.me * W as u32, self.machine.cfg.block);
        self.number(|lane| (first + lane) / x % y)
    }

    /// `threadIdx.z`
    pub fn tz(&self) -> U {
        let (first, [x, y, _]) = (self.me * W as u32, self.machine.cfg.block);
        self.number(|lane| (first + lane) / x / y)
    }

    /// Bits of the lanes below each lane: `%lanemask_lt`.
    pub fn lanemask_lt(&self) -> U {
        self.number(|lane| (1 << lane) - 1)
    }

    /// Bits of the lanes that are on.
    pub fn active(&self) -> u32 {
        mask()
    }

    fn number(&self, f: impl Fn(u32) -> u32) -> U {
        V::new(std::array::from_fn(|lane| f(lane as u32)), mask())
    }

    /// Runs `then` with the lanes where `c` holds; not at all if there is none.
    #[track_caller]
    pub fn if_(&self, c: P, then: impl FnOnce()) {
        let split = self.split(c, Location::caller());
        if split.yes != 0 {
            set_mask(split.yes);
            then();
            set_mask(split.before);
        }
    }

    /// Runs `then` with the lanes where `c` holds and `otherwise` with the others, one after the other: where both have
    /// lanes, the warp pays for both.
    #[track_caller]
    pub fn if_else(&self, c: P, then: impl FnOnce(), otherwise: impl FnOnce()) {
        let split = self.split(c, Location::caller());
        if split.yes != 0 {
            set_mask(split.yes);
            then();
        }
        if split.no != 0 {
            set_mask(split.no);
            otherwise();
        }
        set_mask(split.before);
    }

    /// Runs `body` as long as `c` holds in some lane, with the lanes where it has held so far: the warp pays for the lane
    /// that stays longest. What `c` reads and `body` changes is a [`Reg`](super::Reg).
    #[track_caller]
    pub fn while_(&self, c: impl Fn() -> P, body: impl Fn()) {
        let at = Location::caller();
        let before = mask();
        let outer = now::set_inside(Some(at));
        loop {
            let split = self.split(c(), at);
            if split.yes == 0 {
                break;
            }
            set_mask(split.yes);
            body();
        }
        set_mask(before);
        now::set_inside(outer);
    }

    /// `a` where `c` holds, `b` elsewhere: one instruction and no branch.
    #[track_caller]
    pub fn sel<T: Element>(&self, c: P, a: V<T>, b: V<T>) -> V<T> {
        let mask = issue();
        let chosen = merge(&b, &a, c.bits);
        V::new(chosen.bits, mask & c.made & chosen.made)
    }

    /// Bit i: lane i is on and `p` holds there.
    #[track_caller]
    pub fn ballot(&self, p: P) -> u32 {
        let at = Location::caller();
        self.made(issue_at(at), p.made, "votes with a condition", at) & p.bits
    }

    /// Whether `p` holds in some lane that is on.
    #[track_caller]
    pub fn any(&self, p: P) -> bool {
        self.ballot(p) != 0
    }

    /// Whether `p` holds in all lanes that are on.
    #[track_caller]
    pub fn all(&self, p: P) -> bool {
        self.ballot(p) == mask()
    }

    /// Orders memory between the lanes of this warp: what one wrote before, the others may read after.
    #[track_caller]
    pub fn syncwarp(&self) {
        issue();
        self.machine.pass_syncwarp(self.me);
    }

    fn split(&self, c: P, at: At) -> Split {
        let before = issue_at(at);
        let on = self.made(before, c.made, "branches on a condition", at);
        let yes = on & c.bits;
        let no = before & !yes;
        let mut counters = self.machine.counters.borrow_mut();
        counters.branches += 1;
        counters.div_branches += u64::from(yes != 0 && no != 0);
        Split { before, yes, no }
    }

    /// The lanes of `mask` that have made the value which they use; the others are a fault.
    #[inline]
    pub(super) fn made(&self, mask: u32, made: u32, does: &str, at: At) -> u32 {
        if mask & !made != 0 {
            self.poisoned(mask & !made, does, at);
        }
        mask & made
    }

    #[cold]
    fn poisoned(&self, lanes: u32, does: &str, at: At) {
        self.machine.counters.borrow_mut().poison += u64::from(lanes.count_ones());
        let lane = lanes.trailing_zeros();
        self.machine.fault(FaultKind::Poison, at, Some(lane), |fault| {
            fault.message = format!(
                "lane {lane} of warp {} {does} that it never made: it was switched off when the value was made. `=` inside \
                 if_ replaces a Rust variable in all 32 lanes; keep it in a Reg, whose set() writes the lanes that are on",
                self.me
            );
        });
    }
}

impl fmt::Debug for Warp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warp {} of block {:?}", self.me, self.bid)
    }
}
